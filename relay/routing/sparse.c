/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "relay/base/check.h"
#include "relay/routing/sparse_internal.h"

#define NOTHING       UINT32_MAX
#define PIVOT_ENDLESS 1e128

static size_t align_up(size_t bytes)
{
    return (bytes + 15) / 16 * 16;
}

static void *take(uint8_t **memory, size_t bytes)
{
    void *taken = *memory;

    *memory += align_up(bytes);
    return taken;
}

/* ---- the order ---- */

size_t sparse_order_footprint(uint32_t rows_count)
{
    const size_t words_count = (rows_count + 63u) / 64u;

    return align_up(rows_count * words_count * sizeof(uint64_t)) +
           3 * align_up(rows_count * sizeof(uint32_t));
}

void sparse_order_init(struct sparse_order *order, void *memory, uint32_t rows_count)
{
    uint8_t *rest = memory;

    order->rows_count = rows_count;
    order->words_count = (rows_count + 63u) / 64u;
    order->entries_count = 0;
    const size_t bits_bytes = (size_t)rows_count * order->words_count * sizeof(uint64_t);
    order->bits = take(&rest, bits_bytes);
    order->sequence = take(&rest, rows_count * sizeof(uint32_t));
    order->position = take(&rest, rows_count * sizeof(uint32_t));
    order->degree = take(&rest, rows_count * sizeof(uint32_t));
    memset(order->bits, 0, bits_bytes);
}

static uint64_t *bits_of(const struct sparse_order *order, uint32_t row)
{
    return order->bits + (size_t)row * order->words_count;
}

static bool bit_is_set(const uint64_t *bits, uint32_t index)
{
    return (bits[index / 64] >> (index % 64) & 1u) != 0;
}

static void bit_clear(uint64_t *bits, uint32_t index)
{
    bits[index / 64] &= ~((uint64_t)1 << (index % 64));
}

void sparse_order_connect(struct sparse_order *order, uint32_t a, uint32_t b)
{
    CHECK(a < order->rows_count);
    CHECK(b < order->rows_count);
    if (a != b) {
        bits_of(order, a)[b / 64] |= (uint64_t)1 << (b % 64);
        bits_of(order, b)[a / 64] |= (uint64_t)1 << (a % 64);
    }
}

/* In words, then bytes: a builtin would call the compiler's library where there is no instruction.
 */
static uint32_t word_bits_count(uint64_t word)
{
    word -= word >> 1 & 0x5555555555555555u;
    word = (word & 0x3333333333333333u) + (word >> 2 & 0x3333333333333333u);
    word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (uint32_t)(word * 0x0101010101010101u >> 56);
}

static uint32_t bits_count(const uint64_t *bits, uint32_t words_count)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < words_count; i++) {
        count += word_bits_count(bits[i]);
    }
    return count;
}

/* The neighbours of an eliminated row become each other's. */
static void row_eliminate(struct sparse_order *order, uint32_t row)
{
    const uint64_t *gone = bits_of(order, row);

    for (uint32_t word = 0; word < order->words_count; word++) {
        for (uint64_t rest = gone[word]; rest != 0; rest &= rest - 1) {
            const uint32_t other = word * 64 + (uint32_t)__builtin_ctzll(rest);
            uint64_t *bits = bits_of(order, other);
            for (uint32_t i = 0; i < order->words_count; i++) {
                bits[i] |= gone[i];
            }
            bit_clear(bits, other);
            bit_clear(bits, row);
            order->degree[other] = bits_count(bits, order->words_count);
        }
    }
    order->entries_count += order->degree[row];
}

void sparse_order_run(struct sparse_order *order)
{
    for (uint32_t i = 0; i < order->rows_count; i++) {
        order->degree[i] = bits_count(bits_of(order, i), order->words_count);
        order->position[i] = NOTHING;
    }
    for (uint32_t step = 0; step < order->rows_count; step++) {
        uint32_t best = NOTHING;
        for (uint32_t i = 0; i < order->rows_count; i++) {
            if (order->position[i] == NOTHING &&
                (best == NOTHING || order->degree[i] < order->degree[best])) {
                best = i;
            }
        }
        CHECK(best != NOTHING);
        order->sequence[step] = best;
        order->position[best] = step;
        row_eliminate(order, best);
    }
}

/* ---- the factor ---- */

size_t sparse_footprint(const struct sparse_order *order)
{
    const size_t rows = order->rows_count;
    const size_t entries = order->entries_count;

    return 4 * align_up((rows + 1) * sizeof(uint32_t)) + align_up(entries * sizeof(uint32_t)) +
           align_up(entries * sizeof(double)) + 2 * align_up(rows * sizeof(double)) +
           align_up((entries + rows) * sizeof(double));
}

void sparse_init(struct sparse *sparse, void *memory, const struct sparse_order *order)
{
    const size_t rows = order->rows_count;
    const size_t entries = order->entries_count;
    uint8_t *rest = memory;
    uint32_t count = 0;

    CHECK(entries < UINT32_MAX - rows);
    sparse->rows_count = order->rows_count;
    sparse->sequence = order->sequence;
    sparse->position = order->position;
    sparse->starts = take(&rest, (rows + 1) * sizeof(uint32_t));
    sparse->next = take(&rest, (rows + 1) * sizeof(uint32_t));
    sparse->list = take(&rest, (rows + 1) * sizeof(uint32_t));
    sparse->list_next = take(&rest, (rows + 1) * sizeof(uint32_t));
    sparse->rows = take(&rest, entries * sizeof(uint32_t));
    sparse->values = take(&rest, entries * sizeof(double));
    sparse->diagonal = take(&rest, rows * sizeof(double));
    sparse->work = take(&rest, rows * sizeof(double));
    sparse->entries = take(&rest, (entries + rows) * sizeof(double));
    for (uint32_t column = 0; column < order->rows_count; column++) {
        const uint64_t *bits = bits_of(order, order->sequence[column]);
        sparse->starts[column] = count;
        for (uint32_t row = column + 1; row < order->rows_count; row++) {
            if (bit_is_set(bits, order->sequence[row])) {
                sparse->rows[count] = row;
                count++;
            }
        }
    }
    sparse->starts[order->rows_count] = count;
    CHECK(count == entries);
}

uint32_t sparse_entry(const struct sparse *sparse, uint32_t a, uint32_t b)
{
    const uint32_t at_a = sparse->position[a];
    const uint32_t at_b = sparse->position[b];
    const uint32_t column = at_a < at_b ? at_a : at_b;
    const uint32_t row = at_a < at_b ? at_b : at_a;

    if (row == column) {
        return sparse->starts[sparse->rows_count] + column;
    }
    uint32_t low = sparse->starts[column];
    uint32_t high = sparse->starts[column + 1];
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (sparse->rows[middle] <= row) {
            low = middle;
        } else {
            high = middle;
        }
    }
    CHECK(low < high);
    CHECK(sparse->rows[low] == row);
    return low;
}

void sparse_clear(struct sparse *sparse)
{
    const size_t count = (size_t)sparse->starts[sparse->rows_count] + sparse->rows_count;

    memset(sparse->entries, 0, count * sizeof(double));
}

/* The column's next entry decides in which row it is needed next. */
static void column_enlist(struct sparse *sparse, uint32_t column)
{
    if (sparse->next[column] < sparse->starts[column + 1]) {
        const uint32_t row = sparse->rows[sparse->next[column]];
        sparse->list_next[column] = sparse->list[row];
        sparse->list[row] = column;
    }
}

static void columns_before_subtract(struct sparse *sparse, uint32_t column)
{
    uint32_t before = sparse->list[column];

    while (before != NOTHING) {
        const uint32_t following = sparse->list_next[before];
        const uint32_t from = sparse->next[before];
        const double factor = sparse->values[from] * sparse->diagonal[before];
        for (uint32_t k = from; k < sparse->starts[before + 1]; k++) {
            sparse->work[sparse->rows[k]] -= sparse->values[k] * factor;
        }
        sparse->next[before] = from + 1;
        column_enlist(sparse, before);
        before = following;
    }
}

void sparse_factor(struct sparse *sparse, double least)
{
    const uint32_t entries = sparse->starts[sparse->rows_count];
    double *work = sparse->work;

    for (uint32_t i = 0; i < sparse->rows_count; i++) {
        sparse->list[i] = NOTHING;
        work[i] = 0;
    }
    for (uint32_t column = 0; column < sparse->rows_count; column++) {
        const uint32_t start = sparse->starts[column];
        const uint32_t end = sparse->starts[column + 1];
        work[column] = sparse->entries[entries + column];
        for (uint32_t k = start; k < end; k++) {
            work[sparse->rows[k]] = sparse->entries[k];
        }
        const double whole = work[column];
        columns_before_subtract(sparse, column);
        /* What cancellation leaves of a pivot is noise. */
        const bool is_sound = work[column] > least && work[column] > 1e-14 * whole;
        sparse->diagonal[column] = is_sound ? work[column] : PIVOT_ENDLESS;
        for (uint32_t k = start; k < end; k++) {
            sparse->values[k] = work[sparse->rows[k]] / sparse->diagonal[column];
            work[sparse->rows[k]] = 0;
        }
        work[column] = 0;
        sparse->next[column] = start;
        column_enlist(sparse, column);
    }
}

void sparse_solve(struct sparse *sparse, double *vector)
{
    double *work = sparse->work;

    for (uint32_t i = 0; i < sparse->rows_count; i++) {
        work[i] = vector[sparse->sequence[i]];
    }
    for (uint32_t column = 0; column < sparse->rows_count; column++) {
        for (uint32_t k = sparse->starts[column]; k < sparse->starts[column + 1]; k++) {
            work[sparse->rows[k]] -= sparse->values[k] * work[column];
        }
    }
    for (uint32_t column = sparse->rows_count; column-- > 0;) {
        double value = work[column] / sparse->diagonal[column];
        for (uint32_t k = sparse->starts[column]; k < sparse->starts[column + 1]; k++) {
            value -= sparse->values[k] * work[sparse->rows[k]];
        }
        work[column] = value;
    }
    for (uint32_t i = 0; i < sparse->rows_count; i++) {
        vector[sparse->sequence[i]] = work[i];
    }
}
