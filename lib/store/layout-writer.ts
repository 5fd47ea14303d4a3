// SPDX-License-Identifier: Apache-2.0
// An image layout outside the data root, as a destination. Its blobs are made in a directory of their own beside them and
// renamed into place when they are verified; the index is replaced under a lock.

import { readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hasErrno, sampanError } from '../errors/sampan-error.js';
import { digestOf, hexOf, type Digest } from '../image/digest.js';
import { isAbandoned, temporaryName } from '../util/temporary-name.js';
import { writeFileAtomic } from './atomic.js';
import type { BlobSource } from './blob-source.js';
import { stageBytes } from './content-store.js';
import type { Locks } from './locks.js';
import { makeDirectories } from './make-directories.js';
import { stageBlob } from './stage-blob.js';
import { lockUserFile } from './user-file.js';

export interface LayoutWriter extends AsyncDisposable {
  has(blob: { readonly digest: Digest; readonly size: number }): boolean;
  add(blob: BlobSource): Promise<void>;
  addDocument(bytes: Uint8Array): Promise<void>;
  /** Changes index.json, of which there may be none yet. */
  publish(change: (index: Uint8Array | undefined) => Uint8Array): Promise<void>;
}

/** Makes the directory when there is none. @throws ERR_INVALID_VALUE */
export const openLayoutWriter = async (locks: Pick<Locks, 'file'>, path: string): Promise<LayoutWriter> => {
  const blobs = join(path, 'blobs/sha256');
  const scratch = temporaryName(blobs);
  const pathOf = (digest: Digest): string => join(blobs, hexOf(digest));
  await telling(path, async () => {
    makeDirectories(blobs);
    for (const name of readdirSync(dirname(blobs)).filter((found) => isAbandoned(blobs, found)))
      rmSync(join(dirname(blobs), name), { recursive: true, force: true });
    makeDirectories(scratch);
  });
  return {
    has: ({ digest, size }) => statSync(pathOf(digest), { throwIfNoEntry: false })?.size === size,
    add: (blob) =>
      telling(path, async () => {
        const staged = await stageBlob(scratch, blob.read(), { expected: blob, what: `blob ${blob.digest}` });
        renameSync(staged.path, pathOf(blob.digest));
      }),
    addDocument: (bytes) =>
      telling(path, async () => renameSync(stageBytes(scratch, bytes).path, pathOf(digestOf(bytes)))),
    publish: (change) =>
      telling(path, async () => {
        const index = join(path, 'index.json');
        using _lock = await lockUserFile(locks, index);
        writeFileAtomic(join(path, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }), { durable: true });
        writeFileAtomic(index, change(readIfThere(index)), { durable: true });
      }),
    [Symbol.asyncDispose]: async () => rmSync(scratch, { recursive: true, force: true }),
  };
};

const readIfThere = (path: string): Uint8Array | undefined => {
  try {
    return readFileSync(path);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
};

/** What the file system refuses is about the directory that was given. */
const telling = async (path: string, work: () => Promise<void>): Promise<void> => {
  try {
    await work();
  } catch (error) {
    if (hasErrno(error, 'ENOSPC', 'EDQUOT')) throw sampanError('ERR_NO_SPACE', { subject: path, cause: error });
    if (!hasErrno(error, 'EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EEXIST', 'ELOOP', 'ENAMETOOLONG'))
      throw error;
    throw sampanError('ERR_INVALID_VALUE', { subject: `oci:${path}`, cause: error });
  }
};
