// SPDX-License-Identifier: Apache-2.0
//
// The accounts, all derived from anvil's published test phrase: they hold nothing anywhere else.
// anvil knows every one of them, so it signs for any of them through eth_sendTransaction.

import { pbkdf2Sync } from 'node:crypto';
import { requirePackage } from './packages.mjs';

const { HDKey, hdKeyToAccount } = requirePackage('viem/accounts');
const { bytesToHex } = requirePackage('viem/utils');

export const TEST_PHRASE = 'test test test test test test test test test test test junk';

/** How many accounts each anvil funds. */
export const ACCOUNTS_COUNT = 24;

/** Role to first index and count. Each account has one role. */
const ROLES = {
  deployer: [0, 1],
  relayer: [1, 1],
  validators: [2, 3],
  validatorChains: [5, 3],
  beneficiary: [8, 1],
  operator: [9, 1],
  depositors: [10, 2],
  users: [12, 8],
  owner: [20, 1], // of the capital, with who approves and who may stop it
  approver: [21, 1],
  guardian: [22, 1],
};

function rootKey() {
  return HDKey.fromMasterSeed(pbkdf2Sync(TEST_PHRASE, 'mnemonic', 2048, 64, 'sha512'));
}

function accountAt(root, addressIndex) {
  const account = hdKeyToAccount(root, { addressIndex });
  return { address: account.address, key: bytesToHex(account.getHdKey().privateKey), account };
}

/** Every role's accounts: {address, key, account}, one or a list. */
export function deriveAccounts() {
  const root = rootKey();
  const result = {};
  for (const [role, [first, count]] of Object.entries(ROLES)) {
    const list = Array.from({ length: count }, (_, i) => accountAt(root, first + i));
    result[role] = count === 1 ? list[0] : list;
  }
  return result;
}
