/* SPDX-License-Identifier: Apache-2.0 */
/* What plots are made of: samples since the start, in bounded memory. */
#include <math.h>

#include "relay/base/check.h"
#include "relay/core/capital/capital_view.h"
#include "relay/node/site/site_internal.h"

static void thin_out(struct site_history *history)
{
    for (uint32_t i = 0; i < SITE_SAMPLES_MAX / 2; i++) {
        history->samples[i] = history->samples[2 * i + 1];
    }
    history->count = SITE_SAMPLES_MAX / 2;
    history->every_ns *= 2;
}

static double signed_double(const struct account_balance *balance)
{
    const double value = amount_to_double(&balance->amount);

    return balance->negative ? -value : value;
}

static enum status sample_asset(const struct view *view, uint32_t asset, float *ret_off_goal)
{
    struct capital_position positions[PLAN_ROUTERS_MAX];
    struct amount total;
    uint32_t count = 0;
    double apart = 0;
    const enum status status = capital_view_positions(&view->source, view->config, asset, positions,
                                                      PLAN_ROUTERS_MAX, &count, &total);

    if (status != STATUS_OK || amount_is_zero(&total)) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    for (uint32_t i = 0; i < count; i++) {
        apart +=
            fabs(signed_double(&positions[i].effective) - amount_to_double(&positions[i].goal));
    }
    *ret_off_goal = (float)(apart / 2 / amount_to_double(&total));
    return STATUS_OK;
}

static uint64_t count_ended(const struct site_tally *tally)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i <= CHAINS_MAX; i++) {
        for (uint32_t j = 0; j <= CHAINS_MAX; j++) {
            count += tally->ended[i][j][SITE_DELIVERED] + tally->ended[i][j][SITE_ELSEWHERE];
        }
    }
    return count;
}

enum status site_history_tick(struct site *site)
{
    struct site_history *history = &site->history;
    const struct view view = site_view(site);
    const uint64_t now_ns = site_now_ns();

    if (now_ns < history->due_ns) {
        return STATUS_OK;
    }
    struct site_sample sample = {.at_s = site_clock().ns / 1000000000u,
                                 .ended_count = count_ended(site->tally),
                                 .records_count = view.head};
    for (uint32_t i = 0; i < view.config->chains_count; i++) {
        sample.open_count += site->backlogs[i].count;
    }
    for (uint32_t i = 0; i < view.config->assets_count && i < SITE_SAMPLED_ASSETS; i++) {
        const enum status status = sample_asset(&view, i, &sample.off_goal[i]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (history->count == SITE_SAMPLES_MAX) {
        thin_out(history);
    }
    history->due_ns = now_ns + history->every_ns;
    CHECK(history->count < SITE_SAMPLES_MAX);
    history->samples[history->count] = sample;
    history->count++;
    return STATUS_OK;
}

json_t *site_history_json(const struct site *site)
{
    const struct site_history *history = &site->history;
    const struct core_config *config = &site->options.config->core;
    json_t *at = json_array();
    json_t *open = json_array();
    json_t *ended = json_array();
    json_t *records = json_array();
    json_t *assets = json_array();

    for (uint32_t i = 0; i < history->count; i++) {
        const struct site_sample *sample = &history->samples[i];
        (void)json_array_append_new(at, json_integer((json_int_t)sample->at_s));
        (void)json_array_append_new(open, json_integer((json_int_t)sample->open_count));
        (void)json_array_append_new(ended, json_integer((json_int_t)sample->ended_count));
        (void)json_array_append_new(records, json_integer((json_int_t)sample->records_count));
    }
    for (uint32_t i = 0; i < config->assets_count && i < SITE_SAMPLED_ASSETS; i++) {
        json_t *values = json_array();
        for (uint32_t j = 0; j < history->count; j++) {
            const double off_goal = (double)history->samples[j].off_goal[i];
            (void)json_array_append_new(values, json_real(round(off_goal * 1e5) / 1e5));
        }
        (void)json_array_append_new(
            assets, json_pack("{s:s, s:o}", "asset", config->assets[i].symbol, "values", values));
    }
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "at_s", at, "open", open, "ended", ended,
                     "records", records, "off_goal", assets);
}
