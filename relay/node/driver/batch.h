/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/driver/batch.h: what one journal commit holds, while it is filled and until it is
 * durable.
 *
 * Records are encoded into the batch's own memory. Row changes stay in the rows' overlay, which
 * keeps them in place until they are durable, so the writer thread can read a sealed batch while
 * the core goes on.
 *
 * Threads: filled by the driver's; read by the writer's between seal and durable. */
#ifndef SLUICE_RELAY_NODE_DRIVER_BATCH_H
#define SLUICE_RELAY_NODE_DRIVER_BATCH_H

#include "relay/core/core.h"
#include "store/journal.h"

#define BATCH_RECORDS_MAX (BATCH_EVENTS_MAX * 16u)
#define BATCH_BLOBS_MAX   64u
/* One step at most: its event, its commands, a plan's network. */
#define BATCH_STEP_RECORDS_MAX (1u + COMMANDS_PER_STEP_MAX)

struct batch {
    struct buffer bytes; /* records and blobs, one after another */
    struct bytes *records;
    struct journal_change *changes;
    struct bytes *blobs;
    uint32_t records_count;
    uint32_t changes_count;
    uint32_t changes_max;
    uint32_t blobs_count;
    uint32_t events_count;
    uint64_t generation; /* 0: still open */
};

size_t batch_footprint(uint32_t changes_max);
/* `memory` is zeroed and max-aligned. */
void batch_init(struct batch *batch, void *memory, uint32_t changes_max);
void batch_clear(struct batch *batch);
/* True when the records of any step still fit. */
bool batch_has_room(const struct batch *batch);
/* Statuses of proto/record.h. */
MUST_USE enum status batch_add_event(struct batch *batch, const struct event *event,
                                     const struct hash *digest);
MUST_USE enum status batch_add_command(struct batch *batch, const struct command *command,
                                       struct instant at);
/* Takes the changes of the rows' open batch and closes it. */
void batch_seal(struct batch *batch, struct rows *rows);
struct journal_batch batch_view(const struct batch *batch);

#endif
