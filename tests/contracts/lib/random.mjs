// SPDX-License-Identifier: Apache-2.0
//
// A thief with the allocator's key, and friends in every venue and bridge, does anything in any order.
// After each step a model of its own counts: nothing left the system but by fees and thefts, and these
// stay within the budgets.

import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { Random } from '../../../deploy/devnet/lib/random.mjs';
import { Refusal } from './chain.mjs';
import { idleOf, lossLeft } from './spoke.mjs';
import { ALL, ETH_LIMITS, FUNDS, LIMITS, NATIVE_FEE_MAX, VENUE, ZERO, eth, usd } from './world.mjs';

const LAST_MOOD = 7;

/** What the thief may do; each takes the world and the dice. */
const ACTS = {
  deposit: (world, dice) => world.verb(world.alpha.spoke, 'deposit',
    [dice.pick([VENUE.vault, VENUE.aave, VENUE.hostile, VENUE.proxy]), usd(dice.between(1, 300_000))]),
  withdraw: (world, dice) => world.verb(world.alpha.spoke, 'withdraw',
    [dice.pick([VENUE.vault, VENUE.aave, VENUE.hostile, VENUE.proxy]),
      dice.pick([ALL, usd(dice.between(1, 200_000)), 1n, usd(dice.between(1, 500))])]),
  borrow: (world, dice) => world.verb(world.alpha.spoke, 'borrow', [VENUE.aaveEth, eth(dice.between(1, 60))]),
  repay: (world, dice) => world.verb(world.alpha.spoke, 'repay', [VENUE.aaveEth, eth(dice.between(1, 60))]),
  swap: (world, dice) => swap(world, dice),
  bridge: (world, dice) => world.verb(world.alpha.spoke, 'bridge',
    [dice.pick([world.alpha.bridge, world.alpha.badBridge]).address, world.beta.domain,
      world.alpha.usd.address, usd(dice.between(1, 100_000))], { value: NATIVE_FEE_MAX }),
  settle: (world) => world.alpha.spoke.settle([world.beta.domain, world.alpha.usd.address]),
  report: (world) => world.report(world.alpha),
  payHub: (world, dice) => world.verb(world.alpha.spoke, 'payHub',
    [world.alpha.usd.address, usd(dice.between(1, 50_000))]),
  invest: (world, dice) => world.verb(world.alpha.hub, 'invest', [usd(dice.between(1, 50_000))]),
  mood: (world, dice) => dice.pick([world.alpha.hostile, world.alpha.proxy])
    .set([dice.pick([0, 0, dice.between(1, LAST_MOOD)]), '0x']),
  fee: (world, dice) => world.alpha.badBridge
    .set([BigInt(dice.between(0, 12)), BigInt(dice.between(0, 1)), 0n, 0n, ZERO]),
  gift: (world, dice) => world.alpha.usd.transfer(
    [dice.pick([world.alpha.hostile, world.alpha.vault]).address, usd(dice.between(1, 200))]),
  replay: (world) => world.verb(world.alpha.spoke, 'withdraw', [VENUE.vault, 1n],
    { order: world.lastOrder ?? world.order() }),
  pause: (world) => world.alpha.spoke.pause([], { from: world.stranger }),
  owner: (world) => world.alpha.spoke.setSlip([2_000], { from: world.allocator }),
};

function swap(world, dice) {
  const { alpha } = world;
  const forward = dice.between(0, 1) === 0;
  const amount = forward ? usd(dice.between(1, 100_000)) : eth(dice.between(1, 50));
  const [one, other] = forward ? [alpha.usd, alpha.eth] : [alpha.eth, alpha.usd];
  const share = (amount * BigInt(dice.between(0, 100))) / 100n;
  const parts = [{ venue: VENUE.pool, amount: share }, { venue: VENUE.pool2, amount: amount - share }];
  return world.verb(alpha.spoke, 'swap',
    [one.address, other.address, parts.filter((part) => part.amount > 0n), 0n]);
}

/** The spoke's tokens by the chain, and the books: they must agree whatever happened. */
async function checkBooks(world, what) {
  const { alpha } = world;
  for (const token of [alpha.usd, alpha.eth]) {
    const [idle, balance] = await Promise.all([idleOf(alpha, token), token.read.balanceOf(alpha.spoke.address)]);
    expect(balance >= idle, `${what}: a balance of ${idle} at least, got ${balance}`);
  }
  const places = [alpha.vault, alpha.hostile, alpha.proxy, alpha.aave.pool, alpha.badBridge, alpha.bridge,
    alpha.hub];
  for (const { address } of places) {
    const left = await alpha.usd.read.allowance(alpha.spoke.address, address);
    expectEqual(left, 0n, `${what}: the approval left for ${address}`);
  }
}

/** What all of the spoke's capital is worth by honest prices, in dollars, with what was sent away. */
async function wealth(world) {
  const { alpha, beta } = world;
  for (const vault of [alpha.hostile, alpha.proxy]) await vault.set([0, '0x']);
  let sum = await idleOf(alpha);
  for (const venue of [VENUE.vault, VENUE.aave, VENUE.hostile, VENUE.proxy]) {
    sum += (await alpha.spoke.read.positionAt(venue))[0];
  }
  const [, owed] = await alpha.spoke.read.positionAt(VENUE.aaveEth);
  sum += (((await idleOf(alpha, alpha.eth)) - owed) * usd(2_000)) / eth(1);
  const [, sent] = await alpha.spoke.read.flowOf(beta.domain, alpha.usd.address);
  return sum + sent + (await alpha.hub.read.reserve());
}

/** What of the spoke's tokens lies where nobody may take it: only its own verbs move it. */
async function play(world, seed, steps) {
  const dice = new Random(seed);
  const counts = { done: 0, refused: 0 };
  const names = Object.keys(ACTS);
  await world.verb(world.alpha.spoke, 'deposit', [VENUE.aave, usd(200_000)]);
  const before = await wealth(world);
  for (let i = 0; i < steps; ++i) {
    const name = dice.pick(names);
    try {
      await ACTS[name](world, dice);
      counts.done += 1;
      expect(!['pause', 'owner'].includes(name), `${name} to be refused`);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      counts.refused += 1;
    }
    if (i % 5 === 4) await checkBooks(world, `step ${i + 1} (${name})`);
  }
  await checkBooks(world, 'the end');
  const lost = before - (await wealth(world));
  const budget = LIMITS.loss + (ETH_LIMITS.loss * usd(2_000)) / eth(1);
  const charged = LIMITS.loss - (await lossLeft(world.alpha))
    + ((ETH_LIMITS.loss - (await lossLeft(world.alpha, world.alpha.eth))) * usd(2_000)) / eth(1);
  expect(lost <= budget, `a loss of ${budget} at most, got ${lost}`);
  expect(charged <= budget && before > FUNDS / 2n, `charges of ${budget} at most, got ${charged}`);
  return `seed ${seed}: ${counts.done} done, ${counts.refused} refused, ${lost} lost, ${charged} charged of ${budget}`;
}

export async function randomChecks(suite, { seeds, steps, first }) {
  for (let seed = first; seed < first + seeds; ++seed) {
    await suite.check(`invariants: ${steps} random acts with the allocator's key, seed ${seed}`,
      (world) => play(world, seed, steps));
  }
}
