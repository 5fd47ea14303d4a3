// SPDX-License-Identifier: Apache-2.0
// An archive to read: a file, or stdin as `-`.

import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { sampanError } from '../errors/sampan-error.js';
import type { Host } from './host.js';

export interface InputFile extends Disposable {
  readonly stream: Readable;
}

/** @throws ERR_INVALID_VALUE when the file cannot be opened */
export const openInput = async (path: string, host: Host): Promise<InputFile> => {
  if (path === '-') {
    const stdin = host.terminal.readStdin();
    return { stream: stdin.stream, [Symbol.dispose]: () => stdin[Symbol.dispose]() };
  }
  try {
    const file = await open(resolve(host.caller.cwd, path), 'r');
    if ((await file.stat()).isDirectory()) {
      await file.close();
      throw sampanError('ERR_INVALID_VALUE', { subject: `${path} is a directory`, hint: 'give a tar archive' });
    }
    const stream = file.createReadStream({ highWaterMark: 256 * 1024 });
    return { stream, [Symbol.dispose]: () => stream.destroy() };
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw sampanError('ERR_INVALID_VALUE', { subject: path, cause: error });
  }
};

/** What a system call of Node's reports; our own errors pass as they are. */
const isSystemError = (error: unknown): boolean => typeof error === 'object' && error !== null && 'syscall' in error;
