/* SPDX-License-Identifier: Apache-2.0 */
/* Records judged without being decoded: one pass over the bytes beside the tables of the codec. It
 * says yes where record_decode does, and where it is not sure it says so. (Unpacking, packing again
 * and comparing, which record_decode does, takes several times as long.)
 *
 * A record has one encoding: fields in the order of their numbers, none twice but the elements of a
 * list, no default spelt out, every number in as few bytes as it takes. So one pass that never goes
 * back can tell. */
#include "proto/codec_internal.h"
#include "proto/record.h"
#include "proto/record_layout.h"
#include "proto/sluice/v1/record.pb-c.h"

#define DEPTH_MAX 8u /* of schemas in schemas: see record_layout.c */

#define TAG_CORE_VERSION 0x08u /* field 1, a number */
#define TAG_AT_NS        0x11u /* field 2, eight bytes */
#define TAG_STATE_DIGEST 0x1au /* field 3, bytes */
#define TAG_EVENT        0x22u /* field 4, a message */
#define TAG_COMMAND      0x2au /* field 5 */

static_assert(SLUICE__V1__RECORD__BODY_EVENT == TAG_EVENT >> 3, "as in record.proto");
static_assert(SLUICE__V1__RECORD__BODY_COMMAND == TAG_COMMAND >> 3, "as in record.proto");

/* of the encoding: proto3's wire types */
enum wire_form { WIRE_NUMBER = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2 };

/* One message that is being passed. */
struct level {
    const struct codec_layout *layout;
    const uint8_t *end;
    uint32_t index;   /* of the next field that may come */
    uint32_t repeats; /* of a list at `index` */
    uint32_t chosen_count;
    bool has_choices;
};

struct scan {
    const uint8_t *at;
    const uint8_t *end; /* of the message that is being passed */
    uint32_t depth;
    uint32_t chosen; /* alternative of the first level */
    struct level levels[DEPTH_MAX];
};

/* A number in as few bytes as it takes. */
static inline bool take_number(struct scan *scan, uint64_t *ret_number)
{
    uint64_t number = 0;

    if (scan->at < scan->end && *scan->at < 0x80) { /* most are small */
        *ret_number = *scan->at++;
        return true;
    }
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (scan->at == scan->end) {
            return false;
        }
        const uint8_t byte = *scan->at++;
        if (shift == 63 && byte > 1) {
            return false;
        }
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret_number = number;
            return byte != 0 || shift == 0;
        }
    }
    return false;
}

static inline bool take_bytes(struct scan *scan, struct bytes *ret_bytes)
{
    uint64_t count = 0;

    if (!take_number(scan, &count) || count > (size_t)(scan->end - scan->at)) {
        return false;
    }
    *ret_bytes = (struct bytes){.data = scan->at, .count = (size_t)count};
    scan->at += count;
    return true;
}

/* ---- one field ---- */

static bool is_fixed(struct bytes bytes, size_t count)
{
    return bytes.count == count && !is_zero(bytes.data, count);
}

static bool is_address(struct bytes bytes)
{
    return bytes.count == 32 ? !is_zero(bytes.data, 12) : is_fixed(bytes, 20);
}

/* A field of bytes that is there, so that it is not empty. */
static bool is_good_value(const struct codec_field *field, struct bytes bytes)
{
    switch (field->type) {
    case CODEC_HASH:
        return is_fixed(bytes, sizeof(struct hash));
    case CODEC_SIGNATURE:
        return is_fixed(bytes, sizeof(struct signature));
    case CODEC_ADDRESS:
        return is_address(bytes);
    case CODEC_AMOUNT:
        return bytes.count <= 32 && bytes.data[0] != 0;
    case CODEC_TEXT:
    case CODEC_DATA:
        return bytes.count <= field->max;
    case CODEC_NAME:
        return bytes.count < field->max && memchr(bytes.data, 0, bytes.count) == NULL;
    case CODEC_BLOB: /* what it names must be looked at */
    case CODEC_U8:
    case CODEC_U32:
    case CODEC_U64:
    case CODEC_BOOL:
    case CODEC_ENUM:
    case CODEC_ADDRESS_LIST:
    case CODEC_TEXT_LIST:
    case CODEC_GROUP:
    case CODEC_POINTER:
    case CODEC_ARRAY:
    case CODEC_LIST:
    case CODEC_CHOICE:
        return false;
    }
    return false;
}

/* A number that is there, so that it is not zero. */
static bool is_good_number(const struct codec_field *field, uint64_t number)
{
    switch (field->type) {
    case CODEC_U8:
        return number <= UINT8_MAX;
    case CODEC_U32:
        return number <= UINT32_MAX;
    case CODEC_U64:
        return true;
    case CODEC_BOOL:
        return number == 1;
    case CODEC_ENUM:
        return number >= field->min && number <= field->max;
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
    case CODEC_GROUP:
    case CODEC_POINTER:
    case CODEC_ARRAY:
    case CODEC_LIST:
    case CODEC_CHOICE:
        return false;
    }
    return false;
}

static bool is_list(const struct codec_field *field)
{
    return field->max_count > 0;
}

static void enter(struct scan *scan, const struct codec_layout *layout, struct bytes bytes)
{
    CHECK(scan->depth < DEPTH_MAX);
    struct level *level = &scan->levels[scan->depth++];
    level->layout = layout; /* one by one: a compiler clears the whole of it otherwise */
    level->end = bytes.data + bytes.count;
    level->index = 0;
    level->repeats = 0;
    level->chosen_count = 0;
    level->has_choices = false;
    scan->at = bytes.data;
    scan->end = bytes.data + bytes.count;
}

/* What a tag announces; the field is the level's at `index`. */
static bool take_field(struct scan *scan, struct level *level, const struct codec_field *field,
                       enum wire_form form)
{
    const ProtobufCFieldDescriptor *wire = &level->layout->wire->fields[level->index];
    uint64_t number = 0;
    struct bytes bytes;

    if (form == WIRE_NUMBER) {
        level->index++;
        return wire->type != PROTOBUF_C_TYPE_FIXED64 && take_number(scan, &number) && number != 0 &&
               is_good_number(field, number);
    }
    if (form == WIRE_FIXED64) {
        level->index++;
        if (wire->type != PROTOBUF_C_TYPE_FIXED64 || scan->end - scan->at < 8) {
            return false;
        }
        scan->at += 8;
        return !is_zero(scan->at - 8, 8);
    }
    if (!take_bytes(scan, &bytes)) {
        return false;
    }
    if (!is_list(field)) {
        level->index++;
    } else if (++level->repeats > field->max_count) {
        return false;
    }
    if (field->nested != NULL) {
        if (field->type == CODEC_CHOICE) {
            level->chosen_count++;
            scan->chosen = scan->depth == 1 ? field->min : scan->chosen;
        }
        enter(scan, field->nested, bytes);
        return true;
    }
    if (field->type == CODEC_ADDRESS_LIST) {
        return bytes.count == 0 || is_address(bytes);
    }
    if (field->type == CODEC_TEXT_LIST) {
        return bytes.count <= field->max;
    }
    return bytes.count > 0 && is_good_value(field, bytes);
}

/* ---- one message ---- */

/* May the field at `index` be absent? */
static inline bool pass_over(struct level *level)
{
    const struct codec_field *field = &level->layout->fields[level->index++];

    level->repeats = 0;
    level->has_choices = level->has_choices || field->type == CODEC_CHOICE;
    return field->type == CODEC_ENUM ? field->min == 0
                                     : field->type != CODEC_GROUP && field->type != CODEC_POINTER;
}

/* An event and a command are little but a choice of dozens, none of which has to be there: so the
 * fields between are not looked at one by one. */
static bool is_body(const struct scan *scan)
{
    return scan->depth == 1;
}

static bool may_all_be_absent(const struct codec_layout *layout)
{
    struct level level = {.layout = layout};
    bool is_loose = true;

    while (level.index < layout->fields_count) {
        is_loose = pass_over(&level) && is_loose;
    }
    return is_loose && level.has_choices;
}

static bool end_level(const struct scan *scan, struct level *level)
{
    if (is_body(scan)) {
        return level->chosen_count == 1;
    }
    while (level->index < level->layout->fields_count) {
        if (!pass_over(level)) {
            return false;
        }
    }
    return level->chosen_count == (level->has_choices || level->chosen_count > 0 ? 1 : 0);
}

/* Moves to the field of this number, which is not before the level's `index`. */
static bool find_field(const struct scan *scan, struct level *level, uint32_t number)
{
    const struct codec_layout *layout = level->layout;

    if (is_body(scan)) {
        const ProtobufCFieldDescriptor *wire =
            protobuf_c_message_descriptor_get_field(layout->wire, number);
        if (wire == NULL || wire < layout->wire->fields + level->index) {
            return false;
        }
        level->index = (uint32_t)(wire - layout->wire->fields);
        return true;
    }
    while (level->index < layout->fields_count && layout->wire->fields[level->index].id < number) {
        if (!pass_over(level)) {
            return false;
        }
    }
    return level->index < layout->fields_count && layout->wire->fields[level->index].id == number;
}

static bool take_next(struct scan *scan, struct level *level)
{
    uint64_t tag = 0;

    if (!take_number(scan, &tag) || tag >> 3 > UINT32_MAX || (tag & 7) > WIRE_BYTES ||
        !find_field(scan, level, (uint32_t)(tag >> 3))) {
        return false;
    }
    return take_field(scan, level, &level->layout->fields[level->index], (enum wire_form)(tag & 7));
}

/* The whole of a message, without recursion. */
static bool scan_message(struct scan *scan, const struct codec_layout *layout, struct bytes bytes)
{
    SLOW_CHECK(may_all_be_absent(layout));
    enter(scan, layout, bytes);
    for (;;) {
        struct level *level = &scan->levels[scan->depth - 1];
        if (scan->at < level->end) {
            if (!take_next(scan, level)) {
                return false;
            }
            continue;
        }
        if (!end_level(scan, level)) {
            return false;
        }
        scan->depth--;
        if (scan->depth == 0) {
            return true;
        }
        scan->end = scan->levels[scan->depth - 1].end;
    }
}

/* ---- a record ---- */

static bool take_head(struct scan *scan, struct record_outline *outline)
{
    uint64_t number = 0;
    struct bytes digest;

    if (scan->at == scan->end || *scan->at != TAG_CORE_VERSION) {
        return false; /* there is no version 0 */
    }
    scan->at++;
    if (!take_number(scan, &number) || number == 0 || number > CORE_VERSION) {
        return false;
    }
    outline->core_version = (uint32_t)number;
    if (scan->end - scan->at >= 9 && *scan->at == TAG_AT_NS) {
        for (unsigned i = 0; i < 8; i++) {
            outline->at.ns |= (uint64_t)scan->at[1 + i] << (8 * i);
        }
        scan->at += 9;
        if (outline->at.ns == 0) {
            return false;
        }
    }
    if (scan->at < scan->end && *scan->at == TAG_STATE_DIGEST) {
        scan->at++;
        outline->has_digest = take_bytes(scan, &digest) && is_fixed(digest, sizeof(struct hash));
        return outline->has_digest;
    }
    return true;
}

bool record_scan(struct bytes record, struct record_outline *ret_outline)
{
    struct record_outline outline = {.core_version = 0};
    struct scan scan;
    struct bytes body;

    scan.at = record.data;
    scan.end = record.data + record.count;
    scan.depth = 0;
    scan.chosen = 0;
    if (record.count > RECORD_BYTES_MAX || !take_head(&scan, &outline) || scan.at == scan.end) {
        return false;
    }
    const uint8_t tag = *scan.at++;
    const bool is_event = tag == TAG_EVENT;
    if ((!is_event && (tag != TAG_COMMAND || outline.has_digest)) || !take_bytes(&scan, &body) ||
        scan.at != scan.end ||
        !scan_message(&scan, is_event ? &record_event_layout : &record_command_layout, body)) {
        return false;
    }
    outline.kind = is_event ? RECORD_EVENT : RECORD_COMMAND;
    outline.body_kind = scan.chosen;
    *ret_outline = outline;
    return true;
}
