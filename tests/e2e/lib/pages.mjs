// SPDX-License-Identifier: Apache-2.0
//
// The pages as a person has them open: they load, follow the node, live through its restart, do
// nothing that words from outside ask for, and say what is broken.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readProcesses } from '../../../deploy/devnet/lib/devnet.mjs';
import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { findBarriers, openBrowser, openPage } from '../../support/browser/browser.mjs';
import { runSuite } from './suite.mjs';

const WAIT_S = 120;
const PORT_OFFSET = 40;
const SECTIONS = ['overview', 'capital', 'messages', 'health'];
const LOOKS = [{ width: 1600, scheme: 'light' }, { width: 400, scheme: 'dark' },
  { width: 400, scheme: 'light' }, { width: 1600, scheme: 'dark' }];

const text = (page, selector) => page.$eval(selector, (element) => element.textContent);

class Visit {
  constructor(suite, browser, base) {
    Object.assign(this, { suite, browser, base });
    this.screens = path.join(path.resolve(suite.options.data), 'screens');
  }

  async open(section, options) {
    const page = await openPage(this.browser, options);
    await page.goto(`${this.base}/#/${section}`, { waitUntil: 'load' });
    await this.suite.until(`${section} is shown`, WAIT_S, () => page.$('main > .card, main > div'));
    return page;
  }

  until(what, condition) {
    return this.suite.until(what, WAIT_S, condition);
  }

  state(page, wanted) {
    return this.until(`the page says "${wanted}"`, async () =>
      (await text(page, '#state')).includes(wanted));
  }

  keep(page, name) {
    mkdirSync(this.screens, { recursive: true });
    return page.screenshot({ path: path.join(this.screens, `${name}.png`), fullPage: true });
  }

  async delivered(page) {
    return Number((await text(page, '.tile strong')).replace(/\D/g, ''));
  }
}

/** A program that the node tells of what is wrong: each notice becomes a line of a file. */
class Pager {
  constructor(folder) {
    this.told = path.join(folder, 'told');
    this.program = path.join(folder, 'pager');
    writeFileSync(this.told, '');
    writeFileSync(this.program, `#!/bin/sh\ncat >> '${this.told}'\n`, { mode: 0o755 });
  }

  notices(alert) {
    return readFileSync(this.told, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line))
      .filter((notice) => notice.alert === alert);
  }
}

/** No barrier, nothing to the side, no fault, nobody else asked. */
async function judgeLook(visit, name, section, look) {
  const page = await visit.open(section, look);
  const where = `${section} at ${look.width}, ${look.scheme}`;
  await visit.keep(page, `${name}-${section}-${look.width}-${look.scheme}`);
  expectEqual((await findBarriers(page)).join('; '), '', `barriers in ${where}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(wide <= 0, `${where} scrolls ${wide} pixels to the side`);
  expectEqual(page.faults.join('; '), '', `faults in ${where}`);
  expectEqual([...page.asked].join(), visit.base, `hosts that ${where} asked`);
  await page.close();
}

async function judgeLooks(visit, name, sections, looks) {
  for (const look of looks) {
    for (const section of sections) await judgeLook(visit, name, section, look);
  }
}

/** The page's own modules over its own data, with every word replaced by a hostile one. */
async function showHostile(page) {
  return page.evaluate(async () => {
    const evil = '"><img src=x onerror="globalThis.hurt=1"><script>globalThis.hurt=1</scr' + 'ipt>\'&';
    const spoil = (value, key) => {
      if (typeof value === 'string') return /^-?\d+$|^\d{4}-/.test(value) ? value : `${evil}${key}`;
      if (Array.isArray(value)) return value.map((one) => spoil(one, key));
      if (value && typeof value === 'object') {
        return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, spoil(one, name)]));
      }
      return value;
    };
    const data = await (await fetch('/api/page')).json();
    const one = data.recent[0];
    const detail = await (await fetch(`/api/messages/${one.id}`)).json();
    const [{ patch }, ...parts] = await Promise.all(['/dom.js', '/overview.js', '/capital.js', '/messages.js', '/health.js'].map((name) => import(name)));
    const bad = spoil(data, 'page');
    const context = { now: Date.now(), set() {}, detail: { ...spoil(detail, 'message'), id: one.id } };
    const place = document.createElement('div');
    document.body.append(place);
    const [overview, capital, messages, health] = parts;
    let shown = '';
    for (const list of [overview.overview(bad, context), capital.capital(bad, context), messages.messages(bad, context),
      messages.message(context, one.id), health.health(bad, context)]) {
      patch(place, list);
      shown += place.textContent;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const made = place.querySelectorAll('img, script, [onerror]').length;
    place.remove();
    return { hurt: globalThis.hurt ?? 0, made, shown: shown.includes('<img src=x onerror=') };
  });
}

async function checkLive(suite, visit) {
  const page = await visit.open('overview');
  await suite.check('the page loads and says that the node is ready', () => visit.state(page, 'ready'));
  await suite.check('it follows the node: deliveries are counted while it is open', async () => {
    await page.evaluate(() => (globalThis.isFirst = true));
    await suite.stage.traffic(['--transfers', '12', '--messages', '12', '--rate', '12', '--seed', '3']);
    await visit.until('24 messages are delivered', async () => (await visit.delivered(page)) >= 24);
  });
  await suite.check('a message is found by its id, and its life is told', async () => {
    const { recent } = await (await fetch(`${visit.base}/api/page`)).json();
    await page.evaluate((id) => (location.hash = `#/messages/${id}`), recent[0].id);
    await visit.until('its seven steps are done', async () => (await page.$$('.life .done')).length === 7);
    expect((await text(page, 'main')).includes(recent[0].id), 'its id');
    await page.evaluate(() => (location.hash = '#/overview'));
  });
  return page;
}

async function checkRestart(suite, visit, page, relayer) {
  await suite.check('it says that the node is gone, and follows it again', async () => {
    await suite.stage.end(relayer);
    await visit.state(page, 'no connection');
    await suite.stage.start(relayer);
    await visit.until('it is ready again', async () => (await text(page, '#state')) === 'ready');
    const before = await visit.delivered(page);
    await suite.stage.traffic(['--transfers', '0', '--messages', '6', '--rate', '6', '--seed', '4']);
    await visit.until('six more are delivered', async () => (await visit.delivered(page)) >= before + 6);
    expect(await page.evaluate(() => globalThis.isFirst), 'the page was never loaded anew');
    expectEqual(page.faults.join('; '), '', 'faults');
  });
}

async function checkKeyboard(suite, visit) {
  await suite.check('the keyboard reaches everything, first the way past the sections', async () => {
    const page = await visit.open('overview');
    const focused = () => page.evaluate(() => document.activeElement.textContent.trim());
    await page.keyboard.press('Tab');
    expectEqual(await focused(), 'Skip to content', 'the first stop');
    for (const section of SECTIONS) {
      await page.keyboard.press('Tab');
      expectEqual((await focused()).toLowerCase(), section, 'the next stop');
    }
    await page.keyboard.press('Enter');
    await visit.until('health is shown', async () => (await text(page, 'main')).includes('Can it do its work?'));
    await page.close();
  });
}

async function checkAlerts(suite, visit, relayer, pager) {
  await suite.check('who is on call is told once that a chain lost its quorum, and once that it is back', async () => {
    const [first] = readProcesses(path.join(suite.stage.folder, 'devnet'));
    const states = () => pager.notices('quorum_lost').map(({ state }) => state).join();
    expectEqual(states(), '', 'before');
    process.kill(first.pid, 'SIGSTOP');
    try {
      await visit.until('quorum_lost is told', () => states() === 'firing');
    } finally {
      process.kill(first.pid, 'SIGCONT');
    }
    await visit.until('its end is told', () => states() === 'firing,cleared');
    const [notice] = pager.notices('quorum_lost');
    expectEqual(`${notice.node} ${notice.severity}`, `${relayer.name} page`, 'who and how bad');
    expect(notice.what && notice.did && notice.todo, 'what happened, what was done, what to do');
    let metrics = '';
    await visit.until('it counts what it sent', async () => {
      metrics = await (await fetch(`${visit.base}/metrics`)).text();
      return /^sluice_alert_sent_total [1-9]/m.test(metrics);
    });
    expect(/^sluice_alert_failed_total 0$/m.test(metrics), 'nothing failed');
  });
}

async function checkBroken(suite, visit, page) {
  await suite.check('a chain that is gone is named, and readiness ends', async () => {
    const [first] = readProcesses(path.join(suite.stage.folder, 'devnet'));
    process.kill(first.pid, 'SIGKILL');
    await visit.state(page, 'not ready');
    await visit.until('it is what needs a person', async () =>
      /0 of 1 endpoints answer/.test(await page.$eval('.attention', (element) => element.textContent).catch(() => '')));
    expectEqual((await fetch(`${visit.base}/readyz`)).status, 503, '/readyz');
    expectEqual((await fetch(`${visit.base}/livez`)).status, 200, '/livez');
  });
}

runSuite('pages', 'The node\'s pages in a headless browser.', {}, async (suite) => {
  const { stage } = suite;
  const port = Number(process.env.SLUICE_PORT_BASE) + PORT_OFFSET;
  const base = `http://127.0.0.1:${port}`;
  await stage.open();
  await stage.startValidators();
  const pager = new Pager(path.resolve(suite.options.data));
  const relayer = stage.write({ name: 'relayer', mode: 'act', log: {}, site: port,
    alerts: { command: `[${pager.program}]`, hold: '500 ms' } });
  await stage.start(relayer);
  const browser = await openBrowser();
  try {
    const visit = new Visit(suite, browser, base);
    await suite.check('empty: at both widths without fault or barrier', () =>
      judgeLooks(visit, 'empty', ['overview', 'capital'], LOOKS.slice(0, 2)));
    const page = await checkLive(suite, visit);
    await suite.check('busy: every section, the first in every look', async () => {
      await judgeLooks(visit, 'busy', SECTIONS, LOOKS.slice(0, 2));
      await judgeLooks(visit, 'busy', ['overview'], LOOKS.slice(2));
    });
    await suite.check('hostile words are shown and do nothing', async () => {
      expectEqual(JSON.stringify(await showHostile(page)), '{"hurt":0,"made":0,"shown":true}', 'what they did');
    });
    await suite.check('promtool has nothing to say of the metrics', async () => {
      const metrics = await (await fetch(`${base}/metrics`)).text();
      const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: metrics, encoding: 'utf8' });
      expectEqual(`${status} ${stdout}${stderr}`, '0 ', 'promtool check metrics');
    });
    await checkKeyboard(suite, visit);
    await checkAlerts(suite, visit, relayer, pager);
    await checkRestart(suite, visit, page, relayer);
    await checkBroken(suite, visit, page);
    await suite.check('broken: the same', () =>
      judgeLooks(visit, 'broken', ['overview', 'health'], LOOKS.slice(0, 2)));
  } finally {
    await browser.close();
  }
});
