/* SPDX-License-Identifier: Apache-2.0 */
/* chains/evm/venues/feed.h: what a price feed says (Chainlink's AggregatorV3Interface).
 *
 * The same rules as chains/evm/contracts/Prices.sol, but for age and divergence, which the core
 * judges: it knows the other source and the mandate. A feed is a stranger: whatever it returns
 * becomes an answer (enum feed_answer), never a status.
 *
 * Threads: none; pure. Memory: the caller's. */
#ifndef SLUICE_CHAINS_EVM_VENUES_FEED_H
#define SLUICE_CHAINS_EVM_VENUES_FEED_H

#include "relay/core/event.h"

#define FEED_DECIMALS_MAX 24u

/* What the two questions to one feed were answered with. */
struct feed_reading {
    bool has_round;
    bool has_decimals;
    struct amount answer; /* two's complement */
    uint64_t updated_s;
    uint32_t decimals;
};

/* What latestRoundData() returns; what is no round is left out of the reading. */
void feed_read_round(struct bytes returned, struct feed_reading *reading);
/* What decimals() returns. */
void feed_read_decimals(struct bytes returned, struct feed_reading *reading);
/* What both say together; `feed` is the caller's. */
void feed_state_of(const struct feed_reading *reading, struct feed_state *state);

#endif
