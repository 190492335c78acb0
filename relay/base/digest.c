/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/base/digest.h"

#include <string.h>

#include "relay/base/check.h"

void keccak_init(struct keccak *keccak)
{
    memset(keccak, 0, sizeof(*keccak));
}

/* The state is 25 little-endian lanes; a block is XORed into the first 17 of them. */
static void keccak_absorb(struct keccak *keccak, const uint8_t *block)
{
    for (size_t lane = 0; lane < sizeof(keccak->block) / 8; lane++) {
        uint64_t word = 0;
        for (size_t i = 0; i < 8; i++) {
            word |= (uint64_t)block[8 * lane + i] << (8 * i);
        }
        keccak->state.a[lane] ^= word;
    }
    sha3_permute(&keccak->state);
}

void keccak_update(struct keccak *keccak, struct bytes bytes)
{
    CHECK(keccak->block_bytes < sizeof(keccak->block));
    while (bytes.count > 0) {
        const size_t room = sizeof(keccak->block) - keccak->block_bytes;
        const size_t taken = bytes.count < room ? bytes.count : room;

        memcpy(keccak->block + keccak->block_bytes, bytes.data, taken);
        keccak->block_bytes += taken;
        bytes = bytes_from(bytes.data + taken, bytes.count - taken);
        if (keccak->block_bytes == sizeof(keccak->block)) {
            keccak_absorb(keccak, keccak->block);
            keccak->block_bytes = 0;
        }
    }
}

struct hash keccak_finish(struct keccak *keccak)
{
    struct hash hash;

    /* Padding of the original Keccak submission: 0x01 ... 0x80, where SHA-3 has 0x06. */
    memset(keccak->block + keccak->block_bytes, 0, sizeof(keccak->block) - keccak->block_bytes);
    keccak->block[keccak->block_bytes] = 0x01;
    keccak->block[sizeof(keccak->block) - 1] |= 0x80;
    keccak_absorb(keccak, keccak->block);
    for (size_t i = 0; i < sizeof(hash.bytes); i++) {
        hash.bytes[i] = (uint8_t)(keccak->state.a[i / 8] >> (8 * (i % 8)));
    }
    return hash;
}

struct hash keccak256(struct bytes bytes)
{
    struct keccak keccak;

    keccak_init(&keccak);
    keccak_update(&keccak, bytes);
    return keccak_finish(&keccak);
}

struct hash keccak256_pair(const struct hash *left, const struct hash *right)
{
    uint8_t both[64];

    memcpy(both, left->bytes, 32);
    memcpy(both + 32, right->bytes, 32);
    return keccak256(bytes_from(both, sizeof(both)));
}

void sha2_init(struct sha2 *sha2)
{
    nettle_sha256_init(&sha2->context);
}

void sha2_update(struct sha2 *sha2, struct bytes bytes)
{
    if (bytes.count > 0) {
        nettle_sha256_update(&sha2->context, bytes.count, bytes.data);
    }
}

struct hash sha2_finish(struct sha2 *sha2)
{
    struct hash hash;

    nettle_sha256_digest(&sha2->context, sizeof(hash.bytes), hash.bytes);
    return hash;
}

struct hash sha2_of(struct bytes bytes)
{
    struct sha2 sha2;

    sha2_init(&sha2);
    sha2_update(&sha2, bytes);
    return sha2_finish(&sha2);
}
