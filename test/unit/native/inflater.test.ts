// SPDX-License-Identifier: Apache-2.0
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, createReadStream } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { native, openDescriptors } from '../../support/native.js';

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

/** Everything that comes out, and what finish() says. */
const inflate = async (pieces: readonly Buffer[]): Promise<{ readonly plain: Buffer; readonly digest: string }> => {
  const [readEnd, writeEnd] = native.pipe();
  const inflater = native.openInflater(writeEnd);
  const chunks: Buffer[] = [];
  const reading = (async () => {
    for await (const chunk of createReadStream('', { fd: readEnd })) chunks.push(chunk as Buffer);
  })();
  try {
    for (const piece of pieces) await inflater.push([piece]);
    return { digest: inflater.finish(), plain: Buffer.concat((await reading, chunks)) };
  } finally {
    inflater.close();
    await reading;
  }
};

const inPieces = (content: Buffer, size: number): readonly Buffer[] =>
  Array.from({ length: Math.ceil(content.byteLength / size) }, (_, index) =>
    content.subarray(index * size, (index + 1) * size),
  );

const large = Buffer.concat([randomBytes(1_500_000), Buffer.alloc(2_000_000), randomBytes(10)]);

test('this Node brings what the inflater needs', () => {
  expect(native.hasInflater()).toBe(true);
});

for (const [what, compressed, plain] of [
  ['nothing', gzipSync(Buffer.alloc(0)), Buffer.alloc(0)],
  ['a word', gzipSync('word'), Buffer.from('word')],
  ['more than any buffer', gzipSync(large, { level: 1 }), large],
  ['several members', Buffer.concat([gzipSync('one'), gzipSync('two')]), Buffer.from('onetwo')],
  ['zeros behind the end', Buffer.concat([gzipSync('one'), Buffer.alloc(1000)]), Buffer.from('one')],
] as const)
  for (const size of [1, 7, 65_536, 10_000_000])
    test(`${what} comes out whole, ${String(size)} bytes at a time`, async () => {
      const pieces = inPieces(compressed, compressed.byteLength > 100_000 ? Math.max(size, 50_000) : size);
      const found = await inflate(pieces);
      // not toEqual: it takes its time for megabytes
      expect([found.plain.equals(plain), found.digest]).toEqual([true, sha256(plain)]);
    });

for (const [what, compressed] of [
  ['no gzip at all', Buffer.from('plain text, and not short of it')],
  ['garbage behind the end', Buffer.concat([gzipSync('one'), Buffer.from('garbage')])],
  ['a wrong checksum', Buffer.concat([gzipSync('one').subarray(0, -8), Buffer.alloc(8, 1)])],
  ['an end in the middle', gzipSync(large).subarray(0, 1000)],
  ['an end in the header', gzipSync('one').subarray(0, 5)],
] as const)
  test(`${what} is EBADMSG`, async () => {
    await expect(inflate([compressed])).rejects.toMatchObject({ code: 'EBADMSG' });
  });

test('a reader that leaves does not keep the digest from being right', async () => {
  const [readEnd, writeEnd] = native.pipe();
  const inflater = native.openInflater(writeEnd);
  closeSync(readEnd);
  await inflater.push([gzipSync(large)]);
  expect(inflater.finish()).toBe(sha256(large));
});

test('a second push while one is under way is refused, and closing waits for it', async () => {
  const before = openDescriptors().length;
  const [readEnd, writeEnd] = native.pipe();
  const inflater = native.openInflater(writeEnd);
  // more than the pipe holds: the thread waits
  const pushing = inflater.push([gzipSync(large, { level: 0 })]);
  expect(() => void inflater.push([Buffer.alloc(1)])).toThrow(expect.objectContaining({ code: 'EBUSY' }));
  expect(() => inflater.finish()).toThrow(expect.objectContaining({ code: 'EBUSY' }));
  inflater.close();
  closeSync(readEnd);
  await pushing;
  expect(openDescriptors().length).toBe(before);
});

/** by its name: it comes from another realm */
const notAnArgument = expect.objectContaining({ name: 'TypeError' });

test('arguments of the wrong kind are a TypeError', () => {
  expect(() => native.openInflater('x' as never)).toThrow(notAnArgument);
  const [readEnd, writeEnd] = native.pipe();
  const inflater = native.openInflater(writeEnd);
  expect(() => void inflater.push('x' as never)).toThrow(notAnArgument);
  expect(() => void inflater.push(['x'] as never)).toThrow(notAnArgument);
  inflater.close();
  closeSync(readEnd);
});
