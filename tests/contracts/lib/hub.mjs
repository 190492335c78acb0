// SPDX-License-Identifier: Apache-2.0
//
// The hub's shares: priced from reports made after the request, and by nothing else.

import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { refused } from './chain.mjs';
import { ALL, DAY, FUNDS, NATIVE_FEE_MAX, USD, VENUE, bytes32, usd } from './world.mjs';

const { encodeFunctionData } = requirePackage('viem/utils');

const sharesOf = (world, holder) => world.alpha.hub.read.balanceOf(holder);

async function asyncBothWays(world) {
  const { alpha, depositor } = world;
  const { hub } = alpha;
  for (const id of ['0x01ffc9a7', '0xe3bc4e65', '0xce3bbe50', '0x620ee8e4', '0x2f0a18c5']) {
    expectEqual(await hub.read.supportsInterface(id), true, `interface ${id}`);
  }
  expectEqual(await hub.read.supportsInterface('0xffffffff'), false, 'interface 0xffffffff');
  for (const name of ['previewDeposit', 'previewMint', 'previewRedeem', 'previewWithdraw']) {
    await refused(hub.read[name](1n), 'AsyncOnly');
  }
  const shares = await sharesOf(world, depositor);
  expectEqual(shares, FUNDS * 10n ** 6n, 'shares of the first depositor');
  await refused(hub.requestRedeem([shares, depositor, depositor], { from: world.stranger }), 'ERC20InsufficientAllowance');
  await hub.requestRedeem([shares / 4n, depositor, depositor], { from: depositor, label: 'hub.requestRedeem' });
  expectEqual(await hub.read.pendingRedeemRequest(2n, depositor), shares / 4n, 'what is pending');
  await refused(hub.settleRound([]), 'RoundNotClosed');
  await world.verb(hub, 'closeRound', [], { label: 'hub.closeRound' });
  await refused(hub.takeBack([depositor, depositor], { from: depositor }), 'NotYet');
  await refused(hub.settleRound([]), 'ReportStale');
  await world.reportAll();
  await refused(hub.settleRound([]), 'ReserveShort');
  await world.verb(alpha.spoke, 'payHub', [alpha.usd.address, FUNDS / 4n], { label: 'spoke.payHub' });
  // The spoke's report is from before it paid: the same money would be counted twice.
  await refused(hub.settleRound([]), 'OutOfStep');
  await world.reportAll();
  await hub.settleRound([]);
  expectEqual(await hub.read.maxRedeem(depositor), shares / 4n, 'what may be claimed');
  await refused(hub.redeem([1n, depositor, depositor], { from: world.stranger }), 'NotYours');
  await hub.redeem([shares / 8n, depositor, depositor], { from: depositor, label: 'hub.redeem' });
  const rest = await hub.read.maxWithdraw(depositor);
  await hub.withdraw([rest, world.stranger, depositor], { from: depositor });
  expect(FUNDS / 8n - rest <= 1n, `half of it, got ${rest}`);
  expectEqual(await alpha.usd.read.balanceOf(world.stranger), usd(1_000_000) + rest, 'what was paid out');
  await refused(hub.redeem([1n, depositor, depositor], { from: depositor }), 'ClaimTooLarge');
}

async function countedOnce(world) {
  const { alpha, beta } = world;
  const worth = async () => (await alpha.hub.read.worth(0n))[0];
  const amount = usd(300_000);
  await world.reportAll();
  expectEqual(await worth(), FUNDS, 'the worth before');
  const receipt = await world.verb(alpha.spoke, 'bridge',
    [alpha.bridge.address, beta.domain, alpha.usd.address, amount], { value: NATIVE_FEE_MAX });
  expectEqual(await worth(), FUNDS, 'the worth by old reports');
  await world.report(alpha);
  expectEqual(await worth(), FUNDS, 'the worth while it is in flight');
  await world.deliver(alpha, receipt);
  for (const chain of world.chains) await chain.pass(10);
  await world.report(beta);
  expectEqual(await worth(), FUNDS, 'the worth when it has arrived but is not booked');
  await beta.spoke.settle([alpha.domain, beta.usd.address]);
  await world.report(beta);
  expectEqual(await worth(), FUNDS, 'the worth when it is booked');
  // The receiver is ahead of the sender: no worth until the sender has reported too.
  const back = await world.verb(beta.spoke, 'bridge',
    [beta.bridge.address, alpha.domain, beta.usd.address, amount], { value: NATIVE_FEE_MAX });
  await world.deliver(beta, back);
  await alpha.spoke.settle([beta.domain, alpha.usd.address]);
  await world.report(alpha);
  await refused(worth(), 'OutOfStep');
  await world.report(beta);
  expectEqual(await worth(), FUNDS, 'the worth when both have reported');
}

async function staleReport(world) {
  const { alpha, beta } = world;
  await alpha.hub.requestDeposit([usd(10), world.depositor, world.depositor], { from: world.depositor });
  await world.reportAll();
  await alpha.pass(20);
  await world.verb(alpha.hub, 'closeRound', []);
  // Reports of before the close do not count, however fresh.
  await refused(alpha.hub.settleRound([]), 'ReportStale');
  await alpha.pass(20);
  await world.report(alpha);
  await refused(alpha.hub.settleRound([]), 'ReportStale');
  await beta.pass(20);
  await world.report(beta);
  await alpha.pass(3_700);
  await refused(alpha.hub.settleRound([]), 'ReportStale');
  await refused(alpha.hub.takeBack([world.depositor, world.depositor], { from: world.depositor }), 'NotYet');
  await alpha.pass(7n * DAY);
  const before = await alpha.usd.read.balanceOf(world.depositor);
  await alpha.hub.takeBack([world.depositor, world.depositor], { from: world.depositor });
  expectEqual((await alpha.usd.read.balanceOf(world.depositor)) - before, usd(10), 'what nobody settled');
}

async function jumpingReport(world) {
  const { alpha } = world;
  await world.reportAll();
  // Ten percent appear from nowhere, and the owner takes them into the books.
  await alpha.usd.transfer([alpha.spoke.address, FUNDS / 10n]);
  await world.change(alpha, alpha.spoke, 'absorb', [alpha.usd.address]);
  await world.beta.pass(2n * DAY + 1n);
  await alpha.hub.requestDeposit([usd(10), world.depositor, world.depositor], { from: world.depositor });
  await world.verb(alpha.hub, 'closeRound', []);
  await world.reportAll();
  await refused(alpha.hub.settleRound([]), 'ReportHasJumped');
  await world.change(alpha, alpha.hub, 'acceptReport', [alpha.domain]);
  await world.beta.pass(2n * DAY + 1n);
  await world.reportAll();
  await refused(alpha.hub.settleRound([]), 'PriceJumped');
  await alpha.hub.propose([encodeFunctionData({ abi: alpha.hub.abi, functionName: 'acceptPrice' })], { from: world.owner });
  await alpha.pass(2n * DAY + 1n);
  await world.beta.pass(2n * DAY + 1n);
  await world.reportAll();
  await alpha.hub.acceptPrice([], { from: world.approver });
  await alpha.hub.settleRound([]);
}

async function inflation(world) {
  const { alpha } = world;
  const thief = world.stranger;
  const hub = await alpha.deploy('Hub', alpha.mailbox.address, alpha.judge.address, world.roles(),
    alpha.usd.address, USD, 'Empty', 'EMPTY');
  const spoke = await alpha.deploy('Spoke', alpha.mailbox.address, alpha.judge.address, world.roles());
  const set = (contract, name, ...args) => contract[name](args, { from: world.owner });
  await set(spoke, 'setAsset', alpha.usd.address, USD, world.pricing(alpha),
    { velocity: FUNDS, loss: 0n, window: Number(DAY), idleMin: 0n });
  await set(spoke, 'setHub', alpha.domain, bytes32(hub.address));
  for (const contract of [spoke, hub]) await set(contract, 'setIsm', alpha.ism, world.operatorValidators());
  await set(hub, 'setSpoke', alpha.domain, bytes32(spoke.address));
  await set(hub, 'setAssetTerms', { id: USD, decimals: 6, pricing: world.pricing(alpha) });
  await set(hub, 'setReportTerms', { ageMax: 3_600, skewMax: 10, jumpBpsMax: 100 });
  await set(hub, 'setTerms', { depositMin: 1n, priceJumpBpsMax: 100, feeBpsPerYear: 0, feeReceiver: thief, cancelAfter: 0 });
  for (const contract of [spoke, hub]) await contract.begin([bytes32(thief)], { from: world.owner });
  const order = () => world.order({ mandate: bytes32(thief) });
  const round = async () => {
    await world.verb(hub, 'closeRound', [], { order: order() });
    await alpha.pass(20);
    await world.verb(spoke, 'report', [], { order: order() });
    await hub.settleRound([]);
  };
  const enter = async (from, assets) => {
    await alpha.usd.approve([hub.address, ALL], { from });
    await hub.requestDeposit([assets, from, from], { from });
  };
  await enter(thief, 1n);
  await round();
  // A gift before the victim's deposit, to the hub and to the spoke: no price moves.
  await alpha.usd.transfer([hub.address, usd(50_000)], { from: thief });
  await alpha.usd.transfer([spoke.address, usd(50_000)], { from: thief });
  await enter(world.depositor, usd(100_000));
  await round();
  const victim = await hub.read.maxMint(world.depositor);
  const assets = await hub.read.convertToAssets(victim);
  expect(usd(100_000) - assets <= 1n, `the victim's shares to be worth what was paid, got ${assets}`);
}

async function managementFee(world) {
  const { alpha } = world;
  const { hub } = alpha;
  const receiver = world.accounts.users[6].address;
  await alpha.pass(30n * DAY);
  await world.beta.pass(30n * DAY);
  await world.round();
  expectEqual(await sharesOf(world, receiver), 0n, 'no fee without a gain');
  // Half a percent is gained in a venue, by way of a gift to it that the spoke takes home.
  await world.verb(alpha.spoke, 'deposit', [VENUE.hostile, usd(500_000)]);
  await alpha.usd.transfer([alpha.hostile.address, usd(2_550)]);
  await alpha.pass(30n * DAY);
  await world.beta.pass(30n * DAY);
  await alpha.usdFeed.set([10n ** 8n, await alpha.time()]);
  await world.verb(alpha.spoke, 'withdraw', [VENUE.hostile, ALL]);
  const gain = (await alpha.spoke.read.assetOf(alpha.usd.address))[1] - FUNDS;
  await world.round();
  const shares = await sharesOf(world, receiver);
  const fee = await hub.read.convertToAssets(shares);
  const month = (FUNDS * 100n * 30n) / (10_000n * 365n);
  expect(fee > (month * 98n) / 100n && fee < (month * 104n) / 100n && fee < gain,
    `about ${month} of a gain of ${gain}, got ${fee}`);
  const mark = await hub.read.mark();
  await alpha.pass(30n * DAY);
  await world.beta.pass(30n * DAY);
  await world.round();
  expectEqual(await sharesOf(world, receiver), shares, 'no fee for the same height twice');
  expectEqual(await hub.read.mark(), mark, 'the mark');
}

export async function hubChecks(suite) {
  await suite.check('hub: ERC-7540, deposits and redemptions after the reports', asyncBothWays);
  await suite.check('hub: what is in flight counts once, at every moment', countedOnce);
  await suite.check('hub: a stale report stops both, and requests can leave', staleReport);
  await suite.check('hub: a jumping report or price stops both until it is accepted', jumpingReport);
  await suite.check('attack: inflation of an empty hub', inflation);
  await suite.check('hub: a fee of time, out of gains above the mark only', managementFee);
}
