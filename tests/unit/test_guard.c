/* SPDX-License-Identifier: Apache-2.0 */
/* How much must be in a venue so that what is owed there is guarded, rounded against us. */
#include "relay/core/capital/guard.h"

#include "tests/support/unit.h"

#define DECIMALS 6u

static struct core_venue venue;
static struct venue_state reading;

static int set_up(void **state)
{
    (void)state;
    memset(&venue, 0, sizeof(venue));
    memset(&reading, 0, sizeof(reading));
    venue.health_min.value = 12500;
    venue.price_shock.value = 2000;
    reading.supplied = amount_from_u64(1000000000); /* a thousand tokens */
    reading.account_debt = amount_from_u64(500);
    reading.account_guard = amount_from_u64(800);
    reading.unit_guard = amount_from_u64(3);
    return 0;
}

static void assert_least(uint64_t wanted)
{
    const struct amount least = guard_least(&venue, &reading, DECIMALS);
    uint64_t number = 0;

    assert_status(STATUS_OK, amount_to_u64(&least, &number));
    assert_int_equal(wanted, number);
    assert_int_equal(guard_is_low(&venue, &reading, DECIMALS), wanted > 1000000000);
}

static void assert_never(void)
{
    const struct amount least = guard_least(&venue, &reading, DECIMALS);
    const struct amount max = amount_max();

    assert_true(amount_equal(&least, &max));
    assert_true(guard_is_low(&venue, &reading, DECIMALS));
}

/* 500 * 1.25 / 0.8 = 781.25, so 782 of the 800: 18 are spare, which 6 tokens are worth. */
static void what_is_spare_may_leave(void **state)
{
    (void)state;
    assert_least(994000000);
    reading.account_guard = amount_from_u64(782);
    assert_least(1000000000);
    reading.account_guard = amount_from_u64(800000);
    assert_least(0); /* more than all of it */
}

static void what_is_missing_is_told_in_tokens(void **state)
{
    (void)state;
    reading.account_guard = amount_from_u64(781);
    assert_least(1000333334); /* a third, rounded up */
    reading.account_guard = amount_from_u64(400);
    assert_least(1127333334);
    reading.account_guard = amount_zero();
    assert_least(1260666667);
}

static void what_is_not_owed_or_not_guarded_needs_nothing(void **state)
{
    (void)state;
    reading.account_guard = amount_zero();
    venue.health_min.value = 0;
    assert_least(0);
    venue.health_min.value = 12500;
    reading.account_debt = amount_zero();
    assert_least(0);
}

static void what_cannot_be_guarded_is_never_enough(void **state)
{
    (void)state;
    reading.account_guard = amount_zero();
    reading.unit_guard = amount_zero();
    assert_never(); /* the asset guards nothing */
    reading.unit_guard = amount_from_u64(3);
    venue.price_shock.value = 10000;
    assert_never();
    venue.price_shock.value = 0;
    reading.account_debt = amount_max();
    assert_never();
    reading.account_debt = amount_from_u64(500);
    reading.account_guard = amount_max();
    reading.unit_guard = amount_zero();
    assert_least(0); /* others guard it */
}

static void assert_paid(uint64_t excess, uint64_t tokens)
{
    const struct amount found = guard_excess(&venue, &reading);
    const struct amount paid = guard_payment(&reading, DECIMALS, &found);
    uint64_t number = 0;

    assert_status(STATUS_OK, amount_to_u64(&found, &number));
    assert_int_equal(number, excess);
    assert_status(STATUS_OK, amount_to_u64(&paid, &number));
    assert_int_equal(number, tokens);
}

/* 800,000 guard 800,000 * 0.8 / 1.25 = 512,000. */
static void what_is_owed_too_much_is_told_in_tokens(void **state)
{
    (void)state;
    reading.unit_debt = amount_from_u64(7);
    reading.account_guard = amount_from_u64(800000);
    reading.account_debt = amount_from_u64(512000);
    assert_paid(0, 73142858); /* the thousandth alone, rounded up */
    assert_false(guard_owes_too_much(&venue, &reading));
    reading.account_debt = amount_from_u64(512512);
    assert_paid(512, 146285715);
    assert_false(guard_owes_too_much(&venue, &reading)); /* what interest makes */
    reading.account_debt = amount_from_u64(512513);
    assert_true(guard_owes_too_much(&venue, &reading));
    venue.price_shock.value = 10000; /* nothing guards then */
    assert_paid(512513, 73289285715);
    venue.health_min.value = 0;
    assert_false(guard_owes_too_much(&venue, &reading));
    venue.health_min.value = 12500;
    reading.unit_debt = amount_zero(); /* unknown is not zero */
    const struct amount one = amount_from_u64(1);
    const struct amount most = amount_max();
    struct amount paid = guard_payment(&reading, DECIMALS, &one);
    assert_true(amount_equal(&paid, &most));
    reading.account_guard = amount_max();
    paid = guard_excess(&venue, &reading);
    assert_false(amount_is_zero(&paid)); /* at a shock of everything */
}

int main(void)
{
#define GUARD_TEST(test) cmocka_unit_test_setup(test, set_up)
    const struct CMUnitTest tests[] = {
        GUARD_TEST(what_is_spare_may_leave),
        GUARD_TEST(what_is_missing_is_told_in_tokens),
        GUARD_TEST(what_is_not_owed_or_not_guarded_needs_nothing),
        GUARD_TEST(what_is_owed_too_much_is_told_in_tokens),
        GUARD_TEST(what_cannot_be_guarded_is_never_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
