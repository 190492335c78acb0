/* SPDX-License-Identifier: Apache-2.0 */
/* The journal in memory, for the simulator and tests: deterministic, one thread.
 *
 * Snapshots: `rows` is what the reader furthest behind sees. Later commits wait in a queue until
 * every reader has been refreshed past them; a reader ahead of `rows` looks through the part of the
 * queue that it may see. The usual owner has one reader, refreshes it after every commit, and finds
 * the queue empty. */
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/limits.h"
#include "store/journal_internal.h"
#include "store/sorted_internal.h"

struct waiting_change {
    struct sorted_entry *entry; /* owned */
    bool removed;
};

struct waiting {
    struct waiting *next;
    uint64_t version;
    uint32_t changes_count;
    struct waiting_change changes[];
};

struct memory_reader {
    struct journal_reader base;
    struct memory_reader *next;
    uint64_t version;
    uint64_t head;
};

struct memory_journal {
    struct journal base;
    struct sorted rows;
    uint64_t rows_version;
    struct waiting *oldest;
    struct waiting *newest;
    uint64_t version;
    struct sorted_entry **records; /* key: a zero byte; value with its checksum */
    uint64_t records_count;
    uint64_t records_capacity;
    struct tree_frontier frontier;
    struct hash *nodes[TREE_TILE_LEVELS_MAX]; /* of height 8, 16, ... */
    uint64_t nodes_capacity[TREE_TILE_LEVELS_MAX];
    struct sorted blobs;       /* value: version, then the blob */
    struct sorted checkpoints; /* key: size, big-endian; value: version, note, checksum */
    uint64_t bytes_count;
    struct memory_reader *readers;
};

static struct memory_journal *memory_of(struct journal *journal)
{
    return (struct memory_journal *)journal;
}

/* ---- writing ---- */

static void put_nodes(struct memory_journal *journal, const struct tree_completed *completed)
{
    for (uint32_t i = 0; i < completed->nodes_count; i++) {
        const uint64_t count = journal->frontier.size >> TREE_TILE_HEIGHT * (i + 1);
        if (count > journal->nodes_capacity[i]) {
            journal->nodes_capacity[i] = 2 * count;
            journal->nodes[i] = realloc(journal->nodes[i], 2 * count * sizeof(struct hash));
            CHECK(journal->nodes[i] != NULL);
        }
        journal->nodes[i][count - 1] = completed->nodes[i];
    }
}

static void append_record(struct memory_journal *journal, struct bytes record)
{
    uint8_t stored[RECORD_BYTES_MAX + JOURNAL_CHECKSUM_BYTES];

    if (journal->records_count == journal->records_capacity) {
        const uint64_t capacity =
            journal->records_capacity == 0 ? 1024 : 2 * journal->records_capacity;
        struct sorted_entry **records =
            realloc(journal->records, capacity * sizeof(journal->records[0]));
        CHECK(records != NULL);
        journal->records = records;
        journal->records_capacity = capacity;
    }
    memcpy(stored, record.data, record.count);
    const struct hash leaf = tree_leaf(record);
    struct tree_completed completed;
    tree_append(&journal->frontier, &leaf, &completed);
    put_nodes(journal, &completed);
    memcpy(stored + record.count, leaf.bytes, JOURNAL_CHECKSUM_BYTES);
    /* A key of one zero byte, which is in front of the value in memory. */
    journal->records[journal->records_count++] = sorted_entry_new(
        bytes_from("", 1), bytes_from(stored, record.count + JOURNAL_CHECKSUM_BYTES));
    journal->bytes_count += record.count;
}

static void put_blob(struct memory_journal *journal, struct bytes blob)
{
    const struct hash digest = sha2_of(blob);
    const struct bytes key = bytes_from(digest.bytes, sizeof(digest.bytes));

    if (sorted_get(&journal->blobs, key) != NULL) {
        return;
    }
    uint8_t *value = malloc(sizeof(journal->version) + blob.count);
    CHECK(value != NULL);
    memcpy(value, &journal->version, sizeof(journal->version));
    if (blob.count > 0) {
        memcpy(value + sizeof(journal->version), blob.data, blob.count);
    }
    sorted_put(&journal->blobs,
               sorted_entry_new(key, bytes_from(value, sizeof(journal->version) + blob.count)));
    free(value);
    journal->bytes_count += blob.count;
}

static void size_to_key(uint64_t size, uint8_t ret_key[8])
{
    for (unsigned i = 0; i < 8; i++) {
        ret_key[i] = (uint8_t)(size >> (56 - 8 * i));
    }
}

/* A reader of before sees no note of this size until it is refreshed. */
static void put_checkpoint(struct memory_journal *journal,
                           const struct journal_checkpoint *checkpoint)
{
    const struct hash hash = sha2_of(checkpoint->note);
    const size_t version_bytes = sizeof(journal->version);
    const size_t count = checkpoint->note.count;
    uint8_t *value = malloc(version_bytes + count + JOURNAL_CHECKSUM_BYTES);
    uint8_t key[8];

    CHECK(value != NULL);
    CHECK(checkpoint->size <= journal->records_count);
    size_to_key(checkpoint->size, key);
    memcpy(value, &journal->version, version_bytes);
    memcpy(value + version_bytes, checkpoint->note.data, count);
    memcpy(value + version_bytes + count, hash.bytes, JOURNAL_CHECKSUM_BYTES);
    sorted_put(&journal->checkpoints,
               sorted_entry_new(bytes_from(key, sizeof(key)),
                                bytes_from(value, version_bytes + count + JOURNAL_CHECKSUM_BYTES)));
    free(value);
}

static void queue_changes(struct memory_journal *journal, const struct journal_batch *batch)
{
    struct waiting *waiting =
        malloc(sizeof(*waiting) + batch->changes_count * sizeof(waiting->changes[0]));

    CHECK(waiting != NULL);
    waiting->next = NULL;
    waiting->version = journal->version;
    waiting->changes_count = batch->changes_count;
    for (uint32_t i = 0; i < batch->changes_count; i++) {
        const struct journal_change *change = &batch->changes[i];
        waiting->changes[i] = (struct waiting_change){
            .entry = sorted_entry_new(change->key,
                                      change->removed ? (struct bytes){.count = 0} : change->value),
            .removed = change->removed};
    }
    if (journal->newest == NULL) {
        journal->oldest = waiting;
    } else {
        journal->newest->next = waiting;
    }
    journal->newest = waiting;
}

static void apply(struct memory_journal *journal, struct waiting *waiting)
{
    for (uint32_t i = 0; i < waiting->changes_count; i++) {
        struct waiting_change *change = &waiting->changes[i];
        if (change->removed) {
            sorted_remove(&journal->rows, sorted_entry_key(change->entry));
            free(change->entry);
        } else {
            sorted_put(&journal->rows, change->entry);
        }
    }
    journal->rows_version = waiting->version;
    free(waiting);
}

/* Applies what every reader may see. */
static void advance(struct memory_journal *journal)
{
    uint64_t version = journal->version;

    for (struct memory_reader *reader = journal->readers; reader != NULL; reader = reader->next) {
        version = reader->version < version ? reader->version : version;
    }
    while (journal->oldest != NULL && journal->oldest->version <= version) {
        struct waiting *waiting = journal->oldest;
        journal->oldest = waiting->next;
        journal->newest = journal->oldest == NULL ? NULL : journal->newest;
        apply(journal, waiting);
    }
}

static enum status memory_commit(struct journal *base, const struct journal_batch *batch,
                                 uint64_t *ret_head)
{
    struct memory_journal *journal = memory_of(base);

    journal->version++;
    for (uint32_t i = 0; i < batch->records_count; i++) {
        append_record(journal, batch->records[i]);
    }
    for (uint32_t i = 0; i < batch->blobs_count; i++) {
        put_blob(journal, batch->blobs[i]);
    }
    if (batch->checkpoint != NULL) {
        put_checkpoint(journal, batch->checkpoint);
    }
    queue_changes(journal, batch);
    advance(journal);
    *ret_head = journal->records_count;
    return STATUS_OK;
}

/* ---- reading ---- */

static void show_newest(struct memory_reader *reader, const struct memory_journal *journal)
{
    reader->version = journal->version;
    reader->head = journal->records_count;
}

static enum status memory_reader_open(struct journal *base, struct journal_reader **ret_reader)
{
    struct memory_journal *journal = memory_of(base);
    struct memory_reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL) {
        return STATUS_NO_MEMORY;
    }
    reader->base.journal = base;
    reader->next = journal->readers;
    journal->readers = reader;
    show_newest(reader, journal);
    *ret_reader = &reader->base;
    return STATUS_OK;
}

static void memory_reader_close(struct journal_reader *base)
{
    struct memory_journal *journal = memory_of(base->journal);
    struct memory_reader *reader = (struct memory_reader *)base;

    for (struct memory_reader **link = &journal->readers; *link != NULL; link = &(*link)->next) {
        if (*link == reader) {
            *link = reader->next;
            break;
        }
    }
    free(reader);
    advance(journal);
}

static enum status memory_reader_refresh(struct journal_reader *base)
{
    struct memory_journal *journal = memory_of(base->journal);

    show_newest((struct memory_reader *)base, journal);
    advance(journal);
    return STATUS_OK;
}

static uint64_t memory_reader_head(const struct journal_reader *base)
{
    return ((const struct memory_reader *)base)->head;
}

static enum status memory_read_record(struct journal_reader *base, uint64_t sequence,
                                      struct bytes *ret_stored)
{
    const struct memory_reader *reader = (const struct memory_reader *)base;

    if (sequence == 0 || sequence > reader->head) {
        return STATUS_NOT_FOUND;
    }
    *ret_stored = sorted_entry_value(memory_of(base->journal)->records[sequence - 1]);
    return STATUS_OK;
}

static enum status memory_read_blob(struct journal_reader *base, const struct hash *digest,
                                    struct bytes *ret_blob)
{
    const struct memory_reader *reader = (const struct memory_reader *)base;
    const struct sorted_entry *entry = sorted_get(&memory_of(base->journal)->blobs,
                                                  bytes_from(digest->bytes, sizeof(digest->bytes)));
    uint64_t version;

    if (entry == NULL) {
        return STATUS_NOT_FOUND;
    }
    const struct bytes value = sorted_entry_value(entry);
    memcpy(&version, value.data, sizeof(version));
    if (version > reader->version) {
        return STATUS_NOT_FOUND;
    }
    *ret_blob = bytes_from(value.data + sizeof(version), value.count - sizeof(version));
    return STATUS_OK;
}

/* The newest waiting change of `key` that the reader may see; NULL: none. */
static const struct waiting_change *find_waiting(const struct memory_reader *reader,
                                                 const struct memory_journal *journal,
                                                 struct bytes key)
{
    const struct waiting_change *found = NULL;

    for (const struct waiting *waiting = journal->oldest;
         waiting != NULL && waiting->version <= reader->version; waiting = waiting->next) {
        for (uint32_t i = 0; i < waiting->changes_count; i++) {
            if (bytes_equal(sorted_entry_key(waiting->changes[i].entry), key)) {
                found = &waiting->changes[i];
            }
        }
    }
    return found;
}

/* The waiting change with the lowest key not below `key` that the reader may see. */
static const struct waiting_change *seek_waiting(const struct memory_reader *reader,
                                                 const struct memory_journal *journal,
                                                 struct bytes key)
{
    const struct waiting_change *lowest = NULL;

    for (const struct waiting *waiting = journal->oldest;
         waiting != NULL && waiting->version <= reader->version; waiting = waiting->next) {
        for (uint32_t i = 0; i < waiting->changes_count; i++) {
            const struct bytes candidate = sorted_entry_key(waiting->changes[i].entry);
            if (bytes_compare(candidate, key) >= 0 &&
                (lowest == NULL ||
                 bytes_compare(candidate, sorted_entry_key(lowest->entry)) <= 0)) {
                lowest = &waiting->changes[i];
            }
        }
    }
    return lowest;
}

static enum status memory_read_row(struct journal_reader *base, struct bytes key,
                                   struct bytes *ret_value)
{
    const struct memory_reader *reader = (const struct memory_reader *)base;
    const struct memory_journal *journal = memory_of(base->journal);
    const struct waiting_change *change = find_waiting(reader, journal, key);
    const struct sorted_entry *entry =
        change == NULL ? sorted_get(&journal->rows, key) : change->entry;

    if (entry == NULL || (change != NULL && change->removed)) {
        return STATUS_NOT_FOUND;
    }
    *ret_value = sorted_entry_value(entry);
    return STATUS_OK;
}

static enum status memory_seek_row(struct journal_reader *base, struct bytes from,
                                   struct bytes *ret_key, struct bytes *ret_value)
{
    const struct memory_reader *reader = (const struct memory_reader *)base;
    const struct memory_journal *journal = memory_of(base->journal);
    uint8_t after[ROW_KEY_BYTES_MAX + 1];

    for (;;) {
        const struct sorted_entry *entry = sorted_seek(&journal->rows, from);
        const struct waiting_change *change = seek_waiting(reader, journal, from);
        if (change != NULL && (entry == NULL || bytes_compare(sorted_entry_key(change->entry),
                                                              sorted_entry_key(entry)) <= 0)) {
            entry = change->entry;
        } else {
            change = NULL;
        }
        if (entry == NULL) {
            return STATUS_NOT_FOUND;
        }
        if (change == NULL || !change->removed) {
            *ret_key = sorted_entry_key(entry);
            *ret_value = sorted_entry_value(entry);
            return STATUS_OK;
        }
        /* Removed: go on behind it. The key with a zero byte added is its direct successor. */
        memcpy(after, change->entry->data, change->entry->key_count);
        after[change->entry->key_count] = 0;
        from = bytes_from(after, change->entry->key_count + 1u);
    }
}

static enum status memory_read_node(struct journal_reader *base, uint32_t height, uint64_t index,
                                    struct hash *ret_hash)
{
    const struct memory_reader *reader = (const struct memory_reader *)base;

    if (index >= reader->head >> height) {
        return STATUS_NOT_FOUND;
    }
    *ret_hash = memory_of(base->journal)->nodes[height / TREE_TILE_HEIGHT - 1][index];
    return STATUS_OK;
}

static void memory_read_chunk(struct journal_reader *base, uint64_t first,
                              struct journal_chunk *ret_chunk)
{
    ret_chunk->status = STATUS_OK;
    for (ret_chunk->count = 0; ret_chunk->count < JOURNAL_CHUNK_RECORDS; ret_chunk->count++) {
        ret_chunk->status = memory_read_record(base, first + ret_chunk->count,
                                               &ret_chunk->records[ret_chunk->count]);
        if (ret_chunk->status != STATUS_OK) {
            return;
        }
    }
}

/* Few are kept in memory, so all of them are looked at. */
static enum status memory_seek_checkpoint(struct journal_reader *base, uint64_t size,
                                          enum journal_direction direction, uint64_t *ret_size,
                                          struct bytes *ret_stored)
{
    const struct memory_reader *reader = (const struct memory_reader *)base;
    const struct sorted *checkpoints = &memory_of(base->journal)->checkpoints;
    uint8_t key[8];
    enum status status = STATUS_NOT_FOUND;
    uint64_t from = direction == JOURNAL_UPWARDS ? size : 0;

    for (;;) {
        uint64_t found = 0;
        uint64_t version;
        size_to_key(from, key);
        const struct sorted_entry *entry = sorted_seek(checkpoints, bytes_from(key, sizeof(key)));
        if (entry == NULL) {
            return status;
        }
        const struct bytes found_key = sorted_entry_key(entry);
        for (unsigned i = 0; i < 8; i++) {
            found = found << 8 | found_key.data[i];
        }
        if (direction == JOURNAL_DOWNWARDS && found > size) {
            return status;
        }
        const struct bytes value = sorted_entry_value(entry);
        memcpy(&version, value.data, sizeof(version));
        if (version <= reader->version) {
            *ret_size = found;
            *ret_stored = bytes_from(value.data + sizeof(version), value.count - sizeof(version));
            status = STATUS_OK;
            if (direction == JOURNAL_UPWARDS) {
                return status;
            }
        }
        if (found == UINT64_MAX) {
            return status;
        }
        from = found + 1;
    }
}

static enum status memory_spend_reserve(struct journal *base)
{
    (void)base;
    return STATUS_NOT_FOUND;
}

static enum status memory_usage(struct journal *base, struct journal_usage *ret_usage)
{
    struct memory_journal *journal = memory_of(base);

    *ret_usage = (struct journal_usage){.bytes_used = journal->bytes_count,
                                        .bytes_mapped = journal->bytes_count,
                                        .records_count = journal->records_count,
                                        .rows_count = journal->rows.count,
                                        .blobs_count = journal->blobs.count};
    return STATUS_OK;
}

static void memory_close(struct journal *base)
{
    struct memory_journal *journal = memory_of(base);

    CHECK(journal->readers == NULL);
    advance(journal);
    CHECK(journal->oldest == NULL);
    for (uint64_t i = 0; i < journal->records_count; i++) {
        free(journal->records[i]);
    }
    free(journal->records);
    for (unsigned i = 0; i < TREE_TILE_LEVELS_MAX; i++) {
        free(journal->nodes[i]);
    }
    sorted_deinit(&journal->rows);
    sorted_deinit(&journal->blobs);
    sorted_deinit(&journal->checkpoints);
    free(journal);
}

static const struct journal_ops memory_ops = {
    .close = memory_close,
    .commit = memory_commit,
    .spend_reserve = memory_spend_reserve,
    .usage = memory_usage,
    .reader_open = memory_reader_open,
    .reader_close = memory_reader_close,
    .reader_refresh = memory_reader_refresh,
    .reader_head = memory_reader_head,
    .read_record = memory_read_record,
    .read_blob = memory_read_blob,
    .read_row = memory_read_row,
    .seek_row = memory_seek_row,
    .read_node = memory_read_node,
    .read_chunk = memory_read_chunk,
    .seek_checkpoint = memory_seek_checkpoint,
};

enum status journal_open_memory(struct journal **ret_journal)
{
    struct memory_journal *journal = calloc(1, sizeof(*journal));

    if (journal == NULL) {
        return STATUS_NO_MEMORY;
    }
    journal->base.ops = &memory_ops;
    *ret_journal = &journal->base;
    return STATUS_OK;
}
