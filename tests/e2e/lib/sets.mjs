// SPDX-License-Identifier: Apache-2.0
//
// Sets of validators on living chains: one that starts late, without the history; sets in which one
// lies, one is slow and one is absent; and sets that their owner changes while messages wait.

import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { treeAbi } from '../../../deploy/devnet/lib/abi.mjs';
import { deriveAccounts } from '../../../deploy/devnet/lib/accounts.mjs';
import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { encryptKeystore } from '../../../deploy/devnet/lib/keystore.mjs';
import { callContract, rpc } from '../../../deploy/devnet/lib/rpc.mjs';
import { countDelivered, dispatchTo } from './dispatch.mjs';
import { askWhy } from './operator.mjs';

const DELIVER_SECONDS = 120;
const NOBODY = '0x00000000000000000000000000000000000000aa';
const WEIGHTS = 10_000_000_000n;
const STORAGE = 'isms/multisig/StorageMultisigIsm.sol/Storage';

const sorted = (addresses) =>
  [...addresses].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));

/** A fourth validator of the devnet, with keys of accounts that nobody else uses here. */
function addValidator({ devnet, folder }) {
  const [signing, sending] = deriveAccounts().depositors;
  const passphrase = readFileSync(devnet.passphraseFile, 'utf8').trim();
  const write = (name, account) => {
    const file = path.join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify(encryptKeystore(account, passphrase)), { mode: 0o600 });
    return file;
  };
  devnet.validators.push({ address: signing.address, keystore: write('late', signing),
    chainAddress: sending.address, chainKeystore: write('late-chain', sending) });
  return devnet.validators.length - 1;
}

const countLeaves = ({ httpUrl, merkleTreeHook }, block = 'latest') =>
  callContract(httpUrl, merkleTreeHook, treeAbi, 'count', [], block);

/** Starts it at the final block of each chain, when there are leaves below: resolves to their counts. */
async function startLate(suite, servers) {
  const { stage } = suite;
  const { devnet } = stage;
  const finals = new Map();
  const counts = new Map();
  for (const chain of devnet.chains) {
    const { number } = await rpc(chain.httpUrl, 'eth_getBlockByNumber', ['finalized', false]);
    finals.set(chain, Number(number));
    counts.set(chain, Number(await countLeaves(chain, number)));
  }
  const validator = addValidator(stage);
  const node = stage.write({ name: 'validator4', validator, capital: false, store: servers.store,
    settingsOf: (chain) => ({ start_block: finals.get(chain) }) });
  await stage.start(node);
  await stage.waitAnnounced();
  return counts;
}

/** So many of a set, by every kind of module that takes signatures, and inside of others. */
async function guardsOf(modules, set, threshold, domain) {
  const weights = set.map(() => WEIGHTS / BigInt(set.length));
  const wanted = weights[0] * BigInt(threshold);
  const [message, merkle] = await Promise.all(
    [modules.messageId(set, threshold), modules.merkleRoot(set, threshold)]);
  return Promise.all([message, merkle, modules.routing(domain, message),
    modules.aggregation([message, merkle], 2), modules.weighted('MessageId', set, weights, wanted),
    modules.weighted('MerkleRoot', set, weights, wanted)]);
}

export async function checkSets(suite, servers, node, modules) {
  const { stage } = suite;
  const { devnet } = stage;
  const [origin, destination] = devnet.chains;
  const folder = (i) => `/checkpoints/validator${i}-${origin.name}/`;
  const send = async (module) =>
    dispatchTo(devnet, origin, destination, await modules.recipient(module));
  const arrive = (messages) => suite.until('all are delivered', DELIVER_SECONDS, async () => {
    stage.check();
    return (await countDelivered(destination, messages)) === messages.length;
  });

  await suite.check('a validator that starts late signs what comes after, and nothing before',
    async () => {
      const before = (await startLate(suite, servers)).get(origin);
      expect(before > 20, `only ${before} leaves before it`);
      const [first, , , late] = devnet.validators.map(({ address }) => address);
      const messages = [];
      for (const kind of ['messageId', 'merkleRoot']) {
        messages.push(await send(await modules[kind](sorted([first, late]), 2)));
      }
      await arrive(messages);
      const indexes = [...servers.objects.objects.keys()]
        .map((name) => /^(.*\/)checkpoint_(\d+)_with_id\.json$/.exec(name))
        .filter((match) => match?.[1] === folder(4)).map(([, , index]) => Number(index));
      expect(indexes.length >= 2, `${indexes.length} checkpoints of the late one`);
      expect(Math.min(...indexes) >= before, `signed ${Math.min(...indexes)}, before ${before}`);
      expectEqual(new Set(indexes).size, indexes.length, 'checkpoints per index');
    });
  const addresses = devnet.validators.map(({ address }) => address);
  await suite.check('3 of 5, in every kind of module: one validator lies, one is slow, one is absent',
    async () => {
      servers.objects.fault(folder(1), 'forge');
      servers.objects.fault(folder(3), 'late');
      const guards = await guardsOf(modules, sorted([...addresses, NOBODY]), 3, origin.domain);
      const recipients = await Promise.all(guards.map((module) => modules.recipient(module)));
      await arrive(await Promise.all([...recipients, ...recipients].map((recipient, i) =>
        dispatchTo(devnet, origin, destination, recipient, i))));
      servers.objects.fault(folder(1), null);
      servers.objects.fault(folder(3), null);
    });
  await suite.check('validators who are gone are replaced while messages wait: all are delivered',
    async () => {
      const gone = addresses.slice(0, 2);
      servers.objects.fault(folder(1), 'absent');
      servers.objects.fault(folder(2), 'absent');
      const messages = [];
      const sets = [];
      for (const kind of ['MessageId', 'MerkleRoot']) {
        const name = `${STORAGE}${kind}MultisigIsm`;
        const module = await modules.storage(name, sorted(gone), 2);
        const recipient = await modules.recipient(module);
        for (let i = 0; i < 6; i += 1) {
          messages.push(await dispatchTo(devnet, origin, destination, recipient, i));
        }
        sets.push([name, module]);
      }
      await suite.until('they wait for the old sets', 60, () =>
        messages.every((message) =>
          /signatures/.test(askWhy(stage, node, message).reason?.text ?? '')));
      expectEqual(await countDelivered(destination, messages), 0, 'deliveries before');
      for (const [name, module] of sets) {
        await modules.send(name, module, 'setValidatorsAndThreshold',
          sorted([...addresses.slice(2), ...gone, NOBODY]), 2);
      }
      await arrive(messages);
      servers.objects.fault(folder(1), null);
      servers.objects.fault(folder(2), null);
    });
}
