/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/mandate/accept.h"
#include "relay/mandate/check.h"
#include "relay/signer/config_internal.h"
#include "relay/signer/mandate.h"

/* ---- the shape: every value is text here ---- */

struct yaml_rule {
    char *leg;
    char *contract;
    char *guard;
    char *token;
    char **bridges; /* absent: NULL and 0 */
    unsigned bridges_count;
    char **destinations;
    unsigned destinations_count;
    char **venues;
    unsigned venues_count;
    char *amount_max;
    char *amount_per_hour_max;
};

struct yaml_validate {
    char *merkle_tree_hook;
    char *mailbox;
};

struct yaml_chain {
    char *name;
    char *domain;
    char *chain_id;
    char *gas_limit_max;
    char *fee_per_gas_max;
    char *value_max;
    char *spend_per_hour_max;
    struct yaml_rule *allow;
    unsigned allow_count;
    struct yaml_validate *validate;
    char *lookups;
};

struct yaml_config {
    char *socket;
    char *state;
    char *mode;
    char *client_uid;
    char *mandate;
    char *mandate_file;
    char **approvers;
    unsigned approvers_count;
    struct yaml_key *keys;
    unsigned keys_count;
    struct yaml_chain *chains;
    unsigned chains_count;
};

const cyaml_schema_value_t config_text_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, CONFIG_TEXT_MAX)};

static const cyaml_schema_field_t rule_fields[] = {
    REQUIRED_TEXT("leg", struct yaml_rule, leg),
    REQUIRED_TEXT("contract", struct yaml_rule, contract),
    OPTIONAL_TEXT("guard", struct yaml_rule, guard),
    OPTIONAL_TEXT("token", struct yaml_rule, token),
    CYAML_FIELD_SEQUENCE("bridges", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_rule,
                         bridges, &config_text_schema, 1, POLICY_BRIDGES_MAX),
    CYAML_FIELD_SEQUENCE("destinations", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_rule,
                         destinations, &config_text_schema, 1, POLICY_DESTINATIONS_MAX),
    CYAML_FIELD_SEQUENCE("venues", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_rule,
                         venues, &config_text_schema, 1, POLICY_VENUES_MAX),
    OPTIONAL_TEXT("amount_max", struct yaml_rule, amount_max),
    OPTIONAL_TEXT("amount_per_hour_max", struct yaml_rule, amount_per_hour_max),
    CYAML_FIELD_END};

static const cyaml_schema_value_t rule_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_rule, rule_fields)};

static const cyaml_schema_field_t validate_fields[] = {
    REQUIRED_TEXT("merkle_tree_hook", struct yaml_validate, merkle_tree_hook),
    REQUIRED_TEXT("mailbox", struct yaml_validate, mailbox), CYAML_FIELD_END};

static const cyaml_schema_field_t chain_fields[] = {
    REQUIRED_TEXT("name", struct yaml_chain, name),
    REQUIRED_TEXT("domain", struct yaml_chain, domain),
    REQUIRED_TEXT("chain_id", struct yaml_chain, chain_id),
    REQUIRED_TEXT("gas_limit_max", struct yaml_chain, gas_limit_max),
    REQUIRED_TEXT("fee_per_gas_max", struct yaml_chain, fee_per_gas_max),
    REQUIRED_TEXT("value_max", struct yaml_chain, value_max),
    REQUIRED_TEXT("spend_per_hour_max", struct yaml_chain, spend_per_hour_max),
    CYAML_FIELD_SEQUENCE("allow", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_chain,
                         allow, &rule_schema, 1, POLICY_RULES_MAX),
    CYAML_FIELD_MAPPING_PTR("validate", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_chain,
                            validate, validate_fields),
    OPTIONAL_TEXT("lookups", struct yaml_chain, lookups),
    CYAML_FIELD_END};

static const cyaml_schema_value_t chain_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_chain, chain_fields)};

static const cyaml_schema_field_t config_fields[] = {
    REQUIRED_TEXT("socket", struct yaml_config, socket),
    REQUIRED_TEXT("state", struct yaml_config, state),
    OPTIONAL_TEXT("mode", struct yaml_config, mode),
    OPTIONAL_TEXT("client_uid", struct yaml_config, client_uid),
    OPTIONAL_TEXT("mandate", struct yaml_config, mandate),
    OPTIONAL_TEXT("mandate_file", struct yaml_config, mandate_file),
    CYAML_FIELD_SEQUENCE("approvers", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_config,
                         approvers, &config_text_schema, 1, POLICY_APPROVERS_MAX),
    CYAML_FIELD_SEQUENCE("keys", CYAML_FLAG_POINTER, struct yaml_config, keys, &config_key_schema,
                         1, WIRE_KEYS_MAX),
    CYAML_FIELD_SEQUENCE("chains", CYAML_FLAG_POINTER, struct yaml_config, chains, &chain_schema, 1,
                         CHAINS_MAX),
    CYAML_FIELD_END};

static const cyaml_schema_value_t config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct yaml_config, config_fields)};

/* ---- values ---- */

struct config_place config_key_named(const char *format, ...)
{
    struct config_place name;
    va_list arguments;
    va_start(arguments, format);
    const int count = vsnprintf(name.text, sizeof(name.text), format, arguments);
    va_end(arguments);
    CHECK(count > 0);
    CHECK((size_t)count < sizeof(name.text));
    return name;
}

bool config_fail(const struct config_loader *loader, struct config_place key, const char *format,
                 ...)
{
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    settings_fail(loader->settings, loader->error, key.text, "%s: %s", key.text, message);
    return false;
}

static bool load_number(const struct config_loader *loader, struct config_place key,
                        const char *text, uint64_t number_min, uint64_t number_max,
                        uint64_t *ret_number)
{
    uint64_t number = 0;
    if (settings_parse_u64(text, &number) != STATUS_OK || number < number_min ||
        number > number_max) {
        return config_fail(loader, key, "\"%.80s\" is not a whole number from %llu to %llu", text,
                           (unsigned long long)number_min, (unsigned long long)number_max);
    }
    *ret_number = number;
    return true;
}

bool config_load_address(const struct config_loader *loader, struct config_place key,
                         const char *text, struct address *ret_address)
{
    const enum status status = settings_parse_address(text, ret_address);
    if (status == STATUS_CORRUPT) {
        return config_fail(loader, key,
                           "\"%.80s\" has a wrong checksum (EIP-55): a digit is mistyped", text);
    }
    if (status != STATUS_OK || strlen(text) != 42 || address_is_zero(ret_address)) {
        return config_fail(loader, key,
                           "\"%.80s\" is not the address of a contract (0x and 40 hexadecimal "
                           "digits)",
                           text);
    }
    return true;
}

static bool load_native(const struct config_loader *loader, struct config_place key,
                        const char *text, const char *example, struct amount *ret_amount)
{
    if (settings_parse_native(text, ret_amount) != STATUS_OK) {
        return config_fail(loader, key, "\"%.80s\" is not an amount with its unit, such as \"%s\"",
                           text, example);
    }
    return true;
}

/* The signer does not know how many decimals a token has, so it takes no other unit. */
static bool load_tokens(const struct config_loader *loader, struct config_place key,
                        const char *text, struct amount *ret_amount)
{
    if (settings_parse_amount(text, "base units", 0, ret_amount) != STATUS_OK) {
        return config_fail(loader, key,
                           "\"%.80s\" is not an amount of the token's smallest units, such as "
                           "\"250000000 base units\"",
                           text);
    }
    return true;
}

bool config_load_name(const struct config_loader *loader, struct config_place key, const char *text,
                      char ret_name[NAME_BYTES_MAX])
{
    const size_t count = strlen(text);
    bool is_plain = count < NAME_BYTES_MAX;
    for (size_t i = 0; i < count; i++) {
        is_plain = is_plain && text[i] > 0x20 && text[i] < 0x7f;
    }
    if (!is_plain) {
        return config_fail(loader, key, "a name is 1 to %u printable characters without blanks",
                           NAME_BYTES_MAX - 1);
    }
    memcpy(ret_name, text, count + 1);
    return true;
}

/* A relative path starts at the folder of the file. */
bool config_load_path(const struct config_loader *loader, struct config_place key, const char *text,
                      size_t path_bytes_max, char *ret_path)
{
    const char *slash = strrchr(loader->path, '/');
    text += strncmp(text, "./", 2) == 0 ? 2 : 0;
    const int folder_bytes = text[0] == '/' || slash == NULL ? 0 : (int)(slash - loader->path) + 1;
    const int count =
        snprintf(ret_path, path_bytes_max, "%.*s%s", folder_bytes, loader->path, text);
    if (count < 0 || (size_t)count >= path_bytes_max) {
        return config_fail(loader, key, "the path is longer than %zu bytes: %.*s%s",
                           path_bytes_max - 1, folder_bytes, loader->path, text);
    }
    return true;
}

/* ---- sections ---- */

/* What belongs to one kind of leg alone must be there for it, and for no other. */
static bool check_rule(const struct config_loader *loader, struct config_place key,
                       const struct yaml_rule *yaml, const struct policy_rule *rule)
{
    const bool has_amounts = yaml->amount_max != NULL && yaml->amount_per_hour_max != NULL;
    const bool has_amount = yaml->amount_max != NULL || yaml->amount_per_hour_max != NULL;
    const bool has_way = yaml->bridges_count > 0 || yaml->destinations_count > 0;
    const bool goes_far = rule->leg == LEG_REBALANCE || rule->leg == LEG_CROSSING;
    if (goes_far && (yaml->bridges_count == 0 || yaml->destinations_count == 0 || !has_amounts)) {
        return config_fail(loader, key,
                           "a %.80s needs bridges, destinations, amount_max and "
                           "amount_per_hour_max",
                           yaml->leg);
    }
    if ((rule->leg == LEG_CROSSING) != (yaml->token != NULL)) {
        return config_fail(loader, key,
                           "a bridge needs the token that goes over it, and nothing else has one");
    }
    if (rule->leg == LEG_VENUE && (yaml->venues_count == 0 || !has_amounts)) {
        return config_fail(loader, key, "a %.80s needs venues, amount_max and amount_per_hour_max",
                           yaml->leg);
    }
    if ((!goes_far && has_way) || (rule->leg != LEG_REBALANCE && yaml->guard != NULL)) {
        return config_fail(
            loader, key,
            "guard belongs to a rebalance alone, bridges and destinations to a rebalance "
            "or a bridge");
    }
    if (rule->leg != LEG_VENUE && yaml->venues_count > 0) {
        return config_fail(loader, key, "venues belong to what a spoke does alone");
    }
    return policy_moves(rule->leg) || !has_amount ||
           config_fail(loader, key,
                       "amounts belong to a rebalance, or to what a spoke does, alone");
}

static bool load_domains(const struct config_loader *loader, struct config_place key,
                         const struct yaml_rule *yaml, struct policy_rule *rule)
{
    for (unsigned i = 0; i < yaml->destinations_count; i++) {
        uint64_t domain = 0;
        if (!load_number(loader, config_key_named("%s.destinations[%u]", key.text, i),
                         yaml->destinations[i], 1, UINT32_MAX, &domain)) {
            return false;
        }
        rule->destinations[i] = (uint32_t)domain;
    }
    rule->destinations_count = yaml->destinations_count;
    return true;
}

static bool load_way(const struct config_loader *loader, struct config_place key,
                     const struct yaml_rule *yaml, struct policy_rule *rule)
{
    if (yaml->guard != NULL && !config_load_address(loader, config_key_named("%s.guard", key.text),
                                                    yaml->guard, &rule->guard)) {
        return false;
    }
    if (yaml->token != NULL && !config_load_address(loader, config_key_named("%s.token", key.text),
                                                    yaml->token, &rule->token)) {
        return false;
    }
    for (unsigned i = 0; i < yaml->bridges_count; i++) {
        if (!config_load_address(loader, config_key_named("%s.bridges[%u]", key.text, i),
                                 yaml->bridges[i], &rule->bridges[i])) {
            return false;
        }
    }
    rule->bridges_count = yaml->bridges_count;
    for (unsigned i = 0; i < yaml->venues_count; i++) {
        uint64_t index = 0;
        if (!load_number(loader, config_key_named("%s.venues[%u]", key.text, i), yaml->venues[i], 0,
                         UINT32_MAX, &index)) {
            return false;
        }
        rule->venues[i] = (uint32_t)index;
    }
    rule->venues_count = yaml->venues_count;
    return load_domains(loader, key, yaml, rule);
}

static bool load_bounds(const struct config_loader *loader, struct config_place key,
                        const struct yaml_rule *yaml, struct policy_rule *rule)
{
    if (!check_rule(loader, key, yaml, rule) || !load_way(loader, key, yaml, rule)) {
        return false;
    }
    return !policy_moves(rule->leg) ||
           (load_tokens(loader, config_key_named("%s.amount_max", key.text), yaml->amount_max,
                        &rule->amount_max) &&
            load_tokens(loader, config_key_named("%s.amount_per_hour_max", key.text),
                        yaml->amount_per_hour_max, &rule->amount_per_hour_max));
}

static bool load_rule(const struct config_loader *loader, struct config_place key,
                      const struct yaml_rule *yaml, struct policy_chain *chain)
{
    struct policy_rule *rule = &chain->rules[chain->rules_count];
    if (policy_find_leg(bytes_from_string(yaml->leg), rule) != STATUS_OK) {
        return config_fail(
            loader, config_key_named("%s.leg", key.text),
            "\"%.80s\" is not a leg; legs are process, rebalance, announce, batch, "
            "deposit, withdraw, borrow, repay, bridge, settle, close_round, settle_round, "
            "invest, recall, report and pay_hub",
            yaml->leg);
    }
    if (!config_load_address(loader, config_key_named("%s.contract", key.text), yaml->contract,
                             &rule->contract)) {
        return false;
    }
    for (uint32_t i = 0; i < chain->rules_count; i++) {
        if (chain->rules[i].leg == rule->leg && chain->rules[i].verb == rule->verb &&
            chain->rules[i].hub_verb == rule->hub_verb &&
            rule->leg != LEG_CROSSING && /* one for each token */
            address_equal(&chain->rules[i].contract, &rule->contract)) {
            return config_fail(loader, key, "this leg of this contract is allowed above already");
        }
    }
    chain->rules_count++;
    return load_bounds(loader, key, yaml, rule);
}

static bool load_identity(const struct config_loader *loader, struct config_place key,
                          const struct yaml_chain *yaml, struct policy_chain *chain)
{
    const struct policy *policy = &loader->config->policy;
    uint64_t domain = 0;
    if (!config_load_name(loader, config_key_named("%s.name", key.text), yaml->name, chain->name) ||
        !load_number(loader, config_key_named("%s.domain", key.text), yaml->domain, 1, UINT32_MAX,
                     &domain) ||
        !load_number(loader, config_key_named("%s.chain_id", key.text), yaml->chain_id, 1,
                     UINT64_MAX, &chain->chain_id)) {
        return false;
    }
    chain->domain = (uint32_t)domain;
    for (uint32_t i = 0; i < policy->chains_count; i++) {
        if (policy->chains[i].domain == chain->domain) {
            return config_fail(loader, config_key_named("%s.domain", key.text),
                               "%u is used by chain \"%.80s\" already", chain->domain,
                               policy->chains[i].name);
        }
        if (policy->chains[i].chain_id == chain->chain_id) {
            return config_fail(
                loader, config_key_named("%s.chain_id", key.text),
                "%llu is used by chain \"%.80s\" already: a signature for one would be valid on "
                "the other",
                (unsigned long long)chain->chain_id, policy->chains[i].name);
        }
    }
    return true;
}

/* NULL: false. */
static bool load_flag(const struct config_loader *loader, struct config_place key, const char *text,
                      bool *ret_flag)
{
    *ret_flag = text != NULL && strcmp(text, "true") == 0;
    return text == NULL || *ret_flag || strcmp(text, "false") == 0 ||
           config_fail(loader, key, "\"%.80s\" is neither true nor false", text);
}

static bool load_chain(const struct config_loader *loader, struct config_place key,
                       const struct yaml_chain *yaml)
{
    struct policy *policy = &loader->config->policy;
    struct policy_chain *chain = &policy->chains[policy->chains_count];
    if (!load_identity(loader, key, yaml, chain) ||
        !load_number(loader, config_key_named("%s.gas_limit_max", key.text), yaml->gas_limit_max,
                     21000, 1000000000, &chain->gas_limit_max) ||
        !load_native(loader, config_key_named("%s.fee_per_gas_max", key.text),
                     yaml->fee_per_gas_max, "200 gwei", &chain->fee_per_gas_max) ||
        !load_native(loader, config_key_named("%s.value_max", key.text), yaml->value_max,
                     "0.01 ether", &chain->value_max) ||
        !load_native(loader, config_key_named("%s.spend_per_hour_max", key.text),
                     yaml->spend_per_hour_max, "2 ether", &chain->spend_per_hour_max)) {
        return false;
    }
    for (unsigned i = 0; i < yaml->allow_count; i++) {
        if (!load_rule(loader, config_key_named("%s.allow[%u]", key.text, i), &yaml->allow[i],
                       chain)) {
            return false;
        }
    }
    policy->chains_count++;
    if (!load_flag(loader, config_key_named("%s.lookups", key.text), yaml->lookups,
                   &chain->lookups)) {
        return false;
    }
    if (yaml->validate == NULL) {
        return true;
    }
    chain->validates = true;
    return config_load_address(loader, config_key_named("%s.validate.merkle_tree_hook", key.text),
                               yaml->validate->merkle_tree_hook, &chain->tree_hook) &&
           config_load_address(loader, config_key_named("%s.validate.mailbox", key.text),
                               yaml->validate->mailbox, &chain->mailbox);
}

static bool load_mode(const struct config_loader *loader, const char *text)
{
    static const struct {
        const char *name;
        enum signer_mode mode;
    } modes[] = {{"observe", SIGNER_MODE_OBSERVE},
                 {"propose", SIGNER_MODE_PROPOSE},
                 {"act", SIGNER_MODE_ACT}};
    if (text == NULL) {
        loader->config->policy.mode = SIGNER_MODE_OBSERVE;
        return true;
    }
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(text, modes[i].name) == 0) {
            loader->config->policy.mode = modes[i].mode;
            return true;
        }
    }
    return config_fail(loader, config_key_named("mode"),
                       "\"%.80s\" is not a mode; modes are observe, propose and act", text);
}

/* What binds moves to a mandate and to the people who approve. */
static bool load_approval(const struct config_loader *loader, const struct yaml_config *yaml)
{
    struct policy *policy = &loader->config->policy;
    const bool is_propose = policy->mode == SIGNER_MODE_PROPOSE;
    if (yaml->mandate != NULL) {
        if (hex_decode_hash(bytes_from_string(yaml->mandate), &policy->mandate) != STATUS_OK ||
            hash_is_zero(&policy->mandate)) {
            return config_fail(
                loader, config_key_named("mandate"),
                "\"%.80s\" is not the hash of a mandate (0x and 64 hexadecimal digits); "
                "'sluice approve PLAN --print' shows it",
                yaml->mandate);
        }
        policy->has_mandate = true;
    }
    if (yaml->mandate != NULL && yaml->mandate_file != NULL) {
        return config_fail(loader, config_key_named("mandate"),
                           "says what `mandate_file` says: leave it out");
    }
    if (is_propose &&
        ((!policy->has_mandate && yaml->mandate_file == NULL) || yaml->approvers_count == 0)) {
        return config_fail(loader, config_key_named("mode"),
                           "propose needs `mandate` or `mandate_file`, and `approvers`");
    }
    if (!is_propose && yaml->approvers_count > 0) {
        return config_fail(loader, config_key_named("approvers"),
                           "approvers belong to `mode: propose` alone");
    }
    for (unsigned i = 0; i < yaml->approvers_count; i++) {
        if (!config_load_address(loader, config_key_named("approvers[%u]", i), yaml->approvers[i],
                                 &policy->approvers[i])) {
            return false;
        }
    }
    policy->approvers_count = yaml->approvers_count;
    return true;
}

static bool load_all(const struct config_loader *loader, const struct yaml_config *yaml)
{
    struct signer_config *config = loader->config;
    uint64_t client_uid = 0;
    if (!config_load_path(loader, config_key_named("socket"), yaml->socket, SIGNER_SOCKET_BYTES_MAX,
                          config->socket) ||
        !config_load_path(loader, config_key_named("state"), yaml->state, FILE_PATH_BYTES_MAX,
                          config->state) ||
        !load_mode(loader, yaml->mode) || !load_approval(loader, yaml)) {
        return false;
    }
    if (yaml->client_uid != NULL) {
        if (!load_number(loader, config_key_named("client_uid"), yaml->client_uid, 0,
                         UINT32_MAX - 1, &client_uid)) {
            return false;
        }
        config->has_client_uid = true;
        config->client_uid = (uint32_t)client_uid;
    }
    for (unsigned i = 0; i < yaml->keys_count; i++) {
        if (!config_load_key(loader, config_key_named("keys[%u]", i), &yaml->keys[i])) {
            return false;
        }
    }
    for (unsigned i = 0; i < yaml->chains_count; i++) {
        if (!load_chain(loader, config_key_named("chains[%u]", i), &yaml->chains[i])) {
            return false;
        }
    }
    return true;
}

/* The mandate in force, by the file and by what was accepted before; it narrows the policy. */
static enum status load_mandate(const struct config_loader *loader, const struct yaml_config *yaml)
{
    struct signer_config *config = loader->config;
    struct mandate_acceptance acceptance;
    struct mandate_findings findings;
    struct timespec now;

    if (yaml->mandate_file == NULL) {
        return STATUS_OK;
    }
    if (!config_load_path(loader, config_key_named("mandate_file"), yaml->mandate_file,
                          FILE_PATH_BYTES_MAX, config->mandate_file)) {
        return STATUS_MALFORMED;
    }
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) {
        (void)config_fail(loader, config_key_named("mandate_file"), "the clock cannot be read");
        return STATUS_IO;
    }
    const enum status status =
        mandate_accept(config->state, config->mandate_file, (uint64_t)now.tv_sec, MANDATE_LOOK,
                       &acceptance, loader->error);
    if (status != STATUS_OK) {
        return status;
    }
    mandate_check(acceptance.mandate, &findings);
    if (findings.count == 0) {
        signer_mandate_apply(acceptance.mandate, &config->policy);
    } else {
        (void)config_fail(loader, config_key_named("mandate_file"), "%s:%u: %s",
                          config->mandate_file, findings.list[0].line, findings.list[0].text);
    }
    (void)mandate_free(acceptance.mandate);
    return findings.count == 0 ? STATUS_OK : STATUS_MALFORMED;
}

enum status signer_config_load(const char *path, struct signer_config **ret_config,
                               struct settings_error *ret_error)
{
    struct settings *settings = NULL;
    void *data = NULL;
    struct signer_config *config = calloc(1, sizeof(*config));
    if (config == NULL) {
        (void)snprintf(ret_error->text, sizeof(ret_error->text), "%.500s: no memory", path);
        return STATUS_NO_MEMORY;
    }
    enum status status = settings_load(path, &config_schema, &settings, &data, ret_error);
    if (status != STATUS_OK) {
        signer_config_free(config);
        return status;
    }
    const struct config_loader loader = {
        .path = path, .settings = settings, .config = config, .error = ret_error};
    status = load_all(&loader, data) ? STATUS_OK : STATUS_MALFORMED;
    if (status == STATUS_OK) {
        status = load_mandate(&loader, data);
    }
    settings_release(settings, &config_schema, data);
    if (status != STATUS_OK) {
        signer_config_free(config);
        return status;
    }
    *ret_config = config;
    return STATUS_OK;
}

struct signer_config *signer_config_free(struct signer_config *config)
{
    free(config);
    return NULL;
}
