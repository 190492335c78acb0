/* SPDX-License-Identifier: Apache-2.0 */
/* `sluice journal rebuild`: rows and tree come back from the records alone, and what cannot be made
 * anew stays as it was. */
#include "tests/support/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/cli/cli.h"
#include "relay/synth/synth.h"
#include "tests/support/cli_call.h"
#include "tests/support/folder.h"

#define RECORDS 4000u

const struct cli_verb cli_verbs[] = {
    {"journal", "summary", "usage of journal\n", cli_journal},
    {"replay", "summary", "usage of replay\n", cli_replay},
    {NULL, NULL, NULL, NULL},
};

struct desk {
    struct folder folder;
    char path[300];
};

static struct journal *open_journal(const char *path)
{
    const struct journal_options options = {.path = path};
    struct journal *journal = NULL;

    assert_status(STATUS_OK, journal_open_lmdb(&options, &journal));
    return journal;
}

static int set_up(void **state)
{
    const struct synth_options options = {.records_count = RECORDS, .open_count = 20, .seed = 9};
    struct desk *desk = calloc(1, sizeof(*desk));
    struct synth_report report;

    CHECK(desk != NULL);
    desk->folder = folder_make();
    (void)snprintf(desk->path, sizeof(desk->path), "%s/journal", desk->folder.path);
    struct journal *journal = open_journal(desk->path);
    assert_status(STATUS_OK, synth_run(journal, &options, &report));
    journal_close(journal);
    *state = desk;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *desk = *state;

    folder_remove(&desk->folder);
    free(desk);
    return 0;
}

/* A digest over all rows, keys and values. */
static struct hash digest_of_rows(const char *path)
{
    struct journal *journal = open_journal(path);
    struct journal_reader *reader = NULL;
    uint8_t from[200];
    size_t count = 0;
    struct bytes key;
    struct bytes value;
    struct sha2 sha2;

    assert_status(STATUS_OK, journal_reader_open(journal, &reader));
    sha2_init(&sha2);
    while (journal_seek_row(reader, bytes_from(from, count), &key, &value) == STATUS_OK) {
        const uint8_t lengths[4] = {(uint8_t)key.count, (uint8_t)(value.count >> 16),
                                    (uint8_t)(value.count >> 8), (uint8_t)value.count};
        sha2_update(&sha2, bytes_from(lengths, sizeof(lengths)));
        sha2_update(&sha2, key);
        sha2_update(&sha2, value);
        assert_true(key.count < sizeof(from));
        memcpy(from, key.data, key.count);
        from[key.count] = 0;
        count = key.count + 1;
    }
    journal_reader_close(reader);
    journal_close(journal);
    return sha2_finish(&sha2);
}

static void change_rows(const char *path, const struct journal_change *changes, uint32_t count)
{
    struct journal *journal = open_journal(path);
    const struct journal_batch batch = {.changes = changes, .changes_count = count};
    uint64_t head = 0;

    assert_status(STATUS_OK, journal_commit(journal, &batch, &head));
    assert_int_equal(RECORDS, head);
    journal_close(journal);
}

static void rows_come_back_byte_for_byte(void **state)
{
    const struct desk *desk = *state;
    const struct journal_change changes[] = {
        {.key = bytes_from_string("~"), .value = bytes_from_string("smuggled")},
        {.key = bytes_from_string("z"), .removed = true},
    };
    const struct hash before = digest_of_rows(desk->path);

    change_rows(desk->path, changes, 2);
    assert_int_equal(EXIT_INTEGRITY, CLI_CALL(cli_replay, "replay", desk->path).code);
    const struct cli_called called = CLI_CALL(cli_journal, "journal", "rebuild", desk->path);
    assert_int_equal(EXIT_DONE, called.code);
    assert_non_null(strstr(called.output, "made anew: 4000 records"));
    const struct hash after = digest_of_rows(desk->path);
    assert_true(hash_equal(&before, &after));
    assert_int_equal(EXIT_DONE, CLI_CALL(cli_replay, "replay", desk->path).code);
    assert_int_equal(EXIT_DONE, CLI_CALL(cli_journal, "journal", "verify", desk->path).code);
}

static void a_copy_is_made_elsewhere(void **state)
{
    const struct desk *desk = *state;
    char out[400];

    (void)snprintf(out, sizeof(out), "%s/out", desk->folder.path);
    assert_int_equal(
        EXIT_DONE,
        CLI_CALL(cli_journal, "journal", "rebuild", out, "--from", desk->path, "--json").code);
    const struct hash one = digest_of_rows(desk->path);
    const struct hash other = digest_of_rows(out);
    assert_true(hash_equal(&one, &other));
    assert_int_equal(EXIT_REFUSED,
                     CLI_CALL(cli_journal, "journal", "rebuild", out, "--from", desk->path).code);
    assert_int_equal(EXIT_NEGATIVE,
                     CLI_CALL(cli_journal, "journal", "rebuild", desk->folder.path).code);
}

static void records_that_another_core_wrote_leave_all_as_it_was(void **state)
{
    const struct desk *desk = *state;
    struct journal *journal = open_journal(desk->path);
    struct journal_reader *reader = NULL;
    struct bytes record;
    uint8_t copy[4096];
    uint64_t head = 0;

    /* An event that is no answer to anything, and its digest is that of another step. */
    assert_status(STATUS_OK, journal_reader_open(journal, &reader));
    assert_status(STATUS_OK, journal_read_record(reader, RECORDS, &record));
    assert_true(record.count <= sizeof(copy));
    memcpy(copy, record.data, record.count);
    const struct bytes again = bytes_from(copy, record.count);
    journal_reader_close(reader);
    const struct journal_batch batch = {.records = &again, .records_count = 1};
    assert_status(STATUS_OK, journal_commit(journal, &batch, &head));
    journal_close(journal);
    const struct hash before = digest_of_rows(desk->path);
    const struct cli_called called = CLI_CALL(cli_journal, "journal", "rebuild", desk->path);
    assert_int_equal(EXIT_INTEGRITY, called.code);
    assert_non_null(strstr(called.output, "nothing was changed: record 4001 of 4001"));
    const struct hash after = digest_of_rows(desk->path);
    assert_true(hash_equal(&before, &after));
}

/* What a rebuild left that was killed is thrown away by the next. */
static void a_rebuild_that_was_cut_short_is_forgotten(void **state)
{
    const struct desk *desk = *state;
    const char *const words[] = {"journal", "rebuild", desk->path, NULL};

    for (useconds_t wait = 1000; wait < 200000; wait = wait * 3 / 2) {
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            (void)cli_call(cli_journal, words);
            _exit(0);
        }
        (void)usleep(wait);
        assert_int_equal(0, kill(child, SIGKILL));
        assert_int_equal(child, waitpid(child, NULL, 0));
        assert_int_equal(EXIT_DONE, CLI_CALL(cli_replay, "replay", desk->path).code);
    }
    assert_int_equal(EXIT_DONE, CLI_CALL(cli_journal, "journal", "rebuild", desk->path).code);
    assert_int_equal(EXIT_DONE, CLI_CALL(cli_replay, "replay", desk->path).code);
}

static void a_directory_that_a_node_holds_is_left_alone(void **state)
{
    const struct desk *desk = *state;
    int ready[2];
    char byte = 0;

    assert_int_equal(0, pipe(ready));
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct journal_options options = {.path = desk->path};
        struct journal *journal = NULL;
        if (journal_open_lmdb(&options, &journal) == STATUS_OK) {
            (void)!write(ready[1], "x", 1);
        }
        (void)pause();
        _exit(0);
    }
    assert_int_equal(1, read(ready[0], &byte, 1));
    assert_int_equal(EXIT_FENCED, CLI_CALL(cli_journal, "journal", "rebuild", desk->path).code);
    assert_int_equal(0, kill(child, SIGKILL));
    assert_int_equal(child, waitpid(child, NULL, 0));
    (void)close(ready[0]);
    (void)close(ready[1]);
}

int main(void)
{
#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_DESK(rows_come_back_byte_for_byte),
        WITH_DESK(a_copy_is_made_elsewhere),
        WITH_DESK(records_that_another_core_wrote_leave_all_as_it_was),
        WITH_DESK(a_rebuild_that_was_cut_short_is_forgotten),
        WITH_DESK(a_directory_that_a_node_holds_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
