// SPDX-License-Identifier: Apache-2.0
// `push`: an image of ours goes to the registry that its name says, as it is: the bytes of its documents and layers are
// those of the store, compressed or not, so that its digest there is the one it has here (docs/decisions/0010).

import { createReadStream } from 'node:fs';
import { sampanError } from '../../errors/sampan-error.js';
import type { Descriptor } from '../../image/descriptor.js';
import type { Digest } from '../../image/digest.js';
import { largestManifestBytes, parseDocument } from '../../image/manifest.js';
import {
  formatReference,
  parseReference,
  repositoryOf,
  withDefaultTag,
  type Reference,
} from '../../image/reference.js';
import type { Document, TransferSource } from '../../registry/transfer.js';
import type { StagedBlob } from '../../store/content-store.js';
import type { IndexEntry } from '../../store/image-index.js';
import { makeScratch } from '../../store/scratch.js';
import type { PushedImage, PushOptions, PushReport } from '../contract.js';
import { passLayerEvent } from '../layer-event.js';
import type { ImageContext } from './context.js';
import { readImages, readManifest, referenceOf } from './stored-image.js';
import { refuseHostName } from './tag.js';

/** @throws ERR_INVALID_REFERENCE, ERR_IMAGE_NOT_FOUND, ERR_STORE_CORRUPT, ERR_REGISTRY_* */
export const pushImages = async (context: ImageContext, name: string, options: PushOptions): Promise<PushReport> => {
  refuseHostName(name);
  const given = parseReference(name);
  if (given.digest !== undefined)
    throw sampanError('ERR_INVALID_REFERENCE', {
      subject: name,
      hint: 'push a tag: a digest follows from the content',
    });
  if (options.allTags !== true) {
    const image = await pushReference(context, withDefaultTag(given), options);
    return { reference: image.reference, images: [image] };
  }
  if (given.tag !== undefined) throw sampanError('ERR_ARGUMENTS', { subject: "tag can't be used with --all-tags/-a" });
  const tags = context.index.read().flatMap((entry) => {
    const reference = referenceOf(entry);
    return reference?.tag !== undefined && repositoryOf(reference) === repositoryOf(given) ? [reference] : [];
  });
  if (tags.length === 0) throw notFound(formatReference(given));
  const images: PushedImage[] = [];
  for (const reference of tags) images.push(await pushReference(context, reference, options));
  return { reference: formatReference(given), images };
};

const notFound = (name: string): Error =>
  sampanError('ERR_IMAGE_NOT_FOUND', {
    subject: name,
    hint: `give an image this name first: 'sampan tag IMAGE ${name}'`,
  });

const pushReference = async (
  context: ImageContext,
  reference: Reference,
  { onEvent, signal }: PushOptions,
): Promise<PushedImage> => {
  const name = formatReference(reference);
  const entry = context.index.read().find((candidate) => candidate.reference === name);
  if (entry === undefined) throw notFound(name);
  onEvent?.({ kind: 'pushing', reference: name });
  const scratch = makeScratch(context.paths);
  try {
    const root = rootOf(context, entry);
    const held = holdBlobs(context, root, scratch);
    const { pushImage } = await import('../../registry/push.js');
    const digest = await pushImage({
      ...{ reference, root, signal },
      access: await context.openRegistries(),
      source: sourceOf(context, held),
      knownAs: namesByLayer(context),
      onEvent: (event) => passLayerEvent(event, onEvent),
    });
    const pushed = { reference: name, digest, sizeBytes: root.bytes.byteLength };
    onEvent?.({ kind: 'pushed', image: pushed });
    return pushed;
  } finally {
    await context.removeTree(scratch);
  }
};

/** The index when all of it is here; else the one manifest that is, which is what a pull brings. */
const rootOf = (context: ImageContext, entry: IndexEntry): Document => {
  if (isWhole(context, entry.descriptor)) return documentOf(context, entry.descriptor);
  const { manifest, manifestDigest } = readManifest(context.content, entry);
  return documentOf(context, { digest: manifestDigest, mediaType: manifest.mediaType });
};

const isWhole = (context: ImageContext, descriptor: Descriptor): boolean => {
  if (context.content.sizeOf(descriptor.digest) === undefined) return false;
  const document = parse(context, descriptor);
  return document.kind === 'manifest' || document.index.manifests.every((child) => isWhole(context, child));
};

const documentOf = ({ content }: ImageContext, { digest, mediaType }: Pick<Descriptor, 'digest' | 'mediaType'>) => {
  const bytes = content.read(digest, largestManifestBytes);
  if (bytes === undefined) throw missing(digest);
  return { bytes, mediaType };
};

const parse = (context: ImageContext, descriptor: Descriptor) => {
  const { bytes, mediaType } = documentOf(context, descriptor);
  return parseDocument(bytes, mediaType, `manifest ${descriptor.digest}`);
};

/** Second names for everything that goes over: another command may remove the image meanwhile. */
const holdBlobs = (context: ImageContext, root: Document, scratch: string): ReadonlyMap<Digest, StagedBlob> => {
  const held = new Map<Digest, StagedBlob>();
  const holdDocument = (document: Document): void => {
    const parsed = parseDocument(document.bytes, document.mediaType, 'the manifest');
    if (parsed.kind === 'index') {
      for (const child of parsed.index.manifests) holdDocument(documentOf(context, child));
      return;
    }
    for (const { digest, size } of [parsed.manifest.config, ...parsed.manifest.layers]) {
      const blob = context.content.hold({ digest, size }, scratch);
      if (blob === undefined) throw missing(digest);
      held.set(digest, blob);
    }
  };
  holdDocument(root);
  return held;
};

const readChunkBytes = 1024 * 1024;

const sourceOf = (context: ImageContext, held: ReadonlyMap<Digest, StagedBlob>): TransferSource => ({
  open: ({ digest }, offset) => {
    const path = held.get(digest)?.path;
    if (path === undefined) throw missing(digest);
    return createReadStream(path, { start: offset, highWaterMark: readChunkBytes });
  },
  readDocument: (descriptor) => Promise.resolve(documentOf(context, descriptor).bytes),
});

/** Repositories that may have a layer already: those of the names of other images that have it. */
const namesByLayer = (context: ImageContext): ((digest: Digest) => readonly Reference[]) => {
  const names = new Map<Digest, readonly Reference[]>();
  for (const { manifest, references } of readImages(context).images) {
    for (const { digest } of manifest.layers) names.set(digest, [...(names.get(digest) ?? []), ...references]);
  }
  return (digest) => names.get(digest) ?? [];
};

const missing = (digest: Digest): Error =>
  sampanError('ERR_STORE_CORRUPT', {
    subject: `blob ${digest} is missing`,
    hint: 'remove the image and pull it again',
  });
