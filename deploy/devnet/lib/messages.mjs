// SPDX-License-Identifier: Apache-2.0
//
// What the chains say about messages: all that were dispatched, and how often each was delivered.

import { mailboxAbi } from './abi.mjs';
import { requirePackage } from './packages.mjs';
import { callContract, callContracts, rpc } from './rpc.mjs';
import { sleep } from './terminal.mjs';

const { decodeAbiParameters, encodeEventTopics, keccak256, sliceHex } =
  requirePackage('viem/utils');

const READ_TRIES_MAX = 50;
const READ_PAUSE_MS = 100;
const CALLS_MAX = 200;

export const topicOf = (abi, eventName) => encodeEventTopics({ abi, eventName })[0];

const DISPATCH = topicOf(mailboxAbi, 'Dispatch');
const PROCESS_ID = topicOf(mailboxAbi, 'ProcessId');

const hexBlock = (block) => `0x${block.toString(16)}`;

/** The logs of one event of one contract, from the start of the chain to a block. */
export function readLogs(url, address, topic, block) {
  const range = { fromBlock: '0x0', toBlock: hexBlock(block) };
  return rpc(url, 'eth_getLogs', [{ address, topics: [topic], ...range }]);
}

/** The fields of a dispatched message: nonce, domains, sender, recipient, body. */
export function parseMessage(bytes) {
  const number = (from, to) => Number(sliceHex(bytes, from, to));
  return {
    id: keccak256(bytes),
    bytes,
    nonce: number(1, 5),
    origin: number(5, 9),
    sender: `0x${sliceHex(bytes, 9, 41).slice(26)}`,
    destination: number(41, 45),
    recipient: `0x${sliceHex(bytes, 45, 77).slice(26)}`,
    body: bytes.length > 2 + 2 * 77 ? sliceHex(bytes, 77) : '0x',
  };
}

export function messageOfLog(log) {
  return {
    ...parseMessage(decodeAbiParameters([{ type: 'bytes' }], log.data)[0]),
    transaction: log.transactionHash,
    block: Number(log.blockNumber),
    seconds: Number(log.blockTimestamp),
  };
}

export const dispatchLogs = (receipt) => receipt.logs.filter((log) => log.topics[0] === DISPATCH);

/** Value of a transfer's message in base units. */
export const transferAmount = ({ body }) => BigInt(sliceHex(body, 32, 64));

/**
 * A chain's dispatches up to a block. A block's logs can come a little after its number, so they
 * are read until there are as many as the mailbox counted.
 */
async function readDispatches(chain, block) {
  for (let i = 0; i < READ_TRIES_MAX; ++i) {
    const [logs, nonce] = await Promise.all([
      readLogs(chain.httpUrl, chain.mailbox, DISPATCH, block),
      callContract(chain.httpUrl, chain.mailbox, mailboxAbi, 'nonce', [], hexBlock(block)),
    ]);
    if (logs.length === nonce) return logs.map(messageOfLog);
    await sleep(READ_PAUSE_MS);
  }
  throw new Error(`${chain.name}: the logs do not agree with the mailbox's count`);
}

/** Ids that were delivered on a chain up to a block: id to a list of {block, seconds}. */
async function readDeliveries(chain, block) {
  const logs = await readLogs(chain.httpUrl, chain.mailbox, PROCESS_ID, block);
  const deliveries = new Map();
  for (const log of logs) {
    const id = log.topics[1];
    const entry = { block: Number(log.blockNumber), seconds: Number(log.blockTimestamp),
      transaction: log.transactionHash };
    deliveries.set(id, [...(deliveries.get(id) ?? []), entry]);
  }
  return deliveries;
}

/** Whether each id counts as delivered in the mailbox's own storage at a block. */
async function readDelivered(chain, ids, block) {
  const results = [];
  for (let i = 0; i < ids.length; i += CALLS_MAX) {
    const calls = ids.slice(i, i + CALLS_MAX).map((id) => ({
      to: chain.mailbox, abi: mailboxAbi, functionName: 'delivered', args: [id],
    }));
    results.push(...(await callContracts(chain.httpUrl, calls, hexBlock(block))));
  }
  return results;
}

/** Deliveries by the logs; both are read again until they agree with the mailbox's storage. */
async function readAgreedDeliveries(chain, ids, block) {
  for (let i = 0; i < READ_TRIES_MAX; ++i) {
    const stored = await readDelivered(chain, ids, block);
    const deliveries = await readDeliveries(chain, block);
    if (ids.every((id, k) => stored[k] === deliveries.has(id))) return deliveries;
    await sleep(READ_PAUSE_MS);
  }
  throw new Error(`${chain.name}: the logs do not agree with the mailbox's storage`);
}

/**
 * Every message of the devnet with its deliveries, as of one block of each chain, and the ids that
 * were delivered without having been dispatched.
 */
export async function readMessages({ chains }) {
  const heads = chains.map(({ httpUrl }) => rpc(httpUrl, 'eth_blockNumber'));
  const blocks = (await Promise.all(heads)).map(Number);
  const lists = await Promise.all(chains.map((chain, i) => readDispatches(chain, blocks[i])));
  const dispatched = lists.flat();
  const byDomain = new Map();
  const unknownIds = [];
  await Promise.all(
    chains.map(async (chain, i) => {
      const ids = dispatched
        .filter(({ destination }) => destination === chain.domain)
        .map(({ id }) => id);
      const deliveries = await readAgreedDeliveries(chain, ids, blocks[i]);
      byDomain.set(chain.domain, deliveries);
      const known = new Set(ids);
      unknownIds.push(...[...deliveries.keys()].filter((id) => !known.has(id)));
    }),
  );
  const messages = dispatched.map((message) => ({
    ...message,
    deliveries: byDomain.get(message.destination)?.get(message.id) ?? [],
  }));
  return { messages, unknownIds, blocks };
}
