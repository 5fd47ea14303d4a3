// SPDX-License-Identifier: Apache-2.0
import { hostIds } from '../../support/host-ids.js';
import {
  computeIdMap,
  namespaceOperations,
  parseSubIds,
  rootDefaultRange,
  rootOf,
} from '../../../lib/runtime/id-map.js';
import { parseOwnIds, type OwnIds } from '../../../lib/runtime/own-ids.js';

const own = hostIds;
const user = {
  own,
  uid: 1000,
  gid: 100,
  user: 'ann',
  subuid: 'bob:100000:65536\nann:165536:65536\n',
  subgid: 'ann:265536:65536\n',
  newuidmap: '/usr/bin/newuidmap',
  newgidmap: '/usr/bin/newgidmap',
};

test('container 0 is the user, 1 and up the sub-ids', () => {
  const map = computeIdMap(user);
  expect(map).toMatchObject({
    mode: 'subids',
    uids: [
      { containerID: 0, hostID: 1000, size: 1 },
      { containerID: 1, hostID: 165536, size: 65536 },
    ],
    gids: [
      { containerID: 0, hostID: 100, size: 1 },
      { containerID: 1, hostID: 265536, size: 65536 },
    ],
  });
  expect(rootOf(map)).toEqual({ uid: 1000, gid: 100 });
});

test.each([
  ['no line in subuid', { subuid: '' }, '/etc/subuid'],
  ['no line in subgid', { subgid: 'bob:1:2' }, '/etc/subgid'],
  ['no newuidmap', { newuidmap: undefined }, 'newuidmap'],
  ['no_new_privs', { own: { ...own, noNewPrivileges: true } }, 'no_new_privs'],
  ['sub-ids that this user namespace lacks', { own: { ...own, uids: [{ start: 0, count: 2000 }] } }, 'not mapped'],
])('without sub-ids there is one id, and the reason is kept: %s', (_name, change, reason) => {
  expect(computeIdMap({ ...user, ...change })).toMatchObject({
    mode: 'single',
    uids: [{ containerID: 0, hostID: 1000, size: 1 }],
    reason: { text: expect.stringContaining(reason) as unknown },
  });
});

test('for uid 0 every id is a sub-id: the host root is never inside', () => {
  const map = computeIdMap({ ...user, uid: 0, gid: 0, user: 'root' });
  expect(map).toMatchObject({ mode: 'root', uids: [{ containerID: 0, hostID: rootDefaultRange.start, size: 65536 }] });
  expect(computeIdMap({ ...user, uid: 0, gid: 0, user: 'root', subuid: 'root:500000:1000' }).uids).toEqual([
    { containerID: 0, hostID: 500000, size: 1000 },
  ]);
});

test('several ranges follow each other; malformed lines are nobody’s', () => {
  expect(parseSubIds('ann:5:10\n# ann:1:1\nann:x:1\nann:0:5\n1000:100:3\nann:4294967290:100', 'ann', 1000)).toEqual([
    { start: 5, count: 10 },
    { start: 100, count: 3 },
  ]);
});

test('the maps are written by the set-uid programs only where they are needed', () => {
  expect(namespaceOperations(computeIdMap(user)).at(-1)).toMatchObject({
    op: 'map_method',
    method: 1,
    newuidmap: '/usr/bin/newuidmap',
  });
  expect(namespaceOperations(computeIdMap({ ...user, subuid: '' })).at(-1)).toEqual({ op: 'map_method', method: 0 });
});

const nested: OwnIds = {
  ...own,
  uids: [
    { start: 0, count: 1 },
    { start: 1, count: 65536 },
  ],
  gids: [{ start: 0, count: 65536 }],
  isInitial: false,
  canMapIds: true,
};
const nestedRoot = { ...user, uid: 0, gid: 0, user: 'root', own: nested };

test('the root of a user namespace passes on what it has', () => {
  expect(computeIdMap(nestedRoot)).toEqual({
    mode: 'nested',
    uids: [
      { containerID: 0, hostID: 0, size: 1 },
      { containerID: 1, hostID: 1, size: 65536 },
    ],
    gids: [{ containerID: 0, hostID: 0, size: 65536 }],
  });
});

test.each([
  ['one id', { uids: [{ start: 0, count: 1 }] }, 'one user id'],
  ['no right to map more', { canMapIds: false }, 'no right to map ids'],
])('the root of a user namespace with %s has one id inside', (_name, change, reason) => {
  expect(computeIdMap({ ...nestedRoot, own: { ...nested, ...change } })).toMatchObject({
    mode: 'single',
    uids: [{ containerID: 0, hostID: 0, size: 1 }],
    reason: { text: expect.stringContaining(reason) as unknown },
  });
});

test('what this process may map is read from /proc/self', () => {
  const status = 'Name:\tx\nCapEff:\t00000000000000c0\nNoNewPrivs:\t1\n';
  const host = parseOwnIds({ uidMap: '         0          0 4294967295\n', gidMap: '0 0 4294967295\n', status });
  expect(host).toEqual({ ...own, noNewPrivileges: true, canMapIds: true });
  const inside = parseOwnIds({
    uidMap: '1 100000 65536\n0 1000 1\n',
    gidMap: '0 1000 1\n',
    status: 'CapEff:\t0000000000000080\n',
  });
  expect(inside).toEqual({
    uids: nested.uids,
    gids: [{ start: 0, count: 1 }],
    isInitial: false,
    noNewPrivileges: false,
    canMapIds: false,
  });
});
