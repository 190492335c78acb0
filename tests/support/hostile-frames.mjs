// SPDX-License-Identifier: Apache-2.0
//
// Faults below JSON, for a fault proxy: bytes that no websocket server sends, answers without end,
// and text that is not what JSON or Ethereum's encodings allow. Each is a fault as fault-proxy.mjs
// describes them.

import { altering, changingBlocks } from './fault-proxy.mjs';

const PIECE_BYTES = 1 << 20;

/** Bytes of our own in the middle of a connection, instead of each frame. */
function raw(bytes) {
  return {
    frame(text, socket) {
      socket._socket.write(bytes);
      return [];
    },
  };
}

/** A frame's head: first byte, and its length in eight bytes. */
function head(first, count) {
  const bytes = Buffer.alloc(10);
  bytes[0] = first;
  bytes[1] = 127;
  bytes.writeBigUInt64BE(count, 2);
  return bytes;
}

const TEXT = 0x81;
const TEXT_BEGINS = 0x01;
const GOES_ON = 0x00;
const TEXT_COMPRESSED = 0xc1;
const FLOOD = Buffer.concat(Array.from({ length: 40 }, () =>
  Buffer.concat([head(TEXT, BigInt(PIECE_BYTES)), Buffer.alloc(PIECE_BYTES, 0x61)])));

const letter = (first) => Buffer.from([first, 0x01, 0x61]);

/** What ends a connection, each with the code that it is to be ended with (RFC 6455, 7.4.1). */
const BROKEN = 1002;
const NOT_TEXT = 1007;
export const TOO_LARGE = 1009;
export const protocolFaults = {
  'a frame of 2^63 bytes': { code: BROKEN, fault: () => raw(head(TEXT, 1n << 63n)) },
  'a frame that is said to be 2^62 bytes': { code: TOO_LARGE, fault: () =>
    raw(Buffer.concat([head(TEXT, 1n << 62n), Buffer.alloc(PIECE_BYTES, 0x61)])) },
  'a frame of 40 MB': { code: TOO_LARGE, fault: () =>
    ({ frame: (text) => [`"${'a'.repeat(40_000_000)}"`, text] }) },
  'a compressed frame that nobody agreed on': { code: BROKEN, fault: () =>
    raw(Buffer.from([TEXT_COMPRESSED, 0x05, 0xaa, 0x56, 0x4a, 0x2d, 0x2e])) },
  'a frame of no known kind, and a flood after it': { code: BROKEN, fault: () =>
    raw(Buffer.concat([letter(0x83), FLOOD])) },
  'a fragment of nothing that began': { code: BROKEN, fault: () => raw(letter(0x80)) },
  'a text inside the fragments of another': { code: BROKEN, fault: () =>
    raw(Buffer.concat([letter(TEXT_BEGINS), letter(TEXT)])) },
  'a ping in fragments': { code: BROKEN, fault: () => raw(letter(0x09)) },
  'a ping of 126 bytes': { code: BROKEN, fault: () =>
    raw(Buffer.concat([Buffer.from([0x89, 126, 0, 126]), Buffer.alloc(126, 0x61)])) },
  'text that is not UTF-8': { code: NOT_TEXT, fault: () =>
    raw(Buffer.from([TEXT, 0x04, 0x22, 0xc3, 0x28, 0x22])) },
};

/** Ends that a server may choose, or that befall it: a node comes back. */
export const endings = {
  'going away (1001)': (socket) => socket.close(1001),
  'an internal error (1011)': (socket) => socket.close(1011, 'no more'),
  'a code of its own (4000)': (socket) => socket.close(4000),
  'a closing frame with a code that none may have': (socket) =>
    socket._socket.write(Buffer.from([0x88, 0x02, 0x03, 0xed])),
  'a closing frame of one byte': (socket) => socket._socket.write(Buffer.from([0x88, 0x01, 0x03])),
  'its side alone, without a closing frame': (socket) => socket._socket.end(),
  'everything, by a reset': (socket) => socket._socket.resetAndDestroy(),
};

/** What ends none: it is no JSON, and that is all. */
export const harmlessFaults = {
  'masked frames of a server': () =>
    raw(Buffer.from([TEXT, 0x82, 0x01, 0x02, 0x03, 0x04, 0x7a, 0x7f])),
};

/**
 * A message whose fragments never end, as long as somebody takes them; `told.bytes` counts what was
 * taken and `told.ended` the times that the peer had enough. Of `limit` bytes at most.
 */
export function endlessFragments(told, limit) {
  const piece = Buffer.concat([head(GOES_ON, BigInt(PIECE_BYTES)), Buffer.alloc(PIECE_BYTES, 0x61)]);
  const begin = Buffer.concat([head(TEXT_BEGINS, 1n), Buffer.from('"')]);
  const busy = new WeakSet();
  return {
    frame(text, { _socket: socket }) {
      if (busy.has(socket)) return [];
      busy.add(socket);
      let sent = 0;
      socket.once('close', () => (told.ended += 1));
      socket.write(begin);
      pour(() => !socket.destroyed && sent < limit, (then) => {
        sent += PIECE_BYTES;
        told.bytes = Math.max(told.bytes, sent);
        socket.write(piece, then);
      });
      return [];
    },
  };
}

/** The same over HTTP: one answer in chunks without end. */
export function endlessAnswer(told, limit) {
  const piece = Buffer.alloc(PIECE_BYTES, 0x61);
  return {
    post(response) {
      let sent = 0;
      response.once('close', () => (told.ended += 1));
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"jsonrpc":"2.0","id":1,"result":"');
      pour(() => !response.destroyed && sent < limit, (then) => {
        sent += PIECE_BYTES;
        told.bytes = Math.max(told.bytes, sent);
        response.write(piece, then);
      });
      return true;
    },
  };
}

/** Writes piece after piece, each once the one before it left. */
function pour(goesOn, write) {
  const next = (error) => {
    if (!error && goesOn()) write(next);
  };
  next();
}

/** Every POST is refused as one too many, with a plea for so many seconds of peace. */
export function tooMany(seconds, times) {
  return {
    post(response) {
      times.push(Date.now());
      response.writeHead(429, { 'retry-after': String(seconds) }).end();
      return true;
    },
  };
}

/** One after the other, again and again. */
function inTurn(list) {
  let next = 0;
  return () => list[next++ % list.length];
}

/** Answers that JSON does not allow, or allows and nobody means, in turn. */
export function oddJson() {
  const change = inTurn([
    (text) => text.replace('"result":', '"result":null,"result":'),
    (text) => text.replace('"result":', '"id":1,"result":'),
    (text) => text.replace(/"id":\d+/, '"id":1e999'),
    (text) => text.replace(/"id":(\d+)/, '"id":$1.5'),
    (text) => text.replace(/"result":.*/, '"result":"\\ud800"}'),
    (text) => text.replace(/"result":.*/, '"result":"0x\\u0000"}'),
    (text) => text.replace('"result":', '"result":\0'),
    (text) => text.replace(/"result":.*/, `"result":${'{"a":'.repeat(100_000)}`),
    (text) => text.replace(/"result":.*/, `"result":"0x${'0'.repeat(4_000_000)}"}`),
    (text) => `${text}${text}`,
  ]);
  return { frame: (text) => [change()(text)] };
}

/** Numbers that are none, or not written as Ethereum writes them, in turn. */
const quantities = ['0x', '', '0xfg', '-0x1', 'ff', `0x1${'0'.repeat(64)}`, ` 0x1`, '0x 1', 7, null,
  [], {}, true];

export function oddQuantities() {
  const next = inTurn(quantities);
  const answers = altering(['eth_getTransactionCount', 'eth_getBalance', 'eth_estimateGas',
    'eth_blockNumber'], () => next());
  const fields = ['number', 'timestamp', 'baseFeePerGas'];
  const field = inTurn(fields);
  const blocks = changingBlocks((block) =>
    (block === null ? null : { ...block, [field()]: next() }));
  return {
    reply: (call, answer) => blocks.reply(call, answers.reply(call, answer)),
    push: (message) => blocks.push(message),
  };
}

/** The same of the first few answers about a key, then the truth. */
export function oddQuantitiesAtFirst(count) {
  const next = inTurn(quantities);
  let left = count;
  return altering(['eth_getTransactionCount', 'eth_getBalance', 'eth_estimateGas'], (result) =>
    (left-- > 0 ? next() : result));
}

/** What contracts return is too short, too long, out of place or dirty, in turn. */
const returns = [
  (data) => data.slice(0, -2),
  (data) => `${data}00`,
  (data) => `${data}${'00'.repeat(32)}`,
  () => '0x',
  (data) => `0xff${data.slice(4)}`,
  (data) => `0x${'ff'.repeat(32)}${data.slice(66)}`,
  (data) => `0x${'00'.repeat(31)}ff${data.slice(66)}`,
  (data) => data.slice(0, 66),
  () => `0x${'00'.repeat(100_000)}`,
];

export function oddReturns(count = Infinity) {
  const change = inTurn(returns);
  let left = count;
  return altering(['eth_call'], (data) => (left-- > 0 ? change()(data) : data));
}
