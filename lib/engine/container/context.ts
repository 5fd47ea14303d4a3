// SPDX-License-Identifier: Apache-2.0
// What the container operations share: places, locks, the host's id map, images, and how this very program is started
// again. Made once by the composition root (engine/open.ts).

import type { ObtainOptions } from '../image/obtain.js';
import type { Paths } from '../../store/paths.js';
import type { Locks } from '../../store/locks.js';
import type { RemoveTree } from '../../store/scratch.js';
import type { IdMap } from '../../runtime/id-map.js';
import type { MeasureTrees } from '../../runtime/tree-usage.js';
import type { ImageDefaults } from '../../spec/merge.js';
import type { ContainerImage } from '../image/commit-container.js';
import type { Native } from '../../native/native.js';

/** An image as a container needs it. */
export interface ResolvedImage {
  readonly id: string;
  readonly defaults: ImageDefaults;
  readonly source:
    | { readonly kind: 'host' }
    /** topmost first; every directory is complete on disk */
    | { readonly kind: 'layers'; readonly chainIds: readonly string[]; readonly directories: readonly string[] };
}

export interface ContainerContext {
  readonly paths: Paths;
  readonly locks: Locks;
  readonly native: () => Native;
  readonly idMap: () => IdMap;
  readonly resolveImage: (name: string, options: { readonly platform?: string | undefined }) => Promise<ResolvedImage>;
  /** pulls an image that is not here; the name it has here then, undefined for what no registry can have */
  readonly obtainImage: (name: string, options: ObtainOptions) => Promise<string | undefined>;
  /** makes an image of what a container tells about itself */
  readonly commitImage: (image: ContainerImage) => Promise<{ readonly id: string }>;
  readonly removeTree: RemoveTree;
  /** what directories take on disk, in one go */
  readonly measureTrees: MeasureTrees;
  /** bytes below a directory that may hold files of sub-ids */
  readonly treeUsage: (directory: string) => Promise<number>;
  /** unpacked bytes of a layer of the store */
  readonly layerSize: (chainId: string) => Promise<number>;
  /** argv that starts this program: the monitor appends `container cleanup <id>` */
  readonly selfCommand: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}
