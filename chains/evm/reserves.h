/* SPDX-License-Identifier: Apache-2.0 */
/* chains/evm/reserves.h: what is asked about a reserve of Aave v3, and what its answers say. Part
 * of spokes.h, which asks; chains/evm/venues/aave.h says what they mean together. Threads: none. */
#ifndef SLUICE_CHAINS_EVM_RESERVES_H
#define SLUICE_CHAINS_EVM_RESERVES_H

#include "chains/evm/abi.h"
#include "chains/evm/spokes.h"

/* Of a venue of either kind. */
enum venue_question {
    VENUE_BOOKS = 0,
    VENUE_POSITION = 1,
    VENUE_DECIMALS = 2,
    VENUE_SUPPLY = 3,
    VENUE_DEPOSIT_MAX = 4,
    VENUE_WITHDRAW_MAX = 5,
    VENUE_PAUSE = 6,
    VENUE_CODE = 7,
    VENUE_PRICE = 8,
    VENUE_PROBE = 9,
    /* Of a reserve. */
    VENUE_RESERVE = 10,
    VENUE_LIQUIDITY = 11,
    VENUE_LENDABLE = 12, /* what v3.1 and later lend of it: gifts are not among it */
    VENUE_RECEIPTS = 13,
    VENUE_DEBT = 14,
    VENUE_STABLE_DEBT = 15,
    VENUE_OPTIMAL = 16, /* the four parts of a strategy of v3.0, in this order */
    VENUE_BASE = 17,
    VENUE_SLOPE_BELOW = 18,
    VENUE_SLOPE_ABOVE = 19,
    VENUE_LINES = 20, /* or all at once, of v3.1 and later */
    VENUE_ACCOUNT = 21,
    /* Where something is owed: whether what is supplied guards it, and its price. */
    VENUE_PROVIDER = 22,
    VENUE_COLLATERAL = 23,
    VENUE_ORACLE = 24,
    VENUE_ORACLE_PRICE = 25,
};

/* Writes a question of a reserve, from VENUE_RESERVE on; returns who is asked. */
const struct address *evm_reserve_write(const struct evm_venue *venue, enum venue_question question,
                                        struct abi_writer *data);
/* False: it says what a venue of this kind never says. */
bool evm_reserve_take(struct evm_venue *venue, enum venue_question question, struct bytes returned);
/* Is its strategy known, and one that there can be? True of what is no reserve. Ends the reading.
 */
bool evm_reserve_is_whole(struct evm_venue *venue);
/* One word and nothing else. */
bool evm_read_word(struct bytes returned, struct amount *ret_amount);

#endif
