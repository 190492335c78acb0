/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/config/config.h"

#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/capital/capital_rows.h"
#include "relay/node/config/config_reading.h"
#include "relay/node/config/config_schema.h"
#include "relay/node/stores/store_location.h"
#include "relay/node/transport/endpoint.h"
#include "relay/node/web/web_url.h"

/* What stands where a key is absent. */
#define FAMILY_DEFAULT           "evm"
#define FINALITY_DEFAULT         "finalized"
#define START_BLOCK_DEFAULT      "0"
#define BLOCKS_PER_RANGE_DEFAULT "2000"
#define REQUEST_DEADLINE_DEFAULT "5 s"
#define JOURNAL_MAX_DEFAULT      "64 GiB"
#define JOURNAL_KEEP_MIN         4096u
#define JOURNAL_KEEP_MAX         UINT64_C(1000000000000)
#define MODE_DEFAULT             "observe"
#define TOLERANCE_DEFAULT        "5 %"
#define FEE_MAX_DEFAULT          "0.1 %"
#define FEE_NATIVE_MAX_DEFAULT   "0.01 ether"
#define MARGIN_DEFAULT           "50 %"
#define COOLDOWN_DEFAULT         "60 s"
#define PLAN_INTERVAL_DEFAULT    "10 s"
#define LARGE_BLOCKS_DEFAULT     "0"

/* ---- groups of keys ---- */

static void read_node(struct reading *reading, const struct file_config *file,
                      struct node_config *config)
{
    char control[CONFIG_URL_BYTES_MAX];

    reading_at(reading, "node");
    reading_name(reading, "name", file->node.name, config->core.node_name);
    reading_path(reading, "data", file->node.data, sizeof(config->data), config->data);
    (void)snprintf(control, sizeof(control), "%s/control.sock", file->node.data);
    reading_path(reading, file->node.control == NULL ? "data" : "control",
                 reading_given(file->node.control, control), sizeof(config->control),
                 config->control);
    config->journal_bytes_max = reading_size(
        reading, "journal_max", reading_given(file->node.journal_max, JOURNAL_MAX_DEFAULT));
    if (file->node.journal_keep != NULL) {
        config->journal_keep_records = reading_count(
            reading, "journal_keep", file->node.journal_keep, JOURNAL_KEEP_MIN, JOURNAL_KEEP_MAX);
    }
    if (file->node.tls_ca != NULL) {
        reading_path(reading, "tls_ca", file->node.tls_ca, sizeof(config->tls_ca), config->tls_ca);
    }
    if (file->signer == NULL) {
        return;
    }
    reading_at(reading, "signer");
    config->signer_spawn =
        reading_flag(reading, "spawn", reading_given(file->signer->spawn, "false"));
    reading_path(reading, "socket", file->signer->socket, sizeof(config->signer_socket),
                 config->signer_socket);
    if (file->signer->config != NULL) {
        reading_path(reading, "config", file->signer->config, sizeof(config->signer_config),
                     config->signer_config);
    }
    if (config->signer_spawn != (file->signer->config != NULL)) {
        reading_refuse(reading, config->signer_spawn ? "spawn" : "config", STATUS_MALFORMED,
                       config->signer_spawn ? "needs the signer's \"config\" file"
                                            : "is only for a signer with \"spawn: true\"");
    }
}

static void read_finality(struct reading *reading, const char *text, struct node_chain *chain)
{
    chain->finality_blocks = 1;
    if (strcmp(text, "finalized") == 0) {
        chain->finality = FINALITY_TAG;
    } else if (strcmp(text, "safe") == 0) {
        chain->finality = FINALITY_SAFE;
    } else {
        uint64_t depth = 0;
        chain->finality = FINALITY_DEPTH;
        if (settings_parse_u64(text, &depth) != STATUS_OK || depth < 1 || depth > 100000) {
            reading_refuse(reading, "finality", STATUS_MALFORMED,
                           "must be finalized, safe or a depth in blocks from 1 to 100000");
        }
        chain->finality_blocks = (uint32_t)depth;
    }
}

static void read_endpoint(struct reading *reading, const char *list, unsigned index,
                          const char *url, struct node_chain *chain)
{
    struct endpoint endpoint;
    char key[32];

    (void)snprintf(key, sizeof(key), "%s[%u]", list, index);
    if (endpoint_parse(url, &endpoint) != STATUS_OK) {
        reading_refuse(reading, key, STATUS_MALFORMED,
                       "must be an address such as ws://127.0.0.1:8545, or wss, http or https");
    } else if (chain->endpoints_count == ENDPOINTS_PER_CHAIN_MAX) {
        reading_refuse(reading, key, STATUS_MALFORMED,
                       "is one too many: at most 8 with \"endpoints\"");
    } else {
        char *kept = chain->endpoints[chain->endpoints_count++];
        (void)snprintf(kept, sizeof(chain->endpoints[0]), "%s", url);
    }
}

static void read_endpoints(struct reading *reading, const struct file_chain *file,
                           struct node_chain *chain)
{
    for (unsigned i = 0; i < file->endpoints_count && !reading_failed(reading); i++) {
        read_endpoint(reading, "endpoints", i, file->endpoints[i], chain);
    }
    for (unsigned i = 0; i < file->submit_count && !reading_failed(reading); i++) {
        read_endpoint(reading, "submit", i, file->submit[i], chain);
        chain->submit_count = i + 1;
    }
}

/* Two different answers must never both have enough endpoints behind them. */
static void read_quorum(struct reading *reading, const char *text, struct node_chain *chain)
{
    const uint32_t asked = chain->endpoints_count - chain->submit_count;
    const uint32_t majority = asked / 2 + 1;

    if (reading_failed(reading)) {
        return;
    }
    chain->quorum = majority;
    if (text != NULL) {
        chain->quorum =
            (uint32_t)reading_count(reading, "quorum", text, 1, ENDPOINTS_PER_CHAIN_MAX);
    }
    if (chain->quorum < majority || chain->quorum > asked) {
        reading_refuse(reading, "quorum", STATUS_MALFORMED,
                       "must be more than half of the endpoints and at most all of them");
    }
}

static void read_chain(struct reading *reading, const struct file_chain *file,
                       struct node_config *config, uint32_t index)
{
    struct core_chain *core = &config->core.chains[index];
    struct node_chain *chain = &config->chains[index];

    reading_at(reading, "chains[%u]", index);
    reading_name(reading, "name", file->name, core->name);
    chain->family = chain_find(reading_given(file->family, FAMILY_DEFAULT));
    if (chain->family == NULL) {
        reading_refuse(reading, "family", STATUS_MALFORMED, "is no chain family of this binary");
    }
    chain->is_devnet = reading_flag(reading, "devnet", reading_given(file->devnet, "false"));
    core->domain = (uint32_t)reading_count(reading, "domain", file->domain, 1, UINT32_MAX);
    core->chain_id = reading_count(reading, "chain_id", file->chain_id, 1, INT64_MAX);
    read_endpoints(reading, file, chain);
    config_read_limits(reading, file, chain);
    read_quorum(reading, file->quorum, chain);
    read_finality(reading, reading_given(file->finality, FINALITY_DEFAULT), chain);
    core->start_block =
        reading_count(reading, "start_block", reading_given(file->start_block, START_BLOCK_DEFAULT),
                      0, INT64_MAX);
    chain->blocks_per_range = (uint32_t)reading_count(
        reading, "blocks_per_range",
        reading_given(file->blocks_per_range, BLOCKS_PER_RANGE_DEFAULT), 1, 100000);
    chain->request_deadline =
        reading_duration(reading, "request_deadline",
                         reading_given(file->request_deadline, REQUEST_DEADLINE_DEFAULT));
    core->mailbox = reading_address(reading, "mailbox", file->mailbox);
    core->tree_hook = reading_address(reading, "merkle_tree_hook", file->merkle_tree_hook);
    core->validator_announce =
        reading_address(reading, "validator_announce", file->validator_announce);
    core->gas_paymaster = reading_address(reading, "gas_paymaster", file->gas_paymaster);
    core->relay_to = reading_flag(reading, "relay", reading_given(file->relay, "false"));
    core->validate = reading_flag(reading, "validate", reading_given(file->validate, "false"));
    config_read_sending(reading, file, core, chain);
}

static void refuse_twins(struct reading *reading, const struct core_config *core, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        reading_at(reading, "chains[%u]", index);
        if (core->chains[i].domain == core->chains[index].domain) {
            reading_refuse(reading, "domain", STATUS_MALFORMED, "is that of another chain as well");
        }
        if (strcmp(core->chains[i].name, core->chains[index].name) == 0) {
            reading_refuse(reading, "name", STATUS_MALFORMED, "is that of another chain as well");
        }
    }
}

/* Sending keys of a chain. */
static uint32_t keys_of(const struct core_chain *core)
{
    return address_is_zero(&core->key) ? 0 : 1 + core->delivery_keys_count;
}

static void read_chains(struct reading *reading, const struct file_config *file,
                        struct node_config *config)
{
    uint32_t keys_count = 0;

    for (uint32_t i = 0; i < file->chains_count && !reading_failed(reading); i++) {
        const struct core_chain *core = &config->core.chains[i];

        read_chain(reading, &file->chains[i], config, i);
        refuse_twins(reading, &config->core, i);
        reading_at(reading, "chains[%u]", i);
        if (core->relay_to && address_is_zero(&core->key)) {
            reading_refuse(reading, "relay", STATUS_MALFORMED,
                           "needs the sending account as \"key\"");
        }
        if (!address_is_zero(&core->key) && config->signer_socket[0] == '\0') {
            reading_refuse(reading, "key", STATUS_MALFORMED, "needs a signer: add \"signer\"");
        }
        if (core->validate && file->validator == NULL) {
            reading_refuse(reading, "validate", STATUS_MALFORMED, "needs a \"validator\"");
        }
        keys_count += keys_of(core);
        if (keys_count > KEYS_MAX) {
            reading_refuse(reading, "keys", STATUS_MALFORMED,
                           "is one too many: a node has at most 512 sending keys in all");
        }
        config->core.chains_count = i + 1;
    }
}

/* Writes `store` with the chain's name in the place of "{chain}". False: too long. */
static bool put_chain(const char *store, const char *name, char ret_location[LOCATION_BYTES_MAX])
{
    static const char place[] = "{chain}";
    const char *const at = strstr(store, place);
    const int count = at == NULL ? snprintf(ret_location, LOCATION_BYTES_MAX, "%s", store)
                                 : snprintf(ret_location, LOCATION_BYTES_MAX, "%.*s%s%s",
                                            (int)(at - store), store, name, at + sizeof(place) - 1);

    return count > 0 && count < (int)LOCATION_BYTES_MAX;
}

/* A store in S3, as it is announced: the place of a chain's objects is exactly what is written. */
static void read_s3_store(struct reading *reading, const struct file_validator *file,
                          struct node_config *config)
{
    uint32_t validated_count = 0;

    (void)snprintf(config->checkpoint_store, sizeof(config->checkpoint_store), "%s", file->store);
    if (file->credentials == NULL) {
        reading_refuse(reading, "credentials", STATUS_MALFORMED,
                       "is missing: the file with the access key for \"store\"");
        return;
    }
    reading_path(reading, "credentials", file->credentials, sizeof(config->store_credentials),
                 config->store_credentials);
    for (uint32_t i = 0; i < config->core.chains_count; i++) {
        struct core_chain *const chain = &config->core.chains[i];
        struct store_location location;
        char text[LOCATION_BYTES_MAX] = {0};
        if (!chain->validate) {
            continue;
        }
        validated_count++;
        if (!put_chain(file->store, chain->name, text) ||
            store_location_parse(bytes_from_string(text), &location) != STATUS_OK) {
            reading_refuse(reading, "store", STATUS_MALFORMED,
                           "must be a folder, or s3://bucket/region[/folder]");
            return;
        }
        memcpy(chain->storage_location, text, sizeof(text));
    }
    if (validated_count > 1 && strstr(file->store, "{chain}") == NULL) {
        reading_refuse(reading, "store", STATUS_MALFORMED,
                       "must have {chain} in it: each chain needs a place of its own");
    }
}

static void read_endpoint_of(struct reading *reading, const char *key, const char *text,
                             char ret_url[CONFIG_URL_BYTES_MAX])
{
    struct web_url url;

    if (text == NULL) {
        return;
    }
    if (web_url_parse(bytes_from_string(text), &url) != STATUS_OK || url.target.count > 0) {
        reading_refuse(reading, key, STATUS_MALFORMED,
                       "must be an address such as https://minio.example:9000");
    } else {
        (void)snprintf(ret_url, CONFIG_URL_BYTES_MAX, "%s", text);
    }
}

static void read_stores(struct reading *reading, const struct file_config *file,
                        struct node_config *config)
{
    if (file->stores == NULL || reading_failed(reading)) {
        return;
    }
    reading_at(reading, "stores");
    read_endpoint_of(reading, "s3_endpoint", file->stores->s3_endpoint, config->s3_endpoint);
    read_endpoint_of(reading, "gcs_endpoint", file->stores->gcs_endpoint, config->gcs_endpoint);
    config->stores_private = reading_flag(reading, "private_addresses",
                                          reading_given(file->stores->private_addresses, "false"));
}

/* Objects in a store are named by index alone, so each origin gets a folder of its own. */
static void read_validator(struct reading *reading, const struct file_config *file,
                           struct node_config *config)
{
    if (file->validator == NULL || reading_failed(reading)) {
        return;
    }
    reading_at(reading, "validator");
    config->core.validator = reading_address(reading, "address", file->validator->address);
    if (strncmp(file->validator->store, "s3://", 5) == 0) {
        read_s3_store(reading, file->validator, config);
        return;
    }
    reading_path(reading, "store", file->validator->store, sizeof(config->checkpoint_store),
                 config->checkpoint_store);
    for (uint32_t i = 0; i < config->core.chains_count; i++) {
        struct core_chain *chain = &config->core.chains[i];
        char location[LOCATION_BYTES_MAX] = {0};
        const int length = chain->validate ? snprintf(location, sizeof(location), "file://%s/%s",
                                                      config->checkpoint_store, chain->name)
                                           : 0;
        memcpy(chain->storage_location, location, sizeof(location));
        if (length < 0 || (size_t)length >= sizeof(location)) {
            reading_refuse(reading, "store", STATUS_MALFORMED, "is too long");
        }
    }
}

/* ---- capital ---- */

static int find_chain(const struct core_config *core, const char *name)
{
    for (uint32_t i = 0; i < core->chains_count; i++) {
        if (strcmp(core->chains[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

uint32_t config_read_chain_name(struct reading *reading, const struct core_config *core,
                                const char *name)
{
    const int index = find_chain(core, name);

    if (index < 0) {
        reading_refuse(reading, "chain", STATUS_MALFORMED, "is not one of \"chains\"");
        return 0;
    }
    return core->chains[index].domain;
}

static uint32_t read_asset_name(struct reading *reading, const struct core_config *core,
                                const char *symbol)
{
    for (uint32_t i = 0; i < core->assets_count; i++) {
        if (strcmp(core->assets[i].symbol, symbol) == 0) {
            return i;
        }
    }
    reading_refuse(reading, "asset", STATUS_MALFORMED, "is not one of \"assets\"");
    return 0;
}

static void read_assets(struct reading *reading, const struct file_config *file,
                        struct core_config *core)
{
    for (uint32_t i = 0; i < file->assets_count && !reading_failed(reading); i++) {
        reading_at(reading, "assets[%u]", i);
        reading_name(reading, "symbol", file->assets[i].symbol, core->assets[i].symbol);
        core->assets[i].decimals =
            (uint32_t)reading_count(reading, "decimals", file->assets[i].decimals, 0, 36);
        if (strcmp(core->assets[i].symbol, LEDGER_NATIVE_SYMBOL) == 0) {
            reading_refuse(reading, "symbol", STATUS_MALFORMED,
                           "is what the ledger calls the chains' own assets");
        }
        for (uint32_t k = 0; k < i; k++) {
            if (strcmp(core->assets[k].symbol, core->assets[i].symbol) == 0) {
                reading_refuse(reading, "symbol", STATUS_MALFORMED,
                               "is that of another asset as well");
            }
        }
        core->assets_count = i + 1;
    }
}

static void read_routers(struct reading *reading, const struct file_config *file,
                         struct core_config *core)
{
    for (uint32_t i = 0; i < file->routers_count && !reading_failed(reading); i++) {
        const struct file_router *from = &file->routers[i];
        struct core_router *router = &core->routers[i];

        reading_at(reading, "routers[%u]", i);
        router->domain = config_read_chain_name(reading, core, from->chain);
        router->asset = read_asset_name(reading, core, from->asset);
        router->router = reading_address(reading, "router", from->router);
        router->token = reading_address(reading, "token", from->token);
        router->bridge = reading_address(reading, "bridge", from->bridge);
        router->guard = reading_address(reading, "guard", from->guard);
        router->weight = reading_share(reading, "weight", from->weight);
        for (uint32_t k = 0; k < i; k++) {
            if (core->routers[k].domain == router->domain &&
                (core->routers[k].asset == router->asset ||
                 address_equal(&core->routers[k].router, &router->router))) {
                reading_refuse(reading, "asset", STATUS_MALFORMED,
                               "has another router on this chain");
            }
        }
        core->routers_count = i + 1;
    }
}

/* What a watched router holds is collateral: capital that a bridge held on its way through it would
 * be counted twice. */
static void check_bridges(struct reading *reading, const struct core_config *core)
{
    for (uint32_t i = 0; i < core->routers_count; i++) {
        for (uint32_t k = 0; k < core->routers_count; k++) {
            if (core->routers[k].domain == core->routers[i].domain &&
                address_equal(&core->routers[k].router, &core->routers[i].bridge)) {
                reading_at(reading, "routers[%u]", i);
                reading_refuse(
                    reading, "bridge", STATUS_MALFORMED,
                    "is itself one of \"routers\": capital on its way would count twice");
            }
        }
    }
}

/* Target shares that do not add up would leave capital without a place. */
static void check_weights(struct reading *reading, const struct core_config *core)
{
    for (uint32_t asset = 0; asset < core->assets_count; asset++) {
        uint32_t sum = 0;
        uint32_t count = 0;
        for (uint32_t i = 0; i < core->routers_count; i++) {
            const bool is_of_asset = core->routers[i].asset == asset;
            sum += is_of_asset ? core->routers[i].weight.value : 0;
            count += is_of_asset ? 1 : 0;
        }
        if (count > 0 && sum != 10000) {
            char what[96];
            reading_at(reading, "routers");
            (void)snprintf(what, sizeof(what), "weights of %s add up to %u.%02u %%, not to 100 %%",
                           core->assets[asset].symbol, sum / 100, sum % 100);
            reading_refuse(reading, "", STATUS_MALFORMED, what);
        }
    }
}

/* A synthetic router is a router of its route, so no collateral is; and one of an asset without
 * collateral would be backed by nothing that is watched. */
static void check_synthetic(struct reading *reading, const struct core_config *core, uint32_t index)
{
    const struct core_synthetic *synthetic = &core->synthetics[index];
    bool has_collateral = false;

    for (uint32_t i = 0; i < core->routers_count; i++) {
        has_collateral = has_collateral || core->routers[i].asset == synthetic->asset;
        if (core->routers[i].domain == synthetic->domain &&
            address_equal(&core->routers[i].router, &synthetic->router)) {
            reading_refuse(reading, "router", STATUS_MALFORMED,
                           "is one of \"routers\" as well: it holds collateral or it mints");
        }
    }
    for (uint32_t i = 0; i < index; i++) {
        if (core->synthetics[i].domain == synthetic->domain &&
            address_equal(&core->synthetics[i].router, &synthetic->router)) {
            reading_refuse(reading, "router", STATUS_MALFORMED, "is there twice");
        }
    }
    if (!has_collateral) {
        reading_refuse(reading, "asset", STATUS_MALFORMED,
                       "has no router that holds collateral: list it under \"routers\"");
    }
}

static void read_synthetics(struct reading *reading, const struct file_config *file,
                            struct core_config *core)
{
    for (uint32_t i = 0; i < file->synthetics_count && !reading_failed(reading); i++) {
        const struct file_synthetic *from = &file->synthetics[i];
        struct core_synthetic *synthetic = &core->synthetics[i];

        reading_at(reading, "synthetics[%u]", i);
        synthetic->domain = config_read_chain_name(reading, core, from->chain);
        synthetic->asset = read_asset_name(reading, core, from->asset);
        synthetic->router = reading_address(reading, "router", from->router);
        check_synthetic(reading, core, i);
        core->synthetics_count = i + 1;
    }
}

static void read_vaults(struct reading *reading, const struct file_config *file,
                        struct core_config *core)
{
    for (uint32_t i = 0; i < file->vaults_count && !reading_failed(reading); i++) {
        const struct file_vault *from = &file->vaults[i];
        struct core_vault *vault = &core->vaults[i];

        reading_at(reading, "vaults[%u]", i);
        vault->domain = config_read_chain_name(reading, core, from->chain);
        vault->asset = read_asset_name(reading, core, from->asset);
        vault->vault = reading_address(reading, "vault", from->vault);
        vault->token = reading_address(reading, "token", from->token);
        vault->owner = reading_address(reading, "owner", from->owner);
        core->vaults_count = i + 1;
    }
}

static enum route_mode read_mode(struct reading *reading, const char *text)
{
    static const struct {
        const char *name;
        enum route_mode mode;
    } modes[] = {{"observe", ROUTE_OBSERVE}, {"propose", ROUTE_PROPOSE}, {"act", ROUTE_ACT}};

    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(text, modes[i].name) == 0) {
            return modes[i].mode;
        }
    }
    reading_refuse(reading, "mode", STATUS_MALFORMED, "must be observe, propose or act");
    return ROUTE_OBSERVE;
}

/* Move sizes are in units of the first asset. */
static struct amount read_asset_amount(struct reading *reading, const char *key, const char *text,
                                       const struct core_config *core)
{
    struct amount amount = amount_zero();
    char what[96];

    if (core->assets_count == 0) {
        reading_refuse(reading, key, STATUS_MALFORMED, "needs at least one of \"assets\"");
    } else if (settings_parse_amount(text, core->assets[0].symbol, core->assets[0].decimals,
                                     &amount) != STATUS_OK) {
        (void)snprintf(what, sizeof(what), "must be an amount such as \"100 %s\"",
                       core->assets[0].symbol);
        reading_refuse(reading, key, STATUS_MALFORMED, what);
    }
    /* One limit serves the routers of all assets, so their base units must be alike. */
    for (uint32_t i = 0; i < core->routers_count; i++) {
        if (core->assets[core->routers[i].asset].decimals != core->assets[0].decimals) {
            reading_refuse(
                reading, key, STATUS_MALFORMED,
                "limits routers of assets with other decimals as well, which is not offered");
        }
    }
    return amount;
}

/* A signer that this very process starts is no second line of defence, so capital moves behind one
 * only where the capital is play money. */
static void refuse_act_with_own_signer(struct reading *reading, const struct node_config *config)
{
    for (uint32_t i = 0; i < config->core.chains_count; i++) {
        if (config->core.route.mode == ROUTE_ACT && config->signer_spawn &&
            !config->chains[i].is_devnet) {
            reading_refuse(
                reading, "mode", STATUS_REFUSED,
                "act needs a signer of its own: run sluice-signer as its own user and set "
                "\"spawn: false\" (or mark every chain \"devnet: true\")");
        }
    }
}

/* Limits that the file itself says; with a mandate it says none. */
static void read_limits(struct reading *reading, const struct file_route *from,
                        struct node_config *config)
{
    struct core_route *route = &config->core.route;

    if (from->move_min == NULL || from->move_max == NULL) {
        reading_refuse(reading, from->move_min == NULL ? "move_min" : "move_max", STATUS_MALFORMED,
                       "is missing here, and there is no \"mandate\" that says it");
        return;
    }
    route->tolerance =
        reading_share(reading, "tolerance", reading_given(from->tolerance, TOLERANCE_DEFAULT));
    route->move_min = read_asset_amount(reading, "move_min", from->move_min, &config->core);
    route->move_max = read_asset_amount(reading, "move_max", from->move_max, &config->core);
    route->fee_max =
        reading_share(reading, "fee_max", reading_given(from->fee_max, FEE_MAX_DEFAULT));
    route->fee_native_max = reading_native(
        reading, "fee_native_max", reading_given(from->fee_native_max, FEE_NATIVE_MAX_DEFAULT));
    route->margin = reading_share(reading, "margin", reading_given(from->margin, MARGIN_DEFAULT));
    if (from->coin_price != NULL) {
        route->coin_price =
            read_asset_amount(reading, "coin_price", from->coin_price, &config->core);
    }
    route->cooldown =
        reading_duration(reading, "cooldown", reading_given(from->cooldown, COOLDOWN_DEFAULT));
    if (amount_compare(&route->move_min, &route->move_max) > 0) {
        reading_refuse(reading, "move_min", STATUS_MALFORMED, "is above \"move_max\"");
    }
}

static void read_route(struct reading *reading, const struct file_config *file,
                       struct node_config *config)
{
    struct core_route *route = &config->core.route;
    const struct file_route *from = file->route;

    if (from == NULL || reading_failed(reading)) {
        route->mode = ROUTE_OFF;
        return;
    }
    reading_at(reading, "route");
    route->mode = read_mode(reading, reading_given(from->mode, MODE_DEFAULT));
    route->plan_interval = reading_duration(
        reading, "plan_interval", reading_given(from->plan_interval, PLAN_INTERVAL_DEFAULT));
    if (file->mandate == NULL) {
        read_limits(reading, from, config);
    }
    refuse_act_with_own_signer(reading, config);
}

static void read_large(struct reading *reading, const struct file_config *file,
                       struct core_config *core)
{
    if (file->large == NULL || reading_failed(reading)) {
        return;
    }
    reading_at(reading, "large");
    core->large.value = read_asset_amount(reading, "value", file->large->value, core);
    core->large.blocks = (uint32_t)reading_count(
        reading, "blocks", reading_given(file->large->blocks, LARGE_BLOCKS_DEFAULT), 0, 100000);
    if (amount_is_zero(&core->large.value)) {
        reading_refuse(reading, "value", STATUS_MALFORMED, "must be more than nothing");
    }
}

/* ---- the whole file ---- */

static void find_folder(const char *path, char ret_folder[PATH_MAX])
{
    char *resolved = realpath(path, NULL);
    char *slash = resolved == NULL ? NULL : strrchr(resolved, '/');

    (void)snprintf(ret_folder, PATH_MAX, "%.*s", slash == NULL ? 1 : (int)(slash - resolved),
                   slash == NULL ? "." : resolved);
    free(resolved);
}

static void read_file(struct reading *reading, const struct file_config *file,
                      struct node_config *config)
{
    read_node(reading, file, config);
    read_chains(reading, file, config);
    read_validator(reading, file, config);
    read_stores(reading, file, config);
    read_assets(reading, file, &config->core);
    read_routers(reading, file, &config->core);
    read_route(reading, file, config);
    config_read_mandate(reading, file, config);
    check_bridges(reading, &config->core);
    if (file->mandate == NULL) {
        check_weights(reading, &config->core); /* a mandate's were checked, with all its venues */
    }
    read_synthetics(reading, file, &config->core);
    read_vaults(reading, file, &config->core);
    read_large(reading, file, &config->core);
    config_read_policy(reading, file, &config->core.policy);
    config_read_rates(reading, file, &config->core);
    config_read_log(reading, file, &config->log);
    config->site_port = config_read_site(reading, file, &config->log, &config->site);
    config_read_alerts(reading, file, &config->alerts);
}

/* `text` NULL: what is in the file. */
static enum status load(const char *path, const struct bytes *text, struct node_config **ret_config,
                        struct settings_error *ret_error)
{
    struct node_config *config = calloc(1, sizeof(*config));
    struct settings *settings = NULL;
    void *data = NULL;
    enum status status = STATUS_NO_MEMORY;

    if (config == NULL) {
        (void)snprintf(ret_error->text, sizeof(ret_error->text), "%s: no memory", path);
        return status;
    }
    status = text == NULL
                 ? settings_load(path, &config_schema, &settings, &data, ret_error)
                 : settings_parse(path, *text, &config_schema, &settings, &data, ret_error);
    if (status == STATUS_OK) {
        struct reading reading = {.settings = settings, .error = ret_error, .status = STATUS_OK};
        find_folder(text == NULL ? path : "", reading.folder); /* else the working one */
        (void)snprintf(config->path, sizeof(config->path), "%s", path);
        read_file(&reading, data, config);
        status = reading.status;
    }
    settings_release(settings, &config_schema, data);
    if (status != STATUS_OK) {
        (void)config_free(config);
        return status;
    }
    *ret_config = config;
    return STATUS_OK;
}

enum status config_load(const char *path, struct node_config **ret_config,
                        struct settings_error *ret_error)
{
    return load(path, NULL, ret_config, ret_error);
}

enum status config_parse(const char *name, struct bytes text, struct node_config **ret_config,
                         struct settings_error *ret_error)
{
    return load(name, &text, ret_config, ret_error);
}

struct node_config *config_free(struct node_config *config)
{
    free(config);
    return NULL;
}

struct chain_config config_chain(const struct node_config *config, uint32_t index)
{
    const struct node_chain *chain = &config->chains[index];
    const struct core_chain *core = &config->core.chains[index];

    CHECK(index < config->core.chains_count);
    const uint32_t in_flight = (1 + core->delivery_keys_count) * core->in_flight_max;
    struct chain_config made = {.core = &config->core,
                                .chain_index = index,
                                .endpoints_count = chain->endpoints_count,
                                .submit_count = chain->submit_count,
                                .quorum = chain->quorum,
                                .finality = chain->finality,
                                .finality_blocks = chain->finality_blocks,
                                .blocks_per_range = chain->blocks_per_range,
                                .requests_open_max = 256,
                                .legs_open_max = in_flight < 128    ? 128
                                                 : in_flight > 2048 ? 2048
                                                                    : in_flight,
                                .frame_bytes_max = 32u << 20,
                                .request_deadline = chain->request_deadline,
                                .transactions = chain->transactions,
                                .data_fee = chain->data_fee};
    memcpy(made.limits, chain->limits, sizeof(made.limits));
    return made;
}
