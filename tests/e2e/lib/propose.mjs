// SPDX-License-Identifier: Apache-2.0
//
// route: propose waits for a person, route: observe only watches.

import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { askNode, runVerb } from '../../../deploy/devnet/lib/inspect.mjs';
import { measure } from '../../../deploy/devnet/lib/measurement.mjs';
import { chainShares } from '../../../deploy/devnet/lib/nodes.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { sleep } from '../../../deploy/devnet/lib/terminal.mjs';
import { Watch } from '../../../deploy/devnet/lib/watch.mjs';
import { runSuite } from './suite.mjs';

const PLAN_SECONDS = 40;
const MOVE_SECONDS = 40;
const QUIET_MS = 5000;
const TOLERANCE_BPS = 100;
const ROUTE = { tolerance: '1 %', cooldown: '2s', plan_interval: '1s' };
const WAITING = 'awaiting approval';
const EXIT_REFUSED = 4;

// Of nobody: only this test knows them.
const { privateKeyToAccount } = requirePackage('viem/accounts');
const APPROVER = privateKeyToAccount(`0x${'a9'.repeat(32)}`);
const STRANGER = privateKeyToAccount(`0x${'b8'.repeat(32)}`);

const TRAFFIC = ['--transfers', '40', '--messages', '0', '--rate', '40', '--bias', '1'];

function newestPlan({ program }, node, state) {
  const { plans } = askNode(program, ['plan', '--config', node.config]);
  return plans.find((plan) => plan.state === state);
}

const readMoves = async ({ devnet }) =>
  (await measure(devnet, 0, devnet.relayer.address)).moves;

/** The detached way: the text is signed by somebody who has no node. */
async function approveSigned(program, node, id, account) {
  const { text, expires } = askNode(program, ['approve', id, '--config', node.config, '--print']);
  const signature = await account.signMessage({ message: text });
  return runVerb(program, ['approve', id, '--config', node.config,
    '--signature', signature, '--expires', String(expires)]);
}

runSuite('propose', 'Plans that wait for a person.', {}, async (suite) => {
  const { stage } = suite;
  await stage.open();
  const { program } = stage;
  await stage.startValidators();
  const node = stage.write({ name: 'relayer', mode: 'propose', signerMode: 'act', route: ROUTE });
  await stage.start(node);
  const watch = new Watch(stage.devnet, chainShares(stage.devnet));
  const decide = (verb, id) =>
    runVerb(program, [verb, id, '--config', node.config, '--reason', 'the end-to-end test']);
  // A plan may become void between the look and the word: that is refused, and the next one asked.
  const decideWaiting = (say) =>
    suite.until('a waiting plan that takes the decision', PLAN_SECONDS, async () => {
      const waiting = newestPlan(stage, node, WAITING);
      if (!waiting) {
        return null;
      }
      const { code, out, err } = await say(waiting.id);
      expect(code === 0 || code === EXIT_REFUSED, `exit 0, got ${code}: ${err} ${out}`);
      return code === 0 ? waiting : null;
    });
  await stage.traffic(TRAFFIC);
  let plan = null;
  await suite.check('unbalanced collateral gives a plan that waits for approval', async () => {
    plan = await suite.until('a plan that waits', PLAN_SECONDS, () => {
      stage.check();
      return newestPlan(stage, node, WAITING);
    });
    expect(plan.moves.length > 0, 'a plan with moves');
  });
  await suite.check('nothing moves before the approval', async () => {
    await sleep(QUIET_MS);
    expectEqual(await readMoves(stage), 0, 'moves');
  });
  await suite.check('a plan that nobody made cannot be approved', () => {
    const { code } = decide('approve', `0x${'12'.repeat(32)}`);
    expectEqual(code, EXIT_REFUSED, 'the exit code');
  });
  await suite.check('a rejected plan is void and moves nothing', async () => {
    plan = await decideWaiting((id) => decide('reject', id));
    const { plans } = askNode(program, ['plan', '--config', node.config]);
    expectEqual(plans.find(({ id }) => id === plan.id)?.state, 'void', 'its state');
    const again = decide('approve', plan.id);
    expectEqual(again.code, EXIT_REFUSED, 'the exit code of approving it now');
    await sleep(QUIET_MS / 2);
    expectEqual(await readMoves(stage), 0, 'moves');
  });
  await suite.check('an approved plan is carried out', async () => {
    plan = await decideWaiting((id) => decide('approve', id));
    await suite.until('collateral near its targets, nothing on its way', MOVE_SECONDS, async () => {
      stage.check();
      await watch.refresh();
      const isNear = watch.states.every((_, i) => Math.abs(watch.apart(i)) <= TOLERANCE_BPS);
      return isNear && watch.moves > 0 && watch.openMessages.length === 0;
    });
    expectEqual(await readMoves(stage), plan.moves.length, 'moves');
  });
  await suite.check('a plan shows the text that an approver signs', () => {
    const { mandate } = askNode(program, ['approve', plan.id, '--config', node.config, '--print']);
    const { hash } = askNode(program, ['mandate', 'hash', node.mandate]);
    expectEqual(mandate, hash, 'the hash of the mandate that the plan was made under');
  });
  await suite.check('a signer in mode propose moves nothing without its approver', async () => {
    expectEqual(await stage.end(node), 'code 0', 'the end of the node');
    const before = await readMoves(stage);
    const guarded = stage.write({
      name: 'relayer', mode: 'propose', signerMode: 'propose',
      approvers: [APPROVER.address], route: ROUTE,
    });
    await stage.start(guarded);
    await stage.traffic([...TRAFFIC, '--seed', '3']);
    await decideWaiting((id) => decide('approve', id));
    await sleep(QUIET_MS);
    expectEqual(await readMoves(stage), before, 'moves after a plain approval');
    await decideWaiting((id) => approveSigned(program, node, id, STRANGER));
    await sleep(QUIET_MS);
    expectEqual(await readMoves(stage), before, 'moves after a stranger approved');
  });
  await suite.check('with its approver\'s signature, made elsewhere, it moves', async () => {
    const before = await readMoves(stage);
    plan = await decideWaiting((id) => approveSigned(program, node, id, APPROVER));
    await suite.until('the moves of the plan', MOVE_SECONDS, async () => {
      stage.check();
      return (await readMoves(stage)) === before + plan.moves.length;
    });
  });
  await suite.check('observe plans and moves nothing', async () => {
    const before = await readMoves(stage);
    expectEqual(await stage.end(node), 'code 0', 'the end of the node');
    const observer = stage.write({ name: 'relayer', mode: 'observe', route: ROUTE });
    await stage.start(observer);
    await stage.traffic([...TRAFFIC, '--seed', '2']);
    await suite.until('an observed plan', PLAN_SECONDS, () => {
      stage.check();
      return newestPlan(stage, observer, 'observed');
    });
    await sleep(QUIET_MS);
    expectEqual(await readMoves(stage), before, 'moves');
  });
});
