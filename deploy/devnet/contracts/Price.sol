// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// A price feed that always says the same, and says it now.
contract Price {
    uint8 public immutable decimals;
    int256 private immutable _answer;

    constructor(uint8 decimals_, int256 answer) {
        (decimals, _answer) = (decimals_, answer);
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return (1, _answer, block.timestamp, block.timestamp, 1);
    }
}
