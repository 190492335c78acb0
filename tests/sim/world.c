/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "tests/support/literal.h"

static void *grow(void *memory, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity) {
        return memory;
    }
    *capacity = *capacity == 0 ? 64 : *capacity * 2;
    void *const grown = realloc(memory, *capacity * size);
    CHECK(grown != NULL);
    return grown;
}

/* ---- the undo log ---- */

void world_set(struct world_chain *chain, void *where, const void *value, size_t count)
{
    chain->undos =
        grow(chain->undos, chain->undos_count, &chain->undos_capacity, sizeof(chain->undos[0]));
    while (chain->undo_bytes_capacity - chain->undo_bytes_count < count) {
        chain->undo_bytes_capacity =
            chain->undo_bytes_capacity == 0 ? 65536 : chain->undo_bytes_capacity * 2;
        chain->undo_bytes = realloc(chain->undo_bytes, chain->undo_bytes_capacity);
        CHECK(chain->undo_bytes != NULL);
    }
    chain->undos[chain->undos_count++] = (struct undo){
        .where = where, .bytes_count = (uint32_t)count, .bytes_at = chain->undo_bytes_count};
    memcpy(chain->undo_bytes + chain->undo_bytes_count, where, count);
    chain->undo_bytes_count += count;
    memcpy(where, value, count);
}

/* Its own inverse: what was becomes what is, and the other way round. */
static void exchange(struct world_chain *chain, const struct undo *undo)
{
    uint8_t *const state = undo->where;
    uint8_t *const kept = chain->undo_bytes + undo->bytes_at;

    for (uint32_t i = 0; i < undo->bytes_count; i++) {
        const uint8_t byte = state[i];
        state[i] = kept[i];
        kept[i] = byte;
    }
}

void world_go_back(struct world_chain *chain, uint64_t number)
{
    CHECK(number < chain->blocks_count);
    if (number + 1 == chain->blocks_count) {
        return;
    }
    for (uint32_t i = chain->undos_count; i-- > chain->blocks[number + 1].undo_start;) {
        exchange(chain, &chain->undos[i]);
    }
}

void world_go_forth(struct world_chain *chain, uint64_t number)
{
    if (number + 1 == chain->blocks_count) {
        return;
    }
    for (uint32_t i = chain->blocks[number + 1].undo_start; i < chain->undos_count; i++) {
        exchange(chain, &chain->undos[i]);
    }
}

void world_undo_to(struct world_chain *chain, uint32_t undos_count)
{
    while (chain->undos_count > undos_count) {
        const struct undo *const undo = &chain->undos[--chain->undos_count];
        exchange(chain, undo);
        chain->undo_bytes_count = undo->bytes_at;
    }
}

/* ---- blocks ---- */

uint64_t world_head(const struct world_chain *chain)
{
    return chain->blocks_count - 1;
}

uint64_t world_final(const struct world_chain *chain)
{
    const uint64_t head = world_head(chain);

    const uint64_t final = head > chain->finality_blocks ? head - chain->finality_blocks : 0;

    return chain->final_most != 0 && chain->final_most < final ? chain->final_most : final;
}

const struct world_block *world_block_at(const struct world_chain *chain, uint64_t number)
{
    return number < chain->blocks_count ? &chain->blocks[number] : NULL;
}

const struct world_block *world_block_of(const struct world_chain *chain, const struct hash *hash)
{
    for (uint32_t i = chain->blocks_count; i-- > 0;) {
        if (hash_equal(&chain->blocks[i].hash, hash)) {
            return &chain->blocks[i];
        }
    }
    return NULL;
}

static struct hash block_hash(struct world_chain *chain, uint64_t number)
{
    uint8_t memory[64];
    struct packer packer = packer_from(memory, sizeof(memory));

    pack_u32(&packer, chain->domain);
    pack_u64(&packer, number);
    pack_u64(&packer, chain->salt++);
    return sha2_of(packer_finish(&packer));
}

void world_add_action(struct world_chain *chain, const struct world_action *action)
{
    if (chain->actions_count < WORLD_ACTIONS_MAX) {
        chain->actions[chain->actions_count++] = *action;
    }
}

static void *copy_of(const void *memory, size_t count)
{
    if (count == 0) {
        return NULL;
    }
    void *const copy = malloc(count);
    CHECK(copy != NULL);
    memcpy(copy, memory, count);
    return copy;
}

static struct amount next_base_fee(struct world_chain *chain, const struct amount *before)
{
    const struct amount bounds[2] = {amount_from_u64(1000000), amount_from_u64(50000000000)};
    const struct amount numerator =
        amount_from_u64(875 + prng_below(&chain->world->prng, 251)); /* an eighth either way */
    const struct amount thousand = amount_from_u64(1000);
    struct amount fee;

    const enum status status = amount_scale_ceil(before, &numerator, &thousand, &fee);
    CHECK(status == STATUS_OK);
    if (amount_compare(&fee, &bounds[0]) < 0) {
        return bounds[0];
    }
    return amount_smaller(&fee, &bounds[1]);
}

static struct world_block *begin_block(struct world_chain *chain)
{
    chain->blocks =
        grow(chain->blocks, chain->blocks_count, &chain->blocks_capacity, sizeof(chain->blocks[0]));
    struct world_block *const block = &chain->blocks[chain->blocks_count];
    const struct world_block *const parent = chain->blocks_count == 0 ? NULL : block - 1;
    memset(block, 0, sizeof(*block));
    block->number = chain->blocks_count;
    block->hash = block_hash(chain, block->number);
    block->time_s = chain->world->clock->now_ns / 1000000000u;
    block->base_fee = amount_from_u64(1000000000);
    if (parent != NULL) {
        block->parent = parent->hash;
        block->time_s = block->time_s > parent->time_s ? block->time_s : parent->time_s + 1;
        block->base_fee = next_base_fee(chain, &parent->base_fee);
    }
    block->undo_start = chain->undos_count;
    chain->blocks_count++;
    chain->logs_count = 0;
    return block;
}

/* Logs get their block's hash and their places once all are there. */
static void end_block(struct world_chain *chain, struct world_block *block)
{
    for (uint32_t i = 0; i < chain->logs_count; i++) {
        chain->logs[i].block_number = block->number;
        chain->logs[i].block_hash = block->hash;
        chain->logs[i].log_index = i;
    }
    block->logs = copy_of(chain->logs, chain->logs_count * sizeof(chain->logs[0]));
    block->logs_count = chain->logs_count;
    block->key_nonce = chain->key_nonce;
    chain->logs_count = 0;
}

void world_mine(struct world_chain *chain)
{
    struct world_block *const block = begin_block(chain);
    struct prng *const prng = &chain->world->prng;
    const uint32_t actions_count = chain->actions_count;
    const uint32_t before = (uint32_t)prng_below(prng, (uint64_t)actions_count + 1);

    for (uint32_t i = 0; i < before; i++) {
        contracts_run_action(chain, &chain->actions[i]);
    }
    pool_mine(chain);
    for (uint32_t i = before; i < actions_count; i++) {
        contracts_run_action(chain, &chain->actions[i]);
    }
    block->actions = copy_of(chain->actions, actions_count * sizeof(chain->actions[0]));
    block->actions_count = actions_count;
    chain->actions_count = 0;
    end_block(chain, block);
}

void world_reorg(struct world_chain *chain, struct world_reorg reorg)
{
    const uint64_t head = world_head(chain);

    CHECK(reorg.depth <= head - world_final(chain));
    if (reorg.depth == 0) {
        return;
    }
    const uint64_t first = head + 1 - reorg.depth;
    pool_reorg(chain, first, reorg.forget);
    for (uint64_t number = first; number <= head; number++) {
        struct world_block *const block = &chain->blocks[number];
        for (uint32_t i = 0; i < block->actions_count && !reorg.drop; i++) {
            world_add_action(chain, &block->actions[i]);
        }
        free(block->actions);
        free(block->logs);
    }
    world_undo_to(chain, chain->blocks[first].undo_start);
    chain->blocks_count = (uint32_t)first;
    for (uint32_t i = 0; i <= reorg.depth; i++) {
        world_mine(chain);
    }
    chain->start_block = chain->history_leaves > 0 ? world_head(chain) : 0;
}

/* ---- beginning and end ---- */

struct address world_account_address(const struct world_chain *chain, enum world_account account)
{
    switch (account) {
    case WORLD_USERS:
        return evm_filled(0xaa);
    case WORLD_ROUTER:
        return chain->router;
    case WORLD_BRIDGE:
        return chain->bridge;
    case WORLD_VAULT:
        return chain->vault;
    case WORLD_KEY:
        return chain->key;
    case WORLD_SPOKE:
        return chain->spoke;
    case WORLD_VENUE_FIRST:
    case WORLD_ACCOUNTS_COUNT:
        break;
    }
    if (account > WORLD_VENUE_FIRST - 1 && account < WORLD_ACCOUNTS_COUNT) {
        return chain->venues[account - WORLD_VENUE_FIRST];
    }
    CHECK(false);
    return evm_filled(0);
}

static struct address contract_address(const struct world_chain *chain, const char *role)
{
    char text[64];
    const int count = snprintf(text, sizeof(text), "%u %s", chain->index, role);

    CHECK(count > 0);
    const struct hash hash = sha2_of(bytes_from(text, (size_t)count));
    return address_from_evm(hash.bytes);
}

/* Half of the chains have sent messages before; of those the node is told of some to start late,
 * and finds out of the others. Drawn by numbers of their own, so that old seeds live the lives they
 * did otherwise. */
static void add_history(struct world_chain *chain, uint64_t seed)
{
    struct prng prng = prng_from(seed ^ (UINT64_C(0x7ee) << 32) ^ chain->domain);

    if (prng_chance(&prng, 2)) {
        contracts_add_history(chain, (uint32_t)prng_between(&prng, 1, 70));
    }
}

static void init_chain(struct world *world, uint32_t index, uint64_t seed)
{
    struct world_chain *const chain = &world->chains[index];

    chain->world = world;
    chain->index = index;
    chain->domain = 1000 + 37 * index;
    chain->chain_id = 31337 + index;
    chain->mailbox = contract_address(chain, "mailbox");
    chain->tree_hook = contract_address(chain, "tree hook");
    chain->announce = contract_address(chain, "announce");
    chain->paymaster = contract_address(chain, "paymaster");
    chain->multicall = contract_address(chain, "multicall");
    chain->ism = contract_address(chain, "ism");
    chain->token = contract_address(chain, "token");
    chain->router = contract_address(chain, "router");
    chain->bridge = contract_address(chain, "bridge");
    chain->vault = contract_address(chain, "vault");
    chain->spoke = contract_address(chain, "spoke");
    chain->venues[0] = contract_address(chain, "first venue");
    chain->venues[1] = contract_address(chain, "second venue");
    chain->key = test_key_address((uint8_t)(0x51 + index));
    chain->finality_blocks = (uint32_t)prng_between(&world->prng, 1, 8);
    chain->block_time = DURATION_MS(prng_between(&world->prng, 2, 12) * 500);
    chain->bridge_fee = amount_from_u64(prng_below(&world->prng, 3) * 1000000000);
    chain->tokens[WORLD_USERS] = amount_from_u64(1000000000000);
    chain->tokens[WORLD_ROUTER] = amount_from_u64(1000000000000);
    chain->tokens[WORLD_BRIDGE] = amount_from_u64(3000000000000);
    chain->key_native = amount_from_u64(UINT64_C(10000000000000000000));
    merkle_tree_init(&chain->tree);
    add_history(chain, seed);
    for (uint64_t i = prng_between(&world->prng, 1, 3); i-- > 0;) {
        world_mine(chain);
    }
}

void world_init(struct world *world, struct sim_clock *clock, uint64_t seed, uint32_t chains_count)
{
    CHECK(chains_count >= 2);
    CHECK(chains_count <= WORLD_CHAINS_MAX);
    world->prng = prng_from(seed);
    world->clock = clock;
    world->chains_count = chains_count;
    world->messages = calloc(WORLD_MESSAGES_MAX, sizeof(world->messages[0]));
    world->message_slots = calloc((size_t)2 * WORLD_MESSAGES_MAX, sizeof(world->message_slots[0]));
    CHECK(world->messages != NULL);
    CHECK(world->message_slots != NULL);
    for (uint32_t i = 0; i < WORLD_VALIDATORS; i++) {
        world->validator_keys[i] = (uint8_t)(0x71 + i);
        world->validators[i] = test_key_address(world->validator_keys[i]);
        for (uint32_t j = 0; j < chains_count; j++) {
            (void)snprintf(world->locations[i][j], sizeof(world->locations[i][j]),
                           "file:///validator/%u/%u", i, j);
        }
    }
    for (uint32_t i = 0; i < chains_count; i++) {
        init_chain(world, i, seed);
    }
}

static void deinit_chain(struct world_chain *chain)
{
    for (uint32_t i = 0; i < chain->blocks_count; i++) {
        free(chain->blocks[i].logs);
        free(chain->blocks[i].actions);
    }
    for (uint32_t i = 0; i < chain->transactions_count; i++) {
        struct leg *const leg = &chain->transactions[i].leg;
        if (leg->kind == LEG_PROCESS) {
            free((void *)(uintptr_t)leg->process.message.data);
            free((void *)(uintptr_t)leg->process.metadata.data);
        } else if (leg->kind == LEG_BATCH) {
            free((void *)(uintptr_t)leg->batch.deliveries.data);
        } else if (leg->kind == LEG_ANNOUNCE) {
            free((void *)(uintptr_t)leg->announce.location.data);
        }
    }
    free(chain->blocks);
    free(chain->transactions);
    free(chain->undos);
    free(chain->undo_bytes);
    free(chain->leaf_messages);
    free(chain->leaf_roots);
}

void world_deinit(struct world *world)
{
    for (uint32_t i = 0; i < world->chains_count; i++) {
        deinit_chain(&world->chains[i]);
    }
    for (uint32_t i = 0; i < world->messages_count; i++) {
        free(world->messages[i].data);
    }
    free(world->messages);
    free(world->message_slots);
}

int world_chain_of(const struct world *world, uint32_t domain)
{
    for (uint32_t i = 0; i < world->chains_count; i++) {
        if (world->chains[i].domain == domain) {
            return (int)i;
        }
    }
    return -1;
}
