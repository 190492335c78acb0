/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/cli/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relay/base/approval.h"
#include "relay/base/hex.h"
#include "relay/cli/cli.h"
#include "relay/cli/json_of.h"
#include "relay/cli/rows_view.h"
#include "relay/core/capital/capital_view.h"
#include "relay/view/view.h"

/* The words for a limit of a plan between venues. */
static const char *venue_limit_text(const struct rows_view *view, const struct plan_limit *limit)
{
    const char *from = rows_view_chain(view, limit->source_domain);
    const char *to = rows_view_chain(view, limit->target_domain);
    switch (limit->kind) {
    case PLAN_LIMIT_LEAVING:
        return cli_text("what can be taken out of a venue on %s", from);
    case PLAN_LIMIT_ENTERING:
        return cli_text("what a venue on %s takes", to);
    case PLAN_LIMIT_WAY:
        return cli_text("what can go from one place to another on %s", from);
    case PLAN_LIMIT_FLOOR:
        return cli_text("the mandate's buffer on %s", from);
    case PLAN_LIMIT_CAP:
        return cli_text("the mandate's cap on %s", to);
    case PLAN_LIMIT_VELOCITY:
        return cli_text("what may enter venues on %s in this window", to);
    case PLAN_LIMIT_SHARE:
        return cli_text("the mandate's floor of %s", from);
    case PLAN_LIMIT_ISSUER:
        return cli_text("the mandate's cap of an issuer, here on %s", to);
    }
    return "";
}

static const char *limit_text(const struct rows_view *view, const struct plan_limit *limit)
{
    const char *from = rows_view_chain(view, limit->source_domain);
    const char *to = rows_view_chain(view, limit->target_domain);
    switch (limit->kind) {
    case PLAN_LIMIT_LEAVING:
        return cli_text("what %s can send", from);
    case PLAN_LIMIT_ENTERING:
        return cli_text("what bridges can pay out on %s", to);
    case PLAN_LIMIT_WAY:
        return cli_text("what can go from %s to %s", from, to);
    case PLAN_LIMIT_FLOOR:
        return cli_text("the mandate's floor on %s", from);
    case PLAN_LIMIT_CAP:
        return cli_text("the mandate's cap on %s", to);
    case PLAN_LIMIT_VELOCITY:
    case PLAN_LIMIT_SHARE:
    case PLAN_LIMIT_ISSUER:
        break; /* of venues alone */
    }
    return "";
}

const char *plan_move_end(const struct rows_view *view, const struct plan_move *move,
                          uint32_t domain, uint32_t venue)
{
    const char *chain = rows_view_chain(view, domain);
    if (move->kind == MOVE_BETWEEN_ROUTERS) {
        return chain;
    }
    if (approval_is_debt(venue)) {
        return cli_text("%s debt to venue %u", chain, venue - APPROVAL_DEBTS - 1);
    }
    return venue == 0 ? cli_text("%s idle", chain) : cli_text("%s venue %u", chain, venue - 1);
}

static void print_limits(const struct rows_view *view, const struct plan_row *plan)
{
    const bool venues = plan->moves_count > 0 && plan->moves[0].kind != MOVE_BETWEEN_ROUTERS;
    for (uint32_t i = 0; i < plan->binding_count; i++) {
        const struct plan_limit *limit = &plan->binding[i];
        const char *what = venues ? venue_limit_text(view, limit) : limit_text(view, limit);
        (void)printf("limit    %s: 1 %s more would be worth %.9f\n", what, plan->symbol,
                     (double)limit->price_nano / 1e9);
    }
}

static void print_plan(const struct rows_view *view, const struct hash *id,
                       const struct plan_row *plan)
{
    static const char *const titles[] = {"FROM",  "TO",    ">AMOUNT", ">GAIN",
                                         ">COST", "STATE", "MOVE",    NULL};
    const struct view rows = rows_view_rows(view);
    const uint32_t decimals = view_decimals(&rows, plan->symbol);
    (void)printf("plan     %s\n", cli_hash_text(id));
    (void)printf("state    %s (%s)\n", plan_state_name(plan->state), reason_text(plan->reason));
    (void)printf("made     %s\n", cli_time_text(plan->made_at));
    (void)printf("total    %s %s\n", cli_units_text(&plan->total, decimals), plan->symbol);
    (void)printf("cost     %s %s\n", cli_units_text(&plan->cost, decimals), plan->symbol);
    (void)printf("proved   at most %.4f %% of what could be gained is missed\n",
                 (double)plan->gap_ppm / 1e4);
    print_limits(view, plan);
    (void)printf("\n");
    struct cli_table *table = cli_table_new(titles);
    for (uint32_t i = 0; i < plan->moves_count; i++) {
        const struct plan_move *move = &plan->moves[i];
        const struct hash move_id = capital_move_id(id, i);
        struct move_row row;
        cli_table_cell(table, "%s",
                       plan_move_end(view, move, move->source_domain, move->source_venue));
        cli_table_cell(table, "%s",
                       plan_move_end(view, move, move->target_domain, move->target_venue));
        cli_table_cell(table, "%s", cli_units_text(&move->amount, decimals));
        cli_table_cell(table, "%s", cli_units_text(&plan->gains[i], decimals));
        cli_table_cell(table, "%s", cli_units_text(&plan->costs[i], decimals));
        cli_table_cell(table, "%s", view_move_state(&rows, id, i, &row));
        cli_table_cell(table, "%s", cli_hash_text(&move_id));
    }
    cli_table_print(table);
    if (plan->state == PLAN_AWAITING_APPROVAL) {
        (void)printf("\nIt waits for 'sluice approve %s' (or reject).\n", cli_hash_text(id));
    }
}

int plan_show(const char *verb, const struct rows_view *view, const struct hash *id, bool json)
{
    const struct view rows = rows_view_rows(view);
    struct plan_row plan;
    const enum status status = capital_view_plan(&view->source, id, &plan);
    if (status == STATUS_NOT_FOUND) {
        return EXIT_NEGATIVE;
    }
    if (status != STATUS_OK) {
        return rows_view_failed(verb, status);
    }
    if (json) {
        return cli_print_json(view_plan(&rows, id, &plan));
    }
    print_plan(view, id, &plan);
    return EXIT_DONE;
}

static int show_one(const char *verb, const struct rows_view *view, const char *text, bool json)
{
    struct hash id;
    if (hex_decode_hash(bytes_from_string(text), &id) != STATUS_OK) {
        cli_say(verb, "'%s' is not an id (0x and 64 digits)", text);
        return EXIT_USAGE;
    }
    const int code = plan_show(verb, view, &id, json);
    if (code == EXIT_NEGATIVE) {
        cli_say(verb, "there is no such plan");
    }
    return code;
}

/* A tree of view_plans for people. */
void plan_print_newest(const json_t *root, FILE *out)
{
    static const char *const titles[] = {"MADE",  "ASSET", "STATE",  ">MOVES",
                                         ">COST", "PLAN",  "REASON", NULL};
    struct cli_table *table = cli_table_new(titles);
    const json_t *plan;
    size_t index;
    json_array_foreach(json_object_get(root, "plans"), index, plan)
    {
        const json_t *reason = json_object_get(plan, "reason");
        const uint32_t decimals = (uint32_t)json_integer_value(json_object_get(plan, "decimals"));
        cli_table_cell(table, "%s", json_text_at(plan, "made_at"));
        cli_table_cell(table, "%s", json_text_at(plan, "asset"));
        cli_table_cell(table, "%s", json_text_at(plan, "state"));
        cli_table_cell(table, "%zu", json_array_size(json_object_get(plan, "moves")));
        cli_table_cell(table, "%s", json_units_text(json_object_get(plan, "cost"), decimals));
        cli_table_cell(table, "%s", json_text_at(plan, "id"));
        cli_table_cell(table, "%s", json_text_at(reason, "text"));
    }
    cli_table_write(table, out);
    if (json_integer_value(json_object_get(root, "plans_count")) == 0) {
        (void)fprintf(out, "%s\n", "No plan was made yet; 'sluice why' says what is waited for.");
    }
}

static int show_newest(const char *verb, const struct rows_view *view, bool json)
{
    const struct view rows = rows_view_rows(view);
    json_t *root = NULL;
    const enum status status = view_plans(&rows, &root);
    if (status != STATUS_OK) {
        return rows_view_failed(verb, status);
    }
    if (json) {
        return cli_print_json(root);
    }
    plan_print_newest(root, stdout);
    json_decref(root);
    return EXIT_DONE;
}

int cli_plan(int argc, char **argv)
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
    code = arguments.count == 1 ? show_one(argv[0], &view, arguments.values[0], json)
                                : show_newest(argv[0], &view, json);
    rows_view_close(&view);
    return code;
}
