/* SPDX-License-Identifier: Apache-2.0 */
/* relay/base/bytes.h: runs of bytes: borrowed, fixed and growing inside given memory.
 *
 * Threads: none; the caller owns every object. Nothing here allocates. */
#ifndef SLUICE_RELAY_BASE_BYTES_H
#define SLUICE_RELAY_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay/base/status.h"

/* Bytes that belong to somebody else. Empty: count 0, data may be NULL. */
struct bytes {
    const uint8_t *data;
    size_t count;
};

/* Memory the caller gave, filled from the front. */
struct buffer {
    uint8_t *data;
    size_t count;
    size_t capacity;
};

/* A Keccak-256 or SHA-256 value: message ids, block and transaction hashes, roots, digests. */
struct hash {
    uint8_t bytes[32];
};

/* A Hyperlane address: 32 bytes on every chain; EVM addresses are left-padded with 12 zero bytes.
 */
struct address {
    uint8_t bytes[32];
};

struct bytes bytes_from(const void *data, size_t count);
struct bytes bytes_from_string(const char *text); /* without the final NUL; borrowed */
bool bytes_equal(struct bytes a, struct bytes b);
int bytes_compare(struct bytes a, struct bytes b); /* lexicographic; a prefix comes first */
bool bytes_have_prefix(struct bytes whole, struct bytes prefix);

bool hash_equal(const struct hash *a, const struct hash *b);
bool hash_is_zero(const struct hash *hash);
bool address_equal(const struct address *a, const struct address *b);
bool address_is_zero(const struct address *address);
/* True when the upper 12 bytes are zero, so that an EVM chain can hold it. */
bool address_is_evm(const struct address *address);
struct address address_from_evm(const uint8_t evm_address[20]);

struct buffer buffer_from(void *memory, size_t capacity);
struct bytes buffer_bytes(const struct buffer *buffer); /* borrowed until the buffer changes */
/* STATUS_FULL: no room; the buffer is unchanged. */
MUST_USE enum status buffer_append(struct buffer *buffer, struct bytes bytes);

#endif
