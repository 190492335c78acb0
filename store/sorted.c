/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sorted_internal.h"

#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"

/* The first 8 bytes of the key beside the pointer: most comparisons end there. */
struct slot {
    uint64_t prefix;
    struct sorted_entry *entry;
};

struct sorted_chunk {
    uint32_t count; /* never 0 */
    struct slot slots[SORTED_CHUNK_SLOTS];
};

struct position {
    size_t chunk;
    uint32_t slot; /* may be one past the chunk's last */
};

struct sorted_entry *sorted_entry_new(struct bytes key, struct bytes value)
{
    struct sorted_entry *entry = malloc(sizeof(*entry) + key.count + value.count);

    CHECK(entry != NULL);
    CHECK(value.count <= UINT32_MAX);
    entry->key_count = (uint32_t)key.count;
    entry->value_count = (uint32_t)value.count;
    memcpy(entry->data, key.data, key.count);
    if (value.count > 0) {
        memcpy(entry->data + key.count, value.data, value.count);
    }
    return entry;
}

struct bytes sorted_entry_key(const struct sorted_entry *entry)
{
    return bytes_from(entry->data, entry->key_count);
}

struct bytes sorted_entry_value(const struct sorted_entry *entry)
{
    return bytes_from(entry->data + entry->key_count, entry->value_count);
}

/* Big-endian and padded with zeros, so that it compares as the bytes do. */
static uint64_t prefix_of(struct bytes key)
{
    uint64_t prefix = 0;

    for (size_t i = 0; i < 8; i++) {
        prefix = prefix << 8 | (i < key.count ? key.data[i] : 0);
    }
    return prefix;
}

/* Negative: the slot's key is below `key`. */
static int compare(const struct slot *slot, uint64_t prefix, struct bytes key)
{
    if (slot->prefix != prefix) {
        return slot->prefix < prefix ? -1 : 1;
    }
    return bytes_compare(sorted_entry_key(slot->entry), key);
}

/* Where `key` is or belongs: the last chunk that begins at or below it. */
static struct position find(const struct sorted *sorted, uint64_t prefix, struct bytes key)
{
    struct position position = {.chunk = 0, .slot = 0};
    size_t low = 0;
    size_t high = sorted->chunks_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (compare(&sorted->chunks[middle]->slots[0], prefix, key) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    position.chunk = low == 0 ? 0 : low - 1;
    if (sorted->chunks_count == 0) {
        return position;
    }
    const struct sorted_chunk *chunk = sorted->chunks[position.chunk];
    uint32_t first = 0;
    uint32_t last = chunk->count;
    while (first < last) {
        const uint32_t middle = first + (last - first) / 2;
        if (compare(&chunk->slots[middle], prefix, key) < 0) {
            first = middle + 1;
        } else {
            last = middle;
        }
    }
    position.slot = first;
    return position;
}

static bool is_at(const struct sorted *sorted, struct position position, uint64_t prefix,
                  struct bytes key)
{
    return sorted->chunks_count > 0 && position.slot < sorted->chunks[position.chunk]->count &&
           compare(&sorted->chunks[position.chunk]->slots[position.slot], prefix, key) == 0;
}

const struct sorted_entry *sorted_get(const struct sorted *sorted, struct bytes key)
{
    const uint64_t prefix = prefix_of(key);
    const struct position position = find(sorted, prefix, key);

    if (!is_at(sorted, position, prefix, key)) {
        return NULL;
    }
    return sorted->chunks[position.chunk]->slots[position.slot].entry;
}

const struct sorted_entry *sorted_seek(const struct sorted *sorted, struct bytes key)
{
    const struct position position = find(sorted, prefix_of(key), key);

    if (sorted->chunks_count == 0) {
        return NULL;
    }
    const struct sorted_chunk *chunk = sorted->chunks[position.chunk];
    if (position.slot < chunk->count) {
        return chunk->slots[position.slot].entry;
    }
    return position.chunk + 1 < sorted->chunks_count
               ? sorted->chunks[position.chunk + 1]->slots[0].entry
               : NULL;
}

static void insert_chunk(struct sorted *sorted, size_t index, struct sorted_chunk *chunk)
{
    if (sorted->chunks_count == sorted->chunks_capacity) {
        const size_t capacity = sorted->chunks_capacity == 0 ? 16 : 2 * sorted->chunks_capacity;
        struct sorted_chunk **chunks = realloc(sorted->chunks, capacity * sizeof(*chunks));
        CHECK(chunks != NULL);
        sorted->chunks = chunks;
        sorted->chunks_capacity = capacity;
    }
    memmove(&sorted->chunks[index + 1], &sorted->chunks[index],
            (sorted->chunks_count - index) * sizeof(sorted->chunks[0]));
    sorted->chunks[index] = chunk;
    sorted->chunks_count++;
}

static struct sorted_chunk *chunk_new(void)
{
    struct sorted_chunk *chunk = malloc(sizeof(*chunk));

    CHECK(chunk != NULL);
    chunk->count = 0;
    return chunk;
}

/* Moves the upper half of a full chunk into a new one. A chunk that is full because keys come in
 * order keeps all it has, so that such chunks end up full and not half full. */
static struct position split(struct sorted *sorted, struct position position)
{
    struct sorted_chunk *lower = sorted->chunks[position.chunk];
    struct sorted_chunk *upper = chunk_new();
    const uint32_t kept = position.slot == lower->count ? lower->count : lower->count / 2;

    upper->count = lower->count - kept;
    memcpy(upper->slots, lower->slots + kept, upper->count * sizeof(upper->slots[0]));
    lower->count = kept;
    insert_chunk(sorted, position.chunk + 1, upper);
    if (position.slot >= kept && (position.slot > kept || upper->count == 0)) {
        position.chunk++;
        position.slot -= kept;
    }
    return position;
}

void sorted_put(struct sorted *sorted, struct sorted_entry *entry)
{
    const struct bytes key = sorted_entry_key(entry);
    const uint64_t prefix = prefix_of(key);
    struct position position = find(sorted, prefix, key);

    if (sorted->chunks_count == 0) {
        insert_chunk(sorted, 0, chunk_new());
    }
    if (is_at(sorted, position, prefix, key)) {
        struct slot *slot = &sorted->chunks[position.chunk]->slots[position.slot];
        free(slot->entry);
        slot->entry = entry;
        return;
    }
    if (sorted->chunks[position.chunk]->count == SORTED_CHUNK_SLOTS) {
        position = split(sorted, position);
    }
    struct sorted_chunk *chunk = sorted->chunks[position.chunk];
    memmove(&chunk->slots[position.slot + 1], &chunk->slots[position.slot],
            (chunk->count - position.slot) * sizeof(chunk->slots[0]));
    chunk->slots[position.slot] = (struct slot){.prefix = prefix, .entry = entry};
    chunk->count++;
    sorted->count++;
}

void sorted_remove(struct sorted *sorted, struct bytes key)
{
    const uint64_t prefix = prefix_of(key);
    const struct position position = find(sorted, prefix, key);

    if (!is_at(sorted, position, prefix, key)) {
        return;
    }
    struct sorted_chunk *chunk = sorted->chunks[position.chunk];
    free(chunk->slots[position.slot].entry);
    chunk->count--;
    sorted->count--;
    memmove(&chunk->slots[position.slot], &chunk->slots[position.slot + 1],
            (chunk->count - position.slot) * sizeof(chunk->slots[0]));
    if (chunk->count == 0) {
        free(chunk);
        sorted->chunks_count--;
        memmove(&sorted->chunks[position.chunk], &sorted->chunks[position.chunk + 1],
                (sorted->chunks_count - position.chunk) * sizeof(sorted->chunks[0]));
    }
}

void sorted_deinit(struct sorted *sorted)
{
    for (size_t i = 0; i < sorted->chunks_count; i++) {
        for (uint32_t slot = 0; slot < sorted->chunks[i]->count; slot++) {
            free(sorted->chunks[i]->slots[slot].entry);
        }
        free(sorted->chunks[i]);
    }
    free(sorted->chunks);
    *sorted = (struct sorted){0};
}
