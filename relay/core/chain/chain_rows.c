/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/chain/chain_rows.h"

#include <string.h>

#include "relay/core/tables.h"

struct bytes chain_key(uint8_t memory[CHAIN_KEY_BYTES], uint32_t domain)
{
    struct packer key = packer_from(memory, CHAIN_KEY_BYTES);

    pack_u8(&key, TABLE_CHAIN);
    pack_u32(&key, domain);
    return packer_finish(&key);
}

void chain_row_pack(const struct chain_row *chain, struct packer *packer)
{
    pack_u64(packer, chain->head_number);
    pack_hash(packer, &chain->head_hash);
    pack_u64(packer, chain->head_time_s);
    pack_amount(packer, &chain->base_fee);
    pack_u64(packer, chain->final_number);
    pack_hash(packer, &chain->final_hash);
    pack_u64(packer, chain->target_number);
    pack_hash(packer, &chain->target_hash);
    pack_u64(packer, chain->applied_number);
    pack_hash(packer, &chain->applied_hash);
    pack_bool(packer, chain->applied_any);
    pack_u64(packer, chain->cursor_number);
    pack_u32(packer, chain->cursor_index);
    pack_u32(packer, chain->round);
    pack_bool(packer, chain->watch_wanted);
    pack_u16(packer, (uint16_t)chain->stopped);
    pack_instant(packer, chain->since);
    pack_bool(packer, chain->no_quorum);
}

enum status chain_row_unpack(struct bytes bytes, struct chain_row *ret_chain)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct chain_row chain;

    memset(&chain, 0, sizeof(chain));
    chain.head_number = unpack_u64(&unpacker);
    chain.head_hash = unpack_hash(&unpacker);
    chain.head_time_s = unpack_u64(&unpacker);
    chain.base_fee = unpack_amount(&unpacker);
    chain.final_number = unpack_u64(&unpacker);
    chain.final_hash = unpack_hash(&unpacker);
    chain.target_number = unpack_u64(&unpacker);
    chain.target_hash = unpack_hash(&unpacker);
    chain.applied_number = unpack_u64(&unpacker);
    chain.applied_hash = unpack_hash(&unpacker);
    chain.applied_any = unpack_bool(&unpacker);
    chain.cursor_number = unpack_u64(&unpacker);
    chain.cursor_index = unpack_u32(&unpacker);
    chain.round = unpack_u32(&unpacker);
    chain.watch_wanted = unpack_bool(&unpacker);
    chain.stopped = (enum reason)unpack_u16(&unpacker);
    chain.since = unpack_instant(&unpacker);
    chain.no_quorum = unpack_bool(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    *ret_chain = chain;
    return STATUS_OK;
}

struct bytes past_key(uint8_t memory[CHAIN_KEY_BYTES], uint32_t domain)
{
    struct packer key = packer_from(memory, CHAIN_KEY_BYTES);

    pack_u8(&key, TABLE_PAST);
    pack_u32(&key, domain);
    return packer_finish(&key);
}

struct bytes past_row_pack(uint8_t memory[PAST_ROW_BYTES], const struct past_row *past)
{
    struct packer row = packer_from(memory, PAST_ROW_BYTES);

    pack_u64(&row, past->first);
    pack_u64(&row, past->next_number);
    pack_u32(&row, past->next_index);
    pack_u64(&row, past->end);
    pack_u64(&row, past->facts_count);
    pack_instant(&row, past->since);
    pack_u64(&row, past->since_number);
    pack_instant(&row, past->told_at);
    pack_u32(&row, past->mended_leaves);
    pack_bool(&row, past->mending);
    return packer_finish(&row);
}

enum status past_row_unpack(struct bytes bytes, struct past_row *ret_past)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct past_row past;

    memset(&past, 0, sizeof(past));
    past.first = unpack_u64(&unpacker);
    past.next_number = unpack_u64(&unpacker);
    past.next_index = unpack_u32(&unpacker);
    past.end = unpack_u64(&unpacker);
    past.facts_count = unpack_u64(&unpacker);
    past.since = unpack_instant(&unpacker);
    past.since_number = unpack_u64(&unpacker);
    past.told_at = unpack_instant(&unpacker);
    past.mended_leaves = unpack_u32(&unpacker);
    past.mending = unpack_bool(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    *ret_past = past;
    return STATUS_OK;
}

struct past_progress past_progress(const struct past_row *past, struct instant now)
{
    const uint64_t ms = now.ns > past->since.ns ? (now.ns - past->since.ns) / 1000000u : 0;
    const uint64_t read = past->next_number - past->since_number;
    struct past_progress progress = {
        .blocks_read = past->next_number - past->first,
        .blocks_count = past->end - past->first,
    };

    progress.blocks_per_s = ms > 0 && read <= UINT64_MAX / 1000 ? read * 1000 / ms : 0;
    progress.is_rate_known = progress.blocks_per_s > 0;
    if (progress.is_rate_known) {
        progress.seconds_left = (past->end - past->next_number) / progress.blocks_per_s;
    }
    return progress;
}

struct bytes calls_key(uint8_t memory[CALLS_KEY_BYTES], uint32_t domain, uint32_t endpoint)
{
    struct packer key = packer_from(memory, CALLS_KEY_BYTES);

    pack_u8(&key, TABLE_CALLS);
    pack_u32(&key, domain);
    pack_u32(&key, endpoint);
    return packer_finish(&key);
}

struct bytes calls_row_pack(uint8_t memory[CALLS_ROW_BYTES], const struct calls_row *calls)
{
    struct packer row = packer_from(memory, CALLS_ROW_BYTES);

    pack_u64(&row, calls->day);
    pack_u64(&row, calls->spent);
    return packer_finish(&row);
}

enum status calls_row_unpack(struct bytes bytes, struct calls_row *ret_calls)
{
    struct unpacker unpacker = unpacker_from(bytes);
    const struct calls_row calls = {.day = unpack_u64(&unpacker), .spent = unpack_u64(&unpacker)};

    if (!unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    *ret_calls = calls;
    return STATUS_OK;
}
