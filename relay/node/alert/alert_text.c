/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/node/alert/alert_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/view/json_of.h"

#define RUNBOOKS "deploy/monitoring/README.md#"

static const char *severity_name(enum alert_severity severity)
{
    switch (severity) {
    case ALERT_PAGE:
        return "page";
    case ALERT_WARN:
        return "warn";
    }
    return "?";
}

json_t *alert_json(const struct alert_notice *notice, const char *node, struct instant at)
{
    const struct alert_kind_facts *facts = alert_kind_facts(notice->fact.kind);
    json_t *detail = json_of_words(bytes_from_string(notice->fact.text));
    char runbook[96];
    char text[768];

    (void)snprintf(runbook, sizeof(runbook), RUNBOOKS "%s", facts->runbook);
    (void)snprintf(text, sizeof(text), "[%s] %s on %s: %s %s", alert_news_name(notice->news),
                   notice->fact.subject, node, facts->what,
                   detail == NULL ? "" : json_string_value(detail));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:s, s:o, s:s, s:s, s:s, s:I, s:I, s:s}",
                     "alert", facts->name, "state", alert_news_name(notice->news), "severity",
                     severity_name(facts->severity), "node", node, "subject", notice->fact.subject,
                     "at", json_of_time(at), "lasted_seconds",
                     (json_int_t)(notice->lasted.ns / 1000000000u), "what", facts->what, "detail",
                     detail, "did", facts->did, "todo", facts->todo, "runbook", runbook, "others",
                     (json_int_t)notice->others_count, "untold", (json_int_t)notice->untold_count,
                     "text", text);
}

static bool put(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool put(struct buffer *buffer, const char *format, ...)
{
    char line[1024];
    va_list arguments;

    va_start(arguments, format);
    const int count = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    return count >= 0 && (size_t)count < sizeof(line) &&
           buffer_append(buffer, bytes_from(line, (size_t)count)) == STATUS_OK;
}

static const char *word(const json_t *alert, const char *key)
{
    const char *text = json_string_value(json_object_get(alert, key));

    CHECK(text != NULL);
    return text;
}

enum status alert_mail(const json_t *alert, const struct alert_mail *mail, struct buffer *buffer)
{
    const json_int_t others = json_integer_value(json_object_get(alert, "others"));
    const json_int_t untold = json_integer_value(json_object_get(alert, "untold"));
    const bool fits =
        put(buffer, "From: %s\nTo: %s\n", mail->from, mail->to) &&
        put(buffer, "Subject: [%s] %s %s on %s\n", word(alert, "state"), word(alert, "alert"),
            word(alert, "subject"), word(alert, "node")) &&
        put(buffer, "Auto-Submitted: auto-generated\nMIME-Version: 1.0\n"
                    "Content-Type: text/plain; charset=utf-8\n\n") &&
        put(buffer, "%s\n%s\n\n", word(alert, "what"), word(alert, "detail")) &&
        put(buffer, "What the node did:  %s\n", word(alert, "did")) &&
        put(buffer, "What to do:         %s\n", word(alert, "todo")) &&
        put(buffer, "Runbook:            %s\n\n", word(alert, "runbook")) &&
        put(buffer, "%s, severity %s; it has lasted for %lld seconds.\n", word(alert, "at"),
            word(alert, "severity"),
            (long long)json_integer_value(json_object_get(alert, "lasted_seconds"))) &&
        put(buffer, "Other alerts that are firing: %lld. Not told, for want of room: %lld.\n",
            (long long)others, (long long)untold);

    return fits ? STATUS_OK : STATUS_FULL;
}
