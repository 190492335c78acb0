/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/basis_internal.h: square sparse systems whose columns are replaced one by one.
 *
 * Columns that are alone in a row, or a row that is alone in its columns, are set aside first; what
 * is left is factored column by column with threshold pivoting. Each column belongs to the row it
 * was pivoted on, so amounts and unknowns are both indexed by row. A replaced column is one more
 * factor (product form) until the next basis_factor. Fixed order throughout: equal numbers, equal
 * bits. Threads: none. Memory: the caller's; factors that outgrow it are a failure, never more. */
#ifndef SLUICE_RELAY_ROUTING_BASIS_INTERNAL_H
#define SLUICE_RELAY_ROUTING_BASIS_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BASIS_NONE UINT32_MAX
/* Of its column as it was given: what is less is not divided by. */
#define BASIS_PIVOT_LEAST 1e-11

struct basis_entry {
    uint32_t row;
    double value;
};

struct basis {
    uint32_t rows_count;
    uint32_t entries_max; /* of all factors together, of each kind */
    double pivot_least;
    /* The columns to factor, as given by basis_column_add. */
    uint32_t *starts;
    struct basis_entry *given;
    uint32_t given_count;
    uint32_t columns_count;
    /* L: a column per pivot that has one. U: by pivot, both ways. */
    uint32_t *sequence;  /* by pivot: the row */
    uint32_t *pivot_of;  /* by row */
    uint32_t *column_of; /* by pivot: which given column */
    double *diagonal;    /* by pivot */
    uint32_t *lower_pivots;
    uint32_t *lower_starts;
    uint32_t lower_count;
    struct basis_entry *lower;
    uint32_t *upper_starts; /* by pivot */
    struct basis_entry *upper;
    uint32_t *across_starts; /* by pivot: the same entries by row; `row` is that of the column */
    struct basis_entry *across;
    /* Replaced columns. */
    uint32_t *update_rows;
    uint32_t *update_starts;
    double *update_pivots;
    struct basis_entry *updates;
    uint32_t updates_count;
    /* Scratch. */
    uint32_t *row_counts;
    uint32_t *column_counts;
    uint32_t *row_starts;
    uint32_t *row_columns;
    uint32_t *queue;
    double *work;
};

/* Bytes for systems of `rows_count` rows whose columns have `entries_count` entries together. */
size_t basis_footprint(uint32_t rows_count, uint32_t entries_count);
void basis_init(struct basis *basis, void *memory, uint32_t rows_count, uint32_t entries_count);

/* Gives the columns, one after the other; as many as there are rows, or fewer. */
void basis_clear(struct basis *basis);
void basis_column_add(struct basis *basis, const struct basis_entry *entries, uint32_t count);

/* Factors what was given. `ret_columns`, by row: which column was pivoted there; BASIS_NONE: none
 * could be, and a unit column stands in for it. False: the factors outgrew their memory. */
bool basis_factor(struct basis *basis, uint32_t *ret_columns);

/* In place, by row: solves B x = vector. */
void basis_solve(const struct basis *basis, double *vector);
/* In place, by row: solves B' y = vector. */
void basis_solve_across(const struct basis *basis, double *vector);

/* The column of `row` becomes one that basis_solve turned into `column`. False: no room; factor
 * anew. */
bool basis_replace(struct basis *basis, uint32_t row, const double *column);
/* Are there so many replaced columns that factoring anew is cheaper? */
bool basis_is_worn(const struct basis *basis);

#endif
