/* SPDX-License-Identifier: Apache-2.0 */
/* The routing core beside Clp and GLPK on one network after the other: one line of JSON for each.
 * tests/bench/routing adds LEMON and HiGHS, which are not C, and takes the medians.
 *
 * Times are CPU milliseconds of this process's only thread, so a busy machine changes them little;
 * each is the smallest of a few runs where runs are short. Clp's is that of its fastest way for the
 * network: its own choice with presolve, dual, or primal simplex; a way is stopped once it takes
 * longer than the best before it. GLPK is stopped at a limit, which is then its time: a lower
 * bound, and it says so. */
#include <Clp_C_Interface.h>
#include <glpk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "relay/base/check.h"
#include "relay/routing/allocation.h"
#include "tests/bench/routing_network.h"
#include "tests/bench/routing_program.h"

#define STEPS_MAX  2000u
#define FIXED_GAP  1e-3
#define GLPK_LIMIT 20000 /* milliseconds; then that is what is reported, as a bound */
#define WAY_MARGIN 1.02  /* of the best way's time, that another one may take */
#define RUNS_CHEAP 3u
#define CHEAP_MS   200.0

static const char *const size_names[] = {
    [BENCH_TYPICAL] = "typical", [BENCH_MEDIUM] = "medium", [BENCH_LARGE] = "large"};

static double cpu_ms(void)
{
    struct timespec now;
    const int rc = clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    CHECK(rc == 0);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* What is being measured, for who waits. */
static void progress(enum bench_size size, uint64_t seed, const char *what)
{
    (void)fprintf(stderr, "bench: %6.0f s  %s, seed %llu: %s\n", cpu_ms() / 1e3, size_names[size],
                  (unsigned long long)seed, what);
}

/* ---- ours ---- */

struct ours {
    double ms;
    double value;
    double baseline;
    double gap;
    unsigned long long steps;
    size_t bytes;
    bool found;
};

/* An earlier plan to start from, or where to keep this one. */
struct start {
    double *positions;
    double *flows;
    bool known;
};

static struct ours ours_solve(const struct model *model, double gap, uint64_t steps_max,
                              struct start *start)
{
    const bool warm = start != NULL && start->known;
    const struct allocation_options options = {.gap = gap,
                                               .steps_max = steps_max,
                                               .warm_positions = warm ? start->positions : NULL,
                                               .warm_flows = warm ? start->flows : NULL};
    struct ours ours = {0};
    struct allocation allocation;
    struct model_plan plan;

    for (uint32_t run = 0; run < RUNS_CHEAP && (run == 0 || ours.ms < CHEAP_MS); run++) {
        const double started = cpu_ms();
        void *layout = malloc(allocation_footprint(model));
        CHECK(layout != NULL);
        const enum status laid = allocation_init(&allocation, model, layout);
        CHECK(laid == STATUS_OK);
        void *memory = malloc(allocation_solve_footprint(&allocation));
        CHECK(memory != NULL);
        const enum status status = allocation_solve(&allocation, &options, memory, &plan);
        const double ms = cpu_ms() - started;
        ours.ms = run == 0 || ms < ours.ms ? ms : ours.ms;
        ours.found = status == STATUS_OK && plan.status != MODEL_INFEASIBLE;
        ours.bytes = allocation_footprint(model) + allocation_solve_footprint(&allocation);
        if (ours.found) {
            ours.value = plan.value;
            ours.baseline = plan.baseline;
            ours.gap = plan.gap;
            ours.steps = plan.steps;
        }
        if (start != NULL && !start->known && ours.found) {
            memcpy(start->positions, plan.positions, model->counts.places * sizeof(double));
            memcpy(start->flows, plan.flows, model->counts.corridors * sizeof(double));
        }
        free(memory);
        free(layout);
    }
    return ours;
}

static void ours_print(const char *name, const struct ours *ours)
{
    (void)printf(",\"%s\":{\"ms\":%.3f,\"found\":%s,\"gap\":%.3g,\"gain\":%.9g,\"steps\":%llu,"
                 "\"bytes\":%zu}",
                 name, ours->ms, ours->found ? "true" : "false", ours->gap,
                 ours->value - ours->baseline, ours->steps, ours->bytes);
}

/* ---- Clp ---- */

enum clp_way { CLP_ITS_CHOICE = 0, CLP_DUAL, CLP_PRIMAL, CLP_WAYS };

struct clp {
    double ms;
    double value;
    enum clp_way way;
};

static Clp_Simplex *clp_load(const struct program *program)
{
    Clp_Simplex *clp = Clp_newModel();
    CHECK(clp != NULL);
    Clp_setLogLevel(clp, 0);
    Clp_loadProblem(clp, (int)program->columns, (int)program->rows, program->starts,
                    program->indexes, program->values, program->lower, program->upper,
                    program->objective, program->row_lower, program->row_upper);
    Clp_setOptimizationDirection(clp, -1);
    return clp;
}

static int clp_run(Clp_Simplex *clp, enum clp_way way)
{
    switch (way) {
    case CLP_ITS_CHOICE:
        return Clp_initialSolve(clp);
    case CLP_DUAL:
        return Clp_dual(clp, 0);
    case CLP_PRIMAL:
    case CLP_WAYS:
        break;
    }
    return Clp_primal(clp, 0);
}

static void clp_try(const struct program *program, enum clp_way way, struct clp *best)
{
    for (uint32_t run = 0; run < RUNS_CHEAP && (run == 0 || best->ms < CHEAP_MS); run++) {
        Clp_Simplex *clp = clp_load(program);
        if (best->ms >= CHEAP_MS) {
            Clp_setMaximumSeconds(clp, best->ms * WAY_MARGIN / 1e3);
        }
        const double started = cpu_ms();
        const int rc = clp_run(clp, way);
        const double ms = cpu_ms() - started;
        if (rc == 0 && Clp_status(clp) == 0 && (best->ms < 0 || ms < best->ms)) {
            *best = (struct clp){ms, Clp_objectiveValue(clp), way};
        }
        Clp_deleteModel(clp);
    }
}

/* The way that was fastest for the network before this one is the first, so that the others have
 * the least to run for. */
static struct clp clp_solve(const struct program *program)
{
    static enum clp_way first = CLP_DUAL;
    struct clp best = {.ms = -1};

    for (uint32_t i = 0; i < CLP_WAYS; i++) {
        clp_try(program, (enum clp_way)(((uint32_t)first + i) % CLP_WAYS), &best);
    }
    CHECK(best.ms >= 0);
    first = best.way;
    return best;
}

/* From the optimal basis of `before`, with the costs and capacities of `after`. */
static double clp_warm(const struct program *before, const struct program *after, enum clp_way way)
{
    Clp_Simplex *clp = clp_load(before);
    const int rc = clp_run(clp, way);
    CHECK(rc == 0);
    const double started = cpu_ms();
    Clp_chgColumnUpper(clp, after->upper);
    Clp_chgObjCoefficients(clp, after->objective);
    (void)Clp_primal(clp, 0);
    const double ms = cpu_ms() - started;
    Clp_deleteModel(clp);
    return ms;
}

/* ---- GLPK ---- */

static void glpk_load(const struct program *program, glp_prob *problem)
{
    glp_set_obj_dir(problem, GLP_MAX);
    glp_add_rows(problem, (int)program->rows);
    glp_add_cols(problem, (int)program->columns);
    for (uint32_t i = 0; i < program->rows; i++) {
        const bool equal = !(program->row_lower[i] < program->row_upper[i]);
        glp_set_row_bnds(problem, (int)i + 1, equal ? GLP_FX : GLP_DB, program->row_lower[i],
                         program->row_upper[i]);
    }
    int *rows = calloc(program->rows + 1u, sizeof(int));
    double *values = calloc(program->rows + 1u, sizeof(double));
    CHECK(rows != NULL);
    CHECK(values != NULL);
    for (uint32_t i = 0; i < program->columns; i++) {
        const bool free_to_move = program->lower[i] < program->upper[i];
        const int first = program->starts[i];
        const int count = program->starts[i + 1] - first;
        glp_set_col_bnds(problem, (int)i + 1, free_to_move ? GLP_DB : GLP_FX, program->lower[i],
                         program->upper[i]);
        glp_set_obj_coef(problem, (int)i + 1, program->objective[i]);
        for (int k = 0; k < count; k++) {
            rows[k + 1] = program->indexes[first + k] + 1;
            values[k + 1] = program->values[first + k];
        }
        glp_set_mat_col(problem, (int)i + 1, count, rows, values);
    }
    free(rows);
    free(values);
}

/* Prints its time, or the limit and that it is one. */
static void glpk_measure(const struct program *program)
{
    glp_prob *problem = glp_create_prob();
    glp_smcp options;

    glp_init_smcp(&options);
    options.msg_lev = GLP_MSG_OFF;
    options.presolve = GLP_ON;
    options.tm_lim = GLPK_LIMIT;
    glpk_load(program, problem);
    const double started = cpu_ms();
    const int rc = glp_simplex(problem, &options);
    const double ms = cpu_ms() - started;
    const bool done = rc == 0 && glp_get_status(problem) == GLP_OPT;
    glp_delete_prob(problem);
    (void)printf(",\"glpk_ms\":%.3f,\"glpk_over\":%s", done ? ms : (double)GLPK_LIMIT,
                 done ? "false" : "true");
}

/* ---- files for the others ---- */

static FILE *file_open(const char *folder, const char *size, uint64_t seed, const char *ending)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s-%llu%s", folder, size, (unsigned long long)seed,
                   ending);
    FILE *stream = fopen(path, "w");
    if (stream == NULL) {
        (void)fprintf(stderr, "bench: cannot write '%s'\n", path);
        exit(3);
    }
    return stream;
}

/* Nodes and arcs for LEMON: from, to, capacity, cost; the last node takes what every place keeps.
 */
static void arcs_write(const struct model *model, FILE *stream)
{
    const uint32_t sink = model->counts.places;
    double total = 0;
    uint32_t arcs = model->counts.corridors;

    for (uint32_t i = 0; i < model->counts.places; i++) {
        arcs += 1 + model->places[i].pieces.count;
    }
    (void)fprintf(stream, "%u %u\n", sink + 1, arcs);
    for (uint32_t i = 0; i < model->counts.places; i++) {
        (void)fprintf(stream, "%.17g\n", model->places[i].balance - model->places[i].min);
        total += model->places[i].balance - model->places[i].min;
    }
    (void)fprintf(stream, "%.17g\n", -total);
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        const struct model_corridor *corridor = &model->corridors[i];
        (void)fprintf(stream, "%u %u %.17g %.17g\n", corridor->from, corridor->to, corridor->max,
                      corridor->cost);
    }
    for (uint32_t i = 0; i < model->counts.places; i++) {
        const struct model_place *place = &model->places[i];
        for (uint32_t k = 0; k < place->pieces.count; k++) {
            const struct model_piece *piece = &model->pieces[place->pieces.first + k];
            (void)fprintf(stream, "%u %u %.17g %.17g\n", i, sink, piece->width, -piece->rate);
        }
        (void)fprintf(stream, "%u %u %.17g 0\n", i, sink, place->max);
    }
}

static void files_write(const char *folder, enum bench_size size, uint64_t seed,
                        const struct program *linear)
{
    FILE *stream = file_open(folder, size_names[size], seed, ".lp");
    program_write(linear, stream);
    (void)fclose(stream);
    if (size == BENCH_TYPICAL) {
        struct bench_network *fixed =
            bench_network_new(size, seed, (struct bench_kind){.fixed = true});
        struct program program = program_from(&fixed->model, true);
        stream = file_open(folder, size_names[size], seed, "-fixed.lp");
        program_write(&program, stream);
        (void)fclose(stream);
        program_deinit(&program);
        (void)bench_network_free(fixed);
    }
}

/* ---- one network ---- */

static void kind_measure(const char *name, enum bench_size size, uint64_t seed,
                         struct bench_kind kind, double gap)
{
    struct bench_network *network = bench_network_new(size, seed, kind);
    const struct ours ours = ours_solve(&network->model, gap, STEPS_MAX, NULL);
    ours_print(name, &ours);
    (void)bench_network_free(network);
}

/* The smallest gap proved within twice Clp's time: more steps each time until they are too many. */
static void fixed_early_measure(enum bench_size size, uint64_t seed, double clp_ms)
{
    struct bench_network *network =
        bench_network_new(size, seed, (struct bench_kind){.fixed = true});
    double gap = -1;

    for (uint64_t steps = 2; steps < STEPS_MAX; steps += 1 + steps / 8) {
        const struct ours ours = ours_solve(&network->model, FIXED_GAP, steps, NULL);
        if (ours.ms > 2 * clp_ms) {
            break;
        }
        if (ours.found && (gap < 0 || ours.gap < gap)) {
            gap = ours.gap;
        }
    }
    (void)printf(",\"fixed_gap_early\":%.3g", gap);
    (void)bench_network_free(network);
}

/* Clp starts from its optimal basis, ours from its plan. */
static void warm_measure(enum bench_size size, uint64_t seed, const struct program *before,
                         enum clp_way way, struct start *start)
{
    struct bench_network *network = bench_network_new(size, seed, (struct bench_kind){0});
    bench_network_perturb(network, seed + 1000);
    struct program after = program_from(&network->model, false);
    start->known = true;
    const struct ours ours = ours_solve(&network->model, MODEL_GAP_OPTIMAL, STEPS_MAX, start);
    ours_print("warm", &ours);
    (void)printf(",\"clp_warm_ms\":%.3f", clp_warm(before, &after, way));
    program_deinit(&after);
    (void)bench_network_free(network);
}

static void lossless_measure(enum bench_size size, uint64_t seed, const char *folder)
{
    struct bench_network *network =
        bench_network_new(size, seed, (struct bench_kind){.lossless = true});
    struct program program = program_from(&network->model, false);
    const struct clp clp = clp_solve(&program);
    const struct ours ours = ours_solve(&network->model, MODEL_GAP_OPTIMAL, STEPS_MAX, NULL);
    ours_print("lossless", &ours);
    (void)printf(",\"lossless_clp_ms\":%.3f", clp.ms);
    if (folder != NULL) {
        FILE *stream = file_open(folder, size_names[size], seed, ".arcs");
        arcs_write(&network->model, stream);
        (void)fclose(stream);
    }
    program_deinit(&program);
    (void)bench_network_free(network);
}

static void network_measure(enum bench_size size, uint64_t seed, const char *folder)
{
    struct bench_network *network = bench_network_new(size, seed, (struct bench_kind){0});
    struct program program = program_from(&network->model, false);
    progress(size, seed, "Clp");
    const struct clp clp = clp_solve(&program);
    static const char *const ways[] = {"its choice", "dual", "primal"};

    (void)printf("{\"size\":\"%s\",\"seed\":%llu,\"rows\":%u,\"columns\":%u,\"clp_ms\":%.3f,"
                 "\"clp_way\":\"%s\",\"clp_value\":%.17g",
                 size_names[size], (unsigned long long)seed, program.rows, program.columns, clp.ms,
                 ways[clp.way], clp.value);
    struct start start = {.positions = calloc(network->model.counts.places, sizeof(double)),
                          .flows = calloc(network->model.counts.corridors, sizeof(double))};
    CHECK(start.positions != NULL);
    CHECK(start.flows != NULL);
    progress(size, seed, "ours, linear and with risk");
    const struct ours linear = ours_solve(&network->model, MODEL_GAP_OPTIMAL, STEPS_MAX, &start);
    ours_print("linear", &linear);
    (void)printf(",\"value\":%.17g", linear.value);
    kind_measure("risk", size, seed, (struct bench_kind){.risk = true}, MODEL_GAP_OPTIMAL);
    if (size == BENCH_TYPICAL) {
        progress(size, seed, "ours, with fixed costs");
        kind_measure("fixed", size, seed, (struct bench_kind){.fixed = true}, FIXED_GAP);
        fixed_early_measure(size, seed, clp.ms);
    }
    if (size != BENCH_LARGE) {
        progress(size, seed, "GLPK");
        glpk_measure(&program);
        progress(size, seed, "warm, ours and Clp");
        warm_measure(size, seed, &program, clp.way, &start);
    }
    progress(size, seed, "lossless, ours and Clp");
    lossless_measure(size, seed, folder);
    if (folder != NULL) {
        files_write(folder, size, seed, &program);
    }
    (void)printf("}\n");
    (void)fflush(stdout);
    free(start.positions);
    free(start.flows);
    program_deinit(&program);
    (void)bench_network_free(network);
}

int main(int argc, char **argv)
{
    const char *folder = argc > 3 ? argv[3] : NULL;
    char *end = NULL;
    const unsigned long long seeds = argc > 2 ? strtoull(argv[2], &end, 10) : 0;

    if (argc < 3 || argc > 4 || *end != '\0' || seeds < 1 || seeds > 1000) {
        (void)fprintf(stderr, "say 'bench_routing typical|medium|large SEEDS [FOLDER]'\n");
        return 2;
    }
    for (uint32_t size = 0; size < sizeof(size_names) / sizeof(size_names[0]); size++) {
        if (strcmp(argv[1], size_names[size]) != 0) {
            continue;
        }
        for (uint64_t seed = 1; seed <= seeds; seed++) {
            network_measure((enum bench_size)size, seed, folder);
        }
        return 0;
    }
    (void)fprintf(stderr, "bench: there is no size '%s'\n", argv[1]);
    return 2;
}
