/* SPDX-License-Identifier: Apache-2.0 */
/* When the node plans, on what, and what it makes of an answer: the real routing core answers. */
#include "relay/core/capital/capital_internal.h"
#include "relay/core/plan/plan_internal.h"
#include "relay/node/driver/planning.h"
#include "relay/routing/network.h"
#include "tests/support/capital_world.h"

/* Takes `amount` from chain `from`'s collateral and adds it to `to`'s: users' traffic. */
static struct world *unbalanced_world(enum route_mode mode)
{
    struct world *world = world_new(mode);

    world_reconcile(world);
    world_unbalance(world, 1, 2, 300000); /* 700,000 / 1,300,000 / 1,000,000 */
    return world;
}

static uint64_t number(struct amount amount)
{
    uint64_t value;

    assert_status(STATUS_OK, amount_to_u64(&amount, &value));
    return value;
}

static void operate(struct world *world, enum operator_action action, struct hash subject)
{
    const struct event event = {.kind = EVENT_OPERATOR,
                                .operator_ = {.action = action, .subject = subject, .uid = 1000}};

    world_begin(world);
    capital_on_operator(&world->step, &event);
    world_end(world);
}

static void balanced_routers_are_left_alone(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_ACT);

    world_reconcile(world);
    world_unbalance(world, 1, 2, 140000); /* 4.7 % of the total: inside 5 % */
    assert_false(world_plans(world, 5000));
    assert_int_equal(world_asset(world).reason, REASON_WITHIN_TOLERANCE);
    assert_int_equal(world->plans_asked, 0);
    world_free(world);
}

static void nothing_is_planned_before_balances_are_known(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_ACT);

    world_final(world, 1);
    world_wait(world, 5000);
    assert_int_equal(world_asset(world).reason, REASON_POSITIONS_UNKNOWN);
    world_free(world);
}

/* The band is half the tolerance (75,000 of 3,000,000): chain 1 is brought to its lower edge by
 * what is above chain 2's upper edge, and no more than is needed. */
static void observed_plan_is_recorded_and_moves_nothing(void **state)
{
    (void)state;
    struct world *world = unbalanced_world(ROUTE_OBSERVE);

    assert_true(world_plans(world, 5000));
    const struct plan_asset asset = world_asset(world);
    const struct plan_row plan = world_plan(world, asset.plan_id);
    assert_int_equal(asset.reason, REASON_OBSERVE_ONLY);
    assert_int_equal(plan.state, PLAN_OBSERVED);
    assert_int_equal(plan.reason, REASON_OBSERVE_ONLY);
    assert_int_equal(number(plan.total), 3000000);
    assert_int_equal(plan.places_count, 3);
    assert_int_equal(number(plan.places[0].effective.amount), 700000);
    assert_int_equal(number(plan.places[0].goal), 1000200);
    assert_int_equal(plan.moves_count, 1);
    assert_int_equal(plan.moves[0].source_domain, 2);
    assert_int_equal(plan.moves[0].target_domain, 1);
    assert_int_equal(number(plan.moves[0].amount), 1000200 - 75000 - 700000);
    assert_int_equal(world->prepares, 0);
    /* The same question is not asked over and over. */
    world_wait(world, 10000);
    assert_int_equal(world->plans_asked, 1);
    world_free(world);
}

static void proposed_plan_waits_for_a_person(void **state)
{
    (void)state;
    struct world *world = unbalanced_world(ROUTE_PROPOSE);

    assert_true(world_plans(world, 5000));
    const struct hash id = world_asset(world).plan_id;
    world_wait(world, 5000);
    assert_int_equal(world_plan(world, id).state, PLAN_AWAITING_APPROVAL);
    assert_int_equal(world_asset(world).reason, REASON_AWAITING_APPROVAL);
    assert_int_equal(world->prepares, 0);
    world_restart(world);
    world_reconcile(world);
    operate(world, OPERATOR_APPROVE_PLAN, id);
    assert_int_equal(world_notes(world, REASON_PLAN_APPROVED), 1);
    assert_int_equal(world_plan(world, id).state, PLAN_ACCEPTED);
    assert_int_equal(world_plan(world, id).uid, 1000);
    operate(world, OPERATOR_APPROVE_PLAN, id); /* twice is once */
    world_wait(world, 200);
    assert_int_equal(world->prepares, 1);
    world_free(world);
}

static void rejected_plan_is_not_proposed_again(void **state)
{
    (void)state;
    struct world *world = unbalanced_world(ROUTE_PROPOSE);

    assert_true(world_plans(world, 5000));
    const struct hash id = world_asset(world).plan_id;
    operate(world, OPERATOR_REJECT_PLAN, id);
    assert_int_equal(world_plan(world, id).state, PLAN_VOID);
    assert_int_equal(world_plan(world, id).reason, REASON_PLAN_REJECTED);
    operate(world, OPERATOR_APPROVE_PLAN, id);
    assert_int_equal(world_plan(world, id).state, PLAN_VOID);
    world_reconcile(world);
    assert_false(world_plans(world, 10000));
    operate(world, OPERATOR_APPROVE_PLAN, hash_filled(7)); /* no such plan */
    assert_int_equal(world->prepares, 0);
    world_free(world);
}

/* Balances moved by more than the tolerance after the plan was made: it is void, a new one is made
 * from the new balances. */
static void stale_plan_is_void(void **state)
{
    (void)state;
    struct world *world = unbalanced_world(ROUTE_PROPOSE);

    assert_true(world_plans(world, 5000));
    const struct hash id = world_asset(world).plan_id;
    world_unbalance(world, 2, 3, 200000);
    operate(world, OPERATOR_APPROVE_PLAN, id);
    assert_int_equal(world_plan(world, id).state, PLAN_VOID);
    assert_int_equal(world_plan(world, id).reason, REASON_PLAN_STALE);
    assert_int_equal(world->prepares, 0);
    assert_true(world_plans(world, 5000));
    const struct hash next = world_asset(world).plan_id;
    world_unbalance(world, 3, 2, 200000);
    world_wait(world, 5000); /* nobody asked: the clock sees it too */
    assert_int_equal(world_plan(world, next).state, PLAN_VOID);
    world_free(world);
}

static void changed_limits_void_a_plan(void **state)
{
    (void)state;
    struct world *world = unbalanced_world(ROUTE_PROPOSE);

    assert_true(world_plans(world, 5000));
    const struct hash id = world_asset(world).plan_id;
    world->config.route.move_max = amount_from_u64(100);
    operate(world, OPERATOR_APPROVE_PLAN, id);
    assert_int_equal(world_plan(world, id).state, PLAN_VOID);
    world_free(world);
}

static void move_limits_cut_and_drop(void **state)
{
    (void)state;
    struct world *world = unbalanced_world(ROUTE_OBSERVE);

    world->config.route.move_max = amount_from_u64(5000);
    assert_true(world_plans(world, 5000));
    assert_int_equal(number(world_plan(world, world_asset(world).plan_id).moves[0].amount), 5000);
    world->config.route.move_min = amount_from_u64(400000);
    world->config.route.move_max = amount_from_u64(1000000);
    world_restart(world);
    world_reconcile(world);
    assert_false(world_plans(world, 5000));
    assert_int_equal(world_asset(world).reason, REASON_BELOW_MINIMUM);
    world_free(world);
}

static void fees_above_the_limits_close_the_corridors(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_ACT);

    world->fee_native = 1000001;
    world_reconcile(world);
    world_unbalance(world, 1, 2, 300000);
    assert_false(world_plans(world, 5000));
    assert_int_equal(world_asset(world).reason, REASON_FEE_ABOVE_LIMIT);
    assert_int_equal(world_notes(world, REASON_FEE_ABOVE_LIMIT), 1);
    world->fee_native = 1000000;
    world->fee_token_ppm = 10001; /* limit: 100 bps */
    world_reconcile(world);
    assert_false(world_plans(world, 5000));
    world->fee_token_ppm = 10000;
    world_reconcile(world);
    assert_true(world_plans(world, 5000));
    const struct plan_row plan = world_plan(world, world_asset(world).plan_id);
    assert_int_equal(number(plan.cost), (number(plan.moves[0].amount) * 10000 + 999999) / 1000000);
    world_free(world);
}

/* What the bridge at the destination holds bounds what is sent there, less what is on its way. */
static void bridge_liquidity_bounds_a_plan(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);

    world->chains[1].truth.bridge = 10000;
    world->chains[3].truth.bridge = 0;
    world_reconcile(world);
    world_unbalance(world, 1, 2, 300000);
    assert_true(world_plans(world, 5000));
    assert_int_equal(number(world_plan(world, world_asset(world).plan_id).moves[0].amount), 10000);
    const struct hash move = world_rebalances(world, 2, 1, 4000, 0, evm_filled(0x99));
    world_reconcile(world);
    assert_true(world_plans(world, 5000));
    assert_int_equal(number(world_plan(world, world_asset(world).plan_id).moves[0].amount), 6000);
    world_rebalance_arrives(world, 1, move, 4000);
    world_transaction_begin(world, 1);
    world_transfer(world, 1, world_bridge(1), world_user(), 6000);
    world_reconcile(world);
    assert_false(world_plans(world, 5000));
    assert_int_equal(world_asset(world).reason, REASON_NO_BRIDGE_LIQUIDITY);
    world_free(world);
}

/* Users' pending payouts are not capital of the router that owes them: it is the short one. */
static void pending_payouts_count_against_their_router(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);

    world_reconcile(world);
    (void)world_user_sends(world, 2, 1, 1200000); /* more than chain 1 has */
    world_reconcile(world);
    const struct capital_position position = world_position(world, 1);
    assert_true(position.effective.negative);
    assert_int_equal(number(position.effective.amount), 200000);
    assert_false(position.within_tolerance);
    assert_true(world_plans(world, 5000));
    const struct plan_row plan = world_plan(world, world_asset(world).plan_id);
    uint64_t towards = 0;
    for (uint32_t i = 0; i < plan.moves_count; i++) {
        assert_int_equal(plan.moves[i].target_domain, 1);
        towards += number(plan.moves[i].amount);
    }
    assert_int_equal(towards, 200000 + 1000200 - 75000);
    world_free(world);
}

static void unreconciled_or_stopped_chain_stops_plans(void **state)
{
    (void)state;
    struct world *world = unbalanced_world(ROUTE_ACT);

    world->chains[3].truth.router += 1;
    world_reconcile(world);
    assert_false(world_plans(world, 5000));
    assert_int_equal(world_asset(world).reason, REASON_UNRECONCILED);
    world->chains[3].truth.router -= 1;
    world_reconcile(world);
    world->chains[3].running = false;
    assert_false(world_plans(world, 5000));
    assert_int_equal(world_asset(world).reason, REASON_CHAIN_STOPPED);
    world_wait(world, 60000); /* nobody says a thing of the chains for a minute */
    world->chains[3].running = true;
    assert_false(world_plans(world, 5000));
    assert_int_equal(world_asset(world).reason, REASON_POSITIONS_UNKNOWN);
    world->step.paused = true;
    world_reconcile(world);
    assert_false(world_plans(world, 5000));
    assert_int_equal(world_asset(world).reason, REASON_PAUSED);
    world->step.paused = false;
    assert_true(world_plans(world, 5000));
    world_free(world);
}

static void lost_answer_is_asked_again(void **state)
{
    (void)state;
    struct world *world = unbalanced_world(ROUTE_ACT);

    world_wait(world, 3000);
    assert_int_equal(world->plans_asked, 1);
    const struct hash id = world->plan_id;
    world_wait(world, 12000);
    assert_int_equal(world->plans_asked, 2);
    assert_memory_equal(&id, &world->plan_id, sizeof(id));
    world_restart(world); /* forgets the question, and asks a new one */
    world_reconcile(world);
    world_wait(world, 3000);
    assert_int_equal(world->plans_asked, 3);
    world_answer_plan(world);
    assert_int_equal(world_plan(world, world_asset(world).plan_id).state, PLAN_ACCEPTED);
    world->plan_asked = true; /* told a second time */
    world_answer_plan(world);
    world_wait(world, 100);
    assert_int_equal(world->prepares, 1);
    world_free(world);
}

/* Two plans from equal balances are two plans: their moves have different ids. */
static void equal_questions_have_different_ids(void **state)
{
    (void)state;
    struct world *world = unbalanced_world(ROUTE_PROPOSE);

    assert_true(world_plans(world, 5000));
    const struct hash first = world_asset(world).plan_id;
    const struct plan_row before = world_plan(world, first);
    operate(world, OPERATOR_REJECT_PLAN, first);
    world_restart(world);
    world_reconcile(world);
    assert_true(world_plans(world, 5000));
    const struct hash second = world_asset(world).plan_id;
    const struct plan_row after = world_plan(world, second);
    assert_memory_equal(before.moves, after.moves, sizeof(before.moves));
    assert_memory_not_equal(&first, &second, sizeof(first));
    world_free(world);
}

/* ---- answers that are wrong ---- */

/* Moves of our own choice, with the proof that the routing core gives for its own. */
static void answer(struct world *world, const struct planned_move *moves, uint32_t count,
                   uint64_t cost)
{
    static struct planning planning;
    struct event event;

    planning_answer(&world->plan_id, bytes_from(world->network, world->network_count), &planning,
                    &event);
    assert_int_equal(event.planned.outcome, OUTCOME_OK);
    event.planned.moves = moves;
    event.planned.moves_count = count;
    event.planned.cost = amount_from_u64(cost);

    world_begin(world);
    capital_on_planned(&world->step, &event);
    world_end(world);
}

/* Every wrong answer is an alarm and no plan. */
static void wrong_answers_are_refused(void **state)
{
    (void)state;
    const struct {
        struct planned_move moves[2];
        uint32_t count;
        uint64_t cost;
    } wrong[] = {
        {{{1, 0, amount_from_u64(300000)}}, 1, 0},  /* cost is 1 */
        {{{1, 0, amount_from_u64(1300001)}}, 1, 1}, /* more than there is */
        {{{1, 0, amount_from_u64(700000)}, {1, 2, amount_from_u64(700000)}}, 2, 2}, /* together */
        {{{1, 0, amount_from_u64(1000)}, {1, 0, amount_from_u64(1000)}}, 2, 2},     /* twice */
        {{{1, 1, amount_from_u64(1000)}}, 1, 1},                                    /* to itself */
        {{{1, 9, amount_from_u64(1000)}}, 1, 1}, /* no such router */
        {{{1, 0, amount_from_u64(0)}}, 1, 0},    /* nothing */
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct world *world = unbalanced_world(ROUTE_ACT);
        world_wait(world, 3000);
        assert_true(world->plan_asked);
        answer(world, wrong[i].moves, wrong[i].count, wrong[i].cost);
        assert_int_equal(world_asset(world).reason, REASON_PLAN_INFEASIBLE);
        assert_int_equal(world_notes(world, REASON_PLAN_INFEASIBLE), 1);
        const struct hash none = world_asset(world).plan_id;
        assert_true(hash_is_zero(&none));
        world_free(world);
    }
}

/* Places 10, 11, 12 with 100, 0, 0; corridors 10>11 and 10>12 of 50 each, 60 together, a fee of a
 * tenth. */
static struct bytes small_network(uint8_t *memory, size_t capacity)
{
    static const struct route_term terms[2] = {{0, {1, 0}}, {1, {1, 0}}};
    struct route_place places[3];
    struct route_corridor corridors[2];
    struct route_group group;
    struct packer packer = packer_from(memory, capacity);

    memset(places, 0, sizeof(places));
    memset(corridors, 0, sizeof(corridors));
    memset(&group, 0, sizeof(group));
    for (uint32_t i = 0; i < 3; i++) {
        places[i].tag = 10 + i;
        places[i].balance = amount_from_u64(i == 0 ? 100 : 0);
        places[i].max = amount_from_u64(i == 2 ? 45 : 100);
    }
    for (uint32_t i = 0; i < 2; i++) {
        corridors[i].to = 1 + i;
        corridors[i].max = amount_from_u64(50);
        corridors[i].output = ROUTE_OUTPUT_LINEAR;
        corridors[i].gain = (struct route_decimal){1, 0};
        corridors[i].cost = (struct route_decimal){1, -1};
    }
    group.max = amount_from_u64(60);
    group.corridors.count = 2;
    const struct network network = {
        .counts = {.places = 3, .corridors = 2, .groups = 1, .terms = 2},
        .places = places,
        .corridors = corridors,
        .groups = &group,
        .terms = terms};
    network_pack(&network, &packer);
    return packer_finish(&packer);
}

static const char *check_small(const struct planned_move *moves, uint32_t count, uint64_t cost)
{
    static const struct core_config config;
    static struct plan_question question;
    uint8_t memory[1024];
    uint8_t proof[4 * sizeof(double) + 4] = {0}; /* three places, one group, no branches */
    struct plan_answer answer;
    const struct event event = {.kind = EVENT_PLANNED,
                                .planned = {.moves = moves,
                                            .moves_count = count,
                                            .cost = amount_from_u64(cost),
                                            .proof = bytes_from(proof, sizeof(proof))}};

    assert_true(plan_question_read(small_network(memory, sizeof(memory)), &question));
    return plan_answer_check(&config, &question, &event, &answer);
}

static void every_claim_of_an_answer_is_recomputed(void **state)
{
    (void)state;
    const struct planned_move good[2] = {{10, 11, amount_from_u64(41)},
                                         {10, 12, amount_from_u64(19)}};
    const struct planned_move large = {10, 11, amount_from_u64(51)};
    const struct planned_move bounds = {10, 12, amount_from_u64(46)};
    const struct planned_move together[2] = {{10, 11, amount_from_u64(41)},
                                             {10, 12, amount_from_u64(20)}};
    const struct planned_move backwards = {11, 10, amount_from_u64(1)};

    assert_null(check_small(good, 2, 5 + 2));
    assert_null(check_small(NULL, 0, 0));
    assert_string_equal(check_small(good, 2, 6), "the stated cost is not what the moves cost");
    assert_string_equal(check_small(&large, 1, 6), "a move is above its corridor's capacity");
    assert_string_equal(check_small(&bounds, 1, 5), "a place would leave its bounds");
    assert_string_equal(check_small(together, 2, 7), "moves together are above a limit");
    assert_string_equal(check_small(&backwards, 1, 1), "a move has no corridor");
}

/* What is right to do is judged on the balances of now. */
static void moves_fit_only_what_there_is(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OFF);
    struct plan_snapshot snapshot;
    struct plan_move move = {.kind = MOVE_BETWEEN_ROUTERS,
                             .source_domain = 1,
                             .source = world_router(1),
                             .target_domain = 2,
                             .target = world_router(2),
                             .amount = amount_from_u64(20)};

    memset(&snapshot, 0, sizeof(snapshot));
    snapshot.count = 2;
    snapshot.tolerance = amount_from_u64(10);
    for (uint32_t i = 0; i < 2; i++) {
        snapshot.sites[i].router = &world->config.routers[i];
        snapshot.sites[i].gross = amount_from_u64(i == 0 ? 135 : 80);
        snapshot.sites[i].claims = amount_from_u64(i == 0 ? 15 : 0);
        snapshot.sites[i].goal = amount_from_u64(100);
        snapshot.sites[i].sendable = amount_from_u64(40);
        snapshot.sites[i].cap = amount_max();
    }
    assert_true(plan_moves_fit(&snapshot, &move, 1));
    snapshot.sites[0].sendable = amount_from_u64(19);
    assert_false(plan_moves_fit(&snapshot, &move, 1));
    snapshot.sites[0].sendable = amount_from_u64(40);
    move.amount = amount_from_u64(30); /* 105 left of 115: the tolerance's edge; 110 there */
    assert_true(plan_moves_fit(&snapshot, &move, 1));
    move.amount = amount_from_u64(31);
    assert_false(plan_moves_fit(&snapshot, &move, 1));
    snapshot.sites[0].gross = amount_from_u64(200); /* now only the target is overfilled */
    assert_false(plan_moves_fit(&snapshot, &move, 1));
    snapshot.sites[1].gross = amount_from_u64(70);
    assert_true(plan_moves_fit(&snapshot, &move, 1));
    snapshot.sites[0].gross = amount_from_u64(135); /* now only the source is drained */
    assert_false(plan_moves_fit(&snapshot, &move, 1));
    move.amount = amount_from_u64(20);
    move.target = world_router(3);
    assert_false(plan_moves_fit(&snapshot, &move, 1));
    world_free(world);
}

/* Feasible, paid right and wrong all the same: it would drain a router below its tolerance. */
static void plan_that_unbalances_is_not_taken(void **state)
{
    (void)state;
    struct world *world = unbalanced_world(ROUTE_ACT);
    const struct planned_move bad = {2, 0, amount_from_u64(400000)};

    /* Most of what could be gained is not gained: the proof says so. */
    world_wait(world, 3000);
    answer(world, &bad, 1, 1);
    assert_int_equal(world_asset(world).reason, REASON_PLAN_UNPROVED);
    assert_int_equal(world->prepares, 0);
    world_free(world);
}

/* Prices that are no prices, or that prove next to nothing: no plan, whatever the moves are. */
static void a_plan_without_a_proof_is_not_taken(void **state)
{
    (void)state;
    /* Three places; what leaves each, and what enters it. */
    static const uint8_t nothing[9 * sizeof(double) + 4];
    uint8_t not_a_number[sizeof(nothing)];
    const struct planned_move good = {1, 0, amount_from_u64(225200)};
    const struct {
        const uint8_t *bytes;
        size_t count;
        enum reason reason;
    } cases[] = {
        {nothing, 0, REASON_PLAN_INFEASIBLE},
        {nothing, sizeof(nothing) - 1, REASON_PLAN_INFEASIBLE},
        {not_a_number, sizeof(nothing), REASON_PLAN_INFEASIBLE},
        {nothing, sizeof(nothing), REASON_PLAN_UNPROVED},
    };

    memset(not_a_number, 0xff, sizeof(not_a_number));
    memset(not_a_number + sizeof(not_a_number) - 4, 0, 4);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world *world = unbalanced_world(ROUTE_ACT);
        world_wait(world, 3000);
        assert_true(world->plan_asked);
        struct event event = {.kind = EVENT_PLANNED,
                              .planned = {.plan_id = world->plan_id,
                                          .outcome = OUTCOME_OK,
                                          .moves = &good,
                                          .moves_count = 1,
                                          .cost = amount_from_u64(1),
                                          .proof = bytes_from(cases[i].bytes, cases[i].count)}};
        world_begin(world);
        capital_on_planned(&world->step, &event);
        world_end(world);
        assert_int_equal(world_asset(world).reason, cases[i].reason);
        assert_int_equal(world->prepares, 0);
        world_free(world);
    }
}

/* A unit that is missing is worth four times the highest fee: 4 % here, where the bridge asks 1 %.
 */
static void no_move_gains_less_than_its_cost_times_the_margin(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);

    world->fee_token_ppm = 10000;
    world->config.route.margin.value = 31000; /* 4.1 times the cost */
    world_reconcile(world);
    world_unbalance(world, 1, 2, 300000);
    assert_false(world_plans(world, 5000));
    assert_int_equal(world_asset(world).reason, REASON_NOT_WORTH_IT);
    world->config.route.margin.value = 29000;
    world_restart(world);
    world_reconcile(world);
    assert_true(world_plans(world, 5000));
    const struct plan_row plan = world_plan(world, world_asset(world).plan_id);
    assert_int_equal(plan.moves_count, 1);
    assert_int_equal(number(plan.moves[0].amount), 225200);
    assert_int_equal(number(plan.gains[0]), 9006); /* 4.0002 %, and 2.0001 % of the
 last 100 are missed at the source */
    assert_int_equal(number(plan.costs[0]), 2252);
    assert_int_equal(number(plan.cost), 2252);
    assert_in_range(plan.gap_ppm, 0, 2);
    world_free(world);
}

/* Gas and native fees are costs once a coin has a price: 300,000 gas at 1 gwei and 3,200 units a
 * coin are 0.96 units, far above what 0.2252 units can gain. */
static void gas_is_a_cost(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);

    world->config.route.coin_price = amount_from_u64(3200000000u);
    world->base_fee = 1000000000;
    world_reconcile(world);
    world_unbalance(world, 1, 2, 300000);
    assert_false(world_plans(world, 5000));
    assert_int_equal(world_asset(world).reason, REASON_NOT_WORTH_IT);
    world->base_fee = 1000000;
    world_restart(world);
    world_reconcile(world);
    assert_true(world_plans(world, 5000));
    const struct plan_row plan = world_plan(world, world_asset(world).plan_id);
    assert_int_equal(plan.moves_count, 1);
    assert_int_equal(number(plan.moves[0].amount), 225200);
    assert_int_equal(number(plan.cost), 960 + 1); /* and one for a fee of nothing, rounded up */
    world_free(world);
}

/* Chain 1's bridge can pay out 10,000 and 215,200 more are wanted there. */
static void binding_limits_are_named(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);

    world->chains[1].truth.bridge = 10000;
    world_reconcile(world);
    world_unbalance(world, 1, 2, 300000);
    assert_true(world_plans(world, 5000));
    const struct plan_row plan = world_plan(world, world_asset(world).plan_id);
    assert_true(plan.binding_count > 0);
    assert_int_equal(plan.binding[0].target_domain, 1);
    assert_int_not_equal(plan.binding[0].kind, PLAN_LIMIT_LEAVING);
    assert_in_range(plan.binding[0].price_nano, 1, 40002000);
    world_free(world);
}

static void answer_to_no_question_changes_nothing(void **state)
{
    (void)state;
    struct world *world = unbalanced_world(ROUTE_ACT);
    const struct planned_move good = {1, 0, amount_from_u64(225200)};

    world_wait(world, 3000);
    assert_true(world->plan_asked);
    world->plan_id = hash_filled(3);
    answer(world, &good, 1, 1);
    const struct hash none = world_asset(world).plan_id;
    assert_true(hash_is_zero(&none));
    world_free(world);
}

static void refusal_by_the_solver_is_said(void **state)
{
    (void)state;
    struct world *world = unbalanced_world(ROUTE_ACT);

    world_wait(world, 3000);
    const struct event event = {.kind = EVENT_PLANNED,
                                .planned = {.plan_id = world->plan_id,
                                            .outcome = OUTCOME_REFUSED,
                                            .reason = bytes_from_string("bounds contradict")}};
    world_begin(world);
    capital_on_planned(&world->step, &event);
    world_end(world);
    assert_int_equal(world_asset(world).reason, REASON_PLAN_INFEASIBLE);
    assert_int_equal(world_notes(world, REASON_PLAN_INFEASIBLE), 1);
    world_free(world);
}

static void off_asks_and_plans_nothing(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OFF);

    (void)world_user_sends(world, 1, 2, 400000);
    world_final(world, 1);
    world_wait(world, 10000);
    assert_int_equal(world->read_positions, 0);
    assert_int_equal(world->plans_asked, 0);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(balanced_routers_are_left_alone),
        cmocka_unit_test(nothing_is_planned_before_balances_are_known),
        cmocka_unit_test(observed_plan_is_recorded_and_moves_nothing),
        cmocka_unit_test(proposed_plan_waits_for_a_person),
        cmocka_unit_test(rejected_plan_is_not_proposed_again),
        cmocka_unit_test(stale_plan_is_void),
        cmocka_unit_test(changed_limits_void_a_plan),
        cmocka_unit_test(move_limits_cut_and_drop),
        cmocka_unit_test(fees_above_the_limits_close_the_corridors),
        cmocka_unit_test(bridge_liquidity_bounds_a_plan),
        cmocka_unit_test(pending_payouts_count_against_their_router),
        cmocka_unit_test(unreconciled_or_stopped_chain_stops_plans),
        cmocka_unit_test(lost_answer_is_asked_again),
        cmocka_unit_test(equal_questions_have_different_ids),
        cmocka_unit_test(wrong_answers_are_refused),
        cmocka_unit_test(every_claim_of_an_answer_is_recomputed),
        cmocka_unit_test(moves_fit_only_what_there_is),
        cmocka_unit_test(plan_that_unbalances_is_not_taken),
        cmocka_unit_test(a_plan_without_a_proof_is_not_taken),
        cmocka_unit_test(no_move_gains_less_than_its_cost_times_the_margin),
        cmocka_unit_test(gas_is_a_cost),
        cmocka_unit_test(binding_limits_are_named),
        cmocka_unit_test(answer_to_no_question_changes_nothing),
        cmocka_unit_test(refusal_by_the_solver_is_said),
        cmocka_unit_test(off_asks_and_plans_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
