// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Asset, Bookkeeping, Books, Leg} from "./Books.sol";
import {Venue, VenueKind, Venues} from "./Venues.sol";
import {Window, Windows} from "./Windows.sol";

/// The verbs between the spoke and its venues. They run in the spoke's own context; the spoke has
/// checked the order.
library SpokeVerbs {
    using Venues for Venue;
    using Windows for Window;
    using Bookkeeping for Books;

    event Deposited(
        uint64 indexed sequence, bytes32 indexed leg, uint256 indexed venue, address token,
        uint256 paid, uint256 gained, uint256 idleAfter, uint256 suppliedAfter
    );
    event Withdrawn(
        uint64 indexed sequence, bytes32 indexed leg, uint256 indexed venue, address token,
        uint256 got, uint256 due, uint256 idleAfter, uint256 suppliedAfter
    );
    event Borrowed(
        uint64 indexed sequence, bytes32 indexed leg, uint256 indexed venue, address token,
        uint256 got, uint256 owedMore, uint256 idleAfter, uint256 owedAfter
    );
    event Repaid(
        uint64 indexed sequence, bytes32 indexed leg, uint256 indexed venue, address token,
        uint256 paid, uint256 owedLess, uint256 idleAfter, uint256 owedAfter
    );
    error PaidMore(uint256 paid, uint256 most);
    error AmountZero();
    error NoBorrowing(uint256 venue);

    function deposit(Books storage b, Leg memory l, uint256 venue, uint256 amount) public {
        Venue storage v = Bookkeeping.openVenue(b, venue, VenueKind.VAULT, VenueKind.AAVE);
        Asset storage a = b.reserve(v.asset, amount, b.kept(v.asset));
        uint256 loss = v.mark();
        (uint256 paid, uint256 gained) = v.putIn(amount);
        if (paid > amount) revert PaidMore(paid, amount);
        a.idle -= uint128(paid);
        b.charge(l.number, v.asset, loss + Bookkeeping.short(paid, gained));
        emit Deposited(l.number, l.leg, venue, v.asset, paid, gained, a.idle, v.supplied());
    }

    /// Brings home `amount`; the highest number empties the venue.
    function withdraw(Books storage b, Leg memory l, uint256 venue, uint256 amount) public {
        Venue storage v = b.venueOf(venue);
        if (amount == 0 || v.asset == address(0)) revert AmountZero();
        v.requireSame();
        (uint256 got, uint256 due) = v.takeOut(amount);
        Asset storage a = b.assets[v.asset];
        a.idle += uint128(got);
        b.charge(l.number, v.asset, Bookkeeping.short(due, got));
        emit Withdrawn(l.number, l.leg, venue, v.asset, got, due, a.idle, v.supplied());
    }

    function borrow(Books storage b, Leg memory l, uint256 venue, uint256 amount) public {
        Venue storage v = Bookkeeping.openVenue(b, venue, VenueKind.AAVE, VenueKind.AAVE);
        // A debt that no token tells of would not be counted.
        if (v.debt == address(0)) revert NoBorrowing(venue);
        Asset storage a = b.assetOf(v.asset);
        a.velocity.spend(amount);
        (uint256 got, uint256 more) = v.draw(amount);
        a.idle += uint128(got);
        b.charge(l.number, v.asset, Bookkeeping.short(more, got));
        emit Borrowed(l.number, l.leg, venue, v.asset, got, more, a.idle, v.owed());
    }

    /// Repays from what is idle. Neither buffer nor velocity limit holds it back: it only lowers risk.
    function repay(Books storage b, Leg memory l, uint256 venue, uint256 amount) public {
        Venue storage v = b.venueOf(venue);
        if (v.kind != VenueKind.AAVE || amount == 0) revert AmountZero();
        v.requireSame();
        Asset storage a = b.assetOf(v.asset);
        if (amount > a.idle) revert Bookkeeping.IdleShort(v.asset, a.idle, amount);
        (uint256 paid, uint256 less) = v.payBack(amount);
        if (paid > amount) revert PaidMore(paid, amount);
        a.idle -= uint128(paid);
        b.charge(l.number, v.asset, Bookkeeping.short(paid, less));
        emit Repaid(l.number, l.leg, venue, v.asset, paid, less, a.idle, v.owed());
    }
}
