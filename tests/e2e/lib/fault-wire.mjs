// SPDX-License-Identifier: Apache-2.0
//
// Endpoints that break the protocols they are spoken to in: connections that die without a word,
// frames no server may send, answers without end, JSON and encodings that are none.

import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { sleep } from '../../../deploy/devnet/lib/terminal.mjs';
import { failing, frames, halfOpen, rateLimit, silentOn, slow } from '../../support/fault-proxy.mjs';
import { TOO_LARGE, endings, endlessAnswer, endlessFragments, harmlessFaults, oddJson,
  oddQuantities, oddQuantitiesAtFirst, oddReturns, protocolFaults, tooMany } from '../../support/hostile-frames.mjs';


const REJOIN_SECONDS = 120;
const ENDLESS_BYTES = 10 * 2 ** 30;
const FRAME_BYTES_MAX = 32 * 2 ** 20; // what a node takes of one message
const MEMORY_MIB_MAX = 160; // two such messages, each in a buffer that doubled, and the allocator
const PLEA_SECONDS = 4;

export async function connections(world) {
  const { readers, seed } = world;
  const [first, second] = readers;
  const all = (make) => readers.map((proxy, i) => [proxy, make(i)]);
  const cases = [
    ['half-open', [[first, halfOpen()]]],
    ['slow by 700 ms, all of them', all(() => slow(700))],
    ['losing every fifth frame', all((i) => frames.lost(0.2, seed + i))],
    ['frames twice', all(() => frames.twice())],
    ['frames in another order', [[first, frames.swapped()], [second, frames.swapped()]]],
    ['frames cut in half', [[first, frames.cut()]]],
    ['junk between frames', all(() => frames.junk('', '{', '[]', '{"id":1}', 'x'.repeat(70_000)))],
    ['arrays a million deep', [[first, frames.junk('['.repeat(1_000_000))]]],
    ['errors to everything', [[first, failing('*', -32603, 'internal error')]]],
    ['no answer to logs', [[first, silentOn(['eth_getLogs'])]]],
    ['ten calls a second', [[first, rateLimit(10)]]],
  ];
  for (const [what, faults] of cases) {
    await world.check(`12-14: ${what}`, faults, async () => {
      await world.deliverOne();
      for (const [proxy] of faults) proxy.clear();
    });
  }
  await world.check('14: odd JSON in answers: doubled members, numbers without end, lone surrogates',
    [[first, oddJson()]], () => world.deliverOne());
  for (const [what, fault] of Object.entries(harmlessFaults)) {
    await world.check(`13: ${what}`, [[first, fault()]], () => world.deliverOne());
  }
  await world.check('15: quantities that are none: nobody takes them for zero',
    [[first, oddQuantities()], [world.sender, oddQuantitiesAtFirst(5)]], () => world.deliverOne());
  await world.check('16: returns too short, too long, out of place, dirty',
    [[first, oddReturns()], [world.sender, oddReturns(5)]], () => world.deliverOne());
}

/** What no server may send ends the connection, which is told why and made anew. */
export async function protocol(world) {
  const { readers: [first], suite, stage } = world;
  for (const [what, { code, fault }] of Object.entries(protocolFaults)) {
    await suite.check(`13: ${what} ends the connection with ${code}`, async () => {
      const before = first.joined;
      const known = first.endings.length;
      first.set(once(fault()));
      await suite.until('it is made anew', REJOIN_SECONDS, () => {
        stage.check();
        return first.joined > before && first.endings.length > known;
      });
      first.clear();
      expectEqual(first.endings[known], code, 'the code that it was closed with');
    });
  }
  await suite.check('12: a server ends connections, in every way it can: the node comes back',
    async () => {
      for (const [what, end] of Object.entries(endings)) {
        const before = first.joined;
        await suite.until('there is a connection', REJOIN_SECONDS, () => first.sockets.size > 0);
        for (const socket of first.sockets) end(socket);
        await suite.until(`it is made anew after ${what}`, REJOIN_SECONDS, () =>
          first.joined > before);
      }
    });
  await suite.check('12, 13: after all of them, a message arrives', () => world.deliverOne());
}

/** The fault of one frame; the others pass. */
function once(fault) {
  let isDone = false;
  return {
    frame(text, socket) {
      if (isDone) return [text];
      isDone = true;
      return fault.frame(text, socket);
    },
  };
}

/** Ten gigabytes are cut at the limit of one message, and memory does not grow with them. */
export async function endless(world) {
  const { readers: [first, , third] } = world;
  const told = { socket: { bytes: 0, ended: 0 }, post: { bytes: 0, ended: 0 } };
  await world.check('13: fragments and chunks without end are cut, and memory stays bounded',
    [[first, endlessFragments(told.socket, ENDLESS_BYTES)],
      [third, endlessAnswer(told.post, ENDLESS_BYTES)]], async () => {
      const before = world.memory();
      const known = first.endings.length;
      let highest = before;
      const isCut = ({ bytes, ended }) => bytes > FRAME_BYTES_MAX && ended > 0;
      await world.suite.until('both are cut', REJOIN_SECONDS, () => {
        highest = Math.max(highest, world.memory());
        return isCut(told.socket) && isCut(told.post);
      });
      expectEqual(first.endings[known], TOO_LARGE, 'the code that the socket was closed with');
      const slack = 2; // what stands in sockets when the peer has had enough
      for (const [what, { bytes }] of Object.entries(told)) {
        expect(bytes < slack * FRAME_BYTES_MAX, `${what}: ${bytes} bytes were taken`);
      }
      expect(highest - before < MEMORY_MIB_MAX, `memory grew by ${highest - before} MiB`);
    });
  await world.suite.check('what was cut is used again', () => world.deliverOne());
}

/** Every connection dies at once and nobody says so: not even pings are answered, or read. */
export async function silence(world) {
  await world.suite.check('12: all connections go dead without a word: noticed, and nothing missed',
    async () => {
      const sockets = [...world.readers, world.sender].filter(({ joined }) => joined > 0);
      const before = sockets.map(({ joined }) => joined);
      sockets.forEach((proxy, i) => proxy.deafen({ isStuck: i === 0 }));
      const message = await world.dispatch();
      await world.suite.until('all are connected anew', REJOIN_SECONDS, () =>
        sockets.every(({ joined }, i) => joined > before[i]));
      await world.awaitDelivery(message);
    });
}

/** An HTTP endpoint that says how long it wants to be left alone, is. */
export async function patience(world) {
  const { readers: [, , third] } = world;
  const times = [];
  await world.check('Retry-After: an endpoint that asks for patience over HTTP gets it',
    [[third, tooMany(PLEA_SECONDS, times)]], async () => {
      await world.suite.until('it refuses', REJOIN_SECONDS, () => times.length > 0);
      const message = await world.dispatch();
      await sleep((PLEA_SECONDS + 1) * 1000);
      await world.suite.until('it is asked again', REJOIN_SECONDS, () =>
        times.some((at) => at - times[0] > (PLEA_SECONDS - 1) * 1000));
      // What was under way when it refused first is refused too.
      const early = times.filter((at) => at - times[0] > 1000 &&
        at - times[0] < (PLEA_SECONDS - 0.5) * 1000);
      expectEqual(early.length, 0, 'questions in the time that it asked for');
      await world.awaitDelivery(message);
    });
}
