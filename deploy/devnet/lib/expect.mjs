// SPDX-License-Identifier: Apache-2.0
//
// What the tests say about what they see.

export function expect(condition, what) {
  if (!condition) throw new Error(`expected ${what}`);
}

export function expectEqual(actual, expected, what) {
  expect(actual === expected, `${what} to be ${expected}, got ${actual}`);
}

/** The error of a promise that must fail, checked for a text. */
export async function expectFailure(promise, text) {
  let failure = null;
  await promise.catch((error) => (failure = error));
  expect(failure, `a failure with "${text}"`);
  expect(failure.message.includes(text), `"${text}" in: ${failure.message}`);
}
