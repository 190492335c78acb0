/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/sparse_internal.h: symmetric systems with few entries, factored as L D L'.
 *
 * First the order: rows are eliminated fewest neighbours first (ties to the lower index), which
 * fixes where L has entries. Then the factor, as often as the numbers change. The order of every
 * operation is fixed, so equal numbers give equal bits. Memory is the caller's: that of the order
 * grows with the square of the rows (a bit per pair), that of the factor with the entries. */
#ifndef SLUICE_RELAY_ROUTING_SPARSE_INTERNAL_H
#define SLUICE_RELAY_ROUTING_SPARSE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sparse_order {
    uint32_t rows_count;
    uint32_t words_count; /* of one row of bits */
    uint64_t entries_count;
    uint64_t *bits;     /* by row: its neighbours; after the run: those left when it went */
    uint32_t *sequence; /* by position: the row */
    uint32_t *position; /* by row */
    uint32_t *degree;   /* by row */
};

struct sparse {
    uint32_t rows_count;
    const uint32_t *sequence;
    const uint32_t *position;
    uint32_t *starts;    /* by column: its entries; one more ends the last */
    uint32_t *rows;      /* by entry; ascending in each column */
    double *values;      /* by entry: L, after sparse_factor */
    double *diagonal;    /* by column: D */
    double *entries;     /* by entry: what is to be factored, then by column its diagonal */
    double *work;        /* by row */
    uint32_t *next;      /* by column: its first entry that is not used up */
    uint32_t *list;      /* by row: first column whose next entry is in it */
    uint32_t *list_next; /* by column */
};

size_t sparse_order_footprint(uint32_t rows_count);
void sparse_order_init(struct sparse_order *order, void *memory, uint32_t rows_count);
void sparse_order_connect(struct sparse_order *order, uint32_t a, uint32_t b);
void sparse_order_run(struct sparse_order *order);

/* Borrows `order`, whose memory must stay. */
size_t sparse_footprint(const struct sparse_order *order);
void sparse_init(struct sparse *sparse, void *memory, const struct sparse_order *order);
/* Where the number for rows a and b (connected, or equal) is in `entries`. */
uint32_t sparse_entry(const struct sparse *sparse, uint32_t a, uint32_t b);
void sparse_clear(struct sparse *sparse);
/* A pivot that is not above `least` counts as endless: its unknown becomes 0. */
void sparse_factor(struct sparse *sparse, double least);
/* In place; by row. */
void sparse_solve(struct sparse *sparse, double *vector);

#endif
