// SPDX-License-Identifier: Apache-2.0
// The archive in reach, and archives that have to be read as a stream instead.

import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { indexTar } from '../../../../lib/engine/image/tar-index.js';
import { file, makeTar, symlink } from '../../../support/tar.js';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sampan-index-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

const indexOf = (archive: Uint8Array, mostEntries = 100) => {
  const path = join(directory, 'archive.tar');
  writeFileSync(path, archive);
  const fd = openSync(path, 'r');
  try {
    return indexTar(fd, mostEntries);
  } finally {
    closeSync(fd);
  }
};

test('every file and link has its name, its size and its place', () => {
  const archive = makeTar([file('a', 'one'), symlink('b', 'a'), file('c', 'x'.repeat(1000)), file('d', '')]);
  const entries = indexOf(archive) ?? [];
  expect(entries.map(({ name, kind, linkName, size }) => ({ name, kind, linkName, size }))).toEqual([
    { name: 'a', kind: 'file', linkName: '', size: 3 },
    { name: 'b', kind: 'symlink', linkName: 'a', size: 0 },
    { name: 'c', kind: 'file', linkName: '', size: 1000 },
    { name: 'd', kind: 'file', linkName: '', size: 0 },
  ]);
  const contentOf = (name: string): string => {
    const { offset, size } = entries.find((entry) => entry.name === name) ?? { offset: 0, size: 0 };
    return archive.subarray(offset, offset + size).toString();
  };
  expect(contentOf('a')).toBe('one');
  expect(contentOf('c')).toBe('x'.repeat(1000));
});

test.each(['gnu', 'pax'])('long names of the %s format', (format) => {
  const name = `${'d'.repeat(90)}/${'e'.repeat(90)}/${'f'.repeat(90)}`;
  mkdirSync(join(directory, 'tree', name, '..'), { recursive: true });
  writeFileSync(join(directory, 'tree', name), 'content');
  const path = join(directory, 'long.tar');
  execFileSync('tar', ['-C', join(directory, 'tree'), '--format', format, '-cf', path, name, name.slice(0, 90)]);
  expect(indexOf(readFileSync(path))).toEqual([
    expect.objectContaining({ name, size: 7 }),
    // once more, as part of its directory
    expect.objectContaining({ name, kind: expect.any(String) as string }),
  ]);
});

const good = makeTar([file('a', 'one'), file('b', 'two')]);
const changed = (change: (bytes: Buffer) => void): Buffer => {
  const bytes = Buffer.from(good);
  change(bytes);
  return bytes;
};

test.each([
  ['nothing', Buffer.alloc(0)],
  ['text', Buffer.from('hello '.repeat(1000))],
  ['an archive without its end', good.subarray(0, 1024)],
  ['an archive cut off in a file', good.subarray(0, 514)],
  ['a wrong checksum', changed((bytes) => bytes.write('X', 0))],
  ['a lone zero block among the headers', changed((bytes) => bytes.fill(0, 0, 512))],
  ['a size that is no number', changed((bytes) => bytes.fill(0x82, 124, 125))],
  ['more entries than allowed', makeTar(Array.from({ length: 101 }, (_, index) => file(String(index), '')))],
])('%s is left to the reader of streams', (_, archive) => {
  expect(indexOf(archive)).toBeUndefined();
});

test('an archive with a global header is left to the reader of streams', () => {
  writeFileSync(join(directory, 'a'), 'one');
  const path = join(directory, 'global.tar');
  execFileSync('tar', ['-C', directory, '--format=pax', '--pax-option=comment=x', '-cf', path, 'a']);
  expect(indexOf(readFileSync(path))).toBeUndefined();
});
