// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";

/// A vault that pays what it is told to: a rate by the year, out of assets that were given to it for
/// that and count for nobody before. Whoever asks may change what it does: it stands on devnets alone.
contract PacedVault is ERC4626 {
    uint256 private constant YEAR = 365 days;
    uint256 private constant ONE = 1e18;

    uint256 public rate; // of what is in it, by the year, times 1e18
    bool public paused;
    uint256 private _booked;
    uint256 private _bookedAt;

    constructor(IERC20 asset_, uint256 rate_) ERC20("Devnet paced share", "pUSD") ERC4626(asset_) {
        rate = rate_;
        _bookedAt = block.timestamp;
    }

    function totalAssets() public view override returns (uint256) {
        // A node that mines while it answers a call may show it the clock of the block before.
        uint256 elapsed = block.timestamp > _bookedAt ? block.timestamp - _bookedAt : 0;
        uint256 earned = (_booked * rate * elapsed) / (YEAR * ONE);
        uint256 held = IERC20(asset()).balanceOf(address(this));
        return _booked + earned < held ? _booked + earned : held;
    }

    function setRate(uint256 rate_) external {
        _book();
        rate = rate_;
    }

    function setPaused(bool paused_) external {
        paused = paused_;
    }

    /// As if it had earned, or lost, so much at once.
    function jump(int256 by) external {
        _book();
        _booked = uint256(int256(_booked) + by);
    }

    function maxDeposit(address to) public view override returns (uint256) {
        return paused ? 0 : super.maxDeposit(to);
    }

    function maxWithdraw(address owner) public view override returns (uint256) {
        return paused ? 0 : super.maxWithdraw(owner);
    }

    function _deposit(address caller, address receiver, uint256 assets, uint256 shares)
        internal
        override
    {
        _book();
        super._deposit(caller, receiver, assets, shares);
        _booked += assets;
    }

    function _withdraw(
        address caller, address receiver, address owner, uint256 assets, uint256 shares
    ) internal override {
        _book();
        super._withdraw(caller, receiver, owner, assets, shares);
        _booked -= assets;
    }

    function _book() private {
        _booked = totalAssets();
        _bookedAt = block.timestamp;
    }
}
