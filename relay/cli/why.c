/* SPDX-License-Identifier: Apache-2.0 */
/* Why something does not happen: of one message, plan or move, or everything that waits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/cli/cli.h"
#include "relay/cli/json_of.h"
#include "relay/cli/messages.h"
#include "relay/cli/plan.h"
#include "relay/cli/rows_view.h"
#include "relay/core/capital_view.h"
#include "relay/core/view.h"

#define OPEN_LOOKED_AT_MAX 100000u
#define REASONS_MAX        400u

/* ---- one thing ---- */

static int why_message(const struct rows_view *view, const struct hash *id, bool json)
{
    struct message_why *why = calloc(1, sizeof(*why));
    CHECK(why != NULL);
    const enum status status = core_view_why(&view->source, id, why);
    int code = EXIT_NEGATIVE;
    if (status == STATUS_OK) {
        json_t *object = message_why_json(view, id, why);
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

static uint32_t decimals_of(const struct rows_view *view, const char *symbol)
{
    for (uint32_t i = 0; i < view->config->assets_count; i++) {
        if (strcmp(view->config->assets[i].symbol, symbol) == 0) {
            return view->config->assets[i].decimals;
        }
    }
    return 0;
}

static void print_move(const struct rows_view *view, const struct hash *id,
                       const struct move_row *move)
{
    const uint32_t decimals = decimals_of(view, move->symbol);
    (void)printf("move         %s\n", cli_hash_text(id));
    (void)printf("way          %s to %s\n", rows_view_chain(view, move->move.source_domain),
                 rows_view_chain(view, move->move.target_domain));
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

static json_t *move_json(const struct rows_view *view, const struct hash *id,
                         const struct move_row *move)
{
    return json_pack(
        "{s:s, s:o, s:s, s:i, s:s, s:s, s:o, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "kind", "move", "id", json_of_hash(id), "asset", move->symbol, "decimals",
        (int)decimals_of(view, move->symbol), "from",
        rows_view_chain(view, move->move.source_domain), "to",
        rows_view_chain(view, move->move.target_domain), "amount",
        json_of_amount(&move->move.amount), "state", move_state_name(move->state), "reason",
        json_of_reason(move->reason), "said", move->words, "since", json_of_time(move->since),
        "plan", json_of_hash(&move->plan_id), "fee_native", json_of_amount(&move->fee_native),
        "fee_token", json_of_amount(&move->fee_token), "arrived",
        json_of_amount(&move->arrived_amount), "transaction",
        hash_is_zero(&move->transaction) ? json_null() : json_of_hash(&move->transaction),
        "message", hash_is_zero(&move->message_id) ? json_null() : json_of_hash(&move->message_id));
}

static int why_move(const struct rows_view *view, const struct hash *id, bool json)
{
    struct move_row move;
    const enum status status = capital_view_move(&view->source, id, &move);
    if (status == STATUS_NOT_FOUND) {
        return EXIT_NEGATIVE;
    }
    if (status != STATUS_OK) {
        return rows_view_failed("why", status);
    }
    if (json) {
        return cli_print_json(move_json(view, id, &move));
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

struct waiting {
    const struct rows_view *view;
    json_t *list; /* {"what", "of", "reason", "since", "count"} */
    enum status status;
};

static void add(struct waiting *waiting, const char *what, const char *of, enum reason reason,
                struct instant since, uint64_t count)
{
    (void)json_array_append_new(waiting->list,
                                json_pack("{s:s, s:s, s:o, s:o, s:o}", "what", what, "of", of,
                                          "reason", json_of_reason(reason), "since",
                                          json_of_time(since), "count", json_of_count(count)));
}

static bool found(struct waiting *waiting, enum status status)
{
    if (status != STATUS_OK && status != STATUS_NOT_FOUND && waiting->status == STATUS_OK) {
        waiting->status = status;
    }
    return status == STATUS_OK;
}

static void look_at_chain(struct waiting *waiting, const struct core_chain *chain)
{
    const struct row_source *source = &waiting->view->source;
    struct chain_row row;
    struct tree_row tree;
    struct ledger_chain ledger;
    if (!found(waiting, core_view_chain(source, chain->domain, &row)) || row.head_number == 0) {
        add(waiting, "chain", chain->name, REASON_ENDPOINT_LOST, (struct instant){0}, 1);
        return;
    }
    if (row.stopped != REASON_NONE) {
        add(waiting, "chain", chain->name, row.stopped, row.since, 1);
    } else if (row.no_quorum) {
        add(waiting, "chain", chain->name, REASON_NO_QUORUM, row.since, 1);
    }
    if (chain->validate && found(waiting, core_view_tree(source, chain->domain, &tree)) &&
        tree.halted != REASON_NONE) {
        add(waiting, "signing", chain->name, tree.halted, tree.since, 1);
    }
    if (found(waiting, capital_view_chain(source, chain->domain, &ledger)) &&
        ledger.state == LEDGER_UNRECONCILED) {
        add(waiting, "ledger", chain->name, REASON_UNRECONCILED, ledger.since, 1);
    }
}

static void look_at_lanes(struct waiting *waiting)
{
    uint32_t domain = 0;
    struct address key;
    struct lane_row lane;
    enum status status = core_view_next_lane(&waiting->view->source, 0, NULL, &domain, &key, &lane);
    while (found(waiting, status)) {
        const char *chain = rows_view_chain(waiting->view, domain);
        if (lane.state == LANE_FROZEN) {
            add(waiting, "key", chain, REASON_FOREIGN_TRANSACTION, (struct instant){0}, 1);
        } else if (lane.state == LANE_UNKNOWN) {
            add(waiting, "key", chain, REASON_LANE_UNKNOWN, lane.asked_at, 1);
        } else if (lane.balance_low) {
            add(waiting, "key", chain, REASON_LOW_BALANCE, (struct instant){0}, 1);
        }
        const struct address after = key;
        status = core_view_next_lane(&waiting->view->source, domain, &after, &domain, &key, &lane);
    }
}

/* Open messages of one destination, counted by reason; the oldest gives the time. */
static void look_at_messages(struct waiting *waiting, const struct core_chain *chain)
{
    uint64_t counts[REASONS_MAX] = {0};
    struct instant since[REASONS_MAX] = {{0}};
    struct hash id;
    struct message_row message;
    enum status status =
        core_view_next_open(&waiting->view->source, chain->domain, NULL, NULL, &id, &message);
    for (uint32_t i = 0; i < OPEN_LOOKED_AT_MAX && found(waiting, status); i++) {
        const size_t reason = (size_t)message.reason < REASONS_MAX ? (size_t)message.reason : 0;
        counts[reason]++;
        if (since[reason].ns == 0 || message.since.ns < since[reason].ns) {
            since[reason] = message.since;
        }
        const struct hash after_id = id;
        const struct message_row after = message;
        status = core_view_next_open(&waiting->view->source, chain->domain, &after, &after_id, &id,
                                     &message);
    }
    for (size_t reason = 0; reason < REASONS_MAX; reason++) {
        if (counts[reason] > 0) {
            add(waiting, "messages to", chain->name, (enum reason)reason, since[reason],
                counts[reason]);
        }
    }
}

static void look_at_capital(struct waiting *waiting)
{
    const struct rows_view *view = waiting->view;
    for (uint32_t i = 0; i < view->config->assets_count; i++) {
        struct plan_asset plan;
        if (found(waiting,
                  capital_view_asset(&view->source, view->config->assets[i].symbol, &plan))) {
            add(waiting, "planning of", view->config->assets[i].symbol, plan.reason, plan.since, 1);
        }
    }
    struct hash id = {{0}};
    struct move_row move;
    for (;;) {
        const struct hash after = id;
        if (!found(waiting, capital_view_next_open_move(&view->source, &after, &id, &move))) {
            return;
        }
        add(waiting, "move", cli_hash_text(&id), move.reason, move.since, 1);
    }
}

static void print_waiting(const json_t *list)
{
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
    cli_table_print(table);
}

static int why_everything(const struct rows_view *view, bool json)
{
    struct waiting waiting = {.view = view, .list = json_array(), .status = STATUS_OK};
    struct node_view node;
    if (found(&waiting, core_view_node(&view->source, &node)) && node.paused) {
        add(&waiting, "sending", view->config->node_name, REASON_PAUSED, (struct instant){0}, 1);
    }
    for (uint32_t i = 0; i < view->config->chains_count; i++) {
        look_at_chain(&waiting, &view->config->chains[i]);
    }
    look_at_lanes(&waiting);
    for (uint32_t i = 0; i < view->config->chains_count; i++) {
        look_at_messages(&waiting, &view->config->chains[i]);
    }
    look_at_capital(&waiting);
    if (waiting.status != STATUS_OK) {
        json_decref(waiting.list);
        return rows_view_failed("why", waiting.status);
    }
    if (json) {
        return cli_print_json(json_pack("{s:o}", "waiting", waiting.list));
    }
    if (json_array_size(waiting.list) == 0) {
        (void)puts("Nothing waits.");
    } else {
        print_waiting(waiting.list);
    }
    json_decref(waiting.list);
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
    code = arguments.count == 1 ? why_one(&view, arguments.values[0], json)
                                : why_everything(&view, json);
    rows_view_close(&view);
    return code;
}
