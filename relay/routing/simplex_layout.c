/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/simplex_layout.c: from a model to variables, pieces and columns. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/routing/block_internal.h"
#include "relay/routing/simplex_internal.h"

#define NUDGE       1e-7 /* of a place's room, or of the portfolio */
#define PENALTY     64.0
#define WASTE_MAX   1e6 /* of the portfolio */
#define SMOOTH_PART (1.0 / 16)

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* ---- sizes ---- */

static size_t variables_of(const struct model *model)
{
    return 2 * (size_t)model->counts.places + model->counts.corridors + model->counts.groups;
}

static size_t smooth_of(const struct model *model)
{
    size_t count = 0;

    for (uint32_t i = 0; i < model->counts.places; i++) {
        count += model->places[i].yield == ROUTE_YIELD_QUADRATIC;
    }
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        count += model->corridors[i].output == ROUTE_OUTPUT_PRODUCT;
    }
    for (uint32_t i = 0; i < model->counts.groups; i++) {
        count += model->groups[i].risk > 0;
    }
    return count;
}

static size_t pieces_of(const struct model *model)
{
    /* Every variable may have one piece more, see simplex_variable_rest. */
    return 2 * variables_of(model) + model->counts.places + model->counts.pieces +
           SIMPLEX_SMOOTH_PIECES * smooth_of(model);
}

/* Every variable can be basic once, every row has one. */
static uint32_t entries_of(const struct model *model)
{
    const size_t rows = (size_t)model->counts.places + model->counts.groups;

    return (uint32_t)(3 * rows + model->counts.terms);
}

size_t simplex_footprint(const struct model *model)
{
    const uint32_t rows = model->counts.places + model->counts.groups;
    const size_t numbers = block_align(rows * sizeof(double));

    return block_align(model->counts.places * sizeof(double)) +
           block_align(model->counts.groups * sizeof(double)) +
           block_align(variables_of(model) * sizeof(struct simplex_variable)) +
           block_align(pieces_of(model) * sizeof(struct simplex_piece)) +
           block_align((variables_of(model) + 1) * sizeof(uint32_t)) +
           block_align(model->counts.terms * sizeof(struct basis_entry)) + 6 * numbers +
           2 * block_align(rows * sizeof(uint32_t)) +
           block_align((rows + 1) * sizeof(struct simplex_crossing)) +
           block_align(variables_of(model) * sizeof(struct simplex_offer)) +
           block_align(variables_of(model) * sizeof(uint32_t)) +
           2 * block_align((rows + 1) * sizeof(uint32_t)) +
           block_align((rows + 3) * sizeof(struct basis_entry)) +
           basis_footprint(rows, entries_of(model));
}

/* ---- units ---- */

static void units_choose(struct simplex *simplex)
{
    const struct model *model = simplex->model;
    double portfolio = 0;
    double most = 0;

    for (uint32_t i = 0; i < model->counts.places; i++) {
        const struct model_place *place = &model->places[i];
        portfolio += simplex_size(place->price) * larger(place->balance, place->min);
    }
    /* Without anything to move the sizes of ways are all there is to go by. */
    for (uint32_t i = 0; !(portfolio > 0) && i < model->counts.corridors; i++) {
        const struct model_corridor *corridor = &model->corridors[i];
        most = larger(most, simplex_size(model->places[corridor->from].price) * corridor->max);
    }
    simplex->unit = portfolio > 0 ? portfolio : (most > 0 ? most : 1);
    for (uint32_t i = 0; i < model->counts.places; i++) {
        const double price = simplex_size(model->places[i].price);
        simplex->place_units[i] = price > 0 ? simplex->unit / price : simplex->unit;
    }
    for (uint32_t g = 0; g < model->counts.groups; g++) {
        const struct model_group *group = &model->groups[g];
        double unit = 0;
        for (uint32_t i = 0; i < group->places.count; i++) {
            const struct model_term *term = &model->terms[group->places.first + i];
            unit =
                larger(unit, simplex_size(term->coefficient) * simplex->place_units[term->index]);
        }
        for (uint32_t i = 0; i < group->corridors.count; i++) {
            const struct model_term *term = &model->terms[group->corridors.first + i];
            const uint32_t tail = model->corridors[term->index].from;
            unit = larger(unit, simplex_size(term->coefficient) * simplex->place_units[tail]);
        }
        /* Of nothing: its bounds are amounts like any others. */
        simplex->group_units[g] = unit > 0 ? unit : simplex->unit;
    }
}

/* ---- pieces ---- */

struct layout {
    struct simplex *simplex;
    uint32_t pieces_count;
};

static void piece_add(struct layout *layout, struct simplex_variable *variable, double to,
                      double rate)
{
    const double from = simplex_end(layout->simplex, variable, variable->count);

    if (to > from) {
        layout->simplex->pieces[layout->pieces_count] =
            (struct simplex_piece){.to = to, .rate = rate};
        layout->pieces_count++;
        variable->count++;
    }
}

static void place_lay(struct layout *layout, uint32_t index)
{
    struct simplex *simplex = layout->simplex;
    const struct model_place *place = &simplex->model->places[index];
    struct simplex_variable *variable = &simplex->variables[index];
    const double unit = simplex->place_units[index];
    const double worth = unit / simplex->unit;
    double from = 0;

    variable->low = place->min / unit;
    variable->high = place->max / unit;
    variable->cost = place->price * worth;
    if (place->yield == ROUTE_YIELD_QUADRATIC && place->quadratic > 0) {
        variable->smooth = place->max > place->min;
        return;
    }
    for (uint32_t i = 0; place->yield == ROUTE_YIELD_PIECES && i < place->pieces.count; i++) {
        const struct model_piece *piece = &simplex->model->pieces[place->pieces.first + i];
        from += piece->width;
        piece_add(layout, variable, smaller(from, place->max) / unit,
                  (place->price + piece->rate) * worth);
    }
    const double linear = place->yield == ROUTE_YIELD_QUADRATIC ? place->linear : 0;
    piece_add(layout, variable, variable->high, (place->price + linear) * worth);
}

static void corridor_lay(struct layout *layout, uint32_t index)
{
    struct simplex *simplex = layout->simplex;
    const struct model_corridor *corridor = &simplex->model->corridors[index];
    struct simplex_variable *variable = &simplex->variables[simplex->model->counts.places + index];
    const double unit = simplex->place_units[corridor->from];
    const double ratio = unit / simplex->place_units[corridor->to];
    double from = 0;

    variable->from = corridor->from;
    variable->to = corridor->to;
    variable->low = 0;
    variable->high = corridor->max / unit;
    variable->cost = corridor->cost * unit / simplex->unit;
    if (corridor->output == ROUTE_OUTPUT_PRODUCT) {
        variable->smooth = corridor->max > 0;
        return;
    }
    for (uint32_t i = 0; corridor->output == ROUTE_OUTPUT_PIECES && i < corridor->pieces.count;
         i++) {
        const struct model_piece *piece = &simplex->model->pieces[corridor->pieces.first + i];
        const bool last = i + 1 == corridor->pieces.count;
        from += piece->width;
        piece_add(layout, variable, last ? variable->high : smaller(from, corridor->max) / unit,
                  piece->rate * ratio);
    }
    if (corridor->output == ROUTE_OUTPUT_LINEAR) {
        piece_add(layout, variable, variable->high, corridor->gain * ratio);
    }
}

static void group_lay(struct layout *layout, uint32_t index)
{
    struct simplex *simplex = layout->simplex;
    const struct model_group *group = &simplex->model->groups[index];
    struct simplex_variable *variable =
        &simplex
             ->variables[simplex->model->counts.places + simplex->model->counts.corridors + index];

    variable->low = group->min / simplex->group_units[index];
    variable->high = group->max / simplex->group_units[index];
    if (group->risk > 0 && group->max > group->min) {
        variable->smooth = true;
        return;
    }
    piece_add(layout, variable, variable->high, 0);
}

/* The slope (of a corridor: the gain) of the chord of a smooth curve from a to b. */
static double chord(const struct simplex *simplex, uint32_t index, double a, double b)
{
    const struct model *model = simplex->model;

    if (index < model->counts.places) {
        const struct model_place *place = &model->places[index];
        const double unit = simplex->place_units[index];
        return (place->price + place->linear - place->quadratic * unit * ((a + b) / 2)) *
               (unit / simplex->unit);
    }
    if (simplex_is_corridor(simplex, index)) {
        const struct model_corridor *corridor = &model->corridors[index - model->counts.places];
        const double tail = simplex->place_units[corridor->from];
        const double ratio = tail / simplex->place_units[corridor->to];
        const double in = corridor->reserve_in / tail;
        const double out = corridor->reserve_out / tail * ratio;
        const double gain = corridor->gain;
        return out * gain / (in + gain * a) * (in / (in + gain * b));
    }
    const uint32_t g = index - model->counts.places - model->counts.corridors;
    const double unit = simplex->group_units[g];
    return -model->groups[g].risk * unit * ((a + b) / 2) * (unit / simplex->unit);
}

static void smooth_add(struct simplex *simplex, struct simplex_variable *variable, uint32_t index,
                       double to)
{
    const double from = simplex_end(simplex, variable, variable->count);

    if (to > from) {
        CHECK(variable->count < (int32_t)SIMPLEX_SMOOTH_PIECES);
        simplex->pieces[variable->first + (uint32_t)variable->count] =
            (struct simplex_piece){.to = to, .rate = chord(simplex, index, from, to)};
        variable->count++;
    }
}

void simplex_pieces_lay(struct simplex *simplex, uint32_t index, double width)
{
    struct simplex_variable *variable = &simplex->variables[index];
    const double centre = smaller(larger(variable->at, variable->low), variable->high);
    const double side = variable->row == BASIS_NONE ? 0 : width / 2;
    double reach[SIMPLEX_SMOOTH_PIECES / 2];
    uint32_t count = 0;
    double step = width;
    double at = side;

    /* Each piece is twice as wide as the one before; the outermost go to the bounds. */
    while (count + 3 < SIMPLEX_SMOOTH_PIECES / 2 &&
           (centre - at > variable->low || centre + at < variable->high)) {
        reach[count] = at;
        count++;
        at += step;
        step *= 2;
    }
    variable->count = 0;
    for (uint32_t i = count; i-- > 0;) {
        smooth_add(simplex, variable, index, smaller(centre - reach[i], variable->high));
    }
    for (uint32_t i = 0; i < count; i++) {
        smooth_add(simplex, variable, index, smaller(centre + reach[i], variable->high));
    }
    smooth_add(simplex, variable, index, variable->high);
    variable->pieces_count = variable->count;
    if (variable->row == BASIS_NONE) {
        variable->at = centre;
        variable->piece = 0;
        while (variable->piece < variable->count &&
               simplex_end(simplex, variable, variable->piece) < centre) {
            variable->piece++;
        }
        CHECK(simplex_end(simplex, variable, variable->piece) == centre);
    } else {
        variable->piece = simplex_piece_find(simplex, variable, variable->at);
    }
}

int32_t simplex_piece_find(const struct simplex *simplex, const struct simplex_variable *variable,
                           double at)
{
    int32_t piece = 0;

    if (at < variable->low) {
        return -1;
    }
    while (piece < variable->count && at > simplex_end(simplex, variable, piece + 1)) {
        piece++;
    }
    return piece;
}

/* ---- chords ---- */

/* Puts a corridor where it was among the pieces that it has now. */
static void corridor_place(struct simplex *simplex, struct simplex_variable *variable)
{
    if (variable->row == BASIS_NONE) {
        simplex_variable_rest(simplex, variable);
    } else {
        variable->piece = simplex_piece_find(simplex, variable, variable->at);
    }
}

static void chord_lay(struct simplex *simplex, uint32_t index)
{
    struct simplex_variable *variable = &simplex->variables[index];
    const double output = simplex_output(simplex, index, variable->high, true);

    simplex->pieces[variable->first] =
        (struct simplex_piece){.to = variable->high, .rate = output / variable->high};
    variable->count = 1;
    variable->pieces_count = 1;
    variable->smooth = false;
    variable->pinned = false;
    variable->chord = true;
    corridor_place(simplex, variable);
}

static void curve_lay(struct simplex *simplex, uint32_t index)
{
    struct simplex_variable *variable = &simplex->variables[index];
    struct layout layout = {.simplex = simplex, .pieces_count = variable->first};
    const double cost = variable->cost;

    variable->count = 0;
    variable->pinned = false;
    variable->chord = false;
    corridor_lay(&layout, index - simplex->model->counts.places);
    variable->cost = cost;
    if (variable->smooth) {
        simplex_pieces_lay(simplex, index, SMOOTH_PART * smaller(1, variable->high));
    } else {
        variable->pieces_count = variable->count;
        corridor_place(simplex, variable);
    }
}

bool simplex_chords_take(struct simplex *simplex)
{
    const struct network_counts *counts = &simplex->model->counts;
    bool changed = false;

    for (uint32_t v = counts->places; v < counts->places + counts->corridors; v++) {
        const struct simplex_variable *variable = &simplex->variables[v];
        const bool curved =
            simplex->model->corridors[v - counts->places].output != ROUTE_OUTPUT_LINEAR;
        const bool worst = simplex->prices[variable->to] < 0;
        if (curved && variable->count > 0 && worst != variable->chord) {
            if (worst) {
                chord_lay(simplex, v);
            } else {
                curve_lay(simplex, v);
            }
            changed = true;
        }
    }
    return changed;
}

void simplex_chords_leave(struct simplex *simplex)
{
    for (uint32_t v = 0; v < simplex->variables_count; v++) {
        if (simplex->variables[v].chord) {
            curve_lay(simplex, v);
        }
    }
}

/* ---- terms ---- */

static uint32_t term_variable(const struct simplex *simplex, const struct model_group *group,
                              uint32_t k, double *ret_coefficient)
{
    const struct model *model = simplex->model;
    const bool of_place = k < group->places.count;
    const struct model_term *term =
        of_place ? &model->terms[group->places.first + k]
                 : &model->terms[group->corridors.first + k - group->places.count];
    const uint32_t tail = of_place ? term->index : model->corridors[term->index].from;

    *ret_coefficient = term->coefficient * simplex->place_units[tail];
    return of_place ? term->index : model->counts.places + term->index;
}

/* Counted first, then written group by group; a variable that a group names twice adds up. */
static void terms_lay(struct simplex *simplex)
{
    const struct model *model = simplex->model;
    const uint32_t count = model->counts.places + model->counts.corridors;
    uint32_t *starts = simplex->term_starts;
    double coefficient;

    memset(starts, 0, (count + 1) * sizeof(uint32_t));
    for (uint32_t g = 0; g < model->counts.groups; g++) {
        const struct model_group *group = &model->groups[g];
        for (uint32_t k = 0; k < group->places.count + group->corridors.count; k++) {
            starts[term_variable(simplex, group, k, &coefficient)]++;
        }
    }
    uint32_t sum = 0;
    for (uint32_t v = 0; v <= count; v++) {
        const uint32_t here = v < count ? starts[v] : 0;
        starts[v] = sum;
        sum += here;
    }
    for (uint32_t g = 0; g < model->counts.groups; g++) {
        const struct model_group *group = &model->groups[g];
        for (uint32_t k = 0; k < group->places.count + group->corridors.count; k++) {
            const uint32_t v = term_variable(simplex, group, k, &coefficient);
            simplex->terms[starts[v]] = (struct basis_entry){
                .row = model->counts.places + g, .value = coefficient / simplex->group_units[g]};
            starts[v]++;
        }
    }
    for (uint32_t v = count; v > 0; v--) {
        starts[v] = starts[v - 1];
    }
    starts[0] = 0;
}

/* ---- reading ---- */

double simplex_output(const struct simplex *simplex, uint32_t index, double at, bool exact)
{
    const struct simplex_variable *variable = &simplex->variables[index];
    double output = 0;
    double from = 0;

    if (exact && variable->smooth) {
        return chord(simplex, index, 0, at) * at;
    }
    if (variable->pieces_count == 0 || at <= 0) {
        return simplex_gain(simplex, variable, 0) * at;
    }
    for (int32_t k = 0; k < variable->pieces_count; k++) {
        const struct simplex_piece *piece = &simplex->pieces[variable->first + (uint32_t)k];
        if (at <= piece->to || k + 1 == variable->pieces_count) {
            return output + piece->rate * (at - from);
        }
        output += piece->rate * (piece->to - from);
        from = piece->to;
    }
    return output;
}

uint32_t simplex_column(const struct simplex *simplex, uint32_t index, int32_t k,
                        struct basis_entry *entries)
{
    const struct network_counts *counts = &simplex->model->counts;
    const struct simplex_variable *variable = &simplex->variables[index];
    uint32_t count = 0;

    if (simplex_is_waste(simplex, index)) {
        entries[0] = (struct basis_entry){.row = variable->from, .value = 1};
        return 1;
    }
    if (index >= counts->places + counts->corridors) {
        entries[0] = (struct basis_entry){.row = index - counts->corridors, .value = -1};
        return 1;
    }
    if (index < counts->places) {
        entries[count++] = (struct basis_entry){.row = index, .value = 1};
    } else {
        entries[count++] = (struct basis_entry){.row = variable->from, .value = 1};
        const double gain = simplex_gain(simplex, variable, k);
        if (gain != 0) {
            entries[count++] = (struct basis_entry){.row = variable->to, .value = -gain};
        }
    }
    for (uint32_t i = simplex->term_starts[index]; i < simplex->term_starts[index + 1]; i++) {
        if (count > 0 && entries[count - 1].row == simplex->terms[i].row) {
            entries[count - 1].value += simplex->terms[i].value;
        } else {
            entries[count++] = simplex->terms[i];
        }
    }
    return count;
}

/* ---- the whole ---- */

static void right_set(struct simplex *simplex)
{
    const struct model *model = simplex->model;

    for (uint32_t r = 0; r < simplex->rows_count; r++) {
        simplex->right[r] = 0;
        simplex->nudges[r] = 0;
    }
    for (uint32_t i = 0; i < model->counts.places; i++) {
        const struct simplex_variable *variable = &simplex->variables[i];
        simplex->right[i] = model->places[i].balance / simplex->place_units[i];
        /* Spread evenly enough, and never equal. */
        const double part = 1 + (double)((i * 2654435761u) % 1000003u) / 1000003.0;
        const double nudge = NUDGE * part * smaller(1, variable->high - variable->low);
        const bool down = simplex->right[i] + 2 * nudge > variable->high;
        simplex->nudges[i] = down ? -nudge : nudge;
    }
}

/* One where a corridor with a curve arrives; in the order of the places. */
static void wastes_lay(struct layout *layout)
{
    struct simplex *simplex = layout->simplex;
    const struct model *model = simplex->model;
    uint32_t *heads = simplex->basics; /* not in use yet */

    memset(heads, 0, model->counts.places * sizeof(uint32_t));
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        heads[model->corridors[i].to] |= model->corridors[i].output != ROUTE_OUTPUT_LINEAR;
    }
    for (uint32_t i = 0; i < model->counts.places; i++) {
        if (heads[i] != 0) {
            struct simplex_variable *variable = &simplex->variables[simplex->variables_count];
            memset(variable, 0, sizeof(*variable));
            variable->first = layout->pieces_count;
            variable->row = BASIS_NONE;
            variable->from = i;
            variable->high = WASTE_MAX;
            piece_add(layout, variable, WASTE_MAX, 0);
            variable->pieces_count = variable->count;
            layout->pieces_count++;
            simplex->variables_count++;
        }
    }
}

static void pieces_build(struct simplex *simplex)
{
    const struct network_counts *counts = &simplex->model->counts;
    struct layout layout = {.simplex = simplex};

    simplex->variables_count = counts->places + counts->corridors + counts->groups;
    for (uint32_t v = 0; v < simplex->variables_count; v++) {
        struct simplex_variable *variable = &simplex->variables[v];
        memset(variable, 0, sizeof(*variable));
        variable->first = layout.pieces_count;
        variable->row = BASIS_NONE;
        if (v < counts->places) {
            place_lay(&layout, v);
        } else if (v < counts->places + counts->corridors) {
            corridor_lay(&layout, v - counts->places);
        } else {
            group_lay(&layout, v - counts->places - counts->corridors);
        }
        variable->pieces_count = variable->count;
        layout.pieces_count++;
        if (variable->smooth) {
            layout.pieces_count += SIMPLEX_SMOOTH_PIECES;
            simplex->smooth = true;
        }
    }
    wastes_lay(&layout);
    CHECK(layout.pieces_count <= pieces_of(simplex->model));
}

/* Nothing moves: what is at places and what groups add up to is basic. */
static void start_set(struct simplex *simplex)
{
    const struct network_counts *counts = &simplex->model->counts;

    for (uint32_t v = 0; v < simplex->variables_count; v++) {
        struct simplex_variable *variable = &simplex->variables[v];
        const bool basic = simplex_is_own(simplex, v);
        variable->at = 0;
        variable->row = basic ? (v < counts->places ? v : v - counts->corridors) : BASIS_NONE;
        variable->at = v < counts->places ? simplex->right[v] : 0;
        if (basic) {
            simplex->basics[variable->row] = v;
            variable->piece = simplex_piece_find(simplex, variable, variable->at);
        }
    }
}

void simplex_init(struct simplex *simplex, const struct model *model, void *memory)
{
    const uint32_t rows = model->counts.places + model->counts.groups;
    const size_t numbers = rows * sizeof(double);
    uint8_t *rest = memory;

    memset(simplex, 0, sizeof(*simplex));
    simplex->model = model;
    simplex->rows_count = rows;
    simplex->penalty = PENALTY;
    simplex->worth = 1;
    simplex->place_units = block_take(&rest, model->counts.places * sizeof(double));
    simplex->group_units = block_take(&rest, model->counts.groups * sizeof(double));
    simplex->variables = block_take(&rest, variables_of(model) * sizeof(struct simplex_variable));
    simplex->pieces = block_take(&rest, pieces_of(model) * sizeof(struct simplex_piece));
    simplex->term_starts = block_take(&rest, (variables_of(model) + 1) * sizeof(uint32_t));
    simplex->terms = block_take(&rest, model->counts.terms * sizeof(struct basis_entry));
    simplex->right = block_take(&rest, numbers);
    simplex->nudges = block_take(&rest, numbers);
    simplex->prices = block_take(&rest, numbers);
    simplex->column = block_take(&rest, numbers);
    simplex->row = block_take(&rest, numbers);
    simplex->rest = block_take(&rest, numbers);
    simplex->basics = block_take(&rest, rows * sizeof(uint32_t));
    simplex->swapped = block_take(&rest, rows * sizeof(uint32_t));
    simplex->crossings = block_take(&rest, (rows + 1) * sizeof(struct simplex_crossing));
    simplex->entries = block_take(&rest, (rows + 3) * sizeof(struct basis_entry));
    simplex->offers = block_take(&rest, variables_of(model) * sizeof(struct simplex_offer));
    simplex->pool = block_take(&rest, variables_of(model) * sizeof(uint32_t));
    simplex->loaded = block_take(&rest, (rows + 1) * sizeof(uint32_t));
    simplex->pieces_before = block_take(&rest, (rows + 1) * sizeof(int32_t));
    memset(simplex->offers, 0, variables_of(model) * sizeof(struct simplex_offer));
    basis_init(&simplex->basis, rest, rows, entries_of(model));
    units_choose(simplex);
    pieces_build(simplex);
    terms_lay(simplex);
    right_set(simplex);
    start_set(simplex);
    for (uint32_t v = 0; v < simplex->variables_count; v++) {
        const struct simplex_variable *variable = &simplex->variables[v];
        simplex->offers[v].weight = 1;
        if (variable->smooth) {
            simplex_pieces_lay(simplex, v,
                               SMOOTH_PART * smaller(1, variable->high - variable->low));
        }
    }
}
