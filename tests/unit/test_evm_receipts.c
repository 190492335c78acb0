/* SPDX-License-Identifier: Apache-2.0 */
/* Roots of receipts. The expected ones were computed by a program that shares nothing with ours and
 * agrees with the roots in headers of real blocks, of 1, 3 and 130 transactions. */
#include "chains/evm/receipts.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/unit.h"

enum { TEXT_BYTES = 1 << 20, MEMORY_BYTES = 1 << 18 };

static char text[TEXT_BYTES];
static size_t text_count;
static uint8_t memory[MEMORY_BYTES];

__attribute__((format(printf, 1, 2))) static void put(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    const int count = vsnprintf(text + text_count, sizeof(text) - text_count, format, arguments);
    va_end(arguments);
    assert_true(count >= 0 && (size_t)count < sizeof(text) - text_count);
    text_count += (size_t)count;
}

static void put_times(const char *piece, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put("%s", piece);
    }
}

/* Receipts of every type, with none to two logs of none to four topics. */
static void write_receipts(unsigned count)
{
    char byte[3];

    text_count = 0;
    put("[");
    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(byte, sizeof(byte), "%02x", i % 256);
        put("%s{\"type\":\"0x%x\",\"status\":\"0x%x\",\"cumulativeGasUsed\":\"0x%x\",",
            i == 0 ? "" : ",", i % 3, i % 2, 21000 * (i + 1));
        put("\"logsBloom\":\"0x");
        put_times(byte, 256);
        put("\",\"logs\":[");
        for (unsigned k = 0; k < i % 3; k++) {
            put("%s{\"address\":\"0x%040x\",\"topics\":[", k == 0 ? "" : ",", i + 1);
            for (unsigned j = 0; j < i % 5; j++) {
                put("%s\"0x%064x\"", j == 0 ? "" : ",", i * 7 + j);
            }
            put("],\"data\":\"0x");
            put_times("ab", i % 70);
            put("\"}");
        }
        put("]}");
    }
    put("]");
}

/* The root of what `text` has. */
static enum status root_of_text(struct hash *ret_root, size_t capacity)
{
    struct json_parser parser;
    const struct json_token *root = NULL;
    void *const tokens = calloc(1, json_parser_footprint(TEXT_BYTES));

    assert_non_null(tokens);
    json_parser_init(&parser, tokens, TEXT_BYTES);
    assert_status(STATUS_OK, json_parse(&parser, bytes_from(text, text_count), &root));
    const enum status status = evm_receipts_root(root, memory, capacity, ret_root);
    free(tokens);
    return status;
}

static void roots_are_those_of_another_program(void **state)
{
    (void)state;
    static const struct {
        unsigned count;
        const char *root;
    } cases[] = {
        {0, "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"},
        {1, "642cd2bcdba228efb3996bf53981250d3608289522b80754c4e3c085c93c806f"},
        {2, "cba7e20df786f510e09a37449b504a87ee63a6efe8e682192f5c794e6e9bf188"},
        {3, "f135ca6695bad0ed537a1fcd9f075e1090546c4567f5dee9609d3f6d3d8e3638"},
        {15, "91512f878d6d5ffb1bb34b02eaa9a1811989329d06bbb1de1d7ab5c2d046e3c4"},
        {16, "6aa3d0b88693c8a4385f5d19bb1523421544746f2a583cfb9f28e92a4167d44e"},
        {17, "162e21e7a25008fc582cfcb83c234235ecb2a984ff9df8e914df4d27480fb9e9"},
        {127, "5c26fec0c3625ed20aed605c47532aa445d006d417fc2922f853bc520bdc8664"},
        {128, "9afefd4af651b0c66e08692ce8a45205d3d5986cfea23c8b2a6778e1d3c344cb"},
        {129, "c9009266900833a526df151d6c092318a7e9ef73c4a731fe092e5889f1bc0d19"},
        {130, "1a077d594202ec6fdc137f12b136554d4589b64577f52ff218e28311579b4794"},
        {255, "e6646b2fe9fbc1970d52c514e260d429d6faa33facee633cc4676ccd4d1c55c8"},
        {256, "868c2e1331fb9dd36daca9d89bd5dde45c6bf6f8b377c9b0085aa77c5919aa18"},
        {257, "0a6da3f88b58c7627df4207decbc399a4c1fb9d157c7a85b2c43ebc9cede07d8"},
        {300, "a17c010928ca457bc748d10970f60f16fc09b904c2ae1f62090185d7de6e30ef"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct hash root;
        write_receipts(cases[i].count);
        assert_status(STATUS_OK, root_of_text(&root, MEMORY_BYTES));
        assert_hash(cases[i].root, root);
    }
}

/* Whatever digit of whatever receipt is another one, so is the root. */
static void every_digit_counts(void **state)
{
    (void)state;
    struct hash honest;

    write_receipts(5);
    assert_status(STATUS_OK, root_of_text(&honest, MEMORY_BYTES));
    for (size_t at = 1; at < text_count; at++) {
        struct hash root;
        const char before = text[at];
        /* Digits inside of values alone; the last one of each, so that it stays a quantity. */
        if (strchr("0123456789abcdef", before) == NULL || text[at + 1] != '"' ||
            text[at + 2] == ':' || text[at - 1] == '"') {
            continue;
        }
        text[at] = before == '1' ? '2' : '1';
        assert_status(STATUS_OK, root_of_text(&root, MEMORY_BYTES));
        assert_false(hash_equal(&root, &honest));
        text[at] = before;
    }
}

static void what_is_no_list_of_receipts_is_malformed(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{}",
        "[{}]",
        "[1]",
        "[{\"status\":\"0x1\",\"cumulativeGasUsed\":\"0x1\",\"logsBloom\":\"0x00\"}]",
        "[{\"type\":\"0x80\",\"status\":\"0x1\",\"cumulativeGasUsed\":\"0x1\","
        "\"logsBloom\":\"0x\",\"logs\":[]}]",
        "[{\"status\":\"0x1\",\"cumulativeGasUsed\":\"0x1\",\"logsBloom\":\"0x0\",\"logs\":[]}]",
        "[{\"status\":\"1\",\"cumulativeGasUsed\":\"0x1\",\"logsBloom\":\"0x\",\"logs\":[]}]",
        "[{\"status\":\"0x1\",\"cumulativeGasUsed\":\"0x1\",\"logsBloom\":\"0x\",\"logs\":[1]}]",
        "[{\"status\":\"0x1\",\"cumulativeGasUsed\":\"0x1\",\"logsBloom\":\"0x\",\"logs\":"
        "[{\"address\":\"0x00\",\"topics\":[\"0x\",\"0x\",\"0x\",\"0x\",\"0x\"],\"data\":\"0x\"}]}"
        "]",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct hash root;
        text_count = 0;
        put("%s", bad[i]);
        assert_status(STATUS_MALFORMED, root_of_text(&root, MEMORY_BYTES));
    }
}

static void a_receipt_that_does_not_fit_is_full(void **state)
{
    (void)state;
    struct hash root;

    write_receipts(70); /* the largest have two logs of 69 bytes */
    enum status status = STATUS_FULL;
    size_t capacity = 0;
    for (; status == STATUS_FULL; capacity += 7) {
        status = root_of_text(&root, capacity);
    }
    assert_status(STATUS_OK, status);
    assert_in_range(capacity, 300, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_are_those_of_another_program),
        cmocka_unit_test(every_digit_counts),
        cmocka_unit_test(what_is_no_list_of_receipts_is_malformed),
        cmocka_unit_test(a_receipt_that_does_not_fit_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
