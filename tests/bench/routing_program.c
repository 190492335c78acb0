/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/routing_program.h"

#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"

/* A term of a group, kept by what it names so that columns are filled in order. */
struct listed {
    uint32_t group;
    double coefficient;
};

struct lists {
    uint32_t *starts; /* by place or corridor, and one more */
    struct listed *terms;
};

struct filling {
    const struct model *model;
    struct program *program;
    struct lists places;
    struct lists corridors;
};

static struct lists lists_from(const struct model *model, uint32_t count, bool of_places)
{
    struct lists lists = {.starts = calloc(count + 2u, sizeof(*lists.starts)),
                          .terms = calloc(model->counts.terms + 1u, sizeof(*lists.terms))};
    CHECK(lists.starts != NULL);
    CHECK(lists.terms != NULL);
    for (uint32_t pass = 0; pass < 2; pass++) {
        for (uint32_t g = 0; g < model->counts.groups; g++) {
            const struct route_span span =
                of_places ? model->groups[g].places : model->groups[g].corridors;
            for (uint32_t i = 0; i < span.count; i++) {
                const struct model_term *term = &model->terms[span.first + i];
                if (pass == 0) {
                    lists.starts[term->index + 2]++;
                } else {
                    lists.terms[lists.starts[term->index + 1]++] =
                        (struct listed){g, term->coefficient};
                }
            }
        }
        for (uint32_t i = 0; pass == 0 && i < count; i++) {
            lists.starts[i + 2] += lists.starts[i + 1];
        }
    }
    return lists;
}

static uint32_t columns_of_place(const struct model_place *place)
{
    return 1 + (place->yield == ROUTE_YIELD_PIECES ? place->pieces.count : 0);
}

static uint32_t columns_of_corridor(const struct model_corridor *corridor)
{
    return corridor->output == ROUTE_OUTPUT_PIECES ? corridor->pieces.count : 1;
}

static void column_begin(struct filling *filling, double upper, double objective)
{
    struct program *program = filling->program;
    const uint32_t column = program->columns++;

    program->lower[column] = 0;
    program->upper[column] = upper;
    program->objective[column] = objective;
    program->starts[column] = (int)program->entries;
}

static void entry_add(struct filling *filling, uint32_t row, double value)
{
    struct program *program = filling->program;

    program->indexes[program->entries] = (int)row;
    program->values[program->entries] = value;
    program->entries++;
}

static void entries_add(struct filling *filling, const struct lists *lists, uint32_t index)
{
    for (uint32_t i = lists->starts[index]; i < lists->starts[index + 1]; i++) {
        entry_add(filling, filling->model->counts.places + lists->terms[i].group,
                  lists->terms[i].coefficient);
    }
}

/* z of a place is the sum of its columns; a min above 0 is on the last one, which has no curve. */
static void place_fill(struct filling *filling, uint32_t index)
{
    const struct model_place *place = &filling->model->places[index];
    const bool curved = place->yield == ROUTE_YIELD_PIECES;

    CHECK(place->yield != ROUTE_YIELD_QUADRATIC);
    CHECK(!curved || place->min <= 0);
    for (uint32_t k = 0; curved && k < place->pieces.count; k++) {
        const struct model_piece *piece = &filling->model->pieces[place->pieces.first + k];
        column_begin(filling, piece->width, place->price + piece->rate);
        entry_add(filling, index, 1);
        entries_add(filling, &filling->places, index);
    }
    column_begin(filling, place->max, place->price);
    filling->program->lower[filling->program->columns - 1] = place->min;
    entry_add(filling, index, 1);
    entries_add(filling, &filling->places, index);
    filling->program->row_lower[index] = place->balance;
    filling->program->row_upper[index] = place->balance;
}

static void corridor_fill(struct filling *filling, uint32_t index)
{
    const struct model *model = filling->model;
    const struct model_corridor *corridor = &model->corridors[index];
    const bool curved = corridor->output == ROUTE_OUTPUT_PIECES;

    CHECK(corridor->output != ROUTE_OUTPUT_PRODUCT);
    for (uint32_t k = 0; k < columns_of_corridor(corridor); k++) {
        const struct model_piece *piece =
            curved ? &model->pieces[corridor->pieces.first + k] : NULL;
        column_begin(filling, curved ? piece->width : corridor->max, -corridor->cost);
        entry_add(filling, corridor->from, 1);
        entry_add(filling, corridor->to, curved ? -piece->rate : -corridor->gain);
        entries_add(filling, &filling->corridors, index);
        if (filling->program->binaries > 0 && corridor->transaction != MODEL_NONE) {
            entry_add(filling, model->counts.places + model->counts.groups + index, 1);
        }
    }
}

static void transaction_fill(struct filling *filling, uint32_t index)
{
    const struct model *model = filling->model;
    const struct route_span span = model->transactions[index].corridors;

    column_begin(filling, 1, -model->transactions[index].cost);
    for (uint32_t i = 0; i < span.count; i++) {
        const uint32_t corridor = model->terms[span.first + i].index;
        entry_add(filling, model->counts.places + model->counts.groups + corridor,
                  -model->corridors[corridor].max);
    }
}

static void memory_take(struct program *program, const struct model *model)
{
    size_t columns = model->counts.transactions + 1u;
    size_t entries = 2u * model->counts.corridors + 1u;
    const size_t rows = model->counts.places + model->counts.groups + (size_t)program->rows;

    for (uint32_t i = 0; i < model->counts.places; i++) {
        columns += columns_of_place(&model->places[i]);
    }
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        columns += columns_of_corridor(&model->corridors[i]);
    }
    /* A place's terms stand in each of its columns: no more than 32 of them here. */
    entries += 4 * columns + 32u * (size_t)model->counts.terms;
    program->row_lower = calloc(rows, sizeof(double));
    program->row_upper = calloc(rows, sizeof(double));
    program->lower = calloc(columns, sizeof(double));
    program->upper = calloc(columns, sizeof(double));
    program->objective = calloc(columns, sizeof(double));
    program->starts = calloc(columns + 1, sizeof(int));
    program->indexes = calloc(entries, sizeof(int));
    program->values = calloc(entries, sizeof(double));
    CHECK(program->values != NULL);
    CHECK(program->indexes != NULL);
}

struct program program_from(const struct model *model, bool with_transactions)
{
    struct program program = {.binaries = with_transactions ? model->counts.transactions : 0,
                              .rows = with_transactions ? model->counts.corridors : 0};
    struct filling filling = {.model = model, .program = &program};

    memory_take(&program, model);
    filling.places = lists_from(model, model->counts.places, true);
    filling.corridors = lists_from(model, model->counts.corridors, false);
    for (uint32_t i = 0; i < model->counts.places; i++) {
        place_fill(&filling, i);
    }
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        corridor_fill(&filling, i);
    }
    for (uint32_t k = 0; k < program.binaries; k++) {
        transaction_fill(&filling, k);
    }
    program.starts[program.columns] = (int)program.entries;
    for (uint32_t g = 0; g < model->counts.groups; g++) {
        program.row_lower[model->counts.places + g] = model->groups[g].min;
        program.row_upper[model->counts.places + g] = model->groups[g].max;
    }
    program.rows += model->counts.places + model->counts.groups;
    for (uint32_t i = model->counts.places + model->counts.groups; i < program.rows; i++) {
        program.row_lower[i] = -1e30; /* no less than nothing enters anyway */
    }
    free(filling.places.starts);
    free(filling.places.terms);
    free(filling.corridors.starts);
    free(filling.corridors.terms);
    return program;
}

void program_deinit(struct program *program)
{
    free(program->row_lower);
    free(program->row_upper);
    free(program->lower);
    free(program->upper);
    free(program->objective);
    free(program->starts);
    free(program->indexes);
    free(program->values);
    *program = (struct program){0};
}

/* ---- as text ---- */

static void row_write(const struct program *program, const uint32_t *starts,
                      const uint32_t *columns, const double *values, uint32_t row, FILE *stream)
{
    if (starts[row] == starts[row + 1]) {
        return;
    }
    (void)fprintf(stream, " r%u:", row);
    for (uint32_t k = starts[row]; k < starts[row + 1]; k++) {
        (void)fprintf(stream, " %+.17g x%u%s", values[k], columns[k], k % 8 == 7 ? "\n " : "");
    }
    if (program->row_lower[row] < program->row_upper[row]) {
        (void)fprintf(stream, " <= %.17g\n", program->row_upper[row]);
    } else {
        (void)fprintf(stream, " = %.17g\n", program->row_upper[row]);
    }
}

/* LP files go by row; the program by column. Lower sides of ranges cannot bind here: every group's
 * min is at most what no holding would be, except for factors, which are wide. */
static void rows_write(const struct program *program, FILE *stream)
{
    uint32_t *starts = calloc(program->rows + 2u, sizeof(*starts));
    uint32_t *columns = calloc(program->entries + 1u, sizeof(*columns));
    double *values = calloc(program->entries + 1u, sizeof(*values));

    CHECK(starts != NULL);
    CHECK(columns != NULL);
    CHECK(values != NULL);
    for (uint32_t i = 0; i < program->entries; i++) {
        starts[program->indexes[i] + 2]++;
    }
    for (uint32_t i = 0; i < program->rows; i++) {
        starts[i + 2] += starts[i + 1];
    }
    for (uint32_t column = 0; column < program->columns; column++) {
        for (int i = program->starts[column]; i < program->starts[column + 1]; i++) {
            const uint32_t at = starts[program->indexes[i] + 1]++;
            columns[at] = column;
            values[at] = program->values[i];
        }
    }
    for (uint32_t row = 0; row < program->rows; row++) {
        row_write(program, starts, columns, values, row, stream);
    }
    free(starts);
    free(columns);
    free(values);
}

void program_write(const struct program *program, FILE *stream)
{
    (void)fprintf(stream, "Maximize\n obj:");
    for (uint32_t i = 0; i < program->columns; i++) {
        (void)fprintf(stream, " %+.17g x%u%s", program->objective[i], i, i % 8 == 7 ? "\n " : "");
    }
    (void)fprintf(stream, "\nSubject To\n");
    rows_write(program, stream);
    (void)fprintf(stream, "Bounds\n");
    for (uint32_t i = 0; i < program->columns; i++) {
        (void)fprintf(stream, " %.17g <= x%u <= %.17g\n", program->lower[i], i, program->upper[i]);
    }
    if (program->binaries > 0) {
        (void)fprintf(stream, "Binary\n");
        for (uint32_t i = program->columns - program->binaries; i < program->columns; i++) {
            (void)fprintf(stream, " x%u\n", i);
        }
    }
    (void)fprintf(stream, "End\n");
}
