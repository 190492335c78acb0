/* SPDX-License-Identifier: Apache-2.0 */
/* The signer of a journal's log: its key file, its record, what it refuses, and the real program
 * over a real socket, killed and started again. */
#include "tests/support/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/node/journal_log/log_client.h"
#include "relay/signer/file.h"
#include "relay/signer/log_config.h"
#include "relay/signer/log_signer.h"
#include "store/journal.h"
#include "tests/support/folder.h"

#define ORIGIN    "relay.example/journal/1"
#define KEY_LINE  "PRIVATE+KEY+" ORIGIN "+2ae8d53a+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define PUBLIC    ORIGIN "+2ae8d53a+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define PLACE     4096 /* of log.watermark: where the second place begins */
#define STATE_END 116

struct desk {
    struct folder folder;
    char state[300];
    struct secret seed;
    struct note_key key;
    struct log_watermark *watermark;
    struct log_signer signer;
    struct journal *journal; /* something to sign */
    struct journal_reader *reader;
};

static enum status open_watermark(struct desk *desk)
{
    return log_watermark_open(desk->state, bytes_from_string(PUBLIC), &desk->watermark);
}

static int set_up(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    struct bytes record = bytes_from_string("a record");
    uint64_t head = 0;

    desk->folder = folder_make();
    (void)snprintf(desk->state, sizeof(desk->state), "%s/state", desk->folder.path);
    assert_int_equal(0, mkdir(desk->state, 0700));
    assert_status(STATUS_OK, log_key_parse(bytes_from_string(KEY_LINE), &desk->seed, &desk->key));
    assert_status(STATUS_OK, open_watermark(desk));
    log_signer_init(&desk->signer, &desk->key, &desk->seed, desk->watermark);
    assert_status(STATUS_OK, journal_open_memory(&desk->journal));
    for (unsigned i = 0; i < 50; i++) {
        const struct journal_batch batch = {.records = &record, .records_count = 1};
        assert_status(STATUS_OK, journal_commit(desk->journal, &batch, &head));
    }
    assert_status(STATUS_OK, journal_reader_open(desk->journal, &desk->reader));
    *state = desk;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *desk = *state;

    journal_reader_close(desk->reader);
    journal_close(desk->journal);
    log_watermark_close(desk->watermark);
    folder_remove(&desk->folder);
    free(desk);
    return 0;
}

/* ---- keys ---- */

static void key_files_have_one_spelling(void **state)
{
    static const char *const bad[] = {
        "",
        "PRIVATE+KEY+",
        PUBLIC,
        KEY_LINE "A",
        KEY_LINE "\n",
        "PRIVATE+KEY+" ORIGIN "+2ae8d53b+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
        "PRIVATE+KEY+other.example+2ae8d53a+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
        "PRIVATE+KEY+" ORIGIN "+2ae8d53a+BAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
        "PRIVATE+KEY+" ORIGIN "+2AE8D53A+AQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f",
    };
    struct secret seed;
    struct note_key key;
    uint8_t memory[LOG_KEY_TEXT_BYTES_MAX];
    struct buffer text = buffer_from(memory, sizeof(memory));

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_status(STATUS_MALFORMED, log_key_parse(bytes_from_string(bad[i]), &seed, &key));
    }
    assert_status(STATUS_MALFORMED, log_key_generate(bytes_from_string("a b"), &seed, &key));
    assert_status(STATUS_OK, log_key_generate(bytes_from_string(ORIGIN), &seed, &key));
    assert_status(STATUS_OK, log_key_append(&text, &key, &seed));
    struct secret again;
    struct note_key same;
    assert_status(STATUS_OK, log_key_parse(bytes_from(text.data, text.count - 1), &again, &same));
    assert_memory_equal(seed.bytes, again.bytes, 32);
    assert_int_equal(key.id, same.id);
}

/* ---- the record ---- */

static struct log_state state_of(uint64_t size)
{
    struct log_state state = {.size = size};

    memset(state.root.bytes, (int)size, sizeof(state.root.bytes));
    return state;
}

static void reopen(struct desk *desk, enum status expected)
{
    desk->watermark = log_watermark_close(desk->watermark);
    assert_status(expected, open_watermark(desk));
}

static void flip(const struct desk *desk, off_t at)
{
    char path[400];
    uint8_t byte = 0;

    (void)snprintf(path, sizeof(path), "%s/log.watermark", desk->state);
    const int fd = open(path, O_RDWR);
    assert_int_equal(1, pread(fd, &byte, 1, at));
    byte ^= 4;
    assert_int_equal(1, pwrite(fd, &byte, 1, at));
    (void)close(fd);
}

/* Whatever byte of either place is damaged, the other one tells; when both are, nobody guesses. */
static void the_record_survives_damage_to_one_place(void **state)
{
    struct desk *desk = *state;
    struct log_watermark *second = NULL;
    const struct log_state five = state_of(5);

    assert_int_equal(0, log_watermark_state(desk->watermark).size);
    assert_status(STATUS_OK, log_watermark_advance(desk->watermark, &five));
    assert_status(STATUS_BUSY, log_watermark_open(desk->state, bytes_from_string(PUBLIC), &second));
    for (off_t at = 0; at < STATE_END; at++) {
        flip(desk, at);
        reopen(desk, STATUS_OK);
        assert_int_equal(5, log_watermark_state(desk->watermark).size);
        flip(desk, PLACE + at);
        reopen(desk, STATUS_OK);
        assert_int_equal(5, log_watermark_state(desk->watermark).size);
    }
    flip(desk, 50);
    flip(desk, PLACE + 50);
    reopen(desk, STATUS_CORRUPT);
}

/* The last write of a crash reached one place alone: it may have been released, so it counts. */
static void the_later_place_counts(void **state)
{
    struct desk *desk = *state;
    uint8_t stored[STATE_END];
    char path[400];
    const struct log_state five = state_of(5);
    const struct log_state nine = state_of(9);

    (void)snprintf(path, sizeof(path), "%s/log.watermark", desk->state);
    for (off_t place = 0; place <= PLACE; place += PLACE) {
        (void)unlink(path);
        reopen(desk, STATUS_OK);
        assert_status(STATUS_OK, log_watermark_advance(desk->watermark, &five));
        const int fd = open(path, O_RDWR);
        assert_int_equal(STATE_END, pread(fd, stored, STATE_END, 0));
        assert_status(STATUS_OK, log_watermark_advance(desk->watermark, &nine));
        assert_int_equal(STATE_END, pwrite(fd, stored, STATE_END, place));
        (void)close(fd);
        reopen(desk, STATUS_OK);
        assert_int_equal(9, log_watermark_state(desk->watermark).size);
        reopen(desk, STATUS_OK);
        assert_int_equal(9, log_watermark_state(desk->watermark).size);
    }
}

static void the_record_is_of_one_key(void **state)
{
    struct desk *desk = *state;

    desk->watermark = log_watermark_close(desk->watermark);
    assert_status(STATUS_REFUSED, log_watermark_open(desk->state, bytes_from_string("other+key"),
                                                     &desk->watermark));
    assert_status(STATUS_NOT_FOUND, log_watermark_open("/nowhere/at/all", bytes_from_string(PUBLIC),
                                                       &desk->watermark));
}

/* ---- decisions ---- */

static struct log_head head_of(const struct desk *desk, uint64_t size)
{
    const struct tree_source tree = journal_tree(desk->reader);
    struct log_head head = {.size = size};

    assert_status(STATUS_OK, tree_root(&tree, size, &head.root));
    return head;
}

static struct tree_proof proof_of(const struct desk *desk, uint64_t old_size, uint64_t size)
{
    const struct tree_source tree = journal_tree(desk->reader);
    struct tree_proof proof;

    assert_status(STATUS_OK,
                  tree_prove_growth(&tree, (struct tree_growth){old_size, size}, &proof));
    return proof;
}

static enum outcome ask(struct desk *desk, uint64_t old_size, struct log_head head,
                        const struct tree_proof *proof, uint8_t ret_signature[64])
{
    struct wire_request request = {.id = 3, .ask = WIRE_ASK_LOG_SIGN};
    struct signer_answer answer;

    request.log_sign.old_size = old_size;
    request.log_sign.size = head.size;
    request.log_sign.root = head.root;
    request.log_sign.hashes = bytes_from(proof->hashes, 32u * (size_t)proof->hashes_count);
    log_signer_answer(&desk->signer, &request, &answer);
    assert_int_equal(3, answer.reply.id);
    assert_int_equal(answer.reply.outcome == OUTCOME_OK, answer.reply.reason.count == 0);
    memcpy(ret_signature, answer.reply.log_signature, 64);
    return answer.reply.outcome;
}

static enum outcome ask_growth(struct desk *desk, uint64_t old_size, uint64_t size,
                               uint8_t ret_signature[64])
{
    const struct tree_proof proof = proof_of(desk, old_size, size);

    return ask(desk, old_size, head_of(desk, size), &proof, ret_signature);
}

static void it_signs_a_log_that_grows(void **state)
{
    struct desk *desk = *state;
    uint8_t first[64];
    uint8_t again[64];

    assert_int_equal(OUTCOME_OK, ask_growth(desk, 0, 3, first));
    assert_int_equal(OUTCOME_OK, ask_growth(desk, 3, 3, again));
    assert_memory_equal(first, again, 64);
    assert_int_equal(OUTCOME_OK, ask_growth(desk, 3, 8, again));
    assert_int_equal(OUTCOME_OK, ask_growth(desk, 8, 50, again));
    reopen(desk, STATUS_OK);
    assert_int_equal(50, log_watermark_state(desk->watermark).size);
}

static void it_never_contradicts_itself(void **state)
{
    struct desk *desk = *state;
    const struct tree_proof nothing = {.hashes_count = 0};
    uint8_t signature[64];
    static const uint8_t zeros[64];

    assert_int_equal(OUTCOME_OK, ask_growth(desk, 0, 20, signature));
    /* Smaller; the same size with another root; from another size; with a wrong proof. */
    assert_int_equal(OUTCOME_REFUSED, ask_growth(desk, 19, 19, signature));
    assert_memory_equal(zeros, signature, 64);
    struct log_head head = head_of(desk, 20);
    head.root.bytes[5] ^= 1;
    assert_int_equal(OUTCOME_REFUSED, ask(desk, 20, head, &nothing, signature));
    assert_int_equal(OUTCOME_REFUSED, ask_growth(desk, 10, 30, signature));
    assert_int_equal(OUTCOME_REFUSED, ask_growth(desk, 0, 30, signature));
    struct tree_proof proof = proof_of(desk, 20, 30);
    proof.hashes[0].bytes[0] ^= 1;
    assert_int_equal(OUTCOME_REFUSED, ask(desk, 20, head_of(desk, 30), &proof, signature));
    proof = proof_of(desk, 20, 30);
    head = head_of(desk, 30);
    head.root.bytes[0] ^= 1;
    assert_int_equal(OUTCOME_REFUSED, ask(desk, 20, head, &proof, signature));
    head = head_of(desk, 30);
    head.size = UINT64_MAX;
    assert_int_equal(OUTCOME_REFUSED, ask(desk, 20, head, &proof, signature));
    head = (struct log_head){.size = 0, .root = tree_root_empty()};
    assert_int_equal(OUTCOME_REFUSED, ask(desk, 0, head, &nothing, signature));
    assert_int_equal(20, log_watermark_state(desk->watermark).size);
    assert_int_equal(OUTCOME_OK, ask_growth(desk, 20, 30, signature));
}

static void it_signs_nothing_else(void **state)
{
    struct desk *desk = *state;
    static const enum wire_ask asks[] = {WIRE_ASK_HELLO, WIRE_ASK_TRANSACTION, WIRE_ASK_CHECKPOINT,
                                         WIRE_ASK_ANNOUNCEMENT};
    struct signer_answer answer;

    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
        const struct wire_request request = {.id = 1, .ask = asks[i]};
        log_signer_answer(&desk->signer, &request, &answer);
        assert_int_equal(OUTCOME_REFUSED, answer.reply.outcome);
    }
    const struct wire_request request = {.id = 1, .ask = WIRE_ASK_LOG_HEAD};
    log_signer_answer(&desk->signer, &request, &answer);
    assert_int_equal(WIRE_ANSWER_LOG_STATE, answer.reply.answer);
    assert_true(bytes_equal(bytes_from_string(PUBLIC), answer.reply.log_state.key));
}

/* ---- the program ---- */

static void write_text(const struct desk *desk, const char *name, const char *text)
{
    char path[400];

    (void)snprintf(path, sizeof(path), "%s/%s", desk->folder.path, name);
    (void)unlink(path);
    assert_int_equal(FILE_OK, file_write_new(path, bytes_from_string(text)));
}

static pid_t start(const struct desk *desk)
{
    char config[400];
    const pid_t pid = fork();

    (void)snprintf(config, sizeof(config), "%s/log.yaml", desk->folder.path);
    if (pid == 0) {
        const int quiet = open("/dev/null", O_WRONLY);
        (void)dup2(quiet, STDOUT_FILENO);
        (void)dup2(quiet, STDERR_FILENO);
        /* The leak checker traces its own process, which a confined one must not. */
        (void)setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
        (void)execl(SIGNER_PROGRAM, SIGNER_PROGRAM, "--log", config, (char *)NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    return pid;
}

static int end(pid_t pid, int signal_number)
{
    int status = 0;

    assert_int_equal(0, kill(pid, signal_number));
    assert_int_equal(pid, waitpid(pid, &status, 0));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void the_program_signs_and_remembers(void **state)
{
    struct desk *desk = *state;
    char socket[400];
    char reason[REASON_BYTES_MAX + 1];
    uint8_t signature[64];
    struct log_head head;

    desk->watermark = log_watermark_close(desk->watermark);
    write_text(desk, "key", KEY_LINE "\n");
    write_text(desk, "log.yaml", "socket: state/log.sock\nstate: state\nkey_file: ./key\n");
    (void)snprintf(socket, sizeof(socket), "%s/state/log.sock", desk->folder.path);
    const struct log_client client = {
        .socket = socket, .key = &desk->key, .deadline = DURATION_MS(20000)};
    for (uint64_t size = 10; size <= 40; size += 10) {
        const pid_t pid = start(desk);
        assert_status(STATUS_OK, log_client_read_head(&client, &head));
        assert_int_equal(size - 10, head.size);
        const struct tree_proof proof = proof_of(desk, head.size, size);
        struct log_request request = {.old = head, .head = head_of(desk, size), .proof = &proof};
        assert_status(STATUS_OK, log_client_sign(&client, &request, signature, reason));
        request.head.root.bytes[0] ^= 1;
        assert_status(STATUS_REFUSED, log_client_sign(&client, &request, signature, reason));
        assert_non_null(strstr(reason, "another root"));
        /* Another signer of the same folder is fenced. */
        int status = 0;
        const pid_t second = start(desk);
        assert_int_equal(second, waitpid(second, &status, 0));
        assert_int_equal(6, WEXITSTATUS(status));
        assert_int_equal(size == 40 ? 0 : 128 + SIGKILL, end(pid, size == 40 ? SIGTERM : SIGKILL));
    }
    const struct log_client hasty = {
        .socket = socket, .key = &desk->key, .deadline = DURATION_MS(50)};
    assert_status(STATUS_UNREACHABLE, log_client_read_head(&hasty, &head));
}

static void another_key_is_noticed(void **state)
{
    struct desk *desk = *state;
    struct secret seed;
    struct note_key other;
    char socket[400];
    struct log_head head;

    desk->watermark = log_watermark_close(desk->watermark);
    write_text(desk, "key", KEY_LINE "\n");
    write_text(desk, "log.yaml", "socket: state/log.sock\nstate: state\nkey_file: key\n");
    (void)snprintf(socket, sizeof(socket), "%s/state/log.sock", desk->folder.path);
    assert_status(STATUS_OK, log_key_generate(bytes_from_string(ORIGIN), &seed, &other));
    const struct log_client client = {
        .socket = socket, .key = &other, .deadline = DURATION_MS(20000)};
    const pid_t pid = start(desk);
    assert_status(STATUS_REFUSED, log_client_read_head(&client, &head));
    assert_int_equal(0, end(pid, SIGTERM));
}

static void bad_files_stop_the_start(void **state)
{
    struct desk *desk = *state;
    static const struct {
        const char *config;
        const char *key;
    } cases[] = {
        {"socket: state/log.sock\nstate: state\nkey_file: absent\n", KEY_LINE},
        {"socket: state/log.sock\nstate: state\nkey_file: key\n", PUBLIC},
        {"socket: state/log.sock\nstate: state\nkey_file: key\nkeys: []\n", KEY_LINE},
        {"socket: state/log.sock\nstate: state\nkey_file: key\nclient_uid: me\n", KEY_LINE},
        {"socket: state/log.sock\nkey_file: key\n", KEY_LINE},
    };

    desk->watermark = log_watermark_close(desk->watermark);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int status = 0;
        write_text(desk, "key", cases[i].key);
        write_text(desk, "log.yaml", cases[i].config);
        const pid_t pid = start(desk);
        assert_int_equal(pid, waitpid(pid, &status, 0));
        assert_true(WIFEXITED(status));
        assert_int_equal(2, WEXITSTATUS(status));
    }
    /* A key that others may read is no secret. */
    char path[400];
    int status = 0;
    write_text(desk, "key", KEY_LINE);
    write_text(desk, "log.yaml", cases[1].config);
    (void)snprintf(path, sizeof(path), "%s/key", desk->folder.path);
    assert_int_equal(0, chmod(path, 0644));
    const pid_t pid = start(desk);
    assert_int_equal(pid, waitpid(pid, &status, 0));
    assert_int_equal(2, WEXITSTATUS(status));
}

int main(void)
{
#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_files_have_one_spelling),
        WITH_DESK(the_record_survives_damage_to_one_place),
        WITH_DESK(the_later_place_counts),
        WITH_DESK(the_record_is_of_one_key),
        WITH_DESK(it_signs_a_log_that_grows),
        WITH_DESK(it_never_contradicts_itself),
        WITH_DESK(it_signs_nothing_else),
        WITH_DESK(the_program_signs_and_remembers),
        WITH_DESK(another_key_is_noticed),
        WITH_DESK(bad_files_stop_the_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
