/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a signer's peer: frames cut out of a stream at places that the input chooses, decoded as
 * requests and as replies. What decodes must encode to bytes that decode to the same bytes again.
 */
#include <string.h>

#include "proto/wire.h"
#include "relay/base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

static struct wire_arena arena;
static uint8_t reader_memory[WIRE_READER_BYTES];
static uint8_t first_memory[WIRE_READER_BYTES];
static uint8_t second_memory[WIRE_READER_BYTES];

static struct bytes body_of(const struct buffer *buffer)
{
    return bytes_from(buffer->data + WIRE_HEADER_BYTES, buffer->count - WIRE_HEADER_BYTES);
}

static void try_request(struct bytes frame)
{
    struct wire_request request;
    struct buffer first = buffer_from(first_memory, sizeof(first_memory));
    struct buffer second = buffer_from(second_memory, sizeof(second_memory));
    if (wire_decode_request(frame, &arena, &request) != STATUS_OK) {
        return;
    }
    enum status status = wire_encode_request(&request, &first);
    CHECK(status == STATUS_OK);
    status = wire_decode_request(body_of(&first), &arena, &request);
    CHECK(status == STATUS_OK);
    status = wire_encode_request(&request, &second);
    CHECK(status == STATUS_OK);
    CHECK(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
}

static void try_reply(struct bytes frame)
{
    struct wire_reply reply;
    struct buffer first = buffer_from(first_memory, sizeof(first_memory));
    struct buffer second = buffer_from(second_memory, sizeof(second_memory));
    if (wire_decode_reply(frame, &arena, &reply) != STATUS_OK) {
        return;
    }
    enum status status = wire_encode_reply(&reply, &first);
    CHECK(status == STATUS_OK);
    status = wire_decode_reply(body_of(&first), &arena, &reply);
    CHECK(status == STATUS_OK);
    status = wire_encode_reply(&reply, &second);
    CHECK(status == STATUS_OK);
    CHECK(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
}

/* The first byte says how many bytes arrive at once. */
static void try_stream(size_t step, struct bytes stream)
{
    struct wire_reader reader;
    size_t sent = 0;
    wire_reader_init(&reader, reader_memory, sizeof(reader_memory));
    while (sent < stream.count) {
        uint8_t *space;
        struct bytes frame;
        size_t arrived = wire_reader_space(&reader, &space);
        CHECK(arrived > 0);
        arrived = step < arrived ? step : arrived;
        arrived = stream.count - sent < arrived ? stream.count - sent : arrived;
        memcpy(space, stream.data + sent, arrived);
        wire_reader_arrived(&reader, arrived);
        sent += arrived;
        enum status status = wire_reader_next(&reader, &frame);
        while (status == STATUS_OK) {
            try_request(frame);
            try_reply(frame);
            status = wire_reader_next(&reader, &frame);
        }
        if (status == STATUS_MALFORMED) {
            return;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    if (count < 2) {
        return 0;
    }
    try_request(bytes_from(data + 1, count - 1));
    try_reply(bytes_from(data + 1, count - 1));
    try_stream(1 + (size_t)data[0], bytes_from(data + 1, count - 1));
    return 0;
}
