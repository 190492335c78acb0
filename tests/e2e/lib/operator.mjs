// SPDX-License-Identifier: Apache-2.0
//
// What a person says to a running node.

import { spawnSync } from 'node:child_process';
import { expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { runVerb } from '../../../deploy/devnet/lib/inspect.mjs';

/** Runs `sluice VERB ... --config` of a node; resolves to {code, said}. */
export function askOperator(stage, node, ...words) {
  const { status, stdout, stderr } = spawnSync(
    stage.program, [...words, '--config', node.config], { encoding: 'utf8' });
  return { code: status, said: (stdout + stderr).trim() };
}

/** What `sluice why` says of a message; nothing before the node knows of it. */
export function askWhy({ program }, node, { id }) {
  const { code, out } = runVerb(program, ['why', '--config', node.config, '--json', id]);
  return code === 0 ? JSON.parse(out) : {};
}

/** Runs `sluice VERB ... --config` of a node; it must be accepted. Resolves to what it printed. */
export function runOperator(stage, node, ...words) {
  const { status, stdout, stderr } = spawnSync(
    stage.program, [...words, '--config', node.config], { encoding: 'utf8' });
  expectEqual(status, 0, `the exit of sluice ${words.join(' ')} (${(stdout + stderr).trim()})`);
  return stdout;
}

/** How many records of a kind in a node's journal have this text in their line. */
export function countRecords(stage, node, kind, text) {
  const args = ['journal', 'grep', node.data, '--kind', kind, '--text', text, '--count'];
  return Number(spawnSync(stage.program, args, { encoding: 'utf8' }).stdout.trim() || 0);
}

/** A chain of a node, as `sluice status` has it. */
export function chainStatus(stage, node, chain) {
  const { chains } = JSON.parse(runOperator(stage, node, 'status', '--json'));
  return chains.find(({ name }) => name === chain.name);
}
