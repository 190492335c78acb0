/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "relay/base/digest.h"
#include "relay/base/prng.h"
#include "relay/hyperlane/merkle.h"
#include "tests/support/unit.h"

/* The leaves of the protocol's vectors/merkle.json are texts, hashed as personal messages. */
static struct hash leaf_of(const char *text)
{
    char message[128];
    const int count = snprintf(message, sizeof(message),
                               "\x19"
                               "Ethereum Signed Message:\n%zu%s",
                               strlen(text), text);

    assert_true(count > 0 && (size_t)count < sizeof(message));
    return keccak256(bytes_from(message, (size_t)count));
}

static struct merkle_tree tree_of(const char *const *texts, size_t count)
{
    struct merkle_tree tree;

    merkle_tree_init(&tree);
    for (size_t i = 0; i < count; i++) {
        const struct hash leaf = leaf_of(texts[i]);
        assert_status(STATUS_OK, merkle_tree_insert(&tree, &leaf));
    }
    return tree;
}

static void roots_are_the_protocols(void **state)
{
    (void)state;
    static const char *const few[] = {"one", "two", "three"};
    static const char *const with_empty[] = {"anna", "james", "", "luke", "erin"};
    static const char *const many[] = {
        "bacon",     "eye",        "we",         "ghost",   "listen",    "corn",
        "blonde",    "gutter",     "sanctuary",  "seat",    "generate",  "twist",
        "waterfall", "monster",    "elbow",      "flash",   "arrow",     "moment",
        "cheat",     "unity",      "steak",      "shelter", "camera",    "album",
        "bread",     "tease",      "sentence",   "tribe",   "miserable", "ridge",
        "guerrilla", "inhabitant", "suspicion",  "mosque",  "printer",   "land",
        "reliable",  "circle",     "first-hand", "time",    "content",   "management"};
    struct merkle_tree tree = tree_of(few, 0);

    assert_hash("27ae5ba08d7291c96c8cbddcc148bf48a6d68c7974b94356f53754ef6171d757",
                merkle_tree_root(&tree));
    tree = tree_of(few, 1);
    assert_hash("54fea87823728b754368018753f79a24e5f5cacee26c8785f3d33aabfd03372e",
                merkle_tree_root(&tree));
    tree = tree_of(few, 3);
    assert_hash("18f2f1646fee335a1eaf5191a8ce58ea772080057d0fda687df59c45e47e6f68",
                merkle_tree_root(&tree));
    tree = tree_of(with_empty, 5);
    assert_hash("1841827275d59b7515da81fb121637567b70ebd8b38ec5aadb51f4300976cba1",
                merkle_tree_root(&tree));
    tree = tree_of(many, 42);
    assert_hash("274d610098d8f109587e97c908cf549d129a14f5bad7eb10d36a427da97be6fc",
                merkle_tree_root(&tree));
}

static void a_proof_of_the_protocol_leads_to_its_root(void **state)
{
    (void)state;
    const struct hash leaf =
        hash_of("769dbf057c1b1544b7b4a9a4f98893cad73080764ad63ee83344312494dc296e");
    struct hash proof[MERKLE_DEPTH];

    for (uint32_t level = 0; level < MERKLE_DEPTH; level++) {
        proof[level] = merkle_zero(level);
    }
    proof[1] = hash_of("606fc91d919e5a5b5b0ce2a1b2f6d33355b39558b5a12a4b14c3a381b18769a2");
    assert_hash("18f2f1646fee335a1eaf5191a8ce58ea772080057d0fda687df59c45e47e6f68",
                merkle_branch_root(&leaf, proof, 2));
}

static void zeros_follow_from_each_other(void **state)
{
    (void)state;
    struct hash expected = hash_filled(0);

    for (uint32_t level = 0; level <= MERKLE_DEPTH; level++) {
        const struct hash zero = merkle_zero(level);
        assert_true(hash_equal(&zero, &expected));
        expected = keccak256_pair(&expected, &expected);
    }
}

/* Every leaf's proof, taken from whole levels, must lead to the incremental tree's root. */
static void whole_levels_agree_with_the_incremental_tree(void **state)
{
    (void)state;
    enum { LEAVES = 67 };
    static struct hash levels[8][128];
    struct prng prng = prng_from(6);
    struct merkle_tree tree;

    merkle_tree_init(&tree);
    for (uint32_t count = 1; count <= LEAVES; count++) {
        struct hash *leaf = &levels[0][count - 1];
        prng_fill(&prng, leaf->bytes, sizeof(leaf->bytes));
        assert_status(STATUS_OK, merkle_tree_insert(&tree, leaf));
        for (uint32_t level = 1; level < 8; level++) {
            for (uint32_t i = 0; i < 128u >> level; i++) {
                levels[level][i] =
                    keccak256_pair(&levels[level - 1][2 * i], &levels[level - 1][2 * i + 1]);
            }
        }
        const struct hash root = merkle_tree_root(&tree);
        for (uint32_t index = 0; index < count; index++) {
            struct hash proof[MERKLE_DEPTH];
            for (uint32_t level = 0; level < MERKLE_DEPTH; level++) {
                proof[level] = level < 7 ? levels[level][(index >> level) ^ 1] : merkle_zero(level);
            }
            const struct hash proved = merkle_branch_root(&levels[0][index], proof, index);
            assert_true(hash_equal(&proved, &root));
        }
    }
}

static void a_full_tree_takes_nothing_more(void **state)
{
    (void)state;
    struct merkle_tree tree;
    const struct hash leaf = hash_filled(7);

    merkle_tree_init(&tree);
    tree.count = MERKLE_LEAVES_MAX - 1;
    assert_status(STATUS_OK, merkle_tree_insert(&tree, &leaf));
    const struct merkle_tree before = tree;
    assert_status(STATUS_FULL, merkle_tree_insert(&tree, &leaf));
    assert_memory_equal(&before, &tree, sizeof(tree));
}

static void a_packed_tree_comes_back_and_goes_on(void **state)
{
    (void)state;
    struct merkle_tree tree;
    struct prng prng = prng_from(7);

    merkle_tree_init(&tree);
    for (uint32_t count = 0; count < 300; count++) {
        uint8_t memory[MERKLE_PACKED_BYTES_MAX];
        struct packer packer = packer_from(memory, sizeof(memory));
        merkle_tree_pack(&tree, &packer);
        struct unpacker unpacker = unpacker_from(packer_finish(&packer));
        struct merkle_tree again;
        merkle_tree_unpack(&unpacker, &again);
        assert_true(unpacker_is_done(&unpacker));
        assert_int_equal(packer.buffer.count, 4 + 32 * (unsigned)__builtin_popcount(tree.count));

        struct hash leaf;
        prng_fill(&prng, leaf.bytes, sizeof(leaf.bytes));
        assert_status(STATUS_OK, merkle_tree_insert(&tree, &leaf));
        assert_status(STATUS_OK, merkle_tree_insert(&again, &leaf));
        const struct hash root = merkle_tree_root(&tree);
        const struct hash root_again = merkle_tree_root(&again);
        assert_true(hash_equal(&root, &root_again));
    }
}

static void a_short_packed_tree_is_an_underrun(void **state)
{
    (void)state;
    uint8_t memory[4 + 32] = {0, 0, 0, 3};
    struct unpacker unpacker = unpacker_from(bytes_from(memory, sizeof(memory)));
    struct merkle_tree tree;

    merkle_tree_unpack(&unpacker, &tree);
    assert_true(unpacker.underrun);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_are_the_protocols),
        cmocka_unit_test(a_proof_of_the_protocol_leads_to_its_root),
        cmocka_unit_test(zeros_follow_from_each_other),
        cmocka_unit_test(whole_levels_agree_with_the_incremental_tree),
        cmocka_unit_test(a_full_tree_takes_nothing_more),
        cmocka_unit_test(a_packed_tree_comes_back_and_goes_on),
        cmocka_unit_test(a_short_packed_tree_is_an_underrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
