// SPDX-License-Identifier: Apache-2.0
//
// One chain of a devnet with a spoke, as people and the chain itself see it: what they do by hand, and
// what is where, read without the node.

import { tokenAbi } from './abi.mjs';
import { requirePackage } from './packages.mjs';
import { callContract, rpc, sendContract } from './rpc.mjs';
import { pacedVaultAbi, spokeAbi, tillAbi, venuesOf } from './spokes.mjs';

const { toHex } = requirePackage('viem/utils');

const STEP_SECONDS = 300; // that the chain's clock jumps by

export class Place {
  constructor(devnet, chain, index) {
    Object.assign(this, { chain, index, depositor: devnet.depositors[0] });
  }

  send(to, abi, functionName, args, from = this.depositor) {
    return sendContract(this.chain.httpUrl, { from, to, abi, functionName, args });
  }

  read(to, abi, functionName, args = [], block = 'latest') {
    return callContract(this.chain.httpUrl, to, abi, functionName, args, block);
  }

  async deposit(amount) {
    const { till, stablecoin } = this.chain;
    await this.send(stablecoin, tokenAbi, 'approve', [till, amount]);
    await this.send(till, tillAbi, 'deposit', [amount]);
  }

  /** Wants so much back; it is the spoke's to have it at hand. */
  redeem(amount) {
    return this.send(this.chain.till, tillAbi, 'redeem', [amount]);
  }

  setVault(index, functionName, ...args) {
    return this.send(venuesOf(this.chain)[index], pacedVaultAbi, functionName, args);
  }

  /** Lets the second feed of the asset's price say something else. */
  async say(answer, age = 0n) {
    const feed = await this.reserve.at.deploy('price', 18, answer, age);
    await this.rpc('anvil_setCode', this.chain.price2,
      await this.rpc('eth_getCode', feed.address, 'latest'));
  }

  async supplied(index, block = 'latest') {
    return (await this.read(this.chain.spoke, spokeAbi, 'positionAt', [BigInt(index)], block))[0];
  }

  async idle(block = 'latest') {
    const { spoke, stablecoin } = this.chain;
    return (await this.read(spoke, spokeAbi, 'assetOf', [stablecoin], block))[1];
  }

  /** What ever went between this spoke and another one, as this one counts it. */
  async flow(other) {
    const [, sent, announced, received] = await this.read(this.chain.spoke, spokeAbi, 'flowOf',
      [other.chain.domain, this.chain.stablecoin]);
    return { sent, announced, received };
  }

  /** All that is the spoke's at a block, as the chain counts it. */
  async worth(block) {
    const at = toHex(block);
    const venues = this.reserve ? [0, 1, this.reserve.index] : [0, 1];
    const parts = await Promise.all(
      [this.idle(at), ...venues.map((index) => this.supplied(index, at))]);
    return parts.reduce((sum, part) => sum + part, 0n);
  }

  rpc(method, ...params) {
    return rpc(this.chain.httpUrl, method, params);
  }

  /** Lets the chain's clock jump, so that vaults pay. */
  pass(seconds = STEP_SECONDS) {
    return this.rpc('evm_increaseTime', seconds);
  }

  /** The same in a loop that waits: once a second at most, because an order is good for an hour. */
  async creep(seconds) {
    if (Date.now() < (this.creptAt ?? 0) + 1000) return;
    this.creptAt = Date.now();
    await this.pass(seconds);
  }
}
