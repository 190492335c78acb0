// SPDX-License-Identifier: Apache-2.0
//
// An endpoint that shows more history than its chain has: a chain's own blocks, and on those of its
// past the logs of messages that never were, as its contracts would have made them. It stands
// between a node and a real chain and passes on everything else.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { mailboxAbi, treeAbi } from '../../../deploy/devnet/lib/abi.mjs';
import { checkpointHash } from '../../../deploy/devnet/lib/delivery.mjs';
import { topicOf } from '../../../deploy/devnet/lib/messages.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { FaultProxy } from '../../support/fault-proxy.mjs';
import { ObjectStore } from '../../support/object-store.mjs';

const { keccak256, toBytes } = requirePackage('viem/utils');

const IDS = fileURLToPath(new URL('../../../build/release/tests/bench_ids', import.meta.url));
export const TOPICS = {
  dispatch: topicOf(mailboxAbi, 'Dispatch'),
  process: topicOf(mailboxAbi, 'ProcessId'),
  insert: topicOf(treeAbi, 'InsertedIntoTree'),
  payment: keccak256(toBytes('GasPayment(bytes32,uint32,uint256,uint256)')),
};
const BODY = 'ab'.repeat(64);
const MESSAGE_BYTES = 77 + 64;

const word = (value) => value.toString(16).padStart(64, '0');
const padded = (address) => address.slice(2).toLowerCase().padStart(64, '0');

/** Messages from one chain to another, so many on each block from the first on. */
export class Past {
  constructor({ origin, destination, count, perBlock, first }) {
    Object.assign(this, { origin, destination, count, perBlock, first });
    this.last = first + Math.ceil(count / perBlock) - 1;
    this.sender = padded(origin.testRecipient);
    this.recipient = padded(destination.testRecipient);
  }

  /** The message's bytes, as hex without 0x. */
  message(i) {
    const number = (value) => value.toString(16).padStart(8, '0');
    return `03${number(i)}${number(this.origin.domain)}${this.sender}${
      number(this.destination.domain)}${this.recipient}${BODY}`;
  }

  /** Ids of all messages, made by bench_ids (ids.c). */
  readIds() {
    this.ids = execFileSync(IDS, [`0x${this.message(0)}`, String(this.count)],
      { maxBuffer: 32 * this.count + 1 });
  }

  id(i) {
    return this.ids.toString('hex', 32 * i, 32 * i + 32);
  }

  indexesOf(block) {
    const from = (block - this.first) * this.perBlock;
    return [from, Math.min(from + this.perBlock, this.count)];
  }

  /** What a dispatch leaves, in the order of its logs: `add` takes address, topics and data. */
  logsOfMessage(i, wanted, add) {
    const { mailbox, merkleTreeHook, interchainGasPaymaster } = this.origin;
    const destination = word(this.destination.domain);
    const id = this.id(i);
    if (wanted.has(TOPICS.insert)) add(merkleTreeHook, [TOPICS.insert], `${id}${word(i)}`, 0);
    if (wanted.has(TOPICS.payment)) {
      add(interchainGasPaymaster, [TOPICS.payment, `0x${id}`, `0x${destination}`],
        word(200_000) + word(1_000_000), 1);
    }
    if (wanted.has(TOPICS.dispatch)) {
      const rest = (32 - (MESSAGE_BYTES % 32)) % 32;
      add(mailbox, [TOPICS.dispatch, `0x${this.sender}`, `0x${destination}`, `0x${this.recipient}`],
        `${word(32)}${word(MESSAGE_BYTES)}${this.message(i)}${'00'.repeat(rest)}`, 2);
    }
  }

  logsOfDelivery(i, wanted, add) {
    if (wanted.has(TOPICS.process)) {
      add(this.destination.mailbox, [TOPICS.process, `0x${this.id(i)}`], '', 0);
    }
  }

  logsOfOrigin(block, wanted, add) {
    const [from, to] = this.indexesOf(block);
    for (let i = from; i < to; ++i) {
      this.logsOfMessage(i, wanted, (address, topics, data, place) =>
        add(block, 3 * (i - from) + place, address, topics, data));
    }
  }

  logsOfDestination(block, wanted, add) {
    const [from, to] = this.indexesOf(block);
    for (let i = from; i < to; ++i) {
      this.logsOfDelivery(i, wanted, (address, topics, data) =>
        add(block, i - from, address, topics, data));
    }
  }
}

/** What one frame may hold, as endpoints bound it. */
const LOGS_PER_ANSWER_MAX = 10_000;

export class PastProxy extends FaultProxy {
  /** `side` is logsOfOrigin or logsOfDestination. */
  static async show(chain, past, side) {
    const proxy = await PastProxy.open(chain);
    Object.assign(proxy, { past, side, answered: 0 });
    return proxy;
  }

  static async open(chain) {
    const proxy = new PastProxy(chain.wsUrl, chain.httpUrl, null);
    await new Promise((resolve, reject) => {
      proxy.server.once('listening', resolve).once('error', reject).listen(0, '127.0.0.1');
    });
    proxy.url = `ws://127.0.0.1:${proxy.server.address().port}`;
    return proxy;
  }

  onRequest(parsed, asked, answerHere) {
    const kept = [];
    for (const call of Array.isArray(parsed) ? parsed : [parsed]) {
      const answer = this.answerPast(call);
      if (answer === null) kept.push(call);
      else answerHere(`{"jsonrpc":"2.0","id":${JSON.stringify(call.id)},${answer}}`);
    }
    return kept.length === 0 ? null : super.onRequest(kept, asked, answerHere);
  }

  /** The rest of an answer about blocks of the past; null for all other questions. */
  answerPast({ method, params }) {
    if (method !== 'eth_getLogs' || params[0].fromBlock === undefined) return null;
    const [from, to] = [Number(params[0].fromBlock), Number(params[0].toBlock)];
    if (from > this.past.last || to < this.past.first) return null;
    const wanted = new Set(params[0].topics[0]);
    const logs = [];
    const add = (block, index, address, topics, data) => {
      logs.push(`{"address":"${address}","topics":[${topics.map((topic) => `"${topic}"`).join()}],` +
        `"data":"0x${data}","blockHash":"0xbb${word(block).slice(2)}",` +
        `"blockNumber":"0x${block.toString(16)}","blockTimestamp":"0x6553f100",` +
        `"transactionHash":"0xcc${word(block * 4096 + index).slice(2)}","transactionIndex":"0x1",` +
        `"logIndex":"0x${index.toString(16)}","removed":false}`);
    };
    const last = Math.min(to, this.past.last);
    for (let block = Math.max(from, this.past.first); block <= last; ++block) {
      this.past[this.side](block, wanted, add);
      if (logs.length > LOGS_PER_ANSWER_MAX && last > from) {
        return '"error":{"code":-32005,"message":"query returned more than 10000 results"}';
      }
    }
    this.answered += logs.length;
    return `"result":[${logs.join()}]`;
  }
}

/**
 * A store in which validators have signed every message of the past: what nobody wrote is signed
 * when it is asked for. The root is one that no tree has; message-id modules do not look at it.
 */
export class PastStore extends ObjectStore {
  constructor(credentials, past, validators) {
    super(credentials);
    Object.assign(this, { past, validators });
  }

  async serve(request, reply) {
    const { past } = this;
    const found = new RegExp(`/validator(\\d+)-${past.origin.name}/checkpoint_(\\d+)_with_id\\.json$`)
      .exec(request.url);
    if (request.method !== 'GET' || !found || Number(found[2]) >= past.count) {
      await super.serve(request, reply);
      return;
    }
    const [validator, index] = [this.validators[Number(found[1]) - 1], Number(found[2])];
    const { domain, merkleTreeHook: hook } = past.origin;
    const [root, id] = [`0x${'01'.repeat(32)}`, `0x${past.id(index)}`];
    const raw = checkpointHash({ domain, hook, root, index, id });
    const signature = await validator.account.signMessage({ message: { raw } });
    reply.writeHead(200).end(JSON.stringify({
      value: {
        checkpoint: { merkle_tree_hook_address: `0x${padded(hook)}`, mailbox_domain: domain, root,
          index },
        message_id: id,
      },
      serialized_signature: signature,
    }));
  }
}
