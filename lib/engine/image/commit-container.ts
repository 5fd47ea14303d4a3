// SPDX-License-Identifier: Apache-2.0
// `commit`, the image's half: the parent's layers and one more, with what the container was asked for as defaults.
//
// How this works: the layer comes as a plain tar, is staged while its digest is computed, and unpacked into its place
// beside the others. A container that changed nothing adds a step to the history, and no layer. The parent must still be
// there when the new image becomes visible: its layers' blobs are the new one's too.

import { isSampanError, sampanError } from '../../errors/sampan-error.js';
import { applyChanges } from '../../image/changes.js';
import { chainIdsOf, type ContainerDefaults, type HistoryEntry, type ImageConfig } from '../../image/config.js';
import { defaultsToJson, historyToJson } from '../../image/config-json.js';
import type { Descriptor } from '../../image/descriptor.js';
import { makeManifest } from '../../image/manifest.js';
import { compressionOfType, mediaTypes } from '../../image/media-types.js';
import { stageBytes, type StagedBlob } from '../../store/content-store.js';
import type { PreparedLayer } from '../../store/layers.js';
import { makeScratch } from '../../store/scratch.js';
import { stageBlob } from '../../store/stage-blob.js';
import { commitImages } from './commit.js';
import type { ImageContext } from './context.js';
import { findManifest } from './find.js';
import { nameOf } from './import.js';
import type { StoredManifest } from './stored-image.js';

/** What a container tells about itself to become an image. */
export interface ContainerImage {
  readonly container: string;
  /** of the image it was made from */
  readonly imageId: string;
  /** laid over the image's own */
  readonly defaultsOver: (image: ContainerDefaults) => ContainerDefaults;
  readonly changes: readonly string[];
  readonly createdBy: string;
  readonly author?: string;
  readonly message?: string;
  readonly reference?: string;
  /** the layer as a plain tar */
  readonly layer: AsyncIterable<Uint8Array>;
  /** known once the layer is read */
  readonly isEmpty: () => boolean;
}

/** @throws ERR_INVALID_REFERENCE, ERR_INVALID_VALUE, ERR_IMAGE_NOT_FOUND, ERR_NO_SPACE, and what reading the layer throws */
export const commitContainerImage = async (
  context: ImageContext,
  request: ContainerImage,
): Promise<{ readonly id: string }> => {
  const references = request.reference === undefined ? [] : [nameOf(request.reference)];
  const parent = parentOf(context, request);
  const defaults = applyChanges(request.defaultsOver(parent.config.defaults), request.changes);
  const scratch = makeScratch(context.paths);
  try {
    const layer = await stageLayer(context, request, parent, scratch);
    const content = makeConfig(parent.config, { defaults, request, layer });
    const config = stageBytes(scratch, content);
    const added = layer === undefined ? [] : [{ ...layer.blob, compression: 'none' } as const];
    const kept = parent.manifest.layers.map(({ digest, size, mediaType }) => ({
      digest,
      size,
      compression: compressionOfType(mediaType),
    }));
    const manifest = stageBytes(scratch, makeManifest(content, [...kept, ...added]));
    const descriptor: Descriptor = { mediaType: mediaTypes.manifest, digest: manifest.digest, size: manifest.size };
    await commitImages(context, {
      blobs: [...added, config, manifest],
      layers: layer === undefined ? [] : [layer.prepared],
      images: [{ id: config.digest, descriptor, references }],
      check: () => {
        parentOf(context, request);
      },
    });
    return { id: config.digest };
  } finally {
    await context.removeTree(scratch);
  }
};

const parentOf = (context: ImageContext, { imageId, container }: ContainerImage): StoredManifest => {
  const parent = findParent(context, imageId);
  if (parent?.manifest.layers.every(({ digest }) => context.content.find(digest) !== undefined) === true) return parent;
  throw sampanError('ERR_IMAGE_NOT_FOUND', {
    subject: `${imageId}, which container ${container} was made from`,
    hint: `make an image of its whole file system: sampan export ${container} | sampan import - NAME`,
  });
};

const findParent = (context: ImageContext, imageId: string): StoredManifest | undefined => {
  try {
    return findManifest(context, imageId);
  } catch (cause) {
    if (!isSampanError(cause, 'ERR_IMAGE_NOT_FOUND')) throw cause;
    return undefined;
  }
};

interface NewLayer {
  readonly blob: StagedBlob;
  readonly prepared: PreparedLayer;
}

/** undefined when nothing was changed */
const stageLayer = async (
  context: ImageContext,
  { layer, isEmpty, container }: ContainerImage,
  { config: { diffIds } }: StoredManifest,
  scratch: string,
): Promise<NewLayer | undefined> => {
  const blob = await stageBlob(scratch, layer, { what: `the changes of container ${container}` });
  if (isEmpty()) return undefined;
  const chain = chainIdsOf([...diffIds, blob.digest]);
  const chainId = chain.at(-1) ?? blob.digest;
  const expected = { diffId: blob.digest, chainId };
  return { blob, prepared: await context.layers.prepare({ blob, parent: chain.at(-2), expected }, scratch) };
};

const makeConfig = (
  parent: ImageConfig,
  {
    defaults,
    request: { author, message, createdBy },
    layer,
  }: {
    readonly defaults: ContainerDefaults;
    readonly request: ContainerImage;
    readonly layer: NewLayer | undefined;
  },
): Buffer => {
  const created = new Date().toISOString();
  const words = { ...(author === undefined ? {} : { author }), ...(message === undefined ? {} : { comment: message }) };
  const step: HistoryEntry = { created, createdBy, ...words, emptyLayer: layer === undefined };
  return Buffer.from(
    JSON.stringify({
      created,
      ...words,
      ...parent.platform,
      ...(parent.osVersion === undefined ? {} : { 'os.version': parent.osVersion }),
      config: defaultsToJson(defaults),
      rootfs: { type: 'layers', diff_ids: [...parent.diffIds, ...(layer === undefined ? [] : [layer.blob.digest])] },
      history: [...historyOf(parent), step].map(historyToJson),
    }),
  );
};

/** Other tools count: every layer must have its step. */
const historyOf = ({ history, diffIds, created }: ImageConfig): readonly HistoryEntry[] => {
  const missing = diffIds.length - history.filter(({ emptyLayer }) => !emptyLayer).length;
  const filler: HistoryEntry = { ...(created === undefined ? {} : { created }), emptyLayer: false };
  return missing <= 0 ? history : [...history, ...Array.from({ length: missing }, () => filler)];
};
