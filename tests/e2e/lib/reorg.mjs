// SPDX-License-Identifier: Apache-2.0
//
// Replaces blocks of the origin before they are final. The chain that stays is the truth: what was
// sent on lost blocks alone is never delivered, and what was sent on the others is.

import { mailboxAbi } from '../../../deploy/devnet/lib/abi.mjs';
import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { measure } from '../../../deploy/devnet/lib/measurement.mjs';
import { dispatchLogs, messageOfLog } from '../../../deploy/devnet/lib/messages.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { callContract, rpc, submitContract, waitReceipt }
  from '../../../deploy/devnet/lib/rpc.mjs';
import { sleep } from '../../../deploy/devnet/lib/terminal.mjs';
import { runSuite } from './suite.mjs';

const { numberToHex, pad } = requirePackage('viem/utils');

const ROUNDS = 4;
// The chain calls the head less 2 final: the last two blocks may be replaced.
const DEPTH = 2;
const SETTLE_SECONDS = 40;
const NEXT_BLOCK_SECONDS = 5;
const LINGER_MS = 500;

/** Sends one message whose body says which it is; resolves to it once it is in a block. */
async function dispatch(devnet, number) {
  const [origin, destination] = devnet.chains;
  const args = [destination.domain, pad(destination.testRecipient, { size: 32 }),
    numberToHex(number, { size: 32 })];
  const { httpUrl, mailbox: to } = origin;
  const value = await callContract(httpUrl, to, mailboxAbi, 'quoteDispatch', args);
  const from = devnet.users[0];
  const call = { from, to, abi: mailboxAbi, functionName: 'dispatch', args, value };
  const hash = await submitContract(httpUrl, call);
  const [log] = dispatchLogs(await waitReceipt(origin.httpUrl, hash, 'dispatch'));
  return messageOfLog(log);
}

/** Whether a transaction is no longer in the chain; a dropped one could come back from the pool. */
async function isDropped({ httpUrl }, { transaction }) {
  return (await rpc(httpUrl, 'eth_getTransactionReceipt', [transaction])) === null;
}

/**
 * Sends a message and, one block before it is final, replaces its block with an empty one. Should
 * the chain be faster than we are, the message stays and no final block is touched.
 */
async function dispatchAndDrop(suite, number) {
  const [origin] = suite.stage.devnet.chains;
  const message = await dispatch(suite.stage.devnet, number);
  const last = message.block + DEPTH - 1;
  await suite.until('the next block', NEXT_BLOCK_SECONDS, async () =>
    Number(await rpc(origin.httpUrl, 'eth_blockNumber')) >= last);
  // Time for whoever takes it for final too early.
  await sleep(LINGER_MS);
  await rpc(origin.httpUrl, 'anvil_reorg', [DEPTH, []]);
  return message;
}

runSuite('reorg', 'Reorganises the origin before finality.', {}, async (suite) => {
  const { stage } = suite;
  await stage.open();
  const { devnet } = stage;
  const [origin, destination] = devnet.chains;
  await stage.startValidators();
  const relayer = stage.write({ name: 'relayer', mode: 'observe' });
  await stage.start(relayer);
  const dropped = [];
  const kept = [];
  await suite.check(`${ROUNDS} times a message's block is replaced, another message follows`,
    async () => {
      for (let i = 0; i < ROUNDS; ++i) {
        dropped.push(await dispatchAndDrop(suite, 2 * i));
        kept.push(await dispatch(devnet, 2 * i + 1));
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
    for (const message of dropped) {
      if (!(await isDropped(origin, message))) continue;
      const delivered = await callContract(
        destination.httpUrl, destination.mailbox, mailboxAbi, 'delivered', [message.id]);
      expectEqual(delivered, false, `delivered(${message.id})`);
    }
  });
  await suite.check('no transaction was sent for nothing', () =>
    expectEqual(result.revertedProcess, 0, 'transactions that reverted'));
  await suite.check('the node goes on: a later message is delivered too', async () => {
    const { id } = await dispatch(devnet, 1000);
    await suite.until('it is delivered', SETTLE_SECONDS, () =>
      callContract(destination.httpUrl, destination.mailbox, mailboxAbi, 'delivered', [id]));
  });
  await suite.check('all nodes end in good order', async () => {
    const ends = await stage.endNodes();
    expectEqual(ends.filter((how) => how !== 'code 0').join(), '', 'other ends');
  });
});
