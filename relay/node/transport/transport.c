/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/transport/transport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/base/utf8.h"
#include "relay/node/driver/queue.h"
#include "relay/node/process/clock.h"
#include "relay/node/web/resolver.h"
#include "relay/node/web/web_client.h"

#define SEND_QUEUE_BYTES    ((size_t)8 << 20)
#define RECEIVE_KEEP_BYTES  ((size_t)1 << 20) /* a larger buffer is given back after its message */
#define RECEIVE_FIRST_BYTES ((size_t)64 << 10)
#define CONNECTIONS_MAX     (CHAINS_MAX * ENDPOINTS_PER_CHAIN_MAX)
#define FAREWELL_S          1 /* for a peer to read why it was ended */
#define SILENCE_MS_MAX      20000u
#define HTTP_DEADLINE_MS    20000u
#define HTTP_OK             200u
#define HTTP_TOO_MANY       429u
#define HTTP_UNAVAILABLE    503u

/* Waits before the next try, in turn; the last one repeats. */
static const uint32_t retry_waits_ms[] = {100, 250, 500, 1000, 2000, 5000, 10000};

static const lws_retry_bo_t idle_policy = {
    .secs_since_valid_ping = 10,
    .secs_since_valid_hangup = SILENCE_MS_MAX / 1000u,
};

enum connection_state {
    CONNECTION_DOWN,
    CONNECTION_RESOLVING,
    CONNECTION_OPENING,
    CONNECTION_UP,
};

struct connection {
    lws_sorted_usec_list_t timer; /* first, so that the timer's callback finds the connection */
    struct transport *transport;
    struct endpoint endpoint;
    uint32_t chain_index;
    uint32_t endpoint_index;
    uint32_t frame_bytes_max;
    enum connection_state state;
    struct lws *wsi;
    uint32_t tries;       /* since the last message came in */
    uint64_t answered_ms; /* monotonic: its last pong, or when it came up */
    bool is_over;         /* it ends for a reason that is known */
    int farewell;         /* the socket of an ended connection, until the next try; -1: none */
    char address[ADDRESS_TEXT_BYTES];
    const char *distrust; /* why its certificate is not believed; NULL: it is, or none came */
    struct queue sending;
    void *sending_memory;
    uint8_t *received; /* a message that comes in pieces */
    size_t received_count;
    size_t received_capacity;
};

struct transport {
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct transport_handler handler;
    struct connection *connections;
    uint32_t connections_count;
    uint32_t first_of_chain[CHAINS_MAX];
    bool stopping;
    bool held;
    struct resolver *resolver;
    const char *tls_ca;
    struct web_client *web; /* NULL: every endpoint has a websocket */
};

/* Frames in the send queue: the library writes its header in front of the payload. */
struct sending_item {
    size_t count;
    uint8_t header[LWS_PRE];
};

static void connection_try(struct connection *connection);

static void connection_timer(lws_sorted_usec_list_t *timer)
{
    connection_try((struct connection *)(void *)timer);
}

static void connection_schedule(struct connection *connection, struct bytes text)
{
    struct transport *transport = connection->transport;
    const size_t last = sizeof(retry_waits_ms) / sizeof(retry_waits_ms[0]) - 1;
    const uint32_t wait_ms = retry_waits_ms[connection->tries < last ? connection->tries : last];
    connection->tries++;
    connection->state = CONNECTION_DOWN;
    connection->wsi = NULL;
    if (transport->stopping) {
        return;
    }
    transport->handler.trouble(transport->handler.context, connection->chain_index,
                               connection->endpoint_index, text, wait_ms);
    lws_sul_schedule(transport->context, 0, &connection->timer, connection_timer,
                     (lws_usec_t)wait_ms * 1000);
}

/* The connection ended or was never made; `text` says why. */
static void connection_down(struct connection *connection, struct bytes text)
{
    struct transport *transport = connection->transport;
    const enum connection_state before = connection->state;
    if (before == CONNECTION_DOWN) {
        return;
    }
    connection->received_count = 0;
    if (connection->endpoint.is_http) {
        web_client_cancel(transport->web, connection);
    }
    while (!connection->endpoint.is_http && !queue_is_empty(&connection->sending)) {
        queue_pop(&connection->sending);
    }
    connection_schedule(connection, text);
    if (before == CONNECTION_UP && !transport->stopping) {
        transport->handler.lost(transport->handler.context, connection->chain_index,
                                connection->endpoint_index);
    }
}

static void connection_up(struct connection *connection)
{
    struct transport *transport = connection->transport;
    connection->state = CONNECTION_UP;
    connection->answered_ms = clock_monotonic_ms();
    connection->is_over = false;
    transport->handler.connected(transport->handler.context, connection->chain_index,
                                 connection->endpoint_index);
}

static void connection_open(struct connection *connection)
{
    struct transport *transport = connection->transport;
    const struct endpoint *endpoint = &connection->endpoint;
    connection->state = CONNECTION_OPENING;
    connection->distrust = NULL;
    const struct lws_client_connect_info info = {
        .context = transport->context,
        .vhost = transport->vhost,
        .address = connection->address,
        .port = endpoint->port,
        .path = endpoint->path,
        .host = endpoint->host,
        .ssl_connection = endpoint->tls ? LCCSCF_USE_SSL : 0,
        .local_protocol_name = transport_protocol.name,
        .retry_and_idle_policy = &idle_policy,
        .opaque_user_data = connection,
        .userdata = connection, /* without it, LWS_CALLBACK_WS_CLIENT_DROP_PROTOCOL is not told */
        .pwsi = &connection->wsi,
    };
    /* A failure may have been told to the callback already; connection_down takes it once. */
    if (lws_client_connect_via_info(&info) == NULL) {
        connection_down(connection, bytes_from_string("cannot connect"));
    }
}

static bool is_literal_address(const char *host)
{
    struct in6_addr address;
    return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

static void connection_let_go(struct connection *connection)
{
    if (connection->farewell >= 0) {
        (void)close(connection->farewell); /* nothing is waited for */
        connection->farewell = -1;
    }
}

static void connection_try(struct connection *connection)
{
    struct transport *transport = connection->transport;
    CHECK(connection->state == CONNECTION_DOWN);
    connection_let_go(connection);
    if (transport->stopping) {
        return;
    }
    if (connection->endpoint.is_http) {
        connection_up(connection); /* each request connects for itself */
        return;
    }
    const char *host = connection->endpoint.host;
    if (is_literal_address(host)) {
        CHECK(strlen(host) < sizeof(connection->address));
        memcpy(connection->address, host, strlen(host) + 1);
        connection_open(connection);
        return;
    }
    connection->state = CONNECTION_RESOLVING;
    if (resolver_ask(transport->resolver, host) != STATUS_OK) {
        connection_down(connection, bytes_from_string("too many names to look up"));
    }
}

static void connection_resolved(struct connection *connection, const struct resolved *resolved)
{
    if (resolved->addresses_count == 0) {
        connection_down(connection, bytes_from_string("name not found"));
        return;
    }
    static_assert(sizeof(connection->address) == sizeof(resolved->addresses[0]), "an address fits");
    memcpy(connection->address, resolved->addresses[0], sizeof(connection->address));
    connection_open(connection);
}

static void wake_loop(void *context)
{
    const struct transport *transport = context;
    lws_cancel_service(transport->context);
}

void transport_take_addresses(struct transport *transport)
{
    struct resolved resolved;
    if (transport->stopping) {
        return;
    }
    while (resolver_take(transport->resolver, &resolved)) {
        for (uint32_t i = 0; i < transport->connections_count; i++) {
            struct connection *connection = &transport->connections[i];
            if (connection->state == CONNECTION_RESOLVING &&
                strcmp(connection->endpoint.host, resolved.host) == 0) {
                connection_resolved(connection, &resolved);
            }
        }
    }
    if (transport->web != NULL) {
        web_client_service(transport->web);
    }
}

/* ---- ends with a reason (RFC 6455, section 7.4.1) ---- */

/* The closing frame leaves at once or not at all: libwebsockets' own way of sending it later goes
 * on taking what comes, into a buffer that only a receiver who returned 0 empties, and writes
 * beyond its end. */
static void connection_say(struct lws *wsi, enum lws_close_status code)
{
    /* Whole, a close; two bytes behind a mask, which may be 0: it hides what scripts write from
     * proxies, and a code is no script's. */
    const uint8_t frame[] = {
        0x88, 0x82, 0, 0, 0, 0, (uint8_t)((unsigned)code >> 8), (uint8_t)((unsigned)code & 0xff)};
    uint8_t memory[LWS_PRE + sizeof(frame)];

    if (lws_partial_buffered(wsi) != 0 || lws_send_pipe_choked(wsi) != 0) {
        return;
    }
    memcpy(memory + LWS_PRE, frame, sizeof(frame));
    /* The end is the same without. */
    (void)lws_write(wsi, memory + LWS_PRE, sizeof(frame), LWS_WRITE_RAW);
}

/* Says why, and hears no more: the socket stays, unread, for as long as the peer needs to read it,
 * for closing it now would take back what is on its way. It is nobody's meanwhile. */
static int connection_end(struct connection *connection, struct lws *wsi,
                          enum lws_close_status code, const char *why)
{
    connection_say(wsi, code);
    (void)lws_rx_flow_control(wsi, 0);
    lws_set_opaque_user_data(wsi, NULL);
    lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, FAREWELL_S);
    connection_down(connection, bytes_from_string(why));
    return 0;
}

/* False: the peer ended its side, or the network did. */
static bool is_open(struct lws *wsi)
{
    uint8_t next;
    const ssize_t count =
        recv(lws_get_socket_fd(wsi), &next, sizeof(next), MSG_PEEK | MSG_DONTWAIT);

    return count > 0 || (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

/* The library is about to end a connection by itself. If the peer is there and did not ask for it,
 * what it sent is not the protocol. */
static void connection_dropped(struct connection *connection, struct lws *wsi)
{
    const bool is_alive = clock_monotonic_ms() - connection->answered_ms < SILENCE_MS_MAX;

    if (connection->state == CONNECTION_UP && connection->wsi == wsi && is_alive &&
        !connection->is_over && !connection->transport->stopping && is_open(wsi)) {
        connection_say(wsi, LWS_CLOSE_STATUS_PROTOCOL_ERR);
        /* Held open for a moment: see connection_end. The library closes its own at once. */
        connection_let_go(connection);
        connection->farewell = fcntl(lws_get_socket_fd(wsi), F_DUPFD_CLOEXEC, 0);
        lws_set_opaque_user_data(wsi, NULL);
        connection_down(connection, bytes_from_string("it broke the websocket protocol"));
    }
}

/* ---- messages ---- */

static void connection_deliver(struct connection *connection, struct bytes frame)
{
    struct transport *transport = connection->transport;
    connection->tries = 0;
    transport->handler.frame(transport->handler.context, connection->chain_index,
                             connection->endpoint_index, frame);
}

/* The message fits: see connection_receive. */
static enum status connection_gather(struct connection *connection, struct bytes piece)
{
    const size_t needed = connection->received_count + piece.count;
    CHECK(needed <= connection->frame_bytes_max);
    if (needed > connection->received_capacity) {
        size_t capacity = connection->received_capacity == 0 ? RECEIVE_FIRST_BYTES
                                                             : connection->received_capacity;
        while (capacity < needed) {
            capacity *= 2;
        }
        uint8_t *grown = realloc(connection->received, capacity);
        if (grown == NULL) {
            return STATUS_NO_MEMORY;
        }
        connection->received = grown;
        connection->received_capacity = capacity;
    }
    if (piece.count > 0) {
        memcpy(connection->received + connection->received_count, piece.data, piece.count);
    }
    connection->received_count = needed;
    return STATUS_OK;
}

/* A whole message. */
static int connection_take(struct connection *connection, struct lws *wsi, struct bytes frame)
{
    if (lws_frame_is_binary(wsi) == 0 && !utf8_is_text(frame)) {
        return connection_end(connection, wsi, LWS_CLOSE_STATUS_INVALID_PAYLOAD,
                              "text that is not UTF-8");
    }
    connection_deliver(connection, frame);
    return 0;
}

/* What the library's callback returns. */
static int connection_receive(struct connection *connection, struct lws *wsi, struct bytes piece)
{
    const size_t to_come = lws_remaining_packet_payload(wsi);
    const bool last = lws_is_final_fragment(wsi) != 0 && to_come == 0;
    const size_t room = connection->frame_bytes_max - connection->received_count;
    /* What a frame's head promises is refused before it comes. */
    if (piece.count > room || to_come > room - piece.count) {
        return connection_end(connection, wsi, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE,
                              "a message above frame_bytes_max");
    }
    if (last && connection->received_count == 0) {
        return connection_take(connection, wsi, piece);
    }
    if (connection_gather(connection, piece) != STATUS_OK) {
        return connection_end(connection, wsi, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION,
                              "no memory for its message");
    }
    if (last) {
        const struct bytes frame = {connection->received, connection->received_count};
        connection->received_count = 0;
        (void)connection_take(connection, wsi, frame);
        if (connection->received_capacity > RECEIVE_KEEP_BYTES) {
            free(connection->received);
            connection->received = NULL;
            connection->received_capacity = 0;
        }
    }
    return 0;
}

static int connection_write(struct connection *connection, struct lws *wsi)
{
    struct sending_item *item;
    while ((item = queue_first(&connection->sending)) != NULL) {
        if (lws_send_pipe_choked(wsi) != 0) {
            break;
        }
        uint8_t *payload = (uint8_t *)(item + 1);
        const int written = lws_write(wsi, payload, item->count, LWS_WRITE_TEXT);
        if (written < 0 || (size_t)written < item->count) {
            return -1;
        }
        queue_pop(&connection->sending);
    }
    if (!queue_is_empty(&connection->sending)) {
        lws_callback_on_writable(wsi);
    }
    return 0;
}

/* ---- endpoints without a websocket ---- */

static bool is_plea(const struct web_result *result)
{
    return result->status == HTTP_TOO_MANY ||
           (result->status == HTTP_UNAVAILABLE && result->retry_after_s > 0);
}

static void http_replied(void *context, const struct web_result *result)
{
    struct connection *connection = context;
    struct transport *transport = connection->transport;
    char text[64];
    /* Nodes send errors of JSON-RPC with other statuses as well; without a body there is none. */
    const bool is_json =
        result->body.count > 0 && (result->body.data[0] == '{' || result->body.data[0] == '[');
    if (result->end == WEB_END_UNREACHABLE && result->why.count > 0) {
        connection_down(connection, result->why);
    } else if (result->end != WEB_END_REPLIED) {
        (void)snprintf(text, sizeof(text), "its answer: %s", web_end_name(result->end));
        connection_down(connection, bytes_from_string(text));
    } else if (is_plea(result)) {
        web_client_cancel(transport->web, connection);
        transport->handler.limited(transport->handler.context, connection->chain_index,
                                   connection->endpoint_index,
                                   DURATION_MS(1000 * (uint64_t)result->retry_after_s));
    } else if (result->status == HTTP_OK || is_json) {
        connection_deliver(connection, result->body);
    } else {
        (void)snprintf(text, sizeof(text), "answers with HTTP status %u", result->status);
        connection_down(connection, bytes_from_string(text));
    }
}

/* Each endpoint has connections of its own, also where several are behind one gateway: a slow chain
 * holds up no other. */
static void http_send(struct connection *connection, struct bytes frame)
{
    static const char type[] = "Content-Type: application/json\r\n";
    const struct endpoint *endpoint = &connection->endpoint;
    struct web_request request = {
        .method = "POST",
        .url = {.is_tls = endpoint->tls,
                .is_bracketed = strchr(endpoint->host, ':') != NULL,
                .port = endpoint->port,
                .target = bytes_from_string(endpoint->path)},
        .headers = bytes_from_string(type),
        .body = frame,
        .reply_bytes_max = connection->frame_bytes_max,
        .deadline_ms = HTTP_DEADLINE_MS,
        .allow_private = true,
        .group = (uint32_t)(connection - connection->transport->connections),
        .handler = {.context = connection, .done = http_replied},
    };
    static_assert(sizeof(request.url.host) >= sizeof(endpoint->host), "a name fits");
    memcpy(request.url.host, endpoint->host, strlen(endpoint->host) + 1);
    web_client_ask(connection->transport->web, &request);
}

void transport_send(struct transport *transport, uint32_t chain_index, uint32_t endpoint_index,
                    struct bytes frame)
{
    struct connection *connection =
        &transport->connections[transport->first_of_chain[chain_index] + endpoint_index];
    if (connection->state != CONNECTION_UP) {
        return;
    }
    if (connection->endpoint.is_http) {
        http_send(connection, frame);
        return;
    }
    /* The library writes up to LWS_PRE bytes in front of the payload, which `header` holds. */
    static_assert(offsetof(struct sending_item, header) + LWS_PRE <= sizeof(struct sending_item),
                  "the header ends where the payload starts");
    struct sending_item *item = queue_push(&connection->sending, sizeof(*item) + frame.count);
    if (item == NULL) {
        connection->is_over = true;
        lws_set_timeout(connection->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
        return;
    }
    item->count = frame.count;
    memcpy(item + 1, frame.data, frame.count);
    lws_callback_on_writable(connection->wsi);
}

/* ---- the library's side ---- */

/* The library tells the context's first protocol about certificates, whichever protocol a
 * connection is for; and later only that the handshake failed. */
static void hear_distrust(struct lws *wsi, X509_STORE_CTX *certificate)
{
    const char *why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(certificate));
    struct connection *connection = lws_get_opaque_user_data(wsi);
    if (connection != NULL) {
        connection->distrust = why;
    }
}

static int transport_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user,
                              void *in, size_t count)
{
    if (reason == LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION) {
        if (count == 0) {
            hear_distrust(wsi, user);
        }
        return 0; /* what OpenSSL found stands */
    }
    struct connection *connection = lws_get_opaque_user_data(wsi);
    if (connection == NULL) {
        return 0;
    }
    struct transport *transport = connection->transport;
    /* The library has many more reasons; the rest need nothing. */
    if (reason == LWS_CALLBACK_CLIENT_ESTABLISHED) {
        connection->wsi = wsi;
        if (transport->held) {
            (void)lws_rx_flow_control(wsi, 0);
        }
        connection_up(connection);
    } else if (reason == LWS_CALLBACK_CLIENT_RECEIVE) {
        return connection_receive(connection, wsi, bytes_from(in, count));
    } else if (reason == LWS_CALLBACK_CLIENT_WRITEABLE) {
        return connection_write(connection, wsi);
    } else if (reason == LWS_CALLBACK_CLIENT_CONNECTION_ERROR) {
        const struct bytes text =
            in == NULL ? bytes_from_string("cannot connect") : bytes_from(in, strnlen(in, count));
        connection_down(connection, connection->distrust == NULL
                                        ? text
                                        : bytes_from_string(connection->distrust));
    } else if (reason == LWS_CALLBACK_CLIENT_RECEIVE_PONG) {
        connection->answered_ms = clock_monotonic_ms();
    } else if (reason == LWS_CALLBACK_WS_PEER_INITIATED_CLOSE) {
        connection->is_over = true;
    } else if (reason == LWS_CALLBACK_WS_CLIENT_DROP_PROTOCOL) {
        connection_dropped(connection, wsi);
    } else if (reason == LWS_CALLBACK_CLIENT_CLOSED) {
        connection_down(connection, bytes_from_string("connection closed"));
    } else if (reason == LWS_CALLBACK_WSI_DESTROY && connection->state == CONNECTION_OPENING) {
        /* A server that took the connection and did not answer in time: the library tells nothing
         * else of it. */
        connection_down(connection, bytes_from_string("no answer to the handshake"));
    }
    return 0;
}

const struct lws_protocols transport_protocol = {
    .name = "sluice-endpoint",
    .callback = transport_callback,
    .rx_buffer_size = 65536,
};

void transport_set_reading(struct transport *transport, enum transport_reading reading)
{
    const bool hold = reading == TRANSPORT_HOLD;
    if (transport->held == hold) {
        return;
    }
    transport->held = hold;
    for (uint32_t i = 0; i < transport->connections_count; i++) {
        if (transport->connections[i].state == CONNECTION_UP &&
            !transport->connections[i].endpoint.is_http) {
            (void)lws_rx_flow_control(transport->connections[i].wsi, hold ? 0 : 1);
        }
    }
}

/* ---- life ---- */

/* What a connection sends with. */
static enum status connection_equip(struct connection *connection)
{
    struct transport *transport = connection->transport;
    if (connection->endpoint.is_http) {
        if (transport->web == NULL) {
            transport->web =
                web_client_new(transport->context, transport->vhost, transport->tls_ca);
        }
        return transport->web == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    }
    connection->sending_memory = malloc(SEND_QUEUE_BYTES);
    if (connection->sending_memory == NULL) {
        return STATUS_NO_MEMORY;
    }
    queue_init(&connection->sending, connection->sending_memory, SEND_QUEUE_BYTES);
    return STATUS_OK;
}

static enum status transport_build(struct transport *transport, const struct node_config *config)
{
    for (uint32_t i = 0; i < config->core.chains_count; i++) {
        const struct chain_config chain = config_chain(config, i);
        transport->first_of_chain[i] = transport->connections_count;
        for (uint32_t j = 0; j < chain.endpoints_count; j++) {
            struct connection *connection = &transport->connections[transport->connections_count];
            transport->connections_count++;
            *connection = (struct connection){
                .transport = transport,
                .chain_index = i,
                .endpoint_index = j,
                .frame_bytes_max = chain.frame_bytes_max,
                .farewell = -1,
            };
            if (endpoint_parse(config->chains[i].endpoints[j], &connection->endpoint) !=
                STATUS_OK) {
                return STATUS_MALFORMED;
            }
            const enum status status = connection_equip(connection);
            if (status != STATUS_OK) {
                return status;
            }
        }
    }
    return STATUS_OK;
}

struct transport *transport_new(struct lws_context *context, struct lws_vhost *vhost,
                                const struct node_config *config,
                                const struct transport_handler *handler)
{
    struct transport *transport = calloc(1, sizeof(*transport));
    if (transport == NULL) {
        return NULL;
    }
    transport->context = context;
    transport->vhost = vhost;
    transport->handler = *handler;
    transport->tls_ca = config->tls_ca;
    transport->resolver = resolver_new(wake_loop, transport);
    transport->connections = calloc(CONNECTIONS_MAX, sizeof(struct connection));
    if (transport->resolver == NULL || transport->connections == NULL ||
        transport_build(transport, config) != STATUS_OK) {
        return transport_free(transport);
    }
    return transport;
}

struct transport *transport_free(struct transport *transport)
{
    if (transport == NULL) {
        return NULL;
    }
    transport->resolver = resolver_free(transport->resolver);
    /* A half-built transport has no connections yet. */
    for (uint32_t i = 0; transport->connections != NULL && i < transport->connections_count; i++) {
        connection_let_go(&transport->connections[i]);
        free(transport->connections[i].sending_memory);
        free(transport->connections[i].received);
    }
    transport->web = web_client_free(transport->web);
    free(transport->connections);
    free(transport);
    return NULL;
}

void transport_start(struct transport *transport)
{
    for (uint32_t i = 0; i < transport->connections_count; i++) {
        connection_try(&transport->connections[i]);
    }
}

void transport_stop(struct transport *transport)
{
    transport->stopping = true;
    for (uint32_t i = 0; i < transport->connections_count; i++) {
        lws_sul_cancel(&transport->connections[i].timer);
    }
    web_client_stop(transport->web);
    transport->resolver = resolver_free(transport->resolver); /* nobody wakes the context now */
}
