/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/rounding.h: from a plan's flows to moves of whole base units. Threads: none. */
#ifndef SLUICE_RELAY_ROUTING_ROUNDING_H
#define SLUICE_RELAY_ROUTING_ROUNDING_H

#include "relay/routing/plan.h"

struct route_move {
    uint32_t from; /* tag of the place */
    uint32_t to;
    struct amount amount; /* base units that leave `from` */
};

/* One move per ordered pair of places with anything to move: flows of parallel corridors added up,
 * opposite lossless flows netted. In the order of the corridors.
 * STATUS_FULL: more than `moves_max`; nothing can be said about `moves` then. */
MUST_USE enum status route_moves(const struct network *network, const struct route_plan *plan,
                                 struct route_move *moves, uint32_t moves_max,
                                 uint32_t *ret_moves_count);

#endif
