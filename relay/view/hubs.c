/* SPDX-License-Identifier: Apache-2.0 */
/* The vaults whose shares claim what the spokes hold: their rounds, and why nobody is priced. */
#include "relay/core/capital/capital_view.h"
#include "relay/view/json_of.h"
#include "relay/view/view.h"

static bool found(enum status status, enum status *first)
{
    if (status != STATUS_OK && status != STATUS_NOT_FOUND && *first == STATUS_OK) {
        *first = status;
    }
    return status == STATUS_OK;
}

static json_t *reports_json(const struct view *view, uint32_t hub, enum status *first)
{
    const struct core_config *config = view->config;
    json_t *list = json_array();

    for (uint32_t i = 0; i < config->spokes_count; i++) {
        struct hub_report_row row = {.sequence = 0};
        if (config->spokes[i].asset != config->hubs[hub].asset) {
            continue;
        }
        (void)found(
            capital_view_hub_report(&view->source, config, hub, config->spokes[i].domain, &row),
            first);
        (void)json_array_append_new(list,
                                    json_pack("{s:s, s:o, s:o, s:b}", "chain",
                                              view_chain(view, config->spokes[i].domain),
                                              "sequence", json_of_count(row.sequence), "time",
                                              json_of_count(row.time_s), "jumped", row.jumped));
    }
    return list;
}

static json_t *hub_json(const struct view *view, uint32_t index, const struct hub_row *row,
                        enum status *first)
{
    const struct core_hub *hub = &view->config->hubs[index];
    const struct core_asset *asset = &view->config->assets[hub->asset];
    const struct hub_state *state = &row->state;
    json_t *object = json_pack(
        "{s:s, s:s, s:i, s:o, s:o, s:o, s:o, s:s, s:o}", "chain", view_chain(view, hub->domain),
        "asset", asset->symbol, "decimals", (int)asset->decimals, "hub", json_of_address(&hub->hub),
        "block", json_of_count(row->block), "waits",
        json_of_reason(row->block == 0 ? REASON_POSITIONS_UNKNOWN : row->reason), "since",
        json_of_time(row->since), "said", row->words, "reports", reports_json(view, index, first));

    if (row->block != 0) {
        (void)json_object_update_new(
            object,
            json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "reserve",
                      json_of_amount(&state->reserve), "pending", json_of_amount(&state->pending),
                      "owed", json_of_amount(&state->owed), "shares",
                      json_of_amount(&state->supply), "price", json_of_amount(&state->price),
                      "round", json_of_count(state->round), "round_assets",
                      json_of_amount(&state->round_assets), "round_shares",
                      json_of_amount(&state->round_shares), "closed", state->closed_at_s != 0));
    }
    return object;
}

enum status view_hubs(const struct view *view, json_t **ret_hubs)
{
    enum status first = STATUS_OK;
    json_t *list = json_array();

    for (uint32_t i = 0; i < view->config->hubs_count; i++) {
        struct hub_row row = {.block = 0};
        (void)found(capital_view_hub(&view->source, view->config, i, &row), &first);
        (void)json_array_append_new(list, hub_json(view, i, &row, &first));
    }
    if (first != STATUS_OK) {
        json_decref(list);
        return first;
    }
    *ret_hubs = list;
    return STATUS_OK;
}
