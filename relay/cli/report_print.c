/* SPDX-License-Identifier: Apache-2.0 */
/* A report as text and as one HTML page without scripts. Everything in it may come from outside, so
 * HTML is escaped; text was escaped when it was gathered. */
#include <stdlib.h>
#include <string.h>

#include "relay/base/markup.h"
#include "relay/cli/cli.h"
#include "relay/cli/json_of.h"
#include "relay/cli/report_internal.h"

#define COLUMNS_MAX 8u

/* One column of a section's table: where its text is in each object, and how it is read. */
enum column_kind { COLUMN_TEXT, COLUMN_COUNT, COLUMN_UNITS };
struct column {
    const char *title;
    const char *key;
    enum column_kind kind;
};

struct section {
    const char *title;
    const char *key; /* "messages.routes" */
    const char *none;
    struct column columns[COLUMNS_MAX];
};

static const struct section sections[] = {
    {"Messages by route",
     "messages.routes",
     "none",
     {{"FROM", "origin", COLUMN_TEXT},
      {"TO", "destination", COLUMN_TEXT},
      {"DISPATCHED", "dispatched", COLUMN_COUNT},
      {"DELIVERED", "delivered", COLUMN_COUNT},
      {"ENDED OTHERWISE", "ended_otherwise", COLUMN_COUNT},
      {"OPEN NOW", "open_now", COLUMN_COUNT}}},
    {"Moves of capital",
     "moves",
     "none",
     {{"AT", "at", COLUMN_TEXT},
      {"FROM", "from", COLUMN_TEXT},
      {"TO", "to", COLUMN_TEXT},
      {"AMOUNT", "amount", COLUMN_UNITS},
      {"ARRIVED", "arrived", COLUMN_UNITS},
      {"FEE", "fee_token", COLUMN_UNITS},
      {"ASSET", "asset", COLUMN_TEXT},
      {"STATE", "state", COLUMN_TEXT}}},
    {"What it cost",
     "fees",
     "nothing",
     {{"CHAIN", "chain", COLUMN_TEXT},
      {"AMOUNT", "amount", COLUMN_UNITS},
      {"ASSET", "asset", COLUMN_TEXT}}},
    {"What venues earned",
     "yields",
     "nothing",
     {{"CHAIN", "chain", COLUMN_TEXT},
      {"AMOUNT", "amount", COLUMN_UNITS},
      {"ASSET", "asset", COLUMN_TEXT}}},
    {"Positions",
     "positions",
     "no capital is watched",
     {{"ACCOUNT", "account", COLUMN_TEXT},
      {"CHAIN", "chain", COLUMN_TEXT},
      {"AT THE START", "start", COLUMN_UNITS},
      {"AT THE END", "end", COLUMN_UNITS},
      {"ASSET", "asset", COLUMN_TEXT}}},
    {"Exceptions",
     "exceptions",
     "none",
     {{"LEVEL", "level", COLUMN_TEXT},
      {"WHAT", "text", COLUMN_TEXT},
      {"TIMES", "count", COLUMN_COUNT},
      {"FIRST RECORD", "first_record", COLUMN_COUNT},
      {"LAST RECORD", "last_record", COLUMN_COUNT},
      {"LAST AT", "last_at", COLUMN_TEXT}}},
    {"What people did",
     "people",
     "nothing",
     {{"AT", "at", COLUMN_TEXT},
      {"RECORD", "record", COLUMN_COUNT},
      {"USER ID", "uid", COLUMN_COUNT},
      {"ACTION", "action", COLUMN_TEXT},
      {"SUBJECT", "subject", COLUMN_TEXT},
      {"REASON", "reason", COLUMN_TEXT}}},
    {"Starts and stops",
     "runs",
     "none in the period",
     {{"AT", "at", COLUMN_TEXT},
      {"RECORD", "record", COLUMN_COUNT},
      {"WHAT", "what", COLUMN_TEXT},
      {"BUILD", "build", COLUMN_TEXT},
      {"REASON", "reason", COLUMN_TEXT}}},
};
#define SECTIONS_COUNT (sizeof(sections) / sizeof(sections[0]))

/* ---- values ---- */

/* "messages.routes": the member of a member. */
static const json_t *find(const json_t *object, const char *path)
{
    char name[64];
    const char *dot = strchr(path, '.');

    if (dot == NULL) {
        return json_object_get(object, path);
    }
    (void)snprintf(name, sizeof(name), "%.*s", (int)(dot - path), path);
    return json_object_get(json_object_get(object, name), dot + 1);
}

static const char *cell(const json_t *object, const struct column *column)
{
    const json_t *value = json_object_get(object, column->key);

    switch (column->kind) {
    case COLUMN_TEXT:
        return json_text_at(object, column->key);
    case COLUMN_COUNT:
        return cli_text("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    case COLUMN_UNITS:
        return json_units_text(value,
                               (uint32_t)json_integer_value(json_object_get(object, "decimals")));
    }
    return "";
}

static long long count_at(const json_t *report, const char *path)
{
    return json_integer_value(find(report, path));
}

static const char *text_at(const json_t *report, const char *path)
{
    const json_t *value = find(report, path);

    return json_is_string(value) ? json_string_value(value) : "-";
}

static const char *border_at(const json_t *report, const char *path, const char *none)
{
    const json_t *value = find(report, path);

    return json_is_string(value) ? json_string_value(value) : none;
}

/* ---- text ---- */

static void print_section(FILE *stream, const json_t *report, const struct section *section)
{
    const json_t *list = find(report, section->key);
    const char *titles[COLUMNS_MAX + 1] = {NULL};
    char words[COLUMNS_MAX][32];
    const json_t *object;
    size_t index;
    size_t count = 0;

    (void)fprintf(stream, "\n%s%s%s\n", section->title, json_array_size(list) == 0 ? ": " : "",
                  json_array_size(list) == 0 ? section->none : "");
    if (json_array_size(list) == 0) {
        return;
    }
    for (; count < COLUMNS_MAX && section->columns[count].title != NULL; count++) {
        (void)snprintf(words[count], sizeof(words[count]), "%s%s",
                       section->columns[count].kind == COLUMN_TEXT ? "" : ">",
                       section->columns[count].title);
        titles[count] = words[count];
    }
    struct cli_table *table = cli_table_new(titles);
    json_array_foreach(list, index, object)
    {
        for (size_t i = 0; i < count; i++) {
            cli_table_cell(table, "%s", cell(object, &section->columns[i]));
        }
    }
    cli_table_print(table);
}

static void print_evidence(FILE *stream, const json_t *report)
{
    const json_t *check;
    size_t index;

    (void)fputs("\nEvidence\n", stream);
    json_array_foreach(json_object_get(report, "books"), index, check)
    {
        (void)fprintf(stream, "books of %s   debits and credits are %s\n",
                      json_text_at(check, "asset"),
                      json_is_true(json_object_get(check, "equal")) ? "equal" : "NOT EQUAL");
    }
    (void)fprintf(stream, "records      %lld to %lld of %lld\n",
                  count_at(report, "evidence.period_first_record"),
                  count_at(report, "evidence.period_last_record"),
                  count_at(report, "evidence.records"));
    (void)fprintf(stream, "hash tree    %s\n", text_at(report, "evidence.root_sha256"));
    (void)fprintf(stream, "state        %s\n", text_at(report, "evidence.state"));
    if (find(report, "evidence.checkpoint") != NULL) {
        (void)fprintf(stream, "signed checkpoint of %lld records:\n%s\n",
                      count_at(report, "evidence.checkpoint_size"),
                      text_at(report, "evidence.checkpoint"));
    } else {
        (void)fputs("checkpoint   none was signed\n", stream);
    }
    (void)fputs("check        'sluice journal verify DIR' and 'sluice replay DIR'\n", stream);
}

bool report_print_text(FILE *stream, const json_t *report)
{
    const json_t *oldest = find(report, "messages.oldest_open");

    (void)fprintf(stream, "Report of %s, from %s to %s\n\n", text_at(report, "node"),
                  border_at(report, "period.from", "the beginning"),
                  border_at(report, "period.to", "the end"));
    (void)fprintf(stream,
                  "%lld messages dispatched, %lld delivered, %lld ended otherwise; %lld are open "
                  "now.\n%lld plans were made, %zu moves started.\n",
                  count_at(report, "messages.dispatched"), count_at(report, "messages.delivered"),
                  count_at(report, "messages.ended_otherwise"),
                  count_at(report, "messages.open_now"), count_at(report, "plans"),
                  json_array_size(json_object_get(report, "moves")));
    if (json_is_object(oldest)) {
        (void)fprintf(stream, "Open for longest: %s from %s to %s, seen %s: %s.\n",
                      text_at(oldest, "id"), text_at(oldest, "origin"),
                      text_at(oldest, "destination"), text_at(oldest, "seen_at"),
                      json_text_at(json_object_get(oldest, "reason"), "text"));
    }
    for (size_t i = 0; i < SECTIONS_COUNT; i++) {
        print_section(stream, report, &sections[i]);
    }
    print_evidence(stream, report);
    return ferror(stream) == 0;
}

/* ---- HTML ---- */

static void escape(FILE *stream, const char *text)
{
    for (; *text != '\0'; text++) {
        const char *entity = markup_entity(*text);
        if (entity != NULL) {
            (void)fputs(entity, stream);
        } else {
            (void)fputc(*text, stream);
        }
    }
}

static void html_section(FILE *stream, const json_t *report, const struct section *section)
{
    const json_t *list = find(report, section->key);
    const json_t *object;
    size_t index;

    (void)fprintf(stream, "<h2>%s</h2>\n", section->title);
    if (json_array_size(list) == 0) {
        (void)fprintf(stream, "<p>%s</p>\n", section->none);
        return;
    }
    (void)fputs("<table>\n<tr>", stream);
    for (size_t i = 0; i < COLUMNS_MAX && section->columns[i].title != NULL; i++) {
        (void)fprintf(stream, "<th>%s</th>", section->columns[i].title);
    }
    (void)fputs("</tr>\n", stream);
    json_array_foreach(list, index, object)
    {
        (void)fputs("<tr>", stream);
        for (size_t i = 0; i < COLUMNS_MAX && section->columns[i].title != NULL; i++) {
            (void)fputs(section->columns[i].kind == COLUMN_TEXT ? "<td>" : "<td class=\"n\">",
                        stream);
            escape(stream, cell(object, &section->columns[i]));
            (void)fputs("</td>", stream);
        }
        (void)fputs("</tr>\n", stream);
    }
    (void)fputs("</table>\n", stream);
}

static void html_evidence(FILE *stream, const json_t *report)
{
    const json_t *check;
    size_t index;

    (void)fputs("<h2>Evidence</h2>\n<dl>\n", stream);
    json_array_foreach(json_object_get(report, "books"), index, check)
    {
        (void)fputs("<dt>books of ", stream);
        escape(stream, json_text_at(check, "asset"));
        (void)fprintf(stream, "</dt><dd>debits and credits are %s</dd>\n",
                      json_is_true(json_object_get(check, "equal")) ? "equal" : "NOT EQUAL");
    }
    (void)fprintf(stream, "<dt>records</dt><dd>%lld to %lld of %lld</dd>\n",
                  count_at(report, "evidence.period_first_record"),
                  count_at(report, "evidence.period_last_record"),
                  count_at(report, "evidence.records"));
    (void)fprintf(stream, "<dt>hash tree</dt><dd><code>%s</code></dd>\n",
                  text_at(report, "evidence.root_sha256"));
    (void)fprintf(stream, "<dt>state</dt><dd><code>%s</code></dd>\n",
                  text_at(report, "evidence.state"));
    (void)fputs("<dt>signed checkpoint</dt><dd><pre>", stream);
    escape(stream, find(report, "evidence.checkpoint") == NULL
                       ? "none was signed"
                       : text_at(report, "evidence.checkpoint"));
    (void)fputs(
        "</pre></dd>\n<dt>check</dt><dd><code>sluice journal verify DIR</code>, <code>sluice "
        "replay DIR</code></dd>\n</dl>\n",
        stream);
}

bool report_print_html(FILE *stream, const json_t *report)
{
    (void)fputs(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Report "
        "of ",
        stream);
    escape(stream, text_at(report, "node"));
    (void)fputs(
        "</title>\n<style>\nbody { font: 15px/1.4 sans-serif; max-width: 70em; margin: 2em "
        "auto; padding: 0 1em; }\ntable { border-collapse: collapse; }\nth, td { padding: .2em "
        ".8em; border-bottom: 1px solid #ddd; text-align: left; }\ntd.n { text-align: right; "
        "font-variant-numeric: tabular-nums; }\n</style>\n</head>\n<body>\n<h1>Report of ",
        stream);
    escape(stream, text_at(report, "node"));
    (void)fprintf(stream,
                  "</h1>\n<p>From %s to %s. %lld messages dispatched, %lld delivered, %lld "
                  "ended otherwise; %lld are open now. %lld plans were made, %zu moves "
                  "started.</p>\n",
                  border_at(report, "period.from", "the beginning"),
                  border_at(report, "period.to", "the end"),
                  count_at(report, "messages.dispatched"), count_at(report, "messages.delivered"),
                  count_at(report, "messages.ended_otherwise"),
                  count_at(report, "messages.open_now"), count_at(report, "plans"),
                  json_array_size(json_object_get(report, "moves")));
    for (size_t i = 0; i < SECTIONS_COUNT; i++) {
        html_section(stream, report, &sections[i]);
    }
    html_evidence(stream, report);
    return fputs("</body>\n</html>\n", stream) >= 0 && ferror(stream) == 0;
}
