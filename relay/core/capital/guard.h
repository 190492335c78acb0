/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/capital/guard.h: how much must be in a venue so that what is owed there is guarded.
 *
 * A debt is guarded while, at prices of the collateral that fell by the mandate's shock, the
 * collateral at its liquidation thresholds is worth the mandate's floor times the debt:
 *
 *     guard * (1 - shock) >= debt * floor
 *
 * What is missing is brought in by planning before anything is earned (relay/core/plan), and
 * what that needs is never taken out. Or so much of the debt is paid back that the rest is guarded
 * by what is there:
 *
 *     paid = debt - guard * (1 - shock) / floor
 *
 * Rounded against us. Threads: none; pure. */
#ifndef SLUICE_RELAY_CORE_CAPITAL_GUARD_H
#define SLUICE_RELAY_CORE_CAPITAL_GUARD_H

#include "relay/core/config.h"
#include "relay/core/event.h"

/* What must be in the venue, in base units; zero: nothing is owed there, or it is not guarded with
 * this asset. The largest number: nothing of this asset would be enough. */
struct amount guard_least(const struct core_venue *venue, const struct venue_state *state,
                          uint32_t decimals);
/* How much of all that is owed in the account is more than its collateral guards, in its numeraire;
 * zero: nothing. */
struct amount guard_excess(const struct core_venue *venue, const struct venue_state *state);
/* Is it more than a thousandth of the debt? Interest alone brings a debt just below its floor again
 * and again. */
bool guard_owes_too_much(const struct core_venue *venue, const struct venue_state *state);
/* Base units of a debt's asset that pay back so much of the numeraire, and a thousandth of the
 * whole debt more, so that interest does not want more at once. `state` is of the venue where it is
 * owed. The largest number: it is not known, or out of range. */
struct amount guard_payment(const struct venue_state *state, uint32_t decimals,
                            const struct amount *excess);
/* What the venue says, at the mandate's own price of the asset (its lower one) where that is below
 * the venue's: its oracle follows, and it is too late then. Where the venue's units are not known
 * its own word stands alone. */
struct venue_state guard_at_price(const struct venue_state *state, uint32_t decimals,
                                  const struct amount *price_low);
/* Is less in it than must be? */
bool guard_is_low(const struct core_venue *venue, const struct venue_state *state,
                  uint32_t decimals);

#endif
