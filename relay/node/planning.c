/* SPDX-License-Identifier: Apache-2.0 */
/* Three steps. The routing core (allocation.h) decides on the network in whole units: which fixed
 * costs are worth paying, and the prices that prove how good that is. The exact transport (plan.h)
 * turns the decision into base units: it ships along the corridors that are left open, so that
 * nothing is lost to rounding and no more moves are made than are needed. The prices go along as
 * the proof; the core of the node checks both. */
#include "relay/node/planning.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/routing/allocation.h"
#include "relay/routing/network_model.h"
#include "relay/routing/proof.h"
#include "relay/routing/rounding.h"

/* Searches before a plan is taken as it is; far above what the limits of a network need. */
#define SEARCHES_MAX 10000000u
/* The solver's steps for each relaxation, and the gap at which it stops. */
#define STEPS_MAX 200u
#define GAP       1e-6
/* Less of a corridor than this part is what arithmetic leaves behind. */
#define UNUSED_PART 1e-7

struct work {
    struct network network;
    struct model model;
    struct model_plan plan; /* of the model */
    struct route_corridor *corridors;
    struct route_plan exact;
    void *network_memory;
    void *model_memory;
    void *layout;
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

static bool decide(struct work *work)
{
    const struct allocation_options options = {.gap = GAP, .steps_max = STEPS_MAX};
    struct allocation allocation;

    if (!memory_take(work, &work->layout, allocation_footprint(&work->model))) {
        return false;
    }
    if (allocation_init(&allocation, &work->model, work->layout) != STATUS_OK) {
        return give_up(work, OUTCOME_REFUSED, "places are in too many groups together");
    }
    if (!memory_take(work, &work->solving, allocation_solve_footprint(&allocation))) {
        return false;
    }
    if (allocation_solve(&allocation, &options, work->solving, &work->plan) != STATUS_OK) {
        return give_up(work, OUTCOME_REFUSED, "no plan was found that can be proved");
    }
    return work->plan.status != MODEL_INFEASIBLE ||
           give_up(work, OUTCOME_REFUSED, "the bounds contradict each other");
}

/* The network as it was decided: transactions that the plan does not use are closed, the others are
 * paid for. */
static bool ship(struct work *work)
{
    const struct route_options options = {.steps_max = SEARCHES_MAX};
    const uint32_t count = work->network.counts.corridors;
    struct network decided = work->network;
    const char *reason = "";

    work->corridors = calloc(count + 1u, sizeof(*work->corridors));
    if (work->corridors == NULL) {
        return give_up(work, OUTCOME_UNKNOWN, "no memory for the solver");
    }
    for (uint32_t i = 0; i < count; i++) {
        work->corridors[i] = work->network.corridors[i];
        const struct model_corridor *corridor = &work->model.corridors[i];
        if (corridor->transaction != MODEL_NONE &&
            !(work->plan.flows[i] > UNUSED_PART * corridor->max)) {
            work->corridors[i].max = amount_zero();
        }
    }
    decided.corridors = work->corridors;
    decided.counts.transactions = 0;
    if (!memory_take(work, &work->exact_memory, route_footprint(&decided))) {
        return false;
    }
    const enum status status =
        route_solve(&decided, &options, work->exact_memory, &work->exact, &reason);
    if (status != STATUS_OK) {
        return give_up(work, OUTCOME_REFUSED,
                       status == STATUS_UNSUPPORTED ? reason : "the amounts are too large");
    }
    return work->exact.result != ROUTE_INFEASIBLE ||
           give_up(work, OUTCOME_REFUSED, "a place cannot be brought within its bounds");
}

/* Adds the fixed costs of what is shipped, in base units. */
static bool fixed_costs_add(struct work *work)
{
    const struct amount ten = amount_from_u64(10);

    for (uint32_t k = 0; k < work->network.counts.transactions; k++) {
        const struct route_transaction *transaction = &work->network.transactions[k];
        for (uint32_t i = 0; i < transaction->corridors.count; i++) {
            const uint32_t corridor = work->network.terms[transaction->corridors.first + i].index;
            const struct route_place *tail =
                &work->network.places[work->network.corridors[corridor].from];
            struct amount whole = amount_from_u64(1);
            struct amount fixed;
            if (amount_is_zero(&work->exact.flows[corridor])) {
                continue;
            }
            for (uint32_t d = 0; d < tail->decimals; d++) {
                const enum status status = amount_multiply(&whole, &ten, &whole);
                CHECK(status == STATUS_OK); /* decimals are bounded */
            }
            if (route_decimal_of_ceil(&whole, transaction->cost, &fixed) != STATUS_OK ||
                amount_add(&work->exact.cost, &fixed, &work->exact.cost) != STATUS_OK) {
                return give_up(work, OUTCOME_REFUSED, "the costs are too large");
            }
        }
    }
    return true;
}

static bool answer_fill(struct work *work, struct planning *planning, struct event *event)
{
    struct route_move moves[MOVES_PER_PLAN_MAX];
    struct packer packer = packer_from(planning->proof, sizeof(planning->proof));
    uint32_t moves_count = 0;

    if (route_moves(&work->network, &work->exact, moves, MOVES_PER_PLAN_MAX, &moves_count) !=
        STATUS_OK) {
        return give_up(work, OUTCOME_REFUSED, "more moves than one plan may have");
    }
    proof_pack(&work->model, &work->plan, &packer);
    if (packer.overrun) {
        work->plan.branches = NULL; /* its first prices alone */
        packer = packer_from(planning->proof, sizeof(planning->proof));
        proof_pack(&work->model, &work->plan, &packer);
    }
    if (packer.overrun) {
        return give_up(work, OUTCOME_REFUSED, "the proof is too large");
    }
    for (uint32_t i = 0; i < moves_count; i++) {
        planning->moves[i] = (struct planned_move){
            .from = moves[i].from, .to = moves[i].to, .amount = moves[i].amount};
    }
    event->planned.outcome = OUTCOME_OK;
    event->planned.moves = planning->moves;
    event->planned.moves_count = moves_count;
    event->planned.cost = work->exact.cost;
    event->planned.steps = work->plan.steps;
    event->planned.proof = packer_finish(&packer);
    return true;
}

static void work_deinit(struct work *work)
{
    free(work->network_memory);
    free(work->model_memory);
    free(work->layout);
    free(work->solving);
    free(work->exact_memory);
    free(work->corridors);
}

void planning_answer(const struct hash *plan_id, struct bytes network, struct planning *planning,
                     struct event *ret_event)
{
    struct work work = {.wrong = NULL};

    *ret_event = (struct event){.kind = EVENT_PLANNED, .planned = {.plan_id = *plan_id}};
    const bool answered = network_read(&work, network) && decide(&work) && ship(&work) &&
                          fixed_costs_add(&work) && answer_fill(&work, planning, ret_event);
    if (!answered) {
        (void)snprintf(planning->reason, sizeof(planning->reason), "%s", work.wrong);
        ret_event->planned.outcome = work.outcome;
        ret_event->planned.reason = bytes_from_string(planning->reason);
    }
    work_deinit(&work);
}
