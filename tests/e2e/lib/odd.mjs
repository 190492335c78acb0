// SPDX-License-Identifier: Apache-2.0
//
// Messages that are odd and yet real, on the real contracts: of every size, to addresses that are
// none, to chains that nobody knows, inserted into the tree twice, to recipients that answer with
// floods. What the destination's mailbox would take arrives; the rest has its reason.

import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { runVerb } from '../../../deploy/devnet/lib/inspect.mjs';
import { dispatchLogs, messageOfLog } from '../../../deploy/devnet/lib/messages.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { callContract, rpc, sendTransaction, waitReceipt } from '../../../deploy/devnet/lib/rpc.mjs';
import { countDelivered } from './dispatch.mjs';
import { askWhy } from './operator.mjs';

const { concat, encodeFunctionData, numberToHex, pad, parseAbi } = requirePackage('viem/utils');

const SECONDS = 60;
const HEADER_BYTES = 77;
const LARGEST = 49_152 - HEADER_BYTES; // MESSAGE_BYTES_MAX in relay/base/limits.h
const FLOOD_BYTES = 200_000n;
const UNKNOWN_DOMAIN = 4_294_967_295;
const WHERE = { nowhere: 0, module: 1, handle: 2, refusal: 3 };

const hookAbi = parseAbi([
  'function postDispatch(bytes metadata, bytes message) payable',
  'function count() view returns (uint32)',
]);

const dispatchAbi = parseAbi([
  'function quoteDispatch(uint32, bytes32, bytes, bytes, address) view returns (uint256)',
  'function dispatch(uint32, bytes32, bytes, bytes, address) payable returns (bytes32)',
]);

const bodyOf = (size) => `0x${'5a'.repeat(size)}`;

class Odd {
  constructor(suite, node) {
    Object.assign(this, { suite, node, stage: suite.stage, devnet: suite.stage.devnet });
    [this.origin, this.destination] = this.devnet.chains;
    [this.from] = this.devnet.users;
  }

  /** Dispatches by hand, without paying for gas, which not every destination has a price of. */
  async send(domain, recipient, body) {
    const { httpUrl, mailbox: to, merkleTreeHook } = this.origin;
    const args = [domain, recipient, body, '0x', merkleTreeHook];
    const value = await callContract(httpUrl, to, dispatchAbi, 'quoteDispatch', args);
    const data = encodeFunctionData({ abi: dispatchAbi, functionName: 'dispatch', args });
    const hash = await sendTransaction(httpUrl,
      { from: this.from, to, data, value: numberToHex(value), gas: numberToHex(6_000_000) });
    const [log] = dispatchLogs(await waitReceipt(httpUrl, hash, 'dispatch'));
    return messageOfLog(log);
  }

  sendTo(address, body) {
    return this.send(this.destination.domain, pad(address, { size: 32 }), body);
  }

  arrive(messages) {
    return this.suite.until('all are delivered', SECONDS, async () => {
      this.stage.check();
      return (await countDelivered(this.destination, messages)) === messages.length;
    });
  }

  why(message) {
    return askWhy(this.stage, this.node, message);
  }

  async isRefused(message, words) {
    await this.suite.until(`the reason ${words}`, SECONDS, () => {
      this.stage.check();
      const { reason, words: said } = this.why(message);
      return words.test(`${reason?.text ?? ''} ${said ?? ''}`);
    });
    expectEqual(await countDelivered(this.destination, [message]), 0, 'deliveries');
  }
}

function messageOfVersion({ destination, origin }, version) {
  return concat([numberToHex(version, { size: 1 }), numberToHex(0, { size: 4 }),
    numberToHex(origin.domain, { size: 4 }), pad('0x01', { size: 32 }),
    numberToHex(destination.domain, { size: 4 }), pad(destination.testRecipient, { size: 32 })]);
}

/** What the destination's own mailbox says to a message. */
async function processRefusal({ destination }, message) {
  const abi = parseAbi(['function process(bytes metadata, bytes message) payable']);
  const data = encodeFunctionData({ abi, functionName: 'process', args: ['0x', message] });
  return rpc(destination.httpUrl, 'eth_call', [{ to: destination.mailbox, data }, 'latest'])
    .then(() => '', (error) => error.message);
}

export async function checkOdd(suite, node, modules, guard) {
  const odd = new Odd(suite, node);
  const recipient = (where) => modules.createOwn('OddRecipient', guard, WHERE[where], FLOOD_BYTES);
  const plain = await recipient('nowhere');

  await suite.check('odd: messages of 0, 1, 31, 32, 33 and the most bytes arrive', async () => {
    const sent = [];
    for (const size of [0, 1, 31, 32, 33, LARGEST]) {
      sent.push(await odd.sendTo(plain, bodyOf(size)));
    }
    await odd.arrive(sent);
  });
  await suite.check('odd: one byte more is refused by its name', async () => {
    const message = await odd.sendTo(plain, bodyOf(LARGEST + 1));
    await odd.isRefused(message, /larger than/);
    expectEqual(odd.why(message).state, 'refused', 'its state');
  });
  await suite.check('odd: a recipient whose padding is dirty is refused, as the mailbox does', async () => {
    const dirty = `0x01${pad(plain, { size: 32 }).slice(4)}`;
    const message = await odd.send(odd.destination.domain, dirty, bodyOf(1));
    await odd.isRefused(message, /security module|reverts|overflow/);
    await odd.arrive([await odd.sendTo(plain, bodyOf(2))]);
  });
  await suite.check('odd: a domain that nobody knows is not relayed to', async () => {
    const message = await odd.send(UNKNOWN_DOMAIN, pad(plain, { size: 32 }), bodyOf(1));
    await odd.isRefused(message, /not ours to deliver/);
  });
  await suite.check('odd: versions 2 and 4 are refused by the mailbox and by us', async () => {
    for (const version of [2, 4]) {
      const message = messageOfVersion(odd, version);
      const words = await processRefusal(odd, message);
      expect(/bad version/.test(words), `version ${version}: the mailbox says "${words}"`);
      const { code, err } = runVerb(odd.stage.program, ['tool', 'decode', message]);
      expect(code === 2 && /version/.test(err), `exit 2 and why, got ${code}: ${err}`);
    }
  });
  await suite.check('odd: a leaf that is inserted twice delivers its message once', async () => {
    const { httpUrl, merkleTreeHook: to } = odd.origin;
    const count = () => callContract(httpUrl, to, hookAbi, 'count', []);
    const message = await odd.sendTo(plain, bodyOf(3));
    const before = await count();
    const data = encodeFunctionData({ abi: hookAbi, functionName: 'postDispatch',
      args: ['0x', message.bytes] });
    await waitReceipt(httpUrl, await sendTransaction(httpUrl, { from: odd.from, to, data,
      gas: numberToHex(1_000_000) }), 'postDispatch');
    expectEqual(await count(), before + 1, 'leaves');
    await odd.arrive([message]);
    await odd.arrive([await odd.sendTo(plain, bodyOf(4))]); // signed above the repeated leaf
  });
  await suite.check('odd: floods of a recipient delay nobody', async () => {
    const [asked, handed, refuses] = await Promise.all(
      [recipient('module'), recipient('handle'), recipient('refusal')]);
    const refused = await odd.sendTo(refuses, bodyOf(5));
    const delivered = [await odd.sendTo(asked, bodyOf(6)), await odd.sendTo(handed, bodyOf(7)),
      await odd.sendTo(plain, bodyOf(8))];
    await odd.arrive(delivered);
    await odd.isRefused(refused, /revert/);
  });
}
