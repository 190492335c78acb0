// SPDX-License-Identifier: Apache-2.0
//
// `sluice doctor` and `sluice rpc` beside endpoints with faults: each check of doctor has an endpoint,
// or a folder, that fails it and nothing else; and certificates that must not be believed.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { altering, headStuck, otherChain, shifted } from '../../support/fault-proxy.mjs';
import { run } from './fault-world.mjs';

const LOOK_SECONDS = 8;
const HANGING_SECONDS = 3;
const PLAN_CALLS = 40; // of the one endpoint with a plan
const ORIGIN_CHECKS = ['quorum', 'agreement', 'heads', 'clock', 'finality', 'logs', 'key'];
const INTEGRITY = 5;
const NO_QUORUM = 3;

/** A node's files that nobody starts, with these endpoints of the origin. */
function patient(world, name, endpoints, settings = {}) {
  const { settingsOf, nodeSettings } = world.settings;
  return world.stage.write({
    name, mode: 'observe', capital: false,
    endpointOf: (chain) => (chain === world.origin ? endpoints.join(', ') : chain.wsUrl),
    nodeSettings: { ...nodeSettings, ...settings.node },
    settingsOf: (chain) => ({ ...settingsOf(chain), ...(chain === world.origin ? settings.origin : {}) }),
  });
}

/** Looks with one endpoint that has this fault. */
async function lookBehind(world, name, fault) {
  const proxy = await world.proxy(world.origin);
  proxy.set(fault);
  return world.doctor(patient(world, `doctor-${name}`, [proxy.url]), LOOK_SECONDS);
}

/** What fails, and only that: [check, what is found]. */
const failures = ({ findings }) => findings.filter(({ result }) => result === 'fail');

const onePatient = [
  ['heads', 'no block comes', () => headStuck(), /no block came/],
  ['heads', 'its blocks are an hour old', () => shifted(-3600), /36\d\d s old/],
  ['clock', 'its blocks are from an hour ahead', () => shifted(3600), /35\d\d s behind|3600 s behind/],
  ['finality', 'it names no final block',
    () => ({ request: ({ method, params }) => (method === 'eth_getBlockByNumber' &&
      params[0] === 'finalized' ? { error: { code: -32602, message: 'no such tag' } } : undefined) }),
    /no final block/],
  ['logs', 'it reads no range of logs',
    () => ({ request: ({ method, params }) => (method === 'eth_getLogs' && params[0].fromBlock
      ? { error: { code: -32601, message: 'not in your plan' } } : undefined) }), /no range/],
  ['key', 'the key has no money', () => altering(['eth_getBalance'], () => '0x0'), /balance 0/],
];

/** Each check with the one endpoint that fails it; all at once, for they mostly wait. */
async function eachCheck(world) {
  const looks = await Promise.all(onePatient.map(([check, , fault], i) =>
    lookBehind(world, `${check}${i}`, fault())));
  for (const [i, [check, what, , found]] of onePatient.entries()) {
    await world.suite.check(`doctor: ${check} fails when ${what}, with what to do`, () => {
      const failed = failures(looks[i]);
      const own = failed.find((finding) => finding.check === check);
      expect(own, `a failed check of ${check} (failed: ${failed.map((one) => one.check)})`);
      expect(found.test(own.found), `what is found: ${own.found}`);
      expect(own.todo.length > 0, 'what to do');
      expect(looks[i].code !== 0, 'an exit code');
    });
  }
}

async function endpointChecks(world) {
  const { readers: [first, second, third] } = world;
  await world.suite.check('doctor: an endpoint that cannot be reached is named, and the quorum',
    async () => {
      const look = await world.doctor(patient(world, 'doctor-endpoint', ['ws://127.0.0.1:9']), 5);
      expectEqual(look.code, NO_QUORUM, 'exit code');
      expectEqual(failures(look).map(({ check }) => check).join(), 'quorum', 'what fails');
      expect(look.findings.some(({ check, found }) => check === 'endpoint' && /:9: /.test(found)),
        'the endpoint by its address');
    });
  await world.suite.check('DNS: names whose look-up hangs delay no other endpoint', async () => {
    const { port } = new URL(first.url);
    const node = patient(world, 'names', ['one.hangs.example', 'two.hangs.example', 'localhost']
      .map((name) => `ws://${name}:${port}`));
    const env = { ...process.env, SLUICE_FAULT_NAMES: '.hangs.example',
      SLUICE_FAULT_NAMES_SECONDS: String(HANGING_SECONDS),
      LD_PRELOAD: path.join(path.dirname(world.stage.program), 'tests/fault_names.so') };
    const args = ['rpc', 'status', '--config', node.config, '--seconds', String(HANGING_SECONDS - 1),
      '--json'];
    const { stdout } = await run(world.stage.program, args, { env }).catch((error) => error);
    const [one, two, good] = JSON.parse(stdout);
    expect(!(one.head > 0 || two.head > 0), 'names that nobody knows');
    expect(good.head > 0, `a head of ${good.endpoint}: ${good.state} (${good.detail})`);
  });
  await world.check('doctor: endpoints that contradict each other are compared',
    [[first, altering(['eth_call'], (data, { params: [{ to }] }) =>
      (to.toLowerCase() === world.origin.merkleTreeHook.toLowerCase() ? `0x77${data.slice(4)}` : data))]],
    async () => {
      const node = patient(world, 'doctor-agreement', [first.url, second.url, third.httpUrl]);
      const look = await world.doctor(node, LOOK_SECONDS);
      expectEqual(failures(look).map(({ check }) => check).join(), 'agreement', 'what fails');
      expectEqual(look.code, INTEGRITY, 'exit code');
      const args = ['rpc', 'status', '--config', node.config, '--seconds', String(LOOK_SECONDS),
        '--json'];
      const list = JSON.parse((await run(world.stage.program, args).catch((error) => error)).stdout);
      expectEqual(list.filter(({ chain }) => chain === world.origin.name)
        .map(({ dissents }) => dissents > 0).join(), 'true,false,false', 'who is said to dissent');
    });
}

/** At most so many blocks of logs at once. */
const shortRanges = (blocks) => ({
  request: ({ method, params: [filter] }) => (method === 'eth_getLogs' && filter.fromBlock &&
    Number(filter.toBlock) - Number(filter.fromBlock) >= blocks
    ? { error: { code: -32602, message: 'range is too long' } } : undefined),
});

async function benches(world) {
  const { readers: [first, second, third] } = world;
  await world.check('rpc bench: what each endpoint can do, within its plan',
    [[first, shortRanges(20)]], async () => {
      const node = patient(world, 'bench', [first.url, second.url, third.httpUrl],
        { origin: { limits: `[{endpoint: "${second.url}", calls_per_day: ${PLAN_CALLS}}]` } });
      const before = [...second.calls.values()].reduce((sum, count) => sum + count, 0);
      const args = ['rpc', 'bench', '--config', node.config, '--calls', '400', '--json'];
      const list = JSON.parse((await run(world.stage.program, args)).stdout);
      expectEqual(list.length, 4, 'endpoints');
      expect(list.every((one) => one.latency_p50_us > 0 && one.latency_p99_us >= one.latency_p50_us),
        'latencies of all');
      expect(list.every(({ calls }) => calls <= 400), 'no more calls than were allowed');
      const [short, planned, http, other] = list;
      expectEqual(short.range_blocks_max, 10, 'the longest range of the first');
      expectEqual(short.reason, 'range is too long', 'its reason');
      expectEqual(planned.state, 'in part', 'state of the one with a plan');
      // The relayer goes on beside it.
      expectEqual(planned.calls, PLAN_CALLS, 'calls of the one with a plan');
      const asked = [...second.calls.values()].reduce((sum, count) => sum + count, 0) - before;
      expect(asked >= PLAN_CALLS, `${asked} calls that were seen`);
      for (const one of [http, other]) {
        expect(one.calls_per_second > 0 && one.batch_max >= 64 && one.range_blocks_max >= 10,
          `figures of ${one.endpoint}`);
      }
    });
}

async function machineChecks(world) {
  const folder = path.join(world.stage.folder, 'doctor-files');
  mkdirSync(path.join(folder, 'journal'), { recursive: true });
  writeFileSync(path.join(folder, 'file'), 'no folder');
  writeFileSync(path.join(folder, 'journal', 'data.mdb'), Buffer.alloc(65_536, 0xa5));
  const look = (data) => world.doctor(patient(world, `doctor-${path.basename(data)}`,
    [world.origin.wsUrl], { node: { data, control: path.join(folder, 'control.sock') } }),
  LOOK_SECONDS);
  await world.suite.check('doctor: a data folder that is none is named', async () => {
    const found = failures(await look(path.join(folder, 'file', 'data')));
    expect(found.some(({ check, todo }) => check === 'disk' && todo.length > 0), 'a failed disk');
  });
  await world.suite.check('doctor: a journal that is none is named, as a matter of integrity',
    async () => {
      const seen = await look(path.join(folder, 'journal'));
      expectEqual(failures(seen).map(({ check }) => check).join(), 'journal', 'what fails');
      expectEqual(seen.code, INTEGRITY, 'exit code');
    });
}

export async function doctors(world) {
  const { readers: [first, second], origin } = world;
  await world.suite.check('doctor: a healthy node passes', async () => {
    const { code, findings } = await world.doctor();
    expectEqual(failures({ findings }).map(({ found }) => found).join('; '), '', 'what fails');
    expectEqual(code, 0, 'exit code');
    const seen = findings.filter(({ of, result }) => of === origin.name && result === 'pass');
    expectEqual(seen.map(({ check }) => check).join(), ORIGIN_CHECKS.join(), 'checks of the origin');
  });
  await world.check('doctor: two endpoints of another chain are named, with what to do',
    [[first, otherChain(4242)], [second, otherChain(4242)]], async () => {
      const { code, findings } = await world.doctor(world.node, LOOK_SECONDS);
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
  await benches(world);
  await eachCheck(world);
  await endpointChecks(world);
  await machineChecks(world);
}

/** Certificates: what the given authority certified is used, and nothing else is. */
export async function certificates(world) {
  const { own, stranger, expired, elsewhere } = world.certificates;
  const open = (certificate) => world.proxy(world.origin, certificate);
  const [good, other, old, misnamed] =
    await Promise.all([own, stranger, expired, elsewhere].map(open));
  const node = patient(world, 'doctor-tls', [good.url, good.httpUrl, other.url, other.httpUrl,
    old.url, old.httpUrl, misnamed.url, misnamed.httpUrl], { origin: { quorum: 5 } });
  const { findings } = await world.doctor(node, 4);
  const wordOf = (url) => findings.find(({ check, found }) =>
    check === 'endpoint' && found.startsWith(`${url}: `))?.found;
  await world.suite.check('TLS: wss and https of the given authority are used', () => {
    expectEqual(wordOf(good.url) ?? wordOf(good.httpUrl), undefined, 'a complaint');
    const { found } = findings.find(({ of, check }) => of === world.origin.name && check === 'quorum');
    expect(/^2 of 8 endpoints are good/.test(found), found);
  });
  for (const [what, proxy, word] of [
    ['by another authority', other, /self-signed|issuer|unable to get|verif/i],
    ['that has expired', old, /expired/i],
    ['of another name', misnamed, /hostname|name/i],
  ]) {
    await world.suite.check(`TLS: a certificate ${what} is refused, with the reason`, () => {
      for (const url of [proxy.url, proxy.httpUrl]) {
        expect(word.test(wordOf(url) ?? ''), `${url}: ${wordOf(url)}`);
      }
      expectEqual(proxy.joined + [...proxy.calls.values()].length, 0, 'connections let in');
    });
  }
}
