/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of the site. */
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/core/capital/capital_view.h"
#include "relay/node/site/pages/pages.h"
#include "relay/node/site/site_internal.h"
#include "relay/view/json_of.h"

#define TEXT_TYPE         "text/plain; charset=utf-8"
#define JSON_TYPE         "application/json"
#define METRICS_BYTES     ((size_t)16 << 20) /* a line for each pair of chains, more than once */
#define PAGE_MESSAGES_MAX 100u
#define PAGE_RECENT_MAX   50u
#define PAGE_ROUTES_MAX   60u
#define LIST_MESSAGES_MAX 500u

const char site_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

static bool is_path(struct bytes path, const char *text)
{
    return bytes_equal(path, bytes_from_string(text));
}

/* ---- health ---- */

static void put_line(struct buffer *buffer, const char *text)
{
    /* The buffer holds every check there can be. */
    CHECK(buffer_append(buffer, bytes_from_string(text)) == STATUS_OK);
}

/* A line for each check: "ok NAME: TEXT" or "NOT NAME: TEXT". */
static void serve_ready(struct site *site, struct http_answer *answer)
{
    char text[SITE_CHECKS_MAX * (sizeof(struct site_check) + 16)];
    struct buffer buffer = buffer_from(text, sizeof(text));
    struct site_health health;

    site_health(site, &health);
    for (uint32_t i = 0; i < health.count; i++) {
        put_line(&buffer, health.checks[i].is_good ? "ok  " : "NOT ");
        put_line(&buffer, health.checks[i].name);
        put_line(&buffer, ": ");
        put_line(&buffer, health.checks[i].text);
        put_line(&buffer, "\n");
    }
    http_answer_copy(answer, buffer_bytes(&buffer), TEXT_TYPE);
    answer->status = answer->status == 200 && !health.is_ready ? 503 : answer->status;
}

static void serve_word(struct http_answer *answer, bool is_good, const char *good, const char *bad)
{
    http_answer_copy(answer, bytes_from_string(is_good ? good : bad), TEXT_TYPE);
    answer->status = answer->status == 200 && !is_good ? 503 : answer->status;
}

/* ---- metrics ---- */

static void serve_metrics(struct site *site, const struct http_request *request,
                          struct http_answer *answer)
{
    const bool is_open = http_accepts(request, EXPOSITION_OPEN_METRICS);
    void *memory = malloc(METRICS_BYTES);
    struct exposition exposition = is_open ? exposition_open_metrics(memory, METRICS_BYTES)
                                           : exposition_from(memory, METRICS_BYTES);
    struct bytes text;

    answer->status = 503;
    if (memory != NULL && site_metrics(site, &exposition) == STATUS_OK &&
        (!site->options.config->hyperlane_metrics ||
         site_hyperlane_metrics(site, &exposition) == STATUS_OK) &&
        exposition_end(&exposition, &text) == STATUS_OK) {
        http_answer_copy(answer, text,
                         is_open ? EXPOSITION_OPEN_METRICS_CONTENT_TYPE : EXPOSITION_CONTENT_TYPE);
    }
    free(memory);
}

/* ---- JSON ---- */

/* Takes `value`; NULL: the rows cannot be read. */
static void serve_json(json_t *value, struct http_answer *answer)
{
    char *text = value == NULL ? NULL : json_dumps(value, JSON_COMPACT);

    answer->status = 503;
    json_decref(value);
    if (text != NULL) {
        http_answer_copy(answer, bytes_from_string(text), JSON_TYPE);
    }
    free(text);
}

static json_t *made(enum status status, json_t *value)
{
    return status == STATUS_OK ? value : NULL;
}

static json_t *health_json(const struct site *site)
{
    struct site_health health;
    json_t *checks = json_array();

    site_health(site, &health);
    for (uint32_t i = 0; i < health.count; i++) {
        (void)json_array_append_new(
            checks, json_pack("{s:s, s:b, s:s}", "name", health.checks[i].name, "good",
                              health.checks[i].is_good, "text", health.checks[i].text));
    }
    return json_pack("{s:b, s:o}", "ready", health.is_ready, "checks", checks);
}

/* ---- the page ---- */

static json_t *endpoints_json(const struct site *site)
{
    const struct node_config *config = site->options.config;
    json_t *list = json_array();

    for (uint32_t i = 0; i < config->core.chains_count; i++) {
        for (uint32_t j = 0; j < config->chains[i].endpoints_count; j++) {
            const struct site_endpoint *endpoint = &site->live.endpoints[i][j];
            const struct bytes trouble = bytes_from(
                endpoint->trouble, strnlen(endpoint->trouble, sizeof(endpoint->trouble)));
            (void)json_array_append_new(
                list, json_pack("{s:s, s:i, s:b, s:b, s:o}", "chain", config->core.chains[i].name,
                                "number", (int)j, "up", endpoint->is_up, "bad", endpoint->is_bad,
                                "trouble", json_of_words(trouble)));
        }
    }
    return list;
}

static json_t *backlogs_json(const struct site *site)
{
    const struct core_config *config = &site->options.config->core;
    json_t *list = json_array();

    for (uint32_t i = 0; i < config->chains_count; i++) {
        const struct backlog *backlog = &site->backlogs[i];
        (void)json_array_append_new(
            list, json_pack("{s:s, s:o, s:o, s:o, s:o, s:b}", "chain", config->chains[i].name,
                            "open", json_of_count(backlog->count), "failing",
                            json_of_count(backlog->failed_count), "dead",
                            json_of_count(backlog->dead_count), "oldest",
                            json_of_time(backlog->oldest), "cut", backlog->is_cut));
    }
    return list;
}

/* One way between two chains, by their places. */
struct route {
    uint32_t from;
    uint32_t to;
    uint64_t delivered;
};

/* Keeps the list's order, the busiest first; what falls off its end is left out. */
static void route_insert(struct route list[PAGE_ROUTES_MAX], uint32_t *count,
                         const struct route *route)
{
    uint32_t at = *count;

    if (at == PAGE_ROUTES_MAX && list[at - 1].delivered >= route->delivered) {
        return;
    }
    at = at == PAGE_ROUTES_MAX ? at - 1 : at;
    for (; at > 0 && list[at - 1].delivered < route->delivered; at--) {
        list[at] = list[at - 1];
    }
    list[at] = *route;
    *count += *count < PAGE_ROUTES_MAX ? 1 : 0;
}

/* The busiest ways, and what was delivered on all of them: of many chains there are too many pairs
 * to tell each time. */
static json_t *routes_json(const struct site *site)
{
    const struct core_config *config = &site->options.config->core;
    struct route list[PAGE_ROUTES_MAX];
    uint32_t count = 0;
    uint64_t delivered = 0;
    uint64_t elsewhere = 0;
    json_t *busiest = json_array();

    for (uint32_t i = 0; i < config->chains_count; i++) {
        for (uint32_t j = 0; j < config->chains_count; j++) {
            const uint64_t *ended = site->tally->ended[i][j];
            const struct route route = {.from = i, .to = j, .delivered = ended[SITE_DELIVERED]};
            delivered += ended[SITE_DELIVERED];
            elsewhere += ended[SITE_ELSEWHERE];
            if (ended[SITE_DELIVERED] + ended[SITE_ELSEWHERE] > 0) {
                route_insert(list, &count, &route);
            }
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        (void)json_array_append_new(busiest, json_pack("{s:s, s:s, s:o}", "from",
                                                       config->chains[list[i].from].name, "to",
                                                       config->chains[list[i].to].name, "delivered",
                                                       json_of_count(list[i].delivered)));
    }
    return json_pack("{s:o, s:o, s:o}", "delivered", json_of_count(delivered), "elsewhere",
                     json_of_count(elsewhere), "busiest", busiest);
}

static json_t *recent_json(const struct site *site)
{
    const struct view view = site_view(site);
    json_t *list = json_array();

    for (uint32_t i = 0; i < site->tally->recent_count && i < PAGE_RECENT_MAX; i++) {
        const struct hash *id = &site->tally->recent[i].id;
        struct message_row message;
        if (core_view_message(&view.source, id, &message) == STATUS_OK) {
            (void)json_array_append_new(list, view_message(&view, id, &message));
        }
    }
    return list;
}

/* What the journal's file is like; left out what cannot be told. */
static json_t *journal_json(const struct site *site)
{
    struct journal_usage usage;
    struct bytes note;
    uint64_t size = 0;
    json_t *journal =
        json_pack("{s:o, s:b, s:b}", "records", json_of_count(journal_reader_head(site->reader)),
                  "writable", !site->live.is_unwritable, "log", site->options.config->log.is_on);

    if (journal_usage(site->options.journal, &usage) == STATUS_OK) {
        (void)json_object_set_new(journal, "bytes", json_of_count(usage.bytes_used));
        (void)json_object_set_new(journal, "archived", json_of_count(usage.records_archived));
    }
    if (journal_seek_checkpoint(site->reader, UINT64_MAX, JOURNAL_DOWNWARDS, &size, &note) ==
        STATUS_OK) {
        (void)json_object_set_new(journal, "signed", json_of_count(size));
    }
    return journal;
}

/* Takes `value` into `page` as `key`; false: the rows could not be read. */
static bool put(json_t *page, const char *key, enum status status, json_t *value)
{
    return status == STATUS_OK && json_object_set_new(page, key, value) == 0;
}

/* What goes through everything that is open is made less often, the more there is. */
static bool refresh_slow(struct site *site)
{
    const struct view view = site_view(site);
    const uint64_t began_ns = site_now_ns();
    json_t *value = NULL;

    if (site->slow != NULL && began_ns < site->slow_due_ns) {
        return true;
    }
    json_t *slow = json_object();
    enum status status = view_waiting(&view, &value);
    bool is_whole = put(slow, "why", status, value);
    status = view_flows(&view, &value);
    is_whole = put(slow, "flows", status, value) && is_whole;
    if (!is_whole) {
        json_decref(slow);
        return false;
    }
    json_decref(site->slow);
    site->slow = slow;
    site->slow_due_ns = began_ns + (site_now_ns() - began_ns) * SITE_SHARE;
    return true;
}

json_t *site_page(struct site *site)
{
    const struct view view = site_view(site);
    json_t *page = json_object();
    json_t *value = NULL;
    enum status status = view_status(&view, &value);
    bool is_whole = put(page, "status", status, value);

    status = view_messages(&view, "open", PAGE_MESSAGES_MAX, &value);
    is_whole = put(page, "messages", status, value) && is_whole;
    status = view_plans(&view, &value);
    is_whole = put(page, "plans", status, value) && is_whole;
    status = view_postings(&view, &value);
    is_whole = put(page, "ledger", status, value) && is_whole;
    is_whole = refresh_slow(site) && json_object_update(page, site->slow) == 0 && is_whole;
    is_whole = put(page, "recent", STATUS_OK, recent_json(site)) && is_whole;
    is_whole = put(page, "routes", STATUS_OK, routes_json(site)) && is_whole;
    is_whole = put(page, "backlogs", STATUS_OK, backlogs_json(site)) && is_whole;
    is_whole = put(page, "endpoints", STATUS_OK, endpoints_json(site)) && is_whole;
    is_whole = put(page, "journal", STATUS_OK, journal_json(site)) && is_whole;
    is_whole = put(page, "health", STATUS_OK, health_json(site)) && is_whole;
    is_whole = put(page, "history", STATUS_OK, site_history_json(site)) && is_whole;
    is_whole = put(page, "build", STATUS_OK, json_string(site->options.build_id)) && is_whole;
    if (!is_whole) {
        json_decref(page);
        return NULL;
    }
    return page;
}

/* The rest of a path that begins with `prefix`; false: it does not. */
static bool follows(struct bytes path, const char *prefix, struct bytes *ret_rest)
{
    const struct bytes start = bytes_from_string(prefix);

    if (!bytes_have_prefix(path, start)) {
        return false;
    }
    *ret_rest = bytes_from(path.data + start.count, path.count - start.count);
    return true;
}

static void serve_message(struct site *site, struct bytes text, struct http_answer *answer)
{
    const struct view view = site_view(site);
    struct message_why *why = calloc(1, sizeof(*why));
    struct hash id;

    if (why == NULL) {
        answer->status = 503;
        return;
    }
    if (hex_decode_hash(text, &id) == STATUS_OK) {
        const enum status status = core_view_why(&view.source, &id, why);
        if (status != STATUS_NOT_FOUND) {
            serve_json(made(status, status == STATUS_OK ? view_message_why(&view, &id, why) : NULL),
                       answer);
        }
    }
    free(why);
}

static void serve_plan(struct site *site, struct bytes text, struct http_answer *answer)
{
    const struct view view = site_view(site);
    struct plan_row plan;
    struct hash id;

    if (hex_decode_hash(text, &id) != STATUS_OK) {
        return;
    }
    const enum status status = capital_view_plan(&view.source, &id, &plan);
    if (status != STATUS_NOT_FOUND) {
        serve_json(made(status, status == STATUS_OK ? view_plan(&view, &id, &plan) : NULL), answer);
    }
}

static void serve_api(struct site *site, struct bytes path, struct http_answer *answer)
{
    const struct view view = site_view(site);
    struct bytes rest;
    json_t *value = NULL;

    if (is_path(path, "status")) {
        const enum status status = view_status(&view, &value);
        serve_json(made(status, value), answer);
    } else if (is_path(path, "why")) {
        const enum status status = view_waiting(&view, &value);
        serve_json(made(status, value), answer);
    } else if (is_path(path, "messages")) {
        const enum status status = view_messages(&view, "open", LIST_MESSAGES_MAX, &value);
        serve_json(made(status, value), answer);
    } else if (is_path(path, "plans")) {
        const enum status status = view_plans(&view, &value);
        serve_json(made(status, value), answer);
    } else if (is_path(path, "page")) {
        serve_json(site_page(site), answer);
    } else if (is_path(path, "health")) {
        serve_json(health_json(site), answer);
    } else if (follows(path, "messages/", &rest)) {
        serve_message(site, rest, answer);
    } else if (follows(path, "plans/", &rest)) {
        serve_plan(site, rest, answer);
    }
}

/* ---- all of it ---- */

void site_serve(void *context, const struct http_request *request, struct http_answer *ret_answer)
{
    struct site *site = context;
    const struct bytes path = request->path;
    struct bytes rest;
    struct page page;

    if (pages_find(path, &page) == STATUS_OK) {
        http_answer_copy(ret_answer, page.data, page.content_type);
    } else if (is_path(path, "/metrics")) {
        serve_metrics(site, request, ret_answer);
    } else if (is_path(path, "/livez")) {
        serve_word(ret_answer, site_is_alive(site), "the loop turns\n",
                   "NOT: the loop has not turned for ten seconds\n");
    } else if (is_path(path, "/startupz")) {
        serve_word(ret_answer, site->live.has_started, "started\n", "NOT: it is starting\n");
    } else if (is_path(path, "/readyz")) {
        serve_ready(site, ret_answer);
    } else if (follows(path, "/api/", &rest)) {
        serve_api(site, rest, ret_answer);
    }
}
