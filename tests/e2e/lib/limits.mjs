// SPDX-License-Identifier: Apache-2.0
//
// Metadata at its limits, before the real modules: sets of fifty who must all sign, the widest and the
// deepest trees, the longest answer of a server. What fits is delivered with exactly the bytes that the
// module asks for; one step more is refused with its reason. Then the modules of other chains' own
// bridges: what the canonical bridge brought is delivered, and what cannot be proved is named.

import { checkpointHash, readLeaves, treeRoot } from '../../../deploy/devnet/lib/delivery.mjs';
import { expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { sendTransaction, waitReceipt } from '../../../deploy/devnet/lib/rpc.mjs';
import { countDelivered, deliveriesOf, dispatchTo } from './dispatch.mjs';
import { askOperator, askWhy } from './operator.mjs';

const { concat, decodeFunctionData, encodeFunctionData, keccak256, numberToHex, pad, parseAbi,
  size, stringToHex } = requirePackage('viem/utils');
const { privateKeyToAccount } = requirePackage('viem/accounts');

const SECONDS = 120;
const SIGNERS = 50; // VALIDATORS_MAX in relay/base/limits.h
const MEMBERS = 32; // METADATA_PARTS_MAX in relay/hyperlane/metadata.h
const DEPTH = 13; // ISM_DEPTH_MAX in relay/hyperlane/ism.h
const METADATA_BYTES = 8192; // METADATA_BYTES_MAX
const MESSAGE_ID_HEAD = 68;
const MERKLE_ROOT_HEAD = 1096;
const SIGNATURE = 65;
const FIFTY_BYTES = SIGNERS * SIGNATURE;
const TWO_BYTES = MESSAGE_ID_HEAD + 2 * SIGNATURE;
const MESSENGER = 'mock/MockOptimism.sol/MockOptimismMessenger';
const BRIDGED = 'isms/hook/OPStackIsm';
const WEIGHTS = 10_000_000_000n;
const GAS = numberToHex(400_000);

const announceAbi = parseAbi(
  ['function announce(address validator, string location, bytes signature) returns (bool)']);
const processAbi = parseAbi(['function process(bytes metadata, bytes message) payable']);
const multicallAbi = parseAbi(['function aggregate3((address target, bool allowFailure, ' +
  'bytes callData)[] calls) payable returns ((bool success, bytes returnData)[])']);
const bridgedAbi = parseAbi(['function preVerifyMessage(bytes32 id, uint256 value) payable']);

const uint32 = (number) => numberToHex(number, { size: 4 });
const makeSigners = () => Array.from({ length: SIGNERS }, (_, i) =>
  privateKeyToAccount(keccak256(stringToHex(`one of fifty: ${i}`))))
  .sort((a, b) => (a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1));
const folderOf = (i) => `/checkpoints/fifty-${i}/`;

/** Fifty validators of one origin, who announce a store each and sign what they are asked to. */
class Fifty {
  constructor(devnet, origin, objects) {
    Object.assign(this, { devnet, origin, objects, signers: makeSigners() });
    this.addresses = this.signers.map(({ address }) => address);
  }

  async announce() {
    const { httpUrl, domain, mailbox, validatorAnnounce: to } = this.origin;
    const home = keccak256(concat([uint32(domain), pad(mailbox, { size: 32 }),
      stringToHex('HYPERLANE_ANNOUNCEMENT')]));
    const [from] = this.devnet.users;
    const sent = [];
    for (const [i, signer] of this.signers.entries()) {
      const location = `s3://checkpoints/us-east-1/fifty-${i}`;
      const raw = keccak256(concat([home, stringToHex(location)]));
      const args = [signer.address, location, await signer.signMessage({ message: { raw } })];
      const data = encodeFunctionData({ abi: announceAbi, functionName: 'announce', args });
      sent.push(await sendTransaction(httpUrl, { from, to, data, gas: GAS }));
    }
    await Promise.all(sent.map((hash) => waitReceipt(httpUrl, hash, 'announce')));
  }

  /** All sign the tree at the leaf of each message. */
  async sign(messages) {
    const { domain, merkleTreeHook: hook } = this.origin;
    const leaves = await readLeaves(this.origin);
    for (const { id } of messages) {
      const index = leaves.indexOf(id);
      const root = treeRoot(leaves.slice(0, index + 1));
      const raw = checkpointHash({ domain, hook, root, index, id });
      for (const [i, signer] of this.signers.entries()) {
        const value = { checkpoint: { merkle_tree_hook_address: pad(hook, { size: 32 }),
          mailbox_domain: domain, root, index }, message_id: id };
        this.objects.objects.set(`${folderOf(i)}checkpoint_${index}_with_id.json`, Buffer.from(
          JSON.stringify({ value,
            serialized_signature: await signer.signMessage({ message: { raw } }) })));
      }
    }
  }
}

/** The metadata with which a message was delivered, alone or in a batch. */
async function metadataOf(destination, message) {
  const [{ to, input }] = await deliveriesOf(destination, [message]);
  const calls = to.toLowerCase() === destination.mailbox.toLowerCase() ? [input]
    : decodeFunctionData({ abi: multicallAbi, data: input }).args[0].map(({ callData }) => callData);
  const found = calls.map((data) => decodeFunctionData({ abi: processAbi, data }).args)
    .find(([, bytes]) => keccak256(bytes) === message.id);
  return found[0];
}

/** What is delivered: [what, module, bytes of its metadata]. `two` takes two of three validators. */
async function fitting(modules, fifty, two, servers) {
  const { addresses } = fifty;
  const weights = addresses.map(() => WEIGHTS / BigInt(SIGNERS));
  const [pausable, longest] = await Promise.all([modules.pausable(), modules.create(
    'test/TestCcipReadIsm', [`${servers}/sized-${METADATA_BYTES - 16 - TWO_BYTES}/{data}`])]);
  const made = [
    ['message-id multisig, 50 of 50', modules.messageId(addresses, SIGNERS),
      MESSAGE_ID_HEAD + FIFTY_BYTES],
    ['merkle-root multisig, 50 of 50', modules.merkleRoot(addresses, SIGNERS),
      MERKLE_ROOT_HEAD + FIFTY_BYTES],
    ['weighted message-id multisig, 50 of 50',
      modules.weighted('MessageId', addresses, weights, WEIGHTS), MESSAGE_ID_HEAD + FIFTY_BYTES],
    ['weighted merkle-root multisig, 50 of 50',
      modules.weighted('MerkleRoot', addresses, weights, WEIGHTS), MERKLE_ROOT_HEAD + FIFTY_BYTES],
    [`an aggregation of ${MEMBERS}, all of them`,
      modules.aggregation([...Array(MEMBERS - 1).fill(pausable), two], MEMBERS),
      8 * MEMBERS + TWO_BYTES],
    [`aggregations ${DEPTH} deep`, modules.nested(two, DEPTH - 1), 8 * (DEPTH - 1) + TWO_BYTES],
    [`${METADATA_BYTES} bytes, with the longest answer of a server`,
      modules.aggregation([longest, two], 2), METADATA_BYTES],
  ];
  return Promise.all(made.map(async ([what, module, bytes]) => [what, await module, bytes]));
}

/** What is refused: [what, module, the reason]. */
async function excessive(modules, fifty, two, servers) {
  const another = modules.from;
  const answer = (bytes) =>
    modules.create('test/TestCcipReadIsm', [`${servers}/sized-${bytes}/{data}`]);
  const [pausable, longer, longest] = await Promise.all([
    modules.pausable(), answer(METADATA_BYTES - 16 - TWO_BYTES + 1), answer(METADATA_BYTES + 1)]);
  const wide = await modules.aggregation(Array(MEMBERS).fill(pausable), 1);
  const made = [
    ['a multisig of 51', modules.messageId([...fifty.addresses, another], 2),
      /could not be read.*at most 50 validators/],
    [`an aggregation of ${MEMBERS + 1}`,
      modules.aggregation([...Array(MEMBERS).fill(pausable), two], 2),
      /could not be read.*at most 32 modules/],
    [`aggregations ${DEPTH + 1} deep`, modules.nested(two, DEPTH), /could not be read.*nested too deep/],
    ['more than 100 modules', modules.aggregation([wide, wide, wide, two], 2),
      /could not be read.*too many security modules/],
    [`${METADATA_BYTES + 1} bytes of metadata`, modules.aggregation([longer, two], 2),
      /larger than this version sends.*more than 8192 bytes/],
    [`a server's answer of ${METADATA_BYTES + 1} bytes`, modules.aggregation([longest, two], 2),
      /no server that the security module names gave a proof/],
    ['an Arbitrum rollup\'s outbox', modules.arbitrum(),
      /cannot prove to.*kind 8 \(Arbitrum L2-to-L1\): 0x/],
  ];
  return Promise.all(made.map(async ([what, module, says]) => [what, await module, says]));
}

export async function checkLimits(suite, { objects, proofs }, node, modules, two) {
  const { stage } = suite;
  const { devnet } = stage;
  const [origin, destination] = devnet.chains;
  const fifty = new Fifty(devnet, origin, objects);
  const fits = [];
  const denied = [];
  const sendTo = async (module, user) =>
    dispatchTo(devnet, origin, destination, await modules.recipient(module), user);
  const arrive = (message) => suite.until('it is delivered', SECONDS, async () => {
    stage.check();
    return (await countDelivered(destination, [message])) === 1;
  });
  const said = (message) => {
    const { reason, words } = askWhy(stage, node, message);
    return `${reason?.text ?? ''} ${words ?? ''}`;
  };

  await suite.check('limits: fifty validators announce, and every module gets a message', async () => {
    await fifty.announce();
    const [good, bad] = await Promise.all([fitting(modules, fifty, two, proofs.url),
      excessive(modules, fifty, two, proofs.url)]);
    await Promise.all([
      ...good.map(async ([what, module, bytes], i) => {
        fits[i] = { what, bytes, message: await sendTo(module, i) };
      }),
      ...bad.map(async ([what, module, says], i) => {
        denied[i] = { what, says, message: await sendTo(module, good.length + i) };
      })]);
    await fifty.sign(fits.slice(0, 4).map(({ message }) => message));
  });
  for (const { what, bytes, message } of fits) {
    await suite.check(`limits: delivered: ${what}`, async () => {
      await arrive(message);
      expectEqual(size(await metadataOf(destination, message)), bytes, 'bytes of metadata');
    });
  }
  for (const { what, says, message } of denied) {
    await suite.check(`limits: not delivered: ${what}`, async () => {
      await suite.until(`the reason ${says}`, SECONDS, () => says.test(said(message)));
      expectEqual(await countDelivered(destination, [message]), 0, 'deliveries');
    });
  }
  // On a slow machine it may have been given up meanwhile.
  const retry = ({ id }) => askOperator(stage, node, 'messages', 'retry', id);
  await checkBridged(suite, modules, two, { sendTo, arrive, said, retry });
}

/** A module that believes the OP stack's messenger, which stands in for theirs, and needs no metadata. */
async function checkBridged(suite, modules, two, { sendTo, arrive, said, retry }) {
  const { chains: [, destination] } = suite.stage.devnet;
  await suite.check('limits: a module of the OP stack accepts what its bridge brought, and not before',
    async () => {
      const messenger = await modules.create(MESSENGER);
      const bridged = await modules.create(BRIDGED, messenger);
      const [both] = await Promise.all([modules.aggregation([bridged, two], 2),
        modules.send(BRIDGED, bridged, 'setAuthorizedHook', pad(modules.from, { size: 32 })),
        modules.send(MESSENGER, messenger, 'setXDomainMessageSender', modules.from)]);
      const [alone, message] = await Promise.all([sendTo(bridged, 0), sendTo(both, 1)]);
      await suite.until('alone it is refused', SECONDS, () =>
        /fewer validators than.*0 of 2: kind 6 \(without metadata\)/.test(said(alone)));
      await suite.until('it reverts', SECONDS, () => /reverts/.test(said(message)));
      expectEqual(await countDelivered(destination, [alone, message]), 0, 'deliveries before');
      const data = encodeFunctionData(
        { abi: bridgedAbi, functionName: 'preVerifyMessage', args: [message.id, 0n] });
      await modules.send(MESSENGER, messenger, 'relayMessage', 0n, modules.from, bridged, 0n, 0n, data);
      retry(message);
      await arrive(message);
    });
}
