// SPDX-License-Identifier: Apache-2.0
//
// Our validators write to folders; the TypeScript relayer reads stores of S3 alone. They are served
// so by a bucket on the loopback, and announced with the validators' own signatures.

import path from 'node:path';
import { deriveAccounts } from '../../../deploy/devnet/lib/accounts.mjs';
import { requirePackage } from '../../../deploy/devnet/lib/packages.mjs';
import { sendContract } from '../../../deploy/devnet/lib/rpc.mjs';

const { parseAbi } = requirePackage('viem');
const { concat, keccak256, numberToHex, pad, stringToHex } = requirePackage('viem/utils');

const announceAbi = parseAbi([
  'function announce(address validator, string location, bytes signature) returns (bool)',
]);
/** Announces where else a validator's checkpoints of a chain are, with the validator's signature. */
async function announce(devnet, chain, validator, location) {
  const domainHash = keccak256(concat([numberToHex(chain.domain, { size: 4 }),
    pad(chain.mailbox, { size: 32 }), stringToHex('HYPERLANE_ANNOUNCEMENT')]));
  const raw = keccak256(concat([domainHash, stringToHex(location)]));
  const signature = await validator.account.signMessage({ message: { raw } });
  await sendContract(chain.httpUrl, {
    from: devnet.operator, to: chain.validatorAnnounce, abi: announceAbi,
    functionName: 'announce', args: [validator.address, location, signature],
  });
}

/** Serves the checkpoints of validators that write to folders, and announces where. */
export async function announceBuckets(devnet, bucket, nodes) {
  const { validators } = deriveAccounts();
  for (const chain of devnet.chains) {
    for (const [i, node] of nodes.entries()) {
      const folder = path.join(node.checkpoints, chain.name);
      const location = bucket.serve(`validator${i + 1}-${chain.name}`, folder);
      await announce(devnet, chain, validators[i], location);
    }
  }
}
