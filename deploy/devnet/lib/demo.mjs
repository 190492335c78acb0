// SPDX-License-Identifier: Apache-2.0
//
// The demo: a devnet, three validators, one node that relays and rebalances, users who unbalance
// it, people whose capital it puts to work, a SIGKILL in the middle, and a verdict read from the chains.

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { PORT_BASE_DEFAULT } from './chains.mjs';
import { Display } from './display.mjs';
import { handOverLog, isIdle, lastWords, readLedger, readStatus, replayJournal, verifyJournal }
  from './inspect.mjs';
import { chainShares } from './nodes.mjs';
import { Stage, endStage } from './stage.mjs';
import { STORY_ROUTE, Story } from './story.mjs';
import { EXIT_FAILED, Stop, deferInterrupts, readCount, readOptions, runProgram, sleep }
  from './terminal.mjs';
import { findFaults, judge, summaryText, verdictLine } from './verdict.mjs';
import { Watch } from './watch.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

const USER_MESSAGES_MIN = 200;
const TICK_MS = 1000;
const FAST_TICK_MS = 200;
const PAUSE_MS = 2000;
const SETTLE_MAX_MS = 45_000;
const RECOVER_MAX_MS = 30_000;
const TOLERANCE_BPS = 200;
const SITE_PORT_OFFSET = 40; // beside the chains' ports
const HANDED_OVER = 1000; // the number of a record, somewhere in the middle of things

const TITLE = `Shows the whole node at work on a local devnet, in under two minutes.
Exit codes: 0 everything as promised, 1 something was not, 2 wrong usage, 3 something cannot be
had.`;

const OPTIONS = {
  keep: { type: 'boolean', help: 'leave everything running, and say what to try next' },
  end: { type: 'boolean', help: 'end what --keep left running' },
  transfers: { type: 'string', value: 'N', default: '120', help: 'token transfers by users' },
  messages: { type: 'string', value: 'N', default: '120', help: 'plain messages' },
  rate: { type: 'string', value: 'N', default: '10', help: 'of both together, a second' },
  seed: { type: 'string', value: 'S', default: '1', help: 'decides the traffic' },
  data: { type: 'string', value: 'DIR', default: path.join(root, 'build/demo'),
    help: 'made anew; logs stay there' },
  program: { type: 'string', value: 'FILE', default: path.join(root, 'build/release/sluice'),
    help: 'the node\'s program' },
};

const sitePort = () => Number(process.env.SLUICE_PORT_BASE || PORT_BASE_DEFAULT) + SITE_PORT_OFFSET;

/** One showing: what stands on the stage and what the audience sees. */
class Demo {
  constructor(options) {
    this.stage = new Stage({ folder: options.data, program: options.program });
    this.display = new Display();
    this.options = options;
    this.traffic = { ids: null, error: null };
    this.relayer = null;
    this.watch = null;
    this.story = null;
  }

  /** Shows how things go until a condition holds; false when that takes too long. */
  async until(isDone, maxMs, tickMs = TICK_MS) {
    const end = Date.now() + maxMs;
    let shown = 0;
    for (;;) {
      this.stage.check();
      if (this.traffic.error) throw this.traffic.error;
      await this.watch.refresh();
      if (Date.now() - shown >= TICK_MS) {
        shown = Date.now();
        const isAlive = this.stage.handles.has(this.relayer.name);
        const words = isAlive ? lastWords(this.relayer) : `${this.relayer.name}: not running`;
        const places = this.isCapitalShown ? await this.story.look() : null;
        this.display.show({ watch: this.watch, tolerance: TOLERANCE_BPS, words, places });
      }
      if (await isDone()) return true;
      if (Date.now() >= end) return false;
      await sleep(tickMs);
    }
  }

  async open() {
    const { display, stage } = this;
    display.say('starting three chains with the real contracts', 'bold');
    await stage.open().catch((error) => {
      const how = `end it with deploy/demo --end${this.dataHint()}`;
      throw /still run in/.test(error.message) ?
        new Stop(error.code, `${error.message}: ${how}`) : error;
    });
    this.watch = new Watch(stage.devnet, chainShares(stage.devnet));
    display.say('starting three validators; each announces where it publishes its signatures');
    display.say('on beta people set up Aave v3, lend 9,000 USDC there and borrow two coins');
    this.story = new Story({ stage, say: (...words) => display.say(...words),
      until: (...how) => this.until(...how) });
    [this.validators] = await Promise.all([stage.startValidators(), this.prepare()]);
    display.say('starting the node: it relays messages, keeps routers in balance and puts capital to work (route: act)');
    await stage.start(this.relayer);
    display.say(`watch it live: http://127.0.0.1:${sitePort()}/`, 'green');
  }

  async prepare() {
    const capital = await this.story.open();
    const route = { tolerance: `${TOLERANCE_BPS / 100} %`, ...STORY_ROUTE };
    this.relayer = this.stage.write(
      { name: 'relayer', mode: 'act', route, log: {}, site: sitePort(), ...capital });
    await this.story.prepare(this.relayer);
  }

  sendTraffic() {
    const { transfers, messages, rate, seed } = this.options;
    const numbers = Object.entries({ transfers, messages, rate, seed });
    this.stage.traffic(numbers.flatMap(([name, value]) => [`--${name}`, value])).then(
      ({ ids }) => (this.traffic.ids = ids),
      (error) => (this.traffic.error = error),
    );
  }

  async killAndRestart() {
    const { display, stage, watch } = this;
    display.say('SIGKILL: the node dies now, in the middle of its work', 'red');
    await stage.end(this.relayer, 'SIGKILL');
    await this.until(() => false, PAUSE_MS);
    const before = new Set(watch.delivered);
    const started = Date.now();
    display.say('starting it again', 'green');
    await stage.start(this.relayer);
    const ready = Date.now() - started;
    const isBack = () => [...watch.delivered].some((id) => !before.has(id));
    const recovered = await this.until(isBack, RECOVER_MAX_MS, FAST_TICK_MS);
    const delivery = ((Date.now() - started) / 1000).toFixed(1);
    display.say(recovered
      ? `the node was ready after ${ready} ms; its first delivery was on chain after ${delivery} s`
      : `no delivery in ${RECOVER_MAX_MS / 1000} s`, recovered ? 'green' : 'red');
  }

  async play() {
    const { display, options } = this;
    await this.story.bring();
    const seconds = (Number(options.transfers) + Number(options.messages)) / Number(options.rate);
    display.say(`users send ${options.transfers} transfers and ${options.messages} messages, ` +
      `${options.rate} a second: mostly from alpha to gamma`, 'bold');
    this.sendTraffic();
    await this.until(() => false, seconds * 450);
    await this.killAndRestart();
    await this.until(() => this.traffic.ids !== null, seconds * 1000 + SETTLE_MAX_MS);
    display.say('all traffic is sent; the node finishes its work');
    await this.settle('all is delivered, the routers are back in balance');
    await this.playCapital();
    await this.settle('nothing is on its way any more');
    await this.story.reconcile();
  }

  /** What people brought meanwhile earns; then the world changes. */
  async playCapital() {
    this.isCapitalShown = true;
    await this.story.allocate();
    await this.story.stay();
    await this.story.follow();
    await this.story.save();
    await this.story.bringHome();
  }

  async settle(words) {
    const settled = await this.until(() => this.isSettled(), SETTLE_MAX_MS, FAST_TICK_MS);
    this.display.say(settled ? words : `not everything settled in ${SETTLE_MAX_MS / 1000} s`, settled ? 'green' : 'red');
  }

  /** On the chains nothing is open and all is near its target, and the node says so too. */
  isSettled() {
    const { watch } = this;
    const isNear = watch.states.every((_, i) => Math.abs(watch.apart(i)) <= TOLERANCE_BPS);
    return isNear && watch.openMessages.length === 0 &&
      isIdle(readStatus(this.stage.program, this.relayer));
  }

  async close() {
    if (this.options.keep) return;
    this.display.say('stopping the nodes in good order (SIGTERM)');
    const ends = await this.stage.endNodes();
    const bad = ends.filter((how) => how !== 'code 0');
    if (bad.length > 0) this.display.say(`a node ended with ${bad[0]}`, 'red');
  }

  async judge() {
    const { display, stage, watch } = this;
    display.say('checking: journals from their records alone, messages and money from the chains');
    const nodes = [this.relayer, ...this.validators];
    return judge({
      devnet: stage.devnet,
      story: this.story,
      ids: this.traffic.ids ?? [],
      watch,
      tolerance: TOLERANCE_BPS,
      journals: [
        ...[verifyJournal, replayJournal].flatMap((check) =>
          nodes.map((node) => check(stage.program, node))),
        ...handOverLog(stage.program, this.relayer, HANDED_OVER),
      ],
      ledger: await readLedger(stage, this.relayer),
    });
  }

  report(verdict) {
    const faults = findFaults(verdict, USER_MESSAGES_MIN);
    process.stdout.write(`\n${summaryText(verdict)}\n`);
    for (const fault of faults) process.stdout.write(`  not as promised: ${fault}\n`);
    if (faults.length > 0) {
      process.stdout.write(`  logs: ${this.stage.folder}/*/node.log\n\n`);
    }
    if (this.options.keep) process.stdout.write(this.hints());
    process.stdout.write(`${verdictLine(verdict)}\n`);
    return faults.length === 0 ? 0 : EXIT_FAILED;
  }

  hints() {
    const here = (file) => {
      const short = path.relative(process.cwd(), file);
      return short.startsWith('..') ? file : short;
    };
    const sluice = here(this.stage.program);
    const config = here(this.relayer.config);
    const data = here(this.relayer.data);
    const devnet = here(path.join(this.stage.folder, 'devnet'));
    return [
      `Everything is left running. Open http://127.0.0.1:${sitePort()}/ or try:`,
      `  ${sluice} status --config ${config}`,
      `  ${sluice} plan --config ${config}`,
      `  ${sluice} messages list --state all --limit 20 --config ${config}`,
      `  ${sluice} journal tail ${data}`,
      `  deploy/devnet/traffic --data ${devnet} --transfers 50 --messages 50`,
      `  ${sluice} why --config ${config}`,
      `  ${sluice} pause --config ${config} --reason lunch    (and: resume)`,
      `  ${sluice} replay ${data}`,
      'and to end it:',
      `  deploy/demo --end${this.dataHint()}`,
      '', '',
    ].join('\n');
  }

  dataHint() {
    return this.options.data === OPTIONS.data.default ? '' : ` --data ${this.options.data}`;
  }
}

async function main() {
  const options = readOptions(TITLE, OPTIONS);
  readCount('--transfers', options.transfers, 0, 100_000);
  readCount('--messages', options.messages, 0, 100_000);
  readCount('--rate', options.rate, 1, 1000);
  if (options.end) {
    const count = await endStage(path.resolve(options.data));
    process.stderr.write(`demo: ${count} processes ended\n`);
    return 0;
  }
  deferInterrupts();
  const demo = new Demo(options);
  let isKept = false;
  try {
    await demo.open();
    await demo.play();
    await demo.close();
    const code = demo.report(await demo.judge());
    isKept = Boolean(options.keep);
    return code;
  } finally {
    if (!isKept) await demo.stage.close();
  }
}

runProgram('demo', main);
