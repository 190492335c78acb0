// SPDX-License-Identifier: Apache-2.0
//
// A warp route that locks on the origin what it mints on the destination, and what a node that moves
// capital does when more is minted than is locked: whoever minted it, or lies about what is locked.

import { mailboxAbi, routerAbi, tokenAbi } from '../../../deploy/devnet/lib/abi.mjs';
import { hyperlaneContract } from '../../../deploy/devnet/lib/contracts.mjs';
import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { dispatchLogs, messageOfLog } from '../../../deploy/devnet/lib/messages.mjs';
import { readLog } from '../../../deploy/devnet/lib/nodes.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { callContract, rpc, sendContract, sendTransaction, waitReceipt }
  from '../../../deploy/devnet/lib/rpc.mjs';
import { sleep } from '../../../deploy/devnet/lib/terminal.mjs';
import { runOperator } from './operator.mjs';

const { concat, encodeDeployData, numberToHex, pad } = requirePackage('viem/utils');

const ZERO = pad('0x', { size: 20 });
const WAIT_SECONDS = 120;
const QUIET_MS = 3_000; // in which what must not happen would have
const PORT_OFFSET = 60;
const UNIT = 10n ** 6n;
export const MINTED = 'BOND';

/** Sends as an account that no key is known of. */
export async function sendAs(url, from, call) {
  await rpc(url, 'anvil_impersonateAccount', [from]);
  await rpc(url, 'anvil_setBalance', [from, numberToHex(10n ** 18n)]);
  return sendContract(url, { from, ...call });
}

/** The route: `locks` on the origin, `mints` on the destination. */
export class MintingRoute {
  constructor(world) {
    Object.assign(this, { world, user: world.stage.devnet.users[0], locks: null, mints: null });
    this.port = Number(process.env.SLUICE_PORT_BASE) + PORT_OFFSET;
  }

  async create({ httpUrl }, kind, args, setup) {
    const from = this.user;
    const { abi, bytecode } = hyperlaneContract(kind);
    const data = encodeDeployData({ abi, bytecode, args });
    const { contractAddress: to } = await waitReceipt(
      httpUrl, await sendTransaction(httpUrl, { from, data }), kind);
    await sendContract(httpUrl, { from, to, abi, functionName: 'initialize', args: setup });
    return { address: to, abi };
  }

  async deploy() {
    const { world: { origin, destination, stage: { devnet } }, user } = this;
    this.locks = await this.create(origin, 'token/HypERC20Collateral',
      [origin.stablecoin, 1n, 1n, origin.mailbox], [ZERO, ZERO, user]);
    this.mints = await this.create(destination, 'token/HypERC20',
      [devnet.tokenDecimals, 1n, 1n, destination.mailbox],
      [0n, 'Minted dollar', 'mUSD', ZERO, ZERO, user]);
    const enrol = ({ httpUrl }, { address, abi }, remote, other) => sendContract(httpUrl, {
      from: user, to: address, abi, functionName: 'enrollRemoteRouter',
      args: [remote.domain, pad(other.address)] });
    await enrol(origin, this.locks, destination, this.mints);
    await enrol(destination, this.mints, origin, this.locks);
    await sendContract(origin.httpUrl, { from: user, to: origin.stablecoin, abi: tokenAbi,
      functionName: 'approve', args: [this.locks.address, 2n ** 255n] });
  }

  /** What a node's configuration says of it. */
  get settings() {
    const { world: { origin, destination } } = this;
    return {
      minted: {
        asset: MINTED,
        collateral: { chain: origin, address: this.locks.address, token: origin.stablecoin },
        routers: [{ chain: destination, address: this.mints.address }],
      },
      site: this.port,
    };
  }

  /** A user sends over the route; resolves to the message. */
  async send(from, router, to, whole, url = from.httpUrl) {
    const value = await callContract(url, router.address, routerAbi, 'quoteGasPayment', [to.domain]);
    const receipt = await sendContract(url, { from: this.user, to: router.address, abi: routerAbi,
      value, functionName: 'transferRemote', args: [to.domain, pad(this.user), whole * UNIT] });
    return messageOfLog(dispatchLogs(receipt)[0]);
  }

  lock(whole) {
    const { origin, destination } = this.world;
    return this.send(origin, this.locks, destination, whole);
  }

  burn(whole) {
    const { origin, destination } = this.world;
    return this.send(destination, this.mints, origin, whole);
  }

  held(url = this.world.origin.httpUrl) {
    return callContract(url, this.world.origin.stablecoin, tokenAbi, 'balanceOf',
      [this.locks.address]);
  }

  /** What `status` says of the asset. */
  backing() {
    const { stage, node } = this.world;
    const { capital } = JSON.parse(runOperator(stage, node, 'status', '--json'));
    return capital.find(({ asset }) => asset === MINTED).backing ?? { state: 'unknown' };
  }

  async reaches(state, whole) {
    const wanted = whole === undefined ? undefined : String(whole * UNIT);
    await this.world.suite.until(`the backing is ${state}`, WAIT_SECONDS, () => {
      this.world.stage.check();
      const { state: now, collateral, claims } = this.backing();
      return now === state && (wanted === undefined || (collateral === wanted && claims === wanted));
    });
  }

  alarms() {
    const { stage, node } = this.world;
    const text = readLog(stage.handles.get(node.name));
    return text.split('\n').filter((line) =>
      /level=error/.test(line) && line.includes(`${MINTED}: collateral`)).length;
  }

  /** The metric, which is made anew every few seconds. */
  async says(wanted) {
    const line = `sluice_invariant_ok{invariant="backing",of="${MINTED}"} ${wanted}\n`;
    await this.world.suite.until(`the metric is ${wanted}`, WAIT_SECONDS, async () =>
      (await (await fetch(`http://127.0.0.1:${this.port}/metrics`)).text()).includes(line));
  }

  why(...of) {
    return runOperator(this.world.stage, this.world.node, 'why', ...of);
  }
}

/** Every unit there and back is backed; one that is minted for nothing stops the route. */
export async function minting(route) {
  const { world } = route;
  const { origin, destination, suite } = world;
  const arrived = (chain, { id }) => suite.until('it arrives', WAIT_SECONDS, () =>
    callContract(chain.httpUrl, chain.mailbox, mailboxAbi, 'delivered', [id]));
  await suite.check('supply: what is locked here and minted there is backed, there and back', async () => {
    await arrived(destination, await route.lock(500n));
    await arrived(origin, await route.burn(200n));
    await route.reaches('held', 300n);
    expectEqual(route.alarms(), 0, 'alarms');
    await route.says('1');
  });
  await suite.check('supply: minted for nothing: an alarm, and the route\'s messages are stopped',
    async () => {
      const body = concat([pad(route.user), numberToHex(50n * UNIT, { size: 32 })]);
      await sendAs(destination.httpUrl, destination.mailbox, { to: route.mints.address,
        abi: route.mints.abi, functionName: 'handle',
        args: [origin.domain, pad(route.locks.address), body] });
      await route.reaches('broken');
      expectEqual(route.alarms(), 1, 'alarms');
      await route.says('0');
      const held = await route.held();
      const message = await route.burn(50n);
      const other = await world.dispatch();
      await suite.until('why names the reason', WAIT_SECONDS, () =>
        /more is claimed than the route's collateral/.test(route.why(message.id)));
      await arrived(destination, other); // nothing else is stopped
      await sleep(QUIET_MS);
      expectEqual(await route.held(), held, 'collateral');
      expect(new RegExp(`collateral of\\s+${MINTED}`).test(route.why()), 'why without a subject');
      await sendContract(origin.httpUrl, { from: route.user, to: origin.stablecoin, abi: tokenAbi,
        functionName: 'transfer', args: [route.locks.address, 50n * UNIT] });
      await arrived(origin, message);
      await route.reaches('held', 300n);
    });
}

/** On the liars' chain the collateral is gone; the supply on the other chain knows better. */
export async function lockedIsSaidToBeGone(route, url) {
  await sendAs(url, route.locks.address, { to: route.world.origin.stablecoin, abi: tokenAbi,
    functionName: 'transfer', args: [route.world.stage.devnet.users[2], await route.held(url)] });
}
