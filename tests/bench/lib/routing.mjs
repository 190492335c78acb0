// SPDX-License-Identifier: Apache-2.0
//
// Adds HiGHS to what bench_routing and LEMON measured, takes medians of ratios, prints one line.
// Called by tests/bench/routing with the folder that holds the networks and the measurements.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const folder = process.argv[2];
const loadHighs = createRequire(path.join(path.resolve(folder), 'peers', 'package.json'))('highs');

/** HiGHS has no way back from some failures inside WebAssembly, so each solve has its own. */
async function highsMs(file, options) {
  const text = readFileSync(file, 'utf8');
  const highs = await loadHighs({});
  const cpu = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  let started = cpu();
  highs.solve(text, { ...options, time_limit: 0, presolve: 'off' });
  const reading = cpu() - started;
  started = cpu();
  const { Status: status, ObjectiveValue: value } = highs.solve(text, options);
  return { ms: Math.max(0, cpu() - started - reading), status, value };
}

/** The fastest of its ways; a second one has the first one's time. Over the limit: what it had. */
async function highsBest(file, options, ways) {
  let best;
  for (const presolve of ways) {
    process.stderr.write(`bench: HiGHS on ${path.basename(file)}, presolve ${presolve}\n`);
    const limit = best ? Math.max(best.ms / 1000, 0.1) : options.time_limit;
    try {
      const run = await highsMs(file, { ...options, presolve, time_limit: limit });
      if (run.status === 'Optimal' && (!best || best.over || run.ms < best.ms)) {
        best = { ...run, over: false };
      } else if (run.status === 'Time limit reached' && !best) {
        best = { ms: options.time_limit * 1000, over: true };
      }
    } catch (error) {
      process.stderr.write(`bench: HiGHS on ${path.basename(file)}: ${error.message ?? error}\n`);
    }
  }
  return best;
}

function linesOf(name) {
  const file = path.join(folder, name);
  return existsSync(file)
    ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line))
    : [];
}

function median(numbers) {
  const sorted = numbers.filter((number) => Number.isFinite(number)).sort((a, b) => a - b);
  if (sorted.length === 0) {
    return null;
  }
  const middle = Math.floor(sorted.length / 2);
  const value = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return Number(value.toPrecision(3));
}

const lemon = new Map(linesOf('lemon.jsonl').map((line) => [path.basename(line.file), line]));
const runs = linesOf('ours.jsonl');
for (const run of runs) {
  const name = `${run.size}-${run.seed}`;
  run.lemon_ms = lemon.get(`${name}.arcs`)?.lemon_ms;
  if (run.size !== 'large') {
    const options = { time_limit: 60 };
    const lp = await highsBest(path.join(folder, `${name}.lp`), options, ['off', 'on']);
    run.highs_ms = lp?.ms;
    run.highs_over = lp?.over;
  }
  if (run.fixed) {
    const options = { mip_rel_gap: 0, mip_abs_gap: 1e-3 * run.fixed.gain, time_limit: 30 };
    const mip = await highsBest(path.join(folder, `${name}-fixed.lp`), options, ['on']);
    run.highs_mip_ms = mip?.ms;
    run.highs_mip_over = mip?.over;
    // How far our plan with fixed costs is from the best HiGHS proved, as a part of its gain.
    const ours = run.value - run.linear.gain + run.fixed.gain;
    run.fixed_below_highs = mip?.over === false ? (mip.value - ours) / run.fixed.gain : undefined;
  }
}

function sizeSummary(size) {
  const of = runs.filter((run) => run.size === size);
  const solved = (kind) => of.filter((run) => run[kind]?.found);
  const over = (flag) => of.filter((run) => run[flag]).length;
  const ratio = (kind) => median(solved(kind).map((run) => run[kind].ms / run.clp_ms));
  return {
    seeds: of.length,
    rows: of[0].rows,
    columns: of[0].columns,
    clp_ms: median(of.map((run) => run.clp_ms)),
    ours_ms: median(of.map((run) => run.linear.ms)),
    linear: ratio('linear'),
    risk: ratio('risk'),
    fixed: ratio('fixed'),
    warm: median(of.map((run) => run.warm?.ms / run.clp_ms)),
    fixed_gap: median(of.map((run) => run.fixed?.gap)),
    fixed_gap_early: median(of.map((run) => run.fixed_gap_early)),
    fixed_bytes_per_column: median(of.map((run) => run.fixed?.bytes / run.columns)),
    fixed_below_highs: median(of.map((run) => run.fixed_below_highs)),
    clp_warm: median(of.map((run) => run.clp_warm_ms / run.clp_ms)),
    glpk: median(of.map((run) => run.glpk_ms / run.clp_ms)),
    highs_wasm: median(of.map((run) => run.highs_ms / run.clp_ms)),
    highs_wasm_fixed: median(of.map((run) => run.highs_mip_ms / run.clp_ms)),
    over_limit: { glpk: over('glpk_over'), highs_wasm: over('highs_over'),
      highs_wasm_fixed: over('highs_mip_over') },
    lossless_to_lemon: median(of.map((run) => run.lossless.ms / run.lemon_ms)),
    lossless_to_clp: median(of.map((run) => run.lossless.ms / run.lossless_clp_ms)),
    bytes_per_column: median(of.map((run) => run.linear.bytes / run.columns)),
    // The largest difference between our optimum and Clp's, as a part of the gain.
    differs: Math.max(...of.map((run) => Math.abs(run.value - run.clp_value) / run.linear.gain)),
    unsolved: of.length * 2 - solved('linear').length - solved('risk').length,
  };
}

const sizes = [...new Set(runs.map((run) => run.size))];
process.stdout.write(`${JSON.stringify({
  bench: 'routing',
  time: 'cpu',
  ratio_to: 'clp cold, the fastest of its ways, same network without risk and fixed costs',
  sizes: Object.fromEntries(sizes.map((size) => [size, sizeSummary(size)])),
})}\n`);
