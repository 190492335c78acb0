/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/base/bytes.h"

#include <string.h>

#include "relay/base/check.h"

struct bytes bytes_from(const void *data, size_t count)
{
    return (struct bytes){.data = data, .count = count};
}

struct bytes bytes_from_string(const char *text)
{
    return bytes_from(text, strlen(text));
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.count == b.count && (a.count == 0 || memcmp(a.data, b.data, a.count) == 0);
}

int bytes_compare(struct bytes a, struct bytes b)
{
    const size_t shared = a.count < b.count ? a.count : b.count;
    const int order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);

    if (order != 0) {
        return order;
    }
    return (a.count > b.count) - (a.count < b.count);
}

bool bytes_have_prefix(struct bytes whole, struct bytes prefix)
{
    return whole.count >= prefix.count && bytes_equal(bytes_from(whole.data, prefix.count), prefix);
}

bool hash_equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool hash_is_zero(const struct hash *hash)
{
    const struct hash zero = {{0}};
    return hash_equal(hash, &zero);
}

bool address_equal(const struct address *a, const struct address *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool address_is_zero(const struct address *address)
{
    const struct address zero = {{0}};
    return address_equal(address, &zero);
}

bool address_is_evm(const struct address *address)
{
    static const uint8_t padding[12] = {0};
    return memcmp(address->bytes, padding, sizeof(padding)) == 0;
}

struct address address_from_evm(const uint8_t evm_address[20])
{
    struct address address = {{0}};
    memcpy(address.bytes + 12, evm_address, 20);
    return address;
}

struct buffer buffer_from(void *memory, size_t capacity)
{
    return (struct buffer){.data = memory, .count = 0, .capacity = capacity};
}

struct bytes buffer_bytes(const struct buffer *buffer)
{
    return bytes_from(buffer->data, buffer->count);
}

enum status buffer_append(struct buffer *buffer, struct bytes bytes)
{
    CHECK(buffer->count <= buffer->capacity);
    if (bytes.count > buffer->capacity - buffer->count) {
        return STATUS_FULL;
    }
    if (bytes.count > 0) {
        memcpy(buffer->data + buffer->count, bytes.data, bytes.count);
        buffer->count += bytes.count;
    }
    return STATUS_OK;
}
