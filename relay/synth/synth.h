/* SPDX-License-Identifier: Apache-2.0 */
/* relay/synth/synth.h: a journal of a life that never was, for tests and benchmarks.
 *
 * The real core lives in an imaginary world: three chains (or as many as are asked for, the first
 * PLAN_ROUTERS_MAX of them with capital) with a mailbox, warp-route routers and bridges, users who
 * send messages and tokens, validators, a signer and a person who approves plans. What the core is
 * told and what it decides is journaled as the node does it, so that verify and replay accept the
 * result. No key of a person and no network is used.
 *
 * Promises, tested by tests/unit/test_synth.c:
 *   1. The same options give the same records and rows, byte for byte, on every machine.
 *   2. Exactly records_count records, and exactly open_count messages that are final on their
 * origin and not finished; every other one is delivered.
 *
 * The life: traffic with stops and starts; then everything is delivered; then the backlog arrives
 * at once, and the node dies in the middle of it.
 *
 * Threads: those of the journal's writer. Memory does not grow with the records. */
#ifndef SLUICE_RELAY_SYNTH_SYNTH_H
#define SLUICE_RELAY_SYNTH_SYNTH_H

#include "relay/core/config.h"
#include "store/journal.h"

/* What one transaction costs in wei, and a move besides. */
#define SYNTH_GAS_COST   UINT64_C(2520000000000000)
#define SYNTH_BRIDGE_FEE UINT64_C(400000000000000)

#define SYNTH_OPEN_MAX UINT64_C(100000000)

struct synth_options {
    uint64_t records_count;
    uint64_t open_count;
    uint64_t seed;
    uint32_t chains_count; /* at most CHAINS_MAX; 0: three */
    void *context;
    /* Called about every 10,000 records. NULL: nobody looks. */
    void (*progress)(void *context, uint64_t records, uint64_t all);
};

struct synth_report {
    uint64_t records_count;
    uint64_t messages_count;
    uint64_t transfers_count; /* of them, with tokens */
    uint64_t plans_count;
    uint64_t moves_count;
    uint64_t transactions_count; /* in blocks */
    struct instant first;
    struct instant last;
};

/* The fewest records that a journal with so many open messages has, of three chains. */
uint64_t synth_records_min(uint64_t open_count);

/* Fills `journal`, which is empty and open for writing. STATUS_MALFORMED: records_count is below
 * synth_records_min. Else what journal_commit says. */
MUST_USE enum status synth_run(struct journal *journal, const struct synth_options *options,
                               struct synth_report *ret_report);

/* The world's configuration: what its node was started with. `chains_count` as above. */
void synth_config(uint32_t chains_count, struct core_config *ret_config);

#endif
