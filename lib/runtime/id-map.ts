// SPDX-License-Identifier: Apache-2.0
// Which ids a container has: container 0 is the user, 1..N the sub-ids of /etc/subuid and /etc/subgid (subuid(5)).
// For the host's uid 0 every id is a sub-id, because the host's root must not be inside. The root of a user namespace
// (in a container, under unshare(1)) passes on the ids it has. Where none of this can be had there is one id.

import { accessSync, constants, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { hasErrno } from '../errors/sampan-error.js';
import { CLONE_NEWUSER } from '../native/constants.js';
import type { PlanOperation } from '../native/protocol.js';
import type { IdMapping } from '../spec/runtime-config.js';
import { holdsRange, readOwnIds, type IdRange, type OwnIds } from './own-ids.js';

export interface IdMap {
  /**
   * subids: user + sub-ids through newuidmap; root: sub-ids of the host's root, written directly; nested: what the
   * root of a user namespace has, written directly; single: the user alone
   */
  readonly mode: 'subids' | 'root' | 'nested' | 'single';
  readonly uids: readonly IdMapping[];
  readonly gids: readonly IdMapping[];
  readonly newuidmap?: string;
  readonly newgidmap?: string;
  /** why it is `single` */
  readonly reason?: SingleReason;
}

export interface SingleReason {
  readonly text: string;
  /** what gives more ids */
  readonly fix: string;
}

/** Used for uid 0 when /etc/subuid has no line for root: above every range that distributions hand out. */
export const rootDefaultRange = { start: 0x7f00_0000, count: 65_536 } as const;

export interface IdMapInput {
  readonly uid: number;
  readonly gid: number;
  readonly user: string;
  readonly subuid: string;
  readonly subgid: string;
  readonly newuidmap: string | undefined;
  readonly newgidmap: string | undefined;
  readonly own: OwnIds;
}

/** Pure part: from the files' contents to the map. */
export const computeIdMap = (input: IdMapInput): IdMap => {
  const uidRanges = parseSubIds(input.subuid, input.user, input.uid);
  const gidRanges = parseSubIds(input.subgid, input.user, input.uid);
  if (input.uid === 0 && input.own.isInitial) {
    const orDefault = (ranges: readonly IdRange[]): readonly IdRange[] =>
      ranges.length > 0 ? ranges : [rootDefaultRange];
    return { mode: 'root', uids: consecutive(0, orDefault(uidRanges)), gids: consecutive(0, orDefault(gidRanges)) };
  }
  if (input.uid === 0 && input.own.canMapIds && idCount(input.own.uids) > 1) {
    return { mode: 'nested', uids: consecutive(0, input.own.uids), gids: consecutive(0, input.own.gids) };
  }
  const { newuidmap, newgidmap } = input;
  const reason = missing(input, uidRanges, gidRanges);
  if (reason !== undefined || newuidmap === undefined || newgidmap === undefined) {
    return { ...singleIdMap(input), ...(reason === undefined ? {} : { reason }) };
  }
  return {
    mode: 'subids',
    uids: [onlyId(input.uid), ...consecutive(1, uidRanges)],
    gids: [onlyId(input.gid), ...consecutive(1, gidRanges)],
    newuidmap,
    newgidmap,
  };
};

/** Container 0 is the user, and nobody else is there: needs nothing of the host. */
export const singleIdMap = ({ uid, gid }: { readonly uid: number; readonly gid: number }): IdMap => ({
  mode: 'single',
  uids: [onlyId(uid)],
  gids: [onlyId(gid)],
});

const onlyId = (id: number): IdMapping => ({ containerID: 0, hostID: id, size: 1 });

const missing = (
  { own, uid, user, newuidmap, newgidmap }: IdMapInput,
  uids: readonly IdRange[],
  gids: readonly IdRange[],
): SingleReason | undefined => {
  const isThere = (): boolean =>
    uids.every((range) => holdsRange(own.uids, range)) && gids.every((range) => holdsRange(own.gids, range));
  if (uid === 0) {
    const text = `this user namespace has ${own.canMapIds ? 'one user id' : 'no right to map ids'}`;
    return { text, fix: 'unshare --map-auto --map-root-user ...   # when it was made by unshare' };
  }
  if (uids.length === 0 || gids.length === 0) {
    const fix = `sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user}`;
    return { text: `/etc/${uids.length === 0 ? 'subuid' : 'subgid'} has no line for ${user}`, fix };
  }
  if (newuidmap === undefined || newgidmap === undefined) {
    const fix = 'sudo apt install uidmap   # or: dnf install shadow-utils';
    return { text: `${newuidmap === undefined ? 'newuidmap' : 'newgidmap'} is not installed`, fix };
  }
  if (own.noNewPrivileges) {
    const fix = 'start sampan without no_new_privs   # NoNewPrivileges=no in a unit of systemd';
    return { text: 'no_new_privs is set, so that newuidmap gets no rights', fix };
  }
  if (isThere()) return undefined;
  return { text: 'the sub-ids are not mapped in this user namespace', fix: 'map them where it is made' };
};

const idCount = (ranges: readonly IdRange[]): number => ranges.reduce((sum, { count }) => sum + count, 0);

/** `name:start:count` lines of the user, by name or by number; malformed lines are nobody's. */
export const parseSubIds = (text: string, user: string, uid: number): readonly IdRange[] =>
  text.split('\n').flatMap((line) => {
    const match = /^([^:#]+):(\d{1,10}):(\d{1,10})$/.exec(line.trim());
    if (match === null || (match[1] !== user && match[1] !== String(uid))) return [];
    const [start, count] = [Number(match[2]), Number(match[3])];
    return count > 0 && start > 0 && start + count <= 0xffff_ffff ? [{ start, count }] : [];
  });

const consecutive = (first: number, ranges: readonly IdRange[]): readonly IdMapping[] => {
  let next = first;
  return ranges.map(({ start, count }) => {
    const mapping = { containerID: next, hostID: start, size: count };
    next += count;
    return mapping;
  });
};

/** The id map of whoever runs this process. */
export const readIdMap = (): IdMap => {
  const uid = process.geteuid?.() ?? -1;
  return computeIdMap({
    uid,
    gid: process.getegid?.() ?? -1,
    user: userName(uid),
    subuid: readOrEmpty('/etc/subuid'),
    subgid: readOrEmpty('/etc/subgid'),
    newuidmap: findProgram('newuidmap'),
    newgidmap: findProgram('newgidmap'),
    own: readOwnIds(),
  });
};

/** The host uid and gid of the container's root: the owner that directories must have which it writes to. */
export const rootOf = (map: Pick<IdMap, 'uids' | 'gids'>): { readonly uid: number; readonly gid: number } => ({
  uid: map.uids.find((mapping) => mapping.containerID === 0)?.hostID ?? -1,
  gid: map.gids.find((mapping) => mapping.containerID === 0)?.hostID ?? -1,
});

/** Operations that give a process a user namespace (and the other namespaces in flags) with this map. */
export const namespaceOperations = (map: IdMap, flags = 0n): readonly PlanOperation[] => [
  { op: 'namespaces', flags: BigInt(CLONE_NEWUSER) | flags },
  ...mapLines(0, map.uids),
  ...mapLines(1, map.gids),
  map.mode === 'subids'
    ? { op: 'map_method', method: 1, newuidmap: map.newuidmap, newgidmap: map.newgidmap }
    : { op: 'map_method', method: 0 },
];

const mapLines = (kind: number, lines: readonly IdMapping[]): readonly PlanOperation[] =>
  lines.map(({ containerID, hostID, size }) => ({
    op: 'map_ids',
    kind,
    inside: containerID,
    outside: hostID,
    count: size,
  }));

const userName = (uid: number): string => {
  try {
    return userInfo().username;
  } catch {
    // getpwuid(3) knows no such user: subuid(5) takes the number too.
    return String(uid);
  }
};

const readOrEmpty = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'EACCES')) return '';
    throw error;
  }
};

/** Set-uid programs are taken from the system's directories only, never from the caller's PATH. */
const findProgram = (name: string): string | undefined =>
  ['/usr/bin', '/bin', '/usr/sbin', '/usr/local/bin', '/run/wrappers/bin']
    .map((directory) => `${directory}/${name}`)
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        // absent or not executable for us: the next directory
        return false;
      }
    });
