/* SPDX-License-Identifier: Apache-2.0 */
/* The web client against servers that behave, stall, lie, flood and cut. */
#include "tests/support/unit.h"

#include <libwebsockets.h>
#include <stdio.h>

#include "relay/node/web/web_client.h"
#include "tests/support/web_store.h"

/* ---- the web client ---- */

static struct lws_context *context;
static struct web_client *client;

struct outcome_of {
    uint32_t count;
    enum web_end end;
    unsigned status;
    uint32_t retry_after_s;
    size_t body_count;
    char why[64];
};

static void took(void *target, const struct web_result *result)
{
    struct outcome_of *const outcome = target;
    outcome->count++;
    outcome->end = result->end;
    outcome->status = result->status;
    outcome->body_count = result->body.count;
    outcome->retry_after_s = result->retry_after_s;
    (void)snprintf(outcome->why, sizeof(outcome->why), "%.*s", (int)result->why.count,
                   result->why.count == 0 ? "" : (const char *)result->why.data);
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
    client = web_client_new(context, vhost, "");
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
    const uint64_t until_ms = web_store_clock_ms() + 20000;
    lws_sorted_usec_list_t timer;
    memset(&timer, 0, sizeof(timer));
    while (web_client_open(client) > 0) {
        assert_true(web_store_clock_ms() < until_ms);
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

static void replies_come_and_connections_are_kept(void **state)
{
    (void)state;
    open_client();
    web_store_put("/a", 200, "body");
    for (uint32_t i = 0; i < 20; i++) {
        const struct outcome_of outcome = ask_one(web_store_url("/a"), true, 5000);
        assert_int_equal(outcome.end, WEB_END_REPLIED);
        assert_int_equal(outcome.status, 200);
        assert_int_equal(outcome.body_count, 4);
    }
    assert_int_equal(ask_one(web_store_url("/none"), true, 5000).status, 404);
    assert_int_equal(web_server_connections(web_store_server), 1);
    struct outcome_of many[100] = {{.count = 0}};
    for (uint32_t i = 0; i < 100; i++) {
        ask(web_store_url("/a"), true, 5000, &many[i]);
    }
    run_until_answered();
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(many[i].count, 1);
        assert_int_equal(many[i].end, WEB_END_REPLIED);
    }
    assert_true(web_server_connections(web_store_server) <= WEB_CONNECTIONS_PER_HOST);
    close_client();
}

/* The server ends each connection after its reply and does not say so. */
static void a_kept_connection_that_was_closed_is_replaced(void **state)
{
    (void)state;
    open_client();
    web_store_put("/a", 200, "body");
    web_store_find("/a")->closes = true;
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(ask_one(web_store_url("/a"), true, 5000).end, WEB_END_REPLIED);
        (void)usleep(20000);
    }
    assert_int_equal(web_store_get("/a").reads, 5);
    close_client();
}

static void a_flood_is_cut_at_the_limit(void **state)
{
    (void)state;
    open_client();
    web_store_put("/flood", 200, "");
    web_store_find("/flood")->floods = true;
    assert_int_equal(ask_one(web_store_url("/flood"), true, 10000).end, WEB_END_TOO_LARGE);
    close_client();
    web_store_server = web_server_free(web_store_server);
    assert_true(web_store.flooded < 16u << 20); /* what fits in the sockets' own buffers */
    assert_int_equal(web_store_set_up(state), 0);
}

static void silence_ends_at_the_deadline_and_delays_nobody(void **state)
{
    struct outcome_of silent[WEB_CONNECTIONS_PER_HOST] = {{.count = 0}};
    struct web_server *const other = web_server_new(web_store_handle, NULL);
    struct outcome_of quick = {.count = 0};
    char text[64];

    (void)state;
    open_client();
    web_store_put("/silent", 0, "");
    web_store_put("/a", 200, "body");
    const uint64_t began_ms = web_store_clock_ms();
    for (uint32_t i = 0; i < WEB_CONNECTIONS_PER_HOST; i++) {
        ask(web_store_url("/silent"), true, 1000, &silent[i]);
    }
    (void)snprintf(text, sizeof(text), "http://127.0.0.1:%u/a", web_server_port(other));
    ask(text, true, 5000, &quick);
    while (quick.count == 0) {
        assert_true(lws_service(context, 0) >= 0);
        web_client_service(client);
    }
    assert_true(web_store_clock_ms() - began_ms < 900);
    run_until_answered();
    for (uint32_t i = 0; i < WEB_CONNECTIONS_PER_HOST; i++) {
        assert_int_equal(silent[i].end, WEB_END_LATE);
    }
    assert_true(web_store_clock_ms() - began_ms >= 1000);
    close_client();
    (void)web_server_free(other);
}

static void redirects_are_not_followed(void **state)
{
    (void)state;
    open_client();
    web_store_put("/away", 302, web_store_url("/secret"));
    web_store_put("/secret", 200, "secret");
    const struct outcome_of outcome = ask_one(web_store_url("/away"), true, 5000);
    assert_int_equal(outcome.end, WEB_END_REPLIED);
    assert_int_equal(outcome.status, 302);
    assert_int_equal(web_store_get("/secret").reads, 0);
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
        (void)snprintf(text, sizeof(text), "http://%s:%u/a", hosts[i],
                       web_server_port(web_store_server));
        const struct outcome_of outcome = ask_one(text, false, 5000);
        /* Without IPv6 such names are not found at all. */
        assert_true(outcome.end == WEB_END_FORBIDDEN ||
                    (outcome.end == WEB_END_UNREACHABLE && hosts[i][0] == '['));
    }
    assert_int_equal(web_server_connections(web_store_server), 0);
    close_client();
}

static void nobody_there_is_unreachable(void **state)
{
    const uint16_t port = web_server_port(web_store_server);
    char text[64];

    (void)state;
    web_store_server = web_server_free(web_store_server);
    open_client();
    (void)snprintf(text, sizeof(text), "http://127.0.0.1:%u/a", port);
    const struct outcome_of refused = ask_one(text, true, 5000);
    assert_int_equal(refused.end, WEB_END_UNREACHABLE);
    assert_true(refused.why[0] != '\0');
    const struct outcome_of unknown = ask_one("http://no-such-host.invalid/", true, 10000);
    assert_int_equal(unknown.end, WEB_END_UNREACHABLE);
    assert_string_equal(unknown.why, "name not found");
    close_client();
    assert_int_equal(web_store_set_up(state), 0);
}

/* A connection that was made for somebody who may go to this machine. */
static void kept_connections_to_private_addresses_serve_nobody_else(void **state)
{
    (void)state;
    open_client();
    web_store_put("/a", 200, "body");
    assert_int_equal(ask_one(web_store_url("/a"), true, 5000).end, WEB_END_REPLIED);
    assert_int_equal(ask_one(web_store_url("/a"), false, 5000).end, WEB_END_FORBIDDEN);
    assert_int_equal(web_store_get("/a").reads, 1);
    close_client();
}

static void ask_in_group(const char *url, uint32_t group, struct outcome_of *outcome)
{
    struct web_request request = {.method = "GET",
                                  .reply_bytes_max = 4096,
                                  .deadline_ms = 15000,
                                  .allow_private = true,
                                  .group = group,
                                  .handler = {.context = outcome, .done = took}};
    assert_int_equal(web_url_parse(bytes_from_string(url), &request.url), STATUS_OK);
    web_client_ask(client, &request);
}

/* What never answers takes every connection of its group, and none of another; and what is
 * cancelled is not told of, under way or waiting. */
static void a_group_that_stalls_delays_no_other_and_can_be_cancelled(void **state)
{
    struct outcome_of stalled = {.count = 0};
    struct outcome_of served = {.count = 0};

    (void)state;
    open_client();
    web_store_put("/a", 200, "body");
    web_store_put("/never", 0, "");
    for (uint32_t i = 0; i < 2 * WEB_CONNECTIONS_PER_HOST; i++) {
        ask_in_group(web_store_url("/never"), 1, &stalled);
    }
    ask_in_group(web_store_url("/a"), 2, &served);
    const uint64_t until_ms = web_store_clock_ms() + 10000;
    while (served.count == 0 || web_store_requests() < 1 + WEB_CONNECTIONS_PER_HOST) {
        assert_true(web_store_clock_ms() < until_ms);
        assert_true(lws_service(context, 0) >= 0);
        web_client_service(client);
    }
    assert_int_equal(served.end, WEB_END_REPLIED);
    assert_int_equal(web_client_open(client), 2 * WEB_CONNECTIONS_PER_HOST);
    web_client_cancel(client, &stalled);
    assert_int_equal(web_client_open(client), 0);
    ask_in_group(web_store_url("/a"), 1, &served);
    run_until_answered();
    assert_int_equal(served.count, 2);
    assert_int_equal(stalled.count, 0);
    close_client();
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(replies_come_and_connections_are_kept, web_store_set_up,
                                        web_store_tear_down),
        cmocka_unit_test_setup_teardown(a_kept_connection_that_was_closed_is_replaced,
                                        web_store_set_up, web_store_tear_down),
        cmocka_unit_test_setup_teardown(a_flood_is_cut_at_the_limit, web_store_set_up,
                                        web_store_tear_down),
        cmocka_unit_test_setup_teardown(silence_ends_at_the_deadline_and_delays_nobody,
                                        web_store_set_up, web_store_tear_down),
        cmocka_unit_test_setup_teardown(redirects_are_not_followed, web_store_set_up,
                                        web_store_tear_down),
        cmocka_unit_test_setup_teardown(private_addresses_are_not_connected_to, web_store_set_up,
                                        web_store_tear_down),
        cmocka_unit_test_setup_teardown(nobody_there_is_unreachable, web_store_set_up,
                                        web_store_tear_down),
        cmocka_unit_test_setup_teardown(kept_connections_to_private_addresses_serve_nobody_else,
                                        web_store_set_up, web_store_tear_down),
        cmocka_unit_test_setup_teardown(a_group_that_stalls_delays_no_other_and_can_be_cancelled,
                                        web_store_set_up, web_store_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
