// SPDX-License-Identifier: Apache-2.0
// Which ids a container has: container 0 is the user, 1..N the sub-ids of /etc/subuid and /etc/subgid (subuid(5)).
// For uid 0 every id is a sub-id, because the host's root must not be inside. Without sub-ids there is one id.

import { accessSync, constants, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { hasErrno } from '../errors/sampan-error.js';
import { CLONE_NEWUSER } from '../native/constants.js';
import type { PlanOperation } from '../native/protocol.js';
import type { IdMapping } from '../spec/runtime-config.js';

export interface IdMap {
  /** subids: user + sub-ids through newuidmap; root: sub-ids of root, written directly; single: the user alone */
  readonly mode: 'subids' | 'root' | 'single';
  readonly uids: readonly IdMapping[];
  readonly gids: readonly IdMapping[];
  readonly newuidmap?: string;
  readonly newgidmap?: string;
  /** why it is `single` */
  readonly reason?: string;
}

/** Used for uid 0 when /etc/subuid has no line for root: above every range that distributions hand out. */
export const rootDefaultRange = { start: 0x7f00_0000, count: 65_536 } as const;

interface Range {
  readonly start: number;
  readonly count: number;
}

export interface IdMapInput {
  readonly uid: number;
  readonly gid: number;
  readonly user: string;
  readonly subuid: string;
  readonly subgid: string;
  readonly newuidmap: string | undefined;
  readonly newgidmap: string | undefined;
}

/** Pure part: from the files' contents to the map. */
export const computeIdMap = (input: IdMapInput): IdMap => {
  const uidRanges = parseSubIds(input.subuid, input.user, input.uid);
  const gidRanges = parseSubIds(input.subgid, input.user, input.uid);
  if (input.uid === 0) {
    const orDefault = (ranges: readonly Range[]): readonly Range[] => (ranges.length > 0 ? ranges : [rootDefaultRange]);
    return { mode: 'root', uids: consecutive(0, orDefault(uidRanges)), gids: consecutive(0, orDefault(gidRanges)) };
  }
  const own = (id: number): IdMapping => ({ containerID: 0, hostID: id, size: 1 });
  const { newuidmap, newgidmap } = input;
  const reason = missing(input, uidRanges, gidRanges);
  if (reason !== undefined || newuidmap === undefined || newgidmap === undefined) {
    return {
      mode: 'single',
      uids: [own(input.uid)],
      gids: [own(input.gid)],
      ...(reason === undefined ? {} : { reason }),
    };
  }
  return {
    mode: 'subids',
    uids: [own(input.uid), ...consecutive(1, uidRanges)],
    gids: [own(input.gid), ...consecutive(1, gidRanges)],
    newuidmap,
    newgidmap,
  };
};

const missing = (input: IdMapInput, uids: readonly Range[], gids: readonly Range[]): string | undefined => {
  if (uids.length === 0) return `/etc/subuid has no line for ${input.user}`;
  if (gids.length === 0) return `/etc/subgid has no line for ${input.user}`;
  if (input.newuidmap === undefined) return 'newuidmap is not installed';
  if (input.newgidmap === undefined) return 'newgidmap is not installed';
  return undefined;
};

/** `name:start:count` lines of the user, by name or by number; malformed lines are nobody's. */
export const parseSubIds = (text: string, user: string, uid: number): readonly Range[] =>
  text.split('\n').flatMap((line) => {
    const match = /^([^:#]+):(\d{1,10}):(\d{1,10})$/.exec(line.trim());
    if (match === null || (match[1] !== user && match[1] !== String(uid))) return [];
    const [start, count] = [Number(match[2]), Number(match[3])];
    return count > 0 && start > 0 && start + count <= 0xffff_ffff ? [{ start, count }] : [];
  });

const consecutive = (first: number, ranges: readonly Range[]): readonly IdMapping[] => {
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
