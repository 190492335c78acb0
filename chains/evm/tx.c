/* SPDX-License-Identifier: Apache-2.0 */
#include "chains/evm/tx.h"

#include <string.h>

#include "chains/evm/rlp.h"
#include "relay/base/check.h"
#include "relay/base/digest.h"

enum {
    TRANSACTION_TYPE = 0x02,
    EVM_ADDRESS_BYTES = 20,
};

static struct bytes evm_address(const struct address *address)
{
    CHECK(address_is_evm(address));
    return bytes_from(address->bytes + 12, EVM_ADDRESS_BYTES);
}

/* Size of the nine items up to and including the empty access list. */
static size_t items_size(const struct evm_transaction *transaction)
{
    return rlp_u64_size(transaction->chain_id) + rlp_u64_size(transaction->nonce) +
           rlp_amount_size(&transaction->priority_fee) + rlp_amount_size(&transaction->fee_max) +
           rlp_u64_size(transaction->gas_limit) + rlp_bytes_size(evm_address(&transaction->to)) +
           rlp_amount_size(&transaction->value) + rlp_bytes_size(transaction->data) +
           rlp_list_size(0);
}

/* Type byte, list header and the nine items; `tail_size` bytes of items follow by the caller. */
static enum status write_items(const struct evm_transaction *transaction, size_t tail_size,
                               struct buffer *buffer)
{
    const uint8_t type = TRANSACTION_TYPE;
    const size_t payload_size = items_size(transaction) + tail_size;

    CHECK(buffer->count <= buffer->capacity);
    if (1 + rlp_list_size(payload_size) > buffer->capacity - buffer->count) {
        return STATUS_FULL;
    }
    enum status status = buffer_append(buffer, bytes_from(&type, 1));
    CHECK(status == STATUS_OK); /* room for all of it was checked above */
    status = rlp_write_list(buffer, payload_size);
    CHECK(status == STATUS_OK);
    status = rlp_write_u64(buffer, transaction->chain_id);
    CHECK(status == STATUS_OK);
    status = rlp_write_u64(buffer, transaction->nonce);
    CHECK(status == STATUS_OK);
    status = rlp_write_amount(buffer, &transaction->priority_fee);
    CHECK(status == STATUS_OK);
    status = rlp_write_amount(buffer, &transaction->fee_max);
    CHECK(status == STATUS_OK);
    status = rlp_write_u64(buffer, transaction->gas_limit);
    CHECK(status == STATUS_OK);
    status = rlp_write_bytes(buffer, evm_address(&transaction->to));
    CHECK(status == STATUS_OK);
    status = rlp_write_amount(buffer, &transaction->value);
    CHECK(status == STATUS_OK);
    status = rlp_write_bytes(buffer, transaction->data);
    CHECK(status == STATUS_OK);
    return rlp_write_list(buffer, 0);
}

enum status evm_transaction_encode(const struct evm_transaction *transaction, struct buffer *buffer)
{
    return write_items(transaction, 0, buffer);
}

enum status evm_transaction_decode(struct bytes unsigned_bytes,
                                   struct evm_transaction *ret_transaction)
{
    struct evm_transaction transaction;

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
    const uint64_t parity = (uint64_t)(v - 27);
    const size_t tail_size = rlp_u64_size(parity) + rlp_amount_size(&r) + rlp_amount_size(&s);
    enum status status = write_items(transaction, tail_size, buffer);
    if (status != STATUS_OK) {
        return status;
    }
    status = rlp_write_u64(buffer, parity);
    CHECK(status == STATUS_OK); /* write_items made sure of the room */
    status = rlp_write_amount(buffer, &r);
    CHECK(status == STATUS_OK);
    return rlp_write_amount(buffer, &s);
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
