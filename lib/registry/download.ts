// SPDX-License-Identifier: Apache-2.0
// A blob as a stream of exactly its announced size, whatever the connection does: after a cut, the rest is asked for
// with Range (RFC 9110 14.2), and what the registry sends is held to what the descriptor promised.

import type { Descriptor } from '../image/descriptor.js';
import type { StepSubject } from './contract.js';
import { connectionError, isTransient, registryError } from './failure.js';
import { delayBefore, pause, type RetryPolicy } from './retry.js';
import type { Session } from './session.js';
import type { HttpResponse } from './transport.js';

export interface DownloadRequest {
  readonly repository: string;
  readonly descriptor: Descriptor;
  /** bytes that are there already */
  readonly offset?: number;
  readonly signal?: AbortSignal | undefined;
  /** a cut: the download goes on from here */
  readonly onRetry?: (offset: number) => void;
}

/** A try that brought this much was worth it: the count of tries begins again. */
const progressBytes = 64 * 1024;

/** @throws ERR_DIGEST_MISMATCH when the registry has another length, ERR_REGISTRY_* */
export async function* downloadBlob(
  session: Session,
  retry: RetryPolicy,
  request: DownloadRequest,
): AsyncGenerator<Uint8Array> {
  const { repository, descriptor, signal } = request;
  const subject = { registry: session.registry, repository, step: `downloading ${descriptor.digest}` };
  let offset = request.offset ?? 0;
  let failures = 0;
  while (offset < descriptor.size) {
    const start = offset;
    try {
      for await (const chunk of openRange(session, request, offset, subject)) {
        offset += chunk.byteLength;
        if (offset > descriptor.size) throw wrongLength(subject, descriptor.size);
        yield chunk;
      }
      if (offset < descriptor.size) throw Object.assign(new Error('the content ended early'), { code: 'ECONNRESET' });
    } catch (error) {
      signal?.throwIfAborted();
      failures = offset - start >= progressBytes ? 1 : failures + 1;
      const delay = isTransient(error) ? delayBefore(retry, failures) : undefined;
      if (delay === undefined)
        throw connectionError(
          { ...subject, step: `${subject.step} (after ${String(offset)} of ${String(descriptor.size)} bytes)` },
          error,
        );
      request.onRetry?.(offset);
      await pause(delay, signal);
    }
  }
}

async function* openRange(
  session: Session,
  { repository, descriptor, signal }: DownloadRequest,
  offset: number,
  subject: StepSubject,
): AsyncGenerator<Uint8Array> {
  const response = await session.request({
    method: 'GET',
    target: `/v2/${repository}/blobs/${descriptor.digest}`,
    headers: offset === 0 ? {} : { range: `bytes=${String(offset)}-` },
    scopes: [`repository:${repository}:pull`],
    subject,
    expect: offset === 0 ? [200] : [200, 206],
    signal,
  });
  try {
    let skip = offset - checkStart(response, descriptor, offset, subject);
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      if (skip >= chunk.byteLength) {
        skip -= chunk.byteLength;
        continue;
      }
      yield skip === 0 ? chunk : chunk.subarray(skip);
      skip = 0;
    }
  } finally {
    // the consumer may stop in the middle: the connection is of no more use then
    response.body.destroy();
  }
}

/** Where the answer begins: at 0 when the registry does not know ranges. */
const checkStart = (response: HttpResponse, { size }: Descriptor, offset: number, subject: StepSubject): number => {
  const length = response.headers['content-length'];
  if (response.status === 200) {
    if (length !== undefined && Number(length) !== size) throw wrongLength(subject, size, length);
    return 0;
  }
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers['content-range'] ?? '') ?? [];
  if (first === undefined || Number(first) !== offset) {
    throw registryError('ERR_REGISTRY_ANSWER', subject, {
      detail: `another range than the one from byte ${String(offset)}`,
    });
  }
  if (total !== '*' && Number(total) !== size) throw wrongLength(subject, size, total);
  return offset;
};

const wrongLength = (subject: StepSubject, size: number, found?: string): Error =>
  registryError('ERR_DIGEST_MISMATCH', subject, {
    detail:
      found === undefined
        ? `longer than its ${String(size)} bytes`
        : `${found.slice(0, 20)} bytes, expected ${String(size)}`,
  });
