// SPDX-License-Identifier: Apache-2.0
// `system prune`: containers first, so that their networks and the images they were made from become unused.

import type { ContainerService, ImageService, PruneFilters, SystemPruneReport } from '../contract.js';
import type { NetworkService } from '../network/contract.js';

export interface PruneContext {
  readonly containers: Pick<ContainerService, 'list' | 'prune'>;
  readonly networks: Pick<NetworkService, 'prune'>;
  readonly images: Pick<ImageService, 'prune'>;
}

/** @throws ERR_INVALID_VALUE */
export const pruneSystem = async (
  context: PruneContext,
  { all, filters }: { readonly all: boolean; readonly filters: PruneFilters },
): Promise<SystemPruneReport> => {
  const containers = await context.containers.prune({ filters });
  const networks = await context.networks.prune(filters);
  const images = await context.images.prune({ all, filters });
  return { containers, networks, images, reclaimedBytes: containers.reclaimedBytes + images.reclaimedBytes };
};
