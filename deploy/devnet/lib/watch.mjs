// SPDX-License-Identifier: Apache-2.0
//
// Follows the chains while something happens on them: heads, collateral, messages and moves. One
// round trip to each chain at a time; only new blocks are asked for their logs.

import { mailboxAbi, routerAbi, tokenAbi } from './abi.mjs';
import { messageOfLog, topicOf } from './messages.mjs';
import { requirePackage } from './packages.mjs';
import { rpcBatch } from './rpc.mjs';

const { encodeFunctionData } = requirePackage('viem/utils');

const DISPATCH = topicOf(mailboxAbi, 'Dispatch');
const PROCESS_ID = topicOf(mailboxAbi, 'ProcessId');
const MOVED = topicOf(routerAbi, 'CollateralMoved');

// A block's logs can become readable a little after its number: the last ones are read again.
const BLOCKS_AGAIN = 4;

export class Watch {
  /** `shares` are the targets of the routers, in 1/10,000, in the order of the chains. */
  constructor(devnet, shares) {
    this.devnet = devnet;
    this.shares = shares;
    this.states = devnet.chains.map((chain) => ({
      name: chain.name, head: chain.startBlock, final: 0, collateral: 0n, moves: 0, moved: 0n,
    }));
    this.messages = new Map(); // id to the message
    this.delivered = new Set(); // ids
    this.moveLogs = new Set(); // transaction and log index
  }

  async refresh() {
    const { chains } = this.devnet;
    await Promise.all(chains.map((chain, i) => this.refreshChain(chain, this.states[i])));
  }

  async refreshChain(chain, state) {
    const { router, stablecoin, mailbox, httpUrl, startBlock } = chain;
    const holding = { abi: tokenAbi, functionName: 'balanceOf', args: [router] };
    const fromBlock = `0x${Math.max(startBlock, state.head - BLOCKS_AGAIN).toString(16)}`;
    const [head, final, collateral, logs] = await rpcBatch(httpUrl, [
      ['eth_blockNumber', []],
      ['eth_getBlockByNumber', ['finalized', false]],
      ['eth_call', [{ to: stablecoin, data: encodeFunctionData(holding) }, 'latest']],
      ['eth_getLogs', [{
        address: [mailbox, router], topics: [[DISPATCH, PROCESS_ID, MOVED]], fromBlock,
      }]],
    ]);
    state.head = Number(head);
    state.final = Number(final.number);
    state.collateral = BigInt(collateral);
    for (const log of logs) this.take(log, state);
  }

  take(log, state) {
    const [topic, id] = log.topics;
    const place = `${state.name} ${log.transactionHash} ${log.logIndex}`;
    if (topic === DISPATCH) {
      const message = messageOfLog(log);
      this.messages.set(message.id, message);
    } else if (topic === PROCESS_ID) {
      this.delivered.add(id);
    } else if (!this.moveLogs.has(place)) {
      this.moveLogs.add(place);
      state.moves += 1;
      state.moved += BigInt(`0x${log.data.slice(66, 130)}`);
    }
  }

  get total() {
    return this.states.reduce((sum, { collateral }) => sum + collateral, 0n);
  }

  /** What a router should hold of what all of them hold now. */
  target(index) {
    return (this.total * BigInt(this.shares[index])) / 10_000n;
  }

  /** How far a router is from its target, in 1/10,000 of what all of them hold. */
  apart(index) {
    const total = this.total;
    if (total === 0n) return 0;
    return Number(((this.states[index].collateral - this.target(index)) * 10_000n) / total);
  }

  get openMessages() {
    return [...this.messages.values()].filter(({ id }) => !this.delivered.has(id));
  }

  /** Messages between bridges: each carries one move. */
  get openMoves() {
    const bridges = new Set(this.devnet.chains.map(({ bridge }) => bridge.toLowerCase()));
    return this.openMessages.filter(({ sender }) => bridges.has(sender));
  }

  get moves() {
    return this.states.reduce((sum, { moves }) => sum + moves, 0);
  }
}
