// SPDX-License-Identifier: Apache-2.0
// Work on files of sub-ids: done by the helper as root of a user namespace with the full id map, because the user
// alone may neither remove nor read them.

import { HelperFailure } from '../native/helper.js';
import type { Native } from '../native/native.js';
import type { PlanOperation } from '../native/protocol.js';
import { runTask } from '../native/task.js';
import { namespaceOperations, type IdMap } from './id-map.js';
import { planError } from './plan-failure.js';

export interface MappedTask {
  readonly operations: readonly PlanOperation[];
  readonly descriptors?: readonly number[];
  readonly title?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Runs operations as root of a user namespace with this map, and of other new ones (CLONE_NEW*). @throws what the failure means */
export const runMapped = async (
  native: Native,
  idMap: IdMap,
  task: MappedTask,
  namespaces = 0,
): Promise<Readonly<Record<string, number>>> => {
  try {
    return await runTask(native, {
      ...task,
      operations: [...namespaceOperations(idMap, BigInt(namespaces)), { op: 'become_root' }, ...task.operations],
    });
  } catch (error) {
    if (error instanceof HelperFailure) throw planError(error);
    throw error;
  }
};

/**
 * Removes a tree. Most trees hold only files of the user: then this process does it without a namespace. The helper does
 * the rest: files of sub-ids, names that are no UTF-8, paths of any length.
 * @param removeOwn store/'s own removal; whatever it throws, the helper is asked, and its failure counts
 */
export const treeRemover =
  (native: () => Native, idMap: () => IdMap, removeOwn: (directory: string) => Promise<void>) =>
  async (directory: string): Promise<void> => {
    try {
      await removeOwn(directory);
    } catch {
      await runMapped(native(), idMap(), {
        operations: [{ op: 'remove_tree', source: directory }],
        title: 'sampan-remove',
      });
    }
  };
