// SPDX-License-Identifier: Apache-2.0
//
// Processes by id, and by when they started: an id alone may by now be somebody else's.

import { readFileSync, readlinkSync } from 'node:fs';
import { sleep } from './terminal.mjs';

/** When a process started, in clock ticks since boot; null when there is none. */
function startTicks(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is a name in brackets that may hold anything: count from the last bracket.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  } catch {
    return null;
  }
}

/** What is needed to know a process again: {pid, startTicks}. */
export const recordProcess = (pid) => ({ pid, startTicks: startTicks(pid) });

/** Whether the recorded process still runs the program it was started with. */
export function isProcess({ pid, startTicks: recorded }, program) {
  if (startTicks(pid) !== recorded) return false;
  try {
    return readlinkSync(`/proc/${pid}/exe`).split(' ')[0].endsWith(`/${program}`);
  } catch {
    return false;
  }
}

/** Ends a recorded process, by force when it takes longer; false when it is gone already. */
export async function endProcess(record, program, waitMs) {
  if (!isProcess(record, program)) return false;
  process.kill(record.pid, 'SIGTERM');
  const end = Date.now() + waitMs;
  while (isProcess(record, program)) {
    if (Date.now() > end) process.kill(record.pid, 'SIGKILL');
    await sleep(10);
  }
  return true;
}
