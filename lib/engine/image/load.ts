// SPDX-License-Identifier: Apache-2.0
// `load`: an image archive becomes images.
//
// How this works: what the archive's documents say is checked, what belongs to the images is staged in scratch space,
// missing layers are unpacked (which proves them against the config's diff ids), and everything is put in place under
// the store lock. A failure anywhere leaves nothing but the scratch directory, which goes at once.

import type { Readable } from 'node:stream';
import { sampanError } from '../../errors/sampan-error.js';
import type { Digest } from '../../image/digest.js';
import { hostPlatform } from '../../image/platform.js';
import { parseReference } from '../../image/reference.js';
import type { LayerStore, PreparedLayer } from '../../store/layers.js';
import { makeScratch } from '../../store/scratch.js';
import type { Notify } from '../contract.js';
import type { ArchiveImage } from './archive-image.js';
import { stageArchive, type Archive } from './archive.js';
import { commitImages } from './commit.js';
import type { ImageContext } from './context.js';
import { dockerManifestName, readDockerArchive } from './docker-archive.js';
import { shownReference } from './host-image.js';
import { openFileArchive, type UnpackLayer } from './file-archive.js';
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
    const prepared = new Map<Digest, PreparedLayer>();
    const archive =
      (await openFileArchive(source, scratch, unpackInto(context, { prepared, scratch }))) ??
      (await stageArchive(source, scratch));
    const images = await readArchive(archive, scratch);
    const store: Pick<LayerStore, 'find' | 'prepare'> = {
      find: (chainId) => prepared.get(chainId)?.record ?? context.layers.find(chainId),
      prepare: (request, into) => context.layers.prepare(request, into),
    };
    const rest = await prepareLayers(store, images, scratch);
    const blobs = images.flatMap((image) => image.blobs);
    const lost = await commitImages(context, { blobs, layers: [...prepared.values(), ...rest], images });
    for (const { reference, id } of lost) {
      notify(`The image ${shown(reference)} already exists, renaming the old one with ID ${id} to empty string`);
    }
    return images.flatMap(loadedOf);
  } finally {
    source.destroy();
    await context.removeTree(scratch);
  }
};

/** What a layer unpacks to is kept by its chain id; a second one of the same content waits for prepareLayers(). */
const unpackInto =
  (
    { layers }: ImageContext,
    { prepared, scratch }: { readonly prepared: Map<Digest, PreparedLayer>; readonly scratch: string },
  ): UnpackLayer =>
  async ({ diffId, chainId, parent }, content) => {
    if (prepared.has(chainId) || layers.find(chainId) !== undefined) {
      await layers.verify({ digest: diffId, content, diffId });
      return;
    }
    const blob = { digest: diffId, content };
    prepared.set(chainId, await layers.prepare({ blob, parent, expected: { diffId, chainId } }, scratch));
  };

/** The layout of a combined archive keeps the manifests' own digests, so it goes first. */
const readArchive = async (archive: Archive, scratch: string): Promise<readonly ArchiveImage[]> => {
  if (archive.isEmpty) throw sampanError('ERR_ARCHIVE_INVALID', { subject: 'it is empty' });
  const images =
    (await readOciArchive(archive, hostPlatform(process.arch))) ?? (await readDockerArchive(archive, scratch));
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
