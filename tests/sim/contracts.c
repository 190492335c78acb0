/* SPDX-License-Identifier: Apache-2.0 */
/* The contracts that matter, as their users see them: a mailbox with its tree and paymaster, a 2 of
 * 3 multisig ISM, a warp route that holds collateral, the bridge that rebalances it, a vault.
 *
 * Logs come in the order in which the real contracts emit them. */
#include <stdlib.h>
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/hyperlane/deliveries.h"
#include "relay/hyperlane/message.h"
#include "relay/hyperlane/metadata.h"
#include "relay/hyperlane/token.h"
#include "tests/sim/world.h"
#include "tests/support/literal.h"

enum { BODY_BYTES_MAX = 512 };

/* ---- messages ---- */

static uint32_t *slot_of(const struct world *world, const struct hash *id)
{
    const uint32_t mask = 2 * WORLD_MESSAGES_MAX - 1;
    uint32_t at = 0;

    memcpy(&at, id->bytes, sizeof(at));
    at &= mask;
    while (world->message_slots[at] != 0 &&
           !hash_equal(&world->messages[world->message_slots[at] - 1].id, id)) {
        at = (at + 1) & mask;
    }
    return &world->message_slots[at];
}

uint32_t world_message_find(const struct world *world, const struct hash *id)
{
    const uint32_t slot = *slot_of(world, id);

    return slot == 0 ? UINT32_MAX : slot - 1;
}

/* The entry of these bytes, made if they are new: a reorg can bring the same message twice. */
static uint32_t message_entry(struct world *world, struct bytes data)
{
    const struct hash id = message_id(data);
    uint32_t *const slot = slot_of(world, &id);

    if (*slot != 0) {
        return *slot - 1;
    }
    CHECK(world->messages_count < WORLD_MESSAGES_MAX);
    struct world_message *const message = &world->messages[world->messages_count++];
    *slot = world->messages_count;
    message->id = id;
    message->data = malloc(data.count);
    CHECK(message->data != NULL);
    memcpy(message->data, data.data, data.count);
    message->data_count = data.count;
    return world->messages_count - 1;
}

/* ---- logs and balances ---- */

static struct fact *add_log(struct world_chain *chain, enum fact_kind kind,
                            const struct address *contract)
{
    CHECK(chain->logs_count < WORLD_LOGS_MAX);
    struct fact *const log = &chain->logs[chain->logs_count++];
    memset(log, 0, sizeof(*log));
    log->kind = kind;
    log->contract = *contract;
    log->transaction = chain->transaction;
    return log;
}

bool contracts_move_tokens(struct world_chain *chain, enum world_account from,
                           enum world_account to, const struct amount *amount)
{
    struct amount left;
    struct amount got;

    if (amount_subtract(&chain->tokens[from], amount, &left) != STATUS_OK) {
        return false;
    }
    world_set(chain, &chain->tokens[from], &left, sizeof(left));
    const enum status status = amount_add(&chain->tokens[to], amount, &got);
    CHECK(status == STATUS_OK);
    world_set(chain, &chain->tokens[to], &got, sizeof(got));
    struct fact *const log = add_log(chain, FACT_TRANSFER, &chain->token);
    log->transfer.from = world_account_address(chain, from);
    log->transfer.to = world_account_address(chain, to);
    log->transfer.amount = *amount;
    return true;
}

static void count(struct world_chain *chain, struct amount *sum, const struct amount *amount)
{
    struct amount after;
    const enum status status = amount_add(sum, amount, &after);

    CHECK(status == STATUS_OK);
    world_set(chain, sum, &after, sizeof(after));
}

/* ---- dispatch ---- */

static void grow_leaves(struct world_chain *chain)
{
    const uint32_t count = chain->tree.count;

    if (count < chain->leaves_capacity) {
        return;
    }
    chain->leaves_capacity = count == 0 ? 256 : count * 2;
    chain->leaf_messages =
        realloc(chain->leaf_messages, chain->leaves_capacity * sizeof(chain->leaf_messages[0]));
    chain->leaf_roots =
        realloc(chain->leaf_roots, chain->leaves_capacity * sizeof(chain->leaf_roots[0]));
    CHECK(chain->leaf_messages != NULL);
    CHECK(chain->leaf_roots != NULL);
}

void contracts_add_history(struct world_chain *chain, uint32_t count)
{
    CHECK(chain->tree.count == 0);
    for (uint32_t index = 0; index < count; index++) {
        const uint32_t words[2] = {chain->domain, index};
        const struct hash leaf = keccak256(bytes_from(words, sizeof(words)));
        grow_leaves(chain);
        const enum status status = merkle_tree_insert(&chain->tree, &leaf);
        CHECK(status == STATUS_OK);
        chain->leaf_messages[index] = UINT32_MAX;
        chain->leaf_roots[index] = merkle_tree_root(&chain->tree);
    }
    chain->history_leaves = count;
}

static void insert_leaf(struct world_chain *chain, uint32_t entry)
{
    struct world_message *const message = &chain->world->messages[entry];
    const uint32_t index = chain->tree.count;
    struct merkle_tree tree = chain->tree;

    grow_leaves(chain);
    const enum status status = merkle_tree_insert(&tree, &message->id);
    CHECK(status == STATUS_OK);
    for (uint32_t level = 0; level < MERKLE_DEPTH; level++) { /* one differs: not all are kept */
        if (!hash_equal(&chain->tree.branch[level], &tree.branch[level])) {
            world_set(chain, &chain->tree.branch[level], &tree.branch[level], sizeof(struct hash));
        }
    }
    world_set(chain, &chain->tree.count, &tree.count, sizeof(tree.count));
    chain->leaf_messages[index] = entry;
    chain->leaf_roots[index] = merkle_tree_root(&tree);
    struct fact *const log = add_log(chain, FACT_TREE_INSERT, &chain->tree_hook);
    log->tree_insert.message_id = message->id;
    log->tree_insert.leaf_index = index;
    world_set(chain, &message->leaf_index, &index, sizeof(index));
}

struct hash contracts_tree_root(const struct world_chain *chain)
{
    return chain->tree.count == 0 ? merkle_tree_root(&chain->tree)
                                  : chain->leaf_roots[chain->tree.count - 1];
}

/* In the origin's coin: tokens pay for every way, other messages for none, for some, or for every.
 */
static struct amount payment_of(const struct world_chain *chain, const struct address *sender,
                                const struct hash *id)
{
    static const uint64_t enough = UINT64_C(10000000000000000000);
    const bool has_tokens =
        address_equal(sender, &chain->router) || address_equal(sender, &chain->bridge);

    if (has_tokens || id->bytes[7] % 3 == 0) {
        return amount_from_u64(enough);
    }
    return amount_from_u64(id->bytes[7] % 3 == 1 ? 250000
                                                 : (id->bytes[8] + 1) * UINT64_C(40000000000000));
}

static void dispatch(struct world_chain *chain, uint32_t to, const struct address *sender,
                     const struct address *recipient, struct bytes body)
{
    struct world *const world = chain->world;
    uint8_t memory[MESSAGE_BYTES_MIN + BODY_BYTES_MAX];
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    const struct message_view view = {.version = MESSAGE_VERSION,
                                      .nonce = chain->messages_count,
                                      .origin = chain->domain,
                                      .destination = world->chains[to].domain,
                                      .sender = *sender,
                                      .recipient = *recipient,
                                      .body = body};
    const enum status status = message_write(&view, &buffer);
    CHECK(status == STATUS_OK);
    const uint32_t entry = message_entry(world, buffer_bytes(&buffer));
    struct world_message *const message = &world->messages[entry];
    const bool yes = true;
    const uint64_t number = world_head(chain);
    const uint32_t nonce = chain->messages_count + 1;

    message->origin = chain->index;
    message->destination = to;
    message->payment = payment_of(chain, sender, &message->id);
    CHECK(!message->dispatched);
    world_set(chain, &message->dispatched, &yes, sizeof(yes));
    world_set(chain, &message->dispatched_block, &number, sizeof(number));
    world_set(chain, &chain->messages_count, &nonce, sizeof(nonce));
    struct fact *const log = add_log(chain, FACT_DISPATCH, &chain->mailbox);
    log->dispatch.message = bytes_from(message->data, message->data_count);
    insert_leaf(chain, entry);
    struct fact *const payment = add_log(chain, FACT_GAS_PAYMENT, &chain->paymaster);
    payment->gas_payment.message_id = message->id;
    payment->gas_payment.destination = view.destination;
    payment->gas_payment.gas = amount_from_u64(250000);
    payment->gas_payment.payment = message->payment;
}

static void dispatch_tokens(struct world_chain *chain, uint32_t to, const struct address *sender,
                            const struct address *recipient, const struct token_message *tokens)
{
    uint8_t memory[TOKEN_MESSAGE_BYTES_MIN];
    struct buffer buffer = buffer_from(memory, sizeof(memory));
    const enum status status = token_message_write(tokens, &buffer);

    CHECK(status == STATUS_OK);
    dispatch(chain, to, sender, recipient, buffer_bytes(&buffer));
}

/* ---- what people do ---- */

static void run_dispatch(struct world_chain *chain, const struct world_action *action)
{
    const struct address sender = world_account_address(chain, WORLD_USERS);
    const struct address recipient = evm_filled(0xbb);
    uint8_t body[BODY_BYTES_MAX];

    memset(body, (int)(action->amount & 0xff), sizeof(body));
    dispatch(chain, action->to, &sender, &recipient,
             bytes_from(body, action->amount % (BODY_BYTES_MAX + 1)));
}

static void run_transfer(struct world_chain *chain, const struct world_action *action)
{
    const struct world_chain *const other = &chain->world->chains[action->to];
    const struct token_message tokens = {
        .recipient = world_account_address(chain, WORLD_USERS),
        .amount = amount_from_u64(action->amount),
    };

    if (!contracts_move_tokens(chain, WORLD_USERS, WORLD_ROUTER, &tokens.amount)) {
        return;
    }
    count(chain, &chain->users_in, &tokens.amount);
    struct fact *const log = add_log(chain, FACT_REMOTE_SENT, &chain->router);
    log->remote.remote = other->domain;
    log->remote.recipient = tokens.recipient;
    log->remote.amount = tokens.amount;
    dispatch_tokens(chain, action->to, &chain->router, &other->router, &tokens);
}

/* A share is worth a token until the vault earns; that it never earns here matters to nobody. */
static void run_vault(struct world_chain *chain, const struct world_action *action)
{
    const bool deposits = action->act == ACT_VAULT_DEPOSIT;
    const struct amount amount = amount_from_u64(action->amount);
    struct amount shares;
    const enum status status = deposits ? amount_add(&chain->vault_shares, &amount, &shares)
                                        : amount_subtract(&chain->vault_shares, &amount, &shares);

    if (status != STATUS_OK ||
        !contracts_move_tokens(chain, deposits ? WORLD_USERS : WORLD_VAULT,
                               deposits ? WORLD_VAULT : WORLD_USERS, &amount)) {
        return;
    }
    world_set(chain, &chain->vault_shares, &shares, sizeof(shares));
    struct fact *const log =
        add_log(chain, deposits ? FACT_VAULT_DEPOSIT : FACT_VAULT_WITHDRAW, &chain->vault);
    log->vault.sender = world_account_address(chain, WORLD_USERS);
    log->vault.receiver = log->vault.sender;
    log->vault.owner = log->vault.sender;
    log->vault.assets = amount;
    log->vault.shares = amount;
}

struct vault_state contracts_vault_state(const struct world_chain *chain)
{
    return (struct vault_state){
        .vault = chain->vault,
        .total_assets = chain->tokens[WORLD_VAULT],
        .total_shares = chain->vault_shares,
        .own_shares = amount_zero(),
        .assets_per_share = amount_from_u64(1000000),
    };
}

/* ---- delivery ---- */

static const char *verify(struct world_chain *chain, const struct message_view *view,
                          const struct hash *id, struct bytes metadata)
{
    const int origin = world_chain_of(chain->world, view->origin);
    struct signature signatures[VALIDATORS_MAX];
    struct metadata_message_id proof;
    uint32_t validator = 0;

    if (origin < 0 || metadata_parse_message_id(metadata, signatures, &proof) != STATUS_OK ||
        proof.signatures_count < WORLD_THRESHOLD) {
        return "Mailbox: ISM verification failed";
    }
    const struct checkpoint checkpoint = {
        .root = proof.root, .index = proof.index, .message_id = *id};
    for (uint32_t i = 0; i < WORLD_THRESHOLD; i++) {
        struct address signer;
        if (checkpoint_recover(view->origin, &proof.tree_hook, &checkpoint, &signatures[i],
                               &signer) != STATUS_OK) {
            return "ECDSA: invalid signature";
        }
        while (validator < WORLD_VALIDATORS &&
               !address_equal(&signer, &chain->world->validators[validator])) {
            validator++;
        }
        if (validator == WORLD_VALIDATORS) {
            return "!threshold";
        }
        validator++;
    }
    return NULL;
}

/* What the recipient does with the message. */
static const char *handle(struct world_chain *chain, const struct message_view *view)
{
    const bool to_router = address_equal(&view->recipient, &chain->router);
    const bool to_bridge = address_equal(&view->recipient, &chain->bridge);
    struct token_message tokens;

    if (!to_router && !to_bridge) {
        return chain->habits.recipients_closed && view->nonce % 3 == 0 ? "closed" : NULL;
    }
    if (token_message_parse(view->body, &tokens) != STATUS_OK) {
        return "bad token message";
    }
    if (to_router) {
        struct fact *const log = add_log(chain, FACT_REMOTE_RECEIVED, &chain->router);
        log->remote.remote = view->origin;
        log->remote.recipient = tokens.recipient;
        log->remote.amount = tokens.amount;
    }
    const enum world_account to =
        address_equal(&tokens.recipient, &chain->router) ? WORLD_ROUTER : WORLD_USERS;
    if (!contracts_move_tokens(chain, to_router ? WORLD_ROUTER : WORLD_BRIDGE, to,
                               &tokens.amount)) {
        return "ERC20: transfer amount exceeds balance";
    }
    if (to_router) {
        count(chain, &chain->users_out, &tokens.amount);
    }
    return NULL;
}

static const char *process(struct world_chain *chain, struct bytes message, struct bytes metadata,
                           bool is_ours)
{
    const struct hash id = message_id(message);
    const uint32_t entry = world_message_find(chain->world, &id);
    const uint64_t number = world_head(chain);
    const bool yes = true;
    struct message_view view;

    if (message_parse(message, &view) != STATUS_OK) {
        return "Mailbox: bad version";
    }
    if (view.destination != chain->domain) {
        return "Mailbox: unexpected destination";
    }
    if (entry != UINT32_MAX && chain->world->messages[entry].delivered) {
        return "Mailbox: already delivered";
    }
    if (is_ours) {
        const char *const revert = verify(chain, &view, &id, metadata);
        if (revert != NULL) {
            return revert;
        }
    }
    CHECK(entry != UINT32_MAX); /* validators sign what was dispatched and nothing else */
    struct world_message *const delivered = &chain->world->messages[entry];
    world_set(chain, &delivered->delivered, &yes, sizeof(yes));
    world_set(chain, &delivered->delivered_by_us, &is_ours, sizeof(is_ours));
    world_set(chain, &delivered->delivered_block, &number, sizeof(number));
    struct fact *const log = add_log(chain, FACT_PROCESS, &chain->mailbox);
    log->process.message_id = id;
    return handle(chain, &view);
}

/* ---- legs ---- */

static const char *rebalance(struct world_chain *chain, const struct leg *leg,
                             const struct amount *value)
{
    const int to = world_chain_of(chain->world, leg->rebalance.destination);

    if (to < 0 || (uint32_t)to == chain->index ||
        !address_equal(&leg->rebalance.router, &chain->router)) {
        return "no such route";
    }
    if (!address_equal(&leg->rebalance.bridge, &chain->bridge)) {
        return "MCR: Not allowed bridge";
    }
    if (amount_compare(value, &chain->bridge_fee) < 0) {
        return "Rebalance native fee exceeds balance";
    }
    if (!contracts_move_tokens(chain, WORLD_ROUTER, WORLD_BRIDGE, &leg->rebalance.amount)) {
        return "ERC20: transfer amount exceeds balance";
    }
    const struct world_chain *const other = &chain->world->chains[to];
    const struct token_message tokens = {.recipient = other->router,
                                         .amount = leg->rebalance.amount};
    dispatch_tokens(chain, (uint32_t)to, &chain->bridge, &other->bridge, &tokens);
    struct fact *const log = add_log(chain, FACT_COLLATERAL_MOVED, &chain->router);
    log->collateral_moved.destination = other->domain;
    log->collateral_moved.recipient = other->router;
    log->collateral_moved.amount = leg->rebalance.amount;
    log->collateral_moved.rebalancer = chain->key;
    return NULL;
}

static const char *announce(struct world_chain *chain, const struct leg *leg)
{
    const struct hash digest =
        announcement_digest(chain->domain, &chain->mailbox, leg->announce.location);
    struct address signer;

    if (signature_recover(&digest, &leg->announce.signature, &signer) != STATUS_OK ||
        !address_equal(&signer, &leg->announce.validator)) {
        return "!signature";
    }
    for (uint32_t i = 0; i < WORLD_VALIDATORS; i++) {
        if (!address_equal(&chain->world->validators[i], &signer)) {
            continue;
        }
        if (chain->announced[i] > 0) {
            return "replay";
        }
        const uint8_t once = 1;
        world_set(chain, &chain->announced[i], &once, sizeof(once));
        add_log(chain, FACT_ANNOUNCED, &chain->announce)->announced.validator = signer;
        return NULL;
    }
    return "unknown validator";
}

/* As aggregate3 does it: where calls may fail, one that does changes nothing and the next is made.
 */
static const char *run_batch(struct world_chain *chain, const struct leg *leg, bool may_fail)
{
    struct delivery delivery;

    for (struct bytes rest = leg->batch.deliveries; deliveries_next(&rest, &delivery);) {
        const uint32_t undos_count = chain->undos_count;
        const uint32_t logs_count = chain->logs_count;
        const struct hash id = message_id(delivery.message);
        const uint32_t entry = world_message_find(chain->world, &id);
        if (process(chain, delivery.message, delivery.metadata, true) == NULL) {
            continue;
        }
        world_undo_to(chain, undos_count);
        chain->logs_count = logs_count;
        if (!may_fail) {
            return "Multicall3: call failed";
        }
        chain->repeats_count += entry != UINT32_MAX && chain->world->messages[entry].delivered &&
                                        chain->world->messages[entry].delivered_by_us
                                    ? 1
                                    : 0;
    }
    return NULL;
}

static const char *run_leg(struct world_chain *chain, const struct leg *leg,
                           const struct amount *value)
{
    switch (leg->kind) {
    case LEG_PROCESS:
        return process(chain, leg->process.message, leg->process.metadata, true);
    case LEG_REBALANCE:
        return rebalance(chain, leg, value);
    case LEG_ANNOUNCE:
        return announce(chain, leg);
    case LEG_CANCEL:
        return NULL;
    case LEG_BATCH:
        return run_batch(chain, leg, true);
    case LEG_VENUE:
        return spokes_run_leg(chain, leg);
    case LEG_HUB:
        return "no hub in this world";
    case LEG_CROSSING:
    case LEG_SETTLE:
        return "no bridge between spokes in this world";
    }
    CHECK(false);
    return NULL;
}

const char *contracts_run_leg(struct world_chain *chain, const struct leg *leg,
                              const struct amount *value)
{
    const uint32_t undos_count = chain->undos_count;
    const uint32_t logs_count = chain->logs_count;
    const char *const revert = run_leg(chain, leg, value);

    if (revert != NULL) {
        world_undo_to(chain, undos_count);
        chain->logs_count = logs_count;
    }
    return revert;
}

const char *contracts_try_leg(struct world_chain *chain, const struct leg *leg,
                              const struct amount *value)
{
    const uint32_t undos_count = chain->undos_count;
    /* A batch is simulated with calls that may not fail. */
    const char *const revert = leg->kind == LEG_BATCH ? run_batch(chain, leg, false)
                                                      : contracts_run_leg(chain, leg, value);

    world_undo_to(chain, undos_count);
    chain->logs_count = 0; /* no block is being made */
    return revert;
}

/* Each saves most of what a transaction costs by itself. */
static uint64_t batch_gas(const struct leg *leg)
{
    struct delivery delivery;
    uint64_t gas = 21000;

    for (struct bytes rest = leg->batch.deliveries; deliveries_next(&rest, &delivery);) {
        gas += 132000 + 16 * delivery.message.count;
    }
    return gas;
}

uint64_t contracts_gas(const struct leg *leg)
{
    switch (leg->kind) {
    case LEG_PROCESS:
        return 150000 + 16 * leg->process.message.count;
    case LEG_REBALANCE:
        return 240000;
    case LEG_ANNOUNCE:
        return 120000;
    case LEG_CANCEL:
        return 21000;
    case LEG_VENUE:
    case LEG_CROSSING:
    case LEG_SETTLE:
    case LEG_HUB:
        return 300000;
    case LEG_BATCH:
        return batch_gas(leg);
    }
    CHECK(false);
    return 0;
}

static void run_rival(struct world_chain *chain, const struct world_action *action)
{
    const struct world_message *const message = &chain->world->messages[action->message];
    const uint32_t undos_count = chain->undos_count;
    const uint32_t logs_count = chain->logs_count;

    if (message->destination != chain->index || !message->dispatched) {
        return;
    }
    if (process(chain, bytes_from(message->data, message->data_count), (struct bytes){0}, false) !=
        NULL) {
        world_undo_to(chain, undos_count);
        chain->logs_count = logs_count;
    }
}

static void run_action(struct world_chain *chain, const struct world_action *action)
{
    switch (action->act) {
    case ACT_DISPATCH:
        run_dispatch(chain, action);
        return;
    case ACT_TRANSFER:
        run_transfer(chain, action);
        return;
    case ACT_VAULT_DEPOSIT:
    case ACT_VAULT_WITHDRAW:
        run_vault(chain, action);
        return;
    case ACT_RIVAL:
        run_rival(chain, action);
        return;
    case ACT_GIFT: {
        const struct amount amount = amount_from_u64(action->amount);
        if (contracts_move_tokens(chain, WORLD_USERS, WORLD_ROUTER, &amount)) {
            count(chain, &chain->gifts, &amount);
        }
        return;
    }
    case ACT_VENUE_RATE:
    case ACT_VENUE_YIELD:
    case ACT_FUND:
    case ACT_REDEEM:
        spokes_run_action(chain, action);
        return;
    }
    CHECK(false);
}

struct hash contracts_next_message(struct world_chain *chain)
{
    const uint32_t undos_count = chain->undos_count;

    CHECK(chain->actions_count > 0);
    for (uint32_t i = 0; i < chain->actions_count; i++) {
        run_action(chain, &chain->actions[i]);
    }
    CHECK(chain->tree.count > 0);
    const struct hash id = chain->world->messages[chain->leaf_messages[chain->tree.count - 1]].id;
    world_undo_to(chain, undos_count);
    chain->logs_count = 0; /* no block is being made */
    return id;
}

void contracts_run_action(struct world_chain *chain, const struct world_action *action)
{
    struct prng *const prng = &chain->world->prng;

    prng_fill(prng, chain->transaction.bytes, sizeof(chain->transaction.bytes));
    run_action(chain, action);
}
