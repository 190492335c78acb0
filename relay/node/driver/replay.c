/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/driver/replay.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/record.h"
#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/core/core.h"
#include "relay/node/driver/row_source.h"

#define PROGRESS_EVERY  1024u
#define CHANGES_MAX     (16u * ROWS_PER_STEP_MAX)
#define CHANGES_BYTES   ((size_t)16 << 20)
#define EVENTS_PER_SEAL 2048u
#define KEY_SHOWN_BYTES 48u

struct replay {
    struct journal_reader *reader; /* what was recorded */
    const struct replay_options *options;
    struct replay_report report;
    struct journal *second; /* the rows of this run */
    struct journal_reader *second_reader;
    struct rows *rows;
    struct core *core;
    struct journal_change *changes;
    uint32_t events_waiting; /* stepped since the last seal */
    struct record_arena arena;
    struct buffer encoded;
    uint64_t sequence; /* of the record looked at */
    void *rows_memory;
    void *core_memory;
    void *arena_memory;
    void *encoded_memory;
};

static enum status conclude(struct replay *replay, enum replay_finding finding, uint64_t sequence,
                            enum status status, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

static enum status conclude(struct replay *replay, enum replay_finding finding, uint64_t sequence,
                            enum status status, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(replay->report.what, sizeof(replay->report.what), format, arguments);
    va_end(arguments);
    replay->report.finding = finding;
    replay->report.sequence = sequence;
    replay->report.status = status;
    return status;
}

static enum status read_blob(void *context, const struct hash *digest, struct bytes *ret_blob)
{
    struct replay *replay = context;

    return journal_read_blob(replay->reader, digest, ret_blob);
}

/* The record `replay->sequence`, decoded. */
static enum status read_record(struct replay *replay, struct record *ret_record)
{
    const struct record_blobs blobs = {.context = replay, .read = read_blob};
    const uint64_t sequence = replay->sequence;
    struct bytes bytes;
    enum status status = journal_read_record(replay->reader, sequence, &bytes);

    if (status != STATUS_OK) {
        return conclude(replay, REPLAY_UNREADABLE, sequence,
                        status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status,
                        "the record cannot be read: %s", status_name(status));
    }
    status = record_decode(bytes, &blobs, &replay->arena, ret_record);
    if (status == STATUS_VERSION ||
        (status == STATUS_OK && ret_record->core_version != CORE_VERSION)) {
        return conclude(replay, REPLAY_VERSION, sequence, STATUS_VERSION,
                        "the record is of another core version than %u, which only that version "
                        "can replay",
                        CORE_VERSION);
    }
    if (status != STATUS_OK) {
        return conclude(replay, REPLAY_UNREADABLE, sequence,
                        status == STATUS_IO || status == STATUS_NO_MEMORY ? status : STATUS_CORRUPT,
                        "the record cannot be decoded: %s", status_name(status));
    }
    return STATUS_OK;
}

/* ---- the second run ---- */

/* Moves what the steps changed from the overlay into the second journal. */
static enum status seal(struct replay *replay)
{
    struct row_change change;
    uint32_t count = 0;
    uint64_t head = 0;

    if (replay->events_waiting == 0) {
        return STATUS_OK;
    }
    const uint64_t generation = rows_seal(replay->rows);
    for (; rows_change(replay->rows, generation, count, &change); count++) {
        CHECK(count < CHANGES_MAX);
        replay->changes[count] = (struct journal_change){
            .key = change.key, .value = change.value, .removed = change.removed};
    }
    const struct journal_batch batch = {.changes = replay->changes, .changes_count = count};
    enum status status = journal_commit(replay->second, &batch, &head);
    if (status == STATUS_OK) {
        status = journal_reader_refresh(replay->second_reader);
    }
    if (status != STATUS_OK) {
        return conclude(replay, REPLAY_FAILED, 0, status, "the rows of the replay: %s",
                        status_name(status));
    }
    rows_durable(replay->rows, generation);
    replay->events_waiting = 0;
    return STATUS_OK;
}

/* A start is a new process that knows no more than its rows: the core begins anew over them. */
static enum status start_core(struct replay *replay)
{
    enum status status = seal(replay);

    if (status != STATUS_OK) {
        return status;
    }
    memset(replay->core_memory, 0, core_footprint());
    status = core_init(replay->core_memory, replay->rows, &replay->core);
    return status == STATUS_OK
               ? STATUS_OK
               : conclude(replay, REPLAY_FAILED, replay->sequence, status,
                          "the core does not start over the rows it left: %s", status_name(status));
}

/* One command the core asked for against the next record. */
static enum status compare_command(struct replay *replay, const struct command *command,
                                   struct instant at)
{
    const char *name = record_command_name(command->kind);
    struct record_encoding encoding;
    struct bytes recorded;

    replay->encoded.count = 0;
    enum status status = record_encode_command(command, at, &replay->encoded, &encoding);
    if (status != STATUS_OK) {
        return conclude(replay, REPLAY_COMMAND, replay->sequence, STATUS_CORRUPT,
                        "the core asks for a %s that does not fit a record: %s", name,
                        status_name(status));
    }
    if (replay->sequence + 1 > replay->report.head) {
        return conclude(replay, REPLAY_MISSING, replay->sequence, STATUS_CORRUPT,
                        "the core asks for %s, and the journal ends here", name);
    }
    replay->sequence++;
    status = journal_read_record(replay->reader, replay->sequence, &recorded);
    if (status != STATUS_OK) {
        return conclude(replay, REPLAY_UNREADABLE, replay->sequence,
                        status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status,
                        "the record cannot be read: %s", status_name(status));
    }
    if (bytes_equal(recorded, encoding.record)) {
        replay->report.commands_count++;
        return STATUS_OK;
    }
    struct record other = {.kind = RECORD_EVENT};
    status = read_record(replay, &other);
    if (status != STATUS_OK) {
        return status;
    }
    if (other.kind == RECORD_EVENT) {
        return conclude(replay, REPLAY_MISSING, replay->sequence, STATUS_CORRUPT,
                        "the core asks for %s; recorded is the event %s", name,
                        record_event_name(other.event.kind));
    }
    const bool same_kind = other.command.kind == command->kind;
    return conclude(replay, REPLAY_COMMAND, replay->sequence, STATUS_CORRUPT,
                    same_kind ? "the core asks for another %s than the %s recorded"
                              : "the core asks for %s; recorded is %s",
                    name, record_command_name(other.command.kind));
}

static enum status replay_event(struct replay *replay, const struct record *record)
{
    const uint64_t sequence = replay->sequence;
    const char *name = record_event_name(record->event.kind);
    struct core_output output;

    if (record->event.kind == EVENT_START) {
        const enum status status = start_core(replay);
        if (status != STATUS_OK) {
            return status;
        }
    } else if (replay->core == NULL) {
        return conclude(replay, REPLAY_ORDER, sequence, STATUS_CORRUPT,
                        "the journal begins with %s and not with a start", name);
    }
    if (replay->events_waiting >= EVENTS_PER_SEAL ||
        !rows_have_room(replay->rows, ROWS_BYTES_PER_STEP_MAX)) {
        const enum status status = seal(replay);
        if (status != STATUS_OK) {
            return status;
        }
    }
    enum status status = core_step(replay->core, &record->event, &output);
    if (status != STATUS_OK) {
        return conclude(replay, REPLAY_DIGEST, sequence, STATUS_CORRUPT,
                        "the core fails on this %s event: %s", name, status_name(status));
    }
    replay->events_waiting++;
    replay->report.events_count++;
    for (uint32_t i = 0; i < output.commands_count && status == STATUS_OK; i++) {
        if (command_is_recorded(output.commands[i].kind)) {
            status = compare_command(replay, &output.commands[i], record->at);
        }
    }
    if (status == STATUS_OK && !hash_equal(&output.digest, &record->digest)) {
        status = conclude(replay, REPLAY_DIGEST, sequence, STATUS_CORRUPT,
                          "after this %s event the core is in another state", name);
    }
    replay->report.digest = output.digest;
    return status;
}

static enum status replay_records(struct replay *replay)
{
    enum status status = STATUS_OK;
    uint64_t shown = 0;

    for (replay->sequence = 1; status == STATUS_OK && replay->sequence <= replay->report.head;
         replay->sequence++) {
        struct record record = {.kind = RECORD_EVENT};
        const uint64_t sequence = replay->sequence;
        status = read_record(replay, &record);
        if (status == STATUS_OK) {
            status = record.kind == RECORD_EVENT
                         ? replay_event(replay, &record)
                         : conclude(replay, REPLAY_EXTRA, sequence, STATUS_CORRUPT,
                                    "%s is recorded, and the core does not ask for it",
                                    record_command_name(record.command.kind));
        }
        if (status == STATUS_OK) {
            replay->report.records_count = replay->sequence;
        }
        if (replay->options->progress != NULL && sequence >= shown + PROGRESS_EVERY) {
            replay->options->progress(replay->options->context, sequence, replay->report.head);
            shown = sequence;
        }
    }
    return status == STATUS_OK ? seal(replay) : status;
}

/* ---- the rows ---- */

static enum status row_differs(struct replay *replay, struct bytes key, const char *how)
{
    char shown[2 * KEY_SHOWN_BYTES + 1];
    const size_t count = key.count < KEY_SHOWN_BYTES ? key.count : KEY_SHOWN_BYTES;

    hex_encode(bytes_from(key.data, count), shown);
    const bool is_letter = key.count > 0 && key.data[0] > ' ' && key.data[0] < 0x7f;
    return conclude(replay, REPLAY_ROW, 0, STATUS_CORRUPT, "the row %s%s of table '%c' %s", shown,
                    count < key.count ? "..." : "", is_letter ? (char)key.data[0] : '?', how);
}

static enum status seek(struct replay *replay, struct journal_reader *reader, struct bytes from,
                        struct bytes *ret_key, struct bytes *ret_value, bool *ret_found)
{
    const enum status status = journal_seek_row(reader, from, ret_key, ret_value);

    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return conclude(replay, REPLAY_UNREADABLE, 0, status, "the rows cannot be read: %s",
                        status_name(status));
    }
    *ret_found = status == STATUS_OK;
    return STATUS_OK;
}

/* Walks both tables of rows side by side. */
static enum status compare_rows(struct replay *replay)
{
    uint8_t from[ROW_KEY_BYTES_MAX + 1];
    size_t from_count = 0;

    for (;;) {
        struct bytes keys[2];
        struct bytes values[2];
        bool found[2] = {false, false};
        enum status status = seek(replay, replay->reader, bytes_from(from, from_count), &keys[0],
                                  &values[0], &found[0]);
        if (status == STATUS_OK) {
            status = seek(replay, replay->second_reader, bytes_from(from, from_count), &keys[1],
                          &values[1], &found[1]);
        }
        if (status != STATUS_OK) {
            return status;
        }
        if (!found[0] && !found[1]) {
            return STATUS_OK;
        }
        const int order = !found[0] ? 1 : !found[1] ? -1 : bytes_compare(keys[0], keys[1]);
        if (order < 0) {
            return row_differs(replay, keys[0], "is not in the replay");
        }
        if (order > 0) {
            return row_differs(replay, keys[1], "is missing");
        }
        if (!bytes_equal(values[0], values[1])) {
            return row_differs(replay, keys[0], "has another value in the replay");
        }
        replay->report.rows_count++;
        /* On behind it: with a zero byte added a key is followed by its direct successor. */
        memcpy(from, keys[0].data, keys[0].count);
        from[keys[0].count] = 0;
        from_count = keys[0].count + 1;
    }
}

/* ---- beginning and end ---- */

static enum status replay_init(struct replay *replay)
{
    replay->rows_memory = malloc(rows_footprint(CHANGES_MAX, CHANGES_BYTES));
    replay->core_memory = malloc(core_footprint());
    replay->changes = malloc(CHANGES_MAX * sizeof(replay->changes[0]));
    replay->arena_memory = malloc(RECORD_ARENA_BYTES);
    replay->encoded_memory = malloc(RECORD_ENCODE_ROOM_BYTES);
    if (replay->rows_memory == NULL || replay->core_memory == NULL || replay->changes == NULL ||
        replay->arena_memory == NULL || replay->encoded_memory == NULL) {
        return STATUS_NO_MEMORY;
    }
    enum status status = STATUS_OK;
    if (replay->options->rows_into != NULL) {
        replay->second = replay->options->rows_into;
    } else {
        status = journal_open_memory(&replay->second);
    }
    if (status == STATUS_OK) {
        status = journal_reader_open(replay->second, &replay->second_reader);
    }
    if (status != STATUS_OK) {
        return status;
    }
    replay->arena = record_arena_from(replay->arena_memory, RECORD_ARENA_BYTES);
    replay->encoded = buffer_from(replay->encoded_memory, RECORD_ENCODE_ROOM_BYTES);
    replay->rows = rows_init(replay->rows_memory, CHANGES_MAX, CHANGES_BYTES,
                             row_source_from_journal(replay->second_reader));
    return STATUS_OK;
}

static void replay_deinit(struct replay *replay)
{
    journal_reader_close(replay->second_reader);
    if (replay->options->rows_into == NULL) {
        journal_close(replay->second);
    }
    free(replay->rows_memory);
    free(replay->core_memory);
    free(replay->changes);
    free(replay->arena_memory);
    free(replay->encoded_memory);
}

enum status replay_run(struct journal_reader *reader, const struct replay_options *options,
                       struct replay_report *ret_report)
{
    struct replay replay = {.reader = reader, .options = options};
    enum status status = replay_init(&replay);

    if (status != STATUS_OK) {
        status = conclude(&replay, REPLAY_FAILED, 0, status, "%s", status_name(status));
    } else {
        replay.report.head = journal_reader_head(reader);
        status = replay_records(&replay);
    }
    if (status == STATUS_OK && options->rows_into == NULL) {
        status = compare_rows(&replay);
    }
    if (status == STATUS_OK) {
        (void)snprintf(replay.report.what, sizeof(replay.report.what), "the same");
    }
    replay_deinit(&replay);
    *ret_report = replay.report;
    return status;
}
