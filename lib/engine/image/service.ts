// SPDX-License-Identifier: Apache-2.0
// The image part of the engine contract, and what containers ask of images. Each operation is one file; those that
// few commands need, with the libraries they need, are loaded when they are first asked for.

import { parseDigest } from '../../image/digest.js';
import type { ResolvedImage } from '../container/context.js';
import type { CheckResult, ImageService, ImageUsage, UsageOf } from '../contract.js';
import type { ContainerImage } from './commit-container.js';
import { openImageContext, type ImageContext, type ImageServiceInput } from './context.js';
import { inspectImage } from './inspect.js';
import { listImages } from './list.js';
import type { ObtainOptions } from './obtain.js';
import { removeImage } from './remove.js';
import { resolveImage, type ResolveOptions } from './resolve.js';
import { tagImage } from './tag.js';

export interface Images {
  readonly service: ImageService;
  resolve(name: string, options: ResolveOptions): Promise<ResolvedImage>;
  /** as obtainImage() */
  obtain(name: string, options: ObtainOptions): Promise<string | undefined>;
  /** makes an image of a container's changes */
  commit(image: ContainerImage): Promise<{ readonly id: string }>;
  /** unpacked bytes of a layer; 0 when it is gone */
  layerSize(chainId: string): Promise<number>;
  checkStore(options: { readonly repair: boolean }): Promise<readonly CheckResult[]>;
  /** @param layerBytes what each layer's directory takes on disk, by its name */
  usage(layerBytes: ReadonlyMap<string, number>): Promise<UsageOf<ImageUsage>>;
}

export const openImageService = (input: ImageServiceInput): Images => {
  const context = openImageContext(input);
  return {
    service: {
      pull: async (name, options) => {
        const { pullImages } = await import('./pull.js');
        return pullImages(context, name, options);
      },
      push: async (name, options) => {
        const { pushImages } = await import('./push.js');
        return pushImages(context, name, options);
      },
      load: async (source, options) => {
        const { loadImages } = await import('./load.js');
        return loadImages(context, source, options);
      },
      import: async (request) => {
        const { importImage } = await import('./import.js');
        return importImage(context, request);
      },
      save: async (names, options) => {
        const { saveImages } = await import('./save.js');
        return saveImages(context, names, options);
      },
      history: async (nameOrId, options) => {
        const { imageHistory } = await import('./history.js');
        return imageHistory(context, nameOrId, options);
      },
      list: (options) => later(() => listImages(context, options)),
      tree: async (options) => {
        const { imageTrees } = await import('./tree.js');
        return imageTrees(context, options);
      },
      tag: (source, target) => tagImage(context, source, target),
      remove: (nameOrId, options) => removeImage(context, nameOrId, options),
      prune: async (options) => {
        const { pruneImages } = await import('./prune.js');
        return pruneImages(context, options);
      },
      inspect: (nameOrId) => later(() => inspectImage(context, nameOrId)),
    },
    resolve: (name, options) => resolveImage(context, name, options),
    obtain: async (name, options) => {
      const { obtainImage } = await import('./obtain.js');
      return obtainImage(context, name, options);
    },
    checkStore: (options) => checkOrRepair(context, options),
    usage: async (layerBytes) => {
      const { usageOfImages } = await import('./usage.js');
      return usageOfImages(context, layerBytes);
    },
    commit: async (image) => {
      const { commitContainerImage } = await import('./commit-container.js');
      return commitContainerImage(context, image);
    },
    layerSize: (chainId) => later(() => context.layers.find(parseDigest(chainId, 'chain id'))?.sizeBytes ?? 0),
  };
};

/** A synchronous function as a promise: what it throws is a rejection, as of all other operations. */
const later = <T>(work: () => T): Promise<T> =>
  new Promise((resolve) => {
    resolve(work());
  });

const checkOrRepair = async (
  context: ImageContext,
  { repair }: { readonly repair: boolean },
): Promise<readonly CheckResult[]> => {
  const { checkStore } = await import('./check-store.js');
  if (!repair) return (await checkStore(context)).map(resultOf);
  const { repairStore } = await import('./repair-store.js');
  return (await repairStore(context)).map(resultOf);
};

/** Without what only repair needs to know. */
const resultOf = ({ name, status, detail, fix }: CheckResult): CheckResult => ({
  name,
  status,
  detail,
  ...(fix === undefined ? {} : { fix }),
});
