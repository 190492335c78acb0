/* SPDX-License-Identifier: Apache-2.0 */
/* Balances, vault states and bridge quotes, all at one block hash (EIP-1898), so that they belong
 * to one state of the chain. Anything that cannot be read makes the whole answer unknown; only a
 * quote that reverts is left out, because a bridge may refuse a destination. */
#include <string.h>

#include "chains/evm/abi.h"
#include "chains/evm/evm_internal.h"

#define SELECTOR_BALANCE_OF        0x70a08231u
#define SELECTOR_TOTAL_ASSETS      0x01e1d114u
#define SELECTOR_TOTAL_SUPPLY      0x18160dddu
#define SELECTOR_CONVERT_TO_ASSETS 0x07a2d13au
#define SELECTOR_QUOTE_TRANSFER    0x8bd90b82u

enum { QUOTE_ENTRIES_MAX = 16 };

/* Steps of a vault. */
enum { VAULT_ASSETS = 0, VAULT_SHARES = 1, VAULT_PRICE = 2, VAULT_OWN = 3, VAULT_STEPS = 4 };

/* `account` zero: the supply of `token`. */
static void add_answer(struct evm *evm, const struct address *account, const struct address *token)
{
    for (uint32_t i = 0; i < evm->balances_count; i++) {
        if (address_equal(&evm->balances[i].account, account) &&
            address_equal(&evm->balances[i].token, token)) {
            return;
        }
    }
    CHECK(evm->balances_count < BALANCES_PER_EVENT_MAX);
    struct balance *const balance = &evm->balances[evm->balances_count++];
    memset(balance, 0, sizeof(*balance));
    balance->account = *account;
    balance->token = *token;
}

static void add_balance(struct evm *evm, const struct address *account, const struct address *token)
{
    if (!address_is_zero(account)) {
        add_answer(evm, account, token);
    }
}

/* How much to ask a quote for: the largest move there can be, so that rounding weighs least. */
static struct amount quote_amount(const struct core_config *core, uint32_t asset)
{
    if (!amount_is_zero(&core->route.move_max)) {
        return core->route.move_max;
    }
    if (!amount_is_zero(&core->route.move_min)) {
        return core->route.move_min;
    }
    struct amount unit = amount_from_u64(1);
    const struct amount ten = amount_from_u64(10);
    for (uint32_t i = 0; i < core->assets[asset].decimals; i++) {
        if (amount_multiply(&unit, &ten, &unit) != STATUS_OK) {
            break;
        }
    }
    return unit;
}

/* Of a spoke: the ways to its siblings that the mandate has. */
static bool is_spokes_way(const struct core_config *core, uint32_t from, uint32_t to)
{
    return evm_spokes_are_siblings(&core->spokes[from], &core->spokes[to]) &&
           evm_spoke_sends_to(core, &core->spokes[from], core->spokes[to].domain);
}

uint32_t evm_quotes_bound(const struct core_config *core, uint32_t domain)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < core->routers_count; i++) {
        const struct core_router *const from = &core->routers[i];
        for (uint32_t j = 0; j < core->routers_count; j++) {
            count += from->domain == domain && !address_is_zero(&from->bridge) &&
                             core->routers[j].asset == from->asset &&
                             core->routers[j].domain != domain
                         ? 1
                         : 0;
        }
    }
    for (uint32_t i = 0; i < core->spokes_count; i++) {
        for (uint32_t j = 0; j < core->spokes_count && core->spokes[i].domain == domain; j++) {
            count += is_spokes_way(core, i, j) ? 1 : 0;
        }
    }
    return count < EVM_QUOTES_MAX ? count : EVM_QUOTES_MAX;
}

static void plan_quote(struct evm *evm, struct evm_quote_ask ask)
{
    if (evm->quotes_asked_count < evm_quotes_bound(&evm->core, evm->chain.domain)) {
        evm->quotes_asked[evm->quotes_asked_count++] = ask;
    }
}

static void plan_quotes(struct evm *evm)
{
    const struct core_config *const core = &evm->core;

    for (uint32_t i = 0; i < evm->routers_count; i++) {
        const struct core_router *const from = evm->routers[i];
        for (uint32_t j = 0; j < core->routers_count; j++) {
            const struct core_router *const to = &core->routers[j];
            if (address_is_zero(&from->bridge) || to->asset != from->asset ||
                to->domain == from->domain) {
                continue;
            }
            plan_quote(evm, (struct evm_quote_ask){.named = from->router,
                                                   .asker = from->router,
                                                   .bridge = from->bridge,
                                                   .token = from->token,
                                                   .destination = to->domain,
                                                   .recipient = to->router,
                                                   .amount = quote_amount(core, from->asset)});
        }
    }
    for (uint32_t i = 0; i < core->spokes_count; i++) {
        const struct core_spoke *const from = &core->spokes[i];
        for (uint32_t j = 0; j < core->spokes_count && from->domain == evm->chain.domain; j++) {
            if (is_spokes_way(core, i, j)) {
                plan_quote(evm, (struct evm_quote_ask){.named = from->bridge,
                                                       .asker = from->spoke,
                                                       .bridge = from->bridge,
                                                       .token = from->token,
                                                       .destination = core->spokes[j].domain,
                                                       .recipient = core->spokes[j].spoke,
                                                       .amount = quote_amount(core, from->asset)});
            }
        }
    }
}

void evm_positions_init(struct evm *evm)
{
    const struct address native = {{0}};
    const struct address nobody = {{0}};

    for (uint32_t i = 0; i < evm->routers_count; i++) {
        const struct core_router *const router = evm->routers[i];
        add_balance(evm, &router->router, &router->token);
        add_balance(evm, &router->bridge, &router->token);
        add_balance(evm, &evm->self->key, &router->token);
    }
    for (uint32_t i = 0; i < evm->core.spokes_count; i++) {
        const struct core_spoke *const spoke = &evm->core.spokes[i];
        if (spoke->domain == evm->chain.domain) {
            add_balance(evm, &spoke->spoke, &spoke->token);
        }
    }
    for (uint32_t i = 0; i < evm->core.hubs_count; i++) {
        const struct core_hub *const hub = &evm->core.hubs[i];
        if (hub->domain == evm->chain.domain) {
            add_balance(evm, &hub->hub, &hub->token);
        }
    }
    add_balance(evm, &evm->self->key, &native);
    for (uint32_t i = 0; i < evm->core.synthetics_count; i++) {
        if (evm->core.synthetics[i].domain == evm->chain.domain) {
            add_answer(evm, &nobody, &evm->core.synthetics[i].router);
        }
    }
    for (uint32_t i = 0; i < evm->vaults_count; i++) {
        memset(&evm->vault_states[i], 0, sizeof(evm->vault_states[i]));
        evm->vault_states[i].vault = evm->vaults[i].config->vault;
    }
    plan_quotes(evm);
}

void evm_positions_start(struct evm *evm)
{
    CHECK(!evm->positions_are_busy);
    evm->positions_are_busy = true;
    for (uint32_t i = 0; i < evm->quotes_asked_count; i++) {
        evm->quotes_asked[i].is_answered = false;
    }
    evm_spokes_start(evm);
    evm_feeds_start(evm);
}

/* What a step asks about. */
enum part { PART_BALANCE, PART_VAULT, PART_QUOTE, PART_FEED, PART_SPOKES, PART_HUBS };

/* The first round asks for everything; the others are the hubs' and spokes' alone. */
static enum part part_of(const struct evm *evm, uint32_t round, uint32_t step, uint32_t *ret_index,
                         uint32_t *ret_question)
{
    const uint32_t of_hubs = evm_hubs_steps(evm, round);

    if (step < of_hubs) {
        *ret_index = step;
        return PART_HUBS;
    }
    step -= of_hubs;
    if (round > 0) {
        *ret_index = step;
        return PART_SPOKES;
    }
    if (step < evm->balances_count) {
        *ret_index = step;
        return PART_BALANCE;
    }
    step -= evm->balances_count;
    if (step < VAULT_STEPS * evm->vaults_count) {
        *ret_index = step / VAULT_STEPS;
        *ret_question = step % VAULT_STEPS;
        return PART_VAULT;
    }
    *ret_index = step - VAULT_STEPS * evm->vaults_count;
    if (*ret_index < evm->quotes_asked_count) {
        return PART_QUOTE;
    }
    *ret_index -= evm->quotes_asked_count;
    if (*ret_index < evm_feeds_steps(evm)) {
        return PART_FEED;
    }
    *ret_index -= evm_feeds_steps(evm);
    return PART_SPOKES;
}

static uint32_t positions_steps(struct evm *evm, struct evm_job *job)
{
    if (job->phase >= EVM_SPOKES_ROUNDS) {
        return 0;
    }
    const uint32_t others = evm->balances_count + VAULT_STEPS * evm->vaults_count +
                            evm->quotes_asked_count + evm_feeds_steps(evm);
    return evm_hubs_steps(evm, job->phase) + evm_spokes_steps(evm, job->phase) +
           (job->phase == 0 ? others : 0);
}

struct bytes evm_quote_calldata(uint8_t memory[EVM_QUOTE_CALLDATA_BYTES], uint32_t destination,
                                const struct address *recipient, const struct amount *amount)
{
    struct abi_writer data = abi_writer_from(memory, EVM_QUOTE_CALLDATA_BYTES);

    abi_write_selector(&data, SELECTOR_QUOTE_TRANSFER);
    abi_write_u64(&data, destination);
    abi_write_hash(&data, recipient->bytes);
    abi_write_amount(&data, amount);
    CHECK(!data.overrun);
    return buffer_bytes(&data.buffer);
}

static void write_balance(const struct balance *balance, uint64_t id, struct json_writer *writer)
{
    uint8_t memory[64];
    struct abi_writer data = abi_writer_from(memory, sizeof(memory));

    if (address_is_zero(&balance->token)) {
        rpc_write_begin(writer, id, "eth_getBalance");
        json_write_evm_address(writer, &balance->account);
        return;
    }
    if (address_is_zero(&balance->account)) {
        abi_write_selector(&data, SELECTOR_TOTAL_SUPPLY);
    } else {
        abi_write_selector(&data, SELECTOR_BALANCE_OF);
        abi_write_address(&data, &balance->account);
    }
    rpc_write_begin(writer, id, "eth_call");
    evm_write_call(writer, NULL, &balance->token, buffer_bytes(&data.buffer));
}

static void write_vault(const struct evm_vault *vault, uint32_t question, uint64_t id,
                        struct json_writer *writer)
{
    static const uint32_t selectors[VAULT_STEPS] = {SELECTOR_TOTAL_ASSETS, SELECTOR_TOTAL_SUPPLY,
                                                    SELECTOR_CONVERT_TO_ASSETS,
                                                    SELECTOR_BALANCE_OF};
    uint8_t memory[64];
    struct abi_writer data = abi_writer_from(memory, sizeof(memory));

    abi_write_selector(&data, selectors[question]);
    if (question == VAULT_PRICE) {
        abi_write_amount(&data, &vault->share_unit);
    } else if (question == VAULT_OWN) {
        abi_write_address(&data, &vault->config->owner); /* nobody's shares when it is zero */
    }
    rpc_write_begin(writer, id, "eth_call");
    evm_write_call(writer, NULL, &vault->config->vault, buffer_bytes(&data.buffer));
}

static void write_quote(const struct evm_quote_ask *ask, uint64_t id, struct json_writer *writer)
{
    uint8_t memory[EVM_QUOTE_CALLDATA_BYTES];
    const struct bytes data =
        evm_quote_calldata(memory, ask->destination, &ask->recipient, &ask->amount);

    rpc_write_begin(writer, id, "eth_call");
    evm_write_call(writer, &ask->asker, &ask->bridge, data);
}

static void positions_write(struct evm *evm, const struct evm_job *job, uint32_t step, uint64_t id,
                            struct json_writer *writer)
{
    uint32_t index = 0;
    uint32_t question = 0;

    switch (part_of(evm, job->phase, step, &index, &question)) {
    case PART_BALANCE:
        write_balance(&evm->balances[index], id, writer);
        break;
    case PART_VAULT:
        write_vault(&evm->vaults[index], question, id, writer);
        break;
    case PART_QUOTE:
        write_quote(&evm->quotes_asked[index], id, writer);
        break;
    case PART_FEED:
        evm_feeds_write(evm, index, id, writer);
        break;
    case PART_SPOKES:
        evm_spokes_write(evm, job->phase, index, id, writer);
        break;
    case PART_HUBS:
        evm_hubs_write(evm, job->phase, index, id, writer);
        break;
    }
    evm_write_block_hash(writer, &job->positions.block_hash);
    rpc_write_end(writer);
}

/* One word; the native balance comes as a quantity. */
static enum status read_amount(struct evm *evm, const struct evm_answer *answer, bool is_quantity,
                               struct amount *ret_amount)
{
    struct bytes returned;

    if (answer->kind != EVM_ANSWER_RESULT) {
        return STATUS_MALFORMED;
    }
    if (is_quantity) {
        return json_amount(answer->result, ret_amount);
    }
    if (evm_return_bytes(evm, answer, &returned) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    struct abi_reader reader = abi_reader_from(returned);
    const struct amount amount = abi_read_amount(&reader);
    if (!abi_reader_is_done(&reader)) {
        return STATUS_MALFORMED;
    }
    *ret_amount = amount;
    return STATUS_OK;
}

enum status evm_quote_sum(struct bytes returned, const struct address *token,
                          const struct amount *amount, struct amount *ret_fee_native,
                          struct amount *ret_fee_token)
{
    struct abi_reader reader = abi_reader_from(returned);
    struct amount native = amount_zero();
    struct amount tokens = amount_zero();
    bool is_other = false;

    abi_expect_u64(&reader, 32);
    const uint64_t count = abi_read_u64(&reader);
    if (reader.malformed || count > QUOTE_ENTRIES_MAX) {
        return STATUS_MALFORMED;
    }
    for (uint64_t i = 0; i < count; i++) {
        const struct address quoted = abi_read_address(&reader);
        const struct amount part = abi_read_amount(&reader);
        const bool is_native = address_is_zero(&quoted);
        struct amount *const sum = is_native ? &native : &tokens;
        if (!is_native && !address_equal(&quoted, token)) {
            is_other = is_other || !amount_is_zero(&part); /* nothing of it is nothing */
        } else if (amount_add(sum, &part, sum) != STATUS_OK) {
            return STATUS_MALFORMED;
        }
    }
    if (!abi_reader_is_done(&reader) || amount_subtract(&tokens, amount, &tokens) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    if (is_other) {
        return STATUS_UNSUPPORTED;
    }
    *ret_fee_native = native;
    *ret_fee_token = tokens;
    return STATUS_OK;
}

static void quote_answer(struct evm *evm, struct evm_job *job, struct evm_quote_ask *ask,
                         const struct evm_answer *answer)
{
    struct bytes returned;

    if (answer->kind == EVM_ANSWER_ERROR && evm_error_is_revert(answer)) {
        return; /* the bridge does not go there */
    }
    if (evm_return_bytes(evm, answer, &returned) != STATUS_OK) {
        evm_job_fail_answer(evm, job, answer);
        return;
    }
    ask->is_answered = evm_quote_sum(returned, &ask->token, &ask->amount, &ask->fee_native,
                                     &ask->fee_token) == STATUS_OK;
}

static void positions_answer(struct evm *evm, struct evm_job *job, uint32_t step,
                             const struct evm_answer *answer)
{
    uint32_t index = 0;
    uint32_t question = 0;
    struct amount *into = NULL;
    bool is_quantity = false;

    switch (part_of(evm, job->phase, step, &index, &question)) {
    case PART_BALANCE:
        into = &evm->balances[index].amount;
        is_quantity = address_is_zero(&evm->balances[index].token);
        break;
    case PART_VAULT: {
        struct vault_state *const state = &evm->vault_states[index];
        struct amount *const fields[VAULT_STEPS] = {&state->total_assets, &state->total_shares,
                                                    &state->assets_per_share, &state->own_shares};
        into = fields[question];
        break;
    }
    case PART_QUOTE:
        quote_answer(evm, job, &evm->quotes_asked[index], answer);
        return;
    case PART_FEED:
        evm_feeds_answer(evm, job, index, answer);
        return;
    case PART_SPOKES:
        evm_spokes_answer(evm, job, job->phase, index, answer);
        return;
    case PART_HUBS:
        evm_hubs_answer(evm, job, job->phase, index, answer);
        return;
    }
    if (read_amount(evm, answer, is_quantity, into) != STATUS_OK) {
        evm_job_fail_text(job, OUTCOME_UNKNOWN, "a balance or vault state cannot be read");
    }
}

/* 0: it is not among the blocks that were given lately. */
static uint64_t time_of_block(const struct evm *evm, const struct evm_job *job)
{
    const struct evm_block *const block = evm_ring_find(evm, job->positions.block_number);

    return block != NULL && hash_equal(&block->hash, &job->positions.block_hash) ? block->time_s
                                                                                 : 0;
}

static void positions_event(struct evm *evm, const struct evm_job *job, struct event *ret_event)
{
    uint32_t quotes_count = 0;

    ret_event->kind = EVENT_POSITIONS;
    ret_event->positions.outcome = job->outcome;
    ret_event->positions.block_number = job->positions.block_number;
    ret_event->positions.block_hash = job->positions.block_hash;
    ret_event->positions.time_s = time_of_block(evm, job);
    if (job->outcome != OUTCOME_OK) {
        return;
    }
    for (uint32_t i = 0; i < evm->quotes_asked_count; i++) {
        const struct evm_quote_ask *const ask = &evm->quotes_asked[i];
        if (ask->is_answered) {
            struct bridge_quote *const quote = &evm->quotes[quotes_count++];
            memset(quote, 0, sizeof(*quote));
            quote->router = ask->named;
            quote->destination = ask->destination;
            quote->amount = ask->amount;
            quote->fee_native = ask->fee_native;
            quote->fee_token = ask->fee_token;
        }
    }
    for (uint32_t i = 0; i < evm->vaults_count; i++) {
        if (address_is_zero(&evm->vaults[i].config->owner)) {
            evm->vault_states[i].own_shares = amount_zero();
        }
    }
    ret_event->positions.balances = evm->balances;
    ret_event->positions.balances_count = evm->balances_count;
    ret_event->positions.vaults = evm->vault_states;
    ret_event->positions.vaults_count = evm->vaults_count;
    ret_event->positions.quotes = evm->quotes;
    ret_event->positions.quotes_count = quotes_count;
    evm_spokes_event(evm, ret_event);
    evm_feeds_event(evm, ret_event);
    evm_hubs_event(evm, ret_event);
}

const struct evm_job_ops evm_positions_ops = {positions_steps, positions_write, positions_answer,
                                              positions_event};
