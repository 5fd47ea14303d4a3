// SPDX-License-Identifier: Apache-2.0
// zstd as Node brings it from 22.15 on; older ones decompress in JavaScript, at four times the CPU time.

import type { Readable } from 'node:stream';
import * as zlib from 'node:zlib';

type CreateDecompress = (options: { readonly chunkSize: number }) => NodeJS.ReadWriteStream & Readable;

/** Newer than the types. */
const newer = (): { readonly createZstdDecompress?: CreateDecompress } =>
  zlib as { readonly createZstdDecompress?: CreateDecompress }; // asked for, not relied on

export const hasNodeZstd = (): boolean => newer().createZstdDecompress !== undefined;

/** undefined: this Node is older */
export const nodeZstd = (chunkSize: number): ReturnType<CreateDecompress> | undefined =>
  newer().createZstdDecompress?.({ chunkSize });
