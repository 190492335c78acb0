/* SPDX-License-Identifier: Apache-2.0 */
/* Promises 1 to 3 across SIGKILL: a child commits in a loop and says what was acknowledged; it is
 * killed at a random moment; everything it acknowledged must be there, and nothing of a batch
 * without the rest of it. (Loss of power is not tried here: the kernel keeps what was written.) */
#include "tests/support/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "relay/base/digest.h"
#include "relay/base/prng.h"
#include "store/journal.h"
#include "tests/support/folder.h"

#define ROUNDS  20
#define RECORDS 3 /* of each batch, beside a row and a blob that name the batch's number */

static struct journal *open_journal(const struct folder *folder)
{
    const struct journal_options options = {.path = folder->path, .map_bytes = (size_t)1 << 16};
    struct journal *journal = NULL;

    assert_status(STATUS_OK, journal_open_lmdb(&options, &journal));
    return journal;
}

/* Everything in batch `number` (1, 2, ...) is made from it. */
static void words_of(uint64_t number, unsigned part, char ret_words[64])
{
    (void)snprintf(ret_words, 64, "batch %llu part %u", (unsigned long long)number, part);
}

static enum status commit_batch(struct journal *journal, uint64_t number, uint64_t *ret_head)
{
    char words[RECORDS + 2][64];
    struct bytes records[RECORDS];

    for (unsigned part = 0; part < RECORDS + 2; part++) {
        words_of(number, part, words[part]);
    }
    for (unsigned i = 0; i < RECORDS; i++) {
        records[i] = bytes_from_string(words[i]);
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
static _Noreturn void commit_until_killed(const struct folder *folder, int pipe_fd)
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
    char words[64];
    char state[64];
    struct bytes found;

    for (unsigned part = 0; part < RECORDS; part++) {
        words_of(number, part, words);
        assert_status(STATUS_OK,
                      journal_read_record(reader, (number - 1) * RECORDS + part + 1, &found));
        assert_true(bytes_equal(bytes_from_string(words), found));
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
static void assert_nothing_is_lost(const struct folder *folder, uint64_t acknowledged)
{
    struct journal *journal = open_journal(folder);
    struct journal_reader *reader = NULL;
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
        commit_until_killed(folder, pipe_fds[1]);
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
        assert_nothing_is_lost(&folder, acknowledged);
        before = acknowledged;
    }
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_acknowledged_is_lost_when_the_writer_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
