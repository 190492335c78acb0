/* SPDX-License-Identifier: Apache-2.0 */
/* The same as record_layout.c for the configuration that EVENT_START carries (config.h). */
#include "proto/record_layout.h"

#include "proto/record.h"
#include "proto/sluice/v1/record.pb-c.h"
#include "relay/base/limits.h"

static const struct codec_field config_key_layout_fields[] = {
    {.type = CODEC_ADDRESS, .label = "address", .offset = 0},
};
CODEC_LAYOUT(config_key_layout, sluice__v1__config_key__descriptor, struct address);

static const struct codec_field config_chain_layout_fields[] = {
    CODEC_NAME_OF(struct core_chain, name),
    CODEC_SCALAR(struct core_chain, domain),
    CODEC_SCALAR(struct core_chain, chain_id),
    CODEC_SCALAR(struct core_chain, mailbox),
    CODEC_SCALAR(struct core_chain, tree_hook),
    CODEC_SCALAR(struct core_chain, validator_announce),
    CODEC_SCALAR(struct core_chain, gas_paymaster),
    CODEC_SCALAR(struct core_chain, start_block),
    CODEC_SCALAR(struct core_chain, relay_to),
    CODEC_SCALAR(struct core_chain, validate),
    CODEC_NAME_OF(struct core_chain, storage_location),
    CODEC_SCALAR(struct core_chain, key),
    CODEC_SCALAR(struct core_chain, fee_per_gas_max),
    CODEC_SCALAR(struct core_chain, priority_fee_per_gas),
    CODEC_SCALAR(struct core_chain, gas_limit_max),
    CODEC_SCALAR(struct core_chain, key_balance_min),
    CODEC_LIST_OF(CODEC_ARRAY, struct core_chain, delivery_keys, delivery_keys_count,
                  DELIVERY_KEYS_MAX, 0, &config_key_layout),
    CODEC_SCALAR(struct core_chain, priority_fee_max),
    CODEC_SCALAR(struct core_chain, transaction_fee_max),
    CODEC_SCALAR(struct core_chain, inclusion_deadline),
    CODEC_SCALAR(struct core_chain, in_flight_max),
    CODEC_SCALAR(struct core_chain, validators_min),
    CODEC_SCALAR(struct core_chain, batch_contract),
    CODEC_SCALAR(struct core_chain, batch_messages_max),
    CODEC_SCALAR(struct core_chain, sign_lookups),
};
CODEC_LAYOUT(config_chain_layout, sluice__v1__config_chain__descriptor, struct core_chain);

static const struct codec_field config_asset_layout_fields[] = {
    CODEC_NAME_OF(struct core_asset, symbol),         CODEC_SCALAR(struct core_asset, decimals),
    CODEC_SCALAR(struct core_asset, delta_max),       CODEC_SCALAR(struct core_asset, delta_calm),
    CODEC_SCALAR(struct core_asset, volatility_calm),
};
CODEC_LAYOUT(config_asset_layout, sluice__v1__config_asset__descriptor, struct core_asset);

/* A set of chains: one field for every 64 of them. */
#define CHAIN_SET_OF(struct_, word, name)                                                          \
    {                                                                                              \
        .type = CODEC_U64, .label = (name), .offset = offsetof(struct_, bridge_to.words[word])     \
    }

static const struct codec_field config_router_layout_fields[] = {
    CODEC_SCALAR(struct core_router, domain),
    CODEC_SCALAR(struct core_router, asset),
    CODEC_SCALAR(struct core_router, router),
    CODEC_SCALAR(struct core_router, token),
    CODEC_SCALAR(struct core_router, bridge),
    CODEC_SCALAR(struct core_router, weight),
    CODEC_SCALAR(struct core_router, floor),
    CODEC_SCALAR(struct core_router, floor_share),
    CODEC_SCALAR(struct core_router, cap),
    CODEC_SCALAR(struct core_router, cap_share),
    CODEC_SCALAR(struct core_router, guard),
    CHAIN_SET_OF(struct core_router, 0, "bridge_to"),
    CHAIN_SET_OF(struct core_router, 1, "bridge_to_64"),
    CHAIN_SET_OF(struct core_router, 2, "bridge_to_128"),
};
CODEC_LAYOUT(config_router_layout, sluice__v1__config_router__descriptor, struct core_router);

static const struct codec_field config_synthetic_layout_fields[] = {
    CODEC_SCALAR(struct core_synthetic, domain),
    CODEC_SCALAR(struct core_synthetic, asset),
    CODEC_SCALAR(struct core_synthetic, router),
};
CODEC_LAYOUT(config_synthetic_layout, sluice__v1__config_synthetic__descriptor,
             struct core_synthetic);

static const struct codec_field config_vault_layout_fields[] = {
    CODEC_SCALAR(struct core_vault, domain), CODEC_SCALAR(struct core_vault, asset),
    CODEC_SCALAR(struct core_vault, vault),  CODEC_SCALAR(struct core_vault, token),
    CODEC_SCALAR(struct core_vault, owner),
};
CODEC_LAYOUT(config_vault_layout, sluice__v1__config_vault__descriptor, struct core_vault);

static const struct codec_field config_spoke_layout_fields[] = {
    CODEC_SCALAR(struct core_spoke, domain),
    CODEC_SCALAR(struct core_spoke, asset),
    CODEC_SCALAR(struct core_spoke, spoke),
    CODEC_SCALAR(struct core_spoke, token),
    CODEC_SCALAR(struct core_spoke, idle_min),
    CODEC_SCALAR(struct core_spoke, bridge),
    CHAIN_SET_OF(struct core_spoke, 0, "bridge_to"),
    CODEC_SCALAR(struct core_spoke, idle_most),
    CODEC_SCALAR(struct core_spoke, cap),
    CODEC_SCALAR(struct core_spoke, cap_share),
    CODEC_SCALAR(struct core_spoke, floor_share),
    CODEC_SCALAR(struct core_spoke, floor),
    CHAIN_SET_OF(struct core_spoke, 1, "bridge_to_64"),
    CHAIN_SET_OF(struct core_spoke, 2, "bridge_to_128"),
};
CODEC_LAYOUT(config_spoke_layout, sluice__v1__config_spoke__descriptor, struct core_spoke);

static const struct codec_field config_feed_layout_fields[] = {
    CODEC_SCALAR(struct core_feed, asset),          CODEC_SCALAR(struct core_feed, domain),
    CODEC_SCALAR(struct core_feed, feed),           CODEC_SCALAR(struct core_feed, age_max),
    CODEC_SCALAR(struct core_feed, divergence_max), CODEC_SCALAR(struct core_feed, feed_line),
    CODEC_SCALAR(struct core_feed, age_line),       CODEC_SCALAR(struct core_feed, divergence_line),
};
CODEC_LAYOUT(config_feed_layout, sluice__v1__config_feed__descriptor, struct core_feed);

static const struct codec_field config_venue_layout_fields[] = {
    CODEC_SCALAR(struct core_venue, spoke),
    CODEC_SCALAR(struct core_venue, index),
    CODEC_ENUM_OF(struct core_venue, kind, VENUE_ERC4626, VENUE_AAVE),
    CODEC_SCALAR(struct core_venue, venue),
    CODEC_SCALAR(struct core_venue, cap),
    CODEC_SCALAR(struct core_venue, code),
    CODEC_SCALAR(struct core_venue, receipt),
    CODEC_SCALAR(struct core_venue, health_min),
    CODEC_SCALAR(struct core_venue, price_shock),
    CODEC_SCALAR(struct core_venue, cap_share),
    CODEC_SCALAR(struct core_venue, issuer),
    CODEC_SCALAR(struct core_venue, issuer_cap_share),
    CODEC_SCALAR(struct core_venue, floor),
    CODEC_SCALAR(struct core_venue, floor_share),
};
CODEC_LAYOUT(config_venue_layout, sluice__v1__config_venue__descriptor, struct core_venue);

static const struct codec_field config_route_layout_fields[] = {
    CODEC_ENUM_OF(struct core_route, mode, ROUTE_OFF, ROUTE_ACT),
    CODEC_SCALAR(struct core_route, tolerance),
    CODEC_SCALAR(struct core_route, move_min),
    CODEC_SCALAR(struct core_route, move_max),
    CODEC_SCALAR(struct core_route, fee_max),
    CODEC_SCALAR(struct core_route, fee_native_max),
    CODEC_SCALAR(struct core_route, cooldown),
    CODEC_SCALAR(struct core_route, plan_interval),
    CODEC_SCALAR(struct core_route, margin),
    CODEC_SCALAR(struct core_route, coin_price),
    CODEC_SCALAR(struct core_route, mandate),
    CODEC_SCALAR(struct core_route, window),
    CODEC_SCALAR(struct core_route, velocity),
    CODEC_SCALAR(struct core_route, fee_budget),
    CODEC_SCALAR(struct core_route, horizon),
};
CODEC_LAYOUT(config_route_layout, sluice__v1__config_route__descriptor, struct core_route);

static const struct codec_field config_rule_layout_fields[] = {
    CODEC_ENUM_OF(struct core_rule, kind, RULE_WHITELIST, RULE_LIMIT),
    CODEC_ENUM_OF(struct core_rule, demand, GAS_DEMAND_NONE, GAS_DEMAND_QUOTED),
    CODEC_SCALAR(struct core_rule, payment),
    CODEC_SCALAR(struct core_rule, gas_numerator),
    CODEC_SCALAR(struct core_rule, gas_denominator),
    CODEC_SCALAR(struct core_rule, until),
    CODEC_NAME_OF(struct core_rule, note),
    CODEC_SCALAR(struct core_rule, fee_token),
    CODEC_SCALAR(struct core_rule, limit),
};
CODEC_LAYOUT(config_rule_layout, sluice__v1__config_rule__descriptor, struct core_rule);

static const struct codec_field config_condition_layout_fields[] = {
    CODEC_SCALAR(struct core_condition, rule),
    CODEC_ENUM_OF(struct core_condition, field, MATCH_MESSAGE_ID, MATCH_BODY),
    CODEC_SCALAR(struct core_condition, value),
};
CODEC_LAYOUT(config_condition_layout, sluice__v1__config_condition__descriptor,
             struct core_condition);

static const struct codec_field config_pattern_layout_fields[] = {
    CODEC_NAME_OF(struct core_pattern, text),
};
CODEC_LAYOUT(config_pattern_layout, sluice__v1__config_pattern__descriptor, struct core_pattern);

static const struct codec_field config_limit_layout_fields[] = {
    CODEC_NAME_OF(struct core_limit, name),        CODEC_SCALAR(struct core_limit, fee_per_gas_max),
    CODEC_SCALAR(struct core_limit, wants_profit), CODEC_SCALAR(struct core_limit, profit_min),
    CODEC_SCALAR(struct core_limit, budget),       CODEC_SCALAR(struct core_limit, window),
};
CODEC_LAYOUT(config_limit_layout, sluice__v1__config_limit__descriptor, struct core_limit);

static const struct codec_field config_rate_layout_fields[] = {
    CODEC_SCALAR(struct core_rate, domain),
    CODEC_SCALAR(struct core_rate, token),
    CODEC_SCALAR(struct core_rate, decimals),
    CODEC_SCALAR(struct core_rate, price),
};
CODEC_LAYOUT(config_rate_layout, sluice__v1__config_rate__descriptor, struct core_rate);

static const struct codec_field config_policy_layout_fields[] = {
    CODEC_SCALAR(struct core_policy, retries_max),
    CODEC_SCALAR(struct core_policy, retry_wait_max),
    CODEC_LIST_OF(CODEC_ARRAY, struct core_policy, rules, rules_count, RULES_MAX, 0,
                  &config_rule_layout),
    CODEC_LIST_OF(CODEC_ARRAY, struct core_policy, conditions, conditions_count, CONDITIONS_MAX, 0,
                  &config_condition_layout),
    CODEC_LIST_OF(CODEC_ARRAY, struct core_policy, limits, limits_count, ROUTE_LIMITS_MAX, 0,
                  &config_limit_layout),
    CODEC_LIST_OF(CODEC_ARRAY, struct core_policy, rates, rates_count, RATES_MAX, 0,
                  &config_rate_layout),
    CODEC_NAME_OF(struct core_policy, currency),
    CODEC_LIST_OF(CODEC_ARRAY, struct core_policy, patterns, patterns_count, PATTERNS_MAX, 0,
                  &config_pattern_layout),
};
CODEC_LAYOUT(config_policy_layout, sluice__v1__config_policy__descriptor, struct core_policy);

static const struct codec_field config_hub_layout_fields[] = {
    CODEC_SCALAR(struct core_hub, domain),
    CODEC_SCALAR(struct core_hub, asset),
    CODEC_SCALAR(struct core_hub, hub),
    CODEC_SCALAR(struct core_hub, token),
    CODEC_SCALAR(struct core_hub, round_interval),
    CODEC_SCALAR(struct core_hub, report_interval),
    CODEC_SCALAR(struct core_hub, report_fee_max),
};
CODEC_LAYOUT(config_hub_layout, sluice__v1__config_hub__descriptor, struct core_hub);

static const struct codec_field config_layout_fields[] = {
    CODEC_NAME_OF(struct core_config, node_name),
    CODEC_LIST_OF(CODEC_ARRAY, struct core_config, chains, chains_count, CHAINS_MAX, 0,
                  &config_chain_layout),
    CODEC_LIST_OF(CODEC_ARRAY, struct core_config, assets, assets_count, ASSETS_MAX, 0,
                  &config_asset_layout),
    CODEC_LIST_OF(CODEC_ARRAY, struct core_config, routers, routers_count, ROUTERS_MAX, 0,
                  &config_router_layout),
    CODEC_LIST_OF(CODEC_ARRAY, struct core_config, vaults, vaults_count, VAULTS_MAX, 0,
                  &config_vault_layout),
    CODEC_SCALAR(struct core_config, validator),
    CODEC_GROUP_OF(CODEC_GROUP, struct core_config, route, &config_route_layout),
    CODEC_SCALAR(struct core_config, large.value),
    CODEC_SCALAR(struct core_config, large.blocks),
    CODEC_GROUP_OF(CODEC_GROUP, struct core_config, policy, &config_policy_layout),
    CODEC_LIST_OF(CODEC_ARRAY, struct core_config, spokes, spokes_count, SPOKES_MAX, 0,
                  &config_spoke_layout),
    CODEC_LIST_OF(CODEC_ARRAY, struct core_config, venues, venues_count, VENUES_MAX, 0,
                  &config_venue_layout),
    CODEC_LIST_OF(CODEC_ARRAY, struct core_config, synthetics, synthetics_count, SYNTHETICS_MAX, 0,
                  &config_synthetic_layout),
    CODEC_LIST_OF(CODEC_ARRAY, struct core_config, feeds, feeds_count, FEEDS_MAX, 0,
                  &config_feed_layout),
    CODEC_LIST_OF(CODEC_ARRAY, struct core_config, hubs, hubs_count, HUBS_MAX, 0,
                  &config_hub_layout),
};
const struct codec_layout record_config_layout = {.wire = &sluice__v1__config__descriptor,
                                                  .fields = config_layout_fields,
                                                  .fields_count = sizeof(config_layout_fields) /
                                                                  sizeof(config_layout_fields[0]),
                                                  .bytes_count = sizeof(struct core_config)};
