/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of recipients' security modules, and for how long. */
#include "relay/core/view.h"
#include "tests/support/core_world.h"
#include "tests/support/unit.h"

static struct world *world_at_rest(void)
{
    struct world *world = world_new(&(struct world_options){.seed = 1});

    world_run(world, 4);
    return world;
}

/* One message to the same recipient, delivered after so many failures; returns how often modules
 * were read for it. */
static uint32_t reads_of_one(struct world *world, uint32_t failures)
{
    const uint32_t before = world_commands(world, COMMAND_READ_SECURITY);
    struct message_row row;

    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run_until_delivered(world, 120);
    assert_true(world_message(world, &id, &row));
    assert_int_equal(failures, row.attempts_count);
    return world_commands(world, COMMAND_READ_SECURITY) - before;
}

static void modules_are_read_once_while_they_hold(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    assert_int_equal(1, reads_of_one(world, 0));
    for (uint32_t i = 0; i < 20; i++) {
        (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    }
    world_run_until_delivered(world, 60);
    assert_int_equal(1, world_commands(world, COMMAND_READ_SECURITY));
    assert_int_equal(0, reads_of_one(world, 0));
    world_run(world, 601); /* ten minutes: read anew, whether it changed or not */
    assert_int_equal(1, reads_of_one(world, 0));
    world_free(world);
}

/* One signature more than what is remembered is wanted: the simulation says so, and at once the
 * modules are read again. */
static void a_raised_threshold_is_read_anew(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    assert_int_equal(1, reads_of_one(world, 0));
    world_set_threshold(world, 3);
    assert_int_equal(1, reads_of_one(world, 1));
    assert_int_equal(0, reads_of_one(world, 0)); /* and remembered again */
    world_set_threshold(world, 1);
    assert_int_equal(1, reads_of_one(world, 1));
    world_free(world);
}

/* Other validators than those remembered: their signatures do not come together. */
static void a_changed_set_is_read_anew(void **state)
{
    (void)state;
    struct world *world = world_at_rest();

    world_set_strangers(world, true);
    const struct hash id = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 20);
    struct message_row row;
    assert_true(world_message(world, &id, &row));
    assert_int_equal(MESSAGE_DELIVERED == row.state, 0);
    const uint32_t before = world_commands(world, COMMAND_READ_SECURITY);
    world_set_strangers(world, false);
    world_run_until_delivered(world, 60);
    assert_in_range(world_commands(world, COMMAND_READ_SECURITY) - before, 1, 3);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modules_are_read_once_while_they_hold),
        cmocka_unit_test(a_raised_threshold_is_read_anew),
        cmocka_unit_test(a_changed_set_is_read_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
