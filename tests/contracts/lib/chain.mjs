// SPDX-License-Identifier: Apache-2.0
//
// One chain of the contract tests: deploys, sends, reads, and names what a contract refused with.

import { RpcError, rpc, sendTransaction, waitReceipt } from '../../../deploy/devnet/lib/rpc.mjs';
import { link } from '../../../deploy/devnet/lib/solidity.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';

const { decodeErrorResult, decodeEventLog, decodeFunctionResult, encodeDeployData,
  encodeFunctionData, toHex } = requirePackage('viem/utils');

/** Thrown by a call that the contract refused: `error` is its name, `args` what it said. */
export class Refusal extends Error {
  constructor(error, args) {
    super(`refused: ${error}(${(args ?? []).join(', ')})`);
    Object.assign(this, { error, args });
  }
}

export class Chain {
  constructor({ url, name, domain, contracts, artifacts, accounts }) {
    Object.assign(this, { url, name, domain, contracts, artifacts, accounts });
    this.libraries = {};
    this.errors = Object.values(artifacts).flatMap(({ abi }) =>
      abi.filter(({ type }) => type === 'error'));
    this.events = uniqueEvents(artifacts);
    this.gas = new Map();
    this.deployer = accounts.deployer.address;
  }

  rpc(method, ...params) {
    return rpc(this.url, method, params);
  }

  /** Deploys a contract and the libraries it needs; resolves to its handle. */
  async deploy(name, ...args) {
    const artifact = this.artifacts[name];
    for (const { library } of artifact.links ?? []) {
      this.libraries[library] ??= (await this.deploy(library)).address;
    }
    const bytecode = link({ links: [], ...artifact }, this.libraries);
    const data = encodeDeployData({ abi: artifact.abi, bytecode, args });
    const receipt = await this.#send({ from: this.deployer, data }, name);
    return this.at(name, receipt.contractAddress);
  }

  /** A handle on a deployed contract: h.fn(args, {from, value}), h.read.fn(args). */
  at(name, address) {
    const { abi } = this.artifacts[name];
    const handle = { address, abi, name };
    const names = new Set(abi.filter(({ type }) => type === 'function').map((f) => f.name));
    const call = (functionName) => (args = [], options = {}) =>
      this.send({ to: address, abi, functionName, args, ...options });
    const read = (functionName) => (...args) => this.read({ to: address, abi, functionName, args });
    handle.read = {};
    for (const functionName of names) {
      handle.read[functionName] = read(functionName);
      if (!(functionName in handle)) handle[functionName] = call(functionName);
    }
    return handle;
  }

  async send({ from, to, abi, functionName, args, value = 0n, label }) {
    const data = encodeFunctionData({ abi, functionName, args });
    const transaction = { from: from ?? this.deployer, to, data, value: toHex(value) };
    const receipt = await this.#send(transaction, functionName);
    if (label) this.gas.set(label, Number(receipt.gasUsed));
    return receipt;
  }

  async read({ to, abi, functionName, args, from }) {
    const data = encodeFunctionData({ abi, functionName, args });
    const result = await this.#ask('eth_call', { from: from ?? this.deployer, to, data });
    return decodeFunctionResult({ abi, functionName, args, data: result });
  }

  async #send(transaction, what) {
    const gas = await this.#ask('eth_estimateGas', transaction);
    // Calls of calls keep back a 64th, and refunds come late: room on top of the estimate.
    const limit = toHex((BigInt(gas) * 5n) / 4n + 50_000n);
    const hash = await sendTransaction(this.url, { ...transaction, gas: limit });
    return waitReceipt(this.url, hash, what);
  }

  async #ask(method, transaction) {
    try {
      return await this.rpc(method, transaction, 'latest');
    } catch (error) {
      throw this.#refusalOf(error);
    }
  }

  #refusalOf(error) {
    const data = typeof error.data === 'string' ? error.data : error.data?.data;
    if (!(error instanceof RpcError)) return error;
    if (!data || data.length < 10) return new Refusal('nothing', [error.message]);
    try {
      const { errorName, args } = decodeErrorResult({ abi: this.errors, data });
      return new Refusal(errorName, args);
    } catch {
      return new Refusal(data.slice(0, 10), []);
    }
  }

  /** Events of our contracts in a receipt, by name: [{eventName, args, address}]. */
  eventsOf(receipt) {
    const found = [];
    for (const log of receipt.logs) {
      const abi = this.events.get(log.topics[0]);
      if (!abi) continue;
      try {
        found.push({ ...decodeEventLog({ abi: [abi], ...log }), address: log.address });
      } catch {
        // Another contract's event of the same shape with other indexed fields.
      }
    }
    return found;
  }

  async time() {
    return BigInt((await this.rpc('eth_getBlockByNumber', 'latest', false)).timestamp);
  }

  async pass(seconds) {
    await this.rpc('evm_increaseTime', Number(seconds));
    await this.rpc('evm_mine');
  }
}

function uniqueEvents(artifacts) {
  const { encodeEventTopics } = requirePackage('viem/utils');
  const events = new Map();
  for (const { abi } of Object.values(artifacts)) {
    for (const entry of abi.filter(({ type, anonymous }) => type === 'event' && !anonymous)) {
      const [topic] = encodeEventTopics({ abi: [entry], eventName: entry.name });
      if (!events.has(topic)) events.set(topic, entry);
    }
  }
  return events;
}

/** Expects a call to be refused with the named error; resolves to what it said. */
export async function refused(promise, error) {
  let receipt;
  try {
    receipt = await promise;
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    if (refusal.error !== error) throw new Error(`expected ${error}, got ${refusal.message}`);
    return refusal.args;
  }
  throw new Error(`expected ${error}, but it was done (${JSON.stringify(receipt?.transactionHash)})`);
}
