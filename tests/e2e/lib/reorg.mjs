// SPDX-License-Identifier: Apache-2.0
//
// Replaces blocks of the origin. Before they are final, the chain that stays is the truth: what was
// sent on lost blocks alone is never delivered, and what was sent on the others is, at any depth and
// over a restart. A final block that is replaced stops the chain until a person has looked.

import { rmSync } from 'node:fs';
import path from 'node:path';
import { mailboxAbi } from '../../../deploy/devnet/lib/abi.mjs';
import { readProcesses } from '../../../deploy/devnet/lib/devnet.mjs';
import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { measure } from '../../../deploy/devnet/lib/measurement.mjs';
import { readLog } from '../../../deploy/devnet/lib/nodes.mjs';
import { callContract, rpc } from '../../../deploy/devnet/lib/rpc.mjs';
import { sleep } from '../../../deploy/devnet/lib/terminal.mjs';
import { countDelivered, dispatch } from './dispatch.mjs';
import { chainStatus, countRecords, runOperator } from './operator.mjs';
import { runSuite } from './suite.mjs';

const ROUNDS = 4;
// The chain calls the head less 2 final: the last two blocks may be replaced.
const DEPTH = 2;
const SETTLE_SECONDS = 120;
const NEXT_BLOCK_SECONDS = 5;
const LINGER_MS = 500;
// Under a finality of so many blocks, reorganisations of these depths are before it.
const FINALITY_BLOCKS = 600;
// How many blocks go, and whether the relayer is killed before and starts after.
const ROUNDS_BELOW = [
  ...[1, 7, 64, 157].flatMap((depth) => [[depth, false], [depth, true]]), [512, false]];
const FOLLOW_SECONDS = 15;
const STOP_SECONDS = 15;

/** Whether a transaction is no longer in the chain; a dropped one could come back from the pool. */
async function isDropped({ httpUrl }, { transaction }) {
  return (await rpc(httpUrl, 'eth_getTransactionReceipt', [transaction])) === null;
}

const headOf = ({ httpUrl }) => rpc(httpUrl, 'eth_blockNumber').then(Number);
const mine = ({ httpUrl }, count) => rpc(httpUrl, 'anvil_mine', [`0x${count.toString(16)}`]);
const reorganise = ({ httpUrl }, depth) => rpc(httpUrl, 'anvil_reorg', [depth, []]);

/**
 * Sends a message and, one block before it is final, replaces its block with an empty one. Should
 * the chain be faster than we are, the message stays and no final block is touched.
 */
async function dispatchAndDrop(suite) {
  const { devnet } = suite.stage;
  const [origin, destination] = devnet.chains;
  const message = await dispatch(devnet, origin, destination);
  const last = message.block + DEPTH - 1;
  await suite.until('the next block', NEXT_BLOCK_SECONDS, async () =>
    (await headOf(origin)) >= last);
  // Time for whoever takes it for final too early.
  await sleep(LINGER_MS);
  await reorganise(origin, DEPTH);
  return message;
}

/** Reorganisations before the chain's own finality. */
async function shallow(suite) {
  const { stage } = suite;
  const { devnet } = stage;
  const [origin, destination] = devnet.chains;
  const dropped = [];
  await suite.check(`${ROUNDS} times a message's block is replaced, another message follows`,
    async () => {
      for (let i = 0; i < ROUNDS; ++i) {
        dropped.push(await dispatchAndDrop(suite));
        await dispatch(devnet, origin, destination);
      }
      const lost = await Promise.all(dropped.map((message) => isDropped(origin, message)));
      expect(lost.includes(true), 'a message that the reorganisation took away');
    });
  let result = null;
  await suite.check('every message of the chain that stays is delivered', () =>
    suite.until('all delivered', SETTLE_SECONDS, async () => {
      stage.check();
      result = await measure(devnet, 0, devnet.relayer.address);
      return result.lost === 0;
    }));
  await suite.check('no message of a lost block is delivered', async () => {
    expectEqual(result.unknown, 0, 'messages delivered that the chain does not have');
    await expectNotDelivered(origin, destination, dropped);
  });
  await suite.check('no transaction was sent for nothing', () =>
    expectEqual(result.revertedProcess, 0, 'transactions that reverted'));
}

async function expectNotDelivered(origin, destination, dropped) {
  for (const message of dropped) {
    if (!(await isDropped(origin, message))) continue;
    const delivered = await callContract(
      destination.httpUrl, destination.mailbox, mailboxAbi, 'delivered', [message.id]);
    expectEqual(delivered, false, `delivered(${message.id})`);
  }
}

/** Waits until a message is delivered. */
function arrives(suite, destination, message) {
  return suite.until('it is delivered', SETTLE_SECONDS, async () => {
    suite.stage.check();
    return (await countDelivered(destination, [message])) === 1;
  });
}

/**
 * Final blocks are replaced. The nodes that saw them stop that chain and say what they saw; the
 * other chains go on; a person's word is enough to go on, without a restart.
 */
async function beyondFinality(suite, relayer, validators) {
  const { stage } = suite;
  const { devnet } = stage;
  const [origin, destination, third] = devnet.chains;
  const nodes = [relayer, ...validators];
  await suite.check('a final block that is replaced stops its chain, with evidence', async () => {
    await mine(origin, 20); // no message is on the blocks that go: their tree stays the same
    await sleep(2000);
    await reorganise(origin, 9);
    await suite.until('every node has stopped the chain', STOP_SECONDS, () =>
      nodes.every((node) => chainStatus(stage, node, origin).stopped));
    const log = readLog(stage.handles.get(relayer.name));
    expect(/level=error.*block \d+ was 0x[0-9a-f]{64} and is now said to be 0x/.test(log),
      'an alarm that names the block and both its hashes');
    for (const node of nodes) {
      expect(countRecords(stage, node, 'note', 'is now said to be') > 0,
        `the evidence in the journal of ${node.name}`);
    }
  });
  await suite.check('other chains go on meanwhile, and that one does not', async () => {
    const waiting = await dispatch(devnet, origin, destination);
    const going = await dispatch(devnet, destination, third);
    await arrives(suite, third, going);
    expectEqual(await countDelivered(destination, [waiting]), 0, 'deliveries from it');
    // Relayers trust a store with its flag up no more: whoever looked takes it away, then resumes.
    for (const { checkpoints } of validators) {
      rmSync(path.join(checkpoints, origin.name, 'reorg_flag.json'));
    }
    for (const node of nodes) runOperator(stage, node, 'resume', '--chain', origin.name);
    await arrives(suite, destination, waiting);
    await arrives(suite, destination, await dispatch(devnet, origin, destination));
  });
}

/** A chain that takes connections and bytes, and answers nothing, is nobody else's matter. */
async function deadChain(suite) {
  const { stage } = suite;
  const [origin, destination, third] = stage.devnet.chains;
  const data = path.join(stage.folder, 'devnet');
  const { pid } = readProcesses(data).find(({ name }) => name === third.name);
  await suite.check('deadlines: a dead chain delays no other, and is served once it lives', async () => {
    const waiting = await dispatch(stage.devnet, origin, third);
    process.kill(pid, 'SIGSTOP');
    try {
      for (const [from, to] of [[origin, destination], [destination, origin]]) {
        await arrives(suite, to, await dispatch(stage.devnet, from, to));
      }
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await arrives(suite, third, waiting);
  });
}

function isAnnounced(stage, node, chain) {
  const { validated } = JSON.parse(runOperator(stage, node, 'status', '--json'));
  return validated.find((entry) => entry.chain === chain.name).announced;
}

/** One message each on blocks that go, at each depth, and one on blocks that stay. */
async function deep(suite) {
  const { stage } = suite;
  const { devnet } = stage;
  const [origin, destination] = devnet.chains;
  const options = {
    capital: false, mode: 'observe',
    settingsOf: (chain) => (chain === origin ? { finality: FINALITY_BLOCKS } : {}),
  };
  const nodes = devnet.validators.map((_, i) =>
    stage.write({ ...options, name: `deep-validator${i + 1}`, validator: i }));
  const relayer = stage.write({ ...options, name: 'deep-relayer' });
  await Promise.all(nodes.map((node) => stage.start(node)));
  await suite.check('validators of a deeper finality announce their stores', () =>
    suite.until('all announced', SETTLE_SECONDS, async () => {
      stage.check();
      await mine(origin, FINALITY_BLOCKS / 4);
      await sleep(LINGER_MS);
      return nodes.every((node) => isAnnounced(stage, node, origin));
    }));
  await stage.start(relayer);
  const followed = () => suite.until('the relayer follows', FOLLOW_SECONDS, async () =>
    chainStatus(stage, relayer, origin).head >= (await headOf(origin)) - 1);
  const dropped = [];
  const kept = [];
  for (const [depth, isKilled] of ROUNDS_BELOW) {
    await suite.check(`${depth} blocks are replaced${isKilled ? ', over a kill' : ''}`,
      async () => {
        dropped.push(await dispatch(devnet, origin, destination));
        await mine(origin, depth - 1 - ((await headOf(origin)) - dropped.at(-1).block) || 1);
        await followed();
        if (isKilled) await stage.end(relayer, 'SIGKILL');
        const { block } = dropped.at(-1);
        await reorganise(origin, (await headOf(origin)) - block + 1);
        if (isKilled) await stage.start(relayer);
        expect(await isDropped(origin, dropped.at(-1)), 'a message that is gone');
        kept.push(await dispatch(devnet, origin, destination));
        await followed();
      });
  }
  await suite.check('what stays is delivered once it is final, what went is not', async () => {
    // The first ones are final already, by the blocks that the deep reorganisations made.
    const last = kept.slice(-2);
    expectEqual(await countDelivered(destination, last), 0, 'deliveries before finality');
    await mine(origin, FINALITY_BLOCKS);
    await suite.until('all delivered', SETTLE_SECONDS, async () => {
      stage.check();
      return (await countDelivered(destination, kept)) === kept.length;
    });
    await expectNotDelivered(origin, destination, dropped);
    expectEqual(chainStatus(stage, relayer, origin).stopped, null, 'why the chain is stopped');
  });
}

async function endNodes(suite) {
  const ends = await suite.stage.endNodes();
  expectEqual(ends.filter((how) => how !== 'code 0').join(), '', 'other ends');
}

runSuite('reorg', 'Reorganises the origin, before finality and beyond.', {}, async (suite) => {
  const { stage } = suite;
  await stage.open();
  const validators = await stage.startValidators();
  const relayer = stage.write({ name: 'relayer', mode: 'observe', capital: false });
  await stage.start(relayer);
  await shallow(suite);
  await deadChain(suite);
  await beyondFinality(suite, relayer, validators);
  await suite.check('these nodes end in good order', () => endNodes(suite));
  await deep(suite);
  await suite.check('all nodes end in good order', () => endNodes(suite));
});
