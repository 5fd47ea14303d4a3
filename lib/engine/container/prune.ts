// SPDX-License-Identifier: Apache-2.0
// `container prune`: every container that is not running and matches goes. One that another command is at work on is
// left to it.

import { filesOf, listContainerIds } from '../../store/container-records.js';
import type { ContainerPruneReport, PruneFilters } from '../contract.js';
import { makePruneFilter, type Prunable } from '../prune-filter.js';
import type { ContainerContext } from './context.js';
import { removeLocked } from './remove.js';
import { isReadable, seeContainer } from './see.js';
import { canStart } from './status.js';

/** @throws ERR_INVALID_VALUE */
export const pruneContainers = async (
  context: ContainerContext,
  filters: PruneFilters,
): Promise<ContainerPruneReport> => {
  const matches = makePruneFilter(filters);
  const candidates = listContainerIds(context.paths).filter((id) => isCandidate(context, id, matches));
  const sizes = await context.measureTrees(candidates.map((id) => filesOf(context.paths, id).directory));
  const ids: string[] = [];
  let reclaimedBytes = 0;
  for (const [index, id] of candidates.entries()) {
    if (!(await removeIfStopped(context, id))) continue;
    ids.push(id);
    reclaimedBytes += sizes[index]?.bytes ?? 0;
  }
  return { ids, reclaimedBytes };
};

const isCandidate = (context: ContainerContext, id: string, matches: (object: Prunable) => boolean): boolean => {
  const seen = seeContainer(context.paths, id);
  // of one that cannot be read nobody knows whether it matches
  if (seen === undefined || !isReadable(seen) || !canStart(seen.state)) return false;
  return matches({ createdAt: seen.record.createdAt, labels: seen.record.process.labels });
};

/** It may have been started, or removed, since it was looked at. */
const removeIfStopped = async (context: ContainerContext, id: string): Promise<boolean> => {
  const lock = context.locks.tryContainer(id);
  if (lock === undefined) return false;
  using _lock = lock;
  const seen = seeContainer(context.paths, id);
  if (seen === undefined || !isReadable(seen) || !canStart(seen.state)) return false;
  await removeLocked(context, { ...seen, lock });
  return true;
};
