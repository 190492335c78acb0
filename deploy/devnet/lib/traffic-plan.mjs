// SPDX-License-Identifier: Apache-2.0
//
// Decides the traffic before any of it is sent: the same seed on the same devnet gives the same
// list. Amounts are base units. No router is asked to pay more than it holds at the start, less a
// reserve, whatever comes in meanwhile.

import { Random } from './random.mjs';
import { tokens } from './chains.mjs';
import { EXIT_FAILED, Stop } from './terminal.mjs';

const AMOUNT_MIN = 100; // whole tokens
const RESERVE_DIVISOR = 5n; // a fifth of the collateral stays
const GROUP_MAX = 4; // messages of one transaction at a steady rate
const BURST_GROUP_MAX = 200; // and in a burst: 13 of the block's 30 million gas
const ACTIONS_PER_VAULT_ACTION = 20;
const VAULT_AMOUNT_MAX = 10_000;
const PICK_TRIES_MAX = 20;

/**
 * Options: transfers, messages, bias, seed, burst, amountMax, lane ([from, to] or null).
 * World: chainsCount, payable (per chain), balances (per chain, per user), depositorsCount.
 */
export function planTraffic(options, world) {
  const random = new Random(options.seed);
  const routes = { ...options, chainsCount: world.chainsCount };
  const actions = [
    ...planTransfers(random, routes, world),
    ...planMessages(random, routes),
  ];
  const vaultCount = Math.floor(actions.length / ACTIONS_PER_VAULT_ACTION);
  actions.push(...planVaultActions(random, world, vaultCount));
  return random.shuffle(actions);
}

export function payableCollateral(collateral, owed) {
  const free = collateral - collateral / RESERVE_DIVISOR - owed;
  return free > 0n ? free : 0n;
}

function planTransfers(random, routes, world) {
  const payable = [...world.payable];
  const balances = world.balances.map((list) => [...list]);
  const actions = [];
  for (let i = 0; i < routes.transfers; ++i) {
    const action = pickTransfer(random, routes, payable, balances);
    payable[action.destination] -= action.amount;
    balances[action.origin][action.user] -= action.amount;
    actions.push(action);
  }
  return actions;
}

function pickTransfer(random, routes, payable, balances) {
  for (let i = 0; i < PICK_TRIES_MAX; ++i) {
    const [origin, destination] = pickLane(random, routes, routes.bias);
    const user = random.between(0, balances[origin].length - 1);
    const amount = tokens(random.between(AMOUNT_MIN, routes.amountMax));
    if (amount <= payable[destination] && amount <= balances[origin][user]) {
      return { kind: 'transfer', origin, destination, user, amount };
    }
  }
  throw new Stop(
    EXIT_FAILED,
    'the routers or the users hold too little for so many transfers: fewer, or --amount-max',
  );
}

/** With chance `bias` from the first chain to the last, else between any two. */
function pickLane(random, { lane, chainsCount }, bias) {
  const biased = random.fraction() < bias;
  const origin = random.between(0, chainsCount - 1);
  const step = random.between(1, chainsCount - 1);
  if (lane) return lane;
  if (biased) return [0, chainsCount - 1];
  return [origin, (origin + step) % chainsCount];
}

function planMessages(random, routes) {
  const actions = [];
  for (let left = routes.messages; left > 0; ) {
    const most = routes.burst ? BURST_GROUP_MAX : random.between(1, GROUP_MAX);
    const count = Math.min(left, most);
    const [origin, destination] = pickLane(random, routes, 0);
    actions.push({ kind: 'messages', origin, destination, count });
    left -= count;
  }
  return actions;
}

/** Each deposit has its redemption, so a long run never empties a depositor. */
function planVaultActions(random, world, count) {
  const actions = [];
  while (actions.length + 1 < count) {
    const chain = random.between(0, world.chainsCount - 1);
    const depositor = random.between(0, world.depositorsCount - 1);
    const amount = tokens(random.between(1, VAULT_AMOUNT_MAX));
    actions.push({ kind: 'deposit', origin: chain, depositor, amount });
    actions.push({ kind: 'redeem', origin: chain, depositor, amount });
  }
  return actions;
}
