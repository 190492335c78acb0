// SPDX-License-Identifier: Apache-2.0
//
// A relayer starts when its origin has a long history. What is new is delivered while the history
// cannot be read at all; a relayer that is killed in the middle of it goes on there; in the end
// everything was delivered once. The endpoint decides how far history can be read.

import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { runVerb } from '../../../deploy/devnet/lib/inspect.mjs';
import { measure } from '../../../deploy/devnet/lib/measurement.mjs';
import { readLog } from '../../../deploy/devnet/lib/nodes.mjs';
import { rpc } from '../../../deploy/devnet/lib/rpc.mjs';
import { FaultProxy } from '../../support/fault-proxy.mjs';
import { countDelivered, dispatch } from './dispatch.mjs';
import { runOperator } from './operator.mjs';
import { runSuite } from './suite.mjs';

const RANGE_BLOCKS = 16;
const BURSTS = 6;
const BURST_MESSAGES = 25;
const BURST_BLOCKS = 20;
const SETTLE_SECONDS = 120;

const mine = ({ httpUrl }, count) => rpc(httpUrl, 'anvil_mine', [`0x${count.toString(16)}`]);
const headOf = ({ httpUrl }) => rpc(httpUrl, 'eth_blockNumber').then(Number);

/** Logs of old blocks are answered up to a block alone; says which blocks were asked for. */
class Gate {
  constructor(recentFrom) {
    Object.assign(this, { recentFrom, readable: 0, lowest: Infinity });
  }

  request({ method, params }) {
    if (method !== 'eth_getLogs' || params[0].fromBlock === undefined) return undefined;
    const [from, to] = [Number(params[0].fromBlock), Number(params[0].toBlock)];
    if (from >= this.recentFrom) return undefined;
    this.lowest = Math.min(this.lowest, from);
    return to <= this.readable ? undefined
      : { error: { code: -32000, message: 'query timeout exceeded' } };
  }
}

/** What `sluice status` says of the origin's history; undefined when it was read. */
function historyOf(stage, relayer, { name }) {
  const { history } = JSON.parse(runOperator(stage, relayer, 'status', '--json'));
  return history.find(({ chain }) => chain === name);
}

/** Messages on blocks far below the head. Resolves to the first block and the last. */
async function makeHistory(stage) {
  const [origin] = stage.devnet.chains;
  const first = origin.startBlock;
  for (let i = 0; i < BURSTS; ++i) {
    await stage.traffic(['--burst', '--lane', 'alpha:beta', '--transfers', '0',
      '--messages', String(BURST_MESSAGES)]);
    await mine(origin, BURST_BLOCKS);
  }
  const last = await headOf(origin);
  await mine(origin, 4 * RANGE_BLOCKS);
  return { first, last };
}

runSuite('history', 'Starts a relayer late, and kills it while it reads what it missed.', {},
  async (suite) => {
    const { stage } = suite;
    stage.chains = 2;
    await stage.open();
    const [origin, destination] = stage.devnet.chains;
    const { first, last } = await makeHistory(stage);
    const gate = new Gate(last + RANGE_BLOCKS);
    const proxy = await FaultProxy.open(origin);
    proxy.set(gate);
    try {
      await stage.startValidators();
      const relayer = stage.write({
        name: 'relayer', mode: 'observe', capital: false,
        endpointOf: (chain) => (chain === origin ? proxy.url : chain.wsUrl),
        settingsOf: () => ({ blocks_per_range: RANGE_BLOCKS }),
      });
      await stage.start(relayer);
      await suite.check('a new message is delivered while history cannot be read', async () => {
        const message = await dispatch(stage.devnet, origin, destination);
        await suite.until('it is delivered', SETTLE_SECONDS, async () => {
          stage.check();
          return (await countDelivered(destination, [message])) === 1;
        });
        const { blocks_read: read, blocks } = historyOf(stage, relayer, origin);
        expectEqual(read, 0, 'blocks of history read');
        expect(blocks >= last - first, `a history of ${last - first} blocks, got ${blocks}`);
        expectEqual(gate.lowest, first, 'the first block that was asked for');
      });
      const half = first + Math.floor((last - first) / 2);
      await suite.check('history is read as far as the endpoint gives it, and status says how far',
        async () => {
          gate.readable = half;
          await suite.until(`blocks up to ${half} are read`, SETTLE_SECONDS, () => {
            stage.check();
            return historyOf(stage, relayer, origin).blocks_read === half + 1 - first;
          });
          expect(historyOf(stage, relayer, origin).facts >= 2 * BURST_MESSAGES, 'facts of it');
          const table = runOperator(stage, relayer, 'status');
          expect(/HISTORY OF +BLOCKS READ/.test(table), `a table of it in:\n${table}`);
        });
      await suite.check('after SIGKILL it is read on from there', async () => {
        await stage.end(relayer, 'SIGKILL');
        gate.lowest = Infinity;
        const handle = await stage.start(relayer);
        gate.readable = Infinity;
        await suite.until('all of it is read', SETTLE_SECONDS, () => {
          stage.check();
          return historyOf(stage, relayer, origin) === undefined;
        });
        expectEqual(gate.lowest, half + 1, 'the first block that was asked for');
        expect(/all history was read/.test(readLog(handle)), 'a line of the log that says so');
      });
      await suite.check('every message is delivered, none twice and none for nothing', async () => {
        let result = null;
        await suite.until('all delivered', SETTLE_SECONDS, async () => {
          stage.check();
          result = await measure(stage.devnet, 0, stage.devnet.relayer.address);
          return result.lost === 0;
        });
        expectEqual(result.revertedProcess, 0, 'transactions that reverted');
        expectEqual(result.duplicated, 0, 'messages delivered twice');
      });
      await suite.check('the journal replays to the same digest', async () => {
        await stage.end(relayer);
        const { code, out, err } = runVerb(stage.program, ['replay', relayer.data]);
        expectEqual(code, 0, `the exit of sluice replay (${out}${err})`);
      });
    } finally {
      proxy.close();
    }
  });
