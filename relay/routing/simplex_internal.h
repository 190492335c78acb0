/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/simplex_internal.h: how the simplex method sees a model.
 *
 * Maximise the sum of each variable's curve, subject to a row per place (what is there, and leaves,
 * less what arrives, is the balance) and a row per group (what its terms add up to, less its
 * exposure, is 0). A variable that is not basic is at an end of a piece: at end k, piece k is above
 * it and piece k - 1 below. A basic one is inside piece k; -1 is below its bounds, `count` above.
 * Where corridors with curves arrive, something may also be let go for nothing: no plan that is
 * best does so, but prices stay at or above 0, without which such curves are bounded badly.
 * Amounts, exposures and values are in units that make the portfolio 1. */
#ifndef SLUICE_RELAY_ROUTING_SIMPLEX_INTERNAL_H
#define SLUICE_RELAY_ROUTING_SIMPLEX_INTERNAL_H

#include "relay/routing/simplex.h"

#define SIMPLEX_SMOOTH_PIECES 64u

struct simplex_variable {
    double at;
    double low;
    double high;
    double cost; /* of corridors: per unit; of others: the slope when there is no piece */
    uint32_t first;
    int32_t count; /* pieces; 0 while a corridor is closed */
    int32_t piece;
    int32_t pieces_count;
    uint32_t row;  /* BASIS_NONE: not basic */
    uint32_t from; /* of corridors: rows; of what is let go: its place */
    uint32_t to;
    bool smooth;
    bool pinned; /* one end is no end of its curve, but where it once was */
    bool chord;  /* a corridor's pieces are one: see simplex_chords_take */
};

struct simplex_piece {
    double to;
    double rate; /* of corridors: what arrives per unit; of others: value per unit */
};

/* What pricing knows of a variable. Gains are true of those in the pool. */
struct simplex_offer {
    double up;        /* what a unit more gains; endless below 0 when it is basic or at its end */
    double down;      /* what a unit less gains */
    double weight;    /* of its gain in the choice of what enters */
    double gain_up;   /* of corridors: what arrives per unit more */
    double gain_down; /* and per unit less */
    bool pooled;
    bool banned; /* until the next factor: it would enter by dividing by next to nothing */
};

struct simplex_crossing {
    double at;    /* how far the step has come then */
    uint32_t row; /* BASIS_NONE: the entering variable itself */
};

static inline bool simplex_is_corridor(const struct simplex *simplex, uint32_t index)
{
    const struct network_counts *counts = &simplex->model->counts;

    return index >= counts->places && index < counts->places + counts->corridors;
}

/* Is it a variable that alone balances its row: what is at a place, or a group's exposure? */
static inline bool simplex_is_own(const struct simplex *simplex, uint32_t index)
{
    const struct network_counts *counts = &simplex->model->counts;

    return index < counts->places || (index >= counts->places + counts->corridors &&
                                      index < counts->places + counts->corridors + counts->groups);
}

/* Is it what is let go at a place? */
static inline bool simplex_is_waste(const struct simplex *simplex, uint32_t index)
{
    const struct network_counts *counts = &simplex->model->counts;

    return index >= counts->places + counts->corridors + counts->groups;
}

/* End k of the variable's pieces, 0 <= k <= count. */
static inline double simplex_end(const struct simplex *simplex,
                                 const struct simplex_variable *variable, int32_t k)
{
    return k == 0 ? variable->low : simplex->pieces[variable->first + (uint32_t)(k - 1)].to;
}

static inline double simplex_size(double value)
{
    return value < 0 ? -value : value;
}

/* What arrives per unit in piece k. */
static inline double simplex_gain(const struct simplex *simplex,
                                  const struct simplex_variable *variable, int32_t k)
{
    const int32_t last = variable->pieces_count - 1;
    const int32_t piece = k < 0 ? 0 : (k > last ? last : k);

    return piece < 0 ? 0 : simplex->pieces[variable->first + (uint32_t)piece].rate;
}

/* The slope of the variable's value in piece k, penalties included. */
static inline double simplex_slope(const struct simplex *simplex, uint32_t index, int32_t k)
{
    const struct simplex_variable *variable = &simplex->variables[index];
    double slope;

    if (simplex_is_corridor(simplex, index)) {
        slope = -variable->cost * simplex->worth;
    } else if (variable->count == 0) {
        slope = variable->cost * simplex->worth;
    } else {
        const int32_t piece = k < 0 ? 0 : (k >= variable->count ? variable->count - 1 : k);
        slope = simplex->pieces[variable->first + (uint32_t)piece].rate * simplex->worth;
    }
    slope += index < simplex->model->counts.places + simplex->model->counts.corridors
                 ? simplex->slack
                 : 0;
    if (k < 0) {
        return slope + simplex->penalty;
    }
    return k < variable->count ? slope : slope - simplex->penalty;
}

/* What arrives from a corridor when `at` enters, by its pieces or, when `exact`, by its curve. */
double simplex_output(const struct simplex *simplex, uint32_t index, double at, bool exact);
/* The column of a variable in piece k; as many entries as it returns. */
uint32_t simplex_column(const struct simplex *simplex, uint32_t index, int32_t k,
                        struct basis_entry *entries);
/* Lays the pieces of a smooth variable `width` fine around where it is. */
void simplex_pieces_lay(struct simplex *simplex, uint32_t index, double width);
/* The piece in which `at` is: see above. */
int32_t simplex_piece_find(const struct simplex *simplex, const struct simplex_variable *variable,
                           double at);

/* Takes a variable out of the basis: where it is becomes an end of its pieces, once; after that it
 * goes to the nearest one. */
void simplex_variable_rest(struct simplex *simplex, struct simplex_variable *variable);

/* Factors the basis and computes amounts and prices from it. False: out of numbers or memory. */
bool simplex_settle(struct simplex *simplex, bool exact);

#endif
