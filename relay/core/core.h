/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/core.h: the node's mind: event in, rows changed, commands out.
 *
 * The core has no clock, sockets, files, randomness, logging or allocation. The law: the same
 * configuration and the same events give the same rows, the same commands and the same digest, on
 * every compiler and machine. Replay (proto/record.h) is therefore the audit.
 *
 * It keeps everything it knows in rows (relay/core/rows.h); what it holds in memory besides is a
 * cache of the configuration. Recovery is EVENT_START over the rows that are durable: the core
 * reads its open work and asks again for what it waits for. Every answer may come late, twice or
 * never.
 *
 * Threads: one owner. Memory: given at init. */
#ifndef SLUICE_RELAY_CORE_CORE_H
#define SLUICE_RELAY_CORE_CORE_H

#include "relay/core/command.h"
#include "relay/core/event.h"
#include "relay/core/rows.h"

struct core;

struct core_output {
    const struct command *commands; /* borrowed until the next step */
    uint32_t commands_count;        /* at most COMMANDS_PER_STEP_MAX */
    struct hash digest;             /* of everything up to and including this step */
};

size_t core_footprint(void);
/* Borrows `rows` until core_deinit. Reads the configuration and the digest rows if there are any.
 * STATUS_CORRUPT, STATUS_IO: the rows cannot be read. STATUS_VERSION: rows of another CORE_VERSION.
 */
MUST_USE enum status core_init(void *memory, struct rows *rows, struct core **ret_core);

/* One step. The caller has checked rows_have_room. Events other than EVENT_START before the first
 * EVENT_START are a CHECK. STATUS_CORRUPT, STATUS_IO: the rows cannot be read; the node must stop.
 * Nothing that an event says is an error here: hostile or stale events change nothing but, at most,
 * a note. */
MUST_USE enum status core_step(struct core *core, const struct event *event,
                               struct core_output *ret_output);

#endif
