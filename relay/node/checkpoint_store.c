/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/checkpoint_store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "store/durable.h"

#define HEX_TEXT_BYTES_MAX (2u + 2u * 65u + 1u)
#define NAME_TEXT_BYTES    64u

/* ---- places ---- */

enum status checkpoint_store_folder(struct bytes location, char ret_path[CHECKPOINT_PATH_BYTES_MAX])
{
    static const char scheme[] = "file://";
    const size_t scheme_count = sizeof(scheme) - 1;
    if (!bytes_have_prefix(location, bytes_from_string(scheme))) {
        return STATUS_UNSUPPORTED;
    }
    const char *path = (const char *)location.data + scheme_count;
    const size_t count = location.count - scheme_count;
    if (count < 2 || count > LOCATION_BYTES_MAX || path[0] != '/') {
        return STATUS_MALFORMED;
    }
    size_t part = 0; /* where the current part of the path starts */
    for (size_t i = 0; i <= count; i++) {
        if (i < count && ((unsigned char)path[i] < ' ' || (unsigned char)path[i] > '~')) {
            return STATUS_MALFORMED;
        }
        if (i == count || path[i] == '/') {
            if (i - part == 2 && path[part] == '.' && path[part + 1] == '.') {
                return STATUS_MALFORMED;
            }
            part = i + 1;
        }
    }
    memcpy(ret_path, path, count);
    ret_path[count] = '\0';
    return STATUS_OK;
}

/* ---- reading ---- */

/* STATUS_MALFORMED: larger than an object may be. */
static enum status read_object(const char *folder, const char *name, char *memory,
                               size_t *ret_count)
{
    char path[CHECKPOINT_PATH_BYTES_MAX + NAME_TEXT_BYTES];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    /* NONBLOCK: a pipe in the place of an object must not hold up the thread. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return status_from_errno(errno);
    }
    size_t count = 0;
    ssize_t got = 1;
    while (got > 0 && count <= CHECKPOINT_OBJECT_BYTES_MAX) {
        got = read(fd, memory + count, CHECKPOINT_OBJECT_BYTES_MAX + 1 - count);
        count += got > 0 ? (size_t)got : 0;
    }
    (void)close(fd);
    if (got < 0) {
        return STATUS_IO;
    }
    if (count > CHECKPOINT_OBJECT_BYTES_MAX) {
        return STATUS_MALFORMED;
    }
    *ret_count = count;
    return STATUS_OK;
}

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

enum status checkpoint_store_read(const struct driver_fetch *request,
                                  struct checkpoint *ret_checkpoint,
                                  struct signature *ret_signature)
{
    char folder[CHECKPOINT_PATH_BYTES_MAX];
    char name[NAME_TEXT_BYTES];
    char memory[CHECKPOINT_OBJECT_BYTES_MAX + 1];
    size_t count;
    enum status status = checkpoint_store_folder(request->location, folder);
    if (status != STATUS_OK) {
        return status;
    }
    (void)snprintf(name, sizeof(name), "%" PRIu32 "_with_id.json", request->index);
    status = read_object(folder, name, memory, &count);
    if (status != STATUS_OK) {
        return status;
    }
    json_t *root = json_loadb(memory, count, JSON_REJECT_DUPLICATES, NULL);
    const bool good = root != NULL && get_checkpoint(root, request, ret_checkpoint, ret_signature);
    json_decref(root);
    return good ? STATUS_OK : STATUS_MALFORMED;
}

/* ---- writing ---- */

static enum status make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        const int rc = mkdir(path, 0755);
        const int error = errno;
        *slash = '/';
        if (rc != 0 && error != EEXIST) {
            return status_from_errno(error);
        }
    }
    return mkdir(path, 0755) == 0 || errno == EEXIST ? STATUS_OK : status_from_errno(errno);
}

/* Beside its place, synced, then moved there. */
static enum status write_object(const char *folder, const char *name, struct bytes text)
{
    char path[CHECKPOINT_PATH_BYTES_MAX + NAME_TEXT_BYTES];
    char beside[CHECKPOINT_PATH_BYTES_MAX + NAME_TEXT_BYTES + 8];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    (void)snprintf(beside, sizeof(beside), "%s/.%s.new", folder, name);
    const int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        return status_from_errno(errno);
    }
    enum status status = durable_write(fd, text);
    if (close(fd) != 0 && status == STATUS_OK) {
        status = status_from_errno(errno);
    }
    if (status == STATUS_OK && rename(beside, path) != 0) {
        status = status_from_errno(errno);
    }
    if (status != STATUS_OK) {
        (void)unlink(beside);
        return status;
    }
    return durable_folder(folder);
}

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

/* Takes `object`. */
static enum status write_json(const char *folder, const char *name, json_t *object)
{
    char *text = object == NULL ? NULL : json_dumps(object, JSON_INDENT(2));
    json_decref(object);
    if (text == NULL) {
        return STATUS_NO_MEMORY;
    }
    const enum status status = write_object(folder, name, bytes_from_string(text));
    free(text);
    return status;
}

/* The newest index in the store; STATUS_NOT_FOUND: none that can be read. */
static enum status read_newest(const char *folder, uint32_t *ret_index)
{
    char memory[CHECKPOINT_OBJECT_BYTES_MAX + 1];
    size_t count;
    const enum status status = read_object(folder, "index.json", memory, &count);
    if (status != STATUS_OK) {
        return status == STATUS_MALFORMED ? STATUS_NOT_FOUND : status;
    }
    json_t *root = json_loadb(memory, count, JSON_DECODE_ANY, NULL);
    const bool good = json_is_integer(root) && json_integer_value(root) >= 0 &&
                      json_integer_value(root) <= UINT32_MAX;
    if (good) {
        *ret_index = (uint32_t)json_integer_value(root);
    }
    json_decref(root);
    return good ? STATUS_OK : STATUS_NOT_FOUND;
}

static enum status write_newest(const char *folder, uint32_t index)
{
    uint32_t newest;
    const enum status status = read_newest(folder, &newest);
    if (status == STATUS_OK && newest >= index) {
        return STATUS_OK;
    }
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    char text[16];
    (void)snprintf(text, sizeof(text), "%" PRIu32, index);
    return write_object(folder, "index.json", bytes_from_string(text));
}

enum status checkpoint_store_write(const struct driver_publish *request)
{
    char folder[CHECKPOINT_PATH_BYTES_MAX];
    enum status status = checkpoint_store_folder(request->location, folder);
    if (status == STATUS_OK) {
        status = make_folders(folder);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (request->is_announcement) {
        return write_json(folder, "announcement.json", announcement_object(request));
    }
    char name[NAME_TEXT_BYTES];
    (void)snprintf(name, sizeof(name), "%" PRIu32 "_with_id.json", request->checkpoint.index);
    status = write_json(folder, name, checkpoint_object(request));
    return status == STATUS_OK ? write_newest(folder, request->checkpoint.index) : status;
}
