/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/plan_check.c: the answer, recomputed in exact integers from the network alone. Shares
 * nothing with the solver but the way a network is written. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/plan_internal.h"
#include "relay/routing/network.h"

#define CORRIDORS_MAX (PLAN_ROUTERS_MAX * (PLAN_ROUTERS_MAX - 1))
#define GROUPS_MAX    (2 * PLAN_ROUTERS_MAX)

struct checker {
    struct unpacker unpacker;
    struct network_counts counts;
    struct route_place places[PLAN_ROUTERS_MAX];
    struct amount positions[PLAN_ROUTERS_MAX];
    struct amount flows[CORRIDORS_MAX];
    struct route_group groups[GROUPS_MAX];
    struct amount before; /* everything there is */
    struct amount cost;
    uint32_t matched; /* moves that found their corridor */
};

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
    uint64_t horizon_s;

    network_unpack_header(&checker->unpacker, &checker->counts, &horizon_s);
    if (checker->unpacker.underrun || checker->counts.places > PLAN_ROUTERS_MAX ||
        checker->counts.corridors > CORRIDORS_MAX || checker->counts.groups > GROUPS_MAX) {
        return "the network that was asked about cannot be read";
    }
    for (uint32_t i = 0; i < checker->counts.places; i++) {
        checker->places[i] = network_unpack_place(&checker->unpacker);
        checker->positions[i] = checker->places[i].balance;
        if (amount_add(&checker->before, &checker->places[i].balance, &checker->before) !=
            STATUS_OK) {
            return "balances add up to too much";
        }
    }
    return NULL;
}

/* Gives the corridor the move of its pair. */
static const char *corridor_flow(struct checker *checker, uint32_t index,
                                 const struct route_corridor *corridor, struct plan_answer *answer)
{
    if (corridor->from >= checker->counts.places || corridor->to >= checker->counts.places) {
        return "the network that was asked about cannot be read";
    }
    for (uint32_t i = 0; i < answer->count; i++) {
        if (answer->moves[i].from != checker->places[corridor->from].tag ||
            answer->moves[i].to != checker->places[corridor->to].tag) {
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
        if (route_decimal_of_ceil(amount, corridor->cost, &answer->moves[i].cost) != STATUS_OK ||
            amount_add(&checker->cost, &answer->moves[i].cost, &checker->cost) != STATUS_OK) {
            return "the cost is out of range";
        }
        checker->flows[index] = *amount;
        checker->matched++;
    }
    return NULL;
}

static const char *corridors_check(struct checker *checker, struct plan_answer *answer)
{
    for (uint32_t i = 0; i < checker->counts.corridors; i++) {
        const struct route_corridor corridor = network_unpack_corridor(&checker->unpacker);
        const char *wrong = corridor_flow(checker, i, &corridor, answer);
        if (wrong != NULL) {
            return wrong;
        }
    }
    return checker->matched == answer->count ? NULL : "a move has no corridor";
}

static const char *bounds_check(const struct checker *checker)
{
    struct amount after = amount_zero();

    for (uint32_t i = 0; i < checker->counts.places; i++) {
        const struct route_place *place = &checker->places[i];
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

static const char *groups_check(struct checker *checker)
{
    for (uint32_t i = 0; i < checker->counts.groups; i++) {
        checker->groups[i] = network_unpack_group(&checker->unpacker);
    }
    for (uint32_t i = 0; i < checker->counts.pieces; i++) {
        (void)network_unpack_piece(&checker->unpacker);
    }
    struct amount sums[GROUPS_MAX];
    memset(sums, 0, sizeof(sums));
    for (uint32_t t = 0; t < checker->counts.terms; t++) {
        const struct route_term term = network_unpack_term(&checker->unpacker);
        for (uint32_t i = 0; i < checker->counts.groups; i++) {
            const struct route_span span = checker->groups[i].corridors;
            if (t < span.first || t - span.first >= span.count) {
                continue;
            }
            if (term.index >= checker->counts.corridors ||
                amount_add(&sums[i], &checker->flows[term.index], &sums[i]) != STATUS_OK ||
                amount_compare(&sums[i], &checker->groups[i].max) > 0) {
                return "moves together are above a limit";
            }
        }
    }
    (void)unpack_u64(&checker->unpacker);
    return unpacker_is_done(&checker->unpacker) ? NULL
                                                : "the network that was asked about cannot be read";
}

const char *plan_answer_check(struct bytes network, const struct event *event,
                              struct plan_answer *ret_answer)
{
    struct checker checker;
    const char *wrong;

    memset(&checker, 0, sizeof(checker));
    checker.unpacker = unpacker_from(network);
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
    if (wrong == NULL && !amount_equal(&checker.cost, &event->planned.cost)) {
        wrong = "the stated cost is not what the moves cost";
    }
    return wrong;
}
