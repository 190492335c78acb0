/* SPDX-License-Identifier: Apache-2.0 */
/* Why things do not happen: everything that waits, and one move. */
#include "relay/base/hex.h"
#include "relay/core/capital_view.h"
#include "relay/core/view.h"
#include "relay/view/json_of.h"
#include "relay/view/view.h"

#define OPEN_LOOKED_AT_MAX 100000u
#define REASONS_MAX        400u

json_t *view_move(const struct view *view, const struct hash *id, const struct move_row *move)
{
    return json_pack(
        "{s:s, s:o, s:s, s:i, s:s, s:s, s:o, s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
        "kind", "move", "id", json_of_hash(id), "asset", move->symbol, "decimals",
        (int)view_decimals(view, move->symbol), "from", view_chain(view, move->move.source_domain),
        "to", view_chain(view, move->move.target_domain), "amount",
        json_of_amount(&move->move.amount), "state", move_state_name(move->state), "reason",
        json_of_reason(move->reason), "said", move->words, "since", json_of_time(move->since),
        "plan", json_of_hash(&move->plan_id), "fee_native", json_of_amount(&move->fee_native),
        "fee_token", json_of_amount(&move->fee_token), "arrived",
        json_of_amount(&move->arrived_amount), "transaction",
        hash_is_zero(&move->transaction) ? json_null() : json_of_hash(&move->transaction),
        "message", hash_is_zero(&move->message_id) ? json_null() : json_of_hash(&move->message_id));
}

struct waiting {
    const struct view *view;
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
        const char *chain = view_chain(waiting->view, domain);
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
    const struct view *view = waiting->view;
    for (uint32_t i = 0; i < view->config->assets_count; i++) {
        struct plan_asset plan;
        struct backing_row backing;
        if (found(waiting,
                  capital_view_backing(&view->source, view->config->assets[i].symbol, &backing)) &&
            (backing.state == BACKING_DOUBTED || backing.state == BACKING_BROKEN)) {
            add(waiting, "collateral of", view->config->assets[i].symbol,
                backing.state == BACKING_BROKEN ? REASON_BACKING_BROKEN : REASON_BACKING_DOUBTED,
                backing.since, 1);
        }
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
        char text[2 * sizeof(id.bytes) + 3] = "0x";
        hex_encode(bytes_from(id.bytes, sizeof(id.bytes)), text + 2);
        add(waiting, "move", text, move.reason, move.since, 1);
    }
}

enum status view_waiting(const struct view *view, json_t **ret_waiting)
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
        return waiting.status;
    }
    *ret_waiting = json_pack("{s:o}", "waiting", waiting.list);
    return STATUS_OK;
}
