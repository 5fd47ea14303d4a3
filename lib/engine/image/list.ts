// SPDX-License-Identifier: Apache-2.0
// `images`: one row per name, one for each image without a name, newest first.

import type { ImageListOptions, ImageSummary } from '../contract.js';
import type { ImageContext } from './context.js';
import { findManifest } from './find.js';
import { makeFilter, matchesReference, type ListedImage } from './filters.js';
import { hostImage, hostImageName, hostImageTag, shownName } from './host-image.js';
import { readImages, referenceOf, sizeOfImage, type DamagedEntry, type StoredImage } from './stored-image.js';

/** What a config without a creation time stands for. */
export const noTime = '1970-01-01T00:00:00Z';

const noName = '<none>';

/** @throws ERR_INVALID_VALUE, ERR_IMAGE_NOT_FOUND (of before and since) */
export const listImages = (
  context: ImageContext,
  { filters, reference }: ImageListOptions,
): readonly ImageSummary[] => {
  const matches = makeFilter(
    filters,
    (nameOrId) => (findManifest(context, nameOrId) ?? hostImage()).config.created ?? noTime,
  );
  const { images, damaged } = readImages(context);
  const rows = [...images.flatMap((image) => rowsOf(context, image)), ...damaged.map(damagedRow), hostRow()];
  return rows
    .filter((row) => (reference === undefined || matchesReference(reference, row)) && matches(row))
    .sort((left, right) => Date.parse(right.createdAt) - Date.parse(left.createdAt))
    .map(({ isNameless: _, ...summary }) => summary);
};

export const rowsOf = (context: ImageContext, image: StoredImage): readonly ListedImage[] => {
  const common = {
    id: image.id,
    digest: image.manifestDigest,
    createdAt: image.config.created ?? noTime,
    sizeBytes: sizeOfImage(context.layers, image),
    labels: image.config.defaults.labels,
  };
  if (image.references.length === 0) return [{ ...common, repository: noName, tag: noName, isNameless: true }];
  return image.targets.map(({ reference, digest }) => ({
    ...common,
    digest,
    repository: shownName(reference),
    tag: reference.tag ?? noName,
    isNameless: false,
  }));
};

/** Shown, so that it can be removed. */
const damagedRow = ({ entry }: DamagedEntry): ListedImage => {
  const reference = referenceOf(entry);
  return {
    id: entry.descriptor.digest,
    digest: entry.descriptor.digest,
    repository: reference === undefined ? noName : shownName(reference),
    tag: reference?.tag ?? noName,
    createdAt: noTime,
    sizeBytes: 0,
    labels: {},
    isNameless: reference === undefined,
  };
};

const hostRow = (): ListedImage => {
  const { id, config } = hostImage();
  return {
    id,
    digest: id,
    repository: hostImageName,
    tag: hostImageTag,
    createdAt: config.created ?? noTime,
    sizeBytes: 0,
    labels: {},
    isNameless: false,
  };
};
