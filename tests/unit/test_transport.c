/* SPDX-License-Identifier: Apache-2.0 */
/* Connections to endpoints that behave, die, refuse and babble: over websockets and over HTTP. The
 * servers are real ones on this machine; what they send is written byte by byte. */
#include "tests/support/unit.h"

#include <libwebsockets.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <sys/socket.h>

#include "relay/node/transport/transport.h"
#include "relay/node/web/web_client.h"
#include "tests/support/web_server.h"
#include "tests/support/web_store.h"

enum { ENDPOINTS = 2, MESSAGE_BYTES = 64 };

/* ---- servers ---- */

/* RFC 6455, section 4.2.2. */
static void accept_websocket(const struct web_server_request *request)
{
    static const char name[] = "sec-websocket-key: ";
    char text[128] = "";
    uint8_t digest[EVP_MAX_MD_SIZE];
    uint8_t base64[64];
    unsigned count = 0;
    const char *const key = strcasestr(request->headers, name);

    assert_non_null(key);
    (void)snprintf(text, sizeof(text), "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
                   key + strlen(name));
    assert_int_equal(1, EVP_Digest(text, strlen(text), digest, &count, EVP_sha1(), NULL));
    (void)EVP_EncodeBlock(base64, digest, (int)count);
    (void)snprintf(text, sizeof(text),
                   "HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Accept: ");
    web_server_write(request->fd, text, strlen(text));
    web_server_write(request->fd, (const char *)base64, strlen((const char *)base64));
    web_server_write(request->fd, "\r\n\r\n", 4);
}

/* Gives every short message back until the connection ends. */
static void echo(int fd)
{
    uint8_t head[6];

    while (recv(fd, head, sizeof(head), MSG_WAITALL) == sizeof(head)) {
        const size_t count = head[1] & 0x7fu;
        uint8_t frame[2 + 125] = {0x81, (uint8_t)count};
        if (count > 125 || recv(fd, frame + 2, count, MSG_WAITALL) != (ssize_t)count) {
            return;
        }
        for (size_t i = 0; i < count; i++) {
            frame[2 + i] ^= head[2 + i % 4];
        }
        if ((head[0] & 0xf) == 1) {
            web_server_write(fd, (const char *)frame, 2 + count);
        }
    }
}

static bool is_at(const struct web_server_request *request, const char *target)
{
    return strcmp(request->target, target) == 0;
}

static bool handle(void *context, const struct web_server_request *request)
{
    static const char plea[] = "HTTP/1.1 429 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n";
    const int fd = request->fd;

    (void)context;
    if (strcmp(request->method, "GET") == 0) {
        accept_websocket(request);
        if (is_at(request, "/echo") || (is_at(request, "/second") && request->connection > 1)) {
            echo(fd);
        } else if (is_at(request, "/hello")) {
            web_server_write(fd, "\x81\x05hello", 7);
        } else if (is_at(request, "/pieces")) {
            web_server_write(fd, "\x01\x03hel\x80\x02lo", 9);
            echo(fd);
        } else if (is_at(request, "/babble")) {
            web_server_write(fd, "\x81\x02\xff\xfe", 4);
            echo(fd);
        } else if (is_at(request, "/huge")) {
            /* Promises 2^32 bytes, and gives as many as the library gathers before it tells. */
            static const char some[65536 + 64];
            web_server_write(fd, "\x81\x7f\0\0\0\x01\0\0\0\0", 10);
            web_server_write(fd, some, sizeof(some));
            echo(fd);
        }
        return false;
    }
    if (is_at(request, "/busy")) {
        web_server_write(fd, plea, sizeof(plea) - 1);
    } else if (is_at(request, "/error")) {
        web_server_reply(fd, 500, "{\"error\":1}");
    } else if (is_at(request, "/gone")) {
        web_server_reply(fd, 404, "");
    } else if (is_at(request, "/words")) {
        web_server_reply(fd, 502, "<html>");
    } else {
        web_server_reply(fd, 200, request->body);
    }
    return true;
}

/* ---- the transport ---- */

struct heard {
    uint32_t connected;
    uint32_t lost;
    uint32_t limited;
    uint64_t limited_ns;
    uint32_t messages;
    char message[MESSAGE_BYTES];
    uint32_t troubles;
    char trouble[MESSAGE_BYTES];
    uint32_t retry_ms;
    uint32_t retry_ms_most;
};

struct ground {
    struct web_server *server;
    struct node_config *config;
    struct lws_context *context;
    struct transport *transport;
    struct heard heard[ENDPOINTS];
};

static void keep(char text[MESSAGE_BYTES], struct bytes bytes)
{
    (void)snprintf(text, MESSAGE_BYTES, "%.*s", (int)bytes.count, (const char *)bytes.data);
}

static void on_connected(void *context, uint32_t chain, uint32_t endpoint)
{
    (void)chain;
    ((struct heard *)context)[endpoint].connected++;
}

static void on_lost(void *context, uint32_t chain, uint32_t endpoint)
{
    (void)chain;
    ((struct heard *)context)[endpoint].lost++;
}

static void on_frame(void *context, uint32_t chain, uint32_t endpoint, struct bytes frame)
{
    struct heard *const heard = &((struct heard *)context)[endpoint];

    (void)chain;
    heard->messages++;
    keep(heard->message, frame);
}

static void on_limited(void *context, uint32_t chain, uint32_t endpoint, struct duration wait)
{
    struct heard *const heard = &((struct heard *)context)[endpoint];

    (void)chain;
    heard->limited++;
    heard->limited_ns = wait.ns;
}

static void on_trouble(void *context, uint32_t chain, uint32_t endpoint, struct bytes text,
                       uint32_t retry_ms)
{
    struct heard *const heard = &((struct heard *)context)[endpoint];

    (void)chain;
    heard->troubles++;
    heard->retry_ms = retry_ms;
    heard->retry_ms_most = retry_ms > heard->retry_ms_most ? retry_ms : heard->retry_ms_most;
    keep(heard->trouble, text);
}

/* Endpoints of one chain; "%u" in an address is the server's port. */
static struct ground *ground_new(const char *first, const char *second)
{
    static const struct lws_protocols *const protocols[] = {&transport_protocol,
                                                            &web_client_protocol, NULL};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .pprotocols = (const struct lws_protocols **)(uintptr_t)protocols,
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .gid = -1,
        .uid = -1,
    };
    struct ground *const ground = test_calloc(1, sizeof(*ground));
    const struct transport_handler handler = {.context = ground->heard,
                                              .connected = on_connected,
                                              .lost = on_lost,
                                              .frame = on_frame,
                                              .limited = on_limited,
                                              .trouble = on_trouble};
    const char *const addresses[] = {first, second};

    ground->server = web_server_new(handle, NULL);
    ground->config = test_calloc(1, sizeof(*ground->config));
    ground->config->core.chains_count = 1;
    for (uint32_t i = 0; i < ENDPOINTS && addresses[i] != NULL; i++) {
        char *const url = ground->config->chains[0].endpoints[i];
        const char *const port = strstr(addresses[i], "PORT");
        ground->config->chains[0].endpoints_count++;
        (void)snprintf(url, CONFIG_URL_BYTES_MAX, "%.*s%u%s",
                       (int)(port == NULL ? 0 : port - addresses[i]), addresses[i],
                       web_server_port(ground->server), port == NULL ? "" : port + 4);
        if (port == NULL) {
            (void)snprintf(url, CONFIG_URL_BYTES_MAX, "%s", addresses[i]);
        }
    }
    lws_set_log_level(0, NULL);
    ground->context = lws_create_context(&info);
    assert_non_null(ground->context);
    struct lws_vhost *const vhost = lws_create_vhost(ground->context, &info);
    assert_non_null(vhost);
    ground->transport = transport_new(ground->context, vhost, ground->config, &handler);
    assert_non_null(ground->transport);
    transport_start(ground->transport);
    return ground;
}

static void ground_free(struct ground *ground)
{
    transport_stop(ground->transport);
    lws_context_destroy(ground->context);
    ground->transport = transport_free(ground->transport);
    ground->server = web_server_free(ground->server);
    test_free(ground->config);
    test_free(ground);
}

/* Runs until the count is reached; fails after 20 seconds. */
static void run_until(struct ground *ground, const uint32_t *counter, uint32_t count)
{
    const uint64_t until_ms = web_store_clock_ms() + 20000;

    while (*counter < count) {
        assert_true(web_store_clock_ms() < until_ms);
        assert_true(lws_service(ground->context, 0) >= 0);
        transport_take_addresses(ground->transport);
    }
}

static void run_ms(struct ground *ground, uint64_t ms)
{
    const uint64_t until_ms = web_store_clock_ms() + ms;

    while (web_store_clock_ms() < until_ms) {
        lws_cancel_service(ground->context); /* or it would wait for something to happen */
        assert_true(lws_service(ground->context, 0) >= 0);
        transport_take_addresses(ground->transport);
    }
}

static void say(struct ground *ground, uint32_t endpoint, const char *text)
{
    transport_send(ground->transport, 0, endpoint, bytes_from_string(text));
}

/* ---- websockets ---- */

static void messages_go_both_ways(void **state)
{
    (void)state;
    struct ground *const ground =
        ground_new("ws://127.0.0.1:PORT/echo", "ws://127.0.0.1:PORT/pieces");

    say(ground, 0, "before it is connected: dropped");
    run_until(ground, &ground->heard[0].connected, 1);
    say(ground, 0, "one");
    say(ground, 0, "two");
    run_until(ground, &ground->heard[0].messages, 2);
    assert_string_equal(ground->heard[0].message, "two");
    run_until(ground, &ground->heard[1].messages, 1);
    assert_string_equal(ground->heard[1].message, "hello");
    run_ms(ground, 50);
    assert_int_equal(ground->heard[0].messages, 2);
    assert_int_equal(ground->heard[0].lost + ground->heard[0].troubles, 0);
    ground_free(ground);
}

/* It is connected to again for ever: at once after a message came, ever later while none does. What
 * was to be sent to the one that died is not sent to the next. */
static void a_dead_connection_is_told_and_made_again(void **state)
{
    (void)state;
    struct ground *const ground =
        ground_new("ws://127.0.0.1:PORT/hello", "ws://127.0.0.1:PORT/cut");

    run_until(ground, &ground->heard[0].lost, 4);
    assert_true(ground->heard[0].connected >= 4);
    assert_true(ground->heard[0].messages >= 4);
    assert_int_equal(ground->heard[0].retry_ms_most, 100);
    run_until(ground, &ground->heard[1].lost, 4);
    assert_int_equal(ground->heard[1].messages, 0);
    assert_true(ground->heard[1].retry_ms_most >= 1000);
    ground_free(ground);
}

/* The first connection reads nothing and ends: what waited for it is unknown to who asked, and is
 * not said to the next one. */
static void what_was_not_sent_dies_with_its_connection(void **state)
{
    (void)state;
    static char much[400000];
    struct ground *const ground = ground_new("ws://127.0.0.1:PORT/second", NULL);

    memset(much, 'x', sizeof(much));
    run_until(ground, &ground->heard[0].connected, 1);
    for (uint32_t i = 0; i < 18; i++) { /* more than a socket takes, less than the queue */
        transport_send(ground->transport, 0, 0, bytes_from(much, sizeof(much)));
    }
    run_until(ground, &ground->heard[0].connected, 2);
    say(ground, 0, "new");
    run_until(ground, &ground->heard[0].messages, 1);
    assert_string_equal(ground->heard[0].message, "new");
    assert_int_equal(ground->heard[0].lost, 1);
    ground_free(ground);
}

static void what_breaks_the_protocol_is_cut_off_by_name(void **state)
{
    (void)state;
    struct ground *const ground =
        ground_new("ws://127.0.0.1:PORT/babble", "ws://127.0.0.1:PORT/huge");

    for (uint32_t i = 0; i < ENDPOINTS; i++) {
        run_until(ground, &ground->heard[i].lost, 1);
        assert_int_equal(ground->heard[i].messages, 0);
    }
    assert_string_equal(ground->heard[0].trouble, "text that is not UTF-8");
    assert_string_equal(ground->heard[1].trouble, "a message above frame_bytes_max");
    ground_free(ground);
}

/* While it holds, what comes stays in the socket. */
static void held_connections_read_nothing(void **state)
{
    (void)state;
    struct ground *const ground = ground_new("ws://127.0.0.1:PORT/echo", NULL);

    run_until(ground, &ground->heard[0].connected, 1);
    transport_set_reading(ground->transport, TRANSPORT_HOLD);
    say(ground, 0, "later");
    run_ms(ground, 200);
    assert_int_equal(ground->heard[0].messages, 0);
    transport_set_reading(ground->transport, TRANSPORT_READ);
    run_until(ground, &ground->heard[0].messages, 1);
    assert_int_equal(ground->heard[0].lost, 0);
    ground_free(ground);
}

/* ---- names ---- */

/* The name is found beside the loop, which serves the other endpoint meanwhile. */
static void names_are_looked_up(void **state)
{
    (void)state;
    struct ground *const ground =
        ground_new("ws://localhost:PORT/echo", "ws://nobody.invalid:PORT/echo");

    run_until(ground, &ground->heard[0].connected, 1);
    say(ground, 0, "by name");
    run_until(ground, &ground->heard[0].messages, 1);
    run_until(ground, &ground->heard[1].troubles, 1);
    assert_string_equal(ground->heard[1].trouble, "name not found");
    assert_int_equal(ground->heard[1].connected + ground->heard[1].lost, 0);
    ground_free(ground);
}

/* ---- HTTP ---- */

static void single_requests_are_answered(void **state)
{
    (void)state;
    struct ground *const ground =
        ground_new("http://127.0.0.1:PORT/rpc", "http://127.0.0.1:PORT/error");

    for (uint32_t i = 0; i < ENDPOINTS; i++) {
        assert_int_equal(ground->heard[i].connected, 1);
        say(ground, i, "[1]");
        run_until(ground, &ground->heard[i].messages, 1);
        assert_int_equal(ground->heard[i].lost, 0);
    }
    assert_string_equal(ground->heard[0].message, "[1]");
    assert_string_equal(ground->heard[1].message, "{\"error\":1}"); /* a node's own error */
    ground_free(ground);
}

static void other_statuses_end_what_is_under_way(void **state)
{
    (void)state;
    static const char *const targets[] = {"/gone", "/words"};
    static const char *const words[] = {"answers with HTTP status 404",
                                        "answers with HTTP status 502"};
    char url[64];

    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        (void)snprintf(url, sizeof(url), "http://127.0.0.1:PORT%s", targets[i]);
        struct ground *const ground = ground_new(url, "http://127.0.0.1:PORT/rpc");
        say(ground, 0, "[1]");
        say(ground, 1, "[2]");
        run_until(ground, &ground->heard[0].lost, 1);
        assert_string_equal(ground->heard[0].trouble, words[i]);
        assert_int_equal(ground->heard[0].messages, 0);
        run_until(ground, &ground->heard[0].connected, 2);
        run_until(ground, &ground->heard[1].messages, 1);
        assert_int_equal(ground->heard[1].lost, 0);
        ground_free(ground);
    }
}

/* It stays connected: it is only to be left alone for so long. */
static void a_plea_for_patience_loses_no_endpoint(void **state)
{
    (void)state;
    struct ground *const ground = ground_new("http://127.0.0.1:PORT/busy", NULL);

    say(ground, 0, "[1]");
    run_until(ground, &ground->heard[0].limited, 1);
    assert_int_equal(ground->heard[0].limited_ns, UINT64_C(7000000000));
    run_ms(ground, 50);
    assert_int_equal(ground->heard[0].lost + ground->heard[0].troubles, 0);
    assert_int_equal(ground->heard[0].messages, 0);
    ground_free(ground);
}

static void nobody_there_is_lost_and_tried_again(void **state)
{
    (void)state;
    struct ground *const ground = ground_new("http://127.0.0.1:1/rpc", "ws://127.0.0.1:1/");

    say(ground, 0, "[1]");
    run_until(ground, &ground->heard[0].lost, 1);
    run_until(ground, &ground->heard[0].connected, 2);
    run_until(ground, &ground->heard[1].troubles, 3);
    assert_int_equal(ground->heard[1].connected + ground->heard[1].lost, 0);
    assert_true(ground->heard[1].retry_ms >= 500);
    ground_free(ground);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_go_both_ways),
        cmocka_unit_test(a_dead_connection_is_told_and_made_again),
        cmocka_unit_test(what_was_not_sent_dies_with_its_connection),
        cmocka_unit_test(what_breaks_the_protocol_is_cut_off_by_name),
        cmocka_unit_test(held_connections_read_nothing),
        cmocka_unit_test(names_are_looked_up),
        cmocka_unit_test(single_requests_are_answered),
        cmocka_unit_test(other_statuses_end_what_is_under_way),
        cmocka_unit_test(a_plea_for_patience_loses_no_endpoint),
        cmocka_unit_test(nobody_there_is_lost_and_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
