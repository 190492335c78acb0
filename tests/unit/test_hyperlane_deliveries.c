/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of deliveries: what was written is read, and nothing else is one. */
#include "relay/hyperlane/deliveries.h"
#include "tests/support/unit.h"

static uint8_t memory[DELIVERIES_BYTES_MAX];
static uint8_t zeros[MESSAGE_BYTES_MAX];

static void add(struct buffer *run, size_t metadata, size_t message)
{
    const struct delivery delivery = {.metadata = bytes_from(zeros, metadata),
                                      .message = bytes_from(zeros, message)};

    assert_int_equal(STATUS_OK, deliveries_append(&delivery, run));
}

static enum status check(const struct buffer *run)
{
    uint32_t count = 0;

    return deliveries_check(buffer_bytes(run), &count);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    const char *const texts[] = {"a", "", "three", "four"};
    struct buffer run = buffer_from(memory, sizeof(memory));
    struct delivery delivery;
    uint32_t count = 0;

    for (size_t i = 0; i < 2; i++) {
        delivery = (struct delivery){.metadata = bytes_from_string(texts[2 * i]),
                                     .message = bytes_from_string(texts[2 * i + 1])};
        assert_int_equal(STATUS_OK, deliveries_append(&delivery, &run));
    }
    assert_int_equal(STATUS_OK, deliveries_check(buffer_bytes(&run), &count));
    assert_int_equal(2, count);
    struct bytes rest = buffer_bytes(&run);
    for (size_t i = 0; i < 2; i++) {
        assert_true(deliveries_next(&rest, &delivery));
        assert_true(bytes_equal(delivery.metadata, bytes_from_string(texts[2 * i])));
        assert_true(bytes_equal(delivery.message, bytes_from_string(texts[2 * i + 1])));
    }
    assert_false(deliveries_next(&rest, &delivery));
}

static void a_run_is_bounded(void **state)
{
    (void)state;
    struct buffer run = buffer_from(memory, sizeof(memory));

    add(&run, 1, 100);
    assert_int_equal(STATUS_MALFORMED, check(&run)); /* one is no run */
    for (uint32_t i = 1; i < DELIVERIES_MAX; i++) {
        add(&run, 1, 100);
        assert_int_equal(STATUS_OK, check(&run));
    }
    add(&run, 1, 100);
    assert_int_equal(STATUS_MALFORMED, check(&run));

    run = buffer_from(memory, sizeof(memory));
    add(&run, 0, 100);
    const size_t most = DELIVERIES_BYTES_MAX - 100 - 2 * DELIVERY_EXTRA_BYTES;
    add(&run, most - MESSAGE_BYTES_MAX, MESSAGE_BYTES_MAX);
    assert_int_equal(STATUS_OK, check(&run));
    run = buffer_from(memory, sizeof(memory));
    add(&run, 0, 101);
    add(&run, most - MESSAGE_BYTES_MAX, MESSAGE_BYTES_MAX);
    assert_int_equal(STATUS_MALFORMED, check(&run));
}

static void a_buffer_that_is_too_small_is_left_alone(void **state)
{
    (void)state;
    struct buffer run = buffer_from(memory, 107);
    const struct delivery delivery = {.metadata = bytes_from(zeros, 50),
                                      .message = bytes_from(zeros, 50)};

    assert_int_equal(STATUS_FULL, deliveries_append(&delivery, &run));
    assert_int_equal(0, run.count);
}

/* Cut anywhere, or with a length that points elsewhere, it is no run any more. */
static void what_is_damaged_is_no_run(void **state)
{
    (void)state;
    struct buffer run = buffer_from(memory, sizeof(memory));
    uint32_t count = 0;

    add(&run, 3, 5);
    add(&run, 0, 7);
    const struct bytes whole = buffer_bytes(&run);
    for (size_t cut = 0; cut < whole.count; cut++) {
        assert_int_equal(STATUS_MALFORMED, deliveries_check(bytes_from(memory, cut), &count));
    }
    for (size_t at = 0; at < 3; at++) {
        memory[at] ^= 1; /* a length of the first, in its upper bytes */
        assert_int_equal(STATUS_MALFORMED, deliveries_check(whole, &count));
        memory[at] ^= 1;
    }
    assert_int_equal(STATUS_OK, deliveries_check(whole, &count));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(a_run_is_bounded),
        cmocka_unit_test(a_buffer_that_is_too_small_is_left_alone),
        cmocka_unit_test(what_is_damaged_is_no_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
