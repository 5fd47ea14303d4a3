// SPDX-License-Identifier: Apache-2.0
// What the two kinds of archive are turned into before anything is kept.

import { sampanError } from '../../errors/sampan-error.js';
import type { ImageConfig } from '../../image/config.js';
import type { Descriptor } from '../../image/descriptor.js';
import type { Digest } from '../../image/digest.js';
import type { StagedBlob } from '../../store/content-store.js';

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
