/* SPDX-License-Identifier: Apache-2.0 */
/* The reference relayer's lists: what they match, how they are read, and what is refused. */
#include <stdlib.h>

#include "relay/core/message/policy.h"
#include "relay/node/config/policy_json.h"
#include "tests/support/unit.h"

#define SENDER    "0x1111111111111111111111111111111111111111"
#define RECIPIENT "0x2222222222222222222222222222222222222222"
#define OTHER     "0x3333333333333333333333333333333333333333"

static struct core_policy policy;
static const struct hash id = {{0x77}};

static struct address filled(uint8_t byte)
{
    uint8_t bytes[20];

    memset(bytes, byte, sizeof(bytes));
    return address_from_evm(bytes);
}

static struct message_view view_of(struct bytes body)
{
    return (struct message_view){.version = MESSAGE_VERSION,
                                 .origin = 901,
                                 .destination = 902,
                                 .sender = filled(0x11),
                                 .recipient = filled(0x22),
                                 .body = body};
}

static void forget(void)
{
    memset(&policy, 0, sizeof(policy));
}

static enum status read(enum rule_kind kind, const char *json)
{
    const struct core_rule like = {.kind = kind, .note = "because"};
    struct policy_error error = {""};
    const enum status status = policy_read_list(bytes_from_string(json), &like, &policy, &error);

    assert_true(status == STATUS_OK || error.text[0] != '\0');
    assert_true(policy_is_sound(&policy));
    return status;
}

static enum reason judge(void)
{
    const struct message_view view = view_of(bytes_from_string("body"));

    return policy_judge(&policy, &view, &id, (struct instant){.ns = 1000}).reason;
}

/* What the reference relayer takes: a program of Solana, a contract of a Cosmos chain; in rules and
 * in its list of addresses. */
static void addresses_of_other_families_match(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint8_t first;
        uint8_t last;
    } cases[] = {
        {"E588QtVUvresuXq2KoNEwAmoifCzYGpRBdHByN9KQMbi", 0xc2, 0xa5},
        {"terra1zlm0h2xu6rhnjchn29hxnpvr74uxxqetar9y75zcehyx2mqezg9slj09ml", 0x17, 0x0b},
    };
    struct policy_error error;
    char json[200];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        forget();
        (void)snprintf(json, sizeof(json), "[{\"senderaddress\":[\"%s\"]}]", cases[i].text);
        assert_status(STATUS_OK, read(RULE_BLACKLIST, json));
        assert_int_equal(REASON_NONE, judge());
        struct message_view view = view_of(bytes_from_string("body"));
        memcpy(view.sender.bytes, policy.conditions[0].value.bytes, 32);
        assert_int_equal(cases[i].first, view.sender.bytes[0]);
        assert_int_equal(cases[i].last, view.sender.bytes[31]);
        const struct instant now = {.ns = 1000};
        assert_int_equal(REASON_BLACKLISTED, policy_judge(&policy, &view, &id, now).reason);
        forget();
        (void)snprintf(json, sizeof(json), "[\"%s\"]", cases[i].text);
        assert_status(STATUS_OK, policy_read_addresses(bytes_from_string(json), &policy, &error));
        assert_int_equal(REASON_ADDRESS_BLACKLISTED, policy_judge(&policy, &view, &id, now).reason);
        forget();
        (void)snprintf(json, sizeof(json), "[{\"recipientaddress\":\"%sx\"}]", cases[i].text);
        assert_status(STATUS_MALFORMED, read(RULE_WHITELIST, json));
    }
}

static void each_key_matches_its_field_alone(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        bool matches;
    } lists[] = {
        {"[{}]", true},
        {"[{\"origindomain\": \"*\", \"messageid\": \"*\", \"bodyregex\": \"*\"}]", true},
        {"[{\"origindomain\": 901}]", true},
        {"[{\"origindomain\": \"901\"}]", true},
        {"[{\"originDomain\": \"0x385\"}]", true},
        {"[{\"origindomain\": 902}]", false},
        {"[{\"origindomain\": [900, 901]}]", true},
        {"[{\"destinationdomain\": 902}]", true},
        {"[{\"destinationdomain\": [901]}]", false},
        {"[{\"senderaddress\": \"" SENDER "\"}]", true},
        {"[{\"senderaddress\": \"" RECIPIENT "\"}]", false},
        {"[{\"recipientaddress\": [\"" OTHER "\", \"" RECIPIENT "\"]}]", true},
        {"[{\"recipientaddress\": \"0x000000000000000000000000222222222222222222222222222222222222"
         "2222\"}]",
         true},
        {"[{\"recipientaddress\": \"" SENDER "\"}]", false},
        {"[{\"messageid\": \"0x7700000000000000000000000000000000000000000000000000000000000000\"}"
         "]",
         true},
        {"[{\"messageid\": \"0x7800000000000000000000000000000000000000000000000000000000000000\"}"
         "]",
         false},
        {"[{\"origindomain\": 901, \"recipientaddress\": \"" OTHER "\"}]", false},
        {"[{\"origindomain\": 5}, {\"destinationdomain\": 902}]", true},
        {"[{\"bodyregex\": \"^626f6479$\"}]", true}, /* "body" */
        {"[{\"bodyRegex\": \"f64\"}]", true},
        {"[{\"bodyregex\": \"^64\"}]", false},
        {"[{\"bodyregex\": \"f64\", \"origindomain\": 902}]", false},
        {"[{\"bodyregex\": \"^64\"}, {\"bodyregex\": \"79$\"}]", true},
    };
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        forget();
        assert_status(STATUS_OK, read(RULE_BLACKLIST, lists[i].json));
        assert_int_equal(lists[i].matches ? REASON_BLACKLISTED : REASON_NONE, judge());
        forget();
        assert_status(STATUS_OK, read(RULE_WHITELIST, lists[i].json));
        assert_int_equal(lists[i].matches ? REASON_NONE : REASON_NOT_WHITELISTED, judge());
    }
}

static void lists_are_asked_in_the_reference_s_order(void **state)
{
    (void)state;
    struct policy_error error;

    forget();
    assert_status(STATUS_OK, read(RULE_WHITELIST, "[]")); /* as none */
    assert_int_equal(REASON_NONE, judge());
    assert_status(STATUS_OK, read(RULE_WHITELIST, "[{\"origindomain\": 901}]"));
    assert_status(STATUS_OK, read(RULE_BLOCK, "[{\"origindomain\": 901}]"));
    assert_int_equal(REASON_BLOCKED, judge());
    assert_status(STATUS_OK, policy_read_addresses(bytes_from_string("\"" OTHER ", " SENDER "\""),
                                                   &policy, &error));
    assert_int_equal(REASON_ADDRESS_BLACKLISTED, judge());
    assert_status(STATUS_OK, read(RULE_BLACKLIST, "[{\"origindomain\": 901}]"));
    assert_int_equal(REASON_BLACKLISTED, judge());
    forget();
    assert_status(STATUS_OK, read(RULE_WHITELIST, "[{\"origindomain\": 7}]"));
    assert_status(STATUS_OK, read(RULE_BLACKLIST, "[{\"origindomain\": 901}]"));
    assert_int_equal(REASON_NOT_WHITELISTED, judge());
}

static void a_block_ends(void **state)
{
    (void)state;
    const struct message_view view = view_of(bytes_from_string(""));

    forget();
    assert_status(STATUS_OK, read(RULE_BLOCK, "[{}]"));
    policy.rules[0].until.ns = 1000;
    const struct policy_verdict before =
        policy_judge(&policy, &view, &id, (struct instant){.ns = 999});
    assert_int_equal(REASON_BLOCKED, before.reason);
    assert_int_equal(1000, before.until.ns);
    assert_string_equal("because", before.note);
    assert_int_equal(REASON_NONE,
                     policy_judge(&policy, &view, &id, (struct instant){.ns = 1000}).reason);
}

static void an_address_is_found_in_a_body(void **state)
{
    (void)state;
    uint8_t body[60] = {1, 2, 3};
    struct policy_error error;

    forget();
    assert_status(STATUS_OK,
                  policy_read_addresses(bytes_from_string("[\"" OTHER "\"]"), &policy, &error));
    struct message_view view = view_of(bytes_from(body, sizeof(body)));
    const struct instant now = {.ns = 1};
    assert_int_equal(REASON_NONE, policy_judge(&policy, &view, &id, now).reason);
    memset(body + 40, 0x33, 20); /* at its very end */
    assert_int_equal(REASON_ADDRESS_BLACKLISTED, policy_judge(&policy, &view, &id, now).reason);
    view.body.count = 59;
    assert_int_equal(REASON_NONE, policy_judge(&policy, &view, &id, now).reason);
    forget();
    assert_status(STATUS_OK, policy_read_addresses(bytes_from_string("[]"), &policy, &error));
    assert_int_equal(0, policy.rules_count); /* and not a rule that matches everything */
}

static struct policy_demand demand(const char *json, uint64_t paid_gas, uint64_t spent,
                                   uint64_t payment, uint64_t gas)
{
    const struct message_view view = view_of(bytes_from_string(""));
    const struct policy_paid paid = {
        .gas = amount_from_u64(paid_gas), .payment = amount_from_u64(payment), .gas_spent = spent};
    struct policy_error error;

    forget();
    assert_status(STATUS_OK, policy_read_payment(bytes_from_string(json), &policy, &error));
    return policy_gas(&policy, &view, &id, &paid, gas);
}

static void payment_is_judged_by_the_first_entry_that_matches(void **state)
{
    (void)state;
    static const char quoted[] = "[{\"type\": \"onChainFeeQuoting\"}]";
    static const char minimum[] = "[{\"type\": \"minimum\", \"payment\": \"100\"}]";
    static const char lists[] =
        "[{\"type\": \"none\", \"matchingList\": [{\"origindomain\": 5}, {\"origindomain\": 6}]},"
        " {\"type\": \"minimum\", \"payment\": 50, \"matchingList\": [{\"destinationdomain\": "
        "902}]},"
        " {\"type\": \"onChainFeeQuoting\", \"gasFraction\": \"3/4\"}]";

    assert_true(demand("[]", 0, 0, 0, 100).is_met);
    assert_true(demand("[{\"type\": \"none\"}]", 0, 0, 0, 100).is_met);
    assert_true(demand(quoted, 51, 0, 0, 101).is_met);
    assert_false(demand(quoted, 50, 0, 0, 101).is_met); /* half of 101, rounded up */
    assert_false(demand(quoted, 60, 10, 0, 101).is_met);
    assert_false(demand(quoted, 60, 70, 0, 101).is_met);
    assert_true(demand(quoted, 0, 0, 0, 0).is_met); /* not simulated yet */
    assert_true(demand(minimum, 0, 0, 100, 101).is_met);
    assert_false(demand(minimum, 1000, 0, 99, 101).is_met);
    assert_false(demand(lists, 1000, 0, 49, 10).is_met);
    assert_true(demand(lists, 0, 0, 50, 10).is_met);
    const struct amount ceiling = amount_from_u64(50);
    const struct policy_demand asked = demand(lists, 0, 0, 7, 10);
    assert_true(amount_equal(&asked.needed, &ceiling));
}

static void what_is_written_is_read_again_as_the_same(void **state)
{
    (void)state;
    struct policy_error error;
    struct core_policy again = {0};

    forget();
    assert_status(STATUS_OK,
                  read(RULE_WHITELIST, "[{\"origindomain\": [1, 4294967295], \"senderaddress\": "
                                       "\"" SENDER "\"}, {\"bodyregex\": \"^(00|ff)\"}, {}]"));
    assert_status(STATUS_OK,
                  policy_read_addresses(bytes_from_string("[\"" OTHER "\"]"), &policy, &error));
    assert_status(STATUS_OK,
                  policy_read_payment(
                      bytes_from_string("[{\"type\": \"minimum\", \"payment\": \"1\", "
                                        "\"matchingList\": [{\"destinationdomain\": 3}]},"
                                        "{\"type\": \"onChainFeeQuoting\"}, {\"type\": \"none\"}]"),
                      &policy, &error));
    char *list = policy_write_list(&policy, RULE_WHITELIST);
    char *addresses = policy_write_addresses(&policy);
    char *payment = policy_write_payment(&policy);
    char *nothing = policy_write_list(&policy, RULE_BLACKLIST);
    assert_string_equal("", nothing);
    const struct core_rule like = {.kind = RULE_WHITELIST, .note = "because"};
    assert_status(STATUS_OK, policy_read_list(bytes_from_string(list), &like, &again, &error));
    assert_status(STATUS_OK, policy_read_addresses(bytes_from_string(addresses), &again, &error));
    assert_status(STATUS_OK, policy_read_payment(bytes_from_string(payment), &again, &error));
    assert_memory_equal(&policy, &again, sizeof(policy));
    free(list);
    free(addresses);
    free(payment);
    free(nothing);
}

static void what_is_wrong_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    static const char *const lists[] = {
        "",
        "{}",
        "[1]",
        "[{\"origindomain\": -1}]",
        "[{\"origindomain\": 4294967296}]",
        "[{\"origindomain\": \"0x\"}]",
        "[{\"origindomain\": \"12a\"}]",
        "[{\"origindomain\": []}]",
        "[{\"origindomain\": [\"*\"]}]",
        "[{\"senderaddress\": \"0x12\"}]",
        "[{\"senderaddress\": 12}]",
        ("[{\"messageid\": \"" SENDER "\"}]"),
        "[{\"bodyregex\": \"(00\"}]",
        "[{\"bodyregex\": \"0x00\"}]",
        "[{\"bodyregex\": [\"00\"]}]",
        "[{\"bodyregex\": 5}]",
        "[{\"bodyregex\": \"00\"}, {\"bodyregex\": \"*0\"}]",
        "[{\"recipient\": \"*\"}]",
        "[{\"origindomain\": 1, \"origindomain\": 2}]",
        "[{}, {\"origindomain\": \"x\"}]",
    };
    static const char *const payments[] = {
        "{}",
        "[1]",
        "[{}]",
        "[{\"type\": \"maximum\"}]",
        "[{\"type\": \"minimum\"}]",
        "[{\"type\": \"minimum\", \"payment\": \"1e3\"}]",
        "[{\"type\": \"minimum\", \"payment\": \"1\", \"feeToken\": \"0x12\"}]",
        "[{\"type\": \"minimum\", \"payment\": \"1\", \"feeToken\": 5}]",
        "[{\"type\": \"onChainFeeQuoting\", \"gasFraction\": \"1/0\"}]",
        "[{\"type\": \"onChainFeeQuoting\", \"gasFraction\": \"0/1\"}]",
        "[{\"type\": \"onChainFeeQuoting\", \"gasFraction\": 0.5}]",
        "[{\"type\": \"none\"}, {\"type\": \"none\", \"matchingList\": [{\"x\": 1}]}]",
        "[{\"type\": \"none\", \"list\": []}]",
    };
    static struct core_policy before;
    struct policy_error error;

    forget();
    assert_status(STATUS_OK, read(RULE_WHITELIST, "[{\"origindomain\": 901}]"));
    before = policy;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        assert_status(STATUS_MALFORMED, read(RULE_BLACKLIST, lists[i]));
        assert_memory_equal(&before, &policy, sizeof(policy));
    }
    for (size_t i = 0; i < sizeof(payments) / sizeof(payments[0]); i++) {
        assert_status(STATUS_MALFORMED,
                      policy_read_payment(bytes_from_string(payments[i]), &policy, &error));
        assert_memory_equal(&before, &policy, sizeof(policy));
    }
    assert_status(STATUS_MALFORMED,
                  policy_read_addresses(bytes_from_string("[\"0x12\"]"), &policy, &error));
    assert_status(STATUS_MALFORMED,
                  policy_read_addresses(bytes_from_string("{}"), &policy, &error));
    assert_memory_equal(&before, &policy, sizeof(policy));
}

static void more_rules_and_values_than_fit_are_refused(void **state)
{
    (void)state;
    static char text[64 * 1024];
    size_t count = 0;

    forget();
    text[count++] = '[';
    for (unsigned i = 0; i < RULES_MAX; i++) {
        count += (size_t)snprintf(text + count, sizeof(text) - count, "%s{}", i == 0 ? "" : ",");
    }
    (void)snprintf(text + count, sizeof(text) - count, "]");
    assert_status(STATUS_OK, read(RULE_WHITELIST, text));
    assert_status(STATUS_FULL, read(RULE_WHITELIST, "[{}]"));
    assert_int_equal(RULES_MAX, policy.rules_count);
    forget();
    count = (size_t)snprintf(text, sizeof(text), "[{\"origindomain\": [0");
    for (unsigned i = 1; i < CONDITIONS_MAX; i++) {
        count += (size_t)snprintf(text + count, sizeof(text) - count, ",%u", i);
    }
    (void)snprintf(text + count, sizeof(text) - count, "]}]");
    assert_status(STATUS_OK, read(RULE_WHITELIST, text));
    assert_status(STATUS_FULL, read(RULE_WHITELIST, "[{\"origindomain\": 1}]"));
    assert_int_equal(1, policy.rules_count);
    forget();
    for (unsigned i = 0; i < PATTERNS_MAX; i++) {
        (void)snprintf(text, sizeof(text), "[{\"bodyregex\": \"%u\"}, {\"bodyregex\": \"%u\"}]", i,
                       i);
        assert_status(STATUS_OK, read(RULE_WHITELIST, text)); /* the same one takes no more room */
    }
    assert_status(STATUS_FULL, read(RULE_WHITELIST, "[{\"bodyregex\": \"aa\"}]"));
    assert_int_equal(PATTERNS_MAX, policy.patterns_count);
    forget();
    (void)snprintf(text, sizeof(text), "[{\"bodyregex\": \"%0*u\"}]", (int)PATTERN_BYTES_MAX - 1,
                   7u);
    assert_status(STATUS_OK, read(RULE_WHITELIST, text));
    (void)snprintf(text, sizeof(text), "[{\"bodyregex\": \"%0*u\"}]", (int)PATTERN_BYTES_MAX, 7u);
    assert_status(STATUS_FULL, read(RULE_WHITELIST, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_other_families_match),
        cmocka_unit_test(each_key_matches_its_field_alone),
        cmocka_unit_test(lists_are_asked_in_the_reference_s_order),
        cmocka_unit_test(a_block_ends),
        cmocka_unit_test(an_address_is_found_in_a_body),
        cmocka_unit_test(payment_is_judged_by_the_first_entry_that_matches),
        cmocka_unit_test(what_is_written_is_read_again_as_the_same),
        cmocka_unit_test(what_is_wrong_is_refused_and_changes_nothing),
        cmocka_unit_test(more_rules_and_values_than_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
