/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/hyperlane/deliveries.h"

#include "relay/base/check.h"
#include "relay/base/pack.h"

#define LENGTHS_BYTES 8u

static_assert(LENGTHS_BYTES <= DELIVERY_EXTRA_BYTES, "a run that fits has room for its lengths");

size_t delivery_size(const struct delivery *delivery)
{
    return delivery->metadata.count + delivery->message.count + DELIVERY_EXTRA_BYTES;
}

enum status deliveries_append(const struct delivery *delivery, struct buffer *buffer)
{
    const size_t count = LENGTHS_BYTES + delivery->metadata.count + delivery->message.count;

    CHECK(buffer->count <= buffer->capacity);
    CHECK(delivery->metadata.count <= METADATA_BYTES_MAX);
    CHECK(delivery->message.count <= MESSAGE_BYTES_MAX);
    if (count > buffer->capacity - buffer->count) {
        return STATUS_FULL;
    }
    struct packer packer = packer_from(buffer->data + buffer->count, count);
    pack_bytes(&packer, delivery->metadata);
    pack_bytes(&packer, delivery->message);
    buffer->count += packer_finish(&packer).count;
    return STATUS_OK;
}

bool deliveries_next(struct bytes *rest, struct delivery *ret_delivery)
{
    struct unpacker unpacker = unpacker_from(*rest);
    const struct bytes metadata = unpack_bytes(&unpacker);
    const struct bytes message = unpack_bytes(&unpacker);

    if (unpacker.underrun || metadata.count > METADATA_BYTES_MAX ||
        message.count > MESSAGE_BYTES_MAX) {
        return false;
    }
    *ret_delivery = (struct delivery){.metadata = metadata, .message = message};
    *rest = unpacker.rest;
    return true;
}

enum status deliveries_check(struct bytes run, uint32_t *ret_count)
{
    struct delivery delivery;
    size_t size = 0;
    uint32_t count = 0;

    while (run.count > 0) {
        if (count == DELIVERIES_MAX || !deliveries_next(&run, &delivery)) {
            return STATUS_MALFORMED;
        }
        size += delivery_size(&delivery);
        count++;
    }
    if (count < 2 || size > DELIVERIES_BYTES_MAX) {
        return STATUS_MALFORMED;
    }
    *ret_count = count;
    return STATUS_OK;
}
