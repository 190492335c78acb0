/* SPDX-License-Identifier: Apache-2.0 */
/* store/journal_internal.h: what journal.c and the backends share. */
#ifndef SLUICE_STORE_JOURNAL_INTERNAL_H
#define SLUICE_STORE_JOURNAL_INTERNAL_H

#include "store/journal.h"

/* First bytes of the record's leaf hash (store/tree.h). */
#define JOURNAL_CHECKSUM_BYTES 8u

/* What the archive has and the file need not keep. */
struct journal_forgetting {
    uint64_t through; /* records up to this one: a segment */
    const struct hash *blobs;
    uint32_t blobs_count;
};

struct journal_ops {
    void (*close)(struct journal *journal);
    enum status (*commit)(struct journal *journal, const struct journal_batch *batch,
                          uint64_t *ret_head);
    enum status (*spend_reserve)(struct journal *journal);
    enum status (*usage)(struct journal *journal, struct journal_usage *ret_usage);
    enum status (*reader_open)(struct journal *journal, struct journal_reader **ret_reader);
    void (*reader_close)(struct journal_reader *reader);
    enum status (*reader_refresh)(struct journal_reader *reader);
    uint64_t (*reader_head)(const struct journal_reader *reader);
    /* With its checksum behind it, unchecked. */
    enum status (*read_record)(struct journal_reader *reader, uint64_t sequence,
                               struct bytes *ret_stored);
    /* Unchecked. */
    enum status (*read_blob)(struct journal_reader *reader, const struct hash *digest,
                             struct bytes *ret_blob);
    enum status (*read_row)(struct journal_reader *reader, struct bytes key,
                            struct bytes *ret_value);
    enum status (*seek_row)(struct journal_reader *reader, struct bytes key, struct bytes *ret_key,
                            struct bytes *ret_value);
    /* A complete node of height 8, 16, ... 56. */
    enum status (*read_node)(struct journal_reader *reader, uint32_t height, uint64_t index,
                             struct hash *ret_hash);
    /* As read_record, for as many as are there and fit: their bytes go to ret_chunk->records, each
     * behind a zero byte, and its count and status are set. */
    void (*read_chunk)(struct journal_reader *reader, uint64_t first,
                       struct journal_chunk *ret_chunk);
    /* With its checksum behind it, unchecked. */
    enum status (*seek_checkpoint)(struct journal_reader *reader, uint64_t size,
                                   enum journal_direction direction, uint64_t *ret_size,
                                   struct bytes *ret_stored);
    /* Removes the first segment of the file, in one transaction; statuses as commit. NULL: this
     * backend has no archive. */
    enum status (*forget)(struct journal *journal, const struct journal_forgetting *forgetting);
    const char *(*path)(const struct journal *journal); /* the directory; with `forget` */
};

/* Takes the chunk's records off their checksums; ends it before the first that is damaged. */
void journal_check_chunk(struct journal_chunk *chunk);

/* Opens an exported log. As journal_open_source. */
MUST_USE enum status journal_open_published(const char *path, struct journal **ret_journal);

/* First member of each backend's own struct. */
struct journal {
    const struct journal_ops *ops;
    bool read_only;
    bool records_only; /* no rows: see journal_has_rows */
};

struct journal_reader {
    struct journal *journal;
    uint64_t archived; /* see journal_reader_archived */
};

#endif
