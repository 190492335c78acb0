// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {TransientSlot} from "@openzeppelin/contracts/utils/TransientSlot.sol";
import {Asset, Bookkeeping, Books, Leg} from "./Books.sol";
import {PricePair, Prices, Pricing} from "./Prices.sol";
import {IUniswapPool, Venue, VenueKind, Venues} from "./Venues.sol";

/// A share of a swap that goes through one pool.
struct Part {
    uint256 venue;
    uint256 amount;
}

struct Trade {
    address tokenIn;
    address tokenOut;
    uint256 amount;
    uint256 outMin;
    uint256 paid;
    uint256 got;
    uint256 expected; // by the price that is the better one for the spoke
}

/// Swaps on Uniswap v3 pools, called directly: no router, and no approval.
library SpokeSwaps {
    using SafeERC20 for IERC20;
    using Prices for Pricing;
    using Venues for Venue;
    using Bookkeeping for Books;
    using TransientSlot for bytes32;
    using TransientSlot for TransientSlot.AddressSlot;
    using TransientSlot for TransientSlot.Uint256Slot;

    uint256 internal constant PARTS_MAX = 8;
    uint160 private constant PRICE_LIMIT_LOW = 4295128740;
    uint160 private constant PRICE_LIMIT_HIGH = 1461446703485210103287273052203988822378723970341;

    // Set while a pool is being called: who may ask for payment, of what, and how much at most.
    bytes32 private constant PAYEE = keccak256("sluice.spoke.swap.payee");
    bytes32 private constant PAY_TOKEN = keccak256("sluice.spoke.swap.token");
    bytes32 private constant PAY_MOST = keccak256("sluice.spoke.swap.most");

    event Swapped(
        uint64 indexed sequence, bytes32 indexed leg, address indexed tokenIn, address tokenOut,
        Trade trade, uint256 idleInAfter, uint256 idleOutAfter
    );

    error PartsBad();
    error PoolBad(uint256 venue);
    error PaidMore(uint256 paid, uint256 most);
    error GotLess(uint256 got, uint256 least);
    error NotSwapping(address caller);

    /// Swaps over several pools at once. `outMin` may be stricter than the contract's own bound, which
    /// comes from both prices, never looser.
    function swap(
        Books storage b,
        Leg memory l,
        address tokenIn,
        address tokenOut,
        Part[] calldata parts,
        uint256 outMin
    ) public {
        if (tokenIn == tokenOut) revert PartsBad();
        Trade memory t;
        t.tokenIn = tokenIn;
        t.tokenOut = tokenOut;
        t.outMin = outMin;
        _trade(b, t, parts);
        _bookTrade(b, l, t);
    }

    function _trade(Books storage b, Trade memory t, Part[] calldata parts) private {
        if (parts.length == 0 || parts.length > PARTS_MAX) revert PartsBad();
        for (uint256 i = 0; i < parts.length; ++i) t.amount += parts[i].amount;
        b.assetOf(t.tokenOut);
        b.reserve(t.tokenIn, t.amount, b.kept(t.tokenIn));
        uint256 inBefore = IERC20(t.tokenIn).balanceOf(address(this));
        uint256 outBefore = IERC20(t.tokenOut).balanceOf(address(this));
        for (uint256 i = 0; i < parts.length; ++i) _swapPart(b, t.tokenIn, t.tokenOut, parts[i]);
        t.paid = inBefore - IERC20(t.tokenIn).balanceOf(address(this));
        t.got = IERC20(t.tokenOut).balanceOf(address(this)) - outBefore;
    }

    function _bookTrade(Books storage b, Leg memory l, Trade memory t) private {
        if (t.paid > t.amount) revert PaidMore(t.paid, t.amount);
        Asset storage in_ = b.assets[t.tokenIn];
        Asset storage out = b.assets[t.tokenOut];
        t.expected = _expected(in_, out, t.paid);
        uint256 least = t.expected - (t.expected * b.slipBpsMax) / 10_000;
        if (least < t.outMin) least = t.outMin;
        if (t.got < least) revert GotLess(t.got, least);
        in_.idle -= uint128(t.paid);
        out.idle += uint128(t.got);
        b.charge(l.number, t.tokenOut, Bookkeeping.short(t.expected, t.got));
        emit Swapped(l.number, l.leg, t.tokenIn, t.tokenOut, t, in_.idle, out.idle);
    }

    function _swapPart(Books storage b, address tokenIn, address tokenOut, Part calldata part)
        private
    {
        Venue storage v = Bookkeeping.openVenue(b, part.venue, VenueKind.POOL, VenueKind.POOL);
        IUniswapPool pool = IUniswapPool(v.place);
        bool forward = pool.token0() == tokenIn && pool.token1() == tokenOut;
        if (!forward && (pool.token1() != tokenIn || pool.token0() != tokenOut)) {
            revert PoolBad(part.venue);
        }
        if (part.amount == 0 || part.amount > uint256(type(int256).max)) revert PartsBad();
        PAYEE.asAddress().tstore(v.place);
        PAY_TOKEN.asAddress().tstore(tokenIn);
        PAY_MOST.asUint256().tstore(part.amount);
        uint160 limit = forward ? PRICE_LIMIT_LOW : PRICE_LIMIT_HIGH;
        pool.swap(address(this), forward, int256(part.amount), limit, "");
        PAYEE.asAddress().tstore(address(0));
    }

    /// What `amount` of one asset is worth in another: the higher of what the two sources say.
    function _expected(Asset storage in_, Asset storage out, uint256 amount)
        private
        view
        returns (uint256)
    {
        PricePair memory of_ = in_.pricing.read();
        PricePair memory to = out.pricing.read();
        uint256 scaledIn = amount * 10 ** out.decimals;
        uint256 unit = 10 ** in_.decimals;
        uint256 first = (scaledIn * of_.first) / to.first / unit;
        uint256 second = (scaledIn * of_.second) / to.second / unit;
        return first > second ? first : second;
    }

    /// A pool asks for what it is owed; answers only the pool that is being called, and only once.
    function pay(int256 owed0, int256 owed1) public {
        if (msg.sender != PAYEE.asAddress().tload()) revert NotSwapping(msg.sender);
        int256 owed = owed0 > owed1 ? owed0 : owed1;
        uint256 most = PAY_MOST.asUint256().tload();
        if (owed <= 0 || uint256(owed) > most) revert PaidMore(uint256(owed), most);
        PAYEE.asAddress().tstore(address(0));
        IERC20(PAY_TOKEN.asAddress().tload()).safeTransfer(msg.sender, uint256(owed));
    }
}
