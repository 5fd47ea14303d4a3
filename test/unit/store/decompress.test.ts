// SPDX-License-Identifier: Apache-2.0
import { gzipSync } from 'node:zlib';
import { decompress } from '../../../lib/store/decompress.js';

const text = Buffer.from('the quick brown fox '.repeat(50_000));

/** What the zstd program writes for three lines of hello. */
const zstdFrame = Buffer.from('KLUv/QRoZQAAMGhlbGxvCgEA4UoR7wgS4Q==', 'base64');

const inPieces = async function* (bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield Promise.resolve(bytes.subarray(at, at + size));
};

const collect = async (source: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
};

const read = async (bytes: Uint8Array, pieces = 1000) => {
  const { compression, content } = await decompress(inPieces(bytes, pieces), 'it');
  return { compression, content: await collect(content) };
};

test.each([1, 3, 1000, 1e6])('gzip is recognised and undone, in pieces of %d bytes', async (pieces) => {
  const { compression, content } = await read(gzipSync(text), pieces);
  expect(compression).toBe('gzip');
  expect(content.equals(text)).toBe(true);
});

test('several gzip members are one stream', async () => {
  const { content } = await read(Buffer.concat([gzipSync('a'), gzipSync('b')]));
  expect(content.toString()).toBe('ab');
});

test.each([1, 7, 100])('zstd is recognised and undone, in pieces of %d bytes', async (pieces) => {
  await expect(read(zstdFrame, pieces)).resolves.toEqual({
    compression: 'zstd',
    content: Buffer.from('hello\nhello\nhello\n'),
  });
});

test('several zstd frames are one stream', async () => {
  const { content } = await read(Buffer.concat([zstdFrame, zstdFrame]));
  expect(content.toString()).toBe('hello\n'.repeat(6));
});

test.each([
  ['cut off', zstdFrame.subarray(0, 15)],
  ['damaged', Buffer.concat([zstdFrame.subarray(0, 6), Buffer.alloc(30, 0xff)])],
])('zstd data that is %s is an error of the archive', async (_, bytes) => {
  await expect(read(bytes)).rejects.toMatchObject({ code: 'ERR_ARCHIVE_INVALID' });
});

test('what is not compressed passes as it is', async () => {
  await expect(read(Buffer.from('plain text'))).resolves.toEqual({
    compression: 'none',
    content: Buffer.from('plain text'),
  });
  await expect(read(Buffer.alloc(0))).resolves.toEqual({ compression: 'none', content: Buffer.alloc(0) });
  await expect(read(Buffer.from('x'))).resolves.toEqual({ compression: 'none', content: Buffer.from('x') });
});

test.each([
  ['cut off', gzipSync(text).subarray(0, 500)],
  ['damaged', Buffer.concat([gzipSync(text).subarray(0, 500), Buffer.alloc(500)])],
])('gzip data that is %s is an error of the archive', async (_, bytes) => {
  await expect(read(bytes)).rejects.toMatchObject({ code: 'ERR_ARCHIVE_INVALID' });
});

test.each([
  ['bzip2', '425a6839'],
  ['xz', 'fd377a585a00'],
  ['lz4', '04224d18'],
])('%s is named in the error', async (name, magic) => {
  await expect(read(Buffer.from(magic, 'hex'))).rejects.toMatchObject({
    code: 'ERR_NOT_SUPPORTED',
    message: expect.stringContaining(name) as string,
  });
});

test('an error of the source stays what it is', async () => {
  const broken = async function* (): AsyncGenerator<Uint8Array> {
    yield* inPieces(gzipSync(text).subarray(0, 100), 100);
    throw new Error('the disk is on fire');
  };
  const { content } = await decompress(broken(), 'it');
  await expect(collect(content)).rejects.toThrow('the disk is on fire');
});
