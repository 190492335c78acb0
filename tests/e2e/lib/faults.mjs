// SPDX-License-Identifier: Apache-2.0
//
// A relayer behind endpoints with faults: three proxies before the origin, two of which must agree,
// one of them over HTTP; and one before the destination, over TLS with a certificate made here. Under each fault a message is sent; what must become of it, and
// what the journal must say, is checked on the chains and with `sluice journal`. The numbers are
// those of the list of faults in tests/README.md.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { mailboxAbi } from '../../../deploy/devnet/lib/abi.mjs';
import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { dispatchLogs, messageOfLog } from '../../../deploy/devnet/lib/messages.mjs';
import { measure } from '../../../deploy/devnet/lib/measurement.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { callContract, submitContract, waitReceipt }
  from '../../../deploy/devnet/lib/rpc.mjs';
import { sleep } from '../../../deploy/devnet/lib/terminal.mjs';
import { FaultProxy, altering, baseFee, failing, frames, halfOpen, logs, otherChain, rateLimit,
  receipts, silentOn, slow, stale, transactions, vanishingReceipts } from '../../support/fault-proxy.mjs';
import { runSuite } from './suite.mjs';

const { keccak256, numberToHex, pad } = requirePackage('viem/utils');
const run = promisify(execFile);

const DELIVER_SECONDS = 25;
const QUIET_MS = 4_000; // in which what must not happen would have
const SEND = 'eth_sendRawTransaction';

/** A certificate authority and a certificate of localhost by it; resolves to paths and contents. */
async function makeCertificate(folder) {
  const file = (name) => path.join(folder, name);
  const openssl = (...args) => run('openssl', args);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  await openssl('req', '-x509', ...key, '-subj', '/CN=test authority', '-keyout', file('ca.key'),
    '-out', file('ca.pem'));
  await openssl('req', '-x509', ...key, '-subj', '/CN=localhost', '-addext',
    'subjectAltName=DNS:localhost', '-addext', 'basicConstraints=critical,CA:FALSE',
    '-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-keyout', file('own.key'),
    '-out', file('own.pem'));
  return {
    authority: file('ca.pem'), key: readFileSync(file('own.key')), cert: readFileSync(file('own.pem')),
  };
}

class World {
  constructor(suite, seed) {
    Object.assign(this, { suite, stage: suite.stage, seed, sent: 0, proxies: [], node: null });
  }

  get origin() {
    return this.stage.devnet.chains[0];
  }

  get destination() {
    return this.stage.devnet.chains[1];
  }

  async open() {
    this.stage.chains = 2;
    await this.stage.open();
    this.readers = await Promise.all([0, 1, 2].map(() => FaultProxy.open(this.origin)));
    const certificate = await makeCertificate(this.stage.folder);
    this.sender = await FaultProxy.open(this.destination, certificate);
    const [first, second, third] = this.readers;
    this.proxies = [...this.readers, this.sender];
    await this.stage.startValidators({ settingsOf: () => ({ request_deadline: '1 s' }) });
    this.node = this.stage.write({
      name: 'relayer',
      mode: 'observe',
      capital: false,
      endpointOf: (chain) => (chain === this.origin
        ? [first.url, second.url, third.httpUrl].join(', ') : this.sender.url),
      nodeSettings: { tls_ca: certificate.authority },
      settingsOf: () => ({ request_deadline: '1 s' }),
    });
    await this.stage.start(this.node);
  }

  clear() {
    for (const proxy of this.proxies) proxy.clear();
  }

  close() {
    for (const proxy of this.proxies) proxy.close();
  }

  /** Sends one message of its own body; resolves to it once it is in a block. */
  async dispatch() {
    const { origin, destination, stage: { devnet } } = this;
    const args = [destination.domain, pad(destination.testRecipient, { size: 32 }),
      numberToHex(++this.sent, { size: 32 })];
    const { httpUrl, mailbox: to } = origin;
    const value = await callContract(httpUrl, to, mailboxAbi, 'quoteDispatch', args);
    const call = {
      from: devnet.users[0], to, abi: mailboxAbi, functionName: 'dispatch', args, value,
    };
    const hash = await submitContract(httpUrl, call);
    const [log] = dispatchLogs(await waitReceipt(httpUrl, hash, 'dispatch'));
    return messageOfLog(log);
  }

  isDelivered({ id }) {
    const { httpUrl, mailbox } = this.destination;
    return callContract(httpUrl, mailbox, mailboxAbi, 'delivered', [id]);
  }

  async awaitDelivery(message, seconds = DELIVER_SECONDS) {
    await this.suite.until(`message ${message.nonce} is delivered`, seconds, () => {
      this.stage.check();
      return this.isDelivered(message);
    });
  }

  async deliverOne(seconds) {
    const message = await this.dispatch();
    await this.awaitDelivery(message, seconds);
    return message;
  }

  /** Records of the relayer's journal of these kinds, as it grows. */
  async records(kind) {
    const args = ['journal', 'grep', this.node.data, '--kind', kind, '--json'];
    const options = { maxBuffer: 64 << 20 };
    try {
      const { stdout } = await run(this.stage.program, args, options);
      return stdout.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line));
    } catch (error) {
      if (error.code === 1) return []; // none fits
      throw error;
    }
  }

  /** What `sluice why` says of everything that waits. */
  async why() {
    const { stdout } = await run(this.stage.program, ['why', '--config', this.node.config]);
    return stdout;
  }

  /** What `sluice doctor` finds, and its exit code. */
  async doctor() {
    const args = ['doctor', '--config', this.node.config, '--seconds', '15', '--json'];
    try {
      return { code: 0, findings: JSON.parse((await run(this.stage.program, args)).stdout) };
    } catch (error) {
      if (!error.stdout) throw error;
      return { code: error.code, findings: JSON.parse(error.stdout) };
    }
  }

  /** One check: the faults are in force while `work` runs, and end with it. */
  check(title, faults, work) {
    return this.suite.check(title, async () => {
      for (const [proxy, ...list] of faults) proxy.set(...list);
      try {
        await work();
      } finally {
        this.clear();
      }
    });
  }
}

/** Faults that one liar of three has no part in: the message arrives, and the lie is on record. */
async function lies(world) {
  const { readers: [first, second, third], origin } = world;
  const told = async () => (await world.records('dissent')).length;
  // Each by another one: whoever lied is asked last from then on.
  const cases = [
    ['no logs', first, logs.none()],
    ['one log less', second, logs.cut()],
  ];
  for (const [what, liar, fault] of cases) {
    await world.check(`1: one endpoint has ${what} for a block`, [[liar, fault]], async () => {
      const before = await told();
      await world.deliverOne();
      await world.suite.until('the evidence is in the journal', 10, async () =>
        (await told()) > before);
    });
  }
  await world.check('1: one endpoint has logs with another message in them for a block',
    [[third, logs.forged(origin.mailbox)]], () => world.deliverOne());
  for (const [what, fault] of [
    ['twice', logs.twice()],
    ['out of order', logs.backwards()],
  ]) {
    await world.check(`7: one endpoint gives logs ${what}`, [[second, fault]], () =>
      world.deliverOne());
  }
  await world.check('8: one endpoint gives logs of a contract that is not ours',
    [[first, logs.elsewhere(`0x${'ab'.repeat(20)}`)]], () => world.deliverOne());
  await world.check('1: one endpoint has another root of the tree, and other nonces',
    [[first, altering(['eth_call', 'eth_getTransactionCount', 'eth_getBalance'],
      (result) => result.replace(/.$/, (digit) => (digit === '7' ? '8' : '7')))]],
    () => world.deliverOne());
}

async function quorums(world) {
  const { readers: [first, second, third] } = world;
  await world.check('4: the honest ones say nothing, the liar goes on: nothing is done',
    [[first, logs.none()], [second, halfOpen()], [third, halfOpen()]], async () => {
      const message = await world.dispatch();
      await world.suite.until('why says that the quorum is missed', 15, async () =>
        /fewer endpoints answer/.test(await world.why()));
      await sleep(QUIET_MS);
      expectEqual(await world.isDelivered(message), false, 'delivered');
      expect((await world.records('quorum')).some((record) =>
        record.fields.state === 'lost'), 'a record of it');
      world.clear();
      await world.awaitDelivery(message, 40);
    });
  await world.check('4: one says nothing: nothing is missed', [[second, halfOpen()]], () =>
    world.deliverOne());
  await world.check('2: two tell the same lie about logs: the receipts prove them wrong',
    [[first, logs.none()], [second, logs.none()], [third, halfOpen()]], () =>
      world.deliverOne());
  await world.check('2: two lie about logs and receipts: refused, and read again later',
    [[first, logs.none(), receipts.none()], [second, logs.none(), receipts.none()],
      [third, halfOpen()]], async () => {
      const message = await world.dispatch();
      await sleep(QUIET_MS);
      expectEqual(await world.isDelivered(message), false, 'delivered');
      expect((await world.records('endpoint')).some((record) =>
        JSON.stringify(record).includes('receipts that are not')), 'a record of it');
      world.clear();
      await world.awaitDelivery(message, 40);
    });
}

async function ages(world) {
  const { readers: [first] } = world;
  for (const blocks of [1, 64, 10_000]) {
    await world.check(`5: one endpoint is ${blocks} blocks behind: it contradicts nobody`,
      [[first, stale(blocks)]], async () => {
        const before = (await world.records('dissent')).length;
        await world.deliverOne();
        expectEqual((await world.records('dissent')).length, before, 'records of dissent');
      });
  }
  await world.check('6: one endpoint comes back as another chain: named, and not used',
    [[first, otherChain(4242)]], async () => {
      first.cut();
      await world.deliverOne();
      await world.suite.until('it is named', 10, async () =>
        (await world.records('endpoint')).some((record) =>
          JSON.stringify(record).includes('4242')));
    });
}

async function doctors(world) {
  const { readers: [first, second], origin } = world;
  await world.suite.check('doctor: a healthy node passes', async () => {
    const { code, findings } = await world.doctor();
    const failed = findings.filter(({ result }) => result === 'fail');
    expectEqual(failed.map(({ found }) => found).join('; '), '', 'what fails');
    expectEqual(code, 0, 'exit code');
    const seen = findings.filter(({ of, result }) => of === origin.name && result === 'pass');
    const wanted = ['quorum', 'agreement', 'heads', 'clock', 'finality', 'logs', 'key'];
    expectEqual(seen.map(({ check }) => check).join(), wanted.join(), 'checks of the origin');
  });
  await world.check('doctor: two endpoints of another chain are named, with what to do',
    [[first, otherChain(4242)], [second, otherChain(4242)]], async () => {
      const { code, findings } = await world.doctor();
      expectEqual(code, 2, 'exit code');
      const named = findings.filter(({ check, result, found, todo }) =>
        check === 'endpoint' && result === 'fail' && /4242/.test(found) && /chain_id/.test(todo));
      expectEqual(named.length, 2, 'endpoints named');
    });
  await world.suite.check('rpc status: every endpoint with its head and what it names final',
    async () => {
      const args = ['rpc', 'status', '--config', world.node.config, '--seconds', '15', '--json'];
      const list = JSON.parse((await run(world.stage.program, args)).stdout);
      expectEqual(list.length, 4, 'endpoints');
      expect(list.every(({ state, head, final, calls }) =>
        state === 'good' && head > 0 && final > 0 && calls > 0), 'all of them good');
    });
}

async function connections(world) {
  const { readers, seed } = world;
  const [first, second] = readers;
  const all = (make) => readers.map((proxy, i) => [proxy, make(i)]);
  const cases = [
    ['half-open', [[first, halfOpen()]]],
    ['slow by 700 ms, all of them', all(() => slow(700))],
    ['losing every fifth frame', all((i) => frames.lost(0.2, seed + i))],
    ['frames twice', all(() => frames.twice())],
    ['frames in another order', [[first, frames.swapped()], [second, frames.swapped()]]],
    ['frames cut in half', [[first, frames.cut()]]],
    ['junk between frames', all(() => frames.junk('', '{', '[]', '{"id":1}', 'x'.repeat(70_000)))],
    ['arrays a million deep', [[first, frames.junk('['.repeat(1_000_000))]]],
    ['a frame of 40 MB', [[first, frames.junk(`"${'a'.repeat(40_000_000)}"`)]]],
    ['errors to everything', [[first, failing('*', -32603, 'internal error')]]],
    ['no answer to logs', [[first, silentOn(['eth_getLogs'])]]],
    ['ten calls a second', [[first, rateLimit(10)]]],
  ];
  for (const [what, faults] of cases) {
    await world.check(`12-14: ${what}`, faults, async () => {
      await world.deliverOne();
      for (const [proxy] of faults) proxy.clear();
    });
  }
}

async function sending(world) {
  const { sender } = world;
  await world.check('27: the base fee is above the ceiling: nothing is sent until it falls',
    [[sender, baseFee(10n ** 12n)]], async () => {
      await sleep(2_000); // a head with it
      const before = sender.count(SEND);
      const message = await world.dispatch();
      await sleep(QUIET_MS + 2_000);
      expectEqual(sender.count(SEND), before, 'transactions sent meanwhile');
      world.clear();
      await world.awaitDelivery(message);
    });
  await world.check('28: a transaction is taken and lost: it is sent again',
    [[sender, transactions.lost(1, keccak256)]], () => world.deliverOne(60));
  await world.check('28: the receipt is not there at first',
    [[sender, vanishingReceipts(3)]], () => world.deliverOne());
  await world.check('29: sending is not answered: the same transaction arrives once',
    [[sender, transactions.answeredBy(() => null)]], () => world.deliverOne(40));
  await world.check('29: sending is answered with "already known"',
    [[sender, transactions.answeredBy(({ jsonrpc, id }) =>
      ({ jsonrpc, id, error: { code: -32000, message: 'already known' } }))]],
    () => world.deliverOne());
  await world.check('29: sending is answered with another hash',
    [[sender, transactions.answeredBy((answer) =>
      ({ ...answer, result: `0x${'12'.repeat(32)}` }))]], () => world.deliverOne(40));

}

runSuite('faults', 'A relayer behind endpoints with faults.', { seed: '1' }, async (suite) => {
  const world = new World(suite, suite.options.seed);
  try {
    await world.open();
    await suite.check('without faults', () => world.deliverOne());
    await doctors(world);
    await lies(world);
    await ages(world);
    await connections(world);
    await sending(world);
    await quorums(world);
    await suite.check('every message was delivered once, and nothing was sent for nothing',
      async () => {
        let result = null;
        await suite.until('all are delivered', 40, async () => {
          result = await measure(suite.stage.devnet, 0, suite.stage.devnet.relayer.address);
          return result.lost === 0;
        });
        expectEqual(result.unknown, 0, 'deliveries that the origin does not have');
        expectEqual(result.revertedProcess, 0, 'transactions that reverted');
      });
    await suite.check('all nodes end in good order', async () => {
      const ends = await suite.stage.endNodes();
      expectEqual(ends.filter((how) => how !== 'code 0').join(), '', 'other ends');
    });
    await suite.check('the journal verifies and replays', async () => {
      await run(suite.stage.program, ['journal', 'verify', world.node.data]);
      await run(suite.stage.program, ['replay', world.node.data]);
    });
  } finally {
    world.close();
  }
});
