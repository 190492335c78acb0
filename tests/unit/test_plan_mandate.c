/* SPDX-License-Identifier: Apache-2.0 */
/* What the mandate adds to planning: floors, caps, velocity, budget, and its hash in each plan. */
#include "relay/core/capital/capital_view.h"
#include "relay/core/plan/plan_internal.h"
#include "tests/support/capital_world.h"

static uint64_t number(struct amount amount)
{
    uint64_t value;

    assert_status(STATUS_OK, amount_to_u64(&amount, &value));
    return value;
}

/* 700,000 / 1,300,000 / 1,000,000, goals of a million each: a floor keeps what is above it alone
 * from leaving, a cap what would go beyond it from arriving; the tighter of amount and share
 * counts, and the plan names the mandate. */
static void floors_and_caps_of_the_mandate_bound_a_plan(void **state)
{
    (void)state;
    const struct {
        uint64_t floor;
        uint32_t floor_share;
        uint64_t cap;
        uint32_t cap_share;
        uint64_t moved;
        enum plan_limit_kind kind;
    } cases[] = {
        {1200000, 0, 0, 0, 100000, PLAN_LIMIT_FLOOR},
        {1200000, 4200, 0, 0, 40000, PLAN_LIMIT_FLOOR}, /* 42 % of 3,000,000 are 1,260,000 */
        {0, 0, 750000, 0, 50000, PLAN_LIMIT_CAP},
        {0, 0, 750000, 2400, 20000, PLAN_LIMIT_CAP}, /* 24 % are 720,000 */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world *world = world_new(ROUTE_OBSERVE);
        struct core_router *source = &world->config.routers[1];
        struct core_router *target = &world->config.routers[0];
        source->floor = amount_from_u64(cases[i].floor);
        source->floor_share.value = cases[i].floor_share;
        target->cap = amount_from_u64(cases[i].cap);
        target->cap_share.value = cases[i].cap_share;
        world_reconcile(world);
        world_unbalance(world, 1, 2, 300000);
        assert_true(world_plans(world, 5000));
        const struct plan_row plan = world_plan(world, world_asset(world).plan_id);
        uint64_t moved = 0;
        bool named = false;
        for (uint32_t k = 0; k < plan.moves_count; k++) {
            const bool counts = cases[i].cap == 0 ? plan.moves[k].source_domain == 2
                                                  : plan.moves[k].target_domain == 1;
            moved += counts ? number(plan.moves[k].amount) : 0;
        }
        for (uint32_t k = 0; k < plan.binding_count; k++) {
            named = named || plan.binding[k].kind == cases[i].kind;
        }
        assert_int_equal(moved, cases[i].moved);
        assert_true(named);
        world_free(world);
    }
    struct world *world = world_new(ROUTE_OBSERVE);
    world->config.routers[0].cap = amount_from_u64(700000);
    world->config.routers[2].cap = amount_from_u64(1000000);
    world_reconcile(world);
    world_unbalance(world, 1, 2, 300000);
    assert_false(world_plans(world, 5000));
    assert_int_equal(world_asset(world).reason, REASON_MANDATE_BOUND);
    world_free(world);
}

/* Domain 2 has too much and domain 1 too little, but the bridge of 2 may send to 3 alone: what may
 * go goes there, from where it may go on. With every way closed the mandate is named. */
static void a_bridge_sends_where_the_mandate_lets_it(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);

    assert_int_equal(world->config.chains[2].domain, 3);
    world->config.routers[1].bridge_to.words[0] = 1u << 2;
    world_reconcile(world);
    world_unbalance(world, 1, 2, 300000);
    (void)world_plans(world, 5000);
    const struct hash id = world_asset(world).plan_id;
    if (!hash_is_zero(&id)) {
        const struct plan_row plan = world_plan(world, id);
        for (uint32_t i = 0; i < plan.moves_count; i++) {
            assert_false(plan.moves[i].source_domain == 2 && plan.moves[i].target_domain == 1);
        }
    }
    world_free(world);

    world = world_new(ROUTE_OBSERVE);
    for (uint32_t i = 0; i < 3; i++) {
        world->config.routers[i].bridge_to.words[0] = UINT64_C(1)
                                                      << 63; /* to a chain that is not there */
    }
    world_reconcile(world);
    world_unbalance(world, 1, 2, 300000);
    assert_false(world_plans(world, 5000));
    assert_int_equal(world_asset(world).reason, REASON_MANDATE_BOUND);
    world_free(world);

    world = world_new(ROUTE_OBSERVE);
    world->config.routers[1].bridge_to.words[0] = 1u; /* to domain 1: that is what is wanted */
    world_reconcile(world);
    world_unbalance(world, 1, 2, 300000);
    assert_true(world_plans(world, 5000));
    world_free(world);
}

/* 100,000 in an hour: the first plan is cut to it, the second waits for the next window but one,
 * because both halves of a rolling hour count. A fee budget stops a plan as a whole. */
static void velocity_and_budget_hold_over_a_window(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_ACT);

    world->config.route.window = DURATION_MS(60000);
    world->config.route.velocity = amount_from_u64(100000);
    world_reconcile(world);
    world_unbalance(world, 1, 2, 300000);
    assert_true(world_plans(world, 5000));
    const struct hash first = world_asset(world).plan_id;
    const struct plan_row plan = world_plan(world, first);
    assert_int_equal(plan.moves_count, 1);
    assert_int_equal(number(plan.moves[0].amount), 100000);
    assert_int_equal(number(world_asset(world).moved_now), 100000);
    world_free(world);

    world = world_new(ROUTE_OBSERVE);
    world->fee_token_ppm = 10000;
    world->config.route.window = DURATION_MS(60000);
    world->config.route.fee_budget = amount_from_u64(2000);
    world_reconcile(world);
    world_unbalance(world, 1, 2, 300000);
    assert_false(world_plans(world, 5000));
    assert_int_equal(world_asset(world).reason, REASON_OVER_BUDGET);
    world->config.route.fee_budget = amount_from_u64(3000);
    world_restart(world);
    world_reconcile(world);
    assert_true(world_plans(world, 5000));
    world_free(world);
}

/* A plan under a mandate is void under another one, and carries its hash to the signer. */
static void a_plan_belongs_to_its_mandate(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_PROPOSE);
    const struct hash mandate = {{7}};

    world->config.route.mandate = mandate;
    world_reconcile(world);
    world_unbalance(world, 1, 2, 300000);
    assert_true(world_plans(world, 5000));
    const struct hash id = world_asset(world).plan_id;
    const struct plan_row plan = world_plan(world, id);
    struct approval approval;
    capital_view_approval(&id, &plan, &approval);
    assert_true(hash_equal(&approval.mandate, &mandate));
    assert_int_equal(plan.state, PLAN_AWAITING_APPROVAL);
    world->config.route.mandate.bytes[0] = 8;
    world_restart(world);
    world_reconcile(world);
    world_wait(world, 5000);
    const struct plan_row after = world_plan(world, id);
    assert_int_equal(after.state, PLAN_VOID);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floors_and_caps_of_the_mandate_bound_a_plan),
        cmocka_unit_test(a_bridge_sends_where_the_mandate_lets_it),
        cmocka_unit_test(velocity_and_budget_hold_over_a_window),
        cmocka_unit_test(a_plan_belongs_to_its_mandate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
