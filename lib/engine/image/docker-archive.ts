// SPDX-License-Identifier: Apache-2.0
// docker-archive: manifest.json lists images by the names of their files; written by docker save, podman and skopeo.
// The config's bytes are kept, so that the image's id stays what docker shows; the OCI manifest is made here.

import { openSync, readSync, closeSync } from 'node:fs';
import { sampanError } from '../../errors/sampan-error.js';
import { largestConfigBytes, parseConfig } from '../../image/config.js';
import { shorten } from '../../util/shorten.js';
import { arrayOf, asObject, asString, optionalStrings, parseJson, requiredString } from '../../image/json.js';
import { largestManifestBytes, makeManifest, mostLayers } from '../../image/manifest.js';
import { mediaTypes, type Compression } from '../../image/media-types.js';
import { formatReference, parseTaggedReference } from '../../image/reference.js';
import { stageBytes, type StagedBlob } from '../../store/content-store.js';
import { compressionOf, longestMagic } from '../../store/decompress.js';
import { checkLayerCount, type ArchiveImage } from './archive-image.js';
import type { Archive } from './archive.js';

export const dockerManifestName = 'manifest.json';

const mostImages = 10_000;
const mostTags = 10_000;

/** undefined when it is no docker-archive. @throws ERR_ARCHIVE_INVALID, ERR_IMAGE_INVALID */
export const readDockerArchive = (archive: Archive, scratch: string): readonly ArchiveImage[] | undefined => {
  const content = archive.read(dockerManifestName, largestManifestBytes);
  if (content === undefined) return undefined;
  const list = asObject({ images: parseJson(content, dockerManifestName, largestManifestBytes) }, dockerManifestName);
  return arrayOf(list, 'images', mostImages, (item, what) => readImage(archive, scratch, { item, what }));
};

const readImage = (
  archive: Archive,
  scratch: string,
  { item, what }: { readonly item: unknown; readonly what: string },
): ArchiveImage => {
  const object = asObject(item, what);
  const configBlob = findFile(archive, requiredString(object, 'Config', 4096));
  const bytes = readBytes(archive, requiredString(object, 'Config'));
  const config = parseConfig(bytes, `${what}: config`);
  const layers = arrayOf(object, 'Layers', mostLayers, asString).map((name) => findFile(archive, name));
  checkLayerCount(config, layers.length, what);
  const manifest = stageBytes(
    scratch,
    makeManifest(
      bytes,
      layers.map((layer) => ({ ...layer, compression: compressionOfFile(layer) })),
    ),
  );
  const tags = optionalStrings(object, 'RepoTags', mostTags) ?? [];
  return {
    descriptor: { mediaType: mediaTypes.manifest, digest: manifest.digest, size: manifest.size },
    id: configBlob.digest,
    config,
    layers,
    blobs: [manifest, configBlob, ...layers],
    references: tags.map((tag) => formatReference(parseTaggedReference(tag))),
  };
};

const readBytes = (archive: Archive, name: string): Buffer =>
  archive.read(name, largestConfigBytes) ?? throwMissing(name);

const findFile = (archive: Archive, name: string): StagedBlob => archive.find(name) ?? throwMissing(name);

const throwMissing = (name: string): never => {
  throw sampanError('ERR_ARCHIVE_INVALID', {
    subject: `${shorten(name)} is missing, which ${dockerManifestName} names`,
  });
};

const compressionOfFile = ({ path, digest }: StagedBlob): Compression => {
  const fd = openSync(path, 'r');
  try {
    const head = Buffer.alloc(longestMagic);
    return compressionOf(head.subarray(0, readSync(fd, head)), `layer ${digest}`);
  } finally {
    closeSync(fd);
  }
};
