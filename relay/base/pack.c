/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/base/pack.h"

#include <string.h>

#include "relay/base/check.h"

struct packer packer_from(void *memory, size_t capacity)
{
    return (struct packer){.buffer = buffer_from(memory, capacity), .overrun = false};
}

void pack_raw(struct packer *packer, struct bytes value)
{
    if (packer->overrun || buffer_append(&packer->buffer, value) != STATUS_OK) {
        packer->overrun = true;
    }
}

static void pack_big_endian(struct packer *packer, uint64_t value, size_t bytes_count)
{
    uint8_t bytes[8];

    CHECK(bytes_count <= sizeof(bytes));
    for (size_t i = 0; i < bytes_count; i++) {
        bytes[i] = (uint8_t)(value >> (8 * (bytes_count - 1 - i)));
    }
    pack_raw(packer, bytes_from(bytes, bytes_count));
}

void pack_u8(struct packer *packer, uint8_t value)
{
    pack_big_endian(packer, value, 1);
}

void pack_u16(struct packer *packer, uint16_t value)
{
    pack_big_endian(packer, value, 2);
}

void pack_u32(struct packer *packer, uint32_t value)
{
    pack_big_endian(packer, value, 4);
}

void pack_u64(struct packer *packer, uint64_t value)
{
    pack_big_endian(packer, value, 8);
}

void pack_bool(struct packer *packer, bool value)
{
    pack_u8(packer, value ? 1 : 0);
}

void pack_hash(struct packer *packer, const struct hash *value)
{
    pack_raw(packer, bytes_from(value->bytes, sizeof(value->bytes)));
}

void pack_address(struct packer *packer, const struct address *value)
{
    pack_raw(packer, bytes_from(value->bytes, sizeof(value->bytes)));
}

void pack_amount(struct packer *packer, const struct amount *value)
{
    uint8_t bytes[32];

    amount_to_be(value, bytes);
    pack_raw(packer, bytes_from(bytes, sizeof(bytes)));
}

void pack_instant(struct packer *packer, struct instant value)
{
    pack_u64(packer, value.ns);
}

void pack_bytes(struct packer *packer, struct bytes value)
{
    CHECK(value.count <= UINT32_MAX);
    pack_u32(packer, (uint32_t)value.count);
    pack_raw(packer, value);
}

struct bytes packer_finish(const struct packer *packer)
{
    CHECK(!packer->overrun);
    return buffer_bytes(&packer->buffer);
}

struct unpacker unpacker_from(struct bytes bytes)
{
    return (struct unpacker){.rest = bytes, .underrun = false};
}

struct bytes unpack_raw(struct unpacker *unpacker, size_t count)
{
    if (unpacker->underrun || count > unpacker->rest.count) {
        unpacker->underrun = true;
        return (struct bytes){.data = NULL, .count = 0};
    }
    const struct bytes taken = bytes_from(unpacker->rest.data, count);
    unpacker->rest = bytes_from(unpacker->rest.data + count, unpacker->rest.count - count);
    return taken;
}

static uint64_t unpack_big_endian(struct unpacker *unpacker, size_t bytes_count)
{
    const struct bytes taken = unpack_raw(unpacker, bytes_count);
    uint64_t value = 0;

    for (size_t i = 0; i < taken.count; i++) {
        value = value << 8 | taken.data[i];
    }
    return value;
}

uint8_t unpack_u8(struct unpacker *unpacker)
{
    return (uint8_t)unpack_big_endian(unpacker, 1);
}

uint16_t unpack_u16(struct unpacker *unpacker)
{
    return (uint16_t)unpack_big_endian(unpacker, 2);
}

uint32_t unpack_u32(struct unpacker *unpacker)
{
    return (uint32_t)unpack_big_endian(unpacker, 4);
}

uint64_t unpack_u64(struct unpacker *unpacker)
{
    return unpack_big_endian(unpacker, 8);
}

bool unpack_bool(struct unpacker *unpacker)
{
    const uint8_t value = unpack_u8(unpacker);

    if (value > 1) {
        unpacker->underrun = true;
    }
    return value == 1;
}

struct hash unpack_hash(struct unpacker *unpacker)
{
    const struct bytes taken = unpack_raw(unpacker, 32);
    struct hash value = {{0}};

    if (taken.count == 32) {
        memcpy(value.bytes, taken.data, 32);
    }
    return value;
}

struct address unpack_address(struct unpacker *unpacker)
{
    const struct hash value = unpack_hash(unpacker);
    struct address address;

    memcpy(address.bytes, value.bytes, sizeof(address.bytes));
    return address;
}

struct amount unpack_amount(struct unpacker *unpacker)
{
    const struct hash value = unpack_hash(unpacker);

    return amount_from_be(value.bytes);
}

struct instant unpack_instant(struct unpacker *unpacker)
{
    return (struct instant){.ns = unpack_u64(unpacker)};
}

struct bytes unpack_bytes(struct unpacker *unpacker)
{
    const uint32_t count = unpack_u32(unpacker);

    return unpack_raw(unpacker, count);
}

bool unpacker_is_done(const struct unpacker *unpacker)
{
    return !unpacker->underrun && unpacker->rest.count == 0;
}
