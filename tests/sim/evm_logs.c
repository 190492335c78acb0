/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "chains/evm/abi.h"
#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/hyperlane/message.h"
#include "tests/sim/evm_node.h"

enum { DATA_BYTES_MAX = 2048 };

struct log {
    struct hash topics[4];
    uint32_t topics_count;
    uint8_t memory[DATA_BYTES_MAX];
    struct abi_writer data;
};

static void add_topic(struct log *log, const uint8_t bytes[32])
{
    CHECK(log->topics_count < 4);
    memcpy(log->topics[log->topics_count++].bytes, bytes, 32);
}

static void add_number_topic(struct log *log, uint64_t number)
{
    struct hash topic = {{0}};

    for (size_t i = 0; i < 8; i++) {
        topic.bytes[31 - i] = (uint8_t)(number >> (8 * i));
    }
    add_topic(log, topic.bytes);
}

/* Events by their signatures: the topics are computed, so that a wrong table cannot agree with
 * itself. Once per kind. */
static const struct hash *topic_of(enum fact_kind kind)
{
    static const char *const signatures[] = {
        [FACT_DISPATCH] = "Dispatch(address,uint32,bytes32,bytes)",
        [FACT_TREE_INSERT] = "InsertedIntoTree(bytes32,uint32)",
        [FACT_GAS_PAYMENT] = "GasPayment(bytes32,uint32,uint256,uint256)",
        [FACT_PROCESS] = "ProcessId(bytes32)",
        [FACT_TRANSFER] = "Transfer(address,address,uint256)",
        [FACT_REMOTE_SENT] = "SentTransferRemote(uint32,bytes32,uint256)",
        [FACT_REMOTE_RECEIVED] = "ReceivedTransferRemote(uint32,bytes32,uint256)",
        [FACT_COLLATERAL_MOVED] = "CollateralMoved(uint32,bytes32,uint256,address)",
        [FACT_VAULT_DEPOSIT] = "Deposit(address,address,uint256,uint256)",
        [FACT_VAULT_WITHDRAW] = "Withdraw(address,address,address,uint256,uint256)",
        [FACT_ANNOUNCED] = "ValidatorAnnouncement(address,string)",
    };
    static struct hash topics[FACT_KIND_LAST + 1];

    if (hash_is_zero(&topics[kind])) {
        topics[kind] = keccak256(bytes_from_string(signatures[kind]));
    }
    return &topics[kind];
}

static void log_dispatch(struct log *log, const struct fact *fact)
{
    struct message_view view;
    const enum status status = message_parse(fact->dispatch.message, &view);

    CHECK(status == STATUS_OK);
    add_topic(log, view.sender.bytes);
    add_number_topic(log, view.destination);
    add_topic(log, view.recipient.bytes);
    abi_write_u64(&log->data, 32);
    abi_write_tail(&log->data, fact->dispatch.message);
}

static void log_vault(struct log *log, const struct fact *fact)
{
    add_topic(log, fact->vault.sender.bytes);
    if (fact->kind == FACT_VAULT_WITHDRAW) {
        add_topic(log, fact->vault.receiver.bytes);
    }
    add_topic(log, fact->vault.owner.bytes);
    abi_write_amount(&log->data, &fact->vault.assets);
    abi_write_amount(&log->data, &fact->vault.shares);
}

static void log_from(struct log *log, const struct fact *fact)
{
    log->topics_count = 0;
    log->data = abi_writer_from(log->memory, sizeof(log->memory));
    add_topic(log, topic_of(fact->kind)->bytes);
    switch (fact->kind) {
    case FACT_DISPATCH:
        log_dispatch(log, fact);
        break;
    case FACT_TREE_INSERT:
        abi_write_hash(&log->data, fact->tree_insert.message_id.bytes);
        abi_write_u64(&log->data, fact->tree_insert.leaf_index);
        break;
    case FACT_GAS_PAYMENT:
        add_topic(log, fact->gas_payment.message_id.bytes);
        add_number_topic(log, fact->gas_payment.destination);
        abi_write_amount(&log->data, &fact->gas_payment.gas);
        abi_write_amount(&log->data, &fact->gas_payment.payment);
        break;
    case FACT_PROCESS:
        add_topic(log, fact->process.message_id.bytes);
        break;
    case FACT_ANNOUNCED:
        add_topic(log, fact->announced.validator.bytes);
        abi_write_u64(&log->data, 32);
        abi_write_tail(&log->data, bytes_from_string("file:///anywhere"));
        break;
    case FACT_TRANSFER:
        add_topic(log, fact->transfer.from.bytes);
        add_topic(log, fact->transfer.to.bytes);
        abi_write_amount(&log->data, &fact->transfer.amount);
        break;
    case FACT_REMOTE_SENT:
    case FACT_REMOTE_RECEIVED:
        add_number_topic(log, fact->remote.remote);
        add_topic(log, fact->remote.recipient.bytes);
        abi_write_amount(&log->data, &fact->remote.amount);
        break;
    case FACT_COLLATERAL_MOVED:
        add_number_topic(log, fact->collateral_moved.destination);
        add_topic(log, fact->collateral_moved.rebalancer.bytes);
        abi_write_hash(&log->data, fact->collateral_moved.recipient.bytes);
        abi_write_amount(&log->data, &fact->collateral_moved.amount);
        break;
    case FACT_VAULT_DEPOSIT:
    case FACT_VAULT_WITHDRAW:
        log_vault(log, fact);
        break;
    }
    CHECK(!log->data.overrun);
}

/* ---- blooms ---- */

static void set_bits(uint8_t bloom[EVM_BLOOM], struct bytes value)
{
    const struct hash hash = keccak256(value);

    for (size_t i = 0; i < 6; i += 2) {
        const uint32_t bit = ((uint32_t)hash.bytes[i] << 8 | hash.bytes[i + 1]) % 2048;
        bloom[EVM_BLOOM - 1 - bit / 8] |= (uint8_t)(1u << (bit % 8));
    }
}

void evm_block_bloom(const struct world_block *block, uint8_t ret_bloom[EVM_BLOOM])
{
    static struct log log;

    memset(ret_bloom, 0, EVM_BLOOM);
    for (uint32_t i = 0; i < block->logs_count; i++) {
        log_from(&log, &block->logs[i]);
        set_bits(ret_bloom, bytes_from(block->logs[i].contract.bytes + 12, 20));
        for (uint32_t j = 0; j < log.topics_count; j++) {
            set_bits(ret_bloom, bytes_from(log.topics[j].bytes, 32));
        }
    }
}

/* ---- filters ---- */

static bool is_hash(const struct json_token *token, const struct hash *wanted)
{
    struct hash hash;
    const enum status status = json_hash(token, &hash);

    CHECK(status == STATUS_OK);
    return hash_equal(&hash, wanted);
}

static bool address_passes(const struct json_token *filter, const struct address *contract)
{
    const struct json_token *const addresses = json_member(filter, "address");

    CHECK(addresses != NULL);
    CHECK(addresses->kind == JSON_ARRAY);
    const struct json_token *element = json_first(addresses);
    for (uint32_t i = 0; i < addresses->count; i++, element = json_after(element)) {
        struct address address;
        const enum status status = json_evm_address(element, &address);
        CHECK(status == STATUS_OK);
        if (address_equal(&address, contract)) {
            return true;
        }
    }
    return false;
}

/* One place of the topics: null takes everything, a list takes what is in it. */
static bool topic_passes(const struct json_token *place, const struct log *log, uint32_t index)
{
    if (json_is_null(place)) {
        return true;
    }
    CHECK(place->kind == JSON_ARRAY);
    const struct json_token *element = json_first(place);
    for (uint32_t i = 0; i < place->count; i++, element = json_after(element)) {
        if (index < log->topics_count && is_hash(element, &log->topics[index])) {
            return true;
        }
    }
    return false;
}

static bool topics_pass(const struct json_token *filter, const struct log *log)
{
    const struct json_token *const topics = json_member(filter, "topics");

    CHECK(topics != NULL);
    const struct json_token *place = json_first(topics);
    for (uint32_t i = 0; i < topics->count; i++, place = json_after(place)) {
        if (!topic_passes(place, log, i)) {
            return false;
        }
    }
    return true;
}

static void write_log(struct json_writer *writer, const struct fact *fact, const struct log *log)
{
    json_write(writer, "{\"removed\":false,\"address\":");
    json_write_evm_address(writer, &fact->contract);
    json_write(writer, ",\"blockNumber\":");
    json_write_quantity(writer, fact->block_number);
    json_write(writer, ",\"blockHash\":");
    json_write_data(writer, bytes_from(fact->block_hash.bytes, 32));
    json_write(writer, ",\"transactionHash\":");
    json_write_data(writer, bytes_from(fact->transaction.bytes, 32));
    json_write(writer, ",\"transactionIndex\":\"0x0\",\"logIndex\":");
    json_write_quantity(writer, fact->log_index);
    json_write(writer, ",\"topics\":[");
    for (uint32_t i = 0; i < log->topics_count; i++) {
        json_write(writer, i == 0 ? "" : ",");
        json_write_data(writer, bytes_from(log->topics[i].bytes, 32));
    }
    json_write(writer, "],\"data\":");
    json_write_data(writer, buffer_bytes(&log->data.buffer));
    json_write(writer, "}");
}

void evm_write_logs(struct json_writer *writer, const struct world_block *block,
                    const struct json_token *filter, uint32_t *count)
{
    static struct log log;

    for (uint32_t i = 0; i < block->logs_count; i++) {
        if (!address_passes(filter, &block->logs[i].contract)) {
            continue;
        }
        log_from(&log, &block->logs[i]);
        if (topics_pass(filter, &log)) {
            json_write(writer, *count == 0 ? "" : ",");
            write_log(writer, &block->logs[i], &log);
            (*count)++;
        }
    }
}
