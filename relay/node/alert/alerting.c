/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/alert/alerting.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "relay/base/check.h"
#include "relay/node/alert/alert_kept.h"
#include "relay/node/alert/alerting_internal.h"
#include "relay/node/driver/row_source.h"
#include "relay/node/process/clock.h"
#include "relay/node/process/exit_codes.h"
#include "relay/node/process/log.h"
#include "relay/node/web/web_context.h"

#define NOTES_BYTES      ((size_t)1 << 20)
#define NOTES_PER_TICK   10000u
#define FILES_OPEN_MAX   64u
#define SERVICE_BYTES    16384u
#define CONNECT_S        8
#define TICK_US          250000u
#define BACKLOGS_WAIT_NS 1000000000u

static void lock(struct alerting *alerting)
{
    CHECK(pthread_mutex_lock(&alerting->shared.mutex) == 0);
}

static void unlock(struct alerting *alerting)
{
    CHECK(pthread_mutex_unlock(&alerting->shared.mutex) == 0);
}

/* ---- from the loop ---- */

void alerting_leave(struct alerting *alerting, const struct site_live *live)
{
    if (alerting == NULL) {
        return;
    }
    lock(alerting);
    alerting->shared.live = *live;
    unlock(alerting);
}

void alerting_note(struct alerting *alerting, const struct driver_note *note)
{
    struct driver_note kept = *note;

    if (alerting == NULL) {
        return;
    }
    kept.text = (struct bytes){0};
    /* What finds no room is one of so many that others of its kind did. */
    (void)!thread_queue_push(alerting->notes, bytes_from(&kept, sizeof(kept)), (struct bytes){0});
}

struct site_alerts alerting_counts(struct alerting *alerting)
{
    struct site_alerts counts = {0};

    if (alerting != NULL) {
        lock(alerting);
        counts = alerting->shared.counts;
        unlock(alerting);
    }
    return counts;
}

/* ---- the thread ---- */

static void say(enum log_level level, const char *what, const char *why)
{
    struct log_line line;

    log_begin(&line, level, "alerts");
    log_string(&line, "what", what);
    log_string(&line, "why", why);
    log_end(&line);
}

static void say_notice(const struct alert_notice *notice)
{
    const struct alert_kind_facts *facts = alert_kind_facts(notice->fact.kind);
    const bool is_bad = notice->news != ALERT_CLEARS;
    struct log_line line;

    log_begin(&line,
              !is_bad                         ? LOG_INFO
              : facts->severity == ALERT_PAGE ? LOG_ERROR
                                              : LOG_WARN,
              "alert");
    log_word(&line, "alert", facts->name);
    log_string(&line, "state", alert_news_name(notice->news));
    log_string(&line, "subject", notice->fact.subject);
    log_string(&line, "what", facts->what);
    log_string(&line, "detail", notice->fact.text);
    log_string(&line, "did", facts->did);
    log_string(&line, "todo", facts->todo);
    log_end(&line);
}

static void take_notes(struct alerting *alerting, uint64_t now_ns)
{
    struct driver_note note;

    for (uint32_t i = 0; i < NOTES_PER_TICK; i++) {
        struct buffer memory = buffer_from(&note, sizeof(note));
        if (thread_queue_take(alerting->notes, 0, &memory) != STATUS_OK) {
            return;
        }
        alert_memory_note(&alerting->memory, &alerting->options.config->core, &note, now_ns);
    }
}

/* They go through everything that is open: one part in SITE_SHARE of the thread's time. */
static enum status look_at_backlogs(struct alerting *alerting)
{
    const struct node_config *config = alerting->options.config;
    const uint64_t began_ns = clock_monotonic_ns();

    if (began_ns < alerting->backlogs_due_ns) {
        return STATUS_OK;
    }
    for (uint32_t i = 0; i < config->core.chains_count; i++) {
        const enum status status =
            backlog_look(&alerting->source, config->core.chains[i].domain,
                         config->alerts.failures_min, &alerting->backlogs[i]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    const uint64_t ended_ns = clock_monotonic_ns();
    alerting->has_backlogs = true;
    alerting->backlogs_due_ns = ended_ns + BACKLOGS_WAIT_NS + (ended_ns - began_ns) * SITE_SHARE;
    return STATUS_OK;
}

static void look(struct alerting *alerting, uint64_t now_ns)
{
    struct statvfs disk;
    struct alert_sight sight = {.source = &alerting->source,
                                .config = alerting->options.config,
                                .live = &alerting->live,
                                .now = clock_now(),
                                .now_ns = now_ns};
    enum status status = journal_reader_refresh(alerting->reader);

    status = status == STATUS_OK ? look_at_backlogs(alerting) : status;
    sight.backlogs = alerting->has_backlogs ? alerting->backlogs : NULL;
    sight.has_disk = statvfs(alerting->options.config->data, &disk) == 0;
    sight.disk_free = sight.has_disk ? disk.f_bavail * disk.f_frsize : 0;
    alerts_begin(&alerting->alerts, now_ns);
    if (status == STATUS_OK) {
        alert_look(&sight, &alerting->memory, &alerting->alerts);
    } else {
        alert_look_blind(status, &alerting->alerts);
    }
    if (!alerting->live.has_started) {
        /* What was told before a restart has not ended because nobody looks yet. */
        alerts_keep(&alerting->alerts);
    }
    alerts_end(&alerting->alerts);
}

/* ---- over a restart ---- */

static struct alert_clocks read_clocks(void)
{
    return (struct alert_clocks){.now_ns = clock_monotonic_ns(), .now = clock_now()};
}

static void recall(struct alerting *alerting)
{
    const struct alert_clocks clocks = read_clocks();
    const enum status status =
        alert_kept_load(&alerting->alerts, &clocks, alerting->options.config->data);

    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        say(LOG_WARN, "alerts.told cannot be read: what is still wrong is told again",
            status_name(status));
    }
}

/* Only when nothing is on its way: a notice that nobody got must not count as told. */
static void remember(struct alerting *alerting)
{
    const struct alert_clocks clocks = read_clocks();

    if (alerting->kept_count == alerting->alerts.told_count || !channels_are_done(alerting)) {
        return;
    }
    alerting->kept_count = alerting->alerts.told_count;
    const enum status status =
        alert_kept_save(&alerting->alerts, &clocks, alerting->options.config->data);
    if (status != STATUS_OK) {
        say(LOG_WARN, "alerts.told cannot be written: a restart will tell again",
            status_name(status));
    }
}

static void tell(struct alerting *alerting)
{
    struct alert_notice notice;

    while (alerts_next(&alerting->alerts, &notice)) {
        say_notice(&notice);
        channels_tell(alerting, &notice, clock_now());
    }
    alerting->counts.firing_count = 0;
    for (uint32_t kind = 0; kind < ALERT_KINDS; kind++) {
        alerting->counts.firing_count += alerts_firing(&alerting->alerts, (enum alert_kind)kind);
    }
    alerting->counts.untold_count = alerting->alerts.untold_total;
}

/* False: it is time to end. */
static bool take_live(struct alerting *alerting)
{
    lock(alerting);
    alerting->live = alerting->shared.live;
    alerting->shared.counts = alerting->counts;
    const bool goes_on = !alerting->shared.is_stopping;
    unlock(alerting);
    return goes_on;
}

static void timer_fired(lws_sorted_usec_list_t *timer)
{
    (void)timer; /* its only work is to end the wait */
}

static void *alerting_run(void *context)
{
    struct alerting *alerting = context;
    uint64_t tick_ns = 0;

    while (take_live(alerting)) {
        const uint64_t now_ns = clock_monotonic_ns();
        if (now_ns >= tick_ns) {
            take_notes(alerting, now_ns);
            look(alerting, now_ns);
            tell(alerting);
            remember(alerting);
            tick_ns = now_ns + TICK_US * 1000u;
        }
        channels_tick(alerting, now_ns);
        lws_sul_schedule(alerting->context, 0, &alerting->timer, timer_fired, TICK_US);
        if (lws_service(alerting->context, 0) < 0) {
            say(LOG_ERROR, "thread", "its own loop failed; nobody is told any more");
            return NULL;
        }
        web_client_service(alerting->web);
    }
    return NULL;
}

/* ---- life ---- */

static bool open_memory(struct alerting *alerting)
{
    static const struct lws_protocols *const protocols[] = {&web_client_protocol, NULL};
    const struct web_context_options options = {.protocols = protocols,
                                                .files_max = FILES_OPEN_MAX,
                                                .service_bytes = SERVICE_BYTES,
                                                .connect_s = CONNECT_S};

    alerting->notes = thread_queue_new(NOTES_BYTES, NULL, NULL);
    alerting->context = web_context_new(&options, &alerting->vhost);
    alerting->web = alerting->context == NULL ? NULL
                                              : web_client_new(alerting->context, alerting->vhost,
                                                               alerting->options.config->tls_ca);
    return alerting->notes != NULL && alerting->web != NULL &&
           journal_reader_open(alerting->options.journal, &alerting->reader) == STATUS_OK;
}

int alerting_open(const struct alerting_options *options, struct alerting **ret_alerting)
{
    struct alerting *alerting = calloc(1, sizeof(*alerting));
    const struct node_alerts *config = &options->config->alerts;

    if (alerting == NULL) {
        return EXIT_TEMPORARY;
    }
    alerting->options = *options;
    alerting->counts.is_on = true;
    alerts_init(&alerting->alerts, &(struct alert_options){.hold = config->hold,
                                                           .repeat = config->repeat,
                                                           .per_hour = config->per_hour});
    CHECK(pthread_mutex_init(&alerting->shared.mutex, NULL) == 0);
    recall(alerting);
    int code = channels_open(alerting);
    if (code == EXIT_DONE) {
        if (open_memory(alerting)) {
            alerting->source = row_source_from_journal(alerting->reader);
            alerting->has_thread = thread_start(&alerting->thread, alerting_run, alerting);
        }
        code = alerting->has_thread ? EXIT_DONE : EXIT_TEMPORARY;
    }
    if (code == EXIT_TEMPORARY) {
        say(LOG_ERROR, "not started", "not enough memory, or too many threads or readers");
    }
    if (code != EXIT_DONE) {
        alerting_close(alerting);
        return code;
    }
    *ret_alerting = alerting;
    return EXIT_DONE;
}

struct alerting *alerting_close(struct alerting *alerting)
{
    if (alerting == NULL) {
        return NULL;
    }
    if (alerting->has_thread) {
        lock(alerting);
        alerting->shared.is_stopping = true;
        unlock(alerting);
        lws_cancel_service(alerting->context);
        CHECK(pthread_join(alerting->thread, NULL) == 0);
    }
    channels_close(alerting);
    if (alerting->web != NULL) {
        web_client_stop(alerting->web);
    }
    if (alerting->context != NULL) {
        lws_context_destroy(alerting->context);
    }
    alerting->web = web_client_free(alerting->web);
    alerting->reader = journal_reader_close(alerting->reader);
    alerting->notes = thread_queue_free(alerting->notes);
    CHECK(pthread_mutex_destroy(&alerting->shared.mutex) == 0);
    free(alerting);
    return NULL;
}
