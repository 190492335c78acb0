/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/hyperlane/metadata.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/base/pack.h"

static_assert(sizeof(struct signature) == METADATA_SIGNATURE_BYTES, "signatures are copied whole");

const char *module_type_name(uint8_t type)
{
    switch ((enum module_type)type) {
    case MODULE_UNUSED:
        return "none that can be read";
    case MODULE_ROUTING:
        return "routing";
    case MODULE_AGGREGATION:
        return "aggregation";
    case MODULE_LEGACY_MULTISIG:
        return "legacy multisig";
    case MODULE_MERKLE_ROOT_MULTISIG:
        return "merkle-root multisig";
    case MODULE_MESSAGE_ID_MULTISIG:
        return "message-id multisig";
    case MODULE_NULL:
        return "without metadata";
    case MODULE_CCIP_READ:
        return "offchain lookup";
    case MODULE_ARB_L2_TO_L1:
        return "Arbitrum L2-to-L1";
    case MODULE_WEIGHTED_MERKLE_ROOT_MULTISIG:
        return "weighted merkle-root multisig";
    case MODULE_WEIGHTED_MESSAGE_ID_MULTISIG:
        return "weighted message-id multisig";
    case MODULE_OP_L2_TO_L1:
        return "OP stack L2-to-L1";
    case MODULE_POLYMER:
        return "Polymer";
    }
    return "unknown";
}

static void pack_signatures(struct packer *packer, const struct signature *signatures,
                            uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        pack_raw(packer, bytes_from(signatures[i].bytes, sizeof(signatures[i].bytes)));
    }
}

/* What is left after a head: whole signatures, at least one. */
static enum status take_signatures(const struct unpacker *unpacker,
                                   struct signature signatures[VALIDATORS_MAX], uint32_t *ret_count)
{
    const struct bytes rest = unpacker->rest;
    if (unpacker->underrun || rest.count == 0 || rest.count % METADATA_SIGNATURE_BYTES != 0) {
        return STATUS_MALFORMED;
    }
    if (rest.count / METADATA_SIGNATURE_BYTES > VALIDATORS_MAX) {
        return STATUS_FULL;
    }
    memcpy(signatures, rest.data, rest.count);
    *ret_count = (uint32_t)(rest.count / METADATA_SIGNATURE_BYTES);
    return STATUS_OK;
}

enum status metadata_write_message_id(const struct metadata_message_id *metadata,
                                      struct buffer *buffer)
{
    uint8_t memory[METADATA_MESSAGE_ID_HEAD_BYTES + METADATA_SIGNATURE_BYTES * VALIDATORS_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));

    CHECK(metadata->signatures_count > 0);
    CHECK(metadata->signatures_count <= VALIDATORS_MAX);
    pack_address(&packer, &metadata->tree_hook);
    pack_hash(&packer, &metadata->root);
    pack_u32(&packer, metadata->index);
    pack_signatures(&packer, metadata->signatures, metadata->signatures_count);
    return buffer_append(buffer, packer_finish(&packer));
}

enum status metadata_parse_message_id(struct bytes bytes,
                                      struct signature signatures[VALIDATORS_MAX],
                                      struct metadata_message_id *ret_metadata)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct metadata_message_id metadata;

    metadata.tree_hook = unpack_address(&unpacker);
    metadata.root = unpack_hash(&unpacker);
    metadata.index = unpack_u32(&unpacker);
    metadata.signatures = signatures;
    const enum status status = take_signatures(&unpacker, signatures, &metadata.signatures_count);
    if (status == STATUS_OK) {
        *ret_metadata = metadata;
    }
    return status;
}

enum status metadata_write_merkle_root(const struct metadata_merkle_root *metadata,
                                       struct buffer *buffer)
{
    uint8_t memory[METADATA_MERKLE_ROOT_HEAD_BYTES + METADATA_SIGNATURE_BYTES * VALIDATORS_MAX];
    struct packer packer = packer_from(memory, sizeof(memory));

    CHECK(metadata->signatures_count > 0);
    CHECK(metadata->signatures_count <= VALIDATORS_MAX);
    CHECK(metadata->leaf_index <= metadata->index);
    pack_address(&packer, &metadata->tree_hook);
    pack_u32(&packer, metadata->leaf_index);
    pack_hash(&packer, &metadata->signed_message_id);
    for (uint32_t level = 0; level < MERKLE_DEPTH; level++) {
        pack_hash(&packer, &metadata->proof[level]);
    }
    pack_u32(&packer, metadata->index);
    pack_signatures(&packer, metadata->signatures, metadata->signatures_count);
    return buffer_append(buffer, packer_finish(&packer));
}

enum status metadata_parse_merkle_root(struct bytes bytes,
                                       struct signature signatures[VALIDATORS_MAX],
                                       struct metadata_merkle_root *ret_metadata)
{
    struct unpacker unpacker = unpacker_from(bytes);
    struct metadata_merkle_root metadata;

    metadata.tree_hook = unpack_address(&unpacker);
    metadata.leaf_index = unpack_u32(&unpacker);
    metadata.signed_message_id = unpack_hash(&unpacker);
    for (uint32_t level = 0; level < MERKLE_DEPTH; level++) {
        metadata.proof[level] = unpack_hash(&unpacker);
    }
    metadata.index = unpack_u32(&unpacker);
    metadata.signatures = signatures;
    const enum status status = take_signatures(&unpacker, signatures, &metadata.signatures_count);
    if (status == STATUS_OK) {
        *ret_metadata = metadata;
    }
    return status;
}

enum status metadata_aggregation_begin(struct metadata_aggregation *aggregation, uint32_t count,
                                       struct buffer *buffer)
{
    static const uint8_t left_out[8 * METADATA_PARTS_MAX];

    CHECK(count > 0 && count <= METADATA_PARTS_MAX);
    aggregation->buffer = buffer;
    aggregation->begin = buffer->count;
    return buffer_append(buffer, bytes_from(left_out, (size_t)8 * count));
}

/* Writes where the buffer ends now, counted from the aggregation's begin. */
static void put_end(const struct metadata_aggregation *aggregation, size_t offset)
{
    struct packer packer = packer_from(
        aggregation->buffer->data + aggregation->begin + (size_t)8 * aggregation->part + offset, 4);

    pack_u32(&packer, (uint32_t)(aggregation->buffer->count - aggregation->begin));
}

void metadata_aggregation_part_begin(struct metadata_aggregation *aggregation, uint32_t part)
{
    aggregation->part = part;
    put_end(aggregation, 0);
}

void metadata_aggregation_part_end(struct metadata_aggregation *aggregation)
{
    put_end(aggregation, 4);
}

enum status metadata_parse_aggregation(struct bytes bytes, uint32_t count,
                                       struct metadata_part *ret_parts)
{
    struct unpacker unpacker = unpacker_from(bytes);

    CHECK(count > 0 && count <= METADATA_PARTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t start = unpack_u32(&unpacker);
        const uint32_t end = unpack_u32(&unpacker);
        if (unpacker.underrun || start > end || end > bytes.count ||
            (start > 0 && start < (size_t)8 * count)) {
            return STATUS_MALFORMED;
        }
        ret_parts[i].present = start > 0;
        ret_parts[i].bytes =
            start > 0 ? bytes_from(bytes.data + start, end - start) : bytes_from(NULL, 0);
    }
    return STATUS_OK;
}
