// SPDX-License-Identifier: Apache-2.0
// Small answers, read whole: bounded in size, and in time too, because a body that drips never idles.

import type { HttpResponse } from './transport.js';
import type { StepSubject } from './contract.js';
import { connectionError, registryError } from './failure.js';

const longestMs = 60_000;
export const largestErrorBytes = 65_536;

/** @throws ERR_REGISTRY_ANSWER when there is more */
export const readBody = async (response: HttpResponse, largestBytes: number, subject: StepSubject): Promise<Buffer> => {
  const announced = Number(response.headers['content-length'] ?? 0);
  if (announced > largestBytes) {
    response.body.destroy();
    throw tooLarge(subject, largestBytes);
  }
  const timer = setTimeout(
    () => response.body.destroy(Object.assign(new Error('too slow'), { code: 'UND_ERR_BODY_TIMEOUT' })),
    longestMs,
  );
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      size += chunk.byteLength;
      if (size > largestBytes) throw tooLarge(subject, largestBytes);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, size);
  } catch (error) {
    throw connectionError(subject, error);
  } finally {
    clearTimeout(timer);
  }
};

/** What an error page says: as much as is worth reading; nothing when it cannot be read. */
export const readErrorBody = async (response: HttpResponse, subject: StepSubject): Promise<string> => {
  try {
    return (await readBody(response, largestErrorBytes, subject)).toString('utf8');
  } catch {
    // the status is the message then
    return '';
  }
};

/** Lets the connection be used again without keeping what nobody reads. */
export const discardBody = async (response: HttpResponse): Promise<void> => {
  try {
    await response.body.dump({ limit: largestErrorBytes });
  } catch {
    // a connection that fails while its content is thrown away has lost nothing
  }
};

const tooLarge = (subject: StepSubject, largestBytes: number): Error =>
  registryError('ERR_REGISTRY_ANSWER', subject, { detail: `the answer is larger than ${String(largestBytes)} bytes` });
