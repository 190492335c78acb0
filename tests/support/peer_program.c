/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/peer_program.h"

#include <stdlib.h>

#include <Clp_C_Interface.h>
#include <glpk.h>

#include "relay/base/check.h"
#include "tests/support/random_network.h"

#define COLUMNS_MAX   (RANDOM_PLACES_MAX + RANDOM_PIECES_MAX + 2 * RANDOM_CORRIDORS_MAX)
#define ROWS_MAX      (2 * RANDOM_PLACES_MAX + 2 * RANDOM_CORRIDORS_MAX + RANDOM_GROUPS_MAX)
#define ENTRIES_MAX   (RANDOM_TERMS_MAX + 3 * COLUMNS_MAX)
#define ENDLESS       1e30
#define TOLERANCE     1e-9
#define DISPOSE_LEAST 1e-7

struct range {
    double low;
    double high;
};

/* Rows and columns are counted from 0. */
struct program {
    struct range rows[ROWS_MAX];
    struct range columns[COLUMNS_MAX];
    double worths[COLUMNS_MAX];
    double found[COLUMNS_MAX];
    bool whole[COLUMNS_MAX]; /* 0 or 1 */
    int entry_rows[ENTRIES_MAX];
    int entry_columns[ENTRIES_MAX];
    double entry_values[ENTRIES_MAX];
    int rows_count;
    int columns_count;
    int entries_count;
    int flows[RANDOM_CORRIDORS_MAX]; /* columns; those of its pieces follow */
};

static int column_add(struct program *program, double low, double high, double worth)
{
    const int column = program->columns_count;

    CHECK(column < (int)COLUMNS_MAX);
    program->columns_count++;
    program->columns[column] = (struct range){low, high};
    program->worths[column] = worth;
    program->whole[column] = false;
    return column;
}

static int row_add(struct program *program, double low, double high)
{
    CHECK(program->rows_count < (int)ROWS_MAX);
    program->rows[program->rows_count] = (struct range){low, high};
    return program->rows_count++;
}

static void entry_add(struct program *program, int row, int column, double value)
{
    CHECK(program->entries_count < (int)ENTRIES_MAX);
    program->entry_rows[program->entries_count] = row;
    program->entry_columns[program->entries_count] = column;
    program->entry_values[program->entries_count] = value;
    program->entries_count++;
}

/* Place i: z is column and row i; its pieces are columns that add up to at most z. */
static void places_add(struct program *program, const struct model *model)
{
    for (uint32_t i = 0; i < model->counts.places; i++) {
        const struct model_place *place = &model->places[i];
        CHECK(place->yield != ROUTE_YIELD_QUADRATIC);
        (void)column_add(program, place->min, place->max, place->price);
        (void)row_add(program, place->balance, place->balance);
        entry_add(program, (int)i, (int)i, 1);
    }
    for (uint32_t i = 0; i < model->counts.places; i++) {
        const struct model_place *place = &model->places[i];
        const int row = row_add(program, -ENDLESS, 0);
        entry_add(program, row, (int)i, -1);
        for (uint32_t k = 0; k < place->pieces.count; k++) {
            const struct model_piece *piece = &model->pieces[place->pieces.first + k];
            entry_add(program, row, column_add(program, 0, piece->width, piece->rate), 1);
        }
    }
}

static void corridor_add(struct program *program, const struct model *model, uint32_t index)
{
    const struct model_corridor *corridor = &model->corridors[index];
    const int flow = column_add(program, 0, corridor->max, -corridor->cost);

    CHECK(corridor->output != ROUTE_OUTPUT_PRODUCT);
    program->flows[index] = flow;
    entry_add(program, (int)corridor->from, flow, 1);
    if (corridor->output == ROUTE_OUTPUT_LINEAR) {
        entry_add(program, (int)corridor->to, flow, -corridor->gain);
        return;
    }
    const int row = row_add(program, 0, 0);
    entry_add(program, row, flow, -1);
    for (uint32_t k = 0; k < corridor->pieces.count; k++) {
        const struct model_piece *piece = &model->pieces[corridor->pieces.first + k];
        const int part = column_add(program, 0, piece->width, 0);
        entry_add(program, row, part, 1);
        entry_add(program, (int)corridor->to, part, -piece->rate);
    }
}

static void transaction_add(struct program *program, const struct model *model, uint32_t index)
{
    const struct route_span span = model->transactions[index].corridors;
    const int paid = column_add(program, 0, 1, -model->transactions[index].cost);

    program->whole[paid] = true;
    for (uint32_t i = 0; i < span.count; i++) {
        const uint32_t corridor = model->terms[span.first + i].index;
        const int row = row_add(program, -ENDLESS, 0);
        entry_add(program, row, program->flows[corridor], 1);
        entry_add(program, row, paid, -model->corridors[corridor].max);
    }
}

static void group_add(struct program *program, const struct model *model,
                      const struct model_group *group)
{
    const int row = row_add(program, group->min, group->max);

    CHECK(group->risk == 0);
    for (uint32_t k = 0; k < group->places.count; k++) {
        const struct model_term *term = &model->terms[group->places.first + k];
        entry_add(program, row, (int)term->index, term->coefficient);
    }
    for (uint32_t k = 0; k < group->corridors.count; k++) {
        const struct model_term *term = &model->terms[group->corridors.first + k];
        entry_add(program, row, program->flows[term->index], term->coefficient);
    }
}

static bool disposes(const struct program *program, const struct model *model)
{
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        const struct route_span span = model->corridors[i].pieces;
        for (uint32_t k = 1; k < span.count; k++) {
            const int column = program->flows[i] + (int)k;
            const double before = program->found[column];
            if (program->found[column + 1] > DISPOSE_LEAST &&
                before < model->pieces[span.first + k - 1].width - DISPOSE_LEAST) {
                return true;
            }
        }
    }
    return false;
}

/* ---- GLPK, which counts from 1 ---- */

static int glpk_kind(const struct range *range)
{
    if (range->low <= -ENDLESS) {
        return GLP_UP;
    }
    return range->low < range->high ? GLP_DB : GLP_FX;
}

static void glpk_load(const struct program *program, glp_prob *problem)
{
    int rows[ENTRIES_MAX + 1];
    int columns[ENTRIES_MAX + 1];
    double values[ENTRIES_MAX + 1];

    glp_set_obj_dir(problem, GLP_MAX);
    glp_add_rows(problem, program->rows_count);
    glp_add_cols(problem, program->columns_count);
    for (int i = 0; i < program->rows_count; i++) {
        const struct range *range = &program->rows[i];
        glp_set_row_bnds(problem, i + 1, glpk_kind(range), range->low, range->high);
    }
    for (int i = 0; i < program->columns_count; i++) {
        const struct range *range = &program->columns[i];
        glp_set_col_bnds(problem, i + 1, glpk_kind(range), range->low, range->high);
        glp_set_obj_coef(problem, i + 1, program->worths[i]);
        if (program->whole[i]) {
            glp_set_col_kind(problem, i + 1, GLP_BV);
        }
    }
    for (int i = 0; i < program->entries_count; i++) {
        rows[i + 1] = program->entry_rows[i] + 1;
        columns[i + 1] = program->entry_columns[i] + 1;
        values[i + 1] = program->entry_values[i];
    }
    glp_load_matrix(problem, program->entries_count, rows, columns, values);
}

static struct peer_answer glpk_solve(struct program *program, bool whole)
{
    struct peer_answer answer = {0};
    glp_prob *problem = glp_create_prob();
    glp_smcp simplex;
    glp_iocp integers;

    glpk_load(program, problem);
    glp_init_smcp(&simplex);
    simplex.msg_lev = GLP_MSG_OFF;
    simplex.tol_bnd = TOLERANCE;
    simplex.tol_dj = TOLERANCE;
    int rc = glp_simplex(problem, &simplex);
    CHECK(rc == 0);
    answer.solved = glp_get_status(problem) == GLP_OPT;
    answer.value = glp_get_obj_val(problem);
    for (int i = 0; i < program->columns_count; i++) {
        program->found[i] = glp_get_col_prim(problem, i + 1);
    }
    if (answer.solved && whole) {
        glp_init_iocp(&integers);
        integers.msg_lev = GLP_MSG_OFF;
        integers.tol_obj = TOLERANCE; /* a better plan by less than this is not looked for */
        rc = glp_intopt(problem, &integers);
        CHECK(rc == 0);
        answer.solved = glp_mip_status(problem) == GLP_OPT;
        answer.value = glp_mip_obj_val(problem);
        for (int i = 0; i < program->columns_count; i++) {
            program->found[i] = glp_mip_col_val(problem, i + 1);
        }
    }
    glp_delete_prob(problem);
    return answer;
}

/* ---- Clp, which wants columns in order ---- */

static struct peer_answer clp_solve(struct program *program)
{
    static double values[ENTRIES_MAX];
    static int rows[ENTRIES_MAX];
    int starts[COLUMNS_MAX + 2] = {0};
    double low[COLUMNS_MAX];
    double high[COLUMNS_MAX];
    double row_low[ROWS_MAX];
    double row_high[ROWS_MAX];
    Clp_Simplex *clp = Clp_newModel();

    CHECK(clp != NULL);
    for (int i = 0; i < program->entries_count; i++) {
        starts[program->entry_columns[i] + 2]++;
    }
    for (int i = 0; i < program->columns_count; i++) {
        starts[i + 2] += starts[i + 1];
        low[i] = program->columns[i].low;
        high[i] = program->columns[i].high;
    }
    for (int i = 0; i < program->entries_count; i++) {
        const int at = starts[program->entry_columns[i] + 1]++;
        rows[at] = program->entry_rows[i];
        values[at] = program->entry_values[i];
    }
    for (int i = 0; i < program->rows_count; i++) {
        row_low[i] = program->rows[i].low;
        row_high[i] = program->rows[i].high;
    }
    Clp_setLogLevel(clp, 0);
    Clp_setPrimalTolerance(clp, TOLERANCE);
    Clp_setDualTolerance(clp, TOLERANCE);
    Clp_loadProblem(clp, program->columns_count, program->rows_count, starts, rows, values, low,
                    high, program->worths, row_low, row_high);
    Clp_setOptimizationDirection(clp, -1);
    (void)Clp_dual(clp, 0);
    const struct peer_answer answer = {.solved = Clp_status(clp) == 0,
                                       .value = Clp_objectiveValue(clp)};
    const double *found = Clp_primalColumnSolution(clp);
    for (int i = 0; i < program->columns_count; i++) {
        program->found[i] = found[i];
    }
    Clp_deleteModel(clp);
    return answer;
}

struct peer_answer peer_solve(enum peer peer, const struct model *model)
{
    static struct program program;
    const bool whole = peer == PEER_GLPK && model->counts.transactions > 0;

    program.rows_count = 0;
    program.columns_count = 0;
    program.entries_count = 0;
    places_add(&program, model);
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        corridor_add(&program, model, i);
    }
    for (uint32_t k = 0; whole && k < model->counts.transactions; k++) {
        transaction_add(&program, model, k);
    }
    for (uint32_t g = 0; g < model->counts.groups; g++) {
        group_add(&program, model, &model->groups[g]);
    }
    struct peer_answer answer = {0};
    switch (peer) {
    case PEER_GLPK:
        answer = glpk_solve(&program, whole);
        break;
    case PEER_CLP:
        answer = clp_solve(&program);
        break;
    }
    answer.disposes = disposes(&program, model);
    return answer;
}
