// SPDX-License-Identifier: Apache-2.0
// index.json of the image layout: one descriptor per reference, and one without a name for each image that has none.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrno, sampanError } from '../errors/sampan-error.js';
import type { Descriptor } from '../image/descriptor.js';
import { parseIndex } from '../image/manifest.js';
import { mediaTypes } from '../image/media-types.js';
import { removeIfThere, writeFileAtomic } from './atomic.js';
import { makeDirectories } from './make-directories.js';
import type { Paths } from './paths.js';
import { replaceFile, type Exchange } from './spare-file.js';

/** image-spec 1.1, annotations.md; skopeo and podman find an image in a layout by its exact value */
export const referenceAnnotation = 'org.opencontainers.image.ref.name';

export interface IndexEntry {
  readonly descriptor: Descriptor;
  /** full reference; absent: an image without a name */
  readonly reference?: string;
}

export interface ImageIndex {
  /** no lock is needed: the file is the old or the new one. @throws ERR_STORE_CORRUPT */
  read(): readonly IndexEntry[];
  /** the store lock is held */
  write(entries: readonly IndexEntry[]): void;
}

export const openImageIndex = (paths: Paths, exchange: Exchange): ImageIndex => {
  const path = join(paths.images, 'index.json');
  return {
    read: () => readEntries(path),
    write: (entries) => {
      sweepTemporaries(paths.images);
      writeLayout(paths.images);
      const manifests = entries.map(descriptorOf);
      const text = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests });
      replaceFile(path, text, exchange);
    },
  };
};

/** Gives the name to this manifest, whoever had it before. */
export const withReference = (
  entries: readonly IndexEntry[],
  reference: string,
  descriptor: Descriptor,
): readonly IndexEntry[] => {
  const old = entries.find((entry) => entry.reference === reference);
  if (old !== undefined && old.descriptor.digest === descriptor.digest) return entries;
  return [
    ...withoutReference(entries, reference).filter((entry) => !isNameless(entry, descriptor)),
    { descriptor, reference },
  ];
};

/** Takes a name away; the manifest that had it stays, nameless if that was its last. */
export const withoutReference = (entries: readonly IndexEntry[], reference: string): readonly IndexEntry[] => {
  const old = entries.find((entry) => entry.reference === reference);
  if (old === undefined) return entries;
  return withNameless(
    entries.filter((entry) => entry !== old),
    old.descriptor,
  );
};

/** Keeps a manifest that has no name. */
export const withNameless = (entries: readonly IndexEntry[], descriptor: Descriptor): readonly IndexEntry[] =>
  entries.some((entry) => entry.descriptor.digest === descriptor.digest) ? entries : [...entries, { descriptor }];

const isNameless = (entry: IndexEntry, descriptor: Descriptor): boolean =>
  entry.reference === undefined && entry.descriptor.digest === descriptor.digest;

const readEntries = (path: string): readonly IndexEntry[] => {
  const content = readOrUndefined(path);
  if (content === undefined) return [];
  try {
    return parseIndex(content, path).manifests.map(entryOf);
  } catch (cause) {
    throw sampanError('ERR_STORE_CORRUPT', { subject: path, cause });
  }
};

const entryOf = (descriptor: Descriptor): IndexEntry => {
  const reference = descriptor.annotations?.[referenceAnnotation];
  return { descriptor, ...(reference === undefined ? {} : { reference }) };
};

/** Of writers that were killed: the store lock is held, so nobody is writing here. */
const sweepTemporaries = (directory: string): void => {
  for (const name of readdirSync(directory)) if (/^\..+\.tmp$/.test(name)) removeIfThere(join(directory, name));
};

/** oci-layout first: a directory with an index is a layout. */
const writeLayout = (directory: string): void => {
  const marker = join(directory, 'oci-layout');
  if (statSync(marker, { throwIfNoEntry: false }) !== undefined) return;
  makeDirectories(join(directory, 'blobs', 'sha256'), 0o700);
  writeFileAtomic(marker, JSON.stringify({ imageLayoutVersion: '1.0.0' }), { durable: true });
};

const descriptorOf = ({ descriptor, reference }: IndexEntry): Descriptor => {
  const { annotations = {}, ...rest } = descriptor;
  const others = Object.entries(annotations).filter(([key]) => key !== referenceAnnotation);
  const all = Object.fromEntries([
    ...others,
    ...(reference === undefined ? [] : [[referenceAnnotation, reference] as const]),
  ]);
  return Object.keys(all).length === 0 ? rest : { ...rest, annotations: all };
};

const readOrUndefined = (path: string): Buffer | undefined => {
  try {
    return readFileSync(path);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
};
