// SPDX-License-Identifier: Apache-2.0
//
// Prints what measurement.mjs finds on the chains.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { dataOption, readDevnet } from './devnet.mjs';
import { isSound, measure } from './measurement.mjs';
import { EXIT_FAILED, endProgress, readCount, readOptions, runProgram } from './terminal.mjs';

const OPTIONS = {
  wait: { type: 'string', value: 'SECONDS', default: '0', help: 'until all is delivered, at most' },
  relayer: { type: 'string', value: 'ADDRESS', help: 'whose gas to count (the devnet\'s relayer)' },
  out: { type: 'string', value: 'FILE', help: 'write the JSON line here too' },
  data: dataOption,
};

async function main() {
  const options = readOptions('Checks the devnet from its chains alone.', OPTIONS);
  const devnet = readDevnet(path.resolve(options.data));
  const waitSeconds = readCount('--wait', options.wait, 0, 86_400);
  const result = await measure(devnet, waitSeconds, options.relayer ?? devnet.relayer.address);
  endProgress();
  const line = JSON.stringify(result);
  if (options.out) writeFileSync(options.out, `${line}\n`);
  process.stdout.write(`${line}\n`);
  return isSound(result) ? 0 : EXIT_FAILED;
}

runProgram('measure', main);
