/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/routing/basis_internal.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/routing/block_internal.h"

#define UPDATES_MAX 100u
#define PIVOT_PART  0.1   /* of the largest in its column */
#define ENTRY_LEAST 1e-18 /* what is smaller is what cancellation left */

static size_t entries_limit(uint32_t rows_count, uint32_t entries_count)
{
    return (size_t)entries_count + 8 * (size_t)rows_count + 1024;
}

size_t basis_footprint(uint32_t rows_count, uint32_t entries_count)
{
    const size_t words = block_align(((size_t)rows_count + 1) * sizeof(uint32_t));
    const size_t numbers = block_align(((size_t)rows_count + 1) * sizeof(double));
    const size_t entries =
        block_align(entries_limit(rows_count, entries_count) * sizeof(struct basis_entry));

    return 11 * words + block_align(entries_count * sizeof(struct basis_entry)) +
           block_align(entries_count * sizeof(uint32_t)) + 2 * numbers + 4 * entries +
           2 * block_align((UPDATES_MAX + 1) * sizeof(uint32_t)) +
           block_align(UPDATES_MAX * sizeof(double));
}

void basis_init(struct basis *basis, void *memory, uint32_t rows_count, uint32_t entries_count)
{
    const size_t words = ((size_t)rows_count + 1) * sizeof(uint32_t);
    const size_t numbers = ((size_t)rows_count + 1) * sizeof(double);
    const size_t limit = entries_limit(rows_count, entries_count);
    const size_t entries = limit * sizeof(struct basis_entry);
    uint8_t *rest = memory;

    CHECK(limit < UINT32_MAX);
    memset(basis, 0, sizeof(*basis));
    basis->rows_count = rows_count;
    basis->entries_max = (uint32_t)limit;
    basis->pivot_least = BASIS_PIVOT_LEAST;
    basis->starts = block_take(&rest, words);
    basis->sequence = block_take(&rest, words);
    basis->pivot_of = block_take(&rest, words);
    basis->column_of = block_take(&rest, words);
    basis->lower_pivots = block_take(&rest, words);
    basis->lower_starts = block_take(&rest, words);
    basis->upper_starts = block_take(&rest, words);
    basis->across_starts = block_take(&rest, words);
    basis->row_counts = block_take(&rest, words);
    basis->column_counts = block_take(&rest, words);
    basis->row_starts = block_take(&rest, words);
    basis->queue = basis->across_starts; /* until the factor is done */
    basis->given = block_take(&rest, entries_count * sizeof(struct basis_entry));
    basis->row_columns = block_take(&rest, entries_count * sizeof(uint32_t));
    basis->diagonal = block_take(&rest, numbers);
    basis->work = block_take(&rest, numbers);
    basis->lower = block_take(&rest, entries);
    basis->upper = block_take(&rest, entries);
    basis->across = block_take(&rest, entries);
    basis->updates = block_take(&rest, entries);
    basis->update_rows = block_take(&rest, (UPDATES_MAX + 1) * sizeof(uint32_t));
    basis->update_starts = block_take(&rest, (UPDATES_MAX + 1) * sizeof(uint32_t));
    basis->update_pivots = block_take(&rest, UPDATES_MAX * sizeof(double));
    memset(basis->work, 0, numbers);
}

void basis_clear(struct basis *basis)
{
    basis->columns_count = 0;
    basis->given_count = 0;
    basis->starts[0] = 0;
}

void basis_column_add(struct basis *basis, const struct basis_entry *entries, uint32_t count)
{
    CHECK(basis->columns_count < basis->rows_count);
    for (uint32_t i = 0; i < count; i++) {
        basis->given[basis->given_count + i] = entries[i];
    }
    basis->given_count += count;
    basis->columns_count++;
    basis->starts[basis->columns_count] = basis->given_count;
}

/* ---- factors ---- */

struct factoring {
    struct basis *basis;
    uint32_t pivots_count;
    uint32_t upper_count;
    uint32_t lower_entries_count;
};

static bool is_open(const struct basis *basis, uint32_t row)
{
    return basis->pivot_of[row] == BASIS_NONE;
}

static double size_of(double value)
{
    return value < 0 ? -value : value;
}

static void pivot_note(struct factoring *f, uint32_t row, uint32_t column, double diagonal)
{
    struct basis *basis = f->basis;

    basis->sequence[f->pivots_count] = row;
    basis->pivot_of[row] = f->pivots_count;
    basis->column_of[f->pivots_count] = column;
    basis->diagonal[f->pivots_count] = diagonal;
    f->pivots_count++;
    basis->upper_starts[f->pivots_count] = f->upper_count;
    if (column != BASIS_NONE) {
        basis->column_counts[column] = 0;
    }
}

static void lists_build(struct basis *basis)
{
    memset(basis->row_counts, 0, (basis->rows_count + 1) * sizeof(uint32_t));
    for (uint32_t k = 0; k < basis->given_count; k++) {
        basis->row_counts[basis->given[k].row]++;
    }
    basis->row_starts[0] = 0;
    for (uint32_t r = 0; r < basis->rows_count; r++) {
        basis->row_starts[r + 1] = basis->row_starts[r] + basis->row_counts[r];
        basis->row_counts[r] = 0;
        basis->pivot_of[r] = BASIS_NONE;
    }
    for (uint32_t c = 0; c < basis->columns_count; c++) {
        basis->column_counts[c] = basis->starts[c + 1] - basis->starts[c];
        for (uint32_t k = basis->starts[c]; k < basis->starts[c + 1]; k++) {
            const uint32_t row = basis->given[k].row;
            basis->row_columns[basis->row_starts[row] + basis->row_counts[row]] = c;
            basis->row_counts[row]++;
        }
    }
}

/* A column with one open row: it is pivoted there, and nothing is below it. */
static bool column_alone(struct factoring *f, uint32_t column, uint32_t *ret_row)
{
    struct basis *basis = f->basis;
    double diagonal = 0;
    uint32_t row = BASIS_NONE;

    for (uint32_t k = basis->starts[column]; k < basis->starts[column + 1]; k++) {
        const struct basis_entry entry = basis->given[k];
        if (is_open(basis, entry.row)) {
            row = entry.row;
            diagonal = entry.value;
        }
    }
    if (row == BASIS_NONE || !(size_of(diagonal) > basis->pivot_least)) {
        return false;
    }
    for (uint32_t k = basis->starts[column]; k < basis->starts[column + 1]; k++) {
        const struct basis_entry entry = basis->given[k];
        if (!is_open(basis, entry.row)) {
            if (f->upper_count == basis->entries_max) {
                return false;
            }
            basis->upper[f->upper_count] = entry;
            f->upper_count++;
        }
    }
    pivot_note(f, row, column, diagonal);
    *ret_row = row;
    return true;
}

static void columns_alone(struct factoring *f)
{
    struct basis *basis = f->basis;
    uint32_t head = 0;
    uint32_t tail = 0;

    for (uint32_t c = 0; c < basis->columns_count; c++) {
        if (basis->column_counts[c] == 1) {
            basis->queue[tail++] = c;
        }
    }
    while (head < tail) {
        const uint32_t column = basis->queue[head++];
        uint32_t row;
        if (basis->column_counts[column] != 1 || !column_alone(f, column, &row)) {
            continue;
        }
        for (uint32_t k = basis->row_starts[row]; k < basis->row_starts[row + 1]; k++) {
            const uint32_t other = basis->row_columns[k];
            if (basis->column_counts[other] > 0) {
                basis->column_counts[other]--;
                if (basis->column_counts[other] == 1) {
                    basis->queue[tail++] = other;
                }
            }
        }
    }
}

/* Divides what is open of a column by its pivot into L. */
static bool lower_add(struct factoring *f, uint32_t row, double diagonal,
                      const struct basis_entry *entries, uint32_t count)
{
    struct basis *basis = f->basis;
    const uint32_t first = f->lower_entries_count;

    for (uint32_t k = 0; k < count; k++) {
        if (entries[k].row != row && is_open(basis, entries[k].row)) {
            if (f->lower_entries_count == basis->entries_max) {
                return false;
            }
            basis->lower[f->lower_entries_count] =
                (struct basis_entry){.row = entries[k].row, .value = entries[k].value / diagonal};
            f->lower_entries_count++;
        }
    }
    if (f->lower_entries_count > first) {
        basis->lower_pivots[basis->lower_count] = row;
        basis->lower_count++;
        basis->lower_starts[basis->lower_count] = f->lower_entries_count;
    }
    return true;
}

/* The one open column of `row`, if its entry there is large enough to divide by. */
static uint32_t column_of_row(const struct basis *basis, uint32_t row, double *ret_value)
{
    for (uint32_t k = basis->row_starts[row]; k < basis->row_starts[row + 1]; k++) {
        const uint32_t column = basis->row_columns[k];
        if (basis->column_counts[column] == 0) {
            continue;
        }
        double largest = 0;
        double value = 0;
        for (uint32_t i = basis->starts[column]; i < basis->starts[column + 1]; i++) {
            const struct basis_entry entry = basis->given[i];
            if (is_open(basis, entry.row)) {
                largest = size_of(entry.value) > largest ? size_of(entry.value) : largest;
                value = entry.row == row ? entry.value : value;
            }
        }
        *ret_value = value;
        return size_of(value) >= PIVOT_PART * largest && size_of(value) > basis->pivot_least
                   ? column
                   : BASIS_NONE;
    }
    return BASIS_NONE;
}

static bool row_alone(struct factoring *f, uint32_t row, uint32_t column, double diagonal)
{
    struct basis *basis = f->basis;
    const uint32_t start = basis->starts[column];
    const uint32_t end = basis->starts[column + 1];

    for (uint32_t k = start; k < end; k++) {
        if (!is_open(basis, basis->given[k].row)) {
            if (f->upper_count == basis->entries_max) {
                return false;
            }
            basis->upper[f->upper_count] = basis->given[k];
            f->upper_count++;
        }
    }
    if (!lower_add(f, row, diagonal, &basis->given[start], end - start)) {
        return false;
    }
    pivot_note(f, row, column, diagonal);
    return true;
}

/* Rows with one open column. Counts of rows are of open columns from here on. */
static bool rows_alone(struct factoring *f)
{
    struct basis *basis = f->basis;
    uint32_t head = 0;
    uint32_t tail = 0;

    for (uint32_t r = 0; r < basis->rows_count; r++) {
        uint32_t count = 0;
        for (uint32_t k = basis->row_starts[r]; k < basis->row_starts[r + 1]; k++) {
            count += basis->column_counts[basis->row_columns[k]] > 0;
        }
        basis->row_counts[r] = count;
        if (is_open(basis, r) && count == 1) {
            basis->queue[tail++] = r;
        }
    }
    while (head < tail) {
        const uint32_t row = basis->queue[head++];
        double diagonal = 0;
        const uint32_t column =
            is_open(basis, row) ? column_of_row(basis, row, &diagonal) : BASIS_NONE;
        if (column == BASIS_NONE) {
            continue;
        }
        if (!row_alone(f, row, column, diagonal)) {
            return false;
        }
        for (uint32_t k = basis->starts[column]; k < basis->starts[column + 1]; k++) {
            const uint32_t other = basis->given[k].row;
            basis->row_counts[other] -= basis->row_counts[other] > 0;
            if (is_open(basis, other) && basis->row_counts[other] == 1) {
                basis->queue[tail++] = other;
            }
        }
    }
    return true;
}

/* ---- what is left ---- */

/* Lists the open columns, fewest entries first, then by index. */
static uint32_t rest_order(struct basis *basis)
{
    uint32_t *order = basis->queue;
    uint32_t count = 0;
    uint32_t largest = 0;

    for (uint32_t c = 0; c < basis->columns_count; c++) {
        uint32_t open = 0;
        for (uint32_t k = basis->starts[c]; basis->column_counts[c] > 0 && k < basis->starts[c + 1];
             k++) {
            open += is_open(basis, basis->given[k].row);
        }
        basis->column_counts[c] = basis->column_counts[c] > 0 ? (open > 0 ? open : 0) : 0;
        largest = open > largest ? open : largest;
    }
    for (uint32_t size = 1; size <= largest; size++) {
        for (uint32_t c = 0; c < basis->columns_count; c++) {
            if (basis->column_counts[c] == size) {
                order[count++] = c;
            }
        }
    }
    return count;
}

/* Subtracts the columns of L from the column in `work`, whose rows are listed. */
static uint32_t lower_apply(const struct factoring *f, uint32_t first, struct basis_entry *list,
                            uint32_t count)
{
    const struct basis *basis = f->basis;
    double *work = basis->work;

    for (uint32_t i = first; i < basis->lower_count; i++) {
        const double factor = work[basis->lower_pivots[i]];
        if (factor == 0) {
            continue;
        }
        for (uint32_t k = basis->lower_starts[i]; k < basis->lower_starts[i + 1]; k++) {
            const struct basis_entry entry = basis->lower[k];
            if (work[entry.row] == 0) {
                list[count++].row = entry.row;
            }
            work[entry.row] -= factor * entry.value;
            if (size_of(work[entry.row]) < ENTRY_LEAST) {
                work[entry.row] = ENTRY_LEAST; /* stays listed */
            }
        }
    }
    return count;
}

/* The open row to pivot on: large enough, with few columns. */
static uint32_t pivot_choose(const struct basis *basis, const struct basis_entry *list,
                             uint32_t count, double given)
{
    double largest = 0;
    uint32_t best = BASIS_NONE;

    for (uint32_t k = 0; k < count; k++) {
        const double size = size_of(list[k].value);
        if (is_open(basis, list[k].row) && size > largest) {
            largest = size;
        }
    }
    if (!(largest > basis->pivot_least * given)) {
        return BASIS_NONE;
    }
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t row = list[k].row;
        if (!is_open(basis, row) || size_of(list[k].value) < PIVOT_PART * largest) {
            continue;
        }
        if (best == BASIS_NONE || basis->row_counts[row] < basis->row_counts[list[best].row] ||
            (basis->row_counts[row] == basis->row_counts[list[best].row] && row < list[best].row)) {
            best = k;
        }
    }
    return best;
}

static bool rest_column(struct factoring *f, uint32_t column, uint32_t first_lower)
{
    struct basis *basis = f->basis;
    /* Listed where the next column of U goes; moved apart below. */
    struct basis_entry *list = basis->across;
    uint32_t count = 0;
    double given = 0;

    for (uint32_t k = basis->starts[column]; k < basis->starts[column + 1]; k++) {
        const struct basis_entry entry = basis->given[k];
        list[count++].row = entry.row;
        basis->work[entry.row] = entry.value == 0 ? ENTRY_LEAST : entry.value;
        given = size_of(entry.value) > given ? size_of(entry.value) : given;
    }
    count = lower_apply(f, first_lower, list, count);
    for (uint32_t k = 0; k < count; k++) {
        list[k].value = basis->work[list[k].row];
        basis->work[list[k].row] = 0;
    }
    const uint32_t best = pivot_choose(basis, list, count, given);
    if (best == BASIS_NONE) {
        return true; /* depends on the others: left out */
    }
    if (basis->entries_max - f->upper_count < count) {
        return false;
    }
    for (uint32_t k = 0; k < count; k++) {
        if (!is_open(basis, list[k].row) && size_of(list[k].value) > ENTRY_LEAST) {
            basis->upper[f->upper_count] = list[k];
            f->upper_count++;
        }
    }
    if (!lower_add(f, list[best].row, list[best].value, list, count)) {
        return false;
    }
    pivot_note(f, list[best].row, column, list[best].value);
    return true;
}

static bool rest_factor(struct factoring *f)
{
    struct basis *basis = f->basis;
    const uint32_t first_lower = basis->lower_count;
    const uint32_t count = rest_order(basis);

    for (uint32_t i = 0; i < count; i++) {
        if (!rest_column(f, basis->queue[i], first_lower)) {
            return false;
        }
    }
    for (uint32_t row = 0; row < basis->rows_count; row++) {
        if (is_open(basis, row)) {
            pivot_note(f, row, BASIS_NONE, 1);
        }
    }
    return true;
}

static void across_build(struct basis *basis, uint32_t upper_count)
{
    uint32_t *starts = basis->across_starts;

    memset(starts, 0, (basis->rows_count + 1) * sizeof(uint32_t));
    for (uint32_t k = 0; k < upper_count; k++) {
        starts[basis->pivot_of[basis->upper[k].row]]++;
    }
    uint32_t sum = 0;
    for (uint32_t p = 0; p <= basis->rows_count; p++) {
        const uint32_t count = p < basis->rows_count ? starts[p] : 0;
        starts[p] = sum;
        sum += count;
    }
    for (uint32_t p = 0; p < basis->rows_count; p++) {
        basis->row_counts[p] = starts[p];
    }
    for (uint32_t p = 0; p < basis->rows_count; p++) {
        for (uint32_t k = basis->upper_starts[p]; k < basis->upper_starts[p + 1]; k++) {
            const uint32_t at = basis->row_counts[basis->pivot_of[basis->upper[k].row]]++;
            basis->across[at] =
                (struct basis_entry){.row = basis->sequence[p], .value = basis->upper[k].value};
        }
    }
}

bool basis_factor(struct basis *basis, uint32_t *ret_columns)
{
    struct factoring f = {.basis = basis};

    basis->lower_count = 0;
    basis->lower_starts[0] = 0;
    basis->upper_starts[0] = 0;
    basis->updates_count = 0;
    basis->update_starts[0] = 0;
    lists_build(basis);
    columns_alone(&f);
    if (!rows_alone(&f) || !rest_factor(&f)) {
        return false;
    }
    CHECK(f.pivots_count == basis->rows_count);
    across_build(basis, f.upper_count);
    for (uint32_t p = 0; p < basis->rows_count; p++) {
        ret_columns[basis->sequence[p]] = basis->column_of[p];
    }
    return true;
}

/* ---- solving ---- */

void basis_solve(const struct basis *basis, double *vector)
{
    for (uint32_t i = 0; i < basis->lower_count; i++) {
        const double factor = vector[basis->lower_pivots[i]];
        if (factor != 0) {
            for (uint32_t k = basis->lower_starts[i]; k < basis->lower_starts[i + 1]; k++) {
                vector[basis->lower[k].row] -= factor * basis->lower[k].value;
            }
        }
    }
    for (uint32_t p = basis->rows_count; p-- > 0;) {
        const uint32_t row = basis->sequence[p];
        if (vector[row] != 0) {
            const double value = vector[row] / basis->diagonal[p];
            vector[row] = value;
            for (uint32_t k = basis->upper_starts[p]; k < basis->upper_starts[p + 1]; k++) {
                vector[basis->upper[k].row] -= value * basis->upper[k].value;
            }
        }
    }
    for (uint32_t i = 0; i < basis->updates_count; i++) {
        const uint32_t row = basis->update_rows[i];
        if (vector[row] != 0) {
            const double value = vector[row] / basis->update_pivots[i];
            vector[row] = value;
            for (uint32_t k = basis->update_starts[i]; k < basis->update_starts[i + 1]; k++) {
                vector[basis->updates[k].row] -= value * basis->updates[k].value;
            }
        }
    }
}

void basis_solve_across(const struct basis *basis, double *vector)
{
    for (uint32_t i = basis->updates_count; i-- > 0;) {
        const uint32_t row = basis->update_rows[i];
        double value = vector[row];
        for (uint32_t k = basis->update_starts[i]; k < basis->update_starts[i + 1]; k++) {
            value -= basis->updates[k].value * vector[basis->updates[k].row];
        }
        vector[row] = value / basis->update_pivots[i];
    }
    for (uint32_t p = 0; p < basis->rows_count; p++) {
        const uint32_t row = basis->sequence[p];
        if (vector[row] != 0) {
            const double value = vector[row] / basis->diagonal[p];
            vector[row] = value;
            for (uint32_t k = basis->across_starts[p]; k < basis->across_starts[p + 1]; k++) {
                vector[basis->across[k].row] -= value * basis->across[k].value;
            }
        }
    }
    for (uint32_t i = basis->lower_count; i-- > 0;) {
        double value = vector[basis->lower_pivots[i]];
        for (uint32_t k = basis->lower_starts[i]; k < basis->lower_starts[i + 1]; k++) {
            value -= basis->lower[k].value * vector[basis->lower[k].row];
        }
        vector[basis->lower_pivots[i]] = value;
    }
}

bool basis_replace(struct basis *basis, uint32_t row, const double *column)
{
    uint32_t count = basis->update_starts[basis->updates_count];

    if (basis->updates_count == UPDATES_MAX || basis->entries_max - count < basis->rows_count) {
        return false;
    }
    for (uint32_t r = 0; r < basis->rows_count; r++) {
        if (r != row && size_of(column[r]) > 1e-14) {
            basis->updates[count++] = (struct basis_entry){.row = r, .value = column[r]};
        }
    }
    basis->update_rows[basis->updates_count] = row;
    basis->update_pivots[basis->updates_count] = column[row];
    basis->updates_count++;
    basis->update_starts[basis->updates_count] = count;
    return true;
}

bool basis_is_worn(const struct basis *basis)
{
    const uint32_t entries = basis->update_starts[basis->updates_count];

    return basis->updates_count >= UPDATES_MAX ||
           (basis->updates_count > 20 &&
            entries > 4 * basis->rows_count + 2 * basis->upper_starts[basis->rows_count]);
}
