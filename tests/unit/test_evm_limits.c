/* SPDX-License-Identifier: Apache-2.0 */
/* What an endpoint may be asked: hedged reads, rates, a day's calls, and refusals that are heeded.
 */
#include <stdio.h>

#include "tests/support/unit.h"
#include "tests/unit/evm_watched.h"

/* The slow one costs a part of its deadline, not all of it. */
static void a_slow_read_is_hedged(void **state)
{
    (void)state;
    struct harness *const harness = watched_open(3, 2);
    const struct command command = watched_question(harness, COMMAND_READ_TREE);

    watched_habits(harness, 0)->is_mute = true;
    const uint32_t known = harness->answers_count;
    harness_perform(harness, &command);
    /* The deadline is a second; a hundred rounds. */
    assert_non_null(harness_await(harness, EVENT_TREE, known, 30));
    harness_close(harness);
}

/* Two of three have a plan of ten calls a second: they are kept to it, and the third does not make
 * up a quorum by itself: everything takes its time, and everything comes. */
static void a_rate_is_never_exceeded(void **state)
{
    (void)state;
    const struct call_limits limits = {.calls_per_second = 10, .calls_burst = 20};
    watched_limits[0] = limits;
    watched_limits[1] = limits;
    struct harness *const harness = watched_open(3, 2);
    memset(watched_limits, 0, sizeof(watched_limits));

    watched_follow(harness, 6);
    harness_run(harness, 6000);
    for (uint32_t second = 0; second < 20; second++) {
        const uint64_t before[2] = {watched_calls(harness, 0), watched_calls(harness, 1)};
        harness_run(harness, 100);
        /* A burst that was saved up, and what one second earns. */
        assert_true(watched_calls(harness, 0) - before[0] <= 30);
        assert_true(watched_calls(harness, 1) - before[1] <= 30);
    }
    const uint64_t start_ns = UINT64_C(1000000) * HARNESS_ROUND_MS * 6900;
    assert_true(watched_calls(harness, 0) <= 20 + 10 * (start_ns / 1000000000 + 40));
    harness_assert_synchronous(harness);
    watched_assert_true(harness);
    harness_close(harness);
}

/* A day's budget ends: with three the other two go on, and what was spent is told in time. */
static void a_spent_day_leaves_the_work_to_others(void **state)
{
    (void)state;
    watched_limits[0] = (struct call_limits){.calls_per_day = 60};
    struct harness *const harness = watched_open(3, 2);
    memset(watched_limits, 0, sizeof(watched_limits));

    watched_follow(harness, 20);
    assert_int_equal(watched_calls(harness, 0), 60);
    assert_int_equal(harness->chain->endpoints[0].calls_today, 60);
    assert_true(harness->calls_told >= 20);
    assert_int_equal(harness->calls_last.calls.endpoint_index, 0);
    assert_int_equal(harness->calls_last.calls.spent, 60);
    harness_assert_synchronous(harness);
    watched_assert_true(harness);
    assert_int_equal(harness->quorums_count, 0);
    harness_close(harness);
}

/* With two, of which both must agree, nothing is decided until the next day; and it is said. */
static void a_spent_day_never_makes_a_smaller_quorum(void **state)
{
    (void)state;
    watched_limits[1] = (struct call_limits){.calls_per_day = 60};
    struct harness *const harness = watched_open(2, 2);
    memset(watched_limits, 0, sizeof(watched_limits));

    watched_follow(harness, 20);
    harness_run(harness, 3000);
    assert_int_equal(watched_calls(harness, 1), 60);
    assert_true(watched_was_told(harness, QUORUM_LOST));
    const uint32_t blocks = harness->blocks_count;
    watched_follow(harness, 4);
    assert_int_equal(harness->blocks_count, blocks);
    harness->now.ns += UINT64_C(86400) * 1000000000;
    harness_run(harness, 40);
    assert_true(watched_was_told(harness, QUORUM_HELD));
    harness_close(harness);
}

/* What a day cost is not forgotten by a start. */
static void a_start_recalls_what_was_spent(void **state)
{
    (void)state;
    watched_limits[0] = (struct call_limits){.calls_per_day = 100};
    struct harness *const harness = watched_open(3, 2);
    memset(watched_limits, 0, sizeof(watched_limits));

    assert_true(watched_calls(harness, 0) < 60);
    harness->recalled.calls_day = harness->now.ns / (UINT64_C(86400) * 1000000000);
    harness->recalled.calls_spent[0] = 100;
    harness_watch(harness, 1);
    const uint64_t before = watched_calls(harness, 0);
    watched_follow(harness, 6);
    assert_int_equal(watched_calls(harness, 0), before);
    harness_assert_synchronous(harness);
    harness_close(harness);
}

/* It is asked ever less while it refuses, and again when it does not. */
static void one_that_refuses_is_left_alone(void **state)
{
    (void)state;
    struct harness *const harness = watched_open(3, 2);

    watched_habits(harness, 0)->is_limited = true;
    watched_follow(harness, 4);
    harness_run(harness, 3000);
    const uint64_t before = watched_calls(harness, 0);
    const uint64_t others = watched_calls(harness, 1);
    watched_follow(harness, 8);
    harness_run(harness, 1000);
    harness_assert_synchronous(harness);
    watched_assert_true(harness);
    assert_true(watched_calls(harness, 0) - before <= 3); /* one now and then */
    assert_true(watched_calls(harness, 1) - others > 20);
    assert_true(harness->chain->endpoints[0].refusals > 0);
    assert_int_equal(harness->dissents_count, 0);
    watched_habits(harness, 0)->is_limited = false;
    harness_run(harness, 3400);
    const uint64_t later = watched_calls(harness, 0);
    watched_habits(harness, 1)->is_mute = true; /* now it takes this one */
    watched_follow(harness, 4);
    assert_true(watched_calls(harness, 0) - later >= 4);
    harness_assert_synchronous(harness);
    harness_close(harness);
}

/* What it asks for is granted, up to five minutes. */
static void a_plea_for_patience_is_granted(void **state)
{
    (void)state;
    struct harness *const harness = watched_open(3, 2);

    watched_habits(harness, 0)->is_limited = true;
    watched_habits(harness, 0)->asks_patience = true;
    watched_follow(harness, 2);
    const uint64_t before = watched_calls(harness, 0);
    watched_follow(harness, 4);
    harness_run(harness, 2000);
    assert_int_equal(watched_calls(harness, 0), before);
    harness_assert_synchronous(harness);
    watched_habits(harness, 0)->is_limited = false;
    harness_run(harness, 4500);
    watched_follow(harness, 2);
    assert_true(watched_calls(harness, 0) > before);
    /* The transport says the same of a whole connection. */
    const struct chain_reply limited = {.kind = CHAIN_REPLY_LIMITED,
                                        .endpoint_index = 0,
                                        .limited = {.wait = DURATION_MS(86400000)}};
    chain_on_reply(harness->chain, &limited, harness->now);
    const uint64_t then = watched_calls(harness, 0);
    watched_follow(harness, 4);
    harness_run(harness, 20000);
    assert_int_equal(watched_calls(harness, 0), then);
    harness_run(harness, 11000);
    watched_follow(harness, 2);
    assert_true(watched_calls(harness, 0) > then);
    harness_close(harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_read_is_hedged),
        cmocka_unit_test(a_rate_is_never_exceeded),
        cmocka_unit_test(a_spent_day_leaves_the_work_to_others),
        cmocka_unit_test(a_spent_day_never_makes_a_smaller_quorum),
        cmocka_unit_test(a_start_recalls_what_was_spent),
        cmocka_unit_test(one_that_refuses_is_left_alone),
        cmocka_unit_test(a_plea_for_patience_is_granted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
