// SPDX-License-Identifier: Apache-2.0
// Unpacks the layers that are not unpacked yet, several at a time: on disk no layer depends on another.

import { availableParallelism } from 'node:os';
import { chainIdsOf, type ImageConfig } from '../../image/config.js';
import type { Digest } from '../../image/digest.js';
import { mapSettled } from '../../util/map-settled.js';
import type { LayerRequest, LayerStore, PreparedLayer } from '../../store/layers.js';

export interface LayersOfImage {
  readonly config: Pick<ImageConfig, 'diffIds'>;
  /** one per diff id, base first */
  readonly layers: readonly { readonly digest: Digest; readonly path: string }[];
}

/** @throws what unpacking throws; the other layers are waited for, so that nothing writes into `scratch` any more */
export const prepareLayers = async (
  store: Pick<LayerStore, 'find' | 'prepare'>,
  images: readonly LayersOfImage[],
  scratch: string,
): Promise<readonly PreparedLayer[]> => {
  const missing = new Map(images.flatMap((image) => requestsOf(store, image)));
  return mapSettled([...missing.values()], availableParallelism(), (request) => store.prepare(request, scratch));
};

const requestsOf = (
  store: Pick<LayerStore, 'find'>,
  { config, layers }: LayersOfImage,
): readonly (readonly [Digest, LayerRequest])[] => {
  const chainIds = chainIdsOf(config.diffIds);
  return layers.flatMap((blob, index) => {
    const [chainId, diffId] = [chainIds[index], config.diffIds[index]];
    if (chainId === undefined || diffId === undefined || store.find(chainId) !== undefined) return [];
    return [[chainId, { blob, parent: chainIds[index - 1], expected: { diffId, chainId } }] as const];
  });
};
