/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/driver/driver_internal.h: the driver's parts, shared by driver.c (time, events,
 * batches) and driver_acts.c (commands on their way out). */
#ifndef SLUICE_RELAY_NODE_DRIVER_DRIVER_INTERNAL_H
#define SLUICE_RELAY_NODE_DRIVER_DRIVER_INTERNAL_H

#include "relay/node/driver/batch.h"
#include "relay/node/driver/copy.h"
#include "relay/node/driver/driver.h"
#include "relay/node/driver/queue.h"

#define DRIVER_LANE_BYTES    ((size_t)4 << 20) /* of each queue of commands */
#define DRIVER_INBOX_BYTES   ((size_t)1 << 20)
#define DRIVER_TICKETS_MAX   64u
#define DRIVER_REQUESTS_MAX  256u /* adapter requests of one chain in one tick */
#define DRIVER_ROWS_CHANGES  65536u
#define DRIVER_ROWS_BYTES    ((size_t)64 << 20)
#define DRIVER_RETRY_MS      100u
#define DRIVER_STEP_ROWS_MAX ((size_t)1 << 20) /* bytes of rows that one step may change */

/* Where commands that could not leave at once wait: one lane for each chain, the signer, the
 * checkpoint stores and the planner, so that one of them stalling holds up none of the others. */
struct driver_lane {
    struct queue reads; /* may leave at any time */
    struct queue waits; /* leave when their batch is durable */
};

enum driver_outside {
    OUTSIDE_SIGNER = 0,
    OUTSIDE_STORES = 1,
    OUTSIDE_PLANNER = 2,
};
#define OUTSIDE_COUNT 3u

struct driver_watch {
    bool pending;
    struct watch watch;
};

struct driver_ticket {
    uint64_t ticket;
    uint64_t generation;
    struct driver_answer answer;
    uint8_t text[REASON_BYTES_MAX];
};

struct driver {
    const struct core_config *config;
    struct bytes build_id;
    struct driver_ports ports;
    struct core *core;
    struct rows *rows;
    struct chain *chains[CHAINS_MAX];
    const char *families[CHAINS_MAX];
    struct driver_watch watches[CHAINS_MAX];
    struct driver_lane lanes[CHAINS_MAX + OUTSIDE_COUNT];
    struct queue inbox;
    struct batch batches[DRIVER_BATCHES_MAX + 1]; /* the sealed ones, then the open one */
    uint32_t batch_first;                         /* the oldest sealed one */
    uint32_t batches_sealed;
    uint64_t durable; /* generation */
    uint64_t sealed;  /* generation */
    struct driver_ticket tickets[DRIVER_TICKETS_MAX];
    uint32_t tickets_count;       /* stepped, not durable yet */
    uint32_t tickets_queued;      /* in the inbox */
    struct driver_ticket *asking; /* of the step under way; NULL: no person asked */
    struct row_source source;     /* the durable rows */
    struct instant last;          /* relay time */
    struct instant clock;         /* what we were told the time is, last; UINT64_MAX: nothing yet */
    struct instant wake;          /* UINT64_MAX: none */
    uint32_t chain_next;          /* whose event is taken first, in turn */
    enum status failed;
    bool start_wanted;
    bool stop_taken;
    bool unwritable;
    bool pressed;
    bool more; /* the last tick left work over */
    struct driver_counters counters;
};

struct batch *driver_open_batch(struct driver *driver);
void driver_tell(struct driver *driver, enum note_level level, enum status status,
                 const char *text);
/* Index into core_config.chains; chains_count: none. */
uint32_t driver_chain_index(const struct driver *driver, uint32_t domain);

/* Sends a command on its way: at once, or into its lane. `generation` is the open batch's. */
void driver_route(struct driver *driver, const struct command *command, uint64_t generation);
/* Lets leave what may leave now. */
void driver_release(struct driver *driver);
/* Frames and signing requests of the adapters. */
void driver_serve_chains(struct driver *driver);
bool driver_has_releasable(const struct driver *driver);

#endif
