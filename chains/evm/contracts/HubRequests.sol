// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// All requests of one round: what was asked, and what it was settled at.
struct Round {
    uint128 assets; // to deposit
    uint128 shares; // to redeem
    uint64 closedAt; // no request joins after this second; zero: open
    uint64 settledAt; // zero: not settled
    uint128 sharesOut; // for all of `assets`
    uint128 assetsOut; // for all of `shares`
}

/// What one controller asked for and may claim. A request is pending in one round at a time.
struct Account {
    uint64 depositRound;
    uint128 depositAssets;
    uint128 claimAssets; // deposited assets whose shares may be claimed
    uint128 claimShares;
    uint64 redeemRound;
    uint128 redeemShares;
    uint128 exitShares; // redeemed shares whose assets may be claimed
    uint128 exitAssets;
}

/// The arithmetic of ERC-7540 requests. Every division is rounded against whoever claims, so the sum of
/// all claims never exceeds what was set aside.
library HubRequests {
    using Math for uint256;
    using SafeCast for uint256;

    error RequestPending(uint64 round);
    error RoundWorthless();
    error ClaimTooLarge(uint256 wanted, uint256 claimable);

    /// Turns requests of settled rounds into claims.
    function roll(Account storage a, mapping(uint64 => Round) storage rounds) public {
        Account memory m = rolled(a, rounds);
        (a.claimAssets, a.claimShares, a.depositAssets) = (m.claimAssets, m.claimShares, m.depositAssets);
        (a.exitAssets, a.exitShares, a.redeemShares) = (m.exitAssets, m.exitShares, m.redeemShares);
    }

    /// The account as it would be after that.
    function rolled(Account storage a, mapping(uint64 => Round) storage rounds)
        public
        view
        returns (Account memory m)
    {
        m = a;
        Round storage r = rounds[m.depositRound];
        if (m.depositAssets != 0 && r.settledAt != 0) {
            m.claimShares += uint128(uint256(m.depositAssets).mulDiv(r.sharesOut, r.assets));
            m.claimAssets += m.depositAssets;
            m.depositAssets = 0;
        }
        r = rounds[m.redeemRound];
        if (m.redeemShares != 0 && r.settledAt != 0) {
            m.exitAssets += uint128(uint256(m.redeemShares).mulDiv(r.assetsOut, r.shares));
            m.exitShares += m.redeemShares;
            m.redeemShares = 0;
        }
    }

    /// Sets what a round's requests are worth: with `low` and `high` for the whole, and `units` of shares.
    function settle(Round storage r, uint256 low, uint256 high, uint256 units) public {
        r.sharesOut = uint256(r.assets).mulDiv(units, high + 1).toUint128();
        r.assetsOut = uint256(r.shares).mulDiv(low + 1, units).toUint128();
        if (r.assets != 0 && r.sharesOut == 0) revert RoundWorthless();
        r.settledAt = uint64(block.timestamp);
    }

    function askDeposit(Account storage a, Round storage r, uint64 round, uint256 assets) public {
        if (a.depositAssets != 0 && a.depositRound != round) revert RequestPending(a.depositRound);
        a.depositRound = round;
        a.depositAssets += assets.toUint128();
        r.assets += assets.toUint128();
    }

    function askRedeem(Account storage a, Round storage r, uint64 round, uint256 shares) public {
        if (a.redeemShares != 0 && a.redeemRound != round) revert RequestPending(a.redeemRound);
        a.redeemRound = round;
        a.redeemShares += shares.toUint128();
        r.shares += shares.toUint128();
    }

    /// Claims shares for `assets` of the settled deposits.
    function claimByAssets(Account storage a, uint256 assets) public returns (uint256 shares) {
        if (assets > a.claimAssets) revert ClaimTooLarge(assets, a.claimAssets);
        shares = assets == a.claimAssets ? a.claimShares : assets.mulDiv(a.claimShares, a.claimAssets);
        a.claimAssets -= uint128(assets);
        a.claimShares -= uint128(shares);
    }

    function claimByShares(Account storage a, uint256 shares) public returns (uint256 assets) {
        if (shares > a.claimShares) revert ClaimTooLarge(shares, a.claimShares);
        if (shares == 0) return 0;
        assets = shares.mulDiv(a.claimAssets, a.claimShares, Math.Rounding.Ceil);
        a.claimAssets -= uint128(assets);
        a.claimShares -= uint128(shares);
    }

    /// Claims assets for `shares` of the settled redemptions.
    function exitByShares(Account storage a, uint256 shares) public returns (uint256 assets) {
        if (shares > a.exitShares) revert ClaimTooLarge(shares, a.exitShares);
        assets = shares == a.exitShares ? a.exitAssets : shares.mulDiv(a.exitAssets, a.exitShares);
        a.exitShares -= uint128(shares);
        a.exitAssets -= uint128(assets);
    }

    function exitByAssets(Account storage a, uint256 assets) public returns (uint256 shares) {
        if (assets > a.exitAssets) revert ClaimTooLarge(assets, a.exitAssets);
        if (assets == 0) return 0;
        shares = assets.mulDiv(a.exitShares, a.exitAssets, Math.Rounding.Ceil);
        a.exitShares -= uint128(shares);
        a.exitAssets -= uint128(assets);
    }
}
