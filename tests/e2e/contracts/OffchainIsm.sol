// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// A security module that wants the word of a server (Hyperlane's kind 7, ERC-3668): accepts a
/// message when the metadata is keccak256(keccak256(message), "proof").
contract OffchainIsm {
    error OffchainLookup(
        address sender,
        string[] urls,
        bytes callData,
        bytes4 callbackFunction,
        bytes extraData
    );

    uint8 public constant moduleType = 7;
    string[] private urls;

    constructor(string[] memory servers) {
        urls = servers;
    }

    function getOffchainVerifyInfo(bytes calldata message) external view {
        revert OffchainLookup(address(this), urls, message, this.verify.selector, message);
    }

    function verify(bytes calldata metadata, bytes calldata message) external pure returns (bool) {
        bytes32 wanted = keccak256(abi.encodePacked(keccak256(message), "proof"));
        return metadata.length == 32 && bytes32(metadata) == wanted;
    }
}
