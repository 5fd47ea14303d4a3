// SPDX-License-Identifier: Apache-2.0
// Decompression by what the bytes are, whatever somebody said they were: gzip and zstd; others are named in the error.

import { Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import { sampanError } from '../errors/sampan-error.js';
import type { Compression } from '../image/media-types.js';
import { nodeZstd } from './node-zstd.js';

export interface Decompressed {
  readonly compression: Compression;
  readonly content: AsyncIterable<Uint8Array>;
}

const magics: readonly {
  readonly name: string;
  readonly bytes: readonly number[];
  readonly compression?: Compression;
  readonly tool?: string;
}[] = [
  { name: 'gzip', bytes: [0x1f, 0x8b], compression: 'gzip' },
  { name: 'zstd', bytes: [0x28, 0xb5, 0x2f, 0xfd], compression: 'zstd' },
  { name: 'bzip2', bytes: [0x42, 0x5a, 0x68], tool: 'bzip2' },
  { name: 'xz', bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], tool: 'xz' },
  { name: 'lz4', bytes: [0x04, 0x22, 0x4d, 0x18], tool: 'lz4' },
];

/** compressionOf() needs so many bytes of a file */
export const longestMagic = 6;

/** @throws ERR_NOT_SUPPORTED for a compression that is not ours; damage is ERR_ARCHIVE_INVALID while reading */
export const decompress = async (source: AsyncIterable<Uint8Array>, what: string): Promise<Decompressed> => {
  const { compression, content } = await sniff(source, what);
  return { compression, content: plainContent(content, compression, what) };
};

/** What the content is, and the content as it is. @throws ERR_NOT_SUPPORTED */
export const sniff = async (source: AsyncIterable<Uint8Array>, what: string): Promise<Decompressed> => {
  const { head, whole } = await peek(source, longestMagic);
  return { compression: compressionOf(head, what), content: whole };
};

/** The same for content that was sniffed. */
export const plainOf = ({ compression, content }: Decompressed, what: string): AsyncIterable<Uint8Array> =>
  plainContent(content, compression, what);

/** @throws ERR_NOT_SUPPORTED */
export const compressionOf = (head: Uint8Array, what: string): Compression => {
  const magic = magics.find(({ bytes }) => bytes.every((byte, index) => head[index] === byte));
  if (magic === undefined) return 'none';
  if (magic.compression !== undefined) return magic.compression;
  throw sampanError('ERR_NOT_SUPPORTED', {
    subject: `${what} is compressed with ${magic.name}`,
    hint: `decompress it first: '${magic.tool ?? ''} -dc FILE | sampan ...'`,
  });
};

const plainContent = (
  source: AsyncIterable<Uint8Array>,
  compression: Compression,
  what: string,
): AsyncIterable<Uint8Array> => {
  switch (compression) {
    case 'none':
      return source;
    case 'gzip':
      return guarded(throughZlib(source, createGunzip({ chunkSize: outputChunkBytes })), 'gzip', what);
    case 'zstd': {
      const native = nodeZstd(outputChunkBytes);
      return guarded(native === undefined ? throughFzstd(source) : throughZlib(source, native), 'zstd', what);
    }
  }
};

const outputChunkBytes = 256 * 1024;

const throughZlib = (
  source: AsyncIterable<Uint8Array>,
  transform: NodeJS.ReadWriteStream & Readable,
): AsyncIterable<Uint8Array> => {
  // The error arrives at the reader of the transform too, which is where it is handled.
  pipeline(Readable.from(source, { objectMode: false, highWaterMark: outputChunkBytes }), transform, () => undefined);
  return transform;
};

/** What one slice of input grows to is held in memory at once: four bytes of a hostile frame may stand for 128 KiB. */
const inputSliceBytes = 4096;

async function* throughFzstd(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let ready: Uint8Array[] = [];
  const decoder = new Decompress((chunk) => ready.push(chunk));
  for await (const chunk of source) {
    for (let start = 0; start < chunk.byteLength; start += inputSliceBytes) {
      decoder.push(chunk.subarray(start, start + inputSliceBytes));
      const filled = ready;
      ready = [];
      yield* filled;
    }
  }
  decoder.push(new Uint8Array(0), true);
  yield* ready;
}

/** Tells damage of the compressed data from an error of its source. */
async function* guarded(content: AsyncIterable<Uint8Array>, name: string, what: string): AsyncGenerator<Uint8Array> {
  try {
    yield* content;
  } catch (error) {
    if (!isDamage(error)) throw error;
    throw damagedData(what, name, error);
  }
}

export const damagedData = (what: string, name: string, cause: unknown): Error =>
  sampanError('ERR_ARCHIVE_INVALID', { subject: `${what}: the ${name} data is damaged or cut off`, cause });

/** zlib's codes are Z_DATA_ERROR and the like (and ZSTD_error_...), fzstd's are numbers. */
const isDamage = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  'code' in error &&
  (typeof error.code === 'number' || (typeof error.code === 'string' && /^(?:Z_|ZSTD_)/.test(error.code)));

/** The first bytes, and everything with them. */
const peek = async (
  source: AsyncIterable<Uint8Array>,
  count: number,
): Promise<{ readonly head: Uint8Array; readonly whole: AsyncIterable<Uint8Array> }> => {
  const iterator = source[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  while (length < count) {
    const next = await iterator.next();
    if (next.done === true) break;
    first.push(next.value);
    length += next.value.byteLength;
  }
  return { head: Buffer.concat(first).subarray(0, count), whole: resumed(first, iterator) };
};

async function* resumed(first: readonly Uint8Array[], iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* first;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}
