/* SPDX-License-Identifier: Apache-2.0 */
/* The writing half of proto/codec.h: memory, bounds, our struct to a message. It knows types and
 * bounds and no message. */
#include "proto/codec.h"

#include <stdalign.h>

#include "proto/codec_internal.h"
#include "relay/base/digest.h"

struct codec_arena codec_arena_from(void *memory, size_t capacity)
{
    const size_t misaligned = (uintptr_t)memory % alignof(max_align_t);
    const size_t skip = misaligned == 0 ? 0 : alignof(max_align_t) - misaligned;

    if (skip > capacity) {
        return (struct codec_arena){.data = memory, .count = 0, .capacity = 0};
    }
    return (struct codec_arena){
        .data = (uint8_t *)memory + skip, .count = 0, .capacity = capacity - skip};
}

void *codec_take_raw(struct codec_arena *arena, size_t bytes_count)
{
    const size_t room = arena->capacity - arena->count;
    const size_t unit = alignof(max_align_t);

    if (bytes_count > room || room - bytes_count < unit) {
        return NULL;
    }
    void *taken = arena->data + arena->count;
    arena->count += (bytes_count + unit - 1) / unit * unit;
    return taken;
}

void *codec_take(struct codec_arena *arena, size_t bytes_count)
{
    void *taken = codec_take_raw(arena, bytes_count);

    if (taken != NULL) {
        memset(taken, 0, bytes_count);
    }
    return taken;
}

static ProtobufCBinaryData data_from(const uint8_t *bytes, size_t count)
{
    /* protobuf-c has no const; packing does not write. */
    return (ProtobufCBinaryData){.len = count, .data = count == 0 ? NULL : (uint8_t *)bytes};
}

ProtobufCBinaryData codec_hash_data(const struct hash *hash)
{
    return data_from(hash->bytes, hash_is_zero(hash) ? 0 : sizeof(hash->bytes));
}

static ProtobufCBinaryData address_data(const uint8_t bytes[32])
{
    if (!is_zero(bytes, 12)) {
        return data_from(bytes, 32);
    }
    return data_from(bytes + 12, is_zero(bytes + 12, 20) ? 0 : 20);
}

/* ---- bounds ---- */

static bool name_is_valid(const uint8_t *name, uint32_t capacity)
{
    const size_t length = strnlen((const char *)name, capacity);

    return length < capacity && is_zero(name + length, capacity - length);
}

static bool text_list_is_valid(const struct codec_field *field, const uint8_t *at, uint32_t count)
{
    const struct bytes *list;

    memcpy(&list, at, sizeof(list));
    for (uint32_t i = 0; i < count; i++) {
        if (list[i].count > field->max) {
            return false;
        }
    }
    return true;
}

/* One field of our struct against its bounds; nested structs come later. */
static bool field_is_valid(const struct codec_field *field, const uint8_t *object)
{
    const uint8_t *at = object + field->offset;

    switch (field->type) {
    case CODEC_U8:
    case CODEC_U32:
    case CODEC_U64:
    case CODEC_BOOL:
    case CODEC_HASH:
    case CODEC_ADDRESS:
    case CODEC_AMOUNT:
    case CODEC_SIGNATURE:
    case CODEC_GROUP:
    case CODEC_POINTER:
    case CODEC_CHOICE:
        return true;
    case CODEC_ENUM:
        return load_u32(at) >= field->min && load_u32(at) <= field->max;
    case CODEC_TEXT:
    case CODEC_DATA:
    case CODEC_BLOB:
        return load_bytes(at).count <= field->max;
    case CODEC_NAME:
        return name_is_valid(at, field->max);
    case CODEC_ADDRESS_LIST:
    case CODEC_ARRAY:
    case CODEC_LIST:
        return load_u32(object + field->other_offset) <= field->max_count;
    case CODEC_TEXT_LIST:
        return load_u32(object + field->other_offset) <= field->max_count &&
               text_list_is_valid(field, at, load_u32(object + field->other_offset));
    }
    CHECK(false);
    return false;
}

static bool is_chosen(const struct codec_field *field, const uint8_t *object)
{
    return load_u32(object + field->other_offset) == field->min;
}

/* Nested structs of one field: where they are and how many. Count 0: the field has none. */
static struct pending nested_of(const struct codec_field *field, const uint8_t *object)
{
    struct pending nested = {.layout = field->nested, .object = object + field->offset};

    switch (field->type) {
    case CODEC_CHOICE:
        nested.count = is_chosen(field, object) ? 1 : 0;
        break;
    case CODEC_GROUP:
        nested.count = 1;
        break;
    case CODEC_POINTER:
        memcpy(&nested.object, object + field->offset, sizeof(nested.object));
        nested.count = 1;
        break;
    case CODEC_ARRAY:
        nested.count = load_u32(object + field->other_offset);
        break;
    case CODEC_LIST:
        memcpy(&nested.object, object + field->offset, sizeof(nested.object));
        nested.count = load_u32(object + field->other_offset);
        break;
    case CODEC_U8:
    case CODEC_U32:
    case CODEC_U64:
    case CODEC_BOOL:
    case CODEC_ENUM:
    case CODEC_HASH:
    case CODEC_ADDRESS:
    case CODEC_AMOUNT:
    case CODEC_SIGNATURE:
    case CODEC_TEXT:
    case CODEC_DATA:
    case CODEC_NAME:
    case CODEC_BLOB:
    case CODEC_ADDRESS_LIST:
    case CODEC_TEXT_LIST:
        break;
    }
    return nested;
}

bool codec_object_is_valid(const struct codec_layout *layout, const uint8_t *object)
{
    uint32_t choices_count = 0;
    uint32_t chosen_count = 0;

    for (uint32_t i = 0; i < layout->fields_count; i++) {
        const struct codec_field *field = &layout->fields[i];
        /* An event has two dozen alternatives: looking at one must cost nothing. */
        if (field->type == CODEC_CHOICE) {
            choices_count++;
            chosen_count += is_chosen(field, object) ? 1 : 0;
        } else if (!field_is_valid(field, object)) {
            return false;
        }
    }
    return choices_count == 0 || chosen_count == 1;
}

enum status codec_check(const struct codec_layout *layout, const void *object)
{
    struct queue queue = {.count = 0};

    queue_add(&queue, (struct pending){.layout = layout, .object = object, .count = 1});
    while (queue.count > 0) {
        const struct pending run = queue.entries[--queue.count];
        for (uint32_t element = 0; element < run.count; element++) {
            const uint8_t *at = run.object + element * run.layout->bytes_count;
            if (!codec_object_is_valid(run.layout, at)) {
                return STATUS_MALFORMED;
            }
            for (uint32_t i = 0; i < run.layout->fields_count; i++) {
                if (run.layout->fields[i].nested == NULL) {
                    continue;
                }
                const struct pending nested = nested_of(&run.layout->fields[i], at);
                if (nested.count > 0) {
                    queue_add(&queue, nested);
                }
            }
        }
    }
    return STATUS_OK;
}

/* ---- our struct to a message ---- */

static enum status build_amount(const uint8_t *at, struct codec_arena *arena,
                                ProtobufCBinaryData *ret_data)
{
    struct amount amount;
    size_t skip = 0;

    memcpy(&amount, at, sizeof(amount));
    if (amount_is_zero(&amount)) {
        *ret_data = data_from(NULL, 0);
        return STATUS_OK;
    }
    uint8_t *bytes = codec_take_raw(arena, 32);
    if (bytes == NULL) {
        return STATUS_FULL;
    }
    amount_to_be(&amount, bytes);
    while (bytes[skip] == 0) {
        skip++;
    }
    *ret_data = data_from(bytes + skip, 32 - skip);
    return STATUS_OK;
}

static enum status build_blob(struct bytes blob, struct codec_arena *arena,
                              ProtobufCBinaryData *ret_data, struct bytes *ret_blob)
{
    struct hash *digest = codec_take_raw(arena, sizeof(*digest));

    if (digest == NULL) {
        return STATUS_FULL;
    }
    *digest = sha2_of(blob);
    *ret_data = data_from(digest->bytes, blob.count == 0 ? 0 : sizeof(digest->bytes));
    if (blob.count > 0) {
        *ret_blob = blob;
    }
    return STATUS_OK;
}

static enum status build_bytes_list(const struct codec_field *field, const uint8_t *object,
                                    struct codec_arena *arena, size_t *ret_count,
                                    ProtobufCBinaryData **ret_list)
{
    const uint32_t count = load_u32(object + field->other_offset);
    const uint8_t *elements;

    memcpy(&elements, object + field->offset, sizeof(elements));
    ProtobufCBinaryData *list = codec_take(arena, count * sizeof(*list));
    if (list == NULL) {
        return STATUS_FULL;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (field->type == CODEC_ADDRESS_LIST) {
            list[i] = address_data(elements + i * sizeof(struct address));
        } else {
            const struct bytes element = load_bytes(elements + i * sizeof(struct bytes));
            list[i] = data_from(element.data, element.count);
        }
    }
    *ret_count = count;
    *ret_list = list;
    return STATUS_OK;
}

/* Messages for the nested structs of one field, hung into the parent's message. */
static enum status build_nested(const struct codec_field *field,
                                const ProtobufCFieldDescriptor *wire, uint8_t *message,
                                struct pending nested, struct codec_arena *arena,
                                struct queue *queue)
{
    const bool is_list = field->type == CODEC_ARRAY || field->type == CODEC_LIST;
    const size_t bytes_count = field->nested->wire->sizeof_message;

    if (nested.count == 0) {
        return STATUS_OK;
    }
    nested.messages = codec_take(arena, nested.count * sizeof(*nested.messages));
    uint8_t *memory = codec_take(arena, nested.count * bytes_count);
    if (nested.messages == NULL || memory == NULL) {
        return STATUS_FULL;
    }
    for (uint32_t i = 0; i < nested.count; i++) {
        nested.messages[i] = (ProtobufCMessage *)(void *)(memory + i * bytes_count);
        field->nested->wire->message_init(nested.messages[i]);
    }
    if (is_list) {
        const size_t count = nested.count;
        memcpy(message + wire->quantifier_offset, &count, sizeof(count));
        memcpy(message + wire->offset, &nested.messages, sizeof(nested.messages));
    } else {
        memcpy(message + wire->offset, &nested.messages[0], sizeof(nested.messages[0]));
    }
    if (field->type == CODEC_CHOICE) {
        memcpy(message + wire->quantifier_offset, &wire->id, sizeof(wire->id));
    }
    queue_add(queue, nested);
    return STATUS_OK;
}

static enum status build_field(const struct codec_field *field,
                               const ProtobufCFieldDescriptor *wire, const uint8_t *object,
                               uint8_t *message, struct codec_arena *arena, struct queue *queue,
                               struct bytes *ret_blob)
{
    const uint8_t *at = object + field->offset;
    ProtobufCBinaryData data = {0};
    ProtobufCBinaryData *list = NULL;
    protobuf_c_boolean truth = 0;
    uint32_t small = 0;
    size_t count = 0;
    enum status status = STATUS_OK;

    switch (field->type) {
    case CODEC_U8:
        small = *at;
        memcpy(message + wire->offset, &small, sizeof(small));
        return STATUS_OK;
    case CODEC_U32:
    case CODEC_ENUM:
        memcpy(message + wire->offset, at, sizeof(uint32_t));
        return STATUS_OK;
    case CODEC_U64:
        memcpy(message + wire->offset, at, sizeof(uint64_t));
        return STATUS_OK;
    case CODEC_BOOL:
        truth = *at != 0;
        memcpy(message + wire->offset, &truth, sizeof(truth));
        return STATUS_OK;
    case CODEC_HASH:
        data = data_from(at, is_zero(at, sizeof(struct hash)) ? 0 : sizeof(struct hash));
        break;
    case CODEC_ADDRESS:
        data = address_data(at);
        break;
    case CODEC_SIGNATURE:
        data = data_from(at, is_zero(at, sizeof(struct signature)) ? 0 : sizeof(struct signature));
        break;
    case CODEC_AMOUNT:
        status = build_amount(at, arena, &data);
        break;
    case CODEC_TEXT:
    case CODEC_DATA:
        data = data_from(load_bytes(at).data, load_bytes(at).count);
        break;
    case CODEC_NAME:
        data = data_from(at, strnlen((const char *)at, field->max));
        break;
    case CODEC_BLOB:
        status = build_blob(load_bytes(at), arena, &data, ret_blob);
        break;
    case CODEC_ADDRESS_LIST:
    case CODEC_TEXT_LIST:
        status = build_bytes_list(field, object, arena, &count, &list);
        memcpy(message + wire->quantifier_offset, &count, sizeof(count));
        memcpy(message + wire->offset, &list, sizeof(list));
        return status;
    case CODEC_GROUP:
    case CODEC_POINTER:
    case CODEC_ARRAY:
    case CODEC_LIST:
    case CODEC_CHOICE:
        return build_nested(field, wire, message, nested_of(field, object), arena, queue);
    }
    memcpy(message + wire->offset, &data, sizeof(data));
    return status;
}

static enum status build_object(const struct codec_layout *layout, const uint8_t *object,
                                ProtobufCMessage *message, struct codec_arena *arena,
                                struct queue *queue, struct bytes *ret_blob)
{
    SLOW_CHECK(codec_layout_agrees(layout));
    if (!codec_object_is_valid(layout, object)) {
        return STATUS_MALFORMED;
    }
    for (uint32_t i = 0; i < layout->fields_count; i++) {
        if (layout->fields[i].type == CODEC_CHOICE && !is_chosen(&layout->fields[i], object)) {
            continue;
        }
        const enum status status = build_field(&layout->fields[i], &layout->wire->fields[i], object,
                                               (uint8_t *)message, arena, queue, ret_blob);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

enum status codec_build(const struct codec_layout *layout, const void *object,
                        struct codec_arena *arena, ProtobufCMessage **ret_message,
                        struct bytes *ret_blob)
{
    struct queue queue = {.count = 0};
    ProtobufCMessage *message = codec_take(arena, layout->wire->sizeof_message);

    if (message == NULL) {
        return STATUS_FULL;
    }
    layout->wire->message_init(message);
    queue_add(&queue, (struct pending){
                          .layout = layout, .object = object, .messages = &message, .count = 1});
    while (queue.count > 0) {
        const struct pending run = queue.entries[--queue.count];
        for (uint32_t i = 0; i < run.count; i++) {
            const enum status status =
                build_object(run.layout, run.object + i * run.layout->bytes_count, run.messages[i],
                             arena, &queue, ret_blob);
            if (status != STATUS_OK) {
                return status;
            }
        }
    }
    *ret_message = message;
    return STATUS_OK;
}
