// SPDX-License-Identifier: Apache-2.0
// `rmi`, by docker's rules: a name is taken away; with the last name goes the image; by id all names go, which needs
// force when there are several. What containers stand on stays on disk until they go too.

import { sampanError } from '../../errors/sampan-error.js';
import type { Digest } from '../../image/digest.js';
import type { IndexEntry } from '../../store/image-index.js';
import { removeAll } from '../../store/layers.js';
import { collect, withStoreLock } from './commit.js';
import type { ImageContext, ImageUser } from './context.js';
import { findImage, type Found } from './find.js';
import { shownReference } from './host-image.js';
import { readImages, referenceOf, type StoredImage } from './stored-image.js';

export interface RemovedLine {
  readonly untagged?: string;
  readonly deleted?: string;
}

export interface RemoveOptions {
  readonly force: boolean;
}

/** @throws ERR_IMAGE_NOT_FOUND, ERR_IMAGE_IN_USE, ERR_IMAGE_SEVERAL_NAMES, ERR_NOT_SUPPORTED */
export const removeImage = async (
  context: ImageContext,
  nameOrId: string,
  { force }: RemoveOptions,
): Promise<readonly RemovedLine[]> => {
  const { lines, directories } = await withStoreLock(context, () => {
    const decision = decide(context, findImage(context, nameOrId), { nameOrId, force });
    context.index.write(decision.entries);
    const garbage = collect(context);
    const layers = decision.deleted === undefined ? [] : garbage.layers;
    const deleted = [...(decision.deleted === undefined ? [] : [decision.deleted]), ...layers].map((id) => ({
      deleted: id,
    }));
    return {
      lines: [...decision.untagged.map((untagged) => ({ untagged })), ...deleted],
      directories: garbage.directories,
    };
  });
  await removeAll(directories, context.removeTree);
  return lines;
};

interface Decision {
  /** of index.json afterwards */
  readonly entries: readonly IndexEntry[];
  readonly untagged: readonly string[];
  /** the image, when it goes too */
  readonly deleted?: Digest;
}

interface Asked {
  readonly nameOrId: string;
  readonly force: boolean;
}

const decide = (context: ImageContext, found: Found, asked: Asked): Decision => {
  const { images } = readImages(context);
  switch (found.kind) {
    case 'host':
      throw sampanError('ERR_NOT_SUPPORTED', { subject: 'removing the built-in image', hint: 'it takes no space' });
    case 'reference': {
      const image = images.find(({ manifests }) => manifests.includes(found.entry.descriptor.digest));
      return image === undefined
        ? dropDamaged(context, found.entry)
        : removeName(context, { image, entry: found.entry }, asked);
    }
    case 'id':
      return removeById(context, found.image, asked);
  }
};

/** Of an image that cannot be read nothing is known but its name. */
const dropDamaged = ({ index }: ImageContext, entry: IndexEntry): Decision => {
  const reference = referenceOf(entry);
  return {
    entries: withoutName(index.read(), entry),
    untagged: [reference === undefined ? (entry.reference ?? entry.descriptor.digest) : shownReference(reference)],
  };
};

const removeName = (
  context: ImageContext,
  { image, entry }: { readonly image: StoredImage; readonly entry: IndexEntry },
  asked: Asked,
): Decision => {
  const entries = context.index.read();
  const reference = referenceOf(entry);
  const untagged = reference === undefined ? [] : [shownReference(reference)];
  if (image.references.length > 1) return { entries: withoutName(entries, entry), untagged };
  const users = usersOf(context, image);
  if (users.length > 0 && !asked.force) throw inUse(asked.nameOrId, users, 'remove it first, or use --force');
  if (!users.some(({ running }) => running)) return deleteImage(entries, image, untagged);
  return { entries: [...withoutName(entries, entry), { descriptor: entry.descriptor }], untagged };
};

const removeById = (context: ImageContext, image: StoredImage, { nameOrId, force }: Asked): Decision => {
  if (image.references.length > 1 && !force) {
    throw sampanError('ERR_IMAGE_SEVERAL_NAMES', {
      subject: nameOrId,
      hint: `${image.references.map(shownReference).join(', ')}: remove one of the names, or use --force for all`,
    });
  }
  const users = usersOf(context, image);
  const running = users.filter((user) => user.running);
  if (running.length > 0) throw inUse(nameOrId, running, 'stop it first');
  if (users.length > 0 && !force) throw inUse(nameOrId, users, 'remove it first, or use --force');
  return deleteImage(context.index.read(), image, image.references.map(shownReference));
};

const deleteImage = (entries: readonly IndexEntry[], image: StoredImage, untagged: readonly string[]): Decision => ({
  entries: entries.filter(({ descriptor }) => !image.manifests.includes(descriptor.digest)),
  untagged,
  deleted: image.id,
});

const withoutName = (entries: readonly IndexEntry[], gone: IndexEntry): readonly IndexEntry[] =>
  entries.filter(
    ({ reference, descriptor }) => reference !== gone.reference || descriptor.digest !== gone.descriptor.digest,
  );

const usersOf = ({ imageUsers }: ImageContext, image: StoredImage): readonly ImageUser[] =>
  imageUsers().filter(({ imageId }) => imageId === image.id);

const inUse = (name: string, users: readonly ImageUser[], hint: string): Error => {
  const names = users.map((user) => user.name).join(', ');
  return sampanError('ERR_IMAGE_IN_USE', { subject: name, hint: `by container ${names}: ${hint}` });
};
