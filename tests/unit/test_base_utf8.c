/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "relay/base/utf8.h"
#include "tests/support/unit.h"

/* Writes a number as its pattern of bits says, also numbers that no character has. */
static size_t write_bits(uint32_t number, size_t count, uint8_t *text)
{
    static const uint8_t heads[] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = count; i-- > 1; number >>= 6) {
        text[i] = (uint8_t)(0x80 | (number & 0x3f));
    }
    text[0] = (uint8_t)(heads[count] | number);
    return count;
}

static size_t count_of(uint32_t number)
{
    return number < 0x80 ? 1 : number < 0x800 ? 2 : number < 0x10000 ? 3 : 4;
}

static void each_number_is_a_character_in_one_form_or_in_none(void **state)
{
    (void)state;
    for (uint32_t number = 0; number < 0x200000; number++) {
        const bool is_character = number <= 0x10ffff && (number < 0xd800 || number > 0xdfff);
        for (size_t count = count_of(number); count <= 4; count++) {
            uint8_t text[4];
            (void)write_bits(number, count, text);
            const bool is_right = is_character && count == count_of(number);
            assert_int_equal(utf8_character_bytes(bytes_from(text, count)), is_right ? count : 0);
            assert_int_equal(utf8_is_text(bytes_from(text, count)), is_right);
        }
    }
}

/* Wherever it stands among ASCII that is looked at eight bytes at a time. */
static void one_wrong_byte_is_found_anywhere(void **state)
{
    (void)state;
    uint8_t text[40];

    for (size_t count = 0; count <= sizeof(text); count++) {
        memset(text, 'a', sizeof(text));
        assert_true(utf8_is_text(bytes_from(text, count)));
        for (size_t at = 0; at < count; at++) {
            memset(text, 'a', sizeof(text));
            text[at] = 0x80;
            assert_false(utf8_is_text(bytes_from(text, count)));
            text[at] = 0xc3; /* the next would have to go on */
            assert_false(utf8_is_text(bytes_from(text, count)));
            if (at + 1 < count) {
                text[at + 1] = 0xa9;
                assert_true(utf8_is_text(bytes_from(text, count)));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_number_is_a_character_in_one_form_or_in_none),
        cmocka_unit_test(one_wrong_byte_is_found_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
