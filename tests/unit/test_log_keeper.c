/* SPDX-License-Identifier: Apache-2.0 */
/* relay/node/journal_log/log_keeper.h beside a signer in a process of its own: what is signed and
 * kept while a journal grows, what is said while the signer is gone, and which journals a start
 * refuses. */
#include "tests/support/unit.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/node/journal_log/log_keeper.h"
#include "relay/node/process/exit_codes.h"
#include "relay/signer/log_signer.h"
#include "store/writer.h"
#include "tests/support/folder.h"

#define KEY_LINE                                                                                   \
    "PRIVATE+KEY+relay.example/journal/1+2ae8d53a+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define RECORDS  300u
#define LARGER   400u
#define STEP_MS  20
#define STEPS    6000u /* two minutes */
#define INTERVAL UINT64_C(100000000)

struct desk {
    struct folder folder;
    struct node_log config;
    char state[300];
    pid_t signer;
};

/* ---- the signer ---- */

/* The child's whole life: it ends by SIGKILL. */
static void serve(const struct desk *desk)
{
    static struct log_signer signer;
    static struct secret seed;
    static volatile sig_atomic_t stop;
    const struct server_options options = {.socket = desk->config.socket};
    struct note_key key;
    struct log_watermark *watermark = NULL;
    struct server *server = NULL;
    sigset_t mask;

    CHECK(sigemptyset(&mask) == 0);
    CHECK(log_key_parse(bytes_from_string(KEY_LINE), &seed, &key) == STATUS_OK);
    CHECK(log_watermark_open(desk->state, bytes_from_string("key"), &watermark) == STATUS_OK);
    log_signer_init(&signer, &key, &seed, watermark);
    CHECK(server_open(&options, &server) == STATUS_OK);
    const struct server_work work = log_signer_work(&signer);
    (void)!server_run(server, &work, &stop, &mask);
}

static void start_signer(struct desk *desk)
{
    desk->signer = fork();
    assert_true(desk->signer >= 0);
    if (desk->signer == 0) {
        serve(desk);
        _exit(1);
    }
}

static void end_signer(struct desk *desk)
{
    if (desk->signer > 0) {
        assert_int_equal(0, kill(desk->signer, SIGKILL));
        assert_int_equal(desk->signer, waitpid(desk->signer, NULL, 0));
        desk->signer = 0;
    }
}

/* As after a restore of everything but the signer's folder. */
static void forget_signed(struct desk *desk)
{
    char path[320];

    end_signer(desk);
    (void)snprintf(path, sizeof(path), "%s/log.watermark", desk->state);
    assert_int_equal(0, unlink(path));
    start_signer(desk);
}

static int set_up(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    struct secret seed;

    CHECK(desk != NULL);
    desk->folder = folder_make();
    (void)snprintf(desk->state, sizeof(desk->state), "%s/state", desk->folder.path);
    (void)snprintf(desk->config.socket, sizeof(desk->config.socket), "%.90s/state/s",
                   desk->folder.path);
    CHECK(mkdir(desk->state, 0700) == 0);
    CHECK(log_key_parse(bytes_from_string(KEY_LINE), &seed, &desk->config.key) == STATUS_OK);
    desk->config.is_on = true;
    desk->config.interval.ns = INTERVAL;
    start_signer(desk);
    *state = desk;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *desk = *state;

    end_signer(desk);
    folder_remove(&desk->folder);
    free(desk);
    return 0;
}

/* ---- journals ---- */

/* Records first to last, made of `word` and their numbers. */
static void append(struct journal *journal, const char *word, uint32_t first, uint32_t last)
{
    static char texts[LARGER][64];
    static struct bytes records[LARGER];
    struct journal_batch batch = {.records = records};
    uint64_t head = 0;

    for (uint32_t i = first; i <= last; i++) {
        const int count = snprintf(texts[i - first], sizeof(texts[0]), "%s %u", word, i);
        records[batch.records_count++] = bytes_from(texts[i - first], (size_t)count);
    }
    assert_status(STATUS_OK, journal_commit(journal, &batch, &head));
}

static struct journal *journal_of(const char *word, uint32_t count)
{
    struct journal *journal = NULL;

    assert_status(STATUS_OK, journal_open_memory(&journal));
    append(journal, word, 1, count);
    return journal;
}

static int check_fresh(const struct desk *desk, const char *word, uint32_t count)
{
    struct journal *journal = journal_of(word, count);
    const int code = log_keeper_check(&desk->config, journal);

    journal_close(journal);
    return code;
}

/* As long as the signer is only starting it cannot be reached. */
static int check_when_there(const struct desk *desk, struct journal *journal)
{
    int code = EXIT_UNREACHABLE;

    for (unsigned i = 0; i < STEPS && code == EXIT_UNREACHABLE; i++) {
        code = log_keeper_check(&desk->config, journal);
        if (code == EXIT_UNREACHABLE) {
            (void)poll(NULL, 0, STEP_MS);
        }
    }
    return code;
}

/* ---- the keeper ---- */

struct keeping {
    struct journal *journal;
    struct writer *writer;
    struct log_keeper *keeper;
};

static void ignore_done(void *context, uint64_t generation, enum status status, uint64_t head)
{
    (void)context;
    (void)generation;
    (void)status;
    (void)head;
}

static void ignore_wake(void *context)
{
    (void)context;
}

static void keep(const struct desk *desk, struct keeping *keeping)
{
    const struct writer_options options = {.journal = keeping->journal, .done = ignore_done};

    assert_status(STATUS_OK, writer_open(&options, &keeping->writer));
    const struct log_keeper_options wanted = {.config = &desk->config,
                                              .journal = keeping->journal,
                                              .writer = keeping->writer,
                                              .wake = ignore_wake,
                                              .tls_ca = ""};
    assert_int_equal(EXIT_DONE, log_keeper_open(&wanted, &keeping->keeper));
}

static uint64_t size_kept(struct journal *journal)
{
    struct journal_reader *reader = NULL;
    struct bytes note;
    uint64_t size = 0;

    assert_status(STATUS_OK, journal_reader_open(journal, &reader));
    if (journal_seek_checkpoint(reader, UINT64_MAX, JOURNAL_DOWNWARDS, &size, &note) != STATUS_OK) {
        size = 0;
    }
    journal_reader_close(reader);
    return size;
}

static void wait_for_checkpoint(struct journal *journal, uint64_t size)
{
    for (unsigned i = 0; i < STEPS && size_kept(journal) < size; i++) {
        (void)poll(NULL, 0, STEP_MS);
    }
    assert_int_equal(size, size_kept(journal));
}

static void end(struct keeping *keeping)
{
    log_keeper_stop(keeping->keeper);
    keeping->writer = writer_close(keeping->writer);
    log_keeper_finish(keeping->keeper);
    keeping->keeper = log_keeper_free(keeping->keeper);
}

/* A file, because the keeper reads on its own thread. */
static struct journal *open_file(const struct desk *desk)
{
    char path[300];
    const struct journal_options options = {.path = path, .reserve_bytes = 65536};
    struct journal *journal = NULL;

    (void)snprintf(path, sizeof(path), "%s/journal", desk->folder.path);
    assert_status(STATUS_OK, journal_open_lmdb(&options, &journal));
    return journal;
}

static void an_older_or_changed_journal_is_refused(void **state)
{
    struct desk *desk = *state;
    struct keeping keeping = {.journal = open_file(desk)};

    append(keeping.journal, "record", 1, RECORDS);
    assert_int_equal(EXIT_DONE, check_when_there(desk, keeping.journal));
    keep(desk, &keeping);
    wait_for_checkpoint(keeping.journal, RECORDS);
    end(&keeping);
    assert_int_equal(EXIT_DONE, log_keeper_check(&desk->config, keeping.journal));
    journal_close(keeping.journal);
    /* The same records, and more of them, are what was signed. */
    assert_int_equal(EXIT_DONE, check_fresh(desk, "record", RECORDS));
    assert_int_equal(EXIT_DONE, check_fresh(desk, "record", LARGER));
    /* One record fewer is an older copy; others are another journal, however many. */
    assert_int_equal(EXIT_INTEGRITY, check_fresh(desk, "record", RECORDS - 1));
    assert_int_equal(EXIT_INTEGRITY, check_fresh(desk, "other", RECORDS));
    assert_int_equal(EXIT_INTEGRITY, check_fresh(desk, "other", LARGER));
}

/* A signer whose memory was lost knows nothing of the log; what is stored with the records does. */
static void a_stored_checkpoint_of_other_records_is_refused(void **state)
{
    struct desk *desk = *state;
    struct keeping keeping = {.journal = open_file(desk)};
    struct journal *journal = NULL;
    struct journal_reader *reader = NULL;
    uint8_t note_memory[JOURNAL_NOTE_BYTES_MAX];
    struct buffer note = buffer_from(note_memory, sizeof(note_memory));
    struct bytes kept;
    uint64_t size = 0;
    uint64_t head = 0;

    append(keeping.journal, "record", 1, RECORDS);
    assert_int_equal(EXIT_DONE, check_when_there(desk, keeping.journal));
    keep(desk, &keeping);
    wait_for_checkpoint(keeping.journal, RECORDS);
    end(&keeping);
    assert_status(STATUS_OK, journal_reader_open(keeping.journal, &reader));
    assert_status(STATUS_OK,
                  journal_seek_checkpoint(reader, UINT64_MAX, JOURNAL_DOWNWARDS, &size, &kept));
    assert_status(STATUS_OK, buffer_append(&note, kept));
    journal_reader_close(reader);
    journal_close(keeping.journal);
    forget_signed(desk);
    const struct journal_checkpoint checkpoint = {.size = size, .note = buffer_bytes(&note)};
    const struct journal_batch batch = {.checkpoint = &checkpoint};
    journal = journal_of("record", RECORDS);
    assert_status(STATUS_OK, journal_commit(journal, &batch, &head));
    assert_int_equal(EXIT_DONE, check_when_there(desk, journal));
    journal_close(journal);
    journal = journal_of("other", RECORDS);
    assert_status(STATUS_OK, journal_commit(journal, &batch, &head));
    assert_int_equal(EXIT_INTEGRITY, log_keeper_check(&desk->config, journal));
    journal_close(journal);
}

static void what_a_signer_does_not_sign_is_said_until_it_does(void **state)
{
    struct desk *desk = *state;
    struct keeping keeping = {.journal = open_file(desk)};
    char text[256];
    struct instant since;
    bool is_troubled = false;

    append(keeping.journal, "record", 1, 10);
    assert_int_equal(EXIT_DONE, check_when_there(desk, keeping.journal));
    end_signer(desk);
    assert_int_equal(EXIT_UNREACHABLE, log_keeper_check(&desk->config, keeping.journal));
    start_signer(desk);
    assert_int_equal(EXIT_DONE, check_when_there(desk, keeping.journal));
    keep(desk, &keeping);
    wait_for_checkpoint(keeping.journal, 10);
    end(&keeping);
    append(keeping.journal, "record", 11, 20);
    keep(desk, &keeping);
    end_signer(desk); /* whether it has signed by then or not */
    for (unsigned i = 0; i < STEPS && size_kept(keeping.journal) < 20 && !is_troubled; i++) {
        is_troubled = log_keeper_trouble(keeping.keeper, text, &since);
        (void)poll(NULL, 0, STEP_MS);
    }
    assert_true(is_troubled || size_kept(keeping.journal) == 20);
    assert_true(!is_troubled || strlen(text) > 0);
    start_signer(desk);
    wait_for_checkpoint(keeping.journal, 20);
    for (unsigned i = 0; i < STEPS && log_keeper_trouble(keeping.keeper, text, &since); i++) {
        (void)poll(NULL, 0, STEP_MS);
    }
    assert_false(log_keeper_trouble(keeping.keeper, text, &since));
    assert_int_equal(EXIT_DONE, log_keeper_fault(keeping.keeper, text));
    end(&keeping);
    journal_close(keeping.journal);
}

static void a_signer_of_another_key_is_refused(void **state)
{
    struct desk *desk = *state;
    struct journal *journal = journal_of("record", 10);

    assert_int_equal(EXIT_DONE, check_when_there(desk, journal));
    desk->config.key.public_key[0] ^= 1;
    assert_int_equal(EXIT_USAGE, log_keeper_check(&desk->config, journal));
    journal_close(journal);
}

int main(void)
{
#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_DESK(an_older_or_changed_journal_is_refused),
        WITH_DESK(a_stored_checkpoint_of_other_records_is_refused),
        WITH_DESK(what_a_signer_does_not_sign_is_said_until_it_does),
        WITH_DESK(a_signer_of_another_key_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
