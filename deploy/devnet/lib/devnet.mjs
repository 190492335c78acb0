// SPDX-License-Identifier: Apache-2.0
//
// The data folder of one running devnet: who runs, and devnet.json.

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { EXIT_UNAVAILABLE, Stop } from './terminal.mjs';

export const dataOption = {
  type: 'string',
  value: 'DIR',
  default: process.env.SLUICE_DEVNET || './build/devnet',
  help: 'folder of this devnet',
};

const processesPath = (data) => path.join(data, 'processes.json');
const devnetPath = (data) => path.join(data, 'devnet.json');

/** Where a chain keeps older states. */
export const workPath = (data, name) => path.join(data, `${name}.work`);

/** The chains that `up` started: [{name, pid, startTicks, port}]; none when there is no record. */
export function readProcesses(data) {
  const file = processesPath(data);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
}

export function writeProcesses(data, processes) {
  writeFileSync(processesPath(data), `${JSON.stringify(processes, null, 2)}\n`);
}

/** Removes what only a running devnet needs: the records, and what anvil kept on disk. */
export function forgetProcesses(data) {
  for (const { name } of readProcesses(data)) {
    rmSync(workPath(data, name), { force: true, recursive: true });
  }
  rmSync(processesPath(data), { force: true });
  rmSync(devnetPath(data), { force: true });
}

export function writeDevnet(data, devnet) {
  writeFileSync(devnetPath(data), `${JSON.stringify(devnet, null, 2)}\n`);
}

/** What devnet.json says. */
export function readDevnet(data) {
  const file = devnetPath(data);
  if (!existsSync(file)) {
    throw new Stop(EXIT_UNAVAILABLE, `no devnet in ${data}: run deploy/devnet/up --data ${data}`);
  }
  return JSON.parse(readFileSync(file, 'utf8'));
}
