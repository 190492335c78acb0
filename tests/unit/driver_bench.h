/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/driver_bench.h: a driver with a core, a chain family and ports that the test scripts.
 *
 * Each fact names in its block number what the core shall ask for. Rows, records and batches are
 * the real ones; core_footprint, core_init and core_step are the bench's. One bench at a time. */
#ifndef SLUICE_TESTS_UNIT_DRIVER_BENCH_H
#define SLUICE_TESTS_UNIT_DRIVER_BENCH_H

#include "tests/support/unit.h"

#include "relay/node/driver/driver.h"

#define DOMAIN_A   901u
#define DOMAIN_B   902u
#define LIST_MAX   4096u
#define SECOND     UINT64_C(1000000000)
#define COMMIT_MAX 64u

/* What the scripted core does with a fact: its block number is a sum of these. */
#define ASK_LANE       1u
#define ASK_SEND       2u
#define ASK_CHECKPOINT 4u
#define ASK_BROADCAST  8u
#define ASK_PUBLISH    16u
#define ASK_FETCH      32u
#define ASK_FOLLOW     64u
#define ASK_ON_B       128u /* of chain B instead of A */
#define ASK_BIG_PLAN   256u
#define ASK_NOTE       512u
#define NETWORK_BYTES  300000u

/* The scripted core. */
struct core {
    struct rows *rows;
    struct command commands[COMMANDS_PER_STEP_MAX];
    uint32_t count;
    uint64_t steps;
    struct instant last;
    enum status fail;
    struct instant wake_on_start;
};

/* The scripted chain family. */
struct fake_chain {
    struct chain chain;
    struct event events[LIST_MAX]; /* to give */
    uint32_t events_first;
    uint32_t events_count;
    struct command taken[LIST_MAX]; /* performed */
    uint32_t taken_count;
    bool full;
    uint32_t sign_requests; /* to ask for */
    uint32_t replies_signed;
    enum outcome reply_outcome;
    struct instant next_tick;
    uint32_t ticks;
};

/* What came through the ports. */
struct outside {
    uint32_t signs_count;
    uint32_t publishes_count;
    uint32_t lookups_count;
    uint32_t fetches_count;
    uint32_t plans_count;
    uint32_t notes_count;
    uint32_t alarms_count;
    enum status sign_status;
    uint64_t commits[COMMIT_MAX]; /* generations */
    struct journal_batch batches[COMMIT_MAX];
    uint32_t commits_count;
    uint64_t answered[COMMIT_MAX];
    struct driver_answer answers[COMMIT_MAX];
    char answer_texts[COMMIT_MAX][64];
    uint32_t answered_count;
    uint32_t steps_count;
    uint32_t stops_count;
};

/* Asked too when a plan is asked for; NULL: nobody. */
extern enum status (*ask_planner)(const struct hash *plan_id, struct bytes network);

struct bench {
    struct core_config *config;
    void *memory;
    struct driver *driver;
    struct instant now;
};

extern struct core *the_core;
extern struct fake_chain *fakes[2];
extern struct outside outside;
extern uint8_t network[NETWORK_BYTES];
extern const struct chain_ops fake_ops;

struct bench bench_new(void);
void bench_free(struct bench *bench);
void tick(struct bench *bench);
/* Gives chain `index` a fact that makes the core ask. */
void give(uint32_t index, uint64_t what, uint32_t serial);
/* The newest batch that was handed over is durable. */
void commit_all(struct bench *bench);
/* Starts, and makes the start durable. */
void start(struct bench *bench);
/* Commands of a kind that chain `index` took. */
uint32_t taken_of(uint32_t index, enum command_kind kind);

#endif
