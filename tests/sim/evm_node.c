/* SPDX-License-Identifier: Apache-2.0 */
/* A node of an EVM chain: answers JSON-RPC from the world. What our own adapter does not ask for is
 * a CHECK, so that a new question is answered knowingly. */
#include "tests/sim/evm_node.h"

#include <stdlib.h>
#include <string.h>

#include "chains/evm/rlp.h"
#include "chains/evm/tx.h"
#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "tests/sim/sim_internal.h"

enum { FRAME_MAX = 4 << 20, BYTES_MAX = 1 << 17 };

static uint8_t reply_memory[FRAME_MAX];
static uint8_t data_memory[BYTES_MAX];
static uint8_t words_memory[4096];

struct request {
    struct sim *sim;
    struct world_chain *chain;
    uint32_t endpoint;
    bool lies;
    bool has_no_receipts;
    bool is_elsewhere;                  /* on another chain */
    uint64_t lag;                       /* blocks that it does not know of */
    const struct json_token *params[2]; /* NULL where there is none */
    struct json_writer *writer;
};

/* ---- reading ---- */

static struct json_parser *parser(void)
{
    static struct json_parser shared;
    static bool is_made;

    if (!is_made) {
        void *const memory = calloc(1, json_parser_footprint(FRAME_MAX));
        CHECK(memory != NULL);
        json_parser_init(&shared, memory, FRAME_MAX);
        is_made = true;
    }
    return &shared;
}

static struct bytes read_data(const struct json_token *token)
{
    size_t count = 0;
    const enum status status = json_data(token, sizeof(data_memory), data_memory, &count);

    CHECK(status == STATUS_OK);
    return bytes_from(data_memory, count);
}

static struct address read_address(const struct json_token *token)
{
    struct address address;
    const enum status status = json_evm_address(token, &address);

    CHECK(status == STATUS_OK);
    return address;
}

static struct hash read_hash(const struct json_token *token)
{
    struct hash hash;
    const enum status status = json_hash(token, &hash);

    CHECK(status == STATUS_OK);
    return hash;
}

static bool is_word(const struct json_token *token, const char *word)
{
    return token->kind == JSON_STRING && bytes_equal(token->text, bytes_from_string(word));
}

/* The newest block that the node asked knows. */
static uint64_t visible_head(const struct request *request)
{
    const uint64_t head = world_head(request->chain);

    return head > request->lag ? head - request->lag : 0;
}

/* NULL: it does not know of it. */
static const struct world_block *visible(const struct request *request,
                                         const struct world_block *block)
{
    return block == NULL || block->number > visible_head(request) ? NULL : block;
}

static const struct world_block *find_block(const struct request *request, const struct hash *hash)
{
    return visible(request, world_block_of(request->chain, hash));
}

/* The block that a parameter names: a tag, a number, or an object with a hash. NULL: none now. */
static const struct world_block *read_block(const struct request *request,
                                            const struct json_token *token)
{
    const struct world_chain *const chain = request->chain;
    uint64_t number = 0;

    CHECK(token != NULL);
    if (token->kind == JSON_OBJECT) {
        const struct hash hash = read_hash(json_member(token, "blockHash"));
        return find_block(request, &hash);
    }
    if (is_word(token, "latest")) {
        return world_block_at(chain, visible_head(request));
    }
    if (is_word(token, "finalized") || is_word(token, "safe")) {
        return visible(request, world_block_at(chain, world_final(chain)));
    }
    const enum status status = json_quantity(token, &number);
    CHECK(status == STATUS_OK);
    return visible(request, world_block_at(chain, number));
}

/* ---- lies: each follows from the truth alone, so that all liars tell the same ---- */

static bool lies_about_header(const struct request *request, const struct world_block *block)
{
    return request->lies && block->number % 4 == 1;
}

static bool lies_about_logs(const struct request *request, const struct world_block *block)
{
    return request->lies && block->number % 2 == 0;
}

/* Other data in the last log that was written since `start`, if there is one with data. */
static void forge_log(struct json_writer *writer, size_t start)
{
    const struct bytes written = buffer_bytes(&writer->buffer);

    if (written.count < start + 3 || written.data[written.count - 3] == 'x') {
        return;
    }
    uint8_t *const digit = (uint8_t *)writer->buffer.data + written.count - 3;
    *digit = *digit == '0' ? '1' : '0';
}

/* ---- writing ---- */

static void write_error(struct json_writer *writer, int code, const char *message)
{
    json_write(writer, "\"error\":{\"code\":");
    json_write(writer, code < 0 ? "-" : "");
    json_write_decimal(writer, (uint64_t)(code < 0 ? -code : code));
    json_write(writer, ",\"message\":\"");
    json_write(writer, message);
    json_write(writer, "\"}");
}

static void write_revert(struct json_writer *writer, const char *reason)
{
    json_write(writer, "\"error\":{\"code\":3,\"message\":\"execution reverted: ");
    json_write(writer, reason);
    json_write(writer, "\"}");
}

static void write_header(struct json_writer *writer, const struct world_block *block,
                         uint64_t later_s)
{
    uint8_t bloom[EVM_BLOOM];

    evm_block_bloom(block, bloom);
    json_write(writer, "{\"number\":");
    json_write_quantity(writer, block->number);
    json_write(writer, ",\"hash\":");
    json_write_data(writer, bytes_from(block->hash.bytes, 32));
    json_write(writer, ",\"parentHash\":");
    json_write_data(writer, bytes_from(block->parent.bytes, 32));
    json_write(writer, ",\"timestamp\":");
    json_write_quantity(writer, block->time_s + later_s);
    json_write(writer, ",\"baseFeePerGas\":");
    json_write_amount(writer, &block->base_fee);
    json_write(writer, ",\"logsBloom\":");
    json_write_data(writer, bytes_from(bloom, sizeof(bloom)));
    json_write(writer, "}");
}

static void write_receipt(struct json_writer *writer, const struct world_transaction *transaction,
                          bool lies)
{
    json_write(writer, "{\"transactionHash\":");
    json_write_data(writer, bytes_from(transaction->hash.bytes, 32));
    json_write(writer, ",\"blockHash\":");
    json_write_data(writer, bytes_from(transaction->block_hash.bytes, 32));
    json_write(writer, ",\"blockNumber\":");
    json_write_quantity(writer, transaction->block_number);
    json_write(writer, ",\"status\":");
    json_write_quantity(writer, transaction->succeeded != lies ? 1 : 0);
    json_write(writer, ",\"gasUsed\":");
    json_write_quantity(writer, transaction->gas_used);
    json_write(writer, ",\"effectiveGasPrice\":");
    json_write_amount(writer, &transaction->gas_price);
    json_write(writer, "}");
}

/* ---- methods ---- */

static void get_block(const struct request *request)
{
    const struct world_block *const block = read_block(request, request->params[0]);

    json_write(request->writer, "\"result\":");
    if (block == NULL) {
        json_write(request->writer, "null");
    } else {
        write_header(request->writer, block, lies_about_header(request, block) ? 1 : 0);
    }
}

/* Of one block, as this node has them: a liar forges the last one, or has none of them. */
static void write_logs(const struct request *request, const struct world_block *block,
                       const struct json_token *filter, uint32_t *count)
{
    const size_t start = request->writer->buffer.count;

    if (!lies_about_logs(request, block)) {
        evm_write_logs(request->writer, block, filter, count);
    } else if (block->number % 4 == 0) {
        evm_write_logs(request->writer, block, filter, count);
        forge_log(request->writer, start);
    }
}

static void get_logs(const struct request *request)
{
    const struct json_token *const filter = request->params[0];
    const struct json_token *const hash = json_member(filter, "blockHash");
    uint32_t count = 0;

    if (hash != NULL) {
        const struct hash wanted = read_hash(hash);
        const struct world_block *const block = find_block(request, &wanted);
        if (block == NULL) {
            write_error(request->writer, -32000, "unknown block");
            return;
        }
        json_write(request->writer, "\"result\":[");
        write_logs(request, block, filter, &count);
        json_write(request->writer, "]");
        return;
    }
    const struct world_block *const from = read_block(request, json_member(filter, "fromBlock"));
    const struct world_block *const to = read_block(request, json_member(filter, "toBlock"));
    if (from == NULL || to == NULL) {
        write_error(request->writer, -32000, "block range extends beyond the head");
        return;
    }
    json_write(request->writer, "\"result\":[");
    for (uint64_t i = from->number; i <= to->number; i++) {
        write_logs(request, world_block_at(request->chain, i), filter, &count);
    }
    json_write(request->writer, "]");
}

static void estimate_gas(const struct request *request);

static void eth_call(const struct request *request)
{
    if (json_member(request->params[0], "gas") != NULL) {
        estimate_gas(request); /* a leg, tried under so much gas */
        return;
    }
    const struct address to = read_address(json_member(request->params[0], "to"));
    const struct bytes data = read_data(json_member(request->params[0], "data"));
    const struct world_block *const block = read_block(request, request->params[1]);
    struct buffer words = buffer_from(words_memory, sizeof(words_memory));
    const char *revert = NULL;

    if (block == NULL) {
        write_error(request->writer, -32000, "header not found");
        return;
    }
    const uint64_t number = block->number;
    world_go_back(request->chain, number);
    const bool good = evm_call_contract(request->chain, &to, data, &words, &revert);
    world_go_forth(request->chain, number);
    if (!good) {
        write_revert(request->writer, revert);
        return;
    }
    /* Whose chain it is a liar does not hide: it would not be asked. */
    if (request->lies && words.count > 0 && request->params[1]->kind == JSON_OBJECT) {
        words.data[words.count - 1] ^= 1;
    }
    json_write(request->writer, "\"result\":");
    json_write_data(request->writer, buffer_bytes(&words));
}

static void get_state(const struct request *request, bool wants_nonce)
{
    const struct address account = read_address(request->params[0]);
    const struct world_block *const block = read_block(request, request->params[1]);
    const uint64_t more = request->lies ? 1 : 0;

    CHECK(address_equal(&account, &request->chain->key));
    if (block == NULL) {
        write_error(request->writer, -32000, "header not found");
        return;
    }
    const uint64_t number = block->number;
    world_go_back(request->chain, number);
    json_write(request->writer, "\"result\":");
    if (wants_nonce) {
        json_write_quantity(request->writer, request->chain->key_nonce + more);
    } else {
        const struct amount lie = amount_from_u64(7);
        json_write_amount(request->writer, more > 0 ? &lie : &request->chain->key_native);
    }
    world_go_forth(request->chain, number);
}

/* For eth_estimateGas, and for eth_call under so much gas. */
static void estimate_gas(const struct request *request)
{
    const struct json_token *const call = request->params[0];
    const struct address to = read_address(json_member(call, "to"));
    struct amount value;
    struct leg leg;
    const enum status status = json_amount(json_member(call, "value"), &value);

    CHECK(status == STATUS_OK);
    if (!evm_leg_of(request->chain, &to, read_data(json_member(call, "data")), false, &leg)) {
        write_revert(request->writer, "");
        return;
    }
    const char *const revert =
        request->lies ? "so they say" : contracts_try_leg(request->chain, &leg, &value);
    if (revert != NULL) {
        write_revert(request->writer, revert);
        return;
    }
    const struct json_token *const tried = json_member(call, "gas");
    uint64_t gas = 0;
    if (tried == NULL) {
        json_write(request->writer, "\"result\":");
        json_write_quantity(request->writer, contracts_gas(&leg));
    } else if (json_quantity(tried, &gas) != STATUS_OK || gas < contracts_gas(&leg)) {
        write_error(request->writer, -32000, "out of gas");
    } else {
        json_write(request->writer, "\"result\":\"0x\"");
    }
}

/* STATUS_MALFORMED: not a transaction of our key on this chain. */
static enum status read_transaction(const struct world_chain *chain, struct bytes raw,
                                    struct evm_transaction *ret_transaction)
{
    uint8_t *const memory = words_memory;
    struct signature signature;
    struct address signer;

    if (raw.count == 0 || raw.data[0] != 2) {
        return STATUS_MALFORMED;
    }
    struct rlp_reader outer = rlp_reader_from(bytes_from(raw.data + 1, raw.count - 1));
    struct rlp_reader items = rlp_read_list(&outer);
    ret_transaction->is_legacy = false;
    ret_transaction->chain_id = rlp_read_u64(&items);
    ret_transaction->nonce = rlp_read_u64(&items);
    ret_transaction->priority_fee = rlp_read_amount(&items);
    ret_transaction->fee_max = rlp_read_amount(&items);
    ret_transaction->gas_limit = rlp_read_u64(&items);
    const struct bytes to = rlp_read_bytes(&items);
    ret_transaction->value = rlp_read_amount(&items);
    ret_transaction->data = rlp_read_bytes(&items);
    (void)rlp_read_list(&items);
    const uint64_t parity = rlp_read_u64(&items);
    const struct amount r = rlp_read_amount(&items);
    const struct amount s = rlp_read_amount(&items);
    if (!rlp_reader_is_done(&items) || to.count != 20 || parity > 1) {
        return STATUS_MALFORMED;
    }
    ret_transaction->to = address_from_evm(to.data);
    amount_to_be(&r, signature.bytes);
    amount_to_be(&s, signature.bytes + 32);
    signature.bytes[64] = (uint8_t)(27 + parity);
    /* What was signed is the same list without its last three items. */
    struct buffer unsigned_bytes = buffer_from(memory, sizeof(words_memory));
    uint8_t *large = NULL;
    if (raw.count > sizeof(words_memory)) {
        large = malloc(raw.count);
        CHECK(large != NULL);
        unsigned_bytes = buffer_from(large, raw.count);
    }
    enum status status = evm_transaction_encode(ret_transaction, &unsigned_bytes);
    CHECK(status == STATUS_OK);
    const struct hash digest = evm_transaction_digest(buffer_bytes(&unsigned_bytes));
    free(large);
    status = signature_recover(&digest, &signature, &signer);
    return status == STATUS_OK && address_equal(&signer, &chain->key) &&
                   ret_transaction->chain_id == chain->chain_id
               ? STATUS_OK
               : STATUS_MALFORMED;
}

static const char *rejection_text(enum rejection rejection)
{
    switch (rejection) {
    case REJECTION_NONCE_TOO_LOW:
        return "nonce too low";
    case REJECTION_UNDERPRICED:
        return "replacement transaction underpriced";
    case REJECTION_FUNDS:
        return "insufficient funds for gas * price + value";
    case REJECTION_NONE:
    case REJECTION_OTHER:
        break;
    }
    return "transaction rejected";
}

static void send_transaction(const struct request *request)
{
    const struct bytes raw = read_data(request->params[0]);
    const struct hash hash = evm_transaction_hash(raw);
    struct evm_transaction evm;
    enum rejection rejection = REJECTION_OTHER;
    struct world_transaction transaction;

    memset(&transaction, 0, sizeof(transaction));
    checks_broadcast(request->sim, request->chain->index, &hash);
    if (request->lies) {
        rejection = REJECTION_NONE; /* taken with thanks, and gone */
    } else if (read_transaction(request->chain, raw, &evm) == STATUS_OK &&
               evm_leg_of(request->chain, &evm.to, evm.data, true, &transaction.leg)) {
        transaction.hash = hash;
        transaction.nonce = evm.nonce;
        transaction.fee_max = evm.fee_max;
        transaction.priority_fee = evm.priority_fee;
        transaction.gas_limit = evm.gas_limit;
        transaction.value = evm.value;
        rejection = pool_add(request->chain, &transaction);
    }
    if (rejection != REJECTION_NONE) {
        write_error(request->writer, -32000, rejection_text(rejection));
        return;
    }
    json_write(request->writer, "\"result\":");
    json_write_data(request->writer, bytes_from(hash.bytes, 32));
}

static void get_receipt(const struct request *request)
{
    const struct hash hash = read_hash(request->params[0]);
    const struct world_transaction *const found = pool_find(request->chain, &hash);

    json_write(request->writer, "\"result\":");
    if (request->has_no_receipts || !pool_shows_receipt(request->chain, found) ||
        found->block_number > visible_head(request)) {
        json_write(request->writer, "null");
    } else {
        write_receipt(request->writer, found, request->lies);
    }
}

static void get_block_receipts(const struct request *request)
{
    const struct hash hash = read_hash(request->params[0]);
    const char *between = "";

    if (request->has_no_receipts || find_block(request, &hash) == NULL) {
        json_write(request->writer, "\"result\":null");
        return;
    }
    json_write(request->writer, "\"result\":[");
    for (uint32_t i = 0; i < request->chain->transactions_count; i++) {
        const struct world_transaction *const one = &request->chain->transactions[i];
        if (one->mined && hash_equal(&one->block_hash, &hash)) {
            json_write(request->writer, between);
            write_receipt(request->writer, one, request->lies);
            between = ",";
        }
    }
    json_write(request->writer, "]");
}

static void subscribe(const struct request *request)
{
    struct sim_endpoint *const endpoint =
        &request->sim->endpoints[request->chain->index][request->endpoint];

    CHECK(is_word(request->params[0], "newHeads"));
    endpoint->evm_subscribed = true;
    json_write(request->writer, "\"result\":\"0xabc\"");
}

static void get_code(const struct request *request)
{
    json_write(request->writer, "\"result\":\"0x6001\"");
}

static void chain_id(const struct request *request)
{
    json_write(request->writer, "\"result\":");
    json_write_quantity(request->writer,
                        request->chain->chain_id + (request->is_elsewhere ? 1 : 0));
}

static void block_number(const struct request *request)
{
    json_write(request->writer, "\"result\":");
    json_write_quantity(request->writer, visible_head(request));
}

/* What others pay, block by block: between the least and a few times as much. */
static void fee_history(const struct request *request)
{
    const uint64_t head = world_head(request->chain);

    json_write(request->writer, "\"result\":{\"reward\":[");
    for (uint64_t i = 0; i < 5; i++) {
        const struct amount usual = amount_from_u64(1000000000 * (1 + (head + i) % 2));
        const struct amount hasty = amount_from_u64(1000000000 * (2 + (head + i) % 4));
        json_write(request->writer, i == 0 ? "[" : ",[");
        json_write_amount(request->writer, &usual);
        json_write(request->writer, ",");
        json_write_amount(request->writer, &hasty);
        json_write(request->writer, "]");
    }
    json_write(request->writer, "]}");
}

static void get_balance(const struct request *request)
{
    get_state(request, false);
}

static void get_nonce(const struct request *request)
{
    get_state(request, true);
}

static const struct {
    const char *name;
    void (*answer)(const struct request *request);
} methods[] = {
    {"eth_blockNumber", block_number},
    {"eth_call", eth_call},
    {"eth_chainId", chain_id},
    {"eth_estimateGas", estimate_gas},
    {"eth_feeHistory", fee_history},
    {"eth_getBalance", get_balance},
    {"eth_getBlockByNumber", get_block},
    {"eth_getBlockReceipts", get_block_receipts},
    {"eth_getCode", get_code},
    {"eth_getLogs", get_logs},
    {"eth_getTransactionCount", get_nonce},
    {"eth_getTransactionReceipt", get_receipt},
    {"eth_sendRawTransaction", send_transaction},
    {"eth_subscribe", subscribe},
};

static void answer(struct request *request, const struct json_token *question)
{
    const struct json_token *const method = json_member(question, "method");
    const struct json_token *const params = json_member(question, "params");
    const struct json_token *const id = json_member(question, "id");
    int64_t number = 0;
    const enum status status = json_whole(id, &number);

    CHECK(status == STATUS_OK);
    CHECK(params != NULL);
    const struct json_token *param = json_first(params);
    for (uint32_t i = 0; i < 2; i++) {
        request->params[i] = i < params->count ? param : NULL;
        param = i + 1 < params->count ? json_after(param) : NULL;
    }
    json_write(request->writer, "{\"jsonrpc\":\"2.0\",\"id\":");
    json_write_decimal(request->writer, (uint64_t)number);
    json_write(request->writer, ",");
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (is_word(method, methods[i].name)) {
            methods[i].answer(request);
            json_write(request->writer, "}");
            return;
        }
    }
    CHECK(false); /* a method that this node does not know */
}

static struct request request_from(struct sim *sim, uint32_t chain, uint32_t endpoint,
                                   struct json_writer *writer)
{
    const enum sim_character character = endpoint_character(sim, chain, endpoint);

    return (struct request){.sim = sim,
                            .chain = &sim->world.chains[chain],
                            .endpoint = endpoint,
                            .lies = character == CHARACTER_LIAR,
                            .has_no_receipts = character == CHARACTER_FORGETFUL,
                            .is_elsewhere = character == CHARACTER_TURNCOAT,
                            .lag = endpoint_lag(sim, chain, endpoint),
                            .writer = writer};
}

void evm_node_take(struct sim *sim, uint32_t chain, uint32_t endpoint, struct bytes frame)
{
    struct json_writer writer = json_writer_from(reply_memory, sizeof(reply_memory));
    struct request request = request_from(sim, chain, endpoint, &writer);
    const struct json_token *root = NULL;
    const enum status status = json_parse(parser(), frame, &root);

    CHECK(status == STATUS_OK);
    if (endpoint_character(sim, chain, endpoint) == CHARACTER_SILENT) {
        return;
    }
    if (root->kind == JSON_OBJECT) {
        answer(&request, root);
    } else {
        const struct json_token *question = json_first(root);
        json_write(&writer, "[");
        for (uint32_t i = 0; i < root->count; i++, question = json_after(question)) {
            json_write(&writer, i == 0 ? "" : ",");
            answer(&request, question);
        }
        json_write(&writer, "]");
    }
    CHECK(!writer.overrun);
    network_reply(sim, chain, endpoint, buffer_bytes(&writer.buffer));
}

void evm_node_tell_head(struct sim *sim, uint32_t chain, uint32_t endpoint)
{
    struct json_writer writer = json_writer_from(reply_memory, sizeof(reply_memory));
    const struct request request = request_from(sim, chain, endpoint, &writer);
    const struct world_block *const block = world_block_at(request.chain, visible_head(&request));

    if (!sim->endpoints[chain][endpoint].evm_subscribed ||
        endpoint_character(sim, chain, endpoint) == CHARACTER_SILENT) {
        return;
    }
    json_write(&writer, "{\"jsonrpc\":\"2.0\",\"method\":\"eth_subscription\",\"params\":"
                        "{\"subscription\":\"0xabc\",\"result\":");
    write_header(&writer, block, lies_about_header(&request, block) ? 1 : 0);
    json_write(&writer, "}}");
    CHECK(!writer.overrun);
    network_reply(sim, chain, endpoint, buffer_bytes(&writer.buffer));
}
