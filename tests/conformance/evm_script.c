/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/conformance/evm_script.h"

#include <inttypes.h>
#include <jansson.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chains/evm/evm.h"
#include "chains/evm/rlp.h"
#include "chains/evm/tx.h"
#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/hex.h"

enum {
    BLOCKS_MAX = 256,
    LOGS_MAX = 160,
    MESSAGES_MAX = 16,
    TRANSACTIONS_MAX = 64,
    FRAMES_MAX = 256,
    METHODS_MAX = 32,
    TAKEN_MAX = 1024,
    DOMAIN = 901,
    CHAIN_ID = 31337,
    OTHER_DOMAIN = 902,
    MESSAGE_BYTES = 81,
};

/* Contracts are numbered; the number is the address's last byte. */
enum contract {
    MAILBOX = 0x11,
    TREE_HOOK = 0x12,
    ANNOUNCE = 0x13,
    PAYMASTER = 0x14,
    ROUTER = 0x15,
    TOKEN = 0x16,
    BRIDGE = 0x17,
    VAULT = 0x18,
    ISM = 0x19,
    STRANGER = 0x33,
    OTHER_ROUTER = 0x44,
};

/* keccak of the signatures, as hyperlane.md section 2.5 has them */
#define TOPIC_DISPATCH "769f711d20c679153d382254f59892613b58a97cc876b249134ac25c80f9c814"
#define TOPIC_INSERTED "253a3a04cab70d47c1504809242d9350cd81627b4f1d50753e159cf8cd76ed33"
#define TOPIC_PROCESS  "1cae38cdd3d3919489272725a5ae62a4f48b2989b0dae843d3c279fee18073a9"
#define TOPIC_TRANSFER "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"

struct script_log {
    enum contract contract;
    struct hash topics[4];
    uint32_t topics_count;
    uint8_t data[192];
    size_t data_bytes;
    struct hash transaction;
};

struct script_block {
    uint64_t number;
    struct hash hash;
    struct hash parent;
    struct script_log logs[LOGS_MAX];
    uint32_t logs_count;
    struct hash messages[MESSAGES_MAX];
    uint32_t messages_count;
    struct hash transactions[TRANSACTIONS_MAX]; /* of the key */
    uint32_t transactions_count;
    uint64_t key_nonce; /* after the block */
    uint32_t leaves;    /* after the block */
};

struct pending {
    struct hash hash;
    uint64_t nonce;
    bool calls_mailbox;
    struct hash payload;
};

struct script_endpoint {
    char *frames[FRAMES_MAX]; /* owned */
    size_t frames_bytes[FRAMES_MAX];
    uint32_t frames_first;
    uint32_t frames_count;
    char *given; /* owned; the last one */
    bool is_subscribed;
    enum fixture_identity identity;
};

struct script {
    struct script_block *blocks; /* from 0 */
    uint64_t head;
    uint64_t salt;
    uint64_t messages_made;
    uint8_t messages[MESSAGES_MAX][MESSAGE_BYTES]; /* for the next block */
    uint32_t messages_count;
    struct pending pool[TRANSACTIONS_MAX];
    uint32_t pool_count;
    struct hash taken[TAKEN_MAX];
    uint32_t taken_count;
    struct script_endpoint endpoints[FIXTURE_ENDPOINTS];
    struct {
        char name[40];
        uint32_t count;
    } methods[METHODS_MAX];
    uint32_t methods_count;
    const char *refusal;
    struct evm_script_knobs knobs;
    uint8_t key[32];
    struct address key_address;
    uint8_t leg_message[MESSAGE_BYTES];
    uint8_t leg_metadata[68 + 65];
    uint8_t asked_message[MESSAGE_BYTES];
};

/* ---- text ---- */

struct text {
    char *data;
    size_t count;
    size_t capacity;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *format, ...)
{
    va_list arguments;

    if (text->capacity - text->count < 2048) {
        text->capacity = 2 * text->capacity + 4096;
        text->data = realloc(text->data, text->capacity);
        CHECK(text->data != NULL);
    }
    va_start(arguments, format);
    const int written =
        vsnprintf(text->data + text->count, text->capacity - text->count, format, arguments);
    va_end(arguments);
    CHECK(written >= 0);
    CHECK((size_t)written < text->capacity - text->count);
    text->count += (size_t)written;
}

static void put_hex(struct text *text, const void *data, size_t count)
{
    char digits[1025];

    CHECK(count <= 512);
    hex_encode(bytes_from(data, count), digits);
    put(text, "%s", digits);
}

static void put_word(struct text *text, uint64_t value)
{
    put(text, "%064" PRIx64, value);
}

/* ---- the chain ---- */

static struct address contract_address(enum contract contract)
{
    uint8_t evm[20] = {0xc0, [19] = (uint8_t)contract};

    return address_from_evm(evm);
}

static struct hash topic(const char *hex)
{
    struct hash hash;
    const enum status status = hex_decode_hash(bytes_from_string(hex), &hash);

    CHECK(status == STATUS_OK);
    return hash;
}

static struct hash number_hash(uint64_t a, uint64_t b)
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
    log->transaction = number_hash(block->number, 7);
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
        const struct address stranger = contract_address(STRANGER);
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

static void push_header(struct script *script, uint32_t endpoint);

/* The next block; one that replaces others has nothing in it. */
static void make_block(struct script *script, bool is_empty)
{
    CHECK(script->head + 1 < BLOCKS_MAX);
    const struct script_block *const parent = &script->blocks[script->head];
    struct script_block *const block = &script->blocks[script->head + 1];
    memset(block, 0, sizeof(*block));
    block->number = script->head + 1;
    block->parent = parent->hash;
    block->hash = number_hash(block->number, script->salt);
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
            push_header(script, i);
        }
    }
}

static uint64_t final_of(const struct script *script)
{
    return script->head > FIXTURE_FINALITY ? script->head - FIXTURE_FINALITY : 0;
}

/* ---- bloom: written here once more, from the Yellow Paper ---- */

static void bloom_add(uint8_t bloom[256], const void *data, size_t count)
{
    const struct hash hash = keccak256(bytes_from(data, count));

    for (size_t i = 0; i < 6; i += 2) {
        const unsigned position = (unsigned)(hash.bytes[i] * 256 + hash.bytes[i + 1]) % 2048;
        bloom[255 - position / 8] |= (uint8_t)(1u << (position % 8));
    }
}

static void block_bloom(const struct script *script, const struct script_block *block,
                        uint8_t bloom[256])
{
    memset(bloom, 0, 256);
    for (uint32_t i = 0; i < block->logs_count && !script->knobs.lacks_bloom; i++) {
        const struct script_log *const log = &block->logs[i];
        const struct address address = contract_address(log->contract);
        bloom_add(bloom, address.bytes + 12, 20);
        for (uint32_t j = 0; j < log->topics_count; j++) {
            bloom_add(bloom, log->topics[j].bytes, 32);
        }
    }
}

/* ---- frames out ---- */

static void push_frame(struct script *script, uint32_t index, struct text *text)
{
    struct script_endpoint *const endpoint = &script->endpoints[index];

    if (endpoint->frames_count == FRAMES_MAX) {
        free(text->data); /* nobody reads: a node drops what does not fit */
        *text = (struct text){0};
        return;
    }
    const uint32_t at = (endpoint->frames_first + endpoint->frames_count++) % FRAMES_MAX;
    endpoint->frames[at] = text->data;
    endpoint->frames_bytes[at] = text->count;
    *text = (struct text){0};
}

static void put_header(const struct script *script, const struct script_block *block,
                       struct text *text)
{
    uint8_t bloom[256];

    block_bloom(script, block, bloom);
    put(text, "{\"number\":\"0x%" PRIx64 "\",\"hash\":\"0x", block->number);
    put_hex(text, block->hash.bytes, 32);
    put(text, "\",\"parentHash\":\"0x");
    put_hex(text, block->parent.bytes, 32);
    put(text, "\",\"timestamp\":\"0x%" PRIx64 "\",\"baseFeePerGas\":\"0x7\",\"logsBloom\":\"0x",
        1700000000 + block->number);
    put_hex(text, bloom, sizeof(bloom));
    put(text, "\",\"transactions\":[]}");
}

static void push_header(struct script *script, uint32_t endpoint)
{
    struct text text = {0};

    put(&text, "{\"jsonrpc\":\"2.0\",\"method\":\"eth_subscription\",\"params\":"
               "{\"subscription\":\"0x5\",\"result\":");
    put_header(script, &script->blocks[script->head], &text);
    put(&text, "}}");
    push_frame(script, endpoint, &text);
}

/* ---- answers: each writes a "result" or an "error" member ---- */

static void put_error(struct text *text, int code, const char *message)
{
    put(text, "\"error\":{\"code\":%d,\"message\":\"%s\"}", code, message);
}

static const struct script_block *find_block(const struct script *script, const char *hex)
{
    struct hash hash;

    if (hex == NULL || hex_decode_hash(bytes_from_string(hex), &hash) != STATUS_OK) {
        return NULL;
    }
    for (uint64_t number = 0; number <= script->head; number++) {
        if (hash_equal(&script->blocks[number].hash, &hash)) {
            return &script->blocks[number];
        }
    }
    return NULL;
}

/* A tag, a number or {"blockHash": ...}; NULL: no such block. */
static const struct script_block *block_of(const struct script *script, const json_t *parameter)
{
    const char *const text = json_string_value(parameter);

    if (json_is_object(parameter)) {
        return script->knobs.forgets_state
                   ? NULL
                   : find_block(script, json_string_value(json_object_get(parameter, "blockHash")));
    }
    CHECK(text != NULL);
    if (strcmp(text, "latest") == 0) {
        return &script->blocks[script->head];
    }
    if (strcmp(text, "finalized") == 0 || strcmp(text, "safe") == 0) {
        return &script->blocks[final_of(script)];
    }
    const uint64_t number = strtoull(text, NULL, 16);
    return number <= script->head ? &script->blocks[number] : NULL;
}

static bool matches_list(const json_t *wanted, const char *hex)
{
    size_t index;
    json_t *item;

    if (wanted == NULL || json_is_null(wanted)) {
        return true;
    }
    json_array_foreach(wanted, index, item)
    {
        if (strcmp(json_string_value(item), hex) == 0) {
            return true;
        }
    }
    return false;
}

static bool filter_takes(const json_t *filter, const struct script_log *log)
{
    const json_t *const topics = json_object_get(filter, "topics");
    const struct address address = contract_address(log->contract);
    char hex[67] = "0x";

    hex_encode(bytes_from(address.bytes + 12, 20), hex + 2);
    if (!matches_list(json_object_get(filter, "address"), hex)) {
        return false;
    }
    for (uint32_t i = 0; i < json_array_size(topics); i++) {
        if (i >= log->topics_count) {
            return false;
        }
        hex_encode(bytes_from(log->topics[i].bytes, 32), hex + 2);
        if (!matches_list(json_array_get(topics, i), hex)) {
            return false;
        }
    }
    return true;
}

static void put_log(const struct script_block *block, uint32_t index, struct text *text)
{
    const struct script_log *const log = &block->logs[index];
    const struct address address = contract_address(log->contract);

    put(text, "{\"address\":\"0x");
    put_hex(text, address.bytes + 12, 20);
    put(text, "\",\"topics\":[");
    for (uint32_t i = 0; i < log->topics_count; i++) {
        put(text, i == 0 ? "\"0x" : ",\"0x");
        put_hex(text, log->topics[i].bytes, 32);
        put(text, "\"");
    }
    put(text, "],\"data\":\"0x");
    put_hex(text, log->data, log->data_bytes);
    put(text, "\",\"blockNumber\":\"0x%" PRIx64 "\",\"blockHash\":\"0x", block->number);
    put_hex(text, block->hash.bytes, 32);
    put(text, "\",\"transactionHash\":\"0x");
    put_hex(text, log->transaction.bytes, 32);
    put(text, "\",\"logIndex\":\"0x%x\",\"removed\":false}", index);
}

static void answer_logs(struct script *script, const json_t *parameters, struct text *text)
{
    const json_t *const filter = json_array_get(parameters, 0);
    const char *const hash = json_string_value(json_object_get(filter, "blockHash"));
    const struct script_block *const block = find_block(script, hash);
    uint64_t from = 0;
    uint64_t to = 0;
    const char *between = "";

    if (hash != NULL && block == NULL) {
        put_error(text, -32000, "unknown block");
        return;
    }
    if (block != NULL) {
        from = to = block->number;
        if (script->knobs.logs_late > 0) {
            script->knobs.logs_late--;
            put(text, "\"result\":[]");
            return;
        }
    } else {
        from = strtoull(json_string_value(json_object_get(filter, "fromBlock")), NULL, 16);
        to = strtoull(json_string_value(json_object_get(filter, "toBlock")), NULL, 16);
        if (to > script->head ||
            (script->knobs.range_max > 0 && to - from >= script->knobs.range_max)) {
            put_error(text, -32005, "query returned more than 10000 results");
            return;
        }
    }
    if (script->knobs.confuses_blocks && block != NULL) {
        from = to = block->number - 1;
    } else if (script->knobs.confuses_blocks && to < script->head) {
        to++;
    }
    put(text, "\"result\":[");
    for (uint64_t number = from; number <= to; number++) {
        for (uint32_t i = 0; i < script->blocks[number].logs_count; i++) {
            if (filter_takes(filter, &script->blocks[number].logs[i])) {
                put(text, "%s", between);
                put_log(&script->blocks[number], i, text);
                between = ",";
            }
        }
    }
    put(text, "]");
}

static void put_quote(const struct script *script, const char *data, struct text *text)
{
    const uint64_t amount = strtoull(data + 2 + 8 + 128 + 48, NULL, 16);
    const struct address token = contract_address(TOKEN);

    put(text, "\"result\":\"0x");
    put_word(text, 32);
    put_word(text, 3);
    put_word(text, 0);
    put_word(text, script->knobs.bridge_fee);
    put_hex(text, token.bytes, 32);
    put_word(text, amount);
    put_hex(text, token.bytes, 32);
    put_word(text, script->knobs.bridge_fee_token);
    put(text, "\"");
}

static void put_validators(struct text *text)
{
    put(text, "\"result\":\"0x");
    put_word(text, 64);
    put_word(text, 2);
    put_word(text, 3);
    for (uint64_t i = 1; i <= 3; i++) {
        put_word(text, i);
    }
    put(text, "\"");
}

static void put_locations(struct text *text)
{
    put(text, "\"result\":\"0x");
    put_word(text, 32);
    put_word(text, 1);
    put_word(text, 32);
    put_word(text, 2);
    put_word(text, 64);
    put_word(text, 128);
    put_word(text, 8);
    put(text, "66696c653a2f2f61000000000000000000000000000000000000000000000000");
    put_word(text, 8);
    put(text, "66696c653a2f2f62000000000000000000000000000000000000000000000000\"");
}

/* What a contract returns for a selector, at a block. */
static void answer_call(struct script *script, const json_t *parameters, struct text *text)
{
    const struct script_block *const block = block_of(script, json_array_get(parameters, 1));
    const char *const data =
        json_string_value(json_object_get(json_array_get(parameters, 0), "data"));
    const uint32_t selector = (uint32_t)strtoul(
        (char[]){data[2], data[3], data[4], data[5], data[6], data[7], data[8], data[9], '\0'},
        NULL, 16);
    uint64_t word = 0;

    if (block == NULL) {
        put_error(text, -32000, "header not found");
        return;
    }
    switch (selector) {
    case 0x8d3638f4: /* localDomain */
        word = DOMAIN;
        break;
    case 0x313ce567: /* decimals */
        word = 18;
        break;
    case 0xe70f48ac: /* recipientIsm */
    case 0x15ce45a2: /* route */
        put(text, "\"result\":\"0x000000000000000000000000c0");
        put(text, "000000000000000000000000000000000000%02x\"", ISM);
        return;
    case 0x6465e69f: /* moduleType */
        word = script->knobs.module_type == 0 ? 5 : script->knobs.module_type;
        break;
    case 0x2e0ed234: /* validatorsAndThreshold */
        put_validators(text);
        return;
    case 0x51abe7cc: /* getAnnouncedStorageLocations */
        put_locations(text);
        return;
    case 0x907c0f92: /* latestCheckpoint */
        if (block->leaves == 0) {
            put_error(text, 3, "execution reverted: panic: arithmetic underflow (0x11)");
            return;
        }
        put(text, "\"result\":\"0x");
        put_word(text, 77);
        put_word(text, block->leaves - 1);
        put(text, "\"");
        return;
    case 0x06661abd: /* count */
        word = block->leaves;
        break;
    case 0x70a08231: /* balanceOf */
    case 0x01e1d114: /* totalAssets */
    case 0x18160ddd: /* totalSupply */
    case 0x07a2d13a: /* convertToAssets */
        word = 1000 + block->number;
        break;
    case 0x8bd90b82: /* quoteTransferRemote */
        put_quote(script, data, text);
        return;
    default: /* not an enum */
        put_error(text, 3, "execution reverted");
        return;
    }
    put(text, "\"result\":\"0x");
    put_word(text, word);
    put(text, "\"");
}

/* Takes a signed transaction apart: the nonce and whether it calls the mailbox. */
static void answer_send(struct script *script, const json_t *parameters, struct text *text)
{
    uint8_t raw[4096];
    size_t count = 0;
    const char *const hex = json_string_value(json_array_get(parameters, 0));
    const enum status status = hex_decode(bytes_from_string(hex), sizeof(raw), raw, &count);

    CHECK(status == STATUS_OK);
    struct rlp_reader outer = rlp_reader_from(bytes_from(raw + 1, count - 1));
    struct rlp_reader items = rlp_read_list(&outer);
    (void)rlp_read_u64(&items);
    struct pending pending = {.hash = keccak256(bytes_from(raw, count))};
    pending.nonce = rlp_read_u64(&items);
    (void)rlp_read_amount(&items);
    (void)rlp_read_amount(&items);
    (void)rlp_read_u64(&items);
    const struct bytes to = rlp_read_bytes(&items);
    (void)rlp_read_amount(&items);
    const struct bytes data = rlp_read_bytes(&items);
    CHECK(!items.malformed);
    pending.calls_mailbox = to.count == 20 && to.data[19] == MAILBOX;
    pending.payload = keccak256(data);
    CHECK(script->taken_count < TAKEN_MAX);
    script->taken[script->taken_count++] = pending.hash;
    if (script->knobs.send_refusal != NULL) {
        put_error(text, -32000, script->knobs.send_refusal);
        return;
    }
    if (pending.nonce < script->blocks[script->head].key_nonce) {
        put_error(text, -32003, "nonce too low");
        return;
    }
    for (uint32_t i = 0; i < script->pool_count; i++) {
        if (hash_equal(&script->pool[i].hash, &pending.hash)) {
            put_error(text, -32000, "already known");
            return;
        }
    }
    CHECK(script->pool_count < TRANSACTIONS_MAX);
    script->pool[script->pool_count++] = pending;
    put(text, "\"result\":\"0x");
    put_hex(text, pending.hash.bytes, 32);
    put(text, "\"");
}

static void put_receipt(const struct script_block *block, const struct hash *hash,
                        struct text *text)
{
    put(text, "{\"transactionHash\":\"0x");
    put_hex(text, hash->bytes, 32);
    put(text, "\",\"blockHash\":\"0x");
    put_hex(text, block->hash.bytes, 32);
    put(text,
        "\",\"blockNumber\":\"0x%" PRIx64 "\",\"status\":\"0x1\",\"gasUsed\":\"0x5208\","
        "\"effectiveGasPrice\":\"0x9\",\"logs\":[]}",
        block->number);
}

static void answer_receipt(struct script *script, const json_t *parameters, struct text *text)
{
    struct hash wanted;
    const char *const hex = json_string_value(json_array_get(parameters, 0));
    const enum status status = hex_decode_hash(bytes_from_string(hex), &wanted);

    CHECK(status == STATUS_OK);
    put(text, "\"result\":");
    for (uint64_t number = 0; number <= script->head; number++) {
        const struct script_block *const block = &script->blocks[number];
        for (uint32_t i = 0; i < block->transactions_count; i++) {
            if (hash_equal(&block->transactions[i], &wanted)) {
                put_receipt(block, &wanted, text);
                return;
            }
        }
    }
    put(text, "null");
}

static void answer_block_receipts(struct script *script, const json_t *parameters,
                                  struct text *text)
{
    const struct script_block *const block =
        find_block(script, json_string_value(json_array_get(parameters, 0)));

    if (block == NULL || script->knobs.refuses_block_receipts) {
        put_error(text, -32601, "the method eth_getBlockReceipts does not exist");
        return;
    }
    put(text, "\"result\":[");
    for (uint32_t i = 0; i < block->transactions_count; i++) {
        put(text, i == 0 ? "" : ",");
        put_receipt(block, &block->transactions[i], text);
    }
    put(text, "]");
}

static void answer_block(struct script *script, const json_t *parameters, struct text *text)
{
    const struct script_block *const block = block_of(script, json_array_get(parameters, 0));

    const char *const tag = json_string_value(json_array_get(parameters, 0));
    put(text, "\"result\":");
    if (block == NULL) {
        put(text, "null");
    } else if (script->knobs.forks_final && strcmp(tag, "finalized") == 0) {
        struct script_block *const other = malloc(sizeof(*other));
        CHECK(other != NULL);
        *other = *block;
        other->hash = number_hash(block->number, 12345);
        put_header(script, other, text);
        free(other);
    } else {
        put_header(script, block, text);
    }
}

static void answer_code(struct script *script, uint32_t endpoint, const json_t *parameters,
                        struct text *text)
{
    const char *const address = json_string_value(json_array_get(parameters, 0));
    const bool is_missing = script->endpoints[endpoint].identity == FIXTURE_NO_CONTRACT &&
                            strcmp(address + 40, "12") == 0;

    put(text, is_missing ? "\"result\":\"0x\"" : "\"result\":\"0x6001\"");
}

static void answer_estimate(struct script *script, struct text *text)
{
    if (script->refusal != NULL) {
        put(text, "\"error\":{\"code\":3,\"message\":\"execution reverted: %s\"}", script->refusal);
    } else {
        put(text, "\"result\":\"0x186a0\"");
    }
}

static void answer_subscribe(struct script *script, uint32_t endpoint, struct text *text)
{
    if (script->knobs.refuses_subscriptions) {
        put_error(text, -32601, "notifications not supported");
        return;
    }
    script->endpoints[endpoint].is_subscribed = true;
    put(text, "\"result\":\"0x5\"");
}

static void answer_count(struct script *script, const json_t *parameters, struct text *text)
{
    const struct script_block *const block = block_of(script, json_array_get(parameters, 1));

    if (block == NULL) {
        put_error(text, -32000, "header not found");
    } else {
        put(text, "\"result\":\"0x%" PRIx64 "\"", block->key_nonce);
    }
}

static void answer_balance(struct script *script, const json_t *parameters, struct text *text)
{
    if (block_of(script, json_array_get(parameters, 1)) == NULL) {
        put_error(text, -32000, "header not found");
    } else {
        put(text, "\"result\":\"0x100000000000000000\"");
    }
}

static void count_method(struct script *script, const char *method)
{
    uint32_t at = 0;

    while (at < script->methods_count && strcmp(script->methods[at].name, method) != 0) {
        at++;
    }
    CHECK(at < METHODS_MAX);
    if (at == script->methods_count) {
        (void)snprintf(script->methods[at].name, sizeof(script->methods[at].name), "%s", method);
        script->methods_count++;
    }
    script->methods[at].count++;
}

static void answer_one(struct script *script, uint32_t endpoint, const json_t *question,
                       struct text *text)
{
    const char *const method = json_string_value(json_object_get(question, "method"));
    const json_t *const parameters = json_object_get(question, "params");

    count_method(script, method);
    put(text, "{\"jsonrpc\":\"2.0\",\"id\":%" JSON_INTEGER_FORMAT ",",
        json_integer_value(json_object_get(question, "id")));
    if (script->knobs.rate_limited > 0) {
        script->knobs.rate_limited--;
        put_error(text, 429, "too many requests");
    } else if (strcmp(method, "eth_chainId") == 0) {
        put(text, "\"result\":\"0x%x\"",
            CHAIN_ID + (script->endpoints[endpoint].identity == FIXTURE_OTHER_CHAIN ? 1 : 0));
    } else if (strcmp(method, "eth_getCode") == 0) {
        answer_code(script, endpoint, parameters, text);
    } else if (strcmp(method, "eth_call") == 0) {
        answer_call(script, parameters, text);
    } else if (strcmp(method, "eth_subscribe") == 0) {
        answer_subscribe(script, endpoint, text);
    } else if (strcmp(method, "eth_getBlockByNumber") == 0) {
        answer_block(script, parameters, text);
    } else if (strcmp(method, "eth_getLogs") == 0) {
        answer_logs(script, parameters, text);
    } else if (strcmp(method, "eth_getTransactionCount") == 0) {
        answer_count(script, parameters, text);
    } else if (strcmp(method, "eth_getBalance") == 0) {
        answer_balance(script, parameters, text);
    } else if (strcmp(method, "eth_estimateGas") == 0) {
        answer_estimate(script, text);
    } else if (strcmp(method, "eth_sendRawTransaction") == 0) {
        answer_send(script, parameters, text);
    } else if (strcmp(method, "eth_getTransactionReceipt") == 0) {
        answer_receipt(script, parameters, text);
    } else if (strcmp(method, "eth_getBlockReceipts") == 0) {
        answer_block_receipts(script, parameters, text);
    } else if (strcmp(method, "eth_blockNumber") == 0) {
        put(text, "\"result\":\"0x%" PRIx64 "\"", script->head);
    } else {
        put_error(text, -32601, "no such method");
    }
    put(text, "}");
}

/* ---- the fixture ---- */

static void script_take(void *world, uint32_t endpoint, struct bytes frame)
{
    struct script *const script = world;
    struct text text = {0};
    json_error_t error;
    size_t index;
    json_t *item;
    json_t *const root =
        json_loadb((const char *)frame.data, frame.count, JSON_REJECT_DUPLICATES, &error);

    CHECK(root != NULL); /* the adapter writes JSON */
    if (!json_is_array(root)) {
        answer_one(script, endpoint, root, &text);
    } else if (script->knobs.refuses_batches) {
        put(&text, "{\"jsonrpc\":\"2.0\",\"id\":null,");
        put_error(&text, -32600, "batches are not offered");
        put(&text, "}");
    } else {
        put(&text, "[");
        json_array_foreach(root, index, item)
        {
            put(&text, index == 0 ? "" : ",");
            answer_one(script, endpoint, item, &text);
        }
        put(&text, "]");
    }
    json_decref(root);
    push_frame(script, endpoint, &text);
}

static bool script_give(void *world, uint32_t index, struct bytes *ret_frame)
{
    struct script_endpoint *const endpoint = &((struct script *)world)->endpoints[index];

    free(endpoint->given);
    endpoint->given = NULL;
    if (endpoint->frames_count == 0) {
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
    const struct script_block *const block = &script->blocks[final_of(script)];
    const struct address recipient = contract_address(STRANGER);

    memset(commands, 0, FIXTURE_QUESTIONS_MAX * sizeof(*commands));
    script->asked_message[0] = 3;
    memcpy(script->asked_message + 45, recipient.bytes, 32);
    commands[0].kind = COMMAND_READ_SECURITY;
    commands[0].read_security.message = bytes_from(script->asked_message, MESSAGE_BYTES);
    commands[1].kind = COMMAND_READ_STORAGE;
    commands[1].read_storage.validator = contract_address(STRANGER);
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

    leg.id = number_hash(number, 99);
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
    core->chains[0].mailbox = contract_address(MAILBOX);
    core->chains[0].tree_hook = contract_address(TREE_HOOK);
    core->chains[0].validator_announce = contract_address(ANNOUNCE);
    core->chains[0].gas_paymaster = contract_address(PAYMASTER);
    core->chains[0].key = script->key_address;
    core->assets_count = 1;
    core->assets[0].decimals = 6;
    core->routers_count = 2;
    core->routers[0] = (struct core_router){.domain = DOMAIN,
                                            .router = contract_address(ROUTER),
                                            .token = contract_address(TOKEN),
                                            .bridge = contract_address(BRIDGE)};
    core->routers[1] = (struct core_router){.domain = OTHER_DOMAIN,
                                            .router = contract_address(OTHER_ROUTER),
                                            .token = contract_address(TOKEN)};
    core->vaults_count = 1;
    core->vaults[0] = (struct core_vault){
        .domain = DOMAIN, .vault = contract_address(VAULT), .token = contract_address(TOKEN)};
    *config = (struct chain_config){
        .core = core,
        .endpoints_count = FIXTURE_ENDPOINTS,
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
    script->blocks[0].hash = number_hash(0, 0);
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
