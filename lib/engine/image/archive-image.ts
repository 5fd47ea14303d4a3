// SPDX-License-Identifier: Apache-2.0
// What the two kinds of archive are turned into before anything is kept.

import { sampanError } from '../../errors/sampan-error.js';
import { availableParallelism } from 'node:os';
import { chainIdsOf, type ImageConfig } from '../../image/config.js';
import type { Descriptor } from '../../image/descriptor.js';
import type { Digest } from '../../image/digest.js';
import type { StagedBlob } from '../../store/content-store.js';
import { mapSettled } from '../../util/map-settled.js';
import type { LayerPlace } from './archive.js';

export interface ArchiveImage {
  /** of the manifest, as index.json will have it */
  readonly descriptor: Descriptor;
  readonly id: Digest;
  readonly config: ImageConfig;
  /** one per diff id, base first */
  readonly layers: readonly StagedBlob[];
  /** manifest, config and layers */
  readonly blobs: readonly StagedBlob[];
  /** full references */
  readonly references: readonly string[];
}

/** @throws ERR_ARCHIVE_INVALID */
export const checkLayerCount = (config: ImageConfig, layers: number, what: string): void => {
  if (config.diffIds.length === layers) return;
  throw sampanError('ERR_ARCHIVE_INVALID', {
    subject: `${what} has ${String(layers)} layers, its config names ${String(config.diffIds.length)}`,
  });
};

/** The blobs of an image's layers, base first, several at a time. @throws what staging throws */
export const stageLayers = async <T>(
  { diffIds }: ImageConfig,
  layers: readonly T[],
  stage: (layer: T, place: LayerPlace) => Promise<StagedBlob>,
): Promise<readonly StagedBlob[]> => {
  const chainIds = chainIdsOf(diffIds);
  const places = diffIds.map((diffId, index) => ({
    diffId,
    chainId: chainIds[index] as Digest, // one for each
    parent: chainIds[index - 1],
  }));
  return mapSettled(layers, availableParallelism(), (layer, index) => stage(layer, places[index] as LayerPlace)); // as checkLayerCount() said
};
