/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of an imaginary chain: what users and the node's transactions leave in them. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/hyperlane/message.h"
#include "relay/hyperlane/token.h"
#include "relay/synth/world_internal.h"

#define TXS_PER_BLOCK     256u
#define MESSAGE_ROOM      512u
#define BODY_BYTES_MAX    160u
#define GAS_USED          UINT64_C(120000)
#define BASE_FEE          UINT64_C(20000000000)
#define TRANSFER_MIN      UINT64_C(1000000) /* one token */
#define TOP_UP            UINT64_C(1000000000000)
#define FEE_PPM           UINT64_C(100)
#define PAID_PER_DELIVERY UINT64_C(3000000000000000)

/* ---- facts ---- */

static struct fact fact_at(const struct synth_chain *chain, enum fact_kind kind,
                           const struct hash *transaction)
{
    struct fact fact = {.kind = kind};

    fact.block_number = chain->head;
    fact.block_hash = chain->hashes[chain->head % SYNTH_BLOCKS_KEPT];
    fact.transaction = *transaction;
    return fact;
}

static void give(struct synth_world *world, struct synth_chain *chain, const struct fact *fact)
{
    struct event event = {.kind = EVENT_FACT, .domain = chain->config->domain};

    event.fact = *fact;
    event.fact.log_index = chain->log_index;
    chain->log_index += 2; /* others have logs between ours */
    synth_step(world, &event);
}

static void transfer(struct synth_world *world, struct synth_chain *chain,
                     const struct hash *transaction, struct address from, struct address to,
                     uint64_t amount)
{
    struct fact fact = fact_at(chain, FACT_TRANSFER, transaction);

    fact.contract = chain->router->token;
    fact.transfer.from = from;
    fact.transfer.to = to;
    fact.transfer.amount = amount_from_u64(amount);
    give(world, chain, &fact);
}

static void remote(struct synth_world *world, struct synth_chain *chain,
                   const struct hash *transaction, enum fact_kind kind, uint32_t domain,
                   struct address recipient, uint64_t amount)
{
    struct fact fact = fact_at(chain, kind, transaction);

    fact.contract = chain->router->router;
    fact.remote.remote = domain;
    fact.remote.recipient = recipient;
    fact.remote.amount = amount_from_u64(amount);
    give(world, chain, &fact);
}

/* Dispatch, insertion and payment, in one transaction. */
static void dispatch(struct synth_world *world, struct synth_chain *chain,
                     const struct hash *transaction, const struct message_view *view)
{
    uint8_t memory[MESSAGE_ROOM];
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    struct message_view message = *view;

    message.version = MESSAGE_VERSION;
    message.nonce = chain->dispatched_count;
    message.origin = chain->config->domain;
    const enum status status = message_write(&message, &buffer);
    CHECK(status == STATUS_OK);
    struct fact fact = fact_at(chain, FACT_DISPATCH, transaction);
    fact.contract = chain->config->mailbox;
    fact.dispatch.message = buffer_bytes(&buffer);
    give(world, chain, &fact);
    const struct hash id = message_id(buffer_bytes(&buffer));
    fact = fact_at(chain, FACT_TREE_INSERT, transaction);
    fact.contract = chain->config->tree_hook;
    fact.tree_insert.message_id = id;
    fact.tree_insert.leaf_index = chain->dispatched_count;
    give(world, chain, &fact);
    fact = fact_at(chain, FACT_GAS_PAYMENT, transaction);
    fact.contract = chain->config->gas_paymaster;
    fact.gas_payment.message_id = id;
    fact.gas_payment.destination = message.destination;
    fact.gas_payment.gas = amount_from_u64(GAS_USED);
    fact.gas_payment.payment = amount_from_u64(PAID_PER_DELIVERY);
    give(world, chain, &fact);
    chain->dispatched_count++;
    world->report.messages_count++;
}

/* ---- users ---- */

static struct address user(const struct synth_world *world, uint64_t number)
{
    const struct hash hash = synth_hash(world, "user", number % 100000, 0);

    return address_from_evm(hash.bytes);
}

/* More wants to go to gamma than comes from it, and from there to alpha. Of more chains than three,
 * to any of the first `count`. */
static struct synth_chain *target_of(struct synth_world *world, const struct synth_chain *chain,
                                     uint32_t count)
{
    const uint32_t index = (uint32_t)(chain - world->chains);
    if (count > SYNTH_CHAINS) {
        const uint32_t any = (uint32_t)prng_below(&world->prng, count - 1);
        return &world->chains[any >= index ? any + 1 : any];
    }
    const uint32_t wanted = index == 2 ? 0 : 2;
    const uint32_t other = 3 - index - wanted;

    return &world->chains[prng_below(&world->prng, 5) < 3 ? wanted : other];
}

static void send_tokens(struct synth_world *world, struct synth_chain *chain,
                        const struct hash *transaction)
{
    uint8_t memory[128];
    struct buffer body = buffer_from(memory, sizeof(memory));
    const struct synth_chain *target = target_of(world, chain, world->config.routers_count);
    const struct address from = user(world, prng_u64(&world->prng));
    const uint64_t amount = prng_between(&world->prng, TRANSFER_MIN, world->transfer_max);
    const struct token_message token = {.recipient = user(world, prng_u64(&world->prng)),
                                        .amount = amount_from_u64(amount)};
    const enum status status = token_message_write(&token, &body);

    CHECK(status == STATUS_OK);
    chain->holdings.router += amount;
    transfer(world, chain, transaction, from, chain->router->router, amount);
    remote(world, chain, transaction, FACT_REMOTE_SENT, target->config->domain, token.recipient,
           amount);
    const struct message_view message = {.destination = target->config->domain,
                                         .sender = chain->router->router,
                                         .recipient = target->router->router,
                                         .body = buffer_bytes(&body)};
    dispatch(world, chain, transaction, &message);
    world->report.transfers_count++;
}

static void send_words(struct synth_world *world, struct synth_chain *chain,
                       const struct hash *transaction)
{
    uint8_t body[BODY_BYTES_MAX];
    const size_t count = (size_t)prng_between(&world->prng, 1, sizeof(body));
    const struct synth_chain *target = target_of(world, chain, world->config.chains_count);
    const struct hash recipient = synth_hash(world, "recipient", target->config->domain,
                                             prng_below(&world->prng, SYNTH_RECIPIENTS));

    prng_fill(&world->prng, body, count);
    const struct message_view message = {.destination = target->config->domain,
                                         .sender = user(world, prng_u64(&world->prng)),
                                         .recipient = address_from_evm(recipient.bytes),
                                         .body = bytes_from(body, count)};
    dispatch(world, chain, transaction, &message);
}

/* ---- the node's transactions ---- */

static void process_fact(struct synth_world *world, struct synth_chain *chain,
                         const struct synth_tx *tx)
{
    struct fact fact = fact_at(chain, FACT_PROCESS, &tx->hash);

    fact.contract = chain->config->mailbox;
    fact.process.message_id = tx->message_id;
    give(world, chain, &fact);
}

/* Without it a delivery would revert: somebody adds collateral. */
static void top_up(struct synth_world *world, struct synth_chain *chain, uint64_t amount)
{
    const struct hash transaction =
        synth_hash(world, "top up", chain->config->domain, chain->transactions_count);

    if (chain->holdings.router >= amount) {
        return;
    }
    chain->transactions_count++;
    chain->holdings.router += TOP_UP;
    transfer(world, chain, &transaction, user(world, 7), chain->router->router, TOP_UP);
}

static void include_process(struct synth_world *world, struct synth_chain *chain,
                            struct synth_tx *tx)
{
    if (tx->is_token && !tx->is_bridge) {
        top_up(world, chain, tx->amount);
    }
    process_fact(world, chain, tx);
    if (tx->is_bridge) {
        chain->holdings.bridge -= tx->amount;
        chain->holdings.router += tx->amount;
        transfer(world, chain, &tx->hash, chain->router->bridge, chain->router->router, tx->amount);
    } else if (tx->is_token) {
        chain->holdings.router -= tx->amount;
        remote(world, chain, &tx->hash, FACT_REMOTE_RECEIVED, tx->origin, tx->recipient,
               tx->amount);
        transfer(world, chain, &tx->hash, chain->router->router, tx->recipient, tx->amount);
    }
    tx->succeeded = true;
    world->processed_count++;
}

static void include_rebalance(struct synth_world *world, struct synth_chain *chain,
                              struct synth_tx *tx)
{
    uint8_t memory[128];
    struct buffer body = buffer_from(memory, sizeof(memory));
    const struct synth_chain *target = synth_chain_of(world, tx->destination);
    const uint64_t fee = tx->amount * FEE_PPM / 1000000;
    const struct token_message token = {.recipient = target->router->router,
                                        .amount = amount_from_u64(tx->amount)};
    const enum status status = token_message_write(&token, &body);

    CHECK(status == STATUS_OK);
    if (chain->holdings.router < tx->amount || chain->holdings.key < fee) {
        return; /* reverts */
    }
    chain->holdings.key -= fee;
    chain->holdings.router -= tx->amount;
    chain->holdings.bridge += tx->amount + fee;
    transfer(world, chain, &tx->hash, chain->config->key, chain->router->router, fee);
    transfer(world, chain, &tx->hash, chain->router->router, chain->router->bridge,
             tx->amount + fee);
    const struct message_view message = {.destination = tx->destination,
                                         .sender = chain->router->bridge,
                                         .recipient = target->router->bridge,
                                         .body = buffer_bytes(&body)};
    dispatch(world, chain, &tx->hash, &message);
    struct fact fact = fact_at(chain, FACT_COLLATERAL_MOVED, &tx->hash);
    fact.contract = chain->router->router;
    fact.collateral_moved.destination = tx->destination;
    fact.collateral_moved.recipient = target->router->router;
    fact.collateral_moved.amount = amount_from_u64(tx->amount);
    fact.collateral_moved.rebalancer = chain->config->key;
    give(world, chain, &fact);
    tx->succeeded = true;
}

static void include(struct synth_world *world, struct synth_chain *chain, struct synth_tx *tx)
{
    tx->is_included = true;
    tx->block = chain->head;
    chain->nonce++;
    world->report.transactions_count++;
    switch (tx->kind) {
    case LEG_PROCESS:
        include_process(world, chain, tx);
        break;
    case LEG_REBALANCE:
        include_rebalance(world, chain, tx);
        break;
    case LEG_ANNOUNCE:
    case LEG_CANCEL:
    case LEG_BATCH:
    case LEG_VENUE:
    case LEG_CROSSING:
    case LEG_SETTLE:
    case LEG_HUB:
        tx->succeeded = true;
        break;
    }
}

static void include_txs(struct synth_world *world, struct synth_chain *chain)
{
    for (uint32_t i = 0; i < TXS_PER_BLOCK; i++) {
        struct synth_tx *tx = &chain->pool[chain->nonce % SYNTH_POOL];
        if (!tx->is_broadcast || tx->is_included || tx->nonce != chain->nonce) {
            return;
        }
        include(world, chain, tx);
    }
}

/* ---- blocks ---- */

static void give_block(struct synth_world *world, struct synth_chain *chain, uint64_t number)
{
    struct event event = {.kind = EVENT_BLOCK, .domain = chain->config->domain};

    event.block.number = number;
    event.block.hash = chain->hashes[number % SYNTH_BLOCKS_KEPT];
    event.block.parent = chain->hashes[(number - 1) % SYNTH_BLOCKS_KEPT];
    event.block.time_s = world->now_ns / 1000000000u;
    event.block.base_fee = amount_from_u64(BASE_FEE);
    synth_step(world, &event);
}

void synth_final(struct synth_world *world, struct synth_chain *chain, uint64_t number)
{
    struct event event = {.kind = EVENT_FINAL, .domain = chain->config->domain};

    CHECK(number <= chain->head);
    chain->final = number;
    event.final.number = number;
    event.final.hash = chain->hashes[number % SYNTH_BLOCKS_KEPT];
    synth_step(world, &event);
}

void synth_watch(struct synth_world *world, struct synth_chain *chain, uint64_t from_block)
{
    /* What is not final is given again; the world stops only after empty blocks. */
    for (uint64_t number = from_block; number <= chain->head; number++) {
        give_block(world, chain, number);
    }
}

void synth_block(struct synth_world *world, struct synth_chain *chain, uint32_t messages_count)
{
    const uint64_t nonce_before = chain->nonce;

    chain->head++;
    chain->log_index = 0;
    chain->hashes[chain->head % SYNTH_BLOCKS_KEPT] =
        synth_hash(world, "block", chain->config->domain, chain->head);
    for (uint32_t i = 0; i < messages_count; i++) {
        const struct hash transaction =
            synth_hash(world, "transaction", chain->config->domain, chain->transactions_count++);
        if (chain->transactions_count % 2 == 0 && chain->router->domain != 0) {
            send_tokens(world, chain, &transaction);
        } else {
            send_words(world, chain, &transaction);
        }
    }
    include_txs(world, chain);
    give_block(world, chain, chain->head);
    chain->holdings_at[chain->head % SYNTH_BLOCKS_KEPT] = chain->holdings;
    chain->nonces_at[chain->head % SYNTH_BLOCKS_KEPT] = chain->nonce;
    for (uint64_t nonce = nonce_before; nonce < chain->nonce; nonce++) {
        const struct synth_tx *tx = &chain->pool[nonce % SYNTH_POOL];
        if (tx->is_followed) {
            synth_receipt(world, chain, tx);
        }
    }
    if (chain->head > SYNTH_FINALITY) {
        synth_final(world, chain, chain->head - SYNTH_FINALITY);
    }
}
