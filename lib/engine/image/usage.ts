// SPDX-License-Identifier: Apache-2.0
// What images take on disk: which blobs and layers belong to whom, and what would be free if the unused ones went.

import { hexOf } from '../../image/digest.js';
import { reachableFrom, type Reachable } from '../../store/image-gc.js';
import type { ImageUsage, UsageOf } from '../contract.js';
import type { ImageContext } from './context.js';
import { rowsOf } from './list.js';
import { readImages, type StoredImage } from './stored-image.js';

/** Bytes on disk of every blob and unpacked layer. */
export interface StoreSizes {
  readonly blobs: ReadonlyMap<string, number>;
  readonly layers: ReadonlyMap<string, number>;
}

interface OwnedImage {
  readonly image: StoredImage;
  readonly reachable: Reachable;
  readonly containers: number;
}

/** Without what is in no object: directories, documents of the layout, downloads. */
export const usageOfImages = (context: ImageContext, layerBytes: ReadonlyMap<string, number>): UsageOf<ImageUsage> => {
  const { content, layers } = context;
  const sizes: StoreSizes = {
    blobs: new Map(content.list().map((digest) => [digest, content.diskBytesOf(digest)])),
    layers: new Map(layers.list().map((chainId) => [chainId, layerBytes.get(hexOf(chainId)) ?? 0])),
  };
  const users = context.imageUsers();
  const owned = readImages(context).images.map((image) => ({
    image,
    reachable: reachableFrom(content, descriptorsOf(context, image)),
    containers: users.filter(({ imageId }) => imageId === image.id).length,
  }));
  const used = owned.filter(({ containers }) => containers > 0);
  const usedBlobs = new Set(used.flatMap(({ reachable }) => [...reachable.blobs]));
  const usedLayers = new Set([
    ...used.flatMap(({ reachable }) => [...reachable.layers]),
    ...users.flatMap((user) => user.layers),
  ]);
  const sizeBytes = sumOf(sizes.blobs) + sumOf(sizes.layers);
  return {
    total: owned.length,
    active: used.length,
    sizeBytes,
    reclaimableBytes: sizeBytes - sumOf(sizes.blobs, usedBlobs) - sumOf(sizes.layers, usedLayers),
    items: owned.flatMap((one) => itemsOf(context, one, { sizes, owned })),
  };
};

const descriptorsOf = ({ index }: ImageContext, { manifests }: StoredImage) =>
  index.read().flatMap(({ descriptor }) => (manifests.includes(descriptor.digest) ? [descriptor] : []));

const itemsOf = (
  context: ImageContext,
  { image, reachable, containers }: OwnedImage,
  { sizes, owned }: { readonly sizes: StoreSizes; readonly owned: readonly OwnedImage[] },
): readonly ImageUsage[] => {
  const others = owned.filter((other) => other.image.id !== image.id);
  const isShared =
    (kind: keyof Reachable) =>
    (id: string): boolean =>
      others.some((other) => other.reachable[kind].has(id));
  const sharedOf = (kind: keyof Reachable): ReadonlySet<string> => new Set([...reachable[kind]].filter(isShared(kind)));
  const sizeBytes = sumOf(sizes.blobs, reachable.blobs) + sumOf(sizes.layers, reachable.layers);
  const sharedBytes = sumOf(sizes.blobs, sharedOf('blobs')) + sumOf(sizes.layers, sharedOf('layers'));
  return rowsOf(context, image)
    .slice(0, 1)
    .map(({ isNameless: _, ...summary }) => ({
      ...summary,
      sizeBytes,
      sharedBytes,
      uniqueBytes: sizeBytes - sharedBytes,
      containers,
    }));
};

const sumOf = (sizes: ReadonlyMap<string, number>, among?: ReadonlySet<string>): number => {
  let sum = 0;
  for (const [id, bytes] of sizes) if (among === undefined || among.has(id)) sum += bytes;
  return sum;
};
