/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/interior.h: near-optimal plans for networks without fixed costs.
 *
 * A primal-dual interior point method (predictor, corrector) over the whole model: lossy,
 * piecewise and constant-product corridors, concave venue yields, groups and their quadratic risk.
 * The normal equations have a row per place and per group and are factored under one order that is
 * chosen once. After every step the certificate says how good the plan is; the solver stops when it
 * says enough, so nothing is claimed that was not proved. Transactions are not looked at: the
 * caller puts their costs into the corridors (fixed.h).
 *
 * Same model, same options: same answer, bit for bit. Threads: none. Memory: the caller's, all of
 * it known before a step is done. */
#ifndef SLUICE_RELAY_ROUTING_INTERIOR_H
#define SLUICE_RELAY_ROUTING_INTERIOR_H

#include "relay/routing/certificate.h"
#include "relay/routing/sparse_internal.h"

struct interior_options {
    double gap;         /* stop at this one */
    uint64_t steps_max; /* at least 1 */
};

struct interior_block;
struct interior_column;
struct interior_row;

struct interior {
    const struct model *model;
    double unit;         /* of value */
    double *place_units; /* of amounts, by place */
    double *group_units; /* of exposure, by group */
    double *prices;      /* by row: places, then groups; in units */
    double *rest;        /* by row: what is missing to balance */
    double *vector;      /* by row */
    uint32_t rows_count; /* places and groups */
    uint32_t blocks_count;
    uint32_t block_rows_count;
    uint32_t columns_count;
    uint32_t entries_count;
    struct interior_block *blocks;
    struct interior_row *block_rows;
    struct interior_column *columns;
    struct sparse_order order;
    struct sparse sparse;
    uint32_t *entries; /* by pair of rows of a block: where it is added */
};

struct interior_result {
    bool proved_infeasible;
    uint64_t steps;
    struct certificate certificate; /* of the best plan; undefined when `found` is false */
    bool found;                     /* a plan that keeps every bound */
};

/* Bytes for interior_init; the model has passed model_check. */
size_t interior_footprint(const struct model *model);
/* Lays the problem out. Borrows the model, keeps `memory`. The order depends on the network's shape
 * alone, not on its numbers. STATUS_FULL: more pairs of rows than any memory would do for. */
MUST_USE enum status interior_init(struct interior *interior, const struct model *model,
                                   void *memory);
/* Bytes for interior_solve. */
size_t interior_solve_footprint(const struct interior *interior);
/* Solves. Fills `positions`, `flows`, `place_prices`, `group_prices` with the best plan that keeps
 * every bound, or with the prices that prove that there is none. */
void interior_solve(struct interior *interior, const struct interior_options *options, void *memory,
                    double *positions, double *flows, double *place_prices, double *group_prices,
                    struct interior_result *ret_result);

#endif
