/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/whole.h: a plan of the general solver in exact base units.
 *
 * Flows are rounded down to base units and what arrives is rounded down again, so nothing is made
 * up; what is at a place is its balance, and what arrives, less what leaves, to the unit. Where
 * rounding puts a place or a group a few units beyond a bound, flows are cut until every bound
 * holds, in integers: flows only ever shrink. A group's terms are each rounded against the bound
 * that is looked at, so a bound that holds here holds exactly.
 *
 * Nearly always that costs some base units. Where a floor and a cap pull the same flows both ways
 * it can cost more (once in a thousand random networks), so whoever acts on it computes the
 * certificate of the rounded plan under the prices of the plan it came from.
 *
 * Same network, same flows: same answer. Floating point only says which flow to cut next.
 * Threads: none. Memory: the caller's. */
#ifndef SLUICE_RELAY_ROUTING_WHOLE_H
#define SLUICE_RELAY_ROUTING_WHOLE_H

#include "relay/routing/network.h"

struct whole_plan {
    const struct amount *flows;     /* by corridor: what enters */
    const struct amount *arrivals;  /* by corridor: what comes out */
    const struct amount *positions; /* by place: what is there at the end */
};

/* Bytes (max-aligned) for a network that has passed network_check. */
size_t whole_footprint(const struct network *network);

/* Rounds `flows` (by corridor, whole units of the tail, each at least 0). `ret_plan` points into
 * `memory`. STATUS_NOT_FOUND: some bound is not kept by cutting flows, because only a larger
 * flow would, or because the flows are of another network (of random networks with tight bounds,
 * one plan in forty). STATUS_OVERFLOW: amounts do not fit 256 bits. */
MUST_USE enum status whole_round(const struct network *network, const double *flows, void *memory,
                                 struct whole_plan *ret_plan);

#endif
