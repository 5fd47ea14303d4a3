// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { changeBoundFile, largestBoundFile, resetBoundFile } from '../../../lib/store/bound-file.js';

let directory = '';
let path = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sampan-bound-'));
  path = join(directory, 'hosts');
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

test.each([
  ['longer', 'a\nb\nc\n'],
  ['shorter', 'a'],
  ['empty', ''],
])('a change to something %s keeps the inode', (_, next) => {
  writeFileSync(path, 'first\n');
  linkSync(path, join(directory, 'bound'));
  expect(changeBoundFile(path, () => next)).toBeUndefined();
  expect(readFileSync(join(directory, 'bound'), 'utf8')).toBe(next);
});

test('bytes that are no text are kept', () => {
  const bytes = Buffer.from([0xff, 0, 0xc3, 0x28, 0x0a]);
  writeFileSync(path, bytes);
  changeBoundFile(path, (current) => `${current}x`);
  expect(readFileSync(path)).toEqual(Buffer.concat([bytes, Buffer.from('x')]));
});

const mustNotChange = (): string => {
  throw new Error('it was read');
};

test('a huge file is neither read nor changed', () => {
  writeFileSync(path, '');
  truncateSync(path, largestBoundFile + 1);
  expect(changeBoundFile(path, mustNotChange)?.reason).toContain('larger');
  expect(statSync(path).size).toBe(largestBoundFile + 1);
});

test.each([
  [
    'a link',
    () => {
      symlinkSync(join(directory, 'secret'), path);
    },
  ],
  [
    'a fifo',
    () => {
      execFileSync('mkfifo', [path]);
    },
  ],
  ['nothing', () => undefined],
])('%s in its place is not touched, and replaced at a start', (_, make) => {
  writeFileSync(join(directory, 'secret'), 'secret');
  make();
  expect(changeBoundFile(path, mustNotChange)?.reason).toBe('it is no file');
  resetBoundFile(path, 'new\n');
  expect(readFileSync(join(directory, 'secret'), 'utf8')).toBe('secret');
  expect(statSync(path).mode & 0o777).toBe(0o644);
  expect(readFileSync(path, 'utf8')).toBe('new\n');
});

test('a start writes over whatever was there, in place', () => {
  writeFileSync(path, 'x'.repeat(100));
  linkSync(path, join(directory, 'bound'));
  resetBoundFile(path, 'new\n');
  expect(readFileSync(join(directory, 'bound'), 'utf8')).toBe('new\n');
});
