/* SPDX-License-Identifier: Apache-2.0 */
/* What both backends of store/journal.h have in common: bounds of what is written, checksums of
 * what is read. */
#include "store/journal.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/limits.h"
#include "store/journal_internal.h"

struct journal *journal_close(struct journal *journal)
{
    if (journal != NULL) {
        journal->ops->close(journal);
    }
    return NULL;
}

enum status journal_commit(struct journal *journal, const struct journal_batch *batch,
                           uint64_t *ret_head)
{
    CHECK(!journal->read_only);
    for (uint32_t i = 0; i < batch->records_count; i++) {
        CHECK(batch->records[i].count > 0);
        CHECK(batch->records[i].count <= RECORD_BYTES_MAX);
    }
    for (uint32_t i = 0; i < batch->changes_count; i++) {
        const struct journal_change *change = &batch->changes[i];
        CHECK(change->key.count > 0);
        CHECK(change->key.count <= ROW_KEY_BYTES_MAX);
        CHECK(change->value.count <= ROW_VALUE_BYTES_MAX);
    }
    if (batch->checkpoint != NULL) {
        CHECK(batch->checkpoint->note.count > 0);
        CHECK(batch->checkpoint->note.count <= JOURNAL_NOTE_BYTES_MAX);
    }
    return journal->ops->commit(journal, batch, ret_head);
}

enum status journal_spend_reserve(struct journal *journal)
{
    CHECK(!journal->read_only);
    return journal->ops->spend_reserve(journal);
}

enum status journal_usage(struct journal *journal, struct journal_usage *ret_usage)
{
    return journal->ops->usage(journal, ret_usage);
}

enum status journal_reader_open(struct journal *journal, struct journal_reader **ret_reader)
{
    return journal->ops->reader_open(journal, ret_reader);
}

struct journal_reader *journal_reader_close(struct journal_reader *reader)
{
    if (reader != NULL) {
        reader->journal->ops->reader_close(reader);
    }
    return NULL;
}

enum status journal_reader_refresh(struct journal_reader *reader)
{
    return reader->journal->ops->reader_refresh(reader);
}

uint64_t journal_reader_head(const struct journal_reader *reader)
{
    return reader->journal->ops->reader_head(reader);
}

uint64_t journal_reader_archived(const struct journal_reader *reader)
{
    return reader->archived;
}

/* Takes what is stored apart. STATUS_CORRUPT: it is not of a length that is written. */
static enum status split_stored(struct bytes stored, struct bytes *ret_record)
{
    if (stored.count <= JOURNAL_CHECKSUM_BYTES ||
        stored.count > RECORD_BYTES_MAX + JOURNAL_CHECKSUM_BYTES) {
        return STATUS_CORRUPT;
    }
    *ret_record = bytes_from(stored.data, stored.count - JOURNAL_CHECKSUM_BYTES);
    return STATUS_OK;
}

/* The checksum stands behind the record. */
static bool has_checksum(struct bytes record, const struct hash *leaf)
{
    return memcmp(leaf->bytes, record.data + record.count, JOURNAL_CHECKSUM_BYTES) == 0;
}

enum status journal_read_leaf(struct journal_reader *reader, uint64_t sequence,
                              struct bytes *ret_record, struct hash *ret_leaf)
{
    struct bytes stored;
    struct bytes record;
    enum status status = reader->journal->ops->read_record(reader, sequence, &stored);

    if (status == STATUS_OK) {
        status = split_stored(stored, &record);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const struct hash leaf = tree_leaf(record);
    if (!has_checksum(record, &leaf)) {
        return STATUS_CORRUPT;
    }
    *ret_record = record;
    *ret_leaf = leaf;
    return STATUS_OK;
}

static void end_chunk(struct journal_chunk *chunk, uint32_t count)
{
    chunk->count = count;
    chunk->status = STATUS_CORRUPT;
}

void journal_check_chunk(struct journal_chunk *chunk)
{
    struct bytes prefixed[JOURNAL_CHUNK_RECORDS];

    for (uint32_t i = 0; i < chunk->count; i++) {
        struct bytes *record = &chunk->records[i];
        if (split_stored(*record, record) != STATUS_OK) {
            end_chunk(chunk, i);
            break;
        }
        prefixed[i] = bytes_from(record->data - 1, record->count + 1);
    }
    tree_leaves_prefixed(prefixed, chunk->count, chunk->leaves);
    for (uint32_t i = 0; i < chunk->count; i++) {
        if (!has_checksum(chunk->records[i], &chunk->leaves[i])) {
            end_chunk(chunk, i);
        }
    }
}

void journal_read_chunk(struct journal_reader *reader, uint64_t first,
                        struct journal_chunk *ret_chunk)
{
    reader->journal->ops->read_chunk(reader, first, ret_chunk);
    journal_check_chunk(ret_chunk);
}

enum status journal_seek_checkpoint(struct journal_reader *reader, uint64_t size,
                                    enum journal_direction direction, uint64_t *ret_size,
                                    struct bytes *ret_note)
{
    struct bytes stored;
    const enum status status =
        reader->journal->ops->seek_checkpoint(reader, size, direction, ret_size, &stored);

    if (status != STATUS_OK) {
        return status;
    }
    if (stored.count <= JOURNAL_CHECKSUM_BYTES ||
        stored.count > JOURNAL_NOTE_BYTES_MAX + JOURNAL_CHECKSUM_BYTES) {
        return STATUS_CORRUPT;
    }
    const struct bytes note = bytes_from(stored.data, stored.count - JOURNAL_CHECKSUM_BYTES);
    const struct hash hash = sha2_of(note);
    if (memcmp(hash.bytes, note.data + note.count, JOURNAL_CHECKSUM_BYTES) != 0) {
        return STATUS_CORRUPT;
    }
    *ret_note = note;
    return STATUS_OK;
}

enum status journal_read_record(struct journal_reader *reader, uint64_t sequence,
                                struct bytes *ret_record)
{
    struct hash leaf;

    return journal_read_leaf(reader, sequence, ret_record, &leaf);
}

static enum status read_tree(void *context, uint32_t height, uint64_t index, struct hash *ret_hash)
{
    struct journal_reader *reader = context;
    struct bytes record;

    CHECK(height % TREE_TILE_HEIGHT == 0);
    return height == 0 ? journal_read_leaf(reader, index + 1, &record, ret_hash)
                       : reader->journal->ops->read_node(reader, height, index, ret_hash);
}

struct tree_source journal_tree(struct journal_reader *reader)
{
    return (struct tree_source){.context = reader, .read = read_tree};
}

enum status journal_read_blob(struct journal_reader *reader, const struct hash *digest,
                              struct bytes *ret_blob)
{
    struct bytes blob;
    const enum status status = reader->journal->ops->read_blob(reader, digest, &blob);

    if (status != STATUS_OK) {
        return status;
    }
    const struct hash found = sha2_of(blob);
    if (!hash_equal(&found, digest)) {
        return STATUS_CORRUPT;
    }
    *ret_blob = blob;
    return STATUS_OK;
}

enum status journal_read_row(struct journal_reader *reader, struct bytes key,
                             struct bytes *ret_value)
{
    return reader->journal->ops->read_row(reader, key, ret_value);
}

enum status journal_seek_row(struct journal_reader *reader, struct bytes key, struct bytes *ret_key,
                             struct bytes *ret_value)
{
    return reader->journal->ops->seek_row(reader, key, ret_key, ret_value);
}
