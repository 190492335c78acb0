// SPDX-License-Identifier: Apache-2.0
//
// Holders of a hub's shares, one of them a thief, ask in and out, change their minds, claim in parts
// and send gifts, in any order, while rounds are closed, reported, paid and settled. Nothing is earned
// meanwhile, so a model of its own knows what everybody may have at most.

import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { Random } from '../../../deploy/devnet/lib/random.mjs';
import { Refusal } from './chain.mjs';
import { idleOf } from './spoke.mjs';
import { ALL, DAY, FUNDS, usd } from './world.mjs';

const OFFSET = 10n ** 6n;
const SHARE_MOST = 20; // of what a holder has, asked for at once, in percent

class Holders {
  constructor(world, dice) {
    const { depositor, stranger, accounts } = world;
    Object.assign(this, { world, dice, hub: world.alpha.hub, usd: world.alpha.usd,
      all: [depositor, stranger, accounts.users[7].address], gifts: 0n, gave: new Map() });
  }

  async open() {
    await this.usd.transfer([this.all[2], usd(500_000)]);
    for (const from of this.all) {
      await this.usd.approve([this.hub.address, ALL], { from });
      this.gave.set(from, 0n);
    }
    // The first one's shares of before, at what they were bought for.
    this.gave.set(this.all[0], FUNDS);
    this.first = await Promise.all(this.all.map((who) => this.usd.read.balanceOf(who)));
  }

  async hubWith(name, args, from) {
    const abi = this.hub.abi.filter((entry) => entry.name === name && entry.inputs?.length === args.length);
    return this.world.alpha.send({ from, to: this.hub.address, abi, functionName: name, args });
  }

  async act(name, who) {
    const { hub, dice, world } = this;
    const part = async (most) => (most * BigInt(dice.between(1, SHARE_MOST))) / 100n;
    switch (name) {
      case 'enter': return hub.requestDeposit([usd(dice.between(1, 20_000)), who, who], { from: who });
      case 'leave': return hub.requestRedeem([await part(await hub.read.balanceOf(who)), who, who], { from: who });
      case 'takeBack': return hub.takeBack([who, who], { from: who });
      case 'claimShares': return this.hubWith('mint', [await part(5n * (await hub.read.maxMint(who))), who, who], who);
      case 'claimAssets': return hub.withdraw([await part(5n * (await hub.read.maxWithdraw(who))), who, who], { from: who });
      case 'steal': return hub.withdraw([1n, who, this.all[0]], { from: this.all[1] });
      case 'gift':
        await this.usd.transfer([hub.address, 1_000n], { from: who });
        this.gifts += 1_000n;
        this.gave.set(who, this.gave.get(who)); // a gift buys nothing
        return null;
      case 'close': return world.verb(hub, 'closeRound', []);
      case 'settle': return hub.settleRound([]);
      case 'pay': return world.verb(world.alpha.spoke, 'payHub', [this.usd.address, usd(dice.between(1, 30_000))]);
      case 'invest': return world.verb(hub, 'invest', [await part(await hub.read.reserve())]);
      default: return this.round();
    }
  }

  /** Everything that makes a round end. */
  async round() {
    const { world, hub } = this;
    if ((await hub.read.round()) === (await hub.read.roundSettled()) + 1n) await world.verb(hub, 'closeRound', []);
    const idle = await idleOf(world.alpha);
    if (idle > 0n) {
      const amount = idle < usd(100_000) ? idle : usd(100_000);
      await world.verb(world.alpha.spoke, 'payHub', [this.usd.address, amount]);
    }
    await world.reportAll();
    await hub.settleRound([]);
  }

  /** What the hub holds is what its books say, and nobody has more than he brought. */
  async check(what) {
    const { hub } = this;
    const [reserve, pending, owed, held, supply, price] = await Promise.all([hub.read.reserve(),
      hub.read.pendingAssets(), hub.read.owedAssets(), this.usd.read.balanceOf(hub.address),
      hub.read.totalSupply(), hub.read.price()]);
    expectEqual(held, reserve + pending + owed + this.gifts, `${what}: what the hub holds`);
    const worth = (await idleOf(this.world.alpha)) + reserve;
    expect(worth + 10n >= (supply * price) / (OFFSET * 10n ** 18n), `${what}: every share to be backed`);
    for (const [i, who] of this.all.entries()) {
      const [wallet, shares, claim, exit, asked] = await Promise.all([this.usd.read.balanceOf(who),
        hub.read.balanceOf(who), hub.read.maxMint(who), hub.read.maxWithdraw(who), this.#asked(who)]);
      const has = wallet + exit + asked.assets + ((shares + claim + asked.shares) * price) / (OFFSET * 10n ** 18n);
      const brought = this.first[i] + this.gave.get(who);
      expect(has <= brought + 100n, `${what}: holder ${i + 1} to have ${brought} at most, got ${has}`);
    }
  }

  async #asked(who) {
    const [open, settled] = await Promise.all([this.hub.read.round(), this.hub.read.roundSettled()]);
    const sum = { assets: 0n, shares: 0n };
    for (let round = settled + 1n; round <= open; ++round) {
      sum.assets += await this.hub.read.pendingDepositRequest(round, who);
      sum.shares += await this.hub.read.pendingRedeemRequest(round, who);
    }
    return sum;
  }
}

const NAMES = ['enter', 'leave', 'takeBack', 'claimShares', 'claimAssets', 'steal', 'gift', 'close',
  'settle', 'pay', 'invest', 'round', 'round'];

async function play(world, seed, steps) {
  const dice = new Random(seed);
  const holders = new Holders(world, dice);
  const counts = { done: 0, refused: 0 };
  await holders.open();
  // No fee: it would be a gain of its receiver, whom the model does not have.
  await world.change(world.alpha, world.alpha.hub, 'setTerms', [{ depositMin: usd(1),
    priceJumpBpsMax: 100, feeBpsPerYear: 0, feeReceiver: world.stranger, cancelAfter: Number(7n * DAY) }]);
  await world.beta.pass(2n * DAY + 1n);
  for (let i = 0; i < steps; ++i) {
    const name = dice.pick(NAMES);
    try {
      await holders.act(name, dice.pick(holders.all));
      counts.done += 1;
      expect(name !== 'steal', 'a theft to be refused');
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      counts.refused += 1;
    }
    if (i % 5 === 4) await holders.check(`step ${i + 1} (${name})`);
  }
  await holders.round();
  await holders.check('the end');
  expect(counts.done > steps / 4, `a quarter of the acts to be done, got ${counts.done}`);
  return `seed ${seed}: ${counts.done} done, ${counts.refused} refused`;
}

export async function holderChecks(suite, { seeds, steps, first }) {
  for (let seed = first; seed < first + seeds; ++seed) {
    await suite.check(`invariants: ${steps} random acts of holders of shares, seed ${seed}`,
      (world) => play(world, seed, steps));
  }
}
