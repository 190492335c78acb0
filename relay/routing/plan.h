/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/plan.h: the routing core's answer to a network, and the solver.
 *
 * This solver is exact for minimum-cost transport: it ships whole base units along successive
 * cheapest paths, so its plan is optimal, not nearly optimal, whenever every corridor delivers what
 * enters it. It covers
 *   - places of one number of decimals, each with a price and a concave piecewise-linear yield;
 *   - linear corridors with a gain of at most 1, a cost of at least 0 and a capacity;
 *   - groups that cap all corridors out of one place together, or all into one place;
 *   - transactions that cost nothing.
 * Anything else is STATUS_UNSUPPORTED, never an approximation without a word. A gain below 1 is
 * valued exactly in the plan's flows and positions, but the search counts it as a cost, so such a
 * plan is ROUTE_FEASIBLE. Prices, costs and rates are read to 1e-9 per whole unit (costs up, values
 * down).
 *
 * Same network, same options: same answer, bit for bit; ties go to the lower index. Floating point
 * is not used. Threads: none; a call owns its memory. */
#ifndef SLUICE_RELAY_ROUTING_PLAN_H
#define SLUICE_RELAY_ROUTING_PLAN_H

#include "relay/routing/network.h"

/* stored: never renumber */
enum route_result {
    ROUTE_OPTIMAL = 1,
    ROUTE_FEASIBLE = 2,   /* within every bound; not shown to be the best */
    ROUTE_INFEASIBLE = 3, /* no plan found within the bounds; see `infeasible_place` */
};

struct route_options {
    uint64_t steps_max; /* cheapest-path searches; 0: no limit. Part of the question, so that an
                           interrupted plan replays */
};

struct route_plan {
    enum route_result result;
    uint64_t steps;                     /* searches done */
    const struct amount *flows;         /* by corridor: what enters */
    const struct amount *positions;     /* by place: what is there at the end */
    const struct route_decimal *prices; /* by place: what one more unit there is worth */
    struct amount cost;                 /* sum of ceil(cost x), in 10^-decimals of the numeraire */
    uint32_t infeasible_place;
    bool below_min; /* of infeasible_place: below its min, else above its max */
};

/* Bytes of memory (max-aligned) that route_solve needs for this network, which has passed
 * network_check. */
size_t route_footprint(const struct network *network);

/* Solves. `ret_plan` points into `memory`.
 * STATUS_UNSUPPORTED: see above; `*ret_reason` says what, static memory. STATUS_OVERFLOW: amounts
 * add up to more than 2^256-1. */
MUST_USE enum status route_solve(const struct network *network, const struct route_options *options,
                                 void *memory, struct route_plan *ret_plan,
                                 const char **ret_reason);

#endif
