/* SPDX-License-Identifier: Apache-2.0 */
#include <secp256k1.h>

#include "relay/base/digest.h"
#include "tests/support/unit.h"

/* The key of the protocol's own signature vector. */
static void test_keys_have_their_known_addresses(void **state)
{
    (void)state;
    const struct address expected = address_of("19e7e376e7c213b7e7e7e46cc70a5dd086daff2a");
    const struct address actual = test_key_address(0x11);

    assert_true(address_equal(&expected, &actual));
}

static void the_signer_comes_back(void **state)
{
    (void)state;
    for (uint8_t key = 1; key < 20; key++) {
        const struct hash digest = keccak256(bytes_from(&key, 1));
        const struct signature signature = test_key_sign(key, &digest);
        const struct address expected = test_key_address(key);
        struct address signer;
        assert_status(STATUS_OK, signature_recover(&digest, &signature, &signer));
        assert_true(address_equal(&expected, &signer));

        const struct hash other = keccak256(bytes_from("other", 5));
        const enum status status = signature_recover(&other, &signature, &signer);
        assert_true(status == STATUS_MALFORMED || !address_equal(&expected, &signer));
    }
}

static void only_v_27_and_28_are_read(void **state)
{
    (void)state;
    const struct hash digest = hash_filled(0x44);
    const struct signature good = test_key_sign(3, &digest);
    struct address signer = evm_filled(0x99);
    const struct address kept = signer;

    for (unsigned v = 0; v < 256; v++) {
        if (v != 27 && v != 28) {
            struct signature bad = good;
            bad.bytes[64] = (uint8_t)v;
            assert_status(STATUS_MALFORMED, signature_recover(&digest, &bad, &signer));
        }
    }
    assert_true(address_equal(&signer, &kept));
}

/* s' = n - s with the other v recovers the same key in plain ECDSA; chains refuse it, and so must
 * we, or our quorum would count what the contract does not. */
static void a_high_s_is_refused(void **state)
{
    (void)state;
    const struct hash digest = hash_filled(0x44);
    struct signature high = test_key_sign(3, &digest);
    struct address signer;

    assert_status(STATUS_OK, signature_recover(&digest, &high, &signer));
    const int negated = secp256k1_ec_seckey_negate(secp256k1_context_static, high.bytes + 32);
    assert_int_equal(negated, 1);
    high.bytes[64] = (uint8_t)(27 + 28 - high.bytes[64]);
    assert_status(STATUS_MALFORMED, signature_recover(&digest, &high, &signer));
}

static void numbers_out_of_range_are_refused(void **state)
{
    (void)state;
    const struct hash digest = hash_filled(0x44);
    const struct signature good = test_key_sign(3, &digest);
    struct address signer;

    for (size_t half = 0; half < 2; half++) {
        struct signature bad = good;
        memset(bad.bytes + 32 * half, 0xff, 32); /* above the group order */
        assert_status(STATUS_MALFORMED, signature_recover(&digest, &bad, &signer));
        memset(bad.bytes + 32 * half, 0, 32);
        assert_status(STATUS_MALFORMED, signature_recover(&digest, &bad, &signer));
    }
    /* x = 5 is on no point of the curve. */
    struct signature bad = good;
    memset(bad.bytes, 0, 32);
    bad.bytes[31] = 5;
    assert_status(STATUS_MALFORMED, signature_recover(&digest, &bad, &signer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_have_their_known_addresses),
        cmocka_unit_test(the_signer_comes_back),
        cmocka_unit_test(only_v_27_and_28_are_read),
        cmocka_unit_test(a_high_s_is_refused),
        cmocka_unit_test(numbers_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
