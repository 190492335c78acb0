/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "relay/base/hex.h"
#include "tests/support/unit.h"

static void every_byte_comes_back(void **state)
{
    (void)state;
    uint8_t bytes[256];
    uint8_t again[256];
    char text[2 * sizeof(bytes) + 1];
    size_t count = 0;

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)i;
    }
    hex_encode(bytes_from(bytes, sizeof(bytes)), text);
    assert_int_equal(strlen(text), 2 * sizeof(bytes));
    assert_memory_equal(text, "000102030405060708090a0b0c0d0e0f10", 34);
    assert_status(STATUS_OK, hex_decode(bytes_from_string(text), sizeof(again), again, &count));
    assert_int_equal(count, sizeof(bytes));
    assert_memory_equal(bytes, again, sizeof(bytes));
}

static void either_case_and_either_prefix(void **state)
{
    (void)state;
    static const char *const texts[] = {"abcd", "ABCD", "aBcD", "0xabcd", "0XABCD"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        uint8_t bytes[2] = {0};
        size_t count = 0;
        assert_status(STATUS_OK,
                      hex_decode(bytes_from_string(texts[i]), sizeof(bytes), bytes, &count));
        assert_int_equal(count, 2);
        assert_int_equal(bytes[0], 0xab);
        assert_int_equal(bytes[1], 0xcd);
    }
    uint8_t none[1];
    size_t count = 9;
    assert_status(STATUS_OK, hex_decode(bytes_from_string("0x"), 0, none, &count));
    assert_int_equal(count, 0);
}

/* Every byte that is no digit, at every place. */
static void anything_else_is_malformed(void **state)
{
    (void)state;
    uint8_t bytes[4] = {7, 7, 7, 7};
    size_t count = 9;

    for (unsigned byte = 0; byte < 256; byte++) {
        const bool digit = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
                           (byte >= 'A' && byte <= 'F');
        for (size_t at = 0; at < 4; at++) {
            char text[4] = {'1', '2', '3', '4'};
            text[at] = (char)byte;
            if (!digit && !(at == 1 && (byte | 0x20) == 'x')) {
                assert_status(STATUS_MALFORMED,
                              hex_decode(bytes_from(text, 4), sizeof(bytes), bytes, &count));
            }
        }
    }
    assert_status(STATUS_MALFORMED,
                  hex_decode(bytes_from_string("abc"), sizeof(bytes), bytes, &count));
    assert_status(STATUS_MALFORMED,
                  hex_decode(bytes_from_string("0xabc"), sizeof(bytes), bytes, &count));
    assert_status(STATUS_FULL,
                  hex_decode(bytes_from_string("0011223344"), sizeof(bytes), bytes, &count));
    assert_int_equal(count, 9);
    assert_int_equal(bytes[0], 7);
}

static int32_t digit_value(unsigned byte)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *const found = byte == 0 ? NULL : strchr(digits, (int)byte);

    if (found == NULL) {
        return -1;
    }
    return (int32_t)(found - digits < 16 ? found - digits : found - digits - 6);
}

/* Digits are read eight at a time: every byte at every place of a text of two eights and a rest,
 * beside neighbours that are the least and the greatest digits. */
static void long_texts_are_read_digit_by_digit(void **state)
{
    (void)state;
    const char neighbours[] = {'0', '9', 'a', 'F'};
    uint8_t bytes[10];

    for (uint32_t i = 0; i < sizeof(neighbours) * 256 * 20; i++) {
        const unsigned byte = i / 20 % 256;
        const size_t at = i % 20;
        char text[20];
        size_t count = 9;
        memset(text, neighbours[i / (20 * 256)], sizeof(text));
        const int32_t other = digit_value((uint8_t)text[0]);
        const int32_t value = digit_value(byte);
        text[at] = (char)byte;
        if (at == 1 && text[0] == '0' && (byte | 0x20) == 'x') {
            continue; /* a prefix */
        }
        const enum status status = hex_decode(bytes_from(text, 20), sizeof(bytes), bytes, &count);
        if (value < 0) {
            assert_status(STATUS_MALFORMED, status);
            assert_int_equal(9, count);
            continue;
        }
        assert_status(STATUS_OK, status);
        assert_int_equal(10, count);
        for (size_t place = 0; place < 10; place++) {
            const int32_t high = 2 * place == at ? value : other;
            const int32_t low = 2 * place + 1 == at ? value : other;
            assert_int_equal(high << 4 | low, bytes[place]);
        }
    }
}

static void hashes_are_32_bytes(void **state)
{
    (void)state;
    char text[67];
    struct hash hash;

    memset(text, '1', sizeof(text));
    for (size_t digits = 0; digits < sizeof(text); digits++) {
        assert_status(digits == 64 ? STATUS_OK : STATUS_MALFORMED,
                      hex_decode_hash(bytes_from(text, digits), &hash));
    }
}

static void addresses_are_20_or_32_bytes(void **state)
{
    (void)state;
    char text[67];
    struct address address;

    memset(text, '1', sizeof(text));
    for (size_t digits = 0; digits < sizeof(text); digits++) {
        const enum status status = hex_decode_address(bytes_from(text, digits), &address);
        assert_status(digits == 40 || digits == 64 ? STATUS_OK : STATUS_MALFORMED, status);
        if (status == STATUS_OK) {
            assert_int_equal(address_is_evm(&address), digits == 40);
            assert_int_equal(address.bytes[31], 0x11);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_comes_back),
        cmocka_unit_test(either_case_and_either_prefix),
        cmocka_unit_test(anything_else_is_malformed),
        cmocka_unit_test(long_texts_are_read_digit_by_digit),
        cmocka_unit_test(hashes_are_32_bytes),
        cmocka_unit_test(addresses_are_20_or_32_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
