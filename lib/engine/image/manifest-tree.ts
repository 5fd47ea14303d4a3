// SPDX-License-Identifier: Apache-2.0
// Everything that belongs to one image: its index, if it has one, and those of its manifests that are here in full. A
// store need not have the platforms that nobody has asked for.

import { isSampanError, sampanError } from '../../errors/sampan-error.js';
import { largestConfigBytes, parseConfig } from '../../image/config.js';
import type { Descriptor } from '../../image/descriptor.js';
import { chooseManifest, largestManifestBytes, parseDocument, type Manifest } from '../../image/manifest.js';
import { formatPlatform, hostPlatform, matchPlatform, type Platform } from '../../image/platform.js';
import type { ContentStore } from '../../store/content-store.js';

export interface TreeManifest {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
}

export interface ManifestTree {
  /** what index.json leads to */
  readonly descriptor: Descriptor;
  /** indexes and manifests, each once */
  readonly documents: readonly Descriptor[];
  readonly manifests: readonly TreeManifest[];
  /** the one that a tool which knows no indexes is given */
  readonly chosen: TreeManifest;
}

interface TreeOptions {
  /** only the manifest for it */
  readonly platform: Platform | undefined;
  /** for messages */
  readonly what: string;
}

/** @throws ERR_STORE_CORRUPT, ERR_IMAGE_PLATFORM */
export const treeOf = (
  content: ContentStore,
  descriptor: Descriptor,
  { platform, what }: TreeOptions,
): ManifestTree => {
  const { documents, manifests } = descend(content, descriptor, 0);
  const [first] = manifests;
  if (first === undefined) throw missing(`no manifest of ${what} is here in full`);
  const chosen = choose(content, manifests, platform ?? hostPlatform(process.arch));
  if (platform === undefined) return { descriptor, documents, manifests, chosen: chosen ?? first };
  if (chosen === undefined) {
    throw sampanError('ERR_IMAGE_PLATFORM', {
      subject: formatPlatform(platform),
      hint: `${what} is here for ${manifests.map((one) => formatPlatform(platformOf(content, one))).join(', ')}`,
    });
  }
  return { descriptor: chosen.descriptor, documents: [chosen.descriptor], manifests: [chosen], chosen };
};

/** Indexes within indexes: more than this is an attempt to exhaust us. */
const deepestIndex = 4;

const nothing = { documents: [], manifests: [] } as const;

const descend = (
  content: ContentStore,
  descriptor: Descriptor,
  depth: number,
): Pick<ManifestTree, 'documents' | 'manifests'> => {
  const bytes = content.read(descriptor.digest, largestManifestBytes);
  if (bytes === undefined && depth > 0) return nothing;
  if (bytes === undefined) throw missing(`blob ${descriptor.digest} is missing`);
  const document = parseDocument(bytes, descriptor.mediaType, `manifest ${descriptor.digest}`);
  if (document.kind === 'manifest') return wholeManifest(content, { descriptor, manifest: document.manifest }, depth);
  if (depth >= deepestIndex) return nothing;
  const children = document.index.manifests.map((child) => tolerant(() => descend(content, child, depth + 1)));
  const documents = new Map(
    [descriptor, ...children.flatMap((child) => child.documents)].map((one) => [one.digest, one]),
  );
  const manifests = new Map(children.flatMap((child) => child.manifests).map((one) => [one.descriptor.digest, one]));
  return { documents: [...documents.values()], manifests: [...manifests.values()] };
};

/** An attestation beside the images is none of ours, nor is a child that makes no sense: the image goes without it. */
const tolerant = (work: () => Pick<ManifestTree, 'documents' | 'manifests'>) => {
  try {
    return work();
  } catch (error) {
    if (isSampanError(error, 'ERR_IMAGE_INVALID')) return nothing;
    throw error;
  }
};

const wholeManifest = (content: ContentStore, one: TreeManifest, depth: number) => {
  const absent = [one.manifest.config, ...one.manifest.layers].find(({ digest }) => content.find(digest) === undefined);
  if (absent === undefined) return { documents: [one.descriptor], manifests: [one] };
  if (depth > 0) return nothing;
  throw missing(`blob ${absent.digest} is missing`);
};

const choose = (
  content: ContentStore,
  manifests: readonly TreeManifest[],
  platform: Platform,
): TreeManifest | undefined => {
  const candidates = manifests.map((one) => ({ ...one.descriptor, platform: platformOf(content, one) }));
  const digest = chooseManifest(candidates, platform, () => true)?.digest;
  return manifests.find(({ descriptor }) => descriptor.digest === digest);
};

/** What the config says counts: a descriptor may say nothing. */
const platformOf = (content: ContentStore, { descriptor, manifest }: TreeManifest): Platform => {
  const bytes = content.read(manifest.config.digest, largestConfigBytes);
  if (bytes === undefined) throw missing(`blob ${manifest.config.digest} is missing`);
  const inside = parseConfig(bytes, `config ${manifest.config.digest}`).platform;
  const outside = descriptor.platform;
  return outside !== undefined && matchPlatform(outside, inside) > 0 ? outside : inside;
};

const missing = (subject: string): Error =>
  sampanError('ERR_STORE_CORRUPT', { subject, hint: 'remove the image and load or pull it again' });
