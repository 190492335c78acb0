/* SPDX-License-Identifier: Apache-2.0 */
/* Records judged without being decoded: one pass over the bytes beside rules that are made from the
 * tables of the codec. It says yes where record_decode does, and where it is not sure it says so.
 * (Unpacking, packing again and comparing, which record_decode does, takes several times as long.)
 *
 * A record has one encoding: fields in the order of their numbers, none twice but the elements of a
 * list, no default spelt out, every number in as few bytes as it takes. So one pass that never goes
 * back can tell. Which field comes next cannot be foretold, and a processor that guesses wrong
 * starts again: so a field is found by its number, and what holds for it is looked up. */
#include "proto/record_scan.h"

#include "proto/codec_internal.h"
#include "proto/record_layout.h"
#include "proto/sluice/v1/record.pb-c.h"

#define DEPTH_MAX 8u /* of schemas in schemas: see record_layout.c */
#define NO_RULE   0u /* in a slot; others are the number of the rule and 1 */

#define TAG_CORE_VERSION 0x08u /* field 1, a number */
#define TAG_AT_NS        0x11u /* field 2, eight bytes */
#define TAG_STATE_DIGEST 0x1au /* field 3, bytes */
#define TAG_EVENT        0x22u /* field 4, a message */
#define TAG_COMMAND      0x2au /* field 5 */

static_assert(SLUICE__V1__RECORD__BODY_EVENT == TAG_EVENT >> 3, "as in record.proto");
static_assert(SLUICE__V1__RECORD__BODY_COMMAND == TAG_COMMAND >> 3, "as in record.proto");

/* of the encoding: proto3's wire types */
enum wire_form { WIRE_NUMBER = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2 };

/* not stored: what holds for the bytes of a field beside their count */
enum scan_check {
    SCAN_ANY,
    SCAN_NOT_ZERO,       /* not all of them */
    SCAN_FIRST_NOT_ZERO, /* no shorter form */
    SCAN_ADDRESS,        /* 20 bytes, or 32 that need them */
    SCAN_ADDRESS_OR_NONE,
    SCAN_NO_NUL,
    SCAN_MESSAGE,
    SCAN_CHOICE, /* a message, one of several */
    SCAN_NEVER,  /* what it names must be looked at */
};

/* ---- the rules ---- */

/* How few and how many bytes, or the smallest and the largest number: never zero, which is not
 * spelt out. */
struct bounds {
    uint32_t least;
    uint64_t most;
    enum scan_check check;
};

static struct bounds bounds_of(const struct codec_field *field)
{
    switch (field->type) {
    case CODEC_U8:
        return (struct bounds){1, UINT8_MAX, SCAN_ANY};
    case CODEC_U32:
        return (struct bounds){1, UINT32_MAX, SCAN_ANY};
    case CODEC_U64:
        return (struct bounds){1, UINT64_MAX, SCAN_ANY};
    case CODEC_BOOL:
        return (struct bounds){1, 1, SCAN_ANY};
    case CODEC_ENUM:
        return (struct bounds){field->min > 0 ? field->min : 1, field->max, SCAN_ANY};
    case CODEC_HASH:
        return (struct bounds){sizeof(struct hash), sizeof(struct hash), SCAN_NOT_ZERO};
    case CODEC_SIGNATURE:
        return (struct bounds){sizeof(struct signature), sizeof(struct signature), SCAN_NOT_ZERO};
    case CODEC_ADDRESS:
        return (struct bounds){20, 32, SCAN_ADDRESS};
    case CODEC_AMOUNT:
        return (struct bounds){1, 32, SCAN_FIRST_NOT_ZERO};
    case CODEC_TEXT:
    case CODEC_DATA:
        return (struct bounds){1, field->max, SCAN_ANY};
    case CODEC_NAME:
        return (struct bounds){1, field->max - 1, SCAN_NO_NUL};
    case CODEC_ADDRESS_LIST:
        return (struct bounds){0, 32, SCAN_ADDRESS_OR_NONE};
    case CODEC_TEXT_LIST:
        return (struct bounds){0, field->max, SCAN_ANY};
    case CODEC_GROUP:
    case CODEC_POINTER:
    case CODEC_ARRAY:
    case CODEC_LIST:
        return (struct bounds){0, RECORD_BYTES_MAX, SCAN_MESSAGE};
    case CODEC_CHOICE:
        return (struct bounds){0, RECORD_BYTES_MAX, SCAN_CHOICE};
    case CODEC_BLOB:
        break;
    }
    return (struct bounds){0, 0, SCAN_NEVER};
}

static bool is_required(const struct codec_field *field)
{
    return field->type == CODEC_ENUM ? field->min > 0
                                     : field->type == CODEC_GROUP || field->type == CODEC_POINTER;
}

static enum wire_form form_of(const ProtobufCFieldDescriptor *wire)
{
    switch (wire->type) {
    case PROTOBUF_C_TYPE_FIXED64:
        return WIRE_FIXED64;
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_BYTES;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
        break;
    }
    return WIRE_NUMBER;
}

/* Which level this layout's fields have; a new one is made at the end. */
static uint16_t level_of(struct record_scanner *scanner, const struct codec_layout *layout)
{
    uint32_t level = 0;

    while (level < scanner->levels_count && scanner->levels[level].layout != layout) {
        level++;
    }
    if (level == scanner->levels_count) {
        CHECK(level < RECORD_SCAN_LEVELS_MAX);
        scanner->levels[scanner->levels_count++] = (struct scan_level){.layout = layout};
    }
    return (uint16_t)level;
}

static void add_rule(struct record_scanner *scanner, struct scan_level *level, uint32_t index)
{
    const struct codec_field *field = &level->layout->fields[index];
    const ProtobufCFieldDescriptor *wire = &level->layout->wire->fields[index];
    const struct bounds bounds = bounds_of(field);
    const bool is_choice = field->type == CODEC_CHOICE;

    CHECK(scanner->rules_count < RECORD_SCAN_RULES_MAX && index < UINT8_MAX);
    scanner->slots[level->first_slot + wire->id] = (uint8_t)(index + 1);
    scanner->rules[scanner->rules_count++] = (struct scan_rule){
        .most = bounds.most,
        .least = bounds.least,
        .repeats_max = field->max_count,
        .choice = is_choice ? field->min : 0,
        .level = field->nested == NULL ? 0 : level_of(scanner, field->nested),
        .form = (uint8_t)form_of(wire),
        .check = (uint8_t)bounds.check,
        .required_before = level->required_count,
        .required_after = (uint8_t)(level->required_count + (is_required(field) ? 1 : 0)),
    };
    level->required_count = (uint8_t)(level->required_count + (is_required(field) ? 1 : 0));
    level->choices_count = is_choice ? 1 : level->choices_count;
}

void record_scanner_init(struct record_scanner *scanner)
{
    *scanner = (struct record_scanner){.levels_count = 0};
    scanner->event = level_of(scanner, &record_event_layout);
    scanner->command = level_of(scanner, &record_command_layout);
    for (uint32_t i = 0; i < scanner->levels_count; i++) {
        struct scan_level *level = &scanner->levels[i];
        const uint32_t count = level->layout->fields_count;
        level->number_max = count == 0 ? 0 : level->layout->wire->fields[count - 1].id;
        level->first_slot = scanner->slots_count;
        level->first_rule = scanner->rules_count;
        scanner->slots_count += level->number_max + 1;
        CHECK(scanner->slots_count <= RECORD_SCAN_SLOTS_MAX);
        for (uint32_t field = 0; field < count; field++) {
            add_rule(scanner, level, field);
        }
    }
}

/* ---- bytes ---- */

/* One message that is being passed. */
struct frame {
    const struct scan_level *level;
    const uint8_t *end;
    uint32_t number;  /* of the last field that came */
    uint32_t repeats; /* of it */
    uint32_t required_count;
    uint32_t choices_count;
};

struct scan {
    const struct record_scanner *scanner;
    const uint8_t *at;
    const uint8_t *end; /* of the message that is being passed */
    uint32_t depth;
    uint32_t chosen; /* alternative of the first level */
    struct frame frames[DEPTH_MAX];
};

/* Of more than one byte. */
static bool take_long_number(struct scan *scan, uint64_t *ret_number)
{
    uint64_t number = 0;

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

/* A number in as few bytes as it takes. */
static inline bool take_number(struct scan *scan, uint64_t *ret_number)
{
    if (scan->at < scan->end && *scan->at < 0x80) { /* most are small */
        *ret_number = *scan->at++;
        return true;
    }
    return take_long_number(scan, ret_number);
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

static bool is_address(struct bytes bytes)
{
    return bytes.count == 32 ? !is_zero(bytes.data, 12)
                             : bytes.count == 20 && !is_zero(bytes.data, 20);
}

static void enter(struct scan *scan, uint32_t level, struct bytes bytes)
{
    CHECK(scan->depth < DEPTH_MAX);
    struct frame *frame = &scan->frames[scan->depth++];
    frame->level = &scan->scanner->levels[level]; /* one by one: a compiler clears all otherwise */
    frame->end = bytes.data + bytes.count;
    frame->number = 0;
    frame->repeats = 0;
    frame->required_count = 0;
    frame->choices_count = 0;
    scan->at = bytes.data;
    scan->end = frame->end;
}

/* ---- one field ---- */

static inline bool take_value(struct scan *scan, struct frame *frame, const struct scan_rule *rule)
{
    struct bytes bytes;

    if (!take_bytes(scan, &bytes) || bytes.count < rule->least || bytes.count > rule->most) {
        return false;
    }
    switch ((enum scan_check)rule->check) {
    case SCAN_ANY:
        return true;
    case SCAN_NOT_ZERO:
        return !is_zero(bytes.data, bytes.count);
    case SCAN_FIRST_NOT_ZERO:
        return bytes.data[0] != 0;
    case SCAN_ADDRESS:
        return is_address(bytes);
    case SCAN_ADDRESS_OR_NONE:
        return bytes.count == 0 || is_address(bytes);
    case SCAN_NO_NUL:
        return memchr(bytes.data, 0, bytes.count) == NULL;
    case SCAN_CHOICE:
        frame->choices_count++;
        scan->chosen = scan->depth == 1 ? rule->choice : scan->chosen;
        enter(scan, rule->level, bytes);
        return true;
    case SCAN_MESSAGE:
        enter(scan, rule->level, bytes);
        return true;
    case SCAN_NEVER:
        break;
    }
    return false;
}

/* The field may come here: behind the last one, or as one more element of it. */
static inline bool moves_on(struct frame *frame, const struct scan_rule *rule, uint32_t number)
{
    if (number <= frame->number) {
        return number == frame->number && ++frame->repeats <= rule->repeats_max;
    }
    const bool is_complete = rule->required_before == frame->required_count;
    frame->number = number;
    frame->repeats = 1;
    frame->required_count = rule->required_after;
    return is_complete;
}

static inline bool take_field(struct scan *scan, struct frame *frame)
{
    const struct record_scanner *scanner = scan->scanner;
    const struct scan_level *level = frame->level;
    uint64_t tag = 0;
    uint64_t number = 0;

    if (!take_number(scan, &tag) || tag >> 3 > level->number_max) {
        return false;
    }
    const uint8_t slot = scanner->slots[level->first_slot + (tag >> 3)];
    if (slot == NO_RULE) {
        return false;
    }
    const struct scan_rule *rule = &scanner->rules[level->first_rule + slot - 1u];
    if (rule->form != (tag & 7) || !moves_on(frame, rule, (uint32_t)(tag >> 3))) {
        return false;
    }
    if (rule->form == WIRE_BYTES) {
        return take_value(scan, frame, rule);
    }
    if (rule->form == WIRE_NUMBER) {
        return take_number(scan, &number) && number >= rule->least && number <= rule->most;
    }
    if (scan->end - scan->at < 8) {
        return false;
    }
    scan->at += 8;
    return !is_zero(scan->at - 8, 8);
}

/* ---- one message ---- */

static inline bool is_whole(const struct frame *frame)
{
    return frame->required_count == frame->level->required_count &&
           frame->choices_count == frame->level->choices_count;
}

/* The whole of a message, without recursion. */
static bool scan_message(struct scan *scan, uint32_t level, struct bytes bytes)
{
    enter(scan, level, bytes);
    for (;;) {
        struct frame *frame = &scan->frames[scan->depth - 1];
        if (scan->at < frame->end) {
            if (!take_field(scan, frame)) {
                return false;
            }
            continue;
        }
        if (!is_whole(frame)) {
            return false;
        }
        scan->depth--;
        if (scan->depth == 0) {
            return true;
        }
        scan->end = scan->frames[scan->depth - 1].end;
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
        outline->has_digest = take_bytes(scan, &digest) && digest.count == sizeof(struct hash) &&
                              !is_zero(digest.data, digest.count);
        return outline->has_digest;
    }
    return true;
}

bool record_scan(const struct record_scanner *scanner, struct bytes record,
                 struct record_outline *ret_outline)
{
    struct record_outline outline = {.core_version = 0};
    struct scan scan;
    struct bytes body;

    scan.scanner = scanner;
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
        !scan_message(&scan, is_event ? scanner->event : scanner->command, body)) {
        return false;
    }
    outline.kind = is_event ? RECORD_EVENT : RECORD_COMMAND;
    outline.body_kind = scan.chosen;
    *ret_outline = outline;
    return true;
}
