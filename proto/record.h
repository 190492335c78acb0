/* SPDX-License-Identifier: Apache-2.0 */
/* proto/record.h: events and recorded commands to and from the bytes of journal records.
 *
 * Promises, tested by tests/unit/test_record.c and tests/fuzz/fuzz_record.c:
 *   1. decode(encode(x)) == x for every event and every recorded command within its bounds.
 *   2. A record has exactly one encoding: whatever record_decode accepts, encoding gives back the
 *      same bytes. Unknown fields, unknown enum values, fields out of order, twice or spelt out as
 *      defaults, lengths beyond relay/base/limits.h: STATUS_MALFORMED.
 *   3. Decoding hostile bytes touches no memory but the arena, and no more of it than there is.
 *
 * The schema is proto/sluice/v1/record.proto; proto/README.md has the rules of its change.
 *
 * Blobs: an event too large for a record and the network of a plan are blobs of the journal, named
 * in the record by their SHA-256.
 *
 * Threads: none; every call works in memory the caller gave. Nothing here allocates. */
#ifndef SLUICE_PROTO_RECORD_H
#define SLUICE_PROTO_RECORD_H

#include "relay/base/bytes.h"
#include "relay/base/limits.h"
#include "relay/core/command.h"
#include "relay/core/event.h"

/* Room in a buffer that is enough for any one encoding, with the scratch memory it needs while it
 * is made. Most need a few hundred bytes. */
#define RECORD_ENCODE_ROOM_BYTES (6u << 20)
/* Memory of an arena that is enough for every record that follows the limits. */
#define RECORD_ARENA_BYTES (2u << 20)
/* The largest blob: a network of the largest step, or an event with every list full. */
#define RECORD_BLOB_BYTES_MAX COMMAND_BYTES_PER_STEP_MAX

/* Both lie in the buffer given to the call. */
struct record_encoding {
    struct bytes record;
    struct bytes blob; /* to be stored with the record, under its SHA-256; empty: none */
};

/* Appends the record of `event` to `memory`, whose free space beyond it is scratch memory for the
 * call. `digest_after` is the core's digest after the event's step.
 * STATUS_FULL: no room (never with RECORD_ENCODE_ROOM_BYTES free); `memory` keeps its count.
 * STATUS_MALFORMED: the event breaks a bound of event.h or limits.h, see record_check_event. */
MUST_USE enum status record_encode_event(const struct event *event, const struct hash *digest_after,
                                         struct buffer *memory,
                                         struct record_encoding *ret_encoding);
/* The same for a command of a kind that command_is_recorded; `at` is the instant of the event that
 * caused it. Statuses as above. */
MUST_USE enum status record_encode_command(const struct command *command, struct instant at,
                                           struct buffer *memory,
                                           struct record_encoding *ret_encoding);

/* STATUS_MALFORMED when record_encode_event would say so: an event to be dropped before the core
 * sees it, because what is stepped must be journaled. Needs no memory. */
MUST_USE enum status record_check_event(const struct event *event);

/* stored: never renumber (the body's field in record.proto is kind + 3; a large event is an event)
 */
enum record_kind {
    RECORD_EVENT = 1,
    RECORD_COMMAND = 2,
};

struct record {
    enum record_kind kind;
    uint32_t core_version;
    struct instant at;
    struct hash digest;      /* events: the core's digest after the step; commands: zero */
    struct hash blob_digest; /* the blob it names; zero: none */
    union {
        struct event event;
        struct command command;
    };
};

/* Where record_decode finds blobs: journal_read_blob behind a function pointer. */
struct record_blobs {
    void *context;
    /* STATUS_NOT_FOUND, STATUS_CORRUPT, STATUS_IO. The result lives until the next record_decode.
     */
    enum status (*read)(void *context, const struct hash *digest, struct bytes *ret_blob);
};

/* Memory of one decoded record; reused by the next one. */
struct record_arena {
    struct buffer buffer;
};

/* `memory` is max-aligned, `bytes_count` usually RECORD_ARENA_BYTES. */
struct record_arena record_arena_from(void *memory, size_t bytes_count);

/* Reads one record. Pointers in `*ret_record` lead into `arena` or into a blob, and end with the
 * next record_decode on this arena. `blobs` NULL: blobs are not looked at; the network of a
 * COMMAND_PLAN is empty and a large event has its kind and instant alone, which
 * ret_record->event.domain == 0 and blob_digest tell. STATUS_MALFORMED: not a record, or one that
 * does not fit the arena. STATUS_VERSION: written by a later CORE_VERSION than this binary's.
 * STATUS_NOT_FOUND, STATUS_IO: from `blobs`; STATUS_CORRUPT: the blob is not what its SHA-256 says.
 */
MUST_USE enum status record_decode(struct bytes bytes, const struct record_blobs *blobs,
                                   struct record_arena *arena, struct record *ret_record);

/* Names for people and JSON, such as "block" and "send". Static memory. */
const char *record_event_name(enum event_kind kind);
const char *record_command_name(enum command_kind kind);

/* What record_visit tells, in the order of the schema. */
/* not stored */
enum record_value_kind {
    RECORD_VALUE_GROUP, /* a nested group begins; ends with RECORD_VALUE_END */
    RECORD_VALUE_LIST,  /* `number` elements follow, then RECORD_VALUE_END */
    RECORD_VALUE_END,
    RECORD_VALUE_NUMBER,
    RECORD_VALUE_BOOL,
    RECORD_VALUE_WORD, /* an enum value in words: `text` */
    RECORD_VALUE_AMOUNT,
    RECORD_VALUE_HASH,      /* 32 bytes in `bytes` */
    RECORD_VALUE_ADDRESS,   /* 32 bytes in `bytes` */
    RECORD_VALUE_SIGNATURE, /* 65 bytes in `bytes` */
    RECORD_VALUE_TEXT,      /* bytes meant for people; hostile */
    RECORD_VALUE_DATA,      /* any bytes */
};

struct record_value {
    enum record_value_kind kind;
    const char *name; /* of the field in record.proto; NULL for an element of a list */
    uint64_t number;
    bool truth;
    struct amount amount;
    struct bytes bytes; /* borrowed from the record */
    const char *text;
};

/* Calls `visitor` for every field of the record's event or command. */
void record_visit(const struct record *record,
                  void (*visitor)(void *context, const struct record_value *value), void *context);

#endif
