/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/explain.h: why a plan does what it does, from the network, the plan and prices.
 *
 * Prices say what one more unit is worth at a place and what one more unit of a group's exposure
 * costs. With them the plan comes apart into sums that add up again:
 *
 *   - A move's gain is what its amount is worth where it arrives less what it was worth where it
 *     left, at the prices, and its share of what its two ends gain beyond the prices (the first
 *     units that reach a curve earn more than the last). What a corridor keeps for itself is
 * missing in what arrives, so it is missing in the gain. Over all moves: gains - costs + change of
 * risk = value - baseline.
 *   - A limit's price is what moving it by one unit is worth: the slope of the certificate's bound.
 *     It is never less than the truth; where many prices prove the same bound it can be more.
 *   - A corridor that is not used has a reason: the first unit through it would lose.
 *
 * Nothing is searched and nothing is decided here: a plan that the certificate refuses, or prices
 * that prove little, give an explanation that is worth as little.
 *
 * Threads: none; pure. Memory: the caller's. Bit for bit the same everywhere. */
#ifndef SLUICE_RELAY_ROUTING_EXPLAIN_H
#define SLUICE_RELAY_ROUTING_EXPLAIN_H

#include "relay/routing/model.h"

/* A flow below this part of the portfolio's value is what arithmetic left behind, no move. */
#define EXPLAIN_FLOW_PART 1e-8
/* Prices closer than this part are the same. */
#define EXPLAIN_PRICE_PART 1e-7

enum explain_use {
    EXPLAIN_USED = 0,
    EXPLAIN_CLOSED,    /* its max is 0 */
    EXPLAIN_NO_GAIN,   /* a unit is worth no more at its end than at its start */
    EXPLAIN_COST,      /* it is worth more, and less than the way costs */
    EXPLAIN_LIMIT,     /* it would pay, were it not for `limit` */
    EXPLAIN_FIXED,     /* it would pay, were it not for the transaction's cost */
    EXPLAIN_EVEN,      /* nothing to gain and nothing to lose */
    EXPLAIN_NOT_PROVED /* at these prices it would pay: the plan's gap leaves room for that */
};

enum explain_kind {
    EXPLAIN_PLACE_MIN = 0,
    EXPLAIN_PLACE_MAX,
    EXPLAIN_CORRIDOR_MAX,
    EXPLAIN_GROUP_MIN,
    EXPLAIN_GROUP_MAX,
};

struct explain_limit {
    enum explain_kind kind;
    uint32_t index;
    double bound;
    double price; /* raising a max, or lowering a min, by one unit is worth this; above 0 */
};

struct explain_corridor {
    enum explain_use use;
    double arrived; /* of what enters: the plan's flow */
    double gain;    /* of the whole flow */
    double cost;    /* of the whole flow, with its part of the transaction's cost */
    /* Of the first unit, for a corridor that is not used. */
    double worth_start;
    double worth_end;           /* of what arrives */
    double charge;              /* its cost, and what groups charge for using it */
    double missing;             /* EXPLAIN_FIXED: the cost less what all its corridors could make */
    struct explain_limit limit; /* EXPLAIN_LIMIT */
};

struct explanation {
    double gain; /* sums over all corridors */
    double cost;
    double risk;                              /* change of the risk charge: above 0 is less risk */
    const struct explain_corridor *corridors; /* by corridor */
    const struct explain_limit *limits;       /* that bind, places first, in the model's order */
    uint32_t limits_count;
};

/* Bytes (max-aligned) for a model that has passed model_check. */
size_t explain_footprint(const struct model *model);

/* Explains `positions` and `flows` at `prices`. The result points into `memory`. */
void explain_plan(const struct model *model, const double *positions, const double *flows,
                  const struct model_prices *prices, void *memory,
                  struct explanation *ret_explanation);

#endif
