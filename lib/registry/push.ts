// SPDX-License-Identifier: Apache-2.0
// push: an image of ours to its registry. copy: from one registry to another (or the same), layers passing through
// without being stored or unpacked.

import { sampanError } from '../errors/sampan-error.js';
import type { Digest } from '../image/digest.js';
import { chooseManifest, parseDocument } from '../image/manifest.js';
import { formatPlatform, type Platform } from '../image/platform.js';
import { formatReference, type Reference } from '../image/reference.js';
import type { FetchedManifest, RegistryClient } from './client.js';
import type { OnEvent } from './contract.js';
import type { RegistryAccess } from './open.js';
import { fetchChild } from './pull.js';
import type { Location } from './registries.js';
import { transfer, type Document, type TransferSource } from './transfer.js';

export interface PushRequest {
  readonly access: RegistryAccess;
  /** its tag is what the registry will call it */
  readonly reference: Reference;
  /** manifest or index */
  readonly root: Document;
  readonly source: TransferSource;
  /** names of images that have a layer too: those on the same registry may save an upload */
  readonly knownAs?: (digest: Digest) => readonly Reference[];
  readonly onEvent?: OnEvent | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly chunkBytes?: number;
}

export interface CopyRequest {
  readonly access: RegistryAccess;
  readonly from: Reference;
  readonly to: Reference;
  /** absent: all of an index */
  readonly platform?: Platform;
  readonly onEvent?: OnEvent;
  readonly signal?: AbortSignal | undefined;
}

/** The digest that the tag names now. @throws ERR_REGISTRY_* */
export const pushImage = async (request: PushRequest): Promise<Digest> => {
  const { access, reference, knownAs = () => [] } = request;
  const { registry, path } = access.registries.primaryOf(reference);
  const mountFrom = (digest: Digest): readonly string[] => {
    const known = knownAs(digest).map((name) => access.registries.primaryOf(name));
    return [...new Set(known.filter((location) => location.registry === registry).map((location) => location.path))];
  };
  return transfer({
    ...request,
    client: access.client(registry, path),
    repository: path,
    tag: reference.tag,
    mountFrom,
  });
};

/** The digest of what was copied. @throws ERR_REGISTRY_*, ERR_IMAGE_PLATFORM */
export const copyImage = async ({ access, from, to, platform, onEvent, signal }: CopyRequest): Promise<Digest> => {
  const [origin, target] = [access.registries.primaryOf(from), access.registries.primaryOf(to)];
  const source = access.client(origin.registry, origin.path);
  const named = await source.getManifest({
    repository: origin.path,
    reference: from.digest ?? from.tag ?? 'latest',
    signal,
  });
  onEvent?.({ kind: 'resolved', reference: formatReference(from), digest: named.digest });
  return transfer({
    root: platform === undefined ? named : await selectPlatform({ source, origin, named, platform, signal }),
    source: registrySource(source, origin, signal),
    client: access.client(target.registry, target.path),
    repository: target.path,
    tag: to.tag,
    mountFrom: () => (origin.registry === target.registry ? [origin.path] : []),
    onEvent,
    signal,
  });
};

const registrySource = (
  client: RegistryClient,
  { path }: Location,
  signal: AbortSignal | undefined,
): TransferSource => ({
  open: (descriptor, offset) => client.downloadBlob({ repository: path, descriptor, offset, signal }),
  readDocument: async (descriptor) => (await fetchChild(client, path, descriptor, signal)).bytes,
});

interface Selection {
  readonly source: RegistryClient;
  readonly origin: Location;
  readonly named: FetchedManifest;
  readonly platform: Platform;
  readonly signal: AbortSignal | undefined;
}

const selectPlatform = async ({ source, origin, named, platform, signal }: Selection): Promise<Document> => {
  const what = `${origin.registry}/${origin.path}`;
  const document = parseDocument(named.bytes, named.mediaType, `${what}: the manifest ${named.digest}`);
  if (document.kind === 'manifest') return named;
  const chosen = chooseManifest(document.index.manifests, platform, () => true);
  if (chosen === undefined)
    throw sampanError('ERR_IMAGE_PLATFORM', { subject: `${what} is not there for ${formatPlatform(platform)}` });
  return fetchChild(source, origin.path, chosen, signal);
};
