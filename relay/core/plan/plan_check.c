/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/plan/plan_check.c: the answer, recomputed in exact integers from the network alone.
 * Shares nothing with the solver but the way a network is written. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/plan/plan_internal.h"

struct checker {
    const struct network *network;
    struct amount positions[PLAN_ROUTERS_MAX];
    struct amount flows[PLAN_CORRIDORS_MAX];
    struct amount before; /* everything there is */
    uint32_t matched;     /* moves that found their corridor */
};

bool plan_question_read(struct bytes packed, struct plan_question *ret_question)
{
    size_t footprint;

    if (network_unpack_footprint(packed, &footprint) != STATUS_OK ||
        footprint > sizeof(ret_question->memory) ||
        network_unpack(packed, ret_question->memory, &ret_question->network) != STATUS_OK) {
        return false;
    }
    const struct network_counts *counts = &ret_question->network.counts;
    return counts->places <= PLAN_ROUTERS_MAX && counts->corridors <= PLAN_CORRIDORS_MAX &&
           counts->groups <= PLAN_GROUPS_MAX;
}

static const char *moves_check(const struct event *event, struct plan_answer *answer)
{
    if (event->planned.moves_count > MOVES_PER_PLAN_MAX) {
        return "more moves than a plan may have";
    }
    answer->count = event->planned.moves_count;
    for (uint32_t i = 0; i < answer->count; i++) {
        const struct planned_move *move = &event->planned.moves[i];
        if (amount_is_zero(&move->amount)) {
            return "a move of nothing";
        }
        for (uint32_t k = 0; k < i; k++) {
            if (answer->moves[k].from == move->from && answer->moves[k].to == move->to) {
                return "two moves of one pair";
            }
        }
        answer->moves[i].from = move->from;
        answer->moves[i].to = move->to;
        answer->moves[i].amount = move->amount;
        answer->moves[i].cost = amount_zero();
    }
    return NULL;
}

static const char *places_read(struct checker *checker)
{
    for (uint32_t i = 0; i < checker->network->counts.places; i++) {
        checker->positions[i] = checker->network->places[i].balance;
        if (amount_add(&checker->before, &checker->positions[i], &checker->before) != STATUS_OK) {
            return "balances add up to too much";
        }
    }
    return NULL;
}

bool plan_move_cost(const struct network *network, uint32_t corridor, const struct amount *amount,
                    struct amount *ret_cost)
{
    if (route_decimal_of_ceil(amount, network->corridors[corridor].cost, ret_cost) != STATUS_OK) {
        return false;
    }
    for (uint32_t k = 0; k < network->counts.transactions; k++) {
        const struct route_transaction *transaction = &network->transactions[k];
        /* Each of our transactions is one corridor's. */
        if (transaction->corridors.count == 1 &&
            network->terms[transaction->corridors.first].index == corridor) {
            const struct route_place *tail = &network->places[network->corridors[corridor].from];
            struct amount whole = amount_from_u64(1);
            struct amount fixed;
            const struct amount ten = amount_from_u64(10);
            for (uint32_t i = 0; i < tail->decimals; i++) {
                if (amount_multiply(&whole, &ten, &whole) != STATUS_OK) {
                    return false;
                }
            }
            return route_decimal_of_ceil(&whole, transaction->cost, &fixed) == STATUS_OK &&
                   amount_add(ret_cost, &fixed, ret_cost) == STATUS_OK;
        }
    }
    return true;
}

/* Gives the corridor the move of its pair. */
static const char *corridor_flow(struct checker *checker, uint32_t index,
                                 struct plan_answer *answer)
{
    const struct route_corridor *corridor = &checker->network->corridors[index];
    const struct route_place *places = checker->network->places;

    for (uint32_t i = 0; i < answer->count; i++) {
        if (answer->moves[i].from != places[corridor->from].tag ||
            answer->moves[i].to != places[corridor->to].tag) {
            continue;
        }
        const struct amount *amount = &answer->moves[i].amount;
        struct amount *tail = &checker->positions[corridor->from];
        struct amount *head = &checker->positions[corridor->to];
        if (amount_compare(amount, &corridor->max) > 0) {
            return "a move is above its corridor's capacity";
        }
        if (amount_add(head, amount, head) != STATUS_OK ||
            amount_subtract(tail, amount, tail) != STATUS_OK) {
            return "a place would be left with less than nothing";
        }
        if (!plan_move_cost(checker->network, index, amount, &answer->moves[i].cost) ||
            amount_add(&answer->cost, &answer->moves[i].cost, &answer->cost) != STATUS_OK) {
            return "the cost is out of range";
        }
        checker->flows[index] = *amount;
        checker->matched++;
    }
    return NULL;
}

static const char *corridors_check(struct checker *checker, struct plan_answer *answer)
{
    for (uint32_t i = 0; i < checker->network->counts.corridors; i++) {
        const char *wrong = corridor_flow(checker, i, answer);
        if (wrong != NULL) {
            return wrong;
        }
    }
    return checker->matched == answer->count ? NULL : "a move has no corridor";
}

static const char *bounds_check(const struct checker *checker)
{
    struct amount after = amount_zero();

    for (uint32_t i = 0; i < checker->network->counts.places; i++) {
        const struct route_place *place = &checker->network->places[i];
        if (amount_compare(&checker->positions[i], &place->min) < 0 ||
            amount_compare(&checker->positions[i], &place->max) > 0) {
            return "a place would leave its bounds";
        }
        if (amount_add(&after, &checker->positions[i], &after) != STATUS_OK) {
            return "positions add up to too much";
        }
    }
    return amount_equal(&after, &checker->before) ? NULL : "the plan makes or loses capital";
}

static const char *groups_check(const struct checker *checker)
{
    const struct network *network = checker->network;

    for (uint32_t g = 0; g < network->counts.groups; g++) {
        const struct route_span span = network->groups[g].corridors;
        struct amount sum = amount_zero();
        for (uint32_t i = 0; i < span.count; i++) {
            const struct amount *flow = &checker->flows[network->terms[span.first + i].index];
            if (amount_add(&sum, flow, &sum) != STATUS_OK ||
                amount_compare(&sum, &network->groups[g].max) > 0) {
                return "moves together are above a limit";
            }
        }
    }
    return NULL;
}

const char *plan_answer_check(const struct core_config *config,
                              const struct plan_question *question, const struct event *event,
                              struct plan_answer *ret_answer)
{
    struct checker checker;
    const char *wrong;

    memset(&checker, 0, sizeof(checker));
    memset(ret_answer, 0, sizeof(*ret_answer));
    checker.network = &question->network;
    wrong = moves_check(event, ret_answer);
    if (wrong == NULL) {
        wrong = places_read(&checker);
    }
    if (wrong == NULL) {
        wrong = corridors_check(&checker, ret_answer);
    }
    if (wrong == NULL) {
        wrong = bounds_check(&checker);
    }
    if (wrong == NULL) {
        wrong = groups_check(&checker);
    }
    if (wrong == NULL && !amount_equal(&ret_answer->cost, &event->planned.cost)) {
        wrong = "the stated cost is not what the moves cost";
    }
    if (wrong == NULL && !plan_proof_check(config, question, checker.flows, checker.positions,
                                           event->planned.proof, ret_answer)) {
        wrong = "the proof is none for this network";
    }
    return wrong;
}
