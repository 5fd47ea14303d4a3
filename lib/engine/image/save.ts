// SPDX-License-Identifier: Apache-2.0
// `save`: images become an archive.
//
// How this works: under the store lock, shared, the images are found and all their blobs are opened; then the lock is
// let go, since the reader of the archive may be slow, and what another command removes meanwhile stays readable
// through the open files. Blobs go out as they are stored, compressed or not, so that every digest survives: docker,
// podman and skopeo decompress by what the bytes are. Documents come first, so that a reader of the stream knows early
// what the blobs mean. The same images give the same bytes.

import type { Descriptor } from '../../image/descriptor.js';
import { hexOf, type Digest } from '../../image/digest.js';
import { parsePlatform } from '../../image/platform.js';
import { openBlob, type BlobSource } from '../../store/blob-source.js';
import type { ArchiveStream, SaveOptions } from '../contract.js';
import { writeArchive, type ArchiveEntry } from './archive-writer.js';
import type { ImageContext } from './context.js';
import { blobName, dockerManifest, ociIndex, ociLayout, type BlobNames } from './save-documents.js';
import { selectImages, type SelectedImage } from './save-selection.js';

/** @throws ERR_IMAGE_NOT_FOUND, ERR_IMAGE_PLATFORM, ERR_NOT_SUPPORTED, ERR_STORE_CORRUPT */
export const saveImages = async (
  context: Pick<ImageContext, 'content' | 'index' | 'locks'>,
  names: readonly string[],
  { platform, format }: SaveOptions,
): Promise<ArchiveStream> => {
  const wanted = platform === undefined ? undefined : parsePlatform(platform);
  const opened = new Map<Digest, BlobSource>();
  const close = async (): Promise<void> => {
    await Promise.all([...opened.values()].map((source) => source[Symbol.asyncDispose]()));
    opened.clear();
  };
  try {
    using _store = await context.locks.store('shared');
    const images = selectImages(context, names, wanted);
    for (const descriptor of blobsOf(images, format))
      opened.set(descriptor.digest, await openBlob(context.content, descriptor));
    const entries = entriesOf(images, [...opened.values()], format);
    return { chunks: writeArchive(entries), [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
};

/** Each once: documents, configs, then layers. */
const blobsOf = (images: readonly SelectedImage[], format: SaveOptions['format']): readonly Descriptor[] => {
  const manifests =
    format === 'docker-archive' ? images.map(({ chosen }) => chosen) : images.flatMap((image) => image.manifests);
  const all = [
    ...(format === 'docker-archive' ? [] : images.flatMap(({ documents }) => documents)),
    ...manifests.map(({ manifest }) => manifest.config),
    ...manifests.flatMap(({ manifest }) => manifest.layers),
  ];
  return [...new Map(all.toReversed().map((descriptor) => [descriptor.digest, descriptor])).values()].toReversed();
};

const entriesOf = (
  images: readonly SelectedImage[],
  sources: readonly BlobSource[],
  format: SaveOptions['format'],
): readonly ArchiveEntry[] => {
  const document = (name: string, content: Uint8Array): ArchiveEntry => ({ kind: 'document', name, content });
  if (format === 'docker-archive') {
    const names = plainNames(images);
    return [
      document('manifest.json', dockerManifest(images, names)),
      ...sources.map((source): ArchiveEntry => ({ kind: 'blob', name: names(source.digest), source })),
    ];
  }
  return [
    document('oci-layout', ociLayout()),
    document('index.json', ociIndex(images, format === 'oci-archive' ? 'full' : 'tag')),
    ...(format === 'oci-archive' ? [] : [document('manifest.json', dockerManifest(images, blobName))]),
    { kind: 'directory', name: 'blobs' },
    { kind: 'directory', name: 'blobs/sha256' },
    ...sources.map((source): ArchiveEntry => ({ kind: 'blob', name: blobName(source.digest), source })),
  ];
};

/** The names that archives had before they carried a layout: `<hex>.json` for a config, `<hex>.tar` for a layer. */
const plainNames = (images: readonly SelectedImage[]): BlobNames => {
  const configs = new Set(images.map(({ chosen }) => chosen.manifest.config.digest));
  return (digest) => `${hexOf(digest)}.${configs.has(digest) ? 'json' : 'tar'}`;
};
