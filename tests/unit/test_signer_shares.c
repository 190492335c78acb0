/* SPDX-License-Identifier: Apache-2.0 */
/* The mandate's shares, as the signer holds a plan to them by what the plan states of its places:
 * two spokes of one asset with two venues each, and two routers. */
#include <string.h>

#include "relay/signer/shares.h"
#include "tests/support/unit.h"

#define HERE  901u
#define THERE 902u

enum { SPOKE_HERE, ONE_HERE, TWO_HERE, SPOKE_THERE, ONE_THERE, TWO_THERE, ROUTER_A, ROUTER_B };
#define PLACES 8u

static struct policy policy;
static struct approval plan;

static struct address contract_of(uint32_t place)
{
    struct address address = {{0}};

    address.bytes[31] = place < SPOKE_THERE ? 1 : place < ROUTER_A ? 2 : (uint8_t)(3 + place);
    return address;
}

static void state_place(uint32_t place, uint64_t amount)
{
    plan.places[plan.places_count++] = (struct approval_place){
        .domain = policy.places[place].domain,
        .contract = policy.places[place].contract,
        .venue = policy.places[place].venue,
        .amount = amount_from_u64(amount),
    };
}

/* Of the spokes' 1,000: 100 idle and 300 and 200 in venues here, 400 in venue one there. Of the
 * routers' 1,000: 700 and 300. */
static int set_up(void **state)
{
    static const uint64_t held[PLACES] = {100, 300, 200, 0, 400, 0, 700, 300};

    (void)state;
    memset(&policy, 0, sizeof(policy));
    memset(&plan, 0, sizeof(plan));
    policy.places_count = PLACES;
    for (uint32_t i = 0; i < PLACES; i++) {
        const bool is_there = i >= SPOKE_THERE && i != ROUTER_A;
        policy.places[i] = (struct policy_place){.domain = is_there ? THERE : HERE,
                                                 .contract = contract_of(i),
                                                 .venue = i < ROUTER_A ? i % 3 : 0,
                                                 .is_router = i >= ROUTER_A,
                                                 .asset = 1};
    }
    for (uint32_t i = 0; i < ROUTER_A; i++) {
        state_place(i, held[i]);
    }
    return 0;
}

/* The plan's only move. */
static void move(uint32_t from, uint32_t to, uint64_t amount)
{
    const struct policy_place *source = &policy.places[from];
    const struct policy_place *target = &policy.places[to];
    const bool crosses = source->domain != target->domain;

    plan.moves_count = 1;
    plan.moves[0] = (struct approval_move){
        .kind = source->is_router ? MOVE_BETWEEN_ROUTERS
                : crosses         ? MOVE_BETWEEN_SPOKES
                                  : MOVE_BETWEEN_VENUES,
        .source_domain = source->domain,
        .source = source->contract,
        .source_venue = source->venue,
        .target_domain = target->domain,
        .target = crosses && !source->is_router ? target->contract : (struct address){{0}},
        .target_venue = target->venue,
        .amount = amount_from_u64(amount),
    };
}

static bool allowed(void)
{
    struct refusal refusal = {.kind = REFUSAL_NONE};
    const bool allows = shares_allow(&policy, &plan, &refusal);

    assert_int_equal(refusal.kind, allows ? REFUSAL_NONE : REFUSAL_SHARE);
    return allows;
}

/* To the unit: so much, and not one more. */
static void most_is(uint32_t from, uint32_t to, uint64_t amount)
{
    move(from, to, amount);
    assert_true(allowed());
    move(from, to, amount + 1);
    assert_false(allowed());
}

static void a_chain_s_share_counts_the_spoke_with_its_venues(void **state)
{
    (void)state;
    policy.places[SPOKE_HERE].cap_share.value = 7000; /* it has 600 of 1,000 */
    most_is(ONE_THERE, TWO_HERE, 100);
    move(SPOKE_HERE, ONE_HERE, 100); /* inside it nothing changes */
    assert_true(allowed());
    policy.places[SPOKE_HERE].cap = amount_from_u64(650); /* the tighter one */
    most_is(ONE_THERE, SPOKE_HERE, 50);
    policy.places[SPOKE_THERE].floor_share.value = 3700;
    most_is(ONE_THERE, SPOKE_HERE, 30);
    policy.places[SPOKE_THERE].floor = amount_from_u64(380);
    most_is(ONE_THERE, SPOKE_HERE, 20);
}

static void a_venue_s_share_counts_the_venue(void **state)
{
    (void)state;
    policy.places[ONE_HERE].cap_share.value = 3500;
    most_is(SPOKE_HERE, ONE_HERE, 50);
    most_is(ONE_THERE, ONE_HERE, 50);
    policy.places[TWO_HERE].floor = amount_from_u64(160);
    most_is(TWO_HERE, ONE_HERE, 40);
    policy.places[TWO_HERE].floor_share.value = 1800;
    most_is(TWO_HERE, SPOKE_HERE, 20);
    policy.places[ONE_HERE].cap = amount_from_u64(200); /* above it already: it may only leave */
    move(SPOKE_HERE, ONE_HERE, 1);
    assert_false(allowed());
    move(ONE_HERE, SPOKE_HERE, 300);
    assert_true(allowed());
}

/* 100 are idle here, of which 40 stay: what leaves for a venue or a sibling alike counts. */
static void a_buffer_stays_idle(void **state)
{
    (void)state;
    policy.places[SPOKE_HERE].buffer = amount_from_u64(40);
    most_is(SPOKE_HERE, ONE_HERE, 60);
    most_is(SPOKE_HERE, ONE_THERE, 60);
    move(ONE_HERE, TWO_HERE, 300); /* what was not idle leaves none of it */
    assert_true(allowed());
    policy.places[SPOKE_HERE].buffer = amount_from_u64(140); /* it lacks some: that may come home */
    move(ONE_HERE, SPOKE_HERE, 40);
    assert_true(allowed());
}

/* Venues one, here and there, are one issuer's and hold 700 of 1,000. */
static void an_issuer_s_share_counts_all_his_venues(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        policy.places[i == 0 ? ONE_HERE : ONE_THERE].issuer = 3;
        policy.places[i == 0 ? ONE_HERE : ONE_THERE].issuer_cap_share.value = 7500;
    }
    most_is(SPOKE_HERE, ONE_HERE, 50);
    most_is(TWO_HERE, ONE_THERE, 50);
    move(ONE_HERE, ONE_THERE, 300); /* from one of his to the other */
    assert_true(allowed());
}

/* Two moves of 30 each fit, both together do not; what leaves does not make room for what enters.
 */
static void moves_of_a_plan_count_together_and_gross(void **state)
{
    (void)state;
    policy.places[ONE_HERE].cap = amount_from_u64(350);
    move(SPOKE_HERE, ONE_HERE, 30);
    assert_true(allowed());
    plan.moves[1] = plan.moves[0];
    plan.moves[1].source_venue = 2;
    plan.moves_count = 2;
    assert_false(allowed());
    plan.index = 1;
    assert_false(allowed());
    plan.index = 0;
    plan.moves[1] = plan.moves[0];
    plan.moves[0].amount = amount_from_u64(60);
    plan.moves[1].source_venue = 1;
    plan.moves[1].target_venue = 2;
    assert_false(allowed());
}

static void routers_are_shared_out_by_themselves(void **state)
{
    (void)state;
    plan.places_count = 0;
    state_place(ROUTER_A, 700);
    state_place(ROUTER_B, 300);
    policy.places[ROUTER_B].cap_share.value = 4000;
    most_is(ROUTER_A, ROUTER_B, 100);
    policy.places[ROUTER_A].floor_share.value = 6500;
    most_is(ROUTER_A, ROUTER_B, 50);
    /* One that owes more than it has makes the whole smaller: 600 in all. */
    plan.places[0].amount = amount_from_u64(700);
    plan.places[1].negative = true;
    plan.places[1].amount = amount_from_u64(100);
    policy.places[ROUTER_A].floor_share.value = 0;
    most_is(ROUTER_A, ROUTER_B, 240);
}

/* What is not stated is not zero. */
static void what_is_not_stated_bounds_like_the_worst(void **state)
{
    (void)state;
    plan.places_count--; /* venue two there is mute */
    move(ONE_HERE, ONE_THERE, 1);
    assert_true(allowed());
    policy.places[SPOKE_THERE].cap_share.value = 9900;
    assert_false(allowed());
    policy.places[SPOKE_THERE].cap_share.value = 0;
    policy.places[SPOKE_HERE].floor_share.value = 100;
    assert_false(allowed());
    policy.places[SPOKE_HERE].floor_share.value = 0;
    policy.places[SPOKE_HERE].floor = amount_from_u64(10); /* an amount needs no whole */
    assert_true(allowed());
    plan.places_count = 0;
    assert_false(allowed());
}

static void what_the_mandate_does_not_name_is_refused(void **state)
{
    (void)state;
    move(SPOKE_HERE, ONE_HERE, 1);
    assert_true(allowed());
    plan.places[5] = plan.places[4]; /* one twice */
    assert_false(allowed());
    plan.places[5].contract.bytes[31] = 77;
    assert_false(allowed());
    assert_int_equal(set_up(state), 0);
    move(SPOKE_HERE, ONE_HERE, 1);
    plan.moves[0].target_venue = 9;
    assert_false(allowed());
    move(SPOKE_HERE, ONE_HERE, 1);
    plan.moves[0].source.bytes[31] = 77;
    assert_false(allowed());
    move(SPOKE_HERE, ONE_HERE, 1);
    policy.places[ONE_HERE].asset = 2;
    assert_false(allowed());
    policy.places_count = 0; /* a mandate by its hash alone says nothing of places */
    assert_true(allowed());
}

/* What is paid back leaves what is idle and enters nothing; the mandate names where it is owed. */
static void what_is_paid_back_is_bounded_where_it_leaves(void **state)
{
    (void)state;
    policy.places[SPOKE_HERE].buffer = amount_from_u64(40);
    policy.places[ONE_HERE].cap = amount_from_u64(1); /* nothing enters it */
    move(SPOKE_HERE, ONE_HERE, 60);
    assert_false(allowed());
    plan.moves[0].target_venue = approval_debt(0);
    assert_true(allowed());
    plan.moves[0].amount = amount_from_u64(61);
    assert_false(allowed());
    plan.moves[0].amount = amount_from_u64(60);
    plan.moves[0].target_venue = approval_debt(8); /* which the mandate does not name */
    assert_false(allowed());
    plan.moves[0].target_venue = approval_debt(0);
    policy.places[ONE_HERE].asset = 2; /* or of another asset */
    assert_false(allowed());
    policy.places[ONE_HERE].asset = 1;
    plan.moves[0].kind = MOVE_BETWEEN_SPOKES;
    plan.moves[0].target_domain = THERE;
    plan.moves[0].target = contract_of(SPOKE_THERE);
    assert_false(allowed());
}

/* The contract here holds a second asset, which venue two is of: what is idle has two names. */
static void a_contract_of_two_assets_is_read_by_either(void **state)
{
    (void)state;
    struct policy_place *second = &policy.places[policy.places_count++];

    *second = policy.places[SPOKE_HERE];
    second->asset = 2;
    second->buffer = amount_from_u64(40);
    policy.places[TWO_HERE].asset = 2;
    plan.places_count = 0;
    state_place(SPOKE_HERE, 100);
    state_place(TWO_HERE, 200);
    most_is(SPOKE_HERE, TWO_HERE, 60); /* the venue says which asset it is */
    move(SPOKE_HERE, ONE_HERE, 100);
    assert_false(allowed()); /* what is stated is of the other one */
    plan.places[1].venue = 1;
    assert_true(allowed());
    /* Idle there to idle there may be either: it must be allowed as both. */
    struct policy_place *away = &policy.places[policy.places_count++];
    *away = policy.places[SPOKE_THERE];
    away->asset = 2;
    plan.places_count = 0;
    state_place(SPOKE_HERE, 100);
    state_place(SPOKE_THERE, 0);
    most_is(SPOKE_HERE, SPOKE_THERE, 60);
    second->buffer = amount_zero();
    policy.places[SPOKE_HERE].buffer = amount_from_u64(70);
    most_is(SPOKE_HERE, SPOKE_THERE, 30);
}

static void sums_beyond_256_bits_are_refused(void **state)
{
    (void)state;
    move(SPOKE_HERE, ONE_HERE, 1);
    plan.places[0].amount = amount_max();
    assert_false(allowed());
    assert_int_equal(set_up(state), 0);
    policy.places[ONE_HERE].cap = amount_max();
    move(SPOKE_HERE, ONE_HERE, 1);
    plan.moves[0].amount = amount_max();
    assert_false(allowed());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_chain_s_share_counts_the_spoke_with_its_venues, set_up),
        cmocka_unit_test_setup(a_venue_s_share_counts_the_venue, set_up),
        cmocka_unit_test_setup(what_is_paid_back_is_bounded_where_it_leaves, set_up),
        cmocka_unit_test_setup(a_contract_of_two_assets_is_read_by_either, set_up),
        cmocka_unit_test_setup(a_buffer_stays_idle, set_up),
        cmocka_unit_test_setup(an_issuer_s_share_counts_all_his_venues, set_up),
        cmocka_unit_test_setup(moves_of_a_plan_count_together_and_gross, set_up),
        cmocka_unit_test_setup(routers_are_shared_out_by_themselves, set_up),
        cmocka_unit_test_setup(what_is_not_stated_bounds_like_the_worst, set_up),
        cmocka_unit_test_setup(what_the_mandate_does_not_name_is_refused, set_up),
        cmocka_unit_test_setup(sums_beyond_256_bits_are_refused, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
