/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/chain/fact_rows.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/core/tables.h"

struct bytes fact_key(uint8_t memory[FACT_KEY_BYTES], uint32_t domain, uint64_t number,
                      uint32_t index)
{
    struct packer key = packer_from(memory, FACT_KEY_BYTES);

    pack_u8(&key, TABLE_FACT);
    pack_u32(&key, domain);
    pack_u64(&key, number);
    pack_u32(&key, index);
    return packer_finish(&key);
}

static void body_pack(const struct fact *fact, struct packer *packer)
{
    switch (fact->kind) {
    case FACT_DISPATCH:
        CHECK(fact->dispatch.message.count <= MESSAGE_BYTES_MAX);
        pack_bytes(packer, fact->dispatch.message);
        break;
    case FACT_TREE_INSERT:
        pack_hash(packer, &fact->tree_insert.message_id);
        pack_u32(packer, fact->tree_insert.leaf_index);
        break;
    case FACT_GAS_PAYMENT:
        pack_hash(packer, &fact->gas_payment.message_id);
        pack_u32(packer, fact->gas_payment.destination);
        pack_amount(packer, &fact->gas_payment.gas);
        pack_amount(packer, &fact->gas_payment.payment);
        break;
    case FACT_PROCESS:
        pack_hash(packer, &fact->process.message_id);
        break;
    case FACT_ANNOUNCED:
        pack_address(packer, &fact->announced.validator);
        break;
    case FACT_TRANSFER:
        pack_address(packer, &fact->transfer.from);
        pack_address(packer, &fact->transfer.to);
        pack_amount(packer, &fact->transfer.amount);
        break;
    case FACT_REMOTE_SENT:
    case FACT_REMOTE_RECEIVED:
        pack_u32(packer, fact->remote.remote);
        pack_address(packer, &fact->remote.recipient);
        pack_amount(packer, &fact->remote.amount);
        break;
    case FACT_COLLATERAL_MOVED:
        pack_u32(packer, fact->collateral_moved.destination);
        pack_address(packer, &fact->collateral_moved.recipient);
        pack_amount(packer, &fact->collateral_moved.amount);
        pack_address(packer, &fact->collateral_moved.rebalancer);
        break;
    case FACT_VAULT_DEPOSIT:
    case FACT_VAULT_WITHDRAW:
        pack_address(packer, &fact->vault.sender);
        pack_address(packer, &fact->vault.receiver);
        pack_address(packer, &fact->vault.owner);
        pack_amount(packer, &fact->vault.assets);
        pack_amount(packer, &fact->vault.shares);
        break;
    }
}

void fact_pack(const struct fact *fact, struct packer *packer)
{
    CHECK(fact->kind >= FACT_DISPATCH);
    CHECK(fact->kind <= FACT_KIND_LAST);

    pack_hash(packer, &fact->block_hash);
    pack_hash(packer, &fact->transaction);
    pack_address(packer, &fact->contract);
    pack_u8(packer, (uint8_t)fact->kind);
    body_pack(fact, packer);
}

static void body_unpack(struct unpacker *unpacker, struct fact *fact)
{
    switch (fact->kind) {
    case FACT_DISPATCH:
        fact->dispatch.message = unpack_bytes(unpacker);
        break;
    case FACT_TREE_INSERT:
        fact->tree_insert.message_id = unpack_hash(unpacker);
        fact->tree_insert.leaf_index = unpack_u32(unpacker);
        break;
    case FACT_GAS_PAYMENT:
        fact->gas_payment.message_id = unpack_hash(unpacker);
        fact->gas_payment.destination = unpack_u32(unpacker);
        fact->gas_payment.gas = unpack_amount(unpacker);
        fact->gas_payment.payment = unpack_amount(unpacker);
        break;
    case FACT_PROCESS:
        fact->process.message_id = unpack_hash(unpacker);
        break;
    case FACT_ANNOUNCED:
        fact->announced.validator = unpack_address(unpacker);
        break;
    case FACT_TRANSFER:
        fact->transfer.from = unpack_address(unpacker);
        fact->transfer.to = unpack_address(unpacker);
        fact->transfer.amount = unpack_amount(unpacker);
        break;
    case FACT_REMOTE_SENT:
    case FACT_REMOTE_RECEIVED:
        fact->remote.remote = unpack_u32(unpacker);
        fact->remote.recipient = unpack_address(unpacker);
        fact->remote.amount = unpack_amount(unpacker);
        break;
    case FACT_COLLATERAL_MOVED:
        fact->collateral_moved.destination = unpack_u32(unpacker);
        fact->collateral_moved.recipient = unpack_address(unpacker);
        fact->collateral_moved.amount = unpack_amount(unpacker);
        fact->collateral_moved.rebalancer = unpack_address(unpacker);
        break;
    case FACT_VAULT_DEPOSIT:
    case FACT_VAULT_WITHDRAW:
        fact->vault.sender = unpack_address(unpacker);
        fact->vault.receiver = unpack_address(unpacker);
        fact->vault.owner = unpack_address(unpacker);
        fact->vault.assets = unpack_amount(unpacker);
        fact->vault.shares = unpack_amount(unpacker);
        break;
    }
}

enum status fact_unpack(struct bytes key, struct unpacker *unpacker, struct fact *ret_fact)
{
    struct unpacker place = unpacker_from(key);
    struct fact fact;

    memset(&fact, 0, sizeof(fact));
    (void)unpack_u8(&place);
    (void)unpack_u32(&place);
    fact.block_number = unpack_u64(&place);
    fact.log_index = unpack_u32(&place);
    fact.block_hash = unpack_hash(unpacker);
    fact.transaction = unpack_hash(unpacker);
    fact.contract = unpack_address(unpacker);
    const uint8_t kind = unpack_u8(unpacker);
    if (!unpacker_is_done(&place) || kind < FACT_DISPATCH || kind > FACT_KIND_LAST) {
        return STATUS_CORRUPT;
    }
    fact.kind = (enum fact_kind)kind;
    body_unpack(unpacker, &fact);
    if (!unpacker_is_done(unpacker)) {
        return STATUS_CORRUPT;
    }
    *ret_fact = fact;
    return STATUS_OK;
}
