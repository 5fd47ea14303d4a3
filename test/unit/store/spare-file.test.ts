// SPDX-License-Identifier: Apache-2.0
// The spare file: what it is good for needs a full disk (test/kernel/full-disk.test.ts); here, that it is kept ready.

import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { replaceFile } from '../../../lib/store/spare-file.js';

describe('replaceFile', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sampan-spare-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });
  const never = (): never => {
    throw new Error('the disk is not full');
  };
  const replace = (content: string): void => replaceFile(join(directory, 'index.json'), content, never);
  const spareSize = (): number => statSync(join(directory, '.index.json.spare')).size;

  test('writes the file and keeps a spare of at least its size', () => {
    for (const size of [10, 5000, 20_000, 100]) {
      replace('x'.repeat(size));
      expect(readFileSync(join(directory, 'index.json'), 'utf8')).toBe('x'.repeat(size));
      expect(spareSize()).toBeGreaterThanOrEqual(size);
    }
    expect(readdirSync(directory).sort()).toEqual(['.index.json.spare', 'index.json']);
  });

  test('the spare owns its blocks', () => {
    replace('x'.repeat(100_000));
    expect(statSync(join(directory, '.index.json.spare')).blocks * 512).toBeGreaterThanOrEqual(100_000);
  });
});
