// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IMailbox} from "@hyperlane-xyz/core/contracts/interfaces/IMailbox.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Fees} from "./Fees.sol";
import {HubReports} from "./HubReports.sol";
import {HubWorth} from "./HubWorth.sol";
import {Account, HubRequests, Round} from "./HubRequests.sol";
import {IsmJudge} from "./IsmJudge.sol";
import {Order, Roles} from "./Mandated.sol";
import {Messages} from "./Messages.sol";

/// The part of a spoke that the hub on its chain calls.
interface ILocalSpoke {
    function takeDeposits(address token, uint256 amount) external;
    function instruct(Messages.Instruction calldata told) external;
}

/// Shares in the whole portfolio: an ERC-7540 vault, asynchronous both ways.
///
/// Requests join the open round. A round is closed, then settled at the worth of the whole by reports
/// that were all made after it was closed, so nobody enters or leaves at a price that was known.
/// 1. Deposits are priced by the higher of the two sources, redemptions by the lower.
/// 2. The hub's own assets are counted in its books, never by balance: a gift moves no price.
/// 3. A share price that moved further than allowed since the last settlement stops both.
/// 4. Shares begin as if a virtual holder had one base unit: an empty hub cannot be inflated.
contract Hub is HubReports, ERC20 {
    using SafeERC20 for IERC20;
    using Math for uint256;
    using HubRequests for Account;

    struct Terms {
        uint128 depositMin; // smallest request, base units of the asset
        uint16 priceJumpBpsMax; // between two settlements
        uint16 feeBpsPerYear; // of the worth, and only out of gains above the mark
        address feeReceiver;
        uint32 cancelAfter; // seconds after which a request in a closed, unsettled round may leave
    }

    uint8 private constant OFFSET_DIGITS = 6;
    uint256 private constant OFFSET = 10 ** OFFSET_DIGITS;
    uint256 private constant PRICE_ONE = 1e18;
    uint16 public constant FEE_BPS_MAX = 500;

    address public immutable asset;

    Terms public terms;
    uint64 public round = 1; // the open one
    uint64 public roundSettled; // the last settled one
    mapping(uint64 round => Round) public rounds;
    mapping(address controller => Account) private _accounts;
    mapping(address controller => mapping(address operator => bool)) public isOperator;

    uint256 public reserve; // assets here that belong to the holders of shares
    uint256 public pendingAssets; // assets of requests
    uint256 public owedAssets; // assets of settled redemptions
    uint256 public price = PRICE_ONE; // of OFFSET base units of shares, at the last settlement
    uint256 public mark = PRICE_ONE; // highest price at which the fee was paid
    uint256 public worthSettled;
    uint64 public feeAt;

    event OperatorSet(address indexed controller, address indexed operator, bool approved);
    event DepositRequest(
        address indexed controller, address indexed owner, uint256 indexed requestId, address sender,
        uint256 assets
    );
    event RedeemRequest(
        address indexed controller, address indexed owner, uint256 indexed requestId, address sender,
        uint256 shares
    );
    event Deposit(address indexed sender, address indexed owner, uint256 assets, uint256 shares);
    event Withdraw(
        address indexed sender, address indexed receiver, address indexed owner, uint256 assets,
        uint256 shares
    );
    event RequestTakenBack(address indexed controller, uint256 indexed requestId, uint256 assets, uint256 shares);
    event RoundClosed(uint64 indexed round, uint256 assets, uint256 shares);
    event RoundSettled(
        uint64 indexed sequence, uint64 indexed round, Round settled, uint256 low, uint256 high,
        uint256 price, uint256 feeShares, uint256 reserveAfter
    );
    event PriceAccepted(uint256 price);
    event TermsSet(Terms terms);
    event Invested(
        uint64 indexed sequence, bytes32 indexed leg, uint256 amount, uint256 sentEver, uint256 reserveAfter
    );
    event FundsTaken(uint64 indexed sequence, uint256 amount, uint256 receivedEver, uint256 reserveAfter);
    event Instructed(uint32 indexed domain, Messages.Instruction told, bytes32 messageId);

    error AsyncOnly();
    error RequestTooSmall(uint256 least);
    error RoundNotClosed(uint64 round);
    error NothingPending();
    error NotYet(uint256 readyAt);
    error PriceJumped(uint256 last, uint256 price);
    error ReserveShort(uint256 have, uint256 owed);
    error AmountWrong(uint256 got, uint256 wanted);
    error TermsBad();

    constructor(
        IMailbox mailbox_,
        IsmJudge judge_,
        Roles memory roles_,
        address asset_,
        bytes32 assetId,
        string memory name_,
        string memory symbol_
    )
        HubReports(mailbox_, judge_, roles_, assetId, IERC20Metadata(asset_).decimals())
        ERC20(name_, symbol_)
    {
        asset = asset_;
        feeAt = uint64(block.timestamp);
    }

    // Requests: the holders' side.

    function requestDeposit(uint256 assets, address controller, address owner)
        external
        nonReentrant
        returns (uint256)
    {
        _mayAct(owner);
        _open();
        if (assets < terms.depositMin || assets == 0) revert RequestTooSmall(terms.depositMin);
        Account storage a = _account(controller);
        a.askDeposit(rounds[round], round, assets);
        pendingAssets += assets;
        _pull(owner, assets);
        emit DepositRequest(controller, owner, round, msg.sender, assets);
        return round;
    }

    function requestRedeem(uint256 shares, address controller, address owner)
        external
        nonReentrant
        returns (uint256)
    {
        _open();
        if (shares == 0) revert RequestTooSmall(1);
        if (msg.sender != owner && !isOperator[owner][msg.sender]) {
            _spendAllowance(owner, msg.sender, shares);
        }
        Account storage a = _account(controller);
        a.askRedeem(rounds[round], round, shares);
        _transfer(owner, address(this), shares);
        emit RedeemRequest(controller, owner, round, msg.sender, shares);
        return round;
    }

    /// Takes a request back while its round is open, or when nobody settled it in time.
    function takeBack(address controller, address receiver) external nonReentrant {
        _mayAct(controller);
        Account storage a = _account(controller);
        (uint128 assets, uint128 shares) = (a.depositAssets, a.redeemShares);
        if (assets == 0 && shares == 0) revert NothingPending();
        uint64 of_ = assets != 0 ? a.depositRound : a.redeemRound;
        if (assets != 0) {
            _requireLeaving(a.depositRound);
            rounds[a.depositRound].assets -= assets;
            a.depositAssets = 0;
            pendingAssets -= assets;
            IERC20(asset).safeTransfer(receiver, assets);
        }
        if (shares != 0) {
            _requireLeaving(a.redeemRound);
            rounds[a.redeemRound].shares -= shares;
            a.redeemShares = 0;
            _transfer(address(this), receiver, shares);
        }
        emit RequestTakenBack(controller, of_, assets, shares);
    }

    function setOperator(address operator, bool approved) external returns (bool) {
        isOperator[msg.sender][operator] = approved;
        emit OperatorSet(msg.sender, operator, approved);
        return true;
    }

    // Claims. They work while the hub is paused: what was settled belongs to the claimant.

    function deposit(uint256 assets, address receiver, address controller) public returns (uint256 shares) {
        _mayAct(controller);
        shares = _account(controller).claimByAssets(assets);
        _giveShares(controller, receiver, assets, shares);
    }

    function deposit(uint256 assets, address receiver) external returns (uint256) {
        return deposit(assets, receiver, msg.sender);
    }

    function mint(uint256 shares, address receiver, address controller) public returns (uint256 assets) {
        _mayAct(controller);
        assets = _account(controller).claimByShares(shares);
        _giveShares(controller, receiver, assets, shares);
    }

    function mint(uint256 shares, address receiver) external returns (uint256) {
        return mint(shares, receiver, msg.sender);
    }

    function redeem(uint256 shares, address receiver, address controller)
        external
        nonReentrant
        returns (uint256 assets)
    {
        _mayAct(controller);
        assets = _account(controller).exitByShares(shares);
        _giveAssets(controller, receiver, assets, shares);
    }

    function withdraw(uint256 assets, address receiver, address controller)
        external
        nonReentrant
        returns (uint256 shares)
    {
        _mayAct(controller);
        shares = _account(controller).exitByAssets(assets);
        _giveAssets(controller, receiver, assets, shares);
    }

    // Rounds. Closing is the allocator's; settling is anybody's, for it has one outcome.

    function closeRound(Order calldata order) external ordered(order) {
        Round storage r = rounds[round];
        if (roundSettled + 1 != round) revert RoundNotClosed(round - 1);
        r.closedAt = uint64(block.timestamp);
        _next();
        emit RoundClosed(round, r.assets, r.shares);
        ++round;
    }

    function settleRound() external nonReentrant {
        if (paused) revert IsPaused();
        uint64 number = roundSettled + 1;
        Round storage r = rounds[number];
        if (r.closedAt == 0) revert RoundNotClosed(number);
        (uint256 low, uint256 high) = worth(r.closedAt);
        low += reserve;
        high += reserve;
        uint256 feeShares = _takeFee(low);
        uint256 priceNow = _price(low);
        _requireNear(priceNow);
        price = priceNow;
        HubRequests.settle(r, low, high, totalSupply() + OFFSET);
        uint256 have = reserve + r.assets;
        if (have < r.assetsOut) revert ReserveShort(have, r.assetsOut);
        reserve = have - r.assetsOut;
        pendingAssets -= r.assets;
        owedAssets += r.assetsOut;
        _burn(address(this), r.shares);
        _mint(address(this), r.sharesOut);
        roundSettled = number;
        worthSettled = low + r.assets - r.assetsOut;
        emit RoundSettled(_next(), number, r, low, high, priceNow, feeShares, reserve);
    }

    // Between hub and spokes.

    /// Hands what belongs to the holders to the spoke on this chain.
    function invest(Order calldata order, uint256 amount) external nonReentrant ordered(order) {
        if (amount == 0 || amount > reserve) revert ReserveShort(reserve, amount);
        address spoke = _localSpoke();
        reserve -= amount;
        _whole.sentToSpoke += amount;
        uint256 before = IERC20(asset).balanceOf(address(this));
        IERC20(asset).forceApprove(spoke, amount);
        ILocalSpoke(spoke).takeDeposits(asset, amount);
        IERC20(asset).forceApprove(spoke, 0);
        uint256 left = before - IERC20(asset).balanceOf(address(this));
        if (left != amount) revert AmountWrong(left, amount);
        emit Invested(_next(), order.leg, amount, _whole.sentToSpoke, reserve);
    }

    /// The spoke on this chain pays for redemptions.
    function takeFunds(uint256 amount) external nonReentrant {
        if (msg.sender != _localSpoke()) revert NotYours(msg.sender);
        reserve += amount;
        _whole.receivedFromSpoke += amount;
        _pull(msg.sender, amount);
        emit FundsTaken(_next(), amount, _whole.receivedFromSpoke, reserve);
    }

    /// Asks a spoke to bring capital home; until it has, it invests nothing of it.
    function recall(Order calldata order, uint32 domain, bytes32 assetId, uint256 amount)
        external
        payable
        ordered(order)
    {
        _next();
        Fees.refund(msg.value - _tell(domain, Messages.Instruction(false, assetId, amount)));
    }

    /// Pauses the hub, and every spoke through a message.
    function pauseAll() external payable tightens {
        _pause();
        uint256 used = 0;
        for (uint256 i = 0; i < _whole.domains.length; ++i) {
            used += _tell(_whole.domains[i], Messages.Instruction(true, 0, 0));
        }
        Fees.refund(msg.value - used);
    }

    // What the owner sets up.

    function setTerms(Terms calldata terms_) external loosens {
        if (terms_.feeBpsPerYear > FEE_BPS_MAX || terms_.cancelAfter > 60 days) revert TermsBad();
        if (terms_.feeBpsPerYear != 0 && terms_.feeReceiver == address(0)) revert TermsBad();
        terms = terms_;
        emit TermsSet(terms_);
    }

    /// Takes the price as it is now for the last one, after a jump that was real.
    function acceptPrice() external loosens {
        (uint256 low,) = worth(rounds[roundSettled + 1].closedAt);
        price = _price(low + reserve);
        emit PriceAccepted(price);
    }

    // Views of ERC-7540, ERC-7575 and ERC-4626.

    function share() external view returns (address) {
        return address(this);
    }

    function decimals() public view override returns (uint8) {
        return _whole.shareDecimals + OFFSET_DIGITS;
    }

    /// As of the last settlement: between settlements nothing is priced.
    function totalAssets() external view returns (uint256) {
        return worthSettled;
    }

    function convertToShares(uint256 assets) external view returns (uint256) {
        return assets.mulDiv(OFFSET * PRICE_ONE, price);
    }

    function convertToAssets(uint256 shares) external view returns (uint256) {
        return shares.mulDiv(price, OFFSET * PRICE_ONE);
    }

    function pendingDepositRequest(uint256 requestId, address controller) external view returns (uint256) {
        Account memory a = _view(controller);
        return a.depositRound == requestId ? a.depositAssets : 0;
    }

    function pendingRedeemRequest(uint256 requestId, address controller) external view returns (uint256) {
        Account memory a = _view(controller);
        return a.redeemRound == requestId ? a.redeemShares : 0;
    }

    /// Claims of all rounds are kept together: any past request id gives the sum.
    function claimableDepositRequest(uint256, address controller) external view returns (uint256) {
        return _view(controller).claimAssets;
    }

    function claimableRedeemRequest(uint256, address controller) external view returns (uint256) {
        return _view(controller).exitShares;
    }

    function maxDeposit(address controller) external view returns (uint256) {
        return _view(controller).claimAssets;
    }

    function maxMint(address controller) external view returns (uint256) {
        return _view(controller).claimShares;
    }

    function maxWithdraw(address controller) external view returns (uint256) {
        return _view(controller).exitAssets;
    }

    function maxRedeem(address controller) external view returns (uint256) {
        return _view(controller).exitShares;
    }

    function previewDeposit(uint256) external pure returns (uint256) {
        revert AsyncOnly();
    }

    function previewMint(uint256) external pure returns (uint256) {
        revert AsyncOnly();
    }

    function previewRedeem(uint256) external pure returns (uint256) {
        revert AsyncOnly();
    }

    function previewWithdraw(uint256) external pure returns (uint256) {
        revert AsyncOnly();
    }

    function supportsInterface(bytes4 id) external pure returns (bool) {
        // ERC-165, ERC-7540 operators, deposits and redemptions, ERC-7575 vault and share.
        return id == 0x01ffc9a7 || id == 0xe3bc4e65 || id == 0xce3bbe50 || id == 0x620ee8e4
            || id == 0x2f0a18c5 || id == 0xf815c03d;
    }

    // How.

    /// A controller's account with what was settled since turned into claims.
    function _account(address controller) private returns (Account storage a) {
        a = _accounts[controller];
        a.roll(rounds);
    }

    function _view(address controller) private view returns (Account memory) {
        return _accounts[controller].rolled(rounds);
    }

    function _open() private view {
        if (!begun) revert NotBegun();
        if (paused) revert IsPaused();
    }

    function _mayAct(address for_) private view {
        if (msg.sender != for_ && !isOperator[for_][msg.sender]) revert NotYours(msg.sender);
    }

    function _requireLeaving(uint64 number) private view {
        uint64 closedAt = rounds[number].closedAt;
        if (closedAt != 0 && block.timestamp < closedAt + terms.cancelAfter) {
            revert NotYet(closedAt + terms.cancelAfter);
        }
    }

    /// What comes in must be all that was said: tokens that take a fee are not for the hub.
    function _pull(address from, uint256 amount) private {
        uint256 before = IERC20(asset).balanceOf(address(this));
        IERC20(asset).safeTransferFrom(from, address(this), amount);
        uint256 got = IERC20(asset).balanceOf(address(this)) - before;
        if (got != amount) revert AmountWrong(got, amount);
    }

    function _giveShares(address controller, address receiver, uint256 assets, uint256 shares) private {
        _transfer(address(this), receiver, shares);
        emit Deposit(controller, receiver, assets, shares);
    }

    function _giveAssets(address controller, address receiver, uint256 assets, uint256 shares) private {
        owedAssets -= assets;
        IERC20(asset).safeTransfer(receiver, assets);
        emit Withdraw(msg.sender, receiver, controller, assets, shares);
    }

    /// Price of OFFSET base units of shares, times 1e18, with the virtual holder counted.
    function _price(uint256 total) private view returns (uint256) {
        return (total + 1).mulDiv(OFFSET * PRICE_ONE, totalSupply() + OFFSET);
    }

    function _requireNear(uint256 priceNow) private view {
        // An empty hub has no price to jump from.
        if (totalSupply() == 0) return;
        uint256 apart = priceNow > price ? priceNow - price : price - priceNow;
        if (apart > (price * terms.priceJumpBpsMax) / 10_000) revert PriceJumped(price, priceNow);
    }

    /// The fee of the time since the last one, as new shares, out of gains above the mark only: it
    /// never takes the price below a height at which it was already paid.
    function _takeFee(uint256 total) private returns (uint256 feeShares) {
        uint256 elapsed = block.timestamp - feeAt;
        feeAt = uint64(block.timestamp);
        uint256 before = _price(total);
        if (before <= mark || totalSupply() == 0) return 0;
        uint256 units = totalSupply() + OFFSET;
        uint256 gain = (before - mark).mulDiv(units, OFFSET * PRICE_ONE);
        uint256 fee = total.mulDiv(uint256(terms.feeBpsPerYear) * elapsed, 10_000 * 365 days);
        if (fee > gain) fee = gain;
        if (fee != 0) {
            feeShares = fee.mulDiv(units, total + 1 - fee);
            _mint(terms.feeReceiver, feeShares);
        }
        uint256 after_ = _price(total);
        if (after_ > mark) mark = after_;
    }

    function _localSpoke() private view returns (address) {
        return address(uint160(uint256(_whole.spokes[localDomain].spoke)));
    }

    function _tell(uint32 domain, Messages.Instruction memory told) private returns (uint256 fee) {
        bytes32 spoke = _whole.spokes[domain].spoke;
        if (spoke == 0) revert HubWorth.SpokeUnknown(domain, spoke);
        bytes32 messageId;
        if (domain == localDomain) {
            ILocalSpoke(address(uint160(uint256(spoke)))).instruct(told);
        } else {
            bytes memory body = abi.encode(Messages.INSTRUCTION, told);
            (messageId, fee) = _dispatch(domain, spoke, body);
        }
        emit Instructed(domain, told, messageId);
    }
}
