/* SPDX-License-Identifier: Apache-2.0 */
/* store/archive/segment_internal.h: one file of the archive, and reading from all of them.
 *
 *   0      "sluice segment 1" and a line feed, zeros up to 32 bytes; the number of the first record
 *          (u64) and how many there are (u32) in the last twelve of them
 *   32     where each record begins, and where the last one ends: u32 each, from the file's begin
 *   ...    records: a zero byte, the record, and the first 8 bytes of SHA-256 over both
 *
 * Integers are big-endian. The zero byte is there because a leaf of the tree is hashed with it.
 * Nothing may stand between the records or behind them. Everything read is hostile. */
#ifndef SLUICE_STORE_ARCHIVE_SEGMENT_INTERNAL_H
#define SLUICE_STORE_ARCHIVE_SEGMENT_INTERNAL_H

#include "relay/base/limits.h"
#include "store/journal_internal.h"

#define SEGMENT_HEADER_BYTES     32u
#define SEGMENT_TABLE_BYTES      (SEGMENT_HEADER_BYTES + 4u * (JOURNAL_SEGMENT_RECORDS + 1u))
#define SEGMENT_RECORD_BYTES_MAX (1u + RECORD_BYTES_MAX + JOURNAL_CHECKSUM_BYTES)
#define SEGMENT_PATH_BYTES_MAX   96u
#define ARCHIVE_FOLDER           "archive"

/* Where the records of a segment begin, and where the last one ends. */
struct segment_table {
    uint32_t offsets[JOURNAL_SEGMENT_RECORDS + 1];
};

/* Below the archive's folder. `first` is the number of the segment's first record. */
void segment_path(uint64_t first, char ret_path[SEGMENT_PATH_BYTES_MAX]);
uint64_t segment_first_of(uint64_t sequence);
void segment_write_table(uint64_t first, const struct segment_table *table,
                         uint8_t ret_bytes[SEGMENT_TABLE_BYTES]);
/* STATUS_MALFORMED: not the table of this segment. The end may lie behind the file's. */
MUST_USE enum status segment_read_table(uint64_t first, const uint8_t bytes[SEGMENT_TABLE_BYTES],
                                        struct segment_table *ret_table);

struct archive; /* reads one journal's archive; of one thread */

/* `path` is the journal's directory, borrowed for its life; it is not looked at yet. NULL: no
 * memory. */
struct archive *archive_new(const char *path);
/* Accepts NULL, returns NULL. */
struct archive *archive_free(struct archive *archive);

/* As journal_ops.read_record; borrowed until the next call. STATUS_NOT_FOUND: its file is not
 * there. STATUS_CORRUPT: it is cut short or damaged. */
MUST_USE enum status archive_read_record(struct archive *archive, uint64_t sequence,
                                         struct bytes *ret_stored);
/* As journal_ops.read_chunk, up to the end of a segment. */
void archive_read_chunk(struct archive *archive, uint64_t first, struct journal_chunk *ret_chunk);
/* Unchecked; borrowed until the next call. */
MUST_USE enum status archive_read_blob(struct archive *archive, const struct hash *digest,
                                       struct bytes *ret_blob);

#endif
