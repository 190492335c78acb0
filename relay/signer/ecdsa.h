/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/ecdsa.h: secret keys of secp256k1 and what is done with them.
 *
 * Promises:
 *   1. Signing is deterministic (RFC 6979) with s in the lower half: the same digest gives the same
 *      65 bytes, so a lost reply is answered again without a second signature coming to exist.
 *   2. A signature is recovered and compared with its key before it is handed out, so that a fault
 *      of the machine releases nothing.
 *   3. A secret lives in memory of its own: locked where the system permits, outside core dumps,
 *      between guard pages, wiped when it is freed.
 *
 * Threads: one owner each. */
#ifndef SLUICE_RELAY_SIGNER_ECDSA_H
#define SLUICE_RELAY_SIGNER_ECDSA_H

#include "relay/base/bytes.h"
#include "relay/base/signature.h"

struct secret {
    uint8_t bytes[32];
};

/* A zeroed secret; ended by secret_free. NULL: no memory. */
struct secret *secret_new(void);
/* Wipes. Accepts NULL, returns NULL. */
struct secret *secret_free(struct secret *secret);
/* Overwrites memory that held a secret; never optimised away. */
void secret_wipe(void *memory, size_t count);

struct ecdsa; /* the library's tables, blinded with fresh randomness */

/* NULL: no memory or no randomness. */
struct ecdsa *ecdsa_new(void);
struct ecdsa *ecdsa_free(struct ecdsa *ecdsa);

/* Fills `secret` with a new key. STATUS_IO: no randomness. */
MUST_USE enum status ecdsa_generate(const struct ecdsa *ecdsa, struct secret *secret);
/* The EVM address of a key. STATUS_MALFORMED: zero, or not below the group's order. */
MUST_USE enum status ecdsa_address(const struct ecdsa *ecdsa, const struct secret *secret,
                                   struct address *ret_address);
/* STATUS_MALFORMED: as ecdsa_address. STATUS_CORRUPT: promise 2 stopped it. */
MUST_USE enum status ecdsa_sign(const struct ecdsa *ecdsa, const struct secret *secret,
                                const struct hash *digest, struct signature *ret_signature);
/* The same without looking at what came out, which takes three times as long as signing, so that
 * promise 2 does not hold: for journals that are made up, never for what goes to a chain. */
MUST_USE enum status ecdsa_sign_unchecked(const struct ecdsa *ecdsa, const struct secret *secret,
                                          const struct hash *digest,
                                          struct signature *ret_signature);

/* r and s as somebody else's key made them, with s in the lower half. STATUS_MALFORMED: one of them
 * is zero or not below the group's order. */
MUST_USE enum status ecdsa_lower(const uint8_t r_and_s[64], uint8_t ret_r_and_s[64]);
/* r and s of a signature in DER (RFC 3279 section 2.2.3), read strictly: shortest forms, nothing
 * behind it. STATUS_MALFORMED: it is none, or one of them is zero or not below the group's order.
 */
MUST_USE enum status ecdsa_read_der(struct bytes der, uint8_t ret_r_and_s[64]);

#endif
