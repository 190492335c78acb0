/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/capital/ledger_transit.c: messages that carry capital, by their ids, and what spokes
 * send to their siblings with them.
 *
 * A message is booked once as sent and once as delivered, whichever comes first. */
#include <string.h>

#include "relay/core/capital/ledger_internal.h"

static struct account pool(enum account_kind kind, const char *symbol, uint32_t domain)
{
    return capital_account(kind, symbol, domain, NULL);
}

static void transit_put(struct book *book, const struct hash *id, const struct transit_row *row)
{
    uint8_t key[CAPITAL_KEY_BYTES_MAX];
    uint8_t value[TRANSIT_ROW_BYTES_MAX];
    struct packer packer = packer_from(value, sizeof(value));
    struct bytes unused;

    transit_row_pack(&packer, row);
    step_put(book->step, transit_key(key, id), packer_finish(&packer));
    const bool under_way = row->sent && !row->delivered;
    const bool listed = step_get(book->step, transit_open_key(key, id), &unused);
    if (under_way && !listed) {
        step_put(book->step, transit_open_key(key, id), bytes_from(NULL, 0));
    } else if (!under_way && listed) {
        step_delete(book->step, transit_open_key(key, id));
    }
}

/* The account that holds the message while it is under way. */
struct account ledger_transit_account(const struct transit_row *row)
{
    return capital_account(row->kind == TRANSIT_USER ? ACCOUNT_OWED : ACCOUNT_ARRIVING, row->symbol,
                           row->destination, &row->target);
}

/* Both ends are known: what they differ by is a fee (or, the other way round, a gain). */
static void transit_close(struct book *book, const struct hash *id, const struct transit_row *row)
{
    const struct account fees = pool(ACCOUNT_FEES, row->symbol, row->destination);
    const struct account held = ledger_transit_account(row);
    const struct amount lost = capital_less(&row->sent_amount, &row->delivered_amount);
    const struct amount gained = capital_less(&row->delivered_amount, &row->sent_amount);
    /* OWED is a debt: what is not paid of it is gained by us. ARRIVING is the reverse. */
    const bool user = row->kind == TRANSIT_USER;

    (void)ledger_post(book, POSTING_DIFFERENCE, user ? &held : &fees, user ? &fees : &held, &lost,
                      id);
    (void)ledger_post(book, POSTING_DIFFERENCE, user ? &fees : &held, user ? &held : &fees, &gained,
                      id);
}

/* Books a sending whose delivery was booked first, against what the delivery was taken from. */
static void transit_settle(struct book *book, const struct hash *id, const struct transit_row *row)
{
    const struct account held = ledger_transit_account(row);
    const bool user = row->kind == TRANSIT_USER;
    const struct account from =
        pool(user ? ACCOUNT_EQUITY : ACCOUNT_EXTERNAL, row->symbol, row->destination);

    (void)ledger_post(book, POSTING_SETTLEMENT, user ? &held : &from, user ? &from : &held,
                      &row->delivered_amount, id);
    transit_close(book, id, row);
}

/* Records the sending `sent` of a message, which was posted already. Returns the row as it is now;
 * a delivery that came first is settled. */
struct transit_row ledger_transit_sent(struct book *book, const struct hash *id,
                                       const struct transit_row *sent)
{
    struct transit_row row;

    if (!capital_get_transit(book->step, id, &row)) {
        row = *sent;
        transit_put(book, id, &row);
        return row;
    }
    if (row.sent || row.kind != sent->kind || row.destination != sent->destination ||
        !address_equal(&row.target, &sent->target)) {
        return row; /* a message id is dispatched once: nothing to add */
    }
    struct transit_row both = *sent;
    both.delivered = row.delivered;
    both.delivered_amount = row.delivered_amount;
    both.delivered_block = row.delivered_block;
    if (both.delivered) {
        transit_settle(book, id, &both);
    }
    transit_put(book, id, &both);
    return both;
}

void ledger_transit_delivered(struct book *book, const struct hash *id, struct transit_row *row,
                              const struct amount *amount)
{
    row->delivered = true;
    row->delivered_amount = *amount;
    row->delivered_block = book->assembly->block;
    if (row->sent) {
        transit_close(book, id, row);
    }
    transit_put(book, id, row);
}

/* ---- a spoke sends ---- */

bool ledger_is_spokes_bridge(const struct book *book, const struct account *spoke,
                             const struct address *address)
{
    const struct core_config *config = book->step->config;

    for (uint32_t i = 0; i < config->spokes_count; i++) {
        const struct account known = capital_spoke_account(config, i);
        if (known.domain == spoke->domain && address_equal(&known.address, &spoke->address) &&
            capital_is_symbol(known.symbol, spoke->symbol) &&
            !address_is_zero(&config->spokes[i].bridge) &&
            address_equal(&config->spokes[i].bridge, address)) {
            return true;
        }
    }
    return false;
}

/* The spoke of ours here that this message of its bridge carries capital of, and its sibling there.
 * False: none. */
static bool crossing_ends(const struct book *book, const struct message_view *message,
                          const struct token_message *body, struct account *ret_source,
                          struct account *ret_target)
{
    const struct core_config *config = book->step->config;

    for (uint32_t i = 0; i < config->spokes_count; i++) {
        const struct core_spoke *from = &config->spokes[i];
        for (uint32_t k = 0; k < config->spokes_count && from->domain == book->domain &&
                             address_equal(&from->bridge, &message->sender);
             k++) {
            const struct core_spoke *to = &config->spokes[k];
            if (to->asset == from->asset && to->domain == message->destination &&
                address_equal(&to->spoke, &body->recipient)) {
                *ret_source = capital_spoke_account(config, i);
                *ret_target = capital_spoke_account(config, k);
                return true;
            }
        }
    }
    return false;
}

bool ledger_crossing_sent(struct book *book, const struct fact *fact,
                          const struct message_view *message, const struct token_message *body,
                          const struct hash *id)
{
    struct account source;
    struct account target;
    struct transit_row sent;

    if (!crossing_ends(book, message, body, &source, &target)) {
        return false;
    }
    ledger_enter(book, fact);
    struct assembly_entry *entry = ledger_entry_of(book, &source);
    const struct amount moved = ledger_amount_take(&entry->to_bridge, &body->amount);
    if (amount_is_zero(&moved)) {
        return false; /* anybody may send to a spoke of ours over that bridge */
    }
    const struct amount fee = entry->to_bridge;
    entry->to_bridge = amount_zero();
    const struct account arriving =
        capital_account(ACCOUNT_ARRIVING, source.symbol, target.domain, &target.address);
    const struct account fees = pool(ACCOUNT_FEES, source.symbol, book->domain);
    (void)ledger_post(book, POSTING_MOVE_SENT, &arriving, &source, &moved, id);
    (void)ledger_post(book, POSTING_FEE, &fees, &source, &fee, id);
    memset(&sent, 0, sizeof(sent));
    sent.kind = TRANSIT_MOVE;
    capital_symbol(sent.symbol, source.symbol);
    sent.origin = book->domain;
    sent.destination = target.domain;
    sent.source = source.address;
    sent.target = target.address;
    sent.sent = true;
    sent.sent_amount = moved;
    sent.sent_block = book->assembly->block;
    sent.since = book->step->now;
    sent.move_id = move_on_crossed(book->step, &sent, &fact->transaction, id);
    const struct transit_row row = ledger_transit_sent(book, id, &sent);
    if (row.delivered) {
        move_on_arrived(book->step, &sent.move_id, &row.delivered_amount, row.delivered_block);
    }
    return true;
}
