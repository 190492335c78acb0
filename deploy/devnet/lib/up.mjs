// SPDX-License-Identifier: Apache-2.0
//
// Starts the chains with everything deployed, and writes what a node needs to know about them.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { deriveAccounts } from './accounts.mjs';
import { endAnvil, isRunning, portInUse, portIsFree, startAnvil } from './anvil.mjs';
import { BLOCK_SECONDS, CHAIN_NAMES, PORT_BASE_DEFAULT, TOKEN_DECIMALS, chainIdentity }
  from './chains.mjs';
import { FUNDING } from './deploy.mjs';
import { dataOption, forgetProcesses, readProcesses, workPath, writeDevnet, writeProcesses }
  from './devnet.mjs';
import { encryptKeystore } from './keystore.mjs';
import { rpc } from './rpc.mjs';
import { openState, statePath } from './state.mjs';
import { EXIT_UNAVAILABLE, Stop, deferInterrupts, endProgress, readCount, readOptions, runProgram,
  showProgress, sleep, stopIfInterrupted } from './terminal.mjs';

const FINALITY_WAIT_MS = 15_000;
const PORT_MAX = 65535;
const PASSPHRASE = 'sluice devnet';

const TITLE = `Starts the devnet. Ports count up from SLUICE_PORT_BASE (${PORT_BASE_DEFAULT}).
Exit codes: 0 it is up, 2 wrong usage, 3 a port, the packages or a chain cannot be had.`;

const OPTIONS = {
  chains: { type: 'string', value: 'N', default: '3', help: 'how many chains' },
  data: dataOption,
};

function readPlan() {
  const options = readOptions(TITLE, OPTIONS);
  const count = readCount('--chains', options.chains, 2, CHAIN_NAMES.length);
  const portText = process.env.SLUICE_PORT_BASE || String(PORT_BASE_DEFAULT);
  const portBase = readCount('SLUICE_PORT_BASE', portText, 1024, PORT_MAX - count + 1);
  const chains = Array.from({ length: count }, (_, i) => ({
    ...chainIdentity(i),
    port: portBase + i,
  }));
  return { data: path.resolve(options.data), chains };
}

async function refuseConflicts({ data, chains }) {
  if (readProcesses(data).some(isRunning)) {
    throw new Stop(
      EXIT_UNAVAILABLE,
      `a devnet already runs in ${data}: end it with deploy/devnet/down, or give another --data`,
    );
  }
  for (const { port } of chains) {
    if (!(await portIsFree(port))) throw portInUse(port);
  }
}

function openData(data) {
  try {
    mkdirSync(data, { recursive: true });
    forgetProcesses(data);
    writeProcesses(data, []);
  } catch (error) {
    const message = `cannot write in ${data} (${error.code}): give another --data`;
    throw new Stop(EXIT_UNAVAILABLE, message);
  }
}

/** Starts all chains from the dumped state; when one cannot start, none is left behind. */
async function startChains({ data, chains }, folder) {
  const processes = [];
  try {
    const running = [];
    for (const chain of chains) {
      const onSpawn = (record) => {
        processes.push({ name: chain.name, port: chain.port, ...record });
        writeProcesses(data, processes);
      };
      const anvil = await startAnvil(anvilOptions(data, chain, folder), onSpawn);
      running.push({ name: chain.name, ...anvil });
    }
    await Promise.all(running.map(waitFinalized));
  } catch (error) {
    for (const record of processes) await endAnvil(record);
    forgetProcesses(data);
    throw error;
  }
}

function anvilOptions(data, { name, chainId, port }, folder) {
  return {
    chainId,
    port,
    blockSeconds: BLOCK_SECONDS,
    logPath: path.join(data, `${name}.log`),
    workPath: workPath(data, name),
    statePath: statePath(folder, name),
  };
}

/** A loaded chain is ready when it makes blocks of its own and has a final one. */
async function waitFinalized({ url, name }) {
  const start = Number(await rpc(url, 'eth_blockNumber'));
  const end = Date.now() + FINALITY_WAIT_MS;
  while (Date.now() < end) {
    stopIfInterrupted();
    const [head, final] = await Promise.all([
      rpc(url, 'eth_blockNumber'),
      rpc(url, 'eth_getBlockByNumber', ['finalized', false]),
    ]);
    if (Number(head) > start && final) return;
    await sleep(50);
  }
  throw new Stop(EXIT_UNAVAILABLE, `chain ${name} makes no blocks`);
}

/** Keys that a node needs, each in a file of its own. */
function writeKeystores(data, accounts) {
  const folder = path.join(data, 'keys');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const passphrase = path.join(folder, 'passphrase');
  writeFileSync(passphrase, `${PASSPHRASE}\n`, { mode: 0o600 });
  const write = (name, account) => {
    const file = path.join(folder, `${name}.json`);
    const text = `${JSON.stringify(encryptKeystore(account, PASSPHRASE), null, 2)}\n`;
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  return {
    passphrase,
    relayer: write('relayer', accounts.relayer),
    validators: accounts.validators.map((account, i) => write(`validator${i + 1}`, account)),
    validatorChains: accounts.validatorChains.map((account, i) =>
      write(`validator${i + 1}-chain`, account),
    ),
  };
}

function describeChain(chain, deployed) {
  const { contracts, deployedBlock, startBlock } = deployed;
  return {
    name: chain.name,
    domain: chain.domain,
    chainId: chain.chainId,
    httpUrl: `http://127.0.0.1:${chain.port}`,
    wsUrl: `ws://127.0.0.1:${chain.port}`,
    blockSeconds: BLOCK_SECONDS,
    ...contracts,
    deployedBlock,
    startBlock,
  };
}

function describeDevnet({ data, chains }, deployment, accounts) {
  const keystores = writeKeystores(data, accounts);
  const addresses = (list) => list.map(({ address }) => address);
  return {
    chains: chains.map((chain, i) => describeChain(chain, deployment[i])),
    threshold: 2,
    validators: accounts.validators.map(({ address }, i) => ({
      address,
      keystore: keystores.validators[i],
      chainAddress: accounts.validatorChains[i].address,
      chainKeystore: keystores.validatorChains[i],
    })),
    relayer: { address: accounts.relayer.address, keystore: keystores.relayer },
    passphraseFile: keystores.passphrase,
    deployer: accounts.deployer.address,
    operator: accounts.operator.address,
    owner: accounts.owner.address,
    approver: accounts.approver.address,
    guardian: accounts.guardian.address,
    depositors: addresses(accounts.depositors),
    users: addresses(accounts.users),
    tokenDecimals: TOKEN_DECIMALS,
    funding: FUNDING,
  };
}

async function main() {
  const plan = readPlan();
  deferInterrupts();
  await refuseConflicts(plan);
  openData(plan.data);
  const accounts = deriveAccounts();
  const { folder, deployment } = await openState(plan.chains.length, accounts);
  showProgress('devnet: starting the chains');
  await startChains(plan, folder);
  writeDevnet(plan.data, describeDevnet(plan, deployment, accounts));
  endProgress();
  const list = plan.chains.map(({ name, port }) => `${name} ${port}`).join(', ');
  process.stderr.write(`devnet: up: ${list}\n`);
  process.stdout.write(`${path.join(plan.data, 'devnet.json')}\n`);
}

runProgram('devnet', main);
