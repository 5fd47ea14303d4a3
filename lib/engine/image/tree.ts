// SPDX-License-Identifier: Apache-2.0
// `images --tree`: each image with its names, and below it the platforms that its index names, here or not.

import { isSampanError } from '../../errors/sampan-error.js';
import { largestConfigBytes, parseConfig } from '../../image/config.js';
import type { Descriptor } from '../../image/descriptor.js';
import type { Digest } from '../../image/digest.js';
import { largestManifestBytes, parseDocument, type Manifest } from '../../image/manifest.js';
import { formatPlatform, type Platform } from '../../image/platform.js';
import { reachableFrom } from '../../store/image-gc.js';
import type { ImageListOptions, ImageSummary, ImageTree, PlatformLeaf } from '../contract.js';
import type { ImageContext } from './context.js';
import { listImages } from './list.js';
import { readImages } from './stored-image.js';

/** @throws ERR_INVALID_VALUE, ERR_IMAGE_NOT_FOUND (of before and since) */
export const imageTrees = (context: ImageContext, options: ImageListOptions): readonly ImageTree[] => {
  const { images } = readImages(context);
  const used = new Set(context.imageUsers().map(({ imageId }) => imageId));
  const entries = context.index.read();
  return [...groupedById(listImages(context, options))].map(([id, names]) => {
    const manifests = images.find((image) => image.id === id)?.manifests ?? [];
    const roots = entries.map(({ descriptor }) => descriptor).filter(({ digest }) => manifests.includes(digest));
    const leaves = roots.flatMap((root) => leavesBelow(context, root, used, 0));
    return {
      ...{ id, names, ...sizesOf(context, roots), used: used.has(id) },
      platforms: leaves.filter(({ digest }, at) => leaves.findIndex((other) => other.digest === digest) === at),
    };
  });
};

/** In the order of the list; an image without a name has none. */
const groupedById = (rows: readonly ImageSummary[]): ReadonlyMap<string, readonly string[]> => {
  const groups = new Map<string, readonly string[]>();
  for (const { id, repository, tag, digest } of rows) {
    const name = tag === '<none>' ? `${repository}@${digest}` : `${repository}:${tag}`;
    groups.set(id, [...(groups.get(id) ?? []), ...(repository === '<none>' ? [] : [name])]);
  }
  return groups;
};

const sizesOf = (
  { content, layers }: ImageContext,
  roots: readonly Descriptor[],
): { readonly contentBytes: number; readonly diskBytes: number } => {
  const reachable = reachableFrom(content, roots);
  let contentBytes = 0;
  // ids as the store has them, from documents that were checked when they were read
  for (const blob of reachable.blobs) contentBytes += content.sizeOf(blob as Digest) ?? 0;
  let diskBytes = contentBytes;
  for (const layer of reachable.layers) diskBytes += layers.find(layer as Digest)?.sizeBytes ?? 0;
  return { contentBytes, diskBytes };
};

/** Indexes within indexes: more than this is an attempt to exhaust us. */
const deepestIndex = 4;

const leavesBelow = (
  context: ImageContext,
  descriptor: Descriptor,
  used: ReadonlySet<string>,
  depth: number,
): readonly PlatformLeaf[] => {
  // what attests how an image was built
  if (descriptor.platform?.os === 'unknown') return [];
  const document = readIfSound(() => readDocument(context, descriptor));
  if (document?.kind === 'index') {
    if (depth >= deepestIndex) return [];
    return document.index.manifests.flatMap((child) => leavesBelow(context, child, used, depth + 1));
  }
  const manifest = document?.manifest;
  const platform = descriptor.platform ?? (manifest === undefined ? undefined : platformOf(context, manifest));
  return [
    {
      platform: platform === undefined ? 'unknown' : formatPlatform(platform),
      digest: descriptor.digest,
      available: manifest !== undefined,
      used: manifest !== undefined && used.has(manifest.config.digest),
      ...sizesOf(context, [descriptor]),
    },
  ];
};

const readDocument = ({ content }: ImageContext, { digest, mediaType }: Descriptor) => {
  const bytes = content.read(digest, largestManifestBytes);
  return bytes === undefined ? undefined : parseDocument(bytes, mediaType, `manifest ${digest}`);
};

const platformOf = ({ content }: ImageContext, { config: { digest } }: Manifest): Platform | undefined =>
  readIfSound(() => {
    const bytes = content.read(digest, largestConfigBytes);
    return bytes === undefined ? undefined : parseConfig(bytes, `config ${digest}`).platform;
  });

/** What is damaged is as good as not here: `system check --store` tells more. */
const readIfSound = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch (error) {
    if (isSampanError(error, 'ERR_STORE_CORRUPT') || isSampanError(error, 'ERR_IMAGE_INVALID')) return undefined;
    throw error;
  }
};
