/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/loop/loop.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "relay/node/driver/row_source.h"
#include "relay/node/loop/loop_internal.h"
#include "relay/node/process/clock.h"
#include "relay/node/process/exit_codes.h"
#include "relay/node/stores/credentials.h"
#include "relay/node/web/web_client.h"

#define STOP_WAIT_NS       10000000000u
#define TICKS_IN_A_ROW_MAX 8u /* before sockets are looked at again */

void loop_wake(void *context)
{
    const struct loop *loop = context;
    lws_cancel_service(loop->context);
}

void loop_stop(struct loop *loop, int exit_code, const char *reason)
{
    if (loop->exit_code == EXIT_DONE) {
        loop->exit_code = exit_code;
    }
    if (loop->stop_asked) {
        return;
    }
    struct log_line line;
    log_begin(&line, exit_code == EXIT_DONE ? LOG_INFO : LOG_ERROR, "stopping");
    log_string(&line, "reason", reason);
    log_end(&line);
    service_say(&loop->service, "STOPPING=1\nSTATUS=stopping");
    loop->stop_asked = true;
    loop->stop_deadline_ns = clock_now().ns + STOP_WAIT_NS;
    driver_stop(loop->driver, bytes_from_string(reason));
    if (loop->writer != NULL) {
        writer_end_is_near(loop->writer);
    }
}

void loop_end(struct loop *loop, int exit_code)
{
    if (loop->exit_code == EXIT_DONE) {
        loop->exit_code = exit_code;
    }
    loop->ended = true;
}

/* ---- signals ---- */

static int signals_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                            size_t count)
{
    (void)user;
    (void)in;
    (void)count;
    struct loop *loop = lws_get_opaque_user_data(wsi);
    struct signalfd_siginfo info;
    if (loop == NULL || reason != LWS_CALLBACK_RAW_RX_FILE) {
        return 0;
    }
    while (read(loop->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        loop_stop(loop, EXIT_DONE,
                  info.ssi_signo == (uint32_t)SIGTERM ? "asked to end (SIGTERM)"
                                                      : "asked to end (SIGINT)");
    }
    return 0;
}

static const struct lws_protocols signals_protocol = {
    .name = "sluice-signals",
    .callback = signals_callback,
};

/* Before any thread exists, so that all of them leave signals to the loop. */
static int loop_block_signals(struct loop *loop)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
        return EXIT_TEMPORARY;
    }
    loop->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return loop->signals < 0 ? EXIT_TEMPORARY : EXIT_DONE;
}

static int loop_open_context(struct loop *loop)
{
    static const struct lws_protocols *const protocols[] = {
        &transport_protocol, &web_client_protocol,   &signer_protocol,  &child_protocol,
        &control_protocol,   &control_peer_protocol, &signals_protocol, NULL,
    };
    loop->context = loop_context_new(loop->config, protocols, &loop->vhost);
    if (loop->context == NULL) {
        return EXIT_TEMPORARY;
    }
    const lws_sock_file_fd_type descriptor = {.filefd = loop->signals};
    struct lws *wsi = lws_adopt_descriptor_vhost(loop->vhost, LWS_ADOPT_RAW_FILE_DESC, descriptor,
                                                 signals_protocol.name, NULL);
    if (wsi == NULL) {
        return EXIT_TEMPORARY;
    }
    lws_set_opaque_user_data(wsi, loop);
    return EXIT_DONE;
}

/* ---- building ---- */

static void say_failure(const char *event, const char *what, const char *text)
{
    struct log_line line;
    log_begin(&line, LOG_ERROR, event);
    log_string(&line, "what", what);
    log_string(&line, "why", text);
    log_end(&line);
}

static int loop_start_child(struct loop *loop)
{
    const struct node_config *config = loop->config;
    if (!config->signer_spawn) {
        return EXIT_DONE;
    }
    if (child_start("sluice-signer", "--config", config->signer_config, &loop->child) !=
        STATUS_OK) {
        say_failure("signer_not_started", "sluice-signer",
                    "there is no such program beside this one");
        return EXIT_UNREACHABLE;
    }
    return EXIT_DONE;
}

static int loop_build_driver(struct loop *loop, struct instant last)
{
    struct driver_chain chains[CHAINS_MAX];
    const struct core_config *core = &loop->config->core;
    for (uint32_t i = 0; i < core->chains_count; i++) {
        chains[i].ops = loop->config->chains[i].family;
        chains[i].config = config_chain(loop->config, i);
    }
    const struct driver_options options = {
        .core = core,
        .chains = chains,
        .build_id = bytes_from_string(loop->build_id),
        .source = row_source_from_journal(loop->reader),
        .last = last,
        .ports = loop_ports(loop),
    };
    const size_t footprint = driver_footprint(&options);
    uint32_t chain_index = core->chains_count;
    loop->driver_memory = footprint == 0 ? NULL : calloc(1, footprint);
    if (loop->driver_memory == NULL) {
        say_failure("not_started", "memory", "not enough for these limits");
        return footprint == 0 ? EXIT_USAGE : EXIT_TEMPORARY;
    }
    const enum status status =
        driver_init(loop->driver_memory, &options, &loop->driver, &chain_index);
    if (status == STATUS_OK) {
        return EXIT_DONE;
    }
    if (chain_index < core->chains_count) {
        say_failure("not_started", core->chains[chain_index].name,
                    "the configuration does not fit this chain family");
        return EXIT_USAGE;
    }
    if (status == STATUS_VERSION) {
        say_failure("not_started", loop->config->data,
                    "the journal was written by another version of the core; use that one");
        return EXIT_USAGE;
    }
    say_failure("not_started", loop->config->data, status_name(status));
    return EXIT_INTEGRITY;
}

/* The thread of stores that are not on this machine. */
static int loop_build_remote(struct loop *loop)
{
    const struct node_config *config = loop->config;
    const bool writes = config->store_credentials[0] != '\0';
    const struct remote_options options = {.tls_ca = config->tls_ca,
                                           .s3_endpoint = config->s3_endpoint,
                                           .gcs_endpoint = config->gcs_endpoint,
                                           .build_id = loop->build_id,
                                           .credentials = writes ? &loop->credentials : NULL,
                                           .allow_private = config->stores_private};
    const enum status status =
        writes ? store_credentials_read(config->store_credentials, &loop->credentials) : STATUS_OK;

    if (status != STATUS_OK) {
        say_failure("not_started", config->store_credentials,
                    status == STATUS_REFUSED     ? "others may read it: chmod 600"
                    : status == STATUS_MALFORMED ? "no aws_access_key_id and aws_secret_access_key"
                                                 : "cannot be read");
        return EXIT_USAGE;
    }
    loop->remote = remote_new(&options, loop_wake, loop);
    if (loop->remote == NULL) {
        say_failure("not_started", "memory", "not enough");
        return EXIT_TEMPORARY;
    }
    return EXIT_DONE;
}

static int loop_build_parts(struct loop *loop)
{
    const struct node_config *config = loop->config;
    const struct transport_handler transport = loop_transport_handler(loop);
    const struct signer_handler signer = loop_signer_handler(loop);
    const struct control_handler control = loop_control_handler(loop);
    int code = loop_take_mandate(loop);
    if (code == EXIT_DONE) {
        code = loop_build_remote(loop);
    }
    if (code != EXIT_DONE) {
        return code;
    }
    loop->files = files_new(loop_wake, loop);
    loop->planner = planner_new(loop_wake, loop);
    loop->transport = transport_new(loop->context, loop->vhost, config, &transport);
    if (loop->files == NULL || loop->planner == NULL || loop->transport == NULL) {
        say_failure("not_started", "memory", "not enough, or too many threads");
        return EXIT_TEMPORARY;
    }
    if (config->signer_socket[0] != '\0') {
        loop->signer =
            signer_client_new(loop->context, loop->vhost, config->signer_socket, &signer);
        if (loop->signer == NULL) {
            return EXIT_TEMPORARY;
        }
    }
    if (loop->child != NULL) {
        const struct child_handler handler = loop_child_handler(loop);
        if (child_watch(loop->child, loop->vhost, &handler) != STATUS_OK) {
            return EXIT_TEMPORARY;
        }
    }
    const enum status status = control_open(loop->vhost, config->control, &control, &loop->control);
    if (status != STATUS_OK) {
        say_failure("not_started", config->control,
                    status == STATUS_BUSY
                        ? "something else is there: a file, or a program that listens"
                        : "the control socket cannot be made there");
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

/* Everything that can refuse to start, in the order that leaves nothing half started. */
static int loop_build(struct loop *loop)
{
    struct instant last = {0};
    int code = loop_block_signals(loop);
    code = code == EXIT_DONE ? loop_open_journal(loop, &last) : code;
    code = code == EXIT_DONE ? loop_check_log(loop) : code;
    code = code == EXIT_DONE ? loop_build_driver(loop, last) : code;
    code = code == EXIT_DONE ? loop_start_child(loop) : code;
    code = code == EXIT_DONE ? loop_open_context(loop) : code;
    code = code == EXIT_DONE ? loop_start_writer(loop) : code;
    code = code == EXIT_DONE ? loop_build_parts(loop) : code;
    code = code == EXIT_DONE ? loop_start_log(loop) : code;
    return code == EXIT_DONE ? loop_open_site(loop) : code;
}

static void loop_free(struct loop *loop)
{
    if (loop->transport != NULL) {
        transport_stop(loop->transport);
    }
    if (loop->signer != NULL) {
        signer_client_stop(loop->signer);
    }
    if (loop->child != NULL && loop->context != NULL) {
        child_stop(loop->child);
    }
    loop->site = site_close(loop->site);
    loop->alerting = alerting_close(loop->alerting);
    /* Threads first, because they wake the context; then what its connections point to. */
    loop->files = files_free(loop->files);
    loop->remote = remote_free(loop->remote);
    sigv4_credentials_wipe(&loop->credentials);
    loop->planner = planner_free(loop->planner);
    log_keeper_stop(loop->log_keeper);
    loop_stop_writer(loop);
    log_keeper_finish(loop->log_keeper);
    loop->log_keeper = log_keeper_free(loop->log_keeper);
    loop->log_child = child_free(loop->log_child);
    if (loop->context != NULL) {
        lws_context_destroy(loop->context);
    }
    loop->transport = transport_free(loop->transport);
    loop->signer = signer_client_free(loop->signer);
    loop->control = control_close(loop->control);
    loop->child = child_free(loop->child);
    driver_deinit(loop->driver);
    free(loop->driver_memory);
    loop_close_journal(loop);
}

/* ---- running ---- */

static void timer_fired(lws_sorted_usec_list_t *timer)
{
    (void)timer; /* its only work is to end the wait */
}

static void loop_say_lone_endpoints(const struct node_config *config)
{
    for (uint32_t i = 0; i < config->core.chains_count; i++) {
        struct log_line line;
        if (config->chains[i].quorum > 1) {
            continue;
        }
        log_begin(&line, LOG_WARN, "lone_endpoint");
        log_word(&line, "chain", config->core.chains[i].name);
        log_string(&line, "text", "one endpoint decides alone; what it says is not compared");
        log_end(&line);
    }
}

static void loop_say_ready(struct loop *loop)
{
    const bool signer_there = loop->signer == NULL || signer_client_is_greeted(loop->signer);
    if (loop->ready || !loop->started || !signer_there) {
        return;
    }
    struct log_line line;
    loop->ready = true;
    service_say(&loop->service, "READY=1\nSTATUS=ready");
    loop_say_lone_endpoints(loop->config);
    log_begin(&line, LOG_INFO, "ready");
    log_word(&line, "node", loop->config->core.node_name);
    log_number(&line, "chains", loop->config->core.chains_count);
    log_string(&line, "data", loop->config->data);
    log_string(&line, "control", loop->config->control);
    log_number(&line, "pid", (uint64_t)getpid());
    log_end(&line);
}

/* Lets the driver work until it has nothing to do at once. Returns when it wants to work again. */
static struct instant loop_tick(struct loop *loop)
{
    struct instant now = clock_now();
    for (uint32_t i = 0; i < TICKS_IN_A_ROW_MAX && !loop->ended; i++) {
        const enum status status = driver_tick(loop->driver, now);
        if (status != STATUS_OK) {
            say_failure("broken", loop->config->data, status_name(status));
            loop_end(loop, status == STATUS_CORRUPT ? EXIT_INTEGRITY : EXIT_TEMPORARY);
        }
        now = clock_now();
        if (driver_next_wake(loop->driver, now).ns > now.ns) {
            break;
        }
    }
    return driver_next_wake(loop->driver, now);
}

static void loop_wait(struct loop *loop, struct instant until)
{
    const struct instant now = clock_now();
    const uint64_t wait_us = until.ns > now.ns ? (until.ns - now.ns) / 1000 + 1 : 1;
    const uint64_t most_us = 1000000; /* stopping and readiness are looked at now and then */
    lws_sul_schedule(loop->context, 0, &loop->timer, timer_fired,
                     (lws_usec_t)(wait_us < most_us ? wait_us : most_us));
    if (lws_service(loop->context, 0) < 0) {
        loop_end(loop, EXIT_TEMPORARY);
    }
}

static void loop_serve(struct loop *loop)
{
    driver_start(loop->driver);
    transport_start(loop->transport);
    if (loop->signer != NULL) {
        signer_client_start(loop->signer);
    }
    while (!loop->ended) {
        loop_begin_turn(loop);
        loop_take_commits(loop);
        loop_take_answers(loop);
        loop_tend_log(loop);
        const struct instant wake = loop_tick(loop);
        transport_set_reading(loop->transport,
                              driver_is_pressed(loop->driver) ? TRANSPORT_HOLD : TRANSPORT_READ);
        loop_say_ready(loop);
        if (loop->stop_asked && driver_is_stopped(loop->driver)) {
            loop_end(loop, EXIT_DONE);
        } else if (loop->stop_asked && clock_now().ns > loop->stop_deadline_ns) {
            say_failure("stop_incomplete", loop->config->data,
                        "the journal could not be written in time; what was not durable was not "
                        "acted on");
            loop_end(loop, EXIT_TEMPORARY);
        }
        loop_end_turn(loop);
        if (!loop->ended) {
            loop_wait(loop, wake);
        }
    }
}

int loop_run(const struct node_config *config, const char *build_id)
{
    struct loop *loop = calloc(1, sizeof(*loop));
    if (loop == NULL) {
        return EXIT_TEMPORARY;
    }
    loop->config = config;
    loop->build_id = build_id;
    loop->signals = -1;
    loop->service = service_open();
    int code = loop_build(loop);
    if (code == EXIT_DONE) {
        loop_serve(loop);
        code = loop->exit_code;
    }
    loop_free(loop);
    service_close(&loop->service);
    struct log_line line;
    log_begin(&line, code == EXIT_DONE ? LOG_INFO : LOG_ERROR, "ended");
    log_number(&line, "exit_code", (uint64_t)code);
    log_end(&line);
    free(loop);
    return code;
}
