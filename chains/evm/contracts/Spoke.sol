// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMailbox} from "@hyperlane-xyz/core/contracts/interfaces/IMailbox.sol";
import {Asset, Bookkeeping, Books, Leg, Limits, Route, Sibling, VenueTerms} from "./Books.sol";
import {Fees} from "./Fees.sol";
import {IsmJudge} from "./IsmJudge.sol";
import {Order, Roles} from "./Mandated.sol";
import {Messages} from "./Messages.sol";
import {Pricing} from "./Prices.sol";
import {Receiver} from "./Receiver.sol";
import {ILocalHub, SpokeCrossings} from "./SpokeCrossings.sol";
import {SpokeReports} from "./SpokeReports.sol";
import {SpokeSettings} from "./SpokeSettings.sol";
import {Part, SpokeSwaps} from "./SpokeSwaps.sol";
import {SpokeVerbs} from "./SpokeVerbs.sol";
import {Venue, Venues} from "./Venues.sol";
import {Window, Windows} from "./Windows.sol";

/// Holds the portfolio's capital on one chain. README.md says what it protects and what it cannot see.
///
/// 1. The allocator chooses among verbs, venues and amounts; never a recipient, a target or call data.
/// 2. What a verb cost is measured by balances before and after, and charged to the asset's budget.
///    Gains are not credited: the budget bounds what can be lost, however often.
/// 3. No approval outlives its call.
/// 4. Capital in a venue that jumped or was closed can come home, but none can follow it there.
///
/// The verbs' code is in linked libraries that run in this contract's context; their events are this
/// contract's. The libraries are fixed at deployment.
contract Spoke is Receiver {
    using Bookkeeping for Books;
    using Venues for Venue;
    using Windows for Window;

    Books private _books;

    event VenueClosed(uint256 indexed venue, address by);
    event RouteClosed(uint32 indexed domain, address indexed token, address indexed bridge, address by);
    event HubSet(uint32 domain, bytes32 hub);
    event SlipSet(uint16 slipBpsMax);
    event Reported(uint64 indexed sequence, bytes32 indexed leg, bytes body, bytes32 messageId);

    error SenderUnknown(uint32 origin, bytes32 sender);

    constructor(IMailbox mailbox_, IsmJudge judge_, Roles memory roles_)
        Receiver(mailbox_, judge_, roles_)
    {
        _books.mailbox = mailbox_;
        _books.localDomain = localDomain;
    }

    // The allocator's verbs.

    function deposit(Order calldata order, uint256 venue, uint256 amount)
        external
        nonReentrant
        ordered(order)
    {
        SpokeVerbs.deposit(_books, _leg(order), venue, amount);
    }

    /// Brings home `amount`; the highest number empties the venue.
    function withdraw(Order calldata order, uint256 venue, uint256 amount)
        external
        nonReentrant
        ordered(order)
    {
        SpokeVerbs.withdraw(_books, _leg(order), venue, amount);
    }

    function borrow(Order calldata order, uint256 venue, uint256 amount)
        external
        nonReentrant
        ordered(order)
    {
        SpokeVerbs.borrow(_books, _leg(order), venue, amount);
    }

    function repay(Order calldata order, uint256 venue, uint256 amount)
        external
        nonReentrant
        ordered(order)
    {
        SpokeVerbs.repay(_books, _leg(order), venue, amount);
    }

    /// Swaps over several pools at once. `outMin` may be stricter than the contract's own bound, which
    /// comes from both prices, never looser.
    function swap(
        Order calldata order, address tokenIn, address tokenOut, Part[] calldata parts, uint256 outMin
    ) external nonReentrant ordered(order) {
        SpokeSwaps.swap(_books, _leg(order), tokenIn, tokenOut, parts, outMin);
    }

    /// Sends to the sibling on `domain`. The value pays the native fees; the rest comes back.
    function bridge(Order calldata order, address bridge_, uint32 domain, address token, uint256 amount)
        external
        payable
        nonReentrant
        ordered(order)
    {
        SpokeCrossings.bridge(_books, _leg(order), bridge_, domain, token, amount);
    }

    /// Pays the hub on this chain, for redemptions.
    function payHub(Order calldata order, address token, uint256 amount)
        external
        nonReentrant
        ordered(order)
    {
        SpokeCrossings.payHub(_books, _leg(order), token, amount);
    }

    /// Tells the hub what is here.
    function report(Order calldata order) external payable nonReentrant ordered(order) {
        Leg memory leg = _leg(order);
        bytes memory body = SpokeReports.body(_books, leg.number);
        bytes32 messageId;
        uint256 fee;
        if (_books.hubDomain == localDomain) {
            ILocalHub(SpokeCrossings.localHub(_books)).observe(body);
        } else {
            (messageId, fee) = _dispatch(_books.hubDomain, _books.hub, body);
        }
        emit Reported(leg.number, leg.leg, body, messageId);
        Fees.refund(msg.value - fee);
    }

    // Anybody's: it moves nothing.

    /// Books what came from a sibling: the unbooked balance, up to what was announced.
    function settle(uint32 origin, address token) external nonReentrant returns (uint256) {
        return SpokeCrossings.settle(_books, _next(), origin, token);
    }

    // The local hub's.

    /// Hands over deposits; what counts is what arrives.
    function takeDeposits(address token, uint256 amount) external nonReentrant {
        _onlyLocalHub();
        SpokeCrossings.takeDeposits(_books, _next(), token, amount);
    }

    function instruct(Messages.Instruction calldata told) external {
        _onlyLocalHub();
        _obey(told);
    }

    // A pool's, while it is being called.

    function uniswapV3SwapCallback(int256 owed0, int256 owed1, bytes calldata) external {
        SpokeSwaps.pay(owed0, owed1);
    }

    // What the owner sets up. Each of these loosens, or may.

    function setAsset(address token, bytes32 id, Pricing calldata pricing, Limits calldata limits)
        external
        loosens
    {
        SpokeSettings.setAsset(_books, token, id, pricing, limits);
    }

    function setVenue(uint256 index, VenueTerms calldata terms) external loosens {
        SpokeSettings.setVenue(_books, index, terms);
    }

    function acceptVenue(uint256 index) external loosens {
        SpokeSettings.acceptVenue(_books, index);
    }

    function setSibling(uint32 domain, bytes32 spoke) external loosens judged {
        SpokeSettings.setSibling(_books, domain, spoke);
    }

    function setRoute(
        uint32 domain, address token, address bridge_, uint16 feeBpsMax, uint128 nativeFeeMax
    ) external loosens {
        SpokeSettings.setRoute(_books, domain, token, bridge_, feeBpsMax, nativeFeeMax);
    }

    function setHub(uint32 domain, bytes32 hub_) external loosens judged {
        (_books.hubDomain, _books.hub) = (domain, hub_);
        emit HubSet(domain, hub_);
    }

    function setSlip(uint16 slipBpsMax) external loosens {
        if (slipBpsMax > 2_000) revert SpokeSettings.NotLower();
        _books.slipBpsMax = slipBpsMax;
        emit SlipSet(slipBpsMax);
    }

    function writeOff(uint32 origin, address token, uint256 amount) external loosens {
        SpokeSettings.writeOff(_books, _next(), origin, token, amount);
    }

    function absorb(address token) external loosens {
        SpokeSettings.absorb(_books, _next(), token);
    }

    // What tightens, at once.

    function closeVenue(uint256 index) external tightens {
        _books.venueOf(index).open = false;
        emit VenueClosed(index, msg.sender);
    }

    function closeRoute(uint32 domain, address token, address bridge_) external tightens {
        _books.routes[Bookkeeping.routeKey(domain, token, bridge_)].code = 0;
        emit RouteClosed(domain, token, bridge_, msg.sender);
    }

    function lowerLimits(address token, uint128 velocity, uint128 loss) external tightens {
        SpokeSettings.lowerLimits(_books, token, velocity, loss);
    }

    // What anybody may read.

    function hub() external view returns (uint32 domain, bytes32 hub_) {
        return (_books.hubDomain, _books.hub);
    }

    function slipBps() external view returns (uint16) {
        return _books.slipBpsMax;
    }

    function tokens() external view returns (address[] memory) {
        return _books.tokens;
    }

    function domains() external view returns (uint32[] memory) {
        return _books.domains;
    }

    /// Idle capital, what may still be moved and lost now, and what must stay.
    function assetOf(address token)
        external
        view
        returns (bytes32 id, uint256 idle, uint256 velocityLeft, uint256 lossLeft, uint256 kept)
    {
        Asset storage a = _books.assetOf(token);
        return (a.id, a.idle, a.velocity.room(), a.loss.room(), _books.kept(token));
    }

    function venuesCount() external view returns (uint256) {
        return _books.venues.length;
    }

    function venueOf(uint256 index) external view returns (Venue memory) {
        return _books.venueOf(index);
    }

    /// What is in a venue and what is owed there, in its asset.
    function positionAt(uint256 index) external view returns (uint256 supplied, uint256 owed) {
        Venue storage v = _books.venueOf(index);
        if (v.asset == address(0)) return (0, 0);
        return (v.supplied(), v.owed());
    }

    function flowOf(uint32 domain, address token)
        external
        view
        returns (bytes32 spoke, uint256 sent, uint256 announced, uint256 received)
    {
        Sibling storage s = _books.siblings[domain];
        return (s.spoke, s.sent[token], s.announced[token], s.received[token]);
    }

    function routeOf(uint32 domain, address token, address bridge_)
        external
        view
        returns (Route memory)
    {
        return _books.routes[Bookkeeping.routeKey(domain, token, bridge_)];
    }

    // How.

    function _receive(uint32 origin, bytes32 sender, bytes calldata body) internal override {
        uint8 kind = Messages.kindOf(body);
        if (kind == Messages.NOTICE) {
            if (sender == 0 || _books.siblings[origin].spoke != sender) {
                revert SenderUnknown(origin, sender);
            }
            (, Messages.Notice memory notice) = abi.decode(body, (uint8, Messages.Notice));
            SpokeCrossings.announce(_books, origin, notice);
        } else if (kind == Messages.INSTRUCTION) {
            if (origin != _books.hubDomain || sender != _books.hub) revert SenderUnknown(origin, sender);
            (, Messages.Instruction memory told) = abi.decode(body, (uint8, Messages.Instruction));
            _obey(told);
        } else {
            revert Messages.BodyBad();
        }
    }

    function _obey(Messages.Instruction memory told) private {
        if (told.pause) _pause();
        if (told.asset != 0) SpokeCrossings.recall(_books, told);
    }

    function _onlyLocalHub() private view {
        if (msg.sender != SpokeCrossings.localHub(_books)) revert NotYours(msg.sender);
    }

    function _checkBegin() internal view override {
        if (_books.hub == 0 || _books.tokens.length == 0) revert Bookkeeping.AssetUnknown(address(0));
        super._checkBegin();
    }

    function _peers() internal view override returns (uint32[] memory origins, bytes32[] memory senders) {
        uint256 count = _books.domains.length;
        uint256 extra = _books.hubDomain == localDomain ? 0 : 1;
        origins = new uint32[](count + extra);
        senders = new bytes32[](count + extra);
        for (uint256 i = 0; i < count; ++i) {
            origins[i] = _books.domains[i];
            senders[i] = _books.siblings[origins[i]].spoke;
        }
        if (extra == 1) (origins[count], senders[count]) = (_books.hubDomain, _books.hub);
    }

    function _leg(Order calldata order) private returns (Leg memory) {
        return Leg(order.leg, _next());
    }
}
