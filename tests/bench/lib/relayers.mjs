// SPDX-License-Identifier: Apache-2.0
//
// The TypeScript relayer and ours, one after the other on the same devnet, with the same validators'
// signatures and messages of the same kind. What each asks its chains is counted between them, CPU
// and memory come from the kernel, and deliveries from the destination's own log. Then ours once more
// on chains of its own with a raised block gas limit, beside the chain's own ceiling (submit.mjs).

import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { mailboxAbi } from '../../../deploy/devnet/lib/abi.mjs';
import { deriveAccounts } from '../../../deploy/devnet/lib/accounts.mjs';
import { topicOf } from '../../../deploy/devnet/lib/messages.mjs';
import { rpc } from '../../../deploy/devnet/lib/rpc.mjs';
import { Stage } from '../../../deploy/devnet/lib/stage.mjs';
import { EXIT_FAILED, Stop, deferInterrupts, endProgress, readCount, readOptions, runProgram,
  showProgress, sleep } from '../../../deploy/devnet/lib/terminal.mjs';
import { announceBuckets } from '../../interop/lib/announce.mjs';
import { Bucket } from '../../interop/lib/bucket.mjs';
import { Peer } from '../../interop/lib/peer.mjs';
import { HttpProxy } from './http-proxy.mjs';
import { Proxy } from './proxy.mjs';
import { MemoryWatch, childrenOf, cpuMs } from './usage.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

const PROCESS_ID = topicOf(mailboxAbi, 'ProcessId');
const PORT_BASE = '18740';
const BUCKET_PORT_OFFSET = 40;
const START_MS = 120_000;
const POLL_MS = 500;
const CEILING_GAS = '1000'; // million in a block, so that the limit is not what binds
const TRAFFIC_MAX = 2000; // messages of one call of the traffic script
const LANE = ['--burst', '--lane', 'alpha:beta', '--transfers', '0'];

const TITLE = `Measures our relayer beside the TypeScript relayer, and prints one JSON line.
Exit codes: 0 measured, 1 something was not delivered, 2 wrong usage, 3 something cannot be had.`;

const OPTIONS = {
  messages: { type: 'string', value: 'N', default: '200', help: 'of each relayer' },
  large: { type: 'string', value: 'N', default: '20000', help: 'of ours alone after it; 0: none' },
  ceiling: { type: 'string', value: 'N', default: '6000',
    help: 'messages beside the chain\'s own ceiling, as bench/submit; 0: none' },
  patience: { type: 'string', value: 'SECONDS', default: '1800', help: 'for each part of ours' },
  'peer-patience': { type: 'string', value: 'SECONDS', default: '600',
    help: 'for the TypeScript relayer; what it has not delivered then is counted as open' },
  program: { type: 'string', value: 'FILE', help: 'the node\'s program',
    default: process.env.SLUICE_PROGRAM || path.join(root, 'build/release/sluice') },
  data: { type: 'string', value: 'DIR', default: path.join(root, 'build/bench-relayers'),
    help: 'made anew; logs stay there' },
};

const hex = (number) => `0x${number.toString(16)}`;
const rounded = (value) => Math.round(value * 100) / 100;
const headOf = async ({ httpUrl }) => Number(await rpc(httpUrl, 'eth_blockNumber'));
const timeOf = async ({ httpUrl }, number) =>
  Number((await rpc(httpUrl, 'eth_getBlockByNumber', [hex(number), false])).timestamp);

/** The deliveries of some messages, read block by block as they come. */
class Deliveries {
  constructor(stage, fromBlock) {
    Object.assign(this, { stage, next: fromBlock, seen: new Set(), last: fromBlock });
    [, this.chain] = stage.devnet.chains;
  }

  /** Up to the block before the head, whose logs may still come. */
  async read() {
    const { httpUrl, mailbox: address } = this.chain;
    const to = (await headOf(this.chain)) - 1;
    if (to < this.next) return;
    const logs = await rpc(httpUrl, 'eth_getLogs',
      [{ address, topics: [PROCESS_ID], fromBlock: hex(this.next), toBlock: hex(to) }]);
    for (const { topics: [, id], blockNumber } of logs) {
      if (this.seen.has(id)) throw new Stop(EXIT_FAILED, `${id} was delivered twice`);
      this.seen.add(id);
      this.last = Number(blockNumber);
    }
    this.next = to + 1;
  }

  /** Resolves to how many are open at the end: none, unless `mayFail`. */
  async wait(ids, what, end, mayFail) {
    for (;;) {
      this.stage.check();
      await this.read();
      const open = ids.filter((id) => !this.seen.has(id)).length;
      showProgress(`bench: ${ids.length - open} of ${ids.length} by ${what}`);
      if (open === 0 || (mayFail && Date.now() > end)) return open;
      if (Date.now() > end) {
        throw new Stop(EXIT_FAILED, `${open} of ${ids.length} were not delivered by ${what}`);
      }
      await sleep(POLL_MS);
    }
  }
}

/**
 * Sends messages and waits for them. `relayer`: {name, pids(), calls(), pid, mayFail}. Of one that may
 * fail and does, the figures are of what it delivered, and its seconds are those it was given.
 */
async function measure(stage, relayer, count, patience) {
  const [origin, destination] = stage.devnet.chains;
  const deliveries = new Deliveries(stage, await headOf(destination));
  const firstBlock = await headOf(origin);
  const memory = new MemoryWatch(relayer.pid);
  const before = { calls: relayer.calls(), cpu: cpuMs(relayer.pids()) };
  try {
    const ids = [];
    while (ids.length < count) {
      const part = Math.min(TRAFFIC_MAX, count - ids.length);
      ids.push(...(await stage.traffic([...LANE, '--messages', String(part)])).ids);
    }
    const sent = await timeOf(origin, await headOf(origin));
    const end = Date.now() + patience * 1000;
    const open = await deliveries.wait(ids, relayer.name, end, relayer.mayFail);
    const delivered = count - open;
    const done = await timeOf(destination, open > 0 ? await headOf(destination) : deliveries.last);
    const began = await timeOf(origin, firstBlock);
    const each = Math.max(1, delivered);
    return {
      messages: count,
      ...(open > 0 ? { undelivered: open } : {}),
      seconds_to_deliver: Math.max(0, done - sent), // from the last dispatch to the last delivery
      messages_per_second: rounded(delivered / Math.max(1, done - began)),
      rpc_calls_per_message: rounded((relayer.calls() - before.calls) / each),
      cpu_ms_per_message: rounded((cpuMs(relayer.pids()) - before.cpu) / each),
      rss_anon_mib: rounded(memory.peak),
    };
  } finally {
    memory.stop();
  }
}

const totalOf = (proxies) => proxies.reduce((sum, { total }) => sum + total, 0);

async function measurePeer(stage, bucket, opened, count, patience) {
  const { devnet } = stage;
  const proxies = await Promise.all(devnet.chains.map(({ httpUrl }) => HttpProxy.open(httpUrl)));
  opened.push(...proxies);
  const peer = new Peer({ packages: path.join(root, 'build/interop/peer'),
    folder: path.join(stage.folder, 'peer'), devnet, key: deriveAccounts().beneficiary.key,
    storeUrl: bucket.url, urlOf: (chain) => proxies[devnet.chains.indexOf(chain)].url });
  try {
    peer.start();
    const end = Date.now() + START_MS;
    while (!peer.isWatching()) {
      peer.check();
      if (Date.now() > end) throw new Stop(EXIT_FAILED, 'the TypeScript relayer does not start');
      await sleep(POLL_MS);
    }
    const { pid } = peer.child;
    return await measure(stage, { name: 'the TypeScript relayer', pid, mayFail: true,
      pids: () => [pid, ...childrenOf(pid)], calls: () => totalOf(proxies) }, count, patience);
  } finally {
    await peer.end();
  }
}

async function startOurs(stage, opened) {
  const { devnet } = stage;
  const proxies = await Promise.all(devnet.chains.map(({ wsUrl }) => Proxy.open(wsUrl)));
  opened.push(...proxies);
  const { child: { pid } } = await stage.start(stage.write({ name: 'relayer', capital: false,
    endpointOf: (chain) => proxies[devnet.chains.indexOf(chain)].url }));
  return { name: 'ours', pid, pids: () => [pid, ...childrenOf(pid)],
    calls: () => totalOf(proxies) };
}

/** Deliveries at one-second blocks of a raised gas limit, beside the chain's own ceiling. */
async function measureCeiling(options, count) {
  const file = fileURLToPath(new URL('submit.mjs', import.meta.url));
  const args = ['--messages', String(count), '--gas', CEILING_GAS, '--program', options.program,
    '--data', path.join(path.resolve(options.data), 'submit')];
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (data) => (out += data));
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new Stop(EXIT_FAILED, `bench/submit ended with ${code}`);
  return JSON.parse(out);
}

function summarize(peer, ours, large, ceiling) {
  const times = (name, more) =>
    (more[name] > 0 ? Math.round((peer[name] / more[name]) * 10) / 10 : null);
  return { peer, ours, ...(large ? { large } : {}), ...(ceiling ? { ceiling } : {}),
    times_faster: times('seconds_to_deliver', ours),
    times_fewer_calls: times('rpc_calls_per_message', ours),
    times_less_cpu: times('cpu_ms_per_message', ours),
    ...(ceiling ? { share_of_mix_ceiling: ceiling.share_of_mix_ceiling } : {}),
    times_less_memory: times('rss_anon_mib', ours) };
}

async function main() {
  process.env.SLUICE_PORT_BASE ||= PORT_BASE;
  const options = readOptions(TITLE, OPTIONS);
  const count = readCount('--messages', options.messages, 1, 10_000);
  const large = readCount('--large', options.large, 0, 1_000_000);
  const patience = readCount('--patience', options.patience, 1, 86_400);
  const peerPatience = readCount('--peer-patience', options['peer-patience'], 1, 86_400);
  const beside = readCount('--ceiling', options.ceiling, 0, 10_000);
  deferInterrupts();
  const stage = new Stage({ folder: options.data, program: options.program, chains: 2 });
  const opened = [];
  const measured = [];
  try {
    await stage.open();
    const bucket = await Bucket.open(Number(process.env.SLUICE_PORT_BASE) + BUCKET_PORT_OFFSET);
    opened.push(bucket);
    await announceBuckets(stage.devnet, bucket, await stage.startValidators({ capital: false }));
    measured.push(await measurePeer(stage, bucket, opened, count, peerPatience));
    const relayer = await startOurs(stage, opened);
    measured.push(await measure(stage, relayer, count, patience));
    measured.push(large > 0 ? await measure(stage, relayer, large, patience) : null);
  } finally {
    await stage.close();
    opened.forEach((one) => one.close());
  }
  measured.push(beside > 0 ? await measureCeiling(options, beside) : null);
  endProgress();
  process.stdout.write(`${JSON.stringify(summarize(...measured))}\n`);
}

runProgram('bench', main);
