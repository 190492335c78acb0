/* SPDX-License-Identifier: Apache-2.0 */
/* store/log/witness.h: what a witness (C2SP tlog-witness) says to a checkpoint it was shown.
 *
 * The request is a growth (store/log/proof.h). The reply's status and body are read here; the
 * shell carries them. Replies are hostile: nothing is kept that was not verified against the
 * witness's configured key. Threads: none. Memory: the caller's. */
#ifndef SLUICE_STORE_LOG_WITNESS_H
#define SLUICE_STORE_LOG_WITNESS_H

#include "store/note.h"

#define WITNESS_REPLY_BYTES_MAX 16384u

/* not stored */
enum witness_verdict {
    WITNESS_COSIGNED,    /* its line is good */
    WITNESS_HOLDS_OTHER, /* it holds `size`: ask again from there; a larger one than ours: we are
                          * an older copy */
    WITNESS_FORKED,      /* it has seen another tree of this log */
    WITNESS_UNKNOWN_LOG, /* it must be told about this log first */
    WITNESS_UNTRUSTED,   /* it does not take this log's key */
    WITNESS_REJECTED,    /* it calls the request malformed */
    WITNESS_BAD_REPLY,   /* not a reply, or not signed by its key */
    WITNESS_UNAVAILABLE, /* another status: try again later */
};

struct witness_reply {
    enum witness_verdict verdict;
    uint64_t size;         /* with WITNESS_HOLDS_OTHER */
    uint64_t time_seconds; /* with WITNESS_COSIGNED: what it says the time was */
    struct bytes line;     /* with WITNESS_COSIGNED: with its newline; borrowed from the body */
};

struct witness_question {
    const struct note_key *key;
    struct bytes text;         /* the checkpoint's text, with its last newline */
    uint64_t time_seconds_max; /* a later cosignature is refused */
};

/* Reads a reply with this HTTP status. Static words for a verdict: witness_verdict_text. */
struct witness_reply witness_read(const struct witness_question *question, unsigned http_status,
                                  struct bytes body);
const char *witness_verdict_text(enum witness_verdict verdict);

#endif
