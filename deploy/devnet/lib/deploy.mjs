// SPDX-License-Identifier: Apache-2.0
//
// Deploys everything on fresh chains that mine on each transaction: Hyperlane's core, the
// stablecoin, two warp routes, vaults, a sender, the guards, the spokes, and who holds what.

import { capitalArtifacts, deployGuard } from './capital.mjs';
import { compileContracts, hyperlaneContract, multicallBytecode } from './contracts.mjs';
import { mailboxAbi } from './abi.mjs';
import { tokens, TOKEN_DECIMALS } from './chains.mjs';
import { requirePackage } from './packages.mjs';
import { callContract, rpc, sendContract, sendTransaction, waitReceipt } from './rpc.mjs';
import { link } from './solidity.mjs';
import { connectSpoke, deploySpoke } from './spokes.mjs';
import { stopIfInterrupted } from './terminal.mjs';

const { encodeDeployData, getAddress, pad } = requirePackage('viem/utils');

const ZERO = '0x0000000000000000000000000000000000000000';
const MAX_UINT256 = 2n ** 256n - 1n;
const THRESHOLD = 2;
const EXCHANGE_RATE_ONE = 10n ** 10n; // the paymaster's scale: native tokens of equal worth
const MAILBOX_OVERHEAD_GAS = 100_000n;
const TRANSFER_GAS = 120_000n;

/** What each holder starts with, in whole tokens, on every chain. */
export const FUNDING = {
  supply: 100_000_000,
  router: 1_000_000,
  bridge: 5_000_000,
  sender: 1_000_000,
  user: 1_000_000,
  depositor: 500_000,
  vaultDeposits: [300_000, 100_000],
  vaultGain: 4_000, // a gift, so that a share is not worth one asset
};

const HYPERLANE = {
  mailbox: 'Mailbox',
  multisigFactory: 'isms/multisig/StaticMultisigIsm.sol/StaticMessageIdMultisigIsmFactory',
  hookFactory: 'hooks/aggregation/StaticAggregationHookFactory',
  merkleTreeHook: 'hooks/MerkleTreeHook',
  validatorAnnounce: 'isms/multisig/ValidatorAnnounce',
  gasPaymaster: 'hooks/igp/InterchainGasPaymaster',
  gasOracle: 'hooks/igp/StorageGasOracle',
  protocolFee: 'hooks/ProtocolFee',
  testRecipient: 'test/TestRecipient',
  token: 'test/ERC20Test.sol/ERC20Test',
  router: 'token/HypERC20Collateral',
};

export function loadArtifacts() {
  const own = compileContracts();
  const entries = Object.entries(HYPERLANE).map(([key, name]) => [key, hyperlaneContract(name)]);
  return {
    ...capitalArtifacts(), ...Object.fromEntries(entries), vault: own.Vault, sender: own.Sender,
    pacedVault: own.PacedVault, price: own.Price, till: own.Till,
  };
}

/** Sends as the deployer on one chain and remembers each contract's ABI. */
export class Deployer {
  constructor(url, from, artifacts) {
    Object.assign(this, { url, from, artifacts, libraries: {} });
  }

  /** Deploys a contract, and the libraries that it is linked with. */
  async create(kind, ...args) {
    stopIfInterrupted();
    const { abi, bytecode, links = [] } = this.artifacts[kind];
    for (const { library } of links) this.libraries[library] ??= await this.create(library);
    const data = encodeDeployData({ abi, bytecode: link({ bytecode, links }, this.libraries), args });
    const hash = await sendTransaction(this.url, { from: this.from, data });
    return (await waitReceipt(this.url, hash, kind)).contractAddress;
  }

  send(kind, to, functionName, ...args) {
    return this.sendAs(this.from, kind, to, functionName, ...args);
  }

  sendAs(from, kind, to, functionName, ...args) {
    stopIfInterrupted();
    const { abi } = this.artifacts[kind];
    return sendContract(this.url, { from, to, abi, functionName, args });
  }

  read(kind, to, functionName, ...args) {
    return callContract(this.url, to, this.artifacts[kind].abi, functionName, args);
  }
}

/** Deploys on all chains ({url, name, domain}); resolves to what each has, in the same order. */
export async function deployAll(chains, accounts, onStep) {
  const artifacts = loadArtifacts();
  const deployers = chains.map(
    ({ url }) => new Deployer(url, accounts.deployer.address, artifacts),
  );
  const each = (work) => Promise.all(deployers.map(work));
  onStep('Hyperlane core contracts');
  await each((deployer, i) => offsetAddresses(deployer, i));
  const found = await each((deployer, i) => deployCore(deployer, chains[i].domain, accounts));
  const { beneficiary } = accounts;
  await each((deployer, i) =>
    setGasPrices(deployer, found[i], otherChains(chains, i), beneficiary.address),
  );
  await each((deployer, i) => initializeMailbox(deployer, found[i]));
  onStep('stablecoin, warp routes and vaults');
  await each((deployer, i) => deployTokens(deployer, found[i]));
  await each((deployer, i) => connectRoutes(deployer, i, chains, found));
  onStep('guards');
  await each((deployer, i) => deployGuard(deployer, found[i], otherChains(chains, i), accounts));
  onStep('balances');
  await each((deployer, i) => fund(deployer, found[i], accounts));
  onStep('spokes');
  await each((deployer, i) => deploySpoke(deployer, found[i], accounts));
  const placed = found.map((contracts, i) => ({ ...contracts, domain: chains[i].domain }));
  await each((deployer, i) =>
    connectSpoke(deployer, placed[i], otherChains(placed, i), accounts));
  await each((deployer, i) => deployMulticall(deployer, found[i]));
  return Promise.all(found.map((contracts, i) => describe(deployers[i], contracts)));
}

/** Gives every chain its own addresses, so that taking one chain's for another's fails. */
function offsetAddresses(deployer, index) {
  const nonce = `0x${(1000 * (index + 1)).toString(16)}`;
  return rpc(deployer.url, 'anvil_setNonce', [deployer.from, nonce]);
}

function otherChains(chains, index) {
  return chains.filter((_, i) => i !== index);
}

async function deployCore(deployer, domain, accounts) {
  const mailbox = await deployer.create('mailbox', domain);
  const { beneficiary } = accounts;
  return {
    mailbox,
    ism: await deployIsm(deployer, accounts.validators),
    merkleTreeHook: await deployer.create('merkleTreeHook', mailbox),
    validatorAnnounce: await deployer.create('validatorAnnounce', mailbox),
    interchainGasPaymaster: await deployer.create('gasPaymaster'),
    gasOracle: await deployer.create('gasOracle'),
    protocolFee: await deployer.create(
      'protocolFee', 10n ** 16n, 0n, beneficiary.address, deployer.from,
    ),
    testRecipient: await deployer.create('testRecipient'),
  };
}

async function deployIsm(deployer, validators) {
  const factory = await deployer.create('multisigFactory');
  const signers = validators
    .map(({ address }) => address)
    .sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  await deployer.send('multisigFactory', factory, 'deploy', signers, THRESHOLD);
  return deployer.read('multisigFactory', factory, 'getAddress', signers, THRESHOLD);
}

/** Each remote has its own gas price, so quotes differ by destination. */
async function setGasPrices(deployer, contracts, remotes, beneficiary) {
  const { gasOracle, interchainGasPaymaster } = contracts;
  const prices = remotes.map(({ domain }) => ({
    remoteDomain: domain,
    tokenExchangeRate: EXCHANGE_RATE_ONE,
    gasPrice: 1_000_000_000n + BigInt(domain) * 1_000_000n,
  }));
  const configs = remotes.map(({ domain }) => ({
    remoteDomain: domain,
    config: { gasOracle, gasOverhead: MAILBOX_OVERHEAD_GAS },
  }));
  await deployer.send('gasOracle', gasOracle, 'setRemoteGasDataConfigs', prices);
  await deployer.send(
    'gasPaymaster', interchainGasPaymaster, 'initialize', deployer.from, beneficiary,
  );
  await deployer.send(
    'gasPaymaster', interchainGasPaymaster, 'setDestinationGasConfigs', configs,
  );
}

async function initializeMailbox(deployer, contracts) {
  const hooks = [contracts.merkleTreeHook, contracts.interchainGasPaymaster];
  const factory = await deployer.create('hookFactory');
  await deployer.send('hookFactory', factory, 'deploy', hooks, hooks.length);
  contracts.defaultHook = await deployer.read(
    'hookFactory', factory, 'getAddress', hooks, hooks.length,
  );
  await deployer.send(
    'mailbox', contracts.mailbox, 'initialize',
    deployer.from, contracts.ism, contracts.defaultHook, contracts.protocolFee,
  );
}

async function deployTokens(deployer, contracts) {
  const supply = tokens(FUNDING.supply);
  contracts.stablecoin = await deployer.create(
    'token', 'Devnet dollar', 'dUSD', supply, TOKEN_DECIMALS,
  );
  for (const name of ['router', 'bridge']) {
    contracts[name] = await deployer.create(
      'router', contracts.stablecoin, 1n, 1n, contracts.mailbox,
    );
    await deployer.send('router', contracts[name], 'initialize', ZERO, ZERO, deployer.from);
  }
  contracts.vault = await deployer.create('vault', contracts.stablecoin);
  contracts.sender = await deployer.create('sender');
}

/** Enrols both routes with their counterparts, then allows the bridge, in the order it demands. */
async function connectRoutes(deployer, index, chains, found) {
  const { router, bridge } = found[index];
  const remotes = chains.map(({ domain }, i) => ({ domain, ...found[i] }))
    .filter((_, i) => i !== index);
  const domains = remotes.map(({ domain }) => domain);
  const gas = domains.map((domain) => ({ domain, gas: TRANSFER_GAS }));
  for (const name of ['router', 'bridge']) {
    const addresses = remotes.map((remote) => pad(remote[name], { size: 32 }));
    const contract = found[index][name];
    await deployer.send('router', contract, 'enrollRemoteRouters', domains, addresses);
    await deployer.send('router', contract, 'setDestinationGas', gas);
  }
  for (const domain of domains) {
    await deployer.send('router', router, 'addBridge', domain, bridge);
  }
}

async function fund(deployer, contracts, accounts) {
  const { stablecoin, router, bridge, sender, vault } = contracts;
  const give = (to, amount) =>
    deployer.send('token', stablecoin, 'transfer', to, tokens(amount));
  await give(router, FUNDING.router);
  await give(bridge, FUNDING.bridge);
  await give(sender, FUNDING.sender);
  for (const { address } of accounts.users) {
    await give(address, FUNDING.user);
    await deployer.sendAs(address, 'token', stablecoin, 'approve', router, MAX_UINT256);
  }
  for (const [i, { address }] of accounts.depositors.entries()) {
    await give(address, FUNDING.depositor);
    await deployer.sendAs(address, 'token', stablecoin, 'approve', vault, MAX_UINT256);
    const assets = tokens(FUNDING.vaultDeposits[i]);
    await deployer.sendAs(address, 'vault', vault, 'deposit', assets, address);
  }
  await give(vault, FUNDING.vaultGain);
}

async function deployMulticall(deployer, contracts) {
  const hash = await sendTransaction(deployer.url, { from: deployer.from, data: multicallBytecode() });
  contracts.multicall = (await waitReceipt(deployer.url, hash, 'multicall')).contractAddress;
}

async function describe(deployer, contracts) {
  const [deployedBlock, head] = await Promise.all([
    callContract(deployer.url, contracts.mailbox, mailboxAbi, 'deployedBlock'),
    rpc(deployer.url, 'eth_blockNumber'),
  ]);
  for (const [name, address] of Object.entries(contracts)) contracts[name] = getAddress(address);
  return { contracts, deployedBlock: Number(deployedBlock), startBlock: Number(head) };
}
