// SPDX-License-Identifier: Apache-2.0
//
// What a node says about itself: its log, and the verbs that read its journal.

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { tokenAbi } from './abi.mjs';
import { callContract } from './rpc.mjs';
import { EXIT_FAILED, Stop } from './terminal.mjs';

const VERB_WAIT_MS = 60_000;
const CHECK_PROOF = fileURLToPath(new URL('../../check-proof', import.meta.url));

/** Runs a verb; resolves to {code, out, err}. */
export function runVerb(program, args) {
  const result = spawnSync(program, args, {
    encoding: 'utf8', maxBuffer: 1 << 28, timeout: VERB_WAIT_MS,
  });
  if (result.error) {
    throw new Stop(EXIT_FAILED, `sluice ${args.join(' ')}: ${result.error.message}`);
  }
  return { code: result.status, out: result.stdout, err: result.stderr.trim() };
}

/** Runs a verb that answers in JSON; throws with the node's own words when it fails. */
export function askNode(program, args) {
  const { code, out, err } = runVerb(program, [...args, '--json']);
  if (code !== 0) {
    throw new Stop(EXIT_FAILED, `sluice ${args.join(' ')}: ${err || out.trim() || `exit ${code}`}`);
  }
  return JSON.parse(out);
}

/** What a node said last in its log, for people. */
export function lastWords(node) {
  const line = readFileSync(node.log, 'utf8').trimEnd().split('\n').at(-1);
  const field = (name) => {
    const found = new RegExp(`\\b${name}=(?:"([^"]*)"|(\\S+))`).exec(line);
    return found?.slice(1).join('');
  };
  const what = field('reason') || field('event') || field('state');
  const parts = [field('chain'), what, field('text')];
  return `${node.name}: ${parts.filter(Boolean).join(': ')}`;
}

/** Runs a check of a node's journal that needs neither the node nor a key: {name, ok, words}. */
function checkJournal(program, node, name, verb) {
  const { code, out, err } = runVerb(program, [...verb, node.data]);
  const words = (code === 0 ? out : `exit ${code}: ${err || out}`).trim().split('\n').at(-1);
  return { name: `${name} of ${node.name}`, ok: code === 0, words };
}

/** Order, checksums and form of every record. */
export const verifyJournal = (program, node) =>
  checkJournal(program, node, 'journal', ['journal', 'verify']);

/** Runs the core over the records again: the same commands, rows and digests must come out. */
export const replayJournal = (program, node) => checkJournal(program, node, 'replay', ['replay']);

/**
 * Hands a node's log over: exports it, writes one record's proof, and has both checked, the proof
 * by deploy/check-proof, which has nothing of ours. {name, ok, words} each.
 */
export function handOverLog(program, node, record) {
  const folder = path.join(node.folder, 'log');
  const proof = path.join(node.folder, `record-${record}.tlog-proof`);
  const check = (name, command, args) => {
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8',
      maxBuffer: 1 << 28, timeout: VERB_WAIT_MS });
    const words = (status === 0 ? stdout : `exit ${status}: ${stderr || stdout}`).trim();
    return { name: `${name} of ${node.name}`, ok: status === 0, out: stdout,
      words: words.split('\n').at(-1) };
  };
  const key = ['--key', node.logKey];
  const checks = [check('export', program, ['journal', 'export', node.data, folder, ...key])];
  checks.push(check('exported log', program, ['journal', 'verify', folder, ...key]));
  const proved = check('proof', program, ['journal', 'prove', node.data, String(record)]);
  writeFileSync(proof, proved.out ?? '');
  checks.push(proved.ok ? check('proof, by openssl', CHECK_PROOF, ['record', proof, node.logKey]) :
    proved);
  return checks.map(({ name, ok, words }) => ({ name, ok, words }));
}

/** What `sluice status` says: of a running node as of a dead one. */
export const readStatus = (program, node) => askNode(program, ['status', '--data', node.data]);

/** Whether a node has nothing to do: no message open, no capital reserved or on its way. */
export function isIdle({ chains, capital }) {
  const isQuiet = ({ messages_active: active, messages_queued: queued }) => active + queued === 0;
  const isStill = (place) =>
    [place.owed, place.reserved_out, place.reserved_in, place.arriving].every((x) => x === '0');
  return chains.every(isQuiet) && capital.every(({ positions }) => positions.every(isStill));
}

/** What the routers hold on the chains, at the blocks that the ledger speaks of. */
async function readCollateral({ chains }, positions) {
  return Promise.all(positions.map(({ chain: name, router, applied_block: block }) => {
    const { httpUrl, stablecoin } = chains.find((chain) => chain.name === name);
    const at = `0x${block.toString(16)}`;
    return callContract(httpUrl, stablecoin, tokenAbi, 'balanceOf', [router], at);
  }));
}

const absolute = (value) => (value < 0n ? -value : value);

/**
 * A node's ledger against the chains: `difference` is everything by which routers, debits and
 * credits differ, in base units; `faults` are words about what else is wrong.
 */
export async function readLedger({ program, devnet }, node) {
  const { chains, capital } = readStatus(program, node);
  let difference = 0n;
  for (const { positions, ledger } of capital) {
    const held = await readCollateral(devnet, positions);
    positions.forEach(({ collateral }, i) => {
      difference += absolute(BigInt(collateral) - held[i]);
    });
    difference += absolute(BigInt(ledger.debits) - BigInt(ledger.credits));
  }
  const accounts = capital.reduce((sum, { ledger }) => sum + ledger.accounts, 0);
  const blocks = chains.map(({ name, reconciled_block: block }) => `${name} ${block}`);
  return {
    difference: String(difference),
    words: `${accounts} accounts, difference ${difference}; reconciled at ${blocks.join(', ')}`,
    faults: chains.filter(({ ledger }) => ledger !== 'reconciled')
      .map(({ name, ledger }) => `the ledger of ${name} is ${ledger}`),
  };
}
