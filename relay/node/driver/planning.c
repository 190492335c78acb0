/* SPDX-License-Identifier: Apache-2.0 */
/* Three steps. The routing core (allocation.h) decides on the network in whole units: which fixed
 * costs are worth paying, and the prices that prove how good that is. What it rounds to
 * (whole.h) is exact in base units and keeps every bound. Corridors that would carry less than
 * their least are closed, one solve after the other, so that others carry it together. The first
 * round's prices, for corridors that may carry any amount, bound what all of them can make; where
 * what others carry falls too far short of that, the first round's plan stands, of which the core
 * leaves out what is too small. The prices go along as the proof; the core checks both. */
#include "relay/node/driver/planning.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/routing/allocation.h"
#include "relay/routing/network_model.h"
#include "relay/routing/proof.h"
#include "relay/routing/whole.h"

/* The solver's steps for each relaxation, and the gap at which it stops. */
#define STEPS_MAX 200u
#define GAP       1e-6
/* Half of what the core lets pass, for what rounding costs. */
#define GAP_MAX (PLAN_GAP_PPM_MAX / 2e6)
/* Less of a corridor than this part is what arithmetic leaves behind. */
#define UNUSED_PART 1e-9
#define NUDGE       (1 + 1e-11)

struct work {
    struct network network;
    struct model model;
    struct model_plan plan;           /* of the model, nothing closed: its prices are the proof */
    struct whole_plan exact;          /* of the last round */
    struct model_corridor *corridors; /* the model's, with those closed that were too small */
    uint64_t steps;
    void *network_memory;
    void *model_memory;
    void *layout;
    void *proving;
    void *solving;
    void *exact_memory;
    const char *wrong; /* why there is no answer */
    enum outcome outcome;
};

static bool give_up(struct work *work, enum outcome outcome, const char *words)
{
    work->outcome = outcome;
    work->wrong = words;
    return false;
}

static bool memory_take(struct work *work, void **ret_memory, size_t bytes)
{
    *ret_memory = malloc(bytes + 1);
    return *ret_memory != NULL || give_up(work, OUTCOME_UNKNOWN, "no memory for the solver");
}

static bool network_read(struct work *work, struct bytes packed)
{
    size_t footprint = 0;

    if (network_unpack_footprint(packed, &footprint) != STATUS_OK) {
        return give_up(work, OUTCOME_REFUSED, "not a network");
    }
    if (!memory_take(work, &work->network_memory, footprint)) {
        return false;
    }
    if (network_unpack(packed, work->network_memory, &work->network) != STATUS_OK) {
        return give_up(work, OUTCOME_REFUSED, "not a network");
    }
    if (!memory_take(work, &work->model_memory, network_model_footprint(&work->network.counts))) {
        return false;
    }
    return network_model_build(&work->network, work->model_memory, &work->model) == STATUS_OK ||
           give_up(work, OUTCOME_REFUSED, "the amounts are too large");
}

static bool solve(struct work *work, const struct model *model, void **memory,
                  struct model_plan *ret_plan)
{
    const struct allocation_options options = {.gap = GAP, .steps_max = STEPS_MAX};
    struct allocation allocation;

    if (allocation_init(&allocation, model, work->layout) != STATUS_OK) {
        return give_up(work, OUTCOME_REFUSED, "places are in too many groups together");
    }
    if (*memory == NULL && !memory_take(work, memory, allocation_solve_footprint(&allocation))) {
        return false;
    }
    if (allocation_solve(&allocation, &options, *memory, ret_plan) != STATUS_OK) {
        return give_up(work, OUTCOME_REFUSED, "no plan was found that can be proved");
    }
    work->steps += ret_plan->steps;
    return ret_plan->status != MODEL_INFEASIBLE ||
           give_up(work, OUTCOME_REFUSED, "the bounds contradict each other");
}

/* What arithmetic left behind is no flow, and what it took away is given back, so that rounding
 * down does not lose a unit of every flow; beyond a bound it is cut again. */
static void flows_clean(const struct work *work, double *flows)
{
    for (uint32_t i = 0; i < work->network.counts.corridors; i++) {
        flows[i] = flows[i] > UNUSED_PART * work->corridors[i].max ? flows[i] * NUDGE : 0;
    }
}

static bool whole(struct work *work, const struct model_plan *plan)
{
    const size_t bytes = work->network.counts.corridors * sizeof(double);
    double *flows = malloc(bytes + 1);

    if (flows == NULL) {
        return give_up(work, OUTCOME_UNKNOWN, "no memory for the solver");
    }
    memcpy(flows, plan->flows, bytes);
    flows_clean(work, flows);
    const enum status status = whole_round(&work->network, flows, work->exact_memory, &work->exact);
    free(flows);
    return status == STATUS_OK ||
           give_up(work, OUTCOME_REFUSED,
                   status == STATUS_OVERFLOW ? "the amounts are too large"
                                             : "no plan in base units keeps every bound");
}

/* Closes the corridor that is furthest below its least. False: none is below it. */
static bool small_close(struct work *work)
{
    double least_part = 1;
    uint32_t worst = MODEL_NONE;

    for (uint32_t i = 0; i < work->network.counts.corridors; i++) {
        const struct amount *flow = &work->exact.flows[i];
        const struct amount *least = &work->network.corridors[i].least;
        if (!amount_is_zero(flow) && amount_compare(flow, least) < 0) {
            const double part = amount_to_double(flow) / amount_to_double(least);
            if (worst == MODEL_NONE || part < least_part) {
                worst = i;
                least_part = part;
            }
        }
    }
    if (worst != MODEL_NONE) {
        work->corridors[worst].max = 0;
    }
    return worst != MODEL_NONE;
}

/* Solves until nothing is shipped that is too small to be. */
static bool decide(struct work *work)
{
    const size_t bytes = work->network.counts.corridors * sizeof(*work->corridors);
    struct model decided = work->model;
    struct model_plan plan;

    if (!memory_take(work, &work->layout, allocation_footprint(&work->model)) ||
        !memory_take(work, &work->exact_memory, whole_footprint(&work->network)) ||
        !solve(work, &work->model, &work->proving, &work->plan)) {
        return false;
    }
    work->corridors = malloc(bytes + 1);
    if (work->corridors == NULL) {
        return give_up(work, OUTCOME_UNKNOWN, "no memory for the solver");
    }
    memcpy(work->corridors, work->model.corridors, bytes);
    decided.corridors = work->corridors;
    if (!whole(work, &work->plan)) {
        return false;
    }
    double value = work->plan.value;
    while (small_close(work)) {
        if (!solve(work, &decided, &work->solving, &plan) || !whole(work, &plan)) {
            return false;
        }
        value = plan.value;
    }
    return certificate_gap(&work->model, value, work->plan.bound, work->plan.baseline) <= GAP_MAX ||
           whole(work, &work->plan);
}

/* In base units of its tail. */
static bool fixed_cost(const struct network *network, uint32_t corridor, struct amount *ret_cost)
{
    const struct route_place *tail = &network->places[network->corridors[corridor].from];
    const struct amount ten = amount_from_u64(10);

    *ret_cost = amount_zero();
    for (uint32_t k = 0; k < network->counts.transactions; k++) {
        const struct route_span span = network->transactions[k].corridors;
        for (uint32_t i = 0; i < span.count; i++) {
            if (network->terms[span.first + i].index != corridor) {
                continue;
            }
            struct amount unit = amount_from_u64(1);
            for (uint32_t d = 0; d < tail->decimals; d++) {
                const enum status status = amount_multiply(&unit, &ten, &unit);
                CHECK(status == STATUS_OK); /* decimals are bounded */
            }
            return route_decimal_of_ceil(&unit, network->transactions[k].cost, ret_cost) ==
                   STATUS_OK;
        }
    }
    return true;
}

/* One move per corridor in use, and what all of them cost. */
static bool moves_fill(struct work *work, struct planning *planning, struct event *event)
{
    const struct network *network = &work->network;
    struct amount cost = amount_zero();
    uint32_t count = 0;

    for (uint32_t i = 0; i < network->counts.corridors; i++) {
        const struct route_corridor *corridor = &network->corridors[i];
        struct amount fee;
        struct amount fixed;
        if (amount_is_zero(&work->exact.flows[i])) {
            continue;
        }
        if (count == MOVES_PER_PLAN_MAX) {
            return give_up(work, OUTCOME_REFUSED, "more moves than one plan may have");
        }
        if (route_decimal_of_ceil(&work->exact.flows[i], corridor->cost, &fee) != STATUS_OK ||
            !fixed_cost(network, i, &fixed) || amount_add(&cost, &fee, &cost) != STATUS_OK ||
            amount_add(&cost, &fixed, &cost) != STATUS_OK) {
            return give_up(work, OUTCOME_REFUSED, "the costs are too large");
        }
        planning->moves[count++] =
            (struct planned_move){.from = network->places[corridor->from].tag,
                                  .to = network->places[corridor->to].tag,
                                  .amount = work->exact.flows[i]};
    }
    event->planned.moves = planning->moves;
    event->planned.moves_count = count;
    event->planned.cost = cost;
    return true;
}

static bool answer_fill(struct work *work, struct planning *planning, struct event *event)
{
    struct packer packer = packer_from(planning->proof, sizeof(planning->proof));

    proof_pack(&work->model, &work->plan, &packer);
    if (packer.overrun) {
        work->plan.branches = NULL; /* its first prices alone */
        packer = packer_from(planning->proof, sizeof(planning->proof));
        proof_pack(&work->model, &work->plan, &packer);
    }
    if (packer.overrun) {
        return give_up(work, OUTCOME_REFUSED, "the proof is too large");
    }
    event->planned.outcome = OUTCOME_OK;
    event->planned.steps = work->steps;
    event->planned.proof = packer_finish(&packer);
    return moves_fill(work, planning, event);
}

static void work_deinit(struct work *work)
{
    free(work->network_memory);
    free(work->model_memory);
    free(work->layout);
    free(work->proving);
    free(work->solving);
    free(work->exact_memory);
    free(work->corridors);
}

void planning_answer(const struct hash *plan_id, struct bytes network, struct planning *planning,
                     struct event *ret_event)
{
    struct work work = {.wrong = NULL};

    *ret_event = (struct event){.kind = EVENT_PLANNED, .planned = {.plan_id = *plan_id}};
    const bool answered =
        network_read(&work, network) && decide(&work) && answer_fill(&work, planning, ret_event);
    if (!answered) {
        (void)snprintf(planning->reason, sizeof(planning->reason), "%s", work.wrong);
        ret_event->planned.outcome = work.outcome;
        ret_event->planned.reason = bytes_from_string(planning->reason);
    }
    work_deinit(&work);
}
