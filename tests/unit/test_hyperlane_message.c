/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/hyperlane/message.h"
#include "tests/support/unit.h"

static struct message_view example(void)
{
    static const uint8_t body[2] = {0x12, 0x34};

    return (struct message_view){.version = 3,
                                 .nonce = 0,
                                 .origin = 1000,
                                 .destination = 2000,
                                 .sender = evm_filled(0x11),
                                 .recipient = evm_filled(0x22),
                                 .body = bytes_from(body, sizeof(body))};
}

/* The one case of the protocol's vectors/message.json. */
static void id_is_the_protocols(void **state)
{
    (void)state;
    uint8_t memory[MESSAGE_BYTES_MIN + 2];
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    const struct message_view view = example();

    assert_status(STATUS_OK, message_write(&view, &buffer));
    assert_hash("f8a66f8aadee751d842616fee0ed14a3ad6da1e13564920364ee0ad35a02703f",
                message_id(buffer_bytes(&buffer)));
}

static void every_field_is_where_the_layout_says(void **state)
{
    (void)state;
    uint8_t memory[MESSAGE_BYTES_MIN + 3];
    struct message_view view;

    for (size_t i = 0; i < sizeof(memory); i++) {
        memory[i] = (uint8_t)i;
    }
    memory[0] = 3;
    assert_status(STATUS_OK, message_parse(bytes_from(memory, sizeof(memory)), &view));
    assert_int_equal(view.version, 3);
    assert_int_equal(view.nonce, 0x01020304);
    assert_int_equal(view.origin, 0x05060708);
    assert_memory_equal(view.sender.bytes, memory + 9, 32);
    assert_int_equal(view.destination, 0x292a2b2c);
    assert_memory_equal(view.recipient.bytes, memory + 45, 32);
    assert_ptr_equal(view.body.data, memory + 77);
    assert_int_equal(view.body.count, 3);

    uint8_t again[sizeof(memory)];
    struct buffer buffer = buffer_from(again, sizeof(again));
    assert_status(STATUS_OK, message_write(&view, &buffer));
    assert_memory_equal(again, memory, sizeof(memory));
}

static void an_empty_body_is_a_message(void **state)
{
    (void)state;
    uint8_t memory[MESSAGE_BYTES_MIN] = {3};
    struct message_view view;

    assert_status(STATUS_OK, message_parse(bytes_from(memory, sizeof(memory)), &view));
    assert_int_equal(view.body.count, 0);
}

static void short_or_foreign_bytes_are_malformed_and_write_nothing(void **state)
{
    (void)state;
    uint8_t memory[MESSAGE_BYTES_MIN] = {3};
    struct message_view view = {.nonce = 99};

    for (size_t count = 0; count < sizeof(memory); count++) {
        assert_status(STATUS_MALFORMED, message_parse(bytes_from(memory, count), &view));
    }
    for (unsigned version = 0; version < 256; version++) {
        memory[0] = (uint8_t)version;
        if (version != MESSAGE_VERSION) {
            assert_status(STATUS_MALFORMED,
                          message_parse(bytes_from(memory, sizeof(memory)), &view));
        }
    }
    assert_int_equal(view.nonce, 99);
}

static void a_full_buffer_is_left_alone(void **state)
{
    (void)state;
    uint8_t memory[MESSAGE_BYTES_MIN + 2];
    const struct message_view view = example();

    for (size_t capacity = 0; capacity < sizeof(memory); capacity++) {
        struct buffer buffer = buffer_from(memory, capacity);
        assert_status(STATUS_FULL, message_write(&view, &buffer));
        assert_int_equal(buffer.count, 0);
    }
    struct message_view endless = view;
    endless.body.count = SIZE_MAX - 10;
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    assert_status(STATUS_FULL, message_write(&endless, &buffer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(id_is_the_protocols),
        cmocka_unit_test(every_field_is_where_the_layout_says),
        cmocka_unit_test(an_empty_body_is_a_message),
        cmocka_unit_test(short_or_foreign_bytes_are_malformed_and_write_nothing),
        cmocka_unit_test(a_full_buffer_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
