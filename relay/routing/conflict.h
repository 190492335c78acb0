/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/conflict.h: which bounds of an infeasible network contradict each other.
 *
 * The prices of the proof name the bounds that it adds up. Each of these is then left out in turn;
 * where there still is no plan it stays out. What remains is irreducible: without any one of the
 * bounds that are named there is a plan. Nothing is ever below 0, and that is not counted as a
 * bound.
 *
 * Same model, same prices: same answer. Threads: none. Memory: the caller's. */
#ifndef SLUICE_RELAY_ROUTING_CONFLICT_H
#define SLUICE_RELAY_ROUTING_CONFLICT_H

#include "relay/routing/simplex.h"

enum conflict_kind {
    CONFLICT_PLACE_MIN,
    CONFLICT_PLACE_MAX,
    CONFLICT_CORRIDOR_MAX,
    CONFLICT_GROUP_MIN,
    CONFLICT_GROUP_MAX,
};

struct conflict_bound {
    enum conflict_kind kind;
    uint32_t index; /* of the place, corridor or group */
};

/* Bytes (max-aligned) for a model that has passed model_check. */
size_t conflict_footprint(const struct model *model);
/* The bounds that contradict each other, in `memory`; places first, then corridors, then groups.
 * `prices` prove that there is no plan. `*ret_irreducible` is false when there were more than could
 * be tried in a bounded time; then all that the proof adds up are named. */
const struct conflict_bound *conflict_find(const struct model *model,
                                           const struct model_prices *prices, void *memory,
                                           uint32_t *ret_count, bool *ret_irreducible);

#endif
