/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/ecdsa.h"

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"

#define PUBLIC_KEY_BYTES 65u
#define DRAWS_MAX        16u /* a draw misses the group with a chance of 2^-128 */

struct ecdsa {
    secp256k1_context *context;
};

struct secret *secret_new(void)
{
    if (sodium_init() < 0) {
        return NULL;
    }
    struct secret *secret = sodium_malloc(sizeof(*secret));
    if (secret != NULL) {
        memset(secret, 0, sizeof(*secret));
    }
    return secret;
}

struct secret *secret_free(struct secret *secret)
{
    sodium_free(secret);
    return NULL;
}

void secret_wipe(void *memory, size_t count)
{
    sodium_memzero(memory, count);
}

struct ecdsa *ecdsa_new(void)
{
    uint8_t seed[32];
    struct ecdsa *ecdsa = calloc(1, sizeof(*ecdsa));
    if (ecdsa == NULL || sodium_init() < 0) {
        goto fail;
    }
    ecdsa->context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    if (ecdsa->context == NULL) {
        goto fail;
    }
    randombytes_buf(seed, sizeof(seed));
    const int blinded = secp256k1_context_randomize(ecdsa->context, seed);
    secret_wipe(seed, sizeof(seed));
    if (blinded != 1) {
        goto fail;
    }
    return ecdsa;

fail:
    return ecdsa_free(ecdsa);
}

struct ecdsa *ecdsa_free(struct ecdsa *ecdsa)
{
    if (ecdsa != NULL) {
        if (ecdsa->context != NULL) {
            secp256k1_context_destroy(ecdsa->context);
        }
        free(ecdsa);
    }
    return NULL;
}

enum status ecdsa_generate(const struct ecdsa *ecdsa, struct secret *secret)
{
    for (uint32_t i = 0; i < DRAWS_MAX; i++) {
        randombytes_buf(secret->bytes, sizeof(secret->bytes));
        if (secp256k1_ec_seckey_verify(ecdsa->context, secret->bytes) == 1) {
            return STATUS_OK;
        }
    }
    secret_wipe(secret, sizeof(*secret));
    return STATUS_IO;
}

enum status ecdsa_address(const struct ecdsa *ecdsa, const struct secret *secret,
                          struct address *ret_address)
{
    secp256k1_pubkey point;
    uint8_t written[PUBLIC_KEY_BYTES];
    size_t written_bytes = sizeof(written);
    if (secp256k1_ec_pubkey_create(ecdsa->context, &point, secret->bytes) != 1) {
        return STATUS_MALFORMED;
    }
    const int done = secp256k1_ec_pubkey_serialize(ecdsa->context, written, &written_bytes, &point,
                                                   SECP256K1_EC_UNCOMPRESSED);
    CHECK(done == 1);
    CHECK(written_bytes == PUBLIC_KEY_BYTES);
    /* The address is the hash's tail; the first byte only says "uncompressed". */
    const struct hash hash = keccak256(bytes_from(written + 1, PUBLIC_KEY_BYTES - 1));
    *ret_address = address_from_evm(hash.bytes + 12);
    return STATUS_OK;
}

enum status ecdsa_sign_unchecked(const struct ecdsa *ecdsa, const struct secret *secret,
                                 const struct hash *digest, struct signature *ret_signature)
{
    secp256k1_ecdsa_recoverable_signature point;
    struct signature signature;
    int recovery_id = 0;
    /* No extra entropy: the default nonce function is RFC 6979, and the result has a low s. */
    if (secp256k1_ecdsa_sign_recoverable(ecdsa->context, &point, digest->bytes, secret->bytes, NULL,
                                         NULL) != 1) {
        return STATUS_MALFORMED;
    }
    const int done = secp256k1_ecdsa_recoverable_signature_serialize_compact(
        ecdsa->context, signature.bytes, &recovery_id, &point);
    CHECK(done == 1);
    /* Ids 2 and 3 mean that r wrapped around the order: unreachable in practice, and v has no way
     * to say it. */
    if (recovery_id != 0 && recovery_id != 1) {
        return STATUS_CORRUPT;
    }
    signature.bytes[64] = (uint8_t)(27 + recovery_id);
    *ret_signature = signature;
    return STATUS_OK;
}

enum status ecdsa_sign(const struct ecdsa *ecdsa, const struct secret *secret,
                       const struct hash *digest, struct signature *ret_signature)
{
    struct signature signature;
    struct address owner;
    struct address signer;
    enum status status = ecdsa_address(ecdsa, secret, &owner);
    if (status == STATUS_OK) {
        status = ecdsa_sign_unchecked(ecdsa, secret, digest, &signature);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = signature_recover(digest, &signature, &signer);
    if (status != STATUS_OK || !address_equal(&signer, &owner)) {
        return STATUS_CORRUPT;
    }
    *ret_signature = signature;
    return STATUS_OK;
}

static bool is_zero(const uint8_t number[32])
{
    static const uint8_t zero[32];

    return memcmp(number, zero, sizeof(zero)) == 0;
}

enum status ecdsa_lower(const uint8_t r_and_s[64], uint8_t ret_r_and_s[64])
{
    const secp256k1_context *context = secp256k1_context_static;
    secp256k1_ecdsa_signature signature;

    if (is_zero(r_and_s) || is_zero(r_and_s + 32) ||
        secp256k1_ecdsa_signature_parse_compact(context, &signature, r_and_s) != 1) {
        return STATUS_MALFORMED;
    }
    (void)secp256k1_ecdsa_signature_normalize(context, &signature, &signature);
    const int done = secp256k1_ecdsa_signature_serialize_compact(context, ret_r_and_s, &signature);
    CHECK(done == 1);
    return STATUS_OK;
}

enum status ecdsa_read_der(struct bytes der, uint8_t ret_r_and_s[64])
{
    const secp256k1_context *context = secp256k1_context_static;
    secp256k1_ecdsa_signature signature;
    uint8_t r_and_s[64];

    /* The library makes zeros of numbers that are negative or too large, and those are none. */
    if (der.count == 0 ||
        secp256k1_ecdsa_signature_parse_der(context, &signature, der.data, der.count) != 1) {
        return STATUS_MALFORMED;
    }
    const int done = secp256k1_ecdsa_signature_serialize_compact(context, r_and_s, &signature);
    CHECK(done == 1);
    if (is_zero(r_and_s) || is_zero(r_and_s + 32)) {
        return STATUS_MALFORMED;
    }
    memcpy(ret_r_and_s, r_and_s, sizeof(r_and_s));
    return STATUS_OK;
}
