/* SPDX-License-Identifier: Apache-2.0 */
/* What a report says, as one JSON document. Messages, plans and moves come from the rows, what was
 * noted and what people did from the records of the period, balances from the ledger's postings. */
#include <stdlib.h>
#include <string.h>

#include "relay/base/approval.h"
#include "relay/base/check.h"
#include "relay/base/hex.h"
#include "relay/cli/cli.h"
#include "relay/cli/json_of.h"
#include "relay/cli/ledger_internal.h"
#include "relay/cli/progress.h"
#include "relay/cli/report_internal.h"
#include "relay/core/view.h"

#define ROUTES_MAX     (CHAINS_MAX * CHAINS_MAX)
#define NOTES_MAX      64u
#define PROGRESS_EVERY 4096u
#define MOVES_MAX      1000u
#define RUNS_MAX       200u
#define APPROVALS_MAX  1000u

struct route {
    uint32_t origin;
    uint32_t destination;
    uint64_t dispatched;
    uint64_t delivered;
    uint64_t open;
    uint64_t others; /* refused, dropped, orphaned, not ours */
};

struct noted {
    enum note_level level;
    enum reason reason;
    uint64_t count;
    uint64_t first;
    uint64_t last;
    struct instant last_at;
};

struct gathering {
    struct record_desk *desk;
    const struct rows_view *view;
    const struct report_period *period;
    uint64_t first; /* record of the period */
    uint64_t last;
    struct route *routes;
    uint32_t routes_count;
    struct hash oldest_id; /* open message that was seen first */
    struct message_row oldest;
    struct noted notes[NOTES_MAX];
    uint32_t notes_count;
    json_t *report;
    json_t *approvals;
    json_t *runs;
};

static bool is_in(const struct report_period *period, struct instant at)
{
    return at.ns >= period->from.ns && at.ns < period->to.ns;
}

static json_t *hash_or_null(const struct hash *hash)
{
    return hash_is_zero(hash) ? json_null() : json_of_hash(hash);
}

/* ---- messages ---- */

static struct route *route_of(struct gathering *gathering, const struct message_row *message)
{
    for (uint32_t i = 0; i < gathering->routes_count; i++) {
        struct route *route = &gathering->routes[i];
        if (route->origin == message->origin && route->destination == message->destination) {
            return route;
        }
    }
    if (gathering->routes_count == ROUTES_MAX) {
        return &gathering->routes[ROUTES_MAX - 1]; /* the rest together: nobody reads so many */
    }
    struct route *route = &gathering->routes[gathering->routes_count++];
    *route = (struct route){.origin = message->origin, .destination = message->destination};
    return route;
}

static void count_message(struct gathering *gathering, const struct hash *id,
                          const struct message_row *message)
{
    struct route *route = route_of(gathering, message);

    route->dispatched += is_in(gathering->period, message->seen_at) ? 1u : 0u;
    if (!message_state_is_end(message->state)) {
        route->open++;
        if (hash_is_zero(&gathering->oldest_id) ||
            message->seen_at.ns < gathering->oldest.seen_at.ns) {
            gathering->oldest_id = *id;
            gathering->oldest = *message;
        }
    } else if (is_in(gathering->period, message->since)) {
        if (message->state == MESSAGE_DELIVERED) {
            route->delivered++;
        } else {
            route->others++;
        }
    }
}

static json_t *oldest_json(const struct gathering *gathering)
{
    const struct message_row *message = &gathering->oldest;

    if (hash_is_zero(&gathering->oldest_id)) {
        return json_null();
    }
    return json_pack("{s:o, s:s, s:s, s:o, s:s, s:o}", "id", json_of_hash(&gathering->oldest_id),
                     "origin", ledger_chain_text(gathering->view, message->origin), "destination",
                     ledger_chain_text(gathering->view, message->destination), "seen_at",
                     json_of_time(message->seen_at), "state", message_state_name(message->state),
                     "reason", json_of_reason(message->reason));
}

static int by_domains(const void *a, const void *b)
{
    const struct route *left = a;
    const struct route *right = b;

    if (left->origin != right->origin) {
        return left->origin < right->origin ? -1 : 1;
    }
    return left->destination < right->destination ? -1 : 1; /* a pair is there once */
}

static enum status gather_messages(struct gathering *gathering)
{
    struct cli_progress progress = cli_progress_from("looked at messages,");
    struct hash id = {{0}};
    struct message_row message;
    struct route sum = {.origin = 0};
    uint64_t count = 0;
    enum status status = STATUS_OK;

    for (;;) {
        const struct hash after = id;
        status = core_view_next_message(&gathering->view->source, &after, &id, &message);
        if (status != STATUS_OK) {
            break;
        }
        count_message(gathering, &id, &message);
        if (++count % PROGRESS_EVERY == 0) {
            cli_progress_show(&progress, count, count);
        }
    }
    cli_progress_end(&progress);
    qsort(gathering->routes, gathering->routes_count, sizeof(gathering->routes[0]), by_domains);
    json_t *routes = json_array();
    for (uint32_t i = 0; i < gathering->routes_count; i++) {
        const struct route *route = &gathering->routes[i];
        sum.dispatched += route->dispatched;
        sum.delivered += route->delivered;
        sum.open += route->open;
        sum.others += route->others;
        (void)json_array_append_new(
            routes,
            json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "origin",
                      ledger_chain_text(gathering->view, route->origin), "destination",
                      ledger_chain_text(gathering->view, route->destination), "dispatched",
                      json_of_count(route->dispatched), "delivered",
                      json_of_count(route->delivered), "ended_otherwise",
                      json_of_count(route->others), "open_now", json_of_count(route->open)));
    }
    (void)json_object_set_new(
        gathering->report, "messages",
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "dispatched", json_of_count(sum.dispatched),
                  "delivered", json_of_count(sum.delivered), "ended_otherwise",
                  json_of_count(sum.others), "open_now", json_of_count(sum.open), "oldest_open",
                  oldest_json(gathering), "routes", routes));
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* ---- plans and moves ---- */

/* A chain, and between venues the place there. */
static const char *end_text(const struct gathering *gathering, const struct plan_move *move,
                            uint32_t domain, uint32_t venue)
{
    const char *chain = ledger_chain_text(gathering->view, domain);
    if (move->kind == MOVE_BETWEEN_ROUTERS) {
        return chain;
    }
    if (approval_is_debt(venue)) {
        return cli_text("%s debt to venue %u", chain, venue - APPROVAL_DEBTS - 1);
    }
    return venue == 0 ? cli_text("%s idle", chain) : cli_text("%s venue %u", chain, venue - 1);
}

static json_t *move_json(const struct gathering *gathering, const struct hash *id,
                         const struct move_row *move)
{
    const struct plan_move *way = &move->move;
    return json_pack(
        "{s:o, s:o, s:o, s:s, s:s, s:s, s:i, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "id",
        json_of_hash(id), "plan", json_of_hash(&move->plan_id), "at", json_of_time(move->created),
        "from", end_text(gathering, way, way->source_domain, way->source_venue), "to",
        end_text(gathering, way, way->target_domain, way->target_venue), "asset", move->symbol,
        "decimals", (int)ledger_decimals(gathering->view, move->symbol), "amount",
        json_of_amount(&move->move.amount), "arrived", json_of_amount(&move->arrived_amount),
        "state", move_state_name(move->state), "fee_token", json_of_amount(&move->fee_token),
        "fee_native", json_of_amount(&move->fee_native), "gas", json_of_amount(&move->gas_cost),
        "transaction", hash_or_null(&move->transaction), "message",
        hash_or_null(&move->message_id));
}

static enum status gather_plan(struct gathering *gathering, const struct hash *id,
                               const struct plan_row *plan, json_t *moves)
{
    for (uint32_t i = 0; i < plan->moves_count; i++) {
        const struct hash move_id = capital_move_id(id, i);
        struct move_row move;
        const enum status status = capital_view_move(&gathering->view->source, &move_id, &move);
        if (status == STATUS_NOT_FOUND) {
            continue; /* not started */
        }
        if (status != STATUS_OK) {
            return status;
        }
        if (is_in(gathering->period, move.created) && json_array_size(moves) < MOVES_MAX) {
            (void)json_array_append_new(moves, move_json(gathering, &move_id, &move));
        }
    }
    return STATUS_OK;
}

static enum status gather_moves(struct gathering *gathering)
{
    json_t *moves = json_array();
    uint64_t plans = 0;
    uint64_t count = 0;
    enum status status = capital_view_plans_count(&gathering->view->source, &count);

    for (uint64_t i = 1; i <= count && status == STATUS_OK; i++) {
        struct hash id;
        struct plan_row plan;
        status = capital_view_plan_at(&gathering->view->source, i, &id, &plan);
        if (status == STATUS_OK) {
            plans += is_in(gathering->period, plan.made_at) ? 1u : 0u;
            status = gather_plan(gathering, &id, &plan, moves);
        }
    }
    (void)json_object_set_new(gathering->report, "plans", json_of_count(plans));
    (void)json_object_set_new(gathering->report, "moves", moves);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* ---- the books ---- */

static void add_position(const struct gathering *gathering, json_t *positions,
                         const struct ledger_sum *sum)
{
    const struct account_balance start = account_balance_of(&sum->before);
    const struct account_balance end = account_balance_of(&sum->total);

    (void)json_array_append_new(
        positions,
        json_pack("{s:s, s:s, s:s, s:o, s:s, s:i, s:o, s:o}", "account",
                  account_kind_name(sum->account.kind), "chain",
                  ledger_chain_text(gathering->view, sum->account.domain), "asset",
                  sum->account.symbol, "address",
                  address_is_zero(&sum->account.address) ? json_null()
                                                         : json_of_address(&sum->account.address),
                  "kind", "position", "decimals",
                  (int)ledger_decimals(gathering->view, sum->account.symbol), "start",
                  json_of_balance(&start), "end", json_of_balance(&end)));
}

/* What an account of sums grew by in the period: fees by debit, yield by credit. */
static void add_growth(const struct gathering *gathering, json_t *list,
                       const struct ledger_sum *sum)
{
    const bool is_yield = sum->account.kind == ACCOUNT_YIELD;
    struct account_row grown = {.opened = false};
    struct amount *debit = is_yield ? &grown.credit : &grown.debit;
    struct amount *credit = is_yield ? &grown.debit : &grown.credit;

    if (amount_subtract(&sum->total.debit, &sum->before.debit, debit) != STATUS_OK ||
        amount_subtract(&sum->total.credit, &sum->before.credit, credit) != STATUS_OK) {
        return;
    }
    const struct account_balance balance = account_balance_of(&grown);
    (void)json_array_append_new(
        list, json_pack("{s:s, s:s, s:i, s:o}", "chain",
                        ledger_chain_text(gathering->view, sum->account.domain), "asset",
                        sum->account.symbol, "decimals",
                        (int)ledger_decimals(gathering->view, sum->account.symbol), "amount",
                        json_of_balance(&balance)));
}

static void add_sums(const struct gathering *gathering, const struct ledger_walk *walk)
{
    json_t *positions = json_array();
    json_t *fees = json_array();
    json_t *yields = json_array();

    for (size_t i = 0; i < walk->accounts.count; i++) {
        const struct ledger_sum *sum = &walk->accounts.entries[i];
        const bool is_native = strcmp(sum->account.symbol, LEDGER_NATIVE_SYMBOL) == 0;
        switch (sum->account.kind) {
        case ACCOUNT_FEES:
            add_growth(gathering, fees, sum);
            break;
        case ACCOUNT_YIELD:
            add_growth(gathering, yields, sum);
            break;
        case ACCOUNT_SPOKE:
        case ACCOUNT_VENUE:
        case ACCOUNT_ROUTER:
        case ACCOUNT_OWED:
        case ACCOUNT_ARRIVING:
        case ACCOUNT_HUB:
            add_position(gathering, positions, sum);
            break;
        case ACCOUNT_KEY:
            if (!is_native) { /* of the native asset only what was spent is booked */
                add_position(gathering, positions, sum);
            }
            break;
        case ACCOUNT_BRIDGE:
        case ACCOUNT_EXTERNAL:
        case ACCOUNT_EQUITY:
        case ACCOUNT_SUPPLY:
            break;
        }
    }
    (void)json_object_set_new(gathering->report, "positions", positions);
    (void)json_object_set_new(gathering->report, "fees", fees);
    (void)json_object_set_new(gathering->report, "yields", yields);
}

static enum status gather_books(struct gathering *gathering)
{
    struct ledger_walk walk = {
        .source = &gathering->view->source,
        .filter = {.from = gathering->period->from, .to = gathering->period->to},
    };
    struct ledger_asset asset;
    enum status status = ledger_walk_run(&walk);

    if (status == STATUS_OK) {
        json_t *checks = json_array();
        add_sums(gathering, &walk);
        for (size_t index = 0; ledger_walk_asset(&walk, &index, &asset);) {
            (void)json_array_append_new(
                checks, json_pack("{s:s, s:o, s:o, s:b}", "asset", asset.symbol, "debits",
                                  json_of_amount(&asset.debits), "credits",
                                  json_of_amount(&asset.credits), "equal", asset.balanced));
        }
        (void)json_object_set_new(gathering->report, "books", checks);
    }
    ledger_walk_free(&walk);
    return status;
}

/* ---- the records of the period ---- */

static void note(struct gathering *gathering, uint64_t sequence, const struct record *record)
{
    const struct command *command = &record->command;

    if (command->note.level == NOTE_INFO) {
        return;
    }
    struct noted *noted = NULL;
    for (uint32_t i = 0; i < gathering->notes_count && noted == NULL; i++) {
        if (gathering->notes[i].level == command->note.level &&
            (uint32_t)gathering->notes[i].reason == command->note.reason) {
            noted = &gathering->notes[i];
        }
    }
    if (noted == NULL) {
        if (gathering->notes_count == NOTES_MAX) {
            return;
        }
        noted = &gathering->notes[gathering->notes_count++];
        *noted = (struct noted){.level = command->note.level,
                                .reason = (enum reason)command->note.reason,
                                .first = sequence};
    }
    noted->count++;
    noted->last = sequence;
    noted->last_at = record->at;
}

static const char *action_name(enum operator_action action)
{
    switch (action) {
    case OPERATOR_APPROVE_PLAN:
        return "approved a plan";
    case OPERATOR_REJECT_PLAN:
        return "rejected a plan";
    case OPERATOR_PAUSE:
        return "paused";
    case OPERATOR_RESUME:
        return "resumed";
    case OPERATOR_RETRY_MESSAGE:
        return "retried a message";
    case OPERATOR_HOLD_MESSAGE:
        return "held a message";
    case OPERATOR_DROP_MESSAGE:
        return "dropped a message";
    }
    return "did something";
}

static void take_event(struct gathering *gathering, uint64_t sequence, const struct record *record)
{
    const struct event *event = &record->event;

    if (event->kind == EVENT_OPERATOR && json_array_size(gathering->approvals) < APPROVALS_MAX) {
        (void)json_array_append_new(
            gathering->approvals,
            json_pack("{s:o, s:s, s:s, s:o, s:o, s:s}", "record", json_of_count(sequence), "at",
                      cli_time_text(record->at), "action", action_name(event->operator_.action),
                      "subject", hash_or_null(&event->operator_.subject), "uid",
                      json_of_count(event->operator_.uid), "reason",
                      cli_bytes_text(event->operator_.reason)));
    }
    if ((event->kind == EVENT_START || event->kind == EVENT_STOP) &&
        json_array_size(gathering->runs) < RUNS_MAX) {
        const bool is_start = event->kind == EVENT_START;
        (void)json_array_append_new(
            gathering->runs,
            json_pack("{s:o, s:s, s:s, s:s}", "record", json_of_count(sequence), "at",
                      cli_time_text(record->at), "what", is_start ? "started" : "stopped",
                      is_start ? "build" : "reason",
                      cli_bytes_text(is_start ? event->start.build_id : event->stop.reason)));
    }
}

static int gather_records(struct gathering *gathering)
{
    struct record_desk *desk = gathering->desk;
    struct cli_progress progress = cli_progress_from("looked at");
    uint64_t end = 0;
    enum status status = record_desk_find(desk, gathering->period->from, &gathering->first);

    if (status == STATUS_OK) {
        status = record_desk_find(desk, gathering->period->to, &end);
    }
    if (status != STATUS_OK) {
        return record_desk_failed("report", desk->sequence, status);
    }
    gathering->last = end - 1;
    for (uint64_t sequence = gathering->first; sequence < end; sequence++) {
        struct bytes bytes;
        struct record record = {.kind = RECORD_EVENT};
        status = record_desk_read(desk, sequence, &bytes, &record);
        if (status != STATUS_OK) {
            return record_desk_failed("report", sequence, status);
        }
        if (record.kind == RECORD_EVENT) {
            take_event(gathering, sequence, &record);
        } else if (record.command.kind == COMMAND_NOTE) {
            note(gathering, sequence, &record);
        }
        if (sequence % PROGRESS_EVERY == 0) {
            cli_progress_show(&progress, sequence - gathering->first, end - gathering->first);
        }
    }
    cli_progress_end(&progress);
    return EXIT_DONE;
}

static void add_exceptions(struct gathering *gathering)
{
    json_t *list = json_array();

    for (int level = NOTE_ALARM; level >= (int)NOTE_WARN; level--) {
        for (uint32_t i = 0; i < gathering->notes_count; i++) {
            const struct noted *noted = &gathering->notes[i];
            if ((int)noted->level != level) {
                continue;
            }
            (void)json_array_append_new(
                list,
                json_pack("{s:s, s:i, s:s, s:o, s:o, s:o, s:o}", "level",
                          level == (int)NOTE_ALARM ? "alarm" : "warning", "reason",
                          (int)noted->reason, "text", reason_text(noted->reason), "count",
                          json_of_count(noted->count), "first_record", json_of_count(noted->first),
                          "last_record", json_of_count(noted->last), "last_at",
                          json_of_time(noted->last_at)));
        }
    }
    (void)json_object_set_new(gathering->report, "exceptions", list);
}

/* ---- evidence ---- */

static enum status gather_evidence(struct gathering *gathering)
{
    struct journal_reader *reader = gathering->view->reader;
    const struct tree_source tree = journal_tree(reader);
    const uint64_t head = journal_reader_head(reader);
    struct node_view node;
    struct hash root;
    struct bytes checkpoint = {.count = 0};
    uint64_t size = 0;
    enum status status = core_view_node(&gathering->view->source, &node);

    if (status == STATUS_OK) {
        status = tree_root(&tree, head, &root);
    }
    if (status != STATUS_OK) {
        return status;
    }
    json_t *evidence = json_pack(
        "{s:o, s:o, s:o, s:o, s:o}", "records", json_of_count(head), "root_sha256",
        json_of_hash(&root), "state", json_of_hash(&node.digest), "period_first_record",
        json_of_count(gathering->first), "period_last_record", json_of_count(gathering->last));
    status = journal_seek_checkpoint(reader, head, JOURNAL_DOWNWARDS, &size, &checkpoint);
    if (status == STATUS_OK) {
        (void)json_object_set_new(evidence, "checkpoint_size", json_of_count(size));
        (void)json_object_set_new(evidence, "checkpoint",
                                  json_stringn((const char *)checkpoint.data, checkpoint.count));
    }
    (void)json_object_set_new(gathering->report, "evidence", evidence);
    return status == STATUS_NOT_FOUND || status == STATUS_UNSUPPORTED ? STATUS_OK : status;
}

/* ---- all of it ---- */

static int gather(struct gathering *gathering)
{
    const struct report_period *period = gathering->period;

    (void)json_object_set_new(
        gathering->report, "period",
        json_pack("{s:o, s:o}", "from", json_of_time(period->from), "to",
                  period->to.ns == UINT64_MAX ? json_null() : json_of_time(period->to)));
    const int code = gather_records(gathering);
    if (code != EXIT_DONE) {
        return code;
    }
    add_exceptions(gathering);
    enum status status = gather_messages(gathering);
    if (status == STATUS_OK) {
        status = gather_moves(gathering);
    }
    if (status == STATUS_OK) {
        status = gather_books(gathering);
    }
    if (status == STATUS_OK) {
        status = gather_evidence(gathering);
    }
    return status == STATUS_OK ? EXIT_DONE : rows_view_failed("report", status);
}

int report_gather(struct record_desk *desk, const struct report_period *period, json_t **ret_report)
{
    struct gathering *gathering = calloc(1, sizeof(*gathering));
    struct route *routes = calloc(ROUTES_MAX, sizeof(*routes));

    if (gathering == NULL || routes == NULL) {
        free(routes);
        free(gathering);
        return EXIT_TEMPORARY;
    }
    gathering->desk = desk;
    gathering->view = &desk->view;
    gathering->period = period;
    gathering->routes = routes;
    gathering->approvals = json_array();
    gathering->runs = json_array();
    gathering->report = json_pack("{s:s}", "node", desk->view.config->node_name);
    const int code = gather(gathering);
    (void)json_object_set_new(gathering->report, "people", gathering->approvals);
    (void)json_object_set_new(gathering->report, "runs", gathering->runs);
    if (code == EXIT_DONE) {
        *ret_report = gathering->report;
    } else {
        json_decref(gathering->report);
    }
    free(routes);
    free(gathering);
    return code;
}
