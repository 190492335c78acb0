/* SPDX-License-Identifier: Apache-2.0 */
/* What tests turn in the imaginary world, and what they count. */
#include <string.h>

#include "relay/base/check.h"
#include "tests/support/core_world_internal.h"

void world_set_base_fee(struct world *world, uint32_t domain, uint64_t wei)
{
    world_chain(world, domain)->base_fee = wei;
}

void world_set_batch_simulation(struct world *world, enum outcome outcome, uint64_t gas)
{
    world->batch_simulation = outcome;
    world->batch_gas = gas;
}

void world_set_failing(struct world *world, const struct hash *id)
{
    world->failing_id = *id;
}

uint32_t world_batches(const struct world *world)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < world->txs_count; i++) {
        count += world->txs[i].kind == LEG_BATCH && world->txs[i].block != 0 ? 1 : 0;
    }
    return count;
}

void world_set_simulation(struct world *world, enum outcome outcome, const char *reason)
{
    world->simulation = outcome;
    world->simulation_reason = reason;
}

void world_set_signer(struct world *world, enum outcome outcome)
{
    world->signer = outcome;
}

void world_set_rejection(struct world *world, enum outcome outcome, enum rejection rejection)
{
    world->submission = outcome;
    world->rejection = rejection;
}

void world_set_including(struct world *world, bool on)
{
    world->including = on;
}

void world_set_dispatching(struct world *world, bool on)
{
    world->holding = !on;
}

void world_set_validators(struct world *world, uint32_t count)
{
    world->validators_count = count;
}

void world_set_servers(struct world *world, const char *first, const char *second)
{
    world->servers[0] = first;
    world->servers[1] = second;
}

void world_set_threshold(struct world *world, uint32_t threshold)
{
    world->threshold = threshold;
}

void world_set_module_type(struct world *world, uint8_t module_type)
{
    world->module_type = module_type;
}

void world_set_bad_validator(struct world *world, bool on)
{
    world->bad_validator = on;
}

void world_forget_held(struct world *world)
{
    for (uint32_t i = 0; i < world->txs_count; i++) {
        world->txs[i].held = false;
    }
}

const struct watch *world_watch(const struct world *world, uint32_t domain)
{
    for (uint32_t i = 0; i < WORLD_CHAINS; i++) {
        if (world->chains[i].domain == domain) {
            return &world->chains[i].watch;
        }
    }
    check_failed(__FILE__, __LINE__, "no such chain");
}

void world_set_doubt(struct world *world, bool on)
{
    world->doubt = on;
}

void world_set_short(struct world *world, bool on)
{
    world->is_short = on;
}

void world_set_pruned(struct world *world, uint32_t count)
{
    world->pruned = count;
}

void world_set_branch_lies(struct world *world, bool on)
{
    world->branch_lies = on;
}

bool world_signed(struct world *world, uint32_t domain, uint32_t index)
{
    const struct world_chain *chain = world_chain(world, domain);

    CHECK(index < WORLD_MESSAGES_MAX);
    return chain->is_signed[index] && hash_equal(&chain->signed_roots[index], &chain->roots[index]);
}

void world_set_strangers(struct world *world, bool on)
{
    world->has_strangers = on;
}

void world_set_tree_lies(struct world *world, bool on)
{
    world->tree_lies = on;
}

uint32_t world_process_count(const struct world *world, const struct hash *id)
{
    uint32_t count = 0;

    for (uint32_t c = 0; c < WORLD_CHAINS; c++) {
        const struct world_chain *chain = &world->chains[c];
        for (uint64_t number = 1; number <= chain->head; number++) {
            for (uint32_t i = 0; i < chain->blocks[number].facts_count; i++) {
                const struct fact *fact = &chain->blocks[number].facts[i];
                count +=
                    fact->kind == FACT_PROCESS && hash_equal(&fact->process.message_id, id) ? 1 : 0;
            }
        }
    }
    return count;
}

uint32_t world_processed_by_us(const struct world *world)
{
    return world->processed_by_us;
}

uint32_t world_published(const struct world *world, uint32_t domain)
{
    return world->chains[domain == WORLD_A ? 0 : 1].published_count;
}

bool world_is_announced(const struct world *world, uint32_t domain)
{
    return world->chains[domain == WORLD_A ? 0 : 1].is_announced;
}

uint32_t world_head(const struct world *world, uint32_t domain)
{
    return (uint32_t)world->chains[domain == WORLD_A ? 0 : 1].head;
}

void world_set_legacy(struct world *world, uint32_t domain, uint64_t gas_price)
{
    struct event *advice = &world_chain(world, domain)->advice;

    advice->lane.is_legacy = true;
    advice->lane.gas_price = amount_from_u64(gas_price);
}

void world_set_priorities(struct world *world, uint32_t domain, uint64_t usual, uint64_t hasty)
{
    struct event *advice = &world_chain(world, domain)->advice;

    advice->lane.priority_usual = amount_from_u64(usual);
    advice->lane.priority_hasty = amount_from_u64(hasty);
}

void world_set_balance(struct world *world, uint64_t wei)
{
    for (uint32_t i = 0; i < WORLD_CHAINS; i++) {
        world->chains[i].advice.lane.balance = amount_from_u64(wei);
    }
}

void world_set_data_fee(struct world *world, uint32_t domain, uint64_t wei)
{
    world_chain(world, domain)->data_fee = wei;
}

uint32_t world_sent_by(const struct world *world, uint32_t domain, uint32_t key)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < world->txs_count; i++) {
        const struct world_tx *tx = &world->txs[i];
        count += tx->domain == domain && tx->key == key && tx->block != 0 && !tx->is_foreign;
    }
    return count;
}
