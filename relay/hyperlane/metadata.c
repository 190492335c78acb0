/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/hyperlane/metadata.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/base/pack.h"

static_assert(sizeof(struct signature) == METADATA_SIGNATURE_BYTES, "signatures are copied whole");

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
    for (uint32_t i = 0; i < metadata->signatures_count; i++) {
        pack_raw(&packer,
                 bytes_from(metadata->signatures[i].bytes, sizeof(metadata->signatures[i].bytes)));
    }
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
    const struct bytes rest = unpacker.rest;
    if (unpacker.underrun || rest.count == 0 || rest.count % METADATA_SIGNATURE_BYTES != 0) {
        return STATUS_MALFORMED;
    }
    if (rest.count / METADATA_SIGNATURE_BYTES > VALIDATORS_MAX) {
        return STATUS_FULL;
    }
    memcpy(signatures, rest.data, rest.count);
    metadata.signatures = signatures;
    metadata.signatures_count = (uint32_t)(rest.count / METADATA_SIGNATURE_BYTES);
    *ret_metadata = metadata;
    return STATUS_OK;
}
