/* SPDX-License-Identifier: Apache-2.0 */
/* chains/evm/reserves.h: what is asked about a reserve of Aave v3, and what its answers say. Part
 * of spokes.h, which asks; chains/evm/venues/aave.h says what they mean together. Threads: none. */
#ifndef SLUICE_CHAINS_EVM_RESERVES_H
#define SLUICE_CHAINS_EVM_RESERVES_H

#include "chains/evm/abi.h"
#include "chains/evm/spokes.h"

/* What is asked of venues of either kind, and of vaults alone. */
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
};

/* What is asked of reserves alone: numbers above the others, so that a question's number says
 * whose it is. */
enum reserve_question {
    RESERVE_DATA = 32,
    RESERVE_LIQUIDITY = 33,
    RESERVE_LENDABLE = 34, /* what v3.1 and later lend of it: gifts are not among it */
    RESERVE_RECEIPTS = 35,
    RESERVE_DEBT = 36,
    RESERVE_STABLE_DEBT = 37,
    RESERVE_OPTIMAL = 38, /* the four parts of a strategy of v3.0, in this order */
    RESERVE_BASE = 39,
    RESERVE_SLOPE_BELOW = 40,
    RESERVE_SLOPE_ABOVE = 41,
    RESERVE_LINES = 42, /* or all at once, of v3.1 and later */
    RESERVE_ACCOUNT = 43,
    /* Where something is owed: whether what is supplied guards it, and its price. */
    RESERVE_PROVIDER = 44,
    RESERVE_COLLATERAL = 45,
    RESERVE_ORACLE = 46,
    RESERVE_ORACLE_PRICE = 47,
    RESERVE_ORACLE_UNIT = 48, /* of its prices; an oracle need not have one */
};
#define RESERVE_QUESTION_FIRST ((uint32_t)RESERVE_DATA)

/* Writes a question; returns who is asked. */
const struct address *evm_reserve_write(const struct evm_venue *venue,
                                        enum reserve_question question, struct abi_writer *data);
/* False: it says what a venue of this kind never says. */
bool evm_reserve_take(struct evm_venue *venue, enum reserve_question question,
                      struct bytes returned);
/* Is its strategy known, and one that there can be? True of what is no reserve. Ends the reading.
 */
bool evm_reserve_is_whole(struct evm_venue *venue);
/* One word and nothing else. */
bool evm_read_word(struct bytes returned, struct amount *ret_amount);

#endif
