/* SPDX-License-Identifier: Apache-2.0 */
/* A node that starts on a chain with a history: its tree begins with the frontier that the chain
 * names, not with leaf 0. */
#include "relay/core/view.h"
#include "relay/hyperlane/metadata.h"
#include "tests/support/core_world.h"
#include "tests/support/unit.h"

static struct message_row row_of(struct world *world, const struct hash *id)
{
    struct message_row message;

    assert_true(world_message(world, id, &message));
    return message;
}

static struct tree_row tree_of(struct world *world, uint32_t domain)
{
    const struct row_source source = row_table_source(world_rows(world));
    struct tree_row tree;

    assert_status(STATUS_OK, core_view_tree(&source, domain, &tree));
    return tree;
}

/* Histories whose frontier has nodes on few, many and all of the lowest levels. Proofs by root are
 * checked by the world as the contract does, against roots it made of all leaves. */
static void a_late_node_signs_and_proves_what_comes(void **state)
{
    (void)state;
    for (uint32_t history = 0; history <= 34; history++) {
        struct world *world = world_new(&(struct world_options){
            .seed = history, .history = history, .start_block = 2, .validate = true});
        world_set_module_type(world, MODULE_MERKLE_ROOT_MULTISIG);
        world_run(world, 3);
        for (uint32_t i = 0; i < 9; i++) {
            (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
            world_run(world, 1);
        }
        world_run_until_delivered(world, 120);
        assert_true(world_noted(world, REASON_TREE_BEGUN));
        assert_int_equal(9, world_published(world, WORLD_A));
        assert_true(world_signed(world, WORLD_A, history));
        assert_true(world_signed(world, WORLD_A, history + 8));
        assert_true(history == 0 || !world_signed(world, WORLD_A, history - 1));
        assert_int_equal(history + 9, tree_of(world, WORLD_A).verified_count);
        assert_int_equal(REASON_NONE, tree_of(world, WORLD_A).halted);
        assert_true(world_replays(world));
        world_free(world);
    }
}

/* Whoever starts at block 1 and finds that leaves came before it goes on as well. */
static void a_history_nobody_told_of_is_found_out(void **state)
{
    (void)state;
    struct world *world =
        world_new(&(struct world_options){.seed = 1, .history = 21, .validate = true});

    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 8);
    for (uint32_t i = 0; i < 5; i++) {
        (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    }
    world_set_validators(world, 3);
    world_run(world, 30);
    /* The first leaf is of the very block that was asked of: it counts as history. */
    assert_false(world_signed(world, WORLD_A, 21));
    assert_true(world_signed(world, WORLD_A, 22));
    assert_true(world_signed(world, WORLD_A, 26));
    assert_int_equal(REASON_NONE, tree_of(world, WORLD_A).halted);
    assert_true(world_replays(world));
    world_free(world);
}

/* Nobody has the state of the first block any more: a later one serves, and what came before it
 * says why it is not proved. */
static void a_block_without_state_gives_way_to_a_later_one(void **state)
{
    (void)state;
    struct world *world =
        world_new(&(struct world_options){.seed = 2, .history = 13, .start_block = 2});

    world_set_module_type(world, MODULE_MERKLE_ROOT_MULTISIG);
    world_set_pruned(world, 1000);
    world_run(world, 3);
    const struct hash before = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 60);
    assert_true(world_noted(world, REASON_TREE_UNREADABLE));
    assert_false(world_noted(world, REASON_TREE_BEGUN));
    world_set_pruned(world, 0);
    world_run(world, 40);
    assert_true(world_noted(world, REASON_TREE_BEGUN));
    for (uint32_t i = 0; i < 5; i++) {
        const struct hash after = world_dispatch(world, WORLD_A, WORLD_B, 1);
        world_run(world, 20);
        assert_int_equal(1, world_process_count(world, &after));
    }
    world_run(world, 60);
    assert_int_equal(0, world_process_count(world, &before));
    assert_int_equal(REASON_LEAF_BEFORE_TREE, row_of(world, &before).reason);
    assert_true(world_replays(world));
    world_set_module_type(world, MODULE_MESSAGE_ID_MULTISIG);
    world_run_until_delivered(world, 1500); /* a signature at its own leaf needs no tree of ours */
    world_free(world);
}

/* Branches that do not fit the root at the same block are never begun with. */
static void a_frontier_must_fit_its_root(void **state)
{
    (void)state;
    struct world *world = world_new(
        &(struct world_options){.seed = 3, .history = 7, .start_block = 2, .validate = true});

    world_set_branch_lies(world, true);
    world_run(world, 3);
    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 60);
    assert_int_equal(0, world_commands(world, COMMAND_SIGN_CHECKPOINT));
    assert_true(world_noted(world, REASON_TREE_UNREADABLE));
    world_set_branch_lies(world, false);
    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 5);
    (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 40);
    assert_true(world_noted(world, REASON_TREE_BEGUN));
    assert_true(world_commands(world, COMMAND_SIGN_CHECKPOINT) > 0);
    assert_true(world_replays(world));
    world_free(world);
}

static void large_values_are_sure_after_a_late_start(void **state)
{
    (void)state;
    struct world *world = world_new(
        &(struct world_options){.seed = 4, .history = 11, .start_block = 2, .large = true});

    world_run(world, 4);
    for (uint32_t i = 0; i < 6; i++) {
        (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
        world_run(world, 2);
    }
    world_run_until_delivered(world, 120);
    assert_true(world_replays(world));
    world_free(world);
}

/* Its leaf is known and its root is not: no large value is believed, and the reason says so. */
static void a_large_value_before_the_tree_says_why_it_waits(void **state)
{
    (void)state;
    struct world *world = world_new(
        &(struct world_options){.seed = 5, .history = 11, .start_block = 2, .large = true});

    world_set_pruned(world, 1000);
    world_run(world, 3);
    const struct hash before = world_dispatch(world, WORLD_A, WORLD_B, 1);
    world_run(world, 30);
    assert_int_equal(REASON_TREE_UNKNOWN, row_of(world, &before).reason);
    world_set_pruned(world, 0);
    world_run(world, 60);
    assert_int_equal(REASON_LEAF_BEFORE_TREE, row_of(world, &before).reason);
    assert_int_equal(0, world_process_count(world, &before));
    assert_false(world_noted(world, REASON_ROOT_MISMATCH));
    world_free(world);
}

static void late_starts_survive_faults(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct world *world = world_new(&(struct world_options){.seed = seed,
                                                                .history = (uint32_t)(5 * seed),
                                                                .start_block = 2,
                                                                .lose_one_in = 6,
                                                                .repeat_one_in = 6,
                                                                .restart_one_in = 60,
                                                                .commit_every = 3,
                                                                .reorg_one_in = 12,
                                                                .validate = true});
        world_run(world, 3);
        for (uint32_t i = 0; i < 40; i++) {
            (void)world_dispatch(world, WORLD_A, WORLD_B, 1);
            if (i % 4 == 0) {
                world_run(world, 1);
            }
        }
        world_set_faults(world, &(struct world_options){.seed = seed, .validate = true});
        world_run_until_delivered(world, 400);
        assert_true(world_noted(world, REASON_TREE_BEGUN));
        assert_true(world_signed(world, WORLD_A, (uint32_t)(5 * seed) + 39));
        assert_true(world_replays(world));
        world_free(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_late_node_signs_and_proves_what_comes),
        cmocka_unit_test(a_history_nobody_told_of_is_found_out),
        cmocka_unit_test(a_block_without_state_gives_way_to_a_later_one),
        cmocka_unit_test(a_frontier_must_fit_its_root),
        cmocka_unit_test(large_values_are_sure_after_a_late_start),
        cmocka_unit_test(a_large_value_before_the_tree_says_why_it_waits),
        cmocka_unit_test(late_starts_survive_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
