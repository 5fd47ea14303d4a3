// SPDX-License-Identifier: Apache-2.0
// Garbage: blobs and layers that no entry of index.json leads to. What a killed load or removal left is found the same
// way as what a removal makes free.

import { isSampanError } from '../errors/sampan-error.js';
import { chainIdsOf, largestConfigBytes, parseConfig } from '../image/config.js';
import type { Descriptor } from '../image/descriptor.js';
import type { Digest } from '../image/digest.js';
import { largestManifestBytes, parseDocument, type Manifest } from '../image/manifest.js';
import { isConfigType, isIndexType, isManifestType } from '../image/media-types.js';
import type { ContentStore } from './content-store.js';
import type { IndexEntry } from './image-index.js';
import type { LayerStore } from './layers.js';

export interface GarbageInput {
  readonly content: ContentStore;
  readonly layers: LayerStore;
  readonly entries: readonly IndexEntry[];
  /** chain ids of layers that containers stand on, whether their image is still there or not */
  readonly usedLayers: ReadonlySet<string>;
}

export interface Garbage {
  /** out of their places; to be removed once the store lock is let go */
  readonly directories: readonly string[];
  readonly layers: readonly Digest[];
  readonly blobs: readonly Digest[];
  /** what the blobs took on disk */
  readonly blobBytes: number;
}

/** Blobs and chain ids of layers, whether they are there or not. */
export interface Reachable {
  readonly blobs: ReadonlySet<string>;
  readonly layers: ReadonlySet<string>;
}

/** What these manifests and indexes lead to. */
export const reachableFrom = (content: ContentStore, descriptors: readonly Descriptor[]): Reachable => {
  const marks: Marks = { blobs: new Set(), layers: new Set() };
  for (const descriptor of descriptors) mark(content, descriptor, marks);
  return marks;
};

/** The store lock is held. */
export const collectGarbage = ({ content, layers, entries, usedLayers }: GarbageInput): Garbage => {
  const reachable = reachableFrom(
    content,
    entries.map(({ descriptor }) => descriptor),
  );
  const blobs = content.list().filter((digest) => !reachable.blobs.has(digest));
  const blobBytes = blobs.reduce((sum, digest) => sum + content.diskBytesOf(digest), 0);
  for (const digest of blobs) content.remove(digest);
  const unused = topmostFirst(
    layers,
    layers.list().filter((chainId) => !reachable.layers.has(chainId) && !usedLayers.has(chainId)),
  );
  return { directories: layers.takeOut(unused), layers: unused, blobs, blobBytes };
};

/** As docker reports them. */
const topmostFirst = (layers: LayerStore, chainIds: readonly Digest[]): readonly Digest[] => {
  const parents = new Map(chainIds.map((chainId) => [chainId, layers.find(chainId)?.parent]));
  const depthOf = (chainId: Digest): number => {
    let depth = 0;
    for (let parent = parents.get(chainId); parent !== undefined; parent = parents.get(parent)) depth++;
    return depth;
  };
  return chainIds.toSorted((left, right) => depthOf(right) - depthOf(left));
};

interface Marks {
  readonly blobs: Set<string>;
  readonly layers: Set<string>;
}

const mark = (content: ContentStore, descriptor: Descriptor, reachable: Marks): void => {
  if (reachable.blobs.has(descriptor.digest)) return;
  reachable.blobs.add(descriptor.digest);
  const { mediaType } = descriptor;
  if (isIndexType(mediaType) || isManifestType(mediaType)) markDocument(content, descriptor, reachable);
  if (isConfigType(mediaType)) markLayers(content, descriptor, reachable);
};

const markDocument = (content: ContentStore, descriptor: Descriptor, reachable: Marks): void => {
  const document = orUndefined(() => readDocument(content, descriptor));
  if (document?.kind === 'index') for (const child of document.index.manifests) mark(content, child, reachable);
  if (document?.kind === 'manifest') markManifest(content, document.manifest, reachable);
};

const markLayers = (content: ContentStore, { digest }: Descriptor, reachable: Marks): void => {
  const config = orUndefined(() => readConfig(content, digest));
  for (const chainId of chainIdsOf(config?.diffIds ?? [])) reachable.layers.add(chainId);
};

const markManifest = (content: ContentStore, manifest: Manifest, reachable: Marks): void => {
  mark(content, manifest.config, reachable);
  for (const layer of manifest.layers) reachable.blobs.add(layer.digest);
};

const readDocument = (content: ContentStore, { digest, mediaType }: Descriptor) => {
  const bytes = content.read(digest, largestManifestBytes);
  return bytes === undefined ? undefined : parseDocument(bytes, mediaType, `manifest ${digest}`);
};

const readConfig = (content: ContentStore, digest: Digest) => {
  const bytes = content.read(digest, largestConfigBytes);
  return bytes === undefined ? undefined : parseConfig(bytes, `config ${digest}`);
};

/** A damaged document leads nowhere: the image is of no use, and must not keep anything. */
const orUndefined = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch (error) {
    if (isSampanError(error, 'ERR_STORE_CORRUPT') || isSampanError(error, 'ERR_IMAGE_INVALID')) return undefined;
    throw error;
  }
};
