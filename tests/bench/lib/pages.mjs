// SPDX-License-Identifier: Apache-2.0
//
// Opens each section of the pages in a browser and measures what its main thread does.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { openBrowser, openPage } from '../../support/browser/browser.mjs';

const SECTIONS = ['overview', 'capital', 'messages', 'health'];
const UPDATES = 6;

const { values: options } = parseArgs({ options: {
  chains: { type: 'string', default: '150' }, open: { type: 'string', default: '100000' },
  seconds: { type: 'string', default: '30' }, program: { type: 'string', default: 'build/release/tests/bench_pages' } } });

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const rounded = (ms) => Math.round(ms * 10) / 10;

/** When the main thread had drawn what the node said, in milliseconds after the request. */
function painted(page) {
  return page.evaluate(() => new Promise((resolve) => {
    const look = () => (document.querySelector('main > .card, main > div')
      ? requestAnimationFrame(() => setTimeout(() => resolve(performance.now()))) : requestAnimationFrame(look));
    look();
  }));
}

/** Milliseconds of processor time that the main thread took for each of the next updates. */
async function updates(page) {
  const client = await page.createCDPSession();
  await client.send('Performance.enable', { timeDomain: 'threadTicks' });
  const worked = async () => (await client.send('Performance.getMetrics')).metrics
    .find(({ name }) => name === 'TaskDuration').value * 1000;
  const list = [];
  for (let i = 0; i < UPDATES; i += 1) {
    const before = await worked();
    // The page says itself when it has shown the next one: its own frame comes before ours.
    await page.evaluate(() => new Promise((resolve) => {
      globalThis.onNext = () => requestAnimationFrame(() => setTimeout(resolve));
    }));
    list.push(await worked() - before);
  }
  await client.detach();
  return list;
}

/** Every text frame of the page's websocket is told to `onNext`. */
const hookSocket = () => {
  const Socket = globalThis.WebSocket;
  globalThis.WebSocket = class extends Socket {
    constructor(...words) {
      super(...words);
      this.addEventListener('message', () => { globalThis.onNext?.(); globalThis.onNext = null; });
    }
  };
};

const child = spawn(options.program, [options.open, options.seconds, options.chains, 'serve'], { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
const { value: base } = await lines.next();
const browser = await openBrowser();
const first = [];
const shown = {};
try {
  await (await openPage(browser)).close(); // the browser's own start is not measured
  for (const section of SECTIONS) {
    const page = await openPage(browser);
    await page.evaluateOnNewDocument(hookSocket);
    await page.goto(`${base}/#/${section}`, { waitUntil: 'domcontentloaded' });
    first.push(await painted(page));
    shown[section] = (await updates(page)).map(rounded);
    if (page.faults.length > 0) throw new Error(page.faults.join('; '));
    await page.close();
  }
} finally {
  await browser.close();
  child.stdin.end();
}
const all = Object.values(shown).flat();
process.stdout.write(`${JSON.stringify({ bench: 'pages_browser', chains: Number(options.chains), open: Number(options.open),
  first_paint_ms: first.map(rounded), update_ms: { median: median(all), most: Math.max(...all) },
  sections: Object.fromEntries(Object.entries(shown).map(([name, list]) => [name, Math.max(...list)])) })}\n`);
process.stdout.write(`${(await lines.next()).value}\n`);
