/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/capital/ledger_venues.c: what spokes put into venues and take out of them.
 *
 * A reserve's tokens go and come by its receipt, whether they are supplied or paid back, withdrawn
 * or borrowed: so the books of a venue are what is ours in it less what is owed to it, which is
 * what every one of these changes by exactly what was transferred. What is borrowed is no gain, and
 * what is paid back no loss; interest of either side is yield. */
#include "relay/base/check.h"
#include "relay/core/capital/ledger_internal.h"

/* What this spoke has in the venue at `address`. False: it is no venue of the spoke. */
static bool venue_of(const struct book *book, const struct account *spoke,
                     const struct address *address, struct account *ret_account)
{
    const struct core_config *config = book->step->config;

    for (uint32_t i = 0; i < config->venues_count; i++) {
        const struct core_venue *venue = &config->venues[i];
        const struct account holder = capital_spoke_account(config, venue->spoke);
        const struct address *kept_at =
            address_is_zero(&venue->receipt) ? &venue->venue : &venue->receipt;
        if (address_equal(kept_at, address) && holder.domain == spoke->domain &&
            address_equal(&holder.address, &spoke->address) &&
            capital_is_symbol(holder.symbol, spoke->symbol)) {
            *ret_account = capital_venue_account(config, i);
            return true;
        }
    }
    return false;
}

bool ledger_venue_transfer(struct book *book, const struct fact *fact, const struct account *from,
                           const struct account *to)
{
    struct account venue;

    if (from != NULL && from->kind == ACCOUNT_SPOKE &&
        venue_of(book, from, &fact->transfer.to, &venue)) {
        (void)ledger_post(book, POSTING_DEPOSITED, &venue, from, &fact->transfer.amount, NULL);
        return true;
    }
    if (to != NULL && to->kind == ACCOUNT_SPOKE &&
        venue_of(book, to, &fact->transfer.from, &venue)) {
        (void)ledger_post(book, POSTING_WITHDRAWN, to, &venue, &fact->transfer.amount, NULL);
        return true;
    }
    return false;
}

bool ledger_venue_stated(const struct core_config *config, const struct event *event,
                         const struct account *account, struct account_balance *ret_net)
{
    for (uint32_t i = 0; i < config->venues_count; i++) {
        const struct account of = capital_venue_account(config, i);
        const struct core_spoke *spoke = &config->spokes[config->venues[i].spoke];
        if (of.domain != account->domain || !address_equal(&of.address, &account->address) ||
            !capital_is_symbol(of.symbol, account->symbol)) {
            continue;
        }
        for (uint32_t k = 0; k < event->positions.venues_count; k++) {
            const struct venue_state *state = &event->positions.venues[k];
            if (state->index == config->venues[i].index &&
                address_equal(&state->spoke, &spoke->spoke)) {
                const bool owes = amount_compare(&state->owed, &state->supplied) > 0;
                const enum status status =
                    owes ? amount_subtract(&state->owed, &state->supplied, &ret_net->amount)
                         : amount_subtract(&state->supplied, &state->owed, &ret_net->amount);
                CHECK(status == STATUS_OK);
                ret_net->negative = owes;
                return true;
            }
        }
    }
    return false;
}
