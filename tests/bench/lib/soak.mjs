// SPDX-License-Identifier: Apache-2.0
//
// A million messages pass through the node's real process, and its signer's: seen, final, proved,
// simulated, sent, included, final. The chains are quick ones (tests/support/quick-chain.mjs) that go
// on from where a real devnet stands: blocks, blooms, receipts, their roots, and transactions are as
// the node checks them, and every contract that it reads is the real one. What the destination's
// mailbox would do is done here: a delivery counts when its metadata is what the validators signed.

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { mailboxAbi } from '../../../deploy/devnet/lib/abi.mjs';
import { deriveAccounts } from '../../../deploy/devnet/lib/accounts.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { Stage } from '../../../deploy/devnet/lib/stage.mjs';
import { EXIT_FAILED, Stop, deferInterrupts, endProgress, readCount, readOptions, runProgram,
  showProgress, sleep } from '../../../deploy/devnet/lib/terminal.mjs';
import { ObjectStore } from '../../support/object-store.mjs';
import { QuickChain, rememberBits } from '../../support/quick-chain.mjs';
import { Past, TOPICS } from './past.mjs';
import { anonymousMib, childrenOf, cpuMs } from './usage.mjs';

const { keccak256, recoverTransactionAddress, toFunctionSelector } = requirePackage('viem');

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');

const PORT_BASE = '18740';
const STORE_PORT = 90; // from the base
const BLOCK_MS = 250;
const PER_TRANSACTION = 50; // dispatches
const UNDER_WAY_MAX = 4096; // dispatched and not delivered
const PER_BLOCK_MAX = 1000; // deliveries
const STALL_MAX_MS = 120_000;
const SAMPLE_MS = 500;
const TENTHS = 10;
const SENDERS_LOOKED_AT = 500; // one in so many transactions has its signature checked
const GAS = '0x30d40';
const BALANCE = '0x3635c9adc5dea00000'; // 1,000 ether
const SIGNED_ROOT = '01'.repeat(32);
const SIGNATURE_BYTES = 65;
const THRESHOLD = 2;

const PROCESS = toFunctionSelector(mailboxAbi.find(({ name }) => name === 'process'));

const DISPATCH = new Set(Object.values(TOPICS));
const DELIVERY = new Set([TOPICS.process]);

const TITLE = `Lets messages pass through one relayer and watches its memory (RssAnon: files that are
mapped, as its journal, are not in it). Prints one JSON line: the median of each tenth of the way,
and that of the last to that of the second (flat: 1). The chains make blocks four times a second,
which no real one does with a million messages: they are made by this program, from where a devnet
stands, and hold to all that the node checks (headers, blooms, receipts, roots, finality, nonces,
signatures); contracts are read on the devnet. A million want two idle cores for twenty
minutes or a little more; --messages 50000 for one or two.
Exit codes: 0 measured, 1 something is missing, 2 wrong usage, 3 something cannot be had.`;

const OPTIONS = {
  messages: { type: 'string', value: 'N', default: '1000000', help: 'that pass' },
  program: { type: 'string', value: 'FILE', help: 'the node\'s program',
    default: process.env.SLUICE_PROGRAM || path.join(root, 'build/release/sluice') },
  data: { type: 'string', value: 'DIR', default: path.join(root, 'build/bench-soak'),
    help: 'made anew; logs stay there' },
};

const rounded = (value) => Math.round(value * 100) / 100;

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Messages with what validators sign of them, made by bench_ids (ids.c). */
class Traffic extends Past {
  constructor(chains, count, validators) {
    super({ origin: chains[0], destination: chains[1], count, perBlock: 1, first: 0 });
    this.stride = 32 + SIGNATURE_BYTES * validators.length;
    this.order = validators.map((_, at) => at).sort((a, b) => // as the module has them
      (validators[a].address.toLowerCase() < validators[b].address.toLowerCase() ? -1 : 1));
    const ids = path.join(root, 'build/release/tests/bench_ids');
    const { domain, merkleTreeHook } = this.origin;
    this.table = execFileSync(ids, [`0x${this.message(0)}`, String(count), String(domain),
      merkleTreeHook, `0x${SIGNED_ROOT}`, ...validators.map(({ key }) => key)],
    { maxBuffer: this.stride * count + 1 });
  }

  id(i) {
    return this.table.toString('hex', this.stride * i, this.stride * i + 32);
  }

  signature(i, validator) {
    const at = this.stride * i + 32 + SIGNATURE_BYTES * validator;
    return this.table.toString('hex', at, at + SIGNATURE_BYTES);
  }

  dispatch(from, to) {
    const logs = [];
    for (let i = from; i < to; ++i) {
      this.logsOfMessage(i, DISPATCH, (address, topics, data) =>
        logs.push({ address: address.toLowerCase(), topics, data: `0x${data}` }));
    }
    return logs;
  }

  /** Whether these are a proof of the message and its bytes, as its module wants them. */
  isProved(i, metadata, message) {
    const hook = this.origin.merkleTreeHook.slice(2).toLowerCase().padStart(64, '0');
    const begin = `${hook}${SIGNED_ROOT}${i.toString(16).padStart(8, '0')}`;
    let next = begin.length;
    let signed = 0;
    for (const at of this.order) {
      const signature = this.signature(i, at);
      if (signed < THRESHOLD && metadata.startsWith(signature, next)) {
        next += signature.length;
        signed += 1;
      }
    }
    return metadata.startsWith(begin) && signed === THRESHOLD && next === metadata.length &&
      message === this.message(i);
  }
}

/** Checkpoints of every message that was dispatched. */
class SignedStore extends ObjectStore {
  constructor(credentials, traffic) {
    super(credentials);
    const { name } = traffic.origin;
    this.traffic = traffic;
    this.wanted = new RegExp(`/validator(\\d)-${name}/checkpoint_(\\d+)_with_id\\.json$`);
  }

  async serve(request, reply) {
    const { traffic } = this;
    const found = request.method === 'GET' ? this.wanted.exec(request.url) : null;
    if (!found || Number(found[2]) >= traffic.count) {
      await super.serve(request, reply);
      return;
    }
    const [validator, index] = [Number(found[1]) - 1, Number(found[2])];
    const { domain, merkleTreeHook: hook } = traffic.origin;
    reply.writeHead(200).end(JSON.stringify({
      value: {
        checkpoint: { merkle_tree_hook_address: `0x${hook.slice(2).toLowerCase().padStart(64, '0')}`,
          mailbox_domain: domain, root: `0x${SIGNED_ROOT}`, index },
        message_id: `0x${traffic.id(index)}`,
      },
      serialized_signature: `0x${traffic.signature(index, validator)}`,
    }));
  }
}

/** The items of a list in RLP, as hex digits; nested lists stay whole. */
function rlpItems(digits, at = 0) {
  const byte = (place) => parseInt(digits.substr(place, 2), 16);
  const sized = (place, base) => {
    const head = byte(place);
    if (head < base) return { start: place, end: place + 2 };
    if (head < base + 56) return { start: place + 2, end: place + 2 + 2 * (head - base) };
    const bytes = head - base - 55;
    const count = parseInt(digits.substr(place + 2, 2 * bytes), 16);
    return { start: place + 2 + 2 * bytes, end: place + 2 + 2 * bytes + 2 * count };
  };
  const list = sized(at, 0xc0);
  const items = [];
  for (let place = list.start; place < list.end;) {
    const { start, end } = sized(place, byte(place) >= 0xc0 ? 0xc0 : 0x80);
    items.push(digits.slice(start, end));
    place = end;
  }
  return items;
}

/** process(metadata, message): both as hex digits; null for another call. */
function processArguments(data) {
  if (!data.startsWith(PROCESS.slice(2))) return null;
  const body = data.slice(8);
  const bytesAt = (word) => {
    const at = 2 * parseInt(body.slice(64 * word, 64 * word + 64), 16);
    const count = 2 * parseInt(body.slice(at, at + 64), 16);
    return body.slice(at + 64, at + 64 + count);
  };
  return { metadata: bytesAt(0), message: bytesAt(1) };
}

/** The destination: one key's transactions, each a delivery. */
class Destination {
  constructor(quick, traffic, key) {
    Object.assign(this, { quick, traffic, key: key.toLowerCase(), nonce: 0, pending: new Map(),
      delivered: new Uint8Array(traffic.count), count: 0, seen: 0, faults: [] });
    this.mailbox = traffic.destination.mailbox.toLowerCase();
    quick.execute = (call) => this.execute(call);
  }

  execute({ method, params }) {
    switch (method) {
    case 'eth_sendRawTransaction':
      return this.take(params[0]);
    case 'eth_getBalance':
      return { result: BALANCE };
    case 'eth_estimateGas':
      return { result: GAS };
    case 'eth_call':
      return params[0].to?.toLowerCase() === this.mailbox &&
        (params[0].data ?? params[0].input).startsWith(PROCESS) ? { result: '0x' } : undefined;
    default:
      return undefined;
    }
  }

  take(raw) {
    const hash = keccak256(raw);
    const [, nonce, , , , to, , data] = rlpItems(raw.slice(4));
    const said = to === this.mailbox.slice(2) ? processArguments(data) : null;
    const index = said ? parseInt(said.message.slice(2, 10), 16) : NaN;
    const number = parseInt(nonce || '0', 16);
    if (!(index < this.traffic.count) ||
        !this.traffic.isProved(index, said.metadata, said.message)) {
      this.faults.push(`a transaction that proves nothing: ${raw.slice(0, 300)}`);
    }
    if (number < this.nonce) return { error: { code: -32000, message: 'nonce too low' } };
    const known = this.pending.get(number);
    if (known?.hash === hash) return { error: { code: -32000, message: 'already known' } };
    if (known && known.index !== index) this.faults.push(`two payloads of nonce ${number}`);
    this.pending.set(number, { hash, index });
    this.seen += 1;
    if (this.seen % SENDERS_LOOKED_AT === 0) this.checkSender(raw);
    return { result: hash };
  }

  checkSender(serializedTransaction) {
    recoverTransactionAddress({ serializedTransaction }).then((address) => {
      if (address.toLowerCase() !== this.key) this.faults.push(`${address} signed a transaction`);
    }).catch((error) => this.faults.push(error.message));
  }

  mine() {
    const transactions = [];
    for (let next = this.pending.get(this.nonce); next && transactions.length < PER_BLOCK_MAX;
      next = this.pending.get(this.nonce)) {
      this.pending.delete(this.nonce);
      this.nonce += 1;
      if (this.delivered[next.index]) this.faults.push(`message ${next.index} was delivered twice`);
      this.delivered[next.index] = 1;
      this.count += 1;
      const logs = [];
      const add = (address, topics, data) =>
        logs.push({ address: address.toLowerCase(), topics, data: `0x${data}` });
      this.traffic.logsOfDelivery(next.index, DELIVERY, add);
      transactions.push({ hash: next.hash, from: this.key, to: this.mailbox, logs });
    }
    this.quick.add(transactions, new Map([[this.key, this.nonce]]));
  }
}

async function openStore(stage, traffic) {
  const secret = { id: 'DEVNETKEY', secret: randomBytes(20).toString('hex') };
  const credentials = path.join(stage.folder, 's3.credentials');
  writeFileSync(credentials, `[default]\naws_access_key_id = ${secret.id}\n` +
    `aws_secret_access_key = ${secret.secret}\n`, { mode: 0o600 });
  const store = new SignedStore(secret, traffic);
  await store.open(Number(process.env.SLUICE_PORT_BASE) + STORE_PORT);
  return { store, settings: { endpoint: store.url, bucket: 'checkpoints', credentials } };
}

/** Lets all messages pass; resolves to samples of memory, each with how many had passed. */
async function pass(stage, pid, origin, destination, traffic) {
  const samples = [];
  let dispatched = 0;
  let [moved, last, sampled] = [Date.now(), 0, 0];
  const from = traffic.origin.testRecipient.toLowerCase();
  while (destination.count < traffic.count) {
    stage.check();
    const room = Math.min(traffic.count, destination.count + UNDER_WAY_MAX) - dispatched;
    const transactions = [];
    for (let left = Math.max(0, room); left > 0; left -= PER_TRANSACTION) {
      const to = Math.min(dispatched + PER_TRANSACTION, dispatched + left);
      const hash = keccak256(`0x${dispatched.toString(16).padStart(64, '0')}`);
      transactions.push({ hash, from, to: from, logs: traffic.dispatch(dispatched, to) });
      dispatched = to;
    }
    const began = Date.now();
    origin.add(transactions);
    destination.mine();
    if (destination.faults.length > 0) throw new Stop(EXIT_FAILED, destination.faults[0]);
    if (began - sampled >= SAMPLE_MS) {
      sampled = began;
      samples.push({ passed: destination.count, mib: anonymousMib(pid) });
      showProgress(`bench: ${destination.count} of ${traffic.count} delivered, ` +
        `${rounded(samples.at(-1).mib)} MiB`);
    }
    if (destination.count > last) [moved, last] = [Date.now(), destination.count];
    if (Date.now() - moved > STALL_MAX_MS) throw new Stop(EXIT_FAILED, 'deliveries have stopped');
    await sleep(Math.max(1, BLOCK_MS - (Date.now() - began)));
  }
  return samples;
}

async function measure(stage, { count }, opened) {
  const accounts = deriveAccounts();
  const { chains } = stage.devnet;
  const traffic = new Traffic(chains, count, accounts.validators);
  const { store, settings } = await openStore(stage, traffic);
  opened.push(store);
  await stage.startValidators({ store: settings });
  await stage.endNodes(); // they are announced; what they would sign, the store has
  const quick = [await QuickChain.open(chains[0]), await QuickChain.open(chains[1])];
  opened.push(...quick);
  rememberBits([...Object.values(TOPICS), `0x${traffic.sender}`, `0x${traffic.recipient}`,
    ...['mailbox', 'merkleTreeHook', 'interchainGasPaymaster']
      .map((name) => traffic.origin[name].toLowerCase()),
    traffic.destination.mailbox.toLowerCase(),
    `0x${traffic.destination.domain.toString(16).padStart(64, '0')}`]);
  const destination = new Destination(quick[1], traffic, accounts.relayer.address);
  for (const chain of quick) chain.add([], new Map([[destination.key, 0]]));
  const relayer = stage.write({
    name: 'relayer', capital: false, mode: 'observe', store: settings, privateAddresses: true,
    nodeSettings: { journal_max: '200 GiB' },
    settingsOf: (chain) => ({ in_flight_max: 1024,
      start_block: quick[chains.indexOf(chain)].base + 1 }),
    endpointOf: (chain) => quick[chains.indexOf(chain)].url,
  });
  const { pid } = (await stage.start(relayer)).child;
  const began = Date.now();
  const samples = await pass(stage, pid, quick[0], destination, traffic);
  const seconds = (Date.now() - began) / 1000;
  const tenths = Array.from({ length: TENTHS }, (_, tenth) => median(samples
    .filter(({ passed }) => Math.min(TENTHS - 1, Math.floor((passed * TENTHS) / count)) === tenth)
    .map(({ mib }) => mib)));
  return {
    bench: 'soak',
    messages: count,
    delivered_once: destination.count,
    seconds: rounded(seconds),
    messages_per_second: rounded(count / seconds),
    rss_anon_mib_by_tenth: tenths.map(rounded),
    last_tenth_to_second: rounded(tenths.at(-1) / tenths[1]),
    node_cpu_ms_per_message: rounded(cpuMs([pid]) / count),
    signer_cpu_ms_per_message: rounded(cpuMs(childrenOf(pid)) / count),
    chains_cpu_ms_per_message: rounded(process.cpuUsage().user / 1000 / count),
  };
}

async function main() {
  process.env.SLUICE_PORT_BASE ||= PORT_BASE;
  const options = readOptions(TITLE, OPTIONS);
  const count = readCount('--messages', options.messages, 1000, 10_000_000);
  deferInterrupts();
  const stage = new Stage({ folder: options.data, program: options.program, chains: 2 });
  const opened = [];
  try {
    await stage.open();
    const line = await measure(stage, { count }, opened);
    endProgress();
    process.stdout.write(`${JSON.stringify(line)}\n`);
  } finally {
    await stage.close();
    await Promise.all(opened.map((one) => one.close()));
  }
}

runProgram('bench', main);
