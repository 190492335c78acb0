/* SPDX-License-Identifier: Apache-2.0 */
/* relay/base/digest.h: Keccak-256 (chains) and SHA-256 (journal, state digests).
 *
 * Keccak is nettle's permutation with the pre-NIST padding byte 0x01 (OpenSSL 3.0 has none).
 * Threads: none; a context belongs to its caller. */
#ifndef SLUICE_RELAY_BASE_DIGEST_H
#define SLUICE_RELAY_BASE_DIGEST_H

#include <nettle/sha2.h>
#include <nettle/sha3.h>

#include "relay/base/bytes.h"

struct keccak {
    struct sha3_state state;
    uint8_t block[136];
    size_t block_bytes;
};

void keccak_init(struct keccak *keccak);
void keccak_update(struct keccak *keccak, struct bytes bytes);
struct hash keccak_finish(struct keccak *keccak);
struct hash keccak256(struct bytes bytes);
/* keccak256(left || right), the node hash of Hyperlane's tree. */
struct hash keccak256_pair(const struct hash *left, const struct hash *right);

struct sha2 {
    struct sha256_ctx context;
};

void sha2_init(struct sha2 *sha2);
void sha2_update(struct sha2 *sha2, struct bytes bytes);
struct hash sha2_finish(struct sha2 *sha2);
struct hash sha2_of(struct bytes bytes);

#endif
