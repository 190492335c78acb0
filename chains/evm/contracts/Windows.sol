// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// How much of something may happen within any interval of a given length.
struct Window {
    uint128 limit; // most within one interval
    uint128 spent; // sum of `parts`
    uint40 part; // number of the newest part
    uint32 length; // seconds
    uint128[9] parts;
}

/// A strict sliding window: time is cut into parts of an eighth of the length, and the newest nine are
/// kept, so no interval of the length, wherever it starts, ever holds more than the limit. The price is
/// that an amount counts for up to an eighth longer than it must.
library Windows {
    uint256 private constant PARTS = 9;

    error WindowFull(uint256 wanted, uint256 left);
    error WindowUnset();

    /// A new limit keeps what was spent; a new length forgets nothing either, it starts over full.
    function set(Window storage w, uint128 limit, uint32 length) internal {
        if (length < 8 || length > 366 days) revert WindowUnset();
        uint128 spent = w.length == 0 ? 0 : _spent(w);
        if (w.length != length) {
            for (uint256 i = 0; i < PARTS; ++i) w.parts[i] = 0;
            w.length = length;
            w.part = _part(length);
            w.parts[w.part % PARTS] = spent;
            w.spent = spent;
        }
        w.limit = limit;
    }

    function spend(Window storage w, uint256 amount) internal {
        if (w.length == 0) revert WindowUnset();
        if (amount == 0) return;
        _advance(w);
        uint256 left = w.limit > w.spent ? w.limit - w.spent : 0;
        if (amount > left) revert WindowFull(amount, left);
        w.spent += uint128(amount);
        w.parts[w.part % PARTS] += uint128(amount);
    }

    /// What may still happen now.
    function room(Window storage w) internal view returns (uint256) {
        if (w.length == 0) return 0;
        uint256 spent = _spent(w);
        return w.limit > spent ? w.limit - spent : 0;
    }

    function _part(uint32 length) private view returns (uint40) {
        // Rounded up, so that eight parts cover the length at least.
        return uint40(block.timestamp / ((uint256(length) + 7) / 8));
    }

    function _advance(Window storage w) private {
        uint40 now_ = _part(w.length);
        uint40 steps = now_ - w.part;
        if (steps == 0) return;
        uint128 spent = w.spent;
        for (uint40 i = 1; i <= steps && i <= PARTS; ++i) {
            uint256 place = (w.part + i) % PARTS;
            uint128 old = w.parts[place];
            if (old != 0) {
                spent -= old;
                w.parts[place] = 0;
            }
        }
        w.spent = spent;
        w.part = now_;
    }

    function _spent(Window storage w) private view returns (uint128 spent) {
        uint40 steps = _part(w.length) - w.part;
        spent = w.spent;
        for (uint40 i = 1; i <= steps && i <= PARTS; ++i) spent -= w.parts[(w.part + i) % PARTS];
    }
}
