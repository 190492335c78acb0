// SPDX-License-Identifier: Apache-2.0
//
// Messages of one contract, delivered by one key. First by a node: it proves, simulates, journals,
// signs and submits. Then as many by this program, which has made and signed every transaction
// before it gives the first to the chain: no sender can be faster. Both are counted in deliveries
// per block, from the first block that has some to the last, on the same chain in the same run. Once
// more it has each message simulated before its transaction goes out, by one call under the gas of
// its transaction, as the node does.

import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { mailboxAbi } from '../../../deploy/devnet/lib/abi.mjs';
import { deriveAccounts } from '../../../deploy/devnet/lib/accounts.mjs';
import { checkpointHash, quorumOf } from '../../../deploy/devnet/lib/delivery.mjs';
import { readMessages, topicOf } from '../../../deploy/devnet/lib/messages.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { readProcesses } from '../../../deploy/devnet/lib/devnet.mjs';
import { callContract, rpc, rpcBatch } from '../../../deploy/devnet/lib/rpc.mjs';
import { Stage } from '../../../deploy/devnet/lib/stage.mjs';
import { EXIT_FAILED, Stop, deferInterrupts, endProgress, readCount, readOptions, runProgram,
  showProgress, sleep } from '../../../deploy/devnet/lib/terminal.mjs';
import { childrenOf, cpuMs } from './usage.mjs';

const { concat, encodeFunctionData, numberToHex, pad } = requirePackage('viem/utils');

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

const PROCESS_ID = topicOf(mailboxAbi, 'ProcessId');
const PORT_BASE = '18740';
const ROUND_MAX_MS = 180_000;
const POLL_MS = 500;
const IN_FLIGHT = 1024;
const GAS = 200_000n; // about what the node asks for
const FEE = 20_000_000_000n;
const BATCH = 100; // transactions of one request
const LANE = ['--burst', '--lane', 'alpha:beta', '--transfers', '0'];

const TITLE = `Measures submission against the chain's own ceiling, and prints one JSON line (medians
over rounds). Exit codes: 0 measured, 1 something was not delivered, 2 wrong usage, 3 something
cannot be had.`;

const OPTIONS = {
  messages: { type: 'string', value: 'N', default: '6000', help: 'messages of a round, each way' },
  rounds: { type: 'string', value: 'N', default: '1', help: 'rounds on the same chains' },
  gas: { type: 'string', value: 'MILLIONS', default: '30', help: 'of gas in a block' },
  batch: { type: 'string', value: 'N', default: '1',
    help: 'deliveries that the node may put into one transaction' },
  program: { type: 'string', value: 'FILE', help: 'the node\'s program',
    default: process.env.SLUICE_PROGRAM || path.join(root, 'build/release/sluice') },
  data: { type: 'string', value: 'DIR', default: path.join(root, 'build/bench-submit'),
    help: 'made anew; logs stay there' },
};

/**
 * Waits until messages are delivered; resolves to deliveries per block and per second of block time.
 * Only the deliveries of blocks not read before are asked for: watching must not be the load.
 */
async function waitDelivered(stage, ids, what, fromBlock) {
  const { httpUrl, mailbox } = stage.devnet.chains[1];
  const end = Date.now() + ROUND_MAX_MS;
  const open = new Set(ids);
  const found = [];
  let next = fromBlock;
  for (;;) {
    stage.check();
    const head = Number(await rpc(httpUrl, 'eth_blockNumber', [])) - 1; // its logs come a little later
    if (head >= next) {
      const logs = await rpc(httpUrl, 'eth_getLogs', [{
        address: mailbox, topics: [PROCESS_ID], fromBlock: numberToHex(next), toBlock: numberToHex(head),
      }]);
      for (const { topics, blockNumber, blockTimestamp } of logs) {
        if (open.delete(topics[1])) {
          found.push({ block: Number(blockNumber), seconds: Number(blockTimestamp) });
        }
      }
      next = head + 1;
    }
    showProgress(`bench: ${found.length} of ${ids.length} ${what}`);
    if (open.size === 0) {
      const span = (name) => {
        const list = found.map((one) => one[name]);
        return Math.max(...list) - Math.min(...list) + 1;
      };
      return { perBlock: found.length / span('block'), perSecond: found.length / span('seconds') };
    }
    if (Date.now() > end) throw new Stop(EXIT_FAILED, `${open.size} of ${ids.length} not delivered`);
    await sleep(POLL_MS);
  }
}

const headOf = async ({ devnet }) =>
  Number(await rpc(devnet.chains[1].httpUrl, 'eth_blockNumber', []));

/** CPU that the node, its signer and the destination's chain used so far, in milliseconds. */
function costs(stage, pid) {
  const signers = pid ? childrenOf(pid) : [];
  const { name } = stage.devnet.chains[1];
  const chain = readProcesses(path.join(stage.folder, 'devnet')).find((one) => one.name === name);
  return { node: pid ? cpuMs([pid]) : 0, signer: cpuMs(signers), chain: cpuMs([chain.pid]) };
}

const spent = (before, after, count) => Object.fromEntries(
  Object.keys(before).map((name) => [name, (after[name] - before[name]) / count]));

const send = (stage, count) => stage.traffic([...LANE, '--messages', String(count)]);

/** Waits until every validator has published a checkpoint for every leaf of the first chain. */
async function waitPublished(stage, validators) {
  const [{ name, httpUrl, mailbox }] = stage.devnet.chains;
  const sent = await callContract(httpUrl, mailbox, mailboxAbi, 'nonce');
  const end = Date.now() + ROUND_MAX_MS;
  for (;;) {
    stage.check();
    const published = validators.map((node) => {
      const { validated } = JSON.parse(execFileSync(
        stage.program, ['status', '--json', '--config', node.config], { encoding: 'utf8' }));
      return validated.find(({ chain }) => chain === name).published;
    });
    showProgress(`bench: ${Math.min(...published)} of ${sent} checkpoints published`);
    if (published.every((count) => count >= sent)) return;
    if (Date.now() > end) throw new Stop(EXIT_FAILED, 'checkpoints are missing');
    await sleep(POLL_MS);
  }
}

/** The node starts when everything that it needs is there, so that it alone is measured. */
async function roundOfNode(stage, validators, relayer, count) {
  const { ids } = await send(stage, count);
  await waitPublished(stage, validators);
  const from = await headOf(stage);
  const began = Date.now();
  const before = costs(stage, null);
  const { child: { pid } } = await stage.start(relayer);
  const rates = await waitDelivered(stage, ids, 'delivered by the node', from);
  const wall = (Date.now() - began) / count;
  await sleep(4000); // until its deliveries are final and it is at rest
  const cpu = spent(before, costs(stage, pid), count);
  await stage.end(relayer);
  return { ...rates, ...cpu, wall };
}

/** Deliveries as signed transactions; which root was signed is nothing to the destination. */
async function signMany({ devnet }, accounts, messages) {
  const [origin, destination] = devnet.chains;
  const signers = quorumOf(accounts);
  const checkpointRoot = pad('0x01', { size: 32 });
  const hook = origin.merkleTreeHook;
  const from = accounts.relayer;
  const { httpUrl, mailbox: to, chainId } = destination;
  let nonce = Number(await rpc(httpUrl, 'eth_getTransactionCount', [from.address, 'latest']));
  const signed = [];
  for (const { id, bytes } of messages) {
    const checkpoint = checkpointHash({
      domain: origin.domain, hook, root: checkpointRoot, index: 0, id,
    });
    const signatures = [];
    for (const signer of signers) signatures.push(await signer.signMessage({ message: { raw: checkpoint } }));
    const metadata = concat([
      pad(hook, { size: 32 }), checkpointRoot, numberToHex(0, { size: 4 }), ...signatures,
    ]);
    const data = encodeFunctionData({
      abi: mailboxAbi, functionName: 'process', args: [metadata, bytes],
    });
    const raw = await from.account.signTransaction({
      chainId, nonce, to, data, gas: GAS, maxFeePerGas: FEE, maxPriorityFeePerGas: FEE / 20n,
      type: 'eip1559',
    });
    signed.push({ raw, call: { from: from.address, to, data, gas: numberToHex(GAS) } });
    nonce += 1;
    if (signed.length % BATCH === 0) {
      showProgress(`bench: ${signed.length} of ${messages.length} signed beforehand`);
    }
  }
  return signed;
}

async function roundOfCeiling(stage, accounts, count, { simulate }) {
  const { ids } = await send(stage, count);
  const wanted = new Set(ids);
  const { messages } = await readMessages(stage.devnet);
  const signed = await signMany(stage, accounts, messages.filter(({ id }) => wanted.has(id)));
  const { httpUrl } = stage.devnet.chains[1];
  const from = await headOf(stage);
  const before = costs(stage, null);
  for (let i = 0; i < signed.length; i += BATCH) {
    const batch = signed.slice(i, i + BATCH);
    if (simulate) {
      await rpcBatch(httpUrl, batch.map(({ call }) => ['eth_call', [call, 'latest']]));
    }
    await rpcBatch(httpUrl, batch.map(({ raw }) => ['eth_sendRawTransaction', [raw]]));
  }
  const rates = await waitDelivered(stage, ids, 'delivered without the node', from);
  return { ...rates, ...spent(before, costs(stage, null), count) };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const rounded = (value) => Math.round(value * 100) / 100;

function summarize({ ours, ceiling, mix }, { count, gasLimit, batch }) {
  const of = (list, name) => rounded(median(list.map((round) => round[name])));
  const share = (list) => rounded(of(ours, 'perSecond') / of(list, 'perSecond'));
  return {
    messages: count,
    rounds: ours.length,
    block_gas_limit: gasLimit,
    batch_max: batch,
    deliveries_per_block: of(ours, 'perBlock'),
    deliveries_per_second: of(ours, 'perSecond'),
    ceiling_per_second: of(ceiling, 'perSecond'),
    share_of_ceiling: share(ceiling),
    mix_ceiling_per_second: of(mix, 'perSecond'),
    share_of_mix_ceiling: share(mix),
    cpu_ms_per_message: rounded(of(ours, 'node') + of(ours, 'signer')),
    node_cpu_ms_per_message: of(ours, 'node'),
    signer_cpu_ms_per_message: of(ours, 'signer'),
    anvil_cpu_ms_per_message: of(ours, 'chain'),
    ceiling_anvil_cpu_ms_per_message: of(ceiling, 'chain'),
    mix_anvil_cpu_ms_per_message: of(mix, 'chain'),
    wall_ms_per_message: of(ours, 'wall'),
  };
}

async function main() {
  process.env.SLUICE_PORT_BASE ||= PORT_BASE;
  const options = readOptions(TITLE, OPTIONS);
  const count = readCount('--messages', options.messages, 1, 10_000);
  const gasLimit = 1_000_000 * readCount('--gas', options.gas, 1, 2000);
  const roundsCount = readCount('--rounds', options.rounds, 1, 1000);
  const batch = readCount('--batch', options.batch, 1, 16);
  deferInterrupts();
  const accounts = deriveAccounts();
  const stage = new Stage({ folder: options.data, program: options.program, chains: 2 });
  try {
    await stage.open();
    const validators = await stage.startValidators();
    const relayer = stage.write({
      name: 'relayer', mode: 'observe', capital: false,
      settingsOf: ({ multicall }) => ({ in_flight_max: IN_FLIGHT,
        ...(batch > 1 ? { multicall, batch_max: batch } : {}) }),
    });
    const ours = [];
    const ceiling = [];
    const mix = [];
    for (const { httpUrl } of stage.devnet.chains) {
      await rpc(httpUrl, 'evm_setBlockGasLimit', [numberToHex(gasLimit)]);
    }
    for (let i = 0; i < roundsCount; ++i) {
      // The key is one sender's at a time: what others sent while the node is away it accepts,
      // because a start with nothing under way begins with the chain's nonce.
      ours.push(await roundOfNode(stage, validators, relayer, count));
      ceiling.push(await roundOfCeiling(stage, accounts, count, { simulate: false }));
      mix.push(await roundOfCeiling(stage, accounts, count, { simulate: true }));
    }
    endProgress();
    process.stdout.write(`${JSON.stringify(
      summarize({ ours, ceiling, mix }, { count, gasLimit, batch }))}\n`);
  } finally {
    await stage.close();
  }
}

runProgram('bench', main);
