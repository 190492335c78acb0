/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/journal_log/log_keeper.h: keeps the journal's transparency log while the node runs.
 *
 *   journal grows ─▶ root and proof ─▶ the log's signer ─▶ note, durable ─▶ served over HTTP
 *                                                             │
 *                                                             └─▶ witnesses ─▶ cosigned, durable
 *
 * A checkpoint is asked for in a quiet moment, and at the latest an interval after the one before,
 * while the journal grows. No note is served or shown to a witness before it is durable in the
 * journal, and nothing is served that no stored note covers.
 *
 * Whoever holds a later state than the journal (the signer, a witness), or the same size with
 * another root, proves that this journal is an older copy or was changed: the node must stop, and a
 * person must decide (exit code 5).
 *
 * Threads: one of its own, with a libwebsockets context of its own, so that readers of the log and
 * slow witnesses never hold up the node's loop. The functions below belong to the loop's thread. */
#ifndef SLUICE_RELAY_NODE_JOURNAL_LOG_LOG_KEEPER_H
#define SLUICE_RELAY_NODE_JOURNAL_LOG_LOG_KEEPER_H

#include "relay/node/config/config.h"
#include "store/writer.h"

struct log_keeper; /* opaque */

struct log_keeper_options {
    const struct node_log *config; /* borrowed for its life */
    struct journal *journal;       /* borrowed for its life */
    struct writer *writer;         /* borrowed until log_keeper_stop */
    /* Wakes the loop; from the keeper's thread. */
    void (*wake)(void *context);
    void *context;
    const char *tls_ca; /* authorities trusted besides the system's; empty: none; borrowed */
};

/* Before anything is done with a journal: is it the one that was signed last? Says what is wrong
 * and returns an exit code: EXIT_DONE; EXIT_UNREACHABLE: the signer cannot be asked;
 * EXIT_INTEGRITY: the journal is an older copy, or not the one that was signed; EXIT_USAGE: the
 * signer holds another key. Blocks for a few seconds at most. */
int log_keeper_check(const struct node_log *config, struct journal *journal);

/* Starts the thread. Says what is wrong and returns an exit code. */
int log_keeper_open(const struct log_keeper_options *options, struct log_keeper **ret_keeper);
/* What the keeper found that must stop the node: an exit code, or EXIT_DONE. `ret_text` is words.
 */
int log_keeper_fault(struct log_keeper *keeper, char ret_text[256]);
/* Why there are no new checkpoints at the moment: words and since when. False: there are, or none
 * is needed. */
bool log_keeper_trouble(struct log_keeper *keeper, char ret_text[256], struct instant *ret_since);
/* Likewise of the witnesses: which of them do not cosign, since the first of them did not. */
bool log_keeper_witness_trouble(struct log_keeper *keeper, char ret_text[256],
                                struct instant *ret_since);
/* Ends the thread. Before the writer is closed. Accepts NULL. */
void log_keeper_stop(struct log_keeper *keeper);
/* After log_keeper_stop and writer_close: a last checkpoint, over all the records, if the signer
 * answers in time. Accepts NULL. */
void log_keeper_finish(struct log_keeper *keeper);
/* Accepts NULL, returns NULL. */
struct log_keeper *log_keeper_free(struct log_keeper *keeper);

#endif
