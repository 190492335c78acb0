/* SPDX-License-Identifier: Apache-2.0 */
#include "chains/evm/logs.h"

#include <string.h>

#include "chains/evm/abi.h"
#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/hyperlane/message.h"

/* What an event looks like: who may emit it, and how many topics (its own among them) and words of
 * data it has. Topics are hyperlane.md section 2.5 and ERC-20 and ERC-4626. */
struct evm_event {
    enum fact_kind kind;
    uint32_t roles;     /* whose event is a fact */
    uint32_t asked_too; /* roles that emit it as well: asked for, so that a bloom is explained */
    uint32_t topics_count;
    uint32_t data_words; /* 0: of any length */
    uint8_t topic[32];
};

static const struct evm_event events[EVM_EVENTS_COUNT] = {
    /* Dispatch(address indexed,uint32 indexed,bytes32 indexed,bytes) */
    {FACT_DISPATCH, EVM_ROLE_MAILBOX, 0, 4, 0, {0x76, 0x9f, 0x71, 0x1d, 0x20, 0xc6, 0x79, 0x15,
                                                0x3d, 0x38, 0x22, 0x54, 0xf5, 0x98, 0x92, 0x61,
                                                0x3b, 0x58, 0xa9, 0x7c, 0xc8, 0x76, 0xb2, 0x49,
                                                0x13, 0x4a, 0xc2, 0x5c, 0x80, 0xf9, 0xc8, 0x14}},
    /* InsertedIntoTree(bytes32,uint32) */
    {FACT_TREE_INSERT, EVM_ROLE_TREE_HOOK, 0, 1, 2, {0x25, 0x3a, 0x3a, 0x04, 0xca, 0xb7, 0x0d,
                                                     0x47, 0xc1, 0x50, 0x48, 0x09, 0x24, 0x2d,
                                                     0x93, 0x50, 0xcd, 0x81, 0x62, 0x7b, 0x4f,
                                                     0x1d, 0x50, 0x75, 0x3e, 0x15, 0x9c, 0xf8,
                                                     0xcd, 0x76, 0xed, 0x33}},
    /* GasPayment(bytes32 indexed,uint32 indexed,uint256,uint256) */
    {FACT_GAS_PAYMENT, EVM_ROLE_PAYMASTER, 0, 3, 2, {0x65, 0x69, 0x5c, 0x37, 0x48, 0xed, 0xae,
                                                     0x85, 0xa2, 0x4c, 0xc2, 0xc6, 0x0b, 0x29,
                                                     0x9b, 0x31, 0xf4, 0x63, 0x05, 0x0b, 0xc2,
                                                     0x59, 0x15, 0x0d, 0x2e, 0x58, 0x02, 0xec,
                                                     0x8d, 0x11, 0x72, 0x0a}},
    /* ProcessId(bytes32 indexed) */
    {FACT_PROCESS, EVM_ROLE_MAILBOX, 0, 2, 0, {0x1c, 0xae, 0x38, 0xcd, 0xd3, 0xd3, 0x91, 0x94,
                                               0x89, 0x27, 0x27, 0x25, 0xa5, 0xae, 0x62, 0xa4,
                                               0xf4, 0x8b, 0x29, 0x89, 0xb0, 0xda, 0xe8, 0x43,
                                               0xd3, 0xc2, 0x79, 0xfe, 0xe1, 0x80, 0x73, 0xa9}},
    /* Transfer(address indexed,address indexed,uint256) */
    {FACT_TRANSFER, EVM_ROLE_TOKEN, 0, 3, 1, {0xdd, 0xf2, 0x52, 0xad, 0x1b, 0xe2, 0xc8, 0x9b,
                                              0x69, 0xc2, 0xb0, 0x68, 0xfc, 0x37, 0x8d, 0xaa,
                                              0x95, 0x2b, 0xa7, 0xf1, 0x63, 0xc4, 0xa1, 0x16,
                                              0x28, 0xf5, 0x5a, 0x4d, 0xf5, 0x23, 0xb3, 0xef}},
    /* SentTransferRemote(uint32 indexed,bytes32 indexed,uint256) */
    {FACT_REMOTE_SENT, EVM_ROLE_ROUTER, EVM_ROLE_BRIDGE, 3, 1, {0xd2, 0x29, 0xaa, 0xcb, 0x94, 0x20,
                                                                0x41, 0x88, 0xfe, 0x80, 0x42, 0x96,
                                                                0x5f, 0xa6, 0xb2, 0x69, 0xc6, 0x2d,
                                                                0xc5, 0x81, 0x8b, 0x21, 0x23, 0x87,
                                                                0x79, 0xab, 0x64, 0xbd, 0xd1, 0x7e,
                                                                0xfe, 0xec}},
    /* ReceivedTransferRemote(uint32 indexed,bytes32 indexed,uint256) */
    {FACT_REMOTE_RECEIVED,
     EVM_ROLE_ROUTER,
     EVM_ROLE_BRIDGE,
     3,
     1,
     {0xba, 0x20, 0x94, 0x7a, 0x32, 0x5f, 0x45, 0x0d, 0x23, 0x25, 0x30,
      0xe5, 0xf5, 0xfc, 0xe2, 0x93, 0xe7, 0x96, 0x34, 0x99, 0xd5, 0x30,
      0x9a, 0x07, 0xce, 0xe8, 0x4a, 0x26, 0x9f, 0x2f, 0x15, 0xa6}},
    /* CollateralMoved(uint32 indexed,bytes32,uint256,address indexed) */
    {FACT_COLLATERAL_MOVED, EVM_ROLE_ROUTER, 0, 3, 2, {0xb1, 0xe1, 0xb1, 0x17, 0xdd, 0xf4, 0x29,
                                                       0xb1, 0xb8, 0xa3, 0x59, 0xfe, 0x0e, 0x97,
                                                       0x8f, 0x0a, 0xe1, 0x91, 0xc0, 0xf7, 0x0e,
                                                       0x0b, 0xab, 0xfe, 0xa7, 0xac, 0xaa, 0xd1,
                                                       0xb0, 0xee, 0x8a, 0x2d}},
    /* Deposit(address indexed sender,address indexed owner,uint256 assets,uint256 shares) */
    {FACT_VAULT_DEPOSIT, EVM_ROLE_VAULT, 0, 3, 2, {0xdc, 0xbc, 0x1c, 0x05, 0x24, 0x0f, 0x31, 0xff,
                                                   0x3a, 0xd0, 0x67, 0xef, 0x1e, 0xe3, 0x5c, 0xe4,
                                                   0x99, 0x77, 0x62, 0x75, 0x2e, 0x3a, 0x09, 0x52,
                                                   0x84, 0x75, 0x45, 0x44, 0xf4, 0xc7, 0x09, 0xd7}},
    /* Withdraw(address indexed sender,address indexed receiver,address indexed owner,
     *          uint256 assets,uint256 shares) */
    {FACT_VAULT_WITHDRAW, EVM_ROLE_VAULT, 0, 4, 2, {0xfb, 0xde, 0x79, 0x7d, 0x20, 0x1c, 0x68,
                                                    0x1b, 0x91, 0x05, 0x65, 0x29, 0x11, 0x9e,
                                                    0x0b, 0x02, 0x40, 0x7c, 0x7b, 0xb9, 0x6a,
                                                    0x4a, 0x2c, 0x75, 0xc0, 0x1f, 0xc9, 0x66,
                                                    0x72, 0x32, 0xc8, 0xdb}},
    /* ValidatorAnnouncement(address indexed,string) */
    {FACT_ANNOUNCED, EVM_ROLE_ANNOUNCE, 0, 2, 0, {0x78, 0x06, 0x6d, 0x8a, 0xdb, 0x67, 0x7a, 0x13,
                                                  0x53, 0xd1, 0xfc, 0x8b, 0xe2, 0x8c, 0xf0, 0x3e,
                                                  0x2a, 0x8d, 0xe7, 0x15, 0x7b, 0xba, 0xb9, 0x79,
                                                  0x95, 0x35, 0x87, 0xd7, 0x80, 0x76, 0xc1, 0x1e}},
};

/* Of any event but Dispatch. */
enum { DATA_WORDS_MAX = 2 };

struct evm_bloom_bits evm_bloom_bits_of(struct bytes value)
{
    const struct hash hash = keccak256(value);
    struct evm_bloom_bits bits;

    /* Yellow Paper 4.3.1: the low 11 bits of the first three pairs of bytes number a bit, counted
     * from the end. */
    for (size_t i = 0; i < 3; i++) {
        const unsigned bit = (hash.bytes[2 * i] << 8 | hash.bytes[2 * i + 1]) & 0x7ff;
        bits.byte[i] = (uint8_t)(EVM_BLOOM_BYTES - 1 - bit / 8);
        bits.mask[i] = (uint8_t)(1u << bit % 8);
    }
    return bits;
}

bool evm_bloom_has(const uint8_t *bloom, const struct evm_bloom_bits *bits)
{
    for (size_t i = 0; i < 3; i++) {
        if ((bloom[bits->byte[i]] & bits->mask[i]) == 0) {
            return false;
        }
    }
    return true;
}

void evm_interest_add_contract(struct evm_interest *interest, const struct address *address,
                               enum evm_role role)
{
    uint32_t at = 0;

    if (address_is_zero(address)) {
        return;
    }
    while (at < interest->contracts_count &&
           memcmp(interest->contracts[at].address.bytes, address->bytes, 32) < 0) {
        at++;
    }
    struct evm_contract *const contract = &interest->contracts[at];
    if (at == interest->contracts_count || !address_equal(&contract->address, address)) {
        memmove(contract + 1, contract, (interest->contracts_count - at) * sizeof(*contract));
        interest->contracts_count++;
        *contract = (struct evm_contract){
            .address = *address, .bits = evm_bloom_bits_of(bytes_from(address->bytes + 12, 20))};
    }
    contract->roles |= (uint32_t)role;
}

void evm_interest_add_account(struct evm_interest *interest, const struct address *address)
{
    uint32_t at = 0;

    if (address_is_zero(address)) {
        return;
    }
    while (at < interest->accounts_count &&
           memcmp(interest->accounts[at].address.bytes, address->bytes, 32) < 0) {
        at++;
    }
    struct evm_account *const account = &interest->accounts[at];
    if (at < interest->accounts_count && address_equal(&account->address, address)) {
        return;
    }
    memmove(account + 1, account, (interest->accounts_count - at) * sizeof(*account));
    interest->accounts_count++;
    *account = (struct evm_account){.address = *address,
                                    .bits = evm_bloom_bits_of(bytes_from(address->bytes, 32))};
}

void evm_interest_finish(struct evm_interest *interest)
{
    for (size_t i = 0; i < EVM_EVENTS_COUNT; i++) {
        interest->events[i] = evm_bloom_bits_of(bytes_from(events[i].topic, 32));
    }
}

const struct evm_contract *evm_interest_contract(const struct evm_interest *interest,
                                                 const struct address *address)
{
    uint32_t low = 0;
    uint32_t high = interest->contracts_count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const int order = memcmp(interest->contracts[middle].address.bytes, address->bytes, 32);
        if (order == 0) {
            return &interest->contracts[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static bool is_account(const struct evm_interest *interest, const struct address *address)
{
    uint32_t low = 0;
    uint32_t high = interest->accounts_count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const int order = memcmp(interest->accounts[middle].address.bytes, address->bytes, 32);
        if (order == 0) {
            return true;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

static bool bloom_has_contract(const struct evm_interest *interest, const uint8_t *bloom,
                               uint32_t roles)
{
    for (uint32_t i = 0; i < interest->contracts_count; i++) {
        if ((interest->contracts[i].roles & roles) != 0 &&
            evm_bloom_has(bloom, &interest->contracts[i].bits)) {
            return true;
        }
    }
    return false;
}

static bool bloom_has_account(const struct evm_interest *interest, const uint8_t *bloom)
{
    for (uint32_t i = 0; i < interest->accounts_count; i++) {
        if (evm_bloom_has(bloom, &interest->accounts[i].bits)) {
            return true;
        }
    }
    return false;
}

static bool has_role(const struct evm_interest *interest, uint32_t roles)
{
    for (uint32_t i = 0; i < interest->contracts_count; i++) {
        if ((interest->contracts[i].roles & roles) != 0) {
            return true;
        }
    }
    return false;
}

uint64_t evm_interest_events(const struct evm_interest *interest)
{
    uint64_t found = 0;

    for (size_t i = 0; i < EVM_EVENTS_COUNT; i++) {
        found |= has_role(interest, events[i].roles) ? UINT64_C(1) << events[i].kind : 0;
    }
    return found;
}

uint64_t evm_bloom_events(const struct evm_interest *interest, const uint8_t *bloom)
{
    uint64_t found = 0;

    for (size_t i = 0; i < EVM_EVENTS_COUNT; i++) {
        if (evm_bloom_has(bloom, &interest->events[i]) &&
            bloom_has_contract(interest, bloom, events[i].roles | events[i].asked_too) &&
            (events[i].kind != FACT_TRANSFER || bloom_has_account(interest, bloom))) {
            found |= UINT64_C(1) << events[i].kind;
        }
    }
    return found;
}

uint32_t evm_filters_for(uint64_t wanted, bool is_split)
{
    const uint64_t transfer = UINT64_C(1) << FACT_TRANSFER;

    if (wanted == 0) {
        return 0;
    }
    if (!is_split) {
        return 1u << EVM_FILTER_ALL;
    }
    return ((wanted & ~transfer) != 0 ? 1u << EVM_FILTER_PLAIN : 0) |
           ((wanted & transfer) != 0 ? 1u << EVM_FILTER_FROM | 1u << EVM_FILTER_TO : 0);
}

static void write_contracts(const struct evm_interest *interest, uint32_t roles,
                            struct json_writer *writer)
{
    const char *between = "";

    json_write(writer, "\"address\":[");
    for (uint32_t i = 0; i < interest->contracts_count; i++) {
        if ((interest->contracts[i].roles & roles) != 0) {
            json_write(writer, between);
            json_write_evm_address(writer, &interest->contracts[i].address);
            between = ",";
        }
    }
    json_write(writer, "]");
}

static void write_accounts(const struct evm_interest *interest, struct json_writer *writer)
{
    json_write(writer, ",[");
    for (uint32_t i = 0; i < interest->accounts_count; i++) {
        json_write(writer, i == 0 ? "" : ",");
        json_write_data(writer, bytes_from(interest->accounts[i].address.bytes, 32));
    }
    json_write(writer, "]");
}

/* True for the events whose emitters and topic the filter names. */
static bool filter_takes(enum evm_filter filter, const struct evm_event *event)
{
    switch (filter) {
    case EVM_FILTER_ALL:
        return true;
    case EVM_FILTER_PLAIN:
        return event->kind != FACT_TRANSFER;
    case EVM_FILTER_FROM:
    case EVM_FILTER_TO:
        return event->kind == FACT_TRANSFER;
    }
    check_failed(__FILE__, __LINE__, "a filter of no known kind");
}

void evm_filter_write(const struct evm_interest *interest, enum evm_filter filter,
                      struct json_writer *writer)
{
    uint32_t roles = 0;
    const char *between = "";

    for (size_t i = 0; i < EVM_EVENTS_COUNT; i++) {
        roles |= filter_takes(filter, &events[i]) ? events[i].roles | events[i].asked_too : 0;
    }
    write_contracts(interest, roles, writer);
    json_write(writer, ",\"topics\":[[");
    for (size_t i = 0; i < EVM_EVENTS_COUNT; i++) {
        if (filter_takes(filter, &events[i]) && has_role(interest, events[i].roles)) {
            json_write(writer, between);
            json_write_data(writer, bytes_from(events[i].topic, 32));
            between = ",";
        }
    }
    json_write(writer, "]");
    if (filter == EVM_FILTER_TO) {
        json_write(writer, ",null");
    }
    if (filter == EVM_FILTER_FROM || filter == EVM_FILTER_TO) {
        write_accounts(interest, writer);
    }
    json_write(writer, "]");
}

enum status evm_log_read(const struct json_token *json, struct evm_log *ret_log)
{
    static const char *const keys[] = {"address",     "topics",    "data",
                                       "blockNumber", "blockHash", "transactionHash",
                                       "logIndex",    "removed",   NULL};
    const struct json_token *values[8];
    uint64_t index = 0;

    if (json_members(json, keys, values) != STATUS_OK ||
        (values[7] != NULL && values[7]->kind != JSON_FALSE)) {
        return STATUS_MALFORMED;
    }
    struct evm_log log = {.data = values[2]};
    const struct json_token *const topics = values[1];
    if (log.data == NULL || json_evm_address(values[0], &log.address) != STATUS_OK ||
        json_quantity(values[3], &log.block_number) != STATUS_OK ||
        json_hash(values[4], &log.block_hash) != STATUS_OK ||
        json_hash(values[5], &log.transaction) != STATUS_OK ||
        json_quantity(values[6], &index) != STATUS_OK || index > UINT32_MAX) {
        return STATUS_MALFORMED;
    }
    log.index = (uint32_t)index;
    if (topics == NULL || topics->kind != JSON_ARRAY || topics->count > 4) {
        return STATUS_MALFORMED;
    }
    const struct json_token *topic = json_first(topics);
    for (; log.topics_count < topics->count; topic = json_after(topic)) {
        if (json_hash(topic, &log.topics[log.topics_count++]) != STATUS_OK) {
            return STATUS_MALFORMED;
        }
    }
    *ret_log = log;
    return STATUS_OK;
}

bool evm_log_agrees_with_bloom(const struct evm_log *log, const uint8_t *bloom)
{
    struct evm_bloom_bits bits = evm_bloom_bits_of(bytes_from(log->address.bytes + 12, 20));

    if (!evm_bloom_has(bloom, &bits)) {
        return false;
    }
    for (uint32_t i = 0; i < log->topics_count; i++) {
        bits = evm_bloom_bits_of(bytes_from(log->topics[i].bytes, 32));
        if (!evm_bloom_has(bloom, &bits)) {
            return false;
        }
    }
    return true;
}

uint64_t evm_log_event(const struct evm_interest *interest, const struct evm_log *log)
{
    const struct evm_contract *const contract = evm_interest_contract(interest, &log->address);

    if (contract == NULL || log->topics_count == 0) {
        return 0;
    }
    for (size_t i = 0; i < EVM_EVENTS_COUNT; i++) {
        if ((contract->roles & (events[i].roles | events[i].asked_too)) != 0 &&
            memcmp(log->topics[0].bytes, events[i].topic, 32) == 0) {
            return UINT64_C(1) << events[i].kind;
        }
    }
    return 0;
}

static struct address topic_address(const struct hash *topic, bool *ret_malformed)
{
    struct abi_reader reader = abi_reader_from(bytes_from(topic->bytes, 32));
    const struct address address = abi_read_address(&reader);

    *ret_malformed |= reader.malformed;
    return address;
}

static uint32_t topic_u32(const struct hash *topic, bool *ret_malformed)
{
    struct abi_reader reader = abi_reader_from(bytes_from(topic->bytes, 32));
    const uint32_t value = abi_read_u32(&reader);

    *ret_malformed |= reader.malformed;
    return value;
}

static struct address any_address(const struct hash *word)
{
    struct address address;

    memcpy(address.bytes, word->bytes, 32);
    return address;
}

/* The one argument that is not indexed is the message. */
static enum status decode_dispatch(const struct evm_log *log, void *memory, size_t capacity,
                                   struct fact *fact, size_t *ret_used)
{
    size_t count = 0;

    const enum status status = json_data(log->data, capacity, memory, &count);
    if (status != STATUS_OK) {
        return status;
    }
    struct abi_reader reader = abi_reader_from(bytes_from(memory, count));
    abi_expect_u64(&reader, 32);
    fact->dispatch.message = abi_read_tail(&reader, count);
    if (!abi_reader_is_done(&reader)) {
        return STATUS_MALFORMED;
    }
    if (fact->dispatch.message.count > MESSAGE_BYTES_MAX) { /* too large to carry: its id */
        const struct hash id = message_id(fact->dispatch.message);
        count = sizeof(id.bytes);
        memcpy(memory, id.bytes, count);
        fact->dispatch.message = bytes_from(memory, count);
    }
    *ret_used = count;
    return STATUS_OK;
}

/* Everything but Dispatch: topics and at most two words. */
static void decode_arguments(const struct evm_log *log, struct abi_reader *data, struct fact *fact,
                             bool *ret_malformed)
{
    switch (fact->kind) {
    case FACT_TREE_INSERT:
        fact->tree_insert.message_id = abi_read_hash(data);
        fact->tree_insert.leaf_index = abi_read_u32(data);
        return;
    case FACT_GAS_PAYMENT:
        fact->gas_payment.message_id = log->topics[1];
        fact->gas_payment.destination = topic_u32(&log->topics[2], ret_malformed);
        fact->gas_payment.gas = abi_read_amount(data);
        fact->gas_payment.payment = abi_read_amount(data);
        return;
    case FACT_PROCESS:
        fact->process.message_id = log->topics[1];
        return;
    case FACT_ANNOUNCED:
        fact->announced.validator = topic_address(&log->topics[1], ret_malformed);
        return;
    case FACT_TRANSFER:
        fact->transfer.from = topic_address(&log->topics[1], ret_malformed);
        fact->transfer.to = topic_address(&log->topics[2], ret_malformed);
        fact->transfer.amount = abi_read_amount(data);
        return;
    case FACT_REMOTE_SENT:
    case FACT_REMOTE_RECEIVED:
        fact->remote.remote = topic_u32(&log->topics[1], ret_malformed);
        fact->remote.recipient = any_address(&log->topics[2]);
        fact->remote.amount = abi_read_amount(data);
        return;
    case FACT_COLLATERAL_MOVED: {
        fact->collateral_moved.destination = topic_u32(&log->topics[1], ret_malformed);
        fact->collateral_moved.rebalancer = topic_address(&log->topics[2], ret_malformed);
        const struct hash recipient = abi_read_hash(data);
        fact->collateral_moved.recipient = any_address(&recipient);
        fact->collateral_moved.amount = abi_read_amount(data);
        return;
    }
    case FACT_VAULT_DEPOSIT:
        fact->vault.sender = topic_address(&log->topics[1], ret_malformed);
        fact->vault.owner = topic_address(&log->topics[2], ret_malformed);
        fact->vault.receiver = fact->vault.owner;
        fact->vault.assets = abi_read_amount(data);
        fact->vault.shares = abi_read_amount(data);
        return;
    case FACT_VAULT_WITHDRAW:
        fact->vault.sender = topic_address(&log->topics[1], ret_malformed);
        fact->vault.receiver = topic_address(&log->topics[2], ret_malformed);
        fact->vault.owner = topic_address(&log->topics[3], ret_malformed);
        fact->vault.assets = abi_read_amount(data);
        fact->vault.shares = abi_read_amount(data);
        return;
    case FACT_DISPATCH:
        break;
    }
    check_failed(__FILE__, __LINE__, "a dispatch is decoded by decode_dispatch");
}

static const struct evm_event *find_event(const struct evm_interest *interest,
                                          const struct evm_log *log)
{
    const struct evm_contract *const contract = evm_interest_contract(interest, &log->address);

    if (contract == NULL || log->topics_count == 0) {
        return NULL;
    }
    for (size_t i = 0; i < EVM_EVENTS_COUNT; i++) {
        if ((contract->roles & events[i].roles) != 0 &&
            memcmp(log->topics[0].bytes, events[i].topic, 32) == 0) {
            return &events[i];
        }
    }
    return NULL;
}

enum status evm_log_decode(const struct evm_interest *interest, const struct evm_log *log,
                           void *memory, size_t capacity, struct fact *ret_fact, size_t *ret_used)
{
    const struct evm_event *const event = find_event(interest, log);
    struct fact fact;
    uint8_t words[32 * DATA_WORDS_MAX] = {0};
    size_t count = 0;
    bool malformed = false;

    if (event == NULL) {
        return STATUS_NOT_FOUND;
    }
    memset(&fact, 0, sizeof(fact)); /* padding too: facts are digested */
    fact.kind = event->kind;
    fact.block_number = log->block_number;
    fact.block_hash = log->block_hash;
    fact.transaction = log->transaction;
    fact.log_index = log->index;
    fact.contract = log->address;
    if (log->topics_count != event->topics_count) {
        return STATUS_MALFORMED;
    }
    if (event->kind == FACT_DISPATCH) {
        const enum status status = decode_dispatch(log, memory, capacity, &fact, ret_used);
        if (status == STATUS_OK) {
            *ret_fact = fact;
        }
        return status;
    }
    /* What a validator announced may be long, and is asked of the contract. */
    if (event->kind != FACT_ANNOUNCED &&
        (json_data(log->data, sizeof(words), words, &count) != STATUS_OK ||
         count != 32 * (size_t)event->data_words)) {
        return STATUS_MALFORMED;
    }
    struct abi_reader data = abi_reader_from(bytes_from(words, count));
    decode_arguments(log, &data, &fact, &malformed);
    if (malformed || !abi_reader_is_done(&data)) {
        return STATUS_MALFORMED;
    }
    if (fact.kind == FACT_TRANSFER && !is_account(interest, &fact.transfer.from) &&
        !is_account(interest, &fact.transfer.to)) {
        return STATUS_NOT_FOUND;
    }
    *ret_fact = fact;
    *ret_used = 0;
    return STATUS_OK;
}
