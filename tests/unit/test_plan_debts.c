/* SPDX-License-Identifier: Apache-2.0 */
/* What a debt lacks: brought as collateral or paid back, by whichever desk does it better, from
 * what was read to the moves that the routing core plans and the orders that they become. */
#include <stdlib.h>
#include <string.h>

#include "relay/core/capital/venue_rows.h"
#include "relay/core/plan/plan_internal.h"
#include "relay/node/driver/planning.h"
#include "tests/support/capital_world.h"

#define UNIT     1000000u /* of either asset */
#define PERCENT  10000000u
#define PLEDGE   0u /* venues: collateral of asset 0 in the pool, */
#define DEBT     1u /* asset 1 in the same pool, of which some is owed, */
#define VAULT    2u /* a vault of asset 1, */
#define SAVINGS  3u /* and one of asset 0 */
#define VENUES   4u
#define PATIENCE DURATION_MS(121000)

static const struct hash mandate = {{7}};

/* One spoke that holds 100 of asset 0, of which 100 are the buffer, and 500 of asset 1. */
struct pair {
    struct world *world;
    struct spoke_state held[2]; /* what the books agree with */
    struct spoke_state spokes[2];
    struct venue_state venues[VENUES];
    uint64_t block;
    struct planning planning;
    struct plan_question question;
    struct plan_answer answer;
};

static struct amount units(uint64_t count)
{
    return amount_from_u64(count * UNIT);
}

static struct venue_state venue_state(uint32_t index)
{
    struct venue_state state = {.spoke = evm_filled(0x51),
                                .index = index,
                                .gate = VENUE_OPEN,
                                .enter_max = amount_max(),
                                .pieces_count = 1};

    state.pieces[0] = (struct venue_piece){.width = amount_max(), .rate_nano = PERCENT};
    return state;
}

/* 1,000 of asset 0, of which each guards 0.8, against 600 of asset 1 at a price of one: 800 at
 * prices a tenth lower and a floor of one and a half guard 480 of it. 120 are too many. */
static void owe(struct pair *pair, uint64_t debt)
{
    for (uint32_t i = 0; i < 2; i++) {
        struct venue_state *venue = &pair->venues[i];
        venue->account_debt = units(debt);
        venue->account_guard = units(800);
        venue->unit_debt = units(1);
    }
    pair->venues[PLEDGE].unit_guard = amount_from_u64(800000);
    pair->venues[PLEDGE].supplied = units(1000);
    pair->venues[PLEDGE].leave_max = units(1000);
    pair->venues[DEBT].owed = units(debt);
}

static struct pair *pair_new(void)
{
    struct pair *pair = calloc(1, sizeof(*pair));

    assert_non_null(pair);
    pair->world = world_new(ROUTE_ACT);
    struct core_config *config = &pair->world->config;
    config->assets_count = 2;
    config->assets[1] = config->assets[0];
    config->assets[0].decimals = 6;
    config->assets[1].decimals = 6;
    (void)memcpy(config->assets[1].symbol, "COIN", 5);
    config->route.mandate = mandate;
    config->route.move_min = units(1);
    config->route.move_max = amount_max();
    config->route.margin.value = 0;
    config->route.coin_price = units(1);
    config->spokes_count = 2;
    config->venues_count = VENUES;
    for (uint32_t i = 0; i < 2; i++) {
        config->spokes[i] = (struct core_spoke){.domain = 1,
                                                .asset = i,
                                                .spoke = evm_filled(0x51),
                                                .token = evm_filled((uint8_t)(0x52 + i)),
                                                .idle_min = units(100)};
        pair->spokes[i] = (struct spoke_state){.spoke = evm_filled(0x51),
                                               .token = evm_filled((uint8_t)(0x52 + i)),
                                               .idle = units(i == 0 ? 100 : 500),
                                               .velocity_left = amount_max(),
                                               .mandate = mandate};
        config->venues[i] = (struct core_venue){.spoke = i,
                                                .index = 10 + i,
                                                .kind = VENUE_AAVE,
                                                .venue = evm_filled(0x60),
                                                .receipt = evm_filled((uint8_t)(0x61 + i))};
        config->venues[VAULT + i] = (struct core_venue){.spoke = 1 - i,
                                                        .index = 12 + i,
                                                        .kind = VENUE_ERC4626,
                                                        .venue = evm_filled((uint8_t)(0x70 + i))};
    }
    for (uint32_t i = 0; i < VENUES; i++) {
        pair->venues[i] = venue_state(10 + i);
    }
    config->venues[PLEDGE].health_min.value = 15000;
    config->venues[PLEDGE].price_shock.value = 1000;
    owe(pair, 600);
    memcpy(pair->held, pair->spokes, sizeof(pair->held));
    pair->world->spoke = &pair->held[0];
    pair->world->spokes_more = 1;
    world_reconcile(pair->world);
    return pair;
}

static void pair_free(struct pair *pair)
{
    world_free(pair->world);
    free(pair);
}

static void pair_read(struct pair *pair)
{
    const struct event event = {.kind = EVENT_POSITIONS,
                                .domain = 1,
                                .positions = {.outcome = OUTCOME_OK,
                                              .block_number = 5 + pair->block,
                                              .spokes = pair->spokes,
                                              .spokes_count = 2,
                                              .venues = pair->venues,
                                              .venues_count = VENUES}};

    world_begin(pair->world);
    venue_on_positions(&pair->world->step, &event);
    world_end(pair->world);
}

static enum reason pair_pack(struct pair *pair, uint32_t asset, struct packer *packer)
{
    static struct plan_venues venues;

    world_begin(pair->world);
    enum reason reason = plan_venues_take(&pair->world->step, asset, &venues);
    reason = reason == REASON_NONE ? plan_venues_pack(&venues, packer) : reason;
    world_end(pair->world);
    return reason;
}

/* What a desk would move by what was read; how many moves. */
static uint32_t planned(struct pair *pair, uint32_t asset)
{
    static uint8_t memory[PLAN_NETWORK_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));
    const struct hash id = {{1}};
    const struct amount together = amount_max();
    struct event event;
    uint32_t small;

    memset(&pair->answer, 0, sizeof(pair->answer));
    pair_read(pair);
    const enum reason reason = pair_pack(pair, asset, &packer);
    if (reason == REASON_WITHIN_TOLERANCE) {
        return 0; /* there is no way at all */
    }
    assert_int_equal(reason, REASON_NONE);
    pack_u64(&packer, 0);
    const struct bytes network = packer_finish(&packer);
    planning_answer(&id, network, &pair->planning, &event);
    assert_int_equal(event.planned.outcome, OUTCOME_OK);
    assert_true(plan_question_read(network, &pair->question));
    const char *wrong =
        plan_answer_check(&pair->world->config, &pair->question, &event, &pair->answer);
    if (wrong != NULL) {
        fail_msg("%s", wrong);
    }
    plan_answer_prune(&pair->world->config.route, &together, &pair->question, &pair->answer,
                      &small);
    return pair->answer.count;
}

static uint64_t moved(const struct pair *pair, uint32_t from, uint32_t to)
{
    uint64_t amount = 0;

    for (uint32_t i = 0; i < pair->answer.count; i++) {
        if (pair->answer.moves[i].from == from && pair->answer.moves[i].to == to) {
            assert_status(STATUS_OK, amount_to_u64(&pair->answer.moves[i].amount, &amount));
        }
    }
    return amount;
}

static uint64_t paid(struct pair *pair)
{
    (void)planned(pair, 1);
    return moved(pair, PLANNED_SPOKE_FIRST + 1, PLANNED_DEBT_FIRST + DEBT);
}

/* From what is idle. */
static uint64_t brought(struct pair *pair)
{
    (void)planned(pair, 0);
    return moved(pair, PLANNED_SPOKE_FIRST, PLANNED_VENUE_FIRST + PLEDGE);
}

/* 120 are too many, and a thousandth of 600 more are paid. */
#define PAID (120 * UNIT + 600000)

static void what_is_guarded_is_not_paid_back(void **state)
{
    (void)state;
    struct pair *pair = pair_new();

    owe(pair, 480);
    assert_int_equal(paid(pair), 0);
    owe(pair, 600);
    assert_int_equal(paid(pair), PAID);
    pair->world->config.venues[PLEDGE].health_min.value = 0; /* nobody said that it is guarded */
    assert_int_equal(paid(pair), 0);
    pair_free(pair);
}

/* Both from what is idle: it is paid back, for that takes less. With the debt's asset in a vault
 * that would be two transactions, and collateral is brought, with one. */
static void the_cheaper_of_both_is_done_and_no_more(void **state)
{
    (void)state;
    struct pair *pair = pair_new();

    pair->world->base_fee = 1000000000;
    world_reconcile(pair->world);
    pair->spokes[0].idle = units(1000);
    pair->venues[SAVINGS].pieces[0].rate_nano = 9 * PERCENT;
    assert_int_equal(paid(pair), PAID);
    assert_int_equal(brought(pair), 0);
    pair->spokes[1].idle = units(100);
    pair->venues[VAULT].supplied = units(500);
    pair->venues[VAULT].leave_max = units(500);
    assert_int_equal(paid(pair), 0);
    assert_int_equal(moved(pair, PLANNED_VENUE_FIRST + VAULT, PLANNED_DEBT_FIRST + DEBT), 0);
    assert_int_equal(brought(pair), 250 * UNIT); /* (600 / 0.6 - 800) / 0.8 */
    /* With both of them in a vault it is two each, and it is paid back again. */
    pair->spokes[0].idle = units(100);
    pair->venues[SAVINGS].supplied = units(900);
    pair->venues[SAVINGS].leave_max = units(900);
    (void)paid(pair);
    assert_int_equal(moved(pair, PLANNED_VENUE_FIRST + VAULT, PLANNED_DEBT_FIRST + DEBT), PAID);
    assert_int_equal(planned(pair, 0), 0);
    pair_free(pair);
}

/* 50 above the buffer are not enough for 120.6, and 800 of collateral are for 250: that is brought.
 * With neither enough each does what it can. */
static void what_is_enough_comes_before_what_is_not(void **state)
{
    (void)state;
    struct pair *pair = pair_new();

    pair->spokes[1].idle = units(150);
    pair->spokes[0].idle = units(900);
    pair->venues[SAVINGS].enter_max = amount_zero();
    assert_int_equal(paid(pair), 0);
    assert_true(brought(pair) >= 250 * UNIT);
    pair->spokes[0].idle = units(130);
    assert_int_equal(paid(pair), 50 * UNIT);
    assert_int_equal(brought(pair), 30 * UNIT);
    pair_free(pair);
}

/* A desk that leaves it to another one does so for two minutes. */
static void nobody_is_waited_for_for_ever(void **state)
{
    (void)state;
    struct pair *pair = pair_new();

    pair->spokes[0].idle = units(1000);
    pair->venues[SAVINGS].pieces[0].rate_nano = 9 * PERCENT;
    assert_int_equal(brought(pair), 0);
    pair->world->step.now = instant_after(pair->world->step.now, PATIENCE);
    world_reconcile(pair->world);
    assert_int_equal(brought(pair), 250 * UNIT);
    /* Once it was well the time begins anew. */
    owe(pair, 400);
    (void)brought(pair);
    owe(pair, 600);
    assert_int_equal(brought(pair), 0);
    assert_int_equal(paid(pair), PAID);
    pair_free(pair);
}

/* What is paid under way is waited for, however long it takes; what goes to another pool is not. */
static void what_is_under_way_is_waited_for(void **state)
{
    (void)state;
    struct pair *pair = pair_new();
    const struct hash id = {{9}};
    struct move_row row = {.state = MOVE_INCLUDED,
                           .symbol = "COIN",
                           .move = {.kind = MOVE_BETWEEN_VENUES,
                                    .source_domain = 1,
                                    .source = evm_filled(0x51),
                                    .target_domain = 1,
                                    .target = evm_filled(0x51),
                                    .target_venue = approval_debt(11),
                                    .amount = units(120)}};

    pair->spokes[0].idle = units(1000);
    pair->venues[SAVINGS].enter_max = amount_zero();
    (void)brought(pair);
    pair->world->step.now = instant_after(pair->world->step.now, PATIENCE);
    world_reconcile(pair->world);
    for (uint32_t i = 0; i < 2; i++) {
        world_begin(pair->world);
        capital_put_move(&pair->world->step, &id, &row);
        world_end(pair->world);
        /* What is brought for its yield of 1 % alone is no guard, and may be all there is. */
        (void)brought(pair);
        const uint64_t guarding = moved(pair, PLANNED_SPOKE_FIRST, PLANNED_VENUE_FIRST + PLEDGE);
        assert_true(guarding > 0);
        world_begin(pair->world);
        static struct plan_venues venues;
        assert_int_equal(plan_venues_take(&pair->world->step, 0, &venues), REASON_NONE);
        world_end(pair->world);
        assert_int_equal(venues.venues[0].urgent, i == 1);
        row.move.target_venue = 13; /* the vault of the same asset */
    }
    pair_free(pair);
}

/* A pool that is paused, or whose code changed, takes nothing; one that only takes nothing in, or
 * is shut by the guardian, is paid. */
static void what_no_pool_would_take_is_not_paid(void **state)
{
    (void)state;
    struct pair *pair = pair_new();
    static const struct {
        enum venue_gate gate;
        uint64_t paid;
    } cases[] = {{VENUE_SHUT, PAID},        {VENUE_FROZEN, PAID}, {VENUE_FULL, PAID},
                 {VENUE_INSOLVENT, PAID},   {VENUE_PAUSED, 0},    {VENUE_CODE_CHANGED, 0},
                 {VENUE_RECEIPT_CHANGED, 0}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pair->venues[DEBT].gate = cases[i].gate;
        assert_int_equal(paid(pair), cases[i].paid);
    }
    pair->venues[DEBT].gate = VENUE_OPEN;
    pair->venues[DEBT].unit_debt = amount_zero(); /* its price is not known: nor how much */
    assert_int_equal(paid(pair), 0);
    pair_free(pair);
}

/* Neither less than the smallest move, nor more than is owed; never out of the buffer; and not held
 * back by the velocity limit, as on chain. */
static void a_payment_has_its_bounds(void **state)
{
    (void)state;
    struct pair *pair = pair_new();

    pair->spokes[1].velocity_left = amount_zero();
    assert_int_equal(paid(pair), PAID);
    pair->world->config.route.move_min = units(200);
    assert_int_equal(paid(pair), 200 * UNIT);
    pair->venues[DEBT].owed = units(210); /* the rest is owed in a third asset */
    pair->world->config.route.move_min = units(300);
    assert_int_equal(paid(pair), 0);
    pair->world->config.route.move_min = units(1);
    pair->venues[DEBT].owed = units(20);
    assert_int_equal(paid(pair), 20 * UNIT);
    pair->venues[DEBT].owed = units(600);
    pair->spokes[1].idle = units(100);
    assert_int_equal(paid(pair), 0);
    pair_free(pair);
}

/* Collateral of the same pool is not taken out to pay with: it guards. */
static void no_collateral_is_taken_out_to_pay(void **state)
{
    (void)state;
    struct pair *pair = pair_new();

    pair->spokes[1].idle = units(100);
    pair->venues[DEBT].supplied = units(300);
    pair->venues[DEBT].leave_max = units(300);
    (void)planned(pair, 1);
    assert_int_equal(moved(pair, PLANNED_VENUE_FIRST + DEBT, PLANNED_DEBT_FIRST + DEBT), 0);
    pair_free(pair);
}

/* The order that a move becomes, and that no move takes out of a debt. */
static void a_payment_is_an_order_to_repay(void **state)
{
    (void)state;
    struct pair *pair = pair_new();
    const struct core_config *config = &pair->world->config;
    const struct planned_move in = {PLANNED_VENUE_FIRST + VAULT, PLANNED_DEBT_FIRST + DEBT,
                                    amount_from_u64(5)};
    const struct planned_move out = {PLANNED_DEBT_FIRST + DEBT, PLANNED_SPOKE_FIRST + 1,
                                     amount_from_u64(5)};
    const struct planned_move others = {PLANNED_SPOKE_FIRST, PLANNED_DEBT_FIRST + DEBT,
                                        amount_from_u64(5)};
    struct move_row row = {.symbol = "COIN"};
    struct leg leg;

    assert_true(plan_venue_move(config, &in, &row.move));
    assert_int_equal(row.move.kind, MOVE_BETWEEN_VENUES);
    assert_int_equal(row.move.source_venue, 13);
    assert_int_equal(row.move.target_venue, approval_debt(11));
    world_begin(pair->world);
    assert_true(plan_venue_leg(&pair->world->step, &row, 0, (struct instant){.ns = 0}, &leg));
    assert_int_equal(leg.venue.verb, VENUE_WITHDRAW);
    assert_int_equal(leg.venue.index, 12);
    assert_true(plan_venue_leg(&pair->world->step, &row, 1, (struct instant){.ns = 0}, &leg));
    assert_int_equal(leg.venue.verb, VENUE_REPAY);
    assert_int_equal(leg.venue.index, 11);
    assert_true(amount_equal(&leg.venue.amount, &in.amount));
    assert_false(plan_venue_leg(&pair->world->step, &row, 2, (struct instant){.ns = 0}, &leg));
    world_end(pair->world);
    assert_false(plan_venue_move(config, &out, &row.move));
    assert_false(plan_venue_move(config, &others, &row.move)); /* with another asset */
    pair_free(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_guarded_is_not_paid_back),
        cmocka_unit_test(the_cheaper_of_both_is_done_and_no_more),
        cmocka_unit_test(what_is_enough_comes_before_what_is_not),
        cmocka_unit_test(nobody_is_waited_for_for_ever),
        cmocka_unit_test(what_is_under_way_is_waited_for),
        cmocka_unit_test(what_no_pool_would_take_is_not_paid),
        cmocka_unit_test(a_payment_has_its_bounds),
        cmocka_unit_test(no_collateral_is_taken_out_to_pay),
        cmocka_unit_test(a_payment_is_an_order_to_repay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
