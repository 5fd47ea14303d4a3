// SPDX-License-Identifier: Apache-2.0
// Blobs of an OCI image layout (image-spec 1.1, image-layout.md), named by their sha256.
//
// How this works: a blob is staged in scratch space while its digest is computed, and renamed into blobs/sha256 once
// everything that belongs to it is there; what is visible is whole and verified. Blobs of layers are not synced to
// disk one by one (a torn one is found by its digest when it is read), the small documents are.

import { linkSync, readFileSync, renameSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrno, sampanError } from '../errors/sampan-error.js';
import { digestOf, digestOfHex, hexOf, type Digest } from '../image/digest.js';
import { namesIn } from '../util/names-in.js';
import { removeIfThere, writeFileAtomic } from './atomic.js';
import { diskBytes } from './disk-bytes.js';
import { makeDirectories } from './make-directories.js';
import type { Paths } from './paths.js';

/** A verified blob that nobody sees yet. */
export interface StagedBlob {
  readonly digest: Digest;
  readonly size: number;
  readonly path: string;
}

export interface ContentStore {
  /** path of a blob, undefined when there is none */
  find(digest: Digest): string | undefined;
  sizeOf(digest: Digest): number | undefined;
  /** Remembers that it was used now, as its time of change: the content of a blob never changes. */
  touch(digest: Digest): void;
  /** when it was used or came, in milliseconds since 1970; 0 when it is not there */
  usedAt(digest: Digest): number;
  /** what it takes on disk; 0 when it is not there */
  diskBytesOf(digest: Digest): number;
  /**
   * A document, checked against its digest; undefined when there is none.
   * @throws ERR_STORE_CORRUPT when it is not what it was
   */
  read(digest: Digest, largestBytes: number): Buffer | undefined;
  /**
   * A second name for a blob in this directory, so that it stays whoever removes the first; undefined when it is not
   * there in this size.
   */
  hold(blob: { readonly digest: Digest; readonly size: number }, directory: string): StagedBlob | undefined;
  /** Makes a staged blob visible; the store lock is held. */
  publish(blob: StagedBlob): void;
  list(): readonly Digest[];
  /** the store lock is held */
  remove(digest: Digest): void;
}

export const openContentStore = (paths: Paths): ContentStore => {
  const directory = join(paths.images, 'blobs', 'sha256');
  const pathOf = (digest: Digest): string => join(directory, hexOf(digest));
  const sizeOf = (digest: Digest): number | undefined => statSync(pathOf(digest), { throwIfNoEntry: false })?.size;
  return {
    find: (digest) => (sizeOf(digest) === undefined ? undefined : pathOf(digest)),
    sizeOf,
    touch: (digest) => {
      touchFile(pathOf(digest));
    },
    usedAt: (digest) => statSync(pathOf(digest), { throwIfNoEntry: false })?.mtimeMs ?? 0,
    diskBytesOf: (digest) => diskBytes(pathOf(digest)),
    read: (digest, largestBytes) => readVerified(pathOf(digest), digest, largestBytes),
    hold: ({ digest, size }, into) =>
      sizeOf(digest) === size ? holdBlob(pathOf(digest), { digest, size }, into) : undefined,
    publish: (blob) => {
      makeDirectories(directory, 0o700);
      // One that is there already may be torn by a power cut: the new one has just been verified.
      renameSync(blob.path, pathOf(blob.digest));
    },
    list: () => listBlobs(directory),
    remove: (digest) => {
      removeIfThere(pathOf(digest));
    },
  };
};

/** Of use for eviction only: no command fails because it cannot be written down. */
const touchFile = (path: string): void => {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'EROFS', 'EPERM', 'EACCES', 'ENOSPC', 'EDQUOT')) throw error;
  }
};

const holdBlob = (
  path: string,
  blob: Pick<StagedBlob, 'digest' | 'size'>,
  directory: string,
): StagedBlob | undefined => {
  const second = join(directory, `blob-${hexOf(blob.digest)}`);
  try {
    linkSync(path, second);
    return { ...blob, path: second };
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return { ...blob, path: second };
    if (hasErrno(error, 'ENOENT')) return undefined;
    // no hard links here, or too many: its first name must do
    if (hasErrno(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS')) return { ...blob, path };
    throw error;
  }
};

/** Stages a document, durably. */
export const stageBytes = (directory: string, content: Uint8Array): StagedBlob => {
  const digest = digestOf(content);
  const path = join(directory, hexOf(digest));
  writeFileAtomic(path, content, { durable: true });
  return { digest, size: content.byteLength, path };
};

const readVerified = (path: string, digest: Digest, largestBytes: number): Buffer | undefined => {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) return undefined;
  if (size > largestBytes) throw corrupt(path, `is larger than ${String(largestBytes)} bytes`);
  const content = readOrUndefined(path);
  if (content !== undefined && digestOf(content) !== digest) throw corrupt(path, 'is not what its name says');
  return content;
};

/** Removed since its size was asked for: as good as never there. */
const readOrUndefined = (path: string): Buffer | undefined => {
  try {
    return readFileSync(path);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    // a bad sector, or something that is no file of ours: as good as torn
    if (hasErrno(error, 'EIO', 'EACCES', 'EISDIR')) throw corrupt(path, 'cannot be read');
    throw error;
  }
};

const listBlobs = (directory: string): readonly Digest[] =>
  namesIn(directory)
    .filter((name) => /^[0-9a-f]{64}$/.test(name))
    .map(digestOfHex);

const corrupt = (path: string, problem: string): Error =>
  sampanError('ERR_STORE_CORRUPT', { subject: `${path} ${problem}`, hint: 'remove the image and load it again' });
