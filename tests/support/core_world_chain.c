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

#define THRESHOLD     2u
#define LOG_STEP      3u /* between log indexes, so that they are not consecutive */
#define TXS_PER_BLOCK 100u
#define RANGE_BLOCKS  5u
#define GAS           150000u

struct world_chain *world_chain(struct world *world, uint32_t domain)
{
    CHECK(domain == WORLD_A || domain == WORLD_B);
    return &world->chains[domain == WORLD_A ? 0 : 1];
}

static const struct core_chain *config_of(const struct world *world, uint32_t domain)
{
    return domain == WORLD_A ? &world->config.chains[0] : &world->config.chains[1];
}

static struct hash digest_of(const char *what, uint64_t a, uint64_t b, uint64_t c)
{
    uint8_t memory[64];
    struct packer packer = packer_from(memory, sizeof(memory));

    pack_raw(&packer, bytes_from_string(what));
    pack_u64(&packer, a);
    pack_u64(&packer, b);
    pack_u64(&packer, c);
    return sha2_of(packer_finish(&packer));
}

void world_outside_init(struct world *world)
{
    static const char *const locations[3] = {"", "file:///second", "file:///third"};

    for (uint32_t i = 0; i < WORLD_CHAINS; i++) {
        struct world_chain *chain = &world->chains[i];
        chain->domain = i == 0 ? WORLD_A : WORLD_B;
        chain->blocks[0].hash = digest_of("genesis", chain->domain, 0, 0);
        chain->base_fee = 10;
        chain->block_at = world->now + (i + 1) * 400000000;
    }
    for (uint32_t i = 1; i < 3; i++) {
        world->locations[i] = bytes_from_string(locations[i]);
    }
    world->simulation = OUTCOME_OK;
    world->simulation_reason = "";
    world->signer = OUTCOME_OK;
    world->submission = OUTCOME_OK;
    world->including = true;
    world->validators_count = 3;
    world->module_type = MODULE_MESSAGE_ID_MULTISIG;
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
    const struct core_chain *config = config_of(world, chain->domain);

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
}

static void include_dispatches(struct world *world, struct world_chain *chain)
{
    for (uint32_t i = 0; i < world->messages_count; i++) {
        struct world_message *message = &world->messages[i];
        if (message->origin != chain->domain || message->is_dispatched || message->is_dropped ||
            world->holding) {
            continue;
        }
        const struct hash transaction = digest_of("dispatch", i, chain->fork, chain->head);
        message->is_dispatched = true;
        add_fact(world, chain, FACT_DISPATCH, &transaction)->dispatch.message =
            bytes_from(message->bytes, WORLD_MESSAGE_BYTES);
        struct fact *insert = add_fact(world, chain, FACT_TREE_INSERT, &transaction);
        insert->tree_insert.message_id = message->id;
        insert->tree_insert.leaf_index = chain->leaves_count;
        add_leaf(chain, &message->id);
        struct fact *paid = add_fact(world, chain, FACT_GAS_PAYMENT, &transaction);
        paid->gas_payment.message_id = message->id;
        paid->gas_payment.destination = message->destination;
        paid->gas_payment.gas = amount_from_u64(GAS);
        paid->gas_payment.payment = amount_from_u64(7);
    }
}

static bool is_processed(const struct world_chain *chain, const struct hash *id)
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
            const struct hash transaction = digest_of("elsewhere", i, chain->fork, chain->head);
            message->elsewhere = false;
            if (!is_processed(chain, &message->id)) {
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
    chain->nonce_latest = tx->nonce + 1;
    if (tx->kind == LEG_PROCESS && !tx->is_foreign) {
        tx->succeeded = !is_processed(chain, &tx->message_id);
        if (tx->succeeded) {
            add_fact(world, chain, FACT_PROCESS, &tx->hash)->process.message_id = tx->message_id;
            world->processed_by_us++;
        }
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
            if (tx->domain == chain->domain && tx->in_pool && tx->nonce == chain->nonce_latest &&
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
static void answer_follows(struct world *world)
{
    for (uint32_t i = 0; i < world->follows_count;) {
        const struct world_follow follow = world->follows[i];
        struct world_chain *chain = world_chain(world, follow.domain);
        const struct world_tx *found = NULL;
        const struct world_tx *other = NULL;
        struct event event;
        for (uint32_t j = 0; j < world->txs_count; j++) {
            const struct world_tx *tx = &world->txs[j];
            if (tx->domain != follow.domain || tx->nonce != follow.nonce || tx->block == 0) {
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
            event.receipt.gas_used = GAS;
            event.receipt.gas_price = amount_from_u64(chain->base_fee + 1);
        }
        world->follows[i] = world->follows[--world->follows_count];
        world_answer(world, &event);
    }
}

static void give_block(struct world *world, struct world_chain *chain, uint64_t number,
                       bool is_range_end)
{
    const struct world_block *block = &chain->blocks[number];
    struct event event;

    for (uint32_t i = 0; i < block->facts_count; i++) {
        memset(&event, 0, sizeof(event));
        event.kind = EVENT_FACT;
        event.domain = chain->domain;
        event.fact = block->facts[i];
        world_step(world, &event);
    }
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

void world_give(struct world *world, struct world_chain *chain)
{
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
    block->hash = digest_of("block", chain->domain, chain->head, chain->fork);
    block->facts_count = 0;
    include_dispatches(world, chain);
    include_elsewhere(world, chain);
    include_txs(world, chain);
    block->leaves_count = chain->leaves_count;
    world_give(world, chain);
    answer_follows(world);
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
            chain->nonce_latest = tx->nonce < chain->nonce_latest ? tx->nonce : chain->nonce_latest;
            if (tx->kind == LEG_PROCESS && tx->succeeded && !tx->is_foreign) {
                world->processed_by_us--;
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

void world_deliver_elsewhere(struct world *world, const struct hash *id)
{
    find_message(world, id)->elsewhere = true;
}

/* ---- answers to questions ---- */

static struct event answer_to(const struct command *command, enum event_kind kind)
{
    struct event event;

    memset(&event, 0, sizeof(event));
    event.kind = kind;
    event.domain = command->domain;
    return event;
}

static void read_security(struct world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_SECURITY);

    CHECK(command->read_security.message.count >= MESSAGE_BYTES_MIN);
    event.security.message_id = command->read_security.message_id;
    event.security.ism = evm_filled(0x99);
    event.security.outcome = OUTCOME_OK;
    event.security.module_type = world->module_type;
    event.security.threshold = THRESHOLD;
    event.security.validators = world->validators;
    event.security.validators_count = 3;
    world_answer(world, &event);
}

static void read_storage(struct world *world, const struct command *command)
{
    static struct bytes ours[WORLD_CHAINS];
    struct event event = answer_to(command, EVENT_STORAGE);
    const uint32_t index = command->domain == WORLD_A ? 0 : 1;

    event.storage.validator = command->read_storage.validator;
    event.storage.outcome = OUTCOME_ABSENT;
    if (address_equal(&event.storage.validator, &world->validators[0])) {
        ours[index] = bytes_from_string(index == 0 ? "file:///ours/1000" : "file:///ours/2000");
        if (world->chains[index].is_announced || !world->options.validate) {
            event.storage.outcome = OUTCOME_OK;
            event.storage.locations = &ours[index];
            event.storage.locations_count = 1;
        }
    } else {
        const uint32_t which =
            address_equal(&event.storage.validator, &world->validators[1]) ? 1 : 2;
        event.storage.outcome = OUTCOME_OK;
        event.storage.locations = &world->locations[which];
        event.storage.locations_count = 1;
    }
    world_answer(world, &event);
}

static bool is_leaf_final(const struct world_chain *chain, uint32_t index)
{
    return chain->head > WORLD_FINALITY &&
           index < chain->blocks[chain->head - WORLD_FINALITY].leaves_count;
}

static struct checkpoint checkpoint_at(const struct world_chain *chain, uint32_t index)
{
    return (struct checkpoint){
        .root = chain->roots[index], .index = index, .message_id = chain->leaves[index]};
}

static struct signature sign(const struct world *world, uint8_t key, uint32_t domain,
                             const struct checkpoint *checkpoint)
{
    const struct hash digest =
        checkpoint_digest(domain, &config_of(world, domain)->tree_hook, checkpoint);

    return test_key_sign(key, &digest);
}

static void fetch_checkpoint(struct world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_CHECKPOINT);
    const struct world_chain *chain = world_chain(world, command->domain);
    const uint32_t index = command->fetch_checkpoint.index;
    uint32_t who = 0;

    while (who < 3 &&
           !address_equal(&world->validators[who], &command->fetch_checkpoint.validator)) {
        who++;
    }
    event.checkpoint.validator = command->fetch_checkpoint.validator;
    event.checkpoint.index = index;
    event.checkpoint.outcome = OUTCOME_ABSENT;
    const bool publishes =
        who < 3 && who < world->validators_count && !(world->options.validate && who == 2);
    if (who == 0 && world->options.validate) {
        if (chain->is_published[index]) {
            event.checkpoint.outcome = OUTCOME_OK;
            event.checkpoint.checkpoint = chain->published[index];
            event.checkpoint.signature = chain->published_signatures[index];
        }
    } else if (publishes && is_leaf_final(chain, index)) {
        event.checkpoint.outcome = OUTCOME_OK;
        event.checkpoint.checkpoint = checkpoint_at(chain, index);
        const bool is_bad = world->bad_validator && who == 1;
        if (is_bad && index % 2 == 1) {
            event.checkpoint.checkpoint.root = hash_filled(0xee);
        }
        const uint8_t key = is_bad && index % 2 == 0 ? 0x15 : (uint8_t)(0x11 + who);
        event.checkpoint.signature =
            sign(world, key, command->domain, &event.checkpoint.checkpoint);
    }
    world_answer(world, &event);
}

/* Two pointers over the validator set, as the contract does it. */
static bool metadata_is_good(const struct world *world, const struct leg *leg)
{
    struct signature signatures[VALIDATORS_MAX];
    struct metadata_message_id metadata;
    struct message_view view;
    uint32_t validator = 0;

    if (metadata_parse_message_id(leg->process.metadata, signatures, &metadata) != STATUS_OK ||
        message_parse(leg->process.message, &view) != STATUS_OK ||
        metadata.signatures_count != THRESHOLD) {
        return false;
    }
    const struct checkpoint checkpoint = {.root = metadata.root,
                                          .index = metadata.index,
                                          .message_id = message_id(leg->process.message)};
    for (uint32_t i = 0; i < THRESHOLD; i++) {
        struct address signer;
        if (checkpoint_recover(view.origin, &metadata.tree_hook, &checkpoint, &signatures[i],
                               &signer) != STATUS_OK) {
            return false;
        }
        while (validator < 3 && !address_equal(&signer, &world->validators[validator])) {
            validator++;
        }
        if (validator++ == 3) {
            return false;
        }
    }
    return address_equal(&metadata.tree_hook, &config_of(world, view.origin)->tree_hook);
}

static void prepare(struct world *world, const struct command *command)
{
    const struct leg *leg = &command->prepare;
    struct event event = answer_to(command, EVENT_PREPARED);

    event.prepared.leg_id = leg->id;
    event.prepared.outcome = world->simulation;
    event.prepared.reason = bytes_from_string(world->simulation_reason);
    event.prepared.gas = GAS;
    event.prepared.payload_digest = sha2_of(bytes_from(leg->id.bytes, 32));
    if (leg->kind == LEG_PROCESS && world->simulation == OUTCOME_OK) {
        if (!metadata_is_good(world, leg)) {
            event.prepared.outcome = OUTCOME_REFUSED;
            event.prepared.reason = bytes_from_string("!threshold");
        }
        if (is_processed(world_chain(world, leg->domain), &leg->process.message_id)) {
            event.prepared.outcome = OUTCOME_REFUSED;
            event.prepared.reason = bytes_from_string("Mailbox: already delivered");
        }
    }
    world_answer(world, &event);
}

static void read_lane(struct world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_LANE);
    const struct world_chain *chain = world_chain(world, command->domain);

    event.lane.key = command->read_lane.key;
    event.lane.outcome = OUTCOME_OK;
    event.lane.nonce_latest = chain->nonce_latest;
    event.lane.balance = amount_from_u64(1000000);
    for (uint32_t i = 0; i < world->txs_count; i++) {
        const struct world_tx *tx = &world->txs[i];
        if (tx->domain == command->domain && tx->block != 0 &&
            tx->block + WORLD_FINALITY <= chain->head && tx->nonce >= event.lane.nonce_final) {
            event.lane.nonce_final = tx->nonce + 1;
        }
    }
    world_answer(world, &event);
}

static void read_tree(struct world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_TREE);
    const struct world_chain *chain = world_chain(world, command->domain);
    const struct world_block *block =
        &chain->blocks[command->read_tree.block_number % WORLD_BLOCKS_MAX];

    event.tree.block_number = command->read_tree.block_number;
    event.tree.block_hash = command->read_tree.block_hash;
    event.tree.outcome =
        hash_equal(&block->hash, &event.tree.block_hash) ? OUTCOME_OK : OUTCOME_UNKNOWN;
    event.tree.count = block->leaves_count;
    if (block->leaves_count > 0) {
        event.tree.root = chain->roots[block->leaves_count - 1];
    }
    if (world->tree_lies) {
        event.tree.root = hash_filled(0xdd);
    }
    world_answer(world, &event);
}

/* ---- signer ---- */

static void sign_checkpoint(struct world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_CHECKPOINT_SIGNED);
    struct world_chain *chain = world_chain(world, command->domain);
    const struct checkpoint *checkpoint = &command->sign_checkpoint;

    event.checkpoint_signed.checkpoint = *checkpoint;
    event.checkpoint_signed.outcome = world->signer;
    event.checkpoint_signed.reason = bytes_from_string("policy");
    if (world->signer == OUTCOME_OK) {
        CHECK(!chain->is_signed[checkpoint->index] ||
              hash_equal(&chain->signed_roots[checkpoint->index], &checkpoint->root));
        CHECK(is_leaf_final(chain, checkpoint->index));
        chain->is_signed[checkpoint->index] = true;
        chain->signed_roots[checkpoint->index] = checkpoint->root;
        event.checkpoint_signed.signature = sign(world, 0x11, command->domain, checkpoint);
    }
    world_answer(world, &event);
}

static void sign_announcement(struct world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_ANNOUNCEMENT_SIGNED);
    const struct hash digest =
        announcement_digest(command->domain, &config_of(world, command->domain)->mailbox,
                            command->sign_announcement.location);

    event.announcement_signed.validator = command->sign_announcement.validator;
    event.announcement_signed.outcome = OUTCOME_OK;
    event.announcement_signed.signature = test_key_sign(0x11, &digest);
    world_answer(world, &event);
}

static struct hash tx_hash(const struct intent *intent)
{
    uint8_t memory[256];
    struct packer packer = packer_from(memory, sizeof(memory));

    pack_hash(&packer, &intent->leg_id);
    pack_u32(&packer, intent->domain);
    pack_u32(&packer, intent->attempt);
    pack_u64(&packer, intent->nonce);
    pack_amount(&packer, &intent->fee_per_gas_max);
    pack_amount(&packer, &intent->priority_fee_per_gas);
    return sha2_of(packer_finish(&packer));
}

static struct world_tx *find_tx(struct world *world, const struct hash *hash)
{
    for (uint32_t i = 0; i < world->txs_count; i++) {
        if (hash_equal(&world->txs[i].hash, hash)) {
            return &world->txs[i];
        }
    }
    return NULL;
}

/* One payload per nonce, or a cancel: what the node promises above all. */
static void check_payload(const struct world *world, const struct command *command)
{
    for (uint32_t i = 0; i < world->txs_count; i++) {
        const struct world_tx *tx = &world->txs[i];
        if (tx->domain == command->domain && tx->nonce == command->send.intent.nonce &&
            tx->kind != LEG_CANCEL && !tx->is_foreign && command->send.leg.kind != LEG_CANCEL) {
            CHECK(hash_equal(&tx->leg_id, &command->send.leg.id));
        }
    }
}

static void send(struct world *world, const struct command *command)
{
    const struct intent *intent = &command->send.intent;
    struct event event = answer_to(command, EVENT_SIGNED);

    CHECK(hash_equal(&intent->leg_id, &command->send.leg.id));
    event.signed_.leg_id = intent->leg_id;
    event.signed_.attempt = intent->attempt;
    event.signed_.outcome = world->signer;
    event.signed_.key = intent->key;
    event.signed_.nonce = intent->nonce;
    event.signed_.reason = bytes_from_string("policy");
    if (world->signer == OUTCOME_OK) {
        check_payload(world, command);
        event.signed_.transaction = tx_hash(intent);
        struct world_tx *tx = find_tx(world, &event.signed_.transaction);
        if (tx == NULL) {
            CHECK(world->txs_count < WORLD_TXS_MAX);
            tx = &world->txs[world->txs_count++];
            *tx = (struct world_tx){.hash = event.signed_.transaction,
                                    .leg_id = intent->leg_id,
                                    .kind = command->send.leg.kind,
                                    .nonce = intent->nonce,
                                    .fee = intent->fee_per_gas_max,
                                    .domain = command->domain};
            if (tx->kind == LEG_PROCESS) {
                tx->message_id = command->send.leg.process.message_id;
            }
        }
        tx->held = true;
    }
    world_answer(world, &event);
}

/* ---- pool ---- */

static enum rejection pool_add(struct world *world, struct world_tx *tx)
{
    const struct world_chain *chain = world_chain(world, tx->domain);

    if (tx->block != 0) {
        return REJECTION_NONE;
    }
    if (tx->nonce < chain->nonce_latest) {
        return REJECTION_NONCE_TOO_LOW;
    }
    for (uint32_t i = 0; i < world->txs_count; i++) {
        struct world_tx *other = &world->txs[i];
        if (other != tx && other->in_pool && other->domain == tx->domain &&
            other->nonce == tx->nonce) {
            struct amount bar;
            const struct amount eleven = amount_from_u64(11);
            const struct amount ten = amount_from_u64(10);
            if (amount_scale_ceil(&other->fee, &eleven, &ten, &bar) != STATUS_OK ||
                amount_compare(&tx->fee, &bar) < 0) {
                return REJECTION_UNDERPRICED;
            }
            other->in_pool = false;
        }
    }
    tx->in_pool = true;
    return REJECTION_NONE;
}

static void broadcast(struct world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_SUBMITTED);
    struct world_tx *tx = find_tx(world, &command->broadcast.transaction);

    event.submitted.leg_id = command->broadcast.leg_id;
    event.submitted.transaction = command->broadcast.transaction;
    event.submitted.outcome = world->submission;
    event.submitted.rejection = world->rejection;
    event.submitted.reason = bytes_from_string("by the test");
    if (tx == NULL || !tx->held) {
        event.submitted.outcome = OUTCOME_UNKNOWN;
        event.submitted.reason = bytes_from_string("not held");
    } else if (world->submission == OUTCOME_OK) {
        const enum rejection rejection = pool_add(world, tx);
        event.submitted.rejection = rejection;
        event.submitted.outcome = rejection == REJECTION_NONE ? OUTCOME_OK : OUTCOME_REFUSED;
    }
    world_answer(world, &event);
}

void world_use_nonce(struct world *world, uint32_t domain)
{
    struct world_chain *chain = world_chain(world, domain);
    struct world_tx *tx = &world->txs[world->txs_count++];

    *tx = (struct world_tx){.hash = digest_of("foreign", domain, chain->nonce_latest, 0),
                            .kind = LEG_CANCEL,
                            .nonce = chain->nonce_latest,
                            .domain = domain,
                            .block = chain->head,
                            .is_foreign = true};
    chain->nonce_latest++;
    for (uint32_t i = 0; i < world->txs_count; i++) {
        if (world->txs[i].domain == domain && world->txs[i].nonce == tx->nonce) {
            world->txs[i].in_pool = false;
        }
    }
}

static void publish_checkpoint(struct world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_PUBLISHED);
    struct world_chain *chain = world_chain(world, command->domain);
    const uint32_t index = command->publish_checkpoint.checkpoint.index;

    CHECK(!chain->is_published[index] ||
          hash_equal(&chain->published[index].root, &command->publish_checkpoint.checkpoint.root));
    chain->published_count += chain->is_published[index] ? 0 : 1;
    chain->is_published[index] = true;
    chain->published[index] = command->publish_checkpoint.checkpoint;
    chain->published_signatures[index] = command->publish_checkpoint.signature;
    event.published.index = index;
    event.published.outcome = OUTCOME_OK;
    world_answer(world, &event);
}

static void publish_announcement(struct world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_PUBLISHED);

    event.published.is_announcement = true;
    event.published.outcome = OUTCOME_OK;
    world_answer(world, &event);
}

static void follow(struct world *world, const struct command *command)
{
    for (uint32_t i = 0; i < world->follows_count; i++) {
        if (hash_equal(&world->follows[i].transaction, &command->follow.transaction)) {
            return;
        }
    }
    CHECK(world->follows_count < WORLD_FOLLOWS_MAX);
    world->follows[world->follows_count++] =
        (struct world_follow){.domain = command->domain,
                              .leg_id = command->follow.leg_id,
                              .transaction = command->follow.transaction,
                              .nonce = command->follow.nonce};
    answer_follows(world);
}

static void watch(struct world *world, const struct command *command)
{
    struct world_chain *chain = world_chain(world, command->domain);

    chain->is_watched = true;
    chain->give_next = command->watch.from_block;
    /* Given with the next block: a core must not be stepped while its commands are read. */
    (void)world;
}

void world_perform(struct world *world, const struct command *command)
{
    switch (command->kind) {
    case COMMAND_WATCH:
        watch(world, command);
        break;
    case COMMAND_READ_SECURITY:
        read_security(world, command);
        break;
    case COMMAND_READ_STORAGE:
        read_storage(world, command);
        break;
    case COMMAND_FETCH_CHECKPOINT:
        fetch_checkpoint(world, command);
        break;
    case COMMAND_PREPARE:
        prepare(world, command);
        break;
    case COMMAND_SEND:
        send(world, command);
        break;
    case COMMAND_BROADCAST:
        broadcast(world, command);
        break;
    case COMMAND_FOLLOW:
        follow(world, command);
        break;
    case COMMAND_READ_LANE:
        read_lane(world, command);
        break;
    case COMMAND_READ_TREE:
        read_tree(world, command);
        break;
    case COMMAND_SIGN_CHECKPOINT:
        sign_checkpoint(world, command);
        break;
    case COMMAND_SIGN_ANNOUNCEMENT:
        sign_announcement(world, command);
        break;
    case COMMAND_PUBLISH_CHECKPOINT:
        publish_checkpoint(world, command);
        break;
    case COMMAND_PUBLISH_ANNOUNCEMENT:
        publish_announcement(world, command);
        break;
    case COMMAND_READ_POSITIONS:
    case COMMAND_PLAN:
    case COMMAND_WAKE:
    case COMMAND_NOTE:
        break;
    }
}

/* ---- knobs and counts ---- */

void world_set_base_fee(struct world *world, uint32_t domain, uint64_t wei)
{
    world_chain(world, domain)->base_fee = wei;
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
