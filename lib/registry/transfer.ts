// SPDX-License-Identifier: Apache-2.0
// push and copy: everything a document refers to goes to a registry, children before what names them, so that the
// registry never has a name for something that is not whole.

import { sampanError } from '../errors/sampan-error.js';
import type { Descriptor } from '../image/descriptor.js';
import { digestOf, type Digest } from '../image/digest.js';
import { forEachBounded } from './bounded.js';
import type { RegistryClient } from './client.js';
import { parseContents } from './contents.js';
import type { BlobSource, OnEvent } from './contract.js';
import { trackBlob } from './progress.js';

export interface Document {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/** Where the content is: our store, an archive, another registry. */
export interface TransferSource extends BlobSource {
  /** a manifest that an index names */
  readDocument(descriptor: Descriptor): Promise<Uint8Array>;
}

export interface TransferRequest {
  readonly root: Document;
  readonly source: TransferSource;
  readonly client: RegistryClient;
  readonly repository: string;
  /** a tag; absent: by its digest alone */
  readonly tag?: string | undefined;
  /** repositories of the same registry that may have the blobs already */
  readonly mountFrom?: (digest: Digest) => readonly string[];
  readonly onEvent?: OnEvent | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly blobsAtOnce?: number;
  readonly chunkBytes?: number;
}

const defaultBlobsAtOnce = 4;
const deepestIndex = 3;
/** each costs a round trip, and a name that was only given here is known nowhere else */
const mostMountTries = 3;

/** The digest of the root. @throws ERR_REGISTRY_*, ERR_IMAGE_INVALID, ERR_DIGEST_MISMATCH */
export const transfer = async (request: TransferRequest): Promise<Digest> => {
  const digest = digestOf(request.root.bytes);
  await transferContents(request, request.root, new Set(), 0);
  return request.client.putManifest({
    ...request.root,
    repository: request.repository,
    reference: request.tag ?? digest,
    signal: request.signal,
  });
};

const transferContents = async (
  request: TransferRequest,
  document: Document,
  done: Set<Digest>,
  depth: number,
): Promise<void> => {
  const what = `${request.client.registry}/${request.repository}: the manifest ${digestOf(document.bytes)}`;
  if (depth > deepestIndex)
    throw sampanError('ERR_IMAGE_INVALID', { subject: `${what} is an index in too many others` });
  const { manifests, config, layers } = parseContents(document.bytes, document.mediaType, what);
  for (const child of manifests) {
    const bytes = await request.source.readDocument(child);
    if (digestOf(bytes) !== child.digest)
      throw sampanError('ERR_DIGEST_MISMATCH', { subject: `${what}: ${child.digest} is ${digestOf(bytes)}` });
    const nested = { bytes, mediaType: child.mediaType };
    await transferContents(request, nested, done, depth + 1);
    await request.client.putManifest({
      ...nested,
      repository: request.repository,
      reference: child.digest,
      signal: request.signal,
    });
  }
  const blobs = [
    ...layers.map((descriptor) => ({ descriptor, role: 'layer' as const })),
    ...(config === undefined ? [] : [{ descriptor: config, role: 'config' as const }]),
  ];
  const missing = blobs.filter(
    ({ descriptor }, index) =>
      !done.has(descriptor.digest) &&
      blobs.findIndex((other) => other.descriptor.digest === descriptor.digest) === index,
  );
  await forEachBounded(
    missing,
    { atOnce: request.blobsAtOnce ?? defaultBlobsAtOnce, signal: request.signal },
    async (blob, signal) => {
      await transferBlob({ request, ...blob, signal });
      done.add(blob.descriptor.digest);
    },
  );
};

interface BlobWork {
  readonly request: TransferRequest;
  readonly descriptor: Descriptor;
  readonly role: 'config' | 'layer';
  readonly signal: AbortSignal;
}

const transferBlob = async ({ request, descriptor, role, signal }: BlobWork): Promise<void> => {
  const { client, repository, source, mountFrom = () => [], chunkBytes } = request;
  const progress = trackBlob(request.onEvent, descriptor, role);
  const { digest, size } = descriptor;
  if (await client.hasBlob({ repository, digest, signal })) {
    progress.status('exists', size);
    return;
  }
  const others = mountFrom(digest).filter((name) => name !== repository);
  for (const from of others.slice(0, mostMountTries)) {
    if (!(await client.mountBlob({ repository, digest, from, signal }))) continue;
    progress.status('mounted', size, from);
    return;
  }
  progress.status('transferring', 0);
  const onProgress = (bytes: number): void => progress.transferred(bytes);
  await client.uploadBlob({
    repository,
    descriptor,
    source,
    signal,
    onProgress,
    ...(chunkBytes === undefined ? {} : { chunkBytes }),
  });
  progress.status('done', size);
};
