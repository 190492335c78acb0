/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/plain_wire.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/core/chain/fact_rows.h"

void plain_pack_head(struct packer *packer, const struct plain_head *head)
{
    pack_u64(packer, head->number);
    pack_hash(packer, &head->hash);
    pack_u64(packer, head->final_number);
    pack_hash(packer, &head->final_hash);
}

struct plain_head plain_unpack_head(struct unpacker *unpacker)
{
    struct plain_head head;

    head.number = unpack_u64(unpacker);
    head.hash = unpack_hash(unpacker);
    head.final_number = unpack_u64(unpacker);
    head.final_hash = unpack_hash(unpacker);
    return head;
}

void plain_pack_block(struct packer *packer, const struct plain_block *block)
{
    pack_u64(packer, block->number);
    pack_hash(packer, &block->hash);
    pack_hash(packer, &block->parent);
    pack_u64(packer, block->time_s);
    pack_amount(packer, &block->base_fee);
}

struct plain_block plain_unpack_block(struct unpacker *unpacker)
{
    struct plain_block block;

    block.number = unpack_u64(unpacker);
    block.hash = unpack_hash(unpacker);
    block.parent = unpack_hash(unpacker);
    block.time_s = unpack_u64(unpacker);
    block.base_fee = unpack_amount(unpacker);
    return block;
}

void plain_pack_fact(struct packer *packer, const struct fact *fact)
{
    uint8_t memory[FACT_ROW_BYTES_MAX];
    struct packer inner = packer_from(memory, sizeof(memory));

    fact_pack(fact, &inner);
    pack_u32(packer, fact->log_index);
    pack_bytes(packer, packer_finish(&inner));
}

struct fact plain_unpack_fact(struct unpacker *unpacker, const struct plain_block *block)
{
    const uint32_t index = unpack_u32(unpacker);
    struct unpacker inner = unpacker_from(unpack_bytes(unpacker));
    uint8_t key[FACT_KEY_BYTES];
    struct fact fact;

    memset(&fact, 0, sizeof(fact));
    if (unpacker->underrun ||
        fact_unpack(fact_key(key, 0, block->number, index), &inner, &fact) != STATUS_OK) {
        unpacker->underrun = true;
        return fact;
    }
    fact.block_hash = block->hash;
    return fact;
}

void plain_pack_leg(struct packer *packer, const struct leg *leg)
{
    pack_u8(packer, (uint8_t)leg->kind);
    pack_u32(packer, leg->domain);
    pack_address(packer, &leg->key);
    switch (leg->kind) {
    case LEG_PROCESS:
        pack_hash(packer, &leg->process.message_id);
        pack_bytes(packer, leg->process.message);
        pack_bytes(packer, leg->process.metadata);
        return;
    case LEG_REBALANCE:
        pack_address(packer, &leg->rebalance.router);
        pack_address(packer, &leg->rebalance.bridge);
        pack_u32(packer, leg->rebalance.destination);
        pack_amount(packer, &leg->rebalance.amount);
        return;
    case LEG_ANNOUNCE:
        pack_address(packer, &leg->announce.validator);
        pack_bytes(packer, leg->announce.location);
        pack_raw(packer, bytes_from(leg->announce.signature.bytes, 65));
        return;
    case LEG_BATCH:
        pack_address(packer, &leg->batch.contract);
        pack_bytes(packer, leg->batch.deliveries);
        return;
    case LEG_CANCEL:
        return;
    case LEG_VENUE:
        pack_hash(packer, &leg->id); /* the order's, which the spoke obeys once */
        pack_u8(packer, (uint8_t)leg->venue.verb);
        pack_address(packer, &leg->venue.spoke);
        pack_u32(packer, leg->venue.index);
        pack_amount(packer, &leg->venue.amount);
        pack_u64(packer, leg->venue.deadline_s);
        return;
    case LEG_CROSSING:
        pack_hash(packer, &leg->id);
        pack_address(packer, &leg->crossing.spoke);
        pack_address(packer, &leg->crossing.bridge);
        pack_u32(packer, leg->crossing.destination);
        pack_address(packer, &leg->crossing.token);
        pack_amount(packer, &leg->crossing.amount);
        pack_u64(packer, leg->crossing.deadline_s);
        return;
    case LEG_SETTLE:
        pack_address(packer, &leg->settle.spoke);
        pack_u32(packer, leg->settle.origin);
        pack_address(packer, &leg->settle.token);
        return;
    case LEG_HUB:
        pack_hash(packer, &leg->id);
        pack_u8(packer, (uint8_t)leg->hub.verb);
        pack_address(packer, &leg->hub.contract);
        pack_amount(packer, &leg->hub.amount);
        pack_u64(packer, leg->hub.deadline_s);
        return;
    }
    CHECK(false);
}

struct leg plain_unpack_leg(struct unpacker *unpacker)
{
    struct leg leg;

    memset(&leg, 0, sizeof(leg));
    const uint8_t kind = unpack_u8(unpacker);
    leg.domain = unpack_u32(unpacker);
    leg.key = unpack_address(unpacker);
    if (kind == LEG_PROCESS) {
        leg.process.message_id = unpack_hash(unpacker);
        leg.process.message = unpack_bytes(unpacker);
        leg.process.metadata = unpack_bytes(unpacker);
    } else if (kind == LEG_REBALANCE) {
        leg.rebalance.router = unpack_address(unpacker);
        leg.rebalance.bridge = unpack_address(unpacker);
        leg.rebalance.destination = unpack_u32(unpacker);
        leg.rebalance.amount = unpack_amount(unpacker);
    } else if (kind == LEG_ANNOUNCE) {
        leg.announce.validator = unpack_address(unpacker);
        leg.announce.location = unpack_bytes(unpacker);
        const struct bytes signature = unpack_raw(unpacker, 65);
        if (signature.count == 65) {
            memcpy(leg.announce.signature.bytes, signature.data, 65);
        }
    } else if (kind == LEG_BATCH) {
        leg.batch.contract = unpack_address(unpacker);
        leg.batch.deliveries = unpack_bytes(unpacker);
    } else if (kind == LEG_VENUE) {
        leg.id = unpack_hash(unpacker);
        leg.venue.verb = (enum venue_verb)unpack_u8(unpacker);
        leg.venue.spoke = unpack_address(unpacker);
        leg.venue.index = unpack_u32(unpacker);
        leg.venue.amount = unpack_amount(unpacker);
        leg.venue.deadline_s = unpack_u64(unpacker);
    } else if (kind == LEG_CROSSING) {
        leg.id = unpack_hash(unpacker);
        leg.crossing.spoke = unpack_address(unpacker);
        leg.crossing.bridge = unpack_address(unpacker);
        leg.crossing.destination = unpack_u32(unpacker);
        leg.crossing.token = unpack_address(unpacker);
        leg.crossing.amount = unpack_amount(unpacker);
        leg.crossing.deadline_s = unpack_u64(unpacker);
    } else if (kind == LEG_SETTLE) {
        leg.settle.spoke = unpack_address(unpacker);
        leg.settle.origin = unpack_u32(unpacker);
        leg.settle.token = unpack_address(unpacker);
    } else if (kind == LEG_HUB) {
        leg.id = unpack_hash(unpacker);
        leg.hub.verb = (enum hub_verb)unpack_u8(unpacker);
        leg.hub.contract = unpack_address(unpacker);
        leg.hub.amount = unpack_amount(unpacker);
        leg.hub.deadline_s = unpack_u64(unpacker);
    } else if (kind != LEG_CANCEL) {
        unpacker->underrun = true;
        return leg;
    }
    leg.kind = (enum leg_kind)kind;
    return leg;
}

void plain_pack_transaction(struct packer *packer, const struct plain_transaction *transaction)
{
    pack_u64(packer, transaction->nonce);
    pack_u64(packer, transaction->gas_limit);
    pack_amount(packer, &transaction->fee_max);
    pack_amount(packer, &transaction->priority_fee);
    pack_amount(packer, &transaction->value);
    plain_pack_leg(packer, &transaction->leg);
}

struct plain_transaction plain_unpack_transaction(struct unpacker *unpacker)
{
    struct plain_transaction transaction;

    memset(&transaction, 0, sizeof(transaction));
    transaction.nonce = unpack_u64(unpacker);
    transaction.gas_limit = unpack_u64(unpacker);
    transaction.fee_max = unpack_amount(unpacker);
    transaction.priority_fee = unpack_amount(unpacker);
    transaction.value = unpack_amount(unpacker);
    transaction.leg = plain_unpack_leg(unpacker);
    return transaction;
}

struct hash plain_payload_digest(const struct leg *leg, const struct amount *value, void *memory,
                                 size_t memory_bytes)
{
    struct packer packer = packer_from(memory, memory_bytes);

    pack_amount(&packer, value);
    plain_pack_leg(&packer, leg);
    return sha2_of(packer_finish(&packer));
}
