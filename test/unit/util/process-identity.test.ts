// SPDX-License-Identifier: Apache-2.0
import { isAlive, readBootId, readIdentity } from '../../../lib/util/process-identity.js';

test('knows this process, and not another one under its number', () => {
  const identity = readIdentity(process.pid);
  if (identity === undefined) throw new Error('no identity');
  expect(isAlive(identity)).toBe(true);
  expect(isAlive({ ...identity, startTime: String(Number(identity.startTime) + 1) })).toBe(false);
});

test('a process that does not exist has no identity', () => {
  expect(readIdentity(2 ** 22 + 1)).toBeUndefined();
});

test('the boot id is a UUID', () => {
  expect(readBootId()).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
});
