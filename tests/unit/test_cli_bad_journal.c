/* SPDX-License-Identifier: Apache-2.0 */
/* What an auditor may be handed instead of a journal: records that no node writes, another format,
 * a directory that may not be read. Every verb says one clear thing with the place, and what is not
 * sound is exit code 5. */
#include "tests/support/unit.h"

#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/base/limits.h"
#include "relay/cli/cli.h"
#include "relay/core/event.h"
#include "relay/core/tables.h"
#include "relay/synth/synth.h"
#include "store/tree.h"
#include "tests/support/cli_call.h"
#include "tests/support/folder.h"

#define RECORDS     3300u
#define BAD_BYTES   (RECORD_BYTES_MAX + 1000u)
#define NOBODY      65534u
#define VERBS_COUNT 7u

const struct cli_verb cli_verbs[] = {
    {"journal", "summary", "usage of journal\n", cli_journal},
    {"replay", "summary", "usage of replay\n", cli_replay},
    {"ledger", "summary", "usage of ledger\n", cli_ledger},
    {"report", "summary", "usage of report\n", cli_report},
    {"status", "summary", "usage of status\n", cli_status},
    {NULL, NULL, NULL, NULL},
};

struct desk {
    struct folder folder;
    char path[300];
    uint8_t last[4096]; /* a record that the node wrote */
    size_t last_count;
};

static int set_up(void **state)
{
    const struct synth_options options = {.records_count = RECORDS, .seed = 4};
    struct desk *desk = calloc(1, sizeof(*desk));
    struct synth_report report;
    struct journal *journal = NULL;
    struct journal_reader *reader = NULL;
    struct bytes record;

    CHECK(desk != NULL);
    desk->folder = folder_make();
    (void)snprintf(desk->path, sizeof(desk->path), "%s/journal", desk->folder.path);
    const struct journal_options journal_options = {.path = desk->path};
    assert_status(STATUS_OK, journal_open_lmdb(&journal_options, &journal));
    assert_status(STATUS_OK, synth_run(journal, &options, &report));
    assert_status(STATUS_OK, journal_reader_open(journal, &reader));
    assert_status(STATUS_OK, journal_read_record(reader, RECORDS, &record));
    assert_true(record.count <= sizeof(desk->last));
    memcpy(desk->last, record.data, record.count);
    desk->last_count = record.count;
    journal_reader_close(reader);
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

/* Writes behind the store's back. */
static void put(const struct desk *desk, const char *database, struct bytes key_bytes,
                struct bytes value_bytes)
{
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi dbi;
    MDB_val key = {.mv_size = key_bytes.count, .mv_data = (void *)key_bytes.data};
    MDB_val value = {.mv_size = value_bytes.count, .mv_data = (void *)value_bytes.data};

    assert_int_equal(0, mdb_env_create(&env));
    assert_int_equal(0, mdb_env_set_maxdbs(env, 8));
    assert_int_equal(0, mdb_env_set_mapsize(env, (size_t)64 << 20));
    assert_int_equal(0, mdb_env_open(env, desk->path, 0, 0600));
    assert_int_equal(0, mdb_txn_begin(env, NULL, 0, &txn));
    assert_int_equal(0, mdb_dbi_open(txn, database, 0, &dbi));
    assert_int_equal(0, mdb_put(txn, dbi, &key, &value, 0));
    assert_int_equal(0, mdb_txn_commit(txn));
    mdb_env_close(env);
}

/* Record RECORDS + 1, with the checksum that belongs to it. */
static void append(const struct desk *desk, struct bytes record)
{
    static uint8_t stored[BAD_BYTES + 8];
    const uint64_t number = RECORDS + 1;
    const struct hash leaf = tree_leaf(record);
    uint8_t key[8];

    for (unsigned i = 0; i < 8; i++) {
        key[i] = (uint8_t)(number >> (56 - 8 * i));
    }
    assert_true(record.count <= BAD_BYTES);
    memcpy(stored, record.data, record.count);
    memcpy(stored + record.count, leaf.bytes, 8);
    put(desk, "records", bytes_from(key, 8), bytes_from(stored, record.count + 8));
}

/* The verbs that read every record, on the directory. */
static struct cli_called call(const struct desk *desk, unsigned verb)
{
    switch (verb) {
    case 0:
        return CLI_CALL(cli_journal, "journal", "verify", desk->path);
    case 1:
        return CLI_CALL(cli_journal, "journal", "tail", desk->path);
    case 2:
        return CLI_CALL(cli_journal, "journal", "show", desk->path, "last");
    case 3:
        return CLI_CALL(cli_journal, "journal", "grep", desk->path, "--kind", "stop");
    case 4:
        return CLI_CALL(cli_journal, "journal", "stats", desk->path);
    case 5:
        return CLI_CALL(cli_report, "report", "--data", desk->path);
    default: /* not an enum */
        return CLI_CALL(cli_replay, "replay", desk->path);
    }
}

static unsigned count_lines(const char *text)
{
    unsigned count = 0;

    for (; *text != '\0'; text++) {
        count += *text == '\n';
    }
    return count;
}

/* Each verb ends with 5 and names the record; nothing else about it is said on that line. */
static void all_name_the_record(const struct desk *desk)
{
    for (unsigned verb = 0; verb < VERBS_COUNT; verb++) {
        const struct cli_called called = call(desk, verb);
        assert_int_equal(EXIT_INTEGRITY, called.code);
        assert_non_null(strstr(called.output, "record 3301"));
        assert_true(count_lines(called.output) <= 10); /* tail shows those before it */
    }
}

static void a_truncated_record_is_named(void **state)
{
    const struct desk *desk = *state;

    append(desk, bytes_from(desk->last, desk->last_count - 1));
    all_name_the_record(desk);
}

static void a_record_with_an_unknown_field_is_named(void **state)
{
    struct desk *desk = *state;
    static const uint8_t field[] = {0xfa, 0x3f, 1, 'x'}; /* number 1023 */

    memcpy(desk->last + desk->last_count, field, sizeof(field));
    append(desk, bytes_from(desk->last, desk->last_count + sizeof(field)));
    all_name_the_record(desk);
}

static void an_unknown_record_is_named(void **state)
{
    const struct desk *desk = *state;
    static const uint8_t record[] = {8, 1, 17, 0, 0, 0, 0, 0, 0, 0, 127, 0x7a, 0};

    append(desk, bytes_from(record, sizeof(record)));
    all_name_the_record(desk);
}

/* Groups inside groups, far deeper than any record. */
static void a_nested_record_is_named(void **state)
{
    const struct desk *desk = *state;
    static uint8_t record[60000];

    for (size_t i = 0; i + 4 <= sizeof(record); i += 4) {
        const size_t rest = sizeof(record) - i - 4;
        record[i] = 0x22; /* field 4, length-delimited */
        record[i + 1] = (uint8_t)(rest | 0x80);
        record[i + 2] = (uint8_t)(rest >> 7 | 0x80);
        record[i + 3] = (uint8_t)(rest >> 14);
    }
    append(desk, bytes_from(record, sizeof(record)));
    all_name_the_record(desk);
}

static void an_oversized_record_is_named(void **state)
{
    const struct desk *desk = *state;
    static uint8_t record[BAD_BYTES];

    append(desk, bytes_from(record, sizeof(record)));
    all_name_the_record(desk);
}

/* Two records whose places were changed: each is good, and not where it was. */
static void reordered_records_are_named(void **state)
{
    const struct desk *desk = *state;
    const struct journal_options options = {.path = desk->path, .read_only = true};
    static uint8_t stored[2][4096];
    size_t counts[2];
    struct journal *journal = NULL;
    struct journal_reader *reader = NULL;

    assert_status(STATUS_OK, journal_open_lmdb(&options, &journal));
    assert_status(STATUS_OK, journal_reader_open(journal, &reader));
    for (unsigned i = 0; i < 2; i++) {
        struct bytes record;
        struct hash leaf;
        assert_status(STATUS_OK, journal_read_leaf(reader, 100 + i, &record, &leaf));
        memcpy(stored[i], record.data, record.count);
        memcpy(stored[i] + record.count, leaf.bytes, 8);
        counts[i] = record.count + 8;
    }
    journal_reader_close(reader);
    journal_close(journal);
    for (unsigned i = 0; i < 2; i++) {
        const uint8_t key[8] = {0, 0, 0, 0, 0, 0, 0, (uint8_t)(100 + i)};
        put(desk, "records", bytes_from(key, 8), bytes_from(stored[1 - i], counts[1 - i]));
    }
    const struct cli_called verified = CLI_CALL(cli_journal, "journal", "verify", desk->path);
    assert_int_equal(EXIT_INTEGRITY, verified.code);
    const struct cli_called replayed = CLI_CALL(cli_replay, "replay", desk->path);
    assert_int_equal(EXIT_INTEGRITY, replayed.code);
    assert_non_null(strstr(replayed.output, "record 100 of"));
}

static void a_newer_format_is_said_to_be_newer(void **state)
{
    const struct desk *desk = *state;
    static const uint8_t version[4] = {0, 0, 0, 99};

    put(desk, "meta", bytes_from_string("format"), bytes_from(version, 4));
    for (unsigned verb = 0; verb < VERBS_COUNT; verb++) {
        const struct cli_called called = call(desk, verb);
        assert_int_equal(EXIT_USAGE, called.code);
        assert_non_null(strstr(called.output, "another version of sluice"));
        assert_int_equal(1, count_lines(called.output));
    }
    assert_int_equal(EXIT_USAGE,
                     CLI_CALL(cli_ledger, "ledger", "--data", desk->path, "--totals").code);
    assert_int_equal(EXIT_USAGE, CLI_CALL(cli_journal, "journal", "rebuild", desk->path).code);
}

/* Rows belong to one version of the core; what its records say is still to be had. */
static void rows_of_another_version_are_said_to_be_so(void **state)
{
    const struct desk *desk = *state;
    static const uint8_t key = TABLE_META;
    static const uint8_t version[4] = {0, 0, 0, CORE_VERSION + 1};

    put(desk, "rows", bytes_from(&key, 1), bytes_from(version, sizeof(version)));
    const struct cli_called status =
        CLI_CALL(cli_status, "status", "--data", desk->path, "--offline");
    assert_int_equal(EXIT_USAGE, status.code);
    assert_non_null(strstr(status.output, "another version of sluice"));
    assert_int_equal(1, count_lines(status.output));
    assert_int_equal(EXIT_DONE, CLI_CALL(cli_journal, "journal", "tail", desk->path).code);
    assert_int_equal(EXIT_DONE, CLI_CALL(cli_journal, "journal", "show", desk->path, "last").code);
}

/* In a child that gave up its rights; root may read everything. */
static void a_directory_of_somebody_else_is_said_to_be_so(void **state)
{
    const struct desk *desk = *state;
    const pid_t child = geteuid() == 0 ? fork() : -1;
    int how = 0;

    if (child < 0) {
        skip(); /* without root there is nobody else */
    }
    if (child == 0) {
        if (setuid(NOBODY) != 0) {
            _exit(99);
        }
        for (unsigned verb = 0; verb < VERBS_COUNT; verb++) {
            const struct cli_called called = call(desk, verb);
            if (called.code != EXIT_USAGE || count_lines(called.output) != 1 ||
                strstr(called.output, "may not read") == NULL) {
                _exit((int)(verb + 1));
            }
        }
        _exit(0);
    }
    assert_int_equal(child, waitpid(child, &how, 0));
    assert_true(WIFEXITED(how));
    assert_int_equal(0, WEXITSTATUS(how));
}

/* Read-only media: no file of the directory may be written, and nobody writes it. */
static void a_directory_that_may_only_be_read_is_read(void **state)
{
    const struct desk *desk = *state;
    const pid_t child = geteuid() == 0 ? fork() : -1;
    char file[400];
    int how = 0;

    if (child < 0) {
        skip();
    }
    assert_int_equal(0, chmod(desk->folder.path, 0755));
    assert_int_equal(0, chmod(desk->path, 0555));
    (void)snprintf(file, sizeof(file), "%s/data.mdb", desk->path);
    assert_int_equal(0, chmod(file, 0444));
    (void)snprintf(file, sizeof(file), "%s/lock.mdb", desk->path);
    (void)chmod(file, 0444);
    (void)snprintf(file, sizeof(file), "%s/writer.lock", desk->path);
    (void)chmod(file, 0444);
    if (child == 0) {
        if (setuid(NOBODY) != 0) {
            _exit(99);
        }
        (void)usleep(100000); /* the modes are being set */
        for (unsigned verb = 0; verb < VERBS_COUNT; verb++) {
            const int code = call(desk, verb).code;
            /* The life has stops, so grep finds some. */
            if (code != EXIT_DONE) {
                _exit((int)(verb + 1));
            }
        }
        _exit(CLI_CALL(cli_ledger, "ledger", "--data", desk->path, "--totals").code);
    }
    assert_int_equal(child, waitpid(child, &how, 0));
    assert_true(WIFEXITED(how));
    assert_int_equal(0, WEXITSTATUS(how));
}

int main(void)
{
#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_DESK(a_truncated_record_is_named),
        WITH_DESK(a_record_with_an_unknown_field_is_named),
        WITH_DESK(an_unknown_record_is_named),
        WITH_DESK(a_nested_record_is_named),
        WITH_DESK(an_oversized_record_is_named),
        WITH_DESK(reordered_records_are_named),
        WITH_DESK(a_newer_format_is_said_to_be_newer),
        WITH_DESK(rows_of_another_version_are_said_to_be_so),
        WITH_DESK(a_directory_of_somebody_else_is_said_to_be_so),
        WITH_DESK(a_directory_that_may_only_be_read_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
