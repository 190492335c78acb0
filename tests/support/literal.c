/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/literal.h"

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/hex.h"

struct hash hash_of(const char *hex)
{
    struct hash hash;
    const enum status status = hex_decode_hash(bytes_from_string(hex), &hash);

    CHECK(status == STATUS_OK);
    return hash;
}

struct address address_of(const char *hex)
{
    struct address address;
    const enum status status = hex_decode_address(bytes_from_string(hex), &address);

    CHECK(status == STATUS_OK);
    return address;
}

struct amount amount_of(const char *decimal)
{
    struct amount amount;
    const enum status status = amount_parse_decimal(bytes_from_string(decimal), &amount);

    CHECK(status == STATUS_OK);
    return amount;
}

struct hash hash_filled(uint8_t byte)
{
    struct hash hash;

    memset(hash.bytes, byte, sizeof(hash.bytes));
    return hash;
}

struct address evm_filled(uint8_t byte)
{
    uint8_t bytes[20];

    memset(bytes, byte, sizeof(bytes));
    return address_from_evm(bytes);
}

/* Made once and never freed: tests are one thread and end with their process. */
static const secp256k1_context *signing_context(void)
{
    static secp256k1_context *context;

    if (context == NULL) {
        context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    }
    CHECK(context != NULL);
    return context;
}

struct address test_key_address(uint8_t byte)
{
    const struct hash secret = hash_filled(byte);
    secp256k1_pubkey key;
    uint8_t point[65];
    size_t point_bytes = sizeof(point);
    const int made = secp256k1_ec_pubkey_create(signing_context(), &key, secret.bytes);

    CHECK(made == 1);
    (void)secp256k1_ec_pubkey_serialize(signing_context(), point, &point_bytes, &key,
                                        SECP256K1_EC_UNCOMPRESSED); /* cannot fail */
    const struct hash hash = keccak256(bytes_from(point + 1, 64));
    return address_from_evm(hash.bytes + 12);
}

struct signature test_key_sign(uint8_t byte, const struct hash *digest)
{
    const struct hash secret = hash_filled(byte);
    secp256k1_ecdsa_recoverable_signature recoverable;
    struct signature signature;
    int recovery_id = 0;
    const int made = secp256k1_ecdsa_sign_recoverable(signing_context(), &recoverable,
                                                      digest->bytes, secret.bytes, NULL, NULL);

    CHECK(made == 1);
    (void)secp256k1_ecdsa_recoverable_signature_serialize_compact(
        signing_context(), signature.bytes, &recovery_id, &recoverable); /* cannot fail */
    signature.bytes[64] = (uint8_t)(27 + recovery_id);
    return signature;
}
