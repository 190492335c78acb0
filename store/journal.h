/* SPDX-License-Identifier: Apache-2.0 */
/* store/journal.h: the durable, ordered record of everything the core was told and decided, and the
 * rows that follow from it.
 *
 * The core is a function of the records: what is not in them did not happen. So no command that
 * signs, sends or publishes leaves the node until the batch that holds it is committed here.
 *
 * Promises, each tested on every backend by tests/conformance/test_journal.c:
 *   1. A batch is all or nothing: records, row changes and blobs together; a reader never sees part
 *      of one, and sees none of it before it is refreshed.
 *   2. Once journal_commit returns STATUS_OK, the batch survives loss of power.
 *   3. Sequence numbers start at 1 and have no gaps.
 *   4. A record or blob that fails its checksum is STATUS_CORRUPT, never data.
 *   5. The hash tree (store/tree.h) over the records is of the same batch as they are.
 *   6. One writer: a second open for writing is STATUS_BUSY, in this process or another one.
 *
 * Records and rows are opaque bytes here; proto/record.h and relay/core give them meaning.
 * Threads: journal_commit belongs to one thread, the writer (an LMDB write transaction must begin
 * and end on one thread). A reader belongs to one thread each, and never blocks the writer but for
 * the moment in which the map grows. The memory backend belongs to one thread altogether. */
#ifndef SLUICE_STORE_JOURNAL_H
#define SLUICE_STORE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay/base/bytes.h"
#include "store/tree.h"

struct journal;        /* opaque; one backend per .c file */
struct journal_reader; /* opaque; a snapshot */

/* Address space, not disk: the file is as long as what is in it. */
#define JOURNAL_MAP_BYTES      ((size_t)1 << 30)
#define JOURNAL_MAP_BYTES_MAX  ((size_t)1 << 40)
#define JOURNAL_RESERVE_BYTES  ((size_t)4 << 20)
#define JOURNAL_READERS_MAX    64u /* of one process; LMDB has room for as many of others */
#define JOURNAL_NOTE_BYTES_MAX 65536u
#define JOURNAL_CHUNK_RECORDS  256u
/* Records that leave the file together (store/archive/archive.h). */
#define JOURNAL_SEGMENT_RECORDS 4096u

struct journal_options {
    const char *path;     /* directory; created when missing unless read_only */
    size_t map_bytes;     /* first size of the map; grows by doubling; 0: JOURNAL_MAP_BYTES */
    size_t map_bytes_max; /* ceiling on the file; reaching it is STATUS_NO_SPACE; 0: the default */
    size_t reserve_bytes; /* of disk, for journal_spend_reserve; 0: JOURNAL_RESERVE_BYTES */
    bool read_only;       /* for tools on a live or a copied directory; journal_commit is a CHECK */
};

struct journal_change {
    struct bytes key;
    struct bytes value;
    bool removed;
};

/* What was signed of the tree over the first `size` records: a note (store/note.h). Kept beside the
 * records, not among them, one for each size; the same size again replaces it, by the same text
 * with more signatures. */
struct journal_checkpoint {
    uint64_t size;     /* at most the head */
    struct bytes note; /* 1 to JOURNAL_NOTE_BYTES_MAX bytes */
};

/* Borrowed for the call. */
struct journal_batch {
    const struct bytes *records; /* each at most RECORD_BYTES_MAX */
    uint32_t records_count;
    const struct journal_change *changes;
    uint32_t changes_count;
    const struct bytes *blobs; /* stored under their SHA-256; a repeat is free */
    uint32_t blobs_count;
    const struct journal_checkpoint *checkpoint; /* NULL: none */
};

/* Opens a journal, which the caller owns and ends with journal_close. Borrows `options`.
 * STATUS_NOT_FOUND: read only and there is none, or the folder above is missing; STATUS_BUSY:
 * another writer holds it (journal_writer_pid names it), or, read only, it is live and this user
 * may not write its lock file; STATUS_READ_ONLY: may not be written; STATUS_IO: may not be read, or
 * the disk failed; STATUS_NO_SPACE, STATUS_NO_MEMORY; STATUS_VERSION: a newer format
 * (an older one is brought up to date when opened for writing, which reads every record);
 * STATUS_CORRUPT: not a journal,
 * or, for writing, one whose last records are damaged, so that its tree cannot be continued. One
 * process opens a directory once: LMDB's locks know processes only. */
MUST_USE enum status journal_open_lmdb(const struct journal_options *options,
                                       struct journal **ret_journal);
/* The process that holds the directory for writing now; 0 when none does. */
long journal_writer_pid(const char *path);
/* Ends `journal`, which is open for writing and has no readers, and puts the file of the journal at
 * `path`, which is closed, in its place: after this, or after a crash, the directory holds the one
 * or the other, whole. Who still reads the old file goes on reading it. STATUS_IO, STATUS_NO_SPACE,
 * STATUS_READ_ONLY: the old one is in its place, or the new one, and `journal` is closed. */
MUST_USE enum status journal_replace_lmdb(struct journal *journal, const char *path);
/* Removes a journal that nobody has open, and its directory, which must hold nothing else. It is
 * fine when there is none. STATUS_IO, STATUS_READ_ONLY. */
MUST_USE enum status journal_remove_lmdb(const char *path);
/* Same promises but 2 and 6, in memory: for the simulator and tests. */
MUST_USE enum status journal_open_memory(struct journal **ret_journal);

/* Accepts NULL, returns NULL. Readers must be closed before. */
struct journal *journal_close(struct journal *journal);

/* Makes the batch durable. Keys are 1 to ROW_KEY_BYTES_MAX bytes. `*ret_head` is the sequence
 * number of the last record then. STATUS_NO_SPACE, STATUS_READ_ONLY, STATUS_IO: nothing of the
 * batch is held and the journal stays usable: try again later. STATUS_CORRUPT: stop. A full map
 * grows inside this call without losing the batch. */
MUST_USE enum status journal_commit(struct journal *journal, const struct journal_batch *batch,
                                    uint64_t *ret_head);

/* Gives up the disk space that is kept for an orderly end: what could not be written on a full disk
 * may fit now. The next open keeps it again, or says STATUS_NO_SPACE. STATUS_NOT_FOUND: it is given
 * up already. The thread of journal_commit. */
MUST_USE enum status journal_spend_reserve(struct journal *journal);

/* Opens a snapshot of what is committed now. STATUS_FULL: too many readers, here or
 * in all processes together. */
MUST_USE enum status journal_reader_open(struct journal *journal,
                                         struct journal_reader **ret_reader);
struct journal_reader *journal_reader_close(struct journal_reader *reader);
/* Moves the snapshot to what is committed now. Borrowed results end. */
MUST_USE enum status journal_reader_refresh(struct journal_reader *reader);

/* Sequence number of the last record in the snapshot; 0 when empty. */
uint64_t journal_reader_head(const struct journal_reader *reader);
/* Sequence number of the last record that is in the archive alone; 0: every one is in the file.
 * Reading does not ask where a record is. */
uint64_t journal_reader_archived(const struct journal_reader *reader);
/* Results are borrowed until the next call on this reader, and in memory until the next commit.
 * STATUS_NOT_FOUND, STATUS_CORRUPT, STATUS_IO, STATUS_NO_MEMORY. When the map had to grow since the
 * last call, the snapshot has moved to what is committed now, as by a refresh. */
MUST_USE enum status journal_read_record(struct journal_reader *reader, uint64_t sequence,
                                         struct bytes *ret_record);
/* The same, with the record's leaf hash, which costs nothing more. */
MUST_USE enum status journal_read_leaf(struct journal_reader *reader, uint64_t sequence,
                                       struct bytes *ret_record, struct hash *ret_leaf);

/* Records that follow one another, read in one go. */
struct journal_chunk {
    uint32_t count; /* good ones, from the number asked for on; may be 0 */
    /* Of the record after them: STATUS_OK: ask again from there. STATUS_NOT_FOUND: there is none;
     * others as for journal_read_record. */
    enum status status;
    struct bytes records[JOURNAL_CHUNK_RECORDS]; /* borrowed as one record is */
    struct hash leaves[JOURNAL_CHUNK_RECORDS];
};

/* For who reads all of them: several times faster than one by one. */
void journal_read_chunk(struct journal_reader *reader, uint64_t first,
                        struct journal_chunk *ret_chunk);

/* not stored */
enum journal_direction { JOURNAL_UPWARDS, JOURNAL_DOWNWARDS };
/* The checkpoint of the size nearest to `size`: it, or the next larger or smaller one. Borrowed as
 * a record is. STATUS_NOT_FOUND: there is none on that side. STATUS_CORRUPT: it is damaged, and
 * `*ret_size` is nevertheless its size. */
MUST_USE enum status journal_seek_checkpoint(struct journal_reader *reader, uint64_t size,
                                             enum journal_direction direction, uint64_t *ret_size,
                                             struct bytes *ret_note);
/* The tree over the records of the snapshot, leaf 0 being record 1; lives and is used as the reader
 * is. Reading from it: statuses as above; STATUS_UNSUPPORTED: the journal is of a format without a
 * tree and was opened for reading. */
struct tree_source journal_tree(struct journal_reader *reader);
MUST_USE enum status journal_read_blob(struct journal_reader *reader, const struct hash *digest,
                                       struct bytes *ret_blob);
MUST_USE enum status journal_read_row(struct journal_reader *reader, struct bytes key,
                                      struct bytes *ret_value);
/* First row whose key is not below `key`. */
MUST_USE enum status journal_seek_row(struct journal_reader *reader, struct bytes key,
                                      struct bytes *ret_key, struct bytes *ret_value);

/* For status and alarms. */
struct journal_usage {
    uint64_t bytes_used; /* of the file, pages that wait to be used again included */
    uint64_t bytes_mapped;
    uint64_t records_count; /* those in the archive included */
    uint64_t records_archived;
    uint64_t rows_count;
    uint64_t blobs_count; /* in the file */
};
MUST_USE enum status journal_usage(struct journal *journal, struct journal_usage *ret_usage);

#endif
