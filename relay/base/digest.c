/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/base/digest.h"

#include <string.h>

#include "relay/base/check.h"

void keccak_init(struct keccak *keccak)
{
    memset(keccak, 0, sizeof(*keccak));
}

/* Written out so that compilers make one load of it. */
static uint64_t load_le(const uint8_t *bytes)
{
    return (uint64_t)bytes[7] << 56 | (uint64_t)bytes[6] << 48 | (uint64_t)bytes[5] << 40 |
           (uint64_t)bytes[4] << 32 | (uint64_t)bytes[3] << 24 | (uint64_t)bytes[2] << 16 |
           (uint64_t)bytes[1] << 8 | (uint64_t)bytes[0];
}

/* The state is 25 little-endian lanes; a block is XORed into the first 17 of them. */
static void keccak_absorb(struct keccak *keccak, const uint8_t *block)
{
    for (size_t lane = 0; lane < sizeof(keccak->block) / 8; lane++) {
        keccak->state.a[lane] ^= load_le(block + 8 * lane);
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

static struct hash hash_of_state(const struct keccak *keccak)
{
    struct hash hash;

    for (size_t i = 0; i < sizeof(hash.bytes); i++) {
        hash.bytes[i] = (uint8_t)(keccak->state.a[i / 8] >> (8 * (i % 8)));
    }
    return hash;
}

struct hash keccak_finish(struct keccak *keccak)
{
    /* Padding of the original Keccak submission: 0x01 ... 0x80, where SHA-3 has 0x06. */
    memset(keccak->block + keccak->block_bytes, 0, sizeof(keccak->block) - keccak->block_bytes);
    keccak->block[keccak->block_bytes] = 0x01;
    keccak->block[sizeof(keccak->block) - 1] |= 0x80;
    keccak_absorb(keccak, keccak->block);
    return hash_of_state(keccak);
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
    struct keccak keccak;

    /* Half a block of known length goes straight into the state: trees are made of these. */
    keccak_init(&keccak);
    for (size_t i = 0; i < 4; i++) {
        keccak.state.a[i] = load_le(left->bytes + 8 * i);
        keccak.state.a[4 + i] = load_le(right->bytes + 8 * i);
    }
    keccak.state.a[8] = 0x01;
    keccak.state.a[sizeof(keccak.block) / 8 - 1] = UINT64_C(0x80) << 56;
    sha3_permute(&keccak.state);
    return hash_of_state(&keccak);
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
