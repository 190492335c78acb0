/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/tree/tree_rows.h"

#include <string.h>

#include "relay/core/tables.h"

struct bytes tree_key(uint8_t memory[TREE_KEY_BYTES], uint32_t domain, enum tree_part part)
{
    struct packer key = packer_from(memory, TREE_KEY_BYTES);

    pack_u8(&key, TABLE_TREE);
    pack_u32(&key, domain);
    pack_u8(&key, (uint8_t)part);
    return packer_finish(&key);
}

struct bytes leaf_index_key(uint8_t memory[LEAF_KEY_BYTES_MAX], uint32_t domain, uint32_t index)
{
    struct packer key = packer_from(memory, LEAF_KEY_BYTES_MAX);

    pack_u8(&key, TABLE_LEAF);
    pack_u32(&key, domain);
    pack_u8(&key, 1);
    pack_u32(&key, index);
    return packer_finish(&key);
}

struct bytes leaf_id_key(uint8_t memory[LEAF_KEY_BYTES_MAX], uint32_t domain,
                         const struct hash *message_id)
{
    struct packer key = packer_from(memory, LEAF_KEY_BYTES_MAX);

    pack_u8(&key, TABLE_LEAF);
    pack_u32(&key, domain);
    pack_u8(&key, 2);
    pack_hash(&key, message_id);
    return packer_finish(&key);
}

struct bytes leaves_count_key(uint8_t memory[LEAF_KEY_BYTES_MAX], uint32_t domain)
{
    struct packer key = packer_from(memory, LEAF_KEY_BYTES_MAX);

    pack_u8(&key, TABLE_LEAF);
    pack_u32(&key, domain);
    pack_u8(&key, 4);
    return packer_finish(&key);
}

struct bytes node_key(uint8_t memory[NODE_KEY_BYTES], uint32_t domain, uint32_t level,
                      uint32_t index)
{
    struct packer key = packer_from(memory, NODE_KEY_BYTES);

    pack_u8(&key, TABLE_LEAF);
    pack_u32(&key, domain);
    pack_u8(&key, 3);
    pack_u8(&key, (uint8_t)level);
    pack_u32(&key, index);
    return packer_finish(&key);
}

struct bytes signed_key(uint8_t memory[SIGNED_KEY_BYTES], uint32_t domain, uint32_t index)
{
    struct packer key = packer_from(memory, SIGNED_KEY_BYTES);

    pack_u8(&key, TABLE_SIGNED);
    pack_u32(&key, domain);
    pack_u32(&key, index);
    return packer_finish(&key);
}

void tree_row_pack(const struct tree_row *tree, struct packer *packer)
{
    pack_u16(packer, (uint16_t)tree->halted);
    pack_instant(packer, tree->since);
    pack_instant(packer, tree->due);
    pack_u32(packer, tree->verified_count);
    pack_u32(packer, tree->published_count);
    pack_instant(packer, tree->asked_at);
    pack_u64(packer, tree->asked_number);
    pack_hash(packer, &tree->asked_hash);
    pack_u32(packer, tree->asked_count);
    pack_hash(packer, &tree->asked_root);
    pack_bool(packer, tree->publish_failed);
    pack_u8(packer, (uint8_t)tree->flag);
    pack_instant(packer, tree->flag_asked_at);
    pack_hash(packer, &tree->flag_local);
    pack_hash(packer, &tree->flag_canonical);
    pack_u32(packer, tree->flag_index);
    pack_u64(packer, tree->flag_time_s);
    merkle_tree_pack(&tree->tree, packer);
}

enum status tree_row_unpack(struct bytes bytes, struct tree_row *ret_tree)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct tree_row *tree = ret_tree;

    memset(tree, 0, sizeof(*tree));
    tree->halted = (enum reason)unpack_u16(&unpacker);
    tree->since = unpack_instant(&unpacker);
    tree->due = unpack_instant(&unpacker);
    tree->verified_count = unpack_u32(&unpacker);
    tree->published_count = unpack_u32(&unpacker);
    tree->asked_at = unpack_instant(&unpacker);
    tree->asked_number = unpack_u64(&unpacker);
    tree->asked_hash = unpack_hash(&unpacker);
    tree->asked_count = unpack_u32(&unpacker);
    tree->asked_root = unpack_hash(&unpacker);
    tree->publish_failed = unpack_bool(&unpacker);
    const uint8_t flag = unpack_u8(&unpacker);
    tree->flag = (enum flag_state)(flag <= FLAG_UP ? flag : FLAG_DOWN);
    tree->flag_asked_at = unpack_instant(&unpacker);
    tree->flag_local = unpack_hash(&unpacker);
    tree->flag_canonical = unpack_hash(&unpacker);
    tree->flag_index = unpack_u32(&unpacker);
    tree->flag_time_s = unpack_u64(&unpacker);
    merkle_tree_unpack(&unpacker, &tree->tree);
    return flag <= FLAG_UP && unpacker_is_done(&unpacker) ? STATUS_OK : STATUS_CORRUPT;
}

void signed_row_pack(const struct signed_row *row, struct packer *packer)
{
    pack_u8(packer, (uint8_t)row->state);
    pack_instant(packer, row->asked_at);
    pack_hash(packer, &row->checkpoint.root);
    pack_hash(packer, &row->checkpoint.message_id);
    pack_raw(packer, bytes_from(row->signature.bytes, sizeof(row->signature.bytes)));
}

enum status signed_row_unpack(struct bytes bytes, uint32_t index, struct signed_row *ret_row)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct signed_row row;

    memset(&row, 0, sizeof(row));
    const uint8_t state = unpack_u8(&unpacker);
    row.asked_at = unpack_instant(&unpacker);
    row.checkpoint.root = unpack_hash(&unpacker);
    row.checkpoint.index = index;
    row.checkpoint.message_id = unpack_hash(&unpacker);
    const struct bytes signature = unpack_raw(&unpacker, sizeof(row.signature.bytes));
    if (!unpacker_is_done(&unpacker) || state < SIGNED_ASKED || state > SIGNED_PUBLISHED) {
        return STATUS_CORRUPT;
    }
    row.state = (enum signed_state)state;
    memcpy(row.signature.bytes, signature.data, sizeof(row.signature.bytes));
    *ret_row = row;
    return STATUS_OK;
}

void announcement_row_pack(const struct announcement_row *row, struct packer *packer)
{
    pack_u8(packer, (uint8_t)row->state);
    pack_bool(packer, row->published);
    pack_instant(packer, row->act_at);
    pack_u32(packer, row->legs_count);
    pack_raw(packer, bytes_from(row->signature.bytes, sizeof(row->signature.bytes)));
    pack_u16(packer, (uint16_t)row->reason);
}

enum status announcement_row_unpack(struct bytes bytes, struct announcement_row *ret_row)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct announcement_row row;

    memset(&row, 0, sizeof(row));
    const uint8_t state = unpack_u8(&unpacker);
    row.published = unpack_bool(&unpacker);
    row.act_at = unpack_instant(&unpacker);
    row.legs_count = unpack_u32(&unpacker);
    const struct bytes signature = unpack_raw(&unpacker, sizeof(row.signature.bytes));
    row.reason = (enum reason)unpack_u16(&unpacker);
    if (!unpacker_is_done(&unpacker) || state < ANNOUNCEMENT_SIGNING || state > ANNOUNCEMENT_DONE) {
        return STATUS_CORRUPT;
    }
    row.state = (enum announcement_state)state;
    memcpy(row.signature.bytes, signature.data, sizeof(row.signature.bytes));
    *ret_row = row;
    return STATUS_OK;
}

void begin_row_pack(const struct begin_row *begin, struct packer *packer)
{
    pack_u8(packer, (uint8_t)begin->state);
    pack_instant(packer, begin->asked_at);
    pack_u32(packer, begin->failures);
    pack_u64(packer, begin->number);
    pack_hash(packer, &begin->hash);
    pack_u32(packer, begin->count);
    merkle_tree_pack(&begin->tree, packer);
}

enum status begin_row_unpack(struct bytes bytes, struct begin_row *ret_begin)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct begin_row begin;

    memset(&begin, 0, sizeof(begin));
    const uint8_t state = unpack_u8(&unpacker);
    begin.asked_at = unpack_instant(&unpacker);
    begin.failures = unpack_u32(&unpacker);
    begin.number = unpack_u64(&unpacker);
    begin.hash = unpack_hash(&unpacker);
    begin.count = unpack_u32(&unpacker);
    merkle_tree_unpack(&unpacker, &begin.tree);
    if (!unpacker_is_done(&unpacker) || state < BEGIN_ASKED || state > BEGIN_DONE) {
        return STATUS_CORRUPT;
    }
    begin.state = (enum begin_state)state;
    *ret_begin = begin;
    return STATUS_OK;
}

struct bytes sure_row_pack(uint8_t memory[SURE_ROW_BYTES], const struct sure_row *sure)
{
    struct packer row = packer_from(memory, SURE_ROW_BYTES);

    pack_instant(&row, sure->asked_at);
    pack_u64(&row, sure->asked_number);
    pack_hash(&row, &sure->asked_hash);
    pack_u64(&row, sure->number);
    pack_u32(&row, sure->count);
    return packer_finish(&row);
}

enum status sure_row_unpack(struct bytes bytes, struct sure_row *ret_sure)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct sure_row sure;

    memset(&sure, 0, sizeof(sure));
    sure.asked_at = unpack_instant(&unpacker);
    sure.asked_number = unpack_u64(&unpacker);
    sure.asked_hash = unpack_hash(&unpacker);
    sure.number = unpack_u64(&unpacker);
    sure.count = unpack_u32(&unpacker);
    if (!unpacker_is_done(&unpacker)) {
        return STATUS_CORRUPT;
    }
    *ret_sure = sure;
    return STATUS_OK;
}
