// SPDX-License-Identifier: Apache-2.0
// Is it well: checks, chains, endpoints, keys, validators, journal.

import { h } from './dom.js';
import { ago, card, count, id, pill, sentence, table, units } from './format.js';

const NATIVE = 18;

const bytes = (number) => {
  if (number === undefined) return '–';
  const at = number > 0 ? Math.min(4, Math.floor(Math.log2(number) / 10)) : 0;
  return `${(number / 1024 ** at).toFixed(at > 0 ? 1 : 0)} ${['bytes', 'KiB', 'MiB', 'GiB', 'TiB'][at]}`;
};

const CHAINS_MAX = 12;

/** What is not well comes first; of many chains those that are well are one line. */
function checksShown(list) {
  const bad = list.filter(({ good }) => !good);
  const well = list.filter(({ good }) => good);
  const chains = well.filter(({ name }) => name.startsWith('chain '));
  if (chains.length <= CHAINS_MAX) return [...bad, ...well];
  return [...bad, ...well.filter((check) => !chains.includes(check)),
    { name: `${chains.length} chains`, good: true, text: 'enough endpoints of each answer' }];
}

const checks = (page) => card('Can it do its work?', h('ul', { class: 'checks' }, checksShown(page.health.checks).map((check) =>
  h('li', { key: check.name }, check.good ? pill('good', 'yes') : pill('bad', 'no'), h('strong', {}, check.name), h('span', {}, check.text)))));

const chains = (page) => card('Chains', table('Chains', [{ title: 'Chain' }, ...['Domain', 'Head', 'Final', 'Applied', 'Under way', 'Queued'].map((title) => ({ title, number: true })), { title: 'Ledger' }, { title: 'State' }],
  page.status.chains.map((chain) => ({ key: chain.name, cells: [chain.name, String(chain.domain), ...[chain.head, chain.final, chain.applied, chain.messages_active, chain.messages_queued].map(count), chain.ledger ?? '–',
    chain.stopped ? pill('bad', sentence(chain.stopped.text)) : pill('good', 'running')] }))));

const endpoints = (page) => card('Endpoints', table('Endpoints', [{ title: 'Chain' }, { title: 'Number', number: true }, { title: 'State' }, { title: 'Last trouble' }],
  page.endpoints.map((endpoint) => ({ key: `${endpoint.chain}${endpoint.number}`, cells: [endpoint.chain, String(endpoint.number),
    endpoint.bad ? pill('bad', 'wrong chain') : endpoint.up ? pill('good', 'answers') : pill('bad', 'does not answer'), endpoint.trouble || '–'] }))));

const keys = (page) => card('Keys', table('Keys', [{ title: 'Key' }, { title: 'Chain' }, { title: 'State' }, ...['Next nonce', 'Not final', 'Balance'].map((title) => ({ title, number: true }))],
  page.status.keys.map((key) => ({ key: key.chain + key.key, cells: [id(key.key), key.chain, key.state === 'ready' ? pill('good', 'ready') : pill(key.state === 'frozen' ? 'bad' : 'warn', key.state),
    count(key.next_nonce), count(key.not_final), units(key.balance, NATIVE, 4)] })), 'This node sends nothing: no chain has a key.'));

const validated = (page) => page.status.validated.length > 0 && card('We validate', table('Validated chains', [{ title: 'Chain' }, ...['Leaves', 'Verified', 'Published'].map((title) => ({ title, number: true })), { title: 'Announced' }, { title: 'State' }],
  page.status.validated.map((chain) => ({ key: chain.chain, cells: [chain.chain, ...[chain.leaves, chain.verified, chain.published].map(count), chain.announced ? 'yes' : 'no',
    chain.halted ? pill('bad', sentence(chain.halted.text)) : pill('good', 'signing')] }))));

function journal({ journal: known, status }, now) {
  const rows = [['Records', count(known.records)], ['File', bytes(known.bytes)], ['In the archive', known.archived ? count(known.archived) : 'none'],
    ['Written', known.writable ? pill('good', 'yes') : pill('bad', 'no: nothing is sent until it can be')],
    ['Signed log', known.log ? `${count(known.signed ?? 0)} records are under a signed checkpoint` : 'not kept: “log” in the configuration'],
    ['Started', ago(status.node?.started_at, now)], ['Digest', id(status.node?.digest)]];
  return card('Journal', h('dl', {}, rows.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])),
    h('p', { class: 'quiet' }, 'To check it: ', h('code', {}, 'sluice journal verify'), ' and ', h('code', {}, 'sluice replay')));
}

export function health(page, context) {
  return [h('div', { key: 'two', class: 'columns even' }, checks(page), journal(page, context.now)), chains(page), endpoints(page), keys(page), validated(page)].filter(Boolean);
}
