/* SPDX-License-Identifier: Apache-2.0 */
/* Notices as they arrive: a program's input and environment, a web server's request, a mail; and
 * programs and servers that fail, hang or are not there. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "relay/node/alert/alerting.h"
#include "relay/node/process/clock.h"
#include "relay/node/process/exit_codes.h"
#include "relay/node/process/program.h"
#include "relay/synth/synth.h"
#include "tests/support/folder.h"
#include "tests/support/unit.h"
#include "tests/support/web_server.h"

#define RECORDS    3000u
#define WAIT_MS    120000u
#define TEXT_BYTES 16384u

struct world {
    struct folder folder;
    struct journal *journal;
    struct node_config config;
    struct site_live live;
    struct alerting *alerting;
    struct web_server *server;
    pthread_mutex_t mutex;
    char heard[TEXT_BYTES]; /* by the web server: headers and body of the last good request */
    uint32_t requests_count;
    uint32_t refusals_left; /* requests that are answered with 500 first */
};

static void nap(void)
{
    const struct timespec pause = {.tv_nsec = 20000000};

    (void)nanosleep(&pause, NULL);
}

static bool answer(void *context, const struct web_server_request *request)
{
    struct world *world = context;

    assert_int_equal(0, pthread_mutex_lock(&world->mutex));
    world->requests_count++;
    const bool is_refused = world->refusals_left > 0;
    world->refusals_left -= is_refused ? 1 : 0;
    if (!is_refused) {
        (void)snprintf(world->heard, sizeof(world->heard), "%s %s\n%s\n%s", request->method,
                       request->target, request->headers, request->body);
    }
    assert_int_equal(0, pthread_mutex_unlock(&world->mutex));
    web_server_reply(request->fd, is_refused ? 500 : 204, "");
    return true;
}

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    const struct synth_options options = {.records_count = RECORDS, .open_count = 40, .seed = 1};
    struct synth_report report;

    world->folder = folder_make();
    assert_int_equal(0, pthread_mutex_init(&world->mutex, NULL));
    (void)snprintf(world->config.data, sizeof(world->config.data), "%s/data", world->folder.path);
    const struct journal_options journal = {.path = world->config.data,
                                            .map_bytes = (size_t)64 << 20};
    assert_status(STATUS_OK, journal_open_lmdb(&journal, &world->journal));
    assert_status(STATUS_OK, synth_run(world->journal, &options, &report));
    (void)snprintf(world->config.core.node_name, NAME_BYTES_MAX, "tester");
    /* No chain is looked at: what is wrong is what the loop leaves. */
    world->config.alerts = (struct node_alerts){.is_on = true,
                                                .hold = {.ns = 100000000},
                                                .per_hour = 1000,
                                                .failures_min = 1,
                                                .backlog_after = {.ns = UINT64_MAX}};
    world->live.has_started = true;
    *state = world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;

    world->alerting = alerting_close(world->alerting);
    world->server = world->server == NULL ? NULL : web_server_free(world->server);
    world->journal = journal_close(world->journal);
    folder_remove(&world->folder);
    assert_int_equal(0, pthread_mutex_destroy(&world->mutex));
    free(world);
    return 0;
}

static void path_of(const struct world *world, const char *name, char ret_path[512])
{
    (void)snprintf(ret_path, 512, "%s/%s", world->folder.path, name);
}

static void write_file(const struct world *world, const char *name, mode_t mode, const char *text)
{
    char path[512];

    path_of(world, name, path);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    assert_true(fd >= 0);
    assert_int_equal(strlen(text), write(fd, text, strlen(text)));
    assert_int_equal(0, close(fd));
}

/* The whole file; empty when there is none yet. */
static void read_file(const struct world *world, const char *name, char ret_text[TEXT_BYTES])
{
    char path[512];

    path_of(world, name, path);
    FILE *file = fopen(path, "r");
    const size_t count = file == NULL ? 0 : fread(ret_text, 1, TEXT_BYTES - 1, file);
    ret_text[count] = '\0';
    if (file != NULL) {
        assert_int_equal(0, fclose(file));
    }
}

static uint32_t count_of(const char *text, const char *part)
{
    uint32_t count = 0;

    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        count++;
    }
    return count;
}

static void wait_for(const struct world *world, const char *name, const char *part,
                     char ret_text[TEXT_BYTES])
{
    for (uint32_t waited_ms = 0; waited_ms < WAIT_MS; waited_ms += 20) {
        read_file(world, name, ret_text);
        if (strstr(ret_text, part) != NULL) {
            return;
        }
        nap();
    }
    fail_msg("%s never held \"%s\": %s", name, part, ret_text);
}

static void wait_heard(struct world *world, const char *part, char ret_text[TEXT_BYTES])
{
    for (uint32_t waited_ms = 0; waited_ms < WAIT_MS; waited_ms += 20) {
        assert_int_equal(0, pthread_mutex_lock(&world->mutex));
        memcpy(ret_text, world->heard, TEXT_BYTES);
        assert_int_equal(0, pthread_mutex_unlock(&world->mutex));
        if (strstr(ret_text, part) != NULL) {
            return;
        }
        nap();
    }
    fail_msg("the server never heard \"%s\": %s", part, ret_text);
}

/* Of shared counts, such as failed_count. */
static struct site_alerts wait_counts(struct world *world, uint64_t sent, uint64_t failed)
{
    struct site_alerts counts = {0};

    for (uint32_t waited_ms = 0; waited_ms < WAIT_MS; waited_ms += 20) {
        counts = alerting_counts(world->alerting);
        if (counts.sent_count >= sent && counts.failed_count >= failed) {
            return counts;
        }
        nap();
    }
    fail_msg("%u sent, %u failed", (unsigned)counts.sent_count, (unsigned)counts.failed_count);
    return counts;
}

static void start(struct world *world)
{
    const struct alerting_options options = {.config = &world->config, .journal = world->journal};

    assert_int_equal(EXIT_DONE, alerting_open(&options, &world->alerting));
}

static void leave(struct world *world, const char *trouble)
{
    memset(&world->live.health, 0, sizeof(world->live.health));
    if (trouble != NULL) {
        control_health_add(&world->live.health, "journal", trouble, (struct instant){.ns = 1});
    }
    world->live.beat_ns = clock_monotonic_ns();
    alerting_leave(world->alerting, &world->live);
}

static void use_program(struct world *world, const char *name, const char *argument)
{
    struct node_alerts *alerts = &world->config.alerts;

    char path[512];

    path_of(world, name, path);
    assert_true(strlen(path) < NODE_WORD_BYTES_MAX);
    memcpy(alerts->command[0], path, strlen(path) + 1);
    (void)snprintf(alerts->command[1], NODE_WORD_BYTES_MAX, "%s", argument);
    alerts->command_count = 2;
}

/* It appends its argument, its input and its environment to a file beside it. */
static const char recorder[] = "#!/bin/sh\n"
                               "cd \"${0%/*}\" || exit 1\n"
                               "{ printf 'argument=%s\\n' \"$1\"; cat; env; ls /proc/self/fd; } "
                               ">> told\n";

static void a_program_is_told(void **state)
{
    struct world *world = *state;
    char text[TEXT_BYTES];

    write_file(world, "recorder", 0700, recorder);
    /* Nobody's shell reads it. */
    use_program(world, "recorder", "$(touch /tmp/x) `id`; *");
    assert_int_equal(0, setenv("SECRET_OF_OURS", "not for it", 1));
    start(world);
    leave(world, "no room; \"quoted\"");
    wait_for(world, "told", "SLUICE_STATE=firing", text);
    assert_non_null(strstr(text, "argument=$(touch /tmp/x) `id`; *\n"));
    assert_non_null(strstr(text, "\"alert\":\"journal_unwritable\""));
    assert_non_null(strstr(text, "no room; \\\"quoted\\\""));
    assert_non_null(strstr(text, "SLUICE_ALERT=journal_unwritable\n"));
    assert_non_null(strstr(text, "SLUICE_NODE=tester\n"));
    assert_null(strstr(text, "SECRET_OF_OURS"));
    leave(world, NULL);
    wait_for(world, "told", "SLUICE_STATE=cleared", text);
    (void)wait_counts(world, 2, 0);
    read_file(world, "told", text);
    assert_int_equal(2, count_of(text, "argument="));
    assert_null(strstr(text, "\n4\n")); /* its standard streams, the folder that is listed */
    assert_int_equal(0, alerting_counts(world->alerting).firing_count);
}

static void a_web_server_is_told(void **state)
{
    struct world *world = *state;
    char text[TEXT_BYTES];

    world->server = web_server_new(answer, world);
    world->refusals_left = 1;
    write_file(world, "token", 0600, "0123456789abcdef-token\n");
    (void)snprintf(world->config.alerts.webhook, sizeof(world->config.alerts.webhook),
                   "http://127.0.0.1:%u/hook?x=1", web_server_port(world->server));
    path_of(world, "token", world->config.alerts.webhook_token);
    start(world);
    leave(world, "no room");
    /* It is refused once before it is taken. */
    wait_heard(world, "\"state\":\"firing\"", text);
    assert_non_null(strstr(text, "POST /hook?x=1\n"));
    assert_non_null(strstr(text, "Authorization: Bearer 0123456789abcdef-token"));
    assert_non_null(strstr(text, "application/json"));
    json_t *alert = json_loads(strchr(strstr(text, "\n{"), '{'), 0, NULL);
    assert_non_null(alert);
    assert_string_equal("page", json_string_value(json_object_get(alert, "severity")));
    assert_true(strlen(json_string_value(json_object_get(alert, "todo"))) > 0);
    json_decref(alert);
    const struct site_alerts counts = wait_counts(world, 1, 0);
    assert_int_equal(1, counts.sent_count);
    assert_int_equal(0, counts.failed_count);
    assert_int_equal(2, world->requests_count);
}

static void a_mail_is_sent(void **state)
{
    struct world *world = *state;
    char text[TEXT_BYTES];

    write_file(world, "sendmail", 0700,
               "#!/bin/sh\ncd \"${0%/*}\" || exit 1\n{ echo \"$@\"; cat; } > mail\n");
    path_of(world, "sendmail", world->config.alerts.sendmail);
    (void)snprintf(world->config.alerts.mail_to, NODE_WORD_BYTES_MAX, "ops@example.org");
    (void)snprintf(world->config.alerts.mail_from, NODE_WORD_BYTES_MAX, "node@example.org");
    start(world);
    leave(world, "no room");
    wait_for(world, "mail", "Not told", text);
    assert_int_equal(text, strstr(text, "-i -f node@example.org ops@example.org\n"));
    assert_non_null(strstr(text, "\nSubject: [firing] journal_unwritable journal on tester\n"));
    assert_non_null(strstr(text, "no room"));
}

/* One that hangs is killed with what it started; one that is not there is given up; neither keeps
 * the other channel from its work, nor who closes. */
static void what_fails_delays_nobody(void **state)
{
    struct world *world = *state;
    char text[TEXT_BYTES];

    use_program(world, "missing", "");
    world->server = web_server_new(answer, world);
    (void)snprintf(world->config.alerts.webhook, sizeof(world->config.alerts.webhook),
                   "http://127.0.0.1:%u/", web_server_port(world->server));
    start(world);
    leave(world, "no room");
    wait_heard(world, "\"state\":\"firing\"", text);
    leave(world, NULL);
    wait_heard(world, "\"state\":\"cleared\"", text);
    assert_int_equal(0, alerting_counts(world->alerting).failed_count); /* it still tries */
}

/* A program that begins another one, whose number it writes to the file "child". */
static struct program start_parent(struct world *world, const char *then,
                                   char ret_child[TEXT_BYTES])
{
    char text[256];
    char path[512];
    struct program program;

    (void)snprintf(text, sizeof(text),
                   "#!/bin/sh\ncd \"${0%%/*}\" || exit 1\nsleep 600 &\necho $! > child\n%s\n",
                   then);
    write_file(world, "parent", 0700, text);
    path_of(world, "parent", path);
    char *arguments[] = {path, NULL};
    char *environment[] = {NULL};
    const struct program_options options = {.arguments = arguments,
                                            .environment = environment,
                                            .input = bytes_from_string("unread"),
                                            .deadline_ns = 10};
    assert_status(STATUS_OK, program_start(&options, &program));
    wait_for(world, "child", "\n", ret_child);
    return program;
}

static void wait_gone(const char *child)
{
    char path[64];
    char target[512];
    uint32_t waited_ms = 0;

    (void)snprintf(path, sizeof(path), "/proc/%.*s/exe", (int)strcspn(child, "\n"), child);
    for (; readlink(path, target, sizeof(target)) > 0 && waited_ms < WAIT_MS; waited_ms += 20) {
        nap();
    }
    assert_true(waited_ms < WAIT_MS);
}

static void a_program_that_hangs_is_ended(void **state)
{
    char child[TEXT_BYTES];
    int exit_code = 0;
    struct program program = start_parent(*state, "wait", child);

    assert_false(program_has_ended(&program, 9, &exit_code));
    assert_false(program.was_late);
    while (!program_has_ended(&program, 10, &exit_code)) {
        nap();
    }
    assert_true(program.was_late);
    assert_int_equal(128 + 9, exit_code);
    wait_gone(child);
}

static void what_a_program_leaves_behind_ends_with_it(void **state)
{
    char child[TEXT_BYTES];
    int exit_code = 1;
    struct program program = start_parent(*state, "exit 0", child);

    while (!program_has_ended(&program, 1, &exit_code)) {
        nap();
    }
    assert_false(program.was_late);
    assert_int_equal(0, exit_code);
    wait_gone(child);
}

static void wait_kept(const struct world *world, const char *part, bool is_there)
{
    char text[TEXT_BYTES];

    for (uint32_t waited_ms = 0; waited_ms < WAIT_MS; waited_ms += 20) {
        read_file(world, "data/alerts.told", text);
        if ((strstr(text, part) != NULL) == is_there) {
            return;
        }
        nap();
    }
    fail_msg("data/alerts.told: %s", text);
}

static void leave_two(struct world *world, bool has_journal, bool has_log)
{
    memset(&world->live.health, 0, sizeof(world->live.health));
    if (has_journal) {
        control_health_add(&world->live.health, "journal", "no room", (struct instant){.ns = 1});
    }
    if (has_log) {
        control_health_add(&world->live.health, "log", "not signed", (struct instant){.ns = 1});
    }
    world->live.beat_ns = clock_monotonic_ns();
    alerting_leave(world->alerting, &world->live);
}

static void restart(struct world *world)
{
    world->alerting = alerting_close(world->alerting);
    start(world);
}

/* What lasts over a restart is told once; what ended while nobody ran is told to have ended. That
 * another thing is told afterwards shows that this one would have been. */
static void what_was_told_before_a_restart_is_not_told_again(void **state)
{
    struct world *world = *state;
    char text[TEXT_BYTES];

    write_file(world, "recorder", 0700, recorder);
    use_program(world, "recorder", "x");
    start(world);
    leave_two(world, true, false);
    wait_for(world, "told", "SLUICE_ALERT=journal_unwritable\n", text);
    wait_kept(world, "journal_unwritable", true);
    restart(world);
    leave_two(world, true, true);
    wait_for(world, "told", "SLUICE_ALERT=log_trouble\n", text);
    assert_int_equal(1, count_of(text, "SLUICE_ALERT=journal_unwritable\n"));
    wait_kept(world, "log_trouble", true);
    restart(world);
    leave_two(world, true, false);
    wait_for(world, "told", "SLUICE_STATE=cleared\n", text);
    wait_kept(world, "log_trouble", false);
    read_file(world, "told", text);
    assert_int_equal(1, count_of(text, "SLUICE_ALERT=journal_unwritable\n"));
    assert_int_equal(2, count_of(text, "SLUICE_ALERT=log_trouble\n"));
    wait_kept(world, "journal_unwritable", true);
}

/* Nobody was told yet: the program fails until after the restart. */
static void what_nobody_was_told_is_told_after_a_restart(void **state)
{
    struct world *world = *state;
    char text[TEXT_BYTES];

    write_file(world, "recorder", 0700, "#!/bin/sh\necho x >>\"${0%/*}/tried\"\nexit 1\n");
    use_program(world, "recorder", "x");
    start(world);
    leave(world, "no room");
    wait_for(world, "tried", "x", text);
    world->alerting = alerting_close(world->alerting);
    write_file(world, "recorder", 0700, recorder);
    start(world);
    leave(world, "no room");
    wait_for(world, "told", "SLUICE_ALERT=journal_unwritable\n", text);
}

static void a_token_that_others_may_read_is_refused(void **state)
{
    struct world *world = *state;
    const struct alerting_options options = {.config = &world->config, .journal = world->journal};
    struct node_alerts *alerts = &world->config.alerts;

    (void)snprintf(alerts->webhook, sizeof(alerts->webhook), "https://127.0.0.1/");
    (void)snprintf(alerts->webhook_token, 512, "%s/token", world->folder.path);
    assert_int_equal(EXIT_USAGE, alerting_open(&options, &world->alerting));
    write_file(world, "token", 0644, "0123456789abcdef-token\n");
    assert_int_equal(EXIT_USAGE, alerting_open(&options, &world->alerting));
    char path[512];
    path_of(world, "token", path);
    assert_int_equal(0, chmod(path, 0600));
    write_file(world, "token", 0600, "short\n");
    assert_int_equal(EXIT_USAGE, alerting_open(&options, &world->alerting));
    write_file(world, "token", 0600, "0123456789abcdef\r\nX-Evil: 1\n");
    assert_int_equal(EXIT_USAGE, alerting_open(&options, &world->alerting));
    write_file(world, "token", 0600, "0123456789abcdef");
    start(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_program_is_told, begin, end),
        cmocka_unit_test_setup_teardown(a_web_server_is_told, begin, end),
        cmocka_unit_test_setup_teardown(a_mail_is_sent, begin, end),
        cmocka_unit_test_setup_teardown(what_fails_delays_nobody, begin, end),
        cmocka_unit_test_setup_teardown(a_program_that_hangs_is_ended, begin, end),
        cmocka_unit_test_setup_teardown(what_a_program_leaves_behind_ends_with_it, begin, end),
        cmocka_unit_test_setup_teardown(what_was_told_before_a_restart_is_not_told_again, begin,
                                        end),
        cmocka_unit_test_setup_teardown(what_nobody_was_told_is_told_after_a_restart, begin, end),
        cmocka_unit_test_setup_teardown(a_token_that_others_may_read_is_refused, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
