/* SPDX-License-Identifier: Apache-2.0 */
/* What happens on the imaginary chain, and the fixture. */
#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chains/evm/evm.h"
#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/hex.h"
#include "tests/conformance/evm_script_internal.h"

/* ---- the chain ---- */

struct address script_contract(enum contract contract)
{
    uint8_t evm[20] = {0xc0, [19] = (uint8_t)contract};

    return address_from_evm(evm);
}

struct address evm_script_spoke(void)
{
    return script_contract(SPOKE);
}

struct address evm_script_spoke_vault(void)
{
    return script_contract(SPOKE_VAULT);
}

struct address evm_script_pool(void)
{
    return script_contract(POOL);
}

struct address evm_script_feed(uint32_t which)
{
    return script_contract(which == 0 ? FEED_FIRST : FEED_SECOND);
}

struct address evm_script_receipt(void)
{
    return script_contract(POOL_RECEIPT);
}

static struct hash topic(const char *hex)
{
    struct hash hash;
    const enum status status = hex_decode_hash(bytes_from_string(hex), &hash);

    CHECK(status == STATUS_OK);
    return hash;
}

struct hash script_hash(uint64_t a, uint64_t b)
{
    uint8_t bytes[16];

    for (size_t i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(a >> (8 * i));
        bytes[8 + i] = (uint8_t)(b >> (8 * i));
    }
    return keccak256(bytes_from(bytes, sizeof(bytes)));
}

static struct hash address_topic(const struct address *address)
{
    struct hash hash;

    memcpy(hash.bytes, address->bytes, 32);
    return hash;
}

static struct script_log *add_log(struct script_block *block, enum contract contract,
                                  const char *topic0)
{
    CHECK(block->logs_count < LOGS_MAX);
    struct script_log *const log = &block->logs[block->logs_count++];
    log->contract = contract;
    log->topics[0] = topic(topic0);
    log->topics_count = 1;
    log->transaction = script_hash(block->number, 7);
    return log;
}

static void add_topic(struct script_log *log, const struct hash *value)
{
    log->topics[log->topics_count++] = *value;
}

static void add_dispatch(struct script *script, struct script_block *block, const uint8_t *message)
{
    const struct hash id = keccak256(bytes_from(message, MESSAGE_BYTES));
    const struct hash any = {{[31] = 1}};
    struct script_log *log = add_log(block, MAILBOX, TOPIC_DISPATCH);

    add_topic(log, &any);
    add_topic(log, &any);
    add_topic(log, &any);
    log->data[31] = 32;
    log->data[63] = MESSAGE_BYTES;
    memcpy(log->data + 64, message, MESSAGE_BYTES);
    log->data_bytes = 64 + 96;
    log = add_log(block, TREE_HOOK, TOPIC_INSERTED);
    memcpy(log->data, id.bytes, 32);
    log->data[63] = (uint8_t)block->leaves;
    log->data[62] = (uint8_t)(block->leaves >> 8);
    log->data_bytes = 64;
    block->leaves++;
    block->messages[block->messages_count++] = id;
    for (uint32_t i = 0; i < script->knobs.noise_logs; i++) {
        const struct address stranger = script_contract(STRANGER);
        const struct hash account = address_topic(&stranger);
        log = add_log(block, TOKEN, TOPIC_TRANSFER);
        add_topic(log, &account);
        add_topic(log, &account);
        log->data[31] = 5;
        log->data_bytes = 32;
    }
}

static void mine_transaction(struct script_block *block, const struct pending *pending)
{
    block->key_nonce++;
    block->transactions[block->transactions_count++] = pending->hash;
    if (pending->calls_mailbox) {
        struct script_log *const log = add_log(block, MAILBOX, TOPIC_PROCESS);
        log->transaction = pending->hash;
        add_topic(log, &pending->payload);
    }
}

static void mine_pool(struct script *script, struct script_block *block)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < script->pool_count; i++) {
        if (script->pool[i].nonce == block->key_nonce) {
            mine_transaction(block, &script->pool[i]);
        } else if (script->pool[i].nonce > block->key_nonce) {
            script->pool[kept++] = script->pool[i];
        }
    }
    script->pool_count = kept;
}

/* The next block; one that replaces others has nothing in it. */
static void make_block(struct script *script, bool is_empty)
{
    CHECK(script->head + 1 < BLOCKS_MAX);
    const struct script_block *const parent = &script->blocks[script->head];
    struct script_block *const block = &script->blocks[script->head + 1];
    memset(block, 0, sizeof(*block));
    block->number = script->head + 1;
    block->parent = parent->hash;
    block->hash = script_hash(block->number, script->salt);
    block->key_nonce = parent->key_nonce;
    block->leaves = parent->leaves;
    if (!is_empty) {
        for (uint32_t i = 0; i < script->messages_count; i++) {
            add_dispatch(script, block, script->messages[i]);
        }
        script->messages_count = 0;
        mine_pool(script, block);
    }
    script->head = block->number;
    for (uint32_t i = 0; i < FIXTURE_ENDPOINTS; i++) {
        if (script->endpoints[i].is_subscribed) {
            script_push_header(script, i);
        }
    }
}

const char *script_rate_refusal(struct script *script, uint32_t endpoint)
{
    const struct evm_script_habits *const habits = &script->endpoints[endpoint].habits;

    if (habits->is_limited && habits->asks_patience) {
        return "\"code\":-32005,\"message\":\"daily request count exceeded\","
               "\"data\":{\"rate\":{\"backoff_seconds\":60}}";
    }
    if (!habits->is_limited && script->knobs.rate_limited == 0) {
        return NULL;
    }
    script->knobs.rate_limited -= habits->is_limited ? 0 : 1;
    return "\"code\":429,\"message\":\"too many requests\"";
}

uint64_t script_final(const struct script *script)
{
    const uint64_t below = FIXTURE_FINALITY + script->final_lag;

    return script->head > below ? script->head - below : 0;
}

/* ---- the fixture ---- */

static bool script_give(void *world, uint32_t index, struct bytes *ret_frame)
{
    struct script_endpoint *const endpoint = &((struct script *)world)->endpoints[index];

    free(endpoint->given);
    endpoint->given = NULL;
    if (endpoint->frames_count == 0) {
        endpoint->waited_rounds = 0;
        return false;
    }
    if (endpoint->waited_rounds < endpoint->habits.slow_rounds) {
        endpoint->waited_rounds++;
        return false;
    }
    endpoint->given = endpoint->frames[endpoint->frames_first];
    *ret_frame = bytes_from(endpoint->given, endpoint->frames_bytes[endpoint->frames_first]);
    endpoint->frames_first = (endpoint->frames_first + 1) % FRAMES_MAX;
    endpoint->frames_count--;
    return true;
}

static void script_connect(void *world, uint32_t index)
{
    struct script_endpoint *const endpoint = &((struct script *)world)->endpoints[index];
    struct bytes frame;

    endpoint->waited_rounds = endpoint->habits.slow_rounds; /* what was under way is gone at once */
    while (script_give(world, index, &frame)) {
    }
    endpoint->is_subscribed = false;
}

static void script_mine(void *world)
{
    make_block(world, false);
}

static struct hash script_dispatch(void *world)
{
    struct script *const script = world;

    CHECK(script->messages_count < MESSAGES_MAX);
    uint8_t *const message = script->messages[script->messages_count++];
    memset(message, 0, MESSAGE_BYTES);
    message[0] = 3;
    message[3] = (uint8_t)(script->messages_made >> 8);
    message[4] = (uint8_t)script->messages_made++;
    return keccak256(bytes_from(message, MESSAGE_BYTES));
}

static void script_reorg(void *world, uint32_t depth)
{
    struct script *const script = world;

    CHECK(depth < script->head);
    script->salt++;
    script->head -= depth;
    /* One more, so that the new branch is the longer one. Heads of the old numbers come again. */
    for (uint32_t i = script->knobs.reorgs_short ? 1 : 0; i <= depth; i++) {
        make_block(script, true);
    }
}

static uint64_t script_head(const void *world)
{
    return ((const struct script *)world)->head;
}

static struct hash script_block_hash(const void *world, uint64_t number)
{
    const struct script *const script = world;

    return number <= script->head ? script->blocks[number].hash : (struct hash){{0}};
}

static uint32_t script_dispatched(const void *world, uint64_t number, struct hash *ret_ids,
                                  uint32_t max)
{
    const struct script_block *const block = &((const struct script *)world)->blocks[number];

    CHECK(block->messages_count <= max);
    memcpy(ret_ids, block->messages, block->messages_count * sizeof(*ret_ids));
    return block->messages_count;
}

static void script_identify(void *world, uint32_t endpoint, enum fixture_identity identity)
{
    ((struct script *)world)->endpoints[endpoint].identity = identity;
}

static void script_refuse(void *world, const char *words)
{
    ((struct script *)world)->refusal = words;
}

static uint32_t script_questions(void *world, struct command commands[FIXTURE_QUESTIONS_MAX])
{
    struct script *const script = world;
    const struct script_block *const block = &script->blocks[script_final(script)];
    const struct address recipient = script_contract(STRANGER);

    memset(commands, 0, FIXTURE_QUESTIONS_MAX * sizeof(*commands));
    script->asked_message[0] = 3;
    memcpy(script->asked_message + 45, recipient.bytes, 32);
    commands[0].kind = COMMAND_READ_SECURITY;
    commands[0].read_security.message = bytes_from(script->asked_message, MESSAGE_BYTES);
    commands[1].kind = COMMAND_READ_STORAGE;
    commands[1].read_storage.validator = script_contract(STRANGER);
    commands[2].kind = COMMAND_READ_TREE;
    commands[2].read_tree.block_number = block->number;
    commands[2].read_tree.block_hash = block->hash;
    commands[3].kind = COMMAND_READ_LANE;
    commands[3].read_lane.key = script->key_address;
    commands[4].kind = COMMAND_READ_POSITIONS;
    commands[4].read_positions.block_number = block->number;
    commands[4].read_positions.block_hash = block->hash;
    for (uint32_t i = 0; i < 5; i++) {
        commands[i].domain = DOMAIN;
    }
    return 5;
}

static struct leg script_leg(void *world, uint32_t number)
{
    struct script *const script = world;
    struct leg leg = {.kind = number % 2 == 0 ? LEG_PROCESS : LEG_CANCEL,
                      .domain = DOMAIN,
                      .key = script->key_address};

    leg.id = script_hash(number, 99);
    if (leg.kind == LEG_PROCESS) {
        leg.process.message = bytes_from(script->leg_message, MESSAGE_BYTES);
        leg.process.metadata = bytes_from(script->leg_metadata, sizeof(script->leg_metadata));
    }
    return leg;
}

static struct signature script_sign(void *world, const struct chain_request *request)
{
    const struct script *const script = world;
    secp256k1_context *const context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    secp256k1_ecdsa_recoverable_signature made;
    struct signature signature;
    const struct hash digest = keccak256(request->sign.transaction);
    int recovery = 0;

    const int ok =
        secp256k1_ecdsa_sign_recoverable(context, &made, digest.bytes, script->key, NULL, NULL);
    CHECK(ok == 1);
    (void)secp256k1_ecdsa_recoverable_signature_serialize_compact(context, signature.bytes,
                                                                  &recovery, &made);
    signature.bytes[64] = (uint8_t)(27 + recovery);
    secp256k1_context_destroy(context);
    return signature;
}

static uint32_t script_taken(const void *world)
{
    return ((const struct script *)world)->taken_count;
}

static uint32_t script_taken_of(const void *world, const struct hash *transaction)
{
    const struct script *const script = world;
    uint32_t count = 0;

    for (uint32_t i = 0; i < script->taken_count; i++) {
        count += hash_equal(&script->taken[i], transaction) ? 1 : 0;
    }
    return count;
}

static void script_configure(void *world, struct core_config *core, struct chain_config *config)
{
    const struct script *const script = world;

    memset(core, 0, sizeof(*core));
    core->chains_count = 1;
    core->chains[0].domain = DOMAIN;
    core->chains[0].chain_id = CHAIN_ID;
    core->chains[0].mailbox = script_contract(MAILBOX);
    core->chains[0].tree_hook = script_contract(TREE_HOOK);
    core->chains[0].validator_announce = script_contract(ANNOUNCE);
    core->chains[0].gas_paymaster = script_contract(PAYMASTER);
    core->chains[0].key = script->key_address;
    core->assets_count = 1;
    core->assets[0].decimals = 6;
    core->routers_count = 2;
    core->routers[0] = (struct core_router){.domain = DOMAIN,
                                            .router = script_contract(ROUTER),
                                            .token = script_contract(TOKEN),
                                            .bridge = script_contract(BRIDGE)};
    core->routers[1] = (struct core_router){.domain = OTHER_DOMAIN,
                                            .router = script_contract(OTHER_ROUTER),
                                            .token = script_contract(TOKEN)};
    core->vaults_count = 1;
    core->vaults[0] = (struct core_vault){
        .domain = DOMAIN, .vault = script_contract(VAULT), .token = script_contract(TOKEN)};
    *config = (struct chain_config){
        .core = core,
        .endpoints_count = FIXTURE_CONFIGURED,
        .quorum = 1,
        .finality = FINALITY_TAG,
        .finality_blocks = FIXTURE_FINALITY,
        .blocks_per_range = 16,
        .requests_open_max = 32,
        .legs_open_max = 32,
        .frame_bytes_max = 1u << 20,
        .request_deadline = DURATION_MS(1000),
    };
}

static void *script_open(void)
{
    struct script *const script = calloc(1, sizeof(*script));
    const struct hash digest = {{1}};
    struct chain_request request = {.kind = CHAIN_REQUEST_SIGN};

    CHECK(script != NULL);
    script->blocks = calloc(BLOCKS_MAX, sizeof(*script->blocks));
    CHECK(script->blocks != NULL);
    memset(script->key, 0x11, sizeof(script->key));
    script->leg_message[0] = 3;
    memset(script->leg_metadata, 0xab, sizeof(script->leg_metadata));
    request.sign.transaction = bytes_from(digest.bytes, 32);
    const struct signature signature = script_sign(script, &request);
    const struct hash signed_digest = keccak256(request.sign.transaction);
    const enum status status = signature_recover(&signed_digest, &signature, &script->key_address);
    CHECK(status == STATUS_OK);
    script->blocks[0].hash = script_hash(0, 0);
    for (uint32_t i = 1; i <= FIXTURE_HISTORY; i++) {
        if (i % 5 == 3) {
            (void)script_dispatch(script);
        }
        make_block(script, false);
    }
    return script;
}

static void script_close(void *world)
{
    struct script *const script = world;

    for (uint32_t i = 0; i < FIXTURE_ENDPOINTS; i++) {
        script_connect(world, i);
    }
    free(script->blocks);
    free(script);
}

struct evm_script_knobs *evm_script_knobs(void *world)
{
    return &((struct script *)world)->knobs;
}

struct evm_script_habits *evm_script_habits(void *world, uint32_t endpoint)
{
    return &((struct script *)world)->endpoints[endpoint].habits;
}

uint32_t evm_script_asked(const void *world, const char *method)
{
    const struct script *const script = world;

    for (uint32_t i = 0; i < script->methods_count; i++) {
        if (strcmp(script->methods[i].name, method) == 0) {
            return script->methods[i].count;
        }
    }
    return 0;
}

uint32_t evm_script_legacy_taken(const void *world)
{
    const struct script *const script = world;
    uint32_t count = 0;

    for (uint32_t i = 0; i < script->pool_count; i++) {
        count += script->pool[i].is_legacy ? 1 : 0;
    }
    return count;
}

const struct chain_fixture evm_script_fixture = {
    .name = "evm",
    .ops = &evm_chain_ops,
    .open = script_open,
    .close = script_close,
    .configure = script_configure,
    .mine = script_mine,
    .dispatch = script_dispatch,
    .reorg = script_reorg,
    .head = script_head,
    .block_hash = script_block_hash,
    .dispatched = script_dispatched,
    .connect = script_connect,
    .take = script_take,
    .give = script_give,
    .identify = script_identify,
    .refuse = script_refuse,
    .questions = script_questions,
    .leg = script_leg,
    .sign = script_sign,
    .taken = script_taken,
    .taken_of = script_taken_of,
};
