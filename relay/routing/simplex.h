/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/simplex.h: the best plan for a network without fixed costs, vertex by vertex.
 *
 * A primal simplex method over concave piecewise-linear curves. A place's amount, a corridor's flow
 * and a group's exposure are one variable each, however many pieces their curves have: a step goes
 * past the ends of pieces for as long as it still gains. Bounds are pieces too, beyond which a unit
 * costs more than any gain, so that any amounts are a start: those of doing nothing, or those of an
 * earlier answer after the network changed. Smooth curves (risk, quadratic yields, constant
 * products) are pieces between points of the curve, laid finer around the answer each time
 * (simplex_refine), and exact in what simplex_plan says.
 *
 * Same model, same calls: same answer, bit for bit. Threads: none. Memory: the caller's, all of it
 * known before a step is done. */
#ifndef SLUICE_RELAY_ROUTING_SIMPLEX_H
#define SLUICE_RELAY_ROUTING_SIMPLEX_H

#include "relay/routing/basis_internal.h"
#include "relay/routing/model.h"

struct simplex_variable;
struct simplex_piece;
struct simplex_crossing;
struct simplex_offer;

enum simplex_end {
    SIMPLEX_DONE,      /* no step gains anything */
    SIMPLEX_STEPS,     /* as many steps as allowed */
    SIMPLEX_NUMERICAL, /* the numbers, or the memory for the factors, have run out */
};

struct simplex {
    const struct model *model;
    double unit;         /* of value */
    double *place_units; /* of amounts, by place */
    double *group_units; /* of exposure, by group */
    uint32_t rows_count;
    uint32_t variables_count; /* places, corridors, groups, then what is let go */
    struct simplex_variable *variables;
    struct simplex_piece *pieces;
    uint32_t *term_starts; /* by place and corridor; one more ends the last */
    struct basis_entry *terms;
    double *right;     /* by row: right sides */
    double *nudges;    /* by row: what keeps right sides apart from each other; 0 at the end */
    double *prices;    /* by row */
    double *column;    /* by row: the entering variable's */
    double *row;       /* by row */
    double *rest;      /* by row */
    uint32_t *basics;  /* by row: the variable */
    uint32_t *swapped; /* by row */
    struct simplex_offer *offers; /* by variable */
    uint32_t *pool;               /* variables whose offers are kept up to date */
    uint32_t pool_count;
    uint32_t *loaded;       /* rows where `column` is not 0 */
    int32_t *pieces_before; /* by loaded row, before a step */
    uint32_t loaded_count;
    uint32_t banned_count;
    bool lenient; /* small pivots will do: there are no others */
    uint32_t passed_count;
    struct simplex_crossing *crossings;
    struct basis_entry *entries; /* of one column */
    struct basis basis;
    double penalty; /* of a unit beyond a bound */
    double slack;   /* of what a unit of any flow costs: its prices leave room for rounding */
    double worth;   /* 1: values and costs count; 0: only bounds do */
    uint64_t steps; /* done so far */
    uint32_t level; /* of refinement */
    bool smooth;    /* some curve is */
    bool nudged;
};

/* Bytes (max-aligned) for a model that has passed model_check. */
size_t simplex_footprint(const struct model *model);
/* Lays the problem out and starts from doing nothing. Borrows the model: bounds and costs of
 * corridors may change between calls, see simplex_corridor_set. */
void simplex_init(struct simplex *simplex, const struct model *model, void *memory);

/* Starts from given amounts, of a plan for a network like this one. */
void simplex_start(struct simplex *simplex, const double *positions, const double *flows);

/* What a corridor costs per unit from here on, and whether anything may enter it. */
void simplex_corridor_set(struct simplex *simplex, uint32_t corridor, double cost, bool closed);

/* Steps until the best is found, at most until `steps_max` have been done since simplex_init. */
enum simplex_end simplex_run(struct simplex *simplex, uint64_t steps_max);

/* What is at a bound, and priced as if it were beyond it, is priced as what is within it from here
 * on. False: there is none. */
bool simplex_bounds_enter(struct simplex *simplex);

/* What is beyond bounds at the moment, in units of the portfolio. */
double simplex_excess(const struct simplex *simplex);

/* What is let go where curved corridors arrive, likewise; a plan that does so is none. */
double simplex_waste(const struct simplex *simplex);
/* From here on nothing is let go. False: so it was. */
bool simplex_waste_forbid(struct simplex *simplex);

/* Where a unit that arrives costs something, a curved corridor that could be put through its worst
 * part first is its chord: a straight line from nothing to its end. It is so from here on where the
 * prices say so, and its curve elsewhere. False: nothing changed. */
bool simplex_chords_take(struct simplex *simplex);
/* Every corridor is its curve again. */
void simplex_chords_leave(struct simplex *simplex);

/* Lays the pieces of smooth curves finer around where they are. False: there are none, or they are
 * as fine as numbers allow. */
bool simplex_refine(struct simplex *simplex);

/* Lays them anew around where they are, as fine as before. False: there are none. */
bool simplex_recentre(struct simplex *simplex);

/* Writes the plan: flows within their bounds, positions that follow from them, prices. */
void simplex_plan(struct simplex *simplex, double *positions, double *flows, double *place_prices,
                  double *group_prices);

#endif
