/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/alert/backlog.h: the messages to one chain that are not finished, as numbers. It reads
 * each of their rows: who asks often asks on a thread of its own.
 *
 * Threads: the source's. */
#ifndef SLUICE_RELAY_NODE_ALERT_BACKLOG_H
#define SLUICE_RELAY_NODE_ALERT_BACKLOG_H

#include "relay/core/view.h"

#define BACKLOG_LOOKED_MAX 100000u

struct backlog {
    uint64_t count;
    bool is_cut; /* there are more */
    uint64_t dead_count;
    uint64_t sending_count;  /* simulated, offered or sent, in no block yet */
    uint64_t settling_count; /* delivered by us or others, in a block that is not final */
    uint64_t failed_count;   /* failed at least so often, or given up */
    struct instant oldest;   /* seen, of those not given up; 0: there is none */
    struct hash oldest_id;   /* its id */
    struct hash failed_id;   /* of one that failed so often; zero: there is none */
    enum reason failed_why;  /* why it is where it is */
};

/* `failures_min`: how often a message has failed to be counted as failed; at least 1. STATUS_IO,
 * STATUS_CORRUPT. */
MUST_USE enum status backlog_look(const struct row_source *source, uint32_t domain,
                                  uint32_t failures_min, struct backlog *ret_backlog);

#endif
