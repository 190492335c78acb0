/* SPDX-License-Identifier: Apache-2.0 */
/* store/sha256.h against the standard's examples and against nettle, which shares nothing with it.
 */
#include "tests/support/unit.h"

#include "relay/base/digest.h"
#include "relay/base/prng.h"
#include "store/sha256.h"
#include "store/sha256_internal.h"

#define MESSAGES    64u
#define BYTES_MAX   400u /* more than six blocks */
#define ROUNDS      300u
#define NODES       33u
#define LONG_BYTES  1000000u
#define PREFIX_NODE 1u

static const enum sha256_way ways[] = {SHA256_SINGLE, SHA256_PAIRS};

/* Both ways, or the one that this processor can go. */
static size_t ways_count(void)
{
    if (!sha256_pair_is_possible()) {
        print_message("this processor has no instructions for SHA-256: pairs are not looked at\n");
        return 1;
    }
    assert_int_equal(sha256_way_best(), SHA256_PAIRS);
    return 2;
}

/* FIPS 180-4's own: "abc", two blocks of text, a million times "a"; and nothing. */
static void what_the_standard_says_comes_out(void **state)
{
    static uint8_t million[LONG_BYTES];
    static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    static const char *const expected[] = {
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"};
    const struct bytes messages[] = {bytes_from_string("abc"), bytes_from_string(two_blocks),
                                     bytes_from(million, sizeof(million)), bytes_from(NULL, 0)};
    struct hash hashes[4];

    (void)state;
    memset(million, 'a', sizeof(million));
    for (size_t way = 0; way < ways_count(); way++) {
        sha256_many(ways[way], messages, 4, hashes);
        for (size_t i = 0; i < 4; i++) {
            assert_hash(expected[i], hashes[i]);
        }
    }
    for (size_t i = 0; i < 4; i++) {
        assert_hash(expected[i], sha256_of(messages[i]));
    }
}

static void each_length_is_hashed_as_another_library_does(void **state)
{
    static uint8_t bytes[BYTES_MAX];
    struct prng prng = prng_from(1);

    (void)state;
    prng_fill(&prng, bytes, sizeof(bytes));
    for (size_t count = 0; count < BYTES_MAX; count++) {
        const struct bytes message = bytes_from(bytes, count);
        const struct hash expected = sha2_of(message);
        const struct hash found = sha256_of(message);
        assert_true(hash_equal(&expected, &found));
        if (count > 0) {
            const struct hash behind = sha256_of_behind(bytes[0], bytes_from(bytes + 1, count - 1));
            assert_true(hash_equal(&expected, &behind));
        }
    }
}

/* Lengths that differ, so that the streams end at different times, and any number of messages. */
static void many_are_hashed_as_each_alone(void **state)
{
    static uint8_t bytes[MESSAGES][BYTES_MAX];
    struct prng prng = prng_from(2);

    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct bytes messages[MESSAGES];
        struct hash hashes[MESSAGES];
        const uint32_t count = (uint32_t)prng_below(&prng, MESSAGES + 1);
        for (uint32_t i = 0; i < count; i++) {
            const size_t length = (size_t)prng_below(&prng, round % 2 == 0 ? BYTES_MAX : 70);
            prng_fill(&prng, bytes[i], length);
            messages[i] = bytes_from(bytes[i], length);
        }
        for (size_t way = 0; way < ways_count(); way++) {
            memset(hashes, 0, sizeof(hashes));
            sha256_many(ways[way], messages, count, hashes);
            for (uint32_t i = 0; i < count; i++) {
                const struct hash expected = sha2_of(messages[i]);
                assert_true(hash_equal(&expected, &hashes[i]));
            }
        }
    }
}

static void nodes_are_those_over_their_children(void **state)
{
    struct prng prng = prng_from(3);
    struct hash children[2 * NODES];

    (void)state;
    for (uint32_t count = 0; count <= NODES; count++) {
        struct hash expected[NODES];
        prng_fill(&prng, children[0].bytes, sizeof(children));
        for (uint32_t i = 0; i < count; i++) {
            uint8_t message[65] = {PREFIX_NODE};
            memcpy(message + 1, children[2 * i].bytes, 32);
            memcpy(message + 33, children[2 * i + 1].bytes, 32);
            expected[i] = sha2_of(bytes_from(message, sizeof(message)));
        }
        for (size_t way = 0; way < ways_count(); way++) {
            struct hash nodes[2 * NODES];
            memcpy(nodes, children, sizeof(children));
            sha256_nodes(ways[way], nodes, count, nodes); /* where the children were */
            assert_memory_equal(expected, nodes, count * sizeof(struct hash));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_standard_says_comes_out),
        cmocka_unit_test(each_length_is_hashed_as_another_library_does),
        cmocka_unit_test(many_are_hashed_as_each_alone),
        cmocka_unit_test(nodes_are_those_over_their_children),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
