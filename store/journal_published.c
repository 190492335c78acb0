/* SPDX-License-Identifier: Apache-2.0 */
/* An exported log (store/log/published.h) behind store/journal.h, to be read alone: records, blobs,
 * tree and its one checkpoint; no rows. */
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "store/journal_internal.h"
#include "store/log/published.h"

struct published_journal {
    struct journal base;
    char *path;
};

struct published_reader {
    struct journal_reader base;
    struct published *published;
    /* What was read last, each with its checksum. */
    uint8_t *stored;
    size_t stored_capacity;
};

static struct published_reader *reader_of(struct journal_reader *reader)
{
    return (struct published_reader *)reader;
}

/* A piece that is missing or cut short is damage: the checkpoint says that it is there. */
static enum status status_of(enum status status)
{
    return status == STATUS_NOT_FOUND || status == STATUS_MALFORMED ? STATUS_CORRUPT : status;
}

/* ---- reading ---- */

static enum status make_room(struct published_reader *reader, size_t count)
{
    if (count <= reader->stored_capacity) {
        return STATUS_OK;
    }
    uint8_t *larger = realloc(reader->stored, count);
    if (larger == NULL) {
        return STATUS_NO_MEMORY;
    }
    reader->stored = larger;
    reader->stored_capacity = count;
    return STATUS_OK;
}

/* Behind `used` bytes and a zero byte, with the head of the hash that its tile has for it as
 * checksum. */
static enum status read_behind(struct published_reader *reader, uint64_t sequence, size_t used,
                               size_t *ret_count)
{
    const struct tree_source tree = published_tree(reader->published);
    struct bytes record;
    struct hash leaf;
    enum status status = published_read_record(reader->published, sequence, &record);

    if (status == STATUS_OK) {
        status = tree.read(tree.context, 0, sequence - 1, &leaf);
    }
    if (status == STATUS_OK) {
        status = make_room(reader, used + 1 + record.count + JOURNAL_CHECKSUM_BYTES);
    }
    if (status != STATUS_OK) {
        return status_of(status);
    }
    reader->stored[used] = 0;
    memcpy(reader->stored + used + 1, record.data, record.count);
    memcpy(reader->stored + used + 1 + record.count, leaf.bytes, JOURNAL_CHECKSUM_BYTES);
    *ret_count = record.count + JOURNAL_CHECKSUM_BYTES;
    return STATUS_OK;
}

static enum status published_record(struct journal_reader *base, uint64_t sequence,
                                    struct bytes *ret_stored)
{
    struct published_reader *reader = reader_of(base);
    size_t count = 0;

    if (sequence == 0 || sequence > published_size(reader->published)) {
        return STATUS_NOT_FOUND;
    }
    const enum status status = read_behind(reader, sequence, 0, &count);
    if (status == STATUS_OK) {
        *ret_stored = bytes_from(reader->stored + 1, count);
    }
    return status;
}

/* The room may move while it grows, so records are pointed to when all of them are in it. */
static void published_chunk(struct journal_reader *base, uint64_t first,
                            struct journal_chunk *ret_chunk)
{
    struct published_reader *reader = reader_of(base);
    size_t used = 0;

    ret_chunk->count = 0;
    ret_chunk->status = STATUS_OK;
    while (ret_chunk->count < JOURNAL_CHUNK_RECORDS) {
        const uint64_t sequence = first + ret_chunk->count;
        size_t count = 0;
        ret_chunk->status = sequence == 0 || sequence > published_size(reader->published)
                                ? STATUS_NOT_FOUND
                                : read_behind(reader, sequence, used, &count);
        if (ret_chunk->status != STATUS_OK) {
            break;
        }
        ret_chunk->records[ret_chunk->count++].count = count;
        used += 1 + count;
    }
    used = 0;
    for (uint32_t i = 0; i < ret_chunk->count; i++) {
        ret_chunk->records[i].data = reader->stored + used + 1;
        used += 1 + ret_chunk->records[i].count;
    }
}

static enum status published_blob(struct journal_reader *base, const struct hash *digest,
                                  struct bytes *ret_blob)
{
    return published_read_blob(reader_of(base)->published, digest, ret_blob);
}

static enum status published_row(struct journal_reader *base, struct bytes key,
                                 struct bytes *ret_value)
{
    (void)base;
    (void)key;
    (void)ret_value;
    return STATUS_UNSUPPORTED;
}

static enum status published_seek_row(struct journal_reader *base, struct bytes key,
                                      struct bytes *ret_key, struct bytes *ret_value)
{
    (void)ret_key;
    return published_row(base, key, ret_value);
}

static enum status published_node(struct journal_reader *base, uint32_t height, uint64_t index,
                                  struct hash *ret_hash)
{
    const struct tree_source tree = published_tree(reader_of(base)->published);

    return status_of(tree.read(tree.context, height, index, ret_hash));
}

static enum status published_checkpoint(struct journal_reader *base, uint64_t size,
                                        enum journal_direction direction, uint64_t *ret_size,
                                        struct bytes *ret_stored)
{
    struct published_reader *reader = reader_of(base);
    const uint64_t held = published_size(reader->published);
    const struct bytes note = published_note(reader->published);
    const struct hash hash = sha2_of(note);

    if (direction == JOURNAL_UPWARDS ? held < size : held > size) {
        return STATUS_NOT_FOUND;
    }
    const enum status status = make_room(reader, note.count + JOURNAL_CHECKSUM_BYTES);
    if (status != STATUS_OK) {
        return status;
    }
    memcpy(reader->stored, note.data, note.count);
    memcpy(reader->stored + note.count, hash.bytes, JOURNAL_CHECKSUM_BYTES);
    *ret_size = held;
    *ret_stored = bytes_from(reader->stored, note.count + JOURNAL_CHECKSUM_BYTES);
    return STATUS_OK;
}

/* ---- life ---- */

static enum status open_folder(const struct journal *base, struct published **ret_published)
{
    const enum status status =
        published_open(((const struct published_journal *)base)->path, ret_published);

    return status == STATUS_MALFORMED ? STATUS_CORRUPT : status;
}

static void reader_close(struct journal_reader *base)
{
    struct published_reader *reader = reader_of(base);

    published_close(reader->published);
    free(reader->stored);
    free(reader);
}

static enum status reader_open(struct journal *base, struct journal_reader **ret_reader)
{
    struct published_reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL) {
        return STATUS_NO_MEMORY;
    }
    reader->base.journal = base;
    const enum status status = open_folder(base, &reader->published);
    if (status != STATUS_OK) {
        reader_close(&reader->base);
        return status;
    }
    *ret_reader = &reader->base;
    return STATUS_OK;
}

/* The folder may have been brought up to date. */
static enum status reader_refresh(struct journal_reader *base)
{
    struct published_reader *reader = reader_of(base);
    struct published *newer = NULL;
    const enum status status = open_folder(base->journal, &newer);

    if (status == STATUS_OK) {
        published_close(reader->published);
        reader->published = newer;
    }
    return status;
}

static uint64_t reader_head(const struct journal_reader *base)
{
    return published_size(((const struct published_reader *)base)->published);
}

static enum status usage(struct journal *base, struct journal_usage *ret_usage)
{
    struct published *published = NULL;
    const enum status status = open_folder(base, &published);

    if (status == STATUS_OK) {
        *ret_usage = (struct journal_usage){.records_count = published_size(published)};
        published_close(published);
    }
    return status;
}

static enum status commit(struct journal *base, const struct journal_batch *batch,
                          uint64_t *ret_head)
{
    (void)base;
    (void)batch;
    (void)ret_head;
    check_failed(__FILE__, __LINE__, "an exported log is read alone");
}

static void close_journal(struct journal *base)
{
    struct published_journal *journal = (struct published_journal *)base;

    free(journal->path);
    free(journal);
}

static const struct journal_ops published_ops = {
    .close = close_journal,
    .commit = commit,
    .usage = usage,
    .reader_open = reader_open,
    .reader_close = reader_close,
    .reader_refresh = reader_refresh,
    .reader_head = reader_head,
    .read_record = published_record,
    .read_blob = published_blob,
    .read_row = published_row,
    .seek_row = published_seek_row,
    .read_node = published_node,
    .read_chunk = published_chunk,
    .seek_checkpoint = published_checkpoint,
};

enum status journal_open_published(const char *path, struct journal **ret_journal)
{
    struct published_journal *journal = calloc(1, sizeof(*journal));
    struct published *published = NULL;

    if (journal == NULL) {
        return STATUS_NO_MEMORY;
    }
    journal->base =
        (struct journal){.ops = &published_ops, .read_only = true, .records_only = true};
    journal->path = strdup(path);
    const enum status status =
        journal->path == NULL ? STATUS_NO_MEMORY : open_folder(&journal->base, &published);
    if (status != STATUS_OK) {
        close_journal(&journal->base);
        return status;
    }
    published_close(published); /* each reader has one of its own */
    *ret_journal = &journal->base;
    return STATUS_OK;
}
