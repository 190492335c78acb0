/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/journal_log/log_client.h: asks the signer of the journal's log (sluice-signer --log).
 *
 * Blocking, with a deadline on each call, for a thread that may wait: the log's own
 * (relay/node/journal_log/log_keeper.h), and the start. Each call makes a connection of its own.
 *
 * Threads: any; nothing is shared. */
#ifndef SLUICE_RELAY_NODE_JOURNAL_LOG_LOG_CLIENT_H
#define SLUICE_RELAY_NODE_JOURNAL_LOG_LOG_CLIENT_H

#include "relay/base/instant.h"
#include "relay/core/event.h"
#include "store/note.h"
#include "store/tree.h"

struct log_client {
    const char *socket;         /* borrowed */
    const struct note_key *key; /* the log's; another one is refused; borrowed */
    struct duration deadline;   /* of one call */
};

/* What the signer signed last. */
struct log_head {
    uint64_t size; /* 0: nothing */
    struct hash root;
};

/* STATUS_UNREACHABLE: nobody answers there in time. STATUS_REFUSED: it holds another key, or is no
 * signer of a log. STATUS_MALFORMED: its answer is none. */
MUST_USE enum status log_client_read_head(const struct log_client *client,
                                          struct log_head *ret_head);

struct log_request {
    struct log_head old;
    struct log_head head;
    const struct tree_proof *proof; /* from old to head; borrowed */
};

/* The signature over the checkpoint of `head`, verified. Statuses as above; STATUS_REFUSED: a rule
 * of the signer says no, and `ret_reason` says which; STATUS_CORRUPT: its signature is wrong. */
MUST_USE enum status log_client_sign(const struct log_client *client,
                                     const struct log_request *request,
                                     uint8_t ret_signature[ED25519_SIGNATURE_BYTES],
                                     char ret_reason[REASON_BYTES_MAX + 1]);

#endif
