// SPDX-License-Identifier: Apache-2.0
//
// What the verbs cost, against the table that is kept beside the tests.

import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from '../../../deploy/devnet/lib/expect.mjs';

const TABLE = new URL('../gas.txt', import.meta.url);
/** Rates, clocks and slots of the chains move a figure a little from run to run. */
const PERCENT_MAX = 5;

const HEADING = '# Gas used, by verb: `tests/contracts/run --record` writes it anew.\n';

function readTable() {
  const lines = readFileSync(TABLE, 'utf8').split('\n').filter((line) => line && !line.startsWith('#'));
  return new Map(lines.map((line) => {
    const [, name, gas] = /^(.*\S)\s+(\d+)$/.exec(line);
    return [name, Number(gas)];
  }));
}

function measured(world) {
  const all = new Map(world.chains.flatMap((chain) => [...chain.gas]));
  const { artifacts } = world;
  for (const name of ['Spoke', 'Hub', 'Guard']) all.set(`bytes of ${name}`, artifacts[name].runtimeBytes);
  return new Map([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Compares, or records: every check before it has left its figures. */
export async function gasCheck(suite, record) {
  if (suite.only && !record) return;
  const figures = measured(suite.world);
  if (record) {
    const lines = [...figures].map(([name, gas]) => `${name.padEnd(32)} ${gas}\n`);
    writeFileSync(TABLE, HEADING + lines.join(''));
  }
  await suite.check('gas: every verb costs what the table says', () => {
    const table = readTable();
    for (const [name, gas] of table) {
      const found = figures.get(name);
      expect(found !== undefined, `a figure for ${name}`);
      expect(Math.abs(found - gas) * 100 <= gas * PERCENT_MAX, `${name} to cost ${gas}, not ${found}`);
    }
    expect(table.size === figures.size, `${figures.size} lines in the table, not ${table.size}`);
    return `${table.size} figures`;
  });
}
