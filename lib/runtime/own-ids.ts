// SPDX-License-Identifier: Apache-2.0
// Which ids the user namespace has that this process itself is in: all of them on the host, some in a container or under
// unshare(1). An id that is not there cannot be given to a container.

import { readFileSync } from 'node:fs';

/** Consecutive ids, as this process sees them. */
export interface IdRange {
  readonly start: number;
  readonly count: number;
}

export interface OwnIds {
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
  /** false in a user namespace below the host's */
  readonly isInitial: boolean;
  /** prctl(2) PR_SET_NO_NEW_PRIVS: set-uid programs such as newuidmap get no rights */
  readonly noNewPrivileges: boolean;
  /** CAP_SETUID and CAP_SETGID: may write maps of more than one id */
  readonly canMapIds: boolean;
}

export interface OwnIdsInput {
  readonly uidMap: string;
  readonly gidMap: string;
  /** /proc/self/status */
  readonly status: string;
}

const [CAP_SETGID, CAP_SETUID] = [6n, 7n];
/** user_namespaces(7): the whole of the 32-bit ids but the last. */
const allIds = 0xffff_ffff;

/** Pure part: from the contents of the files in /proc/self. */
export const parseOwnIds = ({ uidMap, gidMap, status }: OwnIdsInput): OwnIds => {
  const [uids, gids] = [insideRanges(uidMap), insideRanges(gidMap)];
  const effective = BigInt(`0x${/^CapEff:\t([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  const has = (capability: bigint): boolean => ((effective >> capability) & 1n) === 1n;
  return {
    uids,
    gids,
    isInitial: uids.length === 1 && uids[0]?.start === 0 && uids[0].count === allIds,
    noNewPrivileges: /^NoNewPrivs:\t1$/m.test(status),
    canMapIds: has(CAP_SETUID) && has(CAP_SETGID),
  };
};

export const readOwnIds = (): OwnIds => {
  const read = (name: string): string => readFileSync(`/proc/self/${name}`, 'utf8');
  return parseOwnIds({ uidMap: read('uid_map'), gidMap: read('gid_map'), status: read('status') });
};

/** True when every id of `range` is one of `own`. */
export const holdsRange = (own: readonly IdRange[], { start, count }: IdRange): boolean =>
  own.some((have) => start >= have.start && start + count <= have.start + have.count);

/** First column of a map: the ids inside; lowest first. */
const insideRanges = (map: string): readonly IdRange[] =>
  map
    .split('\n')
    .flatMap((line) => {
      const [start, , count] = line.trim().split(/\s+/).map(Number);
      return start === undefined || count === undefined ? [] : [{ start, count }];
    })
    .sort((a, b) => a.start - b.start);
