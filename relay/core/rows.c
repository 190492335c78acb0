/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/rows.c: the overlay above the durable rows.
 *
 * Every change is an entry in a ring, oldest first, so that a batch is a run of the ring and what
 * became durable is dropped from its front; keys and values lie in a second ring in the same order.
 * Two indexes lead to the entries: a hash table from a key to its newest entry (reads), and a skip
 * list in key order, newest entry of a key first (seeks). The skip list's heights come from the
 * key's hash: no random numbers, and the results never depend on its shape. */
#include "relay/core/rows.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/limits.h"
#include "relay/base/pack.h"

#define LEVELS_MAX         8u /* a quarter of the nodes reach each next level: 4^8 entries */
#define BATCHES_SEALED_MAX 64u
#define NONE               UINT32_MAX
/* The end of the byte ring may be too short for the next record and is skipped. */
#define BYTES_SLACK (ROW_KEY_BYTES_MAX + ROW_VALUE_BYTES_MAX)

struct entry {
    uint8_t *key;
    uint8_t *value;
    uint64_t touched; /* fold round in which it was last changed */
    uint32_t hash;
    uint32_t value_count;
    uint32_t value_capacity;
    uint32_t newer; /* of the same key, in a later batch */
    uint32_t older;
    uint32_t bucket_next; /* of newest entries alone */
    uint32_t next[LEVELS_MAX];
    uint16_t key_count;
    uint8_t levels;
    bool removed;
};

struct batch {
    uint64_t entries_end; /* positions, which only grow; a slot is position % capacity */
    uint64_t bytes_end;
};

struct rows {
    struct row_source source;
    uint32_t changes_max;
    uint32_t buckets_mask;
    size_t bytes_capacity;
    struct entry *entries;
    uint32_t *buckets;
    uint8_t *bytes;
    uint32_t heads[LEVELS_MAX];
    uint64_t entries_first; /* oldest entry that is not durable */
    uint64_t entries_open;  /* first entry of the open batch */
    uint64_t entries_end;
    uint64_t bytes_first;
    uint64_t bytes_end;
    uint64_t sealed_first; /* oldest generation that is not durable */
    uint64_t sealed_end;   /* generation of the open batch */
    uint64_t fold_round;
    uint32_t touched_count;
    uint32_t touched[ROWS_PER_STEP_MAX];
    struct batch batches[BATCHES_SEALED_MAX];
    uint8_t seek_key[ROW_KEY_BYTES_MAX + 1];
};

static size_t align_up(size_t count)
{
    const size_t unit = _Alignof(max_align_t);
    return (count + unit - 1) / unit * unit;
}

static uint32_t buckets_count(uint32_t changes_max)
{
    uint32_t count = 1;

    while (count < changes_max) {
        count *= 2;
    }
    return count;
}

size_t rows_footprint(uint32_t changes_max, size_t bytes_max)
{
    CHECK(changes_max >= ROWS_PER_STEP_MAX);
    CHECK(changes_max <= UINT32_MAX / 4);
    return align_up(sizeof(struct rows)) + align_up(sizeof(struct entry) * changes_max) +
           align_up(sizeof(uint32_t) * buckets_count(changes_max)) + bytes_max + BYTES_SLACK;
}

static void forget_all(struct rows *rows)
{
    memset(rows->buckets, 0xff, sizeof(uint32_t) * ((size_t)rows->buckets_mask + 1));
    memset(rows->heads, 0xff, sizeof(rows->heads));
    rows->entries_first = rows->entries_end;
    rows->bytes_first = rows->bytes_end;
}

struct rows *rows_init(void *memory, uint32_t changes_max, size_t bytes_max,
                       struct row_source source)
{
    CHECK(memory != NULL);
    CHECK(source.get != NULL);
    CHECK(source.seek != NULL);
    CHECK(changes_max >= ROWS_PER_STEP_MAX);

    uint8_t *at = memory;
    struct rows *rows = memory;
    memset(rows, 0, sizeof(*rows));
    at += align_up(sizeof(*rows));
    rows->source = source;
    rows->changes_max = changes_max;
    rows->buckets_mask = buckets_count(changes_max) - 1;
    rows->bytes_capacity = bytes_max + BYTES_SLACK;
    rows->entries = (struct entry *)(void *)at;
    at += align_up(sizeof(struct entry) * changes_max);
    rows->buckets = (uint32_t *)(void *)at;
    at += align_up(sizeof(uint32_t) * buckets_count(changes_max));
    rows->bytes = at;
    rows->sealed_first = 1;
    rows->sealed_end = 1;
    rows->fold_round = 1;
    forget_all(rows);
    return rows;
}

/* ---- keys ---- */

static uint64_t mix(uint64_t value)
{
    value ^= value >> 32;
    value *= 0xd6e8feb86659fd93u;
    value ^= value >> 32;
    return value * 0xd6e8feb86659fd93u;
}

static uint32_t key_hash(struct bytes key)
{
    uint64_t hash = key.count;
    size_t at = 0;

    for (; at + 8 <= key.count; at += 8) {
        uint64_t word;
        memcpy(&word, key.data + at, 8);
        hash = mix(hash ^ word);
    }
    uint64_t rest = 0;
    if (at < key.count) {
        memcpy(&rest, key.data + at, key.count - at);
    }
    hash = mix(hash ^ rest);
    return (uint32_t)(hash >> 32);
}

static struct bytes entry_key(const struct entry *entry)
{
    return bytes_from(entry->key, entry->key_count);
}

static struct bytes entry_value(const struct entry *entry)
{
    return bytes_from(entry->value, entry->value_count);
}

static uint32_t slot_of(const struct rows *rows, uint64_t position)
{
    return (uint32_t)(position % rows->changes_max);
}

/* True when `slot` holds an entry of the open batch. */
static bool is_open(const struct rows *rows, uint32_t slot)
{
    const uint64_t open_count = rows->entries_end - rows->entries_open;
    const uint32_t first = slot_of(rows, rows->entries_open);
    const uint32_t distance = slot >= first ? slot - first : slot + (rows->changes_max - first);

    return distance < open_count;
}

/* ---- indexes ---- */

static uint32_t newest_of(const struct rows *rows, struct bytes key, uint32_t hash)
{
    uint32_t slot = rows->buckets[hash & rows->buckets_mask];

    while (slot != NONE) {
        const struct entry *entry = &rows->entries[slot];
        if (entry->hash == hash && bytes_equal(entry_key(entry), key)) {
            return slot;
        }
        slot = entry->bucket_next;
    }
    return NONE;
}

static uint32_t *bucket_link(struct rows *rows, uint32_t slot)
{
    uint32_t *link = &rows->buckets[rows->entries[slot].hash & rows->buckets_mask];

    while (*link != slot) {
        CHECK(*link != NONE);
        link = &rows->entries[*link].bucket_next;
    }
    return link;
}

static uint32_t *next_link(struct rows *rows, uint32_t slot, uint32_t level)
{
    return slot == NONE ? &rows->heads[level] : &rows->entries[slot].next[level];
}

/* The first entry whose key is not below `key`: the newest one of its key. */
static uint32_t list_at_or_after(struct rows *rows, struct bytes key)
{
    uint32_t before = NONE;
    uint32_t found = NONE;

    for (uint32_t level = LEVELS_MAX; level-- > 0;) {
        found = *next_link(rows, before, level);
        while (found != NONE && bytes_compare(entry_key(&rows->entries[found]), key) < 0) {
            before = found;
            found = *next_link(rows, before, level);
        }
    }
    return found;
}

static void list_insert(struct rows *rows, uint32_t slot)
{
    struct entry *entry = &rows->entries[slot];
    uint32_t before = NONE;
    uint32_t levels = 1;

    for (uint32_t bits = entry->hash >> 16; levels < LEVELS_MAX && (bits & 3) == 0; bits >>= 2) {
        levels++;
    }
    entry->levels = (uint8_t)levels;
    for (uint32_t level = LEVELS_MAX; level-- > 0;) {
        uint32_t next = *next_link(rows, before, level);
        while (next != NONE &&
               bytes_compare(entry_key(&rows->entries[next]), entry_key(entry)) < 0) {
            before = next;
            next = *next_link(rows, before, level);
        }
        if (level < levels) {
            entry->next[level] = next;
            *next_link(rows, before, level) = slot;
        }
    }
}

/* `slot` holds the oldest entry of its key, so it is the last of the entries with that key. */
static void list_remove(struct rows *rows, uint32_t slot)
{
    const struct entry *entry = &rows->entries[slot];
    uint32_t before = NONE;

    for (uint32_t level = LEVELS_MAX; level-- > 0;) {
        uint32_t next = *next_link(rows, before, level);
        while (next != NONE && next != slot &&
               bytes_compare(entry_key(&rows->entries[next]), entry_key(entry)) <= 0) {
            before = next;
            next = *next_link(rows, before, level);
        }
        if (level < entry->levels) {
            CHECK(next == slot);
            *next_link(rows, before, level) = entry->next[level];
        }
    }
}

/* ---- changes ---- */

static uint8_t *take_bytes(struct rows *rows, size_t count)
{
    const size_t left = rows->bytes_capacity - (size_t)(rows->bytes_end % rows->bytes_capacity);

    if (left < count) {
        rows->bytes_end += left;
    }
    uint8_t *taken = rows->bytes + rows->bytes_end % rows->bytes_capacity;
    rows->bytes_end += count;
    CHECK(rows->bytes_end - rows->bytes_first <= rows->bytes_capacity);
    return taken;
}

static uint32_t add_entry(struct rows *rows, struct bytes key, uint32_t hash, uint32_t older,
                          size_t value_count)
{
    CHECK(rows->entries_end - rows->entries_first < rows->changes_max);
    const uint32_t slot = slot_of(rows, rows->entries_end++);
    struct entry *entry = &rows->entries[slot];
    uint8_t *memory = take_bytes(rows, key.count + value_count);

    memset(entry, 0, sizeof(*entry));
    entry->key = memory;
    entry->value = memory + key.count;
    entry->hash = hash;
    entry->value_capacity = (uint32_t)value_count;
    entry->key_count = (uint16_t)key.count;
    entry->newer = NONE;
    entry->older = older;
    memcpy(entry->key, key.data, key.count);
    if (older == NONE) {
        uint32_t *bucket = &rows->buckets[hash & rows->buckets_mask];
        entry->bucket_next = *bucket;
        *bucket = slot;
    } else {
        *bucket_link(rows, older) = slot;
        entry->bucket_next = rows->entries[older].bucket_next;
        rows->entries[older].newer = slot;
    }
    list_insert(rows, slot);
    return slot;
}

static void change(struct rows *rows, struct bytes key, struct bytes value, bool removed)
{
    CHECK(key.count > 0);
    CHECK(key.count <= ROW_KEY_BYTES_MAX);
    CHECK(value.count <= ROW_VALUE_BYTES_MAX);

    const uint32_t hash = key_hash(key);
    uint32_t slot = newest_of(rows, key, hash);
    if (slot == NONE || !is_open(rows, slot)) {
        slot = add_entry(rows, key, hash, slot, value.count);
    }
    struct entry *entry = &rows->entries[slot];
    if (value.count > entry->value_capacity) {
        entry->value = take_bytes(rows, value.count);
        entry->value_capacity = (uint32_t)value.count;
    }
    if (value.count > 0) {
        /* The value may have been read from this very row. */
        memmove(entry->value, value.data, value.count);
    }
    entry->value_count = (uint32_t)value.count;
    entry->removed = removed;
    if (entry->touched != rows->fold_round) {
        CHECK(rows->touched_count < ROWS_PER_STEP_MAX);
        entry->touched = rows->fold_round;
        rows->touched[rows->touched_count++] = slot;
    }
}

void rows_put(struct rows *rows, struct bytes key, struct bytes value)
{
    change(rows, key, value, false);
}

void rows_delete(struct rows *rows, struct bytes key)
{
    change(rows, key, bytes_from(NULL, 0), true);
}

bool rows_have_room(const struct rows *rows, size_t bytes)
{
    const uint64_t entries_used = rows->entries_end - rows->entries_first;
    const uint64_t bytes_used = rows->bytes_end - rows->bytes_first;

    return entries_used + ROWS_PER_STEP_MAX <= rows->changes_max &&
           bytes_used + bytes + BYTES_SLACK <= rows->bytes_capacity &&
           rows->sealed_end - rows->sealed_first < BATCHES_SEALED_MAX;
}

/* ---- reads ---- */

enum status rows_get(struct rows *rows, struct bytes key, struct bytes *ret_value)
{
    CHECK(key.count > 0);
    CHECK(key.count <= ROW_KEY_BYTES_MAX);

    const uint32_t slot = newest_of(rows, key, key_hash(key));
    if (slot == NONE) {
        return rows->source.get(rows->source.context, key, ret_value);
    }
    if (rows->entries[slot].removed) {
        return STATUS_NOT_FOUND;
    }
    *ret_value = entry_value(&rows->entries[slot]);
    return STATUS_OK;
}

/* The first key that is above `key`. */
static struct bytes key_after(struct rows *rows, struct bytes key)
{
    CHECK(key.count <= ROW_KEY_BYTES_MAX);
    memmove(rows->seek_key, key.data, key.count);
    rows->seek_key[key.count] = 0;
    return bytes_from(rows->seek_key, key.count + 1);
}

/* The first entry at or after `slot` that is the newest of its key. */
static uint32_t skip_older(const struct rows *rows, uint32_t slot)
{
    while (slot != NONE && rows->entries[slot].newer != NONE) {
        slot = rows->entries[slot].next[0];
    }
    return slot;
}

enum status rows_seek(struct rows *rows, struct bytes key, struct bytes prefix,
                      struct bytes *ret_key, struct bytes *ret_value)
{
    CHECK(key.count <= ROW_KEY_BYTES_MAX);
    struct bytes held_key = {NULL, 0};
    struct bytes held_value = {NULL, 0};
    uint32_t slot = list_at_or_after(rows, key);
    enum status held = rows->source.seek(rows->source.context, key, &held_key, &held_value);

    for (;;) {
        if (held != STATUS_OK && held != STATUS_NOT_FOUND) {
            return held;
        }
        const struct entry *entry = slot == NONE ? NULL : &rows->entries[slot];
        if (entry == NULL || (held == STATUS_OK && bytes_compare(held_key, entry_key(entry)) < 0)) {
            break; /* the source's row comes first, if it has one */
        }
        if (!entry->removed) {
            held = STATUS_OK;
            held_key = entry_key(entry);
            held_value = entry_value(entry);
            break;
        }
        if (held == STATUS_OK && bytes_equal(held_key, entry_key(entry))) {
            held = rows->source.seek(rows->source.context, key_after(rows, entry_key(entry)),
                                     &held_key, &held_value);
        }
        slot = skip_older(rows, entry->next[0]);
    }
    if (held != STATUS_OK || !bytes_have_prefix(held_key, prefix)) {
        return STATUS_NOT_FOUND;
    }
    *ret_key = held_key;
    *ret_value = held_value;
    return STATUS_OK;
}

/* ---- batches ---- */

uint64_t rows_seal(struct rows *rows)
{
    CHECK(rows->sealed_end - rows->sealed_first < BATCHES_SEALED_MAX);
    CHECK(rows->touched_count == 0);

    const uint64_t generation = rows->sealed_end++;
    rows->batches[generation % BATCHES_SEALED_MAX] =
        (struct batch){.entries_end = rows->entries_end, .bytes_end = rows->bytes_end};
    rows->entries_open = rows->entries_end;
    return generation;
}

bool rows_change(const struct rows *rows, uint64_t generation, uint32_t index,
                 struct row_change *ret_change)
{
    CHECK(generation >= rows->sealed_first);
    CHECK(generation < rows->sealed_end);

    const uint64_t first = generation == rows->sealed_first
                               ? rows->entries_first
                               : rows->batches[(generation - 1) % BATCHES_SEALED_MAX].entries_end;
    const uint64_t end = rows->batches[generation % BATCHES_SEALED_MAX].entries_end;
    if (index >= end - first) {
        return false;
    }
    const struct entry *entry = &rows->entries[slot_of(rows, first + index)];
    *ret_change = (struct row_change){
        .key = entry_key(entry), .value = entry_value(entry), .removed = entry->removed};
    return true;
}

static void drop_oldest(struct rows *rows)
{
    const uint32_t slot = slot_of(rows, rows->entries_first++);
    struct entry *entry = &rows->entries[slot];

    list_remove(rows, slot);
    CHECK(entry->older == NONE);
    if (entry->newer == NONE) {
        *bucket_link(rows, slot) = entry->bucket_next;
    } else {
        rows->entries[entry->newer].older = NONE;
    }
}

/* Both rings from their start, when they are empty: the same memory again and again is in the
 * processor's cache, the whole of both rings is not. */
static void begin_again(struct rows *rows)
{
    if (rows->entries_first < rows->entries_end || rows->sealed_first < rows->sealed_end) {
        return;
    }
    rows->entries_end += rows->changes_max - 1;
    rows->entries_end -= rows->entries_end % rows->changes_max;
    rows->entries_first = rows->entries_end;
    rows->entries_open = rows->entries_end;
    rows->bytes_end += rows->bytes_capacity - 1;
    rows->bytes_end -= rows->bytes_end % rows->bytes_capacity;
    rows->bytes_first = rows->bytes_end;
}

void rows_durable(struct rows *rows, uint64_t generation)
{
    CHECK(generation < rows->sealed_end);

    if (generation < rows->sealed_first) {
        return;
    }
    const struct batch *batch = &rows->batches[generation % BATCHES_SEALED_MAX];
    const uint64_t dropped_count = batch->entries_end - rows->entries_first;
    if (batch->entries_end == rows->entries_end && dropped_count > rows->buckets_mask / 16) {
        forget_all(rows); /* cheaper than one by one */
    } else {
        while (rows->entries_first < batch->entries_end) {
            drop_oldest(rows);
        }
        rows->bytes_first = batch->bytes_end;
    }
    rows->sealed_first = generation + 1;
    begin_again(rows);
}

void rows_drop(struct rows *rows)
{
    forget_all(rows);
    rows->entries_open = rows->entries_end;
    rows->sealed_first = rows->sealed_end;
    rows->touched_count = 0;
    rows->fold_round++;
}

void rows_fold_changes(struct rows *rows, struct hash *digest)
{
    struct sha2 sha2;

    sha2_init(&sha2);
    sha2_update(&sha2, bytes_from(digest->bytes, sizeof(digest->bytes)));
    for (uint32_t i = 0; i < rows->touched_count; i++) {
        const struct entry *entry = &rows->entries[rows->touched[i]];
        uint8_t memory[16];
        struct packer head = packer_from(memory, sizeof(memory));
        pack_u16(&head, entry->key_count);
        pack_bool(&head, entry->removed);
        pack_u32(&head, entry->value_count);
        sha2_update(&sha2, packer_finish(&head));
        sha2_update(&sha2, entry_key(entry));
        sha2_update(&sha2, entry_value(entry));
    }
    *digest = sha2_finish(&sha2);
    rows_skip_changes(rows);
}

void rows_skip_changes(struct rows *rows)
{
    rows->touched_count = 0;
    rows->fold_round++;
}
