/* SPDX-License-Identifier: Apache-2.0 */
/* relay/backtest/sluice.c: the policy that asks the routing core.
 *
 * A chain is worth what its liquidity will earn, and its yield. Users took `drain` from it per step
 * on balance, with so much scatter; over the time until help could come that makes a distribution
 * of what they may want, and the z-th unit there earns (fee + what a blocked transfer costs) times
 * the chance that it is wanted. That curve falls, the yield's falls, so their sum is a concave
 * curve and the routing core's network says the rest: bridges with their fees, their fixed costs as
 * transactions, their delay as yield lost on the way. What is owed already is wanted for certain.
 * Moves that would gain less than they cost and a margin are not made. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "relay/backtest/world.h"
#include "relay/base/check.h"
#include "relay/routing/allocation.h"

#define EDGES_MAX 24u
#define STEPS_MAX 400u
#define GAP       1e-4
#define MARGIN    0.3
#define YIELD_S   86400.0
/* Of users' scatter: what stays when a slow bridge takes the rest. */
#define KEPT_SCATTERS 2.5
#define BATCH_S_MAX   28800.0
#define STOCK_PART    0.2
/* Of a move's fee, its fixed cost. */
#define FIXED_PART 0.1
/* How far to look, in delays; planning itself takes some intervals more. */
#define LOOKOUT 1.25
/* Users wait for a while: help that comes within their patience is in time. Not all of it, because
 * a plan is made some time after they came. Measured over 130 runs: with none of it 13 are lost,
 * with this part 8 or 9, with most of it a slow bridge earns less. */
#define PATIENCE_PART 0.4
/* Delays within this factor of the quickest are alike. */
#define LIKE_DELAYS 6.0
#define YEAR_S      31536000.0
/* Of the whole capital: what users may take at once before anything is known of them. */
#define SCATTER_AT_FIRST 0.01

struct chain_curve {
    double owed;
    double mean; /* of what users may want, on top */
    double scatter;
    double worth; /* of a unit that is wanted */
    double edges[EDGES_MAX];
    uint32_t edges_count;
};

/* Bridges of like delays, planned together. */
struct horizon {
    double delay_min_s; /* longer than this, */
    double delay_max_s; /* and at most this */
    double lookout_s;   /* for what users may want by chance */
    double batch_s;     /* on top, for what they take on balance */
    double kept_s;      /* what users may want so long stays */
};

struct question {
    const struct world_view *view;
    struct horizon horizon;
    const double *present; /* less what was sent already */
    double balance[SCENARIO_CHAINS_MAX];
    double total;
    struct chain_curve curves[SCENARIO_CHAINS_MAX];
    struct model_place places[SCENARIO_CHAINS_MAX];
    struct model_corridor corridors[SCENARIO_BRIDGES_MAX];
    struct model_group groups[SCENARIO_CHAINS_MAX];
    struct model_transaction transactions[SCENARIO_BRIDGES_MAX];
    struct model_piece pieces[SCENARIO_CHAINS_MAX * EDGES_MAX];
    struct model_term terms[2 * SCENARIO_BRIDGES_MAX];
    struct model model;
};

/* ---- what a chain is worth ---- */

/* The chance that users want more than `amount`: falls like a bell's tail near the middle and not
 * so fast far out, because users come in crowds. */
static double wanted(const struct chain_curve *curve, double amount)
{
    const double x = (amount - curve->owed - curve->mean) / curve->scatter;

    if (amount < curve->owed) {
        return 1;
    }
    return 0.5 * (1 - x / sqrt(1 + x * x));
}

static double yield_rate(const struct scenario_chain *chain, double amount)
{
    double edge = 0;

    for (uint32_t i = 0; i < chain->pieces_count; i++) {
        edge += chain->pieces[i].width;
        if (amount < edge) {
            return chain->pieces[i].apr;
        }
    }
    return 0;
}

static double marginal(const struct question *question, uint32_t chain, double amount)
{
    const struct chain_curve *curve = &question->curves[chain];

    return curve->worth * wanted(curve, amount) +
           yield_rate(&question->view->scenario->chains[chain], amount) * (YIELD_S / YEAR_S);
}

static void edge_add(struct chain_curve *curve, double edge, double most)
{
    uint32_t at = curve->edges_count;

    if (!(edge > 0) || !(edge < most) || curve->edges_count == EDGES_MAX - 1) {
        return;
    }
    for (; at > 0 && curve->edges[at - 1] > edge; at--) {
        curve->edges[at] = curve->edges[at - 1];
    }
    curve->edges[at] = edge;
    curve->edges_count++;
}

/* Of what users take in so many steps: their own, and that of the mean, which is known from some
 * steps alone. */
static double scatter_of(const struct world_view *view, uint32_t chain, double ticks)
{
    const double variance = view->drain_squared[chain] - view->drain[chain] * view->drain[chain];
    const double known = 2 * WORLD_MEMORY_S / view->scenario->step_s;

    return variance > 0 ? sqrt(variance * ticks * (1 + ticks / known)) : 0;
}

/* The most that users will have taken within so many steps, at any of them: what a policy that is
 * told the future reckons with. */
static double foreseen(const struct world_view *view, uint32_t chain, double ticks)
{
    const uint32_t chains = view->scenario->chains_count;
    const uint32_t first = view->tick + 1; /* this step's users were seen already */
    double most = 0;

    for (uint32_t i = 1; i <= ticks && first + i <= view->ticks; i++) {
        const double taken = view->ahead[(size_t)(first + i) * chains + chain] -
                             view->ahead[(size_t)first * chains + chain];
        most = taken > most ? taken : most;
    }
    return most;
}

/* What must not leave for long: it would be missed here before anything can come back. */
static double kept_at(const struct world_view *view, uint32_t chain, double lookout_s)
{
    const double ticks = lookout_s / view->scenario->step_s;
    if (view->ahead != NULL) {
        return foreseen(view, chain, ticks);
    }
    const double kept = ticks * view->drain[chain] + KEPT_SCATTERS * scatter_of(view, chain, ticks);

    return kept > 0 ? kept : 0;
}

static void curve_build(struct question *question, uint32_t index)
{
    static const double steps[] = {-3, -2, -1.4, -0.9, -0.4, 0, 0.4, 0.9, 1.4, 2, 3, 4.5, 7};
    const struct world_view *view = question->view;
    const struct scenario *scenario = view->scenario;
    struct chain_curve *curve = &question->curves[index];
    const double ticks = question->horizon.lookout_s / scenario->step_s;
    const double at_first = SCATTER_AT_FIRST * question->total;
    double edge = 0;

    curve->owed = view->owed[index];
    curve->mean = (ticks + question->horizon.batch_s / scenario->step_s) * view->drain[index];
    curve->scatter = scatter_of(view, index, ticks) + 1e-6 * question->total + 1e-9;
    if (view->tick < ticks) {
        curve->scatter += at_first * (1 - view->tick / ticks);
    }
    if (view->ahead != NULL) {
        const double batch = question->horizon.batch_s / scenario->step_s;
        curve->mean = foreseen(view, index, ticks + batch);
        curve->scatter = 1e-6 * question->total + 1e-9;
    }
    curve->worth = scenario->transfer_fee + scenario->blocked_cost;
    edge_add(curve, curve->owed, question->total);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        edge_add(curve, curve->owed + curve->mean + steps[i] * curve->scatter, question->total);
    }
    for (uint32_t i = 0; i < scenario->chains[index].pieces_count; i++) {
        edge += scenario->chains[index].pieces[i].width;
        edge_add(curve, edge, question->total);
    }
    curve->edges[curve->edges_count++] = question->total;
}

static void place_build(struct question *question, uint32_t index)
{
    struct model_place *place = &question->places[index];
    const struct chain_curve *curve = &question->curves[index];
    double from = 0;
    double last = 1e9;

    *place = (struct model_place){.price = 1,
                                  .balance = question->balance[index],
                                  .max = question->total,
                                  .yield = ROUTE_YIELD_PIECES,
                                  .pieces = {.first = question->model.counts.pieces, .count = 0}};
    for (uint32_t i = 0; i < curve->edges_count; i++) {
        const double width = curve->edges[i] - from;
        double rate = marginal(question, index, from + width / 2);
        if (!(width > 1e-9 * question->total)) {
            continue;
        }
        rate = rate < last ? rate : last; /* a middle is no exact mean */
        question->pieces[question->model.counts.pieces++] = (struct model_piece){width, rate};
        place->pieces.count++;
        last = rate;
        from = curve->edges[i];
    }
    if (place->pieces.count == 0) {
        place->yield = ROUTE_YIELD_NONE;
    }
}

/* ---- the network ---- */

/* What may leave a chain. */
static double free_at(const struct question *question, uint32_t chain)
{
    const double kept = kept_at(question->view, chain, question->horizon.kept_s);

    return question->present[chain] - question->view->owed[chain] - kept;
}

static bool is_of(const struct horizon *horizon, const struct scenario_bridge *bridge)
{
    return bridge->delay_s > horizon->delay_min_s && bridge->delay_s <= horizon->delay_max_s;
}

static void corridor_build(struct question *question, uint32_t index)
{
    const struct scenario *scenario = question->view->scenario;
    const struct scenario_bridge *bridge = &scenario->bridges[index];
    const struct world_view *view = question->view;
    const double free_here = view->present[bridge->from] - view->owed[bridge->from];
    const double max = free_here < bridge->max ? free_here : bridge->max;
    const double rate = yield_rate(&scenario->chains[bridge->from], view->present[bridge->from]);
    const bool is_open = is_of(&question->horizon, bridge) && max > scenario->move_min && max > 0;

    question->corridors[index] = (struct model_corridor){.from = bridge->from,
                                                         .to = bridge->to,
                                                         .transaction = index,
                                                         .max = is_open ? max : 0,
                                                         .cost = rate * bridge->delay_s / YEAR_S,
                                                         .output = ROUTE_OUTPUT_LINEAR,
                                                         .gain = 1 - bridge->fee};
    question->transactions[index] =
        (struct model_transaction){.cost = bridge->fixed + scenario->chains[bridge->from].gas,
                                   .corridors = {.first = index, .count = 1}};
    question->terms[index] = (struct model_term){index, 1};
}

/* All that leaves a chain together is there, and not owed. */
static void group_build(struct question *question, uint32_t chain)
{
    const struct world_view *view = question->view;
    const double free_here = free_at(question, chain);
    struct model_group *group = &question->groups[chain];

    *group = (struct model_group){.max = free_here > 0 ? free_here : 0,
                                  .places = {.first = question->model.counts.terms, .count = 0},
                                  .corridors = {.first = question->model.counts.terms}};
    for (uint32_t i = 0; i < view->scenario->bridges_count; i++) {
        if (view->scenario->bridges[i].from == chain) {
            question->terms[question->model.counts.terms++] = (struct model_term){i, 1};
            group->corridors.count++;
        }
    }
}

/* What is there, and what arrives before the lookout is over. */
static void balances_build(struct question *question)
{
    const struct world_view *view = question->view;
    const double ticks = question->horizon.lookout_s / view->scenario->step_s;

    for (uint32_t i = 0; i < view->scenario->chains_count; i++) {
        question->balance[i] = question->present[i] > 0 ? question->present[i] : 0;
    }
    for (size_t i = 0; i < view->flights_count; i++) {
        const struct flight *flight = &view->flights[i];
        if (flight->due <= view->tick + ticks) {
            question->balance[flight->to] += flight->amount;
        }
    }
    for (uint32_t i = 0; i < view->scenario->chains_count; i++) {
        question->total += question->balance[i];
    }
}

static void question_build(struct question *question, const struct world_view *view)
{
    const struct scenario *scenario = view->scenario;

    question->view = view;
    question->model.counts.places = scenario->chains_count;
    question->model.counts.corridors = scenario->bridges_count;
    question->model.counts.groups = scenario->chains_count;
    question->model.counts.transactions = scenario->bridges_count;
    question->model.counts.terms = scenario->bridges_count;
    balances_build(question);
    for (uint32_t i = 0; i < scenario->bridges_count; i++) {
        corridor_build(question, i);
    }
    for (uint32_t i = 0; i < scenario->chains_count; i++) {
        curve_build(question, i);
        place_build(question, i);
        group_build(question, i);
    }
    question->model.places = question->places;
    question->model.corridors = question->corridors;
    question->model.groups = question->groups;
    question->model.transactions = question->transactions;
    question->model.pieces = question->pieces;
    question->model.terms = question->terms;
    const enum status status = model_check(&question->model);
    CHECK(status == STATUS_OK);
}

/* ---- the answer ---- */

static double worth(const struct question *question, uint32_t place, double amount)
{
    const struct model_place *at = &question->places[place];
    double rest = amount;
    double value = amount;

    for (uint32_t i = 0; i < at->pieces.count && rest > 0; i++) {
        const struct model_piece *piece = &question->pieces[at->pieces.first + i];
        value += piece->rate * (rest < piece->width ? rest : piece->width);
        rest -= piece->width;
    }
    return value;
}

/* What this move alone makes, the others made: with its end and its start as they then are. */
static double gain_of(const struct question *question, const double *positions, uint32_t bridge,
                      double amount)
{
    const struct model_corridor *corridor = &question->corridors[bridge];
    const double arrived = corridor->gain * amount;

    return worth(question, corridor->to, positions[corridor->to]) -
           worth(question, corridor->to, positions[corridor->to] - arrived) -
           worth(question, corridor->from, positions[corridor->from] + amount) +
           worth(question, corridor->from, positions[corridor->from]) - corridor->cost * amount;
}

static uint32_t moves_take(const struct question *question, const struct model_plan *plan,
                           struct world_move *moves)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < question->model.counts.corridors && count < WORLD_MOVES_MAX; i++) {
        const double amount = plan->flows[i] * (1 - 1e-9);
        const double cost = question->transactions[i].cost;
        const double fee = (1 - question->corridors[i].gain) * amount;
        if (amount < question->view->scenario->move_min || !(amount > 0)) {
            continue;
        }
        if (gain_of(question, plan->positions, i, amount) > cost + MARGIN * (cost + fee)) {
            moves[count++] = (struct world_move){i, amount};
        }
    }
    return count;
}

/* Solves one question; returns the moves that are worth making. */
static uint32_t ask(const struct world_view *view, const struct horizon *horizon,
                    const double *present, struct world_move *moves)
{
    const struct allocation_options options = {.gap = GAP, .steps_max = STEPS_MAX};
    struct question *question = calloc(1, sizeof(*question));
    struct allocation allocation;
    struct model_plan plan;
    uint32_t count = 0;

    CHECK(question != NULL);
    question->horizon = *horizon;
    question->present = present;
    question_build(question, view);
    void *layout = malloc(allocation_footprint(&question->model) + 1);
    CHECK(layout != NULL);
    if (allocation_init(&allocation, &question->model, layout) == STATUS_OK) {
        void *memory = malloc(allocation_solve_footprint(&allocation) + 1);
        CHECK(memory != NULL);
        if (allocation_solve(&allocation, &options, memory, &plan) == STATUS_OK &&
            plan.status != MODEL_INFEASIBLE) {
            count = moves_take(question, &plan, moves);
        }
        free(memory);
    }
    free(layout);
    free(question);
    return count;
}

/* A move beyond the amount at which its fixed cost is a small part of its fee saves nothing. */
static double amount_capped(const struct scenario *scenario, const struct world_move *move)
{
    const struct scenario_bridge *bridge = &scenario->bridges[move->bridge];
    const double fixed = bridge->fixed + scenario->chains[bridge->from].gas;
    const double most = bridge->fee > 0 ? fixed / (FIXED_PART * bridge->fee) : move->amount;

    return move->amount < most ? move->amount : most;
}

/* The moves to one chain: the large ones, capped, or those that are due if these bring more. */
static uint32_t larger_take(const struct world_view *view, uint32_t chain,
                            const struct world_move *due, uint32_t due_count,
                            const struct world_move *large, uint32_t large_count,
                            struct world_move *moves, uint32_t count)
{
    const struct scenario *scenario = view->scenario;
    double due_sum = 0;
    double large_sum = 0;

    for (uint32_t i = 0; i < due_count; i++) {
        due_sum += scenario->bridges[due[i].bridge].to == chain ? due[i].amount : 0;
    }
    for (uint32_t i = 0; i < large_count; i++) {
        large_sum +=
            scenario->bridges[large[i].bridge].to == chain ? amount_capped(scenario, &large[i]) : 0;
    }
    const bool use_large = large_sum > due_sum;
    const struct world_move *from = use_large ? large : due;
    const uint32_t from_count = use_large ? large_count : due_count;
    for (uint32_t i = 0; i < from_count && count < WORLD_MOVES_MAX; i++) {
        if (scenario->bridges[from[i].bridge].to == chain) {
            const double amount = use_large ? amount_capped(scenario, &from[i]) : from[i].amount;
            moves[count++] = (struct world_move){from[i].bridge, amount};
        }
    }
    return count;
}

/* How much further a move that is due looks: no further than a part of the capital would last, or
 * one chain's stock would be another's want. */
static double batch_seconds(const struct world_view *view)
{
    double total = 0;
    double drained = 0; /* a step, where users take on balance */

    for (uint32_t i = 0; i < view->scenario->chains_count; i++) {
        total += view->present[i] + view->arriving[i];
        drained += view->drain[i] > 0 ? view->drain[i] : 0;
    }
    const double lasts_s =
        drained > 0 ? STOCK_PART * total / drained * view->scenario->step_s : BATCH_S_MAX;
    return lasts_s < BATCH_S_MAX ? lasts_s : BATCH_S_MAX;
}

/* Whether a move is due is asked of the near future alone, because what can wait may turn out not
 * to be needed; how much goes is asked of a longer one, because a move that is due pays its fixed
 * cost anyway. */
static uint32_t batch(const struct world_view *view, const struct horizon *horizon,
                      const double *present, struct world_move *moves)
{
    struct world_move due[WORLD_MOVES_MAX];
    struct world_move large[WORLD_MOVES_MAX];
    struct horizon longer = *horizon;
    bool wanted_at[SCENARIO_CHAINS_MAX] = {false};
    uint32_t count = 0;

    const uint32_t due_count = ask(view, horizon, present, due);
    for (uint32_t i = 0; i < due_count; i++) {
        wanted_at[view->scenario->bridges[due[i].bridge].to] = true;
    }
    longer.batch_s = batch_seconds(view);
    const uint32_t large_count = due_count == 0 ? 0 : ask(view, &longer, present, large);
    for (uint32_t i = 0; i < view->scenario->chains_count; i++) {
        if (wanted_at[i]) {
            count = larger_take(view, i, due, due_count, large, large_count, moves, count);
        }
    }
    return count;
}

static double lookout_seconds(const struct scenario *scenario, double delay_s)
{
    const double least_s = delay_s + scenario->plan_s;
    const double lookout_s =
        LOOKOUT * delay_s + 4.0 * scenario->plan_s - PATIENCE_PART * scenario->patience_s;

    return lookout_s > least_s ? lookout_s : least_s;
}

/* Bridges that take much longer than the quickest are for what is seen coming; the quick ones for
 * what comes before those arrive. */
uint32_t policy_sluice(const struct world_view *view, struct world_move moves[WORLD_MOVES_MAX])
{
    const struct scenario *scenario = view->scenario;
    double present[SCENARIO_CHAINS_MAX];
    double quickest = 1e9;
    double slowest = 0;
    uint32_t count = 0;

    memcpy(present, view->present, sizeof(present));
    for (uint32_t i = 0; i < scenario->bridges_count; i++) {
        const double delay_s = scenario->bridges[i].delay_s;
        quickest = delay_s < quickest ? delay_s : quickest;
        slowest = delay_s > slowest ? delay_s : slowest;
    }
    const double edge = LIKE_DELAYS * (quickest + scenario->plan_s);
    double near_max = 0;
    for (uint32_t i = 0; i < scenario->bridges_count; i++) {
        const double delay_s = scenario->bridges[i].delay_s;
        near_max = delay_s <= edge && delay_s > near_max ? delay_s : near_max;
    }
    const double near_s = lookout_seconds(scenario, near_max);
    const double far_s = lookout_seconds(scenario, slowest);
    const struct horizon near = {-1, near_max, near_s, 0, 0};
    const struct horizon far = {edge, slowest, far_s, 0, near_s};
    const uint32_t near_count = batch(view, &near, present, moves);
    if (slowest > edge) {
        struct world_move more[WORLD_MOVES_MAX];
        for (uint32_t i = 0; i < near_count; i++) {
            present[scenario->bridges[moves[i].bridge].from] -= moves[i].amount;
        }
        const uint32_t more_count = batch(view, &far, present, more);
        for (uint32_t i = 0; i < more_count && near_count + count < WORLD_MOVES_MAX; i++) {
            moves[near_count + count++] = more[i];
        }
    }
    return near_count + count;
}
