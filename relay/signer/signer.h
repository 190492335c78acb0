/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/signer.h: one request in, one answer out: policy, memory and keys together.
 *
 * Requests are answered in batches, because one sync of the watermark can cover many:
 *
 *     signer_answer for each request; signer_settle; only then may the answers leave
 *
 * What a key elsewhere signs is answered later, by a ticket: signer_next.
 *
 * Promises, tested by tests/unit/test_signer.c and test_signer_process.c:
 *   1. No signature leaves before the watermark that forbids its contradiction is durable.
 *   2. One payload per (key, chain id, nonce): the same payload again with a higher fee ceiling, or
 *      a cancel; after a cancel only a cancel.
 *   3. One (root, message id) per (key, origin, tree hook, index), for ever.
 *   4. A move's leg is signed under one nonce only, for ever.
 *   5. The same request gives the same signature, where the key is in a keystore; a key elsewhere
 * may give another one of the same digest, which binds it to nothing else.
 *   6. A refused request leaves no trace in budgets or claims.
 *   7. A key elsewhere is not even asked before the watermark is durable: what leaves this machine
 *      may be used by whoever sees it.
 *
 * Budgets count ceilings (value + gas limit * fee ceiling), because the signer cannot see what was
 * paid; of several attempts for one nonce the dearest counts, because only one can be mined.
 *
 * Threads: one owner. Memory: the signer borrows policy, watermark and keys for its life. */
#ifndef SLUICE_RELAY_SIGNER_SIGNER_H
#define SLUICE_RELAY_SIGNER_SIGNER_H

#include "relay/signer/ecdsa.h"
#include "relay/signer/policy.h"
#include "relay/signer/remote/key_holder.h"
#include "relay/signer/watermark.h"

struct signer_key {
    struct address address;
    const struct secret *secret; /* NULL: elsewhere */
    uint32_t index;              /* of its place, for the holder */
    bool chain;                  /* may send transactions */
    bool validator;              /* may sign checkpoints and announcements */
};

struct signer {
    const struct policy *policy;
    const struct ecdsa *ecdsa;
    struct watermark *watermark;
    const struct signer_key *keys;
    uint32_t keys_count;
    struct key_holder *holder; /* of the keys that are elsewhere; NULL: there are none */
    struct instant now;        /* latest seen; never moves back */
    /* How long the machine runs, so that no budget's hour ends because somebody set its clock.
     * NULL: only the wall clock is known. */
    struct watermark_uptime (*read_uptime)(void);
    /* STATUS_OK: it goes on. STATUS_CORRUPT: the watermark contradicts itself. STATUS_UNREACHABLE:
     * what reaches keys elsewhere has ended. Another status: the watermark must be opened anew. All
     * end the process; nothing more is signed. */
    enum status ended;
};

struct signer_answer {
    struct wire_reply reply; /* its reason points to `refusal.text` */
    struct refusal refusal;  /* kind REFUSAL_NONE with OUTCOME_UNKNOWN: the text says what failed */
    uint64_t ticket;         /* not 0: `reply` has nothing yet but its id */
};

/* Decides one request. `*ret_answer` must stay where it is until it is encoded. */
void signer_answer(struct signer *signer, const struct wire_request *request, struct instant now,
                   struct signer_answer *ret_answer);
/* Makes what the answers rest on durable, and then asks the keys elsewhere. If that fails, each
 * signature among them, and each that was to come, becomes OUTCOME_UNKNOWN. */
void signer_settle(struct signer *signer, struct signer_answer *answers, uint32_t answers_count);
/* The next answer to a ticket, without the id of its request; false: none for now. Never waits:
 * key_holder_watch and key_holder_deadline_ns say when to ask. */
MUST_USE bool signer_next(struct signer *signer, struct signer_answer *ret_answer);

#endif
