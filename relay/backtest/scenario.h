/* SPDX-License-Identifier: Apache-2.0 */
/* relay/backtest/scenario.h: what a backtest plays: chains, bridges and users, `sluice-scenario/1`.
 *
 * JSON, strictly read (routing_file/document.h). One asset; amounts are whole units of it, and so
 * are values. relay/backtest/README.md describes every member. Threads: one owner. Memory: the
 * heap. */
#ifndef SLUICE_RELAY_BACKTEST_SCENARIO_H
#define SLUICE_RELAY_BACKTEST_SCENARIO_H

#include <stdint.h>

#include "relay/routing_file/document.h"

#define SCENARIO_CHAINS_MAX  16u
#define SCENARIO_BRIDGES_MAX 960u
#define SCENARIO_FLOWS_MAX   960u
#define SCENARIO_PIECES_MAX  8u
#define SCENARIO_HOURS_MAX   1440u
#define SCENARIO_TICKS_MAX   100000u

/* `apr` a year on the next `width`. */
struct scenario_piece {
    double width;
    double apr;
};

struct scenario_chain {
    const char *id; /* borrowed from the document */
    double balance; /* at the start */
    double weight;  /* share of the whole that its operator would give it */
    double min;     /* `min-amount` fills up from here */
    double target;  /* to here */
    double gas;     /* of one transaction */
    struct scenario_piece pieces[SCENARIO_PIECES_MAX];
    uint32_t pieces_count;
};

struct scenario_bridge {
    uint32_t from;
    uint32_t to;
    double fee;   /* part of the amount */
    double fixed; /* per move, besides the gas */
    double max;   /* of one move */
    uint32_t delay_s;
};

/* Users who send from one chain to another between two hours. */
struct scenario_flow {
    uint32_t from;
    uint32_t to;
    double per_hour;
    double median;
    double spread; /* sizes lie between median / 2^spread and median * 2^spread */
    double swing;  /* 0 to 1: how much less at night than by day */
    double start_h;
    double end_h;
};

struct scenario {
    const char *title;
    uint64_t seed;
    uint32_t hours;
    uint32_t step_s;
    uint32_t plan_s;
    uint32_t patience_s; /* a transfer that is paid later found no liquidity */
    double transfer_fee; /* earned on a transfer that is paid in time */
    double blocked_cost; /* lost on one that is not */
    double tolerance;    /* of a target, before a peer acts */
    double move_min;
    struct scenario_chain chains[SCENARIO_CHAINS_MAX];
    uint32_t chains_count;
    struct scenario_bridge bridges[SCENARIO_BRIDGES_MAX];
    uint32_t bridges_count;
    struct scenario_flow flows[SCENARIO_FLOWS_MAX];
    uint32_t flows_count;
    json_t *root;
};

/* STATUS_MALFORMED: `ret_error` says what and where, in one line. STATUS_NO_MEMORY. */
MUST_USE enum status scenario_parse(struct bytes text, struct scenario **ret_scenario,
                                    struct document_error *ret_error);
/* The same from a file; also the statuses of document_load. */
MUST_USE enum status scenario_load(const char *path, struct scenario **ret_scenario,
                                   struct document_error *ret_error);
/* Accepts NULL, returns NULL. */
struct scenario *scenario_free(struct scenario *scenario);

uint32_t scenario_ticks(const struct scenario *scenario);

#endif
