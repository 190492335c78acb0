// SPDX-License-Identifier: Apache-2.0
//
// Two chains with Hyperlane, warp routes, Aave, Uniswap and ERC-4626, a spoke on each, a hub and a
// guard on the first: set up as an owner would, with one depositor's million in them.

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { deriveAccounts } from '../../../deploy/devnet/lib/accounts.mjs';
import { endAnvil, startAnvil } from '../../../deploy/devnet/lib/anvil.mjs';
import { chainIdentity } from '../../../deploy/devnet/lib/chains.mjs';
import { buildMetadata, quorumOf, readLeaves } from '../../../deploy/devnet/lib/delivery.mjs';
import { loadArtifacts } from '../../../deploy/devnet/lib/deploy.mjs';
import { hyperlaneContract } from '../../../deploy/devnet/lib/contracts.mjs';
import { dispatchLogs, messageOfLog } from '../../../deploy/devnet/lib/messages.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { openState, statePath } from '../../../deploy/devnet/lib/state.mjs';
import { compileFolders } from '../../../deploy/devnet/lib/solidity.mjs';
import { Chain } from './chain.mjs';
import { deployAave, deployUniswap, venueArtifacts } from './venues.mjs';

const { concat, keccak256, numberToHex, pad, stringToHex } = requirePackage('viem/utils');

export const ZERO = '0x0000000000000000000000000000000000000000';
export const ALL = 2n ** 256n - 1n;
export const MANDATE = keccak256(stringToHex('the mandate of the tests'));
export const USD = keccak256(stringToHex('USD'));
export const ETH = keccak256(stringToHex('ETH'));
export const usd = (whole) => BigInt(Math.round(whole * 1e6));
export const eth = (whole) => BigInt(Math.round(whole * 1e6)) * 10n ** 12n;
export const bytes32 = (address) => pad(address, { size: 32 }).toLowerCase();

export const DAY = 86_400n;
export const DELAY = 2n * DAY;
export const FUNDS = usd(1_000_000);
/** Budgets that tests push against, per window of a day. */
export const LIMITS = { velocity: usd(2_000_000), loss: usd(500), window: Number(DAY), idleMin: 0n };
export const ETH_LIMITS = { velocity: eth(1_000), loss: eth(1), window: Number(DAY), idleMin: 0n };
export const FEE_BPS_MAX = 10; // of a bridge
export const SLIP_BPS_MAX = 100;
export const NATIVE_FEE_MAX = 10n ** 16n;

/** Places of the venues in the first spoke. */
export const VENUE = { vault: 0n, aave: 1n, aaveEth: 2n, pool: 3n, pool2: 4n, hostile: 5n, proxy: 6n };
const KIND = { VAULT: 1, AAVE: 2, POOL: 3 };

const root = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../../..');

export function loadContracts() {
  return compileFolders({
    contracts: path.join(root, 'chains/evm/contracts'),
    tests: path.join(root, 'tests/contracts/sol'),
  });
}

export class World {
  constructor(folder) {
    this.folder = folder;
    this.processes = [];
    this.accounts = deriveAccounts();
    const [owner, approver, guardian, stranger] = this.accounts.users.map(({ address }) => address);
    Object.assign(this, { owner, approver, guardian, stranger });
    this.allocator = this.accounts.relayer.address;
    this.depositor = this.accounts.depositors[0].address;
    this.legs = 0;
  }

  async start() {
    mkdirSync(this.folder, { recursive: true });
    const { folder, deployment } = await openState(3, this.accounts);
    this.artifacts = {
      ...loadArtifacts(), ...venueArtifacts(), ...loadContracts(),
      IsmFactory: hyperlaneContract('isms/multisig/StaticMultisigIsm.sol/StaticMessageIdMultisigIsmFactory'),
      AggregationFactory: hyperlaneContract('isms/aggregation/StaticAggregationIsmFactory'),
    };
    this.chains = await Promise.all([0, 1].map((i) => this.#startChain(i, folder, deployment[i])));
    [this.alpha, this.beta] = this.chains;
    await Promise.all(this.chains.map((chain) => this.#deployBase(chain)));
    await this.#deployVenues();
    await this.#deployHub();
    await this.#connect();
    await this.#fund();
  }

  async #startChain(index, folder, { contracts }) {
    const { name, chainId, domain } = chainIdentity(index);
    const options = {
      chainId, port: 0, blockSeconds: 0, logPath: path.join(this.folder, `${name}.log`),
      workPath: path.join(this.folder, `${name}.work`), statePath: statePath(folder, name),
    };
    const { url } = await startAnvil(options, (record) => this.processes.push(record));
    const { artifacts, accounts } = this;
    return new Chain({ url, name, domain, contracts, artifacts, accounts });
  }

  async end() {
    for (const record of this.processes) await endAnvil(record);
  }

  /** Sets both clocks to one time: otherwise each goes on from its last block, whenever that was. */
  async #align() {
    const times = await Promise.all(this.chains.map((chain) => chain.time()));
    const next = Number(times[0] > times[1] ? times[0] : times[1]) + 1;
    await Promise.all(this.chains.map(async (chain) => {
      await chain.rpc('evm_setNextBlockTimestamp', next);
      await chain.rpc('evm_mine');
    }));
  }

  /** Both chains as they are now, to come back to. */
  async mark() {
    await this.#align();
    this.marks = await Promise.all(this.chains.map((chain) => chain.rpc('evm_snapshot')));
  }

  async reset() {
    await Promise.all(this.chains.map((chain, i) => chain.rpc('evm_revert', this.marks[i])));
    await this.mark();
  }

  roles(allocator = this.allocator) {
    const { owner, approver, guardian } = this;
    return { owner, approver, guardian, allocator, delay: Number(DELAY) };
  }

  order(changes = {}) {
    this.legs += 1;
    return { leg: numberToHex(this.legs, { size: 32 }), mandate: MANDATE, deadline: 2n ** 40n, ...changes };
  }

  /** A verb of the allocator on a contract: verb(spoke, 'deposit', [0n, 5n]). */
  verb(contract, name, args, options = {}) {
    return contract[name]([options.order ?? this.order(), ...args], { from: this.allocator, ...options });
  }

  /** The owner's change, behind its delay once the contract has begun. */
  async change(chain, contract, name, args = []) {
    const { encodeFunctionData } = requirePackage('viem/utils');
    if (!(await contract.read.begun())) return contract[name](args, { from: this.owner });
    const call = encodeFunctionData({ abi: contract.abi, functionName: name, args });
    await contract.propose([call], { from: this.owner });
    await chain.pass(DELAY + 1n);
    return contract[name](args, { from: this.approver });
  }

  async #deployBase(chain) {
    chain.usd = chain.at('token', chain.contracts.stablecoin);
    chain.bridge = chain.at('router', chain.contracts.bridge);
    chain.router = chain.at('router', chain.contracts.router);
    chain.vault = chain.at('vault', chain.contracts.vault);
    chain.mailbox = chain.at('mailbox', chain.contracts.mailbox);
    chain.judge = await chain.deploy('IsmJudge');
    chain.ism = await this.#deployIsm(chain);
    chain.usdFeed = await chain.deploy('Feed', 8, 10n ** 8n);
    chain.usdFeed2 = await chain.deploy('Feed', 18, 10n ** 18n);
    const { mailbox, judge } = chain;
    chain.spoke = await chain.deploy('Spoke', mailbox.address, judge.address, this.roles());
  }

  /** Two of two: the operator's validators, and somebody else's. */
  async #deployIsm(chain) {
    const factory = await chain.deploy('IsmFactory');
    const other = [this.accounts.users[5].address];
    await factory.deploy([other, 1]);
    chain.otherIsm = await factory.read.getAddress(other, 1);
    const modules = [chain.contracts.ism, chain.otherIsm];
    const aggregation = await chain.deploy('AggregationFactory');
    await aggregation.deploy([modules, 2]);
    return aggregation.read.getAddress(modules, 2);
  }

  pricing(chain, kind = 'usd') {
    return {
      first: chain[`${kind}Feed`].address, second: chain[`${kind}Feed2`].address,
      firstAgeMax: 30 * 86_400, secondAgeMax: 30 * 86_400, divergenceBpsMax: 100,
    };
  }

  terms(kind, place, changes = {}) {
    return {
      kind, place, asset: ZERO, receipt: ZERO, debt: ZERO, probeAt: ZERO, probe: '0x00000000', cap: 0n,
      debtCap: 0n, healthMin: 0n, supplyMin: 0n, jumpBpsMax: 0, ...changes,
    };
  }

  vaultTerms(vault, asset, changes = {}) {
    return this.terms(KIND.VAULT, vault, {
      asset, receipt: vault, cap: usd(600_000), supplyMin: 1_000_000n, jumpBpsMax: 50, ...changes,
    });
  }

  async #deployVenues() {
    const chain = this.alpha;
    chain.eth = await chain.deploy('token', 'Test ether', 'tETH', 10n ** 24n, 18);
    chain.ethFeed = await chain.deploy('Feed', 8, 2_000n * 10n ** 8n);
    chain.ethFeed2 = await chain.deploy('Feed', 8, 2_000n * 10n ** 8n);
    chain.aave = await deployAave(chain, [
      { token: chain.usd.address, decimals: 6, price: 10n ** 8n },
      { token: chain.eth.address, decimals: 18, price: 2_000n * 10n ** 8n },
    ]);
    // Somebody else's ether, to be borrowed.
    await chain.eth.approve([chain.aave.pool.address, eth(10_000)]);
    await chain.aave.pool.supply([chain.eth.address, eth(10_000), chain.deployer, 0]);
    const amounts = { a: usd(30_000_000), b: eth(15_000), liquidity: 6n * 10n ** 17n };
    const price = (isForward) => isForward
      ? (2n ** 96n * 22_360_679n) // sqrt(1e18 / 2000e6)
      / 1_000n
      : (2n ** 96n * 1_000n) / 22_360_679n;
    chain.pool = await deployUniswap(chain, chain.usd, chain.eth, 500, price, amounts);
    chain.pool2 = await deployUniswap(chain, chain.usd, chain.eth, 3000, price, amounts);
    chain.hostile = await chain.deploy('HostileVault', chain.usd.address);
    await this.#seedVault(chain, chain.hostile);
    const logic = await chain.deploy('HostileVault', chain.usd.address);
    chain.beacon = await chain.deploy('Beacon', logic.address, chain.deployer);
    chain.proxy = chain.at('HostileVault', (await chain.deploy('Proxy', chain.beacon.address)).address);
    await this.#seedVault(chain, chain.proxy);
    chain.badBridge = await chain.deploy('HostileBridge', chain.usd.address);
  }

  async #seedVault(chain, vault) {
    await chain.usd.approve([vault.address, usd(10_000)]);
    await chain.send({ ...vault, to: vault.address, functionName: 'deposit', args: [usd(10_000), chain.deployer] });
  }

  async #deployHub() {
    const chain = this.alpha;
    chain.hub = await chain.deploy('Hub', chain.mailbox.address, chain.judge.address, this.roles(),
      chain.usd.address, USD, 'Portfolio', 'PORT');
    chain.guard = await chain.deploy('Guard', this.roles());
  }

  async #connect() {
    const { alpha, beta, owner } = this;
    const hub = bytes32(alpha.hub.address);
    const set = (contract, name, ...args) => contract[name](args, { from: owner });
    for (const [chain, other] of [[alpha, beta], [beta, alpha]]) {
      const { spoke } = chain;
      await set(spoke, 'setAsset', chain.usd.address, USD, this.pricing(chain), LIMITS);
      await set(spoke, 'setHub', alpha.domain, hub);
      await set(spoke, 'setSibling', other.domain, bytes32(other.spoke.address));
      await set(spoke, 'setRoute', other.domain, chain.usd.address, chain.bridge.address, FEE_BPS_MAX, NATIVE_FEE_MAX);
      await set(spoke, 'setSlip', SLIP_BPS_MAX);
      await set(spoke, 'setIsm', chain.ism, this.operatorValidators());
      await set(spoke, 'setVenue', 0n, this.vaultTerms(chain.vault.address, chain.usd.address));
    }
    const { spoke, aave } = alpha;
    await set(spoke, 'setAsset', alpha.eth.address, ETH, this.pricing(alpha, 'eth'), ETH_LIMITS);
    await set(spoke, 'setRoute', beta.domain, alpha.usd.address, alpha.badBridge.address, FEE_BPS_MAX, NATIVE_FEE_MAX);
    const aaveTerms = (token, changes) => this.terms(KIND.AAVE, aave.pool.address, {
      asset: token, ...aave.receipts[token], cap: usd(600_000), healthMin: 15n * 10n ** 17n,
      probeAt: aave.pool.address, probe: '0x0148170e', ...changes });
    await set(spoke, 'setVenue', 1n, aaveTerms(alpha.usd.address, { debt: ZERO }));
    await set(spoke, 'setVenue', 2n, aaveTerms(alpha.eth.address, { cap: eth(100), debtCap: eth(100) }));
    await set(spoke, 'setVenue', 3n, this.terms(KIND.POOL, alpha.pool.pool.address));
    await set(spoke, 'setVenue', 4n, this.terms(KIND.POOL, alpha.pool2.pool.address));
    await set(spoke, 'setVenue', 5n, this.vaultTerms(alpha.hostile.address, alpha.usd.address));
    await set(spoke, 'setVenue', 6n, this.vaultTerms(alpha.proxy.address, alpha.usd.address,
      { probeAt: alpha.beacon.address, probe: '0x5c60da1b' }));
    await this.#connectHub(set);
    for (const chain of this.chains) await chain.spoke.begin([MANDATE], { from: owner });
  }

  async #connectHub(set) {
    const { alpha, beta } = this;
    const { hub, guard } = alpha;
    await set(hub, 'setIsm', alpha.ism, this.operatorValidators());
    for (const chain of [alpha, beta]) await set(hub, 'setSpoke', chain.domain, bytes32(chain.spoke.address));
    await set(hub, 'setAssetTerms', { id: USD, decimals: 6, pricing: this.pricing(alpha) });
    await set(hub, 'setAssetTerms', { id: ETH, decimals: 18, pricing: this.pricing(alpha, 'eth') });
    await set(hub, 'setReportTerms', { ageMax: 3_600, skewMax: 10, jumpBpsMax: 100 });
    await set(hub, 'setTerms', { depositMin: usd(1), priceJumpBpsMax: 100, feeBpsPerYear: 100,
      feeReceiver: this.accounts.users[6].address, cancelAfter: Number(7n * DAY) });
    await hub.begin([MANDATE], { from: this.owner });
    await set(guard, 'setRouter', alpha.router.address,
      { velocity: usd(300_000), loss: usd(100), native: NATIVE_FEE_MAX * 5n, window: Number(DAY) });
    await set(guard, 'setCorridor', alpha.router.address, beta.domain, alpha.bridge.address,
      FEE_BPS_MAX, NATIVE_FEE_MAX, 60);
    await guard.begin([MANDATE], { from: this.owner });
    await alpha.router.addRebalancer([guard.address]);
    await alpha.router.removeRebalancer([this.allocator]);
  }

  operatorValidators() {
    return this.accounts.validators.map(({ address }) => address);
  }

  async #fund() {
    const { alpha } = this;
    await alpha.usd.transfer([this.depositor, FUNDS * 2n]);
    await alpha.usd.approve([alpha.hub.address, ALL], { from: this.depositor });
    await this.enter(FUNDS);
    await this.verb(alpha.hub, 'invest', [FUNDS], { label: 'hub.invest' });
  }

  /** A deposit from request to shares. */
  async enter(assets, from = this.depositor) {
    const { hub } = this.alpha;
    await hub.requestDeposit([assets, from, from], { from, label: 'hub.requestDeposit' });
    await this.round();
    const claim = ['deposit', [assets, from, from]];
    const abi = hub.abi.filter((entry) => entry.name === 'deposit' && entry.inputs.length === 3);
    await this.alpha.send({ from, to: hub.address, abi, functionName: claim[0], args: claim[1] });
  }

  /** Closes a round, reports from everywhere after it, and settles. */
  async round() {
    const { alpha } = this;
    await this.verb(alpha.hub, 'closeRound', []);
    await this.reportAll();
    return alpha.hub.settleRound([], { label: 'hub.settleRound' });
  }

  async reportAll(wait = 20) {
    for (const chain of this.chains) await chain.pass(wait);
    for (const chain of this.chains) await this.report(chain);
  }

  async report(chain) {
    const receipt = await this.verb(chain.spoke, 'report', [],
      { value: NATIVE_FEE_MAX, label: `spoke.report ${chain === this.alpha ? 'direct' : 'by message'}` });
    await this.deliver(chain, receipt);
    return receipt;
  }

  messagesOf(receipt) {
    return dispatchLogs(receipt).map(messageOfLog);
  }

  /** Delivers all messages of a receipt; `signing` says whose signatures the metadata has. */
  async deliver(origin, receipt, signing = 'both') {
    const receipts = [];
    for (const message of this.messagesOf(receipt)) {
      receipts.push(await this.deliverOne(origin, message, signing));
    }
    return receipts;
  }

  async deliverOne(origin, message, signing = 'both') {
    const target = this.chains.find(({ domain }) => domain === message.destination);
    const metadata = await this.#metadata(origin, target, message, signing);
    return target.mailbox.process([metadata, message.bytes], { from: this.stranger });
  }

  async #metadata(origin, target, message, signing) {
    const where = { httpUrl: origin.url, ...origin.contracts, domain: origin.domain };
    const leaves = await readLeaves(where);
    const operator = await buildMetadata(where, leaves, message.id, quorumOf(this.accounts));
    const own = [target.spoke, target.hub].filter(Boolean).map(({ address }) => address.toLowerCase());
    if (!own.includes(message.recipient.toLowerCase())) return operator;
    const others = await buildMetadata(where, leaves, message.id, [this.accounts.users[5].account]);
    const parts = signing === 'both' ? [operator, others] : [operator, operator];
    let start = 16;
    const header = [];
    for (const part of parts) {
      const end = start + (part.length - 2) / 2;
      header.push(numberToHex(start, { size: 4 }), numberToHex(end, { size: 4 }));
      start = end;
    }
    return concat([...header, ...parts]);
  }
}
