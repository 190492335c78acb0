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
#include "relay/signer/mandate.h"

#define KEY_TEXT_MAX 128
#define TEXT_MAX     1024

#define KEY_TIMEOUT_USUAL DURATION_MS(5000)

/* ---- the shape: every value is text here ---- */

struct yaml_web3signer {
    char *url;
    char *authority;
    char *timeout;
};

struct yaml_key {
    char *name;
    char *keystore;
    char *passphrase_file;
    char *address;
    struct yaml_web3signer *web3signer;
    char **roles;
    unsigned roles_count;
};

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

#define REQUIRED_TEXT(name, type, member)                                                          \
    CYAML_FIELD_STRING_PTR(name, CYAML_FLAG_POINTER, type, member, 1, TEXT_MAX)
#define OPTIONAL_TEXT(name, type, member)                                                          \
    CYAML_FIELD_STRING_PTR(name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, 1,        \
                           TEXT_MAX)

static const cyaml_schema_value_t text_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, TEXT_MAX)};

static const cyaml_schema_field_t web3signer_fields[] = {
    REQUIRED_TEXT("url", struct yaml_web3signer, url),
    OPTIONAL_TEXT("authority", struct yaml_web3signer, authority),
    OPTIONAL_TEXT("timeout", struct yaml_web3signer, timeout), CYAML_FIELD_END};

static const cyaml_schema_field_t key_fields[] = {
    REQUIRED_TEXT("name", struct yaml_key, name),
    OPTIONAL_TEXT("keystore", struct yaml_key, keystore),
    OPTIONAL_TEXT("passphrase_file", struct yaml_key, passphrase_file),
    OPTIONAL_TEXT("address", struct yaml_key, address),
    CYAML_FIELD_MAPPING_PTR("web3signer", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_key,
                            web3signer, web3signer_fields),
    CYAML_FIELD_SEQUENCE("roles", CYAML_FLAG_POINTER, struct yaml_key, roles, &text_schema, 1, 2),
    CYAML_FIELD_END};

static const cyaml_schema_value_t key_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_key, key_fields)};

static const cyaml_schema_field_t rule_fields[] = {
    REQUIRED_TEXT("leg", struct yaml_rule, leg),
    REQUIRED_TEXT("contract", struct yaml_rule, contract),
    OPTIONAL_TEXT("guard", struct yaml_rule, guard),
    OPTIONAL_TEXT("token", struct yaml_rule, token),
    CYAML_FIELD_SEQUENCE("bridges", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_rule,
                         bridges, &text_schema, 1, POLICY_BRIDGES_MAX),
    CYAML_FIELD_SEQUENCE("destinations", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_rule,
                         destinations, &text_schema, 1, POLICY_DESTINATIONS_MAX),
    CYAML_FIELD_SEQUENCE("venues", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct yaml_rule,
                         venues, &text_schema, 1, POLICY_VENUES_MAX),
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
                         approvers, &text_schema, 1, POLICY_APPROVERS_MAX),
    CYAML_FIELD_SEQUENCE("keys", CYAML_FLAG_POINTER, struct yaml_config, keys, &key_schema, 1,
                         WIRE_KEYS_MAX),
    CYAML_FIELD_SEQUENCE("chains", CYAML_FLAG_POINTER, struct yaml_config, chains, &chain_schema, 1,
                         CHAINS_MAX),
    CYAML_FIELD_END};

static const cyaml_schema_value_t config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct yaml_config, config_fields)};

/* ---- values ---- */

/* One load: the first error ends it. */
struct loader {
    const char *path;
    const struct settings *settings; /* knows the place of each key */
    struct signer_config *config;
    struct settings_error *error;
};

/* The name of one key, such as "chains[1].domain". */
struct key_name {
    char text[KEY_TEXT_MAX];
};

static struct key_name key_named(const char *format, ...) __attribute__((format(printf, 1, 2)));

static struct key_name key_named(const char *format, ...)
{
    struct key_name name;
    va_list arguments;
    va_start(arguments, format);
    const int count = vsnprintf(name.text, sizeof(name.text), format, arguments);
    va_end(arguments);
    CHECK(count > 0);
    CHECK((size_t)count < sizeof(name.text));
    return name;
}

static bool fail(const struct loader *loader, struct key_name key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool fail(const struct loader *loader, struct key_name key, const char *format, ...)
{
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    settings_fail(loader->settings, loader->error, key.text, "%s: %s", key.text, message);
    return false;
}

static bool load_number(const struct loader *loader, struct key_name key, const char *text,
                        uint64_t number_min, uint64_t number_max, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (settings_parse_u64(text, &number) != STATUS_OK || number < number_min ||
        number > number_max) {
        return fail(loader, key, "\"%.80s\" is not a whole number from %llu to %llu", text,
                    (unsigned long long)number_min, (unsigned long long)number_max);
    }
    *ret_number = number;
    return true;
}

static bool load_address(const struct loader *loader, struct key_name key, const char *text,
                         struct address *ret_address)
{
    const enum status status = settings_parse_address(text, ret_address);
    if (status == STATUS_CORRUPT) {
        return fail(loader, key, "\"%.80s\" has a wrong checksum (EIP-55): a digit is mistyped",
                    text);
    }
    if (status != STATUS_OK || strlen(text) != 42 || address_is_zero(ret_address)) {
        return fail(loader, key,
                    "\"%.80s\" is not the address of a contract (0x and 40 hexadecimal "
                    "digits)",
                    text);
    }
    return true;
}

static bool load_native(const struct loader *loader, struct key_name key, const char *text,
                        const char *example, struct amount *ret_amount)
{
    if (settings_parse_native(text, ret_amount) != STATUS_OK) {
        return fail(loader, key, "\"%.80s\" is not an amount with its unit, such as \"%s\"", text,
                    example);
    }
    return true;
}

/* The signer does not know how many decimals a token has, so it takes no other unit. */
static bool load_tokens(const struct loader *loader, struct key_name key, const char *text,
                        struct amount *ret_amount)
{
    if (settings_parse_amount(text, "base units", 0, ret_amount) != STATUS_OK) {
        return fail(loader, key,
                    "\"%.80s\" is not an amount of the token's smallest units, such as "
                    "\"250000000 base units\"",
                    text);
    }
    return true;
}

static bool load_name(const struct loader *loader, struct key_name key, const char *text,
                      char ret_name[NAME_BYTES_MAX])
{
    const size_t count = strlen(text);
    bool is_plain = count < NAME_BYTES_MAX;
    for (size_t i = 0; i < count; i++) {
        is_plain = is_plain && text[i] > 0x20 && text[i] < 0x7f;
    }
    if (!is_plain) {
        return fail(loader, key, "a name is 1 to %u printable characters without blanks",
                    NAME_BYTES_MAX - 1);
    }
    memcpy(ret_name, text, count + 1);
    return true;
}

/* A relative path starts at the folder of the file. */
static bool load_path(const struct loader *loader, struct key_name key, const char *text,
                      size_t path_bytes_max, char *ret_path)
{
    const char *slash = strrchr(loader->path, '/');
    text += strncmp(text, "./", 2) == 0 ? 2 : 0;
    const int folder_bytes = text[0] == '/' || slash == NULL ? 0 : (int)(slash - loader->path) + 1;
    const int count =
        snprintf(ret_path, path_bytes_max, "%.*s%s", folder_bytes, loader->path, text);
    if (count < 0 || (size_t)count >= path_bytes_max) {
        return fail(loader, key, "the path is longer than %zu bytes: %.*s%s", path_bytes_max - 1,
                    folder_bytes, loader->path, text);
    }
    return true;
}

/* "credential:NAME": what the service manager gave this process under that name. */
static bool load_secret_path(const struct loader *loader, struct key_name key, const char *text,
                             char ret_path[FILE_PATH_BYTES_MAX])
{
    static const char lead[] = "credential:";
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    const char *folder = secure_getenv("CREDENTIALS_DIRECTORY");

    if (strncmp(text, lead, sizeof(lead) - 1) != 0) {
        return load_path(loader, key, text, FILE_PATH_BYTES_MAX, ret_path);
    }
    text += sizeof(lead) - 1;
    if (text[0] == '\0' || text[0] == '.' || text[strspn(text, allowed)] != '\0') {
        return fail(loader, key, "\"%.80s\" is not the name of a credential", text);
    }
    if (folder == NULL) {
        return fail(
            loader, key,
            "there are no credentials: start it as a service with LoadCredential=%.80s:PATH", text);
    }
    const int count = snprintf(ret_path, FILE_PATH_BYTES_MAX, "%s/%s", folder, text);
    return (count > 0 && (size_t)count < FILE_PATH_BYTES_MAX) ||
           fail(loader, key, "the path of the credentials is too long");
}

/* ---- sections ---- */

/* What belongs to one kind of leg alone must be there for it, and for no other. */
static bool check_rule(const struct loader *loader, struct key_name key,
                       const struct yaml_rule *yaml, const struct policy_rule *rule)
{
    const bool has_amounts = yaml->amount_max != NULL && yaml->amount_per_hour_max != NULL;
    const bool has_amount = yaml->amount_max != NULL || yaml->amount_per_hour_max != NULL;
    const bool has_way = yaml->bridges_count > 0 || yaml->destinations_count > 0;
    const bool goes_far = rule->leg == LEG_REBALANCE || rule->leg == LEG_CROSSING;
    if (goes_far && (yaml->bridges_count == 0 || yaml->destinations_count == 0 || !has_amounts)) {
        return fail(loader, key,
                    "a %.80s needs bridges, destinations, amount_max and "
                    "amount_per_hour_max",
                    yaml->leg);
    }
    if ((rule->leg == LEG_CROSSING) != (yaml->token != NULL)) {
        return fail(loader, key,
                    "a bridge needs the token that goes over it, and nothing else has one");
    }
    if (rule->leg == LEG_VENUE && (yaml->venues_count == 0 || !has_amounts)) {
        return fail(loader, key, "a %.80s needs venues, amount_max and amount_per_hour_max",
                    yaml->leg);
    }
    if ((!goes_far && has_way) || (rule->leg != LEG_REBALANCE && yaml->guard != NULL)) {
        return fail(loader, key,
                    "guard belongs to a rebalance alone, bridges and destinations to a rebalance "
                    "or a bridge");
    }
    if (rule->leg != LEG_VENUE && yaml->venues_count > 0) {
        return fail(loader, key, "venues belong to what a spoke does alone");
    }
    return policy_moves(rule->leg) || !has_amount ||
           fail(loader, key, "amounts belong to a rebalance, or to what a spoke does, alone");
}

static bool load_domains(const struct loader *loader, struct key_name key,
                         const struct yaml_rule *yaml, struct policy_rule *rule)
{
    for (unsigned i = 0; i < yaml->destinations_count; i++) {
        uint64_t domain = 0;
        if (!load_number(loader, key_named("%s.destinations[%u]", key.text, i),
                         yaml->destinations[i], 1, UINT32_MAX, &domain)) {
            return false;
        }
        rule->destinations[i] = (uint32_t)domain;
    }
    rule->destinations_count = yaml->destinations_count;
    return true;
}

static bool load_way(const struct loader *loader, struct key_name key, const struct yaml_rule *yaml,
                     struct policy_rule *rule)
{
    if (yaml->guard != NULL &&
        !load_address(loader, key_named("%s.guard", key.text), yaml->guard, &rule->guard)) {
        return false;
    }
    if (yaml->token != NULL &&
        !load_address(loader, key_named("%s.token", key.text), yaml->token, &rule->token)) {
        return false;
    }
    for (unsigned i = 0; i < yaml->bridges_count; i++) {
        if (!load_address(loader, key_named("%s.bridges[%u]", key.text, i), yaml->bridges[i],
                          &rule->bridges[i])) {
            return false;
        }
    }
    rule->bridges_count = yaml->bridges_count;
    for (unsigned i = 0; i < yaml->venues_count; i++) {
        uint64_t index = 0;
        if (!load_number(loader, key_named("%s.venues[%u]", key.text, i), yaml->venues[i], 0,
                         UINT32_MAX, &index)) {
            return false;
        }
        rule->venues[i] = (uint32_t)index;
    }
    rule->venues_count = yaml->venues_count;
    return load_domains(loader, key, yaml, rule);
}

static bool load_bounds(const struct loader *loader, struct key_name key,
                        const struct yaml_rule *yaml, struct policy_rule *rule)
{
    if (!check_rule(loader, key, yaml, rule) || !load_way(loader, key, yaml, rule)) {
        return false;
    }
    return !policy_moves(rule->leg) ||
           (load_tokens(loader, key_named("%s.amount_max", key.text), yaml->amount_max,
                        &rule->amount_max) &&
            load_tokens(loader, key_named("%s.amount_per_hour_max", key.text),
                        yaml->amount_per_hour_max, &rule->amount_per_hour_max));
}

static bool load_rule(const struct loader *loader, struct key_name key,
                      const struct yaml_rule *yaml, struct policy_chain *chain)
{
    struct policy_rule *rule = &chain->rules[chain->rules_count];
    if (policy_find_leg(bytes_from_string(yaml->leg), rule) != STATUS_OK) {
        return fail(loader, key_named("%s.leg", key.text),
                    "\"%.80s\" is not a leg; legs are process, rebalance, announce, batch, "
                    "deposit, withdraw, borrow, repay, bridge, settle, close_round, settle_round, "
                    "invest, recall, report and pay_hub",
                    yaml->leg);
    }
    if (!load_address(loader, key_named("%s.contract", key.text), yaml->contract,
                      &rule->contract)) {
        return false;
    }
    for (uint32_t i = 0; i < chain->rules_count; i++) {
        if (chain->rules[i].leg == rule->leg && chain->rules[i].verb == rule->verb &&
            chain->rules[i].hub_verb == rule->hub_verb &&
            rule->leg != LEG_CROSSING && /* one for each token */
            address_equal(&chain->rules[i].contract, &rule->contract)) {
            return fail(loader, key, "this leg of this contract is allowed above already");
        }
    }
    chain->rules_count++;
    return load_bounds(loader, key, yaml, rule);
}

static bool load_identity(const struct loader *loader, struct key_name key,
                          const struct yaml_chain *yaml, struct policy_chain *chain)
{
    const struct policy *policy = &loader->config->policy;
    uint64_t domain = 0;
    if (!load_name(loader, key_named("%s.name", key.text), yaml->name, chain->name) ||
        !load_number(loader, key_named("%s.domain", key.text), yaml->domain, 1, UINT32_MAX,
                     &domain) ||
        !load_number(loader, key_named("%s.chain_id", key.text), yaml->chain_id, 1, UINT64_MAX,
                     &chain->chain_id)) {
        return false;
    }
    chain->domain = (uint32_t)domain;
    for (uint32_t i = 0; i < policy->chains_count; i++) {
        if (policy->chains[i].domain == chain->domain) {
            return fail(loader, key_named("%s.domain", key.text),
                        "%u is used by chain \"%.80s\" already", chain->domain,
                        policy->chains[i].name);
        }
        if (policy->chains[i].chain_id == chain->chain_id) {
            return fail(
                loader, key_named("%s.chain_id", key.text),
                "%llu is used by chain \"%.80s\" already: a signature for one would be valid on "
                "the other",
                (unsigned long long)chain->chain_id, policy->chains[i].name);
        }
    }
    return true;
}

/* NULL: false. */
static bool load_flag(const struct loader *loader, struct key_name key, const char *text,
                      bool *ret_flag)
{
    *ret_flag = text != NULL && strcmp(text, "true") == 0;
    return text == NULL || *ret_flag || strcmp(text, "false") == 0 ||
           fail(loader, key, "\"%.80s\" is neither true nor false", text);
}

static bool load_chain(const struct loader *loader, struct key_name key,
                       const struct yaml_chain *yaml)
{
    struct policy *policy = &loader->config->policy;
    struct policy_chain *chain = &policy->chains[policy->chains_count];
    if (!load_identity(loader, key, yaml, chain) ||
        !load_number(loader, key_named("%s.gas_limit_max", key.text), yaml->gas_limit_max, 21000,
                     1000000000, &chain->gas_limit_max) ||
        !load_native(loader, key_named("%s.fee_per_gas_max", key.text), yaml->fee_per_gas_max,
                     "200 gwei", &chain->fee_per_gas_max) ||
        !load_native(loader, key_named("%s.value_max", key.text), yaml->value_max, "0.01 ether",
                     &chain->value_max) ||
        !load_native(loader, key_named("%s.spend_per_hour_max", key.text), yaml->spend_per_hour_max,
                     "2 ether", &chain->spend_per_hour_max)) {
        return false;
    }
    for (unsigned i = 0; i < yaml->allow_count; i++) {
        if (!load_rule(loader, key_named("%s.allow[%u]", key.text, i), &yaml->allow[i], chain)) {
            return false;
        }
    }
    policy->chains_count++;
    if (!load_flag(loader, key_named("%s.lookups", key.text), yaml->lookups, &chain->lookups)) {
        return false;
    }
    if (yaml->validate == NULL) {
        return true;
    }
    chain->validates = true;
    return load_address(loader, key_named("%s.validate.merkle_tree_hook", key.text),
                        yaml->validate->merkle_tree_hook, &chain->tree_hook) &&
           load_address(loader, key_named("%s.validate.mailbox", key.text), yaml->validate->mailbox,
                        &chain->mailbox);
}

static bool load_role(const struct loader *loader, struct key_name key, const char *text,
                      struct config_key *to)
{
    if (strcmp(text, "chain") == 0) {
        to->chain = true;
        return true;
    }
    if (strcmp(text, "validator") == 0) {
        to->validator = true;
        return true;
    }
    return fail(loader, key, "\"%.80s\" is not a role; roles are chain and validator", text);
}

static bool load_keystore(const struct loader *loader, struct key_name key,
                          const struct yaml_key *yaml, struct config_key *to)
{
    if (yaml->keystore == NULL || yaml->passphrase_file == NULL || yaml->address != NULL) {
        return fail(loader, key,
                    "a key is in a keystore (keystore and passphrase_file) or elsewhere "
                    "(address and web3signer)");
    }
    return load_path(loader, key_named("%s.keystore", key.text), yaml->keystore,
                     FILE_PATH_BYTES_MAX, to->keystore) &&
           load_secret_path(loader, key_named("%s.passphrase_file", key.text),
                            yaml->passphrase_file, to->passphrase_file);
}

static bool load_timeout(const struct loader *loader, struct key_name key, const char *text,
                         struct duration *ret_timeout)
{
    const struct duration shortest = DURATION_MS(100);
    const struct duration longest = DURATION_MS(60000);

    *ret_timeout = KEY_TIMEOUT_USUAL;
    if (text == NULL) {
        return true;
    }
    return (settings_parse_duration(text, ret_timeout) == STATUS_OK &&
            ret_timeout->ns >= shortest.ns && ret_timeout->ns <= longest.ns) ||
           fail(loader, key, "\"%.80s\" is not a time from 100 ms to 60 s, such as \"5 s\"", text);
}

static bool load_web3signer(const struct loader *loader, struct key_name key,
                            const struct yaml_web3signer *yaml, struct key_place *to)
{
    to->backend = KEY_AT_WEB3SIGNER;
    if (https_place_read(yaml->url, &to->place) != STATUS_OK) {
        return fail(loader, key_named("%s.url", key.text),
                    "\"%.80s\" is not the address of a web server, such as "
                    "\"https://keys.example.com:9000\"",
                    yaml->url);
    }
    if (yaml->authority != NULL && !to->place.has_tls) {
        return fail(loader, key_named("%s.authority", key.text), "belongs to https:// alone");
    }
    return (yaml->authority == NULL ||
            load_path(loader, key_named("%s.authority", key.text), yaml->authority,
                      FILE_PATH_BYTES_MAX, to->authority_file)) &&
           load_timeout(loader, key_named("%s.timeout", key.text), yaml->timeout, &to->timeout);
}

/* A key elsewhere: by whatever name it goes there, here it is its address. */
static bool load_elsewhere(const struct loader *loader, struct key_name key,
                           const struct yaml_key *yaml, struct key_place *to)
{
    if (yaml->keystore != NULL || yaml->passphrase_file != NULL || yaml->address == NULL) {
        return fail(loader, key,
                    "a key elsewhere needs `address`, and neither keystore nor passphrase_file");
    }
    const struct key_name name = key_named("%s.address", key.text);
    for (uint32_t i = 0; i < loader->config->keys_count; i++) {
        const struct key_place *other = &loader->config->places[i];
        struct address address;
        if (settings_parse_address(yaml->address, &address) == STATUS_OK &&
            other->backend != KEY_IN_KEYSTORE && address_equal(&other->address, &address)) {
            return fail(loader, name, "is the address of another key of this file");
        }
    }
    return load_address(loader, name, yaml->address, &to->address) &&
           load_web3signer(loader, key_named("%s.web3signer", key.text), yaml->web3signer, to);
}

static bool load_key(const struct loader *loader, struct key_name key, const struct yaml_key *yaml)
{
    struct config_key *to = &loader->config->keys[loader->config->keys_count];
    struct key_place *place = &loader->config->places[loader->config->keys_count];
    if (!load_name(loader, key_named("%s.name", key.text), yaml->name, to->name) ||
        !(yaml->web3signer == NULL ? load_keystore(loader, key, yaml, to)
                                   : load_elsewhere(loader, key, yaml, place))) {
        return false;
    }
    for (unsigned i = 0; i < yaml->roles_count; i++) {
        if (!load_role(loader, key_named("%s.roles[%u]", key.text, i), yaml->roles[i], to)) {
            return false;
        }
    }
    loader->config->keys_count++;
    return true;
}

static bool load_mode(const struct loader *loader, const char *text)
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
    return fail(loader, key_named("mode"),
                "\"%.80s\" is not a mode; modes are observe, propose and act", text);
}

/* What binds moves to a mandate and to the people who approve. */
static bool load_approval(const struct loader *loader, const struct yaml_config *yaml)
{
    struct policy *policy = &loader->config->policy;
    const bool is_propose = policy->mode == SIGNER_MODE_PROPOSE;
    if (yaml->mandate != NULL) {
        if (hex_decode_hash(bytes_from_string(yaml->mandate), &policy->mandate) != STATUS_OK ||
            hash_is_zero(&policy->mandate)) {
            return fail(loader, key_named("mandate"),
                        "\"%.80s\" is not the hash of a mandate (0x and 64 hexadecimal digits); "
                        "'sluice approve PLAN --print' shows it",
                        yaml->mandate);
        }
        policy->has_mandate = true;
    }
    if (yaml->mandate != NULL && yaml->mandate_file != NULL) {
        return fail(loader, key_named("mandate"), "says what `mandate_file` says: leave it out");
    }
    if (is_propose &&
        ((!policy->has_mandate && yaml->mandate_file == NULL) || yaml->approvers_count == 0)) {
        return fail(loader, key_named("mode"),
                    "propose needs `mandate` or `mandate_file`, and `approvers`");
    }
    if (!is_propose && yaml->approvers_count > 0) {
        return fail(loader, key_named("approvers"), "approvers belong to `mode: propose` alone");
    }
    for (unsigned i = 0; i < yaml->approvers_count; i++) {
        if (!load_address(loader, key_named("approvers[%u]", i), yaml->approvers[i],
                          &policy->approvers[i])) {
            return false;
        }
    }
    policy->approvers_count = yaml->approvers_count;
    return true;
}

static bool load_all(const struct loader *loader, const struct yaml_config *yaml)
{
    struct signer_config *config = loader->config;
    uint64_t client_uid = 0;
    if (!load_path(loader, key_named("socket"), yaml->socket, SIGNER_SOCKET_BYTES_MAX,
                   config->socket) ||
        !load_path(loader, key_named("state"), yaml->state, FILE_PATH_BYTES_MAX, config->state) ||
        !load_mode(loader, yaml->mode) || !load_approval(loader, yaml)) {
        return false;
    }
    if (yaml->client_uid != NULL) {
        if (!load_number(loader, key_named("client_uid"), yaml->client_uid, 0, UINT32_MAX - 1,
                         &client_uid)) {
            return false;
        }
        config->has_client_uid = true;
        config->client_uid = (uint32_t)client_uid;
    }
    for (unsigned i = 0; i < yaml->keys_count; i++) {
        if (!load_key(loader, key_named("keys[%u]", i), &yaml->keys[i])) {
            return false;
        }
    }
    for (unsigned i = 0; i < yaml->chains_count; i++) {
        if (!load_chain(loader, key_named("chains[%u]", i), &yaml->chains[i])) {
            return false;
        }
    }
    return true;
}

/* The mandate in force, by the file and by what was accepted before; it narrows the policy. */
static enum status load_mandate(const struct loader *loader, const struct yaml_config *yaml)
{
    struct signer_config *config = loader->config;
    struct mandate_acceptance acceptance;
    struct mandate_findings findings;
    struct timespec now;

    if (yaml->mandate_file == NULL) {
        return STATUS_OK;
    }
    if (!load_path(loader, key_named("mandate_file"), yaml->mandate_file, FILE_PATH_BYTES_MAX,
                   config->mandate_file)) {
        return STATUS_MALFORMED;
    }
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) {
        (void)fail(loader, key_named("mandate_file"), "the clock cannot be read");
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
        (void)fail(loader, key_named("mandate_file"), "%s:%u: %s", config->mandate_file,
                   findings.list[0].line, findings.list[0].text);
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
    const struct loader loader = {
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
