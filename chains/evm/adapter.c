/* SPDX-License-Identifier: Apache-2.0 */
/* The operations table: memory at init, then each call is handed to its part and followed by a
 * pump, which starts whatever the new state lacks. */
#include <string.h>

#include "chains/evm/evm.h"
#include "chains/evm/evm_internal.h"

enum {
    REQUESTS_MAX = 4096,
    LEGS_MAX = 4096,
    FOLLOWS_MAX = 1 << 15,
    FRAME_BYTES_MAX = 1 << 28,
    FOLLOWS_PER_LEG = 2, /* a transaction and one replacement of it */
    ALIGNMENT = 16,
};

/* Hands out one block piece by piece; with no memory it only counts. */
struct layout {
    uint8_t *memory;
    size_t used;
};

static void *take(struct layout *layout, size_t size)
{
    const size_t start = (layout->used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

    layout->used = start + size;
    return layout->memory == NULL ? NULL : layout->memory + start;
}

static uint32_t count_routers(const struct core_config *core, uint32_t domain)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < core->routers_count; i++) {
        count += core->routers[i].domain == domain ? 1 : 0;
    }
    return count;
}

static uint32_t count_synthetics(const struct core_config *core, uint32_t domain)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < core->synthetics_count; i++) {
        count += core->synthetics[i].domain == domain ? 1 : 0;
    }
    return count;
}

static uint32_t count_vaults(const struct core_config *core, uint32_t domain)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < core->vaults_count; i++) {
        count += core->vaults[i].domain == domain ? 1 : 0;
    }
    return count;
}

/* Tokens that deliveries are paid for with, as far as the configuration names any. */
static bool next_fee_token(const struct core_policy *policy, uint32_t domain, uint32_t *index,
                           struct address *ret_token)
{
    for (; *index < policy->rates_count + policy->rules_count; (*index)++) {
        const uint32_t rule = *index - policy->rates_count;
        const bool is_rate = *index < policy->rates_count;
        const bool is_asked = is_rate ? policy->rates[*index].domain == domain
                                      : policy->rules[rule].kind == RULE_GAS_PAYMENT;
        *ret_token = is_rate ? policy->rates[*index].token : policy->rules[rule].fee_token;
        if (is_asked && !address_is_zero(ret_token)) {
            (*index)++;
            return true;
        }
    }
    return false;
}

static uint32_t count_fee_tokens(const struct core_config *core, uint32_t domain)
{
    struct address token;
    uint32_t index = 0;
    uint32_t count = 0;

    while (next_fee_token(&core->policy, domain, &index, &token)) {
        count++;
    }
    return count;
}

static size_t scratch_bytes(void)
{
    const size_t leg = (size_t)EVM_CALLDATA_MAX + EVM_LEG_BYTES_MAX;

    return leg > EVM_RETURN_BYTES_MAX ? leg : EVM_RETURN_BYTES_MAX;
}

static void lay_out_spokes(struct evm_spokes *all, const struct core_config *core, uint32_t domain,
                           struct layout *layout)
{
    const uint32_t spokes = evm_spokes_count(core, domain);
    const uint32_t venues = evm_venues_count(core, domain);

    all->spokes = take(layout, spokes * sizeof(*all->spokes));
    all->states = take(layout, spokes * sizeof(*all->states));
    all->held = take(layout, spokes * sizeof(*all->held));
    all->venues = take(layout, venues * sizeof(*all->venues));
    all->venue_states = take(layout, venues * sizeof(*all->venue_states));
    all->later = take(layout, EVM_VENUE_LATER_MAX * venues * sizeof(*all->later));
    all->flows = take(layout, evm_flows_count(core, domain) * sizeof(*all->flows));
}

static void lay_out_feeds(struct evm_feeds *all, uint32_t count, struct layout *layout)
{
    all->feeds = take(layout, count * sizeof(*all->feeds));
    all->readings = take(layout, count * sizeof(*all->readings));
    all->states = take(layout, count * sizeof(*all->states));
}

static void lay_out_hubs(struct evm_hubs *all, const struct core_config *core, uint32_t domain,
                         struct layout *layout)
{
    const uint32_t hubs = evm_hubs_count(core, domain);

    all->hubs = take(layout, hubs * sizeof(*all->hubs));
    all->spokes = take(layout, hubs * sizeof(*all->spokes));
    all->states = take(layout, hubs * sizeof(*all->states));
    all->reports = take(layout, evm_hub_reports_count(core, domain) * sizeof(*all->reports));
}

/* Everything an adapter has besides struct evm. */
static void lay_out(struct evm *evm, const struct chain_config *config, struct layout *layout)
{
    const struct core_config *const core = config->core;
    const uint32_t domain = core->chains[config->chain_index].domain;
    const uint32_t routers = count_routers(core, domain);
    const uint32_t synthetics = count_synthetics(core, domain);
    const uint32_t vaults = count_vaults(core, domain);
    const uint32_t spokes = evm_spokes_count(core, domain);
    const uint32_t hubs = evm_hubs_count(core, domain);
    const uint32_t quotes = evm_quotes_bound(core, domain);

    evm->parser_memory = take(layout, json_parser_footprint(config->frame_bytes_max));
    evm->frame = take(layout, config->frame_bytes_max);
    evm->scratch = take(layout, scratch_bytes());
    evm->calls = take(layout, evm->calls_max * sizeof(*evm->calls));
    evm->interest.contracts = take(layout, (4 + 3 * routers + synthetics + 2 * vaults + spokes +
                                            hubs + count_fee_tokens(core, domain)) *
                                               sizeof(*evm->interest.contracts));
    evm->interest.accounts =
        take(layout, (2 + 2 * routers + vaults + spokes + hubs) * sizeof(*evm->interest.accounts));
    evm->routers = take(layout, routers * sizeof(*evm->routers));
    evm->vaults = take(layout, vaults * sizeof(*evm->vaults));
    evm->store.capacity = 2 * (size_t)config->frame_bytes_max;
    evm->store.memory = take(layout, evm->store.capacity);
    evm->evidence = NULL;
    evm->dissents = NULL;
    if (config->quorum > 1) {
        evm->evidence = take(layout, EVM_EVIDENCE_MAX * sizeof(*evm->evidence));
        evm->dissents = take(layout, config->endpoints_count * sizeof(*evm->dissents));
    }
    evm->watch.ring = take(layout, EVM_RING_BLOCKS * sizeof(*evm->watch.ring));
    evm->jobs = take(layout, evm->jobs_max * sizeof(*evm->jobs));
    evm->payloads = take(layout, evm->jobs_max * (size_t)EVM_CALLDATA_MAX);
    evm->modules = take(layout, evm->jobs_max * sizeof(*evm->modules));
    evm->done = take(layout, evm->jobs_max * sizeof(*evm->done));
    evm->legs = take(layout, evm->legs_max * sizeof(*evm->legs));
    evm->leg_bytes = take(layout, evm->legs_max * (size_t)EVM_LEG_BYTES_MAX);
    evm->follows = take(layout, evm->follows_max * sizeof(*evm->follows));
    evm->balances = take(layout, BALANCES_PER_EVENT_MAX * sizeof(*evm->balances));
    evm->vault_states = take(layout, vaults * sizeof(*evm->vault_states));
    evm->quotes_asked = take(layout, quotes * sizeof(*evm->quotes_asked));
    evm->quotes = take(layout, quotes * sizeof(*evm->quotes));
    lay_out_spokes(&evm->spokes, core, domain, layout);
    lay_out_feeds(&evm->feeds, evm_feeds_count(core, domain), layout);
    lay_out_hubs(&evm->spokes.hubs, core, domain, layout);
}

/* As many transactions as may be under way, of all keys, at least as many as legs. */
static uint32_t follows_wanted(const struct chain_config *config)
{
    const struct core_chain *const self = &config->core->chains[config->chain_index];
    const uint32_t in_flight = (1 + self->delivery_keys_count) * self->in_flight_max;

    return in_flight > config->legs_open_max ? in_flight : config->legs_open_max;
}

static void set_limits(struct evm *evm, const struct chain_config *config)
{
    evm->jobs_max = config->requests_open_max;
    evm->calls_max = config->requests_open_max + EVM_CALLS_RESERVED;
    evm->legs_max = config->legs_open_max;
    evm->follows_max = FOLLOWS_PER_LEG * follows_wanted(config);
}

static bool limits_fit(const struct chain_config *config)
{
    for (uint32_t i = 0; i < config->endpoints_count; i++) {
        if (config->limits[i].calls_per_second > CALLS_PER_SECOND_MAX ||
            config->limits[i].calls_burst > CALLS_BURST_MAX) {
            return false;
        }
    }
    return true;
}

static bool is_in_bounds(const struct chain_config *config)
{
    const uint32_t domain = config->core->chains[config->chain_index].domain;

    switch (config->finality) {
    case FINALITY_TAG:
    case FINALITY_SAFE:
        break;
    case FINALITY_DEPTH:
        if (config->finality_blocks == 0) {
            return false;
        }
        break;
    }
    return limits_fit(config) && config->blocks_per_range > 0 && config->requests_open_max > 0 &&
           config->requests_open_max <= REQUESTS_MAX && config->legs_open_max > 0 &&
           config->legs_open_max <= LEGS_MAX && follows_wanted(config) <= FOLLOWS_MAX &&
           config->frame_bytes_max >= EVM_FRAME_BYTES_MIN &&
           config->frame_bytes_max <= FRAME_BYTES_MAX && config->request_deadline.ns > 0 &&
           config->request_deadline.ns < UINT64_MAX / 16 &&
           3 * count_routers(config->core, domain) + count_synthetics(config->core, domain) + 1 <=
               BALANCES_PER_EVENT_MAX;
}

static size_t evm_footprint(const struct chain_config *config)
{
    struct evm evm;
    struct layout layout = {.memory = NULL, .used = sizeof(struct evm)};

    if (!is_in_bounds(config)) {
        return 0;
    }
    set_limits(&evm, config);
    lay_out(&evm, config, &layout);
    return layout.used;
}

/* Every address of this chain must be an EVM address, and the mailbox must be there. */
static bool addresses_fit(const struct core_config *core, const struct core_chain *self)
{
    bool fits = !address_is_zero(&self->mailbox) && address_is_evm(&self->mailbox) &&
                address_is_evm(&self->tree_hook) && address_is_evm(&self->validator_announce) &&
                address_is_evm(&self->gas_paymaster) && address_is_evm(&self->key);

    for (uint32_t i = 0; i < self->delivery_keys_count; i++) {
        fits = fits && address_is_evm(&self->delivery_keys[i]);
    }
    for (uint32_t i = 0; i < core->routers_count; i++) {
        const struct core_router *const router = &core->routers[i];
        fits = fits && (router->domain != self->domain ||
                        (address_is_evm(&router->router) && address_is_evm(&router->token) &&
                         address_is_evm(&router->bridge) && !address_is_zero(&router->router) &&
                         !address_is_zero(&router->token)));
    }
    for (uint32_t i = 0; i < core->synthetics_count; i++) {
        const struct core_synthetic *const synthetic = &core->synthetics[i];
        fits =
            fits && (synthetic->domain != self->domain ||
                     (address_is_evm(&synthetic->router) && !address_is_zero(&synthetic->router)));
    }
    for (uint32_t i = 0; i < core->vaults_count; i++) {
        const struct core_vault *const vault = &core->vaults[i];
        fits = fits && (vault->domain != self->domain ||
                        (address_is_evm(&vault->vault) && address_is_evm(&vault->token) &&
                         address_is_evm(&vault->owner) && !address_is_zero(&vault->vault) &&
                         !address_is_zero(&vault->token)));
    }
    struct address token;
    uint32_t index = 0;
    while (next_fee_token(&core->policy, self->domain, &index, &token)) {
        fits = fits && address_is_evm(&token);
    }
    return fits && evm_spokes_fit(core, self->domain) && evm_hubs_fit(core, self->domain) &&
           evm_feeds_fit(core, self->domain);
}

/* Transfers of such tokens to the paymaster. */
static void build_payments(struct evm *evm)
{
    struct address token;
    uint32_t index = 0;

    while (next_fee_token(&evm->core.policy, evm->chain.domain, &index, &token) &&
           !address_is_zero(&evm->self->gas_paymaster)) {
        evm_interest_add_contract(&evm->interest, &token, EVM_ROLE_TOKEN);
        evm_interest_add_account(&evm->interest, &evm->self->gas_paymaster);
    }
}

static void build_interest(struct evm *evm)
{
    struct evm_interest *const interest = &evm->interest;

    evm_interest_add_contract(interest, &evm->self->mailbox, EVM_ROLE_MAILBOX);
    evm_interest_add_contract(interest, &evm->self->tree_hook, EVM_ROLE_TREE_HOOK);
    evm_interest_add_contract(interest, &evm->self->gas_paymaster, EVM_ROLE_PAYMASTER);
    evm_interest_add_contract(interest, &evm->self->validator_announce, EVM_ROLE_ANNOUNCE);
    evm_interest_add_account(interest, &evm->self->key);
    for (uint32_t i = 0; i < evm->core.routers_count; i++) {
        const struct core_router *const router = &evm->core.routers[i];
        if (router->domain == evm->chain.domain) {
            evm->routers[evm->routers_count++] = router;
            evm_interest_add_contract(interest, &router->router, EVM_ROLE_ROUTER);
            evm_interest_add_contract(interest, &router->token, EVM_ROLE_TOKEN);
            evm_interest_add_contract(interest, &router->bridge, EVM_ROLE_BRIDGE);
            evm_interest_add_account(interest, &router->router);
            evm_interest_add_account(interest, &router->bridge);
        }
    }
    for (uint32_t i = 0; i < evm->core.synthetics_count; i++) {
        const struct core_synthetic *const synthetic = &evm->core.synthetics[i];
        if (synthetic->domain == evm->chain.domain) {
            evm_interest_add_contract(interest, &synthetic->router, EVM_ROLE_ROUTER);
        }
    }
    for (uint32_t i = 0; i < evm->core.vaults_count; i++) {
        const struct core_vault *const vault = &evm->core.vaults[i];
        if (vault->domain == evm->chain.domain) {
            evm->vaults[evm->vaults_count++].config = vault;
            evm_interest_add_contract(interest, &vault->vault, EVM_ROLE_VAULT);
            evm_interest_add_contract(interest, &vault->token, EVM_ROLE_TOKEN);
            evm_interest_add_account(interest, &vault->vault);
        }
    }
    build_payments(evm);
    for (uint32_t i = 0; i < evm->core.spokes_count; i++) {
        const struct core_spoke *const spoke = &evm->core.spokes[i];
        if (spoke->domain == evm->chain.domain) {
            evm_interest_add_contract(interest, &spoke->token, EVM_ROLE_TOKEN);
            evm_interest_add_account(interest, &spoke->spoke);
        }
    }
    for (uint32_t i = 0; i < evm->core.hubs_count; i++) {
        const struct core_hub *const hub = &evm->core.hubs[i];
        if (hub->domain == evm->chain.domain) {
            evm_interest_add_contract(interest, &hub->token, EVM_ROLE_TOKEN);
            evm_interest_add_account(interest, &hub->hub);
        }
    }
    evm_interest_finish(interest);
}

static enum status evm_init(void *memory, const struct chain_config *config,
                            struct chain **ret_chain)
{
    const struct core_chain *const self = &config->core->chains[config->chain_index];
    struct evm *const evm = memory;
    struct layout layout = {.memory = memory, .used = sizeof(*evm)};

    if (!addresses_fit(config->core, self)) {
        return STATUS_MALFORMED;
    }
    evm->chain.ops = &evm_chain_ops;
    evm->chain.domain = self->domain;
    evm->chain.endpoints_count = config->endpoints_count;
    evm->core = *config->core;
    evm->self = &evm->core.chains[config->chain_index];
    evm->finality = config->finality;
    evm->finality_blocks = config->finality_blocks;
    evm->blocks_per_range = config->blocks_per_range;
    evm->frame_bytes_max = config->frame_bytes_max;
    evm->request_deadline = config->request_deadline;
    evm->transactions = config->transactions;
    evm->data_fee = config->data_fee;
    evm->submit_first =
        config->submit_count == 0 ? 0 : config->endpoints_count - config->submit_count;
    evm->readers_count = config->endpoints_count - config->submit_count;
    evm->primary = EVM_ANY_ENDPOINT;
    evm->quorum = config->quorum;
    for (uint32_t i = 0; i < config->endpoints_count; i++) {
        call_budget_init(&evm->endpoints[i].budget, &config->limits[i]);
    }
    set_limits(evm, config);
    lay_out(evm, config, &layout);
    json_parser_init(&evm->parser, evm->parser_memory, config->frame_bytes_max);
    for (uint32_t i = 0; i < evm->jobs_max; i++) {
        evm->jobs[i].payload = evm->payloads + i * (size_t)EVM_CALLDATA_MAX;
        evm->jobs[i].modules = &evm->modules[i];
    }
    for (uint32_t i = 0; i < evm->legs_max; i++) {
        evm->legs[i].bytes = evm->leg_bytes + i * (size_t)EVM_LEG_BYTES_MAX;
    }
    build_interest(evm);
    evm_positions_init(evm);
    evm_spokes_init(evm);
    evm_feeds_init(evm);
    evm_hubs_init(evm);
    *ret_chain = &evm->chain;
    return STATUS_OK;
}

static struct evm *evm_of(struct chain *chain)
{
    CHECK(chain->ops == &evm_chain_ops);
    return (struct evm *)(void *)chain; /* its first member */
}

static const struct evm *evm_of_const(const struct chain *chain)
{
    CHECK(chain->ops == &evm_chain_ops);
    return (const struct evm *)(const void *)chain;
}

static void evm_deinit(struct chain *chain)
{
    struct evm *const evm = evm_of(chain);

    /* No secret was here; a later use must fail loudly. */
    evm->chain.ops = NULL;
}

void evm_pump(struct evm *evm)
{
    evm_endpoint_pump(evm);
    evm_watch_pump(evm);
    evm_follow_pump(evm);
    evm_jobs_pump(evm);
}

void evm_sooner(const struct evm *evm, struct instant at, struct instant *next)
{
    if (at.ns > evm->now.ns && at.ns < next->ns) {
        *next = at;
    }
}

struct instant evm_begins(void)
{
    return (struct instant){.ns = 0};
}

bool evm_deadline_passed(const struct evm *evm, struct instant *deadline, struct duration wait)
{
    if (deadline->ns == 0) {
        *deadline = instant_after(evm->now, wait);
        return false;
    }
    return instant_is_past(*deadline, evm->now);
}

void evm_deadline(const struct evm *evm, struct instant at, struct instant *next)
{
    const struct instant when = at.ns == 0 ? evm->now : at;

    if (when.ns < next->ns) {
        *next = when;
    }
}

static enum status perform(struct evm *evm, const struct command *command)
{
    switch (command->kind) {
    case COMMAND_WATCH:
        evm_endpoints_recall(evm, &command->watch);
        evm_watch_start(evm, &command->watch);
        return STATUS_OK;
    case COMMAND_READ_SECURITY:
    case COMMAND_READ_STORAGE:
    case COMMAND_READ_LOOKUP:
    case COMMAND_READ_TREE:
    case COMMAND_READ_LANE:
    case COMMAND_READ_POSITIONS:
    case COMMAND_PREPARE:
    case COMMAND_BROADCAST:
        return evm_job_perform(evm, command);
    case COMMAND_SEND:
        return evm_leg_send(evm, &command->send.leg, &command->send.intent);
    case COMMAND_FOLLOW:
        return evm_follow_start(evm, command);
    case COMMAND_FETCH_CHECKPOINT:
    case COMMAND_FETCH_LOOKUP:
    case COMMAND_PUBLISH_REORG:
    case COMMAND_SIGN_CHECKPOINT:
    case COMMAND_SIGN_ANNOUNCEMENT:
    case COMMAND_SIGN_LOOKUP:
    case COMMAND_PUBLISH_CHECKPOINT:
    case COMMAND_PUBLISH_ANNOUNCEMENT:
    case COMMAND_PLAN:
    case COMMAND_WAKE:
    case COMMAND_NOTE:
        return STATUS_UNSUPPORTED;
    }
    check_failed(__FILE__, __LINE__, "a command of no known kind");
}

static enum status evm_perform(struct chain *chain, const struct command *command)
{
    struct evm *const evm = evm_of(chain);

    evm_job_release_given(evm);
    const enum status status = perform(evm, command);
    evm_pump(evm);
    return status;
}

/* Time never moves back, whatever the caller's clock does. */
static void set_now(struct evm *evm, struct instant now)
{
    evm->now = now.ns > evm->now.ns ? now : evm->now;
}

static void evm_tick(struct chain *chain, struct instant now)
{
    struct evm *const evm = evm_of(chain);

    evm_job_release_given(evm);
    set_now(evm, now);
    evm_endpoints_tick(evm);
    evm_calls_tick(evm);
    evm_quorum_tick(evm);
    evm_legs_tick(evm);
    evm_jobs_tick(evm);
    evm_pump(evm);
}

static struct instant evm_next_tick(const struct chain *chain)
{
    const struct evm *const evm = evm_of_const(chain);
    struct instant next = {.ns = UINT64_MAX};

    evm_deadline(evm, evm_calls_next_tick(evm), &next);
    evm_sooner(evm, evm_endpoint_next_tick(evm), &next);
    evm_sooner(evm, evm_quorum_next_tick(evm), &next);
    evm_sooner(evm, evm_watch_next_tick(evm), &next);
    evm_deadline(evm, evm_jobs_next_tick(evm), &next);
    evm_deadline(evm, evm_legs_next_tick(evm), &next);
    return next;
}

static bool evm_next_request(struct chain *chain, struct chain_request *ret_request)
{
    struct evm *const evm = evm_of(chain);

    evm_job_release_given(evm);
    return evm_leg_request(evm, ret_request) || evm_calls_write(evm, ret_request);
}

static void evm_on_reply(struct chain *chain, const struct chain_reply *reply, struct instant now)
{
    struct evm *const evm = evm_of(chain);

    evm_job_release_given(evm);
    set_now(evm, now);
    switch (reply->kind) {
    case CHAIN_REPLY_CONNECTED:
        evm_endpoint_connected(evm, reply->endpoint_index);
        break;
    case CHAIN_REPLY_LOST:
        evm_endpoint_lost(evm, reply->endpoint_index);
        break;
    case CHAIN_REPLY_FRAME:
        if (evm->endpoints[reply->endpoint_index].phase != EVM_ENDPOINT_DOWN) {
            evm_calls_read(evm, reply->endpoint_index, reply->frame);
        }
        break;
    case CHAIN_REPLY_LIMITED:
        evm_endpoint_limited(evm, reply->endpoint_index, reply->limited.wait);
        evm_calls_lost(evm, reply->endpoint_index);
        break;
    case CHAIN_REPLY_SIGNED:
        evm_leg_signed(evm, reply);
        break;
    }
    evm_pump(evm);
}

static bool evm_next_event(struct chain *chain, struct event *ret_event)
{
    struct evm *const evm = evm_of(chain);

    evm_job_release_given(evm);
    if (evm_endpoint_event(evm, ret_event) || evm_votes_event(evm, ret_event) ||
        evm_leg_event(evm, ret_event)) {
        return true;
    }
    if (evm_watch_event(evm, ret_event)) {
        if (ret_event->kind != EVENT_FACT) {
            evm_pump(evm); /* room for more blocks, or a final one */
        }
        return true;
    }
    if (evm_follow_event(evm, ret_event) || evm_job_event(evm, ret_event)) {
        return true;
    }
    if (evm_past_event(evm, ret_event)) {
        if (ret_event->kind != EVENT_PAST_FACT) {
            evm_pump(evm); /* room for more ranges */
        }
        return true;
    }
    return false;
}

const struct chain_ops evm_chain_ops = {
    .name = "evm",
    .footprint = evm_footprint,
    .init = evm_init,
    .deinit = evm_deinit,
    .perform = evm_perform,
    .tick = evm_tick,
    .next_tick = evm_next_tick,
    .next_request = evm_next_request,
    .on_reply = evm_on_reply,
    .next_event = evm_next_event,
};
