// SPDX-License-Identifier: Apache-2.0
//
// A store that speaks as much of S3 as checkpoint stores need, by path: anybody reads, and writing
// takes a signature (AWS Signature Version 4), which is checked here with Node's own cryptography.
// It can be told to serve one folder badly. For tests.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const BODY_BYTES_MAX = 1 << 20;
const LATE_MS = 2500;

const sha256 = (data) => createHash('sha256').update(data).digest('hex');
const hmac = (key, data) => createHmac('sha256', key).update(data).digest();

/** Whether the request is signed by the secret, its body included. */
function isSigned(request, body, { id, secret }) {
  const match = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/
    .exec(request.headers.authorization ?? '');
  if (!match || match[1] !== id) return false;
  const [, , date, region, names, signature] = match;
  const time = request.headers['x-amz-date'] ?? '';
  const age = Date.parse(time.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5')) - Date.now();
  const signed = names.split(';');
  if (!time.startsWith(date) || !(Math.abs(age) < 900_000)) return false;
  if (!['host', 'x-amz-date', 'x-amz-content-sha256'].every((name) => signed.includes(name))) {
    return false;
  }
  const { pathname, search } = new URL(request.url, 'http://store');
  if (search !== '' || request.headers['x-amz-content-sha256'] !== sha256(body)) return false;
  const canonical = [request.method, pathname, '',
    ...signed.map((name) => `${name}:${request.headers[name].trim()}`), '', names,
    request.headers['x-amz-content-sha256']].join('\n');
  const scope = `${date}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = [region, 's3', 'aws4_request']
    .reduce((from, part) => hmac(from, part), hmac(`AWS4${secret}`, date));
  return timingSafeEqual(Buffer.from(signature, 'hex'), hmac(key, text));
}

async function bodyOf(request) {
  const parts = [];
  let count = 0;
  for await (const part of request) {
    count += part.length;
    if (count > BODY_BYTES_MAX) throw new Error('too large');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Another root than the one that was signed. */
function forge(object) {
  const value = JSON.parse(object);
  if (!value.value?.checkpoint) return object;
  value.value.checkpoint.root = `0x${'66'.repeat(32)}`;
  return Buffer.from(JSON.stringify(value));
}

export class ObjectStore {
  constructor(credentials) {
    this.credentials = credentials;
    this.objects = new Map(); // path to bytes
    this.faults = new Map(); // beginning of a path to forge, absent, stall, late, flood, raised or hidden
    this.refused = 0;
    this.written = 0;
    this.stalled = new Set();
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

  /** `kind` null: it is served well again. */
  fault(prefix, kind) {
    if (kind) this.faults.set(prefix, kind);
    else this.faults.delete(prefix);
  }

  async serve(request, reply) {
    const name = decodeURIComponent(new URL(request.url, 'http://store').pathname);
    if (request.method === 'PUT') {
      const body = await bodyOf(request);
      if (!isSigned(request, body, this.credentials)) {
        this.refused += 1;
        reply.writeHead(403).end('<Error><Code>SignatureDoesNotMatch</Code></Error>');
        return;
      }
      this.written += 1;
      this.objects.set(name, body);
      reply.writeHead(200).end();
      return;
    }
    this.read(name, reply);
  }

  read(name, reply, isLate = false) {
    const fault = [...this.faults].find(([prefix]) => name.startsWith(prefix))?.[1];
    const object = this.objects.get(name);
    const isFlag = name.endsWith('/reorg_flag.json');
    if (fault === 'stall') return;
    if (fault === 'late' && !isLate) {
      setTimeout(() => this.read(name, reply, true), LATE_MS);
      return;
    }
    if (fault === 'flood') {
      const pour = () => {
        while (!reply.destroyed && reply.write(Buffer.alloc(65536)));
      };
      reply.on('drain', pour);
      pour();
      return;
    }
    if (fault === 'raised' && isFlag) {
      reply.writeHead(200).end('{}');
    } else if (fault === 'hidden' && isFlag) {
      reply.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>');
    } else if (!object || fault === 'absent') {
      reply.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>');
    } else {
      reply.writeHead(200, { 'content-type': 'application/json' });
      reply.end(fault === 'forge' ? forge(object) : object);
    }
  }
}
