// SPDX-License-Identifier: Apache-2.0
//
// A devnet with validators, and a relayer whose every endpoint is a proxy with faults: three before
// the origin, two of which must agree, one of them over HTTP; and one before the destination, over
// TLS with a certificate made here.

import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { mailboxAbi } from '../../../deploy/devnet/lib/abi.mjs';
import { dispatchLogs, messageOfLog } from '../../../deploy/devnet/lib/messages.mjs';
import { readLog } from '../../../deploy/devnet/lib/nodes.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { callContract, rpc, submitContract, waitReceipt } from '../../../deploy/devnet/lib/rpc.mjs';
import { FaultProxy } from '../../support/fault-proxy.mjs';

const { numberToHex, pad } = requirePackage('viem/utils');
export const run = promisify(execFile);

const DELIVER_SECONDS = 120;
const BACKLOG_SECONDS = 3; // that a message may wait before a person is told
export const IN_FLIGHT_MAX = 8; // of the destination's key
const SITE_PORT_OFFSET = 47; // beside the node that moves capital (fault-backing.mjs)
const BLOCKS_TO_FINAL = 2; // on top of the one that anvil then calls finalized

/** Blocks at once, beside those of every second, with the time of now: nobody waits for them. */
export const mineNow = (url, count) =>
  rpc(url, 'anvil_mine', [numberToHex(count), numberToHex(0)]);

/** What is pending does not wait for the next second. */
export async function hurry({ httpUrl }) {
  if (Number((await rpc(httpUrl, 'txpool_status')).pending) > 0) await mineNow(httpUrl, 1);
}

/**
 * An authority, and what it and a stranger certified: `own` of localhost, `stranger` the same by
 * somebody else, `expired`, and `elsewhere` of another name. Resolves to {authority, own, ...}.
 */
async function makeCertificates(folder) {
  const file = (name) => path.join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  for (const name of ['ca', 'stranger-ca']) {
    await run('openssl', ['req', '-x509', ...key, '-days', '2', '-subj', `/CN=${name}`,
      '-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)]);
  }
  const certify = async (name, host, { authority = 'ca', days = '2' } = {}) => {
    const names = file(`${name}.names`);
    writeFileSync(names, `subjectAltName=DNS:${host}\nbasicConstraints=critical,CA:FALSE\n`);
    await run('openssl', ['req', ...key, '-subj', `/CN=${host}`,
      '-keyout', file(`${name}.key`), '-out', file(`${name}.csr`)]);
    await run('openssl', ['x509', '-req', '-in', file(`${name}.csr`), '-extfile', names,
      '-CA', file(`${authority}.pem`), '-CAkey', file(`${authority}.key`), '-CAcreateserial',
      '-days', days, '-out', file(`${name}.pem`)]);
    return { key: readFileSync(file(`${name}.key`)), cert: readFileSync(file(`${name}.pem`)) };
  };
  return {
    authority: file('ca.pem'),
    own: await certify('own', 'localhost'),
    stranger: await certify('stranger', 'localhost', { authority: 'stranger-ca' }),
    expired: await certify('expired', 'localhost', { days: '-1' }),
    elsewhere: await certify('elsewhere', 'elsewhere.example'),
  };
}

export class World {
  constructor(suite, seed) {
    Object.assign(this, { suite, stage: suite.stage, seed, sent: 0, proxies: [], nodes: [], node: null });
  }

  get sitePort() {
    return Number(process.env.SLUICE_PORT_BASE) + SITE_PORT_OFFSET;
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
    this.certificates = await makeCertificates(this.stage.folder);
    this.sender = await FaultProxy.open(this.destination, this.certificates.own);
    const [first, second, third] = this.readers;
    this.proxies = [...this.readers, this.sender];
    await this.stage.startValidators({ settingsOf: () => ({ request_deadline: '1 s' }) });
    this.node = this.write({
      name: 'relayer',
      mode: 'observe',
      capital: false,
      alerts: { command: '[/bin/true]', hold: '500 ms', backlog_after: `${BACKLOG_SECONDS} s`,
        per_hour: 1000 },
      site: this.sitePort,
      endpointOf: (chain) => (chain === this.origin
        ? [first.url, second.url, third.httpUrl].join(', ') : this.sender.url),
      ...this.settings,
    });
    await this.stage.start(this.node);
  }

  /** Ends the relayer and starts it again: it then thinks of every endpoint as well as of the next. */
  async restart() {
    await this.stage.end(this.node);
    await this.stage.start(this.node);
  }

  /** From its next start on the relayer reaches a reader by its `url` or its `httpUrl`. */
  reach(index, by) {
    const { url, httpUrl } = this.readers[index];
    const [from, to] = by === 'url' ? [httpUrl, url] : [url, httpUrl];
    const text = readFileSync(this.node.config, 'utf8');
    if (!text.includes(from)) throw new Error(`${this.node.config} does not have ${from}`);
    writeFileSync(this.node.config, text.replace(from, to));
  }

  /** What every node behind these proxies needs. */
  get settings() {
    return {
      nodeSettings: { tls_ca: this.certificates.authority },
      settingsOf: (chain) => ({ request_deadline: '1 s',
        ...(chain === this.destination ? { in_flight_max: IN_FLIGHT_MAX } : {}) }),
    };
  }

  /** The files of a node behind the proxies, whose journal is looked at in the end. */
  write(options) {
    const node = this.stage.write(options);
    this.nodes.push(node);
    return node;
  }

  /** One more proxy, which ends with the others. */
  async proxy(chain, certificate = null) {
    const proxy = await FaultProxy.open(chain, certificate);
    this.proxies.push(proxy);
    return proxy;
  }

  get process() {
    return this.stage.handles.get(this.node.name).child.pid;
  }

  /** Memory of the relayer that is no file's, in MiB. */
  memory() {
    const text = readFileSync(`/proc/${this.process}/status`, 'utf8');
    return Number(/^RssAnon:\s+(\d+) kB$/m.exec(text)[1]) / 1024;
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
    await mineNow(httpUrl, 1 + BLOCKS_TO_FINAL);
    const [log] = dispatchLogs(await waitReceipt(httpUrl, hash, 'dispatch'));
    return messageOfLog(log);
  }

  isDelivered({ id }) {
    const { httpUrl, mailbox } = this.destination;
    return callContract(httpUrl, mailbox, mailboxAbi, 'delivered', [id]);
  }

  async awaitDelivery(message, seconds = DELIVER_SECONDS) {
    await this.suite.until(`message ${message.nonce} is delivered`, seconds, async () => {
      this.stage.check();
      await hurry(this.destination);
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

  /** A number of the relayer's metrics that it gives for an endpoint of the origin. */
  async metric(name, endpoint) {
    const text = await (await fetch(`http://127.0.0.1:${this.sitePort}/metrics`)).text();
    const line = `${name}{chain="${this.origin.name}",endpoint="${endpoint}"} `;
    const found = text.split('\n').find((one) => one.startsWith(line));
    if (!found) throw new Error(`no ${line}in the metrics`);
    return Number(found.slice(line.length));
  }

  /** Alerts of the relayer that a person was told of, from `firing` to `cleared`: lines of its log. */
  alerts(name) {
    return readLog(this.stage.handles.get(this.node.name)).split('\n').filter((line) =>
      line.includes(`event=alert alert=${name} `));
  }

  /** What `sluice why` says of everything that waits. */
  async why() {
    const { stdout } = await run(this.stage.program, ['why', '--config', this.node.config]);
    return stdout;
  }

  /** What `sluice doctor` finds, and its exit code. */
  async doctor(node = this.node, seconds = 15) {
    const args = ['doctor', '--config', node.config, '--seconds', String(seconds), '--json'];
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
