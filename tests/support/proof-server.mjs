// SPDX-License-Identifier: Apache-2.0
//
// Servers that tests/e2e/contracts/OffchainIsm.sol believes, and worse ones, by the first part of
// the path: good, liar, slow, large, away. For tests.

import { createServer } from 'node:http';
import { requirePackage } from '../../deploy/devnet/lib/packages.mjs';

const { concat, keccak256, stringToHex } = requirePackage('viem/utils');

const proofOf = (message) => keccak256(concat([keccak256(message), stringToHex('proof')]));

async function textOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

export class ProofServer {
  constructor() {
    this.asked = new Map(); // kind to how often
    this.posted = []; // bodies of POST requests
  }

  async open(port) {
    this.server = createServer((request, reply) => this.serve(request, reply).catch(() => {
      reply.destroy();
    }));
    await new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', resolve);
    });
    this.url = `http://127.0.0.1:${port}`;
  }

  async close() {
    this.server?.closeAllConnections();
    await new Promise((resolve) => (this.server ? this.server.close(resolve) : resolve()));
  }

  async serve(request, reply) {
    const [, kind, , data] = request.url.split('/');
    const posted = request.method === 'POST' ? JSON.parse(await textOf(request)) : null;
    const message = posted ? posted.data : data;
    this.asked.set(kind, (this.asked.get(kind) ?? 0) + 1);
    if (posted) this.posted.push(posted);
    const answer = (value) => {
      reply.writeHead(200, { 'content-type': 'application/json' });
      reply.end(JSON.stringify({ data: value }));
    };
    if (kind === 'good') answer(proofOf(message));
    else if (kind === 'liar') answer(keccak256(message));
    else if (kind === 'large') answer(`0x${'00'.repeat(4 << 20)}`);
    else if (kind === 'away') reply.writeHead(302, { location: `${this.url}/good/x/${message}` }).end();
    else if (kind !== 'slow') reply.writeHead(404).end('{}');
  }
}
