// SPDX-License-Identifier: Apache-2.0
// Which code decompresses layers. The Node that runs us decides; `info` says it, so that nobody wonders why pulls are
// slow.

import { isSampanError } from '../../errors/sampan-error.js';
import type { Native } from '../../native/native.js';
import { hasNodeZstd } from '../../store/node-zstd.js';

/** In native code on a thread of its own, in streams of Node, or in JavaScript. */
export interface Decompression {
  /** unknown: the addon cannot be loaded, of which others complain */
  readonly gzip: 'native' | 'node' | 'unknown';
  readonly zstd: 'node' | 'javascript';
}

export const findDecompression = (native: () => Pick<Native, 'hasInflater'>): Decompression => ({
  gzip: gzipBy(native),
  zstd: hasNodeZstd() ? 'node' : 'javascript',
});

export const decompressionWarnings = ({ gzip }: Decompression): readonly string[] =>
  gzip === 'node' ? ['gzip layers unpack more slowly: this Node offers addons no zlib or no OpenSSL'] : [];

const gzipBy = (native: () => Pick<Native, 'hasInflater'>): Decompression['gzip'] => {
  try {
    return native().hasInflater() ? 'native' : 'node';
  } catch (error) {
    if (isSampanError(error, 'ERR_NATIVE_MISSING')) return 'unknown';
    throw error;
  }
};
