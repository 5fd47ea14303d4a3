// SPDX-License-Identifier: Apache-2.0

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeNetdDirectory, netdDirectories, netdDirectory } from '../../../lib/store/netd-places.js';

const ids = [{ containerID: 0, hostID: 1000, size: 1 }];
const more = [...ids, { containerID: 1, hostID: 100_000, size: 65_536 }];

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sampan-netd-places-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

test('containers with the same ids share a netd, others have one of their own', () => {
  const one = netdDirectory(root, { uids: more, gids: more });
  expect(netdDirectory(root, { uids: [...more], gids: more })).toBe(one);
  expect(netdDirectory(root, { uids: ids, gids: ids })).not.toBe(one);
  expect(netdDirectory(root, { uids: more, gids: ids })).not.toBe(one);
});

test('a directory that is made takes the place of empty ones, not of those in use', () => {
  const [left, used, wanted] = ['netd-aa', 'netd-bb', 'netd-cc'].map((name) => join(root, name));
  for (const directory of [left, used]) makeNetdDirectory(directory ?? '');
  writeFileSync(join(used ?? '', 'netd.lock'), '');
  makeNetdDirectory(wanted ?? '');
  expect(existsSync(left ?? '')).toBe(false);
  expect([...netdDirectories(root)].sort()).toEqual([used, wanted]);
});
