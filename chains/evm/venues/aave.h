/* SPDX-License-Identifier: Apache-2.0 */
/* chains/evm/venues/aave.h: a reserve of an Aave v3 pool, and what it would pay us.
 *
 * The rate that a reserve shows is of what is in it now. What we add lowers it, for us and for
 * everybody, so a plan needs the yield as a function of what would be ours in it:
 *
 *     Y(z) = z * l(z),  l(z) = r(u) * us * (1 - reserve factor),  u = debt / (debt + liquidity)
 *
 * with r the strategy's two lines, below and above its optimal usage, and z shifting the liquidity.
 * Y is looked at exactly in integers at VENUE_PIECES_MAX + 1 amounts, denser where they are small,
 * and the pieces are the smallest concave curve above these: at the strategy's kink Y may be
 * convex, and a plan over pieces needs a concave one. Where more would earn less in sum, it ends.
 *
 * Both families of strategies are known: of v3.0 (a contract per kind of reserve, in 1e-27) and of
 * v3.1 and later (one contract, asked about an asset, in basis points).
 *
 * Threads: none; pure. Memory: the caller's. Amounts: base units of the asset; rates and indexes:
 * 1e-27 ("ray"), by the year of 365 days. */
#ifndef SLUICE_CHAINS_EVM_VENUES_AAVE_H
#define SLUICE_CHAINS_EVM_VENUES_AAVE_H

#include "relay/core/event.h"

#define AAVE_RESERVE_BYTES (15u * 32u)

/* What getReserveData(asset) of a pool returns, as far as it matters here. */
struct aave_reserve {
    bool active;
    bool frozen;
    bool paused;
    uint32_t factor_bps;      /* of the interest: the pool's own */
    uint32_t threshold_bps;   /* of its worth, that guards a debt; zero: it is no collateral */
    uint32_t place;           /* among the pool's reserves */
    struct amount supply_cap; /* zero: none */
    struct amount index;      /* what a scaled unit supplied is worth */
    struct address receipt;   /* aToken; zero: the pool has no such reserve */
    struct address stable;    /* debt tokens; zero: none */
    struct address variable;
    struct address strategy;
    struct amount treasury_scaled; /* interest that is the pool's own, not yet receipts */
    struct amount unbacked;        /* receipts given for what is still on a bridge */
};

/* The strategy's two lines. */
struct aave_lines {
    struct amount optimal; /* usage; in (0, 1] */
    struct amount base;
    struct amount slope_below; /* from no usage to the optimal one */
    struct amount slope_above; /* from there to full usage */
};

/* All that one account has in a pool, in the pool's numeraire. */
struct aave_account {
    struct amount debt;
    struct amount guard; /* its collateral, each kind at its liquidation threshold, rounded down */
};

struct aave_reading {
    struct aave_reserve reserve;
    struct aave_lines lines;
    struct amount liquidity;   /* that can be taken out now */
    struct amount receipts;    /* everybody's */
    struct amount debt;        /* at the variable rate */
    struct amount stable_debt; /* at rates of their own */
    struct amount stable_rate; /* their mean */
    struct aave_account account;
    struct amount unit_guard; /* what a whole token more adds to the account's guard */
    struct amount unit_price; /* of a whole token by the pool's oracle, in 1e-18 of its numeraire */
    struct amount unit_debt;  /* what a whole token owed adds to the account's debt */
};

/* What getUserAccountData(account) returns. STATUS_MALFORMED: no pool returns that. */
MUST_USE enum status aave_account_read(struct bytes returned, struct aave_account *ret_account);
/* Is the reserve collateral, by the word that getUserConfiguration(account) returns? */
bool aave_is_collateral(const struct hash *configuration, const struct aave_reserve *reserve);
/* STATUS_MALFORMED: no pool returns that. */
MUST_USE enum status aave_reserve_read(struct bytes returned, struct aave_reserve *ret_reserve);
/* What getInterestRateDataBps(asset) of a v3.1 strategy returns. STATUS_MALFORMED: none does. */
MUST_USE enum status aave_lines_read(struct bytes returned, struct aave_lines *ret_lines);
/* Usage within (0, 1], rates a thousand times a year at most. */
bool aave_lines_are_sane(const struct aave_lines *lines);

/* What may be supplied before the reserve's own cap; the largest number: it has none. */
struct amount aave_room(const struct aave_reading *reading);
/* Does it owe more receipts than it has tokens and debtors for? What rounding makes is no lack. */
bool aave_is_insolvent(const struct aave_reading *reading);

/* The curve of what would be ours, from nothing to `most`, of which `ours` is there now. Writes one
 * piece at least. STATUS_OVERFLOW: amounts beyond what a token of this world has. */
MUST_USE enum status aave_curve(const struct aave_reading *reading, const struct amount *ours,
                                const struct amount *most,
                                struct venue_piece ret_pieces[VENUE_PIECES_MAX],
                                uint32_t *ret_pieces_count);

#endif
