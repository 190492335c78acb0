// SPDX-License-Identifier: Apache-2.0
//
// A spoke owes coins to a real Aave v3 pool and holds some of them: when their price rises the node
// pays back what its collateral guards no more, and where that is not enough it brings collateral too.

import { tokenAbi } from '../../../deploy/devnet/lib/abi.mjs';
import { beginCapital } from '../../../deploy/devnet/lib/capital.mjs';
import { tokens } from '../../../deploy/devnet/lib/chains.mjs';
import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { askNode, replayJournal, verifyJournal } from '../../../deploy/devnet/lib/inspect.mjs';
import { mandateHash } from '../../../deploy/devnet/lib/nodes.mjs';
import { callContract, sendContract } from '../../../deploy/devnet/lib/rpc.mjs';
import { SPOKE_BUFFER, pacedVaultAbi, spokeAbi, tillAbi, venuesOf }
  from '../../../deploy/devnet/lib/spokes.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { refused } from '../../contracts/lib/chain.mjs';
import { COIN_BUFFER, Reserve } from './reserve.mjs';
import { runSuite } from './suite.mjs';

const { toHex } = requirePackage('viem/utils');

const SECONDS = 120;
const PLEDGED = 20_000; // guards 16,000
const COINS_OWED = 2;
const GUARDED = { floor: 1.5, shock: '10 %' };
const GUARDED_HEALTH = (1.5 / 0.9) * 0.9999; // interest passes by with every block
const DEPOSITED = PLEDGED + 3 * SPOKE_BUFFER; // the siblings' buffers go over the bridge
const MORE = 5_000;
// Coins are few: what moves may be a tenth of one.
const ROUTE = { tolerance: '50 %', cooldown: '1s', plan_interval: '1s', horizon: '10 min',
  coin_price: '1 USDC', move_min: '0.1 USDC' };
const AAVE_HEALTHY = '45'; // HEALTH_FACTOR_NOT_BELOW_THRESHOLD

class Debts {
  constructor(suite) {
    Object.assign(this, { suite, stage: suite.stage });
  }

  async open() {
    const { stage } = this;
    await stage.open();
    const [, beta] = stage.devnet.chains;
    this.chain = beta;
    this.reserve = new Reserve(beta);
    await this.reserve.open();
    // Where the collateral is it stays: nothing else pays.
    for (const chain of stage.devnet.chains) {
      for (const to of venuesOf(chain)) await this.send(to, pacedVaultAbi, 'setRate', [0n], chain);
    }
    this.node = stage.write({ name: 'relayer', mode: 'act', route: ROUTE, spokes: true,
      reserves: [{ ...this.reserve.withDebt, guarded: GUARDED }], prices: beta });
    const mandate = mandateHash(stage.program, this.node);
    await beginCapital(stage.devnet, mandate);
    await this.deposit(DEPOSITED);
    await this.reserve.borrow(mandate, PLEDGED, COINS_OWED);
    await stage.start(this.node);
    await stage.startValidators();
  }

  send(to, abi, functionName, args, chain = this.chain) {
    const from = this.stage.devnet.depositors[0];
    return sendContract(chain.httpUrl, { from, to, abi, functionName, args });
  }

  read(functionName, args, block = 'latest') {
    return callContract(this.chain.httpUrl, this.chain.spoke, spokeAbi, functionName, args, block);
  }

  async deposit(whole) {
    const { till, stablecoin } = this.chain;
    await this.send(stablecoin, tokenAbi, 'approve', [till, tokens(whole)]);
    await this.send(till, tillAbi, 'deposit', [tokens(whole)]);
  }

  ask(...args) {
    return askNode(this.stage.program, [...args, '--config', this.node.config]);
  }

  until(what, condition) {
    return this.suite.until(what, SECONDS, () => {
      this.stage.check();
      return condition();
    });
  }

  /** In base units: coins that are idle and owed, and collateral. */
  async coins(block = 'latest') {
    const { coin, index } = this.reserve;
    const [[, idle], [supplied], [, owed]] = await Promise.all([
      this.read('assetOf', [coin.address], block), this.read('positionAt', [BigInt(index)], block),
      this.read('positionAt', [BigInt(index + 1)], block)]);
    return { idle, owed, collateral: supplied };
  }

  /** The node's moves that paid back. */
  payments() {
    return this.ask('plan').plans.flatMap(({ moves }) => moves)
      .filter(({ kind }) => kind === 'paying back');
  }

  isGuarded() {
    return this.until('a debt that is guarded again', async () =>
      await this.reserve.health() > GUARDED_HEALTH);
  }
}

runSuite('debts', 'A debt paid back by the node.', {}, async (suite) => {
  const debts = new Debts(suite);
  await debts.open();
  const { program } = suite.stage;
  const { reserve } = debts;
  const check = (title, work) => suite.check(title, work);

  await check('one spoke holds two assets, and both are read', async () => {
    await debts.until('a working spoke of either asset', () => {
      const spokes = debts.ask('status').spokes.filter(({ chain }) => chain === debts.chain.name);
      return spokes.length === 2 && spokes.every(({ stopped, block }) => stopped === null && block > 0);
    });
    const spoke = debts.ask('status').spokes.find(({ asset }) => asset === 'COIN');
    expect(BigInt(spoke.venues[0].owed) >= tokens(COINS_OWED), 'what is owed is known');
    expectEqual(debts.payments().length, 0, 'what is guarded is not paid back');
  });
  // Two coins are worth 12,000 now, of which 9,600 are guarded: 0.4 coins are too many.
  await check('what is too little guarded is paid back with the spoke\'s own coins', async () => {
    const before = await debts.coins();
    await reserve.setCoinPrice(6_000);
    await debts.isGuarded();
    const after = await debts.coins();
    const paid = before.idle - after.idle;
    expect(paid >= tokens(4) / 10n && paid < tokens(41) / 100n, 'so much and no more');
    expect(after.owed < before.owed - paid * 99n / 100n, 'it is owed no more');
    expect(after.collateral >= before.collateral, 'the collateral stayed');
    expect(after.collateral < before.collateral + tokens(10), 'and nothing was brought to it');
    await debts.until('the move, told as what it was', () =>
      debts.payments().some(({ state, amount, to_venue: venue }) =>
        state === 'done' && BigInt(amount) === paid && venue === reserve.index + 1));
  });
  // 6,220 dollars of coins are too many, which is more than is idle above the buffer: one coin is owed
  // then, and its 9,900 dollars want 20,625 of collateral.
  await check('where the coins are not enough, all that may go pay, and collateral comes', async () => {
    await reserve.setCoinPrice(9_900);
    await debts.until('nothing idle but the buffer', async () =>
      (await debts.coins()).idle === tokens(COIN_BUFFER));
    expect(await reserve.health() < GUARDED_HEALTH, 'not enough');
    expect(await reserve.health() > 1.5, 'but nearly');
    await debts.deposit(MORE);
    await debts.isGuarded();
    expect((await debts.coins()).idle === tokens(COIN_BUFFER), 'the buffer stayed');
    const [why] = await refused(reserve.liquidate(), 'Error');
    expectEqual(why, AAVE_HEALTHY, 'why nobody may liquidate');
  });
  await check('the books have what is owed, to the base unit, and a payment is no loss', async () => {
    await debts.until('the same of coins in the books and on the chain', async () => {
      const { spokes, capital } = debts.ask('status');
      const { block } = spokes.find(({ asset }) => asset === 'COIN');
      const { ledger } = capital.find(({ asset }) => asset === 'COIN');
      const { idle, owed } = await debts.coins(toHex(block));
      const lost = BigInt(ledger.by_kind.yield);
      // Two coins of nobody came in with a debt of two: what they cost is interest alone.
      return ledger.balanced && BigInt(ledger.by_kind.spoke) === idle &&
        BigInt(ledger.by_kind.venue) === -owed && lost >= 0n && lost < tokens(1) / 100n;
    });
  });
  await check('the journal verifies and replays', async () => {
    await suite.stage.end(debts.node);
    for (const look of [verifyJournal, replayJournal]) {
      const { ok, words } = look(program, debts.node);
      expect(ok, words);
    }
  });
});
