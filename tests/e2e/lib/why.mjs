// SPDX-License-Identifier: Apache-2.0
//
// What stands between a message and its delivery, staged in one world after the other
// (tests/support/situations.h): the browser and `sluice why` must both give the reason.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { openBrowser, openPage } from '../../support/browser/browser.mjs';
import { runSuite } from './suite.mjs';

const WAIT_S = 120;
const PORT_OFFSET = 40;

/** What is said of a member of a message's JSON in the browser, where it is not the same text. */
const SHOWN = { payment: ' of 8 ' };

const sentence = (text) => text[0].toUpperCase() + text.slice(1);

/** In memory, where that can be: ten thousand events are made durable one by one. */
function makeFolder(data) {
  mkdirSync(data, { recursive: true });
  return mkdtempSync(existsSync('/dev/shm') ? '/dev/shm/sluice-why-' : path.join(data, 'journals-'));
}

class Situations {
  constructor(suite, browser, port) {
    Object.assign(this, { suite, base: `http://127.0.0.1:${port}`, browser });
    this.folder = makeFolder(path.resolve(suite.options.data));
    this.program = path.resolve(suite.options.program);
    this.child = spawn(path.join(path.dirname(this.program), 'tests/staged_site'), [this.folder, String(port)],
      { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** The next one that is staged and served; undefined after the last. */
  async next() {
    if (this.current) this.child.stdin.write('next\n');
    const { value } = await this.lines.next();
    this.current = value && JSON.parse(value);
    return this.current;
  }

  async close() {
    this.child.stdin.end();
    await new Promise((resolve) => (this.child.exitCode === null ? this.child.once('exit', resolve) : resolve()));
    rmSync(this.folder, { recursive: true });
  }

  text(selector) {
    return this.page.$eval(selector, (element) => element.textContent).catch(() => '');
  }

  /** The rows of a table, as lists of texts. */
  rows(label) {
    return this.page.$$eval(`[aria-label="${label}"] tbody tr`, (rows) =>
      rows.map((row) => [...row.children].map((cell) => cell.textContent)));
  }

  until(what, condition) {
    return this.suite.until(what, WAIT_S, condition);
  }

  async judgeMessage({ id, state, reason, member, has }) {
    await this.page.goto('about:blank');
    await this.page.goto(`${this.base}/#/messages/${id}`, { waitUntil: 'load' });
    await this.until('its life is shown', () => this.page.$('main .life'));
    expectEqual(await this.text('main .card strong'), sentence(reason), 'the reason on its page');
    if (state) expectEqual(await this.text('main .card .pill'), state, 'its state there');
    const wanted = SHOWN[member] ?? has;
    const shown = await this.text('main');
    expect(!wanted || shown.includes(wanted), `"${wanted}" on its page: ${shown}`);
  }

  async judgeList({ reason, waits }) {
    await this.page.evaluate(() => (location.hash = '#/overview'));
    await this.until('the overview is shown', () => this.page.$('main .tiles'));
    const rows = await this.rows('What waits, and why');
    const isListed = rows.some(([what, , , why]) => what.startsWith('messages to') && why === sentence(reason));
    expectEqual(isListed, waits, `"${reason}" among ${JSON.stringify(rows)}`);
  }

  ask(...words) {
    const { status, stdout, stderr } = spawnSync(this.program, ['why', ...words], { encoding: 'utf8' });
    expectEqual(`${status} ${stderr}`, '0 ', `sluice why ${words.join(' ')}`);
    return stdout;
  }

  judgeTerminal({ id, data, state, reason, member, has, waits }) {
    const one = this.ask(id, '--data', data);
    const said = /^state +([^:]+): (.*) \(since /m.exec(one);
    expectEqual(said?.[2], reason, 'the reason in the terminal');
    if (state) expectEqual(said[1], state, 'its state there');
    const wanted = SHOWN[member] ?? has;
    expect(!wanted || one.includes(wanted), `"${wanted}" in the terminal: ${one}`);
    const listed = this.ask('--data', data).split('\n')
      .some((line) => line.startsWith('messages to') && line.trimEnd().endsWith(reason));
    expectEqual(listed, waits, `"${reason}" in the terminal's list`);
  }
}

/** Each situation is a check of its own. */
runSuite('why', 'Why a message is not delivered: staged, in the browser and in the terminal.', {}, async (suite) => {
  const browser = await openBrowser();
  const situations = new Situations(suite, browser, Number(process.env.SLUICE_PORT_BASE) + PORT_OFFSET);
  let count = 0;
  try {
    situations.page = await openPage(browser);
    for (let of = await situations.next(); of; of = await situations.next()) {
      count += 1;
      await suite.check(of.title, async () => {
        await situations.judgeMessage(of);
        await situations.judgeList(of);
        situations.judgeTerminal(of);
        expectEqual(situations.page.faults.join('; '), '', 'faults');
      });
    }
    await suite.check('twenty situations at least', () => expect(count >= 20, `more than ${count}`));
  } finally {
    await browser.close();
    await situations.close();
  }
});
