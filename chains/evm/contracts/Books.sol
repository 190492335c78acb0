// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMailbox} from "@hyperlane-xyz/core/contracts/interfaces/IMailbox.sol";
import {Pricing} from "./Prices.sol";
import {Venue, VenueKind, Venues} from "./Venues.sol";
import {Window, Windows} from "./Windows.sol";

struct Limits {
    uint128 velocity; // most that may be invested, swapped, borrowed and bridged per window
    uint128 loss; // most that may be lost by all of it per window: the budget
    uint32 window; // seconds
    uint128 idleMin; // liquid buffer: investing, swapping and bridging leave so much
}

struct Asset {
    bytes32 id; // the same on all chains
    uint8 decimals;
    uint128 idle;
    uint128 idleMin;
    uint128 recall; // the hub wants so much on its chain first
    Pricing pricing;
    Window velocity;
    Window loss;
}

struct Sibling {
    bytes32 spoke;
    mapping(address token => uint256) sent;
    mapping(address token => uint256) announced;
    mapping(address token => uint256) received;
}

/// A way to a sibling for one asset.
struct Route {
    bytes32 code; // code hash of the bridge; zero: closed
    uint16 feeBpsMax; // fee in the asset, of the amount
    uint128 nativeFeeMax; // wei, the notice to the sibling included
}

struct VenueTerms {
    VenueKind kind;
    address place;
    address asset;
    address receipt;
    address debt;
    address probeAt;
    bytes4 probe;
    uint128 cap;
    uint128 debtCap;
    uint128 healthMin;
    uint128 supplyMin;
    uint16 jumpBpsMax;
}

/// Which leg a verb is, and its number among the spoke's events.
struct Leg {
    bytes32 leg;
    uint64 number;
}

/// All that a spoke knows, and what its owner allows. Libraries that run in the spoke's context share it.
struct Books {
    IMailbox mailbox;
    address[] tokens;
    uint32[] domains;
    mapping(address token => Asset) assets;
    mapping(bytes32 id => address token) tokenOf;
    Venue[] venues;
    mapping(uint32 domain => Sibling) siblings;
    mapping(bytes32 key => Route) routes;
    uint32 localDomain;
    uint32 hubDomain;
    bytes32 hub;
    uint16 slipBpsMax; // of a swap, under each of the two prices
}

/// What every part of the spoke does with the books.
///
/// The books count only what the verbs brought: `idle` is never read from a balance, so what a
/// stranger sends in moves no price, no report and no limit.
library Bookkeeping {
    using Windows for Window;
    using Venues for Venue;

    event LossCharged(uint64 indexed sequence, address indexed token, uint256 amount, uint256 left);

    error AssetUnknown(address token);
    error VenueUnknown(uint256 venue);
    error DecimalsChanged(address token);
    error VenueIsClosed(uint256 venue);
    error IdleShort(address token, uint256 idle, uint256 wanted);

    /// Takes a loss off the budget of the verb with this number, or reverts.
    function charge(Books storage b, uint64 number, address token, uint256 loss) internal {
        if (loss == 0) return;
        Asset storage a = assetOf(b, token);
        a.loss.spend(loss);
        emit LossCharged(number, token, loss, a.loss.room());
    }

    /// Reserves `amount` of what is idle: within the velocity limit, and `keep` stays.
    function reserve(Books storage b, address token, uint256 amount, uint256 keep)
        internal
        returns (Asset storage a)
    {
        a = assetOf(b, token);
        if (a.idle < keep || a.idle - keep < amount) revert IdleShort(token, a.idle, amount + keep);
        a.velocity.spend(amount);
    }

    /// What must stay idle: the owner's buffer, or what the hub called home.
    function kept(Books storage b, address token) internal view returns (uint256) {
        Asset storage a = assetOf(b, token);
        return a.idleMin > a.recall ? a.idleMin : a.recall;
    }

    function assetOf(Books storage b, address token) internal view returns (Asset storage a) {
        a = b.assets[token];
        if (a.id == 0) revert AssetUnknown(token);
    }

    function venueOf(Books storage b, uint256 index) internal view returns (Venue storage) {
        if (index >= b.venues.length) revert VenueUnknown(index);
        return b.venues[index];
    }

    /// A venue of one of two kinds that may take more: open, and still the code that was allowed.
    function openVenue(Books storage b, uint256 index, VenueKind one, VenueKind other)
        internal
        view
        returns (Venue storage v)
    {
        v = venueOf(b, index);
        if (!v.open || (v.kind != one && v.kind != other)) revert VenueIsClosed(index);
        v.requireSame();
    }

    function routeKey(uint32 domain, address token, address bridge) internal pure returns (bytes32) {
        return keccak256(abi.encode(domain, token, bridge));
    }

    function short(uint256 due, uint256 got) internal pure returns (uint256) {
        return due > got ? due - got : 0;
    }
}
