/* SPDX-License-Identifier: Apache-2.0 */
#include "chains/evm/rlp.h"

#include "relay/base/check.h"

/* First byte of an item: below it a single byte; then short strings, long strings, short lists,
 * long lists. */
enum {
    RLP_STRING = 0x80,
    RLP_STRING_LONG = 0xb7,
    RLP_LIST = 0xc0,
    RLP_LIST_LONG = 0xf7,
    RLP_SHORT_MAX = 55,
};

static size_t length_bytes(size_t value)
{
    size_t count = 0;

    for (; value != 0; value >>= 8) {
        count++;
    }
    return count;
}

static size_t header_size(size_t payload_size)
{
    return payload_size <= RLP_SHORT_MAX ? 1 : 1 + length_bytes(payload_size);
}

static bool is_own_header(struct bytes value)
{
    return value.count == 1 && value.data[0] < RLP_STRING;
}

size_t rlp_bytes_size(struct bytes value)
{
    return is_own_header(value) ? 1 : header_size(value.count) + value.count;
}

size_t rlp_list_size(size_t payload_size)
{
    return header_size(payload_size) + payload_size;
}

/* Integers are big-endian without leading zeros; zero is the empty string. */
static struct bytes integer_bytes(const uint8_t big_endian[32])
{
    size_t skip = 0;

    while (skip < 32 && big_endian[skip] == 0) {
        skip++;
    }
    return bytes_from(big_endian + skip, 32 - skip);
}

size_t rlp_amount_size(const struct amount *value)
{
    uint8_t big_endian[32];

    amount_to_be(value, big_endian);
    return rlp_bytes_size(integer_bytes(big_endian));
}

size_t rlp_u64_size(uint64_t value)
{
    const struct amount amount = amount_from_u64(value);

    return rlp_amount_size(&amount);
}

static enum status write_header(struct buffer *buffer, size_t payload_size, uint8_t short_base)
{
    uint8_t header[1 + sizeof(size_t)];
    size_t count = 1;

    if (payload_size <= RLP_SHORT_MAX) {
        header[0] = (uint8_t)(short_base + payload_size);
    } else {
        const size_t width = length_bytes(payload_size);
        header[0] = (uint8_t)(short_base + RLP_SHORT_MAX + width);
        for (size_t i = 0; i < width; i++) {
            header[count++] = (uint8_t)(payload_size >> (8 * (width - 1 - i)));
        }
    }
    return buffer_append(buffer, bytes_from(header, count));
}

enum status rlp_write_bytes(struct buffer *buffer, struct bytes value)
{
    CHECK(buffer->count <= buffer->capacity);
    if (rlp_bytes_size(value) > buffer->capacity - buffer->count) {
        return STATUS_FULL;
    }
    if (!is_own_header(value)) {
        const enum status status = write_header(buffer, value.count, RLP_STRING);
        CHECK(status == STATUS_OK); /* room was checked above */
    }
    return buffer_append(buffer, value);
}

enum status rlp_write_amount(struct buffer *buffer, const struct amount *value)
{
    uint8_t big_endian[32];

    amount_to_be(value, big_endian);
    return rlp_write_bytes(buffer, integer_bytes(big_endian));
}

enum status rlp_write_u64(struct buffer *buffer, uint64_t value)
{
    const struct amount amount = amount_from_u64(value);

    return rlp_write_amount(buffer, &amount);
}

enum status rlp_write_list(struct buffer *buffer, size_t payload_size)
{
    return write_header(buffer, payload_size, RLP_LIST);
}

struct rlp_reader rlp_reader_from(struct bytes input)
{
    return (struct rlp_reader){.rest = input, .malformed = false};
}

static struct bytes take(struct rlp_reader *reader, size_t count)
{
    if (reader->malformed || count > reader->rest.count) {
        reader->malformed = true;
        return bytes_from(NULL, 0);
    }
    const struct bytes taken = bytes_from(reader->rest.data, count);
    reader->rest = bytes_from(reader->rest.data + count, reader->rest.count - count);
    return taken;
}

/* The payload after a header byte that is at or above `short_base`. */
static struct bytes take_payload(struct rlp_reader *reader, uint8_t first, uint8_t short_base)
{
    const size_t form = (size_t)(first - short_base);
    size_t count = 0;

    if (form <= RLP_SHORT_MAX) {
        return take(reader, form);
    }
    const struct bytes width = take(reader, form - RLP_SHORT_MAX);
    if (width.count == 0 || width.count > sizeof(uint32_t) || width.data[0] == 0) {
        reader->malformed = true;
        return bytes_from(NULL, 0);
    }
    for (size_t i = 0; i < width.count; i++) {
        count = count << 8 | width.data[i];
    }
    if (count <= RLP_SHORT_MAX) {
        reader->malformed = true;
        return bytes_from(NULL, 0);
    }
    return take(reader, count);
}

struct bytes rlp_read_bytes(struct rlp_reader *reader)
{
    const struct bytes first = take(reader, 1);

    if (first.count == 0) {
        return first;
    }
    if (first.data[0] < RLP_STRING) {
        return first;
    }
    if (first.data[0] >= RLP_LIST) {
        reader->malformed = true;
        return bytes_from(NULL, 0);
    }
    const struct bytes value = take_payload(reader, first.data[0], RLP_STRING);
    if (is_own_header(value)) {
        reader->malformed = true;
        return bytes_from(NULL, 0);
    }
    return value;
}

struct amount rlp_read_amount(struct rlp_reader *reader)
{
    const struct bytes value = rlp_read_bytes(reader);
    uint8_t big_endian[32] = {0};

    if (value.count > 32 || (value.count > 0 && value.data[0] == 0)) {
        reader->malformed = true;
        return amount_zero();
    }
    for (size_t i = 0; i < value.count; i++) {
        big_endian[32 - value.count + i] = value.data[i];
    }
    return amount_from_be(big_endian);
}

uint64_t rlp_read_u64(struct rlp_reader *reader)
{
    const struct amount amount = rlp_read_amount(reader);
    uint64_t value = 0;

    if (amount_to_u64(&amount, &value) != STATUS_OK) {
        reader->malformed = true;
        return 0;
    }
    return value;
}

struct rlp_reader rlp_read_list(struct rlp_reader *reader)
{
    const struct bytes first = take(reader, 1);

    if (first.count == 0 || first.data[0] < RLP_LIST) {
        reader->malformed = true;
        return (struct rlp_reader){.rest = bytes_from(NULL, 0), .malformed = true};
    }
    struct rlp_reader items = rlp_reader_from(take_payload(reader, first.data[0], RLP_LIST));
    items.malformed = reader->malformed;
    return items;
}

bool rlp_reader_is_done(const struct rlp_reader *reader)
{
    return !reader->malformed && reader->rest.count == 0;
}
