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
import { checkLayerCount, stageLayers, type ArchiveImage } from './archive-image.js';
import type { Archive } from './archive.js';

export const dockerManifestName = 'manifest.json';

const mostImages = 10_000;
const mostTags = 10_000;

/** undefined when it is no docker-archive. @throws ERR_ARCHIVE_INVALID, ERR_IMAGE_INVALID */
export const readDockerArchive = async (
  archive: Archive,
  scratch: string,
): Promise<readonly ArchiveImage[] | undefined> => {
  const content = await archive.read(dockerManifestName, largestManifestBytes);
  if (content === undefined) return undefined;
  const list = asObject({ images: parseJson(content, dockerManifestName, largestManifestBytes) }, dockerManifestName);
  const items = arrayOf(list, 'images', mostImages, (item, what) => ({ item, what }));
  const images: ArchiveImage[] = [];
  for (const image of items) images.push(await readImage(archive, scratch, image));
  return images;
};

const readImage = async (
  archive: Archive,
  scratch: string,
  { item, what }: { readonly item: unknown; readonly what: string },
): Promise<ArchiveImage> => {
  const object = asObject(item, what);
  const configName = requiredString(object, 'Config', 4096);
  const bytes = (await archive.read(configName, largestConfigBytes)) ?? throwMissing(configName);
  const configBlob = (await archive.stage(configName)) ?? throwMissing(configName);
  const config = parseConfig(bytes, `${what}: config`);
  const names = arrayOf(object, 'Layers', mostLayers, asString);
  checkLayerCount(config, names.length, what);
  const tags = optionalStrings(object, 'RepoTags', mostTags) ?? [];
  const references = tags.map((tag) => formatReference(parseTaggedReference(tag)));
  const missing = names.find((name) => archive.sizeOf(name) === undefined);
  if (missing !== undefined) throwMissing(missing);
  const layers = await stageLayers(
    config,
    names,
    async (name, place) => (await archive.stage(name, place)) ?? throwMissing(name),
  );
  const manifest = stageBytes(
    scratch,
    makeManifest(
      bytes,
      layers.map((layer) => ({ ...layer, compression: compressionOfFile(layer) })),
    ),
  );
  return {
    descriptor: { mediaType: mediaTypes.manifest, digest: manifest.digest, size: manifest.size },
    id: configBlob.digest,
    config,
    layers,
    blobs: [manifest, configBlob, ...layers],
    references,
  };
};

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
