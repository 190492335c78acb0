/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that are elsewhere: a stand-in for Web3Signer on this machine that checks what it is asked,
 * answers well or badly, with TLS and without; the signer's own requests through it; its child. */
#include "tests/support/unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
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

/* The public key of the secret, as Web3Signer lists it. */
static void public_key_text(const struct secret *secret, char ret_text[131])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_secp256k1);
    EC_POINT *point = EC_POINT_new(group);
    BIGNUM *number = BN_bin2bn(secret->bytes, 32, NULL);
    uint8_t bytes[65];

    assert_int_equal(1, EC_POINT_mul(group, point, number, NULL, NULL, NULL));
    assert_int_equal(65, EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, bytes,
                                            sizeof(bytes), NULL));
    memcpy(ret_text, "0x", 2);
    hex_encode(bytes_from(bytes + 1, 64), ret_text + 2);
    BN_free(number);
    EC_POINT_free(point);
    EC_GROUP_free(group);
}

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
    public_key_text(&stand_in.secret, ours);
    public_key_text(&stand_in.other, theirs);
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
    public_key_text(&stand_in.secret, key);
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
    stand_in.mood = MOOD_WITHOUT_KEY;
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

static struct signer_answer sign(struct signer *signer, const struct wire_request *request)
{
    static struct signer_answer answer;

    signer_answer(signer, request, (struct instant){.ns = UINT64_C(1700000000000000000)}, &answer);
    signer_settle(signer, &answer, 1);
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
    assert_int_equal(0, stand_in.asked);
    watermark_close(signer.watermark);
    folder_remove(&folder);
}

/* ---- TLS ---- */

struct tls_server {
    SSL_CTX *context;
    pthread_t thread;
    int listener;
    unsigned port;
};

static void *serve_tls(void *context)
{
    const struct tls_server *server = context;

    for (;;) {
        char text[4096];
        char body[512];
        char list[131];
        const int fd = accept(server->listener, NULL, NULL);
        if (fd < 0) {
            return NULL;
        }
        SSL *tls = SSL_new(server->context);
        (void)SSL_set_fd(tls, fd);
        if (SSL_accept(tls) == 1 && SSL_read(tls, text, sizeof(text)) > 0) {
            public_key_text(&stand_in.other, list);
            const int count = snprintf(
                body, sizeof(body), "HTTP/1.1 200 OK\r\nContent-Length: 134\r\n\r\n[\"%s\"]", list);
            (void)SSL_write(tls, body, count);
        }
        SSL_free(tls);
        (void)close(fd);
    }
}

/* A certificate of its own for `name`, which is also written to `path` as an authority. */
static void make_certificate(SSL_CTX *context, const char *name, const char *path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_EXTENSION *extension = NULL;
    X509_NAME *subject = X509_get_subject_name(certificate);
    FILE *file = fopen(path, "w");

    assert_int_equal(1, X509_set_version(certificate, 2));
    assert_int_equal(1, ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1));
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), -3600));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 3600));
    assert_int_equal(1, X509_set_pubkey(certificate, key));
    assert_int_equal(1, X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                                   (const uint8_t *)"keys", -1, -1, 0));
    assert_int_equal(1, X509_set_issuer_name(certificate, subject));
    extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, name);
    assert_non_null(extension);
    assert_int_equal(1, X509_add_ext(certificate, extension, -1));
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    assert_int_equal(1, SSL_CTX_use_certificate(context, certificate));
    assert_int_equal(1, SSL_CTX_use_PrivateKey(context, key));
    assert_non_null(file);
    assert_int_equal(1, PEM_write_X509(file, certificate));
    assert_int_equal(0, fclose(file));
    X509_EXTENSION_free(extension);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void open_tls(struct tls_server *server, const char *name, const char *path)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t bytes = sizeof(address);

    server->context = SSL_CTX_new(TLS_server_method());
    make_certificate(server->context, name, path);
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(0, bind(server->listener, (struct sockaddr *)&address, sizeof(address)));
    assert_int_equal(0, listen(server->listener, 8));
    assert_int_equal(0, getsockname(server->listener, (struct sockaddr *)&address, &bytes));
    server->port = ntohs(address.sin_port);
    assert_int_equal(0, pthread_create(&server->thread, NULL, serve_tls, server));
}

static void close_tls(struct tls_server *server)
{
    (void)shutdown(server->listener, SHUT_RDWR);
    assert_int_equal(0, pthread_join(server->thread, NULL));
    (void)close(server->listener);
    SSL_CTX_free(server->context);
}

/* By an authority that is named, and for the name that was asked for; else nothing is said. */
static void a_server_must_prove_its_name(void **state)
{
    static const struct {
        const char *name;
        bool knows_authority;
        enum status status;
    } servers[] = {{"IP:127.0.0.1", true, STATUS_OK},
                   {"DNS:other.example", true, STATUS_REFUSED},
                   {"IP:127.0.0.1", false, STATUS_REFUSED}};
    const struct folder folder = folder_make();
    char mine[300];
    char theirs[300];

    (void)state;
    (void)snprintf(mine, sizeof(mine), "%s/mine.pem", folder.path);
    (void)snprintf(theirs, sizeof(theirs), "%s/theirs.pem", folder.path);
    for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
        struct tls_server server;
        struct tls_server stranger;
        struct web3signer *web3signer = NULL;
        struct key_place there;
        const char *why = "";
        open_tls(&server, servers[i].name, mine);
        open_tls(&stranger, servers[i].name, theirs);
        set_place(&there, "https", server.port, "");
        assert_status(STATUS_OK, ecdsa_address(stand_in.ecdsa, &stand_in.other, &there.address));
        (void)snprintf(there.authority_file, sizeof(there.authority_file), "%s",
                       servers[i].knows_authority ? mine : theirs);
        assert_status(STATUS_OK, web3signer_open(&there, &web3signer));
        assert_status(servers[i].status, web3signer_find(web3signer, &why));
        web3signer_close(web3signer);
        close_tls(&server);
        close_tls(&stranger);
    }
    folder_remove(&folder);
}

/* ---- places and replies ---- */

static void urls_have_a_scheme_a_host_and_no_more_than_a_path(void **state)
{
    static const char *const bad[] = {"keys.example.com",  "ftp://keys.example.com",
                                      "https://",          "https://user@keys.example.com",
                                      "https://a:0",       "https://a:",
                                      "https://a:65536",   "https://a/b?c=d",
                                      "https://a/b#c",     "https://a b",
                                      "https://a\r\nX: y", "https://[::1"};
    struct https_place found;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_status(STATUS_MALFORMED, https_place_read(bad[i], &found));
    }
    assert_status(STATUS_OK, https_place_read("https://keys.example.com:9000/a/b/", &found));
    assert_true(found.has_tls);
    assert_string_equal("keys.example.com:9000", found.authority);
    assert_string_equal("9000", found.port);
    assert_string_equal("/a/b", found.path);
    assert_status(STATUS_OK, https_place_read("http://10.0.0.1", &found));
    assert_false(found.has_tls);
    assert_string_equal("10.0.0.1", found.authority);
    assert_string_equal("80", found.port);
}

static enum status read_reply(const char *text, enum http_end end, struct http_reply *ret_reply)
{
    static uint8_t memory[HTTP_REPLY_BYTES_MAX];
    struct buffer buffer = buffer_from(memory, sizeof(memory));

    assert_status(STATUS_OK, buffer_append(&buffer, bytes_from_string(text)));
    return http_reply_read(&buffer, end, ret_reply);
}

static void replies_are_read_to_their_end_and_no_further(void **state)
{
    static const char *const bad[] = {
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nmore",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
    };
    struct http_reply reply;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_status(STATUS_MALFORMED, read_reply(bad[i], HTTP_STILL_OPEN, &reply));
    }
    assert_status(STATUS_NOT_FOUND, read_reply("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcd",
                                               HTTP_STILL_OPEN, &reply));
    assert_status(STATUS_MALFORMED, read_reply("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcd",
                                               HTTP_CLOSED, &reply));
    assert_status(STATUS_OK, read_reply("HTTP/1.1 204 None\r\ncontent-length:0\r\n\r\n",
                                        HTTP_STILL_OPEN, &reply));
    assert_true(reply.stays_open);
    assert_int_equal(204, reply.code);
    assert_status(STATUS_OK, read_reply("HTTP/1.0 200\r\n\r\nto the end", HTTP_CLOSED, &reply));
    assert_false(reply.stays_open);
    assert_true(bytes_equal(reply.body, bytes_from_string("to the end")));
    assert_status(STATUS_OK, read_reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
                                        "3\r\nabc\r\nA;x\r\n0123456789\r\n0\r\n\r\n",
                                        HTTP_STILL_OPEN, &reply));
    assert_true(bytes_equal(reply.body, bytes_from_string("abc0123456789")));
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
        cmocka_unit_test_setup_teardown(a_late_answer_is_not_the_next_questions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_there_is_said_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(requests_are_signed_by_a_key_elsewhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failed_commit_asks_no_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_server_must_prove_its_name, set_up, tear_down),
        cmocka_unit_test(urls_have_a_scheme_a_host_and_no_more_than_a_path),
        cmocka_unit_test(replies_are_read_to_their_end_and_no_further),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
