// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

/// A price feed that always says the same, and that it said so `age` seconds ago.
contract Price {
    uint8 public immutable decimals;
    int256 private immutable _answer;
    uint256 private immutable _age;

    constructor(uint8 decimals_, int256 answer, uint256 age) {
        (decimals, _answer, _age) = (decimals_, answer, age);
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        uint256 saidAt = block.timestamp - _age;
        return (1, _answer, saidAt, saidAt, 1);
    }
}
