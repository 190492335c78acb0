// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IInterchainSecurityModule} from
    "@hyperlane-xyz/core/contracts/interfaces/IInterchainSecurityModule.sol";
import {IAggregationIsm} from "@hyperlane-xyz/core/contracts/interfaces/isms/IAggregationIsm.sol";
import {IMultisigIsm} from "@hyperlane-xyz/core/contracts/interfaces/isms/IMultisigIsm.sol";
import {IRoutingIsm} from "@hyperlane-xyz/core/contracts/interfaces/isms/IRoutingIsm.sol";

/// Says whether given validators alone could satisfy a security module for a message.
///
/// Multisigs are counted, routing followed, aggregations counted by their modules. Whatever it cannot
/// judge (other kinds, too deep, too wide, no answer) counts as forgeable: a module must be shown to
/// be safe, never assumed.
contract IsmJudge {
    uint256 private constant DEPTH_MAX = 5;
    uint256 private constant MODULES_MAX = 16;
    uint256 private constant VALIDATORS_MAX = 64;

    error IsmForgeable(address ism);

    /// Reverts unless somebody besides `validators` is needed to forge `message`.
    function requireIndependent(address ism, bytes calldata message, address[] calldata validators)
        external
        view
    {
        if (_forgeable(ism, message, validators, 0)) revert IsmForgeable(ism);
    }

    function forgeable(address ism, bytes calldata message, address[] calldata validators)
        external
        view
        returns (bool)
    {
        return _forgeable(ism, message, validators, 0);
    }

    function _forgeable(address ism, bytes calldata message, address[] calldata known, uint256 depth)
        private
        view
        returns (bool)
    {
        if (depth == DEPTH_MAX || ism.code.length == 0) return true;
        uint8 kind = IInterchainSecurityModule(ism).moduleType();
        if (
            kind == uint8(IInterchainSecurityModule.Types.MESSAGE_ID_MULTISIG)
                || kind == uint8(IInterchainSecurityModule.Types.MERKLE_ROOT_MULTISIG)
        ) return _multisig(ism, message, known);
        if (kind == uint8(IInterchainSecurityModule.Types.ROUTING)) {
            address next = address(IRoutingIsm(ism).route(message));
            return _forgeable(next, message, known, depth + 1);
        }
        if (kind != uint8(IInterchainSecurityModule.Types.AGGREGATION)) return true;
        (address[] memory modules, uint8 threshold) = IAggregationIsm(ism).modulesAndThreshold(message);
        if (modules.length > MODULES_MAX) return true;
        uint256 found = 0;
        for (uint256 i = 0; i < modules.length; ++i) {
            if (_forgeable(modules[i], message, known, depth + 1)) ++found;
        }
        return found >= threshold;
    }

    function _multisig(address ism, bytes calldata message, address[] calldata known)
        private
        view
        returns (bool)
    {
        (address[] memory set, uint8 threshold) = IMultisigIsm(ism).validatorsAndThreshold(message);
        if (set.length > VALIDATORS_MAX) return true;
        uint256 found = 0;
        for (uint256 i = 0; i < set.length; ++i) {
            for (uint256 k = 0; k < known.length; ++k) {
                if (set[i] == known[k]) {
                    ++found;
                    break;
                }
            }
        }
        return found >= threshold;
    }
}
