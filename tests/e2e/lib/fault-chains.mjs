// SPDX-License-Identifier: Apache-2.0
//
// Whole chains that stand still, step back or are another truth, with every endpoint saying so; and
// contracts that look like ours. What a node does about values above `large`.

import path from 'node:path';
import { endAnvil, startAnvil } from '../../../deploy/devnet/lib/anvil.mjs';
import { mailboxAbi, routerAbi, tokenAbi } from '../../../deploy/devnet/lib/abi.mjs';
import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { dispatchLogs, messageOfLog, topicOf } from '../../../deploy/devnet/lib/messages.mjs';
import { readLog } from '../../../deploy/devnet/lib/nodes.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { callContract, rpc, sendContract, sendTransaction, waitReceipt }
  from '../../../deploy/devnet/lib/rpc.mjs';
import { sleep } from '../../../deploy/devnet/lib/terminal.mjs';
import { altering, finalStuck, halfOpen, otherChain } from '../../support/fault-proxy.mjs';
import { MintingRoute, lockedIsSaidToBeGone, minting, sendAs } from './fault-backing.mjs';
import { countDelivered } from './dispatch.mjs';
import { chainStatus, runOperator } from './operator.mjs';
import { IN_FLIGHT_MAX, run } from './fault-world.mjs';

const { concat, encodeAbiParameters, numberToHex, pad } = requirePackage('viem/utils');

const WAIT_SECONDS = 120;
const QUIET_MS = 3_000; // in which what must not happen would have
const BACKLOG = 20;
const STALLED_BLOCKS = 300; // an hour of 12-second blocks
const SEND = 'eth_sendRawTransaction';
const UNIT = 10n ** 6n;
const LARGE = 1000; // USDC
const VELOCITY = 6000;

const all = (world, fault) => world.readers.map((proxy) => [proxy, fault()]);
const pending = async ({ httpUrl }) => Number((await rpc(httpUrl, 'txpool_status')).pending);
const mineEvery = ({ httpUrl }, seconds) => rpc(httpUrl, 'evm_setIntervalMining', [seconds]);
const mine = ({ httpUrl }, count) => rpc(httpUrl, 'anvil_mine', [numberToHex(count)]);

/** Finality of the origin stands, jumps, and goes backwards. */
export async function finality(world) {
  const { origin, sender, stage } = world;
  await world.check('10: finality stands for an hour of blocks, then jumps: no herd follows',
    all(world, finalStuck), async () => {
      await sleep(1500); // the final block that stays is asked for
      const messages = [];
      for (let i = 0; i < BACKLOG; ++i) messages.push(await world.dispatch());
      await mine(origin, STALLED_BLOCKS);
      await sleep(QUIET_MS);
      expectEqual(await countDelivered(world.destination, messages), 0,
        'deliveries of what is not final');
      const before = [...sender.calls.values()].reduce((sum, count) => sum + count, 0);
      const sendsBefore = sender.count(SEND);
      await mineEvery(world.destination, 0); // what was sent stays in the pool
      world.clear();
      await world.suite.until('as many wait as may', WAIT_SECONDS, async () =>
        (await pending(world.destination)) >= IN_FLIGHT_MAX);
      await sleep(QUIET_MS);
      expectEqual(await pending(world.destination), IN_FLIGHT_MAX, 'transactions in no block');
      await mineEvery(world.destination, 1);
      for (const message of messages) await world.awaitDelivery(message);
      expect(sender.count(SEND) - sendsBefore <= BACKLOG, 'no more transactions than messages');
      const calls = [...sender.calls.values()].reduce((sum, count) => sum + count, 0) - before;
      expect(calls <= 30 * BACKLOG, `${calls} calls for ${BACKLOG} messages`);
    });
  await world.check('11: what is final goes backwards: the chain stops, with evidence and an alarm',
    all(world, () => finalStuck(5)), async () => {
      await world.suite.until('the chain is stopped', WAIT_SECONDS, () =>
        chainStatus(stage, world.node, origin).stopped);
      expect(/level=error.*final block moved back/i.test(readLog(stage.handles.get(world.node.name))),
        'an alarm');
      expect((await world.records('note')).some((record) =>
        /final block moved back/.test(JSON.stringify(record))), 'a record of it');
      const message = await world.dispatch();
      await sleep(QUIET_MS);
      expectEqual(await world.isDelivered(message), false, 'delivered');
      world.clear();
      runOperator(stage, world.node, 'resume', '--chain', origin.name);
      await world.awaitDelivery(message, WAIT_SECONDS);
    });
}

/** LOG4 of whatever it is called with: four topics, then data. */
const ECHO = '0x6080360380608060003760603560403560203560003584' + '6000a400';
const deployable = (code) => concat([`0x60${numberToHex(size(code)).slice(2)}80600b6000396000f3`, code]);
const size = (code) => (code.length - 2) / 2;
const proxyOf = (address) =>
  concat(['0x363d3d373d3d3d363d73', address, '0x5af43d82803e903d91602b57fd5bf3']);

/** Contracts that are not the mailbox and say what it would say, and a dispatch that reverted. */
export async function impostors(world) {
  const { origin, destination, stage: { devnet } } = world;
  const from = devnet.users[1];
  const deploy = async (code) => {
    const hash = await sendTransaction(origin.httpUrl, { from, data: deployable(code) });
    return (await waitReceipt(origin.httpUrl, hash, 'an impostor')).contractAddress;
  };
  await world.suite.check('8: logs of an impostor, of its proxy, and of what reverted are nothing',
    async () => {
      const impostor = await deploy(ECHO);
      const proxy = await deploy(proxyOf(impostor));
      const real = await world.dispatch();
      const forged = forge(real);
      const topics = [topicOf(mailboxAbi, 'Dispatch'), pad(from), numberToHex(destination.domain,
        { size: 32 }), pad(destination.testRecipient)];
      const data = concat([...topics, encodeAbiParameters([{ type: 'bytes' }], [forged.bytes])]);
      for (const to of [impostor, proxy]) {
        const hash = await sendTransaction(origin.httpUrl, { from, to, data });
        const { logs } = await waitReceipt(origin.httpUrl, hash, 'a forged log');
        expectEqual(logs[0].address, to, 'the address of a log');
        expectEqual(messageOfLog(logs[0]).bytes, forged.bytes, 'the message in it');
      }
      await revertedDispatch(world, from);
      await world.deliverOne();
      await world.awaitDelivery(real);
      const known = await run(world.stage.program,
        ['messages', 'list', '--config', world.node.config, '--json']);
      expect(!known.stdout.includes(forged.id.slice(2)), 'no word of the forged message');
      expectEqual(await world.isDelivered(forged), false, 'delivered');
    });
}

/** The same message with the next nonce and another body. */
function forge({ bytes }) {
  const { keccak256 } = requirePackage('viem/utils');
  const changed = `0x${bytes.slice(2, 4)}${'000fffff'}${bytes.slice(12, -2)}99`;
  return { bytes: changed, id: keccak256(changed) };
}

async function revertedDispatch({ origin, destination }, from) {
  const { encodeFunctionData } = requirePackage('viem/utils');
  const data = encodeFunctionData({ abi: mailboxAbi, functionName: 'dispatch',
    args: [destination.domain, pad(destination.testRecipient), '0x1234'] });
  const hash = await sendTransaction(origin.httpUrl,
    { from, to: origin.mailbox, data, value: '0x0', gas: '0x11170' }); // it runs out of gas
  try {
    await waitReceipt(origin.httpUrl, hash, 'dispatch');
  } catch (error) {
    if (/reverted/.test(error.message)) return;
    throw error;
  }
  throw new Error('the dispatch did not revert');
}

/** Changes its chain while it is used, without any connection ending. */
export class Turncoat {
  constructor(world) {
    this.world = world;
    [, , this.proxy] = world.readers;
  }

  begin() {
    this.proxy.keep(otherChain(4243));
  }

  async end() {
    const { world, proxy } = this;
    await world.suite.check('6: one that changes its chain in mid-session is not used again',
      async () => {
        await world.suite.until('it is named', WAIT_SECONDS, async () =>
          (await world.records('endpoint')).some((record) =>
            JSON.stringify(record).includes('chain id is 4243')));
        proxy.keep();
        const before = proxy.count('eth_getBlockByNumber');
        await world.deliverOne();
        expectEqual(proxy.count('eth_getBlockByNumber') - before, 0, 'questions to it afterwards');
      });
    proxy.keep(); // whatever came of it
  }
}

// ---- values above `large`, and all endpoints in one lie: a node that moves capital ----

/** Sends tokens through the warp route; resolves to the message. */
async function transfer(world, chain, to, usdc, url = chain.httpUrl) {
  const [from] = world.stage.devnet.users;
  const value = await callContract(url, chain.router, routerAbi, 'quoteGasPayment', [to.domain]);
  const receipt = await sendContract(url, { from, to: chain.router, abi: routerAbi, value,
    functionName: 'transferRemote', args: [to.domain, pad(from), BigInt(usdc) * UNIT] });
  return messageOfLog(dispatchLogs(receipt)[0]);
}

async function startCapital(world, route) {
  const [first, second, third] = world.readers;
  world.node = world.write({
    name: 'capital',
    mode: 'act',
    endpointOf: (chain) => (chain === world.origin
      ? [first.url, second.url, third.httpUrl].join(', ') : world.sender.url),
    ...world.settings,
    ...route.settings,
    large: { value: `${LARGE} USDC`, blocks: 1 },
    route: { velocity: `${VELOCITY} USDC`, move_max: '2000 USDC', tolerance: '20 %' },
  });
  await world.stage.start(world.node);
}

/** One of n is enough to hold what is large back, and holds nothing else back. */
async function largeValues(world) {
  const { origin, destination, readers: [first, second] } = world;
  const hook = origin.merkleTreeHook.toLowerCase();
  const liar = altering(['eth_call'], (data, { params: [{ to }] }) =>
    (to.toLowerCase() === hook ? `0x77${data.slice(4)}` : data));
  for (const [what, faults] of [
    ['disagrees', [[first, liar]]],
    ['is silent', [[second, halfOpen()]]],
  ]) {
    await world.check(`large: while one endpoint ${what}, a large value waits and a small one passes`,
      faults, async () => {
        const large = await transfer(world, origin, destination, LARGE);
        const small = await transfer(world, origin, destination, LARGE / 10);
        await world.awaitDelivery(small, WAIT_SECONDS);
        await world.suite.until('why names the reason', WAIT_SECONDS, async () =>
          /every endpoint/i.test((await run(world.stage.program,
            ['why', large.id, '--config', world.node.config])).stdout));
        await sleep(QUIET_MS);
        expectEqual(await world.isDelivered(large), false, 'the large value is delivered');
        if (what === 'disagrees') {
          expect((await world.records('dissent')).some(({ fields: { endpoint_index: index, question,
            answer } }) => index === 0 && question.toLowerCase().includes(hook) &&
            answer.includes('0x77')), 'the other root as evidence, under the liar\'s number');
        }
        world.clear();
        await world.awaitDelivery(large, WAIT_SECONDS);
      });
  }
}

const collateral = ({ httpUrl, stablecoin, router }, url = httpUrl) =>
  callContract(url, stablecoin, tokenAbi, 'balanceOf', [router]);

/**
 * Every endpoint of the origin turns to a chain of its own, which went on where the true one was:
 * its headers, logs and balances fit each other, and all of them are a lie. There the router lost
 * its collateral, so capital would have to come; and somebody sent the destination a fortune.
 */
async function ownFork(world, route) {
  const { origin, destination, stage } = world;
  let process = null;
  // The true chain stands still meanwhile, so that the other one goes on exactly where it was.
  await mineEvery(origin, 0);
  try {
    const fork = await startAnvil({ chainId: origin.chainId, port: 0, blockSeconds: 1,
      logPath: path.join(stage.folder, 'fork.log'), workPath: path.join(stage.folder, 'fork.work'),
      forkUrl: origin.httpUrl }, (record) => (process = record));
    const target = { wsUrl: fork.url.replace('http', 'ws'), httpUrl: fork.url };
    const held = await collateral(destination);
    const forged = await transfer(world, origin, destination, 5 * LARGE, fork.url);
    await sendAs(fork.url, origin.router, { to: origin.stablecoin, abi: tokenAbi,
      functionName: 'transfer', args: [stage.devnet.users[2], await collateral(origin, fork.url)] });
    await lockedIsSaidToBeGone(route, fork.url);
    for (const proxy of world.readers) proxy.retarget(target);
    await mineEvery(origin, 1);
    const alarms = route.alarms();
    const moved = async () => held - (await collateral(destination));
    await world.suite.until('capital moves', WAIT_SECONDS, async () => (await moved()) > 0n);
    await route.reaches('broken');
    expectEqual(route.alarms(), alarms + 1, 'alarms that the second chain gave');
    await sleep(3 * QUIET_MS);
    expect((await moved()) <= BigInt(VELOCITY) * UNIT, `${await moved()} base units were moved`);
    expectEqual(await world.isDelivered(forged), false, 'what only the liars know of is delivered');
    const { stdout } = await run(stage.program, ['why', forged.id, '--config', world.node.config]);
    expect(/signature|checkpoint/i.test(stdout), `a reason why it waits: ${stdout}`);
  } finally {
    await mineEvery(origin, 1);
    for (const proxy of world.readers) proxy.retarget(origin);
    if (process) await endAnvil(process);
  }
  await world.suite.until('the truth stops the chain', WAIT_SECONDS, () =>
    chainStatus(stage, world.node, origin).stopped);
  expect(/level=error.*is now said to be/.test(readLog(stage.handles.get(world.node.name))),
    'an alarm with both blocks');
}

/** Ends the relayer; a node that moves capital takes its place. */
export async function capital(world) {
  await world.stage.end(world.node);
  const route = new MintingRoute(world);
  await route.deploy();
  await startCapital(world, route);
  await largeValues(world);
  await minting(route);
  return route;
}

/** The last check: what it leaves behind is a chain that a person has to look at. */
export const forkOfTheirOwn = (world, route) => world.suite.check(
  'own fork, 3: all endpoints tell one lie: the loss is within the velocity, the second chain alarms',
  () => ownFork(world, route));
