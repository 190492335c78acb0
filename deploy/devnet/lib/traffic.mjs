// SPDX-License-Identifier: Apache-2.0
//
// Sends user traffic at a rate or all at once, and reports the ids of its messages.

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { mailboxAbi, routerAbi, senderAbi, tokenAbi, vaultAbi } from './abi.mjs';
import { dataOption, readDevnet } from './devnet.mjs';
import { dispatchLogs, messageOfLog, readMessages, transferAmount } from './messages.mjs';
import { requirePackage } from './packages.mjs';
import { callContract, callContracts, rpc, rpcBatch, sendTransaction } from './rpc.mjs';
import { EXIT_FAILED, EXIT_USAGE, Stop, endProgress, readCount, readOptions, runProgram,
  showProgress, sleep } from './terminal.mjs';
import { payableCollateral, planTraffic } from './traffic-plan.mjs';

const { encodeFunctionData, pad } = requirePackage('viem/utils');

const RECEIPTS_WAIT_MS = 60_000;
const RECEIPTS_PAUSE_MS = 200;
const RECEIPTS_MAX = 100;
const TRANSFER_GAS = 400_000n;
const VAULT_GAS = 200_000n;
const GROUP_GAS = 300_000n;
const GROUP_MESSAGE_GAS = 90_000n;

const OPTIONS = {
  transfers: { type: 'string', value: 'N', default: '100', help: 'token transfers by users' },
  messages: { type: 'string', value: 'N', default: '100', help: 'plain messages by the sender' },
  rate: { type: 'string', value: 'N', default: '20', help: 'messages and transfers a second' },
  bias: { type: 'string', value: 'X', default: '0.7', help: 'share of transfers first to last' },
  seed: { type: 'string', value: 'S', default: '1', help: 'decides everything random' },
  burst: { type: 'boolean', help: 'send all at once, 200 messages to a transaction' },
  lane: { type: 'string', value: 'A:B', help: 'everything from chain A to chain B' },
  'amount-max': { type: 'string', value: 'N', default: '5000', help: 'whole tokens at most' },
  out: { type: 'string', value: 'FILE', help: 'write the JSON line here too' },
  data: dataOption,
};

function readPlanOptions(devnet, options) {
  const bias = Number(options.bias);
  if (!(bias >= 0 && bias <= 1)) throw new Stop(EXIT_USAGE, '--bias must be 0 to 1');
  return {
    transfers: readCount('--transfers', options.transfers, 0, 100_000),
    messages: readCount('--messages', options.messages, 0, 1_000_000),
    seed: readCount('--seed', options.seed, 0, Number.MAX_SAFE_INTEGER),
    amountMax: readCount('--amount-max', options['amount-max'], 100, 1_000_000),
    burst: options.burst ?? false,
    bias,
    lane: options.lane === undefined ? null : readLane(devnet, options.lane),
  };
}

function readLane({ chains }, text) {
  const lane = text.split(':').map((name) => chains.findIndex((chain) => chain.name === name));
  if (lane.length !== 2 || lane.includes(-1) || lane[0] === lane[1]) {
    throw new Stop(EXIT_USAGE, `--lane is "${text}"; it must be two chains, like alpha:beta`);
  }
  return lane;
}

/** What the plan must respect: the routers' collateral less what they owe, and users' balances. */
async function readWorld(devnet) {
  const { messages } = await readMessages(devnet);
  const perChain = await Promise.all(
    devnet.chains.map(async (chain) => {
      const holders = [chain.router, ...devnet.users];
      const calls = holders.map((holder) => ({
        to: chain.stablecoin, abi: tokenAbi, functionName: 'balanceOf', args: [holder],
      }));
      const [collateral, ...balances] = await callContracts(chain.httpUrl, calls);
      return { payable: payableCollateral(collateral, owedBy(chain, messages)), balances };
    }),
  );
  return {
    chainsCount: devnet.chains.length,
    depositorsCount: devnet.depositors.length,
    payable: perChain.map(({ payable }) => payable),
    balances: perChain.map(({ balances }) => balances),
  };
}

function owedBy(chain, messages) {
  return messages
    .filter(({ deliveries, destination, recipient }) =>
      deliveries.length === 0 && destination === chain.domain &&
      recipient === chain.router.toLowerCase())
    .reduce((sum, message) => sum + transferAmount(message), 0n);
}

/** One account on one chain: its transactions leave in order, with nonces counted here. */
class Account {
  constructor(url, from) {
    Object.assign(this, { url, from, nonce: null, last: Promise.resolve() });
  }

  send(transaction) {
    this.last = this.last.then(() => this.sendNow(transaction));
    return this.last;
  }

  async sendNow({ to, data, value = 0n, gas }) {
    this.nonce ??= Number(await rpc(this.url, 'eth_getTransactionCount', [this.from, 'pending']));
    const hex = (number) => `0x${number.toString(16)}`;
    const hash = await sendTransaction(this.url, {
      from: this.from, to, data, value: hex(value), gas: hex(gas), nonce: hex(this.nonce),
    });
    this.nonce += 1;
    return hash;
  }
}

/** Turns actions into transactions; quotes are read once for each lane. */
class Traffic {
  constructor(devnet) {
    this.devnet = devnet;
    this.accounts = new Map();
    this.quotes = new Map();
  }

  account(chain, from) {
    const key = `${chain.name} ${from}`;
    if (!this.accounts.has(key)) this.accounts.set(key, new Account(chain.httpUrl, from));
    return this.accounts.get(key);
  }

  quote(key, read) {
    if (!this.quotes.has(key)) this.quotes.set(key, read());
    return this.quotes.get(key);
  }

  /** Sends one action; resolves to its chain's index and transaction hash. */
  async send(action) {
    const hash = await this[action.kind](action);
    return { chain: action.origin, hash };
  }

  async transfer({ origin, destination, user, amount }) {
    const [chain, remote] = [this.devnet.chains[origin], this.devnet.chains[destination]];
    const from = this.devnet.users[user];
    const args = [remote.domain, pad(from, { size: 32 }), amount];
    const value = await this.quote(`transfer ${origin} ${destination}`, () =>
      callContract(chain.httpUrl, chain.router, routerAbi, 'quoteGasPayment', [remote.domain]));
    const data = encodeFunctionData({ abi: routerAbi, functionName: 'transferRemote', args });
    return this.account(chain, from).send({ to: chain.router, data, value, gas: TRANSFER_GAS });
  }

  async messages({ origin, destination, count }) {
    const [chain, remote] = [this.devnet.chains[origin], this.devnet.chains[destination]];
    const recipient = pad(remote.testRecipient, { size: 32 });
    const quote = await this.quote(`message ${origin} ${destination}`, () =>
      callContract(chain.httpUrl, chain.mailbox, mailboxAbi, 'quoteDispatch', [
        remote.domain, recipient, pad('0x', { size: 32 }),
      ]));
    const args = [chain.mailbox, remote.domain, recipient, BigInt(count)];
    return this.account(chain, this.devnet.operator).send({
      to: chain.sender,
      data: encodeFunctionData({ abi: senderAbi, functionName: 'dispatchMany', args }),
      value: quote * BigInt(count),
      gas: GROUP_GAS + GROUP_MESSAGE_GAS * BigInt(count),
    });
  }

  deposit({ origin, depositor, amount }) {
    const owner = this.devnet.depositors[depositor];
    return this.vault(origin, owner, 'deposit', [amount, owner]);
  }

  redeem({ origin, depositor, amount }) {
    const owner = this.devnet.depositors[depositor];
    return this.vault(origin, owner, 'redeem', [amount, owner, owner]);
  }

  vault(origin, owner, functionName, args) {
    const chain = this.devnet.chains[origin];
    const data = encodeFunctionData({ abi: vaultAbi, functionName, args });
    return this.account(chain, owner).send({ to: chain.vault, data, gas: VAULT_GAS });
  }
}

const weightOf = (action) => action.count ?? 1;

/** Sends each action at its time; resolves to what was sent, in the plan's order. */
async function sendAll(traffic, actions, { rate, burst }) {
  const started = Date.now();
  const sent = [];
  let weight = 0;
  let failure = null;
  for (const action of actions) {
    const due = burst ? 0 : started + (weight / rate) * 1000 - Date.now();
    if (due > 0) await sleep(due);
    if (failure) break;
    sent.push(traffic.send(action).catch((error) => (failure ??= error)));
    weight += weightOf(action);
    showProgressOf(weight, actions);
  }
  const results = await Promise.all(sent);
  if (failure) throw failure;
  return results;
}

let shownAt = 0;

function showProgressOf(weight, actions) {
  if (Date.now() - shownAt < 1000) return;
  shownAt = Date.now();
  showProgress(`traffic: ${weight} of ${actions.reduce((sum, a) => sum + weightOf(a), 0)} sent`);
}

/** The receipts of one chain's transactions, in order; waits until all are in blocks. */
async function readReceipts(chain, hashes) {
  const end = Date.now() + RECEIPTS_WAIT_MS;
  const receipts = [];
  while (receipts.length < hashes.length) {
    const next = hashes.slice(receipts.length, receipts.length + RECEIPTS_MAX);
    const replies = await rpcBatch(
      chain.httpUrl, next.map((hash) => ['eth_getTransactionReceipt', [hash]]),
    );
    const missing = replies.indexOf(null);
    receipts.push(...(missing < 0 ? replies : replies.slice(0, missing)));
    if (Date.now() > end) throw new Error(`${chain.name}: ${next[0]} is in no block`);
    if (missing >= 0) await sleep(RECEIPTS_PAUSE_MS);
  }
  const reverted = receipts.find(({ status }) => status !== '0x1');
  if (reverted) throw new Stop(EXIT_FAILED, `${chain.name}: ${reverted.transactionHash} reverted`);
  return receipts;
}

async function readIds({ chains }, sent) {
  const lists = await Promise.all(
    chains.map((chain, i) =>
      readReceipts(chain, sent.filter((item) => item.chain === i).map(({ hash }) => hash))),
  );
  return lists.flat().flatMap(dispatchLogs).map((log) => messageOfLog(log).id);
}

async function main() {
  const options = readOptions('Sends user traffic.', OPTIONS);
  const devnet = readDevnet(path.resolve(options.data));
  const planOptions = readPlanOptions(devnet, options);
  const rate = readCount('--rate', options.rate, 1, 10_000);
  const actions = planTraffic(planOptions, await readWorld(devnet));
  const sent = await sendAll(new Traffic(devnet), actions, { rate, burst: planOptions.burst });
  showProgress('traffic: waiting for the last blocks');
  const ids = await readIds(devnet, sent);
  endProgress();
  const { transfers, messages } = planOptions;
  const line = JSON.stringify({ transfers, messages, transactions: sent.length, ids });
  if (options.out) writeFileSync(options.out, `${line}\n`);
  process.stdout.write(`${line}\n`);
}

runProgram('traffic', main);
