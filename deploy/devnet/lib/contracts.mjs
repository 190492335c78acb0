// SPDX-License-Identifier: Apache-2.0
//
// Bytecode to deploy: Hyperlane's from its package, our two contracts through solc.

import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import vm from 'node:vm';
import { devnetDirectory, packagePath, requirePackage } from './packages.mjs';

const FACTORIES = '@hyperlane-xyz/core/dist/typechain/factories/contracts';

/**
 * A contract of the Hyperlane package by its path: {abi, bytecode}. The package's own modules
 * import ethers, which nothing else here needs, so the two constants are read from the text.
 */
export function hyperlaneContract(name) {
  const file = packagePath(path.join(FACTORIES, `${name}__factory.js`));
  const text = readFileSync(file, 'utf8');
  const abi = /const _abi = (\[[\s\S]*?\n\]);/.exec(text);
  const bytecode = /const _bytecode = "(0x[0-9a-f]+)"/.exec(text);
  if (!abi || !bytecode) throw new Error(`no ABI and bytecode in ${file}`);
  const list = vm.runInNewContext(`JSON.stringify(${abi[1]})`);
  return { abi: JSON.parse(list), bytecode: bytecode[1] };
}

/** The contracts of a folder, compiled: {Sender: {abi, bytecode}, ...}. */
export function compileContracts(folder = path.join(devnetDirectory, 'contracts')) {
  const solc = requirePackage('solc');
  const files = readdirSync(folder).filter((name) => name.endsWith('.sol'));
  const sources = Object.fromEntries(
    files.map((name) => [name, { content: readFileSync(path.join(folder, name), 'utf8') }]),
  );
  const settings = {
    optimizer: { enabled: true, runs: 200 },
    evmVersion: 'cancun',
    outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
  };
  const input = JSON.stringify({ language: 'Solidity', sources, settings });
  const output = JSON.parse(solc.compile(input, { import: readImport }));
  const errors = (output.errors ?? []).filter((entry) => entry.severity === 'error');
  if (errors.length > 0) throw new Error(errors.map((e) => e.formattedMessage).join('\n'));
  return Object.fromEntries(files.map((name) => [path.parse(name).name, compiled(output, name)]));
}

function readImport(name) {
  try {
    return { contents: readFileSync(packagePath(name), 'utf8') };
  } catch (error) {
    return { error: error.message };
  }
}

function compiled(output, file) {
  const { abi, evm } = output.contracts[file][path.parse(file).name];
  return { abi, bytecode: `0x${evm.bytecode.object}` };
}
