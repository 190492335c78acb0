// SPDX-License-Identifier: Apache-2.0
//
// Runs the contract tests on anvil. See README.md of tests for what they cover.

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { deferInterrupts, readCount, readOptions, runProgram } from '../../../deploy/devnet/lib/terminal.mjs';
import { attackChecks } from './attacks.mjs';
import { gasCheck } from './gas.mjs';
import { guardChecks } from './guard.mjs';
import { holderChecks } from './holders.mjs';
import { hubChecks } from './hub.mjs';
import { randomChecks } from './random.mjs';
import { sheetCheck } from './sheet.mjs';
import { spokeChecks } from './spoke.mjs';
import { Suite } from './suite.mjs';
import { World } from './world.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

const OPTIONS = {
  only: { type: 'string', value: 'TEXT', help: 'checks whose title has this text' },
  seeds: { type: 'string', value: 'N', default: '2', help: 'random lives of a thief' },
  first: { type: 'string', value: 'N', default: '1', help: 'the first of their seeds' },
  steps: { type: 'string', value: 'N', default: '60', help: 'acts in each' },
  record: { type: 'boolean', help: 'writes gas.txt and the interface sheet anew' },
  data: { type: 'string', value: 'DIR', default: path.join(root, 'build/contracts'), help: 'logs stay there' },
};

await runProgram('contracts', async () => {
  const options = readOptions('tests/contracts/run: the contracts against everything that a thief may try', OPTIONS);
  const seeds = readCount('--seeds', options.seeds, 0, 1_000_000);
  const steps = readCount('--steps', options.steps, 1, 100_000);
  const first = readCount('--first', options.first, 0, 2 ** 40);
  deferInterrupts();
  const world = new World(options.data);
  try {
    const started = Date.now();
    await world.start();
    process.stdout.write(`ready after ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
    await world.mark();
    const suite = new Suite(world, options.only);
    await spokeChecks(suite);
    await attackChecks(suite);
    await hubChecks(suite);
    await guardChecks(suite);
    // Before the random acts, which leave each verb's figure to chance.
    await gasCheck(suite, options.record);
    await randomChecks(suite, { seeds, steps, first });
    await holderChecks(suite, { seeds, steps, first });
    await sheetCheck(suite, options.record);
    return suite.finish();
  } finally {
    await world.end();
  }
});
