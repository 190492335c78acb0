/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/cli/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relay/base/hex.h"
#include "relay/cli/cli.h"
#include "relay/cli/json_of.h"
#include "relay/cli/rows_view.h"
#include "relay/core/capital_view.h"

#define PLANS_SHOWN_MAX 20u

static uint32_t decimals_of(const struct rows_view *view, const char *symbol)
{
    for (uint32_t i = 0; i < view->config->assets_count; i++) {
        if (strcmp(view->config->assets[i].symbol, symbol) == 0) {
            return view->config->assets[i].decimals;
        }
    }
    return 0;
}

/* Where a move of a plan stands; "-" when it was not started. */
static const char *move_state(const struct rows_view *view, const struct hash *plan_id,
                              uint32_t index, struct move_row *ret_move)
{
    const struct hash id = capital_move_id(plan_id, index);
    *ret_move = (struct move_row){0};
    return capital_view_move(&view->source, &id, ret_move) == STATUS_OK
               ? move_state_name(ret_move->state)
               : "-";
}

static json_t *moves_json(const struct rows_view *view, const struct hash *id,
                          const struct plan_row *plan)
{
    json_t *moves = json_array();
    for (uint32_t i = 0; i < plan->moves_count; i++) {
        const struct plan_move *move = &plan->moves[i];
        const struct hash move_id = capital_move_id(id, i);
        struct move_row row;
        const char *state = move_state(view, id, i, &row);
        (void)json_array_append_new(
            moves,
            json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:o}", "id", cli_hash_text(&move_id),
                      "from", rows_view_chain(view, move->source_domain), "to",
                      rows_view_chain(view, move->target_domain), "amount",
                      json_of_amount(&move->amount), "gain", json_of_amount(&plan->gains[i]),
                      "cost", json_of_amount(&plan->costs[i]), "state", state, "reason",
                      json_of_reason(row.reason)));
    }
    return moves;
}

static const char *const limit_names[] = {[PLAN_LIMIT_LEAVING] = "leaving",
                                          [PLAN_LIMIT_ENTERING] = "entering",
                                          [PLAN_LIMIT_WAY] = "way",
                                          [PLAN_LIMIT_FLOOR] = "mandate floor",
                                          [PLAN_LIMIT_CAP] = "mandate cap"};

static json_t *limits_json(const struct rows_view *view, const struct plan_row *plan)
{
    json_t *limits = json_array();
    for (uint32_t i = 0; i < plan->binding_count; i++) {
        const struct plan_limit *limit = &plan->binding[i];
        (void)json_array_append_new(
            limits,
            json_pack(
                "{s:s, s:s?, s:s?, s:f}", "kind", limit_names[limit->kind], "from",
                limit->source_domain == 0 ? NULL : rows_view_chain(view, limit->source_domain),
                "to",
                limit->target_domain == 0 ? NULL : rows_view_chain(view, limit->target_domain),
                "price", (double)limit->price_nano / 1e9));
    }
    return limits;
}

static void print_limits(const struct rows_view *view, const struct plan_row *plan)
{
    for (uint32_t i = 0; i < plan->binding_count; i++) {
        const struct plan_limit *limit = &plan->binding[i];
        const char *from = rows_view_chain(view, limit->source_domain);
        const char *to = rows_view_chain(view, limit->target_domain);
        const char *what = "";
        switch (limit->kind) {
        case PLAN_LIMIT_LEAVING:
            what = cli_text("what %s can send", from);
            break;
        case PLAN_LIMIT_ENTERING:
            what = cli_text("what bridges can pay out on %s", to);
            break;
        case PLAN_LIMIT_WAY:
            what = cli_text("what can go from %s to %s", from, to);
            break;
        case PLAN_LIMIT_FLOOR:
            what = cli_text("the mandate's floor on %s", from);
            break;
        case PLAN_LIMIT_CAP:
            what = cli_text("the mandate's cap on %s", to);
            break;
        }
        (void)printf("limit    %s: 1 %s more would be worth %.9f\n", what, plan->symbol,
                     (double)limit->price_nano / 1e9);
    }
}

static json_t *plan_json(const struct rows_view *view, const struct hash *id,
                         const struct plan_row *plan)
{
    json_t *moves = moves_json(view, id, plan);
    return json_pack(
        "{s:s, s:s, s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:f, s:o, s:o}", "id", cli_hash_text(id),
        "asset", plan->symbol, "decimals", (int)decimals_of(view, plan->symbol), "state",
        plan_state_name(plan->state), "reason", json_of_reason(plan->reason), "made_at",
        json_of_time(plan->made_at), "decided_at", json_of_time(plan->decided_at), "total",
        json_of_amount(&plan->total), "cost", json_of_amount(&plan->cost), "gap",
        (double)plan->gap_ppm / 1e6, "limits", limits_json(view, plan), "moves", moves);
}

static void print_plan(const struct rows_view *view, const struct hash *id,
                       const struct plan_row *plan)
{
    static const char *const titles[] = {"FROM",  "TO",    ">AMOUNT", ">GAIN",
                                         ">COST", "STATE", "MOVE",    NULL};
    const uint32_t decimals = decimals_of(view, plan->symbol);
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
        cli_table_cell(table, "%s", rows_view_chain(view, move->source_domain));
        cli_table_cell(table, "%s", rows_view_chain(view, move->target_domain));
        cli_table_cell(table, "%s", cli_units_text(&move->amount, decimals));
        cli_table_cell(table, "%s", cli_units_text(&plan->gains[i], decimals));
        cli_table_cell(table, "%s", cli_units_text(&plan->costs[i], decimals));
        cli_table_cell(table, "%s", move_state(view, id, i, &row));
        cli_table_cell(table, "%s", cli_hash_text(&move_id));
    }
    cli_table_print(table);
    if (plan->state == PLAN_AWAITING_APPROVAL) {
        (void)printf("\nIt waits for 'sluice approve %s' (or reject).\n", cli_hash_text(id));
    }
}

int plan_show(const char *verb, const struct rows_view *view, const struct hash *id, bool json)
{
    struct plan_row plan;
    const enum status status = capital_view_plan(&view->source, id, &plan);
    if (status == STATUS_NOT_FOUND) {
        return EXIT_NEGATIVE;
    }
    if (status != STATUS_OK) {
        return rows_view_failed(verb, status);
    }
    if (json) {
        return cli_print_json(plan_json(view, id, &plan));
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

static void table_row(const struct rows_view *view, struct cli_table *table, const struct hash *id,
                      const struct plan_row *plan)
{
    cli_table_cell(table, "%s", cli_time_text(plan->made_at));
    cli_table_cell(table, "%s", plan->symbol);
    cli_table_cell(table, "%s", plan_state_name(plan->state));
    cli_table_cell(table, "%" PRIu32, plan->moves_count);
    cli_table_cell(table, "%s", cli_units_text(&plan->cost, decimals_of(view, plan->symbol)));
    cli_table_cell(table, "%s", cli_hash_text(id));
    cli_table_cell(table, "%s", reason_text(plan->reason));
}

/* The newest first. */
static int show_newest(const char *verb, const struct rows_view *view, bool json)
{
    static const char *const titles[] = {"MADE",  "ASSET", "STATE",  ">MOVES",
                                         ">COST", "PLAN",  "REASON", NULL};
    uint64_t count = 0;
    enum status status = capital_view_plans_count(&view->source, &count);
    if (status == STATUS_NOT_FOUND) {
        count = 0;
    } else if (status != STATUS_OK) {
        return rows_view_failed(verb, status);
    }
    json_t *list = json_array();
    struct cli_table *table = cli_table_new(titles);
    for (uint64_t i = 0; i < count && i < PLANS_SHOWN_MAX; i++) {
        struct hash id;
        struct plan_row plan;
        status = capital_view_plan_at(&view->source, count - i, &id, &plan);
        if (status != STATUS_OK) {
            continue; /* forgotten: old plans are in the records alone */
        }
        if (json) {
            (void)json_array_append_new(list, plan_json(view, &id, &plan));
        } else {
            table_row(view, table, &id, &plan);
        }
    }
    if (json) {
        cli_table_free(table);
        return cli_print_json(
            json_pack("{s:I, s:o}", "plans_count", (json_int_t)count, "plans", list));
    }
    json_decref(list);
    cli_table_print(table);
    if (count == 0) {
        (void)puts("No plan was made yet; 'sluice why' says what is waited for.");
    }
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
