/* SPDX-License-Identifier: Apache-2.0 */
/* Old blocks by ranges: how many at once, and what happens to one that a node refuses. */
#include "tests/conformance/evm_script.h"
#include "tests/conformance/harness.h"
#include "tests/support/unit.h"

static struct harness *watching(void)
{
    struct harness *const harness = harness_open(&evm_script_fixture);

    harness_connect(harness, 0);
    harness_watch(harness, 1);
    return harness;
}

static uint32_t asked(const struct harness *harness, const char *method)
{
    return evm_script_asked(harness->world, method);
}

static void a_range_that_is_refused_is_halved(void **state)
{
    (void)state;
    struct harness *const harness = watching();

    evm_script_knobs(harness->world)->range_max = 3;
    harness_run(harness, 1000);
    (void)evm_script_fixture.dispatch(harness->world);
    harness_mine(harness);
    harness_run(harness, 700);
    harness_assert_synchronous(harness);
    /* 34 final blocks, sixteen at first, then eight, four, two; then three, which is not refused.
     */
    assert_in_range(asked(harness, "eth_getLogs"), 30, 90);
    harness_close(harness);
}

/* Old blocks are read by several ranges at once: one round trip for four times as many. */
static void old_blocks_are_asked_for_by_several_ranges_at_once(void **state)
{
    (void)state;
    struct harness *const harness = watching();
    uint32_t most = 0;

    for (uint32_t i = 0; i < 200; i++) {
        const uint32_t before = asked(harness, "eth_getLogs");
        harness_run(harness, 1);
        const uint32_t now = asked(harness, "eth_getLogs") - before;
        most = now > most ? now : most;
    }
    /* 34 final blocks by sixteen: three ranges, all of them before the first is answered. */
    /* 34 final blocks by sixteen: three ranges, of three filters each, none of them waited for. */
    assert_int_equal(9, most);
    harness_assert_synchronous(harness);
    harness_close(harness);
}

/* What is new comes first; what was passed over comes whole, wherever the watch was taken up. */
static void a_long_history_is_passed_over_and_given_beside(void **state)
{
    (void)state;
    struct harness *const harness = harness_open(&evm_script_fixture);
    struct watch watch = {.from_block = 1, .may_pass = true};

    harness_connect(harness, 0);
    harness_watch_as(harness, &watch);
    while (harness->past.next <= 16) { /* the first range of the past was given */
        harness_run(harness, 1);
    }
    /* 34 final blocks: the newest sixteen are new, and were given before. */
    assert_int_equal(19, harness->past.end);
    assert_int_equal(34, harness->blocks[0].number);
    (void)evm_script_fixture.dispatch(harness->world);
    harness_mine(harness);
    harness_run(harness, 200);
    assert_int_equal(19, harness->past.next);
    assert_int_equal(41, harness->blocks[harness->blocks_count - 1].number);
    assert_int_equal(1, harness->blocks[harness->blocks_count - 1].messages_count);
    /* Again from the middle: only what is left of the past is read. */
    watch = (struct watch){.from_block = 19, .past_first = 17, .past_last = 18};
    harness_watch_as(harness, &watch);
    const uint32_t before = asked(harness, "eth_getLogs");
    harness_run(harness, 200);
    assert_int_equal(19, harness->past.next);
    assert_in_range(asked(harness, "eth_getLogs") - before, 3, 30);
    harness_close(harness);
}

static void a_past_that_is_refused_is_halved_beside_what_is_new(void **state)
{
    (void)state;
    struct harness *const harness = harness_open(&evm_script_fixture);
    const struct watch watch = {.from_block = 1, .may_pass = true};

    harness_connect(harness, 0);
    evm_script_knobs(harness->world)->range_max = 3;
    harness_watch_as(harness, &watch);
    harness_run(harness, 1000);
    assert_int_equal(19, harness->past.next);
    assert_int_equal(40, harness->blocks[harness->blocks_count - 1].number);
    harness_close(harness);
}

static void a_short_history_is_read_in_order(void **state)
{
    (void)state;
    struct harness *const harness = harness_open(&evm_script_fixture);
    const struct watch watch = {.from_block = 4, .may_pass = true};

    harness_connect(harness, 0);
    harness_watch_as(harness, &watch);
    harness_run(harness, 200);
    assert_int_equal(0, harness->past.end);
    assert_int_equal(40, harness->blocks[harness->blocks_count - 1].number);
    harness_close(harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_that_is_refused_is_halved),
        cmocka_unit_test(old_blocks_are_asked_for_by_several_ranges_at_once),
        cmocka_unit_test(a_long_history_is_passed_over_and_given_beside),
        cmocka_unit_test(a_past_that_is_refused_is_halved_beside_what_is_new),
        cmocka_unit_test(a_short_history_is_read_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
