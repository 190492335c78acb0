/* SPDX-License-Identifier: Apache-2.0 */
/* store/verify.h: is a journal whole?
 *
 * Recomputes the hash tree over the records and compares it with the stored one; a journal of a
 * format without a tree is looked at without. Needs no key and no running node; works on a live
 * directory and on a copy. What a record means is not known here: the caller's `examine` decodes it
 * and looks for the blobs it names.
 *
 * Threads: those of the reader. */
#ifndef SLUICE_STORE_VERIFY_H
#define SLUICE_STORE_VERIFY_H

#include "store/journal.h"

/* not stored */
enum verify_finding {
    VERIFY_SOUND = 0,
    VERIFY_MISSING,    /* no record of this number, though there is a later one */
    VERIFY_EXTRA,      /* more entries than numbers: something else is among the records */
    VERIFY_CHECKSUM,   /* the record is not what was written */
    VERIFY_EXAMINED,   /* `examine` refused it */
    VERIFY_TREE,       /* the records from this one on are not those the stored tree is of */
    VERIFY_UNREADABLE, /* the disk or LMDB failed: see status */
};

struct verify_options {
    void *context;
    /* Judges one record whose checksum is right. Not STATUS_OK: bad, and `*ret_what` (static
     * memory) says why. NULL: every record is good. */
    enum status (*examine)(void *context, uint64_t sequence, struct bytes record,
                           const char **ret_what);
    /* Called now and then, at most every 4,096 records. NULL: nobody looks. */
    void (*progress)(void *context, uint64_t sequence, uint64_t head);
};

struct verify_report {
    uint64_t records_count; /* found good, from 1 on */
    uint64_t bytes_count;   /* in them */
    uint64_t head;          /* of the snapshot that was looked at */
    enum verify_finding finding;
    uint64_t sequence;  /* of the first bad record; 0: none, or not of one record */
    enum status status; /* STATUS_OK when sound, else what was met */
    const char *what;   /* in words; static memory */
    struct hash root;   /* of the tree over the records found good */
};

/* Looks at every record of the reader's snapshot, in order, and stops at the first bad one. What is
 * found is in the report; the return value is STATUS_OK only if all is sound. */
MUST_USE enum status journal_verify(struct journal *journal, struct journal_reader *reader,
                                    const struct verify_options *options,
                                    struct verify_report *ret_report);

#endif
