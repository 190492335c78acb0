/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/settings.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/hex.h"
#include "relay/signer/settings_yaml.h"

#define KEY_TEXT_MAX 128

/* One load: the first error ends it. */
struct loader {
    const char *path;
    struct bytes text;
    struct settings *settings;
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
    const struct yaml_place place = yaml_find_place(loader->text, key.text);
    (void)snprintf(loader->error->text, sizeof(loader->error->text), "%s:%zu:%zu: %s: %s",
                   loader->path, place.line, place.column, key.text, message);
    return false;
}

/* ---- values ---- */

static bool load_number(const struct loader *loader, struct key_name key, const char *text,
                        uint64_t number_min, uint64_t number_max, uint64_t *ret_number)
{
    struct amount amount;
    uint64_t number = 0;
    if (amount_parse_decimal(bytes_from_string(text), &amount) != STATUS_OK ||
        amount_to_u64(&amount, &number) != STATUS_OK || number < number_min ||
        number > number_max) {
        return fail(loader, key, "`%s` is not a whole number from %llu to %llu", text,
                    (unsigned long long)number_min, (unsigned long long)number_max);
    }
    *ret_number = number;
    return true;
}

/* The mixed case of an address is a checksum over its digits (EIP-55). */
static bool case_is_right(const char *digits)
{
    char lower[41];
    for (size_t i = 0; i < 40; i++) {
        const char digit = digits[i];
        lower[i] = (char)(digit >= 'A' && digit <= 'F' ? digit - 'A' + 'a' : digit);
    }
    lower[40] = '\0';
    const struct hash hash = keccak256(bytes_from(lower, 40));
    bool has_lower = false;
    bool has_upper = false;
    bool matches = true;
    for (size_t i = 0; i < 40; i++) {
        const uint8_t nibble = (uint8_t)(hash.bytes[i / 2] >> (i % 2 == 0 ? 4 : 0) & 0x0f);
        const bool is_letter = lower[i] >= 'a';
        const bool is_upper = digits[i] != lower[i];
        has_upper = has_upper || is_upper;
        has_lower = has_lower || (is_letter && !is_upper);
        matches = matches && (!is_letter || is_upper == (nibble >= 8));
    }
    return matches || !has_upper || !has_lower;
}

static bool load_address(const struct loader *loader, struct key_name key, const char *text,
                         struct address *ret_address)
{
    struct address address;
    if (strlen(text) != 42 || strncmp(text, "0x", 2) != 0 ||
        hex_decode_address(bytes_from_string(text), &address) != STATUS_OK) {
        return fail(loader, key, "`%s` is not an address (0x and 40 hexadecimal digits)", text);
    }
    if (!case_is_right(text + 2)) {
        return fail(loader, key, "`%s` has a wrong checksum (EIP-55): a digit is mistyped", text);
    }
    if (address_is_zero(&address)) {
        return fail(loader, key, "the zero address is no contract");
    }
    *ret_address = address;
    return true;
}

struct unit {
    const char *name;
    uint32_t decimals;
};

static const struct unit native_units[] = {{"wei", 0}, {"gwei", 9}, {"ether", 18}, {NULL, 0}};
static const struct unit token_units[] = {{"base units", 0}, {NULL, 0}};

static const struct unit *find_unit(const struct unit *units, const char *name)
{
    for (; units->name != NULL; units++) {
        if (strcmp(units->name, name) == 0) {
            return units;
        }
    }
    return NULL;
}

/* "12.5" with 18 decimals to base units. */
static bool scale_decimal(struct bytes text, uint32_t decimals, struct amount *ret_amount)
{
    char digits[AMOUNT_DECIMAL_BYTES_MAX];
    size_t digits_count = 0;
    bool has_point = false;
    uint32_t missing = decimals;
    for (size_t i = 0; i < text.count; i++) {
        if (text.data[i] == '.' && !has_point && i > 0 && i + 1 < text.count) {
            has_point = true;
            continue;
        }
        if (has_point && missing == 0) {
            return false;
        }
        missing -= has_point ? 1 : 0;
        if (digits_count + 1 >= sizeof(digits)) {
            return false;
        }
        digits[digits_count] = (char)text.data[i];
        digits_count++;
    }
    for (; missing > 0 && digits_count + 1 < sizeof(digits); missing--) {
        digits[digits_count] = '0';
        digits_count++;
    }
    return missing == 0 &&
           amount_parse_decimal(bytes_from(digits, digits_count), ret_amount) == STATUS_OK;
}

static bool load_amount(const struct loader *loader, struct key_name key, const char *text,
                        const struct unit *units, const char *example, struct amount *ret_amount)
{
    const char *blank = strchr(text, ' ');
    const struct unit *unit = blank != NULL ? find_unit(units, blank + 1) : NULL;
    if (unit == NULL ||
        !scale_decimal(bytes_from(text, (size_t)(blank - text)), unit->decimals, ret_amount)) {
        return fail(loader, key, "`%s` is not an amount with its unit, such as `%s`", text,
                    example);
    }
    return true;
}

static bool load_native(const struct loader *loader, struct key_name key, const char *text,
                        const char *example, struct amount *ret_amount)
{
    return load_amount(loader, key, text, native_units, example, ret_amount);
}

static bool load_tokens(const struct loader *loader, struct key_name key, const char *text,
                        struct amount *ret_amount)
{
    return load_amount(loader, key, text, token_units, "250000000 base units", ret_amount);
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

/* ---- sections ---- */

static bool load_rebalance(const struct loader *loader, struct key_name key,
                           const struct yaml_rule *yaml, struct policy_rule *rule)
{
    const bool is_rebalance = rule->leg == LEG_REBALANCE;
    const bool has_all = yaml->bridges_count > 0 && yaml->destinations_count > 0 &&
                         yaml->amount_max != NULL && yaml->amount_per_hour_max != NULL;
    const bool has_any = yaml->bridges_count > 0 || yaml->destinations_count > 0 ||
                         yaml->amount_max != NULL || yaml->amount_per_hour_max != NULL;
    if (is_rebalance && !has_all) {
        return fail(loader, key,
                    "a rebalance needs bridges, destinations, amount_max and "
                    "amount_per_hour_max");
    }
    if (!is_rebalance) {
        return !has_any || fail(loader, key,
                                "bridges, destinations and amounts belong to "
                                "rebalance(uint32,uint256,address) alone");
    }
    for (unsigned i = 0; i < yaml->bridges_count; i++) {
        if (!load_address(loader, key_named("%s.bridges[%u]", key.text, i), yaml->bridges[i],
                          &rule->bridges[i])) {
            return false;
        }
    }
    rule->bridges_count = yaml->bridges_count;
    for (unsigned i = 0; i < yaml->destinations_count; i++) {
        uint64_t domain = 0;
        if (!load_number(loader, key_named("%s.destinations[%u]", key.text, i),
                         yaml->destinations[i], 1, UINT32_MAX, &domain)) {
            return false;
        }
        rule->destinations[i] = (uint32_t)domain;
    }
    rule->destinations_count = yaml->destinations_count;
    return load_tokens(loader, key_named("%s.amount_max", key.text), yaml->amount_max,
                       &rule->amount_max) &&
           load_tokens(loader, key_named("%s.amount_per_hour_max", key.text),
                       yaml->amount_per_hour_max, &rule->amount_per_hour_max);
}

static bool load_rule(const struct loader *loader, struct key_name key,
                      const struct yaml_rule *yaml, struct policy_chain *chain)
{
    struct policy_rule *rule = &chain->rules[chain->rules_count];
    if (policy_find_function(bytes_from_string(yaml->function), &rule->leg) != STATUS_OK) {
        return fail(loader, key_named("%s.function", key.text),
                    "`%s` is not known; known are %s, %s and %s", yaml->function,
                    policy_function_text(LEG_PROCESS), policy_function_text(LEG_REBALANCE),
                    policy_function_text(LEG_ANNOUNCE));
    }
    if (!load_address(loader, key_named("%s.contract", key.text), yaml->contract,
                      &rule->contract)) {
        return false;
    }
    for (uint32_t i = 0; i < chain->rules_count; i++) {
        if (chain->rules[i].leg == rule->leg &&
            address_equal(&chain->rules[i].contract, &rule->contract)) {
            return fail(loader, key, "this function of this contract is allowed above already");
        }
    }
    chain->rules_count++;
    return load_rebalance(loader, key, yaml, rule);
}

static bool load_identity(const struct loader *loader, struct key_name key,
                          const struct yaml_chain *yaml, struct policy_chain *chain)
{
    const struct policy *policy = &loader->settings->policy;
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
                        "%u is used by chain `%s` already", chain->domain, policy->chains[i].name);
        }
        if (policy->chains[i].chain_id == chain->chain_id) {
            return fail(loader, key_named("%s.chain_id", key.text),
                        "%llu is used by chain `%s` already: a signature for one would be valid on "
                        "the other",
                        (unsigned long long)chain->chain_id, policy->chains[i].name);
        }
    }
    return true;
}

static bool load_chain(const struct loader *loader, struct key_name key,
                       const struct yaml_chain *yaml)
{
    struct policy *policy = &loader->settings->policy;
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
                      struct settings_key *to)
{
    if (strcmp(text, "chain") == 0) {
        to->chain = true;
        return true;
    }
    if (strcmp(text, "validator") == 0) {
        to->validator = true;
        return true;
    }
    return fail(loader, key, "`%s` is not a role; roles are chain and validator", text);
}

static bool load_key(const struct loader *loader, struct key_name key, const struct yaml_key *yaml)
{
    struct settings_key *to = &loader->settings->keys[loader->settings->keys_count];
    if (!load_name(loader, key_named("%s.name", key.text), yaml->name, to->name) ||
        !load_path(loader, key_named("%s.keystore", key.text), yaml->keystore, FILE_PATH_BYTES_MAX,
                   to->keystore) ||
        !load_path(loader, key_named("%s.passphrase_file", key.text), yaml->passphrase_file,
                   FILE_PATH_BYTES_MAX, to->passphrase_file)) {
        return false;
    }
    for (unsigned i = 0; i < yaml->roles_count; i++) {
        if (!load_role(loader, key_named("%s.roles[%u]", key.text, i), yaml->roles[i], to)) {
            return false;
        }
    }
    loader->settings->keys_count++;
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
        loader->settings->policy.mode = SIGNER_MODE_OBSERVE;
        return true;
    }
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(text, modes[i].name) == 0) {
            loader->settings->policy.mode = modes[i].mode;
            return true;
        }
    }
    return fail(loader, key_named("mode"), "`%s` is not a mode; modes are observe, propose and act",
                text);
}

static bool load_all(const struct loader *loader, const struct yaml_settings *yaml)
{
    struct settings *settings = loader->settings;
    uint64_t client_uid = 0;
    if (!load_path(loader, key_named("socket"), yaml->socket, SETTINGS_SOCKET_BYTES_MAX,
                   settings->socket) ||
        !load_path(loader, key_named("state"), yaml->state, FILE_PATH_BYTES_MAX, settings->state) ||
        !load_mode(loader, yaml->mode)) {
        return false;
    }
    if (yaml->client_uid != NULL) {
        if (!load_number(loader, key_named("client_uid"), yaml->client_uid, 0, UINT32_MAX - 1,
                         &client_uid)) {
            return false;
        }
        settings->has_client_uid = true;
        settings->client_uid = (uint32_t)client_uid;
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

static enum status load_text(const char *path, struct bytes text, struct settings *settings,
                             struct settings_error *error)
{
    struct yaml_settings *yaml = NULL;
    const struct loader loader = {.path = path, .text = text, .settings = settings, .error = error};
    const enum status status = yaml_settings_read(path, text, &yaml, error);
    if (status != STATUS_OK) {
        return status;
    }
    const bool loaded = load_all(&loader, yaml);
    yaml_settings_free(yaml);
    return loaded ? STATUS_OK : STATUS_MALFORMED;
}

enum status settings_load(const char *path, struct settings **ret_settings,
                          struct settings_error *ret_error)
{
    struct settings *settings = calloc(1, sizeof(*settings));
    uint8_t *memory = malloc(SETTINGS_FILE_BYTES_MAX);
    struct buffer content = buffer_from(memory, SETTINGS_FILE_BYTES_MAX);
    enum status status = STATUS_NO_MEMORY;
    if (settings == NULL || memory == NULL) {
        (void)snprintf(ret_error->text, sizeof(ret_error->text), "%s: no memory", path);
        goto fail;
    }
    const enum file_problem problem = file_read(path, &content);
    if (problem != FILE_OK) {
        (void)snprintf(ret_error->text, sizeof(ret_error->text), "%s: %s", path,
                       file_problem_text(problem));
        status = problem == FILE_MISSING ? STATUS_NOT_FOUND : STATUS_IO;
        goto fail;
    }
    status = load_text(path, buffer_bytes(&content), settings, ret_error);
    if (status != STATUS_OK) {
        goto fail;
    }
    free(memory);
    *ret_settings = settings;
    return STATUS_OK;

fail:
    free(memory);
    settings_free(settings);
    return status;
}

struct settings *settings_free(struct settings *settings)
{
    free(settings);
    return NULL;
}

/* ---- showing ---- */

static const char *mode_name(enum signer_mode mode)
{
    switch (mode) {
    case SIGNER_MODE_OBSERVE:
        return "observe: delivers messages and validates, moves no capital";
    case SIGNER_MODE_PROPOSE:
        return "propose: not offered yet, moves no capital (as observe)";
    case SIGNER_MODE_ACT:
        return "act: moves capital inside the bounds below";
    }
    CHECK(!"a mode is one of the above");
    return "";
}

static void print_address(const struct address *address, FILE *out)
{
    char digits[41];
    hex_encode(bytes_from(address->bytes + 12, 20), digits);
    (void)fprintf(out, "0x%s", digits);
}

static void print_amount(const char *label, const struct amount *amount, uint32_t decimals,
                         const char *unit, FILE *out)
{
    char text[AMOUNT_DECIMAL_BYTES_MAX + 2];
    (void)amount_format_units(amount, decimals, text);
    (void)fprintf(out, "%s%s %s\n", label, text, unit);
}

static void print_rule(const struct policy_rule *rule, FILE *out)
{
    (void)fprintf(out, "  may call %s of ", policy_function_text(rule->leg));
    print_address(&rule->contract, out);
    (void)fprintf(out, "\n");
    if (rule->leg != LEG_REBALANCE) {
        return;
    }
    (void)fprintf(out, "    to domains:");
    for (uint32_t i = 0; i < rule->destinations_count; i++) {
        (void)fprintf(out, " %u", rule->destinations[i]);
    }
    (void)fprintf(out, "\n    through bridges:");
    for (uint32_t i = 0; i < rule->bridges_count; i++) {
        (void)fprintf(out, " ");
        print_address(&rule->bridges[i], out);
    }
    (void)fprintf(out, "\n");
    print_amount("    one move at most: ", &rule->amount_max, 0, "base units", out);
    print_amount("    any hour at most: ", &rule->amount_per_hour_max, 0, "base units", out);
}

static void print_chain(const struct policy_chain *chain, FILE *out)
{
    (void)fprintf(out, "chain %s: domain %u, chain id %llu\n", chain->name, chain->domain,
                  (unsigned long long)chain->chain_id);
    (void)fprintf(out, "  gas limit at most: %llu\n", (unsigned long long)chain->gas_limit_max);
    print_amount("  fee per gas at most: ", &chain->fee_per_gas_max, 9, "gwei", out);
    print_amount("  value at most: ", &chain->value_max, 18, "ether", out);
    print_amount("  value and fees of any hour at most: ", &chain->spend_per_hour_max, 18, "ether",
                 out);
    for (uint32_t i = 0; i < chain->rules_count; i++) {
        print_rule(&chain->rules[i], out);
    }
    if (chain->validates) {
        (void)fprintf(out, "  validates merkle tree hook ");
        print_address(&chain->tree_hook, out);
        (void)fprintf(out, ", mailbox ");
        print_address(&chain->mailbox, out);
        (void)fprintf(out, "\n");
    }
}

void settings_print(const struct settings *settings, FILE *out)
{
    (void)fprintf(out, "mode %s\n", mode_name(settings->policy.mode));
    (void)fprintf(out, "socket %s\nstate %s\n", settings->socket, settings->state);
    for (uint32_t i = 0; i < settings->keys_count; i++) {
        const struct settings_key *key = &settings->keys[i];
        (void)fprintf(out, "key %s:%s%s, keystore %s\n", key->name,
                      key->chain ? " sends transactions" : "",
                      key->validator ? " signs checkpoints" : "", key->keystore);
    }
    for (uint32_t i = 0; i < settings->policy.chains_count; i++) {
        print_chain(&settings->policy.chains[i], out);
    }
}
