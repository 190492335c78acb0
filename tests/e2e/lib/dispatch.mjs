// SPDX-License-Identifier: Apache-2.0
//
// Messages that a test sends by itself, and whether they were delivered.

import { mailboxAbi, paymasterAbi } from '../../../deploy/devnet/lib/abi.mjs';
import { dispatchLogs, messageOfLog, topicOf } from '../../../deploy/devnet/lib/messages.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { callContract, callContracts, rpc, sendTransaction, waitReceipt }
  from '../../../deploy/devnet/lib/rpc.mjs';

const { concat, encodeFunctionData, numberToHex, pad } = requirePackage('viem/utils');

// What a leaf costs depends on the leaves before it, so an estimate is too low for some.
const DISPATCH_GAS = numberToHex(400_000);

const PROCESS_ID = topicOf(mailboxAbi, 'ProcessId');

let sent = 0;

/**
 * Sends one message from a chain to another; its body says which it is. Resolves to it once it is
 * in a block. `user` is an index into the devnet's users.
 */
export function dispatch(devnet, origin, destination, user = 0) {
  return dispatchTo(devnet, origin, destination, destination.testRecipient, user);
}

/** The same to any recipient. The body is a token transfer's of so many units, as routes read it. */
export async function dispatchTo(devnet, origin, destination, recipient, user = 0) {
  sent += 1;
  const args = [destination.domain, pad(recipient, { size: 32 }),
    concat([pad(recipient, { size: 32 }), numberToHex(sent, { size: 32 })])];
  const { httpUrl, mailbox: to } = origin;
  const value = await callContract(httpUrl, to, mailboxAbi, 'quoteDispatch', args);
  const from = devnet.users[user % devnet.users.length];
  const data = encodeFunctionData({ abi: mailboxAbi, functionName: 'dispatch', args });
  const hash = await sendTransaction(
    httpUrl, { from, to, data, value: numberToHex(value), gas: DISPATCH_GAS });
  const [log] = dispatchLogs(await waitReceipt(httpUrl, hash, 'dispatch'));
  return messageOfLog(log);
}

/** Pays at the origin for so much gas of a message's delivery. */
export async function payForGas(devnet, origin, destination, message, gas) {
  const { httpUrl, interchainGasPaymaster: to } = origin;
  const [from] = devnet.users;
  const quote = [destination.domain, gas];
  const value = await callContract(httpUrl, to, paymasterAbi, 'quoteGasPayment', quote);
  const data = encodeFunctionData({ abi: paymasterAbi, functionName: 'payForGas',
    args: [message.id, ...quote, from] });
  const hash = await sendTransaction(httpUrl, { from, to, data, value: numberToHex(value) });
  return waitReceipt(httpUrl, hash, 'payForGas');
}

/** The same for several messages at once. */
export function dispatchMany(devnet, origin, destination, count) {
  return Promise.all(
    Array.from({ length: count }, (_, i) => dispatch(devnet, origin, destination, i)));
}

/** The transactions that delivered messages, in their order: {hash, to, from}. */
export function deliveriesOf({ httpUrl, mailbox }, messages) {
  return Promise.all(messages.map(async ({ id }) => {
    const [log] = await rpc(httpUrl, 'eth_getLogs', [
      { address: mailbox, topics: [PROCESS_ID, id], fromBlock: '0x0', toBlock: 'latest' }]);
    return rpc(httpUrl, 'eth_getTransactionByHash', [log.transactionHash]);
  }));
}

/** How many of the messages a destination's mailbox has delivered. */
export async function countDelivered(destination, messages) {
  const { httpUrl, mailbox } = destination;
  const results = await callContracts(httpUrl, messages.map(({ id }) => ({
    to: mailbox, abi: mailboxAbi, functionName: 'delivered', args: [id],
  })));
  return results.filter(Boolean).length;
}
