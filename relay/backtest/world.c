/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/backtest/world.h"

#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"

#define SECONDS_PER_YEAR 31536000.0

struct world {
    const struct scenario *scenario;
    struct world_view view;
    struct flight *flights;
    size_t flights_count;
    size_t flights_capacity;
    struct transfer *waiting; /* the oldest first */
    bool *late;               /* of those: their patience is over */
    size_t waiting_count;
    double drained[SCENARIO_CHAINS_MAX]; /* in this step */
    double came;                         /* from users, less what was paid to them */
    double *ahead;
    struct world_diary *diary; /* NULL: none is kept */
    struct world_result result;
};

double world_step_years(const struct scenario *scenario)
{
    return scenario->step_s / SECONDS_PER_YEAR;
}

double world_yield(const struct scenario_chain *chain, double amount)
{
    double yield = 0;
    double rest = amount;

    for (uint32_t i = 0; i < chain->pieces_count && rest > 0; i++) {
        const double width = chain->pieces[i].width;
        yield += chain->pieces[i].apr * (rest < width ? rest : width);
        rest -= width;
    }
    return yield;
}

/* ---- moves ---- */

static void arrivals_take(struct world *world)
{
    size_t kept = 0;

    for (size_t i = 0; i < world->flights_count; i++) {
        const struct flight flight = world->flights[i];
        if (flight.due <= world->view.tick) {
            world->view.present[flight.to] += flight.amount;
            world->view.arriving[flight.to] -= flight.amount;
            world->view.under_way[flight.to]--;
        } else {
            world->flights[kept++] = flight;
        }
    }
    world->flights_count = kept;
}

static void diary_add(struct world_diary *diary, uint32_t tick, const struct world_move *move)
{
    if (diary->count == diary->capacity) {
        diary->capacity = diary->capacity == 0 ? 64 : 2 * diary->capacity;
        struct world_done *list = realloc(diary->list, diary->capacity * sizeof(*list));
        CHECK(list != NULL);
        diary->list = list;
    }
    diary->list[diary->count++] = (struct world_done){tick, *move};
}

void world_diary_deinit(struct world_diary *diary)
{
    free(diary->list);
    *diary = (struct world_diary){.list = NULL};
}

static void move_make(struct world *world, const struct world_move *move)
{
    const struct scenario *scenario = world->scenario;
    const struct scenario_bridge *bridge = &scenario->bridges[move->bridge];
    struct world_result *result = &world->result;
    const double fee = bridge->fee * move->amount;

    if (!(move->amount > 0) || move->amount < scenario->move_min || move->amount > bridge->max ||
        move->amount > world->view.present[bridge->from]) {
        return;
    }
    if (world->flights_count == world->flights_capacity) {
        world->flights_capacity = world->flights_capacity == 0 ? 64 : 2 * world->flights_capacity;
        struct flight *flights =
            realloc(world->flights, world->flights_capacity * sizeof(*flights));
        CHECK(flights != NULL);
        world->flights = flights;
    }
    world->view.present[bridge->from] -= move->amount;
    world->view.arriving[bridge->to] += move->amount - fee;
    world->view.under_way[bridge->to]++;
    world->flights[world->flights_count++] = (struct flight){
        .due = world->view.tick + (bridge->delay_s + scenario->step_s - 1) / scenario->step_s,
        .to = bridge->to,
        .amount = move->amount - fee};
    result->fees += fee;
    result->gas += bridge->fixed + scenario->chains[bridge->from].gas;
    result->moves++;
    result->moved += move->amount;
    if (world->diary != NULL) {
        diary_add(world->diary, world->view.tick, move);
    }
}

/* ---- users ---- */

static void transfer_take(struct world *world, const struct transfer *transfer)
{
    world->view.present[transfer->from] += transfer->amount;
    world->view.owed[transfer->to] += transfer->amount;
    world->came += transfer->amount;
    world->drained[transfer->from] -= transfer->amount;
    world->drained[transfer->to] += transfer->amount;
    world->waiting[world->waiting_count] = *transfer;
    world->late[world->waiting_count] = false;
    world->waiting_count++;
    world->result.transfers++;
    world->result.volume += transfer->amount;
}

/* Pays what can be paid, the oldest first; a small one does not wait for a large one. */
static void waiting_pay(struct world *world)
{
    const struct scenario *scenario = world->scenario;
    const uint32_t patience = scenario->patience_s / scenario->step_s;
    size_t kept = 0;

    for (size_t i = 0; i < world->waiting_count; i++) {
        const struct transfer transfer = world->waiting[i];
        bool late = world->late[i];
        if (!late && world->view.tick > transfer.tick + patience) {
            late = true;
            world->result.blocked += scenario->blocked_cost * transfer.amount;
        }
        if (world->view.present[transfer.to] >= transfer.amount) {
            world->view.present[transfer.to] -= transfer.amount;
            world->view.owed[transfer.to] -= transfer.amount;
            world->came -= transfer.amount;
            if (!late) {
                world->result.in_time++;
                world->result.volume_in_time += transfer.amount;
                world->result.earned += scenario->transfer_fee * transfer.amount;
            }
            continue;
        }
        world->waiting[kept] = transfer;
        world->late[kept] = late;
        kept++;
    }
    world->waiting_count = kept;
}

static void memory_keep(struct world *world)
{
    const double weight = world->scenario->step_s / WORLD_MEMORY_S;

    for (uint32_t i = 0; i < world->scenario->chains_count; i++) {
        const double drained = world->drained[i];
        world->view.drain[i] += weight * (drained - world->view.drain[i]);
        world->view.drain_squared[i] += weight * (drained * drained - world->view.drain_squared[i]);
        world->drained[i] = 0;
    }
}

/* ---- a step ---- */

static void yields_take(struct world *world)
{
    for (uint32_t i = 0; i < world->scenario->chains_count; i++) {
        world->result.yield += world_yield(&world->scenario->chains[i], world->view.present[i]) *
                               world_step_years(world->scenario);
    }
}

static void value_note(struct world *world)
{
    struct world_result *result = &world->result;
    const uint64_t ticks = scenario_ticks(world->scenario);
    const uint64_t point = (uint64_t)world->view.tick * WORLD_POINTS_MAX / ticks;

    result->value = result->earned + result->yield - result->blocked - result->fees - result->gas;
    for (uint64_t i = point; i < WORLD_POINTS_MAX; i++) {
        result->points[i] = result->value;
    }
}

static void plan_make(struct world *world, const struct policy *policy)
{
    struct world_move moves[WORLD_MOVES_MAX];
    world->view.flights = world->flights;
    world->view.flights_count = world->flights_count;
    const uint32_t count = policy->plan(&world->view, moves);

    CHECK(count <= WORLD_MOVES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        CHECK(moves[i].bridge < world->scenario->bridges_count);
        move_make(world, &moves[i]);
    }
}

static double capital(const struct world *world)
{
    double sum = world->result.fees - world->came;

    for (uint32_t i = 0; i < world->scenario->chains_count; i++) {
        sum += world->view.present[i] + world->view.arriving[i];
    }
    return sum;
}

/* What users will have taken from each chain by each tick. */
static double *ahead_sum(const struct scenario *scenario, const struct transfers *transfers)
{
    const uint32_t ticks = scenario_ticks(scenario);
    const uint32_t chains = scenario->chains_count;
    double *ahead = calloc(((size_t)ticks + 1) * chains, sizeof(*ahead));
    size_t next = 0;

    CHECK(ahead != NULL);
    for (uint32_t tick = 0; tick < ticks; tick++) {
        double *after = ahead + ((size_t)tick + 1) * chains;
        memcpy(after, after - chains, chains * sizeof(*after));
        for (; next < transfers->count && transfers->list[next].tick == tick; next++) {
            after[transfers->list[next].from] -= transfers->list[next].amount;
            after[transfers->list[next].to] += transfers->list[next].amount;
        }
    }
    return ahead;
}

static struct world *world_new(const struct scenario *scenario, const struct transfers *transfers,
                               const struct world_play *play)
{
    struct world *world = calloc(1, sizeof(*world));

    CHECK(world != NULL);
    world->scenario = scenario;
    world->view.scenario = scenario;
    world->view.ticks = scenario_ticks(scenario);
    world->diary = play->diary;
    world->waiting = calloc(transfers->count + 1, sizeof(*world->waiting));
    world->late = calloc(transfers->count + 1, sizeof(*world->late));
    CHECK(world->waiting != NULL);
    CHECK(world->late != NULL);
    if (play->foresees) {
        world->ahead = ahead_sum(scenario, transfers);
        world->view.ahead = world->ahead;
    }
    for (uint32_t i = 0; i < scenario->chains_count; i++) {
        world->view.present[i] = scenario->chains[i].balance;
    }
    return world;
}

static void world_free(struct world *world)
{
    free(world->ahead);
    free(world->waiting);
    free(world->late);
    free(world->flights);
    free(world);
}

/* The script's moves of this tick, but for those left out. */
static size_t script_play(struct world *world, const struct world_play *play, size_t next)
{
    CHECK(play->script != NULL);
    for (; next < play->script->count && play->script->list[next].tick == world->view.tick;
         next++) {
        if (play->left_out == NULL || !play->left_out[next]) {
            move_make(world, &play->script->list[next].move);
        }
    }
    return next;
}

void world_run_play(const struct scenario *scenario, const struct transfers *transfers,
                    const struct world_play *play, struct world_result *ret_result)
{
    struct world *world = world_new(scenario, transfers, play);
    const double before = capital(world);
    uint64_t planned_s = 0;
    size_t next = 0;
    size_t next_done = 0;

    for (uint32_t tick = 0; tick < world->view.ticks; tick++) {
        world->view.tick = tick;
        arrivals_take(world);
        while (next < transfers->count && transfers->list[next].tick == tick) {
            transfer_take(world, &transfers->list[next++]);
        }
        waiting_pay(world);
        memory_keep(world);
        if (play->policy == NULL) {
            next_done = script_play(world, play, next_done);
        } else if ((uint64_t)tick * scenario->step_s >= planned_s) {
            plan_make(world, play->policy);
            planned_s += scenario->plan_s;
        }
        yields_take(world);
        value_note(world);
    }
    world->result.unbalanced = capital(world) - before;
    *ret_result = world->result;
    world_free(world);
}

void world_run(const struct scenario *scenario, const struct transfers *transfers,
               const struct policy *policy, struct world_result *ret_result)
{
    const struct world_play play = {.policy = policy};

    world_run_play(scenario, transfers, &play, ret_result);
}
