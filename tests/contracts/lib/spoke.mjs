// SPDX-License-Identifier: Apache-2.0
//
// What the spoke does for an honest node, on real venues.

import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { refused } from './chain.mjs';
import { ALL, DAY, DELAY, FUNDS, MANDATE, NATIVE_FEE_MAX, USD, VENUE, bytes32, eth, usd } from './world.mjs';

export const idleOf = async (chain, token = chain.usd) => (await chain.spoke.read.assetOf(token.address))[1];
export const lossLeft = async (chain, token = chain.usd) => (await chain.spoke.read.assetOf(token.address))[3];

/** What the first spoke's dollars are: idle, and in venues by the venues' own word. */
export async function holdingOf(chain, venues = [0n, 1n, 5n, 6n]) {
  let sum = await idleOf(chain);
  for (const venue of venues) {
    if (venue < (await chain.spoke.read.venuesCount())) sum += (await chain.spoke.read.positionAt(venue))[0];
  }
  return sum;
}

async function orders(world) {
  const { spoke } = world.alpha;
  const deposit = (options) => world.verb(spoke, 'deposit', [VENUE.vault, usd(10)], options);
  await refused(deposit({ from: world.stranger }), 'NotYours');
  await refused(deposit({ from: world.owner }), 'NotYours');
  await refused(deposit({ order: world.order({ mandate: bytes32(world.owner) }) }), 'MandateIsOther');
  await refused(deposit({ order: world.order({ deadline: 1n }) }), 'DeadlinePassed');
  await refused(deposit({ order: world.order({ leg: bytes32('0x00') }) }), 'LegMissing');
  const order = world.order();
  await deposit({ order });
  await refused(deposit({ order }), 'LegDone');
  expect((await spoke.read.legs(order.leg)) > 0n, 'the leg to be on record');
}

async function delays(world) {
  const { alpha, owner, approver, guardian, stranger, allocator } = world;
  const { spoke } = alpha;
  await refused(spoke.setSlip([200], { from: owner }), 'NotYours');
  await refused(spoke.setSlip([200], { from: approver }), 'NotProposed');
  await refused(spoke.pause([], { from: stranger }), 'NotYours');
  await refused(spoke.pause([], { from: allocator }), 'NotYours');
  await spoke.pause([], { from: guardian });
  await refused(world.verb(spoke, 'deposit', [VENUE.vault, usd(10)]), 'IsPaused');
  await refused(spoke.resume([], { from: guardian }), 'NotYours');
  await refused(spoke.propose(['0x046f7da2'], { from: guardian }), 'NotYours');
  await spoke.propose(['0x046f7da2'], { from: owner });
  await refused(spoke.resume([], { from: approver }), 'TooEarly');
  await alpha.pass(DELAY + 1n);
  await refused(spoke.resume([], { from: owner }), 'NotYours');
  await spoke.resume([], { from: approver });
  await refused(spoke.resume([], { from: approver }), 'NotProposed');
  await spoke.propose(['0x046f7da2'], { from: owner });
  await alpha.pass(DELAY + 15n * DAY);
  await refused(spoke.resume([], { from: approver }), 'TooLate');
  await spoke.dropAllocator([], { from: guardian });
  await refused(world.verb(spoke, 'deposit', [VENUE.vault, usd(10)]), 'NotYours');
}

async function vaults(world) {
  const { alpha } = world;
  const { spoke } = alpha;
  const receipt = await world.verb(spoke, 'deposit', [VENUE.vault, usd(100_000)], { label: 'spoke.deposit vault' });
  const { args } = alpha.eventsOf(receipt).find(({ eventName }) => eventName === 'Deposited');
  expectEqual(args.paid, usd(100_000), 'what was paid');
  expect(args.paid - args.gained <= 2n, `a rounding loss at most, got ${args.paid - args.gained}`);
  expectEqual(await idleOf(alpha), FUNDS - usd(100_000), 'what is idle');
  expectEqual(await alpha.usd.read.balanceOf(spoke.address), FUNDS - usd(100_000), 'the balance');
  await refused(world.verb(spoke, 'deposit', [VENUE.vault, usd(590_000)]), 'VenueOver');
  await refused(world.verb(spoke, 'deposit', [VENUE.vault, usd(990_000)]), 'IdleShort');
  await refused(world.verb(spoke, 'deposit', [VENUE.pool, usd(1)]), 'VenueIsClosed');
  await refused(world.verb(spoke, 'deposit', [99n, usd(1)]), 'VenueUnknown');
  await world.verb(spoke, 'withdraw', [VENUE.vault, usd(40_000)], { label: 'spoke.withdraw vault' });
  expectEqual(await idleOf(alpha), FUNDS - usd(60_000), 'what is idle');
  await spoke.closeVenue([VENUE.vault], { from: world.guardian });
  await refused(world.verb(spoke, 'deposit', [VENUE.vault, usd(1)]), 'VenueIsClosed');
  await world.verb(spoke, 'withdraw', [VENUE.vault, ALL]);
  expect(FUNDS - (await idleOf(alpha)) <= 3n, 'everything back but rounding');
}

async function lending(world) {
  const { alpha } = world;
  const { spoke } = alpha;
  const eths = () => alpha.eth.read.balanceOf(spoke.address);
  await world.verb(spoke, 'deposit', [VENUE.aave, usd(100_000)], { label: 'spoke.deposit aave' });
  await refused(world.verb(spoke, 'borrow', [VENUE.aave, usd(1)]), 'NoBorrowing');
  await refused(world.verb(spoke, 'borrow', [VENUE.aaveEth, eth(30)]), 'HealthTooLow');
  await world.verb(spoke, 'borrow', [VENUE.aaveEth, eth(20)], { label: 'spoke.borrow' });
  expectEqual(await eths(), eth(20), 'the loan');
  await refused(world.verb(spoke, 'withdraw', [VENUE.aave, usd(40_000)]), 'HealthTooLow');
  await world.verb(spoke, 'repay', [VENUE.aaveEth, eth(19)], { label: 'spoke.repay' });
  await world.verb(spoke, 'withdraw', [VENUE.aave, usd(60_000)], { label: 'spoke.withdraw aave' });
  const [, owed] = await spoke.read.positionAt(VENUE.aaveEth);
  expect(owed >= eth(1) && owed < eth(1.001), `about 1 ether owed, got ${owed}`);
  await refused(world.verb(spoke, 'repay', [VENUE.aaveEth, eth(2)]), 'IdleShort');
}

async function swaps(world) {
  const { alpha } = world;
  const { spoke } = alpha;
  const parts = [{ venue: VENUE.pool, amount: usd(6_000) }, { venue: VENUE.pool2, amount: usd(4_000) }];
  const swap = (list, least = 0n, options = {}) =>
    world.verb(spoke, 'swap', [alpha.usd.address, alpha.eth.address, list, least], options);
  await refused(swap(parts, eth(5)), 'GotLess');
  await refused(swap([]), 'PartsBad');
  await refused(swap([{ venue: VENUE.vault, amount: 1n }]), 'VenueIsClosed');
  const receipt = await swap(parts, 0n, { label: 'spoke.swap over two pools' });
  const { args } = alpha.eventsOf(receipt).find(({ eventName }) => eventName === 'Swapped');
  expectEqual(args.trade.paid, usd(10_000), 'what was paid');
  expectEqual(args.trade.expected, eth(5), 'what the feeds expect');
  expect(args.trade.got > eth(4.95), `at least 99 % of it, got ${args.trade.got}`);
  expectEqual(await alpha.eth.read.balanceOf(spoke.address), args.trade.got, 'the balance');
  expectEqual(await lossLeft(alpha, alpha.eth), eth(1) - (eth(5) - args.trade.got), 'the budget left');
  const owed = [1n, -1n, '0x'];
  await refused(spoke.uniswapV3SwapCallback(owed, { from: world.stranger }), 'NotSwapping');
  await world.verb(spoke, 'swap', [alpha.eth.address, alpha.usd.address,
    [{ venue: VENUE.pool, amount: eth(2) }], 0n], { label: 'spoke.swap one pool' });
}

async function oracles(world) {
  const { alpha } = world;
  const swap = () => world.verb(alpha.spoke, 'swap', [alpha.usd.address, alpha.eth.address,
    [{ venue: VENUE.pool, amount: usd(1_000) }], 0n]);
  const now = await alpha.time();
  const price = 2_000n * 10n ** 8n;
  const cases = [
    [0n, now, 'PriceBad'], [-1n, now, 'PriceBad'], [price * 10n ** 18n, now, 'PriceBad'],
    [price, now - 31n * DAY, 'PriceStale'], [price, now + DAY, 'PriceStale'],
    [(price * 102n) / 100n, now, 'PricesDiverge'], [price / 10n ** 8n, now, 'PricesDiverge'],
  ];
  for (const [answer, updatedAt, error] of cases) {
    await alpha.ethFeed.set([answer, updatedAt]);
    await refused(swap(), error);
  }
  // Inside the band the stricter source counts.
  await alpha.ethFeed.set([(price * 1004n) / 1000n, now]);
  await alpha.ethFeed2.set([(price * 996n) / 1000n, now]);
  const receipt = await swap();
  const { args } = alpha.eventsOf(receipt).find(({ eventName }) => eventName === 'Swapped');
  expect(args.trade.expected > eth(0.5), 'the higher expectation of the two');
}

async function crossing(world) {
  const { alpha, beta } = world;
  const amount = usd(200_000);
  const args = [alpha.bridge.address, beta.domain, alpha.usd.address, amount];
  await refused(world.verb(alpha.spoke, 'bridge', args), 'NativeFeeNotPaid');
  const receipt = await world.verb(alpha.spoke, 'bridge', args, { value: NATIVE_FEE_MAX, label: 'spoke.bridge' });
  const [transfer, notice] = world.messagesOf(receipt);
  expectEqual(await idleOf(alpha), FUNDS - amount, 'what is idle');
  expectEqual((await alpha.spoke.read.flowOf(beta.domain, alpha.usd.address))[1], amount, 'what was sent');
  // Tokens before the notice: nothing is booked yet.
  await world.deliverOne(alpha, transfer);
  await beta.spoke.settle([alpha.domain, beta.usd.address], { from: world.stranger });
  expectEqual(await idleOf(beta), 0n, 'what is idle before the notice');
  await world.deliverOne(alpha, notice);
  await beta.spoke.settle([alpha.domain, beta.usd.address], { from: world.stranger, label: 'spoke.settle' });
  expectEqual(await idleOf(beta), amount, 'what is idle after it');
  await refused(world.deliverOne(alpha, notice), 'Error');
  await beta.usd.transfer([beta.spoke.address, usd(5)]);
  await beta.spoke.settle([alpha.domain, beta.usd.address]);
  expectEqual(await idleOf(beta), amount, 'a gift not to count');
  await refused(world.verb(alpha.spoke, 'bridge', [alpha.bridge.address, 4711, alpha.usd.address, 1n]), 'SiblingUnknown');
  await refused(world.verb(alpha.spoke, 'bridge', [alpha.router.address, beta.domain, alpha.usd.address, 1n]), 'RouteIsClosed');
}

async function instructions(world) {
  const { alpha, beta } = world;
  const sent = await world.verb(alpha.spoke, 'bridge',
    [alpha.bridge.address, beta.domain, alpha.usd.address, usd(100_000)], { value: NATIVE_FEE_MAX });
  await world.deliver(alpha, sent);
  await beta.spoke.settle([alpha.domain, beta.usd.address]);
  const recall = await world.verb(alpha.hub, 'recall', [beta.domain, USD, usd(90_000)],
    { value: NATIVE_FEE_MAX, label: 'hub.recall' });
  await world.deliver(alpha, recall);
  await refused(world.verb(beta.spoke, 'deposit', [0n, usd(20_000)]), 'IdleShort');
  await world.verb(beta.spoke, 'bridge', [beta.bridge.address, alpha.domain, beta.usd.address, usd(95_000)],
    { value: NATIVE_FEE_MAX });
  await world.verb(beta.spoke, 'deposit', [0n, usd(5_000)]);
  const pause = await alpha.hub.pauseAll([], { from: world.guardian, value: NATIVE_FEE_MAX });
  await world.deliver(alpha, pause);
  for (const contract of [alpha.hub, alpha.spoke, beta.spoke]) expect(await contract.read.paused(), 'a pause');
  await refused(world.verb(beta.spoke, 'withdraw', [0n, ALL]), 'IsPaused');
}

export async function spokeChecks(suite) {
  await suite.check('orders: the allocator, once per leg, under the mandate, in time', orders);
  await suite.check('roles: loosening waits for two, tightening for nobody', delays);
  await suite.check('ERC-4626: deposits and withdrawals are counted, capped, and closable', vaults);
  await suite.check('Aave v3: supply, borrow above the health floor, repay, withdraw', lending);
  await suite.check('Uniswap v3: one swap over two pools, bounded by both feeds', swaps);
  await suite.check('prices: stale, zero, negative, 1e18 off and diverging ones stop swaps', oracles);
  await suite.check('bridge: to the sibling alone, counted once, gifts never', crossing);
  await suite.check('instructions: recalled capital is not invested, a pause reaches every spoke', instructions);
  await suite.check('the mandate: a new hash voids every order under the old', async (world) => {
    await world.change(world.alpha, world.alpha.spoke, 'setMandate', [bytes32(world.owner)]);
    await refused(world.verb(world.alpha.spoke, 'deposit', [VENUE.vault, 1n]), 'MandateIsOther');
    expect(MANDATE !== bytes32(world.owner), 'two mandates');
  });
}
