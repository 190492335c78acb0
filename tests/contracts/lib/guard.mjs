// SPDX-License-Identifier: Apache-2.0
//
// The guard before real warp routes: the node's key has no power over a router but through it.

import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { refused } from './chain.mjs';
import { DAY, FEE_BPS_MAX, NATIVE_FEE_MAX, ZERO, bytes32, usd } from './world.mjs';

const through = (world, amount, options = {}) => world.verb(world.alpha.guard, 'rebalance',
  [world.alpha.router.address, world.beta.domain, amount, options.bridge ?? world.alpha.bridge.address],
  { value: NATIVE_FEE_MAX, ...options });

async function moves(world) {
  const { alpha, beta, allocator } = world;
  const direct = [beta.domain, usd(1_000), alpha.bridge.address];
  await refused(alpha.router.rebalance(direct, { from: allocator, value: NATIVE_FEE_MAX }), 'Error');
  const before = await alpha.usd.read.balanceOf(alpha.router.address);
  const other = await beta.usd.read.balanceOf(beta.router.address);
  const coins = await alpha.rpc('eth_getBalance', alpha.router.address, 'latest');
  const receipt = await through(world, usd(100_000), { label: 'guard.rebalance' });
  await world.deliver(alpha, receipt);
  const { args } = alpha.eventsOf(receipt).find(({ eventName }) => eventName === 'Rebalanced');
  expectEqual(args.balanceBefore - args.balanceAfter, usd(100_000), 'what left by the event');
  expectEqual(await alpha.usd.read.balanceOf(alpha.router.address), before - usd(100_000), 'what is left');
  expectEqual(await beta.usd.read.balanceOf(beta.router.address), other + usd(100_000), 'what arrived');
  expectEqual(await alpha.rpc('eth_getBalance', alpha.router.address, 'latest'), coins, 'the router\'s coins');
  await refused(through(world, usd(1)), 'CoolingDown');
  await alpha.pass(60);
  await refused(through(world, usd(200_001)), 'WindowFull');
  await through(world, usd(200_000));
  await alpha.pass(60);
  await refused(through(world, 1n), 'WindowFull');
  await alpha.pass(DAY + DAY / 8n);
  await through(world, usd(1));
}

async function bounds(world) {
  const { alpha, beta, guardian, owner } = world;
  await refused(through(world, usd(1), { from: world.stranger }), 'NotYours');
  await refused(through(world, usd(1), { bridge: alpha.badBridge.address }), 'CorridorIsClosed');
  await refused(through(world, usd(1), { value: 1n }), 'NativeFeeNotPaid');
  await alpha.router.setRecipient([beta.domain, bytes32(owner)]);
  await refused(through(world, usd(1)), 'RecipientChanged');
  await alpha.router.removeRecipient([beta.domain]);
  await alpha.guard.closeCorridor([alpha.router.address, beta.domain, alpha.bridge.address], { from: guardian });
  await refused(through(world, usd(1)), 'CorridorIsClosed');
}

async function fees(world) {
  const { alpha, beta } = world;
  const { guard, badBridge, router } = alpha;
  await router.addBridge([beta.domain, badBridge.address]);
  await world.change(alpha, guard, 'setCorridor',
    [router.address, beta.domain, badBridge.address, FEE_BPS_MAX, NATIVE_FEE_MAX, 0]);
  const bad = (amount) => through(world, amount, { bridge: badBridge.address });
  await badBridge.set([BigInt(FEE_BPS_MAX) + 1n, 0n, 0n, 0n, ZERO]);
  await refused(bad(usd(10_000)), 'FeeTooHigh');
  await badBridge.set([0n, 0n, 0n, NATIVE_FEE_MAX + 1n, ZERO]);
  await refused(bad(usd(10_000)), 'NativeFeeTooHigh');
  await badBridge.set([0n, 0n, 1n, 0n, ZERO]);
  await refused(bad(usd(10_000)), 'BalanceOff');
  // Fees are the guard's float's, never the router's: without a float nothing moves.
  await badBridge.set([BigInt(FEE_BPS_MAX), 0n, 0n, 0n, ZERO]);
  await refused(bad(usd(10_000)), 'Error');
  await alpha.usd.transfer([guard.address, usd(1_000)]);
  let spent = 0n;
  for (let i = 0; i < 10; ++i) {
    await bad(usd(10_000));
    spent += usd(10);
  }
  await refused(bad(usd(10_000)), 'WindowFull');
  expectEqual(await alpha.usd.read.balanceOf(guard.address), usd(1_000) - spent, 'the float');
  expectEqual(spent, usd(100), 'the loss budget');
  const [velocity, loss] = await guard.read.roomOf(router.address);
  expect(loss === 0n && velocity > 0n, 'an empty loss budget and room to move');
  await refused(guard.takeFloat([alpha.usd.address, world.stranger, 1n], { from: world.owner }), 'NotYours');
  await world.change(alpha, guard, 'takeFloat', [alpha.usd.address, world.owner, usd(900)]);
}

export async function guardChecks(suite) {
  await suite.check('guard: the role is the guard\'s, and moves stay inside its limits', moves);
  await suite.check('guard: other bridges, recipients and callers are refused', bounds);
  await suite.check('attack: drain of a router through bridge fees', fees);
}
