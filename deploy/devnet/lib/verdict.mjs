// SPDX-License-Identifier: Apache-2.0
//
// What became of the demo: read from the chains alone and from the journals, and compared with what
// was promised.

import { formatTokens, tokens } from './chains.mjs';
import { wholeTokens, percent } from './display.mjs';
import { measure } from './measurement.mjs';
import { readMessages } from './messages.mjs';
import { rpcBatch } from './rpc.mjs';

const FINALITY_BLOCKS = 2; // of the devnet: `finalized` is the head less two
const BATCH_MAX = 200;

/** Block number to its seconds, for the blocks asked for. */
async function readTimes(chain, blocks) {
  const times = new Map();
  const wanted = [...new Set(blocks)];
  for (let i = 0; i < wanted.length; i += BATCH_MAX) {
    const part = wanted.slice(i, i + BATCH_MAX);
    const requests = part.map((block) => [
      'eth_getBlockByNumber', [`0x${block.toString(16)}`, false],
    ]);
    const headers = await rpcBatch(chain.httpUrl, requests);
    headers.forEach((header, k) => times.set(part[k], header && Number(header.timestamp)));
  }
  return times;
}

/** Seconds from the block that made each message final to the block that delivered it, sorted. */
async function readLatencies(devnet, messages) {
  const seconds = [];
  for (const chain of devnet.chains) {
    const sent = messages.filter(
      ({ origin, deliveries }) => origin === chain.domain && deliveries.length > 0);
    const times = await readTimes(chain, sent.map(({ block }) => block + FINALITY_BLOCKS));
    for (const { block, deliveries } of sent) {
      const final = times.get(block + FINALITY_BLOCKS);
      if (final) seconds.push(deliveries[0].seconds - final);
    }
  }
  return seconds.sort((a, b) => a - b);
}

export function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/**
 * Everything that can be said at the end. `ids` are the users' messages; `journals` is a list of
 * {name, ok, words}, and `ledger` what readLedger found.
 */
export async function judge({ devnet, story, ids, watch, tolerance, journals, ledger }) {
  const measured = await measure(devnet, 0, devnet.relayer.address, story.holders);
  const { messages } = await readMessages(devnet);
  const users = new Set(ids);
  const ofUsers = messages.filter(({ id }) => users.has(id));
  await watch.refresh();
  return {
    measured,
    sent: ids.length,
    delivered: ofUsers.filter(({ deliveries }) => deliveries.length > 0).length,
    latencies: await readLatencies(devnet, ofUsers),
    apart: watch.states.map(({ name }, i) => ({ name, bps: watch.apart(i) })),
    tolerance,
    journals,
    ledger,
    capital: { ...await story.measure(), figures: story.figures, faults: story.faults },
  };
}

/** The line that programs read. */
export function verdictLine({ measured, delivered, ledger, journals, capital }) {
  return JSON.stringify({
    delivered,
    lost: measured.lost,
    duplicated: measured.duplicated,
    moved: measured.moved,
    moves: measured.moves,
    ...capital.figures,
    earned: String(capital.earned),
    ledger_difference: String(BigInt(ledger.difference) + capital.difference),
    journal: journals.every(({ ok }) => ok) ? 'verified' : 'broken',
  });
}

/** What is not as promised, one line each; empty when all is well. */
export function findFaults(verdict, deliveredMin) {
  const { measured, delivered, sent, apart, tolerance, ledger, journals, capital } = verdict;
  const spread = apart.filter(({ bps }) => Math.abs(bps) > tolerance);
  const checks = [
    [delivered === sent, `${sent - delivered} of ${sent} user messages are not delivered`],
    [delivered >= deliveredMin, `only ${delivered} user messages; ${deliveredMin} are promised`],
    [measured.lost === 0, `lost: ${measured.lostIds.join(' ')}`],
    [measured.duplicated === 0, `${measured.duplicated} messages were delivered twice`],
    [measured.unknown === 0, `${measured.unknown} messages were delivered that nobody sent`],
    [measured.moves > 0, 'no capital was moved'],
    [measured.supplyDifference === '0', `tokens missing: ${measured.supplyDifference} base units`],
    [measured.collateralDifference === '0',
      `routers and bridges differ by ${measured.collateralDifference} base units`],
    ...spread.map(({ name, bps }) => [false, `${name} is ${percent(bps)} from its target`]),
    [ledger.difference === '0', `the ledger differs by ${ledger.difference} base units`],
    [capital.difference === 0n,
      `books and chains differ by ${capital.difference} base units of what is in spokes and venues`],
    ...[...ledger.faults, ...capital.faults].map((fault) => [false, fault]),
    ...journals.filter(({ ok }) => !ok).map(({ name, words }) => [false, `${name}: ${words}`]),
  ];
  return checks.filter(([good]) => !good).map(([, words]) => words);
}

function moveRows({ measured }) {
  return measured.chains.filter(({ moves }) => moves > 0).map(({ name, moves, moved }) => [
    `moved from ${name}`, `${wholeTokens(moved)} tokens in ${moves} moves`,
  ]);
}

function gasRows({ measured }) {
  return Object.entries(measured.relayer).map(([kind, { count, reverted, gas, fee }]) => [
    `gas of ${kind}`,
    `${count} transactions, ${Math.round(gas / count).toLocaleString('en-US')} gas each, ` +
      `${reverted} reverted, ${(Number(fee) / 1e18).toFixed(6)} coins in all`,
  ]);
}

/** The summary for people. */
export function summaryText(verdict) {
  const { measured, latencies, apart, ledger, journals, sent, delivered, capital } = verdict;
  const moves = measured.dispatched - sent;
  const rows = [
    ['user messages', `${delivered} of ${sent} delivered; lost ${measured.lost}, ` +
      `delivered twice ${measured.duplicated}`],
    ['bridge messages', `${moves}, one for each move of capital between chains`],
    ['from final to delivered', latencies.length === 0 ? 'none' :
      `p50 ${quantile(latencies, 0.5)} s, p99 ${quantile(latencies, 0.99)} s, ` +
      `longest ${latencies.at(-1)} s (the SIGKILL included)`],
    ...moveRows(verdict),
    ['from their targets', apart.map(({ name, bps }) => `${name} ${percent(bps)}`).join(', ')],
    ...gasRows(verdict),
    ['tokens on the chains', `missing ${formatUnits(measured.supplyDifference)}; routers and ` +
      `bridges off by ${formatUnits(measured.collateralDifference)}`],
    ['capital in venues', `earned ${formatTokens(capital.earned)} USDC; books and chains off by ${formatUnits(capital.difference)}`],
    ['the node\'s ledger', ledger.words],
    ...journals.map(({ name, words }) => [name, words.replace(/, digest 0x.*/, '')]),
  ];
  const width = Math.max(...rows.map(([title]) => title.length));
  return rows.map(([title, words]) => `  ${title.padEnd(width)}   ${words}\n`).join('');
}

function formatUnits(units) {
  return BigInt(units) % tokens(1) === 0n ? `${wholeTokens(units)} tokens` : `${units} base units`;
}
