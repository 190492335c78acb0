/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/driver/rebuild.h: a journal made anew from its records alone.
 *
 * Records, the blobs they name and the stored checkpoints are copied; tree and rows are made from
 * the records, the rows by running the core over them, which also checks every recorded command and
 * digest (relay/node/driver/replay.h). So the result is what the node would have left, byte for
 * byte.
 *
 * Threads: one. */
#ifndef SLUICE_RELAY_NODE_DRIVER_REBUILD_H
#define SLUICE_RELAY_NODE_DRIVER_REBUILD_H

#include "relay/node/driver/replay.h"

struct rebuild_options {
    struct journal_reader *reader; /* its rows are not looked at */
    struct journal_reader *blobs;  /* another one of the same journal */
    struct journal *target;        /* empty, open for writing */
    void *context;
    void (*copied)(void *context, uint64_t sequence, uint64_t head); /* NULL: nobody looks */
    void (*replayed)(void *context, uint64_t sequence, uint64_t head);
};

/* STATUS_OK: made. Else as replay_run; the report says what was found, and the target is to be
 * thrown away. */
MUST_USE enum status rebuild_run(const struct rebuild_options *options,
                                 struct replay_report *ret_report);

#endif
