/* SPDX-License-Identifier: Apache-2.0 */
/* A journal on disk: reopening, one writer, growth of the map, who may only read, full disks, other
 * formats. */
#include "tests/conformance/journal_suite.h"

#include <grp.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void what_was_committed_is_there_after_reopening(void **state)
{
    struct suite *suite = *state;

    (void)commit_record(suite->journal, "first");
    commit_change(suite->journal, put("k", "v"));
    suite->journal = journal_close(suite->journal);
    suite_open(suite);
    assert_int_equal(2, commit_record(suite->journal, "second"));
    struct journal_reader *reader = reader_of(suite->journal);
    assert_record(reader, 1, "first");
    assert_record(reader, 2, "second");
    assert_row(reader, "k", "v");
    journal_reader_close(reader);
}

/* Runs `child` in another process and returns its exit code. */
static int in_another_process(int (*child)(const struct suite *suite), const struct suite *suite)
{
    int status = 0;
    const pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(child(suite));
    }
    assert_int_equal(pid, waitpid(pid, &status, 0));
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int open_for_writing(const struct suite *suite)
{
    const struct journal_options options = options_of(suite);
    struct journal *second = NULL;
    const enum status status = journal_open_lmdb(&options, &second);

    journal_close(second);
    return (int)status;
}

static void a_second_writer_is_busy(void **state)
{
    struct suite *suite = *state;

    assert_int_equal(STATUS_BUSY, open_for_writing(suite));
    assert_int_equal(STATUS_BUSY, in_another_process(open_for_writing, suite));
    assert_int_equal(getpid(), journal_writer_pid(suite->path));
    assert_int_equal(1, commit_record(suite->journal, "still mine"));
    suite->journal = journal_close(suite->journal);
    assert_int_equal(0, journal_writer_pid(suite->path));
    assert_int_equal(STATUS_OK, in_another_process(open_for_writing, suite));
    suite_open(suite);
}

static void the_map_grows_without_losing_the_batch_under_live_readers(void **state)
{
    struct suite *suite = *state;
    uint8_t *large = malloc(60000);
    struct journal_usage before;
    struct journal_usage after;
    struct bytes found;

    memset(large, 7, 60000);
    (void)commit_record(suite->journal, "first");
    commit_change(suite->journal, put("k", "v"));
    struct journal_reader *reader = reader_of(suite->journal);
    struct journal_reader *idle = reader_of(suite->journal);
    assert_record(reader, 1, "first");
    assert_status(STATUS_OK, journal_usage(suite->journal, &before));
    for (uint64_t i = 2; i <= 200; i++) {
        const struct bytes record = bytes_from(large, 60000);
        assert_int_equal(i, commit(suite->journal, &(struct journal_batch){.records = &record,
                                                                           .records_count = 1}));
        assert_row(reader, "k", "v");
        assert_record(reader, 1, "first");
    }
    assert_status(STATUS_OK, journal_usage(suite->journal, &after));
    assert_true(after.bytes_mapped >= 8 * before.bytes_mapped);
    assert_status(STATUS_OK, journal_reader_refresh(idle));
    assert_int_equal(200, journal_reader_head(idle));
    for (uint64_t i = 2; i <= 200; i++) {
        assert_status(STATUS_OK, journal_read_record(idle, i, &found));
        assert_int_equal(60000, found.count);
    }
    journal_reader_close(idle);
    journal_reader_close(reader);
    free(large);
}

static void the_ceiling_is_no_space_and_the_journal_stays_usable(void **state)
{
    struct suite *suite = *state;
    struct journal_options options = options_of(suite);
    uint8_t *large = calloc(1, 60000);
    const struct bytes record = bytes_from(large, 60000);
    const struct journal_batch batch = {.records = &record, .records_count = 1};
    uint64_t head = 0;
    enum status status = STATUS_OK;

    journal_close(suite->journal);
    options.map_bytes_max = (size_t)3 << 20;
    assert_status(STATUS_OK, journal_open_lmdb(&options, &suite->journal));
    for (unsigned i = 0; i < 100 && status == STATUS_OK; i++) {
        status = journal_commit(suite->journal, &batch, &head);
    }
    assert_status(STATUS_NO_SPACE, status);
    assert_true(head > 20);
    const uint64_t held = head;
    assert_status(STATUS_NO_SPACE, journal_commit(suite->journal, &batch, &head));
    assert_int_equal(held, head);
    struct journal_reader *reader = reader_of(suite->journal);
    assert_int_equal(held, journal_reader_head(reader));
    journal_reader_close(reader);

    suite->journal = journal_close(suite->journal);
    suite_open(suite);
    assert_int_equal(held + 1, commit(suite->journal, &batch));
    free(large);
}

static int grow_a_lot(const struct suite *suite)
{
    const struct journal_options options = options_of(suite);
    struct journal *journal = NULL;
    uint8_t *large = calloc(1, 60000);
    const struct bytes record = bytes_from(large, 60000);
    uint64_t head = 0;

    if (journal_open_lmdb(&options, &journal) != STATUS_OK) {
        return 1;
    }
    for (unsigned i = 0; i < 100; i++) {
        if (journal_commit(journal, &(struct journal_batch){.records = &record, .records_count = 1},
                           &head) != STATUS_OK) {
            return 2;
        }
    }
    journal_close(journal);
    free(large);
    return 0;
}

static void a_reader_follows_a_map_that_grows_in_another_process(void **state)
{
    struct suite *suite = *state;
    struct journal_options options = options_of(suite);
    struct bytes found;

    (void)commit_record(suite->journal, "first");
    suite->journal = journal_close(suite->journal);
    options.read_only = true;
    assert_status(STATUS_OK, journal_open_lmdb(&options, &suite->journal));
    struct journal_reader *reader = reader_of(suite->journal);
    struct journal_reader *other = reader_of(suite->journal);
    assert_int_equal(0, in_another_process(grow_a_lot, suite));
    assert_int_equal(1, journal_reader_head(reader));
    assert_record(reader, 1, "first");
    assert_status(STATUS_OK, journal_reader_refresh(reader));
    assert_int_equal(101, journal_reader_head(reader));
    assert_status(STATUS_OK, journal_read_record(reader, 101, &found));
    assert_record(other, 1, "first");
    journal_reader_close(other);
    journal_reader_close(reader);
}

static void reading_needs_a_journal_and_writes_none(void **state)
{
    struct suite *suite = *state;
    struct journal_options options = options_of(suite);
    struct journal *journal = NULL;
    char path[400];
    struct stat stat_now;

    (void)snprintf(path, sizeof(path), "%s/none", suite->folder.path);
    options.path = path;
    options.read_only = true;
    assert_status(STATUS_NOT_FOUND, journal_open_lmdb(&options, &journal));
    assert_int_equal(-1, stat(path, &stat_now));
    (void)snprintf(path, sizeof(path), "%s/none/below", suite->folder.path);
    options.read_only = false;
    assert_status(STATUS_NOT_FOUND, journal_open_lmdb(&options, &journal));
    assert_null(journal);
}

static int read_first(const struct suite *suite)
{
    struct journal_options options = options_of(suite);
    struct journal *journal = NULL;
    struct journal_reader *reader = NULL;
    struct bytes record;

    options.read_only = true;
    enum status status = journal_open_lmdb(&options, &journal);
    if (status == STATUS_OK) {
        status = journal_reader_open(journal, &reader);
    }
    if (status == STATUS_OK) {
        status = journal_read_record(reader, 1, &record);
    }
    journal_reader_close(reader);
    journal_close(journal);
    return (int)status;
}

static int read_first_as_nobody(const struct suite *suite)
{
    if (setgroups(0, NULL) != 0 || setresgid(65534, 65534, 65534) != 0 ||
        setresuid(65534, 65534, 65534) != 0) {
        return 100;
    }
    return read_first(suite);
}

static void make_readable_by_all(const struct suite *suite)
{
    static const char *const files[] = {"", "/data.mdb", "/lock.mdb", "/writer.lock"};
    char path[400];

    assert_int_equal(0, chmod(suite->folder.path, 0755));
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", suite->path, files[i]);
        assert_int_equal(0, chmod(path, i == 0 ? 0755 : 0644));
    }
}

static void who_may_only_read_reads_what_nobody_writes(void **state)
{
    struct suite *suite = *state;

    if (geteuid() != 0) {
        skip(); /* only root can become somebody else */
    }
    (void)commit_record(suite->journal, "first");
    make_readable_by_all(suite);
    assert_int_equal(STATUS_OK, in_another_process(read_first, suite));
    assert_int_equal(STATUS_BUSY, in_another_process(read_first_as_nobody, suite));
    suite->journal = journal_close(suite->journal);
    assert_int_equal(STATUS_OK, in_another_process(read_first_as_nobody, suite));
    suite_open(suite);
}

static int open_unwritable(const struct suite *suite)
{
    if (setgroups(0, NULL) != 0 || setresgid(65534, 65534, 65534) != 0 ||
        setresuid(65534, 65534, 65534) != 0) {
        return 100;
    }
    return open_for_writing(suite);
}

static void who_may_only_read_cannot_write(void **state)
{
    struct suite *suite = *state;

    if (geteuid() != 0) {
        skip();
    }
    make_readable_by_all(suite);
    assert_int_equal(STATUS_READ_ONLY, in_another_process(open_unwritable, suite));
}

static void a_full_disk_loses_nothing(void **state)
{
    struct suite *suite = *state;
    uint8_t *large = calloc(1, 60000);
    const struct bytes record = bytes_from(large, 60000);
    const struct journal_batch batch = {.records = &record, .records_count = 1};
    struct rlimit limit;
    uint64_t head = 0;

    (void)commit_record(suite->journal, "first");
    assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &limit));
    const struct rlimit small = {.rlim_cur = 200000, .rlim_max = limit.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &small));
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < 10 && status == STATUS_OK; i++) {
        status = journal_commit(suite->journal, &batch, &head);
    }
    const uint64_t held = head;
    const enum status again = journal_commit(suite->journal, &batch, &head);
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &limit));
    assert_status(STATUS_NO_SPACE, status);
    assert_status(STATUS_NO_SPACE, again);
    assert_true(held >= 2);
    assert_int_equal(held + 1, commit(suite->journal, &batch));
    struct journal_reader *reader = reader_of(suite->journal);
    assert_record(reader, 1, "first");
    journal_reader_close(reader);
    free(large);
}

static void another_format_is_refused(void **state)
{
    struct suite *suite = *state;
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi meta;
    uint8_t version[4] = {0, 0, 0, 4};
    MDB_val key = {.mv_size = 6, .mv_data = (void *)"format"};
    MDB_val value = {.mv_size = 4, .mv_data = version};

    suite->journal = journal_close(suite->journal);
    assert_int_equal(0, mdb_env_create(&env));
    assert_int_equal(0, mdb_env_set_maxdbs(env, 8));
    assert_int_equal(0, mdb_env_open(env, suite->path, 0, 0600));
    assert_int_equal(0, mdb_txn_begin(env, NULL, 0, &txn));
    assert_int_equal(0, mdb_dbi_open(txn, "meta", 0, &meta));
    assert_int_equal(0, mdb_put(txn, meta, &key, &value, 0));
    assert_int_equal(0, mdb_txn_commit(txn));
    mdb_env_close(env);
    assert_int_equal(STATUS_VERSION, open_for_writing(suite));
    assert_int_equal(STATUS_VERSION, read_first(suite));
}

static void what_is_not_a_journal_is_corrupt(void **state)
{
    struct suite *suite = *state;
    char path[400];
    uint8_t garbage[8192];
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi other;

    suite->journal = journal_close(suite->journal);
    (void)snprintf(path, sizeof(path), "%s/data.mdb", suite->path);
    memset(garbage, 0x5a, sizeof(garbage));
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(sizeof(garbage), fwrite(garbage, 1, sizeof(garbage), file));
    assert_int_equal(0, fclose(file));
    assert_int_equal(STATUS_CORRUPT, open_for_writing(suite));
    assert_int_equal(STATUS_CORRUPT, read_first(suite));

    /* LMDB, but somebody else's. */
    assert_int_equal(0, unlink(path));
    assert_int_equal(0, mdb_env_create(&env));
    assert_int_equal(0, mdb_env_set_maxdbs(env, 8));
    assert_int_equal(0, mdb_env_open(env, suite->path, 0, 0600));
    assert_int_equal(0, mdb_txn_begin(env, NULL, 0, &txn));
    assert_int_equal(0, mdb_dbi_open(txn, "phone book", MDB_CREATE, &other));
    assert_int_equal(0, mdb_txn_commit(txn));
    mdb_env_close(env);
    assert_int_equal(STATUS_CORRUPT, open_for_writing(suite));
    assert_int_equal(STATUS_CORRUPT, read_first(suite));
}

static void readers_are_bounded(void **state)
{
    struct suite *suite = *state;
    struct journal_reader *readers[JOURNAL_READERS_MAX + 1] = {NULL};
    uint32_t count = 0;
    enum status status = STATUS_OK;

    while (status == STATUS_OK && count <= JOURNAL_READERS_MAX) {
        status = journal_reader_open(suite->journal, &readers[count]);
        count += status == STATUS_OK ? 1 : 0;
    }
    assert_status(STATUS_FULL, status);
    assert_int_equal(JOURNAL_READERS_MAX, count);
    assert_int_equal(1, commit_record(suite->journal, "unhindered"));
    while (count > 0) {
        journal_reader_close(readers[--count]);
    }
}

/* Reads until it is killed. */
static _Noreturn void read_until_killed(const struct suite *suite, int pipe_fd)
{
    struct journal_options options = options_of(suite);
    struct journal *journal = NULL;
    struct journal_reader *reader = NULL;

    options.read_only = true;
    if (journal_open_lmdb(&options, &journal) != STATUS_OK ||
        journal_reader_open(journal, &reader) != STATUS_OK || write(pipe_fd, "r", 1) != 1) {
        _exit(1);
    }
    for (;;) {
        (void)pause();
    }
}

/* A reader of another process in the middle of its snapshot. */
static pid_t start_reader(const struct suite *suite)
{
    int pipe_fds[2];
    char word;

    assert_int_equal(0, pipe(pipe_fds));
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        read_until_killed(suite, pipe_fds[1]);
    }
    (void)close(pipe_fds[1]);
    assert_int_equal(1, read(pipe_fds[0], &word, 1));
    (void)close(pipe_fds[0]);
    return pid;
}

static void kill_reader(pid_t pid)
{
    int status = 0;

    assert_int_equal(0, kill(pid, SIGKILL));
    assert_int_equal(pid, waitpid(pid, &status, 0));
}

/* The same row again and again: the file grows only while somebody keeps the old pages. */
static uint64_t bytes_after(struct suite *suite, unsigned commits_count)
{
    struct journal_usage usage;
    static char value[3000];

    for (unsigned i = 0; i < commits_count; i++) {
        memset(value, 'a' + (int)(i % 20), sizeof(value) - 1);
        commit_change(suite->journal, put("row", value));
    }
    assert_status(STATUS_OK, journal_usage(suite->journal, &usage));
    return usage.bytes_used;
}

/* While a snapshot lives its pages cannot be used again; the writer goes on all the same. When its
 * owner was killed, they are given back: while the writer runs, and when it starts. */
static void a_killed_reader_keeps_no_pages(void **state)
{
    struct suite *suite = *state;
    const uint64_t calm = bytes_after(suite, 300);

    assert_true(bytes_after(suite, 300) < 2 * calm);
    pid_t pid = start_reader(suite);
    const uint64_t pinned = bytes_after(suite, 300);
    assert_true(pinned > 3 * calm);
    kill_reader(pid);
    const uint64_t found = bytes_after(suite, 300); /* the writer looks now and then */
    assert_true(bytes_after(suite, 1000) == found);

    pid = start_reader(suite);
    (void)bytes_after(suite, 10);
    suite->journal = journal_close(suite->journal);
    kill_reader(pid);
    suite_open(suite);
    assert_true(bytes_after(suite, 200) == found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EVERY(what_was_committed_is_there_after_reopening, lmdb),
        EVERY(a_second_writer_is_busy, lmdb),
        EVERY(the_map_grows_without_losing_the_batch_under_live_readers, lmdb),
        EVERY(the_ceiling_is_no_space_and_the_journal_stays_usable, lmdb),
        EVERY(a_reader_follows_a_map_that_grows_in_another_process, lmdb),
        EVERY(reading_needs_a_journal_and_writes_none, lmdb),
        EVERY(who_may_only_read_reads_what_nobody_writes, lmdb),
        EVERY(who_may_only_read_cannot_write, lmdb),
        EVERY(a_full_disk_loses_nothing, lmdb),
        EVERY(another_format_is_refused, lmdb),
        EVERY(what_is_not_a_journal_is_corrupt, lmdb),
        EVERY(readers_are_bounded, lmdb),
        EVERY(a_killed_reader_keeps_no_pages, lmdb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
