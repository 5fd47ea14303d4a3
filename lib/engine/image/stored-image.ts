// SPDX-License-Identifier: Apache-2.0
// Images as index.json leads to them: an image is a config; manifests and references point to it.

import { isSampanError, sampanError } from '../../errors/sampan-error.js';
import { chainIdsOf, largestConfigBytes, parseConfig, type ImageConfig } from '../../image/config.js';
import type { Descriptor } from '../../image/descriptor.js';
import type { Digest } from '../../image/digest.js';
import {
  chooseManifest,
  largestManifestBytes,
  parseDocument,
  type Index,
  type Manifest,
} from '../../image/manifest.js';
import { hostPlatform, type Platform } from '../../image/platform.js';
import { parseReference, type Reference } from '../../image/reference.js';
import type { ContentStore } from '../../store/content-store.js';
import type { IndexEntry } from '../../store/image-index.js';
import type { LayerStore } from '../../store/layers.js';
import type { ImageContext } from './context.js';

/** What one descriptor of index.json leads to. */
export interface StoredManifest {
  /** the config digest: what names an image */
  readonly id: Digest;
  readonly descriptor: Descriptor;
  readonly manifestDigest: Digest;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
}

export interface StoredImage extends StoredManifest {
  /** in the order they were given */
  readonly references: readonly Reference[];
  /** what each name means: a registry that has the name knows it by this digest, if it came from there or went there */
  readonly targets: readonly { readonly reference: Reference; readonly digest: Digest }[];
  /** every manifest that has this config */
  readonly manifests: readonly Digest[];
}

/** An entry that leads nowhere: its documents are missing or damaged. */
export interface DamagedEntry {
  readonly entry: IndexEntry;
  readonly error: Error;
}

export interface Images {
  readonly images: readonly StoredImage[];
  readonly damaged: readonly DamagedEntry[];
}

/** All images, grouped by id; nothing is locked. Reads again when another command's removal came between. */
export const readImages = ({ content, index }: Pick<ImageContext, 'content' | 'index'>): Images => {
  const entries = index.read();
  const found = imagesOf(content, entries);
  if (found.damaged.length === 0) return found;
  const now = index.read();
  return JSON.stringify(now) === JSON.stringify(entries) ? found : imagesOf(content, now);
};

export const imagesOf = (content: ContentStore, entries: readonly IndexEntry[]): Images => {
  const byId = new Map<Digest, StoredImage>();
  const damaged: DamagedEntry[] = [];
  for (const entry of entries) {
    const stored = tryReadManifest(content, entry);
    if (stored instanceof Error) damaged.push({ entry, error: stored });
    else byId.set(stored.id, merged(byId.get(stored.id), stored, referenceOf(entry)));
  }
  return { images: [...byId.values()], damaged };
};

/** The image of one entry. @throws ERR_STORE_CORRUPT, ERR_IMAGE_PLATFORM */
export const readManifest = (
  content: ContentStore,
  { descriptor, reference }: IndexEntry,
  platform?: Platform,
): StoredManifest => {
  const chosen = descend(content, {
    descriptor,
    platform,
    depth: 0,
    what: reference ?? descriptor.digest,
  });
  const { manifest } = chosen;
  const config = parseConfig(
    readBlob(content, manifest.config.digest, largestConfigBytes),
    `config ${manifest.config.digest}`,
  );
  return { id: manifest.config.digest, descriptor, manifestDigest: chosen.digest, manifest, config };
};

/** undefined for names that other tools wrote into the layout and that are no references */
export const referenceOf = ({ reference }: IndexEntry): Reference | undefined => {
  if (reference === undefined) return undefined;
  try {
    return parseReference(reference);
  } catch (error) {
    if (isSampanError(error, 'ERR_INVALID_REFERENCE')) return undefined;
    throw error;
  }
};

/** Unpacked size; of a layer that is not unpacked, its blob's. */
export const sizeOfImage = (layers: LayerStore, { config, manifest }: StoredManifest): number =>
  chainIdsOf(config.diffIds).reduce(
    (sum, chainId, index) => sum + (layers.find(chainId)?.sizeBytes ?? manifest.layers[index]?.size ?? 0),
    0,
  );

const tryReadManifest = (content: ContentStore, entry: IndexEntry): StoredManifest | Error => {
  try {
    return readManifest(content, entry);
  } catch (error) {
    if (isSampanError(error)) return error;
    throw error;
  }
};

const merged = (
  known: StoredImage | undefined,
  stored: StoredManifest,
  reference: Reference | undefined,
): StoredImage => ({
  ...(known ?? stored),
  references: [...(known?.references ?? []), ...(reference === undefined ? [] : [reference])],
  targets: [
    ...(known?.targets ?? []),
    ...(reference === undefined ? [] : [{ reference, digest: stored.descriptor.digest }]),
  ],
  manifests: [...new Set([...(known?.manifests ?? []), stored.descriptor.digest])],
});

/** Indexes within indexes: more than this is an attempt to exhaust us. */
const deepestIndex = 4;

const descend = (
  content: ContentStore,
  {
    descriptor,
    platform,
    depth,
    what,
  }: {
    readonly descriptor: Descriptor;
    readonly platform: Platform | undefined;
    readonly depth: number;
    readonly what: string;
  },
): { readonly digest: Digest; readonly manifest: Manifest } => {
  const bytes = readBlob(content, descriptor.digest, largestManifestBytes);
  const document = parseDocument(bytes, descriptor.mediaType, `manifest ${descriptor.digest}`);
  if (document.kind === 'manifest') return { digest: descriptor.digest, manifest: document.manifest };
  const isThere = ({ digest }: Descriptor): boolean => content.find(digest) !== undefined;
  const choose = (wanted: Platform) => chooseManifest(document.index.manifests, wanted, isThere);
  const chosen =
    platform === undefined
      ? (choose(hostPlatform(process.arch)) ?? firstOf(document.index, isThere))
      : choose(platform);
  if (chosen === undefined || depth >= deepestIndex) throw sampanError('ERR_IMAGE_PLATFORM', { subject: what });
  return descend(content, { descriptor: chosen, platform, depth: depth + 1, what });
};

/** An index that was pulled for another platform only; attestations are for platform unknown. */
const firstOf = ({ manifests }: Index, isThere: (descriptor: Descriptor) => boolean): Descriptor | undefined =>
  manifests.find((descriptor) => isThere(descriptor) && descriptor.platform?.os !== 'unknown');

const readBlob = (content: ContentStore, digest: Digest, largestBytes: number): Buffer => {
  const bytes = content.read(digest, largestBytes);
  if (bytes !== undefined) return bytes;
  throw sampanError('ERR_STORE_CORRUPT', {
    subject: `blob ${digest} is missing`,
    hint: 'remove the image and load it again',
  });
};
