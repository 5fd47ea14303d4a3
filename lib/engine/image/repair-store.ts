// SPDX-License-Identifier: Apache-2.0
// `system check --store --repair`: what is damaged goes, so that it is used by nobody and the next pull or load brings it
// whole. Layers are made again from their blobs where those are sound. Containers are left alone: they may hold work.

import type { Digest } from '../../image/digest.js';
import { removeAll } from '../../store/layers.js';
import { checkStore, type Finding } from './check-store.js';
import { collect, withStoreLock } from './commit.js';
import type { ImageContext } from './context.js';
import { ensureLayers } from './resolve.js';
import { readImages } from './stored-image.js';

/** What was done, then what is left to be said. */
export const repairStore = async (context: ImageContext): Promise<readonly Finding[]> => {
  const found = await checkStore(context);
  const goes = ({ blob, layer }: Finding): boolean =>
    blob !== undefined || (layer !== undefined && !isRunningOn(context, layer));
  const directories = await withStoreLock(context, () => {
    const gone = found.filter(goes);
    for (const { blob } of gone) if (blob !== undefined) context.content.remove(blob);
    dropDeadEntries(context);
    const taken = context.layers.takeOut(gone.flatMap(({ layer }) => layer ?? []));
    return [...taken, ...collect(context).directories];
  });
  await removeAll(directories, context.removeTree);
  for (const image of readImages(context).images) if (hasAllBlobs(context, image)) await ensureLayers(context, image);
  const repaired = found
    .filter(goes)
    .map(({ name, detail }): Finding => ({ name: 'repair', status: 'ok', detail: `removed: ${name} ${detail}` }));
  return [...repaired, ...(await checkStore(context))];
};

/** Names of images whose documents are gone: nothing is left that they could mean. */
const dropDeadEntries = (context: ImageContext): void => {
  const { damaged } = readImages(context);
  if (damaged.length === 0) return;
  const dead = damaged.map(({ entry }) => entry);
  context.index.write(
    context.index
      .read()
      .filter(
        ({ reference, descriptor }) =>
          !dead.some((entry) => entry.reference === reference && entry.descriptor.digest === descriptor.digest),
      ),
  );
};

const isRunningOn = ({ imageUsers }: ImageContext, chainId: Digest): boolean =>
  imageUsers().some(({ running, layers }) => running && layers.includes(chainId));

const hasAllBlobs = ({ content }: ImageContext, { manifest }: Parameters<typeof ensureLayers>[1]): boolean =>
  manifest.layers.every(({ digest }) => content.find(digest) !== undefined);
