/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/model.h: a network in whole units, and a plan for it, as the general solver and the
 * certificate see them.
 *
 * network.h holds the same question in exact base units; this form is for arithmetic. Amounts are
 * whole units of a place's asset, values are in the numeraire, all as IEEE doubles. The plan
 * maximises
 *
 *     sum over places       price z + yield(z)
 *   - sum over corridors    cost x
 *   - sum over groups       risk / 2 * s^2
 *   - sum over transactions with a corridor in use: cost
 *
 * subject to  z + what leaves = balance + what arrives,  min <= z <= max,  0 <= x <= max,
 * min <= s <= max,  s = sum of coefficients times z and x.
 *
 * Every bound is finite, so a bound on the value exists for any prices (certificate.h).
 *
 * Threads: none. Memory: arrays are borrowed from the caller. Order of everything is the order of
 * the arrays, so equal inputs have equal results, bit for bit. */
#ifndef SLUICE_RELAY_ROUTING_MODEL_H
#define SLUICE_RELAY_ROUTING_MODEL_H

#include <stdbool.h>

#include "relay/base/status.h"
#include "relay/routing/network.h"

#define MODEL_NONE UINT32_MAX
/* No number is larger than this, so that no product of three of them overflows. */
#define MODEL_NUMBER_MAX 1e30
/* Below this part of the portfolio there is nothing to gain: the gap is measured against no less.
 */
#define MODEL_GAIN_FLOOR 1e-6
/* A plan whose gap is at most this is called optimal. */
#define MODEL_GAP_OPTIMAL 1e-6

/* `rate` per unit over the next `width`; rates of one curve do not increase. */
struct model_piece {
    double width;
    double rate;
};

struct model_place {
    uint32_t decimals;
    double price;
    double balance;
    double min;
    double max;
    enum route_yield yield; /* pieces: marginal values; 0 above the last */
    struct route_span pieces;
    double linear;
    double quadratic;
};

struct model_corridor {
    uint32_t from; /* index into places */
    uint32_t to;
    uint32_t transaction; /* MODEL_NONE: in none */
    double max;
    double cost;
    enum route_output output;
    double gain;
    struct route_span pieces; /* gains; widths sum to at least max */
    double reserve_in;
    double reserve_out;
};

struct model_term {
    uint32_t index; /* of the place or the corridor */
    double coefficient;
};

struct model_group {
    double min;
    double max;
    double risk;
    struct route_span places;    /* of terms; each place at most once */
    struct route_span corridors; /* of terms; each corridor at most once */
};

struct model_transaction {
    double cost;
    struct route_span corridors; /* of terms; coefficients are not used */
};

struct model {
    struct network_counts counts;
    uint64_t horizon_s;
    const struct model_place *places;
    const struct model_corridor *corridors;
    const struct model_group *groups;
    const struct model_transaction *transactions;
    const struct model_piece *pieces;
    const struct model_term *terms;
};

/* ---- plans ---- */

enum model_status {
    MODEL_OPTIMAL,
    MODEL_FEASIBLE,
    MODEL_INFEASIBLE, /* the prices prove it: see certificate.h */
};

/* One unit more at each place is worth this; one unit more of each group's exposure costs this. */
struct model_prices {
    const double *places;
    const double *groups;
};

/* What branch and bound decided: a transaction is off below `off` and on below `on`, or the node is
 * a leaf with prices of its own. */
struct model_branch {
    uint32_t transaction; /* MODEL_NONE: a leaf */
    uint32_t off;         /* index of a later node */
    uint32_t on;
    struct model_prices prices; /* of a leaf */
};

struct model_plan {
    enum model_status status;
    uint64_t steps; /* done by the solver; part of the result */
    double value;
    double bound;
    double gap;
    double baseline;
    const double *positions; /* by place */
    const double *flows;     /* by corridor */
    struct model_prices prices;
    const struct model_branch *branches; /* the root first; NULL: none */
    uint32_t branches_count;
};

/* STATUS_MALFORMED: an index, a span, a bound or a curve is out of its limits, a number is not
 * finite, or a corridor is in two transactions. */
MUST_USE enum status model_check(const struct model *model);

#endif
