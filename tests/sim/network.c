/* SPDX-License-Identifier: Apache-2.0 */
/* Connections between our node and the chains' nodes. */
#include <string.h>

#include "relay/base/check.h"
#include "tests/sim/plain.h"
#include "tests/sim/plain_node.h"
#include "tests/sim/sim_internal.h"

static bool is_plain(const struct sim *sim, uint32_t chain)
{
    return sim->chains[chain].ops == &plain_chain_ops;
}

static struct duration latency(struct sim *sim)
{
    if (sim_fault(sim, sim->faults.frame_late)) {
        return DURATION_MS(prng_between(&sim->prng, 500, 20000));
    }
    return (struct duration){.ns = prng_between(&sim->prng, 200, 60000) * 1000};
}

static void carry(struct sim *sim, enum sim_task_kind kind, uint32_t chain, uint32_t endpoint,
                  struct bytes frame)
{
    const struct sim_task task = {.kind = kind,
                                  .chain = chain,
                                  .endpoint = endpoint,
                                  .epoch = sim->endpoints[chain][endpoint].epoch};

    if (sim_fault(sim, sim->faults.frame_lost)) {
        sim->report.frames_lost++;
        return;
    }
    clock_add(&sim->clock, latency(sim), &task, frame);
    if (kind == TASK_TO_NODE && sim_fault(sim, sim->faults.frame_repeated)) {
        clock_add(&sim->clock, latency(sim), &task, frame);
    }
    if (sim_fault(sim, sim->faults.connection_lost)) {
        const struct sim_task lose = {.kind = TASK_LOSE,
                                      .chain = chain,
                                      .endpoint = endpoint,
                                      .epoch = sim->endpoints[chain][endpoint].epoch};
        clock_add(&sim->clock, latency(sim), &lose, (struct bytes){0});
    }
}

void network_send(struct sim *sim, uint32_t chain, uint32_t endpoint, struct bytes frame)
{
    if (sim->endpoints[chain][endpoint].connected) {
        carry(sim, TASK_TO_CHAIN, chain, endpoint, frame);
    }
}

void network_reply(struct sim *sim, uint32_t chain, uint32_t endpoint, struct bytes frame)
{
    if (sim->endpoints[chain][endpoint].connected) {
        carry(sim, TASK_TO_NODE, chain, endpoint, frame);
    }
}

static void ask_connect(struct sim *sim, uint32_t chain, uint32_t endpoint)
{
    const struct sim_task task = {.kind = TASK_CONNECT,
                                  .chain = chain,
                                  .endpoint = endpoint,
                                  .epoch = sim->endpoints[chain][endpoint].epoch};

    clock_add(&sim->clock, DURATION_MS(prng_between(&sim->prng, 5, 1500)), &task,
              (struct bytes){0});
}

void network_connect(struct sim *sim, uint32_t chain, uint32_t endpoint)
{
    struct sim_endpoint *const end = &sim->endpoints[chain][endpoint];

    CHECK(!end->connected);
    end->connected = true;
    end->epoch++;
    end->evm_subscribed = false;
    driver_on_connected(sim->driver, chain, endpoint, host_now(sim));
    host_wake(sim);
}

void network_lose(struct sim *sim, uint32_t chain, uint32_t endpoint)
{
    struct sim_endpoint *const end = &sim->endpoints[chain][endpoint];

    CHECK(end->connected);
    end->connected = false;
    end->epoch++;
    driver_on_lost(sim->driver, chain, endpoint, host_now(sim));
    host_wake(sim);
    ask_connect(sim, chain, endpoint);
}

void network_reset(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->world.chains_count; i++) {
        for (uint32_t j = 0; j < sim->endpoints_count[i]; j++) {
            sim->endpoints[i][j].connected = false;
            sim->endpoints[i][j].epoch++;
        }
    }
}

void network_start(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->world.chains_count; i++) {
        for (uint32_t j = 0; j < sim->endpoints_count[i]; j++) {
            ask_connect(sim, i, j);
        }
    }
}

static void plain_node_take(struct sim *sim, uint32_t chain, uint32_t endpoint, struct bytes frame)
{
    const struct plain_reply reply = plain_node_answer(&sim->world.chains[chain], frame);

    if (reply.is_submission) {
        checks_broadcast(sim, chain, &reply.transaction);
    }
    network_reply(sim, chain, endpoint, reply.frame);
}

void network_take(struct sim *sim, uint32_t chain, uint32_t endpoint, struct bytes frame)
{
    if (is_plain(sim, chain)) {
        plain_node_take(sim, chain, endpoint, frame);
    } else {
        evm_node_take(sim, chain, endpoint, frame);
    }
}

void network_tell_head(struct sim *sim, uint32_t chain)
{
    for (uint32_t j = 0; j < sim->endpoints_count[chain]; j++) {
        if (!sim->endpoints[chain][j].connected) {
            continue;
        }
        if (is_plain(sim, chain)) {
            network_reply(sim, chain, j, plain_node_head(&sim->world.chains[chain]));
        } else {
            evm_node_tell_head(sim, chain, j);
        }
    }
}
