/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of the site. */
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/core/capital_view.h"
#include "relay/node/site_internal.h"

#define TEXT_TYPE         "text/plain; charset=utf-8"
#define JSON_TYPE         "application/json"
#define METRICS_BYTES     ((size_t)4 << 20)
#define PAGE_MESSAGES_MAX 100u
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

static void serve_metrics(struct site *site, struct http_answer *answer)
{
    void *memory = malloc(METRICS_BYTES);
    struct exposition exposition = exposition_from(memory, METRICS_BYTES);
    struct bytes text;

    answer->status = 503;
    if (memory != NULL && site_metrics(site, &exposition) == STATUS_OK &&
        exposition_end(&exposition, &text) == STATUS_OK) {
        http_answer_copy(answer, text, EXPOSITION_CONTENT_TYPE);
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

json_t *site_page(struct site *site)
{
    const struct view view = site_view(site);
    json_t *status = NULL;

    if (view_status(&view, &status) != STATUS_OK) {
        return NULL;
    }
    return json_pack("{s:o, s:o}", "status", status, "health", health_json(site));
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
    } else if (is_path(path, "health")) {
        serve_json(health_json(site), answer);
    } else if (follows(path, "messages/", &rest)) {
        serve_message(site, rest, answer);
    } else if (follows(path, "plans/", &rest)) {
        serve_plan(site, rest, answer);
    }
}

/* ---- all of it ---- */

void site_serve(void *context, struct bytes path, struct http_answer *ret_answer)
{
    struct site *site = context;
    struct bytes rest;

    if (is_path(path, "/metrics")) {
        serve_metrics(site, ret_answer);
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
