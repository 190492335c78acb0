/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/routing/interior.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/routing/interior_internal.h"

#define START_PRODUCT  0.01  /* of each amount and its multiplier, at the start */
#define STEP_PART      0.995 /* of the way to the nearest bound */
#define PIVOT_LEAST    1e-30
#define SNAP           1e-13 /* an amount that small is at its bound */
#define VIOLATION_GOAL 5e-10 /* half of what the certificate lets pass */

static size_t align_up(size_t bytes)
{
    return (bytes + 15) / 16 * 16;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* ---- where we are ---- */

/* Everything of one call. */
struct walk {
    struct interior *interior;
    double product; /* the mean of amounts times multipliers */
    bool straight;  /* no curves: the two step lengths may differ */
    double *positions;
    double *flows;
    double *place_prices;
    double *group_prices;
    double *trial; /* positions, flows, place prices, group prices of this step */
    void *scratch;
};

static double product_rate(const struct interior *interior, const struct interior_block *block,
                           double at, double *ret_output, double *ret_bend)
{
    const struct model_corridor *corridor = &interior->model->corridors[block->index];
    const double tail = interior->place_units[corridor->from];
    const double head = interior->place_units[corridor->to];
    const double in = corridor->reserve_in / tail;
    const double out = corridor->reserve_out / head;
    const double deep = in + corridor->gain * at;
    const double rate = out * corridor->gain / deep * (in / deep);

    *ret_output = out * (corridor->gain * at) / deep;
    *ret_bend = 2 * corridor->gain * rate / deep;
    return rate;
}

static bool is_product(const struct interior *interior, const struct interior_block *block)
{
    return block->kind == BLOCK_CORRIDOR &&
           interior->model->corridors[block->index].output == ROUTE_OUTPUT_PRODUCT;
}

/* Takes what a column does from what its rows miss; the condition of its optimality. */
static void column_rest(struct interior *interior, const struct interior_block *block,
                        struct interior_column *column, double rent)
{
    const struct interior_row *rows = &interior->block_rows[block->rows.first];
    double output = column->gain * column->at;
    double worth = 0;

    if (block->kind == BLOCK_CORRIDOR) {
        worth = interior->prices[rows[1].row];
        if (is_product(interior, block)) {
            column->gain = product_rate(interior, block, column->at, &output, &column->bend);
            column->bend *= larger(worth, 0);
        }
        interior->rest[rows[1].row] += output;
    }
    for (uint32_t i = 0; i < block->rows.count; i++) {
        interior->rest[rows[i].row] -= rows[i].coefficient * column->at;
    }
    column->rest = -(column->cost + column->curve * column->at + rent - column->gain * worth -
                     column->lower + column->upper);
}

static double block_rent(const struct interior *interior, const struct interior_block *block,
                         const double *prices)
{
    double rent = 0;

    for (uint32_t i = 0; i < block->rows.count; i++) {
        const struct interior_row *row = &interior->block_rows[block->rows.first + i];
        rent += row->coefficient * prices[row->row];
    }
    return rent;
}

static void right_side_set(struct interior *interior)
{
    const struct model *model = interior->model;

    for (uint32_t i = 0; i < model->counts.places; i++) {
        const struct model_place *place = &model->places[i];
        interior->rest[i] = (place->balance - place->min) / interior->place_units[i];
    }
    for (uint32_t g = 0; g < model->counts.groups; g++) {
        const struct model_group *group = &model->groups[g];
        double low = group->min;
        for (uint32_t i = 0; i < group->places.count; i++) {
            const struct model_term *term = &model->terms[group->places.first + i];
            low -= term->coefficient * model->places[term->index].min;
        }
        interior->rest[model->counts.places + g] = low / interior->group_units[g];
    }
}

static void rests_compute(struct walk *walk)
{
    struct interior *interior = walk->interior;
    double product = 0;

    right_side_set(interior);
    for (uint32_t b = 0; b < interior->blocks_count; b++) {
        const struct interior_block *block = &interior->blocks[b];
        const double rent = block_rent(interior, block, interior->prices);
        for (uint32_t k = 0; k < block->columns.count; k++) {
            struct interior_column *column = &interior->columns[block->columns.first + k];
            column_rest(interior, block, column, rent);
            product += column->at * column->lower;
            product += (column->width - column->at) * column->upper;
            column->weight = 1 / (column->curve + column->bend + column->lower / column->at +
                                  column->upper / (column->width - column->at));
        }
    }
    walk->product = interior->columns_count == 0 ? 0 : product / (2.0 * interior->columns_count);
}

static void start_set(struct walk *walk)
{
    struct interior *interior = walk->interior;
    const uint32_t places = interior->model->counts.places;

    walk->straight = true;
    for (uint32_t i = 0; i < interior->rows_count; i++) {
        const double price = i < places ? interior->model->places[i].price : 0;
        interior->prices[i] = i < places ? price * interior->place_units[i] / interior->unit : 0;
    }
    for (uint32_t b = 0; b < interior->blocks_count; b++) {
        const struct interior_block *block = &interior->blocks[b];
        for (uint32_t k = 0; k < block->columns.count; k++) {
            struct interior_column *column = &interior->columns[block->columns.first + k];
            column->at = column->width / (2 + 4 * column->width);
            column->lower = START_PRODUCT / column->at;
            column->upper = START_PRODUCT / (column->width - column->at);
            column->bend = 0;
            walk->straight = walk->straight && column->curve == 0 && !is_product(interior, block);
        }
    }
}

/* ---- one step ---- */

static void block_factor_add(struct interior *interior, const struct interior_block *block)
{
    const struct interior_row *rows = &interior->block_rows[block->rows.first];
    const uint32_t *entry = &interior->entries[block->first_entry];
    double sums[3] = {0, 0, 0};

    for (uint32_t k = 0; k < block->columns.count; k++) {
        const struct interior_column *column = &interior->columns[block->columns.first + k];
        sums[0] += column->weight;
        sums[1] -= column->weight * column->gain;
        sums[2] += column->weight * column->gain * column->gain;
    }
    for (uint32_t i = 0; i < block->rows.count; i++) {
        const bool i_is_head = block->kind == BLOCK_CORRIDOR && i == 1;
        for (uint32_t k = 0; k <= i; k++) {
            const bool k_is_head = block->kind == BLOCK_CORRIDOR && k == 1;
            const double a = i_is_head ? 1 : rows[i].coefficient;
            const double b = k_is_head ? 1 : rows[k].coefficient;
            interior->sparse.entries[*entry] += sums[i_is_head + k_is_head] * a * b;
            entry++;
        }
    }
}

static void factor(struct interior *interior)
{
    sparse_clear(&interior->sparse);
    for (uint32_t b = 0; b < interior->blocks_count; b++) {
        if (interior->blocks[b].columns.count > 0) {
            block_factor_add(interior, &interior->blocks[b]);
        }
    }
    sparse_factor(&interior->sparse, PIVOT_LEAST);
}

/* What draws each column when amounts times multipliers are to become `target`; with the products
 * of the last direction when `corrected`. */
static void pulls_set(struct interior *interior, double target, bool corrected)
{
    for (uint32_t k = 0; k < interior->columns_count; k++) {
        struct interior_column *column = &interior->columns[k];
        const double room = column->width - column->at;
        const double lower = target - (corrected ? column->step * column->lower_step : 0);
        const double upper = target + (corrected ? column->step * column->upper_step : 0);
        column->pull =
            column->rest + lower / column->at - column->lower - upper / room + column->upper;
        /* Kept for the multipliers' steps. */
        column->lower_step = lower / column->at - column->lower;
        column->upper_step = upper / room - column->upper;
    }
}

static void vector_set(struct interior *interior)
{
    double *vector = interior->vector;

    for (uint32_t i = 0; i < interior->rows_count; i++) {
        vector[i] = -interior->rest[i];
    }
    for (uint32_t b = 0; b < interior->blocks_count; b++) {
        const struct interior_block *block = &interior->blocks[b];
        const struct interior_row *rows = &interior->block_rows[block->rows.first];
        double moved = 0;
        double arrived = 0;
        for (uint32_t k = 0; k < block->columns.count; k++) {
            const struct interior_column *column = &interior->columns[block->columns.first + k];
            moved += column->weight * column->pull;
            arrived += column->weight * column->pull * column->gain;
        }
        for (uint32_t i = 0; i < block->rows.count; i++) {
            vector[rows[i].row] += rows[i].coefficient * moved;
        }
        if (block->kind == BLOCK_CORRIDOR) {
            vector[rows[1].row] -= arrived;
        }
    }
}

static void direction_find(struct interior *interior, double target, bool corrected)
{
    pulls_set(interior, target, corrected);
    vector_set(interior);
    sparse_solve(&interior->sparse, interior->vector);
    for (uint32_t b = 0; b < interior->blocks_count; b++) {
        const struct interior_block *block = &interior->blocks[b];
        const double rent = block_rent(interior, block, interior->vector);
        double worth = 0;
        if (block->kind == BLOCK_CORRIDOR) {
            worth = interior->vector[interior->block_rows[block->rows.first + 1].row];
        }
        for (uint32_t k = 0; k < block->columns.count; k++) {
            struct interior_column *column = &interior->columns[block->columns.first + k];
            const double room = column->width - column->at;
            column->step = column->weight * (column->pull - rent + column->gain * worth);
            column->lower_step -= column->lower * column->step / column->at;
            column->upper_step += column->upper * column->step / room;
        }
    }
}

struct lengths {
    double amounts;
    double prices;
};

static double length_until(double length, double value, double step)
{
    return step < 0 ? smaller(length, -value / step) : length;
}

static struct lengths lengths_find(const struct walk *walk)
{
    const struct interior *interior = walk->interior;
    struct lengths lengths = {.amounts = 1e9, .prices = 1e9};

    for (uint32_t k = 0; k < interior->columns_count; k++) {
        const struct interior_column *column = &interior->columns[k];
        lengths.amounts = length_until(lengths.amounts, column->at, column->step);
        lengths.amounts = length_until(lengths.amounts, column->width - column->at, -column->step);
        lengths.prices = length_until(lengths.prices, column->lower, column->lower_step);
        lengths.prices = length_until(lengths.prices, column->upper, column->upper_step);
    }
    lengths.amounts = smaller(1, STEP_PART * lengths.amounts);
    lengths.prices = smaller(1, STEP_PART * lengths.prices);
    if (!walk->straight) {
        lengths.amounts = smaller(lengths.amounts, lengths.prices);
        lengths.prices = lengths.amounts;
    }
    return lengths;
}

/* What the mean product would be after the step. */
static double product_after(const struct interior *interior, struct lengths lengths)
{
    double product = 0;

    for (uint32_t k = 0; k < interior->columns_count; k++) {
        const struct interior_column *column = &interior->columns[k];
        const double at = column->at + lengths.amounts * column->step;
        product += at * (column->lower + lengths.prices * column->lower_step);
        product += (column->width - at) * (column->upper + lengths.prices * column->upper_step);
    }
    return product / (2.0 * interior->columns_count);
}

static void step_do(struct interior *interior, struct lengths lengths)
{
    for (uint32_t k = 0; k < interior->columns_count; k++) {
        struct interior_column *column = &interior->columns[k];
        const double at = column->at + lengths.amounts * column->step;
        /* Rounding must not put a column on its bound. */
        column->at = smaller(larger(at, column->at * 1e-4),
                             column->width - (column->width - column->at) * 1e-4);
        if (!(column->at < column->width)) {
            column->at = column->width * (1 - 1e-15);
        }
        column->lower = larger(column->lower + lengths.prices * column->lower_step, 1e-300);
        column->upper = larger(column->upper + lengths.prices * column->upper_step, 1e-300);
    }
    for (uint32_t i = 0; i < interior->rows_count; i++) {
        interior->prices[i] += lengths.prices * interior->vector[i];
    }
}

static void step_take(struct walk *walk)
{
    struct interior *interior = walk->interior;

    factor(interior);
    direction_find(interior, 0, false);
    const double reached = product_after(interior, lengths_find(walk)) / walk->product;
    const double centring = reached < 0 ? 0 : smaller(reached * reached * reached, 1);
    direction_find(interior, centring * walk->product, true);
    step_do(interior, lengths_find(walk));
}

/* ---- what it is worth ---- */

static double flow_of(const struct interior *interior, const struct interior_block *block)
{
    const struct model_corridor *corridor = &interior->model->corridors[block->index];
    double flow = 0;

    for (uint32_t k = 0; k < block->columns.count; k++) {
        const struct interior_column *column = &interior->columns[block->columns.first + k];
        flow += column->at < SNAP ? 0 : column->at;
    }
    return smaller(flow * interior->place_units[corridor->from], corridor->max);
}

static double output_of(const struct model *model, const struct model_corridor *corridor,
                        double flow)
{
    double output = 0;
    double rest = flow;

    switch (corridor->output) {
    case ROUTE_OUTPUT_LINEAR:
        output = corridor->gain * flow;
        break;
    case ROUTE_OUTPUT_PIECES:
        for (uint32_t i = 0; i < corridor->pieces.count && rest > 0; i++) {
            const struct model_piece *piece = &model->pieces[corridor->pieces.first + i];
            output += piece->rate * smaller(rest, piece->width);
            rest -= piece->width;
        }
        break;
    case ROUTE_OUTPUT_PRODUCT:
        output = corridor->reserve_out * (corridor->gain * flow) /
                 (corridor->reserve_in + corridor->gain * flow);
        break;
    }
    return output;
}

/* A plan from the columns: positions follow from the flows, so that nothing is lost or made. */
static struct model_plan trial_make(struct walk *walk)
{
    const struct interior *interior = walk->interior;
    const struct model *model = interior->model;
    double *positions = walk->trial;
    double *flows = positions + model->counts.places;
    double *prices = flows + model->counts.corridors;
    double *group_prices = prices + model->counts.places;

    for (uint32_t i = 0; i < model->counts.places; i++) {
        positions[i] = model->places[i].balance;
        prices[i] = interior->prices[i] * interior->unit / interior->place_units[i];
    }
    for (uint32_t g = 0; g < model->counts.groups; g++) {
        group_prices[g] =
            interior->prices[model->counts.places + g] * interior->unit / interior->group_units[g];
    }
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        const struct model_corridor *corridor = &model->corridors[i];
        flows[i] = flow_of(interior, &interior->blocks[model->counts.places + i]);
        positions[corridor->to] += output_of(model, corridor, flows[i]);
        positions[corridor->from] -= flows[i];
    }
    return (struct model_plan){.positions = positions,
                               .flows = flows,
                               .prices = {.places = prices, .groups = group_prices}};
}

static void trial_keep(struct walk *walk)
{
    const struct network_counts *counts = &walk->interior->model->counts;
    const double *from = walk->trial;

    memcpy(walk->positions, from, counts->places * sizeof(double));
    from += counts->places;
    memcpy(walk->flows, from, counts->corridors * sizeof(double));
    from += counts->corridors;
    memcpy(walk->place_prices, from, counts->places * sizeof(double));
    from += counts->places;
    memcpy(walk->group_prices, from, counts->groups * sizeof(double));
}

/* Judges where the walk is; keeps it when it is better than before. True: good enough, or nothing
 * better can come. */
static bool trial_judge(struct walk *walk, double gap, struct interior_result *result)
{
    struct certificate certificate;
    const struct model_plan plan = trial_make(walk);
    const enum status status =
        certificate_compute(walk->interior->model, &plan, walk->scratch, &certificate);

    CHECK(status == STATUS_OK);
    if (certificate.contradiction < 0) {
        trial_keep(walk);
        result->proved_infeasible = true;
        result->found = false;
        return true;
    }
    const bool keeps = certificate.violation <= VIOLATION_GOAL;
    if (keeps && (!result->found || certificate.gap < result->certificate.gap)) {
        trial_keep(walk);
        result->certificate = certificate;
        result->found = true;
    }
    return result->found && result->certificate.gap <= gap;
}

/* ---- the whole ---- */

static size_t trial_bytes(const struct model *model)
{
    return (2 * (size_t)model->counts.places + model->counts.corridors + model->counts.groups) *
           sizeof(double);
}

size_t interior_solve_footprint(const struct interior *interior)
{
    return align_up(interior->entries_count * sizeof(uint32_t)) +
           align_up(trial_bytes(interior->model)) +
           align_up(certificate_footprint(interior->model)) + sparse_footprint(&interior->order);
}

static void entries_find(struct interior *interior)
{
    for (uint32_t b = 0; b < interior->blocks_count; b++) {
        const struct interior_block *block = &interior->blocks[b];
        const struct interior_row *rows = &interior->block_rows[block->rows.first];
        uint32_t *entry = &interior->entries[block->first_entry];
        for (uint32_t i = 0; i < block->rows.count; i++) {
            for (uint32_t k = 0; k <= i; k++) {
                *entry = sparse_entry(&interior->sparse, rows[i].row, rows[k].row);
                entry++;
            }
        }
    }
}

void interior_solve(struct interior *interior, const struct interior_options *options, void *memory,
                    double *positions, double *flows, double *place_prices, double *group_prices,
                    struct interior_result *ret_result)
{
    const struct model *model = interior->model;
    uint8_t *rest = memory;
    struct interior_result result;
    struct walk walk = {.interior = interior,
                        .positions = positions,
                        .flows = flows,
                        .place_prices = place_prices,
                        .group_prices = group_prices};

    CHECK(options->steps_max > 0);
    memset(&result, 0, sizeof(result));
    interior->entries = (uint32_t *)memory;
    rest += align_up(interior->entries_count * sizeof(uint32_t));
    walk.trial = (double *)(void *)rest;
    rest += align_up(trial_bytes(model));
    walk.scratch = rest;
    rest += align_up(certificate_footprint(model));
    sparse_init(&interior->sparse, rest, &interior->order);
    entries_find(interior);
    start_set(&walk);
    rests_compute(&walk);
    while (!trial_judge(&walk, options->gap, &result) && result.steps < options->steps_max &&
           interior->columns_count > 0) {
        step_take(&walk);
        rests_compute(&walk);
        result.steps++;
        /* Also false for a NaN: then the numbers have run out. */
        if (!(walk.product > 1e-30)) {
            break;
        }
    }
    *ret_result = result;
}
