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
};

/* What a chain's memory must have room for. */
uint32_t evm_spokes_count(const struct core_config *core, uint32_t domain);
uint32_t evm_venues_count(const struct core_config *core, uint32_t domain);
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
