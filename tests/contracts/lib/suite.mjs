// SPDX-License-Identifier: Apache-2.0
//
// Runs checks one by one, each from the same state of the chains, and counts them.

import { stopIfInterrupted } from '../../../deploy/devnet/lib/terminal.mjs';

export class Suite {
  constructor(world, only) {
    Object.assign(this, { world, only, passed: 0, failed: 0 });
  }

  async check(title, work) {
    if (this.only && !title.includes(this.only)) return;
    stopIfInterrupted();
    const started = Date.now();
    const took = () => `${((Date.now() - started) / 1000).toFixed(1)} s`;
    try {
      const note = await work(this.world);
      this.passed += 1;
      process.stdout.write(`ok       ${title}${note ? `: ${note}` : ''} (${took()})\n`);
    } catch (error) {
      stopIfInterrupted();
      this.failed += 1;
      const place = error.stack?.split('\n').find((line) => line.includes('/contracts/lib/')
        && !line.includes('chain.mjs')) ?? '';
      process.stdout.write(`FAILED   ${title} (${took()})\n         ${error.message}\n        ${place}\n`);
    }
    await this.world.reset();
  }

  finish() {
    process.stdout.write(`${this.passed} passed, ${this.failed} failed\n`);
    return this.failed === 0 && this.passed > 0 ? 0 : 1;
  }
}
