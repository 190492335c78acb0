/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/routing/allocation.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/routing/allocation_internal.h"

#define EXCESS_LEAST       1e-11 /* of the portfolio: what rounding leaves beyond bounds */
#define PENALTIES_MAX      3u
#define INTERIOR_STEPS_MAX 90u
#define PENALTY_FACTOR     64.0
#define FIXED_LEVELS       4u /* finer than this, smooth curves do not matter beside fixed costs */
#define SIMPLEX_ROWS_MAX   1000u /* above, the interior point method is quicker from nothing */

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

static size_t larger_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* ---- memory ---- */

static uint32_t rows_of(const struct model *model)
{
    return model->counts.places + model->counts.groups;
}

static size_t answer_bytes(const struct model *model)
{
    return align_up(model->counts.places * sizeof(double)) +
           align_up(model->counts.corridors * sizeof(double)) +
           align_up(rows_of(model) * sizeof(double));
}

static struct answer answer_take(const struct model *model, uint8_t **memory)
{
    struct answer answer;

    answer.positions = take(memory, model->counts.places * sizeof(double));
    answer.flows = take(memory, model->counts.corridors * sizeof(double));
    answer.prices = take(memory, rows_of(model) * sizeof(double));
    return answer;
}

size_t allocation_footprint(const struct model *model)
{
    const size_t copies = model->counts.transactions > 0 ? model->counts.corridors : 0;

    return align_up(copies * sizeof(struct model_corridor)) + interior_footprint(model);
}

/* The cost of each transaction over the whole width of its corridors: no plan pays less. */
static void costs_spread(struct allocation *allocation)
{
    const struct model *model = allocation->model;

    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        const uint32_t k = model->corridors[i].transaction;
        allocation->corridors[i] = model->corridors[i];
        allocation->corridors[i].transaction = MODEL_NONE;
        if (k != MODEL_NONE && model->corridors[i].max > 0) {
            const double share =
                model->transactions[k].cost / model->transactions[k].corridors.count;
            allocation->corridors[i].cost += share / model->corridors[i].max;
        }
    }
}

enum status allocation_init(struct allocation *allocation, const struct model *model, void *memory)
{
    uint8_t *rest = memory;

    memset(allocation, 0, sizeof(*allocation));
    allocation->model = model;
    allocation->relaxed = *model;
    if (model->counts.transactions > 0) {
        allocation->corridors =
            take(&rest, model->counts.corridors * sizeof(struct model_corridor));
        allocation->relaxed.corridors = allocation->corridors;
        allocation->relaxed.counts.transactions = 0;
        allocation->nodes_max = tree_nodes_max(model);
        costs_spread(allocation);
    }
    return interior_init(&allocation->interior, &allocation->relaxed, rest);
}

/* The two methods take turns in the same memory. */
size_t allocation_solve_footprint(const struct allocation *allocation)
{
    const struct model *model = allocation->model;

    return 2 * answer_bytes(model) + align_up(certificate_footprint(model)) +
           align_up(tree_footprint(model, allocation->nodes_max)) +
           larger_size(align_up(interior_solve_footprint(&allocation->interior)),
                       align_up(simplex_footprint(model)));
}

/* Pivots that count as one step. */
static uint64_t step_pivots(const struct model *model)
{
    return (uint64_t)rows_of(model) + 64;
}

/* ---- judging ---- */

double search_gap(const struct search *search, double bound)
{
    return certificate_gap(search->allocation->model, search->value, bound, search->baseline);
}

static struct model_plan plan_of(const struct search *search, const struct answer *plan,
                                 const struct answer *prices)
{
    return (struct model_plan){
        .positions = plan->positions,
        .flows = plan->flows,
        .prices = {.places = prices->prices,
                   .groups = prices->prices + search->allocation->model->counts.places}};
}

/* Keeps the trial's plan when it is worth more, and its prices when they bound lower. */
static void trial_judge(struct search *search)
{
    const struct model *model = search->allocation->model;
    const struct model_plan plan = plan_of(search, &search->trial, &search->trial);
    const enum status status =
        certificate_compute(model, &plan, search->scratch, &search->certificate);

    CHECK(status == STATUS_OK);
    search->baseline = search->certificate.baseline;
    if (search->certificate.violation <= ALLOCATION_VIOLATION &&
        (!search->found || search->certificate.value > search->value)) {
        search->found = true;
        search->value = search->certificate.value;
        memcpy(search->best.positions, plan.positions, model->counts.places * sizeof(double));
        memcpy(search->best.flows, plan.flows, model->counts.corridors * sizeof(double));
    }
    if (!search->branched && (!search->bounded || search->certificate.bound < search->bound)) {
        search->bounded = true;
        search->bound = search->certificate.bound;
        memcpy(search->best.prices, plan.prices.places, rows_of(model) * sizeof(double));
    }
}

void search_judge(struct search *search)
{
    simplex_plan(&search->simplex, search->trial.positions, search->trial.flows,
                 search->trial.prices,
                 search->trial.prices + search->allocation->model->counts.places);
    trial_judge(search);
}

static bool is_near_enough(const struct search *search)
{
    return search->found && search->bounded &&
           search_gap(search, search->bound) <= search->options->gap;
}

/* ---- the simplex method ---- */

uint64_t search_pivots_max(const struct search *search)
{
    const uint64_t rows = step_pivots(search->allocation->model);
    const uint64_t steps_max = search->options->steps_max;
    const uint64_t pivots = steps_max > UINT64_MAX / rows ? UINT64_MAX : steps_max * rows;

    return pivots > search->pivots ? pivots - search->pivots : 0;
}

/* Without values and costs, what is left beyond bounds is the least there can be, and the prices
 * prove it. */
static void contradiction_find(struct search *search)
{
    struct simplex *simplex = &search->simplex;
    const double penalty = simplex->penalty;

    simplex->worth = 0;
    simplex->penalty = 1;
    const enum simplex_end end = simplex_run(simplex, search_pivots_max(search));
    if (end == SIMPLEX_DONE && simplex_excess(simplex) > 0) {
        simplex_plan(simplex, search->trial.positions, search->trial.flows, search->trial.prices,
                     search->trial.prices + search->allocation->model->counts.places);
        const struct model_plan plan = plan_of(search, &search->trial, &search->trial);
        const enum status status = certificate_compute(search->allocation->model, &plan,
                                                       search->scratch, &search->certificate);
        CHECK(status == STATUS_OK);
        search->infeasible = search->certificate.contradiction < 0;
    }
    simplex->worth = 1;
    simplex->penalty = penalty;
}

bool search_run(struct search *search)
{
    struct simplex *simplex = &search->simplex;
    enum simplex_end end = simplex_run(simplex, search_pivots_max(search));

    for (uint32_t i = 0; i < PENALTIES_MAX && end == SIMPLEX_DONE; i++) {
        if (simplex_excess(simplex) <= EXCESS_LEAST) {
            break;
        }
        simplex->penalty *= PENALTY_FACTOR;
        end = simplex_run(simplex, search_pivots_max(search));
    }
    return end != SIMPLEX_NUMERICAL;
}

static void simplex_begin(struct search *search)
{
    const struct allocation_options *options = search->options;
    struct simplex *simplex = &search->simplex;

    simplex_init(simplex, &search->allocation->relaxed, search->method_memory);
    if (options->warm_flows != NULL) {
        simplex_start(simplex, options->warm_positions, options->warm_flows);
        return;
    }
    simplex->nudged = true;
    (void)simplex_run(simplex, search_pivots_max(search));
    simplex->nudged = false;
}

static void simplex_search(struct search *search)
{
    const bool fixed = search->allocation->model->counts.transactions > 0;

    simplex_begin(search);
    if (!search_run(search)) {
        search->pivots += search->simplex.steps;
        return;
    }
    if (simplex_excess(&search->simplex) > EXCESS_LEAST) {
        contradiction_find(search);
        if (search->infeasible) {
            memcpy(search->best.prices, search->trial.prices,
                   rows_of(search->allocation->model) * sizeof(double));
            return;
        }
    }
    search_judge(search);
    while (!is_near_enough(search) && (!fixed || search->simplex.level < FIXED_LEVELS) &&
           simplex_refine(&search->simplex) && search_run(search)) {
        search_judge(search);
    }
    if (fixed && search->found && !is_near_enough(search)) {
        tree_search(search);
    }
    search->pivots += search->simplex.steps;
}

/* ---- the interior point method ---- */

static void interior_search(struct search *search)
{
    struct allocation *allocation = search->allocation;
    const uint64_t rows = step_pivots(allocation->model);
    /* Where it does not converge soon it never will. */
    const uint64_t half = search_pivots_max(search) / rows / 2;
    const uint64_t steps_left = half < INTERIOR_STEPS_MAX ? half : INTERIOR_STEPS_MAX;
    const struct interior_options options = {.gap = search->options->gap,
                                             .steps_max = steps_left > 0 ? steps_left : 1};
    struct interior_result result;

    interior_solve(&allocation->interior, &options, search->method_memory, search->trial.positions,
                   search->trial.flows, search->trial.prices,
                   search->trial.prices + allocation->model->counts.places, &result);
    search->pivots += result.steps * rows;
    if (result.proved_infeasible) {
        search->infeasible = true;
        memcpy(search->best.prices, search->trial.prices,
               rows_of(allocation->model) * sizeof(double));
    } else if (result.found) {
        trial_judge(search);
    }
}

/* ---- the whole ---- */

static bool has_smooth_curves(const struct model *model)
{
    for (uint32_t i = 0; i < model->counts.places; i++) {
        if (model->places[i].yield == ROUTE_YIELD_QUADRATIC && model->places[i].quadratic > 0) {
            return true;
        }
    }
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        if (model->corridors[i].output == ROUTE_OUTPUT_PRODUCT) {
            return true;
        }
    }
    for (uint32_t g = 0; g < model->counts.groups; g++) {
        if (model->groups[g].risk > 0) {
            return true;
        }
    }
    return false;
}

static void search_all(struct search *search)
{
    const struct model *model = search->allocation->model;
    const bool simplex_first = search->options->warm_flows != NULL ||
                               model->counts.transactions > 0 ||
                               (rows_of(model) <= SIMPLEX_ROWS_MAX && !has_smooth_curves(model));

    for (uint32_t turn = 0; turn < 2; turn++) {
        if (search->infeasible || is_near_enough(search) || search->branched ||
            search_pivots_max(search) == 0) {
            return;
        }
        if (simplex_first == (turn == 0)) {
            simplex_search(search);
        } else {
            interior_search(search);
        }
    }
}

static void plan_fill(struct search *search, struct model_plan *ret_plan)
{
    const uint64_t rows = step_pivots(search->allocation->model);
    struct certificate certificate;

    *ret_plan = plan_of(search, &search->best, &search->best);
    ret_plan->steps = (search->pivots + rows - 1) / rows;
    if (search->infeasible) {
        ret_plan->status = MODEL_INFEASIBLE;
        return;
    }
    if (search->branched) {
        ret_plan->branches = search->tree.branches;
        ret_plan->branches_count = search->tree.nodes_count;
    }
    const enum status status =
        certificate_compute(search->allocation->model, ret_plan, search->scratch, &certificate);
    CHECK(status == STATUS_OK);
    ret_plan->value = certificate.value;
    ret_plan->bound = certificate.bound;
    ret_plan->gap = certificate.gap;
    ret_plan->baseline = certificate.baseline;
    ret_plan->status = ret_plan->gap <= MODEL_GAP_OPTIMAL ? MODEL_OPTIMAL : MODEL_FEASIBLE;
}

enum status allocation_solve(struct allocation *allocation,
                             const struct allocation_options *options, void *memory,
                             struct model_plan *ret_plan)
{
    const struct model *model = allocation->model;
    uint8_t *rest = memory;
    struct search search = {.allocation = allocation, .options = options};

    CHECK(options->gap > 0);
    CHECK(options->steps_max > 0);
    CHECK((options->warm_flows == NULL) == (options->warm_positions == NULL));
    search.best = answer_take(model, &rest);
    search.trial = answer_take(model, &rest);
    search.scratch = take(&rest, certificate_footprint(model));
    if (model->counts.transactions > 0) {
        tree_init(&search.tree, model, allocation->nodes_max, rest);
        rest += align_up(tree_footprint(model, allocation->nodes_max));
    }
    search.method_memory = rest;
    search_all(&search);
    if (!search.infeasible && !search.found) {
        return STATUS_NOT_FOUND;
    }
    plan_fill(&search, ret_plan);
    return STATUS_OK;
}
