/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/base/hex.h"

#include <string.h>

void hex_encode(struct bytes bytes, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < bytes.count; i++) {
        ret_text[2 * i] = digits[bytes.data[i] >> 4];
        ret_text[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    ret_text[2 * bytes.count] = '\0';
}

#define HEX_NOT_A_DIGIT 16u

static uint32_t hex_value(uint8_t digit)
{
    if (digit >= '0' && digit <= '9') {
        return (uint32_t)(digit - '0');
    }
    if (digit >= 'a' && digit <= 'f') {
        return (uint32_t)(digit - 'a' + 10);
    }
    if (digit >= 'A' && digit <= 'F') {
        return (uint32_t)(digit - 'A' + 10);
    }
    return HEX_NOT_A_DIGIT;
}

/* ---- eight digits at a time ---- */

#define EVERY_BYTE UINT64_C(0x0101010101010101)
#define HIGH_BITS  (EVERY_BYTE * 0x80)

/* Written out, so that a compiler makes one load of it. */
static uint64_t load_eight(const uint8_t *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
           (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
           (uint64_t)at[7] << 56;
}

/* The high bit of each byte that is at least `least`; bytes and `least` are below 0x80. */
static uint64_t at_least(uint64_t word, uint8_t least)
{
    return ((word | HIGH_BITS) - EVERY_BYTE * least) & HIGH_BITS;
}

/* The high bit of each byte that is a letter of hex. */
static uint64_t letters_of(uint64_t word)
{
    const uint64_t lower = word | EVERY_BYTE * 0x20;

    return at_least(lower, 'a') & ~at_least(lower, 'f' + 1);
}

static bool are_digits(uint64_t word)
{
    const uint64_t numbers = at_least(word, '0') & ~at_least(word, '9' + 1);

    return (word & HIGH_BITS) == 0 && (numbers | letters_of(word)) == HIGH_BITS;
}

/* Eight digits as four bytes. */
static void decode_eight(uint64_t word, uint8_t *ret_bytes)
{
    const uint64_t values = (word & EVERY_BYTE * 0x0f) + (letters_of(word) >> 7) * 9;
    const uint64_t pairs = values << 4 | values >> 8; /* in every second byte */

    ret_bytes[0] = (uint8_t)pairs;
    ret_bytes[1] = (uint8_t)(pairs >> 16);
    ret_bytes[2] = (uint8_t)(pairs >> 32);
    ret_bytes[3] = (uint8_t)(pairs >> 48);
}

enum status hex_decode(struct bytes text, size_t capacity, uint8_t *ret_bytes, size_t *ret_count)
{
    if (text.count >= 2 && text.data[0] == '0' && (text.data[1] | 0x20) == 'x') {
        text = bytes_from(text.data + 2, text.count - 2);
    }
    if (text.count % 2 != 0) {
        return STATUS_MALFORMED;
    }
    if (text.count / 2 > capacity) {
        return STATUS_FULL;
    }
    const size_t whole = text.count / 8 * 8;
    for (size_t i = 0; i < whole; i += 8) {
        if (!are_digits(load_eight(text.data + i))) {
            return STATUS_MALFORMED;
        }
    }
    for (size_t i = whole; i < text.count; i++) {
        if (hex_value(text.data[i]) == HEX_NOT_A_DIGIT) {
            return STATUS_MALFORMED;
        }
    }
    for (size_t i = 0; i < whole; i += 8) {
        decode_eight(load_eight(text.data + i), ret_bytes + i / 2);
    }
    for (size_t i = whole / 2; i < text.count / 2; i++) {
        ret_bytes[i] =
            (uint8_t)(hex_value(text.data[2 * i]) << 4 | hex_value(text.data[2 * i + 1]));
    }
    *ret_count = text.count / 2;
    return STATUS_OK;
}

enum status hex_decode_hash(struct bytes text, struct hash *ret_hash)
{
    struct hash hash;
    size_t count = 0;

    if (hex_decode(text, sizeof(hash.bytes), hash.bytes, &count) != STATUS_OK ||
        count != sizeof(hash.bytes)) {
        return STATUS_MALFORMED;
    }
    *ret_hash = hash;
    return STATUS_OK;
}

enum status hex_decode_address(struct bytes text, struct address *ret_address)
{
    uint8_t bytes[32];
    size_t count = 0;

    if (hex_decode(text, sizeof(bytes), bytes, &count) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    if (count == 20) {
        *ret_address = address_from_evm(bytes);
        return STATUS_OK;
    }
    if (count != 32) {
        return STATUS_MALFORMED;
    }
    memcpy(ret_address->bytes, bytes, sizeof(bytes));
    return STATUS_OK;
}
