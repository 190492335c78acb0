// SPDX-License-Identifier: Apache-2.0
//
// What processes cost, from /proc.

import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

function statFields(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Milliseconds of CPU that processes used so far. */
export function cpuMs(pids) {
  const ticks = pids.map((pid) => {
    const fields = statFields(pid);
    return Number(fields[11]) + Number(fields[12]); // utime, stime
  });
  return (ticks.reduce((sum, count) => sum + count, 0) * 1000) / ticksPerSecond;
}

/** The processes that a process started. */
export function childrenOf(pid) {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((child) => {
    try {
      return Number(statFields(child)[1]) === pid;
    } catch {
      return false;
    }
  });
}

/** Anonymous memory in MiB: files that are mapped are not counted. */
export function anonymousMib(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)[1]) / 1024;
}

/** Samples a process's anonymous memory until stopped; `peak` is the most that was seen. */
export class MemoryWatch {
  constructor(pid, intervalMs = 50) {
    this.peak = anonymousMib(pid);
    const sample = () => (this.peak = Math.max(this.peak, anonymousMib(pid)));
    this.timer = setInterval(sample, intervalMs);
  }

  stop() {
    clearInterval(this.timer);
  }
}
