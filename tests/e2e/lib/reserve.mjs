// SPDX-License-Identifier: Apache-2.0
//
// A reserve of a real Aave v3 pool on one chain of a running devnet, as a venue of the chain's spoke:
// set up as its owner would, before the spoke begins.

import { deriveAccounts } from '../../../deploy/devnet/lib/accounts.mjs';
import { tokens, TOKEN_DECIMALS } from '../../../deploy/devnet/lib/chains.mjs';
import { loadArtifacts } from '../../../deploy/devnet/lib/deploy.mjs';
import { VENUE_CAP, venuesOf } from '../../../deploy/devnet/lib/spokes.mjs';
import { Chain } from '../../contracts/lib/chain.mjs';
import { deployAave, venueArtifacts } from '../../contracts/lib/venues.mjs';

const ZERO = '0x0000000000000000000000000000000000000000';
const AAVE = 2; // as VenueKind in Venues.sol
const POOL_REVISION = '0x0148170e';
const VARIABLE_RATE = 2n;
const PRICE = 10n ** 8n; // one dollar
const SLOPE = 2n * 10n ** 26n; // 20 % by the year at the optimal usage
const ONE = 10n ** 18n;

/** What others supplied to the reserve and borrowed from it, in whole tokens. */
export const POOL_SUPPLIED = 100_000;
export const POOL_BORROWED = 60_000;

/**
 * Deploys the pool, lends from it, and lets the spoke use it. Resolves to what a mandate says of it and
 * handles on its contracts.
 */
export async function addReserve(chain, blockSeconds = 1) {
  const { httpUrl: url, name, domain, stablecoin, spoke } = chain;
  const accounts = deriveAccounts();
  const artifacts = { ...loadArtifacts(), ...venueArtifacts() };
  const at = new Chain({ url, name, domain, contracts: chain, artifacts, accounts });
  // Each transaction a block of its own, at once: some forty of them would take as many seconds.
  await at.rpc('evm_setIntervalMining', 0);
  await at.rpc('evm_setAutomine', true);
  const aave = await deployAave(at, [{ token: stablecoin, decimals: TOKEN_DECIMALS, price: PRICE }], SLOPE);
  const { receipt } = aave.receipts[stablecoin];
  await at.at('token', stablecoin).approve([aave.pool.address, tokens(POOL_SUPPLIED)]);
  await aave.pool.supply([stablecoin, tokens(POOL_SUPPLIED), at.deployer, 0]);
  await aave.pool.borrow([stablecoin, tokens(POOL_BORROWED), VARIABLE_RATE, 0, at.deployer]);
  const index = venuesOf(chain).length;
  await at.at('Spoke', spoke).setVenue([BigInt(index), {
    kind: AAVE, place: aave.pool.address, asset: stablecoin, receipt, debt: ZERO,
    probeAt: aave.pool.address, probe: POOL_REVISION, cap: tokens(VENUE_CAP), debtCap: 0n,
    healthMin: (ONE * 3n) / 2n, supplyMin: 0n, jumpBpsMax: 0,
  }], { from: accounts.owner.address });
  await at.rpc('evm_setAutomine', false);
  await at.rpc('evm_setIntervalMining', blockSeconds);
  return { chain: name, index, pool: aave.pool.address, receipt, aave };
}
