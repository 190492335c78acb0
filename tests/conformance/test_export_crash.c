/* SPDX-License-Identifier: Apache-2.0 */
/* An exported log across the end of the process and of the machine (store/log/export.h): at every
 * moment the folder is a whole log of the earlier or of the later checkpoint, and the next export
 * completes a half-written one to the same bytes that one without a death writes. The checkpoints,
 * which are kept in the journal, die with it. */
#include "tests/support/unit.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

#include "relay/base/check.h"
#include "store/log/export.h"
#include "store/log/published.h"
#include "tests/support/deaths.h"
#include "tests/support/folder.h"
#include "tests/support/signed_journal.h"

#define FIRST  300u /* records of the first checkpoint: a full piece and a part of one */
#define SECOND 600u /* and of the second: what was a part is full, and another part */
#define FILES  8u   /* that are there then, but for the checkpoint */

/* What the lives have achieved, for certain. */
struct achieved {
    uint64_t signed_records;
    uint64_t published_records;
};

static struct folder reference;

static const char *path_in(const char *folder, const char *name)
{
    static char path[400];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void commit_to(struct journal *journal, uint64_t head, uint64_t size)
{
    static char texts[SECOND][32];
    struct bytes records[SECOND];
    struct journal_batch batch = {.records = records};

    for (uint64_t i = head; i < size; i++) {
        (void)snprintf(texts[i], sizeof(texts[i]), "record %llu", (unsigned long long)i);
        records[batch.records_count++] = bytes_from_string(texts[i]);
    }
    if (batch.records_count > 0) {
        CHECK(journal_commit(journal, &batch, &head) == STATUS_OK);
    }
}

/* Commits and signs what is missing up to `size`. */
static void sign_to(struct journal *journal, uint64_t size)
{
    struct journal_reader *reader = NULL;
    struct bytes note;
    uint64_t found = 0;

    CHECK(journal_reader_open(journal, &reader) == STATUS_OK);
    const uint64_t head = journal_reader_head(reader);
    const enum status status =
        journal_seek_checkpoint(reader, UINT64_MAX, JOURNAL_DOWNWARDS, &found, &note);
    CHECK(status == STATUS_OK || status == STATUS_NOT_FOUND);
    journal_reader_close(reader);
    if (head < size) {
        commit_to(journal, head, size);
    }
    if (found < size && head <= size) {
        sign_journal(journal);
    }
}

static void publish(struct journal *journal, const char *out)
{
    struct export_options options = {.path = out};
    struct export_report report;

    CHECK(journal_reader_open(journal, &options.reader) == STATUS_OK);
    if (journal_export(&options, &report) != STATUS_OK) {
        check_failed(__FILE__, __LINE__, report.what);
    }
    journal_reader_close(options.reader);
}

static void live(void *context, const char *folder)
{
    struct achieved *achieved = context;
    char path[400];
    const struct journal_options options = {
        .path = path, .map_bytes = (size_t)1 << 20, .reserve_bytes = 65536};
    struct journal *journal = NULL;

    (void)snprintf(path, sizeof(path), "%s", path_in(folder, "journal"));
    CHECK(journal_open_lmdb(&options, &journal) == STATUS_OK);
    for (uint64_t size = FIRST; size <= SECOND; size += SECOND - FIRST) {
        sign_to(journal, size);
        achieved->signed_records =
            size > achieved->signed_records ? size : achieved->signed_records;
        publish(journal, path_in(folder, "out"));
        achieved->published_records =
            size > achieved->published_records ? size : achieved->published_records;
    }
    journal_close(journal);
}

static void begin(void *context)
{
    *(struct achieved *)context = (struct achieved){.signed_records = 0};
}

/* A published folder is never half. */
static void check(void *context, const char *folder)
{
    const struct achieved *achieved = context;
    const struct verify_options options = {.examine = NULL};
    struct published *published = NULL;
    struct verify_report report;

    if (!published_is_one(path_in(folder, "out"))) {
        assert_int_equal(0, achieved->published_records);
        return;
    }
    assert_status(STATUS_OK, published_open(path_in(folder, "out"), &published));
    assert_true(published_size(published) >= achieved->published_records);
    assert_status(STATUS_OK, published_verify(published, &options, &report));
    assert_int_equal(published_size(published), report.records_count);
    published_close(published);
}

/* ---- the same bytes ---- */

static unsigned files_seen;
static const char *compared_with;

/* A file of the reference says what the one of that name says. */
static int compare_file(const char *path, const struct stat *about, int type, struct FTW *place)
{
    const size_t prefix = strlen(path_in(reference.path, "out"));
    char other[900];
    int byte = 0;

    (void)about;
    (void)place;
    if (type != FTW_F) {
        return 0;
    }
    (void)snprintf(other, sizeof(other), "%s/out%s", compared_with, path + prefix);
    FILE *ours = fopen(path, "r");
    FILE *theirs = fopen(other, "r");
    CHECK(ours != NULL);
    CHECK(theirs != NULL);
    do {
        byte = fgetc(ours);
        CHECK(byte == fgetc(theirs));
    } while (byte != EOF);
    (void)fclose(ours);
    (void)fclose(theirs);
    files_seen++;
    return 0;
}

static void compare_with_reference(const char *folder)
{
    compared_with = folder;
    files_seen = 0;
    CHECK(nftw(path_in(reference.path, "out"), compare_file, 8, FTW_PHYS) == 0);
    CHECK(files_seen == FILES + 1);
}

/* In the child that lived to its end: what it left is what a life without a death leaves. */
static void live_and_compare(void *context, const char *folder)
{
    live(context, folder);
    if (reference.path[0] != '\0') {
        compare_with_reference(folder);
    }
}

static void an_export_is_whole_and_the_same_bytes_after_any_death(void **state)
{
    (void)state;
    struct achieved achieved = {.signed_records = 0};
    const struct deaths deaths = {.shared = deaths_shared(sizeof(struct achieved)),
                                  .begin = begin,
                                  .live = live_and_compare,
                                  .check = check};

    const struct folder plain = folder_make();
    live(&achieved, plain.path);
    reference = plain;
    const struct disk_counts counts = deaths_everywhere(&deaths, 0);
    /* Each file is made, written, synced and renamed. */
    assert_true(counts.writes >= FILES);
    assert_true(counts.names >= 2 * FILES);
    folder_remove(&plain);
}

/* ---- refusals of the disk ---- */

/* Exports the reference's journal, to a folder that has the first of its checkpoints, on a disk
 * that refuses one call. False: there are fewer. */
static bool refuse_once(struct journal *journal, uint64_t call, int error, enum status expected,
                        unsigned *failures)
{
    const struct folder folder = folder_make();
    char out[400];
    struct export_options options = {.path = out, .size = FIRST};
    struct export_report report;
    struct published *published = NULL;
    struct verify_report verified;
    const struct verify_options verify = {.examine = NULL};

    (void)snprintf(out, sizeof(out), "%s", path_in(folder.path, "out"));
    assert_status(STATUS_OK, journal_reader_open(journal, &options.reader));
    assert_status(STATUS_OK, journal_export(&options, &report));
    options.size = 0;
    disk_watch(folder.path);
    disk_fail_at(&(struct disk_failure){.call = call, .count = 1, .error = error});
    const enum status status = journal_export(&options, &report);
    const bool has_struck = disk_heal();
    disk_unwatch();
    /* What is left over of parts that are full now is taken away last, and may stay. */
    assert_status(has_struck && status != STATUS_OK ? expected : STATUS_OK, status);
    assert_int_equal(status == STATUS_OK ? EXPORT_DONE : EXPORT_FAILED, report.finding);
    /* A whole log, of the one checkpoint or the other; then the same bytes. */
    assert_status(STATUS_OK, published_open(out, &published));
    assert_status(STATUS_OK, published_verify(published, &verify, &verified));
    assert_true(published_size(published) == SECOND ||
                (published_size(published) == FIRST && status != STATUS_OK));
    published_close(published);
    assert_status(STATUS_OK, journal_export(&options, &report));
    *failures += status != STATUS_OK ? 1 : 0;
    journal_reader_close(options.reader);
    compare_with_reference(folder.path);
    folder_remove(&folder);
    return has_struck;
}

static void a_disk_that_refuses_leaves_a_whole_log(void **state)
{
    static const struct {
        int error; /* 0: a write is cut short, and goes on */
        enum status status;
    } refusals[] = {
        {ENOSPC, STATUS_NO_SPACE}, {EIO, STATUS_IO}, {EROFS, STATUS_READ_ONLY}, {0, STATUS_OK}};
    struct journal *journal = NULL;
    struct achieved achieved = {.signed_records = 0};
    unsigned struck = 0;
    unsigned failures = 0;

    (void)state;
    const struct folder plain = folder_make();
    live(&achieved, plain.path);
    reference = plain;
    char path[400];
    const struct journal_options options = {.path = path, .read_only = true};
    (void)snprintf(path, sizeof(path), "%s", path_in(plain.path, "journal"));
    assert_status(STATUS_OK, journal_open_lmdb(&options, &journal));
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        uint64_t call = 0;
        while (refuse_once(journal, call, refusals[i].error, refusals[i].status, &failures)) {
            call++;
        }
        struck += (unsigned)call;
    }
    print_message("%u refusals, %u exports that failed\n", struck, failures);
    assert_true(failures >= 3 * 40); /* all but what is taken away last, and writes cut short */
    journal_close(journal);
    folder_remove(&plain);
    reference = (struct folder){.path = ""};
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_that_refuses_leaves_a_whole_log),
        cmocka_unit_test(an_export_is_whole_and_the_same_bytes_after_any_death),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
