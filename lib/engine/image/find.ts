// SPDX-License-Identifier: Apache-2.0
// From what people write to an image: a name first, then an id or the unique beginning of one.

import { isSampanError, sampanError } from '../../errors/sampan-error.js';
import type { Digest } from '../../image/digest.js';
import type { Platform } from '../../image/platform.js';
import {
  formatReference,
  parseReference,
  repositoryOf,
  withDefaultTag,
  type Reference,
} from '../../image/reference.js';
import type { IndexEntry } from '../../store/image-index.js';
import type { ImageContext } from './context.js';
import { hostImage, isHostName, isHostReference } from './host-image.js';
import { readImages, readManifest, referenceOf, type StoredImage, type StoredManifest } from './stored-image.js';

export type Found =
  | { readonly kind: 'host' }
  /** by a name, which is given in full */
  | { readonly kind: 'reference'; readonly reference: Reference; readonly entry: IndexEntry }
  | { readonly kind: 'id'; readonly image: StoredImage };

type FindContext = Pick<ImageContext, 'content' | 'index'>;

/** @throws ERR_IMAGE_NOT_FOUND, ERR_IMAGE_AMBIGUOUS, ERR_INVALID_REFERENCE */
export const findImage = (context: FindContext, nameOrId: string): Found => {
  if (isHostName(nameOrId)) {
    if (isHostReference(nameOrId)) return { kind: 'host' };
    throw notFound(
      nameOrId,
      "every name 'host' belongs to the built-in image: write docker.io/library/host for another",
    );
  }
  return findByName(context, nameOrId) ?? findById(context, nameOrId) ?? throwNotFound(nameOrId);
};

/** As findImage, down to the manifest. undefined for the built-in image. */
export const findManifest = (
  context: FindContext,
  nameOrId: string,
  platform?: Platform,
): StoredManifest | undefined => {
  const found = findImage(context, nameOrId);
  switch (found.kind) {
    case 'host':
      return undefined;
    case 'reference':
      return readManifest(context.content, found.entry, platform);
    case 'id':
      return found.image;
  }
};

const findByName = ({ index }: FindContext, name: string): Found | undefined => {
  const reference = referenceOrUndefined(name);
  if (reference === undefined) return undefined;
  const wanted = withDefaultTag(reference);
  const entry = index.read().find((candidate) => isNamed(candidate, wanted));
  return entry === undefined ? undefined : { kind: 'reference', reference: wanted, entry };
};

/** With a digest the tag says nothing: the digest decides, the repository must fit. */
const isNamed = (entry: IndexEntry, wanted: Reference): boolean => {
  if (wanted.digest === undefined) return entry.reference === formatReference(wanted);
  if (entry.descriptor.digest !== wanted.digest) return false;
  const own = referenceOf(entry);
  return own !== undefined && repositoryOf(own) === repositoryOf(wanted);
};

const idPattern = /^(?:sha256:)?([0-9a-f]{1,64})$/;

const findById = (context: FindContext, text: string): Found | undefined => {
  const prefix = idPattern.exec(text)?.[1];
  if (prefix === undefined) return undefined;
  const begins = (id: Digest): boolean => id.startsWith(`sha256:${prefix}`);
  const { images } = readImages(context);
  const matching = images.filter(
    (image) => begins(image.id) || image.manifests.some((digest) => digest === `sha256:${prefix}`),
  );
  const host = begins(hostImage().id);
  if (matching.length + Number(host) > 1) {
    throw sampanError('ERR_IMAGE_AMBIGUOUS', { subject: text, hint: 'give more of its digits' });
  }
  if (host) return { kind: 'host' };
  const [image] = matching;
  return image === undefined ? undefined : { kind: 'id', image };
};

/** Ids are no valid references when they are whole, and `sha256:...` would be read as a name with a tag. */
const referenceOrUndefined = (name: string): Reference | undefined => {
  if (/^(?:sha256:)?[0-9a-f]{64}$/.test(name)) return undefined;
  try {
    return parseReference(name);
  } catch (error) {
    if (isSampanError(error, 'ERR_INVALID_REFERENCE') && idPattern.test(name)) return undefined;
    throw error;
  }
};

const throwNotFound = (name: string): never => {
  throw notFound(name, "list images with 'sampan images', bring one with 'sampan pull', 'load' or 'import'");
};

const notFound = (name: string, hint: string): Error => sampanError('ERR_IMAGE_NOT_FOUND', { subject: name, hint });
