/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/flow_internal.h: minimum-cost flow by successive cheapest paths.
 *
 * Costs are at least 0 when an arc is added; capacities are exact amounts. Every arc has a twin in
 * the other direction (index ^ 1) that holds what was shipped. The potentials prove the result: no
 * arc with capacity left has cost + potential[tail] - potential[head] below 0. */
#ifndef SLUICE_RELAY_ROUTING_FLOW_INTERNAL_H
#define SLUICE_RELAY_ROUTING_FLOW_INTERNAL_H

#include "relay/base/amount.h"

#define FLOW_NONE UINT32_MAX

struct flow_arc {
    uint32_t to;
    uint32_t next; /* of the arcs that leave the same node; FLOW_NONE ends */
    int64_t cost;
    struct amount capacity; /* what still fits */
};

struct flow_graph {
    uint32_t nodes_count;
    uint32_t arcs_count;
    uint32_t arcs_max;
    uint32_t heap_count;
    uint32_t *first;    /* by node: first arc */
    uint32_t *via;      /* by node: arc it was reached by */
    uint32_t *heap;     /* nodes, nearest first, then lowest */
    uint32_t *heap_at;  /* by node: place in the heap; FLOW_NONE: not in it */
    int64_t *distance;  /* by node; INT64_MAX: not reached */
    int64_t *potential; /* by node */
    struct flow_arc *arcs;
};

size_t flow_footprint(uint32_t nodes_count, uint32_t arcs_max);
/* `arcs_max` counts twins too. */
void flow_init(struct flow_graph *graph, void *memory, uint32_t nodes_count, uint32_t arcs_max);
/* Returns the arc's index. */
uint32_t flow_arc_add(struct flow_graph *graph, uint32_t from, uint32_t to,
                      const struct amount *capacity, int64_t cost);
/* Ships as much as fits, cheapest first, in at most `steps_max` searches (0: no limit). Returns the
 * searches done; true in `ret_finished` when nothing more fits. */
uint64_t flow_ship(struct flow_graph *graph, uint32_t source, uint32_t sink, uint64_t steps_max,
                   bool *ret_finished);
/* What an arc carries. */
struct amount flow_shipped(const struct flow_graph *graph, uint32_t arc);

#endif
