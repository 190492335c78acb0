/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/http.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay/base/check.h"

#define CHUNK_BYTES       16384u
#define HEADER_BYTES      1024u
#define REQUEST_TIMEOUT_S 10
#define BODY_TIMEOUT_S    30 /* for the next chunk to be taken */

struct http_server {
    struct http_handler handler;
    uint32_t connections_count;
};

/* One connection's answer under way; the library makes and zeroes it. */
struct session {
    uint8_t *body;
    size_t body_count;
    size_t sent_count;
    bool is_counted;
};

static void session_end(struct session *session)
{
    free(session->body);
    session->body = NULL;
    session->body_count = 0;
    session->sent_count = 0;
}

/* ---- an answer ---- */

static bool add_header(struct lws *wsi, const char *name, const char *value, uint8_t **at,
                       uint8_t *end)
{
    return lws_add_http_header_by_name(wsi, (const unsigned char *)name,
                                       (const unsigned char *)value, (int)strlen(value), at,
                                       end) == 0;
}

static bool write_headers(struct lws *wsi, const struct http_answer *answer)
{
    uint8_t memory[LWS_PRE + HEADER_BYTES];
    uint8_t *start = memory + LWS_PRE;
    uint8_t *at = start;
    uint8_t *end = memory + sizeof(memory) - 1;
    const char *caching =
        answer->caching == HTTP_CACHE_FOREVER ? "public, max-age=31536000, immutable" : "no-cache";

    return lws_add_http_common_headers(wsi, answer->status, answer->content_type,
                                       (lws_filepos_t)answer->body_count, &at, end) == 0 &&
           add_header(wsi, "cache-control:", caching, &at, end) &&
           add_header(wsi, "x-content-type-options:", "nosniff", &at, end) &&
           lws_finalize_write_http_header(wsi, start, &at, end) == 0;
}

/* Non-zero ends the connection. */
static int answered(struct lws *wsi)
{
    return lws_http_transaction_completed(wsi) != 0 ? -1 : 0;
}

static int begin_answer(struct lws *wsi, struct session *session, struct http_answer *answer,
                        bool is_head)
{
    if (!write_headers(wsi, answer)) {
        free(answer->body);
        return -1;
    }
    if (is_head || answer->body_count == 0) {
        free(answer->body);
        return answered(wsi);
    }
    session->body = answer->body;
    session->body_count = answer->body_count;
    lws_callback_on_writable(wsi);
    return 0;
}

static int go_on(struct lws *wsi, struct session *session)
{
    uint8_t memory[LWS_PRE + CHUNK_BYTES];
    const size_t rest = session->body_count - session->sent_count;
    const size_t count = rest < CHUNK_BYTES ? rest : CHUNK_BYTES;
    const bool is_last = count == rest;

    if (session->body == NULL) {
        return 0;
    }
    memcpy(memory + LWS_PRE, session->body + session->sent_count, count);
    lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, BODY_TIMEOUT_S);
    if (lws_write(wsi, memory + LWS_PRE, count, is_last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) <
        (int)count) {
        return -1;
    }
    session->sent_count += count;
    if (!is_last) {
        lws_callback_on_writable(wsi);
        return 0;
    }
    session_end(session);
    return answered(wsi);
}

/* ---- a request ---- */

static int serve(struct lws *wsi, struct http_server *server, struct session *session,
                 const char *path, size_t count)
{
    const bool is_get = lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0;
    const bool is_head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
    struct http_answer answer = {.status = 404, .content_type = "text/plain; charset=utf-8"};

    session_end(session);
    if (!is_get && !is_head) {
        answer.status = 405;
    } else if (server->connections_count > HTTP_CONNECTIONS_MAX) {
        answer.status = 503;
    } else if (count > 0 && count <= HTTP_PATH_BYTES_MAX && path[0] == '/') {
        server->handler.serve(server->handler.context, bytes_from(path, count), &answer);
    }
    return begin_answer(wsi, session, &answer, is_head);
}

static int http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                         size_t count)
{
    struct lws_vhost *vhost = wsi == NULL ? NULL : lws_get_vhost(wsi);
    struct http_server *server = vhost == NULL ? NULL : lws_vhost_user(vhost);
    struct session *session = user;

    if (server == NULL) {
        return 0;
    }
    switch ((unsigned)reason) {
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
        /* Before anything is read. Some more than those that are answered, so that these can be
         * told. */
        return server->connections_count > 2 * HTTP_CONNECTIONS_MAX ? -1 : 0;
    case LWS_CALLBACK_HTTP_BIND_PROTOCOL:
        if (session != NULL && !session->is_counted) {
            session->is_counted = true;
            server->connections_count++;
        }
        return 0;
    case LWS_CALLBACK_HTTP:
        return session == NULL ? -1 : serve(wsi, server, session, in, count);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return session == NULL ? -1 : go_on(wsi, session);
    case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
    case LWS_CALLBACK_CLOSED_HTTP:
        if (session != NULL) {
            session_end(session);
            server->connections_count -= session->is_counted ? 1 : 0;
            session->is_counted = false;
        }
        return 0;
    default: /* not an enum: the library has many more reasons; the rest need nothing */
        return 0;
    }
}

static const struct lws_protocols http_protocols[] = {
    {.name = "http", .callback = http_callback, .per_session_data_size = sizeof(struct session)},
    {.name = NULL},
};

/* ---- life ---- */

/* The library would share a port that is taken, on some systems. */
static bool port_is_taken(uint16_t port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};

    if (fd < 0) {
        return false;
    }
    /* What a server of before left in TIME_WAIT does not count. */
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    const bool is_taken = bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0;
    (void)close(fd); /* a probe */
    return is_taken;
}

enum status http_open(struct lws_context *context, const struct http_options *options,
                      struct http_server **ret_server)
{
    struct http_server *server = calloc(1, sizeof(*server));

    if (server == NULL) {
        return STATUS_NO_MEMORY;
    }
    CHECK(options->handler.serve != NULL);
    server->handler = options->handler;
    struct lws_context_creation_info info = {
        .port = options->port,
        .iface = "127.0.0.1",
        .protocols = http_protocols,
        .vhost_name = "http",
        .user = server,
        .timeout_secs = REQUEST_TIMEOUT_S,
        .keepalive_timeout = REQUEST_TIMEOUT_S,
        .options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND | LWS_SERVER_OPTION_DISABLE_IPV6,
        .gid = -1,
        .uid = -1,
    };
    if (port_is_taken(options->port) || lws_create_vhost(context, &info) == NULL) {
        free(server);
        return STATUS_BUSY;
    }
    *ret_server = server;
    return STATUS_OK;
}

struct http_server *http_free(struct http_server *server)
{
    free(server);
    return NULL;
}

void http_answer_copy(struct http_answer *answer, struct bytes body, const char *content_type)
{
    uint8_t *copy = malloc(body.count == 0 ? 1 : body.count);

    if (copy == NULL) {
        answer->status = 503;
        return;
    }
    if (body.count > 0) {
        memcpy(copy, body.data, body.count);
    }
    answer->status = 200;
    answer->content_type = content_type;
    answer->body = copy;
    answer->body_count = body.count;
}
