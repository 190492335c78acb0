/* SPDX-License-Identifier: Apache-2.0 */
/* The outside of tests/support/core_world.h: two chains of one-second blocks with a mailbox, a tree
 * hook and a pool each, three validators with their stores, and a signer that remembers. */
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/limits.h"
#include "relay/base/pack.h"
#include "relay/hyperlane/message.h"
#include "relay/hyperlane/metadata.h"
#include "tests/support/core_world_internal.h"
#include "tests/support/literal.h"

#define LOG_STEP      3u /* between log indexes, so that they are not consecutive */
#define TXS_PER_BLOCK 100u
#define RANGE_BLOCKS  5u

struct world_chain *world_chain(struct world *world, uint32_t domain)
{
    CHECK(domain == WORLD_A || domain == WORLD_B);
    return &world->chains[domain == WORLD_A ? 0 : 1];
}

const struct core_chain *world_config_of(const struct world *world, uint32_t domain)
{
    return domain == WORLD_A ? &world->config.chains[0] : &world->config.chains[1];
}

struct hash world_hash(const char *what, uint64_t a, uint64_t b, uint64_t c)
{
    uint8_t memory[64];
    struct packer packer = packer_from(memory, sizeof(memory));

    pack_raw(&packer, bytes_from_string(what));
    pack_u64(&packer, a);
    pack_u64(&packer, b);
    pack_u64(&packer, c);
    return sha2_of(packer_finish(&packer));
}

static void add_history(const struct world *world, struct world_chain *chain);

void world_outside_init(struct world *world)
{
    static const char *const locations[3] = {"", "file:///second", "file:///third"};

    for (uint32_t i = 0; i < WORLD_CHAINS; i++) {
        struct world_chain *chain = &world->chains[i];
        chain->domain = i == 0 ? WORLD_A : WORLD_B;
        chain->blocks[0].hash = world_hash("genesis", chain->domain, 0, 0);
        chain->base_fee = 10;
        chain->advice.lane.balance = amount_from_u64(1000000000000);
        chain->block_at = world->now + (i + 1) * 400000000;
        add_history(world, chain);
    }
    for (uint32_t i = 1; i < 3; i++) {
        world->locations[i] = bytes_from_string(locations[i]);
    }
    world->simulation = OUTCOME_OK;
    world->simulation_reason = "";
    world->batch_simulation = OUTCOME_OK;
    world->batch_gas = WORLD_GAS - 20000;
    world->signer = OUTCOME_OK;
    world->submission = OUTCOME_OK;
    world->including = true;
    world->validators_count = 3;
    world->module_type = MODULE_MESSAGE_ID_MULTISIG;
    world->threshold = 2;
}

void world_outside_free(struct world *world)
{
    for (uint32_t i = 0; i < WORLD_CHAINS; i++) {
        for (uint32_t number = 0; number < WORLD_BLOCKS_MAX; number++) {
            free(world->chains[i].blocks[number].facts);
        }
    }
}

void world_outside_restart(struct world *world)
{
    for (uint32_t i = 0; i < WORLD_CHAINS; i++) {
        world->chains[i].is_watched = false;
    }
    for (uint32_t i = 0; i < world->txs_count; i++) {
        world->txs[i].held = false;
    }
    world->follows_count = 0;
}

/* ---- blocks ---- */

static struct world_message *find_message(struct world *world, const struct hash *id)
{
    for (uint32_t i = 0; i < world->messages_count; i++) {
        if (hash_equal(&world->messages[i].id, id)) {
            return &world->messages[i];
        }
    }
    return NULL;
}

static struct fact *add_fact(struct world *world, struct world_chain *chain, enum fact_kind kind,
                             const struct hash *transaction)
{
    struct world_block *block = &chain->blocks[chain->head];
    const struct core_chain *config = world_config_of(world, chain->domain);

    if (block->facts == NULL) {
        block->facts = calloc(WORLD_BLOCK_FACTS, sizeof(*block->facts));
        CHECK(block->facts != NULL);
    }
    CHECK(block->facts_count < WORLD_BLOCK_FACTS);
    struct fact *fact = &block->facts[block->facts_count];
    memset(fact, 0, sizeof(*fact));
    fact->kind = kind;
    fact->block_number = chain->head;
    fact->block_hash = block->hash;
    fact->transaction = *transaction;
    fact->log_index = LOG_STEP * block->facts_count++;
    fact->contract = kind == FACT_TREE_INSERT   ? config->tree_hook
                     : kind == FACT_GAS_PAYMENT ? config->gas_paymaster
                     : kind == FACT_ANNOUNCED   ? config->validator_announce
                                                : config->mailbox;
    return fact;
}

static void add_leaf(struct world_chain *chain, const struct hash *id)
{
    struct merkle_tree tree;

    CHECK(chain->leaves_count < WORLD_MESSAGES_MAX);
    chain->leaves[chain->leaves_count++] = *id;
    merkle_tree_init(&tree);
    for (uint32_t i = 0; i < chain->leaves_count; i++) {
        const enum status status = merkle_tree_insert(&tree, &chain->leaves[i]);
        CHECK(status == STATUS_OK);
    }
    chain->roots[chain->leaves_count - 1] = merkle_tree_root(&tree);
    memcpy(chain->branches[chain->leaves_count], tree.branch, sizeof(tree.branch));
}

static void add_history(const struct world *world, struct world_chain *chain)
{
    for (uint32_t i = 0; i < world->options.history; i++) {
        const struct hash leaf = world_hash("history", chain->domain, i, 0);
        add_leaf(chain, &leaf);
    }
    chain->blocks[0].leaves_count = chain->leaves_count;
}

static void include_dispatches(struct world *world, struct world_chain *chain)
{
    for (uint32_t i = 0; i < world->messages_count; i++) {
        struct world_message *message = &world->messages[i];
        if (message->origin != chain->domain || message->is_dispatched || message->is_dropped ||
            world->holding) {
            continue;
        }
        const struct hash transaction = world_hash("dispatch", i, chain->fork, chain->head);
        message->is_dispatched = true;
        add_fact(world, chain, FACT_DISPATCH, &transaction)->dispatch.message =
            message->is_large ? bytes_from(message->id.bytes, sizeof(message->id.bytes))
                              : bytes_from(message->bytes, WORLD_MESSAGE_BYTES);
        struct fact *insert = add_fact(world, chain, FACT_TREE_INSERT, &transaction);
        insert->tree_insert.message_id = message->id;
        insert->tree_insert.leaf_index = chain->leaves_count;
        add_leaf(chain, &message->id);
        struct fact *paid = add_fact(world, chain, FACT_GAS_PAYMENT, &transaction);
        paid->gas_payment.message_id = message->id;
        paid->gas_payment.destination = message->destination;
        paid->gas_payment.gas = amount_from_u64(WORLD_GAS);
        paid->gas_payment.payment = amount_from_u64(7);
    }
}

static void include_payments(struct world *world, struct world_chain *chain)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < world->payments_count; i++) {
        const struct world_payment payment = world->payments[i];
        if (payment.domain != chain->domain) {
            world->payments[kept++] = payment;
            continue;
        }
        const struct hash transaction = world_hash("payment", i, chain->fork, chain->head);
        if (!address_is_zero(&payment.token)) {
            struct fact *transfer = add_fact(world, chain, FACT_TRANSFER, &transaction);
            transfer->contract = payment.token;
            transfer->transfer.to = world_config_of(world, chain->domain)->gas_paymaster;
            transfer->transfer.amount = amount_from_u64(payment.amount);
        }
        struct fact *paid = add_fact(world, chain, FACT_GAS_PAYMENT, &transaction);
        paid->gas_payment.message_id = payment.message_id;
        paid->gas_payment.destination = payment.destination;
        paid->gas_payment.gas = amount_from_u64(WORLD_GAS);
        paid->gas_payment.payment =
            amount_from_u64(payment.claimed == 0 ? payment.amount : payment.claimed);
        paid->contract = address_is_zero(&payment.contract) ? paid->contract : payment.contract;
    }
    world->payments_count = kept;
}

/* Of the validator that is known, in its place among the world's. */
static void include_announcements(struct world *world, struct world_chain *chain)
{
    if (world->announcing_domain != chain->domain) {
        return;
    }
    const struct hash transaction = world_hash("announce", 0, chain->fork, chain->head);
    add_fact(world, chain, FACT_ANNOUNCED, &transaction)->announced.validator =
        world->validators[world->announcing];
    world->announcing_domain = 0;
}

void world_announce(struct world *world, uint32_t domain, uint32_t validator)
{
    CHECK(validator < sizeof(world->validators) / sizeof(world->validators[0]));
    world->announcing_domain = domain;
    world->announcing = validator;
}

void world_claim(struct world *world, const struct world_payment *payment)
{
    CHECK(world->payments_count < sizeof(world->payments) / sizeof(world->payments[0]));
    world->payments[world->payments_count++] = *payment;
}

void world_pay_with(struct world *world, uint32_t domain, uint32_t destination,
                    const struct hash *id, const struct address *token, uint64_t amount)
{
    const struct world_payment payment = {.domain = domain,
                                          .destination = destination,
                                          .message_id = *id,
                                          .token = *token,
                                          .amount = amount};

    world_claim(world, &payment);
}

void world_pay(struct world *world, uint32_t domain, uint32_t destination, const struct hash *id)
{
    const struct address coin = {{0}};

    world_pay_with(world, domain, destination, id, &coin, 7);
}

bool world_is_processed(const struct world_chain *chain, const struct hash *id)
{
    for (uint64_t number = 1; number <= chain->head; number++) {
        const struct world_block *block = &chain->blocks[number];
        for (uint32_t i = 0; i < block->facts_count; i++) {
            if (block->facts[i].kind == FACT_PROCESS &&
                hash_equal(&block->facts[i].process.message_id, id)) {
                return true;
            }
        }
    }
    return false;
}

static void include_elsewhere(struct world *world, struct world_chain *chain)
{
    for (uint32_t i = 0; i < world->messages_count; i++) {
        struct world_message *message = &world->messages[i];
        if (message->destination == chain->domain && message->elsewhere) {
            const struct hash transaction = world_hash("elsewhere", i, chain->fork, chain->head);
            message->elsewhere = false;
            if (!world_is_processed(chain, &message->id)) {
                add_fact(world, chain, FACT_PROCESS, &transaction)->process.message_id =
                    message->id;
            }
        }
    }
}

static void include_tx(struct world *world, struct world_chain *chain, struct world_tx *tx)
{
    tx->in_pool = false;
    tx->block = chain->head;
    tx->succeeded = true;
    chain->nonces[tx->key] = tx->nonce + 1;
    for (uint32_t i = 0; i < tx->messages_count && !tx->is_foreign; i++) {
        const struct hash *id = &tx->message_ids[i];
        tx->delivered[i] = !world_is_processed(chain, id) && !hash_equal(id, &world->failing_id);
        if (tx->delivered[i]) {
            add_fact(world, chain, FACT_PROCESS, &tx->hash)->process.message_id = *id;
            world->processed_by_us++;
        }
    }
    if (tx->kind == LEG_PROCESS && !tx->is_foreign) {
        tx->succeeded = tx->delivered[0];
    }
    if (tx->kind == LEG_ANNOUNCE) {
        chain->is_announced = true;
    }
}

static void include_txs(struct world *world, struct world_chain *chain)
{
    const struct amount base_fee = amount_from_u64(chain->base_fee);

    for (uint32_t count = 0; count < TXS_PER_BLOCK && world->including; count++) {
        struct world_tx *next = NULL;
        for (uint32_t i = 0; i < world->txs_count; i++) {
            struct world_tx *tx = &world->txs[i];
            if (tx->domain == chain->domain && tx->in_pool && tx->nonce == chain->nonces[tx->key] &&
                amount_compare(&tx->fee, &base_fee) >= 0) {
                next = tx;
            }
        }
        if (next == NULL) {
            return;
        }
        include_tx(world, chain, next);
    }
}

/* Receipts for transactions in blocks, and word that a nonce went elsewhere. */
void world_answer_follows(struct world *world)
{
    for (uint32_t i = 0; i < world->follows_count;) {
        const struct world_follow follow = world->follows[i];
        struct world_chain *chain = world_chain(world, follow.domain);
        const struct world_tx *found = NULL;
        const struct world_tx *other = NULL;
        struct event event;
        for (uint32_t j = 0; j < world->txs_count; j++) {
            const struct world_tx *tx = &world->txs[j];
            if (tx->domain != follow.domain || tx->key != follow.key || tx->nonce != follow.nonce ||
                tx->block == 0) {
                continue;
            }
            if (hash_equal(&tx->hash, &follow.transaction)) {
                found = tx;
            } else if (tx->block + WORLD_FINALITY <= chain->head) {
                other = tx;
            }
        }
        if (found == NULL && other == NULL) {
            i++;
            continue;
        }
        memset(&event, 0, sizeof(event));
        event.kind = EVENT_RECEIPT;
        event.domain = follow.domain;
        event.receipt.leg_id = follow.leg_id;
        event.receipt.transaction = follow.transaction;
        event.receipt.outcome = found != NULL ? OUTCOME_OK : OUTCOME_ABSENT;
        if (found != NULL) {
            event.receipt.succeeded = found->succeeded;
            event.receipt.block_number = found->block;
            event.receipt.block_hash = chain->blocks[found->block].hash;
            event.receipt.gas_used =
                found->kind == LEG_BATCH ? world->batch_gas * found->messages_count : WORLD_GAS;
            event.receipt.gas_price = amount_from_u64(chain->base_fee + 1);
            event.receipt.data_fee = amount_from_u64(chain->data_fee);
        }
        world->follows[i] = world->follows[--world->follows_count];
        world_answer(world, &event);
    }
}

static void give_facts(struct world *world, const struct world_chain *chain, uint64_t number,
                       enum event_kind kind)
{
    const struct world_block *block = &chain->blocks[number];
    struct event event;

    for (uint32_t i = 0; i < block->facts_count; i++) {
        memset(&event, 0, sizeof(event));
        event.kind = kind;
        event.domain = chain->domain;
        event.fact = block->facts[i];
        world_step(world, &event);
    }
}

static void give_block(struct world *world, struct world_chain *chain, uint64_t number,
                       bool is_range_end)
{
    const struct world_block *block = &chain->blocks[number];
    struct event event;

    give_facts(world, chain, number, EVENT_FACT);
    if (is_range_end) {
        return;
    }
    memset(&event, 0, sizeof(event));
    event.kind = EVENT_BLOCK;
    event.domain = chain->domain;
    event.block.number = number;
    event.block.hash = block->hash;
    event.block.parent = block->parent;
    event.block.time_s = world->now / WORLD_SECOND;
    event.block.base_fee = amount_from_u64(chain->base_fee);
    world_step(world, &event);
}

static void give_final(struct world *world, struct world_chain *chain, uint64_t number)
{
    struct event event;

    memset(&event, 0, sizeof(event));
    event.kind = EVENT_FINAL;
    event.domain = chain->domain;
    event.final.number = number;
    event.final.hash = chain->blocks[number].hash;
    world_step(world, &event);
}

/* A run of blocks that were final when they were read: facts, then the end without a parent. */
static void give_range(struct world *world, struct world_chain *chain)
{
    const uint64_t last = chain->give_next + RANGE_BLOCKS - 1;
    struct event event;

    while (chain->give_next < last) {
        give_block(world, chain, chain->give_next++, true);
    }
    give_block(world, chain, last, true);
    memset(&event, 0, sizeof(event));
    event.kind = EVENT_BLOCK;
    event.domain = chain->domain;
    event.block.number = last;
    event.block.hash = chain->blocks[last].hash;
    event.block.time_s = world->now / WORLD_SECOND;
    event.block.base_fee = amount_from_u64(chain->base_fee);
    world_step(world, &event);
    chain->give_next = last + 1;
    give_final(world, chain, last);
}

/* Begins near the head where the node lets it, and the history is long. */
static void pass_over(struct world *world, struct world_chain *chain)
{
    const uint64_t recent = world->options.recent_blocks;
    struct event event;

    if (!chain->is_watched || !chain->watch.may_pass || recent == 0 ||
        chain->give_next != chain->watch.from_block ||
        chain->head < chain->give_next + 2 * recent) {
        return;
    }
    chain->past_next = chain->give_next;
    chain->past_end = chain->head - recent;
    chain->give_next = chain->past_end;
    memset(&event, 0, sizeof(event));
    event.kind = EVENT_PASSED;
    event.domain = chain->domain;
    event.passed.first = chain->past_end;
    world_step(world, &event);
}

static void give_past(struct world *world, struct world_chain *chain)
{
    struct event event;

    for (uint32_t i = 0; i < world->past_rate && chain->is_watched; i++) {
        const uint64_t number = chain->past_next;
        if (number >= chain->past_end) {
            return;
        }
        chain->past_next++; /* before the facts: a step may restart the node */
        give_facts(world, chain, number, EVENT_PAST_FACT);
        memset(&event, 0, sizeof(event));
        event.kind = EVENT_PAST_BLOCK;
        event.domain = chain->domain;
        event.past_block.number = number;
        event.past_block.hash = chain->blocks[number].hash;
        world_step(world, &event);
    }
}

void world_set_past_rate(struct world *world, uint32_t blocks)
{
    world->past_rate = blocks;
}

void world_give(struct world *world, struct world_chain *chain)
{
    pass_over(world, chain);
    give_past(world, chain);
    while (chain->is_watched && chain->give_next <= chain->head) {
        if (chain->give_next + RANGE_BLOCKS + WORLD_FINALITY <= chain->head) {
            give_range(world, chain);
        } else {
            const uint64_t number = chain->give_next++;
            give_block(world, chain, number, false);
            if (number > WORLD_FINALITY) {
                give_final(world, chain, number - WORLD_FINALITY);
            }
        }
    }
}

void world_mine(struct world *world, struct world_chain *chain)
{
    CHECK(chain->head + 1 < WORLD_BLOCKS_MAX);
    if (prng_chance(&world->prng, world->options.evict_one_in)) {
        for (uint32_t i = 0; i < world->txs_count; i++) {
            world->txs[i].in_pool = world->txs[i].in_pool && world->txs[i].domain != chain->domain;
        }
    }
    const struct hash parent = chain->blocks[chain->head].hash;
    struct world_block *block = &chain->blocks[++chain->head];
    block->parent = parent;
    block->hash = world_hash("block", chain->domain, chain->head, chain->fork);
    block->facts_count = 0;
    include_dispatches(world, chain);
    include_payments(world, chain);
    include_announcements(world, chain);
    include_elsewhere(world, chain);
    include_txs(world, chain);
    block->leaves_count = chain->leaves_count;
    world_give(world, chain);
    world_answer_follows(world);
}

void world_mine_unseen(struct world *world, uint32_t domain, uint32_t count)
{
    struct world_chain *chain = world_chain(world, domain);

    chain->is_watched = false;
    world->follows_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        world_mine(world, chain);
    }
}

/* Takes the head's block away. */
static void unmine(struct world *world, struct world_chain *chain, bool drop_dispatches)
{
    struct world_block *block = &chain->blocks[chain->head];

    for (uint32_t i = 0; i < world->txs_count; i++) {
        struct world_tx *tx = &world->txs[i];
        if (tx->domain == chain->domain && tx->block == chain->head) {
            tx->block = 0;
            tx->in_pool = true;
            uint64_t *nonce = &chain->nonces[tx->key];
            *nonce = tx->nonce < *nonce ? tx->nonce : *nonce;
            for (uint32_t j = 0; j < tx->messages_count; j++) {
                world->processed_by_us -= tx->delivered[j] ? 1 : 0;
                tx->delivered[j] = false;
            }
        }
    }
    for (uint32_t i = 0; i < block->facts_count; i++) {
        if (block->facts[i].kind == FACT_DISPATCH) {
            const struct hash id = message_id(block->facts[i].dispatch.message);
            struct world_message *message = find_message(world, &id);
            message->is_dispatched = false;
            message->is_dropped = message->is_dropped || drop_dispatches;
        }
    }
    block->facts_count = 0;
    chain->head--;
    chain->leaves_count = chain->blocks[chain->head].leaves_count;
}

void world_reorg(struct world *world, uint32_t domain, uint32_t depth, bool drop_dispatches)
{
    struct world_chain *chain = world_chain(world, domain);

    if (chain->head <= depth + 1) {
        world_mine(world, chain);
        return;
    }
    for (uint32_t i = 0; i < depth; i++) {
        unmine(world, chain, drop_dispatches);
    }
    chain->fork++;
    if (chain->give_next > chain->head + 1) {
        chain->give_next = chain->head + 1;
    }
    const bool was_watched = chain->is_watched;
    chain->is_watched = false; /* given when the new branch is the longer one */
    for (uint32_t i = 0; i < depth; i++) {
        world_mine(world, chain);
    }
    chain->is_watched = was_watched;
    world_mine(world, chain);
}

/* ---- messages ---- */

struct hash world_dispatch(struct world *world, uint32_t origin, uint32_t destination,
                           uint8_t recipient)
{
    CHECK(world->messages_count < WORLD_MESSAGES_MAX);
    struct world_message *message = &world->messages[world->messages_count];
    uint8_t body[WORLD_MESSAGE_BYTES - MESSAGE_BYTES_MIN];
    struct buffer buffer = buffer_from(message->bytes, WORLD_MESSAGE_BYTES);

    memset(body, recipient, sizeof(body));
    const struct message_view view = {.version = MESSAGE_VERSION,
                                      .nonce = world->messages_count++,
                                      .origin = origin,
                                      .destination = destination,
                                      .sender = evm_filled(0x55),
                                      .recipient = evm_filled(recipient),
                                      .body = bytes_from(body, sizeof(body))};
    const enum status status = message_write(&view, &buffer);
    CHECK(status == STATUS_OK);
    CHECK(buffer.count == WORLD_MESSAGE_BYTES);
    message->id = message_id(buffer_bytes(&buffer));
    message->origin = origin;
    message->destination = destination;
    return message->id;
}

struct hash world_dispatch_version(struct world *world, uint32_t origin, uint32_t destination,
                                   uint8_t version)
{
    (void)world_dispatch(world, origin, destination, version);
    struct world_message *message = &world->messages[world->messages_count - 1];

    message->bytes[0] = version;
    message->id = message_id(bytes_from(message->bytes, WORLD_MESSAGE_BYTES));
    message->is_refused = true;
    return message->id;
}

struct hash world_dispatch_large(struct world *world, uint32_t origin, uint32_t destination)
{
    (void)world_dispatch(world, origin, destination, 0x44);
    struct world_message *message = &world->messages[world->messages_count - 1];

    message->is_large = true; /* what is given of it is its id */
    message->is_refused = true;
    return message->id;
}

void world_deliver_elsewhere(struct world *world, const struct hash *id)
{
    find_message(world, id)->elsewhere = true;
}
