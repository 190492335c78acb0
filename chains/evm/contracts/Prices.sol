// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// The part of Chainlink's aggregator interface that is used.
interface IPriceFeed {
    function decimals() external view returns (uint8);
    function latestRoundData()
        external
        view
        returns (uint80 round, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredIn);
}

/// Where the price of one asset comes from: two feeds of different makers, in the same numeraire.
struct Pricing {
    address first;
    address second;
    uint32 firstAgeMax; // seconds
    uint32 secondAgeMax;
    uint16 divergenceBpsMax; // of the lower of the two
}

/// Both prices of a whole token, times 1e18.
struct PricePair {
    uint256 first;
    uint256 second;
}

/// Reads two feeds and gives both answers, so that the caller can hold what it does against the
/// stricter one: a second source only ever tightens.
library Prices {
    uint256 private constant DECIMALS_MAX = 24;

    error PriceMissing(address feed);
    error PriceBad(address feed, int256 answer);
    error PriceStale(address feed, uint256 updatedAt);
    error PricesDiverge(uint256 first, uint256 second);

    function read(Pricing storage p) internal view returns (PricePair memory pair) {
        pair.first = _read(p.first, p.firstAgeMax);
        pair.second = _read(p.second, p.secondAgeMax);
        (uint256 low, uint256 high) = pair.first < pair.second
            ? (pair.first, pair.second)
            : (pair.second, pair.first);
        if ((high - low) * 10_000 > low * p.divergenceBpsMax) {
            revert PricesDiverge(pair.first, pair.second);
        }
    }

    function _read(address feed, uint32 ageMax) private view returns (uint256) {
        if (feed == address(0)) revert PriceMissing(feed);
        (, int256 answer, , uint256 updatedAt, ) = IPriceFeed(feed).latestRoundData();
        // The bound keeps every product with an amount of 128 bits inside 256.
        if (answer <= 0 || uint256(answer) >= 2 ** 96) revert PriceBad(feed, answer);
        if (updatedAt > block.timestamp || block.timestamp - updatedAt > ageMax) {
            revert PriceStale(feed, updatedAt);
        }
        uint8 decimals = IPriceFeed(feed).decimals();
        if (decimals > DECIMALS_MAX) revert PriceMissing(feed);
        uint256 price = (uint256(answer) * 1e18) / 10 ** decimals;
        if (price == 0) revert PriceBad(feed, answer);
        return price;
    }
}
