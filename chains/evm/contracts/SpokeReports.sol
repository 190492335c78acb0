// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Asset, Bookkeeping, Books, Sibling} from "./Books.sol";
import {Messages} from "./Messages.sol";
import {Venue, Venues} from "./Venues.sol";

/// What a spoke tells the hub. Reverts where anything cannot be read or counted: no report is better
/// than a wrong one.
library SpokeReports {
    using Venues for Venue;
    using Bookkeeping for Books;

    error BalanceShort(address token, uint256 balance, uint256 idle);

    /// The body of the report with this number.
    function body(Books storage b, uint64 number) public returns (bytes memory) {
        Messages.Holding[] memory holdings = new Messages.Holding[](b.tokens.length);
        for (uint256 i = 0; i < holdings.length; ++i) {
            address token = b.tokens[i];
            Asset storage a = b.assets[token];
            uint256 balance = IERC20(token).balanceOf(address(this));
            if (balance < a.idle) revert BalanceShort(token, balance, a.idle);
            if (IERC20Metadata(token).decimals() != a.decimals) revert Bookkeeping.DecimalsChanged(token);
            holdings[i].asset = a.id;
            holdings[i].decimals = a.decimals;
            holdings[i].net = int256(uint256(a.idle));
            holdings[i].flows = _flows(b, token);
        }
        _addVenues(b, number, holdings);
        return abi.encode(
            Messages.REPORT, Messages.Report(number, uint64(block.timestamp), holdings)
        );
    }

    /// Adds what is in venues and takes off what is owed. Falling prices are charged to the budget.
    function _addVenues(Books storage b, uint64 number, Messages.Holding[] memory holdings)
        private
    {
        for (uint256 i = 0; i < b.venues.length; ++i) {
            Venue storage v = b.venues[i];
            if (v.asset == address(0)) continue;
            uint256 owed = v.owed();
            uint256 receipts = IERC20(v.receipt).balanceOf(address(this));
            if (receipts == 0 && owed == 0) continue;
            v.requireSame();
            b.charge(number, v.asset, v.mark());
            for (uint256 k = 0; k < holdings.length; ++k) {
                if (b.tokens[k] != v.asset) continue;
                holdings[k].net += int256(v.supplied()) - int256(owed);
            }
        }
    }

    function _flows(Books storage b, address token)
        private
        view
        returns (Messages.Flow[] memory flows)
    {
        uint256 count = b.domains.length;
        flows = new Messages.Flow[](count + 1);
        for (uint256 i = 0; i <= count; ++i) {
            uint32 domain = i == count ? Messages.HUB : b.domains[i];
            Sibling storage s = b.siblings[domain];
            flows[i] = Messages.Flow(domain, s.sent[token], s.received[token]);
        }
    }
}
