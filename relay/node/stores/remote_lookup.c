/* SPDX-License-Identifier: Apache-2.0 */
/* Servers that security modules name (ERC-3668, as relayers of Hyperlane ask them).
 *
 * A template with {data} is a GET, any other a POST of {data, sender, signature, origin_tx_hash}.
 * The servers are asked one after the other: the next one when one failed, or has not answered for
 * a while. The first answer {"data": "0x..."} is the metadata; the module judges it, not we. What
 * the core has a signature for says who asks; the others have null there. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/node/process/clock.h"
#include "relay/node/stores/remote_internal.h"
#include "relay/node/web/lookup_url.h"

#define LOOKUPS_MAX     256u
#define HEDGE_MS        2000u
#define REPLY_BYTES_MAX (1u << 20)

struct lookup {
    struct lookup *next;
    struct remote_lookups *all;
    struct driver_lookup request; /* its bytes are owned */
    uint8_t *bytes;
    size_t url_next;      /* where the next template begins */
    bool was_signed;      /* the one that the signature is for was asked */
    uint64_t hedge_at_ms; /* when it is asked though the others may still answer */
    uint32_t open_count;  /* servers that were asked and did not answer */
    bool answered;        /* what still comes is of no use */
    bool pending;         /* one of them said that it will have it later */
};

struct remote_lookups {
    struct remote *remote;
    struct lookup *first;
    uint32_t count;
};

/* ---- answers ---- */

static void answer(struct lookup *lookup, enum outcome outcome, struct bytes metadata)
{
    struct event event;

    CHECK(!lookup->answered);
    memset(&event, 0, sizeof(event));
    event.kind = EVENT_LOOKUP_ANSWER;
    event.domain = lookup->request.domain;
    event.lookup_answer.message_id = lookup->request.message_id;
    event.lookup_answer.module = lookup->request.module;
    event.lookup_answer.outcome = outcome;
    lookup->answered = true;
    remote_answer_with(lookup->all->remote, &event, metadata);
}

/* {"data": "0x..."}; other members may be there. */
static bool read_answer(struct bytes body, uint8_t ret_metadata[METADATA_BYTES_MAX],
                        size_t *ret_count)
{
    json_t *const root =
        json_loadb((const char *)body.data, body.count, JSON_REJECT_DUPLICATES, NULL);
    const json_t *const data = json_object_get(root, "data");
    const char *const text = json_string_value(data);
    const bool good = text != NULL && strncmp(text, "0x", 2) == 0 &&
                      hex_decode(bytes_from(text, json_string_length(data)), METADATA_BYTES_MAX,
                                 ret_metadata, ret_count) == STATUS_OK;

    json_decref(root);
    return good;
}

/* A server that knows of the message and has no proof yet says so in one of two ways. */
static bool is_pending(struct bytes body)
{
    json_t *const root = json_loadb((const char *)body.data, body.count, 0, NULL);
    const char *const status = json_string_value(json_object_get(root, "status"));
    const char *const error = json_string_value(json_object_get(root, "error"));
    const bool pending = (status != NULL && strcasecmp(status, "pending") == 0) ||
                         (error != NULL && strcasestr(error, "pending") != NULL);

    json_decref(root);
    return pending;
}

static void lookup_done(void *context, const struct web_result *result)
{
    struct lookup *const lookup = context;
    uint8_t metadata[METADATA_BYTES_MAX];
    size_t count = 0;

    CHECK(lookup->open_count > 0);
    lookup->open_count--;
    if (lookup->answered) {
        return;
    }
    if (result->end == WEB_END_REPLIED && result->status == 200 &&
        read_answer(result->body, metadata, &count)) {
        answer(lookup, OUTCOME_OK, bytes_from(metadata, count));
        return;
    }
    lookup->pending =
        lookup->pending || (result->end == WEB_END_REPLIED && is_pending(result->body));
    lookup->hedge_at_ms = 0; /* the next one at once */
}

/* ---- asking ---- */

static char *hex_text(struct bytes bytes)
{
    char *const text = malloc(2 + 2 * bytes.count + 1);

    if (text != NULL) {
        text[0] = '0';
        text[1] = 'x';
        hex_encode(bytes, text + 2);
    }
    return text;
}

/* "0x..." of the signature for this template, or null. NULL: no memory. */
static json_t *signature_for(struct lookup *lookup)
{
    const struct signature *const signature = &lookup->request.signature;

    if (lookup->was_signed || signature_is_zero(signature)) {
        return json_null();
    }
    lookup->was_signed = true;
    char *const text = hex_text(bytes_from(signature->bytes, sizeof(signature->bytes)));
    json_t *const value = text == NULL ? NULL : json_string(text);
    free(text);
    return value;
}

/* Owned. NULL: no memory. */
static char *body_of(struct lookup *lookup, const char *sender, const char *data)
{
    char *const transaction =
        hex_text(bytes_from(lookup->request.dispatch_transaction.bytes, sizeof(struct hash)));
    json_t *const body =
        transaction == NULL
            ? NULL
            : json_pack("{s:s, s:s, s:o, s:s}", "data", data, "sender", sender, "signature",
                        signature_for(lookup), "origin_tx_hash", transaction);
    char *const text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);

    json_decref(body);
    free(transaction);
    return text;
}

/* False: nothing was asked. */
static bool ask_url(struct lookup *lookup, const char *url, const char *body)
{
    struct remote *const remote = lookup->all->remote;
    struct web_request request = {.method = body == NULL ? "GET" : "POST",
                                  .reply_bytes_max = REPLY_BYTES_MAX,
                                  .deadline_ms = REMOTE_DEADLINE_MS,
                                  .allow_private = remote->options.allow_private,
                                  .handler = {.context = lookup, .done = lookup_done}};

    if (web_url_parse(bytes_from_string(url), &request.url) != STATUS_OK) {
        return false;
    }
    if (body != NULL) {
        request.headers = bytes_from_string("Content-Type: application/json\r\n");
        request.body = bytes_from_string(body);
    }
    lookup->open_count++;
    web_client_ask(remote->web, &request);
    return true;
}

static bool ask_template(struct lookup *lookup, const char *template)
{
    const struct address *const sender_address = &lookup->request.sender;
    const size_t skipped = address_is_evm(sender_address) ? 12 : 0;
    char *const sender =
        hex_text(bytes_from(sender_address->bytes + skipped, sizeof(struct address) - skipped));
    char *const data = hex_text(lookup->request.call_data);
    const bool is_get = lookup_url_is_get(template);
    char *const url =
        sender == NULL || data == NULL ? NULL : lookup_url_fill(template, sender, data);
    char *const body = url == NULL || is_get ? NULL : body_of(lookup, sender, data);
    const bool asked = url != NULL && (is_get || body != NULL) && ask_url(lookup, url, body);

    free(body);
    free(url);
    free(data);
    free(sender);
    return asked;
}

/* Asks the next server. False: there is none. */
static bool ask_next(struct lookup *lookup)
{
    const struct bytes urls = lookup->request.urls;
    char template[LOOKUP_URL_BYTES_MAX + 1];

    while (lookup->url_next < urls.count) {
        const uint8_t *const begin = urls.data + lookup->url_next;
        const uint8_t *const end = memchr(begin, '\n', urls.count - lookup->url_next);
        const size_t count = end == NULL ? 0 : (size_t)(end - begin);
        if (end == NULL || count > LOOKUP_URL_BYTES_MAX) {
            lookup->url_next = urls.count;
            return false;
        }
        lookup->url_next += count + 1;
        memcpy(template, begin, count);
        template[count] = '\0';
        if (ask_template(lookup, template)) {
            return true;
        }
    }
    return false;
}

static void lookup_advance(struct lookup *lookup)
{
    const uint64_t now_ms = clock_monotonic_ms();

    if (lookup->answered || (lookup->open_count > 0 && lookup->hedge_at_ms > now_ms)) {
        return;
    }
    lookup->hedge_at_ms = now_ms + HEDGE_MS;
    if (!ask_next(lookup) && lookup->open_count == 0 && !lookup->answered) {
        answer(lookup, lookup->pending ? OUTCOME_ABSENT : OUTCOME_UNKNOWN,
               (struct bytes){.count = 0});
    }
}

bool remote_lookups_tick(struct remote_lookups *lookups)
{
    struct lookup **at = &lookups->first;

    while (*at != NULL) {
        struct lookup *const lookup = *at;
        lookup_advance(lookup);
        if (lookup->answered && lookup->open_count == 0) {
            *at = lookup->next;
            lookups->count--;
            free(lookup->bytes);
            free(lookup);
        } else {
            at = &lookup->next;
        }
    }
    return lookups->first != NULL;
}

void remote_lookups_ask(struct remote_lookups *lookups, const struct driver_lookup *request)
{
    const size_t count = request->urls.count + request->call_data.count;
    struct lookup *const lookup = lookups->count == LOOKUPS_MAX ? NULL : calloc(1, sizeof(*lookup));

    if (lookup == NULL) {
        return; /* asked again when overdue */
    }
    lookup->bytes = malloc(count + 1);
    if (lookup->bytes == NULL) {
        free(lookup);
        return;
    }
    lookup->all = lookups;
    lookup->request = *request;
    memcpy(lookup->bytes, request->urls.data, request->urls.count);
    if (request->call_data.count > 0) {
        memcpy(lookup->bytes + request->urls.count, request->call_data.data,
               request->call_data.count);
    }
    lookup->request.urls.data = lookup->bytes;
    lookup->request.call_data.data = lookup->bytes + request->urls.count;
    lookup->next = lookups->first;
    lookups->first = lookup;
    lookups->count++;
}

struct remote_lookups *remote_lookups_new(struct remote *remote)
{
    struct remote_lookups *const lookups = calloc(1, sizeof(*lookups));

    if (lookups != NULL) {
        lookups->remote = remote;
    }
    return lookups;
}

struct remote_lookups *remote_lookups_free(struct remote_lookups *lookups)
{
    if (lookups == NULL) {
        return NULL;
    }
    while (lookups->first != NULL) {
        struct lookup *const lookup = lookups->first;
        lookups->first = lookup->next;
        free(lookup->bytes);
        free(lookup);
    }
    free(lookups);
    return NULL;
}
