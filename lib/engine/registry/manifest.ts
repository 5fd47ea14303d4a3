// SPDX-License-Identifier: Apache-2.0
// `manifest inspect`: what a registry has under a name. Nothing is kept.

import { sampanError } from '../../errors/sampan-error.js';
import { largestConfigBytes, parseConfig } from '../../image/config.js';
import type { Descriptor } from '../../image/descriptor.js';
import { digestOf } from '../../image/digest.js';
import { isConfigType, isIndexType } from '../../image/media-types.js';
import type { Platform } from '../../image/platform.js';
import { formatReference, parseReference, withDefaultTag, type Reference } from '../../image/reference.js';
import { forEachBounded } from '../../registry/bounded.js';
import type { FetchedManifest, RegistryClient } from '../../registry/client.js';
import { parseContents } from '../../registry/contents.js';
import { fetchChild } from '../../registry/pull.js';
import type { ManifestEntry, ManifestReport } from '../contract.js';
import type { RegistryContext } from './context.js';

interface ManifestOptions {
  readonly entries: boolean;
  readonly signal?: AbortSignal;
}

/** @throws ERR_INVALID_REFERENCE, ERR_REGISTRY_*, ERR_IMAGE_INVALID, ERR_DIGEST_MISMATCH */
export const fetchManifest = async (
  context: RegistryContext,
  name: string,
  options: ManifestOptions,
): Promise<ManifestReport> => {
  const access = await context.openRegistries();
  const [short = name] = access.registries.expandShortName(name);
  const reference = withDefaultTag(parseReference(short));
  const { registry, path } = access.registries.primaryOf(reference);
  const place: Place = { client: access.client(registry, path), repository: path, signal: options.signal };
  const root = await fetch(place, reference.digest ?? reference.tag ?? 'latest');
  const what = `${formatReference(reference)}: the manifest ${root.digest}`;
  const { manifests, config } = parseContents(root.bytes, root.mediaType, what);
  const kind = isIndexType(root.mediaType) ? 'index' : 'manifest';
  if (!options.entries) return { kind, bytes: root.bytes, entries: [] };
  return {
    kind,
    bytes: root.bytes,
    entries:
      kind === 'index'
        ? await entriesOf(place, reference, manifests)
        : [await entryOfRoot(place, reference, { root, config })],
  };
};

interface Place {
  readonly client: RegistryClient;
  readonly repository: string;
  readonly signal: AbortSignal | undefined;
}

const fetch = ({ client, repository, signal }: Place, reference: string): Promise<FetchedManifest> =>
  client.getManifest({ repository, reference, signal });

const requestsAtOnce = 4;

const entriesOf = async (
  place: Place,
  reference: Reference,
  children: readonly Descriptor[],
): Promise<readonly ManifestEntry[]> => {
  const entries = new Map<Descriptor, ManifestEntry>();
  await forEachBounded(children, { atOnce: requestsAtOnce, signal: place.signal }, async (child, signal) => {
    entries.set(child, await entryOfChild({ ...place, signal }, reference, child));
  });
  return children.flatMap((child) => entries.get(child) ?? []);
};

const entryOfChild = async (place: Place, reference: Reference, child: Descriptor): Promise<ManifestEntry> => {
  const { bytes } = await fetchChild(place.client, place.repository, child, place.signal);
  const { mediaType, digest, size, platform } = child;
  return {
    reference: formatReference({ domain: reference.domain, path: reference.path, digest }),
    descriptor: { mediaType, digest, size, ...(platform === undefined ? {} : { platform: platformObject(platform) }) },
    bytes,
  };
};

/** Nobody but its config says what platform a manifest is for, which stands alone. */
const entryOfRoot = async (
  place: Place,
  reference: Reference,
  { root, config }: { readonly root: FetchedManifest; readonly config: Descriptor | undefined },
): Promise<ManifestEntry> => {
  const platform = config !== undefined && isConfigType(config.mediaType) ? await platformIn(place, config) : undefined;
  return {
    reference: formatReference(reference),
    descriptor: {
      mediaType: root.mediaType,
      digest: root.digest,
      size: root.bytes.byteLength,
      ...(platform === undefined ? {} : { platform: platformObject(platform) }),
    },
    bytes: root.bytes,
  };
};

const platformIn = async ({ client, repository, signal }: Place, config: Descriptor): Promise<Platform> => {
  const what = `${client.registry}/${repository}: the config ${config.digest}`;
  if (config.size > largestConfigBytes) throw sampanError('ERR_IMAGE_INVALID', { subject: `${what} is too large` });
  const chunks: Uint8Array[] = [];
  for await (const chunk of client.downloadBlob({ repository, descriptor: config, signal })) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (digestOf(bytes) !== config.digest)
    throw sampanError('ERR_DIGEST_MISMATCH', { subject: `${what} is ${digestOf(bytes)}` });
  return parseConfig(bytes, what).platform;
};

const platformObject = ({ os, architecture, variant }: Platform): Readonly<Record<string, string>> => ({
  architecture,
  os,
  ...(variant === undefined ? {} : { variant }),
});
