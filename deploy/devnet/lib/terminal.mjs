// SPDX-License-Identifier: Apache-2.0
//
// What the programs say on the terminal and how they end.

import { parseArgs } from 'node:util';

export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;
export const EXIT_UNAVAILABLE = 3;
export const EXIT_INTERRUPTED = 130;

/** Ends a program with one clear line and an exit code. */
export class Stop extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

let interrupted = false;

/** From here on an interrupt ends the program at the next stopIfInterrupted: it cleans up. */
export function deferInterrupts() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => (interrupted = true));
  }
}

export function stopIfInterrupted() {
  if (interrupted) throw new Stop(EXIT_INTERRUPTED, 'interrupted');
}

/** Runs a program: prints one line for an expected end, the whole error for a surprise. */
export async function runProgram(name, main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    const expected = error instanceof Stop;
    process.stderr.write(`${name}: ${expected ? error.message : error.stack}\n`);
    process.exitCode = expected ? error.code : EXIT_FAILED;
  }
}

/** Command line by a table of {name: {type, default, help, value}}; --help prints the table. */
export function readOptions(title, table) {
  const options = { help: { type: 'boolean' } };
  for (const [name, row] of Object.entries(table)) {
    options[name] = { type: row.type };
    if (row.default !== undefined) options[name].default = row.default;
  }
  let values;
  try {
    ({ values } = parseArgs({ options, strict: true }));
  } catch (error) {
    throw new Stop(EXIT_USAGE, `${error.message} (--help lists the options)`);
  }
  if (values.help) {
    process.stdout.write(helpText(title, table));
    process.exit(0);
  }
  return values;
}

function helpText(title, table) {
  const lines = Object.entries(table).map(([name, row]) => {
    const flag = row.type === 'boolean' ? `--${name}` : `--${name} ${row.value}`;
    const preset = row.default === undefined ? '' : ` (${row.default})`;
    return `  ${flag.padEnd(22)} ${row.help}${preset}`;
  });
  return `${title}\n\n${lines.join('\n')}\n`;
}

/** A whole number within bounds, from an option or the environment. */
export function readCount(what, text, minimum, maximum) {
  const value = Number(text);
  if (!/^\d+$/.test(String(text)) || value < minimum || value > maximum) {
    throw new Stop(EXIT_USAGE, `${what} is "${text}"; it must be ${minimum} to ${maximum}`);
  }
  return value;
}

/** A line that replaces itself on a terminal, and is a line of its own in a log. */
export function showProgress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else process.stderr.write(`${text}\n`);
}

export function endProgress() {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
