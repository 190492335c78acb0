// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ITokenBridge, Quote} from "@hyperlane-xyz/core/contracts/interfaces/ITokenBridge.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Asset, Bookkeeping, Books, Leg, Route, Sibling} from "./Books.sol";
import {Fees} from "./Fees.sol";
import {Messages} from "./Messages.sol";
import {SpokeSettings} from "./SpokeSettings.sol";

/// The part of the hub that a spoke on the hub's own chain calls.
interface ILocalHub {
    function takeFunds(uint256 amount) external;
    function observe(bytes calldata body) external;
}

struct Crossing {
    address bridge;
    uint32 domain;
    address token;
    uint256 amount;
    uint256 fee;
    uint256 nativeFee;
    uint256 noticeFee;
    uint256 before;
}

/// Capital between spokes, and between the hub and the spoke on its chain.
///
/// What was sent stays counted as in flight until the sibling has booked it: nothing expires. A sibling
/// books what arrived only up to what a notice of the sender announced, so a gift is never an arrival.
library SpokeCrossings {
    using SafeERC20 for IERC20;
    using Fees for Quote[];
    using Bookkeeping for Books;

    event Bridged(
        uint64 indexed sequence,
        bytes32 indexed leg,
        uint32 indexed domain,
        address token,
        address bridge,
        uint256 amount,
        uint256 fee,
        uint256 nativeFee,
        uint256 sentEver,
        uint256 balanceBefore,
        uint256 balanceAfter
    );
    event Arrived(
        uint64 indexed sequence,
        uint32 indexed origin,
        address indexed token,
        uint256 amount,
        uint256 receivedEver,
        uint256 idleAfter
    );
    event Announced(uint32 indexed origin, address indexed token, uint256 sentEver);
    event Recalled(address indexed token, uint256 amount);
    event HubPaid(
        uint64 indexed sequence, bytes32 indexed leg, address indexed token, uint256 amount,
        uint256 sentEver, uint256 idleAfter
    );

    error RouteIsClosed(uint32 domain, address token, address bridge);
    error BridgeCodeChanged(address bridge, bytes32 code);
    error BridgeTook(uint256 took, uint256 most, uint256 least);
    error NativeFeeTooHigh(uint256 fee, uint256 most);
    error HubElsewhere(uint32 domain);

    /// Sends to the sibling on `domain`: the recipient is the books', never the caller's.
    function bridge(
        Books storage b, Leg memory l, address bridge_, uint32 domain, address token, uint256 amount
    ) public {
        Crossing memory c;
        c.bridge = bridge_;
        c.domain = domain;
        c.token = token;
        c.amount = amount;
        _quoteCrossing(b, l, c);
        _cross(b, c);
        _book(b, l, c);
        Fees.refund(msg.value - c.nativeFee - c.noticeFee);
    }

    /// Pays the hub on this chain, for redemptions.
    function payHub(Books storage b, Leg memory l, address token, uint256 amount) public {
        address local = localHub(b);
        Asset storage a = b.reserve(token, amount, 0);
        IERC20 asset = IERC20(token);
        uint256 before = asset.balanceOf(address(this));
        asset.forceApprove(local, amount);
        ILocalHub(local).takeFunds(amount);
        asset.forceApprove(local, 0);
        uint256 paid = before - asset.balanceOf(address(this));
        if (paid != amount) revert BridgeTook(paid, amount, amount);
        a.idle -= uint128(amount);
        a.recall = a.recall > amount ? a.recall - uint128(amount) : 0;
        uint256 sentEver = b.siblings[Messages.HUB].sent[token] += amount;
        emit HubPaid(l.number, l.leg, token, amount, sentEver, a.idle);
    }

    /// Books what came from a sibling: the unbooked balance, up to what was announced.
    function settle(Books storage b, uint64 number, uint32 origin, address token)
        public
        returns (uint256 amount)
    {
        Asset storage a = b.assetOf(token);
        Sibling storage s = b.siblings[origin];
        uint256 balance = IERC20(token).balanceOf(address(this));
        uint256 excess = balance > a.idle ? balance - a.idle : 0;
        uint256 due = s.announced[token] - s.received[token];
        amount = excess < due ? excess : due;
        if (amount != 0) _arrive(b, number, origin, token, amount);
    }

    /// The local hub hands over deposits: it alone may, and what counts is what arrives.
    function takeDeposits(Books storage b, uint64 number, address token, uint256 amount) public {
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        uint256 got = IERC20(token).balanceOf(address(this)) - before;
        if (got != amount) revert BridgeTook(got, amount, amount);
        _arrive(b, number, Messages.HUB, token, got);
    }

    function _quoteCrossing(Books storage b, Leg memory l, Crossing memory c) private {
        bytes32 to = b.siblings[c.domain].spoke;
        if (to == 0) revert SpokeSettings.SiblingUnknown(c.domain);
        Route storage route = b.routes[Bookkeeping.routeKey(c.domain, c.token, c.bridge)];
        if (route.code == 0) revert RouteIsClosed(c.domain, c.token, c.bridge);
        if (c.bridge.codehash != route.code) revert BridgeCodeChanged(c.bridge, c.bridge.codehash);
        uint256 inToken;
        (inToken, c.nativeFee) =
            ITokenBridge(c.bridge).quoteTransferRemote(c.domain, to, c.amount).sum(c.token);
        c.fee = Fees.above(inToken, c.amount, route.feeBpsMax);
        bytes memory body = _noticeBody(b, c.token, b.siblings[c.domain].sent[c.token] + c.amount);
        c.noticeFee = b.mailbox.quoteDispatch(c.domain, to, body);
        uint256 native = c.nativeFee + c.noticeFee;
        if (native > route.nativeFeeMax) revert NativeFeeTooHigh(native, route.nativeFeeMax);
        if (msg.value < native) revert Fees.NativeFeeNotPaid(native, msg.value);
        b.charge(l.number, c.token, c.fee);
    }

    function _cross(Books storage b, Crossing memory c) private {
        // Bridging to the hub's chain may use the buffer: it is what the buffer is for.
        uint256 keep = c.domain == b.hubDomain ? 0 : b.kept(c.token);
        b.reserve(c.token, c.amount + c.fee, keep);
        IERC20 asset = IERC20(c.token);
        c.before = asset.balanceOf(address(this));
        asset.forceApprove(c.bridge, c.amount + c.fee);
        ITokenBridge(c.bridge).transferRemote{value: c.nativeFee}(
            c.domain, b.siblings[c.domain].spoke, c.amount
        );
        asset.forceApprove(c.bridge, 0);
    }

    /// What left must be the amount at least, or the sibling would wait for more than was sent.
    function _book(Books storage b, Leg memory l, Crossing memory c) private {
        uint256 balance = IERC20(c.token).balanceOf(address(this));
        uint256 took = c.before > balance ? c.before - balance : 0;
        if (took < c.amount || took > c.amount + c.fee) {
            revert BridgeTook(took, c.amount + c.fee, c.amount);
        }
        Asset storage a = b.assets[c.token];
        a.idle -= uint128(took);
        if (c.domain == b.hubDomain) a.recall = a.recall > c.amount ? a.recall - uint128(c.amount) : 0;
        uint256 sentEver = b.siblings[c.domain].sent[c.token] += c.amount;
        b.mailbox.dispatch{value: c.noticeFee}(
            c.domain, b.siblings[c.domain].spoke, _noticeBody(b, c.token, sentEver)
        );
        emit Bridged(
            l.number, l.leg, c.domain, c.token, c.bridge, c.amount, took - c.amount,
            c.nativeFee + c.noticeFee, sentEver, c.before, balance
        );
    }

    function _noticeBody(Books storage b, address token, uint256 sentEver)
        private
        view
        returns (bytes memory)
    {
        Asset storage a = b.assetOf(token);
        return abi.encode(Messages.NOTICE, Messages.Notice(a.id, a.decimals, sentEver));
    }

    function _arrive(Books storage b, uint64 number, uint32 origin, address token, uint256 amount) private {
        Asset storage a = b.assetOf(token);
        a.idle += uint128(amount);
        uint256 ever = b.siblings[origin].received[token] += amount;
        emit Arrived(number, origin, token, amount, ever, a.idle);
    }

    function announce(Books storage b, uint32 origin, Messages.Notice memory notice) public {
        address token = b.tokenOf[notice.asset];
        Asset storage a = b.assetOf(token);
        if (a.decimals != notice.decimals) revert Bookkeeping.DecimalsChanged(token);
        Sibling storage s = b.siblings[origin];
        // Notices may come in any order: the sum only grows.
        if (notice.sent <= s.announced[token]) return;
        s.announced[token] = notice.sent;
        emit Announced(origin, token, notice.sent);
    }

    function recall(Books storage b, Messages.Instruction memory told) public {
        if (told.asset == 0) return;
        address token = b.tokenOf[told.asset];
        uint256 most = type(uint128).max;
        b.assetOf(token).recall = uint128(told.recall < most ? told.recall : most);
        emit Recalled(token, told.recall);
    }

    function localHub(Books storage b) internal view returns (address) {
        if (b.hubDomain != b.localDomain) revert HubElsewhere(b.hubDomain);
        return address(uint160(uint256(b.hub)));
    }
}
