/* SPDX-License-Identifier: Apache-2.0 */
#include "chains/budget.h"
#include "tests/support/unit.h"

#define SECOND_NS UINT64_C(1000000000)
#define DAY_NS    (86400 * SECOND_NS)
#define NOON_NS   (20000 * DAY_NS + DAY_NS / 2)

static struct call_budget budget_of(struct call_limits limits)
{
    struct call_budget budget;

    call_budget_init(&budget, &limits);
    call_budget_tick(&budget, (struct instant){.ns = NOON_NS});
    return budget;
}

static uint32_t spend_all(struct call_budget *budget)
{
    uint32_t count = 0;

    for (; call_budget_has(budget) && count < 1000; count++) {
        call_budget_spend(budget);
    }
    return count;
}

static void no_limit_is_no_limit(void **state)
{
    (void)state;
    struct call_budget budget = budget_of((struct call_limits){0});

    assert_int_equal(spend_all(&budget), 1000);
    assert_true(call_budget_next(&budget).ns == UINT64_MAX);
    assert_int_equal(budget.spent, 1000);
}

static void a_burst_and_then_the_rate(void **state)
{
    (void)state;
    struct call_budget budget =
        budget_of((struct call_limits){.calls_per_second = 4, .calls_burst = 7});

    assert_int_equal(spend_all(&budget), 7);
    assert_true(call_budget_next(&budget).ns == NOON_NS + SECOND_NS / 4);
    for (uint64_t i = 1; i <= 8; i++) {
        call_budget_tick(&budget, (struct instant){.ns = NOON_NS + i * SECOND_NS / 4 - 1});
        assert_false(call_budget_has(&budget));
        call_budget_tick(&budget, (struct instant){.ns = NOON_NS + i * SECOND_NS / 4});
        assert_int_equal(spend_all(&budget), 1);
    }
    call_budget_tick(&budget, (struct instant){.ns = NOON_NS + 1000 * SECOND_NS});
    assert_int_equal(spend_all(&budget), 7); /* no more is saved up */
}

static void without_a_burst_a_second_is_saved_up(void **state)
{
    (void)state;
    struct call_budget budget = budget_of((struct call_limits){.calls_per_second = 5});

    assert_int_equal(spend_all(&budget), 5);
}

static void time_that_stands_or_moves_back_earns_nothing(void **state)
{
    (void)state;
    struct call_budget budget = budget_of((struct call_limits){.calls_per_second = 1});

    assert_int_equal(spend_all(&budget), 1);
    call_budget_tick(&budget, (struct instant){.ns = NOON_NS});
    call_budget_tick(&budget, (struct instant){.ns = NOON_NS - DAY_NS});
    assert_false(call_budget_has(&budget));
    call_budget_tick(&budget, (struct instant){.ns = NOON_NS + SECOND_NS});
    assert_true(call_budget_has(&budget));
}

static void what_is_forced_leaves_no_debt(void **state)
{
    (void)state;
    struct call_budget budget = budget_of((struct call_limits){.calls_per_second = 1});

    for (uint32_t i = 0; i < 50; i++) {
        call_budget_spend(&budget); /* transactions are not held back */
    }
    call_budget_tick(&budget, (struct instant){.ns = NOON_NS + SECOND_NS});
    assert_true(call_budget_has(&budget));
    assert_int_equal(budget.spent, 50);
}

static void a_day_ends_at_midnight(void **state)
{
    (void)state;
    struct call_budget budget = budget_of((struct call_limits){.calls_per_day = 30});

    assert_int_equal(spend_all(&budget), 30);
    assert_true(call_budget_is_spent(&budget));
    assert_true(call_budget_next(&budget).ns == 20001 * DAY_NS);
    call_budget_tick(&budget, (struct instant){.ns = 20001 * DAY_NS - 1});
    assert_false(call_budget_has(&budget));
    call_budget_tick(&budget, (struct instant){.ns = 20001 * DAY_NS});
    assert_int_equal(spend_all(&budget), 30);
}

static void another_life_is_recalled(void **state)
{
    (void)state;
    struct call_budget budget = budget_of((struct call_limits){.calls_per_day = 30});

    call_budget_spend(&budget);
    call_budget_recall(&budget, 19999, 30);
    assert_int_equal(budget.spent, 1);
    call_budget_recall(&budget, 20000, 20);
    assert_int_equal(spend_all(&budget), 10);
    call_budget_recall(&budget, 20000, 5);
    assert_true(call_budget_is_spent(&budget));
    /* Before the first moment is known, any day is later. */
    struct call_budget fresh;
    call_budget_init(&fresh, &(struct call_limits){.calls_per_day = 30});
    call_budget_recall(&fresh, 20000, 29);
    call_budget_tick(&fresh, (struct instant){.ns = NOON_NS});
    assert_int_equal(spend_all(&fresh), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_limit_is_no_limit),
        cmocka_unit_test(a_burst_and_then_the_rate),
        cmocka_unit_test(without_a_burst_a_second_is_saved_up),
        cmocka_unit_test(time_that_stands_or_moves_back_earns_nothing),
        cmocka_unit_test(what_is_forced_leaves_no_debt),
        cmocka_unit_test(a_day_ends_at_midnight),
        cmocka_unit_test(another_life_is_recalled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
