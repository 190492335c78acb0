/* SPDX-License-Identifier: Apache-2.0 */
/* store/writer.h: the one thread that writes a journal.
 *
 * Batches go in at one end; word of what is durable comes out at the other. The thread commits as
 * soon as it has one batch; batches that come meanwhile wait and share the next commit and its
 * sync. So a lone batch is durable after one sync, and a burst costs few.
 *
 * Promises:
 *   1. Batches become durable in the order in which they were pushed, none is lost or written
 * twice.
 *   2. A commit that fails for want of space, a read-only disk or an error of the disk is tried
 * again until it succeeds or writer_close; after such a failure the oldest batch goes alone.
 *   3. After STATUS_CORRUPT nothing is written any more.
 *
 * Threads: push and close from one thread, the owner's; `done` is called on the writer's.
 * From open to close the journal is written by nobody else. */
#ifndef SLUICE_STORE_WRITER_H
#define SLUICE_STORE_WRITER_H

#include "relay/base/instant.h"
#include "store/archive/archive.h"
#include "store/journal.h"

#define WRITER_BATCHES_MAX           64u /* pushed and not yet durable */
#define WRITER_ARCHIVE_RETRY_RECORDS 256u

struct writer;

struct writer_options {
    struct journal *journal; /* borrowed until writer_close */
    /* STATUS_OK: every batch up to `generation` is durable and `head` is the number of the last
     * record. STATUS_CORRUPT: the journal is broken. Any other: what failed; `generation` is the
     * oldest that waits, it is being tried again, and this is called again for each try. Must not
     * block and must not call the writer. */
    void (*done)(void *context, uint64_t generation, enum status status, uint64_t head);
    void *context;
    struct duration retry; /* between tries after a failure; 0: half a second */
    /* Whatever is old enough is archived, a segment at a time, between two commits. A segment that
     * cannot be is tried again WRITER_ARCHIVE_RETRY_RECORDS later. NULL: nothing ever is. Borrowed
     * until writer_close; its `examine` and `archived` are called on the writer's thread. */
    const struct archive_options *archive;
    /* What became of a segment. Must not block and must not call the writer. NULL: nobody asks. */
    void (*archived)(void *context, const struct archive_report *report);
};

/* STATUS_NO_MEMORY: no memory or no thread. Borrows `options`. */
MUST_USE enum status writer_open(const struct writer_options *options, struct writer **ret_writer);

/* Hands over a batch. What it points to is borrowed until `done` reports STATUS_OK for its
 * generation or writer_close returns; the struct itself is copied. Generations ascend.
 * STATUS_FULL: WRITER_BATCHES_MAX wait; try again after a `done`. */
MUST_USE enum status writer_push(struct writer *writer, uint64_t generation,
                                 const struct journal_batch *batch);

/* A checkpoint to keep (store/journal.h). It is written after the batches that are durable when its
 * turn comes, tried once, and `done` is called on the writer's thread with what became of it: never
 * when writer_close comes first. Must not block and must not call the writer. */
struct writer_checkpoint {
    struct journal_checkpoint checkpoint; /* borrowed until `done` or writer_close */
    void (*done)(void *context, enum status status);
    void *context;
};
/* From any one thread. STATUS_FULL: one waits already. */
MUST_USE enum status writer_push_checkpoint(struct writer *writer,
                                            const struct writer_checkpoint *checkpoint);

/* An orderly stop has begun: from now on what finds the disk full is written into the journal's
 * reserve. Batches may still be pushed. From the owner's thread. */
void writer_end_is_near(struct writer *writer);

/* Writes what waits, on a full disk into the journal's reserve, tries once more where it cannot,
 * ends the thread. What `done` has not reported when this returns is not durable. Accepts NULL,
 * returns NULL. */
struct writer *writer_close(struct writer *writer);

#endif
