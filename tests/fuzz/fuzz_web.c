/* SPDX-License-Identifier: Apache-2.0 */
/* What comes from web servers and from strangers' announcements: replies (in pieces of any size),
 * addresses, locations of stores, checkpoints as JSON, credentials, the media types that a reader
 * takes. The first byte says which. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/node/stores/checkpoint_json.h"
#include "relay/node/stores/store_location.h"
#include "relay/node/web/http.h"
#include "relay/node/web/web_reply.h"
#include "relay/node/web/web_url.h"
#include "relay/sigv4/sigv4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count);

#define BODY_BYTES_MAX 300u

struct seen {
    enum web_reply_state state;
    unsigned status;
    size_t body_count;
    uint8_t body[BODY_BYTES_MAX];
};

static struct seen read_reply(struct bytes text, size_t piece)
{
    static struct web_reply reply;
    struct seen seen = {.state = WEB_REPLY_MORE};

    web_reply_begin(&reply, BODY_BYTES_MAX);
    for (size_t at = 0; at < text.count && reply.state == WEB_REPLY_MORE; at += piece) {
        const size_t left = text.count - at;
        (void)web_reply_take(&reply, bytes_from(text.data + at, left < piece ? left : piece));
    }
    seen.state = reply.state;
    seen.status = reply.status;
    seen.body_count = reply.body_count;
    CHECK(reply.body_count <= BODY_BYTES_MAX);
    if (reply.body_count > 0) {
        memcpy(seen.body, reply.body, reply.body_count);
    }
    web_reply_free(&reply);
    return seen;
}

/* However it is cut, it is the same reply. Bytes behind its end may come in a piece of their own,
 * which nobody reads, so a reply that ends is compared as far as that. */
static void check_reply(struct bytes text)
{
    const struct seen single = read_reply(text, 1);
    const struct seen pieces = read_reply(text, 7);

    CHECK(single.state == pieces.state ||
          (single.state == WEB_REPLY_DONE && pieces.state == WEB_REPLY_MALFORMED));
    if (single.state == pieces.state && single.state != WEB_REPLY_MALFORMED) {
        CHECK(single.status == pieces.status);
    }
    if (single.state == WEB_REPLY_DONE && pieces.state == WEB_REPLY_DONE) {
        CHECK(single.body_count == pieces.body_count);
        CHECK(memcmp(single.body, pieces.body, single.body_count) == 0);
    }
}

static void check_url(struct bytes text)
{
    char authority[WEB_AUTHORITY_BYTES_MAX];
    struct web_url url;

    if (web_url_parse(text, &url) == STATUS_OK) {
        CHECK(strlen(url.host) > 0 && url.port > 0);
        CHECK(strpbrk(url.host, "@/?# \r\n") == NULL);
        web_url_authority(&url, authority);
    }
}

/* An address made of a location is one, and of the provider's host. */
static void check_location(struct bytes text)
{
    char address[STORE_URL_BYTES_MAX];
    struct store_location location;
    struct web_url url;

    if (store_location_parse(text, &location) != STATUS_OK || location.kind == STORE_FOLDER) {
        return;
    }
    if (store_object_url(&location, "", "checkpoint_1_with_id.json", address) != STATUS_OK) {
        return;
    }
    CHECK(web_url_parse(bytes_from_string(address), &url) == STATUS_OK);
    CHECK(url.is_tls && url.port == 443);
    const char *const host =
        location.kind == STORE_S3 ? ".amazonaws.com" : "storage.googleapis.com";
    const size_t host_count = strlen(host);
    CHECK(strlen(url.host) >= host_count);
    CHECK(strcmp(url.host + strlen(url.host) - host_count, host) == 0);
    CHECK(memmem(url.target.data, url.target.count, "/../", 4) == NULL);
}

static void check_objects(struct bytes text)
{
    const struct driver_fetch fetch = {.domain = 901, .index = 7};
    struct sigv4_credentials credentials;
    struct checkpoint checkpoint;
    struct signature signature;
    uint32_t newest = 0;

    if (checkpoint_json_read(text, &fetch, &checkpoint, &signature) == STATUS_OK) {
        CHECK(checkpoint.index == 7);
    }
    (void)!checkpoint_json_newest(text, &newest);
    if (sigv4_credentials_parse(text, &credentials) == STATUS_OK) {
        CHECK(credentials.access_key_id[0] != '\0' && credentials.secret_access_key[0] != '\0');
        CHECK(strpbrk(credentials.access_key_id, "\r\n") == NULL);
    }
}

/* What is accepted was named; a list stays what it is behind another name. */
static void check_accepts(struct bytes text)
{
    static uint8_t longer[4096];
    static const char front[] = "x/y;q=0,";
    const struct http_request request = {.accept = text};
    const bool is_wanted = http_accepts(&request, "a/b");

    CHECK(!is_wanted || memmem(text.data, text.count, "/", 1) != NULL);
    if (text.count + sizeof(front) <= sizeof(longer)) {
        memcpy(longer, front, sizeof(front) - 1);
        memcpy(longer + sizeof(front) - 1, text.data, text.count);
        const struct http_request other = {.accept =
                                               bytes_from(longer, sizeof(front) - 1 + text.count)};
        CHECK(http_accepts(&other, "a/b") == is_wanted);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t count)
{
    if (count == 0) {
        return 0;
    }
    const struct bytes text = bytes_from(data + 1, count - 1);
    switch (data[0]) {
    case 'r':
        check_reply(text);
        break;
    case 'u':
        check_url(text);
        break;
    case 'l':
        check_location(text);
        break;
    case 'a':
        check_accepts(text);
        break;
    default: /* not an enum */
        check_objects(text);
        break;
    }
    return 0;
}
