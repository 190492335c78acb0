// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Messages} from "./Messages.sol";
import {PricePair, Prices, Pricing} from "./Prices.sol";

struct AssetTerms {
    bytes32 id;
    uint8 decimals;
    Pricing pricing; // not read for the asset of the shares
}

struct ReportTerms {
    uint32 ageMax; // seconds; older reports price nothing
    uint32 skewMax; // how far chains' clocks may differ, seconds
    uint16 jumpBpsMax; // how far a spoke's own worth may move from report to report
}

struct SpokeState {
    bytes32 spoke;
    uint64 sequence;
    uint64 time;
    bool jumped; // the last report moved too far: nothing is priced until it is back or accepted
    int256 own; // worth less what came plus what went, at the last accepted report
    bool known; // `own` is set
    uint256 held; // size of its worth at the last accepted report
    mapping(bytes32 asset => int256) net;
    mapping(bytes32 asset => mapping(uint32 domain => uint256)) sent;
    mapping(bytes32 asset => mapping(uint32 domain => uint256)) received;
}

/// All that the hub knows of the spokes.
struct Whole {
    bytes32 shareAssetId;
    uint8 shareDecimals;
    uint32 localDomain;
    ReportTerms reportTerms;
    AssetTerms[] assetTerms;
    uint32[] domains;
    mapping(uint32 domain => SpokeState) spokes;
    // Between the hub and the spoke on its own chain, ever.
    uint256 sentToSpoke;
    uint256 receivedFromSpoke;
}

/// What the spokes reported, and what the whole is worth.
///
/// Whatever left one place and is not booked at another counts once, as in flight. The whole has no
/// worth while any report is missing, too old, made before the moment in question, out of step with
/// another (more booked than sent), or a jump that nobody accepted. Nothing is clamped.
library HubWorth {
    using Prices for Pricing;

    event AssetTermsSet(bytes32 indexed id, AssetTerms terms);
    event ReportTermsSet(ReportTerms terms);
    event SpokeSet(uint32 indexed domain, bytes32 spoke);
    event ReportTaken(uint32 indexed domain, uint64 indexed sequence, uint64 time, int256 own);
    event ReportJumped(uint32 indexed domain, uint64 indexed sequence, int256 last, int256 own);
    event ReportAccepted(uint32 indexed domain, int256 own);

    error SpokeUnknown(uint32 domain, bytes32 sender);
    error ReportOld(uint32 domain, uint64 sequence, uint64 last);
    error ReportFromFuture(uint32 domain, uint64 time);
    error ReportMissing(uint32 domain);
    error ReportStale(uint32 domain, uint64 time, uint256 wanted);
    error ReportHasJumped(uint32 domain);
    error OutOfStep(uint32 from, uint32 to, bytes32 asset, uint256 sent, uint256 received);
    error AssetOther(bytes32 asset);
    error WorthNegative(int256 worth);
    error TooMany();

    function setAssetTerms(Whole storage w, AssetTerms calldata terms) public {
        uint256 i = 0;
        while (i < w.assetTerms.length && w.assetTerms[i].id != terms.id) ++i;
        if (i == Messages.ASSETS_MAX) revert TooMany();
        if (i == w.assetTerms.length) w.assetTerms.push();
        if (terms.id == w.shareAssetId && terms.decimals != w.shareDecimals) {
            revert AssetOther(terms.id);
        }
        w.assetTerms[i] = terms;
        emit AssetTermsSet(terms.id, terms);
    }

    function setSpoke(Whole storage w, uint32 domain, bytes32 spoke) public {
        if (domain == Messages.HUB) revert SpokeUnknown(domain, spoke);
        if (w.spokes[domain].spoke == 0) {
            if (w.domains.length == Messages.SIBLINGS_MAX) revert TooMany();
            w.domains.push(domain);
        }
        w.spokes[domain].spoke = spoke;
        emit SpokeSet(domain, spoke);
    }

    /// Takes a jump for real: what the spoke last reported is from now on what is expected of it.
    function acceptReport(Whole storage w, uint32 domain) public {
        SpokeState storage s = w.spokes[domain];
        s.own = _own(w, s);
        s.jumped = false;
        emit ReportAccepted(domain, s.own);
    }

    /// What all spokes and everything in flight are worth in the shares' asset, by each of the two
    /// prices; reverts unless every report was made after `since`.
    function worth(Whole storage w, uint256 since) public view returns (uint256 low, uint256 high) {
        int256 first = 0;
        int256 second = 0;
        for (uint256 i = 0; i < w.domains.length; ++i) _requireFit(w, w.domains[i], since);
        for (uint256 k = 0; k < w.assetTerms.length; ++k) {
            bytes32 asset = w.assetTerms[k].id;
            int256 amount = int256(_inFlight(w, asset));
            for (uint256 i = 0; i < w.domains.length; ++i) amount += w.spokes[w.domains[i]].net[asset];
            (int256 a, int256 b) = _convert(w, w.assetTerms[k], amount);
            first += a;
            second += b;
        }
        if (first < 0 || second < 0) revert WorthNegative(first < second ? first : second);
        (low, high) = first < second
            ? (uint256(first), uint256(second))
            : (uint256(second), uint256(first));
    }

    function receiveReport(Whole storage w, uint32 origin, bytes32 sender, bytes calldata body) public {
        SpokeState storage s = w.spokes[origin];
        if (s.spoke == 0 || s.spoke != sender) revert SpokeUnknown(origin, sender);
        if (Messages.kindOf(body) != Messages.REPORT) revert Messages.BodyBad();
        (, Messages.Report memory report) = abi.decode(body, (uint8, Messages.Report));
        if (report.sequence <= s.sequence) revert ReportOld(origin, report.sequence, s.sequence);
        if (report.time < s.time || report.time > block.timestamp + w.reportTerms.skewMax) {
            revert ReportFromFuture(origin, report.time);
        }
        s.sequence = report.sequence;
        s.time = report.time;
        _take(w, s, report.holdings);
        _holdAgainstLast(w, origin, s);
    }

    function _take(Whole storage w, SpokeState storage s, Messages.Holding[] memory holdings) private {
        if (holdings.length > Messages.ASSETS_MAX) revert Messages.BodyBad();
        for (uint256 i = 0; i < w.assetTerms.length; ++i) s.net[w.assetTerms[i].id] = 0;
        for (uint256 i = 0; i < holdings.length; ++i) {
            Messages.Holding memory h = holdings[i];
            AssetTerms storage terms = _termsOf(w, h.asset);
            if (terms.decimals != h.decimals || h.flows.length > Messages.SIBLINGS_MAX + 1) {
                revert AssetOther(h.asset);
            }
            // The same asset twice would be counted twice, or hide the first.
            for (uint256 k = 0; k < i; ++k) if (holdings[k].asset == h.asset) revert Messages.BodyBad();
            if (h.net > type(int128).max || h.net < type(int128).min) revert Messages.BodyBad();
            s.net[h.asset] = h.net;
            for (uint256 k = 0; k < h.flows.length; ++k) {
                Messages.Flow memory f = h.flows[k];
                if (f.sent >> 127 != 0 || f.received >> 127 != 0) revert Messages.BodyBad();
                s.sent[h.asset][f.domain] = f.sent;
                s.received[h.asset][f.domain] = f.received;
            }
        }
    }

    function _holdAgainstLast(Whole storage w, uint32 domain, SpokeState storage s) private {
        int256 own = _own(w, s);
        int256 last = s.own;
        // Measured against what the spoke holds or last held, its flows aside; one base unit is free.
        uint256 holds = _abs(_worthOf(w, s));
        uint256 base = (holds > s.held ? holds : s.held) + 1;
        bool jumps = s.known && _abs(own - last) > (base * w.reportTerms.jumpBpsMax) / 10_000 + 1;
        s.jumped = jumps;
        if (jumps) {
            emit ReportJumped(domain, s.sequence, last, own);
            return;
        }
        s.own = own;
        s.held = holds;
        s.known = true;
        emit ReportTaken(domain, s.sequence, s.time, own);
    }

    /// What the spoke made by itself, ever: its worth less what came plus what went.
    function _own(Whole storage w, SpokeState storage s) private view returns (int256 sum) {
        for (uint256 k = 0; k < w.assetTerms.length; ++k) {
            bytes32 asset = w.assetTerms[k].id;
            int256 amount = s.net[asset];
            for (uint256 i = 0; i <= w.domains.length; ++i) {
                uint32 domain = i == w.domains.length ? Messages.HUB : w.domains[i];
                amount += int256(s.sent[asset][domain]) - int256(s.received[asset][domain]);
            }
            (int256 a,) = _convert(w, w.assetTerms[k], amount);
            sum += a;
        }
    }

    function _worthOf(Whole storage w, SpokeState storage s) private view returns (int256 sum) {
        for (uint256 k = 0; k < w.assetTerms.length; ++k) {
            (int256 a,) = _convert(w, w.assetTerms[k], s.net[w.assetTerms[k].id]);
            sum += a;
        }
    }

    function _requireFit(Whole storage w, uint32 domain, uint256 since) private view {
        SpokeState storage s = w.spokes[domain];
        if (s.sequence == 0) revert ReportMissing(domain);
        if (s.jumped) revert ReportHasJumped(domain);
        uint256 wanted = since + w.reportTerms.skewMax;
        if (s.time <= wanted || s.time + w.reportTerms.ageMax < block.timestamp) {
            revert ReportStale(domain, s.time, wanted);
        }
    }

    function _inFlight(Whole storage w, bytes32 asset) private view returns (uint256 sum) {
        uint256 count = w.domains.length;
        for (uint256 i = 0; i < count; ++i) {
            for (uint256 k = 0; k < count; ++k) {
                if (i == k) continue;
                sum += _between(w, asset, w.domains[i], w.domains[k]);
            }
        }
        if (asset != w.shareAssetId) return sum;
        SpokeState storage local = w.spokes[w.localDomain];
        uint256 booked = local.received[asset][Messages.HUB];
        uint256 paid = local.sent[asset][Messages.HUB];
        if (booked > w.sentToSpoke) revert OutOfStep(0, w.localDomain, asset, w.sentToSpoke, booked);
        if (w.receivedFromSpoke > paid) revert OutOfStep(w.localDomain, 0, asset, paid, w.receivedFromSpoke);
        sum += w.sentToSpoke - booked + paid - w.receivedFromSpoke;
    }

    function _between(Whole storage w, bytes32 asset, uint32 from, uint32 to)
        private
        view
        returns (uint256)
    {
        uint256 sent = w.spokes[from].sent[asset][to];
        uint256 received = w.spokes[to].received[asset][from];
        if (received > sent) revert OutOfStep(from, to, asset, sent, received);
        return sent - received;
    }

    /// An amount in the asset of the shares, by each source.
    function _convert(Whole storage w, AssetTerms storage terms, int256 amount)
        private
        view
        returns (int256, int256)
    {
        if (terms.id == w.shareAssetId || amount == 0) return (amount, amount);
        PricePair memory of_ = terms.pricing.read();
        PricePair memory unit = _termsOf(w, w.shareAssetId).pricing.read();
        int256 scale = int256(10 ** w.shareDecimals);
        int256 whole = int256(10 ** terms.decimals);
        return (
            (amount * scale * int256(of_.first)) / int256(unit.first) / whole,
            (amount * scale * int256(of_.second)) / int256(unit.second) / whole
        );
    }

    function _termsOf(Whole storage w, bytes32 asset) private view returns (AssetTerms storage) {
        for (uint256 i = 0; i < w.assetTerms.length; ++i) {
            if (w.assetTerms[i].id == asset) return w.assetTerms[i];
        }
        revert AssetOther(asset);
    }

    function _abs(int256 value) private pure returns (uint256) {
        return uint256(value < 0 ? -value : value);
    }
}
