/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/signer/remote/web3signer.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire.h"
#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/base/hex.h"

#define LISTED_MAX   4096u
#define POINT_BYTES  64u
#define BODY_OPEN    "{\"data\":\"0x"
#define BODY_CLOSE   "\"}"
#define BODY_BYTES   (sizeof(BODY_OPEN) + 2u * WIRE_TRANSACTION_BYTES_MAX + sizeof(BODY_CLOSE))
#define HEADERS_JSON "Content-Type: application/json\r\n"

struct web3signer {
    struct https *https;
    struct address address;
    char name[WEB3SIGNER_NAME_BYTES_MAX]; /* of the key; empty: not looked up */
    char body[BODY_BYTES];
};

enum status web3signer_open(const struct key_place *place, struct web3signer **ret_web3signer)
{
    const struct https_options options = {
        .place = place->place,
        .authority_file = place->authority_file[0] == '\0' ? NULL : place->authority_file,
        .timeout = place->timeout};
    struct web3signer *web3signer = calloc(1, sizeof(*web3signer));

    if (web3signer == NULL) {
        return STATUS_NO_MEMORY;
    }
    web3signer->address = place->address;
    const enum status status = https_open(&options, &web3signer->https);
    if (status != STATUS_OK) {
        web3signer_close(web3signer);
        return status;
    }
    *ret_web3signer = web3signer;
    return STATUS_OK;
}

struct web3signer *web3signer_close(struct web3signer *web3signer)
{
    if (web3signer != NULL) {
        web3signer->https = https_close(web3signer->https);
        free(web3signer);
    }
    return NULL;
}

/* ---- which key ---- */

/* 64 bytes in hexadecimal, with or without the byte 04 that says that they are not compressed. */
static bool read_point(const char *text, uint8_t ret_point[POINT_BYTES])
{
    const char *digits = strncmp(text, "0x", 2) == 0 ? text + 2 : text;
    size_t count = strlen(digits);
    size_t found = 0;

    if (count == 2 * (size_t)POINT_BYTES + 2 && strncmp(digits, "04", 2) == 0) {
        digits += 2;
        count -= 2;
    }
    return count == 2 * (size_t)POINT_BYTES &&
           hex_decode(bytes_from(digits, count), POINT_BYTES, ret_point, &found) == STATUS_OK &&
           found == POINT_BYTES;
}

static enum status find_key(const json_t *list, const struct address *address,
                            char ret_name[WEB3SIGNER_NAME_BYTES_MAX])
{
    uint8_t point[POINT_BYTES];

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text == NULL || strlen(text) >= WEB3SIGNER_NAME_BYTES_MAX || !read_point(text, point)) {
            return STATUS_MALFORMED;
        }
        const struct hash hash = keccak256(bytes_from(point, sizeof(point)));
        const struct address found = address_from_evm(hash.bytes + 12);
        if (address_equal(&found, address)) {
            memcpy(ret_name, text, strlen(text) + 1);
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}

enum status web3signer_read_keys(struct bytes json, const struct address *address,
                                 char ret_name[WEB3SIGNER_NAME_BYTES_MAX])
{
    json_error_t error;
    json_t *list = json.count == 0 ? NULL
                                   : json_loadb((const char *)json.data, json.count,
                                                JSON_REJECT_DUPLICATES, &error);

    const enum status status = json_is_array(list) && json_array_size(list) <= LISTED_MAX
                                   ? find_key(list, address, ret_name)
                                   : STATUS_MALFORMED;
    json_decref(list);
    return status;
}

/* What the server said besides 200, in words. */
static enum status judge_code(uint32_t code, const char **ret_why)
{
    if (code == 200) {
        return STATUS_OK;
    }
    *ret_why = code == 404                  ? "it does not have the key (404)"
               : code == 401 || code == 403 ? "it does not let us in (401 or 403)"
               : code >= 500                ? "it has a fault of its own (5xx)"
                                            : "it does not understand the question (4xx)";
    return code == 404 ? STATUS_NOT_FOUND : STATUS_UNREACHABLE;
}

enum status web3signer_find(struct web3signer *web3signer, const char **ret_why)
{
    const struct https_question question = {
        .method = "GET", .path = "/api/v1/eth1/publicKeys", .headers = ""};
    struct http_reply reply;
    enum status status = https_ask(web3signer->https, &question, &reply, ret_why);

    if (status == STATUS_OK) {
        status = judge_code(reply.code, ret_why);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = web3signer_read_keys(reply.body, &web3signer->address, web3signer->name);
    if (status != STATUS_OK) {
        web3signer->name[0] = '\0';
        *ret_why = status == STATUS_NOT_FOUND ? "it does not have the key of this address"
                                              : "what it answered is no list of public keys";
    }
    return status;
}

/* ---- signing ---- */

enum status web3signer_read_signature(struct bytes text, uint8_t ret_signature[KEY_SIGNATURE_BYTES])
{
    uint8_t signature[KEY_SIGNATURE_BYTES + 1];
    size_t found = 0;

    while (text.count > 0 &&
           (text.data[text.count - 1] == '\n' || text.data[text.count - 1] == '\r')) {
        text.count--;
    }
    if (text.count != 2 + 2 * sizeof(signature) || memcmp(text.data, "0x", 2) != 0 ||
        hex_decode(bytes_from(text.data + 2, text.count - 2), sizeof(signature), signature,
                   &found) != STATUS_OK ||
        found != sizeof(signature)) {
        return STATUS_MALFORMED;
    }
    memcpy(ret_signature, signature, KEY_SIGNATURE_BYTES);
    return STATUS_OK;
}

/* The question's body: what is to be hashed and signed. */
static struct bytes write_body(struct web3signer *web3signer, struct bytes preimage)
{
    size_t count = sizeof(BODY_OPEN) - 1;

    CHECK(preimage.count <= WIRE_TRANSACTION_BYTES_MAX);
    memcpy(web3signer->body, BODY_OPEN, count);
    hex_encode(preimage, web3signer->body + count);
    count += 2 * preimage.count;
    memcpy(web3signer->body + count, BODY_CLOSE, sizeof(BODY_CLOSE) - 1);
    return bytes_from(web3signer->body, count + sizeof(BODY_CLOSE) - 1);
}

static enum status ask_signature(struct web3signer *web3signer, struct bytes preimage,
                                 uint8_t ret_signature[KEY_SIGNATURE_BYTES], const char **ret_why)
{
    char path[sizeof("/api/v1/eth1/sign/") + WEB3SIGNER_NAME_BYTES_MAX];
    struct http_reply reply;

    (void)snprintf(path, sizeof(path), "/api/v1/eth1/sign/%s", web3signer->name);
    const struct https_question question = {.method = "POST",
                                            .path = path,
                                            .headers = HEADERS_JSON,
                                            .body = write_body(web3signer, preimage)};
    enum status status = https_ask(web3signer->https, &question, &reply, ret_why);
    if (status == STATUS_OK) {
        status = judge_code(reply.code, ret_why);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = web3signer_read_signature(reply.body, ret_signature);
    if (status != STATUS_OK) {
        *ret_why = "what it answered is no signature";
    }
    return status;
}

enum status web3signer_sign(struct web3signer *web3signer, struct bytes preimage,
                            uint8_t ret_signature[KEY_SIGNATURE_BYTES], const char **ret_why)
{
    const bool is_known = web3signer->name[0] != '\0';
    enum status status = is_known ? STATUS_OK : web3signer_find(web3signer, ret_why);

    if (status == STATUS_OK) {
        status = ask_signature(web3signer, preimage, ret_signature, ret_why);
    }
    if (status == STATUS_NOT_FOUND) {
        web3signer->name[0] = '\0'; /* keys come and go: it is looked for again */
    }
    return status;
}
