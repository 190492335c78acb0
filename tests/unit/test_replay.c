/* SPDX-License-Identifier: Apache-2.0 */
/* Replay of relay/node/driver/replay.h: the same run is found the same; every kind of difference is
 * found and named. The journals are made by a real core (tests/support/live.h). */
#include "tests/support/unit.h"

#include <stdlib.h>

#include "proto/record.h"
#include "relay/node/driver/replay.h"
#include "tests/support/live.h"

#define EVENTS 400

struct shelf {
    struct journal *journal;
    struct journal_reader *reader;
};

static int set_up(void **state)
{
    struct shelf *shelf = calloc(1, sizeof(*shelf));

    assert_status(STATUS_OK, journal_open_memory(&shelf->journal));
    struct live *live = live_new(shelf->journal);
    live_run(live, 5, EVENTS);
    live_free(live);
    assert_status(STATUS_OK, journal_reader_open(shelf->journal, &shelf->reader));
    *state = shelf;
    return 0;
}

static int tear_down(void **state)
{
    struct shelf *shelf = *state;

    journal_reader_close(shelf->reader);
    journal_close(shelf->journal);
    free(shelf);
    return 0;
}

static struct replay_report replay(struct journal *journal)
{
    const struct replay_options options = {.progress = NULL};
    struct journal_reader *reader = NULL;
    struct replay_report report;

    assert_status(STATUS_OK, journal_reader_open(journal, &reader));
    const enum status status = replay_run(reader, &options, &report);
    assert_status(report.status, status);
    journal_reader_close(reader);
    return report;
}

/* How the copy of a journal differs from it. */
struct edit {
    uint64_t sequence; /* of the record that is edited; 0: none */
    bool is_dropped;
    bool is_doubled;
    struct bytes replacement; /* when not empty */
    struct journal_change row;
};

static void commit_record(struct journal *journal, struct bytes record)
{
    uint64_t head = 0;

    assert_status(STATUS_OK,
                  journal_commit(journal,
                                 &(struct journal_batch){.records = &record, .records_count = 1},
                                 &head));
}

static void copy_rows(struct shelf *shelf, struct journal *copy)
{
    uint8_t from[ROW_KEY_BYTES_MAX + 1];
    size_t count = 0;
    uint64_t head = 0;
    struct journal_change change = {.removed = false};

    while (journal_seek_row(shelf->reader, bytes_from(from, count), &change.key, &change.value) ==
           STATUS_OK) {
        assert_status(
            STATUS_OK,
            journal_commit(copy, &(struct journal_batch){.changes = &change, .changes_count = 1},
                           &head));
        memcpy(from, change.key.data, change.key.count);
        from[change.key.count] = 0;
        count = change.key.count + 1;
    }
}

static struct replay_report replay_edited(struct shelf *shelf, const struct edit *edit)
{
    struct journal *copy = NULL;
    struct bytes record;
    uint64_t head = 0;

    assert_status(STATUS_OK, journal_open_memory(&copy));
    for (uint64_t i = 1; i <= journal_reader_head(shelf->reader); i++) {
        assert_status(STATUS_OK, journal_read_record(shelf->reader, i, &record));
        if (i != edit->sequence) {
            commit_record(copy, record);
        } else if (!edit->is_dropped) {
            commit_record(copy, edit->replacement.count > 0 ? edit->replacement : record);
            if (edit->is_doubled) {
                commit_record(copy, record);
            }
        }
    }
    copy_rows(shelf, copy);
    if (edit->row.key.count > 0) {
        assert_status(
            STATUS_OK,
            journal_commit(copy, &(struct journal_batch){.changes = &edit->row, .changes_count = 1},
                           &head));
    }
    const struct replay_report report = replay(copy);
    journal_close(copy);
    return report;
}

/* The first record from `from` on that is (or is not) a command. */
static uint64_t find_record(struct shelf *shelf, uint64_t from, enum record_kind kind,
                            struct record *ret_record)
{
    static uint8_t memory[RECORD_ARENA_BYTES];
    struct record_arena arena = record_arena_from(memory, sizeof(memory));
    struct bytes bytes;

    for (uint64_t i = from; i <= journal_reader_head(shelf->reader); i++) {
        assert_status(STATUS_OK, journal_read_record(shelf->reader, i, &bytes));
        assert_status(STATUS_OK, record_decode(bytes, NULL, &arena, ret_record));
        if (ret_record->kind == kind) {
            return i;
        }
    }
    fail_msg("the run has no such record");
    return 0;
}

static void the_same_run_is_the_same(void **state)
{
    struct shelf *shelf = *state;
    const struct replay_report report = replay(shelf->journal);

    assert_string_equal("the same", report.what);
    assert_int_equal(REPLAY_SAME, report.finding);
    assert_int_equal(report.head, report.records_count);
    assert_int_equal(report.head, report.events_count + report.commands_count);
    assert_true(report.events_count > EVENTS / 2);
    assert_true(report.commands_count > 3);
    assert_true(report.rows_count > 20);
}

static void an_unedited_copy_is_the_same(void **state)
{
    const struct edit edit = {.sequence = 0};

    assert_int_equal(REPLAY_SAME, replay_edited(*state, &edit).finding);
}

static void a_changed_event_changes_the_digest(void **state)
{
    static uint8_t memory[RECORD_ENCODE_ROOM_BYTES];
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    struct record_encoding encoding;
    struct record record;
    uint64_t sequence = 0;

    do {
        sequence = find_record(*state, sequence + 1, RECORD_EVENT, &record);
    } while (record.event.kind != EVENT_BLOCK);
    record.event.block.number += 1000;
    assert_status(STATUS_OK,
                  record_encode_event(&record.event, &record.digest, &buffer, &encoding));
    const struct edit edit = {.sequence = sequence, .replacement = encoding.record};
    const struct replay_report report = replay_edited(*state, &edit);
    assert_int_equal(REPLAY_DIGEST, report.finding);
    assert_int_equal(sequence, report.sequence);
    assert_int_equal(sequence - 1, report.records_count);
    assert_status(STATUS_CORRUPT, report.status);
}

static void a_changed_digest_is_found(void **state)
{
    static uint8_t memory[RECORD_ENCODE_ROOM_BYTES];
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    struct record_encoding encoding;
    struct record record;
    uint64_t sequence = 0;

    do {
        sequence = find_record(*state, sequence + 1, RECORD_EVENT, &record);
    } while (record.event.kind != EVENT_STOP);
    record.digest.bytes[31] ^= 1;
    assert_status(STATUS_OK,
                  record_encode_event(&record.event, &record.digest, &buffer, &encoding));
    const struct edit edit = {.sequence = sequence, .replacement = encoding.record};
    const struct replay_report report = replay_edited(*state, &edit);
    assert_int_equal(REPLAY_DIGEST, report.finding);
    assert_int_equal(sequence, report.sequence);
}

static void a_changed_command_is_found(void **state)
{
    static uint8_t memory[RECORD_ENCODE_ROOM_BYTES];
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    struct record_encoding encoding;
    struct record record;
    uint64_t sequence = 0;

    do {
        sequence = find_record(*state, sequence + 1, RECORD_COMMAND, &record);
    } while (record.command.kind != COMMAND_NOTE);
    record.command.note.reason++;
    assert_status(STATUS_OK, record_encode_command(&record.command, record.at, &buffer, &encoding));
    const struct edit edit = {.sequence = sequence, .replacement = encoding.record};
    const struct replay_report report = replay_edited(*state, &edit);
    assert_int_equal(REPLAY_COMMAND, report.finding);
    assert_int_equal(sequence, report.sequence);
}

static void a_dropped_command_is_found(void **state)
{
    struct record record;
    const uint64_t sequence = find_record(*state, 3, RECORD_COMMAND, &record);
    const struct edit edit = {.sequence = sequence, .is_dropped = true};
    const struct replay_report report = replay_edited(*state, &edit);

    assert_true(report.finding == REPLAY_MISSING || report.finding == REPLAY_COMMAND);
    assert_int_equal(sequence, report.sequence);
}

static void a_doubled_command_is_found(void **state)
{
    struct record record;
    const uint64_t sequence = find_record(*state, 3, RECORD_COMMAND, &record);
    const struct edit edit = {.sequence = sequence, .is_doubled = true};
    const struct replay_report report = replay_edited(*state, &edit);

    assert_true(report.finding == REPLAY_EXTRA || report.finding == REPLAY_COMMAND);
    assert_int_equal(sequence + 1, report.sequence);
}

static void a_dropped_event_is_found(void **state)
{
    struct record record;
    const uint64_t sequence = find_record(*state, 20, RECORD_EVENT, &record);
    const struct edit edit = {.sequence = sequence, .is_dropped = true};
    const struct replay_report report = replay_edited(*state, &edit);

    assert_status(STATUS_CORRUPT, report.status);
    assert_true(report.sequence >= sequence);
}

static void a_journal_that_does_not_begin_with_a_start_is_refused(void **state)
{
    const struct edit edit = {.sequence = 1, .is_dropped = true};
    const struct replay_report report = replay_edited(*state, &edit);

    assert_status(STATUS_CORRUPT, report.status);
    assert_int_equal(1, report.sequence);
    assert_true(report.finding == REPLAY_ORDER || report.finding == REPLAY_EXTRA);
}

static void garbage_among_the_records_is_named(void **state)
{
    const struct edit edit = {.sequence = 7, .replacement = bytes_from_string("garbage")};
    const struct replay_report report = replay_edited(*state, &edit);

    assert_int_equal(REPLAY_UNREADABLE, report.finding);
    assert_status(STATUS_CORRUPT, report.status);
    assert_int_equal(7, report.sequence);
}

static void another_core_version_is_not_replayed(void **state)
{
    /* core_version 127 { event { wake {} } } */
    static const uint8_t later[] = {0x08, 0x7f, 0x22, 2, 0x12, 0};
    const struct edit edit = {.sequence = 7, .replacement = bytes_from(later, sizeof(later))};
    const struct replay_report report = replay_edited(*state, &edit);

    assert_int_equal(REPLAY_VERSION, report.finding);
    assert_status(STATUS_VERSION, report.status);
    assert_int_equal(7, report.sequence);
}

static void a_changed_row_is_found(void **state)
{
    struct shelf *shelf = *state;
    struct bytes key;
    struct bytes value;
    uint8_t copy[ROW_KEY_BYTES_MAX];

    assert_status(STATUS_OK, journal_seek_row(shelf->reader, bytes_from("", 0), &key, &value));
    memcpy(copy, key.data, key.count);
    const struct edit edit = {
        .row = {.key = bytes_from(copy, key.count), .value = bytes_from_string("another")}};
    const struct replay_report report = replay_edited(shelf, &edit);
    assert_int_equal(REPLAY_ROW, report.finding);
    assert_int_equal(0, report.sequence);
    assert_non_null(strstr(report.what, "another value"));
}

static void a_missing_row_is_found(void **state)
{
    struct shelf *shelf = *state;
    struct bytes key;
    struct bytes value;
    uint8_t copy[ROW_KEY_BYTES_MAX];

    assert_status(STATUS_OK, journal_seek_row(shelf->reader, bytes_from("", 0), &key, &value));
    memcpy(copy, key.data, key.count);
    const struct edit edit = {.row = {.key = bytes_from(copy, key.count), .removed = true}};
    const struct replay_report report = replay_edited(shelf, &edit);
    assert_int_equal(REPLAY_ROW, report.finding);
    assert_non_null(strstr(report.what, "is missing"));
}

static void a_row_too_many_is_found(void **state)
{
    const struct edit edit = {
        .row = {.key = bytes_from_string("~smuggled"), .value = bytes_from_string("1")}};
    const struct replay_report report = replay_edited(*state, &edit);

    assert_int_equal(REPLAY_ROW, report.finding);
    assert_non_null(strstr(report.what, "is not in the replay"));
}

static void an_empty_journal_is_the_same(void **state)
{
    struct journal *empty = NULL;

    (void)state;
    assert_status(STATUS_OK, journal_open_memory(&empty));
    const struct replay_report report = replay(empty);
    assert_int_equal(REPLAY_SAME, report.finding);
    assert_int_equal(0, report.records_count);
    journal_close(empty);
}

/* Everything that a start writes and asks for at once, and what is asked for after it. */
static void a_node_of_as_many_chains_as_there_may_be_starts(void **state)
{
    (void)state;
    struct core_config *config = calloc(1, sizeof(*config));
    struct event start = {.kind = EVENT_START, .at = {.ns = 1000}};
    struct event wake = {.kind = EVENT_WAKE, .at = {.ns = 2000}};
    struct event stop = {.kind = EVENT_STOP, .at = {.ns = 3000}};
    struct journal *journal = NULL;

    assert_non_null(config);
    live_config(CHAINS_MAX, KEYS_MAX, config);
    start.start.config = config;
    start.start.build_id = bytes_from_string("test");
    stop.stop.reason = bytes_from_string("test");
    assert_status(STATUS_OK, journal_open_memory(&journal));
    struct live *live = live_new(journal);
    for (unsigned life = 0; life < 2; life++) {
        live_step(live, &start);
        for (unsigned i = 0; i < 40; i++) {
            live_step(live, &wake);
        }
        live_step(live, &stop);
        start.at.ns = 4000;
        wake.at.ns = 5000;
        stop.at.ns = 6000;
    }
    live_free(live);
    const struct replay_report report = replay(journal);
    assert_status(STATUS_OK, report.status);
    assert_int_equal(2 * 42, report.events_count);
    journal_close(journal);
    free(config);
}

int main(void)
{
#define WITH_SHELF(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_SHELF(the_same_run_is_the_same),
        WITH_SHELF(an_unedited_copy_is_the_same),
        WITH_SHELF(a_changed_event_changes_the_digest),
        WITH_SHELF(a_changed_digest_is_found),
        WITH_SHELF(a_changed_command_is_found),
        WITH_SHELF(a_dropped_command_is_found),
        WITH_SHELF(a_doubled_command_is_found),
        WITH_SHELF(a_dropped_event_is_found),
        WITH_SHELF(a_journal_that_does_not_begin_with_a_start_is_refused),
        WITH_SHELF(garbage_among_the_records_is_named),
        WITH_SHELF(another_core_version_is_not_replayed),
        WITH_SHELF(a_changed_row_is_found),
        WITH_SHELF(a_missing_row_is_found),
        WITH_SHELF(a_row_too_many_is_found),
        WITH_SHELF(an_empty_journal_is_the_same),
        cmocka_unit_test(a_node_of_as_many_chains_as_there_may_be_starts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
