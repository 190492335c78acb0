/* SPDX-License-Identifier: Apache-2.0 */
/* relay/backtest/world.h: the days of a scenario under one policy.
 *
 * Users are drawn once, from the scenario's seed, and are the same for every policy. A transfer
 * leaves its amount at the chain it starts from and is paid at the other when that has enough; paid
 * within the users' patience it earns the transfer fee, later it costs `blocked_cost` and is paid
 * all the same. What sits on a chain earns its yield. A move leaves at once and arrives, less the
 * bridge's fee, after the bridge's delay. Balances, moves and transfers conserve capital: what is
 * there, under way and lost to fees is what was there and came, less what was paid.
 *
 * Floating point with + - * / and sqrt alone: the same scenario gives the same numbers everywhere.
 * Threads: one. Memory: the heap. */
#ifndef SLUICE_RELAY_BACKTEST_WORLD_H
#define SLUICE_RELAY_BACKTEST_WORLD_H

#include "relay/backtest/scenario.h"

#define WORLD_MOVES_MAX  64u /* of one plan */
#define WORLD_POINTS_MAX 400u
#define WORLD_MEMORY_S   43200.0 /* how long a policy remembers what users did */

struct transfer {
    uint32_t tick;
    uint32_t from;
    uint32_t to;
    double amount;
};

struct transfers {
    struct transfer *list; /* by tick */
    size_t count;
};

/* The caller ends it with transfers_deinit. */
struct transfers transfers_draw(const struct scenario *scenario);
void transfers_deinit(struct transfers *transfers);

struct world_move {
    uint32_t bridge;
    double amount;
};

/* A move under way. */
struct flight {
    uint32_t due; /* tick */
    uint32_t to;
    double amount;
};

/* What a policy sees: never the future. */
struct world_view {
    const struct scenario *scenario;
    uint32_t tick;
    double present[SCENARIO_CHAINS_MAX];
    double arriving[SCENARIO_CHAINS_MAX]; /* moves under way */
    double owed[SCENARIO_CHAINS_MAX];     /* transfers that wait to be paid here */
    const struct flight *flights;
    size_t flights_count;
    uint32_t under_way[SCENARIO_CHAINS_MAX]; /* moves */
    /* Per step, over the last half day or so: what users take from a chain on balance. */
    double drain[SCENARIO_CHAINS_MAX];
    double drain_squared[SCENARIO_CHAINS_MAX];
    /* NULL, as it must be for whatever is to be compared; else what users will have taken from each
     * chain on balance since the start, by tick and chain, `ticks` + 1 times. See world_play. */
    const double *ahead;
    uint32_t ticks;
};

/* Fills `moves`; returns how many. A move that the world cannot make is not made. */
typedef uint32_t (*policy_function)(const struct world_view *view,
                                    struct world_move moves[WORLD_MOVES_MAX]);

struct policy {
    const char *name;
    policy_function plan;
};

extern const struct policy policies[]; /* ended by a NULL name; `sluice` first */

struct world_result {
    uint64_t transfers;
    uint64_t in_time; /* found liquidity within the users' patience */
    double volume;
    double volume_in_time;
    double earned;  /* transfer fees */
    double blocked; /* lost on transfers that waited too long */
    double yield;
    double fees; /* of bridges */
    double gas;  /* fixed costs of moves */
    uint64_t moves;
    double moved;
    double value;                    /* earned + yield - blocked - fees - gas */
    double unbalanced;               /* what conservation misses: rounding alone */
    double points[WORLD_POINTS_MAX]; /* the value as it grew, evenly spaced */
};

void world_run(const struct scenario *scenario, const struct transfers *transfers,
               const struct policy *policy, struct world_result *ret_result);

/* ---- the same days played otherwise (counterfactual.h) ---- */

struct world_done {
    uint32_t tick;
    struct world_move move;
};

/* Every move that was made, in the order they were made. */
struct world_diary {
    struct world_done *list;
    size_t count;
    size_t capacity;
};
void world_diary_deinit(struct world_diary *diary);

struct world_play {
    const struct policy *policy; /* NULL: the moves of `script` are made and no others */
    const struct world_diary *script;
    const bool *left_out;      /* by move of the script; NULL: none is */
    struct world_diary *diary; /* NULL: none is kept */
    bool foresees;             /* the policy is told what users will take */
};
void world_run_play(const struct scenario *scenario, const struct transfers *transfers,
                    const struct world_play *play, struct world_result *ret_result);

/* Years in a step, and a curve's yield a year at an amount. */
double world_step_years(const struct scenario *scenario);
double world_yield(const struct scenario_chain *chain, double amount);

/* What no policy could have exceeded, knowing all transfers beforehand: the bound of a linear
 * program over chains and hours, without fixed costs. STATUS_NOT_FOUND: it was not solved.
 * STATUS_FULL: too large. */
MUST_USE enum status world_hindsight(const struct scenario *scenario,
                                     const struct transfers *transfers, double *ret_value);

uint32_t policy_sluice(const struct world_view *view, struct world_move moves[WORLD_MOVES_MAX]);

#endif
