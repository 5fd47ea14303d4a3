// SPDX-License-Identifier: Apache-2.0
// Where an image is copied from: a registry, an archive (staged in scratch space, since its documents may come last), or
// a layout (read in place).

import { open } from 'node:fs/promises';
import { constants } from 'node:fs';
import { join } from 'node:path';
import { hasErrno, sampanError } from '../../errors/sampan-error.js';
import type { Descriptor } from '../../image/descriptor.js';
import { hexOf, type Digest } from '../../image/digest.js';
import { formatEndpoint, type Endpoint } from '../../image/endpoint.js';
import { largestManifestBytes } from '../../image/manifest.js';
import { mediaTypes } from '../../image/media-types.js';
import { formatReference, parseTaggedReference, type Reference } from '../../image/reference.js';
import type { Document, TransferSource } from '../../registry/transfer.js';
import { makeScratch } from '../../store/scratch.js';
import type { ArchiveImage } from '../image/archive-image.js';
import { stageArchive, type Archive } from '../image/archive.js';
import { dockerManifestName, readDockerArchive } from '../image/docker-archive.js';
import type { RegistryContext } from './context.js';
import { chooseEntry, notThere, severalImages } from './layout-index.js';

export interface CopySource extends TransferSource, AsyncDisposable {
  /** manifest or index */
  readonly root: Document;
  /** the repository, for a registry that can take layers from it */
  readonly from?: Reference;
}

type FileEndpoint = Extract<Endpoint, { readonly path: string }>;

/** @throws ERR_REGISTRY_*, ERR_ARCHIVE_INVALID, ERR_IMAGE_*, ERR_INVALID_VALUE when a file cannot be read */
export const openSource = async (
  context: RegistryContext,
  from: Endpoint,
  signal: AbortSignal | undefined,
): Promise<CopySource> => {
  switch (from.kind) {
    case 'registry':
      return openRegistry(context, from.reference, signal);
    case 'oci':
      return openLayout(from);
    case 'docker-archive':
    case 'oci-archive':
      return openArchiveFile(context, from, signal);
  }
};

const openRegistry = async (
  context: RegistryContext,
  from: Reference,
  signal: AbortSignal | undefined,
): Promise<CopySource> => {
  const [access, { fetchChild }] = await Promise.all([context.openRegistries(), import('../../registry/pull.js')]);
  const { registry, path: repository } = access.registries.primaryOf(from);
  const client = access.client(registry, repository);
  const reference = from.digest ?? from.tag ?? 'latest';
  return {
    root: await client.getManifest({ repository, reference, signal }),
    from,
    open: (descriptor, offset) => client.downloadBlob({ repository, descriptor, offset, signal }),
    readDocument: async (descriptor) => (await fetchChild(client, repository, descriptor, signal)).bytes,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
};

// ---- files ---------------------------------------------------------------------------------------------------------

const openLayout = async (from: FileEndpoint): Promise<CopySource> => {
  const what = formatEndpoint(from);
  const files = fileSource((digest) => join(from.path, 'blobs/sha256', hexOf(digest)), what);
  const index = await readSmallFile(join(from.path, 'index.json'), what);
  return { ...files, root: await rootIn(index, from, files), [Symbol.asyncDispose]: () => Promise.resolve() };
};

const openArchiveFile = async (
  context: RegistryContext,
  from: FileEndpoint,
  signal: AbortSignal | undefined,
): Promise<CopySource> => {
  const scratch = makeScratch(context.paths);
  const dispose = (): Promise<void> => context.removeTree(scratch);
  try {
    const archive = await stageArchive(readFileChunks(from.path, formatEndpoint(from), signal), scratch);
    const found =
      from.kind === 'oci-archive' ? await inOciArchive(archive, from) : await inDockerArchive(archive, from, scratch);
    return { ...found, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
};

const inOciArchive = async (archive: Archive, from: FileEndpoint): Promise<TransferSource & { root: Document }> => {
  const what = formatEndpoint(from);
  const files = fileSource(async (digest) => (await archive.stage(`blobs/sha256/${hexOf(digest)}`))?.path, what);
  const index = await archive.read('index.json', largestManifestBytes);
  if (index === undefined) throw sampanError('ERR_ARCHIVE_INVALID', { subject: `${what} has no index.json` });
  return { ...files, root: await rootIn(index, from, files) };
};

const inDockerArchive = async (
  archive: Archive,
  from: FileEndpoint,
  scratch: string,
): Promise<TransferSource & { root: Document }> => {
  const what = formatEndpoint(from);
  const images = await readDockerArchive(archive, scratch);
  if (images === undefined)
    throw sampanError('ERR_ARCHIVE_INVALID', { subject: `${what} has no ${dockerManifestName}` });
  const { blobs, descriptor } = chooseImage(images, from.name, what);
  const paths = new Map(blobs.map((blob) => [blob.digest, blob.path]));
  const files = fileSource((digest) => paths.get(digest), what);
  return { ...files, root: { bytes: await files.readDocument(descriptor), mediaType: descriptor.mediaType } };
};

const chooseImage = (images: readonly ArchiveImage[], name: string | undefined, what: string): ArchiveImage => {
  const names = images.flatMap(({ references }) => references);
  const [only] = images;
  if (name !== undefined) {
    const wanted = formatReference(parseTaggedReference(name));
    const found = images.find(({ references }) => references.includes(wanted));
    if (found === undefined) throw notThere(what, name, names);
    return found;
  }
  if (only === undefined) throw sampanError('ERR_ARCHIVE_INVALID', { subject: `${what} has no image in it` });
  if (images.length > 1) throw severalImages(what, names);
  return only;
};

const rootIn = async (index: Uint8Array, { name, ...from }: FileEndpoint, files: TransferSource): Promise<Document> => {
  const entry = chooseEntry(index, name, formatEndpoint(from));
  if (entry === undefined) return { bytes: index, mediaType: mediaTypes.index };
  return { bytes: await files.readDocument(entry), mediaType: entry.mediaType };
};

const readChunkBytes = 1024 * 1024;

type PathOf = (digest: Digest) => string | undefined | Promise<string | undefined>;

const fileSource = (pathOf: PathOf, what: string): TransferSource => {
  const openBlob = async ({ digest, size }: Descriptor) => {
    const path = await pathOf(digest);
    const file = path === undefined ? undefined : await openRegular(path);
    if (file === undefined) throw sampanError('ERR_ARCHIVE_INVALID', { subject: `${what}: blob ${digest} is missing` });
    const actual = (await file.stat()).size;
    if (actual === size) return file;
    await file.close();
    throw sampanError('ERR_DIGEST_MISMATCH', {
      subject: `${what}: blob ${digest} has ${String(actual)} bytes, its descriptor says ${String(size)}`,
    });
  };
  return {
    async *open(descriptor, offset) {
      const file = await openBlob(descriptor);
      yield* file.createReadStream({ start: offset, highWaterMark: readChunkBytes }) as AsyncIterable<Uint8Array>;
    },
    readDocument: async (descriptor) => {
      if (descriptor.size > largestManifestBytes)
        throw sampanError('ERR_IMAGE_INVALID', { subject: `${what}: the manifest ${descriptor.digest} is too large` });
      const file = await openBlob(descriptor);
      try {
        return await file.readFile();
      } finally {
        await file.close();
      }
    },
  };
};

/** Whoever made the layout must not have us read another file, or wait for a pipe. */
const openRegular = async (path: string) => {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    return undefined;
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO')) return undefined;
    throw error;
  }
};

const readSmallFile = async (path: string, what: string): Promise<Buffer> => {
  const file = await openRegular(path);
  if (file === undefined)
    throw sampanError('ERR_ARCHIVE_INVALID', { subject: `${what} is no image layout: it has no index.json` });
  try {
    if ((await file.stat()).size > largestManifestBytes)
      throw sampanError('ERR_ARCHIVE_INVALID', { subject: `${what}: index.json is too large` });
    return await file.readFile();
  } finally {
    await file.close();
  }
};

async function* readFileChunks(
  path: string,
  what: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw sampanError('ERR_INVALID_VALUE', { subject: what, cause });
  });
  try {
    if ((await file.stat()).isDirectory())
      throw sampanError('ERR_INVALID_VALUE', { subject: `${what} is a directory`, hint: 'a layout is oci:DIRECTORY' });
    for await (const chunk of file.createReadStream({ highWaterMark: readChunkBytes, autoClose: false })) {
      signal?.throwIfAborted();
      yield chunk as Uint8Array; // no encoding was asked for
    }
  } finally {
    await file.close();
  }
}
