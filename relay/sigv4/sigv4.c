/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/sigv4/sigv4.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"

#define CANONICAL_BYTES_MAX 16384u
#define DATE_BYTES          8u

/* ---- credentials ---- */

void sigv4_credentials_wipe(struct sigv4_credentials *credentials)
{
    OPENSSL_cleanse(credentials, sizeof(*credentials));
}

static struct bytes trim(struct bytes text)
{
    while (text.count > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.count--;
    }
    while (text.count > 0 && strchr(" \t\r", text.data[text.count - 1]) != NULL) {
        text.count--;
    }
    return text;
}

static struct bytes take_line(struct bytes *rest)
{
    struct bytes line = {.data = rest->data, .count = 0};

    while (line.count < rest->count && rest->data[line.count] != '\n') {
        line.count++;
    }
    const size_t skipped = line.count + (line.count < rest->count ? 1 : 0);
    rest->data += skipped;
    rest->count -= skipped;
    return trim(line);
}

/* False: no such name, too long, or with bytes that a header cannot hold. */
static bool keep_value(struct bytes line, const char *name, char *memory, size_t capacity)
{
    const struct bytes wanted = bytes_from_string(name);

    if (!bytes_have_prefix(line, wanted)) {
        return false;
    }
    struct bytes rest = trim(bytes_from(line.data + wanted.count, line.count - wanted.count));
    if (rest.count == 0 || rest.data[0] != '=') {
        return false;
    }
    rest = trim(bytes_from(rest.data + 1, rest.count - 1));
    if (rest.count == 0 || rest.count >= capacity) {
        return false;
    }
    for (size_t i = 0; i < rest.count; i++) {
        if (rest.data[i] <= ' ' || rest.data[i] > '~') {
            return false;
        }
    }
    memcpy(memory, rest.data, rest.count);
    memory[rest.count] = '\0';
    return true;
}

static bool is_whole(const struct sigv4_credentials *credentials)
{
    return credentials->access_key_id[0] != '\0' && credentials->secret_access_key[0] != '\0';
}

/* Reads the first section, or the one called default alone. */
static bool parse_section(struct bytes text, bool only_default,
                          struct sigv4_credentials *ret_credentials)
{
    struct bytes rest = text;
    bool is_in = !only_default;

    while (rest.count > 0) {
        const struct bytes line = take_line(&rest);
        if (line.count > 0 && line.data[0] == '[') {
            if (is_whole(ret_credentials)) {
                return true;
            }
            is_in = !only_default || bytes_equal(line, bytes_from_string("[default]"));
            sigv4_credentials_wipe(ret_credentials);
        } else if (is_in) {
            (void)(keep_value(line, "aws_access_key_id", ret_credentials->access_key_id,
                              SIGV4_ID_BYTES_MAX) ||
                   keep_value(line, "aws_secret_access_key", ret_credentials->secret_access_key,
                              SIGV4_SECRET_BYTES_MAX) ||
                   keep_value(line, "aws_session_token", ret_credentials->session_token,
                              SIGV4_TOKEN_BYTES_MAX));
        }
    }
    return is_whole(ret_credentials);
}

enum status sigv4_credentials_parse(struct bytes text, struct sigv4_credentials *ret_credentials)
{
    struct sigv4_credentials found = {{0}, {0}, {0}};

    bool good = parse_section(text, true, &found);
    if (!good) {
        sigv4_credentials_wipe(&found);
        good = parse_section(text, false, &found);
    }
    if (good) {
        *ret_credentials = found;
    }
    sigv4_credentials_wipe(&found);
    return good ? STATUS_OK : STATUS_MALFORMED;
}

/* ---- signing ---- */

void sigv4_time(uint64_t time_s, char ret_text[SIGV4_TIME_BYTES])
{
    const time_t seconds = (time_t)time_s;
    struct tm parts;

    CHECK(gmtime_r(&seconds, &parts) != NULL);
    CHECK(strftime(ret_text, SIGV4_TIME_BYTES, "%Y%m%dT%H%M%SZ", &parts) == SIGV4_TIME_BYTES - 1);
}

static void sha256(struct bytes bytes, uint8_t ret_digest[32])
{
    unsigned count = 0;

    CHECK(EVP_Digest(bytes.data, bytes.count, ret_digest, &count, EVP_sha256(), NULL) == 1);
    CHECK(count == 32);
}

void sigv4_hash(struct bytes bytes, char ret_text[SIGV4_HASH_BYTES])
{
    uint8_t digest[32];

    sha256(bytes, digest);
    hex_encode(bytes_from(digest, sizeof(digest)), ret_text);
}

static void hmac(struct bytes key, struct bytes text, uint8_t ret_mac[32])
{
    unsigned count = 0;

    CHECK(HMAC(EVP_sha256(), key.data, (int)key.count, text.data, text.count, ret_mac, &count) !=
          NULL);
    CHECK(count == 32);
}

static bool add(struct buffer *buffer, const char *text)
{
    return buffer_append(buffer, bytes_from_string(text)) == STATUS_OK;
}

static bool add_names(struct buffer *buffer, const struct sigv4_request *request)
{
    bool good = true;

    for (uint32_t i = 0; i < request->headers_count && good; i++) {
        CHECK(i == 0 || strcmp(request->headers[i - 1].name, request->headers[i].name) < 0);
        good = (i == 0 || add(buffer, ";")) && add(buffer, request->headers[i].name);
    }
    return good;
}

static bool add_canonical(struct buffer *buffer, const struct sigv4_request *request)
{
    bool good = add(buffer, request->method) && add(buffer, "\n") && add(buffer, request->path) &&
                add(buffer, "\n") && add(buffer, request->query) && add(buffer, "\n");

    for (uint32_t i = 0; i < request->headers_count && good; i++) {
        good = add(buffer, request->headers[i].name) && add(buffer, ":") &&
               add(buffer, request->headers[i].value) && add(buffer, "\n");
    }
    return good && add(buffer, "\n") && add_names(buffer, request) && add(buffer, "\n") &&
           add(buffer, request->payload_hash);
}

/* The key of a day, a region and a service. */
static void derive(const struct sigv4_credentials *credentials, const struct sigv4_request *request,
                   struct bytes date, uint8_t ret_key[32])
{
    char first[SIGV4_SECRET_BYTES_MAX + 4];

    (void)snprintf(first, sizeof(first), "AWS4%s", credentials->secret_access_key);
    hmac(bytes_from_string(first), date, ret_key);
    hmac(bytes_from(ret_key, 32), bytes_from_string(request->region), ret_key);
    hmac(bytes_from(ret_key, 32), bytes_from_string(request->service), ret_key);
    hmac(bytes_from(ret_key, 32), bytes_from_string("aws4_request"), ret_key);
    OPENSSL_cleanse(first, sizeof(first));
}

enum status sigv4_authorize(const struct sigv4_credentials *credentials,
                            const struct sigv4_request *request,
                            char ret_text[SIGV4_AUTHORIZATION_BYTES])
{
    char memory[CANONICAL_BYTES_MAX];
    struct buffer canonical = buffer_from(memory, sizeof(memory));
    char names_memory[256];
    struct buffer names = buffer_from(names_memory, sizeof(names_memory) - 1);
    char time[SIGV4_TIME_BYTES];
    char hash[SIGV4_HASH_BYTES];
    char scope[256];
    char text[512];
    uint8_t key[32];
    uint8_t mac[32];
    char mac_text[SIGV4_HASH_BYTES];

    sigv4_time(request->time_s, time);
    int count = snprintf(scope, sizeof(scope), "%.8s/%s/%s/aws4_request", time, request->region,
                         request->service);
    if (!add_canonical(&canonical, request) || !add_names(&names, request) ||
        count >= (int)sizeof(scope)) {
        return STATUS_FULL;
    }
    names_memory[names.count] = '\0';
    sigv4_hash(buffer_bytes(&canonical), hash);
    count = snprintf(text, sizeof(text), "AWS4-HMAC-SHA256\n%s\n%s\n%s", time, scope, hash);
    CHECK(count > 0 && count < (int)sizeof(text));
    derive(credentials, request, bytes_from(time, DATE_BYTES), key);
    hmac(bytes_from(key, sizeof(key)), bytes_from_string(text), mac);
    OPENSSL_cleanse(key, sizeof(key));
    hex_encode(bytes_from(mac, sizeof(mac)), mac_text);
    count = snprintf(ret_text, SIGV4_AUTHORIZATION_BYTES,
                     "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
                     credentials->access_key_id, scope, names_memory, mac_text);
    return count < (int)SIGV4_AUTHORIZATION_BYTES ? STATUS_OK : STATUS_FULL;
}
