/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chains/evm/evm.h"
#include "relay/base/check.h"
#include "tests/sim/plain.h"
#include "tests/sim/plain_wire.h"
#include "tests/sim/sim_internal.h"

#define BEGINNING_NS    UINT64_C(1700000000000000000)
#define LIVENESS_MAX    DURATION_MS(5400 * 1000) /* longer than the core ever waits */
#define CLOSED_HOUR     DURATION_MS(3600 * 1000)
#define SETTLED_WAIT    DURATION_MS(30000)
#define LIFE_EVENTS_MAX 20000000u

void sim_fail(struct sim *sim, const char *format, ...)
{
    va_list arguments;

    if (sim->report.failed) {
        return;
    }
    sim->report.failed = true;
    va_start(arguments, format);
    (void)vsnprintf(sim->report.verdict, sizeof(sim->report.verdict), format, arguments);
    va_end(arguments);
    sim->finished = true;
    sim_tell(sim, "FAILED: %s", sim->report.verdict);
}

void sim_tell(struct sim *sim, const char *format, ...)
{
    va_list arguments;

    if (!sim->options.tell) {
        return;
    }
    const uint64_t us = (sim->clock.now_ns - BEGINNING_NS) / 1000;
    (void)fprintf(stderr, "%7llu.%06llu ", (unsigned long long)(us / 1000000),
                  (unsigned long long)(us % 1000000));
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fputc('\n', stderr);
}

bool sim_fault(struct sim *sim, uint64_t one_in)
{
    return sim->faults_on && prng_chance(&sim->prng, one_in);
}

/* ---- what this life is like ---- */

/* A kind of fault exists in half of all lives, and then happens once in so many times. */
static uint64_t draw_fault(struct sim *sim, uint64_t least, uint64_t most)
{
    const uint64_t one_in = prng_between(&sim->prng, least, most);

    return prng_chance(&sim->prng, 2) ? one_in : 0;
}

static void draw_faults(struct sim *sim)
{
    sim->faults = (struct sim_faults){
        .frame_lost = draw_fault(sim, 20, 500),
        .frame_late = draw_fault(sim, 20, 500),
        .frame_repeated = draw_fault(sim, 10, 200),
        .connection_lost = draw_fault(sim, 200, 5000),
        .answer_lost = draw_fault(sim, 10, 200),
        .signer_refuses = draw_fault(sim, 20, 200),
        .commit_fails = draw_fault(sim, 50, 1000),
        .kill = draw_fault(sim, 300, 10000),
        .reorg = draw_fault(sim, 5, 50),
        .checkpoint_wrong = draw_fault(sim, 3, 30),
        .checkpoint_absent = draw_fault(sim, 3, 30),
        .rival = draw_fault(sim, 5, 50),
    };
}

/* From a generator of their own, so that older seeds keep what they had. */
static void draw_later_faults(struct sim *sim)
{
    struct prng prng = prng_from(sim->options.seed ^ UINT64_C(0x6c617465726f6e65));
    struct prng prng_closed = prng_from(sim->options.seed ^ UINT64_C(0x636c6f736564));
    struct prng prng_clock = prng_from(sim->options.seed ^ UINT64_C(0x636c6f636b));
    uint64_t *const habits[] = {&sim->faults.habits.submission_lost,
                                &sim->faults.habits.pool_emptied,
                                &sim->faults.habits.receipt_missing};

    for (uint32_t i = 0; i < 3; i++) {
        const uint64_t one_in = prng_between(&prng, 3, 40);
        *habits[i] = prng_chance(&prng, 4) ? one_in : 0;
    }
    sim->faults.clock_jump = prng_chance(&prng_clock, 4) ? prng_between(&prng_clock, 200, 5000) : 0;
    sim->faults.habits.recipients_closed = prng_chance(&prng_closed, 4);
    sim->closed_for_an_hour = sim->faults.habits.recipients_closed && prng_chance(&prng_closed, 4);
    struct prng prng_stall = prng_from(sim->options.seed ^ UINT64_C(0x7374616c6c));
    sim->stall = (struct sim_stall){
        .exists = (prng_chance(&prng_stall, 8) || sim->options.stalls) && !sim->options.no_faults,
        .chain = (uint32_t)prng_below(&prng_stall, sim->world.chains_count),
        .after = DURATION_MS(prng_between(&prng_stall, 1, 30) * 1000),
        .beyond = DURATION_MS(prng_between(&prng_stall, 600, 3600) * 1000),
    };
    /* Finality so deep that a reorg can take dozens of blocks. */
    if (prng_chance(&prng, 8)) {
        for (uint32_t i = 0; i < sim->world.chains_count; i++) {
            sim->world.chains[i].finality_blocks = (uint32_t)prng_between(&prng, 7, 80);
        }
    }
}

static void set_habits(struct sim *sim, struct world_habits habits)
{
    for (uint32_t i = 0; i < sim->world.chains_count; i++) {
        sim->world.chains[i].habits = habits;
    }
}

static void draw_config(struct sim *sim)
{
    struct core_config *const config = sim->config;
    const bool validates = prng_chance(&sim->prng, 2);

    (void)snprintf(config->node_name, sizeof(config->node_name), "simulated");
    (void)snprintf(config->assets[0].symbol, sizeof(config->assets[0].symbol), "USD");
    config->assets[0].decimals = 6;
    config->assets_count = 1;
    config->chains_count = sim->world.chains_count;
    config->routers_count = sim->world.chains_count;
    config->vaults_count = sim->world.chains_count;
    if (validates) {
        config->validator = sim->world.validators[0];
    }
    config->route = (struct core_route){
        .mode = prng_chance(&sim->prng, 4) ? ROUTE_OBSERVE : ROUTE_ACT,
        .tolerance = {.value = (uint32_t)prng_between(&sim->prng, 20, 300)},
        .move_min = amount_from_u64(1000000),
        .move_max = amount_from_u64(UINT64_C(1000000000000)),
        .fee_max = {.value = 50},
        .fee_native_max = amount_from_u64(100000000000),
        .cooldown = DURATION_MS(prng_between(&sim->prng, 1, 60) * 1000),
        .plan_interval = DURATION_MS(prng_between(&sim->prng, 5, 60) * 1000),
    };
}

/* Drawn beside the life's own numbers, so that older seeds stay the lives that they were. */
static void configure_batches(struct sim *sim, uint32_t index)
{
    static const uint32_t sizes[] = {0, 2, 5, DELIVERIES_MAX};
    struct prng prng = prng_from(sim->options.seed ^ (UINT64_C(0x6ba7c4) << 32) ^ index);
    struct core_chain *const chain = &sim->config->chains[index];

    chain->batch_messages_max = sizes[prng_below(&prng, sizeof(sizes) / sizeof(sizes[0]))];
    if (chain->batch_messages_max > 0) {
        chain->batch_contract = sim->world.chains[index].multicall;
    }
}

/* Every coin has a price, each chain's another one, and a delivery must bring something. */
static void draw_profit(struct sim *sim, struct prng *prng)
{
    struct core_policy *const policy = &sim->config->policy;

    policy->limits[0].wants_profit = true;
    policy->limits[0].profit_min = amount_from_u64(prng_below(prng, UINT64_C(2000000000000000)));
    (void)snprintf(policy->currency, sizeof(policy->currency), "coins");
    for (uint32_t i = 0; i < sim->world.chains_count; i++) {
        policy->rates[policy->rates_count++] = (struct core_rate){
            .domain = sim->world.chains[i].domain,
            .decimals = 18,
            .price = amount_from_u64(prng_between(prng, 1, 4) * UINT64_C(1000000000000000000))};
    }
}

/* In half of the lives deliveries have a budget, of a few dear ones in a short time, so that a
 * burst waits for the next windows, and begin only while gas is not too dear; in half of those they
 * must bring a profit. Drawn from a generator of its own, like batches. */
static void draw_limits(struct sim *sim)
{
    struct prng prng = prng_from(sim->options.seed ^ UINT64_C(0x6c696d697473));
    struct core_policy *const policy = &sim->config->policy;
    struct core_limit *const limit = &policy->limits[0];

    if (!prng_chance(&prng, 2)) {
        return;
    }
    (void)snprintf(limit->name, sizeof(limit->name), "all");
    limit->budget = amount_from_u64(prng_between(&prng, 2, 12) * UINT64_C(4000000000000000));
    limit->window = DURATION_MS(prng_between(&prng, 10, 60) * 1000);
    limit->fee_per_gas_max = amount_from_u64(prng_between(&prng, 60, 150) * UINT64_C(1000000000));
    policy->limits_count = 1;
    policy->rules[policy->rules_count++] = (struct core_rule){.kind = RULE_LIMIT};
    if (prng_chance(&prng, 2)) {
        draw_profit(sim, &prng);
    }
}

static void configure_chain(struct sim *sim, uint32_t index)
{
    const struct world_chain *const world = &sim->world.chains[index];
    struct core_config *const config = sim->config;
    struct core_chain *const chain = &config->chains[index];
    const uint32_t share = 10000 / sim->world.chains_count;

    (void)snprintf(chain->name, sizeof(chain->name), "chain%u", index);
    chain->domain = world->domain;
    chain->chain_id = world->chain_id;
    chain->mailbox = world->mailbox;
    chain->tree_hook = world->tree_hook;
    chain->validator_announce = world->announce;
    chain->gas_paymaster = world->paymaster;
    chain->start_block = world->start_block;
    chain->relay_to = true;
    chain->validate = !address_is_zero(&config->validator);
    if (chain->validate) {
        (void)snprintf(chain->storage_location, sizeof(chain->storage_location), "%s",
                       sim->world.locations[0][index]);
    }
    chain->key = world->key;
    chain->fee_per_gas_max = amount_from_u64(200000000000);
    chain->priority_fee_per_gas = amount_from_u64(1000000000);
    chain->gas_limit_max = 10000000;
    chain->key_balance_min = amount_from_u64(1000);
    configure_batches(sim, index);
    config->routers[index] = (struct core_router){
        .domain = world->domain,
        .router = world->router,
        .token = world->token,
        .bridge = world->bridge,
        .weight = {.value = index == 0 ? 10000 - share * (sim->world.chains_count - 1) : share}};
    config->vaults[index] =
        (struct core_vault){.domain = world->domain, .vault = world->vault, .token = world->token};
}

/* A spoke on every chain. In some lives a transaction costs more than all venues ever pay. */
static void configure_spokes(struct sim *sim)
{
    struct core_config *const config = sim->config;

    sim->venue_prng = prng_from(sim->options.seed ^ UINT64_C(0x76656e756573));
    sim->is_dear = prng_chance(&sim->venue_prng, 4);
    config->route.mode = ROUTE_ACT;
    config->route.horizon = DURATION_MS(UINT64_C(30) * 86400000);
    config->route.coin_price = amount_from_u64(sim->is_dear ? UINT64_C(1000000000000000) : 1);
    for (uint32_t i = 0; i < sim->world.chains_count; i++) {
        struct world_chain *const chain = &sim->world.chains[i];
        const uint32_t spoke = config->spokes_count++;
        spokes_open(chain, prng_below(&sim->venue_prng, UINT64_C(500000000000)));
        config->spokes[spoke] = (struct core_spoke){
            .domain = chain->domain,
            .spoke = chain->spoke,
            .token = chain->token,
            .idle_min = amount_from_u64(prng_below(&sim->venue_prng, 20) * 1000000000)};
        for (uint32_t k = 0; k < WORLD_VENUES; k++) {
            config->venues[config->venues_count++] = (struct core_venue){
                .spoke = spoke, .index = k, .kind = VENUE_ERC4626, .venue = chain->venues[k]};
        }
    }
}

static void configure_adapter(struct sim *sim, uint32_t index)
{
    const bool plain = sim->options.family == SIM_PLAIN || sim->options.family == SIM_VENUES ||
                       (sim->options.family == SIM_MIXED && prng_chance(&sim->prng, 2));

    sim->endpoints_count[index] = (uint32_t)prng_between(&sim->prng, 1, SIM_ENDPOINTS_USUAL);
    sim->chains[index] = (struct driver_chain){
        .ops = plain ? &plain_chain_ops : &evm_chain_ops,
        .config = {
            .endpoints_count = sim->endpoints_count[index],
            .quorum = 1,
            /* Depth alone would not notice that finality stands still. */
            .finality = sim->stall.exists && !plain ? FINALITY_TAG : FINALITY_DEPTH,
            .finality_blocks = sim->world.chains[index].finality_blocks,
            .blocks_per_range = (uint32_t)prng_between(&sim->prng, 1, 50),
            .requests_open_max = (uint32_t)prng_between(&sim->prng, 4, 64),
            /* At least what a lane sends at once, or held transactions push each other out. */
            .legs_open_max = (uint32_t)prng_between(&sim->prng, 96, 160),
            .frame_bytes_max = 1u << 20,
            .request_deadline = DURATION_MS(prng_between(&sim->prng, 500, 5000))}};
    if (sim->options.family == SIM_QUORUM) {
        endpoints_draw(sim, index);
    }
}

/* Validators that are not ours have announced themselves before the node begins. */
static void announce_others(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->world.chains_count; i++) {
        for (uint32_t j = sim->config->chains[i].validate ? 1 : 0; j < WORLD_VALIDATORS; j++) {
            sim->world.chains[i].announced[j] = 1;
        }
    }
}

static void begin(struct sim *sim)
{
    const uint32_t chains_count = (uint32_t)prng_between(&sim->prng, 2, WORLD_CHAINS_MAX);

    clock_init(&sim->clock, BEGINNING_NS);
    world_init(&sim->world, &sim->clock, prng_u64(&sim->prng), chains_count);
    sim->config = calloc(1, sizeof(*sim->config));
    sim->arena_memory = malloc(RECORD_ARENA_BYTES);
    CHECK(sim->config != NULL);
    CHECK(sim->arena_memory != NULL);
    sim->arena = record_arena_from(sim->arena_memory, RECORD_ARENA_BYTES);
    draw_config(sim);
    draw_faults(sim);
    draw_later_faults(sim);
    for (uint32_t i = 0; i < chains_count; i++) {
        configure_chain(sim, i);
        configure_adapter(sim, i);
        const struct world_chain *const chain = &sim->world.chains[i];
        enum status status = amount_add(&sim->capital, &chain->tokens[WORLD_ROUTER], &sim->capital);
        CHECK(status == STATUS_OK);
        status = amount_add(&sim->capital, &chain->tokens[WORLD_BRIDGE], &sim->capital);
        CHECK(status == STATUS_OK);
    }
    if (sim->options.family == SIM_VENUES) {
        configure_spokes(sim);
    }
    draw_limits(sim);
    announce_others(sim);
    disk_open(sim);
}

static void add_task(struct sim *sim, enum sim_task_kind kind, uint32_t chain, struct duration wait)
{
    const struct sim_task task = {.kind = kind, .chain = chain};

    clock_add(&sim->clock, wait, &task, (struct bytes){0});
}

static void schedule_life(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->world.chains_count; i++) {
        add_task(
            sim, TASK_MINE, i,
            (struct duration){.ns = prng_below(&sim->prng, sim->world.chains[i].block_time.ns)});
    }
    add_task(sim, TASK_USERS, 0, DURATION_MS(100));
    add_task(sim, TASK_PHASE_FAULTS, 0, DURATION_MS(0));
    add_task(sim, TASK_PHASE_LIVENESS, 0, DURATION_MS(prng_between(&sim->prng, 30, 240) * 1000));
}

/* ---- tasks ---- */

static void stall_begins(struct sim *sim, struct world_chain *chain)
{
    if (sim->stall.exists && chain->index == sim->stall.chain && chain->final_most == 0 &&
        sim->is_busy && sim->clock.now_ns > BEGINNING_NS + sim->stall.after.ns &&
        world_final(chain) > 0) {
        chain->final_most = world_final(chain);
        sim_tell(sim, "chain %u: finality stands still at %llu", chain->index,
                 (unsigned long long)chain->final_most);
    }
}

/* True: people have ended, and finality goes on standing still for a while. */
static bool stall_goes_on(struct sim *sim)
{
    struct world_chain *const chain = &sim->world.chains[sim->stall.chain];

    if (chain->final_most == 0) {
        return false;
    }
    if (sim->stall.exists) {
        sim->stall.exists = false;
        add_task(sim, TASK_PHASE_LIVENESS, 0, sim->stall.beyond);
        return true;
    }
    const uint64_t stood = chain->final_most;
    chain->final_most = 0;
    sim_tell(sim, "chain %u: finality jumps from %llu to %llu", chain->index,
             (unsigned long long)stood, (unsigned long long)world_final(chain));
    return false;
}

static void mine(struct sim *sim, uint32_t index)
{
    struct world_chain *const chain = &sim->world.chains[index];

    stall_begins(sim, chain);
    checks_herd(sim, chain);
    world_mine(chain);
    checks_world(sim);
    network_tell_head(sim, index);
    if (sim_fault(sim, sim->faults.reorg)) {
        workload_reorg(sim, index);
        checks_world(sim);
    }
    add_task(sim, TASK_MINE, index, chain->block_time);
}

static bool is_stale(const struct sim *sim, const struct sim_task *task)
{
    switch (task->kind) {
    case TASK_TO_CHAIN:
    case TASK_TO_NODE:
    case TASK_LOSE:
        return !sim->alive || task->epoch != sim->endpoints[task->chain][task->endpoint].epoch ||
               !sim->endpoints[task->chain][task->endpoint].connected;
    case TASK_CONNECT:
        return !sim->alive || task->epoch != sim->endpoints[task->chain][task->endpoint].epoch;
    case TASK_SIGNED:
    case TASK_ANSWERED:
    case TASK_COMMIT:
    case TASK_TICK:
        return !sim->alive || task->epoch != sim->epoch;
    case TASK_START:
        return sim->alive;
    case TASK_MINE:
    case TASK_REORG:
    case TASK_USERS:
    case TASK_KILL:
    case TASK_PHASE_FAULTS:
    case TASK_PHASE_LIVENESS:
        return false;
    }
    return false;
}

static void begin_liveness(struct sim *sim)
{
    if (sim->report.events_count < sim->options.events) {
        add_task(sim, TASK_PHASE_LIVENESS, 0, DURATION_MS(10000));
        return;
    }
    sim->faults_on = false;
    set_habits(sim, (struct world_habits){.recipients_closed = sim->closed_for_an_hour});
    sim->is_busy = false;
    if (stall_goes_on(sim)) {
        return;
    }
    sim->liveness_ns = sim->clock.now_ns;
    sim->full_until_ns = 0;
    sim->signer_refuses_until_ns = 0;
    sim_tell(sim, "faults end");
}

/* An hour later: everything still arrives. */
static void open_recipients(struct sim *sim)
{
    if (sim->closed_for_an_hour && sim->liveness_ns != 0 &&
        sim->clock.now_ns > sim->liveness_ns + CLOSED_HOUR.ns) {
        sim->closed_for_an_hour = false;
        set_habits(sim, (struct world_habits){0});
        sim_tell(sim, "recipients take messages again");
    }
}

static void run_task(struct sim *sim, const struct sim_task *task)
{
    open_recipients(sim);
    switch (task->kind) {
    case TASK_MINE:
        mine(sim, task->chain);
        return;
    case TASK_USERS:
        workload_users(sim);
        return;
    case TASK_TO_CHAIN:
        network_take(sim, task->chain, task->endpoint, bytes_from(task->data, task->data_count));
        return;
    case TASK_TO_NODE:
        driver_on_frame(sim->driver, task->chain, task->endpoint,
                        bytes_from(task->data, task->data_count), host_now(sim));
        host_wake(sim);
        return;
    case TASK_CONNECT:
        network_connect(sim, task->chain, task->endpoint);
        return;
    case TASK_LOSE:
        network_lose(sim, task->chain, task->endpoint);
        return;
    case TASK_SIGNED:
    case TASK_ANSWERED:
        answer_arrives(sim, (uint32_t)task->number, false);
        return;
    case TASK_COMMIT:
        disk_commit_ends(sim);
        return;
    case TASK_TICK:
        host_tick(sim);
        return;
    case TASK_START:
        host_start(sim);
        return;
    case TASK_PHASE_FAULTS:
        sim->faults_on = !sim->options.no_faults;
        if (sim->faults_on) {
            set_habits(sim, sim->faults.habits);
        }
        sim->is_busy = true;
        return;
    case TASK_PHASE_LIVENESS:
        begin_liveness(sim);
        return;
    case TASK_REORG:
    case TASK_KILL:
        CHECK(false); /* both happen inside others */
    }
}

/* Relay time goes at half the clock's pace where that stepped back. */
static struct duration liveness_max(const struct sim *sim)
{
    return sim->faults.clock_jump == 0 ? LIVENESS_MAX
                                       : (struct duration){.ns = 3 * LIVENESS_MAX.ns};
}

/* True when the life is over: nothing is left to do, or it takes too long. */
static bool is_over(struct sim *sim)
{
    const uint64_t now_ns = sim->clock.now_ns;

    if (sim->finished) {
        return true;
    }
    if (sim->report.events_count > LIFE_EVENTS_MAX + sim->options.events) {
        sim_fail(sim, "the life has no end");
        return true;
    }
    if (sim->liveness_ns == 0 || sim->report.events_count % 64 != 0) {
        return false;
    }
    if (!checks_all_done(sim)) {
        sim->settled_ns = 0;
        if (now_ns > sim->liveness_ns + liveness_max(sim).ns) {
            return true; /* checks_final names what was lost */
        }
        return false;
    }
    sim->settled_ns = sim->settled_ns == 0 ? now_ns : sim->settled_ns;
    return now_ns > sim->settled_ns + SETTLED_WAIT.ns && sim->commits_count == 0;
}

static void live(struct sim *sim)
{
    struct sim_task task;

    host_start(sim);
    while (!is_over(sim) && clock_take(&sim->clock, &task)) {
        if (!is_stale(sim, &task)) {
            sim->report.events_count++;
            run_task(sim, &task);
        } else if (task.kind == TASK_SIGNED || task.kind == TASK_ANSWERED) {
            answer_arrives(sim, (uint32_t)task.number, true);
        }
        free(task.data);
    }
    sim->report.virtual_ms = (sim->clock.now_ns - BEGINNING_NS) / 1000000;
}

static void end(struct sim *sim)
{
    host_free(sim);
    disk_close(sim);
    for (uint32_t i = 0; i < SIM_ANSWERS_MAX; i++) {
        free(sim->answers[i].network);
    }
    for (uint32_t i = 0; i < sim->world.chains_count; i++) {
        free(sim->signed_[i]);
        free(sim->is_signed[i]);
        free(sim->is_published[i]);
    }
    world_deinit(&sim->world);
    clock_deinit(&sim->clock);
    free(sim->nonces);
    free(sim->durable.slots);
    free(sim->legs);
    free(sim->config);
    free(sim->arena_memory);
}

bool sim_run(const struct sim_options *options, struct sim_report *ret_report)
{
    struct sim *const sim = calloc(1, sizeof(*sim));

    CHECK(sim != NULL);
    sim->options = *options;
    sim->prng = prng_from(options->seed);
    begin(sim);
    schedule_life(sim);
    live(sim);
    if (!sim->report.failed) {
        disk_crash(sim);
        host_free(sim);
        if (!sim->options.again) {
            checks_final(sim);
        }
    }
    *ret_report = sim->report;
    const bool good = !sim->report.failed;
    end(sim);
    free(sim);
    return good;
}
