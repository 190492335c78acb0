// SPDX-License-Identifier: Apache-2.0
//
// Starting anvil, knowing it again, and ending it.

import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { ACCOUNTS_COUNT, TEST_PHRASE } from './accounts.mjs';
import { anvilProgram } from './packages.mjs';
import { endProcess, isProcess, recordProcess } from './processes.mjs';
import { rpc } from './rpc.mjs';
import { EXIT_UNAVAILABLE, Stop, sleep, stopIfInterrupted } from './terminal.mjs';

// anvil keeps a state for each block, 200 KB of memory. Once it is allowed to put old ones on disk it
// holds ever fewer in memory, and a chain that goes back to a state from the disk has lost the code of
// its contracts. So all are in memory: enough to reach back over the deepest reorganisation of the
// tests, 512 blocks.
const STATES_MAX = 1000;

const PROGRAM = 'anvil';
// A forked anvil blocks a worker with each question to the chain it goes on from. With as many
// workers as cores, two questions at once stop it for ever.
const FORK_WORKERS = 32;
const START_WAIT_MS = 20_000;
const END_WAIT_MS = 5_000;

/**
 * Starts one chain on loopback and waits until it listens. Options: chainId, port (0 picks a free
 * one), blockSeconds (0 mines on each transaction), logPath, workPath, statePath, forkUrl (goes on
 * from another chain's head). `onSpawn` hears
 * of the process, {pid, startTicks}, before it is known to listen. Resolves to {port, url}.
 */
export async function startAnvil(options, onSpawn) {
  stopIfInterrupted();
  const log = openSync(options.logPath, 'w', 0o600);
  const child = spawn(anvilProgram, anvilArguments(options), {
    detached: true,
    stdio: ['ignore', log, log],
    env: options.forkUrl
      ? { ...process.env, TOKIO_WORKER_THREADS: String(FORK_WORKERS) }
      : process.env,
  });
  closeSync(log);
  let ended = null;
  child.on('exit', (code, signal) => (ended = `ended with ${signal ?? code}`));
  child.on('error', (error) => (ended = error.message));
  child.unref();
  if (child.pid) onSpawn(recordProcess(child.pid));
  const port = await waitListening(options, () => ended);
  const url = `http://127.0.0.1:${port}`;
  // The log of every request would grow without end.
  await rpc(url, 'anvil_setLoggingEnabled', [false]);
  return { port, url };
}

function anvilArguments(options) {
  const list = [
    ['--host', '127.0.0.1'],
    ['--port', options.port],
    ['--chain-id', options.chainId],
    ['--slots-in-an-epoch', 1],
    ['--accounts', ACCOUNTS_COUNT],
    ['--mnemonic', TEST_PHRASE],
    ['--hardfork', 'prague'],
    ['--prune-history', STATES_MAX],
    ['--cache-path', options.workPath],
  ];
  if (options.blockSeconds > 0) list.push(['--block-time', options.blockSeconds]);
  if (options.forkUrl) list.push(['--fork-url', options.forkUrl]);
  if (options.statePath) list.push(['--load-state', options.statePath]);
  return list.flat().map(String);
}

/**
 * anvil says that it listens only once the port is its own, so its log is asked, and not the port:
 * that could be answered by somebody else's chain.
 */
async function waitListening(options, hasEnded) {
  const end = Date.now() + START_WAIT_MS;
  while (Date.now() < end && !hasEnded()) {
    const log = readFileSync(options.logPath, 'utf8');
    const found = /^Listening on .*:(\d+)$/m.exec(log);
    if (found) return Number(found[1]);
    await sleep(10);
  }
  if (/in use/.test(readFileSync(options.logPath, 'utf8'))) throw portInUse(options.port);
  const why = hasEnded() ?? `not listening after ${START_WAIT_MS / 1000} s`;
  throw new Stop(
    EXIT_UNAVAILABLE,
    `anvil for chain ${options.chainId} on port ${options.port}: ${why} (log: ${options.logPath})`,
  );
}

export function portInUse(port) {
  return new Stop(
    EXIT_UNAVAILABLE,
    `port ${port} is in use: choose others with SLUICE_PORT_BASE, for example ${port + 1000}`,
  );
}

/** Whether the recorded process is still the anvil that was started, and not a later namesake. */
export const isRunning = (record) => isProcess(record, PROGRAM);

/** Ends one process that startAnvil began; false when it is gone already. */
export const endAnvil = (record) => endProcess(record, PROGRAM, END_WAIT_MS);

/** Whether a port of loopback can be had now. */
export function portIsFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () =>
      server.close(() => resolve(true)),
    );
  });
}
