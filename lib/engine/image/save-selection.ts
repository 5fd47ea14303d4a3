// SPDX-License-Identifier: Apache-2.0
// Which images and names `save` means: a name with a tag is that one, a name without is every tag of the repository,
// an id or a digest is an image without a name (docker's rules).

import { sampanError } from '../../errors/sampan-error.js';
import type { Descriptor } from '../../image/descriptor.js';
import type { Platform } from '../../image/platform.js';
import { parseReference, repositoryOf, type Reference } from '../../image/reference.js';
import type { IndexEntry } from '../../store/image-index.js';
import type { ImageContext } from './context.js';
import { findImage } from './find.js';
import { isHostName } from './host-image.js';
import { referenceOf } from './stored-image.js';
import { treeOf, type ManifestTree } from './manifest-tree.js';

export interface SelectedImage extends ManifestTree {
  readonly references: readonly Reference[];
}

type SelectContext = Pick<ImageContext, 'content' | 'index'>;

/** In the order of the names, each image once. @throws ERR_IMAGE_NOT_FOUND, ERR_IMAGE_PLATFORM, ERR_STORE_CORRUPT */
export const selectImages = (
  context: SelectContext,
  names: readonly string[],
  platform: Platform | undefined,
): readonly SelectedImage[] => {
  const selected = new Map<string, SelectedImage>();
  for (const name of names) {
    for (const { descriptor, reference } of entriesOf(context, name)) {
      const known = selected.get(descriptor.digest) ?? {
        ...treeOf(context.content, descriptor, { platform, what: name }),
        references: [],
      };
      const references = reference === undefined ? [] : [reference];
      const added = references.filter((one) => !known.references.some((other) => sameName(one, other)));
      selected.set(descriptor.digest, { ...known, references: [...known.references, ...added] });
    }
  }
  return [...selected.values()];
};

interface Named {
  readonly descriptor: Descriptor;
  readonly reference?: Reference;
}

const entriesOf = (context: SelectContext, name: string): readonly Named[] => {
  const tags = isHostName(name) ? [] : tagsOf(context.index.read(), name);
  if (tags.length > 0) return tags;
  const found = findImage(context, name);
  switch (found.kind) {
    case 'host':
      throw sampanError('ERR_NOT_SUPPORTED', {
        subject: 'an archive of the built-in image',
        hint: 'it has no content of its own: every machine has another',
      });
    case 'id':
      return [{ descriptor: found.image.descriptor }];
    case 'reference':
      // By its digest an image is named without a tag.
      return [{ descriptor: found.entry.descriptor, ...(found.reference.digest === undefined ? found : {}) }];
  }
};

/** Every tag of a repository that is named without one. */
const tagsOf = (entries: readonly IndexEntry[], name: string): readonly Named[] => {
  if (!/[a-z]/.test(name)) return [];
  const wanted = tryParse(name);
  if (wanted === undefined || wanted.tag !== undefined || wanted.digest !== undefined) return [];
  return entries.flatMap((entry) => {
    const reference = referenceOf(entry);
    const isTag = reference?.tag !== undefined && repositoryOf(reference) === repositoryOf(wanted);
    return isTag ? [{ descriptor: entry.descriptor, reference }] : [];
  });
};

const tryParse = (name: string): Reference | undefined => {
  try {
    return parseReference(name);
  } catch {
    // findImage says what is wrong with it
    return undefined;
  }
};

const sameName = (one: Reference, other: Reference): boolean =>
  repositoryOf(one) === repositoryOf(other) && one.tag === other.tag;
