// SPDX-License-Identifier: Apache-2.0
//
// What every end-to-end test shares: one line per check, `N passed, N failed` at the end, and an
// end to everything it started.

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT_FAILED, Stop, deferInterrupts, readCount, readOptions, runProgram, sleep,
  stopIfInterrupted } from '../../../deploy/devnet/lib/terminal.mjs';
import { Stage } from '../../../deploy/devnet/lib/stage.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

const POLL_MS = 100;
// Beside the ports of a devnet or a demo that somebody left running.
const PORT_BASE = '18640';

function optionsOf(name, seed) {
  const table = {
    program: { type: 'string', value: 'FILE', help: 'the node\'s program',
      default: process.env.SLUICE_PROGRAM || path.join(root, 'build/release/sluice') },
    data: { type: 'string', value: 'DIR', default: path.join(root, 'build/e2e', name),
      help: 'made anew; logs stay there' },
    only: { type: 'string', value: 'REGEX', help: 'checks whose title fits, where they stand alone' },
  };
  if (seed) {
    table.seed = { type: 'string', value: 'S', default: seed, help: 'decides what is random' };
  }
  return table;
}

export class Suite {
  constructor(options) {
    this.passed = 0;
    this.failed = 0;
    this.options = options;
    this.stage = new Stage({ folder: options.data, program: options.program });
  }

  /** One check: passes when the work returns, and is left out when it returns {skipped: why}. */
  async check(title, work) {
    if (this.options.only && !new RegExp(this.options.only).test(title)) return;
    const started = Date.now();
    const took = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
    try {
      const result = await work();
      if (result?.skipped) {
        process.stdout.write(`skipped  ${title}: ${result.skipped}\n`);
        return;
      }
      this.passed += 1;
      process.stdout.write(`ok       ${title} (${took()})\n`);
    } catch (error) {
      stopIfInterrupted();
      this.failed += 1;
      const isExpected = error instanceof Stop || error.constructor === Error;
      const words = isExpected ? error.message : error.stack;
      process.stdout.write(`FAILED   ${title} (${took()})\n         ${words}\n`);
    }
  }

  /** Waits for a condition; throws with `what` when it takes longer. Resolves to its value. */
  async until(what, seconds, condition) {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      stopIfInterrupted();
      const value = await condition();
      if (value) return value;
      if (Date.now() > end) throw new Error(`after ${seconds} s still not: ${what}`);
      await sleep(POLL_MS);
    }
  }

  finish() {
    process.stdout.write(`${this.passed} passed, ${this.failed} failed\n`);
    if (this.failed > 0) process.stdout.write(`logs: ${this.options.data}\n`);
    return this.failed === 0 && this.passed > 0 ? 0 : EXIT_FAILED;
  }
}

/** Runs a suite as a program. `work(suite)` makes its checks; what it started is ended. */
export function runSuite(name, title, { seed } = {}, work) {
  process.env.SLUICE_PORT_BASE ||= PORT_BASE;
  return runProgram(name, async () => {
    const options = readOptions(title, optionsOf(name, seed));
    if (seed) options.seed = readCount('--seed', options.seed, 0, Number.MAX_SAFE_INTEGER);
    deferInterrupts();
    const suite = new Suite(options);
    try {
      await work(suite);
    } finally {
      await suite.stage.close();
    }
    return suite.finish();
  });
}
