/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/capital/ledger_reconcile.c: the ledger against the chain, at one final block.
 *
 *   OPENING --balances read--> RECONCILED <--agree again, or a person accepts--.
 *                                  '-------differ--------> UNRECONCILED -------'
 *
 * When a chain's facts are applied up to a final block, the ledger's balances there are kept and
 * the chain is asked for its own at that block's hash. The first answer about an account opens it
 * (the difference is what was there before the ledger began); every later one must agree to the
 * base unit. While it does not, nothing is planned or moved that concerns the chain.
 *
 * What is in a venue, less what is owed there, is worth what the venue says: the difference to the
 * books is yield, or a loss, and stops nothing. A venue that does not answer keeps what is booked
 * of it.
 *
 * A question is asked again until it is answered. A block that cannot be read any more is given up
 * for the next final one. An answer that leaves an account out is no answer. */
#include <string.h>

#include "relay/base/check.h"
#include "relay/core/capital/backing.h"
#include "relay/core/capital/capital_view.h"
#include "relay/core/capital/exposure.h"
#include "relay/core/capital/flows.h"
#include "relay/core/capital/hubs.h"
#include "relay/core/capital/ledger_internal.h"
#include "relay/core/capital/prices.h"
#include "relay/core/capital/venue_rows.h"
#include "relay/core/tables.h"
#include "relay/core/text.h"

#define FINALS_PER_QUESTION   16u /* at least every so many */
#define ATTEMPTS_PER_QUESTION 3u
#define OPENINGS_PER_ANSWER   48u /* each changes three rows; the rest is opened next time */
#define YIELDS_PER_ANSWER     24u /* each changes three rows; the rest is booked another time */
#define READINGS_PER_ANSWER   96u /* vaults and quotes whose rows change; the rest next time */

#define ANSWER_WAIT DURATION_MS(5000)
#define FIT_AGE_MIN DURATION_MS(30000)

static struct duration question_interval(const struct step *step)
{
    return (struct duration){.ns = step->config->route.plan_interval.ns / 2};
}

/* ---- what others ask ---- */

struct account_balance ledger_balance(struct step *step, const struct account *account)
{
    struct account_row row;

    (void)capital_get_account(step, account, &row);
    return account_balance_of(&row);
}

enum reason ledger_reason(struct step *step, uint32_t domain)
{
    const uint64_t age_ns = 10 * step->config->route.plan_interval.ns;
    struct ledger_chain chain;
    struct assembly assembly;

    const enum reason halted = blocks_halted(step, domain);
    if (halted != REASON_NONE) {
        return halted;
    }
    if (!capital_get_chain(step, domain, &chain) || chain.state == LEDGER_OPENING) {
        return REASON_POSITIONS_UNKNOWN;
    }
    if (chain.state == LEDGER_UNRECONCILED) {
        return REASON_UNRECONCILED;
    }
    (void)capital_get_assembly(step, domain, &assembly);
    const uint64_t seen_ns = instant_since(step->now, chain.reconciled_at).ns;
    if (assembly.open || (seen_ns > age_ns && seen_ns > FIT_AGE_MIN.ns)) {
        return REASON_POSITIONS_UNKNOWN;
    }
    return REASON_NONE;
}

/* ---- asking ---- */

static void question_send(struct step *step, uint32_t domain, struct ledger_chain *chain)
{
    const struct hash due = capital_ledger_due(domain);
    struct command *command = step_command(step, COMMAND_READ_POSITIONS, domain);

    command->read_positions.block_number = chain->asked_block;
    command->read_positions.block_hash = chain->asked_hash;
    chain->ask_again = instant_after(step->now, ANSWER_WAIT);
    step_due(step, chain->ask_again, DUE_PLAN, &due);
}

static void question_end(struct step *step, uint32_t domain, struct ledger_chain *chain)
{
    const struct hash due = capital_ledger_due(domain);

    step_due_remove(step, chain->ask_again, DUE_PLAN, &due);
    chain->asked = false;
    chain->attempts = 0;
}

/* Keeps what the ledger says now, at a block whose facts are all applied. False: it does not fit
 * one row. */
static bool snapshot_put(struct step *step, uint32_t domain)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    const size_t capacity = step->bytes.capacity - step->bytes.count;
    struct packer packer =
        packer_from(step->bytes.data + step->bytes.count,
                    capacity < ROW_VALUE_BYTES_MAX ? capacity : ROW_VALUE_BYTES_MAX);
    struct account account;
    struct address token;
    uint32_t cursor = 0;

    while (capital_next_watched(step->config, domain, &cursor, &account, &token)) {
        struct account_balance balance = ledger_balance(step, &account);
        if (account.kind == ACCOUNT_SUPPLY) { /* a debt; the chain states how much */
            balance.negative = !balance.negative && !amount_is_zero(&balance.amount);
        }
        account_pack(&packer, &account);
        pack_address(&packer, &token);
        pack_bool(&packer, balance.negative);
        pack_amount(&packer, &balance.amount);
    }
    if (packer.overrun) {
        return false;
    }
    step_put(step, ledger_asked_key(key, domain), packer_finish(&packer));
    return true;
}

static void question_ask(struct step *step, uint32_t domain, struct ledger_chain *chain)
{
    if (!step_has_room(step, 2)) {
        return; /* the next final block asks */
    }
    if (!snapshot_put(step, domain)) {
        step_note(step, NOTE_ALARM, domain, NULL, REASON_POSITIONS_UNKNOWN,
                  "more accounts on this chain than one snapshot holds: it is never reconciled");
        return;
    }
    chain->asked = true;
    chain->asked_at = step->now;
    chain->asked_block = chain->applied_block;
    chain->asked_hash = chain->applied_hash;
    chain->attempts = 0;
    chain->finals = 0;
    question_send(step, domain, chain);
}

static bool question_is_wanted(const struct step *step, const struct ledger_chain *chain)
{
    /* What is minted is weighed whether or not capital is moved. */
    if ((step->config->route.mode == ROUTE_OFF && step->config->synthetics_count == 0) ||
        chain->asked) {
        return false;
    }
    return chain->state == LEDGER_OPENING || chain->finals >= FINALS_PER_QUESTION ||
           instant_is_past(instant_after(chain->asked_at, question_interval(step)), step->now);
}

void ledger_on_final(struct step *step, uint32_t domain, uint64_t number, const struct hash *hash)
{
    struct assembly assembly;
    struct ledger_chain chain;
    struct book book = {.step = step, .domain = domain, .assembly = &assembly};

    if (!ledger_watches(step, domain)) {
        return;
    }
    if (capital_get_assembly(step, domain, &assembly) && assembly.open) {
        ledger_flush(&book);
        capital_put_assembly(step, domain, &assembly);
    }
    if (!capital_get_chain(step, domain, &chain)) {
        chain.state = LEDGER_OPENING;
        chain.since = step->now;
    }
    chain.applied_block = number;
    chain.applied_hash = *hash;
    chain.applied_at = step->now;
    chain.finals++;
    if (question_is_wanted(step, &chain)) {
        question_ask(step, domain, &chain);
    }
    capital_put_chain(step, domain, &chain);
    backing_on_ledger(step, domain);
}

void ledger_on_due(struct step *step, uint32_t domain)
{
    struct ledger_chain chain;

    if (!capital_get_chain(step, domain, &chain) || !chain.asked ||
        !instant_is_past(chain.ask_again, step->now)) {
        return;
    }
    chain.attempts++;
    if (chain.attempts >= ATTEMPTS_PER_QUESTION) {
        /* Nodes forget the state of old blocks: ask about the next final one instead. */
        chain.asked = false;
        chain.finals = FINALS_PER_QUESTION;
    } else {
        question_send(step, domain, &chain);
    }
    capital_put_chain(step, domain, &chain);
}

/* ---- readings that are kept as they are ---- */

static bool vault_put(struct step *step, const struct event *event, const struct vault_state *state)
{
    struct vault_row row;
    bool changed;

    (void)capital_get_vault(step, event->domain, &state->vault, &row);
    changed = row.block == 0 || !amount_equal(&row.state.total_assets, &state->total_assets) ||
              !amount_equal(&row.state.total_shares, &state->total_shares) ||
              !amount_equal(&row.state.own_shares, &state->own_shares) ||
              !amount_equal(&row.state.assets_per_share, &state->assets_per_share);
    if (!changed) {
        return false;
    }
    row.block = event->positions.block_number;
    row.block_hash = event->positions.block_hash;
    row.state = *state;
    capital_put_vault(step, event->domain, &state->vault, &row);
    return true;
}

/* One row per router, with every destination that was quoted. */
static bool quotes_put(struct step *step, const struct event *event, const struct address *router)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[QUOTES_ROW_BYTES_MAX];
    struct packer packer = packer_from(value, sizeof(value));
    bool changed = false;
    struct bytes old;

    for (uint32_t i = 0; i < event->positions.quotes_count; i++) {
        const struct bridge_quote *quote = &event->positions.quotes[i];
        struct quote_row known;
        if (!address_equal(&quote->router, router)) {
            continue;
        }
        changed = changed ||
                  !capital_get_quote(step, event->domain, router, quote->destination, &known) ||
                  !amount_equal(&known.amount, &quote->amount) ||
                  !amount_equal(&known.fee_native, &quote->fee_native) ||
                  !amount_equal(&known.fee_token, &quote->fee_token);
        const struct quote_row row = {
            .destination = quote->destination,
            .block = event->positions.block_number,
            .block_hash = event->positions.block_hash,
            .amount = quote->amount,
            .fee_native = quote->fee_native,
            .fee_token = quote->fee_token,
        };
        quote_row_pack(&packer, &row);
    }
    /* A destination that has a quote no more must not keep its old one. */
    const bool fewer = step_get(step, quotes_key(key, event->domain, router), &old) &&
                       old.count != packer.buffer.count;
    if (packer.overrun || (!changed && !fewer)) {
        return false;
    }
    step_put(step, quotes_key(key, event->domain, router), packer_finish(&packer));
    return true;
}

static void readings_put(struct step *step, const struct event *event)
{
    uint32_t room = READINGS_PER_ANSWER;

    for (uint32_t i = 0; i < event->positions.vaults_count && room > 0; i++) {
        room -= vault_put(step, event, &event->positions.vaults[i]) ? 1u : 0u;
    }
    for (uint32_t i = 0; i < step->config->routers_count && room > 0; i++) {
        const struct core_router *router = &step->config->routers[i];
        if (router->domain == event->domain && !address_is_zero(&router->bridge)) {
            room -= quotes_put(step, event, &router->router) ? 1u : 0u;
        }
    }
    for (uint32_t i = 0; i < step->config->spokes_count && room > 0; i++) {
        const struct core_spoke *spoke = &step->config->spokes[i];
        if (spoke->domain == event->domain && !address_is_zero(&spoke->bridge)) {
            room -= quotes_put(step, event, &spoke->bridge) ? 1u : 0u;
        }
    }
}

/* ---- comparing ---- */

/* One account of the snapshot, and what the answer says of it. */
struct comparison {
    struct account account;
    struct address token;
    struct account_balance ledger;
    bool stated;
    bool owes; /* a venue alone: more is owed there than is in it, by so much */
    struct amount chain;
};

static struct comparison comparison_read(const struct core_config *config,
                                         struct unpacker *unpacker, const struct event *event)
{
    struct comparison comparison;

    memset(&comparison, 0, sizeof(comparison));
    comparison.account = account_unpack(unpacker);
    comparison.token = unpack_address(unpacker);
    comparison.ledger.negative = unpack_bool(unpacker);
    comparison.ledger.amount = unpack_amount(unpacker);
    const struct address nobody = {{0}};
    const struct address *holder = comparison.account.kind == ACCOUNT_SUPPLY
                                       ? &nobody /* the whole supply */
                                       : &comparison.account.address;
    if (comparison.account.kind == ACCOUNT_VENUE) {
        struct account_balance net = {.negative = false};
        comparison.stated = ledger_venue_stated(config, event, &comparison.account, &net);
        comparison.chain = net.amount;
        comparison.owes = net.negative;
        return comparison;
    }
    for (uint32_t i = 0; i < event->positions.balances_count; i++) {
        const struct balance *balance = &event->positions.balances[i];
        if (address_equal(&balance->account, holder) &&
            address_equal(&balance->token, &comparison.token)) {
            comparison.stated = true;
            comparison.chain = balance->amount;
        }
    }
    return comparison;
}

static bool comparison_agrees(const struct comparison *comparison)
{
    return (comparison->ledger.negative == comparison->owes ||
            amount_is_zero(&comparison->ledger.amount)) &&
           amount_equal(&comparison->ledger.amount, &comparison->chain);
}

/* May an answer leave it out? The key's tokens are read only where the adapter does, and a venue
 * may be silent. */
static bool may_lack(enum account_kind kind)
{
    return kind == ACCOUNT_KEY || kind == ACCOUNT_VENUE;
}

/* Every account that must be stated is. */
static bool answer_is_whole(struct step *step, const struct event *event, struct bytes snapshot)
{
    struct unpacker unpacker = unpacker_from(snapshot);

    while (unpacker.rest.count > 0 && !unpacker.underrun) {
        const struct comparison comparison = comparison_read(step->config, &unpacker, event);
        if (!comparison.stated && !may_lack(comparison.account.kind)) {
            return false;
        }
    }
    if (unpacker.underrun) {
        step->status = STATUS_CORRUPT;
        return false;
    }
    return true;
}

/* Makes the account what the chain says it was at the snapshot, against `against`. */
static bool comparison_book(struct book *book, const struct comparison *comparison,
                            enum posting_kind kind, enum account_kind against)
{
    const struct account other =
        capital_account(against, comparison->account.symbol, book->domain, NULL);
    struct amount difference = comparison->chain;
    bool is_more = !comparison->owes;

    /* What is missing on the account's debit side, or on its credit side. */
    if (comparison->ledger.negative != comparison->owes) {
        if (amount_add(&difference, &comparison->ledger.amount, &difference) != STATUS_OK) {
            return false;
        }
    } else if (amount_subtract(&difference, &comparison->ledger.amount, &difference) != STATUS_OK) {
        is_more = comparison->owes;
        const enum status status =
            amount_subtract(&comparison->ledger.amount, &comparison->chain, &difference);
        CHECK(status == STATUS_OK);
    }
    const bool is_debit = is_more != (comparison->account.kind == ACCOUNT_SUPPLY);
    return ledger_post(book, kind, is_debit ? &comparison->account : &other,
                       is_debit ? &other : &comparison->account, &difference, NULL);
}

static void account_open(struct step *step, const struct account *account)
{
    struct account_row row;

    (void)capital_get_account(step, account, &row);
    row.opened = true;
    capital_put_account(step, account, &row);
}

static void difference_note(struct step *step, uint32_t domain, const struct comparison *comparison)
{
    const enum account_kind kind = comparison->account.kind;
    struct text text = text_from(comparison->account.symbol);

    text_add(&text, " ");
    text_add(&text, account_kind_name(kind));
    text_add(&text, comparison->ledger.negative ? ": ledger -" : ": ledger ");
    text_add_amount(&text, &comparison->ledger.amount);
    text_add(&text, ", chain ");
    text_add_amount(&text, &comparison->chain);
    text_add(&text, " base units; moves here are stopped");
    step_note(step, NOTE_ALARM, domain, NULL, REASON_UNRECONCILED, text.text);
}

/* What became of all comparisons of an answer. */
struct comparisons {
    bool whole; /* all accounts are open */
    bool differ;
    struct comparison first; /* that differs */
};

static struct comparisons answer_compare(struct book *book, const struct ledger_chain *chain,
                                         const struct event *event, struct bytes snapshot)
{
    struct unpacker unpacker = unpacker_from(snapshot);
    struct comparisons result;
    uint32_t openings = 0;
    uint32_t yields = 0;

    memset(&result, 0, sizeof(result));
    result.whole = true;
    while (unpacker.rest.count > 0) {
        const struct comparison comparison = comparison_read(book->step->config, &unpacker, event);
        struct account_row row;
        (void)capital_get_account(book->step, &comparison.account, &row);
        if (!comparison.stated || (row.opened && comparison_agrees(&comparison))) {
            continue;
        }
        if (row.opened && comparison.account.kind == ACCOUNT_VENUE) {
            if (yields++ < YIELDS_PER_ANSWER) {
                (void)comparison_book(book, &comparison, POSTING_YIELD, ACCOUNT_YIELD);
            }
            continue;
        }
        if (row.opened && !chain->accept) {
            result.first = result.differ ? result.first : comparison;
            result.differ = true;
            continue;
        }
        if (openings++ == OPENINGS_PER_ANSWER) {
            result.whole = false;
            break;
        }
        if (!comparison_book(book, &comparison, row.opened ? POSTING_ADJUSTMENT : POSTING_OPENING,
                             row.opened ? ACCOUNT_EXTERNAL : ACCOUNT_EQUITY)) {
            result.first = comparison;
            result.differ = true;
            continue;
        }
        account_open(book->step, &comparison.account);
    }
    return result;
}

static void state_set(struct step *step, uint32_t domain, struct ledger_chain *chain,
                      const struct comparisons *result)
{
    if (result->differ) {
        const bool same = chain->state == LEDGER_UNRECONCILED &&
                          amount_equal(&chain->chain, &result->first.chain) &&
                          amount_equal(&chain->ledger.amount, &result->first.ledger.amount);
        chain->differing = result->first.account;
        chain->ledger = result->first.ledger;
        chain->chain = result->first.chain;
        if (chain->state != LEDGER_UNRECONCILED) {
            chain->since = step->now;
        }
        chain->state = LEDGER_UNRECONCILED;
        if (!same) {
            difference_note(step, domain, &result->first);
        }
        return;
    }
    if (!result->whole) {
        chain->finals = FINALS_PER_QUESTION; /* the rest with the next final block */
        return;
    }
    if (chain->state != LEDGER_RECONCILED) {
        chain->since = step->now;
        step_note(step, NOTE_INFO, domain, NULL, REASON_RECONCILED, NULL);
    }
    chain->state = LEDGER_RECONCILED;
    chain->accept = false;
    chain->reconciled_block = chain->asked_block;
    chain->reconciled_hash = chain->asked_hash;
    chain->reconciled_at = step->now;
}

/* Postings of an answer belong to the block that was asked about and to no transaction. */
static void answer_apply(struct step *step, const struct event *event, struct ledger_chain *chain,
                         struct bytes snapshot)
{
    struct assembly assembly;
    struct book book = {.step = step, .domain = event->domain, .assembly = &assembly};

    (void)capital_get_assembly(step, event->domain, &assembly);
    struct assembly kept = assembly;
    assembly.block = chain->asked_block;
    memset(&assembly.transaction, 0, sizeof(assembly.transaction));
    assembly.log_index = 0;
    assembly.record = step->record;
    const struct comparisons result = answer_compare(&book, chain, event, snapshot);
    if (assembly.sequence != kept.sequence) {
        kept.sequence = assembly.sequence;
        capital_put_assembly(step, event->domain, &kept);
    }
    state_set(step, event->domain, chain, &result);
}

void ledger_on_positions(struct step *step, const struct event *event)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    struct ledger_chain chain;
    struct bytes stored;

    if (!capital_get_chain(step, event->domain, &chain) || !chain.asked ||
        chain.asked_block != event->positions.block_number ||
        !hash_equal(&chain.asked_hash, &event->positions.block_hash) ||
        event->positions.outcome != OUTCOME_OK) {
        return; /* late, repeated, or unknown: the due row asks again */
    }
    if (!step_get(step, ledger_asked_key(key, event->domain), &stored)) {
        return;
    }
    const struct bytes snapshot = step_keep(step, stored); /* outlives the next reads */
    if (!answer_is_whole(step, event, snapshot)) {
        return;
    }
    readings_put(step, event);
    price_on_positions(step, event);
    venue_on_positions(step, event);
    flow_on_positions(step, event);
    question_end(step, event->domain, &chain);
    answer_apply(step, event, &chain, snapshot);
    capital_put_chain(step, event->domain, &chain);
    backing_on_ledger(step, event->domain);
    exposure_on_positions(step, event->domain);
    hub_on_positions(step, event);
}

/* ---- a person ---- */

void ledger_on_operator(struct step *step, const struct event *event)
{
    struct ledger_chain chain;

    if (event->operator_.action != OPERATOR_RESUME || event->domain == 0 ||
        !capital_get_chain(step, event->domain, &chain) || chain.state != LEDGER_UNRECONCILED) {
        return;
    }
    chain.accept = true;
    chain.finals = FINALS_PER_QUESTION;
    capital_put_chain(step, event->domain, &chain);
    step_note(step, NOTE_WARN, event->domain, NULL, REASON_UNRECONCILED,
              "a person accepts the difference: the next reading of balances is booked");
}
