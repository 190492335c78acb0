/* SPDX-License-Identifier: Apache-2.0 */
/* One move from a plan's decision to its arrival, with every way to go wrong. The lane is the
 * world's; the ledger sees the facts that follow. */
#include "relay/core/capital/capital_internal.h"
#include "tests/support/capital_world.h"

#define TOTAL 3000000u

/* A world in which one move is reserved: chain 2 to chain 1, 225,200 units. */
static struct world *reserved_world(struct hash *ret_id)
{
    struct world *world = world_new(ROUTE_ACT);

    world_reconcile(world);
    const struct hash user = world_user_sends(world, 2, 1, 300000);
    world_user_is_paid(world, 2, 1, user, 300000);
    world_reconcile(world);
    assert_true(world_plans(world, 5000));
    const struct plan_asset asset = world_asset(world);
    assert_int_equal(world_plan(world, asset.plan_id).moves_count, 1);
    *ret_id = capital_move_id(&asset.plan_id, 0);
    assert_int_equal(world_move(world, *ret_id).state, MOVE_RESERVED);
    world_wait(world, 100);
    assert_int_equal(world->prepares, 1);
    return world;
}

static struct world *sent_world(struct hash *ret_id)
{
    struct world *world = reserved_world(ret_id);

    world_prepared(world, OUTCOME_OK);
    assert_int_equal(world_move(world, *ret_id).state, MOVE_SENT);
    assert_int_equal(world->offers_taken, 1);
    return world;
}

static uint64_t moved_amount(struct world *world, struct hash id)
{
    const struct move_row row = world_move(world, id);
    uint64_t amount;

    assert_status(STATUS_OK, amount_to_u64(&row.move.amount, &amount));
    return amount;
}

static int64_t effective(struct world *world, uint32_t domain)
{
    const struct capital_position position = world_position(world, domain);
    uint64_t amount;

    assert_status(STATUS_OK, amount_to_u64(&position.effective.amount, &amount));
    return position.effective.negative ? -(int64_t)amount : (int64_t)amount;
}

static bool is_free(struct world *world)
{
    const struct capital_position source = world_position(world, 2);
    const struct capital_position target = world_position(world, 1);

    return amount_is_zero(&source.reserved_out) && amount_is_zero(&target.reserved_in);
}

static void included(struct world *world, struct hash id)
{
    world_begin(world);
    move_on_leg_included(&world->step, &id, 777);
    world_end(world);
}

/* At every instant of a move each unit counts once: the total stays, and the two ends change once,
 * when the move is reserved. */
static void capital_under_way_is_counted_once(void **state)
{
    (void)state;

    for (uint32_t restarts = 0; restarts < 2; restarts++) {
        struct hash id;
        struct world *world = reserved_world(&id);
        const uint64_t amount = moved_amount(world, id);
        const int64_t source = effective(world, 2);
        const int64_t target = effective(world, 1);
        world->restarts = restarts == 1;
        assert_int_equal(source, 1300000 - (int64_t)amount);
        assert_int_equal(target, 700000 + (int64_t)amount);
        assert_int_equal(world_total(world), TOTAL);
        world_prepared(world, OUTCOME_OK);
        assert_int_equal(effective(world, 2), source);
        included(world, id);
        assert_int_equal(world_move(world, id).state, MOVE_INCLUDED);
        assert_int_equal(effective(world, 1), target);
        const struct hash message = world_rebalances(world, 2, 1, amount, 0, world_key());
        assert_int_equal(world_move(world, id).state, MOVE_TRANSIT);
        assert_int_equal(effective(world, 2), source);
        assert_int_equal(effective(world, 1), target);
        world_final(world, 2);
        world_leg_end(world, id, LEG_SUCCEEDED);
        assert_int_equal(effective(world, 1), target);
        assert_int_equal(world_total(world), TOTAL);
        world_rebalance_arrives(world, 1, message, amount);
        world_final(world, 1);
        assert_int_equal(world_move(world, id).state, MOVE_DONE);
        assert_int_equal(effective(world, 2), source);
        assert_int_equal(effective(world, 1), target);
        assert_int_equal(world_total(world), TOTAL);
        const struct move_row row = world_move(world, id);
        assert_memory_equal(&row.message_id, &message, sizeof(message));
        assert_true(amount_equal(&row.arrived_amount, &row.move.amount));
        const struct amount gas = amount_from_u64(UINT64_C(200000) * 1000000000);
        assert_true(amount_equal(&row.gas_cost, &gas));
        assert_int_equal(world_plan(world, row.plan_id).state, PLAN_DONE);
        assert_int_equal(world->offers_taken, 1);
        world_reconcile(world);
        assert_int_equal(world_ledger_state(world, 1), LEDGER_RECONCILED);
        assert_int_equal(world_ledger_state(world, 2), LEDGER_RECONCILED);
        world_free(world);
    }
}

/* A user's transfer on the same routers crosses the move: the sums still hold. */
static void user_transfer_crosses_a_move(void **state)
{
    (void)state;
    struct hash id;
    struct world *world = sent_world(&id);
    const uint64_t amount = moved_amount(world, id);

    const struct hash user = world_user_sends(world, 1, 2, 5000);
    assert_int_equal(world_total(world), TOTAL);
    const struct hash message = world_rebalances(world, 2, 1, amount, 0, world_key());
    assert_int_equal(world_total(world), TOTAL);
    world_user_is_paid(world, 1, 2, user, 5000);
    assert_int_equal(world_total(world), TOTAL);
    world_rebalance_arrives(world, 1, message, amount);
    world_reconcile(world);
    assert_int_equal(world_total(world), TOTAL);
    assert_int_equal(world_move(world, id).state, MOVE_DONE);
    assert_int_equal(world_signed(world, ACCOUNT_ARRIVING, 1, world_router(1)), 0);
    assert_int_equal(world_ledger_state(world, 1), LEDGER_RECONCILED);
    assert_int_equal(world_ledger_state(world, 2), LEDGER_RECONCILED);
    world_free(world);
}

static void leg_says_what_the_plan_says(void **state)
{
    (void)state;
    struct hash id;
    struct world *world = sent_world(&id);
    const struct leg *leg = &world->offered;
    const struct address router = world_router(2);
    const struct address bridge = world_bridge(2);
    const struct address key = world_key();
    const struct amount fee_max = amount_from_u64(moved_amount(world, id) / 100);

    assert_memory_equal(&leg->id, &id, sizeof(id));
    assert_int_equal(leg->kind, LEG_REBALANCE);
    assert_int_equal(leg->domain, 2);
    assert_true(address_equal(&leg->key, &key));
    assert_true(address_equal(&leg->rebalance.router, &router));
    assert_true(address_equal(&leg->rebalance.bridge, &bridge));
    assert_int_equal(leg->rebalance.destination, 1);
    assert_true(amount_equal(&leg->rebalance.fee_token_max, &fee_max));
    world_free(world);
}

/* The router has a guard: the order says under which mandate, and until when it may be obeyed,
 * whenever the leg is made again. What the guard moved is ours, what it moved on another router is
 * not this move. */
static void guard_gets_an_order_and_its_move_is_ours(void **state)
{
    (void)state;
    struct hash id;
    struct world *world = reserved_world(&id);
    const struct address guard = evm_filled(0x6d);
    const struct hash mandate = {.bytes = {7, 7}};
    const uint64_t created_ns = world_move(world, id).created.ns;

    for (uint32_t i = 0; i < world->config.routers_count; i++) {
        world->config.routers[i].guard = guard;
    }
    world->config.route.mandate = mandate;
    world_wait(world, 5100); /* asked again, now with the guard */
    assert_int_equal(world->prepares, 2);
    world_wait(world, 7000);
    world_prepared(world, OUTCOME_OK);
    assert_int_equal(world_move(world, id).state, MOVE_SENT);
    assert_true(address_equal(&world->offered.rebalance.guard, &guard));
    assert_memory_equal(&world->offered.rebalance.mandate, &mandate, sizeof(mandate));
    assert_int_equal(world->offered.rebalance.deadline_s, created_ns / 1000000000 + 3600);
    const uint64_t amount = moved_amount(world, id);
    (void)world_rebalances(world, 2, 1, amount, 0, evm_filled(0x6e));
    assert_int_equal(world_move(world, id).state, MOVE_SENT);
    (void)world_rebalances(world, 2, 1, amount, 0, guard);
    assert_int_equal(world_move(world, id).state, MOVE_TRANSIT);
    world_free(world);
}

/* Nothing is moved for the same gap while a move is not away, nor within the cooldown after it was
 * decided; afterwards the transit counts, so no second move is made for the same gap. */
static void gap_is_filled_once(void **state)
{
    (void)state;
    struct hash id;
    struct world *world = sent_world(&id);
    const uint64_t amount = moved_amount(world, id);

    world_reconcile(world);
    assert_false(world_plans(world, 20000));
    assert_int_equal(world_asset(world).reason, REASON_MOVE_UNDER_WAY);
    (void)world_rebalances(world, 2, 1, amount, 0, world_key());
    world_reconcile(world);
    assert_false(world_plans(world, 20000));
    assert_int_equal(world_asset(world).reason, REASON_WITHIN_TOLERANCE);
    assert_int_equal(world->plans_asked, 1);
    world_free(world);
}

static void cooldown_holds_the_next_plan(void **state)
{
    (void)state;
    struct hash id;
    struct world *world = sent_world(&id);

    world->config.route.cooldown = DURATION_MS(60000);
    world_leg_end(world, id, LEG_REVERTED);
    world_reconcile(world);
    assert_false(world_plans(world, 10000));
    assert_int_equal(world_asset(world).reason, REASON_COOLDOWN);
    world_wait(world, 45000);
    world_reconcile(world);
    assert_true(world_plans(world, 10000));
    world_free(world);
}

static void void_reverted_and_refused_legs_free_the_reservation(void **state)
{
    (void)state;

    for (uint32_t kind = 0; kind < 3; kind++) {
        struct hash id;
        struct world *world = sent_world(&id);
        assert_false(is_free(world));
        if (kind == 2) {
            world_begin(world);
            move_on_leg_refused(&world->step, &id, bytes_from_string("over the budget"));
            world_end(world);
        } else {
            world_leg_end(world, id, kind == 0 ? LEG_VOID : LEG_REVERTED);
        }
        assert_true(is_free(world));
        const struct move_row row = world_move(world, id);
        assert_int_equal(row.state, MOVE_FAILED);
        assert_int_equal(row.reason, kind == 0   ? REASON_REJECTED
                                     : kind == 1 ? REASON_TRANSACTION_REVERTED
                                                 : REASON_SIGNER_REFUSED);
        assert_int_equal(world_plan(world, row.plan_id).state, PLAN_DONE);
        assert_int_equal(effective(world, 2), 1300000);
        /* A new plan makes a new move with an id of its own. */
        world_reconcile(world);
        assert_true(world_plans(world, 10000));
        const struct hash next = world_asset(world).plan_id;
        const struct hash next_id = capital_move_id(&next, 0);
        assert_memory_not_equal(&next_id, &id, sizeof(id));
        world_free(world);
    }
}

/* The end of a leg that is told late, after the ledger has seen it leave, takes nothing back. */
static void late_end_of_a_leg_does_not_free_what_left(void **state)
{
    (void)state;
    struct hash id;
    struct world *world = sent_world(&id);
    const struct hash message =
        world_rebalances(world, 2, 1, moved_amount(world, id), 0, world_key());

    world_leg_end(world, id, LEG_VOID);
    world_begin(world);
    move_on_leg_refused(&world->step, &id, bytes_from_string(""));
    world_end(world);
    assert_int_equal(world_move(world, id).state, MOVE_TRANSIT);
    world_rebalance_arrives(world, 1, message, moved_amount(world, id));
    assert_int_equal(world_move(world, id).state, MOVE_DONE);
    world_leg_end(world, id, LEG_REVERTED);
    assert_int_equal(world_move(world, id).state, MOVE_DONE);
    world_free(world);
}

/* A leg that succeeded and whose CollateralMoved was not seen stays counted, and a person is
 * called. */
static void success_without_its_fact_stays_reserved(void **state)
{
    (void)state;
    struct hash id;
    struct world *world = sent_world(&id);

    world_leg_end(world, id, LEG_SUCCEEDED);
    assert_int_equal(world_move(world, id).state, MOVE_SENT);
    assert_false(is_free(world));
    assert_int_equal(world_notes(world, REASON_UNRECONCILED), 1);
    world_free(world);
}

/* Somebody else's rebalance of the same amount on the same routers is not ours. */
static void foreign_rebalance_is_not_taken_for_ours(void **state)
{
    (void)state;
    struct hash id;
    struct world *world = sent_world(&id);
    const uint64_t amount = moved_amount(world, id);

    (void)world_rebalances(world, 2, 1, amount, 0, evm_filled(0x99));
    assert_int_equal(world_move(world, id).state, MOVE_SENT);
    (void)world_rebalances(world, 2, 1, amount + 1, 0, world_key());
    assert_int_equal(world_move(world, id).state, MOVE_SENT);
    const struct hash message = world_rebalances(world, 2, 1, amount, 0, world_key());
    assert_int_equal(world_move(world, id).state, MOVE_TRANSIT);
    (void)world_rebalances(world, 2, 1, amount, 0, world_key()); /* equal, and another one */
    const struct move_row row = world_move(world, id);
    assert_memory_equal(&row.message_id, &message, sizeof(message));
    assert_int_equal(world_total(world), TOTAL);
    world_free(world);
}

static void arrival_with_a_fee_ends_the_move(void **state)
{
    (void)state;
    struct hash id;
    struct world *world = sent_world(&id);
    const uint64_t amount = moved_amount(world, id);
    const struct hash message = world_rebalances(world, 2, 1, amount, 0, world_key());
    const struct amount arrived = amount_from_u64(amount - 77);

    world_rebalance_arrives(world, 1, message, amount - 77);
    const struct move_row row = world_move(world, id);
    assert_int_equal(row.state, MOVE_DONE);
    assert_true(amount_equal(&row.arrived_amount, &arrived));
    assert_int_equal(world_total(world), TOTAL - 77);
    world_reconcile(world);
    assert_int_equal(world_ledger_state(world, 1), LEDGER_RECONCILED);
    world_free(world);
}

/* The destination's finality ran ahead of the source's. */
static void arrival_before_its_sending_ends_the_move(void **state)
{
    (void)state;
    struct hash id;
    struct world *world = sent_world(&id);
    const uint64_t amount = moved_amount(world, id);
    const struct hash message = world_next_move_id(world, 2, 1, amount);

    world_rebalance_arrives(world, 1, message, amount);
    assert_int_equal(world_move(world, id).state, MOVE_SENT);
    (void)world_rebalances(world, 2, 1, amount, 0, world_key());
    assert_int_equal(world_move(world, id).state, MOVE_DONE);
    assert_int_equal(world_total(world), TOTAL);
    assert_true(is_free(world));
    world_reconcile(world);
    world_free(world);
}

/* ---- before anything is sent ---- */

static void lost_preparation_is_asked_again(void **state)
{
    (void)state;
    struct hash id;
    struct world *world = reserved_world(&id);

    world_prepared(world, OUTCOME_UNKNOWN);
    assert_int_equal(world->offers_taken, 0);
    world_restart(world);
    world_reconcile(world);
    world_wait(world, 5000);
    assert_true(world->prepares >= 2);
    world_prepared(world, OUTCOME_OK);
    world_prepared(world, OUTCOME_OK); /* told twice */
    assert_int_equal(world->offers_taken, 1);
    const uint32_t prepares = world->prepares;
    world_wait(world, 10000);
    assert_int_equal(world->prepares, prepares); /* the lane has it: nothing is asked again */
    world_free(world);
}

/* What was asked before a start is lost with it, so it is not waited for. */
static void a_start_asks_for_what_is_reserved_at_once(void **state)
{
    (void)state;
    struct hash id;
    struct world *world = reserved_world(&id);

    const uint32_t prepares = world->prepares;
    world_restart(world);
    world_reconcile(world);
    world_wait(world, 100);
    assert_int_equal(world->prepares, prepares + 1);
    world_prepared(world, OUTCOME_OK);
    assert_int_equal(world->offers_taken, 1);
    world_free(world);
}

static void lane_that_cannot_take_it_is_tried_again(void **state)
{
    (void)state;
    struct hash id;
    struct world *world = reserved_world(&id);

    world->lane_answer = REASON_FEE_CEILING;
    world_prepared(world, OUTCOME_OK);
    assert_int_equal(world_move(world, id).state, MOVE_RESERVED);
    assert_int_equal(world_move(world, id).reason, REASON_FEE_CEILING);
    world->lane_answer = REASON_NONE;
    world_wait(world, 2100);
    world_prepared(world, OUTCOME_OK);
    assert_int_equal(world_move(world, id).state, MOVE_SENT);
    world_free(world);
}

/* For five minutes; then the plan is too old, and nothing was ever sent. */
static void reservation_that_cannot_be_sent_is_given_up(void **state)
{
    (void)state;
    struct hash id;
    struct world *world = reserved_world(&id);

    world->lane_answer = REASON_FEE_CEILING;
    for (uint32_t i = 0; i < 170 && world_move(world, id).state == MOVE_RESERVED; i++) {
        world_prepared(world, OUTCOME_OK);
        world_reconcile(world);
    }
    assert_int_equal(world_move(world, id).state, MOVE_FAILED);
    assert_int_equal(world_move(world, id).reason, REASON_FEE_CEILING);
    assert_true(is_free(world));
    world_free(world);
}

static void reverting_simulation_gives_up_after_three(void **state)
{
    (void)state;
    struct hash id;
    struct world *world = reserved_world(&id);

    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(world_move(world, id).state, MOVE_RESERVED);
        world_prepared(world, OUTCOME_REFUSED);
        world_wait(world, 2100);
    }
    assert_int_equal(world_move(world, id).state, MOVE_FAILED);
    assert_int_equal(world_move(world, id).reason, REASON_MOVE_REFUSED);
    assert_string_equal(world_move(world, id).words, "reverted: ? no");
    assert_true(is_free(world));
    assert_int_equal(world->offers_taken, 0);
    world_free(world);
}

static void fee_that_rose_stops_the_move(void **state)
{
    (void)state;

    for (uint32_t kind = 0; kind < 2; kind++) {
        struct hash id;
        struct world *world = reserved_world(&id);
        world->fee_native = kind == 0 ? 1000001 : 0;
        world->fee_token_ppm = kind == 1 ? 10100 : 0;
        world_prepared(world, OUTCOME_OK);
        assert_int_equal(world_move(world, id).state, MOVE_FAILED);
        assert_int_equal(world_move(world, id).reason, REASON_FEE_ABOVE_LIMIT);
        assert_int_equal(world->offers_taken, 0);
        assert_true(is_free(world));
        world_free(world);
    }
}

static void pause_and_unreconciled_chains_hold_a_move(void **state)
{
    (void)state;
    struct hash id;
    struct world *world = reserved_world(&id);

    world->step.paused = true;
    world_prepared(world, OUTCOME_OK);
    assert_int_equal(world->offers_taken, 0);
    assert_int_equal(world_move(world, id).reason, REASON_PAUSED);
    world->step.paused = false;
    world->chains[1].truth.router += 1;
    world_reconcile(world);
    const uint32_t prepares = world->prepares;
    world_wait(world, 5000);
    assert_int_equal(world->prepares, prepares);
    assert_int_equal(world_move(world, id).reason, REASON_UNRECONCILED);
    world->chains[1].truth.router -= 1;
    world_reconcile(world);
    world_wait(world, 2100);
    assert_int_equal(world->prepares, prepares + 1);
    world_free(world);
}

/* Users took the collateral while the move waited: it would take what they are owed. */
static void move_that_is_no_longer_covered_is_given_up(void **state)
{
    (void)state;
    struct hash id;
    struct world *world = reserved_world(&id);

    world_prepared(world, OUTCOME_UNKNOWN);
    (void)world_user_sends(world, 3, 2, 1200000);
    world_reconcile(world);
    world_wait(world, 5000);
    assert_int_equal(world_move(world, id).state, MOVE_FAILED);
    assert_int_equal(world_move(world, id).reason, REASON_PLAN_STALE);
    assert_int_equal(world->offers_taken, 0);
    world_free(world);
}

/* Configuration says observe from the next start on: what was not sent is not sent. */
static void mode_that_no_longer_acts_gives_up_reservations(void **state)
{
    (void)state;
    struct hash id;
    struct world *world = reserved_world(&id);

    world->config.route.mode = ROUTE_OBSERVE;
    world_restart(world);
    world_reconcile(world);
    world_wait(world, 6000);
    assert_int_equal(world_move(world, id).state, MOVE_FAILED);
    assert_int_equal(world->offers_taken, 0);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capital_under_way_is_counted_once),
        cmocka_unit_test(user_transfer_crosses_a_move),
        cmocka_unit_test(leg_says_what_the_plan_says),
        cmocka_unit_test(guard_gets_an_order_and_its_move_is_ours),
        cmocka_unit_test(gap_is_filled_once),
        cmocka_unit_test(cooldown_holds_the_next_plan),
        cmocka_unit_test(void_reverted_and_refused_legs_free_the_reservation),
        cmocka_unit_test(late_end_of_a_leg_does_not_free_what_left),
        cmocka_unit_test(success_without_its_fact_stays_reserved),
        cmocka_unit_test(foreign_rebalance_is_not_taken_for_ours),
        cmocka_unit_test(arrival_with_a_fee_ends_the_move),
        cmocka_unit_test(arrival_before_its_sending_ends_the_move),
        cmocka_unit_test(lost_preparation_is_asked_again),
        cmocka_unit_test(a_start_asks_for_what_is_reserved_at_once),
        cmocka_unit_test(lane_that_cannot_take_it_is_tried_again),
        cmocka_unit_test(reservation_that_cannot_be_sent_is_given_up),
        cmocka_unit_test(reverting_simulation_gives_up_after_three),
        cmocka_unit_test(fee_that_rose_stops_the_move),
        cmocka_unit_test(pause_and_unreconciled_chains_hold_a_move),
        cmocka_unit_test(move_that_is_no_longer_covered_is_given_up),
        cmocka_unit_test(mode_that_no_longer_acts_gives_up_reservations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
