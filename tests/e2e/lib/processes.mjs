// SPDX-License-Identifier: Apache-2.0

import { readFileSync, readdirSync } from 'node:fs';

/** Ids of the processes whose command line names a folder; our own is left out. */
export function processesNaming(folder) {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return Number(pid) !== process.pid &&
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder);
    } catch {
      return false;
    }
  });
}
