/* SPDX-License-Identifier: Apache-2.0 */
/* Why something does not happen: of one message, plan or move, or everything that waits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/cli/cli.h"
#include "relay/cli/health.h"
#include "relay/cli/json_of.h"
#include "relay/cli/messages.h"
#include "relay/cli/plan.h"
#include "relay/cli/rows_view.h"
#include "relay/cli/why.h"
#include "relay/core/capital/capital_view.h"
#include "relay/core/view.h"
#include "relay/view/view.h"

/* ---- one thing ---- */

static int why_message(const struct rows_view *view, const struct hash *id, bool json)
{
    struct message_why *why = calloc(1, sizeof(*why));
    CHECK(why != NULL);
    const enum status status = core_view_why(&view->source, id, why);
    int code = EXIT_NEGATIVE;
    if (status == STATUS_OK) {
        const struct view rows = rows_view_rows(view);
        json_t *object = view_message_why(&rows, id, why);
        (void)json_object_set_new(object, "kind", json_string("message"));
        if (json) {
            code = cli_print_json(object);
        } else {
            message_why_print(object);
            json_decref(object);
            code = EXIT_DONE;
        }
    } else if (status != STATUS_NOT_FOUND) {
        code = rows_view_failed("why", status);
    }
    free(why);
    return code;
}

static void print_move(const struct rows_view *view, const struct hash *id,
                       const struct move_row *move)
{
    const struct view rows = rows_view_rows(view);
    const uint32_t decimals = view_decimals(&rows, move->symbol);
    (void)printf("move         %s\n", cli_hash_text(id));
    const struct plan_move *way = &move->move;
    (void)printf("way          %s to %s\n",
                 plan_move_end(view, way, way->source_domain, way->source_venue),
                 plan_move_end(view, way, way->target_domain, way->target_venue));
    (void)printf("amount       %s %s\n", cli_units_text(&move->move.amount, decimals),
                 move->symbol);
    (void)printf("state        %s: %s (since %s)\n", move_state_name(move->state),
                 move->reason == REASON_NONE ? "-" : reason_text(move->reason),
                 cli_time_text(move->since));
    if (move->words[0] != '\0') {
        (void)printf("said         %s\n", move->words);
    }
    (void)printf("plan         %s\n", cli_hash_text(&move->plan_id));
    if (!hash_is_zero(&move->transaction)) {
        (void)printf("transaction  %s\n", cli_hash_text(&move->transaction));
    }
    if (!hash_is_zero(&move->message_id)) {
        (void)printf("message      %s\n", cli_hash_text(&move->message_id));
    }
    if (move->state == MOVE_DONE) {
        (void)printf("arrived      %s %s\n", cli_units_text(&move->arrived_amount, decimals),
                     move->symbol);
    }
}

static int why_move(const struct rows_view *view, const struct hash *id, bool json)
{
    const struct view rows = rows_view_rows(view);
    struct move_row move;
    const enum status status = capital_view_move(&view->source, id, &move);
    if (status == STATUS_NOT_FOUND) {
        return EXIT_NEGATIVE;
    }
    if (status != STATUS_OK) {
        return rows_view_failed("why", status);
    }
    if (json) {
        return cli_print_json(view_move(&rows, id, &move));
    }
    print_move(view, id, &move);
    return EXIT_DONE;
}

static int why_one(const struct rows_view *view, const char *text, bool json)
{
    struct hash id;
    if (hex_decode_hash(bytes_from_string(text), &id) != STATUS_OK) {
        cli_say("why", "'%s' is not an id (0x and 64 digits)", text);
        return EXIT_USAGE;
    }
    int code = why_message(view, &id, json);
    if (code == EXIT_NEGATIVE) {
        code = why_move(view, &id, json);
    }
    if (code == EXIT_NEGATIVE) {
        code = plan_show("why", view, &id, json);
    }
    if (code == EXIT_NEGATIVE) {
        cli_say("why", "there is no message, move or plan with this id");
    }
    return code;
}

/* ---- everything that waits ---- */

void why_print(const json_t *list, FILE *out)
{
    if (json_array_size(list) == 0) {
        (void)fputs("Nothing waits.\n", out);
        return;
    }
    static const char *const titles[] = {"WHAT", "OF", ">COUNT", "SINCE", "WHY", NULL};
    struct cli_table *table = cli_table_new(titles);
    const json_t *entry;
    size_t index;
    json_array_foreach(list, index, entry)
    {
        cli_table_cell(table, "%s", json_text_at(entry, "what"));
        cli_table_cell(table, "%s", json_text_at(entry, "of"));
        cli_table_cell(table, "%lld", json_integer_value(json_object_get(entry, "count")));
        cli_table_cell(table, "%s", json_text_at(entry, "since"));
        cli_table_cell(table, "%s", json_text_at(json_object_get(entry, "reason"), "text"));
    }
    cli_table_write(table, out);
}

/* What the running node itself has to say comes first, because all the rest waits for it. */
static void put_health_first(const struct rows_view *view, const json_t *health, json_t *list)
{
    const json_t *trouble;
    size_t index;
    json_array_foreach(json_object_get(health, "troubles"), index, trouble)
    {
        (void)json_array_insert_new(list, index,
                                    json_pack("{s:s, s:s, s:{s:n, s:s}, s:O, s:i}", "what",
                                              json_text_at(trouble, "what"), "of",
                                              view->config->node_name, "reason", "code", "text",
                                              json_text_at(trouble, "why"), "since",
                                              json_object_get(trouble, "since"), "count", 1));
    }
}

enum status why_waiting(const struct rows_view *view, const json_t *health, json_t **ret_waiting)
{
    const struct view rows = rows_view_rows(view);
    const enum status status = view_waiting(&rows, ret_waiting);

    if (status == STATUS_OK) {
        put_health_first(view, health, json_object_get(*ret_waiting, "waiting"));
    }
    return status;
}

static int why_everything(const struct rows_view *view, const json_t *health, bool json)
{
    json_t *object = NULL;
    const enum status status = why_waiting(view, health, &object);
    if (status != STATUS_OK) {
        return rows_view_failed("why", status);
    }
    if (json) {
        return cli_print_json(object);
    }
    const json_t *list = json_object_get(object, "waiting");
    why_print(list, stdout);
    json_decref(object);
    return EXIT_DONE;
}

int cli_why(int argc, char **argv)
{
    const char *path = NULL;
    const char *data = NULL;
    bool json = false;
    const struct cli_option options[] = {{.name = "--config", .value = &path},
                                         {.name = "--data", .value = &data},
                                         {.name = "--json", .flag = &json},
                                         {.name = NULL}};
    struct cli_arguments arguments;
    struct rows_view view;
    int code = EXIT_USAGE;
    if (!cli_parse(argc, argv, options, 1, &arguments, &code)) {
        return code;
    }
    code = rows_view_open(argv[0], path, data, &view);
    if (code != EXIT_DONE) {
        return code;
    }
    if (arguments.count == 1) {
        code = why_one(&view, arguments.values[0], json);
    } else {
        json_t *health = health_json(path, data);
        code = why_everything(&view, health, json);
        json_decref(health);
    }
    rows_view_close(&view);
    return code;
}
