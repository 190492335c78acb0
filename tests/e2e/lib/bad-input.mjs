// SPDX-License-Identifier: Apache-2.0
//
// Everything from outside that can be wrong at a start: one clear message, the documented exit code
// (relay/node/process/exit_codes.h), and no process left.

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { runVerb } from '../../../deploy/devnet/lib/inspect.mjs';
import { readLog, spawnNode, waitReady } from '../../../deploy/devnet/lib/nodes.mjs';
import { sleep } from '../../../deploy/devnet/lib/terminal.mjs';
import { processesNaming } from './processes.mjs';
import { root, runSuite } from './suite.mjs';

const EXIT_USAGE = 2;
const EXIT_UNREACHABLE = 3;
const EXIT_FENCED = 6;
const EXIT_TEMPORARY = 75;
const REFUSE_SECONDS = 15;
const SMALL_DISK = '512k';

/** Replaces text in a node's file; the text must be there. */
function edit(file, from, to) {
  const text = readFileSync(file, 'utf8');
  expect(text.includes(from), `"${from}" in ${file}`);
  writeFileSync(file, text.replace(from, to));
}

class Cases {
  constructor(suite) {
    Object.assign(this, { suite, stage: suite.stage });
  }

  /** A node of its own for one case, with something wrong in it. */
  node(name, spoil = () => {}) {
    const node = this.stage.write({ name, mode: 'observe' });
    spoil(node);
    return node;
  }

  /** Runs a node that must refuse to start: with this code, these words, and nothing left. */
  async refuses(node, code, words) {
    const handle = spawnNode(this.stage.program, node);
    try {
      await this.suite.until('it ends', REFUSE_SECONDS, () => handle.ended);
      this.expectRefusal({ code: handle.ended, log: readLog(handle) }, `code ${code}`, words, node);
    } finally {
      if (!handle.ended) handle.child.kill('SIGKILL');
    }
  }

  expectRefusal({ code, log }, wanted, words, node) {
    expect(code === wanted, `${wanted}, got ${code}:\n${log}`);
    for (const word of words) expect(log.includes(word), `"${word}" in:\n${log}`);
    expect(!/event=ready/.test(log), 'no node that says it is ready');
    // One message: at most one line says what is wrong, the others that it stops.
    const errors = log.split('\n').filter((line) => /level=error/.test(line))
      .filter((line) => !/event=(stopping|ended|signer_ended)\b/.test(line));
    expect(errors.length <= 1, `one error, got:\n${errors.join('\n')}`);
    expectEqual(processesNaming(node.folder).length, 0, 'processes left');
  }

  /** Runs a node in a mount namespace of its own, where `mount` was done first. */
  inNamespace(node, mount) {
    const script = `${mount} && exec "$0" run --config "$1"`;
    const args = ['--mount', 'bash', '-c', script, this.stage.program, node.config];
    const result = spawnSync('unshare', args, {
      encoding: 'utf8', timeout: REFUSE_SECONDS * 1000, killSignal: 'SIGTERM',
    });
    return { code: `code ${result.status}`, log: result.stderr, timedOut: Boolean(result.error) };
  }
}

const canMount = () =>
  spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

const CASES = [
  ['an endpoint of the wrong chain', async (cases) => {
    const { chains: [alpha, beta] } = cases.stage.devnet;
    const node = cases.node('wrong-chain', ({ config }) => edit(config, alpha.wsUrl, beta.wsUrl));
    await cases.refuses(node, EXIT_USAGE, ['wrong_chain', 'alpha', beta.wsUrl]);
  }],
  ['a contract that is not there', async (cases) => {
    const { chains: [alpha], users } = cases.stage.devnet;
    const node = cases.node('no-contract', ({ config }) => edit(config, alpha.mailbox, users[0]));
    await cases.refuses(node, EXIT_USAGE, ['missing_contract', 'alpha']);
  }],
  ['a dead endpoint, as run --check says it', async (cases) => {
    const { chains: [alpha] } = cases.stage.devnet;
    const node = cases.node('dead-check', ({ config }) =>
      edit(config, alpha.wsUrl, 'ws://127.0.0.1:9'));
    const { code, out, err } = runVerb(
      cases.stage.program, ['run', '--config', node.config, '--check']);
    expect(code === EXIT_UNREACHABLE, `exit 3, got ${code}: ${out}${err}`);
    expect(`${out}${err}`.includes('alpha'), 'the name of the chain');
  }],
  ['a dead endpoint: the node says so once and goes on trying', async (cases) => {
    const { chains: [alpha] } = cases.stage.devnet;
    const node = cases.node('dead', ({ config }) => edit(config, alpha.wsUrl, 'ws://127.0.0.1:9'));
    const handle = spawnNode(cases.stage.program, node);
    try {
      await cases.suite.until('it says so', REFUSE_SECONDS, () =>
        handle.ended || /state=down .*127\.0\.0\.1:9/.test(readLog(handle)));
      await sleep(2500); // several attempts
      expect(!handle.ended, `a node that runs, not one that ended with ${handle.ended}`);
      const told = readLog(handle).split('\n').filter((line) => /state=down/.test(line));
      expectEqual(told.length, 1, 'lines about it');
    } finally {
      handle.child.kill('SIGTERM');
      await cases.suite.until('it ends', REFUSE_SECONDS, () => handle.ended);
    }
    expectEqual(handle.ended, 'code 0', 'its end');
    expectEqual(processesNaming(node.folder).length, 0, 'processes left');
  }],
  ['a wrong passphrase', async (cases) => {
    const node = cases.node('passphrase', ({ folder, signer }) => {
      const file = path.join(folder, 'passphrase');
      writeFileSync(file, 'not the passphrase\n', { mode: 0o600 });
      edit(signer, cases.stage.devnet.passphraseFile, file);
    });
    await cases.refuses(node, EXIT_USAGE, ['passphrase']);
  }],
  ['a misspelt key: the nearest name is offered', async (cases) => {
    const node = cases.node('misspelt', ({ config }) => edit(config, 'mailbox:', 'mailbocks:'));
    await cases.refuses(node, EXIT_USAGE, ['mailbocks', 'mailbox', 'node.yaml:']);
  }],
  ['an unknown key', async (cases) => {
    const node = cases.node('unknown', ({ config }) =>
      edit(config, 'route:', 'colour: blue\nroute:'));
    await cases.refuses(node, EXIT_USAGE, ['colour', 'node.yaml:']);
  }],
  ['the devnet\'s port is in use', async (cases) => {
    const up = path.join(root, 'deploy/devnet/up');
    const data = path.join(cases.suite.options.data, 'second-devnet');
    const { status, stderr } = spawnSync(up, ['--data', data], { encoding: 'utf8' });
    expectEqual(status, EXIT_UNREACHABLE, 'the exit code');
    expect(/port \d+ is in use: .*SLUICE_PORT_BASE/.test(stderr), `one clear line, got: ${stderr}`);
    expectEqual(processesNaming(data).length, 0, 'processes left');
  }],
  ['something else is where the control socket goes', async (cases) => {
    const node = cases.node('control', ({ data }) => {
      mkdirSync(data, { recursive: true, mode: 0o700 });
      writeFileSync(path.join(data, 'control.sock'), 'a file');
    });
    await cases.refuses(node, EXIT_USAGE, ['control.sock', 'something else is there']);
    expectEqual(readFileSync(path.join(node.data, 'control.sock'), 'utf8'), 'a file', 'the file');
  }],
  ['a control socket that another program listens on', async (cases) => {
    const node = cases.node('taken', ({ data }) => mkdirSync(data, { mode: 0o700 }));
    const server = createServer();
    await new Promise((resolve) =>
      server.listen(path.join(node.data, 'control.sock'), resolve));
    try {
      await cases.refuses(node, EXIT_USAGE, ['control.sock', 'something else is there']);
    } finally {
      server.close();
    }
  }],
  ['a full data directory', async (cases) => {
    if (!canMount()) return { skipped: 'needs root, to mount a small disk' };
    const node = cases.node('full', ({ data }) => mkdirSync(data, { mode: 0o700 }));
    const mount = `mount -t tmpfs -o mode=0700,size=${SMALL_DISK} tmpfs "${node.data}" && ` +
      `head -c 10M /dev/zero >"${node.data}/filler" 2>/dev/null; true`;
    const result = cases.inNamespace(node, mount);
    cases.expectRefusal(result, `code ${EXIT_TEMPORARY}`, ['full'], node);
    return {};
  }],
  ['a read-only data directory', async (cases) => {
    const node = cases.node('read-only', ({ data }) => mkdirSync(data, { mode: 0o700 }));
    if (process.getuid() !== 0) {
      chmodSync(node.data, 0o500);
      await cases.refuses(node, EXIT_USAGE, ['cannot be written']);
      return {};
    }
    if (!canMount()) return { skipped: 'as root, it needs the right to mount' };
    const mount = `mount --bind "${node.data}" "${node.data}" && ` +
      `mount -o remount,ro,bind "${node.data}"`;
    const result = cases.inNamespace(node, mount);
    cases.expectRefusal(result, `code ${EXIT_USAGE}`, ['cannot be written'], node);
    return {};
  }],
  ['a second node on the same directory', async (cases) => {
    const node = cases.node('second');
    const first = spawnNode(cases.stage.program, node);
    try {
      await waitReady(first);
      const { code, err } = runVerb(cases.stage.program, ['run', '--config', node.config]);
      expect(code === EXIT_FENCED, `exit 6, got ${code}: ${err}`);
      expect(/another sluice holds/.test(err), `who holds it, got: ${err}`);
      expect(!first.ended, 'the first node to go on');
      // The second one must not have taken the socket away from the first.
      const paused = runVerb(cases.stage.program, ['pause', '--config', node.config]);
      expect(paused.code === 0, `the first node to answer, got ${paused.code}: ${paused.err}`);
    } finally {
      first.child.kill('SIGTERM');
      await cases.suite.until('it ends', REFUSE_SECONDS, () => first.ended);
    }
    expectEqual(first.ended, 'code 0', 'the end of the first');
    expectEqual(processesNaming(node.folder).length, 0, 'processes left');
  }],
];

runSuite('bad-input', 'Wrong input at a start.', {}, async (suite) => {
  await suite.stage.open();
  const cases = new Cases(suite);
  for (const [title, run] of CASES) await suite.check(title, () => run(cases));
});
