/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/capital/ledger.c: double entry over final facts.
 *
 * Every token transfer that touches a watched account moves its balance; what it is the other side
 * of is told by the other facts of the same transaction, which come in the order of their logs:
 *
 *   a user sends      Transfer(user -> router), SentTransferRemote, Dispatch(router)
 *   a user is paid    ProcessId, ReceivedTransferRemote, Transfer(router -> recipient)
 *   synthetic         ProcessId, ReceivedTransferRemote mints; SentTransferRemote, Dispatch burns
 *   a rebalance       Transfer(router -> bridge), Dispatch(bridge), CollateralMoved(router)
 *   it arrives        ProcessId, Transfer(bridge -> router)
 *   a spoke sends     Transfer(spoke -> bridge), Dispatch(bridge); it arrives like a rebalance
 *   a spoke deposits  Transfer(spoke -> venue); it withdraws: Transfer(venue -> spoke)
 *   a hub invests     Transfer(hub -> spoke); it is paid: Transfer(spoke -> hub)
 *
 * So transfers wait in the chain's assembly row until a later fact explains them, or the
 * transaction ends: what nothing explained came from or went to the outside (a donation, say).
 *
 * Invariants
 *   1. A posting moves one amount from one account to another: per asset, debits equal credits.
 *   2. ROUTER, BRIDGE, KEY, SPOKE and HUB hold, at a final block, exactly what the chain says they
 * hold (ledger_reconcile.c checks it). VENUE is what was put in and not taken out; what the venue
 *      says it is worth beside that is YIELD.
 *   3. OWED of a router is what users sent to it and it has not paid; ARRIVING is what moves sent
 *      to it and it has not got. Both are by message in TABLE_TRANSIT. SUPPLY is what a synthetic
 *      router minted: a debt, as OWED is (backing.c weighs both against collateral).
 *   4. A message is booked once as sent and once as delivered, whichever comes first; what arrived
 *      is booked, and the difference to what was sent is a fee.
 *
 * A delivery may be final here before its sending is final there. Until then a payout is taken from
 * EQUITY, as is one that was sent before the ledger began, and an arrival is taken from EXTERNAL;
 * the sending settles that when it comes. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/base/digest.h"
#include "relay/core/capital/ledger_internal.h"
#include "relay/hyperlane/message.h"
#include "relay/hyperlane/token.h"

/* ---- postings ---- */

static void alarm_range(const struct book *book)
{
    /* Only a token whose balances leave 256 bits can do this; reconciliation will stop the chain.
     */
    step_note(book->step, NOTE_ALARM, book->domain, &book->assembly->transaction,
              REASON_UNRECONCILED, "an amount does not fit the ledger and was not booked");
}

bool ledger_post(struct book *book, enum posting_kind kind, const struct account *debit,
                 const struct account *credit, const struct amount *amount, const struct hash *id)
{
    struct account_row debit_row;
    struct account_row credit_row;
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[POSTING_ROW_BYTES_MAX];
    struct packer packer = packer_from(value, sizeof(value));

    CHECK(capital_is_symbol(debit->symbol, credit->symbol));
    if (amount_is_zero(amount)) {
        return true;
    }
    (void)capital_get_account(book->step, debit, &debit_row);
    (void)capital_get_account(book->step, credit, &credit_row);
    if (amount_add(&debit_row.debit, amount, &debit_row.debit) != STATUS_OK ||
        amount_add(&credit_row.credit, amount, &credit_row.credit) != STATUS_OK) {
        alarm_range(book);
        return false;
    }
    debit_row.block = debit->domain == book->domain ? book->assembly->block : debit_row.block;
    credit_row.block = credit->domain == book->domain ? book->assembly->block : credit_row.block;
    const struct posting_row posting = {
        .at = book->step->now,
        .kind = kind,
        .debit = *debit,
        .credit = *credit,
        .amount = *amount,
        .block = book->assembly->block,
        .transaction = book->assembly->transaction,
        .log_index = book->assembly->log_index,
        .message_id = id == NULL ? (struct hash){{0}} : *id,
        .record = book->assembly->record,
    };
    capital_put_account(book->step, debit, &debit_row);
    capital_put_account(book->step, credit, &credit_row);
    posting_row_pack(&packer, &posting);
    book->assembly->sequence++;
    step_put(book->step, posting_key(key, book->domain, book->assembly->sequence),
             packer_finish(&packer));
    return true;
}

static struct account pool(enum account_kind kind, const char *symbol, uint32_t domain)
{
    return capital_account(kind, symbol, domain, NULL);
}

static void amount_grow(struct book *book, struct amount *sum, const struct amount *amount)
{
    if (amount_add(sum, amount, sum) != STATUS_OK) {
        alarm_range(book);
    }
}

/* Takes up to `wanted` out of `*pending`; returns what it took. */
struct amount ledger_amount_take(struct amount *pending, const struct amount *wanted)
{
    const struct amount taken = amount_smaller(pending, wanted);
    const enum status status = amount_subtract(pending, &taken, pending);

    CHECK(status == STATUS_OK);
    return taken;
}

/* ---- the transaction being put together ---- */

/* What nothing in the transaction explained came from, or went to, the outside. */
static void entry_flush(struct book *book, struct assembly_entry *entry)
{
    const struct account outside = pool(ACCOUNT_EXTERNAL, entry->account.symbol, book->domain);

    (void)ledger_post(book, POSTING_TRANSFER, &entry->account, &outside, &entry->in, NULL);
    (void)ledger_post(book, POSTING_TRANSFER, &outside, &entry->account, &entry->out, NULL);
    (void)ledger_post(book, POSTING_TRANSFER, &outside, &entry->account, &entry->to_bridge, NULL);
}

void ledger_flush(struct book *book)
{
    struct assembly *assembly = book->assembly;

    for (uint32_t i = 0; i < assembly->count; i++) {
        entry_flush(book, &assembly->entries[i]);
    }
    memset(assembly->entries, 0, sizeof(assembly->entries));
    assembly->count = 0;
    assembly->open = false;
    assembly->processing = false;
}

struct assembly_entry *ledger_entry_of(struct book *book, const struct account *account)
{
    struct assembly *assembly = book->assembly;

    for (uint32_t i = 0; i < assembly->count; i++) {
        const struct account *known = &assembly->entries[i].account;
        if (known->kind == account->kind && address_equal(&known->address, &account->address) &&
            capital_is_symbol(known->symbol, account->symbol)) {
            return &assembly->entries[i];
        }
    }
    if (assembly->count == ASSEMBLY_ENTRIES_MAX) {
        /* One transaction that touches more accounts of ours than any real one: what waits is
         * booked as from outside now. Nothing is lost, only less is explained. */
        for (uint32_t i = 0; i < assembly->count; i++) {
            entry_flush(book, &assembly->entries[i]);
        }
        assembly->count = 0;
    }
    struct assembly_entry *entry = &assembly->entries[assembly->count++];
    memset(entry, 0, sizeof(*entry));
    entry->account = *account;
    return entry;
}

/* Makes the fact's transaction the one being put together. */
void ledger_enter(struct book *book, const struct fact *fact)
{
    struct assembly *assembly = book->assembly;

    if (assembly->open && !hash_equal(&assembly->transaction, &fact->transaction)) {
        ledger_flush(book);
    }
    assembly->open = true;
    assembly->block = fact->block_number;
    assembly->transaction = fact->transaction;
    assembly->log_index = fact->log_index;
    assembly->record = book->step->fact_record;
}

/* ---- names ---- */

static bool watched_spoke(const struct book *book, const struct address *token,
                          const struct address *address, struct account *ret_account)
{
    const struct core_config *config = book->step->config;

    for (uint32_t i = 0; i < config->spokes_count; i++) {
        const struct core_spoke *spoke = &config->spokes[i];
        if (spoke->domain == book->domain && address_equal(&spoke->token, token) &&
            address_equal(&spoke->spoke, address)) {
            *ret_account = capital_spoke_account(config, i);
            return true;
        }
    }
    return false;
}

static bool watched_hub(const struct book *book, const struct address *token,
                        const struct address *address, struct account *ret_account)
{
    const struct core_config *config = book->step->config;

    for (uint32_t i = 0; i < config->hubs_count; i++) {
        const struct core_hub *hub = &config->hubs[i];
        if (hub->domain == book->domain && address_equal(&hub->token, token) &&
            address_equal(&hub->hub, address)) {
            *ret_account = capital_hub_account(config, hub);
            return true;
        }
    }
    return false;
}

/* The watched account that `address` is on this chain for this token. */
static bool watched(const struct book *book, const struct address *token,
                    const struct address *address, struct account *ret_account)
{
    const struct core_config *config = book->step->config;
    const struct core_chain *chain = step_chain(book->step, book->domain);
    const struct core_router *found = NULL;
    enum account_kind kind = ACCOUNT_ROUTER;

    for (uint32_t i = 0; i < config->routers_count; i++) {
        const struct core_router *router = &config->routers[i];
        if (router->domain != book->domain || !address_equal(&router->token, token)) {
            continue;
        }
        if (address_equal(&router->router, address)) {
            found = router;
            kind = ACCOUNT_ROUTER;
            break;
        }
        if (found == NULL && !address_is_zero(address) && address_equal(&router->bridge, address)) {
            found = router;
            kind = ACCOUNT_BRIDGE;
        }
        if (found == NULL && chain != NULL && !address_is_zero(&chain->key) &&
            address_equal(&chain->key, address)) {
            found = router;
            kind = ACCOUNT_KEY;
        }
    }
    if (found == NULL) {
        return watched_spoke(book, token, address, ret_account) ||
               watched_hub(book, token, address, ret_account);
    }
    *ret_account =
        capital_account(kind, capital_router_symbol(config, found), book->domain, address);
    return true;
}

static const struct core_router *router_at(const struct book *book, const struct address *address)
{
    const int index = step_router_index(book->step, book->domain, address);

    return index < 0 ? NULL : &book->step->config->routers[index];
}

static struct account router_account(const struct book *book, const struct core_router *router)
{
    return capital_account(ACCOUNT_ROUTER, capital_router_symbol(book->step->config, router),
                           router->domain, &router->router);
}

/* ---- a user sends ---- */

/* What the router that a message goes to will owe. False: nobody watches it. */
static bool claim_on(const struct book *book, uint32_t domain, const struct address *router,
                     const char *symbol, struct account *ret_claim)
{
    struct account end;

    if (!capital_route_end(book->step->config, domain, router, &end) ||
        !capital_is_symbol(end.symbol, symbol)) {
        return false;
    }
    *ret_claim = capital_account(ACCOUNT_OWED, symbol, domain, router);
    return true;
}

static void user_sent(struct book *book, const struct account *source,
                      const struct message_view *message, const struct token_message *body,
                      const struct hash *id)
{
    const char *symbol = source->symbol;
    struct assembly_entry *entry = ledger_entry_of(book, source);
    struct account claim;

    if (!entry->sent || entry->sent_remote != message->destination ||
        !address_equal(&entry->sent_recipient, &body->recipient) ||
        !amount_equal(&entry->sent_amount, &body->amount)) {
        return; /* a message of the router that is no transfer */
    }
    entry->sent = false;
    const struct amount got = source->kind == ACCOUNT_SUPPLY
                                  ? body->amount /* burned */
                                  : ledger_amount_take(&entry->in, &body->amount);
    const struct amount missing = capital_less(&body->amount, &got);
    const struct account fees = pool(ACCOUNT_FEES, symbol, book->domain);
    const bool is_watched =
        claim_on(book, message->destination, &message->recipient, symbol, &claim);
    if (!is_watched) { /* nothing will be seen of the payout: it has left */
        claim = pool(ACCOUNT_EXTERNAL, symbol, book->domain);
    }
    (void)ledger_post(book, POSTING_USER_SENT, source, &claim, &got, id);
    (void)ledger_post(book, POSTING_DIFFERENCE, &fees, &claim, &missing, id);
    if (!is_watched) {
        return;
    }
    struct transit_row sent = {
        .kind = TRANSIT_USER,
        .origin = book->domain,
        .destination = message->destination,
        .source = source->address,
        .target = message->recipient,
        .sent = true,
        .sent_amount = body->amount,
        .sent_block = book->assembly->block,
        .since = book->step->now,
    };
    capital_symbol(sent.symbol, symbol);
    (void)ledger_transit_sent(book, id, &sent);
}

static void on_dispatch(struct book *book, const struct fact *fact)
{
    const struct core_config *config = book->step->config;
    const struct core_chain *chain = step_chain(book->step, book->domain);
    struct message_view message;
    struct token_message body;

    CHECK(config != NULL);
    if (chain == NULL || !address_equal(&fact->contract, &chain->mailbox) ||
        message_parse(fact->dispatch.message, &message) != STATUS_OK ||
        message.origin != book->domain || token_message_parse(message.body, &body) != STATUS_OK) {
        return;
    }
    struct account source;
    const struct hash id = message_id(fact->dispatch.message);
    if (capital_route_end(config, book->domain, &message.sender, &source)) {
        ledger_enter(book, fact);
        user_sent(book, &source, &message, &body, &id);
        return;
    }
    if (ledger_crossing_sent(book, fact, &message, &body, &id)) {
        return;
    }
    for (uint32_t i = 0; i < config->routers_count; i++) {
        const struct core_router *candidate = &config->routers[i];
        struct account bridge;
        if (candidate->domain != book->domain ||
            !address_equal(&candidate->bridge, &message.sender) ||
            !watched(book, &candidate->token, &message.sender, &bridge)) {
            continue;
        }
        ledger_enter(book, fact);
        struct assembly_entry *entry = ledger_entry_of(book, &bridge);
        entry->dispatched = true;
        entry->dispatched_id = id;
        entry->dispatched_destination = message.destination;
        entry->dispatched_recipient = body.recipient;
        return;
    }
}

/* ---- a user is paid ---- */

static bool is_watched_chain(const struct book *book, uint32_t domain, const char *symbol)
{
    const struct core_config *config = book->step->config;

    for (uint32_t i = 0; i < config->routers_count; i++) {
        if (config->routers[i].domain == domain &&
            capital_is_symbol(capital_router_symbol(config, &config->routers[i]), symbol)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < config->synthetics_count; i++) {
        if (config->synthetics[i].domain == domain &&
            capital_is_symbol(config->assets[config->synthetics[i].asset].symbol, symbol)) {
            return true;
        }
    }
    return false;
}

/* `router` pays out its collateral, or mints. False: this is not the message's payout. */
static bool user_paid(struct book *book, const struct account *router, const struct hash *id,
                      uint32_t origin, const struct amount *amount)
{
    struct transit_row row;

    if (capital_get_transit(book->step, id, &row)) {
        if (row.kind != TRANSIT_USER || row.delivered || row.destination != book->domain ||
            !address_equal(&row.target, &router->address)) {
            return false;
        }
        const struct account owed = ledger_transit_account(&row);
        (void)ledger_post(book, POSTING_USER_PAID, &owed, router, amount, id);
        ledger_transit_delivered(book, id, &row, amount);
        return true;
    }
    if (!is_watched_chain(book, origin, router->symbol)) {
        const struct account outside = pool(ACCOUNT_EXTERNAL, router->symbol, book->domain);
        (void)ledger_post(book, POSTING_USER_PAID, &outside, router, amount, id);
        return true;
    }
    const struct account equity = pool(ACCOUNT_EQUITY, router->symbol, book->domain);
    (void)ledger_post(book, POSTING_USER_PAID, &equity, router, amount, id);
    memset(&row, 0, sizeof(row));
    row.kind = TRANSIT_USER;
    capital_symbol(row.symbol, router->symbol);
    row.origin = origin;
    row.destination = book->domain;
    row.target = router->address;
    row.since = book->step->now;
    ledger_transit_delivered(book, id, &row, amount);
    return true;
}

/* ---- a rebalance leaves ---- */

/* The id of the bridge's message that this rebalance made; a made-up one when there is none. */
static bool moved_message(struct book *book, const struct core_router *router,
                          const struct fact *fact, struct hash *ret_id)
{
    const struct account bridge =
        capital_account(ACCOUNT_BRIDGE, capital_router_symbol(book->step->config, router),
                        book->domain, &router->bridge);
    struct assembly_entry *entry = ledger_entry_of(book, &bridge);

    if (entry->dispatched && entry->dispatched_destination == fact->collateral_moved.destination &&
        address_equal(&entry->dispatched_recipient, &fact->collateral_moved.recipient)) {
        entry->dispatched = false;
        *ret_id = entry->dispatched_id;
        return true;
    }
    uint8_t bytes[40];
    struct packer packer = packer_from(bytes, sizeof(bytes));
    pack_u32(&packer, book->domain);
    pack_hash(&packer, &fact->transaction);
    pack_u32(&packer, fact->log_index);
    *ret_id = sha2_of(packer_finish(&packer));
    return false;
}

static void on_collateral_moved(struct book *book, const struct fact *fact)
{
    const struct core_config *config = book->step->config;
    const struct core_router *router = router_at(book, &fact->contract);
    struct hash id;

    if (router == NULL) {
        return;
    }
    ledger_enter(book, fact);
    const char *symbol = capital_router_symbol(config, router);
    const bool followed = moved_message(book, router, fact, &id);
    const struct account source = router_account(book, router);
    struct assembly_entry *entry = ledger_entry_of(book, &source);
    const struct amount moved =
        ledger_amount_take(&entry->to_bridge, &fact->collateral_moved.amount);
    const struct amount fee = entry->to_bridge;
    entry->to_bridge = amount_zero();
    const struct core_router *target = capital_router(config, fact->collateral_moved.destination,
                                                      &fact->collateral_moved.recipient, symbol);
    const struct account arriving =
        target == NULL ? pool(ACCOUNT_EXTERNAL, symbol, book->domain)
                       : capital_account(ACCOUNT_ARRIVING, symbol, target->domain, &target->router);
    const struct account fees = pool(ACCOUNT_FEES, symbol, book->domain);
    (void)ledger_post(book, POSTING_MOVE_SENT, &arriving, &source, &moved, &id);
    (void)ledger_post(book, POSTING_FEE, &fees, &source, &fee, &id);
    if (target == NULL) {
        return;
    }
    if (!followed) {
        step_note(book->step, NOTE_ALARM, book->domain, &id, REASON_MOVE_UNDER_WAY,
                  "collateral left by a bridge that sent no message; its arrival cannot be seen");
    }
    struct transit_row sent;
    memset(&sent, 0, sizeof(sent));
    sent.kind = TRANSIT_MOVE;
    capital_symbol(sent.symbol, symbol);
    sent.origin = book->domain;
    sent.destination = target->domain;
    sent.source = router->router;
    sent.target = target->router;
    sent.sent = true;
    sent.sent_amount = moved;
    sent.sent_block = book->assembly->block;
    sent.since = book->step->now;
    sent.move_id = move_on_sent(book->step, book->domain, fact, &moved, &id);
    const struct transit_row row = ledger_transit_sent(book, &id, &sent);
    if (row.delivered) {
        move_on_arrived(book->step, &sent.move_id, &row.delivered_amount, row.delivered_block);
    }
}

/* ---- a rebalance arrives ---- */

/* False: this transfer is no arrival. */
static bool move_arrived(struct book *book, const struct account *router,
                         const struct account *from, const struct fact *fact)
{
    const struct hash id = book->assembly->process_id;
    struct transit_row row;

    if (capital_get_transit(book->step, &id, &row)) {
        if (row.kind != TRANSIT_MOVE || row.delivered || row.destination != book->domain ||
            !address_equal(&row.target, &router->address)) {
            return false;
        }
        const struct account arriving = ledger_transit_account(&row);
        (void)ledger_post(book, POSTING_MOVE_ARRIVED, router, &arriving, &fact->transfer.amount,
                          &id);
        ledger_transit_delivered(book, &id, &row, &fact->transfer.amount);
        move_on_arrived(book->step, &row.move_id, &fact->transfer.amount, fact->block_number);
        return true;
    }
    /* A spoke's bridge need not be a watched account where what it brought comes from. */
    if (router->kind == ACCOUNT_ROUTER && (from == NULL || from->kind != ACCOUNT_BRIDGE)) {
        return false;
    }
    /* Its sending is not final yet, or it is a gift that somebody sent over the bridge. */
    const struct account outside = pool(ACCOUNT_EXTERNAL, router->symbol, book->domain);
    (void)ledger_post(book, POSTING_MOVE_ARRIVED, router, &outside, &fact->transfer.amount, &id);
    memset(&row, 0, sizeof(row));
    row.kind = TRANSIT_MOVE;
    capital_symbol(row.symbol, router->symbol);
    row.destination = book->domain;
    row.target = router->address;
    row.since = book->step->now;
    ledger_transit_delivered(book, &id, &row, &fact->transfer.amount);
    return true;
}

/* ---- transfers ---- */

static void transfer_out(struct book *book, const struct account *from, const struct fact *fact)
{
    struct assembly_entry *entry = ledger_entry_of(book, from);

    if (from->kind == ACCOUNT_ROUTER) {
        const struct core_router *router = router_at(book, &from->address);
        if (entry->received && address_equal(&fact->transfer.to, &entry->received_recipient)) {
            entry->received = false;
            if (user_paid(book, from, &entry->received_id, entry->received_remote,
                          &fact->transfer.amount)) {
                return;
            }
        }
        if (router != NULL && address_equal(&fact->transfer.to, &router->bridge)) {
            amount_grow(book, &entry->to_bridge, &fact->transfer.amount);
            return;
        }
    }
    if (from->kind == ACCOUNT_SPOKE && ledger_is_spokes_bridge(book, from, &fact->transfer.to)) {
        amount_grow(book, &entry->to_bridge, &fact->transfer.amount);
        return;
    }
    amount_grow(book, &entry->out, &fact->transfer.amount);
}

static void on_transfer(struct book *book, const struct fact *fact)
{
    struct account from;
    struct account to;
    const bool leaves = watched(book, &fact->contract, &fact->transfer.from, &from);
    const bool enters = watched(book, &fact->contract, &fact->transfer.to, &to);

    if (!leaves && !enters) {
        return;
    }
    ledger_enter(book, fact);
    if (ledger_venue_transfer(book, fact, leaves ? &from : NULL, enters ? &to : NULL)) {
        return;
    }
    if (leaves && enters && (from.kind == ACCOUNT_HUB || to.kind == ACCOUNT_HUB)) {
        /* Between the hub and its spoke: both sides are ours. */
        (void)ledger_post(book, POSTING_TRANSFER, &to, &from, &fact->transfer.amount, NULL);
        return;
    }
    if (leaves) {
        transfer_out(book, &from, fact);
    }
    if (!enters) {
        return;
    }
    if ((to.kind == ACCOUNT_ROUTER || to.kind == ACCOUNT_SPOKE) && book->assembly->processing &&
        move_arrived(book, &to, leaves ? &from : NULL, fact)) {
        return;
    }
    amount_grow(book, &ledger_entry_of(book, &to)->in, &fact->transfer.amount);
}

/* ---- the other facts ---- */

static void on_process(struct book *book, const struct fact *fact)
{
    const struct core_chain *chain = step_chain(book->step, book->domain);

    if (chain != NULL && address_equal(&fact->contract, &chain->mailbox)) {
        ledger_enter(book, fact);
        book->assembly->processing = true;
        book->assembly->process_id = fact->process.message_id;
    }
}

/* What a synthetic router mints without a message was locked nowhere. */
static void minted(struct book *book, const struct account *supply, const struct fact *fact)
{
    const struct account outside = pool(ACCOUNT_EXTERNAL, supply->symbol, book->domain);

    if (!book->assembly->processing || !user_paid(book, supply, &book->assembly->process_id,
                                                  fact->remote.remote, &fact->remote.amount)) {
        (void)ledger_post(book, POSTING_TRANSFER, &outside, supply, &fact->remote.amount, NULL);
    }
}

static void on_remote(struct book *book, const struct fact *fact)
{
    struct account account;

    if (!capital_route_end(book->step->config, book->domain, &fact->contract, &account)) {
        return;
    }
    ledger_enter(book, fact);
    if (account.kind == ACCOUNT_SUPPLY && fact->kind == FACT_REMOTE_RECEIVED) {
        minted(book, &account, fact);
        return;
    }
    struct assembly_entry *entry = ledger_entry_of(book, &account);
    if (fact->kind == FACT_REMOTE_SENT) {
        entry->sent = true;
        entry->sent_remote = fact->remote.remote;
        entry->sent_recipient = fact->remote.recipient;
        entry->sent_amount = fact->remote.amount;
    } else if (book->assembly->processing) {
        entry->received = true;
        entry->received_id = book->assembly->process_id;
        entry->received_remote = fact->remote.remote;
        entry->received_recipient = fact->remote.recipient;
    }
}

static void on_vault(struct book *book, const struct fact *fact)
{
    struct vault_row row;

    (void)capital_get_vault(book->step, book->domain, &fact->contract, &row);
    if (fact->kind == FACT_VAULT_DEPOSIT) {
        amount_grow(book, &row.deposited, &fact->vault.assets);
        row.deposits_count++;
    } else {
        amount_grow(book, &row.withdrawn, &fact->vault.assets);
        row.withdrawals_count++;
    }
    row.fact_block = fact->block_number;
    capital_put_vault(book->step, book->domain, &fact->contract, &row);
}

static bool vault_is_watched(const struct step *step, uint32_t domain, const struct address *vault)
{
    for (uint32_t i = 0; i < step->config->vaults_count; i++) {
        if (step->config->vaults[i].domain == domain &&
            address_equal(&step->config->vaults[i].vault, vault)) {
            return true;
        }
    }
    return false;
}

bool ledger_watches(const struct step *step, uint32_t domain)
{
    struct account account;
    struct address token;
    uint32_t cursor = 0;

    for (uint32_t i = 0; i < step->config->vaults_count; i++) {
        if (step->config->vaults[i].domain == domain) {
            return true;
        }
    }
    return capital_next_watched(step->config, domain, &cursor, &account, &token);
}

void ledger_on_final_fact(struct step *step, uint32_t domain, const struct fact *fact)
{
    struct assembly assembly;
    struct book book = {.step = step, .domain = domain, .assembly = &assembly};

    if (fact->kind == FACT_TREE_INSERT || fact->kind == FACT_GAS_PAYMENT ||
        !ledger_watches(step, domain)) {
        return;
    }
    (void)capital_get_assembly(step, domain, &assembly);
    switch (fact->kind) {
    case FACT_DISPATCH:
        on_dispatch(&book, fact);
        break;
    case FACT_PROCESS:
        on_process(&book, fact);
        break;
    case FACT_TRANSFER:
        on_transfer(&book, fact);
        break;
    case FACT_REMOTE_SENT:
    case FACT_REMOTE_RECEIVED:
        on_remote(&book, fact);
        break;
    case FACT_COLLATERAL_MOVED:
        on_collateral_moved(&book, fact);
        break;
    case FACT_VAULT_DEPOSIT:
    case FACT_VAULT_WITHDRAW:
        if (vault_is_watched(step, domain, &fact->contract)) {
            on_vault(&book, fact);
        }
        return;
    case FACT_TREE_INSERT:
    case FACT_GAS_PAYMENT:
    case FACT_ANNOUNCED:
        return;
    }
    if (assembly.open && hash_equal(&assembly.transaction, &fact->transaction)) {
        capital_put_assembly(step, domain, &assembly);
    }
}
