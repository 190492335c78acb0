/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "relay/core/capital/hubs.h"
#include "relay/core/tables.h"

struct bytes hub_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const struct core_hub *hub)
{
    struct packer packer = packer_from(memory, CAPITAL_KEY_BYTES_MAX);

    pack_u8(&packer, TABLE_POSITION);
    pack_u8(&packer, 5);
    pack_u32(&packer, hub->domain);
    pack_address(&packer, &hub->hub);
    return packer_finish(&packer);
}

struct bytes hub_report_key(uint8_t memory[CAPITAL_KEY_BYTES_MAX], const struct core_hub *hub,
                            uint32_t domain)
{
    struct packer packer = packer_from(memory, CAPITAL_KEY_BYTES_MAX);

    pack_u8(&packer, TABLE_POSITION);
    pack_u8(&packer, 6);
    pack_u32(&packer, hub->domain);
    pack_address(&packer, &hub->hub);
    pack_u32(&packer, domain);
    return packer_finish(&packer);
}

static void state_pack(struct packer *packer, const struct hub_state *state)
{
    pack_address(packer, &state->hub);
    pack_amount(packer, &state->reserve);
    pack_amount(packer, &state->pending);
    pack_amount(packer, &state->owed);
    pack_amount(packer, &state->supply);
    pack_amount(packer, &state->price);
    pack_u64(packer, state->round);
    pack_u64(packer, state->settled);
    pack_amount(packer, &state->round_assets);
    pack_amount(packer, &state->round_shares);
    pack_u64(packer, state->closed_at_s);
    pack_u32(packer, state->skew_max_s);
    pack_bool(packer, state->paused);
    pack_hash(packer, &state->mandate);
    pack_bool(packer, state->is_priced);
    pack_amount(packer, &state->low);
    pack_amount(packer, &state->high);
    pack_hash(packer, &state->asset);
}

static void state_unpack(struct unpacker *unpacker, struct hub_state *ret_state)
{
    ret_state->hub = unpack_address(unpacker);
    ret_state->reserve = unpack_amount(unpacker);
    ret_state->pending = unpack_amount(unpacker);
    ret_state->owed = unpack_amount(unpacker);
    ret_state->supply = unpack_amount(unpacker);
    ret_state->price = unpack_amount(unpacker);
    ret_state->round = unpack_u64(unpacker);
    ret_state->settled = unpack_u64(unpacker);
    ret_state->round_assets = unpack_amount(unpacker);
    ret_state->round_shares = unpack_amount(unpacker);
    ret_state->closed_at_s = unpack_u64(unpacker);
    ret_state->skew_max_s = unpack_u32(unpacker);
    ret_state->paused = unpack_bool(unpacker);
    ret_state->mandate = unpack_hash(unpacker);
    ret_state->is_priced = unpack_bool(unpacker);
    ret_state->low = unpack_amount(unpacker);
    ret_state->high = unpack_amount(unpacker);
    ret_state->asset = unpack_hash(unpacker);
}

void hub_row_pack(struct packer *packer, const struct hub_row *row)
{
    pack_u64(packer, row->block);
    pack_instant(packer, row->at);
    state_pack(packer, &row->state);
    pack_hash(packer, &row->leg);
    pack_u8(packer, (uint8_t)row->verb);
    pack_bool(packer, row->taken);
    pack_amount(packer, &row->amount);
    pack_u64(packer, row->deadline_s);
    pack_u64(packer, row->not_before);
    pack_u64(packer, row->reports_after_s);
    pack_instant(packer, row->closed_at);
    pack_u32(packer, (uint32_t)row->reason);
    pack_instant(packer, row->since);
    pack_raw(packer, bytes_from((const uint8_t *)row->words, sizeof(row->words)));
}

bool hub_row_unpack(struct bytes bytes, struct hub_row *ret_row)
{
    struct unpacker unpacker = unpacker_from(bytes);

    memset(ret_row, 0, sizeof(*ret_row));
    ret_row->block = unpack_u64(&unpacker);
    ret_row->at = unpack_instant(&unpacker);
    state_unpack(&unpacker, &ret_row->state);
    ret_row->leg = unpack_hash(&unpacker);
    const uint8_t verb = unpack_u8(&unpacker);
    unpacker.underrun |= verb > HUB_PAY;
    ret_row->verb = verb > HUB_PAY ? HUB_NOTHING : (enum hub_verb)verb;
    ret_row->taken = unpack_bool(&unpacker);
    ret_row->amount = unpack_amount(&unpacker);
    ret_row->deadline_s = unpack_u64(&unpacker);
    ret_row->not_before = unpack_u64(&unpacker);
    ret_row->reports_after_s = unpack_u64(&unpacker);
    ret_row->closed_at = unpack_instant(&unpacker);
    ret_row->reason = (enum reason)unpack_u32(&unpacker);
    ret_row->since = unpack_instant(&unpacker);
    const struct bytes words = unpack_raw(&unpacker, sizeof(ret_row->words));
    if (words.count == sizeof(ret_row->words)) {
        memcpy(ret_row->words, words.data, words.count);
    }
    return unpacker_is_done(&unpacker) && ret_row->words[sizeof(ret_row->words) - 1] == '\0';
}

void hub_report_row_pack(struct packer *packer, const struct hub_report_row *row)
{
    pack_u64(packer, row->sequence);
    pack_u64(packer, row->time_s);
    pack_bool(packer, row->jumped);
    pack_instant(packer, row->asked_at);
    pack_u32(packer, row->attempts);
    pack_hash(packer, &row->leg);
    pack_u64(packer, row->deadline_s);
    pack_bool(packer, row->taken);
}

bool hub_report_row_unpack(struct bytes bytes, struct hub_report_row *ret_row)
{
    struct unpacker unpacker = unpacker_from(bytes);

    memset(ret_row, 0, sizeof(*ret_row));
    ret_row->sequence = unpack_u64(&unpacker);
    ret_row->time_s = unpack_u64(&unpacker);
    ret_row->jumped = unpack_bool(&unpacker);
    ret_row->asked_at = unpack_instant(&unpacker);
    ret_row->attempts = unpack_u32(&unpacker);
    ret_row->leg = unpack_hash(&unpacker);
    ret_row->deadline_s = unpack_u64(&unpacker);
    ret_row->taken = unpack_bool(&unpacker);
    return unpacker_is_done(&unpacker);
}
