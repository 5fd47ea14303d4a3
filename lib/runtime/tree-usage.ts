// SPDX-License-Identifier: Apache-2.0
// What directory trees take on disk, counted by the helper: containers and layers have files of sub-ids in them, which
// the user alone may not even list.

import type { Native } from '../native/native.js';
import type { IdMap } from './id-map.js';
import { runMapped } from './tasks.js';

export interface TreeUsage {
  /** as du(1) counts: blocks, the directories too, each hard link once */
  readonly bytes: number;
  readonly inodes: number;
}

export type MeasureTrees = (directories: readonly string[]) => Promise<readonly TreeUsage[]>;

/** One task counts so many trees: its counts must fit one frame (addon/protocol/frames.def). */
const treesPerTask = 256;

/** In the order of the directories; one that is missing (any more) takes nothing. */
export const measureTrees = async (
  native: Native,
  idMap: IdMap,
  directories: readonly string[],
): Promise<readonly TreeUsage[]> => {
  const usages: TreeUsage[] = [];
  for (let start = 0; start < directories.length; start += treesPerTask) {
    const some = directories.slice(start, start + treesPerTask);
    const counts = await runMapped(native, idMap, {
      operations: some.map((source, index) => ({ op: 'tree_usage', source, key: String(index) })),
      title: 'sampan-usage',
    });
    usages.push(
      ...some.map((_, index) => ({
        bytes: counts[`bytes${String(index)}`] ?? 0,
        inodes: counts[`inodes${String(index)}`] ?? 0,
      })),
    );
  }
  return usages;
};
