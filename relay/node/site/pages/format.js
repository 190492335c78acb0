// SPDX-License-Identifier: Apache-2.0
// Values as people read them. Amounts arrive as whole base units in text and stay exact.

import { h } from './dom.js';

const group = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, '\u202f');

/** "1234500000" with 6 decimals: "1 234.50". The rest of the digits is cut, never rounded up. */
export function units(text, decimals, shown = 2) {
  if (text === null || text === undefined) return '–';
  const sign = text.startsWith('-') ? '−' : '';
  const digits = text.replace('-', '').padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const part = digits.slice(digits.length - decimals).slice(0, shown);
  return `${sign}${group(whole)}${part ? `.${part}` : ''}`;
}

/** For lengths of bars alone. */
export const toNumber = (text, decimals) => Number(text ?? 0) / 10 ** decimals;

export const count = (number) => (number === null || number === undefined ? '–' : group(String(number)));

export const percent = (part, digits = 1) => `${(100 * part).toFixed(digits)} %`;

export function span(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 100) return `${s} s`;
  if (s < 6000) return `${Math.round(s / 60)} min`;
  if (s < 172800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} days`;
}

export const ago = (time, now) => (time ? `${span((now - Date.parse(time)) / 1000)} ago` : '–');

export const clock = (time) => (time ? time.replace('T', ' ').replace('Z', '') : '–');

export const short = (id) => (id ? `${id.slice(0, 8)}…${id.slice(-4)}` : '–');

export const sentence = (text) => (text ? text[0].toUpperCase() + text.slice(1) : '');

/** A long id that can be read whole and copied. */
export const id = (value, link) => (link
  ? h('a', { href: link, class: 'id', title: value }, short(value))
  : h('span', { class: 'id', title: value }, short(value)));

const cells = (tag, columns, row) => columns.map(({ number, plain }, i) =>
  h(i === 0 && tag === 'td' ? 'th' : tag,
    { class: number ? 'number' : plain && tag === 'td' ? 'plain' : null, scope: i === 0 && tag === 'td' ? 'row' : tag === 'th' ? 'col' : null },
    row[i]));

/** Columns: {title, number, plain}; rows: {key, cells}. It scrolls on its own when it is wide. */
export function table(caption, columns, rows, empty = 'nothing') {
  if (rows.length === 0) return h('p', { class: 'quiet' }, empty);
  return h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
    h('table', {},
      h('caption', { class: 'hidden' }, caption),
      h('thead', {}, h('tr', {}, cells('th', columns, columns.map(({ title }) => title)))),
      h('tbody', {}, rows.map((row) => h('tr', { key: row.key, class: row.class },
        cells('td', columns, row.cells))))));
}

export const card = (title, ...children) =>
  h('section', { class: 'card' }, h('h2', {}, title), ...children);

export const pill = (kind, text) => h('span', { class: `pill ${kind}` }, text);
