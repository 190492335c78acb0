/* SPDX-License-Identifier: Apache-2.0 */
/* tests/sim/clock.h: virtual time: what happens when, in one order that the seed alone decides.
 *
 * Two things at the same instant happen in the order they were asked for. Threads: one. */
#ifndef SLUICE_TESTS_SIM_CLOCK_H
#define SLUICE_TESTS_SIM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "relay/base/bytes.h"
#include "relay/base/instant.h"

enum sim_task_kind {
    TASK_MINE,          /* chain: its next block */
    TASK_REORG,         /* chain: some of its last blocks are replaced */
    TASK_USERS,         /* users do something */
    TASK_TO_CHAIN,      /* chain, endpoint, data: a frame arrives at a chain's node */
    TASK_TO_NODE,       /* chain, endpoint, data: a frame arrives at ours */
    TASK_CONNECT,       /* chain, endpoint */
    TASK_LOSE,          /* chain, endpoint: the connection ends */
    TASK_SIGNED,        /* number: slot of the signer's answers */
    TASK_ANSWERED,      /* number: slot of other answers (stores, planner) */
    TASK_COMMIT,        /* number: generation whose commit ends */
    TASK_TICK,          /* our node's loop runs */
    TASK_KILL,          /* our node's process dies */
    TASK_START,         /* and is started again */
    TASK_PHASE_FAULTS,  /* faults begin */
    TASK_PHASE_LIVENESS /* faults end: everything must come to its end */
};

struct sim_task {
    uint64_t at_ns;
    uint64_t order;
    enum sim_task_kind kind;
    uint32_t chain;
    uint32_t endpoint;
    uint64_t number;
    uint64_t epoch; /* of the connection or the process it belongs to; another one is stale */
    uint8_t *data;  /* owned by the task until it is taken */
    size_t data_count;
};

struct sim_clock {
    uint64_t now_ns;
    uint64_t order;
    struct sim_task *heap;
    uint32_t count;
    uint32_t capacity;
};

void clock_init(struct sim_clock *clock, uint64_t start_ns);
void clock_deinit(struct sim_clock *clock);
/* Copies `data`. */
void clock_add(struct sim_clock *clock, struct duration wait, const struct sim_task *task,
               struct bytes data);
/* The next task, and moves time to it; the caller frees its data. False: nothing is left. */
bool clock_take(struct sim_clock *clock, struct sim_task *ret_task);

#endif
