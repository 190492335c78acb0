/* SPDX-License-Identifier: Apache-2.0 */
/* Gives meaning to the texts of the configuration file. The first thing that is wrong is kept and
 * everything after it is skipped, so the code below reads like the file. */
#include "relay/node/config.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/node/config_file.h"
#include "relay/node/config_raw.h"
#include "relay/node/config_value.h"

#define PLACE_BYTES_MAX 128u

struct loader {
    struct config_file file;
    struct node_config *config;
    const struct raw_config *raw;
    char folder[CONFIG_PATH_BYTES_MAX]; /* of the file, absolute */
    char section[PLACE_BYTES_MAX];      /* "chains/0/" */
    enum status status;                 /* of the first failure */
};

static void in_section(struct loader *loader, const char *section)
{
    (void)snprintf(loader->section, sizeof(loader->section), "%s/", section);
}

static void in_entry(struct loader *loader, const char *section, uint32_t index)
{
    (void)snprintf(loader->section, sizeof(loader->section), "%s/%u/", section, index);
}

__attribute__((format(printf, 4, 5))) static void fail(struct loader *loader, const char *key,
                                                       enum status status, const char *format, ...)
{
    if (loader->status != STATUS_OK) {
        return;
    }
    char place[PLACE_BYTES_MAX * 2];
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    (void)snprintf(place, sizeof(place), "%s%s", loader->section, key);
    (void)config_file_fail(&loader->file, place, "%s", text);
    loader->status = status;
}

/* ---- one value each; an absent one (NULL) leaves the default ---- */

static void take_name(struct loader *loader, const char *key, const char *text, char *ret_name,
                      size_t capacity)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    const size_t count = strlen(text);
    if (count >= capacity || strspn(text, allowed) != count || text[0] == '.') {
        fail(loader, key, STATUS_MALFORMED,
             "'%.40s' is not a name: up to %zu letters, digits, '-', '_' and '.'", text,
             capacity - 1);
        return;
    }
    memcpy(ret_name, text, count + 1);
}

static void take_u64(struct loader *loader, const char *key, const char *text, uint64_t min,
                     uint64_t max, uint64_t *ret_value)
{
    uint64_t value;
    if (text == NULL) {
        return;
    }
    if (value_number(text, max, &value) != STATUS_OK || value < min) {
        fail(loader, key, STATUS_MALFORMED, "'%.40s' is not a number from %llu to %llu", text,
             (unsigned long long)min, (unsigned long long)max);
        return;
    }
    *ret_value = value;
}

static void take_u32(struct loader *loader, const char *key, const char *text, uint32_t min,
                     uint32_t max, uint32_t *ret_value)
{
    uint64_t value = *ret_value;
    take_u64(loader, key, text, min, max, &value);
    *ret_value = (uint32_t)value;
}

static void take_truth(struct loader *loader, const char *key, const char *text, bool *ret_value)
{
    if (text != NULL && value_truth(text, ret_value) != STATUS_OK) {
        fail(loader, key, STATUS_MALFORMED, "'%.40s' is neither true nor false", text);
    }
}

static void take_duration(struct loader *loader, const char *key, const char *text,
                          struct duration *ret_value)
{
    if (text != NULL && value_duration(text, ret_value) != STATUS_OK) {
        fail(loader, key, STATUS_MALFORMED,
             "'%.40s' is not a time with its unit, such as 500ms, 10s, 5m or 1h", text);
    }
}

static void take_wei(struct loader *loader, const char *key, const char *text,
                     struct amount *ret_value)
{
    if (text != NULL && value_wei(text, ret_value) != STATUS_OK) {
        fail(loader, key, STATUS_MALFORMED,
             "'%.40s' is not an amount with its unit, such as '200 gwei', '0.01 ether' or '7 wei'",
             text);
    }
}

static void take_share(struct loader *loader, const char *key, const char *text,
                       struct bps *ret_value)
{
    if (text != NULL && value_share(text, ret_value) != STATUS_OK) {
        fail(loader, key, STATUS_MALFORMED,
             "'%.40s' is not a share with its unit, such as '33.34 %%' or '50 bps'", text);
    }
}

static void take_address(struct loader *loader, const char *key, const char *text,
                         struct address *ret_value)
{
    if (text == NULL) {
        return;
    }
    const enum status status = value_address(text, ret_value);
    if (status == STATUS_REFUSED) {
        fail(loader, key, STATUS_MALFORMED,
             "the checksum in the letters of '%.70s' is wrong: a digit is mistyped", text);
    } else if (status != STATUS_OK) {
        fail(loader, key, STATUS_MALFORMED, "'%.70s' is not an address (0x and 40 or 64 digits)",
             text);
    }
}

/* Relative paths are taken from the folder of the file. */
static void take_path(struct loader *loader, const char *key, const char *text, char *ret_path,
                      size_t capacity)
{
    if (text == NULL) {
        return;
    }
    while (strncmp(text, "./", 2) == 0) {
        text += 2;
    }
    const int count = text[0] == '/' ? snprintf(ret_path, capacity, "%s", text)
                                     : snprintf(ret_path, capacity, "%s/%s", loader->folder, text);
    if (count < 0 || (size_t)count >= capacity) {
        ret_path[0] = '\0';
        fail(loader, key, STATUS_MALFORMED,
             "the path has %d bytes with the folder of this file in front; %zu are allowed", count,
             capacity - 1);
    }
}

/* ---- sections ---- */

static void take_node(struct loader *loader)
{
    const struct raw_node *raw = &loader->raw->node;
    struct node_config *config = loader->config;
    in_section(loader, "node");
    take_name(loader, "name", raw->name, config->core.node_name, sizeof(config->core.node_name));
    take_path(loader, "data", raw->data == NULL ? "data" : raw->data, config->data,
              sizeof(config->data));
    if (raw->control != NULL) {
        take_path(loader, "control", raw->control, config->control, sizeof(config->control));
    } else if (loader->status == STATUS_OK) {
        const int count =
            snprintf(config->control, sizeof(config->control), "%s/control.sock", config->data);
        if (count < 0 || (size_t)count >= sizeof(config->control)) {
            fail(loader, "data", STATUS_MALFORMED,
                 "%s/control.sock is too long for a socket; name a shorter one with 'control'",
                 config->data);
        }
    }
    config->journal_bytes_max = (uint64_t)64 << 30;
    if (raw->journal_max != NULL &&
        (value_bytes(raw->journal_max, &config->journal_bytes_max) != STATUS_OK ||
         config->journal_bytes_max < ((uint64_t)16 << 20))) {
        fail(loader, "journal_max", STATUS_MALFORMED,
             "'%.40s' is not a size of at least 16 MiB with its unit, such as '64 GiB'",
             raw->journal_max);
    }
    take_path(loader, "ca_file", raw->ca_file, config->ca_file, sizeof(config->ca_file));
}

static void take_signer(struct loader *loader)
{
    const struct raw_signer *raw = loader->raw->signer;
    struct node_config *config = loader->config;
    if (raw == NULL) {
        return;
    }
    in_section(loader, "signer");
    take_path(loader, "socket", raw->socket, config->signer_socket, sizeof(config->signer_socket));
    take_truth(loader, "spawn", raw->spawn, &config->signer_spawn);
    take_path(loader, "config", raw->config, config->signer_config, sizeof(config->signer_config));
    if (config->signer_spawn && raw->config == NULL) {
        fail(loader, "spawn", STATUS_MALFORMED,
             "a signer that is started here needs 'config', the file it reads");
    }
}

static void take_endpoints(struct loader *loader, const struct raw_chain *raw,
                           struct config_chain *chain)
{
    for (unsigned i = 0; i < raw->endpoints_count; i++) {
        if (value_endpoint(raw->endpoints[i], &chain->endpoints[i]) != STATUS_OK) {
            char key[32];
            (void)snprintf(key, sizeof(key), "endpoints/%u", i);
            fail(loader, key, STATUS_MALFORMED,
                 "'%.100s' is not a websocket address (ws://host:port/path or wss://...)",
                 raw->endpoints[i]);
        }
        for (unsigned j = 0; j < i; j++) {
            if (strcmp(raw->endpoints[i], raw->endpoints[j]) == 0) {
                fail(loader, "endpoints", STATUS_MALFORMED, "'%.100s' is listed twice",
                     raw->endpoints[i]);
            }
        }
    }
    chain->adapter.endpoints_count = raw->endpoints_count;
}

static void take_adapter(struct loader *loader, const struct raw_chain *raw,
                         struct config_chain *chain)
{
    struct chain_config *adapter = &chain->adapter;
    adapter->finality = FINALITY_TAG;
    adapter->finality_blocks = 1;
    adapter->blocks_per_range = 1000;
    adapter->requests_open_max = 64;
    adapter->legs_open_max = 128;
    adapter->request_deadline = DURATION_MS(10000);
    if (raw->finality != NULL &&
        value_finality(raw->finality, &adapter->finality, &adapter->finality_blocks) != STATUS_OK) {
        fail(loader, "finality", STATUS_MALFORMED,
             "'%.40s' is neither 'finalized' nor 'safe' nor a depth such as '12 blocks'",
             raw->finality);
    }
    take_u32(loader, "blocks_per_range", raw->blocks_per_range, 1, 100000,
             &adapter->blocks_per_range);
    take_u32(loader, "requests_open_max", raw->requests_open_max, 4, 1024,
             &adapter->requests_open_max);
    take_u32(loader, "legs_open_max", raw->legs_open_max, 4, 1024, &adapter->legs_open_max);
    take_duration(loader, "request_deadline", raw->request_deadline, &adapter->request_deadline);
    if (adapter->request_deadline.ns < DURATION_MS(100).ns) {
        fail(loader, "request_deadline", STATUS_MALFORMED, "at least 100ms are needed");
    }
    uint64_t frame_bytes_max = (uint64_t)16 << 20;
    if (raw->frame_max != NULL && value_bytes(raw->frame_max, &frame_bytes_max) != STATUS_OK) {
        frame_bytes_max = 0;
    }
    if (frame_bytes_max < ((uint64_t)1 << 20) || frame_bytes_max > ((uint64_t)256 << 20)) {
        fail(loader, "frame_max", STATUS_MALFORMED, "'%.40s' is not a size from 1 MiB to 256 MiB",
             raw->frame_max);
    }
    adapter->frame_bytes_max = (uint32_t)frame_bytes_max;
}

static void take_roles(struct loader *loader, const struct raw_chain *raw, struct core_chain *chain)
{
    take_truth(loader, "relay", raw->relay, &chain->relay_to);
    take_truth(loader, "validate", raw->validate, &chain->validate);
    take_address(loader, "key", raw->key, &chain->key);
    if (chain->relay_to && raw->key == NULL) {
        fail(loader, "relay", STATUS_MALFORMED,
             "delivering messages here needs 'key', the account that sends them");
    }
    if (chain->validate && loader->raw->validator == NULL) {
        fail(loader, "validate", STATUS_MALFORMED,
             "signing checkpoints needs the section 'validator' with its address and store");
    }
    if (raw->key != NULL && loader->raw->signer == NULL) {
        fail(loader, "key", STATUS_MALFORMED,
             "sending transactions needs the section 'signer' with its socket");
    }
    if (chain->validate && raw->validator_announce == NULL) {
        fail(loader, "validate", STATUS_MALFORMED,
             "a validator announces itself: 'validator_announce' is missing");
    }
}

static void take_chain(struct loader *loader, uint32_t index)
{
    const struct raw_chain *raw = &loader->raw->chains[index];
    struct config_chain *chain = &loader->config->chains[index];
    struct core_chain *core = &loader->config->core.chains[index];
    in_entry(loader, "chains", index);
    take_name(loader, "name", raw->name, core->name, sizeof(core->name));
    take_name(loader, "family", raw->family, chain->family, sizeof(chain->family));
    take_u32(loader, "domain", raw->domain, 1, UINT32_MAX, &core->domain);
    take_u64(loader, "chain_id", raw->chain_id, 1, UINT64_MAX, &core->chain_id);
    take_endpoints(loader, raw, chain);
    take_truth(loader, "devnet", raw->devnet, &chain->devnet);
    take_adapter(loader, raw, chain);
    take_u64(loader, "start_block", raw->start_block, 0, UINT64_MAX / 2, &core->start_block);
    take_address(loader, "mailbox", raw->mailbox, &core->mailbox);
    take_address(loader, "merkle_tree_hook", raw->merkle_tree_hook, &core->tree_hook);
    take_address(loader, "validator_announce", raw->validator_announce, &core->validator_announce);
    take_address(loader, "gas_paymaster", raw->gas_paymaster, &core->gas_paymaster);
    take_roles(loader, raw, core);
    CHECK(value_wei("200 gwei", &core->fee_per_gas_max) == STATUS_OK);
    CHECK(value_wei("1 gwei", &core->priority_fee_per_gas) == STATUS_OK);
    take_wei(loader, "fee_per_gas_max", raw->fee_per_gas_max, &core->fee_per_gas_max);
    take_wei(loader, "priority_fee_per_gas", raw->priority_fee_per_gas,
             &core->priority_fee_per_gas);
    if (amount_compare(&core->priority_fee_per_gas, &core->fee_per_gas_max) > 0) {
        fail(loader, "priority_fee_per_gas", STATUS_MALFORMED,
             "the priority fee is above fee_per_gas_max");
    }
    core->gas_limit_max = 3000000;
    take_u64(loader, "gas_limit_max", raw->gas_limit_max, 21000, 1000000000, &core->gas_limit_max);
    take_wei(loader, "key_balance_min", raw->key_balance_min, &core->key_balance_min);
    for (uint32_t i = 0; i < index; i++) {
        const struct core_chain *other = &loader->config->core.chains[i];
        if (other->domain == core->domain) {
            fail(loader, "domain", STATUS_MALFORMED, "%u is also the domain of '%s'", core->domain,
                 other->name);
        }
        if (strcmp(other->name, core->name) == 0) {
            fail(loader, "name", STATUS_MALFORMED, "'%s' is the name of two chains", core->name);
        }
    }
}

static void take_validator(struct loader *loader)
{
    const struct raw_validator *raw = loader->raw->validator;
    struct node_config *config = loader->config;
    if (raw == NULL) {
        return;
    }
    in_section(loader, "validator");
    take_address(loader, "address", raw->address, &config->core.validator);
    const char *store = strncmp(raw->store, "file://", 7) == 0 ? raw->store + 7 : raw->store;
    take_path(loader, "store", store, config->store, sizeof(config->store));
    for (uint32_t i = 0; i < config->core.chains_count; i++) {
        struct core_chain *chain = &config->core.chains[i];
        if (!chain->validate) {
            continue;
        }
        char name[NAME_BYTES_MAX];
        memcpy(name, chain->name, sizeof(name));
        const int count = snprintf(chain->storage_location, sizeof(chain->storage_location),
                                   "file://%s/%s", config->store, name);
        if (count < 0 || (size_t)count >= sizeof(chain->storage_location)) {
            memset(chain->storage_location, 0, sizeof(chain->storage_location));
            fail(loader, "store", STATUS_MALFORMED,
                 "with the chain's name behind it the location has %d bytes; %zu are allowed",
                 count, sizeof(chain->storage_location) - 1);
        }
    }
}

static void take_asset(struct loader *loader, uint32_t index)
{
    const struct raw_asset *raw = &loader->raw->assets[index];
    struct core_asset *asset = &loader->config->core.assets[index];
    in_entry(loader, "assets", index);
    take_name(loader, "symbol", raw->symbol, asset->symbol, sizeof(asset->symbol));
    take_u32(loader, "decimals", raw->decimals, 0, 36, &asset->decimals);
    for (uint32_t i = 0; i < index; i++) {
        if (strcmp(loader->config->core.assets[i].symbol, asset->symbol) == 0) {
            fail(loader, "symbol", STATUS_MALFORMED, "'%s' is listed twice", asset->symbol);
        }
    }
}

static void take_chain_name(struct loader *loader, const char *text, uint32_t *ret_domain)
{
    const struct core_chain *chain = node_config_chain(loader->config, text);
    if (chain == NULL) {
        fail(loader, "chain", STATUS_MALFORMED, "no chain is called '%.40s'", text);
        return;
    }
    *ret_domain = chain->domain;
}

static void take_asset_name(struct loader *loader, const char *text, uint32_t *ret_asset)
{
    const struct core_config *core = &loader->config->core;
    for (uint32_t i = 0; i < core->assets_count; i++) {
        if (strcmp(core->assets[i].symbol, text) == 0) {
            *ret_asset = i;
            return;
        }
    }
    fail(loader, "asset", STATUS_MALFORMED, "no asset is called '%.40s'", text);
}

static void take_router(struct loader *loader, uint32_t index)
{
    const struct raw_router *raw = &loader->raw->routers[index];
    struct core_router *router = &loader->config->core.routers[index];
    in_entry(loader, "routers", index);
    take_chain_name(loader, raw->chain, &router->domain);
    take_asset_name(loader, raw->asset, &router->asset);
    take_address(loader, "router", raw->router, &router->router);
    take_address(loader, "token", raw->token, &router->token);
    take_address(loader, "bridge", raw->bridge, &router->bridge);
    take_share(loader, "weight", raw->weight, &router->weight);
    for (uint32_t i = 0; i < index; i++) {
        const struct core_router *other = &loader->config->core.routers[i];
        if (other->domain == router->domain && address_equal(&other->router, &router->router)) {
            fail(loader, "router", STATUS_MALFORMED, "this router is listed twice");
        }
        if (other->domain == router->domain && other->asset == router->asset) {
            fail(loader, "asset", STATUS_MALFORMED,
                 "two routers of one asset on one chain are not offered");
        }
    }
}

static void take_vault(struct loader *loader, uint32_t index)
{
    const struct raw_vault *raw = &loader->raw->vaults[index];
    struct core_vault *vault = &loader->config->core.vaults[index];
    in_entry(loader, "vaults", index);
    take_chain_name(loader, raw->chain, &vault->domain);
    take_asset_name(loader, raw->asset, &vault->asset);
    take_address(loader, "vault", raw->vault, &vault->vault);
    take_address(loader, "token", raw->token, &vault->token);
    take_address(loader, "owner", raw->owner, &vault->owner);
    for (uint32_t i = 0; i < index; i++) {
        const struct core_vault *other = &loader->config->core.vaults[i];
        if (other->domain == vault->domain && address_equal(&other->vault, &vault->vault)) {
            fail(loader, "vault", STATUS_MALFORMED, "this vault is listed twice");
        }
    }
}

static void check_weights(struct loader *loader)
{
    const struct core_config *core = &loader->config->core;
    for (uint32_t asset = 0; asset < core->assets_count; asset++) {
        uint64_t sum = 0;
        uint32_t first = core->routers_count;
        for (uint32_t i = 0; i < core->routers_count; i++) {
            if (core->routers[i].asset == asset) {
                sum += core->routers[i].weight.value;
                first = first == core->routers_count ? i : first;
            }
        }
        if (first < core->routers_count && sum != 10000) {
            in_entry(loader, "routers", first);
            fail(loader, "weight", STATUS_MALFORMED,
                 "the weights of %s add up to %llu.%02llu %%; they must make 100 %%",
                 core->assets[asset].symbol, (unsigned long long)(sum / 100),
                 (unsigned long long)(sum % 100));
        }
    }
}

/* An amount of any configured asset. One limit serves all routers, so they must count alike. */
static void take_units(struct loader *loader, const char *key, const char *text,
                       struct amount *ret_value)
{
    const struct core_config *core = &loader->config->core;
    if (text == NULL) {
        return;
    }
    for (uint32_t i = 0; i < core->assets_count; i++) {
        if (value_units(text, core->assets[i].symbol, core->assets[i].decimals, ret_value) !=
            STATUS_OK) {
            continue;
        }
        for (uint32_t j = 0; j < core->routers_count; j++) {
            if (core->assets[core->routers[j].asset].decimals != core->assets[i].decimals) {
                fail(loader, key, STATUS_MALFORMED,
                     "one limit serves all routers, and %s has other decimals than %s",
                     core->assets[core->routers[j].asset].symbol, core->assets[i].symbol);
            }
        }
        return;
    }
    fail(loader, key, STATUS_MALFORMED,
         "'%.40s' is not an exact amount of a configured asset, such as '1.5 USDC'", text);
}

static void take_mode(struct loader *loader, const char *text, enum route_mode *ret_mode)
{
    static const struct {
        const char *name;
        enum route_mode mode;
    } modes[] = {{"off", ROUTE_OFF},
                 {"observe", ROUTE_OBSERVE},
                 {"propose", ROUTE_PROPOSE},
                 {"act", ROUTE_ACT}};
    for (size_t i = 0; text != NULL && i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(text, modes[i].name) == 0) {
            *ret_mode = modes[i].mode;
            return;
        }
    }
    if (text != NULL) {
        fail(loader, "mode", STATUS_MALFORMED, "'%.40s' is none of off, observe, propose and act",
             text);
    }
}

/* A signer beside the node shares its user: whoever takes the node has the keys. */
static void check_act(struct loader *loader)
{
    const struct node_config *config = loader->config;
    if (config->core.route.mode != ROUTE_ACT || !config->signer_spawn) {
        return;
    }
    for (uint32_t i = 0; i < config->core.chains_count; i++) {
        if (!config->chains[i].devnet) {
            fail(loader, "mode", STATUS_REFUSED,
                 "'act' with a signer started by the node is for devnets alone, and chain '%s' is "
                 "not marked 'devnet: true'; run sluice-signer as its own user and set "
                 "'signer: {spawn: false}'",
                 config->core.chains[i].name);
        }
    }
}

static void take_route(struct loader *loader)
{
    static const struct raw_route defaults;
    const struct raw_route *raw = loader->raw->route == NULL ? &defaults : loader->raw->route;
    struct core_route *route = &loader->config->core.route;
    in_section(loader, "route");
    route->mode = ROUTE_OBSERVE;
    route->tolerance = (struct bps){.value = 500};
    route->fee_max = (struct bps){.value = 10};
    route->move_max = amount_max();
    route->cooldown = DURATION_MS(60000);
    route->plan_interval = DURATION_MS(10000);
    take_mode(loader, raw->mode, &route->mode);
    take_share(loader, "tolerance", raw->tolerance, &route->tolerance);
    take_units(loader, "move_min", raw->move_min, &route->move_min);
    take_units(loader, "move_max", raw->move_max, &route->move_max);
    take_share(loader, "fee_max", raw->fee_max, &route->fee_max);
    take_wei(loader, "fee_native_max", raw->fee_native_max, &route->fee_native_max);
    take_duration(loader, "cooldown", raw->cooldown, &route->cooldown);
    take_duration(loader, "plan_interval", raw->plan_interval, &route->plan_interval);
    if (amount_compare(&route->move_min, &route->move_max) > 0) {
        fail(loader, "move_min", STATUS_MALFORMED, "move_min is above move_max");
    }
    if (route->plan_interval.ns < DURATION_MS(500).ns) {
        fail(loader, "plan_interval", STATUS_MALFORMED, "at least 500ms are needed");
    }
    check_act(loader);
}

static void take_all(struct loader *loader)
{
    struct core_config *core = &loader->config->core;
    core->chains_count = loader->raw->chains_count;
    core->assets_count = loader->raw->assets_count;
    core->routers_count = loader->raw->routers_count;
    core->vaults_count = loader->raw->vaults_count;
    take_node(loader);
    take_signer(loader);
    for (uint32_t i = 0; i < core->chains_count; i++) {
        take_chain(loader, i);
    }
    take_validator(loader);
    for (uint32_t i = 0; i < core->assets_count; i++) {
        take_asset(loader, i);
    }
    for (uint32_t i = 0; i < core->routers_count; i++) {
        take_router(loader, i);
    }
    for (uint32_t i = 0; i < core->vaults_count; i++) {
        take_vault(loader, i);
    }
    check_weights(loader);
    take_route(loader);
}

static enum status find_folder(struct loader *loader, const char *path,
                               struct config_error *ret_error)
{
    char absolute[PATH_MAX];
    if (realpath(path, absolute) == NULL) {
        (void)snprintf(ret_error->text, sizeof(ret_error->text), "%s: no such file", path);
        return STATUS_NOT_FOUND;
    }
    char *slash = strrchr(absolute, '/');
    CHECK(slash != NULL);
    *slash = '\0';
    if (strlen(absolute) >= sizeof(loader->folder)) {
        (void)snprintf(ret_error->text, sizeof(ret_error->text), "%s: the path is too long", path);
        return STATUS_MALFORMED;
    }
    memcpy(loader->folder, absolute, strlen(absolute) + 1);
    return STATUS_OK;
}

enum status node_config_load(const char *path, struct node_config **ret_config,
                             struct config_error *ret_error)
{
    struct loader loader = {.status = STATUS_OK};
    ret_error->text[0] = '\0';
    enum status status = find_folder(&loader, path, ret_error);
    if (status != STATUS_OK) {
        return status;
    }
    status = config_file_open(&loader.file, path, &raw_config_schema, ret_error);
    if (status != STATUS_OK) {
        return status;
    }
    loader.raw = loader.file.values;
    loader.config = calloc(1, sizeof(*loader.config));
    if (loader.config == NULL) {
        config_file_close(&loader.file);
        return STATUS_NO_MEMORY;
    }
    (void)snprintf(loader.config->file, sizeof(loader.config->file), "%s", path);
    take_all(&loader);
    config_file_close(&loader.file);
    if (loader.status != STATUS_OK) {
        node_config_free(loader.config);
        return loader.status;
    }
    *ret_config = loader.config;
    return STATUS_OK;
}

struct node_config *node_config_free(struct node_config *config)
{
    free(config);
    return NULL;
}

const struct core_chain *node_config_chain(const struct node_config *config, const char *name)
{
    for (uint32_t i = 0; i < config->core.chains_count; i++) {
        if (strcmp(config->core.chains[i].name, name) == 0) {
            return &config->core.chains[i];
        }
    }
    return NULL;
}
