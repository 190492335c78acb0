// SPDX-License-Identifier: Apache-2.0
//
// Deploys real security modules and a recipient for each.

import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileContracts, hyperlaneContract } from '../../../deploy/devnet/lib/contracts.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { callContract, sendTransaction, submitContract, waitReceipt }
  from '../../../deploy/devnet/lib/rpc.mjs';

const { encodeDeployData } = requirePackage('viem/utils');

const MULTISIG = 'isms/multisig/StaticMultisigIsm.sol/Static';
const WEIGHTED = 'isms/multisig/WeightedMultisigIsm.sol/Static';
const AGGREGATION = 'isms/aggregation/StaticAggregationIsmFactory';

const artifacts = new Map();
const ownFolder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../contracts');
let own = null;

function artifact(name) {
  if (!artifacts.has(name)) artifacts.set(name, hyperlaneContract(name));
  return artifacts.get(name);
}

/** Deploys on one chain, from one account that anvil holds the key of. */
export class Modules {
  constructor(chain, from) {
    Object.assign(this, { chain, url: chain.httpUrl, from });
    this.factories = new Map();
    this.turn = Promise.resolve();
  }

  /** Several at once share a block, but are handed over one after the other: anvil counts nonces. */
  submit(work) {
    const hash = this.turn.then(work);
    this.turn = hash.catch(() => {});
    return hash;
  }

  async create(name, ...args) {
    return this.deploy(artifact(name), name, args);
  }

  /** One of tests/e2e/contracts. */
  async createOwn(name, ...args) {
    own ??= compileContracts(ownFolder);
    return this.deploy(own[name], name, args);
  }

  async deploy({ abi, bytecode }, name, args) {
    const data = encodeDeployData({ abi, bytecode, args });
    const hash = await this.submit(() => sendTransaction(this.url, { from: this.from, data }));
    return (await waitReceipt(this.url, hash, name)).contractAddress;
  }

  async send(name, to, functionName, ...args) {
    const { abi } = artifact(name);
    const hash = await this.submit(() =>
      submitContract(this.url, { from: this.from, to, abi, functionName, args }));
    return waitReceipt(this.url, hash, functionName);
  }

  /** Where a factory of static sets puts what it makes of these arguments, and the making of it. */
  async begin(factory, ...args) {
    if (!this.factories.has(factory)) this.factories.set(factory, this.create(factory));
    const to = await this.factories.get(factory);
    const address = await callContract(this.url, to, artifact(factory).abi, 'getAddress', args);
    return { address, made: this.send(factory, to, 'deploy', ...args) };
  }

  async make(factory, ...args) {
    const { address, made } = await this.begin(factory, ...args);
    await made;
    return address;
  }

  messageId(validators, threshold) {
    return this.make(`${MULTISIG}MessageIdMultisigIsmFactory`, validators, threshold);
  }

  merkleRoot(validators, threshold) {
    return this.make(`${MULTISIG}MerkleRootMultisigIsmFactory`, validators, threshold);
  }

  /** `weights` of 10,000,000,000 in all. */
  weighted(kind, validators, weights, threshold) {
    const set = validators.map((signingAddress, i) => ({ signingAddress, weight: weights[i] }));
    return this.make(`${WEIGHTED}${kind}WeightedMultisigIsmFactory`, set, threshold);
  }

  /** A set that its owner, who deploys it, may change. */
  async storage(name, validators, threshold) {
    const factory = await this.create(`${name}Factory`);
    const { logs } = await this.send(`${name}Factory`, factory, 'deploy', validators, threshold);
    const { data } = logs.find(({ address }) => address.toLowerCase() === factory.toLowerCase());
    return `0x${data.slice(-40)}`;
  }

  aggregation(modules, threshold) {
    return this.make(AGGREGATION, modules, threshold);
  }

  /** So many aggregations around a module, each of one. */
  async nested(module, levels) {
    const begun = [{ address: module }];
    for (let i = 0; i < levels; i += 1) begun.push(await this.begin(AGGREGATION, [begun[i].address], 1));
    await Promise.all(begun.map(({ made }) => made));
    return begun.at(-1).address;
  }

  /** What asks for a proof from an Arbitrum rollup's outbox; the bridge stands in for theirs. */
  async arbitrum() {
    const bridge = await this.create('mock/MockArbBridge.sol/MockArbBridge');
    return this.create('isms/hook/ArbL2ToL1Ism', bridge);
  }

  async routing(domain, module) {
    const routing = await this.create('isms/routing/DomainRoutingIsm');
    await this.send('isms/routing/DomainRoutingIsm', routing, 'initialize',
      this.from, [domain], [module]);
    return routing;
  }

  pausable() {
    return this.create('isms/PausableIsm', this.from);
  }

  trustedRelayer(relayer) {
    return this.create('isms/TrustedRelayerIsm', this.chain.mailbox, relayer);
  }

  byAmount(lower, upper, threshold) {
    return this.create('isms/warp-route/AmountRoutingIsm', lower, upper, threshold);
  }

  async recipient(module) {
    const recipient = await this.create('test/TestRecipient');
    await this.setModule(recipient, module);
    return recipient;
  }

  setModule(recipient, module) {
    return this.send('test/TestRecipient', recipient, 'setInterchainSecurityModule', module);
  }
}
