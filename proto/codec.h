/* SPDX-License-Identifier: Apache-2.0 */
/* proto/codec.h: plain C structs to and from protobuf messages, by tables.
 *
 * A layout says where each field of a generated message lives in one of our structs, with its
 * bounds. One table serves both directions and the printer, so they cannot disagree. A layout lists
 * every field of its message in the order of the field numbers; codec_check compares the two.
 *
 * Layouts nest but never contain themselves; nothing here recurses: nested objects wait in a short
 * queue. For proto/ alone. Threads: none. */
#ifndef SLUICE_PROTO_CODEC_H
#define SLUICE_PROTO_CODEC_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay/base/amount.h"
#include "relay/base/bytes.h"
#include "relay/base/instant.h"
#include "relay/base/signature.h"

/* not stored */
enum codec_type {
    CODEC_U8 = 1,
    CODEC_U32,
    CODEC_U64,
    CODEC_BOOL,
    CODEC_ENUM, /* values min..max, all of them known */
    CODEC_HASH,
    CODEC_ADDRESS,
    CODEC_AMOUNT,
    CODEC_SIGNATURE,
    CODEC_TEXT,         /* struct bytes of at most max bytes, for people */
    CODEC_DATA,         /* struct bytes of at most max bytes */
    CODEC_NAME,         /* char array of max bytes with a NUL and zeros after the text */
    CODEC_BLOB,         /* struct bytes of at most max bytes; on the wire their SHA-256 */
    CODEC_ADDRESS_LIST, /* pointer and count, at most max_count */
    CODEC_TEXT_LIST,    /* pointer to struct bytes and count; each at most max bytes */
    CODEC_GROUP,        /* one nested struct */
    CODEC_POINTER,      /* pointer to one nested struct */
    CODEC_ARRAY,        /* nested structs in place, and a count */
    CODEC_LIST,         /* pointer to nested structs, and a count */
    CODEC_CHOICE,       /* alternative of a union: present when the tag has the value min */
};

struct codec_layout;

struct codec_field {
    enum codec_type type;
    size_t offset;       /* in our struct */
    size_t other_offset; /* of the count (lists, arrays) or of the tag (choices) */
    uint32_t min;
    uint32_t max;       /* see the types */
    uint32_t max_count; /* elements of a list or array */
    const struct codec_layout *nested;
    const char *label; /* its name, to be compared with the schema's; NULL for a choice */
};

struct codec_layout {
    const ProtobufCMessageDescriptor *wire;
    const struct codec_field *fields;
    uint32_t fields_count;
    size_t bytes_count; /* of our struct */
};

#define CODEC_SCALAR(struct_, member)                                                              \
    {                                                                                              \
        .type = _Generic(((struct_ *)0)->member, uint8_t                                           \
                         : CODEC_U8, uint32_t                                                      \
                         : CODEC_U32, struct bps                                                   \
                         : CODEC_U32, uint64_t                                                     \
                         : CODEC_U64, struct instant                                               \
                         : CODEC_U64, struct duration                                              \
                         : CODEC_U64, bool                                                         \
                         : CODEC_BOOL, struct hash                                                 \
                         : CODEC_HASH, struct address                                              \
                         : CODEC_ADDRESS, struct amount                                            \
                         : CODEC_AMOUNT, struct signature                                          \
                         : CODEC_SIGNATURE),                                                       \
        .label = #member, .offset = offsetof(struct_, member)                                      \
    }
#define CODEC_ENUM_OF(struct_, member, first, last)                                                \
    {                                                                                              \
        .type = CODEC_ENUM, .label = #member, .offset = offsetof(struct_, member), .min = (first), \
        .max = (last)                                                                              \
    }
#define CODEC_BYTES_OF(type_, struct_, member, bytes_max)                                          \
    {                                                                                              \
        .type = (type_), .label = #member, .offset = offsetof(struct_, member), .max = (bytes_max) \
    }
#define CODEC_NAME_OF(struct_, member)                                                             \
    {                                                                                              \
        .type = CODEC_NAME, .label = #member, .offset = offsetof(struct_, member),                 \
        .max = sizeof(((struct_ *)0)->member)                                                      \
    }
#define CODEC_LIST_OF(type_, struct_, member, count_member, count_max, bytes_max, layout)          \
    {                                                                                              \
        .type = (type_), .label = #member, .offset = offsetof(struct_, member),                    \
        .other_offset = offsetof(struct_, count_member), .max = (bytes_max),                       \
        .max_count = (count_max), .nested = (layout)                                               \
    }
#define CODEC_GROUP_OF(type_, struct_, member, layout)                                             \
    {                                                                                              \
        .type = (type_), .label = #member, .offset = offsetof(struct_, member), .nested = (layout) \
    }
/* `at` is where the alternative's layout begins in the struct. */
#define CODEC_CHOICE_OF(struct_, tag, value, at, layout)                                           \
    {                                                                                              \
        .type = CODEC_CHOICE, .offset = (at), .other_offset = offsetof(struct_, tag),              \
        .min = (value), .nested = (layout)                                                         \
    }
#define CODEC_LAYOUT(name, descriptor, struct_)                                                    \
    static const struct codec_layout name = {.wire = &(descriptor),                                \
                                             .fields = name##_fields,                              \
                                             .fields_count = sizeof(name##_fields) /               \
                                                             sizeof((name##_fields)[0]),           \
                                             .bytes_count = sizeof(struct_)}

/* Memory handed out from the front and never given back. */
struct codec_arena {
    uint8_t *data;
    size_t count;
    size_t capacity;
};

struct codec_arena codec_arena_from(void *memory, size_t capacity);
/* Max-aligned, zeroed; NULL when there is no room. */
void *codec_take(struct codec_arena *arena, size_t bytes_count);

/* How CODEC_BLOB finds its bytes while reading; `digest` is what the record says. */
struct codec_blob_source {
    void *context;
    enum status (*read)(void *context, const struct hash *digest, struct bytes *ret_blob);
};

/* Builds the message of `object` in `arena`; it borrows from `object`. `*ret_blob` becomes the
 * bytes of its CODEC_BLOB field, if it has one that is not empty. STATUS_MALFORMED: a bound is
 * broken; STATUS_FULL: no room in the arena. */
MUST_USE enum status codec_build(const struct codec_layout *layout, const void *object,
                                 struct codec_arena *arena, ProtobufCMessage **ret_message,
                                 struct bytes *ret_blob);
/* STATUS_MALFORMED: a bound is broken. Needs no memory. */
MUST_USE enum status codec_check(const struct codec_layout *layout, const void *object);

/* Reads bytes as a message in `arena`: at most `bytes_max` of them, no unknown field anywhere in it
 * (codec_fill looks), and exactly the bytes that packing it gives. STATUS_MALFORMED otherwise. */
MUST_USE enum status codec_unpack(const ProtobufCMessageDescriptor *wire, struct bytes bytes,
                                  size_t bytes_max, struct codec_arena *arena,
                                  ProtobufCMessage **ret_message);
/* Fills a zeroed `object` from a message. `blobs` NULL: CODEC_BLOB fields stay empty.
 * `*ret_blob_digest` becomes the digest of its CODEC_BLOB field, if any.
 * STATUS_MALFORMED; statuses of `blobs`; STATUS_CORRUPT: a blob does not match its digest. */
MUST_USE enum status codec_fill(const struct codec_layout *layout, const ProtobufCMessage *message,
                                const struct codec_blob_source *blobs, struct codec_arena *arena,
                                void *object, struct hash *ret_blob_digest);

/* Values of at most 32 bytes in their one encoding. */
MUST_USE enum status codec_hash_from(ProtobufCBinaryData data, struct hash *ret_hash);
ProtobufCBinaryData codec_hash_data(const struct hash *hash); /* borrows */

/* True when the table agrees with the generated message: number of fields, their types and kinds.
 */
bool codec_layout_agrees(const struct codec_layout *layout);

#endif
