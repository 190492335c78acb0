// SPDX-License-Identifier: Apache-2.0
//
// The allocator's key in a thief's hands: each way that a spoke could be drained, tried for real.

import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { Refusal, refused } from './chain.mjs';
import { holdingOf, idleOf, lossLeft } from './spoke.mjs';
import { ALL, DAY, ETH_LIMITS, FEE_BPS_MAX, FUNDS, LIMITS, MANDATE, NATIVE_FEE_MAX, VENUE,
  ZERO, bytes32, eth, usd } from './world.mjs';

const { encodeFunctionData, numberToHex } = requirePackage('viem/utils');

const HONEST = 0, KEEP = 1, PAY_HALF = 2, BOMB = 3, REENTER = 4, PAUSED = 5, LIE_LOW = 6,
  LIE_HIGH = 7;

const viaBadBridge = (world, amount) => world.verb(world.alpha.spoke, 'bridge',
  [world.alpha.badBridge.address, world.beta.domain, world.alpha.usd.address, amount],
  { value: NATIVE_FEE_MAX });

/** Repeats a call until it is refused with the named error; resolves to how often it worked. */
async function untilRefused(call, error, most) {
  for (let done = 0; done <= most; ++done) {
    try {
      await call(done);
    } catch (refusal) {
      if (!(refusal instanceof Refusal) || refusal.error !== error) throw refusal;
      return done;
    }
  }
  throw new Error(`still not refused after ${most} times`);
}

async function drainThroughFees(world) {
  const { alpha, beta } = world;
  const bridge = alpha.badBridge;
  const set = (...args) => bridge.set(args);
  await set(BigInt(FEE_BPS_MAX) + 1n, 0n, 0n, 0n, ZERO);
  await refused(viaBadBridge(world, usd(1_000)), 'FeeTooHigh');
  await set(0n, 1n, 0n, 0n, ZERO);
  await refused(viaBadBridge(world, usd(1_000)), 'ERC20InsufficientAllowance').catch(async () =>
    refused(viaBadBridge(world, usd(1_000)), 'Error'));
  await set(0n, 0n, 1n, 0n, ZERO);
  await refused(viaBadBridge(world, usd(1_000)), 'BridgeTook');
  await set(0n, 0n, 0n, NATIVE_FEE_MAX, ZERO);
  await refused(viaBadBridge(world, usd(1_000)), 'NativeFeeTooHigh');
  await set(0n, 0n, 0n, 0n, alpha.eth.address);
  await refused(viaBadBridge(world, usd(1_000)), 'QuoteInOtherToken');
  await set(BigInt(FEE_BPS_MAX), 0n, 0n, 0n, ZERO);
  const before = await idleOf(alpha);
  const times = await untilRefused(() => viaBadBridge(world, usd(60_000)), 'WindowFull', 30);
  const fees = before - (await idleOf(alpha)) - usd(60_000) * BigInt(times);
  expect(fees > 0n && fees <= LIMITS.loss, `fees within ${LIMITS.loss}, got ${fees}`);
  expectEqual(await bridge.read.lastRecipient(), bytes32(beta.spoke.address), 'the recipient');
  // The budget comes back with its window, and not before.
  await alpha.pass(DAY - 3_600n);
  await refused(viaBadBridge(world, usd(60_000)), 'WindowFull');
  return `${times} times, ${fees} of ${LIMITS.loss} base units`;
}

async function repeatedBridging(world) {
  const { alpha, beta } = world;
  const moved = [];
  const cross = async (from, to) => {
    const receipt = await world.verb(from.spoke, 'bridge',
      [from.bridge.address, to.domain, from.usd.address, usd(500_000)], { value: NATIVE_FEE_MAX });
    await world.deliver(from, receipt);
    await to.spoke.settle([from.domain, to.usd.address]);
    moved.push(from.name);
  };
  const times = await untilRefused(async (i) => {
    await cross(i % 2 === 0 ? alpha : beta, i % 2 === 0 ? beta : alpha);
  }, 'WindowFull', 12);
  expectEqual(times, 8, 'bridgings that the velocity limits let through');
  expectEqual((await idleOf(alpha)) + (await idleOf(beta)), FUNDS, 'capital after all of it');
  return `${times} crossings, nothing lost`;
}

async function hostileVenue(world) {
  const { alpha } = world;
  const { spoke, hostile } = alpha;
  const mood = (value) => hostile.set([value, '0x']);
  await world.verb(spoke, 'deposit', [VENUE.hostile, usd(50_000)]);
  for (const [value, error] of [[KEEP, 'WindowFull'], [PAY_HALF, 'WindowFull'], [PAUSED, 'Error']]) {
    await mood(value);
    await refused(world.verb(spoke, 'withdraw', [VENUE.hostile, usd(20_000)]), error);
  }
  await mood(KEEP);
  await refused(world.verb(spoke, 'deposit', [VENUE.hostile, usd(20_000)]), 'WindowFull');
  await mood(LIE_LOW);
  await refused(world.verb(spoke, 'deposit', [VENUE.hostile, usd(1)]), 'SharePriceJumped');
  await refused(world.verb(spoke, 'report', [], { value: NATIVE_FEE_MAX }), 'SharePriceJumped');
  await mood(LIE_HIGH);
  const [supplied] = await spoke.read.positionAt(VENUE.hostile);
  expect(supplied <= usd(50_000), `no more than what was put in, got ${supplied}`);
  await mood(HONEST);
  // In small steps it steals from the budget, and only from that.
  const before = await holdingOf(alpha);
  await mood(PAY_HALF);
  const times = await untilRefused(
    () => world.verb(spoke, 'withdraw', [VENUE.hostile, usd(100)]), 'WindowFull', 30);
  await mood(HONEST);
  const kept = await alpha.usd.read.balanceOf(hostile.address);
  expect(before - (await idleOf(alpha)) >= 0n && kept > 0n, 'money in the venue');
  const charged = LIMITS.loss - (await lossLeft(alpha));
  expect(charged <= LIMITS.loss && times === 10, `ten thefts of 50, got ${times}`);
  return `${charged} of ${LIMITS.loss} base units`;
}

async function sharePrice(world) {
  const { alpha } = world;
  const { spoke, hostile } = alpha;
  await world.verb(spoke, 'deposit', [VENUE.hostile, usd(50_000)]);
  // A gift to the vault makes its shares dear: the next deposit would pay for it.
  await alpha.usd.transfer([hostile.address, usd(30_000)]);
  await refused(world.verb(spoke, 'deposit', [VENUE.hostile, usd(1_000)]), 'SharePriceJumped');
  await refused(world.verb(spoke, 'report', [], { value: NATIVE_FEE_MAX }), 'SharePriceJumped');
  const [, error] = await refused(world.verb(spoke, 'report', [], { value: NATIVE_FEE_MAX }), 'SharePriceJumped');
  expect(error > 0n, 'the book price in the refusal');
  // Taking a gain home is no danger.
  await world.verb(spoke, 'withdraw', [VENUE.hostile, ALL]);
  expect((await idleOf(alpha)) > FUNDS, 'the gift in the books by way of a withdrawal');
}

async function zeroSupply(world) {
  const { alpha } = world;
  const empty = await alpha.deploy('HostileVault', alpha.usd.address);
  const terms = world.vaultTerms(empty.address, alpha.usd.address);
  const index = await alpha.spoke.read.venuesCount();
  await alpha.spoke.propose([encodeFunctionData({ abi: alpha.spoke.abi, functionName: 'setVenue', args: [index, terms] })],
    { from: world.owner });
  await alpha.pass(2n * DAY + 1n);
  await refused(alpha.spoke.setVenue([index, terms], { from: world.approver }), 'VenueSupplyLow');
  // One that is emptied after it was allowed.
  const { hostile, deployer } = alpha;
  await alpha.send({ to: hostile.address, abi: hostile.abi, functionName: 'redeem',
    args: [await hostile.read.balanceOf(deployer), deployer, deployer] });
  await alpha.usd.transfer([hostile.address, usd(100)]);
  await refused(world.verb(alpha.spoke, 'deposit', [VENUE.hostile, usd(1_000)]), 'VenueSupplyLow');
}

async function donation(world) {
  const { alpha } = world;
  const body = async () => {
    const receipt = await world.report(alpha);
    return alpha.eventsOf(receipt).find(({ eventName }) => eventName === 'Reported').args.body;
  };
  const net = (hex) => BigInt(`0x${hex.slice(2).match(/.{64}/g)[10]}`);
  const before = net(await body());
  expectEqual(before, FUNDS, 'the reported net');
  await alpha.usd.transfer([alpha.spoke.address, usd(123_456)]);
  expectEqual(net(await body()), before, 'the reported net after a gift');
  await refused(world.verb(alpha.spoke, 'deposit', [VENUE.vault, FUNDS + 1n]), 'IdleShort');
  await world.change(alpha, alpha.spoke, 'absorb', [alpha.usd.address]);
  expectEqual(await idleOf(alpha), FUNDS + usd(123_456), 'what the owner took into the books');
}

async function reentrancy(world) {
  const { alpha } = world;
  const { spoke, hostile } = alpha;
  const { abi } = spoke;
  const inner = (functionName, args) => encodeFunctionData({ abi, functionName, args });
  const order = { leg: numberToHex(77n, { size: 32 }), mandate: MANDATE, deadline: 2n ** 40n };
  // Even were the venue the allocator itself, nothing could be begun inside a verb.
  await world.change(alpha, spoke, 'setRoles', [world.roles(hostile.address)]);
  const calls = [
    inner('withdraw', [order, VENUE.hostile, 1n]), inner('deposit', [order, VENUE.vault, 1n]),
    inner('report', [order]), inner('settle', [world.beta.domain, alpha.usd.address]),
    inner('handle', [world.beta.domain, bytes32(world.beta.spoke.address), '0x']),
    inner('uniswapV3SwapCallback', [1n, 1n, '0x']),
  ];
  await world.change(alpha, spoke, 'setRoles', [world.roles()]);
  for (const call of calls) {
    await hostile.set([REENTER, call]);
    await world.verb(spoke, 'deposit', [VENUE.hostile, usd(10)]);
    await world.verb(spoke, 'withdraw', [VENUE.hostile, usd(10)]);
    expectEqual(await hostile.read.entered(), false, `${call.slice(0, 10)} inside a verb to be done`);
    const heard = await hostile.read.heard();
    const expected = call.startsWith(inner('uniswapV3SwapCallback', [1n, 1n, '0x']).slice(0, 10));
    expect(expected || heard.startsWith('0x3ee5aeb5'), `the guard's refusal, got ${heard.slice(0, 10)}`);
  }
  expect(FUNDS - (await idleOf(alpha)) < 100n, 'nothing lost but rounding');
}

async function returnBombs(world) {
  const { alpha } = world;
  const { spoke, hostile } = alpha;
  await world.verb(spoke, 'deposit', [VENUE.hostile, usd(10_000)]);
  await hostile.set([BOMB, '0x']);
  // It answers with a megabyte and moves nothing: measured, and beyond the budget.
  await refused(world.verb(spoke, 'withdraw', [VENUE.hostile, usd(5_000)]), 'WindowFull');
  await world.verb(spoke, 'deposit', [VENUE.vault, usd(10_000)]);
  await world.verb(spoke, 'withdraw', [VENUE.vault, usd(5_000)]);
  await hostile.set([HONEST, '0x']);
  await world.verb(spoke, 'withdraw', [VENUE.hostile, ALL]);
}

async function codeChange(world) {
  const { alpha } = world;
  const { spoke, hostile, beacon } = alpha;
  await world.verb(spoke, 'deposit', [VENUE.proxy, usd(10_000)]);
  const logic = await alpha.deploy('HostileVault', alpha.usd.address);
  await beacon.upgradeTo([logic.address]);
  await refused(world.verb(spoke, 'deposit', [VENUE.proxy, usd(1)]), 'VenueUpgraded');
  await refused(world.verb(spoke, 'withdraw', [VENUE.proxy, ALL]), 'VenueUpgraded');
  await refused(world.verb(spoke, 'report', [], { value: NATIVE_FEE_MAX }), 'VenueUpgraded');
  await refused(spoke.acceptVenue([VENUE.proxy], { from: world.approver }), 'NotProposed');
  await world.change(alpha, spoke, 'acceptVenue', [VENUE.proxy]);
  await world.verb(spoke, 'withdraw', [VENUE.proxy, ALL]);
  const code = await alpha.rpc('eth_getCode', hostile.address, 'latest');
  await alpha.rpc('anvil_setCode', hostile.address, `${code}00`);
  await refused(world.verb(spoke, 'deposit', [VENUE.hostile, usd(1)]), 'VenueCodeChanged');
  await alpha.rpc('anvil_setCode', alpha.badBridge.address, '0x00');
  await refused(viaBadBridge(world, usd(1)), 'BridgeCodeChanged');
}

async function pausedVenue(world) {
  const { alpha } = world;
  const { spoke, aave } = alpha;
  await world.verb(spoke, 'deposit', [VENUE.aave, usd(10_000)]);
  await aave.configurator.setReservePause([alpha.usd.address, true]);
  await refused(world.verb(spoke, 'deposit', [VENUE.aave, usd(1)]), 'Error');
  await refused(world.verb(spoke, 'withdraw', [VENUE.aave, usd(1)]), 'Error');
  await world.report(alpha);
  await aave.configurator.setReservePause([alpha.usd.address, false]);
  await world.verb(spoke, 'withdraw', [VENUE.aave, ALL]);
}

async function pushedPool(world) {
  const { alpha } = world;
  const { spoke, pool } = alpha;
  const swap = (amount) => world.verb(spoke, 'swap', [alpha.usd.address, alpha.eth.address,
    [{ venue: VENUE.pool, amount }], 0n]);
  // The thief's partner pushes the pool by two percent, then the spoke is to trade there.
  await alpha.usd.transfer([pool.trader.address, usd(1_000_000)]);
  const limit = pool.isForward ? 4295128740n : 1461446703485210103287273052203988822378723970341n;
  await pool.trader.trade([pool.pool.address, pool.isForward, usd(400_000), limit]);
  await refused(swap(usd(10_000)), 'GotLess');
  await refused(swap(1n), 'GotLess');
}

/** back and forth through a dear pool: each swap is within the bound, and the budget ends it. */
async function wornBySwaps(world) {
  const { alpha } = world;
  const ways = [[alpha.usd, alpha.eth, usd(50_000)], [alpha.eth, alpha.usd, eth(24.5)]];
  const times = await untilRefused((i) => {
    const [one, other, amount] = ways[i % 2];
    return world.verb(alpha.spoke, 'swap',
      [one.address, other.address, [{ venue: VENUE.pool2, amount }], 0n]);
  }, 'WindowFull', 40);
  const lost = [LIMITS.loss - (await lossLeft(alpha)), ETH_LIMITS.loss - (await lossLeft(alpha, alpha.eth))];
  expect(times > 2 && lost[0] <= LIMITS.loss && lost[1] <= ETH_LIMITS.loss, `losses in the budgets, got ${lost}`);
  const spent = FUNDS - (await idleOf(alpha)) - (await idleOf(alpha, alpha.eth)) * usd(2_000) / eth(1);
  expect(spent <= LIMITS.loss + ETH_LIMITS.loss * usd(2_000) / eth(1), `no more lost than that, got ${spent}`);
  return `${times} swaps, ${lost[0]} base units and ${lost[1]} wei charged, ${spent} base units gone`;
}

async function feeOnTransfer(world) {
  const { alpha } = world;
  const token = await alpha.deploy('FeeToken', usd(1_000_000));
  const vault = await alpha.deploy('HostileVault', token.address);
  await token.approve([vault.address, usd(1_000)]);
  await alpha.send({ to: vault.address, abi: vault.abi, functionName: 'deposit', args: [usd(1_000), alpha.deployer] });
  const limits = { ...LIMITS, velocity: eth(1), loss: eth(0.01) };
  await world.change(alpha, alpha.spoke, 'setAsset', [token.address, bytes32(token.address), world.pricing(alpha), limits]);
  const index = await alpha.spoke.read.venuesCount();
  await world.change(alpha, alpha.spoke, 'setVenue', [index, world.vaultTerms(vault.address, token.address,
    { cap: eth(1), supplyMin: 1n, jumpBpsMax: 10_000 })]);
  await token.transfer([alpha.spoke.address, eth(0.0000000005)]);
  await world.change(alpha, alpha.spoke, 'absorb', [token.address]);
  const idle = await idleOf(alpha, token);
  await world.verb(alpha.spoke, 'deposit', [index, idle / 2n]);
  expectEqual(await token.read.balanceOf(alpha.spoke.address), await idleOf(alpha, token), 'the balance');
}

async function forged(world) {
  const { alpha, beta } = world;
  const handle = (contract, body, from) =>
    contract.handle([beta.domain, bytes32(beta.spoke.address), body], { from });
  await refused(handle(alpha.hub, '0x', world.allocator), 'NotYours');
  await refused(handle(alpha.spoke, '0x', world.allocator), 'NotYours');
  await refused(alpha.hub.observe(['0x'], { from: world.allocator }), 'SpokeUnknown');
  // The operator's validators sign a message of their own making: not enough.
  const receipt = await world.verb(beta.spoke, 'report', [], { value: NATIVE_FEE_MAX });
  await refused(world.deliver(beta, receipt, 'operator'), 'Error');
  // Somebody else's contract on the other chain says the same.
  const dispatch = await beta.send({ to: beta.mailbox.address, abi: beta.mailbox.abi.filter((f) =>
    f.name === 'dispatch' && f.inputs.length === 3), functionName: 'dispatch',
  args: [alpha.domain, bytes32(alpha.hub.address), world.messagesOf(receipt)[0].body],
  from: world.stranger, value: 10n ** 15n });
  await refused(world.deliver(beta, dispatch), 'SpokeUnknown');
  await world.deliver(beta, receipt);
}

async function replayed(world) {
  const { alpha, beta } = world;
  const first = await world.verb(beta.spoke, 'report', [], { value: NATIVE_FEE_MAX });
  await beta.pass(5);
  const second = await world.verb(beta.spoke, 'report', [], { value: NATIVE_FEE_MAX });
  await alpha.pass(30);
  await world.deliver(beta, second);
  await refused(world.deliver(beta, first), 'ReportOld');
  await refused(world.deliver(beta, second), 'Error');
}

async function forgeableIsm(world) {
  const { alpha } = world;
  const own = alpha.contracts.ism;
  const known = world.operatorValidators();
  const message = `0x03${'00'.repeat(76)}`;
  const forgeable = (ism, validators) => alpha.judge.read.forgeable(ism, message, validators);
  expectEqual(await forgeable(own, known), true, 'the operator\'s own multisig to be forgeable');
  expectEqual(await forgeable(own, known.slice(0, 1)), false, 'one of its three validators to be too few');
  expectEqual(await forgeable(alpha.ism, known), false, 'the aggregation to need somebody else');
  expectEqual(await forgeable(alpha.ism, [...known, world.accounts.users[5].address]), true, 'all of them together');
  expectEqual(await forgeable(world.stranger, []), true, 'no contract');
  for (const contract of [alpha.spoke, alpha.hub]) {
    await refused(world.change(alpha, contract, 'setIsm', [own, known]), 'IsmForgeable');
    await refused(world.change(alpha, contract, 'setIsm', [ZERO, known]), 'IsmMissing');
  }
}

async function nativeRefund(world) {
  const { alpha, beta, allocator } = world;
  const balance = async () => BigInt(await alpha.rpc('eth_getBalance', allocator, 'latest'));
  const before = await balance();
  await world.verb(alpha.spoke, 'bridge', [alpha.bridge.address, beta.domain, alpha.usd.address, usd(1)],
    { value: 10n ** 18n });
  expect(before - (await balance()) < 10n ** 16n, 'what was sent beyond the fee to come back');
  expectEqual(BigInt(await alpha.rpc('eth_getBalance', alpha.spoke.address, 'latest')), 0n, 'coins in the spoke');
}

export async function attackChecks(suite) {
  await suite.check('attack: drain through bridge fees', drainThroughFees);
  await suite.check('attack: repeated bridging', repeatedBridging);
  await suite.check('attack: hostile venue', hostileVenue);
  await suite.check('attack: share-price manipulation', sharePrice);
  await suite.check('attack: empty vault', zeroSupply);
  await suite.check('attack: donation', donation);
  await suite.check('attack: reentrancy', reentrancy);
  await suite.check('attack: return bombs', returnBombs);
  await suite.check('attack: code change and proxy upgrade', codeChange);
  await suite.check('attack: a pool pushed before the swap', pushedPool);
  await suite.check('attack: worn down by swaps back and forth', wornBySwaps);
  await suite.check('attack: forged report', forged);
  await suite.check('attack: replayed report', replayed);
  await suite.check('attack: a security module of the operator alone', forgeableIsm);
  await suite.check('world: paused venue', pausedVenue);
  await suite.check('world: token that takes a fee on every transfer', feeOnTransfer);
  await suite.check('world: native fees are the caller\'s, and the rest comes back', nativeRefund);
}
