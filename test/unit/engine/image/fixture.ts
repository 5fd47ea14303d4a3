// SPDX-License-Identifier: Apache-2.0
// A store in a directory of its own, with everything real but the helper: layers are "unpacked" into one file.

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  createReadStream,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ImageContext, ImageUser } from '../../../../lib/engine/image/context.js';
import { loadImages, type Loaded } from '../../../../lib/engine/image/load.js';
import { openContentStore } from '../../../../lib/store/content-store.js';
import { diskBytes } from '../../../../lib/store/disk-bytes.js';
import { openImageIndex } from '../../../../lib/store/image-index.js';
import { openLayerStore, type Unpacker } from '../../../../lib/store/layers.js';
import type { Lock, Locks } from '../../../../lib/store/locks.js';
import type { Paths } from '../../../../lib/store/paths.js';

export interface ImageFixture {
  readonly context: ImageContext;
  /** what the engine tells people */
  readonly notices: string[];
  /** as the settings say */
  readonly limits: { maxStoreBytes?: number };
  /** containers that are said to exist */
  readonly users: ImageUser[];
  load(archive: Uint8Array): Promise<readonly Loaded[]>;
  loadStream(chunks: AsyncIterable<Uint8Array>): Promise<readonly Loaded[]>;
  /** names of what is on disk */
  onDisk(): {
    readonly blobs: readonly string[];
    readonly layers: readonly string[];
    readonly scratch: readonly string[];
  };
  dispose(): void;
}

/** Archives come as `source` says: through something like a pipe, or as files. */
export const openImageFixture = (source: 'stream' | 'file' = 'stream'): ImageFixture => {
  const dataRoot = mkdtempSync(join(tmpdir(), 'sampan-images-'));
  const at = (name: string): string => join(dataRoot, name);
  const paths: Paths = {
    dataRoot,
    runtimeRoot: at('run'),
    containerGid: process.getegid?.() ?? 0,
    images: at('images'),
    layers: at('layers'),
    containers: at('containers'),
    names: at('names'),
    networks: at('networks'),
    locks: at('locks'),
    tmp: at('tmp'),
    downloads: at('downloads'),
  };
  for (const path of [paths.images, paths.layers, paths.tmp]) mkdirSync(path);
  const users: ImageUser[] = [];
  const limits: { maxStoreBytes?: number } = {};
  const notices: string[] = [];
  const never = (): never => {
    throw new Error('not for unit tests');
  };
  const context: ImageContext = {
    paths,
    locks: fakeLocks(),
    native: never,
    idMap: never,
    removeTree: (directory) => rm(directory, { recursive: true, force: true }),
    measureTrees: async (directories) =>
      directories.map((path) => ({ bytes: diskBytes(path) + diskBytes(join(path, 'diff', 'tar')), inodes: 2 })),
    imageUsers: () => users,
    maxStoreBytes: () => limits.maxStoreBytes,
    notice: async (message) => {
      notices.push(message);
    },
    openRegistries: never,
    content: openContentStore(paths),
    layers: openLayerStore(paths, { unpack: unpackToFile, owner: () => ({ uid: 0, gid: 0 }) }),
    index: openImageIndex(paths, never),
  };
  const loadFrom = (archive: Readable) => loadImages(context, archive, { notify: (text) => notices.push(text) });
  const list = (directory: string): readonly string[] => {
    try {
      return readdirSync(directory).sort();
    } catch {
      // not made yet
      return [];
    }
  };
  return {
    context,
    notices,
    users,
    limits,
    load: (archive) =>
      loadFrom(source === 'file' ? openAsFile(dataRoot, archive) : Readable.from([archive], { objectMode: false })),
    loadStream: (chunks) => loadFrom(Readable.from(chunks, { objectMode: false })),
    onDisk: () => ({ blobs: list(at('images/blobs/sha256')), layers: list(paths.layers), scratch: list(paths.tmp) }),
    dispose: () => {
      rmSync(dataRoot, { recursive: true });
    },
  };
};

const openAsFile = (directory: string, archive: Uint8Array): Readable => {
  const path = join(directory, `archive-${randomBytes(8).toString('hex')}`);
  writeFileSync(path, archive);
  return createReadStream(path);
};

/** What the helper would have been given. */
export const unpackedTar = (directory: string): Buffer => readFileSync(join(directory, 'tar'));

const unpackToFile: Unpacker['unpack'] = async (input, directory) => {
  const parts: Uint8Array[] = [];
  if (input.kind === 'file') parts.push(readFileSync(input.path));
  else for await (const chunk of input.chunks) parts.push(chunk);
  const bytes = Buffer.concat(parts);
  writeFileSync(join(directory, 'tar'), bytes);
  return { sizeBytes: bytes.length, inodes: 1 };
};

/** One process needs only order. */
const fakeLocks = (): Locks => {
  let last: Promise<void> = Promise.resolve();
  const take = async (): Promise<Lock> => {
    const before = last;
    let release: () => void = () => undefined;
    last = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    return { path: 'store.lock', [Symbol.dispose]: release };
  };
  const never = (): never => {
    throw new Error('images take the store lock only');
  };
  return {
    ...{ names: never, network: never, container: never, tryContainer: never, create: never },
    store: take,
    file: async (path) => {
      const lock = await take();
      const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
      return {
        path,
        fd,
        [Symbol.dispose]: () => {
          closeSync(fd);
          lock[Symbol.dispose]();
        },
      };
    },
    tryFile: never,
  };
};
