// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Quote} from "@hyperlane-xyz/core/contracts/interfaces/ITokenBridge.sol";

/// What a bridge asks for, summed by token: routers quote one token in several entries.
library Fees {
    uint256 private constant QUOTES_MAX = 8;

    error QuoteTooLong(uint256 entries);
    error QuoteInOtherToken(address token);
    error FeeTooHigh(uint256 fee, uint256 most);
    error QuoteBelowAmount(uint256 quoted, uint256 amount);
    error NativeFeeNotPaid(uint256 fee, uint256 paid);
    error RefundRefused();

    /// `asset` and native sums. When the asset is the native coin both are in `asset`.
    function sum(Quote[] memory quotes, address asset)
        internal
        pure
        returns (uint256 inAsset, uint256 inNative)
    {
        if (quotes.length > QUOTES_MAX) revert QuoteTooLong(quotes.length);
        for (uint256 i = 0; i < quotes.length; ++i) {
            if (quotes[i].token == asset) inAsset += quotes[i].amount;
            else if (quotes[i].token == address(0)) inNative += quotes[i].amount;
            else if (quotes[i].amount != 0) revert QuoteInOtherToken(quotes[i].token);
        }
    }

    /// What is asked beyond the amount itself, held against a ceiling in hundredths of a percent.
    function above(uint256 quoted, uint256 amount, uint256 bpsMax) internal pure returns (uint256 fee) {
        if (quoted < amount) revert QuoteBelowAmount(quoted, amount);
        fee = quoted - amount;
        if (fee > (amount * bpsMax) / 10_000) revert FeeTooHigh(fee, (amount * bpsMax) / 10_000);
    }

    /// Returns what the caller sent beyond its use. No return data is read, so none can be a bomb.
    function refund(uint256 amount) internal {
        if (amount == 0) return;
        bool done;
        assembly ("memory-safe") {
            done := call(gas(), caller(), amount, 0, 0, 0, 0)
        }
        if (!done) revert RefundRefused();
    }
}
