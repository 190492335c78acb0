// SPDX-License-Identifier: Apache-2.0
//
// Where the npm packages are. deploy/setup puts them in a cache folder named after the hash of the
// lock file, so nothing of theirs is in the source tree.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const devnetDirectory = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

export const cacheDirectory =
  process.env.SLUICE_CACHE ||
  path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'sluice');

/** First 16 hex digits of the SHA-256 of the given bytes: names folders in the cache. */
export function shortHash(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 16);
}

/** The installed packages of the package.json in a folder; ends the program when they are missing. */
export function packagesOf(directory) {
  const lock = readFileSync(path.join(directory, 'package-lock.json'));
  const folder = path.join(cacheDirectory, `npm-${shortHash(lock)}`, 'node_modules');
  if (!existsSync(folder)) {
    process.stderr.write('devnet: npm packages are missing; run deploy/setup check\n');
    process.exit(3);
  }
  return folder;
}

const packages = packagesOf(devnetDirectory);

export const anvilProgram = path.join(packages, '@foundry-rs/anvil-linux-amd64/bin/anvil');

export const packagePath = (name) => path.join(packages, name);

export const requirePackage = createRequire(path.join(packages, 'from-here.cjs'));
