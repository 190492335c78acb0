/* SPDX-License-Identifier: Apache-2.0 */
/* store/archive/archive.h: the oldest records of a journal, moved out of its LMDB file.
 *
 *   DIR/archive/records/<millions>/<first>-<last>    a segment: JOURNAL_SEGMENT_RECORDS records
 *   DIR/archive/blobs/<2 digits>/<64 digits>         payloads that they name, under their SHA-256
 *
 * A journal reads through it: whoever uses store/journal.h, on a live directory or on a copy that
 * has the folder too, does not see where a record is. Nothing in the archive is believed: each
 * record has its checksum, and the hash tree over all records stays in the LMDB file, so that what
 * is missing, cut short or changed is found as it is in the file itself.
 *
 * Promises:
 *   1. At every moment each record and blob is in the file, in the archive or in both, whole and
 *      durable, whenever the process or the machine dies.
 *   2. A segment is read back from the archive and compared with the tree before anything is
 *      removed from the file, and removed in one transaction.
 *   3. A file of the archive never changes. The folder may be a link to another file system.
 *
 * The file does not shrink: what is freed is used for new records.
 *
 * Threads: that of journal_commit. */
#ifndef SLUICE_STORE_ARCHIVE_ARCHIVE_H
#define SLUICE_STORE_ARCHIVE_ARCHIVE_H

#include "store/journal.h"

/* The last ones stay in the file: whoever opens it continues the tree from them. */
#define ARCHIVE_KEEP_RECORDS_MIN 256u

struct archiver; /* a segment under way */

struct archive_options {
    uint64_t keep_records; /* of the newest, at least; at least ARCHIVE_KEEP_RECORDS_MIN */
    void *context;
    /* Called for each record: names its blobs by archiver_add_blob and passes on what that says.
     * Not STATUS_OK: nothing is archived, and that is the result. NULL: no record has any. */
    enum status (*examine)(void *context, uint64_t sequence, struct bytes record,
                           struct archiver *archiver);
};

struct archive_report {
    enum status status;
    const char *what;        /* in words; static memory */
    uint64_t sequence;       /* of the record that is damaged; 0: none is */
    uint64_t archived_count; /* records in the archive alone, from 1 on */
    uint64_t blobs_count;    /* named by this segment */
    uint64_t bytes_count;    /* written for it */
};

/* Moves the oldest segment of the file. STATUS_OK: done. STATUS_NOT_FOUND: nothing is old enough.
 * STATUS_CORRUPT: a record or blob is damaged, and stays where it is. STATUS_NO_SPACE,
 * STATUS_READ_ONLY, STATUS_IO, STATUS_NO_MEMORY: nothing is removed; try again later.
 * STATUS_UNSUPPORTED: this backend has no archive. */
MUST_USE enum status archive_segment(struct journal *journal, const struct archive_options *options,
                                     struct archive_report *ret_report);

/* As journal_read_blob, and as writing a file. Borrowed until the next call. */
MUST_USE enum status archiver_add_blob(struct archiver *archiver, const struct hash *digest,
                                       struct bytes *ret_blob);

#endif
