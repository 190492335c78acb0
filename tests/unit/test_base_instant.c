/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/base/instant.h"
#include "tests/support/unit.h"

static void time_saturates_instead_of_wrapping(void **state)
{
    (void)state;
    const struct instant late = {.ns = UINT64_MAX - 5};

    assert_true(instant_after(late, (struct duration){.ns = 5}).ns == UINT64_MAX);
    assert_true(instant_after(late, (struct duration){.ns = 6}).ns == UINT64_MAX);
    assert_true(instant_after(late, (struct duration){.ns = UINT64_MAX}).ns == UINT64_MAX);
    assert_true(instant_after((struct instant){.ns = 1}, DURATION_MS(2)).ns == 2000001);
}

static void a_deadline_is_past_when_it_is_reached(void **state)
{
    (void)state;
    const struct instant deadline = {.ns = 10};

    assert_false(instant_is_past(deadline, (struct instant){.ns = 9}));
    assert_true(instant_is_past(deadline, (struct instant){.ns = 10}));
    assert_true(instant_is_past(deadline, (struct instant){.ns = 11}));
}

static void time_since_the_future_is_nothing(void **state)
{
    (void)state;
    const struct instant early = {.ns = 3};
    const struct instant late = {.ns = 10};

    assert_int_equal(instant_since(late, early).ns, 7);
    assert_int_equal(instant_since(early, late).ns, 0);
    assert_int_equal(instant_since(late, late).ns, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_saturates_instead_of_wrapping),
        cmocka_unit_test(a_deadline_is_past_when_it_is_reached),
        cmocka_unit_test(time_since_the_future_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
