// SPDX-License-Identifier: Apache-2.0
//
// The demo from outside: its last line, its exit code, and that nothing of it is left.

import { spawn } from 'node:child_process';
import path from 'node:path';
import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { EXIT_INTERRUPTED, stopIfInterrupted } from '../../../deploy/devnet/lib/terminal.mjs';
import { processesNaming } from './processes.mjs';
import { root, runSuite } from './suite.mjs';

const RUN_MAX_MS = 240_000;
const DELIVERED_MIN = 200;
const NAMES = ['delivered', 'lost', 'duplicated', 'moved', 'moves', 'deposited', 'followed', 'topped_up',
  'liquidated', 'redeemed', 'earned', 'ledger_difference', 'journal'];

/** Runs the demo to its end; an interrupt is sent when it says `interruptAt`. */
function runDemo({ program, data }, interruptAt = null) {
  const args = ['--program', program, '--data', data];
  const child = spawn(path.join(root, 'deploy/demo'), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  child.stdout.on('data', (bytes) => (said.out += bytes));
  child.stderr.on('data', (bytes) => {
    const before = said.err;
    said.err += bytes;
    const isNew = interruptAt && !before.includes(interruptAt) && said.err.includes(interruptAt);
    if (isNew) child.kill('SIGINT');
  });
  const timer = setTimeout(() => child.kill('SIGINT'), RUN_MAX_MS);
  const onSignal = () => child.kill('SIGINT');
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, ...said });
    });
  });
}

runSuite('demo', 'Runs deploy/demo and checks what it promises.', {}, async (suite) => {
  const { data } = suite.options;
  const result = await runDemo(suite.options);
  stopIfInterrupted();
  const tail = `${result.err.trim().split('\n').slice(-5).join('\n')}\n${result.out}`;
  let line = {};
  await suite.check('the demo ends with 0 and a last line of JSON', () => {
    expect(result.code === 0, `exit 0, not ${result.code}:\n${tail}`);
    line = JSON.parse(result.out.trim().split('\n').at(-1));
    expectEqual(Object.keys(line).join(), NAMES.join(), 'its names');
  });
  await suite.check('at least 200 messages delivered, none lost, none twice', () => {
    expect(line.delivered >= DELIVERED_MIN, `${DELIVERED_MIN} delivered, got ${line.delivered}`);
    expectEqual(line.lost, 0, 'lost');
    expectEqual(line.duplicated, 0, 'duplicated');
  });
  await suite.check('capital moved, the ledger reconciles, the journals are verified', () => {
    expect(line.moves > 0 && BigInt(line.moved) > 0n, 'moves');
    expectEqual(line.ledger_difference, '0', 'the ledger\'s difference');
    expectEqual(line.journal, 'verified', 'the journal');
  });
  await suite.check('capital was put to work, followed a rate, saved a debt and came home', () => {
    expectEqual(line.deposited, '100000000000', 'what people brought');
    expect(BigInt(line.followed) > 50_000_000_000n, 'capital of both chains where the rate is');
    expect(BigInt(line.topped_up) > 3_000_000_000n, 'collateral from another chain');
    expectEqual(line.liquidated, 0, 'debts that could be liquidated');
    expectEqual(line.redeemed, '35000000000', 'what people wanted back');
    expect(BigInt(line.earned) > 0n, 'yield');
    const acts = ['people bring', 'the plan put', 'nothing moves', 'the plan followed', 'came from alpha as collateral',
      'a liquidator tries', 'it lies ready', 'the books agree'];
    const told = acts.map((words) => result.err.indexOf(words));
    expect(told.every((at, i) => at > (told[i - 1] ?? -1)), `every act told, in its order: ${told}`);
  });
  await suite.check('the node was killed in the middle and delivered again', () => {
    expect(result.err.includes('SIGKILL'), 'a SIGKILL');
    expect(/first delivery was on chain after/.test(result.err), 'a delivery after it');
  });
  await suite.check('no process of it is left', () => {
    expectEqual(processesNaming(data).length, 0, 'processes');
  });
  await suite.check('an interrupt ends it and all that it started', async () => {
    const { code, err } = await runDemo(suite.options, 'messages 2');
    expectEqual(code, EXIT_INTERRUPTED, `the exit code (${err.trim().split('\n').at(-1)})`);
    expectEqual(processesNaming(data).length, 0, 'processes');
  });
});
