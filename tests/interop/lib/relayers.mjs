// SPDX-License-Identifier: Apache-2.0
//
// Two relayers that share no code, on the same contracts and the same validators' signatures: each
// delivers alone, then both race, and nothing is lost or delivered twice.

import path from 'node:path';
import { senderAbi } from '../../../deploy/devnet/lib/abi.mjs';
import { deriveAccounts } from '../../../deploy/devnet/lib/accounts.mjs';
import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { askNode, replayJournal } from '../../../deploy/devnet/lib/inspect.mjs';
import { dispatchLogs, messageOfLog, readLogs, topicOf }
  from '../../../deploy/devnet/lib/messages.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { rpc, sendContract } from '../../../deploy/devnet/lib/rpc.mjs';
import { countDelivered } from '../../e2e/lib/dispatch.mjs';
import { runOperator } from '../../e2e/lib/operator.mjs';
import { root, runSuite } from '../../e2e/lib/suite.mjs';
import { announceBuckets } from './announce.mjs';
import { Bucket } from './bucket.mjs';
import { Peer } from './peer.mjs';

const { parseAbi } = requirePackage('viem');
const { numberToHex, pad } = requirePackage('viem/utils');

const ALONE = 4;
const RACING = 8;
const PEER_SECONDS = 120;
const OUR_SECONDS = 30;
const BUCKET_PORT_OFFSET = 40;

const processAbi = parseAbi(['event ProcessId(bytes32 indexed messageId)']);

/** From a contract, as most messages are. */
async function send(devnet, origin, destination, count) {
  const receipt = await sendContract(origin.httpUrl, {
    from: devnet.operator, to: origin.sender, abi: senderAbi, functionName: 'dispatchMany',
    args: [origin.mailbox, destination.domain, pad(destination.testRecipient, { size: 32 }),
      BigInt(count)],
    value: 10n ** 17n * BigInt(count),
  });
  return dispatchLogs(receipt).map(messageOfLog);
}

/** How often each message was processed, by the chain's own log: who sent it, and in which block. */
async function deliveries(chain) {
  const head = Number(await rpc(chain.httpUrl, 'eth_blockNumber'));
  const logs = await readLogs(chain.httpUrl, chain.mailbox, topicOf(processAbi, 'ProcessId'), head);
  const made = new Map();
  for (const { topics, transactionHash, blockNumber } of logs) {
    const { from } = await rpc(chain.httpUrl, 'eth_getTransactionByHash', [transactionHash]);
    const delivery = { from: from.toLowerCase(), block: Number(blockNumber) };
    made.set(topics[1], [...(made.get(topics[1]) ?? []), delivery]);
  }
  return made;
}

async function expectOnce(chain, messages, by) {
  const made = await deliveries(chain);
  for (const { id } of messages) {
    const senders = made.get(id) ?? [];
    expectEqual(senders.length, 1, `deliveries of ${id}`);
    expect(!by || senders[0].from === by.toLowerCase(),
      `${id} was delivered by ${senders[0].from}`);
  }
  return made;
}

/**
 * What a race cost an account: gas of its transactions from a block on, and of those that reverted;
 * `late` are those for a message that somebody had delivered more than a block before, which could
 * be seen.
 */
async function raceCost(chain, account, fromBlock, messages, made) {
  const head = Number(await rpc(chain.httpUrl, 'eth_blockNumber'));
  const cost = { gas: 0, wasted: 0, reverted: 0, late: 0 };
  for (let number = fromBlock; number <= head; number += 1) {
    const { transactions } = await rpc(chain.httpUrl, 'eth_getBlockByNumber',
      [numberToHex(number), true]);
    for (const { from, hash, input } of transactions) {
      if (from.toLowerCase() !== account.toLowerCase()) continue;
      const { status, gasUsed } = await rpc(chain.httpUrl, 'eth_getTransactionReceipt', [hash]);
      cost.gas += Number(gasUsed);
      if (status === '0x1') continue;
      cost.reverted += 1;
      cost.wasted += Number(gasUsed);
      const carried = messages.filter(({ bytes }) => input.includes(bytes.slice(2)));
      expect(carried.length > 0, `a transaction of ours reverted that carries none of them: ${hash}`);
      cost.late += carried.some(({ id }) => made.get(id)[0].block + 1 < number) ? 1 : 0;
    }
  }
  return cost;
}

runSuite('interop', 'Beside the TypeScript relayer.', {}, async (suite) => {
  const { stage } = suite;
  await stage.open();
  const { devnet } = stage;
  const [origin, destination] = devnet.chains;
  const { beneficiary } = deriveAccounts();
  const bucket = await Bucket.open(Number(process.env.SLUICE_PORT_BASE) + BUCKET_PORT_OFFSET);
  const peer = new Peer({ packages: path.join(root, 'build/interop/peer'),
    folder: path.join(stage.folder, 'peer'), devnet, key: beneficiary.key, storeUrl: bucket.url });
  const startPeer = async () => {
    peer.start();
    await suite.until('it watches', PEER_SECONDS, () => {
      peer.check();
      return peer.isWatching();
    });
  };
  const arrive = (messages, seconds) => suite.until('they are delivered', seconds, async () => {
    stage.check();
    if (peer.child) peer.check();
    return (await countDelivered(destination, messages)) === messages.length;
  });
  try {
    const nodes = await stage.startValidators({ capital: false });
    await announceBuckets(devnet, bucket, nodes);
    await suite.check('the TypeScript relayer delivers what our validators signed', async () => {
      await startPeer();
      const messages = await send(devnet, origin, destination, ALONE);
      await arrive(messages, PEER_SECONDS);
      await expectOnce(destination, messages, beneficiary.address);
      expect(bucket.reads > 0, 'it read our validators\' objects');
    });
    await peer.end();
    peer.child = null;
    const node = stage.write({ name: 'relayer', mode: 'observe', capital: false });
    await suite.check('our relayer delivers the same kind of messages', async () => {
      await stage.start(node);
      const messages = await send(devnet, origin, destination, ALONE);
      await arrive(messages, OUR_SECONDS);
      await expectOnce(destination, messages, devnet.relayer.address);
    });
    await suite.check('both race: each delivers some, none is lost, none comes twice', async () => {
      await startPeer();
      // Ours is so much faster that the other only gets its share when it may begin alone.
      runOperator(stage, node, 'pause');
      const raceBlock = Number(await rpc(destination.httpUrl, 'eth_blockNumber'));
      const messages = await send(devnet, origin, destination, RACING);
      await suite.until('the other has delivered one', PEER_SECONDS, async () => {
        peer.check();
        return await countDelivered(destination, messages) > 0;
      });
      runOperator(stage, node, 'resume');
      await arrive(messages, PEER_SECONDS);
      const made = await expectOnce(destination, messages);
      const ours = messages.filter(
        ({ id }) => made.get(id)[0].from === devnet.relayer.address.toLowerCase());
      expect(ours.length > 0 && ours.length < RACING, `ours delivered ${ours.length} of ${RACING}`);
      await suite.until('our relayer has no open message', OUR_SECONDS, () =>
        askNode(stage.program, ['messages', 'list', '--config', node.config]).count === 0);
      const cost = await raceCost(
        destination, devnet.relayer.address, raceBlock, messages, made);
      process.stdout.write(`         ours used ${cost.gas} gas for ${ours.length} deliveries, ` +
        `${cost.wasted} of it in ${cost.reverted} that reverted\n`);
      expectEqual(cost.late, 0, 'transactions for what somebody had delivered blocks before');
    });
    await suite.check('our journal replays', async () => {
      await peer.end();
      peer.child = null;
      await stage.end(node);
      const { ok, words } = replayJournal(stage.program, node);
      expect(ok, words);
    });
  } finally {
    await peer.end();
    bucket.close();
  }
});
