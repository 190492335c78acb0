// SPDX-License-Identifier: Apache-2.0
//
// Nodes at rest: whatever they ask now they ask for ever, and endpoints are paid for by the call. A
// proxy between each node and each chain counts.

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rpc } from '../../../deploy/devnet/lib/rpc.mjs';
import { Stage } from '../../../deploy/devnet/lib/stage.mjs';
import { deferInterrupts, endProgress, readCount, readOptions, runProgram, showProgress, sleep }
  from '../../../deploy/devnet/lib/terminal.mjs';
import { Proxy } from './proxy.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

const PORT_BASE = '18740';
const POLL_MS = 500;
const REST_MS = 5000; // until what belongs to the start has been asked

const TITLE = `Measures what nodes at rest ask per block, and prints one JSON line.
Exit codes: 0 measured, 1 a node failed, 2 wrong usage, 3 something cannot be had.`;

const OPTIONS = {
  blocks: { type: 'string', value: 'N', default: '90', help: 'blocks, of one second' },
  program: { type: 'string', value: 'FILE', help: 'the node\'s program',
    default: process.env.SLUICE_PROGRAM || path.join(root, 'build/release/sluice') },
  data: { type: 'string', value: 'DIR', default: path.join(root, 'build/bench-calls'),
    help: 'made anew; logs stay there' },
};

const rounded = (value) => Math.round(value * 100) / 100;

/** What one node asks of each chain. */
class Asked {
  static async open({ chains }, opened) {
    const proxies = await Promise.all(chains.map(({ wsUrl }) => Proxy.open(wsUrl)));
    opened.push(...proxies);
    return Object.assign(new Asked(), { chains, proxies });
  }

  endpointOf() {
    return (chain) => this.proxies[this.chains.indexOf(chain)].url;
  }

  begin() {
    this.before = this.proxies.map(({ calls }) => new Map(calls));
  }

  /** Calls per block of each chain, and which methods. */
  perBlock(blocks) {
    const each = this.proxies.map(({ calls }, i) => [...calls]
      .map(([method, count]) => [method, count - (this.before[i].get(method) ?? 0)])
      .filter(([, count]) => count > 0));
    const sums = each.map((list) => list.reduce((sum, [, count]) => sum + count, 0));
    return {
      calls_per_block: Object.fromEntries(
        this.chains.map(({ name }, i) => [name, rounded(sums[i] / blocks[i])])),
      methods_per_block: Object.fromEntries(this.chains.map(({ name }, i) =>
        [name, Object.fromEntries(each[i].sort((a, b) => b[1] - a[1])
          .map(([method, count]) => [method, rounded(count / blocks[i])]))])),
    };
  }
}

const headsOf = ({ chains }) => Promise.all(
  chains.map(async ({ httpUrl }) => Number(await rpc(httpUrl, 'eth_blockNumber'))));

async function main() {
  process.env.SLUICE_PORT_BASE ||= PORT_BASE;
  const options = readOptions(TITLE, OPTIONS);
  const count = readCount('--blocks', options.blocks, 10, 100_000);
  deferInterrupts();
  const stage = new Stage({ folder: options.data, program: options.program, chains: 2 });
  const opened = [];
  try {
    await stage.open();
    const nodes = { validator: { validator: 0 }, relayer: { capital: false } };
    const asked = {};
    for (const [name, settings] of Object.entries(nodes)) {
      asked[name] = await Asked.open(stage.devnet, opened);
      await stage.start(stage.write({
        name, ...settings, endpointOf: asked[name].endpointOf(),
      }));
    }
    await sleep(REST_MS);
    Object.values(asked).forEach((one) => one.begin());
    const first = await headsOf(stage.devnet);
    let blocks = [0, 0];
    while (blocks[0] < count) {
      stage.check();
      showProgress(`bench: ${blocks[0]} of ${count} blocks`);
      await sleep(POLL_MS);
      blocks = (await headsOf(stage.devnet)).map((head, i) => head - first[i]);
    }
    endProgress();
    process.stdout.write(`${JSON.stringify({
      bench: 'calls',
      blocks: blocks[0],
      relayer: asked.relayer.perBlock(blocks),
      validator: asked.validator.perBlock(blocks),
    })}\n`);
  } finally {
    await stage.close();
    opened.forEach((proxy) => proxy.close());
  }
}

runProgram('bench', main);
