/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/routing/allocation.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/routing/allocation_internal.h"
#include "relay/routing/block_internal.h"
#include "relay/routing/simplex_internal.h"

#define EXCESS_LEAST   1e-11 /* of the portfolio: what rounding leaves beyond bounds */
#define PENALTIES_MAX  3u
#define ENTRIES_MAX    (1u << 28)
#define WARM_LEAST     32u   /* pivots before ends that are met together are moved apart */
#define SLACK          2e-11 /* of the portfolio */
#define SLACK_PART     1e-15 /* of the largest price: a few roundings of it */
#define PENALTY_FACTOR 64.0
#define RECENTRES      3u
#define CHORDS_MAX     8u
#define FIXED_LEVELS   4u /* finer than this, smooth curves do not matter beside fixed costs */

/* ---- memory ---- */

static size_t answer_bytes(const struct model *model)
{
    return block_align(model->counts.places * sizeof(double)) +
           block_align(model->counts.corridors * sizeof(double)) +
           block_align(allocation_rows(model) * sizeof(double));
}

static struct answer answer_take(const struct model *model, uint8_t **memory)
{
    struct answer answer;

    answer.positions = block_take(memory, model->counts.places * sizeof(double));
    answer.flows = block_take(memory, model->counts.corridors * sizeof(double));
    answer.prices = block_take(memory, allocation_rows(model) * sizeof(double));
    return answer;
}

size_t allocation_footprint(const struct model *model)
{
    return simplex_footprint(model);
}

enum status allocation_init(struct allocation *allocation, const struct model *model, void *memory)
{
    const uint64_t entries = (uint64_t)model->counts.terms + 64 * (uint64_t)allocation_rows(model);

    if (entries > ENTRIES_MAX) {
        return STATUS_FULL;
    }
    memset(allocation, 0, sizeof(*allocation));
    allocation->model = model;
    allocation->simplex_memory = memory;
    allocation->nodes_max = model->counts.transactions > 0 ? tree_nodes_max(model) : 0;
    return STATUS_OK;
}

size_t allocation_solve_footprint(const struct allocation *allocation)
{
    const struct model *model = allocation->model;

    return 2 * answer_bytes(model) + block_align(certificate_footprint(model)) +
           block_align(tree_footprint(model, allocation->nodes_max));
}

/* Pivots that count as one step. */
static uint64_t step_pivots(const struct model *model)
{
    return (uint64_t)allocation_rows(model) + 64;
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
        memcpy(search->best.prices, plan.prices.places, allocation_rows(model) * sizeof(double));
    }
}

void search_judge(struct search *search)
{
    simplex_plan(search->simplex, search->trial.positions, search->trial.flows,
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
    const uint64_t pivots = step_pivots(search->allocation->model);
    const uint64_t steps_max = search->options->steps_max;

    return steps_max > UINT64_MAX / pivots ? UINT64_MAX : steps_max * pivots;
}

/* Do the prices at which as little as possible is beyond bounds prove that something must be? Those
 * at hand when the steps are used up may do so too: whether they do is the certificate's to say. */
static void contradiction_try(struct search *search)
{
    struct simplex *simplex = search->simplex;
    const enum simplex_end end = simplex_run(simplex, search_pivots_max(search));

    if (end != SIMPLEX_NUMERICAL && simplex_excess(simplex) > 0) {
        simplex_plan(simplex, search->trial.positions, search->trial.flows, search->trial.prices,
                     search->trial.prices + search->allocation->model->counts.places);
        const struct model_plan plan = plan_of(search, &search->trial, &search->trial);
        const enum status status = certificate_compute(search->allocation->model, &plan,
                                                       search->scratch, &search->certificate);
        CHECK(status == STATUS_OK);
        search->infeasible = search->certificate.contradiction < 0;
    }
}

/* Without values and costs, what is left beyond bounds is the least there can be. First with what
 * may be let go: no price is below 0 then where a curve arrives, so nothing could be gained there
 * by its worse part. What only keeps its bounds by letting go is left for the second try. What is
 * too much at the end of a curve even by its worse part is left for the last: prices below 0 there
 * price the curve by its chord, so it is one, until the prices are those of what is priced. */
static void contradiction_find(struct search *search)
{
    struct simplex *simplex = search->simplex;
    const double penalty = simplex->penalty;

    simplex->worth = 0;
    simplex->penalty = 1;
    contradiction_try(search);
    if (!search->infeasible && simplex_waste_forbid(simplex)) {
        contradiction_try(search);
    }
    for (uint32_t i = 0; i < CHORDS_MAX && !search->infeasible && simplex_chords_take(simplex);
         i++) {
        contradiction_try(search);
    }
    simplex_chords_leave(simplex);
    simplex->worth = 1;
    simplex->penalty = penalty;
}

bool search_run(struct search *search)
{
    struct simplex *simplex = search->simplex;
    enum simplex_end end = simplex_run(simplex, search_pivots_max(search));

    for (uint32_t i = 0; i < PENALTIES_MAX && end == SIMPLEX_DONE; i++) {
        if (simplex_waste(simplex) > EXCESS_LEAST && simplex_waste_forbid(simplex)) {
            end = simplex_run(simplex, search_pivots_max(search));
        }
        if (end != SIMPLEX_DONE || simplex_excess(simplex) <= EXCESS_LEAST) {
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
    struct simplex *simplex = search->simplex;

    simplex_init(simplex, search->allocation->model, search->allocation->simplex_memory);
    tree_relax(search);
    if (options->warm_flows != NULL) {
        const uint64_t pivots_max = search_pivots_max(search);
        const uint64_t few = WARM_LEAST + simplex->rows_count / 8;
        simplex_start(simplex, options->warm_positions, options->warm_flows);
        if (simplex_run(simplex, few < pivots_max ? few : pivots_max) == SIMPLEX_DONE) {
            return;
        }
    }
    simplex->nudged = true;
    (void)simplex_run(simplex, search_pivots_max(search));
    simplex->nudged = false;
}

static double price_largest(const struct simplex *simplex)
{
    double largest = 0;

    for (uint32_t r = 0; r < simplex->rows_count; r++) {
        const double size = simplex_size(simplex->prices[r]);
        largest = size > largest ? size : largest;
    }
    return largest;
}

/* Prices at which a unit of anything is worth a little more bound what rounding loses, which is
 * multiplied by all the room there is. First no more than prices like these lose: each unit that is
 * there makes the bound worse by as much, and where next to nothing can be gained that counts. */
static void bound_slacken(struct search *search)
{
    const double slacks[] = {SLACK_PART * price_largest(search->simplex), SLACK};

    for (uint32_t i = 0; i < 2 && !is_near_enough(search); i++) {
        search->simplex->slack = slacks[i];
        if (!search_run(search)) {
            return;
        }
        search_judge(search);
    }
}

static void search_all(struct search *search)
{
    const bool fixed = search->allocation->model->counts.transactions > 0;
    struct simplex *simplex = search->simplex;

    simplex_begin(search);
    bool going = search_run(search);
    if (going && simplex_excess(simplex) > EXCESS_LEAST) {
        contradiction_find(search);
        if (search->infeasible) {
            memcpy(search->best.prices, search->trial.prices,
                   allocation_rows(search->allocation->model) * sizeof(double));
            return;
        }
    }
    search_judge(search);
    while (going && !is_near_enough(search) && (!fixed || simplex->level < FIXED_LEVELS) &&
           simplex_refine(simplex)) {
        going = search_run(search);
        search_judge(search);
    }
    /* A curve may have moved to where its pieces are wide: as fine there too. */
    for (uint32_t i = 0;
         going && !fixed && i < RECENTRES && !is_near_enough(search) && simplex_recentre(simplex);
         i++) {
        going = search_run(search);
        search_judge(search);
    }
    if (going && !fixed && search->found && !is_near_enough(search) &&
        simplex_bounds_enter(simplex)) {
        going = search_run(search);
        search_judge(search);
    }
    if (going && !fixed && search->found && !is_near_enough(search)) {
        bound_slacken(search);
    }
    if (going && fixed && search->found && !is_near_enough(search)) {
        tree_search(search);
    }
}

static void plan_fill(struct search *search, struct model_plan *ret_plan)
{
    const uint64_t pivots = step_pivots(search->allocation->model);
    struct certificate certificate;

    *ret_plan = plan_of(search, &search->best, &search->best);
    ret_plan->steps = (search->simplex->steps + pivots - 1) / pivots;
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
    struct search search = {
        .allocation = allocation, .options = options, .simplex = &allocation->simplex};

    CHECK(options->gap > 0);
    CHECK(options->steps_max > 0);
    CHECK((options->warm_flows == NULL) == (options->warm_positions == NULL));
    search.best = answer_take(model, &rest);
    search.trial = answer_take(model, &rest);
    search.scratch = block_take(&rest, certificate_footprint(model));
    if (model->counts.transactions > 0) {
        tree_init(&search.tree, model, allocation->nodes_max, rest);
        rest += block_align(tree_footprint(model, allocation->nodes_max));
    }
    search_all(&search);
    if (!search.infeasible && !search.found) {
        return STATUS_NOT_FOUND;
    }
    plan_fill(&search, ret_plan);
    return STATUS_OK;
}
