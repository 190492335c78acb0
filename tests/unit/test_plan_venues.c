/* SPDX-License-Identifier: Apache-2.0 */
/* Vaults as places of the network: what was read of spokes and venues, through the real routing
 * core and the core's own check, to the moves that are worth making and their legs. */
#include <stdlib.h>
#include <string.h>

#include "relay/core/capital/venue_rows.h"
#include "relay/core/plan/plan_internal.h"
#include "relay/node/driver/planning.h"
#include "tests/support/capital_world.h"

#define VENUES   3u
#define LARGEST  (PLAN_ROUTERS_MAX - 1) /* beside their spoke */
#define UNIT     1000000u               /* of the asset */
#define PERCENT  10000000u              /* a year, in 1e-9 */
#define COIN_WEI 1000000000u            /* a base fee at which gas costs something */

static const struct hash mandate = {{7}};

static struct address spoke_address(void)
{
    return evm_filled(0x51);
}

struct desk {
    struct world *world;
    struct spoke_state held; /* what the books agree with */
    struct spoke_state spoke;
    struct venue_state venues[LARGEST];
    uint64_t block;
    uint32_t told; /* of them: the others are mute */
    struct planning planning;
    struct plan_question question;
    struct plan_answer answer;
};

static struct amount units(uint64_t count)
{
    return amount_from_u64(count * UNIT);
}

/* A spoke with 1,000 units idle and three vaults that pay 5, 4 and 3 % on anything. */
static struct desk *desk_new(void)
{
    struct desk *desk = calloc(1, sizeof(*desk));

    assert_non_null(desk);
    desk->world = world_new(ROUTE_ACT);
    struct core_config *config = &desk->world->config;
    config->assets[0].decimals = 6;
    config->route.mandate = mandate;
    config->route.move_min = units(1);
    config->route.move_max = amount_max();
    config->route.margin.value = 0;
    config->spokes_count = 1;
    config->spokes[0] = (struct core_spoke){
        .domain = 1, .spoke = spoke_address(), .token = evm_filled(0x52), .idle_min = units(100)};
    config->venues_count = VENUES;
    desk->spoke = (struct spoke_state){.spoke = spoke_address(),
                                       .token = evm_filled(0x52),
                                       .idle = units(1000),
                                       .velocity_left = amount_max(),
                                       .mandate = mandate};
    for (uint32_t i = 0; i < VENUES; i++) {
        config->venues[i] = (struct core_venue){
            .index = 10 + i, .kind = VENUE_ERC4626, .venue = evm_filled((uint8_t)(0x60 + i))};
        desk->venues[i] = (struct venue_state){.spoke = spoke_address(),
                                               .index = 10 + i,
                                               .gate = VENUE_OPEN,
                                               .enter_max = amount_max(),
                                               .pieces_count = 1};
        desk->venues[i].pieces[0] =
            (struct venue_piece){.width = amount_max(), .rate_nano = (5 - i) * PERCENT};
    }
    desk->told = VENUES;
    desk->held = desk->spoke;
    desk->world->spoke = &desk->held;
    world_reconcile(desk->world);
    return desk;
}

static void desk_free(struct desk *desk)
{
    world_free(desk->world);
    free(desk);
}

static enum reason question_pack(struct world *world, struct packer *packer)
{
    static struct plan_venues venues;
    const enum reason reason = plan_venues_take(&world->step, 0, &venues);

    return reason == REASON_NONE ? plan_venues_pack(&venues, packer) : reason;
}

static enum reason desk_read(struct desk *desk, struct packer *packer)
{
    const struct event event = {.kind = EVENT_POSITIONS,
                                .domain = 1,
                                .positions = {.outcome = OUTCOME_OK,
                                              .block_number = 5 + desk->block,
                                              .spokes = &desk->spoke,
                                              .spokes_count = 1,
                                              .venues = desk->venues,
                                              .venues_count = desk->told}};

    world_begin(desk->world);
    venue_on_positions(&desk->world->step, &event);
    const enum reason reason = question_pack(desk->world, packer);
    world_end(desk->world);
    return reason;
}

/* What is worth moving by what was read; the routing core's plan passes the core's check. */
static void desk_plan(struct desk *desk)
{
    static uint8_t memory[PLAN_NETWORK_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));
    const struct hash id = {{1}};
    const struct amount together = amount_max();
    struct event event;
    uint32_t small;

    assert_int_equal(desk_read(desk, &packer), REASON_NONE);
    pack_u64(&packer, 0);
    const struct bytes network = packer_finish(&packer);
    planning_answer(&id, network, &desk->planning, &event);
    assert_int_equal(event.planned.outcome, OUTCOME_OK);
    assert_true(plan_question_read(network, &desk->question));
    const char *wrong =
        plan_answer_check(&desk->world->config, &desk->question, &event, &desk->answer);
    if (wrong != NULL) {
        fail_msg("%s", wrong);
    }
    assert_true(desk->answer.gap_ppm <= 1000);
    plan_answer_prune(&desk->world->config.route, &together, &desk->question, &desk->answer,
                      &small);
}

static uint64_t moved(const struct desk *desk, uint32_t from, uint32_t to)
{
    uint64_t amount = 0;

    for (uint32_t i = 0; i < desk->answer.count; i++) {
        if (desk->answer.moves[i].from == from && desk->answer.moves[i].to == to) {
            assert_status(STATUS_OK, amount_to_u64(&desk->answer.moves[i].amount, &amount));
        }
    }
    return amount;
}

static uint64_t deposited(const struct desk *desk, uint32_t venue)
{
    return moved(desk, PLANNED_SPOKE_FIRST, PLANNED_VENUE_FIRST + venue);
}

static void idle_capital_goes_where_most_is_paid(void **state)
{
    (void)state;
    struct desk *desk = desk_new();

    desk_plan(desk);
    assert_int_equal(desk->answer.count, 1);
    assert_int_equal(deposited(desk, 0), 900 * UNIT); /* all but the buffer */
    /* Caps of the mandate and of the venue, and the velocity limit over both. */
    desk->world->config.venues[0].cap = units(400);
    desk->venues[1].enter_max = units(300);
    desk->spoke.velocity_left = units(750);
    desk_plan(desk);
    assert_int_equal(deposited(desk, 0), 400 * UNIT);
    assert_int_equal(deposited(desk, 1), 300 * UNIT);
    assert_int_equal(deposited(desk, 2), 50 * UNIT);
    desk_free(desk);
}

static void price(struct desk *desk, uint64_t number)
{
    const struct amount amount = amount_from_u64(number);

    world_begin(desk->world);
    exposure_on_price(&desk->world->step, 0, &amount);
    world_end(desk->world);
}

/* Two hours of prices that do not move, then one that is 4 % higher: nearly 4 % in a day. */
static void buffers_widen_as_prices_move(void **state)
{
    (void)state;
    struct desk *desk = desk_new();
    struct core_config *config = &desk->world->config;

    config->assets[0].volatility_calm.value = 200;
    config->spokes[0].idle_most = units(400);
    desk_plan(desk);
    assert_int_equal(deposited(desk, 0), 600 * UNIT); /* unknown: the careful end */
    for (uint32_t i = 0; i < 3; i++) {
        price(desk, 1000);
        desk->world->step.now = instant_after(desk->world->step.now, DURATION_MS(3600000));
    }
    world_reconcile(desk->world);
    desk_plan(desk);
    assert_int_equal(deposited(desk, 0), 900 * UNIT); /* calm */
    price(desk, 1040);
    desk_plan(desk);
    assert_in_range(deposited(desk, 0), 800 * UNIT, 810 * UNIT);
    config->assets[0].volatility_calm.value = 50;
    desk_plan(desk);
    assert_int_equal(deposited(desk, 0), 600 * UNIT); /* no wider than the mandate lets it */
    config->spokes[0].idle_most = amount_zero();
    desk_plan(desk);
    assert_int_equal(deposited(desk, 0), 900 * UNIT);
    desk_free(desk);
}

/* The first 200 units at the first one earn 5 %, more of them 3.5 %: the second one's 4 % is in
 * between. */
static void curves_are_filled_down_to_one_rate(void **state)
{
    (void)state;
    struct desk *desk = desk_new();

    desk->venues[0].pieces_count = 2;
    desk->venues[0].pieces[0].width = units(200);
    desk->venues[0].pieces[1] =
        (struct venue_piece){.width = units(5000), .rate_nano = 7 * PERCENT / 2};
    desk->venues[1].pieces[0].width = units(500);
    desk_plan(desk);
    assert_int_equal(deposited(desk, 0), 400 * UNIT);
    assert_int_equal(deposited(desk, 1), 500 * UNIT);
    assert_int_equal(deposited(desk, 2), 0);
    desk_free(desk);
}

/* 900 units that earn 3 % would earn 0.345 more in a week at 5 %. Two transactions must cost less.
 */
static void a_better_rate_is_followed_where_it_pays(void **state)
{
    (void)state;
    struct desk *desk = desk_new();

    desk->spoke.idle = units(100);
    desk->venues[2].supplied = units(900);
    desk->venues[2].leave_max = units(900);
    desk_plan(desk);
    assert_int_equal(desk->answer.count, 0); /* nobody said what gas is worth */
    desk->world->config.route.coin_price = units(1);
    desk_plan(desk);
    assert_int_equal(moved(desk, PLANNED_VENUE_FIRST + 2, PLANNED_VENUE_FIRST), 900 * UNIT);
    assert_int_equal(desk->answer.count, 1);
    /* 450,000 gas at 1 gwei are 0.00045 coins; a coin is worth 300 units: 0.27 for both. */
    desk->world->base_fee = COIN_WEI;
    desk->world->config.chains[0].priority_fee_per_gas = amount_zero();
    desk->world->config.route.coin_price = units(300);
    world_reconcile(desk->world);
    desk_plan(desk);
    assert_int_equal(moved(desk, PLANNED_VENUE_FIRST + 2, PLANNED_VENUE_FIRST), 900 * UNIT);
    desk->world->config.route.coin_price = units(450); /* 0.405: it stays where it is */
    desk_plan(desk);
    assert_int_equal(desk->answer.count, 0);
    desk->world->config.route.horizon = DURATION_MS(14 * 86400000ull); /* over two weeks: not */
    desk_plan(desk);
    assert_int_equal(desk->answer.count, 1);
    desk_free(desk);
}

static void closed_and_unknown_venues_are_left_alone(void **state)
{
    (void)state;
    struct desk *desk = desk_new();

    desk->venues[0].gate = VENUE_PAUSED;
    desk->venues[0].supplied = units(50);
    desk->venues[1].pieces_count = 0; /* no curve, and no growth was measured: not a rate of zero */
    desk->venues[1].share_price = units(1);
    desk->venues[1].supplied = units(500);
    desk->venues[1].leave_max = units(500);
    desk_plan(desk);
    assert_int_equal(desk->answer.count, 1);
    assert_int_equal(deposited(desk, 2), 900 * UNIT);
    /* The buffer is filled from there all the same, and no more than it. */
    desk->spoke.idle = units(30);
    desk_plan(desk);
    assert_int_equal(desk->answer.count, 1);
    assert_int_equal(moved(desk, PLANNED_VENUE_FIRST + 1, PLANNED_SPOKE_FIRST), 70 * UNIT);
    desk_free(desk);
}

/* The second one owes 400 in its pool and has 900 units of ours against it, of which each guards
 * 0.8. At prices a tenth lower and a floor of one and a half that must be 666.67. */
static void owe(struct desk *desk)
{
    desk->world->config.venues[1].health_min.value = 15000;
    desk->world->config.venues[1].price_shock.value = 1000;
    desk->venues[1].supplied = units(900);
    desk->venues[1].leave_max = units(900);
    desk->venues[1].account_debt = amount_from_u64(400000000);
    desk->venues[1].account_guard = amount_from_u64(720000000);
    desk->venues[1].unit_guard = amount_from_u64(800000);
    desk->spoke.idle = units(100);
    desk->world->config.route.coin_price = units(1);
}

/* 53.33 of the guard is spare: 66.67 units may leave for the better rate, and no more. */
static void what_guards_a_debt_stays(void **state)
{
    (void)state;
    struct desk *desk = desk_new();

    owe(desk);
    desk_plan(desk);
    assert_int_equal(desk->answer.count, 1);
    assert_in_range(moved(desk, PLANNED_VENUE_FIRST + 1, PLANNED_VENUE_FIRST), 66 * UNIT,
                    67 * UNIT);
    desk->venues[1].pieces_count = 0; /* nor for the buffer, whatever it pays */
    desk->spoke.idle = amount_zero();
    desk_plan(desk);
    assert_in_range(moved(desk, PLANNED_VENUE_FIRST + 1, PLANNED_SPOKE_FIRST), 66 * UNIT,
                    67 * UNIT);
    desk->venues[1].pieces_count = 1;
    desk->spoke.idle = units(100);
    desk->world->config.venues[1].health_min.value = 0; /* nobody said that it is guarded */
    desk_plan(desk);
    assert_int_equal(moved(desk, PLANNED_VENUE_FIRST + 1, PLANNED_VENUE_FIRST), 900 * UNIT);
    desk_free(desk);
}

/* 900 of debt need a guard of 1,500: 975 units more than the 900. They come from where they earn
 * least: what is idle above the buffer, then the third venue, then the first, whatever it pays. */
static void what_a_debt_lacks_comes_before_any_yield(void **state)
{
    (void)state;
    struct desk *desk = desk_new();

    owe(desk);
    desk->venues[1].account_debt = amount_from_u64(900000000);
    desk->spoke.idle = units(500);
    desk->venues[0].supplied = units(2000);
    desk->venues[0].leave_max = units(2000);
    desk->venues[2].supplied = units(300);
    desk->venues[2].leave_max = units(300);
    desk->venues[2].enter_max = amount_zero();
    desk_plan(desk);
    assert_int_equal(deposited(desk, 1), 400 * UNIT);
    assert_int_equal(moved(desk, PLANNED_VENUE_FIRST + 2, PLANNED_VENUE_FIRST + 1), 300 * UNIT);
    assert_in_range(moved(desk, PLANNED_VENUE_FIRST, PLANNED_VENUE_FIRST + 1), 275 * UNIT,
                    276 * UNIT);
    /* Even where nobody said what gas is worth. */
    desk->world->config.route.coin_price = amount_zero();
    desk_plan(desk);
    assert_in_range(moved(desk, PLANNED_VENUE_FIRST, PLANNED_VENUE_FIRST + 1), 275 * UNIT,
                    575 * UNIT);
    desk_free(desk);
}

/* The whole is 1,000, of which 100 stay idle. */
static void shares_of_a_venue_bound_what_it_holds(void **state)
{
    (void)state;
    struct desk *desk = desk_new();

    desk->world->config.venues[0].cap_share.value = 3000;
    desk_plan(desk);
    assert_int_equal(deposited(desk, 0), 300 * UNIT);
    assert_int_equal(deposited(desk, 1), 600 * UNIT);
    /* What is in the worst one leaves for the best one down to its floor, and no further. */
    desk->world->config.venues[0].cap_share.value = 0;
    desk->world->config.venues[2].floor = units(150);
    desk->spoke.idle = units(100);
    desk->venues[2].supplied = units(900);
    desk->venues[2].leave_max = units(900);
    desk->world->config.route.coin_price = units(1);
    desk_plan(desk);
    assert_int_equal(moved(desk, PLANNED_VENUE_FIRST + 2, PLANNED_VENUE_FIRST), 750 * UNIT);
    desk->world->config.venues[2].floor_share.value = 4000;
    desk_plan(desk);
    assert_int_equal(moved(desk, PLANNED_VENUE_FIRST + 2, PLANNED_VENUE_FIRST), 500 * UNIT);
    desk_free(desk);
}

/* The two that pay most are one issuer's, who may hold a half: the rest goes to the third. Between
 * his own venues capital may go all the same. One of them mute: nobody knows what he holds. */
static void venues_of_one_issuer_share_a_cap(void **state)
{
    (void)state;
    struct desk *desk = desk_new();
    struct core_config *config = &desk->world->config;

    for (uint32_t i = 0; i < 2; i++) {
        config->venues[i].issuer = 3;
        config->venues[i].issuer_cap_share.value = 5000;
    }
    desk->venues[0].enter_max = units(320);
    desk_plan(desk);
    assert_int_equal(deposited(desk, 0), 320 * UNIT);
    assert_int_equal(deposited(desk, 1), 180 * UNIT);
    assert_int_equal(deposited(desk, 2), 400 * UNIT);
    desk->spoke.idle = units(100);
    desk->venues[1].supplied = units(900); /* more than the cap, which moves nothing */
    desk->venues[1].leave_max = units(900);
    config->route.coin_price = units(1);
    desk_plan(desk);
    assert_int_equal(desk->answer.count, 1);
    assert_int_equal(moved(desk, PLANNED_VENUE_FIRST + 1, PLANNED_VENUE_FIRST), 320 * UNIT);
    config->route.coin_price = amount_zero();
    config->venues[2].issuer = 3;
    config->venues[2].issuer_cap_share.value = 5000;
    desk->venues[1].supplied = amount_zero();
    desk->spoke.idle = units(1000);
    desk->told = 2;
    desk->block++;
    desk_plan(desk);
    assert_int_equal(desk->answer.count, 0);
    config->venues[2].issuer = 0;
    desk_plan(desk);
    assert_int_equal(desk->answer.count, 2);
    desk_free(desk);
}

/* As many venues as a plan has places, each with every limit there is and gas to be weighed: the
 * question, its proof and the check of it still have room. */
static void the_largest_desk_with_every_limit_is_planned(void **state)
{
    (void)state;
    struct desk *desk = desk_new();
    struct core_config *config = &desk->world->config;

    config->venues_count = LARGEST;
    config->route.coin_price = units(1);
    config->spokes[0].cap_share.value = 10000;
    config->spokes[0].floor_share.value = 1;
    for (uint32_t i = 0; i < LARGEST; i++) {
        config->venues[i] = (struct core_venue){.index = 10 + i,
                                                .kind = VENUE_ERC4626,
                                                .venue = evm_filled((uint8_t)(0x60 + i)),
                                                .cap_share.value = 500,
                                                .floor_share.value = 1,
                                                .issuer = 1 + i,
                                                .issuer_cap_share.value = 400};
        desk->venues[i] = desk->venues[0];
        desk->venues[i].index = 10 + i;
        desk->venues[i].supplied = units(1);
        desk->venues[i].leave_max = units(1);
        desk->venues[i].pieces[0].rate_nano = (uint64_t)(50 + i) * PERCENT;
    }
    desk->told = LARGEST;
    desk_plan(desk);
    assert_true(desk->answer.count >= 20);
    for (uint32_t i = 0; i < LARGEST; i++) { /* 4 % of 1,023, of which 1 is there */
        assert_true(deposited(desk, i) <= 39920000);
    }
    assert_int_equal(deposited(desk, LARGEST - 1), 39920000);
    desk_free(desk);
}

/* A spoke that nothing is known of, on a chain of its own. */
static void an_unknown_spoke_holds_up_no_other(void **state)
{
    (void)state;
    struct desk *desk = desk_new();

    desk->world->config.spokes_count = 2;
    desk->world->config.spokes[1] =
        (struct core_spoke){.domain = 2, .spoke = evm_filled(0x53), .token = evm_filled(0x54)};
    desk_plan(desk);
    assert_int_equal(desk->answer.count, 1);
    assert_int_equal(deposited(desk, 0), 900 * UNIT);
    desk_free(desk);
}

/* The best one does not answer: what is in it stays, and the others are planned for. */
static void a_mute_venue_holds_up_no_other(void **state)
{
    (void)state;
    struct desk *desk = desk_new();
    const struct venue_state best = desk->venues[0];

    desk->venues[0] = desk->venues[2];
    desk->venues[2] = best;
    desk->venues[2].pieces[0].rate_nano = 9 * PERCENT;
    desk->told = 2;
    desk_plan(desk);
    assert_int_equal(desk->answer.count, 1);
    assert_int_equal(deposited(desk, 1), 900 * UNIT);
    desk_free(desk);
}

/* The hub wants 400 units back, which is more than the buffer: so much stays, or comes home. */
static void what_was_recalled_is_kept(void **state)
{
    (void)state;
    struct desk *desk = desk_new();

    desk->spoke.kept = units(400);
    desk_plan(desk);
    assert_int_equal(deposited(desk, 0), 600 * UNIT);
    desk->spoke.idle = units(150);
    desk->venues[0].supplied = units(850);
    desk->venues[0].leave_max = units(850);
    desk->venues[0].enter_max = amount_zero();
    desk_plan(desk);
    assert_int_equal(desk->answer.count, 1);
    assert_int_equal(moved(desk, PLANNED_VENUE_FIRST, PLANNED_SPOKE_FIRST), 250 * UNIT);
    desk_free(desk);
}

/* Two sources of the asset's price, of which the second is made to say something else. */
static void price_set(struct desk *desk, enum feed_answer answer, uint64_t low)
{
    struct core_config *config = &desk->world->config;
    struct feed_state feeds[2];
    const struct event event = {
        .kind = EVENT_POSITIONS,
        .domain = 1,
        .positions = {.block_number = 3, .time_s = 1000, .feeds = feeds, .feeds_count = 2}};

    config->feeds_count = 2;
    for (uint32_t i = 0; i < 2; i++) {
        config->feeds[i] = (struct core_feed){.domain = 1,
                                              .feed = evm_filled((uint8_t)(0x80 + i)),
                                              .age_max = DURATION_MS(3600000),
                                              .divergence_max = {5000}};
        memset(&feeds[i], 0, sizeof(feeds[i]));
        feeds[i].feed = config->feeds[i].feed;
        feeds[i].answer = i == 0 ? FEED_PRICE : answer;
        feeds[i].price = amount_from_u64(i == 0 ? 1000 : low);
        feeds[i].updated_s = 1000;
    }
    world_begin(desk->world);
    price_on_positions(&desk->world->step, &event);
    world_end(desk->world);
}

static enum reason basis_now(struct desk *desk, enum move_kind kind, struct plan_basis *ret_basis)
{
    const struct plan_desk of = {.kind = kind};

    world_begin(desk->world);
    const enum reason reason = plan_basis_take(&desk->world->step, &of, ret_basis);
    world_end(desk->world);
    return reason;
}

/* Neither between routers nor into a vault, however much it pays. */
static void without_a_price_nothing_moves(void **state)
{
    (void)state;
    static uint8_t memory[PLAN_NETWORK_BYTES_MAX];
    static struct plan_basis basis;
    struct packer packer = packer_from(memory, sizeof(memory));
    struct desk *desk = desk_new();

    assert_int_equal(desk_read(desk, &packer), REASON_NONE);
    price_set(desk, FEED_PRICE, 1000);
    assert_int_equal(basis_now(desk, MOVE_BETWEEN_VENUES, &basis), REASON_NONE);
    assert_true(basis.venues.ways_count > 0);
    assert_int_equal(basis_now(desk, MOVE_BETWEEN_ROUTERS, &basis), REASON_NONE);
    price_set(desk, FEED_NEGATIVE, 0);
    assert_int_equal(basis_now(desk, MOVE_BETWEEN_VENUES, &basis), REASON_PRICE_NEGATIVE);
    assert_int_equal(basis_now(desk, MOVE_BETWEEN_ROUTERS, &basis), REASON_PRICE_NEGATIVE);
    price_set(desk, FEED_PRICE, 2); /* far apart */
    assert_int_equal(basis_now(desk, MOVE_BETWEEN_VENUES, &basis), REASON_PRICE_DIVERGES);
    desk_free(desk);
}

/* 975 units are missing, so that and no more may enter the guarded venue, and nothing any other. */
static void without_a_price_a_debt_is_still_guarded(void **state)
{
    (void)state;
    static uint8_t memory[PLAN_NETWORK_BYTES_MAX];
    static struct plan_basis basis;
    struct packer packer = packer_from(memory, sizeof(memory));
    struct desk *desk = desk_new();

    owe(desk);
    desk->venues[1].account_debt = amount_from_u64(900000000);
    desk->spoke.idle = units(5000);
    desk->venues[0].supplied = units(2000);
    desk->venues[0].leave_max = units(2000);
    assert_int_equal(desk_read(desk, &packer), REASON_NONE);
    price_set(desk, FEED_ZERO, 0);
    assert_int_equal(basis_now(desk, MOVE_BETWEEN_VENUES, &basis), REASON_NONE);
    assert_int_equal(basis.venues.ways_count, 2); /* from the spoke, and from the first venue */
    for (uint32_t i = 0; i < basis.venues.ways_count; i++) {
        const struct amount lacking = units(975);
        assert_int_equal(basis.venues.ways[i].to, basis.venues.spokes_count + 1);
        assert_true(amount_equal(&lacking, &basis.venues.ways[i].max));
    }
    desk_free(desk);
}

/* The pool's oracle says 1,000 and the mandate's lower source 800: what guards is worth a fifth
 * less, so 576 of the 720, against the 666.67 that 400 of debt need. */
static void a_debt_is_guarded_at_the_lower_price(void **state)
{
    (void)state;
    static uint8_t memory[PLAN_NETWORK_BYTES_MAX];
    static struct plan_basis basis;
    struct packer packer = packer_from(memory, sizeof(memory));
    struct desk *desk = desk_new();

    owe(desk);
    desk->venues[1].unit_price = amount_from_u64(1000);
    assert_int_equal(desk_read(desk, &packer), REASON_NONE);
    price_set(desk, FEED_PRICE, 1000);
    assert_int_equal(basis_now(desk, MOVE_BETWEEN_VENUES, &basis), REASON_NONE);
    assert_false(basis.venues.venues[1].urgent);
    price_set(desk, FEED_PRICE, 800);
    assert_int_equal(basis_now(desk, MOVE_BETWEEN_VENUES, &basis), REASON_NONE);
    assert_true(basis.venues.venues[1].urgent);
    const struct amount safe = amount_from_u64(1041666669); /* 900 and 90.67 at 0.64 each */
    assert_true(amount_compare(&basis.venues.venues[1].safe, &safe) <= 0);
    const struct amount below = amount_from_u64(1041666000);
    assert_true(amount_compare(&basis.venues.venues[1].safe, &below) > 0);
    desk_free(desk);
}

static void what_cannot_be_planned_says_why(void **state)
{
    (void)state;
    static uint8_t memory[PLAN_NETWORK_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));
    struct desk *desk = desk_new();

    world_begin(desk->world);
    assert_int_equal(question_pack(desk->world, &packer), REASON_POSITIONS_UNKNOWN);
    world_end(desk->world);
    desk->told = VENUES;
    assert_int_equal(desk_read(desk, &packer), REASON_NONE);
    desk->told = 0; /* all of them are mute now */
    desk->block++;
    assert_int_equal(desk_read(desk, &packer), REASON_POSITIONS_UNKNOWN);
    desk->told = VENUES;
    desk->spoke.paused = true;
    assert_int_equal(desk_read(desk, &packer), REASON_PAUSED);
    desk->spoke.paused = false;
    desk->spoke.mandate = (struct hash){{8}};
    assert_int_equal(desk_read(desk, &packer), REASON_PLAN_STALE);
    desk->spoke.mandate = mandate;
    desk->spoke.idle = units(100);
    assert_int_equal(desk_read(desk, &packer), REASON_WITHIN_TOLERANCE);
    desk_free(desk);
}

/* The move of the plan's first place between two tags. False: they are not of one spoke. */
static bool move_named(const struct desk *desk, uint32_t from, uint32_t to,
                       struct move_row *ret_row)
{
    const struct planned_move planned = {.from = from, .to = to, .amount = units(7)};

    memset(ret_row, 0, sizeof(*ret_row));
    ret_row->plan_id = (struct hash){{9}};
    memcpy(ret_row->symbol, WORLD_SYMBOL, sizeof(WORLD_SYMBOL));
    return plan_venue_move(&desk->world->config, &planned, &ret_row->move);
}

static void leg_is(const struct desk *desk, const struct move_row *row, uint32_t number,
                   enum venue_verb verb, uint32_t index)
{
    const struct instant deadline = {.ns = 3600000000001u};
    const struct hash id = approval_leg_id(&row->plan_id, row->index, number);
    const struct address spoke = spoke_address();
    struct leg leg;

    assert_true(plan_venue_leg(&desk->world->step, row, number, deadline, &leg));
    assert_int_equal(leg.kind, LEG_VENUE);
    assert_true(hash_equal(&leg.id, &id));
    assert_int_equal(leg.venue.verb, verb);
    assert_int_equal(leg.venue.index, index);
    assert_true(address_equal(&leg.venue.spoke, &spoke));
    assert_true(hash_equal(&leg.venue.mandate, &mandate));
    assert_true(amount_equal(&leg.venue.amount, &row->move.amount));
    assert_int_equal(leg.venue.deadline_s, 3600);
}

static void has_no_leg(const struct desk *desk, const struct move_row *row, uint32_t number)
{
    struct leg leg;

    assert_false(plan_venue_leg(&desk->world->step, row, number, (struct instant){.ns = 1}, &leg));
}

static void moves_become_orders_to_the_spoke(void **state)
{
    (void)state;
    struct desk *desk = desk_new();
    struct move_row row;

    world_begin(desk->world);
    assert_true(move_named(desk, PLANNED_SPOKE_FIRST, PLANNED_VENUE_FIRST + 1, &row));
    leg_is(desk, &row, 0, VENUE_DEPOSIT, 11);
    has_no_leg(desk, &row, 1);
    assert_true(move_named(desk, PLANNED_VENUE_FIRST + 2, PLANNED_VENUE_FIRST + 1, &row));
    leg_is(desk, &row, 0, VENUE_WITHDRAW, 12);
    leg_is(desk, &row, 1, VENUE_DEPOSIT, 11);
    has_no_leg(desk, &row, 2);
    assert_true(move_named(desk, PLANNED_VENUE_FIRST + 2, PLANNED_SPOKE_FIRST, &row));
    leg_is(desk, &row, 0, VENUE_WITHDRAW, 12);
    has_no_leg(desk, &row, 1);
    desk->world->config.venues_count = 2; /* configured no more */
    has_no_leg(desk, &row, 0);
    desk->world->config.venues_count = VENUES;
    row.symbol[0] = 'X'; /* another asset's */
    has_no_leg(desk, &row, 0);
    /* Another spoke's, a router's, no venue, nowhere. */
    assert_false(move_named(desk, PLANNED_VENUE_FIRST, PLANNED_SPOKE_FIRST + 1, &row));
    assert_false(move_named(desk, PLANNED_VENUE_FIRST, 0, &row));
    assert_false(move_named(desk, PLANNED_SPOKE_FIRST, PLANNED_VENUE_FIRST + VENUES, &row));
    assert_false(move_named(desk, PLANNED_VENUE_FIRST, PLANNED_VENUE_FIRST, &row));
    world_end(desk->world);
    desk_free(desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_capital_goes_where_most_is_paid),
        cmocka_unit_test(buffers_widen_as_prices_move),
        cmocka_unit_test(curves_are_filled_down_to_one_rate),
        cmocka_unit_test(a_better_rate_is_followed_where_it_pays),
        cmocka_unit_test(what_guards_a_debt_stays),
        cmocka_unit_test(what_a_debt_lacks_comes_before_any_yield),
        cmocka_unit_test(shares_of_a_venue_bound_what_it_holds),
        cmocka_unit_test(venues_of_one_issuer_share_a_cap),
        cmocka_unit_test(the_largest_desk_with_every_limit_is_planned),
        cmocka_unit_test(closed_and_unknown_venues_are_left_alone),
        cmocka_unit_test(a_mute_venue_holds_up_no_other),
        cmocka_unit_test(an_unknown_spoke_holds_up_no_other),
        cmocka_unit_test(what_was_recalled_is_kept),
        cmocka_unit_test(without_a_price_nothing_moves),
        cmocka_unit_test(without_a_price_a_debt_is_still_guarded),
        cmocka_unit_test(a_debt_is_guarded_at_the_lower_price),
        cmocka_unit_test(what_cannot_be_planned_says_why),
        cmocka_unit_test(moves_become_orders_to_the_spoke),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
