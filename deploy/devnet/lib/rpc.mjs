// SPDX-License-Identifier: Apache-2.0
//
// JSON-RPC over HTTP, and the few calls that every program here makes.

import { requirePackage } from './packages.mjs';
import { EXIT_UNAVAILABLE, Stop, sleep } from './terminal.mjs';

const { encodeFunctionData, decodeFunctionResult } = requirePackage('viem/utils');

const RECEIPT_WAIT_MS = 30_000;

export class RpcError extends Error {
  constructor(method, { code, message, data }) {
    super(`${method}: ${message} (${code})${data ? ` ${JSON.stringify(data)}` : ''}`);
    this.code = code;
    this.data = data;
  }
}

async function post(url, body) {
  try {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    return await response.json();
  } catch (error) {
    const reason = error.cause?.code ?? error.message;
    throw new Stop(EXIT_UNAVAILABLE, `${url} does not answer (${reason}): is the devnet up?`);
  }
}

export async function rpc(url, method, params = []) {
  const reply = await post(url, { jsonrpc: '2.0', id: 1, method, params });
  if (reply.error) throw new RpcError(method, reply.error);
  return reply.result;
}

/** Many requests in one round trip: [[method, params], ...] to results in the same order. */
export async function rpcBatch(url, calls) {
  if (calls.length === 0) return [];
  const body = calls.map(([method, params], id) => ({ jsonrpc: '2.0', id, method, params }));
  const replies = await post(url, body);
  const results = new Array(calls.length);
  for (const reply of replies) {
    if (reply.error) throw new RpcError(calls[reply.id][0], reply.error);
    results[reply.id] = reply.result;
  }
  return results;
}

/** Reads a contract. */
export async function callContract(url, to, abi, functionName, args = [], block = 'latest') {
  const data = encodeFunctionData({ abi, functionName, args });
  const result = await rpc(url, 'eth_call', [{ to, data }, block]);
  return decodeFunctionResult({ abi, functionName, args, data: result });
}

/** Reads contracts in one round trip: [{to, abi, functionName, args}, ...]. */
export async function callContracts(url, calls, block = 'latest') {
  const requests = calls.map((call) => [
    'eth_call',
    [{ to: call.to, data: encodeFunctionData(call) }, block],
  ]);
  const results = await rpcBatch(url, requests);
  return calls.map((call, i) => decodeFunctionResult({ ...call, data: results[i] }));
}

/** Waits for a transaction to be in a block, and throws when it reverted there. */
export async function waitReceipt(url, hash, what = 'transaction') {
  const end = Date.now() + RECEIPT_WAIT_MS;
  while (Date.now() < end) {
    const receipt = await rpc(url, 'eth_getTransactionReceipt', [hash]);
    if (receipt?.status === '0x1') return receipt;
    if (receipt) throw new Error(`${what} reverted: ${hash}`);
    await sleep(20);
  }
  throw new Error(`${what} is in no block after ${RECEIPT_WAIT_MS / 1000} s: ${hash}`);
}

// The last transaction that each account gave to each chain. Anvil gives two that come at the same
// moment the same nonce and refuses one of them.
const lastSent = new Map();

/** Sends a transaction that anvil signs, after those of its account; resolves to its hash. */
export function sendTransaction(url, transaction) {
  const account = `${url} ${transaction.from}`;
  const send = () => rpc(url, 'eth_sendTransaction', [transaction]);
  const sent = (lastSent.get(account) ?? Promise.resolve()).then(send, send);
  lastSent.set(account, sent);
  return sent;
}

/**
 * Sends a call to a contract; resolves to the transaction's hash. The call is tried out first:
 * anvil takes a transaction that must revert, and its receipt does not say why.
 */
export async function submitContract(url, { from, to, abi, functionName, args = [], value = 0n }) {
  const data = encodeFunctionData({ abi, functionName, args });
  const transaction = { from, to, data, value: `0x${value.toString(16)}` };
  await rpc(url, 'eth_call', [transaction, 'latest']);
  // Half as much again: what the clock decides may cost more in the block than it did in the trial.
  const gas = BigInt(await rpc(url, 'eth_estimateGas', [transaction]));
  return sendTransaction(url, { ...transaction, gas: `0x${(gas + gas / 2n).toString(16)}` });
}

/** Calls a contract in a transaction and waits for it to succeed. */
export async function sendContract(url, call) {
  return waitReceipt(url, await submitContract(url, call), call.functionName);
}
