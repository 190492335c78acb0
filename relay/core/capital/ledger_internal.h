/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/capital/ledger_internal.h: what ledger.c and ledger_reconcile.c share. */
#ifndef SLUICE_RELAY_CORE_CAPITAL_LEDGER_INTERNAL_H
#define SLUICE_RELAY_CORE_CAPITAL_LEDGER_INTERNAL_H

#include "relay/core/capital/capital_internal.h"
#include "relay/hyperlane/message.h"
#include "relay/hyperlane/token.h"

/* One chain's books during a step. The owner writes the assembly back. */
struct book {
    struct step *step;
    uint32_t domain;
    struct assembly *assembly;
};

/* Debit gets what credit gives. A zero amount is nothing. False: out of range, nothing booked, an
 * alarm given. `id` may be NULL. */
bool ledger_post(struct book *book, enum posting_kind kind, const struct account *debit,
                 const struct account *credit, const struct amount *amount, const struct hash *id);
/* Ends the transaction being put together. */
void ledger_flush(struct book *book);
/* Makes the fact's transaction the one being put together. */
void ledger_enter(struct book *book, const struct fact *fact);
/* What waits in it about an account. */
struct assembly_entry *ledger_entry_of(struct book *book, const struct account *account);
/* Takes up to `wanted` out of `*pending`; returns what it took. */
struct amount ledger_amount_take(struct amount *pending, const struct amount *wanted);

/* ---- messages that carry capital ---- */

/* The account that holds the message while it is under way. */
struct account ledger_transit_account(const struct transit_row *row);
/* Records the sending `sent` of a message, which was posted already. Returns the row as it is now;
 * a delivery that came first is settled. */
struct transit_row ledger_transit_sent(struct book *book, const struct hash *id,
                                       const struct transit_row *sent);
void ledger_transit_delivered(struct book *book, const struct hash *id, struct transit_row *row,
                              const struct amount *amount);
/* Is the address what takes this spoke's asset to its siblings? */
bool ledger_is_spokes_bridge(const struct book *book, const struct account *spoke,
                             const struct address *address);
/* True: this message of a bridge carries what a spoke of ours sent to its sibling, and is booked.
 */
bool ledger_crossing_sent(struct book *book, const struct fact *fact,
                          const struct message_view *message, const struct token_message *body,
                          const struct hash *id);

/* True: the transfer was a deposit of a spoke into a venue of its own, or a withdrawal, and is
 * booked. `from` and `to` are the watched accounts that it touches; NULL: none. */
bool ledger_venue_transfer(struct book *book, const struct fact *fact, const struct account *from,
                           const struct account *to);
/* What the answer says is in the venue of this account, less what is owed there. False: nothing. */
bool ledger_venue_stated(const struct core_config *config, const struct event *event,
                         const struct account *account, struct account_balance *ret_net);
/* Is there anything of ours on this chain? */
bool ledger_watches(const struct step *step, uint32_t domain);

#endif
