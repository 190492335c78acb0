/* SPDX-License-Identifier: Apache-2.0 */
/* chains/evm/hubs.h: our hubs as part of reading positions, under the block hash of all the rest.
 * Part of evm_internal.h.
 *
 * A hub is our own contract: if it cannot be read, the whole answer is unknown. What its spokes are
 * worth it refuses to say while a report is missing, stale, out of step or jumped: then the round
 * is not priced, and everything else is known. */
#ifndef SLUICE_CHAINS_EVM_HUBS_H
#define SLUICE_CHAINS_EVM_HUBS_H

#include "chains/rpc/frame.h"
#include "relay/core/event.h"

struct evm;
struct evm_job;
struct evm_answer;

/* Of this chain. */
struct evm_hubs {
    const struct core_hub **hubs;
    const struct core_spoke **spokes; /* by hub: its spoke here; NULL: it has none */
    struct hub_state *states;
    uint32_t hubs_count;
    struct hub_report *reports; /* of each hub, one after the other */
    uint32_t reports_count;
};

/* What a chain's memory must have room for. */
uint32_t evm_hubs_count(const struct core_config *core, uint32_t domain);
uint32_t evm_hub_reports_count(const struct core_config *core, uint32_t domain);
/* Whether every address of them is an EVM contract's. */
bool evm_hubs_fit(const struct core_config *core, uint32_t domain);
/* Once, when the memory is laid out. */
void evm_hubs_init(struct evm *evm);

/* Questions of a round of the spokes' (spokes.h). */
uint32_t evm_hubs_steps(const struct evm *evm, uint32_t round);
void evm_hubs_write(const struct evm *evm, uint32_t round, uint32_t step, uint64_t id,
                    struct json_writer *writer);
void evm_hubs_answer(struct evm *evm, struct evm_job *job, uint32_t round, uint32_t step,
                     const struct evm_answer *answer);
/* Puts what was read into a successful answer. */
void evm_hubs_event(const struct evm *evm, struct event *ret_event);

#endif
