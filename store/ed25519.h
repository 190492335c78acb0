/* SPDX-License-Identifier: Apache-2.0 */
/* store/ed25519.h: Ed25519 (RFC 8032) by OpenSSL, for the transparency log's signatures.
 *
 * Threads: any. Secrets belong to the caller, who wipes them. */
#ifndef SLUICE_STORE_ED25519_H
#define SLUICE_STORE_ED25519_H

#include "relay/base/bytes.h"

#define ED25519_KEY_BYTES       32u
#define ED25519_SIGNATURE_BYTES 64u

/* STATUS_NO_MEMORY: OpenSSL failed. */
MUST_USE enum status ed25519_public_key(const uint8_t seed[ED25519_KEY_BYTES],
                                        uint8_t ret_key[ED25519_KEY_BYTES]);
MUST_USE enum status ed25519_sign(const uint8_t seed[ED25519_KEY_BYTES], struct bytes message,
                                  uint8_t ret_signature[ED25519_SIGNATURE_BYTES]);
/* False also when OpenSSL has no memory: what was not verified is not good. */
bool ed25519_verify(const uint8_t key[ED25519_KEY_BYTES], struct bytes message,
                    const uint8_t signature[ED25519_SIGNATURE_BYTES]);

#endif
