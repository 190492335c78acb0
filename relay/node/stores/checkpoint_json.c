/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/stores/checkpoint_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"

#define HEX_TEXT_BYTES_MAX (2u + 2u * 65u + 1u)

/* ---- reading ---- */

static bool get_u32(const json_t *object, const char *key, uint32_t *ret_value)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > UINT32_MAX) {
        return false;
    }
    *ret_value = (uint32_t)json_integer_value(value);
    return true;
}

static bool get_hash(const json_t *object, const char *key, struct hash *ret_hash)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL && hex_decode_hash(bytes_from_string(text), ret_hash) == STATUS_OK;
}

/* A 256-bit number in hexadecimal without leading zeros, as the reference agents write r and s. */
static bool get_number(const json_t *object, const char *key, uint8_t ret_number[32])
{
    const char *text = json_string_value(json_object_get(object, key));
    char padded[65];
    if (text == NULL || strncmp(text, "0x", 2) != 0) {
        return false;
    }
    const size_t count = strlen(text + 2);
    size_t decoded;
    if (count == 0 || count > 64) {
        return false;
    }
    memset(padded, '0', 64);
    memcpy(padded + 64 - count, text + 2, count + 1);
    return hex_decode(bytes_from(padded, 64), 32, ret_number, &decoded) == STATUS_OK &&
           decoded == 32;
}

static bool get_signature_parts(const json_t *object, struct signature *ret_signature)
{
    struct signature signature;
    uint32_t v;
    if (!get_number(object, "r", signature.bytes) ||
        !get_number(object, "s", signature.bytes + 32) || !get_u32(object, "v", &v) ||
        (v != 27 && v != 28)) {
        return false;
    }
    signature.bytes[64] = (uint8_t)v;
    *ret_signature = signature;
    return true;
}

/* Either form may be there; when both are, they must agree. */
static bool get_signature(const json_t *root, struct signature *ret_signature)
{
    const json_t *parts = json_object_get(root, "signature");
    const char *serialized = json_string_value(json_object_get(root, "serialized_signature"));
    struct signature from_parts;
    struct signature from_text;
    if (parts != NULL && !get_signature_parts(parts, &from_parts)) {
        return false;
    }
    if (serialized != NULL) {
        size_t count;
        if (hex_decode(bytes_from_string(serialized), sizeof(from_text.bytes), from_text.bytes,
                       &count) != STATUS_OK ||
            count != sizeof(from_text.bytes)) {
            return false;
        }
    }
    if (parts == NULL && serialized == NULL) {
        return false;
    }
    if (parts != NULL && serialized != NULL &&
        memcmp(from_parts.bytes, from_text.bytes, sizeof(from_text.bytes)) != 0) {
        return false;
    }
    *ret_signature = parts != NULL ? from_parts : from_text;
    return true;
}

static bool get_checkpoint(const json_t *root, const struct driver_fetch *request,
                           struct checkpoint *ret_checkpoint, struct signature *ret_signature)
{
    /* The reference reader takes "checkpoint" for the outer name as well. */
    const json_t *value = json_object_get(root, "value");
    if (value == NULL) {
        value = json_object_get(root, "checkpoint");
    }
    const json_t *inner = json_object_get(value, "checkpoint");
    const char *hook = json_string_value(json_object_get(inner, "merkle_tree_hook_address"));
    struct checkpoint checkpoint = {0};
    struct address tree_hook;
    uint32_t domain;
    if (hook == NULL || hex_decode_address(bytes_from_string(hook), &tree_hook) != STATUS_OK ||
        !get_u32(inner, "mailbox_domain", &domain) || !get_hash(inner, "root", &checkpoint.root) ||
        !get_u32(inner, "index", &checkpoint.index) ||
        !get_hash(value, "message_id", &checkpoint.message_id)) {
        return false;
    }
    if (domain != request->domain || !address_equal(&tree_hook, &request->tree_hook) ||
        checkpoint.index != request->index) {
        return false;
    }
    *ret_checkpoint = checkpoint;
    return get_signature(root, ret_signature);
}

enum status checkpoint_json_read(struct bytes text, const struct driver_fetch *request,
                                 struct checkpoint *ret_checkpoint, struct signature *ret_signature)
{
    json_t *root = json_loadb((const char *)text.data, text.count, JSON_REJECT_DUPLICATES, NULL);
    const bool good = root != NULL && get_checkpoint(root, request, ret_checkpoint, ret_signature);

    json_decref(root);
    return good ? STATUS_OK : STATUS_MALFORMED;
}

enum status checkpoint_json_newest(struct bytes text, uint32_t *ret_index)
{
    json_t *root = json_loadb((const char *)text.data, text.count, JSON_DECODE_ANY, NULL);
    const bool good = json_is_integer(root) && json_integer_value(root) >= 0 &&
                      json_integer_value(root) <= UINT32_MAX;

    if (good) {
        *ret_index = (uint32_t)json_integer_value(root);
    }
    json_decref(root);
    return good ? STATUS_OK : STATUS_MALFORMED;
}

/* ---- writing ---- */

static json_t *hex_value(struct bytes bytes)
{
    char text[HEX_TEXT_BYTES_MAX] = "0x";
    CHECK(bytes.count <= 65);
    hex_encode(bytes, text + 2);
    return json_string(text);
}

/* Without leading zeros, "0x0" for nothing, as the reference agents write 256-bit numbers. */
static json_t *number_value(const uint8_t number[32])
{
    char text[64 + 1];
    char result[2 + sizeof(text)] = "0x";
    hex_encode(bytes_from(number, 32), text);
    size_t skipped = 0;
    while (skipped < 63 && text[skipped] == '0') {
        skipped++;
    }
    memcpy(result + 2, text + skipped, sizeof(text) - skipped);
    return json_string(result);
}

/* Takes `value`. */
static json_t *signed_object(json_t *value, const struct signature *signature)
{
    return json_pack("{s:o, s:{s:o, s:o, s:i}, s:o}", "value", value, "signature", "r",
                     number_value(signature->bytes), "s", number_value(signature->bytes + 32), "v",
                     (int)signature->bytes[64], "serialized_signature",
                     hex_value(bytes_from(signature->bytes, sizeof(signature->bytes))));
}

static json_t *checkpoint_object(const struct driver_publish *request)
{
    const struct checkpoint *checkpoint = &request->checkpoint;
    json_t *value = json_pack(
        "{s:{s:o, s:I, s:o, s:I}, s:o}", "checkpoint", "merkle_tree_hook_address",
        hex_value(bytes_from(request->tree_hook.bytes, 32)), "mailbox_domain",
        (json_int_t)request->domain, "root", hex_value(bytes_from(checkpoint->root.bytes, 32)),
        "index", (json_int_t)checkpoint->index, "message_id",
        hex_value(bytes_from(checkpoint->message_id.bytes, 32)));
    return signed_object(value, &request->signature);
}

static json_t *announcement_object(const struct driver_publish *request)
{
    json_t *value = json_pack("{s:o, s:o, s:I, s:s%}", "validator",
                              hex_value(bytes_from(request->validator.bytes + 12, 20)),
                              "mailbox_address", hex_value(bytes_from(request->mailbox.bytes, 32)),
                              "mailbox_domain", (json_int_t)request->domain, "storage_location",
                              (const char *)request->location.data, request->location.count);
    return signed_object(value, &request->signature);
}

/* What the chain counts as final: a tag, or a depth in blocks. */
static json_t *finality_value(const struct driver_publish *request)
{
    switch (request->finality) {
    case FINALITY_TAG:
        return json_string("finalized");
    case FINALITY_SAFE:
        return json_string("safe");
    case FINALITY_DEPTH:
        return json_integer((json_int_t)request->finality_blocks);
    }
    return json_integer(0);
}

static json_t *reorg_object(const struct driver_publish *request)
{
    return json_pack("{s:o, s:o, s:I, s:I, s:o}", "local_merkle_root",
                     hex_value(bytes_from(request->checkpoint.root.bytes, 32)),
                     "canonical_merkle_root",
                     hex_value(bytes_from(request->canonical_root.bytes, 32)), "checkpoint_index",
                     (json_int_t)request->checkpoint.index, "unix_timestamp",
                     (json_int_t)request->time_s, "reorg_period", finality_value(request));
}

char *checkpoint_json_write(const struct driver_publish *request)
{
    json_t *object = request->is_reorg          ? reorg_object(request)
                     : request->is_announcement ? announcement_object(request)
                                                : checkpoint_object(request);
    /* The reference agents write the flag on one line. */
    const size_t flags = request->is_reorg ? JSON_COMPACT : JSON_INDENT(2);
    char *text = object == NULL ? NULL : json_dumps(object, flags);

    json_decref(object);
    return text;
}
