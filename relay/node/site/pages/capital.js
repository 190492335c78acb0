// SPDX-License-Identifier: Apache-2.0
// Where the money is, where it should be, what moving it costs, and the books.

import { h } from './dom.js';
import { ago, card, clock, count, id, percent, pill, sentence, table, toNumber, units } from './format.js';
import { assetChoice, chosenAsset } from './overview.js';

function bars(asset) {
  const { decimals } = asset;
  const most = Math.max(1e-9, ...asset.positions.flatMap((position) =>
    [toNumber(position.effective, decimals), toNumber(position.goal, decimals)]));
  return h('ul', { class: 'bars' }, asset.positions.map((position, i) => {
    const has = Math.max(0, toNumber(position.effective, decimals) / most);
    const goal = Math.max(0, toNumber(position.goal, decimals) / most);
    return h('li', { key: `${position.chain}${i}` },
      h('span', { class: 'bar-name' }, position.chain),
      h('svg', { viewBox: '0 0 100 12', preserveAspectRatio: 'none', role: 'img',
        'aria-label': `${position.chain} has ${units(position.effective, decimals)}, its goal is ${units(position.goal, decimals)}` },
        h('rect', { x: 0, y: 1, width: 100, height: 10, class: 'track' }),
        h('rect', { x: 0, y: 1, width: (100 * has).toFixed(2), height: 10, class: position.within_tolerance ? 'fill' : 'fill warn' }),
        h('line', { x1: (100 * goal).toFixed(2), x2: (100 * goal).toFixed(2), y1: 0, y2: 12, class: 'goal', 'vector-effect': 'non-scaling-stroke' })),
      h('span', { class: 'bar-value number' }, units(position.effective, decimals, 0)),
      position.within_tolerance ? pill('good', 'in tolerance') : pill('warn', 'off its goal'));
  }));
}

function positions(asset) {
  const { decimals } = asset;
  const columns = [{ title: 'Chain' }, ...['Collateral', 'Owed to users', 'Moving out', 'Arriving', 'In effect', 'Goal']
    .map((title) => ({ title, number: true })), { title: 'Ledger' }, { title: 'Agreed at block', number: true }];
  return table(`Positions in ${asset.asset}`, columns, asset.positions.map((position, i) => ({ key: `${position.chain}${i}`,
    cells: [position.chain, ...[position.collateral, position.owed, position.reserved_out, position.arriving, position.effective, position.goal]
      .map((amount) => units(amount, decimals)), position.ledger, count(position.reconciled_block)] })), 'no position is known yet');
}

const LIMITS = {
  leaving: ({ from }) => `what ${from} can send`,
  entering: ({ to }) => `what bridges can pay out on ${to}`,
  way: ({ from, to }) => `what can go from ${from} to ${to}`,
  'mandate floor': ({ from }) => `the mandate’s floor on ${from}`,
  'mandate cap': ({ to }) => `the mandate’s cap on ${to}`,
  'leaving venue': ({ from }) => `what can be taken out of a venue on ${from}`,
  'entering venue': ({ to }) => `what a venue on ${to} takes`,
  'mandate buffer': ({ from }) => `the mandate’s buffer on ${from}`,
  velocity: ({ to }) => `what may enter venues on ${to} in this window`,
};

const end = (chain, venue) => (venue === null ? `${chain}, idle` : `${chain}, venue ${venue}`);
const ways = {
  'between venues': (move) => `${end(move.from, move.from_venue)} to ${end(move.to, move.to_venue)}`,
  'paying back': (move) => `${end(move.from, move.from_venue)} to what is owed to ${end(move.to, move.to_venue)}`,
};
const way = (move) => ways[move.kind]?.(move) ?? `${move.from} to ${move.to}`;

function planCard(plan, now) {
  const { decimals } = plan;
  const kind = plan.state === 'done' || plan.state === 'accepted' ? 'good' : plan.state === 'void' ? '' : 'warn';
  return h('article', { key: plan.id, class: 'plan' },
    h('header', {}, h('h3', {}, `${plan.asset} plan of ${clock(plan.made_at)}`), pill(kind, plan.state),
      h('span', { class: 'quiet' }, sentence(plan.reason?.text), plan.made_at && `, ${ago(plan.made_at, now)}`)),
    h('dl', {}, h('dt', {}, 'Cost'), h('dd', {}, `${units(plan.cost, decimals, 4)} ${plan.asset}`),
      h('dt', {}, 'Certificate'), h('dd', {}, plan.gap === 0 ? 'proved: no better plan exists' : `proved: at most ${percent(plan.gap, 4)} of what could be gained is missed`),
      h('dt', {}, 'Plan'), h('dd', {}, id(plan.id))),
    table(`Moves of the plan of ${clock(plan.made_at)}`, [{ title: 'Way' }, ...['Amount', 'Gain', 'Cost'].map((title) => ({ title, number: true })), { title: 'State' }],
      plan.moves.map((move) => ({ key: move.id, cells: [way(move), units(move.amount, decimals), units(move.gain, decimals, 4),
        units(move.cost, decimals, 4), sentence(move.reason?.text ?? move.state)] })), 'It moves nothing.'),
    plan.limits.length > 0 && h('div', {}, h('h4', {}, 'Limits that bind'), h('ul', { class: 'plain' }, plan.limits.map((limit) =>
      h('li', {}, `${sentence(LIMITS[limit.kind]?.(limit) ?? limit.kind)}: one ${plan.asset} more would be worth ${limit.price.toFixed(9)}`)))),
    plan.state === 'awaiting approval' && h('p', { class: 'do' }, 'To decide: ', h('code', {}, `sluice approve ${plan.id}`)));
}

/* What is idle in each spoke and what is in its venues; what was never read says so. */
function spokes(page, asset) {
  const mine = page.status.spokes.filter((spoke) => spoke.asset === asset.asset);
  if (mine.length === 0) return null;
  const amount = (value) => (value === undefined ? 'not known' : units(value, asset.decimals));
  const rate = (value) => (typeof value === 'number' ? `${(100 * value).toFixed(2)} %` : 'not known');
  const rows = mine.flatMap((spoke) => [
    { key: spoke.chain + spoke.spoke, cells: [spoke.chain, 'idle in the spoke', amount(spoke.idle), '', sentence(spoke.stopped?.text ?? 'working')] },
    ...spoke.venues.map((venue) => ({ key: spoke.chain + spoke.spoke + venue.index, cells: [spoke.chain, `venue ${venue.index}: ${venue.venue.slice(0, 10)}`,
      amount(venue.supplied), rate(venue.rate_per_year), venue.open ? 'open' : sentence(venue.gate.text)] })),
  ]);
  return card('Spokes and venues', table('Spokes and venues', [{ title: 'Chain' }, { title: 'Where' }, { title: 'Amount', number: true },
    { title: 'A year pays', number: true }, { title: 'State' }], rows));
}

function ledger(page, asset) {
  const rows = page.ledger.postings.filter((posting) => posting.asset === asset.asset)
    .sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : b.number - a.number)).slice(0, 40);
  const sums = asset.ledger;
  return card('Ledger',
    sums && h('p', {}, sums.balanced ? pill('good', 'balanced') : pill('bad', 'NOT balanced'),
      ` debits ${units(sums.debits, asset.decimals)}, credits ${units(sums.credits, asset.decimals)}, ${count(sums.accounts)} accounts`),
    table(`Newest postings in ${asset.asset}`, [{ title: 'When', plain: true }, { title: 'Chain' }, { title: 'Kind' }, { title: 'Debit' }, { title: 'Credit' },
      { title: 'Amount', number: true }, { title: 'Record', number: true }],
    rows.map((posting) => ({ key: `${posting.chain}${posting.number}`, cells: [clock(posting.at), posting.chain, posting.kind, posting.debit, posting.credit,
      units(posting.amount, posting.decimals, 6), count(posting.record)] })), 'nothing was posted yet'),
    h('p', { class: 'quiet' }, 'All of it, with running balances: ', h('code', {}, 'sluice ledger --format csv')));
}

export function capital(page, context) {
  const asset = chosenAsset(page, context);
  if (!asset) return [card('Capital', h('p', { class: 'quiet' }, 'This node watches no capital: its configuration names no asset.'))];
  const plans = page.plans.plans.filter((plan) => plan.asset === asset.asset);
  const newest = plans.slice(0, 3);
  return [
    card('Where it is', assetChoice(page, context), h('p', { class: 'quiet' }, 'The mark is each chain’s goal.'), bars(asset), positions(asset)),
    card('Plans', h('p', {}, h('strong', {}, 'Planning: '), sentence(asset.planning?.text ?? 'it has not begun')),
      newest.length > 0 ? newest.map((plan) => planCard(plan, context.now)) : h('p', { class: 'quiet' }, 'No plan was made yet.')),
    page.status.vaults.length > 0 && card('Vaults', table('Vaults', [{ title: 'Chain' }, { title: 'Asset' }, ...['Assets', 'Per share', 'Deposited', 'Withdrawn', 'Block'].map((title) => ({ title, number: true }))],
      page.status.vaults.map((vault) => ({ key: vault.chain + vault.vault, cells: [vault.chain, vault.asset, ...[vault.total_assets, vault.assets_per_share, vault.deposited, vault.withdrawn]
        .map((amount, i) => units(amount, vault.decimals, i === 1 ? 6 : 2)), count(vault.block)] })))),
    spokes(page, asset),
    ledger(page, asset),
  ].filter(Boolean);
}
