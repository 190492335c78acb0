/* SPDX-License-Identifier: Apache-2.0 */
/* The node's key in a thief's hands, a guard on the router and capital in a spoke: what the signer
 * still refuses, judged from the bytes alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "relay/base/approval.h"
#include "tests/unit/signer_fixture.h"

static const struct hash none = {{0}};
static struct policy policy;
static struct fixture_transaction made;

/* The verdict on `made` as it is now, with a plan or none. */
static enum refusal_kind judge_as(enum leg_kind leg, struct bytes plan)
{
    const struct address key = fixture_address(1);
    struct wire_request request = fixture_request(&made, leg, &key);
    struct policy_transaction allowed;
    struct refusal refusal = {.kind = REFUSAL_NONE};

    request.transaction.plan = plan;
    return policy_allows_transaction(&policy, &request, &allowed, &refusal) ? REFUSAL_NONE
                                                                            : refusal.kind;
}

/* As the leg of this kind and id, which is a move of the plan. */
static enum refusal_kind judge_leg(enum leg_kind leg, const struct hash *id,
                                   const struct approval *plan)
{
    uint8_t memory[APPROVAL_BYTES_MAX];
    const struct address key = fixture_address(1);
    struct wire_request request = fixture_request(&made, leg, &key);
    struct policy_transaction allowed;
    struct refusal refusal = {.kind = REFUSAL_NONE};

    request.transaction.leg_id = *id;
    request.transaction.plan = approval_pack(plan, memory);
    return policy_allows_transaction(&policy, &request, &allowed, &refusal) ? REFUSAL_NONE
                                                                            : refusal.kind;
}

static enum refusal_kind judge_move(const struct hash *id, const struct approval *plan)
{
    return judge_leg(LEG_VENUE, id, plan);
}

static enum refusal_kind judge(void)
{
    return judge_as(LEG_REBALANCE, bytes_from(NULL, 0));
}

static enum refusal_kind judge_venue(void)
{
    return judge_as(LEG_VENUE, bytes_from(NULL, 0));
}

/* Where the rule has a guard, the guard alone is called: for the rule's router, by an order of this
 * leg, inside the rule's bounds. Every byte of it counts. */
static void a_guard_is_asked_for_its_router_alone(void **state)
{
    (void)state;
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

/* Deposits into venues 0 and 2, withdrawals from 2, and no more. */
static void allow_venues(void)
{
    struct policy_chain *chain = &policy.chains[0];

    fixture_policy(&policy);
    for (uint32_t i = 0; i < 2; i++) {
        chain->rules[chain->rules_count++] =
            (struct policy_rule){.leg = LEG_VENUE,
                                 .verb = i == 0 ? VENUE_DEPOSIT : VENUE_WITHDRAW,
                                 .contract = fixture_address(FIXTURE_SPOKE),
                                 .venues = {2, 0},
                                 .venues_count = i == 0 ? 2 : 1,
                                 .amount_max = amount_from_u64(1000),
                                 .amount_per_hour_max = amount_from_u64(2500)};
    }
}

static void a_spoke_is_asked_for_its_venues_alone(void **state)
{
    (void)state;
    allow_venues();
    fixture_venue(&made, 0, VENUE_DEPOSIT, 0, 1000, &none);
    assert_int_equal(judge_venue(), REFUSAL_NONE);
    assert_int_equal(judge(), REFUSAL_FUNCTION); /* under another leg's name */
    made.transaction.to = fixture_address(FIXTURE_ROUTER);
    assert_int_equal(judge_venue(), REFUSAL_FUNCTION); /* another contract */
    fixture_venue(&made, 0, VENUE_DEPOSIT, 1, 10, &none);
    assert_int_equal(judge_venue(), REFUSAL_VENUE);
    fixture_venue(&made, 0, VENUE_WITHDRAW, 0, 10, &none);
    assert_int_equal(judge_venue(), REFUSAL_VENUE); /* allowed for deposits, not for this */
    fixture_venue(&made, 0, VENUE_BORROW, 2, 10, &none);
    assert_int_equal(judge_venue(), REFUSAL_FUNCTION);
    fixture_venue(&made, 0, VENUE_REPAY, 2, 10, &none);
    assert_int_equal(judge_venue(), REFUSAL_FUNCTION);
    fixture_venue(&made, 0, VENUE_DEPOSIT, 2, 1001, &none);
    assert_int_equal(judge_venue(), REFUSAL_AMOUNT);
    fixture_venue(&made, 0, VENUE_DEPOSIT, 2, 10, &none);
    made.transaction.value = amount_from_u64(1);
    assert_int_equal(judge_venue(), REFUSAL_VALUE);
}

static void every_byte_of_a_venue_leg_counts(void **state)
{
    (void)state;
    static const struct {
        size_t place;
        enum refusal_kind refusal;
    } cases[] = {
        {3, REFUSAL_FUNCTION},       /* the function */
        {4, REFUSAL_ORDER},          /* the leg */
        {4 + 64, REFUSAL_MALFORMED}, /* above the deadline */
        {4 + 96, REFUSAL_MALFORMED}, /* above the venue */
        {4 + 127, REFUSAL_VENUE},    {4 + 128, REFUSAL_AMOUNT},
    };

    allow_venues();
    fixture_venue(&made, 0, VENUE_DEPOSIT, 2, 10, &none);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        made.data[cases[i].place] ^= 1;
        const enum refusal_kind refusal = judge_venue();
        if (refusal != cases[i].refusal) {
            fail_msg("byte %zu: refusal %d", cases[i].place, (int)refusal);
        }
        made.data[cases[i].place] ^= 1;
    }
    made.transaction.data.count += 32;
    assert_int_equal(judge_venue(), REFUSAL_MALFORMED);
    made.transaction.data.count -= 64;
    assert_int_equal(judge_venue(), REFUSAL_MALFORMED);
    made.transaction.data.count += 32;
    assert_int_equal(judge_venue(), REFUSAL_NONE);
}

/* Under a mandate a venue leg is one move of a plan made under it, by its spoke and amount; in
 * observe there is none. */
static void a_venue_leg_belongs_to_a_plan(void **state)
{
    (void)state;
    struct approval plan = {.moves_count = 1};
    uint8_t memory[APPROVAL_BYTES_MAX];

    allow_venues();
    fixture_venue(&made, 0, VENUE_DEPOSIT, 2, 10, &none);
    policy.mode = SIGNER_MODE_OBSERVE;
    assert_int_equal(judge_venue(), REFUSAL_MODE);
    policy.mode = SIGNER_MODE_ACT;
    policy.has_mandate = true;
    policy.mandate.bytes[0] = 9;
    assert_int_equal(judge_venue(), REFUSAL_MANDATE);
    fixture_venue(&made, 0, VENUE_DEPOSIT, 2, 10, &policy.mandate);
    assert_int_equal(judge_venue(), REFUSAL_PLAN);
    plan.mandate = policy.mandate;
    plan.moves[0] = (struct approval_move){.kind = MOVE_BETWEEN_VENUES,
                                           .source_domain = FIXTURE_DOMAIN,
                                           .source = fixture_address(FIXTURE_SPOKE),
                                           .target_domain = FIXTURE_DOMAIN,
                                           .target_venue = 3,
                                           .amount = amount_from_u64(10)};
    /* The plan is there, and the leg is no move of it. */
    assert_int_equal(judge_as(LEG_VENUE, approval_pack(&plan, memory)), REFUSAL_PLAN);
    const struct hash id = approval_move_id(&plan.plan_id, 0);
    memcpy(made.data + 4, id.bytes, sizeof(id.bytes));
    assert_int_equal(judge_move(&id, &plan), REFUSAL_NONE);
    /* The mandate's shares hold too (test_signer_shares). */
    policy.places[0] = (struct policy_place){
        .domain = FIXTURE_DOMAIN, .contract = fixture_address(FIXTURE_SPOKE), .asset = 1};
    policy.places[1] = policy.places[0];
    policy.places[1].venue = 3;
    policy.places[1].cap = amount_from_u64(10);
    policy.places_count = 2;
    assert_int_equal(judge_move(&id, &plan), REFUSAL_SHARE); /* nothing is stated of it */
    plan.places[0] = (struct approval_place){
        .domain = FIXTURE_DOMAIN, .contract = fixture_address(FIXTURE_SPOKE), .venue = 3};
    plan.places_count = 1;
    assert_int_equal(judge_move(&id, &plan), REFUSAL_NONE);
    plan.places[0].amount = amount_from_u64(1);
    assert_int_equal(judge_move(&id, &plan), REFUSAL_SHARE);
    policy.places_count = 0;
    plan.moves[0].amount = amount_from_u64(11);
    assert_int_equal(judge_move(&id, &plan), REFUSAL_PLAN);
    plan.moves[0].amount = amount_from_u64(10);
    plan.moves[0].source_domain = FIXTURE_OTHER_DOMAIN;
    assert_int_equal(judge_move(&id, &plan), REFUSAL_PLAN);
    plan.moves[0].source_domain = FIXTURE_DOMAIN;
    plan.moves[0].source = fixture_address(FIXTURE_ROUTER);
    assert_int_equal(judge_move(&id, &plan), REFUSAL_PLAN);
    plan.moves[0].source = fixture_address(FIXTURE_SPOKE);
    plan.moves[0].target_venue = 1; /* allowed by the rule, and not what is signed */
    assert_int_equal(judge_move(&id, &plan), REFUSAL_PLAN);
    plan.moves[0].target_venue = 0;
    plan.moves[0].source_venue = 3; /* the other way */
    assert_int_equal(judge_move(&id, &plan), REFUSAL_PLAN);
    plan.moves[0].kind = MOVE_BETWEEN_ROUTERS;
    plan.moves[0].target_domain = FIXTURE_DOMAIN;
    assert_int_equal(judge_move(&id, &plan), REFUSAL_PLAN);
}

/* From one venue to another are two legs, each under an id of its own: the first takes out, the
 * second puts in, and neither stands for the other. */
static void both_legs_between_venues_are_of_one_move(void **state)
{
    (void)state;
    struct approval plan = {.moves_count = 1};
    struct hash ids[2];

    allow_venues();
    policy.mode = SIGNER_MODE_ACT;
    policy.has_mandate = true;
    policy.mandate.bytes[0] = 9;
    plan.mandate = policy.mandate;
    plan.moves[0] = (struct approval_move){.kind = MOVE_BETWEEN_VENUES,
                                           .source_domain = FIXTURE_DOMAIN,
                                           .source = fixture_address(FIXTURE_SPOKE),
                                           .source_venue = 3,
                                           .target_domain = FIXTURE_DOMAIN,
                                           .target_venue = 1,
                                           .amount = amount_from_u64(10)};
    for (uint32_t leg = 0; leg < 2; leg++) {
        ids[leg] = approval_leg_id(&plan.plan_id, 0, leg);
        plan.leg = leg;
        for (uint32_t enters = 0; enters < 2; enters++) {
            fixture_venue(&made, 0, enters ? VENUE_DEPOSIT : VENUE_WITHDRAW, enters ? 0 : 2, 10,
                          &policy.mandate);
            memcpy(made.data + 4, ids[leg].bytes, sizeof(ids[leg].bytes));
            assert_int_equal(judge_move(&ids[leg], &plan),
                             enters == leg ? REFUSAL_NONE : REFUSAL_PLAN);
        }
    }
    /* And a debt to it: the second leg pays back, and is no deposit. */
    struct policy_rule *rule = &policy.chains[0].rules[policy.chains[0].rules_count++];
    *rule = policy.chains[0].rules[policy.chains[0].rules_count - 3];
    assert_int_equal(rule->verb, VENUE_DEPOSIT);
    rule->verb = VENUE_REPAY;
    plan.moves[0].target_venue = approval_debt(0);
    plan.leg = 1;
    for (uint32_t pays = 0; pays < 2; pays++) {
        fixture_venue(&made, 0, pays ? VENUE_REPAY : VENUE_DEPOSIT, 0, 10, &policy.mandate);
        memcpy(made.data + 4, ids[1].bytes, sizeof(ids[1].bytes));
        assert_int_equal(judge_move(&ids[1], &plan), pays ? REFUSAL_NONE : REFUSAL_PLAN);
    }
    fixture_venue(&made, 0, VENUE_REPAY, 0, 9, &policy.mandate); /* nor less of it */
    memcpy(made.data + 4, ids[1].bytes, sizeof(ids[1].bytes));
    assert_int_equal(judge_move(&ids[1], &plan), REFUSAL_PLAN);
    plan.moves[0].target_venue = 1;
    plan.leg = 2;
    ids[0] = approval_leg_id(&plan.plan_id, 0, 2);
    memcpy(made.data + 4, ids[0].bytes, sizeof(ids[0].bytes));
    assert_int_equal(judge_move(&ids[0], &plan), REFUSAL_PLAN); /* there are two */
}

/* One spoke may send one token to one domain over one bridge, and book what comes. */
static void allow_crossing(void)
{
    struct policy_chain *chain = &policy.chains[0];

    allow_venues();
    chain->rules[chain->rules_count++] =
        (struct policy_rule){.leg = LEG_CROSSING,
                             .contract = fixture_address(FIXTURE_SPOKE),
                             .token = fixture_address(FIXTURE_TOKEN),
                             .bridges = {fixture_address(FIXTURE_BRIDGE)},
                             .bridges_count = 1,
                             .destinations = {FIXTURE_OTHER_DOMAIN},
                             .destinations_count = 1,
                             .amount_max = amount_from_u64(1000),
                             .amount_per_hour_max = amount_from_u64(2500)};
    chain->rules[chain->rules_count++] =
        (struct policy_rule){.leg = LEG_SETTLE, .contract = fixture_address(FIXTURE_SPOKE)};
}

static enum refusal_kind judge_crossing(void)
{
    return judge_as(LEG_CROSSING, bytes_from(NULL, 0));
}

/* The stolen key cannot send elsewhere, something else, over another bridge, or more at once. */
static void every_byte_of_a_crossing_counts(void **state)
{
    (void)state;
    static const struct {
        size_t place;
        uint8_t bits;
        enum refusal_kind refusal;
    } cases[] = {
        {4, 1, REFUSAL_ORDER},                /* the leg */
        {4 + 64, 1, REFUSAL_MALFORMED},       /* above the deadline */
        {4 + 96, 1, REFUSAL_MALFORMED},       /* above the bridge */
        {4 + 127, 1, REFUSAL_BRIDGE},         /* another bridge */
        {4 + 128, 1, REFUSAL_MALFORMED},      /* above the domain */
        {4 + 159, 0x80, REFUSAL_DESTINATION}, /* another domain */
        {4 + 160, 1, REFUSAL_MALFORMED},      /* above the token */
        {4 + 191, 1, REFUSAL_FUNCTION},       /* another token */
        {4 + 192, 1, REFUSAL_AMOUNT},
    };

    allow_crossing();
    fixture_crossing(&made, 0, FIXTURE_OTHER_DOMAIN, 10, &none);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        made.data[cases[i].place] ^= cases[i].bits;
        const enum refusal_kind refusal = judge_crossing();
        if (refusal != cases[i].refusal) {
            fail_msg("byte %zu: refusal %d", cases[i].place, (int)refusal);
        }
        made.data[cases[i].place] ^= cases[i].bits;
    }
    made.transaction.data.count += 32;
    assert_int_equal(judge_crossing(), REFUSAL_MALFORMED);
    made.transaction.data.count -= 32;
    made.transaction.value = amount_from_u64(5001); /* the fee that goes with it */
    assert_int_equal(judge_crossing(), REFUSAL_VALUE);
    made.transaction.value = amount_from_u64(5000);
    assert_int_equal(judge_crossing(), REFUSAL_NONE);
    made.transaction.to = fixture_address(0x77); /* another spoke */
    assert_int_equal(judge_crossing(), REFUSAL_FUNCTION);
    fixture_crossing(&made, 0, FIXTURE_OTHER_DOMAIN, 1001, &none);
    assert_int_equal(judge_crossing(), REFUSAL_AMOUNT);
    policy.mode = SIGNER_MODE_OBSERVE;
    fixture_crossing(&made, 0, FIXTURE_OTHER_DOMAIN, 10, &none);
    assert_int_equal(judge_crossing(), REFUSAL_MODE);
}

/* A spoke pays its hub by an order of this leg under the mandate, never in observe; whom, and
 * whether it may, is the spoke's word. */
static void every_byte_of_a_payment_to_the_hub_counts(void **state)
{
    (void)state;
    const struct hash other = {{9}};
    struct policy_chain *chain = &policy.chains[0];

    fixture_policy(&policy);
    fixture_pay_hub(&made, 0, 10, &none);
    assert_int_equal(judge_as(LEG_HUB, bytes_from(NULL, 0)), REFUSAL_FUNCTION); /* no rule */
    chain->rules[chain->rules_count++] = (struct policy_rule){
        .leg = LEG_HUB, .hub_verb = HUB_REPORT, .contract = fixture_address(FIXTURE_SPOKE)};
    assert_int_equal(judge_as(LEG_HUB, bytes_from(NULL, 0)), REFUSAL_FUNCTION); /* another's */
    chain->rules[chain->rules_count - 1].hub_verb = HUB_PAY;
    assert_int_equal(judge_as(LEG_HUB, bytes_from(NULL, 0)), REFUSAL_NONE);
    made.data[4] ^= 1; /* the leg */
    assert_int_equal(judge_as(LEG_HUB, bytes_from(NULL, 0)), REFUSAL_ORDER);
    made.data[4] ^= 1;
    made.data[4 + 96] ^= 1; /* above the token */
    assert_int_equal(judge_as(LEG_HUB, bytes_from(NULL, 0)), REFUSAL_MALFORMED);
    made.data[4 + 96] ^= 1;
    made.transaction.data.count += 32;
    assert_int_equal(judge_as(LEG_HUB, bytes_from(NULL, 0)), REFUSAL_MALFORMED);
    made.transaction.data.count -= 32;
    made.transaction.value = amount_from_u64(1);
    assert_int_equal(judge_as(LEG_HUB, bytes_from(NULL, 0)), REFUSAL_VALUE);
    made.transaction.value = amount_from_u64(0);
    policy.has_mandate = true;
    policy.mandate = other;
    assert_int_equal(judge_as(LEG_HUB, bytes_from(NULL, 0)), REFUSAL_MANDATE);
    policy.has_mandate = false;
    policy.mode = SIGNER_MODE_OBSERVE;
    assert_int_equal(judge_as(LEG_HUB, bytes_from(NULL, 0)), REFUSAL_MODE);
}

/* Booking what came needs no plan, works in every mode, and carries nothing. */
static void what_came_may_be_booked_at_any_time(void **state)
{
    (void)state;
    allow_crossing();
    policy.mode = SIGNER_MODE_PROPOSE;
    fixture_settle(&made, 0, FIXTURE_OTHER_DOMAIN);
    assert_int_equal(judge_as(LEG_SETTLE, bytes_from(NULL, 0)), REFUSAL_NONE);
    made.transaction.value = amount_from_u64(1);
    assert_int_equal(judge_as(LEG_SETTLE, bytes_from(NULL, 0)), REFUSAL_VALUE);
    made.transaction.value = amount_zero();
    made.data[4] ^= 1; /* above the domain */
    assert_int_equal(judge_as(LEG_SETTLE, bytes_from(NULL, 0)), REFUSAL_MALFORMED);
    made.data[4] ^= 1;
    made.transaction.to = fixture_address(0x77);
    assert_int_equal(judge_as(LEG_SETTLE, bytes_from(NULL, 0)), REFUSAL_FUNCTION);
}

/* Out of venue 2 here, over the bridge, into venue 0 of the sibling: each leg by its number, its
 * chain and its spoke alone; and what is put in there may be less, never more, than what was sent.
 */
static void a_move_between_spokes_is_three_legs_of_one_plan(void **state)
{
    (void)state;
    struct approval plan = {.moves_count = 1};
    struct hash ids[3];

    allow_crossing();
    policy.mode = SIGNER_MODE_ACT;
    policy.has_mandate = true;
    policy.mandate.bytes[0] = 9;
    plan.mandate = policy.mandate;
    plan.moves[0] = (struct approval_move){.kind = MOVE_BETWEEN_SPOKES,
                                           .source_domain = FIXTURE_DOMAIN,
                                           .source = fixture_address(FIXTURE_SPOKE),
                                           .source_venue = 3,
                                           .target_domain = FIXTURE_OTHER_DOMAIN,
                                           .target = fixture_address(FIXTURE_SPOKE),
                                           .target_venue = 1,
                                           .amount = amount_from_u64(10)};
    for (uint32_t leg = 0; leg < 3; leg++) {
        ids[leg] = approval_leg_id(&plan.plan_id, 0, leg);
        plan.leg = leg;
        fixture_venue(&made, 0, VENUE_WITHDRAW, 2, 10, &policy.mandate);
        memcpy(made.data + 4, ids[leg].bytes, sizeof(ids[leg].bytes));
        assert_int_equal(judge_move(&ids[leg], &plan), leg == 0 ? REFUSAL_NONE : REFUSAL_PLAN);
        fixture_crossing(&made, 0, FIXTURE_OTHER_DOMAIN, 10, &policy.mandate);
        memcpy(made.data + 4, ids[leg].bytes, sizeof(ids[leg].bytes));
        assert_int_equal(judge_leg(LEG_CROSSING, &ids[leg], &plan),
                         leg == 1 ? REFUSAL_NONE : REFUSAL_PLAN);
        fixture_crossing(&made, 0, FIXTURE_OTHER_DOMAIN, 9, &policy.mandate);
        memcpy(made.data + 4, ids[leg].bytes, sizeof(ids[leg].bytes));
        assert_int_equal(judge_leg(LEG_CROSSING, &ids[leg], &plan), REFUSAL_PLAN);
        fixture_venue(&made, 0, VENUE_DEPOSIT, 0, 10, &policy.mandate);
        memcpy(made.data + 4, ids[leg].bytes, sizeof(ids[leg].bytes));
        assert_int_equal(judge_move(&ids[leg], &plan), REFUSAL_PLAN); /* on this chain */
    }
    /* The same from the other side, where the third leg belongs. */
    plan.moves[0].source_domain = FIXTURE_OTHER_DOMAIN;
    plan.moves[0].target_domain = FIXTURE_DOMAIN;
    for (uint64_t amount = 9; amount <= 11; amount++) {
        fixture_venue(&made, 0, VENUE_DEPOSIT, 0, amount, &policy.mandate);
        memcpy(made.data + 4, ids[2].bytes, sizeof(ids[2].bytes));
        assert_int_equal(judge_move(&ids[2], &plan), amount <= 10 ? REFUSAL_NONE : REFUSAL_PLAN);
    }
    plan.moves[0].target = fixture_address(0x77); /* another spoke than it was sent to */
    fixture_venue(&made, 0, VENUE_DEPOSIT, 0, 10, &policy.mandate);
    memcpy(made.data + 4, ids[2].bytes, sizeof(ids[2].bytes));
    assert_int_equal(judge_move(&ids[2], &plan), REFUSAL_PLAN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guard_is_asked_for_its_router_alone),
        cmocka_unit_test(an_order_under_another_mandate_is_refused),
        cmocka_unit_test(a_spoke_is_asked_for_its_venues_alone),
        cmocka_unit_test(every_byte_of_a_venue_leg_counts),
        cmocka_unit_test(a_venue_leg_belongs_to_a_plan),
        cmocka_unit_test(both_legs_between_venues_are_of_one_move),
        cmocka_unit_test(every_byte_of_a_crossing_counts),
        cmocka_unit_test(every_byte_of_a_payment_to_the_hub_counts),
        cmocka_unit_test(what_came_may_be_booked_at_any_time),
        cmocka_unit_test(a_move_between_spokes_is_three_legs_of_one_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
