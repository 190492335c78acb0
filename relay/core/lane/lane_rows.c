/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/lane/lane_rows.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/core/tables.h"

struct bytes lane_key(uint8_t memory[LANE_KEY_BYTES], uint32_t domain, const struct address *key)
{
    struct packer packer = packer_from(memory, LANE_KEY_BYTES);

    pack_u8(&packer, TABLE_LANE);
    pack_u32(&packer, domain);
    pack_address(&packer, key);
    return packer_finish(&packer);
}

struct bytes intent_key(uint8_t memory[INTENT_KEY_BYTES], uint32_t domain,
                        const struct address *key, uint64_t nonce)
{
    struct packer packer = packer_from(memory, INTENT_KEY_BYTES);

    pack_u8(&packer, TABLE_INTENT);
    pack_u32(&packer, domain);
    pack_address(&packer, key);
    pack_u64(&packer, nonce);
    return packer_finish(&packer);
}

struct bytes leg_key(uint8_t memory[LEG_KEY_BYTES], const struct hash *leg_id)
{
    struct packer packer = packer_from(memory, LEG_KEY_BYTES);

    pack_u8(&packer, TABLE_LEG);
    pack_hash(&packer, leg_id);
    return packer_finish(&packer);
}

/* An enum value in one byte; outside its range the reading fails. */
static uint8_t unpack_enum(struct unpacker *unpacker, uint8_t first, uint8_t last)
{
    const uint8_t value = unpack_u8(unpacker);

    if (value < first || value > last) {
        unpacker->underrun = true;
        return first;
    }
    return value;
}

void lane_row_pack(const struct lane_row *lane, struct packer *packer)
{
    pack_u8(packer, (uint8_t)lane->state);
    pack_bool(packer, lane->used);
    pack_bool(packer, lane->adopt);
    pack_u64(packer, lane->next_nonce);
    pack_u64(packer, lane->first_open);
    pack_u32(packer, lane->waiting_count);
    pack_amount(packer, &lane->balance);
    pack_bool(packer, lane->balance_low);
    pack_u64(packer, lane->nonce_latest);
    pack_u64(packer, lane->nonce_final);
    pack_bool(packer, lane->is_legacy);
    pack_amount(packer, &lane->gas_price);
    pack_amount(packer, &lane->priority_usual);
    pack_amount(packer, &lane->priority_hasty);
    pack_instant(packer, lane->asked_at);
    pack_instant(packer, lane->read_at);
    pack_instant(packer, lane->due);
    pack_u64(packer, lane->follow_next);
    pack_u64(packer, lane->resend_next);
    pack_u64(packer, lane->reorg_number);
}

enum status lane_row_unpack(struct bytes bytes, struct lane_row *ret_lane)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct lane_row lane;

    memset(&lane, 0, sizeof(lane));
    lane.state = (enum lane_state)unpack_enum(&unpacker, LANE_UNKNOWN, LANE_FROZEN);
    lane.used = unpack_bool(&unpacker);
    lane.adopt = unpack_bool(&unpacker);
    lane.next_nonce = unpack_u64(&unpacker);
    lane.first_open = unpack_u64(&unpacker);
    lane.waiting_count = unpack_u32(&unpacker);
    lane.balance = unpack_amount(&unpacker);
    lane.balance_low = unpack_bool(&unpacker);
    lane.nonce_latest = unpack_u64(&unpacker);
    lane.nonce_final = unpack_u64(&unpacker);
    lane.is_legacy = unpack_bool(&unpacker);
    lane.gas_price = unpack_amount(&unpacker);
    lane.priority_usual = unpack_amount(&unpacker);
    lane.priority_hasty = unpack_amount(&unpacker);
    lane.asked_at = unpack_instant(&unpacker);
    lane.read_at = unpack_instant(&unpacker);
    lane.due = unpack_instant(&unpacker);
    lane.follow_next = unpack_u64(&unpacker);
    lane.resend_next = unpack_u64(&unpacker);
    lane.reorg_number = unpack_u64(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    *ret_lane = lane;
    return STATUS_OK;
}

void intent_row_pack(const struct intent_row *intent, struct packer *packer)
{
    CHECK(intent->attempts_count <= ATTEMPTS_MAX);

    pack_hash(packer, &intent->leg_id);
    pack_hash(packer, &intent->payload_digest);
    pack_amount(packer, &intent->value);
    pack_u64(packer, intent->gas_limit);
    pack_bool(packer, intent->cancelling);
    pack_bool(packer, intent->owner_told);
    pack_bool(packer, intent->resign);
    pack_u32(packer, intent->sends_count);
    pack_u32(packer, intent->rejections_count);
    pack_u32(packer, intent->unknowns_count);
    pack_instant(packer, intent->since);
    pack_instant(packer, intent->attempt_at);
    pack_instant(packer, intent->act_at);
    pack_u64(packer, intent->asked_block);
    pack_u64(packer, intent->sent_block);
    pack_bool(packer, intent->included);
    pack_u32(packer, intent->included_attempt);
    pack_bool(packer, intent->succeeded);
    pack_bool(packer, intent->told_when_final);
    pack_u64(packer, intent->block_number);
    pack_hash(packer, &intent->block_hash);
    pack_u64(packer, intent->gas_used);
    pack_amount(packer, &intent->gas_price);
    pack_amount(packer, &intent->data_fee);
    pack_u64(packer, intent->receipt_record);
    pack_u32(packer, intent->attempts_count);
    for (uint32_t i = 0; i < intent->attempts_count; i++) {
        const struct attempt *attempt = &intent->attempts[i];
        pack_u8(packer, (uint8_t)attempt->state);
        pack_u32(packer, attempt->number);
        pack_bool(packer, attempt->is_cancel);
        pack_bool(packer, attempt->is_legacy);
        pack_amount(packer, &attempt->fee_per_gas_max);
        pack_amount(packer, &attempt->priority_fee_per_gas);
        pack_hash(packer, &attempt->transaction);
    }
}

static void attempt_unpack(struct unpacker *unpacker, struct attempt *ret_attempt)
{
    ret_attempt->state = (enum attempt_state)unpack_enum(unpacker, ATTEMPT_ASKED, ATTEMPT_REFUSED);
    ret_attempt->number = unpack_u32(unpacker);
    ret_attempt->is_cancel = unpack_bool(unpacker);
    ret_attempt->is_legacy = unpack_bool(unpacker);
    ret_attempt->fee_per_gas_max = unpack_amount(unpacker);
    ret_attempt->priority_fee_per_gas = unpack_amount(unpacker);
    ret_attempt->transaction = unpack_hash(unpacker);
}

enum status intent_row_unpack(struct bytes bytes, struct intent_row *ret_intent)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct intent_row *intent = ret_intent;

    memset(intent, 0, sizeof(*intent));
    intent->leg_id = unpack_hash(&unpacker);
    intent->payload_digest = unpack_hash(&unpacker);
    intent->value = unpack_amount(&unpacker);
    intent->gas_limit = unpack_u64(&unpacker);
    intent->cancelling = unpack_bool(&unpacker);
    intent->owner_told = unpack_bool(&unpacker);
    intent->resign = unpack_bool(&unpacker);
    intent->sends_count = unpack_u32(&unpacker);
    intent->rejections_count = unpack_u32(&unpacker);
    intent->unknowns_count = unpack_u32(&unpacker);
    intent->since = unpack_instant(&unpacker);
    intent->attempt_at = unpack_instant(&unpacker);
    intent->act_at = unpack_instant(&unpacker);
    intent->asked_block = unpack_u64(&unpacker);
    intent->sent_block = unpack_u64(&unpacker);
    intent->included = unpack_bool(&unpacker);
    intent->included_attempt = unpack_u32(&unpacker);
    intent->succeeded = unpack_bool(&unpacker);
    intent->told_when_final = unpack_bool(&unpacker);
    intent->block_number = unpack_u64(&unpacker);
    intent->block_hash = unpack_hash(&unpacker);
    intent->gas_used = unpack_u64(&unpacker);
    intent->gas_price = unpack_amount(&unpacker);
    intent->data_fee = unpack_amount(&unpacker);
    intent->receipt_record = unpack_u64(&unpacker);
    const uint32_t count = unpack_u32(&unpacker);
    if (count == 0 || count > ATTEMPTS_MAX || intent->included_attempt >= count) {
        return STATUS_CORRUPT;
    }
    for (uint32_t i = 0; i < count; i++) {
        attempt_unpack(&unpacker, &intent->attempts[i]);
    }
    intent->attempts_count = count;
    return unpacker_is_done(&unpacker) ? STATUS_OK : STATUS_CORRUPT;
}

void leg_fields_pack(const struct leg *leg, struct packer *packer)
{
    switch (leg->kind) {
    case LEG_PROCESS:
        pack_hash(packer, &leg->process.message_id);
        break;
    case LEG_REBALANCE:
        pack_address(packer, &leg->rebalance.router);
        pack_address(packer, &leg->rebalance.bridge);
        pack_u32(packer, leg->rebalance.destination);
        pack_amount(packer, &leg->rebalance.amount);
        pack_amount(packer, &leg->rebalance.fee_native_max);
        pack_amount(packer, &leg->rebalance.fee_token_max);
        pack_address(packer, &leg->rebalance.guard);
        pack_hash(packer, &leg->rebalance.mandate);
        pack_u64(packer, leg->rebalance.deadline_s);
        break;
    case LEG_ANNOUNCE:
        pack_address(packer, &leg->announce.validator);
        pack_raw(packer, bytes_from(leg->announce.signature.bytes, 65));
        break;
    case LEG_CANCEL:
        break;
    case LEG_BATCH:
        pack_address(packer, &leg->batch.contract);
        break;
    case LEG_VENUE:
        pack_u8(packer, (uint8_t)leg->venue.verb);
        pack_address(packer, &leg->venue.spoke);
        pack_u32(packer, leg->venue.index);
        pack_amount(packer, &leg->venue.amount);
        pack_hash(packer, &leg->venue.mandate);
        pack_u64(packer, leg->venue.deadline_s);
        break;
    case LEG_CROSSING:
        pack_address(packer, &leg->crossing.spoke);
        pack_address(packer, &leg->crossing.bridge);
        pack_u32(packer, leg->crossing.destination);
        pack_address(packer, &leg->crossing.token);
        pack_amount(packer, &leg->crossing.amount);
        pack_amount(packer, &leg->crossing.fee_native_max);
        pack_amount(packer, &leg->crossing.fee_token_max);
        pack_hash(packer, &leg->crossing.mandate);
        pack_u64(packer, leg->crossing.deadline_s);
        break;
    case LEG_SETTLE:
        pack_address(packer, &leg->settle.spoke);
        pack_u32(packer, leg->settle.origin);
        pack_address(packer, &leg->settle.token);
        break;
    case LEG_HUB:
        pack_u8(packer, (uint8_t)leg->hub.verb);
        pack_address(packer, &leg->hub.contract);
        pack_u32(packer, leg->hub.domain);
        pack_hash(packer, &leg->hub.asset);
        pack_address(packer, &leg->hub.token);
        pack_amount(packer, &leg->hub.amount);
        pack_amount(packer, &leg->hub.value);
        pack_hash(packer, &leg->hub.mandate);
        pack_u64(packer, leg->hub.deadline_s);
        break;
    }
}

static void content_pack(const struct leg *leg, bool has_bytes, struct packer *packer)
{
    leg_fields_pack(leg, packer);
    switch (leg->kind) {
    case LEG_PROCESS:
        pack_bytes(packer, has_bytes ? leg->process.metadata : bytes_from(NULL, 0));
        break;
    case LEG_ANNOUNCE:
        pack_bytes(packer, has_bytes ? leg->announce.location : bytes_from(NULL, 0));
        break;
    case LEG_BATCH:
        pack_bytes(packer, has_bytes ? leg->batch.deliveries : bytes_from(NULL, 0));
        break;
    case LEG_REBALANCE:
    case LEG_CANCEL:
    case LEG_VENUE:
    case LEG_CROSSING:
    case LEG_SETTLE:
    case LEG_HUB:
        break;
    }
}

static void content_unpack(struct unpacker *unpacker, struct leg *leg)
{
    struct bytes signature;

    switch (leg->kind) {
    case LEG_PROCESS:
        leg->process.message_id = unpack_hash(unpacker);
        leg->process.metadata = unpack_bytes(unpacker);
        break;
    case LEG_REBALANCE:
        leg->rebalance.router = unpack_address(unpacker);
        leg->rebalance.bridge = unpack_address(unpacker);
        leg->rebalance.destination = unpack_u32(unpacker);
        leg->rebalance.amount = unpack_amount(unpacker);
        leg->rebalance.fee_native_max = unpack_amount(unpacker);
        leg->rebalance.fee_token_max = unpack_amount(unpacker);
        leg->rebalance.guard = unpack_address(unpacker);
        leg->rebalance.mandate = unpack_hash(unpacker);
        leg->rebalance.deadline_s = unpack_u64(unpacker);
        break;
    case LEG_ANNOUNCE:
        leg->announce.validator = unpack_address(unpacker);
        signature = unpack_raw(unpacker, 65);
        if (signature.count == 65) {
            memcpy(leg->announce.signature.bytes, signature.data, 65);
        }
        leg->announce.location = unpack_bytes(unpacker);
        break;
    case LEG_CANCEL:
        break;
    case LEG_BATCH:
        leg->batch.contract = unpack_address(unpacker);
        leg->batch.deliveries = unpack_bytes(unpacker);
        break;
    case LEG_VENUE:
        leg->venue.verb = (enum venue_verb)unpack_enum(unpacker, VENUE_DEPOSIT, VENUE_REPAY);
        leg->venue.spoke = unpack_address(unpacker);
        leg->venue.index = unpack_u32(unpacker);
        leg->venue.amount = unpack_amount(unpacker);
        leg->venue.mandate = unpack_hash(unpacker);
        leg->venue.deadline_s = unpack_u64(unpacker);
        break;
    case LEG_CROSSING:
        leg->crossing.spoke = unpack_address(unpacker);
        leg->crossing.bridge = unpack_address(unpacker);
        leg->crossing.destination = unpack_u32(unpacker);
        leg->crossing.token = unpack_address(unpacker);
        leg->crossing.amount = unpack_amount(unpacker);
        leg->crossing.fee_native_max = unpack_amount(unpacker);
        leg->crossing.fee_token_max = unpack_amount(unpacker);
        leg->crossing.mandate = unpack_hash(unpacker);
        leg->crossing.deadline_s = unpack_u64(unpacker);
        break;
    case LEG_SETTLE:
        leg->settle.spoke = unpack_address(unpacker);
        leg->settle.origin = unpack_u32(unpacker);
        leg->settle.token = unpack_address(unpacker);
        break;
    case LEG_HUB:
        leg->hub.verb = (enum hub_verb)unpack_enum(unpacker, HUB_CLOSE, HUB_PAY);
        leg->hub.contract = unpack_address(unpacker);
        leg->hub.domain = unpack_u32(unpacker);
        leg->hub.asset = unpack_hash(unpacker);
        leg->hub.token = unpack_address(unpacker);
        leg->hub.amount = unpack_amount(unpacker);
        leg->hub.value = unpack_amount(unpacker);
        leg->hub.mandate = unpack_hash(unpacker);
        leg->hub.deadline_s = unpack_u64(unpacker);
        break;
    }
}

/* Members' ids, whole ones, and no more than there may be. */
static bool has_members(const struct leg *leg)
{
    const size_t count = leg->batch.deliveries.count;

    return count % sizeof(struct hash) == 0 && count <= DELIVERIES_MAX * sizeof(struct hash);
}

static enum leg_kind unpack_kind(struct unpacker *unpacker)
{
    const uint8_t kind = unpack_u8(unpacker);

    if ((kind < LEG_PROCESS || kind > LEG_VENUE) && kind != LEG_BATCH && kind != LEG_CROSSING &&
        kind != LEG_SETTLE && kind != LEG_HUB) {
        unpacker->underrun = true;
        return LEG_CANCEL;
    }
    return (enum leg_kind)kind;
}

void leg_row_pack(const struct leg_row *leg, struct packer *packer)
{
    const bool has_bytes = leg->state == LEG_STATE_ASKED || leg->state == LEG_STATE_OPEN ||
                           leg->state == LEG_STATE_BATCHED;

    pack_u8(packer, (uint8_t)leg->state);
    pack_u8(packer, (uint8_t)leg->leg.kind);
    pack_u32(packer, leg->leg.domain);
    pack_address(packer, &leg->leg.key);
    pack_u64(packer, leg->nonce);
    pack_hash(packer, &leg->transaction);
    pack_u64(packer, leg->block_number);
    if (leg->state == LEG_STATE_BATCHED) {
        pack_hash(packer, &leg->batch);
    }
    content_pack(&leg->leg, has_bytes, packer);
}

enum status leg_row_unpack(struct bytes key, struct bytes bytes, struct leg_row *ret_leg)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct unpacker place = unpacker_from(key);
    struct leg_row leg;

    memset(&leg, 0, sizeof(leg));
    (void)unpack_u8(&place);
    leg.leg.id = unpack_hash(&place);
    leg.state = (enum leg_state)unpack_enum(&unpacker, LEG_STATE_ASKED, LEG_STATE_BATCHED);
    leg.leg.kind = unpack_kind(&unpacker);
    leg.leg.domain = unpack_u32(&unpacker);
    leg.leg.key = unpack_address(&unpacker);
    leg.nonce = unpack_u64(&unpacker);
    leg.transaction = unpack_hash(&unpacker);
    leg.block_number = unpack_u64(&unpacker);
    if (leg.state == LEG_STATE_BATCHED) {
        leg.batch = unpack_hash(&unpacker);
    }
    content_unpack(&unpacker, &leg.leg);
    if (!unpacker_is_done(&unpacker) || !unpacker_is_done(&place) ||
        (leg.leg.kind == LEG_BATCH && !has_members(&leg.leg))) {
        return STATUS_CORRUPT;
    }
    *ret_leg = leg;
    return STATUS_OK;
}
