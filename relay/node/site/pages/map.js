// SPDX-License-Identifier: Apache-2.0
// The map: chains on a ring, as large as their share of the capital; arcs where messages go; what
// is on its way moves along them.

import { h } from './dom.js';
import { count, toNumber, units } from './format.js';

const MARGIN = 90; // around the chains' middles: for circles and names
const NAMES_MAX = 30;
const DRIFTING_MAX = 12; // each dashed way that drifts is drawn anew sixty times a second

function layout(chains) {
  const many = chains.length > 12;
  return chains.map((chain, i) => {
    const angle = (i / chains.length) * 2 * Math.PI - Math.PI / 2 - (chains.length === 2 ? Math.PI / 2 : 0);
    return { name: chain.name, angle, many,
      x: Math.cos(angle) * (many ? 320 : 225), y: Math.sin(angle) * (many ? 190 : 132) };
  });
}

/** As small as holds them all. */
function frame(places) {
  const xs = places.map(({ x }) => x);
  const ys = places.map(({ y }) => y);
  const [left, top] = [Math.min(...xs) - MARGIN, Math.min(...ys) - MARGIN - 10];
  const [width, height] = [Math.max(...xs) + MARGIN - left, Math.max(...ys) + MARGIN - top];
  return [left, top, width, height].map(Math.round).join(' ');
}

/** Of many chains those are named that matter most, as far apart as names need; the others say theirs
    when they are pointed at. */
function namesShown(chains, worth) {
  const apart = Math.ceil(chains.length / NAMES_MAX);
  const taken = [];
  const order = chains.map(({ name }, at) => ({ name, at, worth: worth(name) })).sort((a, b) => b.worth - a.worth);
  for (const one of order) {
    const ring = (at) => Math.min(Math.abs(at - one.at), chains.length - Math.abs(at - one.at));
    if (apart === 1 || (one.worth > 0 && taken.every(({ at }) => ring(at) >= apart))) taken.push(one);
  }
  return new Set(taken.map(({ name }) => name));
}

/** A bend to the left of the way, so that there and back are apart. */
function curve(from, to, inset) {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const length = Math.hypot(dx, dy) || 1;
  const bend = Math.min(46, length / 5);
  const mid = { x: (from.x + to.x) / 2 + (dy / length) * bend, y: (from.y + to.y) / 2 - (dx / length) * bend };
  const at = (a, b, by) => {
    const d = Math.hypot(b.x - a.x, b.y - a.y) || 1;
    return { x: a.x + ((b.x - a.x) / d) * by, y: a.y + ((b.y - a.y) / d) * by };
  };
  const start = at(from, mid, inset(from.name));
  const end = at(to, mid, inset(to.name) + 5);
  const f = ({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  return { path: `M${f(start)} Q${f(mid)} ${f(end)}`, label: { x: (start.x + 2 * mid.x + end.x) / 4, y: (start.y + 2 * mid.y + end.y) / 4 } };
}

export function map(page, asset) {
  const { chains } = page.status;
  const places = layout(chains);
  const byName = new Map(places.map((place) => [place.name, place]));
  const positions = new Map();
  const decimals = asset?.decimals ?? 0;
  for (const position of asset?.positions ?? []) {
    const known = positions.get(position.chain) ?? { effective: 0, goal: 0, ok: true, list: [] };
    known.effective += toNumber(position.effective, decimals);
    known.goal += toNumber(position.goal, decimals);
    known.ok &&= position.within_tolerance;
    known.list.push(position);
    positions.set(position.chain, known);
  }
  const largest = Math.max(1e-9, ...[...positions.values()].map(({ effective }) => effective));
  const small = chains.length > 12;
  const radius = (name) => {
    const share = Math.max(0, positions.get(name)?.effective ?? 0) / largest;
    return (small ? 7 : 22) + Math.sqrt(share) * (small ? 9 : 20);
  };
  const unready = new Set(page.health.checks.filter(({ good }) => !good).map(({ name }) => name.replace(/^chain /, '')));
  const routes = page.routes.busiest;
  const most = Math.max(1, ...routes.map(({ delivered }) => delivered));
  const flows = page.flows.flows.filter((flow) => flow.asset === asset?.asset);
  const say = (flow) => `${flow.kind === 'move' ? 'Moving' : 'Users’ transfers:'} ${units(flow.amount, flow.decimals)} ${flow.asset} from ${flow.from} to ${flow.to}`;
  const words = [
    ...chains.map(({ name }) => `${name}: ${positions.has(name) ? `${positions.get(name).list.map(({ effective }) => units(effective, decimals)).join(' and ')} ${asset.asset}` : 'no capital'}`),
    ...flows.map(say),
  ].join('. ');
  const arcs = routes.filter(({ from, to }) => byName.has(from) && byName.has(to)).map((route) => {
    const { path } = curve(byName.get(route.from), byName.get(route.to), radius);
    return h('path', { key: `r${route.from}>${route.to}`, d: path, class: 'route', 'marker-end': 'url(#arrow)',
      'stroke-width': (1 + 3 * Math.sqrt(route.delivered / most)).toFixed(2) },
    h('title', {}, `${route.from} to ${route.to}: ${count(route.delivered)} messages delivered`));
  });
  const shown = flows.filter(({ from, to }) => byName.has(from) && byName.has(to));
  const still = shown.length > DRIFTING_MAX ? ' still' : '';
  const moving = shown.map((flow) => {
    const { path, label } = curve(byName.get(flow.from), byName.get(flow.to), radius);
    return h('g', { key: `f${flow.kind}${flow.from}>${flow.to}`, class: `flow ${flow.kind}${still}` },
      h('path', { d: path }, h('title', {}, say(flow))),
      flow.kind === 'move' && h('text', { x: label.x.toFixed(1), y: (label.y - 6).toFixed(1), 'text-anchor': 'middle' },
        units(flow.amount, flow.decimals, 0)));
  });
  const named = namesShown(chains, (name) => (unready.has(name) ? 2 : 0) + Math.max(0, positions.get(name)?.effective ?? 0) / largest);
  const nodes = places.map((place) => {
    const position = positions.get(place.name);
    const size = radius(place.name);
    const below = Math.sin(place.angle) > -0.3;
    const y = below ? place.y + size + 20 : place.y - size - 31;
    const kind = unready.has(place.name) ? 'bad' : position && !position.ok ? 'warn' : 'good';
    const tip = position ? `${place.name}: ${units(position.list[0].effective, decimals)} ${asset.asset}, goal ${units(position.list[0].goal, decimals)}` : place.name;
    return h('g', { key: `n${place.name}`, class: `chain ${kind}` }, h('title', {}, tip),
      h('circle', { cx: place.x.toFixed(1), cy: place.y.toFixed(1), r: size.toFixed(1) }),
      kind === 'bad' && h('text', { x: place.x.toFixed(1), y: (place.y + 6).toFixed(1), 'text-anchor': 'middle', class: 'mark' }, '!'),
      named.has(place.name) && h('text', { x: place.x.toFixed(1), y: y.toFixed(1), 'text-anchor': 'middle', class: small ? 'name small' : 'name' }, place.name),
      !small && position && h('text', { x: place.x.toFixed(1), y: (y + 22).toFixed(1), 'text-anchor': 'middle', class: 'amount' },
        units(position.list[0].effective, decimals, 0)));
  });
  return h('svg', { viewBox: frame(places), role: 'img', class: 'map', 'aria-label': `Map. ${words}` },
    h('defs', {}, h('marker', { id: 'arrow', viewBox: '0 0 8 8', refX: 6, refY: 4, markerWidth: 9, markerHeight: 9,
      markerUnits: 'userSpaceOnUse', orient: 'auto' }, h('path', { d: 'M0 0 8 4 0 8z' }))),
    ...arcs, ...moving, ...nodes);
}
