// SPDX-License-Identifier: Apache-2.0
// save and history as people type them.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SaveOptions } from '../../../lib/engine/contract.js';
import { sampan } from './fake-host.js';

let directory: string;
let disposed: number;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sampan-save-'));
  disposed = 0;
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

const images = (fail = false) => ({
  save: async (names: readonly string[], options: SaveOptions) => ({
    chunks: (async function* () {
      yield Buffer.from(`${names.join('+')} ${options.format} ${options.platform ?? ''}\n`);
      if (fail) throw new Error('half way');
      yield Buffer.from('end');
    })(),
    [Symbol.asyncDispose]: async () => {
      disposed++;
    },
  }),
});

test('save writes to stdout', async () => {
  const result = await sampan(['save', 'a', 'b:1'], { images: images() });
  expect(result).toMatchObject({ exitCode: 0, stdout: 'a+b:1 docker \nend', stderr: '' });
  expect(disposed).toBe(1);
});

test('save -o writes a file of its own, with the format and platform asked for', async () => {
  const path = join(directory, 'x.tar');
  const words = ['image', 'save', '-o', path, '--format', 'oci-archive', '--platform', 'linux/arm64', 'a'];
  expect(await sampan(words, { images: images() })).toMatchObject({ exitCode: 0, stdout: '' });
  expect(readFileSync(path, 'utf8')).toBe('a oci-archive linux/arm64\nend');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(directory)).toEqual(['x.tar']);
});

test('a file that is there is replaced, through a symlink too', async () => {
  writeFileSync(join(directory, 'x.tar'), 'old');
  symlinkSync('x.tar', join(directory, 'link.tar'));
  await sampan(['save', '-o', join(directory, 'link.tar'), 'a'], { images: images() });
  expect(readFileSync(join(directory, 'x.tar'), 'utf8')).toContain('end');
  expect(readdirSync(directory).sort()).toEqual(['link.tar', 'x.tar']);
});

test('a failure half way leaves what was there before', async () => {
  const path = join(directory, 'x.tar');
  writeFileSync(path, 'old');
  expect((await sampan(['save', '-o', path, 'a'], { images: images(true) })).exitCode).toBe(1);
  expect(readFileSync(path, 'utf8')).toBe('old');
  expect(readdirSync(directory)).toEqual(['x.tar']);
  expect(disposed).toBe(1);
});

test('save refuses a terminal', async () => {
  expect(await sampan(['save', 'a'], { stdoutIsTerminal: true })).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('-o FILE') as string,
  });
});

test.each([
  ['a directory', () => directory, 'is a directory'],
  ['a file in a directory that is not there', () => join(directory, 'no/x.tar'), 'does not exist'],
  ['a file below a file', () => '/proc/version/x.tar', 'proc/version/x.tar'],
])('save -o refuses %s before it asks for an image', async (_, path, text) => {
  expect(await sampan(['save', '-o', path(), 'a'])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining(text) as string,
  });
});

test('save --format knows three formats', async () => {
  expect(await sampan(['save', '--format', 'zip', 'a'])).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining('docker, docker-archive, oci-archive') as string,
  });
});

test('the reader of stdout that goes away ends save with 141', async () => {
  const result = await sampan(['save', 'a'], { images: images(), brokenStdout: true });
  expect(result).toMatchObject({ exitCode: 141, stderr: '' });
  expect(disposed).toBe(1);
});

describe('history', () => {
  const entries = [
    {
      id: `sha256:${'ab'.repeat(32)}`,
      createdAt: '2026-01-02T03:04:05Z',
      createdBy: `/bin/sh -c\t${'x'.repeat(60)}`,
      comment: 'last',
      sizeBytes: 1234567,
    },
    { id: '<missing>', createdBy: 'ADD base', comment: '', sizeBytes: 0 },
  ];
  const history = { images: { history: async () => entries } };
  const lines = async (...words: string[]) =>
    (await sampan(['history', ...words, 'a'], history)).stdout.trimEnd().split('\n');

  test('the table', async () => {
    expect(await lines()).toEqual(
      [
        'IMAGE          CREATED         CREATED BY                                      SIZE      COMMENT',
        `abababababab   3 minutes ago   /bin/sh -c ${'x'.repeat(33)}…   1.23MB    last`,
        '<missing>      N/A             ADD base                                        0B        ',
      ].map((line) => line.trimEnd()),
    );
  });

  test('--no-trunc, -q', async () => {
    expect(await lines('-q', '--no-trunc')).toEqual([`sha256:${'ab'.repeat(32)}`, '<missing>']);
  });

  test('--human=false gives bytes and times', async () => {
    expect(await lines('--human=false', '--format', '{{.CreatedAt}} {{.Size}}')).toEqual([
      expect.stringMatching(/^2026-01-0\dT\d\d:\d\d:05\S+ 1234567$/),
      ' 0',
    ]);
  });

  test('json has one object per line', async () => {
    expect((await lines('--format', 'json')).map((line) => (JSON.parse(line) as { ID: string }).ID)).toEqual([
      'abababababab',
      '<missing>',
    ]);
  });
});
