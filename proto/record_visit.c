/* SPDX-License-Identifier: Apache-2.0 */
/* Every field of a record in the order of the schema, for printing. The tables name the types, the
 * schema names the fields and the words of enums. */
#include <string.h>

#include "proto/codec_internal.h"
#include "proto/record.h"
#include "proto/record_layout.h"
#include "relay/base/check.h"

/* Levels of nesting: event, start, configuration, chain; command, send, leg, process. */
#define DEPTH_MAX 8

typedef void (*visitor_function)(void *context, const struct record_value *value);

/* One object of the level that is being told, or the next of a list of them. */
struct level {
    const struct codec_layout *layout;
    const uint8_t *object;
    uint32_t objects_left; /* after this one */
    uint32_t field_index;
    bool is_list;
    bool is_open; /* ends with RECORD_VALUE_END */
};

struct visit {
    visitor_function visitor;
    void *context;
    struct level levels[DEPTH_MAX];
    uint32_t depth;
};

static void tell(struct visit *visit, struct record_value value)
{
    visit->visitor(visit->context, &value);
}

static const char *enum_word(const ProtobufCFieldDescriptor *wire, uint32_t number)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(wire->descriptor, (int)number);

    return value == NULL ? "unknown" : value->name;
}

static void tell_bytes(struct visit *visit, enum record_value_kind kind, const char *name,
                       const uint8_t *data, size_t count)
{
    tell(visit,
         (struct record_value){.kind = kind, .name = name, .bytes = bytes_from(data, count)});
}

static void tell_number(struct visit *visit, const char *name, uint64_t number)
{
    tell(visit, (struct record_value){.kind = RECORD_VALUE_NUMBER, .name = name, .number = number});
}

static void tell_list(struct visit *visit, const struct codec_field *field, const char *name,
                      const uint8_t *object)
{
    const uint32_t count = load_u32(object + field->other_offset);
    const uint8_t *elements;

    memcpy(&elements, object + field->offset, sizeof(elements));
    tell(visit, (struct record_value){.kind = RECORD_VALUE_LIST, .name = name, .number = count});
    for (uint32_t i = 0; i < count; i++) {
        if (field->type == CODEC_ADDRESS_LIST) {
            tell_bytes(visit, RECORD_VALUE_ADDRESS, NULL, elements + i * sizeof(struct address),
                       sizeof(struct address));
        } else {
            const struct bytes text = load_bytes(elements + i * sizeof(struct bytes));
            tell_bytes(visit, RECORD_VALUE_TEXT, NULL, text.data, text.count);
        }
    }
    tell(visit, (struct record_value){.kind = RECORD_VALUE_END});
}

/* A level for the nested structs of a field, if it has any now. */
static void open_level(struct visit *visit, const struct codec_field *field, const char *name,
                       const uint8_t *object)
{
    struct level level = {.layout = field->nested, .object = object + field->offset};

    switch (field->type) {
    case CODEC_CHOICE:
        /* The chosen alternative's fields belong to the object itself. */
        if (load_u32(object + field->other_offset) != field->min) {
            return;
        }
        break;
    case CODEC_POINTER:
        memcpy(&level.object, object + field->offset, sizeof(level.object));
        level.is_open = true;
        break;
    case CODEC_GROUP:
        level.is_open = true;
        break;
    case CODEC_LIST:
        memcpy(&level.object, object + field->offset, sizeof(level.object));
        level.is_open = level.is_list = true;
        break;
    case CODEC_ARRAY:
        level.is_open = level.is_list = true;
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
        return;
    }
    if (level.is_list) {
        const uint32_t count = load_u32(object + field->other_offset);
        tell(visit,
             (struct record_value){.kind = RECORD_VALUE_LIST, .name = name, .number = count});
        if (count == 0) {
            tell(visit, (struct record_value){.kind = RECORD_VALUE_END});
            return;
        }
        level.objects_left = count - 1;
        tell(visit, (struct record_value){.kind = RECORD_VALUE_GROUP});
    } else if (level.is_open) {
        tell(visit, (struct record_value){.kind = RECORD_VALUE_GROUP, .name = name});
    }
    CHECK(visit->depth < DEPTH_MAX);
    visit->levels[visit->depth++] = level;
}

static void tell_field(struct visit *visit, const struct codec_field *field,
                       const ProtobufCFieldDescriptor *wire, const uint8_t *object)
{
    const uint8_t *at = object + field->offset;
    struct record_value value = {.name = wire->name};
    struct bytes bytes;

    switch (field->type) {
    case CODEC_U8:
        tell_number(visit, wire->name, *at);
        return;
    case CODEC_U32:
        tell_number(visit, wire->name, load_u32(at));
        return;
    case CODEC_U64:
        memcpy(&value.number, at, sizeof(value.number));
        tell_number(visit, wire->name, value.number);
        return;
    case CODEC_BOOL:
        value.kind = RECORD_VALUE_BOOL;
        value.truth = *at != 0;
        tell(visit, value);
        return;
    case CODEC_ENUM:
        value.kind = RECORD_VALUE_WORD;
        value.number = load_u32(at);
        value.text = enum_word(wire, load_u32(at));
        tell(visit, value);
        return;
    case CODEC_AMOUNT:
        value.kind = RECORD_VALUE_AMOUNT;
        memcpy(&value.amount, at, sizeof(value.amount));
        tell(visit, value);
        return;
    case CODEC_HASH:
        tell_bytes(visit, RECORD_VALUE_HASH, wire->name, at, sizeof(struct hash));
        return;
    case CODEC_ADDRESS:
        tell_bytes(visit, RECORD_VALUE_ADDRESS, wire->name, at, sizeof(struct address));
        return;
    case CODEC_SIGNATURE:
        tell_bytes(visit, RECORD_VALUE_SIGNATURE, wire->name, at, sizeof(struct signature));
        return;
    case CODEC_NAME:
        tell_bytes(visit, RECORD_VALUE_TEXT, wire->name, at, strnlen((const char *)at, field->max));
        return;
    case CODEC_TEXT:
    case CODEC_DATA:
        bytes = load_bytes(at);
        tell_bytes(visit, field->type == CODEC_TEXT ? RECORD_VALUE_TEXT : RECORD_VALUE_DATA,
                   wire->name, bytes.data, bytes.count);
        return;
    case CODEC_ADDRESS_LIST:
    case CODEC_TEXT_LIST:
        tell_list(visit, field, wire->name, object);
        return;
    case CODEC_BLOB: /* told as the record's blob_digest */
        return;
    case CODEC_GROUP:
    case CODEC_POINTER:
    case CODEC_ARRAY:
    case CODEC_LIST:
    case CODEC_CHOICE:
        open_level(visit, field, wire->name, object);
        return;
    }
}

/* The level's object is told: on to the next one of its list, or back to the parent. */
static void end_object(struct visit *visit, struct level *level)
{
    if (level->is_open) {
        tell(visit, (struct record_value){.kind = RECORD_VALUE_END});
    }
    if (level->objects_left > 0) {
        level->objects_left--;
        level->object += level->layout->bytes_count;
        level->field_index = 0;
        tell(visit, (struct record_value){.kind = RECORD_VALUE_GROUP});
        return;
    }
    if (level->is_list) {
        tell(visit, (struct record_value){.kind = RECORD_VALUE_END});
    }
    visit->depth--;
}

void record_visit(const struct record *record, visitor_function visitor, void *context)
{
    const bool is_event = record->kind == RECORD_EVENT;
    struct visit visit = {.visitor = visitor, .context = context, .depth = 1};

    visit.levels[0] = (struct level){
        .layout = is_event ? &record_event_layout : &record_command_layout,
        .object = is_event ? (const uint8_t *)&record->event : (const uint8_t *)&record->command};
    while (visit.depth > 0) {
        struct level *level = &visit.levels[visit.depth - 1];
        const uint32_t index = level->field_index;
        if (index == level->layout->fields_count) {
            end_object(&visit, level);
            continue;
        }
        level->field_index++;
        tell_field(&visit, &level->layout->fields[index], &level->layout->wire->fields[index],
                   level->object);
    }
}

/* The name of the body's field in the schema, whose place is its kind. */
static const char *choice_name(const struct codec_layout *layout, uint32_t kind)
{
    for (uint32_t i = 0; i < layout->fields_count; i++) {
        if (layout->fields[i].type == CODEC_CHOICE && layout->fields[i].min == kind) {
            return layout->wire->fields[i].name;
        }
    }
    return "unknown";
}

const char *record_event_name(enum event_kind kind)
{
    return choice_name(&record_event_layout, kind);
}

const char *record_command_name(enum command_kind kind)
{
    return choice_name(&record_command_layout, kind);
}
