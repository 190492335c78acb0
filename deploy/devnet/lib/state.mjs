// SPDX-License-Identifier: Apache-2.0
//
// The deployed chains as files. Deploying happens once for each version of the packages and of the
// files that decide what is deployed; later starts load what was dumped.

import { mkdirSync, mkdtempSync, existsSync, readFileSync, readdirSync, renameSync, rmSync,
  writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { endAnvil, startAnvil } from './anvil.mjs';
import { chainIdentity } from './chains.mjs';
import { contractsFolder } from './capital.mjs';
import { deployAll } from './deploy.mjs';
import { cacheDirectory, devnetDirectory, shortHash } from './packages.mjs';
import { rpc } from './rpc.mjs';
import { showProgress } from './terminal.mjs';

const DEPLOYMENT_FILES = [
  'package-lock.json', 'lib/accounts.mjs', 'lib/anvil.mjs', 'lib/capital.mjs', 'lib/chains.mjs',
  'lib/contracts.mjs', 'lib/deploy.mjs', 'lib/solidity.mjs', 'lib/spokes.mjs', 'lib/state.mjs',
];

const listSources = (folder) =>
  readdirSync(folder).filter((name) => name.endsWith('.sol')).sort()
    .map((name) => path.join(folder, name));

function stateFolder(chainsCount) {
  const files = [
    ...DEPLOYMENT_FILES.map((name) => path.join(devnetDirectory, name)),
    ...listSources(path.join(devnetDirectory, 'contracts')),
    ...listSources(contractsFolder),
  ];
  const hash = shortHash(...files.map((file) => readFileSync(file)));
  return path.join(cacheDirectory, `devnet-${hash}-${chainsCount}`);
}

export const statePath = (folder, name) => path.join(folder, `${name}.json`);

/** The folder with the dumped chains and their deployment; deploys when there is none yet. */
export async function openState(chainsCount, accounts) {
  const folder = stateFolder(chainsCount);
  if (!existsSync(folder)) await buildState(folder, chainsCount, accounts);
  const deployment = JSON.parse(readFileSync(path.join(folder, 'deployment.json'), 'utf8'));
  return { folder, deployment };
}

/** Builds aside and renames, so the folder is whole. The first of two parallel runs wins. */
async function buildState(folder, chainsCount, accounts) {
  mkdirSync(cacheDirectory, { recursive: true });
  const draft = mkdtempSync(path.join(cacheDirectory, 'devnet-draft-'));
  const processes = [];
  try {
    showProgress('devnet: first start: deploying the contracts (a few seconds, once)');
    const chains = [];
    for (let i = 0; i < chainsCount; ++i) {
      chains.push(await startBlank(i, draft, (record) => processes.push(record)));
    }
    const deployed = await deployAll(chains, accounts, (step) =>
      showProgress(`devnet: first start: ${step}`),
    );
    for (const chain of chains) await dump(chain, draft);
    writeFileSync(path.join(draft, 'deployment.json'), JSON.stringify(deployed));
    keepFirst(draft, folder);
  } finally {
    for (const record of processes) await endAnvil(record);
    rmSync(draft, { recursive: true, force: true });
  }
}

async function startBlank(index, draft, onSpawn) {
  const identity = chainIdentity(index);
  const options = {
    chainId: identity.chainId,
    port: 0,
    blockSeconds: 0,
    logPath: path.join(draft, `${identity.name}.log`),
    workPath: path.join(draft, `${identity.name}.work`),
  };
  const anvil = await startAnvil(options, onSpawn);
  return { ...identity, ...anvil };
}

/** anvil hands its state out packed, and reads it unpacked. */
async function dump({ url, name }, draft) {
  const packed = await rpc(url, 'anvil_dumpState');
  writeFileSync(statePath(draft, name), gunzipSync(Buffer.from(packed.slice(2), 'hex')));
}

function keepFirst(draft, folder) {
  try {
    renameSync(draft, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  }
}
