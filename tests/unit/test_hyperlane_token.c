/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/hyperlane/token.h"
#include "tests/support/unit.h"

static void recipient_amount_and_metadata_are_in_order(void **state)
{
    (void)state;
    uint8_t memory[64 + 2] = {0};
    struct token_message message;

    memory[31] = 0xaa;
    memory[62] = 0x01; /* 256 */
    memory[64] = 0x05;
    assert_status(STATUS_OK, token_message_parse(bytes_from(memory, sizeof(memory)), &message));
    const struct amount expected = amount_from_u64(256);
    assert_int_equal(message.recipient.bytes[31], 0xaa);
    assert_true(amount_equal(&message.amount, &expected));
    assert_ptr_equal(message.metadata.data, memory + 64);
    assert_int_equal(message.metadata.count, 2);

    uint8_t again[sizeof(memory)];
    struct buffer buffer = buffer_from(again, sizeof(again));
    assert_status(STATUS_OK, token_message_write(&message, &buffer));
    assert_int_equal(buffer.count, sizeof(memory));
    assert_memory_equal(again, memory, sizeof(memory));
}

static void short_bodies_are_malformed(void **state)
{
    (void)state;
    const uint8_t memory[64] = {0};
    struct token_message message = {.amount = amount_from_u64(9)};
    const struct amount kept = amount_from_u64(9);

    for (size_t count = 0; count < sizeof(memory); count++) {
        assert_status(STATUS_MALFORMED, token_message_parse(bytes_from(memory, count), &message));
    }
    assert_true(amount_equal(&message.amount, &kept));
    assert_status(STATUS_OK, token_message_parse(bytes_from(memory, sizeof(memory)), &message));
    assert_int_equal(message.metadata.count, 0);
}

static void a_full_buffer_is_left_alone(void **state)
{
    (void)state;
    uint8_t memory[64 + 1];
    const struct token_message message = {.metadata = bytes_from("x", 1)};

    for (size_t capacity = 0; capacity < sizeof(memory); capacity++) {
        struct buffer buffer = buffer_from(memory, capacity);
        assert_status(STATUS_FULL, token_message_write(&message, &buffer));
        assert_int_equal(buffer.count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recipient_amount_and_metadata_are_in_order),
        cmocka_unit_test(short_bodies_are_malformed),
        cmocka_unit_test(a_full_buffer_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
