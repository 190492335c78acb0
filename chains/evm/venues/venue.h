/* SPDX-License-Identifier: Apache-2.0 */
/* chains/evm/venues/venue.h: what the answers about one venue of a spoke say together.
 *
 * A spoke keeps books about each venue (chains/evm/contracts/Venues.sol): what the owner allowed,
 * and the price of a share when it was last accepted. The venue itself is a stranger: it may lie,
 * and what it says is held against the books by the same rules as on chain, so that a gate closes
 * here for the reason for which the spoke would refuse, before anything is sent.
 *
 * Threads: none; pure. Memory: the caller's. Amounts: base units of the venue's asset. */
#ifndef SLUICE_CHAINS_EVM_VENUES_VENUE_H
#define SLUICE_CHAINS_EVM_VENUES_VENUE_H

#include "chains/evm/venues/aave.h"
#include "relay/core/event.h"

#define VENUE_DECIMALS_MAX 36u
/* Shares are priced by so many whole ones: slow growth shows, whatever the asset's decimals. */
#define VENUE_PRICED_SHARES UINT64_C(1000000000)

/* What venueOf(index) of a spoke returns. */
struct venue_books {
    uint32_t kind; /* as VenueKind in Venues.sol: 1 vault, 2 Aave */
    bool open;
    struct address place;
    struct hash code;
    struct address probe_at; /* answers `probe` with a word that an upgrade would change */
    uint32_t probe;          /* selector; zero: none */
    struct hash probe_word;
    struct address asset;
    struct address receipt;
    struct amount cap;
    struct amount supply_min; /* shares */
    uint32_t jump_bps_max;
    uint64_t book_at_s;
    struct amount book; /* assets for 10^6 whole shares */
};

/* Reads exactly what Spoke.venueOf returns. STATUS_MALFORMED: anything else. */
MUST_USE enum status venue_books_read(struct bytes returned, struct venue_books *ret_books);

/* All that was read of a venue, at one block. */
struct venue_reading {
    struct venue_books books;
    struct amount supplied; /* by the spoke's own careful count */
    struct amount owed;
    struct hash code; /* keccak of the code at its address */
    struct hash probe_word;
    uint64_t time_s; /* about when */
    /* Of a reserve. */
    struct aave_reading reserve;
    /* Of a vault. */
    bool paused;               /* it has a paused() and that says so */
    struct amount supply;      /* of shares */
    struct amount deposit_max; /* for the spoke */
    struct amount withdraw_max;
    struct amount price; /* assets for VENUE_PRICED_SHARES whole shares */
};

/* Whether the books are about this venue, asset and receipt; if not, nothing is known of it. */
bool venue_is_in_books(const struct core_venue *venue, const struct address *token,
                       const struct venue_books *books);
/* The first gate that is closed, in the order in which the spoke would refuse. */
enum venue_gate venue_gate_of(const struct core_venue *venue, const struct venue_reading *reading);
/* Writes gate, amounts and curve; spoke and index are the caller's. A closed gate lets nothing in,
 * and out what is there, but where a pause holds that too. STATUS_OVERFLOW: the venue names amounts
 * that no token has. */
MUST_USE enum status venue_state_of(const struct core_venue *venue,
                                    const struct venue_reading *reading, struct venue_state *state);

#endif
