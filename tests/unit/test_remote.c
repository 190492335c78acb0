/* SPDX-License-Identifier: Apache-2.0 */
/* The web client and the thread of remote stores against servers that behave, stall, lie, flood and
 * cut. */
#include "tests/support/unit.h"

#include <inttypes.h>
#include <libwebsockets.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/node/checkpoint_json.h"
#include "relay/node/remote.h"
#include "relay/node/web_client.h"
#include "tests/support/web_server.h"

#define OBJECTS_MAX 256u
#define FLOOD_BYTES 10000000000u

/* ---- a store in this process ---- */

struct object {
    char target[128];
    char body[2048];
    unsigned status; /* of the reply; 0: none ever comes */
    bool floods;     /* a body without end */
    bool closes;     /* the connection, after the reply, without a word */
    uint32_t reads;
};

static struct {
    pthread_mutex_t lock;
    struct object objects[OBJECTS_MAX];
    uint32_t objects_count;
    uint32_t requests_count;
    uint64_t flooded;
    uint32_t unsigned_puts;
    unsigned put_status;
    char posted[1024];
} world = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct web_server *server;
static char endpoint[64];

static struct object *find(const char *target)
{
    for (uint32_t i = 0; i < world.objects_count; i++) {
        if (strcmp(world.objects[i].target, target) == 0) {
            return &world.objects[i];
        }
    }
    return NULL;
}

static void put(const char *target, unsigned status, const char *body)
{
    CHECK(pthread_mutex_lock(&world.lock) == 0);
    struct object *object = find(target);
    if (object == NULL) {
        CHECK(world.objects_count < OBJECTS_MAX);
        object = &world.objects[world.objects_count++];
        memset(object, 0, sizeof(*object));
        (void)snprintf(object->target, sizeof(object->target), "%s", target);
    }
    object->status = status;
    (void)snprintf(object->body, sizeof(object->body), "%s", body);
    CHECK(pthread_mutex_unlock(&world.lock) == 0);
}

static struct object get(const char *target)
{
    CHECK(pthread_mutex_lock(&world.lock) == 0);
    const struct object *const found = find(target);
    const struct object object = found == NULL ? (struct object){.reads = 0} : *found;
    CHECK(pthread_mutex_unlock(&world.lock) == 0);
    return object;
}

static uint32_t requests_count(void)
{
    CHECK(pthread_mutex_lock(&world.lock) == 0);
    const uint32_t count = world.requests_count;
    CHECK(pthread_mutex_unlock(&world.lock) == 0);
    return count;
}

static void flood(int fd)
{
    static const char junk[65536] = {'x'};
    char head[128];
    (void)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    web_server_write(fd, head, strlen(head));
    for (uint64_t sent = 0; sent < FLOOD_BYTES; sent += sizeof(junk)) {
        const ssize_t taken = send(fd, "10000\r\n", 7, MSG_NOSIGNAL);
        if (taken <= 0 || send(fd, junk, sizeof(junk), MSG_NOSIGNAL) <= 0) {
            return;
        }
        web_server_write(fd, "\r\n", 2);
        CHECK(pthread_mutex_lock(&world.lock) == 0);
        world.flooded += sizeof(junk);
        CHECK(pthread_mutex_unlock(&world.lock) == 0);
    }
}

static bool handle(void *context, const struct web_server_request *request)
{
    (void)context;
    CHECK(pthread_mutex_lock(&world.lock) == 0);
    world.requests_count++;
    struct object *const found = find(request->target);
    const struct object object =
        found == NULL ? (struct object){.status = 404, .body = "<Error/>"} : *found;
    if (found != NULL) {
        found->reads++;
    }
    const unsigned put_status = world.put_status;
    if (strcmp(request->method, "POST") == 0) {
        (void)snprintf(world.posted, sizeof(world.posted), "%s", request->body);
    }
    if (strcmp(request->method, "PUT") == 0 &&
        strstr(request->headers, "Authorization: AWS4-HMAC-SHA256 Credential=ID/") == NULL) {
        world.unsigned_puts++;
    }
    CHECK(pthread_mutex_unlock(&world.lock) == 0);
    if (strcmp(request->method, "PUT") == 0) {
        if (put_status == 200) {
            put(request->target, 200, request->body);
        }
        web_server_reply(request->fd, put_status, "");
        return true;
    }
    if (object.status == 0) {
        return true;
    }
    if (object.floods) {
        flood(request->fd);
        return false;
    }
    if (object.status == 302) {
        char text[256];
        (void)snprintf(text, sizeof(text),
                       "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                       object.body);
        web_server_write(request->fd, text, strlen(text));
        return true;
    }
    web_server_reply(request->fd, object.status, object.body);
    return !object.closes;
}

static int set_up(void **state)
{
    (void)state;
    world.objects_count = 0;
    world.requests_count = 0;
    world.flooded = 0;
    world.unsigned_puts = 0;
    world.put_status = 200;
    server = web_server_new(handle, NULL);
    (void)snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%u", web_server_port(server));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    server = web_server_free(server);
    return 0;
}

static uint64_t clock_ms(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- the web client ---- */

static struct lws_context *context;
static struct web_client *client;

struct outcome_of {
    uint32_t count;
    enum web_end end;
    unsigned status;
    size_t body_count;
};

static void took(void *target, const struct web_result *result)
{
    struct outcome_of *const outcome = target;
    outcome->count++;
    outcome->end = result->end;
    outcome->status = result->status;
    outcome->body_count = result->body.count;
}

static void open_client(void)
{
    static const struct lws_protocols *const protocols[] = {&web_client_protocol, NULL};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .pprotocols = (const struct lws_protocols **)(uintptr_t)protocols,
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .gid = -1,
        .uid = -1,
    };
    lws_set_log_level(0, NULL);
    context = lws_create_context(&info);
    assert_non_null(context);
    struct lws_vhost *const vhost = lws_create_vhost(context, &info);
    assert_non_null(vhost);
    client = web_client_new(context, vhost);
    assert_non_null(client);
}

static void close_client(void)
{
    web_client_stop(client);
    lws_context_destroy(context);
    client = web_client_free(client);
}

static void ask(const char *url, bool allow_private, uint32_t deadline_ms,
                struct outcome_of *outcome)
{
    struct web_request request = {.method = "GET",
                                  .reply_bytes_max = 4096,
                                  .deadline_ms = deadline_ms,
                                  .allow_private = allow_private,
                                  .handler = {.context = outcome, .done = took}};
    assert_int_equal(web_url_parse(bytes_from_string(url), &request.url), STATUS_OK);
    web_client_ask(client, &request);
}

static void run_until_answered(void)
{
    const uint64_t until_ms = clock_ms() + 20000;
    lws_sorted_usec_list_t timer;
    memset(&timer, 0, sizeof(timer));
    while (web_client_open(client) > 0) {
        assert_true(clock_ms() < until_ms);
        assert_true(lws_service(context, 0) >= 0);
        web_client_service(client);
    }
}

static struct outcome_of ask_one(const char *url, bool allow_private, uint32_t deadline_ms)
{
    struct outcome_of outcome = {.count = 0};
    ask(url, allow_private, deadline_ms, &outcome);
    run_until_answered();
    assert_int_equal(outcome.count, 1);
    return outcome;
}

static const char *url_of(const char *target)
{
    static char text[256];
    (void)snprintf(text, sizeof(text), "%s%s", endpoint, target);
    return text;
}

static void replies_come_and_connections_are_kept(void **state)
{
    (void)state;
    open_client();
    put("/a", 200, "body");
    for (uint32_t i = 0; i < 20; i++) {
        const struct outcome_of outcome = ask_one(url_of("/a"), true, 5000);
        assert_int_equal(outcome.end, WEB_END_REPLIED);
        assert_int_equal(outcome.status, 200);
        assert_int_equal(outcome.body_count, 4);
    }
    assert_int_equal(ask_one(url_of("/none"), true, 5000).status, 404);
    assert_int_equal(web_server_connections(server), 1);
    struct outcome_of many[100] = {{.count = 0}};
    for (uint32_t i = 0; i < 100; i++) {
        ask(url_of("/a"), true, 5000, &many[i]);
    }
    run_until_answered();
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(many[i].count, 1);
        assert_int_equal(many[i].end, WEB_END_REPLIED);
    }
    assert_true(web_server_connections(server) <= WEB_CONNECTIONS_PER_HOST);
    close_client();
}

/* The server ends each connection after its reply and does not say so. */
static void a_kept_connection_that_was_closed_is_replaced(void **state)
{
    (void)state;
    open_client();
    put("/a", 200, "body");
    find("/a")->closes = true;
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(ask_one(url_of("/a"), true, 5000).end, WEB_END_REPLIED);
        (void)usleep(20000);
    }
    assert_int_equal(get("/a").reads, 5);
    close_client();
}

static void a_flood_is_cut_at_the_limit(void **state)
{
    (void)state;
    open_client();
    put("/flood", 200, "");
    find("/flood")->floods = true;
    assert_int_equal(ask_one(url_of("/flood"), true, 10000).end, WEB_END_TOO_LARGE);
    close_client();
    server = web_server_free(server);
    assert_true(world.flooded < 16u << 20); /* what fits in the sockets' own buffers */
    assert_int_equal(set_up(state), 0);
}

static void silence_ends_at_the_deadline_and_delays_nobody(void **state)
{
    struct outcome_of silent[WEB_CONNECTIONS_PER_HOST] = {{.count = 0}};
    struct web_server *const other = web_server_new(handle, NULL);
    struct outcome_of quick = {.count = 0};
    char text[64];

    (void)state;
    open_client();
    put("/silent", 0, "");
    put("/a", 200, "body");
    const uint64_t began_ms = clock_ms();
    for (uint32_t i = 0; i < WEB_CONNECTIONS_PER_HOST; i++) {
        ask(url_of("/silent"), true, 1000, &silent[i]);
    }
    (void)snprintf(text, sizeof(text), "http://127.0.0.1:%u/a", web_server_port(other));
    ask(text, true, 5000, &quick);
    while (quick.count == 0) {
        assert_true(lws_service(context, 0) >= 0);
        web_client_service(client);
    }
    assert_true(clock_ms() - began_ms < 900);
    run_until_answered();
    for (uint32_t i = 0; i < WEB_CONNECTIONS_PER_HOST; i++) {
        assert_int_equal(silent[i].end, WEB_END_LATE);
    }
    assert_true(clock_ms() - began_ms >= 1000);
    close_client();
    (void)web_server_free(other);
}

static void redirects_are_not_followed(void **state)
{
    (void)state;
    open_client();
    put("/away", 302, url_of("/secret"));
    put("/secret", 200, "secret");
    const struct outcome_of outcome = ask_one(url_of("/away"), true, 5000);
    assert_int_equal(outcome.end, WEB_END_REPLIED);
    assert_int_equal(outcome.status, 302);
    assert_int_equal(get("/secret").reads, 0);
    close_client();
}

/* However the address is written, nothing reaches the server. */
static void private_addresses_are_not_connected_to(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]", "2130706433",
                                        "0x7f.1",    "0.0.0.0",   "127.1", "[::ffff:127.0.0.1]"};
    char text[96];

    (void)state;
    open_client();
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        (void)snprintf(text, sizeof(text), "http://%s:%u/a", hosts[i], web_server_port(server));
        const struct outcome_of outcome = ask_one(text, false, 5000);
        /* Without IPv6 such names are not found at all. */
        assert_true(outcome.end == WEB_END_FORBIDDEN ||
                    (outcome.end == WEB_END_UNREACHABLE && hosts[i][0] == '['));
    }
    assert_int_equal(web_server_connections(server), 0);
    close_client();
}

static void nobody_there_is_unreachable(void **state)
{
    const uint16_t port = web_server_port(server);
    char text[64];

    (void)state;
    server = web_server_free(server);
    open_client();
    (void)snprintf(text, sizeof(text), "http://127.0.0.1:%u/a", port);
    assert_int_equal(ask_one(text, true, 5000).end, WEB_END_UNREACHABLE);
    assert_int_equal(ask_one("http://no-such-host.invalid/", true, 10000).end, WEB_END_UNREACHABLE);
    close_client();
    assert_int_equal(set_up(state), 0);
}

/* ---- stores ---- */

static struct remote *remote;
static const struct sigv4_credentials credentials = {.access_key_id = "ID",
                                                     .secret_access_key = "SECRET"};

static void woken(void *target)
{
    (void)target;
}

static void open_remote(void)
{
    const struct remote_options options = {.tls_ca = "",
                                           .s3_endpoint = endpoint,
                                           .gcs_endpoint = endpoint,
                                           .build_id = "test",
                                           .credentials = &credentials};
    remote = remote_new(&options, woken, NULL);
    assert_non_null(remote);
}

static struct driver_fetch fetch_of(const char *location, uint32_t index)
{
    struct driver_fetch fetch = {.domain = 7,
                                 .location = bytes_from_string(location),
                                 .index = index,
                                 .tree_hook = {{[31] = 9}}};
    fetch.message_id.bytes[0] = (uint8_t)index;
    return fetch;
}

/* The checkpoint of an index as its validator writes it. */
static char *checkpoint_text(uint32_t index)
{
    struct driver_publish publish = {.domain = 7, .tree_hook = {{[31] = 9}}};
    publish.checkpoint.index = index;
    publish.signature.bytes[5] = (uint8_t)(index + 1);
    publish.signature.bytes[37] = 1;
    publish.signature.bytes[64] = 27;
    char *const text = checkpoint_json_write(&publish);
    assert_non_null(text);
    return text;
}

static void put_checkpoint(const char *folder, uint32_t index)
{
    char target[128];
    char *const text = checkpoint_text(index);
    (void)snprintf(target, sizeof(target), "%s/checkpoint_%" PRIu32 "_with_id.json", folder, index);
    put(target, 200, text);
    free(text);
}

static void fetch(const char *location, uint32_t index)
{
    const struct driver_fetch request = fetch_of(location, index);
    assert_int_equal(remote_fetch(remote, &request), STATUS_OK);
}

static struct remote_event taken;

static struct event take_within(uint32_t ms)
{
    const uint64_t until_ms = clock_ms() + ms;
    while (!remote_take(remote, &taken)) {
        assert_true(clock_ms() < until_ms);
        (void)usleep(2000);
    }
    return taken.event;
}

static enum outcome outcome_of_fetch(const char *location, uint32_t index)
{
    fetch(location, index);
    const struct event event = take_within(8000);
    assert_int_equal(event.kind, EVENT_CHECKPOINT);
    assert_int_equal(event.checkpoint.index, index);
    return event.checkpoint.outcome;
}

static void checkpoints_are_read_from_both_kinds_of_stores(void **state)
{
    (void)state;
    put_checkpoint("/bucket/folder", 3);
    put_checkpoint("/google", 4);
    open_remote();
    assert_int_equal(outcome_of_fetch("s3://bucket/us-east-1/folder", 3), OUTCOME_OK);
    assert_int_equal(outcome_of_fetch("gs://google/gcsAnnouncementKey", 4), OUTCOME_OK);
    const uint32_t before = requests_count();
    assert_int_equal(outcome_of_fetch("s3://bucket/us-east-1/folder", 3), OUTCOME_OK);
    assert_int_equal(requests_count(), before); /* it is remembered */
    assert_int_equal(outcome_of_fetch("s3://bucket/us-east-1/none", 3), OUTCOME_ABSENT);
    assert_int_equal(outcome_of_fetch("s3://bucket/..", 3), OUTCOME_ABSENT);
    remote = remote_free(remote);
}

static void a_raised_flag_refuses_and_an_unreadable_one_is_unknown(void **state)
{
    (void)state;
    put_checkpoint("/raised", 1);
    put("/raised/reorg_flag.json", 200, "{}");
    put_checkpoint("/hidden", 1);
    put("/hidden/reorg_flag.json", 403, "");
    put_checkpoint("/google", 1);
    put("/google/gcsReorgFlagKey", 500, "");
    open_remote();
    assert_int_equal(outcome_of_fetch("s3://raised/us-east-1", 1), OUTCOME_REFUSED);
    assert_int_equal(outcome_of_fetch("s3://hidden/us-east-1", 1), OUTCOME_UNKNOWN);
    assert_int_equal(outcome_of_fetch("gs://google", 1), OUTCOME_UNKNOWN);
    assert_int_equal(get("/hidden/checkpoint_1_with_id.json").reads, 0);
    put("/hidden/reorg_flag.json", 404, "");
    const uint64_t until_ms = clock_ms() + 5000;
    while (outcome_of_fetch("s3://hidden/us-east-1", 1) != OUTCOME_OK) {
        assert_true(clock_ms() < until_ms);
        (void)usleep(50000);
    }
    remote = remote_free(remote);
}

/* A hundred messages ask for checkpoints that come half a second later. */
static void many_that_wait_cost_a_store_few_requests(void **state)
{
    (void)state;
    put("/bucket/checkpoint_latest_index.json", 200, "9");
    open_remote();
    for (uint32_t i = 10; i < 110; i++) {
        fetch("s3://bucket/us-east-1", i);
        fetch("s3://bucket/us-east-1", i); /* a repeat is the same question */
    }
    (void)usleep(700000);
    for (uint32_t i = 10; i < 110; i++) {
        put_checkpoint("/bucket", i);
    }
    put("/bucket/checkpoint_latest_index.json", 200, "109");
    for (uint32_t i = 10; i < 110; i++) {
        assert_int_equal(take_within(4000).checkpoint.outcome, OUTCOME_OK);
    }
    assert_false(remote_take(remote, &taken));
    /* Each is asked for twice; the flag and the newest index a few times for all together. */
    assert_true(requests_count() <= 210);
    assert_true(web_server_connections(server) <= WEB_CONNECTIONS_PER_HOST);
    remote = remote_free(remote);
}

static void bad_stores_are_unknown_and_cost_nobody_else(void **state)
{
    (void)state;
    put_checkpoint("/good", 2);
    put("/flood/checkpoint_2_with_id.json", 200, "");
    find("/flood/checkpoint_2_with_id.json")->floods = true;
    put("/junk/checkpoint_2_with_id.json", 200, "{\"value\": 1}");
    put("/away/checkpoint_2_with_id.json", 302, url_of("/good/checkpoint_2_with_id.json"));
    put("/error/checkpoint_2_with_id.json", 503, "");
    char *const other = checkpoint_text(5);
    put("/swapped/checkpoint_2_with_id.json", 200, other);
    free(other);
    open_remote();
    assert_int_equal(outcome_of_fetch("s3://flood/us-east-1", 2), OUTCOME_UNKNOWN);
    assert_int_equal(outcome_of_fetch("s3://junk/us-east-1", 2), OUTCOME_UNKNOWN);
    assert_int_equal(outcome_of_fetch("s3://away/us-east-1", 2), OUTCOME_UNKNOWN);
    assert_int_equal(outcome_of_fetch("s3://error/us-east-1", 2), OUTCOME_UNKNOWN);
    assert_int_equal(outcome_of_fetch("s3://swapped/us-east-1", 2), OUTCOME_UNKNOWN);
    assert_int_equal(get("/good/checkpoint_2_with_id.json").reads, 0);
    /* A store that failed is not asked again at once. */
    const uint32_t before = get("/error/checkpoint_2_with_id.json").reads;
    assert_int_equal(outcome_of_fetch("s3://error/us-east-1", 2), OUTCOME_UNKNOWN);
    assert_int_equal(get("/error/checkpoint_2_with_id.json").reads, before);
    /* One that never answers delays nobody. */
    put("/silent/reorg_flag.json", 0, "");
    fetch("s3://silent/us-east-1", 2);
    const uint64_t began_ms = clock_ms();
    assert_int_equal(outcome_of_fetch("s3://good/us-east-1", 2), OUTCOME_OK);
    assert_true(clock_ms() - began_ms < 1000);
    remote = remote_free(remote);
}

/* ---- servers of security modules ---- */

static void open_lookups(bool allow_private)
{
    const struct remote_options options = {.tls_ca = "",
                                           .s3_endpoint = "",
                                           .gcs_endpoint = "",
                                           .build_id = "test",
                                           .allow_private = allow_private};
    remote = remote_new(&options, woken, NULL);
    assert_non_null(remote);
}

/* `targets`: of this server, each with its newline. */
static struct event look_up(const char *first, const char *second)
{
    struct driver_lookup request = {.domain = 7, .call_data = bytes_from("\x01\xab", 2)};
    char urls[512];

    request.sender.bytes[31] = 0xfe;
    request.module.bytes[31] = 0xfd;
    request.dispatch_transaction.bytes[0] = 0x77;
    (void)snprintf(urls, sizeof(urls), "%s%s\n", endpoint, first);
    if (second != NULL) {
        const size_t count = strlen(urls);
        (void)snprintf(urls + count, sizeof(urls) - count, "%s%s\n", endpoint, second);
    }
    request.urls = bytes_from_string(urls);
    assert_int_equal(remote_lookup(remote, &request), STATUS_OK);
    const struct event event = take_within(15000);
    assert_int_equal(event.kind, EVENT_LOOKUP_ANSWER);
    assert_int_equal(event.lookup_answer.module.bytes[31], 0xfd);
    return event;
}

#define SENDER "0x00000000000000000000000000000000000000fe"

static bool is_metadata(const struct event *event, const char *bytes, size_t count)
{
    return event->lookup_answer.outcome == OUTCOME_OK &&
           bytes_equal(event->lookup_answer.metadata, bytes_from(bytes, count));
}

static void servers_are_asked_by_get_and_by_post(void **state)
{
    (void)state;
    put("/get/" SENDER "/0x01ab.json", 200, "{\"data\": \"0xc0ffee\", \"more\": [1]}");
    put("/post/" SENDER, 200, "{\"data\": \"0x\"}");
    open_lookups(true);
    struct event event = look_up("/get/{sender}/{data}.json", NULL);
    assert_true(is_metadata(&event, "\xc0\xff\xee", 3));
    event = look_up("/post/{sender}", NULL);
    assert_true(is_metadata(&event, "", 0));
    CHECK(pthread_mutex_lock(&world.lock) == 0);
    assert_string_equal(world.posted,
                        "{\"data\":\"0x01ab\",\"sender\":\"" SENDER
                        "\",\"signature\":null,\"origin_tx_hash\":\"0x77000000000000000000000000"
                        "00000000000000000000000000000000000000\"}");
    CHECK(pthread_mutex_unlock(&world.lock) == 0);
    remote = remote_free(remote);
}

static void the_next_server_is_asked_when_one_fails_or_stalls(void **state)
{
    static const char *const bad[] = {"/none", "/junk", "/error", "/away", "/flood", "/long"};
    char text[2048] = "{\"data\": \"0x";

    (void)state;
    put("/good", 200, "{\"data\": \"0x01\"}");
    put("/junk", 200, "{\"data\": \"0x0\"}");
    put("/error", 500, "{\"data\": \"0x02\"}");
    put("/away", 302, url_of("/good"));
    put("/flood", 200, "");
    find("/flood")->floods = true;
    put("/silent", 0, "");
    memset(text + strlen(text), '0', 1000);
    put("/long", 200, text); /* JSON without an end */
    open_lookups(true);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct event event = look_up(bad[i], "/good");
        assert_true(is_metadata(&event, "\x01", 1));
        assert_int_equal(look_up(bad[i], NULL).lookup_answer.outcome, OUTCOME_UNKNOWN);
    }
    const uint64_t began_ms = clock_ms();
    const struct event event = look_up("/silent", "/good");
    assert_true(is_metadata(&event, "\x01", 1));
    assert_true(clock_ms() - began_ms < 5000);
    put("/pending", 404, "{\"error\": \"attestation PENDING\"}");
    assert_int_equal(look_up("/pending", NULL).lookup_answer.outcome, OUTCOME_ABSENT);
    remote = remote_free(remote);
}

static void servers_in_private_networks_are_not_asked(void **state)
{
    (void)state;
    put("/good", 200, "{\"data\": \"0x01\"}");
    open_lookups(false);
    assert_int_equal(look_up("/good", NULL).lookup_answer.outcome, OUTCOME_UNKNOWN);
    assert_int_equal(requests_count(), 0);
    assert_int_equal(web_server_connections(server), 0);
    remote = remote_free(remote);
}

/* ---- our own store ---- */

static void publish(uint32_t index)
{
    struct driver_publish request = {.domain = 7,
                                     .location = bytes_from_string("s3://ours/us-east-1/a"),
                                     .tree_hook = {{[31] = 9}}};
    request.checkpoint.index = index;
    request.signature.bytes[3] = 1;
    request.signature.bytes[64] = 28;
    assert_int_equal(remote_publish(remote, &request), STATUS_OK);
}

static void checkpoints_are_published_and_the_newest_index_moves_forward(void **state)
{
    (void)state;
    put("/ours/a/checkpoint_latest_index.json", 200, "3");
    open_remote();
    publish(2);
    struct event event = take_within(5000);
    assert_int_equal(event.kind, EVENT_PUBLISHED);
    assert_int_equal(event.published.outcome, OUTCOME_OK);
    assert_string_equal(get("/ours/a/checkpoint_latest_index.json").body, "3");
    for (uint32_t i = 4; i < 20; i++) {
        publish(i);
    }
    for (uint32_t i = 4; i < 20; i++) {
        assert_int_equal(take_within(5000).published.outcome, OUTCOME_OK);
    }
    assert_string_equal(get("/ours/a/checkpoint_latest_index.json").body, "19");
    struct driver_publish expected = {.domain = 7, .tree_hook = {{[31] = 9}}};
    expected.checkpoint.index = 7;
    expected.signature.bytes[3] = 1;
    expected.signature.bytes[64] = 28;
    char *const text = checkpoint_json_write(&expected);
    assert_string_equal(get("/ours/a/checkpoint_7_with_id.json").body, text);
    free(text);
    assert_true(strstr(get("/ours/a/metadata_latest.json").body, "\"git_sha\": \"test\"") != NULL);
    assert_int_equal(world.unsigned_puts, 0);
    remote = remote_free(remote);
}

static void the_reorg_flag_is_raised(void **state)
{
    struct driver_publish request = {.domain = 7,
                                     .is_reorg = true,
                                     .location = bytes_from_string("s3://ours/us-east-1/a"),
                                     .time_s = 1700000000,
                                     .finality = FINALITY_DEPTH,
                                     .finality_blocks = 12};

    (void)state;
    request.checkpoint.index = 41;
    request.checkpoint.root.bytes[0] = 0xab;
    open_remote();
    assert_int_equal(remote_publish(remote, &request), STATUS_OK);
    const struct event event = take_within(5000);
    assert_true(event.published.is_reorg);
    assert_int_equal(event.published.outcome, OUTCOME_OK);
    assert_string_equal(get("/ours/a/reorg_flag.json").body,
                        "{\"local_merkle_root\":\"0xab000000000000000000000000000000000000000000000"
                        "00000000000000000\",\"canonical_merkle_root\":\"0x000000000000000000000000"
                        "0000000000000000000000000000000000000000\",\"checkpoint_index\":41,"
                        "\"unix_timestamp\":1700000000,\"reorg_period\":12}");
    remote = remote_free(remote);
}

static void what_a_store_refuses_to_take_is_unknown(void **state)
{
    (void)state;
    world.put_status = 403;
    open_remote();
    publish(1);
    assert_int_equal(take_within(5000).published.outcome, OUTCOME_UNKNOWN);
    CHECK(pthread_mutex_lock(&world.lock) == 0);
    world.put_status = 200;
    CHECK(pthread_mutex_unlock(&world.lock) == 0);
    publish(1);
    assert_int_equal(take_within(5000).published.outcome, OUTCOME_OK);
    assert_string_equal(get("/ours/a/checkpoint_latest_index.json").body, "1");
    remote = remote_free(remote);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_come_and_connections_are_kept),
        cmocka_unit_test(a_kept_connection_that_was_closed_is_replaced),
        cmocka_unit_test(a_flood_is_cut_at_the_limit),
        cmocka_unit_test(silence_ends_at_the_deadline_and_delays_nobody),
        cmocka_unit_test(redirects_are_not_followed),
        cmocka_unit_test(private_addresses_are_not_connected_to),
        cmocka_unit_test(nobody_there_is_unreachable),
        cmocka_unit_test(checkpoints_are_read_from_both_kinds_of_stores),
        cmocka_unit_test(a_raised_flag_refuses_and_an_unreadable_one_is_unknown),
        cmocka_unit_test(many_that_wait_cost_a_store_few_requests),
        cmocka_unit_test(bad_stores_are_unknown_and_cost_nobody_else),
        cmocka_unit_test(servers_are_asked_by_get_and_by_post),
        cmocka_unit_test(the_next_server_is_asked_when_one_fails_or_stalls),
        cmocka_unit_test(servers_in_private_networks_are_not_asked),
        cmocka_unit_test(checkpoints_are_published_and_the_newest_index_moves_forward),
        cmocka_unit_test(the_reorg_flag_is_raised),
        cmocka_unit_test(what_a_store_refuses_to_take_is_unknown),
    };
    struct CMUnitTest cases[sizeof(tests) / sizeof(tests[0])];

    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        cases[i] = tests[i];
        cases[i].setup_func = set_up;
        cases[i].teardown_func = tear_down;
    }
    return cmocka_run_group_tests(cases, NULL, NULL);
}
