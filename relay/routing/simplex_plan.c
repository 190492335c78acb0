/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/simplex_plan.c: into the simplex method and out of it again: starts, changes, finer
 * pieces, plans. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/routing/simplex_internal.h"

#define SMOOTH_PART       (1.0 / 16)
#define LEVELS_MAX        7u
#define CORRECTIONS       4u
#define NEAR_END          1e-9  /* of what is there: an amount of a plan that is at an end */
#define SNAP              1e-13 /* of what comes and goes at a place */
#define START_PIVOT_LEAST 1e-2
#define WARM_MAX          1e6 /* of the portfolio; more is nonsense */
#define FLOW_LEAST        1e-15

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* Puts an amount of a plan on the end that it is next to. False: it is inside a piece. */
static bool end_take(struct simplex *simplex, struct simplex_variable *variable)
{
    const double least = NEAR_END * larger(1e-6, simplex_size(variable->at));
    const int32_t piece = simplex_piece_find(simplex, variable, variable->at);

    for (int32_t end = piece; end <= piece + 1; end++) {
        if (end >= 0 && end <= variable->count &&
            simplex_size(simplex_end(simplex, variable, end) - variable->at) <= least) {
            variable->at = simplex_end(simplex, variable, end);
            variable->piece = end;
            return true;
        }
    }
    variable->piece = piece;
    return false;
}

static void exposures_compute(struct simplex *simplex)
{
    const struct network_counts *counts = &simplex->model->counts;
    struct simplex_variable *groups = &simplex->variables[counts->places + counts->corridors];

    for (uint32_t g = 0; g < counts->groups; g++) {
        groups[g].at = 0;
    }
    for (uint32_t v = 0; v < counts->places + counts->corridors; v++) {
        for (uint32_t i = simplex->term_starts[v]; i < simplex->term_starts[v + 1]; i++) {
            groups[simplex->terms[i].row - counts->places].at +=
                simplex->terms[i].value * simplex->variables[v].at;
        }
    }
}

/* Puts variables where they are: inside a piece and basic, as long as there are rows left, or on an
 * end. Corridors first: a flow between its ends says more than what is at a place. */
static void starts_take(struct simplex *simplex, bool smooth, uint32_t *basics)
{
    const uint32_t places = simplex->model->counts.places;

    for (uint32_t n = 0; n < simplex->variables_count; n++) {
        const uint32_t v = (n + places) % simplex->variables_count;
        struct simplex_variable *variable = &simplex->variables[v];
        const bool basic = *basics < simplex->rows_count;
        if (variable->smooth != smooth) {
            continue;
        }
        variable->row = BASIS_NONE;
        if (smooth) {
            const double range = smaller(1, variable->high - variable->low);
            variable->row = basic ? *basics : BASIS_NONE;
            simplex_pieces_lay(simplex, v, SMOOTH_PART / 256 * range);
            variable->row = BASIS_NONE;
        }
        if (!end_take(simplex, variable)) {
            if (basic) {
                variable->row = *basics;
                simplex->basics[*basics] = v;
                (*basics)++;
            } else {
                simplex_variable_rest(simplex, variable);
            }
        }
    }
}

void simplex_start(struct simplex *simplex, const double *positions, const double *flows)
{
    const struct model *model = simplex->model;
    uint32_t basics = 0;

    for (uint32_t i = 0; i < model->counts.places; i++) {
        const double at = positions[i] / simplex->place_units[i];
        /* Also false for a NaN. */
        simplex->variables[i].at = at >= 0 && at <= WARM_MAX ? at : simplex->right[i];
    }
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        struct simplex_variable *variable = &simplex->variables[model->counts.places + i];
        const double at = flows[i] / simplex->place_units[model->corridors[i].from];
        variable->at = smaller(larger(at, 0), variable->high);
    }
    for (uint32_t v = 0; v < simplex->variables_count; v++) {
        simplex->variables[v].at = simplex_is_waste(simplex, v) ? 0 : simplex->variables[v].at;
    }
    exposures_compute(simplex);
    for (uint32_t r = 0; r < simplex->rows_count; r++) {
        simplex->basics[r] = BASIS_NONE;
    }
    starts_take(simplex, false, &basics);
    starts_take(simplex, true, &basics);
    simplex->level = 2;
    /* Columns that nearly depend on each other would put amounts far from where they are. */
    simplex->basis.pivot_least = START_PIVOT_LEAST;
    (void)simplex_settle(simplex, false);
    simplex->basis.pivot_least = BASIS_PIVOT_LEAST;
}

void simplex_corridor_set(struct simplex *simplex, uint32_t corridor, double cost, bool closed)
{
    const struct model *model = simplex->model;
    const double unit = simplex->place_units[model->corridors[corridor].from];
    struct simplex_variable *variable = &simplex->variables[model->counts.places + corridor];

    variable->cost = cost * unit / simplex->unit;
    if (closed == (variable->count == 0)) {
        return;
    }
    variable->count = closed ? 0 : variable->pieces_count;
    if (variable->row == BASIS_NONE) {
        variable->at = 0;
        variable->piece = 0;
    } else {
        variable->piece = simplex_piece_find(simplex, variable, variable->at);
        if (variable->at <= 0 && closed) {
            simplex->basics[variable->row] = BASIS_NONE;
            simplex_variable_rest(simplex, variable);
        }
    }
}

bool simplex_waste_forbid(struct simplex *simplex)
{
    const struct network_counts *counts = &simplex->model->counts;
    bool changed = false;

    for (uint32_t v = counts->places + counts->corridors + counts->groups;
         v < simplex->variables_count; v++) {
        struct simplex_variable *variable = &simplex->variables[v];
        changed = changed || variable->count > 0;
        variable->count = 0;
        variable->high = 0;
        variable->piece = 0;
        if (variable->row == BASIS_NONE) {
            variable->at = 0;
        }
    }
    return changed;
}

double simplex_waste(const struct simplex *simplex)
{
    const struct network_counts *counts = &simplex->model->counts;
    double waste = 0;

    for (uint32_t v = counts->places + counts->corridors + counts->groups;
         v < simplex->variables_count; v++) {
        waste += larger(simplex->variables[v].at, 0);
    }
    return waste;
}

bool simplex_bounds_enter(struct simplex *simplex)
{
    bool changed = false;

    for (uint32_t r = 0; r < simplex->rows_count; r++) {
        struct simplex_variable *variable = &simplex->variables[simplex->basics[r]];
        const bool below = variable->piece < 0 && variable->at >= variable->low;
        const bool above = variable->piece >= variable->count && variable->at <= variable->high;
        if (variable->count > 0 && (below || above)) {
            variable->piece = below ? 0 : variable->count - 1;
            changed = true;
        }
    }
    return changed;
}

double simplex_excess(const struct simplex *simplex)
{
    double excess = 0;

    for (uint32_t r = 0; r < simplex->rows_count; r++) {
        const struct simplex_variable *variable = &simplex->variables[simplex->basics[r]];
        const double high = variable->count == 0 && variable->pieces_count > 0 ? 0 : variable->high;
        const double here = larger(variable->low - variable->at, variable->at - high);
        excess += here > 0 ? here : 0;
    }
    return excess;
}

bool simplex_recentre(struct simplex *simplex)
{
    double width = SMOOTH_PART;

    for (uint32_t i = 0; i < simplex->level; i++) {
        width /= 16;
    }
    for (uint32_t v = 0; simplex->smooth && v < simplex->variables_count; v++) {
        struct simplex_variable *variable = &simplex->variables[v];
        if (variable->smooth && variable->count > 0) {
            simplex_pieces_lay(simplex, v, width * smaller(1, variable->high - variable->low));
        }
    }
    return simplex->smooth;
}

bool simplex_refine(struct simplex *simplex)
{
    if (!simplex->smooth || simplex->level == LEVELS_MAX) {
        return false;
    }
    simplex->level++;
    return simplex_recentre(simplex);
}

/* Balances the rows by the curves themselves, where pieces only come near them. */
static void curves_follow(struct simplex *simplex)
{
    for (uint32_t i = 0; i < CORRECTIONS && simplex->smooth; i++) {
        if (!simplex_settle(simplex, true)) {
            return;
        }
    }
}

static double flow_of(const struct simplex *simplex, uint32_t corridor)
{
    const struct model_corridor *from = &simplex->model->corridors[corridor];
    const struct simplex_variable *variable =
        &simplex->variables[simplex->model->counts.places + corridor];

    if (variable->count == 0 || variable->at < FLOW_LEAST) {
        return 0;
    }
    if (variable->at >= variable->high) {
        return from->max;
    }
    return smaller(variable->at * simplex->place_units[from->from], from->max);
}

static double output_of(const struct model *model, const struct model_corridor *corridor,
                        double flow)
{
    double output = 0;
    double rest = flow;

    switch (corridor->output) {
    case ROUTE_OUTPUT_LINEAR:
        output = corridor->gain * flow;
        break;
    case ROUTE_OUTPUT_PIECES:
        for (uint32_t i = 0; i < corridor->pieces.count && rest > 0; i++) {
            const struct model_piece *piece = &model->pieces[corridor->pieces.first + i];
            output += piece->rate * smaller(rest, piece->width);
            rest -= piece->width;
        }
        break;
    case ROUTE_OUTPUT_PRODUCT:
        output = corridor->reserve_out * (corridor->gain * flow) /
                 (corridor->reserve_in + corridor->gain * flow);
        break;
    }
    return output;
}

/* What additions have lost must not put a place beyond its bounds. */
static double snapped(double position, double bound, double size)
{
    return simplex_size(position - bound) <= SNAP * size ? bound : position;
}

static void positions_snap(const struct simplex *simplex, const double *sizes, double *positions)
{
    const struct model *model = simplex->model;

    for (uint32_t i = 0; i < model->counts.places; i++) {
        const struct model_place *place = &model->places[i];
        positions[i] = snapped(positions[i], place->min, sizes[i]);
        positions[i] = snapped(positions[i], place->max, sizes[i]);
    }
}

void simplex_plan(struct simplex *simplex, double *positions, double *flows, double *place_prices,
                  double *group_prices)
{
    const struct model *model = simplex->model;
    double *sizes = simplex->row;

    curves_follow(simplex);
    for (uint32_t i = 0; i < model->counts.places; i++) {
        positions[i] = model->places[i].balance;
        sizes[i] = positions[i];
        place_prices[i] = simplex->prices[i] * simplex->unit / simplex->place_units[i];
    }
    for (uint32_t g = 0; g < model->counts.groups; g++) {
        group_prices[g] =
            simplex->prices[model->counts.places + g] * simplex->unit / simplex->group_units[g];
    }
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        const struct model_corridor *corridor = &model->corridors[i];
        flows[i] = flow_of(simplex, i);
        const double output = output_of(model, corridor, flows[i]);
        positions[corridor->to] += output;
        sizes[corridor->to] += output;
        positions[corridor->from] -= flows[i];
        sizes[corridor->from] += flows[i];
    }
    positions_snap(simplex, sizes, positions);
}
