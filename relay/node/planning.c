/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/planning.h"

#include <stdio.h>
#include <stdlib.h>

#include "relay/routing/rounding.h"

/* Searches before a plan is taken as it is; far above what the limits of a network need. */
#define STEPS_MAX 10000000u

static void refuse(struct planning *planning, struct event *event, enum outcome outcome,
                   const char *reason)
{
    (void)snprintf(planning->reason, sizeof(planning->reason), "%s", reason);
    event->planned.outcome = outcome;
    event->planned.reason = bytes_from_string(planning->reason);
}

static void take_plan(const struct network *network, const struct route_plan *plan,
                      struct planning *planning, struct event *event)
{
    struct route_move moves[MOVES_PER_PLAN_MAX];
    uint32_t moves_count = 0;
    if (plan->result == ROUTE_INFEASIBLE) {
        (void)snprintf(planning->reason, sizeof(planning->reason), "place %u cannot be brought %s",
                       network->places[plan->infeasible_place].tag,
                       plan->below_min ? "up to its minimum" : "down to its maximum");
        event->planned.outcome = OUTCOME_REFUSED;
        event->planned.reason = bytes_from_string(planning->reason);
        return;
    }
    if (route_moves(network, plan, moves, MOVES_PER_PLAN_MAX, &moves_count) != STATUS_OK) {
        refuse(planning, event, OUTCOME_REFUSED, "more moves than one plan may have");
        return;
    }
    for (uint32_t i = 0; i < moves_count; i++) {
        planning->moves[i] = (struct planned_move){
            .from = moves[i].from, .to = moves[i].to, .amount = moves[i].amount};
    }
    event->planned.outcome = OUTCOME_OK;
    event->planned.moves = planning->moves;
    event->planned.moves_count = moves_count;
    event->planned.cost = plan->cost;
}

static void solve(const struct network *network, struct planning *planning, struct event *event)
{
    const struct route_options options = {.steps_max = STEPS_MAX};
    struct route_plan plan;
    const char *reason = "";
    void *memory = malloc(route_footprint(network));
    if (memory == NULL) {
        refuse(planning, event, OUTCOME_UNKNOWN, "no memory for the solver");
        return;
    }
    const enum status status = route_solve(network, &options, memory, &plan, &reason);
    if (status == STATUS_OK) {
        take_plan(network, &plan, planning, event);
    } else if (status == STATUS_UNSUPPORTED) {
        refuse(planning, event, OUTCOME_REFUSED, reason);
    } else {
        refuse(planning, event, OUTCOME_REFUSED, "the amounts are too large");
    }
    free(memory);
}

void planning_answer(const struct hash *plan_id, struct bytes network, struct planning *planning,
                     struct event *ret_event)
{
    struct network unpacked;
    size_t footprint = 0;
    *ret_event = (struct event){.kind = EVENT_PLANNED, .planned = {.plan_id = *plan_id}};
    if (network_unpack_footprint(network, &footprint) != STATUS_OK) {
        refuse(planning, ret_event, OUTCOME_REFUSED, "not a network");
        return;
    }
    void *memory = malloc(footprint == 0 ? 1 : footprint);
    if (memory == NULL) {
        refuse(planning, ret_event, OUTCOME_UNKNOWN, "no memory for the network");
        return;
    }
    if (network_unpack(network, memory, &unpacked) == STATUS_OK) {
        solve(&unpacked, planning, ret_event);
    } else {
        refuse(planning, ret_event, OUTCOME_REFUSED, "not a network");
    }
    free(memory);
}
