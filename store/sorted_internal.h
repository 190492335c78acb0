/* SPDX-License-Identifier: Apache-2.0 */
/* store/sorted_internal.h: keys in order, in memory, for the memory backend alone.
 *
 * A list of chunks of at most SORTED_CHUNK_SLOTS entries each: a search is two binary searches, an
 * insertion moves half a chunk at most. Running out of memory is a CHECK.
 * Threads: none. */
#ifndef SLUICE_STORE_SORTED_INTERNAL_H
#define SLUICE_STORE_SORTED_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay/base/bytes.h"

#define SORTED_CHUNK_SLOTS 256u

struct sorted_entry {
    uint32_t key_count;
    uint32_t value_count;
    uint8_t data[]; /* key, then value */
};

struct sorted_chunk;

struct sorted {
    struct sorted_chunk **chunks;
    size_t chunks_count;
    size_t chunks_capacity;
    size_t count;
};

/* Owned by the caller until sorted_put. */
struct sorted_entry *sorted_entry_new(struct bytes key, struct bytes value);
struct bytes sorted_entry_key(const struct sorted_entry *entry);
struct bytes sorted_entry_value(const struct sorted_entry *entry);

void sorted_deinit(struct sorted *sorted); /* an empty one is all zero */
/* NULL when there is none. Borrowed until the next change. */
const struct sorted_entry *sorted_get(const struct sorted *sorted, struct bytes key);
/* The first entry whose key is not below `key`; NULL when there is none. */
const struct sorted_entry *sorted_seek(const struct sorted *sorted, struct bytes key);
/* Moves `entry` in; one with the same key is replaced and freed. */
void sorted_put(struct sorted *sorted, struct sorted_entry *entry);
void sorted_remove(struct sorted *sorted, struct bytes key); /* absent: nothing happens */

#endif
