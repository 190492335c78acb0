/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/base/signature.h"

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"

bool signature_is_zero(const struct signature *signature)
{
    static const struct signature zero;

    return memcmp(signature->bytes, zero.bytes, sizeof(zero.bytes)) == 0;
}

enum status signature_recover(const struct hash *digest, const struct signature *signature,
                              struct address *ret_signer)
{
    const secp256k1_context *context = secp256k1_context_static;
    secp256k1_ecdsa_recoverable_signature recoverable;
    secp256k1_ecdsa_signature plain;
    secp256k1_pubkey key;
    uint8_t point[65];
    size_t point_bytes = sizeof(point);
    const int recovery_id = signature->bytes[64] - 27;

    if (recovery_id != 0 && recovery_id != 1) {
        return STATUS_MALFORMED;
    }
    if (!secp256k1_ecdsa_recoverable_signature_parse_compact(context, &recoverable,
                                                             signature->bytes, recovery_id)) {
        return STATUS_MALFORMED;
    }
    /* A high s is refused: OpenZeppelin's ECDSA.recover reverts on it, so the chain would. */
    secp256k1_ecdsa_recoverable_signature_convert(context, &plain, &recoverable);
    if (secp256k1_ecdsa_signature_normalize(context, NULL, &plain)) {
        return STATUS_MALFORMED;
    }
    if (!secp256k1_ecdsa_recover(context, &key, &recoverable, digest->bytes)) {
        return STATUS_MALFORMED;
    }
    CHECK(secp256k1_ec_pubkey_serialize(context, point, &point_bytes, &key,
                                        SECP256K1_EC_UNCOMPRESSED));
    const struct hash hash = keccak256(bytes_from(point + 1, 64));
    *ret_signer = address_from_evm(hash.bytes + 12);
    return STATUS_OK;
}
