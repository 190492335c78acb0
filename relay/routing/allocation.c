/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/routing/allocation.h"

#include <string.h>

#include "relay/base/check.h"

/* Slope scaling settles in a few rounds or goes in circles. */
#define ROUNDS_MAX 6u
/* A corridor that uses less of a unit's worth than this part is not used. */
#define USED_PART 1e-7

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

struct answer {
    double *positions;
    double *flows;
    double *prices;
    double *group_prices;
};

struct search {
    struct allocation *allocation;
    const struct allocation_options *options;
    struct answer best;
    struct answer trial;
    void *interior_memory;
    void *scratch;
    struct certificate certificate; /* of the best */
    bool found;
    uint64_t steps;
};

static size_t answer_bytes(const struct model *model)
{
    return 2 * align_up(model->counts.places * sizeof(double)) +
           align_up(model->counts.corridors * sizeof(double)) +
           align_up(model->counts.groups * sizeof(double));
}

static struct answer answer_take(const struct model *model, uint8_t **memory)
{
    struct answer answer;

    answer.positions = take(memory, model->counts.places * sizeof(double));
    answer.flows = take(memory, model->counts.corridors * sizeof(double));
    answer.prices = take(memory, model->counts.places * sizeof(double));
    answer.group_prices = take(memory, model->counts.groups * sizeof(double));
    return answer;
}

size_t allocation_footprint(const struct model *model)
{
    return align_up(model->counts.corridors * sizeof(struct model_corridor)) +
           interior_footprint(model);
}

enum status allocation_init(struct allocation *allocation, const struct model *model, void *memory)
{
    uint8_t *rest = memory;

    memset(allocation, 0, sizeof(*allocation));
    allocation->model = model;
    allocation->corridors = take(&rest, model->counts.corridors * sizeof(struct model_corridor));
    allocation->interior_memory = rest;
    allocation->relaxed = *model;
    allocation->relaxed.corridors = allocation->corridors;
    allocation->relaxed.counts.transactions = 0;
    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        allocation->corridors[i] = model->corridors[i];
        allocation->corridors[i].transaction = MODEL_NONE;
    }
    return interior_init(&allocation->interior, &allocation->relaxed, rest);
}

size_t allocation_solve_footprint(const struct allocation *allocation)
{
    return 2 * answer_bytes(allocation->model) +
           align_up(certificate_footprint(allocation->model)) +
           align_up(interior_solve_footprint(&allocation->interior));
}

/* Solves what the relaxed corridors now say. The order and the units depend on the layout alone, so
 * the memory is the same each time. */
static enum status relaxed_solve(struct search *search, struct interior_result *ret_result)
{
    struct allocation *allocation = search->allocation;
    const struct interior_options options = {.gap = search->options->gap / 4,
                                             .steps_max = search->options->steps_max};
    const enum status status =
        interior_init(&allocation->interior, &allocation->relaxed, allocation->interior_memory);

    if (status != STATUS_OK) {
        return status;
    }
    interior_solve(&allocation->interior, &options, search->interior_memory,
                   search->trial.positions, search->trial.flows, search->trial.prices,
                   search->trial.group_prices, ret_result);
    search->steps += ret_result->steps;
    return STATUS_OK;
}

/* Keeps the flows of the trial when they are worth more, under the first bound's prices. */
static void trial_keep(struct search *search)
{
    const struct model *model = search->allocation->model;
    struct certificate certificate;
    const bool first = !search->found;
    const struct model_plan plan = {
        .positions = search->trial.positions,
        .flows = search->trial.flows,
        .prices = {.places = first ? search->trial.prices : search->best.prices,
                   .groups = first ? search->trial.group_prices : search->best.group_prices}};
    const enum status status = certificate_compute(model, &plan, search->scratch, &certificate);

    CHECK(status == STATUS_OK);
    if (!first && !(certificate.value > search->certificate.value)) {
        return;
    }
    search->certificate = certificate;
    search->found = true;
    memcpy(search->best.positions, plan.positions, model->counts.places * sizeof(double));
    memcpy(search->best.flows, plan.flows, model->counts.corridors * sizeof(double));
    if (first) {
        memcpy(search->best.prices, plan.prices.places, model->counts.places * sizeof(double));
        memcpy(search->best.group_prices, plan.prices.groups,
               model->counts.groups * sizeof(double));
    }
}

/* ---- fixed costs ---- */

static double width_of(const struct search *search, uint32_t corridor)
{
    return search->allocation->model->corridors[corridor].max;
}

static bool is_used(const struct search *search, uint32_t corridor, const double *flows)
{
    const struct model_corridor *original = &search->allocation->model->corridors[corridor];
    const double unit = search->allocation->interior.place_units[original->from];

    return flows[corridor] > USED_PART * (unit < original->max ? unit : original->max);
}

/* The cost of each transaction over the whole width of its corridors: no plan pays less. */
static void costs_spread(struct search *search)
{
    const struct model *model = search->allocation->model;

    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        const uint32_t k = model->corridors[i].transaction;
        if (k != MODEL_NONE && width_of(search, i) > 0) {
            const double share =
                model->transactions[k].cost / model->transactions[k].corridors.count;
            search->allocation->corridors[i].cost =
                model->corridors[i].cost + share / width_of(search, i);
        }
    }
}

/* The cost over what the trial ships; what it does not ship keeps its cost. */
static void costs_steepen(struct search *search)
{
    const struct model *model = search->allocation->model;

    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        const uint32_t k = model->corridors[i].transaction;
        if (k != MODEL_NONE && is_used(search, i, search->trial.flows)) {
            double shipped = 0;
            for (uint32_t m = 0; m < model->transactions[k].corridors.count; m++) {
                const uint32_t member =
                    model->terms[model->transactions[k].corridors.first + m].index;
                shipped += search->trial.flows[member];
            }
            search->allocation->corridors[i].cost =
                model->corridors[i].cost + model->transactions[k].cost / shipped;
        }
    }
}

/* Closes each transaction that the trial hardly uses; the others are paid for, so they are free. */
static void unused_close(struct search *search)
{
    const struct model *model = search->allocation->model;

    for (uint32_t k = 0; k < model->counts.transactions; k++) {
        const struct route_span span = model->transactions[k].corridors;
        bool used = false;
        for (uint32_t m = 0; m < span.count; m++) {
            used = used || is_used(search, model->terms[span.first + m].index, search->trial.flows);
        }
        for (uint32_t m = 0; m < span.count; m++) {
            const uint32_t i = model->terms[span.first + m].index;
            search->allocation->corridors[i].cost = model->corridors[i].cost;
            search->allocation->corridors[i].max = used ? model->corridors[i].max : 0;
        }
    }
}

static void all_open(struct search *search)
{
    const struct model *model = search->allocation->model;

    for (uint32_t i = 0; i < model->counts.corridors; i++) {
        search->allocation->corridors[i].max = model->corridors[i].max;
    }
}

/* One round: close what the trial does not use, solve, judge; then go on from that. */
static enum status round_do(struct search *search)
{
    struct interior_result result;

    unused_close(search);
    enum status status = relaxed_solve(search, &result);
    if (status != STATUS_OK) {
        return status;
    }
    if (result.found) {
        trial_keep(search);
    }
    all_open(search);
    costs_spread(search);
    if (result.found) {
        costs_steepen(search);
    }
    return relaxed_solve(search, &result);
}

static enum status fixed_costs_search(struct search *search)
{
    const bool is_free = search->allocation->model->counts.transactions == 0;

    for (uint32_t round = 0; round < ROUNDS_MAX && !is_free; round++) {
        if (search->certificate.gap <= search->options->gap) {
            break;
        }
        const enum status status = round_do(search);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

/* ---- the whole ---- */

static void plan_fill(const struct search *search, const struct answer *answer,
                      struct model_plan *ret_plan)
{
    memset(ret_plan, 0, sizeof(*ret_plan));
    ret_plan->steps = search->steps;
    ret_plan->positions = answer->positions;
    ret_plan->flows = answer->flows;
    ret_plan->prices =
        (struct model_prices){.places = answer->prices, .groups = answer->group_prices};
}

enum status allocation_solve(struct allocation *allocation,
                             const struct allocation_options *options, void *memory,
                             struct model_plan *ret_plan)
{
    uint8_t *rest = memory;
    struct search search = {.allocation = allocation, .options = options};
    struct interior_result result;

    CHECK(options->gap > 0);
    search.best = answer_take(allocation->model, &rest);
    search.trial = answer_take(allocation->model, &rest);
    search.scratch = rest;
    rest += align_up(certificate_footprint(allocation->model));
    search.interior_memory = rest;
    all_open(&search);
    costs_spread(&search);
    enum status status = relaxed_solve(&search, &result);
    if (status != STATUS_OK) {
        return status;
    }
    if (result.proved_infeasible) {
        plan_fill(&search, &search.trial, ret_plan);
        ret_plan->status = MODEL_INFEASIBLE;
        return STATUS_OK;
    }
    if (!result.found) {
        return STATUS_NOT_FOUND;
    }
    trial_keep(&search);
    status = fixed_costs_search(&search);
    if (status != STATUS_OK) {
        return status;
    }
    plan_fill(&search, &search.best, ret_plan);
    ret_plan->value = search.certificate.value;
    ret_plan->bound = search.certificate.bound;
    ret_plan->gap = search.certificate.gap;
    ret_plan->baseline = search.certificate.baseline;
    ret_plan->status = ret_plan->gap <= MODEL_GAP_OPTIMAL ? MODEL_OPTIMAL : MODEL_FEASIBLE;
    return STATUS_OK;
}
