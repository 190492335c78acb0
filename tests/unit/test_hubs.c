/* SPDX-License-Identifier: Apache-2.0 */
/* What a hub does next, from what was read of it: one act, or why none; and when spokes report. */
#include <string.h>

#include "relay/core/capital/hubs.h"
#include "relay/core/capital/venue_rows.h"
#include "tests/support/capital_world.h"

#define HERE   1u
#define THERE  2u
#define CLOSED UINT64_C(1000) /* block time */
#define SKEW   3u
#define SHARES UINT64_C(1000000) /* base units of one that is worth a base unit of the asset */

static const struct hash mandate = {{7}};
static const struct hash asset_id = {{8}};

static struct address hub_address(void)
{
    return evm_filled(0x44);
}

static struct address spoke_of(uint32_t domain)
{
    return evm_filled((uint8_t)(0x50 + domain));
}

/* A hub here and two spokes, as a reading has them. */
struct bench {
    struct world *world;
    struct hub_state hub;
    struct hub_report reports[2];
    struct spoke_state spoke; /* the one here */
    uint64_t held;            /* tokens at the hub */
    uint64_t block;
    uint64_t time_s;
};

static struct amount count(uint64_t value)
{
    return amount_from_u64(value);
}

/* 1,000,000 shares of which each is worth one, all at work; nobody asks for anything. */
static struct bench bench_new(void)
{
    struct bench bench = {.world = world_new(ROUTE_ACT), .block = 10, .time_s = CLOSED + 100};
    struct core_config *config = &bench.world->config;
    struct amount price;

    world_reconcile(bench.world);
    config->route.mandate = mandate;
    config->route.move_min = count(100);
    const struct address token = config->routers[HERE - 1].token;
    config->spokes_count = 2;
    for (uint32_t domain = HERE; domain <= THERE; domain++) {
        config->spokes[domain - 1] =
            (struct core_spoke){.domain = domain,
                                .spoke = spoke_of(domain),
                                .token = config->routers[domain - 1].token};
        bench.reports[domain - 1] =
            (struct hub_report){.hub = hub_address(), .domain = domain, .sequence = 1};
    }
    config->hubs_count = 1;
    config->hubs[0] = (struct core_hub){.domain = HERE,
                                        .hub = hub_address(),
                                        .token = token,
                                        .round_interval = DURATION_MS(60000),
                                        .report_fee_max = count(55)};
    const struct amount shares = count(SHARES);
    const struct amount million = count(1000000);
    assert_int_equal(amount_multiply(&shares, &million, &bench.hub.supply), STATUS_OK);
    const struct amount one = count(UINT64_C(1000000000000000000));
    price = one;
    bench.hub.hub = hub_address();
    bench.hub.price = price;
    bench.hub.round = 2;
    bench.hub.settled = 1;
    bench.hub.skew_max_s = SKEW;
    bench.hub.mandate = mandate;
    bench.hub.asset = asset_id;
    bench.spoke = (struct spoke_state){
        .spoke = spoke_of(HERE), .token = token, .kept = count(50), .mandate = mandate};
    return bench;
}

/* One reading of this chain; `world->prepare` has what is asked for then. */
static void reads(struct bench *bench, uint32_t domain)
{
    struct world *world = bench->world;
    const struct balance balance = {.account = hub_address(),
                                    .token = world->config.hubs[0].token,
                                    .amount = count(bench->held)};
    struct event event = {.kind = EVENT_POSITIONS, .domain = domain};

    bench->block++;
    event.positions.outcome = OUTCOME_OK;
    event.positions.block_number = bench->block;
    event.positions.block_hash.bytes[0] = (uint8_t)bench->block;
    event.positions.time_s = bench->time_s;
    if (domain == HERE) {
        event.positions.balances = &balance;
        event.positions.balances_count = 1;
        event.positions.hubs = &bench->hub;
        event.positions.hubs_count = 1;
        event.positions.reports = bench->reports;
        event.positions.reports_count = 2;
        event.positions.spokes = &bench->spoke;
        event.positions.spokes_count = 1;
    }
    memset(&world->prepare, 0, sizeof(world->prepare));
    world_begin(world);
    venue_on_positions(&world->step, &event);
    hub_on_positions(&world->step, &event);
    world_end(world);
}

static struct hub_row row_of(struct bench *bench)
{
    const struct row_source source = world_source(bench->world);
    struct hub_row row;

    assert_int_equal(capital_view_hub(&source, &bench->world->config, 0, &row), STATUS_OK);
    return row;
}

/* Nothing is asked of the hub; a report of the spoke here may be. */
static void waits_for(struct bench *bench, enum reason reason)
{
    reads(bench, HERE);
    assert_true(bench->world->prepare.kind != LEG_HUB ||
                bench->world->prepare.hub.verb == HUB_REPORT);
    assert_int_equal(row_of(bench).reason, reason);
}

static struct leg asks(struct bench *bench, uint32_t domain, enum hub_verb verb)
{
    reads(bench, domain);
    const struct leg leg = bench->world->prepare;
    assert_int_equal(leg.kind, LEG_HUB);
    assert_int_equal(leg.hub.verb, verb);
    return leg;
}

/* What was asked for is prepared, taken and final. */
static void is_done(struct bench *bench, const struct leg *leg, enum leg_end end)
{
    struct event event = {.kind = EVENT_PREPARED, .domain = leg->domain};

    event.prepared.leg_id = leg->id;
    event.prepared.outcome = OUTCOME_OK;
    world_begin(bench->world);
    hub_on_prepared(&bench->world->step, &event);
    world_end(bench->world);
    assert_true(hash_equal(&bench->world->offered.id, &leg->id));
    assert_memory_equal(&bench->world->offered.hub, &leg->hub, sizeof(leg->hub));
    world_begin(bench->world);
    hub_on_leg_end(&bench->world->step, leg, end);
    world_end(bench->world);
}

/* Time goes by, and the books stay in step with the chains. */
static void passes(struct bench *bench, uint64_t ms)
{
    struct core_config *config = &bench->world->config;

    config->hubs_count = 0; /* the world knows no hub's balance */
    config->spokes_count = 0;
    world_wait(bench->world, ms);
    world_reconcile(bench->world);
    config->hubs_count = 1;
    config->spokes_count = 2;
}

static void closes(struct bench *bench)
{
    bench->hub.closed_at_s = CLOSED;
    bench->hub.round = 3;
}

/* ---- tests ---- */

static void a_round_is_closed_no_more_often_than_the_mandate_says(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    const struct address hub = hub_address();

    waits_for(&bench, REASON_NONE);
    bench.hub.round_assets = count(500);
    const struct leg leg = asks(&bench, HERE, HUB_CLOSE);
    assert_true(address_equal(&leg.hub.contract, &hub));
    assert_true(hash_equal(&leg.hub.mandate, &mandate));
    is_done(&bench, &leg, LEG_SUCCEEDED);
    waits_for(&bench, REASON_HUB_ROUND); /* the next one */
    passes(&bench, 61000);
    (void)asks(&bench, HERE, HUB_CLOSE);
    world_free(bench.world);
}

static void one_act_at_a_time_and_on_readings_that_know_of_it(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    struct event event = {.kind = EVENT_PREPARED, .domain = HERE};

    bench.hub.round_assets = count(500);
    const struct leg leg = asks(&bench, HERE, HUB_CLOSE);
    event.prepared.leg_id = leg.id;
    event.prepared.outcome = OUTCOME_OK;
    world_begin(bench.world);
    hub_on_prepared(&bench.world->step, &event);
    world_end(bench.world);
    reads(&bench, HERE);
    assert_int_not_equal(bench.world->prepare.kind, LEG_HUB); /* it is under way */
    world_restart(bench.world);
    reads(&bench, HERE);
    assert_int_not_equal(bench.world->prepare.kind, LEG_HUB); /* also after a crash */
    bench.world->final_number = bench.block + 2;
    world_begin(bench.world);
    hub_on_leg_end(&bench.world->step, &leg, LEG_REVERTED);
    world_end(bench.world);
    reads(&bench, HERE);
    assert_int_not_equal(bench.world->prepare.kind, LEG_HUB); /* of a block before its end */
    (void)asks(&bench, HERE, HUB_CLOSE);                      /* it was not closed */
    world_free(bench.world);
}

static void nobody_is_priced_before_reports_that_were_made_after(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    const struct address there = spoke_of(THERE);

    bench.hub.round_assets = count(500);
    bench.held = 500;
    bench.hub.pending = count(500);
    closes(&bench);
    bench.time_s = CLOSED + SKEW; /* a report of this block would be too early */
    waits_for(&bench, REASON_HUB_REPORTS);
    assert_int_not_equal(bench.world->prepare.kind, LEG_HUB);
    bench.time_s = CLOSED + SKEW + 1;
    struct leg leg = asks(&bench, HERE, HUB_REPORT);
    assert_true(amount_is_zero(&leg.hub.value)); /* no message on one chain */
    leg = asks(&bench, THERE, HUB_REPORT);
    assert_true(address_equal(&leg.hub.contract, &there));
    assert_true(amount_equal(&leg.hub.value, &bench.world->config.hubs[0].report_fee_max));
    is_done(&bench, &leg, LEG_SUCCEEDED);
    reads(&bench, THERE);
    assert_int_not_equal(bench.world->prepare.kind, LEG_HUB); /* its message is under way */
    passes(&bench, 41000);
    (void)asks(&bench, THERE, HUB_REPORT); /* it was lost */

    bench.hub.is_priced = true;
    bench.hub.low = count(1000000);
    bench.hub.high = count(1000000);
    leg = asks(&bench, HERE, HUB_SETTLE);
    assert_true(hash_is_zero(&leg.hub.mandate)); /* anybody's: no order */
    world_free(bench.world);
}

static void a_report_that_jumped_prices_nobody_and_alarms_once(void **state)
{
    (void)state;
    struct bench bench = bench_new();

    bench.hub.round_assets = count(500);
    closes(&bench);
    bench.reports[1].jumped = true;
    bench.reports[1].time_s = CLOSED + SKEW + 1;
    waits_for(&bench, REASON_HUB_REPORT_JUMPED);
    waits_for(&bench, REASON_HUB_REPORT_JUMPED);
    assert_int_equal(world_notes(bench.world, REASON_HUB_REPORT_JUMPED), 1);
    world_free(bench.world);
}

static void what_is_missing_comes_home_before_anybody_is_priced(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    const struct amount leaving = count(5000);
    const struct amount share = count(SHARES);
    const struct address here = spoke_of(HERE);

    assert_int_equal(amount_multiply(&leaving, &share, &bench.hub.round_shares), STATUS_OK);
    closes(&bench);
    /* By the last price, and a thousandth more. */
    struct leg leg = asks(&bench, HERE, HUB_RECALL);
    const struct amount wanted = count(5005);
    assert_true(amount_equal(&leg.hub.amount, &wanted));
    assert_true(hash_equal(&leg.hub.asset, &asset_id));
    assert_int_equal(leg.hub.domain, HERE);
    is_done(&bench, &leg, LEG_SUCCEEDED);
    bench.spoke.kept = count(5055);
    waits_for(&bench, REASON_HUB_BRINGS_HOME); /* the plan does */
    assert_int_not_equal(bench.world->prepare.kind, LEG_HUB);
    bench.spoke.idle = count(5004);
    waits_for(&bench, REASON_HUB_BRINGS_HOME);
    bench.spoke.idle = count(5006);
    leg = asks(&bench, HERE, HUB_PAY);
    assert_true(address_equal(&leg.hub.contract, &here));
    assert_true(amount_equal(&leg.hub.amount, &wanted));
    is_done(&bench, &leg, LEG_SUCCEEDED);
    bench.hub.reserve = wanted;
    bench.held = 5005;
    waits_for(&bench, REASON_HUB_REPORTS);
    bench.hub.is_priced = true;
    bench.hub.low = count(1000000 - 5005);
    bench.hub.high = bench.hub.low;
    (void)asks(&bench, HERE, HUB_SETTLE);
    world_free(bench.world);
}

static void what_nobody_asked_back_goes_to_work(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    const struct amount reserve = count(700);

    bench.held = 700;
    bench.hub.reserve = reserve;
    const struct leg leg = asks(&bench, HERE, HUB_INVEST);
    assert_true(amount_equal(&leg.hub.amount, &reserve));
    bench.hub.reserve = count(99); /* below what is worth a move */
    waits_for(&bench, REASON_NONE);
    world_free(bench.world);
}

static void what_a_hub_may_not_do_is_said(void **state)
{
    (void)state;
    struct bench bench = bench_new();

    bench.hub.round_assets = count(500);
    bench.hub.pending = count(500);
    bench.held = 499;
    waits_for(&bench, REASON_HUB_SHORT);
    bench.held = 500;
    bench.hub.mandate.bytes[0]++;
    waits_for(&bench, REASON_HUB_MANDATE);
    bench.hub.paused = true;
    waits_for(&bench, REASON_HUB_PAUSED);
    world_free(bench.world);
}

static void a_refusal_to_settle_is_kept_in_its_words(void **state)
{
    (void)state;
    struct bench bench = bench_new();
    struct event event = {.kind = EVENT_PREPARED, .domain = HERE};

    bench.hub.round_assets = count(500);
    closes(&bench);
    bench.hub.is_priced = true;
    bench.hub.low = count(2000000);
    bench.hub.high = count(2000000);
    const struct leg leg = asks(&bench, HERE, HUB_SETTLE);
    event.prepared.leg_id = leg.id;
    event.prepared.outcome = OUTCOME_REFUSED;
    event.prepared.reason = bytes_from_string("PriceJumped(last 1, price 2)");
    world_begin(bench.world);
    hub_on_prepared(&bench.world->step, &event);
    world_end(bench.world);
    assert_int_equal(row_of(&bench).reason, REASON_HUB_REFUSES);
    assert_string_equal(row_of(&bench).words, "PriceJumped(last 1, price 2)");
    (void)asks(&bench, HERE, HUB_SETTLE); /* the next reading asks again */
    assert_int_equal(row_of(&bench).reason, REASON_HUB_REFUSES);
    assert_int_equal(world_notes(bench.world, REASON_HUB_REFUSES), 1);
    world_free(bench.world);
}

static void what_is_missing_is_never_less_than_what_is_owed(void **state)
{
    (void)state;
    struct hub_state hub = {.price = count(UINT64_C(1500000000000000000)),
                            .supply = count(UINT64_C(2000000000)),
                            .round_shares = count(UINT64_C(1000000000))};
    const struct amount unpriced = count(1502); /* 1,500 and a thousandth, rounded up */
    struct amount missing = hub_short(&hub);

    assert_true(amount_equal(&missing, &unpriced));
    hub.is_priced = true;
    hub.low = count(3000);
    hub.reserve = count(200);
    hub.round_assets = count(300);
    /* 1,000 of 2,001 shares' worth of 3,201, rounded up: 1,600; 500 are there. */
    const struct amount priced = count(1100);
    missing = hub_short(&hub);
    assert_true(amount_equal(&missing, &priced));
    hub.round_assets = count(3000);
    missing = hub_short(&hub);
    assert_true(amount_is_zero(&missing));
    hub.round_shares = amount_max();
    hub.low = amount_max(); /* out of range: never nothing */
    missing = hub_short(&hub);
    assert_false(amount_is_zero(&missing));
}

static void rows_survive_and_torn_ones_are_refused(void **state)
{
    (void)state;
    uint8_t memory[HUB_ROW_BYTES_MAX];
    struct hub_row row = {.block = 4, .verb = HUB_PAY, .taken = true, .words = "why"};
    struct hub_row back;
    struct packer packer = packer_from(memory, sizeof(memory));

    row.state.supply = count(9);
    row.state.is_priced = true;
    row.state.asset = asset_id;
    hub_row_pack(&packer, &row);
    const struct bytes bytes = packer_finish(&packer);
    assert_true(hub_row_unpack(bytes, &back));
    assert_int_equal(back.verb, HUB_PAY);
    assert_string_equal(back.words, "why");
    assert_true(hash_equal(&back.state.asset, &asset_id));
    for (size_t i = 0; i < bytes.count; i++) {
        assert_false(hub_row_unpack(bytes_from(bytes.data, i), &back));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_round_is_closed_no_more_often_than_the_mandate_says),
        cmocka_unit_test(one_act_at_a_time_and_on_readings_that_know_of_it),
        cmocka_unit_test(nobody_is_priced_before_reports_that_were_made_after),
        cmocka_unit_test(a_report_that_jumped_prices_nobody_and_alarms_once),
        cmocka_unit_test(what_is_missing_comes_home_before_anybody_is_priced),
        cmocka_unit_test(what_nobody_asked_back_goes_to_work),
        cmocka_unit_test(what_a_hub_may_not_do_is_said),
        cmocka_unit_test(a_refusal_to_settle_is_kept_in_its_words),
        cmocka_unit_test(what_is_missing_is_never_less_than_what_is_owed),
        cmocka_unit_test(rows_survive_and_torn_ones_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
