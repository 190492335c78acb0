/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/unit.h"

static struct bytes text(const char *literal)
{
    return bytes_from_string(literal);
}

static void equal_means_equal_content(void **state)
{
    (void)state;
    const struct bytes none = {.data = NULL, .count = 0};

    assert_true(bytes_equal(text("abc"), text("abc")));
    assert_false(bytes_equal(text("abc"), text("abd")));
    assert_false(bytes_equal(text("abc"), text("ab")));
    assert_true(bytes_equal(none, text("")));
    assert_false(bytes_equal(none, text("a")));
}

static void order_is_lexicographic_and_a_prefix_comes_first(void **state)
{
    (void)state;
    static const char *const ascending[] = {"", "a", "aa", "ab", "b", "ba", "\xff"};
    const size_t count = sizeof(ascending) / sizeof(ascending[0]);

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            const int order = bytes_compare(text(ascending[i]), text(ascending[j]));
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
}

static void prefixes(void **state)
{
    (void)state;
    assert_true(bytes_have_prefix(text("abc"), text("")));
    assert_true(bytes_have_prefix(text("abc"), text("abc")));
    assert_false(bytes_have_prefix(text("abc"), text("abcd")));
    assert_false(bytes_have_prefix(text("abc"), text("b")));
}

static void hashes_and_addresses_compare_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < 32; i++) {
        struct hash hash = hash_filled(0);
        struct address address = {{0}};
        const struct hash zero_hash = hash_filled(0);
        const struct address zero_address = {{0}};
        hash.bytes[i] = 1;
        address.bytes[i] = 1;
        assert_false(hash_is_zero(&hash));
        assert_false(hash_equal(&hash, &zero_hash));
        assert_false(address_is_zero(&address));
        assert_false(address_equal(&address, &zero_address));
        assert_int_equal(address_is_evm(&address), i >= 12);
    }
    const struct hash zero_hash = hash_filled(0);
    const struct address zero_address = {{0}};
    assert_true(hash_is_zero(&zero_hash));
    assert_true(address_is_zero(&zero_address));
}

static void evm_addresses_are_padded_on_the_left(void **state)
{
    (void)state;
    uint8_t evm[20];

    for (size_t i = 0; i < sizeof(evm); i++) {
        evm[i] = (uint8_t)(i + 1);
    }
    const struct address address = address_from_evm(evm);
    assert_memory_equal(address.bytes + 12, evm, sizeof(evm));
    assert_true(address_is_evm(&address));
}

static void a_buffer_fills_to_its_capacity_and_not_beyond(void **state)
{
    (void)state;
    uint8_t memory[5] = {0, 0, 0, 0, 0x77};
    struct buffer buffer = buffer_from(memory, 4);

    assert_status(STATUS_OK, buffer_append(&buffer, text("abc")));
    assert_status(STATUS_FULL, buffer_append(&buffer, text("de")));
    assert_int_equal(buffer.count, 3);
    assert_status(STATUS_OK, buffer_append(&buffer, text("d")));
    assert_status(STATUS_OK, buffer_append(&buffer, text("")));
    assert_status(STATUS_FULL, buffer_append(&buffer, text("e")));
    assert_true(bytes_equal(buffer_bytes(&buffer), text("abcd")));
    assert_int_equal(memory[4], 0x77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_means_equal_content),
        cmocka_unit_test(order_is_lexicographic_and_a_prefix_comes_first),
        cmocka_unit_test(prefixes),
        cmocka_unit_test(hashes_and_addresses_compare_every_byte),
        cmocka_unit_test(evm_addresses_are_padded_on_the_left),
        cmocka_unit_test(a_buffer_fills_to_its_capacity_and_not_beyond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
