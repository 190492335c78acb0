/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/remote/kms.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/signer/ecdsa.h"
#include "relay/sigv4/sigv4.h"
#include "store/base64.h"

#define CONTENT_TYPE          "application/x-amz-json-1.1"
#define CREDENTIALS_BYTES_MAX 16384u
#define DER_BYTES_MAX         256u /* a key takes 88 bytes, a signature at most 72 */
#define POINT_BYTES           64u
#define BODY_BYTES            (KMS_KEY_ID_BYTES + 256u)
#define HEADERS_BYTES         (SIGV4_TOKEN_BYTES_MAX + SIGV4_AUTHORIZATION_BYTES + 256u)

struct kms {
    const struct key_place *place;
    struct https *https;
    bool is_found;
    char body[BODY_BYTES];
    char headers[HEADERS_BYTES];
};

enum status kms_open(const struct key_place *place, struct kms **ret_kms)
{
    const struct https_options options = {
        .place = place->place,
        .authority_file = place->authority_file[0] == '\0' ? NULL : place->authority_file,
        .timeout = place->timeout};
    struct kms *kms = calloc(1, sizeof(*kms));

    if (kms == NULL) {
        return STATUS_NO_MEMORY;
    }
    kms->place = place;
    const enum status status = https_open(&options, &kms->https);
    if (status != STATUS_OK) {
        kms_close(kms);
        return status;
    }
    *ret_kms = kms;
    return STATUS_OK;
}

struct kms *kms_close(struct kms *kms)
{
    if (kms != NULL) {
        kms->https = https_close(kms->https);
        secret_wipe(kms->headers, sizeof(kms->headers));
        free(kms);
    }
    return NULL;
}

/* ---- what replies say ---- */

/* The base64 in one member of an object. */
static enum status read_der(struct bytes json, const char *name, uint8_t ret_der[DER_BYTES_MAX],
                            size_t *ret_count)
{
    json_error_t error;
    json_t *reply = json.count == 0 ? NULL
                                    : json_loadb((const char *)json.data, json.count,
                                                 JSON_REJECT_DUPLICATES, &error);
    const char *text = json_string_value(json_object_get(reply, name));
    const bool good = text != NULL && base64_decode(bytes_from_string(text), DER_BYTES_MAX, ret_der,
                                                    ret_count) == STATUS_OK;

    json_decref(reply);
    return good ? STATUS_OK : STATUS_MALFORMED;
}

enum status kms_read_public_key(struct bytes json, struct address *ret_address)
{
    /* A SubjectPublicKeyInfo of id-ecPublicKey on secp256k1 whose point is not compressed: DER has
     * one way to say it (RFC 5480, SEC 2 section A.2). */
    static const uint8_t lead[] = {0x30, 0x56, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
                                   0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
                                   0x81, 0x04, 0x00, 0x0a, 0x03, 0x42, 0x00, 0x04};
    uint8_t der[DER_BYTES_MAX];
    size_t count = 0;

    if (read_der(json, "PublicKey", der, &count) != STATUS_OK ||
        count != sizeof(lead) + POINT_BYTES || memcmp(der, lead, sizeof(lead)) != 0) {
        return STATUS_MALFORMED;
    }
    const struct hash hash = keccak256(bytes_from(der + sizeof(lead), POINT_BYTES));
    *ret_address = address_from_evm(hash.bytes + 12);
    return STATUS_OK;
}

enum status kms_read_signature(struct bytes json, uint8_t ret_signature[KEY_SIGNATURE_BYTES])
{
    uint8_t der[DER_BYTES_MAX];
    size_t count = 0;

    if (read_der(json, "Signature", der, &count) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    return ecdsa_read_der(bytes_from(der, count), ret_signature);
}

/* One of the service's exceptions, in words. */
struct problem {
    const char *name;
    enum status status;
    const char *why;
};

static const struct problem *find_problem(const char *name)
{
    static const char closed[] = "it does not let us in: look at `credentials` and its policy";
    static const char clock[] =
        "it does not take our signature: look at `credentials`, `region` and the clock";
    static const char state[] = "the key is disabled, or not ready";
    static const char slower[] = "it wants fewer questions (throttling)";
    static const struct problem problems[] = {
        {"NotFoundException", STATUS_NOT_FOUND, "it does not have the key `key_id`"},
        {"AccessDeniedException", STATUS_UNREACHABLE, closed},
        {"UnrecognizedClientException", STATUS_UNREACHABLE, closed},
        {"ExpiredTokenException", STATUS_UNREACHABLE, "the credentials have expired"},
        {"InvalidSignatureException", STATUS_UNREACHABLE, clock},
        {"IncompleteSignatureException", STATUS_UNREACHABLE, clock},
        {"ThrottlingException", STATUS_UNREACHABLE, slower},
        {"LimitExceededException", STATUS_UNREACHABLE, slower},
        {"DisabledException", STATUS_UNREACHABLE, state},
        {"KMSInvalidStateException", STATUS_UNREACHABLE, state},
        {"KeyUnavailableException", STATUS_UNREACHABLE, state},
        {"InvalidKeyUsageException", STATUS_UNREACHABLE,
         "the key is not one of ECC_SECG_P256K1 that signs"},
    };

    for (size_t i = 0; i < sizeof(problems) / sizeof(problems[0]); i++) {
        if (strcmp(problems[i].name, name) == 0) {
            return &problems[i];
        }
    }
    return NULL;
}

enum status kms_read_problem(uint32_t code, struct bytes json, const char **ret_why)
{
    json_error_t error;
    enum status status = STATUS_UNREACHABLE;

    if (code == 200) {
        return STATUS_OK;
    }
    *ret_why = code == 429   ? "it wants fewer questions (429)"
               : code >= 500 ? "it has a fault of its own (5xx)"
                             : "it does not understand the question (4xx)";
    if (code < 400 || code >= 500 || json.count == 0) {
        return status;
    }
    json_t *reply = json_loadb((const char *)json.data, json.count, JSON_REJECT_DUPLICATES, &error);
    const char *type = json_string_value(json_object_get(reply, "__type"));
    /* "com.amazonaws.kms#NotFoundException", or without what is before the #. */
    const char *hash = type == NULL ? NULL : strrchr(type, '#');
    const struct problem *problem =
        type == NULL ? NULL : find_problem(hash == NULL ? type : hash + 1);
    if (problem != NULL) {
        *ret_why = problem->why;
        status = problem->status;
    }
    json_decref(reply);
    return status;
}

/* ---- asking ---- */

static enum status read_credentials(const struct kms *kms,
                                    struct sigv4_credentials *ret_credentials, const char **ret_why)
{
    uint8_t memory[CREDENTIALS_BYTES_MAX];
    struct buffer text = buffer_from(memory, sizeof(memory));
    enum status status = STATUS_UNREACHABLE;
    const enum file_problem problem = file_read_secret(kms->place->kms.credentials_file, &text);

    if (problem != FILE_OK) {
        *ret_why = problem == FILE_EXPOSED ? "others can read its `credentials`: chmod 600"
                                           : "its `credentials` cannot be read";
    } else if (sigv4_credentials_parse(buffer_bytes(&text), ret_credentials) != STATUS_OK) {
        *ret_why = "its `credentials` have no aws_access_key_id and aws_secret_access_key";
    } else {
        status = STATUS_OK;
    }
    secret_wipe(memory, sizeof(memory));
    return status;
}

static uint64_t clock_s(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
    return (uint64_t)now.tv_sec;
}

/* Writes the headers beside Host, which is signed, too. */
static enum status write_headers(struct kms *kms, const char *target, struct bytes body,
                                 const struct sigv4_credentials *credentials)
{
    char time[SIGV4_TIME_BYTES];
    char hash[SIGV4_HASH_BYTES];
    char authorization[SIGV4_AUTHORIZATION_BYTES];
    const bool has_token = credentials->session_token[0] != '\0';
    const struct sigv4_header with_token[] = {
        {"content-type", CONTENT_TYPE}, {"host", kms->place->place.authority},
        {"x-amz-date", time},           {"x-amz-security-token", credentials->session_token},
        {"x-amz-target", target},
    };
    const struct sigv4_header without[] = {with_token[0], with_token[1], with_token[2],
                                           with_token[4]};
    const struct sigv4_request request = {.method = "POST",
                                          .path = "/",
                                          .query = "",
                                          .region = kms->place->kms.region,
                                          .service = "kms",
                                          .headers = has_token ? with_token : without,
                                          .headers_count = has_token ? 5 : 4,
                                          .payload_hash = hash,
                                          .time_s = clock_s()};

    sigv4_time(request.time_s, time);
    sigv4_hash(body, hash);
    if (sigv4_authorize(credentials, &request, authorization) != STATUS_OK) {
        return STATUS_FULL;
    }
    const int count =
        snprintf(kms->headers, sizeof(kms->headers),
                 "Content-Type: " CONTENT_TYPE "\r\nX-Amz-Date: %s\r\nX-Amz-Target: %s\r\n"
                 "%s%s%sAuthorization: %s\r\n",
                 time, target, has_token ? "X-Amz-Security-Token: " : "",
                 credentials->session_token, has_token ? "\r\n" : "", authorization);
    return count > 0 && (size_t)count < sizeof(kms->headers) ? STATUS_OK : STATUS_FULL;
}

/* The question in `body`; what comes back is a reply with 200. */
static enum status ask(struct kms *kms, const char *target, struct http_reply *ret_reply,
                       const char **ret_why)
{
    struct sigv4_credentials credentials;
    const struct bytes body = bytes_from_string(kms->body);
    enum status status = read_credentials(kms, &credentials, ret_why);

    if (status != STATUS_OK) {
        return status;
    }
    status = write_headers(kms, target, body, &credentials);
    sigv4_credentials_wipe(&credentials);
    if (status != STATUS_OK) {
        *ret_why = "the question is too long";
        return status;
    }
    const struct https_question question = {
        .method = "POST", .path = "/", .headers = kms->headers, .body = body};
    status = https_ask(kms->https, &question, ret_reply, ret_why);
    return status == STATUS_OK ? kms_read_problem(ret_reply->code, ret_reply->body, ret_why)
                               : status;
}

enum status kms_find(struct kms *kms, const char **ret_why)
{
    struct http_reply reply;
    struct address address;

    /* The configuration lets nothing into the id that JSON would escape. */
    const int count =
        snprintf(kms->body, sizeof(kms->body), "{\"KeyId\":\"%s\"}", kms->place->kms.key_id);
    CHECK(count > 0 && (size_t)count < sizeof(kms->body));
    kms->is_found = false;
    const enum status status = ask(kms, "TrentService.GetPublicKey", &reply, ret_why);
    if (status != STATUS_OK) {
        return status;
    }
    if (kms_read_public_key(reply.body, &address) != STATUS_OK) {
        *ret_why = "what it answered is no public key on secp256k1 (ECC_SECG_P256K1)";
        return STATUS_MALFORMED;
    }
    if (!address_equal(&address, &kms->place->address)) {
        *ret_why = "its key `key_id` is of another address than the configured one";
        return STATUS_REFUSED;
    }
    kms->is_found = true;
    return STATUS_OK;
}

static enum status ask_signature(struct kms *kms, const struct hash *digest,
                                 uint8_t ret_signature[KEY_SIGNATURE_BYTES], const char **ret_why)
{
    struct http_reply reply;
    char text[BASE64_TEXT_BYTES(sizeof(digest->bytes)) + 1];
    struct buffer buffer = buffer_from(text, sizeof(text) - 1);

    enum status status = base64_append(&buffer, bytes_from(digest->bytes, sizeof(digest->bytes)));
    CHECK(status == STATUS_OK);
    text[buffer.count] = '\0';
    const int count = snprintf(kms->body, sizeof(kms->body),
                               "{\"KeyId\":\"%s\",\"Message\":\"%s\",\"MessageType\":\"DIGEST\","
                               "\"SigningAlgorithm\":\"ECDSA_SHA_256\"}",
                               kms->place->kms.key_id, text);
    CHECK(count > 0 && (size_t)count < sizeof(kms->body));
    status = ask(kms, "TrentService.Sign", &reply, ret_why);
    if (status != STATUS_OK) {
        return status;
    }
    status = kms_read_signature(reply.body, ret_signature);
    if (status != STATUS_OK) {
        *ret_why = "what it answered is no signature";
    }
    return status;
}

enum status kms_sign(struct kms *kms, const struct hash *digest,
                     uint8_t ret_signature[KEY_SIGNATURE_BYTES], const char **ret_why)
{
    enum status status = kms->is_found ? STATUS_OK : kms_find(kms, ret_why);

    if (status == STATUS_OK) {
        status = ask_signature(kms, digest, ret_signature, ret_why);
    }
    if (status == STATUS_NOT_FOUND) {
        kms->is_found = false; /* an alias may point to another key by now */
    }
    return status;
}
