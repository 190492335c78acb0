/* SPDX-License-Identifier: Apache-2.0 */
/* store/verify.h: is a journal whole?
 *
 * Recomputes the hash tree over the records and compares it with the stored one and with the root
 * in each checkpoint; a journal of a format without a tree is looked at without. Needs no key and
 * no running node; works on a live directory and on a copy. With a key, the signatures of the
 * checkpoints are verified too. What a record means is not known here: the caller's `examine`
 * decodes it and looks for the blobs it names. (An exported journal: store/log/published.h.)
 *
 * Threads: those of the reader, and as many more as the options say, which read, hash and outline
 * records while the caller's goes through them in order. */
#ifndef SLUICE_STORE_VERIFY_H
#define SLUICE_STORE_VERIFY_H

#include "store/journal.h"
#include "store/note.h"

/* not stored */
enum verify_finding {
    VERIFY_SOUND = 0,
    VERIFY_MISSING,    /* no record of this number, though there is a later one */
    VERIFY_EXTRA,      /* more entries than numbers: something else is among the records */
    VERIFY_CHECKSUM,   /* the record is not what was written */
    VERIFY_EXAMINED,   /* `examine` refused it */
    VERIFY_TREE,       /* the records from this one on are not those the stored tree is of */
    VERIFY_UNREADABLE, /* the disk or LMDB failed: see status */
    VERIFY_CHECKPOINT, /* a checkpoint is damaged, not signed by its key, or of other records */
};

/* What is left of a record that was looked at by itself, for whoever judges it in its place: the
 * words mean what the caller wants. */
struct verify_outline {
    uint64_t words[2];
};

struct verify_options {
    void *context;
    /* Judges one record whose checksum is right. Not STATUS_OK: bad, and `*ret_what` (static
     * memory) says why. NULL: every record is good. */
    enum status (*examine)(void *context, uint64_t sequence, struct bytes record,
                           const char **ret_what);
    /* So many threads more; 0 for a journal in memory, which is one thread's. `outline` looks at a
     * record by itself, on any thread, on several at once, so that it only reads the context;
     * false: `examine` must. `judge` then does the rest of what `examine` would: in order, on the
     * caller's thread. Both or neither; NULL: `examine` sees every record. */
    uint32_t threads_count;
    bool (*outline)(const void *context, struct bytes record, struct verify_outline *ret_outline);
    enum status (*judge)(void *context, uint64_t sequence, const struct verify_outline *outline,
                         const char **ret_what);
    /* Called now and then, at most every 4,096 records. NULL: nobody looks. */
    void (*progress)(void *context, uint64_t sequence, uint64_t head);
    /* Whose signatures checkpoints must bear, the log's key first; borrowed. None: not looked at.
     * A witness need not have signed, but if it did, its line must be good. */
    struct note_trust trust;
};

struct verify_report {
    uint64_t records_count; /* found good, from 1 on */
    uint64_t bytes_count;   /* in them */
    uint64_t head;          /* of the snapshot that was looked at */
    enum verify_finding finding;
    uint64_t sequence;          /* of the first bad record; 0: none, or not of one record */
    enum status status;         /* STATUS_OK when sound, else what was met */
    const char *what;           /* in words; static memory */
    struct hash root;           /* of the tree over all records; of fewer unless sound */
    uint64_t checkpoints_count; /* found good */
    uint64_t checkpoint_size;   /* of the newest one found good, or of the bad one */
};

/* Judges a checkpoint that is said to be of `size` records whose root is `root`; NULL: the root is
 * not known. STATUS_OK: good. STATUS_CORRUPT: `*ret_what` (static memory) says what is wrong. */
MUST_USE enum status verify_checkpoint(struct bytes note, uint64_t size, const struct hash *root,
                                       const struct note_trust *trust, const char **ret_what);

/* Looks at every record of the reader's snapshot, in order, and stops at the first bad one. What is
 * found is in the report; the return value is STATUS_OK only if all is sound. */
MUST_USE enum status journal_verify(struct journal *journal, struct journal_reader *reader,
                                    const struct verify_options *options,
                                    struct verify_report *ret_report);

#endif
