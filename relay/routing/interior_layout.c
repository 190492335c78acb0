/* SPDX-License-Identifier: Apache-2.0 */
/* relay/routing/interior_layout.c: from a model to rows, blocks and columns. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/routing/interior_internal.h"

/* Two 32-bit indexes to each of them are 256 MiB. */
#define PAIRS_MAX (1u << 25)

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

static size_t size_max_blocks(const struct model *model)
{
    return (size_t)model->counts.places + model->counts.corridors + model->counts.groups;
}

/* Every term is in one block; besides, a place and a group have one row each, a corridor two. */
static size_t size_max_rows(const struct model *model)
{
    return (size_t)model->counts.places + 2 * (size_t)model->counts.corridors +
           model->counts.groups + model->counts.terms;
}

/* A place has a column above its last piece. */
static size_t size_max_columns(const struct model *model)
{
    return size_max_blocks(model) + model->counts.pieces + model->counts.places;
}

size_t interior_footprint(const struct model *model)
{
    const uint32_t rows = model->counts.places + model->counts.groups;

    return align_up(model->counts.places * sizeof(double)) +
           align_up(model->counts.groups * sizeof(double)) + 3 * align_up(rows * sizeof(double)) +
           align_up(size_max_blocks(model) * sizeof(struct interior_block)) +
           align_up(size_max_rows(model) * sizeof(struct interior_row)) +
           align_up(size_max_columns(model) * sizeof(struct interior_column)) +
           sparse_order_footprint(rows);
}

/* ---- units ---- */

static double size_of(double value)
{
    return value < 0 ? -value : value;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

static void units_choose(struct interior *interior)
{
    const struct model *model = interior->model;
    double portfolio = 0;

    for (uint32_t i = 0; i < model->counts.places; i++) {
        const struct model_place *place = &model->places[i];
        portfolio += size_of(place->price) * larger(place->balance, place->min);
    }
    interior->unit = portfolio > 0 ? portfolio : 1;
    for (uint32_t i = 0; i < model->counts.places; i++) {
        const double price = size_of(model->places[i].price);
        interior->place_units[i] = price > 0 ? interior->unit / price : interior->unit;
    }
    for (uint32_t g = 0; g < model->counts.groups; g++) {
        const struct model_group *group = &model->groups[g];
        double unit = 0;
        for (uint32_t i = 0; i < group->places.count; i++) {
            const struct model_term *term = &model->terms[group->places.first + i];
            unit = larger(unit, size_of(term->coefficient) * interior->place_units[term->index]);
        }
        for (uint32_t i = 0; i < group->corridors.count; i++) {
            const struct model_term *term = &model->terms[group->corridors.first + i];
            const uint32_t tail = model->corridors[term->index].from;
            unit = larger(unit, size_of(term->coefficient) * interior->place_units[tail]);
        }
        interior->group_units[g] = unit > 0 ? unit : 1;
    }
}

/* ---- columns ---- */

static struct interior_column *column_add(struct interior *interior, struct interior_block *block,
                                          double width)
{
    if (!(width > 0)) {
        return NULL;
    }
    struct interior_column *column = &interior->columns[interior->columns_count];
    memset(column, 0, sizeof(*column));
    column->width = width;
    interior->columns_count++;
    block->columns.count++;
    return column;
}

/* Columns for [min, max] of a curve of pieces, then one for what is above the last of them. */
static void place_pieces_add(struct interior *interior, struct interior_block *block,
                             const struct model_place *place, double unit)
{
    double from = 0;

    for (uint32_t i = 0; i <= place->pieces.count; i++) {
        const bool beyond = i == place->pieces.count;
        const struct model_piece *piece =
            beyond ? NULL : &interior->model->pieces[place->pieces.first + i];
        const double to = beyond ? place->max : smaller(from + piece->width, place->max);
        const double width = to - larger(from, place->min);
        struct interior_column *column = column_add(interior, block, width / unit);
        if (column != NULL) {
            column->cost = -(place->price + (beyond ? 0 : piece->rate)) * unit / interior->unit;
        }
        from = larger(from, to);
    }
}

static void place_columns_add(struct interior *interior, struct interior_block *block)
{
    const struct model_place *place = &interior->model->places[block->index];
    const double unit = interior->place_units[block->index];
    struct interior_column *column = NULL;

    switch (place->yield) {
    case ROUTE_YIELD_PIECES:
        place_pieces_add(interior, block, place, unit);
        break;
    case ROUTE_YIELD_NONE:
    case ROUTE_YIELD_QUADRATIC:
        column = column_add(interior, block, (place->max - place->min) / unit);
        if (column != NULL) {
            const double linear = place->linear - place->quadratic * place->min;
            column->cost = -(place->price + linear) * unit / interior->unit;
            column->curve = place->quadratic * unit * unit / interior->unit;
        }
        break;
    }
}

static void corridor_columns_add(struct interior *interior, struct interior_block *block)
{
    const struct model_corridor *corridor = &interior->model->corridors[block->index];
    const double unit = interior->place_units[corridor->from];
    const double ratio = unit / interior->place_units[corridor->to];
    const double cost = corridor->cost * unit / interior->unit;
    double from = 0;

    if (corridor->output != ROUTE_OUTPUT_PIECES) {
        struct interior_column *column = column_add(interior, block, corridor->max / unit);
        if (column != NULL) {
            column->cost = cost;
            column->gain = corridor->gain * ratio;
        }
        return;
    }
    for (uint32_t i = 0; i < corridor->pieces.count; i++) {
        const struct model_piece *piece = &interior->model->pieces[corridor->pieces.first + i];
        const double to = smaller(from + piece->width, corridor->max);
        struct interior_column *column = column_add(interior, block, (to - from) / unit);
        if (column != NULL) {
            column->cost = cost;
            column->gain = piece->rate * ratio;
        }
        from = to;
    }
}

static void group_columns_add(struct interior *interior, struct interior_block *block)
{
    const struct model_group *group = &interior->model->groups[block->index];
    const double unit = interior->group_units[block->index];
    struct interior_column *column = column_add(interior, block, (group->max - group->min) / unit);

    if (column != NULL) {
        column->cost = group->risk * group->min * unit / interior->unit;
        column->curve = group->risk * unit * unit / interior->unit;
    }
}

/* ---- blocks ---- */

static void block_row_add(struct interior *interior, struct interior_block *block, uint32_t row,
                          double coefficient)
{
    interior->block_rows[interior->block_rows_count] =
        (struct interior_row){.row = row, .coefficient = coefficient};
    interior->block_rows_count++;
    block->rows.count++;
}

static struct interior_block *block_add(struct interior *interior, enum block_kind kind,
                                        uint32_t index)
{
    struct interior_block *block = &interior->blocks[interior->blocks_count];

    *block = (struct interior_block){.kind = kind, .index = index};
    interior->blocks_count++;
    return block;
}

/* The rows of the groups that each block is in: counted first, then written group by group. */
static void group_rows_add(struct interior *interior)
{
    const struct model *model = interior->model;

    for (uint32_t g = 0; g < model->counts.groups; g++) {
        const struct model_group *group = &model->groups[g];
        const uint32_t row = model->counts.places + g;
        for (uint32_t k = 0; k < group->places.count + group->corridors.count; k++) {
            const bool of_place = k < group->places.count;
            const struct model_term *term =
                of_place ? &model->terms[group->places.first + k]
                         : &model->terms[group->corridors.first + k - group->places.count];
            const uint32_t tail = of_place ? term->index : model->corridors[term->index].from;
            struct interior_block *block =
                &interior->blocks[of_place ? term->index : model->counts.places + term->index];
            interior->block_rows[block->rows.first + block->rows.count] = (struct interior_row){
                .row = row,
                .coefficient =
                    term->coefficient * interior->place_units[tail] / interior->group_units[g]};
            block->rows.count++;
        }
    }
}

/* Leaves room behind each block's own rows for as many as `counts_of_terms` says. */
static void rows_reserve(struct interior *interior)
{
    const struct model *model = interior->model;
    const uint32_t blocks = model->counts.places + model->counts.corridors;

    for (uint32_t g = 0; g < model->counts.groups; g++) {
        const struct model_group *group = &model->groups[g];
        for (uint32_t k = 0; k < group->places.count; k++) {
            interior->blocks[model->terms[group->places.first + k].index].first_entry++;
        }
        for (uint32_t k = 0; k < group->corridors.count; k++) {
            const uint32_t corridor = model->terms[group->corridors.first + k].index;
            interior->blocks[model->counts.places + corridor].first_entry++;
        }
    }
    for (uint32_t b = 0; b < blocks; b++) {
        struct interior_block *block = &interior->blocks[b];
        block->rows.first = interior->block_rows_count;
        if (block->kind == BLOCK_PLACE) {
            block_row_add(interior, block, block->index, 1);
        } else {
            block_row_add(interior, block, model->corridors[block->index].from, 1);
            block_row_add(interior, block, model->corridors[block->index].to, 0);
        }
        interior->block_rows_count += block->first_entry;
        block->first_entry = 0;
    }
}

static void blocks_build(struct interior *interior)
{
    const struct model *model = interior->model;

    for (uint32_t i = 0; i < model->counts.places; i++) {
        struct interior_block *block = block_add(interior, BLOCK_PLACE, i);
        block->columns.first = interior->columns_count;
        place_columns_add(interior, block);
    }
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        struct interior_block *block = block_add(interior, BLOCK_CORRIDOR, i);
        block->columns.first = interior->columns_count;
        corridor_columns_add(interior, block);
    }
    rows_reserve(interior);
    group_rows_add(interior);
    for (uint32_t g = 0; g < model->counts.groups; g++) {
        struct interior_block *block = block_add(interior, BLOCK_GROUP, g);
        block->columns.first = interior->columns_count;
        block->rows.first = interior->block_rows_count;
        block_row_add(interior, block, model->counts.places + g, -1);
        group_columns_add(interior, block);
    }
}

static enum status order_choose(struct interior *interior)
{
    for (uint32_t b = 0; b < interior->blocks_count; b++) {
        struct interior_block *block = &interior->blocks[b];
        const struct interior_row *rows = &interior->block_rows[block->rows.first];
        block->first_entry = interior->entries_count;
        for (uint32_t i = 0; i < block->rows.count; i++) {
            for (uint32_t k = 0; k < i; k++) {
                sparse_order_connect(&interior->order, rows[i].row, rows[k].row);
            }
        }
        const uint64_t pairs = (uint64_t)block->rows.count * (block->rows.count + 1) / 2;
        if (pairs > PAIRS_MAX - interior->entries_count) {
            return STATUS_FULL;
        }
        interior->entries_count += (uint32_t)pairs;
    }
    sparse_order_run(&interior->order);
    return STATUS_OK;
}

enum status interior_init(struct interior *interior, const struct model *model, void *memory)
{
    const uint32_t rows = model->counts.places + model->counts.groups;
    uint8_t *rest = memory;

    memset(interior, 0, sizeof(*interior));
    interior->model = model;
    interior->rows_count = rows;
    interior->place_units = take(&rest, model->counts.places * sizeof(double));
    interior->group_units = take(&rest, model->counts.groups * sizeof(double));
    interior->prices = take(&rest, rows * sizeof(double));
    interior->rest = take(&rest, rows * sizeof(double));
    interior->vector = take(&rest, rows * sizeof(double));
    interior->blocks = take(&rest, size_max_blocks(model) * sizeof(struct interior_block));
    interior->block_rows = take(&rest, size_max_rows(model) * sizeof(struct interior_row));
    interior->columns = take(&rest, size_max_columns(model) * sizeof(struct interior_column));
    sparse_order_init(&interior->order, rest, rows);
    units_choose(interior);
    blocks_build(interior);
    CHECK(interior->blocks_count <= size_max_blocks(model));
    CHECK(interior->block_rows_count <= size_max_rows(model));
    CHECK(interior->columns_count <= size_max_columns(model));
    return order_choose(interior);
}
