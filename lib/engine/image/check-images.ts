// SPDX-License-Identifier: Apache-2.0
// Whether each entry of index.json leads to an image that is here in full: documents, config, layers.

import { isSampanError } from '../../errors/sampan-error.js';
import { largestConfigBytes, parseConfig } from '../../image/config.js';
import type { Descriptor } from '../../image/descriptor.js';
import { largestManifestBytes, parseDocument, type Manifest } from '../../image/manifest.js';
import type { IndexEntry } from '../../store/image-index.js';
import type { Finding } from './check-store.js';
import type { ImageContext } from './context.js';
import { shownReference } from './host-image.js';
import { referenceOf } from './stored-image.js';

export const checkImages = (context: ImageContext): readonly Finding[] => {
  const entries = entriesOf(context);
  const wrong = entries.flatMap((entry) => problemsOf(context, entry).map((problem) => findingOf(entry, problem)));
  if (wrong.length > 0) return wrong;
  return [{ name: 'image', status: 'ok', detail: `${String(entries.length)} names lead to whole images` }];
};

/** An unreadable index is said where the index is checked. */
const entriesOf = ({ index }: ImageContext): readonly IndexEntry[] => {
  try {
    return index.read();
  } catch (error) {
    if (isSampanError(error, 'ERR_STORE_CORRUPT')) return [];
    throw error;
  }
};

const findingOf = (entry: IndexEntry, problem: string): Finding => {
  const reference = referenceOf(entry);
  const name = reference === undefined ? (entry.reference ?? entry.descriptor.digest) : shownReference(reference);
  const again = reference === undefined ? 'load it again' : `sampan pull ${name}, or load it again`;
  return { name: 'image', status: 'failed', detail: `${name}: ${problem}`, fix: `sampan rmi -f ${name}; ${again}` };
};

const problemsOf = (context: ImageContext, { descriptor }: IndexEntry): readonly string[] => {
  try {
    return descend(context, descriptor);
  } catch (error) {
    if (isSampanError(error)) return [error.message];
    throw error;
  }
};

const descend = (context: ImageContext, descriptor: Descriptor): readonly string[] => {
  const { content } = context;
  const absent = absence(context, descriptor, 'manifest');
  const bytes = absent === undefined ? content.read(descriptor.digest, largestManifestBytes) : undefined;
  if (bytes === undefined) return absent === undefined ? [] : [absent];
  const document = parseDocument(bytes, descriptor.mediaType, `manifest ${descriptor.digest}`);
  if (document.kind === 'manifest') return checkManifest(context, document.manifest);
  // The platforms that nobody asked for are not here.
  const here = document.index.manifests.filter(({ digest }) => content.find(digest) !== undefined);
  if (here.length === 0) return [`none of the manifests of index ${descriptor.digest} is here`];
  return here.flatMap((child) => descend(context, child));
};

const checkManifest = (context: ImageContext, manifest: Manifest): readonly string[] => {
  const absent = [
    absence(context, manifest.config, 'config'),
    ...manifest.layers.map((layer) => absence(context, layer, 'layer')),
  ].filter((problem) => problem !== undefined);
  if (absent.length > 0) return absent;
  const { digest } = manifest.config;
  const bytes = context.content.read(digest, largestConfigBytes);
  if (bytes === undefined) return [`config ${digest} is missing`];
  const { diffIds } = parseConfig(bytes, `config ${digest}`);
  return diffIds.length === manifest.layers.length
    ? []
    : [`config ${digest} has ${String(diffIds.length)} layers, its manifest ${String(manifest.layers.length)}`];
};

const absence = ({ content }: ImageContext, { digest, size }: Descriptor, what: string): string | undefined => {
  const there = content.sizeOf(digest);
  if (there === undefined) return `${what} ${digest} is missing`;
  return there === size ? undefined : `${what} ${digest} has ${String(there)} bytes, not ${String(size)}`;
};
