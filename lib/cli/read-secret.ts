// SPDX-License-Identifier: Apache-2.0
// A secret from stdin: all of it, without the one line end that echo and editors put behind it.

import { sampanError } from '../errors/sampan-error.js';
import type { Host } from './host.js';

/** more than any token, less than a mistaken file */
const largestBytes = 64 * 1024;

/** @throws ERR_ARGUMENTS when it is empty or too long */
export const readSecret = async (host: Pick<Host, 'terminal'>, signal: AbortSignal): Promise<string> => {
  const stdin = host.terminal.readStdin();
  const stop = (): void => stdin[Symbol.dispose]();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of stdin.stream as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size > largestBytes)
        throw sampanError('ERR_ARGUMENTS', {
          subject: `the password on stdin is longer than ${String(largestBytes)} bytes`,
        });
    }
    const text = Buffer.concat(chunks)
      .toString('utf8')
      .replace(/\r?\n$/, '');
    if (text === '') throw sampanError('ERR_ARGUMENTS', { subject: 'the password on stdin is empty' });
    return text;
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
};
