/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/driver/copy.h: commands and events with everything they point to, kept in a queue.
 *
 * What the core and the adapters hand out is borrowed until their next call; the driver keeps
 * copies here until a batch is durable or the other side has room. Threads: none. */
#ifndef SLUICE_RELAY_NODE_DRIVER_COPY_H
#define SLUICE_RELAY_NODE_DRIVER_COPY_H

#include "relay/core/command.h"
#include "relay/node/driver/queue.h"

struct held_command {
    struct command command;
    uint64_t generation; /* batch that must be durable first; 0: none */
};

struct held_event {
    struct event event;
    uint64_t ticket; /* of a person's request; 0: none */
};

/* False: no room. */
bool copy_command(struct queue *queue, const struct command *command, uint64_t generation);
/* Answers from beside the chains, operator requests and EVENT_STOP; other kinds are a CHECK.
 * False: no room. */
bool copy_event(struct queue *queue, const struct event *event, uint64_t ticket);

#endif
