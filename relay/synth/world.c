/* SPDX-License-Identifier: Apache-2.0 */
/* The world's configuration, its clock, and how it steps the node. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/pack.h"
#include "relay/synth/world_internal.h"

#define BEGIN_NS   UINT64_C(1767225600000000000) /* 2026-01-01 */
#define STEP_NS    UINT64_C(100000)
#define NEVER      UINT64_MAX
#define COLLATERAL UINT64_C(1000000000000) /* a million, 6 decimals */

static struct address named_address(const char *what, uint32_t number)
{
    uint8_t memory[64];
    struct packer packer = packer_from(memory, sizeof(memory));

    pack_raw(&packer, bytes_from_string(what));
    pack_u32(&packer, number);
    const struct hash hash = sha2_of(packer_finish(&packer));
    return address_from_evm(hash.bytes);
}

static void configure_chain(struct core_config *config, uint32_t index)
{
    static const char *const names[SYNTH_CHAINS] = {"alpha", "beta", "gamma"};
    struct core_chain *chain = &config->chains[index];

    if (index < SYNTH_CHAINS) {
        (void)snprintf(chain->name, sizeof(chain->name), "%s", names[index]);
    } else {
        (void)snprintf(chain->name, sizeof(chain->name), "chain%u", index + 1);
    }
    chain->domain = 901 + index;
    chain->chain_id = 31337 + index;
    chain->mailbox = named_address("mailbox", index);
    chain->tree_hook = named_address("tree hook", index);
    chain->validator_announce = named_address("announce", index);
    chain->gas_paymaster = named_address("paymaster", index);
    chain->start_block = 1;
    chain->relay_to = true;
    chain->key = named_address("key", 0);
    chain->fee_per_gas_max = amount_from_u64(UINT64_C(200000000000));
    chain->priority_fee_per_gas = amount_from_u64(UINT64_C(1000000000));
    chain->gas_limit_max = 3000000;
    chain->key_balance_min = amount_from_u64(UINT64_C(10000000000000000));
}

static void configure_router(struct core_config *config, uint32_t index)
{
    struct core_router *router = &config->routers[index];

    router->domain = config->chains[index].domain;
    router->router = named_address("router", index);
    router->token = named_address("token", index);
    router->bridge = named_address("bridge", index);
    router->weight.value = 10000 / config->routers_count;
    router->weight.value += index == 0 ? 10000 % config->routers_count : 0;
}

void synth_config(uint32_t chains_count, struct core_config *ret_config)
{
    const uint32_t count = chains_count == 0 ? SYNTH_CHAINS : chains_count;
    struct core_config *config = ret_config;

    memset(config, 0, sizeof(*config));
    (void)snprintf(config->node_name, sizeof(config->node_name), "synth");
    CHECK(count >= SYNTH_CHAINS);
    CHECK(count <= CHAINS_MAX);
    config->chains_count = count;
    for (uint32_t i = 0; i < count; i++) {
        configure_chain(config, i);
    }
    config->routers_count = count < PLAN_ROUTERS_MAX ? count : PLAN_ROUTERS_MAX;
    for (uint32_t i = 0; i < config->routers_count; i++) {
        configure_router(config, i);
    }
    config->assets_count = 1;
    (void)snprintf(config->assets[0].symbol, sizeof(config->assets[0].symbol), SYNTH_SYMBOL);
    config->assets[0].decimals = 6;
    config->route.mode = ROUTE_PROPOSE;
    config->route.tolerance.value = 100;
    config->route.move_min = amount_from_u64(UINT64_C(1000000000));
    config->route.move_max = amount_from_u64(UINT64_C(5000000000000));
    config->route.fee_max.value = 100;
    config->route.fee_native_max = amount_from_u64(UINT64_C(10000000000000000));
    config->route.cooldown = DURATION_MS(60000);
    config->route.plan_interval = DURATION_MS(30000);
}

/* Validators' keys follow from their numbers: nobody's money hangs on them. */
static enum status make_validators(struct synth_world *world)
{
    static const char *const locations[SYNTH_VALIDATORS] = {"file:///synth/validator-0",
                                                            "file:///synth/validator-1"};
    struct address order[SYNTH_VALIDATORS];

    world->ecdsa = ecdsa_new();
    for (uint32_t i = 0; i < SYNTH_VALIDATORS; i++) {
        world->secrets[i] = secret_new();
        if (world->ecdsa == NULL || world->secrets[i] == NULL) {
            return STATUS_NO_MEMORY;
        }
        memset(world->secrets[i]->bytes, (int)(0x11 + i), sizeof(world->secrets[i]->bytes));
        const enum status status = ecdsa_address(world->ecdsa, world->secrets[i], &order[i]);
        if (status != STATUS_OK) {
            return status;
        }
        world->validators[i] = order[i];
        world->locations[i] = bytes_from_string(locations[i]);
    }
    return STATUS_OK;
}

enum status synth_world_new(struct synth_node *node, const struct synth_options *options,
                            struct synth_world **ret_world)
{
    struct synth_world *world = calloc(1, sizeof(*world));

    if (world == NULL) {
        return STATUS_NO_MEMORY;
    }
    world->node = node;
    world->seed = options->seed;
    world->prng = prng_from(options->seed);
    world->now_ns = BEGIN_NS;
    world->step_ns = STEP_NS;
    world->wake_ns = NEVER;
    world->is_deciding = true;
    world->pending = calloc(SYNTH_PENDING, sizeof(*world->pending));
    world->report.first.ns = BEGIN_NS;
    synth_config(options->chains_count, &world->config);
    world->chains = calloc(world->config.chains_count, sizeof(*world->chains));
    for (uint32_t i = 0; i < world->config.chains_count && world->chains != NULL; i++) {
        struct synth_chain *chain = &world->chains[i];
        chain->config = &world->config.chains[i];
        chain->router = &world->config.routers[i];
        if (i < world->config.routers_count) {
            chain->holdings = (struct synth_holdings){
                .router = COLLATERAL, .bridge = 5 * COLLATERAL, .key = COLLATERAL / 10};
        }
        chain->holdings_at[0] = chain->holdings;
        chain->hashes[0] = synth_hash(world, "block", chain->config->domain, 0);
    }
    const enum status status =
        world->pending == NULL || world->chains == NULL ? STATUS_NO_MEMORY : make_validators(world);
    if (status != STATUS_OK) {
        synth_world_free(world);
        return status;
    }
    *ret_world = world;
    return STATUS_OK;
}

struct synth_world *synth_world_free(struct synth_world *world)
{
    if (world != NULL) {
        for (uint32_t i = 0; i < SYNTH_VALIDATORS; i++) {
            secret_free(world->secrets[i]);
        }
        ecdsa_free(world->ecdsa);
        free(world->pending);
        free(world->chains);
        free(world);
    }
    return NULL;
}

struct hash synth_hash(const struct synth_world *world, const char *what, uint64_t a, uint64_t b)
{
    uint8_t memory[64];
    struct packer packer = packer_from(memory, sizeof(memory));

    pack_raw(&packer, bytes_from_string(what));
    pack_u64(&packer, world->seed);
    pack_u64(&packer, a);
    pack_u64(&packer, b);
    return sha2_of(packer_finish(&packer));
}

struct synth_chain *synth_chain_of(struct synth_world *world, uint32_t domain)
{
    for (uint32_t i = 0; i < world->config.chains_count; i++) {
        if (world->chains[i].config->domain == domain) {
            return &world->chains[i];
        }
    }
    CHECK(false); /* the core names no chain but those of its configuration */
    return NULL;
}

void synth_step(struct synth_world *world, struct event *event)
{
    struct core_output output = {.commands_count = 0};

    if (world->status != STATUS_OK) {
        return;
    }
    event->at.ns = world->now_ns;
    world->now_ns += world->step_ns;
    world->report.last = event->at;
    world->status = synth_node_step(world->node, event, &output);
    for (uint32_t i = 0; i < output.commands_count && world->status == STATUS_OK; i++) {
        synth_perform(world, &output.commands[i]);
    }
}

void synth_answer(struct synth_world *world, const struct event *event)
{
    if (world->is_mute) {
        return;
    }
    CHECK(world->pending_end - world->pending_first < SYNTH_PENDING);
    world->pending[world->pending_end++ % SYNTH_PENDING] = *event;
}

static void wake(struct synth_world *world)
{
    struct event event = {.kind = EVENT_WAKE};

    world->wake_ns = NEVER;
    synth_step(world, &event);
}

void synth_settle(struct synth_world *world)
{
    while (world->status == STATUS_OK) {
        if (world->pending_first != world->pending_end) {
            struct event event = world->pending[world->pending_first++ % SYNTH_PENDING];
            synth_step(world, &event);
        } else if (world->wake_ns <= world->now_ns) {
            wake(world);
        } else {
            return;
        }
    }
}

/* ---- starts and stops ---- */

void synth_start(struct synth_world *world)
{
    struct event event = {.kind = EVENT_START};

    event.start.config = &world->config;
    event.start.build_id = bytes_from_string("synth");
    world->pending_first = world->pending_end;
    world->wake_ns = NEVER;
    synth_step(world, &event);
    for (uint32_t i = 0; i < world->config.chains_count; i++) {
        struct event connected = {.kind = EVENT_ENDPOINT,
                                  .domain = world->chains[i].config->domain};
        connected.endpoint.state = ENDPOINT_CONNECTED;
        synth_step(world, &connected);
    }
    synth_settle(world);
    for (uint32_t i = 0; i < world->config.chains_count; i++) {
        struct synth_chain *chain = &world->chains[i];
        synth_watch(world, chain, chain->final + 1);
    }
    synth_settle(world);
}

void synth_stop(struct synth_world *world)
{
    struct event event = {.kind = EVENT_STOP};

    event.stop.reason = bytes_from_string("asked to");
    synth_step(world, &event);
}

/* A person looks at the plan that waits. */
void synth_decide(struct synth_world *world)
{
    struct event event = {.kind = EVENT_OPERATOR};

    if (hash_is_zero(&world->plan_id)) {
        return;
    }
    const bool is_approved = world->is_deciding && !prng_chance(&world->prng, 8);
    event.operator_.action = is_approved ? OPERATOR_APPROVE_PLAN : OPERATOR_REJECT_PLAN;
    event.operator_.subject = world->plan_id;
    event.operator_.uid = 1000;
    event.operator_.reason =
        bytes_from_string(is_approved ? "within what was agreed" : "not today");
    memset(&world->plan_id, 0, sizeof(world->plan_id));
    synth_step(world, &event);
    synth_settle(world);
}
