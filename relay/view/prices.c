/* SPDX-License-Identifier: Apache-2.0 */
/* What assets are worth, or why nobody can say. */
#include "relay/core/capital/capital_view.h"
#include "relay/view/json_of.h"
#include "relay/view/view.h"

/* As was told last; a price that counted is shown with it, and null where there was none yet. */
static json_t *price_json(const struct core_config *config, uint32_t asset,
                          const struct price_row *row)
{
    const bool has_any = row->good_at.ns != 0;

    return json_pack("{s:s, s:b, s:o, s:o, s:o, s:o, s:o}", "asset", config->assets[asset].symbol,
                     "counts", row->reason == REASON_PRICE_GOOD, "reason",
                     json_of_reason(row->reason), "since", json_of_time(row->since), "low",
                     has_any ? json_of_amount(&row->good.low) : json_null(), "high",
                     has_any ? json_of_amount(&row->good.high) : json_null(), "at",
                     json_of_time(row->good_at));
}

enum status view_prices(const struct view *view, json_t **ret_prices)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < view->config->assets_count; i++) {
        struct price_sources sources;
        struct price_row row = {.reason = REASON_POSITIONS_UNKNOWN};
        if (!price_sources_of(view->config, i, &sources)) {
            continue;
        }
        const enum status status =
            capital_view_price(&view->source, view->config->assets[i].symbol, &row);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            json_decref(list);
            return status;
        }
        (void)json_array_append_new(list, price_json(view->config, i, &row));
    }
    *ret_prices = list;
    return STATUS_OK;
}
