/* SPDX-License-Identifier: Apache-2.0 */
/* What the imaginary outside answers to the core's commands: nodes, validators' stores, the signer,
 * the planner. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/pack.h"
#include "relay/hyperlane/message.h"
#include "relay/hyperlane/token.h"
#include "relay/synth/world_internal.h"

#define GAS_ESTIMATED  UINT64_C(120000)
#define GAS_PRICE      (SYNTH_GAS_COST / GAS_ESTIMATED)
#define KEY_BALANCE    UINT64_C(9000000000000000000)
#define QUOTED         UINT64_C(1000000)
#define FEE_PPM        UINT64_C(100)
#define POSITIONS_KEPT 64u

static struct event answer_to(const struct command *command, enum event_kind kind)
{
    struct event event = {.kind = kind};

    event.domain = command->domain;
    return event;
}

/* ---- reading ---- */

static void read_security(struct synth_world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_SECURITY);
    const struct hash ism = synth_hash(world, "ism", command->domain, 0);

    event.security.message_id = command->read_security.message_id;
    event.security.outcome = OUTCOME_OK;
    struct ism_node *node = &synth_chain_of(world, command->domain)->module;
    *node = (struct ism_node){.address = address_from_evm(ism.bytes),
                              .type = MODULE_MESSAGE_ID_MULTISIG,
                              .threshold = SYNTH_VALIDATORS,
                              .count = SYNTH_VALIDATORS};
    for (uint32_t i = 0; i < SYNTH_VALIDATORS; i++) {
        world->members[i] = (struct ism_validator){.address = world->validators[i]};
    }
    event.security.ism = (struct ism){.nodes = node,
                                      .nodes_count = 1,
                                      .validators = world->members,
                                      .validators_count = SYNTH_VALIDATORS};
    synth_answer(world, &event);
}

static uint32_t validator_index(const struct synth_world *world, const struct address *validator)
{
    for (uint32_t i = 0; i < SYNTH_VALIDATORS; i++) {
        if (address_equal(&world->validators[i], validator)) {
            return i;
        }
    }
    CHECK(false); /* nobody told the core of another one */
    return 0;
}

static void read_storage(struct synth_world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_STORAGE);

    event.storage.validator = command->read_storage.validator;
    event.storage.outcome = OUTCOME_OK;
    event.storage.locations =
        &world->locations[validator_index(world, &command->read_storage.validator)];
    event.storage.locations_count = 1;
    synth_answer(world, &event);
}

/* The core does not know the tree of an origin that it does not validate: any root will do. */
static void fetch_checkpoint(struct synth_world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_CHECKPOINT);
    const struct synth_chain *chain = synth_chain_of(world, command->domain);
    const uint32_t index = command->fetch_checkpoint.index;
    const uint32_t who = validator_index(world, &command->fetch_checkpoint.validator);

    event.checkpoint.validator = command->fetch_checkpoint.validator;
    event.checkpoint.message_id = command->fetch_checkpoint.message_id;
    event.checkpoint.index = index;
    event.checkpoint.outcome = OUTCOME_OK;
    event.checkpoint.checkpoint =
        (struct checkpoint){.root = synth_hash(world, "root", command->domain, index),
                            .index = index,
                            .message_id = command->fetch_checkpoint.message_id};
    const struct hash digest =
        checkpoint_digest(command->domain, &chain->config->tree_hook, &event.checkpoint.checkpoint);
    const enum status status = ecdsa_sign_unchecked(world->ecdsa, world->secrets[who], &digest,
                                                    &event.checkpoint.signature);
    CHECK(status == STATUS_OK);
    synth_answer(world, &event);
}

static void read_lane(struct synth_world *world, const struct command *command)
{
    struct event event = answer_to(command, EVENT_LANE);
    const struct synth_chain *chain = synth_chain_of(world, command->domain);

    event.lane.key = command->read_lane.key;
    event.lane.outcome = OUTCOME_OK;
    event.lane.nonce_latest = chain->nonce;
    event.lane.nonce_final = chain->nonces_at[chain->final % SYNTH_BLOCKS_KEPT];
    event.lane.balance = amount_from_u64(KEY_BALANCE);
    synth_answer(world, &event);
}

/* What an answer points to, until it is given. */
struct positions {
    struct balance balances[3];
    struct bridge_quote quotes[PLAN_ROUTERS_MAX - 1];
};

static void fill_positions(const struct synth_world *world, const struct synth_chain *chain,
                           uint64_t block, struct positions *positions)
{
    const struct synth_holdings *holdings = &chain->holdings_at[block % SYNTH_BLOCKS_KEPT];
    const struct address token = chain->router->token;
    uint32_t count = 0;

    positions->balances[0] =
        (struct balance){chain->router->router, token, amount_from_u64(holdings->router)};
    positions->balances[1] =
        (struct balance){chain->router->bridge, token, amount_from_u64(holdings->bridge)};
    positions->balances[2] =
        (struct balance){chain->config->key, token, amount_from_u64(holdings->key)};
    for (uint32_t i = 0; i < world->config.routers_count; i++) {
        if (&world->chains[i] != chain) {
            positions->quotes[count++] =
                (struct bridge_quote){.router = chain->router->router,
                                      .destination = world->chains[i].config->domain,
                                      .amount = amount_from_u64(QUOTED),
                                      .fee_native = amount_from_u64(SYNTH_BRIDGE_FEE),
                                      .fee_token = amount_from_u64(QUOTED * FEE_PPM / 1000000)};
        }
    }
}

static void read_positions(struct synth_world *world, const struct command *command)
{
    static struct positions kept[POSITIONS_KEPT];
    static uint32_t next;
    struct event event = answer_to(command, EVENT_POSITIONS);
    const struct synth_chain *chain = synth_chain_of(world, command->domain);
    const uint64_t block = command->read_positions.block_number;

    event.positions.block_number = block;
    event.positions.block_hash = command->read_positions.block_hash;
    event.positions.outcome = OUTCOME_UNKNOWN;
    if (block <= chain->head && chain->head - block < SYNTH_BLOCKS_KEPT) {
        struct positions *positions = &kept[next++ % POSITIONS_KEPT];
        fill_positions(world, chain, block, positions);
        event.positions.outcome = OUTCOME_OK;
        event.positions.balances = positions->balances;
        event.positions.balances_count = 3;
        event.positions.quotes = positions->quotes;
        event.positions.quotes_count = world->config.routers_count - 1;
    }
    synth_answer(world, &event);
}

/* ---- sending ---- */

static void prepare(struct synth_world *world, const struct command *command)
{
    const struct leg *leg = &command->prepare;
    struct event event = answer_to(command, EVENT_PREPARED);
    uint64_t amount = 0;

    event.prepared.leg_id = leg->id;
    event.prepared.outcome = OUTCOME_OK;
    event.prepared.gas = GAS_ESTIMATED;
    event.prepared.payload_digest = sha2_of(bytes_from(leg->id.bytes, sizeof(leg->id.bytes)));
    if (leg->kind == LEG_REBALANCE) {
        const enum status status = amount_to_u64(&leg->rebalance.amount, &amount);
        CHECK(status == STATUS_OK);
        event.prepared.value = amount_from_u64(SYNTH_BRIDGE_FEE);
        event.prepared.fee_native = amount_from_u64(SYNTH_BRIDGE_FEE);
        event.prepared.fee_token = amount_from_u64(amount * FEE_PPM / 1000000);
    }
    synth_answer(world, &event);
}

static void take_process(struct synth_world *world, const struct leg *leg, struct synth_tx *tx)
{
    struct message_view message;
    struct token_message token;
    const enum status status = message_parse(leg->process.message, &message);

    CHECK(status == STATUS_OK);
    const struct synth_chain *origin = synth_chain_of(world, message.origin);
    tx->message_id = leg->process.message_id;
    tx->origin = message.origin;
    tx->is_bridge = address_equal(&message.sender, &origin->router->bridge);
    tx->is_token = tx->is_bridge || address_equal(&message.sender, &origin->router->router);
    if (tx->is_token) {
        CHECK(token_message_parse(message.body, &token) == STATUS_OK);
        CHECK(amount_to_u64(&token.amount, &tx->amount) == STATUS_OK);
        tx->recipient = token.recipient;
    }
}

static void take_leg(struct synth_world *world, const struct leg *leg, struct synth_tx *tx)
{
    tx->kind = leg->kind;
    tx->leg_id = leg->id;
    switch (leg->kind) {
    case LEG_PROCESS:
        take_process(world, leg, tx);
        break;
    case LEG_REBALANCE:
        tx->destination = leg->rebalance.destination;
        CHECK(amount_to_u64(&leg->rebalance.amount, &tx->amount) == STATUS_OK);
        world->report.moves_count++;
        break;
    case LEG_ANNOUNCE:
    case LEG_CANCEL:
    case LEG_BATCH: /* no chain of this world has such contracts */
    case LEG_VENUE:
    case LEG_CROSSING:
    case LEG_SETTLE:
    case LEG_HUB:
        break;
    }
}

static void send(struct synth_world *world, const struct command *command)
{
    const struct intent *intent = &command->send.intent;
    struct synth_chain *chain = synth_chain_of(world, command->domain);
    struct synth_tx *tx = &chain->pool[intent->nonce % SYNTH_POOL];
    struct event event = answer_to(command, EVENT_SIGNED);
    uint8_t memory[64];
    struct packer packer = packer_from(memory, sizeof(memory));

    pack_hash(&packer, &intent->leg_id);
    pack_u64(&packer, intent->nonce);
    pack_u32(&packer, intent->attempt);
    event.signed_.transaction = sha2_of(packer_finish(&packer));
    event.signed_.leg_id = intent->leg_id;
    event.signed_.attempt = intent->attempt;
    event.signed_.outcome = OUTCOME_OK;
    event.signed_.key = intent->key;
    event.signed_.nonce = intent->nonce;
    const bool is_again = tx->is_signed && tx->nonce == intent->nonce && intent->attempt == 0 &&
                          hash_equal(&tx->hash, &event.signed_.transaction);
    if (!is_again) {
        *tx = (struct synth_tx){
            .is_signed = true, .hash = event.signed_.transaction, .nonce = intent->nonce};
        take_leg(world, &command->send.leg, tx);
    }
    synth_answer(world, &event);
}

static struct synth_tx *find_tx(struct synth_chain *chain, const struct hash *hash)
{
    for (uint64_t i = 0; i < SYNTH_POOL; i++) {
        struct synth_tx *tx = &chain->pool[(chain->nonce + i) % SYNTH_POOL];
        if (tx->is_signed && hash_equal(&tx->hash, hash)) {
            return tx;
        }
    }
    return NULL;
}

static void broadcast(struct synth_world *world, const struct command *command)
{
    struct synth_chain *chain = synth_chain_of(world, command->domain);
    struct synth_tx *tx = find_tx(chain, &command->broadcast.transaction);
    struct event event = answer_to(command, EVENT_SUBMITTED);

    event.submitted.leg_id = command->broadcast.leg_id;
    event.submitted.transaction = command->broadcast.transaction;
    event.submitted.outcome = tx == NULL ? OUTCOME_REFUSED : OUTCOME_OK;
    event.submitted.rejection = tx == NULL ? REJECTION_OTHER : REJECTION_NONE;
    if (tx != NULL) {
        tx->is_broadcast = true;
    }
    synth_answer(world, &event);
}

void synth_receipt(struct synth_world *world, struct synth_chain *chain, const struct synth_tx *tx)
{
    struct event event = {.kind = EVENT_RECEIPT, .domain = chain->config->domain};

    event.receipt.leg_id = tx->leg_id;
    event.receipt.transaction = tx->hash;
    event.receipt.outcome = OUTCOME_OK;
    event.receipt.succeeded = tx->succeeded;
    event.receipt.block_number = tx->block;
    event.receipt.block_hash = chain->hashes[tx->block % SYNTH_BLOCKS_KEPT];
    event.receipt.gas_used = GAS_ESTIMATED;
    event.receipt.gas_price = amount_from_u64(GAS_PRICE);
    synth_answer(world, &event);
}

static void follow(struct synth_world *world, const struct command *command)
{
    struct synth_chain *chain = synth_chain_of(world, command->domain);
    struct synth_tx *tx = &chain->pool[command->follow.nonce % SYNTH_POOL];

    if (tx->nonce != command->follow.nonce ||
        !hash_equal(&tx->hash, &command->follow.transaction)) {
        return;
    }
    tx->is_followed = true;
    if (tx->is_included) {
        synth_receipt(world, chain, tx);
    }
}

/* ---- planning ---- */

static void plan(struct synth_world *world, const struct command *command)
{
    struct event event;

    planning_answer(&command->plan.plan_id, command->plan.network, &world->planning, &event);
    if (event.planned.outcome == OUTCOME_OK && event.planned.moves_count > 0) {
        world->plan_id = command->plan.plan_id;
    }
    world->report.plans_count++;
    synth_answer(world, &event);
}

void synth_perform(struct synth_world *world, const struct command *command)
{
    switch (command->kind) {
    case COMMAND_READ_SECURITY:
        read_security(world, command);
        return;
    case COMMAND_READ_STORAGE:
        read_storage(world, command);
        return;
    case COMMAND_FETCH_CHECKPOINT:
        fetch_checkpoint(world, command);
        return;
    case COMMAND_PREPARE:
        prepare(world, command);
        return;
    case COMMAND_SEND:
        send(world, command);
        return;
    case COMMAND_BROADCAST:
        broadcast(world, command);
        return;
    case COMMAND_FOLLOW:
        follow(world, command);
        return;
    case COMMAND_READ_LANE:
        read_lane(world, command);
        return;
    case COMMAND_READ_POSITIONS:
        read_positions(world, command);
        return;
    case COMMAND_PLAN:
        plan(world, command);
        return;
    case COMMAND_WAKE:
        world->wake_ns = command->wake.at.ns;
        return;
    case COMMAND_WATCH: /* the world tells its blocks of its own accord */
    case COMMAND_NOTE:
        return;
    case COMMAND_READ_LOOKUP: /* no module of this world asks a server */
    case COMMAND_FETCH_LOOKUP:
    case COMMAND_PUBLISH_REORG:
    case COMMAND_READ_TREE: /* validators alone ask these, and this node is none */
    case COMMAND_SIGN_CHECKPOINT:
    case COMMAND_SIGN_ANNOUNCEMENT:
    case COMMAND_SIGN_LOOKUP:
    case COMMAND_PUBLISH_CHECKPOINT:
    case COMMAND_PUBLISH_ANNOUNCEMENT:
        break;
    }
    CHECK(false);
}
