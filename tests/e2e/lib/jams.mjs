// SPDX-License-Identifier: Apache-2.0
//
// Everything that jams a sender's nonces on a real chain: fees above the ceiling, transactions that
// the pool drops or that blocks leave out, a node that takes everything and answers nothing, a key
// without money, a kill in the middle, a disk that is full, somebody else with our key. Each time every message is
// delivered, none twice, and no nonce is left behind; only the last one needs a person.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { deriveAccounts } from '../../../deploy/devnet/lib/accounts.mjs';
import { readProcesses } from '../../../deploy/devnet/lib/devnet.mjs';
import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { replayJournal, verifyJournal } from '../../../deploy/devnet/lib/inspect.mjs';
import { encryptKeystore } from '../../../deploy/devnet/lib/keystore.mjs';
import { measure } from '../../../deploy/devnet/lib/measurement.mjs';
import { readLog } from '../../../deploy/devnet/lib/nodes.mjs';
import { rpc, sendTransaction, waitReceipt } from '../../../deploy/devnet/lib/rpc.mjs';
import { sleep } from '../../../deploy/devnet/lib/terminal.mjs';
import { countDelivered, dispatch, dispatchMany } from './dispatch.mjs';
import { runOperator } from './operator.mjs';
import { runSuite } from './suite.mjs';

const COUNT = 5; // messages of each jam
const BLOCK_SECONDS = 1;
const DEADLINE_SECONDS = 8;
// From the end of a jam to the last delivery: finality on the origin, one repetition, one block. It
// takes a few seconds; the limit is for machines that do other work.
const RECOVERY_SECONDS = 120;
const FOREIGN_SECONDS = 120; // until a foreign transaction is final and noticed
const GWEI = 10n ** 9n;
const DELIVERY_KEYS = 2;

const hex = (number) => `0x${BigInt(number).toString(16)}`;

class Jams {
  constructor(suite) {
    this.suite = suite;
    this.stage = suite.stage;
    this.messages = [];
    // While this file is there, the relayer's disk is what it says: tests/support/fault_disk.c.
    this.diskFlag = path.join(this.stage.folder, 'disk');
  }

  /** The environment that puts a node's data on such a disk. */
  get onFaultyDisk() {
    const data = path.join(this.stage.folder, 'relayer', 'data');
    mkdirSync(data, { recursive: true, mode: 0o700 });
    return {
      LD_PRELOAD: path.join(path.dirname(this.stage.program), 'tests/fault_disk.so'),
      SLUICE_FAULT_DISK_FOLDER: data,
      SLUICE_FAULT_DISK_FLAG: this.diskFlag,
    };
  }

  get devnet() {
    return this.stage.devnet;
  }

  get origin() {
    return this.devnet.chains[0];
  }

  get destination() {
    return this.devnet.chains[1];
  }

  call(method, params = []) {
    return rpc(this.destination.httpUrl, method, params);
  }

  async send(count = COUNT) {
    const sent = await dispatchMany(this.devnet, this.origin, this.destination, count);
    this.messages.push(...sent);
    return sent;
  }

  async delivered(messages, seconds = RECOVERY_SECONDS) {
    await this.suite.until(`all ${messages.length} delivered`, seconds, async () => {
      this.stage.check();
      return (await countDelivered(this.destination, messages)) === messages.length;
    });
  }

  /** The relayer's transactions that wait in the pool, by nonce: {nonce, hash, ...}. */
  async pool() {
    const { pending, queued } = await this.call('txpool_content');
    const key = Object.keys(pending).concat(Object.keys(queued))
      .find((address) => address.toLowerCase() === this.devnet.relayer.address.toLowerCase());
    return [...Object.values(pending[key] ?? {}), ...Object.values(queued[key] ?? {})];
  }

  async pooled(count) {
    await this.suite.until(`${count} in the pool`, RECOVERY_SECONDS, async () =>
      (await this.pool()).length >= count);
  }

  stopBlocks() {
    return this.call('evm_setIntervalMining', [0]);
  }

  async startBlocks() {
    await this.call('evm_mine');
    await this.call('evm_setIntervalMining', [BLOCK_SECONDS]);
  }

  nonce(block = 'latest') {
    return this.call('eth_getTransactionCount', [this.devnet.relayer.address, block]).then(Number);
  }

  async log() {
    return readLog(this.stage.handles.get(this.relayer.name));
  }

  /** Messages sent while the jam lasts; after it they are delivered. */
  async jam(begin, end, count = COUNT) {
    await begin();
    const sent = await this.send(count);
    await end(sent);
    await this.delivered(sent);
    return sent;
  }
}

/** Accounts that deliver beside the relayer's, with keystores. */
function makeKeys(stage) {
  const { devnet } = stage;
  const passphrase = readFileSync(devnet.passphraseFile, 'utf8').trim();
  const { users } = deriveAccounts();
  return users.slice(-DELIVERY_KEYS).map(({ address, key }, i) => {
    const keystore = path.join(stage.folder, `delivery${i + 1}.json`);
    const sealed = JSON.stringify(encryptKeystore({ address, key }, passphrase));
    writeFileSync(keystore, sealed, { mode: 0o600 });
    return { address, keystore };
  });
}

/** A spike above the ceiling of 200 gwei: nothing is sent before it is over. */
async function feeSpike(jams) {
  const spike = () => jams.call('anvil_setNextBlockBaseFeePerGas', [hex(1000n * GWEI)]);
  const before = await jams.nonce();
  await jams.jam(spike, async (sent) => {
    await sleep(3500);
    expectEqual(await countDelivered(jams.destination, sent), 0, 'deliveries above the ceiling');
    expectEqual(await jams.nonce(), before, 'transactions above the ceiling');
    await jams.call('anvil_setNextBlockBaseFeePerGas', [hex(GWEI)]);
  });
}

/** In the pool when the spike comes: parked, and included when fees fall, under the same nonces. */
async function parkedInPool(jams) {
  const before = await jams.nonce();
  await jams.jam(() => jams.stopBlocks(), async (sent) => {
    await jams.pooled(sent.length);
    await jams.call('anvil_setNextBlockBaseFeePerGas', [hex(1000n * GWEI)]);
    await jams.startBlocks();
    await sleep(4000);
    expectEqual(await countDelivered(jams.destination, sent), 0, 'deliveries in the spike');
    await jams.call('anvil_setNextBlockBaseFeePerGas', [hex(GWEI)]);
  });
  expectEqual(await jams.nonce(), before + COUNT, 'nonces used');
}

/** Below the base fee, which stays: raised in both fees until blocks take them. */
async function underpriced(jams) {
  const before = await jams.nonce();
  let offered = [];
  await jams.jam(() => jams.stopBlocks(), async (sent) => {
    await jams.pooled(sent.length);
    offered = await jams.pool();
    await jams.call('anvil_setNextBlockBaseFeePerGas', [hex(60n * GWEI)]);
    await jams.startBlocks();
  });
  expectEqual(await jams.nonce(), before + COUNT, 'nonces used');
  const receipts = await Promise.all(offered.map(({ hash }) =>
    jams.call('eth_getTransactionReceipt', [hash])));
  expect(receipts.includes(null), 'transactions that a dearer one replaced');
  await jams.call('anvil_setNextBlockBaseFeePerGas', [hex(GWEI)]);
}

/** The pool forgets everything, or the lowest nonce alone, so that the others cannot go on. */
async function dropped(jams, isLowestAlone) {
  const before = await jams.nonce();
  await jams.jam(() => jams.stopBlocks(), async (sent) => {
    await jams.pooled(sent.length);
    if (isLowestAlone) {
      const [lowest] = (await jams.pool()).sort((a, b) => Number(a.nonce) - Number(b.nonce));
      await jams.call('anvil_dropTransaction', [lowest.hash]);
    } else {
      await jams.call('anvil_dropAllTransactions');
    }
    await jams.startBlocks();
  });
  expectEqual(await jams.nonce(), before + COUNT, 'nonces used');
}

/** The node takes connections and bytes, and answers nothing. */
async function silentNode(jams) {
  const data = path.join(jams.stage.folder, 'devnet');
  const { pid } = readProcesses(data).find(({ name }) => name === jams.destination.name);
  const before = await jams.nonce();
  const sent = await jams.send();
  await sleep(1500);
  process.kill(pid, 'SIGSTOP');
  try {
    await sleep(7000);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await jams.delivered(sent);
  expectEqual(await jams.nonce(), before + COUNT, 'nonces used');
}

/** Killed while transactions wait in the pool: found there again, and nothing is sent twice. */
async function killed(jams) {
  const before = await jams.nonce();
  await jams.jam(() => jams.stopBlocks(), async (sent) => {
    await jams.pooled(sent.length);
    await jams.stage.end(jams.relayer, 'SIGKILL');
    await jams.stage.start(jams.relayer);
    await jams.startBlocks();
  });
  expectEqual(await jams.nonce(), before + COUNT, 'nonces used');
}

/** A key that cannot pay takes no nonce, and goes on once it was paid. */
async function poor(jams) {
  const { address } = jams.devnet.relayer;
  const balance = await jams.call('eth_getBalance', [address, 'latest']);
  const before = await jams.nonce();
  await jams.jam(() => jams.call('anvil_setBalance', [address, hex(1000n)]), async (sent) => {
    await jams.suite.until('an alarm', RECOVERY_SECONDS, async () =>
      /level=error.*(key|balance|fund)/i.test(await jams.log()));
    expectEqual(await countDelivered(jams.destination, sent), 0, 'deliveries without money');
    await jams.call('anvil_setBalance', [address, balance]);
  });
  expectEqual(await jams.nonce(), before + COUNT, 'nonces used');
}

/** Somebody else uses our key: that lane stands still and says so, until a person has looked. */
async function foreign(jams) {
  const { address } = jams.devnet.relayer;
  const { httpUrl } = jams.destination;
  const hash = await sendTransaction(httpUrl, { from: address, to: address, value: '0x1' });
  await waitReceipt(httpUrl, hash, 'a transaction that is not ours');
  const message = await dispatch(jams.devnet, jams.origin, jams.destination);
  jams.messages.push(message);
  await jams.suite.until('an alarm', FOREIGN_SECONDS, async () =>
    /level=error.*not (ours|the node)/i.test(await jams.log()));
  await sleep(1000);
  expectEqual(await countDelivered(jams.destination, [message]), 0, 'deliveries of a frozen key');
  runOperator(jams.stage, jams.relayer, 'resume', '--chain', jams.destination.name);
  await jams.delivered([message]);
}

/**
 * The relayer's disk is full, or read-only, for a while: nothing is sent, watching goes on, status
 * and why say so, and the same process goes on by itself once there is room.
 */
async function faultyDisk(jams, word) {
  const { stage, relayer, suite } = jams;
  const health = () => JSON.parse(runOperator(stage, relayer, 'status', '--json')).health;
  const before = await jams.nonce();
  const { pid } = stage.handles.get(relayer.name).child;
  writeFileSync(jams.diskFlag, word);
  let sent = [];
  try {
    sent = await jams.send();
    await suite.until('status says so', RECOVERY_SECONDS, () =>
      health()?.troubles.some(({ what, why }) => what === 'journal' && /cannot be written/.test(why)));
    expect(/journal.*cannot be written: (no space|read only)/.test(
      runOperator(stage, relayer, 'why')), 'why to say so');
    const { steps } = health();
    const head = Number(await jams.call('eth_blockNumber'));
    await suite.until('more blocks', RECOVERY_SECONDS, async () =>
      Number(await jams.call('eth_blockNumber')) > head + 2);
    await suite.until('it watches', RECOVERY_SECONDS, () => health().steps > steps);
    expectEqual((await jams.pool()).length, 0, 'transactions in the pool');
    expectEqual(await jams.nonce(), before, 'transactions');
  } finally {
    rmSync(jams.diskFlag);
  }
  await jams.delivered(sent, RECOVERY_SECONDS);
  expectEqual(health().troubles.length, 0, 'troubles after it');
  expectEqual(await jams.nonce(), before + COUNT, 'nonces used');
  expectEqual(stage.handles.get(relayer.name).child.pid, pid, 'the process');
}

/** An orderly stop on a full disk: the reserve takes what waits, and a start has lost nothing. */
async function stopOnAFullDisk(jams) {
  const { stage, relayer, suite } = jams;
  writeFileSync(jams.diskFlag, 'full');
  const sent = await jams.send();
  await suite.until('it cannot write', RECOVERY_SECONDS, async () =>
    /journal cannot be written/.test(await jams.log()));
  expectEqual(await stage.end(relayer), 'code 0', 'the end of the relayer');
  expect(!existsSync(path.join(relayer.data, 'reserve')), 'the reserve to be given up');
  rmSync(jams.diskFlag);
  await stage.start(relayer);
  expect(existsSync(path.join(relayer.data, 'reserve')), 'a reserve again');
  await jams.delivered(sent, RECOVERY_SECONDS);
}

/** Three keys share the messages; each one's nonces are its own. Legacy transactions, by the way. */
async function severalKeys(jams) {
  const { stage, devnet } = jams;
  expectEqual(await stage.end(jams.relayer), 'code 0', 'the end of the relayer');
  const keys = makeKeys(stage);
  jams.relayer = stage.write({
    name: 'relayer2', mode: 'observe', keys, capital: false,
    settingsOf: () => ({ transactions: 'legacy', inclusion_deadline: `${DEADLINE_SECONDS} s` }),
  });
  const accounts = [devnet.relayer.address, ...keys.map(({ address }) => address)];
  const count = (address) => jams.call('eth_getTransactionCount', [address, 'latest']).then(Number);
  await stage.start(jams.relayer);
  const before = await Promise.all(accounts.map(count));
  const first = Number(await jams.call('eth_blockNumber')) + 1;
  await jams.delivered(await jams.send(4 * COUNT));
  const after = await Promise.all(accounts.map(count));
  const used = after.map((nonce, i) => nonce - before[i]);
  expect(used.every((number) => number > 0), `every key in use: ${used}`);
  const head = Number(await jams.call('eth_blockNumber'));
  const types = new Set();
  for (let number = first; number <= head; ++number) {
    const { transactions } = await jams.call('eth_getBlockByNumber', [hex(number), true]);
    for (const { from, type } of transactions) {
      if (accounts.some((own) => own.toLowerCase() === from)) types.add(type);
    }
  }
  expectEqual([...types].join(), '0x0', 'the types of our transactions');
}

runSuite('jams', 'Jams the nonces of a sending key in every way.', {}, async (suite) => {
  const { stage } = suite;
  stage.chains = 2;
  await stage.open();
  const jams = new Jams(suite);
  await stage.startValidators();
  jams.relayer = stage.write({
    name: 'relayer', mode: 'observe', capital: false, environment: jams.onFaultyDisk,
    settingsOf: () => ({ inclusion_deadline: `${DEADLINE_SECONDS} s` }),
  });
  await stage.start(jams.relayer);
  await suite.check('without a jam', async () => jams.delivered(await jams.send()));
  await suite.check('a fee spike above the ceiling is waited out', () => feeSpike(jams));
  await suite.check('what a spike parks in the pool is included when fees fall', () =>
    parkedInPool(jams));
  await suite.check('what is priced too low is raised', () => underpriced(jams));
  await suite.check('what the pool forgot is given to it again', () => dropped(jams, false));
  await suite.check('a gap in the pool is filled', () => dropped(jams, true));
  await suite.check('a node that answers nothing is waited for', () => silentNode(jams));
  await suite.check('a kill with transactions in the pool', () => killed(jams));
  await suite.check('a full disk stops acting, not watching, until there is room', () =>
    faultyDisk(jams, 'full'));
  await suite.check('so does a read-only one', () => faultyDisk(jams, 'read-only'));
  await suite.check('an orderly stop on a full disk loses nothing', () => stopOnAFullDisk(jams));
  await suite.check('a key without money takes no nonce', () => poor(jams));
  await suite.check('a foreign transaction of our key freezes its lane', () => foreign(jams));
  await suite.check('several keys share the messages, with legacy transactions', () =>
    severalKeys(jams));
  await suite.check('every message is delivered once, and nothing was sent for nothing', async () => {
    const result = await measure(stage.devnet, 0, stage.devnet.relayer.address);
    expectEqual(result.lost, 0, 'lost messages');
    expectEqual(result.duplicated, 0, 'messages delivered twice');
    expectEqual(result.revertedProcess, 0, 'transactions that reverted');
  });
  await suite.check('all nodes end in good order', async () => {
    const ends = await stage.endNodes();
    expectEqual(ends.filter((how) => how !== 'code 0').join(), '', 'other ends');
  });
  await suite.check('the journal of the faulty disk is whole and replays', () => {
    for (const { ok, words } of [verifyJournal, replayJournal].map((run) =>
      run(stage.program, { name: 'relayer', data: jams.onFaultyDisk.SLUICE_FAULT_DISK_FOLDER }))) {
      expect(ok, `a sound journal: ${words}`);
    }
  });
});
