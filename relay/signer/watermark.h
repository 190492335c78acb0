/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/watermark.h: what this signer has signed before, so that it never signs against it.
 *
 * A small LMDB environment of the signer's own, apart from the node's journal: a node that lies, is
 * restored from a backup or runs twice meets the same memory. Signatures are decided in batches:
 *
 *     watermark_begin
 *     for each request: watermark_open_request; reads, claims, writes; watermark_keep or _drop
 *     watermark_commit, and only then are signatures released
 *
 * Promises, tested by tests/unit/test_watermark.c:
 *   1. After watermark_commit returns STATUS_OK the batch survives loss of power.
 *   2. A batch is all or nothing.
 *   3. One process holds a directory at a time.
 *   4. A row that fails its checksum is STATUS_CORRUPT, never data.
 *
 * Threads: one owner. Statuses of every function: STATUS_NO_SPACE, STATUS_READ_ONLY, STATUS_IO: the
 * batch is to be aborted, nothing of it is held, try again later. STATUS_CORRUPT: stop. */
#ifndef SLUICE_RELAY_SIGNER_WATERMARK_H
#define SLUICE_RELAY_SIGNER_WATERMARK_H

#include "relay/base/amount.h"
#include "relay/base/bytes.h"
#include "relay/base/instant.h"
#include "relay/hyperlane/checkpoint.h"

#define WATERMARK_ATTEMPTS_MAX  32u /* signatures of one nonce */
#define WATERMARK_MINUTES       61u /* the minute now and the 60 before it: any 60 minutes */
#define WATERMARK_MAP_BYTES_MAX ((size_t)16 << 30)

struct watermark; /* opaque */

/* What `directory` was when it was opened: NEW while nothing is signed. */
enum watermark_age { WATERMARK_OLD, WATERMARK_NEW };

/* Opens (or, when there is none, makes) the watermark in `directory`, which exists.
 * STATUS_BUSY: another process holds it. STATUS_VERSION: a newer format. STATUS_CORRUPT: not a
 * watermark. STATUS_NO_MEMORY. */
MUST_USE enum status watermark_open(const char *directory, struct watermark **ret_watermark,
                                    enum watermark_age *ret_age);
/* Drops an open batch. Accepts NULL, returns NULL. */
struct watermark *watermark_close(struct watermark *watermark);

MUST_USE enum status watermark_begin(struct watermark *watermark);
MUST_USE enum status watermark_commit(struct watermark *watermark);
void watermark_abort(struct watermark *watermark);
/* A write failed so that LMDB trusts its mapping no more: only a new open can go on. */
bool watermark_is_lost(const struct watermark *watermark);
bool watermark_is_open(const struct watermark *watermark); /* between begin and commit or abort */

/* One request of the batch: what it changed stays (keep) or is undone (drop). */
MUST_USE enum status watermark_open_request(struct watermark *watermark);
MUST_USE enum status watermark_keep_request(struct watermark *watermark);
void watermark_drop_request(struct watermark *watermark);

/* ---- one checkpoint per index ---- */

struct watermark_index {
    uint32_t domain;
    struct address tree_hook;
    struct address key;
    uint32_t index;
};

/* STATUS_OK: `checkpoint` is the one held for this index, now or before. STATUS_REFUSED: another
 * one is, and `*ret_held` is it. */
MUST_USE enum status watermark_claim_checkpoint(struct watermark *watermark,
                                                const struct watermark_index *index,
                                                const struct checkpoint *checkpoint,
                                                struct checkpoint *ret_held);

/* ---- one payload per nonce ---- */

struct watermark_nonce {
    struct address key;
    uint64_t chain_id;
    uint64_t nonce;
};

struct watermark_transaction {
    struct hash payload;   /* evm_payload_digest of the first one; a cancel does not replace it */
    struct hash leg_id;    /* of the first one */
    bool cancelled;        /* a cancel was signed, as the first one or after it */
    struct amount fee_max; /* highest signed so far */
    struct amount priority_fee;
    struct amount spend;                         /* highest counted so far */
    struct hash digests[WATERMARK_ATTEMPTS_MAX]; /* every digest signed */
    uint32_t digests_count;
};

/* STATUS_NOT_FOUND: nothing is signed for this nonce. */
MUST_USE enum status watermark_read_transaction(struct watermark *watermark,
                                                const struct watermark_nonce *nonce,
                                                struct watermark_transaction *ret_transaction);
MUST_USE enum status watermark_write_transaction(struct watermark *watermark,
                                                 const struct watermark_nonce *nonce,
                                                 const struct watermark_transaction *transaction);

/* ---- one nonce per move ---- */

/* STATUS_OK: the leg is held by this nonce, now or before. STATUS_REFUSED: by another one. */
MUST_USE enum status watermark_claim_leg(struct watermark *watermark, const struct hash *leg_id,
                                         const struct watermark_nonce *nonce);

/* ---- budgets ---- */

/* stored: never renumber */
enum watermark_budget {
    WATERMARK_SPEND = 1, /* native value and fees of a chain */
    WATERMARK_MOVED = 2, /* tokens that left one contract */
};

struct watermark_window {
    enum watermark_budget budget;
    uint64_t chain_id;
    struct address contract; /* WATERMARK_MOVED; else zero */
};

/* How long the machine runs, which nobody can set. */
struct watermark_uptime {
    struct hash boot; /* which start of the machine; all zero: not known, which is as safe */
    uint64_t ns;      /* since then, sleep included */
};

/* The instant that windows end at. It moves with what passed since it was last asked for, whatever
 * the wall clock was set to meanwhile, also while no signer ran: this is kept with the request.
 * After another start of the machine nothing but the wall clock can say how long it was off: then
 * it is `wall`, and never before what it was. */
MUST_USE enum status watermark_now(struct watermark *watermark,
                                   const struct watermark_uptime *uptime, struct instant wall,
                                   struct instant *ret_now);

/* Counts `amount` into the window that ends at `now`. STATUS_REFUSED: the sum would pass `limit`;
 * nothing is counted and `*ret_left` is what still fits. A clock that moves back counts as standing
 * still. */
MUST_USE enum status watermark_count(struct watermark *watermark,
                                     const struct watermark_window *window,
                                     const struct amount *amount, const struct amount *limit,
                                     struct instant now, struct amount *ret_left);

#endif
