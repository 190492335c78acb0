// SPDX-License-Identifier: Apache-2.0
//
// A witness (C2SP tlog-witness) that shares nothing with ours: Node's own cryptography, and a check
// of consistency that follows RFC 6962's definition from the root down. For tests.

import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { createServer } from 'node:http';

const BODY_BYTES_MAX = 1 << 20;

const sha256 = (...parts) => {
  const hash = createHash('sha256');
  parts.forEach((part) => hash.update(part));
  return hash.digest();
};

const rawKey = (key) => key.export({ format: 'der', type: 'spki' }).subarray(-32);

const publicKey = (raw) => createPublicKey({
  key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]),
  format: 'der', type: 'spki',
});

const keyId = (name, type, raw) => sha256(name, '\n', Buffer.from([type]), raw).subarray(0, 4);

const node = (left, right) => sha256(Buffer.from([1]), left, right);

/** The largest power of two below n. */
function splitOf(n) {
  let k = 1n;
  while (k * 2n < n) k *= 2n;
  return k;
}

/**
 * RFC 6962, section 2.1.2, read backwards: what the proof of m in n says both roots are. `known`:
 * whether the old tree is a subtree whose hash the verifier has, being the old root.
 */
function rootsOf(m, n, known, proof, oldRoot) {
  if (m === n) {
    const hash = known ? oldRoot : proof.pop();
    if (!hash) throw new Error('short');
    return [hash, hash];
  }
  const k = splitOf(n);
  const side = proof.pop();
  if (!side) throw new Error('short');
  if (m <= k) {
    const [old, whole] = rootsOf(m, k, known, proof, oldRoot);
    return [old, node(whole, side)];
  }
  const [old, whole] = rootsOf(m - k, n - k, false, proof, oldRoot);
  return [node(side, old), node(side, whole)];
}

function isConsistent(oldSize, oldRoot, size, root, hashes) {
  if (oldSize === 0n) return hashes.length === 0;
  if (oldSize === size) return hashes.length === 0 && oldRoot.equals(root);
  try {
    const proof = [...hashes];
    const [old, whole] = rootsOf(oldSize, size, true, proof, oldRoot);
    return proof.length === 0 && old.equals(oldRoot) && whole.equals(root);
  } catch {
    return false;
  }
}

export class Witness {
  /** `log`: the public key of the log that it knows. */
  constructor(name, log) {
    const pair = generateKeyPairSync('ed25519');
    const raw = rawKey(pair.publicKey);
    this.name = name;
    this.secret = pair.privateKey;
    this.id = keyId(name, 4, raw);
    const typed = Buffer.concat([Buffer.from([4]), raw]).toString('base64');
    this.key = `${name}+${this.id.toString('hex')}+${typed}`;
    const [origin, id, encoded] = [log.slice(0, log.indexOf('+')), ...log.split('+').slice(1, 2),
      log.slice(log.indexOf('+') + 10)];
    this.log = { origin, id, key: publicKey(Buffer.from(encoded, 'base64').subarray(1)) };
    this.held = { size: 0n, root: null };
    this.answered = [];
    this.spoil = null; // a function of (status, body) for tests of bad replies
  }

  async listen(port) {
    this.server = createServer((request, response) => this.#serve(request, response));
    await new Promise((resolve, reject) => {
      this.server.on('error', reject);
      this.server.listen(port, '127.0.0.1', resolve);
    });
    return this;
  }

  close() {
    this.server?.closeAllConnections?.();
    return new Promise((resolve) => (this.server ? this.server.close(resolve) : resolve()));
  }

  #serve(request, response) {
    const parts = [];
    let count = 0;
    request.on('data', (data) => {
      count += data.length;
      if (count <= BODY_BYTES_MAX) parts.push(data);
    });
    request.on('end', () => {
      const isRight = request.method === 'POST' && request.url === '/w/add-checkpoint';
      let [status, body] = isRight ? this.#judge(Buffer.concat(parts).toString()) : [404, ''];
      if (this.spoil) [status, body] = this.spoil(status, body);
      this.answered.push(status);
      response.writeHead(status, { 'content-type': 'text/plain' });
      response.end(body);
    });
  }

  #judge(text) {
    const gap = text.indexOf('\n\n');
    const end = text.lastIndexOf('\n\n');
    if (gap < 0 || end === gap) return [400, 'no note'];
    const [oldLine, ...hashLines] = text.slice(0, gap).split('\n');
    const noteText = `${text.slice(gap + 2, end)}\n`;
    const oldSize = /^old (0|[1-9]\d*)$/.exec(oldLine)?.[1];
    const [origin, sizeText, rootText] = noteText.split('\n');
    if (oldSize === undefined || !/^(0|[1-9]\d*)$/.test(sizeText ?? '')) return [400, 'malformed'];
    if (origin !== this.log.origin) return [404, 'unknown log'];
    if (!this.#isSigned(noteText, text.slice(end + 2))) return [403, 'not signed'];
    const [old, size] = [BigInt(oldSize), BigInt(sizeText)];
    const root = Buffer.from(rootText, 'base64');
    if (old > size) return [400, 'old is larger'];
    if (old !== this.held.size) return [409, `${this.held.size}\n`];
    const hashes = hashLines.map((line) => Buffer.from(line, 'base64'));
    if (!isConsistent(old, this.held.root, size, root, hashes)) return [422, 'inconsistent'];
    this.held = { size, root };
    return [200, this.cosign(noteText)];
  }

  #isSigned(text, lines) {
    return lines.split('\n').some((line) => {
      const [, name, blob] = line.split(' ');
      const bytes = Buffer.from(blob ?? '', 'base64');
      return name === this.log.origin && bytes.subarray(0, 4).toString('hex') === this.log.id &&
        verify(null, Buffer.from(text), this.log.key, bytes.subarray(4));
    });
  }

  cosign(text) {
    const seconds = BigInt(Math.floor(Date.now() / 1000));
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(seconds);
    const message = Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`);
    const blob = Buffer.concat([this.id, time, sign(null, message, this.secret)]);
    return `\u2014 ${this.name} ${blob.toString('base64')}\n`;
  }
}
