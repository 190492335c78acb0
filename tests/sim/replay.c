/* SPDX-License-Identifier: Apache-2.0 */
/* The audit: the records alone, given to a new core over empty rows, must give the same commands,
 * the same digest after every event, and in the end the same rows. */
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/core.h"
#include "relay/node/driver/row_source.h"
#include "tests/sim/sim_internal.h"
#include "tests/support/row_table.h"

enum { CHANGES_MAX = 16384, CHANGES_BYTES_MAX = 16 << 20 };

struct replay {
    struct sim *sim;
    struct journal_reader *reader;
    struct row_table *table;
    void *rows_memory;
    struct rows *rows;
    void *core_memory;
    struct core *core;
    void *encode_memory;
    struct core_output output;
    uint32_t next_command; /* of the output, not yet seen as a record */
    struct instant at;     /* of the last event */
};

static enum status read_blob(void *context, const struct hash *digest, struct bytes *ret_blob)
{
    return journal_read_blob(context, digest, ret_blob);
}

static void skip_unrecorded(struct replay *replay)
{
    while (replay->next_command < replay->output.commands_count &&
           !command_is_recorded(replay->output.commands[replay->next_command].kind)) {
        replay->next_command++;
    }
}

static bool step(struct replay *replay, uint64_t sequence, const struct record *record)
{
    skip_unrecorded(replay);
    if (replay->next_command < replay->output.commands_count) {
        sim_fail(replay->sim, "replay: record %llu: a command has no record",
                 (unsigned long long)sequence);
        return false;
    }
    const enum status status = core_step(replay->core, &record->event, &replay->output);
    if (status != STATUS_OK) {
        sim_fail(replay->sim, "replay: record %llu: %s", (unsigned long long)sequence,
                 status_name(status));
        return false;
    }
    replay->next_command = 0;
    replay->at = record->at;
    const uint64_t generation = rows_seal(replay->rows);
    row_table_commit(replay->table, replay->rows, generation);
    rows_durable(replay->rows, generation);
    if (!hash_equal(&replay->output.digest, &record->digest)) {
        sim_fail(replay->sim, "replay: record %llu (%s): another digest",
                 (unsigned long long)sequence, record_event_name(record->event.kind));
        return false;
    }
    return true;
}

static bool compare_command(struct replay *replay, uint64_t sequence, struct bytes stored)
{
    struct buffer memory = buffer_from(replay->encode_memory, RECORD_ENCODE_ROOM_BYTES);
    struct record_encoding encoding = {0};

    skip_unrecorded(replay);
    const bool any = replay->next_command < replay->output.commands_count;
    const enum status status =
        any ? record_encode_command(&replay->output.commands[replay->next_command++], replay->at,
                                    &memory, &encoding)
            : STATUS_NOT_FOUND;
    if (status != STATUS_OK || !bytes_equal(encoding.record, stored)) {
        sim_fail(replay->sim, "replay: record %llu: another command", (unsigned long long)sequence);
        return false;
    }
    return true;
}

static bool replay_record(struct replay *replay, uint64_t sequence)
{
    const struct record_blobs blobs = {.context = replay->reader, .read = read_blob};
    struct bytes stored;
    struct record record;
    enum status status = journal_read_record(replay->reader, sequence, &stored);

    CHECK(status == STATUS_OK);
    status = record_decode(stored, &blobs, &replay->sim->arena, &record);
    if (status != STATUS_OK) {
        sim_fail(replay->sim, "replay: record %llu: %s", (unsigned long long)sequence,
                 status_name(status));
        return false;
    }
    switch (record.kind) {
    case RECORD_EVENT:
        return step(replay, sequence, &record);
    case RECORD_COMMAND:
        return compare_command(replay, sequence, stored);
    }
    return false;
}

/* The journal's rows and the replayed ones, side by side. */
static void compare_rows(struct replay *replay)
{
    const struct row_source live = row_source_from_journal(replay->reader);
    const struct row_source again = row_table_source(replay->table);
    uint8_t memory[ROW_KEY_BYTES_MAX + 1] = {0};
    struct bytes from = bytes_from(memory, 0);

    for (;;) {
        struct bytes live_key, live_value, again_key, again_value;
        const enum status live_status = live.seek(live.context, from, &live_key, &live_value);
        const enum status again_status = again.seek(again.context, from, &again_key, &again_value);
        if (live_status != again_status) {
            sim_fail(replay->sim, "replay: another number of rows");
            return;
        }
        if (live_status == STATUS_NOT_FOUND) {
            return;
        }
        CHECK(live_status == STATUS_OK);
        if (!bytes_equal(live_key, again_key) || !bytes_equal(live_value, again_value)) {
            sim_fail(replay->sim, "replay: a row of table '%c' differs", (char)live_key.data[0]);
            return;
        }
        CHECK(live_key.count <= ROW_KEY_BYTES_MAX);
        memmove(memory, live_key.data, live_key.count);
        memory[live_key.count] = 0; /* the next key is above this one */
        from = bytes_from(memory, live_key.count + 1);
    }
}

static void init(struct replay *replay, struct sim *sim)
{
    enum status status = journal_reader_open(sim->journal, &replay->reader);

    CHECK(status == STATUS_OK);
    replay->sim = sim;
    replay->table = row_table_new();
    replay->rows_memory = calloc(1, rows_footprint(CHANGES_MAX, CHANGES_BYTES_MAX));
    replay->core_memory = calloc(1, core_footprint());
    replay->encode_memory = malloc(RECORD_ENCODE_ROOM_BYTES);
    CHECK(replay->rows_memory != NULL);
    CHECK(replay->core_memory != NULL);
    CHECK(replay->encode_memory != NULL);
    replay->rows = rows_init(replay->rows_memory, CHANGES_MAX, CHANGES_BYTES_MAX,
                             row_table_source(replay->table));
    status = core_init(replay->core_memory, replay->rows, &replay->core);
    CHECK(status == STATUS_OK);
}

void replay_journal(struct sim *sim)
{
    struct replay replay = {0};
    bool good = true;

    init(&replay, sim);
    const uint64_t head = journal_reader_head(replay.reader);
    for (uint64_t sequence = 1; sequence <= head && good; sequence++) {
        good = replay_record(&replay, sequence);
    }
    if (good) {
        compare_rows(&replay);
    }
    if (good && head > 0 && !hash_equal(&replay.output.digest, &sim->core_digest)) {
        sim_fail(sim, "replay: another digest at the end");
    }
    sim->report.records_count = head;
    replay.reader = journal_reader_close(replay.reader);
    replay.table = row_table_free(replay.table);
    free(replay.rows_memory);
    free(replay.core_memory);
    free(replay.encode_memory);
}
