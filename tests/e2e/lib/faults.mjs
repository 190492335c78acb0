// SPDX-License-Identifier: Apache-2.0
//
// A relayer behind endpoints with faults (fault-world.mjs). Under each fault a message is sent; what
// must become of it, and what the journal must say, is checked on the chains and with
// `sluice journal`. The numbers are those of the list of faults in tests/README.md.

import { mailboxAbi } from '../../../deploy/devnet/lib/abi.mjs';
import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { topicOf } from '../../../deploy/devnet/lib/messages.mjs';
import { measure } from '../../../deploy/devnet/lib/measurement.mjs';
import { readLog } from '../../../deploy/devnet/lib/nodes.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { rpc } from '../../../deploy/devnet/lib/rpc.mjs';
import { sleep } from '../../../deploy/devnet/lib/terminal.mjs';
import { altering, baseFee, failing, halfOpen, logs, otherChain, receipts, stale, tips, transactions,
  vanishingReceipts } from '../../support/fault-proxy.mjs';
import { Turncoat, capital, finality, forkOfTheirOwn, impostors } from './fault-chains.mjs';
import { certificates, doctors } from './fault-doctor.mjs';
import { connections, endless, patience, protocol, silence } from './fault-wire.mjs';
import { World, run } from './fault-world.mjs';
import { runSuite } from './suite.mjs';

const { keccak256 } = requirePackage('viem/utils');

const WAIT_SECONDS = 120;
const QUIET_MS = 4_000; // in which what must not happen would have
const SEND = 'eth_sendRawTransaction';
const FEE_MAX = 200n * 10n ** 9n; // what the relayer is configured to pay at most

/**
 * One of three lies about the logs of a block: the message arrives as the others have it, and what
 * the liar said, to what question, is in the journal under its number. The relayer begins anew
 * before, and asks the first two: it would ask one that lied before last. Until the third has come
 * up, two stand against each other and nobody can say who lies; so messages go on. All three hear
 * of heads by websocket: who has not got a block cannot be asked about it.
 */
async function lie(world, title, liar, fault, isForeign) {
  const foreign = (index) => world.metric('sluice_endpoint_foreign_logs_total', index);
  const evidence = async () => (await world.records('dissent')).filter(
    ({ fields: { endpoint_index: index, question, answer, block_number: number, agreed_count } }) =>
      index === liar && question.includes('eth_getLogs') && answer !== '' && number > 0 &&
      agreed_count === 2).length;
  await world.restart();
  await world.check(title, [[world.readers[liar], fault]], async () => {
    const before = await evidence();
    await world.suite.until('the evidence is in the journal', WAIT_SECONDS, async () => {
      await world.deliverOne();
      return (await evidence()) > before;
    });
    await world.suite.until('the liar is counted', WAIT_SECONDS, async () =>
      (await world.metric('sluice_endpoint_dissents_total', liar)) > 0);
    for (const index of world.readers.keys()) {
      expectEqual((await foreign(index)) > 0, isForeign && index === liar,
        `foreign logs of endpoint ${index}`);
    }
  });
}

/** The first in the configuration would be asked first; now the two others are. */
const askedLess = (world, liar) =>
  world.suite.check('1: the one that lied is asked less from then on', async () => {
    const asked = () => world.readers.map((proxy) => proxy.count('eth_getLogs'));
    const before = asked();
    await world.suite.until('it is asked less than half as often', WAIT_SECONDS, async () => {
      await world.deliverOne();
      const since = asked().map((count, index) => count - before[index]);
      const [its] = since.splice(liar, 1);
      return 2 * its < Math.min(...since);
    });
  });

/** Faults that one liar of three has no part in: the message arrives, and the lie is on record. */
async function lies(world) {
  const { readers: [first], origin } = world;
  world.reach(2, 'url');
  await lie(world, '1: one endpoint has no logs for a block', 0, logs.none(), false);
  await askedLess(world, 0);
  for (const [title, liar, fault, isForeign = false] of [
    ['1: one endpoint has one log less for a block', 1, logs.cut()],
    ['1: one endpoint has logs with another message in them for a block', 0,
      logs.forged(origin.mailbox)],
    ['7: one endpoint gives logs twice', 1, logs.twice()],
    ['7: one endpoint gives logs out of order', 0, logs.backwards()],
    ['8: one endpoint gives logs of a contract that is not ours', 1,
      logs.elsewhere(`0x${'ab'.repeat(20)}`), true],
  ]) {
    await lie(world, title, liar, fault, isForeign);
  }
  world.reach(2, 'httpUrl');
  await world.restart();
  await world.check('1: one endpoint has other nonces, balances and returns',
    [[first, altering(['eth_call', 'eth_getTransactionCount', 'eth_getBalance'],
      (result) => result.replace(/.$/, (digit) => (digit === '7' ? '8' : '7')))]],
    () => world.deliverOne());
}

async function quorums(world) {
  const { readers: [first, second, third] } = world;
  await world.check('4: the honest ones say nothing, the liar goes on: nothing is done',
    [[first, logs.none()], [second, halfOpen()], [third, halfOpen()]], async () => {
      const message = await world.dispatch();
      await world.suite.until('why says that the quorum is missed', 15, async () =>
        /fewer endpoints answer/.test(await world.why()));
      await sleep(QUIET_MS);
      expectEqual(await world.isDelivered(message), false, 'delivered');
      expect((await world.records('quorum')).some((record) =>
        record.fields.state === 'lost'), 'a record of it');
      world.clear();
      await world.awaitDelivery(message);
    });
  await world.check('4: one says nothing: nothing is missed', [[second, halfOpen()]], () =>
    world.deliverOne());
  await world.check('2: two tell the same lie about logs: the receipts prove them wrong',
    [[first, logs.none()], [second, logs.none()], [third, halfOpen()]], () =>
      world.deliverOne());
  const elsewhere = () => logs.elsewhere(`0x${'cd'.repeat(20)}`);
  await world.check('2: two give the logs another address: the receipts prove them wrong',
    [[first, elsewhere()], [second, elsewhere()], [third, halfOpen()]], () => world.deliverOne());
  await world.check('2: two lie about logs and receipts: refused, and read again later',
    [[first, logs.none(), receipts.none()], [second, logs.none(), receipts.none()],
      [third, halfOpen()]], async () => {
      const message = await world.dispatch();
      await sleep(QUIET_MS);
      expectEqual(await world.isDelivered(message), false, 'delivered');
      expect((await world.records('endpoint')).some((record) =>
        JSON.stringify(record).includes('receipts that are not')), 'a record of it');
      expect((await world.records('quorum')).some(({ fields }) => fields.state === 'unproved'),
        'a record of what is not proved');
      await world.suite.until('an alarm', WAIT_SECONDS, () =>
        /level=error.*logs and receipts of a block are not what its header promises/.test(
          readLog(world.stage.handles.get(world.node.name))));
      world.clear();
      await world.awaitDelivery(message);
    });
  const withoutReceipts = () => failing(['eth_getBlockReceipts'], -32601, 'no such method');
  await world.check('2: two leave logs out and have no receipts: a third one\'s prove them wrong',
    [[first, logs.none(), withoutReceipts()], [second, logs.none(), withoutReceipts()]], () =>
      world.deliverOne());
}

async function ages(world) {
  const { readers: [first] } = world;
  for (const blocks of [1, 64, 10_000]) {
    await world.check(`5: one endpoint is ${blocks} blocks behind: it contradicts nobody`,
      [[first, stale(blocks)]], async () => {
        const before = (await world.records('dissent')).length;
        await world.deliverOne();
        expectEqual((await world.records('dissent')).length, before, 'records of dissent');
      });
  }
  await world.check('6: one endpoint comes back as another chain: named, and not used',
    [[first, otherChain(4242)]], async () => {
      first.cut();
      await world.deliverOne();
      await world.suite.until('it is named', 10, async () =>
        (await world.records('endpoint')).some((record) =>
          JSON.stringify(record).includes('chain id is 4242')));
    });
}

async function sending(world) {
  const { sender } = world;
  await world.check('27: the base fee is above the ceiling: nothing is sent until it falls',
    [[sender, baseFee(10n ** 12n)]], async () => {
      const told = () => world.alerts('backlog_old');
      const isOver = () => world.suite.until('no alarm is left', WAIT_SECONDS, () =>
        /state="cleared"/.test(told().at(-1) ?? 'state="cleared"'));
      await isOver(); // of older messages
      await sleep(2_000); // a head with it
      const before = sender.count(SEND);
      const message = await world.dispatch();
      await world.suite.until('a person is told how old it is', WAIT_SECONDS, () =>
        told().some((line) => line.includes('level=error') && line.includes(message.id)));
      await sleep(QUIET_MS);
      expectEqual(sender.count(SEND), before, 'transactions sent meanwhile');
      world.clear();
      await world.awaitDelivery(message);
      await isOver();
    });
  await world.check('27: there is no base fee', [[sender, baseFee(0n)]], () => world.deliverOne());
  await world.check('27: others are said to pay 2^200 on top: nobody is followed above the ceiling',
    [[sender, tips(1n << 200n)]], async () => {
      const { id } = await world.deliverOne();
      const { maxFeePerGas, maxPriorityFeePerGas } = await deliveryOf(world, id);
      expect(BigInt(maxFeePerGas) <= FEE_MAX, `a ceiling of ${BigInt(maxFeePerGas)} wei`);
      expect(BigInt(maxPriorityFeePerGas) <= FEE_MAX, `a tip of ${BigInt(maxPriorityFeePerGas)} wei`);
    });
  for (const word of ['nonce too low', 'nonce too high']) {
    await world.check(`28: sending is refused with "${word}": the chain is asked, and it arrives once`,
      [[sender, transactions.refused(1, word)]], () => world.deliverOne());
  }
  await world.check('28: a transaction is taken and lost: it is sent again',
    [[sender, transactions.lost(1, keccak256)]], () => world.deliverOne());
  await world.check('28: the receipt is not there at first',
    [[sender, vanishingReceipts(3)]], () => world.deliverOne());
  await world.check('29: sending is not answered: the same transaction arrives once',
    [[sender, transactions.answeredBy(() => null)]], () => world.deliverOne());
  await world.check('29: sending is answered with "already known"',
    [[sender, transactions.answeredBy(({ jsonrpc, id }) =>
      ({ jsonrpc, id, error: { code: -32000, message: 'already known' } }))]],
    () => world.deliverOne());
  await world.check('29: sending is answered with another hash',
    [[sender, transactions.answeredBy((answer) =>
      ({ ...answer, result: `0x${'12'.repeat(32)}` }))]], () => world.deliverOne());
}

/** The transaction that delivered a message. */
async function deliveryOf({ destination: { httpUrl, mailbox } }, id) {
  const [{ transactionHash }] = await rpc(httpUrl, 'eth_getLogs', [{ address: mailbox,
    topics: [topicOf(mailboxAbi, 'ProcessId'), id], fromBlock: '0x0', toBlock: 'latest' }]);
  return rpc(httpUrl, 'eth_getTransactionByHash', [transactionHash]);
}

runSuite('faults', 'A relayer behind endpoints with faults.', { seed: '1' }, async (suite) => {
  const world = new World(suite, suite.options.seed);
  try {
    await world.open();
    await suite.check('without faults', () => world.deliverOne());
    await doctors(world);
    await certificates(world);
    await lies(world);
    await impostors(world);
    await ages(world);
    await connections(world);
    await protocol(world);
    await endless(world);
    await patience(world);
    await silence(world);
    await quorums(world);
    await finality(world);
    const turncoat = new Turncoat(world);
    turncoat.begin();
    await sending(world);
    await turncoat.end();
    const route = await capital(world);
    await suite.check('every message was delivered once, and nothing was sent for nothing',
      async () => {
        let result = null;
        await suite.until('all are delivered', 120, async () => {
          result = await measure(suite.stage.devnet, 0, suite.stage.devnet.relayer.address);
          return result.lost === 0;
        });
        expectEqual(result.unknown, 0, 'deliveries that the origin does not have');
        expectEqual(result.revertedProcess, 0, 'transactions that reverted');
      });
    await forkOfTheirOwn(world, route);
    await suite.check('all nodes end in good order', async () => {
      const ends = await suite.stage.endNodes();
      expectEqual(ends.filter((how) => how !== 'code 0').join(), '', 'other ends');
    });
    await suite.check('the journals verify and replay', async () => {
      for (const { data } of world.nodes) {
        await run(suite.stage.program, ['journal', 'verify', data]);
        await run(suite.stage.program, ['replay', data]);
      }
    });
  } finally {
    world.close();
  }
});
