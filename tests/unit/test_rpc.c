/* SPDX-License-Identifier: Apache-2.0 */
/* JSON and JSON-RPC from outside: what is taken, what is refused, and that memory stays bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chains/rpc/frame.h"

enum { TEXT_BYTES_MAX = 1 << 20 };

static struct json_parser parser;
static void *parser_memory;

static int set_up(void **state)
{
    (void)state;
    parser_memory = malloc(json_parser_footprint(TEXT_BYTES_MAX));
    assert_non_null(parser_memory);
    json_parser_init(&parser, parser_memory, TEXT_BYTES_MAX);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(parser_memory);
    return 0;
}

static enum status parse(const char *text, const struct json_token **ret_root)
{
    return json_parse(&parser, bytes_from_string(text), ret_root);
}

static void assert_text(const struct json_token *token, const char *text)
{
    assert_non_null(token);
    assert_true(bytes_equal(token->text, bytes_from_string(text)));
}

static void a_tree_is_read_back(void **state)
{
    (void)state;
    const struct json_token *root = NULL;

    assert_int_equal(parse(" {\"a\":[1,-2.5e3,{\"b\":null}],\"c\\u00e9\":\"x\\n\\ud83d\\ude00\","
                           "\"d\":true,\"e\":false,\"f\":{}} \n",
                           &root),
                     STATUS_OK);
    assert_int_equal(root->kind, JSON_OBJECT);
    assert_int_equal(root->count, 5);
    const struct json_token *a = json_member(root, "a");
    assert_int_equal(a->kind, JSON_ARRAY);
    assert_int_equal(a->count, 3);
    const struct json_token *item = json_first(a);
    assert_text(item, "1");
    item = json_after(item);
    assert_text(item, "-2.5e3");
    item = json_after(item);
    assert_true(json_is_null(json_member(item, "b")));
    assert_text(json_member(root, "c\xc3\xa9"), "x\n\xf0\x9f\x98\x80");
    assert_int_equal(json_member(root, "d")->kind, JSON_TRUE);
    assert_int_equal(json_member(root, "e")->kind, JSON_FALSE);
    assert_null(json_first(json_member(root, "f")));
    assert_null(json_member(root, "g"));
    assert_null(json_member(a, "b"));
}

static const char *const refused[] = {
    "",
    " ",
    "1",
    "\"a\"",
    "null",
    "{",
    "[",
    "]",
    "{]",
    "[}",
    "[1",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\":1,}",
    "[1,]",
    "[,1]",
    "{1:2}",
    "[1] 2",
    "[1][2]",
    "[1]x",
    "[tru]",
    "[nul]",
    "[01]",
    "[+1]",
    "[1.]",
    "[.5]",
    "[0x1]",
    "[NaN]",
    "['a']",
    "[\"a]",
    "[\"\\x\"]",
    "[\"\\u12\"]",
    "[\"\\u12g4\"]",
    "[/* no */1]",
    "[1 // no\n]",
    "\xef\xbb\xbf[]",
    /* controls, lone surrogates written as escapes */
    "[\"a\nb\"]",
    "[\"\x01\"]",
    "[\"\\ud800\"]",
    "[\"\\udc00\"]",
    "[\"\\ud800\\u0041\"]",
    "[\"\\ud800\\ud800\"]",
    /* UTF-8: stray continuation, overlong forms, surrogate, above U+10FFFF, cut short; and
     * outside of strings */
    "[\"\x80\"]",
    "[\"\xc0\xaf\"]",
    "[\"\xc1\xbf\"]",
    "[\"\xe0\x9f\xbf\"]",
    "[\"\xed\xa0\x80\"]",
    "[\"\xf0\x8f\xbf\xbf\"]",
    "[\"\xf4\x90\x80\x80\"]",
    "[\"\xf5\"]",
    "[\"\xe2\x82\"]",
    "[\"\xc3\"]",
    "[\xc3\xa9]",
    "[\"1234567\xff\"]",
    "[\"\xe2\x82(zzzzzzzz\"]",
};

static void what_is_not_json_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const struct json_token *root = NULL;
        if (parse(refused[i], &root) != STATUS_MALFORMED) {
            fail_msg("taken: %s", refused[i]);
        }
    }
    const struct json_token *root = NULL;
    assert_int_equal(json_parse(&parser, bytes_from("[\"\0\"]", 5), &root), STATUS_MALFORMED);
    assert_int_equal(json_parse(&parser, bytes_from("[]\0", 3), &root), STATUS_MALFORMED);
}

/* Strings are looked at many bytes at a time; no byte may hide behind another, at any place. */
static void a_bad_byte_is_found_anywhere_in_a_string(void **state)
{
    (void)state;
    enum { CHARACTERS = 40 };
    const struct json_token *root = NULL;

    for (uint32_t i = 0; i < CHARACTERS * 256; i++) {
        const uint8_t byte = (uint8_t)(i % 256);
        const bool is_plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
        uint8_t text[CHARACTERS + 4];
        memset(text, 'z', sizeof(text)); /* no letter of an escape */
        text[0] = '[';
        text[1] = '"';
        text[CHARACTERS + 2] = '"';
        text[CHARACTERS + 3] = ']';
        text[2 + i / 256] = byte;
        assert_int_equal(json_parse(&parser, bytes_from(text, sizeof(text)), &root),
                         is_plain ? STATUS_OK : STATUS_MALFORMED);
    }
}

static void every_prefix_of_a_text_is_refused(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":[1,\"\\u00e9\xe2\x82\xac long enough for a run of sixteen\","
                               "{\"b\":null}],\"c\":true}";
    const struct json_token *root = NULL;

    for (size_t count = 0; count < sizeof(text) - 1; count++) {
        assert_int_equal(json_parse(&parser, bytes_from(text, count), &root), STATUS_MALFORMED);
    }
    assert_int_equal(json_parse(&parser, bytes_from(text, sizeof(text) - 1), &root), STATUS_OK);
}

/* Nesting, many tokens and long strings with escapes: each has its bound, and one more is refused
 * without touching memory that is not the parser's (the sanitizer watches). */
static void size_is_bounded(void **state)
{
    (void)state;
    char *text = malloc(TEXT_BYTES_MAX);
    const struct json_token *root = NULL;

    for (size_t depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(json_parse(&parser, bytes_from(text, 2 * depth), &root),
                         depth > JSON_DEPTH_MAX ? STATUS_MALFORMED : STATUS_OK);
    }
    memset(text, '[', TEXT_BYTES_MAX);
    assert_int_equal(json_parse(&parser, bytes_from(text, TEXT_BYTES_MAX), &root),
                     STATUS_MALFORMED);

    for (size_t i = 0; i < TEXT_BYTES_MAX; i++) {
        text[i] = i % 2 == 0 ? ',' : '1';
    }
    text[0] = '[';
    text[TEXT_BYTES_MAX - 1] = ' ';
    text[TEXT_BYTES_MAX - 2] = ']';
    assert_int_equal(json_parse(&parser, bytes_from(text, TEXT_BYTES_MAX), &root), STATUS_FULL);

    for (size_t length = JSON_ESCAPED_BYTES_MAX; length <= JSON_ESCAPED_BYTES_MAX + 1; length++) {
        memset(text, 'a', TEXT_BYTES_MAX);
        memcpy(text, "[\"", 2);
        memcpy(text + 2 + length - 2, "\\n", 2);
        memcpy(text + 2 + length, "\"]", 2);
        assert_int_equal(json_parse(&parser, bytes_from(text, length + 4), &root),
                         length > JSON_ESCAPED_BYTES_MAX ? STATUS_MALFORMED : STATUS_OK);
    }
    /* Several of the longest: more than the room for unescaped text. */
    memset(text, 'a', TEXT_BYTES_MAX);
    const size_t one = JSON_ESCAPED_BYTES_MAX + 3;
    for (size_t i = 0; i < 4; i++) {
        memcpy(text + i * one, i == 0 ? "[\"\\n" : ",\"\\n", 4);
        text[i * one + one - 1] = '"';
    }
    text[4 * one] = ']';
    assert_int_equal(json_parse(&parser, bytes_from(text, 4 * one + 1), &root), STATUS_FULL);
    /* A long plain string needs no copy. */
    memset(text, 'a', TEXT_BYTES_MAX);
    memcpy(text, "[\"", 2);
    memcpy(text + TEXT_BYTES_MAX - 2, "\"]", 2);
    assert_int_equal(json_parse(&parser, bytes_from(text, TEXT_BYTES_MAX), &root), STATUS_OK);
    assert_int_equal(json_first(root)->text.count, TEXT_BYTES_MAX - 4);
    free(text);
}

static void a_key_that_comes_twice_is_seen(void **state)
{
    (void)state;
    const struct json_token *root = NULL;
    const struct json_token *value = NULL;

    assert_int_equal(parse("{\"a\":1,\"b\":2,\"\\u0061\":3}", &root), STATUS_OK);
    assert_int_equal(json_find(root, "a", &value), STATUS_MALFORMED);
    assert_int_equal(json_find(root, "b", &value), STATUS_OK);
    assert_int_equal(json_find(root, "c", &value), STATUS_NOT_FOUND);
}

static void chain_values_have_one_form(void **state)
{
    (void)state;
    const struct json_token *root = NULL;
    uint64_t quantity = 0;
    struct amount amount;

    assert_int_equal(
        parse("[\"0x0\",\"0xff\",\"0xffffffffffffffff\",\"0x10000000000000000\"]", &root),
        STATUS_OK);
    const struct json_token *value = json_first(root);
    assert_int_equal(json_quantity(value, &quantity), STATUS_OK);
    assert_true(quantity == 0);
    value = json_after(value);
    assert_int_equal(json_quantity(value, &quantity), STATUS_OK);
    assert_true(quantity == 255);
    value = json_after(value);
    assert_int_equal(json_quantity(value, &quantity), STATUS_OK);
    assert_true(quantity == UINT64_MAX);
    value = json_after(value);
    assert_int_equal(json_quantity(value, &quantity), STATUS_MALFORMED);
    assert_int_equal(json_amount(value, &amount), STATUS_OK);

    assert_int_equal(parse("[\"\",\"0x\",\"0x00\",\"0x01\",\"1\",\"0X1\",\"0xg\",\"x\",1,null,"
                           "\"0x 1\",\"0x-1\",\"0xx1\","
                           "\"0x1000000000000000000000000000000000000000000000000000000000000"
                           "0000\",\"0xx2345678901234567890123456789012345678901234567890123456789"
                           "01234\"]",
                           &root),
                     STATUS_OK);
    value = json_first(root);
    for (uint32_t i = 0; i < root->count; i++, value = json_after(value)) {
        assert_int_equal(json_amount(value, &amount), STATUS_MALFORMED);
    }
    assert_int_equal(json_amount(NULL, &amount), STATUS_MALFORMED);
}

static void data_hashes_and_addresses_have_their_length(void **state)
{
    (void)state;
    const struct json_token *root = NULL;
    uint8_t bytes[4];
    size_t count = 0;
    struct hash hash;
    struct address address;

#define H32 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
    assert_int_equal(
        parse("{\"e\":\"0x\",\"d\":\"0x01fF\",\"o\":\"0x012\",\"b\":\"0102\",\"x\":\"0x0x12\","
              "\"l\":\"0x0102030405\",\"h\":\"0x" H32 "\",\"p\":\"" H32 "\",\"s\":\"0x" H32 "00\","
              "\"a\":\"0x00112233445566778899aabbccddeeff00112233\"}",
              &root),
        STATUS_OK);
#undef H32
    assert_int_equal(json_data(json_member(root, "e"), 4, bytes, &count), STATUS_OK);
    assert_int_equal(count, 0);
    assert_int_equal(json_data(json_member(root, "d"), 4, bytes, &count), STATUS_OK);
    assert_int_equal(count, 2);
    assert_int_equal(bytes[1], 0xff);
    assert_int_equal(json_data(json_member(root, "o"), 4, bytes, &count), STATUS_MALFORMED);
    assert_int_equal(json_data(json_member(root, "b"), 4, bytes, &count), STATUS_MALFORMED);
    assert_int_equal(json_data(json_member(root, "x"), 4, bytes, &count), STATUS_MALFORMED);
    assert_int_equal(json_data(json_member(root, "l"), 4, bytes, &count), STATUS_FULL);
    assert_int_equal(json_data_size(json_member(root, "l"), &count), STATUS_OK);
    assert_int_equal(count, 5);
    assert_int_equal(json_data_size(json_member(root, "o"), &count), STATUS_MALFORMED);
    assert_int_equal(json_hash(json_member(root, "h"), &hash), STATUS_OK);
    assert_int_equal(hash.bytes[31], 0xff);
    assert_int_equal(json_hash(json_member(root, "p"), &hash), STATUS_MALFORMED);
    assert_int_equal(json_hash(json_member(root, "s"), &hash), STATUS_MALFORMED);
    assert_int_equal(json_hash(json_member(root, "a"), &hash), STATUS_MALFORMED);
    assert_int_equal(json_evm_address(json_member(root, "a"), &address), STATUS_OK);
    assert_int_equal(address.bytes[31], 0x33);
    assert_int_equal(json_evm_address(json_member(root, "h"), &address), STATUS_MALFORMED);
}

static struct rpc_item first_item(const char *text)
{
    struct rpc_items items;
    struct rpc_item item = {.kind = RPC_UNKNOWN};

    assert_int_equal(rpc_open(&parser, bytes_from_string(text), &items), STATUS_OK);
    assert_true(rpc_next(&items, &item));
    return item;
}

static void answers_and_notifications_are_told_apart(void **state)
{
    (void)state;
    struct rpc_item item = first_item("{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":null}");

    assert_int_equal(item.kind, RPC_RESULT);
    assert_true(item.has_id);
    assert_int_equal(item.id, 7);
    assert_true(json_is_null(item.result));

    item = first_item("{\"id\":9007199254740992,\"result\":\"0x1\",\"error\":null}");
    assert_int_equal(item.kind, RPC_RESULT);
    assert_true(item.id == UINT64_C(1) << 53);

    item = first_item("{\"id\":8,\"error\":{\"code\":-32000,\"message\":\"no\",\"data\":\"0x\"}}");
    assert_int_equal(item.kind, RPC_ERROR);
    assert_int_equal(item.code, -32000);
    assert_true(bytes_equal(item.message, bytes_from_string("no")));
    assert_non_null(item.data);

    item = first_item("{\"id\":null,\"error\":{\"code\":-32600,\"message\":\"batch\"}}");
    assert_int_equal(item.kind, RPC_ERROR);
    assert_false(item.has_id);

    item = first_item("{\"method\":\"eth_subscription\",\"params\":{\"subscription\":\"0xab\","
                      "\"result\":{\"number\":\"0x1\"}}}");
    assert_int_equal(item.kind, RPC_NOTIFICATION);
    assert_true(bytes_equal(item.subscription, bytes_from_string("0xab")));
    assert_non_null(json_member(item.result, "number"));
}

static void what_is_neither_is_unknown(void **state)
{
    (void)state;
    static const char *const unknown[] = {
        "{}",
        "[1]",
        "[[]]",
        "{\"id\":1}",
        "{\"id\":\"1\",\"result\":1}",
        "{\"id\":1.5,\"result\":1}",
        "{\"id\":-1,\"result\":1}",
        "{\"id\":1e3,\"result\":1}",
        "{\"id\":9007199254740993,\"result\":1}",
        "{\"id\":99999999999999999999,\"result\":1}",
        "{\"id\":null,\"result\":1}",
        "{\"id\":1,\"id\":1,\"result\":1}",
        "{\"id\":1,\"result\":1,\"result\":2}",
        "{\"id\":1,\"result\":1,\"error\":{\"code\":1,\"message\":\"m\"}}",
        "{\"id\":1,\"result\":1,\"error\":null,\"error\":null}",
        "{\"id\":1,\"error\":null}",
        "{\"id\":1,\"error\":\"text\"}",
        "{\"id\":1,\"error\":{\"code\":\"1\",\"message\":\"m\"}}",
        "{\"id\":1,\"error\":{\"code\":1,\"message\":2}}",
        "{\"id\":1,\"error\":{\"code\":1,\"message\":\"m\",\"data\":1,\"data\":2}}",
        "{\"method\":\"eth_other\",\"params\":{\"subscription\":\"0x1\",\"result\":1}}",
        "{\"method\":\"eth_subscription\",\"params\":{\"subscription\":1,\"result\":1}}",
        "{\"method\":\"eth_subscription\",\"params\":{\"subscription\":\"0x1\"}}",
        "{\"method\":\"eth_subscription\",\"params\":[]}",
    };
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        if (first_item(unknown[i]).kind != RPC_UNKNOWN) {
            fail_msg("understood: %s", unknown[i]);
        }
    }
}

static void a_batch_gives_every_item(void **state)
{
    (void)state;
    struct rpc_items items;
    struct rpc_item item;

    assert_int_equal(rpc_open(&parser,
                              bytes_from_string("[{\"id\":2,\"result\":[1,[2]]},7,"
                                                "{\"id\":1,\"result\":{\"a\":1}}]"),
                              &items),
                     STATUS_OK);
    assert_true(rpc_next(&items, &item));
    assert_int_equal(item.id, 2);
    assert_true(rpc_next(&items, &item));
    assert_int_equal(item.kind, RPC_UNKNOWN);
    assert_true(rpc_next(&items, &item));
    assert_int_equal(item.id, 1);
    assert_false(rpc_next(&items, &item));

    assert_int_equal(rpc_open(&parser, bytes_from_string("[]"), &items), STATUS_OK);
    assert_false(rpc_next(&items, &item));
}

static void a_request_is_written_as_nodes_read_it(void **state)
{
    (void)state;
    char memory[256];
    const uint8_t data[] = {0x00, 0xab};
    const uint8_t account[20] = {0x12, [19] = 0x34};
    const struct address address = address_from_evm(account);
    const struct amount large = amount_max();
    struct json_writer writer = json_writer_from(memory, sizeof(memory));

    rpc_write_begin(&writer, 18446744073709551615u, "eth_call");
    json_write_quantity(&writer, 0);
    json_write(&writer, ",");
    json_write_quantity(&writer, 4096);
    json_write(&writer, ",");
    json_write_data(&writer, bytes_from(data, sizeof(data)));
    json_write(&writer, ",");
    json_write_data(&writer, bytes_from(NULL, 0));
    json_write(&writer, ",");
    json_write_evm_address(&writer, &address);
    rpc_write_end(&writer);
    assert_false(writer.overrun);
    assert_true(
        bytes_equal(buffer_bytes(&writer.buffer),
                    bytes_from_string(
                        "{\"jsonrpc\":\"2.0\",\"id\":18446744073709551615,\"method\":\"eth_call\","
                        "\"params\":[\"0x0\",\"0x1000\",\"0x00ab\",\"0x\","
                        "\"0x1200000000000000000000000000000000000034\"]}")));
    json_write_amount(&writer, &large);
    assert_false(writer.overrun);
    json_write_amount(&writer, &large);
    assert_true(writer.overrun);
    const size_t count = writer.buffer.count;
    json_write(&writer, "x");
    assert_int_equal(writer.buffer.count, count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_is_read_back),
        cmocka_unit_test(what_is_not_json_is_refused),
        cmocka_unit_test(a_bad_byte_is_found_anywhere_in_a_string),
        cmocka_unit_test(every_prefix_of_a_text_is_refused),
        cmocka_unit_test(size_is_bounded),
        cmocka_unit_test(a_key_that_comes_twice_is_seen),
        cmocka_unit_test(chain_values_have_one_form),
        cmocka_unit_test(data_hashes_and_addresses_have_their_length),
        cmocka_unit_test(answers_and_notifications_are_told_apart),
        cmocka_unit_test(what_is_neither_is_unknown),
        cmocka_unit_test(a_batch_gives_every_item),
        cmocka_unit_test(a_request_is_written_as_nodes_read_it),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
