/* SPDX-License-Identifier: Apache-2.0 */
/* The life of capital in venues: planned by the real routing core on what was read, checked by the
 * core, carried out as legs, and read again before anything more is planned. */
#include <stdlib.h>
#include <string.h>

#include "relay/core/plan/plan_internal.h"
#include "tests/support/capital_world.h"

#define VENUES  2u
#define UNIT    1000000u
#define PERCENT 10000000u /* a year, in 1e-9 */

static const struct hash mandate = {{7}};

/* What the chain has: the test's own truth. */
struct farm {
    struct world *world;
    struct spoke_state spoke;
    struct venue_state venues[VENUES];
    uint64_t idle;
    uint64_t supplied[VENUES];
    bool dies; /* the node, wherever it can */
};

static void may_die(struct farm *farm)
{
    if (farm->dies) {
        world_restart(farm->world);
    }
}

static struct amount units(uint64_t count)
{
    return amount_from_u64(count * UNIT);
}

static void truth_tell(struct farm *farm)
{
    farm->spoke.idle = units(farm->idle);
    for (uint32_t i = 0; i < VENUES; i++) {
        farm->venues[i].supplied = units(farm->supplied[i]);
        farm->venues[i].leave_max = units(farm->supplied[i]);
    }
}

/* 1,000 units idle, of which 100 are the buffer, and venues 10 and 11, which pay 5 and 3 %. */
static struct farm *farm_new(enum route_mode mode)
{
    struct farm *farm = calloc(1, sizeof(*farm));

    assert_non_null(farm);
    farm->world = world_new(mode);
    struct core_config *config = &farm->world->config;
    config->route.mandate = mandate;
    config->route.coin_price = units(1);
    config->route.move_min = units(1);
    config->route.move_max = units(1000000);
    config->spokes_count = 1;
    config->spokes[0] = (struct core_spoke){.domain = 1,
                                            .spoke = evm_filled(0x51),
                                            .token = config->routers[0].token,
                                            .idle_min = units(100)};
    config->venues_count = VENUES;
    farm->spoke = (struct spoke_state){.spoke = evm_filled(0x51),
                                       .token = config->routers[0].token,
                                       .velocity_left = amount_max(),
                                       .mandate = mandate};
    for (uint32_t i = 0; i < VENUES; i++) {
        config->venues[i] = (struct core_venue){
            .index = 10 + i, .kind = VENUE_ERC4626, .venue = evm_filled((uint8_t)(0x71 + i))};
        farm->venues[i] = (struct venue_state){.spoke = evm_filled(0x51),
                                               .index = 10 + i,
                                               .gate = VENUE_OPEN,
                                               .enter_max = amount_max(),
                                               .pieces_count = 1};
        farm->venues[i].pieces[0] =
            (struct venue_piece){.width = amount_max(), .rate_nano = (5 - 2 * i) * PERCENT};
    }
    farm->idle = 1000;
    truth_tell(farm);
    farm->world->spoke = &farm->spoke;
    farm->world->venues = farm->venues;
    farm->world->venues_count = VENUES;
    return farm;
}

static void farm_free(struct farm *farm)
{
    world_free(farm->world);
    free(farm);
}

static struct plan_asset desk_of(struct farm *farm)
{
    const struct row_source source = world_source(farm->world);
    struct plan_asset desk;

    memset(&desk, 0, sizeof(desk));
    const enum status status =
        capital_view_asset(&source, MOVE_BETWEEN_VENUES, WORLD_SYMBOL, &desk);
    assert_true(status == STATUS_OK || status == STATUS_NOT_FOUND);
    return desk;
}

/* Reads all chains, and lets time pass until a new plan of venues is there or `ms` are over. */
static bool farm_plans(struct farm *farm, uint64_t ms)
{
    const struct hash before = desk_of(farm).plan_id;

    truth_tell(farm);
    world_reconcile(farm->world);
    for (uint64_t passed = 0; passed < ms; passed += 100) {
        world_wait(farm->world, 100);
        if (farm->world->plan_asked) {
            world_answer_plan(farm->world);
        }
        const struct hash now = desk_of(farm).plan_id;
        if (!hash_equal(&now, &before)) {
            return true;
        }
    }
    return false;
}

static struct plan_row plan_now(struct farm *farm)
{
    return world_plan(farm->world, desk_of(farm).plan_id);
}

static struct hash move_now(struct farm *farm)
{
    const struct hash plan = desk_of(farm).plan_id;

    return approval_move_id(&plan, 0);
}

static void plan_is(struct farm *farm, uint32_t from, uint32_t to, uint64_t amount)
{
    const struct plan_row plan = plan_now(farm);
    const struct amount wanted = units(amount);

    assert_int_equal(plan.moves_count, 1);
    assert_int_equal(plan.moves[0].kind, MOVE_BETWEEN_VENUES);
    assert_int_equal(plan.moves[0].source_domain, 1);
    assert_int_equal(plan.moves[0].source_venue, from);
    assert_int_equal(plan.moves[0].target_venue, to);
    assert_true(amount_equal(&plan.moves[0].amount, &wanted));
    assert_true(plan.gap_ppm <= 1000);
}

/* The leg that is asked about is this one; the chain does it. */
static void leg_is_done(struct farm *farm, enum venue_verb verb, uint32_t index)
{
    may_die(farm);
    world_wait(farm->world, 100);
    const struct leg leg = farm->world->prepare;
    assert_int_equal(leg.kind, LEG_VENUE);
    assert_int_equal(leg.venue.verb, verb);
    assert_int_equal(leg.venue.index, index);
    assert_true(hash_equal(&leg.venue.mandate, &mandate));
    may_die(farm);
    world_prepared(farm->world, OUTCOME_OK);
    assert_int_equal(world_move(farm->world, move_now(farm)).state, MOVE_SENT);
    may_die(farm);
    uint64_t amount;
    assert_status(STATUS_OK, amount_to_u64(&leg.venue.amount, &amount));
    assert_int_equal(amount % UNIT, 0);
    const struct address venue = evm_filled((uint8_t)(0x71 + index - 10));
    const struct address spoke = evm_filled(0x51);
    world_transaction_begin(farm->world, 1);
    if (verb == VENUE_DEPOSIT) {
        farm->idle -= amount / UNIT;
        farm->supplied[index - 10] += amount / UNIT;
        world_transfer(farm->world, 1, spoke, venue, amount);
    } else {
        farm->idle += amount / UNIT;
        farm->supplied[index - 10] -= amount / UNIT;
        world_transfer(farm->world, 1, venue, spoke, amount);
    }
    world_leg_end(farm->world, leg.id, LEG_SUCCEEDED);
    may_die(farm);
    world_final(farm->world, 1);
}

static void move_is_done(struct farm *farm)
{
    const struct hash id = move_now(farm);

    assert_int_equal(world_move(farm->world, id).state, MOVE_TRANSIT);
    truth_tell(farm);
    world_reconcile(farm->world);
    assert_int_equal(world_move(farm->world, id).state, MOVE_DONE);
    assert_int_equal(plan_now(farm).state, PLAN_DONE);
    assert_int_equal(world_ledger_state(farm->world, 1), LEDGER_RECONCILED);
}

static void plan_follows_the_rate(bool dies)
{
    struct farm *farm = farm_new(ROUTE_ACT);
    const struct address spoke = evm_filled(0x51);

    farm->dies = dies;

    assert_true(farm_plans(farm, 10000));
    plan_is(farm, 0, 11, 900);
    leg_is_done(farm, VENUE_DEPOSIT, 10);
    move_is_done(farm);
    assert_false(farm_plans(farm, 20000)); /* all is where it earns most */
    assert_int_equal(desk_of(farm).reason, REASON_NOT_WORTH_IT);

    farm->venues[1].pieces[0].rate_nano = 8 * PERCENT; /* the other one pays more now */
    assert_true(farm_plans(farm, 10000));
    plan_is(farm, 11, 12, 900);
    leg_is_done(farm, VENUE_WITHDRAW, 10);
    assert_int_equal(world_move(farm->world, move_now(farm)).state, MOVE_RESERVED);
    assert_int_equal(world_move(farm->world, move_now(farm)).leg, 1);
    leg_is_done(farm, VENUE_DEPOSIT, 11);
    move_is_done(farm);
    const struct amount gas = amount_from_u64(2 * 200000 * 1000000000ull);
    const struct move_row move = world_move(farm->world, move_now(farm));
    assert_true(amount_equal(&move.gas_cost, &gas)); /* of both */

    world_transaction_begin(farm->world, 1); /* a redemption took 70 of the buffer */
    world_transfer(farm->world, 1, spoke, evm_filled(0x99), 70 * UNIT);
    farm->idle -= 70;
    assert_true(farm_plans(farm, 10000));
    plan_is(farm, 12, 0, 70);
    leg_is_done(farm, VENUE_WITHDRAW, 11);
    move_is_done(farm);
    assert_int_equal(farm->idle, 100);
    assert_int_equal(world_balance(farm->world, ACCOUNT_SPOKE, 1, spoke), 100 * UNIT);
    assert_int_equal(world_balance(farm->world, ACCOUNT_VENUE, 1, evm_filled(0x72)), 830 * UNIT);
    farm_free(farm);
}

static void plan_follows_the_rate_and_brings_home_what_is_missing(void **state)
{
    (void)state;
    plan_follows_the_rate(false);
}

static void a_node_that_dies_at_every_step_does_the_same(void **state)
{
    (void)state;
    plan_follows_the_rate(true);
}

/* Venue 10 has 900 and pays 5 %; then venue 11 pays 8 %, and the first leg is done. */
static struct farm *farm_half_way(void)
{
    struct farm *farm = farm_new(ROUTE_ACT);

    farm->idle = 100;
    farm->supplied[0] = 900;
    farm->venues[1].pieces[0].rate_nano = 8 * PERCENT;
    assert_true(farm_plans(farm, 10000));
    plan_is(farm, 11, 12, 900);
    leg_is_done(farm, VENUE_WITHDRAW, 10);
    world_wait(farm->world, 100);
    assert_int_equal(farm->world->prepare.venue.verb, VENUE_DEPOSIT);
    return farm;
}

/* What was taken out and cannot be put in is idle; the move says so, and a plan of its own follows.
 */
static void a_second_leg_that_is_refused_leaves_it_idle(void **state)
{
    (void)state;
    struct farm *farm = farm_half_way();
    const struct hash id = move_now(farm);

    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(world_move(farm->world, id).state, MOVE_RESERVED);
        world_prepared(farm->world, OUTCOME_REFUSED);
        world_wait(farm->world, 3000);
    }
    struct move_row move = world_move(farm->world, id);
    assert_int_equal(move.state, MOVE_FAILED);
    assert_int_equal(move.reason, REASON_MOVE_REFUSED);
    assert_non_null(strstr(move.words, "reverted"));
    assert_int_equal(plan_now(farm).state, PLAN_DONE);
    assert_true(farm_plans(farm, 10000));
    plan_is(farm, 0, 12, 900);
    farm_free(farm);
}

static void a_leg_that_reverts_ends_the_move(void **state)
{
    (void)state;
    struct farm *farm = farm_half_way();
    const struct hash id = move_now(farm);

    world_prepared(farm->world, OUTCOME_OK);
    world_leg_end(farm->world, farm->world->prepare.id, LEG_REVERTED);
    const struct move_row move = world_move(farm->world, id);
    assert_int_equal(move.state, MOVE_FAILED);
    assert_string_equal(move.words, "taken out, and idle: its transaction reverted");
    const struct amount gas = amount_from_u64(2 * 200000 * 1000000000ull);
    assert_true(amount_equal(&move.gas_cost, &gas)); /* was paid all the same */
    farm_free(farm);
}

/* Each leg has its own id: what is said of the first one after its end changes nothing. */
static void late_words_about_the_first_leg_change_nothing(void **state)
{
    (void)state;
    struct farm *farm = farm_half_way();
    const struct hash id = move_now(farm);
    const struct leg now = farm->world->prepare;

    assert_false(hash_equal(&now.id, &id));
    farm->world->prepare.id = id;
    world_prepared(farm->world, OUTCOME_OK);
    assert_int_equal(world_move(farm->world, id).state, MOVE_RESERVED);
    world_leg_end(farm->world, id, LEG_REVERTED);
    assert_int_equal(world_move(farm->world, id).state, MOVE_RESERVED);
    farm->world->prepare = now;
    leg_is_done(farm, VENUE_DEPOSIT, 11);
    move_is_done(farm);
    farm_free(farm);
}

/* What was read of an earlier block does not have the move in it, however late it is told. */
static void an_older_reading_ends_no_move(void **state)
{
    (void)state;
    struct farm *farm = farm_new(ROUTE_ACT);

    assert_true(farm_plans(farm, 10000));
    world_wait(farm->world, 1100);
    world_final(farm->world, 1);
    assert_true(farm->world->chains[1].asked);
    leg_is_done(farm, VENUE_DEPOSIT, 10);
    const struct hash id = move_now(farm);
    const struct amount gas = amount_from_u64(200000 * 1000000000ull);
    const struct amount paid = world_move(farm->world, id).gas_cost;
    assert_true(amount_equal(&paid, &gas));
    world_answer_positions(farm->world, 1);
    assert_int_equal(world_move(farm->world, id).state, MOVE_TRANSIT);
    move_is_done(farm);
    farm_free(farm);
}

/* A spoke that is configured no more: nothing is sent for it. */
static void a_move_without_its_spoke_is_given_up(void **state)
{
    (void)state;
    struct farm *farm = farm_half_way();
    const struct hash id = move_now(farm);

    farm->world->config.venues_count = 1;
    world_wait(farm->world, 6000);
    const struct move_row move = world_move(farm->world, id);
    assert_int_equal(move.state, MOVE_FAILED);
    assert_string_equal(move.words, "taken out, and given up before it was put in: it is idle");
    farm_free(farm);
}

static void approve(struct farm *farm, const struct hash *plan)
{
    const struct event event = {
        .kind = EVENT_OPERATOR,
        .operator_ = {.action = OPERATOR_APPROVE_PLAN, .subject = *plan, .uid = 7}};

    world_begin(farm->world);
    capital_on_operator(&farm->world->step, &event);
    world_end(farm->world);
}

/* In propose a plan waits; it is void once what it rests on is another amount. */
static void a_plan_waits_for_a_person_and_not_for_long(void **state)
{
    (void)state;
    struct farm *farm = farm_new(ROUTE_PROPOSE);

    assert_true(farm_plans(farm, 10000));
    const struct hash first = desk_of(farm).plan_id;
    assert_int_equal(plan_now(farm).state, PLAN_AWAITING_APPROVAL);
    farm->idle += 400;
    world_transaction_begin(farm->world, 1);
    world_transfer(farm->world, 1, evm_filled(0x99), evm_filled(0x51), 400 * UNIT);
    assert_true(farm_plans(farm, 20000));
    assert_int_equal(world_plan(farm->world, first).state, PLAN_VOID);
    plan_is(farm, 0, 11, 1300);
    const struct hash second = desk_of(farm).plan_id;
    farm->venues[0].gate = VENUE_PAUSED; /* what it takes is part of what the plan rests on */
    truth_tell(farm);
    world_reconcile(farm->world);
    approve(farm, &second);
    assert_int_equal(world_plan(farm->world, second).state, PLAN_VOID);
    assert_true(farm_plans(farm, 20000));
    plan_is(farm, 0, 12, 1300); /* the other one is open */
    const struct hash third = desk_of(farm).plan_id;
    approve(farm, &third);
    assert_int_equal(world_plan(farm->world, third).state, PLAN_ACCEPTED);
    leg_is_done(farm, VENUE_DEPOSIT, 11);
    move_is_done(farm);
    farm_free(farm);
}

/* A spoke that cannot be judged for a while: its plan waits, and is not void for that. */
static void a_plan_outlives_a_mute_spoke(void **state)
{
    (void)state;
    struct farm *farm = farm_new(ROUTE_PROPOSE);

    assert_true(farm_plans(farm, 10000));
    const struct hash id = desk_of(farm).plan_id;
    farm->world->venues_count = 0; /* its venues say nothing */
    assert_false(farm_plans(farm, 20000));
    assert_int_equal(plan_now(farm).state, PLAN_AWAITING_APPROVAL);
    approve(farm, &id);
    assert_int_equal(plan_now(farm).state, PLAN_AWAITING_APPROVAL);
    assert_true(world_notes(farm->world, REASON_POSITIONS_UNKNOWN) > 0);
    farm->world->venues_count = VENUES;
    world_reconcile(farm->world);
    approve(farm, &id);
    assert_int_equal(plan_now(farm).state, PLAN_ACCEPTED);
    farm_free(farm);
}

/* The mandate's velocity is of all moves of the asset: it is kept with the routers' planning. */
/* A better rate waits for the cooldown; what guards a debt does not. */
static void a_debt_waits_for_no_cooldown(void **state)
{
    (void)state;
    struct farm *farm = farm_new(ROUTE_ACT);

    farm->world->config.route.cooldown = DURATION_MS(3600000);
    farm->world->config.venues[1].health_min.value = 15000;
    assert_true(farm_plans(farm, 10000));
    leg_is_done(farm, VENUE_DEPOSIT, 10);
    move_is_done(farm);
    farm->venues[1].pieces[0].rate_nano = 8 * PERCENT;
    assert_false(farm_plans(farm, 20000));
    assert_int_equal(desk_of(farm).reason, REASON_COOLDOWN);
    farm->venues[1].pieces[0].rate_nano = 3 * PERCENT;
    farm->venues[1].account_debt = units(200);
    farm->venues[1].account_guard = units(100);
    farm->venues[1].unit_guard = units(1);
    assert_true(farm_plans(farm, 10000));
    plan_is(farm, 11, 12, 200);
    farm_free(farm);
}

static void routers_and_venues_share_the_velocity(void **state)
{
    (void)state;
    struct farm *farm = farm_new(ROUTE_ACT);

    farm->world->config.route.window = DURATION_MS(3600000);
    farm->world->config.route.velocity = units(500);
    assert_true(farm_plans(farm, 10000));
    plan_is(farm, 0, 11, 500);
    const struct amount used = units(500);
    const struct plan_asset routers = world_asset(farm->world);
    assert_true(amount_equal(&routers.moved_now, &used));
    leg_is_done(farm, VENUE_DEPOSIT, 10);
    move_is_done(farm);
    assert_false(farm_plans(farm, 20000));
    assert_int_equal(desk_of(farm).reason, REASON_OVER_VELOCITY);
    farm_free(farm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan_follows_the_rate_and_brings_home_what_is_missing),
        cmocka_unit_test(a_node_that_dies_at_every_step_does_the_same),
        cmocka_unit_test(a_second_leg_that_is_refused_leaves_it_idle),
        cmocka_unit_test(a_leg_that_reverts_ends_the_move),
        cmocka_unit_test(late_words_about_the_first_leg_change_nothing),
        cmocka_unit_test(an_older_reading_ends_no_move),
        cmocka_unit_test(a_move_without_its_spoke_is_given_up),
        cmocka_unit_test(a_plan_waits_for_a_person_and_not_for_long),
        cmocka_unit_test(a_plan_outlives_a_mute_spoke),
        cmocka_unit_test(routers_and_venues_share_the_velocity),
        cmocka_unit_test(a_debt_waits_for_no_cooldown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
