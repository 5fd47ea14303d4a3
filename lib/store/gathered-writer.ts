// SPDX-License-Identifier: Apache-2.0
// Writes a stream of small pieces to a file at a position: gathered, so that a write is worth its trip to the thread
// pool, and one write at a time, so that not more than twice that much is held.

import { writev } from 'node:fs';
import { promisify } from 'node:util';

const gatherBytes = 1024 * 1024;
/** of a slow source, so much time is what a kill loses */
const longestWaitMs = 100;

const writeVector: (fd: number, chunks: readonly Uint8Array[], position: number) => Promise<number> = promisify(
  (fd: number, chunks: readonly Uint8Array[], position: number, done: (error: Error | null, bytes: number) => void) => {
    writev(fd, chunks, position, done);
  },
);

export interface GatheredWriter {
  /** Waits when the write before is still under way. */
  add(chunk: Uint8Array): Promise<void> | undefined;
  /** Everything that was added is in the file then. */
  flush(): Promise<void>;
}

/** The descriptor stays the caller's. */
export const openGatheredWriter = (fd: number, start: number): GatheredWriter => {
  let position = start;
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  let writing = Promise.resolve();
  let writtenAt = performance.now();
  const begin = async (): Promise<void> => {
    await writing;
    if (gatheredBytes === 0) return;
    writtenAt = performance.now();
    writing = writeAll(fd, gathered, position);
    // awaited before the next write and by flush(); until then a failure must not count as unhandled
    writing.catch(() => undefined);
    position += gatheredBytes;
    gathered = [];
    gatheredBytes = 0;
  };
  return {
    add: (chunk) => {
      gathered.push(chunk);
      gatheredBytes += chunk.byteLength;
      const isDue = gatheredBytes >= gatherBytes || performance.now() - writtenAt > longestWaitMs;
      return isDue ? begin() : undefined;
    },
    flush: async () => {
      await begin();
      await writing;
    },
  };
};

/** pwritev(2) may write less than it was given. */
const writeAll = async (fd: number, chunks: readonly Uint8Array[], position: number): Promise<void> => {
  let rest: readonly Uint8Array[] = chunks;
  for (let at = position; rest.length > 0;) {
    const written = await writeVector(fd, rest, at);
    at += written;
    rest = withoutFirst(rest, written);
  }
};

const withoutFirst = (chunks: readonly Uint8Array[], bytes: number): readonly Uint8Array[] => {
  let left = bytes;
  for (const [index, chunk] of chunks.entries()) {
    if (left < chunk.byteLength) return [chunk.subarray(left), ...chunks.slice(index + 1)];
    left -= chunk.byteLength;
  }
  return [];
};
