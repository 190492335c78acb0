/* SPDX-License-Identifier: Apache-2.0 */
/* What a reserve would pay us: the pieces against the pool's own formula in floating point, and
 * what no pool says. */
#include "chains/evm/venues/aave.h"

#include <math.h>

#include "chains/evm/abi.h"
#include "relay/base/check.h"
#include "relay/base/prng.h"
#include "tests/support/literal.h"
#include "tests/support/unit.h"

#define RAY_PER_BPS_DIGITS "00000000000000000000000" /* 10^23 */

static struct aave_reading reading;

static struct amount rate_bps(uint64_t bps)
{
    const struct amount scale = amount_of("1" RAY_PER_BPS_DIGITS);
    struct amount rate = amount_from_u64(bps);

    assert_status(STATUS_OK, amount_multiply(&rate, &scale, &rate));
    return rate;
}

static void assert_units(uint64_t wanted, const struct amount *amount)
{
    uint64_t number = 0;

    assert_status(STATUS_OK, amount_to_u64(amount, &number));
    assert_int_equal(wanted, number);
}

static int set_up(void **state)
{
    (void)state;
    memset(&reading, 0, sizeof(reading));
    reading.reserve.active = true;
    reading.reserve.factor_bps = 1000;
    reading.reserve.index = rate_bps(10000);
    reading.reserve.receipt = evm_filled(1);
    reading.lines = (struct aave_lines){.optimal = rate_bps(8000),
                                        .base = rate_bps(100),
                                        .slope_below = rate_bps(400),
                                        .slope_above = rate_bps(6000)};
    reading.liquidity = amount_from_u64(400000000);
    reading.debt = amount_from_u64(600000000);
    reading.receipts = amount_from_u64(1000000000);
    return 0;
}

/* As the pool's makers write it, in floating point: what `ours` earns in a year. */
static double yield_of(double ours, double had)
{
    const double stable = amount_to_double(&reading.stable_debt);
    const double debt = amount_to_double(&reading.debt) + stable;
    const double other = amount_to_double(&reading.liquidity) + debt - had;
    const double pool = fmax(debt, fmax(other, 0) + ours);
    const double usage = debt / pool;
    const double best = amount_to_double(&reading.lines.optimal) / 1e27;
    double rate = amount_to_double(&reading.lines.base) / 1e27;

    if (debt <= 0) {
        return 0;
    }
    rate += amount_to_double(&reading.lines.slope_below) / 1e27 * fmin(1, usage / best);
    rate += usage > best
                ? amount_to_double(&reading.lines.slope_above) / 1e27 * (usage - best) / (1 - best)
                : 0;
    rate = (rate * amount_to_double(&reading.debt) +
            amount_to_double(&reading.stable_rate) / 1e27 * stable) /
           debt;
    return ours * rate * debt / (pool + amount_to_double(&reading.reserve.unbacked)) *
           (1 - reading.reserve.factor_bps / 1e4);
}

struct curve {
    struct venue_piece pieces[VENUE_PIECES_MAX];
    uint32_t count;
};

static struct curve curve_of(uint64_t ours, uint64_t most)
{
    const struct amount have = amount_from_u64(ours);
    const struct amount end = amount_from_u64(most);
    struct curve curve = {.count = 0};

    assert_status(STATUS_OK, aave_curve(&reading, &have, &end, curve.pieces, &curve.count));
    assert_in_range(curve.count, 1, VENUE_PIECES_MAX);
    return curve;
}

/* Concave, never below the formula at any end of a piece, and above it by rounding alone. */
static void assert_follows(const struct curve *curve, double had)
{
    double at = 0;
    double yield = 0;

    for (uint32_t i = 0; i < curve->count; i++) {
        const double width = amount_to_double(&curve->pieces[i].width);
        assert_true(width > 0);
        assert_true(i == 0 || curve->pieces[i].rate_nano <= curve->pieces[i - 1].rate_nano);
        at += width;
        yield += width * (double)curve->pieces[i].rate_nano / 1e9;
        const double right = yield_of(at, had);
        if (fabs(yield - right) > 1e-6 * right + at * 2e-9 * (i + 1) + 1) {
            fail_msg("piece %u: %f, not %f", (unsigned)i, yield, right);
        }
    }
}

static void pieces_follow_the_pools_formula(void **state)
{
    (void)state;
    struct curve curve = curve_of(0, 1000000000);

    assert_follows(&curve, 0);
    /* What is lent at 60 % shows 3.96 % by the headline; half as much of ours again earns less. */
    assert_in_range(curve.pieces[0].rate_nano, 21000000, 21600000);
    assert_true(curve.pieces[curve.count - 1].rate_nano < curve.pieces[0].rate_nano / 3);
    curve = curve_of(300000000, 900000000);
    assert_follows(&curve, 300000000);
    reading.stable_debt = amount_from_u64(100000000);
    reading.stable_rate = rate_bps(900);
    reading.reserve.unbacked = amount_from_u64(50000000);
    curve = curve_of(300000000, 900000000);
    assert_follows(&curve, 300000000);
}

/* Where the others alone have less than is lent, some of ours cannot be taken out. */
static void what_is_lent_of_ours_is_in_the_curve(void **state)
{
    (void)state;
    const struct curve curve = curve_of(900000000, 2000000000);

    assert_follows(&curve, 900000000);
}

static void a_reserve_that_nobody_borrows_from_pays_nothing_and_says_so(void **state)
{
    (void)state;
    reading.debt = amount_zero();
    struct curve curve = curve_of(0, 500);
    assert_int_equal(curve.count, 1);
    assert_int_equal(curve.pieces[0].rate_nano, 0);
    assert_false(amount_is_zero(&curve.pieces[0].width));
    curve = curve_of(0, 0);
    assert_int_equal(curve.count, 1);
    assert_false(amount_is_zero(&curve.pieces[0].width));
}

static void any_reserve_has_a_concave_curve(void **state)
{
    (void)state;
    struct prng prng = prng_from(20260801);

    for (uint32_t i = 0; i < 2000; i++) {
        const uint64_t size = UINT64_C(1) << (10 + prng_below(&prng, 50));
        reading.debt = amount_from_u64(prng_below(&prng, size));
        reading.liquidity = amount_from_u64(prng_below(&prng, size));
        reading.lines.optimal = rate_bps(1 + prng_below(&prng, 10000));
        reading.lines.base = rate_bps(prng_below(&prng, 500));
        reading.lines.slope_below = rate_bps(prng_below(&prng, 2000));
        reading.lines.slope_above = rate_bps(prng_below(&prng, 30000));
        reading.reserve.factor_bps = (uint32_t)prng_below(&prng, 10001);
        const uint64_t ours = prng_below(&prng, size);
        const struct curve curve = curve_of(ours, prng_below(&prng, size) + ours);
        for (uint32_t k = 0; k < curve.count; k++) {
            assert_false(amount_is_zero(&curve.pieces[k].width));
            assert_true(k == 0 || curve.pieces[k].rate_nano <= curve.pieces[k - 1].rate_nano);
        }
    }
}

static void numbers_beyond_reason_are_refused(void **state)
{
    (void)state;
    const struct amount none = amount_zero();
    const struct amount all = amount_max();
    struct curve curve;

    reading.debt = amount_max();
    assert_status(STATUS_OVERFLOW, aave_curve(&reading, &none, &all, curve.pieces, &curve.count));
    assert_true(aave_is_insolvent(&reading));
    reading.debt = amount_of("340282366920938463463374607431768211455");
    assert_status(STATUS_OVERFLOW, aave_curve(&reading, &none, &all, curve.pieces, &curve.count));
}

static void its_own_cap_counts_what_the_treasury_will_get(void **state)
{
    (void)state;
    const struct amount max = amount_max();
    struct amount room = aave_room(&reading);

    assert_true(amount_equal(&room, &max));
    reading.reserve.supply_cap = amount_from_u64(1000000100);
    room = aave_room(&reading);
    assert_units(98, &room);
    reading.reserve.treasury_scaled = amount_from_u64(60);
    reading.reserve.index = rate_bps(15000);
    room = aave_room(&reading);
    assert_units(8, &room);
    reading.reserve.treasury_scaled = amount_from_u64(66);
    room = aave_room(&reading);
    assert_true(amount_is_zero(&room));
}

static void a_lack_beyond_rounding_is_insolvency(void **state)
{
    (void)state;
    assert_false(aave_is_insolvent(&reading));
    reading.receipts = amount_from_u64(1000100100);
    assert_false(aave_is_insolvent(&reading));
    reading.receipts = amount_from_u64(1000200200);
    assert_true(aave_is_insolvent(&reading));
    reading.reserve.unbacked = amount_from_u64(200000);
    assert_false(aave_is_insolvent(&reading));
}

static struct bytes reserve_bytes(uint8_t memory[AAVE_RESERVE_BYTES])
{
    struct abi_writer writer = abi_writer_from(memory, AAVE_RESERVE_BYTES);
    struct hash word = {{0}};
    const struct address fills[] = {evm_filled(0xa), evm_filled(0xb), evm_filled(0xc),
                                    evm_filled(0xd)};

    word.bytes[24] = 1; /* active */
    word.bytes[25] = 6; /* decimals */
    word.bytes[22] = 0x07;
    word.bytes[23] = 0xd0;    /* 2000 basis points */
    word.bytes[17] = 5u << 4; /* cap of five whole tokens */
    abi_write_hash(&writer, word.bytes);
    for (uint64_t i = 1; i < 8; i++) {
        abi_write_u64(&writer, i);
    }
    for (uint32_t i = 0; i < 4; i++) {
        abi_write_address(&writer, &fills[i]);
    }
    abi_write_u64(&writer, 12);
    abi_write_u64(&writer, 13);
    abi_write_u64(&writer, 14);
    CHECK(!writer.overrun);
    return buffer_bytes(&writer.buffer);
}

static void a_reserve_is_read_bit_by_bit(void **state)
{
    (void)state;
    uint8_t memory[AAVE_RESERVE_BYTES];
    const struct bytes bytes = reserve_bytes(memory);
    const struct address strategy = evm_filled(0xd);
    struct aave_reserve reserve;

    assert_status(STATUS_OK, aave_reserve_read(bytes, &reserve));
    assert_true(reserve.active && !reserve.frozen && !reserve.paused);
    assert_int_equal(reserve.factor_bps, 2000);
    assert_units(5000000, &reserve.supply_cap);
    assert_units(1, &reserve.index);
    assert_units(12, &reserve.treasury_scaled);
    assert_units(13, &reserve.unbacked);
    assert_true(address_equal(&reserve.strategy, &strategy));
    memory[24] |= 2;
    memory[24] |= 16;
    assert_status(STATUS_OK, aave_reserve_read(bytes, &reserve));
    assert_true(reserve.frozen && reserve.paused);
}

static void what_no_pool_returns_is_refused(void **state)
{
    (void)state;
    uint8_t memory[AAVE_RESERVE_BYTES];
    const struct bytes bytes = reserve_bytes(memory);
    struct aave_reserve reserve;
    struct aave_lines lines;
    /* 37 decimals, a factor above the whole, above a time, above an address */
    static const size_t places[] = {25, 22, 6 * 32, 8 * 32 + 3};
    static const uint8_t values[] = {37, 0x28, 1, 1};

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const uint8_t was = memory[places[i]];
        memory[places[i]] = values[i];
        assert_status(STATUS_MALFORMED, aave_reserve_read(bytes, &reserve));
        memory[places[i]] = was;
    }
    assert_status(STATUS_MALFORMED,
                  aave_reserve_read(bytes_from(memory, sizeof(memory) - 32), &reserve));
    assert_status(STATUS_MALFORMED, aave_lines_read(bytes_from(memory, 128), &lines));
    lines = reading.lines;
    assert_true(aave_lines_are_sane(&lines));
    lines.optimal = amount_zero();
    assert_false(aave_lines_are_sane(&lines));
    lines.optimal = rate_bps(10001);
    assert_false(aave_lines_are_sane(&lines));
    lines = reading.lines;
    lines.slope_above = rate_bps(10000001);
    assert_false(aave_lines_are_sane(&lines));
}

int main(void)
{
#define AAVE_TEST(test) cmocka_unit_test_setup(test, set_up)
    const struct CMUnitTest tests[] = {
        AAVE_TEST(pieces_follow_the_pools_formula),
        AAVE_TEST(what_is_lent_of_ours_is_in_the_curve),
        AAVE_TEST(a_reserve_that_nobody_borrows_from_pays_nothing_and_says_so),
        AAVE_TEST(any_reserve_has_a_concave_curve),
        AAVE_TEST(numbers_beyond_reason_are_refused),
        AAVE_TEST(its_own_cap_counts_what_the_treasury_will_get),
        AAVE_TEST(a_lack_beyond_rounding_is_insolvency),
        AAVE_TEST(a_reserve_is_read_bit_by_bit),
        AAVE_TEST(what_no_pool_returns_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
