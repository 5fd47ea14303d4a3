// SPDX-License-Identifier: Apache-2.0
// The last step of load, import and (later) pull and build: under the store lock, what was staged becomes visible and
// index.json leads to it. Whatever is killed before that leaves scratch files, whatever is killed within it leaves
// blobs and layers that nothing leads to, which the next commit or removal collects.

import { isSampanError } from '../../errors/sampan-error.js';
import type { Descriptor } from '../../image/descriptor.js';
import type { Digest } from '../../image/digest.js';
import type { StagedBlob } from '../../store/content-store.js';
import { collectGarbage, type Garbage } from '../../store/image-gc.js';
import { withNameless, withReference, type IndexEntry } from '../../store/image-index.js';
import { removeAll, type PreparedLayer } from '../../store/layers.js';
import type { ImageContext } from './context.js';
import { keepWithinLimit } from './evict.js';
import { imagesOf } from './stored-image.js';

export interface NewImage {
  readonly id: Digest;
  readonly descriptor: Descriptor;
  /** full references */
  readonly references: readonly string[];
}

export interface Commit {
  readonly blobs: readonly StagedBlob[];
  readonly layers: readonly PreparedLayer[];
  readonly images: readonly NewImage[];
  /** throws when the images cannot become visible any more; the store lock is held */
  readonly check?: () => void;
}

/** A name that an image has lost to a new one. */
export interface LostName {
  readonly reference: string;
  readonly id: Digest;
}

export const commitImages = async (
  context: ImageContext,
  { blobs, layers, images, check }: Commit,
): Promise<readonly LostName[]> => {
  // Settings that cannot be read are told before anything is changed.
  const limit = context.maxStoreBytes();
  const { garbage, lost } = await withStoreLock(context, () => {
    check?.();
    const before = context.index.read();
    const idsBefore = idsOf(context, before);
    for (const blob of new Map(blobs.map((staged) => [staged.digest, staged])).values()) context.content.publish(blob);
    for (const layer of layers) context.layers.publish(layer);
    const entries = images.reduce(addImage, before);
    context.index.write(withoutTwins(entries, idsOf(context, entries)));
    return { garbage: collect(context), lost: images.flatMap((image) => lostTo(image, before, idsBefore)) };
  });
  await removeAll(garbage.directories, context.removeTree);
  if (limit !== undefined) await keepWithinLimit(context, { limit, justCame: images.map(({ id }) => id) });
  return lost;
};

/** The store lock is held while `work` runs. */
export const withStoreLock = async <T>({ locks }: ImageContext, work: () => T): Promise<T> => {
  using _lock = await locks.store();
  return work();
};

/**
 * Takes away whatever index.json does not lead to any more; the store lock is held. Nothing is taken while a container's
 * record cannot be read: nobody knows which layers that container stands on.
 */
export const collect = (context: ImageContext): Garbage => {
  const { content, layers, index } = context;
  try {
    const usedLayers = new Set(context.imageUsers().flatMap((user) => user.layers));
    return collectGarbage({ content, layers, entries: index.read(), usedLayers });
  } catch (error) {
    if (isSampanError(error, 'ERR_STORE_CORRUPT')) return { directories: [], layers: [], blobs: [], blobBytes: 0 };
    throw error;
  }
};

const addImage = (entries: readonly IndexEntry[], { descriptor, references }: NewImage): readonly IndexEntry[] =>
  references.length === 0
    ? withNameless(entries, descriptor)
    : references.reduce((current, reference) => withReference(current, reference, descriptor), entries);

type Ids = ReadonlyMap<Digest, Digest>;

/** Image ids by manifest. */
const idsOf = ({ content }: ImageContext, entries: readonly IndexEntry[]): Ids =>
  new Map(
    imagesOf(content, entries).images.flatMap(({ id, manifests }) => manifests.map((digest) => [digest, id] as const)),
  );

/** A nameless manifest is of no use beside another one of the same image: it would only hold its blobs. */
const withoutTwins = (entries: readonly IndexEntry[], ids: Ids): readonly IndexEntry[] =>
  entries.filter((entry, position) => {
    const id = ids.get(entry.descriptor.digest);
    if (entry.reference !== undefined || id === undefined) return true;
    const isBetter = (other: IndexEntry, otherPosition: number): boolean =>
      ids.get(other.descriptor.digest) === id && (other.reference !== undefined || otherPosition > position);
    return !entries.some(isBetter);
  });

const lostTo = ({ id, references }: NewImage, before: readonly IndexEntry[], ids: Ids): readonly LostName[] =>
  before.flatMap(({ reference, descriptor }) => {
    const oldId = ids.get(descriptor.digest);
    const isLost = reference !== undefined && references.includes(reference) && oldId !== undefined && oldId !== id;
    return isLost ? [{ reference, id: oldId }] : [];
  });
