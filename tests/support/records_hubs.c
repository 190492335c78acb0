/* SPDX-License-Identifier: Apache-2.0 */
/* Hubs in configurations and readings, as records.c makes the rest. */
#include "tests/support/records_internal.h"

void maker_config_hubs(struct maker *maker, struct core_config *config)
{
    config->hubs_count = length(maker, HUBS_MAX);
    for (uint32_t i = 0; i < config->hubs_count; i++) {
        config->hubs[i].domain = u32(maker);
        config->hubs[i].asset = u32(maker);
        config->hubs[i].hub = address(maker);
        config->hubs[i].token = address(maker);
        config->hubs[i].round_interval.ns = u64(maker);
        config->hubs[i].report_interval.ns = u64(maker);
        config->hubs[i].report_fee_max = amount(maker);
    }
}

static void make_hub_state(struct maker *maker, struct hub_state *state)
{
    state->hub = address(maker);
    state->reserve = amount(maker);
    state->pending = amount(maker);
    state->owed = amount(maker);
    state->supply = amount(maker);
    state->price = amount(maker);
    state->round = u64(maker);
    state->settled = u64(maker);
    state->round_assets = amount(maker);
    state->round_shares = amount(maker);
    state->closed_at_s = u64(maker);
    state->skew_max_s = u32(maker);
    state->paused = coin(maker);
    state->mandate = hash(maker);
    state->asset = hash(maker);
    state->is_priced = coin(maker);
    state->low = amount(maker);
    state->high = amount(maker);
}

void maker_hubs(struct maker *maker, struct event *event)
{
    const uint32_t hubs_count = length(maker, HUBS_MAX);
    const uint32_t reports_count = length(maker, HUB_REPORTS_MAX);
    struct hub_state *hubs = take(maker, hubs_count * sizeof(*hubs));
    struct hub_report *reports = take(maker, reports_count * sizeof(*reports));

    for (uint32_t i = 0; i < hubs_count; i++) {
        make_hub_state(maker, &hubs[i]);
    }
    for (uint32_t i = 0; i < reports_count; i++) {
        reports[i].hub = address(maker);
        reports[i].domain = u32(maker);
        reports[i].sequence = u64(maker);
        reports[i].time_s = u64(maker);
        reports[i].jumped = coin(maker);
    }
    event->positions.hubs = hubs_count == 0 ? NULL : hubs;
    event->positions.hubs_count = hubs_count;
    event->positions.reports = reports_count == 0 ? NULL : reports;
    event->positions.reports_count = reports_count;
}
