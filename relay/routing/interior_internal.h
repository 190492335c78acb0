/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/interior_internal.h: how the interior point method sees a model.
 *
 * Minimise  sum cost y + curve / 2 y^2  subject to  A y = right side,  0 <= y <= width. A column is
 * one piece of a place's amount above its min, one piece of a corridor's flow, or a group's
 * exposure above its min. Columns that touch the same rows form a block. Amounts, exposures and
 * values are in units that make the portfolio 1. */
#ifndef SLUICE_RELAY_ROUTING_INTERIOR_INTERNAL_H
#define SLUICE_RELAY_ROUTING_INTERIOR_INTERNAL_H

#include "relay/routing/interior.h"

enum block_kind {
    BLOCK_PLACE,
    BLOCK_CORRIDOR, /* its rows: tail, head, groups; the head's coefficient is each column's own */
    BLOCK_GROUP,
};

struct interior_block {
    enum block_kind kind;
    uint32_t index; /* of the place, corridor or group */
    struct route_span rows;
    struct route_span columns;
    uint32_t first_entry;
};

struct interior_row {
    uint32_t row;
    double coefficient;
};

struct interior_column {
    double at; /* strictly inside its bounds */
    double width;
    double cost;
    double curve;
    double gain;  /* of corridors: what arrives per unit, in the head's units */
    double bend;  /* of constant products: what the prices add to the curve */
    double lower; /* multiplier of at >= 0 */
    double upper; /* multiplier of at <= width */
    double rest;  /* of its optimality condition */
    double weight;
    double pull;
    double step;
    double lower_step;
    double upper_step;
};

#endif
