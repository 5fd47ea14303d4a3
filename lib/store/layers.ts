// SPDX-License-Identifier: Apache-2.0
// Unpacked layers: layers/<hex of chain id>/diff is an overlay lower directory, complete when layer.json is beside it.
//
// How this works: a layer is unpacked in scratch space, by a function that is given (it needs a user namespace, which
// is not this folder's business), while the digest of its plain tar is computed. It gets its layer.json and is renamed
// into place under the store lock. Layers do not depend on each other on disk: all of them can be unpacked at once.

import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, readSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrno, sampanError } from '../errors/sampan-error.js';
import { digestOfHex, hexOf, type Digest } from '../image/digest.js';
import { readJson, writeJsonAtomic } from './atomic.js';
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
  unpack(input: TarInput, directory: string): Promise<LayerUsage>;
  /** who writes into the directory: the containers' root, for uid 0 another user than this one */
  owner(): Owner;
}

export interface LayerRequest {
  readonly blob: { readonly digest: Digest; readonly path: string };
  readonly parent: Digest | undefined;
  /** undefined: not known yet, as for a root file system that is imported */
  readonly expected: { readonly diffId: Digest; readonly chainId: Digest } | undefined;
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
  const { blob, expected, parent } = request;
  const directory = join(scratch, `layer-${hexOf(expected?.chainId ?? blob.digest)}`);
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

const unpackVerified = async (
  unpacker: Unpacker,
  { blob, expected }: LayerRequest,
  target: string,
): Promise<Unpacked> => {
  const what = `layer ${blob.digest}`;
  if (expected !== undefined && blob.digest === expected.diffId) {
    // The digest of a plain blob, computed when it was staged, is its diff id.
    return { diffId: blob.digest, ...(await unpacker.unpack({ kind: 'file', path: blob.path }, target)) };
  }
  // Loaded with its libraries only here: most commands unpack nothing.
  const { compressionOf, decompress, longestMagic } = await import('./decompress.js');
  if (compressionOf(readHead(blob.path, longestMagic), what) === 'none') {
    if (expected !== undefined) throw mismatch(what, blob.digest, expected.diffId);
    return { diffId: blob.digest, ...(await unpacker.unpack({ kind: 'file', path: blob.path }, target)) };
  }
  const { content } = await decompress(createReadStream(blob.path, { highWaterMark: readChunkBytes }), what);
  const hash = createHash('sha256');
  const usage = await unpacker.unpack({ kind: 'stream', chunks: hashed(content, hash) }, target);
  const diffId = digestOfHex(hash.digest('hex'));
  if (expected !== undefined && diffId !== expected.diffId) throw mismatch(what, diffId, expected.diffId);
  return { diffId, ...usage };
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

const mismatch = (what: string, found: Digest, expected: Digest): Error =>
  sampanError('ERR_DIGEST_MISMATCH', { subject: `${what} unpacks to ${found}, the image's config says ${expected}` });

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

const listLayers = (directory: string): readonly Digest[] => {
  try {
    return readdirSync(directory)
      .filter(
        (name) =>
          /^[0-9a-f]{64}$/.test(name) &&
          statSync(join(directory, name), { throwIfNoEntry: false })?.isDirectory() === true,
      )
      .map(digestOfHex);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return [];
    throw error;
  }
};
