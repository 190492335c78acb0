// SPDX-License-Identifier: Apache-2.0
//
// One message in each block, relayed by a node between timing proxies. A message's time runs from
// the moment its origin's endpoint tells of the head with which it is final, until the transaction
// that delivers it leaves for the destination. From it is subtracted whatever part of it some
// question of the node waited for an endpoint. What is left is the node's: commits, checkpoints,
// the signer, and this proxy, which is in the way of every frame.

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Stage } from '../../../deploy/devnet/lib/stage.mjs';
import { EXIT_FAILED, Stop, deferInterrupts, endProgress, readCount, readOptions, runProgram,
  showProgress, sleep } from '../../../deploy/devnet/lib/terminal.mjs';
import { dispatch } from '../../e2e/lib/dispatch.mjs';
import { TimingProxy } from './proxy.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

const PORT_BASE = '18740';
const FINALITY_BLOCKS = 2; // of the devnet's tag
const DELIVERY_MAX_MS = 120_000;
const POLL_MS = 50;

const TITLE = `Measures from a head to the transaction that follows from it, and prints one JSON line.
Exit codes: 0 measured, 1 something was not delivered, 2 wrong usage, 3 something cannot be had.`;

const OPTIONS = {
  messages: { type: 'string', value: 'N', default: '200', help: 'messages, about one in each block' },
  program: { type: 'string', value: 'FILE', help: 'the node\'s program',
    default: process.env.SLUICE_PROGRAM || path.join(root, 'build/release/sluice') },
  data: { type: 'string', value: 'DIR', default: path.join(root, 'build/bench-head'),
    help: 'made anew; logs stay there' },
};

/** How much of a span is covered by some of the intervals. */
function covered(from, to, intervals) {
  const within = intervals.filter(([start, end]) => end > from && start < to)
    .sort((a, b) => a[0] - b[0]);
  let [sum, reached] = [0, from];
  for (const [start, end] of within) {
    const [begin, stop] = [Math.max(start, reached), Math.min(end, to)];
    if (stop > begin) sum += stop - begin;
    reached = Math.max(reached, stop);
  }
  return sum;
}

const rounded = (value) => Math.round(value * 100) / 100;

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return rounded(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]);
}

/** Waits for the transaction that has this message in it; resolves to when it left. */
async function waitSent(stage, destination, message) {
  const words = message.bytes.slice(2).toLowerCase();
  const end = Date.now() + DELIVERY_MAX_MS;
  for (;;) {
    stage.check();
    const found = destination.sent.find(({ raw }) => raw.toLowerCase().includes(words));
    if (found) return found.at;
    if (Date.now() > end) throw new Stop(EXIT_FAILED, `${message.id} was not sent`);
    await sleep(POLL_MS);
  }
}

async function main() {
  process.env.SLUICE_PORT_BASE ||= PORT_BASE;
  const options = readOptions(TITLE, OPTIONS);
  const count = readCount('--messages', options.messages, 10, 100_000);
  deferInterrupts();
  const stage = new Stage({ folder: options.data, program: options.program, chains: 2 });
  let proxies = [];
  try {
    await stage.open();
    const { chains } = stage.devnet;
    // They sign a block before the relayer takes a message for final: signatures are not waited for.
    await stage.startValidators({ settingsOf: () => ({ finality: FINALITY_BLOCKS - 1 }) });
    proxies = await Promise.all(chains.map(({ wsUrl }) => TimingProxy.open(wsUrl)));
    await stage.start(stage.write({
      name: 'relayer', capital: false, mode: 'observe',
      endpointOf: (chain) => proxies[chains.indexOf(chain)].url,
    }));
    const sent = [];
    for (let i = 0; i < count; ++i) {
      const message = await dispatch(stage.devnet, ...chains, i);
      sent.push(waitSent(stage, proxies[1], message).then((at) => ({ message, at })));
      sent.at(-1).catch(() => {}); // awaited below
      showProgress(`bench: ${i + 1} of ${count} messages sent`);
    }
    const times = (await Promise.all(sent)).map(({ message, at }) => {
      const head = proxies[0].heads.get(message.block + FINALITY_BLOCKS);
      if (head === undefined || head > at) {
        throw new Stop(EXIT_FAILED, `no head was told before ${message.id} was sent`);
      }
      const endpoints = covered(head, at, proxies.flatMap(({ waits }) => waits));
      return { total: at - head, endpoints, own: at - head - endpoints };
    });
    endProgress();
    const of = (name, share) => quantile(times.map((one) => one[name]), share);
    process.stdout.write(`${JSON.stringify({
      bench: 'head',
      messages: count,
      overhead_ms_p50: of('own', 0.5),
      overhead_ms_p99: of('own', 0.99),
      endpoints_ms_p50: of('endpoints', 0.5),
      endpoints_ms_p99: of('endpoints', 0.99),
      total_ms_p50: of('total', 0.5),
      total_ms_p99: of('total', 0.99),
    })}\n`);
  } finally {
    await stage.close();
    proxies.forEach((proxy) => proxy.close());
  }
}

runProgram('bench', main);
