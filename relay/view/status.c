/* SPDX-License-Identifier: Apache-2.0 */
/* Where everything stands, as one JSON tree of the rows. */
#include "relay/core/capital/capital_view.h"
#include "relay/core/view.h"
#include "relay/view/json_of.h"
#include "relay/view/view.h"

/* The first row access that fails ends the work; what is not there is no failure. */
struct gathering {
    const struct view *view;
    enum status status;
};

static bool found(struct gathering *gathering, enum status status)
{
    if (status != STATUS_OK && status != STATUS_NOT_FOUND && gathering->status == STATUS_OK) {
        gathering->status = status;
    }
    return status == STATUS_OK;
}

/* ---- gathering ---- */

static json_t *gather_node(struct gathering *gathering)
{
    const struct view *view = gathering->view;
    struct node_view node;
    if (!found(gathering, core_view_node(&view->source, &node))) {
        return json_null();
    }
    return json_pack("{s:s, s:o, s:i, s:o, s:o, s:o, s:b}", "name", view->config->node_name,
                     "records", json_of_count(view->head), "core_version", (int)node.core_version,
                     "digest", json_of_hash(&node.digest), "started_at", json_of_time(node.started),
                     "last_at", json_of_time(node.last), "paused", node.paused);
}

static json_t *gather_chain(struct gathering *gathering, const struct core_chain *chain)
{
    const struct row_source *source = &gathering->view->source;
    struct chain_row row;
    struct ledger_chain ledger;
    struct open_row open;
    json_t *object =
        json_pack("{s:s, s:o}", "name", chain->name, "domain", json_of_count(chain->domain));
    if (found(gathering, core_view_chain(source, chain->domain, &row))) {
        const bool is_halted = row.stopped == REASON_NONE && row.no_quorum;
        (void)json_object_update_new(
            object,
            json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "head", json_of_count(row.head_number),
                      "final", json_of_count(row.final_number), "applied",
                      row.applied_any ? json_of_count(row.applied_number) : json_null(), "base_fee",
                      json_of_amount(&row.base_fee), "stopped",
                      json_of_reason(is_halted ? REASON_NO_QUORUM : row.stopped), "stopped_since",
                      json_of_time(row.since)));
    }
    if (found(gathering, capital_view_chain(source, chain->domain, &ledger))) {
        (void)json_object_update_new(
            object, json_pack("{s:s, s:o, s:o}", "ledger", ledger_state_name(ledger.state),
                              "reconciled_block", json_of_count(ledger.reconciled_block),
                              "reconciled_at", json_of_time(ledger.reconciled_at)));
    }
    if (found(gathering, core_view_open_counts(source, chain->domain, &open))) {
        (void)json_object_update_new(
            object, json_pack("{s:o, s:o}", "messages_active", json_of_count(open.active_count),
                              "messages_queued", json_of_count(open.queued_count)));
    }
    return object;
}

static json_t *gather_chains(struct gathering *gathering)
{
    json_t *list = json_array();
    const struct core_config *config = gathering->view->config;
    for (uint32_t i = 0; i < config->chains_count; i++) {
        (void)json_array_append_new(list, gather_chain(gathering, &config->chains[i]));
    }
    return list;
}

/* What is still being read of the past; chains that read theirs, or had none, are left out. */
static json_t *gather_history(struct gathering *gathering)
{
    const struct view *view = gathering->view;
    json_t *list = json_array();
    struct node_view node;
    if (!found(gathering, core_view_node(&view->source, &node))) {
        return list;
    }
    for (uint32_t i = 0; i < view->config->chains_count; i++) {
        const struct core_chain *chain = &view->config->chains[i];
        struct past_row past;
        if (!found(gathering, core_view_past(&view->source, chain->domain, &past)) ||
            past.next_number >= past.end) {
            continue;
        }
        const struct past_progress progress = past_progress(&past, node.last);
        (void)json_array_append_new(
            list,
            json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "chain", chain->name, "blocks_read",
                      json_of_count(progress.blocks_read), "blocks",
                      json_of_count(progress.blocks_count), "facts",
                      json_of_count(past.facts_count), "blocks_per_second",
                      json_of_count(progress.blocks_per_s), "seconds_left",
                      progress.is_rate_known ? json_of_count(progress.seconds_left) : json_null()));
    }
    return list;
}

static const char *lane_state_word(enum lane_state state)
{
    switch (state) {
    case LANE_UNKNOWN:
        return "unknown";
    case LANE_READY:
        return "ready";
    case LANE_FROZEN:
        return "frozen";
    }
    return "?";
}

/* What the key's lowest open transaction waits for; null: nothing, or its chain is not configured.
 */
static json_t *lane_waits(struct gathering *gathering, uint32_t domain, const struct address *key,
                          const struct lane_row *lane)
{
    struct lane_wait wait;
    const struct core_chain *const config = view_core_chain(gathering->view, domain);
    if (config == NULL || !found(gathering, core_view_lane_wait(&gathering->view->source, config,
                                                                key, lane, &wait))) {
        return json_null();
    }
    return json_of_reason(wait.reason);
}

static json_t *gather_keys(struct gathering *gathering)
{
    const struct row_source *source = &gathering->view->source;
    json_t *list = json_array();
    uint32_t domain = 0;
    struct address key;
    struct lane_row lane;
    enum status status = core_view_next_lane(source, 0, NULL, &domain, &key, &lane);
    while (found(gathering, status)) {
        (void)json_array_append_new(
            list,
            json_pack("{s:s, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "chain",
                      view_chain(gathering->view, domain), "key", json_of_address(&key), "state",
                      lane_state_word(lane.state), "next_nonce", json_of_count(lane.next_nonce),
                      "not_final", json_of_count(lane.next_nonce - lane.first_open), "not_included",
                      json_of_count(lane.waiting_count), "balance", json_of_amount(&lane.balance),
                      "waits_for", lane_waits(gathering, domain, &key, &lane)));
        const struct address after = key;
        status = core_view_next_lane(source, domain, &after, &domain, &key, &lane);
    }
    return list;
}

static json_t *gather_validated(struct gathering *gathering)
{
    const struct view *view = gathering->view;
    json_t *list = json_array();
    for (uint32_t i = 0; i < view->config->chains_count; i++) {
        const struct core_chain *chain = &view->config->chains[i];
        struct tree_row tree;
        struct announcement_row announcement;
        if (!chain->validate ||
            !found(gathering, core_view_tree(&view->source, chain->domain, &tree))) {
            continue;
        }
        const bool announced =
            found(gathering, core_view_announcement(&view->source, chain->domain, &announcement)) &&
            announcement.state == ANNOUNCEMENT_DONE;
        (void)json_array_append_new(
            list, json_pack("{s:s, s:o, s:o, s:o, s:b, s:o, s:s}", "chain", chain->name, "leaves",
                            json_of_count(tree.tree.count), "verified",
                            json_of_count(tree.verified_count), "published",
                            json_of_count(tree.published_count), "announced", announced, "halted",
                            json_of_reason(tree.halted), "location", chain->storage_location));
    }
    return list;
}

static json_t *position_json(const struct view *view, const struct capital_position *position)
{
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:s, s:o, s:o}", "chain",
        view_chain(view, position->domain), "router", json_of_address(&position->router),
        "collateral", json_of_balance(&position->collateral), "owed",
        json_of_amount(&position->owed), "reserved_out", json_of_amount(&position->reserved_out),
        "reserved_in", json_of_amount(&position->reserved_in), "arriving",
        json_of_amount(&position->arriving), "effective", json_of_balance(&position->effective),
        "goal", json_of_amount(&position->goal), "bridge_liquidity",
        json_of_balance(&position->liquidity), "within_tolerance", position->within_tolerance,
        "ledger", ledger_state_name(position->ledger), "applied_block",
        json_of_count(position->applied_block), "reconciled_block",
        json_of_count(position->reconciled_block));
}

static json_t *gather_positions(struct gathering *gathering, uint32_t asset,
                                struct amount *ret_total)
{
    const struct view *view = gathering->view;
    struct capital_position positions[PLAN_ROUTERS_MAX];
    uint32_t count = 0;
    json_t *list = json_array();
    *ret_total = amount_zero();
    if (found(gathering, capital_view_positions(&view->source, view->config, asset, positions,
                                                PLAN_ROUTERS_MAX, &count, ret_total))) {
        for (uint32_t i = 0; i < count; i++) {
            (void)json_array_append_new(list, position_json(view, &positions[i]));
        }
    }
    return list;
}

static json_t *exposure_json(const struct exposure_row *row)
{
    const struct exposure *exposure = &row->exposure;
    json_t *object = json_pack(
        "{s:o, s:o, s:o, s:o}", "state", json_of_reason(row->reason), "since",
        json_of_time(row->since), "band",
        row->is_bounded ? json_of_amount(&row->band) : json_null(), "volatility_per_day",
        row->is_volatility_known ? json_real((double)row->volatility_nano / 1e9) : json_null());

    if (row->reason != REASON_POSITIONS_UNKNOWN) {
        (void)json_object_update_new(object,
                                     json_pack("{s:o, s:o, s:o, s:o, s:o}", "delta",
                                               json_of_balance(&exposure->delta), "idle",
                                               json_of_amount(&exposure->idle), "supplied",
                                               json_of_amount(&exposure->supplied), "under_way",
                                               json_of_balance(&exposure->under_way), "owed",
                                               json_of_amount(&exposure->owed)));
    }
    return object;
}

/* "settled" is true when every chain of the asset agrees with the books and nothing is on its way:
 * then the routers' collateral is all there is. */
static json_t *gather_asset(struct gathering *gathering, uint32_t index)
{
    const struct view *view = gathering->view;
    const struct core_asset *asset = &view->config->assets[index];
    struct amount total;
    struct capital_ledger ledger;
    struct backing_row backing;
    struct exposure_row exposure;
    struct plan_asset plan;
    json_t *positions = gather_positions(gathering, index, &total);
    json_t *object =
        json_pack("{s:s, s:i, s:o, s:o}", "asset", asset->symbol, "decimals", (int)asset->decimals,
                  "total", json_of_amount(&total), "positions", positions);
    if (found(gathering, capital_view_ledger(&view->source, asset->symbol, &ledger))) {
        json_t *kinds = json_object();
        for (int kind = ACCOUNT_ROUTER; kind < ACCOUNT_KINDS_END; kind++) {
            (void)json_object_set_new(kinds, account_kind_name((enum account_kind)kind),
                                      json_of_balance(&ledger.by_kind[kind]));
        }
        (void)json_object_set_new(
            object, "ledger",
            json_pack("{s:b, s:o, s:o, s:o, s:i, s:o}", "balanced", ledger.balanced, "difference",
                      json_of_balance(&ledger.difference), "debits", json_of_amount(&ledger.debits),
                      "credits", json_of_amount(&ledger.credits), "accounts",
                      (int)ledger.accounts_count, "by_kind", kinds));
    }
    if (found(gathering, capital_view_backing(&view->source, asset->symbol, &backing))) {
        (void)json_object_set_new(object, "backing",
                                  json_pack("{s:s, s:o, s:o, s:o}", "state",
                                            backing_state_name(backing.state), "since",
                                            json_of_time(backing.since), "collateral",
                                            json_of_amount(&backing.collateral), "claims",
                                            json_of_amount(&backing.claims)));
    }
    if (found(gathering, capital_view_exposure(&view->source, asset->symbol, &exposure))) {
        (void)json_object_set_new(object, "exposure", exposure_json(&exposure));
    }
    if (found(gathering,
              capital_view_asset(&view->source, MOVE_BETWEEN_ROUTERS, asset->symbol, &plan))) {
        (void)json_object_update_new(
            object,
            json_pack("{s:o, s:o, s:o}", "planning", json_of_reason(plan.reason), "planning_since",
                      json_of_time(plan.since), "plan",
                      hash_is_zero(&plan.plan_id) ? json_null() : json_of_hash(&plan.plan_id)));
    }
    if (found(gathering,
              capital_view_asset(&view->source, MOVE_BETWEEN_VENUES, asset->symbol, &plan))) {
        (void)json_object_update_new(
            object,
            json_pack("{s:o, s:o, s:o}", "venue_planning", json_of_reason(plan.reason),
                      "venue_planning_since", json_of_time(plan.since), "venue_plan",
                      hash_is_zero(&plan.plan_id) ? json_null() : json_of_hash(&plan.plan_id)));
    }
    return object;
}

static json_t *gather_vaults(struct gathering *gathering)
{
    const struct view *view = gathering->view;
    json_t *list = json_array();
    for (uint32_t i = 0; i < view->config->vaults_count; i++) {
        const struct core_vault *vault = &view->config->vaults[i];
        struct vault_row row;
        if (!found(gathering,
                   capital_view_vault(&view->source, vault->domain, &vault->vault, &row))) {
            continue;
        }
        const struct core_asset *asset = &view->config->assets[vault->asset];
        (void)json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "chain",
                      view_chain(view, vault->domain), "asset", asset->symbol, "decimals",
                      (int)asset->decimals, "vault", json_of_address(&vault->vault), "block",
                      json_of_count(row.block), "total_assets",
                      json_of_amount(&row.state.total_assets), "total_shares",
                      json_of_amount(&row.state.total_shares), "assets_per_share",
                      json_of_amount(&row.state.assets_per_share), "own_shares",
                      json_of_amount(&row.state.own_shares), "deposited",
                      json_of_amount(&row.deposited), "withdrawn", json_of_amount(&row.withdrawn)));
    }
    return list;
}

static json_t *gather(struct gathering *gathering)
{
    json_t *root = json_object();
    json_t *assets = json_array();
    (void)json_object_set_new(root, "node", gather_node(gathering));
    (void)json_object_set_new(root, "chains", gather_chains(gathering));
    (void)json_object_set_new(root, "history", gather_history(gathering));
    (void)json_object_set_new(root, "keys", gather_keys(gathering));
    (void)json_object_set_new(root, "validated", gather_validated(gathering));
    for (uint32_t i = 0; i < gathering->view->config->assets_count; i++) {
        (void)json_array_append_new(assets, gather_asset(gathering, i));
    }
    (void)json_object_set_new(root, "capital", assets);
    (void)json_object_set_new(root, "vaults", gather_vaults(gathering));
    json_t *prices = NULL;
    if (found(gathering, view_prices(gathering->view, &prices))) {
        (void)json_object_set_new(root, "prices", prices);
    }
    json_t *spokes = NULL;
    if (found(gathering, view_spokes(gathering->view, &spokes))) {
        (void)json_object_set_new(root, "spokes", spokes);
    }
    json_t *hubs = NULL;
    if (found(gathering, view_hubs(gathering->view, &hubs))) {
        (void)json_object_set_new(root, "hubs", hubs);
    }
    return root;
}

enum status view_status(const struct view *view, json_t **ret_status)
{
    struct gathering gathering = {.view = view, .status = STATUS_OK};
    json_t *root = gather(&gathering);
    if (gathering.status != STATUS_OK) {
        json_decref(root);
        return gathering.status;
    }
    *ret_status = root;
    return STATUS_OK;
}
