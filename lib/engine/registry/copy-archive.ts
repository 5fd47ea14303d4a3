// SPDX-License-Identifier: Apache-2.0
// The destination is an archive: a stream of its bytes, whoever writes them down.

import { sampanError } from '../../errors/sampan-error.js';
import { digestOf, hexOf } from '../../image/digest.js';
import type { Endpoint } from '../../image/endpoint.js';
import { parseDocument } from '../../image/manifest.js';
import { isConfigType } from '../../image/media-types.js';
import { parseTaggedReference } from '../../image/reference.js';
import type { ArchiveStream } from '../contract.js';
import { writeArchive, type ArchiveEntry } from '../image/archive-writer.js';
import { blobName, dockerManifest, ociLayout, type BlobNames } from '../image/save-documents.js';
import type { Contents } from './copy-contents.js';
import { layoutIndex } from './layout-index.js';

type ArchiveEndpoint = Extract<Endpoint, { readonly path: string }>;

/** @throws ERR_IMAGE_INVALID, ERR_INVALID_REFERENCE */
export const openArchive = (contents: Contents, to: ArchiveEndpoint, source: AsyncDisposable): ArchiveStream => ({
  chunks: writeArchive(to.kind === 'docker-archive' ? dockerEntries(contents, to) : ociEntries(contents, to)),
  [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
});

const document = (name: string, content: Uint8Array): ArchiveEntry => ({ kind: 'document', name, content });

const ociEntries = ({ root, documents, blobs }: Contents, { name }: ArchiveEndpoint): readonly ArchiveEntry[] => [
  document('oci-layout', ociLayout()),
  document('index.json', layoutIndex(undefined, root, name)),
  { kind: 'directory', name: 'blobs' },
  { kind: 'directory', name: 'blobs/sha256' },
  ...documents.map(({ bytes }) => document(blobName(digestOf(bytes)), bytes)),
  ...blobs.map((source): ArchiveEntry => ({ kind: 'blob', name: blobName(source.digest), source })),
];

const dockerEntries = ({ root, blobs }: Contents, { name }: ArchiveEndpoint): readonly ArchiveEntry[] => {
  const what = `the manifest ${digestOf(root.bytes)}`;
  const parsed = parseDocument(root.bytes, root.mediaType, what);
  if (parsed.kind === 'index' || !isConfigType(parsed.manifest.config.mediaType))
    throw sampanError('ERR_IMAGE_INVALID', {
      subject: `${what} is no container image: docker's archive can have nothing else`,
      hint: 'copy to oci-archive: or oci:',
    });
  const { manifest } = parsed;
  const names: BlobNames = (digest) => `${hexOf(digest)}.${digest === manifest.config.digest ? 'json' : 'tar'}`;
  const references = name === undefined ? [] : [parseTaggedReference(name)];
  return [
    document('manifest.json', dockerManifest([{ references, chosen: { manifest } }], names)),
    ...blobs.map((source): ArchiveEntry => ({ kind: 'blob', name: names(source.digest), source })),
  ];
};
