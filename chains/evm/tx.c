/* SPDX-License-Identifier: Apache-2.0 */
#include "chains/evm/tx.h"

#include <string.h>

#include "chains/evm/rlp.h"
#include "relay/base/check.h"
#include "relay/base/digest.h"

enum {
    TRANSACTION_TYPE = 0x02,
    LIST_PREFIX = 0xc0, /* a legacy transaction has no type: it begins with its list */
    EVM_ADDRESS_BYTES = 20,
};

static struct bytes evm_address(const struct address *address)
{
    CHECK(address_is_evm(address));
    return bytes_from(address->bytes + 12, EVM_ADDRESS_BYTES);
}

/* Size of the items up to the data, and of the empty access list where there is one. */
static size_t items_size(const struct evm_transaction *transaction)
{
    const size_t common =
        rlp_u64_size(transaction->nonce) + rlp_amount_size(&transaction->fee_max) +
        rlp_u64_size(transaction->gas_limit) + rlp_bytes_size(evm_address(&transaction->to)) +
        rlp_amount_size(&transaction->value) + rlp_bytes_size(transaction->data);

    if (transaction->is_legacy) {
        return common;
    }
    return common + rlp_u64_size(transaction->chain_id) +
           rlp_amount_size(&transaction->priority_fee) + rlp_list_size(0);
}

/* The parts below write into room that write_items made sure of. */
static void put_u64(struct buffer *buffer, uint64_t number)
{
    const enum status status = rlp_write_u64(buffer, number);
    CHECK(status == STATUS_OK);
}

static void put_amount(struct buffer *buffer, const struct amount *amount)
{
    const enum status status = rlp_write_amount(buffer, amount);
    CHECK(status == STATUS_OK);
}

static void put_bytes(struct buffer *buffer, struct bytes bytes)
{
    const enum status status = rlp_write_bytes(buffer, bytes);
    CHECK(status == STATUS_OK);
}

static void put_list(struct buffer *buffer, size_t payload_size)
{
    const enum status status = rlp_write_list(buffer, payload_size);
    CHECK(status == STATUS_OK);
}

/* Type byte, list header and the items; `tail_size` bytes of items follow by the caller. */
static enum status write_items(const struct evm_transaction *transaction, size_t tail_size,
                               struct buffer *buffer)
{
    const uint8_t type = TRANSACTION_TYPE;
    const size_t payload_size = items_size(transaction) + tail_size;
    const size_t type_size = transaction->is_legacy ? 0 : 1;

    CHECK(buffer->count <= buffer->capacity);
    if (type_size + rlp_list_size(payload_size) > buffer->capacity - buffer->count) {
        return STATUS_FULL;
    }
    const enum status status = buffer_append(buffer, bytes_from(&type, type_size));
    CHECK(status == STATUS_OK);
    put_list(buffer, payload_size);
    if (!transaction->is_legacy) {
        put_u64(buffer, transaction->chain_id);
    }
    put_u64(buffer, transaction->nonce);
    if (!transaction->is_legacy) {
        put_amount(buffer, &transaction->priority_fee);
    }
    put_amount(buffer, &transaction->fee_max);
    put_u64(buffer, transaction->gas_limit);
    put_bytes(buffer, evm_address(&transaction->to));
    put_amount(buffer, &transaction->value);
    put_bytes(buffer, transaction->data);
    if (!transaction->is_legacy) {
        put_list(buffer, 0);
    }
    return STATUS_OK;
}

static void check_legacy(const struct evm_transaction *transaction)
{
    CHECK(transaction->chain_id > 0);
    CHECK(transaction->chain_id <= EVM_LEGACY_CHAIN_ID_MAX);
    CHECK(amount_equal(&transaction->fee_max, &transaction->priority_fee));
}

enum status evm_transaction_encode(const struct evm_transaction *transaction, struct buffer *buffer)
{
    if (!transaction->is_legacy) {
        return write_items(transaction, 0, buffer);
    }
    check_legacy(transaction);
    const enum status status =
        write_items(transaction, rlp_u64_size(transaction->chain_id) + 2 * rlp_u64_size(0), buffer);
    if (status == STATUS_OK) {
        put_u64(buffer, transaction->chain_id);
        put_u64(buffer, 0);
        put_u64(buffer, 0);
    }
    return status;
}

static enum status decode_legacy(struct bytes unsigned_bytes,
                                 struct evm_transaction *ret_transaction)
{
    struct evm_transaction transaction = {.is_legacy = true};
    struct rlp_reader outer = rlp_reader_from(unsigned_bytes);
    struct rlp_reader items = rlp_read_list(&outer);

    transaction.nonce = rlp_read_u64(&items);
    transaction.fee_max = rlp_read_amount(&items);
    transaction.priority_fee = transaction.fee_max;
    transaction.gas_limit = rlp_read_u64(&items);
    const struct bytes to = rlp_read_bytes(&items);
    transaction.value = rlp_read_amount(&items);
    transaction.data = rlp_read_bytes(&items);
    transaction.chain_id = rlp_read_u64(&items);
    const uint64_t r = rlp_read_u64(&items);
    const uint64_t s = rlp_read_u64(&items);
    if (!rlp_reader_is_done(&outer) || !rlp_reader_is_done(&items) ||
        to.count != EVM_ADDRESS_BYTES || r != 0 || s != 0 || transaction.chain_id == 0 ||
        transaction.chain_id > EVM_LEGACY_CHAIN_ID_MAX) {
        return STATUS_MALFORMED;
    }
    transaction.to = address_from_evm(to.data);
    *ret_transaction = transaction;
    return STATUS_OK;
}

enum status evm_transaction_decode(struct bytes unsigned_bytes,
                                   struct evm_transaction *ret_transaction)
{
    struct evm_transaction transaction = {.is_legacy = false};

    if (unsigned_bytes.count > 0 && unsigned_bytes.data[0] >= LIST_PREFIX) {
        return decode_legacy(unsigned_bytes, ret_transaction);
    }
    if (unsigned_bytes.count == 0 || unsigned_bytes.data[0] != TRANSACTION_TYPE) {
        return STATUS_MALFORMED;
    }
    struct rlp_reader outer =
        rlp_reader_from(bytes_from(unsigned_bytes.data + 1, unsigned_bytes.count - 1));
    struct rlp_reader items = rlp_read_list(&outer);
    transaction.chain_id = rlp_read_u64(&items);
    transaction.nonce = rlp_read_u64(&items);
    transaction.priority_fee = rlp_read_amount(&items);
    transaction.fee_max = rlp_read_amount(&items);
    transaction.gas_limit = rlp_read_u64(&items);
    const struct bytes to = rlp_read_bytes(&items);
    transaction.value = rlp_read_amount(&items);
    transaction.data = rlp_read_bytes(&items);
    const struct rlp_reader access_list = rlp_read_list(&items);
    if (!rlp_reader_is_done(&outer) || !rlp_reader_is_done(&items) ||
        !rlp_reader_is_done(&access_list) || to.count != EVM_ADDRESS_BYTES) {
        return STATUS_MALFORMED;
    }
    transaction.to = address_from_evm(to.data);
    *ret_transaction = transaction;
    return STATUS_OK;
}

enum status evm_transaction_encode_signed(const struct evm_transaction *transaction,
                                          const struct signature *signature, struct buffer *buffer)
{
    const uint8_t v = signature->bytes[64];
    const struct amount r = amount_from_be(signature->bytes);
    const struct amount s = amount_from_be(signature->bytes + 32);

    if ((v != 27 && v != 28) || amount_is_zero(&r) || amount_is_zero(&s)) {
        return STATUS_MALFORMED;
    }
    uint64_t recovery = (uint64_t)(v - 27);
    if (transaction->is_legacy) {
        check_legacy(transaction);
        recovery += 2 * transaction->chain_id + 35;
    }
    const size_t tail_size = rlp_u64_size(recovery) + rlp_amount_size(&r) + rlp_amount_size(&s);
    const enum status status = write_items(transaction, tail_size, buffer);
    if (status == STATUS_OK) {
        put_u64(buffer, recovery);
        put_amount(buffer, &r);
        put_amount(buffer, &s);
    }
    return status;
}

struct hash evm_transaction_digest(struct bytes unsigned_bytes)
{
    return keccak256(unsigned_bytes);
}

struct hash evm_transaction_hash(struct bytes signed_bytes)
{
    return keccak256(signed_bytes);
}

struct hash evm_payload_digest(const struct evm_transaction *transaction)
{
    struct keccak keccak;
    uint8_t value[32];

    amount_to_be(&transaction->value, value);
    keccak_init(&keccak);
    keccak_update(&keccak, evm_address(&transaction->to));
    keccak_update(&keccak, bytes_from(value, sizeof(value)));
    keccak_update(&keccak, transaction->data);
    return keccak_finish(&keccak);
}
