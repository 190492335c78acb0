// SPDX-License-Identifier: Apache-2.0
//
// Compiles folders of Solidity, once per content: the result is kept in the cache under the hash of
// the sources, the packages and this file, and nothing of it is in the source tree.

import { existsSync, readFileSync, readdirSync, renameSync, writeFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory, devnetDirectory, packagePath, requirePackage, shortHash } from './packages.mjs';

const SETTINGS = {
  evmVersion: 'cancun',
  metadata: { appendCBOR: false, bytecodeHash: 'none' },
  outputSelection: {
    '*': { '*': ['abi', 'evm.bytecode', 'evm.deployedBytecode.object', 'evm.methodIdentifiers'] },
  },
};

/** Few runs: size matters more than gas, for a contract may have 24,576 bytes at most. */
const OPTIMIZER = { optimizer: { enabled: true, runs: 1 } };

/**
 * Compiles every .sol of the given folders (name in imports: folder). Resolves to
 * {Name: {abi, bytecode, runtime, links, selectors}} of all contracts in them.
 */
export function compileFolders(folders, optimizer = OPTIMIZER) {
  const sources = readSources(folders);
  const lock = readFileSync(path.join(devnetDirectory, 'package-lock.json'));
  const own = readFileSync(fileURLToPath(import.meta.url));
  const cached = path.join(
    cacheDirectory, `solidity-${shortHash(lock, own, JSON.stringify([sources, optimizer]))}.json`,
  );
  if (existsSync(cached)) return JSON.parse(readFileSync(cached, 'utf8'));
  const artifacts = compile(sources, optimizer);
  mkdirSync(cacheDirectory, { recursive: true });
  const draft = `${cached}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(artifacts));
  renameSync(draft, cached);
  return artifacts;
}

function readSources(folders) {
  const sources = {};
  for (const [name, folder] of Object.entries(folders)) {
    for (const file of readdirSync(folder).filter((entry) => entry.endsWith('.sol')).sort()) {
      const content = readFileSync(path.join(folder, file), 'utf8');
      sources[path.posix.join(name, file)] = { content };
    }
  }
  return sources;
}

function compile(sources, optimizer) {
  const solc = requirePackage('solc');
  const settings = { ...SETTINGS, ...optimizer };
  const input = JSON.stringify({ language: 'Solidity', sources, settings });
  const output = JSON.parse(solc.compile(input, { import: readImport }));
  const found = (output.errors ?? []).filter(({ severity, sourceLocation }) =>
    severity === 'error' || sources[sourceLocation?.file]);
  if (found.length > 0) throw new Error(found.map((e) => e.formattedMessage).join('\n'));
  const artifacts = {};
  for (const file of Object.keys(sources)) {
    for (const [name, contract] of Object.entries(output.contracts[file] ?? {})) {
      artifacts[name] = artifactOf(contract);
    }
  }
  return artifacts;
}

function readImport(name) {
  try {
    return { contents: readFileSync(packagePath(name), 'utf8') };
  } catch (error) {
    return { error: error.message };
  }
}

function artifactOf({ abi, evm }) {
  const links = Object.values(evm.bytecode.linkReferences).flatMap((libraries) =>
    Object.entries(libraries).map(([library, places]) => ({ library, places })));
  return {
    abi,
    bytecode: `0x${evm.bytecode.object}`,
    runtimeBytes: evm.deployedBytecode.object.length / 2,
    links,
    selectors: evm.methodIdentifiers,
  };
}

/** Bytecode with the addresses of its libraries in place. */
export function link({ bytecode, links }, addresses) {
  let code = bytecode;
  for (const { library, places } of links) {
    const address = addresses[library].slice(2).toLowerCase();
    for (const { start, length } of places) {
      const from = 2 + 2 * start;
      code = code.slice(0, from) + address + code.slice(from + 2 * length);
    }
  }
  return code;
}
