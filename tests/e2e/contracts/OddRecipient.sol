// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// A recipient that answers with more than anybody wants to read: when it is asked for its security
/// module, when a message is handed to it, or when it refuses one. It keeps nothing of messages, so
/// that large ones cost no more than their bytes.
contract OddRecipient {
    enum Where {
        NOWHERE,
        MODULE,
        HANDLE,
        REFUSAL
    }

    address private immutable module;
    Where private immutable where;
    uint256 private immutable size;

    constructor(address module_, Where where_, uint256 size_) {
        module = module_;
        where = where_;
        size = size_;
    }

    function interchainSecurityModule() external view returns (address) {
        address answer = module;
        if (where != Where.MODULE) return answer;
        uint256 count = size;
        assembly {
            mstore(0, answer)
            return(0, count)
        }
    }

    function handle(uint32, bytes32, bytes calldata) external payable {
        uint256 count = size;
        if (where == Where.HANDLE) {
            assembly {
                return(0, count)
            }
        }
        if (where == Where.REFUSAL) {
            assembly {
                revert(0, count)
            }
        }
    }
}
