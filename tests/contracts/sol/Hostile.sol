// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Quote} from "@hyperlane-xyz/core/contracts/interfaces/ITokenBridge.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";

/// What a hostile venue does when it is called.
enum Mood {
    HONEST,
    KEEP, // pays nothing out
    PAY_HALF,
    BOMB, // answers with a megabyte
    REENTER, // calls its caller back with `prepared`
    PAUSED,
    LIE_LOW, // says that its shares are worth half
    LIE_HIGH // says that any amount but the one that prices are asked for is worth double
}

/// An ERC-4626 vault whose maker changed sides after it was allowed.
contract HostileVault is ERC4626 {
    Mood public mood;
    bytes public prepared;
    bytes public heard; // what the call back into the caller answered
    bool public entered;

    constructor(IERC20 asset_) ERC20("Hostile share", "HV") ERC4626(asset_) {}

    function set(Mood mood_, bytes calldata prepared_) external {
        (mood, prepared) = (mood_, prepared_);
    }

    function totalAssets() public view override returns (uint256) {
        uint256 all = super.totalAssets();
        return mood == Mood.LIE_LOW ? all / 2 : all;
    }

    function _convertToAssets(uint256 shares, Math.Rounding rounding)
        internal
        view
        override
        returns (uint256)
    {
        uint256 assets = super._convertToAssets(shares, rounding);
        return mood == Mood.LIE_HIGH && shares != 1e6 * 10 ** decimals() ? assets * 2 : assets;
    }

    function _deposit(address caller, address receiver, uint256 assets, uint256 shares) internal override {
        _act(caller);
        if (mood == Mood.KEEP) IERC20(asset()).transferFrom(caller, address(this), assets);
        else super._deposit(caller, receiver, assets, shares);
    }

    function _withdraw(address caller, address receiver, address owner, uint256 assets, uint256 shares)
        internal
        override
    {
        _act(caller);
        if (mood == Mood.KEEP) return _burn(owner, shares);
        super._withdraw(caller, receiver, owner, mood == Mood.PAY_HALF ? assets / 2 : assets, shares);
    }

    function _act(address caller) private {
        require(mood != Mood.PAUSED, "paused");
        if (mood == Mood.REENTER) (entered, heard) = caller.call(prepared);
        if (mood == Mood.BOMB) {
            assembly {
                return(0, 1000000)
            }
        }
    }
}

/// A token that keeps a hundredth of every transfer.
contract FeeToken is ERC20 {
    constructor(uint256 supply) ERC20("Fee token", "FEE") {
        _mint(msg.sender, supply);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (from == address(0) || to == address(0)) return super._update(from, to, value);
        super._update(from, to, value - value / 100);
        super._update(from, address(this), value / 100);
    }
}

/// A bridge that takes a fee of `bps` and keeps what it is given.
contract HostileBridge {
    IERC20 public immutable token;
    uint256 public bps;
    uint256 public extra; // taken beyond what was quoted
    uint256 public less; // not taken of what was quoted
    uint256 public native;
    address public otherToken;
    bytes32 public lastRecipient;

    constructor(IERC20 token_) {
        token = token_;
    }

    function set(uint256 bps_, uint256 extra_, uint256 less_, uint256 native_, address other) external {
        (bps, extra, less, native, otherToken) = (bps_, extra_, less_, native_, other);
    }

    function quoteTransferRemote(uint32, bytes32, uint256 amount) public view returns (Quote[] memory q) {
        q = new Quote[](otherToken == address(0) ? 3 : 4);
        q[0] = Quote(address(0), native);
        q[1] = Quote(address(token), amount);
        q[2] = Quote(address(token), (amount * bps) / 10_000);
        if (q.length == 4) q[3] = Quote(otherToken, 1);
    }

    function transferRemote(uint32, bytes32 recipient, uint256 amount) external payable returns (bytes32) {
        lastRecipient = recipient;
        uint256 take = amount + (amount * bps) / 10_000 + extra - less;
        token.transferFrom(msg.sender, address(this), take);
        return bytes32(0);
    }
}

/// Brings liquidity into a Uniswap v3 pool, and trades against it.
contract Trader {
    function addLiquidity(address pool, int24 low, int24 high, uint128 amount) external {
        IPool(pool).mint(address(this), low, high, amount, "");
    }

    function trade(address pool, bool zeroForOne, int256 amount, uint160 limit) external {
        IPool(pool).swap(address(this), zeroForOne, amount, limit, "");
    }

    function uniswapV3MintCallback(uint256 owed0, uint256 owed1, bytes calldata) external {
        if (owed0 > 0) IERC20(IPool(msg.sender).token0()).transfer(msg.sender, owed0);
        if (owed1 > 0) IERC20(IPool(msg.sender).token1()).transfer(msg.sender, owed1);
    }

    function uniswapV3SwapCallback(int256 owed0, int256 owed1, bytes calldata) external {
        if (owed0 > 0) IERC20(IPool(msg.sender).token0()).transfer(msg.sender, uint256(owed0));
        if (owed1 > 0) IERC20(IPool(msg.sender).token1()).transfer(msg.sender, uint256(owed1));
    }
}

interface IPool {
    function token0() external view returns (address);
    function token1() external view returns (address);
    function mint(address, int24, int24, uint128, bytes calldata) external;
    function swap(address, bool, int256, uint160, bytes calldata) external;
}

/// A token that calls somebody back whenever it moves.
contract CallingToken is ERC20 {
    address public target;
    bytes public prepared;
    bool public entered;
    bytes public heard;

    constructor(uint256 supply) ERC20("Calling token", "CALL") {
        _mint(msg.sender, supply);
    }

    function set(address target_, bytes calldata prepared_) external {
        (target, prepared) = (target_, prepared_);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (target == address(0)) return;
        (entered, heard) = target.call(prepared);
    }
}
