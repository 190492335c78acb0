/* SPDX-License-Identifier: Apache-2.0 */
/* relay/signer/log_watermark.h: how far the signer of a journal's log has signed.
 *
 * One file, <directory>/log.watermark, with the same state in two places: each is written and
 * synced in turn, so whatever a crash tears, the other one tells what was signed, and a flipped bit
 * is seen. The file gets its name when both are in it; one that is empty was damaged. It is locked
 * while it is open: one process at a time.
 *
 * Promises, tested by tests/unit/test_log_signer.c:
 *   1. After log_watermark_advance returns STATUS_OK the state survives loss of power.
 *   2. It never moves back: a smaller size is a CHECK.
 * Threads: one owner. */
#ifndef SLUICE_RELAY_SIGNER_LOG_WATERMARK_H
#define SLUICE_RELAY_SIGNER_LOG_WATERMARK_H

#include "relay/base/bytes.h"

struct log_watermark; /* opaque */

struct log_state {
    uint64_t size; /* 0: nothing was signed */
    struct hash root;
};

/* Opens, or makes, the watermark of the key called `key_name` (its public text): a directory of
 * another key is STATUS_REFUSED. STATUS_BUSY: another process holds it. STATUS_CORRUPT: both places
 * are damaged. STATUS_VERSION: a newer format. STATUS_NOT_FOUND: no such directory. STATUS_IO,
 * STATUS_READ_ONLY, STATUS_NO_SPACE, STATUS_NO_MEMORY. */
MUST_USE enum status log_watermark_open(const char *directory, struct bytes key_text,
                                        struct log_watermark **ret_watermark);
/* Accepts NULL, returns NULL. */
struct log_watermark *log_watermark_close(struct log_watermark *watermark);

struct log_state log_watermark_state(const struct log_watermark *watermark);
/* STATUS_NO_SPACE, STATUS_READ_ONLY, STATUS_IO: it may or may not have moved; nothing may be
 * signed until it was opened anew. */
MUST_USE enum status log_watermark_advance(struct log_watermark *watermark,
                                           const struct log_state *state);

#endif
