/* SPDX-License-Identifier: Apache-2.0 */
/* One journal record: the Record message around an event or a command, and what spills into blobs.
 */
#include "proto/record.h"

#include <stdalign.h>
#include <string.h>

#include "proto/codec.h"
#include "proto/record_layout.h"
#include "proto/sluice/v1/record.pb-c.h"
#include "relay/base/check.h"
#include "relay/base/digest.h"

/* ---- writing ---- */

/* Packs `message` behind what `memory` holds. The scratch memory that the message lives in was
 * taken from the far end, so the two can only meet. */
static enum status pack_message(const ProtobufCMessage *message, struct buffer *memory,
                                size_t bytes_max, struct bytes *ret_bytes)
{
    const size_t count = protobuf_c_message_get_packed_size(message);

    if (count > bytes_max) {
        return STATUS_OVERFLOW;
    }
    if (count > memory->capacity - memory->count) {
        return STATUS_FULL;
    }
    uint8_t *at = memory->data + memory->count;
    CHECK(protobuf_c_message_pack(message, at) == count);
    memory->count += count;
    *ret_bytes = bytes_from(at, count);
    return STATUS_OK;
}

/* Messages and amounts that one encoding is made from, at most: an event with every list full needs
 * about half of it. */
#define SCRATCH_BYTES_MAX (1u << 20)

static_assert(SCRATCH_BYTES_MAX + RECORD_BLOB_BYTES_MAX + RECORD_BYTES_MAX <=
                  RECORD_ENCODE_ROOM_BYTES,
              "the promised room is enough");

/* The far end of the free space is for what is being packed, the rest for the packed bytes. */
static struct codec_arena scratch_of(struct buffer *memory, size_t *ret_capacity)
{
    const size_t half = (memory->capacity - memory->count) / 2;
    const size_t scratch = half < SCRATCH_BYTES_MAX ? half : SCRATCH_BYTES_MAX;

    *ret_capacity = memory->capacity;
    memory->capacity -= scratch;
    return codec_arena_from(memory->data + memory->capacity, scratch);
}

/* The event in a blob of its own and a record that names it. */
static enum status pack_large_event(Sluice__V1__Record *record, const struct event *event,
                                    struct buffer *memory, struct record_encoding *ret_encoding)
{
    Sluice__V1__LargeEvent large = SLUICE__V1__LARGE_EVENT__INIT;
    struct record_encoding encoding;
    enum status status =
        pack_message(&record->event->base, memory, RECORD_BLOB_BYTES_MAX, &encoding.blob);

    if (status != STATUS_OK) {
        return status;
    }
    const struct hash digest = sha2_of(encoding.blob);
    large.kind = (Sluice__V1__EventKind)event->kind;
    large.sha256 = codec_hash_data(&digest);
    record->body_case = SLUICE__V1__RECORD__BODY_LARGE_EVENT;
    record->large_event = &large;
    status = pack_message(&record->base, memory, RECORD_BYTES_MAX, &encoding.record);
    if (status == STATUS_OK) {
        *ret_encoding = encoding;
    }
    return status;
}

static enum status pack_event(const struct event *event, const struct hash *digest_after,
                              struct codec_arena *scratch, struct buffer *memory,
                              struct record_encoding *ret_encoding)
{
    Sluice__V1__Record record = SLUICE__V1__RECORD__INIT;
    struct record_encoding encoding = {.blob = {.data = NULL, .count = 0}};
    ProtobufCMessage *body = NULL;
    enum status status = codec_build(&record_event_layout, event, scratch, &body, &encoding.blob);

    if (status != STATUS_OK) {
        return status;
    }
    record.core_version = CORE_VERSION;
    record.at_ns = event->at.ns;
    record.state_digest = codec_hash_data(digest_after);
    record.body_case = SLUICE__V1__RECORD__BODY_EVENT;
    record.event = (Sluice__V1__Event *)body;
    status = pack_message(&record.base, memory, RECORD_BYTES_MAX, &encoding.record);
    if (status == STATUS_OVERFLOW) {
        return pack_large_event(&record, event, memory, ret_encoding);
    }
    if (status == STATUS_OK) {
        *ret_encoding = encoding;
    }
    return status;
}

enum status record_encode_event(const struct event *event, const struct hash *digest_after,
                                struct buffer *memory, struct record_encoding *ret_encoding)
{
    const size_t count = memory->count;
    size_t capacity = 0;

    CHECK(memory->count <= memory->capacity);
    struct codec_arena scratch = scratch_of(memory, &capacity);
    const enum status status = pack_event(event, digest_after, &scratch, memory, ret_encoding);
    memory->capacity = capacity;
    if (status != STATUS_OK) {
        memory->count = count;
    }
    /* Nothing that keeps the limits is larger than a blob. */
    CHECK(status != STATUS_OVERFLOW);
    return status;
}

static enum status pack_command(const struct command *command, struct instant at,
                                struct codec_arena *scratch, struct buffer *memory,
                                struct record_encoding *ret_encoding)
{
    Sluice__V1__Record record = SLUICE__V1__RECORD__INIT;
    struct record_encoding encoding = {.blob = {.data = NULL, .count = 0}};
    struct bytes blob = {.data = NULL, .count = 0};
    ProtobufCMessage *body = NULL;
    enum status status = codec_build(&record_command_layout, command, scratch, &body, &blob);

    if (status != STATUS_OK) {
        return status;
    }
    record.core_version = CORE_VERSION;
    record.at_ns = at.ns;
    record.body_case = SLUICE__V1__RECORD__BODY_COMMAND;
    record.command = (Sluice__V1__Command *)body;
    status = pack_message(&record.base, memory, RECORD_BYTES_MAX, &encoding.record);
    if (status != STATUS_OK) {
        return status;
    }
    /* The core takes its bytes back at its next step: the blob moves into memory. */
    encoding.blob = bytes_from(memory->data + memory->count, blob.count);
    status = buffer_append(memory, blob);
    if (status == STATUS_OK) {
        *ret_encoding = encoding;
    }
    return status;
}

enum status record_encode_command(const struct command *command, struct instant at,
                                  struct buffer *memory, struct record_encoding *ret_encoding)
{
    const size_t count = memory->count;
    size_t capacity = 0;

    CHECK(command_is_recorded(command->kind));
    CHECK(memory->count <= memory->capacity);
    struct codec_arena scratch = scratch_of(memory, &capacity);
    const enum status status = pack_command(command, at, &scratch, memory, ret_encoding);
    memory->capacity = capacity;
    if (status != STATUS_OK) {
        memory->count = count;
    }
    /* The largest recorded command is a leg with its message and metadata (limits.h). */
    CHECK(status != STATUS_OVERFLOW);
    return status;
}

enum status record_check_event(const struct event *event)
{
    return codec_check(&record_event_layout, event);
}

/* ---- reading ---- */

struct record_arena record_arena_from(void *memory, size_t bytes_count)
{
    return (struct record_arena){.buffer = buffer_from(memory, bytes_count)};
}

struct blob_reader {
    const struct record_blobs *blobs;
};

static enum status read_blob(void *context, const struct hash *digest, struct bytes *ret_blob)
{
    const struct blob_reader *reader = context;

    return reader->blobs->read(reader->blobs->context, digest, ret_blob);
}

static enum status fill_event(const Sluice__V1__Event *event, struct codec_arena *arena,
                              struct record *record)
{
    struct hash unused = {{0}};

    /* `at` is the record's; the union of the record starts zeroed, as codec_fill wants it. */
    record->event.at = record->at;
    return codec_fill(&record_event_layout, &event->base, NULL, arena, &record->event, &unused);
}

static enum status read_large_event(const Sluice__V1__LargeEvent *large,
                                    const struct record_blobs *blobs, struct codec_arena *arena,
                                    struct record *record)
{
    ProtobufCMessage *message = NULL;
    struct bytes blob = {.data = NULL, .count = 0};
    enum status status = codec_hash_from(large->sha256, &record->blob_digest);

    if (status != STATUS_OK || large->base.n_unknown_fields != 0 ||
        hash_is_zero(&record->blob_digest) || large->kind < (Sluice__V1__EventKind)EVENT_START ||
        protobuf_c_enum_descriptor_get_value(&sluice__v1__event_kind__descriptor,
                                             (int)large->kind) == NULL) {
        return STATUS_MALFORMED;
    }
    record->event.kind = (enum event_kind)large->kind;
    record->event.at = record->at;
    if (blobs == NULL) {
        return STATUS_OK;
    }
    status = blobs->read(blobs->context, &record->blob_digest, &blob);
    if (status != STATUS_OK) {
        return status;
    }
    const struct hash found = sha2_of(blob);
    if (!hash_equal(&found, &record->blob_digest)) {
        return STATUS_CORRUPT;
    }
    status =
        codec_unpack(&sluice__v1__event__descriptor, blob, RECORD_BLOB_BYTES_MAX, arena, &message);
    if (status != STATUS_OK) {
        return status;
    }
    record->event.kind = (enum event_kind)0;
    status = fill_event((const Sluice__V1__Event *)message, arena, record);
    return status == STATUS_OK && record->event.kind != (enum event_kind)large->kind
               ? STATUS_MALFORMED
               : status;
}

static enum status read_command(const Sluice__V1__Command *command,
                                const struct record_blobs *blobs, struct codec_arena *arena,
                                struct record *record)
{
    const struct blob_reader reader = {.blobs = blobs};
    const struct codec_blob_source source = {.context = (void *)&reader, .read = read_blob};

    /* A command has no digest of its own; the event before it has. */
    if (!hash_is_zero(&record->digest)) {
        return STATUS_MALFORMED;
    }
    return codec_fill(&record_command_layout, &command->base, blobs == NULL ? NULL : &source, arena,
                      &record->command, &record->blob_digest);
}

static enum status read_body(const Sluice__V1__Record *message, const struct record_blobs *blobs,
                             struct codec_arena *arena, struct record *record)
{
    switch (message->body_case) {
    case SLUICE__V1__RECORD__BODY_EVENT:
        record->kind = RECORD_EVENT;
        return fill_event(message->event, arena, record);
    case SLUICE__V1__RECORD__BODY_LARGE_EVENT:
        record->kind = RECORD_EVENT;
        return read_large_event(message->large_event, blobs, arena, record);
    case SLUICE__V1__RECORD__BODY_COMMAND:
        record->kind = RECORD_COMMAND;
        return read_command(message->command, blobs, arena, record);
    case SLUICE__V1__RECORD__BODY__NOT_SET:
    case _SLUICE__V1__RECORD__BODY__CASE_IS_INT_SIZE:
        return STATUS_MALFORMED;
    }
    return STATUS_MALFORMED;
}

enum status record_decode(struct bytes bytes, const struct record_blobs *blobs,
                          struct record_arena *arena, struct record *ret_record)
{
    struct codec_arena memory = codec_arena_from(arena->buffer.data, arena->buffer.capacity);
    struct record record;
    ProtobufCMessage *top = NULL;
    enum status status =
        codec_unpack(&sluice__v1__record__descriptor, bytes, RECORD_BYTES_MAX, &memory, &top);

    if (status != STATUS_OK) {
        return status;
    }
    const Sluice__V1__Record *message = (const Sluice__V1__Record *)top;
    if (message->core_version > CORE_VERSION) {
        return STATUS_VERSION;
    }
    memset(&record, 0, sizeof(record));
    record.core_version = message->core_version;
    record.at = (struct instant){.ns = message->at_ns};
    status = codec_hash_from(message->state_digest, &record.digest);
    if (status != STATUS_OK || top->n_unknown_fields != 0 || record.core_version == 0) {
        return STATUS_MALFORMED;
    }
    status = read_body(message, blobs, &memory, &record);
    if (status == STATUS_OK) {
        *ret_record = record;
    }
    return status;
}
