/* SPDX-License-Identifier: Apache-2.0 */
/* The site over a journal of a life that never was, asked by hand-written requests, good and bad.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "relay/base/hex.h"
#include "relay/core/reason.h"
#include "relay/node/process/exit_codes.h"
#include "relay/node/site/site.h"
#include "relay/synth/synth.h"
#include "tests/support/folder.h"
#include "tests/support/unit.h"

#define PROMTOOL    "/usr/bin/promtool" /* of Debian's prometheus */
#define RECORDS     3000u
#define OPEN        40u
#define REPLY_BYTES ((size_t)4 << 20)
#define WAIT_MS     120000
#define LOCAL       "Host: 127.0.0.1\r\n"

struct world {
    struct folder folder;
    struct journal *journal;
    struct synth_report report;
    struct node_config config;
    struct site_live live;
    struct site *site;
    char reply[REPLY_BYTES];
};

static uint64_t monotonic_ns(void)
{
    struct timespec now;

    assert_int_equal(0, clock_gettime(CLOCK_MONOTONIC, &now));
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* A port that is free now. */
static uint16_t free_port(void)
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);

    assert_int_equal(0, bind(fd, (const struct sockaddr *)&address, size));
    assert_int_equal(0, getsockname(fd, (struct sockaddr *)&address, &size));
    assert_int_equal(0, close(fd));
    return ntohs(address.sin_port);
}

static int begin_as(void **state, bool reference_names)
{
    struct world *world = calloc(1, sizeof(*world));
    const struct synth_options options = {.records_count = RECORDS, .open_count = OPEN, .seed = 1};

    world->folder = folder_make();
    world->config.hyperlane_metrics = reference_names;
    (void)snprintf(world->config.data, sizeof(world->config.data), "%s/data", world->folder.path);
    const struct journal_options journal = {.path = world->config.data,
                                            .map_bytes = (size_t)64 << 20};
    assert_status(STATUS_OK, journal_open_lmdb(&journal, &world->journal));
    assert_status(STATUS_OK, synth_run(world->journal, &options, &world->report));
    synth_config(0, &world->config.core);
    world->live.has_started = true;
    for (uint32_t i = 0; i < world->config.core.chains_count; i++) {
        world->config.chains[i].endpoints_count = 1;
        world->config.chains[i].quorum = 1;
        world->live.endpoints[i][0].is_up = true;
    }
    world->config.site_port = free_port();
    const struct site_options site = {
        .config = &world->config, .journal = world->journal, .build_id = "test \"build\""};
    assert_int_equal(EXIT_DONE, site_open(&site, &world->site));
    *state = world;
    return 0;
}

static int begin(void **state)
{
    return begin_as(state, false);
}

static int begin_with_reference_names(void **state)
{
    return begin_as(state, true);
}

static int end(void **state)
{
    struct world *world = *state;

    world->site = site_close(world->site);
    world->journal = journal_close(world->journal);
    folder_remove(&world->folder);
    free(world);
    return 0;
}

/* ---- asking ---- */

static int dial(const struct world *world)
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(world->config.site_port),
                                        .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};

    assert_true(fd >= 0);
    assert_int_equal(0, connect(fd, (const struct sockaddr *)&address, sizeof(address)));
    return fd;
}

static void say(int fd, const char *text)
{
    /* It may be refused before it was heard to its end. */
    (void)send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* Everything up to the end of the connection, or up to `until`. */
static size_t hear(struct world *world, int fd, const char *until)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    size_t count = 0;

    world->reply[0] = '\0';
    /* Frames of a websocket hold zeros. */
    while (count + 1 < REPLY_BYTES &&
           (until == NULL || memmem(world->reply, count, until, strlen(until)) == NULL)) {
        assert_int_equal(1, poll(&wait, 1, WAIT_MS));
        const ssize_t got = recv(fd, world->reply + count, REPLY_BYTES - 1 - count, 0);
        if (got <= 0) {
            break;
        }
        count += (size_t)got;
        world->reply[count] = '\0';
    }
    return count;
}

/* The status of an answer; 0: the connection was ended without one. */
static int status_of(const struct world *world)
{
    static const char start[] = "HTTP/1.1 ";

    return strncmp(world->reply, start, sizeof(start) - 1) == 0
               ? (int)strtoul(world->reply + sizeof(start) - 1, NULL, 10)
               : 0;
}

static int ask(struct world *world, const char *method, const char *path, const char *headers)
{
    char request[8192];
    const int fd = dial(world);

    (void)snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\n%sConnection: close\r\n\r\n",
                   method, path, headers);
    say(fd, request);
    (void)hear(world, fd, NULL);
    assert_int_equal(0, close(fd));
    return status_of(world);
}

static int get(struct world *world, const char *path)
{
    return ask(world, "GET", path, LOCAL);
}

/* Leaves what the loop would and asks until the answer is the one wanted. */
static void await(struct world *world, const char *path, int status, const char *words)
{
    const uint64_t end_ns = monotonic_ns() + (uint64_t)WAIT_MS * 1000000u;
    const bool is_hung = world->live.beat_ns == 1;

    do {
        if (!is_hung) {
            world->live.beat_ns = monotonic_ns();
        }
        site_leave(world->site, &world->live);
        if (get(world, path) == status && strstr(world->reply, words) != NULL) {
            return;
        }
    } while (monotonic_ns() < end_ns);
    fail_msg("%s: not %d with \"%s\": %s", path, status, words, world->reply);
}

/* ---- health ---- */

static void it_is_alive_while_the_loop_turns(void **state)
{
    struct world *world = *state;

    assert_int_equal(503, get(world, "/livez"));
    await(world, "/livez", 200, "the loop turns");
    world->live.beat_ns = 1; /* long ago */
    await(world, "/livez", 503, "NOT");
    world->live.beat_ns = 0;
    await(world, "/livez", 200, "the loop turns");
}

static void readiness_ends_and_comes_back(void **state)
{
    struct world *world = *state;

    await(world, "/startupz", 200, "started");
    await(world, "/readyz", 200, "ok  journal");
    world->live.is_unwritable = true;
    await(world, "/readyz", 503, "NOT journal: the journal cannot be written");
    world->live.is_unwritable = false;
    world->live.wants_signer = true;
    await(world, "/readyz", 503, "NOT signer");
    world->live.has_signer = true;
    await(world, "/readyz", 200, "ok  signer");
    world->live.endpoints[0][0].is_up = false;
    await(world, "/readyz", 503, "0 of 1 endpoints answer; 1 must agree");
    world->live.endpoints[0][0].is_up = true;
    world->live.endpoints[1][0].is_bad = true;
    await(world, "/readyz", 503, "0 of 1 endpoints answer");
    world->live.endpoints[1][0].is_bad = false;
    await(world, "/readyz", 200, "ok  chain");
    world->live.is_stopping = true;
    await(world, "/readyz", 503, "NOT started: it is stopping");
    world->live.is_stopping = false;
    world->live.has_started = false;
    await(world, "/startupz", 503, "starting");
}

/* ---- metrics ---- */

/* The sum of all samples whose line begins so. */
static uint64_t sum_of(const struct world *world, const char *start)
{
    uint64_t sum = 0;

    for (const char *line = world->reply; line != NULL; line = strchr(line, '\n')) {
        line += line[0] == '\n' ? 1 : 0;
        const char *value = strncmp(line, start, strlen(start)) == 0 ? strchr(line, ' ') : NULL;
        if (value != NULL) {
            sum += strtoull(value, NULL, 10);
        }
    }
    return sum;
}

static void every_message_is_counted_once(void **state)
{
    struct world *world = *state;

    await(world, "/metrics", 200, "sluice_history_read 1");
    await(world, "/metrics", 200, "sluice_build_info{build=\"test \\\"build\\\"\"");
    await(world, "/metrics", 200, "sluice_ready 1\n");
    assert_null(strstr(world->reply, "hyperlane_"));
    const uint64_t end_ns = monotonic_ns() + (uint64_t)WAIT_MS * 1000000u;
    while (sum_of(world, "sluice_backlog_messages{") != OPEN && monotonic_ns() < end_ns) {
        await(world, "/metrics", 200, "sluice_backlog_messages");
    }
    assert_int_equal(sum_of(world, "sluice_backlog_messages{"), OPEN);
    const uint64_t ended = sum_of(world, "sluice_messages_total{");
    assert_int_equal(ended + OPEN, world->report.messages_count);
    assert_int_equal(sum_of(world, "sluice_delivery_seconds_count{"), ended);
    assert_int_equal(sum_of(world, "sluice_journal_records "), RECORDS);
    assert_int_equal(sum_of(world, "sluice_invariant_ok{"),
                     world->config.core.chains_count + world->config.core.assets_count);
}

static struct hash newest_delivered(struct world *world)
{
    struct hash id;

    assert_int_equal(200, get(world, "/api/page"));
    json_t *root = json_loads(strstr(world->reply, "\r\n\r\n") + 4, 0, NULL);
    const json_t *first = json_array_get(json_object_get(root, "recent"), 0);
    const char *text = json_string_value(json_object_get(first, "id"));
    assert_non_null(text);
    assert_status(STATUS_OK, hex_decode_hash(bytes_from_string(text), &id));
    json_decref(root);
    return id;
}

/* A delivery of the past that is told again, as after a restart, is in the history already; what
 * people were told is counted by its reason. */
static void what_happens_is_counted(void **state)
{
    struct world *world = *state;
    const uint32_t domain = world->config.core.chains[0].domain;
    const struct driver_note note = {
        .level = NOTE_WARN, .at = {.ns = 1}, .domain = domain, .reason = (uint32_t)REASON_DISSENT};
    struct driver_note delivered = {.level = NOTE_INFO,
                                    .at = {.ns = 1},
                                    .domain = domain,
                                    .reason = (uint32_t)REASON_DELIVERED};
    char line[128];

    await(world, "/metrics", 200, "sluice_history_read 1");
    const uint64_t before = sum_of(world, "sluice_messages_total{");
    assert_true(before > 0);
    delivered.subject = newest_delivered(world);
    for (uint32_t i = 0; i < 3; i++) {
        site_note(world->site, &note);
        site_note(world->site, &delivered);
    }
    (void)snprintf(line, sizeof(line), "sluice_dissents_total{chain=\"%s\"} 3\n",
                   world->config.core.chains[0].name);
    await(world, "/metrics", 200, line);
    assert_int_equal(sum_of(world, "sluice_messages_total{"), before);
    await(world, "/metrics", 200, "code=\"15\",reason=\"delivered and final\"} 3\n");
}

/* What finds no room is lost, counted, and delays nobody. */
static void too_much_at_once_is_counted(void **state)
{
    struct world *world = *state;
    const struct driver_note note = {
        .level = NOTE_WARN, .at = {.ns = UINT64_MAX}, .reason = (uint32_t)REASON_DISSENT};
    const uint32_t count = 100000;

    for (uint32_t i = 0; i < count; i++) {
        site_note(world->site, &note);
    }
    await(world, "/metrics", 200, "sluice_site_lost_total");
    const uint64_t lost = sum_of(world, "sluice_site_lost_total ");
    assert_true(lost > 0 && lost < count);
}

/* The names of the reference agents say what ours say, and are there only when they are asked for.
 */
static void the_reference_names_are_there_on_request(void **state)
{
    struct world *world = *state;

    await(world, "/metrics", 200, "sluice_history_read 1");
    const uint64_t end_ns = monotonic_ns() + (uint64_t)WAIT_MS * 1000000u;
    while (sum_of(world, "sluice_backlog_messages{") != OPEN && monotonic_ns() < end_ns) {
        await(world, "/metrics", 200, "hyperlane_submitter_queue_length{agent=\"relayer\"");
    }
    await(world, "/metrics", 200, "hyperlane_wallet_balance{");
    assert_int_equal(sum_of(world, "hyperlane_submitter_queue_length{"), OPEN);
    assert_int_equal(sum_of(world, "hyperlane_block_height{"),
                     sum_of(world, "sluice_chain_head_block{"));
    await(world, "/metrics", 200, "hyperlane_backfill_complete{agent=\"relayer\"");
    await(world, "/metrics", 200, "hyperlane_observed_validator_latest_index{");
    assert_true(sum_of(world, "hyperlane_observed_validator_latest_index{") > 0);
    assert_true(sum_of(world, "hyperlane_messages_processed_count{") > 0);
    assert_true(sum_of(world, "hyperlane_messages_processed_count{") <=
                sum_of(world, "hyperlane_operations_processed_count{"));
}

/* The same over the lines' own numbers, which need not be whole. */
static double number_of(const struct world *world, const char *start)
{
    double sum = 0;

    for (const char *line = world->reply; line != NULL; line = strchr(line, '\n')) {
        line += line[0] == '\n' ? 1 : 0;
        const char *value = strncmp(line, start, strlen(start)) == 0 ? strchr(line, ' ') : NULL;
        sum += value == NULL ? 0 : strtod(value, NULL);
    }
    return sum;
}

/* Every transaction of this life cost the same, and no plan was made that costs more than it
 * brings. */
static void what_acting_costs_and_brings_is_told(void **state)
{
    struct world *world = *state;
    const double cost = (double)world->report.transactions_count * (double)SYNTH_GAS_COST / 1e18;

    assert_int_equal(200, get(world, "/metrics"));
    const double told = number_of(world, "sluice_fees_spent_units{asset=\"native\"");
    assert_true(cost > 0 && told > 0.99 * cost && told < 1.01 * cost);
    assert_true(number_of(world, "sluice_plan_gain_over_cost_ratio{") > 1);
}

/* What promtool says of a file on its standard input goes to `reply`; its exit code. */
static int run_promtool(struct world *world, const char *path, const char *const words[])
{
    int ends[2];
    int status = 0;

    assert_int_equal(0, pipe(ends));
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const int input = open(path, O_RDONLY | O_CLOEXEC);
        if (input >= 0 && dup2(input, 0) == 0 && dup2(ends[1], 1) == 1 && dup2(ends[1], 2) == 2) {
            (void)execv(PROMTOOL, (char *const *)(uintptr_t)words);
        }
        _exit(127);
    }
    assert_int_equal(0, close(ends[1]));
    size_t count = 0;
    for (ssize_t got = 1; got > 0; count += got > 0 ? (size_t)got : 0) {
        got = read(ends[0], world->reply + count, REPLY_BYTES - 1 - count);
    }
    world->reply[count] = '\0';
    assert_int_equal(0, close(ends[0]));
    assert_int_equal(pid, waitpid(pid, &status, 0));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void promtool_agrees(void **state)
{
    struct world *world = *state;
    static const char *const words[] = {PROMTOOL, "check", "metrics", NULL};
    char path[512];

    if (access(PROMTOOL, X_OK) != 0) {
        skip(); /* tests/check installs it */
    }
    await(world, "/metrics", 200, "sluice_history_read 1");
    const char *body = strstr(world->reply, "\r\n\r\n");
    assert_non_null(body);
    (void)snprintf(path, sizeof(path), "%s/metrics", world->folder.path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(body + 4, file) >= 0);
    assert_int_equal(0, fclose(file));
    assert_int_equal(0, run_promtool(world, path, words));
    assert_string_equal(world->reply, "");
}

/* The document with a time for each sample, which promtool wants of what it reads from a file. */
static void write_timed(const char *path, const char *body)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    while (*body != '\0') {
        const size_t count = strcspn(body, "\n");
        const char *exemplar = strstr(body, " # {");
        const size_t sample =
            exemplar != NULL && exemplar < body + count ? (size_t)(exemplar - body) : count;
        assert_true(body[count] == '\n');
        assert_true(fprintf(file, "%.*s%s%.*s\n", (int)sample, body,
                            body[0] == '#' ? "" : " 1700000000", (int)(count - sample),
                            body + sample) > 0);
        body += count + 1;
    }
    assert_int_equal(0, fclose(file));
}

/* Only who asks for OpenMetrics gets it; the slowest deliveries name a message of the journal. */
static void open_metrics_name_messages(void **state)
{
    struct world *world = *state;
    char path[512];
    char page[128] = "/api/messages/";

    await(world, "/metrics", 200, "sluice_history_read 1");
    assert_null(strstr(world->reply, "message_id"));
    assert_int_equal(
        200, ask(world, "GET", "/metrics",
                 LOCAL "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n"));
    assert_non_null(strstr(world->reply, "application/openmetrics-text; version=1.0.0"));
    const char *id = strstr(world->reply, " # {message_id=\"0x");
    assert_non_null(id);
    (void)snprintf(page + strlen(page), sizeof(page) - strlen(page), "%.66s",
                   id + strlen(" # {message_id=\""));
    if (access(PROMTOOL, X_OK) == 0) { /* tests/check installs it */
        const char *const words[] = {PROMTOOL,      "tsdb",       "create-blocks-from",
                                     "openmetrics", "/dev/stdin", world->folder.path,
                                     NULL};
        const char *body = strstr(world->reply, "\r\n\r\n");
        assert_non_null(body);
        (void)snprintf(path, sizeof(path), "%s/open-metrics", world->folder.path);
        write_timed(path, body + 4);
        if (run_promtool(world, path, words) != 0) {
            fail_msg("%s", world->reply);
        }
    }
    assert_int_equal(200, get(world, page));
    assert_non_null(strstr(world->reply, "\"delivered\""));
}

/* ---- who may ask what ---- */

static void only_this_machine_is_a_host(void **state)
{
    struct world *world = *state;

    assert_int_equal(200, ask(world, "GET", "/metrics", "Host: 127.0.0.1:9090\r\n"));
    assert_int_equal(200, ask(world, "GET", "/metrics", "Host: localhost\r\n"));
    assert_int_equal(200, ask(world, "GET", "/metrics", "Host: [::1]:1\r\n"));
    assert_int_equal(403, ask(world, "GET", "/metrics", "Host: evil.example\r\n"));
    assert_int_equal(403, ask(world, "GET", "/metrics", "Host: 127.0.0.1.evil.example\r\n"));
    assert_int_equal(403, ask(world, "GET", "/metrics", "Host: localhostess:80\r\n"));
    assert_int_equal(403, ask(world, "GET", "/metrics", LOCAL "Origin: http://evil.example\r\n"));
    assert_int_equal(403, ask(world, "GET", "/metrics", LOCAL "Origin: null\r\n"));
    assert_int_equal(403, ask(world, "GET", "/metrics", LOCAL "Origin: https://127.0.0.1\r\n"));
    assert_int_equal(200, ask(world, "GET", "/metrics", LOCAL "Origin: http://127.0.0.1\r\n"));
    assert_true(get(world, "/metrics") == 200 && sum_of(world, "sluice_http_refused_total ") >= 6);
}

static void it_is_for_reading(void **state)
{
    struct world *world = *state;
    static const char *const methods[] = {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"};
    const char *body = LOCAL "Content-Length: 0\r\n";

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        const int status = ask(world, methods[i], "/metrics", body);
        assert_true(status == 405 || status == 0 || status == 400 || status == 403);
        assert_null(strstr(world->reply, "sluice_ready"));
    }
    assert_int_equal(200, ask(world, "HEAD", "/livez", LOCAL) == 503 ? 200 : status_of(world));
    assert_null(strstr(world->reply, "loop"));
}

static void paths_lead_nowhere_else(void **state)
{
    struct world *world = *state;
    static const char *const paths[] = {
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
        "/api/../metrics/",
        "/api/messages/../../etc",
        "/api/messages/0x12",
        "/api/plans/zz",
        "/metrics/",
        "/api/",
        "/api/nothing",
        "/api/messages/0x0000000000000000000000000000000000000000000000000000000000000000"};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        const int status = get(world, paths[i]);
        assert_true(status == 404 || status == 403 || status == 400 || status == 0);
        assert_null(strstr(world->reply, "root:"));
    }
    char path[4096];
    memset(path, 'a', sizeof(path));
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    assert_true(get(world, path) != 200);
    assert_int_equal(200, get(world, "/metrics"));
}

/* ---- the API and what protects pages ---- */

static void rows_are_served_as_the_command_line_prints_them(void **state)
{
    struct world *world = *state;
    static const char *const paths[] = {"/api/status", "/api/why", "/api/messages", "/api/plans",
                                        "/api/health"};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        assert_int_equal(200, get(world, paths[i]));
        json_t *root = json_loads(strstr(world->reply, "\r\n\r\n") + 4, 0, NULL);
        assert_true(json_is_object(root));
        json_decref(root);
    }
    assert_int_equal(200, get(world, "/api/messages"));
    json_t *root = json_loads(strstr(world->reply, "\r\n\r\n") + 4, 0, NULL);
    const json_t *first = json_array_get(json_object_get(root, "messages"), 0);
    char path[128];
    assert_int_equal(OPEN, json_integer_value(json_object_get(root, "count")));
    (void)snprintf(path, sizeof(path), "/api/messages/%s",
                   json_string_value(json_object_get(first, "id")));
    json_decref(root);
    assert_int_equal(200, get(world, path));
    assert_non_null(strstr(world->reply, "\"validators\""));
    assert_non_null(strstr(world->reply, "content-security-policy: default-src 'none'"));
    assert_non_null(strstr(world->reply, "x-content-type-options: nosniff"));
    assert_non_null(strstr(world->reply, "cross-origin-resource-policy: same-origin"));
}

static void pages_are_in_the_program(void **state)
{
    struct world *world = *state;
    static const char *const paths[][2] = {{"/", "text/html"},
                                           {"/style.css", "text/css"},
                                           {"/app.js", "text/javascript"},
                                           {"/map.js", "text/javascript"},
                                           {"/icon.svg", "image/svg+xml"}};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        assert_int_equal(200, get(world, paths[i][0]));
        assert_non_null(strstr(world->reply, paths[i][1]));
        assert_non_null(strstr(world->reply, "frame-ancestors 'none'"));
        /* Nothing is asked of another host. The names of XML's kinds are no addresses. */
        for (const char *at = world->reply; (at = strstr(at, "//")) != NULL; at += 2) {
            assert_true(strncmp(at, "//www.w3.org/2000/svg", 21) == 0 || at[2] == ' ' ||
                        strncmp(at, "//${location.host}", 18) == 0);
        }
    }
}

/* ---- viewers ---- */

#define UPGRADE                                                                                    \
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"                   \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static int ask_live(struct world *world, const char *path, const char *headers)
{
    char request[1024];
    const int fd = dial(world);

    (void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n%s" UPGRADE "\r\n", path, headers);
    say(fd, request);
    (void)hear(world, fd, "\r\n\r\n");
    return fd;
}

static void assert_no_viewer(struct world *world, const char *path, const char *headers)
{
    assert_int_equal(0, close(ask_live(world, path, headers)));
    assert_true(status_of(world) != 101);
}

static void viewers_are_told_and_only_ours(void **state)
{
    struct world *world = *state;
    const char *protocol = "Sec-WebSocket-Protocol: sluice-live\r\n";
    char headers[256];

    (void)snprintf(headers, sizeof(headers), LOCAL "%s", protocol);
    const int fd = ask_live(world, "/live", headers);
    assert_int_equal(101, status_of(world));
    const size_t count = hear(world, fd, "\"capital\"");
    assert_non_null(memmem(world->reply, count, "\"capital\"", 9));
    /* A frame of its own: it has nothing to say. */
    assert_int_equal(6, send(fd, "\x81\x80\x00\x00\x00\x00", 6, MSG_NOSIGNAL));
    (void)hear(world, fd, NULL);
    assert_int_equal(0, close(fd));

    assert_no_viewer(world, "/other", headers);
    assert_no_viewer(world, "/live", LOCAL);
    (void)snprintf(headers, sizeof(headers), "Host: evil.example\r\n%s", protocol);
    assert_no_viewer(world, "/live", headers);
    (void)snprintf(headers, sizeof(headers), LOCAL "Origin: http://evil.example\r\n%s", protocol);
    assert_no_viewer(world, "/live", headers);
}

/* Viewers beyond the bound, half-open requests, and one that never reads: the others are served. */
static void hostile_clients_harm_nobody(void **state)
{
    struct world *world = *state;
    int fds[24];
    uint32_t admitted = 0;

    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        fds[i] = ask_live(world, "/live", LOCAL "Sec-WebSocket-Protocol: sluice-live\r\n");
        admitted += status_of(world) == 101 ? 1 : 0;
    }
    assert_int_equal(admitted, 16);
    assert_int_equal(200, get(world, "/metrics"));
    assert_int_equal(sum_of(world, "sluice_http_viewers "), 16);
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        assert_int_equal(0, close(fds[i]));
    }
    for (size_t i = 0; i < 8; i++) {
        fds[i] = dial(world);
        say(fds[i], "GET /metrics HTT");
    }
    assert_int_equal(200, get(world, "/metrics"));
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(0, close(fds[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_alive_while_the_loop_turns, begin, end),
        cmocka_unit_test_setup_teardown(readiness_ends_and_comes_back, begin, end),
        cmocka_unit_test_setup_teardown(every_message_is_counted_once, begin, end),
        cmocka_unit_test_setup_teardown(what_happens_is_counted, begin, end),
        cmocka_unit_test_setup_teardown(too_much_at_once_is_counted, begin, end),
        cmocka_unit_test_setup_teardown(the_reference_names_are_there_on_request,
                                        begin_with_reference_names, end),
        cmocka_unit_test_setup_teardown(what_acting_costs_and_brings_is_told, begin, end),
        cmocka_unit_test_setup_teardown(promtool_agrees, begin, end),
        cmocka_unit_test_setup_teardown(open_metrics_name_messages, begin, end),
        cmocka_unit_test_setup_teardown(only_this_machine_is_a_host, begin, end),
        cmocka_unit_test_setup_teardown(it_is_for_reading, begin, end),
        cmocka_unit_test_setup_teardown(paths_lead_nowhere_else, begin, end),
        cmocka_unit_test_setup_teardown(rows_are_served_as_the_command_line_prints_them, begin,
                                        end),
        cmocka_unit_test_setup_teardown(pages_are_in_the_program, begin, end),
        cmocka_unit_test_setup_teardown(viewers_are_told_and_only_ours, begin, end),
        cmocka_unit_test_setup_teardown(hostile_clients_harm_nobody, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
