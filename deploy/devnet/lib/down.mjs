// SPDX-License-Identifier: Apache-2.0
//
// Ends the chains that `up` started, and no other process.

import path from 'node:path';
import { endAnvil } from './anvil.mjs';
import { dataOption, forgetProcesses, readProcesses } from './devnet.mjs';
import { readOptions, runProgram } from './terminal.mjs';

async function main() {
  const { data } = readOptions('Ends the chains that `up` started.', { data: dataOption });
  const folder = path.resolve(data);
  const ended = await Promise.all(readProcesses(folder).map(endAnvil));
  forgetProcesses(folder);
  process.stderr.write(`devnet: down: ${ended.filter(Boolean).length} chains ended\n`);
}

runProgram('devnet', main);
