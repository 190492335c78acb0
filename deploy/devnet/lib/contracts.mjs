// SPDX-License-Identifier: Apache-2.0
//
// Bytecode to deploy: Hyperlane's from its package, the devnet's own two contracts compiled.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import vm from 'node:vm';
import { devnetDirectory, packagePath, requirePackage } from './packages.mjs';
import { compileFolders } from './solidity.mjs';

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

/** What creates Multicall3, as it was published and as viem carries it. */
export function multicallBytecode() {
  return requirePackage(packagePath('viem/_cjs/constants/contracts.js')).multicall3Bytecode;
}

/** The contracts of a folder, the devnet's own when absent, compiled: {Sender: {abi, bytecode}}. */
export function compileContracts(folder = path.join(devnetDirectory, 'contracts')) {
  const optimizer = { optimizer: { enabled: true, runs: 200 } };
  return compileFolders({ '': folder }, optimizer);
}
