// SPDX-License-Identifier: Apache-2.0
//
// One node with a log and a witness that is not ours. Its chain is out of reach on purpose: what a
// person tells it (pause, resume) is enough of a life for a log.

import { spawn, spawnSync } from 'node:child_process';
import { closeSync, cpSync, mkdirSync, openSync, readFileSync, readSync, readdirSync, rmSync,
  statSync, writeFileSync, writeSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { runVerb } from '../../../deploy/devnet/lib/inspect.mjs';
import { sleep } from '../../../deploy/devnet/lib/terminal.mjs';
import { Witness } from '../../support/witness.mjs';
import { processesNaming } from './processes.mjs';
import { root, runSuite } from './suite.mjs';

const ORIGIN = 'e2e.example/journal/1';
const WAIT_S = 120; // a generous limit, not a promise
const EXIT_UNREACHABLE = 3;
const EXIT_INTEGRITY = 5;

const checker = path.join(root, 'deploy/check-proof');

/** Every file below a folder, by relative path. */
function filesOf(folder, below = '') {
  return readdirSync(path.join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(below, entry.name);
    return entry.isDirectory() ? filesOf(folder, name) : [name];
  }).sort();
}

/** A copy of a data directory; sockets are not data. */
function copyData(from, to) {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true, filter: (name) => !name.endsWith('.sock') });
}

function flipBit(file, bit) {
  const fd = openSync(file, 'r+');
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, bit >> 3);
  byte[0] ^= 1 << (bit & 7);
  writeSync(fd, byte, 0, 1, bit >> 3);
  closeSync(fd);
}

class Desk {
  constructor(suite) {
    this.suite = suite;
    this.program = path.resolve(suite.options.program);
    this.folder = path.resolve(suite.options.data);
    this.port = Number(process.env.SLUICE_PORT_BASE) + 50;
    this.data = path.join(this.folder, 'data');
    this.child = null;
    rmSync(this.folder, { recursive: true, force: true });
    mkdirSync(this.folder, { recursive: true });
  }

  file(name) {
    return path.join(this.folder, name);
  }

  run(...args) {
    return runVerb(this.program, args);
  }

  /** Runs a verb that must succeed; its words. */
  done(...args) {
    const { code, out, err } = this.run(...args);
    expect(code === 0, `sluice ${args.join(' ')} to end with 0, got ${code}: ${out}${err}`);
    return out;
  }

  /** Runs the checker that shares nothing with us; it must agree. */
  foreign(...args) {
    const { status, stdout, stderr } = spawnSync(checker, args, { encoding: 'utf8' });
    return { code: status, words: (stdout + stderr).trim() };
  }

  agrees(...args) {
    const { code, words } = this.foreign(...args);
    expect(code === 0, `check-proof ${args[0]} to agree: ${words}`);
    return words;
  }

  write({ listen = true, witness = null, socket = 'signer/log.sock', spawned = true } = {}) {
    writeFileSync(this.file('signer.yaml'),
      'socket: ./signer/log.sock\nstate: ./signer\nkey_file: ./log.key\n');
    writeFileSync(this.file('node.yaml'), [
      'node: {name: e2e, data: ./data}',
      'chains:',
      '  - name: far',
      '    devnet: true',
      '    domain: 901',
      '    chain_id: 31337',
      `    endpoints: [ws://127.0.0.1:${this.port + 9}]`,
      ...['mailbox', 'merkle_tree_hook', 'validator_announce'].map((name, i) =>
        `    ${name}: "0x222222222222222222222222222222222222220${i}"`),
      'log:',
      `  key: "${this.key}"`,
      `  spawn: ${spawned}`,
      ...(spawned ? ['  config: ./signer.yaml'] : []),
      `  socket: ./${socket}`,
      '  interval: 500 ms',
      ...(listen ? [`  listen: 127.0.0.1:${this.port}`] : []),
      ...(witness ? ['witnesses:', `  - key: "${witness.key}"`,
        `    url: http://127.0.0.1:${this.port + 1}/w/`] : []),
      '',
    ].join('\n'));
  }

  async start() {
    const out = openSync(this.file('node.log'), 'w');
    this.child = spawn(this.program, ['run', '--config', this.file('node.yaml')], {
      stdio: ['ignore', out, out], detached: true,
    });
    closeSync(out);
    this.ended = null;
    this.child.on('exit', (code, signal) => (this.ended = code ?? signal));
    await this.suite.until('the node is ready or has ended', WAIT_S, () =>
      this.ended !== null || /event=ready/.test(this.log()));
  }

  log() {
    return readFileSync(this.file('node.log'), 'utf8');
  }

  async end(signal = 'SIGTERM') {
    if (this.ended === null && this.child) this.child.kill(signal);
    await this.suite.until('the node has ended', WAIT_S, () => this.ended !== null);
    // The signers it started end with it, a moment later.
    await this.suite.until('nothing of it is left', WAIT_S, () =>
      ['node.yaml', 'signer.yaml'].every((name) => processesNaming(this.file(name)).length === 0));
    return this.ended;
  }

  /** Records: a person's words. */
  speak(times = 1) {
    for (let i = 0; i < times; i += 1) {
      this.done('pause', '--config', this.file('node.yaml'), '--reason', `word ${i}`);
      this.done('resume', '--config', this.file('node.yaml'));
    }
  }

  async fetch(name) {
    const response = await fetch(`http://127.0.0.1:${this.port}/${name}`);
    return { status: response.status, body: Buffer.from(await response.arrayBuffer()) };
  }

  async size() {
    const { status, body } = await this.fetch('checkpoint');
    return status === 200 ? Number(body.toString().split('\n')[1]) : 0;
  }

  head() {
    return JSON.parse(this.done('journal', 'verify', this.data, '--json')).head;
  }

  /** Waits until what is served covers every record there is now. */
  async settled() {
    const head = this.head();
    await this.suite.until(`a checkpoint of ${head} records is served`, WAIT_S, async () =>
      (await this.size()) >= head);
    return head;
  }

  export(name) {
    rmSync(this.file(name), { recursive: true, force: true });
    this.done('journal', 'export', this.data, this.file(name), '--key', this.key);
    return this.file(name);
  }

  save(name, text) {
    writeFileSync(this.file(name), text);
    return this.file(name);
  }
}

async function signsAndServes(desk) {
  desk.write();
  await desk.start();
  expectEqual(desk.ended, null, 'the node runs');
  desk.speak(60);
  await desk.settled();
  expect(/sound: .*signature verified/.test(
    desk.done('journal', 'verify', desk.data, '--key', desk.key)), 'a sound, signed journal');
  const folder = desk.export('out');
  for (const name of filesOf(folder)) {
    const { status, body } = await desk.fetch(name);
    expectEqual(status, 200, name);
    // The head may be ahead of the export; pieces are the same bytes.
    if (name !== 'checkpoint') expect(body.equals(readFileSync(path.join(folder, name))), name);
  }
  desk.done('journal', 'verify', folder, '--key', desk.key);
  desk.agrees('checkpoint', path.join(folder, 'checkpoint'), desk.key);
}

async function exportsTheSameTwice(desk) {
  const first = desk.export('first');
  const size = readFileSync(path.join(first, 'checkpoint'), 'utf8').split('\n')[1];
  desk.done('journal', 'export', desk.data, desk.file('second'), '--checkpoint', size);
  expectEqual(spawnSync('diff', ['-r', first, desk.file('second')]).status, 0, 'diff -r');
  const again = JSON.parse(
    desk.done('journal', 'export', desk.data, first, '--checkpoint', size, '--json'));
  expectEqual(again.files, 0, 'files written again');
}

async function refusesStrangeRequests(desk) {
  const paths = ['/../../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd',
    '/tile/0/0', '/tile/9/000', '/tile/0/x000/000', '/tile/entries/999', '/blobs/00/00',
    `/${'a'.repeat(2000)}`, '/tile/0/000.p/255'];
  for (const name of paths) {
    const { status, stdout } = spawnSync('curl', ['-s', '--path-as-is', '-o', '/dev/null', '-w',
      '%{http_code}', `http://127.0.0.1:${desk.port}${name}`], { encoding: 'utf8' });
    expect(status === 0 && /^4\d\d$/.test(stdout), `${name} to be refused, got ${stdout}`);
  }
  const post = await fetch(`http://127.0.0.1:${desk.port}/checkpoint`,
    { method: 'POST', body: 'x' });
  expectEqual(post.status, 405, 'POST');
}

/** Many who say nothing hold up neither the node nor, for long, other readers. */
async function boundsItsClients(desk) {
  const sockets = Array.from({ length: 200 }, () => connect(desk.port, '127.0.0.1'));
  sockets.forEach((socket) => socket.on('error', () => {}));
  await sleep(500);
  const before = desk.head();
  desk.speak();
  expect(desk.head() > before, 'the node goes on');
  sockets.forEach((socket) => socket.destroy());
  await desk.suite.until('readers are served again', WAIT_S, async () =>
    (await desk.fetch('checkpoint').catch(() => ({}))).status === 200);
}

async function handsOverProofs(desk) {
  const kept = desk.save('kept', readFileSync(desk.file('out/checkpoint')));
  desk.speak();
  const head = await desk.settled();
  for (const record of [1, 2, 100, head]) {
    const proof = desk.save('proof', desk.done('journal', 'prove', desk.data, String(record)));
    expect(desk.done('journal', 'verify', proof, '--key', desk.key)
      .startsWith(`proved: record ${record} of`), 'our own check');
    desk.agrees('record', proof, desk.key);
    const wrong = desk.save('wrong', readFileSync(proof, 'utf8')
      .replace(/^index (\d+)$/m, (_, index) => `index ${Number(index) ^ 1}`));
    expectEqual(desk.run('journal', 'verify', wrong, '--key', desk.key).code, EXIT_INTEGRITY,
      'a proof of another number');
    expectEqual(desk.foreign('record', wrong, desk.key).code, 1, 'the foreign check of it');
  }
  desk.export('now');
  const growth = desk.save('growth', desk.done('journal', 'consistency', desk.data, kept,
    desk.file('now/checkpoint')));
  desk.done('journal', 'verify', growth, '--old', kept, '--key', desk.key);
  desk.agrees('growth', growth, kept, desk.key);
  const other = desk.save('other',
    readFileSync(kept, 'utf8').replace(/^(\S+\n\d+\n)..../, '$1AAAA'));
  expectEqual(desk.run('journal', 'consistency', desk.data, other,
    desk.file('now/checkpoint')).code, EXIT_INTEGRITY, 'a checkpoint of another tree');
}

async function findsEveryChange(desk) {
  const folder = desk.export('tampered');
  for (const name of filesOf(folder)) {
    const file = path.join(folder, name);
    const bits = 8 * statSync(file).size;
    for (let bit = 3; bit < bits; bit += Math.max(1, Math.floor(bits / 7))) {
      flipBit(file, bit);
      const { code, out } = desk.run('journal', 'verify', folder, '--key', desk.key);
      expectEqual(code, EXIT_INTEGRITY, `bit ${bit} of ${name}`);
      expect(/NOT sound: (record \d+|the checkpoint) of/.test(out), `a place, got: ${out}`);
      flipBit(file, bit);
    }
    rmSync(file);
    const { code } = desk.run('journal', 'verify', folder, '--key', desk.key);
    expect(code !== 0, `${name} is missed`);
    desk.export('tampered');
  }
}

async function survivesSigkill(desk) {
  for (let i = 0; i < 3; i += 1) {
    desk.speak();
    await desk.end('SIGKILL');
    await desk.start();
    expectEqual(desk.ended, null, 'the node runs again');
  }
  desk.speak();
  await desk.settled();
  desk.done('journal', 'verify', desk.data, '--key', desk.key);
  desk.done('journal', 'export', desk.data, desk.file('out'), '--key', desk.key);
}

/** Its signer dies: status says so, the journal goes on, and a moment later checkpoints do too. */
async function startsItsSignerAgain(desk) {
  const troubles = () =>
    JSON.parse(desk.done('status', '--data', desk.data, '--json')).health?.troubles ?? [];
  const signers = () => processesNaming(desk.file('signer.yaml'));
  const [before] = signers();
  process.kill(before, 'SIGKILL');
  await desk.suite.until('status says so', WAIT_S, () =>
    troubles().some(({ what, why }) => what === 'log' && /signer ended/.test(why)));
  const head = desk.head();
  desk.speak();
  expect(desk.head() > head, 'the node goes on');
  await desk.settled();
  expect(signers().length === 1 && signers()[0] !== before, 'another signer');
  await desk.suite.until('the trouble is over', WAIT_S, () => troubles().length === 0);
}

async function endsSigned(desk) {
  expectEqual(await desk.end(), 0, 'exit code');
  const { head, checkpoint } = JSON.parse(desk.done('journal', 'verify', desk.data, '--json'));
  expectEqual(checkpoint, head, 'the last checkpoint covers the last record');
}

async function refuses(desk, code, words) {
  await desk.start();
  await desk.suite.until('it ends', WAIT_S, () => desk.ended !== null);
  expectEqual(await desk.end(), code, 'exit code');
  expect(desk.log().includes(words), `"${words}" in:\n${desk.log()}`);
}

async function refusesAnOlderCopy(desk) {
  copyData(desk.data, desk.file('older'));
  await desk.start();
  desk.speak();
  await desk.settled();
  await desk.end();
  copyData(desk.data, desk.file('newer'));
  copyData(desk.file('older'), desk.data);
  await refuses(desk, EXIT_INTEGRITY, 'it is an older copy');
  copyData(desk.file('newer'), desk.data);
}

async function refusesWithoutItsSigner(desk) {
  desk.write({ spawned: false, socket: 'nobody.sock' });
  await refuses(desk, EXIT_UNREACHABLE, "the log's signer cannot be asked");
  desk.write();
}

async function refusesATakenPort(desk) {
  const server = createServer();
  await new Promise((resolve) => server.listen(desk.port, '127.0.0.1', resolve));
  try {
    await refuses(desk, 2, 'something else listens there');
  } finally {
    server.close();
  }
}

async function isCosigned(desk, witness) {
  desk.write({ witness });
  await desk.start();
  desk.speak();
  const head = await desk.settled();
  await desk.suite.until('the witness has cosigned it', WAIT_S, () => witness.held.size >= head);
  await desk.suite.until('its line is served', WAIT_S, async () =>
    (await desk.fetch('checkpoint')).body.toString().includes(` ${witness.name} `));
  const folder = desk.export('cosigned');
  desk.done('journal', 'verify', folder, '--key', desk.key, '--witness', witness.key);
  desk.agrees('cosigned', path.join(folder, 'checkpoint'), witness.key);
  expect(witness.answered.every((status) => status === 200 || status === 409),
    `no complaint, got ${witness.answered}`);
  const proof = desk.save('proof', desk.done('journal', 'prove', desk.data, '3'));
  desk.done('journal', 'verify', proof, '--key', desk.key, '--witness', witness.key);
}

/** A line that is not the witness's is never kept; the node says so and goes on. */
async function keepsNoBadLine(desk, witness) {
  const stranger = new Witness(witness.name, desk.key);
  const before = witness.answered.length;
  witness.spoil = (status, body) => [status, status === 200 ? stranger.cosign('other\n') : body];
  desk.speak();
  await desk.settled();
  await desk.suite.until('it was asked', WAIT_S, () => witness.answered.length > before);
  await desk.suite.until('the node says so', WAIT_S, () => /witness_silent/.test(desk.log()));
  desk.done('journal', 'verify', desk.data, '--key', desk.key, '--witness', witness.key);
  witness.spoil = null;
}

async function stopsWhenAWitnessHoldsMore(desk, witness) {
  witness.spoil = () => [409, '999999\n'];
  desk.speak();
  await desk.suite.until('the node stops', WAIT_S, () => desk.ended !== null);
  expectEqual(await desk.end(), EXIT_INTEGRITY, 'exit code');
  expect(/holds 999999 records/.test(desk.log()), 'who holds what');
}

async function stopsWhenAWitnessSawAFork(desk, witness) {
  witness.spoil = () => [422, ''];
  await desk.start();
  await desk.suite.until('the node stops', WAIT_S, () => desk.ended !== null);
  expectEqual(await desk.end(), EXIT_INTEGRITY, 'exit code');
  expect(/has seen another tree/.test(desk.log()), 'what is wrong');
}

runSuite('log', 'The journal as a log that strangers can verify.', {},
  async (suite) => {
    const desk = new Desk(suite);
    desk.key = desk.done('key', 'log', desk.file('log.key'), '--origin', ORIGIN).trim();
    const witness = await new Witness('witness.example/e2e', desk.key).listen(desk.port + 1);
    try {
      await suite.check('it is signed and served, and the export is what is served', () =>
        signsAndServes(desk));
      await suite.check('an export twice is the same bytes', () => exportsTheSameTwice(desk));
      await suite.check('strange requests are refused', () => refusesStrangeRequests(desk));
      await suite.check('idle clients are bounded', () => boundsItsClients(desk));
      await suite.check('proofs are checked by openssl and sha256sum alone', () =>
        handsOverProofs(desk));
      await suite.check('every change to an export is found', () => findsEveryChange(desk));
      await suite.check('SIGKILL leaves a log that goes on', () => survivesSigkill(desk));
      await suite.check('a signer that dies is started again', () => startsItsSignerAgain(desk));
      await suite.check('an orderly stop signs the last record', () => endsSigned(desk));
      await suite.check('an older copy of the journal is refused', () => refusesAnOlderCopy(desk));
      await suite.check('without its signer it does not start', () =>
        refusesWithoutItsSigner(desk));
      await suite.check('a port that is taken is not shared', () => refusesATakenPort(desk));
      await suite.check('a witness that is not ours cosigns', () => isCosigned(desk, witness));
      await suite.check('a line that is not its own is not kept', () =>
        keepsNoBadLine(desk, witness));
      await suite.check('it stops when a witness holds more', () =>
        stopsWhenAWitnessHoldsMore(desk, witness));
      await suite.check('it stops when a witness saw another tree', () =>
        stopsWhenAWitnessSawAFork(desk, witness));
    } finally {
      await desk.end('SIGKILL').catch(() => {});
      await witness.close();
    }
  });
