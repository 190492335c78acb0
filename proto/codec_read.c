/* SPDX-License-Identifier: Apache-2.0 */
/* The reading half of proto/codec.h: bytes to a message, a message to our struct. */
#include "proto/codec_internal.h"
#include "relay/base/digest.h"

/* ---- bytes to a message ---- */

static void *arena_alloc(void *context, size_t bytes_count)
{
    return codec_take_raw(context, bytes_count);
}

static void arena_free(void *context, void *memory)
{
    /* The arena is emptied as a whole. */
    (void)context;
    (void)memory;
}

enum status codec_unpack(const ProtobufCMessageDescriptor *wire, struct bytes bytes,
                         size_t bytes_max, struct codec_arena *arena,
                         ProtobufCMessage **ret_message)
{
    ProtobufCAllocator allocator = {
        .alloc = arena_alloc, .free = arena_free, .allocator_data = arena};

    if (bytes.count > bytes_max) {
        return STATUS_MALFORMED;
    }
    ProtobufCMessage *message =
        protobuf_c_message_unpack(wire, &allocator, bytes.count, bytes.data);
    if (message == NULL || protobuf_c_message_get_packed_size(message) != bytes.count) {
        return STATUS_MALFORMED;
    }
    uint8_t *packed = codec_take_raw(arena, bytes.count);
    if (packed == NULL) {
        return STATUS_MALFORMED;
    }
    const size_t packed_count = protobuf_c_message_pack(message, packed);
    if (!bytes_equal(bytes_from(packed, packed_count), bytes)) {
        return STATUS_MALFORMED;
    }
    *ret_message = message;
    return STATUS_OK;
}

/* ---- a message to our struct ---- */

/* Exactly `count` bytes that are not all zero, or none for zero. */
static enum status fill_fixed(ProtobufCBinaryData data, size_t count, uint8_t *at)
{
    if (data.len == 0) {
        return STATUS_OK;
    }
    if (data.len != count || is_zero(data.data, count)) {
        return STATUS_MALFORMED;
    }
    memcpy(at, data.data, count);
    return STATUS_OK;
}

enum status codec_hash_from(ProtobufCBinaryData data, struct hash *ret_hash)
{
    *ret_hash = (struct hash){{0}};
    return fill_fixed(data, sizeof(ret_hash->bytes), ret_hash->bytes);
}

static enum status fill_address(ProtobufCBinaryData data, uint8_t *at)
{
    if (data.len != 32) {
        return fill_fixed(data, 20, at + 12);
    }
    return is_zero(data.data, 12) ? STATUS_MALFORMED : fill_fixed(data, 32, at);
}

static enum status fill_amount(ProtobufCBinaryData data, uint8_t *at)
{
    uint8_t bytes[32] = {0};

    if (data.len > sizeof(bytes) || (data.len > 0 && data.data[0] == 0)) {
        return STATUS_MALFORMED;
    }
    if (data.len > 0) {
        memcpy(bytes + sizeof(bytes) - data.len, data.data, data.len);
    }
    const struct amount amount = amount_from_be(bytes);
    memcpy(at, &amount, sizeof(amount));
    return STATUS_OK;
}

static enum status fill_bytes(ProtobufCBinaryData data, size_t bytes_max, uint8_t *at)
{
    const struct bytes bytes = {.data = data.len == 0 ? NULL : data.data, .count = data.len};

    if (data.len > bytes_max) {
        return STATUS_MALFORMED;
    }
    memcpy(at, &bytes, sizeof(bytes));
    return STATUS_OK;
}

static enum status fill_name(ProtobufCBinaryData data, size_t capacity, uint8_t *at)
{
    if (data.len >= capacity || (data.len > 0 && memchr(data.data, 0, data.len) != NULL)) {
        return STATUS_MALFORMED;
    }
    if (data.len > 0) {
        memcpy(at, data.data, data.len);
    }
    return STATUS_OK;
}

static enum status fill_blob(const struct codec_field *field, ProtobufCBinaryData data,
                             const struct codec_blob_source *blobs, uint8_t *at,
                             struct hash *ret_digest)
{
    struct bytes blob = {0};
    struct hash digest;
    enum status status = codec_hash_from(data, &digest);

    if (status != STATUS_OK) {
        return status;
    }
    *ret_digest = digest;
    if (blobs == NULL || hash_is_zero(&digest)) {
        return STATUS_OK;
    }
    status = blobs->read(blobs->context, &digest, &blob);
    if (status != STATUS_OK) {
        return status;
    }
    const struct hash found = sha2_of(blob);
    if (!hash_equal(&found, &digest)) {
        return STATUS_CORRUPT;
    }
    return blob.count == 0 || blob.count > field->max
               ? STATUS_MALFORMED
               : fill_bytes((ProtobufCBinaryData){.len = blob.count, .data = (uint8_t *)blob.data},
                            field->max, at);
}

static enum status fill_bytes_list(const struct codec_field *field, size_t count,
                                   const ProtobufCBinaryData *list, struct codec_arena *arena,
                                   uint8_t *object)
{
    const uint32_t small_count = (uint32_t)count;
    const size_t stride =
        field->type == CODEC_ADDRESS_LIST ? sizeof(struct address) : sizeof(struct bytes);
    enum status status = STATUS_OK;

    if (count > field->max_count) {
        return STATUS_MALFORMED;
    }
    if (count == 0) {
        return STATUS_OK;
    }
    uint8_t *elements = codec_take(arena, count * stride);
    if (elements == NULL) {
        return STATUS_MALFORMED;
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = field->type == CODEC_ADDRESS_LIST
                     ? fill_address(list[i], elements + i * stride)
                     : fill_bytes(list[i], field->max, elements + i * stride);
    }
    memcpy(object + field->other_offset, &small_count, sizeof(small_count));
    memcpy(object + field->offset, &elements, sizeof(elements));
    return status;
}

/* One nested message: a group, what a pointer leads to, or the chosen alternative. */
static enum status fill_single(const struct codec_field *field,
                               const ProtobufCFieldDescriptor *wire, const uint8_t *message,
                               struct codec_arena *arena, uint8_t *object, struct queue *queue)
{
    ProtobufCMessage *const *nested =
        (ProtobufCMessage *const *)(const void *)(message + wire->offset);
    uint8_t *target = object + field->offset;

    if (field->type == CODEC_CHOICE) {
        memcpy(object + field->other_offset, &field->min, sizeof(field->min));
    }
    if (*nested == NULL) {
        return STATUS_MALFORMED;
    }
    if (field->type == CODEC_POINTER) {
        target = codec_take(arena, field->nested->bytes_count);
        if (target == NULL) {
            return STATUS_MALFORMED;
        }
        memcpy(object + field->offset, &target, sizeof(target));
    }
    queue_add(queue, (struct pending){.layout = field->nested,
                                      .target = target,
                                      .messages = (ProtobufCMessage **)(void *)nested,
                                      .count = 1});
    return STATUS_OK;
}

static enum status fill_run(const struct codec_field *field, const ProtobufCFieldDescriptor *wire,
                            const uint8_t *message, struct codec_arena *arena, uint8_t *object,
                            struct queue *queue)
{
    size_t count;
    uint8_t *target = object + field->offset;
    struct pending run = {.layout = field->nested};

    memcpy(&count, message + wire->quantifier_offset, sizeof(count));
    memcpy(&run.messages, message + wire->offset, sizeof(run.messages));
    if (count > field->max_count) {
        return STATUS_MALFORMED;
    }
    if (count == 0) {
        return STATUS_OK;
    }
    if (field->type == CODEC_LIST) {
        target = codec_take(arena, count * field->nested->bytes_count);
        if (target == NULL) {
            return STATUS_MALFORMED;
        }
        memcpy(object + field->offset, &target, sizeof(target));
    }
    run.count = (uint32_t)count;
    run.target = target;
    memcpy(object + field->other_offset, &run.count, sizeof(run.count));
    queue_add(queue, run);
    return STATUS_OK;
}

static enum status fill_small(const struct codec_field *field, uint32_t value, uint8_t *at)
{
    const uint8_t tiny = (uint8_t)value;

    if (field->type == CODEC_U8) {
        *at = tiny;
        return value > UINT8_MAX ? STATUS_MALFORMED : STATUS_OK;
    }
    if (field->type == CODEC_ENUM && (value < field->min || value > field->max)) {
        return STATUS_MALFORMED;
    }
    memcpy(at, &value, sizeof(value));
    return STATUS_OK;
}

struct filling {
    const struct codec_blob_source *blobs;
    struct codec_arena *arena;
    struct hash *ret_blob_digest;
    struct queue queue;
};

static enum status fill_field(const struct codec_field *field, const ProtobufCFieldDescriptor *wire,
                              const uint8_t *message, uint8_t *object, struct filling *filling)
{
    const uint8_t *from = message + wire->offset;
    uint8_t *at = object + field->offset;
    ProtobufCBinaryData data = {0};
    const ProtobufCBinaryData *list = NULL;
    size_t count = 0;

    if (wire->label != PROTOBUF_C_LABEL_REPEATED && wire->type == PROTOBUF_C_TYPE_BYTES) {
        memcpy(&data, from, sizeof(data));
    }
    switch (field->type) {
    case CODEC_U8:
    case CODEC_U32:
    case CODEC_ENUM:
        return fill_small(field, load_u32(from), at);
    case CODEC_U64:
        memcpy(at, from, sizeof(uint64_t));
        return STATUS_OK;
    case CODEC_BOOL:
        *at = load_u32(from) != 0;
        return STATUS_OK;
    case CODEC_HASH:
        return fill_fixed(data, sizeof(struct hash), at);
    case CODEC_SIGNATURE:
        return fill_fixed(data, sizeof(struct signature), at);
    case CODEC_ADDRESS:
        return fill_address(data, at);
    case CODEC_AMOUNT:
        return fill_amount(data, at);
    case CODEC_TEXT:
    case CODEC_DATA:
        return fill_bytes(data, field->max, at);
    case CODEC_NAME:
        return fill_name(data, field->max, at);
    case CODEC_BLOB:
        return fill_blob(field, data, filling->blobs, at, filling->ret_blob_digest);
    case CODEC_ADDRESS_LIST:
    case CODEC_TEXT_LIST:
        memcpy(&count, message + wire->quantifier_offset, sizeof(count));
        memcpy(&list, from, sizeof(list));
        return fill_bytes_list(field, count, list, filling->arena, object);
    case CODEC_GROUP:
    case CODEC_POINTER:
    case CODEC_CHOICE:
        return fill_single(field, wire, message, filling->arena, object, &filling->queue);
    case CODEC_ARRAY:
    case CODEC_LIST:
        return fill_run(field, wire, message, filling->arena, object, &filling->queue);
    }
    CHECK(false);
    return STATUS_MALFORMED;
}

static enum status fill_object(const struct codec_layout *layout, const ProtobufCMessage *message,
                               uint8_t *object, struct filling *filling)
{
    SLOW_CHECK(codec_layout_agrees(layout));
    if (message->n_unknown_fields != 0) {
        return STATUS_MALFORMED;
    }
    for (uint32_t i = 0; i < layout->fields_count; i++) {
        const ProtobufCFieldDescriptor *wire = &layout->wire->fields[i];
        if (layout->fields[i].type == CODEC_CHOICE &&
            load_u32((const uint8_t *)message + wire->quantifier_offset) != wire->id) {
            continue;
        }
        const enum status status =
            fill_field(&layout->fields[i], wire, (const uint8_t *)message, object, filling);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return codec_object_is_valid(layout, object) ? STATUS_OK : STATUS_MALFORMED;
}

enum status codec_fill(const struct codec_layout *layout, const ProtobufCMessage *message,
                       const struct codec_blob_source *blobs, struct codec_arena *arena,
                       void *object, struct hash *ret_blob_digest)
{
    ProtobufCMessage *top = (ProtobufCMessage *)message;
    struct filling filling = {.blobs = blobs, .arena = arena, .ret_blob_digest = ret_blob_digest};

    queue_add(&filling.queue,
              (struct pending){.layout = layout, .target = object, .messages = &top, .count = 1});
    while (filling.queue.count > 0) {
        const struct pending run = filling.queue.entries[--filling.queue.count];
        for (uint32_t i = 0; i < run.count; i++) {
            const enum status status = fill_object(
                run.layout, run.messages[i], run.target + i * run.layout->bytes_count, &filling);
            if (status != STATUS_OK) {
                return status;
            }
        }
    }
    return STATUS_OK;
}

/* ---- tables against the schema ---- */

static bool types_agree(enum codec_type type, const ProtobufCFieldDescriptor *wire)
{
    const bool is_repeated = wire->label == PROTOBUF_C_LABEL_REPEATED;

    switch (type) {
    case CODEC_U8:
    case CODEC_U32:
        return !is_repeated && wire->type == PROTOBUF_C_TYPE_UINT32;
    case CODEC_U64:
        return !is_repeated &&
               (wire->type == PROTOBUF_C_TYPE_UINT64 || wire->type == PROTOBUF_C_TYPE_FIXED64);
    case CODEC_BOOL:
        return !is_repeated && wire->type == PROTOBUF_C_TYPE_BOOL;
    case CODEC_ENUM:
        return !is_repeated && wire->type == PROTOBUF_C_TYPE_ENUM;
    case CODEC_HASH:
    case CODEC_ADDRESS:
    case CODEC_AMOUNT:
    case CODEC_SIGNATURE:
    case CODEC_TEXT:
    case CODEC_DATA:
    case CODEC_NAME:
    case CODEC_BLOB:
        return !is_repeated && wire->type == PROTOBUF_C_TYPE_BYTES;
    case CODEC_ADDRESS_LIST:
    case CODEC_TEXT_LIST:
        return is_repeated && wire->type == PROTOBUF_C_TYPE_BYTES;
    case CODEC_GROUP:
    case CODEC_POINTER:
        return !is_repeated && wire->type == PROTOBUF_C_TYPE_MESSAGE;
    case CODEC_CHOICE:
        return (wire->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
               wire->type == PROTOBUF_C_TYPE_MESSAGE;
    case CODEC_ARRAY:
    case CODEC_LIST:
        return is_repeated && wire->type == PROTOBUF_C_TYPE_MESSAGE;
    }
    return false;
}

/* The schema knows min..max and, where min is not 0, the 0 that means nobody said. */
static bool enums_agree(const struct codec_field *field, const ProtobufCFieldDescriptor *wire)
{
    const ProtobufCEnumDescriptor *words = wire->descriptor;

    return field->min <= 1 && words->n_values == field->max + 1 && words->n_value_ranges == 1;
}

/* "signed_.reason" is the schema's "reason", "weight" its "weight_bps", "sign_checkpoint" of the
 * command SignCheckpoint its "checkpoint". */
static bool names_agree(const char *member, const char *name)
{
    const char *dot = strrchr(member, '.');
    const char *last = dot == NULL ? member : dot + 1;

    return strstr(name, last) != NULL || strstr(last, name) != NULL;
}

bool codec_layout_agrees(const struct codec_layout *layout)
{
    if (layout->fields_count != layout->wire->n_fields) {
        return false;
    }
    for (uint32_t i = 0; i < layout->fields_count; i++) {
        const struct codec_field *field = &layout->fields[i];
        const ProtobufCFieldDescriptor *wire = &layout->wire->fields[i];
        if (!types_agree(field->type, wire)) {
            return false;
        }
        if (field->label != NULL && !names_agree(field->label, wire->name)) {
            return false;
        }
        if (field->type == CODEC_ENUM && !enums_agree(field, wire)) {
            return false;
        }
        if (field->nested != NULL && field->nested->wire != wire->descriptor) {
            return false;
        }
    }
    return true;
}
