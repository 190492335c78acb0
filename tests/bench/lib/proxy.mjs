// SPDX-License-Identifier: Apache-2.0
//
// A websocket proxy between a node and a chain that counts JSON-RPC calls by method. It changes
// nothing and trusts nothing that the node says about itself.

import { performance } from 'node:perf_hooks';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';

const WebSocket = requirePackage('ws');
const { WebSocketServer } = WebSocket;

export class Proxy {
  /** Listens on a free port of loopback; `url` is where the node connects. */
  static async open(target) {
    const proxy = new this(target);
    await new Promise((resolve, reject) => {
      proxy.server.once('listening', resolve).once('error', reject);
    });
    proxy.url = `ws://127.0.0.1:${proxy.server.address().port}`;
    return proxy;
  }

  constructor(target) {
    this.calls = new Map(); // method to count
    this.target = target;
    this.url = null;
    this.server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
    this.server.on('connection', (socket) => this.join(socket));
  }

  join(socket) {
    const chain = new WebSocket(this.target, { perMessageDeflate: false });
    const early = [];
    socket.on('message', (data, isBinary) => {
      this.count(data);
      if (chain.readyState === WebSocket.OPEN) chain.send(data, { binary: isBinary });
      else early.push([data, isBinary]);
    });
    chain.on('open', () => {
      for (const [data, binary] of early.splice(0)) chain.send(data, { binary });
    });
    chain.on('message', (data, isBinary) => {
      socket.send(data, { binary: isBinary });
      this.onAnswer(data);
    });
    for (const [one, other] of [[socket, chain], [chain, socket]]) {
      one.on('close', () => other.close());
      one.on('error', () => other.terminate());
    }
  }

  count(data) {
    const parsed = JSON.parse(data);
    for (const { method } of Array.isArray(parsed) ? parsed : [parsed]) {
      this.calls.set(method, (this.calls.get(method) ?? 0) + 1);
    }
  }

  /** For those that look at what the chain says. */
  onAnswer() {}

  get total() {
    return [...this.calls.values()].reduce((sum, count) => sum + count, 0);
  }

  close() {
    for (const socket of this.server.clients) socket.terminate();
    this.server.close();
  }
}

/** Knows when each question was under way, when each head was told, and when what was sent. */
export class TimingProxy extends Proxy {
  constructor(target) {
    super(target);
    Object.assign(this, { open: new Map(), waits: [], heads: new Map(), sent: [] });
  }

  count(data) {
    const now = performance.now();
    super.count(data);
    const parsed = JSON.parse(data);
    for (const { id, method, params } of Array.isArray(parsed) ? parsed : [parsed]) {
      if (method === 'eth_sendRawTransaction') this.sent.push({ at: now, raw: params[0] });
      this.open.set(id, now);
    }
  }

  onAnswer(data) {
    const now = performance.now();
    const parsed = JSON.parse(data);
    for (const { id, params } of Array.isArray(parsed) ? parsed : [parsed]) {
      const number = params?.result?.number;
      if (number !== undefined && !this.heads.has(Number(number))) {
        this.heads.set(Number(number), now);
      }
      if (this.open.has(id)) this.waits.push([this.open.get(id), now]);
      this.open.delete(id);
    }
  }
}
