// SPDX-License-Identifier: Apache-2.0
// The first bytes of a stream.

import { sampanError } from '../errors/sampan-error.js';

/** @throws ERR_STORE_CORRUPT when the stream ends before */
export async function* takeBytes(source: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array> {
  let left = length;
  if (left === 0) return;
  for await (const chunk of source) {
    const part = chunk.byteLength > left ? chunk.subarray(0, left) : chunk;
    left -= part.byteLength;
    yield part;
    if (left === 0) return;
  }
  throw sampanError('ERR_STORE_CORRUPT', { subject: `content ends ${String(left)} bytes early` });
}
