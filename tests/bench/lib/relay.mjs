// SPDX-License-Identifier: Apache-2.0
//
// Messages from one contract, all in one transaction, over one lane with 1-second blocks. The calls
// are counted between the node and its chains, the CPU by the kernel, deliveries on the chains.

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readProcesses } from '../../../deploy/devnet/lib/devnet.mjs';
import { readMessages } from '../../../deploy/devnet/lib/messages.mjs';
import { rpc } from '../../../deploy/devnet/lib/rpc.mjs';
import { Stage } from '../../../deploy/devnet/lib/stage.mjs';
import { EXIT_FAILED, Stop, deferInterrupts, endProgress, readCount, readOptions, runProgram,
  showProgress, sleep } from '../../../deploy/devnet/lib/terminal.mjs';
import { Proxy } from './proxy.mjs';
import { MemoryWatch, childrenOf, cpuMs } from './usage.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

const PORT_BASE = '18740';
const FINALITY_BLOCKS = 2; // of the devnet
const ROUND_MAX_MS = 120_000;
const POLL_MS = 250;
// Until the node has seen its last deliveries final, which costs calls too.
const AFTER_MS = 4000;

// Measured on the same devnet with the same lane and 200 messages, by the project, in 2026: the
// TypeScript relayer of @hyperlane-xyz/cli 44.0.2.
const PEER = {
  source: '@hyperlane-xyz/cli 44.0.2 relayer, same devnet, 200 messages',
  seconds_to_deliver: 801,
  messages_per_second: 0.25,
  rpc_calls_per_message: 20,
  cpu_ms_per_message: 68.5,
  rss_mib: 737, // all resident memory: 773 MB; its anonymous part was not measured
};

const TITLE = `Measures how messages are relayed, and prints one JSON line (medians over rounds).
Exit codes: 0 measured, 1 something was not delivered, 2 wrong usage, 3 something cannot be had.`;

const OPTIONS = {
  messages: { type: 'string', value: 'N', default: '200', help: 'messages of a round' },
  rounds: { type: 'string', value: 'N', default: '3', help: 'rounds on the same nodes' },
  program: { type: 'string', value: 'FILE', help: 'the node\'s program',
    default: process.env.SLUICE_PROGRAM || path.join(root, 'build/release/sluice') },
  data: { type: 'string', value: 'DIR', default: path.join(root, 'build/bench-relay'),
    help: 'made anew; logs stay there' },
  batch: { type: 'string', value: 'N', default: '12',
    help: 'messages of one transaction, in one more round; 0: no such round' },
  methods: { type: 'boolean', help: 'also say on standard error which calls were made' },
};

/** A proxy for each chain, also in `opened`, and the option that makes a node use them. */
async function openProxies({ chains }, opened) {
  const list = await Promise.all(chains.map(({ wsUrl }) => Proxy.open(wsUrl)));
  opened.push(...list);
  return { list, endpointOf: (chain) => list[chains.indexOf(chain)].url };
}

const callsOf = (proxies) => proxies.list.reduce((sum, { total }) => sum + total, 0);

async function openBench(stage, opened) {
  await stage.open();
  const relayerProxies = await openProxies(stage.devnet, opened);
  const validatorProxies = [];
  for (let i = 0; i < stage.devnet.validators.length; ++i) {
    const proxies = await openProxies(stage.devnet, opened);
    validatorProxies.push(proxies);
    await stage.start(stage.write({
      name: `validator${i + 1}`, validator: i, endpointOf: proxies.endpointOf,
    }));
  }
  await stage.waitAnnounced();
  const relayer = stage.write({
    name: 'relayer', capital: false, endpointOf: relayerProxies.endpointOf,
  });
  const { child } = await stage.start(relayer);
  return { stage, relayer, relayerProxies, validatorProxies, pid: child.pid };
}

/** Gas of the transactions that delivered messages, for each of them. */
async function gasEach({ chains: [, { httpUrl }] }, messages) {
  const hashes = new Set(messages.map(({ deliveries }) => deliveries[0].transaction));
  const used = await Promise.all([...hashes].map(async (hash) =>
    Number((await rpc(httpUrl, 'eth_getTransactionReceipt', [hash])).gasUsed)));
  return used.reduce((sum, gas) => sum + gas, 0) / messages.length;
}

/** The same messages by a node that sends several in one transaction; what that saves of the gas. */
async function batchRound(bench, count, batch, gasAlone) {
  const { stage, relayer, relayerProxies } = bench;
  await stage.end(relayer);
  const batching = stage.write({ name: 'batching', capital: false,
    endpointOf: relayerProxies.endpointOf,
    settingsOf: ({ multicall }) => ({ multicall: `"${multicall}"`, batch_max: batch }) });
  const { child: { pid } } = await stage.start(batching);
  const round = await runRound({ ...bench, pid }, count);
  return {
    batch_gas_per_message: rounded(round.gas_per_message),
    batch_seconds_to_deliver: round.seconds_to_deliver,
    batch_gas_saved: rounded(1 - round.gas_per_message / gasAlone),
  };
}

const readBlock = (chain, number) =>
  rpc(chain.httpUrl, 'eth_getBlockByNumber', [`0x${number.toString(16)}`, false]);

/** The newest block of a chain that is not younger than a time. */
async function blockAt(chain, seconds) {
  let number = Number(await rpc(chain.httpUrl, 'eth_blockNumber'));
  while (number > chain.startBlock) {
    if (Number((await readBlock(chain, number)).timestamp) <= seconds) break;
    number -= 1;
  }
  return number;
}

/** Waits until messages are delivered; resolves to them with their deliveries. */
async function waitDelivered(stage, ids) {
  const end = Date.now() + ROUND_MAX_MS;
  const wanted = new Set(ids);
  for (;;) {
    stage.check();
    const { messages } = await readMessages(stage.devnet);
    const mine = messages.filter(({ id }) => wanted.has(id));
    const open = mine.filter(({ deliveries }) => deliveries.length === 0).length;
    showProgress(`bench: ${mine.length - open} of ${ids.length} delivered`);
    if (open === 0 && mine.length === ids.length) return mine;
    if (Date.now() > end) throw new Stop(EXIT_FAILED, `${open} of ${ids.length} not delivered`);
    await sleep(POLL_MS);
  }
}

async function describeTimes({ chains: [origin, destination] }, messages) {
  const lastDispatch = Math.max(...messages.map(({ block }) => block));
  const firstSeconds = Math.min(...messages.map(({ seconds }) => seconds));
  const finalBlock = await readBlock(origin, lastDispatch + FINALITY_BLOCKS);
  const finalSeconds = Number(finalBlock.timestamp);
  const lastDelivery = Math.max(...messages.map(({ deliveries }) => deliveries[0].block));
  const lastSeconds = Math.max(...messages.map(({ deliveries }) => deliveries[0].seconds));
  return {
    blocks_to_deliver: lastDelivery - (await blockAt(destination, finalSeconds)),
    seconds_to_deliver: lastSeconds - finalSeconds,
    messages_per_second: messages.length / Math.max(1, lastSeconds - firstSeconds),
  };
}

async function runRound(bench, count) {
  const { stage, relayerProxies, validatorProxies, pid } = bench;
  const anvils = readProcesses(path.join(stage.folder, 'devnet')).map((record) => record.pid);
  const mine = [pid, ...childrenOf(pid)];
  const read = () => ({
    calls: callsOf(relayerProxies),
    validatorCalls: validatorProxies.map(callsOf),
    cpu: cpuMs(mine),
    anvilCpu: cpuMs(anvils),
  });
  const memory = new MemoryWatch(pid);
  const before = read();
  try {
    const lane = ['--burst', '--lane', 'alpha:beta'];
    const { ids } = await stage.traffic([...lane, '--transfers', '0', '--messages', String(count)]);
    const messages = await waitDelivered(stage, ids);
    await sleep(AFTER_MS);
    const after = read();
    const each = (now, then) => (now - then) / count;
    return {
      ...(await describeTimes(stage.devnet, messages)),
      rpc_calls_per_message: each(after.calls, before.calls),
      validator_rpc_calls_per_message: Math.max(
        ...after.validatorCalls.map((calls, i) => each(calls, before.validatorCalls[i]))),
      cpu_ms_per_message: each(after.cpu, before.cpu),
      rss_anon_mib: memory.peak,
      anvil_cpu_ms_per_message: each(after.anvilCpu, before.anvilCpu),
      gas_per_message: await gasEach(stage.devnet, messages),
    };
  } finally {
    memory.stop();
  }
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const rounded = (value) => Math.round(value * 100) / 100;

function summarize(rounds, count, batched) {
  const names = Object.keys(rounds[0]);
  const result = { messages: count, rounds: rounds.length };
  for (const name of names) result[name] = rounded(median(rounds.map((round) => round[name])));
  const times = (theirs, ours) => (ours > 0 ? Math.round((theirs / ours) * 10) / 10 : null);
  return {
    ...result,
    ...batched,
    peer: PEER,
    times_fewer_calls: times(PEER.rpc_calls_per_message, result.rpc_calls_per_message),
    times_less_cpu: times(PEER.cpu_ms_per_message, result.cpu_ms_per_message),
    times_faster: times(PEER.seconds_to_deliver, result.seconds_to_deliver),
  };
}

function sayMethods({ relayerProxies, stage }) {
  relayerProxies.list.forEach(({ calls }, i) => {
    const list = [...calls].sort((a, b) => b[1] - a[1]).map(([name, n]) => `${name} ${n}`);
    process.stderr.write(`bench: ${stage.devnet.chains[i].name}: ${list.join(', ')}\n`);
  });
}

async function main() {
  process.env.SLUICE_PORT_BASE ||= PORT_BASE;
  const options = readOptions(TITLE, OPTIONS);
  const count = readCount('--messages', options.messages, 1, 10_000);
  const roundsCount = readCount('--rounds', options.rounds, 1, 1000);
  const batch = readCount('--batch', options.batch, 0, 16);
  deferInterrupts();
  const stage = new Stage({ folder: options.data, program: options.program, chains: 2 });
  const opened = [];
  try {
    const bench = await openBench(stage, opened);
    const rounds = [];
    for (let i = 0; i < roundsCount; ++i) rounds.push(await runRound(bench, count));
    if (options.methods) sayMethods(bench);
    const gasAlone = median(rounds.map(({ gas_per_message: gas }) => gas));
    const batched = batch > 0 ? await batchRound(bench, count, batch, gasAlone) : {};
    endProgress();
    process.stdout.write(`${JSON.stringify(summarize(rounds, count, batched))}\n`);
  } finally {
    await stage.close();
    opened.forEach((proxy) => proxy.close());
  }
}

runProgram('bench', main);
