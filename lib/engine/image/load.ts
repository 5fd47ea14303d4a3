// SPDX-License-Identifier: Apache-2.0
// `load`: an image archive becomes images.
//
// How this works: the archive is staged in scratch space in one pass, what its documents say is checked, missing layers
// are unpacked (which proves them against the config's diff ids), and everything is put in place under the store lock.
// A failure anywhere leaves nothing but the scratch directory, which goes at once.

import type { Readable } from 'node:stream';
import { sampanError } from '../../errors/sampan-error.js';
import { hostPlatform } from '../../image/platform.js';
import { parseReference } from '../../image/reference.js';
import { makeScratch } from '../../store/scratch.js';
import type { Notify } from '../contract.js';
import type { ArchiveImage } from './archive-image.js';
import { stageArchive, type Archive } from './archive.js';
import { commitImages } from './commit.js';
import type { ImageContext } from './context.js';
import { dockerManifestName, readDockerArchive } from './docker-archive.js';
import { shownReference } from './host-image.js';
import { readOciArchive } from './oci-archive.js';
import { prepareLayers } from './prepare-layers.js';

export interface Loaded {
  readonly reference?: string;
  readonly id: string;
}

/** @throws ERR_ARCHIVE_INVALID, ERR_DIGEST_MISMATCH, ERR_IMAGE_INVALID, ERR_IMAGE_PLATFORM, ERR_NO_SPACE ... */
export const loadImages = async (
  context: ImageContext,
  source: Readable,
  { notify }: { readonly notify: Notify },
): Promise<readonly Loaded[]> => {
  const scratch = makeScratch(context.paths);
  try {
    const archive = await stageArchive(source, scratch);
    const images = readArchive(archive, scratch);
    const layers = await prepareLayers(context.layers, images, scratch);
    const lost = await commitImages(context, { blobs: images.flatMap(({ blobs }) => blobs), layers, images });
    for (const { reference, id } of lost) {
      notify(`The image ${shown(reference)} already exists, renaming the old one with ID ${id} to empty string`);
    }
    return images.flatMap(loadedOf);
  } finally {
    source.destroy();
    await context.removeTree(scratch);
  }
};

/** The layout of a combined archive keeps the manifests' own digests, so it goes first. */
const readArchive = (archive: Archive, scratch: string): readonly ArchiveImage[] => {
  if (archive.isEmpty) throw sampanError('ERR_ARCHIVE_INVALID', { subject: 'it is empty' });
  const images = readOciArchive(archive, hostPlatform(process.arch)) ?? readDockerArchive(archive, scratch);
  if (images === undefined) {
    throw sampanError('ERR_ARCHIVE_INVALID', {
      subject: `it has neither ${dockerManifestName} nor index.json: it is no image archive`,
      hint: "for the tar of a root file system use 'sampan import'",
    });
  }
  if (images.length === 0) throw sampanError('ERR_ARCHIVE_INVALID', { subject: 'it has no image in it' });
  return images;
};

const loadedOf = ({ id, references }: ArchiveImage): readonly Loaded[] =>
  references.length === 0 ? [{ id }] : references.map((reference) => ({ reference: shown(reference), id }));

const shown = (reference: string): string => shownReference(parseReference(reference));
