/* SPDX-License-Identifier: Apache-2.0 */
/* Large values: what is delivered only when every endpoint of the origin confirms it, deeper than
 * final. And what is minted: delivered only while collateral covers it. */
#include "relay/core/view.h"
#include "tests/support/core_world.h"
#include "tests/support/unit.h"

static struct message_row row_of(struct world *world, const struct hash *id)
{
    struct message_row message;

    assert_true(world_message(world, id, &message));
    return message;
}

static void a_large_value_waits_for_every_endpoint(void **state)
{
    (void)state;
    struct world *world = world_new(&(struct world_options){.seed = 1, .large = true});

    world_set_doubt(world, true);
    const struct hash large = world_dispatch(world, WORLD_A, WORLD_B, 1);
    const struct hash other = world_dispatch(world, WORLD_B, WORLD_A, 1); /* by nobody of ours */
    world_run(world, 90);
    assert_int_equal(1, world_process_count(world, &other));
    assert_int_equal(0, world_process_count(world, &large));
    assert_int_equal(REASON_AWAITING_EVERYONE, row_of(world, &large).reason);
    assert_true(world_commands(world, COMMAND_READ_TREE) >= 3); /* it keeps asking */
    world_restart(world);
    world_run(world, 30);
    assert_int_equal(0, world_process_count(world, &large));
    world_set_doubt(world, false);
    world_run_until_delivered(world, 120);
    assert_int_equal(1, world_process_count(world, &large));
    assert_true(world_replays(world));
    world_free(world);
}

static void one_confirmation_serves_what_is_below_it(void **state)
{
    (void)state;
    struct world *world = world_new(&(struct world_options){.seed = 2, .large = true});

    for (uint32_t i = 0; i < 12; i++) {
        (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    }
    world_run_until_delivered(world, 120);
    assert_true(world_commands(world, COMMAND_READ_TREE) <= 3);
    assert_true(world_replays(world));
    world_free(world);
}

static void a_large_value_waits_for_its_depth(void **state)
{
    (void)state;
    struct world *world =
        world_new(&(struct world_options){.seed = 3, .large = true, .large_blocks = 40});
    const struct hash large = world_dispatch(world, WORLD_A, WORLD_B, 1);

    world_run(world, 35);
    assert_int_equal(0, world_process_count(world, &large));
    assert_int_equal(0, world_commands(world, COMMAND_READ_TREE));
    assert_int_equal(REASON_AWAITING_DEPTH, row_of(world, &large).reason);
    world_run_until_delivered(world, 120);
    assert_int_equal(1, world_process_count(world, &large));
    world_free(world);
}

/* All of them lie alike about the root: a dead stop, and a person is told. */
static void another_root_confirms_nothing(void **state)
{
    (void)state;
    struct world *world = world_new(&(struct world_options){.seed = 4, .large = true});

    world_set_tree_lies(world, true);
    const struct hash large = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 90);
    assert_int_equal(0, world_process_count(world, &large));
    assert_true(world_noted(world, REASON_ROOT_MISMATCH));
    world_free(world);
}

/* An answer that was given by a quorum, or about another block, says nothing of everyone. */
static void a_quorum_is_not_everyone(void **state)
{
    (void)state;
    struct world *world = world_new(&(struct world_options){.seed = 5, .large = true});

    world_set_doubt(world, true);
    const struct hash large = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 20);
    for (uint32_t i = 0; i < world_events_count(world); i++) {
        struct event event = *world_event(world, i);
        if (event.kind != EVENT_TREE) {
            continue;
        }
        event.tree.outcome = OUTCOME_OK;
        event.tree.everyone = false;
        world_step(world, &event);
        event.tree.everyone = true;
        event.tree.block_number--;
        world_step(world, &event);
        break;
    }
    world_run(world, 20);
    assert_int_equal(0, world_process_count(world, &large));
    assert_int_equal(REASON_AWAITING_EVERYONE, row_of(world, &large).reason);
    world_free(world);
}

static void large_values_survive_faults(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct world *world = world_new(&(struct world_options){.seed = seed,
                                                                .lose_one_in = 8,
                                                                .repeat_one_in = 8,
                                                                .restart_one_in = 100,
                                                                .reorg_one_in = 10,
                                                                .large = true,
                                                                .large_blocks = 3,
                                                                .validate = seed % 2 == 0});
        for (uint32_t i = 0; i < 10; i++) {
            (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
            world_run(world, 3);
        }
        world_set_faults(world, &(struct world_options){.seed = seed});
        world_run_until_delivered(world, 400);
        assert_true(world_replays(world));
        world_free(world);
    }
}

/* What endpoints with a daily budget were asked comes back with the next watch. */
static void what_was_asked_is_recalled(void **state)
{
    (void)state;
    struct world *world = world_new(&(struct world_options){.seed = 6});
    const struct row_source source = row_table_source(world_rows(world));
    struct event event = {.kind = EVENT_CALLS, .domain = WORLD_A};
    struct calls_row calls;

    event.calls.endpoint_index = 1;
    event.calls.day = 20000;
    event.calls.spent = 77;
    world_step(world, &event);
    event.calls.endpoint_index = ENDPOINTS_PER_CHAIN_MAX; /* none of ours: nothing is kept */
    world_step(world, &event);
    assert_status(STATUS_OK, core_view_calls(&source, WORLD_A, 1, &calls));
    assert_int_equal(calls.day, 20000);
    assert_int_equal(calls.spent, 77);
    assert_status(STATUS_NOT_FOUND, core_view_calls(&source, WORLD_A, 0, &calls));
    assert_status(STATUS_NOT_FOUND,
                  core_view_calls(&source, WORLD_A, ENDPOINTS_PER_CHAIN_MAX, &calls));
    world_restart(world);
    world_run(world, 2);
    const struct watch *watch = world_watch(world, WORLD_A);
    assert_int_equal(watch->calls_day, 20000);
    assert_int_equal(watch->calls_spent[1], 77);
    assert_int_equal(watch->calls_spent[0], 0);
    /* A younger day of another endpoint makes it old. */
    event.calls.endpoint_index = 0;
    event.calls.day = 20001;
    event.calls.spent = 5;
    world_step(world, &event);
    world_restart(world);
    world_run(world, 2);
    watch = world_watch(world, WORLD_A);
    assert_int_equal(watch->calls_day, 20001);
    assert_int_equal(watch->calls_spent[1], 0);
    assert_int_equal(watch->calls_spent[0], 5);
    assert_true(world_replays(world));
    world_free(world);
}

/* It was backed when the message set out, and the lane only waits for cheaper gas. */
static void a_route_that_runs_short_is_stopped_at_the_offer(void **state)
{
    (void)state;
    struct world *world = world_new(&(struct world_options){.seed = 7, .minted = true});

    world_run(world, 8);
    assert_true(world_noted(world, REASON_BACKING_HELD));
    world_set_base_fee(world, WORLD_B, 100000);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 40);
    assert_int_equal(MESSAGE_OFFERED, row_of(world, &id).state);
    assert_int_equal(REASON_FEE_CEILING, row_of(world, &id).reason);
    world_set_short(world, true);
    world_run(world, 5);
    world_set_base_fee(world, WORLD_B, 10);
    world_run(world, 60);
    assert_int_equal(0, world_commands(world, COMMAND_SEND));
    assert_int_equal(REASON_BACKING_BROKEN, row_of(world, &id).reason);
    world_set_short(world, false);
    world_run_until_delivered(world, 120);
    assert_int_equal(1, world_process_count(world, &id));
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_value_waits_for_every_endpoint),
        cmocka_unit_test(one_confirmation_serves_what_is_below_it),
        cmocka_unit_test(a_large_value_waits_for_its_depth),
        cmocka_unit_test(another_root_confirms_nothing),
        cmocka_unit_test(a_quorum_is_not_everyone),
        cmocka_unit_test(large_values_survive_faults),
        cmocka_unit_test(what_was_asked_is_recalled),
        cmocka_unit_test(a_route_that_runs_short_is_stopped_at_the_offer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
