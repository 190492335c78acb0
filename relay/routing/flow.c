/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/base/check.h"
#include "relay/routing/block_internal.h"
#include "relay/routing/flow_internal.h"

size_t flow_footprint(uint32_t nodes_count, uint32_t arcs_max)
{
    return 4 * block_align(nodes_count * sizeof(uint32_t)) +
           2 * block_align(nodes_count * sizeof(int64_t)) +
           block_align(arcs_max * sizeof(struct flow_arc));
}

void flow_init(struct flow_graph *graph, void *memory, uint32_t nodes_count, uint32_t arcs_max)
{
    uint8_t *rest = memory;

    graph->nodes_count = nodes_count;
    graph->arcs_count = 0;
    graph->arcs_max = arcs_max;
    graph->heap_count = 0;
    graph->first = block_take(&rest, nodes_count * sizeof(uint32_t));
    graph->via = block_take(&rest, nodes_count * sizeof(uint32_t));
    graph->heap = block_take(&rest, nodes_count * sizeof(uint32_t));
    graph->heap_at = block_take(&rest, nodes_count * sizeof(uint32_t));
    graph->distance = block_take(&rest, nodes_count * sizeof(int64_t));
    graph->potential = block_take(&rest, nodes_count * sizeof(int64_t));
    graph->arcs = block_take(&rest, arcs_max * sizeof(struct flow_arc));
    for (uint32_t i = 0; i < nodes_count; i++) {
        graph->first[i] = FLOW_NONE;
        graph->potential[i] = 0;
    }
}

static void half_arc_add(struct flow_graph *graph, uint32_t from, uint32_t to,
                         const struct amount *capacity, int64_t cost)
{
    CHECK(graph->arcs_count < graph->arcs_max);
    graph->arcs[graph->arcs_count] = (struct flow_arc){
        .to = to, .next = graph->first[from], .cost = cost, .capacity = *capacity};
    graph->first[from] = graph->arcs_count++;
}

uint32_t flow_arc_add(struct flow_graph *graph, uint32_t from, uint32_t to,
                      const struct amount *capacity, int64_t cost)
{
    const uint32_t index = graph->arcs_count;
    const struct amount nothing = amount_zero();

    CHECK(cost >= 0);
    CHECK(from < graph->nodes_count);
    CHECK(to < graph->nodes_count);
    half_arc_add(graph, from, to, capacity, cost);
    half_arc_add(graph, to, from, &nothing, -cost);
    return index;
}

struct amount flow_shipped(const struct flow_graph *graph, uint32_t arc)
{
    CHECK(arc < graph->arcs_count);
    return graph->arcs[arc ^ 1u].capacity;
}

/* ---- a binary heap of nodes; equal distances leave in order of index, so ties are decided ---- */

static bool heap_before(const struct flow_graph *graph, uint32_t a, uint32_t b)
{
    return graph->distance[a] != graph->distance[b] ? graph->distance[a] < graph->distance[b]
                                                    : a < b;
}

static void heap_set(struct flow_graph *graph, uint32_t at, uint32_t node)
{
    graph->heap[at] = node;
    graph->heap_at[node] = at;
}

static void heap_rise(struct flow_graph *graph, uint32_t node)
{
    uint32_t at = graph->heap_at[node];

    while (at > 0 && heap_before(graph, node, graph->heap[(at - 1) / 2])) {
        heap_set(graph, at, graph->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_set(graph, at, node);
}

static void heap_offer(struct flow_graph *graph, uint32_t node)
{
    if (graph->heap_at[node] == FLOW_NONE) {
        heap_set(graph, graph->heap_count++, node);
    }
    heap_rise(graph, node);
}

static uint32_t heap_take(struct flow_graph *graph)
{
    const uint32_t nearest = graph->heap[0];
    const uint32_t last = graph->heap[--graph->heap_count];
    uint32_t at = 0;

    graph->heap_at[nearest] = FLOW_NONE;
    if (last == nearest) {
        return nearest;
    }
    for (uint32_t child = 1; child < graph->heap_count; child = 2 * at + 1) {
        if (child + 1 < graph->heap_count &&
            heap_before(graph, graph->heap[child + 1], graph->heap[child])) {
            child++;
        }
        if (!heap_before(graph, graph->heap[child], last)) {
            break;
        }
        heap_set(graph, at, graph->heap[child]);
        at = child;
    }
    heap_set(graph, at, last);
    return nearest;
}

/* ---- cheapest paths ---- */

static void reach_neighbours(struct flow_graph *graph, uint32_t node)
{
    for (uint32_t i = graph->first[node]; i != FLOW_NONE; i = graph->arcs[i].next) {
        const struct flow_arc *arc = &graph->arcs[i];
        if (amount_is_zero(&arc->capacity)) {
            continue;
        }
        const int64_t reduced = arc->cost + graph->potential[node] - graph->potential[arc->to];
        CHECK(reduced >= 0);
        const int64_t distance = graph->distance[node] + reduced;
        if (distance < graph->distance[arc->to]) {
            graph->distance[arc->to] = distance;
            graph->via[arc->to] = i;
            heap_offer(graph, arc->to);
        }
    }
}

/* Distances from `source` up to the sink's, and potentials that take them in. */
static bool search(struct flow_graph *graph, uint32_t source, uint32_t sink)
{
    for (uint32_t i = 0; i < graph->nodes_count; i++) {
        graph->distance[i] = INT64_MAX;
        graph->heap_at[i] = FLOW_NONE;
    }
    graph->heap_count = 0;
    graph->distance[source] = 0;
    heap_offer(graph, source);
    while (graph->heap_count > 0) {
        const uint32_t node = heap_take(graph);
        if (node == sink) {
            break;
        }
        reach_neighbours(graph, node);
    }
    if (graph->distance[sink] == INT64_MAX) {
        return false;
    }
    /* Nodes beyond the sink count as far as the sink: reduced costs stay at least 0. */
    for (uint32_t i = 0; i < graph->nodes_count; i++) {
        graph->potential[i] +=
            graph->distance[i] < graph->distance[sink] ? graph->distance[i] : graph->distance[sink];
    }
    return true;
}

static void push(struct flow_graph *graph, uint32_t source, uint32_t sink)
{
    struct amount most = amount_max();

    for (uint32_t node = sink; node != source;) {
        const uint32_t arc = graph->via[node];
        most = amount_smaller(&most, &graph->arcs[arc].capacity);
        node = graph->arcs[arc ^ 1u].to;
    }
    CHECK(!amount_is_zero(&most));
    for (uint32_t node = sink; node != source;) {
        const uint32_t arc = graph->via[node];
        struct amount *there = &graph->arcs[arc].capacity;
        struct amount *back = &graph->arcs[arc ^ 1u].capacity;
        const enum status taken = amount_subtract(there, &most, there);
        const enum status given = amount_add(back, &most, back);
        CHECK(taken == STATUS_OK);
        CHECK(given == STATUS_OK);
        node = graph->arcs[arc ^ 1u].to;
    }
}

uint64_t flow_ship(struct flow_graph *graph, uint32_t source, uint32_t sink, uint64_t steps_max,
                   bool *ret_finished)
{
    uint64_t steps = 0;

    *ret_finished = false;
    while (steps_max == 0 || steps < steps_max) {
        steps++;
        if (!search(graph, source, sink)) {
            *ret_finished = true;
            break;
        }
        push(graph, source, sink);
    }
    return steps;
}
