/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/node/config/config_tree.h"
#include "relay/node/config/policy_json.h"

#define TEXT_BYTES_MAX 160u

/* Everything in force is made into one JSON tree first; YAML is another way to write that tree. */

static void put_text(json_t *object, const char *key, const char *text)
{
    if (text[0] != '\0') {
        CHECK(json_object_set_new(object, key, json_string(text)) == 0);
    }
}

static void put_count(json_t *object, const char *key, uint64_t value)
{
    CHECK(json_object_set_new(object, key, json_integer((json_int_t)value)) == 0);
}

static void put_flag(json_t *object, const char *key, bool value)
{
    CHECK(json_object_set_new(object, key, json_boolean(value)) == 0);
}

static json_t *address_json(const struct address *address)
{
    char text[67] = "0x";
    const bool is_evm = address_is_evm(address);

    hex_encode(bytes_from(address->bytes + (is_evm ? 12 : 0), is_evm ? 20 : 32), text + 2);
    return json_string(text);
}

/* Absent when zero. */
static void put_address(json_t *object, const char *key, const struct address *address)
{
    if (!address_is_zero(address)) {
        CHECK(json_object_set_new(object, key, address_json(address)) == 0);
    }
}

static void put_units(json_t *object, const char *key, const struct amount *amount,
                      uint32_t decimals, const char *unit)
{
    char units[AMOUNT_DECIMAL_BYTES_MAX + 2];
    char text[TEXT_BYTES_MAX];

    (void)amount_format_units(amount, decimals, units);
    (void)snprintf(text, sizeof(text), "%s %s", units, unit);
    put_text(object, key, text);
}

/* A whole number of MiB, as the file can say it. */
static void put_size(json_t *object, const char *key, uint64_t bytes_count)
{
    char text[TEXT_BYTES_MAX];

    (void)snprintf(text, sizeof(text), "%" PRIu64 " MiB", bytes_count >> 20);
    put_text(object, key, text);
}

static void put_duration(json_t *object, const char *key, struct duration duration)
{
    char text[TEXT_BYTES_MAX];

    (void)snprintf(text, sizeof(text), "%" PRIu64 " ms", duration.ns / 1000000u);
    put_text(object, key, text);
}

static void put_share(json_t *object, const char *key, struct bps share)
{
    char text[TEXT_BYTES_MAX];

    (void)snprintf(text, sizeof(text), "%u.%02u %%", share.value / 100, share.value % 100);
    put_text(object, key, text);
}

static json_t *put_group(json_t *object, const char *key, json_t *group)
{
    CHECK(group != NULL);
    CHECK(json_object_set_new(object, key, group) == 0);
    return group;
}

static json_t *put_entry(json_t *list)
{
    json_t *entry = json_object();

    CHECK(entry != NULL);
    CHECK(json_array_append_new(list, entry) == 0);
    return entry;
}

static void put_node(json_t *root, const struct node_config *config)
{
    json_t *node = put_group(root, "node", json_object());

    put_text(node, "name", config->core.node_name);
    put_text(node, "data", config->data);
    put_text(node, "control", config->control);
    put_size(node, "journal_max", config->journal_bytes_max);
    if (config->journal_keep_records > 0) {
        put_count(node, "journal_keep", config->journal_keep_records);
    }
    if (config->tls_ca[0] != '\0') {
        put_text(node, "tls_ca", config->tls_ca);
    }
    if (config->signer_socket[0] != '\0') {
        json_t *signer = put_group(root, "signer", json_object());
        put_flag(signer, "spawn", config->signer_spawn);
        put_text(signer, "config", config->signer_config);
        put_text(signer, "socket", config->signer_socket);
    }
}

static void put_finality(json_t *object, const struct node_chain *chain)
{
    switch (chain->finality) {
    case FINALITY_TAG:
        put_text(object, "finality", "finalized");
        break;
    case FINALITY_SAFE:
        put_text(object, "finality", "safe");
        break;
    case FINALITY_DEPTH:
        put_count(object, "finality", chain->finality_blocks);
        break;
    }
}

static void put_endpoints(json_t *object, const struct node_chain *chain)
{
    json_t *endpoints = put_group(object, "endpoints", json_array());
    json_t *submit = chain->submit_count == 0 ? NULL : put_group(object, "submit", json_array());

    for (uint32_t i = 0; i < chain->endpoints_count; i++) {
        const bool is_reader = i < chain->endpoints_count - chain->submit_count;
        CHECK(json_array_append_new(is_reader ? endpoints : submit,
                                    json_string(chain->endpoints[i])) == 0);
    }
}

static void put_limits(json_t *object, const struct node_chain *chain)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < chain->endpoints_count; i++) {
        const struct call_limits *limits = &chain->limits[i];
        if (limits->calls_per_second == 0 && limits->calls_per_day == 0) {
            continue;
        }
        json_t *entry = put_entry(list);
        put_text(entry, "endpoint", chain->endpoints[i]);
        if (limits->calls_per_second > 0) {
            put_count(entry, "calls_per_second", limits->calls_per_second);
            put_count(entry, "burst",
                      limits->calls_burst > 0 ? limits->calls_burst : limits->calls_per_second);
        }
        if (limits->calls_per_day > 0) {
            put_count(entry, "calls_per_day", limits->calls_per_day);
        }
    }
    if (json_array_size(list) > 0) {
        (void)put_group(object, "limits", list);
    } else {
        json_decref(list);
    }
}

static void put_keys(json_t *object, const struct core_chain *core)
{
    if (core->delivery_keys_count == 0) {
        put_address(object, "key", &core->key);
        return;
    }
    json_t *keys = put_group(object, "keys", json_array());
    for (uint32_t i = 0; i <= core->delivery_keys_count; i++) {
        const struct address *key = i == 0 ? &core->key : &core->delivery_keys[i - 1];
        CHECK(json_array_append_new(keys, address_json(key)) == 0);
    }
}

static void put_kinds(json_t *object, const struct node_chain *chain)
{
    switch (chain->transactions) {
    case TRANSACTIONS_DETECTED:
        put_text(object, "transactions", "detect");
        break;
    case TRANSACTIONS_DYNAMIC:
        put_text(object, "transactions", "dynamic");
        break;
    case TRANSACTIONS_LEGACY:
        put_text(object, "transactions", "legacy");
        break;
    }
    switch (chain->data_fee) {
    case DATA_FEE_NONE:
        put_text(object, "data_fee", "none");
        break;
    case DATA_FEE_OP_STACK:
        put_text(object, "data_fee", "op-stack");
        break;
    }
}

static void put_chain(json_t *list, const struct core_chain *core, const struct node_chain *chain)
{
    json_t *entry = put_entry(list);

    put_text(entry, "name", core->name);
    put_text(entry, "family", chain->family->name);
    put_flag(entry, "devnet", chain->is_devnet);
    put_count(entry, "domain", core->domain);
    put_count(entry, "chain_id", core->chain_id);
    put_endpoints(entry, chain);
    put_limits(entry, chain);
    put_count(entry, "quorum", chain->quorum);
    put_finality(entry, chain);
    put_count(entry, "start_block", core->start_block);
    put_count(entry, "blocks_per_range", chain->blocks_per_range);
    put_duration(entry, "request_deadline", chain->request_deadline);
    put_address(entry, "mailbox", &core->mailbox);
    put_address(entry, "merkle_tree_hook", &core->tree_hook);
    put_address(entry, "validator_announce", &core->validator_announce);
    put_address(entry, "gas_paymaster", &core->gas_paymaster);
    put_flag(entry, "relay", core->relay_to);
    put_flag(entry, "validate", core->validate);
    put_keys(entry, core);
    put_units(entry, "fee_per_gas_max", &core->fee_per_gas_max, 9, "gwei");
    put_units(entry, "priority_fee_per_gas", &core->priority_fee_per_gas, 9, "gwei");
    put_count(entry, "gas_limit_max", core->gas_limit_max);
    put_units(entry, "key_balance_min", &core->key_balance_min, 18, "ether");
    put_units(entry, "priority_fee_max", &core->priority_fee_max, 9, "gwei");
    if (!amount_is_zero(&core->transaction_fee_max)) {
        put_units(entry, "transaction_fee_max", &core->transaction_fee_max, 18, "ether");
    }
    put_duration(entry, "inclusion_deadline", core->inclusion_deadline);
    put_count(entry, "in_flight_max", core->in_flight_max);
    put_count(entry, "validators_min", core->validators_min);
    if (core->batch_messages_max > 0) {
        put_address(entry, "multicall", &core->batch_contract);
        put_count(entry, "batch_max", core->batch_messages_max);
    }
    put_flag(entry, "sign_lookups", core->sign_lookups);
    put_kinds(entry, chain);
}

static void put_stores(json_t *root, const struct node_config *config)
{
    json_t *stores = put_group(root, "stores", json_object());

    if (config->s3_endpoint[0] != '\0') {
        put_text(stores, "s3_endpoint", config->s3_endpoint);
    }
    if (config->gcs_endpoint[0] != '\0') {
        put_text(stores, "gcs_endpoint", config->gcs_endpoint);
    }
    put_flag(stores, "private_addresses", config->stores_private);
}

static const char *chain_name(const struct core_config *core, uint32_t domain)
{
    for (uint32_t i = 0; i < core->chains_count; i++) {
        if (core->chains[i].domain == domain) {
            return core->chains[i].name;
        }
    }
    return "";
}

static void put_vaults(json_t *root, const struct core_config *core)
{
    json_t *vaults = put_group(root, "vaults", json_array());

    for (uint32_t i = 0; i < core->vaults_count; i++) {
        const struct core_vault *vault = &core->vaults[i];
        json_t *entry = put_entry(vaults);
        put_text(entry, "chain", chain_name(core, vault->domain));
        put_text(entry, "asset", core->assets[vault->asset].symbol);
        put_address(entry, "vault", &vault->vault);
        put_address(entry, "token", &vault->token);
        put_address(entry, "owner", &vault->owner);
    }
}

static void put_capital(json_t *root, const struct core_config *core)
{
    json_t *assets = put_group(root, "assets", json_array());
    json_t *routers = put_group(root, "routers", json_array());

    for (uint32_t i = 0; i < core->assets_count; i++) {
        json_t *entry = put_entry(assets);
        put_text(entry, "symbol", core->assets[i].symbol);
        put_count(entry, "decimals", core->assets[i].decimals);
    }
    for (uint32_t i = 0; i < core->routers_count; i++) {
        const struct core_router *router = &core->routers[i];
        json_t *entry = put_entry(routers);
        put_text(entry, "chain", chain_name(core, router->domain));
        put_text(entry, "asset", core->assets[router->asset].symbol);
        put_address(entry, "router", &router->router);
        put_address(entry, "token", &router->token);
        put_address(entry, "bridge", &router->bridge);
        put_address(entry, "guard", &router->guard);
        put_share(entry, "weight", router->weight);
    }
}

static void put_synthetics(json_t *root, const struct core_config *core)
{
    json_t *synthetics = put_group(root, "synthetics", json_array());

    for (uint32_t i = 0; i < core->synthetics_count; i++) {
        const struct core_synthetic *synthetic = &core->synthetics[i];
        json_t *entry = put_entry(synthetics);
        put_text(entry, "chain", chain_name(core, synthetic->domain));
        put_text(entry, "asset", core->assets[synthetic->asset].symbol);
        put_address(entry, "router", &synthetic->router);
    }
}

static const char *mode_name(enum route_mode mode)
{
    switch (mode) {
    case ROUTE_OFF:
        return "off";
    case ROUTE_OBSERVE:
        return "observe";
    case ROUTE_PROPOSE:
        return "propose";
    case ROUTE_ACT:
        return "act";
    }
    return "";
}

static void put_route(json_t *root, const struct core_config *core)
{
    const struct core_route *route = &core->route;

    if (route->mode == ROUTE_OFF) {
        return;
    }
    json_t *group = put_group(root, "route", json_object());
    put_text(group, "mode", mode_name(route->mode));
    put_duration(group, "plan_interval", route->plan_interval);
    if (!hash_is_zero(&route->mandate)) {
        return; /* which says the rest: 'sluice mandate show' */
    }
    put_share(group, "tolerance", route->tolerance);
    put_units(group, "move_min", &route->move_min, core->assets[0].decimals,
              core->assets[0].symbol);
    put_units(group, "move_max", &route->move_max, core->assets[0].decimals,
              core->assets[0].symbol);
    put_share(group, "fee_max", route->fee_max);
    put_units(group, "fee_native_max", &route->fee_native_max, 18, "ether");
    put_share(group, "margin", route->margin);
    if (!amount_is_zero(&route->coin_price)) {
        put_units(group, "coin_price", &route->coin_price, core->assets[0].decimals,
                  core->assets[0].symbol);
    }
    put_duration(group, "cooldown", route->cooldown);
}

static void put_large(json_t *root, const struct core_config *core)
{
    if (!amount_is_zero(&core->large.value)) {
        json_t *group = put_group(root, "large", json_object());
        put_units(group, "value", &core->large.value, core->assets[0].decimals,
                  core->assets[0].symbol);
        put_count(group, "blocks", core->large.blocks);
    }
}

/* Takes `text`; an empty one is left out. */
static void put_owned(json_t *object, const char *key, char *text)
{
    CHECK(text != NULL);
    if (text[0] != '\0') {
        put_text(object, key, text);
    }
    free(text);
}

static void put_time(json_t *object, const char *key, struct instant at)
{
    const time_t seconds = (time_t)(at.ns / 1000000000u);
    char text[TEXT_BYTES_MAX];
    struct tm parts;

    if (at.ns == 0 || gmtime_r(&seconds, &parts) == NULL) {
        return;
    }
    const size_t count = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(text + count, sizeof(text) - count, ".%09lluZ",
                   (unsigned long long)(at.ns % 1000000000u));
    put_text(object, key, text);
}

static void put_policy(json_t *root, const struct core_policy *policy)
{
    json_t *group = put_group(root, "policy", json_object());

    put_count(group, "retries_max", policy->retries_max);
    put_duration(group, "retry_wait_max", policy->retry_wait_max);
    put_owned(group, "whitelist", policy_write_list(policy, RULE_WHITELIST));
    put_owned(group, "blacklist", policy_write_list(policy, RULE_BLACKLIST));
    put_owned(group, "address_blacklist", policy_write_addresses(policy));
    put_owned(group, "gas_payment", policy_write_payment(policy));
    json_t *blocks = put_group(root, "blocks", json_array());
    for (uint32_t i = 0; i < policy->rules_count; i++) {
        if (policy->rules[i].kind == RULE_BLOCK) {
            json_t *entry = put_entry(blocks);
            put_owned(entry, "match", policy_write_rule(policy, i));
            put_text(entry, "reason", policy->rules[i].note);
            put_time(entry, "until", policy->rules[i].until);
        }
    }
}

/* "3000.5 USD" */
static void put_worth(json_t *object, const char *key, const struct amount *worth,
                      const struct core_policy *policy)
{
    put_units(object, key, worth, 18, policy->currency);
}

static void put_delivery_limits(json_t *root, const struct core_policy *policy)
{
    json_t *list = put_group(root, "delivery_limits", json_array());

    for (uint32_t i = 0; i < policy->limits_count; i++) {
        const struct core_limit *limit = &policy->limits[i];
        json_t *entry = put_entry(list);
        put_text(entry, "name", limit->name);
        put_owned(entry, "match", policy_write_limit(policy, i));
        if (json_object_get(entry, "match") == NULL) {
            put_text(entry, "match", "[]"); /* the key is not optional */
        }
        if (!amount_is_zero(&limit->fee_per_gas_max)) {
            put_units(entry, "fee_per_gas_max", &limit->fee_per_gas_max, 9, "gwei");
        }
        if (limit->wants_profit) {
            put_worth(entry, "profit_min", &limit->profit_min, policy);
        }
        if (!amount_is_zero(&limit->budget)) {
            put_units(entry, "budget", &limit->budget, 18, "ether");
            put_duration(entry, "window", limit->window);
        }
    }
}

static void put_rates(json_t *root, const struct core_config *core)
{
    const struct core_policy *policy = &core->policy;

    put_text(root, "currency", policy->currency);
    json_t *list = put_group(root, "rates", json_array());
    for (uint32_t i = 0; i < policy->rates_count; i++) {
        const struct core_rate *rate = &policy->rates[i];
        json_t *entry = put_entry(list);
        for (uint32_t k = 0; k < core->chains_count; k++) {
            if (core->chains[k].domain == rate->domain) {
                put_text(entry, "chain", core->chains[k].name);
            }
        }
        if (!address_is_zero(&rate->token)) {
            put_address(entry, "token", &rate->token);
            put_count(entry, "decimals", rate->decimals);
        }
        put_worth(entry, "price", &rate->price, policy);
    }
}

static void put_note_key(json_t *object, const struct note_key *key)
{
    char text[NOTE_KEY_TEXT_BYTES_MAX + 1];
    struct buffer buffer = buffer_from(text, sizeof(text) - 1);

    CHECK(note_key_append(&buffer, key) == STATUS_OK);
    text[buffer.count] = '\0';
    put_text(object, "key", text);
}

static void put_log(json_t *root, const struct node_log *log)
{
    char listen[TEXT_BYTES_MAX];

    if (!log->is_on) {
        return;
    }
    json_t *group = put_group(root, "log", json_object());
    put_note_key(group, &log->key);
    put_flag(group, "spawn", log->spawn);
    put_text(group, "config", log->signer_config);
    put_text(group, "socket", log->socket);
    put_duration(group, "interval", log->interval);
    (void)snprintf(listen, sizeof(listen), "127.0.0.1:%u", log->port);
    put_text(group, "listen", log->port == 0 ? "" : listen);
    json_t *witnesses = put_group(root, "witnesses", json_array());
    for (uint32_t i = 0; i < log->witnesses_count; i++) {
        json_t *entry = put_entry(witnesses);
        put_note_key(entry, &log->witnesses[i].key);
        put_text(entry, "url", log->witnesses[i].url_text);
    }
}

static void put_site(json_t *root, const struct node_config *config)
{
    const struct node_site *site = &config->site;
    char listen[TEXT_BYTES_MAX];

    if (config->site_port == 0) {
        return;
    }
    (void)snprintf(listen, sizeof(listen), "%s:%u",
                   site->address[0] == '\0' ? "127.0.0.1" : site->address, config->site_port);
    json_t *group = put_group(root, "site", json_object());
    put_text(group, "listen", listen);
    put_text(group, "token", site->token);
    put_text(group, "certificate", site->certificate);
    put_text(group, "key", site->key);
}

static void put_alerts(json_t *root, const struct node_alerts *alerts)
{
    if (!alerts->is_on) {
        return;
    }
    json_t *group = put_group(root, "alerts", json_object());
    json_t *command = json_array();
    for (uint32_t i = 0; i < alerts->command_count; i++) {
        CHECK(json_array_append_new(command, json_string(alerts->command[i])) == 0);
    }
    if (alerts->command_count > 0) {
        CHECK(json_object_set(group, "command", command) == 0);
    }
    json_decref(command);
    put_text(group, "webhook", alerts->webhook);
    put_text(group, "webhook_token", alerts->webhook_token);
    put_text(group, "mail_to", alerts->mail_to);
    put_text(group, "mail_from", alerts->mail_from);
    put_text(group, "sendmail", alerts->sendmail);
    put_duration(group, "hold", alerts->hold);
    put_duration(group, "repeat", alerts->repeat);
    put_duration(group, "backlog_after", alerts->backlog_after);
    put_count(group, "failures_min", alerts->failures_min);
    put_count(group, "per_hour", alerts->per_hour);
}

json_t *config_tree(const struct node_config *config)
{
    json_t *root = json_object();

    CHECK(root != NULL);
    put_node(root, config);
    json_t *chains = put_group(root, "chains", json_array());
    for (uint32_t i = 0; i < config->core.chains_count; i++) {
        put_chain(chains, &config->core.chains[i], &config->chains[i]);
    }
    if (!address_is_zero(&config->core.validator)) {
        json_t *validator = put_group(root, "validator", json_object());
        put_address(validator, "address", &config->core.validator);
        put_text(validator, "store", config->checkpoint_store);
        if (config->store_credentials[0] != '\0') {
            put_text(validator, "credentials", config->store_credentials);
        }
    }
    put_stores(root, config);
    if (config->mandate[0] == '\0') {
        put_capital(root, &config->core);
    } else {
        put_text(root, "mandate", config->mandate);
    }
    put_synthetics(root, &config->core);
    put_vaults(root, &config->core);
    put_route(root, &config->core);
    put_large(root, &config->core);
    put_policy(root, &config->core.policy);
    put_delivery_limits(root, &config->core.policy);
    put_rates(root, &config->core);
    put_log(root, &config->log);
    put_site(root, config);
    put_alerts(root, &config->alerts);
    return root;
}

/* ---- YAML ---- */

static void print_scalar(const json_t *value, FILE *out)
{
    /* A JSON scalar is a YAML scalar; strings keep their quotes. */
    CHECK(json_dumpf(value, out, JSON_ENCODE_ANY) == 0);
}

static void print_group(const json_t *group, const char *indent, bool is_entry, FILE *out)
{
    const char *key = NULL;
    json_t *value = NULL;
    bool is_first = is_entry;

    json_object_foreach((json_t *)(uintptr_t)group, key, value)
    {
        (void)fprintf(out, "%s%s%s: ", indent, is_first ? "- " : (is_entry ? "  " : ""), key);
        print_scalar(value, out);
        (void)fputc('\n', out);
        is_first = false;
    }
}

void config_print(const struct node_config *config, FILE *out)
{
    json_t *root = config_tree(config);
    const char *key = NULL;
    json_t *value = NULL;
    size_t index = 0;
    json_t *entry = NULL;

    json_object_foreach(root, key, value)
    {
        if (json_is_array(value) && json_array_size(value) == 0) {
            continue;
        }
        if (json_is_string(value)) {
            (void)fprintf(out, "%s: ", key);
            print_scalar(value, out);
            (void)fputc('\n', out);
            continue;
        }
        (void)fprintf(out, "%s:\n", key);
        if (json_is_object(value)) {
            print_group(value, "  ", false, out);
        }
        json_array_foreach(value, index, entry)
        {
            print_group(entry, "  ", true, out);
        }
    }
    json_decref(root);
}

void config_print_json(const struct node_config *config, FILE *out)
{
    json_t *root = config_tree(config);

    CHECK(json_dumpf(root, out, JSON_COMPACT) == 0);
    (void)fputc('\n', out);
    json_decref(root);
}
