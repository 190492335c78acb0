/* SPDX-License-Identifier: Apache-2.0 */
#include "chains/evm/abi.h"

#include <string.h>

#include "relay/base/check.h"

enum { WORD = 32 };

struct abi_writer abi_writer_from(void *memory, size_t capacity)
{
    return (struct abi_writer){.buffer = buffer_from(memory, capacity)};
}

void abi_write_raw(struct abi_writer *writer, struct bytes bytes)
{
    if (writer->overrun || buffer_append(&writer->buffer, bytes) != STATUS_OK) {
        writer->overrun = true;
    }
}

void abi_write_selector(struct abi_writer *writer, uint32_t selector)
{
    const uint8_t bytes[4] = {(uint8_t)(selector >> 24), (uint8_t)(selector >> 16),
                              (uint8_t)(selector >> 8), (uint8_t)selector};

    abi_write_raw(writer, bytes_from(bytes, sizeof(bytes)));
}

void abi_write_amount(struct abi_writer *writer, const struct amount *value)
{
    uint8_t word[WORD];

    amount_to_be(value, word);
    abi_write_raw(writer, bytes_from(word, WORD));
}

void abi_write_u64(struct abi_writer *writer, uint64_t value)
{
    const struct amount amount = amount_from_u64(value);

    abi_write_amount(writer, &amount);
}

void abi_write_hash(struct abi_writer *writer, const uint8_t word[32])
{
    abi_write_raw(writer, bytes_from(word, WORD));
}

void abi_write_address(struct abi_writer *writer, const struct address *address)
{
    CHECK(address_is_evm(address));
    abi_write_raw(writer, bytes_from(address->bytes, WORD));
}

size_t abi_tail_size(size_t count)
{
    return WORD + (count + WORD - 1) / WORD * WORD;
}

void abi_write_tail(struct abi_writer *writer, struct bytes bytes)
{
    static const uint8_t zeros[WORD] = {0};

    abi_write_u64(writer, bytes.count);
    abi_write_raw(writer, bytes);
    abi_write_raw(writer, bytes_from(zeros, abi_tail_size(bytes.count) - WORD - bytes.count));
}

struct abi_reader abi_reader_from(struct bytes input)
{
    return (struct abi_reader){.rest = input};
}

static struct bytes take(struct abi_reader *reader, size_t count)
{
    if (reader->malformed || count > reader->rest.count) {
        reader->malformed = true;
        return bytes_from(NULL, 0);
    }
    const struct bytes taken = bytes_from(reader->rest.data, count);
    reader->rest = bytes_from(reader->rest.data + count, reader->rest.count - count);
    return taken;
}

struct hash abi_read_hash(struct abi_reader *reader)
{
    const struct bytes word = take(reader, WORD);
    struct hash hash = {{0}};

    if (word.count == WORD) {
        memcpy(hash.bytes, word.data, WORD);
    }
    return hash;
}

struct amount abi_read_amount(struct abi_reader *reader)
{
    const struct hash word = abi_read_hash(reader);

    return amount_from_be(word.bytes);
}

uint64_t abi_read_u64(struct abi_reader *reader)
{
    const struct amount amount = abi_read_amount(reader);
    uint64_t value = 0;

    if (amount_to_u64(&amount, &value) != STATUS_OK) {
        reader->malformed = true;
        return 0;
    }
    return value;
}

uint32_t abi_read_u32(struct abi_reader *reader)
{
    const uint64_t value = abi_read_u64(reader);

    if (value > UINT32_MAX) {
        reader->malformed = true;
        return 0;
    }
    return (uint32_t)value;
}

struct address abi_read_address(struct abi_reader *reader)
{
    const struct hash word = abi_read_hash(reader);
    struct address address;

    memcpy(address.bytes, word.bytes, WORD);
    if (!address_is_evm(&address)) {
        reader->malformed = true;
        memset(&address, 0, sizeof(address));
    }
    return address;
}

void abi_expect_u64(struct abi_reader *reader, uint64_t value)
{
    if (abi_read_u64(reader) != value) {
        reader->malformed = true;
    }
}

struct bytes abi_read_tail(struct abi_reader *reader, size_t bytes_max)
{
    const uint64_t count = abi_read_u64(reader);

    if (count > bytes_max) {
        reader->malformed = true;
        return bytes_from(NULL, 0);
    }
    const struct bytes padded = take(reader, abi_tail_size((size_t)count) - WORD);
    for (size_t i = (size_t)count; i < padded.count; i++) {
        if (padded.data[i] != 0) {
            reader->malformed = true;
        }
    }
    return reader->malformed ? bytes_from(NULL, 0) : bytes_from(padded.data, (size_t)count);
}

bool abi_reader_is_done(const struct abi_reader *reader)
{
    return !reader->malformed && reader->rest.count == 0;
}
