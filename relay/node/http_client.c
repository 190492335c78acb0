/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"

#define WAITING_MAX       256u
#define REQUEST_TIMEOUT_S 20
#define FIRST_BYTES       65536u
#define ADDRESS_BYTES     64u
#define RETRY_AFTER_S_MAX 300u /* whatever it asks for */
#define HTTP_TOO_MANY     429u
#define HTTP_UNAVAILABLE  503u

/* One request. `client` is NULL once nobody wants its answer; its memory ends with its socket. */
struct request {
    struct http_client *client;
    struct request *next; /* waiting */
    struct lws *wsi;
    uint8_t *body; /* LWS_PRE bytes of room, then the message; owned */
    size_t body_bytes;
    size_t body_sent;
    uint8_t *answer; /* owned */
    size_t answer_bytes;
    size_t answer_capacity;
    unsigned status;
    uint64_t retry_after_s; /* what a refusal asks for; 0: nothing */
    const char *distrust;   /* why its certificate is not believed; NULL: it is, or none came */
    char address[ADDRESS_BYTES];
};

struct http_client {
    struct lws_context *context;
    struct lws_vhost *vhost;
    const struct endpoint *endpoint;
    uint32_t body_bytes_max;
    struct http_handler handler;
    struct request *under_way[HTTP_REQUESTS_MAX];
    struct request *waiting; /* oldest first */
    uint32_t waiting_count;
    bool is_failing;
};

static struct request *request_free(struct request *request)
{
    if (request != NULL) {
        free(request->body);
        free(request->answer);
        free(request);
    }
    return NULL;
}

static void drop_waiting(struct http_client *client)
{
    while (client->waiting != NULL) {
        struct request *const first = client->waiting;
        client->waiting = first->next;
        (void)request_free(first);
    }
    client->waiting_count = 0;
}

/* Takes a request out of its client; false: it was out already. */
static bool take_out(struct request *request)
{
    struct http_client *const client = request->client;

    if (client == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < HTTP_REQUESTS_MAX; i++) {
        if (client->under_way[i] == request) {
            client->under_way[i] = NULL;
        }
    }
    request->client = NULL;
    return true;
}

void http_client_drop(struct http_client *client)
{
    drop_waiting(client);
    for (uint32_t i = 0; i < HTTP_REQUESTS_MAX; i++) {
        struct request *const request = client->under_way[i];
        if (request == NULL) {
            continue;
        }
        (void)take_out(request);
        if (request->wsi != NULL) {
            lws_set_timeout(request->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
        }
    }
}

static void fail(struct http_client *client, struct bytes text)
{
    if (client->is_failing) {
        return;
    }
    client->is_failing = true;
    http_client_drop(client);
    client->handler.failed(client->handler.context, text);
    client->is_failing = false;
}

/* ---- sending ---- */

/* The socket's end frees the request, also when there is no socket. */
static bool start(struct http_client *client, struct request *request)
{
    const struct endpoint *const endpoint = client->endpoint;
    const struct lws_client_connect_info info = {
        .context = client->context,
        .vhost = client->vhost,
        .address = request->address,
        .port = endpoint->port,
        .path = endpoint->path,
        .host = endpoint->host,
        .origin = endpoint->host,
        .method = "POST",
        .ssl_connection = endpoint->tls ? LCCSCF_USE_SSL : 0,
        .local_protocol_name = http_client_protocol.name,
        .opaque_user_data = request,
        .pwsi = &request->wsi,
    };

    return lws_client_connect_via_info(&info) != NULL;
}

static void pump(struct http_client *client)
{
    for (uint32_t i = 0; i < HTTP_REQUESTS_MAX && client->waiting != NULL; i++) {
        if (client->under_way[i] != NULL) {
            continue;
        }
        struct request *const request = client->waiting;
        client->waiting = request->next;
        client->waiting_count--;
        client->under_way[i] = request;
        if (!start(client, request)) {
            /* The callback may have told of it, and freed it, already. */
            fail(client, bytes_from_string("cannot connect"));
            return;
        }
    }
}

enum status http_client_send(struct http_client *client, const char *address, struct bytes message)
{
    if (client->waiting_count == WAITING_MAX) {
        return STATUS_FULL;
    }
    struct request *const request = calloc(1, sizeof(*request));
    if (request == NULL) {
        return STATUS_NO_MEMORY;
    }
    request->body = malloc(LWS_PRE + message.count);
    if (request->body == NULL) {
        (void)request_free(request);
        return STATUS_NO_MEMORY;
    }
    CHECK(strlen(address) < sizeof(request->address));
    memcpy(request->address, address, strlen(address) + 1);
    memcpy(request->body + LWS_PRE, message.data, message.count);
    request->body_bytes = message.count;
    request->client = client;
    struct request **last = &client->waiting;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = request;
    client->waiting_count++;
    pump(client);
    return STATUS_OK;
}

/* ---- the library's side ---- */

static int write_headers(struct request *request, struct lws *wsi, void *in, size_t room)
{
    static const unsigned char type[] = "application/json";
    unsigned char **const at = in;
    unsigned char *const end = *at + room;
    char length[24];
    const int count = snprintf(length, sizeof(length), "%zu", request->body_bytes);

    if (lws_add_http_header_by_token(wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, type, sizeof(type) - 1, at,
                                     end) != 0 ||
        lws_add_http_header_by_token(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH,
                                     (const unsigned char *)length, count, at, end) != 0) {
        return -1;
    }
    lws_client_http_body_pending(wsi, 1);
    lws_callback_on_writable(wsi);
    return 0;
}

static int write_body(struct request *request, struct lws *wsi)
{
    const size_t left = request->body_bytes - request->body_sent;
    const size_t piece = left < FIRST_BYTES ? left : FIRST_BYTES;
    const bool is_last = piece == left;

    if (left == 0) {
        return 0;
    }
    const int written = lws_write(wsi, request->body + LWS_PRE + request->body_sent, piece,
                                  is_last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP);
    if (written < 0) {
        return -1;
    }
    request->body_sent += piece; /* what did not leave at once is kept by the library */
    if (is_last) {
        lws_client_http_body_pending(wsi, 0);
    } else {
        lws_callback_on_writable(wsi);
    }
    return 0;
}

static int read_piece(struct lws *wsi)
{
    char memory[LWS_PRE + 16384];
    char *at = memory + LWS_PRE;
    int room = (int)sizeof(memory) - LWS_PRE;

    return lws_http_client_read(wsi, &at, &room) < 0 ? -1 : 0;
}

static int gather(struct request *request, struct bytes piece)
{
    const size_t needed = request->answer_bytes + piece.count;

    if (request->client == NULL || needed > request->client->body_bytes_max) {
        return -1;
    }
    if (needed > request->answer_capacity) {
        size_t capacity = request->answer_capacity == 0 ? FIRST_BYTES : request->answer_capacity;
        while (capacity < needed) {
            capacity *= 2;
        }
        uint8_t *const grown = realloc(request->answer, capacity);
        if (grown == NULL) {
            return -1;
        }
        request->answer = grown;
        request->answer_capacity = capacity;
    }
    if (piece.count > 0) {
        memcpy(request->answer + request->answer_bytes, piece.data, piece.count);
    }
    request->answer_bytes = needed;
    return 0;
}

/* Seconds; a date, or what cannot be read, is the shortest wait. */
static uint64_t read_retry_after(struct lws *wsi)
{
    char text[32];
    const int count = lws_hdr_copy(wsi, text, sizeof(text), WSI_TOKEN_HTTP_RETRY_AFTER);
    uint64_t seconds = 0;

    if (count <= 0) {
        return 0;
    }
    for (int i = 0; i < count && text[i] >= '0' && text[i] <= '9' && seconds < RETRY_AFTER_S_MAX;
         i++) {
        seconds = seconds * 10 + (uint64_t)(text[i] - '0');
    }
    seconds = seconds < RETRY_AFTER_S_MAX ? seconds : RETRY_AFTER_S_MAX;
    return seconds == 0 ? 1 : seconds;
}

static bool is_plea(const struct request *request)
{
    return request->status == HTTP_TOO_MANY ||
           (request->status == HTTP_UNAVAILABLE && request->retry_after_s > 0);
}

static void complete(struct request *request)
{
    struct http_client *const client = request->client;
    char text[64];

    if (!take_out(request)) {
        return;
    }
    if (is_plea(request)) {
        const struct duration wait = DURATION_MS(1000 * request->retry_after_s);
        http_client_drop(client);
        client->handler.limited(client->handler.context, wait);
        return;
    }
    /* Nodes send errors of JSON-RPC with other statuses as well; without a body there is none. */
    const bool is_json =
        request->answer_bytes > 0 && (request->answer[0] == '{' || request->answer[0] == '[');
    if (request->status == 200 || is_json) {
        client->handler.answered(client->handler.context,
                                 bytes_from(request->answer, request->answer_bytes));
        pump(client);
        return;
    }
    (void)snprintf(text, sizeof(text), "answers with HTTP status %u", request->status);
    fail(client, bytes_from_string(text));
}

/* The socket ended or was never made; unless the answer was complete, that is a failure. */
static void end(struct request *request, struct lws *wsi, struct bytes text)
{
    struct http_client *const client = request->client;
    const bool is_wanted = take_out(request);

    lws_set_opaque_user_data(wsi, NULL);
    (void)request_free(request);
    if (is_wanted) {
        fail(client, text);
    }
}

static int http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                         size_t count)
{
    struct request *const request = lws_get_opaque_user_data(wsi);

    (void)user;
    if (request == NULL) {
        return 0;
    }
    /* The library has many more reasons; the rest need nothing. */
    if (reason == LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER) {
        lws_set_timeout(wsi, PENDING_TIMEOUT_AWAITING_SERVER_RESPONSE, REQUEST_TIMEOUT_S);
        return write_headers(request, wsi, in, count);
    }
    if (reason == LWS_CALLBACK_CLIENT_HTTP_WRITEABLE) {
        return write_body(request, wsi);
    }
    if (reason == LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP) {
        request->status = lws_http_client_http_response(wsi);
        request->retry_after_s = read_retry_after(wsi);
    } else if (reason == LWS_CALLBACK_RECEIVE_CLIENT_HTTP) {
        return read_piece(wsi);
    } else if (reason == LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ) {
        return gather(request, bytes_from(in, count));
    } else if (reason == LWS_CALLBACK_COMPLETED_CLIENT_HTTP) {
        complete(request);
        return -1; /* one request per connection */
    } else if (reason == LWS_CALLBACK_CLIENT_CONNECTION_ERROR) {
        const struct bytes told =
            in == NULL ? bytes_from_string("cannot connect") : bytes_from(in, strnlen(in, count));
        end(request, wsi, request->distrust == NULL ? told : bytes_from_string(request->distrust));
    } else if (reason == LWS_CALLBACK_CLOSED_CLIENT_HTTP) {
        end(request, wsi, bytes_from_string("the answer was cut"));
    }
    return 0;
}

void http_client_distrust(struct lws *wsi, const char *why)
{
    struct request *const request = lws_get_opaque_user_data(wsi);

    if (request != NULL) {
        request->distrust = why;
    }
}

const struct lws_protocols http_client_protocol = {
    .name = "sluice-http",
    .callback = http_callback,
    .rx_buffer_size = 65536,
};

/* ---- life ---- */

struct http_client *http_client_new(struct lws_context *context, struct lws_vhost *vhost,
                                    const struct endpoint *endpoint, uint32_t body_bytes_max,
                                    const struct http_handler *handler)
{
    struct http_client *const client = calloc(1, sizeof(*client));

    if (client != NULL) {
        client->context = context;
        client->vhost = vhost;
        client->endpoint = endpoint;
        client->body_bytes_max = body_bytes_max;
        client->handler = *handler;
    }
    return client;
}

struct http_client *http_client_free(struct http_client *client)
{
    if (client != NULL) {
        drop_waiting(client);
        for (uint32_t i = 0; i < HTTP_REQUESTS_MAX; i++) {
            CHECK(client->under_way[i] == NULL); /* their sockets ended with the context */
        }
        free(client);
    }
    return NULL;
}
