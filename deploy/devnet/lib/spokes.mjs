// SPDX-License-Identifier: Apache-2.0
//
// A spoke on every chain, with two vaults that pay a rate one can set, and a till in the hub's place.
// Each is set up here and obeys nobody yet: `beginCapital` lets it begin under a mandate's hash.

import { rolesOf } from './capital.mjs';
import { tokens, TOKEN_DECIMALS } from './chains.mjs';
import { requirePackage } from './packages.mjs';

const { keccak256, pad, parseAbi, stringToHex } = requirePackage('viem/utils');

const ZERO = '0x0000000000000000000000000000000000000000';
const VAULT = 1; // as VenueKind in Venues.sol
const FEE_BPS_MAX = 10;
const SLIP_BPS_MAX = 100;
const NATIVE_FEE_MAX = 10n ** 16n;
const PRICE_AGE_MAX = 3600;
const VAULT_SEED = 10_000; // of somebody else
const VAULT_RESERVE = 1_000_000; // that interest is paid from

/** What is always left idle in a spoke, in whole tokens. */
export const SPOKE_BUFFER = 1_000;
/** The most that may be in one vault, in whole tokens. */
export const VENUE_CAP = 400_000;
/** By the year, of each vault at first. */
export const VENUE_RATES = [4n * 10n ** 16n, 2n * 10n ** 16n];

export const ASSET_ID = keccak256(stringToHex('USDC'));
const LIMITS = {
  velocity: tokens(100_000_000), loss: tokens(1_000), window: 3600, idleMin: tokens(SPOKE_BUFFER),
};

export const spokeAbi = parseAbi([
  'function begin(bytes32 mandate)',
  'function begun() view returns (bool)',
  'function mandate() view returns (bytes32)',
  'function pause()',
  'function closeVenue(uint256 index)',
  'function assetOf(address token) view returns (bytes32 id, uint256 idle, uint256 velocityLeft, uint256 lossLeft, uint256 kept)',
  'function positionAt(uint256 index) view returns (uint256 supplied, uint256 owed)',
  'function flowOf(uint32 domain, address token) view returns (bytes32 spoke, uint256 sent, uint256 announced, uint256 received)',
]);
export const tillAbi = parseAbi([
  'function deposit(uint256 amount)',
  'function redeem(uint256 amount)',
  'function claim()',
  'function owed(address who) view returns (uint256)',
  'function recalled() view returns (uint256)',
]);
export const pacedVaultAbi = parseAbi([
  'function setRate(uint256 rate)',
  'function setPaused(bool paused)',
  'function jump(int256 by)',
  'function totalAssets() view returns (uint256)',
]);

/** The venues of a chain's spoke, in the order of its list. */
export const venuesOf = ({ vault1, vault2 }) => [vault1, vault2];

/** The contracts of one chain; they do not know each other yet. */
export async function deploySpoke(deployer, contracts, accounts) {
  const { mailbox, stablecoin } = contracts;
  contracts.ismJudge = await deployer.create('IsmJudge');
  contracts.spoke = await deployer.create('Spoke', mailbox, contracts.ismJudge, rolesOf(accounts));
  contracts.till = await deployer.create('till', stablecoin, contracts.spoke, ASSET_ID);
  contracts.price1 = await deployer.create('price', 8, 10n ** 8n, 0n);
  contracts.price2 = await deployer.create('price', 18, 10n ** 18n, 0n);
  for (const [i, rate] of VENUE_RATES.entries()) {
    contracts[`vault${i + 1}`] = await deployer.create('pacedVault', stablecoin, rate);
  }
  for (const vault of venuesOf(contracts)) {
    await deployer.send('token', stablecoin, 'approve', vault, tokens(VAULT_SEED));
    await deployer.send('pacedVault', vault, 'deposit', tokens(VAULT_SEED), deployer.from);
    await deployer.send('token', stablecoin, 'transfer', vault, tokens(VAULT_RESERVE));
  }
}

/**
 * As an owner sets a spoke up before it begins. The operator of these chains runs one of the three
 * validators, of which two must sign: alone it forges nothing.
 */
export async function connectSpoke(deployer, contracts, remotes, accounts) {
  const { spoke, stablecoin, bridge, till, ism, price1, price2 } = contracts;
  const set = (...args) => deployer.sendAs(accounts.owner.address, 'Spoke', spoke, ...args);
  const pricing = {
    first: price1, second: price2, firstAgeMax: PRICE_AGE_MAX, secondAgeMax: PRICE_AGE_MAX,
    divergenceBpsMax: 100,
  };
  await set('setAsset', stablecoin, ASSET_ID, pricing, LIMITS);
  await set('setHub', contracts.domain, pad(till, { size: 32 }));
  for (const remote of remotes) {
    await set('setSibling', remote.domain, pad(remote.spoke, { size: 32 }));
    await set('setRoute', remote.domain, stablecoin, bridge, FEE_BPS_MAX, NATIVE_FEE_MAX);
  }
  await set('setSlip', SLIP_BPS_MAX);
  await set('setIsm', ism, [accounts.validators[0].address]);
  for (const [i, vault] of venuesOf(contracts).entries()) {
    await set('setVenue', BigInt(i), {
      kind: VAULT, place: vault, asset: stablecoin, receipt: vault, debt: ZERO, probeAt: ZERO,
      probe: '0x00000000', cap: tokens(VENUE_CAP), debtCap: 0n, healthMin: 0n,
      supplyMin: 10n ** BigInt(TOKEN_DECIMALS), jumpBpsMax: 50,
    });
  }
}
