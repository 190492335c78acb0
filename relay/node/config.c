/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/capital_rows.h"
#include "relay/node/config_schema.h"
#include "relay/node/config_sending.h"
#include "relay/node/endpoint.h"

#define WHERE_BYTES_MAX 96u

/* What stands where a key is absent. */
#define FAMILY_DEFAULT           "evm"
#define START_BLOCK_DEFAULT      "0"
#define BLOCKS_PER_RANGE_DEFAULT "2000"
#define REQUEST_DEADLINE_DEFAULT "5 s"
#define JOURNAL_MAX_DEFAULT      "64 GiB"
#define MODE_DEFAULT             "observe"
#define TOLERANCE_DEFAULT        "5 %"
#define FEE_MAX_DEFAULT          "0.1 %"
#define FEE_NATIVE_MAX_DEFAULT   "0.01 ether"
#define MARGIN_DEFAULT           "50 %"
#define COOLDOWN_DEFAULT         "60 s"
#define PLAN_INTERVAL_DEFAULT    "10 s"
#define LOG_INTERVAL_DEFAULT     "10 s"

/* One reading of a file: the first error stays, and what comes after it is skipped. */
struct reading {
    const struct settings *settings;
    struct settings_error *error;
    enum status status;
    char folder[PATH_MAX]; /* of the file, for relative paths */
    char where[WHERE_BYTES_MAX];
};

__attribute__((format(printf, 2, 3))) static void at(struct reading *reading, const char *format,
                                                     ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(reading->where, sizeof(reading->where), format, arguments);
    va_end(arguments);
}

static bool failed(const struct reading *reading)
{
    return reading->status != STATUS_OK;
}

static void refuse(struct reading *reading, const char *key, enum status status, const char *what)
{
    char where[WHERE_BYTES_MAX + 32];

    if (!failed(reading)) {
        (void)snprintf(where, sizeof(where), "%s%s%s", reading->where,
                       reading->where[0] == '\0' || key[0] == '\0' ? "" : ".", key);
        const char *quote = key[0] == '\0' ? "" : "\"";
        settings_fail(reading->settings, reading->error, where, "%s%s%s%s%s", quote, key, quote,
                      key[0] == '\0' ? "" : " ", what);
        reading->status = status;
    }
}

static const char *given(const char *text, const char *otherwise)
{
    return text == NULL ? otherwise : text;
}

/* ---- one value each; an absent optional one never reaches these ---- */

static void read_name(struct reading *reading, const char *key, const char *text,
                      char ret_name[NAME_BYTES_MAX])
{
    if (strlen(text) >= NAME_BYTES_MAX) {
        refuse(reading, key, STATUS_MALFORMED, "is longer than 31 characters");
        return;
    }
    for (const char *character = text; *character != '\0'; character++) {
        const bool is_letter =
            (*character >= 'a' && *character <= 'z') || (*character >= 'A' && *character <= 'Z');
        const bool is_other = (*character >= '0' && *character <= '9') || *character == '-' ||
                              *character == '_' || *character == '.';
        if (!is_letter && !is_other) {
            refuse(reading, key, STATUS_MALFORMED, "may hold letters, digits and -_. alone");
            return;
        }
    }
    if (text[0] == '.') {
        /* Names become parts of paths. */
        refuse(reading, key, STATUS_MALFORMED, "may not begin with a dot");
        return;
    }
    memset(ret_name, 0, NAME_BYTES_MAX);
    memcpy(ret_name, text, strlen(text));
}

static bool read_flag(struct reading *reading, const char *key, const char *text)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
        refuse(reading, key, STATUS_MALFORMED, "must be true or false");
    }
    return strcmp(text, "true") == 0;
}

static uint64_t read_count(struct reading *reading, const char *key, const char *text,
                           uint64_t minimum, uint64_t maximum)
{
    uint64_t value = 0;
    char what[96];

    if (settings_parse_u64(text, &value) != STATUS_OK || value < minimum || value > maximum) {
        (void)snprintf(what, sizeof(what), "must be a whole number from %llu to %llu",
                       (unsigned long long)minimum, (unsigned long long)maximum);
        refuse(reading, key, STATUS_MALFORMED, what);
    }
    return value;
}

/* A size from 16 MiB on. */
static uint64_t read_size(struct reading *reading, const char *key, const char *text)
{
    static const struct {
        const char *unit;
        uint32_t shift;
    } units[] = {{"MiB", 20}, {"GiB", 30}, {"TiB", 40}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        struct amount amount;
        uint64_t value = 0;
        if (settings_parse_amount(text, units[i].unit, 0, &amount) == STATUS_OK &&
            amount_to_u64(&amount, &value) == STATUS_OK &&
            value <= (UINT64_C(1) << 46) >> units[i].shift &&
            value << units[i].shift >= UINT64_C(16) << 20) {
            return value << units[i].shift;
        }
    }
    refuse(reading, key, STATUS_MALFORMED,
           "must be a whole number with MiB, GiB or TiB, from 16 MiB to 64 TiB");
    return 0;
}

static struct address read_address(struct reading *reading, const char *key, const char *text)
{
    struct address address = {{0}};

    if (text == NULL) {
        return address;
    }
    const enum status status = settings_parse_address(text, &address);
    if (status == STATUS_CORRUPT) {
        refuse(reading, key, STATUS_MALFORMED,
               "fails its EIP-55 checksum: a digit is probably mistyped");
    } else if (status != STATUS_OK) {
        refuse(reading, key, STATUS_MALFORMED, "must be 0x and 40 or 64 hexadecimal digits");
    }
    return address;
}

static struct amount read_native(struct reading *reading, const char *key, const char *text)
{
    struct amount amount = amount_zero();

    if (settings_parse_native(text, &amount) != STATUS_OK) {
        refuse(reading, key, STATUS_MALFORMED, "must be a number with wei, gwei or ether");
    }
    return amount;
}

static struct duration read_duration(struct reading *reading, const char *key, const char *text)
{
    struct duration duration = {.ns = 0};

    if (settings_parse_duration(text, &duration) != STATUS_OK) {
        refuse(reading, key, STATUS_MALFORMED, "must be a number with ms, s, min or h");
    }
    return duration;
}

static struct bps read_share(struct reading *reading, const char *key, const char *text)
{
    struct bps share = {.value = 0};

    if (settings_parse_share(text, &share) != STATUS_OK) {
        refuse(reading, key, STATUS_MALFORMED,
               "must be a share such as \"2.5 %\" or \"250 bps\", at most 100 %");
    }
    return share;
}

/* An absolute path; a relative one is taken from the folder of the file. */
static void read_path(struct reading *reading, const char *key, const char *text, size_t capacity,
                      char *ret_path)
{
    while (strncmp(text, "./", 2) == 0) {
        text += 2;
    }
    const bool is_absolute = text[0] == '/';
    const int length = is_absolute ? snprintf(ret_path, capacity, "%s", text)
                                   : snprintf(ret_path, capacity, "%s/%s", reading->folder, text);

    if (length < 0 || (size_t)length >= capacity) {
        refuse(reading, key, STATUS_MALFORMED,
               capacity == CONFIG_SOCKET_BYTES_MAX
                   ? "is too long: a socket's path has at most 107 bytes"
                   : "is too long");
    }
}

/* ---- groups of keys ---- */

static void read_node(struct reading *reading, const struct file_config *file,
                      struct node_config *config)
{
    char control[CONFIG_URL_BYTES_MAX];

    at(reading, "node");
    read_name(reading, "name", file->node.name, config->core.node_name);
    read_path(reading, "data", file->node.data, sizeof(config->data), config->data);
    (void)snprintf(control, sizeof(control), "%s/control.sock", file->node.data);
    read_path(reading, file->node.control == NULL ? "data" : "control",
              given(file->node.control, control), sizeof(config->control), config->control);
    config->journal_bytes_max =
        read_size(reading, "journal_max", given(file->node.journal_max, JOURNAL_MAX_DEFAULT));
    if (file->node.tls_ca != NULL) {
        read_path(reading, "tls_ca", file->node.tls_ca, sizeof(config->tls_ca), config->tls_ca);
    }
    if (file->signer == NULL) {
        return;
    }
    at(reading, "signer");
    config->signer_spawn = read_flag(reading, "spawn", given(file->signer->spawn, "false"));
    read_path(reading, "socket", file->signer->socket, sizeof(config->signer_socket),
              config->signer_socket);
    if (file->signer->config != NULL) {
        read_path(reading, "config", file->signer->config, sizeof(config->signer_config),
                  config->signer_config);
    }
    if (config->signer_spawn != (file->signer->config != NULL)) {
        refuse(reading, config->signer_spawn ? "spawn" : "config", STATUS_MALFORMED,
               config->signer_spawn ? "needs the signer's \"config\" file"
                                    : "is only for a signer with \"spawn: true\"");
    }
}

static void read_endpoint(struct reading *reading, const char *list, unsigned index,
                          const char *url, struct node_chain *chain)
{
    struct endpoint endpoint;
    char key[32];

    (void)snprintf(key, sizeof(key), "%s[%u]", list, index);
    if (endpoint_parse(url, &endpoint) != STATUS_OK) {
        refuse(reading, key, STATUS_MALFORMED,
               "must be an address such as ws://127.0.0.1:8545, or wss, http or https");
    } else if (chain->endpoints_count == ENDPOINTS_PER_CHAIN_MAX) {
        refuse(reading, key, STATUS_MALFORMED, "is one too many: at most 8 with \"endpoints\"");
    } else {
        char *kept = chain->endpoints[chain->endpoints_count++];
        (void)snprintf(kept, sizeof(chain->endpoints[0]), "%s", url);
    }
}

static void read_endpoints(struct reading *reading, const struct file_chain *file,
                           struct node_chain *chain)
{
    for (unsigned i = 0; i < file->endpoints_count && !failed(reading); i++) {
        read_endpoint(reading, "endpoints", i, file->endpoints[i], chain);
    }
    for (unsigned i = 0; i < file->submit_count && !failed(reading); i++) {
        read_endpoint(reading, "submit", i, file->submit[i], chain);
        chain->submit_count = i + 1;
    }
}

/* Two different answers must never both have enough endpoints behind them. */
static void read_quorum(struct reading *reading, const char *text, struct node_chain *chain)
{
    const uint32_t asked = chain->endpoints_count - chain->submit_count;
    const uint32_t majority = asked / 2 + 1;

    if (failed(reading)) {
        return;
    }
    chain->quorum = majority;
    if (text != NULL) {
        chain->quorum = (uint32_t)read_count(reading, "quorum", text, 1, ENDPOINTS_PER_CHAIN_MAX);
    }
    if (chain->quorum < majority || chain->quorum > asked) {
        refuse(reading, "quorum", STATUS_MALFORMED,
               "must be more than half of the endpoints and at most all of them");
    }
}

static void read_sending(struct reading *reading, const struct file_chain *file,
                         struct core_chain *core, struct node_chain *chain)
{
    struct sending_fault fault;

    if (!failed(reading) && config_read_sending(file, core, chain, &fault) != STATUS_OK) {
        refuse(reading, fault.key, STATUS_MALFORMED, fault.words);
    }
}

static void read_chain(struct reading *reading, const struct file_chain *file,
                       struct node_config *config, uint32_t index)
{
    struct core_chain *core = &config->core.chains[index];
    struct node_chain *chain = &config->chains[index];

    at(reading, "chains[%u]", index);
    read_name(reading, "name", file->name, core->name);
    chain->family = chain_find(given(file->family, FAMILY_DEFAULT));
    if (chain->family == NULL) {
        refuse(reading, "family", STATUS_MALFORMED, "is no chain family of this binary");
    }
    chain->is_devnet = read_flag(reading, "devnet", given(file->devnet, "false"));
    core->domain = (uint32_t)read_count(reading, "domain", file->domain, 1, UINT32_MAX);
    core->chain_id = read_count(reading, "chain_id", file->chain_id, 1, INT64_MAX);
    read_endpoints(reading, file, chain);
    read_quorum(reading, file->quorum, chain);
    core->start_block = read_count(reading, "start_block",
                                   given(file->start_block, START_BLOCK_DEFAULT), 0, INT64_MAX);
    chain->blocks_per_range =
        (uint32_t)read_count(reading, "blocks_per_range",
                             given(file->blocks_per_range, BLOCKS_PER_RANGE_DEFAULT), 1, 100000);
    chain->request_deadline = read_duration(
        reading, "request_deadline", given(file->request_deadline, REQUEST_DEADLINE_DEFAULT));
    core->mailbox = read_address(reading, "mailbox", file->mailbox);
    core->tree_hook = read_address(reading, "merkle_tree_hook", file->merkle_tree_hook);
    core->validator_announce =
        read_address(reading, "validator_announce", file->validator_announce);
    core->gas_paymaster = read_address(reading, "gas_paymaster", file->gas_paymaster);
    core->relay_to = read_flag(reading, "relay", given(file->relay, "false"));
    core->validate = read_flag(reading, "validate", given(file->validate, "false"));
    read_sending(reading, file, core, chain);
}

static void refuse_twins(struct reading *reading, const struct core_config *core, uint32_t index)
{
    for (uint32_t i = 0; i < index; i++) {
        at(reading, "chains[%u]", index);
        if (core->chains[i].domain == core->chains[index].domain) {
            refuse(reading, "domain", STATUS_MALFORMED, "is that of another chain as well");
        }
        if (strcmp(core->chains[i].name, core->chains[index].name) == 0) {
            refuse(reading, "name", STATUS_MALFORMED, "is that of another chain as well");
        }
    }
}

static void read_chains(struct reading *reading, const struct file_config *file,
                        struct node_config *config)
{
    for (uint32_t i = 0; i < file->chains_count && !failed(reading); i++) {
        const struct core_chain *core = &config->core.chains[i];

        read_chain(reading, &file->chains[i], config, i);
        refuse_twins(reading, &config->core, i);
        at(reading, "chains[%u]", i);
        if (core->relay_to && address_is_zero(&core->key)) {
            refuse(reading, "relay", STATUS_MALFORMED, "needs the sending account as \"key\"");
        }
        if (!address_is_zero(&core->key) && config->signer_socket[0] == '\0') {
            refuse(reading, "key", STATUS_MALFORMED, "needs a signer: add \"signer\"");
        }
        if (core->validate && file->validator == NULL) {
            refuse(reading, "validate", STATUS_MALFORMED, "needs a \"validator\"");
        }
        config->core.chains_count = i + 1;
    }
}

/* Objects in a store are named by index alone, so each origin gets a folder of its own. */
static void read_validator(struct reading *reading, const struct file_config *file,
                           struct node_config *config)
{
    if (file->validator == NULL || failed(reading)) {
        return;
    }
    at(reading, "validator");
    config->core.validator = read_address(reading, "address", file->validator->address);
    read_path(reading, "store", file->validator->store, sizeof(config->checkpoint_store),
              config->checkpoint_store);
    for (uint32_t i = 0; i < config->core.chains_count; i++) {
        struct core_chain *chain = &config->core.chains[i];
        char location[LOCATION_BYTES_MAX] = {0};
        const int length = chain->validate ? snprintf(location, sizeof(location), "file://%s/%s",
                                                      config->checkpoint_store, chain->name)
                                           : 0;
        memcpy(chain->storage_location, location, sizeof(location));
        if (length < 0 || (size_t)length >= sizeof(location)) {
            refuse(reading, "store", STATUS_MALFORMED, "is too long");
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

static uint32_t read_chain_name(struct reading *reading, const struct core_config *core,
                                const char *name)
{
    const int index = find_chain(core, name);

    if (index < 0) {
        refuse(reading, "chain", STATUS_MALFORMED, "is not one of \"chains\"");
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
    refuse(reading, "asset", STATUS_MALFORMED, "is not one of \"assets\"");
    return 0;
}

static void read_assets(struct reading *reading, const struct file_config *file,
                        struct core_config *core)
{
    for (uint32_t i = 0; i < file->assets_count && !failed(reading); i++) {
        at(reading, "assets[%u]", i);
        read_name(reading, "symbol", file->assets[i].symbol, core->assets[i].symbol);
        core->assets[i].decimals =
            (uint32_t)read_count(reading, "decimals", file->assets[i].decimals, 0, 36);
        if (strcmp(core->assets[i].symbol, LEDGER_NATIVE_SYMBOL) == 0) {
            refuse(reading, "symbol", STATUS_MALFORMED,
                   "is what the ledger calls the chains' own assets");
        }
        for (uint32_t k = 0; k < i; k++) {
            if (strcmp(core->assets[k].symbol, core->assets[i].symbol) == 0) {
                refuse(reading, "symbol", STATUS_MALFORMED, "is that of another asset as well");
            }
        }
        core->assets_count = i + 1;
    }
}

static void read_routers(struct reading *reading, const struct file_config *file,
                         struct core_config *core)
{
    for (uint32_t i = 0; i < file->routers_count && !failed(reading); i++) {
        const struct file_router *from = &file->routers[i];
        struct core_router *router = &core->routers[i];

        at(reading, "routers[%u]", i);
        router->domain = read_chain_name(reading, core, from->chain);
        router->asset = read_asset_name(reading, core, from->asset);
        router->router = read_address(reading, "router", from->router);
        router->token = read_address(reading, "token", from->token);
        router->bridge = read_address(reading, "bridge", from->bridge);
        router->weight = read_share(reading, "weight", from->weight);
        for (uint32_t k = 0; k < i; k++) {
            if (core->routers[k].domain == router->domain &&
                (core->routers[k].asset == router->asset ||
                 address_equal(&core->routers[k].router, &router->router))) {
                refuse(reading, "asset", STATUS_MALFORMED, "has another router on this chain");
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
                at(reading, "routers[%u]", i);
                refuse(reading, "bridge", STATUS_MALFORMED,
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
            at(reading, "routers");
            (void)snprintf(what, sizeof(what), "weights of %s add up to %u.%02u %%, not to 100 %%",
                           core->assets[asset].symbol, sum / 100, sum % 100);
            refuse(reading, "", STATUS_MALFORMED, what);
        }
    }
}

static void read_vaults(struct reading *reading, const struct file_config *file,
                        struct core_config *core)
{
    for (uint32_t i = 0; i < file->vaults_count && !failed(reading); i++) {
        const struct file_vault *from = &file->vaults[i];
        struct core_vault *vault = &core->vaults[i];

        at(reading, "vaults[%u]", i);
        vault->domain = read_chain_name(reading, core, from->chain);
        vault->asset = read_asset_name(reading, core, from->asset);
        vault->vault = read_address(reading, "vault", from->vault);
        vault->token = read_address(reading, "token", from->token);
        vault->owner = read_address(reading, "owner", from->owner);
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
    refuse(reading, "mode", STATUS_MALFORMED, "must be observe, propose or act");
    return ROUTE_OBSERVE;
}

/* Move sizes are in units of the first asset. */
static struct amount read_asset_amount(struct reading *reading, const char *key, const char *text,
                                       const struct core_config *core)
{
    struct amount amount = amount_zero();
    char what[96];

    if (core->assets_count == 0) {
        refuse(reading, key, STATUS_MALFORMED, "needs at least one of \"assets\"");
    } else if (settings_parse_amount(text, core->assets[0].symbol, core->assets[0].decimals,
                                     &amount) != STATUS_OK) {
        (void)snprintf(what, sizeof(what), "must be an amount such as \"100 %s\"",
                       core->assets[0].symbol);
        refuse(reading, key, STATUS_MALFORMED, what);
    }
    /* One limit serves the routers of all assets, so their base units must be alike. */
    for (uint32_t i = 0; i < core->routers_count; i++) {
        if (core->assets[core->routers[i].asset].decimals != core->assets[0].decimals) {
            refuse(reading, key, STATUS_MALFORMED,
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
            refuse(reading, "mode", STATUS_REFUSED,
                   "act needs a signer of its own: run sluice-signer as its own user and set "
                   "\"spawn: false\" (or mark every chain \"devnet: true\")");
        }
    }
}

static void read_route(struct reading *reading, const struct file_config *file,
                       struct node_config *config)
{
    struct core_route *route = &config->core.route;
    const struct file_route *from = file->route;

    if (from == NULL || failed(reading)) {
        route->mode = ROUTE_OFF;
        return;
    }
    at(reading, "route");
    route->mode = read_mode(reading, given(from->mode, MODE_DEFAULT));
    route->tolerance = read_share(reading, "tolerance", given(from->tolerance, TOLERANCE_DEFAULT));
    route->move_min = read_asset_amount(reading, "move_min", from->move_min, &config->core);
    route->move_max = read_asset_amount(reading, "move_max", from->move_max, &config->core);
    route->fee_max = read_share(reading, "fee_max", given(from->fee_max, FEE_MAX_DEFAULT));
    route->fee_native_max =
        read_native(reading, "fee_native_max", given(from->fee_native_max, FEE_NATIVE_MAX_DEFAULT));
    route->margin = read_share(reading, "margin", given(from->margin, MARGIN_DEFAULT));
    if (from->coin_price != NULL) {
        route->coin_price =
            read_asset_amount(reading, "coin_price", from->coin_price, &config->core);
    }
    route->cooldown = read_duration(reading, "cooldown", given(from->cooldown, COOLDOWN_DEFAULT));
    route->plan_interval =
        read_duration(reading, "plan_interval", given(from->plan_interval, PLAN_INTERVAL_DEFAULT));
    if (amount_compare(&route->move_min, &route->move_max) > 0) {
        refuse(reading, "move_min", STATUS_MALFORMED, "is above \"move_max\"");
    }
    refuse_act_with_own_signer(reading, config);
}

/* ---- the journal's log ---- */

static void read_note_key(struct reading *reading, const char *key, const char *text,
                          enum note_key_kind kind, struct note_key *ret_key)
{
    if (note_key_parse(bytes_from_string(text), ret_key) != STATUS_OK || ret_key->kind != kind) {
        refuse(reading, key, STATUS_MALFORMED,
               kind == NOTE_KEY_ED25519
                   ? "must be a log's public key: \"sluice key log\" prints it"
                   : "must be a witness's public key, <name>+<id>+<base64>, for cosignatures");
    }
}

/* "127.0.0.1:<port>"; 0: not served. */
static uint16_t read_listen(struct reading *reading, const char *text)
{
    static const char loopback[] = "127.0.0.1:";
    uint64_t port = 0;

    if (text != NULL && (strncmp(text, loopback, sizeof(loopback) - 1) != 0 ||
                         settings_parse_u64(text + sizeof(loopback) - 1, &port) != STATUS_OK ||
                         port == 0 || port > UINT16_MAX)) {
        refuse(reading, "listen", STATUS_MALFORMED,
               "must be 127.0.0.1:<port>: put a web server in front, or serve an export");
    }
    return (uint16_t)port;
}

static void read_witnesses(struct reading *reading, const struct file_config *from,
                           struct node_log *log)
{
    for (uint32_t i = 0; i < from->witnesses_count && !failed(reading); i++) {
        struct node_witness *witness = &log->witnesses[i];
        at(reading, "witnesses[%u]", i);
        if (!log->is_on) {
            refuse(reading, "", STATUS_MALFORMED, "witnesses need a \"log\" to sign");
        }
        read_note_key(reading, "key", from->witnesses[i].key, NOTE_KEY_COSIGNATURE, &witness->key);
        if (witness_url_parse(from->witnesses[i].url, &witness->url) != STATUS_OK) {
            refuse(reading, "url", STATUS_MALFORMED, "must begin with http:// or https://");
            return;
        }
        (void)snprintf(witness->url_text, sizeof(witness->url_text), "%s", from->witnesses[i].url);
        log->witnesses_count = i + 1;
    }
}

static void read_log(struct reading *reading, const struct file_config *file, struct node_log *log)
{
    const struct file_log *from = file->log;

    if (from == NULL || failed(reading)) {
        return;
    }
    at(reading, "log");
    log->is_on = true;
    read_note_key(reading, "key", from->key, NOTE_KEY_ED25519, &log->key);
    log->spawn = read_flag(reading, "spawn", given(from->spawn, "false"));
    read_path(reading, "socket", from->socket, sizeof(log->socket), log->socket);
    if (from->config != NULL) {
        read_path(reading, "config", from->config, sizeof(log->signer_config), log->signer_config);
    }
    if (log->spawn != (from->config != NULL)) {
        refuse(reading, log->spawn ? "spawn" : "config", STATUS_MALFORMED,
               log->spawn ? "needs the log signer's \"config\" file"
                          : "is only for a log's signer with \"spawn: true\"");
    }
    log->interval = read_duration(reading, "interval", given(from->interval, LOG_INTERVAL_DEFAULT));
    log->port = read_listen(reading, from->listen);
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
    read_assets(reading, file, &config->core);
    read_routers(reading, file, &config->core);
    check_bridges(reading, &config->core);
    check_weights(reading, &config->core);
    read_vaults(reading, file, &config->core);
    read_route(reading, file, config);
    read_log(reading, file, &config->log);
    read_witnesses(reading, file, &config->log);
}

enum status config_load(const char *path, struct node_config **ret_config,
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
    status = settings_load(path, &config_schema, &settings, &data, ret_error);
    if (status == STATUS_OK) {
        struct reading reading = {.settings = settings, .error = ret_error, .status = STATUS_OK};
        find_folder(path, reading.folder);
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
    return (struct chain_config){.core = &config->core,
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
}
