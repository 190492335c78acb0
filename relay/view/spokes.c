/* SPDX-License-Identifier: Apache-2.0 */
/* What our spokes hold, and what is in the venues that they reach. */
#include "relay/core/capital/capital_view.h"
#include "relay/view/json_of.h"
#include "relay/view/view.h"

#define NANO 1e9

static bool found(enum status status, enum status *first)
{
    if (status != STATUS_OK && status != STATUS_NOT_FOUND && *first == STATUS_OK) {
        *first = status;
    }
    return status == STATUS_OK;
}

/* Null until it was measured: what is not known is not zero. */
static json_t *rate_json(const struct venue_row *row)
{
    uint64_t rate_nano = 0;

    if (row->state.pieces_count > 0) {
        return json_real((double)row->state.pieces[0].rate_nano / NANO);
    }
    return venue_rate_measured(row, &rate_nano) ? json_real((double)rate_nano / NANO) : json_null();
}

enum reason view_venue_reason(const struct spoke_row *spoke, const struct venue_row *row)
{
    return row->block == 0 || row->block != spoke->block ? REASON_VENUE_MUTE
                                                         : venue_gate_reason(row->state.gate);
}

enum reason view_spoke_reason(const struct view *view, const struct spoke_row *row)
{
    if (row->block == 0) {
        return REASON_POSITIONS_UNKNOWN;
    }
    if (row->state.paused) {
        return REASON_SPOKE_PAUSED;
    }
    return hash_equal(&row->state.mandate, &view->config->route.mandate) ? REASON_NONE
                                                                         : REASON_SPOKE_MANDATE;
}

/* How many times its debt the collateral is worth, at thresholds; null: nothing is owed. */
static json_t *health_json(const struct venue_row *row)
{
    if (amount_is_zero(&row->state.account_debt)) {
        return json_null();
    }
    return json_real(amount_to_double(&row->state.account_guard) /
                     amount_to_double(&row->state.account_debt));
}

static json_t *venue_json(const struct core_venue *venue, const struct spoke_row *spoke,
                          const struct venue_row *row)
{
    const enum reason reason = view_venue_reason(spoke, row);
    json_t *object = json_pack("{s:i, s:o, s:b, s:o, s:o}", "index", (int)venue->index, "venue",
                               json_of_address(&venue->venue), "open", reason == REASON_VENUE_OPEN,
                               "gate", json_of_reason(reason), "block", json_of_count(row->block));

    if (row->block != 0) {
        (void)json_object_update_new(
            object, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "supplied",
                              json_of_amount(&row->state.supplied), "owed",
                              json_of_amount(&row->state.owed), "enter_max",
                              json_of_amount(&row->state.enter_max), "leave_max",
                              json_of_amount(&row->state.leave_max), "share_price",
                              json_of_amount(&row->state.share_price), "rate_per_year",
                              rate_json(row), "health", health_json(row)));
    }
    return object;
}

static json_t *venues_json(const struct view *view, uint32_t spoke, const struct spoke_row *of,
                           enum status *first)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < view->config->venues_count; i++) {
        struct venue_row row = {.block = 0};
        if (view->config->venues[i].spoke == spoke) {
            (void)found(capital_view_venue(&view->source, view->config, i, &row), first);
            (void)json_array_append_new(list, venue_json(&view->config->venues[i], of, &row));
        }
    }
    return list;
}

static json_t *spoke_json(const struct view *view, uint32_t index, const struct spoke_row *row,
                          enum status *first)
{
    const struct core_spoke *spoke = &view->config->spokes[index];
    const struct core_asset *asset = &view->config->assets[spoke->asset];
    json_t *object = json_pack(
        "{s:s, s:s, s:i, s:o, s:o, s:o, s:o}", "chain", view_chain(view, spoke->domain), "asset",
        asset->symbol, "decimals", (int)asset->decimals, "spoke", json_of_address(&spoke->spoke),
        "block", json_of_count(row->block), "stopped", json_of_reason(view_spoke_reason(view, row)),
        "venues", venues_json(view, index, row, first));

    if (row->block != 0) {
        (void)json_object_update_new(
            object, json_pack("{s:o, s:o, s:o, s:o}", "idle", json_of_amount(&row->state.idle),
                              "kept", json_of_amount(&row->state.kept), "velocity_left",
                              json_of_amount(&row->state.velocity_left), "loss_left",
                              json_of_amount(&row->state.loss_left)));
    }
    return object;
}

enum status view_spokes(const struct view *view, json_t **ret_spokes)
{
    enum status first = STATUS_OK;
    json_t *list = json_array();

    for (uint32_t i = 0; i < view->config->spokes_count; i++) {
        struct spoke_row row = {.block = 0};
        (void)found(capital_view_spoke(&view->source, view->config, i, &row), &first);
        (void)json_array_append_new(list, spoke_json(view, i, &row, &first));
    }
    if (first != STATUS_OK) {
        json_decref(list);
        return first;
    }
    *ret_spokes = list;
    return STATUS_OK;
}
