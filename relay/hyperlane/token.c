/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/hyperlane/token.h"

#include "relay/base/check.h"
#include "relay/base/pack.h"

enum status token_message_parse(struct bytes body, struct token_message *ret_message)
{
    struct unpacker unpacker = unpacker_from(body);
    struct token_message message;

    message.recipient = unpack_address(&unpacker);
    message.amount = unpack_amount(&unpacker);
    if (unpacker.underrun) {
        return STATUS_MALFORMED;
    }
    message.metadata = unpacker.rest;
    *ret_message = message;
    return STATUS_OK;
}

enum status token_message_write(const struct token_message *message, struct buffer *buffer)
{
    uint8_t head[TOKEN_MESSAGE_BYTES_MIN];
    struct packer packer = packer_from(head, sizeof(head));

    CHECK(buffer->count <= buffer->capacity);
    if (message->metadata.count > SIZE_MAX - sizeof(head) ||
        sizeof(head) + message->metadata.count > buffer->capacity - buffer->count) {
        return STATUS_FULL;
    }
    pack_address(&packer, &message->recipient);
    pack_amount(&packer, &message->amount);
    const enum status head_status = buffer_append(buffer, packer_finish(&packer));
    CHECK(head_status == STATUS_OK);
    const enum status tail_status = buffer_append(buffer, message->metadata);
    CHECK(tail_status == STATUS_OK);
    return STATUS_OK;
}
