/* SPDX-License-Identifier: Apache-2.0 */
/* Prices: which ones count, by which rule each other one is refused, and what is told of it. */
#include "relay/core/capital/prices.h"

#include <string.h>

#include "chains/evm/venues/feed.h"
#include "relay/core/capital/capital_internal.h"
#include "relay/core/capital/exposure.h"
#include "tests/support/capital_world.h"

#define ONE       UINT64_C(1000000000000000000) /* of the numeraire */
#define BLOCK_S   UINT64_C(1790000000)
#define SECOND_NS UINT64_C(1000000000)
#define AGE_MAX_S 3600u

static struct core_config config;
static struct price_sources sources;
static struct instant now;

static struct address feed_address(uint32_t which)
{
    return evm_filled((uint8_t)(0xf0 + which));
}

static void config_feeds(struct core_config *to)
{
    for (uint32_t i = 0; i < 2; i++) {
        to->feeds[to->feeds_count++] = (struct core_feed){
            .domain = 1,
            .feed = feed_address(i),
            .age_max = {.ns = AGE_MAX_S * SECOND_NS},
            .divergence_max = {100},
            .feed_line = 11 + i,
            .age_line = 13,
            .divergence_line = 14,
        };
    }
}

static void set_state(struct feed_state *state, uint32_t which, uint64_t price)
{
    memset(state, 0, sizeof(*state));
    state->feed = feed_address(which);
    state->answer = FEED_PRICE;
    state->price = amount_from_u64(price);
    state->updated_s = BLOCK_S - 60;
}

static int set_up(void **state)
{
    (void)state;
    memset(&config, 0, sizeof(config));
    capital_symbol(config.assets[0].symbol, "ETH");
    config.assets_count = 1;
    config_feeds(&config);
    now.ns = 5000 * SECOND_NS;
    assert_true(price_sources_of(&config, 0, &sources));
    for (uint32_t i = 0; i < 2; i++) {
        sources.rows[i].block = 7;
        sources.rows[i].time_s = BLOCK_S;
        sources.rows[i].at = now;
        set_state(&sources.rows[i].state, i, 2 * ONE);
    }
    return 0;
}

static void assert_good(uint64_t low, uint64_t high)
{
    struct price price;
    const struct amount wanted_low = amount_from_u64(low);
    const struct amount wanted_high = amount_from_u64(high);

    assert_int_equal(REASON_PRICE_GOOD, price_judge(&sources, now, &price).reason);
    assert_true(amount_equal(&wanted_low, &price.low));
    assert_true(amount_equal(&wanted_high, &price.high));
}

static void assert_refused(enum reason reason, const char *words)
{
    struct price price;
    const struct price_fault fault = price_judge(&sources, now, &price);
    const struct text text = price_fault_text(&config, &sources, &fault);

    assert_int_equal(reason, fault.reason);
    assert_true(amount_is_zero(&price.low));
    assert_true(amount_is_zero(&price.high));
    if (strstr(text.text, words) == NULL) {
        fail_msg("'%s' does not say '%s'", text.text, words);
    }
}

static void the_stricter_of_two_prices_counts(void **state)
{
    (void)state;
    assert_good(2 * ONE, 2 * ONE);
    sources.rows[1].state.price = amount_from_u64(2 * ONE - ONE / 100);
    assert_good(2 * ONE - ONE / 100, 2 * ONE);
    sources.rows[1].state.price = amount_from_u64(2 * ONE + ONE / 100);
    assert_good(2 * ONE, 2 * ONE + ONE / 100);
    sources.rows[0].state.updated_s = BLOCK_S - AGE_MAX_S; /* just not too old */
    assert_good(2 * ONE, 2 * ONE + ONE / 100);
}

static void a_stale_price_is_refused(void **state)
{
    (void)state;
    sources.rows[1].state.updated_s = BLOCK_S - AGE_MAX_S - 1;
    assert_refused(REASON_PRICE_STALE, "3601 s old, against price_age_max (the mandate's line 13)");
    sources.rows[1].state.updated_s = BLOCK_S + 1;
    assert_refused(REASON_PRICE_STALE, "of a time to come");
}

/* The feed was new in the block; the block is what is old. */
static void a_price_of_a_chain_that_stands_still_is_refused(void **state)
{
    (void)state;
    now.ns += AGE_MAX_S * SECOND_NS;
    assert_good(2 * ONE, 2 * ONE);
    now.ns += SECOND_NS;
    assert_refused(REASON_PRICE_STALE, "3601 s old");
}

static void a_zero_price_is_refused(void **state)
{
    (void)state;
    sources.rows[0].state.answer = FEED_ZERO;
    assert_refused(REASON_PRICE_ZERO, ": price (the mandate's line 11)");
}

static void a_negative_price_is_refused(void **state)
{
    (void)state;
    sources.rows[1].state.answer = FEED_NEGATIVE;
    assert_refused(REASON_PRICE_NEGATIVE, ": price_second (the mandate's line 12)");
}

static void a_mute_feed_is_refused(void **state)
{
    (void)state;
    sources.rows[1].state.answer = FEED_MUTE;
    assert_refused(REASON_PRICE_MUTE, "line 12");
    sources.rows[0].block = 0;
    assert_refused(REASON_POSITIONS_UNKNOWN, "ETH");
}

/* One source 1e18 too large or too small, and both at once. */
static void a_price_1e18_off_is_refused(void **state)
{
    (void)state;
    struct feed_reading reading = {.has_round = true, .has_decimals = true, .decimals = 8};
    const struct amount unit = amount_from_u64(ONE);
    const struct amount answer = amount_from_u64(UINT64_C(200000000000));

    assert_status(STATUS_OK, amount_multiply(&sources.rows[0].state.price, &unit,
                                             &sources.rows[0].state.price));
    assert_refused(REASON_PRICE_DIVERGES, "price_divergence_max (the mandate's line 14)");
    sources.rows[0].state.price = amount_from_u64(2);
    assert_refused(REASON_PRICE_DIVERGES, "0.000000000000000002 and 2 break");
    assert_status(STATUS_OK, amount_multiply(&answer, &unit, &reading.answer));
    feed_state_of(&reading, &sources.rows[0].state);
    feed_state_of(&reading, &sources.rows[1].state);
    assert_refused(REASON_PRICE_HUGE, "line 11");
}

static void prices_that_differ_are_refused(void **state)
{
    (void)state;
    sources.rows[1].state.price = amount_from_u64(2 * ONE + ONE / 50); /* 1 % of the lower */
    assert_good(2 * ONE, 2 * ONE + ONE / 50);
    sources.rows[1].state.price = amount_from_u64(2 * ONE + ONE / 50 + 1);
    assert_refused(REASON_PRICE_DIVERGES, "2 and 2.020000000000000001 break");
}

static void an_asset_without_two_sources_has_no_price(void **state)
{
    (void)state;
    assert_false(price_sources_of(&config, 1, &sources));
    config.feeds_count = 1;
    assert_false(price_sources_of(&config, 0, &sources));
}

static void rows_come_back(void **state)
{
    (void)state;
    uint8_t memory[FEED_ROW_BYTES_MAX];
    struct feed_row feed;
    struct feed_row feed_back;
    struct price_row price;
    struct price_row price_back;

    memset(&feed, 0, sizeof(feed));
    feed.block = 1;
    feed.time_s = 2;
    feed.at.ns = 3;
    set_state(&feed.state, 1, 4);
    struct packer packer = packer_from(memory, sizeof(memory));
    feed_row_pack(&packer, &feed);
    assert_false(packer.overrun);
    struct bytes packed = packer_finish(&packer);
    assert_true(feed_row_unpack(packed, &feed_back));
    assert_memory_equal(&feed, &feed_back, sizeof(feed));
    for (size_t count = 0; count < packed.count; count++) {
        assert_false(feed_row_unpack(bytes_from(packed.data, count), &feed_back));
    }
    memset(&price, 0, sizeof(price));
    price.reason = REASON_PRICE_STALE;
    price.since.ns = 5;
    price.good = (struct price){amount_from_u64(6), amount_max()};
    price.good_at.ns = 7;
    packer = packer_from(memory, PRICE_ROW_BYTES_MAX);
    price_row_pack(&packer, &price);
    assert_false(packer.overrun);
    packed = packer_finish(&packer);
    assert_true(price_row_unpack(packed, &price_back));
    assert_memory_equal(&price, &price_back, sizeof(price));
    for (size_t count = 0; count < packed.count; count++) {
        assert_false(price_row_unpack(bytes_from(packed.data, count), &price_back));
    }
}

static enum reason reason_now(struct world *world, struct price *ret_price)
{
    world_begin(world);
    const enum reason reason = price_get(&world->step, 0, ret_price);
    world_end(world);
    return reason;
}

/* Read with the positions of a final block; a refusal is told once, and once that it is over. */
static void what_is_read_is_kept_and_told_once(void **state)
{
    (void)state;
    struct world *world = world_new(ROUTE_OBSERVE);
    struct feed_state feeds[2];
    struct price price;

    assert_int_equal(REASON_NONE, reason_now(world, &price));
    config_feeds(&world->config);
    assert_int_equal(REASON_POSITIONS_UNKNOWN, reason_now(world, &price));
    for (uint32_t i = 0; i < 2; i++) {
        set_state(&feeds[i], i, 2 * ONE);
    }
    world->feeds = feeds;
    world->feeds_count = 2;
    world_reconcile(world);
    assert_int_equal(REASON_POSITIONS_UNKNOWN, reason_now(world, &price)); /* of no known time */
    world->time_s = BLOCK_S;
    world_reconcile(world);
    assert_int_equal(REASON_PRICE_GOOD, reason_now(world, &price));
    assert_int_equal(0, world_notes(world, REASON_PRICE_GOOD)); /* nothing was wrong */
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct volatility volatility;
    struct bytes row;
    world_begin(world); /* and how much it moves is estimated from it */
    assert_true(step_get(&world->step, volatility_key(key, world->config.assets[0].symbol), &row));
    assert_true(volatility_unpack(row, &volatility));
    assert_true(amount_equal(&volatility.price, &price.low));
    world_end(world);
    feeds[1].updated_s = BLOCK_S - AGE_MAX_S - 1;
    for (uint32_t i = 0; i < 3; i++) {
        world_reconcile(world);
        assert_int_equal(REASON_PRICE_STALE, reason_now(world, &price));
        assert_true(amount_is_zero(&price.high)); /* the last one is none */
        assert_int_equal(1, world_notes(world, REASON_PRICE_STALE));
    }
    feeds[1].updated_s = BLOCK_S;
    world_reconcile(world);
    assert_int_equal(REASON_PRICE_GOOD, reason_now(world, &price));
    assert_int_equal(1, world_notes(world, REASON_PRICE_GOOD));
    feeds[1].feed = feed_address(9); /* a stranger's word is none of ours */
    feeds[1].answer = FEED_ZERO;
    world_reconcile(world);
    assert_int_equal(REASON_PRICE_GOOD, reason_now(world, &price));
    world_free(world);
}

int main(void)
{
#define PRICE_TEST(test) cmocka_unit_test_setup(test, set_up)
    const struct CMUnitTest tests[] = {
        PRICE_TEST(the_stricter_of_two_prices_counts),
        PRICE_TEST(a_stale_price_is_refused),
        PRICE_TEST(a_price_of_a_chain_that_stands_still_is_refused),
        PRICE_TEST(a_zero_price_is_refused),
        PRICE_TEST(a_negative_price_is_refused),
        PRICE_TEST(a_mute_feed_is_refused),
        PRICE_TEST(a_price_1e18_off_is_refused),
        PRICE_TEST(prices_that_differ_are_refused),
        PRICE_TEST(an_asset_without_two_sources_has_no_price),
        PRICE_TEST(rows_come_back),
        PRICE_TEST(what_is_read_is_kept_and_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
