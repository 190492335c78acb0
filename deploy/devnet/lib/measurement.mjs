// SPDX-License-Identifier: Apache-2.0
//
// An independent check: reads nothing but the chains, and says what was delivered, how often, what
// capital moved, whether every token is where it should be, and what the relayer spent.

import { mailboxAbi, routerAbi, tokenAbi, vaultAbi } from './abi.mjs';
import { guardAbi } from './capital.mjs';
import { tokens } from './chains.mjs';
import { readLogs, readMessages, topicOf, transferAmount } from './messages.mjs';
import { requirePackage } from './packages.mjs';
import { callContracts, rpcBatch } from './rpc.mjs';
import { showProgress, sleep } from './terminal.mjs';

const { decodeEventLog, toFunctionSelector } = requirePackage('viem/utils');

const POLL_MS = 500;
const BLOCKS_MAX = 50;
const ORDER = '(bytes32,bytes32,uint64)';
const SPOKE_VERBS = {
  deposit: `${ORDER},uint256,uint256`, withdraw: `${ORDER},uint256,uint256`,
  borrow: `${ORDER},uint256,uint256`, bridge: `${ORDER},address,uint32,address,uint256`,
  settle: 'uint32,address',
};
const SELECTORS = new Map([
  ...Object.entries(SPOKE_VERBS).map(([name, inputs]) =>
    [toFunctionSelector(`function ${name}(${inputs})`), name]),
  [toFunctionSelector(mailboxAbi.find(({ name }) => name === 'process')), 'process'],
  [toFunctionSelector(guardAbi.find(({ name }) => name === 'rebalance')), 'rebalance'],
]);

const isLost = ({ deliveries }) => deliveries.length === 0;

/** Reads all messages, again and again until each is delivered or the time is over. */
async function waitMessages(devnet, waitSeconds) {
  const end = Date.now() + waitSeconds * 1000;
  for (;;) {
    const result = await readMessages(devnet);
    const lostCount = result.messages.filter(isLost).length;
    if (lostCount === 0 || Date.now() >= end) return result;
    showProgress(`measure: ${lostCount} of ${result.messages.length} messages not delivered yet`);
    await sleep(POLL_MS);
  }
}

function summarizeMessages(messages, unknownIds) {
  const seconds = messages
    .filter((message) => !isLost(message))
    .map(({ seconds: sent, deliveries }) => deliveries[0].seconds - sent)
    .sort((a, b) => a - b);
  const at = (share) => seconds[Math.min(seconds.length - 1, Math.floor(seconds.length * share))];
  return {
    dispatched: messages.length,
    delivered: seconds.length,
    lost: messages.filter(isLost).length,
    duplicated: messages.filter(({ deliveries }) => deliveries.length > 1).length,
    unknown: unknownIds.length,
    lostIds: messages.filter(isLost).slice(0, 20).map(({ id }) => id),
    secondsToDelivery: seconds.length === 0 ? null : { p50: at(0.5), p99: at(0.99), max: at(1) },
  };
}

/** Every account and contract that may hold the stablecoin, by what it is. */
function listHolders(devnet, chain, more) {
  return {
    router: [chain.router],
    bridge: [chain.bridge],
    vault: [chain.vault],
    users: devnet.users,
    others: [
      chain.sender, chain.guard, chain.spoke, chain.till, chain.vault1, chain.vault2, devnet.deployer, devnet.operator, devnet.relayer.address,
      ...devnet.depositors, ...more,
    ],
  };
}

async function readBalances(devnet, chain, block, more) {
  const groups = listHolders(devnet, chain, more);
  const token = { to: chain.stablecoin, abi: tokenAbi };
  const holders = Object.values(groups).flat();
  const [supply, vaultAssets, ...balances] = await callContracts(chain.httpUrl, [
    { ...token, functionName: 'totalSupply' },
    { to: chain.vault, abi: vaultAbi, functionName: 'totalAssets' },
    ...holders.map((holder) => ({ ...token, functionName: 'balanceOf', args: [holder] })),
  ], `0x${block.toString(16)}`);
  const held = { supply, vaultAssets };
  for (const [group, list] of Object.entries(groups)) {
    held[group] = balances.splice(0, list.length).reduce((sum, value) => sum + value, 0n);
  }
  return held;
}

const sum = (list) => list.reduce((total, value) => total + value, 0n);

/** What undelivered transfers will still take out of a chain's routers and bridges. */
function owedOn({ chains }, messages) {
  const payers = new Set(
    chains.flatMap(({ domain, router, bridge }) =>
      [router, bridge].map((address) => `${domain} ${address.toLowerCase()}`)),
  );
  return sum(
    messages
      .filter(isLost)
      .filter(({ destination, recipient }) => payers.has(`${destination} ${recipient}`))
      .map(transferAmount),
  );
}

/**
 * Two differences that are zero when nothing was lost or made: tokens held anywhere against the
 * supply, and what routers and bridges hold against their first funding plus what they owe.
 */
function checkConservation(devnet, balances, owed) {
  const { router, bridge } = devnet.funding;
  const funded = tokens(router + bridge) * BigInt(balances.length);
  const collateral = sum(balances.map((held) => held.router + held.bridge));
  const everything = sum(
    balances.map((held) => held.router + held.bridge + held.vault + held.users + held.others),
  );
  return {
    supplyDifference: String(everything - sum(balances.map(({ supply }) => supply))),
    collateralDifference: String(collateral - owed - funded),
    owed: String(owed),
  };
}

async function readMoves(chain, block) {
  const logs = await readLogs(
    chain.httpUrl, chain.router, topicOf(routerAbi, 'CollateralMoved'), block,
  );
  return logs.map(({ data, topics }) => decodeEventLog({ abi: routerAbi, data, topics }).args);
}

/** Looks at every transaction of an account on a chain: count, gas and reverts by what it calls. */
async function readSpending(chain, account, block) {
  const spending = {};
  for (let first = chain.startBlock; first <= block; first += BLOCKS_MAX) {
    const count = Math.min(BLOCKS_MAX, block - first + 1);
    const requests = Array.from({ length: count }, (_, i) => [
      'eth_getBlockByNumber', [`0x${(first + i).toString(16)}`, true],
    ]);
    const blocks = await rpcBatch(chain.httpUrl, requests);
    const mine = blocks.flatMap(({ transactions }) => transactions)
      .filter(({ from }) => from.toLowerCase() === account.toLowerCase());
    const receipts = await rpcBatch(
      chain.httpUrl, mine.map(({ hash }) => ['eth_getTransactionReceipt', [hash]]),
    );
    mine.forEach((transaction, i) => addSpending(spending, transaction, receipts[i]));
  }
  return spending;
}

function addSpending(spending, { input }, { status, gasUsed, effectiveGasPrice }) {
  const kind = SELECTORS.get(input.slice(0, 10)) ?? 'other';
  const entry = (spending[kind] ??= { count: 0, reverted: 0, gas: 0, fee: 0n });
  entry.count += 1;
  entry.reverted += status === '0x1' ? 0 : 1;
  entry.gas += Number(gasUsed);
  entry.fee += BigInt(gasUsed) * BigInt(effectiveGasPrice);
}

function totalSpending(perChain) {
  const total = {};
  for (const [kind, entry] of perChain.flatMap(Object.entries)) {
    const into = (total[kind] ??= { count: 0, reverted: 0, gas: 0, fee: 0n });
    for (const field of Object.keys(into)) into[field] += entry[field];
  }
  for (const entry of Object.values(total)) entry.fee = String(entry.fee);
  return total;
}

function describeChain(chain, block, held, moves) {
  return {
    name: chain.name,
    block,
    router: String(held.router),
    bridge: String(held.bridge),
    vaultAssets: String(held.vaultAssets),
    moves: moves.length,
    moved: String(sum(moves.map(({ amount }) => amount))),
  };
}

/**
 * Everything measured, as one object; waits at most so long until every message is delivered. `holders` are
 * more accounts that hold tokens, a list for each chain.
 */
export async function measure(devnet, waitSeconds, relayer, holders = []) {
  const { messages, unknownIds, blocks } = await waitMessages(devnet, waitSeconds);
  const each = (work) => Promise.all(devnet.chains.map((chain, i) => work(chain, blocks[i], holders[i] ?? [])));
  const [balances, moves, spending] = await Promise.all([
    each((chain, block, more) => readBalances(devnet, chain, block, more)),
    each((chain, block) => readMoves(chain, block)),
    each((chain, block) => readSpending(chain, relayer, block)),
  ]);
  const relayerSpending = totalSpending(spending);
  return {
    ...summarizeMessages(messages, unknownIds),
    revertedProcess: relayerSpending.process?.reverted ?? 0,
    moves: moves.flat().length,
    moved: String(sum(moves.flat().map(({ amount }) => amount))),
    ...checkConservation(devnet, balances, owedOn(devnet, messages)),
    relayer: relayerSpending,
    chains: devnet.chains.map((chain, i) =>
      describeChain(chain, blocks[i], balances[i], moves[i])),
  };
}

/** Nothing lost, nothing twice, nothing made up, no token missing. */
export function isSound({ lost, duplicated, unknown, supplyDifference, collateralDifference }) {
  const messagesSound = lost + duplicated + unknown === 0;
  return messagesSound && supplyDifference === '0' && collateralDifference === '0';
}
