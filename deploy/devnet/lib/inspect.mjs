// SPDX-License-Identifier: Apache-2.0
//
// What a node says about itself: its log, and the verbs that read its journal.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { EXIT_FAILED, Stop } from './terminal.mjs';

const VERB_WAIT_MS = 60_000;

/** Runs a verb; resolves to {code, out, err}. */
export function runVerb(program, args) {
  const result = spawnSync(program, args, {
    encoding: 'utf8', maxBuffer: 1 << 28, timeout: VERB_WAIT_MS,
  });
  if (result.error) throw new Stop(EXIT_FAILED, `sluice ${args.join(' ')}: ${result.error.message}`);
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

/** The newest line of a node's log, without its time. */
export function lastWords(node) {
  const line = readFileSync(node.log, 'utf8').trimEnd().split('\n').at(-1);
  return `${node.name}: ${line.replace(/^time=\S+ /, '')}`;
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
