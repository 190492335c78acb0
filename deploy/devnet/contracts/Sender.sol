// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.24;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

interface IMailbox {
    function dispatch(uint32 destination, bytes32 recipient, bytes calldata body)
        external payable returns (bytes32);

    function quoteDispatch(uint32 destination, bytes32 recipient, bytes calldata body)
        external view returns (uint256);
}

interface IRouter {
    function token() external view returns (address);

    function quoteGasPayment(uint32 destination) external view returns (uint256);

    function transferRemote(uint32 destination, bytes32 recipient, uint256 amount)
        external payable returns (bytes32);
}

/// One contract that sends many messages in one transaction. The caller pays the quotes; what is
/// left goes back to it.
contract Sender {
    /// Makes every body different: the ordinal since deployment, in 32 bytes.
    uint256 public sentCount;

    error QuoteNotPaid(uint256 needed, uint256 paid);
    error RefundRefused();

    receive() external payable {}

    /// Dispatches `count` plain messages to one recipient.
    function dispatchMany(IMailbox mailbox, uint32 destination, bytes32 recipient, uint256 count)
        external
        payable
    {
        uint256 ordinal = sentCount;
        uint256 quote = mailbox.quoteDispatch(destination, recipient, abi.encode(ordinal));
        if (quote * count > msg.value) revert QuoteNotPaid(quote * count, msg.value);
        for (uint256 i = 0; i < count; ++i) {
            mailbox.dispatch{value: quote}(destination, recipient, abi.encode(ordinal + i));
        }
        sentCount = ordinal + count;
        _refund(msg.value - quote * count);
    }

    /// Sends `amount` of the router's token, out of what this contract holds, `count` times.
    function transferMany(
        IRouter router,
        uint32 destination,
        bytes32 recipient,
        uint256 amount,
        uint256 count
    ) external payable {
        uint256 quote = router.quoteGasPayment(destination);
        if (quote * count > msg.value) revert QuoteNotPaid(quote * count, msg.value);
        IERC20(router.token()).approve(address(router), amount * count);
        for (uint256 i = 0; i < count; ++i) {
            router.transferRemote{value: quote}(destination, recipient, amount);
        }
        _refund(msg.value - quote * count);
    }

    function _refund(uint256 amount) private {
        if (amount == 0) return;
        (bool done,) = msg.sender.call{value: amount}("");
        if (!done) revert RefundRefused();
    }
}
