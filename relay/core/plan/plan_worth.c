/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/plan/plan_worth.c: which moves of a checked answer are worth making, in exact
 * integers.
 *
 * What a place is worth is the sum over the pieces of its curve, each rounded down. A move's gain
 * is what would be lost if it alone were not made: what its end has more worth with it, less what
 * its start has. Taking one move out changes the others' gains at the two places it touched, so the
 * worst one goes first and the rest are weighed again; each round ends one move, so it ends. */
#include "relay/base/check.h"
#include "relay/core/plan/plan_internal.h"

struct weighing {
    const struct network *network;
    const struct core_route *route;
    struct plan_answer *answer;
    struct amount together;                    /* that all moves may still be */
    struct amount positions[PLAN_ROUTERS_MAX]; /* with all moves that are left */
};

uint32_t plan_group_tag(uint32_t router, enum plan_limit_kind kind)
{
    CHECK((uint32_t)kind < PLAN_GROUP_KINDS);
    return PLAN_GROUP_KINDS * router + (uint32_t)kind;
}

static uint32_t place_of(const struct network *network, uint32_t tag)
{
    for (uint32_t i = 0; i < network->counts.places; i++) {
        if (network->places[i].tag == tag) {
            return i;
        }
    }
    CHECK(false);
    return 0;
}

static uint32_t corridor_of(const struct network *network, uint32_t from, uint32_t to)
{
    for (uint32_t i = 0; i < network->counts.corridors; i++) {
        if (network->places[network->corridors[i].from].tag == from &&
            network->places[network->corridors[i].to].tag == to) {
            return i;
        }
    }
    CHECK(false);
    return 0;
}

/* What all is worth at a place beyond its price, which is the same at every place of one asset.
 * False: out of range. */
static bool worth_of(const struct network *network, uint32_t place, const struct amount *amount,
                     struct amount *ret_worth)
{
    const struct route_place *at = &network->places[place];
    struct amount rest = *amount;
    struct amount worth = amount_zero();

    for (uint32_t i = 0; at->yield == ROUTE_YIELD_PIECES && i < at->pieces.count; i++) {
        const struct route_piece *piece = &network->pieces[at->pieces.first + i];
        const struct amount part = amount_smaller(&rest, &piece->width);
        struct amount value;
        if (route_decimal_of_floor(&part, piece->rate, &value) != STATUS_OK ||
            amount_add(&worth, &value, &worth) != STATUS_OK) {
            return false;
        }
        const enum status status = amount_subtract(&rest, &part, &rest);
        CHECK(status == STATUS_OK);
    }
    *ret_worth = worth;
    return true;
}

/* after - before, at least zero. False: out of range. */
static bool worth_change(const struct network *network, uint32_t place, const struct amount *less,
                         const struct amount *more, struct amount *ret_change)
{
    struct amount low;
    struct amount high;

    return worth_of(network, place, less, &low) && worth_of(network, place, more, &high) &&
           amount_subtract(&high, &low, ret_change) == STATUS_OK;
}

/* What is lost when move `index` alone is not made; zero when something is gained by that. */
static struct amount gain_of(const struct weighing *weighing, uint32_t index)
{
    const struct network *network = weighing->network;
    const uint32_t tail = place_of(network, weighing->answer->moves[index].from);
    const uint32_t head = place_of(network, weighing->answer->moves[index].to);
    const struct amount *amount = &weighing->answer->moves[index].amount;
    struct amount tail_without;
    struct amount head_without;
    struct amount gained;
    struct amount given;

    if (amount_add(&weighing->positions[tail], amount, &tail_without) != STATUS_OK ||
        amount_subtract(&weighing->positions[head], amount, &head_without) != STATUS_OK ||
        !worth_change(network, head, &head_without, &weighing->positions[head], &gained) ||
        !worth_change(network, tail, &weighing->positions[tail], &tail_without, &given) ||
        amount_subtract(&gained, &given, &gained) != STATUS_OK) {
        return amount_zero();
    }
    return gained;
}

/* What a move must gain more than, at least. */
static struct amount bar_of(const struct weighing *weighing, const struct amount *cost)
{
    const struct amount whole = amount_from_u64(10000);
    const struct amount part = amount_from_u64(10000 + (uint64_t)weighing->route->margin.value);
    struct amount bar;

    return amount_scale_ceil(cost, &part, &whole, &bar) == STATUS_OK ? bar : amount_max();
}

static void positions_move(struct weighing *weighing, uint32_t index, bool undo)
{
    const uint32_t from = weighing->answer->moves[index].from;
    const uint32_t to = weighing->answer->moves[index].to;
    struct amount *tail = &weighing->positions[place_of(weighing->network, undo ? to : from)];
    struct amount *head = &weighing->positions[place_of(weighing->network, undo ? from : to)];
    const struct amount *amount = &weighing->answer->moves[index].amount;
    const enum status added = amount_add(head, amount, head);
    const enum status taken = amount_subtract(tail, amount, tail);

    /* The check has added all of them up, and what leaves a place was there before. */
    CHECK(added == STATUS_OK);
    CHECK(taken == STATUS_OK);
}

static void move_remove(struct plan_answer *answer, uint32_t index)
{
    CHECK(index < answer->count);
    answer->count--;
    for (uint32_t i = index; i < answer->count; i++) {
        answer->moves[i] = answer->moves[i + 1];
    }
}

/* Cuts and drops by size, and prices again what was cut. */
static uint32_t sizes_keep(struct weighing *weighing)
{
    const struct core_route *route = weighing->route;
    struct plan_answer *answer = weighing->answer;
    uint32_t small = 0;
    uint32_t i = 0;

    while (i < answer->count) {
        struct amount *amount = &answer->moves[i].amount;
        const uint32_t corridor =
            corridor_of(weighing->network, answer->moves[i].from, answer->moves[i].to);
        *amount = amount_smaller(amount, &route->move_max);
        *amount = amount_smaller(amount, &weighing->together);
        if (amount_compare(amount, &route->move_min) < 0 || amount_is_zero(amount)) {
            move_remove(answer, i);
            small++;
            continue;
        }
        if (!plan_move_cost(weighing->network, corridor, amount, &answer->moves[i].cost)) {
            answer->moves[i].cost = amount_max();
        }
        const enum status status =
            amount_subtract(&weighing->together, amount, &weighing->together);
        CHECK(status == STATUS_OK); /* was cut to that */
        i++;
    }
    return small;
}

/* The move that misses its bar by most; count: none misses it. */
static uint32_t worst_of(struct weighing *weighing)
{
    struct plan_answer *answer = weighing->answer;
    struct amount most = amount_zero();
    uint32_t worst = answer->count;

    for (uint32_t i = 0; i < answer->count; i++) {
        const struct amount bar = bar_of(weighing, &answer->moves[i].cost);
        struct amount missing;
        answer->moves[i].gain = gain_of(weighing, i);
        if (amount_compare(&answer->moves[i].gain, &bar) > 0) {
            continue;
        }
        const enum status status = amount_subtract(&bar, &answer->moves[i].gain, &missing);
        CHECK(status == STATUS_OK);
        if (worst == answer->count || amount_compare(&missing, &most) > 0) {
            worst = i;
            most = missing;
        }
    }
    return worst;
}

void plan_answer_prune(const struct core_route *route, const struct amount *together,
                       const struct plan_question *question, struct plan_answer *answer,
                       uint32_t *ret_small)
{
    struct weighing weighing = {
        .network = &question->network, .route = route, .answer = answer, .together = *together};

    CHECK(question->network.counts.places <= PLAN_ROUTERS_MAX);
    for (uint32_t i = 0; i < question->network.counts.places; i++) {
        weighing.positions[i] = question->network.places[i].balance;
    }
    *ret_small = sizes_keep(&weighing);
    for (uint32_t i = 0; i < answer->count; i++) {
        positions_move(&weighing, i, false);
    }
    for (;;) {
        const uint32_t worst = worst_of(&weighing);
        if (worst == answer->count) {
            break;
        }
        positions_move(&weighing, worst, true);
        move_remove(answer, worst);
    }
    answer->cost = amount_zero();
    for (uint32_t i = 0; i < answer->count; i++) {
        if (amount_add(&answer->cost, &answer->moves[i].cost, &answer->cost) != STATUS_OK) {
            answer->cost = amount_max();
        }
    }
}
