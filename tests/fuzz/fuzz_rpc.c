/* SPDX-License-Identifier: Apache-2.0 */
/* Frames from a node: any bytes are parsed in bounded memory, and what comes out is consistent. */
#include <stdlib.h>

#include "chains/rpc/frame.h"
#include "relay/base/check.h"

enum { TEXT_BYTES_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

/* Every token is inside its container, and spans add up. */
static void walk(const struct json_token *root)
{
    for (const struct json_token *token = root; token < root + root->span; token++) {
        CHECK(token->span >= 1);
        CHECK(token + token->span <= root + root->span);
        if (token->kind != JSON_ARRAY && token->kind != JSON_OBJECT) {
            CHECK(token->span == 1);
            continue;
        }
        const struct json_token *child = json_first(token);
        uint32_t children = token->kind == JSON_OBJECT ? 2 * token->count : token->count;
        for (; children > 0; children--) {
            child = json_after(child);
        }
        CHECK(child == NULL || child == token + token->span);
    }
}

static void read_values(const struct json_token *token)
{
    static uint8_t bytes[TEXT_BYTES_MAX];
    uint64_t quantity = 0;
    struct amount amount;
    struct hash hash;
    struct address address;
    int64_t integer = 0;
    size_t count = 0;
    size_t size = 0;

    if (json_quantity(token, &quantity) == STATUS_OK) {
        /* Canonical: writing it gives the same text. */
        uint8_t text[32];
        struct json_writer writer = json_writer_from(text, sizeof(text));
        json_write_quantity(&writer, quantity);
        CHECK(writer.buffer.count == token->text.count + 2);
    }
    if (json_data(token, sizeof(bytes), bytes, &count) == STATUS_OK) {
        const enum status status = json_data_size(token, &size);
        CHECK(status == STATUS_OK);
        CHECK(size == count);
    }
    (void)!json_amount(token, &amount);
    (void)!json_hash(token, &hash);
    (void)!json_evm_address(token, &address);
    (void)!json_whole(token, &integer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    static struct json_parser parser;
    static void *memory;
    struct rpc_items items;
    struct rpc_item item;

    if (memory == NULL) {
        memory = malloc(json_parser_footprint(TEXT_BYTES_MAX));
        CHECK(memory != NULL);
        json_parser_init(&parser, memory, TEXT_BYTES_MAX);
    }
    if (count > TEXT_BYTES_MAX || rpc_open(&parser, bytes_from(data, count), &items) != STATUS_OK) {
        return 0;
    }
    walk(parser.tokens);
    while (rpc_next(&items, &item)) {
        if (item.kind == RPC_RESULT || item.kind == RPC_NOTIFICATION) {
            read_values(item.result);
        }
    }
    return 0;
}
