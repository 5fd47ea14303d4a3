// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sampanError } from '../../../lib/errors/sampan-error.js';
import { digestOf } from '../../../lib/image/digest.js';
import { stageBlob } from '../../../lib/store/stage-blob.js';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sampan-blob-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

const chunks = async function* (...parts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Promise.resolve(Buffer.from(part));
};

const expectedOf = (text: string) => ({ digest: digestOf(text), size: Buffer.byteLength(text) });

test('a blob has the digest and size of what came', async () => {
  const blob = await stageBlob(directory, chunks('ab', '', 'c'), { what: 'it' });
  expect(blob).toMatchObject(expectedOf('abc'));
  expect(readFileSync(blob.path, 'utf8')).toBe('abc');
});

test('a large blob is written whole and in order', async () => {
  const parts = Array.from({ length: 5000 }, (_, index) => `${String(index)} `.repeat(200));
  const blob = await stageBlob(directory, chunks(...parts), { what: 'it' });
  expect(readFileSync(blob.path, 'utf8') === parts.join('')).toBe(true);
});

test('what is expected is accepted', async () => {
  await expect(stageBlob(directory, chunks('abc'), { what: 'it', expected: expectedOf('abc') })).resolves.toBeDefined();
});

test.each([
  ['other content', 'abd'],
  ['less', 'ab'],
  ['more', 'abcd'],
])('%s is refused, and nothing stays', async (_, text) => {
  const staged = stageBlob(directory, chunks(text), { what: 'it', expected: expectedOf('abc') });
  await expect(staged).rejects.toMatchObject({ code: 'ERR_DIGEST_MISMATCH' });
  expect(readdirSync(directory)).toEqual([]);
});

test('a source that fails leaves nothing', async () => {
  const failing = async function* (): AsyncGenerator<Uint8Array> {
    yield* chunks('a'.repeat(3_000_000));
    throw new Error('cut off');
  };
  await expect(stageBlob(directory, failing(), { what: 'it' })).rejects.toThrow('cut off');
  expect(readdirSync(directory)).toEqual([]);
});

describe('content that is used while it passes', () => {
  const readSome = async (content: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const _ of content) return;
  };

  test('is kept whole, also when its user leaves the rest', async () => {
    const blob = await stageBlob(directory, chunks('ab', 'c', 'd'), { what: 'it', use: readSome });
    expect(blob).toMatchObject(expectedOf('abcd'));
    expect(readFileSync(blob.path, 'utf8')).toBe('abcd');
  });

  test('is refused for its digest rather than for what its user made of it', async () => {
    const use = async (content: AsyncIterable<Uint8Array>): Promise<void> => {
      await readSome(content);
      throw sampanError('ERR_ARCHIVE_INVALID', { subject: 'damaged' });
    };
    const options = { what: 'it', use, expected: expectedOf('abcd') };
    await expect(stageBlob(directory, chunks('ab', 'x', 'd'), options)).rejects.toMatchObject({
      code: 'ERR_DIGEST_MISMATCH',
    });
    await expect(stageBlob(directory, chunks('ab', 'c', 'd'), options)).rejects.toMatchObject({
      code: 'ERR_ARCHIVE_INVALID',
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  test('is not read on when its user fails for a reason of its own', async () => {
    let sent = 0;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      for (; sent < 100; sent++) yield await Promise.resolve(Buffer.from('x'));
    };
    const use = async (content: AsyncIterable<Uint8Array>): Promise<void> => {
      await readSome(content);
      throw new Error('no helper');
    };
    await expect(stageBlob(directory, source(), { what: 'it', use })).rejects.toThrow('no helper');
    expect(sent).toBeLessThan(5);
  });
});
