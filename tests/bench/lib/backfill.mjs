// SPDX-License-Identifier: Apache-2.0
//
// A relayer starts beside a history of a million messages that were delivered long ago, on both of
// its chains, and is killed twice while it reads it. Meanwhile new messages are sent, one after the
// other. The chains are real; the logs of their history are made by the endpoint (past.mjs).

import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { rpc } from '../../../deploy/devnet/lib/rpc.mjs';
import { Stage } from '../../../deploy/devnet/lib/stage.mjs';
import { EXIT_FAILED, Stop, deferInterrupts, endProgress, readCount, readOptions, runProgram,
  showProgress, sleep } from '../../../deploy/devnet/lib/terminal.mjs';
import { countDelivered, dispatch } from '../../e2e/lib/dispatch.mjs';
import { Past, PastProxy } from './past.mjs';
import { anonymousMib, cpuMs } from './usage.mjs';

const run = promisify(execFile);
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

const PORT_BASE = '18740';
const CHAINS = 2;
const PER_BLOCK = 500;
const BLOCKS_PER_RANGE = 500; // fewer than usual: mining the blocks takes longest
const STALL_MAX_MS = 120_000;
const POLL_MS = 500;
const NEW_EVERY_MS = 3000;
const RECENT_BLOCKS = 1200; // more than two ranges: what is not passed over is empty
const EPOCHS = 10; // of the series

const TITLE = `Measures how a long history is read, and prints one JSON line.
Exit codes: 0 measured, 1 something is missing, 2 wrong usage, 3 something cannot be had.`;

const OPTIONS = {
  messages: { type: 'string', value: 'N', default: '1000000', help: 'of history' },
  kills: { type: 'string', value: 'N', default: '2', help: 'SIGKILLs while it is read' },
  program: { type: 'string', value: 'FILE', help: 'the node\'s program',
    default: process.env.SLUICE_PROGRAM || path.join(root, 'build/release/sluice') },
  data: { type: 'string', value: 'DIR', default: path.join(root, 'build/bench-backfill'),
    help: 'made anew; logs stay there' },
};

const headOf = ({ httpUrl }) => rpc(httpUrl, 'eth_blockNumber').then(Number);

/** How far the reading is, both chains together; chains that are through with it are not in it. */
async function historyOf(stage, relayer) {
  const { stdout } = await run(stage.program, ['status', '--json', '--config', relayer.config]);
  const { history } = JSON.parse(stdout);
  const sum = (name) => history.reduce((total, one) => total + one[name], 0);
  const log = readFileSync(relayer.log, 'utf8');
  const passed = [...log.matchAll(/text="blocks (\d+) to (\d+), beside/g)];
  return {
    blocks: passed.reduce((total, [, from, to]) => total + Number(to) + 1 - Number(from), 0),
    isBegun: passed.length === CHAINS,
    isRead: [...log.matchAll(/reason="all history was read"/g)].length === CHAINS,
    left: sum('blocks') - sum('blocks_read'),
    facts: sum('facts'),
  };
}

/** Sends messages one after the other until told to stop; how long each took, in seconds. */
class NewMessages {
  constructor(devnet) {
    Object.assign(this, { devnet, seconds: [], isOver: false, failure: null });
    this.work = this.run().catch((error) => (this.failure = error));
  }

  async run() {
    // The other way round: the origin's nonces are all those of its history.
    const [destination, origin] = this.devnet.chains;
    while (!this.isOver) {
      const message = await dispatch(this.devnet, origin, destination);
      const sent = Date.now();
      while ((await countDelivered(destination, [message])) === 0) {
        if (Date.now() - sent > STALL_MAX_MS) throw new Stop(EXIT_FAILED, 'a new message is stuck');
        await sleep(100);
      }
      this.seconds.push((Date.now() - sent) / 1000);
      await sleep(NEW_EVERY_MS);
    }
  }

  async end() {
    this.isOver = true;
    await this.work;
    if (this.failure) throw this.failure;
    return [...this.seconds].sort((a, b) => a - b);
  }
}

class Reading {
  constructor(stage, relayer) {
    Object.assign(this, { stage, relayer, cpu: 0, memory: [], lost: 0 });
  }

  async start() {
    const { child } = await this.stage.start(this.relayer);
    this.pid = child.pid;
  }

  async kill() {
    const before = await historyOf(this.stage, this.relayer);
    this.cpu += cpuMs([this.pid]);
    await this.stage.end(this.relayer, 'SIGKILL');
    await this.start();
    const after = await historyOf(this.stage, this.relayer);
    this.lost += Math.max(0, after.left - before.left);
  }

  /** Reads to the end, with so many kills on the way. Resolves to seconds. */
  async run(kills, messages) {
    const started = Date.now();
    let [moved, left, done] = [started, Infinity, 0];
    await this.start();
    for (;;) {
      this.stage.check();
      if (messages.failure) throw messages.failure;
      const history = await historyOf(this.stage, this.relayer);
      if (history.isRead) break;
      if (history.left < left) [moved, left] = [Date.now(), history.left];
      if (Date.now() - moved > STALL_MAX_MS) throw new Stop(EXIT_FAILED, 'history is not read on');
      if (history.isBegun) {
        const share = 1 - history.left / history.blocks;
        this.memory.push({ share, mib: anonymousMib(this.pid) });
        showProgress(`bench: ${Math.round(100 * share)} % of ${history.blocks} blocks, ` +
          `${history.facts} facts`);
        if (done < kills && share > (done + 1) / (kills + 1)) {
          done += 1;
          await this.kill();
        }
      }
      await sleep(POLL_MS);
    }
    this.cpu += cpuMs([this.pid]);
    this.memory.push({ share: 1, mib: anonymousMib(this.pid) });
    return (Date.now() - started) / 1000;
  }

  /** The most anonymous memory in each tenth of the way. */
  series() {
    return Array.from({ length: EPOCHS }, (_, i) => {
      const of = this.memory.filter(({ share }) =>
        Math.min(EPOCHS - 1, Math.floor(share * EPOCHS)) === i);
      return of.length === 0 ? null : rounded(Math.max(...of.map(({ mib }) => mib)));
    });
  }
}

const rounded = (value) => Math.round(value * 100) / 100;

async function main() {
  process.env.SLUICE_PORT_BASE ||= PORT_BASE;
  const options = readOptions(TITLE, OPTIONS);
  const count = readCount('--messages', options.messages, 10_000, 10_000_000);
  const kills = readCount('--kills', options.kills, 0, 100);
  deferInterrupts();
  const stage = new Stage({ folder: options.data, program: options.program, chains: CHAINS });
  const proxies = [];
  try {
    await stage.open();
    const [origin, destination] = stage.devnet.chains;
    const first = 1 + Math.max(await headOf(origin), await headOf(destination));
    const past = new Past({ origin, destination, count, perBlock: PER_BLOCK, first });
    past.readIds();
    await stage.startValidators(); // before the blocks come: a tree must begin before its first leaf
    await Promise.all(stage.devnet.chains.map(async (chain) => {
      const blocks = past.last + RECENT_BLOCKS - (await headOf(chain));
      await rpc(chain.httpUrl, 'anvil_mine', [`0x${blocks.toString(16)}`]);
    }));
    proxies.push(await PastProxy.show(origin, past, 'logsOfOrigin'));
    proxies.push(await PastProxy.show(destination, past, 'logsOfDestination'));
    const relayer = stage.write({
      name: 'relayer', capital: false, mode: 'observe',
      nodeSettings: { journal_max: '200 GiB' },
      settingsOf: () => ({ blocks_per_range: BLOCKS_PER_RANGE }),
      endpointOf: (chain) => proxies[stage.devnet.chains.indexOf(chain)].url,
    });
    const reading = new Reading(stage, relayer);
    const messages = new NewMessages(stage.devnet);
    const seconds = await reading.run(kills, messages);
    const delays = await messages.end();
    endProgress();
    const facts = 4 * count;
    const series = reading.series();
    process.stdout.write(`${JSON.stringify({
      bench: 'backfill',
      messages: count,
      facts,
      seconds: rounded(seconds),
      facts_per_second: Math.round(facts / seconds),
      facts_per_cpu_second: Math.round((facts * 1000) / reading.cpu),
      facts_given: proxies.reduce((sum, { answered }) => sum + answered, 0),
      kills,
      blocks_lost_by_kills: reading.lost,
      rss_anon_mib: Math.max(...series.filter((one) => one !== null)),
      rss_anon_mib_by_tenth: series,
      new_messages: delays.length,
      new_message_seconds_median: rounded(delays[Math.floor(delays.length / 2)]),
      new_message_seconds_max: rounded(delays.at(-1)),
      journal_mib: Math.round(statSync(path.join(relayer.data, 'data.mdb')).size / 1048576),
    })}\n`);
  } finally {
    await stage.close();
    proxies.forEach((proxy) => proxy.close());
  }
}

runProgram('bench', main);
