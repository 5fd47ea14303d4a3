// SPDX-License-Identifier: Apache-2.0
// Writes a stream to a file while its sha256 is computed: the one place where content enters the store. What it holds
// can be unpacked from the same bytes as they pass, so that they are read once and what is unpacked is what was hashed.

import { createHash, randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hasErrno, isSampanError, sampanError } from '../errors/sampan-error.js';
import { digestOfHex, type Digest } from '../image/digest.js';
import { removeIfThere } from './atomic.js';
import type { StagedBlob } from './content-store.js';
import { openGatheredWriter } from './gathered-writer.js';

export interface StageOptions {
  /** what it must turn out to be */
  readonly expected?: { readonly digest: Digest; readonly size: number } | undefined;
  /** for messages */
  readonly what: string;
  /** Uses the content as it passes; may leave the rest of it. Nothing that came of it counts when staging fails. */
  readonly use?: ((content: AsyncIterable<Uint8Array>) => Promise<void>) | undefined;
}

/** @throws ERR_DIGEST_MISMATCH, ERR_NO_SPACE, and what the source and `use` throw; nothing is left behind then */
export const stageBlob = async (
  directory: string,
  source: AsyncIterable<Uint8Array>,
  options: StageOptions,
): Promise<StagedBlob> => {
  const { what } = options;
  const path = join(directory, `blob-${randomBytes(8).toString('hex')}`);
  const file = await open(path, 'wx', 0o600);
  try {
    return { ...(await copyAndHash(file.fd, source, options)), path };
  } catch (error) {
    removeIfThere(path);
    if (hasErrno(error, 'ENOSPC', 'EDQUOT'))
      throw sampanError('ERR_NO_SPACE', { subject: `${what} does not fit below ${dirname(directory)}` });
    throw error;
  } finally {
    await file.close();
  }
};

interface Found {
  readonly digest: Digest;
  readonly size: number;
}

const copyAndHash = async (fd: number, source: AsyncIterable<Uint8Array>, options: StageOptions): Promise<Found> => {
  const hash = createHash('sha256');
  let size = 0;
  const kept = async function* (): AsyncGenerator<Uint8Array> {
    const writer = openGatheredWriter(fd, 0);
    for await (const chunk of source) {
      hash.update(chunk);
      size += chunk.byteLength;
      if (options.expected !== undefined && size > options.expected.size) throw tooLong(options);
      await writer.add(chunk);
      yield chunk;
    }
    await writer.flush();
  };
  const content = kept();
  const drain = async (): Promise<Found> => {
    while ((await content.next()).done !== true);
    const found = { digest: digestOfHex(hash.copy().digest('hex')), size };
    verify(found, options);
    return found;
  };
  try {
    await options.use?.(withoutReturn(content));
    return await drain();
  } catch (error) {
    // A wrong digest says more about damage than what the damage looked like.
    if (isDamage(error)) await drain();
    throw error;
  } finally {
    await content.return(undefined);
  }
};

/** Whoever stops reading does not end it for the others. */
const withoutReturn = (content: AsyncGenerator<Uint8Array>): AsyncIterable<Uint8Array> => ({
  [Symbol.asyncIterator]: () => ({ next: () => content.next() }),
});

const isDamage = (error: unknown): boolean =>
  isSampanError(error, 'ERR_ARCHIVE_INVALID') || isSampanError(error, 'ERR_DIGEST_MISMATCH');

const verify = (found: Found, { expected, what }: StageOptions): void => {
  if (expected === undefined || (found.digest === expected.digest && found.size === expected.size)) return;
  if (found.size < expected.size) {
    throw sampanError('ERR_DIGEST_MISMATCH', {
      subject: `${what} ends after ${String(found.size)} of ${String(expected.size)} bytes`,
    });
  }
  throw sampanError('ERR_DIGEST_MISMATCH', { subject: `${what} is ${found.digest}, expected ${expected.digest}` });
};

const tooLong = ({ what, expected }: StageOptions): Error =>
  sampanError('ERR_DIGEST_MISMATCH', { subject: `${what} is longer than its ${String(expected?.size)} bytes` });
