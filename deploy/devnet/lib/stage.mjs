// SPDX-License-Identifier: Apache-2.0
//
// A devnet with Sluice nodes on it, in a folder of its own: for the demo, the end-to-end tests and
// the benchmarks. Whoever opens a stage closes it; every process is ended by its id.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { announceAbi } from './abi.mjs';
import { endAnvil, isRunning } from './anvil.mjs';
import { beginCapital } from './capital.mjs';
import { forgetProcesses, readDevnet, readProcesses } from './devnet.mjs';
import { endNode, mandateHash, nodeFailure, spawnNode, waitReady, writeNode } from './nodes.mjs';
import { endProcess, isProcess } from './processes.mjs';
import { callContract } from './rpc.mjs';
import { EXIT_FAILED, EXIT_UNAVAILABLE, Stop, sleep, stopIfInterrupted } from './terminal.mjs';

export const PROGRAM = 'sluice';

const library = path.dirname(fileURLToPath(import.meta.url));
const END_WAIT_MS = 10_000;
const ANNOUNCE_WAIT_MS = 30_000;

const nodesPath = (folder) => path.join(folder, 'processes.json');
const devnetPath = (folder) => path.join(folder, 'devnet');

function readNodes(folder) {
  const file = nodesPath(folder);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
}

/** Ends every process that a stage in this folder left running; resolves to how many. */
export async function endStage(folder) {
  const nodes = await Promise.all(
    readNodes(folder).map((record) => endProcess(record, PROGRAM, END_WAIT_MS)),
  );
  const chains = await Promise.all(readProcesses(devnetPath(folder)).map(endAnvil));
  forgetProcesses(devnetPath(folder));
  rmSync(nodesPath(folder), { force: true });
  return [...nodes, ...chains].filter(Boolean).length;
}

/** Runs one of this folder's programs; resolves to what it printed. */
function runScript(name, args, onSpawn = () => {}) {
  const child = spawn(process.execPath, [path.join(library, name), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onSpawn(child);
  const said = { out: '', err: '' };
  child.stdout.on('data', (data) => (said.out += data));
  child.stderr.on('data', (data) => (said.err += data));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      const words = said.err.trim().split('\n').at(-1);
      if (code === 0) resolve(said.out);
      else reject(new Stop(code ?? EXIT_FAILED, words || `${name} ended with ${code}`));
    });
  });
}

export class Stage {
  /** Options: folder; program (path of sluice); chains (how many). */
  constructor({ folder, program, chains = 3 }) {
    Object.assign(this, { folder: path.resolve(folder), program: path.resolve(program), chains });
    this.handles = new Map();
    this.children = new Set();
    this.devnet = null;
    this.isOurs = false; // the folder, from `open` on
  }

  /** Makes the folder anew and starts the chains in it. Refuses what is in use. */
  async open() {
    if (!existsSync(this.program)) {
      const how = 'cmake --preset release && cmake --build --preset release';
      throw new Stop(EXIT_UNAVAILABLE, `there is no ${this.program}: ${how}`);
    }
    const running = readNodes(this.folder).some((record) => isProcess(record, PROGRAM)) ||
      readProcesses(devnetPath(this.folder)).some(isRunning);
    if (running) {
      throw new Stop(EXIT_UNAVAILABLE, `nodes or chains still run in ${this.folder}`);
    }
    this.isOurs = true;
    rmSync(this.folder, { recursive: true, force: true });
    mkdirSync(this.folder, { recursive: true });
    const data = devnetPath(this.folder);
    await runScript('up.mjs', ['--chains', String(this.chains), '--data', data]);
    this.devnet = readDevnet(data);
  }

  /** Writes a node's files (options as writeNode's, without the folder). */
  write(options) {
    return writeNode(this.devnet, { folder: this.folder, program: this.program, ...options });
  }

  /** Starts a node and waits until it is ready; the guards obey the first one's mandate. */
  async start(node) {
    if (node.movesCapital) await beginCapital(this.devnet, mandateHash(this.program, node));
    const handle = spawnNode(this.program, node);
    this.handles.set(node.name, handle);
    this.record();
    await waitReady(handle);
    return handle;
  }

  /** Starts the three validators and waits until each is announced on every chain. */
  async startValidators(options = {}) {
    const nodes = this.devnet.validators.map((_, i) =>
      this.write({ name: `validator${i + 1}`, validator: i, ...options }));
    await Promise.all(nodes.map((node) => this.start(node)));
    await this.waitAnnounced();
    return nodes;
  }

  async waitAnnounced() {
    const end = Date.now() + ANNOUNCE_WAIT_MS;
    const wanted = this.devnet.validators.map(({ address }) => address.toLowerCase());
    const missing = async (chain) => {
      const { httpUrl, validatorAnnounce } = chain;
      const list = await callContract(
        httpUrl, validatorAnnounce, announceAbi, 'getAnnouncedValidators');
      const announced = new Set(list.map((address) => address.toLowerCase()));
      return wanted.filter((address) => !announced.has(address));
    };
    for (;;) {
      this.check();
      const lists = await Promise.all(this.devnet.chains.map(missing));
      const late = lists.findIndex((list) => list.length > 0);
      if (late < 0) return;
      if (Date.now() > end) {
        const { name } = this.devnet.chains[late];
        throw new Stop(EXIT_FAILED, `${lists[late][0]} is not announced on ${name}`);
      }
      await sleep(100);
    }
  }

  /** Throws when somebody wants us to stop, or a node ended that should not have. */
  check() {
    stopIfInterrupted();
    for (const handle of this.handles.values()) {
      if (handle.ended) throw nodeFailure(handle, `ended with ${handle.ended}`);
    }
  }

  /** Ends one node with a signal; resolves to how it ended. */
  async end(node, signal = 'SIGTERM') {
    const handle = this.handles.get(node.name);
    this.handles.delete(node.name);
    const how = await endNode(handle, signal);
    this.record();
    return how;
  }

  async endNodes() {
    return Promise.all([...this.handles.values()].map(({ node }) => this.end(node)));
  }

  /** Sends user traffic; resolves to {transfers, messages, transactions, ids}. */
  async traffic(args) {
    let child = null;
    const data = ['--data', devnetPath(this.folder)];
    try {
      const out = await runScript('traffic.mjs', [...args, ...data], (started) => {
        child = started;
        this.children.add(started);
      });
      return JSON.parse(out.trim().split('\n').at(-1));
    } finally {
      this.children.delete(child);
    }
  }

  /** Ends everything that this stage started. Safe to call at any time, and more than once. */
  async close() {
    if (!this.isOurs) return;
    for (const child of this.children) child.kill('SIGKILL');
    await this.endNodes();
    await endStage(this.folder);
  }

  record() {
    const records = [...this.handles.values()].flatMap(({ record }) => record ?? []);
    writeFileSync(nodesPath(this.folder), `${JSON.stringify(records, null, 2)}\n`);
  }
}
