/* SPDX-License-Identifier: Apache-2.0 */
#include "store/base64.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum status base64_append(struct buffer *buffer, struct bytes bytes)
{
    const size_t room = buffer->capacity - buffer->count;

    if (bytes.count > SIZE_MAX / 2 || BASE64_TEXT_BYTES(bytes.count) > room) {
        return STATUS_FULL;
    }
    for (size_t i = 0; i < bytes.count; i += 3) {
        const size_t count = bytes.count - i < 3 ? bytes.count - i : 3;
        uint32_t group = (uint32_t)bytes.data[i] << 16;
        group |= count > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0;
        group |= count > 2 ? bytes.data[i + 2] : 0;
        for (size_t j = 0; j < 4; j++) {
            const char letter = letters[group >> (18 - 6 * j) & 63];
            buffer->data[buffer->count++] = j <= count ? (uint8_t)letter : '=';
        }
    }
    return STATUS_OK;
}

/* -1: not of the alphabet. */
static int value_of(uint8_t letter)
{
    if (letter >= 'A' && letter <= 'Z') {
        return letter - 'A';
    }
    if (letter >= 'a' && letter <= 'z') {
        return letter - 'a' + 26;
    }
    if (letter >= '0' && letter <= '9') {
        return letter - '0' + 52;
    }
    return letter == '+' ? 62 : letter == '/' ? 63 : -1;
}

/* Four letters, the last `padding` of them '='. */
static bool decode_group(const uint8_t *text, size_t padding, uint8_t *ret_bytes)
{
    uint32_t group = 0;

    for (size_t j = 0; j < 4 - padding; j++) {
        const int value = value_of(text[j]);
        if (value < 0) {
            return false;
        }
        group |= (uint32_t)value << (18 - 6 * j);
    }
    for (size_t j = 0; j < 3 - padding; j++) {
        ret_bytes[j] = (uint8_t)(group >> (16 - 8 * j));
    }
    /* Else two texts would mean the same bytes. */
    return (group & ((UINT32_C(1) << 8 * padding) - 1)) == 0;
}

enum status base64_decode(struct bytes text, size_t capacity, uint8_t *ret_bytes, size_t *ret_count)
{
    size_t padding = 0;

    if (text.count % 4 != 0) {
        return STATUS_MALFORMED;
    }
    if (text.count > 0 && text.data[text.count - 1] == '=') {
        padding = text.data[text.count - 2] == '=' ? 2 : 1;
    }
    if (text.count / 4 * 3 - padding > capacity) {
        return STATUS_FULL;
    }
    for (size_t i = 0; i < text.count; i += 4) {
        const bool is_last = i + 4 == text.count;
        if (!decode_group(text.data + i, is_last ? padding : 0, ret_bytes + i / 4 * 3)) {
            return STATUS_MALFORMED;
        }
    }
    *ret_count = text.count / 4 * 3 - padding;
    return STATUS_OK;
}

enum status base64_decode_hash(struct bytes text, struct hash *ret_hash)
{
    struct hash hash;
    size_t count = 0;
    const enum status status = base64_decode(text, sizeof(hash.bytes), hash.bytes, &count);

    if (status != STATUS_OK || count != sizeof(hash.bytes)) {
        return STATUS_MALFORMED;
    }
    *ret_hash = hash;
    return STATUS_OK;
}
