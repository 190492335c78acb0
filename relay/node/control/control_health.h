/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/control/control_health.h: what a running node says about itself that its journal
 * cannot say.
 *
 *     {"action": "health"}
 *     {"steps": 1234, "troubles": [{"what": "journal", "why": "...", "since":
 * 1790000000000000000}]}
 *
 * A journal that cannot be written cannot hold that it cannot be written. The node answers at once
 * from memory, journals nothing and says nothing about rows, which everybody reads for himself.
 *
 * Threads: none; pure, but for control_ask_health, which blocks and is for the command line. */
#ifndef SLUICE_RELAY_NODE_CONTROL_CONTROL_HEALTH_H
#define SLUICE_RELAY_NODE_CONTROL_CONTROL_HEALTH_H

#include "relay/base/bytes.h"
#include "relay/base/instant.h"

#define CONTROL_TROUBLES_MAX 8u

struct control_trouble {
    char what[24]; /* which part: "journal", "log" */
    char why[256]; /* what is wrong, and what the node does meanwhile */
    struct instant since;
};

struct control_health {
    uint64_t steps_count; /* of the core, since the process started: it grows while it watches */
    uint32_t troubles_count;
    struct control_trouble troubles[CONTROL_TROUBLES_MAX];
};

/* Text that does not fit is cut. A trouble too many is left out. */
void control_health_add(struct control_health *health, const char *what, const char *why,
                        struct instant since);

/* Is this the question? */
bool control_health_is_asked(struct bytes text);
/* Writes the answer. STATUS_FULL: it does not fit. */
MUST_USE enum status control_health_append(struct buffer *buffer,
                                           const struct control_health *health);
/* Reads one. STATUS_MALFORMED: it is none. */
MUST_USE enum status control_health_parse(struct bytes text, struct control_health *ret_health);

/* Asks the node behind the socket `path`, for two seconds at most. STATUS_UNREACHABLE: no node
 * listens there. STATUS_TIMEOUT: one does and is silent. STATUS_MALFORMED: what answers is not a
 * node, or an older one. */
MUST_USE enum status control_ask_health(const char *path, struct control_health *ret_health);

#endif
