/* SPDX-License-Identifier: Apache-2.0 */
/* The plain family of the simulator: its adapter, and its nodes over an imaginary world of two
 * chains. The second one is where the messages come from that legs deliver. */
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/hyperlane/checkpoint.h"
#include "relay/hyperlane/message.h"
#include "relay/hyperlane/metadata.h"
#include "tests/conformance/chain_fixture.h"
#include "tests/conformance/plain_fixture.h"
#include "tests/sim/plain.h"
#include "tests/sim/plain_node.h"
#include "tests/sim/plain_wire.h"
#include "tests/support/literal.h"

enum {
    FRAMES_MAX = 256,
    TAKEN_MAX = 1024,
    LEGS_MAX = 16,
    METADATA_MAX = 512,
    CHAIN = 0, /* that is watched */
    OTHER = 1,
};

struct plain_endpoint_frames {
    struct bytes frames[FRAMES_MAX]; /* owned */
    uint32_t first;
    uint32_t count;
    uint8_t *given; /* owned; the last one */
    enum fixture_identity identity;
    bool is_told; /* of new heads: somebody said hello */
};

struct plain_world {
    struct sim_clock clock;
    struct world world;
    struct plain_endpoint_frames endpoints[FIXTURE_ENDPOINTS];
    const char *refusal;
    struct hash taken[TAKEN_MAX];
    uint32_t taken_count;
    struct {
        struct hash message_id;
        struct bytes message; /* of the world */
        uint8_t metadata[METADATA_MAX];
        size_t metadata_count;
    } deliveries[LEGS_MAX];
    uint32_t deliveries_count;
    uint64_t dispatched;
};

static struct world_chain *chain_of(void *world)
{
    return &((struct plain_world *)world)->world.chains[CHAIN];
}

static const struct world_chain *chain_seen(const void *world)
{
    return &((const struct plain_world *)world)->world.chains[CHAIN];
}

/* ---- endpoints ---- */

static void push(struct plain_world *plain, uint32_t endpoint, struct bytes frame)
{
    struct plain_endpoint_frames *const frames = &plain->endpoints[endpoint];
    uint8_t *const copy = malloc(frame.count);

    CHECK(copy != NULL);
    CHECK(frames->count < FRAMES_MAX);
    memcpy(copy, frame.data, frame.count);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the endpoint holds it until it is given */
    frames->frames[(frames->first + frames->count++) % FRAMES_MAX] = bytes_from(copy, frame.count);
}

static bool plain_give(void *world, uint32_t endpoint, struct bytes *ret_frame)
{
    struct plain_endpoint_frames *const frames =
        &((struct plain_world *)world)->endpoints[endpoint];

    free(frames->given);
    frames->given = NULL;
    if (frames->count == 0) {
        return false;
    }
    *ret_frame = frames->frames[frames->first];
    frames->given = (uint8_t *)(uintptr_t)ret_frame->data;
    frames->first = (frames->first + 1) % FRAMES_MAX;
    frames->count--;
    return true;
}

static void plain_connect(void *world, uint32_t endpoint)
{
    struct bytes frame;

    while (plain_give(world, endpoint, &frame)) {
    }
    ((struct plain_world *)world)->endpoints[endpoint].is_told = false;
}

/* The reply to a question whose head is `frame`'s, made by hand. */
static void push_reply(struct plain_world *plain, uint32_t endpoint, struct bytes frame,
                       enum outcome outcome, struct bytes body)
{
    uint8_t memory[256];
    struct packer packer = packer_from(memory, sizeof(memory));

    pack_u8(&packer, frame.data[0] | PLAIN_REPLY);
    pack_raw(&packer, bytes_from(frame.data + 1, 8));
    pack_u8(&packer, (uint8_t)outcome);
    pack_raw(&packer, body);
    push(plain, endpoint, packer_finish(&packer));
}

static void answer_hello(struct plain_world *plain, uint32_t endpoint, struct bytes frame)
{
    const struct world_chain *const chain = &plain->world.chains[CHAIN];
    const bool is_other = plain->endpoints[endpoint].identity == FIXTURE_OTHER_CHAIN;
    const struct address none = {{0}};
    uint8_t memory[64];
    struct packer packer = packer_from(memory, sizeof(memory));

    pack_u32(&packer, is_other ? chain->domain + 1 : chain->domain);
    pack_address(&packer, is_other ? &chain->mailbox : &none);
    push_reply(plain, endpoint, frame, OUTCOME_OK, packer_finish(&packer));
}

static void plain_take(void *world, uint32_t endpoint, struct bytes frame)
{
    struct plain_world *const plain = world;

    CHECK(frame.count >= 9);
    plain->endpoints[endpoint].is_told = true;
    if (frame.data[0] == PLAIN_HELLO && plain->endpoints[endpoint].identity != FIXTURE_RIGHT) {
        answer_hello(plain, endpoint, frame);
        return;
    }
    if (frame.data[0] == PLAIN_PREPARE && plain->refusal != NULL) {
        push_reply(plain, endpoint, frame, OUTCOME_REFUSED, bytes_from_string(plain->refusal));
        return;
    }
    const struct plain_reply reply = plain_node_answer(chain_of(world), frame);
    if (reply.is_submission) {
        CHECK(plain->taken_count < TAKEN_MAX);
        plain->taken[plain->taken_count++] = reply.transaction;
    }
    push(plain, endpoint, reply.frame);
}

static void plain_identify(void *world, uint32_t endpoint, enum fixture_identity identity)
{
    ((struct plain_world *)world)->endpoints[endpoint].identity = identity;
}

static void plain_refuse(void *world, const char *words)
{
    ((struct plain_world *)world)->refusal = words;
}

/* ---- the chain ---- */

static void mine(struct plain_world *plain, uint32_t chain)
{
    plain->clock.now_ns += 1000000000u;
    world_mine(&plain->world.chains[chain]);
}

static void tell_heads(struct plain_world *plain)
{
    for (uint32_t i = 0; i < FIXTURE_ENDPOINTS; i++) {
        if (plain->endpoints[i].is_told) {
            push(plain, i, plain_node_head(&plain->world.chains[CHAIN]));
        }
    }
}

static void plain_mine(void *world)
{
    mine(world, CHAIN);
    tell_heads(world);
}

static struct hash plain_dispatch(void *world)
{
    struct plain_world *const plain = world;
    const struct world_action action = {
        .act = ACT_DISPATCH, .to = OTHER, .amount = plain->dispatched++};

    world_add_action(&plain->world.chains[CHAIN], &action);
    return contracts_next_message(&plain->world.chains[CHAIN]);
}

static void plain_reorg(void *world, uint32_t depth)
{
    const struct world_reorg reorg = {.depth = depth, .forget = true, .drop = true};

    world_reorg(chain_of(world), reorg);
    tell_heads(world);
}

static uint64_t plain_head(const void *world)
{
    return world_head(chain_seen(world));
}

static struct hash plain_block_hash(const void *world, uint64_t number)
{
    const struct world_block *const block = world_block_at(chain_seen(world), number);

    return block == NULL ? (struct hash){{0}} : block->hash;
}

static uint32_t plain_dispatched(const void *world, uint64_t number, struct hash *ret_ids,
                                 uint32_t max)
{
    const struct world_block *const block = world_block_at(chain_seen(world), number);
    uint32_t count = 0;

    CHECK(block != NULL);
    for (uint32_t i = 0; i < block->logs_count; i++) {
        if (block->logs[i].kind == FACT_DISPATCH) {
            CHECK(count < max);
            ret_ids[count++] = message_id(block->logs[i].dispatch.message);
        }
    }
    return count;
}

/* ---- what is asked ---- */

static uint32_t plain_questions(void *world, struct command commands[FIXTURE_QUESTIONS_MAX])
{
    struct plain_world *const plain = world;
    const struct world_chain *const chain = chain_of(world);
    const struct world_block *const block = world_block_at(chain, world_final(chain));

    memset(commands, 0, FIXTURE_QUESTIONS_MAX * sizeof(*commands));
    commands[0].kind = COMMAND_READ_SECURITY;
    commands[0].read_security.message = plain->deliveries[0].message;
    commands[0].read_security.message_id = plain->deliveries[0].message_id;
    commands[1].kind = COMMAND_READ_STORAGE;
    commands[1].read_storage.validator = plain->world.validators[1];
    commands[2].kind = COMMAND_READ_TREE;
    commands[2].read_tree.block_number = block->number;
    commands[2].read_tree.block_hash = block->hash;
    commands[3].kind = COMMAND_READ_LANE;
    commands[3].read_lane.key = chain->key;
    commands[4].kind = COMMAND_READ_POSITIONS;
    commands[4].read_positions.block_number = block->number;
    commands[4].read_positions.block_hash = block->hash;
    for (uint32_t i = 0; i < 5; i++) {
        commands[i].domain = chain->domain;
    }
    return 5;
}

/* Deliveries, cancels and rebalances in turn. */
static struct leg plain_leg(void *world, uint32_t number)
{
    const struct plain_world *const plain = world;
    const struct world_chain *const chain = chain_of(world);
    static const enum leg_kind kinds[] = {LEG_PROCESS, LEG_CANCEL, LEG_REBALANCE};
    struct leg leg = {.kind = kinds[number % 3], .domain = chain->domain, .key = chain->key};

    leg.id = hash_filled((uint8_t)(number + 1));
    if (leg.kind == LEG_PROCESS) {
        CHECK(number / 3 < plain->deliveries_count);
        leg.process.message_id = plain->deliveries[number / 3].message_id;
        leg.process.message = plain->deliveries[number / 3].message;
        leg.process.metadata = bytes_from(plain->deliveries[number / 3].metadata,
                                          plain->deliveries[number / 3].metadata_count);
    } else if (leg.kind == LEG_REBALANCE) {
        leg.rebalance.router = chain->router;
        leg.rebalance.bridge = chain->bridge;
        leg.rebalance.destination = plain->world.chains[OTHER].domain;
        leg.rebalance.amount = amount_from_u64(1000 + number);
    }
    return leg;
}

static struct signature plain_sign(void *world, const struct chain_request *request)
{
    const struct hash digest = keccak256(request->sign.transaction);

    (void)world;
    return test_key_sign(0x51 + CHAIN, &digest);
}

static uint32_t plain_taken(const void *world)
{
    return ((const struct plain_world *)world)->taken_count;
}

static uint32_t plain_taken_of(const void *world, const struct hash *transaction)
{
    const struct plain_world *const plain = world;
    uint32_t count = 0;

    for (uint32_t i = 0; i < plain->taken_count; i++) {
        count += hash_equal(&plain->taken[i], transaction) ? 1 : 0;
    }
    return count;
}

static void plain_configure(void *world, struct core_config *core, struct chain_config *config)
{
    const struct world_chain *const chain = chain_of(world);

    memset(core, 0, sizeof(*core));
    core->chains_count = 1;
    core->chains[0].domain = chain->domain;
    core->chains[0].chain_id = chain->chain_id;
    core->chains[0].mailbox = chain->mailbox;
    core->chains[0].key = chain->key;
    *config = (struct chain_config){
        .core = core,
        .endpoints_count = 2,
        .quorum = 1,
        .finality = FINALITY_DEPTH,
        .finality_blocks = FIXTURE_FINALITY,
        .blocks_per_range = 16,
        .requests_open_max = 32,
        .legs_open_max = 32,
        .frame_bytes_max = 1u << 20,
        .request_deadline = DURATION_MS(1000),
    };
}

/* ---- beginning and end ---- */

/* Two validators' word that the other chain's message is in its tree. */
static void sign_delivery(struct plain_world *plain, uint32_t number)
{
    const struct world_chain *const other = &plain->world.chains[OTHER];
    const uint32_t leaf = other->history_leaves + number; /* those before are nobody's here */
    const struct world_message *const message = &plain->world.messages[other->leaf_messages[leaf]];
    const struct checkpoint checkpoint = {
        .root = other->leaf_roots[leaf], .index = leaf, .message_id = message->id};
    const struct hash digest = checkpoint_digest(other->domain, &other->tree_hook, &checkpoint);
    struct signature signatures[WORLD_THRESHOLD];

    for (uint32_t i = 0; i < WORLD_THRESHOLD; i++) {
        signatures[i] = test_key_sign(plain->world.validator_keys[i], &digest);
    }
    CHECK(plain->deliveries_count < LEGS_MAX);
    const uint32_t place = plain->deliveries_count++;
    struct buffer buffer = buffer_from(plain->deliveries[place].metadata, METADATA_MAX);
    const struct metadata_message_id metadata = {.tree_hook = other->tree_hook,
                                                 .root = checkpoint.root,
                                                 .index = leaf,
                                                 .signatures = signatures,
                                                 .signatures_count = WORLD_THRESHOLD};
    const enum status status = metadata_write_message_id(&metadata, &buffer);
    CHECK(status == STATUS_OK);
    plain->deliveries[place].metadata_count = buffer.count;
    plain->deliveries[place].message_id = message->id;
    plain->deliveries[place].message = bytes_from(message->data, message->data_count);
}

static void *plain_open(void)
{
    struct plain_world *const plain = calloc(1, sizeof(*plain));

    CHECK(plain != NULL);
    clock_init(&plain->clock, UINT64_C(1700000000000000000));
    world_init(&plain->world, &plain->clock, 1, 2);
    for (uint32_t i = 0; i < WORLD_VALIDATORS; i++) {
        plain->world.chains[CHAIN].announced[i] = 1;
    }
    for (uint32_t i = 0; i < 2; i++) {
        plain->world.chains[i].finality_blocks = FIXTURE_FINALITY;
    }
    for (uint64_t i = 0; i < LEGS_MAX; i++) {
        const struct world_action action = {.act = ACT_DISPATCH, .to = CHAIN, .amount = i};
        world_add_action(&plain->world.chains[OTHER], &action);
    }
    mine(plain, OTHER);
    for (uint32_t i = 0; i < LEGS_MAX; i++) {
        sign_delivery(plain, i);
    }
    while (world_head(&plain->world.chains[CHAIN]) < FIXTURE_HISTORY) {
        if (world_head(&plain->world.chains[CHAIN]) % 5 == 3) {
            (void)plain_dispatch(plain);
        }
        mine(plain, CHAIN);
    }
    return plain;
}

static void plain_close(void *world)
{
    struct plain_world *const plain = world;

    for (uint32_t i = 0; i < FIXTURE_ENDPOINTS; i++) {
        plain_connect(world, i);
    }
    world_deinit(&plain->world);
    clock_deinit(&plain->clock);
    free(plain);
}

const struct chain_fixture plain_fixture = {
    .name = "plain",
    .ops = &plain_chain_ops,
    .open = plain_open,
    .close = plain_close,
    .configure = plain_configure,
    .mine = plain_mine,
    .dispatch = plain_dispatch,
    .reorg = plain_reorg,
    .head = plain_head,
    .block_hash = plain_block_hash,
    .dispatched = plain_dispatched,
    .connect = plain_connect,
    .take = plain_take,
    .give = plain_give,
    .identify = plain_identify,
    .refuse = plain_refuse,
    .questions = plain_questions,
    .leg = plain_leg,
    .sign = plain_sign,
    .taken = plain_taken,
    .taken_of = plain_taken_of,
};
