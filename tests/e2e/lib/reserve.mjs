// SPDX-License-Identifier: Apache-2.0
//
// A real Aave v3 pool on one chain of a running devnet, whose reserve of the stablecoin is a venue of
// the chain's spoke, and one of coins that it may borrow: set up as its owner would, before the spoke
// begins.

import { deriveAccounts } from '../../../deploy/devnet/lib/accounts.mjs';
import { tokens, TOKEN_DECIMALS } from '../../../deploy/devnet/lib/chains.mjs';
import { loadArtifacts } from '../../../deploy/devnet/lib/deploy.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { VENUE_CAP, venuesOf } from '../../../deploy/devnet/lib/spokes.mjs';
import { Chain } from '../../contracts/lib/chain.mjs';
import { deployAave, venueArtifacts } from '../../contracts/lib/venues.mjs';

const { keccak256, numberToHex, stringToHex } = requirePackage('viem/utils');

const ZERO = '0x0000000000000000000000000000000000000000';
const AAVE = 2; // as VenueKind in Venues.sol
const POOL_REVISION = '0x0148170e';
const VARIABLE_RATE = 2n;
const DOLLAR = 10n ** 8n; // of the pool's oracle
const SLOPE = 2n * 10n ** 26n; // 20 % by the year at the optimal usage
const HEALTH_MIN = 15n * 10n ** 17n;
const COINS = 10_000;
const DEADLINE = 2n ** 40n;

/** What others supplied to the reserve and borrowed from it, in whole tokens. */
const POOL_SUPPLIED = 100_000;
const POOL_BORROWED = 60_000;
/** Of coins that stay in the spoke whatever is owed. */
export const COIN_BUFFER = 1;
/** In dollars, at first. */
export const COIN_PRICE = 2_000;

export class Reserve {
  constructor(chain, blockSeconds = 1) {
    const { httpUrl: url, name, domain } = chain;
    const artifacts = { ...loadArtifacts(), ...venueArtifacts() };
    Object.assign(this, { place: chain, chain: name, blockSeconds, accounts: deriveAccounts(),
      index: venuesOf(chain).length });
    this.at = new Chain({ url, name, domain, contracts: chain, artifacts, accounts: this.accounts });
    this.token = this.at.at('token', chain.stablecoin);
    this.spoke = this.at.at('Spoke', chain.spoke);
  }

  /** Each transaction a block of its own, at once: some forty of them would take as many seconds. */
  async #quickly(work) {
    await this.at.rpc('evm_setIntervalMining', 0);
    await this.at.rpc('evm_setAutomine', true);
    await work();
    await this.at.rpc('evm_setAutomine', false);
    await this.at.rpc('evm_setIntervalMining', this.blockSeconds);
  }

  open() {
    return this.#quickly(async () => {
      const { at, token } = this;
      this.coin = await at.deploy('token', 'Devnet coin', 'dCOIN', tokens(COINS), TOKEN_DECIMALS);
      const decimals = TOKEN_DECIMALS;
      this.aave = await deployAave(at, [{ token: token.address, decimals, price: DOLLAR },
        { token: this.coin.address, decimals, price: BigInt(COIN_PRICE) * DOLLAR }], SLOPE);
      this.pool = this.aave.pool.address;
      this.receipt = this.aave.receipts[token.address].receipt;
      await this.#supply(token, POOL_SUPPLIED);
      await this.#supply(this.coin, COINS / 2);
      await this.aave.pool.borrow([token.address, tokens(POOL_BORROWED), VARIABLE_RATE, 0, at.deployer]);
      await this.#allow();
    });
  }

  async #supply(token, whole) {
    await token.approve([this.pool, tokens(whole)]);
    await this.aave.pool.supply([token.address, tokens(whole), this.at.deployer, 0]);
  }

  /** As the owner does before the spoke begins. */
  async #allow() {
    const { coin, place, spoke, token } = this;
    const from = this.accounts.owner.address;
    const terms = (asset, changes) => ({
      kind: AAVE, place: this.pool, asset: asset.address, ...this.aave.receipts[asset.address],
      probeAt: this.pool, probe: POOL_REVISION, cap: tokens(VENUE_CAP), debtCap: 0n,
      healthMin: HEALTH_MIN, supplyMin: 0n, jumpBpsMax: 0, ...changes });
    const pricing = { first: place.price1, second: place.price2, firstAgeMax: 3600, secondAgeMax: 3600,
      divergenceBpsMax: 100 };
    const limits = { velocity: tokens(COINS), loss: tokens(1), window: 3600, idleMin: 0n };
    await spoke.setAsset([coin.address, keccak256(stringToHex('COIN')), pricing, limits], { from });
    await spoke.setVenue([BigInt(this.index), terms(token, { debt: ZERO })], { from });
    await spoke.setVenue([BigInt(this.index + 1), terms(coin, { debtCap: tokens(COINS) })], { from });
  }

  /** What the owner's people do by hand before the node is started: collateral in, coins out. */
  borrow(mandate, collateral, coins) {
    const from = this.accounts.relayer.address;
    const order = (number) => ({ leg: numberToHex(number, { size: 32 }), mandate, deadline: DEADLINE });
    return this.#quickly(async () => {
      await this.spoke.deposit([order(1), BigInt(this.index), tokens(collateral)], { from });
      await this.spoke.borrow([order(2), BigInt(this.index + 1), tokens(coins)], { from });
    });
  }

  /** As the node's mandate names it, with the coins that it may pay back with. */
  get withDebt() {
    const { receipt } = this.aave.receipts[this.coin.address];
    return { ...this, debt: { symbol: 'COIN', token: this.coin.address, index: this.index + 1, receipt,
      buffer: COIN_BUFFER } };
  }

  /** Whole dollars, at once. */
  setCoinPrice(price) {
    return this.aave.oracle.setAssetPrice([this.coin.address, BigInt(price) * DOLLAR]);
  }

  /** As the pool itself has it: 1 is the edge of liquidation. */
  async health() {
    const account = await this.aave.pool.read.getUserAccountData(this.spoke.address);
    return Number(account[5] / 10n ** 12n) / 1e6;
  }

  liquidate() {
    return this.aave.pool.liquidationCall([this.token.address, this.coin.address, this.spoke.address,
      tokens(1), false]);
  }
}
