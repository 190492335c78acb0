/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/hyperlane/checkpoint.h"
#include "tests/support/unit.h"

#define ORIGIN 1000u

static struct checkpoint example(void)
{
    return (struct checkpoint){
        .root = hash_filled(0x02), .index = 1, .message_id = hash_filled(0x03)};
}

/* vectors/domainHash.json of the protocol. */
static void domain_hashes_are_the_protocols(void **state)
{
    (void)state;
    const struct address hook = evm_filled(0x22);

    assert_hash("bbca56eb98960a4637eb40486d9a069550dd70d9c185ed138516e8e33cf3d7e7",
                checkpoint_domain_hash(1, &hook));
    assert_hash("a6a93d86d397028e41995d521ccbc270e6db2a2fc530dcb7f0135254f30c8424",
                checkpoint_domain_hash(2, &hook));
    assert_hash("ffb4fbe5142f55e07b5d44b3c7f565c5ef4b016551cbd7c23a92c91621aca06f",
                checkpoint_domain_hash(3, &hook));
}

/* Computed with independent implementations of Keccak and secp256k1; the protocol's own signed
 * vector is of a scheme without message ids and is stale. */
static void digest_is_of_the_scheme_with_message_ids(void **state)
{
    (void)state;
    const struct address hook = evm_filled(0x22);
    const struct checkpoint checkpoint = example();

    assert_hash("197f95a0a30ac3038701ed16eecf5e9a463373cfa7d3833bed9cf844c24650b9",
                checkpoint_domain_hash(ORIGIN, &hook));
    assert_hash("689ca1667aae65326e76c7386a22fef5ce626643c1d02f79a68120d03ae7403d",
                checkpoint_signing_hash(ORIGIN, &hook, &checkpoint));
    assert_hash("edd9dc8eb7e62bee0a4807884efc7e0dce99c07da1d3c4e4f173bcde96f11401",
                checkpoint_digest(ORIGIN, &hook, &checkpoint));
}

static struct signature example_signature(void)
{
    const struct hash r =
        hash_of("466d7fcae563e5cb09a0d1870bb580344804617879a14949cf22285f1bae3f27");
    const struct hash s =
        hash_of("14366602193ee27d5f13220db13edce0cec06dda90a2034a27f6a6caa7ed150a");
    struct signature signature;

    memcpy(signature.bytes, r.bytes, 32);
    memcpy(signature.bytes + 32, s.bytes, 32);
    signature.bytes[64] = 0x1b;
    return signature;
}

static void the_signer_is_recovered(void **state)
{
    (void)state;
    const struct address hook = evm_filled(0x22);
    const struct checkpoint checkpoint = example();
    const struct signature signature = example_signature();
    const struct address expected = address_of("19e7e376e7c213b7e7e7e46cc70a5dd086daff2a");
    struct address signer;

    assert_status(STATUS_OK, checkpoint_recover(ORIGIN, &hook, &checkpoint, &signature, &signer));
    assert_true(address_equal(&signer, &expected));
}

/* A signature must not verify when any part of what was signed is another one. */
static void every_part_is_bound(void **state)
{
    (void)state;
    const struct address hook = evm_filled(0x22);
    const struct address other_hook = evm_filled(0x23);
    const struct address expected = address_of("19e7e376e7c213b7e7e7e46cc70a5dd086daff2a");
    const struct signature signature = example_signature();
    struct checkpoint changed[3] = {example(), example(), example()};
    struct address signer;

    changed[0].root.bytes[31] ^= 1;
    changed[1].index++;
    changed[2].message_id.bytes[0] ^= 1;
    for (size_t i = 0; i < 3; i++) {
        const enum status status =
            checkpoint_recover(ORIGIN, &hook, &changed[i], &signature, &signer);
        assert_true(status == STATUS_MALFORMED || !address_equal(&signer, &expected));
    }
    const struct checkpoint same = example();
    enum status status = checkpoint_recover(ORIGIN + 1, &hook, &same, &signature, &signer);
    assert_true(status == STATUS_MALFORMED || !address_equal(&signer, &expected));
    status = checkpoint_recover(ORIGIN, &other_hook, &same, &signature, &signer);
    assert_true(status == STATUS_MALFORMED || !address_equal(&signer, &expected));
}

static void a_broken_signature_is_malformed(void **state)
{
    (void)state;
    const struct address hook = evm_filled(0x22);
    const struct checkpoint checkpoint = example();
    struct signature signature = example_signature();
    struct address signer;

    signature.bytes[64] = 0;
    assert_status(STATUS_MALFORMED,
                  checkpoint_recover(ORIGIN, &hook, &checkpoint, &signature, &signer));
}

static void announcement_digest_is_the_protocols(void **state)
{
    (void)state;
    const struct address mailbox = evm_filled(0x22);

    assert_hash(
        "a875d9adb9ffc89043e2e1f9a27487e5aae9603ef268de37ba9baa76199b6f12",
        announcement_digest(ORIGIN, &mailbox, bytes_from_string("s3://test-bucket/us-east-1")));
}

/* The expected digests are viem's, of the bytes that the reference relayer's servers check. */
static void lookup_digest_is_the_protocols(void **state)
{
    (void)state;
    const struct address sender = evm_filled(0x22);
    const struct bytes data = bytes_from("\x0b\xad\xc0\xde", 4);
    const struct bytes url = bytes_from_string("https://example.org/lookup");

    assert_hash("d6130ebbc6456ed5d93da6e058d63970b33061bc7adb0ca31a51a7c034176341",
                lookup_digest(&sender, data, url));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domain_hashes_are_the_protocols),
        cmocka_unit_test(digest_is_of_the_scheme_with_message_ids),
        cmocka_unit_test(the_signer_is_recovered),
        cmocka_unit_test(every_part_is_bound),
        cmocka_unit_test(a_broken_signature_is_malformed),
        cmocka_unit_test(announcement_digest_is_the_protocols),
        cmocka_unit_test(lookup_digest_is_the_protocols),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
