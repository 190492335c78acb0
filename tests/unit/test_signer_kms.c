/* SPDX-License-Identifier: Apache-2.0 */
/* A key at a key service: a stand-in for AWS KMS on this machine that signs with a real key, has
 * every request's own signature judged by botocore, and answers well or badly. */
#include "tests/support/unit.h"

#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay/base/digest.h"
#include "relay/base/hex.h"
#include "relay/signer/ecdsa.h"
#include "relay/signer/remote/key_holder.h"
#include "relay/signer/remote/kms.h"
#include "store/base64.h"
#include "tests/support/folder.h"
#include "tests/support/web_server.h"
#include "tests/unit/ec_point.h"

#define REGION    "eu-central-1"
#define KEY_ID    "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
#define ACCESS_ID "AKIDEXAMPLE"
#define SECRET    "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define TOKEN     "FwoGZXIvYXdzEXAMPLE//////////wEaDKtoken+of=="

/* How the stand-in misbehaves. */
enum mood {
    MOOD_GOOD,
    MOOD_SILENT,       /* takes the question and says nothing */
    MOOD_OTHER_KEY,    /* signs with another key than the one it shows */
    MOOD_OTHER_PUBLIC, /* shows another key */
    MOOD_OTHER_CURVE,  /* shows a key of P-256 */
    MOOD_OTHER_DIGEST, /* signs something else */
    MOOD_HIGH_S,       /* a signature that chains refuse */
    MOOD_TRAILING,     /* a byte behind the DER */
    MOOD_NOT_BASE64,
    MOOD_NONSENSE,  /* 200 and no JSON */
    MOOD_OVERSIZED, /* 200 and more than any answer takes */
    MOOD_WITHOUT_KEY,
    MOOD_THROTTLES,
    MOOD_CLOSED, /* AccessDeniedException */
    MOOD_BROKEN, /* 500 */
};

/* The process that judges signatures, for one set of credentials. */
struct judge {
    pid_t pid;
    FILE *to;
    FILE *from;
};

static struct stand_in {
    _Atomic enum mood mood;
    atomic_uint signed_count;
    atomic_uint shown_count;
    atomic_uint refused_count; /* signatures of requests that are none */
    pthread_mutex_t judging;
    struct judge *judge;
    struct ecdsa *ecdsa;
    struct secret secret;
    struct secret other;
    struct web_server *server;
} stand_in;

static struct judge plain_judge;
static struct judge token_judge;
static struct folder folder;
static char credentials_path[300];
static struct address key_address;
static struct key_place place;

/* ---- who judges ---- */

static struct judge judge_start(const char *token)
{
    int to[2];
    int from[2];

    assert_int_equal(0, pipe2(to, O_CLOEXEC));
    assert_int_equal(0, pipe2(from, O_CLOEXEC));
    const struct judge judge = {
        .pid = fork(), .to = fdopen(to[1], "w"), .from = fdopen(from[0], "r")};
    assert_true(judge.pid >= 0);
    if (judge.pid == 0) {
        (void)dup2(to[0], 0);
        (void)dup2(from[1], 1);
        (void)execl(SIGV4_CHECK, "sigv4_check", "kms", REGION, ACCESS_ID, SECRET, token,
                    (char *)NULL);
        _exit(127);
    }
    (void)close(to[0]);
    (void)close(from[1]);
    return judge;
}

static void judge_stop(struct judge *judge)
{
    (void)fclose(judge->to);
    (void)fclose(judge->from);
    /* A failed test may have left a child behind that still holds the pipes. */
    (void)kill(judge->pid, SIGKILL);
    assert_int_equal(judge->pid, waitpid(judge->pid, NULL, 0));
}

static void write_hex(FILE *to, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(to, "%02x", (unsigned)(uint8_t)bytes[i]);
    }
    (void)fputc('\n', to);
}

/* Is the request signed as botocore would have signed it? */
static bool is_signed_well(const struct web_server_request *request)
{
    char line[1024] = "";

    (void)pthread_mutex_lock(&stand_in.judging);
    struct judge *judge = stand_in.judge;
    (void)fprintf(judge->to, "%s\n%s\n", request->method, request->target);
    write_hex(judge->to, request->headers, strlen(request->headers));
    write_hex(judge->to, request->body, request->body_count);
    (void)fflush(judge->to);
    if (fgets(line, sizeof(line), judge->from) == NULL) {
        (void)snprintf(line, sizeof(line), "no answer: is python3-botocore installed?");
    }
    (void)pthread_mutex_unlock(&stand_in.judging);
    if (strcmp(line, "good\n") != 0) {
        print_message("sigv4_check: %s", line);
        stand_in.refused_count++;
        return false;
    }
    return true;
}

/* ---- the stand-in ---- */

static size_t public_key_der(const struct secret *secret, const char *curve, int curve_id,
                             uint8_t ret_der[256])
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    uint8_t bytes[EC_POINT_BYTES];
    uint8_t *end = ret_der;

    ec_point_of(secret, curve_id, bytes);
    assert_int_equal(
        1, OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0));
    assert_int_equal(1, OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, bytes,
                                                         sizeof(bytes)));
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    assert_int_equal(1, EVP_PKEY_fromdata_init(context));
    assert_int_equal(1, EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters));
    const int count = i2d_PUBKEY(key, &end);
    assert_true(count > 0 && count < 256);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(context);
    return (size_t)count;
}

/* As the service writes it: s in whichever half it comes. */
static size_t signature_der(const struct signature *signature, bool has_high_s,
                            uint8_t ret_der[256])
{
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *order = NULL;
    BIGNUM *r = BN_bin2bn(signature->bytes, 32, NULL);
    BIGNUM *s = BN_bin2bn(signature->bytes + 32, 32, NULL);
    uint8_t *end = ret_der;

    (void)BN_hex2bn(&order, "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141");
    if (has_high_s) {
        assert_int_equal(1, BN_sub(s, order, s));
    }
    assert_int_equal(1, ECDSA_SIG_set0(pair, r, s));
    const int count = i2d_ECDSA_SIG(pair, &end);
    assert_true(count > 0 && count < 256);
    ECDSA_SIG_free(pair);
    BN_free(order);
    return (size_t)count;
}

static void answer_with(int fd, const char *member, const uint8_t *der, size_t count)
{
    char text[400];
    char body[700];

    assert_true(EVP_EncodeBlock((uint8_t *)text, der, (int)count) > 0);
    (void)snprintf(body, sizeof(body),
                   "{\"KeyId\":\"" KEY_ID "\",\"%s\":\"%s%s\",\"SigningAlgorithm\":"
                   "\"ECDSA_SHA_256\"}",
                   member, text, stand_in.mood == MOOD_NOT_BASE64 ? "!" : "");
    web_server_reply(fd, 200, body);
}

static void show_key(int fd)
{
    uint8_t der[256];
    const bool is_other = stand_in.mood == MOOD_OTHER_PUBLIC;
    const bool is_p256 = stand_in.mood == MOOD_OTHER_CURVE;
    const size_t count = public_key_der(is_other ? &stand_in.other : &stand_in.secret,
                                        is_p256 ? "prime256v1" : "secp256k1",
                                        is_p256 ? NID_X9_62_prime256v1 : NID_secp256k1, der);

    stand_in.shown_count++;
    answer_with(fd, "PublicKey", der, count);
}

/* The whole of what Sign is asked with, or false. */
static bool read_question(const struct web_server_request *request, struct hash *ret_digest)
{
    char message[64];
    char expected[600];
    const char *found = strstr(request->body, "\"Message\":\"");

    if (found == NULL) {
        return false;
    }
    (void)snprintf(message, sizeof(message), "%.44s", found + strlen("\"Message\":\""));
    (void)snprintf(expected, sizeof(expected),
                   "{\"KeyId\":\"" KEY_ID "\",\"Message\":\"%s\",\"MessageType\":\"DIGEST\","
                   "\"SigningAlgorithm\":\"ECDSA_SHA_256\"}",
                   message);
    return strcmp(expected, request->body) == 0 &&
           base64_decode_hash(bytes_from_string(message), ret_digest) == STATUS_OK;
}

static void sign(const struct web_server_request *request)
{
    const enum mood mood = stand_in.mood;
    struct signature signature;
    struct hash digest;
    uint8_t der[256];

    if (!read_question(request, &digest)) {
        web_server_reply(request->fd, 400, "{\"__type\":\"ValidationException\"}");
        return;
    }
    stand_in.signed_count++;
    digest.bytes[0] ^= mood == MOOD_OTHER_DIGEST ? 1 : 0;
    assert_status(STATUS_OK, ecdsa_sign(stand_in.ecdsa,
                                        mood == MOOD_OTHER_KEY ? &stand_in.other : &stand_in.secret,
                                        &digest, &signature));
    size_t count = signature_der(&signature, mood == MOOD_HIGH_S, der);
    if (mood == MOOD_TRAILING) {
        der[count++] = 0;
    }
    answer_with(request->fd, "Signature", der, count);
}

static void answer_oversized(int fd)
{
    static char body[HTTP_REPLY_BYTES_MAX + 1];

    memset(body, ' ', sizeof(body) - 1);
    web_server_reply(fd, 200, body);
}

/* True: the mood leaves the question to be answered. */
static bool answer_mood(const struct web_server_request *request)
{
    const enum mood mood = stand_in.mood;

    switch (mood) {
    case MOOD_SILENT:
        return false;
    case MOOD_NONSENSE:
        web_server_reply(request->fd, 200, "signed, honestly");
        return false;
    case MOOD_OVERSIZED:
        answer_oversized(request->fd);
        return false;
    case MOOD_WITHOUT_KEY:
        web_server_reply(request->fd, 400,
                         "{\"__type\":\"com.amazonaws.kms#NotFoundException\",\"message\":\"no\"}");
        return false;
    case MOOD_THROTTLES:
        web_server_reply(request->fd, 400, "{\"__type\":\"ThrottlingException\"}");
        return false;
    case MOOD_CLOSED:
        web_server_reply(request->fd, 400, "{\"__type\":\"AccessDeniedException\"}");
        return false;
    case MOOD_BROKEN:
        web_server_reply(request->fd, 500, "{\"__type\":\"KMSInternalException\"}");
        return false;
    case MOOD_GOOD:
    case MOOD_OTHER_KEY:
    case MOOD_OTHER_PUBLIC:
    case MOOD_OTHER_CURVE:
    case MOOD_OTHER_DIGEST:
    case MOOD_HIGH_S:
    case MOOD_TRAILING:
    case MOOD_NOT_BASE64:
        break;
    }
    return true;
}

static bool handle(void *context, const struct web_server_request *request)
{
    (void)context;
    if (!is_signed_well(request)) {
        web_server_reply(request->fd, 400, "{\"__type\":\"InvalidSignatureException\"}");
        return true;
    }
    if (strcmp(request->method, "POST") != 0 || strcmp(request->target, "/") != 0 ||
        strstr(request->headers, "Content-Type: application/x-amz-json-1.1\r\n") == NULL) {
        web_server_reply(request->fd, 400, "{\"__type\":\"UnknownOperationException\"}");
        return true;
    }
    if (!answer_mood(request)) {
        return true;
    }
    if (strstr(request->headers, "X-Amz-Target: TrentService.GetPublicKey\r\n") != NULL &&
        strcmp(request->body, "{\"KeyId\":\"" KEY_ID "\"}") == 0) {
        show_key(request->fd);
    } else if (strstr(request->headers, "X-Amz-Target: TrentService.Sign\r\n") != NULL) {
        sign(request);
    } else {
        web_server_reply(request->fd, 400, "{\"__type\":\"UnknownOperationException\"}");
    }
    return true;
}

/* ---- before and after ---- */

static void write_credentials(const char *secret, const char *token, mode_t mode)
{
    FILE *file = fopen(credentials_path, "w");

    assert_non_null(file);
    (void)fprintf(
        file, "[default]\naws_access_key_id = " ACCESS_ID "\naws_secret_access_key = %s\n", secret);
    if (token != NULL) {
        (void)fprintf(file, "aws_session_token = %s\n", token);
    }
    assert_int_equal(0, fclose(file));
    assert_int_equal(0, chmod(credentials_path, mode));
}

static int begin_judges(void **state)
{
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)pthread_mutex_init(&stand_in.judging, NULL);
    plain_judge = judge_start(NULL);
    token_judge = judge_start(TOKEN);
    return 0;
}

static int end_judges(void **state)
{
    (void)state;
    judge_stop(&plain_judge);
    judge_stop(&token_judge);
    return 0;
}

static int set_up(void **state)
{
    char url[64];

    (void)state;
    folder = folder_make();
    (void)snprintf(credentials_path, sizeof(credentials_path), "%s/credentials", folder.path);
    write_credentials(SECRET, NULL, 0600);
    stand_in.mood = MOOD_GOOD;
    stand_in.signed_count = 0;
    stand_in.shown_count = 0;
    stand_in.refused_count = 0;
    stand_in.judge = &plain_judge;
    stand_in.ecdsa = ecdsa_new();
    memset(&stand_in.secret, 0x11, sizeof(stand_in.secret));
    memset(&stand_in.other, 0x22, sizeof(stand_in.other));
    assert_status(STATUS_OK, ecdsa_address(stand_in.ecdsa, &stand_in.secret, &key_address));
    stand_in.server = web_server_new(handle, NULL);
    place = (struct key_place){.backend = KEY_AT_KMS,
                               .address = key_address,
                               .timeout = DURATION_MS(3000),
                               .kms = {.region = REGION, .key_id = KEY_ID}};
    (void)snprintf(place.kms.credentials_file, sizeof(place.kms.credentials_file), "%s",
                   credentials_path);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", web_server_port(stand_in.server));
    assert_status(STATUS_OK, https_place_read(url, &place.place));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    stand_in.server = web_server_free(stand_in.server);
    stand_in.ecdsa = ecdsa_free(stand_in.ecdsa);
    folder_remove(&folder);
    return 0;
}

/* ---- asking it ---- */

/* Of a service that was just begun. */
static enum status find_and_sign(const char *text, const char **ret_why)
{
    const struct hash digest = keccak256(bytes_from_string(text));
    uint8_t r_and_s[KEY_SIGNATURE_BYTES];
    struct signature signature;
    struct kms *kms = NULL;

    *ret_why = "";
    assert_status(STATUS_OK, kms_open(&place, &kms));
    enum status status = kms_sign(kms, &digest, r_and_s, ret_why);
    kms_close(kms);
    if (status == STATUS_OK) {
        status = signature_complete(&digest, &key_address, r_and_s, &signature);
    }
    return status;
}

static void a_service_signs_and_every_request_is_signed_as_others_do(void **state)
{
    const char *why = "";

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        assert_status(STATUS_OK, find_and_sign("anything", &why));
    }
    assert_int_equal(5, stand_in.shown_count);
    /* Credentials that expire are read anew, with their token. */
    write_credentials(SECRET, TOKEN, 0600);
    stand_in.judge = &token_judge;
    assert_status(STATUS_OK, find_and_sign("with a token", &why));
    assert_int_equal(6, stand_in.signed_count);
    assert_int_equal(0, stand_in.refused_count);
}

/* The judge judges: other credentials, another region, another key. */
static void a_request_signed_otherwise_is_not_taken(void **state)
{
    const char *why = "";

    (void)state;
    write_credentials("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEX", NULL, 0600);
    assert_status(STATUS_UNREACHABLE, find_and_sign("wrong secret", &why));
    assert_non_null(strstr(why, "does not take our signature"));
    write_credentials(SECRET, TOKEN, 0600);
    assert_status(STATUS_UNREACHABLE, find_and_sign("a token nobody gave", &why));
    write_credentials(SECRET, NULL, 0600);
    memcpy(place.kms.region, "eu-central-2", sizeof("eu-central-2"));
    assert_status(STATUS_UNREACHABLE, find_and_sign("wrong region", &why));
    assert_int_equal(3, stand_in.refused_count);
    assert_int_equal(0, stand_in.signed_count);
}

struct bad_mood {
    enum mood mood;
    enum status status;
    const char *why;
};

static void each_bad_answer_is_said_and_gives_no_signature(void **state)
{
    static const struct bad_mood moods[] = {
        {MOOD_OTHER_KEY, STATUS_REFUSED, ""},
        {MOOD_OTHER_DIGEST, STATUS_REFUSED, ""},
        {MOOD_OTHER_PUBLIC, STATUS_REFUSED, "of another address"},
        {MOOD_OTHER_CURVE, STATUS_MALFORMED, "no public key on secp256k1"},
        {MOOD_NOT_BASE64, STATUS_MALFORMED, "no public key"},
        {MOOD_TRAILING, STATUS_MALFORMED, "is no signature"},
        {MOOD_NONSENSE, STATUS_MALFORMED, "no public key"},
        {MOOD_OVERSIZED, STATUS_MALFORMED, "not HTTP"},
        {MOOD_WITHOUT_KEY, STATUS_NOT_FOUND, "does not have the key"},
        {MOOD_THROTTLES, STATUS_UNREACHABLE, "fewer questions"},
        {MOOD_CLOSED, STATUS_UNREACHABLE, "does not let us in"},
        {MOOD_BROKEN, STATUS_UNREACHABLE, "a fault of its own"},
    };
    const char *why = "";

    (void)state;
    for (size_t i = 0; i < sizeof(moods) / sizeof(moods[0]); i++) {
        stand_in.mood = moods[i].mood;
        assert_status(moods[i].status, find_and_sign("bad", &why));
        assert_non_null(strstr(why, moods[i].why));
        stand_in.mood = MOOD_GOOD;
        assert_status(STATUS_OK, find_and_sign("good", &why));
    }
    stand_in.mood = MOOD_HIGH_S;
    assert_status(STATUS_OK, find_and_sign("high", &why));
    assert_int_equal(0, stand_in.refused_count);
}

static void silence_is_a_time_out(void **state)
{
    const char *why = "";

    (void)state;
    place.timeout = DURATION_MS(200);
    stand_in.mood = MOOD_SILENT;
    assert_status(STATUS_TIMEOUT, find_and_sign("lost", &why));
    assert_string_equal("it did not answer in time", why);
}

static void credentials_that_others_can_read_are_not_used(void **state)
{
    const char *why = "";

    (void)state;
    write_credentials(SECRET, NULL, 0640);
    assert_status(STATUS_UNREACHABLE, find_and_sign("exposed", &why));
    assert_non_null(strstr(why, "chmod 600"));
    assert_int_equal(FILE_EXPOSED, file_check_secret(credentials_path));
    assert_int_equal(0, truncate(credentials_path, 0));
    assert_int_equal(0, chmod(credentials_path, 0600));
    assert_int_equal(FILE_EMPTY, file_check_secret(credentials_path));
    assert_status(STATUS_UNREACHABLE, find_and_sign("empty", &why));
    assert_int_equal(0, unlink(credentials_path));
    assert_int_equal(FILE_MISSING, file_check_secret(credentials_path));
    assert_status(STATUS_UNREACHABLE, find_and_sign("missing", &why));
    assert_non_null(strstr(why, "cannot be read"));
    write_credentials(SECRET, NULL, 0600);
    assert_int_equal(FILE_OK, file_check_secret(credentials_path));
    assert_int_equal(0, web_server_connections(stand_in.server));
}

/* The whole way: a confined child, credentials it reads anew, what it may say. */
static void a_child_reaches_it(void **state)
{
    struct key_holder *holder = NULL;
    char why[KEY_WHY_BYTES];

    (void)state;
    assert_status(STATUS_OK, key_holder_open(&place, 1, &holder));
    assert_status(STATUS_OK, key_holder_try(holder, 0, why));
    assert_int_equal(1, stand_in.shown_count); /* at its start */
    write_credentials(SECRET, TOKEN, 0600);
    stand_in.judge = &token_judge;
    assert_status(STATUS_OK, key_holder_try(holder, 0, why));
    stand_in.mood = MOOD_OTHER_KEY;
    assert_status(STATUS_REFUSED, key_holder_try(holder, 0, why));
    stand_in.mood = MOOD_THROTTLES;
    assert_status(STATUS_UNREACHABLE, key_holder_try(holder, 0, why));
    assert_string_equal("it wants fewer questions (throttling)", why);
    assert_int_equal(1, stand_in.shown_count);
    assert_int_equal(0, stand_in.refused_count);
    key_holder_close(holder);
}

/* ---- bytes ---- */

static void der_has_one_way_to_say_a_signature(void **state)
{
    static const char *const bad[] = {
        "",
        "30",
        "3000",
        "300602010102010100",  /* a byte behind it */
        "30060201010201",      /* cut */
        "308106020101020101",  /* a length in a longer form */
        "30070202000102 0101", /* a needless zero */
        "3006020100020101",    /* r is zero */
        "3006020101020100",    /* s is zero */
        "3006020181020101",    /* negative */
        "3006020101030101",    /* no integer */
        "3106020101020101",    /* no sequence */
        "3026022100fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141020101",
        "30260201010221 00fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
    };
    uint8_t der[128];
    uint8_t r_and_s[64];
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char digits[160];
        size_t digits_count = 0;
        for (const char *at = bad[i]; *at != '\0'; at++) {
            digits[digits_count] = *at;
            digits_count += *at == ' ' ? 0 : 1;
        }
        assert_status(STATUS_OK,
                      hex_decode(bytes_from(digits, digits_count), sizeof(der), der, &count));
        assert_status(STATUS_MALFORMED, ecdsa_read_der(bytes_from(der, count), r_and_s));
    }
    assert_status(STATUS_OK,
                  hex_decode(bytes_from_string("3006020102020103"), sizeof(der), der, &count));
    assert_status(STATUS_OK, ecdsa_read_der(bytes_from(der, count), r_and_s));
    assert_int_equal(2, r_and_s[31]);
    assert_int_equal(3, r_and_s[63]);
}

static void replies_hold_what_they_should_or_nothing(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"Signature\":1,\"PublicKey\":1}",
        "{\"Signature\":\"\",\"PublicKey\":\"\"}",
        "{\"Signature\":\"MAYCAQECAQE\",\"PublicKey\":\"MAYCAQECAQE\"}",
        "{\"Signature\":\"MAYCAQECAQE=\",\"Signature\":\"MAYCAQECAQE=\",\"PublicKey\":\"MA==\"}",
    };
    struct address address;
    uint8_t r_and_s[KEY_SIGNATURE_BYTES];
    const char *why = "";

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_status(STATUS_MALFORMED, kms_read_signature(bytes_from_string(bad[i]), r_and_s));
        assert_status(STATUS_MALFORMED, kms_read_public_key(bytes_from_string(bad[i]), &address));
    }
    assert_status(STATUS_OK, kms_read_signature(
                                 bytes_from_string("{\"Signature\":\"MAYCAQECAQE=\"}"), r_and_s));
    assert_status(STATUS_OK, kms_read_problem(200, bytes_from_string(""), &why));
    assert_status(STATUS_UNREACHABLE, kms_read_problem(400, bytes_from_string("{}"), &why));
    assert_non_null(strstr(why, "4xx"));
    assert_status(STATUS_UNREACHABLE, kms_read_problem(429, bytes_from_string(""), &why));
    assert_non_null(strstr(why, "429"));
    assert_status(
        STATUS_UNREACHABLE,
        kms_read_problem(400, bytes_from_string("{\"__type\":\"ExpiredTokenException\"}"), &why));
    assert_string_equal("the credentials have expired", why);
    assert_status(STATUS_UNREACHABLE, kms_read_problem(302, bytes_from_string(""), &why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_service_signs_and_every_request_is_signed_as_others_do,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_request_signed_otherwise_is_not_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_bad_answer_is_said_and_gives_no_signature, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(silence_is_a_time_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(credentials_that_others_can_read_are_not_used, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_child_reaches_it, set_up, tear_down),
        cmocka_unit_test(der_has_one_way_to_say_a_signature),
        cmocka_unit_test(replies_hold_what_they_should_or_nothing),
    };
    return cmocka_run_group_tests(tests, begin_judges, end_judges);
}
