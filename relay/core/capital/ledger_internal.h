/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/capital/ledger_internal.h: what ledger.c and ledger_reconcile.c share. */
#ifndef SLUICE_RELAY_CORE_CAPITAL_LEDGER_INTERNAL_H
#define SLUICE_RELAY_CORE_CAPITAL_LEDGER_INTERNAL_H

#include "relay/core/capital/capital_internal.h"

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
/* True: the transfer was a deposit of a spoke into a venue of its own, or a withdrawal, and is
 * booked. `from` and `to` are the watched accounts that it touches; NULL: none. */
bool ledger_venue_transfer(struct book *book, const struct fact *fact, const struct account *from,
                           const struct account *to);
/* What the answer says is in the venue of this account. False: nothing. */
bool ledger_venue_stated(const struct core_config *config, const struct event *event,
                         const struct account *account, struct amount *ret_amount);
/* Is there anything of ours on this chain? */
bool ledger_watches(const struct step *step, uint32_t domain);

#endif
