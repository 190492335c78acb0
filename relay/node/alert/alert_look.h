/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/alert/alert_look.h: sees, in the rows and in what the loop leaves, what a person must
 * know. What to do with it is alert.h's.
 *
 * Threads: the row source's. Reads only. */
#ifndef SLUICE_RELAY_NODE_ALERT_ALERT_LOOK_H
#define SLUICE_RELAY_NODE_ALERT_ALERT_LOOK_H

#include "relay/core/rows.h"
#include "relay/node/alert/alert.h"
#include "relay/node/alert/backlog.h"
#include "relay/node/config/config.h"
#include "relay/node/site/site.h"

/* What happens in an instant is an alert until it has not happened for so many holds. */
#define ALERT_QUIET_HOLDS 10u
#define ALERT_HEAD_OLD_S  300u
#define ALERT_DISK_BYTES  1000000000u
#define ALERT_BEAT_NS     10000000000u

/* When what has no row of its own happened last; monotonic, 0: never. */
struct alert_memory {
    uint64_t dissent_ns[CHAINS_MAX + 1]; /* by the configuration's chains; the last: others */
    uint64_t split_ns[CHAINS_MAX + 1];
    uint64_t unproved_ns[CHAINS_MAX + 1];
    uint64_t refused_ns;
    uint64_t refusals_count; /* of the signer, as last left */
};

struct alert_sight {
    const struct row_source *source;
    const struct node_config *config;
    const struct site_live *live;
    struct instant now; /* of the system */
    uint64_t now_ns;    /* monotonic */
    bool has_disk;
    uint64_t disk_free;             /* bytes */
    const struct backlog *backlogs; /* by chain; NULL: not looked at yet */
};

/* Something was told to people. */
void alert_memory_note(struct alert_memory *memory, const struct core_config *config,
                       const struct driver_note *note, uint64_t now_ns);
/* Between alerts_begin and alerts_end. Rows that cannot be read are an alert themselves; what needs
 * no row is seen then too. */
void alert_look(const struct alert_sight *sight, struct alert_memory *memory,
                struct alerts *alerts);
/* Instead of it, when not even that can be done. */
void alert_look_blind(enum status status, struct alerts *alerts);

#endif
