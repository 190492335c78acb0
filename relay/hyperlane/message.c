/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/hyperlane/message.h"

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/pack.h"

enum status message_parse(struct bytes message, struct message_view *ret_view)
{
    struct unpacker unpacker = unpacker_from(message);
    struct message_view view;

    if (message.count < MESSAGE_BYTES_MIN) {
        return STATUS_MALFORMED;
    }
    view.version = unpack_u8(&unpacker);
    view.nonce = unpack_u32(&unpacker);
    view.origin = unpack_u32(&unpacker);
    view.sender = unpack_address(&unpacker);
    view.destination = unpack_u32(&unpacker);
    view.recipient = unpack_address(&unpacker);
    CHECK(!unpacker.underrun);
    view.body = unpacker.rest;
    if (view.version != MESSAGE_VERSION) {
        return STATUS_MALFORMED;
    }
    *ret_view = view;
    return STATUS_OK;
}

enum status message_write(const struct message_view *view, struct buffer *buffer)
{
    uint8_t head[MESSAGE_BYTES_MIN];
    struct packer packer = packer_from(head, sizeof(head));

    CHECK(buffer->count <= buffer->capacity);
    if (view->body.count > SIZE_MAX - sizeof(head) ||
        sizeof(head) + view->body.count > buffer->capacity - buffer->count) {
        return STATUS_FULL;
    }
    pack_u8(&packer, view->version);
    pack_u32(&packer, view->nonce);
    pack_u32(&packer, view->origin);
    pack_address(&packer, &view->sender);
    pack_u32(&packer, view->destination);
    pack_address(&packer, &view->recipient);
    const struct bytes written = packer_finish(&packer);
    CHECK(written.count == sizeof(head));
    const enum status head_status = buffer_append(buffer, written);
    CHECK(head_status == STATUS_OK);
    const enum status body_status = buffer_append(buffer, view->body);
    CHECK(body_status == STATUS_OK);
    return STATUS_OK;
}

struct hash message_id(struct bytes message)
{
    return keccak256(message);
}
