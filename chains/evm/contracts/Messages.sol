// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// What spokes and hub tell each other through Hyperlane. Bodies are ABI-encoded, the kind first.
///
/// All sums are cumulative, so a message that comes late, twice, or never changes nothing for good.
library Messages {
    uint8 internal constant NOTICE = 1; // spoke to sibling: so much is on its way to you in all
    uint8 internal constant REPORT = 2; // spoke to hub: what is here, and what went and came
    uint8 internal constant INSTRUCTION = 3; // hub to spoke: pause, or bring capital home

    uint256 internal constant ASSETS_MAX = 8;
    uint256 internal constant SIBLINGS_MAX = 8;
    /// A report of all assets and siblings at their most.
    uint256 internal constant BODY_BYTES_MAX = 16_384;

    /// Stands for the hub where a sibling's domain is named; no chain has this domain.
    uint32 internal constant HUB = 0;

    struct Notice {
        bytes32 asset;
        uint8 decimals;
        uint256 sent; // ever, from the sender to the receiver
    }

    /// What went to and came from one sibling, ever.
    struct Flow {
        uint32 domain;
        uint256 sent;
        uint256 received;
    }

    /// One asset: what is idle and in venues less debts, in its base units.
    struct Holding {
        bytes32 asset;
        uint8 decimals;
        int256 net;
        Flow[] flows;
    }

    struct Report {
        uint64 sequence; // of the spoke; grows with every report
        uint64 time; // of the block in which it was made
        Holding[] holdings;
    }

    struct Instruction {
        bool pause;
        bytes32 asset;
        uint256 recall; // so much of the asset must go to the hub's chain before anything is invested
    }

    error BodyBad();

    function kindOf(bytes calldata body) internal pure returns (uint8) {
        if (body.length < 64 || body.length > BODY_BYTES_MAX) revert BodyBad();
        uint256 word = uint256(bytes32(body[:32]));
        if (word == 0 || word > INSTRUCTION) revert BodyBad();
        return uint8(word);
    }
}
