/* SPDX-License-Identifier: Apache-2.0 */
/* relay/base/pack.h: plain big-endian packing for keys, rows and digests.
 *
 * A packer writes into memory the caller gave and remembers the first failure, so that a run of
 * writes is checked once at the end; an unpacker reads likewise. Big-endian, so that keys sort as
 * their numbers do. Threads: none. */
#ifndef SLUICE_RELAY_BASE_PACK_H
#define SLUICE_RELAY_BASE_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "relay/base/amount.h"
#include "relay/base/bytes.h"
#include "relay/base/instant.h"

struct packer {
    struct buffer buffer;
    bool overrun; /* a write did not fit; nothing after it was written */
};

struct unpacker {
    struct bytes rest;
    bool underrun; /* a read went past the end or met an impossible value; reads return zeros */
};

struct packer packer_from(void *memory, size_t capacity);
void pack_u8(struct packer *packer, uint8_t value);
void pack_u16(struct packer *packer, uint16_t value);
void pack_u32(struct packer *packer, uint32_t value);
void pack_u64(struct packer *packer, uint64_t value);
void pack_bool(struct packer *packer, bool value);
void pack_hash(struct packer *packer, const struct hash *value);
void pack_address(struct packer *packer, const struct address *value);
void pack_amount(struct packer *packer, const struct amount *value);
void pack_instant(struct packer *packer, struct instant value);
void pack_raw(struct packer *packer, struct bytes value);   /* bytes alone */
void pack_bytes(struct packer *packer, struct bytes value); /* u32 count, then bytes */
/* The bytes written; CHECKs that nothing overran. Borrowed until the packer's memory changes. */
struct bytes packer_finish(const struct packer *packer);

struct unpacker unpacker_from(struct bytes bytes);
uint8_t unpack_u8(struct unpacker *unpacker);
uint16_t unpack_u16(struct unpacker *unpacker);
uint32_t unpack_u32(struct unpacker *unpacker);
uint64_t unpack_u64(struct unpacker *unpacker);
bool unpack_bool(struct unpacker *unpacker); /* any byte but 0 and 1 is an underrun */
struct hash unpack_hash(struct unpacker *unpacker);
struct address unpack_address(struct unpacker *unpacker);
struct amount unpack_amount(struct unpacker *unpacker);
struct instant unpack_instant(struct unpacker *unpacker);
struct bytes unpack_raw(struct unpacker *unpacker, size_t count); /* borrowed from the input */
struct bytes unpack_bytes(struct unpacker *unpacker);             /* borrowed from the input */
/* True when every read succeeded and nothing is left over. */
bool unpacker_is_done(const struct unpacker *unpacker);

#endif
