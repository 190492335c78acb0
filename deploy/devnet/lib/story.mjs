// SPDX-License-Identifier: Apache-2.0
//
// The demo's story of capital: people bring some to three chains, the node puts it where it earns,
// follows a rate that moved, saves a debt from liquidation, brings home what people want back. What
// happened is read from the chains, and held against the node's books in the end.

import { beginCapital } from './capital.mjs';
import { formatTokens, tokens } from './chains.mjs';
import { wholeTokens } from './display.mjs';
import { askNode, readStatus } from './inspect.mjs';
import { mandateHash } from './nodes.mjs';
import { Place } from './place.mjs';
import { SPOKE_BUFFER } from './spokes.mjs';
// Aave's packages are those that the tests of the contracts are tried with.
import { COIN_PRICE, Reserve } from '../../../tests/e2e/lib/reserve.mjs';
import { refused } from '../../../tests/contracts/lib/chain.mjs';

const ACT_MAX_MS = 45_000;
const LOOK_MS = 250;
const QUIET_MS = 2500;
const CREEP_SECONDS = 30; // a second
const MEASURE_SECONDS = 150; // the same, while a new rate is measured
const PERCENT = 10n ** 16n; // of a rate
const MORE_BY_LITTLE = 401n * PERCENT / 100n;
const MORE_BY_MUCH = 50n * PERCENT;
const BROUGHT = 50_000; // to each of two chains
// A debt of two coins, and collateral of 1.8 times its worth, that people made before.
const PLEDGED = 9_000;
const COINS_OWED = 2;
const GUARDED = { floor: 1.5, shock: '10 %' };
const GUARDED_HEALTH = (1.5 / 0.9) * 0.9999; // interest passes by with every block
const COIN_DEARER = 3_000; // still above the edge
const COIN_DEAREST = 4_400; // where it would be below, with what it had
const AAVE_HEALTHY = '45'; // HEALTH_FACTOR_NOT_BELOW_THRESHOLD
const WANTED = [20_000, 15_000]; // back, of two chains
const DEPOSITED = tokens(2 * BROUGHT + PLEDGED + SPOKE_BUFFER);

/** How the node plans capital in venues; the devnet's clocks jump, so ten minutes pass at once. */
export const STORY_ROUTE = { cooldown: '1s', plan_interval: '1s', horizon: '10 min', coin_price: '1 USDC' };

const sum = (list) => list.reduce((total, part) => total + part, 0n);
const health = (value) => value.toFixed(2);

export class Story {
  /**
   * `say(text, color)` tells a line, `until(isDone, maxMs, tickMs)` shows how things go meanwhile and
   * resolves to whether it came to be.
   */
  constructor({ stage, say, until }) {
    Object.assign(this, { stage, say, until });
    this.places = stage.devnet.chains.map((chain, i) => new Place(stage.devnet, chain, i));
    this.faults = []; // what did not come to be, in words
    this.node = null;
    this.figures = { deposited: '0', followed: '0', topped_up: '0', liquidated: 0, redeemed: '0' };
  }

  /** Sets Aave up on the second chain. Resolves to what `writeNode` wants to know of the story. */
  async open() {
    const [, beta] = this.places;
    beta.reserve = new Reserve(beta.chain);
    await beta.reserve.open();
    // What was deployed just now is no history of the node's.
    const head = Number(await beta.rpc('eth_blockNumber'));
    const settingsOf = (chain) => (chain === beta.chain ? { start_block: head } : {});
    return { settingsOf, spokes: true, reserves: [{ ...beta.reserve, guarded: GUARDED }], prices: beta.chain };
  }

  /** What people did by hand before this node: collateral on Aave, two coins borrowed on it. */
  async prepare(node) {
    this.node = node;
    const [, beta] = this.places;
    const mandate = mandateHash(this.stage.program, node);
    await beginCapital(this.stage.devnet, mandate);
    await beta.deposit(tokens(PLEDGED + SPOKE_BUFFER));
    await beta.reserve.borrow(mandate, PLEDGED, COINS_OWED);
  }

  /** Accounts that hold tokens and are no contract of the devnet's own: [[address, ...] by chain]. */
  get holders() {
    return this.places.map(({ reserve }) => (reserve ? [reserve.receipt] : []));
  }

  ask(...args) {
    return askNode(this.stage.program, [...args, '--config', this.node.config]);
  }

  venuesOf({ reserve }) {
    return reserve ? [0, 1, reserve.index] : [0, 1];
  }

  /** What is where, in whole tokens, for the display: one line a chain. */
  async look() {
    return Promise.all(this.places.map(async (place) => {
      const [idle, ...inVenues] = await Promise.all(
        [place.idle(), ...this.venuesOf(place).map((index) => place.supplied(index))]);
      const names = ['vault 1', 'vault 2', 'Aave'];
      const parts = inVenues.map((units, i) => `${names[i]} ${wholeTokens(units)}`);
      return { name: place.chain.name, words: [`at hand ${wholeTokens(idle)}`, ...parts].join(', ') };
    }));
  }

  async sayWhere() {
    for (const { name, words } of await this.look()) this.say(`    ${name.padEnd(6)} ${words}`);
  }

  /** Waits for something and tells it; what does not come to be is a fault. */
  async await(what, condition) {
    const started = Date.now();
    const came = await this.until(condition, ACT_MAX_MS, LOOK_MS);
    if (!came) {
      this.faults.push(`after ${ACT_MAX_MS / 1000} s still not: ${what}`);
      this.say(`after ${ACT_MAX_MS / 1000} s still not: ${what}`, 'red');
    }
    return ((Date.now() - started) / 1000).toFixed(1);
  }

  passAll() {
    return Promise.all(this.places.map((place) => place.pass()));
  }

  creepAll() {
    return Promise.all(this.places.map((place) => place.creep(CREEP_SECONDS)));
  }

  /** Before anybody sends: the rates are known once time has passed. */
  async bring() {
    const [alpha, beta] = this.places;
    await this.await('spokes and vaults that the node has read', () =>
      this.ask('status').spokes.every(({ stopped, block, venues }) =>
        stopped === null && block > 0 && venues.every(({ open }) => open)));
    await this.passAll();
    await Promise.all([alpha, beta].map((place) => place.deposit(tokens(BROUGHT))));
    this.figures.deposited = String(tokens(2 * BROUGHT));
    this.say(`people bring ${wholeTokens(tokens(BROUGHT))} USDC to alpha and as much to beta; vaults pay 4 % and ` +
      '2 % by the year, Aave on beta 9 % until more is lent there', 'bold');
  }

  /** All but the buffers earns where it earns most. */
  async allocate() {
    const [alpha, beta] = this.places;
    const buffer = tokens(SPOKE_BUFFER);
    await this.await('all but the buffers where it earns most', async () => {
      const idle = await Promise.all(this.places.map((place) => place.idle()));
      const [first, inVault, lent] = await Promise.all(
        [alpha.supplied(0), beta.supplied(0), beta.supplied(beta.reserve.index)]);
      // What costs more to move than it earns may stay at hand.
      return idle.every((units) => units >= buffer && units < 2n * buffer) &&
        first > tokens(BROUGHT) - 3n * buffer && inVault > 0n && lent > tokens(PLEDGED);
    });
    this.say('meanwhile the plan put what people brought where the next token earns most, and left 1,000 or ' +
      'a little more at hand on each chain; gamma got it over the bridge:', 'green');
    await this.sayWhere();
  }

  /** A rate that is hardly better moves nothing. */
  async stay() {
    const [alpha] = this.places;
    await alpha.setVault(1, 'setRate', MORE_BY_LITTLE);
    this.say('vault 2 of alpha pays 4.01 % now, vault 1 still 4 %', 'bold');
    await this.passAll();
    await this.await('the new rate in the node\'s view', async () => {
      await alpha.creep(MEASURE_SECONDS);
      const spoke = this.ask('status').spokes.find(({ chain }) => chain === alpha.chain.name);
      return Math.abs((spoke.venues[1].rate_per_year ?? 0) - 0.0401) < 0.0002;
    });
    await this.until(() => false, QUIET_MS);
    if (await alpha.supplied(1) > 0n) this.faults.push('capital moved for 0.01 %');
    else this.say('nothing moves: it would cost more than it brings in ten minutes', 'green');
  }

  /** A rate that is much better is followed, over the bridge too. */
  async follow() {
    const [alpha, beta] = this.places;
    const { sent } = await beta.flow(alpha);
    await alpha.setVault(1, 'setRate', MORE_BY_MUCH);
    this.say('vault 2 of alpha pays 50 % now', 'bold');
    const seconds = await this.await('all that may leave in the one vault', async () => {
      await this.creepAll();
      const [first, second] = await Promise.all([alpha.supplied(0), alpha.supplied(1)]);
      return first < tokens(1) && await beta.supplied(0) < tokens(1) &&
        second > tokens(BROUGHT + SPOKE_BUFFER) && await alpha.idle() < tokens(2 * SPOKE_BUFFER);
    });
    const crossed = (await beta.flow(alpha)).sent - sent;
    this.figures.followed = String(await alpha.supplied(1));
    this.say(`the plan followed in ${seconds} s: ${wholeTokens(await alpha.supplied(1))} USDC are in it, ` +
      `${wholeTokens(crossed)} of them came from beta over the bridge; what guards the debt stayed`, 'green');
    await this.sayWhere();
  }

  /** A debt whose coin becomes dearer is guarded by capital of another chain. */
  async save() {
    const [alpha, beta] = this.places;
    const { reserve } = beta;
    const { sent } = await alpha.flow(beta);
    const before = await reserve.health();
    await reserve.setCoinPrice(COIN_DEARER);
    const fallen = await reserve.health();
    this.say(`the coin of which ${COINS_OWED} are owed on Aave costs ${wholeTokens(tokens(COIN_DEARER))} dollars, not ` +
      `${wholeTokens(tokens(COIN_PRICE))}: the debt's health falls from ${health(before)} to ${health(fallen)}; below 1 it is liquidated`, 'red');
    const seconds = await this.await('a debt that is guarded again', async () =>
      await reserve.health() > GUARDED_HEALTH);
    const crossed = (await alpha.flow(beta)).sent - sent;
    this.figures.topped_up = String(crossed);
    this.say(`${wholeTokens(crossed)} USDC came from alpha as collateral in ${seconds} s: health ${health(await reserve.health())}`, 'green');
    await this.#tryLiquidation(reserve, fallen);
  }

  /** At a price at which it would have been lost without the top-up. */
  async #tryLiquidation(reserve, fallen) {
    await reserve.setCoinPrice(COIN_DEAREST);
    const without = (fallen * COIN_DEARER) / COIN_DEAREST;
    try {
      const [why] = await refused(reserve.liquidate(), 'Error');
      if (why !== AAVE_HEALTHY) throw new Error(`refused with ${why}`);
      this.say(`the coin costs ${wholeTokens(tokens(COIN_DEAREST))}: a liquidator tries, Aave refuses (without the top-up health were ` +
        `${health(without)}); then it costs ${wholeTokens(tokens(COIN_DEARER))} again`, 'green');
      await reserve.setCoinPrice(COIN_DEARER);
    } catch (error) {
      this.figures.liquidated = 1;
      this.faults.push(`the debt could be liquidated: ${error.message}`);
    }
  }

  /** What people want back is brought home, from vaults and from other chains. */
  async bringHome() {
    const [alpha, beta] = this.places;
    const [here, there] = WANTED.map((whole) => tokens(whole));
    await Promise.all([alpha.redeem(here), beta.redeem(there)]);
    this.say(`people want ${wholeTokens(here)} USDC back on alpha and ${wholeTokens(there)} on beta`, 'bold');
    const seconds = await this.await('what people want back at hand', async () =>
      await alpha.idle() >= here && await beta.idle() >= there &&
      await beta.reserve.health() > GUARDED_HEALTH);
    this.figures.redeemed = String(here + there);
    this.say(`it lies ready for them on both after ${seconds} s:`, 'green');
    await this.sayWhere();
  }

  /** The books and the chains, at the blocks that the books speak of: both sums, and what was earned. */
  async #compare({ spokes, capital: [{ ledger }] }) {
    const worth = sum(await Promise.all(this.places.map((place) =>
      place.worth(spokes.find(({ chain }) => chain === place.chain.name).block))));
    const { by_kind: kinds } = ledger;
    const booked = BigInt(kinds.spoke) + BigInt(kinds.venue);
    // What there was before the books were opened came with the opening, as did what routers and
    // bridges have.
    const earned = -sum([kinds.yield, kinds.equity, kinds.router, kinds.bridge].map(BigInt));
    return { worth, booked, earned, isBalanced: ledger.balanced };
  }

  async reconcile() {
    let seen = null;
    await this.await('the same in the books and on the chains', async () => {
      seen = await this.#compare(this.ask('status'));
      const { worth, booked, earned, isBalanced } = seen;
      return isBalanced && booked === worth && earned === worth - DEPOSITED;
    });
    this.say(`the books agree with the chains to the base unit: ${formatTokens(seen.booked)} USDC in spokes and venues, ` +
      `${formatTokens(seen.earned)} of them earned`, 'green');
  }

  /** The same once more when the node has ended: {difference, earned} in base units. */
  async measure() {
    const { worth, booked, earned } = await this.#compare(readStatus(this.stage.program, this.node));
    const difference = booked > worth ? booked - worth : worth - booked;
    return { difference, earned };
  }
}
