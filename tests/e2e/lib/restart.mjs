// SPDX-License-Identifier: Apache-2.0
//
// Kills nodes with SIGKILL at random moments while users send and capital moves. At the end every
// message was delivered, no transaction was sent for nothing, and every journal replays.

import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { replayJournal, verifyJournal } from '../../../deploy/devnet/lib/inspect.mjs';
import { measure } from '../../../deploy/devnet/lib/measurement.mjs';
import { chainShares } from '../../../deploy/devnet/lib/nodes.mjs';
import { Random } from '../../../deploy/devnet/lib/random.mjs';
import { sleep } from '../../../deploy/devnet/lib/terminal.mjs';
import { Watch } from '../../../deploy/devnet/lib/watch.mjs';
import { runSuite } from './suite.mjs';

const KILLS = 20;
const LIFE_MIN_MS = 100;
const LIFE_MAX_MS = 1800;
const RELAYER_SHARE = 0.75; // the other kills are for validators
const SETTLE_SECONDS = 60;
const TOLERANCE_BPS = 100;

async function killAtRandom(stage, random, relayer, validators) {
  for (let i = 0; i < KILLS; ++i) {
    await sleep(random.between(LIFE_MIN_MS, LIFE_MAX_MS));
    const node = random.fraction() < RELAYER_SHARE ? relayer : random.pick(validators);
    expectEqual(await stage.end(node, 'SIGKILL'), 'SIGKILL', `the end of ${node.name}`);
    await stage.start(node);
  }
}

runSuite('restart', 'Kills nodes at random moments.', { seed: '1' }, async (suite) => {
  const { stage } = suite;
  const random = new Random(suite.options.seed);
  await stage.open();
  const validators = await stage.startValidators();
  const route = { tolerance: `${TOLERANCE_BPS / 100} %`, cooldown: '2s', plan_interval: '1s' };
  const relayer = stage.write({ name: 'relayer', mode: 'act', route });
  await stage.start(relayer);
  const traffic = stage.traffic(['--transfers', '80', '--messages', '80', '--rate', '8', '--bias',
    '0.8', '--seed', String(suite.options.seed)]);
  traffic.catch(() => {}); // it is awaited below
  let result = null;
  await suite.check(`${KILLS} kills, each time the node is ready again`, () =>
    killAtRandom(stage, random, relayer, validators));
  await suite.check('every message is delivered and collateral is back in balance', async () => {
    const watch = new Watch(stage.devnet, chainShares(stage.devnet));
    await traffic;
    await suite.until('all delivered and balanced', SETTLE_SECONDS, async () => {
      stage.check();
      await watch.refresh();
      const isNear = watch.states.every((_, i) => Math.abs(watch.apart(i)) <= TOLERANCE_BPS);
      return isNear && watch.openMessages.length === 0;
    });
    result = await measure(stage.devnet, 0, stage.devnet.relayer.address);
    expectEqual(result.lost, 0, 'lost messages');
  });
  await suite.check('none twice, none made up, none sent for nothing', () => {
    expectEqual(result.duplicated, 0, 'messages delivered twice');
    expectEqual(result.unknown, 0, 'messages that nobody sent');
    expectEqual(result.revertedProcess, 0, 'transactions that reverted');
    expectEqual(result.relayer.process.count, result.delivered, 'transactions');
  });
  await suite.check('every token is where it should be, and capital moved', () => {
    expectEqual(result.supplyDifference, '0', 'missing tokens');
    expectEqual(result.collateralDifference, '0', 'missing collateral');
    expect(result.moves > 0, 'moves');
    expectEqual(result.relayer.rebalance.reverted, 0, 'moves that reverted');
  });
  await suite.check('all nodes end in good order', async () => {
    const ends = await stage.endNodes();
    expectEqual(ends.filter((how) => how !== 'code 0').join(), '', 'other ends');
  });
  for (const node of [relayer, ...validators]) {
    await suite.check(`the journal of ${node.name} is whole and replays`, () => {
      for (const { ok, words } of [verifyJournal, replayJournal].map((run) =>
        run(stage.program, node))) {
        expect(ok, `a sound journal: ${words}`);
      }
    });
  }
});
