// SPDX-License-Identifier: Apache-2.0
//
// Who the chains are. Domain and chain id differ on purpose: a program that takes one for the
// other fails here, as it would on the chains where they differ.

export const CHAIN_NAMES = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta', 'theta'];

export const PORT_BASE_DEFAULT = 18540;

export const BLOCK_SECONDS = 1;

export const TOKEN_DECIMALS = 6;

export function chainIdentity(index) {
  return { name: CHAIN_NAMES[index], chainId: 31337 + index, domain: 901 + index };
}

/** Base units of the stablecoin. */
export const tokens = (whole) => BigInt(whole) * 10n ** BigInt(TOKEN_DECIMALS);

/** Base units as whole tokens, for people. */
export function formatTokens(units) {
  const whole = BigInt(units) / tokens(1);
  const rest = String(BigInt(units) % tokens(1)).padStart(TOKEN_DECIMALS, '0');
  return `${whole}.${rest}`;
}
