// SPDX-License-Identifier: Apache-2.0
//
// Servers that tests/e2e/contracts/OffchainIsm.sol believes, and worse ones, by the first part of
// the path: good, liar, slow, large, away, picky (answers to whom it knows alone), sized-N (N bytes of
// nothing). For tests.

import { createServer } from 'node:http';
import { requirePackage } from '../../deploy/devnet/lib/packages.mjs';

const { concat, keccak256, stringToHex } = requirePackage('viem/utils');
const { recoverMessageAddress } = requirePackage('viem');

const proofOf = (message) => keccak256(concat([keccak256(message), stringToHex('proof')]));

async function textOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

/** Who asked, by the signature over the module, the data and the template of the address. */
async function askerOf({ sender, data, signature }, template) {
  const raw = keccak256(
    concat([stringToHex('HYPERLANE_OFFCHAINLOOKUP'), sender, data, stringToHex(template)]));
  return recoverMessageAddress({ message: { raw }, signature });
}

export class ProofServer {
  constructor(known = []) {
    this.known = known.map((address) => address.toLowerCase()); // whom the picky one answers

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
    if (kind === 'picky') {
      const asker = posted?.signature &&
        await askerOf(posted, `${this.url}/picky/{sender}`).catch(() => null);
      if (this.known.includes(asker?.toLowerCase())) answer(proofOf(message));
      else reply.writeHead(401).end('{}');
    } else if (kind.startsWith('sized-')) answer(`0x${'5a'.repeat(Number(kind.slice(6)))}`);
    else if (kind === 'good') answer(proofOf(message));
    else if (kind === 'liar') answer(keccak256(message));
    else if (kind === 'large') answer(`0x${'00'.repeat(4 << 20)}`);
    else if (kind === 'away') reply.writeHead(302, { location: `${this.url}/good/x/${message}` }).end();
    else if (kind !== 'slow') reply.writeHead(404).end('{}');
  }
}
