/* SPDX-License-Identifier: Apache-2.0 */
/* chains/evm/spokes.h: our spokes and their venues as part of reading positions, all under one
 * block hash. Part of evm_internal.h.
 *
 * A spoke is our own contract: if it cannot be read, the whole answer is unknown. A venue is a
 * stranger: one that reverts, or returns what cannot be understood, is left out of the answer, so
 * that it stays unknown and nothing else does.
 *
 * What is asked comes in rounds, because a share's price needs the shares' decimals, an
 * upgrade's word the spoke's books, a reserve's rates its strategy, and
 * what guards a debt the price by its pool's oracle. */
#ifndef SLUICE_CHAINS_EVM_SPOKES_H
#define SLUICE_CHAINS_EVM_SPOKES_H

#include "chains/evm/hubs.h"
#include "chains/evm/venues/venue.h"
#include "chains/rpc/frame.h"

struct evm;
struct evm_job;
struct evm_answer;

/* One venue of this chain while it is read. */
struct evm_venue {
    const struct core_venue *config;
    const struct core_spoke *spoke;
    bool is_readable; /* so far */
    bool is_in_books;
    bool lendable_known;
    struct amount lendable;
    struct address provider; /* of the pool's addresses */
    struct address oracle;   /* by which it decides */
    struct amount price;     /* of a whole token, in the pool's numeraire */
    struct amount unit;      /* of that */
    bool guards;             /* what is supplied is collateral */
    uint32_t lines;          /* which parts of a strategy answered, as bits */
    uint32_t decimals;
    struct venue_reading reading;
};

/* A question of a later round. */
struct evm_venue_ask {
    uint32_t venue;
    uint32_t question;
};

/* Questions of a later round, of one venue at most. */
#define EVM_VENUE_LATER_MAX 13u
#define EVM_SPOKES_ROUNDS   4u

struct evm_spokes {
    const struct core_spoke **spokes; /* of this chain */
    struct spoke_state *states;
    struct amount *held; /* tokens, by spoke */
    uint32_t spokes_count;
    struct evm_venue *venues; /* of those spokes, of kinds that are read here */
    struct venue_state *venue_states;
    struct evm_venue_ask *later;
    uint32_t venues_count;
    uint32_t later_count;
    struct spoke_flow *flows; /* between those spokes and their siblings */
    uint32_t flows_count;
    struct evm_hubs hubs;
};

/* What a chain's memory must have room for. */
uint32_t evm_spokes_count(const struct core_config *core, uint32_t domain);
uint32_t evm_venues_count(const struct core_config *core, uint32_t domain);
uint32_t evm_flows_count(const struct core_config *core, uint32_t domain);
/* Do they hold one asset on two chains? */
bool evm_spokes_are_siblings(const struct core_spoke *a, const struct core_spoke *b);
/* Once, when the memory is laid out; then a question for each, and its answer into the flow. */
void evm_flows_init(struct evm *evm);
void evm_flow_write(const struct spoke_flow *flow, uint64_t id, struct json_writer *writer);
void evm_flow_answer(struct evm *evm, struct evm_job *job, struct spoke_flow *flow,
                     const struct evm_answer *answer);
/* Does the mandate let its bridge send there? */
bool evm_spoke_sends_to(const struct core_config *core, const struct core_spoke *spoke,
                        uint32_t domain);
/* The sibling on `destination` of the spoke at this address that holds `token`; NULL: none. */
const struct core_spoke *evm_spoke_sibling(const struct core_config *core, uint32_t domain,
                                           const struct address *spoke, const struct address *token,
                                           uint32_t destination);
/* Whether every address of them is an EVM address, and needed ones are there. */
bool evm_spokes_fit(const struct core_config *core, uint32_t domain);
/* Once, when the memory is laid out. */
void evm_spokes_init(struct evm *evm);

void evm_spokes_start(struct evm *evm);
/* Questions of a round, below EVM_SPOKES_ROUNDS. Decides at its beginning what it has. */
uint32_t evm_spokes_steps(struct evm *evm, uint32_t round);
void evm_spokes_write(const struct evm *evm, uint32_t round, uint32_t step, uint64_t id,
                      struct json_writer *writer);
void evm_spokes_answer(struct evm *evm, struct evm_job *job, uint32_t round, uint32_t step,
                       const struct evm_answer *answer);
/* Puts what was read into a successful answer. */
void evm_spokes_event(struct evm *evm, struct event *ret_event);

#endif
