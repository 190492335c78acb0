// SPDX-License-Identifier: Apache-2.0
//
// Proofs by root over trees of many sizes, made by `sluice tool tree`, before the real contracts: the
// multisig module verifies them, and the tree hook, given the same leaves, names the same root. The
// leaves are put into the hook's storage for the one call; nothing on the chain changes.

import { spawnSync } from 'node:child_process';
import { deriveAccounts } from '../../../deploy/devnet/lib/accounts.mjs';
import { checkpointHash } from '../../../deploy/devnet/lib/delivery.mjs';
import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { callContract, rpc, rpcBatch } from '../../../deploy/devnet/lib/rpc.mjs';

const { concat, encodeFunctionData, keccak256, numberToHex, pad, parseAbi, stringToHex } =
  requirePackage('viem/utils');

const SIZES = [1, 2, 255, 256, 257, 10_000];
const DEPTH = 32;
const SLOTS_MAX = 400;

const moduleAbi = parseAbi(['function verify(bytes metadata, bytes message) returns (bool)']);
const hookAbi = parseAbi(['function count() view returns (uint32)',
  'function root() view returns (bytes32)']);
const word = (number) => numberToHex(number, { size: 32 });
const uint32 = (number) => numberToHex(number, { size: 4 });

/** The tool's answer: count, root, and the proof of one leaf. */
function askTool(program, leaves, index) {
  const told = spawnSync(program, ['tool', 'tree', '-', '--proof', String(index)],
    { input: `${leaves.join('\n')}\n`, encoding: 'utf8', maxBuffer: 1 << 24 });
  if (told.status !== 0) throw new Error(`sluice tool tree: ${told.stderr.trim()}`);
  return JSON.parse(told.stdout);
}

function messageTo({ domain }, destination) {
  return concat(['0x03', uint32(7), uint32(domain), pad('0x11', { size: 32 }),
    uint32(destination.domain), pad('0x22', { size: 32 }), stringToHex('proved by its root')]);
}

/** Roots of the full subtrees at the right edge, as the hook stores them. */
function frontierOf(leaves) {
  const branch = [];
  let level = leaves;
  for (let i = 0; i < DEPTH; i += 1) {
    if (level.length % 2 === 1) branch[i] = level.at(-1);
    level = Array.from({ length: level.length >> 1 }, (_, k) =>
      keccak256(concat([level[2 * k], level[2 * k + 1]])));
  }
  return branch;
}

/** Where the hook keeps its leaf count; the branch is in the slots before it. */
async function countSlot({ httpUrl, merkleTreeHook }) {
  const count = await callContract(httpUrl, merkleTreeHook, hookAbi, 'count');
  const values = await rpcBatch(httpUrl, Array.from({ length: SLOTS_MAX }, (_, slot) =>
    ['eth_getStorageAt', [merkleTreeHook, word(slot), 'latest']]));
  const slots = values.flatMap((value, slot) => (BigInt(value) === BigInt(count) ? [slot] : []));
  expectEqual(slots.length, 1, 'slots that hold the count');
  expect(slots[0] >= DEPTH, 'slots before the count');
  return slots[0];
}

/** What the hook says its root is once it has these leaves. */
async function rootOfHook({ httpUrl, merkleTreeHook: to }, slot, leaves) {
  const stateDiff = { [word(slot)]: word(leaves.length) };
  frontierOf(leaves).forEach((node, i) => (stateDiff[word(slot - DEPTH + i)] = node));
  const data = encodeFunctionData({ abi: hookAbi, functionName: 'root' });
  return rpc(httpUrl, 'eth_call', [{ to, data }, 'latest', { [to]: { stateDiff } }]);
}

export async function checkProofs(suite, modules) {
  const { program, devnet: { chains: [origin, destination] } } = suite.stage;
  const signers = deriveAccounts().validators.map(({ account }) => account)
    .sort((a, b) => (a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1)).slice(0, 2);
  const module = await modules.merkleRoot(signers.map(({ address }) => address), 2);
  const slot = await countSlot(origin);
  const message = messageTo(origin, destination);
  const hook = origin.merkleTreeHook;
  const verifies = (metadata) => {
    const data = encodeFunctionData({ abi: moduleAbi, functionName: 'verify', args: [metadata, message] });
    return rpc(destination.httpUrl, 'eth_call', [{ to: module, data }, 'latest'])
      .then((result) => BigInt(result) === 1n, () => false);
  };
  const metadataOf = async (leaves, index, { root, proof }) => {
    const last = leaves.length - 1;
    const raw = checkpointHash({ domain: origin.domain, hook, root, index: last, id: leaves[last] });
    const signatures = [];
    for (const signer of signers) signatures.push(await signer.signMessage({ message: { raw } }));
    return concat([pad(hook, { size: 32 }), uint32(index), leaves[last], ...proof, uint32(last),
      ...signatures]);
  };

  for (const size of SIZES) {
    await suite.check(`proofs over ${size} leaves hold before the real contracts`, async () => {
      for (const index of new Set([0, size >> 1, size - 1])) {
        const leaves = Array.from({ length: size }, (_, i) =>
          (i === index ? keccak256(message) : keccak256(word(i))));
        const told = askTool(program, leaves, index);
        expectEqual(told.count, size, 'leaves');
        expectEqual(await rootOfHook(origin, slot, leaves), told.root, 'the root of the hook');
        expect(await verifies(await metadataOf(leaves, index, told)), `leaf ${index} is refused`);
        const proof = told.proof.map((hash, i) => (i === 3 ? word(1) : hash));
        expect(!(await verifies(await metadataOf(leaves, index, { ...told, proof }))),
          `leaf ${index} passes with another sibling`);
      }
    });
  }
}
