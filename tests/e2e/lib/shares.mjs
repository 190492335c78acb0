// SPDX-License-Identifier: Apache-2.0
//
// A hub on one of three chains with a spoke each: people ask to enter and to leave, spokes report as
// Hyperlane messages, the node closes rounds, brings home what is missing and settles. What people
// get is held against what the chains say.

import { tokenAbi } from '../../../deploy/devnet/lib/abi.mjs';
import { beginCapital } from '../../../deploy/devnet/lib/capital.mjs';
import { tokens } from '../../../deploy/devnet/lib/chains.mjs';
import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { Hub } from '../../../deploy/devnet/lib/hub.mjs';
import { askNode, replayJournal, verifyJournal } from '../../../deploy/devnet/lib/inspect.mjs';
import { mandateHash } from '../../../deploy/devnet/lib/nodes.mjs';
import { callContract, sendContract } from '../../../deploy/devnet/lib/rpc.mjs';
import { SPOKE_BUFFER, pacedVaultAbi, spokeAbi, venuesOf } from '../../../deploy/devnet/lib/spokes.mjs';
import { runSuite } from './suite.mjs';

const SECONDS = 120;
const NATIVE_FEES = 10n ** 16n;
const PERCENT = 10n ** 16n;
const ENTERED = tokens(50_000);
const LEAVING = tokens(40_000);
const ROUTE = { tolerance: '50 %', cooldown: '1s', plan_interval: '1s', horizon: '10 min',
  coin_price: '1 USDC' };

class Shares {
  constructor(suite) {
    this.suite = suite;
    this.stage = suite.stage;
  }

  async open() {
    await this.stage.open();
    const { devnet } = this.stage;
    [this.holder, this.other] = devnet.depositors;
    this.chains = devnet.chains;
    this.hub = new Hub(devnet);
    await this.hub.open();
    // Only on the second chain does anything earn, so that capital goes there.
    await Promise.all(this.chains.flatMap((chain, i) => venuesOf(chain).map((vault, k) =>
      this.at(chain, vault, pacedVaultAbi, 'setRate', [i === 1 && k === 0 ? 40n * PERCENT : 0n]))));
    this.node = this.stage.write({ name: 'relayer', mode: 'act', route: ROUTE, spokes: true,
      hub: this.hub });
    const mandate = mandateHash(this.stage.program, this.node);
    await this.hub.begin(mandate);
    await beginCapital(devnet, mandate);
    for (const who of [this.holder, this.other]) {
      await this.at(this.hub.chain, this.hub.chain.stablecoin, tokenAbi, 'approve', [this.hub.address, 2n ** 255n], who);
    }
    await this.stage.start(this.node);
    this.validators = await this.stage.startValidators();
  }

  at({ httpUrl }, to, abi, functionName, args, from = this.holder) {
    return sendContract(httpUrl, { from, to, abi, functionName, args });
  }

  async die() {
    await this.stage.end(this.node, 'SIGKILL');
    await this.stage.start(this.node);
  }

  ask(...args) {
    return askNode(this.stage.program, [...args, '--config', this.node.config]);
  }

  /** What the node says of the hub. */
  says() {
    return this.ask('status').hubs[0];
  }

  until(what, condition) {
    return this.suite.until(what, SECONDS, () => {
      this.stage.check();
      return condition();
    });
  }

  async supplied(chain, index) {
    return (await callContract(chain.httpUrl, chain.spoke, spokeAbi, 'positionAt', [BigInt(index)]))[0];
  }

  async idle(chain) {
    return (await callContract(chain.httpUrl, chain.spoke, spokeAbi, 'assetOf', [chain.stablecoin]))[1];
  }

  balance(who) {
    const { httpUrl, stablecoin } = this.hub.chain;
    return callContract(httpUrl, stablecoin, tokenAbi, 'balanceOf', [who]);
  }
}

runSuite('shares', 'Shares in what all spokes hold.', {}, async (suite) => {
  const shares = new Shares(suite);
  await shares.open();
  const { hub, holder, other, chains } = shares;
  const [alpha, beta] = chains;
  const check = (title, work) => suite.check(title, work);
  const settled = async (round) => (await hub.read('roundSettled')) >= round;
  const reported = async () => Promise.all(chains.map(async ({ domain }) =>
    (await hub.read('spokeOf', domain))[1]));

  await check('who asks to enter waits until every spoke reported, then may claim shares', async () => {
    await hub.send('requestDeposit', [ENTERED, holder, holder], holder);
    expectEqual(await hub.read('maxMint', holder), 0n, 'what may be claimed at once');
    await shares.until('a settled round', () => settled(1n));
    expect((await reported()).every((sequence) => sequence > 0n), 'a report of every spoke');
    const claim = await hub.read('maxMint', holder);
    expectEqual(claim, ENTERED * 10n ** 6n, 'shares of the first who enters');
    await hub.send('mint', [claim, holder, holder], holder);
  });
  await check('what entered goes where it earns, on another chain', async () => {
    await shares.until('all but the buffers in the vault that pays', async () =>
      (await shares.supplied(beta, 0)) >= ENTERED - tokens(3 * SPOKE_BUFFER + 10));
    expectEqual(await hub.read('reserve'), 0n, 'what the hub keeps');
  });
  await check('reports are priced only when they were made after the request', async () => {
    // The validators stand still: the reports are sent, and no other chain's arrives.
    await Promise.all(shares.validators.map((node) => shares.stage.end(node)));
    const before = await reported();
    await hub.send('requestDeposit', [ENTERED, other, other], other);
    await shares.until('a closed round', () => shares.says().closed);
    await shares.until('the direct report alone', async () => (await reported())[0] > before[0]);
    const [, later] = await reported();
    expectEqual(later, before[1], 'the last report of another chain');
    expectEqual(await settled(2n), false, 'a settled round');
    const { waiting } = shares.ask('why');
    expect(waiting.some(({ what, reason }) => what === 'hub on' && reason.text.includes('reported')),
      'the reports among what waits');
    await Promise.all(shares.validators.map((node) => shares.stage.start(node)));
    await shares.until('a settled round', () => settled(2n));
    await hub.send('mint', [await hub.read('maxMint', other), other, other], other);
  });
  await check('who leaves is paid with what comes home from another chain, through a kill', async () => {
    await shares.until('the second deposit at work', async () =>
      (await shares.supplied(beta, 0)) >= 2n * ENTERED - tokens(3 * SPOKE_BUFFER + 10));
    const all = await hub.read('balanceOf', holder);
    const leaving = (all * LEAVING) / ENTERED;
    await hub.send('requestRedeem', [leaving, holder, holder], holder);
    await shares.until('capital on its way home', async () => (await shares.supplied(beta, 0)) < ENTERED + tokens(20_000));
    await shares.die();
    await shares.until('a settled round', () => settled(3n));
    const due = await hub.read('maxWithdraw', holder);
    expect(due >= LEAVING - 1n && due < (LEAVING * 1001n) / 1000n, `some ${LEAVING}, got ${due}`);
    const before = await shares.balance(holder);
    await hub.send('withdraw', [due, holder, holder], holder);
    expectEqual((await shares.balance(holder)) - before, due, 'what was paid');
  });
  await check('every balance reconciles to the base unit', async () => {
    await Promise.all(chains.flatMap((chain) => venuesOf(chain).map((vault) =>
      shares.at(chain, vault, pacedVaultAbi, 'setRate', [0n]))));
    await shares.until('the same in the books and on the chains', async () => {
      const { capital: [{ ledger }], spokes } = shares.ask('status');
      const [idle, inVenues] = await Promise.all([
        Promise.all(chains.map((chain) => shares.idle(chain))),
        Promise.all(chains.flatMap((chain) => [0, 1].map((k) => shares.supplied(chain, k))))]);
      const sum = (list) => list.reduce((a, b) => a + b, 0n);
      const kinds = ledger.by_kind;
      return ledger.balanced && spokes.every(({ stopped }) => stopped === null) &&
        BigInt(kinds.spoke) === sum(idle) && BigInt(kinds.venue) === sum(inVenues) &&
        BigInt(kinds.hub) === await shares.balance(hub.address);
    });
  });
  await check('what the guardian says to the hub reaches every spoke as a message', async () => {
    const { guardian } = suite.stage.devnet;
    await hub.send('pauseAll', [], guardian, NATIVE_FEES);
    await shares.until('paused spokes', () => shares.ask('status').spokes.every(({ stopped }) =>
      stopped?.text.includes('paused')));
    expect(shares.says().waits?.text.includes('paused'), 'a paused hub');
  });
  await check('the journal verifies and replays', async () => {
    await suite.stage.end(shares.node);
    for (const look of [verifyJournal, replayJournal]) {
      const { ok, words } = look(suite.stage.program, shares.node);
      expect(ok, words);
    }
  });
});
