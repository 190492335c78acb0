/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/web/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "store/base64.h"

#define CHUNK_BYTES             16384u
#define HEADER_BYTES            2048u
#define HOST_BYTES_MAX          300u
#define ACCEPT_BYTES_MAX        512u
#define AUTHORIZATION_BYTES_MAX 768u
#define VIEWER_PROTOCOL         "sluice-live"
#define REQUEST_TIMEOUT_S       10                         /* for a request to be whole */
#define SOCKETS_MAX             (2 * HTTP_CONNECTIONS_MAX) /* before, while and after they ask */
#define BODY_TIMEOUT_S          30                         /* for the next chunk to be taken */

/* What viewers are told: shared by those that are being told. */
struct live_text {
    size_t holders_count;
    size_t count;
    uint8_t data[];
};

struct http_server {
    struct http_handler handler;
    enum http_hosts hosts;
    const char *policy;
    const char *token;
    bool has_live;
    bool has_tls;
    struct lws_vhost *vhost;
    struct http_counters counters;
    uint32_t sockets_count; /* the one that listens too */
    struct live_text *live; /* the newest; NULL: none yet */
    uint64_t live_version;
};

struct viewer {
    struct live_text *text; /* being sent; NULL: none */
    size_t sent_count;
    uint64_t version; /* sent last, or being sent */
    bool is_counted;
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

static bool write_policy(struct lws *wsi, const struct http_server *server, uint8_t **at,
                         uint8_t *end)
{
    return server->policy == NULL ||
           (add_header(wsi, "content-security-policy:", server->policy, at, end) &&
            add_header(wsi, "cross-origin-resource-policy:", "same-origin", at, end) &&
            add_header(wsi, "cross-origin-opener-policy:", "same-origin", at, end) &&
            add_header(wsi, "x-frame-options:", "DENY", at, end) &&
            add_header(wsi, "referrer-policy:", "no-referrer", at, end));
}

static bool write_headers(struct lws *wsi, const struct http_server *server,
                          const struct http_answer *answer)
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
           (answer->status != 401 ||
            add_header(wsi, "www-authenticate:", "Basic realm=\"sluice\", charset=\"UTF-8\"", &at,
                       end)) &&
           write_policy(wsi, server, &at, end) &&
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
    if (!write_headers(wsi, lws_vhost_user(lws_get_vhost(wsi)), answer)) {
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

/* ---- who asks ---- */

/* The host that the request names, without its port; empty: none, or too long. */
static struct bytes read_host(struct lws *wsi, char memory[HOST_BYTES_MAX])
{
    const int count = lws_hdr_copy(wsi, memory, (int)HOST_BYTES_MAX, WSI_TOKEN_HOST);

    return count <= 0 ? (struct bytes){0} : bytes_from(memory, (size_t)count);
}

static bool is_local_host(struct bytes host)
{
    if (host.count == 0) {
        return false;
    }
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct bytes name = bytes_from_string(names[i]);
        if (bytes_have_prefix(host, name) &&
            (host.count == name.count || host.data[name.count] == ':')) {
            return true;
        }
    }
    return false;
}

/* A page says where it is from; who is no browser says nothing. */
static bool is_same_origin(struct lws *wsi, const struct http_server *server, struct bytes host)
{
    char memory[HOST_BYTES_MAX];
    const int count = lws_hdr_copy(wsi, memory, (int)sizeof(memory), WSI_TOKEN_ORIGIN);
    const struct bytes scheme = bytes_from_string(server->has_tls ? "https://" : "http://");

    if (lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) == 0) {
        return true;
    }
    if (count <= 0 || !bytes_have_prefix(bytes_from(memory, (size_t)count), scheme)) {
        return false;
    }
    return bytes_equal(bytes_from(memory + scheme.count, (size_t)count - scheme.count), host);
}

static bool is_welcome(struct lws *wsi, const struct http_server *server)
{
    char memory[HOST_BYTES_MAX];

    const struct bytes host = read_host(wsi, memory);
    switch (server->hosts) {
    case HTTP_HOSTS_ANY:
        return true;
    case HTTP_HOSTS_SAME:
        return is_same_origin(wsi, server, host);
    case HTTP_HOSTS_LOCAL:
        return is_local_host(host) && is_same_origin(wsi, server, host);
    }
    return false;
}

static bool is_token(const struct http_server *server, struct bytes given)
{
    const struct bytes token = bytes_from_string(server->token);

    return given.count == token.count && CRYPTO_memcmp(given.data, token.data, token.count) == 0;
}

/* Of "name:password" in base64 the password. */
static bool is_password(const struct http_server *server, struct bytes text)
{
    uint8_t memory[AUTHORIZATION_BYTES_MAX];
    size_t count = 0;

    if (base64_decode(text, sizeof(memory), memory, &count) != STATUS_OK) {
        return false;
    }
    const uint8_t *colon = memchr(memory, ':', count);
    const size_t skipped = colon == NULL ? count : (size_t)(colon - memory) + 1;
    const bool is_right =
        colon != NULL && is_token(server, bytes_from(memory + skipped, count - skipped));
    OPENSSL_cleanse(memory, sizeof(memory));
    return is_right;
}

/* It says the token, or none is wanted. */
static bool is_known(struct lws *wsi, const struct http_server *server)
{
    static const char bearer[] = "Bearer ";
    static const char basic[] = "Basic ";
    char memory[AUTHORIZATION_BYTES_MAX];

    if (server->token == NULL) {
        return true;
    }
    const int count = lws_hdr_copy(wsi, memory, (int)sizeof(memory), WSI_TOKEN_HTTP_AUTHORIZATION);
    const struct bytes text = count <= 0 ? (struct bytes){0} : bytes_from(memory, (size_t)count);
    bool is_right = false;
    if (bytes_have_prefix(text, bytes_from_string(bearer))) {
        is_right = is_token(
            server, bytes_from(memory + sizeof(bearer) - 1, text.count - (sizeof(bearer) - 1)));
    } else if (bytes_have_prefix(text, bytes_from_string(basic))) {
        is_right = is_password(
            server, bytes_from(memory + sizeof(basic) - 1, text.count - (sizeof(basic) - 1)));
    }
    OPENSSL_cleanse(memory, sizeof(memory));
    return is_right;
}

/* ---- what is taken ---- */

static struct bytes read_accept(struct lws *wsi, char memory[ACCEPT_BYTES_MAX])
{
    const int count = lws_hdr_copy(wsi, memory, (int)ACCEPT_BYTES_MAX, WSI_TOKEN_HTTP_ACCEPT);

    return count <= 0 ? (struct bytes){0} : bytes_from(memory, (size_t)count);
}

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

/* Takes what is before `end` off the front of `*rest`, without the spaces around it. */
static struct bytes take_until(struct bytes *rest, uint8_t end)
{
    size_t count = 0;

    while (count < rest->count && rest->data[count] != end) {
        count++;
    }
    struct bytes part = bytes_from(rest->data, count);
    const size_t step = count < rest->count ? count + 1 : count;
    *rest = bytes_from(rest->data + step, rest->count - step);
    while (part.count > 0 && is_space(part.data[0])) {
        part = bytes_from(part.data + 1, part.count - 1);
    }
    while (part.count > 0 && is_space(part.data[part.count - 1])) {
        part.count--;
    }
    return part;
}

/* "q=0", with as many zeros behind a point as there are. */
static bool is_weight_of_zero(struct bytes parameter)
{
    if (parameter.count < 3 || (parameter.data[0] != 'q' && parameter.data[0] != 'Q') ||
        parameter.data[1] != '=' || parameter.data[2] != '0') {
        return false;
    }
    for (size_t i = 3; i < parameter.count; i++) {
        if (parameter.data[i] != '0' && parameter.data[i] != '.') {
            return false;
        }
    }
    return true;
}

bool http_accepts(const struct http_request *request, const char *media_type)
{
    const size_t count = strlen(media_type);
    struct bytes rest = request->accept;

    while (rest.count > 0) {
        struct bytes range = take_until(&rest, ',');
        const struct bytes name = take_until(&range, ';');
        bool is_wanted =
            name.count == count && strncasecmp((const char *)name.data, media_type, count) == 0;
        while (range.count > 0) {
            is_wanted = !is_weight_of_zero(take_until(&range, ';')) && is_wanted;
        }
        if (is_wanted) {
            return true;
        }
    }
    return false;
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
    } else if (!is_welcome(wsi, server)) {
        answer.status = 403;
    } else if (!is_known(wsi, server)) {
        answer.status = 401;
    } else if (server->counters.connections_count > HTTP_CONNECTIONS_MAX) {
        answer.status = 503;
    } else if (count > 0 && count <= HTTP_PATH_BYTES_MAX && path[0] == '/') {
        char accept[ACCEPT_BYTES_MAX];
        const struct http_request request = {.path = bytes_from(path, count),
                                             .accept = read_accept(wsi, accept)};
        server->handler.serve(server->handler.context, &request, &answer);
    }
    if (answer.status == 405 || answer.status == 403 || answer.status == 401 ||
        server->counters.connections_count > HTTP_CONNECTIONS_MAX) {
        server->counters.refused_count++;
    }
    server->counters.requests_count++;
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
         * told; those that have not asked yet count too. */
        return server->sockets_count > SOCKETS_MAX ? -1 : 0;
    case LWS_CALLBACK_WSI_CREATE:
        server->sockets_count++;
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        server->sockets_count -= server->sockets_count > 0 ? 1 : 0;
        return 0;
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        server->counters.refused_count++;
        return -1; /* a websocket that does not name its protocol */
    case LWS_CALLBACK_HTTP_BIND_PROTOCOL:
        if (session != NULL && !session->is_counted) {
            session->is_counted = true;
            server->counters.connections_count++;
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
            server->counters.connections_count -= session->is_counted ? 1 : 0;
            session->is_counted = false;
        }
        return 0;
    default: /* not an enum: the library has many more reasons; the rest need nothing */
        return 0;
    }
}

/* ---- viewers ---- */

static struct live_text *live_hold(struct live_text *text)
{
    text->holders_count++;
    return text;
}

static struct live_text *live_drop(struct live_text *text)
{
    if (text != NULL && --text->holders_count == 0) {
        free(text);
    }
    return NULL;
}

/* Before the upgrade. */
static int admit_viewer(struct lws *wsi, struct http_server *server)
{
    char path[16];
    const int count = lws_hdr_copy(wsi, path, (int)sizeof(path), WSI_TOKEN_GET_URI);

    if (server->has_live && is_welcome(wsi, server) && is_known(wsi, server) &&
        server->counters.viewers_count < HTTP_VIEWERS_MAX && count > 0 &&
        strcmp(path, "/live") == 0) {
        return 0;
    }
    server->counters.refused_count++;
    return -1;
}

static int tell_viewer(struct lws *wsi, const struct http_server *server, struct viewer *viewer)
{
    uint8_t memory[LWS_PRE + CHUNK_BYTES];

    if (viewer->text == NULL) {
        if (server->live == NULL || viewer->version == server->live_version) {
            return 0;
        }
        viewer->text = live_hold(server->live);
        viewer->version = server->live_version;
        viewer->sent_count = 0;
    }
    const size_t rest = viewer->text->count - viewer->sent_count;
    const size_t count = rest < CHUNK_BYTES ? rest : CHUNK_BYTES;
    const bool is_last = count == rest;
    const int flags = lws_write_ws_flags(LWS_WRITE_TEXT, viewer->sent_count == 0, is_last);
    memcpy(memory + LWS_PRE, viewer->text->data + viewer->sent_count, count);
    lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, BODY_TIMEOUT_S);
    if (lws_write(wsi, memory + LWS_PRE, count, (enum lws_write_protocol)flags) < (int)count) {
        return -1;
    }
    viewer->sent_count += count;
    if (is_last) {
        viewer->text = live_drop(viewer->text);
        lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
    }
    if (!is_last || viewer->version != server->live_version) {
        lws_callback_on_writable(wsi);
    }
    return 0;
}

static int viewer_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                           size_t count)
{
    struct lws_vhost *vhost = wsi == NULL ? NULL : lws_get_vhost(wsi);
    struct http_server *server = vhost == NULL ? NULL : lws_vhost_user(vhost);
    struct viewer *viewer = user;

    (void)in;
    (void)count;
    if (server == NULL) {
        return 0;
    }
    switch ((unsigned)reason) {
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return admit_viewer(wsi, server);
    case LWS_CALLBACK_ESTABLISHED:
        viewer->is_counted = true;
        server->counters.viewers_count++;
        lws_callback_on_writable(wsi);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return tell_viewer(wsi, server, viewer);
    case LWS_CALLBACK_RECEIVE:
        server->counters.refused_count++;
        return -1; /* a viewer has nothing to say */
    case LWS_CALLBACK_CLOSED:
        if (viewer != NULL && viewer->is_counted) {
            viewer->text = live_drop(viewer->text);
            viewer->is_counted = false;
            server->counters.viewers_count--;
        }
        return 0;
    default: /* not an enum: the library has many more reasons; the rest need nothing */
        return 0;
    }
}

static const struct lws_protocols http_protocols[] = {
    {.name = "http", .callback = http_callback, .per_session_data_size = sizeof(struct session)},
    {.name = VIEWER_PROTOCOL,
     .callback = viewer_callback,
     .per_session_data_size = sizeof(struct viewer),
     .rx_buffer_size = 256},
    {.name = NULL},
};

/* A viewer that answers no ping is gone. */
static const lws_retry_bo_t viewer_pings = {.secs_since_valid_ping = 20,
                                            .secs_since_valid_hangup = 40};

/* ---- life ---- */

/* The library would share a port that is taken, on some systems. */
static bool port_is_taken(const char *address_text, uint16_t port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    CHECK(inet_pton(AF_INET, address_text, &address.sin_addr) == 1);
    if (fd < 0) {
        return false;
    }
    /* What a server of before left in TIME_WAIT does not count. */
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    const bool is_taken = bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0;
    (void)close(fd); /* a probe */
    return is_taken;
}

/* The library only says that it failed. */
static bool pair_is_good(const char *certificate, const char *key)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    const bool is_good = context != NULL &&
                         SSL_CTX_use_certificate_chain_file(context, certificate) == 1 &&
                         SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1 &&
                         SSL_CTX_check_private_key(context) == 1;

    SSL_CTX_free(context);
    ERR_clear_error();
    return is_good;
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
    CHECK((options->certificate == NULL) == (options->key == NULL));
    const char *address = options->address == NULL ? "127.0.0.1" : options->address;
    server->hosts = options->hosts;
    server->policy = options->policy;
    server->token = options->token;
    server->has_tls = options->certificate != NULL;
    server->has_live = options->has_live;
    struct lws_context_creation_info info = {
        .port = options->port,
        .iface = strcmp(address, "0.0.0.0") == 0 ? NULL : address,
        .ssl_cert_filepath = options->certificate,
        .ssl_private_key_filepath = options->key,
        .ssl_options_set = SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_RENEGOTIATION,
        .protocols = http_protocols,
        .vhost_name = "http",
        .user = server,
        .timeout_secs = REQUEST_TIMEOUT_S,
        .keepalive_timeout = REQUEST_TIMEOUT_S,
        .retry_and_idle_policy = &viewer_pings,
        .options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND | LWS_SERVER_OPTION_DISABLE_IPV6 |
                   /* Without it the library speaks no TLS, whatever certificate it has. */
                   (server->has_tls ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0),
        .gid = -1,
        .uid = -1,
    };
    const bool is_taken = port_is_taken(address, options->port);
    const bool fits = !server->has_tls || pair_is_good(options->certificate, options->key);
    server->vhost = is_taken || !fits ? NULL : lws_create_vhost(context, &info);
    if (server->vhost == NULL) {
        free(server);
        return fits ? STATUS_BUSY : STATUS_MALFORMED;
    }
    *ret_server = server;
    return STATUS_OK;
}

struct http_server *http_free(struct http_server *server)
{
    if (server != NULL) {
        server->live = live_drop(server->live);
    }
    free(server);
    return NULL;
}

enum status http_publish(struct http_server *server, struct bytes text)
{
    struct live_text *live = malloc(sizeof(*live) + text.count);

    if (live == NULL) {
        return STATUS_NO_MEMORY;
    }
    live->holders_count = 1;
    live->count = text.count;
    memcpy(live->data, text.data, text.count);
    (void)live_drop(server->live);
    server->live = live;
    server->live_version++;
    /* The library keeps protocols of its own for each vhost. */
    const struct lws_protocols *protocol =
        lws_vhost_name_to_protocol(server->vhost, VIEWER_PROTOCOL);
    (void)lws_callback_on_writable_all_protocol_vhost(server->vhost, protocol);
    return STATUS_OK;
}

struct http_counters http_counters(const struct http_server *server)
{
    return server->counters;
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
