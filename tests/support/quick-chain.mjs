// SPDX-License-Identifier: Apache-2.0
//
// A chain that goes on from where a real one stands, quickly: an endpoint over websocket whose blocks
// are made here, with headers, blooms, receipts and roots as Ethereum defines them. What contracts
// say it asks the real chain, as of now. It executes nothing: whoever adds a block says which logs
// each transaction leaves. For tests that need more blocks and transactions than a real chain makes.
//
// What it keeps is bounded: logs and receipts of BLOCKS_KEPT blocks.

import { requirePackage } from '../../deploy/devnet/lib/packages.mjs';
import { rpc } from '../../deploy/devnet/lib/rpc.mjs';
import { FaultProxy } from './fault-proxy.mjs';

const { bytesToHex, hexToBytes, keccak256, toRlp } = requirePackage('viem');

const BLOCKS_KEPT = 2048;
const SUBSCRIPTION = '0x51';
const FINAL_DEPTH = 2;
const GAS_USED = 100_000;
const BASE_FEE = 1_000_000_000n;
const EMPTY_LIST_HASH = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347';
const EMPTY_TRIE = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';
const ZERO_HASH = `0x${'00'.repeat(32)}`;

const hex = (number) => `0x${number.toString(16)}`;
/** As RLP wants numbers: nothing in front, nothing for zero. */
const scalar = (number) => {
  const digits = BigInt(number).toString(16);
  if (digits === '0') return '0x';
  return `0x${digits.length % 2 ? '0' : ''}${digits}`;
};

// ---- blooms ----

const bitsOf = new Map(); // of what many logs have

function bloomBits(value) {
  const known = bitsOf.get(value);
  if (known) return known;
  const hash = keccak256(hexToBytes(value), 'bytes');
  return [0, 2, 4].map((at) => ((hash[at] << 8) | hash[at + 1]) & 2047);
}

/** Values that many logs have, so that they are not hashed each time. */
export function rememberBits(values) {
  for (const value of values) bitsOf.set(value, bloomBits(value));
}

function addToBloom(bloom, value) {
  for (const bit of bloomBits(value)) bloom[255 - (bit >> 3)] |= 1 << (bit & 7);
}

// ---- the trie of receipts ----

const nibblesOf = (bytes) => [...bytes].flatMap((byte) => [byte >> 4, byte & 15]);

function packPath(nibbles, isLeaf) {
  const odd = nibbles.length % 2;
  const flag = (isLeaf ? 2 : 0) + odd;
  const all = odd ? [flag, ...nibbles] : [flag, 0, ...nibbles];
  return Uint8Array.from({ length: all.length / 2 }, (_, i) => (all[2 * i] << 4) | all[2 * i + 1]);
}

/** Stands in its parent: by its hash, or itself when it is short. */
const nodeOf = (structure) => {
  const bytes = toRlp(structure, 'bytes');
  return bytes.length < 32 ? structure : keccak256(bytes, 'bytes');
};

function trieNode(entries, depth) {
  if (entries.length === 1) {
    return [packPath(entries[0].path.slice(depth), true), entries[0].value];
  }
  let shared = depth;
  while (entries.every(({ path }) => path[shared] === entries[0].path[shared])) shared += 1;
  if (shared > depth) {
    return [packPath(entries[0].path.slice(depth, shared), false), nodeOf(trieNode(entries, shared))];
  }
  const children = Array.from({ length: 16 }, (_, digit) => {
    const below = entries.filter(({ path }) => path[depth] === digit);
    return below.length === 0 ? new Uint8Array() : nodeOf(trieNode(below, depth + 1));
  });
  return [...children, new Uint8Array()];
}

/** The root of a list, as in a block's header. */
export function listRoot(values) {
  if (values.length === 0) return EMPTY_TRIE;
  const entries = values.map((value, i) => ({ path: nibblesOf(toRlp(hexToBytes(scalar(i)), 'bytes')), value }));
  return keccak256(toRlp(trieNode(entries, 0), 'bytes'));
}

// ---- blocks ----

const tagged = (text) => (/^(latest|pending)$/.test(text) ? 'latest' : text);

export class QuickChain extends FaultProxy {
  /** Goes on from the head of a chain of the devnet. */
  static async open(chain) {
    const quick = new QuickChain(chain.wsUrl, chain.httpUrl, null);
    await new Promise((resolve, reject) => {
      quick.server.once('listening', resolve).once('error', reject).listen(0, '127.0.0.1');
    });
    quick.url = `ws://127.0.0.1:${quick.server.address().port}`;
    const head = await rpc(chain.httpUrl, 'eth_getBlockByNumber', ['latest', false]);
    Object.assign(quick, {
      chain, base: Number(head.number), blocks: [], byHash: new Map(), listeners: new Set(),
      parent: head.hash, head: Number(head.number), time: Number(head.timestamp), transactions: new Map(),
    });
    return quick;
  }

  /**
   * Adds a block. `transactions` are {hash, from, to, nonce, logs: [{address, topics, data}]}; all
   * values in lower case. `nonces` are those of accounts after it (address to count).
   */
  add(transactions, nonces = new Map()) {
    const number = this.head + 1;
    const bloom = new Uint8Array(256);
    let logIndex = 0;
    const receipts = transactions.map(({ logs }, i) => {
      const own = new Uint8Array(256);
      for (const { address, topics } of logs) for (const value of [address, ...topics]) addToBloom(own, value);
      own.forEach((byte, at) => (bloom[at] |= byte));
      return { own, gas: GAS_USED * (i + 1), first: (logIndex += logs.length) - logs.length };
    });
    const encoded = transactions.map(({ logs }, i) => {
      const list = toRlp(['0x01', scalar(receipts[i].gas), bytesToHex(receipts[i].own),
        logs.map(({ address, topics, data }) => [address, topics, data])], 'bytes');
      return Uint8Array.from([2, ...list]);
    });
    this.time = Math.max(this.time, Math.floor(Date.now() / 1000));
    const header = {
      number: hex(number), parentHash: this.parent, timestamp: hex(this.time),
      logsBloom: bytesToHex(bloom), receiptsRoot: listRoot(encoded),
      transactionsRoot: listRoot(transactions.map(({ hash }) => hexToBytes(hash))),
      stateRoot: keccak256(hex(number)), sha3Uncles: EMPTY_LIST_HASH, miner: `0x${'00'.repeat(20)}`,
      difficulty: '0x0', gasLimit: '0x5f5e100', gasUsed: hex(GAS_USED * transactions.length),
      extraData: '0x', mixHash: ZERO_HASH, nonce: '0x0000000000000000', baseFeePerGas: hex(BASE_FEE),
    };
    header.hash = keccak256(toRlp([header.parentHash, header.sha3Uncles, header.miner, header.stateRoot,
      header.transactionsRoot, header.receiptsRoot, header.logsBloom, '0x', scalar(number),
      scalar(0x5f5e100), scalar(GAS_USED * transactions.length), scalar(this.time), '0x', ZERO_HASH,
      header.nonce, scalar(BASE_FEE)]));
    this.keep({ number, header, transactions, receipts, nonces });
    this.parent = header.hash;
    this.head = number;
    const text = JSON.stringify({ jsonrpc: '2.0', method: 'eth_subscription',
      params: { subscription: SUBSCRIPTION, result: header } });
    for (const socket of this.listeners) this.send(socket, text);
    return header;
  }

  keep(block) {
    this.blocks.push(block);
    this.byHash.set(block.header.hash, block);
    block.transactions.forEach(({ hash }, i) => this.transactions.set(hash, { block, i }));
    if (this.blocks.length > BLOCKS_KEPT) {
      const old = this.blocks.shift();
      this.byHash.delete(old.header.hash);
      for (const { hash } of old.transactions) this.transactions.delete(hash);
    }
  }

  numberOf(tag) {
    const name = tagged(tag ?? 'latest');
    if (name === 'latest') return this.head;
    if (name === 'finalized' || name === 'safe') return Math.max(this.base, this.head - FINAL_DEPTH);
    return Number(name);
  }

  /** A block of ours; null: none, or one of the chain before it. */
  blockOf(tag) {
    if (tag?.blockHash) return this.byHash.get(tag.blockHash) ?? null;
    return this.blocks[this.numberOf(tag?.blockNumber ?? tag) - this.head + this.blocks.length - 1] ?? null;
  }

  // ---- answers ----

  logOf({ number, header, transactions, receipts }, i, k) {
    return { ...transactions[i].logs[k], blockHash: header.hash, blockNumber: hex(number),
      blockTimestamp: header.timestamp, transactionHash: transactions[i].hash, transactionIndex: hex(i),
      logIndex: hex(receipts[i].first + k), removed: false };
  }

  logsOf(block, wanted) {
    return block.transactions.flatMap(({ logs }, i) =>
      logs.flatMap((log, k) => (wanted(log) ? [this.logOf(block, i, k)] : [])));
  }

  findLogs({ address, topics = [], blockHash, fromBlock, toBlock }) {
    const addresses = address && new Set([address].flat().map((one) => one.toLowerCase()));
    const sets = topics.map((one) => one && new Set([one].flat()));
    const wanted = (log) => (!addresses || addresses.has(log.address)) &&
      sets.every((set, i) => !set || set.has(log.topics[i]));
    const first = blockHash ? null : this.numberOf(fromBlock);
    const last = blockHash ? null : Math.min(this.numberOf(toBlock), this.head);
    const list = blockHash ? [this.byHash.get(blockHash)]
      : this.blocks.filter(({ number }) => number >= first && number <= last);
    if (list.includes(undefined)) return { error: { code: -32000, message: 'unknown block' } };
    return { result: list.flatMap((block) => this.logsOf(block, wanted)) };
  }

  receiptOf(block, i) {
    const { hash, from, to, logs } = block.transactions[i];
    return { transactionHash: hash, transactionIndex: hex(i), blockHash: block.header.hash,
      blockNumber: hex(block.number), from, to, type: '0x2', status: '0x1', gasUsed: hex(GAS_USED),
      cumulativeGasUsed: hex(block.receipts[i].gas), effectiveGasPrice: hex(BASE_FEE),
      contractAddress: null, logsBloom: bytesToHex(block.receipts[i].own),
      logs: logs.map((_, k) => this.logOf(block, i, k)) };
  }

  /** What is answered here; undefined: the chain before it knows. */
  answer({ method, params }) {
    switch (method) {
    case 'eth_subscribe':
      return this.subscribe();
    case 'eth_blockNumber':
      return { result: hex(this.head) };
    case 'eth_getBlockByNumber': {
      const block = this.blockOf(params[0]);
      if (block) return { result: block.header };
      return this.numberOf(params[0]) > this.head ? { result: null } : undefined;
    }
    case 'eth_getLogs':
      return this.findLogs(params[0]);
    case 'eth_getBlockReceipts': {
      const block = this.blockOf({ blockHash: params[0] });
      return { result: block && block.transactions.map((_, i) => this.receiptOf(block, i)) };
    }
    case 'eth_getTransactionReceipt': {
      const found = this.transactions.get(params[0]);
      return { result: found ? this.receiptOf(found.block, found.i) : null };
    }
    case 'eth_getTransactionCount': {
      const count = this.blockOf(params[1])?.nonces.get(params[0].toLowerCase());
      return count === undefined ? undefined : { result: hex(count) };
    }
    case 'eth_feeHistory':
      return { result: { oldestBlock: hex(this.head), baseFeePerGas: [hex(BASE_FEE), hex(BASE_FEE)],
        gasUsedRatio: [0.5], reward: [[hex(BASE_FEE), hex(BASE_FEE)]] } };
    default:
      return undefined;
    }
  }

  /** Whoever knows what transactions do, and takes them: as `answer`. */
  execute() {
    return undefined;
  }

  join(socket) {
    socket.prependListener('message', () => (this.asking = socket));
    super.join(socket);
    socket.on('close', () => this.listeners.delete(socket));
  }

  subscribe() {
    this.listeners.add(this.asking);
    return { result: SUBSCRIPTION };
  }

  judge(call) {
    const here = super.judge(call) ?? this.execute(call) ?? this.answer(call);
    if (here !== undefined) return here;
    // State is asked for as of now: that of these blocks is not kept anywhere.
    const at = { eth_call: 1, eth_estimateGas: 1, eth_getCode: 1, eth_getBalance: 1,
      eth_getTransactionCount: 1 }[call.method];
    if (at !== undefined) call.params[at] = 'latest';
    return undefined;
  }
}
