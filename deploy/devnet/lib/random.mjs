// SPDX-License-Identifier: Apache-2.0
//
// Random choices that a seed decides.

const MULTIPLIER = 6364136223846793005n;
const INCREMENT = 1442695040888963407n;

/** A 64-bit linear congruential generator; the high half is used, the low bits are weak. */
export class Random {
  constructor(seed) {
    this.state = BigInt.asUintN(64, BigInt(seed) * MULTIPLIER + INCREMENT);
    for (let i = 0; i < 4; ++i) this.fraction();
  }

  /** At least 0, below 1. */
  fraction() {
    this.state = BigInt.asUintN(64, this.state * MULTIPLIER + INCREMENT);
    return Number(this.state >> 32n) / 2 ** 32;
  }

  /** A whole number from minimum to maximum, both included. */
  between(minimum, maximum) {
    return minimum + Math.floor(this.fraction() * (maximum - minimum + 1));
  }

  pick(list) {
    return list[this.between(0, list.length - 1)];
  }

  shuffle(list) {
    for (let i = list.length - 1; i > 0; --i) {
      const k = this.between(0, i);
      [list[i], list[k]] = [list[k], list[i]];
    }
    return list;
  }
}
