/* SPDX-License-Identifier: Apache-2.0 */
/* The thread of remote stores against servers that behave, stall, lie, flood and cut. */
#include "tests/support/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "relay/base/check.h"
#include "relay/node/stores/checkpoint_json.h"
#include "relay/node/stores/remote.h"
#include "relay/node/web/web_client.h"
#include "tests/support/web_store.h"

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
                                           .s3_endpoint = web_store_endpoint,
                                           .gcs_endpoint = web_store_endpoint,
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
    web_store_put(target, 200, text);
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
    const uint64_t until_ms = web_store_clock_ms() + ms;
    while (!remote_take(remote, &taken)) {
        assert_true(web_store_clock_ms() < until_ms);
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
    const uint32_t before = web_store_requests();
    assert_int_equal(outcome_of_fetch("s3://bucket/us-east-1/folder", 3), OUTCOME_OK);
    assert_int_equal(web_store_requests(), before); /* it is remembered */
    assert_int_equal(outcome_of_fetch("s3://bucket/us-east-1/none", 3), OUTCOME_ABSENT);
    assert_int_equal(outcome_of_fetch("s3://bucket/..", 3), OUTCOME_ABSENT);
    remote = remote_free(remote);
}

static void a_raised_flag_refuses_and_an_unreadable_one_is_unknown(void **state)
{
    (void)state;
    put_checkpoint("/raised", 1);
    web_store_put("/raised/reorg_flag.json", 200, "{}");
    put_checkpoint("/hidden", 1);
    web_store_put("/hidden/reorg_flag.json", 403, "");
    put_checkpoint("/google", 1);
    web_store_put("/google/gcsReorgFlagKey", 500, "");
    open_remote();
    assert_int_equal(outcome_of_fetch("s3://raised/us-east-1", 1), OUTCOME_REFUSED);
    assert_int_equal(outcome_of_fetch("s3://hidden/us-east-1", 1), OUTCOME_UNKNOWN);
    assert_int_equal(outcome_of_fetch("gs://google", 1), OUTCOME_UNKNOWN);
    assert_int_equal(web_store_get("/hidden/checkpoint_1_with_id.json").reads, 0);
    web_store_put("/hidden/reorg_flag.json", 404, "");
    const uint64_t until_ms = web_store_clock_ms() + 5000;
    while (outcome_of_fetch("s3://hidden/us-east-1", 1) != OUTCOME_OK) {
        assert_true(web_store_clock_ms() < until_ms);
        (void)usleep(50000);
    }
    remote = remote_free(remote);
}

/* A hundred messages ask for checkpoints that come half a second later. */
static void many_that_wait_cost_a_store_few_requests(void **state)
{
    (void)state;
    web_store_put("/bucket/checkpoint_latest_index.json", 200, "9");
    open_remote();
    for (uint32_t i = 10; i < 110; i++) {
        fetch("s3://bucket/us-east-1", i);
        fetch("s3://bucket/us-east-1", i); /* a repeat is the same question */
    }
    (void)usleep(700000);
    for (uint32_t i = 10; i < 110; i++) {
        put_checkpoint("/bucket", i);
    }
    web_store_put("/bucket/checkpoint_latest_index.json", 200, "109");
    for (uint32_t i = 10; i < 110; i++) {
        assert_int_equal(take_within(4000).checkpoint.outcome, OUTCOME_OK);
    }
    assert_false(remote_take(remote, &taken));
    /* Each is asked for twice; the flag and the newest index a few times for all together. */
    assert_true(web_store_requests() <= 210);
    assert_true(web_server_connections(web_store_server) <= WEB_CONNECTIONS_PER_HOST);
    remote = remote_free(remote);
}

/* While a fetch waits for it, the newest index is looked at every half second, and little else. */
static void what_is_absent_costs_a_store_few_requests(void **state)
{
    (void)state;
    web_store_put("/bucket/checkpoint_latest_index.json", 200, "2");
    open_remote();
    assert_int_equal(outcome_of_fetch("s3://bucket/us-east-1", 3), OUTCOME_ABSENT);
    assert_true(web_store_requests() <= 20);
    remote = remote_free(remote);
}

static void bad_stores_are_unknown_and_cost_nobody_else(void **state)
{
    (void)state;
    put_checkpoint("/good", 2);
    web_store_put("/flood/checkpoint_2_with_id.json", 200, "");
    web_store_find("/flood/checkpoint_2_with_id.json")->floods = true;
    web_store_put("/junk/checkpoint_2_with_id.json", 200, "{\"value\": 1}");
    web_store_put("/away/checkpoint_2_with_id.json", 302,
                  web_store_url("/good/checkpoint_2_with_id.json"));
    web_store_put("/error/checkpoint_2_with_id.json", 503, "");
    char *const other = checkpoint_text(5);
    web_store_put("/swapped/checkpoint_2_with_id.json", 200, other);
    free(other);
    open_remote();
    assert_int_equal(outcome_of_fetch("s3://flood/us-east-1", 2), OUTCOME_UNKNOWN);
    assert_int_equal(outcome_of_fetch("s3://junk/us-east-1", 2), OUTCOME_UNKNOWN);
    assert_int_equal(outcome_of_fetch("s3://away/us-east-1", 2), OUTCOME_UNKNOWN);
    assert_int_equal(outcome_of_fetch("s3://error/us-east-1", 2), OUTCOME_UNKNOWN);
    assert_int_equal(outcome_of_fetch("s3://swapped/us-east-1", 2), OUTCOME_UNKNOWN);
    assert_int_equal(web_store_get("/good/checkpoint_2_with_id.json").reads, 0);
    /* A store that failed is not asked again at once. */
    const uint32_t before = web_store_get("/error/checkpoint_2_with_id.json").reads;
    assert_int_equal(outcome_of_fetch("s3://error/us-east-1", 2), OUTCOME_UNKNOWN);
    assert_int_equal(web_store_get("/error/checkpoint_2_with_id.json").reads, before);
    /* One that never answers delays nobody. */
    web_store_put("/silent/reorg_flag.json", 0, "");
    fetch("s3://silent/us-east-1", 2);
    const uint64_t began_ms = web_store_clock_ms();
    assert_int_equal(outcome_of_fetch("s3://good/us-east-1", 2), OUTCOME_OK);
    assert_true(web_store_clock_ms() - began_ms < 1000);
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

/* Of this server; `signature` says who asks the first one, zero: nobody does. */
static struct event look_up_as(const struct signature *signature, const char *first,
                               const char *second)
{
    struct driver_lookup request = {.domain = 7, .call_data = bytes_from("\x01\xab", 2)};
    char urls[512];

    request.signature = *signature;

    request.sender.bytes[31] = 0xfe;
    request.module.bytes[31] = 0xfd;
    request.dispatch_transaction.bytes[0] = 0x77;
    (void)snprintf(urls, sizeof(urls), "%s%s\n", web_store_endpoint, first);
    if (second != NULL) {
        const size_t count = strlen(urls);
        (void)snprintf(urls + count, sizeof(urls) - count, "%s%s\n", web_store_endpoint, second);
    }
    request.urls = bytes_from_string(urls);
    assert_int_equal(remote_lookup(remote, &request), STATUS_OK);
    const struct event event = take_within(15000);
    assert_int_equal(event.kind, EVENT_LOOKUP_ANSWER);
    assert_int_equal(event.lookup_answer.module.bytes[31], 0xfd);
    return event;
}

static struct event look_up(const char *first, const char *second)
{
    const struct signature nobody = {{0}};

    return look_up_as(&nobody, first, second);
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
    web_store_put("/get/" SENDER "/0x01ab.json", 200, "{\"data\": \"0xc0ffee\", \"more\": [1]}");
    web_store_put("/post/" SENDER, 200, "{\"data\": \"0x\"}");
    open_lookups(true);
    struct event event = look_up("/get/{sender}/{data}.json", NULL);
    assert_true(is_metadata(&event, "\xc0\xff\xee", 3));
    event = look_up("/post/{sender}", NULL);
    assert_true(is_metadata(&event, "", 0));
    CHECK(pthread_mutex_lock(&web_store.lock) == 0);
    assert_string_equal(web_store.posted,
                        "{\"data\":\"0x01ab\",\"sender\":\"" SENDER
                        "\",\"signature\":null,\"origin_tx_hash\":\"0x77000000000000000000000000"
                        "00000000000000000000000000000000000000\"}");
    CHECK(pthread_mutex_unlock(&web_store.lock) == 0);
    remote = remote_free(remote);
}

static bool was_posted(const char *words)
{
    CHECK(pthread_mutex_lock(&web_store.lock) == 0);
    const bool was = strstr(web_store.posted, words) != NULL;
    CHECK(pthread_mutex_unlock(&web_store.lock) == 0);
    return was;
}

/* The signature is over the first server's address: another one gets none. */
static void the_first_server_is_told_who_asks(void **state)
{
    (void)state;
    struct signature signature;

    memset(signature.bytes, 0xab, sizeof(signature.bytes));
    web_store_put("/one", 200, "{\"data\": \"0x01\"}");
    web_store_put("/two", 200, "{\"data\": \"0x02\"}");
    open_lookups(true);
    struct event event = look_up_as(&signature, "/one", "/two");
    assert_true(is_metadata(&event, "\x01", 1));
    assert_true(was_posted("\"signature\":\"0xabababab"));
    event = look_up_as(&signature, "/none", "/two");
    assert_true(is_metadata(&event, "\x02", 1));
    assert_true(was_posted("\"signature\":null"));
    remote = remote_free(remote);
}

static void the_next_server_is_asked_when_one_fails_or_stalls(void **state)
{
    static const char *const bad[] = {"/none", "/junk", "/error", "/away", "/flood", "/long"};
    char text[2048] = "{\"data\": \"0x";

    (void)state;
    web_store_put("/good", 200, "{\"data\": \"0x01\"}");
    web_store_put("/junk", 200, "{\"data\": \"0x0\"}");
    web_store_put("/error", 500, "{\"data\": \"0x02\"}");
    web_store_put("/away", 302, web_store_url("/good"));
    web_store_put("/flood", 200, "");
    web_store_find("/flood")->floods = true;
    web_store_put("/silent", 0, "");
    memset(text + strlen(text), '0', 1000);
    web_store_put("/long", 200, text); /* JSON without an end */
    open_lookups(true);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct event event = look_up(bad[i], "/good");
        assert_true(is_metadata(&event, "\x01", 1));
        assert_int_equal(look_up(bad[i], NULL).lookup_answer.outcome, OUTCOME_UNKNOWN);
    }
    const uint64_t began_ms = web_store_clock_ms();
    const struct event event = look_up("/silent", "/good");
    assert_true(is_metadata(&event, "\x01", 1));
    assert_true(web_store_clock_ms() - began_ms < 5000);
    web_store_put("/pending", 404, "{\"error\": \"attestation PENDING\"}");
    assert_int_equal(look_up("/pending", NULL).lookup_answer.outcome, OUTCOME_ABSENT);
    remote = remote_free(remote);
}

static void servers_in_private_networks_are_not_asked(void **state)
{
    (void)state;
    web_store_put("/good", 200, "{\"data\": \"0x01\"}");
    open_lookups(false);
    assert_int_equal(look_up("/good", NULL).lookup_answer.outcome, OUTCOME_UNKNOWN);
    assert_int_equal(web_store_requests(), 0);
    assert_int_equal(web_server_connections(web_store_server), 0);
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
    web_store_put("/ours/a/checkpoint_latest_index.json", 200, "3");
    open_remote();
    publish(2);
    struct event event = take_within(5000);
    assert_int_equal(event.kind, EVENT_PUBLISHED);
    assert_int_equal(event.published.outcome, OUTCOME_OK);
    assert_string_equal(web_store_get("/ours/a/checkpoint_latest_index.json").body, "3");
    for (uint32_t i = 4; i < 20; i++) {
        publish(i);
    }
    for (uint32_t i = 4; i < 20; i++) {
        assert_int_equal(take_within(5000).published.outcome, OUTCOME_OK);
    }
    assert_string_equal(web_store_get("/ours/a/checkpoint_latest_index.json").body, "19");
    struct driver_publish expected = {.domain = 7, .tree_hook = {{[31] = 9}}};
    expected.checkpoint.index = 7;
    expected.signature.bytes[3] = 1;
    expected.signature.bytes[64] = 28;
    char *const text = checkpoint_json_write(&expected);
    assert_string_equal(web_store_get("/ours/a/checkpoint_7_with_id.json").body, text);
    free(text);
    assert_true(strstr(web_store_get("/ours/a/metadata_latest.json").body,
                       "\"git_sha\": \"test\"") != NULL);
    assert_int_equal(web_store.unsigned_puts, 0);
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
    assert_string_equal(web_store_get("/ours/a/reorg_flag.json").body,
                        "{\"local_merkle_root\":\"0xab000000000000000000000000000000000000000000000"
                        "00000000000000000\",\"canonical_merkle_root\":\"0x000000000000000000000000"
                        "0000000000000000000000000000000000000000\",\"checkpoint_index\":41,"
                        "\"unix_timestamp\":1700000000,\"reorg_period\":12}");
    remote = remote_free(remote);
}

static void what_a_store_refuses_to_take_is_unknown(void **state)
{
    (void)state;
    web_store.put_status = 403;
    open_remote();
    publish(1);
    assert_int_equal(take_within(5000).published.outcome, OUTCOME_UNKNOWN);
    CHECK(pthread_mutex_lock(&web_store.lock) == 0);
    web_store.put_status = 200;
    CHECK(pthread_mutex_unlock(&web_store.lock) == 0);
    publish(1);
    assert_int_equal(take_within(5000).published.outcome, OUTCOME_OK);
    assert_string_equal(web_store_get("/ours/a/checkpoint_latest_index.json").body, "1");
    remote = remote_free(remote);
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(checkpoints_are_read_from_both_kinds_of_stores,
                                        web_store_set_up, web_store_tear_down),
        cmocka_unit_test_setup_teardown(a_raised_flag_refuses_and_an_unreadable_one_is_unknown,
                                        web_store_set_up, web_store_tear_down),
        cmocka_unit_test_setup_teardown(many_that_wait_cost_a_store_few_requests, web_store_set_up,
                                        web_store_tear_down),
        cmocka_unit_test_setup_teardown(what_is_absent_costs_a_store_few_requests, web_store_set_up,
                                        web_store_tear_down),
        cmocka_unit_test_setup_teardown(bad_stores_are_unknown_and_cost_nobody_else,
                                        web_store_set_up, web_store_tear_down),
        cmocka_unit_test_setup_teardown(servers_are_asked_by_get_and_by_post, web_store_set_up,
                                        web_store_tear_down),
        cmocka_unit_test_setup_teardown(the_first_server_is_told_who_asks, web_store_set_up,
                                        web_store_tear_down),
        cmocka_unit_test_setup_teardown(the_next_server_is_asked_when_one_fails_or_stalls,
                                        web_store_set_up, web_store_tear_down),
        cmocka_unit_test_setup_teardown(servers_in_private_networks_are_not_asked, web_store_set_up,
                                        web_store_tear_down),
        cmocka_unit_test_setup_teardown(
            checkpoints_are_published_and_the_newest_index_moves_forward, web_store_set_up,
            web_store_tear_down),
        cmocka_unit_test_setup_teardown(the_reorg_flag_is_raised, web_store_set_up,
                                        web_store_tear_down),
        cmocka_unit_test_setup_teardown(what_a_store_refuses_to_take_is_unknown, web_store_set_up,
                                        web_store_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
