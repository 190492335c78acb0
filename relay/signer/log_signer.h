/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/log_signer.h: signs the checkpoints of one journal's log (store/checkpoint.h).
 *
 * It believes nothing but its own record: with each request comes the proof that the log it signed
 * last became the one it is to sign now.
 *
 * Promises, tested by tests/unit/test_log_signer.c:
 *   1. No signature leaves before the watermark that forbids its contradiction is durable.
 *   2. Never a smaller log after a larger one; of one size, never two roots; never a log that the
 *      one before is not the beginning of.
 *   3. The same request gives the same signature.
 *
 * Threads: one owner. */
#ifndef SLUICE_RELAY_SIGNER_LOG_SIGNER_H
#define SLUICE_RELAY_SIGNER_LOG_SIGNER_H

#include "relay/signer/log_key.h"
#include "relay/signer/log_watermark.h"
#include "relay/signer/server.h"

struct log_signer {
    struct note_key key; /* its name is the log's origin */
    char key_text[NOTE_KEY_TEXT_BYTES_MAX + 1];
    const struct secret *seed; /* borrowed */
    struct log_watermark *watermark;
    /* STATUS_OK: it goes on. Another status: its record must be opened anew; nothing is signed. */
    enum status ended;
};

/* Sets key_text from key. */
void log_signer_init(struct log_signer *signer, const struct note_key *key,
                     const struct secret *seed, struct log_watermark *watermark);
/* Decides one request. `*ret_answer` must stay where it is until it is encoded. */
void log_signer_answer(struct log_signer *signer, const struct wire_request *request,
                       struct signer_answer *ret_answer);
/* For server_run. */
struct server_work log_signer_work(struct log_signer *signer);

#endif
