/* SPDX-License-Identifier: Apache-2.0 */
/* The journal's log in the node's life: its signer as a child, what its thread found, and what the
 * node says about itself. */
#include <stdio.h>

#include "relay/node/loop/loop_internal.h"
#include "relay/node/process/clock.h"
#include "relay/node/process/exit_codes.h"

#define WAIT_FIRST DURATION_MS(1000)
#define WAIT_LAST  DURATION_MS(60000) /* who lived longer than this is started again at once */

static enum status start_child(struct loop *loop)
{
    loop->log_life.started = clock_now();
    return child_start("sluice-signer", "--log", loop->config->log.signer_config, &loop->log_child);
}

/* Before anything is done with a journal: one that is an older copy is refused. */
int loop_check_log(struct loop *loop)
{
    const struct node_log *config = &loop->config->log;
    if (!config->is_on) {
        return EXIT_DONE;
    }
    if (config->spawn && start_child(loop) != STATUS_OK) {
        struct log_line line;
        log_begin(&line, LOG_ERROR, "signer_not_started");
        log_string(&line, "what", "sluice-signer");
        log_string(&line, "why", "there is no such program beside this one");
        log_end(&line);
        return EXIT_UNREACHABLE;
    }
    return log_keeper_check(config, loop->journal);
}

/* ---- a child that ended ---- */

static void on_said(void *context, struct bytes text)
{
    struct log_line line;
    (void)context;
    log_begin(&line, LOG_DEBUG, "log_signer_said");
    log_text(&line, "text", text);
    log_end(&line);
}

/* The journal does not need it: checkpoints wait until it is back. */
static void on_ended(void *context, int exit_code)
{
    struct loop *loop = context;
    struct loop_log_child *life = &loop->log_life;
    const struct instant now = clock_now();
    struct log_line line;
    if (loop->stop_asked) {
        return;
    }
    const bool was_steady = instant_since(now, life->started).ns >= WAIT_LAST.ns;
    life->wait =
        was_steady || life->wait.ns == 0 ? WAIT_FIRST : (struct duration){.ns = 2 * life->wait.ns};
    life->wait = life->wait.ns > WAIT_LAST.ns ? WAIT_LAST : life->wait;
    life->has_ended = true;
    life->exit_code = exit_code;
    life->ended = now;
    life->due = instant_after(now, life->wait);
    log_begin(&line, LOG_ERROR, "log_signer_ended");
    log_number(&line, "exit_code", (uint64_t)exit_code);
    log_number(&line, "retry_ms", life->wait.ns / 1000000u);
    log_string(&line, "doing", "the journal goes on without new checkpoints; it is started again");
    log_end(&line);
}

static enum status watch_child(struct loop *loop)
{
    const struct child_handler handler = {.context = loop, .said = on_said, .ended = on_ended};
    return child_watch(loop->log_child, loop->vhost, &handler);
}

static void start_again(struct loop *loop)
{
    struct loop_log_child *life = &loop->log_life;
    struct log_line line;
    if (!life->has_ended || !instant_is_past(life->due, clock_now())) {
        return;
    }
    loop->log_child = child_free(loop->log_child);
    enum status status = start_child(loop);
    if (status == STATUS_OK) {
        status = watch_child(loop);
    }
    if (status != STATUS_OK) {
        life->due = instant_after(clock_now(), WAIT_LAST);
        return;
    }
    life->has_ended = false;
    log_begin(&line, LOG_INFO, "log_signer_started");
    log_end(&line);
}

/* ---- life ---- */

int loop_start_log(struct loop *loop)
{
    const struct log_keeper_options options = {.config = &loop->config->log,
                                               .journal = loop->journal,
                                               .writer = loop->writer,
                                               .wake = loop_wake,
                                               .context = loop,
                                               .tls_ca = loop->config->tls_ca};
    if (loop->log_child != NULL && watch_child(loop) != STATUS_OK) {
        return EXIT_TEMPORARY;
    }
    return options.config->is_on ? log_keeper_open(&options, &loop->log_keeper) : EXIT_DONE;
}

void loop_tend_log(struct loop *loop)
{
    char text[256];
    if (loop->log_keeper == NULL || loop->stop_asked) {
        return;
    }
    const int fault = log_keeper_fault(loop->log_keeper, text);
    if (fault != EXIT_DONE) {
        loop_stop(loop, fault, text);
        return;
    }
    start_again(loop);
}

/* ---- what people are told ---- */

void loop_tell_health(const struct loop *loop, struct control_health *ret_health)
{
    char text[256];
    struct instant since;
    ret_health->steps_count = driver_counters(loop->driver).events_count;
    if (loop->unwritten != STATUS_OK) {
        (void)snprintf(text, sizeof(text),
                       "it cannot be written: %s; nothing is sent, watching goes on",
                       status_name(loop->unwritten));
        control_health_add(ret_health, "journal", text, loop->unwritten_since);
    }
    if (loop->log_life.has_ended) {
        (void)snprintf(text, sizeof(text),
                       "its signer ended with exit code %d; no new checkpoints until it is back",
                       loop->log_life.exit_code);
        control_health_add(ret_health, "log", text, loop->log_life.ended);
    } else if (loop->log_keeper != NULL && log_keeper_trouble(loop->log_keeper, text, &since)) {
        control_health_add(ret_health, "log", text, since);
    }
    if (loop->log_keeper != NULL && log_keeper_witness_trouble(loop->log_keeper, text, &since)) {
        control_health_add(ret_health, "witness", text, since);
    }
}
