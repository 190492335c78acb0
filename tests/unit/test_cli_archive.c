/* SPDX-License-Identifier: Apache-2.0 */
/* `sluice journal archive`: what every other verb says of a journal does not change when its oldest
 * records are archived, and what is wrong with the archive is an integrity violation with the
 * number of its record. */
#include "tests/support/unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/cli/cli.h"
#include "relay/synth/synth.h"
#include "tests/support/cli_call.h"
#include "tests/support/folder.h"
#include "tests/support/signed_journal.h"

#define RECORDS 14000u

const struct cli_verb cli_verbs[] = {
    {"journal", "summary", "usage of journal\n", cli_journal},
    {"replay", "summary", "usage of replay\n", cli_replay},
    {"ledger", "summary", "usage of ledger\n", cli_ledger},
    {"report", "summary", "usage of report\n", cli_report},
    {NULL, NULL, NULL, NULL},
};

struct desk {
    struct folder folder;
    char path[300];
};

static int set_up(void **state)
{
    const struct synth_options synth = {.records_count = RECORDS, .open_count = 50, .seed = 4};
    struct desk *desk = calloc(1, sizeof(*desk));
    struct synth_report report;
    struct journal *journal = NULL;

    CHECK(desk != NULL);
    desk->folder = folder_make();
    (void)snprintf(desk->path, sizeof(desk->path), "%s/journal", desk->folder.path);
    const struct journal_options options = {.path = desk->path};
    CHECK(journal_open_lmdb(&options, &journal) == STATUS_OK);
    CHECK(synth_run(journal, &synth, &report) == STATUS_OK);
    sign_journal(journal);
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

static const char *path_in(const struct desk *desk, const char *name)
{
    static char path[400];

    (void)snprintf(path, sizeof(path), "%s/%s", desk->folder.path, name);
    return path;
}

static void archive(const struct desk *desk)
{
    const struct cli_called called =
        CLI_CALL(cli_journal, "journal", "archive", desk->path, "--keep", "256");

    assert_int_equal(EXIT_DONE, called.code);
    assert_non_null(strstr(called.output, "12288 records archived, 12288 of them now"));
}

/* What the verbs print, one after the other. `ret_texts` are the caller's to free. */
#define QUESTIONS 11u
static void ask_everything(const struct desk *desk, char *ret_texts[QUESTIONS])
{
    const char *const path = desk->path;
    const char *const questions[QUESTIONS][8] = {
        {"journal", "verify", path, NULL},
        {"replay", path, NULL},
        {"journal", "tail", path, "-n", "2000", "--json", NULL},
        {"journal", "show", path, "100..140", NULL},
        {"journal", "show", path, "4095..4098", "--json", NULL},
        {"journal", "grep", path, "--kind", "send", "--json", NULL},
        {"journal", "grep", path, "--kind", "plan", NULL},
        {"ledger", "--data", path, "--format", "csv", NULL},
        {"report", "--data", path, NULL},
        {"journal", "prove", path, "77", NULL},
        {"journal", "consistency", path, "5000", "14000", NULL},
    };
    int (*const verbs[QUESTIONS])(int, char **) = {
        cli_journal, cli_replay, cli_journal, cli_journal, cli_journal, cli_journal,
        cli_journal, cli_ledger, cli_report,  cli_journal, cli_journal};

    for (unsigned i = 0; i < QUESTIONS; i++) {
        const struct cli_called called = cli_call(verbs[i], questions[i]);
        if (called.code != EXIT_DONE) {
            fail_msg("%s %s: exit %d: %s", questions[i][0], questions[i][1], called.code,
                     called.output);
        }
        ret_texts[i] = strdup(called.output);
        assert_non_null(ret_texts[i]);
        assert_true(strlen(ret_texts[i]) > 20);
    }
}

static void every_verb_says_what_it_said_before(void **state)
{
    const struct desk *desk = *state;
    char *before[QUESTIONS];
    char *after[QUESTIONS];

    ask_everything(desk, before);
    archive(desk);
    ask_everything(desk, after);
    for (unsigned i = 0; i < QUESTIONS; i++) {
        assert_string_equal(before[i], after[i]);
        free(after[i]);
    }
    /* A rebuild takes all from there and leaves it there. */
    assert_int_equal(EXIT_DONE, CLI_CALL(cli_journal, "journal", "rebuild", desk->path).code);
    const struct cli_called stats = CLI_CALL(cli_journal, "journal", "stats", desk->path);
    assert_non_null(strstr(stats.output, "records 1 to 12288 are in the archive"));
    ask_everything(desk, after);
    for (unsigned i = 0; i < QUESTIONS; i++) {
        assert_string_equal(before[i], after[i]);
        free(before[i]);
        free(after[i]);
    }
}

static char compared[2][400];
static unsigned files_seen;

/* A file of the one folder says what the file of that name in the other says. */
static int compare_file(const char *path, const struct stat *about, int type, struct FTW *place)
{
    char other[900];
    int byte = 0;

    (void)about;
    (void)place;
    if (type != FTW_F) {
        return 0;
    }
    (void)snprintf(other, sizeof(other), "%s%s", compared[1], path + strlen(compared[0]));
    FILE *ours = fopen(path, "r");
    FILE *theirs = fopen(other, "r");
    assert_non_null(ours);
    assert_non_null(theirs);
    do {
        byte = fgetc(ours);
        assert_int_equal(byte, fgetc(theirs));
    } while (byte != EOF);
    (void)fclose(ours);
    (void)fclose(theirs);
    files_seen++;
    return 0;
}

static int remove_file(const char *path, const struct stat *about, int type, struct FTW *place)
{
    (void)about;
    (void)place;
    return type == FTW_F && unlink(path) == 0 ? 1 : 0;
}

static void an_export_is_the_same_bytes(void **state)
{
    const struct desk *desk = *state;
    char one[400];
    char other[400];

    (void)snprintf(one, sizeof(one), "%s", path_in(desk, "one"));
    (void)snprintf(other, sizeof(other), "%s", path_in(desk, "other"));
    assert_int_equal(EXIT_DONE, CLI_CALL(cli_journal, "journal", "export", desk->path, one).code);
    archive(desk);
    assert_int_equal(EXIT_DONE, CLI_CALL(cli_journal, "journal", "export", desk->path, other).code);
    files_seen = 0;
    (void)snprintf(compared[0], sizeof(compared[0]), "%s", one);
    (void)snprintf(compared[1], sizeof(compared[1]), "%s", other);
    assert_int_equal(0, nftw(one, compare_file, 8, FTW_PHYS));
    assert_true(files_seen > 100);
    assert_int_equal(EXIT_DONE, CLI_CALL(cli_journal, "journal", "verify", other).code);
}

/* The digest that a replay ends with; the caller's output ends with it or goes on behind it. */
static const char *digest_in(const char *output)
{
    static char digest[2][80];
    static unsigned next;
    const char *at = strstr(output, "digest ");

    assert_non_null(at);
    next = (next + 1) % 2;
    (void)snprintf(digest[next], sizeof(digest[next]), "%.66s", at + strlen("digest "));
    return digest[next];
}

/* Commands and digests: what an export holds is compared, and what it cannot hold is said. */
static void an_export_replays_but_for_its_rows(void **state)
{
    const struct desk *desk = *state;
    char out[400];
    char tile[500];

    (void)snprintf(out, sizeof(out), "%s", path_in(desk, "one"));
    assert_int_equal(EXIT_DONE, CLI_CALL(cli_journal, "journal", "export", desk->path, out).code);
    const struct cli_called whole = CLI_CALL(cli_replay, "replay", desk->path);
    assert_int_equal(EXIT_DONE, whole.code);
    assert_null(strstr(whole.output, "cannot be compared"));
    const char *digest = digest_in(whole.output);
    const struct cli_called called = CLI_CALL(cli_replay, "replay", out);
    assert_int_equal(EXIT_DONE, called.code);
    assert_non_null(strstr(called.output, "rows cannot be compared: an exported log has none"));
    assert_string_equal(digest, digest_in(called.output));
    const struct cli_called json = CLI_CALL(cli_replay, "replay", out, "--json");
    assert_int_equal(EXIT_DONE, json.code);
    assert_non_null(strstr(json.output, "\"rows_compared\": false"));
    /* What is changed in it is found. */
    (void)snprintf(tile, sizeof(tile), "%s/tile/entries/003", out);
    FILE *file = fopen(tile, "r+");
    assert_non_null(file);
    assert_int_equal(0, fseek(file, 300, SEEK_SET));
    const int byte = fgetc(file);
    assert_int_equal(0, fseek(file, 300, SEEK_SET));
    assert_int_equal(byte ^ 1, fputc(byte ^ 1, file));
    assert_int_equal(0, fclose(file));
    assert_int_equal(EXIT_INTEGRITY, CLI_CALL(cli_replay, "replay", out).code);
}

static void nothing_is_old_enough_twice(void **state)
{
    const struct desk *desk = *state;

    archive(desk);
    const struct cli_called again =
        CLI_CALL(cli_journal, "journal", "archive", desk->path, "--keep", "256", "--json");
    assert_int_equal(EXIT_DONE, again.code);
    assert_non_null(strstr(again.output, "\"records\":"));
    assert_non_null(strstr(again.output, "12288"));
}

static void assert_violation(const struct desk *desk, const char *words)
{
    const char *const path = desk->path;
    const struct cli_called verified = CLI_CALL(cli_journal, "journal", "verify", path);
    assert_int_equal(EXIT_INTEGRITY, verified.code);
    if (strstr(verified.output, words) == NULL) {
        fail_msg("'%s' is not in: %s", words, verified.output);
    }
    const struct cli_called replayed = CLI_CALL(cli_replay, "replay", path);
    assert_int_equal(EXIT_INTEGRITY, replayed.code);
    assert_non_null(strstr(replayed.output, words));
}

static void damage_has_its_records_number(void **state)
{
    const struct desk *desk = *state;
    const char *segment = "journal/archive/records/0/4097-8192";
    char aside[400];
    struct stat file;

    archive(desk);
    (void)snprintf(aside, sizeof(aside), "%s", path_in(desk, "aside"));
    assert_int_equal(0, rename(path_in(desk, segment), aside));
    assert_violation(desk, "4097");
    assert_int_equal(0, rename(aside, path_in(desk, segment)));
    assert_int_equal(EXIT_DONE, CLI_CALL(cli_journal, "journal", "verify", desk->path).code);
    assert_int_equal(0, stat(path_in(desk, segment), &file));
    assert_int_equal(0, truncate(path_in(desk, segment), file.st_size - 1));
    assert_violation(desk, "8192");
    const struct cli_called shown = CLI_CALL(cli_journal, "journal", "show", desk->path, "8192");
    assert_int_equal(EXIT_INTEGRITY, shown.code);
}

/* A blob that is gone is found by the record that names it. */
static void a_missing_blob_is_found(void **state)
{
    const struct desk *desk = *state;

    archive(desk);
    assert_int_equal(1, nftw(path_in(desk, "journal/archive/blobs"), remove_file, 8, FTW_PHYS));
    const struct cli_called called = CLI_CALL(cli_journal, "journal", "verify", desk->path);
    assert_int_equal(EXIT_INTEGRITY, called.code);
    assert_non_null(strstr(called.output, "the blob it names is not there"));
}

static void what_cannot_be_archived_is_refused(void **state)
{
    const struct desk *desk = *state;

    assert_int_equal(EXIT_USAGE, CLI_CALL(cli_journal, "journal", "archive").code);
    assert_int_equal(EXIT_USAGE,
                     CLI_CALL(cli_journal, "journal", "archive", desk->path, "--keep", "255").code);
    assert_int_equal(EXIT_USAGE,
                     CLI_CALL(cli_journal, "journal", "archive", desk->path, "--keep", "-1").code);
    assert_int_equal(EXIT_NEGATIVE,
                     CLI_CALL(cli_journal, "journal", "archive", desk->folder.path).code);
    assert_int_equal(-1, access(path_in(desk, "data.mdb"), F_OK));
}

int main(void)
{
#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_DESK(every_verb_says_what_it_said_before), WITH_DESK(an_export_is_the_same_bytes),
        WITH_DESK(an_export_replays_but_for_its_rows),  WITH_DESK(nothing_is_old_enough_twice),
        WITH_DESK(damage_has_its_records_number),       WITH_DESK(a_missing_blob_is_found),
        WITH_DESK(what_cannot_be_archived_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
