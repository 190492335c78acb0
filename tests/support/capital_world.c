/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/capital_world.h"

#include <stdlib.h>

#include "relay/base/check.h"
#include "relay/core/capital/capital_internal.h"
#include "relay/core/tables.h"
#include "relay/hyperlane/message.h"
#include "relay/hyperlane/token.h"
#include "relay/node/driver/planning.h"
#include "tests/support/row_table.h"

#define ROWS_CHANGES_MAX 16384u
#define ROWS_BYTES_MAX   (8u << 20)

static struct row_table *store; /* the durable rows */
static void *rows_memory;
static uint8_t step_memory[COMMAND_BYTES_PER_STEP_MAX];
static struct world *the_world;

/* ---- the imaginary neighbours ---- */

enum reason blocks_halted(struct step *step, uint32_t domain)
{
    (void)step;
    return domain <= WORLD_CHAINS && the_world->chains[domain].running ? REASON_NONE
                                                                       : REASON_CHAIN_STOPPED;
}

bool blocks_chain(struct step *step, uint32_t domain, struct chain_row *ret_chain)
{
    (void)step;
    assert_true(domain <= WORLD_CHAINS);
    *ret_chain = (struct chain_row){.base_fee = amount_from_u64(the_world->base_fee),
                                    .final_number = the_world->final_number};
    return true;
}

enum reason lane_offer(struct step *step, const struct leg *leg, const struct event *prepared)
{
    (void)step;
    assert_int_equal(prepared->kind, EVENT_PREPARED);
    if (the_world->lane_answer == REASON_NONE) {
        the_world->offered = *leg;
        the_world->offers_taken++;
    }
    return the_world->lane_answer;
}

struct row_source world_source(struct world *world)
{
    (void)world;
    return row_table_source(store);
}

/* ---- life ---- */

struct address world_router(uint32_t domain)
{
    return evm_filled((uint8_t)(0x10 + domain));
}

struct address world_synthetic(uint32_t domain)
{
    return evm_filled((uint8_t)(0x70 + domain));
}

struct address world_bridge(uint32_t domain)
{
    return evm_filled((uint8_t)(0x20 + domain));
}

struct address world_key(void)
{
    return evm_filled(0x33);
}

struct address world_user(void)
{
    return evm_filled(0x44);
}

/* One token for all routers of a chain; tests name it too. */
static struct address world_token(uint32_t domain)
{
    return evm_filled((uint8_t)(0x50 + domain));
}

static struct address world_mailbox(uint32_t domain)
{
    return evm_filled((uint8_t)(0x60 + domain));
}

static void config_make(struct core_config *config, enum route_mode mode)
{
    config->assets_count = 1;
    capital_symbol(config->assets[0].symbol, WORLD_SYMBOL);
    config->assets[0].decimals = 6;
    for (uint32_t i = 0; i < WORLD_CHAINS; i++) {
        struct core_chain *chain = &config->chains[config->chains_count++];
        struct core_router *router = &config->routers[config->routers_count++];
        chain->domain = i + 1;
        chain->mailbox = world_mailbox(i + 1);
        chain->key = world_key();
        router->domain = i + 1;
        router->router = world_router(i + 1);
        router->token = world_token(i + 1);
        router->bridge = world_bridge(i + 1);
        router->weight.value = i == 0 ? 3334 : 3333;
    }
    config->route.mode = mode;
    config->route.tolerance.value = 500;
    config->route.move_min = amount_from_u64(1000);
    config->route.move_max = amount_from_u64(1000000000);
    config->route.fee_max.value = 100;
    config->route.fee_native_max = amount_from_u64(1000000);
    config->route.cooldown = DURATION_MS(5000);
    config->route.plan_interval = DURATION_MS(2000);
}

static void rows_open(struct world *world)
{
    free(rows_memory);
    rows_memory = malloc(rows_footprint(ROWS_CHANGES_MAX, ROWS_BYTES_MAX));
    assert_non_null(rows_memory);
    world->step.rows =
        rows_init(rows_memory, ROWS_CHANGES_MAX, ROWS_BYTES_MAX, world_source(world));
}

struct world *world_new(enum route_mode mode)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_non_null(world);
    store = row_table_free(store); /* a test that failed leaves its rows */
    store = row_table_new();
    the_world = world;
    config_make(&world->config, mode);
    world->step.config = &world->config;
    world->step.now.ns = 1000000000;
    world->lane_answer = REASON_NONE;
    for (uint32_t i = 1; i <= WORLD_CHAINS; i++) {
        world->chains[i].truth = (struct world_truth){.router = 1000000, .bridge = 5000000};
        world->chains[i].block = 100;
        world->chains[i].running = true;
    }
    rows_open(world);
    world_begin(world);
    capital_on_start(&world->step);
    world_end(world);
    return world;
}

void world_free(struct world *world)
{
    store = row_table_free(store);
    free(rows_memory);
    rows_memory = NULL;
    free(world);
    the_world = NULL;
}

void world_begin(struct world *world)
{
    world->step.status = STATUS_OK;
    world->step.commands_count = 0;
    world->step.bytes = buffer_from(step_memory, sizeof(step_memory));
    world->step.wake.ns = UINT64_MAX;
    world->step.rows_changed = 0;
    world->step.rows_bytes = 0;
}

static void command_take(struct world *world, const struct command *command)
{
    struct world_chain *chain = &world->chains[command->domain];

    if (command->kind == COMMAND_READ_POSITIONS) {
        if (!chain->asked || chain->asked_block != command->read_positions.block_number) {
            chain->asked_truth = chain->truth;
        }
        chain->asked = true;
        chain->asked_block = command->read_positions.block_number;
        chain->asked_hash = command->read_positions.block_hash;
        world->read_positions++;
    } else if (command->kind == COMMAND_PLAN) {
        world->plan_asked = true;
        world->plan_id = command->plan.plan_id;
        world->network_count = command->plan.network.count;
        memcpy(world->network, command->plan.network.data, world->network_count);
        world->plans_asked++;
    } else if (command->kind == COMMAND_PREPARE) {
        world->prepare = command->prepare;
        world->prepares++;
    } else if (command->kind == COMMAND_NOTE) {
        assert_true(world->notes_count < WORLD_NOTES_MAX);
        world->notes[world->notes_count++] =
            (struct world_note){.level = command->note.level,
                                .reason = (enum reason)command->note.reason,
                                .domain = command->domain};
    } else {
        fail_msg("a command that capital never gives: %d", (int)command->kind);
    }
}

/* Makes the step's rows durable, takes its commands, checks the books. */
static void step_close(struct world *world)
{
    struct capital_ledger ledger;
    struct hash digest = {{0}};

    rows_fold_changes(world->step.rows, &digest);
    const uint64_t generation = rows_seal(world->step.rows);

    assert_status(STATUS_OK, world->step.status);
    row_table_commit(store, world->step.rows, generation);
    rows_durable(world->step.rows, generation);
    for (uint32_t i = 0; i < world->step.commands_count; i++) {
        command_take(world, &world->step.commands[i]);
    }
    const struct row_source source = world_source(world);
    assert_status(STATUS_OK, capital_view_ledger(&source, WORLD_SYMBOL, &ledger));
    assert_true(ledger.balanced);
}

static void node_restart(struct world *world)
{
    rows_open(world);
    world_begin(world);
    capital_on_start(&world->step);
    step_close(world);
}

void world_end(struct world *world)
{
    step_close(world);
    if (world->restarts) {
        node_restart(world);
    }
}

void world_restart(struct world *world)
{
    node_restart(world);
}

/* Works off one due row; false: none is due. */
static bool due_run(struct world *world)
{
    const uint8_t prefix[1] = {TABLE_DUE};
    struct bytes key;
    struct bytes value;

    world_begin(world);
    if (!step_seek(&world->step, bytes_from(prefix, 1), bytes_from(prefix, 1), &key, &value)) {
        world_end(world);
        return false;
    }
    struct unpacker unpacker = unpacker_from(bytes_from(key.data + 1, key.count - 1));
    const struct instant at = unpack_instant(&unpacker);
    const enum due_kind kind = (enum due_kind)unpack_u8(&unpacker);
    const struct hash id = unpack_hash(&unpacker);
    assert_true(unpacker_is_done(&unpacker));
    const bool due = instant_is_past(at, world->step.now);
    if (due) {
        step_due_remove(&world->step, at, kind, &id);
        capital_on_due(&world->step, kind, &id);
    }
    world_end(world);
    return due;
}

void world_wait(struct world *world, uint64_t ms)
{
    for (uint64_t passed = 0; passed < ms; passed += 100) {
        world->step.now = instant_after(world->step.now, DURATION_MS(100));
        for (uint32_t i = 0; due_run(world); i++) {
            assert_true(i < 1000); /* a due row that makes itself due again */
        }
    }
}

/* ---- chains ---- */

static struct hash transaction_hash(const struct world *world, uint32_t domain)
{
    struct hash hash = hash_filled((uint8_t)domain);

    memcpy(hash.bytes, &world->chains[domain].transactions, sizeof(uint64_t));
    return hash;
}

static struct hash block_hash(uint32_t domain, uint64_t block)
{
    struct hash hash = hash_filled((uint8_t)(0x80 + domain));

    memcpy(hash.bytes, &block, sizeof(block));
    return hash;
}

void world_transaction_begin(struct world *world, uint32_t domain)
{
    world->chains[domain].transactions++;
}

void world_fact(struct world *world, uint32_t domain, struct fact fact)
{
    struct world_chain *chain = &world->chains[domain];

    fact.block_number = chain->block;
    fact.block_hash = block_hash(domain, chain->block);
    fact.transaction = transaction_hash(world, domain);
    fact.log_index = chain->log_index++;
    world_begin(world);
    ledger_on_final_fact(&world->step, domain, &fact);
    world_end(world);
}

static uint64_t *truth_of(struct world *world, uint32_t domain, struct address address)
{
    const struct address router = world_router(domain);
    const struct address bridge = world_bridge(domain);
    const struct address key = world_key();
    struct world_truth *truth = &world->chains[domain].truth;

    return address_equal(&address, &router)   ? &truth->router
           : address_equal(&address, &bridge) ? &truth->bridge
           : address_equal(&address, &key)    ? &truth->key
                                              : NULL;
}

void world_transfer(struct world *world, uint32_t domain, struct address from, struct address to,
                    uint64_t amount)
{
    uint64_t *source = truth_of(world, domain, from);
    uint64_t *target = truth_of(world, domain, to);
    const struct fact fact = {
        .kind = FACT_TRANSFER,
        .contract = world_token(domain),
        .transfer = {.from = from, .to = to, .amount = amount_from_u64(amount)},
    };

    if (source != NULL) {
        assert_true(*source >= amount);
        *source -= amount;
    }
    if (target != NULL) {
        *target += amount;
    }
    world_fact(world, domain, fact);
}

/* A token message with the next nonce, written into `buffer`. */
static void message_make(const struct world *world, const struct message_view *ends,
                         struct address receiver, uint64_t amount, struct buffer *buffer)
{
    uint8_t memory[64];
    struct buffer body = buffer_from(memory, sizeof(memory));
    const struct token_message token = {.recipient = receiver, .amount = amount_from_u64(amount)};
    struct message_view view = *ends;

    assert_status(STATUS_OK, token_message_write(&token, &body));
    view.version = MESSAGE_VERSION;
    view.nonce = world->nonce;
    view.body = buffer_bytes(&body);
    assert_status(STATUS_OK, message_write(&view, buffer));
}

static struct message_view user_ends(uint32_t from, uint32_t to)
{
    return (struct message_view){.origin = from,
                                 .destination = to,
                                 .sender = world_router(from),
                                 .recipient = world_router(to)};
}

static struct message_view bridge_ends(uint32_t from, uint32_t to)
{
    return (struct message_view){.origin = from,
                                 .destination = to,
                                 .sender = world_bridge(from),
                                 .recipient = world_bridge(to)};
}

struct hash world_next_user_id(const struct world *world, uint32_t from, uint32_t to,
                               uint64_t amount)
{
    uint8_t memory[256];
    struct buffer message = buffer_from(memory, sizeof(memory));
    const struct message_view ends = user_ends(from, to);

    message_make(world, &ends, world_user(), amount, &message);
    return message_id(buffer_bytes(&message));
}

struct hash world_next_move_id(const struct world *world, uint32_t from, uint32_t to,
                               uint64_t amount)
{
    uint8_t memory[256];
    struct buffer message = buffer_from(memory, sizeof(memory));
    const struct message_view ends = bridge_ends(from, to);

    message_make(world, &ends, world_router(to), amount, &message);
    return message_id(buffer_bytes(&message));
}

struct hash world_dispatch(struct world *world, const struct message_view *ends,
                           struct address receiver, uint64_t amount)
{
    uint8_t memory[256];
    struct buffer message = buffer_from(memory, sizeof(memory));

    message_make(world, ends, receiver, amount, &message);
    world->nonce++;
    const struct fact fact = {.kind = FACT_DISPATCH,
                              .contract = world_mailbox(ends->origin),
                              .dispatch = {.message = buffer_bytes(&message)}};
    world_fact(world, ends->origin, fact);
    return message_id(buffer_bytes(&message));
}

void world_remote(struct world *world, enum fact_kind kind, uint32_t domain, struct address router,
                  uint32_t remote, uint64_t amount)
{
    const struct fact fact = {
        .kind = kind,
        .contract = router,
        .remote = {.remote = remote, .recipient = world_user(), .amount = amount_from_u64(amount)},
    };

    world_fact(world, domain, fact);
}

struct hash world_user_sends(struct world *world, uint32_t from, uint32_t to, uint64_t amount)
{
    const struct message_view ends = user_ends(from, to);

    world_transaction_begin(world, from);
    world_transfer(world, from, world_user(), world_router(from), amount);
    world_remote(world, FACT_REMOTE_SENT, from, world_router(from), to, amount);
    return world_dispatch(world, &ends, world_user(), amount);
}

void world_process(struct world *world, uint32_t domain, struct hash id)
{
    const struct fact fact = {
        .kind = FACT_PROCESS, .contract = world_mailbox(domain), .process = {.message_id = id}};

    if (!world->one_transaction) {
        world_transaction_begin(world, domain);
    }
    world_fact(world, domain, fact);
}

void world_dispatches(struct world *world, uint32_t from, uint32_t to, uint64_t amount)
{
    const struct message_view ends = user_ends(from, to);

    (void)world_dispatch(world, &ends, world_user(), amount);
}

void world_user_is_paid(struct world *world, uint32_t from, uint32_t to, struct hash id,
                        uint64_t amount)
{
    world_process(world, to, id);
    world_remote(world, FACT_REMOTE_RECEIVED, to, world_router(to), from, amount);
    world_transfer(world, to, world_router(to), world_user(), amount);
}

void world_add_synthetic(struct world *world, uint32_t domain, uint64_t supply)
{
    world->config.synthetics[world->config.synthetics_count++] =
        (struct core_synthetic){.domain = domain, .router = world_synthetic(domain)};
    world->chains[domain].truth.supply = supply;
}

struct hash world_rebalances(struct world *world, uint32_t from, uint32_t to, uint64_t amount,
                             uint64_t fee, struct address rebalancer)
{
    const struct message_view ends = bridge_ends(from, to);

    world_transaction_begin(world, from);
    if (fee > 0) {
        world_transfer(world, from, world_key(), world_router(from), fee);
    }
    world_transfer(world, from, world_router(from), world_bridge(from), amount + fee);
    const struct hash id = world_dispatch(world, &ends, world_router(to), amount);
    const struct fact fact = {
        .kind = FACT_COLLATERAL_MOVED,
        .contract = world_router(from),
        .collateral_moved = {.destination = to,
                             .recipient = world_router(to),
                             .amount = amount_from_u64(amount),
                             .rebalancer = rebalancer},
    };
    world_fact(world, from, fact);
    return id;
}

void world_rebalance_arrives(struct world *world, uint32_t to, struct hash id, uint64_t amount)
{
    world_process(world, to, id);
    world_transfer(world, to, world_bridge(to), world_router(to), amount);
}

void world_final(struct world *world, uint32_t domain)
{
    struct world_chain *chain = &world->chains[domain];
    const struct hash hash = block_hash(domain, chain->block);

    world_begin(world);
    ledger_on_final(&world->step, domain, chain->block, &hash);
    world_end(world);
    chain->block++;
    chain->log_index = 0;
}

static uint32_t quotes_tell(const struct world *world, uint32_t domain, struct bridge_quote *quotes)
{
    uint32_t quotes_count = 0;

    for (uint32_t to = 1; to <= WORLD_CHAINS; to++) {
        if (to != domain) {
            quotes[quotes_count++] = (struct bridge_quote){
                .router = world_router(domain),
                .destination = to,
                .amount = amount_from_u64(1000000),
                .fee_native = amount_from_u64(world->fee_native),
                .fee_token = amount_from_u64(world->fee_token_ppm),
            };
            quotes[quotes_count] = quotes[quotes_count - 1];
            quotes[quotes_count++].router = world_bridge(domain); /* of what spokes send */
        }
    }
    return quotes_count;
}

void world_answer_positions(struct world *world, uint32_t domain)
{
    struct world_chain *chain = &world->chains[domain];
    struct bridge_quote quotes[2 * WORLD_CHAINS];
    const struct world_spoke *own = &world->spokes[domain];
    const struct spoke_state *spoke = domain == 1 && world->spoke != NULL   ? world->spoke
                                      : !address_is_zero(&own->state.spoke) ? &own->state
                                                                            : NULL;
    const bool has_spoke = spoke != NULL;
    struct amount held = amount_zero();
    if (has_spoke) {
        assert_status(STATUS_OK, amount_add(&spoke->idle, &own->unbooked, &held));
    }
    const uint32_t spokes_count = has_spoke ? 1 + (domain == 1 ? world->spokes_more : 0) : 0;
    const struct spoke_state *last = spokes_count > 1 ? &spoke[1] : &own->state;
    const struct balance balances[6] = {
        {world_router(domain), world_token(domain), amount_from_u64(chain->asked_truth.router)},
        {world_bridge(domain), world_token(domain), amount_from_u64(chain->asked_truth.bridge)},
        {world_key(), world_token(domain), amount_from_u64(chain->asked_truth.key)},
        {{{0}}, world_synthetic(domain), amount_from_u64(chain->asked_truth.supply)},
        {has_spoke ? spoke->spoke : world_key(), has_spoke ? spoke->token : world_token(domain),
         has_spoke ? held : amount_from_u64(chain->asked_truth.key)},
        {last->spoke, last->token, last->idle},
    };
    if (!chain->asked) {
        return;
    }
    const uint32_t quotes_count = quotes_tell(world, domain, quotes);
    const struct event event = {
        .kind = EVENT_POSITIONS,
        .at = world->step.now,
        .domain = domain,
        .positions = {.outcome = OUTCOME_OK,
                      .block_number = chain->asked_block,
                      .block_hash = chain->asked_hash,
                      .balances = balances,
                      .balances_count = 4 + spokes_count,
                      .vaults = world->vault,
                      .vaults_count = domain == 1 && world->vault != NULL ? 1 : 0,
                      .quotes = quotes,
                      .quotes_count = quotes_count,
                      .spokes = spoke,
                      .spokes_count = spokes_count,
                      .flows = &own->flow,
                      .flows_count = own->flow.sibling != 0 ? 1 : 0,
                      .venues = world->venues,
                      .venues_count = has_spoke ? world->venues_count : 0,
                      .time_s = world->time_s,
                      .feeds = world->feeds,
                      .feeds_count = domain == 1 ? world->feeds_count : 0},
    };
    chain->asked = false;
    world_begin(world);
    capital_on_positions(&world->step, &event);
    world_end(world);
}

void world_reconcile(struct world *world)
{
    world_wait(world, 1100);
    for (uint32_t domain = 1; domain <= WORLD_CHAINS; domain++) {
        world_answer_positions(world, domain); /* an older question, if one is open */
    }
    world_wait(world, 1100);
    for (uint32_t domain = 1; domain <= WORLD_CHAINS; domain++) {
        world_final(world, domain);
        assert_true(world->chains[domain].asked);
        world_answer_positions(world, domain);
    }
}

/* ---- plans and moves ---- */

void world_answer_plan(struct world *world)
{
    const struct bytes packed = bytes_from(world->network, world->network_count);
    static struct planning planning;
    struct event event;

    assert_true(world->plan_asked);
    world->plan_asked = false;
    planning_answer(&world->plan_id, packed, &planning, &event);
    event.at = world->step.now;
    assert_int_equal(event.planned.outcome, OUTCOME_OK);
    world_begin(world);
    capital_on_planned(&world->step, &event);
    world_end(world);
}

bool world_plans(struct world *world, uint64_t ms)
{
    const struct hash before = world_asset(world).plan_id;

    for (uint64_t passed = 0; passed < ms; passed += 100) {
        world_wait(world, 100);
        if (world->plan_asked) {
            world_answer_plan(world);
        }
        const struct hash now = world_asset(world).plan_id;
        if (!hash_equal(&now, &before)) {
            return true;
        }
    }
    return false;
}

void world_prepared(struct world *world, enum outcome outcome)
{
    const struct leg leg = world->prepare;
    uint64_t amount = 0;

    if (leg.kind == LEG_REBALANCE) {
        assert_status(STATUS_OK, amount_to_u64(&leg.rebalance.amount, &amount));
    }
    const struct event event = {
        .kind = EVENT_PREPARED,
        .at = world->step.now,
        .domain = leg.domain,
        .prepared = {.leg_id = leg.id,
                     .outcome = outcome,
                     .gas = 243000,
                     .fee_native =
                         amount_from_u64(leg.kind == LEG_REBALANCE ? world->fee_native : 0),
                     .fee_token = amount_from_u64(amount * world->fee_token_ppm / 1000000),
                     .reason = bytes_from_string("reverted: \x01 no")},
    };

    world_begin(world);
    capital_on_prepared(&world->step, &event);
    world_end(world);
}

void world_leg_end(struct world *world, struct hash id, enum leg_end end)
{
    const struct event receipt = {
        .kind = EVENT_RECEIPT,
        .at = world->step.now,
        .receipt = {.leg_id = id,
                    .outcome = OUTCOME_OK,
                    .succeeded = end == LEG_SUCCEEDED,
                    .block_number =
                        world->chains[world->receipt_domain != 0 ? world->receipt_domain : 1].block,
                    .gas_used = 200000,
                    .gas_price = amount_from_u64(1000000000)},
    };

    world_begin(world);
    move_on_leg_end(&world->step, &id, end, &receipt);
    world_end(world);
}

/* ---- what there is ---- */

int64_t world_signed(struct world *world, enum account_kind kind, uint32_t domain,
                     struct address address)
{
    const struct account account = capital_account(kind, WORLD_SYMBOL, domain, &address);
    uint64_t value;

    world_begin(world);
    const struct account_balance balance = ledger_balance(&world->step, &account);
    world_end(world);
    assert_status(STATUS_OK, amount_to_u64(&balance.amount, &value));
    return balance.negative ? -(int64_t)value : (int64_t)value;
}

uint64_t world_balance(struct world *world, enum account_kind kind, uint32_t domain,
                       struct address address)
{
    const int64_t value = world_signed(world, kind, domain, address);

    return (uint64_t)(value < 0 ? -value : value);
}

static uint32_t positions(struct world *world, struct capital_position *ret_positions,
                          struct amount *ret_total)
{
    const struct row_source source = world_source(world);
    uint32_t count;

    assert_status(STATUS_OK, capital_view_positions(&source, &world->config, 0, ret_positions,
                                                    WORLD_CHAINS, &count, ret_total));
    assert_int_equal(count, WORLD_CHAINS);
    return count;
}

uint64_t world_total(struct world *world)
{
    struct capital_position all[WORLD_CHAINS];
    struct amount total;
    uint64_t value;

    (void)positions(world, all, &total);
    assert_status(STATUS_OK, amount_to_u64(&total, &value));
    return value;
}

struct capital_position world_position(struct world *world, uint32_t domain)
{
    struct capital_position all[WORLD_CHAINS];
    struct amount total;

    (void)positions(world, all, &total);
    assert_int_equal(all[domain - 1].domain, domain);
    return all[domain - 1];
}

enum ledger_state world_ledger_state(struct world *world, uint32_t domain)
{
    const struct row_source source = world_source(world);
    struct ledger_chain chain;

    assert_status(STATUS_OK, capital_view_chain(&source, domain, &chain));
    return chain.state;
}

struct plan_asset world_asset(struct world *world)
{
    const struct row_source source = world_source(world);
    struct plan_asset asset;

    memset(&asset, 0, sizeof(asset));
    const enum status status =
        capital_view_asset(&source, MOVE_BETWEEN_ROUTERS, WORLD_SYMBOL, &asset);
    assert_true(status == STATUS_OK || status == STATUS_NOT_FOUND);
    return asset;
}

struct plan_row world_plan(struct world *world, struct hash id)
{
    const struct row_source source = world_source(world);
    struct plan_row plan;

    assert_status(STATUS_OK, capital_view_plan(&source, &id, &plan));
    return plan;
}

struct move_row world_move(struct world *world, struct hash id)
{
    const struct row_source source = world_source(world);
    struct move_row move;

    assert_status(STATUS_OK, capital_view_move(&source, &id, &move));
    return move;
}

uint32_t world_notes(const struct world *world, enum reason reason)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < world->notes_count; i++) {
        count += world->notes[i].reason == reason ? 1u : 0u;
    }
    return count;
}

void world_unbalance(struct world *world, uint32_t from, uint32_t to, uint64_t amount)
{
    const struct hash id = world_user_sends(world, to, from, amount);

    world_user_is_paid(world, to, from, id, amount);
    world_reconcile(world);
}
