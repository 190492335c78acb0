// SPDX-License-Identifier: Apache-2.0
//
// Sluice nodes on a devnet: their configuration files, and their processes.

import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { recordProcess } from './processes.mjs';
import { SPOKE_BUFFER, VENUE_CAP, venuesOf } from './spokes.mjs';
import { EXIT_FAILED, Stop, sleep, stopIfInterrupted } from './terminal.mjs';

const READY_WAIT_MS = 10_000;
const END_WAIT_MS = 10_000;
const ASSET = 'USDC';
// Of nobody: a devnet's mandate is loosened by writing a new node.
const MANDATE_SIGNERS = [`0x${'51'.repeat(20)}`, `0x${'52'.repeat(20)}`];

/**
 * Writes the files of one node and says where they are.
 * Options: folder, name, mode (observe, propose, act), validator (index; absent for the relayer),
 * signerMode (what the signer allows; as `mode` when absent; propose wants approvers, addresses),
 * venue (more keys of each venue of the mandate), endpointOf (chain to URL; the chain's own when absent; several with commas
 * between), nodeSettings (that differ or are more), capital (false: a relayer alone), route (settings
 * that differ), large (what a quorum is not enough for: {value, blocks}), log (keep a transparency log: {interval, port, witnesses}), program (of sluice; makes
 * the log's key),
 * environment (variables of its process, beside ours),
 * keys (more accounts that deliver, {address, keystore}), settingsOf (chain to settings that differ
 * or are more), policy (settings of which messages are delivered), store (checkpoints in S3:
 * {endpoint, bucket, credentials}), privateAddresses (servers that modules name may be on this
 * machine), minted (an asset that one router locks and others mint: {asset, collateral: {chain,
 * address, token}, routers: [{chain, address}]}), spokes (true: the mandate names the spokes and
 * their vaults too), reserves (of Aave pools that spokes reach: [{chain, index, pool, receipt,
 * guarded: {floor, shock} where something is owed, debt: {symbol, token, index, receipt, buffer} where
 * the node may pay it back}]), hub (the vault of all spokes: {chain, address},
 * with rounds and reports, how often), prices (chain whose feeds say what the asset is worth), relayTo
 * (chain to whether messages are delivered to it; to all when absent).
 */
export function writeNode(devnet, options) {
  const folder = path.join(options.folder, options.name);
  const node = {
    name: options.name,
    folder,
    data: path.join(folder, 'data'),
    config: path.join(folder, 'node.yaml'),
    signer: path.join(folder, 'signer.yaml'),
    // In the signer's own folder, which it makes for its user alone.
    signerSocket: path.join(folder, 'signer', 'signer.sock'),
    mandate: path.join(folder, 'mandate.yaml'),
    log: path.join(folder, 'node.log'),
    logSigner: path.join(folder, 'log-signer.yaml'),
    logSocket: path.join(folder, 'log-signer', 'log.sock'),
    logKey: null,
    environment: options.environment ?? {},
    checkpoints: path.join(folder, 'checkpoints'),
    movesCapital: options.validator === undefined && options.capital !== false &&
      (options.mode ?? 'act') !== 'observe',
  };
  mkdirSync(folder, { recursive: true });
  if (options.log) {
    node.logKey = makeLogKey(options.program, node);
    writeFileSync(node.logSigner, logSignerYaml(node), { mode: 0o600 });
  }
  writeFileSync(node.config, nodeYaml(devnet, node, options));
  writeFileSync(node.mandate, mandateYaml(devnet, options));
  writeFileSync(node.signer, signerYaml(devnet, node, options), { mode: 0o600 });
  return node;
}

/** The key of the node's log, made once; its public part, which names the log. */
function makeLogKey(program, node) {
  const origin = `${node.name}.devnet/journal/1`;
  const file = path.join(node.folder, 'log.key');
  const known = path.join(node.folder, 'log.key.public');
  if (existsSync(known)) return readFileSync(known, 'utf8').trim();
  const made = spawnSync(program, ['key', 'log', file, '--origin', origin], { encoding: 'utf8' });
  if (made.status !== 0) throw new Stop(EXIT_FAILED, `no key for the log: ${made.stderr.trim()}`);
  writeFileSync(known, made.stdout);
  return made.stdout.trim();
}

/** The hash by which the guards know a node's mandate. */
export function mandateHash(program, node) {
  const said = spawnSync(program, ['mandate', 'hash', node.mandate], { encoding: 'utf8' });
  if (said.status !== 0) throw new Stop(EXIT_FAILED, `no hash of the mandate: ${said.stderr.trim()}`);
  return said.stdout.trim();
}

const block = (lines) => `${lines.flat(Infinity).join('\n')}\n`;

function nodeYaml(devnet, node, options) {
  const validator = devnet.validators[options.validator];
  return block([
    `# Written for a devnet: node ${node.name}.`,
    'node:',
    Object.entries({ name: node.name, data: node.data, ...options.nodeSettings })
      .map(([key, value]) => `  ${key}: ${value}`),
    'signer:',
    '  spawn: true',
    `  config: ${node.signer}`,
    `  socket: ${node.signerSocket}`,
    'chains:',
    devnet.chains.map((chain) => chainYaml(devnet, chain, options)),
    validator ? validatorYaml(validator, node, options.store) : [],
    storesYaml(options),
    validator || options.capital === false ? [] : capitalYaml(devnet, node, options),
    options.large
      ? ['large:', Object.entries(options.large).map(([key, value]) => `  ${key}: ${value}`)] : [],
    options.policy
      ? ['policy:', Object.entries(options.policy).map(([key, value]) => `  ${key}: ${value}`)] : [],
    options.log ? logYaml(node, options.log) : [],
    options.site ? ['site:', `  listen: 127.0.0.1:${options.site}`] : [],
    options.alerts
      ? ['alerts:', Object.entries(options.alerts).map(([key, value]) => `  ${key}: ${value}`)] : [],
  ]);
}

function chainYaml(devnet, chain, options) {
  const validator = devnet.validators[options.validator];
  const key = validator ? validator.chainAddress : devnet.relayer.address;
  const more = (options.keys ?? []).map(({ address }) => address);
  const settings = {
    family: 'evm',
    devnet: true,
    domain: chain.domain,
    chain_id: chain.chainId,
    endpoints: `[${(options.endpointOf ?? (({ wsUrl }) => wsUrl))(chain)}]`,
    finality: 'finalized',
    start_block: chain.startBlock,
    mailbox: chain.mailbox,
    merkle_tree_hook: chain.merkleTreeHook,
    validator_announce: chain.validatorAnnounce,
    gas_paymaster: chain.interchainGasPaymaster,
    relay: validator === undefined && (options.relayTo?.(chain) ?? true),
    validate: validator !== undefined,
    ...(more.length > 0 ? { keys: `[${[key, ...more].join(', ')}]` } : { key }),
    fee_per_gas_max: '200 gwei',
    priority_fee_per_gas: '1 gwei',
    gas_limit_max: 3000000,
    ...options.settingsOf?.(chain),
  };
  return [
    `  - name: ${chain.name}`,
    Object.entries(settings).map(([name, value]) => `    ${name}: ${value}`),
  ];
}

function logYaml(node, log) {
  return [
    'log:',
    `  key: "${node.logKey}"`,
    '  spawn: true',
    `  config: ${node.logSigner}`,
    `  socket: ${node.logSocket}`,
    `  interval: ${log.interval ?? '2 s'}`,
    log.port ? `  listen: 127.0.0.1:${log.port}` : [],
    log.witnesses?.length ? 'witnesses:' : [],
    (log.witnesses ?? []).map(({ key, url }) => [`  - key: "${key}"`, `    url: ${url}`]),
  ];
}

function logSignerYaml(node) {
  return block([
    `# Written for a devnet: the signer of the log of node ${node.name}.`,
    `socket: ${node.logSocket}`,
    `state: ${path.join(node.folder, 'log-signer')}`,
    `key_file: ${path.join(node.folder, 'log.key')}`,
  ]);
}

function validatorYaml(validator, node, store) {
  const location = store ? `"s3://${store.bucket}/us-east-1/${node.name}-{chain}"` : node.checkpoints;
  return ['validator:', `  address: ${validator.address}`, `  store: ${location}`,
    store ? `  credentials: ${store.credentials}` : []];
}

function storesYaml({ store, privateAddresses }) {
  if (!store && !privateAddresses) return [];
  return ['stores:', store ? `  s3_endpoint: ${store.endpoint}` : [],
    privateAddresses ? '  private_addresses: true' : []];
}

/** Each router's target share of all collateral, in 1/10,000; they sum to 10,000. */
export function chainShares({ chains }) {
  const share = Math.floor(10_000 / chains.length);
  return chains.map((_, i) => (i > 0 ? share : 10_000 - share * (chains.length - 1)));
}

function capitalYaml(devnet, node, options) {
  return [
    `mandate: ${node.mandate}`,
    options.minted ? syntheticsYaml(options.minted) : [],
    'vaults:',
    devnet.chains.map((chain) => [
      `  - chain: ${chain.name}`,
      `    asset: ${ASSET}`,
      `    vault: ${chain.vault}`,
      `    token: ${chain.stablecoin}`,
    ]),
    'route:',
    `  mode: ${options.mode ?? 'act'}`,
    `  plan_interval: ${options.route?.plan_interval ?? '2s'}`,
  ];
}

function syntheticsYaml({ asset, routers }) {
  return ['synthetics:', routers.map(({ chain, address }) =>
    [`  - chain: ${chain.name}`, `    asset: ${asset}`, `    router: "${address}"`])];
}

/** The router that holds what others mint: all of its asset is there, so nothing is moved. */
function collateralYaml({ asset, collateral: { chain, address, token } }) {
  return [`  - name: router-${asset}`, '    kind: warp-route', `    chain: ${chain.name}`,
    `    asset: ${asset}`, `    address: "${address}"`, `    token: "${token}"`,
    '    weight: 100.00 %'];
}

/** The owner's mandate: what the node plans by and what its signer holds it to. */
function mandateYaml(devnet, options) {
  const shares = chainShares(devnet);
  const { plan_interval: ignored, ...route } = options.route ?? {};
  const limits = {
    window: '1 h',
    tolerance: '5 %',
    move_min: `100 ${ASSET}`,
    move_max: `1000000 ${ASSET}`,
    velocity: `100000000 ${ASSET}`,
    fee_max: '0.1 %',
    fee_native_max: '0.01 ether',
    margin: '50 %',
    cooldown: '5s',
    ...route,
  };
  const others = (chain) => devnet.chains.filter((other) => other !== chain);
  return block([
    '# Written for a devnet: what the owner of the capital allows.',
    'format: sluice-mandate/1',
    'name: devnet',
    'assets:',
    [ASSET, ...(options.minted ? [options.minted.asset] : []), ...debtsOf(options)].map((symbol) => [
      `  - symbol: ${symbol}`,
      `    decimals: ${devnet.tokenDecimals}`,
      symbol === ASSET && options.prices ? pricesYaml(options.prices) : [],
    ]),
    'chains:',
    devnet.chains.map(({ name, domain }) => `  - {name: ${name}, domain: ${domain}}`),
    'venues:',
    devnet.chains.map((chain, i) => [
      `  - name: router-${chain.name}`,
      '    kind: warp-route',
      `    chain: ${chain.name}`,
      `    asset: ${ASSET}`,
      `    address: "${chain.router}"`,
      `    token: "${chain.stablecoin}"`,
      `    guard: "${chain.guard}"`,
      `    weight: ${(shares[i] / 100).toFixed(2)} %`,
      Object.entries(options.venue ?? {}).map(([name, value]) => `    ${name}: ${value}`),
    ]),
    options.minted ? collateralYaml(options.minted) : [],
    options.spokes ? devnet.chains.map((chain) => spokeYaml(chain, options)) : [],
    options.hub ? hubYaml(options.hub) : [],
    'bridges:',
    devnet.chains.map((chain) => [
      `  - name: bridge-${chain.name}`,
      '    kind: warp-route',
      `    chain: ${chain.name}`,
      `    asset: ${ASSET}`,
      `    address: "${chain.bridge}"`,
      `    to: [${others(chain).map(({ name }) => name).join(', ')}]`,
    ]),
    'limits:',
    Object.entries(limits).map(([name, value]) => `  ${name}: ${value}`),
    'change:',
    '  delay: 1 h',
    '  signatures: 2',
    '  signers:',
    MANDATE_SIGNERS.map((address) => `    - "${address}"`),
  ]);
}

/** The reserves that a chain's spoke reaches. */
const reservesOf = (chain, options) =>
  (options.reserves ?? []).filter(({ chain: name }) => name === chain.name);

/** The assets that are owed, and paid back by the node. */
const debtsOf = ({ reserves = [] }) => reserves.flatMap(({ debt }) => (debt ? [debt.symbol] : []));

/** The same spoke, holding the asset that is owed, and where it is owed. */
function debtYaml(chain, { pool, debt }) {
  const name = `spoke-${debt.symbol}-${chain.name}`;
  const common = [`    chain: ${chain.name}`, `    asset: ${debt.symbol}`, `    token: "${debt.token}"`];
  return [
    `  - name: ${name}`, '    kind: spoke', common,
    `    address: "${chain.spoke}"`, `    buffer: ${debt.buffer} ${debt.symbol}`,
    `  - name: reserve${debt.index}-${chain.name}`, '    kind: aave-v3', common,
    `    address: "${pool}"`, `    receipt: "${debt.receipt}"`, `    spoke: ${name}`,
    `    index: ${debt.index}`,
  ];
}

/** Both of a chain's feeds, as the sources of an asset's price. */
function pricesYaml({ name, price1, price2 }) {
  return [
    `    price: "chainlink:${name}:${price1}"`, `    price_second: "chainlink:${name}:${price2}"`,
    '    price_age_max: 1 h', '    price_divergence_max: 1 %',
  ];
}

/** A chain's spoke and what it reaches, as venues of a mandate. */
function spokeYaml(chain, options) {
  const common = [
    `    chain: ${chain.name}`, `    asset: ${ASSET}`, `    token: "${chain.stablecoin}"`,
  ];
  return [
    `  - name: spoke-${chain.name}`, '    kind: spoke', common,
    `    address: "${chain.spoke}"`, `    buffer: ${SPOKE_BUFFER} ${ASSET}`,
    venuesOf(chain).map((vault, i) => [
      `  - name: vault${i + 1}-${chain.name}`, '    kind: erc4626', common,
      `    address: "${vault}"`, `    spoke: spoke-${chain.name}`, `    index: ${i}`,
      `    cap: ${VENUE_CAP} ${ASSET}`,
    ]),
    reservesOf(chain, options).map(({ index, pool, receipt, guarded }) => [
      `  - name: reserve${index}-${chain.name}`, '    kind: aave-v3', common,
      `    address: "${pool}"`, `    receipt: "${receipt}"`, `    spoke: spoke-${chain.name}`,
      `    index: ${index}`, `    cap: ${VENUE_CAP} ${ASSET}`,
      guarded ? [`    health_floor: ${guarded.floor}`, `    price_shock: ${guarded.shock}`] : [],
    ]),
    reservesOf(chain, options).filter(({ debt }) => debt).map((reserve) => debtYaml(chain, reserve)),
  ];
}

/** The hub whose shares claim what the spokes hold. */
function hubYaml({ chain, address, reports, rounds }) {
  return [
    `  - name: hub-${chain.name}`, '    kind: hub', `    chain: ${chain.name}`,
    `    asset: ${ASSET}`, `    address: "${address}"`, `    token: "${chain.stablecoin}"`,
    `    round_interval: ${rounds ?? '1 s'}`, `    report_interval: ${reports ?? '10 min'}`,
    '    report_fee_max: 0.01 ether',
  ];
}

function signerYaml(devnet, node, options) {
  const validator = devnet.validators[options.validator];
  const keys = validator
    ? [
        ['chain', validator.chainKeystore],
        ['validator', validator.keystore],
      ]
    : [['chain', devnet.relayer.keystore],
      ...(options.keys ?? []).map(({ keystore }) => ['chain', keystore])];
  return block([
    `# Written for a devnet: the signer of node ${node.name}.`,
    `socket: ${node.signerSocket}`,
    `state: ${path.join(node.folder, 'signer')}`,
    `mode: ${validator ? 'observe' : (options.signerMode ?? options.mode ?? 'act')}`,
    validator || options.capital === false ? [] : [`mandate_file: ${node.mandate}`],
    options.approvers ? [`approvers: [${options.approvers.join(', ')}]`] : [],
    'keys:',
    keys.map(([role, keystore], i) => [
      `  - name: ${role}${i + 1}`,
      `    roles: [${role}]`,
      `    keystore: ${keystore}`,
      `    passphrase_file: ${devnet.passphraseFile}`,
    ]),
    'chains:',
    devnet.chains.map((chain) => signerChainYaml(devnet, chain, validator, options)),
  ]);
}

function signerChainYaml(devnet, chain, validator, options) {
  return [
    `  - name: ${chain.name}`,
    `    domain: ${chain.domain}`,
    `    chain_id: ${chain.chainId}`,
    '    gas_limit_max: 3000000',
    '    fee_per_gas_max: 200 gwei',
    '    value_max: 0.01 ether',
    '    spend_per_hour_max: 1000 ether',
    '    allow:',
    validator ? announceYaml(chain) : relayerYaml(devnet, chain),
    options.spokes ? spokeRulesYaml(devnet, chain, options) : [],
    options.hub ? hubRulesYaml(chain, options.hub) : [],
    validator ? validateYaml(chain) : ['    lookups: true'],
  ];
}

function announceYaml(chain) {
  return ['      - leg: announce', `        contract: ${chain.validatorAnnounce}`];
}

function validateYaml(chain) {
  return [
    '    validate:',
    `      merkle_tree_hook: ${chain.merkleTreeHook}`,
    `      mailbox: ${chain.mailbox}`,
  ];
}

function relayerYaml(devnet, chain) {
  const destinations = devnet.chains.filter((other) => other !== chain).map(({ domain }) => domain);
  const tokens = (count) => `${BigInt(count) * 10n ** BigInt(devnet.tokenDecimals)} base units`;
  return [
    '      - leg: process',
    `        contract: ${chain.mailbox}`,
    '      - leg: batch',
    `        contract: ${chain.multicall}`,
    '      - leg: rebalance',
    `        contract: ${chain.router}`,
    `        guard: ${chain.guard}`,
    `        bridges: [${chain.bridge}]`,
    `        destinations: [${destinations.join(', ')}]`,
    `        amount_max: ${tokens(1_000_000)}`,
    `        amount_per_hour_max: ${tokens(100_000_000)}`,
  ];
}

function spokeRulesYaml(devnet, chain, options) {
  const places = [...venuesOf(chain).keys(), ...reservesOf(chain, options).map(({ index }) => index)];
  const tokens = (count) => `${BigInt(count) * 10n ** BigInt(devnet.tokenDecimals)} base units`;
  const amounts = [
    `        amount_max: ${tokens(1_000_000)}`,
    `        amount_per_hour_max: ${tokens(100_000_000)}`,
  ];
  const others = devnet.chains.filter((other) => other !== chain).map(({ domain }) => domain);
  const debts = reservesOf(chain, options).flatMap(({ debt }) => (debt ? [debt.index] : []));
  return [
    debts.length > 0
      ? ['      - leg: repay', `        contract: ${chain.spoke}`, `        venues: [${debts.join(', ')}]`,
        amounts]
      : [],
    ['deposit', 'withdraw'].map((verb) => [
      `      - leg: ${verb}`,
      `        contract: ${chain.spoke}`,
      `        venues: [${places.join(', ')}]`,
      amounts,
    ]),
    '      - leg: bridge',
    `        contract: ${chain.spoke}`,
    `        token: ${chain.stablecoin}`,
    `        bridges: [${chain.bridge}]`,
    `        destinations: [${others.join(', ')}]`,
    amounts,
    '      - leg: settle',
    `        contract: ${chain.spoke}`,
  ];
}

function hubRulesYaml(chain, hub) {
  const rule = (leg, contract) => [`      - leg: ${leg}`, `        contract: "${contract}"`];
  return [
    rule('report', chain.spoke),
    chain.name === hub.chain.name
      ? [rule('pay_hub', chain.spoke),
        ['close_round', 'settle_round', 'invest', 'recall'].map((leg) => rule(leg, hub.address))]
      : [],
  ];
}

/**
 * Starts a node, in a process group of its own: an interrupt at the terminal is not for it. The
 * result is a handle for the functions below.
 */
export function spawnNode(program, node) {
  const log = openSync(node.log, 'a', 0o600);
  const logStart = readFileSync(node.log).length;
  const child = spawn(program, ['run', '--config', node.config], {
    stdio: ['ignore', log, log],
    detached: true,
    env: { ...process.env, ...node.environment },
  });
  closeSync(log);
  const handle = { node, child, logStart, ended: null, record: null };
  child.on('exit', (code, signal) => (handle.ended = signal ?? `code ${code}`));
  child.on('error', (error) => (handle.ended = error.message));
  child.unref();
  if (child.pid) handle.record = { name: node.name, ...recordProcess(child.pid) };
  return handle;
}

/** What a node logged since it was started. */
export const readLog = ({ node, logStart }) => readFileSync(node.log).subarray(logStart).toString();

/** Waits until a node says that it is ready. */
export async function waitReady(handle) {
  const end = Date.now() + READY_WAIT_MS;
  while (!/\bevent=ready\b/.test(readLog(handle))) {
    stopIfInterrupted();
    const why = handle.ended ? `ended with ${handle.ended}` : 'is not ready';
    if (handle.ended || Date.now() > end) throw nodeFailure(handle, why);
    await sleep(10);
  }
}

/** What to say when a node did what it should not, with its last word. */
export function nodeFailure({ node }, what) {
  return new Stop(EXIT_FAILED, `node ${node.name} ${what}: ${lastLine(node.log)}`);
}

function lastLine(file) {
  return readFileSync(file, 'utf8').trim().split('\n').at(-1) || `nothing in ${file}`;
}

/** Ends a node with a signal and waits until it is gone; resolves to how it ended. */
export async function endNode(handle, signal = 'SIGTERM') {
  if (!handle.ended) handle.child.kill(signal);
  const end = Date.now() + END_WAIT_MS;
  while (!handle.ended) {
    if (Date.now() > end) handle.child.kill('SIGKILL');
    await sleep(10);
  }
  return handle.ended;
}
