// SPDX-License-Identifier: Apache-2.0
// Blobs of the content store to be read from beginning to end, long after the store lock was let go: an open file stays
// readable when a removal takes its name away meanwhile. What is read is compared with the digest.

import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { hasErrno, sampanError } from '../errors/sampan-error.js';
import { digestOfHex, type Digest } from '../image/digest.js';
import type { ContentStore } from './content-store.js';

export interface BlobSource extends AsyncDisposable {
  readonly digest: Digest;
  readonly size: number;
  /** once; fails with ERR_STORE_CORRUPT after the last byte when they were not the right ones */
  read(): AsyncGenerator<Uint8Array>;
}

/** @throws ERR_STORE_CORRUPT when there is no such blob or it has another size */
export const openBlob = async (
  content: ContentStore,
  { digest, size }: { readonly digest: Digest; readonly size: number },
): Promise<BlobSource> => {
  const file = await openFile(content, digest);
  const actual = (await file.stat()).size;
  if (actual !== size) {
    await file.close();
    throw corrupt(digest, `has ${String(actual)} bytes, its manifest says ${String(size)}`);
  }
  return { digest, size, read: () => readVerified(file, digest), [Symbol.asyncDispose]: () => file.close() };
};

const openFile = async (content: ContentStore, digest: Digest): Promise<FileHandle> => {
  try {
    return await open(content.find(digest) ?? throwMissing(digest), 'r');
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) throwMissing(digest);
    if (!hasErrno(error, 'EMFILE')) throw error;
    throw sampanError('ERR_HOST', {
      subject: 'too many files are open at once',
      hint: "save fewer images at a time, or raise the limit with 'ulimit -n'",
      cause: error,
    });
  }
};

const chunkBytes = 1024 * 1024;

/** The next chunk is read while this one is hashed here and written elsewhere. */
async function* readVerified(file: FileHandle, digest: Digest): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  let position = 0;
  const readNext = (): Promise<Uint8Array> => {
    const next = readAt(file, position);
    // awaited below, or the reader has left
    next.catch(() => undefined);
    return next;
  };
  let next = readNext();
  for (;;) {
    const chunk = await next;
    if (chunk.byteLength === 0) break;
    position += chunk.byteLength;
    next = readNext();
    hash.update(chunk);
    yield chunk;
  }
  const found = digestOfHex(hash.digest('hex'));
  if (found !== digest) throw corrupt(digest, `is ${found}`);
}

const readAt = async (file: FileHandle, position: number): Promise<Uint8Array> => {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, position);
  return buffer.subarray(0, bytesRead);
};

const throwMissing = (digest: Digest): never => {
  throw corrupt(digest, 'is missing');
};

const corrupt = (digest: Digest, problem: string): Error =>
  sampanError('ERR_STORE_CORRUPT', {
    subject: `blob ${digest} ${problem}`,
    hint: 'remove the image and load or pull it again',
  });
