/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/routing/conflict.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/routing/block_internal.h"

#define PART_LEAST  1e-9 /* of the largest price: less has no part in the proof */
#define EXCESS_NONE 1e-9 /* of the portfolio: less is rounding */
#define ENDLESS     1e24 /* a bound that is left out; above any amount that makes sense */
#define TRIES_MAX   400u /* bounds that are left out in turn */
#define PIVOTS_MAX  20000u
#define PIVOTS_ROW  16u /* by row, and for 64 more; rounding may look like a gain for ever */

struct conflict {
    const struct model *model;
    struct model loose; /* without the bounds that are left out */
    struct model_place *places;
    struct model_corridor *corridors;
    struct model_group *groups;
    struct conflict_bound *bounds;
    uint32_t count;
    double *rents; /* by place and corridor: prices of its rows */
    void *simplex_memory;
};

static size_t bounds_max(const struct model *model)
{
    return 2 * ((size_t)model->counts.places + model->counts.groups) + model->counts.corridors;
}

size_t conflict_footprint(const struct model *model)
{
    const struct network_counts *counts = &model->counts;

    return block_align(counts->places * sizeof(struct model_place)) +
           block_align(counts->corridors * sizeof(struct model_corridor)) +
           block_align(counts->groups * sizeof(struct model_group)) +
           block_align(((size_t)counts->places + counts->corridors) * sizeof(double)) +
           block_align(bounds_max(model) * sizeof(struct conflict_bound)) +
           block_align(simplex_footprint(model)) + 16;
}

static double size_of(double value)
{
    return value < 0 ? -value : value;
}

/* ---- what the proof adds up ---- */

static void rents_compute(struct conflict *conflict, const struct model_prices *prices)
{
    const struct model *model = conflict->model;

    for (uint32_t i = 0; i < model->counts.places; i++) {
        conflict->rents[i] = prices->places[i];
    }
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        const struct model_corridor *corridor = &model->corridors[i];
        /* At most the first unit's gain: a bound that takes part is not missed. */
        const double gain = corridor->output == ROUTE_OUTPUT_LINEAR ? corridor->gain
                            : corridor->output == ROUTE_OUTPUT_PIECES
                                ? model->pieces[corridor->pieces.first].rate
                                : corridor->gain * corridor->reserve_out / corridor->reserve_in;
        conflict->rents[model->counts.places + i] =
            prices->places[corridor->from] - gain * prices->places[corridor->to];
    }
    for (uint32_t g = 0; g < model->counts.groups; g++) {
        const struct model_group *group = &model->groups[g];
        for (uint32_t k = 0; k < group->places.count; k++) {
            const struct model_term *term = &model->terms[group->places.first + k];
            conflict->rents[term->index] += term->coefficient * prices->groups[g];
        }
        for (uint32_t k = 0; k < group->corridors.count; k++) {
            const struct model_term *term = &model->terms[group->corridors.first + k];
            conflict->rents[model->counts.places + term->index] +=
                term->coefficient * prices->groups[g];
        }
    }
}

static void bound_add(struct conflict *conflict, enum conflict_kind kind, uint32_t index)
{
    conflict->bounds[conflict->count] = (struct conflict_bound){.kind = kind, .index = index};
    conflict->count++;
}

static double price_largest(const struct model *model, const struct model_prices *prices)
{
    double largest = 0;

    for (uint32_t i = 0; i < model->counts.places; i++) {
        largest = size_of(prices->places[i]) > largest ? size_of(prices->places[i]) : largest;
    }
    for (uint32_t g = 0; g < model->counts.groups; g++) {
        largest = size_of(prices->groups[g]) > largest ? size_of(prices->groups[g]) : largest;
    }
    return largest;
}

static void bounds_collect(struct conflict *conflict, const struct model_prices *prices)
{
    const struct model *model = conflict->model;
    const double least = PART_LEAST * price_largest(model, prices);

    rents_compute(conflict, prices);
    for (uint32_t i = 0; i < model->counts.places; i++) {
        if (conflict->rents[i] > least && model->places[i].min > 0) {
            bound_add(conflict, CONFLICT_PLACE_MIN, i);
        } else if (conflict->rents[i] < -least) {
            bound_add(conflict, CONFLICT_PLACE_MAX, i);
        }
    }
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        if (conflict->rents[model->counts.places + i] < -least) {
            bound_add(conflict, CONFLICT_CORRIDOR_MAX, i);
        }
    }
    for (uint32_t g = 0; g < model->counts.groups; g++) {
        if (prices->groups[g] < -least) {
            bound_add(conflict, CONFLICT_GROUP_MIN, g);
        } else if (prices->groups[g] > least) {
            bound_add(conflict, CONFLICT_GROUP_MAX, g);
        }
    }
}

/* ---- leaving bounds out ---- */

static void bound_leave(struct conflict *conflict, const struct conflict_bound *bound)
{
    switch (bound->kind) {
    case CONFLICT_PLACE_MIN:
        conflict->places[bound->index].min = 0;
        break;
    case CONFLICT_PLACE_MAX:
        conflict->places[bound->index].max = ENDLESS;
        break;
    case CONFLICT_CORRIDOR_MAX:
        conflict->corridors[bound->index].max = ENDLESS;
        break;
    case CONFLICT_GROUP_MIN:
        conflict->groups[bound->index].min = -ENDLESS;
        break;
    case CONFLICT_GROUP_MAX:
        conflict->groups[bound->index].max = ENDLESS;
        break;
    }
}

static void bound_restore(struct conflict *conflict, const struct conflict_bound *bound)
{
    const struct model *model = conflict->model;

    switch (bound->kind) {
    case CONFLICT_PLACE_MIN:
        conflict->places[bound->index].min = model->places[bound->index].min;
        break;
    case CONFLICT_PLACE_MAX:
        conflict->places[bound->index].max = model->places[bound->index].max;
        break;
    case CONFLICT_CORRIDOR_MAX:
        conflict->corridors[bound->index].max = model->corridors[bound->index].max;
        break;
    case CONFLICT_GROUP_MIN:
        conflict->groups[bound->index].min = model->groups[bound->index].min;
        break;
    case CONFLICT_GROUP_MAX:
        conflict->groups[bound->index].max = model->groups[bound->index].max;
        break;
    }
}

static void loose_copy(struct conflict *conflict)
{
    const struct model *model = conflict->model;

    memcpy(conflict->places, model->places, model->counts.places * sizeof(*conflict->places));
    if (model->counts.corridors > 0) {
        memcpy(conflict->corridors, model->corridors,
               model->counts.corridors * sizeof(*conflict->corridors));
    }
    if (model->counts.groups > 0) {
        memcpy(conflict->groups, model->groups, model->counts.groups * sizeof(*conflict->groups));
    }
    conflict->loose = *model;
    conflict->loose.places = conflict->places;
    conflict->loose.corridors = conflict->corridors;
    conflict->loose.groups = conflict->groups;
}

static uint64_t pivots_max(const struct simplex *simplex)
{
    const uint64_t pivots = PIVOTS_ROW * ((uint64_t)simplex->rows_count + 64);

    return pivots < PIVOTS_MAX ? pivots : PIVOTS_MAX;
}

/* Is there no plan within the bounds that are left? */
static bool contradicts(struct conflict *conflict)
{
    struct simplex simplex;

    simplex_init(&simplex, &conflict->loose, conflict->simplex_memory);
    (void)simplex_waste_forbid(&simplex);
    simplex.worth = 0;
    simplex.penalty = 1;
    return simplex_run(&simplex, pivots_max(&simplex)) == SIMPLEX_DONE &&
           simplex_excess(&simplex) > EXCESS_NONE;
}

/* Leaves out all bounds but those collected. */
static void others_leave(struct conflict *conflict)
{
    const struct network_counts *counts = &conflict->model->counts;

    for (uint32_t i = 0; i < counts->places; i++) {
        conflict->places[i].min = 0;
        conflict->places[i].max = ENDLESS;
    }
    for (uint32_t i = 0; i < counts->corridors; i++) {
        conflict->corridors[i].max = ENDLESS;
    }
    for (uint32_t g = 0; g < counts->groups; g++) {
        conflict->groups[g].min = -ENDLESS;
        conflict->groups[g].max = ENDLESS;
    }
    for (uint32_t i = 0; i < conflict->count; i++) {
        bound_restore(conflict, &conflict->bounds[i]);
    }
}

static bool bounds_reduce(struct conflict *conflict)
{
    uint32_t kept = 0;

    others_leave(conflict);
    if (conflict->count > TRIES_MAX || !contradicts(conflict)) {
        return false;
    }
    for (uint32_t i = 0; i < conflict->count; i++) {
        const struct conflict_bound bound = conflict->bounds[i];
        bound_leave(conflict, &bound);
        if (!contradicts(conflict)) {
            bound_restore(conflict, &bound);
            conflict->bounds[kept] = bound;
            kept++;
        }
    }
    conflict->count = kept;
    return true;
}

const struct conflict_bound *conflict_find(const struct model *model,
                                           const struct model_prices *prices, void *memory,
                                           uint32_t *ret_count, bool *ret_irreducible)
{
    const struct network_counts *counts = &model->counts;
    uint8_t *rest = memory;
    struct conflict conflict = {.model = model};

    conflict.places = block_take(&rest, counts->places * sizeof(*conflict.places));
    conflict.corridors = block_take(&rest, counts->corridors * sizeof(*conflict.corridors));
    conflict.groups = block_take(&rest, counts->groups * sizeof(*conflict.groups));
    conflict.rents =
        block_take(&rest, ((size_t)counts->places + counts->corridors) * sizeof(*conflict.rents));
    conflict.bounds = block_take(&rest, bounds_max(model) * sizeof(*conflict.bounds));
    conflict.simplex_memory = rest;
    loose_copy(&conflict);
    bounds_collect(&conflict, prices);
    CHECK(conflict.count <= bounds_max(model));
    *ret_irreducible = bounds_reduce(&conflict);
    *ret_count = conflict.count;
    return conflict.bounds;
}
