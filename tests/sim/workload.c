/* SPDX-License-Identifier: Apache-2.0 */
/* What people do: messages, transfers, deposits; and what chains do to their last blocks. */
#include "relay/base/check.h"
#include "tests/sim/sim_internal.h"

#define REORG_MOST 100u /* where finality stands still, thousands of blocks could go */

static uint32_t other_chain(struct sim *sim, uint32_t chain)
{
    const uint32_t step = (uint32_t)prng_between(&sim->prng, 1, sim->world.chains_count - 1);

    return (chain + step) % sim->world.chains_count;
}

static void act(struct sim *sim, uint32_t from, uint32_t to)
{
    struct world_action action = {.to = to};
    const uint64_t kind = prng_below(&sim->prng, 100);

    if (kind < 45) {
        action.act = ACT_DISPATCH;
        action.amount = prng_below(&sim->prng, 400);
    } else if (kind < 85) {
        action.act = ACT_TRANSFER;
        action.amount = prng_between(&sim->prng, 1, 3000000000);
    } else if (kind < 92) {
        action.act = ACT_VAULT_DEPOSIT;
        action.amount = prng_between(&sim->prng, 1, 100000000);
    } else if (kind < 98) {
        action.act = ACT_VAULT_WITHDRAW;
        action.amount = prng_between(&sim->prng, 1, 50000000);
    } else {
        action.act = ACT_GIFT;
        action.amount = prng_between(&sim->prng, 1, 1000000);
    }
    world_add_action(&sim->world.chains[from], &action);
}

/* Rates move, venues earn, people bring capital to spokes and take what is idle. */
static void act_on_spoke(struct sim *sim)
{
    struct prng *const prng = &sim->venue_prng;
    const uint32_t chain = (uint32_t)prng_below(prng, sim->world.chains_count);
    const uint32_t venue = (uint32_t)prng_below(prng, WORLD_VENUES);
    const uint64_t kind = prng_below(prng, 100);
    struct world_action action = {.to = venue};

    if (kind < 20) {
        action.act = ACT_VENUE_RATE; /* even percents at the one, odd ones at the other */
        action.amount = (2 * prng_below(prng, 10) + venue) * 10000000;
    } else if (kind < 60) {
        action.act = ACT_VENUE_YIELD;
        action.amount = prng_between(prng, 1, 100000);
    } else if (kind < 75) {
        action.act = ACT_FUND;
        action.amount = prng_between(prng, 1, UINT64_C(10000000000));
    } else {
        action.act = ACT_REDEEM;
        action.amount = prng_between(prng, 1, UINT64_C(30000000000));
    }
    world_add_action(&sim->world.chains[chain], &action);
}

/* Another relayer delivers what is final and still open. */
static void rivals(struct sim *sim)
{
    for (uint32_t i = sim->world.messages_count; i-- > 0;) {
        const struct world_message *const message = &sim->world.messages[i];
        if (message->dispatched && !message->delivered &&
            message->dispatched_block <= world_final(&sim->world.chains[message->origin]) &&
            sim_fault(sim, sim->faults.rival)) {
            const struct world_action action = {.act = ACT_RIVAL, .message = i};
            world_add_action(&sim->world.chains[message->destination], &action);
            return;
        }
    }
}

void workload_users(struct sim *sim)
{
    const struct sim_task again = {.kind = TASK_USERS};
    const uint32_t from = (uint32_t)prng_below(&sim->prng, sim->world.chains_count);
    /* Most go one way, so that collateral gets out of balance. */
    const uint32_t to = prng_chance(&sim->prng, 2) && from != 0 ? 0 : other_chain(sim, from);
    const uint64_t burst = prng_chance(&sim->prng, 10) ? prng_between(&sim->prng, 5, 40) : 1;

    if (!sim->is_busy) {
        return; /* in the end nothing new begins */
    }
    for (uint64_t i = 0; i < burst; i++) {
        act(sim, from, to);
    }
    rivals(sim);
    if (sim->options.family == SIM_VENUES) {
        act_on_spoke(sim);
    }
    clock_add(&sim->clock, DURATION_MS(prng_between(&sim->prng, 100, 3000)), &again,
              (struct bytes){0});
}

void workload_reorg(struct sim *sim, uint32_t chain)
{
    struct world_chain *const world = &sim->world.chains[chain];
    const uint64_t above = world_head(world) - world_final(world);
    const uint64_t most = above < REORG_MOST ? above : REORG_MOST;
    const struct world_reorg reorg = {.depth = (uint32_t)prng_between(&sim->prng, 1, most),
                                      .forget = prng_chance(&sim->prng, 3),
                                      .drop = prng_chance(&sim->prng, 3)};

    CHECK(most > 0);
    world_reorg(world, reorg);
    sim->report.reorgs_count++;
    sim_tell(sim, "chain %u: %u blocks replaced, head is %llu, final %llu", chain, reorg.depth,
             (unsigned long long)world_head(world), (unsigned long long)world_final(world));
    network_tell_head(sim, chain);
}
