/* SPDX-License-Identifier: Apache-2.0 */
/* Events: written field by field against event.h, never against the tables of proto/, so that a row
 * missing there is seen. */
#include "tests/support/records.h"

#include "tests/support/records_internal.h"

static void make_chain(struct maker *maker, struct core_chain *chain)
{
    name(maker, chain->name, sizeof(chain->name));
    chain->domain = u32(maker);
    chain->chain_id = u64(maker);
    chain->mailbox = address(maker);
    chain->tree_hook = address(maker);
    chain->validator_announce = address(maker);
    chain->gas_paymaster = address(maker);
    chain->start_block = u64(maker);
    chain->relay_to = coin(maker);
    chain->validate = coin(maker);
    name(maker, chain->storage_location, sizeof(chain->storage_location));
    chain->key = address(maker);
    chain->fee_per_gas_max = amount(maker);
    chain->priority_fee_per_gas = amount(maker);
    chain->gas_limit_max = u64(maker);
    chain->key_balance_min = amount(maker);
    chain->delivery_keys_count = length(maker, DELIVERY_KEYS_MAX);
    for (uint32_t i = 0; i < chain->delivery_keys_count; i++) {
        chain->delivery_keys[i] = address(maker);
    }
    chain->priority_fee_max = amount(maker);
    chain->transaction_fee_max = amount(maker);
    chain->inclusion_deadline.ns = u64(maker);
    chain->in_flight_max = u32(maker);
    chain->validators_min = u32(maker);
    chain->batch_contract = address(maker);
    chain->batch_messages_max = u32(maker);
    chain->sign_lookups = one_of(maker, 0, 1) == 1;
}

static struct chain_set chain_set(struct maker *maker)
{
    struct chain_set set;

    for (uint32_t i = 0; i < sizeof(set.words) / sizeof(set.words[0]); i++) {
        set.words[i] = u64(maker);
    }
    return set;
}

static void make_router(struct maker *maker, struct core_router *router)
{
    router->domain = u32(maker);
    router->asset = u32(maker);
    router->router = address(maker);
    router->token = address(maker);
    router->bridge = address(maker);
    router->weight.value = u32(maker);
    router->floor = amount(maker);
    router->floor_share.value = u32(maker);
    router->cap = amount(maker);
    router->cap_share.value = u32(maker);
    router->guard = address(maker);
    router->bridge_to = chain_set(maker);
}

static void make_synthetic(struct maker *maker, struct core_synthetic *synthetic)
{
    synthetic->domain = u32(maker);
    synthetic->asset = u32(maker);
    synthetic->router = address(maker);
}

static void make_vault(struct maker *maker, struct core_vault *vault)
{
    vault->domain = u32(maker);
    vault->asset = u32(maker);
    vault->vault = address(maker);
    vault->token = address(maker);
    vault->owner = address(maker);
}

static void make_spoke(struct maker *maker, struct core_spoke *spoke)
{
    spoke->domain = u32(maker);
    spoke->asset = u32(maker);
    spoke->spoke = address(maker);
    spoke->token = address(maker);
    spoke->idle_min = amount(maker);
    spoke->idle_most = amount(maker);
    spoke->bridge = address(maker);
    spoke->bridge_to = chain_set(maker);
    spoke->cap = amount(maker);
    spoke->cap_share.value = u32(maker);
    spoke->floor_share.value = u32(maker);
    spoke->floor = amount(maker);
}

static void make_venue(struct maker *maker, struct core_venue *venue)
{
    venue->spoke = u32(maker);
    venue->index = u32(maker);
    venue->kind = (enum venue_kind)one_of(maker, VENUE_ERC4626, VENUE_AAVE);
    venue->venue = address(maker);
    venue->cap = amount(maker);
    venue->code = hash(maker);
    venue->receipt = address(maker);
    venue->health_min.value = u32(maker);
    venue->price_shock.value = u32(maker);
    venue->cap_share.value = u32(maker);
    venue->issuer = u32(maker);
    venue->issuer_cap_share.value = u32(maker);
    venue->floor = amount(maker);
    venue->floor_share.value = u32(maker);
}

static void make_feed(struct maker *maker, struct core_feed *feed)
{
    feed->asset = u32(maker);
    feed->domain = u32(maker);
    feed->feed = address(maker);
    feed->age_max.ns = u64(maker);
    feed->divergence_max.value = u32(maker);
    feed->feed_line = u32(maker);
    feed->age_line = u32(maker);
    feed->divergence_line = u32(maker);
}

static void make_route(struct maker *maker, struct core_route *route)
{
    route->mode = (enum route_mode)one_of(maker, ROUTE_OFF, ROUTE_ACT);
    route->tolerance.value = u32(maker);
    route->move_min = amount(maker);
    route->move_max = amount(maker);
    route->fee_max.value = u32(maker);
    route->fee_native_max = amount(maker);
    route->margin.value = u32(maker);
    route->coin_price = amount(maker);
    route->cooldown.ns = u64(maker);
    route->plan_interval.ns = u64(maker);
    route->mandate = hash(maker);
    route->window.ns = u64(maker);
    route->velocity = amount(maker);
    route->fee_budget = amount(maker);
    route->horizon.ns = u64(maker);
}

static void make_policy(struct maker *maker, struct core_policy *policy)
{
    policy->retries_max = u32(maker);
    policy->retry_wait_max.ns = u64(maker);
    policy->rules_count = length(maker, RULES_MAX);
    for (uint32_t i = 0; i < policy->rules_count; i++) {
        struct core_rule *rule = &policy->rules[i];
        rule->kind = (enum rule_kind)one_of(maker, RULE_WHITELIST, RULE_LIMIT);
        rule->demand = (enum gas_demand)one_of(maker, GAS_DEMAND_NONE, GAS_DEMAND_QUOTED);
        rule->payment = amount(maker);
        rule->gas_numerator = u32(maker);
        rule->gas_denominator = u32(maker);
        rule->until.ns = u64(maker);
        name(maker, rule->note, sizeof(rule->note));
        rule->fee_token = address(maker);
        rule->limit = u32(maker);
    }
    policy->conditions_count = length(maker, CONDITIONS_MAX);
    for (uint32_t i = 0; i < policy->conditions_count; i++) {
        struct core_condition *condition = &policy->conditions[i];
        condition->rule = u32(maker);
        condition->field = (enum match_field)one_of(maker, MATCH_MESSAGE_ID, MATCH_BODY);
        condition->value = hash(maker);
    }
    policy->patterns_count = length(maker, PATTERNS_MAX);
    for (uint32_t i = 0; i < policy->patterns_count; i++) {
        name(maker, policy->patterns[i].text, sizeof(policy->patterns[i].text));
    }
    policy->limits_count = length(maker, ROUTE_LIMITS_MAX);
    for (uint32_t i = 0; i < policy->limits_count; i++) {
        struct core_limit *limit = &policy->limits[i];
        name(maker, limit->name, sizeof(limit->name));
        limit->fee_per_gas_max = amount(maker);
        limit->wants_profit = coin(maker);
        limit->profit_min = amount(maker);
        limit->budget = amount(maker);
        limit->window.ns = u64(maker);
    }
    policy->rates_count = length(maker, RATES_MAX);
    for (uint32_t i = 0; i < policy->rates_count; i++) {
        struct core_rate *rate = &policy->rates[i];
        rate->domain = u32(maker);
        rate->token = address(maker);
        rate->decimals = u32(maker);
        rate->price = amount(maker);
    }
    name(maker, policy->currency, sizeof(policy->currency));
}

static const struct core_config *config(struct maker *maker)
{
    struct core_config *config = take(maker, sizeof(*config));

    name(maker, config->node_name, sizeof(config->node_name));
    config->chains_count = length(maker, CHAINS_MAX);
    for (uint32_t i = 0; i < config->chains_count; i++) {
        make_chain(maker, &config->chains[i]);
    }
    config->assets_count = length(maker, ASSETS_MAX);
    for (uint32_t i = 0; i < config->assets_count; i++) {
        name(maker, config->assets[i].symbol, sizeof(config->assets[i].symbol));
        config->assets[i].decimals = u32(maker);
        config->assets[i].delta_max = amount(maker);
        config->assets[i].delta_calm = amount(maker);
        config->assets[i].volatility_calm.value = u32(maker);
    }
    config->routers_count = length(maker, ROUTERS_MAX);
    for (uint32_t i = 0; i < config->routers_count; i++) {
        make_router(maker, &config->routers[i]);
    }
    config->synthetics_count = length(maker, SYNTHETICS_MAX);
    for (uint32_t i = 0; i < config->synthetics_count; i++) {
        make_synthetic(maker, &config->synthetics[i]);
    }
    config->vaults_count = length(maker, VAULTS_MAX);
    for (uint32_t i = 0; i < config->vaults_count; i++) {
        make_vault(maker, &config->vaults[i]);
    }
    maker_config_hubs(maker, config);
    config->spokes_count = length(maker, SPOKES_MAX);
    for (uint32_t i = 0; i < config->spokes_count; i++) {
        make_spoke(maker, &config->spokes[i]);
    }
    config->feeds_count = length(maker, FEEDS_MAX);
    for (uint32_t i = 0; i < config->feeds_count; i++) {
        make_feed(maker, &config->feeds[i]);
    }
    config->venues_count = length(maker, VENUES_MAX);
    for (uint32_t i = 0; i < config->venues_count; i++) {
        make_venue(maker, &config->venues[i]);
    }
    config->validator = address(maker);
    make_route(maker, &config->route);
    config->large.value = amount(maker);
    config->large.blocks = u32(maker);
    make_policy(maker, &config->policy);
    return config;
}

static void make_fact_body(struct maker *maker, struct fact *fact)
{
    switch (fact->kind) {
    case FACT_DISPATCH:
        fact->dispatch.message = run(maker, MESSAGE_BYTES_MAX);
        return;
    case FACT_TREE_INSERT:
        fact->tree_insert.message_id = hash(maker);
        fact->tree_insert.leaf_index = u32(maker);
        return;
    case FACT_GAS_PAYMENT:
        fact->gas_payment.message_id = hash(maker);
        fact->gas_payment.destination = u32(maker);
        fact->gas_payment.gas = amount(maker);
        fact->gas_payment.payment = amount(maker);
        return;
    case FACT_PROCESS:
        fact->process.message_id = hash(maker);
        return;
    case FACT_ANNOUNCED:
        fact->announced.validator = address(maker);
        return;
    case FACT_TRANSFER:
        fact->transfer.from = address(maker);
        fact->transfer.to = address(maker);
        fact->transfer.amount = amount(maker);
        return;
    case FACT_REMOTE_SENT:
    case FACT_REMOTE_RECEIVED:
        fact->remote.remote = u32(maker);
        fact->remote.recipient = address(maker);
        fact->remote.amount = amount(maker);
        return;
    case FACT_COLLATERAL_MOVED:
        fact->collateral_moved.destination = u32(maker);
        fact->collateral_moved.recipient = address(maker);
        fact->collateral_moved.amount = amount(maker);
        fact->collateral_moved.rebalancer = address(maker);
        return;
    case FACT_VAULT_DEPOSIT:
    case FACT_VAULT_WITHDRAW:
        fact->vault.sender = address(maker);
        fact->vault.receiver = address(maker);
        fact->vault.owner = address(maker);
        fact->vault.assets = amount(maker);
        fact->vault.shares = amount(maker);
        return;
    }
    CHECK(false);
}

static void make_fact(struct maker *maker, enum fact_kind kind, struct fact *fact)
{
    fact->kind = kind;
    fact->block_number = u64(maker);
    fact->block_hash = hash(maker);
    fact->transaction = hash(maker);
    fact->log_index = u32(maker);
    fact->contract = address(maker);
    make_fact_body(maker, fact);
}

static void make_security(struct maker *maker, struct event *event)
{
    const uint32_t nodes_count = length(maker, ISM_NODES_MAX);
    const uint32_t validators_count = length(maker, ISM_VALIDATORS_MAX);
    struct ism_node *nodes = take(maker, nodes_count * sizeof(*nodes));
    struct ism_validator *validators = take(maker, validators_count * sizeof(*validators));

    for (uint32_t i = 0; i < nodes_count; i++) {
        nodes[i].address = address(maker);
        nodes[i].type = (uint8_t)number(maker, UINT8_MAX);
        nodes[i].threshold = u32(maker);
        nodes[i].weight_threshold = u64(maker);
        nodes[i].first = u32(maker);
        nodes[i].count = u32(maker);
        nodes[i].only_relayer = number(maker, 1) == 1;
        nodes[i].relayer = address(maker);
    }
    for (uint32_t i = 0; i < validators_count; i++) {
        validators[i].address = address(maker);
        validators[i].weight = u64(maker);
    }
    event->security.message_id = hash(maker);
    event->security.outcome = outcome(maker);
    event->security.ism = (struct ism){.nodes = nodes_count == 0 ? NULL : nodes,
                                       .nodes_count = nodes_count,
                                       .validators = validators_count == 0 ? NULL : validators,
                                       .validators_count = validators_count};
    event->security.by_content = number(maker, 1) == 1;
    event->security.reason = run(maker, REASON_BYTES_MAX);
}

static const struct bytes *texts(struct maker *maker, uint32_t count_max, uint32_t bytes_max,
                                 uint32_t *ret_count)
{
    const uint32_t count = length(maker, count_max);
    struct bytes *list = take(maker, count * sizeof(*list));

    for (uint32_t i = 0; i < count; i++) {
        list[i] = run(maker, bytes_max);
    }
    *ret_count = count;
    return count == 0 ? NULL : list;
}

static void make_storage(struct maker *maker, struct event *event)
{
    event->storage.locations =
        texts(maker, LOCATIONS_MAX, LOCATION_BYTES_MAX, &event->storage.locations_count);
    event->storage.validator = address(maker);
    event->storage.outcome = outcome(maker);
}

static void make_lookup(struct maker *maker, struct event *event)
{
    event->lookup.urls =
        texts(maker, LOOKUP_URLS_MAX, LOOKUP_URL_BYTES_MAX, &event->lookup.urls_count);
    event->lookup.message_id = hash(maker);
    event->lookup.module = address(maker);
    event->lookup.outcome = outcome(maker);
    event->lookup.sender = address(maker);
    event->lookup.call_data = run(maker, LOOKUP_DATA_BYTES_MAX);
    event->lookup.reason = run(maker, REASON_BYTES_MAX);
}

static void make_lookup_signed(struct maker *maker, struct event *event)
{
    event->lookup_signed.message_id = hash(maker);
    event->lookup_signed.module = address(maker);
    event->lookup_signed.outcome = outcome(maker);
    event->lookup_signed.signature = signature(maker);
    event->lookup_signed.reason = run(maker, REASON_BYTES_MAX);
}

static void make_lookup_answer(struct maker *maker, struct event *event)
{
    event->lookup_answer.message_id = hash(maker);
    event->lookup_answer.module = address(maker);
    event->lookup_answer.outcome = outcome(maker);
    event->lookup_answer.metadata = run(maker, METADATA_BYTES_MAX);
}

static void make_spoke_state(struct maker *maker, struct spoke_state *state)
{
    state->spoke = address(maker);
    state->token = address(maker);
    state->idle = amount(maker);
    state->velocity_left = amount(maker);
    state->loss_left = amount(maker);
    state->kept = amount(maker);
    state->paused = coin(maker);
    state->mandate = hash(maker);
}

static void make_venue_state(struct maker *maker, struct venue_state *state)
{
    state->spoke = address(maker);
    state->index = u32(maker);
    state->gate = (enum venue_gate)one_of(maker, VENUE_OPEN, VENUE_RECEIPT_CHANGED);
    state->supplied = amount(maker);
    state->owed = amount(maker);
    state->enter_max = amount(maker);
    state->leave_max = amount(maker);
    state->share_price = amount(maker);
    state->account_debt = amount(maker);
    state->account_guard = amount(maker);
    state->unit_guard = amount(maker);
    state->unit_price = amount(maker);
    state->unit_debt = amount(maker);
    state->pieces_count = length(maker, VENUE_PIECES_MAX);
    for (uint32_t i = 0; i < state->pieces_count; i++) {
        state->pieces[i].width = amount(maker);
        state->pieces[i].rate_nano = u64(maker);
    }
}

static void make_feeds(struct maker *maker, struct event *event)
{
    const uint32_t count = length(maker, FEEDS_MAX);
    struct feed_state *feeds = take(maker, count * sizeof(*feeds));

    for (uint32_t i = 0; i < count; i++) {
        feeds[i].feed = address(maker);
        feeds[i].answer = (enum feed_answer)one_of(maker, FEED_PRICE, FEED_HUGE);
        feeds[i].price = amount(maker);
        feeds[i].updated_s = u64(maker);
    }
    event->positions.feeds = count == 0 ? NULL : feeds;
    event->positions.feeds_count = count;
}

static void make_flows(struct maker *maker, struct event *event)
{
    const uint32_t count = length(maker, SPOKE_FLOWS_MAX);
    struct spoke_flow *flows = take(maker, count * sizeof(*flows));

    for (uint32_t i = 0; i < count; i++) {
        flows[i].spoke = address(maker);
        flows[i].token = address(maker);
        flows[i].sibling = u32(maker);
        flows[i].sent = amount(maker);
        flows[i].announced = amount(maker);
        flows[i].received = amount(maker);
    }
    event->positions.flows = count == 0 ? NULL : flows;
    event->positions.flows_count = count;
}

static void make_venues(struct maker *maker, struct event *event)
{
    const uint32_t spokes_count = length(maker, SPOKES_MAX);
    const uint32_t venues_count = length(maker, VENUES_MAX);
    struct spoke_state *spokes = take(maker, spokes_count * sizeof(*spokes));
    struct venue_state *venues = take(maker, venues_count * sizeof(*venues));

    for (uint32_t i = 0; i < spokes_count; i++) {
        make_spoke_state(maker, &spokes[i]);
    }
    for (uint32_t i = 0; i < venues_count; i++) {
        make_venue_state(maker, &venues[i]);
    }
    event->positions.spokes = spokes_count == 0 ? NULL : spokes;
    event->positions.spokes_count = spokes_count;
    event->positions.venues = venues_count == 0 ? NULL : venues;
    event->positions.venues_count = venues_count;
}

static void make_positions(struct maker *maker, struct event *event)
{
    const uint32_t balances_count = length(maker, BALANCES_PER_EVENT_MAX);
    const uint32_t vaults_count = length(maker, VAULTS_MAX);
    const uint32_t quotes_count = length(maker, ROUTERS_MAX);
    struct balance *balances = take(maker, balances_count * sizeof(*balances));
    struct vault_state *vaults = take(maker, vaults_count * sizeof(*vaults));
    struct bridge_quote *quotes = take(maker, quotes_count * sizeof(*quotes));

    for (uint32_t i = 0; i < balances_count; i++) {
        balances[i].account = address(maker);
        balances[i].token = address(maker);
        balances[i].amount = amount(maker);
    }
    for (uint32_t i = 0; i < vaults_count; i++) {
        vaults[i].vault = address(maker);
        vaults[i].total_assets = amount(maker);
        vaults[i].total_shares = amount(maker);
        vaults[i].own_shares = amount(maker);
        vaults[i].assets_per_share = amount(maker);
    }
    for (uint32_t i = 0; i < quotes_count; i++) {
        quotes[i].router = address(maker);
        quotes[i].destination = u32(maker);
        quotes[i].amount = amount(maker);
        quotes[i].fee_native = amount(maker);
        quotes[i].fee_token = amount(maker);
    }
    event->positions.outcome = outcome(maker);
    event->positions.block_number = u64(maker);
    event->positions.block_hash = hash(maker);
    event->positions.time_s = u64(maker);
    event->positions.balances = balances_count == 0 ? NULL : balances;
    event->positions.balances_count = balances_count;
    event->positions.vaults = vaults_count == 0 ? NULL : vaults;
    event->positions.vaults_count = vaults_count;
    event->positions.quotes = quotes_count == 0 ? NULL : quotes;
    event->positions.quotes_count = quotes_count;
    make_venues(maker, event);
    make_flows(maker, event);
    make_feeds(maker, event);
    maker_hubs(maker, event);
}

static void make_planned(struct maker *maker, struct event *event)
{
    const uint32_t count = length(maker, MOVES_PER_PLAN_MAX);
    struct planned_move *moves = take(maker, count * sizeof(*moves));

    for (uint32_t i = 0; i < count; i++) {
        moves[i].from = u32(maker);
        moves[i].to = u32(maker);
        moves[i].amount = amount(maker);
    }
    event->planned.plan_id = hash(maker);
    event->planned.outcome = outcome(maker);
    event->planned.moves = count == 0 ? NULL : moves;
    event->planned.moves_count = count;
    event->planned.cost = amount(maker);
    event->planned.reason = run(maker, REASON_BYTES_MAX);
    event->planned.proof = run(maker, PLAN_PROOF_BYTES_MAX);
    event->planned.steps = u64(maker);
}

static void make_prepared(struct maker *maker, struct event *event)
{
    event->prepared.leg_id = hash(maker);
    event->prepared.outcome = outcome(maker);
    event->prepared.gas = u64(maker);
    event->prepared.payload_digest = hash(maker);
    event->prepared.value = amount(maker);
    event->prepared.fee_native = amount(maker);
    event->prepared.fee_token = amount(maker);
    event->prepared.data_fee = amount(maker);
    event->prepared.reason = run(maker, REASON_BYTES_MAX);
}

static void make_signed(struct maker *maker, struct event *event)
{
    event->signed_.leg_id = hash(maker);
    event->signed_.attempt = u32(maker);
    event->signed_.outcome = outcome(maker);
    event->signed_.key = address(maker);
    event->signed_.nonce = u64(maker);
    event->signed_.transaction = hash(maker);
    event->signed_.reason = run(maker, REASON_BYTES_MAX);
}

static void make_receipt(struct maker *maker, struct event *event)
{
    event->receipt.leg_id = hash(maker);
    event->receipt.transaction = hash(maker);
    event->receipt.outcome = outcome(maker);
    event->receipt.succeeded = coin(maker);
    event->receipt.block_number = u64(maker);
    event->receipt.block_hash = hash(maker);
    event->receipt.gas_used = u64(maker);
    event->receipt.gas_price = amount(maker);
    event->receipt.data_fee = amount(maker);
}

static void make_block(struct maker *maker, struct event *event)
{
    event->block.number = u64(maker);
    event->block.hash = hash(maker);
    event->block.parent = hash(maker);
    event->block.time_s = u64(maker);
    event->block.base_fee = amount(maker);
}

static void make_submitted(struct maker *maker, struct event *event)
{
    event->submitted.leg_id = hash(maker);
    event->submitted.transaction = hash(maker);
    event->submitted.outcome = outcome(maker);
    event->submitted.rejection = (enum rejection)one_of(maker, REJECTION_NONE, REJECTION_OTHER);
    event->submitted.reason = run(maker, REASON_BYTES_MAX);
}

static void make_lane(struct maker *maker, struct event *event)
{
    event->lane.key = address(maker);
    event->lane.outcome = outcome(maker);
    event->lane.nonce_latest = u64(maker);
    event->lane.nonce_final = u64(maker);
    event->lane.balance = amount(maker);
    event->lane.is_legacy = coin(maker);
    event->lane.gas_price = amount(maker);
    event->lane.priority_usual = amount(maker);
    event->lane.priority_hasty = amount(maker);
}

static void make_tree(struct maker *maker, struct event *event)
{
    event->tree.outcome = outcome(maker);
    event->tree.block_number = u64(maker);
    event->tree.block_hash = hash(maker);
    event->tree.count = u32(maker);
    event->tree.root = hash(maker);
    event->tree.everyone = coin(maker);
    event->tree.with_branch = coin(maker);
    event->tree.branch = run(maker, coin(maker) ? 32 * MERKLE_DEPTH : 0);
}

static void make_checkpoint(struct maker *maker, struct event *event)
{
    event->checkpoint.validator = address(maker);
    event->checkpoint.message_id = hash(maker);
    event->checkpoint.index = u32(maker);
    event->checkpoint.outcome = outcome(maker);
    event->checkpoint.checkpoint = checkpoint(maker);
    event->checkpoint.signature = signature(maker);
}

static void make_checkpoint_signed(struct maker *maker, struct event *event)
{
    event->checkpoint_signed.checkpoint = checkpoint(maker);
    event->checkpoint_signed.outcome = outcome(maker);
    event->checkpoint_signed.signature = signature(maker);
    event->checkpoint_signed.reason = run(maker, REASON_BYTES_MAX);
}

static void make_announcement_signed(struct maker *maker, struct event *event)
{
    event->announcement_signed.validator = address(maker);
    event->announcement_signed.outcome = outcome(maker);
    event->announcement_signed.signature = signature(maker);
    event->announcement_signed.reason = run(maker, REASON_BYTES_MAX);
}

static void make_published(struct maker *maker, struct event *event)
{
    event->published.is_announcement = coin(maker);
    event->published.is_reorg = coin(maker);
    event->published.index = u32(maker);
    event->published.outcome = outcome(maker);
}

static void make_operator(struct maker *maker, struct event *event)
{
    event->operator_.action =
        (enum operator_action)one_of(maker, OPERATOR_APPROVE_PLAN, OPERATOR_DROP_MESSAGE);
    event->operator_.subject = hash(maker);
    event->operator_.uid = u32(maker);
    event->operator_.reason = run(maker, REASON_BYTES_MAX);
    event->operator_.expires_s = u64(maker);
    event->operator_.signature = signature(maker);
}

static void make_endpoint(struct maker *maker, struct event *event)
{
    event->endpoint.endpoint_index = u32(maker);
    event->endpoint.state =
        (enum endpoint_state)one_of(maker, ENDPOINT_CONNECTED, ENDPOINT_MALFORMED);
    event->endpoint.detail = run(maker, REASON_BYTES_MAX);
}

static void make_dissent(struct maker *maker, struct event *event)
{
    event->dissent.endpoint_index = u32(maker);
    event->dissent.block_number = u64(maker);
    event->dissent.block_hash = hash(maker);
    event->dissent.agreed_count = u32(maker);
    event->dissent.agreed = hash(maker);
    event->dissent.digest = hash(maker);
    event->dissent.question = run(maker, DISSENT_QUESTION_BYTES_MAX);
    event->dissent.answer = run(maker, DISSENT_ANSWER_BYTES_MAX);
    event->dissent.answer_bytes = u32(maker);
}

static void make_calls(struct maker *maker, struct event *event)
{
    event->calls.endpoint_index = u32(maker);
    event->calls.day = u64(maker);
    event->calls.spent = u64(maker);
}

static void make_quorum(struct maker *maker, struct event *event)
{
    event->quorum.state = (enum quorum_state)one_of(maker, QUORUM_HELD, QUORUM_UNPROVED);
    event->quorum.answering_count = u32(maker);
    event->quorum.needed_count = u32(maker);
    event->quorum.detail = run(maker, REASON_BYTES_MAX);
}

static void make_final(struct maker *maker, struct event *event)
{
    event->final.number = u64(maker);
    event->final.hash = hash(maker);
}

static void make_passed(struct maker *maker, struct event *event)
{
    event->passed.first = u64(maker);
}

static void make_past_block(struct maker *maker, struct event *event)
{
    event->past_block.number = u64(maker);
    event->past_block.hash = hash(maker);
}

static void make_start(struct maker *maker, struct event *event)
{
    event->start.config = config(maker);
    event->start.build_id = run(maker, 64);
}

static void make_stop(struct maker *maker, struct event *event)
{
    event->stop.reason = run(maker, REASON_BYTES_MAX);
}

static void make_wake(struct maker *maker, struct event *event)
{
    (void)maker;
    (void)event;
}

static const struct { /* NULL: a maker for each kind of fact, see maker_event */
    enum event_kind kind;
    void (*make)(struct maker *maker, struct event *event);
} event_makers[] = {
    {EVENT_START, make_start},
    {EVENT_WAKE, make_wake},
    {EVENT_FACT, NULL},
    {EVENT_BLOCK, make_block},
    {EVENT_FINAL, make_final},
    {EVENT_SECURITY, make_security},
    {EVENT_STORAGE, make_storage},
    {EVENT_CHECKPOINT, make_checkpoint},
    {EVENT_PREPARED, make_prepared},
    {EVENT_SIGNED, make_signed},
    {EVENT_SUBMITTED, make_submitted},
    {EVENT_RECEIPT, make_receipt},
    {EVENT_LANE, make_lane},
    {EVENT_POSITIONS, make_positions},
    {EVENT_TREE, make_tree},
    {EVENT_CHECKPOINT_SIGNED, make_checkpoint_signed},
    {EVENT_ANNOUNCEMENT_SIGNED, make_announcement_signed},
    {EVENT_PUBLISHED, make_published},
    {EVENT_PLANNED, make_planned},
    {EVENT_OPERATOR, make_operator},
    {EVENT_ENDPOINT, make_endpoint},
    {EVENT_STOP, make_stop},
    {EVENT_DISSENT, make_dissent},
    {EVENT_QUORUM, make_quorum},
    {EVENT_CALLS, make_calls},
    {EVENT_PASSED, make_passed},
    {EVENT_PAST_FACT, NULL},
    {EVENT_PAST_BLOCK, make_past_block},
    {EVENT_LOOKUP, make_lookup},
    {EVENT_LOOKUP_ANSWER, make_lookup_answer},
    {EVENT_LOOKUP_SIGNED, make_lookup_signed},
};

static_assert(sizeof(event_makers) / sizeof(event_makers[0]) == MAKER_EVENTS_COUNT, "all kinds");

enum event_kind maker_event_kind(uint32_t index)
{
    CHECK(index < MAKER_EVENTS_COUNT);
    return event_makers[index].kind;
}

void maker_event(struct maker *maker, enum event_kind kind, enum fact_kind fact,
                 struct event *ret_event)
{
    memset(ret_event, 0, sizeof(*ret_event));
    ret_event->kind = kind;
    ret_event->at.ns = u64(maker);
    ret_event->domain = u32(maker);
    if (kind == EVENT_FACT || kind == EVENT_PAST_FACT) {
        make_fact(maker, fact, &ret_event->fact);
        return;
    }
    uint32_t at = 0;
    while (event_makers[at].kind != kind) {
        at++;
        CHECK(at < MAKER_EVENTS_COUNT);
    }
    event_makers[at].make(maker, ret_event);
}
