/* SPDX-License-Identifier: Apache-2.0 */
/* relay/backtest/peers.c: how other rebalancers decide, from descriptions of what they compute.
 *
 *   weighted    targets are shares of the whole. Who is below its target by more than the tolerance
 *               is short; whoever is above its target gives, down to the target. If the givers have
 *               less than is short, every shortage shrinks in proportion. Largest gives to largest.
 *   min-amount  who is below its minimum is filled to its target; whoever is above its minimum
 *               gives, down to the minimum. Pairing as above.
 *   greedy      who is below its target by more than the tolerance is served, the largest shortage
 *               first, from the largest excess first, by the cheapest bridge for the amount;
 * nothing at more than 2.5 % of it, and no more than two moves under way to one chain.
 *
 * All count what is owed to users and what is under way. The first two know one bridge per pair,
 * the first that is configured; a pair that it cannot carry is dropped. None weighs gains with
 * costs. */
#include <stddef.h>

#include "relay/backtest/world.h"

#define COST_PART_MAX 0.025
#define UNDER_WAY_MAX 2u
#define NO_BRIDGE     UINT32_MAX

struct side {
    uint32_t chain;
    double amount;
};

struct sides {
    struct side list[SCENARIO_CHAINS_MAX];
    uint32_t count;
    double sum;
};

static double effective(const struct world_view *view, uint32_t chain)
{
    return view->present[chain] + view->arriving[chain] - view->owed[chain];
}

/* Keeps the largest first; of equals, the one that came first. */
static void side_add(struct sides *sides, uint32_t chain, double amount)
{
    uint32_t at = sides->count++;

    for (; at > 0 && sides->list[at - 1].amount < amount; at--) {
        sides->list[at] = sides->list[at - 1];
    }
    sides->list[at] = (struct side){chain, amount};
    sides->sum += amount;
}

static uint32_t first_bridge(const struct scenario *scenario, uint32_t from, uint32_t to)
{
    for (uint32_t i = 0; i < scenario->bridges_count; i++) {
        if (scenario->bridges[i].from == from && scenario->bridges[i].to == to) {
            return i;
        }
    }
    return NO_BRIDGE;
}

/* Largest with largest; each pair is judged alone afterwards, and what it cannot move is lost. */
static uint32_t pair_up(const struct world_view *view, struct sides *surplus, struct sides *deficit,
                        struct world_move *moves)
{
    uint32_t giver = 0;
    uint32_t taker = 0;
    uint32_t count = 0;

    if (surplus->sum < deficit->sum) {
        for (uint32_t i = 0; i < deficit->count; i++) {
            deficit->list[i].amount *= surplus->sum / deficit->sum;
        }
    }
    while (giver < surplus->count && taker < deficit->count && count < WORLD_MOVES_MAX) {
        struct side *from = &surplus->list[giver];
        struct side *to = &deficit->list[taker];
        const double amount = from->amount < to->amount ? from->amount : to->amount;
        const uint32_t bridge = first_bridge(view->scenario, from->chain, to->chain);
        if (bridge != NO_BRIDGE && amount <= view->present[from->chain] &&
            amount <= view->scenario->bridges[bridge].max) {
            moves[count++] = (struct world_move){bridge, amount};
        }
        from->amount -= amount;
        to->amount -= amount;
        if (from->amount <= 0) {
            giver++;
        }
        if (to->amount <= 0) {
            taker++;
        }
    }
    return count;
}

static double target_of(const struct world_view *view, uint32_t chain)
{
    double total = 0;
    double weights = 0;

    for (uint32_t i = 0; i < view->scenario->chains_count; i++) {
        total += effective(view, i);
        weights += view->scenario->chains[i].weight;
    }
    return weights > 0 ? total * view->scenario->chains[chain].weight / weights : 0;
}

static uint32_t plan_weighted(const struct world_view *view,
                              struct world_move moves[WORLD_MOVES_MAX])
{
    struct sides surplus = {.count = 0};
    struct sides deficit = {.count = 0};

    for (uint32_t i = 0; i < view->scenario->chains_count; i++) {
        const double target = target_of(view, i);
        const double here = effective(view, i);
        if (here < target * (1 - view->scenario->tolerance)) {
            side_add(&deficit, i, target - here);
        } else if (here > target) {
            side_add(&surplus, i, here - target);
        }
    }
    return pair_up(view, &surplus, &deficit, moves);
}

static uint32_t plan_min_amount(const struct world_view *view,
                                struct world_move moves[WORLD_MOVES_MAX])
{
    struct sides surplus = {.count = 0};
    struct sides deficit = {.count = 0};

    for (uint32_t i = 0; i < view->scenario->chains_count; i++) {
        const struct scenario_chain *chain = &view->scenario->chains[i];
        const double here = effective(view, i);
        if (here < chain->min) {
            side_add(&deficit, i, chain->target - here);
        } else if (here > chain->min) {
            side_add(&surplus, i, here - chain->min);
        }
    }
    return pair_up(view, &surplus, &deficit, moves);
}

static double cost_of(const struct world_view *view, uint32_t bridge, double amount)
{
    const struct scenario_bridge *way = &view->scenario->bridges[bridge];
    return way->fee * amount + way->fixed + view->scenario->chains[way->from].gas;
}

static uint32_t cheapest_bridge(const struct world_view *view, uint32_t from, uint32_t to,
                                double amount)
{
    uint32_t best = NO_BRIDGE;

    for (uint32_t i = 0; i < view->scenario->bridges_count; i++) {
        const struct scenario_bridge *way = &view->scenario->bridges[i];
        if (way->from == from && way->to == to &&
            (best == NO_BRIDGE || cost_of(view, i, amount) < cost_of(view, best, amount))) {
            best = i;
        }
    }
    return best;
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

static uint32_t plan_greedy(const struct world_view *view, struct world_move moves[WORLD_MOVES_MAX])
{
    struct sides excess = {.count = 0};
    struct sides shortage = {.count = 0};
    uint32_t count = 0;

    for (uint32_t i = 0; i < view->scenario->chains_count; i++) {
        const double target = target_of(view, i);
        const double here = effective(view, i);
        if (here < target * (1 - view->scenario->tolerance)) {
            side_add(&shortage, i, target - here);
        } else if (here > target) {
            side_add(&excess, i, least(here - target, view->present[i]));
        }
    }
    for (uint32_t i = 0; i < shortage.count; i++) {
        struct side *to = &shortage.list[i];
        uint32_t under_way = view->under_way[to->chain];
        for (uint32_t k = 0; k < excess.count && count < WORLD_MOVES_MAX; k++) {
            struct side *from = &excess.list[k];
            double amount = least(to->amount, from->amount);
            const uint32_t bridge = cheapest_bridge(view, from->chain, to->chain, amount);
            if (bridge == NO_BRIDGE || under_way >= UNDER_WAY_MAX) {
                continue;
            }
            amount = least(amount, view->scenario->bridges[bridge].max);
            if (amount < view->scenario->move_min || amount <= 0 ||
                cost_of(view, bridge, amount) > COST_PART_MAX * amount) {
                continue;
            }
            moves[count++] = (struct world_move){bridge, amount};
            from->amount -= amount;
            to->amount -= amount;
            under_way++;
        }
    }
    return count;
}

static uint32_t plan_nothing(const struct world_view *view,
                             struct world_move moves[WORLD_MOVES_MAX])
{
    (void)view;
    (void)moves;
    return 0;
}

const struct policy policies[] = {
    {"sluice", policy_sluice}, {"weighted", plan_weighted}, {"min-amount", plan_min_amount},
    {"greedy", plan_greedy},   {"nothing", plan_nothing},   {NULL, NULL},
};
