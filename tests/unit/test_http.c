/* SPDX-License-Identifier: Apache-2.0 */
/* The small HTTP server for readers of the log, over real sockets: what it answers, and clients
 * that are slow, silent, too many, or say too much. Limits of time are long; nothing is slept for.
 */
#include "tests/support/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "relay/node/web/http.h"

#define WAIT_MS     60000
#define LARGE_BYTES (3u << 20)
#define SILENT      70                              /* clients that say nothing */
#define HALF        (2 * HTTP_CONNECTIONS_MAX + 20) /* who say half a request */

struct desk {
    uint16_t port;
    struct lws_context *context;
    struct http_server *server;
    pthread_t thread;
    atomic_bool is_stopping;
    atomic_uint asked_count;
};

static void serve(void *context, const struct http_request *request, struct http_answer *ret_answer)
{
    struct desk *desk = context;
    const struct bytes path = request->path;
    static uint8_t large[LARGE_BYTES];

    atomic_fetch_add(&desk->asked_count, 1);
    assert_true(path.count > 0 && path.count <= HTTP_PATH_BYTES_MAX && path.data[0] == '/');
    if (bytes_equal(path, bytes_from_string("/small"))) {
        http_answer_copy(ret_answer, bytes_from_string("hello"), "text/plain");
        ret_answer->caching = HTTP_CACHE_FOREVER;
    } else if (bytes_equal(path, bytes_from_string("/taken"))) {
        http_answer_copy(ret_answer, request->accept, "text/plain");
    } else if (bytes_equal(path, bytes_from_string("/large"))) {
        memset(large, 'x', sizeof(large));
        http_answer_copy(ret_answer, bytes_from(large, sizeof(large)), "text/plain");
    }
}

static void *run(void *context)
{
    struct desk *desk = context;

    while (!atomic_load(&desk->is_stopping)) {
        (void)lws_service(desk->context, 0);
    }
    return NULL;
}

static int socket_at(uint16_t *port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(*port),
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t count = sizeof(address);

    assert_true(fd >= 0);
    if (*port != 0) {
        assert_int_equal(0, connect(fd, (const struct sockaddr *)&address, sizeof(address)));
        return fd;
    }
    assert_int_equal(0, bind(fd, (const struct sockaddr *)&address, sizeof(address)));
    assert_int_equal(0, getsockname(fd, (struct sockaddr *)&address, &count));
    *port = ntohs(address.sin_port);
    return fd;
}

static int set_up(void **state)
{
    static const struct lws_protocols none = {.name = NULL};
    static const struct lws_protocols *const protocols[] = {&none, NULL};
    struct desk *desk = calloc(1, sizeof(*desk));
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .fd_limit_per_thread = 512,
        .pprotocols = (const struct lws_protocols **)(uintptr_t)protocols,
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .gid = -1,
        .uid = -1,
    };
    enum status status = STATUS_BUSY;

    lws_set_log_level(0, NULL);
    desk->context = lws_create_context(&info);
    assert_non_null(desk->context);
    for (unsigned i = 0; i < 20 && status == STATUS_BUSY; i++) {
        desk->port = 0;
        (void)close(socket_at(&desk->port)); /* free a moment ago */
        const struct http_options options = {.port = desk->port,
                                             .handler = {.context = desk, .serve = serve}};
        status = http_open(desk->context, &options, &desk->server);
    }
    assert_status(STATUS_OK, status);
    assert_int_equal(0, pthread_create(&desk->thread, NULL, run, desk));
    *state = desk;
    return 0;
}

static int tear_down(void **state)
{
    struct desk *desk = *state;

    atomic_store(&desk->is_stopping, true);
    lws_cancel_service(desk->context);
    assert_int_equal(0, pthread_join(desk->thread, NULL));
    lws_context_destroy(desk->context);
    http_free(desk->server);
    free(desk);
    return 0;
}

/* ---- a client ---- */

static void say(int fd, const char *text)
{
    size_t sent = 0;

    while (sent < strlen(text)) {
        const ssize_t count = send(fd, text + sent, strlen(text) - sent, MSG_NOSIGNAL);
        if (count <= 0) {
            return; /* whoever says too much is not listened to: the answer, or its want, tells */
        }
        sent += (size_t)count;
    }
}

/* Reads until `wanted` bytes are there, or the end. Returns how many; -1: nothing for a minute. */
static ssize_t hear(int fd, char *text, size_t wanted)
{
    size_t heard = 0;

    while (heard < wanted) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (poll(&ready, 1, WAIT_MS) != 1) {
            return -1;
        }
        const ssize_t count = recv(fd, text + heard, wanted - heard, 0);
        if (count <= 0) {
            break;
        }
        heard += (size_t)count;
    }
    return (ssize_t)heard;
}

/* The whole of an answer to one request; the connection ends with it. Returns its status; 0: none.
 */
static int ask_raw(const struct desk *desk, const char *request, char *text, size_t capacity)
{
    uint16_t port = desk->port;
    const int fd = socket_at(&port);
    int code = 0;

    say(fd, request);
    const ssize_t count = hear(fd, text, capacity - 1);
    assert_true(count >= 0);
    text[count] = '\0';
    (void)close(fd);
    const bool is_answer = strncmp(text, "HTTP/1.", 7) == 0 && strlen(text) > 12;
    for (unsigned i = 9; i < 12 && is_answer && text[i] >= '0' && text[i] <= '9'; i++) {
        code = 10 * code + (text[i] - '0');
    }
    return code;
}

static int ask(const struct desk *desk, const char *method, const char *path, char *text,
               size_t capacity)
{
    char request[8192];

    (void)snprintf(request, sizeof(request),
                   "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method, path);
    return ask_raw(desk, request, text, capacity);
}

/* ---- tests ---- */

static void it_answers_what_the_handler_has(void **state)
{
    const struct desk *desk = *state;
    char text[4096];

    assert_int_equal(200, ask(desk, "GET", "/small", text, sizeof(text)));
    assert_non_null(strstr(text, "\r\n\r\nhello"));
    assert_non_null(strstr(text, "content-length: 5\r\n"));
    assert_non_null(strstr(text, "immutable"));
    assert_non_null(strstr(text, "nosniff"));
    assert_int_equal(404, ask(desk, "GET", "/nothing", text, sizeof(text)));
    assert_int_equal(200, ask(desk, "HEAD", "/small", text, sizeof(text)));
    assert_null(strstr(text, "hello"));
    assert_int_equal(405, ask(desk, "POST", "/small", text, sizeof(text)));
}

static void one_connection_may_ask_again(void **state)
{
    const struct desk *desk = *state;
    char text[8192];

    assert_int_equal(200, ask_raw(desk,
                                  "GET /small HTTP/1.1\r\nHost: x\r\n\r\n"
                                  "GET /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                                  text, sizeof(text)));
    const char *first = strstr(text, "hello");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, "hello"));
}

/* A path that is too long never reaches the handler; headers without end are cut off. */
static void what_is_too_long_is_refused(void **state)
{
    struct desk *desk = *state;
    static char path[4096];
    static char request[1u << 20];
    static char text[8192];

    memset(path, 'a', HTTP_PATH_BYTES_MAX + 10);
    path[0] = '/';
    assert_int_equal(404, ask(desk, "GET", path, text, sizeof(text)));
    memset(request, 'a', sizeof(request) - 1);
    memcpy(request, "GET /small HTTP/1.1\r\nX: ", 24);
    assert_int_not_equal(200, ask_raw(desk, request, text, sizeof(text)));
    assert_int_equal(0, atomic_load(&desk->asked_count));
    assert_int_equal(200, ask(desk, "GET", "/small", text, sizeof(text)));
}

static void a_large_answer_arrives_whole(void **state)
{
    const struct desk *desk = *state;
    const size_t capacity = LARGE_BYTES + 4096;
    char *text = malloc(capacity);

    assert_int_equal(200, ask(desk, "GET", "/large", text, capacity));
    const char *body = strstr(text, "\r\n\r\n");
    assert_non_null(body);
    assert_int_equal(LARGE_BYTES, strspn(body + 4, "x"));
    free(text);
}

/* Who asks a letter at a time, and who does not read, hold up nobody else. */
static void slow_clients_hold_up_nobody(void **state)
{
    const struct desk *desk = *state;
    static const char request[] = "GET /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    uint16_t port = desk->port;
    char text[4096];
    const int deaf = socket_at(&port);
    const int slow = socket_at(&port);

    say(deaf, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    for (size_t i = 0; request[i] != '\0'; i++) {
        const char letter[] = {request[i], '\0'};
        say(slow, letter);
        if (i % 8 == 0) {
            char other[4096];
            assert_int_equal(200, ask(desk, "GET", "/small", other, sizeof(other)));
        }
    }
    const ssize_t count = hear(slow, text, sizeof(text) - 1);
    assert_true(count > 0);
    text[count] = '\0';
    assert_non_null(strstr(text, "hello"));
    (void)close(slow);
    (void)close(deaf);
}

/* Asks until it is answered: who left a moment ago may still be counted. */
static void assert_there_is_room_again(const struct desk *desk)
{
    char text[4096];
    int code = 0;

    for (unsigned i = 0; i < 10000 && code != 200; i++) {
        code = ask(desk, "GET", "/small", text, sizeof(text));
    }
    assert_int_equal(200, code);
}

/* Who says nothing holds up nobody. */
static void silent_clients_hold_up_nobody(void **state)
{
    const struct desk *desk = *state;
    int silent[SILENT];
    uint16_t port = desk->port;
    char text[4096];

    for (unsigned i = 0; i < SILENT; i++) {
        silent[i] = socket_at(&port);
        say(silent[i], "GET ");
    }
    const int code = ask(desk, "GET", "/small", text, sizeof(text));
    assert_true(code == 200 || code == 503 || code == 0);
    for (unsigned i = 0; i < SILENT; i++) {
        (void)close(silent[i]);
    }
    assert_there_is_room_again(desk);
}

/* Which of them was let go; `count`: none within the time. */
static unsigned let_go(struct pollfd *clients, unsigned count, int wait_ms)
{
    (void)poll(clients, count, wait_ms);
    for (unsigned i = 0; i < count; i++) {
        if (clients[i].fd >= 0 && clients[i].revents != 0) {
            return i;
        }
    }
    return count;
}

/* Who begins a request and never ends it, even if there is always a letter more: too many of them
 * are not let in, and the others have so much time. */
static void requests_without_an_end_are_bounded(void **state)
{
    const struct desk *desk = *state;
    struct pollfd clients[HALF];
    uint16_t port = desk->port;
    unsigned left = HALF;
    unsigned waits = 0;

    for (unsigned i = 0; i < HALF; i++) {
        clients[i] = (struct pollfd){.fd = socket_at(&port), .events = POLLIN};
        say(clients[i].fd, "GET /small HTTP/1.1\r\nX: ");
    }
    /* The first to go was one too many: those before it have time. */
    const unsigned first = let_go(clients, HALF, WAIT_MS);
    assert_in_range(first, HTTP_CONNECTIONS_MAX, HALF - 1);
    while (left > 0) {
        const unsigned index = let_go(clients, HALF, 100);
        if (index < HALF) {
            (void)close(clients[index].fd);
            clients[index].fd = -1; /* poll passes it over */
            left--;
            continue;
        }
        assert_true(++waits < 1200); /* two minutes */
        for (unsigned i = 0; i < HALF; i += 2) {
            if (clients[i].fd >= 0) {
                say(clients[i].fd, "x");
            }
        }
    }
    assert_there_is_room_again(desk);
}

/* So many stay after their answer; the next one is told to come again. */
static void clients_that_stay_are_bounded(void **state)
{
    static const char request[] = "GET /small HTTP/1.1\r\nHost: x\r\n\r\n";
    const struct desk *desk = *state;
    int staying[HTTP_CONNECTIONS_MAX];
    uint16_t port = desk->port;
    char text[4096];

    for (unsigned i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        staying[i] = socket_at(&port);
        say(staying[i], request);
        assert_int_equal(12, hear(staying[i], text, 12));
        assert_memory_equal("HTTP/1.1 200", text, 12);
    }
    assert_int_equal(503, ask(desk, "GET", "/small", text, sizeof(text)));
    for (unsigned i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
        (void)close(staying[i]);
    }
    assert_there_is_room_again(desk);
}

static void a_port_that_is_taken_is_not_shared(void **state)
{
    struct desk *desk = *state;
    struct http_server *second = NULL;
    const struct http_options options = {.port = desk->port,
                                         .handler = {.context = desk, .serve = serve}};
    struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN,
                                             .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
                                             .gid = -1,
                                             .uid = -1};
    struct lws_context *context = lws_create_context(&info);

    assert_status(STATUS_BUSY, http_open(context, &options, &second));
    assert_null(second);
    lws_context_destroy(context);
}

/* A list of media types, as RFC 9110 has it. */
static void what_is_taken_is_named(void **state)
{
    static const struct {
        const char *accept;
        bool is_wanted;
    } cases[] = {
        {"a/b", true},           {"A/B", true},         {"x/y, a/b;version=1", true},
        {" a/b ;q=0.5", true},   {"a/b;q=0.001", true}, {"a/b;q=0;x=1, a/b", true},
        {"a/b;q=9", true},       {"", false},           {"a/bc", false},
        {"a/", false},           {"*/*", false},        {"a/b;q=0", false},
        {"a/b; q=0.000", false}, {"x/y;p=a/b", false},  {"a/b;v=1;Q=0", false},
        {",,;,", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct http_request request = {.accept = bytes_from_string(cases[i].accept)};
        assert_int_equal(cases[i].is_wanted, http_accepts(&request, "a/b"));
    }
}

/* A list that is too long is as good as none. */
static void the_handler_hears_what_is_taken(void **state)
{
    const struct desk *desk = *state;
    char request[2048];
    char text[4096] = "";
    char types[600];

    (void)snprintf(request, sizeof(request),
                   "GET /taken HTTP/1.1\r\nHost: x\r\nAccept: a/b;q=0.5, c/d\r\n"
                   "Connection: close\r\n\r\n");
    assert_int_equal(200, ask_raw(desk, request, text, sizeof(text)));
    assert_non_null(strstr(text, "\r\n\r\na/b;q=0.5, c/d"));
    memset(types, 'a', sizeof(types) - 1);
    types[sizeof(types) - 1] = '\0';
    (void)snprintf(request, sizeof(request),
                   "GET /taken HTTP/1.1\r\nHost: x\r\nAccept: %s\r\nConnection: close\r\n\r\n",
                   types);
    assert_int_equal(200, ask_raw(desk, request, text, sizeof(text)));
    const char *body = strstr(text, "\r\n\r\n");
    assert_non_null(body);
    assert_string_equal(body + 4, "");
}

#define WITH_DESK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DESK(it_answers_what_the_handler_has),     cmocka_unit_test(what_is_taken_is_named),
        WITH_DESK(the_handler_hears_what_is_taken),     WITH_DESK(one_connection_may_ask_again),
        WITH_DESK(what_is_too_long_is_refused),         WITH_DESK(a_large_answer_arrives_whole),
        WITH_DESK(slow_clients_hold_up_nobody),         WITH_DESK(silent_clients_hold_up_nobody),
        WITH_DESK(requests_without_an_end_are_bounded), WITH_DESK(clients_that_stay_are_bounded),
        WITH_DESK(a_port_that_is_taken_is_not_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
