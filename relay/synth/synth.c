/* SPDX-License-Identifier: Apache-2.0 */
/* The acts of the life that relay/synth/synth.h describes. */
#include "relay/synth/synth.h"

#include "relay/base/check.h"
#include "relay/synth/world_internal.h"

#define TICK_NS        UINT64_C(2000000000)
#define NEVER          UINT64_MAX
#define RUNS           4u /* of the node, until the backlog */
#define MESSAGES_LARGE 5u /* new ones in a block on average, in a large journal */
#define MESSAGES_SMALL 1u
/* So that plans are needed every few minutes in both. */
#define TRANSFER_MAX_LARGE UINT64_C(5000000000)
#define TRANSFER_MAX_SMALL UINT64_C(25000000000)
#define RECORDS_LARGE      UINT64_C(100000)
#define DRAIN_TICKS_MAX    20000u
#define QUIET_TICKS        8u
#define BACKLOG_PER_BLOCK  1000u
#define BACKLOG_STEP_NS    UINT64_C(100)
#define PROGRESS_EVERY     10000u
/* Three facts of a message, five with tokens, and a wake for 32 of them. */
#define BACKLOG_RECORDS(open)                                                                      \
    ((open)*4 + (open) / 6 + 12 * ((open) / (SYNTH_CHAINS * BACKLOG_PER_BLOCK) + 1) + 64)
#define DRAIN_RECORDS    400u  /* for each message in a block on average, until all are delivered */
#define LIFE_RECORDS_MIN 2500u /* starts, stops and what is told of them */
/* Above three: what one chain more takes of all that, at least. */
#define CHAIN_RECORDS 1500u

struct act {
    struct synth_world *world;
    const struct synth_options *options;
    uint64_t tick_ns; /* of the next blocks */
    uint64_t shown;
};

uint64_t synth_records_min(uint64_t open_count)
{
    return BACKLOG_RECORDS(open_count) + LIFE_RECORDS_MIN;
}

static uint64_t more_chains_records(const struct synth_options *options)
{
    return options->chains_count <= SYNTH_CHAINS
               ? 0
               : (options->chains_count - SYNTH_CHAINS) * (uint64_t)CHAIN_RECORDS;
}

static void show(struct act *act)
{
    const uint64_t records = synth_node_records(act->world->node);

    if (act->options->progress != NULL && records >= act->shown + PROGRESS_EVERY) {
        act->options->progress(act->options->context, records, act->options->records_count);
        act->shown = records;
    }
}

/* Time passes until the next blocks, and what is due meanwhile is done. */
static void pass_time(struct act *act)
{
    struct synth_world *world = act->world;

    act->tick_ns += TICK_NS;
    while (world->wake_ns < act->tick_ns && world->status == STATUS_OK) {
        world->now_ns = world->wake_ns > world->now_ns ? world->wake_ns : world->now_ns;
        synth_settle(world);
    }
    act->tick_ns = act->tick_ns > world->now_ns ? act->tick_ns : world->now_ns;
    world->now_ns = act->tick_ns;
}

/* One block on every chain, with `messages_mean` new messages on average. */
static void tick(struct act *act, uint32_t messages_mean)
{
    struct synth_world *world = act->world;

    pass_time(act);
    for (uint32_t i = 0; i < world->config.chains_count; i++) {
        const uint64_t count = prng_below(&world->prng, 2 * (uint64_t)messages_mean + 1);
        synth_block(world, &world->chains[i], (uint32_t)count);
        synth_settle(world);
    }
    synth_decide(world);
    show(act);
}

static uint64_t dispatched(const struct synth_world *world)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < world->config.chains_count; i++) {
        count += world->chains[i].dispatched_count;
    }
    return count;
}

/* No new messages until all are delivered and final, and no new moves. */
static enum status drain(struct act *act)
{
    struct synth_world *world = act->world;
    uint32_t quiet = 0;

    world->is_deciding = false;
    for (uint32_t i = 0; quiet < QUIET_TICKS && world->status == STATUS_OK; i++) {
        const uint64_t before = dispatched(world);
        if (i == DRAIN_TICKS_MAX) {
            return STATUS_TIMEOUT;
        }
        tick(act, 0);
        quiet = dispatched(world) == before && world->processed_count == before ? quiet + 1 : 0;
    }
    world->is_deciding = true;
    return world->status;
}

static enum status live(struct act *act)
{
    const struct synth_options *options = act->options;
    struct synth_world *world = act->world;
    const uint32_t mean = options->records_count >= RECORDS_LARGE ? MESSAGES_LARGE : MESSAGES_SMALL;
    const uint64_t records_end = options->records_count - BACKLOG_RECORDS(options->open_count) -
                                 mean * (uint64_t)DRAIN_RECORDS - DRAIN_RECORDS -
                                 more_chains_records(options);
    enum status status = STATUS_OK;

    world->transfer_max = mean == MESSAGES_LARGE ? TRANSFER_MAX_LARGE : TRANSFER_MAX_SMALL;
    for (uint32_t run = 0; run < RUNS && status == STATUS_OK; run++) {
        const uint64_t end = records_end / RUNS * (run + 1);
        if (run > 0) {
            synth_stop(world);
            synth_start(world);
        }
        while (synth_node_records(world->node) < end && world->status == STATUS_OK) {
            tick(act, mean);
        }
        status = drain(act);
    }
    return status;
}

/* Everything at once, and the node answers nothing any more. */
static void backlog(struct act *act)
{
    struct synth_world *world = act->world;
    uint64_t left = act->options->open_count;

    world->is_mute = true;
    world->step_ns = BACKLOG_STEP_NS;
    for (uint32_t i = 0; left > 0 && world->status == STATUS_OK; i++) {
        const uint64_t count = left < BACKLOG_PER_BLOCK ? left : BACKLOG_PER_BLOCK;
        synth_block(world, &world->chains[i % world->config.chains_count], (uint32_t)count);
        synth_settle(world);
        left -= count;
        show(act);
    }
    for (uint32_t i = 0; i < world->config.chains_count * SYNTH_FINALITY; i++) {
        synth_block(world, &world->chains[i % world->config.chains_count], 0);
        synth_settle(world);
    }
}

/* Empty wakes up to the number of records that was asked for. */
static enum status fill(struct act *act)
{
    struct synth_world *world = act->world;

    CHECK(synth_node_records(world->node) <= act->options->records_count);
    while (synth_node_records(world->node) < act->options->records_count &&
           world->status == STATUS_OK) {
        struct event event = {.kind = EVENT_WAKE};
        synth_step(world, &event);
        show(act);
    }
    return world->status == STATUS_OK ? synth_node_commit(world->node) : world->status;
}

static enum status act_all(struct act *act)
{
    synth_start(act->world);
    enum status status = live(act);
    if (status == STATUS_OK) {
        backlog(act);
        status = fill(act);
    }
    return status;
}

enum status synth_run(struct journal *journal, const struct synth_options *options,
                      struct synth_report *ret_report)
{
    struct synth_node *node = NULL;
    struct synth_world *world = NULL;

    if (options->records_count <
        synth_records_min(options->open_count) + more_chains_records(options)) {
        return STATUS_MALFORMED;
    }
    enum status status = synth_node_new(journal, &node);
    if (status == STATUS_OK) {
        status = synth_world_new(node, options, &world);
    }
    if (status == STATUS_OK) {
        struct act act = {.world = world, .options = options, .tick_ns = world->now_ns};
        status = act_all(&act);
        *ret_report = world->report;
        ret_report->records_count = synth_node_records(node);
    }
    synth_world_free(world);
    synth_node_free(node);
    return status;
}
