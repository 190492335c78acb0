/* SPDX-License-Identifier: Apache-2.0 */
/* Promises 1 to 3 and 5 across the end of the process and of the machine.
 *
 * SIGKILL at random moments: a child commits in a loop and says what was acknowledged. Loss of
 * power at every write, sync and name: a child lives a short life on a disk that loses or tears
 * what was not synced (tests/support/disk.h), starts again, dies again while it starts, and so on.
 * After each death everything that was acknowledged must be there, nothing of a batch without the
 * rest of it, and the hash tree must be that of the records. */
#include "tests/support/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/prng.h"
#include "store/journal.h"
#include "store/verify.h"
#include "tests/support/deaths.h"
#include "tests/support/folder.h"

#define ROUNDS      20
#define RECORDS     3 /* of each batch, beside a row and a blob that name the batch's number */
#define LARGE_EVERY 3 /* batches; then its last record fills pages and, soon, the map */
#define LARGE_BYTES 20000
#define LIFE        7 /* batches of one short life */

static struct journal *open_journal(const char *folder)
{
    char path[300];
    const struct journal_options options = {
        .path = path, .map_bytes = (size_t)1 << 16, .reserve_bytes = 65536};
    struct journal *journal = NULL;

    (void)snprintf(path, sizeof(path), "%s/journal", folder);
    CHECK(journal_open_lmdb(&options, &journal) == STATUS_OK);
    return journal;
}

/* Everything in batch `number` (1, 2, ...) is made from it. */
static void words_of(uint64_t number, unsigned part, char ret_words[64])
{
    (void)snprintf(ret_words, 64, "batch %llu part %u", (unsigned long long)number, part);
}

/* The record of these words, larger when its number says so. In `memory` of LARGE_BYTES. */
static struct bytes record_of(uint64_t number, unsigned part, uint8_t *memory)
{
    char words[64];

    words_of(number, part, words);
    const size_t count = strlen(words);
    const bool is_large = part + 1 == RECORDS && number % LARGE_EVERY == 0;
    memset(memory, (int)number, LARGE_BYTES);
    memcpy(memory, words, count);
    return bytes_from(memory, is_large ? LARGE_BYTES : count);
}

static enum status commit_batch(struct journal *journal, uint64_t number, uint64_t *ret_head)
{
    static uint8_t memory[RECORDS][LARGE_BYTES];
    char words[RECORDS + 2][64];
    struct bytes records[RECORDS];

    for (unsigned part = 0; part < RECORDS + 2; part++) {
        words_of(number, part, words[part]);
    }
    for (unsigned i = 0; i < RECORDS; i++) {
        records[i] = record_of(number, i, memory[i]);
    }
    const struct journal_change changes[] = {
        {.key = bytes_from_string("last"), .value = bytes_from_string(words[RECORDS])},
        {.key = bytes_from_string(words[0]), .value = bytes_from_string(words[RECORDS])},
    };
    const struct bytes blob = bytes_from_string(words[RECORDS + 1]);
    return journal_commit(journal,
                          &(struct journal_batch){.records = records,
                                                  .records_count = RECORDS,
                                                  .changes = changes,
                                                  .changes_count = 2,
                                                  .blobs = &blob,
                                                  .blobs_count = 1},
                          ret_head);
}

/* Commits until it is killed and writes each acknowledged head to the pipe. */
static _Noreturn void commit_until_killed(const char *folder, int pipe_fd)
{
    struct journal *journal = open_journal(folder);
    struct journal_reader *reader = NULL;
    uint64_t head = 0;

    if (journal_reader_open(journal, &reader) != STATUS_OK) {
        _exit(1);
    }
    head = journal_reader_head(reader);
    for (;;) {
        if (commit_batch(journal, head / RECORDS + 1, &head) != STATUS_OK ||
            write(pipe_fd, &head, sizeof(head)) != sizeof(head)) {
            _exit(1);
        }
    }
}

static void assert_batch_is_whole(struct journal_reader *reader, uint64_t number)
{
    static uint8_t memory[LARGE_BYTES];
    char words[64];
    char state[64];
    struct bytes found;

    for (unsigned part = 0; part < RECORDS; part++) {
        assert_status(STATUS_OK,
                      journal_read_record(reader, (number - 1) * RECORDS + part + 1, &found));
        assert_true(bytes_equal(record_of(number, part, memory), found));
    }
    words_of(number, 0, words);
    words_of(number, RECORDS, state);
    assert_status(STATUS_OK, journal_read_row(reader, bytes_from_string(words), &found));
    assert_true(bytes_equal(bytes_from_string(state), found));
    words_of(number, RECORDS + 1, words);
    const struct hash digest = sha2_of(bytes_from_string(words));
    assert_status(STATUS_OK, journal_read_blob(reader, &digest, &found));
}

/* All up to the last number the row `last` names, and at least what was acknowledged. */
static void assert_nothing_is_lost(const char *folder, uint64_t acknowledged)
{
    struct journal *journal = open_journal(folder);
    struct journal_reader *reader = NULL;
    const struct verify_options options = {.examine = NULL};
    struct verify_report report;
    char state[64];
    struct bytes found;

    assert_status(STATUS_OK, journal_reader_open(journal, &reader));
    const uint64_t head = journal_reader_head(reader);
    assert_true(head >= acknowledged);
    assert_int_equal(0, head % RECORDS);
    for (uint64_t number = 1; number <= head / RECORDS; number++) {
        assert_batch_is_whole(reader, number);
    }
    assert_status(STATUS_NOT_FOUND, journal_read_record(reader, head + 1, &found));
    if (head > 0) {
        words_of(head / RECORDS, RECORDS, state);
        assert_status(STATUS_OK, journal_read_row(reader, bytes_from_string("last"), &found));
        assert_true(bytes_equal(bytes_from_string(state), found));
    }
    assert_status(STATUS_OK, journal_verify(journal, reader, &options, &report));
    assert_int_equal(head, report.records_count);
    journal_reader_close(reader);
    journal_close(journal);
}

/* Lets the child acknowledge something, then kills it a random moment later. */
static uint64_t run_and_kill(const struct folder *folder, struct prng *prng)
{
    int pipe_fds[2];
    uint64_t head = 0;
    uint64_t last = 0;
    int status = 0;

    assert_int_equal(0, pipe(pipe_fds));
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(pipe_fds[0]);
        commit_until_killed(folder->path, pipe_fds[1]);
    }
    (void)close(pipe_fds[1]);
    assert_int_equal(sizeof(head), read(pipe_fds[0], &last, sizeof(last)));
    const struct timespec wait = {.tv_nsec = (long)prng_below(prng, 20000000)};
    (void)nanosleep(&wait, NULL); /* the moment is to be random; nothing depends on its length */
    assert_int_equal(0, kill(pid, SIGKILL));
    assert_int_equal(pid, waitpid(pid, &status, 0));
    assert_true(WIFSIGNALED(status));
    while (read(pipe_fds[0], &head, sizeof(head)) == sizeof(head)) {
        last = head;
    }
    (void)close(pipe_fds[0]);
    return last;
}

static void nothing_acknowledged_is_lost_when_the_writer_is_killed(void **state)
{
    (void)state;
    const struct folder folder = folder_make();
    struct prng prng = prng_from(3);
    uint64_t before = 0;

    for (unsigned round = 0; round < ROUNDS; round++) {
        const uint64_t acknowledged = run_and_kill(&folder, &prng);
        assert_true(acknowledged > before);
        assert_nothing_is_lost(folder.path, acknowledged);
        before = acknowledged;
    }
    folder_remove(&folder);
}

/* ---- loss of power ---- */

/* The head that was acknowledged. */
static void begin(void *shared)
{
    *(uint64_t *)shared = 0;
}

/* One life: LIFE batches more than are there, under a reader that keeps old pages alive. */
static void live(void *shared, const char *folder)
{
    struct journal *journal = open_journal(folder);
    struct journal_reader *reader = NULL;
    uint64_t head = 0;

    CHECK(journal_reader_open(journal, &reader) == STATUS_OK);
    head = journal_reader_head(reader);
    for (unsigned i = 0; i < LIFE; i++) {
        if (i == LIFE / 2) {
            CHECK(journal_reader_refresh(reader) == STATUS_OK);
        }
        CHECK(commit_batch(journal, head / RECORDS + 1, &head) == STATUS_OK);
        *(uint64_t *)shared = head;
    }
    journal_reader_close(reader);
    journal_close(journal);
}

static void check(void *shared, const char *folder)
{
    assert_nothing_is_lost(folder, *(const uint64_t *)shared);
}

static void nothing_acknowledged_is_lost_when_the_power_fails_at_any_call(void **state)
{
    (void)state;
    const struct deaths deaths = {
        .shared = deaths_shared(sizeof(uint64_t)), .begin = begin, .live = live, .check = check};

    for (unsigned lives_before = 0; lives_before < 2; lives_before++) {
        const struct disk_counts counts = deaths_everywhere(&deaths, lives_before);
        /* A commit is at least a write, a sync and a write through. */
        assert_true(counts.writes >= 2 * LIFE);
        assert_true(counts.syncs >= LIFE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_acknowledged_is_lost_when_the_power_fails_at_any_call),
        cmocka_unit_test(nothing_acknowledged_is_lost_when_the_writer_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
