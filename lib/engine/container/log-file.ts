// SPDX-License-Identifier: Apache-2.0
// A file of lines that another process appends to: read on from where the last read ended, or backwards from its end.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { hasErrno } from '../../errors/sampan-error.js';

const readSize = 256 * 1024;
const newline = 10;

export interface LogFile {
  readonly inode: number;
  /** complete lines that are there now and were not read yet */
  lines(): Generator<string>;
  /** The complete lines of the end, the last one first; lines() goes on behind them. */
  linesBackwards(): Generator<string>;
  close(): void;
}

/** undefined when there is none */
export const openLogFile = (path: string): LogFile | undefined => {
  try {
    return logFileOf(openSync(path, 'r'));
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
};

const logFileOf = (fd: number): LogFile => {
  let position = 0;
  let rest = Buffer.alloc(0);
  let open = true;
  return {
    inode: fstatSync(fd).ino,
    *lines() {
      const buffer = Buffer.allocUnsafe(readSize);
      for (;;) {
        const length = readSync(fd, buffer, 0, readSize, position);
        if (length === 0) return;
        position += length;
        const data = rest.length === 0 ? buffer.subarray(0, length) : Buffer.concat([rest, buffer.subarray(0, length)]);
        const last = data.lastIndexOf(newline);
        // Copied before anything is passed on: the buffer is read into again, and nobody may want the lines to their end.
        rest = Buffer.from(data.subarray(last + 1));
        if (last >= 0) yield* data.toString('utf8', 0, last).split('\n');
      }
    },
    *linesBackwards() {
      const size = fstatSync(fd).size;
      const found = lastNewline(fd, size);
      position = found + 1;
      rest = Buffer.alloc(0);
      yield* backwards(fd, found);
    },
    close: () => {
      if (open) closeSync(fd);
      open = false;
    },
  };
};

/** Its offset, -1 when there is none. */
const lastNewline = (fd: number, size: number): number => {
  for (let end = size; end > 0; end -= readSize) {
    const start = Math.max(0, end - readSize);
    const at = readAt(fd, start, end).lastIndexOf(newline);
    if (at >= 0) return start + at;
  }
  return -1;
};

/** The lines before the newline at `end`. */
function* backwards(fd: number, end: number): Generator<string> {
  if (end < 0) return;
  /** parts of a line that began earlier, the last part first */
  let parts: Buffer[] = [];
  for (let stop = end; stop > 0; stop -= readSize) {
    const start = Math.max(0, stop - readSize);
    const data = readAt(fd, start, stop);
    const first = data.indexOf(newline);
    if (first < 0) {
      parts.push(data);
      continue;
    }
    const lines = splitBytes(data, first + 1);
    const tail = lines.pop() ?? Buffer.alloc(0);
    yield Buffer.concat([tail, ...parts.reverse()]).toString('utf8');
    for (const line of lines.reverse()) yield line.toString('utf8');
    parts = [data.subarray(0, first)];
  }
  yield Buffer.concat(parts.reverse()).toString('utf8');
}

/** A character may be cut where a read ends, so that bytes are split, not text. */
const splitBytes = (data: Buffer, from: number): Buffer[] => {
  const lines: Buffer[] = [];
  let start = from;
  for (let at = data.indexOf(newline, start); at >= 0; at = data.indexOf(newline, start)) {
    lines.push(data.subarray(start, at));
    start = at + 1;
  }
  lines.push(data.subarray(start));
  return lines;
};

const readAt = (fd: number, start: number, end: number): Buffer => {
  const buffer = Buffer.allocUnsafe(end - start);
  let length = 0;
  while (length < buffer.length) {
    const got = readSync(fd, buffer, length, buffer.length - length, start + length);
    if (got === 0) break;
    length += got;
  }
  return buffer.subarray(0, length);
};
