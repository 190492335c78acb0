// SPDX-License-Identifier: Apache-2.0
//
// Spokes and vaults on every chain. What the node says of them is compared with what the chains
// say, read here by other code.

import { tokenAbi } from '../../../deploy/devnet/lib/abi.mjs';
import { tokens } from '../../../deploy/devnet/lib/chains.mjs';
import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { askNode } from '../../../deploy/devnet/lib/inspect.mjs';
import { callContract, rpc, sendContract } from '../../../deploy/devnet/lib/rpc.mjs';
import { pacedVaultAbi, spokeAbi, tillAbi, venuesOf } from '../../../deploy/devnet/lib/spokes.mjs';
import { runSuite } from './suite.mjs';

const SECONDS = 120;
const PERCENT = 10n ** 16n; // of a rate
const STEP_SECONDS = 300; // that the chains' clocks jump by
const ROUTE = { tolerance: '50 %', cooldown: '1s', plan_interval: '1s', horizon: '10 min' };

/** One chain as people and the chain itself see it. */
class Place {
  constructor(stage, chain, index) {
    Object.assign(this, { stage, chain, index, depositor: stage.devnet.depositors[0] });
  }

  send(to, abi, functionName, args, from = this.depositor) {
    return sendContract(this.chain.httpUrl, { from, to, abi, functionName, args });
  }

  read(to, abi, functionName, args = []) {
    return callContract(this.chain.httpUrl, to, abi, functionName, args);
  }

  async deposit(amount) {
    const { till, stablecoin } = this.chain;
    await this.send(stablecoin, tokenAbi, 'approve', [till, amount]);
    await this.send(till, tillAbi, 'deposit', [amount]);
  }

  setVault(index, functionName, ...args) {
    return this.send(venuesOf(this.chain)[index], pacedVaultAbi, functionName, args);
  }

  async supplied(index) {
    return (await this.read(this.chain.spoke, spokeAbi, 'positionAt', [BigInt(index)]))[0];
  }

  async idle() {
    return (await this.read(this.chain.spoke, spokeAbi, 'assetOf', [this.chain.stablecoin]))[1];
  }

  /** All that is the spoke's, as the chain counts it. */
  async worth() {
    const parts = await Promise.all([this.idle(), this.supplied(0), this.supplied(1)]);
    return parts.reduce((sum, part) => sum + part, 0n);
  }

  /** Lets the chain's clock jump, so that vaults pay. */
  async pass(seconds = STEP_SECONDS) {
    await rpc(this.chain.httpUrl, 'evm_increaseTime', [seconds]);
  }
}

class Capital {
  constructor(suite) {
    this.suite = suite;
    this.stage = suite.stage;
  }

  async open() {
    await this.stage.open();
    this.places = this.stage.devnet.chains.map((chain, i) => new Place(this.stage, chain, i));
    this.node = this.stage.write({ name: 'relayer', mode: 'act', route: ROUTE, spokes: true });
    await this.stage.start(this.node);
  }

  ask(...args) {
    return askNode(this.stage.program, [...args, '--config', this.node.config]);
  }

  /** What the node says of a chain's spoke. */
  spoke(place) {
    return this.ask('status').spokes.find(({ chain }) => chain === place.chain.name);
  }

  until(what, condition) {
    return this.suite.until(what, SECONDS, () => {
      this.stage.check();
      return condition();
    });
  }

  passAll(seconds) {
    return Promise.all(this.places.map((place) => place.pass(seconds)));
  }
}

runSuite('capital', 'Capital in spokes and vaults.', {}, async (suite) => {
  const capital = new Capital(suite);
  await capital.open();
  const [alpha] = capital.places;
  const check = (title, work) => suite.check(title, work);

  await check('spokes and vaults are read on every chain, and every gate is open', async () => {
    await capital.until('three working spokes with open vaults', () => {
      const { spokes } = capital.ask('status');
      return spokes.length === 3 && spokes.every(({ stopped, block, venues }) =>
        stopped === null && block > 0 && venues.length === 2 && venues.every(({ open }) => open));
    });
  });
  await check('a gate that closes says why, by its name, and opens again', async () => {
    const gateOf = (index) => capital.spoke(alpha).venues[index].gate?.text ?? '';
    const see = (words) => capital.until(`a gate that says "${words}"`, () => gateOf(1).includes(words));
    await alpha.setVault(1, 'setPaused', true);
    await see('paused itself');
    const { waiting } = capital.ask('why');
    expect(waiting.some(({ what, reason }) => what === 'venue' && reason.text.includes('paused')),
      'the pause among what waits');
    await alpha.setVault(1, 'setPaused', false);
    await see('may enter');
    await alpha.setVault(1, 'jump', tokens(200));
    await see('too much more or less');
    await alpha.setVault(1, 'jump', -tokens(200));
    await see('may enter');
  });
  await check('deposits arrive in the spoke, and the books agree to the base unit', async () => {
    await alpha.deposit(tokens(50_000));
    const worth = await alpha.worth();
    expectEqual(worth, tokens(50_000), 'what the spoke has');
    await capital.until('the deposit in the node\'s books', () => {
      const [asset] = capital.ask('status').capital;
      return BigInt(asset.ledger.by_kind.spoke) + BigInt(asset.ledger.by_kind.venue) === worth
        && asset.ledger.balanced;
    });
  });
});
