// SPDX-License-Identifier: Apache-2.0
// pull: a reference becomes verified content in a sink.
//
// How this works: the places that may serve the reference are asked in order. From the first that can, the documents
// come (an index leads to the manifest of the platform), then config and layers at once. Nothing is made visible here:
// the caller publishes what is reported, in the order layers, config, documents.

import { isSampanError, sampanError } from '../errors/sampan-error.js';
import { largestConfigBytes, parseConfig, type ImageConfig } from '../image/config.js';
import type { Descriptor } from '../image/descriptor.js';
import { digestOf } from '../image/digest.js';
import { chooseManifest, parseDocument, type Manifest } from '../image/manifest.js';
import { isConfigType } from '../image/media-types.js';
import { formatPlatform, matchPlatform, type Platform } from '../image/platform.js';
import { formatReference, type Reference } from '../image/reference.js';
import { forEachBounded } from './bounded.js';
import type { FetchedManifest, RegistryClient } from './client.js';
import type { BlobSink, OnEvent } from './contract.js';
import { registryError } from './failure.js';
import { checkDepth } from './json-depth.js';
import type { RegistryAccess } from './open.js';
import { trackBlob } from './progress.js';
import type { Location } from './registries.js';

export interface PullRequest {
  readonly access: RegistryAccess;
  /** with a tag or a digest */
  readonly reference: Reference;
  readonly platform: Platform;
  readonly sink: BlobSink;
  /** called once it is known what the image is made of, before its layers are asked for */
  readonly onImage?: (image: PulledImage) => Promise<void>;
  readonly onEvent?: OnEvent | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly layersAtOnce?: number;
}

export interface PulledImage {
  readonly servedBy: Location;
  /** what the reference names, then what that led to; the last one is the manifest */
  readonly documents: readonly [FetchedManifest, ...FetchedManifest[]];
  readonly manifest: Manifest;
  readonly configBytes: Buffer;
  readonly config: ImageConfig;
}

const defaultLayersAtOnce = 4;
/** an index may name an index: so deep and no deeper */
const deepestIndex = 3;
const largestLayerBytes = 2 ** 40;

/** @throws ERR_REGISTRY_*, ERR_IMAGE_PLATFORM, ERR_IMAGE_INVALID, ERR_DIGEST_MISMATCH, and what the sink throws */
export const pullImage = async (request: PullRequest): Promise<PulledImage> => {
  const locations = request.access.registries.locationsOf(request.reference);
  for (const [index, location] of locations.entries()) {
    try {
      return await pullFrom(request, location);
    } catch (error) {
      request.signal?.throwIfAborted();
      // a mirror may be wrong in any way; only the registry's own failure is the pull's
      if (index === locations.length - 1 || !isMirrorTrouble(error)) throw error;
      request.access.debug?.({ mirror: location.registry, failed: error.message });
    }
  }
  throw sampanError('ERR_INTERNAL', { subject: `no place for ${formatReference(request.reference)}` });
};

const pullFrom = async (request: PullRequest, location: Location): Promise<PulledImage> => {
  const client = request.access.client(location.registry, location.path);
  const documents = await fetchDocuments(client, request, location);
  const last = documents.at(-1) ?? documents[0];
  const manifest = manifestOf(last, describe(location, last));
  checkSizes(manifest, location);
  const configBytes = await fetchConfig(client, request, location, manifest.config);
  const config = parseConfig(configBytes, `${location.registry}/${location.path}: the config`);
  checkConfig({ config, manifest, request, location });
  const image = { servedBy: location, documents, manifest, configBytes, config };
  await request.onImage?.(image);
  await fetchLayers(client, request, location, manifest.layers);
  return image;
};

const fetchDocuments = async (
  client: RegistryClient,
  request: PullRequest,
  { path }: Location,
): Promise<[FetchedManifest, ...FetchedManifest[]]> => {
  const { reference, platform, signal } = request;
  const root = await client.getManifest({
    repository: path,
    reference: reference.digest ?? reference.tag ?? 'latest',
    signal,
  });
  request.onEvent?.({ kind: 'resolved', reference: formatReference(reference), digest: root.digest });
  const documents: [FetchedManifest, ...FetchedManifest[]] = [root];
  for (let current = root; documents.length <= deepestIndex;) {
    const what = `${client.registry}/${path}: the manifest ${current.digest}`;
    const document = parseDocument(current.bytes, current.mediaType, what);
    if (document.kind === 'manifest') return documents;
    const chosen = chooseManifest(document.index.manifests, platform, () => true);
    if (chosen === undefined)
      throw noPlatform(
        reference,
        platform,
        document.index.manifests.flatMap((item) => item.platform ?? []),
      );
    current = knownChild(request.sink, chosen) ?? (await fetchChild(client, path, chosen, signal));
    documents.push(current);
  }
  throw sampanError('ERR_IMAGE_INVALID', {
    subject: `${formatReference(reference)} is an index in an index in an index`,
  });
};

/** A child must be what its parent says: size and type too, since only the digest is secured by the address. */
export const fetchChild = async (
  client: RegistryClient,
  repository: string,
  child: Descriptor,
  signal: AbortSignal | undefined,
): Promise<FetchedManifest> => {
  const fetched = await client.getManifest({ repository, reference: child.digest, signal });
  if (fetched.bytes.byteLength !== child.size || fetched.mediaType !== child.mediaType) {
    throw registryError(
      'ERR_REGISTRY_ANSWER',
      { registry: client.registry, repository, step: `fetching the manifest of ${child.digest}` },
      {
        detail: `it has ${String(fetched.bytes.byteLength)} bytes of ${fetched.mediaType}, its index says ${String(child.size)} of ${child.mediaType}`,
      },
    );
  }
  return fetched;
};

const knownChild = (sink: BlobSink, child: Descriptor): FetchedManifest | undefined => {
  const bytes = sink.read?.(child);
  return bytes?.byteLength === child.size
    ? { bytes: Buffer.from(bytes), mediaType: child.mediaType, digest: child.digest }
    : undefined;
};

const fetchConfig = async (
  client: RegistryClient,
  request: PullRequest,
  location: Location,
  descriptor: Descriptor,
): Promise<Buffer> => {
  const { sink, signal } = request;
  const subject = { registry: location.registry, repository: location.path, step: 'fetching the config' };
  const known = sink.read?.(descriptor);
  if (known !== undefined) return Buffer.from(known);
  const chunks: Uint8Array[] = [];
  for await (const chunk of client.downloadBlob({ repository: location.path, descriptor, signal })) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (digestOf(bytes) !== descriptor.digest)
    throw registryError('ERR_DIGEST_MISMATCH', subject, {
      detail: `it is ${digestOf(bytes)}, expected ${descriptor.digest}`,
    });
  checkDepth(bytes, subject);
  if (!(await sink.has(descriptor))) await sink.stage(descriptor, { from: (offset) => once(bytes.subarray(offset)) });
  return bytes;
};

const fetchLayers = async (
  client: RegistryClient,
  request: PullRequest,
  location: Location,
  layers: readonly Descriptor[],
): Promise<void> => {
  // one layer may be there twice, an empty one often is
  const distinct = [...new Map(layers.map((layer) => [layer.digest, layer])).values()];
  for (const layer of distinct) trackBlob(request.onEvent, layer, 'layer').status('waiting', 0);
  const options = { atOnce: request.layersAtOnce ?? defaultLayersAtOnce, signal: request.signal };
  await forEachBounded(distinct, options, async (layer, signal) =>
    fetchLayer({ client, request, location, layer, signal }),
  );
};

interface LayerWork {
  readonly client: RegistryClient;
  readonly request: PullRequest;
  readonly location: Location;
  readonly layer: Descriptor;
  readonly signal: AbortSignal;
}

const fetchLayer = async ({ client, request, location, layer, signal }: LayerWork): Promise<void> => {
  const progress = trackBlob(request.onEvent, layer, 'layer');
  if (await request.sink.has(layer)) {
    progress.status('exists', layer.size);
    return;
  }
  const download = async function* (offset: number): AsyncGenerator<Uint8Array> {
    let bytes = offset;
    const onRetry = (at: number): void => progress.status('retrying', at);
    for await (const chunk of client.downloadBlob({
      repository: location.path,
      descriptor: layer,
      offset,
      signal,
      onRetry,
    })) {
      bytes += chunk.byteLength;
      progress.transferred(bytes);
      yield chunk;
    }
  };
  const staged = await request.sink.stage(layer, { from: download });
  if (staged.digest !== layer.digest || staged.size !== layer.size) {
    throw registryError(
      'ERR_DIGEST_MISMATCH',
      { registry: location.registry, repository: location.path, step: `downloading ${layer.digest}` },
      {
        detail: `${String(staged.size)} bytes of ${staged.digest}`,
      },
    );
  }
  progress.status('done', layer.size);
};

const manifestOf = ({ bytes, mediaType }: FetchedManifest, what: string): Manifest => {
  const document = parseDocument(bytes, mediaType, what);
  if (document.kind === 'index') throw sampanError('ERR_IMAGE_INVALID', { subject: `${what} is an index` });
  return document.manifest;
};

const checkSizes = ({ config, layers }: Manifest, { registry, path }: Location): void => {
  const what = `${registry}/${path}`;
  if (!isConfigType(config.mediaType))
    throw sampanError('ERR_IMAGE_INVALID', {
      subject: `${what} is no container image: its config is ${config.mediaType}`,
    });
  if (config.size > largestConfigBytes)
    throw sampanError('ERR_IMAGE_INVALID', { subject: `${what} has a config of ${String(config.size)} bytes` });
  const huge = layers.find(({ size }) => size > largestLayerBytes);
  if (huge !== undefined)
    throw sampanError('ERR_IMAGE_INVALID', { subject: `${what} has a layer of ${String(huge.size)} bytes` });
};

interface ConfigCheck {
  readonly config: ImageConfig;
  readonly manifest: Manifest;
  readonly request: PullRequest;
  readonly location: Location;
}

const checkConfig = ({ config, manifest, request, location }: ConfigCheck): void => {
  if (matchPlatform(request.platform, config.platform) === 0)
    throw noPlatform(request.reference, request.platform, [config.platform]);
  if (config.diffIds.length !== manifest.layers.length) {
    throw sampanError('ERR_IMAGE_INVALID', {
      subject: `${location.registry}/${location.path} has ${String(manifest.layers.length)} layers, its config knows ${String(config.diffIds.length)}`,
    });
  }
};

const noPlatform = (reference: Reference, wanted: Platform, offered: readonly Platform[]): Error => {
  const names = [...new Set(offered.map(formatPlatform))].filter((name) => !name.startsWith('unknown/'));
  const some = names.slice(0, 20).join(', ');
  return sampanError('ERR_IMAGE_PLATFORM', {
    subject: `${formatReference(reference)} is not there for ${formatPlatform(wanted)}`,
    hint: names.length === 0 ? undefined : `it is there for ${some}: choose with --platform`,
  });
};

const describe = ({ registry, path }: Location, { digest }: FetchedManifest): string =>
  `${registry}/${path}: the manifest ${digest}`;

/** What one place did wrong, in contrast to what our own side cannot do. */
const isMirrorTrouble = (error: unknown): error is Error =>
  isSampanError(error) && /^ERR_(?:REGISTRY_(?!CONFIG)|DIGEST_MISMATCH|IMAGE_INVALID|IMAGE_PLATFORM)/.test(error.code);

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
