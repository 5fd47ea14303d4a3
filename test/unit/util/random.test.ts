// SPDX-License-Identifier: Apache-2.0

import { randomBytes, randomHex, randomIndex } from '../../../lib/util/random.js';

test('random bytes are as many as asked for, and others each time', () => {
  const made = Array.from({ length: 100 }, () => randomHex(32));
  expect(new Set(made).size).toBe(100);
  expect(randomBytes(5)).toHaveLength(5);
  for (const hex of made) expect(hex).toMatch(/^[0-9a-f]{64}$/);
});

test('a random index is one of the list, and each of them comes', () => {
  const seen = new Set(Array.from({ length: 500 }, () => randomIndex(5)));
  expect([...seen].sort()).toEqual([0, 1, 2, 3, 4]);
});
