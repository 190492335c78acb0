// SPDX-License-Identifier: Apache-2.0
//
// Web3 keystore files, version 3: scrypt for the key, AES-128-CTR for the secret, Keccak-256 over
// both for the check.

import { createCipheriv, randomBytes, randomUUID, scryptSync } from 'node:crypto';
import { requirePackage } from './packages.mjs';

const { keccak256 } = requirePackage('viem/utils');

const SCRYPT = { n: 8192, r: 8, p: 1, dklen: 32 };

export function encryptKeystore({ address, key }, passphrase) {
  const salt = randomBytes(32);
  const iv = randomBytes(16);
  const { n, r, p, dklen } = SCRYPT;
  const derived = scryptSync(passphrase, salt, dklen, { N: n, r, p });
  const cipher = createCipheriv('aes-128-ctr', derived.subarray(0, 16), iv);
  const secret = Buffer.from(key.slice(2), 'hex');
  const ciphertext = Buffer.concat([cipher.update(secret), cipher.final()]);
  const mac = keccak256(Buffer.concat([derived.subarray(16, 32), ciphertext]));
  return {
    version: 3,
    id: randomUUID(),
    address: address.slice(2).toLowerCase(),
    crypto: {
      cipher: 'aes-128-ctr',
      cipherparams: { iv: iv.toString('hex') },
      ciphertext: ciphertext.toString('hex'),
      kdf: 'scrypt',
      kdfparams: { ...SCRYPT, salt: salt.toString('hex') },
      mac: mac.slice(2),
    },
  };
}
