// SPDX-License-Identifier: Apache-2.0
//
// The contracts that hold a mandate's bounds on chain: a guard on every chain has the rebalancer
// role of its router, in place of the node's key. Each is set up here and obeys nobody yet; when
// the owner's mandate is known, `beginCapital` lets it begin under the mandate's hash.

import path from 'node:path';
import { compileFolders } from './solidity.mjs';
import { devnetDirectory, requirePackage } from './packages.mjs';
import { callContract, sendContract } from './rpc.mjs';
import { tokens } from './chains.mjs';
import { EXIT_FAILED, Stop } from './terminal.mjs';

const { parseAbi } = requirePackage('viem/utils');

const DELAY_SECONDS = 3600; // of what loosens: the least that the contracts allow
const WINDOW_SECONDS = 3600;
const FEE_BPS_MAX = 10;
const NATIVE_FEE_MAX = 10n ** 16n;
const GUARD_LIMITS = {
  velocity: tokens(100_000_000), loss: tokens(1_000), native: 10n ** 18n, window: WINDOW_SECONDS,
};

export const contractsFolder = path.resolve(devnetDirectory, '../../chains/evm/contracts');

export const guardAbi = parseAbi([
  'struct Order { bytes32 leg; bytes32 mandate; uint64 deadline; }',
  'error NotYours(address caller)',
  'function begin(bytes32 mandate)',
  'function begun() view returns (bool)',
  'function mandate() view returns (bytes32)',
  'function pause()',
  'function rebalance(Order order, address router, uint32 domain, uint256 amount, address bridge) payable',
]);

export const capitalArtifacts = () => compileFolders({ contracts: contractsFolder });

export function rolesOf({ owner, approver, guardian, relayer }) {
  return {
    owner: owner.address, approver: approver.address, guardian: guardian.address,
    allocator: relayer.address, delay: DELAY_SECONDS,
  };
}

/** Sets one chain's guard up: its router may send to every other chain through its bridge. */
export async function deployGuard(deployer, contracts, remotes, accounts) {
  const { router, bridge } = contracts;
  contracts.guard = await deployer.create('Guard', rolesOf(accounts));
  const set = (...args) =>
    deployer.sendAs(accounts.owner.address, 'Guard', contracts.guard, ...args);
  await set('setRouter', router, GUARD_LIMITS);
  for (const { domain } of remotes) {
    await set('setCorridor', router, domain, bridge, FEE_BPS_MAX, NATIVE_FEE_MAX, 0);
  }
  await deployer.send('router', router, 'addRebalancer', contracts.guard);
}

/**
 * The owner lets guards and spokes begin under a mandate. What has begun under it already stays as it is;
 * under another one it would have to wait for the delay, so that is refused.
 */
export async function beginCapital(devnet, mandate) {
  const begin = async ({ httpUrl, name }, kind, contract) => {
    if (await callContract(httpUrl, contract, guardAbi, 'begun')) {
      const current = await callContract(httpUrl, contract, guardAbi, 'mandate');
      if (current === mandate) return;
      throw new Stop(EXIT_FAILED,
        `the ${kind} on ${name} stands under mandate ${current}: start the devnet anew`);
    }
    await sendContract(httpUrl, {
      from: devnet.owner, to: contract, abi: guardAbi, functionName: 'begin', args: [mandate],
    });
  };
  await Promise.all(devnet.chains.flatMap((chain) =>
    [begin(chain, 'guard', chain.guard), begin(chain, 'spoke', chain.spoke)]));
}
