// SPDX-License-Identifier: Apache-2.0
//
// An endpoint with faults: a proxy between a node and a chain, over websocket and HTTP POST, that
// does by script what bad endpoints do. Without faults it passes everything on unchanged.
//
// A fault is an object with any of these functions; `clear` ends all faults.
//   request(call)          a call of the node: it may change it; `false` leaves it without answer,
//                          an object with `result` or `error` answers it here
//   reply(call, answer)    the chain's answer to it: returns what the node gets, null for nothing
//   push(message)          a notification, in the same way
//   frame(text, socket)    whole frames to the node: returns a list of what is sent instead
//   post(response)         answers a POST by itself; true: it did, or never will
//   delayMs                every frame to the node waits so long
//   isDeaf                 everything is taken and nothing answered, in both directions
//
// The faults that tests use by name are at the end; what is random comes from a seed.

import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { requirePackage } from '../../deploy/devnet/lib/packages.mjs';
import { Random } from '../../deploy/devnet/lib/random.mjs';

const WebSocket = requirePackage('ws');
const { WebSocketServer } = WebSocket;

export class FaultProxy {
  /**
   * Listens on a port of loopback; `url` and `httpUrl` are where a node connects. With `tls`
   * ({key, cert}) that is wss and https, under the name localhost.
   */
  static async open({ wsUrl, httpUrl }, tls = null) {
    const proxy = new FaultProxy(wsUrl, httpUrl, tls);
    await new Promise((resolve, reject) => {
      proxy.server.once('listening', resolve).once('error', reject).listen(0, '127.0.0.1');
    });
    const { port } = proxy.server.address();
    proxy.url = tls ? `wss://localhost:${port}` : `ws://127.0.0.1:${port}`;
    proxy.httpUrl = tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`;
    return proxy;
  }

  constructor(wsUrl, httpUrl, tls) {
    const onPost = (request, response) => this.onPost(request, response);
    this.target = { wsUrl, httpUrl };
    this.kept = []; // faults that `clear` leaves
    this.faults = [];
    this.calls = new Map(); // method to count
    this.sockets = new Set();
    this.joined = 0; // websockets, ever
    this.endings = []; // the codes that nodes ended them with; 1006: without a word
    this.server = tls ? createTlsServer(tls, onPost) : createServer(onPost);
    this.upgrades = new WebSocketServer(
      { noServer: true, perMessageDeflate: false, autoPong: false });
    this.server.on('upgrade', (request, socket, head) => {
      this.upgrades.handleUpgrade(request, socket, head, (accepted) => this.join(accepted));
    });
  }

  set(...faults) {
    this.faults = [...this.kept, ...faults];
  }

  clear() {
    this.faults = [...this.kept];
  }

  /** These stay in force under all others, until the same is said of none. */
  keep(...faults) {
    this.kept = faults;
    this.clear();
  }

  /** Ends every connection; nodes come back. */
  cut() {
    for (const socket of this.sockets) socket.terminate();
  }

  /**
   * The connections of now are dead from here on, and nobody is told: what comes in is dropped, pings
   * too, and nothing goes out. New ones are good. A `stuck` one does not even take bytes from its
   * socket, so that those of the node pile up there.
   */
  deafen({ isStuck = false } = {}) {
    for (const socket of this.sockets) {
      socket.isDead = true;
      if (isStuck) socket._socket.pause();
    }
  }

  /** From now on it stands for another chain's node; nodes have to connect anew. */
  retarget({ wsUrl, httpUrl }) {
    this.target = { wsUrl, httpUrl };
    this.cut();
  }

  count(method) {
    return this.calls.get(method) ?? 0;
  }

  close() {
    this.cut();
    this.server.close();
    this.server.closeAllConnections?.();
  }

  // ---- one websocket ----

  join(socket) {
    const chain = new WebSocket(this.target.wsUrl, { perMessageDeflate: false });
    const early = [];
    const asked = new Map(); // id to call, of this connection
    this.sockets.add(socket);
    this.joined += 1;
    socket.on('ping', (data) => {
      if (!socket.isDead && socket.readyState === WebSocket.OPEN) socket.pong(data);
    });
    socket.on('message', (data) => {
      if (socket.isDead) return;
      const passed = this.onRequest(JSON.parse(data), asked, (text) => this.send(socket, text));
      if (passed === null) return;
      if (chain.readyState === WebSocket.OPEN) chain.send(passed);
      else early.push(passed);
    });
    chain.on('open', () => {
      for (const text of early.splice(0)) chain.send(text);
    });
    chain.on('message', (data) => {
      const text = this.onAnswer(JSON.parse(data), asked);
      if (text !== null) this.send(socket, text);
    });
    for (const [one, other] of [[socket, chain], [chain, socket]]) {
      one.on('close', () => other.close());
      one.on('error', () => other.terminate());
    }
    socket.on('close', (code) => {
      this.sockets.delete(socket);
      this.endings.push(code);
    });
  }

  send(socket, text) {
    const delay = Math.max(0, ...this.faults.map(({ delayMs }) => delayMs ?? 0));
    let frames = [text];
    if (socket.isDead) return;
    for (const fault of this.faults) {
      if (fault.isDeaf) return;
      if (fault.frame) frames = frames.flatMap((frame) => fault.frame(frame, socket));
    }
    const go = () => frames.forEach((frame) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame);
    });
    if (delay > 0) setTimeout(go, delay);
    else go();
  }

  // ---- calls and answers ----

  /** What goes on to the chain: text, or null for nothing. */
  onRequest(parsed, asked, answerHere) {
    const isBatch = Array.isArray(parsed);
    const kept = [];
    const here = [];
    for (const call of isBatch ? parsed : [parsed]) {
      this.calls.set(call.method, this.count(call.method) + 1);
      const verdict = this.judge(call);
      if (verdict === undefined) {
        asked.set(call.id, call);
        kept.push(call);
      } else if (verdict !== false) {
        here.push({ jsonrpc: '2.0', id: call.id, ...verdict });
      }
    }
    if (here.length > 0) answerHere(JSON.stringify(isBatch ? here : here[0]));
    if (kept.length === 0) return null;
    return JSON.stringify(isBatch ? kept : kept[0]);
  }

  judge(call) {
    for (const fault of this.faults) {
      if (fault.isDeaf) return false;
      const verdict = fault.request?.(call);
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  }

  /** What the node gets for a message of the chain: text, or null for nothing. */
  onAnswer(parsed, asked) {
    const isBatch = Array.isArray(parsed);
    const kept = [];
    for (const item of isBatch ? parsed : [parsed]) {
      const call = asked.get(item.id);
      asked.delete(item.id);
      const changed = call ? this.change(item, 'reply', call) : this.change(item, 'push');
      if (changed !== null) kept.push(changed);
    }
    return kept.length === 0 ? null : JSON.stringify(isBatch ? kept : kept[0]);
  }

  change(item, what, call) {
    let changed = item;
    for (const fault of this.faults) {
      if (!fault[what] || changed === null) continue;
      changed = call ? fault[what](call, changed) : fault[what](changed);
    }
    return changed;
  }

  // ---- HTTP ----

  async onPost(request, response) {
    let text = '';
    for await (const piece of request) text += piece;
    if (this.faults.some((fault) => fault.post?.(response))) return;
    const asked = new Map();
    let answer = null;
    const passed = this.onRequest(JSON.parse(text), asked, (here) => (answer = here));
    if (passed !== null) {
      const headers = { 'content-type': 'application/json' };
      try {
        const reply = await fetch(this.target.httpUrl, { method: 'POST', headers, body: passed });
        answer = this.onAnswer(await reply.json(), asked);
      } catch {
        response.destroy(); // the chain behind it is gone
        return;
      }
    }
    if (answer === null) return; // it hangs
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(answer);
  }
}

// ---- faults by name ----

const number = (hex) => Number(hex);
const hex = (value) => `0x${value.toString(16)}`;

/** Answers of some methods are what `change` makes of them. */
export function altering(methods, change) {
  return {
    reply: (call, answer) => (methods.includes(call.method) && answer.result !== undefined
      ? { ...answer, result: change(structuredClone(answer.result), call) } : answer),
  };
}

export const failing = (methods, code, message) => ({
  request: ({ method }) => (methods === '*' || methods.includes(method)
    ? { error: { code, message } } : undefined),
});

export const silentOn = (methods) => ({
  request: ({ method }) => (methods.includes(method) ? false : undefined),
});

/** Takes what it is sent and says nothing, without ever closing. */
export const halfOpen = () => ({ isDeaf: true });

export const slow = (delayMs) => ({ delayMs });

/** Logs that lack one, come twice, out of order, or from elsewhere. */
export const logs = {
  none: () => altering(['eth_getLogs'], () => []),
  cut: () => altering(['eth_getLogs'], (list) => list.slice(0, -1)),
  twice: () => altering(['eth_getLogs'], (list) => [...list, ...list]),
  backwards: () => altering(['eth_getLogs'], (list) => list.reverse()),
  /** The right topics, from a contract that is not the one. */
  elsewhere: (address) => altering(['eth_getLogs'], (list) =>
    list.map((log) => ({ ...log, address }))),
  /** One of the contract's own that never was, with another message in it. */
  forged: (contract) => altering(['eth_getLogs'], (list) => list.map((log) =>
    (log.address === contract.toLowerCase() && log.topics.length === 4
      ? { ...log, data: `${log.data.slice(0, -66)}77${log.data.slice(-64)}` } : log))),
};

/** Receipts of blocks without what is in them. */
export const receipts = {
  none: () => altering(['eth_getBlockReceipts'], () => []),
};

/** What is final stays where it is, or is so many blocks older than it was when first asked for. */
export function finalStuck(blocksBack = 0) {
  let final = null;
  return {
    request(call) {
      if (call.method === 'eth_getBlockByNumber' && call.params[0] === 'finalized' &&
          final !== null) {
        call.params[0] = hex(Math.max(0, final - blocksBack));
      }
    },
    reply(call, answer) {
      if (call.method === 'eth_getBlockByNumber' && call.params[0] === 'finalized' &&
          final === null && answer.result) {
        final = number(answer.result.number);
      }
      return answer;
    },
  };
}

/** No head comes after the one that is first asked for. */
export function headStuck() {
  let head = null;
  return {
    request(call) {
      if (call.method === 'eth_getBlockByNumber' && call.params[0] === 'latest' && head !== null) {
        call.params[0] = head;
      }
    },
    reply(call, answer) {
      if (call.method === 'eth_getBlockByNumber' && call.params[0] === 'latest') {
        head ??= answer.result?.number ?? null;
      }
      return answer;
    },
    push: () => null,
  };
}

/** Every block is so many seconds younger (or, below zero, older) than it is. */
export function shifted(seconds) {
  const change = (block) => (block === null ? null
    : { ...block, timestamp: hex(number(block.timestamp) + seconds) });
  return changingBlocks(change);
}

/** A node that has not got the newest blocks, and does not say so. */
export function stale(blocks) {
  let head = null;
  const cap = () => Math.max(0, (head ?? 0) - blocks);
  return {
    request(call) {
      const [first] = call.params ?? [];
      if (call.method !== 'eth_getBlockByNumber' || head === null) return undefined;
      if (first === 'latest') call.params[0] = hex(cap());
      else if (first === 'finalized') call.params[0] = hex(Math.max(0, cap() - 2));
      else if (/^0x/.test(first) && number(first) > cap()) return { result: null };
      return undefined;
    },
    reply(call, answer) {
      if (call.method === 'eth_getBlockByNumber' && answer.result && head === null) {
        head = number(answer.result.number);
      }
      if (call.method !== 'eth_getLogs' || !Array.isArray(answer.result)) return answer;
      const result = answer.result.filter(({ blockNumber }) => number(blockNumber) <= cap());
      return { ...answer, result };
    },
    push(message) {
      const told = message.params?.result?.number;
      if (told !== undefined) head = Math.max(head ?? 0, number(told));
      return null; // its heads come by asking, as old as they are
    },
  };
}

/** Another chain's id. */
export const otherChain = (chainId) => altering(['eth_chainId'], () => hex(chainId));

export const frames = {
  twice: () => ({ frame: (text) => [text, text] }),
  /** Every second one comes after the next. */
  swapped() {
    let held = null;
    return {
      frame(text) {
        if (held === null) {
          held = text;
          return [];
        }
        const both = [text, held];
        held = null;
        return both;
      },
    };
  },
  cut: () => ({ frame: (text) => [text.slice(0, Math.floor(text.length / 2))] }),
  /** Junk before each good one. */
  junk: (...texts) => ({ frame: (text) => [...texts, text] }),
  /** Some are lost, by a seed. */
  lost(share, seed) {
    const random = new Random(seed);
    return { frame: (text) => (random.fraction() < share ? [] : [text]) };
  },
};

/** More than so many calls a second are refused. */
export function rateLimit(perSecond) {
  let since = 0;
  let count = 0;
  return {
    request() {
      const now = Date.now();
      if (now - since >= 1000) {
        since = now;
        count = 0;
      }
      count += 1;
      return count > perSecond ? { error: { code: 429, message: 'rate limit exceeded' } }
        : undefined;
    },
  };
}

/** The first few transactions go nowhere, and are answered here. */
function firstSent(count, answer) {
  let left = count;
  return {
    request(call) {
      if (call.method !== 'eth_sendRawTransaction' || left === 0) return undefined;
      left -= 1;
      return answer(call.params[0]);
    },
  };
}

export const transactions = {
  /** Taken with thanks, and gone. */
  lost: (count, hashOf) => firstSent(count, (raw) => ({ result: hashOf(raw) })),
  /** Refused in these words. */
  refused: (count, message) => firstSent(count, () => ({ error: { code: -32000, message } })),
  /** They go on, and the answer is something else. */
  answeredBy: (change) => ({
    reply: (call, answer) => (call.method === 'eth_sendRawTransaction'
      ? change(answer, call) : answer),
  }),
};

/** Receipts are not there for so many questions, though the chain has them. */
export function vanishingReceipts(count) {
  let left = count;
  return altering(['eth_getTransactionReceipt'], (receipt) => {
    if (receipt === null || left === 0) return receipt;
    left -= 1;
    return null;
  });
}

/** Blocks and heads are what `change` makes of them. */
export function changingBlocks(change) {
  return {
    ...altering(['eth_getBlockByNumber'], change),
    push: (message) => ({
      ...message, params: { ...message.params, result: change(message.params.result) },
    }),
  };
}

/** Fees are other ones, in heads and blocks. */
export const baseFee = (wei) => changingBlocks((block) =>
  (block === null ? null : { ...block, baseFeePerGas: hex(wei) }));

/** What others pay on top is so much, whoever is asked. */
export function tips(wei) {
  return {
    reply(call, answer) {
      if (call.method === 'eth_maxPriorityFeePerGas') return { ...answer, result: hex(wei) };
      if (call.method !== 'eth_feeHistory' || !answer.result) return answer;
      const reward = (answer.result.reward ?? []).map((block) => block.map(() => hex(wei)));
      return { ...answer, result: { ...answer.result, reward } };
    },
  };
}
