/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/config/policy_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "relay/base/address_text.h"
#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/base/nearest.h"
#include "relay/core/message/pattern.h"

static const struct {
    const char *key;
    enum match_field field;
} fields[] = {
    {"messageid", MATCH_MESSAGE_ID},       {"origindomain", MATCH_ORIGIN},
    {"senderaddress", MATCH_SENDER},       {"destinationdomain", MATCH_DESTINATION},
    {"recipientaddress", MATCH_RECIPIENT}, {"bodyregex", MATCH_BODY},
};

/* ---- reading ---- */

/* One reading: the policy with what was read so far, and the first mistake. */
struct reader {
    struct core_policy *policy;
    struct policy_error *error;
    enum status status;
    uint32_t rules_before;
    uint32_t conditions_before;
    uint32_t patterns_before;
};

static struct reader reader_of(struct core_policy *policy, struct policy_error *error)
{
    return (struct reader){.policy = policy,
                           .error = error,
                           .status = STATUS_OK,
                           .rules_before = policy->rules_count,
                           .conditions_before = policy->conditions_count,
                           .patterns_before = policy->patterns_count};
}

static void refuse(struct reader *reader, enum status status, const char *what, const char *word)
{
    if (reader->status == STATUS_OK) {
        reader->status = status;
        (void)snprintf(reader->error->text, sizeof(reader->error->text), "%s%s%.60s%s", what,
                       word == NULL ? "" : ": '", word == NULL ? "" : word,
                       word == NULL ? "" : "'");
    }
}

/* A key that is not known, with the nearest that is. */
static void refuse_key(struct reader *reader, const char *key, const char *const *known,
                       size_t known_count)
{
    const char *nearest = nearest_word(key, known, known_count);

    if (nearest == NULL) {
        refuse(reader, STATUS_MALFORMED, "has a key that is not known", key);
    } else if (reader->status == STATUS_OK) {
        reader->status = STATUS_MALFORMED;
        (void)snprintf(reader->error->text, sizeof(reader->error->text),
                       "has a key that is not known: '%.60s'; the nearest known one is '%s'", key,
                       nearest);
    }
}

/* The policy as it was when anything was wrong; what is beyond its counts is zero. */
static enum status end(struct reader *reader)
{
    struct core_policy *policy = reader->policy;

    if (reader->status != STATUS_OK) {
        memset(&policy->rules[reader->rules_before], 0,
               (policy->rules_count - reader->rules_before) * sizeof(policy->rules[0]));
        memset(&policy->conditions[reader->conditions_before], 0,
               (policy->conditions_count - reader->conditions_before) *
                   sizeof(policy->conditions[0]));
        memset(&policy->patterns[reader->patterns_before], 0,
               (policy->patterns_count - reader->patterns_before) * sizeof(policy->patterns[0]));
        policy->rules_count = reader->rules_before;
        policy->conditions_count = reader->conditions_before;
        policy->patterns_count = reader->patterns_before;
    }
    return reader->status;
}

static void add_rule(struct reader *reader, const struct core_rule *rule)
{
    struct core_policy *policy = reader->policy;

    if (policy->rules_count == RULES_MAX) {
        refuse(reader, STATUS_FULL, "has too many rules: at most 128 in all lists together", NULL);
        return;
    }
    policy->rules[policy->rules_count++] = *rule;
}

/* To the last rule. */
static void add_condition(struct reader *reader, enum match_field field, const struct hash *value)
{
    struct core_policy *policy = reader->policy;

    if (reader->status != STATUS_OK) {
        return;
    }
    if (policy->conditions_count == CONDITIONS_MAX) {
        refuse(reader, STATUS_FULL, "has too many values: at most 512 in all lists together", NULL);
        return;
    }
    CHECK(policy->rules_count > 0);
    policy->conditions[policy->conditions_count++] =
        (struct core_condition){.rule = policy->rules_count - 1, .field = field, .value = *value};
}

/* Digits, or 0x and hexadecimal digits; at most 32 bits. */
static bool parse_domain(const char *text, uint32_t *ret_domain)
{
    const bool is_hex = strncmp(text, "0x", 2) == 0;
    uint64_t value = 0;
    size_t count = 0;

    for (const char *at = text + (is_hex ? 2 : 0); *at != '\0'; at++, count++) {
        static const char digits[] = "0123456789abcdef";
        const int lower = *at >= 'A' && *at <= 'F' ? *at - 'A' + 'a' : *at;
        const char *digit = memchr(digits, lower, is_hex ? 16 : 10);
        if (digit == NULL) {
            return false;
        }
        value = value * (is_hex ? 16 : 10) + (uint64_t)(digit - digits);
        if (value > UINT32_MAX) {
            return false;
        }
    }
    *ret_domain = (uint32_t)value;
    return count > 0;
}

static struct hash number_value(uint32_t number)
{
    struct hash value = {{0}};

    for (uint32_t i = 0; i < 4; i++) {
        value.bytes[31 - i] = (uint8_t)(number >> 8 * i);
    }
    return value;
}

static void read_domain(struct reader *reader, enum match_field field, const json_t *value)
{
    const char *text = json_string_value(value);
    uint32_t domain = 0;
    bool good = text != NULL && parse_domain(text, &domain);

    if (json_is_integer(value) && json_integer_value(value) >= 0 &&
        json_integer_value(value) <= UINT32_MAX) {
        domain = (uint32_t)json_integer_value(value);
        good = true;
    }
    if (!good) {
        refuse(reader, STATUS_MALFORMED, "has a domain that is no number of 32 bits", text);
        return;
    }
    const struct hash bytes = number_value(domain);
    add_condition(reader, field, &bytes);
}

static void read_address(struct reader *reader, enum match_field field, const char *text)
{
    struct address address;
    struct hash value;

    if (text == NULL || address_text_read(bytes_from_string(text), &address) != STATUS_OK) {
        refuse(reader, STATUS_MALFORMED,
               "has an address that is not 20 or 32 bytes in hexadecimal, base58 or bech32", text);
        return;
    }
    memcpy(value.bytes, address.bytes, sizeof(value.bytes));
    add_condition(reader, field, &value);
}

/* Where the policy has the pattern; PATTERNS_MAX: refused. */
static uint32_t keep_pattern(struct reader *reader, const char *text)
{
    struct core_policy *policy = reader->policy;
    const char *what = NULL;

    for (uint32_t i = 0; i < policy->patterns_count; i++) {
        if (strcmp(policy->patterns[i].text, text) == 0) {
            return i;
        }
    }
    if (strlen(text) >= PATTERN_BYTES_MAX) {
        refuse(reader, STATUS_FULL, "has a bodyregex of more than 191 characters", text);
    } else if (pattern_check(bytes_from_string(text), &what) != STATUS_OK) {
        char words[90];
        (void)snprintf(words, sizeof(words), "has a bodyregex that %s", what);
        refuse(reader, STATUS_MALFORMED, words, text);
    } else if (policy->patterns_count == PATTERNS_MAX) {
        refuse(reader, STATUS_FULL, "has too many different bodyregex: at most 16", text);
    }
    if (reader->status != STATUS_OK) {
        return PATTERNS_MAX;
    }
    memcpy(policy->patterns[policy->patterns_count].text, text, strlen(text) + 1);
    return policy->patterns_count++;
}

/* One string, as the reference relayer wants it. */
static void read_pattern(struct reader *reader, const json_t *value)
{
    const char *text = json_string_value(value);

    if (text == NULL) {
        refuse(reader, STATUS_MALFORMED, "has a bodyregex that is no string", NULL);
        return;
    }
    const uint32_t index = keep_pattern(reader, text);
    if (index < PATTERNS_MAX) {
        const struct hash bytes = number_value(index);
        add_condition(reader, MATCH_BODY, &bytes);
    }
}

static void read_value(struct reader *reader, enum match_field field, const json_t *value)
{
    struct hash id;

    switch (field) {
    case MATCH_MESSAGE_ID:
        if (!json_is_string(value) ||
            hex_decode_hash(bytes_from_string(json_string_value(value)), &id) != STATUS_OK) {
            refuse(reader, STATUS_MALFORMED, "has a messageid that is not 32 bytes in hexadecimal",
                   json_string_value(value));
            return;
        }
        add_condition(reader, field, &id);
        return;
    case MATCH_ORIGIN:
    case MATCH_DESTINATION:
        read_domain(reader, field, value);
        return;
    case MATCH_SENDER:
    case MATCH_RECIPIENT:
    case MATCH_ANYWHERE:
        read_address(reader, field, json_string_value(value));
        return;
    case MATCH_BODY:
        read_pattern(reader, value);
        return;
    }
}

static bool is_any(const json_t *value)
{
    return json_is_string(value) && strcmp(json_string_value(value), "*") == 0;
}

static void read_field(struct reader *reader, const char *key, const json_t *value)
{
    const json_t *entry = NULL;
    size_t index = 0;

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (strcasecmp(fields[i].key, key) != 0) {
            continue;
        }
        if (is_any(value)) {
            return;
        }
        if (!json_is_array(value) || fields[i].field == MATCH_BODY) {
            read_value(reader, fields[i].field, value);
            return;
        }
        if (json_array_size(value) == 0) {
            refuse(reader, STATUS_MALFORMED, "has an empty list of values, which matches nothing",
                   key);
        }
        json_array_foreach(value, index, entry)
        {
            read_value(reader, fields[i].field, entry);
        }
        return;
    }
    const char *names[sizeof(fields) / sizeof(fields[0])];
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        names[i] = fields[i].key;
    }
    refuse_key(reader, key, names, sizeof(fields) / sizeof(fields[0]));
}

static void read_rules(struct reader *reader, const json_t *list, const struct core_rule *like)
{
    const json_t *rule = NULL;
    json_t *value = NULL;
    const char *key = NULL;
    size_t index = 0;

    if (!json_is_array(list)) {
        refuse(reader, STATUS_MALFORMED, "must be an array of rules", NULL);
    }
    json_array_foreach(list, index, rule)
    {
        if (!json_is_object(rule)) {
            refuse(reader, STATUS_MALFORMED, "has a rule that is no object", NULL);
        }
        if (reader->status != STATUS_OK) {
            return;
        }
        add_rule(reader, like);
        json_object_foreach((json_t *)(uintptr_t)rule, key, value)
        {
            read_field(reader, key, value);
        }
    }
}

/* The document; NULL: refused. */
static json_t *parse(struct reader *reader, struct bytes json)
{
    json_error_t mistake;

    if (json.count > POLICY_JSON_BYTES_MAX) {
        refuse(reader, STATUS_MALFORMED, "is longer than 256 KiB", NULL);
        return NULL;
    }
    json_t *root = json_loadb((const char *)json.data, json.count,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &mistake);
    if (root == NULL) {
        refuse(reader, STATUS_MALFORMED, "is not JSON", mistake.text);
    }
    return root;
}

enum status policy_read_list(struct bytes json, const struct core_rule *like,
                             struct core_policy *policy, struct policy_error *ret_error)
{
    struct reader reader = reader_of(policy, ret_error);
    json_t *root = parse(&reader, json);

    if (root != NULL) {
        read_rules(&reader, root, like);
    }
    json_decref(root);
    return end(&reader);
}

static void read_joined(struct reader *reader, const char *text)
{
    char word[80];

    while (*text != '\0' && reader->status == STATUS_OK) {
        const size_t count = strcspn(text, ",");
        const size_t blanks = strspn(text, " ");
        if (count - (blanks < count ? blanks : count) >= sizeof(word)) {
            refuse(reader, STATUS_MALFORMED, "has an address that is too long", NULL);
            return;
        }
        if (blanks < count) {
            memcpy(word, text + blanks, count - blanks);
            word[count - blanks] = '\0';
            read_address(reader, MATCH_ANYWHERE, word);
        }
        text += count + (text[count] == ',' ? 1 : 0);
    }
}

/* All its addresses are values of one rule. */
enum status policy_read_addresses(struct bytes json, struct core_policy *policy,
                                  struct policy_error *ret_error)
{
    const struct core_rule rule = {.kind = RULE_ADDRESS};
    struct reader reader = reader_of(policy, ret_error);
    const json_t *entry = NULL;
    size_t index = 0;

    json_t *root = parse(&reader, json);
    add_rule(&reader, &rule);
    if (json_is_string(root)) {
        read_joined(&reader, json_string_value(root));
    } else if (root != NULL && !json_is_array(root)) {
        refuse(&reader, STATUS_MALFORMED, "must be an array of addresses", NULL);
    }
    json_array_foreach(root, index, entry)
    {
        read_address(&reader, MATCH_ANYWHERE, json_string_value(entry));
    }
    json_decref(root);
    if (policy->conditions_count == reader.conditions_before &&
        policy->rules_count > reader.rules_before) {
        policy->rules_count--; /* a rule without values would match everything */
        memset(&policy->rules[policy->rules_count], 0, sizeof(policy->rules[0]));
    }
    return end(&reader);
}

/* "1/2" */
static bool parse_fraction(const char *text, struct core_rule *rule)
{
    char numerator[16] = "";
    const char *slash = text == NULL ? NULL : strchr(text, '/');

    if (slash == NULL || (size_t)(slash - text) >= sizeof(numerator)) {
        return false;
    }
    memcpy(numerator, text, (size_t)(slash - text));
    return numerator[0] != '0' && strncmp(slash + 1, "0", 1) != 0 &&
           parse_domain(numerator, &rule->gas_numerator) &&
           parse_domain(slash + 1, &rule->gas_denominator) && rule->gas_denominator != 0;
}

static bool parse_payment(const json_t *value, struct amount *ret_payment)
{
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        *ret_payment = amount_from_u64((uint64_t)json_integer_value(value));
        return true;
    }
    return json_is_string(value) &&
           amount_parse_decimal(bytes_from_string(json_string_value(value)), ret_payment) ==
               STATUS_OK;
}

/* Zero is the chain's own coin. */
static bool parse_token(const json_t *value, struct address *ret_token)
{
    const char *text = json_string_value(value);

    return text != NULL && hex_decode_address(bytes_from_string(text), ret_token) == STATUS_OK &&
           address_is_evm(ret_token);
}

static const char *const demand_keys[] = {"type", "payment", "gasFraction", "matchingList",
                                          "feeToken"};
#define DEMAND_KEYS (sizeof(demand_keys) / sizeof(demand_keys[0]))

static bool is_demand_key(const char *key)
{
    for (size_t i = 0; i < DEMAND_KEYS; i++) {
        if (strcasecmp(demand_keys[i], key) == 0) {
            return true;
        }
    }
    return false;
}

static json_t *member(const json_t *object, const char *key)
{
    const char *name = NULL;
    json_t *value = NULL;

    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        if (strcasecmp(name, key) == 0) {
            return value;
        }
    }
    return NULL;
}

static void read_demand(struct reader *reader, const json_t *entry, struct core_rule *rule)
{
    const char *type = json_string_value(member(entry, "type"));
    const json_t *fraction = member(entry, "gasFraction");
    const json_t *token = member(entry, "feeToken");
    const char *key = NULL;
    json_t *value = NULL;

    json_object_foreach((json_t *)(uintptr_t)entry, key, value)
    {
        if (!is_demand_key(key)) {
            refuse_key(reader, key, demand_keys, DEMAND_KEYS);
        }
    }
    if (token != NULL && !parse_token(token, &rule->fee_token)) {
        refuse(reader, STATUS_MALFORMED, "has a feeToken that is not 20 bytes in hexadecimal",
               json_string_value(token));
    }
    if (type == NULL) {
        refuse(reader, STATUS_MALFORMED, "has an entry without a type", NULL);
    } else if (strcasecmp(type, "none") == 0) {
        rule->demand = GAS_DEMAND_NONE;
    } else if (strcasecmp(type, "minimum") == 0) {
        rule->demand = GAS_DEMAND_MINIMUM;
        if (!parse_payment(member(entry, "payment"), &rule->payment)) {
            refuse(reader, STATUS_MALFORMED, "has a minimum without a payment in wei", NULL);
        }
    } else if (strcasecmp(type, "onChainFeeQuoting") == 0) {
        rule->demand = GAS_DEMAND_QUOTED;
        if (!parse_fraction(fraction == NULL ? "1/2" : json_string_value(fraction), rule)) {
            refuse(reader, STATUS_MALFORMED, "has a gasFraction that is no fraction such as 1/2",
                   json_string_value(fraction));
        }
    } else {
        refuse(reader, STATUS_MALFORMED, "has a type that is not known", type);
    }
}

enum status policy_read_payment(struct bytes json, struct core_policy *policy,
                                struct policy_error *ret_error)
{
    struct reader reader = reader_of(policy, ret_error);
    const json_t *entry = NULL;
    size_t index = 0;

    json_t *root = parse(&reader, json);
    if (root != NULL && !json_is_array(root)) {
        refuse(&reader, STATUS_MALFORMED, "must be an array of policies", NULL);
    }
    json_array_foreach(root, index, entry)
    {
        struct core_rule rule = {.kind = RULE_GAS_PAYMENT};
        if (!json_is_object(entry)) {
            refuse(&reader, STATUS_MALFORMED, "has an entry that is no object", NULL);
            break;
        }
        read_demand(&reader, entry, &rule);
        const json_t *list = member(entry, "matchingList");
        if (reader.status != STATUS_OK) {
            break;
        }
        if (list == NULL || (json_is_array(list) && json_array_size(list) == 0)) {
            add_rule(&reader, &rule);
        } else {
            read_rules(&reader, list, &rule);
        }
    }
    json_decref(root);
    return end(&reader);
}

/* ---- writing ---- */

static json_t *value_json(const struct core_policy *policy, const struct core_condition *condition)
{
    char text[2 + 64 + 1] = "0x";
    const struct address *address = (const struct address *)(const void *)&condition->value;
    const uint8_t *bytes = condition->value.bytes;

    const uint32_t number = (uint32_t)bytes[28] << 24 | (uint32_t)bytes[29] << 16 |
                            (uint32_t)bytes[30] << 8 | bytes[31];

    if (condition->field == MATCH_BODY) {
        CHECK(number < policy->patterns_count);
        return json_string(policy->patterns[number].text);
    }
    if (condition->field == MATCH_ORIGIN || condition->field == MATCH_DESTINATION) {
        return json_integer((json_int_t)number);
    }
    const size_t skip = condition->field != MATCH_MESSAGE_ID && address_is_evm(address) ? 12 : 0;
    hex_encode(bytes_from(bytes + skip, 32 - skip), text + 2);
    return json_string(text);
}

static json_t *rule_json(const struct core_policy *policy, uint32_t rule)
{
    json_t *object = json_object();

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        json_t *values = json_array();
        for (uint32_t k = 0; k < policy->conditions_count; k++) {
            const struct core_condition *condition = &policy->conditions[k];
            if (condition->rule == rule && condition->field == fields[i].field) {
                (void)json_array_append_new(values, value_json(policy, condition));
            }
        }
        if (json_array_size(values) > 0 && fields[i].field == MATCH_BODY) {
            (void)json_object_set(object, fields[i].key, json_array_get(values, 0));
        } else if (json_array_size(values) > 0) {
            (void)json_object_set(object, fields[i].key, values);
        }
        json_decref(values);
    }
    return object;
}

/* Takes `list`. */
static char *text_of(json_t *list)
{
    char *text = json_array_size(list) == 0 ? strdup("") : json_dumps(list, JSON_COMPACT);

    json_decref(list);
    return text;
}

char *policy_write_list(const struct core_policy *policy, enum rule_kind kind)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < policy->rules_count; i++) {
        if (policy->rules[i].kind == kind) {
            (void)json_array_append_new(list, rule_json(policy, i));
        }
    }
    return text_of(list);
}

char *policy_write_rule(const struct core_policy *policy, uint32_t rule)
{
    json_t *list = json_array();

    (void)json_array_append_new(list, rule_json(policy, rule));
    return text_of(list);
}

char *policy_write_limit(const struct core_policy *policy, uint32_t limit)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < policy->rules_count; i++) {
        if (policy->rules[i].kind == RULE_LIMIT && policy->rules[i].limit == limit) {
            (void)json_array_append_new(list, rule_json(policy, i));
        }
    }
    return text_of(list);
}

char *policy_write_addresses(const struct core_policy *policy)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < policy->conditions_count; i++) {
        if (policy->rules[policy->conditions[i].rule].kind == RULE_ADDRESS) {
            (void)json_array_append_new(list, value_json(policy, &policy->conditions[i]));
        }
    }
    return text_of(list);
}

static json_t *demand_json(const struct core_rule *rule)
{
    char text[AMOUNT_DECIMAL_BYTES_MAX];
    json_t *entry = NULL;

    switch (rule->demand) {
    case GAS_DEMAND_NONE:
        entry = json_pack("{s:s}", "type", "none");
        break;
    case GAS_DEMAND_MINIMUM:
        (void)amount_format_decimal(&rule->payment, text);
        entry = json_pack("{s:s, s:s}", "type", "minimum", "payment", text);
        break;
    case GAS_DEMAND_QUOTED:
        (void)snprintf(text, sizeof(text), "%u/%u", rule->gas_numerator, rule->gas_denominator);
        entry = json_pack("{s:s, s:s}", "type", "onChainFeeQuoting", "gasFraction", text);
        break;
    }
    CHECK(entry != NULL);
    if (!address_is_zero(&rule->fee_token)) {
        char token[2 + 40 + 1] = "0x";
        hex_encode(bytes_from(rule->fee_token.bytes + 12, 20), token + 2);
        (void)json_object_set_new(entry, "feeToken", json_string(token));
    }
    return entry;
}

char *policy_write_payment(const struct core_policy *policy)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < policy->rules_count; i++) {
        if (policy->rules[i].kind != RULE_GAS_PAYMENT) {
            continue;
        }
        json_t *entry = demand_json(&policy->rules[i]);
        json_t *rules = json_array();
        (void)json_array_append_new(rules, rule_json(policy, i));
        (void)json_object_set_new(entry, "matchingList", rules);
        (void)json_array_append_new(list, entry);
    }
    return text_of(list);
}
