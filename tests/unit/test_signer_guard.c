/* SPDX-License-Identifier: Apache-2.0 */
/* The node's key in a thief's hands, and a guard on the router: what the signer still refuses,
 * judged from the bytes alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/signer_fixture.h"

static struct policy policy;
static struct fixture_transaction made;

/* The verdict on `made` as it is now. */
static enum refusal_kind judge(void)
{
    const struct address key = fixture_address(1);
    const struct wire_request request = fixture_request(&made, LEG_REBALANCE, &key);
    struct policy_transaction allowed;
    struct refusal refusal = {.kind = REFUSAL_NONE};

    return policy_allows_transaction(&policy, &request, &allowed, &refusal) ? REFUSAL_NONE
                                                                            : refusal.kind;
}

/* Where the rule has a guard, the guard alone is called: for the rule's router, by an order of this
 * leg, inside the rule's bounds. Every byte of it counts. */
static void a_guard_is_asked_for_its_router_alone(void **state)
{
    (void)state;
    const struct hash none = {{0}};
    fixture_policy(&policy);
    struct policy_rule *rule = &policy.chains[0].rules[1];
    fixture_guarded(&made, 0, 10, &none);
    assert_int_equal(judge(), REFUSAL_FUNCTION); /* a guard nobody named */
    rule->guard = fixture_address(FIXTURE_GUARD);
    fixture_rebalance(&made, 0, FIXTURE_OTHER_DOMAIN, 10);
    assert_int_equal(judge(), REFUSAL_FUNCTION); /* past the guard */
    fixture_guarded(&made, 0, 10, &none);
    made.transaction.to = fixture_address(0x77);
    assert_int_equal(judge(), REFUSAL_FUNCTION); /* another guard */
    fixture_guarded(&made, 0, 1001, &none);
    assert_int_equal(judge(), REFUSAL_AMOUNT);
    static const struct {
        size_t place;
        uint8_t bits;
        enum refusal_kind refusal;
    } cases[] = {
        {4, 1, REFUSAL_ORDER},                /* the leg */
        {4 + 64, 1, REFUSAL_MALFORMED},       /* above the deadline */
        {4 + 96, 1, REFUSAL_MALFORMED},       /* above the router */
        {4 + 127, 1, REFUSAL_FUNCTION},       /* another router */
        {4 + 128, 1, REFUSAL_MALFORMED},      /* above the domain */
        {4 + 159, 0x80, REFUSAL_DESTINATION}, /* another domain */
        {4 + 160, 1, REFUSAL_AMOUNT},
        {4 + 192, 1, REFUSAL_MALFORMED}, /* above the bridge */
        {4 + 223, 1, REFUSAL_BRIDGE},
    };
    fixture_guarded(&made, 0, 10, &none);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        made.data[cases[i].place] ^= cases[i].bits;
        const enum refusal_kind refusal = judge();
        if (refusal != cases[i].refusal) {
            fail_msg("byte %zu: refusal %d", cases[i].place, (int)refusal);
        }
        made.data[cases[i].place] ^= cases[i].bits;
    }
    made.transaction.data.count += 32;
    assert_int_equal(judge(), REFUSAL_MALFORMED);
    made.transaction.data.count -= 64;
    assert_int_equal(judge(), REFUSAL_MALFORMED);
    made.transaction.data.count += 32;
    made.transaction.value = amount_from_u64(5001);
    assert_int_equal(judge(), REFUSAL_VALUE);
    made.transaction.value = amount_zero();
    assert_int_equal(judge(), REFUSAL_NONE);
}

/* A plan is void with the mandate it was made under, and so is its order. */
static void an_order_under_another_mandate_is_refused(void **state)
{
    (void)state;
    struct hash mandate = {.bytes = {1}};
    fixture_policy(&policy);
    policy.chains[0].rules[1].guard = fixture_address(FIXTURE_GUARD);
    policy.has_mandate = true;
    policy.mandate.bytes[0] = 2;
    fixture_guarded(&made, 0, 10, &mandate);
    assert_int_equal(judge(), REFUSAL_MANDATE);
    mandate.bytes[0] = 2;
    fixture_guarded(&made, 0, 10, &mandate);
    assert_int_equal(judge(), REFUSAL_PLAN); /* it came without one */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guard_is_asked_for_its_router_alone),
        cmocka_unit_test(an_order_under_another_mandate_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
