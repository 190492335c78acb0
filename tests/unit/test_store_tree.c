/* SPDX-License-Identifier: Apache-2.0 */
/* store/tree.h against roots computed by another program, and against itself by brute force. */
#include "tests/support/unit.h"

#include <stdio.h>

#include "relay/base/digest.h"
#include "store/base64.h"
#include "store/tree.h"

#define LEAVES 70000u

/* Nodes by height, as a journal would keep them. */
struct grove {
    uint64_t size;
    struct hash leaves[LEAVES];
    struct hash nodes[LEAVES / 256 + 1]; /* height 8 */
    struct hash high[LEAVES / 65536 + 1];
    uint32_t reads_count;
    enum status failure;
};

static struct grove grove;

static enum status read_grove(void *context, uint32_t height, uint64_t index, struct hash *ret_hash)
{
    struct grove *from = context;

    from->reads_count++;
    if (from->failure != STATUS_OK) {
        return from->failure;
    }
    assert_true(height == 0 || height == 8 || height == 16);
    assert_true((index + 1) << height <= from->size);
    *ret_hash = height == 0   ? from->leaves[index]
                : height == 8 ? from->nodes[index]
                              : from->high[index];
    return STATUS_OK;
}

static const struct tree_source source = {.context = &grove, .read = read_grove};

static void grow(uint64_t size)
{
    struct tree_frontier frontier = {.size = 0};

    grove = (struct grove){.size = size};
    for (uint64_t i = 0; i < size; i++) {
        char text[32];
        struct tree_completed completed;
        const int count = snprintf(text, sizeof(text), "{\"seq\":%u}", (unsigned)i);
        grove.leaves[i] = tree_leaf(bytes_from(text, (size_t)count));
        tree_append(&frontier, &grove.leaves[i], &completed);
        if (completed.nodes_count > 0) {
            grove.nodes[i / 256] = completed.nodes[0];
        }
        if (completed.nodes_count > 1) {
            grove.high[i / 65536] = completed.nodes[1];
        }
    }
}

static struct hash hash64(const char *text)
{
    struct hash hash;

    assert_status(STATUS_OK, base64_decode_hash(bytes_from_string(text), &hash));
    return hash;
}

/* The definition, word for word, at most 64 deep. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static struct hash slow_root(const struct hash *leaves, uint64_t count)
{
    if (count == 0) {
        return tree_root_empty();
    }
    if (count == 1) {
        return leaves[0];
    }
    uint64_t split = 1;
    while (split * 2 < count) {
        split *= 2;
    }
    const struct hash left = slow_root(leaves, split);
    const struct hash right = slow_root(leaves + split, count - split);
    return tree_node(&left, &right);
}

static void roots_are_those_of_another_program(void **state)
{
    static const struct {
        uint64_t size;
        const char *root;
    } known[] = {{0, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
                 {1, "pAKw429aroVFc2D88AolRbh91H8xBVPnsNMtbQrEQA0="},
                 {2, "/FLXGjaKeY/Zbsflt+5fj5/dEMf/mrFGxOrB5qChsQo="},
                 {3, "PbZ2Ze6owm3jQWaMHTGZ9h3kt4CoKFaaiYzkjCjZMfM="},
                 {255, "G+BNPssOJ2Ep+u31jZQ6wTv5YAfcuSOrc/+eowNVbIw="},
                 {256, "seEZrOo8AgMvfp4xtjKwHzWwoh0carRqr3DlKeWyNcc="},
                 {257, "PGbXf4xtvtpwT4OmeDlDIwP7bgE4V0agSOWlZaBly/Y="},
                 {300, "15eSMC/lwjZ4KVhvRRw/knYQ5R2oXVBQoubvHYTzzq8="}};

    (void)state;
    grow(300);
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        const struct hash expected = hash64(known[i].root);
        struct hash root;
        assert_status(STATUS_OK, tree_root(&source, known[i].size, &root));
        assert_true(hash_equal(&expected, &root));
    }
}

static void leaves_have_a_prefix_of_their_own(void **state)
{
    (void)state;
    assert_hash("a402b0e36f5aae85457360fcf00a2545b87dd47f310553e7b0d32d6d0ac4400d",
                tree_leaf(bytes_from_string("{\"seq\":0}")));
}

static void every_root_follows_the_definition(void **state)
{
    (void)state;
    grow(700);
    for (uint64_t size = 0; size <= 700; size++) {
        const struct hash expected = slow_root(grove.leaves, size);
        struct hash root;
        struct tree_frontier frontier;
        assert_status(STATUS_OK, tree_root(&source, size, &root));
        assert_true(hash_equal(&expected, &root));
        assert_status(STATUS_OK, tree_frontier_at(&source, size, &frontier));
        root = tree_frontier_root(&frontier);
        assert_true(hash_equal(&expected, &root));
    }
}

static void a_large_root_takes_few_reads(void **state)
{
    struct hash root;

    (void)state;
    grow(LEAVES);
    const struct hash expected = slow_root(grove.leaves, LEAVES);
    grove.reads_count = 0;
    assert_status(STATUS_OK, tree_root(&source, LEAVES, &root));
    assert_true(hash_equal(&expected, &root));
    assert_in_range(grove.reads_count, 1, 3 * 255);
}

static void a_frontier_continues(void **state)
{
    struct tree_frontier frontier;
    struct tree_completed completed;

    (void)state;
    grow(600);
    assert_status(STATUS_OK, tree_frontier_at(&source, 311, &frontier));
    for (uint64_t i = 311; i < 600; i++) {
        tree_append(&frontier, &grove.leaves[i], &completed);
        assert_int_equal((i + 1) % 256 == 0, completed.nodes_count);
    }
    const struct hash expected = slow_root(grove.leaves, 600);
    const struct hash root = tree_frontier_root(&frontier);
    assert_true(hash_equal(&expected, &root));
}

static void inclusion_is_proved_and_nothing_else(void **state)
{
    (void)state;
    grow(300);
    for (uint64_t size = 1; size <= 300; size += size < 70 ? 1 : 23) {
        struct hash root;
        assert_status(STATUS_OK, tree_root(&source, size, &root));
        for (uint64_t index = 0; index < size; index++) {
            const struct tree_inclusion inclusion = {.index = index, .size = size};
            struct tree_inclusion other = {.index = index + 1, .size = size};
            const struct hash *leaf = &grove.leaves[index];
            struct tree_proof proof;
            assert_status(STATUS_OK, tree_prove_inclusion(&source, inclusion, &proof));
            assert_status(STATUS_OK, tree_check_inclusion(inclusion, leaf, &proof, &root));
            assert_status(STATUS_REFUSED, tree_check_inclusion(other, leaf, &proof, &root));
            proof.hashes[proof.hashes_count] = root;
            proof.hashes_count++;
            assert_status(STATUS_REFUSED, tree_check_inclusion(inclusion, leaf, &proof, &root));
            proof.hashes_count--;
            if (proof.hashes_count > 0) {
                proof.hashes[proof.hashes_count - 1].bytes[31] ^= 1;
                assert_status(STATUS_REFUSED, tree_check_inclusion(inclusion, leaf, &proof, &root));
                proof.hashes[proof.hashes_count - 1].bytes[31] ^= 1;
                proof.hashes_count--;
                assert_status(STATUS_REFUSED, tree_check_inclusion(inclusion, leaf, &proof, &root));
            }
        }
    }
}

static void growth_is_proved_and_nothing_else(void **state)
{
    (void)state;
    grow(300);
    for (uint64_t size = 0; size <= 300; size += size < 40 ? 1 : 13) {
        struct hash root;
        assert_status(STATUS_OK, tree_root(&source, size, &root));
        for (uint64_t old_size = 0; old_size <= size; old_size++) {
            const struct tree_growth growth = {.old_size = old_size, .size = size};
            struct hash old_root;
            struct tree_proof proof;
            assert_status(STATUS_OK, tree_root(&source, old_size, &old_root));
            assert_status(STATUS_OK, tree_prove_growth(&source, growth, &proof));
            assert_status(STATUS_OK, tree_check_growth(growth, &old_root, &root, &proof));
            proof.hashes[proof.hashes_count++] = root;
            assert_status(STATUS_REFUSED, tree_check_growth(growth, &old_root, &root, &proof));
            proof.hashes_count--;
            old_root.bytes[0] ^= 1;
            assert_status(STATUS_REFUSED, tree_check_growth(growth, &old_root, &root, &proof));
            old_root.bytes[0] ^= 1;
            if (proof.hashes_count > 0) {
                proof.hashes[0].bytes[7] ^= 1;
                assert_status(STATUS_REFUSED, tree_check_growth(growth, &old_root, &root, &proof));
                proof.hashes[0].bytes[7] ^= 1;
                proof.hashes_count--;
                assert_status(STATUS_REFUSED, tree_check_growth(growth, &old_root, &root, &proof));
            }
        }
    }
}

static void the_known_growth_is_one_hash(void **state)
{
    const struct tree_growth growth = {.old_size = 256, .size = 300};
    const struct hash expected = hash64("6odc/AMPCnLM8oSlYn9ZW7o2tlycZewQWPpejqaLQo4=");
    struct tree_proof proof;

    (void)state;
    grow(300);
    assert_status(STATUS_OK, tree_prove_growth(&source, growth, &proof));
    assert_int_equal(1, proof.hashes_count);
    assert_true(hash_equal(&expected, &proof.hashes[0]));
}

static void a_failed_read_is_handed_on(void **state)
{
    struct hash root;
    struct tree_proof proof;

    (void)state;
    grow(300);
    grove.failure = STATUS_CORRUPT;
    assert_status(STATUS_CORRUPT, tree_root(&source, 300, &root));
    assert_status(
        STATUS_CORRUPT,
        tree_prove_inclusion(&source, (struct tree_inclusion){.index = 3, .size = 300}, &proof));
    assert_status(
        STATUS_CORRUPT,
        tree_prove_growth(&source, (struct tree_growth){.old_size = 3, .size = 300}, &proof));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_are_those_of_another_program),
        cmocka_unit_test(leaves_have_a_prefix_of_their_own),
        cmocka_unit_test(every_root_follows_the_definition),
        cmocka_unit_test(a_large_root_takes_few_reads),
        cmocka_unit_test(a_frontier_continues),
        cmocka_unit_test(inclusion_is_proved_and_nothing_else),
        cmocka_unit_test(growth_is_proved_and_nothing_else),
        cmocka_unit_test(the_known_growth_is_one_hash),
        cmocka_unit_test(a_failed_read_is_handed_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
