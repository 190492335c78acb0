/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "relay/base/digest.h"
#include "relay/base/prng.h"
#include "relay/hyperlane/proof.h"
#include "tests/support/unit.h"

enum { LEAVES = 300 };

static struct hash leaves[LEAVES];
static struct hash roots[LEAVES + 1]; /* of the first i leaves, by the incremental tree */
static struct merkle_index proofs;

static int set_up(void **state)
{
    struct prng prng = prng_from(11);
    struct merkle_tree tree;

    (void)state;
    merkle_tree_init(&tree);
    merkle_index_init(&proofs, LEAVES, malloc(merkle_index_footprint(LEAVES)));
    assert_non_null(proofs.nodes);
    roots[0] = merkle_tree_root(&tree);
    for (uint32_t i = 0; i < LEAVES; i++) {
        prng_fill(&prng, leaves[i].bytes, sizeof(leaves[i].bytes));
        assert_status(STATUS_OK, merkle_tree_insert(&tree, &leaves[i]));
        assert_status(STATUS_OK, merkle_index_append(&proofs, &leaves[i]));
        roots[i + 1] = merkle_tree_root(&tree);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(proofs.nodes);
    return 0;
}

static void every_count_has_the_incremental_trees_root(void **state)
{
    (void)state;
    const struct merkle_nodes nodes = merkle_index_nodes(&proofs);

    for (uint32_t count = 0; count <= LEAVES; count++) {
        struct merkle_edge edge;
        assert_status(STATUS_OK, merkle_edge_of(&nodes, count, &edge));
        assert_true(hash_equal(&edge.roots[MERKLE_DEPTH], &roots[count]));
    }
}

static void assert_proved(uint32_t index, uint32_t count)
{
    const struct merkle_nodes nodes = merkle_index_nodes(&proofs);
    struct hash proof[MERKLE_DEPTH];
    struct merkle_edge edge;

    assert_status(STATUS_OK, merkle_edge_of(&nodes, count, &edge));
    assert_status(STATUS_OK, merkle_prove(&nodes, &edge, index, proof));
    const struct hash root = merkle_branch_root(&leaves[index], proof, index);
    assert_true(hash_equal(&root, &roots[count]));
}

/* Every leaf as of every count that has it: historic proofs among them. */
static void every_leaf_is_proved_as_of_every_count(void **state)
{
    (void)state;
    for (uint32_t count = 1; count <= 70; count++) {
        for (uint32_t index = 0; index < count; index++) {
            assert_proved(index, count);
        }
    }
    for (uint32_t count = 250; count <= LEAVES; count++) {
        for (uint32_t index = 0; index < count; index += 7) {
            assert_proved(index, count);
        }
        assert_proved(count - 1, count);
    }
}

/* Ten thousand leaves, as of counts around a full subtree and the newest one. */
static void leaves_of_a_large_tree_are_proved(void **state)
{
    static const uint32_t counts[] = {1, 2, 255, 256, 257, 8191, 8192, 8193, 9999, 10000};
    void *const memory_of_large = calloc(1, merkle_index_footprint(10000));
    struct merkle_index large;
    struct merkle_tree tree;
    struct hash proof[MERKLE_DEPTH];
    uint32_t next = 0;

    (void)state;
    assert_non_null(memory_of_large);
    merkle_index_init(&large, 10000, memory_of_large);
    merkle_tree_init(&tree);
    for (uint32_t i = 0; i < 10000; i++) {
        const struct hash leaf = keccak256(bytes_from(&i, sizeof(i)));
        assert_status(STATUS_OK, merkle_index_append(&large, &leaf));
        assert_status(STATUS_OK, merkle_tree_insert(&tree, &leaf));
        if (i + 1 != counts[next]) {
            continue;
        }
        const uint32_t indexes[] = {0, i / 2, i};
        const struct hash root_then = merkle_tree_root(&tree);
        const struct merkle_nodes found = merkle_index_nodes(&large);
        struct merkle_edge edge;
        assert_status(STATUS_OK, merkle_edge_of(&found, i + 1, &edge));
        for (size_t k = 0; k < 3; k++) {
            const struct hash one = keccak256(bytes_from(&indexes[k], sizeof(uint32_t)));
            assert_status(STATUS_OK, merkle_prove(&found, &edge, indexes[k], proof));
            const struct hash root = merkle_branch_root(&one, proof, indexes[k]);
            assert_true(hash_equal(&root, &root_then));
        }
        next += next + 1 < sizeof(counts) / sizeof(counts[0]) ? 1 : 0;
    }
    assert_int_equal(next, sizeof(counts) / sizeof(counts[0]) - 1);
    free(memory_of_large);
}

static void a_leaf_outside_of_the_tree_is_not_found(void **state)
{
    (void)state;
    const struct merkle_nodes nodes = merkle_index_nodes(&proofs);
    struct hash proof[MERKLE_DEPTH];
    struct merkle_edge edge;

    assert_status(STATUS_OK, merkle_edge_of(&nodes, 5, &edge));
    assert_status(STATUS_NOT_FOUND, merkle_prove(&nodes, &edge, 5, proof));
    assert_status(STATUS_NOT_FOUND, merkle_prove(&nodes, &edge, UINT32_MAX, proof));
    /* A count that the index does not have: its nodes are missing. */
    assert_status(STATUS_NOT_FOUND, merkle_edge_of(&nodes, LEAVES + 1, &edge));
    assert_status(STATUS_NOT_FOUND, merkle_edge_of(&nodes, UINT32_MAX, &edge));
    edge.count = LEAVES + 700;
    assert_status(STATUS_NOT_FOUND, merkle_prove(&nodes, &edge, 5, proof));
}

static void a_full_index_takes_nothing_more(void **state)
{
    (void)state;
    struct hash memory[2 * 4];
    struct merkle_index small;

    assert_int_equal(merkle_index_footprint(3), sizeof(memory));
    merkle_index_init(&small, 3, memory);
    for (uint32_t i = 0; i < 4; i++) {
        assert_status(STATUS_OK, merkle_index_append(&small, &leaves[i]));
    }
    assert_status(STATUS_FULL, merkle_index_append(&small, &leaves[4]));
    assert_int_equal(small.count, 4);
}

static void appending_fills_the_parents_of_pairs(void **state)
{
    (void)state;
    assert_int_equal(merkle_nodes_filled(0), 1);
    assert_int_equal(merkle_nodes_filled(1), 2);
    assert_int_equal(merkle_nodes_filled(2), 1);
    assert_int_equal(merkle_nodes_filled(7), 4);
    assert_int_equal(merkle_nodes_filled(UINT32_MAX - 1), 1);
    assert_int_equal(merkle_nodes_filled(UINT32_MAX), MERKLE_DEPTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_count_has_the_incremental_trees_root),
        cmocka_unit_test(every_leaf_is_proved_as_of_every_count),
        cmocka_unit_test(leaves_of_a_large_tree_are_proved),
        cmocka_unit_test(a_leaf_outside_of_the_tree_is_not_found),
        cmocka_unit_test(a_full_index_takes_nothing_more),
        cmocka_unit_test(appending_fills_the_parents_of_pairs),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
