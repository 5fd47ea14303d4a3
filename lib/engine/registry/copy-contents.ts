// SPDX-License-Identifier: Apache-2.0
// Everything that an image is made of, for destinations that are files: documents in memory, blobs to be read once,
// each compared with its digest.

import { createHash } from 'node:crypto';
import { sampanError } from '../../errors/sampan-error.js';
import type { Descriptor } from '../../image/descriptor.js';
import { digestOf, digestOfHex, type Digest } from '../../image/digest.js';
import { parseContents } from '../../registry/contents.js';
import type { OnEvent } from '../../registry/contract.js';
import { trackBlob } from '../../registry/progress.js';
import type { Document, TransferSource } from '../../registry/transfer.js';
import type { BlobSource } from '../../store/blob-source.js';

export interface Contents {
  readonly root: Document;
  /** children before what names them, the root last; each once */
  readonly documents: readonly Document[];
  readonly blobs: readonly BlobSource[];
}

interface ContentsRequest {
  readonly root: Document;
  readonly source: TransferSource;
  readonly onEvent?: OnEvent | undefined;
  readonly signal?: AbortSignal | undefined;
}

const deepestIndex = 3;

/** @throws ERR_IMAGE_INVALID, ERR_DIGEST_MISMATCH, and what the source throws */
export const contentsOf = async (request: ContentsRequest): Promise<Contents> => {
  const documents = new Map<Digest, Document>();
  const blobs = new Map<Digest, BlobSource>();
  const visit = async (document: Document, depth: number): Promise<void> => {
    request.signal?.throwIfAborted();
    const digest = digestOf(document.bytes);
    const what = `the manifest ${digest}`;
    if (depth > deepestIndex)
      throw sampanError('ERR_IMAGE_INVALID', { subject: `${what} is an index in too many others` });
    const { manifests, config, layers } = parseContents(document.bytes, document.mediaType, what);
    for (const child of manifests) {
      if (documents.has(child.digest)) continue;
      const bytes = await request.source.readDocument(child);
      if (digestOf(bytes) !== child.digest)
        throw sampanError('ERR_DIGEST_MISMATCH', { subject: `${what}: ${child.digest} is ${digestOf(bytes)}` });
      await visit({ bytes, mediaType: child.mediaType }, depth + 1);
    }
    if (config !== undefined) blobs.set(config.digest, blobOf(request, config, 'config'));
    for (const layer of layers) {
      if (!blobs.has(layer.digest)) blobs.set(layer.digest, blobOf(request, layer, 'layer'));
    }
    documents.set(digest, document);
  };
  await visit(request.root, 0);
  return { root: request.root, documents: [...documents.values()], blobs: [...blobs.values()] };
};

const blobOf = (
  { source, onEvent, signal }: ContentsRequest,
  descriptor: Descriptor,
  role: 'config' | 'layer',
): BlobSource => ({
  digest: descriptor.digest,
  size: descriptor.size,
  async *read() {
    const progress = trackBlob(onEvent, descriptor, role);
    const hash = createHash('sha256');
    let bytes = 0;
    progress.status('transferring', 0);
    for await (const chunk of source.open(descriptor, 0)) {
      signal?.throwIfAborted();
      hash.update(chunk);
      bytes += chunk.byteLength;
      if (bytes > descriptor.size) break;
      yield chunk;
      progress.transferred(bytes);
    }
    const found = digestOfHex(hash.digest('hex'));
    if (bytes !== descriptor.size || found !== descriptor.digest)
      throw sampanError('ERR_DIGEST_MISMATCH', { subject: `blob ${descriptor.digest} is ${found}` });
    progress.status('done', bytes);
  },
  [Symbol.asyncDispose]: () => Promise.resolve(),
});
