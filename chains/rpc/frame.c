/* SPDX-License-Identifier: Apache-2.0 */
#include "chains/rpc/frame.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"

struct json_writer json_writer_from(void *memory, size_t capacity)
{
    return (struct json_writer){.buffer = buffer_from(memory, capacity)};
}

static void write_bytes(struct json_writer *writer, struct bytes bytes)
{
    if (writer->overrun || buffer_append(&writer->buffer, bytes) != STATUS_OK) {
        writer->overrun = true;
    }
}

void json_write(struct json_writer *writer, const char *text)
{
    SLOW_CHECK(memchr(text, 92, strlen(text)) == NULL); /* no backslash */
    write_bytes(writer, bytes_from_string(text));
}

void json_write_decimal(struct json_writer *writer, uint64_t value)
{
    char digits[20];
    size_t start = sizeof(digits);

    do {
        digits[--start] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    write_bytes(writer, bytes_from(digits + start, sizeof(digits) - start));
}

void json_write_amount(struct json_writer *writer, const struct amount *value)
{
    uint8_t big_endian[32];
    char digits[65];
    size_t start = 0;

    amount_to_be(value, big_endian);
    hex_encode(bytes_from(big_endian, sizeof(big_endian)), digits);
    while (start < 63 && digits[start] == '0') {
        start++;
    }
    json_write(writer, "\"0x");
    write_bytes(writer, bytes_from(digits + start, 64 - start));
    json_write(writer, "\"");
}

void json_write_quantity(struct json_writer *writer, uint64_t value)
{
    const struct amount amount = amount_from_u64(value);

    json_write_amount(writer, &amount);
}

void json_write_data(struct json_writer *writer, struct bytes bytes)
{
    char digits[2 * 64 + 1];

    json_write(writer, "\"0x");
    for (size_t done = 0; done < bytes.count && !writer->overrun;) {
        const size_t piece = bytes.count - done < 64 ? bytes.count - done : 64;
        hex_encode(bytes_from(bytes.data + done, piece), digits);
        write_bytes(writer, bytes_from(digits, 2 * piece));
        done += piece;
    }
    json_write(writer, "\"");
}

void json_write_evm_address(struct json_writer *writer, const struct address *address)
{
    CHECK(address_is_evm(address));
    json_write_data(writer, bytes_from(address->bytes + 12, 20));
}

void rpc_write_begin(struct json_writer *writer, uint64_t id, const char *method)
{
    json_write(writer, "{\"jsonrpc\":\"2.0\",\"id\":");
    json_write_decimal(writer, id);
    json_write(writer, ",\"method\":\"");
    json_write(writer, method);
    json_write(writer, "\",\"params\":[");
}

void rpc_write_end(struct json_writer *writer)
{
    json_write(writer, "]}");
}

enum status rpc_open(struct json_parser *parser, struct bytes message, struct rpc_items *ret_items)
{
    const struct json_token *root = NULL;
    const enum status status = json_parse(parser, message, &root);

    if (status != STATUS_OK) {
        return status;
    }
    if (root->kind == JSON_ARRAY) {
        *ret_items = (struct rpc_items){.at = json_first(root), .left = root->count};
    } else {
        *ret_items = (struct rpc_items){.at = root, .left = 1};
    }
    return STATUS_OK;
}

static enum status read_error(const struct json_token *error, struct rpc_item *item)
{
    const struct json_token *const message = json_member(error, "message");
    const enum status status = json_find(error, "data", &item->data);

    if (json_whole(json_member(error, "code"), &item->code) != STATUS_OK || message == NULL ||
        message->kind != JSON_STRING || status == STATUS_MALFORMED) {
        return STATUS_MALFORMED;
    }
    item->message = message->text;
    item->kind = RPC_ERROR;
    return STATUS_OK;
}

static enum status read_notification(const struct json_token *object, struct rpc_item *item)
{
    const struct json_token *const method = json_member(object, "method");
    const struct json_token *const params = json_member(object, "params");
    const struct json_token *const subscription = json_member(params, "subscription");

    item->result = json_member(params, "result");
    if (method == NULL || method->kind != JSON_STRING ||
        !bytes_equal(method->text, bytes_from_string("eth_subscription")) || subscription == NULL ||
        subscription->kind != JSON_STRING || item->result == NULL) {
        return STATUS_MALFORMED;
    }
    item->subscription = subscription->text;
    item->kind = RPC_NOTIFICATION;
    return STATUS_OK;
}

static enum status read_answer(const struct json_token *object, const struct json_token *id,
                               struct rpc_item *item)
{
    const struct json_token *error = NULL;
    int64_t number = 0;
    const enum status has_result = json_find(object, "result", &item->result);
    const enum status has_error = json_find(object, "error", &error);

    if (id->kind != JSON_NULL) {
        if (json_whole(id, &number) != STATUS_OK || number < 0) {
            return STATUS_MALFORMED;
        }
        item->has_id = true;
        item->id = (uint64_t)number;
    }
    /* Some nodes send "error":null beside a result; a result and an error together mean nothing. */
    if (has_error == STATUS_OK && !json_is_null(error)) {
        return has_result == STATUS_NOT_FOUND || json_is_null(item->result)
                   ? read_error(error, item)
                   : STATUS_MALFORMED;
    }
    if (has_error == STATUS_MALFORMED || has_result != STATUS_OK || !item->has_id) {
        return STATUS_MALFORMED;
    }
    item->kind = RPC_RESULT;
    return STATUS_OK;
}

bool rpc_next(struct rpc_items *items, struct rpc_item *ret_item)
{
    const struct json_token *id = NULL;
    struct rpc_item item = {.kind = RPC_UNKNOWN};

    if (items->left == 0) {
        return false;
    }
    const struct json_token *const object = items->at;
    items->at = json_after(object);
    items->left--;
    const enum status has_id = json_find(object, "id", &id);
    enum status status = STATUS_MALFORMED;
    if (has_id == STATUS_OK) {
        status = read_answer(object, id, &item);
    } else if (has_id == STATUS_NOT_FOUND) {
        status = read_notification(object, &item);
    }
    *ret_item = status == STATUS_OK ? item : (struct rpc_item){.kind = RPC_UNKNOWN};
    return true;
}
