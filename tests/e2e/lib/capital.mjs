// SPDX-License-Identifier: Apache-2.0
//
// Spokes and vaults on every chain, and a reserve of a real Aave v3 pool on one. What the node says of them is compared with what the chains
// say, read here by other code.

import { vaultAbi } from '../../../deploy/devnet/lib/abi.mjs';
import { beginCapital } from '../../../deploy/devnet/lib/capital.mjs';
import { tokens } from '../../../deploy/devnet/lib/chains.mjs';
import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { askNode, replayJournal, verifyJournal } from '../../../deploy/devnet/lib/inspect.mjs';
import { mandateHash } from '../../../deploy/devnet/lib/nodes.mjs';
import { Place } from '../../../deploy/devnet/lib/place.mjs';
import { SPOKE_BUFFER, spokeAbi, venuesOf } from '../../../deploy/devnet/lib/spokes.mjs';
import { sleep } from '../../../deploy/devnet/lib/terminal.mjs';
import { refused } from '../../contracts/lib/chain.mjs';
import { COIN_PRICE, Reserve } from './reserve.mjs';
import { runSuite } from './suite.mjs';

const SECONDS = 120;
const QUIET_MS = 5000;
const PERCENT = 10n ** 16n; // of a rate
// A debt of two coins, and collateral of 1.8 times its worth.
const PLEDGED = 9_000;
const COINS_OWED = 2;
const GUARDED = { floor: 1.5, shock: '10 %' };
const GUARDED_HEALTH = (1.5 / 0.9) * 0.9999; // interest passes by with every block
const AAVE_HEALTHY = '45'; // HEALTH_FACTOR_NOT_BELOW_THRESHOLD
const DEPOSITED = 100_000 + PLEDGED + SPOKE_BUFFER;
const ROUTE = { tolerance: '50 %', cooldown: '1s', plan_interval: '1s', horizon: '10 min',
  coin_price: '1 USDC' };

class Capital {
  constructor(suite) {
    this.suite = suite;
    this.stage = suite.stage;
  }

  async open() {
    await this.stage.open();
    this.places = this.stage.devnet.chains.map((chain, i) => new Place(this.stage.devnet, chain, i));
    const [, beta] = this.places;
    beta.reserve = new Reserve(beta.chain);
    await beta.reserve.open();
    this.node = this.stage.write({ name: 'relayer', mode: 'act', route: ROUTE, spokes: true,
      reserves: [{ ...beta.reserve, guarded: GUARDED }], prices: beta.chain });
    const mandate = mandateHash(this.stage.program, this.node);
    await beginCapital(this.stage.devnet, mandate);
    await beta.deposit(tokens(PLEDGED + SPOKE_BUFFER));
    await beta.reserve.borrow(mandate, PLEDGED, COINS_OWED);
    await this.stage.start(this.node);
    await this.stage.startValidators();
  }

  /** Ends the node at once, without a word, and starts it again. */
  async die() {
    await this.stage.end(this.node, 'SIGKILL');
    await this.stage.start(this.node);
  }

  ask(...args) {
    return askNode(this.stage.program, [...args, '--config', this.node.config]);
  }

  /** What the node says of a chain's spoke. */
  spoke(place) {
    return this.ask('status').spokes.find(({ chain }) => chain === place.chain.name);
  }

  until(what, condition) {
    return this.suite.until(what, SECONDS, () => {
      this.stage.check();
      return condition();
    });
  }

  passAll() {
    return Promise.all(this.places.map((place) => place.pass()));
  }

  creepAll(seconds) {
    return Promise.all(this.places.map((place) => place.creep(seconds)));
  }
}

runSuite('capital', 'Capital in spokes and vaults.', {}, async (suite) => {
  const capital = new Capital(suite);
  await capital.open();
  const [alpha, beta, gamma] = capital.places;
  const check = (title, work) => suite.check(title, work);

  await check('spokes and vaults are read on every chain, and every gate is open', async () => {
    await capital.until('three working spokes with open vaults', () => {
      const { spokes } = capital.ask('status');
      return spokes.length === 3 && spokes.every(({ stopped, block, venues }, i) =>
        stopped === null && block > 0 && venues.length === (i === 1 ? 3 : 2) &&
        venues.every(({ open }) => open));
    });
  });
  const see = (place, index, words) => capital.until(`a gate that says "${words}"`, () =>
    (capital.spoke(place).venues[index].gate?.text ?? '').includes(words));
  await check('a vault that pauses, or whose share price jumps, closes its gate until it is well',
    async () => {
      await alpha.setVault(1, 'setPaused', true);
      await gamma.setVault(0, 'jump', -tokens(200));
      await see(alpha, 1, 'paused itself');
      await see(gamma, 0, 'too much more or less');
      const { waiting } = capital.ask('why');
      expect(waiting.some(({ what, reason }) => what === 'venue' && reason.text.includes('paused')),
        'the pause among what waits');
      await alpha.setVault(1, 'setPaused', false);
      await gamma.setVault(0, 'jump', tokens(200));
      await see(alpha, 1, 'may enter');
      await see(gamma, 0, 'may enter');
    });
  await check('so does one with too few shares, with other code, or that says nothing', async () => {
    const [other, few] = venuesOf(gamma.chain);
    const { deployer } = suite.stage.devnet;
    const shares = await gamma.read(few, vaultAbi, 'balanceOf', [deployer]);
    await gamma.send(few, vaultAbi, 'redeem', [shares, deployer, deployer], deployer);
    await see(gamma, 1, 'too few shares');
    const code = await gamma.rpc('eth_getCode', other, 'latest');
    await gamma.rpc('anvil_setCode', other, `${code}00`);
    await see(gamma, 0, 'code is another');
    await gamma.rpc('anvil_setCode', other, '0xfe');
    await see(gamma, 0, 'does not answer');
    await gamma.rpc('anvil_setCode', other, code);
    await see(gamma, 0, 'may enter');
  });
  await check('so does a reserve that is frozen or paused', async () => {
    const { aave, index } = beta.reserve;
    const set = (name, on) => aave.configurator[name]([beta.chain.stablecoin, on]);
    await set('setReserveFreeze', true);
    await see(beta, index, 'is frozen');
    await set('setReserveFreeze', false);
    await set('setReservePause', true);
    await see(beta, index, 'paused itself');
    await set('setReservePause', false);
    await see(beta, index, 'may enter');
  });
  await check('what the guardian closed stays closed', async () => {
    const { guardian } = suite.stage.devnet;
    await gamma.send(gamma.chain.spoke, spokeAbi, 'closeVenue', [0n], guardian);
    await see(gamma, 0, 'have the venue closed');
  });
  const { program } = suite.stage;
  const supplied = (place) => Promise.all([place.supplied(0), place.supplied(1)]);
  const idleOf = async (place) => Number(await place.idle()) / Number(tokens(1));
  await check('deposits arrive on two chains and are put where a year pays most', async () => {
    await capital.passAll();
    const { index } = beta.reserve;
    await beta.deposit(tokens(50_000));
    await capital.passAll();
    // The other chains, where nobody has deposited yet, get their buffers over the bridge.
    await capital.until('all but three buffers in venues of beta', async () => {
      const idle = await Promise.all(capital.places.map(idleOf));
      return idle.every((amount) => amount === SPOKE_BUFFER) &&
        (await supplied(beta))[0] + await beta.supplied(index) > tokens(56_900);
    });
    await alpha.deposit(tokens(50_000));
    await capital.passAll();
    await capital.until('all of the other deposit in the better vault', async () => {
      const [first, second] = await supplied(alpha);
      return first > tokens(49_900) && second === 0n;
    });
    for (const place of capital.places) {
      expectEqual(await idleOf(place), SPOKE_BUFFER, 'what stays idle');
    }
  });
  // The reserve shows 9 % and the vault pays 4 %; but with 30,000 of ours in it the next token in the
  // reserve would add less than 3 %.
  await check('between a vault and a reserve it is split by what the next token earns', async () => {
    await capital.until('a part in each of both', async () => {
      const [first] = await supplied(beta);
      const lent = await beta.supplied(beta.reserve.index);
      return lent > tokens(15_000) && lent < tokens(30_000) && first + lent > tokens(56_900);
    });
  });
  // 16,000 owed for some 20,000 of collateral at its threshold: that is 1.25 times, and 1.5 are wanted
  // at prices a tenth lower.
  await check('a debt is guarded before anything earns, and saved from liquidation', async () => {
    const { reserve } = beta;
    const [inVault] = await supplied(beta);
    await reserve.setCoinPrice(4 * COIN_PRICE);
    await capital.until('a debt that is guarded again', async () =>
      await reserve.health() > GUARDED_HEALTH);
    expect((await supplied(beta))[0] < inVault - tokens(5_000), 'the vault paid for it');
    const [, , venue] = capital.spoke(beta).venues;
    expect(venue.health > 1.2, 'the node knows how healthy it is');
    // Where it would have been liquidated with what it had before.
    await reserve.setCoinPrice(COIN_PRICE * 11 / 2);
    expect(await reserve.health() > 1, 'nobody may liquidate');
    const [why] = await refused(reserve.liquidate(), 'Error');
    expectEqual(why, AAVE_HEALTHY, 'why nobody may');
    await capital.until('a debt that is guarded once more', async () =>
      await reserve.health() > GUARDED_HEALTH);
  });
  await check('the plan stays when another vault pays hardly more', async () => {
    await alpha.setVault(1, 'setRate', 4n * PERCENT + PERCENT / 100n);
    await capital.passAll();
    const before = await supplied(alpha);
    await capital.until('the new rate, measured', async () => {
      await alpha.creep(30);
      return Math.abs((capital.spoke(alpha).venues[1].rate_per_year ?? 0) - 0.0401) < 0.0002;
    });
    await sleep(QUIET_MS);
    expectEqual((await supplied(alpha))[1], 0n, 'what is in the other vault');
    expect((await supplied(alpha))[0] >= before[0], 'nothing taken out of the first');
  });
  await check('without a price nothing moves, and the rule and its line are named', async () => {
    const before = await supplied(alpha);
    const wrong = [[0n, 0n, 'says zero'], [-1n, 0n, 'less than zero'],
      [10n ** 36n, 0n, 'more than anything is worth'], [10n ** 18n / 2n, 0n, 'differ by more'],
      [10n ** 18n, 3_601n, 'older than the mandate allows']];
    const said = () => capital.ask('status').prices[0].reason.text;
    for (const [answer, age, words] of wrong) {
      await beta.say(answer, age);
      await capital.until(`a price that ${words}`, () => said().includes(words));
    }
    await alpha.setVault(1, 'setRate', 50n * PERCENT);
    await capital.passAll();
    const { waiting } = capital.ask('why');
    expect(waiting.some(({ what, reason }) => what === 'price of' && reason.text.includes('older')),
      'the price among what waits');
    await capital.until('a plan that waits for a price', async () => {
      await alpha.creep(20);
      return capital.ask('why').waiting.some(({ what, reason }) =>
        what.startsWith('planning of venues') && reason.text.includes('older'));
    });
    const after = await supplied(alpha);
    expect(after[0] >= before[0] && after[1] === 0n, 'nothing moved');
    await beta.say(10n ** 18n);
    await capital.until('a price that counts', () => said().includes('agree'));
  });
  await check('the plan follows when another vault pays much more, through a kill', async () => {
    await capital.until('the first vault emptied', async () => {
      await alpha.creep(20);
      return (await supplied(alpha))[0] < tokens(1);
    });
    await capital.die();
    await capital.until('everything in the other vault', async () => {
      const [first, second] = await supplied(alpha);
      return first < tokens(1) && second > tokens(49_900);
    });
  });
  await check('capital of another chain follows over the bridge, through a kill while it is under way',
    async () => {
      await capital.until('what beta sends under way', async () => {
        await capital.creepAll(20);
        return (await beta.flow(alpha)).sent > tokens(SPOKE_BUFFER);
      });
      await capital.die();
      // What guards the debt stays.
      await capital.until('all that may leave in the one vault', async () =>
        (await supplied(alpha))[1] > tokens(51_900) && (await supplied(beta))[0] < tokens(1));
      const { sent } = await beta.flow(alpha);
      const { announced, received } = await alpha.flow(beta);
      expectEqual(received, sent, 'what alpha booked of it');
      expectEqual(announced, sent, 'what was announced');
      expect(sent < tokens(50_000), 'sent once');
    });
  // All that may leave beta is in alpha's vault, which pays 50 %. 14 of the pool's dollars for a coin
  // more want some 12,500 more of collateral, which can only come over the bridge.
  await check('a debt is saved from liquidation by capital of another chain, before it earns', async () => {
    const { reserve } = beta;
    const { sent } = await alpha.flow(beta);
    await reserve.setCoinPrice(COIN_PRICE * 7);
    await capital.until('a debt that is guarded over the bridge', async () =>
      await reserve.health() > GUARDED_HEALTH);
    expect((await alpha.flow(beta)).sent > sent + tokens(10_000), 'it came from alpha');
    // Where what it had before would not have been enough.
    await reserve.setCoinPrice(COIN_PRICE * 10);
    expect(await reserve.health() > 1, 'nobody may liquidate');
    const [why] = await refused(reserve.liquidate(), 'Error');
    expectEqual(why, AAVE_HEALTHY, 'why nobody may');
    await reserve.setCoinPrice(COIN_PRICE * 7); // for which there is just enough
  });
  await check('what people want back comes home', async () => {
    await alpha.redeem(tokens(20_000));
    await capital.until('enough idle capital for it', async () =>
      (await idleOf(alpha)) >= 20_000);
  });
  await check('and from another chain, where it has none', async () => {
    await beta.redeem(tokens(15_000));
    await capital.until('enough idle capital for it', async () =>
      (await idleOf(beta)) >= 15_000);
  });
  await check('every balance reconciles to the base unit, and yield is booked', async () => {
    await Promise.all(capital.places.map((place) => place.setVault(0, 'setRate', 0n)));
    await Promise.all(capital.places.map((place) => place.setVault(1, 'setRate', 0n)));
    // The reserve pays with every block: each chain is asked about the block that the books are of.
    const look = async () => {
      const { spokes, capital: [asset] } = capital.ask('status');
      const worths = await Promise.all(capital.places.map((place) =>
        place.worth(spokes.find(({ chain }) => chain === place.chain.name).block)));
      return { asset, worth: worths.reduce((a, b) => a + b) };
    };
    // What the reserve paid before the books were opened came with the opening, as did all that routers
    // and bridges have.
    const earned = ({ by_kind: kinds }) =>
      -[kinds.yield, kinds.equity, kinds.router, kinds.bridge].reduce((sum, part) => sum + BigInt(part), 0n);
    await capital.until('the same worth in the books and on the chains', async () => {
      const { asset: { ledger }, worth } = await look();
      const booked = BigInt(ledger.by_kind.spoke) + BigInt(ledger.by_kind.venue);
      return ledger.balanced && booked === worth &&
        earned(ledger) === worth - tokens(DEPOSITED) && worth > tokens(DEPOSITED);
    });
  });
  await check('the journal verifies and replays', async () => {
    await suite.stage.end(capital.node);
    for (const look of [verifyJournal, replayJournal]) {
      const { ok, words } = look(program, capital.node);
      expect(ok, words);
    }
  });
});
