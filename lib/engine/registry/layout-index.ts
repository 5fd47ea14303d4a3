// SPDX-License-Identifier: Apache-2.0
// The index.json of an image layout that is not ours: what to copy from it, and how an image is added to it.

import { sampanError } from '../../errors/sampan-error.js';
import type { Descriptor } from '../../image/descriptor.js';
import { digestOf } from '../../image/digest.js';
import { parseJsonObject } from '../../image/json.js';
import { largestManifestBytes, parseIndex } from '../../image/manifest.js';
import { mediaTypes } from '../../image/media-types.js';
import type { Document } from '../../registry/transfer.js';
import { referenceAnnotation } from '../../store/image-index.js';
import { shorten } from '../../util/shorten.js';
import { containerdNameAnnotation } from '../image/oci-archive.js';

/** The entry with a name, the only one, or undefined: the index itself is the image. @throws ERR_ARCHIVE_INVALID */
export const chooseEntry = (index: Uint8Array, name: string | undefined, what: string): Descriptor | undefined => {
  const { manifests } = parseIndex(index, `${what}: index.json`);
  if (name !== undefined) {
    const found = manifests.find((entry) => namesOf(entry).includes(name));
    if (found !== undefined) return found;
    throw notThere(what, name, manifests.flatMap(namesOf));
  }
  const [only] = manifests;
  if (only === undefined) throw sampanError('ERR_ARCHIVE_INVALID', { subject: `${what} has no image in it` });
  if (manifests.length === 1) return only;
  // manifests without names that differ by platform are one image
  if (manifests.every((entry) => entry.platform !== undefined && namesOf(entry).length === 0)) return undefined;
  throw severalImages(what, manifests.flatMap(namesOf));
};

export const notThere = (what: string, name: string, names: readonly string[]): Error =>
  sampanError('ERR_IMAGE_NOT_FOUND', { subject: `${shorten(name)} in ${what}`, hint: `it has ${listOf(names)}` });

export const severalImages = (what: string, names: readonly string[]): Error =>
  sampanError('ERR_ARCHIVE_INVALID', {
    subject: `${what} has several images`,
    hint: `name one, as in ${what}:NAME: it has ${listOf(names)}`,
  });

/** With the image added; what had its name before has none any more. @param index undefined: there is none yet */
export const layoutIndex = (index: Uint8Array | undefined, root: Document, name: string | undefined): Buffer => {
  const digest = digestOf(root.bytes);
  const known = index === undefined ? {} : parseJsonObject(index, 'index.json', largestManifestBytes).fields;
  const listed = known['manifests'];
  const entries = Array.isArray(listed) ? (listed as readonly unknown[]) : [];
  const added = {
    mediaType: root.mediaType,
    digest,
    size: root.bytes.byteLength,
    ...(name === undefined ? {} : { annotations: { [referenceAnnotation]: name } }),
  };
  const others = entries.filter((entry) => (name === undefined ? digestIn(entry) !== digest : nameIn(entry) !== name));
  return Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, ...known, manifests: [...others, added] }),
  );
};

const namesOf = ({ annotations = {} }: Descriptor): readonly string[] =>
  [annotations[referenceAnnotation], annotations[containerdNameAnnotation]].filter((name) => name !== undefined);

const mostShown = 10;

const listOf = (names: readonly string[]): string => {
  const shown = [...new Set(names)].slice(0, mostShown).map((name) => shorten(name));
  return shown.length === 0
    ? 'images without names only'
    : `${shown.join(', ')}${names.length > mostShown ? ' ...' : ''}`;
};

const fieldOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined; // checked

const digestIn = (entry: unknown): unknown => fieldOf(entry, 'digest');
const nameIn = (entry: unknown): unknown => fieldOf(fieldOf(entry, 'annotations'), referenceAnnotation);
