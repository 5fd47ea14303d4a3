// SPDX-License-Identifier: Apache-2.0
import * as zlib from 'node:zlib';
import { decompressionWarnings, findDecompression } from '../../../../lib/engine/system/decompression.js';
import { sampanError } from '../../../../lib/errors/sampan-error.js';

const zstd = 'createZstdDecompress' in zlib ? 'node' : 'javascript';

test('a Node that brings zlib for addons needs no warning', () => {
  const found = findDecompression(() => ({ hasInflater: () => true }));
  expect(found).toEqual({ gzip: 'native', zstd });
  expect(decompressionWarnings(found)).toEqual([]);
});

test('a Node that brings none is said to be slower', () => {
  const found = findDecompression(() => ({ hasInflater: () => false }));
  expect(found).toEqual({ gzip: 'node', zstd });
  expect(decompressionWarnings(found)).toEqual([expect.stringContaining('gzip layers unpack more slowly')]);
});

test('an addon that is missing is not blamed on Node', () => {
  const found = findDecompression(() => {
    throw sampanError('ERR_NATIVE_MISSING', { subject: 'sampan.node' });
  });
  expect(found).toEqual({ gzip: 'unknown', zstd });
  expect(decompressionWarnings(found)).toEqual([]);
});
