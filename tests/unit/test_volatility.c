/* SPDX-License-Identifier: Apache-2.0 */
/* The estimate of how much a price moves in a day, in integers alone. */
#include "relay/core/capital/volatility.h"

#include "tests/support/unit.h"

#define SECOND_NS UINT64_C(1000000000)
#define HOUR_NS   (3600 * SECOND_NS)
#define START_NS  (UINT64_C(1000) * 86400 * SECOND_NS)
#define PERCENT   UINT64_C(10000000)

static bool take(struct volatility *volatility, uint64_t price, uint64_t at_ns)
{
    const struct amount amount = amount_from_u64(price);

    return volatility_take(volatility, &amount, (struct instant){START_NS + at_ns});
}

static uint64_t nano_of(const struct volatility *volatility, uint64_t at_ns)
{
    uint64_t nano = 0;

    assert_true(volatility_known(volatility, (struct instant){START_NS + at_ns}, &nano));
    return nano;
}

/* A price that goes up and down by a part of itself each step of `step_s`, for thirty days. */
static struct volatility swinging(uint64_t parts_nano, uint64_t step_s)
{
    struct volatility volatility = {.began = {0}};
    const uint64_t high = 1000000000 + parts_nano;

    for (uint64_t at_s = 0; at_s <= 30 * UINT64_C(86400); at_s += step_s) {
        assert_true(
            take(&volatility, at_s / step_s % 2 == 0 ? 1000000000 : high, at_s * SECOND_NS));
    }
    return volatility;
}

/* 1 % each hour is 24 times the variance in a day: the root of it, 4.9 %; a quarter of an hour
 * makes twice as much. Going down by the same amount is a little less of the higher price. */
static void it_settles_at_a_days_movement(void **state)
{
    (void)state;
    const struct volatility hourly = swinging(PERCENT, 3600);
    const struct volatility quarterly = swinging(PERCENT, 900);
    const struct volatility calm = swinging(0, 3600);

    assert_in_range(nano_of(&hourly, 30 * 24 * HOUR_NS), 483 * PERCENT / 100, 490 * PERCENT / 100);
    assert_in_range(nano_of(&quarterly, 30 * 24 * HOUR_NS), 968 * PERCENT / 100,
                    980 * PERCENT / 100);
    assert_int_equal(nano_of(&calm, 30 * 24 * HOUR_NS), 0);
}

/* A price that is told every minute and changes every hour moves no more than one that is told
 * every hour. */
static void telling_it_more_often_changes_little(void **state)
{
    (void)state;
    struct volatility volatility = {.began = {0}};

    for (uint64_t minute = 0; minute <= 30 * UINT64_C(1440); minute++) {
        const uint64_t price = minute / 60 % 2 == 0 ? 1000000000 : 1010000000;
        assert_true(take(&volatility, price, minute * 60 * SECOND_NS));
    }
    assert_in_range(nano_of(&volatility, 30 * 24 * HOUR_NS), 478 * PERCENT / 100,
                    495 * PERCENT / 100);
}

/* One jump of 10 % at once, then nothing: what is left of it a day later is the root of about a
 * third. */
static void it_forgets_in_a_day(void **state)
{
    (void)state;
    struct volatility volatility = {.began = {0}};

    assert_true(take(&volatility, 1000, 0));
    assert_true(take(&volatility, 1000, HOUR_NS));
    assert_true(take(&volatility, 1100, 2 * HOUR_NS));
    assert_in_range(nano_of(&volatility, 2 * HOUR_NS), 97 * PERCENT / 10, 10 * PERCENT);
    for (uint64_t hour = 3; hour <= 26; hour++) {
        assert_true(take(&volatility, 1100, hour * HOUR_NS));
    }
    assert_in_range(nano_of(&volatility, 26 * HOUR_NS), 58 * PERCENT / 10, 62 * PERCENT / 10);
}

static void what_is_not_known_is_not_zero(void **state)
{
    (void)state;
    struct volatility volatility = {.began = {0}};
    uint64_t nano = 7;

    assert_false(volatility_known(&volatility, (struct instant){START_NS}, &nano));
    assert_true(take(&volatility, 1000, 0));
    assert_false(take(&volatility, 2000, 59 * SECOND_NS)); /* for later */
    assert_true(take(&volatility, 1000, 3599 * SECOND_NS));
    assert_false(volatility_known(&volatility, volatility.at, &nano));
    assert_true(take(&volatility, 1000, 2 * HOUR_NS));
    assert_int_equal(nano_of(&volatility, 2 * HOUR_NS), 0);
    assert_int_equal(nano_of(&volatility, 26 * HOUR_NS), 0);
    nano = 7;
    assert_false(volatility_known(&volatility, (struct instant){START_NS + 26 * HOUR_NS + 1},
                                  &nano)); /* a day old */
    assert_int_equal(nano, 7);
    assert_true(take(&volatility, 5000, 27 * HOUR_NS)); /* begins anew */
    assert_false(volatility_known(&volatility, volatility.at, &nano));
}

/* Prices of any size: what is beyond the numbers is as much as they can say. */
static void absurd_prices_are_bounded(void **state)
{
    (void)state;
    struct volatility volatility = {.began = {0}};
    const struct amount one = amount_from_u64(1);
    const struct amount max = amount_max();

    assert_true(volatility_take(&volatility, &one, (struct instant){START_NS}));
    for (uint64_t hour = 1; hour <= 48; hour++) {
        assert_true(volatility_take(&volatility, hour % 2 == 0 ? &one : &max,
                                    (struct instant){START_NS + hour * HOUR_NS}));
    }
    assert_int_equal(volatility.variance, UINT64_MAX);
    assert_int_equal(nano_of(&volatility, 48 * HOUR_NS), UINT64_C(4294967295));
}

static void assert_widened(uint64_t least, uint64_t most, uint64_t nano, uint64_t wanted)
{
    const struct widening widening = {
        .least = amount_from_u64(least), .most = amount_from_u64(most), .calm_nano = 2 * PERCENT};
    const struct amount wide = volatility_widened(&widening, nano);
    uint64_t number = 0;

    assert_status(STATUS_OK, amount_to_u64(&wide, &number));
    assert_int_equal(number, wanted);
}

static void what_widens_stays_in_the_mandate(void **state)
{
    (void)state;
    const struct widening fixed = {.least = amount_from_u64(100), .most = amount_from_u64(400)};

    assert_widened(100, 400, 0, 100);
    assert_widened(100, 400, 2 * PERCENT, 100);
    assert_widened(100, 400, 3 * PERCENT, 150);
    assert_widened(100, 400, 7 * PERCENT, 350);
    assert_widened(100, 400, 8 * PERCENT + 1, 400);
    assert_widened(100, 400, UINT64_MAX, 400);
    assert_widened(100, 0, 90 * PERCENT, 100); /* no more is named */
    assert_widened(0, 400, 90 * PERCENT, 0);
    const struct amount wide = volatility_widened(&fixed, UINT64_MAX); /* no calm is named */
    assert_true(amount_equal(&wide, &fixed.least));
}

static void rows_come_back(void **state)
{
    (void)state;
    uint8_t memory[VOLATILITY_ROW_BYTES_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));
    const struct volatility volatility = swinging(PERCENT, 3600);
    struct volatility back;

    volatility_pack(&packer, &volatility);
    const struct bytes packed = packer_finish(&packer);
    assert_true(volatility_unpack(packed, &back));
    assert_memory_equal(&volatility, &back, sizeof(back));
    for (size_t count = 0; count < packed.count; count++) {
        assert_false(volatility_unpack(bytes_from(packed.data, count), &back));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_settles_at_a_days_movement),
        cmocka_unit_test(telling_it_more_often_changes_little),
        cmocka_unit_test(it_forgets_in_a_day),
        cmocka_unit_test(what_is_not_known_is_not_zero),
        cmocka_unit_test(absurd_prices_are_bounded),
        cmocka_unit_test(what_widens_stays_in_the_mandate),
        cmocka_unit_test(rows_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
