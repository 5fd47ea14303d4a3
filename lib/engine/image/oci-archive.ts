// SPDX-License-Identifier: Apache-2.0
// OCI archives: an image layout in a tar, also the one inside the archives of newer `docker save`. Indexes within the
// index stand for one image each, of which the manifest for the platform is taken.

import { sampanError } from '../../errors/sampan-error.js';
import { largestConfigBytes, parseConfig } from '../../image/config.js';
import type { Descriptor } from '../../image/descriptor.js';
import { hexOf, type Digest } from '../../image/digest.js';
import { chooseManifest, largestManifestBytes, parseDocument, parseIndex } from '../../image/manifest.js';
import { isConfigType, isIndexType, isManifestType } from '../../image/media-types.js';
import { formatPlatform, type Platform } from '../../image/platform.js';
import { formatReference, tryParseReference, withDefaultTag } from '../../image/reference.js';
import type { StagedBlob } from '../../store/content-store.js';
import { referenceAnnotation } from '../../store/image-index.js';
import { checkLayerCount, stageLayers, type ArchiveImage } from './archive-image.js';
import type { Archive, LayerPlace } from './archive.js';

/** The full name, where docker and containerd put a bare tag into the specification's annotation. */
export const containerdNameAnnotation = 'io.containerd.image.name';

/** undefined when it is no OCI archive. @throws ERR_ARCHIVE_INVALID, ERR_DIGEST_MISMATCH, ERR_IMAGE_INVALID, ERR_IMAGE_PLATFORM */
export const readOciArchive = async (
  archive: Archive,
  platform: Platform,
): Promise<readonly ArchiveImage[] | undefined> => {
  const content = await archive.read('index.json', largestManifestBytes);
  if (content === undefined) return undefined;
  const { manifests } = parseIndex(content, 'index.json');
  const images = manifests.filter(({ mediaType }) => isIndexType(mediaType) || isManifestType(mediaType));
  const roots = isOneImage(images) ? [chosenOf(archive, images, platform)] : images;
  const byManifest = new Map<Digest, ArchiveImage>();
  for (const root of roots) {
    const image = await readImage(archive, await descend(archive, root, platform));
    const known = byManifest.get(image.descriptor.digest);
    const references = [...(known?.references ?? []), ...namesOf(root)];
    byManifest.set(image.descriptor.digest, { ...image, references: [...new Set(references)] });
  }
  return [...byManifest.values()];
};

/** Several manifests without names that differ by platform: the layout's index is itself the image's. */
const isOneImage = (images: readonly Descriptor[]): boolean =>
  images.length > 1 && images.every((image) => image.platform !== undefined && namesOf(image).length === 0);

const chosenOf = (archive: Archive, manifests: readonly Descriptor[], platform: Platform): Descriptor => {
  const chosen = chooseManifest(manifests, platform, ({ digest }) => archive.sizeOf(nameOf(digest)) !== undefined);
  if (chosen !== undefined) return chosen;
  throw sampanError('ERR_IMAGE_PLATFORM', {
    subject: formatPlatform(platform),
    hint: `the archive has ${manifests.flatMap((manifest) => (manifest.platform === undefined ? [] : formatPlatform(manifest.platform))).join(', ') || 'none'}`,
  });
};

const deepestIndex = 4;

const descend = async (archive: Archive, root: Descriptor, platform: Platform): Promise<Descriptor> => {
  let current = root;
  for (let depth = 0; depth < deepestIndex; depth++) {
    if (!isIndexType(current.mediaType)) return current;
    const document = parseDocument(await readBlob(archive, current), current.mediaType, `index ${current.digest}`);
    if (document.kind === 'manifest') return current;
    current = chosenOf(archive, document.index.manifests, platform);
  }
  throw sampanError('ERR_ARCHIVE_INVALID', { subject: `the index ${root.digest} is nested too deep` });
};

const readImage = async (archive: Archive, descriptor: Descriptor): Promise<ArchiveImage> => {
  const what = `manifest ${descriptor.digest}`;
  const document = parseDocument(await readBlob(archive, descriptor), descriptor.mediaType, what);
  if (document.kind !== 'manifest') throw sampanError('ERR_ARCHIVE_INVALID', { subject: `${what} is an index` });
  const { manifest } = document;
  if (!isConfigType(manifest.config.mediaType)) {
    throw sampanError('ERR_ARCHIVE_INVALID', {
      subject: `${what} is no container image: its config is ${manifest.config.mediaType}`,
    });
  }
  const configBytes = await readBlob(archive, manifest.config, largestConfigBytes);
  const configBlob = await stageOf(archive, manifest.config);
  const config = parseConfig(configBytes, `config ${configBlob.digest}`);
  checkLayerCount(config, manifest.layers.length, what);
  for (const layer of manifest.layers) checkSize(archive, layer);
  const layers = await stageLayers(config, manifest.layers, (layer, place) => stageOf(archive, layer, place));
  const { mediaType, digest, size } = descriptor;
  return {
    descriptor: { mediaType, digest, size },
    id: configBlob.digest,
    config,
    layers,
    blobs: [await stageOf(archive, descriptor), configBlob, ...layers],
    references: [],
  };
};

/** A bare word is a tag without a repository more often than a name: it names nothing. */
const namesOf = ({ annotations = {} }: Descriptor): readonly string[] => {
  const name = annotations[containerdNameAnnotation] ?? annotations[referenceAnnotation];
  if (name === undefined || !/[/:]/.test(name)) return [];
  const reference = tryParseReference(name);
  return reference === undefined || reference.digest !== undefined ? [] : [formatReference(withDefaultTag(reference))];
};

const readBlob = async (
  archive: Archive,
  descriptor: Descriptor,
  largestBytes = largestManifestBytes,
): Promise<Buffer> => {
  checkSize(archive, descriptor);
  return (await archive.read(nameOf(descriptor.digest), largestBytes)) ?? throwMissing(descriptor.digest);
};

/** Staging checks the digest against the name. */
const stageOf = async (archive: Archive, { digest }: Descriptor, place?: LayerPlace): Promise<StagedBlob> => {
  const blob = (await archive.stage(nameOf(digest), place)) ?? throwMissing(digest);
  if (blob.digest !== digest) throw sampanError('ERR_DIGEST_MISMATCH', { subject: `blob ${digest} is ${blob.digest}` });
  return blob;
};

const checkSize = (archive: Archive, { digest, size }: Descriptor): void => {
  const found = archive.sizeOf(nameOf(digest)) ?? throwMissing(digest);
  if (found === size) return;
  throw sampanError('ERR_DIGEST_MISMATCH', {
    subject: `blob ${digest} has ${String(found)} bytes, its descriptor says ${String(size)}`,
  });
};

const nameOf = (digest: Digest): string => `blobs/sha256/${hexOf(digest)}`;

const throwMissing = (digest: Digest): never => {
  throw sampanError('ERR_ARCHIVE_INVALID', { subject: `blob ${digest} is missing` });
};
