// SPDX-License-Identifier: Apache-2.0
//
// The facts about anvil's websocket that README.md states, so that a new version that breaks one is
// noticed here.

import { expect, expectEqual } from './expect.mjs';
import { requirePackage } from './packages.mjs';

const WebSocket = requirePackage('ws');

const WAIT_MS = 5_000;
const NONCE_SELECTOR = '0xaffed0e0';
const UNKNOWN_HASH = `0x${'11'.repeat(32)}`;

/** A websocket on which requests and notifications are awaited. */
class Endpoint {
  constructor(socket) {
    this.socket = socket;
    this.waiting = new Map();
    this.nextId = 1;
    socket.on('message', (text) => this.onMessage(JSON.parse(text)));
  }

  static open(url) {
    const socket = new WebSocket(url);
    return new Promise((resolve, reject) => {
      socket.once('error', reject).once('open', () => resolve(new Endpoint(socket)));
    });
  }

  onMessage(message) {
    const key = Array.isArray(message) ? message[0].id : message.id ?? message.params.subscription;
    this.waiting.get(key)?.(message);
    this.waiting.delete(key);
  }

  /** The next message under a request's id or a subscription's. */
  next(key) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer for ${key}`)), WAIT_MS);
      this.waiting.set(key, (message) => {
        clearTimeout(timer);
        resolve(message);
      });
    });
  }

  call(method, ...params) {
    const id = this.nextId++;
    const answer = this.next(id);
    this.socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return answer;
  }

  batch(calls) {
    const body = calls.map(([method, ...params]) => ({
      jsonrpc: '2.0', id: this.nextId++, method, params,
    }));
    const answer = this.next(body[0].id);
    this.socket.send(JSON.stringify(body));
    return answer;
  }

  close() {
    this.socket.close();
  }
}

function withEndpoint(run) {
  return async ({ devnet }) => {
    const endpoint = await Endpoint.open(devnet.chains[0].wsUrl);
    try {
      await run(endpoint, devnet.chains[0]);
    } finally {
      endpoint.close();
    }
  };
}

async function latest(endpoint) {
  return (await endpoint.call('eth_getBlockByNumber', 'latest', false)).result;
}

export const endpointTests = [
  ['websocket: new heads come, each after its parent', withEndpoint(async (endpoint) => {
    const { result: subscription } = await endpoint.call('eth_subscribe', 'newHeads');
    const first = await endpoint.next(subscription);
    const second = await endpoint.next(subscription);
    expectEqual(second.params.result.parentHash, first.params.result.hash, 'parent');
  })],
  ['websocket: a batch is answered in order', withEndpoint(async (endpoint) => {
    const replies = await endpoint.batch([['eth_chainId'], ['no_such_method'], ['eth_chainId']]);
    expectEqual(replies.length, 3, 'replies');
    expectEqual(Number(replies[0].result), 31337, 'chain id');
    expect(replies[1].error, 'an error in its place');
    expectEqual(replies[2].result, replies[0].result, 'last reply');
  })],
  ['websocket: logs and receipts by block hash', withEndpoint(async (endpoint, chain) => {
    const number = `0x${chain.startBlock.toString(16)}`;
    const { hash } = (await endpoint.call('eth_getBlockByNumber', number, false)).result;
    const logs = (await endpoint.call('eth_getLogs', { blockHash: hash })).result;
    const receipts = (await endpoint.call('eth_getBlockReceipts', hash)).result;
    expect(logs.length > 0, 'logs in the last deploying block');
    expectEqual(receipts.flatMap(({ logs: list }) => list).length, logs.length, 'logs of receipts');
    const unknown = await endpoint.call('eth_getLogs', { blockHash: UNKNOWN_HASH });
    expect(unknown.error, 'an error for an unknown hash');
  })],
  ['websocket: calls pinned to a block hash', withEndpoint(async (endpoint, { mailbox }) => {
    const { hash } = await latest(endpoint);
    const call = { to: mailbox, data: NONCE_SELECTOR };
    const pinned = await endpoint.call('eth_call', call, { blockHash: hash });
    expectEqual(pinned.result.length, 66, 'length of the word');
    const unknown = await endpoint.call('eth_call', call, { blockHash: UNKNOWN_HASH });
    expect(unknown.error, 'an error for an unknown hash');
  })],
  ['websocket: state since the loaded block, none before', withEndpoint(async (endpoint, chain) => {
    const call = { to: chain.mailbox, data: NONCE_SELECTOR };
    const at = (block) => endpoint.call('eth_call', call, `0x${block.toString(16)}`);
    expect((await at(chain.startBlock)).result, 'state at the loaded block');
    expect((await at(chain.startBlock - 1)).error, 'an error before it');
  })],
  ['websocket: fee history', withEndpoint(async (endpoint) => {
    const { result } = await endpoint.call('eth_feeHistory', '0x4', 'latest', [50]);
    expectEqual(result.baseFeePerGas.length, 5, 'base fees');
    expectEqual(result.reward.length, 4, 'rewards');
  })],
];
