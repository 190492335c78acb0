// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

struct Instruction {
    bool pause;
    bytes32 asset;
    uint256 recall;
}

interface ISpoke {
    function takeDeposits(address token, uint256 amount) external;
    function instruct(Instruction calldata told) external;
}

/// Stands in for the hub beside each spoke of a devnet: hands people's deposits to the spoke at once,
/// and recalls what they want back. It has no shares and no prices; the hub that has is
/// chains/evm/contracts/Hub.sol, and tests/contracts tries it.
contract Till {
    IERC20 public immutable token;
    ISpoke public immutable spoke;
    bytes32 public immutable id; // of the asset, in the spoke's books

    mapping(address => uint256) public owed;
    uint256 public recalled; // and not paid by the spoke yet

    constructor(IERC20 token_, ISpoke spoke_, bytes32 id_) {
        (token, spoke, id) = (token_, spoke_, id_);
    }

    function deposit(uint256 amount) external {
        token.transferFrom(msg.sender, address(this), amount);
        token.approve(address(spoke), amount);
        spoke.takeDeposits(address(token), amount);
    }

    function redeem(uint256 amount) external {
        owed[msg.sender] += amount;
        recalled += amount;
        spoke.instruct(Instruction(false, id, recalled));
    }

    /// The spoke pays.
    function takeFunds(uint256 amount) external {
        require(msg.sender == address(spoke), "the spoke alone");
        recalled = recalled > amount ? recalled - amount : 0;
        token.transferFrom(msg.sender, address(this), amount);
    }

    function claim() external {
        uint256 amount = owed[msg.sender];
        owed[msg.sender] = 0;
        token.transfer(msg.sender, amount);
    }

    function observe(bytes calldata) external {}
}
