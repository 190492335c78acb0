/* SPDX-License-Identifier: Apache-2.0 */
/* `sluice journal` and `sluice replay` on a directory: what they print and how they exit. */
#include "tests/support/unit.h"

#include <fcntl.h>
#include <jansson.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/cli/cli.h"
#include "tests/support/folder.h"
#include "tests/support/live.h"

#define EVENTS 300

const struct cli_verb cli_verbs[] = {
    {"journal", "summary", "usage of journal\n", cli_journal},
    {"replay", "summary", "usage of replay\n", cli_replay},
    {NULL, NULL, NULL, NULL},
};

struct desk {
    struct folder folder;
    char path[300];
    char output[1 << 20]; /* what the last call printed */
};

static struct journal *open_journal(const struct desk *desk)
{
    const struct journal_options options = {.path = desk->path};
    struct journal *journal = NULL;

    assert_status(STATUS_OK, journal_open_lmdb(&options, &journal));
    return journal;
}

/* Made once: each of its events is a commit with a sync. */
static struct folder original;

static int make_original(void **state)
{
    struct journal *journal = NULL;

    (void)state;
    original = folder_make();
    const struct journal_options options = {.path = original.path};
    assert_status(STATUS_OK, journal_open_lmdb(&options, &journal));
    struct live *live = live_new(journal);
    live_run(live, 8, EVENTS);
    live_free(live);
    journal_close(journal);
    return 0;
}

static int remove_original(void **state)
{
    (void)state;
    folder_remove(&original);
    return 0;
}

/* A copy of data.mdb alone is a journal: an operator's back-up. */
static void copy_original(const struct desk *desk)
{
    char from[400];
    char to[400];
    uint8_t bytes[4096];
    size_t count = 0;

    (void)snprintf(from, sizeof(from), "%s/data.mdb", original.path);
    (void)snprintf(to, sizeof(to), "%s/data.mdb", desk->path);
    assert_int_equal(0, mkdir(desk->path, 0700));
    FILE *source = fopen(from, "rb");
    FILE *target = fopen(to, "wb");
    CHECK(source != NULL);
    CHECK(target != NULL);
    while ((count = fread(bytes, 1, sizeof(bytes), source)) > 0) {
        assert_int_equal(count, fwrite(bytes, 1, count, target));
    }
    assert_int_equal(0, fclose(source));
    assert_int_equal(0, fclose(target));
}

static int set_up(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));

    CHECK(desk != NULL);
    desk->folder = folder_make();
    (void)snprintf(desk->path, sizeof(desk->path), "%s/journal", desk->folder.path);
    copy_original(desk);
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

/* Calls a verb with its standard output and standard error in desk->output. */
static int call(struct desk *desk, int (*verb)(int, char **), const char *const *words)
{
    char path[400];
    char *argv[16] = {NULL};
    int argc = 0;

    CHECK(desk != NULL);
    for (; words[argc] != NULL; argc++) {
        argv[argc] = (char *)words[argc];
    }
    (void)snprintf(path, sizeof(path), "%s/output", desk->folder.path);
    (void)fflush(NULL);
    const int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    const int out = dup(STDOUT_FILENO);
    const int err = dup(STDERR_FILENO);
    assert_true(file >= 0 && out >= 0 && err >= 0);
    assert_true(dup2(file, STDOUT_FILENO) >= 0 && dup2(file, STDERR_FILENO) >= 0);
    const int code = verb(argc, argv);
    (void)fflush(NULL);
    assert_true(dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0);
    const ssize_t count = pread(file, desk->output, sizeof(desk->output) - 1, 0);
    assert_true(count >= 0);
    desk->output[count] = '\0';
    (void)close(file);
    (void)close(out);
    (void)close(err);
    return code;
}

#define CALL(desk, verb, ...) call((desk), (verb), (const char *const[]){__VA_ARGS__, NULL})

/* Sets bytes in the database `name` behind the journal's back. */
static void tamper(const struct desk *desk, const char *name, struct bytes key_bytes,
                   struct bytes value_bytes)
{
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi dbi;
    MDB_val key = {.mv_size = key_bytes.count, .mv_data = (void *)key_bytes.data};
    MDB_val value = {.mv_size = value_bytes.count, .mv_data = (void *)value_bytes.data};

    assert_int_equal(0, mdb_env_create(&env));
    assert_int_equal(0, mdb_env_set_maxdbs(env, 8));
    assert_int_equal(0, mdb_env_open(env, desk->path, 0, 0600));
    assert_int_equal(0, mdb_txn_begin(env, NULL, 0, &txn));
    assert_int_equal(0, mdb_dbi_open(txn, name, 0, &dbi));
    assert_int_equal(0, mdb_put(txn, dbi, &key, &value, 0));
    assert_int_equal(0, mdb_txn_commit(txn));
    mdb_env_close(env);
}

static void damage_record_five(const struct desk *desk)
{
    tamper(desk, "records", bytes_from("\0\0\0\0\0\0\0\5", 8), bytes_from_string("damaged record"));
}

static json_t *output_json(const struct desk *desk)
{
    json_error_t error;
    json_t *json = json_loads(desk->output, JSON_REJECT_DUPLICATES, &error);

    assert_non_null(json);
    return json;
}

static void a_sound_journal_is_said_to_be_sound(void **state)
{
    struct desk *desk = *state;

    assert_int_equal(EXIT_DONE, CALL(desk, cli_journal, "journal", "verify", desk->path));
    assert_ptr_equal(desk->output, strstr(desk->output, "sound: "));
    assert_int_equal(EXIT_DONE, CALL(desk, cli_journal, "journal", "verify", desk->path, "--json"));
    json_t *json = output_json(desk);
    assert_true(json_is_true(json_object_get(json, "sound")));
    assert_true(json_integer_value(json_object_get(json, "records")) > EVENTS / 2);
    assert_int_equal(json_integer_value(json_object_get(json, "head")),
                     json_integer_value(json_object_get(json, "records")));
    json_decref(json);
}

static void a_damaged_record_is_named_and_the_exit_code_is_five(void **state)
{
    struct desk *desk = *state;

    damage_record_five(desk);
    assert_int_equal(EXIT_INTEGRITY, CALL(desk, cli_journal, "journal", "verify", desk->path));
    assert_non_null(strstr(desk->output, "NOT sound: record 5 of"));
    assert_int_equal(EXIT_INTEGRITY,
                     CALL(desk, cli_journal, "journal", "verify", desk->path, "--json"));
    json_t *json = output_json(desk);
    assert_true(json_is_false(json_object_get(json, "sound")));
    assert_int_equal(5, json_integer_value(json_object_get(json, "sequence")));
    assert_string_equal("checksum", json_string_value(json_object_get(json, "finding")));
    json_decref(json);
    assert_int_equal(EXIT_INTEGRITY, CALL(desk, cli_replay, "replay", desk->path));
    assert_non_null(strstr(desk->output, "record 5 of"));
    assert_int_equal(EXIT_INTEGRITY,
                     CALL(desk, cli_journal, "journal", "tail", desk->path, "-n", "100000"));
    assert_non_null(strstr(desk->output, "record 5 is damaged"));
}

static void a_replay_says_that_all_is_the_same(void **state)
{
    struct desk *desk = *state;

    assert_int_equal(EXIT_DONE, CALL(desk, cli_replay, "replay", desk->path));
    assert_ptr_equal(desk->output, strstr(desk->output, "the same: "));
    assert_int_equal(EXIT_DONE, CALL(desk, cli_replay, "replay", "--json", desk->path));
    json_t *json = output_json(desk);
    assert_true(json_is_true(json_object_get(json, "same")));
    assert_true(json_integer_value(json_object_get(json, "rows")) > 20);
    json_decref(json);
}

static void a_row_that_differs_fails_the_replay_and_not_the_check(void **state)
{
    struct desk *desk = *state;

    tamper(desk, "rows", bytes_from_string("~"), bytes_from_string("smuggled"));
    assert_int_equal(EXIT_DONE, CALL(desk, cli_journal, "journal", "verify", desk->path));
    assert_int_equal(EXIT_INTEGRITY, CALL(desk, cli_replay, "replay", desk->path));
    assert_non_null(strstr(desk->output, "DIFFERENT: the row 7e"));
}

static unsigned lines(const char *text)
{
    unsigned count = 0;

    for (; *text != '\0'; text++) {
        count += *text == '\n';
    }
    return count;
}

static void tail_prints_the_last_records(void **state)
{
    struct desk *desk = *state;

    assert_int_equal(EXIT_DONE, CALL(desk, cli_journal, "journal", "tail", desk->path));
    assert_int_equal(10, lines(desk->output));
    assert_int_equal(EXIT_DONE, CALL(desk, cli_journal, "journal", "tail", desk->path, "-n", "0"));
    assert_int_equal(0, lines(desk->output));
    assert_int_equal(EXIT_DONE,
                     CALL(desk, cli_journal, "journal", "tail", "-n=1000000", desk->path));
    const char *first = desk->output + strspn(desk->output, " ");
    assert_ptr_equal(first, strstr(first, "1  2026-09-21T"));
    assert_non_null(strstr(desk->output, "alpha"));
    assert_non_null(strstr(desk->output, "fact dispatch"));
    assert_non_null(strstr(desk->output, "base_fee=1000000000"));
    assert_non_null(strstr(desk->output, "> note level=info reason=\""));
}

static void every_record_is_a_line_of_json(void **state)
{
    struct desk *desk = *state;
    json_int_t expected = 1;
    char *rest = NULL;

    assert_int_equal(
        EXIT_DONE, CALL(desk, cli_journal, "journal", "tail", desk->path, "--json", "-n", "5000"));
    for (char *line = strtok_r(desk->output, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest), expected++) {
        json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(json);
        assert_int_equal(expected, json_integer_value(json_object_get(json, "sequence")));
        if (expected == 1) {
            const json_t *chains = json_object_get(
                json_object_get(json_object_get(json, "fields"), "config"), "chains");
            assert_string_equal("start", json_string_value(json_object_get(json, "name")));
            assert_int_equal(2, json_array_size(chains));
            assert_string_equal(
                "beta", json_string_value(json_object_get(json_array_get(chains, 1), "name")));
        }
        json_decref(json);
    }
    assert_true(expected > EVENTS / 2);
}

static void one_record_is_shown_whole(void **state)
{
    struct desk *desk = *state;

    assert_int_equal(EXIT_DONE, CALL(desk, cli_journal, "journal", "show", desk->path, "1"));
    assert_ptr_equal(desk->output, strstr(desk->output, "record 1: event start\n"));
    assert_non_null(strstr(desk->output, "        name: \"beta\"\n"));
    assert_int_equal(EXIT_DONE, CALL(desk, cli_journal, "journal", "show", desk->path, "2"));
    assert_non_null(strstr(desk->output, "record 2: command note\n"));
    assert_non_null(strstr(desk->output, "  reason: 300 (the node started)\n"));
    assert_non_null(strstr(desk->output, "  decided on record 1\n"));
    assert_int_equal(EXIT_DONE,
                     CALL(desk, cli_journal, "journal", "show", desk->path, "2..4", "--json"));
    assert_int_equal(3, lines(desk->output));
    json_t *json = json_loads(desk->output, JSON_DISABLE_EOF_CHECK, NULL);
    assert_non_null(json);
    assert_int_equal(66, json_string_length(json_object_get(json, "leaf_sha256")));
    json_decref(json);
    assert_int_equal(EXIT_NEGATIVE, CALL(desk, cli_journal, "journal", "show", desk->path, "0"));
    assert_int_equal(EXIT_NEGATIVE,
                     CALL(desk, cli_journal, "journal", "show", desk->path, "1..99999"));
    assert_non_null(strstr(desk->output, "there is no record 99999"));
    assert_int_equal(EXIT_USAGE, CALL(desk, cli_journal, "journal", "show", desk->path, "9..8"));
    assert_int_equal(EXIT_USAGE, CALL(desk, cli_journal, "journal", "show", desk->path, "7.8"));
    assert_int_equal(EXIT_USAGE, CALL(desk, cli_journal, "journal", "show", desk->path));
}

/* The number after `label` in what was printed. */
static unsigned long number_after(const struct desk *desk, const char *label)
{
    const char *found = strstr(desk->output, label);

    assert_non_null(found);
    return strtoul(found + strlen(label), NULL, 10);
}

static void records_are_found_by_what_they_are_about(void **state)
{
    struct desk *desk = *state;
    char id[67];

    assert_int_equal(EXIT_DONE, CALL(desk, cli_journal, "journal", "grep", desk->path, "--kind",
                                     "dispatch", "--chain", "beta", "--limit", "1"));
    const char *found = strstr(desk->output, "message_id=");
    assert_non_null(found);
    (void)snprintf(id, sizeof(id), "%.66s", found + strlen("message_id="));
    assert_int_equal(EXIT_DONE,
                     CALL(desk, cli_journal, "journal", "grep", desk->path, "--message", id));
    assert_non_null(strstr(desk->output, "fact dispatch"));
    for (char *line = desk->output; *line != '\0';) {
        char *end = strchr(line, '\n');
        assert_non_null(end);
        *end = '\0';
        assert_non_null(strstr(line, id));
        line = end + 1;
    }
    assert_int_equal(EXIT_NEGATIVE, CALL(desk, cli_journal, "journal", "grep", desk->path,
                                         "--message", id, "--to", "2026-09-01"));
    assert_int_equal(EXIT_DONE, CALL(desk, cli_journal, "journal", "grep", desk->path, "--text",
                                     "THE NODE STARTED\"", "--count"));
    assert_string_equal("2\n", desk->output);
    /* The configuration is journaled with its hash, and again only when it is another one. */
    assert_int_equal(EXIT_DONE, CALL(desk, cli_journal, "journal", "grep", desk->path, "--text",
                                     "another configuration"));
    assert_int_equal(1, lines(desk->output));
    assert_non_null(strstr(desk->output, "text=\"the first\""));
    assert_int_equal(EXIT_NEGATIVE,
                     CALL(desk, cli_journal, "journal", "grep", desk->path, "--transaction",
                          "0x00000000000000000000000000000000000000000000000000000000000000aa"));
}

static void times_narrow_a_search_to_exactly_their_records(void **state)
{
    static const char middle[] = "2026-09-21T14:16:00.5Z";
    struct desk *desk = *state;

    assert_int_equal(EXIT_DONE, CALL(desk, cli_journal, "journal", "grep", desk->path, "--count"));
    const unsigned long all = strtoul(desk->output, NULL, 10);
    assert_true(all > EVENTS);
    assert_int_equal(EXIT_DONE, CALL(desk, cli_journal, "journal", "grep", desk->path, "--count",
                                     "--to", middle));
    const unsigned long before = strtoul(desk->output, NULL, 10);
    assert_int_equal(EXIT_DONE, CALL(desk, cli_journal, "journal", "grep", desk->path, "--count",
                                     "--from", middle));
    assert_int_equal(all, before + strtoul(desk->output, NULL, 10));
    assert_true(before > 0 && before < all);
}

static void a_search_that_cannot_be_is_refused(void **state)
{
    static const char *const wrong[][2] = {
        {"--message", "0x12"}, {"--kind", "unknown"},    {"--kind", "send,nonsense"},
        {"--chain", "delta"},  {"--from", "2026-02-29"}, {"--from", "2026-09-21T25:00:00Z"},
        {"--to", "yesterday"}, {"--limit", "-1"},        {"--plan", "7"},
    };
    struct desk *desk = *state;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(EXIT_USAGE, CALL(desk, cli_journal, "journal", "grep", desk->path,
                                          wrong[i][0], wrong[i][1]));
        assert_non_null(strstr(desk->output, wrong[i][0]));
    }
    assert_int_equal(EXIT_DONE, CALL(desk, cli_journal, "journal", "grep", "--help"));
    assert_non_null(strstr(desk->output, "--transaction HASH"));
}

static void what_is_in_a_journal_is_counted(void **state)
{
    struct desk *desk = *state;

    assert_int_equal(EXIT_DONE, CALL(desk, cli_journal, "journal", "grep", desk->path, "--count"));
    const unsigned long all = strtoul(desk->output, NULL, 10);
    assert_int_equal(EXIT_DONE, CALL(desk, cli_journal, "journal", "stats", desk->path));
    assert_int_equal(all, number_after(desk, "records   "));
    assert_int_equal(2, number_after(desk, "runs      "));
    assert_int_equal(2, number_after(desk, "\nstart "));
    assert_int_equal(EXIT_DONE, CALL(desk, cli_journal, "journal", "stats", desk->path, "--json"));
    json_t *json = output_json(desk);
    const json_t *kind;
    size_t index;
    json_int_t sum = 0;
    json_array_foreach(json_object_get(json, "kinds"), index, kind)
    {
        sum += json_integer_value(json_object_get(kind, "records"));
    }
    assert_int_equal(all, sum);
    json_decref(json);
}

static void what_is_not_there_is_a_clear_message(void **state)
{
    struct desk *desk = *state;
    char path[400];

    (void)snprintf(path, sizeof(path), "%s/none", desk->folder.path);
    assert_int_equal(EXIT_NEGATIVE, CALL(desk, cli_journal, "journal", "verify", path));
    assert_non_null(strstr(desk->output, "there is no journal in"));
    assert_int_equal(EXIT_NEGATIVE, CALL(desk, cli_journal, "journal", "tail", path));
    assert_int_equal(EXIT_NEGATIVE, CALL(desk, cli_replay, "replay", path));
    assert_int_equal(EXIT_USAGE, CALL(desk, cli_journal, "journal"));
    assert_int_equal(EXIT_USAGE, CALL(desk, cli_journal, "journal", "verify"));
    assert_int_equal(EXIT_USAGE, CALL(desk, cli_journal, "journal", "burn", desk->path));
    assert_int_equal(EXIT_USAGE,
                     CALL(desk, cli_journal, "journal", "tail", desk->path, "-n", "-3"));
    assert_int_equal(EXIT_USAGE,
                     CALL(desk, cli_journal, "journal", "tail", desk->path, "-n", "ten"));
    assert_int_equal(EXIT_USAGE,
                     CALL(desk, cli_journal, "journal", "verify", desk->path, "--follow"));
    assert_int_equal(EXIT_USAGE, CALL(desk, cli_replay, "replay"));
    assert_int_equal(EXIT_DONE, CALL(desk, cli_replay, "replay", "--help"));
}

static void what_is_no_journal_is_an_integrity_violation(void **state)
{
    struct desk *desk = *state;
    char path[400];
    uint8_t garbage[8192];

    memset(garbage, 0x33, sizeof(garbage));
    (void)snprintf(path, sizeof(path), "%s/data.mdb", desk->path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(sizeof(garbage), fwrite(garbage, 1, sizeof(garbage), file));
    assert_int_equal(0, fclose(file));
    assert_int_equal(EXIT_INTEGRITY, CALL(desk, cli_journal, "journal", "verify", desk->path));
    assert_int_equal(EXIT_INTEGRITY, CALL(desk, cli_replay, "replay", desk->path));
}

/* The blob of a large event is part of what is verified. */
static void a_missing_blob_is_found(void **state)
{
    struct desk *desk = *state;
    /* core_version 1, at 2^63, digest 32 x 1, large_event { kind 14, sha256 32 x 2 } */
    uint8_t record[2 + 9 + 34 + 2 + 2 + 34];
    uint64_t head = 0;
    size_t count = 0;
    const uint8_t begin[] = {0x08, 1, 0x11, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x1a, 32};

    memcpy(record, begin, sizeof(begin));
    count = sizeof(begin);
    memset(record + count, 1, 32);
    count += 32;
    const uint8_t middle[] = {0x32, 36, 0x08, 14, 0x12, 32};
    memcpy(record + count, middle, sizeof(middle));
    count += sizeof(middle);
    memset(record + count, 2, 32);
    count += 32;
    const struct bytes bytes = bytes_from(record, count);
    struct journal *journal = open_journal(desk);
    assert_status(STATUS_OK,
                  journal_commit(journal,
                                 &(struct journal_batch){.records = &bytes, .records_count = 1},
                                 &head));
    journal_close(journal);
    assert_int_equal(EXIT_INTEGRITY, CALL(desk, cli_journal, "journal", "verify", desk->path));
    assert_non_null(strstr(desk->output, "the blob it names is not there"));
}

/* Time that moves back cannot be what a node wrote. */
static void time_that_moves_back_is_found(void **state)
{
    struct desk *desk = *state;
    /* core_version 1, at 1, digest 32 x 1, event { wake {} } */
    uint8_t record[13 + 32 + 4] = {0x08, 1, 0x11, 1, 0, 0, 0, 0, 0, 0, 0, 0x1a, 32};
    const uint8_t end[] = {0x22, 2, 0x12, 0};
    uint64_t head = 0;

    memset(record + 13, 1, 32);
    memcpy(record + 45, end, sizeof(end));
    const struct bytes bytes = bytes_from(record, sizeof(record));
    struct journal *journal = open_journal(desk);
    assert_status(STATUS_OK,
                  journal_commit(journal,
                                 &(struct journal_batch){.records = &bytes, .records_count = 1},
                                 &head));
    journal_close(journal);
    assert_int_equal(EXIT_INTEGRITY, CALL(desk, cli_journal, "journal", "verify", desk->path));
    assert_non_null(strstr(desk->output, "time moves back"));
}

int main(void)
{
#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_DESK(a_sound_journal_is_said_to_be_sound),
        WITH_DESK(a_damaged_record_is_named_and_the_exit_code_is_five),
        WITH_DESK(a_replay_says_that_all_is_the_same),
        WITH_DESK(a_row_that_differs_fails_the_replay_and_not_the_check),
        WITH_DESK(tail_prints_the_last_records),
        WITH_DESK(every_record_is_a_line_of_json),
        WITH_DESK(one_record_is_shown_whole),
        WITH_DESK(records_are_found_by_what_they_are_about),
        WITH_DESK(times_narrow_a_search_to_exactly_their_records),
        WITH_DESK(a_search_that_cannot_be_is_refused),
        WITH_DESK(what_is_in_a_journal_is_counted),
        WITH_DESK(what_is_not_there_is_a_clear_message),
        WITH_DESK(what_is_no_journal_is_an_integrity_violation),
        WITH_DESK(a_missing_blob_is_found),
        WITH_DESK(time_that_moves_back_is_found),
    };
    return cmocka_run_group_tests(tests, make_original, remove_original);
}
