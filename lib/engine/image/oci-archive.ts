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
import { checkLayerCount, type ArchiveImage } from './archive-image.js';
import type { Archive } from './archive.js';

/** The full name, where docker and containerd put a bare tag into the specification's annotation. */
export const containerdNameAnnotation = 'io.containerd.image.name';

/** undefined when it is no OCI archive. @throws ERR_ARCHIVE_INVALID, ERR_DIGEST_MISMATCH, ERR_IMAGE_INVALID, ERR_IMAGE_PLATFORM */
export const readOciArchive = (archive: Archive, platform: Platform): readonly ArchiveImage[] | undefined => {
  const content = archive.read('index.json', largestManifestBytes);
  if (content === undefined) return undefined;
  const { manifests } = parseIndex(content, 'index.json');
  const images = manifests.filter(({ mediaType }) => isIndexType(mediaType) || isManifestType(mediaType));
  const roots = isOneImage(images) ? [chosenOf(archive, images, platform)] : images;
  const byManifest = new Map<Digest, ArchiveImage>();
  for (const root of roots) {
    const image = readImage(archive, descend(archive, root, platform));
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
  const chosen = chooseManifest(manifests, platform, ({ digest }) => archive.find(nameOf(digest)) !== undefined);
  if (chosen !== undefined) return chosen;
  throw sampanError('ERR_IMAGE_PLATFORM', {
    subject: formatPlatform(platform),
    hint: `the archive has ${manifests.flatMap((manifest) => (manifest.platform === undefined ? [] : formatPlatform(manifest.platform))).join(', ') || 'none'}`,
  });
};

const deepestIndex = 4;

const descend = (archive: Archive, root: Descriptor, platform: Platform): Descriptor => {
  let current = root;
  for (let depth = 0; depth < deepestIndex; depth++) {
    if (!isIndexType(current.mediaType)) return current;
    const document = parseDocument(readBlob(archive, current), current.mediaType, `index ${current.digest}`);
    if (document.kind === 'manifest') return current;
    current = chosenOf(archive, document.index.manifests, platform);
  }
  throw sampanError('ERR_ARCHIVE_INVALID', { subject: `the index ${root.digest} is nested too deep` });
};

const readImage = (archive: Archive, descriptor: Descriptor): ArchiveImage => {
  const what = `manifest ${descriptor.digest}`;
  const document = parseDocument(readBlob(archive, descriptor), descriptor.mediaType, what);
  if (document.kind !== 'manifest') throw sampanError('ERR_ARCHIVE_INVALID', { subject: `${what} is an index` });
  const { manifest } = document;
  if (!isConfigType(manifest.config.mediaType)) {
    throw sampanError('ERR_ARCHIVE_INVALID', {
      subject: `${what} is no container image: its config is ${manifest.config.mediaType}`,
    });
  }
  const configBlob = findBlob(archive, manifest.config);
  const config = parseConfig(readBlob(archive, manifest.config, largestConfigBytes), `config ${configBlob.digest}`);
  const layers = manifest.layers.map((layer) => findBlob(archive, layer));
  checkLayerCount(config, layers.length, what);
  const { mediaType, digest, size } = descriptor;
  return {
    descriptor: { mediaType, digest, size },
    id: configBlob.digest,
    config,
    layers,
    blobs: [findBlob(archive, descriptor), configBlob, ...layers],
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

const readBlob = (archive: Archive, descriptor: Descriptor, largestBytes = largestManifestBytes): Buffer => {
  findBlob(archive, descriptor);
  return archive.read(nameOf(descriptor.digest), largestBytes) ?? throwMissing(descriptor.digest);
};

/** Its digest was checked against its name when it was staged. */
const findBlob = (archive: Archive, { digest, size }: Descriptor): StagedBlob => {
  const blob = archive.find(nameOf(digest)) ?? throwMissing(digest);
  if (blob.digest !== digest) throw sampanError('ERR_DIGEST_MISMATCH', { subject: `blob ${digest} is ${blob.digest}` });
  if (blob.size === size) return blob;
  throw sampanError('ERR_DIGEST_MISMATCH', {
    subject: `blob ${digest} has ${String(blob.size)} bytes, its descriptor says ${String(size)}`,
  });
};

const nameOf = (digest: Digest): string => `blobs/sha256/${hexOf(digest)}`;

const throwMissing = (digest: Digest): never => {
  throw sampanError('ERR_ARCHIVE_INVALID', { subject: `blob ${digest} is missing` });
};
