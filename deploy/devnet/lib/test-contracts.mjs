// SPDX-License-Identifier: Apache-2.0
//
// Every contract does its part: messages are delivered by hand, collateral is rebalanced, a vault
// takes a deposit, and the programs for traffic and measuring agree about all of it.

import { mailboxAbi, routerAbi, senderAbi, tokenAbi, treeAbi, vaultAbi } from './abi.mjs';
import { beginCapital, guardAbi } from './capital.mjs';
import { tokens } from './chains.mjs';
import { buildMetadata, deliver, processMessage, quorumOf, readLeaves, treeRoot }
  from './delivery.mjs';
import { expect, expectEqual, expectFailure } from './expect.mjs';
import { dispatchLogs, messageOfLog, parseMessage, readMessages } from './messages.mjs';
import { requirePackage } from './packages.mjs';
import { callContract, sendContract, sendTransaction, waitReceipt } from './rpc.mjs';

const { concat, encodeFunctionData, pad } = requirePackage('viem/utils');

const LEG = `0x${'1e'.repeat(32)}`;
const MANDATE = `0x${'4d'.repeat(32)}`;
// How anvil names errors that it has no words for.
const NOT_BEGUN = '0x79c6bc45';
const NOT_YOURS = '0x29ed437a';

const toBytes32 = (address) => pad(address, { size: 32 });

function balanceOf(chain, holder) {
  return callContract(chain.httpUrl, chain.stablecoin, tokenAbi, 'balanceOf', [holder]);
}

const sentMessages = (receipt) => dispatchLogs(receipt).map(messageOfLog);

/** One message from the first chain's sender to the second chain's recipient. */
async function sendOne({ devnet }) {
  const [origin, destination] = devnet.chains;
  const recipient = toBytes32(destination.testRecipient);
  const receipt = await sendContract(origin.httpUrl, {
    from: devnet.operator,
    to: origin.sender,
    abi: senderAbi,
    functionName: 'dispatchMany',
    args: [origin.mailbox, destination.domain, recipient, 1n],
    value: 10n ** 17n,
  });
  return sentMessages(receipt)[0];
}

async function quoteTransfer(chain, router, remote, recipient, amount) {
  const args = [remote.domain, toBytes32(recipient), amount];
  const quotes = await callContract(chain.httpUrl, router, routerAbi, 'quoteTransferRemote', args);
  return quotes[0].amount;
}

/** Asks the guard, or the router itself. */
async function rebalance({ devnet }, from, amount, to = 'guard') {
  const [source, , target] = devnet.chains;
  const order = { leg: LEG, mandate: MANDATE, deadline: 2n ** 40n };
  const way = [target.domain, amount, source.bridge];
  return sendContract(source.httpUrl, {
    from,
    to: source[to],
    abi: to === 'guard' ? guardAbi : routerAbi,
    functionName: 'rebalance',
    args: to === 'guard' ? [order, source.router, ...way] : way,
    value: await quoteTransfer(source, source.bridge, target, target.router, amount),
  });
}

async function transferAsUser({ devnet }, user, amount) {
  const [origin, destination] = devnet.chains;
  return sendContract(origin.httpUrl, {
    from: user,
    to: origin.router,
    abi: routerAbi,
    functionName: 'transferRemote',
    args: [destination.domain, toBytes32(user), amount],
    value: await quoteTransfer(origin, origin.router, destination, user, amount),
  });
}

/** Puts a transaction that must revert into a block. */
async function sendReverting(devnet, message, metadata) {
  const { httpUrl, mailbox } = devnet.chains.find(({ domain }) => domain === message.destination);
  const args = [metadata, message.bytes];
  const data = encodeFunctionData({ abi: mailboxAbi, functionName: 'process', args });
  const hash = await sendTransaction(httpUrl, {
    from: devnet.relayer.address, to: mailbox, data, gas: '0x7a120',
  });
  await expectFailure(waitReceipt(httpUrl, hash), 'reverted');
}

async function deliverAll({ devnet, accounts }) {
  const { messages } = await readMessages(devnet);
  await deliver(devnet, accounts, messages.filter(({ deliveries }) => deliveries.length === 0));
}

async function readMeasure(context) {
  const { code, stdout, stderr } = await context.run('measure');
  return { code, ...JSON.parse(stdout || `{"error":${JSON.stringify(stderr)}}`) };
}

const messageTests = [
  ['two validators deliver a message; one and a stranger do not; nobody delivers it twice',
    async (context) => {
      const { devnet, accounts } = context;
      const message = await sendOne(context);
      const origin = devnet.chains[0];
      const leaves = await readLeaves(origin);
      const [root] = await callContract(
        origin.httpUrl, origin.merkleTreeHook, treeAbi, 'latestCheckpoint');
      expectEqual(treeRoot(leaves), root, 'root of the tree');
      const signers = quorumOf(accounts);
      const stranger = accounts.relayer.account;
      const weak = await buildMetadata(origin, leaves, message.id, [signers[0], stranger]);
      await expectFailure(processMessage(devnet, message, weak), '!threshold');
      const strong = await buildMetadata(origin, leaves, message.id, signers);
      const { url, hash } = await processMessage(devnet, message, strong);
      await waitReceipt(url, hash);
      await expectFailure(processMessage(devnet, message, strong), 'already delivered');
    }],
  ['a message without its gas payment is refused', async ({ devnet }) => {
    const [origin, destination] = devnet.chains;
    const args = [destination.domain, toBytes32(destination.testRecipient), '0x'];
    const call = { to: origin.mailbox, abi: mailboxAbi, functionName: 'dispatch', args };
    const sent = sendContract(origin.httpUrl, { from: devnet.users[0], ...call });
    await expectFailure(sent, 'insufficient value');
  }],
];

const capitalTests = [
  ['a transfer pays the user on the other chain', async (context) => {
    const user = context.devnet.users[0];
    const destination = context.devnet.chains[1];
    const before = await balanceOf(destination, user);
    const receipt = await transferAsUser(context, user, tokens(123));
    await deliver(context.devnet, context.accounts, sentMessages(receipt));
    expectEqual(await balanceOf(destination, user), before + tokens(123), 'balance of the user');
  }],
  ['the guard alone may rebalance, and obeys the relayer alone, once it has begun',
    async (context) => {
      const { devnet } = context;
      const relayer = devnet.relayer.address;
      const one = tokens(1);
      await expectFailure(rebalance(context, relayer, one, 'router'), 'Only Rebalancer');
      await expectFailure(rebalance(context, relayer, one), NOT_BEGUN);
      await beginCapital(devnet, MANDATE);
      await expectFailure(rebalance(context, devnet.users[0], one), NOT_YOURS);
      await expectFailure(beginCapital(devnet, LEG), 'start the devnet anew');
    }],
  ['rebalanced collateral arrives at the remote router', async (context) => {
    const { devnet, accounts } = context;
    const [source, , target] = devnet.chains;
    const before = [await balanceOf(source, source.router), await balanceOf(target, target.router)];
    const receipt = await rebalance(context, devnet.relayer.address, tokens(50_000));
    await deliver(devnet, accounts, sentMessages(receipt));
    const moved = tokens(50_000);
    expectEqual(await balanceOf(source, source.router), before[0] - moved, 'collateral left');
    expectEqual(await balanceOf(target, target.router), before[1] + moved, 'collateral gained');
    expectEqual(await balanceOf(target, target.bridge),
      tokens(devnet.funding.bridge) - moved, 'liquidity of the bridge');
  }],
  ['a vault takes a deposit, and a share is worth more than one asset', async ({ devnet }) => {
    const [chain] = devnet.chains;
    const [depositor] = devnet.depositors;
    const read = (functionName, args) =>
      callContract(chain.httpUrl, chain.vault, vaultAbi, functionName, args);
    const before = await read('totalAssets');
    await sendContract(chain.httpUrl, {
      from: depositor, to: chain.vault, abi: vaultAbi, functionName: 'deposit',
      args: [tokens(1000), depositor],
    });
    expectEqual(await read('totalAssets'), before + tokens(1000), 'assets of the vault');
    expect((await read('convertToAssets', [tokens(1)])) > tokens(1), 'a share above one asset');
  }],
];

const programTests = [
  ['measure finds what traffic left undelivered', async (context) => {
    const before = await readMeasure(context);
    expectEqual(before.lost, 0, 'lost before');
    const options = ['--transfers', '12', '--messages', '12', '--burst', '--seed', '7'];
    const result = await context.run('traffic', ...options);
    expectEqual(result.code, 0, `exit code (${result.stderr.trim()})`);
    const sent = JSON.parse(result.stdout);
    expectEqual(new Set(sent.ids).size, 24, 'different ids');
    const after = await readMeasure(context);
    expectEqual(after.lost, 24, 'lost while nobody relays');
    expectEqual(after.code, 1, 'exit code while nobody relays');
    expectEqual(after.collateralDifference, '0', 'difference while in flight');
    expect(BigInt(after.owed) > 0n, 'owed transfers');
  }],
  ['measure finds all delivered, once, and every token in its place', async (context) => {
    await deliverAll(context);
    const result = await readMeasure(context);
    expectEqual(result.code, 0, `exit code (${JSON.stringify(result)})`);
    expectEqual(result.delivered, result.dispatched, 'delivered');
    expectEqual(result.moves, 1, 'moves');
    expectEqual(result.moved, String(tokens(50_000)), 'moved');
    expectEqual(result.supplyDifference, '0', 'difference of the supply');
    expectEqual(result.relayer.process.count, result.delivered, 'transactions of the relayer');
  }],
  ['measure counts a transaction that delivers again, and reverts, apart', async (context) => {
    const { devnet, accounts } = context;
    const { messages } = await readMessages(devnet);
    const [message] = messages.filter(({ origin }) => origin === devnet.chains[0].domain);
    const leaves = await readLeaves(devnet.chains[0]);
    const metadata = await buildMetadata(
      devnet.chains[0], leaves, message.id, quorumOf(accounts));
    await sendReverting(devnet, message, metadata);
    const result = await readMeasure(context);
    expectEqual(result.revertedProcess, 1, 'reverted transactions');
    expectEqual(result.duplicated, 0, 'duplicated');
    expectEqual(result.code, 0, 'exit code');
  }],
  ['measure notices a delivery that nobody dispatched', async (context) => {
    const { devnet, accounts } = context;
    const { messages } = await readMessages(devnet);
    const [model] = messages.filter(({ recipient }) =>
      devnet.chains.some(({ testRecipient }) => testRecipient.toLowerCase() === recipient));
    const forged = parseMessage(concat([model.bytes, '0x00']));
    const origin = devnet.chains.find(({ domain }) => domain === forged.origin);
    const metadata = await buildMetadata(origin, [forged.id], forged.id, quorumOf(accounts));
    const { url, hash } = await processMessage(devnet, forged, metadata);
    await waitReceipt(url, hash);
    const result = await readMeasure(context);
    expectEqual(result.unknown, 1, 'unknown');
    expectEqual(result.code, 1, 'exit code');
  }],
  ['measure notices a token out of its place', async (context) => {
    const [chain] = context.devnet.chains;
    const give = (from, to) => sendContract(chain.httpUrl, {
      from, to: chain.stablecoin, abi: tokenAbi, functionName: 'transfer', args: [to, 1n],
    });
    const [user] = context.devnet.users;
    await give(user, chain.router);
    expectEqual((await readMeasure(context)).collateralDifference, '1', 'difference of 1 unit');
    await give(user, chain.mailbox);
    expectEqual((await readMeasure(context)).supplyDifference, '-1', 'difference of 1 unit');
  }],
];

export const contractTests = [...messageTests, ...capitalTests, ...programTests];
