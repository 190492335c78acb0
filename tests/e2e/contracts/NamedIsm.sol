// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// A security module that only says of which kind it is.
contract NamedIsm {
    uint8 public immutable moduleType;

    constructor(uint8 kind) {
        moduleType = kind;
    }

    function verify(bytes calldata, bytes calldata) external pure returns (bool) {
        return false;
    }
}
