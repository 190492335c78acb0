// SPDX-License-Identifier: Apache-2.0
//
// The folders in which our validators publish, served on the loopback as the reference's S3 layout:
// what is /BUCKET/FOLDER/checkpoint_5_with_id.json there is FOLDER's 5_with_id.json here. It also
// tells the peer that there is no newer version of it.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

const PEER = '@hyperlane-xyz/cli';
const BUCKET = 'checkpoints';
const REGION = 'us-east-1';

const localName = (name) => {
  if (name === 'checkpoint_latest_index.json') return 'index.json';
  return name.replace(/^checkpoint_(\d+_with_id\.json)$/, '$1');
};

export class Bucket {
  constructor(server) {
    this.server = server;
    this.folders = new Map();
    this.reads = 0;
  }

  static open(port) {
    const bucket = new Bucket(null);
    bucket.server = createServer((request, response) => bucket.answer(request, response));
    return new Promise((resolve, reject) => {
      bucket.server.on('error', reject);
      bucket.server.listen(port, '127.0.0.1', () => resolve(bucket));
    });
  }

  get url() {
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  /** Serves a local folder by a name; the location to announce. */
  serve(name, folder) {
    this.folders.set(name, folder);
    return `s3://${BUCKET}/${REGION}/${name}`;
  }

  async answer(request, response) {
    if (/^\/@hyperlane-xyz(\/|%2f)cli$/i.test(request.url)) {
      response.writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ name: PEER, 'dist-tags': { latest: '0.0.0' },
          versions: { '0.0.0': { name: PEER, version: '0.0.0' } } }));
      return;
    }
    const [bucket, name, object] = new URL(request.url, this.url).pathname.split('/').slice(1);
    const folder = bucket === BUCKET ? this.folders.get(name) : undefined;
    this.reads += 1;
    try {
      if (!folder || !/^[a-z0-9_]+\.json$/.test(object ?? '')) throw new Error('not here');
      const body = await readFile(path.join(folder, localName(object)));
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    } catch {
      response.writeHead(404, { 'content-type': 'application/xml' })
        .end('<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>');
    }
  }

  close() {
    this.server.closeAllConnections?.();
    this.server.close();
  }
}
