// SPDX-License-Identifier: Apache-2.0
// Where the content of a pull goes: bytes from the registry are kept and hashed, and at the same time decompressed,
// hashed and unpacked. All of it stays in scratch space until the whole image is there.

import { isSampanError, sampanError } from '../../errors/sampan-error.js';
import { chainIdsOf, type ImageConfig } from '../../image/config.js';
import type { ErrorCode } from '../../errors/table.js';
import type { Descriptor } from '../../image/descriptor.js';
import type { Digest } from '../../image/digest.js';
import type { Manifest } from '../../image/manifest.js';
import type { BlobContent, BlobSink } from '../../registry/contract.js';
import { stageBytes, type StagedBlob } from '../../store/content-store.js';
import type { Download, Downloads, Received } from '../../store/downloads.js';
import type { LayerRequest, PreparedLayer } from '../../store/layers.js';
import type { ImageContext } from './context.js';
import { prepareLayers } from './prepare-layers.js';

export interface ImageParts {
  readonly manifest: Manifest;
  readonly config: Pick<ImageConfig, 'diffIds'>;
}

export interface PullSink extends BlobSink {
  /** Tells what the layers that come are to be, before the first does. */
  expect(image: ImageParts): void;
  /** Unpacks what was there already, and says what is to be published. */
  finish(image: ImageParts): Promise<{
    readonly blobs: readonly StagedBlob[];
    readonly layers: readonly PreparedLayer[];
    /** something came that was not there */
    readonly isChanged: boolean;
  }>;
}

export interface PullSinkInput {
  /** registry and repository, for messages */
  readonly what: string;
  readonly context: ImageContext;
  readonly downloads: Downloads;
  readonly scratch: string;
  readonly largestDocumentBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** What a blob is to become. */
interface Place {
  readonly diffId: Digest;
  readonly chainId: Digest;
  readonly parent: Digest | undefined;
}

interface State extends PullSinkInput {
  readonly blobs: Map<Digest, StagedBlob>;
  readonly layers: Map<Digest, PreparedLayer>;
  readonly places: Map<Digest, Place>;
}

export const openPullSink = (input: PullSinkInput): PullSink => {
  const state: State = { ...input, blobs: new Map(), layers: new Map(), places: new Map() };
  const { context, scratch, blobs, layers } = state;
  let received = 0;
  return {
    has: (descriptor) => isThere(state, descriptor),
    read: ({ digest }) => context.content.read(digest, input.largestDocumentBytes),
    stage: async (descriptor, content) => {
      received++;
      // the config comes before anybody knows of layers
      if (!state.places.has(descriptor.digest)) return stageDocument(state, content);
      try {
        return await stageLayer(state, descriptor, content);
      } catch (error) {
        throw withPlace(error, `${input.what}: unpacking ${descriptor.digest}`);
      }
    },
    expect: (image) => {
      for (const [digest, place] of placesOf(context, image)) state.places.set(digest, place);
    },
    finish: async ({ manifest, config }) => {
      const staged = manifest.layers.flatMap(({ digest }) => blobs.get(digest) ?? []);
      const store = {
        find: (chainId: Digest) => layers.get(chainId)?.record ?? context.layers.find(chainId),
        prepare: (request: LayerRequest, into: string) => context.layers.prepare(request, into),
      };
      const rest = await prepareLayers(store, [{ config, layers: staged }], scratch);
      const all = [...layers.values(), ...rest];
      return { blobs: [...blobs.values()], layers: all, isChanged: received + all.length > 0 };
    },
  };
};

export const noSpaceHint = "'sampan system df' shows what takes space, 'sampan image prune' gives some back";

const unpackingCodes: readonly ErrorCode[] = [
  'ERR_NO_SPACE',
  'ERR_ARCHIVE_INVALID',
  'ERR_LAYER_UNPACK',
  'ERR_DIGEST_MISMATCH',
];

/** Unpacking speaks of files; whose they are is known here. */
export const withPlace = (error: unknown, place: string): unknown => {
  if (!isSampanError(error) || !unpackingCodes.includes(error.code)) return error;
  const { code, subject, op, errno, cause } = error;
  const hint = error.hint ?? (code === 'ERR_NO_SPACE' ? noSpaceHint : undefined);
  return sampanError(code, { subject: `${place}: ${subject}`, hint, op, errno, cause });
};

/** By blob: the first place that is not unpacked yet, else the first. */
const placesOf = (context: ImageContext, { manifest, config }: ImageParts): ReadonlyMap<Digest, Place> => {
  const chainIds = chainIdsOf(config.diffIds);
  const places = new Map<Digest, Place>();
  for (const [index, { digest }] of manifest.layers.entries()) {
    const [chainId, diffId, parent] = [chainIds[index], config.diffIds[index], chainIds[index - 1]];
    if (chainId === undefined || diffId === undefined) continue;
    const known = places.get(digest);
    if (known === undefined || context.layers.find(known.chainId) !== undefined)
      places.set(digest, { chainId, diffId, parent });
  }
  return places;
};

/** Holds what it finds: another command may remove the image that it belongs to meanwhile. */
const isThere = ({ context, scratch, blobs }: State, { digest, size }: Descriptor): boolean => {
  if (blobs.has(digest)) return true;
  const held = context.content.hold({ digest, size }, scratch);
  if (held !== undefined) blobs.set(digest, held);
  return held !== undefined;
};

const stageDocument = async ({ scratch, blobs }: State, content: BlobContent): Promise<Received> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content.from(0)) chunks.push(chunk);
  const staged = stageBytes(scratch, Buffer.concat(chunks));
  blobs.set(staged.digest, staged);
  return staged;
};

const stageLayer = async (state: State, descriptor: Descriptor, content: BlobContent): Promise<Received> => {
  for (;;) {
    using download = await state.downloads.open(descriptor, { signal: state.signal });
    // who had the lock may have brought it
    if (isThere(state, descriptor)) return { digest: descriptor.digest, size: descriptor.size };
    const received = await receiveLayer(state, { descriptor, content, download });
    if (received !== undefined) return received;
  }
};

interface LayerOnItsWay {
  readonly descriptor: Descriptor;
  readonly content: BlobContent;
  readonly download: Download;
}

/** undefined: what an earlier try had left was wrong, and is gone. */
const receiveLayer = async (state: State, layer: LayerOnItsWay): Promise<Received | undefined> => {
  const { descriptor, download } = layer;
  const source = openSource(layer);
  try {
    const prepared = await unpackWhileReading(state, descriptor, source.content);
    await source.drain();
    const received = download.received();
    if (received.digest === descriptor.digest && received.size === descriptor.size) {
      state.blobs.set(descriptor.digest, download.keepIn(state.scratch));
      if (prepared !== undefined) state.layers.set(prepared.record.chainId, prepared);
      return received;
    }
    download.discard();
    return download.size > 0 ? undefined : received;
  } catch (error) {
    // what was cut goes on another time
    if (source.hasFailed() || state.signal?.aborted === true) throw error;
    return await afterBadContent(layer, source, error);
  } finally {
    await source.close();
  }
};

/** Damage that unpacking met: a wrong digest says more about it than what it looked like. */
const afterBadContent = async (
  { descriptor, download }: LayerOnItsWay,
  source: Source,
  error: unknown,
): Promise<Received | undefined> => {
  if (!isSampanError(error, 'ERR_ARCHIVE_INVALID') && !isSampanError(error, 'ERR_DIGEST_MISMATCH')) throw error;
  await source.drain();
  download.discard();
  const received = download.received();
  if (received.digest === descriptor.digest) throw error;
  return download.size > 0 ? undefined : received;
};

const unpackWhileReading = async (
  { context, places, layers, scratch, signal }: State,
  { digest }: Descriptor,
  content: AsyncIterable<Uint8Array>,
): Promise<PreparedLayer | undefined> => {
  const place = places.get(digest);
  if (place === undefined) return undefined;
  const { diffId, chainId, parent } = place;
  if (layers.has(chainId) || context.layers.find(chainId) !== undefined) {
    await context.layers.verify({ digest, content, diffId });
    return undefined;
  }
  return context.layers.prepare({ blob: { digest, content }, parent, expected: { diffId, chainId }, signal }, scratch);
};

interface Source {
  /** may be left in the middle without ending it */
  readonly content: AsyncIterable<Uint8Array>;
  /** Reads what is left. */
  drain(): Promise<void>;
  /** the registry did not bring everything */
  hasFailed(): boolean;
  close(): Promise<void>;
}

const openSource = ({ content, download }: LayerOnItsWay): Source => {
  let failed = false;
  const watched = async function* (offset: number): AsyncGenerator<Uint8Array> {
    try {
      yield* content.from(offset);
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const iterator = download.stream(watched);
  const left: AsyncIterator<Uint8Array> = { next: () => iterator.next() };
  return {
    content: { [Symbol.asyncIterator]: () => left },
    drain: async () => {
      while ((await iterator.next()).done !== true);
    },
    hasFailed: () => failed,
    close: async () => {
      await iterator.return();
    },
  };
};
