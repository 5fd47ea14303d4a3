// SPDX-License-Identifier: Apache-2.0
// Writes a stream to a file while its sha256 is computed: the one place where content enters the store.

import { createHash, randomBytes } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasErrno, sampanError } from '../errors/sampan-error.js';
import { digestOfHex, type Digest } from '../image/digest.js';
import { removeIfThere } from './atomic.js';
import type { StagedBlob } from './content-store.js';

export interface StageOptions {
  /** what it must turn out to be */
  readonly expected?: { readonly digest: Digest; readonly size: number };
  /** for messages */
  readonly what: string;
}

/** @throws ERR_DIGEST_MISMATCH, ERR_NO_SPACE, and what the source throws; nothing is left behind then */
export const stageBlob = async (
  directory: string,
  source: AsyncIterable<Uint8Array>,
  options: StageOptions,
): Promise<StagedBlob> => {
  const { what } = options;
  const path = join(directory, `blob-${randomBytes(8).toString('hex')}`);
  const file = await open(path, 'wx', 0o600);
  try {
    const { digest, size } = await copyAndHash(file, source, options);
    verify({ digest, size }, options);
    return { digest, size, path };
  } catch (error) {
    removeIfThere(path);
    if (hasErrno(error, 'ENOSPC', 'EDQUOT'))
      throw sampanError('ERR_NO_SPACE', { subject: `${what} does not fit below ${dirname(directory)}` });
    throw error;
  } finally {
    await file.close();
  }
};

/** Chunks of a pipe are small: they are gathered, so that a write is worth its trip to the thread pool. */
const gatherBytes = 1024 * 1024;

const copyAndHash = async (
  file: FileHandle,
  source: AsyncIterable<Uint8Array>,
  { expected, what }: StageOptions,
): Promise<{ readonly digest: Digest; readonly size: number }> => {
  const hash = createHash('sha256');
  let size = 0;
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  let writing = Promise.resolve();
  const flush = async (): Promise<void> => {
    await writing;
    writing = writeAll(file, gathered, gatheredBytes);
    // awaited before the next write and at the end; until then a failure must not count as unhandled
    writing.catch(() => undefined);
    gathered = [];
    gatheredBytes = 0;
  };
  for await (const chunk of source) {
    hash.update(chunk);
    size += chunk.byteLength;
    if (expected !== undefined && size > expected.size) throw tooLong(what, expected.size);
    gathered.push(chunk);
    gatheredBytes += chunk.byteLength;
    if (gatheredBytes >= gatherBytes) await flush();
  }
  await flush();
  await writing;
  return { digest: digestOfHex(hash.digest('hex')), size };
};

/** writev(2) may write less than it was given. */
const writeAll = async (file: FileHandle, chunks: readonly Uint8Array[], bytes: number): Promise<void> => {
  if (bytes === 0) return;
  const { bytesWritten } = await file.writev(chunks);
  if (bytesWritten === bytes) return;
  await file.writeFile(Buffer.concat(chunks).subarray(bytesWritten));
};

const verify = (found: { readonly digest: Digest; readonly size: number }, { expected, what }: StageOptions): void => {
  if (expected === undefined || (found.digest === expected.digest && found.size === expected.size)) return;
  if (found.size < expected.size) {
    throw sampanError('ERR_DIGEST_MISMATCH', {
      subject: `${what} ends after ${String(found.size)} of ${String(expected.size)} bytes`,
    });
  }
  throw sampanError('ERR_DIGEST_MISMATCH', { subject: `${what} is ${found.digest}, expected ${expected.digest}` });
};

const tooLong = (what: string, size: number): Error =>
  sampanError('ERR_DIGEST_MISMATCH', { subject: `${what} is longer than its ${String(size)} bytes` });
