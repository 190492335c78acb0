/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/base/digest.h"
#include "tests/support/unit.h"

/* Known answers: the Keccak team's empty and "abc" digests of the submission padding, and two
 * that every Ethereum library names. */
static void keccak_known_answers(void **state)
{
    (void)state;
    assert_hash("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
                keccak256(bytes_from_string("")));
    assert_hash("4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45",
                keccak256(bytes_from_string("abc")));
    assert_hash("4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15",
                keccak256(bytes_from_string("The quick brown fox jumps over the lazy dog")));
    assert_hash("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
                keccak256(bytes_from_string("Transfer(address,address,uint256)")));
}

/* FIPS 180-4 examples. */
static void sha256_known_answers(void **state)
{
    (void)state;
    assert_hash("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                sha2_of(bytes_from_string("")));
    assert_hash("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                sha2_of(bytes_from_string("abc")));
    assert_hash(
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        sha2_of(bytes_from_string("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")));
}

/* Around the block of 136 bytes: however the input is cut, the digest is the same. */
static void cutting_the_input_changes_nothing(void **state)
{
    (void)state;
    uint8_t input[300];

    for (size_t i = 0; i < sizeof(input); i++) {
        input[i] = (uint8_t)(i * 7);
    }
    for (size_t count = 0; count <= sizeof(input); count++) {
        const struct hash keccak_whole = keccak256(bytes_from(input, count));
        const struct hash sha2_whole = sha2_of(bytes_from(input, count));
        for (size_t piece = 1; piece <= 137; piece += 17) {
            struct keccak keccak;
            struct sha2 sha2;
            keccak_init(&keccak);
            sha2_init(&sha2);
            for (size_t at = 0; at < count; at += piece) {
                const size_t taken = count - at < piece ? count - at : piece;
                keccak_update(&keccak, bytes_from(input + at, taken));
                sha2_update(&sha2, bytes_from(input + at, taken));
            }
            const struct hash keccak_cut = keccak_finish(&keccak);
            const struct hash sha2_cut = sha2_finish(&sha2);
            assert_true(hash_equal(&keccak_whole, &keccak_cut));
            assert_true(hash_equal(&sha2_whole, &sha2_cut));
        }
    }
}

/* A run of every length from 0 to 299, each digest hashed into one: a mistake at any length around
 * a block's end changes it. The answer is from a second implementation. */
static void every_length_around_a_block(void **state)
{
    (void)state;
    uint8_t input[300];
    struct keccak all;

    keccak_init(&all);
    for (size_t count = 0; count < sizeof(input); count++) {
        input[count] = (uint8_t)(count * 7);
        const struct hash one = keccak256(bytes_from(input, count));
        keccak_update(&all, bytes_from(one.bytes, sizeof(one.bytes)));
    }
    assert_hash("fbcdbdb72b14e83f5256544a2f1af4d3bf41852bc8439b45a52d36d294fa0e5f",
                keccak_finish(&all));
}

static void a_pair_is_its_concatenation(void **state)
{
    (void)state;
    const struct hash left = hash_filled(1);
    const struct hash right = hash_filled(2);
    uint8_t both[64];

    memset(both, 1, 32);
    memset(both + 32, 2, 32);
    const struct hash expected = keccak256(bytes_from(both, sizeof(both)));
    const struct hash actual = keccak256_pair(&left, &right);
    assert_true(hash_equal(&expected, &actual));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keccak_known_answers),
        cmocka_unit_test(sha256_known_answers),
        cmocka_unit_test(cutting_the_input_changes_nothing),
        cmocka_unit_test(every_length_around_a_block),
        cmocka_unit_test(a_pair_is_its_concatenation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
