// SPDX-License-Identifier: Apache-2.0
//
// Tests the devnet without Sluice: every contract does its part, the programs agree with each
// other, and the facts about anvil that README.md states still hold.

import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deriveAccounts } from './accounts.mjs';
import { portIsFree } from './anvil.mjs';
import { expect, expectEqual } from './expect.mjs';
import { devnetDirectory } from './packages.mjs';
import { readDevnet } from './devnet.mjs';
import { contractTests } from './test-contracts.mjs';
import { endpointTests } from './test-endpoint.mjs';
import { keystoreTests } from './test-keystores.mjs';
import { EXIT_FAILED, EXIT_UNAVAILABLE, EXIT_USAGE, Stop, readOptions, runProgram }
  from './terminal.mjs';

const CHAINS_COUNT = 3;
const PORT_TRIES_MAX = 100;

/** Runs a program of this folder on the test's own data folder; never throws. */
function runCommand(context, name, ...args) {
  const env = {
    ...process.env,
    SLUICE_DEVNET: context.data,
    SLUICE_PORT_BASE: String(context.portBase),
  };
  return new Promise((resolve) => {
    execFile(path.join(devnetDirectory, name), args, { env }, (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }));
  });
}

async function findPorts() {
  for (let i = 0; i < PORT_TRIES_MAX; ++i) {
    const base = 20_000 + Math.floor(Math.random() * 20_000);
    const ports = Array.from({ length: CHAINS_COUNT }, (_, k) => base + k);
    const free = await Promise.all(ports.map(portIsFree));
    if (free.every(Boolean)) return base;
  }
  throw new Stop(EXIT_UNAVAILABLE, 'no free ports found');
}

function holdPort(port) {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

const startTests = [
  ['a taken port is refused by its number, and nothing stays behind', async (context) => {
    const taken = context.portBase + 1;
    const server = await holdPort(taken);
    const result = await runCommand(context, 'up');
    await new Promise((resolve) => server.close(resolve));
    expectEqual(result.code, EXIT_UNAVAILABLE, 'exit code');
    expect(result.stderr.includes(`port ${taken} `), `port ${taken} in: ${result.stderr}`);
    expect(await portIsFree(context.portBase), 'the first port to be free still');
  }],
  ['a wrong number of chains is refused', async (context) => {
    expectEqual((await runCommand(context, 'up', '--chains', '9')).code, EXIT_USAGE, 'exit code');
  }],
  ['up starts the chains', async (context) => {
    const result = await runCommand(context, 'up', '--chains', String(CHAINS_COUNT));
    expectEqual(result.code, 0, `exit code (${result.stderr.trim()})`);
    context.devnet = readDevnet(context.data);
    expectEqual(context.devnet.chains.length, CHAINS_COUNT, 'chains');
  }],
  ['a second up on the same folder is refused', async (context) => {
    expectEqual((await runCommand(context, 'up')).code, EXIT_UNAVAILABLE, 'exit code');
  }],
  ['status shows every chain, final two blocks behind', async (context) => {
    const result = await runCommand(context, 'status', '--json');
    expectEqual(result.code, 0, 'exit code');
    for (const chain of JSON.parse(result.stdout).chains) {
      expect(chain.running, `${chain.name} to run`);
      const lag = chain.head - chain.finalized;
      expect(lag >= 1 && lag <= 3, `a lag of about 2 on ${chain.name}, got ${lag}`);
    }
  }],
];

const endTests = [
  ['down ends the chains', async (context) => {
    expectEqual((await runCommand(context, 'down')).code, 0, 'exit code');
    const ports = context.devnet.chains.map((_, i) => context.portBase + i);
    expect((await Promise.all(ports.map(portIsFree))).every(Boolean), 'all ports to be free');
    expectEqual((await runCommand(context, 'status')).code, EXIT_UNAVAILABLE, 'exit code after');
  }],
];

async function runTests(context, tests) {
  for (const [title, run] of tests) {
    const started = Date.now();
    try {
      await run(context);
    } catch (error) {
      throw new Stop(EXIT_FAILED, `FAILED: ${title}\n${error.stack}`);
    }
    process.stderr.write(`ok  ${title} (${Date.now() - started} ms)\n`);
  }
}

async function main() {
  readOptions('Tests the devnet itself, on free ports and a folder of its own.', {});
  const context = {
    data: mkdtempSync(path.join(tmpdir(), 'sluice-devnet-test-')),
    portBase: await findPorts(),
    accounts: deriveAccounts(),
  };
  context.run = (name, ...args) => runCommand(context, name, ...args);
  try {
    await runTests(context, [
      ...startTests, ...keystoreTests, ...contractTests, ...endpointTests, ...endTests,
    ]);
  } finally {
    await runCommand(context, 'down');
    rmSync(context.data, { recursive: true, force: true });
  }
  process.stderr.write('devnet: all tests passed\n');
}

runProgram('test', main);
