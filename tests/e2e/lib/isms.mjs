// SPDX-License-Identifier: Apache-2.0
//
// One recipient per kind of security module, one message to each: what can be proved arrives, by
// whatever way through is there, and what must not be delivered says why. Then what the node's own
// policy makes of messages: quarantine, what people say, lists, gas payment.

import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, expectEqual } from '../../../deploy/devnet/lib/expect.mjs';
import { sleep } from '../../../deploy/devnet/lib/terminal.mjs';
import { askNode } from '../../../deploy/devnet/lib/inspect.mjs';
import { ObjectStore } from '../../support/object-store.mjs';
import { ProofServer } from '../../support/proof-server.mjs';
import { countDelivered, deliveriesOf, dispatchTo, payForGas } from './dispatch.mjs';
import { checkLimits } from './limits.mjs';
import { Modules } from './modules.mjs';
import { checkOdd } from './odd.mjs';
import { askOperator, askWhy } from './operator.mjs';
import { checkProofs } from './proofs.mjs';
import { checkSets } from './sets.mjs';
import { runSuite } from './suite.mjs';

const DELIVER_SECONDS = 60;
const REFUSE_SECONDS = 40;
const STORE_MS = 9000; // less than a node waits for a store that does not answer
const WEIGHTS = [6_000_000_000n, 3_000_000_000n, 1_000_000_000n];
const WEIGHT_WANTED = 9_000_000_000n;
const NOBODY = '0x00000000000000000000000000000000000000aa';
const STRANGER = '0x00000000000000000000000000000000000000bb';

const sorted = (addresses) =>
  [...addresses].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));

/** Servers that a module names, in its order: one is good. */
const offchain = (servers) => ({
  'GET': [`${servers}/good/{sender}/{data}`],
  'POST': [`${servers}/good/{sender}`],
  'a server that wants to know who asks': [`${servers}/picky/{sender}`],
  'a server that lies first': [`${servers}/liar/{sender}/{data}`, `${servers}/good/{sender}/{data}`],
  'a server that never answers first': [`${servers}/slow/{sender}`, `${servers}/good/{sender}`],
  'redirects and floods first': [`${servers}/away/{sender}/{data}`, `${servers}/large/{sender}/{data}`,
    `${servers}/good/{sender}/{data}`],
});

/** The modules that prove: [name, module]. Validators: three live ones, and some who never sign. */
async function provable(modules, { domain }, validators, relayer, servers) {
  const all = sorted(validators);
  const five = sorted([...validators, NOBODY, STRANGER]);
  const [merkle, message, pausable, absent, trusted] = await Promise.all([
    modules.merkleRoot(all, 2), modules.messageId(all, 2), modules.pausable(),
    modules.messageId([NOBODY, STRANGER], 2), modules.trustedRelayer(relayer)]);
  const [routed, both, either] = await Promise.all([modules.routing(domain, message),
    modules.aggregation([message, merkle], 2), modules.aggregation([pausable], 1)]);
  const made = {
    'merkle-root multisig, 2 of 3': merkle,
    'merkle-root multisig, 3 of 5 with two who never sign': modules.merkleRoot(five, 3),
    'message-id multisig, 3 of 5 with two who never sign': modules.messageId(five, 3),
    'weighted message-id multisig': modules.weighted('MessageId', all, WEIGHTS, WEIGHT_WANTED),
    'weighted merkle-root multisig': modules.weighted('MerkleRoot', all, WEIGHTS, WEIGHT_WANTED),
    'routing to a merkle-root multisig': modules.routing(domain, merkle),
    'aggregation, 2 of a pausable one and a routing': modules.aggregation([pausable, routed], 2),
    'aggregation, 1 of a set that never signs and one that does':
      modules.aggregation([absent, merkle], 1),
    'aggregations in an aggregation': modules.aggregation([both, either], 2),
    'aggregation with a trusted relayer that is us': modules.aggregation([trusted, message], 2),
    ...Object.fromEntries(Object.entries(offchain(servers)).map(([name, urls]) =>
      [`offchain, ${name}`, modules.createOwn('OffchainIsm', urls)
        .then((module) => modules.aggregation([module, message], 2))])),
    'offchain, the package\'s own': modules.create('test/TestCcipReadIsm', [`${servers}/good/`])
      .then((module) => modules.aggregation([module, message], 2)),
    'routing by amount, below': modules.byAmount(message, either, 1_000_000n),
  };
  return Promise.all(Object.entries(made).map(async ([name, module]) => [name, await module]));
}

/** The modules that must not be delivered to: name, module, and what the node says. */
async function refused(modules, validators, relayer, servers) {
  const weak = /fewer validators than/;
  const unprovable = /cannot prove to/;
  const [two, stranger] = await Promise.all([
    modules.messageId(sorted(validators), 2), modules.trustedRelayer(STRANGER)]);
  const made = [
    ['nobody: a module that accepts everything', modules.create('isms/NoopIsm'), weak],
    ['one key: a multisig, 1 of 3', modules.messageId(sorted(validators), 1), weak],
    ['one key: a trusted relayer alone', modules.trustedRelayer(relayer), weak],
    ['a trusted relayer that is somebody else, and two validators',
      modules.aggregation([stranger, two], 2), unprovable],
    ['an offchain service alone', modules.create('test/TestCcipReadIsm', [`${servers}/good/`]),
      weak],
    ['an optimistic rollup\'s portal', modules.createOwn('NamedIsm', 11), unprovable],
    ['a server that is not there', modules.aggregation([
      await modules.createOwn('OffchainIsm', ['http://127.0.0.1:9/good/']), two], 2),
      /no server that the security module names/],
  ];
  return Promise.all(made.map(async ([name, module, says]) => [name, await module, says]));
}

/** Lists by recipient, so that they say nothing about the others; short waits. */
function policyOf({ testRecipient }) {
  const demand = [{ type: 'onChainFeeQuoting', gasFraction: '20/1',
    matchingList: [{ recipientaddress: testRecipient }] }];
  return { retries_max: 15, retry_wait_max: '1 s',
    blacklist: `'${JSON.stringify([{ recipientaddress: STRANGER }])}'`,
    gas_payment: `'${JSON.stringify(demand)}'` };
}

/** What lists, payments, quarantine and people make of messages, on the same chains. */
async function checkPolicy(suite, node, modules, validators) {
  const { stage } = suite;
  const { devnet, program } = stage;
  const [origin, destination] = devnet.chains;
  const why = (message) => askWhy(stage, node, message);
  const arrives = (message) => suite.until('it is delivered', DELIVER_SECONDS, async () => {
    stage.check();
    return (await countDelivered(destination, [message])) === 1;
  });
  const say = (verb, { id }, ...more) =>
    askOperator(stage, node, 'messages', verb, id, ...more);
  const inState = (message, state) => suite.until(`it is ${state}`, REFUSE_SECONDS,
    () => why(message).state === state);

  const pausable = await modules.pausable();
  await modules.send('isms/PausableIsm', pausable, 'pause');
  const guard = await modules.aggregation(
    [pausable, await modules.messageId(sorted(validators), 2)], 2);
  const recipient = await modules.recipient(guard);
  const send = () => dispatchTo(devnet, origin, destination, recipient);

  await suite.check('what reverts is quarantined, tried on, and delivered once it does not', async () => {
    const [message, held] = [await send(), await send()];
    await inState(message, 'quarantined');
    expectEqual(say('hold', held).code, 0, 'the exit of hold');
    const { attempts } = why(message);
    await stage.end(node, 'SIGKILL');
    await stage.start(node);
    const after = why(message);
    expect(after.state === 'quarantined' && after.attempts >= attempts,
      `${attempts} failures, and after a SIGKILL ${after.attempts}, ${after.state}`);
    await modules.send('isms/PausableIsm', pausable, 'unpause');
    await arrives(message);
    expectEqual(why(held).state, 'held', 'the state of the other');
    expectEqual(await countDelivered(destination, [held]), 0, 'deliveries of the other');
    expectEqual(say('retry', held).code, 0, 'the exit of retry');
    await arrives(held);
  });
  await suite.check('what reverts too often is given up; a person drops it with a reason', async () => {
    await modules.send('isms/PausableIsm', pausable, 'pause');
    const message = await send();
    await inState(message, 'dead');
    const listed = askNode(program,
      ['messages', 'list', '--state', 'dead', '--config', node.config]).messages;
    expect(listed.some(({ id }) => id === message.id), 'it is among the dead messages');
    expectEqual(say('drop', message).code, 2, 'the exit of drop without a reason');
    expectEqual(say('drop', message, '--reason', 'a test').code, 0, 'the exit of drop');
    expectEqual(why(message).state, 'dropped', 'its state');
    await modules.send('isms/PausableIsm', pausable, 'unpause');
    expectEqual(say('retry', message).code, 0, 'the exit of retry');
    await arrives(message);
  });
  await suite.check('a blacklisted recipient gets nothing', async () => {
    const message = await dispatchTo(devnet, origin, destination, STRANGER);
    await inState(message, 'blocked');
    expect(/blacklist/.test(why(message).reason.text), 'the reason');
  });
  await suite.check('a message waits for its gas payment, and goes on with it', async () => {
    const message = await dispatchTo(devnet, origin, destination, destination.testRecipient);
    await suite.until('it is unpaid', REFUSE_SECONDS, () => why(message).payment?.enough === false);
    const { paid, needed, unit } = why(message).payment;
    expect(unit === 'gas' && BigInt(paid) < BigInt(needed), `paid ${paid} of ${needed} ${unit}`);
    await payForGas(devnet, origin, destination, message, BigInt(needed));
    await arrives(message);
  });
}

/** Messages that come together share transactions; one that reverts is not in their way. */
async function checkBatches(suite, modules, recipient, validators) {
  const { stage } = suite;
  const { devnet } = stage;
  const [origin, destination] = devnet.chains;
  const sendMany = (count, to) => Promise.all(
    Array.from({ length: count }, (_, i) => dispatchTo(devnet, origin, destination, to, i)));
  const arrive = (sent) => suite.until('all are delivered', DELIVER_SECONDS, async () => {
    stage.check();
    return (await countDelivered(destination, sent)) === sent.length;
  });
  const multicall = destination.multicall.toLowerCase();

  await suite.check('messages that come together share transactions', async () => {
    const sent = await sendMany(24, recipient);
    await arrive(sent);
    const deliveries = await deliveriesOf(destination, sent);
    const together = deliveries.filter(({ to }) => to.toLowerCase() === multicall);
    const transactions = new Set(deliveries.map(({ hash }) => hash));
    expect(together.length > 1, `${together.length} messages in batches`);
    expect(transactions.size < sent.length, `${transactions.size} transactions`);
    const largest = Math.max(...[...transactions].map((one) =>
      deliveries.filter(({ hash }) => hash === one).length));
    expect(largest <= 12, `${largest} messages in one transaction`);
  });
  await suite.check('one that reverts is taken out, and the others go on without it', async () => {
    const pausable = await modules.pausable();
    await modules.send('isms/PausableIsm', pausable, 'pause');
    const guarded = await modules.recipient(await modules.aggregation(
      [pausable, await modules.messageId(sorted(validators), 2)], 2));
    const [good, bad] = await Promise.all([sendMany(8, recipient), sendMany(2, guarded)]);
    await arrive(good);
    expectEqual(await countDelivered(destination, bad), 0, 'deliveries of those that revert');
    await modules.send('isms/PausableIsm', pausable, 'unpause');
    await arrive(bad);
  });
}

/** A store in S3 and servers that prove, beside the chains; ended with the suite. */
async function openServers(suite) {
  const secret = { id: 'DEVNETKEY', secret: randomBytes(20).toString('hex') };
  const objects = new ObjectStore(secret);
  const proofs = new ProofServer([suite.stage.devnet.relayer.address]);
  const base = Number(process.env.SLUICE_PORT_BASE);
  const credentials = path.join(suite.stage.folder, 's3.credentials');
  writeFileSync(credentials, `[default]\naws_access_key_id = ${secret.id}\n` +
    `aws_secret_access_key = ${secret.secret}\n`, { mode: 0o600 });
  await objects.open(base + 90);
  await proofs.open(base + 91);
  return { objects, proofs,
    store: { endpoint: objects.url, bucket: 'checkpoints', credentials },
    close: () => Promise.all([objects.close(), proofs.close()]) };
}

runSuite('isms', 'Every kind of security module.', {}, async (suite) => {
  await suite.stage.open();
  const servers = await openServers(suite);
  try {
    await runChecks(suite, servers);
  } finally {
    await suite.stage.endNodes();
    await servers.close();
  }
});

/** Whatever one validator's store does, the two others' signatures deliver. */
async function checkStores(suite, { objects }, sendTo) {
  const folder = (i, chain) => `/checkpoints/validator${i}-${chain.name}/`;
  const [origin] = suite.stage.devnet.chains;
  const timed = async () => {
    const started = Date.now();
    await sendTo();
    return Date.now() - started;
  };
  let plain = 0;
  await suite.check('delivered while every store is good', async () => {
    plain = await timed();
  });
  for (const fault of ['forge', 'absent', 'stall', 'flood', 'raised', 'hidden']) {
    await suite.check(`delivered in the same time while one validator's store is bad: ${fault}`,
      async () => {
        objects.fault(folder(3, origin), fault);
        const took = await timed();
        objects.fault(folder(3, origin), null);
        expect(took < plain + STORE_MS, `${took} ms, and ${plain} ms while all are good`);
      });
  }
  await suite.check('not delivered while two raise the reorg flag, and delivered after it',
    async () => {
      objects.fault(folder(2, origin), 'raised');
      objects.fault(folder(3, origin), 'raised');
      // What was read before counts until it is read again.
      await sleep(16_000);
      const delivered = sendTo();
      delivered.catch(() => {});
      const first = await Promise.race([delivered.then(() => 'delivered'), sleep(4000)]);
      expect(first !== 'delivered', 'a reorg flag was not heeded');
      objects.fault(folder(2, origin), null);
      objects.fault(folder(3, origin), null);
      await delivered;
    });
}

async function runChecks(suite, servers) {
  const { stage } = suite;
  const { devnet } = stage;
  const [origin, destination] = devnet.chains;
  await stage.startValidators({ capital: false, store: servers.store });
  const policy = policyOf(destination);
  const node = stage.write({ name: 'relayer', mode: 'observe', capital: false, policy,
    store: servers.store, privateAddresses: true,
    settingsOf: ({ multicall }) => ({ multicall: `"${multicall}"`, batch_max: 12,
      sign_lookups: true }) });
  await stage.start(node);
  const modules = new Modules(destination, devnet.users[0]);
  const validators = devnet.validators.map(({ address }) => address);
  const relayer = devnet.relayer.address;

  const two = await modules.messageId(sorted(validators), 2);
  await checkOdd(suite, node, modules, two);
  await checkLimits(suite, servers, node, modules, two);
  const messages = new Map();
  const denied = [];
  await suite.check('modules and recipients are deployed, and each gets a message', async () => {
    const guards = await provable(modules, origin, validators, relayer, servers.proofs.url);
    const others = await refused(modules, validators, relayer, servers.proofs.url);
    await Promise.all([
      ...guards.map(async ([name, module], i) => {
        const recipient = await modules.recipient(module);
        messages.set(name, await dispatchTo(devnet, origin, destination, recipient, i));
      }),
      ...others.map(async ([name, module, says], i) => {
        const recipient = await modules.recipient(module);
        const message = await dispatchTo(
          devnet, origin, destination, recipient, guards.length + i);
        denied[i] = { name, recipient, message, says };
      })]);
  });
  for (const [name, message] of messages) {
    await suite.check(`delivered: ${name}`, () =>
      suite.until('it is delivered', DELIVER_SECONDS, async () => {
        stage.check();
        return (await countDelivered(destination, [message])) === 1;
      }));
  }
  await suite.check('a module that looks at the caller was called by the key itself', async () => {
    const trusting = messages.get('aggregation with a trusted relayer that is us');
    const [{ to }] = await deliveriesOf(destination, [trusting]);
    expectEqual(to.toLowerCase(), destination.mailbox.toLowerCase(), 'who was called');
  });
  const reasonOf = (message) => askWhy(stage, node, message).reason?.text ?? '';
  for (const { name, message, says } of denied) {
    await suite.check(`not delivered: ${name}`, async () => {
      await suite.until(`the reason ${says}`, REFUSE_SECONDS, () => says.test(reasonOf(message)));
      expectEqual(await countDelivered(destination, [message]), 0, 'deliveries');
    });
  }
  await suite.check('a recipient that changes its module is delivered to by the new one',
    async () => {
      const module = await modules.merkleRoot(sorted(validators), 2);
      const [{ recipient }] = denied;
      await modules.setModule(recipient, module);
      const next = await dispatchTo(devnet, origin, destination, recipient);
      expect(next.id !== denied[0].message.id, 'another message');
      await suite.until('it is delivered', DELIVER_SECONDS, async () => {
        stage.check();
        return (await countDelivered(destination, [next])) === 1;
      });
    });
  await checkBatches(suite, modules, denied[0]?.recipient, validators);
  await checkPolicy(suite, node, modules, validators);
  await checkStores(suite, servers, async () => {
    const [{ recipient }] = denied;
    const next = await dispatchTo(devnet, origin, destination, recipient);
    await suite.until('it is delivered', DELIVER_SECONDS, async () => {
      stage.check();
      return (await countDelivered(destination, [next])) === 1;
    });
  });
  await checkSets(suite, servers, node, modules);
  await checkProofs(suite, modules);
  await suite.check('every object in the store was written with a valid signature', () => {
    expectEqual(servers.objects.refused, 0, 'requests refused');
    expect(servers.objects.written > 3 * messages.size, `only ${servers.objects.written} written`);
    for (const name of ['announcement.json', 'metadata_latest.json', 'checkpoint_latest_index.json']) {
      expect(servers.objects.objects.has(`/checkpoints/validator1-${origin.name}/${name}`), name);
    }
  });
  await suite.check('servers were asked as the reference relayer asks them', () => {
    const { asked, posted } = servers.proofs;
    for (const kind of ['good', 'picky', 'liar', 'slow', 'away', 'large']) {
      expect(asked.get(kind) > 0, kind);
    }
    expect(posted.length > 0 && posted.every((body) => /^0x[0-9a-f]{40}$/.test(body.sender) &&
      /^0x[0-9a-f]{64}$/.test(body.origin_tx_hash) &&
      (body.signature === null || /^0x[0-9a-f]{130}$/.test(body.signature))), 'bodies');
  });
}
