// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

/// What every verb carries. `leg` is the key that makes it happen once at most, whoever repeats it.
struct Order {
    bytes32 leg;
    bytes32 mandate; // hash of the mandate the plan was made under: void once the owner changed it
    uint64 deadline; // last second at which it may still happen
}

/// Who holds which power. No address may hold two of the first four.
struct Roles {
    address owner; // proposes what loosens
    address approver; // lets a proposal through, once its delay is over
    address guardian; // may only tighten: pause, close, cancel
    address allocator; // the node's key: the verbs, and nothing else
    uint32 delay; // seconds between a proposal and its earliest execution
}

/// Roles, pause and the delay behind which the owner stands.
///
/// 1. Until `begin` the owner sets the contract up, and no verb works.
/// 2. After it, what loosens is proposed by the owner, waits `delay`, and is executed by the approver.
/// 3. What tightens needs one of owner, approver and guardian, and no delay.
/// 4. A leg id works once; an order of another mandate or past its deadline never.
abstract contract Mandated is ReentrancyGuardTransient {
    uint32 public constant DELAY_MIN = 1 hours;
    uint32 public constant DELAY_MAX = 60 days;
    /// A proposal that nobody executed is void after this: old ones do not lie in wait.
    uint256 public constant PROPOSAL_LIFE = 14 days;

    Roles public roles;
    bytes32 public mandate;
    bool public begun;
    bool public paused;
    /// Counts what happened here: every event that moves capital carries the next number.
    uint64 public sequence;
    mapping(bytes32 leg => uint64 sequence) public legs;
    mapping(bytes32 callHash => uint256 readyAt) public proposals;

    event Begun(bytes32 mandate);
    event MandateChanged(bytes32 mandate);
    event RolesChanged(Roles roles);
    event Proposed(bytes32 indexed callHash, bytes call, uint256 readyAt);
    event Executed(bytes32 indexed callHash);
    event Cancelled(bytes32 indexed callHash, address by);
    event PauseChanged(bool paused, address by);

    error NotYours(address caller);
    error AlreadyBegun();
    error NotBegun();
    error IsPaused();
    error MandateIsOther(bytes32 mandate);
    error DeadlinePassed(uint64 deadline);
    error LegDone(bytes32 leg, uint64 sequence);
    error LegMissing();
    error NotProposed(bytes32 callHash);
    error TooEarly(uint256 readyAt);
    error TooLate(uint256 voidSince);
    error BadRoles();

    constructor(Roles memory roles_) {
        _setRoles(roles_);
    }

    /// Only through proposal, delay and approver; by the owner alone until the contract has begun.
    modifier loosens() {
        if (begun) _consumeProposal();
        else if (msg.sender != roles.owner) revert NotYours(msg.sender);
        _;
    }

    modifier tightens() {
        bool held = msg.sender == roles.owner || msg.sender == roles.approver;
        if (!held && msg.sender != roles.guardian) revert NotYours(msg.sender);
        _;
    }

    /// A verb: the allocator's, once per leg, under the mandate in force, while nothing is paused.
    modifier ordered(Order calldata order) {
        _take(order);
        _;
    }

    function begin(bytes32 mandate_) external {
        if (begun) revert AlreadyBegun();
        if (msg.sender != roles.owner) revert NotYours(msg.sender);
        _checkBegin();
        begun = true;
        mandate = mandate_;
        emit Begun(mandate_);
    }

    /// `call` is the whole call data of the change that is to be executed later.
    function propose(bytes calldata call) external {
        if (msg.sender != roles.owner) revert NotYours(msg.sender);
        bytes32 callHash = keccak256(call);
        uint256 readyAt = block.timestamp + roles.delay;
        proposals[callHash] = readyAt;
        emit Proposed(callHash, call, readyAt);
    }

    function cancel(bytes32 callHash) external tightens {
        delete proposals[callHash];
        emit Cancelled(callHash, msg.sender);
    }

    function pause() external tightens {
        _pause();
    }

    function resume() external loosens {
        paused = false;
        emit PauseChanged(false, msg.sender);
    }

    /// Takes the node's key away at once; giving it to another is a loosening.
    function dropAllocator() external tightens {
        roles.allocator = address(0);
        emit RolesChanged(roles);
    }

    function setRoles(Roles calldata roles_) external loosens {
        _setRoles(roles_);
    }

    /// The hash of the mandate in force. The node's orders carry it, so plans under another are void.
    function setMandate(bytes32 mandate_) external loosens {
        mandate = mandate_;
        emit MandateChanged(mandate_);
    }

    /// What must hold before a verb may work; reverts with the reason.
    function _checkBegin() internal view virtual;

    function _pause() internal {
        paused = true;
        emit PauseChanged(true, msg.sender);
    }

    function _next() internal returns (uint64) {
        return ++sequence;
    }

    function _take(Order calldata order) private {
        if (msg.sender != roles.allocator) revert NotYours(msg.sender);
        if (!begun) revert NotBegun();
        if (paused) revert IsPaused();
        if (order.mandate != mandate) revert MandateIsOther(mandate);
        if (block.timestamp > order.deadline) revert DeadlinePassed(order.deadline);
        if (order.leg == 0) revert LegMissing();
        if (legs[order.leg] != 0) revert LegDone(order.leg, legs[order.leg]);
        legs[order.leg] = sequence + 1;
    }

    function _consumeProposal() private {
        bytes32 callHash = keccak256(msg.data);
        uint256 readyAt = proposals[callHash];
        if (msg.sender != roles.approver) revert NotYours(msg.sender);
        if (readyAt == 0) revert NotProposed(callHash);
        if (block.timestamp < readyAt) revert TooEarly(readyAt);
        if (block.timestamp > readyAt + PROPOSAL_LIFE) revert TooLate(readyAt + PROPOSAL_LIFE);
        delete proposals[callHash];
        emit Executed(callHash);
    }

    function _setRoles(Roles memory r) private {
        address[4] memory held = [r.owner, r.approver, r.guardian, r.allocator];
        for (uint256 i = 0; i < 4; ++i) {
            if (i < 3 && held[i] == address(0)) revert BadRoles();
            for (uint256 k = 0; k < i; ++k) {
                if (held[i] == held[k]) revert BadRoles();
            }
        }
        if (r.delay < DELAY_MIN || r.delay > DELAY_MAX) revert BadRoles();
        roles = r;
        emit RolesChanged(r);
    }
}
