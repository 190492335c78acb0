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

/* ---- sixteen digits at a time ---- */

enum { LANES = 16 };

typedef int8_t digits __attribute__((vector_size(LANES)));
typedef uint16_t pairs __attribute__((vector_size(LANES)));
typedef uint8_t values __attribute__((vector_size(LANES / 2)));
typedef uint64_t halves __attribute__((vector_size(LANES)));

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define FIRST_OF(pair)  (pair)
#define SECOND_OF(pair) ((pair) >> 8)
#else
#define FIRST_OF(pair)  ((pair) >> 8)
#define SECOND_OF(pair) (pair)
#endif

static inline digits load_digits(const uint8_t *at)
{
    digits loaded;

    memcpy(&loaded, at, sizeof(loaded));
    return loaded;
}

/* All bits of each byte that is a digit of hex; bytes above 0x7f are negative, and none. */
static inline digits letters_of(digits text)
{
    const digits lower = text | 0x20;

    return (digits)((lower >= 'a') & (lower <= 'f'));
}

static inline digits faults_of(digits text)
{
    return ~((digits)((text >= '0') & (text <= '9')) | letters_of(text));
}

static inline bool any_of(digits mask)
{
    halves words;

    memcpy(&words, &mask, sizeof(words));
    return (words[0] | words[1]) != 0;
}

/* Letters are worth nine more than their low half. */
static inline void decode_digits(digits text, uint8_t *ret_bytes)
{
    const digits worth = (text & 0x0f) + (letters_of(text) & 9);
    pairs two;

    memcpy(&two, &worth, sizeof(two));
    const pairs joined = ((FIRST_OF(two) << 4) | (SECOND_OF(two) & 0x0f)) & 0xff;
    const values bytes = __builtin_convertvector(joined, values);
    memcpy(ret_bytes, &bytes, sizeof(bytes));
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
    const size_t whole = text.count / LANES * LANES;
    digits faults = {0};
    for (size_t i = 0; i < whole; i += LANES) {
        faults |= faults_of(load_digits(text.data + i));
    }
    if (any_of(faults)) {
        return STATUS_MALFORMED;
    }
    for (size_t i = whole; i < text.count; i++) {
        if (hex_value(text.data[i]) == HEX_NOT_A_DIGIT) {
            return STATUS_MALFORMED;
        }
    }
    for (size_t i = 0; i < whole; i += LANES) {
        decode_digits(load_digits(text.data + i), ret_bytes + i / 2);
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
