// SPDX-License-Identifier: Apache-2.0
// `image prune`: images that nobody needs go, and with them what killed commands left in the store. It needs no free
// space: names are taken away in place, everything else is unlinked.

import { sampanError } from '../../errors/sampan-error.js';
import { openDownloads } from '../../store/downloads.js';
import type { IndexEntry } from '../../store/image-index.js';
import { removeAll } from '../../store/layers.js';
import type { ImagePruneReport, PruneFilters, RemovedImageLine } from '../contract.js';
import { makePruneFilter, type Prunable } from '../prune-filter.js';
import { collect, withStoreLock } from './commit.js';
import type { ImageContext } from './context.js';
import { shownReference } from './host-image.js';
import { rowsOf } from './list.js';
import { readImages, referenceOf, type StoredImage } from './stored-image.js';

export interface ImagePruneOptions {
  /** every image that no container was made from; else those without a name */
  readonly all: boolean;
  readonly filters: PruneFilters;
}

/** An interrupted download is worth keeping so long; with `all` only while somebody is at it. */
const dayMs = 24 * 3600 * 1000;

/** @throws ERR_INVALID_VALUE */
export const pruneImages = async (
  context: ImageContext,
  { all, filters }: ImagePruneOptions,
): Promise<ImagePruneReport> => {
  const { dangling, ...others } = filters;
  const isAll = dangling === undefined ? all : isFalse(dangling);
  const isFiltered = Object.keys(others).length > 0;
  const matches = makePruneFilter(others);
  const { garbage, lines } = await withStoreLock(context, () => {
    const decision = decide(context, { all: isAll, matches, damagedToo: !isFiltered });
    if (decision.isChanged) context.index.write(decision.entries);
    const collected = collect(context);
    const layers = decision.deletes ? collected.layers.map((deleted) => ({ deleted })) : [];
    return { garbage: collected, lines: [...decision.lines, ...layers] };
  });
  const sizes = await context.measureTrees(garbage.directories);
  await removeAll(garbage.directories, context.removeTree);
  const downloads = isFiltered ? 0 : openDownloads(context.paths, context.locks).sweep(isAll ? 0 : dayMs);
  return { lines, reclaimedBytes: sizes.reduce((sum, { bytes }) => sum + bytes, garbage.blobBytes + downloads) };
};

interface Decision {
  readonly entries: readonly IndexEntry[];
  readonly isChanged: boolean;
  readonly deletes: boolean;
  readonly lines: readonly RemovedImageLine[];
}

const decide = (
  context: ImageContext,
  {
    all,
    matches,
    damagedToo,
  }: { readonly all: boolean; readonly matches: (image: Prunable) => boolean; readonly damagedToo: boolean },
): Decision => {
  const used = new Set(context.imageUsers().map(({ imageId }) => imageId));
  const { images, damaged } = readImages(context);
  const goes = (image: StoredImage): boolean =>
    !used.has(image.id) && (all || image.references.length === 0) && rowsOf(context, image).some(matches);
  const gone = images.filter(goes);
  const damagedGone = damaged.filter(({ entry }) => damagedToo && (all || entry.reference === undefined));
  const manifests = new Set<string>(gone.flatMap((image) => image.manifests));
  const entries = context.index.read();
  const kept = entries.filter(
    ({ descriptor, reference }) =>
      !manifests.has(descriptor.digest) &&
      !damagedGone.some(({ entry }) => entry.descriptor.digest === descriptor.digest && entry.reference === reference),
  );
  return {
    entries: kept,
    isChanged: kept.length < entries.length,
    deletes: gone.length > 0,
    lines: [...gone.flatMap(linesOf), ...damagedGone.flatMap(({ entry }) => damagedLine(entry))],
  };
};

const linesOf = ({ id, references }: StoredImage): readonly RemovedImageLine[] => [
  ...references.map((reference) => ({ untagged: shownReference(reference) })),
  { deleted: id },
];

const damagedLine = (entry: IndexEntry): readonly RemovedImageLine[] => {
  const reference = referenceOf(entry);
  return [{ untagged: reference === undefined ? entry.descriptor.digest : shownReference(reference) }];
};

const isFalse = (values: readonly string[]): boolean => {
  const [value] = values;
  if (values.length === 1 && /^(?:false|0|f)$/i.test(value ?? '')) return true;
  if (values.length === 1 && /^(?:true|1|t)$/i.test(value ?? '')) return false;
  throw sampanError('ERR_INVALID_VALUE', {
    subject: `filter dangling=${values.join(',')}`,
    hint: 'it is true or false',
  });
};
