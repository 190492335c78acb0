// SPDX-License-Identifier: Apache-2.0
//
// Delivers messages by hand: builds the tree from its leaves, signs checkpoints as the validators
// and processes. It trusts the chain's head and keeps no journal: it is a test, not a relayer.

import { mailboxAbi, treeAbi } from './abi.mjs';
import { readLogs, topicOf } from './messages.mjs';
import { requirePackage } from './packages.mjs';
import { rpc, submitContract, waitReceipt } from './rpc.mjs';

const { concat, decodeAbiParameters, keccak256, numberToHex, pad, stringToHex } =
  requirePackage('viem/utils');

const TREE_DEPTH = 32;
const ZERO_LEAF = pad('0x', { size: 32 });

const hashPair = (left, right) => keccak256(concat([left, right]));

/** Root of the depth-32 tree over the leaves; missing places are zero leaves. */
export function treeRoot(leaves) {
  let level = leaves;
  let zero = ZERO_LEAF;
  for (let i = 0; i < TREE_DEPTH; ++i) {
    const pairs = Math.ceil(level.length / 2);
    const next = [];
    for (let k = 0; k < pairs; ++k) next.push(hashPair(level[2 * k], level[2 * k + 1] ?? zero));
    level = next;
    zero = hashPair(zero, zero);
  }
  return level[0] ?? zero;
}

/** Ids in the order in which the origin's tree hook took them. */
export async function readLeaves(chain) {
  const head = Number(await rpc(chain.httpUrl, 'eth_blockNumber'));
  const topic = topicOf(treeAbi, 'InsertedIntoTree');
  const logs = await readLogs(chain.httpUrl, chain.merkleTreeHook, topic, head);
  const types = [{ type: 'bytes32' }, { type: 'uint32' }];
  return logs.map(({ data }) => decodeAbiParameters(types, data)[0]);
}

/** What a validator signs, before the "Ethereum Signed Message" prefix. */
export function checkpointHash({ domain, hook, root, index, id }) {
  const uint32 = (number) => numberToHex(number, { size: 4 });
  const domainHash = keccak256(
    concat([uint32(domain), pad(hook, { size: 32 }), stringToHex('HYPERLANE')]),
  );
  return keccak256(concat([domainHash, root, uint32(index), id]));
}

/** Metadata of the message-id multisig ISM; signers must be in the set's order. */
export async function buildMetadata(origin, leaves, id, signers) {
  const index = leaves.indexOf(id);
  const root = treeRoot(leaves.slice(0, index + 1));
  const hook = origin.merkleTreeHook;
  const raw = checkpointHash({ domain: origin.domain, hook, root, index, id });
  const signatures = [];
  for (const signer of signers) signatures.push(await signer.signMessage({ message: { raw } }));
  return concat([pad(hook, { size: 32 }), root, numberToHex(index, { size: 4 }), ...signatures]);
}

/** The two first validators, in the order of the ISM's set. */
export function quorumOf(accounts) {
  return accounts.validators
    .map(({ account }) => account)
    .sort((a, b) => (a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1))
    .slice(0, 2);
}

/** Sends one message to its destination; resolves to where to look for the receipt. */
export async function processMessage(devnet, message, metadata) {
  const { httpUrl, mailbox } = devnet.chains.find(({ domain }) => domain === message.destination);
  const hash = await submitContract(httpUrl, {
    from: devnet.relayer.address,
    to: mailbox,
    abi: mailboxAbi,
    functionName: 'process',
    args: [metadata, message.bytes],
  });
  return { url: httpUrl, hash };
}

/** Delivers the given messages and waits until all are in blocks; resolves to the receipts. */
export async function deliver(devnet, accounts, messages) {
  const signers = quorumOf(accounts);
  const leavesOf = new Map();
  const sent = [];
  for (const message of messages) {
    const origin = devnet.chains.find(({ domain }) => domain === message.origin);
    if (!leavesOf.has(origin)) leavesOf.set(origin, await readLeaves(origin));
    const metadata = await buildMetadata(origin, leavesOf.get(origin), message.id, signers);
    sent.push(await processMessage(devnet, message, metadata));
  }
  return Promise.all(sent.map(({ url, hash }) => waitReceipt(url, hash, 'process')));
}
