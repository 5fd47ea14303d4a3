// SPDX-License-Identifier: Apache-2.0
// store.maxSize: when images have come and the store is larger than that, those go that were not used for longest, until
// it fits. Never one that a container was made from, never one that has just come.
//
// When an image was used is the time of change of its config's blob (one system call of `run`). Interrupted downloads go
// before any image.

import { isSampanError } from '../../errors/sampan-error.js';
import type { Digest } from '../../image/digest.js';
import { openDownloads } from '../../store/downloads.js';
import { diskBytes } from '../../store/disk-bytes.js';
import { collectGarbage } from '../../store/image-gc.js';
import { removeAll } from '../../store/layers.js';
import { formatBytes } from '../../util/bytes.js';
import { humanDuration } from '../../util/duration.js';
import type { ImageContext } from './context.js';
import { shownReference } from './host-image.js';
import { readImages, type StoredImage } from './stored-image.js';

export interface EvictionOptions {
  /** bytes that blobs and layers may take on disk */
  readonly limit: number;
  readonly justCame: readonly Digest[];
}

/** Nothing goes while a container's record cannot be read: nobody knows what that container stands on. */
export const keepWithinLimit = async (context: ImageContext, { limit, justCame }: EvictionOptions): Promise<void> => {
  if (storeBytes(context) <= limit || !isReadable(context)) return;
  openDownloads(context.paths, context.locks).sweep(0);
  const { removed, directories, bytes } = await evictUnderLock(context, { limit, justCame });
  await removeAll(directories, context.removeTree);
  for (const image of removed) await context.notice(evictionText(image, limit));
  if (bytes <= limit) return;
  await context.notice(
    `images take ${formatBytes(bytes)}, more than the ${formatBytes(limit)} of store.maxSize, and all of them are in use`,
  );
};

interface Evicted {
  readonly image: StoredImage;
  readonly usedAt: number;
}

const isReadable = ({ imageUsers }: ImageContext): boolean => {
  try {
    imageUsers();
    return true;
  } catch (error) {
    if (isSampanError(error, 'ERR_STORE_CORRUPT')) return false;
    throw error;
  }
};

const evictUnderLock = async (context: ImageContext, { limit, justCame }: EvictionOptions) => {
  using _lock = await context.locks.store();
  const removed: Evicted[] = [];
  const directories: string[] = [];
  let bytes = storeBytes(context);
  for (const candidate of candidatesOf(context, justCame)) {
    if (bytes <= limit) break;
    const { manifests } = candidate.image;
    context.index.write(context.index.read().filter(({ descriptor }) => !manifests.includes(descriptor.digest)));
    const usedLayers = new Set(context.imageUsers().flatMap((user) => user.layers));
    const { content, layers, index } = context;
    directories.push(...collectGarbage({ content, layers, entries: index.read(), usedLayers }).directories);
    removed.push(candidate);
    bytes = storeBytes(context);
  }
  return { removed, directories, bytes };
};

/** The one that was not used for longest first. */
const candidatesOf = (context: ImageContext, justCame: readonly Digest[]): readonly Evicted[] => {
  const used = new Set([...justCame, ...context.imageUsers().map(({ imageId }) => imageId)]);
  return readImages(context)
    .images.filter(({ id }) => !used.has(id))
    .map((image) => ({ image, usedAt: context.content.usedAt(image.id) }))
    .sort((left, right) => left.usedAt - right.usedAt);
};

/** From what is written down: nothing is walked. */
const storeBytes = ({ content, layers, paths }: ImageContext): number =>
  content.list().reduce((sum, digest) => sum + content.diskBytesOf(digest), 0) +
  layers.list().reduce((sum, chainId) => sum + (layers.find(chainId)?.sizeBytes ?? 0), diskBytes(paths.layers));

const evictionText = ({ image, usedAt }: Evicted, limit: number): string => {
  const name = image.references.map(shownReference).join(', ') || image.id;
  const age = humanDuration(Date.now() - usedAt);
  return `removed the image ${name}, last used ${age} ago, to keep within the ${formatBytes(limit)} of store.maxSize`;
};
