/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that are elsewhere: a stand-in for Web3Signer on this machine that checks what it is asked,
 * answers well or badly; the signer's own requests through it; its child. */
#include "tests/support/unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/bn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "relay/base/digest.h"
#include "relay/base/hex.h"
#include "relay/signer/remote/key_holder.h"
#include "relay/signer/remote/web3signer.h"
#include "tests/support/folder.h"
#include "tests/support/web_server.h"
#include "tests/unit/ec_point.h"
#include "tests/unit/signer_fixture.h"

/* How the stand-in misbehaves. */
enum mood {
    MOOD_GOOD,
    MOOD_SILENT,       /* takes the question and says nothing */
    MOOD_OTHER_KEY,    /* signs with another key */
    MOOD_OTHER_DIGEST, /* signs something else */
    MOOD_HIGH_S,       /* a signature that chains refuse */
    MOOD_ZERO,         /* r and s of zero */
    MOOD_WITHOUT_KEY,  /* lists other keys alone */
    MOOD_BROKEN,       /* 500 */
    MOOD_NONSENSE,     /* 200 and no signature */
    MOOD_NOT_HTTP,     /* bytes that are no reply */
    MOOD_ENDLESS,      /* a head without end */
    MOOD_CHUNKED,      /* good, in pieces */
    MOOD_FORGETFUL,    /* closes each connection behind an answer without saying so */
};

static struct stand_in {
    _Atomic enum mood mood;
    atomic_uint asked;  /* signatures */
    atomic_uint listed; /* lists of keys */
    atomic_uint wrong;  /* questions that Web3Signer would not understand */
    struct ecdsa *ecdsa;
    struct secret secret;
    struct secret other;
    struct web_server *server;
} stand_in;

static struct address key_address;
static struct key_place place;
static struct key_holder *holder;

/* ---- the stand-in ---- */

/* r, n - s and the other v: the same signature in the upper half. */
static void raise_s(struct signature *signature)
{
    BIGNUM *order = NULL;
    BIGNUM *s = BN_bin2bn(signature->bytes + 32, 32, NULL);

    (void)BN_hex2bn(&order, "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141");
    assert_int_equal(1, BN_sub(s, order, s));
    assert_int_equal(32, BN_bn2binpad(s, signature->bytes + 32, 32));
    signature->bytes[64] = (uint8_t)(55 - signature->bytes[64]);
    BN_free(order);
    BN_free(s);
}

static void answer_list(int fd)
{
    char body[512];
    char ours[131];
    char theirs[131];

    stand_in.listed++;
    ec_point_text(&stand_in.secret, ours);
    ec_point_text(&stand_in.other, theirs);
    (void)snprintf(body, sizeof(body), "[\"%s\"%s%s%s]", theirs,
                   stand_in.mood == MOOD_WITHOUT_KEY ? "" : ",\"",
                   stand_in.mood == MOOD_WITHOUT_KEY ? "" : ours,
                   stand_in.mood == MOOD_WITHOUT_KEY ? "" : "\"");
    web_server_reply(fd, 200, body);
}

/* What Web3Signer wants: {"data":"0x..."} as JSON; it hashes the data. */
static bool read_question(const struct web_server_request *request, struct hash *ret_digest)
{
    static uint8_t data[65536];
    const size_t open = strlen("{\"data\":\"0x");
    size_t count = 0;

    if (strstr(request->headers, "Content-Type: application/json\r\n") == NULL ||
        request->body_count < open + 2 || strncmp(request->body, "{\"data\":\"0x", open) != 0 ||
        strcmp(request->body + request->body_count - 2, "\"}") != 0 ||
        hex_decode(bytes_from(request->body + open, request->body_count - open - 2), sizeof(data),
                   data, &count) != STATUS_OK) {
        return false;
    }
    *ret_digest = keccak256(bytes_from(data, count));
    return true;
}

static void answer_sign(const struct web_server_request *request)
{
    const enum mood mood = stand_in.mood;
    struct signature signature;
    struct hash digest;
    char body[140] = "0x";

    stand_in.asked++;
    if (!read_question(request, &digest)) {
        stand_in.wrong++;
        web_server_reply(request->fd, 400, "");
        return;
    }
    digest.bytes[0] ^= mood == MOOD_OTHER_DIGEST ? 1 : 0;
    assert_status(STATUS_OK, ecdsa_sign(stand_in.ecdsa,
                                        mood == MOOD_OTHER_KEY ? &stand_in.other : &stand_in.secret,
                                        &digest, &signature));
    if (mood == MOOD_HIGH_S) {
        raise_s(&signature);
    } else if (mood == MOOD_ZERO) {
        memset(signature.bytes, 0, 64);
    }
    hex_encode(bytes_from(signature.bytes, sizeof(signature.bytes)), body + 2);
    if (mood == MOOD_CHUNKED) {
        char text[400];
        const int count = snprintf(text, sizeof(text),
                                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                   "5;a=b\r\n%.5s\r\n7f\r\n%s\r\n0\r\nTrailer: x\r\n\r\n",
                                   body, body + 5);
        web_server_write(request->fd, text, (size_t)count);
        return;
    }
    web_server_reply(request->fd, 200, mood == MOOD_NONSENSE ? "signed, honestly" : body);
}

static bool handle(void *context, const struct web_server_request *request)
{
    static char endless[40000];
    char path[160];
    char key[131];

    (void)context;
    const enum mood mood = stand_in.mood;
    switch (mood) {
    case MOOD_SILENT:
        return true;
    case MOOD_BROKEN:
        web_server_reply(request->fd, 500, "sorry");
        return true;
    case MOOD_NOT_HTTP:
        web_server_write(request->fd, "220 mail.example.com ESMTP\r\n\r\n", 30);
        return true;
    case MOOD_ENDLESS:
        memset(endless, 'a', sizeof(endless));
        web_server_write(request->fd, "HTTP/1.1 200 OK\r\n", 17);
        web_server_write(request->fd, endless, sizeof(endless));
        web_server_write(request->fd, endless, sizeof(endless));
        return true;
    case MOOD_GOOD:
    case MOOD_OTHER_KEY:
    case MOOD_OTHER_DIGEST:
    case MOOD_HIGH_S:
    case MOOD_ZERO:
    case MOOD_WITHOUT_KEY:
    case MOOD_NONSENSE:
    case MOOD_CHUNKED:
    case MOOD_FORGETFUL:
        break;
    }
    ec_point_text(&stand_in.secret, key);
    (void)snprintf(path, sizeof(path), "/base/api/v1/eth1/sign/%s", key);
    if (strcmp(request->method, "GET") == 0 &&
        strcmp(request->target, "/base/api/v1/eth1/publicKeys") == 0) {
        answer_list(request->fd);
    } else if (strcmp(request->method, "POST") == 0 && strcmp(request->target, path) == 0) {
        answer_sign(request);
    } else {
        stand_in.wrong++;
        web_server_reply(request->fd, 404, "");
    }
    return stand_in.mood != MOOD_FORGETFUL;
}

/* ---- questions ---- */

static void set_place(struct key_place *to, const char *scheme, unsigned port, const char *tail)
{
    char url[128];

    *to = (struct key_place){
        .backend = KEY_AT_WEB3SIGNER, .address = key_address, .timeout = DURATION_MS(3000)};
    (void)snprintf(url, sizeof(url), "%s://127.0.0.1:%u%s", scheme, port, tail);
    assert_status(STATUS_OK, https_place_read(url, &to->place));
}

static int set_up(void **state)
{
    (void)state;
    stand_in.mood = MOOD_GOOD;
    stand_in.asked = 0;
    stand_in.listed = 0;
    stand_in.wrong = 0;
    stand_in.ecdsa = ecdsa_new();
    memset(&stand_in.secret, FIXTURE_SECRET, sizeof(stand_in.secret));
    memset(&stand_in.other, FIXTURE_VALIDATOR_SECRET, sizeof(stand_in.other));
    assert_status(STATUS_OK, ecdsa_address(stand_in.ecdsa, &stand_in.secret, &key_address));
    stand_in.server = web_server_new(handle, NULL);
    set_place(&place, "http", web_server_port(stand_in.server), "/base/");
    assert_status(STATUS_OK, key_holder_open(&place, 1, &holder));
    assert_non_null(holder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    holder = key_holder_close(holder);
    stand_in.server = web_server_free(stand_in.server);
    stand_in.ecdsa = ecdsa_free(stand_in.ecdsa);
    return 0;
}

static enum status ask(const char *text, char ret_why[KEY_WHY_BYTES])
{
    const struct bytes preimage = bytes_from_string(text);
    const struct key_question question = {.digest = keccak256(preimage), .preimage = preimage};
    struct signature signature;
    struct address found;
    const enum status status = key_holder_sign(holder, &question, &signature, ret_why);

    if (status == STATUS_OK) {
        assert_status(STATUS_OK, signature_recover(&question.digest, &signature, &found));
        assert_true(address_equal(&found, &key_address));
    }
    return status;
}

static void a_key_signs_over_http(void **state)
{
    char why[KEY_WHY_BYTES];

    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        assert_status(STATUS_OK, ask("anything", why));
    }
    assert_status(STATUS_OK, key_holder_try(holder, 0, why));
    assert_int_equal(11, stand_in.asked);
    assert_int_equal(1, stand_in.listed); /* looked up once */
    assert_int_equal(0, stand_in.wrong);
    assert_int_equal(1, web_server_connections(stand_in.server));
}

/* Whatever it says, nothing but a signature of this key over this digest comes through. */
static void what_is_no_signature_of_the_key_is_not_handed_out(void **state)
{
    static const struct {
        enum mood mood;
        enum status status;
        const char *why;
    } moods[] = {
        {MOOD_OTHER_KEY, STATUS_REFUSED,
         "what it gave is not a signature by the configured address"},
        {MOOD_OTHER_DIGEST, STATUS_REFUSED,
         "what it gave is not a signature by the configured address"},
        {MOOD_ZERO, STATUS_REFUSED, "what it gave is not a signature by the configured address"},
        {MOOD_NONSENSE, STATUS_MALFORMED, "what it answered is no signature"},
        {MOOD_NOT_HTTP, STATUS_MALFORMED, "what it answered is not HTTP"},
        {MOOD_ENDLESS, STATUS_MALFORMED, "what it answered is not HTTP"},
        {MOOD_BROKEN, STATUS_UNREACHABLE, "it has a fault of its own (5xx)"},
    };
    char why[KEY_WHY_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(moods) / sizeof(moods[0]); i++) {
        stand_in.mood = MOOD_GOOD;
        assert_status(STATUS_OK, ask("good", why));
        stand_in.mood = moods[i].mood;
        assert_status(moods[i].status, ask("bad", why));
        assert_string_equal(moods[i].why, why);
    }
    /* What chains refuse is made what they take. */
    stand_in.mood = MOOD_HIGH_S;
    assert_status(STATUS_OK, ask("high", why));
    stand_in.mood = MOOD_CHUNKED;
    assert_status(STATUS_OK, ask("in pieces", why));
}

static void a_key_that_is_not_there_is_said_so_until_it_is(void **state)
{
    char why[KEY_WHY_BYTES];

    (void)state;
    holder = key_holder_close(holder);
    stand_in.mood = MOOD_WITHOUT_KEY;
    assert_status(STATUS_OK, key_holder_open(&place, 1, &holder));
    assert_status(STATUS_NOT_FOUND, ask("early", why));
    assert_string_equal("it does not have the key of this address", why);
    assert_int_equal(0, stand_in.asked);
    stand_in.mood = MOOD_GOOD;
    assert_status(STATUS_OK, ask("late", why));
}

static void a_connection_that_was_ended_is_made_anew(void **state)
{
    char why[KEY_WHY_BYTES];

    (void)state;
    stand_in.mood = MOOD_FORGETFUL;
    for (unsigned i = 0; i < 5; i++) {
        assert_status(STATUS_OK, ask("again", why));
    }
    assert_int_equal(5, stand_in.asked);
}

static uint64_t clock_ms(void)
{
    struct timespec now;

    assert_int_equal(0, clock_gettime(CLOCK_MONOTONIC, &now));
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A question ends, and its late answer is nobody's. */
static void a_silent_server_costs_its_time_and_no_more(void **state)
{
    char why[KEY_WHY_BYTES];

    (void)state;
    holder = key_holder_close(holder);
    place.timeout = DURATION_MS(300);
    assert_status(STATUS_OK, key_holder_open(&place, 1, &holder));
    assert_status(STATUS_OK, ask("first", why));
    stand_in.mood = MOOD_SILENT;
    assert_status(STATUS_TIMEOUT, ask("lost", why));
    assert_string_equal("it did not answer in time", why);
    stand_in.mood = MOOD_GOOD;
    assert_status(STATUS_OK, ask("after it", why));
}

/* Each key has a child and a queue of its own. */
static void a_silent_key_holds_up_no_other(void **state)
{
    struct key_place places[2];
    const struct bytes preimage = bytes_from_string("anything");
    struct key_question question = {.digest = keccak256(preimage), .preimage = preimage};
    struct key_outcome outcome;
    uint64_t lost[KEY_QUESTIONS_MAX];
    uint64_t ticket = 0;
    unsigned ended_count = 0;

    (void)state;
    holder = key_holder_close(holder);
    places[1] = place;
    /* The first is silent: nobody but a listener is there. */
    uint16_t port = 0;
    const int listener = web_listen_silently(&port);
    set_place(&places[0], "http", port, "");
    places[0].timeout = DURATION_MS(300);
    assert_status(STATUS_OK, key_holder_open(places, 2, &holder));
    for (unsigned i = 0; i < KEY_QUESTIONS_MAX; i++) {
        assert_status(STATUS_OK, key_holder_ask(holder, &question, &lost[i]));
    }
    assert_status(STATUS_FULL, key_holder_ask(holder, &question, &ticket));
    question.index = 1;
    assert_status(STATUS_OK, key_holder_ask(holder, &question, &ticket));
    /* What is not durable leaves nobody. */
    assert_false(key_holder_next(holder, &outcome));
    (void)poll(NULL, 0, 50);
    assert_int_equal(0, stand_in.asked);
    key_holder_release(holder);
    const uint64_t began_ms = clock_ms();
    while (!key_holder_next(holder, &outcome)) {
        (void)poll(NULL, 0, 1);
    }
    assert_int_equal(ticket, outcome.ticket);
    assert_status(STATUS_OK, outcome.status);
    assert_true(clock_ms() - began_ms < 250);
    /* And those of the silent one end, each once and in order. */
    while (ended_count < KEY_QUESTIONS_MAX) {
        if (key_holder_next(holder, &outcome)) {
            assert_int_equal(lost[ended_count], outcome.ticket);
            assert_status(STATUS_TIMEOUT, outcome.status);
            ended_count++;
        }
        assert_true(clock_ms() - began_ms < 5000);
        (void)poll(NULL, 0, 1);
    }
    assert_int_equal(UINT64_MAX, key_holder_deadline_ns(holder));
    (void)close(listener);
}

/* What could not be made durable is never asked, and what was asked before it still is. */
static void what_is_dropped_is_never_asked(void **state)
{
    const struct bytes preimage = bytes_from_string("anything");
    const struct key_question question = {.digest = keccak256(preimage), .preimage = preimage};
    struct key_outcome outcome;
    struct key_outcome outcome_of_none;
    uint64_t kept = 0;
    uint64_t dropped = 0;

    (void)state;
    assert_status(STATUS_OK, key_holder_ask(holder, &question, &kept));
    key_holder_release(holder);
    assert_status(STATUS_OK, key_holder_ask(holder, &question, &dropped));
    /* The key is free again, and what is not released still waits. */
    while (!key_holder_next(holder, &outcome)) {
        (void)poll(NULL, 0, 1);
    }
    (void)poll(NULL, 0, 50);
    assert_false(key_holder_next(holder, &outcome_of_none));
    assert_int_equal(1, stand_in.asked);
    key_holder_drop(holder);
    assert_int_equal(kept, outcome.ticket);
    assert_status(STATUS_OK, outcome.status);
    (void)poll(NULL, 0, 100);
    assert_false(key_holder_next(holder, &outcome_of_none));
    assert_int_equal(1, stand_in.asked);
}

/* The one child that this process has. */
static pid_t child_of_holder(void)
{
    char path[64];
    char text[32] = {0};
    (void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(read(fd, text, sizeof(text) - 1) > 0);
    (void)close(fd);
    return (pid_t)strtoul(text, NULL, 10);
}

/* A child that was held up answers the question that was given up before it answers the next. */
static void a_late_answer_is_not_the_next_questions(void **state)
{
    char why[KEY_WHY_BYTES];

    (void)state;
    holder = key_holder_close(holder);
    place.timeout = DURATION_MS(100);
    assert_status(STATUS_OK, key_holder_open(&place, 1, &holder));
    assert_status(STATUS_OK, ask("first", why));
    const pid_t child = child_of_holder();
    assert_int_equal(0, kill(child, SIGSTOP));
    assert_status(STATUS_TIMEOUT, ask("given up", why));
    assert_int_equal(0, kill(child, SIGCONT));
    assert_status(STATUS_OK, ask("the next", why));
    assert_int_equal(3, stand_in.asked);
}

static void nobody_there_is_said_at_once(void **state)
{
    char why[KEY_WHY_BYTES];

    (void)state;
    holder = key_holder_close(holder);
    stand_in.server = web_server_free(stand_in.server);
    assert_status(STATUS_OK, key_holder_open(&place, 1, &holder));
    assert_status(STATUS_UNREACHABLE, ask("anybody?", why));
    assert_string_equal("it cannot be reached", why);
    stand_in.server = web_server_new(handle, NULL);
}

/* ---- the signer's own requests ---- */

/* Of one that comes later. */
static void wait_for(struct signer *signer, struct signer_answer *answer)
{
    const uint64_t id = answer->reply.id;

    for (unsigned waited_ms = 0; answer->ticket != 0; waited_ms++) {
        static struct signer_answer later;
        if (signer_next(signer, &later)) {
            assert_int_equal(answer->ticket, later.ticket);
            *answer = later;
            answer->reply.id = id;
            answer->ticket = 0;
        }
        assert_true(waited_ms < 10000);
        (void)poll(NULL, 0, 1);
    }
}

static struct signer_answer sign(struct signer *signer, const struct wire_request *request)
{
    static struct signer_answer answer;

    signer_answer(signer, request, (struct instant){.ns = UINT64_C(1700000000000000000)}, &answer);
    signer_settle(signer, &answer, 1);
    wait_for(signer, &answer);
    return answer;
}

/* A transaction, a checkpoint, an announcement: each by the key elsewhere, and durable before it
 * was asked. */
static void requests_are_signed_by_a_key_elsewhere(void **state)
{
    static struct policy policy;
    static struct fixture_transaction made;
    const struct folder folder = folder_make();
    const struct signer_key key = {.address = key_address, .chain = true, .validator = true};
    struct signer signer = {.policy = &policy, .keys = &key, .keys_count = 1, .holder = holder};
    enum watermark_age age;

    (void)state;
    fixture_policy(&policy);
    signer.ecdsa = stand_in.ecdsa;
    assert_status(STATUS_OK, watermark_open(folder.path, &signer.watermark, &age));
    fixture_process(&made, 7);
    const struct wire_request request = fixture_request(&made, LEG_PROCESS, &key_address);
    struct signer_answer answer = sign(&signer, &request);
    assert_int_equal(OUTCOME_OK, answer.reply.outcome);
    const struct hash digest = keccak256(request.transaction.transaction);
    struct address found;
    assert_status(STATUS_OK, signature_recover(&digest, &answer.reply.signature, &found));
    assert_true(address_equal(&found, &key_address));

    struct wire_request checkpoint = {.ask = WIRE_ASK_CHECKPOINT,
                                      .checkpoint = {.key = key_address,
                                                     .domain = FIXTURE_DOMAIN,
                                                     .tree_hook = fixture_address(FIXTURE_HOOK),
                                                     .checkpoint = {.root = {{9}}, .index = 3}}};
    answer = sign(&signer, &checkpoint);
    assert_int_equal(OUTCOME_OK, answer.reply.outcome);
    assert_status(STATUS_OK, checkpoint_recover(FIXTURE_DOMAIN, &checkpoint.checkpoint.tree_hook,
                                                &checkpoint.checkpoint.checkpoint,
                                                &answer.reply.signature, &found));
    assert_true(address_equal(&found, &key_address));
    /* What it signed is remembered, whoever holds the key. */
    checkpoint.checkpoint.checkpoint.root.bytes[0] = 8;
    const unsigned asked = stand_in.asked;
    answer = sign(&signer, &checkpoint);
    assert_int_equal(OUTCOME_REFUSED, answer.reply.outcome);
    assert_int_equal(asked, stand_in.asked);
    /* One that says nothing is unknown, and what was claimed for it stays claimed. */
    stand_in.mood = MOOD_BROKEN;
    checkpoint.checkpoint.checkpoint.index = 4;
    answer = sign(&signer, &checkpoint);
    assert_int_equal(OUTCOME_UNKNOWN, answer.reply.outcome);
    assert_status(STATUS_OK, signer.ended);
    stand_in.mood = MOOD_GOOD;
    checkpoint.checkpoint.checkpoint.root.bytes[0] = 7;
    answer = sign(&signer, &checkpoint);
    assert_int_equal(OUTCOME_REFUSED, answer.reply.outcome);
    checkpoint.checkpoint.checkpoint.root.bytes[0] = 8;
    answer = sign(&signer, &checkpoint);
    assert_int_equal(OUTCOME_OK, answer.reply.outcome);
    assert_int_equal(0, stand_in.wrong);
    watermark_close(signer.watermark);
    folder_remove(&folder);
}

/* The record could not be kept: the key is not asked, and what the batch signed before is not said.
 */
static void a_failed_commit_asks_no_key(void **state)
{
    static struct policy policy;
    static struct fixture_transaction made[2];
    static struct signer_answer answers[2];
    const struct folder folder = folder_make();
    struct signer_key keys[2] = {{.secret = &stand_in.other, .chain = true},
                                 {.address = key_address, .chain = true}};
    struct signer signer = {.policy = &policy, .keys = keys, .keys_count = 2, .holder = holder};
    const struct instant now = {.ns = UINT64_C(1700000000000000000)};
    enum watermark_age age;

    (void)state;
    fixture_policy(&policy);
    assert_status(STATUS_OK, ecdsa_address(stand_in.ecdsa, &stand_in.other, &keys[0].address));
    signer.ecdsa = stand_in.ecdsa;
    assert_status(STATUS_OK, watermark_open(folder.path, &signer.watermark, &age));
    for (size_t i = 0; i < 2; i++) {
        fixture_process(&made[i], 7);
        const struct wire_request request =
            fixture_request(&made[i], LEG_PROCESS, &keys[i].address);
        if (i == 1) {
            fixture_break_watermark();
        }
        signer_answer(&signer, &request, now, &answers[i]);
    }
    signer_settle(&signer, answers, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(OUTCOME_UNKNOWN, answers[i].reply.outcome);
        assert_int_equal(WIRE_ANSWER_NONE, answers[i].reply.answer);
    }
    (void)poll(NULL, 0, 100); /* a question would be there by now */
    assert_int_equal(0, stand_in.asked);
    watermark_close(signer.watermark);
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_key_signs_over_http, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_signature_of_the_key_is_not_handed_out, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_key_that_is_not_there_is_said_so_until_it_is, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_connection_that_was_ended_is_made_anew, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_silent_server_costs_its_time_and_no_more, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_silent_key_holds_up_no_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_dropped_is_never_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_late_answer_is_not_the_next_questions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_there_is_said_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(requests_are_signed_by_a_key_elsewhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failed_commit_asks_no_key, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
