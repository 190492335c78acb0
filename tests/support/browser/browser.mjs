// SPDX-License-Identifier: Apache-2.0
//
// A headless Chromium, driven by puppeteer; axe-core judges what it shows.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { packagesOf } from '../../../deploy/devnet/lib/packages.mjs';

const packages = packagesOf(path.dirname(fileURLToPath(import.meta.url)));
const puppeteer = createRequire(path.join(packages, 'from-here.cjs'))('puppeteer-core');
const axeSource = () => readFileSync(path.join(packages, 'axe-core/axe.min.js'), 'utf8');

export function openBrowser() {
  return puppeteer.launch({
    executablePath: process.env.SLUICE_CHROMIUM || '/usr/bin/chromium',
    headless: true,
    // The test's machine may be a container, where its own sandbox cannot be made.
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
}

/** A page that remembers what went wrong in it and whom it asked. */
export async function openPage(browser, { width = 1600, scheme = 'light' } = {}) {
  const page = await browser.newPage();
  page.faults = [];
  page.asked = new Set();
  page.on('pageerror', (error) => page.faults.push(error.message));
  page.on('console', (line) => {
    // A connection that is refused while the node is away is said by the browser itself.
    if (line.type() === 'error' && !/ERR_CONNECTION|WebSocket/.test(line.text())) {
      page.faults.push(line.text());
    }
  });
  page.on('request', (request) => page.asked.add(new URL(request.url()).origin));
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
  await page.setViewport({ width, height: 900 });
  return page;
}

/** What axe-core finds serious or critical, one line each. */
export async function findBarriers(page) {
  await page.evaluate(axeSource()); // by the debugger's hand: the page's own policy forbids it
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0].target.join(' ')}`);
}
