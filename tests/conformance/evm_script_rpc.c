/* SPDX-License-Identifier: Apache-2.0 */
/* How the imaginary chain answers JSON-RPC. */
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chains/evm/rlp.h"
#include "chains/evm/tx.h"
#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/hex.h"
#include "tests/conformance/evm_script_internal.h"

/* ---- text ---- */

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

void script_text_set(struct text *text, size_t start, const char *words)
{
    text->count = start;
    put(text, "%s", words);
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
        const struct address address = script_contract(log->contract);
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
    put(text, "\",\"timestamp\":\"0x%" PRIx64 "\",%s\"logsBloom\":\"0x", 1700000000 + block->number,
        script->knobs.lacks_base_fee ? "" : "\"baseFeePerGas\":\"0x7\",");
    put_hex(text, bloom, sizeof(bloom));
    put(text, "\",\"transactions\":[]}");
}

void script_push_header(struct script *script, uint32_t endpoint)
{
    const struct evm_script_habits *const habits = &script->endpoints[endpoint].habits;
    struct text text = {0};

    if (habits->is_mute) {
        return;
    }
    put(&text, "{\"jsonrpc\":\"2.0\",\"method\":\"eth_subscription\",\"params\":"
               "{\"subscription\":\"0x5\",\"result\":");
    put_header(script, &script->blocks[script->head - habits->lag], &text);
    if (habits->lies) {
        script_change_digit(&text, 0, "\"hash\":\"0x");
    }
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
        return &script->blocks[script_final(script)];
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
    const struct address address = script_contract(log->contract);
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
    const struct address address = script_contract(log->contract);

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
        if (script->is_lagging && to > script->head) {
            to = script->head; /* it gives what it has, and does not say that it is less */
        }
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
    static const char mark[] = "\"blockHash\":\"0x";
    const size_t start = text->count;
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
    const char *log = text->data + start;
    while (script->knobs.renames_blocks && block != NULL && (log = strstr(log, mark)) != NULL) {
        script_change_digit(text, (size_t)(log - text->data), mark);
        log += strlen(mark);
    }
    put(text, "]");
}

static void put_quote(const struct script *script, const char *data, struct text *text)
{
    const uint64_t amount = strtoull(data + 2 + 8 + 128 + 48, NULL, 16);
    const struct address token = script_contract(TOKEN);

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

/* The oracle's fee: it is at its own address, and is asked with an unsigned transaction in one
 * piece: an argument at 32, its length, the bytes, and zeros to a whole word. */
static uint64_t data_fee_of(const struct script *script, const json_t *parameters)
{
    uint8_t call[4096];
    size_t count = 0;
    struct evm_transaction transaction;
    const json_t *const object = json_array_get(parameters, 0);
    const enum status status =
        hex_decode(bytes_from_string(json_string_value(json_object_get(object, "data"))),
                   sizeof(call), call, &count);

    CHECK(status == STATUS_OK);
    if (strcmp(json_string_value(json_object_get(object, "to")),
               "0x420000000000000000000000000000000000000f") != 0 ||
        count < 68 || call[35] != 32) {
        return 0;
    }
    const size_t length = (size_t)call[66] << 8 | call[67];
    CHECK(count == 68 + (length + 31) / 32 * 32);
    const enum status decoded = evm_transaction_decode(bytes_from(call + 68, length), &transaction);
    CHECK(decoded == STATUS_OK);
    CHECK(transaction.data.count > 0);
    return script->knobs.data_fee;
}

/* latestCheckpoint, or tree: no real frontier, each level holds its number. */
static void put_leaves(const struct script_block *block, bool is_tree, struct text *text)
{
    if (!is_tree && block->leaves == 0) {
        put_error(text, 3, "execution reverted: panic: arithmetic underflow (0x11)");
        return;
    }
    put(text, "\"result\":\"0x");
    for (uint32_t level = is_tree ? 0 : 77; level < (is_tree ? MERKLE_DEPTH : 78); level++) {
        put_word(text, level);
    }
    put_word(text, block->leaves - (is_tree ? 0 : 1));
    put(text, "\"");
}

static uint32_t contract_asked(const json_t *parameters)
{
    const char *const to = json_string_value(json_object_get(json_array_get(parameters, 0), "to"));

    return (uint32_t)strtoul(to + strlen(to) - 2, NULL, 16);
}

static void put_words(const char *words, uint32_t selector, struct text *text)
{
    if (words == NULL) {
        put(text, "%s", script_module_revert(selector));
        return;
    }
    put(text, "\"result\":\"%s\"", words);
}

/* False: none of the contracts that have answers of their own. */
static bool put_other_contract(const struct script *script, uint32_t contract, uint32_t selector,
                               uint32_t last, struct text *text)
{
    if (script->knobs.modules != EVM_SCRIPT_MODULES_NONE && script_is_of_module(selector)) {
        put_words(script_module_answer(&script->knobs, contract, selector), selector, text);
        return true;
    }
    if (contract >= SPOKE && contract <= FEED_SECOND) {
        put_words(script_spoke_answer(&script->knobs, contract, selector, last), selector, text);
        return true;
    }
    return false;
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
    if (put_other_contract(script, contract_asked(parameters), selector,
                           (uint32_t)strtoul(data + strlen(data) - 2, NULL, 16), text)) {
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
    case 0xfd54b228: /* tree */
        put_leaves(block, selector == 0xfd54b228, text);
        return;
    case 0x06661abd: /* count */
        word = block->leaves;
        break;
    case 0x70a08231: /* balanceOf */
    case 0x01e1d114: /* totalAssets */
    case 0x07a2d13a: /* convertToAssets */
    case 0x18160ddd: /* totalSupply */
        word = (selector == 0x18160ddd ? 2000 : 1000) + block->number;
        break;
    case 0x49948e0e: /* getL1Fee */
        word = data_fee_of(script, parameters);
        if (word == 0) {
            put_error(text, 3, "execution reverted");
            return;
        }
        break;
    case 0x8bd90b82: /* quoteTransferRemote */
        put_quote(script, data, text);
        return;
    default: /* not an enum */
        put(text, "%s", script_process(script, selector, json_array_get(parameters, 0)));
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
    const bool is_legacy = raw[0] >= 0xc0;
    struct rlp_reader outer =
        rlp_reader_from(is_legacy ? bytes_from(raw, count) : bytes_from(raw + 1, count - 1));
    struct rlp_reader items = rlp_read_list(&outer);
    struct pending pending = {.hash = keccak256(bytes_from(raw, count)), .is_legacy = is_legacy};
    if (!is_legacy) {
        (void)rlp_read_u64(&items); /* the chain */
    }
    pending.nonce = rlp_read_u64(&items);
    (void)rlp_read_amount(&items);
    if (!is_legacy) {
        (void)rlp_read_amount(&items);
    }
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

static void put_receipt(const struct script *script, const struct script_block *block,
                        const struct hash *hash, struct text *text)
{
    put(text, "{\"transactionHash\":\"0x");
    put_hex(text, hash->bytes, 32);
    put(text, "\",\"blockHash\":\"0x");
    put_hex(text, block->hash.bytes, 32);
    put(text,
        "\",\"blockNumber\":\"0x%" PRIx64 "\",\"status\":\"0x1\",\"gasUsed\":\"0x5208\","
        "\"effectiveGasPrice\":\"0x9\",",
        block->number);
    if (script->knobs.data_fee > 0) {
        put(text, "\"l1Fee\":\"0x%" PRIx64 "\",", script->knobs.data_fee);
    }
    put(text, "\"logs\":[]}");
}

static void answer_receipt(struct script *script, const json_t *parameters, struct text *text)
{
    struct hash wanted;
    const char *const hex = json_string_value(json_array_get(parameters, 0));
    const enum status status = hex_decode_hash(bytes_from_string(hex), &wanted);

    CHECK(status == STATUS_OK);
    put(text, "\"result\":");
    for (uint64_t number = script->knobs.lacks_receipts ? script->head + 1 : 0;
         number <= script->head; number++) {
        const struct script_block *const block = &script->blocks[number];
        for (uint32_t i = 0; i < block->transactions_count; i++) {
            if (hash_equal(&block->transactions[i], &wanted)) {
                put_receipt(script, block, &wanted, text);
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
        put_receipt(script, block, &block->transactions[i], text);
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
        other->hash = script_hash(block->number, 12345);
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
        put(text, "\"result\":\"0x%" PRIx64 "\"", script_gas_needed(script));
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
    const struct evm_script_habits *const habits = &script->endpoints[endpoint].habits;

    count_method(script, method);
    put(text, "{\"jsonrpc\":\"2.0\",\"id\":%" JSON_INTEGER_FORMAT ",",
        json_integer_value(json_object_get(question, "id")));
    const size_t start = text->count;
    const char *const refusal = script_rate_refusal(script, endpoint);
    if (refusal != NULL) {
        put(text, "\"error\":{%s}", refusal);
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
    } else if (strcmp(method, "eth_feeHistory") == 0 && script->knobs.rewards != NULL) {
        put(text, "\"result\":{\"oldestBlock\":\"0x1\",\"reward\":%s}", script->knobs.rewards);
    } else if (strcmp(method, "eth_gasPrice") == 0 && script->knobs.gas_price != NULL) {
        put(text, "\"result\":%s", script->knobs.gas_price);
    } else {
        put_error(text, -32601, "no such method");
    }
    const char *const first = json_string_value(json_array_get(parameters, 0));
    script_twist(habits, method, first == NULL ? "" : first, start, text);
    put(text, "}");
}

void script_take(void *world, uint32_t endpoint, struct bytes frame)
{
    struct script *const script = world;
    const struct evm_script_habits *const habits = &script->endpoints[endpoint].habits;
    const uint64_t head = script->head;
    struct text text = {0};
    json_error_t error;
    size_t index;
    json_t *item;
    json_t *const root =
        json_loadb((const char *)frame.data, frame.count, JSON_REJECT_DUPLICATES, &error);

    CHECK(root != NULL); /* the adapter writes JSON */
    script->head -= habits->lag;
    script->final_lag = habits->final_lag;
    script->is_lagging = habits->lag > 0;
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
    script->head = head;
    script->final_lag = 0;
    script->is_lagging = false;
    if (habits->is_mute) {
        free(text.data);
    } else {
        push_frame(script, endpoint, &text);
    }
}
