// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMailbox} from "@hyperlane-xyz/core/contracts/interfaces/IMailbox.sol";
import {AssetTerms, HubWorth, ReportTerms, SpokeState, Whole} from "./HubWorth.sol";
import {IsmJudge} from "./IsmJudge.sol";
import {Roles} from "./Mandated.sol";
import {Receiver} from "./Receiver.sol";

/// The hub's side of reports: who may report, and what the owner decides about it.
abstract contract HubReports is Receiver {
    Whole internal _whole;

    constructor(
        IMailbox mailbox_, IsmJudge judge_, Roles memory roles_, bytes32 shareAssetId_, uint8 decimals_
    ) Receiver(mailbox_, judge_, roles_) {
        _whole.shareAssetId = shareAssetId_;
        _whole.shareDecimals = decimals_;
        _whole.localDomain = localDomain;
    }

    function setAssetTerms(AssetTerms calldata assetTerms) external loosens {
        HubWorth.setAssetTerms(_whole, assetTerms);
    }

    function setReportTerms(ReportTerms calldata reportTerms_) external loosens {
        _whole.reportTerms = reportTerms_;
        emit HubWorth.ReportTermsSet(reportTerms_);
    }

    function setSpoke(uint32 domain, bytes32 spoke) external loosens judged {
        HubWorth.setSpoke(_whole, domain, spoke);
    }

    function acceptReport(uint32 domain) external loosens {
        HubWorth.acceptReport(_whole, domain);
    }

    /// The spoke on this chain reports directly.
    function observe(bytes calldata body) external nonReentrant {
        _receive(localDomain, bytes32(uint256(uint160(msg.sender))), body);
    }

    function domains() external view returns (uint32[] memory) {
        return _whole.domains;
    }

    function reportTerms() external view returns (ReportTerms memory) {
        return _whole.reportTerms;
    }

    function spokeOf(uint32 domain)
        external
        view
        returns (bytes32 spoke, uint64 sequence_, uint64 time, bool jumped, int256 own)
    {
        SpokeState storage s = _whole.spokes[domain];
        return (s.spoke, s.sequence, s.time, s.jumped, s.own);
    }

    /// What all spokes and everything in flight are worth in the shares' asset, by each of the two
    /// prices; reverts unless every report was made after `since`. The hub's reserve is not in it.
    function worth(uint256 since) public view returns (uint256 low, uint256 high) {
        return HubWorth.worth(_whole, since);
    }

    function _receive(uint32 origin, bytes32 sender, bytes calldata body) internal override {
        HubWorth.receiveReport(_whole, origin, sender, body);
    }

    function _peers() internal view override returns (uint32[] memory origins, bytes32[] memory senders) {
        uint256 all = _whole.domains.length;
        origins = new uint32[](all);
        senders = new bytes32[](all);
        uint256 count = 0;
        for (uint256 i = 0; i < all; ++i) {
            if (_whole.domains[i] == localDomain) continue;
            origins[count] = _whole.domains[i];
            senders[count++] = _whole.spokes[_whole.domains[i]].spoke;
        }
        assembly ("memory-safe") {
            mstore(origins, count)
            mstore(senders, count)
        }
    }
}
