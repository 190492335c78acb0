/* SPDX-License-Identifier: Apache-2.0 */
/* Why things do not happen: everything that waits, and one move. */
#include "relay/base/hex.h"
#include "relay/core/capital/capital_view.h"
#include "relay/core/view.h"
#include "relay/view/json_of.h"
#include "relay/view/view.h"

#define OPEN_LOOKED_AT_MAX 100000u
#define REASONS_MAX        400u

json_t *view_move(const struct view *view, const struct hash *id, const struct move_row *move)
{
    return json_pack(
        "{s:s, s:o, s:s, s:i, s:s, s:s, s:o, s:s, s:o, s:o, s:s, s:o, s:s, s:o, s:o, s:o, s:o, "
        "s:o, "
        "s:o, s:o}",
        "kind", "move", "id", json_of_hash(id), "asset", move->symbol, "decimals",
        (int)view_decimals(view, move->symbol), "way", view_move_kind(&move->move), "from",
        view_chain(view, move->move.source_domain), "from_venue",
        view_move_venue(&move->move, move->move.source_venue), "to",
        view_chain(view, move->move.target_domain), "to_venue",
        view_move_venue(&move->move, move->move.target_venue), "amount",
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

/* A transaction that simply waits for its block is its message's to tell. */
static void look_at_lane(struct waiting *waiting, uint32_t domain, const struct address *key,
                         const struct lane_row *lane)
{
    const struct core_chain *const config = view_core_chain(waiting->view, domain);
    struct lane_wait wait;
    if (config != NULL &&
        found(waiting, core_view_lane_wait(&waiting->view->source, config, key, lane, &wait)) &&
        wait.reason != REASON_NONE && wait.reason != REASON_AWAITING_INCLUSION &&
        wait.reason != REASON_AWAITING_SIGNATURE) {
        add(waiting, "key", config->name, wait.reason, wait.since, wait.count > 0 ? wait.count : 1);
    }
}

static void look_at_lanes(struct waiting *waiting)
{
    uint32_t domain = 0;
    struct address key;
    struct lane_row lane;
    enum status status = core_view_next_lane(&waiting->view->source, 0, NULL, &domain, &key, &lane);
    while (found(waiting, status)) {
        look_at_lane(waiting, domain, &key, &lane);
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

static void look_at_venues(struct waiting *waiting, uint32_t spoke, const struct spoke_row *of)
{
    const struct view *view = waiting->view;

    for (uint32_t i = 0; i < view->config->venues_count; i++) {
        struct venue_row row = {.block = 0};
        if (view->config->venues[i].spoke != spoke) {
            continue;
        }
        (void)found(waiting, capital_view_venue(&view->source, view->config, i, &row));
        const enum reason reason = view_venue_reason(of, &row);
        if (reason != REASON_VENUE_OPEN) {
            json_t *name = json_of_address(&view->config->venues[i].venue);
            add(waiting, "venue", json_string_value(name), reason, (struct instant){0}, 1);
            json_decref(name);
        }
    }
}

static void look_at_spokes(struct waiting *waiting)
{
    const struct view *view = waiting->view;

    for (uint32_t i = 0; i < view->config->spokes_count; i++) {
        struct spoke_row row = {.block = 0};
        (void)found(waiting, capital_view_spoke(&view->source, view->config, i, &row));
        const enum reason reason = view_spoke_reason(view, &row);
        if (reason != REASON_NONE) {
            add(waiting, "spoke on", view_chain(view, view->config->spokes[i].domain), reason,
                row.at, 1);
        }
        if (row.block != 0) {
            look_at_venues(waiting, i, &row);
        }
    }
}

static void look_at_hubs(struct waiting *waiting)
{
    const struct view *view = waiting->view;

    for (uint32_t i = 0; i < view->config->hubs_count; i++) {
        struct hub_row row = {.block = 0};
        (void)found(waiting, capital_view_hub(&view->source, view->config, i, &row));
        const enum reason reason = row.block == 0 ? REASON_POSITIONS_UNKNOWN : row.reason;
        if (reason != REASON_NONE) {
            add(waiting, "hub on", view_chain(view, view->config->hubs[i].domain), reason,
                row.since, 1);
        }
    }
}

static void look_at_capital(struct waiting *waiting)
{
    const struct view *view = waiting->view;
    for (uint32_t i = 0; i < view->config->assets_count; i++) {
        const char *symbol = view->config->assets[i].symbol;
        struct plan_asset plan;
        struct backing_row backing;
        struct exposure_row exposure;
        if (found(waiting,
                  capital_view_backing(&view->source, view->config->assets[i].symbol, &backing)) &&
            (backing.state == BACKING_DOUBTED || backing.state == BACKING_BROKEN)) {
            add(waiting, "collateral of", view->config->assets[i].symbol,
                backing.state == BACKING_BROKEN ? REASON_BACKING_BROKEN : REASON_BACKING_DOUBTED,
                backing.since, 1);
        }
        struct price_row price;
        if (found(waiting, capital_view_price(&view->source, symbol, &price)) &&
            price.reason != REASON_PRICE_GOOD) {
            add(waiting, "price of", symbol, price.reason, price.since, 1);
        }
        if (found(waiting, capital_view_exposure(&view->source, symbol, &exposure)) &&
            exposure.reason != REASON_EXPOSURE_INSIDE) {
            add(waiting, "exposure to", symbol, exposure.reason, exposure.since, 1);
        }
        if (found(waiting,
                  capital_view_asset(&view->source, MOVE_BETWEEN_ROUTERS, symbol, &plan))) {
            add(waiting, "planning of", symbol, plan.reason, plan.since, 1);
        }
        if (found(waiting, capital_view_asset(&view->source, MOVE_BETWEEN_VENUES, symbol, &plan))) {
            add(waiting, "planning of venues for", symbol, plan.reason, plan.since, 1);
        }
    }
    look_at_spokes(waiting);
    look_at_hubs(waiting);
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
