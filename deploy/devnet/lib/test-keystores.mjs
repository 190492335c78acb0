// SPDX-License-Identifier: Apache-2.0
//
// The keystores open with the passphrase file and hold the keys of the addresses in devnet.json.

import { createDecipheriv, scryptSync } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { expect, expectEqual } from './expect.mjs';
import { requirePackage } from './packages.mjs';
import { rpc } from './rpc.mjs';

const { privateKeyToAddress } = requirePackage('viem/accounts');
const { keccak256 } = requirePackage('viem/utils');

function openKeystore(file, passphrase) {
  const { version, crypto } = JSON.parse(readFileSync(file, 'utf8'));
  expectEqual(version, 3, 'keystore version');
  const { n, r, p, dklen, salt } = crypto.kdfparams;
  const derived = scryptSync(passphrase, Buffer.from(salt, 'hex'), dklen, { N: n, r, p });
  const ciphertext = Buffer.from(crypto.ciphertext, 'hex');
  const mac = keccak256(Buffer.concat([derived.subarray(16, 32), ciphertext]));
  expectEqual(mac, `0x${crypto.mac}`, `check of ${file}`);
  const iv = Buffer.from(crypto.cipherparams.iv, 'hex');
  const decipher = createDecipheriv('aes-128-ctr', derived.subarray(0, 16), iv);
  return `0x${Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('hex')}`;
}

function listKeys({ relayer, validators }) {
  return [
    [relayer.keystore, relayer.address],
    ...validators.map(({ keystore, address }) => [keystore, address]),
    ...validators.map(({ chainKeystore, chainAddress }) => [chainKeystore, chainAddress]),
  ];
}

export const keystoreTests = [
  ['each keystore opens, is private, and its account is funded', async ({ devnet }) => {
    const passphrase = readFileSync(devnet.passphraseFile, 'utf8').trimEnd();
    expectEqual(statSync(devnet.passphraseFile).mode & 0o777, 0o600, 'mode of the passphrase file');
    for (const [file, address] of listKeys(devnet)) {
      expectEqual(statSync(file).mode & 0o777, 0o600, `mode of ${file}`);
      const key = openKeystore(file, passphrase);
      expectEqual(privateKeyToAddress(key), address, `address of ${file}`);
      for (const { httpUrl } of devnet.chains) {
        const balance = BigInt(await rpc(httpUrl, 'eth_getBalance', [address, 'latest']));
        expect(balance >= 10n ** 21n, `1000 coins at ${address}, got ${balance}`);
      }
    }
  }],
];
