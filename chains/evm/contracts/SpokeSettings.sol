// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {Asset, Bookkeeping, Books, Limits, Route, Sibling, VenueTerms} from "./Books.sol";
import {Messages} from "./Messages.sol";
import {Pricing} from "./Prices.sol";
import {Venue, VenueKind, Venues} from "./Venues.sol";
import {Window, Windows} from "./Windows.sol";

/// Changes of what is allowed. The spoke has checked who asks; this checks that it makes sense.
library SpokeSettings {
    using Windows for Window;
    using Venues for Venue;
    using Bookkeeping for Books;

    uint256 internal constant VENUES_MAX = 24;
    uint8 internal constant DECIMALS_MAX = 24;

    event AssetSet(address indexed token, bytes32 indexed id, Limits limits, Pricing pricing);
    event LimitsLowered(address indexed token, uint128 velocity, uint128 loss, address by);
    event VenueSet(uint256 indexed venue, VenueTerms terms, bytes32 code, bytes32 probeWord);
    event VenueAccepted(uint256 indexed venue, bytes32 code, bytes32 probeWord, uint256 book);
    event SiblingSet(uint32 indexed domain, bytes32 spoke);
    event RouteSet(uint32 indexed domain, address indexed token, address indexed bridge, Route route);
    event WrittenOff(uint64 indexed sequence, uint32 origin, address indexed token, uint256 amount);
    event Absorbed(uint64 indexed sequence, address indexed token, uint256 amount);

    error AssetBad(address token);
    error VenueBad();
    error SiblingUnknown(uint32 domain);
    error TooMany();
    error NotLower();

    function setAsset(
        Books storage b, address token, bytes32 id, Pricing calldata pricing, Limits calldata limits
    ) public {
        Asset storage a = b.assets[token];
        if (a.id == 0) {
            if (b.tokens.length == Messages.ASSETS_MAX) revert TooMany();
            if (id == 0 || b.tokenOf[id] != address(0)) revert AssetBad(token);
            a.id = id;
            a.decimals = IERC20Metadata(token).decimals();
            if (a.decimals > DECIMALS_MAX) revert AssetBad(token);
            b.tokenOf[id] = token;
            b.tokens.push(token);
        } else if (a.id != id) {
            revert AssetBad(token);
        }
        a.pricing = pricing;
        a.idleMin = limits.idleMin;
        a.velocity.set(limits.velocity, limits.window);
        a.loss.set(limits.loss, limits.window);
        emit AssetSet(token, id, limits, pricing);
    }

    /// Adds a venue, or gives the one at `index` new terms (its place and kind stay). Whoever executes
    /// this accepts the code and the share price that are there at that moment.
    function setVenue(Books storage b, uint256 index, VenueTerms calldata t) public {
        if (index == b.venues.length) {
            if (index == VENUES_MAX) revert TooMany();
            b.venues.push();
        } else if (index > b.venues.length) {
            revert Bookkeeping.VenueUnknown(index);
        } else if (!_isSame(b.venues[index], t)) {
            revert VenueBad();
        }
        Venue storage v = b.venues[index];
        _checkTerms(b, index, t);
        v.kind = t.kind;
        v.open = true;
        v.place = t.place;
        v.asset = t.asset;
        v.receipt = t.receipt;
        v.debt = t.debt;
        v.probeAt = t.probeAt;
        v.probe = t.probe;
        v.cap = t.cap;
        v.debtCap = t.debtCap;
        v.healthMin = t.healthMin;
        v.supplyMin = t.supplyMin;
        v.jumpBpsMax = t.jumpBpsMax;
        _accept(b, index);
        emit VenueSet(index, t, v.code, v.probeWord);
    }

    /// Takes over a venue's code and share price as they are now, after an upgrade or a real loss.
    function acceptVenue(Books storage b, uint256 index) public {
        _accept(b, index);
        Venue storage v = b.venues[index];
        emit VenueAccepted(index, v.code, v.probeWord, v.book);
    }

    function setSibling(Books storage b, uint32 domain, bytes32 spoke) public {
        if (domain == Messages.HUB || domain == b.localDomain) revert SiblingUnknown(domain);
        if (b.siblings[domain].spoke == 0) {
            if (b.domains.length == Messages.SIBLINGS_MAX) revert TooMany();
            b.domains.push(domain);
        }
        b.siblings[domain].spoke = spoke;
        emit SiblingSet(domain, spoke);
    }

    function setRoute(
        Books storage b, uint32 domain, address token, address bridge, uint16 feeBpsMax, uint128 nativeFeeMax
    ) public {
        if (b.siblings[domain].spoke == 0) revert SiblingUnknown(domain);
        b.assetOf(token);
        Route memory route = Route(bridge.codehash, feeBpsMax, nativeFeeMax);
        b.routes[Bookkeeping.routeKey(domain, token, bridge)] = route;
        emit RouteSet(domain, token, bridge, route);
    }

    /// Closes the books on what a bridge lost: counts it as received although it never came.
    function writeOff(Books storage b, uint64 number, uint32 origin, address token, uint256 amount)
        public
    {
        Sibling storage s = b.siblings[origin];
        if (s.announced[token] < s.received[token] + amount) revert NotLower();
        s.received[token] += amount;
        emit WrittenOff(number, origin, token, amount);
    }

    /// Takes what was given or cannot be attributed into the books.
    function absorb(Books storage b, uint64 number, address token) public {
        Asset storage a = b.assetOf(token);
        uint256 balance = IERC20(token).balanceOf(address(this));
        uint256 amount = balance > a.idle ? balance - a.idle : 0;
        a.idle += uint128(amount);
        emit Absorbed(number, token, amount);
    }

    function lowerLimits(Books storage b, address token, uint128 velocity, uint128 loss) public {
        Asset storage a = b.assetOf(token);
        if (velocity > a.velocity.limit || loss > a.loss.limit) revert NotLower();
        a.velocity.limit = velocity;
        a.loss.limit = loss;
        emit LimitsLowered(token, velocity, loss, msg.sender);
    }

    function _accept(Books storage b, uint256 index) private {
        Venue storage v = b.venueOf(index);
        v.code = v.place.codehash;
        v.probeWord = v.probe == 0 ? bytes32(0) : Venues.readWord(v.probeAt, v.probe);
        v.book = v.kind == VenueKind.VAULT ? v.sharePrice() : 0;
        v.bookAt = uint64(block.timestamp);
    }

    function _isSame(Venue storage v, VenueTerms calldata t) private view returns (bool) {
        // A debt token, once named, stays: without it what is owed would not be counted.
        if (v.debt != address(0) && v.debt != t.debt) return false;
        return v.kind == t.kind && v.place == t.place && v.asset == t.asset && v.receipt == t.receipt;
    }

    function _checkTerms(Books storage b, uint256 index, VenueTerms calldata t) private view {
        if (t.kind == VenueKind.NONE || t.place.code.length == 0) revert VenueBad();
        if (t.kind == VenueKind.POOL) {
            if (t.asset != address(0)) revert VenueBad();
            return;
        }
        b.assetOf(t.asset);
        if (t.jumpBpsMax > 10_000 || t.receipt.code.length == 0) revert VenueBad();
        if (t.kind == VenueKind.VAULT) {
            if (t.receipt != t.place || t.supplyMin == 0) revert VenueBad();
            if (IERC4626(t.place).asset() != t.asset) revert VenueBad();
        }
        if (t.kind == VenueKind.AAVE && t.healthMin <= 1e18) revert VenueBad();
        for (uint256 i = 0; i < b.venues.length; ++i) {
            // The same position in two venues would be counted twice.
            if (i != index && b.venues[i].receipt == t.receipt) revert VenueBad();
        }
        for (uint256 i = 0; i < b.tokens.length; ++i) {
            // A receipt that is an asset too would be counted twice.
            if (b.tokens[i] == t.receipt || b.tokens[i] == t.debt) revert VenueBad();
        }
    }
}
