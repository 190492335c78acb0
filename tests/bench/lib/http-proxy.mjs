// SPDX-License-Identifier: Apache-2.0
//
// An HTTP proxy between a program and a chain that counts JSON-RPC calls by method. It changes
// nothing.

import { Agent, createServer, request } from 'node:http';

export class HttpProxy {
  /** Listens on a free port of loopback; `url` is where the program asks. */
  static async open(target) {
    const proxy = new this(target);
    await new Promise((resolve, reject) => {
      proxy.server.listen(0, '127.0.0.1', resolve).once('error', reject);
    });
    proxy.url = `http://127.0.0.1:${proxy.server.address().port}`;
    return proxy;
  }

  constructor(target) {
    this.calls = new Map(); // method to count
    this.target = new URL(target);
    this.agent = new Agent({ keepAlive: true });
    this.server = createServer((asked, answer) => this.pass(asked, answer));
  }

  pass(asked, answer) {
    const parts = [];
    asked.on('data', (part) => parts.push(part));
    asked.on('end', () => {
      const body = Buffer.concat(parts);
      this.count(body);
      const { hostname, port } = this.target;
      const { method, url: path } = asked;
      const onward = request({ hostname, port, method, path, agent: this.agent,
        headers: { 'content-type': 'application/json', 'content-length': body.length } },
      (reply) => {
        answer.writeHead(reply.statusCode, { 'content-type': 'application/json' });
        reply.pipe(answer);
      });
      onward.on('error', () => answer.destroy());
      onward.end(body);
    });
  }

  count(body) {
    const parsed = JSON.parse(body);
    for (const { method } of Array.isArray(parsed) ? parsed : [parsed]) {
      this.calls.set(method, (this.calls.get(method) ?? 0) + 1);
    }
  }

  get total() {
    return [...this.calls.values()].reduce((sum, count) => sum + count, 0);
  }

  close() {
    this.agent.destroy();
    this.server.closeAllConnections();
    this.server.close();
  }
}
