// SPDX-License-Identifier: Apache-2.0
//
// Real venues: Aave v3 and Uniswap v3 from their packages' bytecode.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { packagesOf } from '../../../deploy/devnet/lib/packages.mjs';

const packages = packagesOf(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const ZERO = '0x0000000000000000000000000000000000000000';
const RAY = 10n ** 27n;

const AAVE = {
  AavePool: 'protocol/pool/Pool', AaveConfigurator: 'protocol/pool/PoolConfigurator',
  AaveProvider: 'protocol/configuration/PoolAddressesProvider',
  AaveAcl: 'protocol/configuration/ACLManager',
  AaveRates: 'protocol/pool/DefaultReserveInterestRateStrategy',
  AaveAToken: 'protocol/tokenization/AToken', AaveStable: 'protocol/tokenization/StableDebtToken',
  AaveVariable: 'protocol/tokenization/VariableDebtToken', AaveOracle: 'mocks/oracle/PriceOracle',
};
for (const name of ['Borrow', 'Bridge', 'EMode', 'FlashLoan', 'Liquidation', 'Pool', 'Supply',
  'Configurator']) {
  AAVE[`${name}Logic`] = `protocol/libraries/logic/${name}Logic`;
}

function artifactAt(folder, name) {
  const file = path.join(packages, folder, `${name}.sol`, `${path.basename(name)}.json`);
  const { abi, bytecode, linkReferences } = JSON.parse(readFileSync(file, 'utf8'));
  const links = Object.values(linkReferences).flatMap((found) =>
    Object.entries(found).map(([library, places]) => ({ library, places })));
  return { abi, bytecode, links };
}

export function venueArtifacts() {
  const found = {};
  for (const [key, name] of Object.entries(AAVE)) {
    found[key] = artifactAt('@aave/core-v3/artifacts/contracts', name);
  }
  found.UniswapFactory = artifactAt('@uniswap/v3-core/artifacts/contracts', 'UniswapV3Factory');
  found.UniswapPool = artifactAt('@uniswap/v3-core/artifacts/contracts', 'UniswapV3Pool');
  return found;
}

/**
 * An Aave v3 pool with a reserve for each {token, decimals, price in USD with 8 digits}. Below the optimal
 * usage, 80 %, borrowing costs up to `slope` of a year.
 */
export async function deployAave(chain, reserves, slope = RAY / 25n) {
  const provider = await chain.deploy('AaveProvider', 'test', chain.deployer);
  await provider.setACLAdmin([chain.deployer]);
  const acl = await chain.deploy('AaveAcl', provider.address);
  await provider.setACLManager([acl.address]);
  await acl.addPoolAdmin([chain.deployer]);
  await acl.addEmergencyAdmin([chain.deployer]);
  const oracle = await chain.deploy('AaveOracle');
  await provider.setPriceOracle([oracle.address]);
  await provider.setPoolImpl([(await chain.deploy('AavePool', provider.address)).address]);
  await provider.setPoolConfiguratorImpl([(await chain.deploy('AaveConfigurator')).address]);
  const pool = chain.at('AavePool', await provider.read.getPool());
  const configurator = chain.at('AaveConfigurator', await provider.read.getPoolConfigurator());
  const rates = await chain.deploy('AaveRates', provider.address, (RAY * 8n) / 10n, 0n, slope,
    (RAY * 3n) / 4n, RAY / 50n, (RAY * 3n) / 4n, RAY / 50n, RAY / 20n, RAY / 5n);
  const tokens = await Promise.all(['AaveAToken', 'AaveStable', 'AaveVariable'].map((name) =>
    chain.deploy(name, pool.address)));
  const inputs = reserves.map(({ token, decimals }) => ({
    aTokenImpl: tokens[0].address, stableDebtTokenImpl: tokens[1].address,
    variableDebtTokenImpl: tokens[2].address, underlyingAssetDecimals: decimals,
    interestRateStrategyAddress: rates.address, underlyingAsset: token, treasury: chain.deployer,
    incentivesController: ZERO, aTokenName: 'a', aTokenSymbol: 'a', variableDebtTokenName: 'v',
    variableDebtTokenSymbol: 'v', stableDebtTokenName: 's', stableDebtTokenSymbol: 's', params: '0x',
  }));
  await configurator.initReserves([inputs]);
  const receipts = {};
  for (const { token, price } of reserves) {
    await oracle.setAssetPrice([token, price]);
    await configurator.setReserveBorrowing([token, true]);
    await configurator.configureReserveAsCollateral([token, 7500n, 8000n, 10500n]);
    const data = await pool.read.getReserveData(token);
    receipts[token] = { receipt: data.aTokenAddress, debt: data.variableDebtTokenAddress };
  }
  return { pool, oracle, configurator, receipts };
}

/** A Uniswap v3 pool at a price (token1 per token0, as a square root times 2^96), with liquidity. */
export async function deployUniswap(chain, tokenA, tokenB, fee, sqrtPriceOf, amounts) {
  chain.uniswap ??= await chain.deploy('UniswapFactory');
  await chain.uniswap.createPool([tokenA.address, tokenB.address, fee]);
  const address = await chain.uniswap.read.getPool(tokenA.address, tokenB.address, fee);
  const pool = chain.at('UniswapPool', address);
  const token0 = await pool.read.token0();
  const isForward = token0.toLowerCase() === tokenA.address.toLowerCase();
  await pool.initialize([sqrtPriceOf(isForward)]);
  const trader = await chain.deploy('Trader');
  await tokenA.transfer([trader.address, amounts.a]);
  await tokenB.transfer([trader.address, amounts.b]);
  const spacing = Number(await pool.read.tickSpacing());
  const edge = Math.floor(887_272 / spacing) * spacing;
  await trader.addLiquidity([address, -edge, edge, amounts.liquidity]);
  return { pool, trader, isForward };
}
