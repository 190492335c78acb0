// SPDX-License-Identifier: Apache-2.0
//
// A relayer reads a million messages that nobody delivered while a person has paused it, is killed,
// and is started again. The destination is a real chain with the real contracts; the origin's blocks
// are real too, but the logs of its messages are made by its endpoint, and the signatures of its
// validators by their store (past.mjs), for a million dispatches take a chain hours. From the first
// head that the new process is told of, until a delivery leaves for the chain, is what is measured.

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { mailboxAbi } from '../../../deploy/devnet/lib/abi.mjs';
import { deriveAccounts } from '../../../deploy/devnet/lib/accounts.mjs';
import { topicOf } from '../../../deploy/devnet/lib/messages.mjs';
import { rpc } from '../../../deploy/devnet/lib/rpc.mjs';
import { Stage } from '../../../deploy/devnet/lib/stage.mjs';
import { EXIT_FAILED, Stop, deferInterrupts, endProgress, readCount, readOptions, runProgram,
  showProgress, sleep } from '../../../deploy/devnet/lib/terminal.mjs';
import { Past, PastProxy, PastStore } from './past.mjs';
import { TimingProxy } from './proxy.mjs';
import { anonymousMib } from './usage.mjs';

const run = promisify(execFile);
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

const PORT_BASE = '18740';
const STORE_PORT = 90; // from the base
const PER_BLOCK = 500;
const BLOCKS_PER_RANGE = 500; // fewer than usual: mining the blocks takes longest
const RECENT_BLOCKS = 1200; // more than two ranges: what is not passed over is empty
const STALL_MAX_MS = 120_000;
const POLL_MS = 500;
const EPOCHS = 10; // of the series
const EDGE = 500; // messages that count as the oldest, and as the newest

const PROCESS_ID = topicOf(mailboxAbi, 'ProcessId');

const TITLE = `Measures a start with many messages to deliver, and prints one JSON line.
Exit codes: 0 measured, 1 something is missing, 2 wrong usage, 3 something cannot be had.`;

const OPTIONS = {
  messages: { type: 'string', value: 'N', default: '1000000', help: 'to deliver' },
  deliver: { type: 'string', value: 'N', default: '1000', help: 'until so many are delivered' },
  program: { type: 'string', value: 'FILE', help: 'the node\'s program',
    default: process.env.SLUICE_PROGRAM || path.join(root, 'build/release/sluice') },
  data: { type: 'string', value: 'DIR', default: path.join(root, 'build/bench-pending'),
    help: 'made anew; logs stay there' },
};

const rounded = (value) => Math.round(value * 100) / 100;

/** Anonymous memory by tenths of some way, the most in each. */
class Series {
  constructor() {
    this.most = Array(EPOCHS).fill(null);
  }

  add(share, mib) {
    const at = Math.min(EPOCHS - 1, Math.max(0, Math.floor(share * EPOCHS)));
    this.most[at] = Math.max(this.most[at] ?? 0, rounded(mib));
  }
}

async function openStore(stage, past, validators) {
  const secret = { id: 'DEVNETKEY', secret: randomBytes(20).toString('hex') };
  const credentials = path.join(stage.folder, 's3.credentials');
  writeFileSync(credentials, `[default]\naws_access_key_id = ${secret.id}\n` +
    `aws_secret_access_key = ${secret.secret}\n`, { mode: 0o600 });
  const store = new PastStore(secret, past, validators);
  await store.open(Number(process.env.SLUICE_PORT_BASE) + STORE_PORT);
  return { store, settings: { endpoint: store.url, bucket: 'checkpoints', credentials } };
}

/** A past that ends below what a relayer that starts now reads first. */
async function makePast({ chains }, count) {
  const [origin, destination] = chains;
  const heads = await Promise.all(
    chains.map(({ httpUrl }) => rpc(httpUrl, 'eth_blockNumber').then(Number)));
  const past = new Past({
    origin, destination, count, perBlock: PER_BLOCK, first: 1 + Math.max(...heads) });
  past.readIds();
  const blocks = past.last + RECENT_BLOCKS - heads[0];
  await rpc(origin.httpUrl, 'anvil_mine', [`0x${blocks.toString(16)}`]);
  return past;
}

class Relayer {
  constructor(stage, node) {
    Object.assign(this, { stage, node });
  }

  async start() {
    this.pid = (await this.stage.start(this.node)).child.pid;
  }

  async ask(...args) {
    const all = [...args, '--json', '--config', this.node.config];
    return JSON.parse((await run(this.stage.program, all)).stdout);
  }

  /** How many messages wait for their delivery. */
  async countOpen({ name: wanted }) {
    const { chains } = await this.ask('status');
    const { messages_active: active, messages_queued: queued } =
      chains.find(({ name }) => name === wanted);
    return active + queued;
  }

  /** Whether the node says that it has read a chain's history. */
  hasRead({ name }) {
    const log = readFileSync(this.node.log, 'utf8');
    return new RegExp(`chain=${name} reason="all history was read"`).test(log);
  }

  /** Waits until all messages of the past are known and none is delivered. */
  async readPast({ origin, destination, count }) {
    const series = new Series();
    let [moved, last] = [Date.now(), -1];
    for (;;) {
      this.stage.check();
      const open = await this.countOpen(destination);
      series.add(open / count, anonymousMib(this.pid));
      showProgress(`bench: ${open} of ${count} messages read`);
      if (open > last) [moved, last] = [Date.now(), open];
      if (open === count && this.hasRead(origin)) return series.most;
      if (Date.now() - moved > STALL_MAX_MS) throw new Stop(EXIT_FAILED, 'history is not read on');
      await sleep(POLL_MS);
    }
  }
}

/** Which message of the past each transaction delivers, in the order in which they left. */
function orderOf(sent, past) {
  const number = (value) => value.toString(16).padStart(8, '0');
  const words = new RegExp(`03([0-9a-f]{8})${number(past.origin.domain)}${past.sender}`, 'g');
  return sent.flatMap(({ raw }) =>
    [...raw.toLowerCase().matchAll(words)].map(([, nonce]) => parseInt(nonce, 16)));
}

/** Waits until so many are delivered; resolves to memory by tenths of the way. */
async function waitDelivered(stage, relayer, { destination }, wanted, fromBlock) {
  const { httpUrl, mailbox: address } = destination;
  const series = new Series();
  let [next, found, moved] = [fromBlock, 0, Date.now()];
  for (;;) {
    stage.check();
    const head = Number(await rpc(httpUrl, 'eth_blockNumber')) - 1; // its logs come a little later
    if (head >= next) {
      const logs = await rpc(httpUrl, 'eth_getLogs', [{ address, topics: [PROCESS_ID],
        fromBlock: `0x${next.toString(16)}`, toBlock: `0x${head.toString(16)}` }]);
      if (logs.length > 0) moved = Date.now();
      found += logs.length;
      next = head + 1;
    }
    series.add(found / wanted, anonymousMib(relayer.pid));
    showProgress(`bench: ${found} of ${wanted} delivered`);
    if (found >= wanted) return series.most;
    if (Date.now() - moved > STALL_MAX_MS) throw new Stop(EXIT_FAILED, 'deliveries have stopped');
    await sleep(POLL_MS);
  }
}

async function measure(stage, options, opened) {
  const { chains } = stage.devnet;
  const [origin, destination] = chains;
  const { messages: count, deliver } = options;
  const past = await makePast(stage.devnet, count);
  const { store, settings } = await openStore(stage, past, deriveAccounts().validators);
  opened.push(store);
  await stage.startValidators({ store: settings });
  await stage.endNodes(); // they are announced; what they would sign, the store does
  const proxies = [await PastProxy.show(origin, past, 'logsOfOrigin'),
    await TimingProxy.open(destination.wsUrl)];
  opened.push(...proxies);
  const relayer = new Relayer(stage, stage.write({
    name: 'relayer', capital: false, mode: 'observe', store: settings, privateAddresses: true,
    nodeSettings: { journal_max: '200 GiB' },
    settingsOf: () => ({ in_flight_max: 1024, blocks_per_range: BLOCKS_PER_RANGE }),
    endpointOf: (chain) => proxies[chains.indexOf(chain)].url,
  }));
  const began = Date.now();
  await relayer.start();
  await relayer.ask('pause');
  const reading = await relayer.readPast(past);
  const readSeconds = (Date.now() - began) / 1000;
  await stage.end(relayer.node, 'SIGKILL');
  if (proxies[1].sent.length > 0) throw new Stop(EXIT_FAILED, 'something was sent while paused');
  proxies[1].heads.clear();
  const from = Number(await rpc(destination.httpUrl, 'eth_blockNumber'));
  const spawned = performance.now();
  await relayer.start();
  const ready = performance.now();
  await relayer.ask('resume');
  const resumed = performance.now();
  const delivering = await waitDelivered(stage, relayer, past, deliver, from);
  const head = Math.min(...proxies[1].heads.values());
  const order = orderOf(proxies[1].sent, past).slice(0, deliver);
  return {
    bench: 'pending',
    messages: count,
    read_seconds: rounded(readSeconds),
    read_rss_anon_mib_by_tenth: reading,
    ready_ms: rounded(ready - spawned),
    head_ms: rounded(head - spawned),
    resumed_ms: rounded(resumed - spawned),
    first_sent_ms_after_head: rounded(proxies[1].sent[0].at - head),
    first_sent_ms_after_resume: rounded(proxies[1].sent[0].at - resumed),
    sent_looked_at: order.length,
    of_the_oldest: order.filter((index) => index < EDGE).length,
    of_the_newest: order.filter((index) => index >= count - EDGE).length,
    sent_before_the_newest: order.indexOf(count - 1),
    delivered: deliver,
    deliver_rss_anon_mib_by_tenth: delivering,
  };
}

async function main() {
  process.env.SLUICE_PORT_BASE ||= PORT_BASE;
  const options = readOptions(TITLE, OPTIONS);
  const numbers = {
    data: options.data,
    messages: readCount('--messages', options.messages, 1000, 10_000_000),
    deliver: readCount('--deliver', options.deliver, 1, 10_000_000),
  };
  deferInterrupts();
  const stage = new Stage({ folder: options.data, program: options.program, chains: 2 });
  const opened = [];
  try {
    await stage.open();
    const line = await measure(stage, numbers, opened);
    endProgress();
    process.stdout.write(`${JSON.stringify(line)}\n`);
  } finally {
    await stage.close();
    await Promise.all(opened.map((one) => one.close()));
  }
}

runProgram('bench', main);
