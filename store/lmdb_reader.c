/* SPDX-License-Identifier: Apache-2.0 */
/* Reading from LMDB: each call holds the gate (journal_lmdb.c) and copies what it found. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/archive/segment_internal.h"
#include "store/lmdb_internal.h"

#define BUFFER_BYTES_MIN 4096u
#define CHUNK_BYTES      ((size_t)256 << 10)
#define PAGE_BYTES       4096u
#define CACHE_LINE_BYTES 64u

static_assert(CHUNK_BYTES > RECORD_BYTES_MAX + JOURNAL_CHECKSUM_BYTES, "any record fits a chunk");

static void reader_end_transaction(struct lmdb_reader *reader)
{
    mdb_txn_abort(reader->txn); /* accepts NULL */
    reader->txn = NULL;
    reader->is_parked = false;
}

/* One try to have a transaction; the gate is held. */
static int reader_begin_once(struct lmdb_reader *reader, struct lmdb_journal *journal)
{
    int rc = MDB_SUCCESS;

    if (journal->env == NULL) {
        return EIO;
    }
    if (reader->txn != NULL && !reader->is_parked) {
        return MDB_SUCCESS;
    }
    if (reader->txn == NULL) {
        rc = mdb_txn_begin(journal->env, NULL, MDB_RDONLY, &reader->txn);
        if (rc != MDB_SUCCESS) {
            reader->txn = NULL;
            return rc;
        }
    } else {
        rc = mdb_txn_renew(reader->txn);
        reader->is_parked = false;
    }
    if (rc == MDB_SUCCESS) {
        rc = lmdb_load_head(reader->txn, journal->records, &reader->head);
    }
    if (rc == MDB_SUCCESS) {
        rc = lmdb_load_archived(reader->txn, journal->records, &reader->base.archived);
    }
    if (rc != MDB_SUCCESS) {
        reader_end_transaction(reader);
    }
    return rc;
}

/* Takes the gate and makes sure of a transaction. Not STATUS_OK: the gate is free again. */
static enum status reader_enter(struct lmdb_reader *reader)
{
    struct lmdb_journal *journal = lmdb_of(reader->base.journal);
    int rc = MDB_MAP_RESIZED;

    for (unsigned i = 0; i < LMDB_RESIZES_MAX && rc == MDB_MAP_RESIZED; i++) {
        gate_lock_shared(journal);
        rc = reader_begin_once(reader, journal);
        if (rc == MDB_SUCCESS) {
            return STATUS_OK;
        }
        gate_unlock(journal);
        if (rc == MDB_MAP_RESIZED && lmdb_resize_map(journal, 0) != MDB_SUCCESS) {
            break;
        }
    }
    return lmdb_status(rc);
}

static void reader_leave(struct lmdb_reader *reader)
{
    gate_unlock(lmdb_of(reader->base.journal));
}

static enum status reader_make_room(struct lmdb_reader *reader, size_t count)
{
    size_t capacity = reader->value_capacity;

    while (capacity < count) {
        capacity *= 2;
    }
    if (capacity == reader->value_capacity) {
        return STATUS_OK;
    }
    uint8_t *larger = realloc(reader->value, capacity);
    if (larger == NULL) {
        return STATUS_NO_MEMORY;
    }
    reader->value = larger;
    reader->value_capacity = capacity;
    return STATUS_OK;
}

static enum status reader_keep(struct lmdb_reader *reader, MDB_val value, struct bytes *ret_bytes)
{
    const enum status status = reader_make_room(reader, value.mv_size);

    if (status != STATUS_OK) {
        return status;
    }
    if (value.mv_size > 0) {
        memcpy(reader->value, value.mv_data, value.mv_size);
    }
    *ret_bytes = bytes_from(reader->value, value.mv_size);
    return STATUS_OK;
}

/* LMDB's own bound follows the size of the lock file, which is a whole number of pages. */
static uint32_t readers_count(const struct lmdb_journal *journal)
{
    uint32_t count = 0;

    for (const struct lmdb_reader *reader = journal->readers; reader != NULL;
         reader = reader->next) {
        count++;
    }
    return count;
}

enum status lmdb_reader_open(struct journal *base, struct journal_reader **ret_reader)
{
    struct lmdb_journal *journal = lmdb_of(base);
    struct lmdb_reader *reader = calloc(1, sizeof(*reader));
    uint8_t *value = malloc(BUFFER_BYTES_MIN);

    if (reader == NULL || value == NULL) {
        free(value);
        free(reader);
        return STATUS_NO_MEMORY;
    }
    reader->base.journal = base;
    reader->value = value;
    reader->value_capacity = BUFFER_BYTES_MIN;
    gate_lock_alone(journal);
    const bool has_room = readers_count(journal) < JOURNAL_READERS_MAX;
    if (has_room) {
        reader->next = journal->readers;
        journal->readers = reader;
    }
    gate_unlock(journal);
    if (!has_room) {
        free(reader->value);
        free(reader);
        return STATUS_FULL;
    }
    const enum status status = reader_enter(reader);
    if (status != STATUS_OK) {
        journal_reader_close(&reader->base);
        return status;
    }
    reader_leave(reader);
    *ret_reader = &reader->base;
    return STATUS_OK;
}

void lmdb_reader_close(struct journal_reader *base)
{
    struct lmdb_reader *reader = (struct lmdb_reader *)base;
    struct lmdb_journal *journal = lmdb_of(base->journal);

    gate_lock_alone(journal);
    for (struct lmdb_reader **link = &journal->readers; *link != NULL; link = &(*link)->next) {
        if (*link == reader) {
            *link = reader->next;
            break;
        }
    }
    reader_end_transaction(reader);
    gate_unlock(journal);
    archive_free(reader->archive);
    free(reader->value);
    free(reader);
}

enum status lmdb_reader_refresh(struct journal_reader *base)
{
    struct lmdb_reader *reader = (struct lmdb_reader *)base;

    gate_lock_shared(lmdb_of(base->journal));
    if (reader->txn != NULL && !reader->is_parked) {
        mdb_txn_reset(reader->txn);
        reader->is_parked = true;
    }
    gate_unlock(lmdb_of(base->journal));
    const enum status status = reader_enter(reader);
    if (status == STATUS_OK) {
        reader_leave(reader);
    }
    return status;
}

uint64_t lmdb_reader_head(const struct journal_reader *base)
{
    return ((const struct lmdb_reader *)base)->head;
}

static enum status read_value(struct lmdb_reader *reader, MDB_dbi database, struct bytes key_bytes,
                              struct bytes *ret_value)
{
    MDB_val key = value_from(key_bytes);
    MDB_val value;
    const int rc = mdb_get(reader->txn, database, &key, &value);

    return rc == MDB_SUCCESS ? reader_keep(reader, value, ret_value) : lmdb_status(rc);
}

/* A file of the archive never changes, so it is read without the gate. NULL: no memory. */
static struct archive *archive_of(struct lmdb_reader *reader)
{
    if (reader->archive == NULL) {
        reader->archive = archive_new(lmdb_of(reader->base.journal)->path);
    }
    return reader->archive;
}

static enum status read_archived(struct lmdb_reader *reader, uint64_t sequence,
                                 struct bytes *ret_stored)
{
    struct archive *archive = archive_of(reader);

    if (sequence == 0) {
        return STATUS_NOT_FOUND;
    }
    return archive == NULL ? STATUS_NO_MEMORY : archive_read_record(archive, sequence, ret_stored);
}

enum status lmdb_read_record(struct journal_reader *base, uint64_t sequence,
                             struct bytes *ret_stored)
{
    struct lmdb_reader *reader = (struct lmdb_reader *)base;
    uint8_t key[8];
    enum status status = reader_enter(reader);

    if (status != STATUS_OK) {
        return status;
    }
    if (sequence <= base->archived) {
        reader_leave(reader);
        return read_archived(reader, sequence, ret_stored);
    }
    sequence_to_key(sequence, key);
    status = read_value(reader, lmdb_of(base->journal)->records, bytes_from(key, sizeof(key)),
                        ret_stored);
    reader_leave(reader);
    return status;
}

enum status lmdb_read_blob(struct journal_reader *base, const struct hash *digest,
                           struct bytes *ret_blob)
{
    struct lmdb_reader *reader = (struct lmdb_reader *)base;
    enum status status = reader_enter(reader);

    if (status != STATUS_OK) {
        return status;
    }
    status = read_value(reader, lmdb_of(base->journal)->blobs,
                        bytes_from(digest->bytes, sizeof(digest->bytes)), ret_blob);
    const bool may_be_archived = status == STATUS_NOT_FOUND && base->archived > 0;
    reader_leave(reader);
    if (may_be_archived) {
        struct archive *archive = archive_of(reader);
        status = archive == NULL ? STATUS_NO_MEMORY : archive_read_blob(archive, digest, ret_blob);
    }
    return status;
}

enum status lmdb_read_row(struct journal_reader *base, struct bytes key, struct bytes *ret_value)
{
    struct lmdb_reader *reader = (struct lmdb_reader *)base;
    enum status status = reader_enter(reader);

    if (status != STATUS_OK) {
        return status;
    }
    status = read_value(reader, lmdb_of(base->journal)->rows, key, ret_value);
    reader_leave(reader);
    return status;
}

/* A key beyond what commit writes was not written by us. */
static enum status keep_row(struct lmdb_reader *reader, MDB_val key, MDB_val value,
                            struct bytes *ret_key, struct bytes *ret_value)
{
    if (key.mv_size > sizeof(reader->key)) {
        return STATUS_CORRUPT;
    }
    const enum status status = reader_keep(reader, value, ret_value);
    if (status == STATUS_OK) {
        memcpy(reader->key, key.mv_data, key.mv_size);
        *ret_key = bytes_from(reader->key, key.mv_size);
    }
    return status;
}

enum status lmdb_seek_row(struct journal_reader *base, struct bytes from, struct bytes *ret_key,
                          struct bytes *ret_value)
{
    struct lmdb_reader *reader = (struct lmdb_reader *)base;
    MDB_cursor *cursor = NULL;
    MDB_val key = value_from(from);
    MDB_val value;
    enum status status = reader_enter(reader);

    if (status != STATUS_OK) {
        return status;
    }
    int rc = mdb_cursor_open(reader->txn, lmdb_of(base->journal)->rows, &cursor);
    if (rc == MDB_SUCCESS) {
        /* LMDB has no empty keys, so an empty one means the first row. */
        rc = mdb_cursor_get(cursor, &key, &value, from.count == 0 ? MDB_FIRST : MDB_SET_RANGE);
        mdb_cursor_close(cursor);
    }
    status = rc == MDB_SUCCESS ? keep_row(reader, key, value, ret_key, ret_value) : lmdb_status(rc);
    reader_leave(reader);
    return status;
}

enum status lmdb_read_node(struct journal_reader *base, uint32_t height, uint64_t index,
                           struct hash *ret_hash)
{
    struct lmdb_reader *reader = (struct lmdb_reader *)base;
    const struct lmdb_journal *journal = lmdb_of(base->journal);
    enum status status = reader_enter(reader);

    if (status != STATUS_OK) {
        return status;
    }
    status = !journal->has_tree
                 ? STATUS_UNSUPPORTED
                 : lmdb_status(lmdb_get_node(journal, reader->txn,
                                             (struct lmdb_node){.height = height, .index = index},
                                             ret_hash));
    reader_leave(reader);
    return status;
}

enum status lmdb_seek_checkpoint(struct journal_reader *base, uint64_t size,
                                 enum journal_direction direction, uint64_t *ret_size,
                                 struct bytes *ret_stored)
{
    struct lmdb_reader *reader = (struct lmdb_reader *)base;
    MDB_val stored;
    enum status status = reader_enter(reader);

    if (status != STATUS_OK) {
        return status;
    }
    const int rc = lmdb_find_checkpoint(lmdb_of(base->journal), reader->txn, size, direction,
                                        ret_size, &stored);
    status = rc == MDB_SUCCESS ? reader_keep(reader, stored, ret_stored) : lmdb_status(rc);
    reader_leave(reader);
    return status;
}

/* ---- many records in one go ---- */

static bool is_key_of(MDB_val key, uint64_t sequence)
{
    uint8_t expected[8];

    sequence_to_key(sequence, expected);
    return key.mv_size == sizeof(expected) && memcmp(key.mv_data, expected, sizeof(expected)) == 0;
}

/* Nothing of a page was looked at before, and its records lie from its end to its beginning: each
 * would be waited for. Asked for as a whole they come at once. `record` is the first in its page.
 * (Only speed depends on how long a page is.) */
static void ask_for_page(const void *record)
{
    const uintptr_t at = (uintptr_t)record;

    for (uintptr_t line = at & ~(uintptr_t)(PAGE_BYTES - 1); line < at; line += CACHE_LINE_BYTES) {
        __builtin_prefetch((const void *)line);
    }
}

/* Copies records behind one another while they fit. The room never moves, because what was copied
 * is pointed to. */
static void copy_records(struct lmdb_reader *reader, MDB_cursor *cursor, uint64_t first,
                         struct journal_chunk *chunk)
{
    uint8_t sequence[8];
    MDB_val key = {.mv_size = sizeof(sequence), .mv_data = sequence};
    MDB_val value;
    size_t used = 0;
    uintptr_t last = 0;

    sequence_to_key(first, sequence);
    int rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (rc == MDB_SUCCESS && chunk->count < JOURNAL_CHUNK_RECORDS) {
        if (!is_key_of(key, first + chunk->count)) {
            rc = MDB_NOTFOUND;
            break;
        }
        if (value.mv_size + 1 > reader->value_capacity - used) {
            /* Only a damaged one does not fit an empty buffer. */
            rc = used == 0 ? MDB_CORRUPTED : MDB_SUCCESS;
            break;
        }
        if (((uintptr_t)value.mv_data ^ last) >= PAGE_BYTES) {
            ask_for_page(value.mv_data);
        }
        last = (uintptr_t)value.mv_data;
        reader->value[used] = 0;
        memcpy(reader->value + used + 1, value.mv_data, value.mv_size);
        chunk->records[chunk->count++] = bytes_from(reader->value + used + 1, value.mv_size);
        used += 1 + value.mv_size;
        rc = chunk->count < JOURNAL_CHUNK_RECORDS ? mdb_cursor_get(cursor, &key, &value, MDB_NEXT)
                                                  : MDB_SUCCESS;
    }
    chunk->status = lmdb_status(rc);
}

void lmdb_read_chunk(struct journal_reader *base, uint64_t first, struct journal_chunk *ret_chunk)
{
    struct lmdb_reader *reader = (struct lmdb_reader *)base;
    MDB_cursor *cursor = NULL;
    enum status status = reader_enter(reader);

    ret_chunk->count = 0;
    ret_chunk->status = status;
    if (status != STATUS_OK) {
        return;
    }
    if (first > 0 && first <= base->archived) {
        reader_leave(reader);
        struct archive *archive = archive_of(reader);
        if (archive == NULL) {
            ret_chunk->status = STATUS_NO_MEMORY;
        } else {
            archive_read_chunk(archive, first, ret_chunk);
        }
        return;
    }
    status = reader_make_room(reader, CHUNK_BYTES);
    if (status == STATUS_OK) {
        status =
            lmdb_status(mdb_cursor_open(reader->txn, lmdb_of(base->journal)->records, &cursor));
    }
    ret_chunk->status = status;
    if (status == STATUS_OK) {
        copy_records(reader, cursor, first, ret_chunk);
        mdb_cursor_close(cursor);
    }
    reader_leave(reader);
}

/* ---- how much there is ---- */

static int count_entries(MDB_txn *txn, MDB_dbi database, uint64_t *ret_count)
{
    MDB_stat stat;
    const int rc = mdb_stat(txn, database, &stat);

    if (rc == MDB_SUCCESS) {
        *ret_count = stat.ms_entries;
    }
    return rc;
}

static int load_usage(struct lmdb_journal *journal, MDB_txn *txn, struct journal_usage *ret_usage)
{
    MDB_envinfo info;
    MDB_stat stat;
    int rc = mdb_env_info(journal->env, &info);

    if (rc == MDB_SUCCESS) {
        rc = mdb_env_stat(journal->env, &stat);
    }
    if (rc != MDB_SUCCESS) {
        return rc;
    }
    ret_usage->bytes_used = (uint64_t)(info.me_last_pgno + 1) * stat.ms_psize;
    ret_usage->bytes_mapped = info.me_mapsize;
    rc = count_entries(txn, journal->records, &ret_usage->records_count);
    if (rc == MDB_SUCCESS) {
        rc = lmdb_load_archived(txn, journal->records, &ret_usage->records_archived);
        ret_usage->records_count += ret_usage->records_archived;
    }
    if (rc == MDB_SUCCESS) {
        rc = count_entries(txn, journal->rows, &ret_usage->rows_count);
    }
    if (rc == MDB_SUCCESS) {
        rc = count_entries(txn, journal->blobs, &ret_usage->blobs_count);
    }
    return rc;
}

enum status lmdb_usage(struct journal *base, struct journal_usage *ret_usage)
{
    struct lmdb_journal *journal = lmdb_of(base);
    struct journal_reader *opened = NULL;
    struct journal_usage usage = {0};
    enum status status = lmdb_reader_open(base, &opened);

    if (status != STATUS_OK) {
        return status;
    }
    struct lmdb_reader *reader = (struct lmdb_reader *)opened;
    status = reader_enter(reader);
    if (status == STATUS_OK) {
        status = lmdb_status(load_usage(journal, reader->txn, &usage));
        reader_leave(reader);
    }
    lmdb_reader_close(opened);
    if (status == STATUS_OK) {
        *ret_usage = usage;
    }
    return status;
}
