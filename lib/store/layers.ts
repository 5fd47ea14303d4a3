// SPDX-License-Identifier: Apache-2.0
// Unpacked layers: layers/<hex of chain id>/diff is an overlay lower directory, complete when layer.json is beside it.
//
// How this works: a layer is unpacked in scratch space, by a function that is given (it needs a user namespace, which
// is not this folder's business), while the digest of its plain tar is computed. It gets its layer.json and is renamed
// into place under the store lock. Layers do not depend on each other on disk: all of them can be unpacked at once.

import { createHash, randomBytes } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrno, sampanError } from '../errors/sampan-error.js';
import { digestOfHex, hexOf, type Digest } from '../image/digest.js';
import { namesIn } from '../util/names-in.js';
import { readJson, writeJsonAtomic } from './atomic.js';
import type { Decompressed } from './decompress.js';
import { makeOwnedDirectory, makePassage, type Owner } from './owned-directory.js';
import type { Paths } from './paths.js';
import { moveToScratch, type RemoveTree } from './scratch.js';

export interface LayerRecord extends LayerUsage {
  readonly schema: 1;
  readonly chainId: Digest;
  readonly diffId: Digest;
  readonly parent?: Digest;
  readonly createdAt: string;
}

/** Where the plain tar comes from. A file is handed over as it is, without a byte passing through this process. */
export type TarInput =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'stream'; readonly chunks: AsyncIterable<Uint8Array> };

export interface LayerUsage {
  /** as tree_usage counts: blocks, hard links once */
  readonly sizeBytes: number;
  readonly inodes: number;
}

export interface Unpacker {
  /** Unpacks into an empty directory. Reads a stream to its end. */
  unpack(input: TarInput, directory: string, signal?: AbortSignal): Promise<LayerUsage>;
  /**
   * The same with a gzip stream, of which it finds out the diff id; undefined, and reads nothing, where that is not
   * possible. Damage is EBADMSG.
   */
  unpackGzip?(
    content: AsyncIterable<Uint8Array>,
    directory: string,
    signal?: AbortSignal,
  ): Promise<(LayerUsage & { readonly diffId: Digest }) | undefined>;
  /** who writes into the directory: the containers' root, for uid 0 another user than this one */
  owner(): Owner;
}

export interface LayerRequest {
  /** what the layer comes from: a file of the store or of scratch space, or content that is on its way */
  readonly blob:
    | { readonly digest: Digest; readonly path: string }
    | { readonly digest: Digest; readonly content: AsyncIterable<Uint8Array> };
  readonly parent: Digest | undefined;
  /** undefined: not known yet, as for a root file system that is imported */
  readonly expected: { readonly diffId: Digest; readonly chainId: Digest } | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An unpacked layer that nobody sees yet. */
export interface PreparedLayer {
  readonly record: LayerRecord;
  readonly directory: string;
}

export interface LayerStore {
  /** undefined when there is no (whole) layer of this chain id */
  find(chainId: Digest): LayerRecord | undefined;
  diffDirectory(chainId: Digest): string;
  /** Unpacks into `scratch`. @throws ERR_DIGEST_MISMATCH and what unpacking throws */
  prepare(request: LayerRequest, scratch: string): Promise<PreparedLayer>;
  /** Reads content to its end: it must be what a layer of this diff id is packed from. @throws ERR_DIGEST_MISMATCH */
  verify(blob: {
    readonly digest: Digest;
    readonly content: AsyncIterable<Uint8Array>;
    readonly diffId: Digest;
  }): Promise<void>;
  /** Puts a prepared layer in its place; the store lock is held. */
  publish(layer: PreparedLayer): void;
  list(): readonly Digest[];
  /** Takes layers out of their places; the store lock is held. What it returns is to be removed after the lock. */
  takeOut(chainIds: readonly Digest[]): readonly string[];
}

export const openLayerStore = (paths: Paths, unpacker: Unpacker): LayerStore => {
  const pathOf = (chainId: Digest): string => join(paths.layers, hexOf(chainId));
  const find = (chainId: Digest): LayerRecord | undefined => readRecord(join(pathOf(chainId), 'layer.json'));
  return {
    find,
    diffDirectory: (chainId) => join(pathOf(chainId), 'diff'),
    prepare: (request, scratch) => prepareLayer(unpacker, request, scratch),
    verify: async ({ digest, content, diffId }) => {
      const reader: Unpacker = {
        ...unpacker,
        unpack: async (input) => {
          if (input.kind === 'stream') for await (const _ of input.chunks);
          return { sizeBytes: 0, inodes: 0 };
        },
        unpackGzip: () => Promise.resolve(undefined),
      };
      await unpackContent({ unpacker: reader, digest, expected: diffId, target: '', signal: undefined }, content);
    },
    publish: ({ record, directory }) => {
      // Another command may have unpacked it meanwhile; ours stays in scratch and goes with it.
      if (find(record.chainId) !== undefined) return;
      moveToScratch(paths, pathOf(record.chainId));
      renameSync(directory, pathOf(record.chainId));
    },
    list: () => listLayers(paths.layers),
    takeOut: (chainIds) => chainIds.flatMap((chainId) => moveToScratch(paths, pathOf(chainId)) ?? []),
  };
};

/** Removes what takeOut() returned; what a killed command leaves of it is swept from scratch space. */
export const removeAll = async (directories: readonly string[], removeTree: RemoveTree): Promise<void> => {
  for (const directory of directories) await removeTree(directory);
};

const prepareLayer = async (unpacker: Unpacker, request: LayerRequest, scratch: string): Promise<PreparedLayer> => {
  const { expected, parent } = request;
  // a layer may be tried again after a failure
  const directory = join(scratch, `layer-${randomBytes(8).toString('hex')}`);
  makePassage(directory, unpacker.owner().gid);
  const target = join(directory, 'diff');
  makeOwnedDirectory(target, 0o755, unpacker.owner());
  const { diffId, sizeBytes, inodes } = await unpackVerified(unpacker, request, target);
  const chainId = expected?.chainId ?? diffId;
  const record: LayerRecord = {
    schema: 1,
    chainId,
    diffId,
    ...(parent === undefined ? {} : { parent }),
    sizeBytes,
    inodes,
    createdAt: new Date().toISOString(),
  };
  writeJsonAtomic(join(directory, 'layer.json'), record, { durable: false });
  return { record, directory };
};

interface Unpacked extends LayerUsage {
  readonly diffId: Digest;
}

const readChunkBytes = 1024 * 1024;

const unpackVerified = (
  unpacker: Unpacker,
  { blob, expected, signal }: LayerRequest,
  target: string,
): Promise<Unpacked> => {
  const work: UnpackWork = { unpacker, target, signal, digest: blob.digest, expected: expected?.diffId };
  return 'path' in blob ? unpackFile(work, blob.path) : unpackContent(work, blob.content);
};

interface UnpackWork {
  readonly unpacker: Unpacker;
  readonly target: string;
  readonly signal: AbortSignal | undefined;
  /** of the blob */
  readonly digest: Digest;
  /** the diff id it must turn out to have */
  readonly expected: Digest | undefined;
}

const unpackFile = async (work: UnpackWork, path: string): Promise<Unpacked> => {
  const { unpacker, target, signal, digest, expected } = work;
  // Loaded with its libraries only here: most commands unpack nothing.
  const { compressionOf, longestMagic } = await import('./decompress.js');
  // The digest of a plain blob, computed when it was staged, is its diff id.
  const isPlain = digest === expected || compressionOf(readHead(path, longestMagic), `layer ${digest}`) === 'none';
  if (!isPlain) return unpackContent(work, createReadStream(path, { highWaterMark: readChunkBytes }));
  requireDiffId(digest, digest, expected);
  return { diffId: digest, ...(await unpacker.unpack({ kind: 'file', path }, target, signal)) };
};

const unpackContent = async (work: UnpackWork, source: AsyncIterable<Uint8Array>): Promise<Unpacked> => {
  const { digest, expected } = work;
  const { sniff } = await import('./decompress.js');
  const content = await sniff(source, `layer ${digest}`);
  // a plain blob is proved by its own digest
  if (content.compression === 'none') requireDiffId(digest, digest, expected);
  const unpacked = (await unpackNatively(work, content)) ?? (await unpackHere(work, content));
  requireDiffId(digest, unpacked.diffId, expected);
  return unpacked;
};

const unpackNatively = async (
  { unpacker, target, signal, digest }: UnpackWork,
  { compression, content }: Decompressed,
): Promise<Unpacked | undefined> => {
  if (compression !== 'gzip') return undefined;
  try {
    return await unpacker.unpackGzip?.(content, target, signal);
  } catch (error) {
    if (!hasErrno(error, 'EBADMSG')) throw error;
    const { damagedData } = await import('./decompress.js');
    throw damagedData(`layer ${digest}`, 'gzip', error);
  }
};

const unpackHere = async (
  { unpacker, target, signal, digest }: UnpackWork,
  content: Decompressed,
): Promise<Unpacked> => {
  if (content.compression === 'none')
    return { diffId: digest, ...(await unpacker.unpack({ kind: 'stream', chunks: content.content }, target, signal)) };
  const { plainOf } = await import('./decompress.js');
  const hash = createHash('sha256');
  const chunks = hashed(plainOf(content, `layer ${digest}`), hash);
  const usage = await unpacker.unpack({ kind: 'stream', chunks }, target, signal);
  return { diffId: digestOfHex(hash.digest('hex')), ...usage };
};

const readHead = (path: string, bytes: number): Buffer => {
  const fd = openSync(path, 'r');
  try {
    const head = Buffer.alloc(bytes);
    return head.subarray(0, readSync(fd, head));
  } finally {
    closeSync(fd);
  }
};

async function* hashed(
  content: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    hash.update(chunk);
    yield chunk;
  }
}

const requireDiffId = (blob: Digest, found: Digest, expected: Digest | undefined): void => {
  if (expected === undefined || found === expected) return;
  throw sampanError('ERR_DIGEST_MISMATCH', {
    subject: `layer ${blob} unpacks to ${found}, the image's config says ${expected}`,
  });
};

const readRecord = (path: string): LayerRecord | undefined => {
  try {
    const record = readJson(path) as LayerRecord | undefined; // our own file, whole or not at all
    return record?.schema === 1 ? record : undefined;
  } catch (error) {
    // Torn by a power cut: the layer is unpacked again.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

const listLayers = (directory: string): readonly Digest[] =>
  namesIn(directory)
    .filter(
      (name) =>
        /^[0-9a-f]{64}$/.test(name) &&
        statSync(join(directory, name), { throwIfNoEntry: false })?.isDirectory() === true,
    )
    .map(digestOfHex);
