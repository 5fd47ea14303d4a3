// SPDX-License-Identifier: Apache-2.0
// What the image operations share. Made once by openImageService().

import type { Native } from '../../native/native.js';
import type { RegistryAccess } from '../../registry/open.js';
import { rootOf, type IdMap } from '../../runtime/id-map.js';
import type { MeasureTrees } from '../../runtime/tree-usage.js';
import { openContentStore, type ContentStore } from '../../store/content-store.js';
import { openImageIndex, type ImageIndex } from '../../store/image-index.js';
import { openLayerStore, type LayerStore } from '../../store/layers.js';
import type { Locks } from '../../store/locks.js';
import type { Paths } from '../../store/paths.js';
import type { RemoveTree } from '../../store/scratch.js';

/** A container that was made from an image. */
export interface ImageUser {
  readonly name: string;
  readonly running: boolean;
  /** chain ids of the layers it stands on */
  readonly layers: readonly string[];
  readonly imageId: string;
}

export interface ImageServiceInput {
  readonly paths: Paths;
  readonly locks: Locks;
  readonly native: () => Native;
  readonly idMap: () => IdMap;
  readonly removeTree: RemoveTree;
  /** what directories take on disk */
  readonly measureTrees: MeasureTrees;
  /** what images may take on disk; undefined: no limit. @throws ERR_SETTINGS */
  readonly maxStoreBytes: () => number | undefined;
  /** tells people of what nobody asked for */
  readonly notice: (message: string) => Promise<void>;
  /** every container there is */
  readonly imageUsers: () => readonly ImageUser[];
  /** opened at the first call, shared by the command, closed with the engine */
  readonly openRegistries: () => Promise<RegistryAccess>;
}

export interface ImageContext extends ImageServiceInput {
  readonly content: ContentStore;
  readonly layers: LayerStore;
  readonly index: ImageIndex;
}

/** renameat2(2): RENAME_EXCHANGE, Linux 3.15 */
const renameExchange = 2;

export const openImageContext = (input: ImageServiceInput): ImageContext => ({
  ...input,
  content: openContentStore(input.paths),
  layers: openLayerStore(input.paths, {
    unpack: async (tar, directory, signal) => {
      const { unpackLayer } = await import('./unpack.js');
      return unpackLayer(input.native(), input.idMap(), { input: tar, directory, signal });
    },
    unpackGzip: async (content, directory, signal) => {
      const { unpackGzipLayer } = await import('./unpack.js');
      return unpackGzipLayer(input.native(), input.idMap(), { content, directory, signal });
    },
    owner: () => rootOf(input.idMap()),
  }),
  index: openImageIndex(input.paths, (left, right) => input.native().renameat2(left, right, renameExchange)),
});
