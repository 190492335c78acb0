// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ITokenBridge, Quote} from "@hyperlane-xyz/core/contracts/interfaces/ITokenBridge.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Fees} from "./Fees.sol";
import {Mandated, Order, Roles} from "./Mandated.sol";
import {Window, Windows} from "./Windows.sol";

/// The part of Hyperlane's movable-collateral router that is used.
interface IMovableRouter {
    function token() external view returns (address);
    function routers(uint32 domain) external view returns (bytes32);
    function allowedRecipient(uint32 domain) external view returns (bytes32);
    function rebalance(uint32 domain, uint256 amount, ITokenBridge bridge) external payable;
}

/// Holds the rebalancer role on movable-collateral routers in place of the node's key.
///
/// A router lets a rebalancer use any allowed bridge as often as it likes at any fee, and pays native
/// fees out of its own coins. The guard bounds each of these: corridors by (router, domain, bridge),
/// the recipient it was set up with, fee ceilings, a velocity limit, a loss budget for fees in the
/// token and one for native fees, and a cooldown. Token fees are paid from the guard's own float.
contract Guard is Mandated {
    using SafeERC20 for IERC20;
    using Windows for Window;
    using Fees for Quote[];

    struct Limits {
        uint128 velocity; // most collateral that leaves the router per window
        uint128 loss; // most fees in the token per window
        uint128 native; // most native fees per window, wei
        uint32 window; // seconds
    }

    struct Corridor {
        bytes32 bridgeCode; // code hash of the bridge; zero: closed
        bytes32 recipient; // who must receive at the other end
        uint16 feeBpsMax; // token fee, of the amount
        uint128 nativeFeeMax; // wei
        uint32 cooldown; // seconds between two moves
        uint64 lastAt;
    }

    struct RouterState {
        bytes32 code;
        address token;
        Window velocity;
        Window loss;
        Window native;
    }

    /// What a move is made of; kept together because it travels between functions.
    struct Move {
        address router;
        address token;
        address bridge;
        uint32 domain;
        uint256 amount;
        uint256 fee;
        uint256 nativeFee;
        uint256 before;
        uint256 nativeBefore;
    }

    mapping(address router => RouterState) private _routers;
    mapping(bytes32 key => Corridor) private _corridors;

    event RouterSet(address indexed router, address token, bytes32 code, Limits limits);
    event CorridorSet(
        address indexed router, uint32 indexed domain, address indexed bridge, Corridor corridor
    );
    event CorridorClosed(
        address indexed router, uint32 indexed domain, address indexed bridge, address by
    );
    event Rebalanced(
        uint64 indexed sequence,
        bytes32 indexed leg,
        address indexed router,
        uint32 domain,
        address bridge,
        uint256 amount,
        uint256 fee,
        uint256 nativeFee,
        uint256 balanceBefore,
        uint256 balanceAfter
    );
    event FloatTaken(address indexed token, address to, uint256 amount);

    error RouterUnknown(address router);
    error CodeChanged(address place, bytes32 code);
    error CorridorIsClosed(address router, uint32 domain, address bridge);
    error RecipientChanged(bytes32 recipient);
    error CoolingDown(uint256 until);
    error NativeFeeTooHigh(uint256 fee, uint256 most);
    error BalanceOff(uint256 before, uint256 afterwards, uint256 amount);

    constructor(Roles memory roles_) Mandated(roles_) {}

    // The allocator's only verb.

    function rebalance(
        Order calldata order,
        address router,
        uint32 domain,
        uint256 amount,
        address bridge
    ) external payable nonReentrant ordered(order) {
        Move memory move;
        move.router = router;
        move.domain = domain;
        move.bridge = bridge;
        move.amount = amount;
        _admit(move);
        _price(move);
        _run(move);
        _settle(order.leg, move);
        // A router for the native coin is paid its fee in the coin: then `fee` is native too.
        uint256 used = move.token == address(0) ? move.fee : move.nativeFee;
        Fees.refund(msg.value - used);
    }

    // What the owner sets up.

    function setRouter(address router, Limits calldata limits) external loosens {
        RouterState storage state = _routers[router];
        state.token = IMovableRouter(router).token();
        state.code = router.codehash;
        state.velocity.set(limits.velocity, limits.window);
        state.loss.set(limits.loss, limits.window);
        state.native.set(limits.native, limits.window);
        emit RouterSet(router, state.token, state.code, limits);
    }

    function setCorridor(
        address router,
        uint32 domain,
        address bridge,
        uint16 feeBpsMax,
        uint128 nativeFeeMax,
        uint32 cooldown
    ) external loosens {
        if (_routers[router].code == 0) revert RouterUnknown(router);
        Corridor storage corridor = _corridors[_key(router, domain, bridge)];
        corridor.bridgeCode = bridge.codehash;
        corridor.recipient = _recipient(router, domain);
        corridor.feeBpsMax = feeBpsMax;
        corridor.nativeFeeMax = nativeFeeMax;
        corridor.cooldown = cooldown;
        emit CorridorSet(router, domain, bridge, corridor);
    }

    function closeCorridor(address router, uint32 domain, address bridge) external tightens {
        _corridors[_key(router, domain, bridge)].bridgeCode = 0;
        emit CorridorClosed(router, domain, bridge, msg.sender);
    }

    function takeFloat(address token, address to, uint256 amount) external loosens {
        IERC20(token).safeTransfer(to, amount);
        emit FloatTaken(token, to, amount);
    }

    // What anybody may read.

    function corridorOf(address router, uint32 domain, address bridge)
        external
        view
        returns (Corridor memory)
    {
        return _corridors[_key(router, domain, bridge)];
    }

    /// What may still be moved, paid in the token, and paid in wei, now.
    function roomOf(address router)
        external
        view
        returns (uint256 velocity, uint256 loss, uint256 native)
    {
        RouterState storage state = _routers[router];
        return (state.velocity.room(), state.loss.room(), state.native.room());
    }

    function _checkBegin() internal view override {}

    function _admit(Move memory move) private {
        RouterState storage state = _routers[move.router];
        if (state.code == 0) revert RouterUnknown(move.router);
        if (move.router.codehash != state.code) revert CodeChanged(move.router, move.router.codehash);
        Corridor storage way = _corridors[_key(move.router, move.domain, move.bridge)];
        if (way.bridgeCode == 0) revert CorridorIsClosed(move.router, move.domain, move.bridge);
        if (move.bridge.codehash != way.bridgeCode) {
            revert CodeChanged(move.bridge, move.bridge.codehash);
        }
        bytes32 recipient = _recipient(move.router, move.domain);
        if (recipient != way.recipient) revert RecipientChanged(recipient);
        if (block.timestamp < way.lastAt + way.cooldown) {
            revert CoolingDown(way.lastAt + way.cooldown);
        }
        way.lastAt = uint64(block.timestamp);
        move.token = state.token;
        state.velocity.spend(move.amount);
    }

    /// Quotes as the router will, and holds the fees against ceilings and budgets.
    function _price(Move memory move) private {
        RouterState storage state = _routers[move.router];
        Corridor storage way = _corridors[_key(move.router, move.domain, move.bridge)];
        Quote[] memory quotes =
            ITokenBridge(move.bridge).quoteTransferRemote(move.domain, way.recipient, move.amount);
        uint256 inToken;
        (inToken, move.nativeFee) = quotes.sum(move.token);
        move.fee = Fees.above(inToken, move.amount, way.feeBpsMax);
        if (move.nativeFee > way.nativeFeeMax) {
            revert NativeFeeTooHigh(move.nativeFee, way.nativeFeeMax);
        }
        state.loss.spend(move.fee);
        state.native.spend(move.nativeFee);
        uint256 due = move.token == address(0) ? move.fee : move.nativeFee;
        if (msg.value < due) revert Fees.NativeFeeNotPaid(due, msg.value);
    }

    function _run(Move memory move) private {
        bool native = move.token == address(0);
        move.before = _balance(move.token, move.router);
        move.nativeBefore = move.router.balance;
        bool approves = !native && move.fee != 0;
        if (approves) IERC20(move.token).forceApprove(move.router, move.fee);
        IMovableRouter(move.router).rebalance{value: native ? move.fee : move.nativeFee}(
            move.domain, move.amount, ITokenBridge(move.bridge)
        );
        if (approves) IERC20(move.token).forceApprove(move.router, 0);
    }

    /// The router must be poorer by the amount and by nothing else, native coins included.
    function _settle(bytes32 leg, Move memory move) private {
        uint256 afterwards = _balance(move.token, move.router);
        if (afterwards + move.amount != move.before) {
            revert BalanceOff(move.before, afterwards, move.amount);
        }
        if (move.token != address(0) && move.router.balance < move.nativeBefore) {
            revert BalanceOff(move.nativeBefore, move.router.balance, 0);
        }
        emit Rebalanced(
            _next(), leg, move.router, move.domain, move.bridge, move.amount, move.fee,
            move.nativeFee, move.before, afterwards
        );
    }

    function _recipient(address router, uint32 domain) private view returns (bytes32) {
        bytes32 set = IMovableRouter(router).allowedRecipient(domain);
        return set != 0 ? set : IMovableRouter(router).routers(domain);
    }

    function _balance(address token, address of_) private view returns (uint256) {
        return token == address(0) ? of_.balance : IERC20(token).balanceOf(of_);
    }

    function _key(address router, uint32 domain, address bridge) private pure returns (bytes32) {
        return keccak256(abi.encode(router, domain, bridge));
    }
}
