/* SPDX-License-Identifier: Apache-2.0 */
/* The core against a whole imaginary world: messages are delivered once each, whatever is lost,
 * repeated or restarted on the way. */
#include "tests/support/core_world.h"
#include "tests/support/unit.h"

static void dispatch_some(struct world *world, uint32_t count, struct hash *ret_ids)
{
    for (uint32_t i = 0; i < count; i++) {
        const bool is_back = i % 3 == 2;
        ret_ids[i] = world_dispatch(world, is_back ? WORLD_B : WORLD_A, is_back ? WORLD_A : WORLD_B,
                                    (uint8_t)(1 + i % 4));
    }
}

static void expect_each_once(struct world *world, const struct hash *ids, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(1, world_process_count(world, &ids[i]));
    }
    assert_true(world_replays(world));
}

static void messages_are_delivered_once(void **state)
{
    (void)state;
    struct world *world = world_new(&(struct world_options){.seed = 1});
    struct hash ids[200];

    world_run(world, 3);
    dispatch_some(world, 200, ids);
    world_run_until_delivered(world, 20);
    expect_each_once(world, ids, 200);
    assert_int_equal(200, world_processed_by_us(world));
    world_free(world);
}

static void our_own_signatures_deliver_them(void **state)
{
    (void)state;
    struct world *world = world_new(&(struct world_options){.seed = 2, .validate = true});
    struct hash ids[60];

    world_run(world, 3);
    dispatch_some(world, 60, ids);
    world_run_until_delivered(world, 60);
    expect_each_once(world, ids, 60);
    assert_int_equal(40, world_published(world, WORLD_A));
    assert_int_equal(20, world_published(world, WORLD_B));
    assert_true(world_is_announced(world, WORLD_A));
    assert_true(world_is_announced(world, WORLD_B));
    world_free(world);
}

static void run_faulty(const struct world_options *options, uint32_t count, uint32_t seconds)
{
    struct world *world = world_new(options);
    struct hash ids[64];

    world_run(world, 3);
    dispatch_some(world, count, ids);
    world_run(world, 40);
    world_set_faults(world, &(struct world_options){.seed = options->seed,
                                                    .validate = options->validate,
                                                    .commit_every = options->commit_every});
    world_run_until_delivered(world, seconds);
    expect_each_once(world, ids, count);
    world_free(world);
}

static void lost_answers_are_asked_again(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        run_faulty(
            &(struct world_options){.seed = seed, .lose_one_in = 4, .validate = seed % 2 == 0}, 30,
            400);
    }
}

static void repeated_answers_change_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        run_faulty(
            &(struct world_options){.seed = seed, .repeat_one_in = 2, .validate = seed % 2 == 0},
            30, 200);
    }
}

static void restarts_lose_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        run_faulty(&(struct world_options){.seed = seed,
                                           .restart_one_in = 40,
                                           .validate = seed % 2 == 0,
                                           .commit_every = (uint32_t)(1 + seed % 5)},
                   20, 400);
    }
}

static void reorgs_before_final_lose_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        run_faulty(
            &(struct world_options){.seed = seed, .reorg_one_in = 4, .validate = seed % 2 == 0}, 30,
            400);
    }
}

static void everything_at_once_loses_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        run_faulty(&(struct world_options){.seed = seed,
                                           .lose_one_in = 10,
                                           .repeat_one_in = 10,
                                           .restart_one_in = 150,
                                           .reorg_one_in = 10,
                                           .evict_one_in = 10,
                                           .validate = seed % 2 == 0,
                                           .commit_every = (uint32_t)(1 + seed % 7)},
                   20, 600);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_delivered_once),
        cmocka_unit_test(our_own_signatures_deliver_them),
        cmocka_unit_test(lost_answers_are_asked_again),
        cmocka_unit_test(repeated_answers_change_nothing),
        cmocka_unit_test(restarts_lose_nothing),
        cmocka_unit_test(reorgs_before_final_lose_nothing),
        cmocka_unit_test(everything_at_once_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
