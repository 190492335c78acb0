/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/site/site.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/node/driver/row_source.h"
#include "relay/node/process/clock.h"
#include "relay/node/process/exit_codes.h"
#include "relay/node/process/log.h"
#include "relay/node/process/secret_file.h"
#include "relay/node/site/site_internal.h"

#define EVENTS_BYTES     ((size_t)2 << 20)
#define SERVICE_BYTES    16384u
#define FILES_OPEN_MAX   (2 * HTTP_CONNECTIONS_MAX + 32u)
#define TICK_US          500000u
#define PAGE_WAIT_NS     1000000000u
#define PAGE_WAIT_MAX_NS 5000000000u
#define PAGE_QUIET_NS    2000000000u /* more, when no record is new: health changes without one */

#define MS(ms)                                                                                     \
    {                                                                                              \
        .ns = (uint64_t)(ms)*1000000u                                                              \
    }

const struct duration site_turn_bounds[SITE_TURNS_BUCKETS] = {
    MS(1), MS(5), MS(20), MS(100), MS(500), MS(2000), MS(5000), MS(10000),
};

uint64_t site_now_ns(void)
{
    return clock_monotonic_ns();
}

struct instant site_clock(void)
{
    return clock_now();
}

struct view site_view(const struct site *site)
{
    return (struct view){.source = row_source_from_journal(site->reader),
                         .config = &site->options.config->core,
                         .head = journal_reader_head(site->reader)};
}

uint32_t site_chain_index(const struct site *site, uint32_t domain)
{
    const struct core_config *config = &site->options.config->core;

    for (uint32_t i = 0; i < config->chains_count; i++) {
        if (config->chains[i].domain == domain) {
            return i;
        }
    }
    return CHAINS_MAX;
}

static void lock(struct site *site)
{
    CHECK(pthread_mutex_lock(&site->shared.mutex) == 0);
}

static void unlock(struct site *site)
{
    CHECK(pthread_mutex_unlock(&site->shared.mutex) == 0);
}

/* ---- from the loop ---- */

void site_leave(struct site *site, const struct site_live *live)
{
    if (site == NULL) {
        return;
    }
    lock(site);
    site->shared.live = *live;
    unlock(site);
}

void site_note(struct site *site, const struct driver_note *note)
{
    if (site == NULL) {
        return;
    }
    struct site_event event;
    memset(&event, 0, sizeof(event));
    event.at_ns = note->at.ns;
    event.reason = note->reason;
    event.level = (uint32_t)note->level;
    event.domain = note->domain;
    event.subject = note->subject;
    if (thread_queue_push(site->events, bytes_from(&event, sizeof(event)), (struct bytes){0}) !=
        STATUS_OK) {
        lock(site);
        site->shared.lost_count++;
        unlock(site);
    }
}

/* ---- the thread ---- */

static void say(enum log_level level, const char *what, const char *why)
{
    struct log_line line;

    log_begin(&line, level, "site");
    log_string(&line, "what", what);
    log_string(&line, "why", why);
    log_end(&line);
}

/* Pages are made while somebody looks, when there is something new, and the longer they take the
 * less often. */
static void publish_page(struct site *site)
{
    const uint64_t began_ns = site_now_ns();
    const uint64_t head = journal_reader_head(site->reader);
    const uint64_t quiet_ns = head == site->page_head ? PAGE_QUIET_NS : 0;

    if (http_counters(site->http).viewers_count == 0 || began_ns < site->page_due_ns + quiet_ns) {
        return;
    }
    site->page_head = head;
    json_t *page = site_page(site);
    char *text = page == NULL ? NULL : json_dumps(page, JSON_COMPACT);
    json_decref(page);
    if (text != NULL && http_publish(site->http, bytes_from_string(text)) != STATUS_OK) {
        say(LOG_WARN, "pages", "no memory; viewers keep what they have");
    }
    free(text);
    /* Once in a while it holds what takes long, which has a share of its own. */
    const uint64_t took_ns = site_now_ns() - began_ns;
    const uint64_t wait_ns = took_ns * SITE_SHARE;
    site->page_due_ns =
        began_ns + PAGE_WAIT_NS + (wait_ns < PAGE_WAIT_MAX_NS ? wait_ns : PAGE_WAIT_MAX_NS);
}

/* False: it is time to end. */
static bool take_live(struct site *site)
{
    lock(site);
    site->live = site->shared.live;
    site->lost_count = site->shared.lost_count;
    const bool goes_on = !site->shared.is_stopping;
    unlock(site);
    return goes_on;
}

static void site_tick(struct site *site)
{
    enum status status = site_tally_tick(site);

    if (status == STATUS_OK && site->tally->is_whole) {
        status = site_backlogs_tick(site);
        status = status == STATUS_OK ? site_history_tick(site) : status;
    }
    if (status != STATUS_OK) {
        say(LOG_WARN, "rows cannot be read", status_name(status));
        return;
    }
    publish_page(site);
}

static void timer_fired(lws_sorted_usec_list_t *timer)
{
    (void)timer; /* its only work is to end the wait */
}

static void *site_run(void *context)
{
    struct site *site = context;
    uint64_t tick_ns = 0;

    while (take_live(site)) {
        /* Requests end the wait too; they are no reason to look at the rows again. */
        if (site_now_ns() >= tick_ns) {
            site_tick(site);
            tick_ns = site_now_ns() + (site->tally->is_whole ? TICK_US * 1000u : 1000u);
        }
        lws_sul_schedule(site->context, 0, &site->timer, timer_fired,
                         site->tally->is_whole ? TICK_US : 1000);
        if (lws_service(site->context, 0) < 0) {
            say(LOG_ERROR, "pages", "its own loop failed; nothing is served any more");
            return NULL;
        }
    }
    return NULL;
}

/* ---- life ---- */

static bool open_memory(struct site *site)
{
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .pt_serv_buf_size = SERVICE_BYTES,
        .fd_limit_per_thread = FILES_OPEN_MAX,
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
        .gid = -1,
        .uid = -1,
    };

    site->tally = calloc(1, sizeof(*site->tally));
    site->events = thread_queue_new(EVENTS_BYTES, NULL, NULL);
    site->context = lws_create_context(&info);
    return site->tally != NULL && site->events != NULL && site->context != NULL &&
           journal_reader_open(site->options.journal, &site->reader) == STATUS_OK;
}

/* "" is none. */
static const char *given(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

static const char *problem_of(enum status status)
{
    return status == STATUS_BUSY
               ? "site.listen: something else listens there, or it is no address of this machine"
           : status == STATUS_MALFORMED
               ? "site.certificate and site.key cannot be read, or do not belong together"
               : status_name(status);
}

static int open_http(struct site *site)
{
    const struct node_site *config = &site->options.config->site;
    const bool is_local = config->address[0] == '\0' || strncmp(config->address, "127.", 4) == 0;
    char what[32];

    if (config->token[0] != '\0') {
        const enum status status = secret_token_read(config->token, site->token);
        if (status != STATUS_OK) {
            say(LOG_ERROR, config->token, secret_file_problem(status));
            return EXIT_USAGE;
        }
    }
    const struct http_options options = {.address = given(config->address),
                                         .port = site->options.config->site_port,
                                         .token = given(site->token),
                                         .certificate = given(config->certificate),
                                         .key = given(config->key),
                                         .handler = {.context = site, .serve = site_serve},
                                         .hosts = is_local ? HTTP_HOSTS_LOCAL : HTTP_HOSTS_SAME,
                                         .policy = site_policy,
                                         .has_live = true};
    const enum status status = http_open(site->context, &options, &site->http);
    if (status == STATUS_OK) {
        return EXIT_DONE;
    }
    (void)snprintf(what, sizeof(what), "%s:%u",
                   config->address[0] == '\0' ? "127.0.0.1" : config->address, options.port);
    say(LOG_ERROR, what, problem_of(status));
    return EXIT_USAGE;
}

int site_open(const struct site_options *options, struct site **ret_site)
{
    struct site *site = calloc(1, sizeof(*site));

    if (site == NULL) {
        return EXIT_TEMPORARY;
    }
    site->options = *options;
    site->history.every_ns = SITE_SAMPLE_NS;
    CHECK(pthread_mutex_init(&site->shared.mutex, NULL) == 0);
    int code = open_memory(site) ? open_http(site) : EXIT_TEMPORARY;
    if (code == EXIT_DONE) {
        site->has_thread = thread_start(&site->thread, site_run, site);
        code = site->has_thread ? EXIT_DONE : EXIT_TEMPORARY;
    }
    if (code == EXIT_TEMPORARY) {
        say(LOG_ERROR, "site", "not enough memory, or too many threads or readers");
    }
    if (code != EXIT_DONE) {
        site_close(site);
        return code;
    }
    *ret_site = site;
    return EXIT_DONE;
}

struct site *site_close(struct site *site)
{
    if (site == NULL) {
        return NULL;
    }
    if (site->has_thread) {
        lock(site);
        site->shared.is_stopping = true;
        unlock(site);
        lws_cancel_service(site->context);
        CHECK(pthread_join(site->thread, NULL) == 0);
    }
    if (site->context != NULL) {
        lws_context_destroy(site->context);
    }
    site->http = http_free(site->http);
    site->reader = journal_reader_close(site->reader);
    site->events = thread_queue_free(site->events);
    json_decref(site->slow);
    OPENSSL_cleanse(site->token, sizeof(site->token));
    free(site->tally);
    CHECK(pthread_mutex_destroy(&site->shared.mutex) == 0);
    free(site);
    return NULL;
}
