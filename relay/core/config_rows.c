/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/config_rows.h"

#include <string.h>

#include "relay/base/check.h"
#include "relay/core/tables.h"

/* Text of a fixed field, zero after its end: the field's whole width is packed, so that equal
 * configurations have equal bytes. */
static void pack_text(struct packer *packer, const char *text, size_t capacity)
{
    pack_raw(packer, bytes_from(text, capacity));
}

static void unpack_text(struct unpacker *unpacker, char *ret_text, size_t capacity)
{
    const struct bytes taken = unpack_raw(unpacker, capacity);

    if (taken.count == capacity) {
        memcpy(ret_text, taken.data, capacity);
        ret_text[capacity - 1] = '\0';
    }
}

/* A count that is beyond its limit ends the reading. */
static uint32_t unpack_count(struct unpacker *unpacker, uint32_t count_max)
{
    const uint32_t count = unpack_u32(unpacker);

    if (count > count_max) {
        unpacker->underrun = true;
        return 0;
    }
    return count;
}

static void chain_pack(const struct core_chain *chain, struct packer *packer)
{
    pack_text(packer, chain->name, sizeof(chain->name));
    pack_u32(packer, chain->domain);
    pack_u64(packer, chain->chain_id);
    pack_address(packer, &chain->mailbox);
    pack_address(packer, &chain->tree_hook);
    pack_address(packer, &chain->validator_announce);
    pack_address(packer, &chain->gas_paymaster);
    pack_u64(packer, chain->start_block);
    pack_bool(packer, chain->relay_to);
    pack_bool(packer, chain->validate);
    pack_text(packer, chain->storage_location, sizeof(chain->storage_location));
    pack_address(packer, &chain->key);
    pack_amount(packer, &chain->fee_per_gas_max);
    pack_amount(packer, &chain->priority_fee_per_gas);
    pack_u64(packer, chain->gas_limit_max);
    pack_amount(packer, &chain->key_balance_min);
    CHECK(chain->delivery_keys_count <= DELIVERY_KEYS_MAX);
    pack_u32(packer, chain->delivery_keys_count);
    for (uint32_t i = 0; i < chain->delivery_keys_count; i++) {
        pack_address(packer, &chain->delivery_keys[i]);
    }
    pack_amount(packer, &chain->priority_fee_max);
    pack_amount(packer, &chain->transaction_fee_max);
    pack_u64(packer, chain->inclusion_deadline.ns);
    pack_u32(packer, chain->in_flight_max);
    pack_u32(packer, chain->validators_min);
    pack_address(packer, &chain->batch_contract);
    pack_u32(packer, chain->batch_messages_max);
    pack_bool(packer, chain->sign_lookups);
}

static void chain_unpack(struct unpacker *unpacker, struct core_chain *ret_chain)
{
    unpack_text(unpacker, ret_chain->name, sizeof(ret_chain->name));
    ret_chain->domain = unpack_u32(unpacker);
    ret_chain->chain_id = unpack_u64(unpacker);
    ret_chain->mailbox = unpack_address(unpacker);
    ret_chain->tree_hook = unpack_address(unpacker);
    ret_chain->validator_announce = unpack_address(unpacker);
    ret_chain->gas_paymaster = unpack_address(unpacker);
    ret_chain->start_block = unpack_u64(unpacker);
    ret_chain->relay_to = unpack_bool(unpacker);
    ret_chain->validate = unpack_bool(unpacker);
    unpack_text(unpacker, ret_chain->storage_location, sizeof(ret_chain->storage_location));
    ret_chain->key = unpack_address(unpacker);
    ret_chain->fee_per_gas_max = unpack_amount(unpacker);
    ret_chain->priority_fee_per_gas = unpack_amount(unpacker);
    ret_chain->gas_limit_max = unpack_u64(unpacker);
    ret_chain->key_balance_min = unpack_amount(unpacker);
    ret_chain->delivery_keys_count = unpack_count(unpacker, DELIVERY_KEYS_MAX);
    for (uint32_t i = 0; i < ret_chain->delivery_keys_count; i++) {
        ret_chain->delivery_keys[i] = unpack_address(unpacker);
    }
    ret_chain->priority_fee_max = unpack_amount(unpacker);
    ret_chain->transaction_fee_max = unpack_amount(unpacker);
    ret_chain->inclusion_deadline.ns = unpack_u64(unpacker);
    ret_chain->in_flight_max = unpack_u32(unpacker);
    ret_chain->validators_min = unpack_u32(unpacker);
    ret_chain->batch_contract = unpack_address(unpacker);
    ret_chain->batch_messages_max = unpack_u32(unpacker);
    ret_chain->sign_lookups = unpack_bool(unpacker);
}

void chain_set_pack(struct packer *packer, const struct chain_set *set, uint32_t chains_count)
{
    for (uint32_t i = 0; 64 * i < chains_count; i++) {
        pack_u64(packer, set->words[i]);
    }
}

static struct chain_set chain_set_unpack(struct unpacker *unpacker, uint32_t chains_count)
{
    struct chain_set set = {{0}};

    for (uint32_t i = 0; 64 * i < chains_count; i++) {
        set.words[i] = unpack_u64(unpacker);
    }
    return set;
}

static void router_pack(const struct core_router *router, uint32_t chains_count,
                        struct packer *packer)
{
    pack_u32(packer, router->domain);
    pack_u32(packer, router->asset);
    pack_address(packer, &router->router);
    pack_address(packer, &router->token);
    pack_address(packer, &router->bridge);
    pack_u32(packer, router->weight.value);
    pack_amount(packer, &router->floor);
    pack_u32(packer, router->floor_share.value);
    pack_amount(packer, &router->cap);
    pack_u32(packer, router->cap_share.value);
    pack_address(packer, &router->guard);
    chain_set_pack(packer, &router->bridge_to, chains_count);
}

static void router_unpack(struct unpacker *unpacker, uint32_t chains_count,
                          struct core_router *ret_router)
{
    ret_router->domain = unpack_u32(unpacker);
    ret_router->asset = unpack_u32(unpacker);
    ret_router->router = unpack_address(unpacker);
    ret_router->token = unpack_address(unpacker);
    ret_router->bridge = unpack_address(unpacker);
    ret_router->weight.value = unpack_u32(unpacker);
    ret_router->floor = unpack_amount(unpacker);
    ret_router->floor_share.value = unpack_u32(unpacker);
    ret_router->cap = unpack_amount(unpacker);
    ret_router->cap_share.value = unpack_u32(unpacker);
    ret_router->guard = unpack_address(unpacker);
    ret_router->bridge_to = chain_set_unpack(unpacker, chains_count);
}

static void synthetic_pack(const struct core_synthetic *synthetic, struct packer *packer)
{
    pack_u32(packer, synthetic->domain);
    pack_u32(packer, synthetic->asset);
    pack_address(packer, &synthetic->router);
}

static void synthetic_unpack(struct unpacker *unpacker, struct core_synthetic *ret_synthetic)
{
    ret_synthetic->domain = unpack_u32(unpacker);
    ret_synthetic->asset = unpack_u32(unpacker);
    ret_synthetic->router = unpack_address(unpacker);
}

static void vault_pack(const struct core_vault *vault, struct packer *packer)
{
    pack_u32(packer, vault->domain);
    pack_u32(packer, vault->asset);
    pack_address(packer, &vault->vault);
    pack_address(packer, &vault->token);
    pack_address(packer, &vault->owner);
}

static void vault_unpack(struct unpacker *unpacker, struct core_vault *ret_vault)
{
    ret_vault->domain = unpack_u32(unpacker);
    ret_vault->asset = unpack_u32(unpacker);
    ret_vault->vault = unpack_address(unpacker);
    ret_vault->token = unpack_address(unpacker);
    ret_vault->owner = unpack_address(unpacker);
}

static void spoke_pack(const struct core_spoke *spoke, uint32_t chains_count, struct packer *packer)
{
    pack_u32(packer, spoke->domain);
    pack_u32(packer, spoke->asset);
    pack_address(packer, &spoke->spoke);
    pack_address(packer, &spoke->token);
    pack_amount(packer, &spoke->idle_min);
    pack_amount(packer, &spoke->idle_most);
    pack_address(packer, &spoke->bridge);
    chain_set_pack(packer, &spoke->bridge_to, chains_count);
    pack_amount(packer, &spoke->cap);
    pack_amount(packer, &spoke->floor);
    pack_u32(packer, spoke->cap_share.value);
    pack_u32(packer, spoke->floor_share.value);
}

static void hub_pack(const struct core_hub *hub, struct packer *packer)
{
    pack_u32(packer, hub->domain);
    pack_u32(packer, hub->asset);
    pack_address(packer, &hub->hub);
    pack_address(packer, &hub->token);
    pack_u64(packer, hub->round_interval.ns);
    pack_u64(packer, hub->report_interval.ns);
    pack_amount(packer, &hub->report_fee_max);
}

static void hub_unpack(struct unpacker *unpacker, struct core_hub *ret_hub)
{
    ret_hub->domain = unpack_u32(unpacker);
    ret_hub->asset = unpack_u32(unpacker);
    ret_hub->hub = unpack_address(unpacker);
    ret_hub->token = unpack_address(unpacker);
    ret_hub->round_interval.ns = unpack_u64(unpacker);
    ret_hub->report_interval.ns = unpack_u64(unpacker);
    ret_hub->report_fee_max = unpack_amount(unpacker);
}

static void spoke_unpack(struct unpacker *unpacker, uint32_t chains_count,
                         struct core_spoke *ret_spoke)
{
    ret_spoke->domain = unpack_u32(unpacker);
    ret_spoke->asset = unpack_u32(unpacker);
    ret_spoke->spoke = unpack_address(unpacker);
    ret_spoke->token = unpack_address(unpacker);
    ret_spoke->idle_min = unpack_amount(unpacker);
    ret_spoke->idle_most = unpack_amount(unpacker);
    ret_spoke->bridge = unpack_address(unpacker);
    ret_spoke->bridge_to = chain_set_unpack(unpacker, chains_count);
    ret_spoke->cap = unpack_amount(unpacker);
    ret_spoke->floor = unpack_amount(unpacker);
    ret_spoke->cap_share.value = unpack_u32(unpacker);
    ret_spoke->floor_share.value = unpack_u32(unpacker);
}

static void feed_pack(const struct core_feed *feed, struct packer *packer)
{
    pack_u32(packer, feed->asset);
    pack_u32(packer, feed->domain);
    pack_address(packer, &feed->feed);
    pack_u64(packer, feed->age_max.ns);
    pack_u32(packer, feed->divergence_max.value);
    pack_u32(packer, feed->feed_line);
    pack_u32(packer, feed->age_line);
    pack_u32(packer, feed->divergence_line);
}

static void feed_unpack(struct unpacker *unpacker, struct core_feed *ret_feed)
{
    ret_feed->asset = unpack_u32(unpacker);
    ret_feed->domain = unpack_u32(unpacker);
    ret_feed->feed = unpack_address(unpacker);
    ret_feed->age_max.ns = unpack_u64(unpacker);
    ret_feed->divergence_max.value = unpack_u32(unpacker);
    ret_feed->feed_line = unpack_u32(unpacker);
    ret_feed->age_line = unpack_u32(unpacker);
    ret_feed->divergence_line = unpack_u32(unpacker);
}

static void venue_pack(const struct core_venue *venue, struct packer *packer)
{
    pack_u32(packer, venue->spoke);
    pack_u32(packer, venue->index);
    pack_u8(packer, (uint8_t)venue->kind);
    pack_address(packer, &venue->venue);
    pack_amount(packer, &venue->cap);
    pack_hash(packer, &venue->code);
    pack_address(packer, &venue->receipt);
    pack_u32(packer, venue->health_min.value);
    pack_u32(packer, venue->price_shock.value);
    pack_amount(packer, &venue->floor);
    pack_u32(packer, venue->cap_share.value);
    pack_u32(packer, venue->floor_share.value);
    pack_u32(packer, venue->issuer);
    pack_u32(packer, venue->issuer_cap_share.value);
}

static void venue_unpack(struct unpacker *unpacker, struct core_venue *ret_venue)
{
    ret_venue->spoke = unpack_u32(unpacker);
    ret_venue->index = unpack_u32(unpacker);
    const uint8_t kind = unpack_u8(unpacker);

    if (kind < VENUE_ERC4626 || kind > VENUE_AAVE) {
        unpacker->underrun = true;
        return;
    }
    ret_venue->kind = (enum venue_kind)kind;
    ret_venue->venue = unpack_address(unpacker);
    ret_venue->cap = unpack_amount(unpacker);
    ret_venue->code = unpack_hash(unpacker);
    ret_venue->receipt = unpack_address(unpacker);
    ret_venue->health_min.value = unpack_u32(unpacker);
    ret_venue->price_shock.value = unpack_u32(unpacker);
    ret_venue->floor = unpack_amount(unpacker);
    ret_venue->cap_share.value = unpack_u32(unpacker);
    ret_venue->floor_share.value = unpack_u32(unpacker);
    ret_venue->issuer = unpack_u32(unpacker);
    ret_venue->issuer_cap_share.value = unpack_u32(unpacker);
}

static void route_pack(const struct core_route *route, struct packer *packer)
{
    pack_u8(packer, (uint8_t)route->mode);
    pack_u32(packer, route->tolerance.value);
    pack_amount(packer, &route->move_min);
    pack_amount(packer, &route->move_max);
    pack_u32(packer, route->fee_max.value);
    pack_amount(packer, &route->fee_native_max);
    pack_u64(packer, route->cooldown.ns);
    pack_u64(packer, route->plan_interval.ns);
    pack_u32(packer, route->margin.value);
    pack_amount(packer, &route->coin_price);
    pack_hash(packer, &route->mandate);
    pack_u64(packer, route->window.ns);
    pack_amount(packer, &route->velocity);
    pack_amount(packer, &route->fee_budget);
    pack_u64(packer, route->horizon.ns);
}

static void route_unpack(struct unpacker *unpacker, struct core_route *ret_route)
{
    const uint8_t mode = unpack_u8(unpacker);

    if (mode > ROUTE_ACT) {
        unpacker->underrun = true;
        return;
    }
    ret_route->mode = (enum route_mode)mode;
    ret_route->tolerance.value = unpack_u32(unpacker);
    ret_route->move_min = unpack_amount(unpacker);
    ret_route->move_max = unpack_amount(unpacker);
    ret_route->fee_max.value = unpack_u32(unpacker);
    ret_route->fee_native_max = unpack_amount(unpacker);
    ret_route->cooldown.ns = unpack_u64(unpacker);
    ret_route->plan_interval.ns = unpack_u64(unpacker);
    ret_route->margin.value = unpack_u32(unpacker);
    ret_route->coin_price = unpack_amount(unpacker);
    ret_route->mandate = unpack_hash(unpacker);
    ret_route->window.ns = unpack_u64(unpacker);
    ret_route->velocity = unpack_amount(unpacker);
    ret_route->fee_budget = unpack_amount(unpacker);
    ret_route->horizon.ns = unpack_u64(unpacker);
}

static void rule_pack(const struct core_rule *rule, struct packer *packer)
{
    pack_u8(packer, (uint8_t)rule->kind);
    pack_u8(packer, (uint8_t)rule->demand);
    pack_amount(packer, &rule->payment);
    pack_u32(packer, rule->gas_numerator);
    pack_u32(packer, rule->gas_denominator);
    pack_instant(packer, rule->until);
    pack_text(packer, rule->note, sizeof(rule->note));
    pack_address(packer, &rule->fee_token);
    pack_u32(packer, rule->limit);
}

static void rule_unpack(struct unpacker *unpacker, struct core_rule *ret_rule)
{
    const uint8_t kind = unpack_u8(unpacker);
    const uint8_t demand = unpack_u8(unpacker);

    if (kind < RULE_WHITELIST || kind > RULE_LIMIT || demand > GAS_DEMAND_QUOTED) {
        unpacker->underrun = true;
        return;
    }
    ret_rule->kind = (enum rule_kind)kind;
    ret_rule->demand = (enum gas_demand)demand;
    ret_rule->payment = unpack_amount(unpacker);
    ret_rule->gas_numerator = unpack_u32(unpacker);
    ret_rule->gas_denominator = unpack_u32(unpacker);
    ret_rule->until = unpack_instant(unpacker);
    unpack_text(unpacker, ret_rule->note, sizeof(ret_rule->note));
    ret_rule->fee_token = unpack_address(unpacker);
    ret_rule->limit = unpack_u32(unpacker);
}

static void condition_unpack(struct unpacker *unpacker, struct core_condition *ret_condition)
{
    ret_condition->rule = unpack_u32(unpacker);
    const uint8_t field = unpack_u8(unpacker);

    if (field < MATCH_MESSAGE_ID || field > MATCH_BODY) {
        unpacker->underrun = true;
        return;
    }
    ret_condition->field = (enum match_field)field;
    ret_condition->value = unpack_hash(unpacker);
}

static void limit_pack(const struct core_limit *limit, struct packer *packer)
{
    pack_text(packer, limit->name, sizeof(limit->name));
    pack_amount(packer, &limit->fee_per_gas_max);
    pack_bool(packer, limit->wants_profit);
    pack_amount(packer, &limit->profit_min);
    pack_amount(packer, &limit->budget);
    pack_u64(packer, limit->window.ns);
}

static void limit_unpack(struct unpacker *unpacker, struct core_limit *ret_limit)
{
    unpack_text(unpacker, ret_limit->name, sizeof(ret_limit->name));
    ret_limit->fee_per_gas_max = unpack_amount(unpacker);
    ret_limit->wants_profit = unpack_bool(unpacker);
    ret_limit->profit_min = unpack_amount(unpacker);
    ret_limit->budget = unpack_amount(unpacker);
    ret_limit->window.ns = unpack_u64(unpacker);
}

static void rate_pack(const struct core_rate *rate, struct packer *packer)
{
    pack_u32(packer, rate->domain);
    pack_address(packer, &rate->token);
    pack_u32(packer, rate->decimals);
    pack_amount(packer, &rate->price);
}

static void rate_unpack(struct unpacker *unpacker, struct core_rate *ret_rate)
{
    ret_rate->domain = unpack_u32(unpacker);
    ret_rate->token = unpack_address(unpacker);
    ret_rate->decimals = unpack_u32(unpacker);
    ret_rate->price = unpack_amount(unpacker);
}

static void policy_pack(const struct core_policy *policy, struct packer *packer)
{
    CHECK(policy->rules_count <= RULES_MAX);
    CHECK(policy->conditions_count <= CONDITIONS_MAX);
    pack_u32(packer, policy->retries_max);
    pack_u64(packer, policy->retry_wait_max.ns);
    pack_u32(packer, policy->rules_count);
    for (uint32_t i = 0; i < policy->rules_count; i++) {
        rule_pack(&policy->rules[i], packer);
    }
    pack_u32(packer, policy->conditions_count);
    for (uint32_t i = 0; i < policy->conditions_count; i++) {
        const struct core_condition *condition = &policy->conditions[i];
        pack_u32(packer, condition->rule);
        pack_u8(packer, (uint8_t)condition->field);
        pack_hash(packer, &condition->value);
    }
    CHECK(policy->patterns_count <= PATTERNS_MAX);
    pack_u32(packer, policy->patterns_count);
    for (uint32_t i = 0; i < policy->patterns_count; i++) {
        pack_text(packer, policy->patterns[i].text, sizeof(policy->patterns[i].text));
    }
    CHECK(policy->limits_count <= ROUTE_LIMITS_MAX);
    pack_u32(packer, policy->limits_count);
    for (uint32_t i = 0; i < policy->limits_count; i++) {
        limit_pack(&policy->limits[i], packer);
    }
    CHECK(policy->rates_count <= RATES_MAX);
    pack_u32(packer, policy->rates_count);
    for (uint32_t i = 0; i < policy->rates_count; i++) {
        rate_pack(&policy->rates[i], packer);
    }
    pack_text(packer, policy->currency, sizeof(policy->currency));
}

static void policy_unpack(struct unpacker *unpacker, struct core_policy *ret_policy)
{
    ret_policy->retries_max = unpack_u32(unpacker);
    ret_policy->retry_wait_max.ns = unpack_u64(unpacker);
    ret_policy->rules_count = unpack_count(unpacker, RULES_MAX);
    for (uint32_t i = 0; i < ret_policy->rules_count; i++) {
        rule_unpack(unpacker, &ret_policy->rules[i]);
    }
    ret_policy->conditions_count = unpack_count(unpacker, CONDITIONS_MAX);
    for (uint32_t i = 0; i < ret_policy->conditions_count; i++) {
        condition_unpack(unpacker, &ret_policy->conditions[i]);
    }
    ret_policy->patterns_count = unpack_count(unpacker, PATTERNS_MAX);
    for (uint32_t i = 0; i < ret_policy->patterns_count; i++) {
        unpack_text(unpacker, ret_policy->patterns[i].text, sizeof(ret_policy->patterns[i].text));
    }
    ret_policy->limits_count = unpack_count(unpacker, ROUTE_LIMITS_MAX);
    for (uint32_t i = 0; i < ret_policy->limits_count; i++) {
        limit_unpack(unpacker, &ret_policy->limits[i]);
    }
    ret_policy->rates_count = unpack_count(unpacker, RATES_MAX);
    for (uint32_t i = 0; i < ret_policy->rates_count; i++) {
        rate_unpack(unpacker, &ret_policy->rates[i]);
    }
    unpack_text(unpacker, ret_policy->currency, sizeof(ret_policy->currency));
}

void config_pack(const struct core_config *config, struct packer *packer)
{
    CHECK(config->chains_count <= CHAINS_MAX);
    CHECK(config->assets_count <= ASSETS_MAX);
    CHECK(config->routers_count <= ROUTERS_MAX);
    CHECK(config->vaults_count <= VAULTS_MAX);
    CHECK(config->spokes_count <= SPOKES_MAX);
    CHECK(config->venues_count <= VENUES_MAX);
    CHECK(config->synthetics_count <= SYNTHETICS_MAX);
    CHECK(config->feeds_count <= FEEDS_MAX);
    CHECK(config->hubs_count <= HUBS_MAX);

    pack_text(packer, config->node_name, sizeof(config->node_name));
    pack_u32(packer, config->chains_count);
    for (uint32_t i = 0; i < config->chains_count; i++) {
        chain_pack(&config->chains[i], packer);
    }
    pack_u32(packer, config->assets_count);
    for (uint32_t i = 0; i < config->assets_count; i++) {
        pack_text(packer, config->assets[i].symbol, sizeof(config->assets[i].symbol));
        pack_u32(packer, config->assets[i].decimals);
        pack_amount(packer, &config->assets[i].delta_max);
        pack_amount(packer, &config->assets[i].delta_calm);
        pack_u32(packer, config->assets[i].volatility_calm.value);
    }
    pack_u32(packer, config->routers_count);
    for (uint32_t i = 0; i < config->routers_count; i++) {
        router_pack(&config->routers[i], config->chains_count, packer);
    }
    pack_u32(packer, config->vaults_count);
    for (uint32_t i = 0; i < config->vaults_count; i++) {
        vault_pack(&config->vaults[i], packer);
    }
    pack_u32(packer, config->spokes_count);
    for (uint32_t i = 0; i < config->spokes_count; i++) {
        spoke_pack(&config->spokes[i], config->chains_count, packer);
    }
    pack_u32(packer, config->venues_count);
    for (uint32_t i = 0; i < config->venues_count; i++) {
        venue_pack(&config->venues[i], packer);
    }
    pack_u32(packer, config->synthetics_count);
    for (uint32_t i = 0; i < config->synthetics_count; i++) {
        synthetic_pack(&config->synthetics[i], packer);
    }
    pack_u32(packer, config->feeds_count);
    for (uint32_t i = 0; i < config->feeds_count; i++) {
        feed_pack(&config->feeds[i], packer);
    }
    pack_u32(packer, config->hubs_count);
    for (uint32_t i = 0; i < config->hubs_count; i++) {
        hub_pack(&config->hubs[i], packer);
    }
    pack_address(packer, &config->validator);
    route_pack(&config->route, packer);
    pack_amount(packer, &config->large.value);
    pack_u32(packer, config->large.blocks);
    policy_pack(&config->policy, packer);
}

enum status config_unpack(struct bytes bytes, struct core_config *ret_config)
{
    struct unpacker unpacker = unpacker_from(bytes);

    memset(ret_config, 0, sizeof(*ret_config));
    unpack_text(&unpacker, ret_config->node_name, sizeof(ret_config->node_name));
    ret_config->chains_count = unpack_count(&unpacker, CHAINS_MAX);
    for (uint32_t i = 0; i < ret_config->chains_count; i++) {
        chain_unpack(&unpacker, &ret_config->chains[i]);
    }
    ret_config->assets_count = unpack_count(&unpacker, ASSETS_MAX);
    for (uint32_t i = 0; i < ret_config->assets_count; i++) {
        unpack_text(&unpacker, ret_config->assets[i].symbol, sizeof(ret_config->assets[i].symbol));
        ret_config->assets[i].decimals = unpack_u32(&unpacker);
        ret_config->assets[i].delta_max = unpack_amount(&unpacker);
        ret_config->assets[i].delta_calm = unpack_amount(&unpacker);
        ret_config->assets[i].volatility_calm.value = unpack_u32(&unpacker);
    }
    ret_config->routers_count = unpack_count(&unpacker, ROUTERS_MAX);
    for (uint32_t i = 0; i < ret_config->routers_count; i++) {
        router_unpack(&unpacker, ret_config->chains_count, &ret_config->routers[i]);
    }
    ret_config->vaults_count = unpack_count(&unpacker, VAULTS_MAX);
    for (uint32_t i = 0; i < ret_config->vaults_count; i++) {
        vault_unpack(&unpacker, &ret_config->vaults[i]);
    }
    ret_config->spokes_count = unpack_count(&unpacker, SPOKES_MAX);
    for (uint32_t i = 0; i < ret_config->spokes_count; i++) {
        spoke_unpack(&unpacker, ret_config->chains_count, &ret_config->spokes[i]);
    }
    ret_config->venues_count = unpack_count(&unpacker, VENUES_MAX);
    for (uint32_t i = 0; i < ret_config->venues_count; i++) {
        venue_unpack(&unpacker, &ret_config->venues[i]);
    }
    ret_config->synthetics_count = unpack_count(&unpacker, SYNTHETICS_MAX);
    for (uint32_t i = 0; i < ret_config->synthetics_count; i++) {
        synthetic_unpack(&unpacker, &ret_config->synthetics[i]);
    }
    ret_config->feeds_count = unpack_count(&unpacker, FEEDS_MAX);
    for (uint32_t i = 0; i < ret_config->feeds_count; i++) {
        feed_unpack(&unpacker, &ret_config->feeds[i]);
    }
    ret_config->hubs_count = unpack_count(&unpacker, HUBS_MAX);
    for (uint32_t i = 0; i < ret_config->hubs_count; i++) {
        hub_unpack(&unpacker, &ret_config->hubs[i]);
    }
    ret_config->validator = unpack_address(&unpacker);
    route_unpack(&unpacker, &ret_config->route);
    ret_config->large.value = unpack_amount(&unpacker);
    ret_config->large.blocks = unpack_u32(&unpacker);
    policy_unpack(&unpacker, &ret_config->policy);
    return unpacker_is_done(&unpacker) ? STATUS_OK : STATUS_CORRUPT;
}

struct bytes config_key(uint8_t memory[CONFIG_KEY_BYTES], uint32_t index)
{
    struct packer key = packer_from(memory, CONFIG_KEY_BYTES);

    pack_u8(&key, TABLE_CONFIG);
    pack_u16(&key, (uint16_t)index);
    return packer_finish(&key);
}
