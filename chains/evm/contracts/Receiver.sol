// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IInterchainSecurityModule, ISpecifiesInterchainSecurityModule} from
    "@hyperlane-xyz/core/contracts/interfaces/IInterchainSecurityModule.sol";
import {IMailbox} from "@hyperlane-xyz/core/contracts/interfaces/IMailbox.sol";
import {IMessageRecipient} from "@hyperlane-xyz/core/contracts/interfaces/IMessageRecipient.sol";
import {Fees} from "./Fees.sol";
import {IsmJudge} from "./IsmJudge.sol";
import {Mandated, Roles} from "./Mandated.sol";

/// Takes Hyperlane messages under a security module of its own.
///
/// The operator of the node runs validators too. Were the module satisfied by them alone, whoever has
/// that one machine could forge reports; so it is judged, for each sender that is trusted, before the
/// contract begins and whenever it is changed.
abstract contract Receiver is Mandated, IMessageRecipient, ISpecifiesInterchainSecurityModule {
    IMailbox public immutable mailbox;
    IsmJudge public immutable judge;
    uint32 public immutable localDomain;

    address public ism;
    address[] private _operatorValidators;

    event IsmSet(address ism, address[] operatorValidators);

    error IsmMissing();

    constructor(IMailbox mailbox_, IsmJudge judge_, Roles memory roles_) Mandated(roles_) {
        mailbox = mailbox_;
        judge = judge_;
        localDomain = mailbox_.localDomain();
    }

    function setIsm(address ism_, address[] calldata operatorValidators_) external loosens judged {
        ism = ism_;
        _operatorValidators = operatorValidators_;
        emit IsmSet(ism_, operatorValidators_);
    }

    function interchainSecurityModule() external view returns (IInterchainSecurityModule) {
        return IInterchainSecurityModule(ism);
    }

    function operatorValidators() external view returns (address[] memory) {
        return _operatorValidators;
    }

    function handle(uint32 origin, bytes32 sender, bytes calldata body) external payable nonReentrant {
        if (msg.sender != address(mailbox)) revert NotYours(msg.sender);
        _receive(origin, sender, body);
    }

    function _receive(uint32 origin, bytes32 sender, bytes calldata body) internal virtual;

    /// Who is trusted: domains and senders on them, this chain's own left out.
    function _peers() internal view virtual returns (uint32[] memory, bytes32[] memory);

    function _checkBegin() internal view virtual override {
        _checkIsm();
    }

    /// Once begun, whoever is newly trusted is judged too.
    modifier judged() {
        _;
        if (begun) _checkIsm();
    }

    function _checkIsm() private view {
        if (ism == address(0)) revert IsmMissing();
        bytes32 self = bytes32(uint256(uint160(address(this))));
        (uint32[] memory origins, bytes32[] memory senders) = _peers();
        for (uint256 i = 0; i < origins.length; ++i) {
            bytes memory message =
                abi.encodePacked(uint8(3), uint32(0), origins[i], senders[i], localDomain, self);
            judge.requireIndependent(ism, message, _operatorValidators);
        }
    }

    /// Dispatches with the fee out of what the caller sent; returns the fee.
    function _dispatch(uint32 domain, bytes32 to, bytes memory body)
        internal
        returns (bytes32 messageId, uint256 fee)
    {
        fee = mailbox.quoteDispatch(domain, to, body);
        if (msg.value < fee) revert Fees.NativeFeeNotPaid(fee, msg.value);
        messageId = mailbox.dispatch{value: fee}(domain, to, body);
    }
}
