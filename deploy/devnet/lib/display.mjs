// SPDX-License-Identifier: Apache-2.0
//
// The demo's live picture: in place on a terminal, one line a second otherwise.

import { tokens } from './chains.mjs';

// A bar shows 70 % to 130 % of a router's target, so that what matters is seen.
const BAR_CELLS = 30;
const TARGET_CELL = BAR_CELLS / 2;
const BAR_LOW = 0.7;
const BAR_HIGH = 1.3;

const COLORS = { green: 32, yellow: 33, red: 31, bold: 1, dim: 2 };

export class Display {
  constructor(stream = process.stderr) {
    this.stream = stream;
    this.isLive = Boolean(stream.isTTY);
    this.hasColor = this.isLive && !process.env.NO_COLOR;
    this.drawnLines = 0;
    this.started = Date.now();
  }

  paint(color, text) {
    return this.hasColor ? `\x1b[${COLORS[color]}m${text}\x1b[0m` : text;
  }

  get seconds() {
    return (Date.now() - this.started) / 1000;
  }

  erase() {
    if (this.drawnLines > 0) this.stream.write(`\x1b[${this.drawnLines}A\x1b[J`);
    this.drawnLines = 0;
  }

  /** A line that stays, above the picture. */
  say(text, color = null) {
    this.erase();
    const time = this.paint('dim', `${this.seconds.toFixed(1).padStart(5)} s`);
    this.stream.write(`${time}  ${color ? this.paint(color, text) : text}\n`);
  }

  /** Shows where things stand. `view`: {watch, tolerance (1/10,000), words, places (what is where in venues, or null)}. */
  show(view) {
    if (!this.isLive) {
      this.stream.write(`${this.plainLine(view)}\n`);
      return;
    }
    const width = (this.stream.columns ?? 100) - 1;
    const lines = this.picture(view);
    this.erase();
    this.stream.write(lines.map((line) => `${clip(line, width)}\n`).join(''));
    this.drawnLines = lines.length;
  }

  plainLine({ watch, words, places }) {
    const chains = watch.states.map(({ name }, i) => `${name} ${percent(watch.apart(i))}`);
    const time = this.seconds.toFixed(1).padStart(5);
    if (places) {
      const parts = places.map((place) => `${place.name}: ${place.words}`);
      return `${time} s  ${parts.join('; ')}; moves on their way: ${watch.openMoves.length}`;
    }
    return `${time} s  ${chains.join(', ')}; ${countsText(watch)}; ${words}`;
  }

  picture({ watch, tolerance, words, places }) {
    const title = `  chain    ${'collateral: 70 % | 130 % of target'.padEnd(BAR_CELLS + 1)}` +
      `    held      apart    head   final      moved away`;
    const rows = watch.states.map((state, i) => {
      const apart = watch.apart(i);
      const color = Math.abs(apart) <= tolerance ? 'green' : 'yellow';
      const cells = [
        this.paint(color, barText(state.collateral, watch.target(i))),
        wholeTokens(state.collateral).padStart(11),
        this.paint(color, percent(apart).padStart(10)),
        String(state.head).padStart(7),
        String(state.final).padStart(7),
        `${wholeTokens(state.moved)} in ${state.moves}`.padStart(16),
      ];
      return `  ${state.name.padEnd(8)} ${cells.join(' ')}`;
    });
    return ['', this.paint('dim', title), ...rows, `  ${countsText(watch)}`,
      ...(places ?? []).map((place) => `  ${place.name.padEnd(8)} ${place.words}`),
      `  ${this.paint('dim', words)}`];
  }
}

/** Cuts a line at a number of visible characters; colours take no room. */
function clip(line, width) {
  let visible = 0;
  let result = '';
  for (const part of line.split(/(\x1b\[\d+m)/)) {
    const isColor = part.startsWith('\x1b');
    const text = isColor ? part : part.slice(0, Math.max(0, width - visible));
    visible += isColor ? 0 : text.length;
    result += text;
  }
  return result;
}

function barText(held, target) {
  const share = target === 0n ? 0 : Number((held * 1000n) / target) / 1000;
  const part = (share - BAR_LOW) / (BAR_HIGH - BAR_LOW);
  const filled = Math.max(0, Math.min(BAR_CELLS, Math.round(part * BAR_CELLS)));
  const bar = '█'.repeat(filled) + '·'.repeat(BAR_CELLS - filled);
  return `${bar.slice(0, TARGET_CELL)}|${bar.slice(TARGET_CELL)}`;
}

function countsText(watch) {
  const sent = watch.messages.size;
  const done = sent - watch.openMessages.length;
  return `messages ${done} of ${sent} delivered; moves ${watch.moves}, ` +
    `${watch.openMoves.length} on their way`;
}

export const wholeTokens = (units) =>
  (BigInt(units) / tokens(1)).toLocaleString('en-US');

export const percent = (bps) => `${bps > 0 ? '+' : ''}${(bps / 100).toFixed(1)} %`;
