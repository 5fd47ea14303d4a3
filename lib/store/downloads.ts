// SPDX-License-Identifier: Apache-2.0
// Blobs on their way into the store: downloads/<hex of the digest> holds what has come so far.
//
// How this works: whoever downloads a blob holds a lock on its file and appends to it; a command that is killed leaves
// the file, and the next one goes on behind it. The digest is computed over everything, also over what was found. A
// verified blob gets a second name in the command's scratch space, which is what is published: nobody writes to it any
// more, and the first name may go or serve another command that wants the same blob.

import { fstatSync, linkSync, lstatSync, read, renameSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hasErrno } from '../errors/sampan-error.js';
import { digestOfHex, hexOf, type Digest } from '../image/digest.js';
import { namesIn } from '../util/names-in.js';
import { removeIfThere } from './atomic.js';
import { diskBytes } from './disk-bytes.js';
import type { StagedBlob } from './content-store.js';
import { openGatheredWriter } from './gathered-writer.js';
import type { FileLock, FileLockOptions, Lock, Locks } from './locks.js';
import { makeDirectories } from './make-directories.js';
import type { Paths } from './paths.js';

export interface Downloads {
  /** Waits while another command downloads this blob. */
  open(blob: ExpectedBlob, options?: FileLockOptions): Promise<Download>;
  /** Held while an image is pulled: who wants the same one waits and finds it there. */
  lockImage(digest: Digest, options?: FileLockOptions): Promise<Lock>;
  /** It is in the store: the name goes, unless somebody is at it. */
  forget(digest: Digest): void;
  /** Removes what nobody has touched for so long, and says what that took on disk. */
  sweep(idleMs: number): number;
}

export interface ExpectedBlob {
  readonly digest: Digest;
  readonly size: number;
}

export interface Received {
  readonly digest: Digest;
  readonly size: number;
}

/** Disposing it lets others go on; what is there stays, unless discard() came before. */
export interface Download extends Disposable {
  /** bytes that earlier tries left */
  readonly size: number;
  /** What is there, then the rest, which is kept as it passes by. */
  stream(rest: (offset: number) => AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void>;
  /** of what stream() has passed on */
  received(): Received;
  /** A second name for what is there, in this directory. */
  keepIn(directory: string): StagedBlob;
  discard(): void;
}

export const openDownloads = (paths: Paths, locks: Locks): Downloads => {
  const at = (name: string): string => {
    makeDirectories(paths.downloads, 0o700);
    return join(paths.downloads, name);
  };
  return {
    open: async (blob, options) => {
      for (;;) {
        const lock = await locks.file(at(hexOf(blob.digest)), options);
        if (isUsable(lock, blob)) return openDownload(lock, blob);
        removeIfThere(lock.path);
        lock[Symbol.dispose]();
      }
    },
    forget: (digest) => {
      using lock = locks.tryFile(at(hexOf(digest)));
      if (lock !== undefined) removeIfThere(lock.path);
    },
    lockImage: async (digest, options) => {
      const lock = await locks.file(at(`${hexOf(digest)}.image`), options);
      return {
        path: lock.path,
        [Symbol.dispose]: () => {
          removeIfThere(lock.path);
          lock[Symbol.dispose]();
        },
      };
    },
    sweep: (idleMs) => sweep(paths.downloads, locks, Date.now() - idleMs),
  };
};

/**
 * A file with a second name is or will be a blob of the store, which nothing may change: also not somebody's descriptor
 * with this digest and another size.
 */
const isUsable = ({ fd }: FileLock, expected: ExpectedBlob): boolean => {
  const { size, nlink } = fstatSync(fd);
  return nlink > 1 ? size === expected.size : size <= expected.size;
};

const openDownload = (lock: FileLock, expected: ExpectedBlob): Download => {
  const { size } = fstatSync(lock.fd);
  const hash = createHash('sha256');
  let passed = 0;
  return {
    size,
    async *stream(rest) {
      for await (const chunk of readFirst(lock.fd, size)) {
        hash.update(chunk);
        passed += chunk.byteLength;
        yield chunk;
      }
      const writer = openGatheredWriter(lock.fd, size);
      try {
        for await (const chunk of rest(size)) {
          hash.update(chunk);
          passed += chunk.byteLength;
          await writer.add(chunk);
          yield chunk;
        }
      } finally {
        // after a cut too: what has come is what the next try builds on
        await writer.flush();
      }
    },
    received: () => ({ digest: digestOfHex(hash.copy().digest('hex')), size: passed }),
    keepIn: (directory) => {
      const path = join(directory, `blob-${hexOf(expected.digest)}`);
      keep(lock.path, path);
      return { ...expected, path };
    },
    discard: () => removeIfThere(lock.path),
    [Symbol.dispose]: () => {
      // one without content is only a name
      if (fstatSync(lock.fd).size === 0) removeIfThere(lock.path);
      lock[Symbol.dispose]();
    },
  };
};

const readAt: (fd: number, buffer: Uint8Array, offset: number, length: number, position: number) => Promise<number> =
  promisify(
    (
      fd: number,
      buffer: Uint8Array,
      offset: number,
      length: number,
      position: number,
      done: (error: Error | null, bytes: number) => void,
    ) => {
      read(fd, buffer, offset, length, position, done);
    },
  );

const readChunkBytes = 1024 * 1024;

async function* readFirst(fd: number, bytes: number): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < bytes;) {
    const buffer = Buffer.allocUnsafe(Math.min(readChunkBytes, bytes - position));
    const length = await readAt(fd, buffer, 0, buffer.byteLength, position);
    if (length === 0) return;
    position += length;
    yield buffer.subarray(0, length);
  }
}

/** Where the file system knows no hard links (link(2), EPERM), the only name goes over. */
const keep = (from: string, to: string): void => {
  try {
    linkSync(from, to);
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return;
    if (!hasErrno(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS')) throw error;
    renameSync(from, to);
  }
};

const sweep = (directory: string, locks: Locks, before: number): number => {
  let bytes = 0;
  for (const name of namesIn(directory)) {
    const path = join(directory, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined || found.mtimeMs > before) continue;
    using lock = locks.tryFile(path);
    if (lock === undefined) continue;
    // with a second name it is a blob of the store too
    if (fstatSync(lock.fd).nlink === 1) bytes += diskBytes(path);
    removeIfThere(path);
  }
  return bytes;
};
