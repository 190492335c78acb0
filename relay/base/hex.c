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

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LITTLE_64(word) (word)
#define LITTLE_32(word) (word)
#else
#define LITTLE_64(word) __builtin_bswap64(word)
#define LITTLE_32(word) __builtin_bswap32(word)
#endif

/* The first digit is the lowest byte, on every machine. */
static inline uint64_t load_eight(const uint8_t *at)
{
    uint64_t word = 0;

    memcpy(&word, at, sizeof(word));
    return LITTLE_64(word);
}

/* The high bit of each byte that is at least `least`; bytes and `least` are below 0x80. */
static inline uint64_t at_least(uint64_t word, uint8_t least)
{
    return ((word | HIGH_BITS) - EVERY_BYTE * least) & HIGH_BITS;
}

/* The high bit of each byte that is no digit of hex. A byte above 0x7f may spoil its neighbours'
 * bits; its own is set. */
static inline uint64_t faults_of(uint64_t word)
{
    const uint64_t lower = word | EVERY_BYTE * 0x20;
    const uint64_t numbers = at_least(word, '0') & ~at_least(word, '9' + 1);
    const uint64_t letters = at_least(lower, 'a') & ~at_least(lower, 'f' + 1);

    return (word | ~(numbers | letters)) & HIGH_BITS;
}

/* Eight digits as four bytes. Letters are those with bit 6, and nine more than their low half. */
static inline void decode_eight(uint64_t word, uint8_t *ret_bytes)
{
    const uint64_t values = (word & EVERY_BYTE * 0x0f) + (word >> 6 & EVERY_BYTE) * 9;
    uint64_t pairs = (values << 4 | values >> 8) & UINT64_C(0x00ff00ff00ff00ff);

    pairs = (pairs | pairs >> 8) & UINT64_C(0x0000ffff0000ffff);
    const uint32_t bytes = LITTLE_32((uint32_t)(pairs | pairs >> 16));
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
    const size_t whole = text.count / 8 * 8;
    uint64_t faults = 0;
    for (size_t i = 0; i < whole; i += 8) {
        faults |= faults_of(load_eight(text.data + i));
    }
    if (faults != 0) {
        return STATUS_MALFORMED;
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
