// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// The parts of Aave v3's pool and Uniswap v3's pool that are used.
interface IAavePool {
    function supply(address asset, uint256 amount, address onBehalfOf, uint16 referral) external;
    function withdraw(address asset, uint256 amount, address to) external returns (uint256);
    function borrow(
        address asset, uint256 amount, uint256 rateMode, uint16 referral, address onBehalfOf
    ) external;
    function repay(address asset, uint256 amount, uint256 rateMode, address onBehalfOf)
        external
        returns (uint256);
    function getUserAccountData(address user)
        external
        view
        returns (uint256, uint256, uint256, uint256, uint256, uint256 healthFactor);
}

interface IUniswapPool {
    function token0() external view returns (address);
    function token1() external view returns (address);
    function swap(
        address recipient, bool zeroForOne, int256 amount, uint160 priceLimit, bytes calldata data
    ) external returns (int256 amount0, int256 amount1);
}

/// Kinds of venues. Values are stored and logged: never renumber.
enum VenueKind {
    NONE,
    VAULT, // any ERC-4626 vault
    AAVE, // one asset's reserve in an Aave v3 pool
    POOL // a Uniswap v3 pool
}

/// One place where the spoke's capital may go.
struct Venue {
    VenueKind kind;
    bool open; // may take more; what is in it may always come home
    address place; // vault or pool
    bytes32 code; // its code hash
    // For proxies: a word that `probeAt` answers to `probe`, such as an implementation's address or a
    // revision. Zero probe: none.
    address probeAt;
    bytes4 probe;
    bytes32 probeWord;
    address asset; // zero for a POOL
    address receipt; // shares of a VAULT, aToken of AAVE
    address debt; // variable debt token of AAVE; zero: no borrowing
    uint128 cap; // most of the asset in it
    uint128 debtCap; // most of the asset borrowed
    uint128 healthMin; // 1e18 is Aave's edge of liquidation
    uint128 supplyMin; // fewest shares that a VAULT must have issued
    uint16 jumpBpsMax; // how far a share's price may be from the book, and rise per day
    uint64 bookAt;
    uint256 book; // assets for PROBE_SHARES whole shares when last accepted
}

/// Reads venues and moves capital between them and the spoke.
library Venues {
    using SafeERC20 for IERC20;

    /// Share prices are of a million whole shares: enough digits for tokens of few decimals.
    uint256 private constant PROBE_SHARES = 1e6;
    uint256 private constant VARIABLE_RATE = 2;
    uint256 private constant WORD_GAS_MAX = 100_000;

    error VenueCodeChanged(address place, bytes32 code);
    error VenueUpgraded(address place, bytes32 word);
    error VenueUnreadable(address place);
    error VenueSupplyLow(address place, uint256 supply);
    error SharePriceJumped(address place, uint256 book, uint256 price);
    error HealthTooLow(uint256 health, uint256 least);
    error VenueOver(uint256 amount, uint256 cap);

    /// Reverts when the venue is no longer the code that the owner allowed.
    function requireSame(Venue storage v) internal view {
        if (v.place.codehash != v.code) revert VenueCodeChanged(v.place, v.place.codehash);
        if (v.probe == 0) return;
        bytes32 word = readWord(v.probeAt, v.probe);
        if (word != v.probeWord) revert VenueUpgraded(v.place, word);
    }

    /// One word of a view without arguments. Reads no more than the word, whatever is returned.
    function readWord(address place, bytes4 selector) internal view returns (bytes32 word) {
        bool done;
        uint256 size;
        assembly ("memory-safe") {
            mstore(0, selector)
            done := staticcall(WORD_GAS_MAX, place, 0, 4, 0, 32)
            size := returndatasize()
            word := mload(0)
        }
        if (!done || size < 32) revert VenueUnreadable(place);
    }

    /// Assets for PROBE_SHARES whole shares of a vault, now.
    function sharePrice(Venue storage v) internal view returns (uint256) {
        uint256 supply = IERC20(v.receipt).totalSupply();
        if (supply == 0 || supply < v.supplyMin) revert VenueSupplyLow(v.place, supply);
        uint256 probe = PROBE_SHARES * 10 ** IERC20Metadata(v.receipt).decimals();
        return IERC4626(v.place).convertToAssets(probe);
    }

    /// Holds a vault's share price against the book and takes it over. Returns what the shares held
    /// here are worth less than by the book. A price outside the band closes the gate.
    function mark(Venue storage v) internal returns (uint256 loss) {
        if (v.kind != VenueKind.VAULT) return 0;
        uint256 price = sharePrice(v);
        uint256 book = v.book;
        uint256 band = (book * v.jumpBpsMax) / 10_000;
        uint256 rise = band + (band * (block.timestamp - v.bookAt)) / 1 days;
        if (price == 0 || price > book + rise || price + band < book) {
            revert SharePriceJumped(v.place, book, price);
        }
        uint256 shares = IERC20(v.receipt).balanceOf(address(this));
        if (price < book) loss = _atPrice(v, shares, book) - _atPrice(v, shares, price);
        v.book = price;
        v.bookAt = uint64(block.timestamp);
    }

    /// What is in the venue, in its asset: the worst of what a vault says itself, twice, and of the book.
    /// The book's price was held against the gate; a vault that lies about amounts alone gains nothing.
    function supplied(Venue storage v) internal view returns (uint256) {
        uint256 receipts = IERC20(v.receipt).balanceOf(address(this));
        if (v.kind == VenueKind.AAVE || receipts == 0) return receipts;
        uint256 converted = IERC4626(v.place).convertToAssets(receipts);
        uint256 redeemed = IERC4626(v.place).previewRedeem(receipts);
        uint256 booked = _atPrice(v, receipts, v.book);
        uint256 said = converted < redeemed ? converted : redeemed;
        return booked < said ? booked : said;
    }

    function owed(Venue storage v) internal view returns (uint256) {
        return v.debt == address(0) ? 0 : IERC20(v.debt).balanceOf(address(this));
    }

    /// Puts `amount` in; returns what left this contract and what the venue now holds more.
    function putIn(Venue storage v, uint256 amount) internal returns (uint256 paid, uint256 gained) {
        IERC20 asset = IERC20(v.asset);
        uint256 had = supplied(v);
        uint256 before = asset.balanceOf(address(this));
        asset.forceApprove(v.place, amount);
        if (v.kind == VenueKind.VAULT) IERC4626(v.place).deposit(amount, address(this));
        else IAavePool(v.place).supply(v.asset, amount, address(this), 0);
        asset.forceApprove(v.place, 0);
        paid = before - asset.balanceOf(address(this));
        uint256 has = supplied(v);
        if (has > v.cap) revert VenueOver(has, v.cap);
        gained = has > had ? has - had : 0;
    }

    /// Takes `amount` out (the highest number: all of it); returns what came, and what it should
    /// have been by the book.
    function takeOut(Venue storage v, uint256 amount) internal returns (uint256 got, uint256 due) {
        IERC20 asset = IERC20(v.asset);
        uint256 receipts = IERC20(v.receipt).balanceOf(address(this));
        uint256 before = asset.balanceOf(address(this));
        if (v.kind == VenueKind.AAVE) {
            IAavePool(v.place).withdraw(v.asset, amount, address(this));
        } else if (amount == type(uint256).max) {
            IERC4626(v.place).redeem(receipts, address(this), address(this));
        } else {
            IERC4626(v.place).withdraw(amount, address(this), address(this));
        }
        got = asset.balanceOf(address(this)) - before;
        uint256 left = IERC20(v.receipt).balanceOf(address(this));
        uint256 burned = receipts > left ? receipts - left : 0;
        due = v.kind == VenueKind.VAULT ? _atPrice(v, burned, v.book) : burned;
        if (amount != type(uint256).max && due < amount) due = amount;
        requireHealth(v);
    }

    function draw(Venue storage v, uint256 amount) internal returns (uint256 got, uint256 more) {
        IERC20 asset = IERC20(v.asset);
        uint256 owedBefore = owed(v);
        uint256 before = asset.balanceOf(address(this));
        IAavePool(v.place).borrow(v.asset, amount, VARIABLE_RATE, 0, address(this));
        got = asset.balanceOf(address(this)) - before;
        uint256 owedNow = owed(v);
        if (owedNow > v.debtCap) revert VenueOver(owedNow, v.debtCap);
        more = owedNow > owedBefore ? owedNow - owedBefore : 0;
        requireHealth(v);
    }

    function payBack(Venue storage v, uint256 amount) internal returns (uint256 paid, uint256 less) {
        IERC20 asset = IERC20(v.asset);
        uint256 owedBefore = owed(v);
        uint256 before = asset.balanceOf(address(this));
        asset.forceApprove(v.place, amount);
        IAavePool(v.place).repay(v.asset, amount, VARIABLE_RATE, address(this));
        asset.forceApprove(v.place, 0);
        paid = before - asset.balanceOf(address(this));
        uint256 owedNow = owed(v);
        less = owedBefore > owedNow ? owedBefore - owedNow : 0;
    }

    function requireHealth(Venue storage v) internal view {
        if (v.kind != VenueKind.AAVE) return;
        (,,,,, uint256 health) = IAavePool(v.place).getUserAccountData(address(this));
        if (health < v.healthMin) revert HealthTooLow(health, v.healthMin);
    }

    function _atPrice(Venue storage v, uint256 shares, uint256 price) private view returns (uint256) {
        return (shares * price) / (PROBE_SHARES * 10 ** IERC20Metadata(v.receipt).decimals());
    }
}
