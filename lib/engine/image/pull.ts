// SPDX-License-Identifier: Apache-2.0
// `pull`: an image of a registry becomes one of ours.
//
// How this works: the documents say what the image is made of; its layers come side by side into scratch space, each
// unpacked while it is downloaded (pull-sink.ts); then everything is put in place under the store lock, which is not
// held before. What a killed or cut pull leaves is in downloads/, and the next one goes on from there. A pull of an
// image that another command is pulling waits for it, and finds everything there.

import { hasErrno, isSampanError, sampanError } from '../../errors/sampan-error.js';
import { largestConfigBytes } from '../../image/config.js';
import type { Digest } from '../../image/digest.js';
import { hostPlatform, parsePlatform, type Platform } from '../../image/platform.js';
import { formatReference, parseReference, withDefaultTag, type Reference } from '../../image/reference.js';
import type { RegistryEvent } from '../../registry/contract.js';
import type { RegistryAccess } from '../../registry/open.js';
import type { PulledImage as RegistryImage } from '../../registry/pull.js';
import { stageBytes } from '../../store/content-store.js';
import { openDownloads, type Downloads } from '../../store/downloads.js';
import type { Lock } from '../../store/locks.js';
import { makeScratch } from '../../store/scratch.js';
import type { OnTransfer, PullOptions, PullReport, PulledImage } from '../contract.js';
import { passLayerEvent } from '../layer-event.js';
import { commitImages } from './commit.js';
import type { ImageContext } from './context.js';
import { noSpaceHint, openPullSink, withPlace, type PullSink } from './pull-sink.js';
import { refuseHostName } from './tag.js';

const weekMs = 7 * 24 * 3600 * 1000;

/** @throws ERR_INVALID_REFERENCE, ERR_REGISTRY_*, ERR_IMAGE_*, ERR_DIGEST_MISMATCH, ERR_ARCHIVE_INVALID, ERR_NO_SPACE */
export const pullImages = async (context: ImageContext, name: string, options: PullOptions): Promise<PullReport> => {
  refuseHostName(name);
  // What can be wrong with the words is found before anybody is asked.
  const platform = options.platform === undefined ? hostPlatform(process.arch) : parsePlatform(options.platform);
  const given = parseReference(name);
  if (options.allTags === true && (given.tag !== undefined || given.digest !== undefined))
    throw sampanError('ERR_ARGUMENTS', { subject: "tag can't be used with --all-tags/-a" });
  const access = await context.openRegistries();
  const downloads = openDownloads(context.paths, context.locks);
  downloads.sweep(weekMs);
  const work: PullWork = { context, access, downloads, platform, options };
  return firstThatHasIt(access.registries.expandShortName(name), async (candidate) => {
    const reference = parseReference(candidate);
    return options.allTags === true ? pullAllTags(work, reference) : pullOne(work, withDefaultTag(reference));
  });
};

interface PullWork {
  readonly context: ImageContext;
  readonly access: RegistryAccess;
  readonly downloads: Downloads;
  readonly platform: Platform;
  readonly options: PullOptions;
}

/** A short name may stand for several full ones; the last one's failure counts. */
const firstThatHasIt = async <T>(names: readonly string[], pull: (name: string) => Promise<T>): Promise<T> => {
  for (const [index, name] of names.entries()) {
    try {
      return await pull(name);
    } catch (error) {
      if (index === names.length - 1 || !isSampanError(error) || !error.code.startsWith('ERR_REGISTRY_')) throw error;
    }
  }
  throw sampanError('ERR_INTERNAL', { subject: 'no name to pull' });
};

const pullOne = async (work: PullWork, reference: Reference): Promise<PullReport> => {
  const image = await pullReference(work, reference);
  return { reference: image.reference, images: [image] };
};

const pullAllTags = async (work: PullWork, repository: Reference): Promise<PullReport> => {
  const { registry, path } = work.access.registries.primaryOf(repository);
  const tags: string[] = [];
  for await (const tag of work.access.client(registry, path).listTags(path, work.options.signal)) tags.push(tag);
  const images: PulledImage[] = [];
  for (const tag of tags)
    images.push(await pullReference(work, parseReference(`${formatReference(repository)}:${tag}`)));
  return { reference: formatReference(repository), images };
};

const pullReference = async (work: PullWork, wanted: Reference): Promise<PulledImage> => {
  const { context, access, downloads, platform, options } = work;
  const { signal, onEvent } = options;
  // With a digest the tag says nothing: neither the registry nor the store is asked for it.
  const { tag: _, ...untagged } = wanted;
  const reference = wanted.digest === undefined ? wanted : untagged;
  const scratch = makeScratch(context.paths);
  const what = formatReference(reference);
  let imageLock: Lock | undefined;
  let layers: readonly Digest[] = [];
  try {
    const sink = openPullSink({ what, context, downloads, scratch, largestDocumentBytes: largestConfigBytes, signal });
    const { pullImage } = await import('../../registry/pull.js');
    const image = await pullImage({
      ...{ access, reference, platform, sink, signal },
      onEvent: tellEvents(formatReference(reference), onEvent),
      onImage: async (parts) => {
        imageLock?.[Symbol.dispose]();
        const onWait = (): void => onEvent?.({ kind: 'waiting', reference: formatReference(reference) });
        imageLock = await downloads.lockImage(manifestDigestOf(parts), { signal, onWait });
        layers = parts.manifest.layers.map(({ digest }) => digest);
        sink.expect(parts);
      },
    });
    signal?.throwIfAborted();
    const pulled = await keep(work, { image, reference, sink, scratch });
    onEvent?.({ kind: 'pulled', image: pulled });
    return pulled;
  } catch (error) {
    // of a full disk the room is needed now; after everything else the next pull goes on
    const isFull = hasErrno(error, 'ENOSPC', 'EDQUOT');
    if (isFull || isSampanError(error, 'ERR_NO_SPACE')) for (const digest of layers) downloads.forget(digest);
    if (isSampanError(error, 'ERR_NO_SPACE') && !error.subject.startsWith(what)) throw withPlace(error, what);
    if (!isFull) throw error;
    throw sampanError('ERR_NO_SPACE', {
      subject: `${what} does not fit below ${context.paths.dataRoot}`,
      hint: noSpaceHint,
    });
  } finally {
    imageLock?.[Symbol.dispose]();
    await context.removeTree(scratch);
  }
};

const manifestDigestOf = ({ documents }: RegistryImage) => (documents.at(-1) ?? documents[0]).digest;

interface Arrived {
  readonly image: RegistryImage;
  readonly reference: Reference;
  readonly sink: PullSink;
  readonly scratch: string;
}

const keep = async (
  { context, downloads }: PullWork,
  { image, reference, sink, scratch }: Arrived,
): Promise<PulledImage> => {
  const { blobs, layers, isChanged } = await sink.finish(image);
  const [{ digest, mediaType, bytes }] = image.documents;
  const name = formatReference(reference);
  const id = image.manifest.config.digest;
  const isKnown = context.index.read().some((entry) => entry.reference === name && entry.descriptor.digest === digest);
  const isNew = isChanged || !isKnown;
  if (isNew) {
    const documents = image.documents.map((document) => stageBytes(scratch, document.bytes));
    const config = stageBytes(scratch, image.configBytes);
    await commitImages(context, {
      blobs: [...blobs, config, ...documents],
      layers,
      images: [{ id, descriptor: { mediaType, digest, size: bytes.byteLength }, references: [name] }],
    });
  }
  for (const layer of image.manifest.layers) downloads.forget(layer.digest);
  return { reference: name, digest, id, isNew };
};

/** `pulling` once, however many mirrors are tried. */
const tellEvents = (reference: string, onEvent: OnTransfer = () => undefined): ((event: RegistryEvent) => void) => {
  let isResolved = false;
  return (event) => {
    if (event.kind === 'resolved') {
      if (!isResolved) onEvent({ kind: 'pulling', reference });
      isResolved = true;
      return;
    }
    passLayerEvent(event, onEvent);
  };
};
