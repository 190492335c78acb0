/* SPDX-License-Identifier: Apache-2.0 */
/* What the signer lets through a batch contract: deliveries by the mailbox it knows, and not one
 * byte more. */
#include "relay/hyperlane/message.h"
#include "tests/support/unit.h"
#include "tests/unit/signer_fixture.h"

static struct policy policy;
static struct fixture_transaction made;

/* The first call: behind the selector, the offset, the count and two offsets. */
#define CALL_START    (4 + 32 * 4)
#define TARGET_END    (CALL_START + 31)
#define FLAG_END      (CALL_START + 63)
#define CALLDATA      (CALL_START + 128)
#define MESSAGE_START (CALLDATA + 4 + 64 + 32 + 96 + 32)

static enum refusal_kind judge(void)
{
    const struct address key = fixture_address(0x77);
    const struct wire_request request = fixture_request(&made, LEG_BATCH, &key);
    struct policy_transaction allowed;
    struct refusal refusal = {.kind = REFUSAL_NONE};

    if (policy_allows_transaction(&policy, &request, &allowed, &refusal)) {
        assert_int_equal(REFUSAL_NONE, refusal.kind);
        assert_true(amount_is_zero(&allowed.moved));
        return REFUSAL_NONE;
    }
    assert_int_not_equal(REFUSAL_NONE, refusal.kind);
    assert_true(strlen(refusal.text) > 10);
    return refusal.kind;
}

static int set_up(void **state)
{
    (void)state;
    fixture_policy(&policy);
    fixture_batch(&made, 1, 2);
    return 0;
}

static void deliveries_go_together(void **state)
{
    (void)state;
    for (uint32_t count = 1; count <= DELIVERIES_MAX; count++) {
        fixture_batch(&made, 1, count);
        assert_int_equal(REFUSAL_NONE, judge());
    }
    fixture_batch(&made, 1, DELIVERIES_MAX + 1);
    assert_int_equal(REFUSAL_MALFORMED, judge());
    fixture_batch(&made, 1, 0);
    assert_int_equal(REFUSAL_MALFORMED, judge());
}

static void only_through_a_contract_that_is_listed(void **state)
{
    (void)state;
    made.transaction.to = fixture_address(FIXTURE_MAILBOX);
    assert_int_equal(REFUSAL_FUNCTION, judge());
    made.transaction.to = fixture_address(FIXTURE_MULTICALL);
    policy.chains[0].rules_count = 3;
    assert_int_equal(REFUSAL_FUNCTION, judge());
}

/* Being allowed to call the batch contract allows no call that would not be allowed by itself. */
static void each_call_is_a_delivery_by_a_mailbox_that_is_listed(void **state)
{
    (void)state;
    made.data[TARGET_END] = FIXTURE_ROUTER;
    assert_int_equal(REFUSAL_FUNCTION, judge());
    made.data[TARGET_END] = FIXTURE_MAILBOX;
    made.data[CALLDATA] ^= 1; /* another function */
    assert_int_equal(REFUSAL_FUNCTION, judge());
    made.data[CALLDATA] ^= 1;
    policy.chains[0].rules[0].leg = LEG_ANNOUNCE; /* the mailbox is listed for something else */
    assert_int_equal(REFUSAL_FUNCTION, judge());
    policy.chains[0].rules[0].leg = LEG_PROCESS;
    assert_int_equal(REFUSAL_NONE, judge());
}

static void each_message_is_for_this_chain(void **state)
{
    (void)state;
    made.data[MESSAGE_START] = MESSAGE_VERSION + 1;
    assert_int_equal(REFUSAL_MALFORMED, judge());
    made.data[MESSAGE_START] = MESSAGE_VERSION;
    made.data[MESSAGE_START + 1 + 4 + 4 + 32 + 3] ^= 1;
    assert_int_equal(REFUSAL_DESTINATION, judge());
}

static void every_call_may_fail_and_none_pays(void **state)
{
    (void)state;
    made.data[FLAG_END] = 0;
    assert_int_equal(REFUSAL_MALFORMED, judge());
    made.data[FLAG_END] = 2;
    assert_int_equal(REFUSAL_MALFORMED, judge());
    made.data[FLAG_END] = 1;
    made.transaction.value = amount_from_u64(1);
    assert_int_equal(REFUSAL_VALUE, judge());
}

/* Every bit of the words around the calls, each by itself; and every shorter and one longer form.
 */
static void every_byte_around_the_calls_has_its_place(void **state)
{
    (void)state;
    const size_t count = made.transaction.data.count;

    for (size_t at = 4; at < CALLDATA; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            made.data[at] ^= (uint8_t)(1u << bit);
            assert_int_not_equal(REFUSAL_NONE, judge());
            made.data[at] ^= (uint8_t)(1u << bit);
        }
    }
    for (size_t shorter = 0; shorter < count; shorter++) {
        made.transaction.data = bytes_from(made.data, shorter);
        assert_int_not_equal(REFUSAL_NONE, judge());
    }
    made.transaction.data = bytes_from(made.data, count + 32);
    assert_int_not_equal(REFUSAL_NONE, judge());
    made.transaction.data = bytes_from(made.data, count);
    assert_int_equal(REFUSAL_NONE, judge());
    made.data[count - 1] = 1; /* padding behind the last call */
    assert_int_equal(REFUSAL_MALFORMED, judge());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(deliveries_go_together, set_up),
        cmocka_unit_test_setup(only_through_a_contract_that_is_listed, set_up),
        cmocka_unit_test_setup(each_call_is_a_delivery_by_a_mailbox_that_is_listed, set_up),
        cmocka_unit_test_setup(each_message_is_for_this_chain, set_up),
        cmocka_unit_test_setup(every_call_may_fail_and_none_pays, set_up),
        cmocka_unit_test_setup(every_byte_around_the_calls_has_its_place, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
