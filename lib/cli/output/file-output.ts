// SPDX-License-Identifier: Apache-2.0
// stdout and stderr without Node's stream objects: every write is awaited until the kernel has the bytes, so that
// leaving the process loses nothing, and a slow reader slows the writer and not the event loop.

import { write } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { hasErrno } from '../../errors/sampan-error.js';
import type { Output } from '../host.js';
import { isTerminal } from '../is-terminal.js';

const writeBytes: (fd: number, data: Uint8Array, offset: number) => Promise<{ bytesWritten: number }> =
  promisify(write);

/** Between two tries on a descriptor that somebody else made non-blocking. */
const retryMs = 5;

export const fileOutput = (fd: number): Output => {
  // One after the other: two writes at once could mix their parts.
  let last: Promise<void> = Promise.resolve();
  return {
    isTerminal: isTerminal(fd),
    write: (data) => {
      const bytes = typeof data === 'string' ? Buffer.from(data) : data;
      const next = last.then(() => writeAll(fd, bytes));
      // The caller sees the failure; the next write starts all the same.
      last = next.catch(() => undefined);
      return next;
    },
  };
};

const writeAll = async (fd: number, data: Uint8Array): Promise<void> => {
  let offset = 0;
  while (offset < data.length) {
    try {
      offset += (await writeBytes(fd, data, offset)).bytesWritten;
    } catch (error) {
      if (!hasErrno(error, 'EAGAIN')) throw error;
      await sleep(retryMs);
    }
  }
};
