// SPDX-License-Identifier: Apache-2.0
//
// The interface sheet in the contracts' README: every signature with its selector or topic, as compiled.

import { readFileSync, writeFileSync } from 'node:fs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { expect } from '../../../deploy/devnet/lib/expect.mjs';

const { toEventSelector, toFunctionSelector } = requirePackage('viem/utils');

const README = new URL('../../../chains/evm/contracts/README.md', import.meta.url);
const BEGIN = '<!-- made by tests/contracts/run --record -->\n';
const END = '<!-- end of what is made -->\n';

/** A contract's own interface is that of the libraries that run in its context too. */
const PARTS = {
  Spoke: ['Spoke', 'Bookkeeping', 'Fees', 'Messages', 'Prices', 'SpokeCrossings', 'SpokeReports',
    'SpokeSettings', 'SpokeSwaps', 'SpokeVerbs', 'Venues', 'Windows'],
  Hub: ['Hub', 'Fees', 'HubRequests', 'HubWorth', 'Messages', 'Prices'],
  Guard: ['Guard', 'Fees', 'Windows'],
  IsmJudge: ['IsmJudge'],
};

const typeOf = ({ type, components }) => components
  ? `(${components.map(typeOf).join(',')})${type.slice('tuple'.length)}` : type;

const bare = ({ name, inputs }) => `${name}(${inputs.map(typeOf).join(',')})`;

function named({ name, inputs, outputs = [], stateMutability }) {
  const list = (items) => items.map((item) =>
    [typeOf(item), item.indexed ? 'indexed' : '', item.name].filter(Boolean).join(' ')).join(', ');
  const tail = outputs.length > 0 ? ` returns (${list(outputs)})` : '';
  const kind = ['view', 'pure', 'payable'].includes(stateMutability) ? ` ${stateMutability}` : '';
  return `${name}(${list(inputs)})${kind}${tail}`;
}

function linesOf(artifacts, parts, type, prefixOf) {
  const found = new Map();
  for (const part of type === 'function' ? parts.slice(0, 1) : parts) {
    for (const entry of artifacts[part].abi.filter((item) => item.type === type)) {
      found.set(bare(entry), `${prefixOf(bare(entry))} ${named(entry)}`);
    }
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
}

function sheetOf(artifacts) {
  const sections = Object.entries(PARTS).map(([name, parts]) => {
    const functions = linesOf(artifacts, parts, 'function', toFunctionSelector);
    const events = linesOf(artifacts, parts, 'event', toEventSelector);
    const errors = linesOf(artifacts, parts, 'error', toFunctionSelector);
    const block = (title, lines) =>
      lines.length === 0 ? '' : `${title}:\n\n\`\`\`\n${lines.join('\n')}\n\`\`\`\n\n`;
    return `### ${name}\n\n${block('Functions', functions)}${block('Events', events)}${block('Errors', errors)}`;
  });
  return sections.join('');
}

export async function sheetCheck(suite, record) {
  const text = readFileSync(README, 'utf8');
  const from = text.indexOf(BEGIN) + BEGIN.length;
  const to = text.indexOf(END);
  const sheet = `\n${sheetOf(suite.world.artifacts)}`;
  if (record) writeFileSync(README, text.slice(0, from) + sheet + text.slice(to));
  await suite.check('interface: the sheet in the README is what was compiled', () => {
    const now = readFileSync(README, 'utf8');
    const found = now.slice(now.indexOf(BEGIN) + BEGIN.length, now.indexOf(END));
    expect(found === sheet, 'the same sheet (tests/contracts/run --record writes it)');
  });
}
