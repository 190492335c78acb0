/* SPDX-License-Identifier: Apache-2.0 */
/* chains/evm/feeds.h: price feeds as part of reading positions, under the same block hash. Part of
 * evm_internal.h. A feed that reverts is mute, and keeps nothing else from being read. */
#ifndef SLUICE_CHAINS_EVM_FEEDS_H
#define SLUICE_CHAINS_EVM_FEEDS_H

#include "chains/evm/venues/feed.h"
#include "chains/rpc/frame.h"

struct evm;
struct evm_job;
struct evm_answer;

#define EVM_FEED_STEPS 2u /* questions to each */

/* The feeds of this chain while they are read. */
struct evm_feeds {
    const struct core_feed **feeds;
    struct feed_reading *readings;
    struct feed_state *states;
    uint32_t count;
};

/* What a chain's memory must have room for. */
uint32_t evm_feeds_count(const struct core_config *core, uint32_t domain);
/* Is each of them a contract's address? */
bool evm_feeds_fit(const struct core_config *core, uint32_t domain);
/* Once, when the memory is laid out. */
void evm_feeds_init(struct evm *evm);

void evm_feeds_start(struct evm *evm);
uint32_t evm_feeds_steps(const struct evm *evm);
void evm_feeds_write(const struct evm *evm, uint32_t step, uint64_t id, struct json_writer *writer);
void evm_feeds_answer(struct evm *evm, struct evm_job *job, uint32_t step,
                      const struct evm_answer *answer);
/* Puts what was read into a successful answer. */
void evm_feeds_event(struct evm *evm, struct event *ret_event);

#endif
