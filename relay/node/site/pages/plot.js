// SPDX-License-Identifier: Apache-2.0
// One line over time.

import { h } from './dom.js';
import { span } from './format.js';

const WIDTH = 320;
const HEIGHT = 96;

/** `times` in seconds; `values` beside them; `show(value)` says one. */
export function plot(title, times, values, show) {
  const last = values.at(-1);
  const head = h('div', { class: 'plot-head' }, h('h3', {}, title),
    h('strong', {}, last === undefined ? '–' : show(last)));
  if (values.length < 2) return h('div', { class: 'plot' }, head, h('p', { class: 'quiet' }, 'not enough points yet'));
  const highest = Math.max(...values);
  const top = highest > 0 ? highest * 1.1 : 1;
  const first = times[0];
  const width = Math.max(1, times.at(-1) - first);
  const x = (time) => ((time - first) / width) * WIDTH;
  const y = (value) => HEIGHT - (value / top) * (HEIGHT - 6) - 2;
  const points = values.map((value, i) => `${x(times[i]).toFixed(1)},${y(value).toFixed(1)}`);
  return h('div', { class: 'plot' }, head,
    h('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', preserveAspectRatio: 'none',
      'aria-label': `${title}: now ${show(last)}, at most ${show(highest)} in the last ${span(width)}` },
      h('line', { x1: 0, x2: WIDTH, y1: HEIGHT - 2, y2: HEIGHT - 2, class: 'axis' }),
      h('polygon', { points: `0,${HEIGHT - 2} ${points.join(' ')} ${WIDTH},${HEIGHT - 2}`, class: 'area' }),
      h('polyline', { points: points.join(' '), class: 'line', 'vector-effect': 'non-scaling-stroke' })),
    h('div', { class: 'plot-foot quiet' }, h('span', {}, `${span(width)} ago`),
      h('span', {}, `highest ${show(highest)}`), h('span', {}, 'now')));
}
