// SPDX-License-Identifier: Apache-2.0

import { createHash, randomBytes } from 'node:crypto';
import { sha256 } from '../../../lib/util/sha256.js';

const expected = (content: Uint8Array | string): string => createHash('sha256').update(content).digest('hex');

test('every length up to three blocks has the digest that OpenSSL gives', () => {
  for (let size = 0; size <= 192; size++) {
    const content = randomBytes(size);
    expect(sha256(content)).toBe(expected(content));
  }
});

test.each([5999, 6000, 6001, 100_000])('%d bytes have the digest that OpenSSL gives', (size) => {
  const content = Buffer.alloc(size, 0xff);
  expect(sha256(content)).toBe(expected(content));
});

test('a part of a larger buffer is hashed alone', () => {
  const content = randomBytes(100).subarray(10, 20);
  expect(sha256(content)).toBe(expected(content));
});

test('text is hashed as UTF-8', () => {
  expect(sha256('groß 🌍')).toBe(expected('groß 🌍'));
});
