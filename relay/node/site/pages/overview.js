// SPDX-License-Identifier: Apache-2.0
// The first look: does it work, what needs a person, where is the money, what is on its way.

import { h } from './dom.js';
import { ago, card, count, percent, pill, sentence, span, table, units } from './format.js';
import { map } from './map.js';
import { plot } from './plot.js';

/** What only waits for its time, beside what needs a person. */
const CALM = new Set(['messages to', 'planning of', 'planning of venues for', 'move']);

export const chosenAsset = (page, context) =>
  page.status.capital.find(({ asset }) => asset === context.asset) ?? page.status.capital[0];

export function assetChoice(page, context) {
  if (page.status.capital.length < 2) return null;
  const chosen = chosenAsset(page, context);
  return h('div', { class: 'choice', role: 'group', 'aria-label': 'Asset' }, page.status.capital.map(({ asset }) =>
    h('button', { key: asset, type: 'button', 'aria-pressed': String(asset === chosen.asset),
      onclick: () => context.set({ asset }) }, asset)));
}

function attention(page, now) {
  const failing = page.health.checks.filter(({ good }) => !good)
    .map(({ name, text }) => ({ key: `h${name}`, what: sentence(name), text: sentence(text) }));
  const chains = new Set(page.health.checks.filter(({ good }) => !good).map(({ name }) => name));
  const waiting = page.why.waiting.filter(({ what, of }) => !CALM.has(what) && !chains.has(`${what} ${of}`))
    .map(({ what, of, reason, since }) => ({ key: `w${what}${of}`, what: sentence(`${what} ${of}`),
      text: sentence(reason?.text), since }));
  const dead = page.backlogs.filter((backlog) => backlog.dead > 0).map(({ chain, dead: given }) => ({ key: `d${chain}`,
    what: `Messages to ${chain}`, text: `${count(given)} were given up after many failures; “sluice messages retry ID” tries again` }));
  const all = [...failing, ...waiting, ...dead];
  if (all.length === 0) {
    return h('section', { key: 'attention', class: 'calm', 'aria-label': 'What needs a person' },
      h('h2', { class: 'hidden' }, 'What needs a person'), h('p', {}, h('strong', {}, 'Nothing needs you. '), 'Every chain answers, the journal is written, the books agree with the chains.'));
  }
  return h('section', { key: 'attention', class: 'attention' }, h('h2', {}, 'Needs a person'),
    h('ul', {}, all.map(({ key, what, text, since }) => h('li', { key }, h('strong', {}, what), ' ', h('span', {}, text),
      since && h('span', { class: 'quiet' }, ` since ${ago(since, now)}`)))));
}

const tile = (title, value, more, kind) => h('div', { key: title, class: `tile ${kind ?? ''}` },
  h('h3', {}, title), h('strong', {}, value), h('p', {}, more));

function tiles(page, context) {
  const asset = chosenAsset(page, context);
  const open = page.backlogs.reduce((sum, backlog) => sum + backlog.open, 0);
  const cut = page.backlogs.some((backlog) => backlog.cut);
  const oldest = page.backlogs.map((backlog) => backlog.oldest).filter(Boolean).sort()[0];
  const { delivered, elsewhere } = page.routes;
  const off = page.history.off_goal.find((one) => one.asset === asset?.asset)?.values.at(-1);
  const books = page.status.capital.every(({ ledger }) => ledger?.balanced !== false);
  const agreed = page.status.chains.every(({ ledger }) => ledger !== 'unreconciled');
  return h('div', { key: 'tiles', class: 'tiles' },
    tile('Delivered', count(delivered), elsewhere > 0 ? `and ${count(elsewhere)} by other relayers` : 'messages since the journal began'),
    tile('On their way', `${cut ? 'over ' : ''}${count(open)}`, oldest ? `the oldest was seen ${ago(oldest, context.now)}` : 'no message waits'),
    asset ? tile(`Capital in ${asset.asset}`, units(asset.total, asset.decimals, 0),
      off === undefined ? 'its goal is not known yet' : `${percent(off)} is not where it should be`) : null,
    tile('Books', books && agreed ? 'agree' : 'DIFFER', books && agreed ? 'with every chain, to the base unit' : 'flows concerned are stopped', books && agreed ? '' : 'bad'));
}

function whyNot(page, now) {
  const rows = page.why.waiting.map(({ what, of, count: number, since, reason }) => ({ key: `${what}|${of}|${reason?.code}`,
    cells: [`${what} ${/^0x/.test(of) ? `${of.slice(0, 10)}…` : of}`, count(number), since ? ago(since, now) : '–', sentence(reason?.text ?? 'it is on its way')] }));
  return card('Why not?', h('p', { class: 'quiet' }, 'Everything that is not happening now, and the reason.'),
    table('What waits, and why', [{ title: 'What' }, { title: 'Count', number: true }, { title: 'Since' }, { title: 'Reason' }],
      rows, 'Nothing waits.'));
}

/** Deliveries a minute, from the running total. */
function pace({ at_s: at, ended }) {
  const times = [];
  const values = [];
  for (let i = 1; i < at.length; i += 1) {
    const seconds = Math.max(1, at[i] - at[i - 1]);
    times.push(at[i]);
    values.push(Math.max(0, ((ended[i] - ended[i - 1]) * 60) / seconds));
  }
  return { times, values };
}

export function plots(page) {
  const { history } = page;
  const { times, values } = pace(history);
  return card('Since the start',
    history.at_s.length > 1 && h('p', { class: 'quiet' }, `The last ${span(history.at_s.at(-1) - history.at_s[0])}.`),
    h('div', { class: 'plots' },
      plot('Messages on their way', history.at_s, history.open, (value) => count(Math.round(value))),
      plot('Deliveries a minute', times, values, (value) => count(Math.round(value))),
      history.off_goal.map(({ asset, values: parts }) =>
        plot(`${asset} away from its goal`, history.at_s, parts, (value) => percent(value)))));
}

export function overview(page, context) {
  const asset = chosenAsset(page, context);
  return [
    attention(page, context.now),
    tiles(page, context),
    h('div', { key: 'columns', class: 'columns' },
      card('Capital and messages', assetChoice(page, context), map(page, asset),
        h('p', { class: 'legend quiet' }, h('span', {}, pill('good', '●'), ' capital, by size'),
          h('span', {}, h('i', { class: 'key route' }), ' messages delivered'), h('span', {}, h('i', { class: 'key user' }), ' users’ transfers'),
          h('span', {}, h('i', { class: 'key move' }), ' our moves'))),
      h('div', { class: 'stack' }, plots(page))),
    whyNot(page, context.now),
  ];
}
