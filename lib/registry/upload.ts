// SPDX-License-Identifier: Apache-2.0
// Blobs on their way to a registry (distribution-spec 1.1, "Push").
//
// How this works: POST opens an upload, one PUT carries all of it. When that breaks, or the registry does not take so
// much at once, a new upload sends chunks (PATCH), asks after a break how far it got, and goes on from there.

import { isSampanError, sampanError } from '../errors/sampan-error.js';
import type { Descriptor } from '../image/descriptor.js';
import type { Digest } from '../image/digest.js';
import type { BlobSource, StepSubject } from './contract.js';
import { connectionError, isTransient, registryError } from './failure.js';
import { discardBody } from './read-body.js';
import { resolveLocation } from './redirects.js';
import { delayBefore, pause, type RetryPolicy } from './retry.js';
import type { Session } from './session.js';
import type { HttpResponse } from './transport.js';
import { takeBytes } from './take-bytes.js';

export interface UploadRequest {
  readonly repository: string;
  readonly descriptor: Descriptor;
  readonly source: BlobSource;
  readonly signal?: AbortSignal | undefined;
  /** bytes handed to the connection so far; goes back after a break */
  readonly onProgress?: (bytes: number) => void;
  /** bytes of one chunk; absent: all at once, chunks when that fails */
  readonly chunkBytes?: number;
}

export interface MountRequest {
  readonly repository: string;
  readonly digest: Digest;
  /** a repository of the same registry that has it */
  readonly from: string;
  readonly signal?: AbortSignal | undefined;
}

const defaultChunkBytes = 32 * 1024 * 1024;
const largestChunkBytes = 1024 * 1024 * 1024;
/** a registry checks or moves a large blob before it answers */
const commitTimeoutMs = 10 * 60_000;

interface Upload {
  readonly session: Session;
  readonly request: UploadRequest;
  readonly subject: StepSubject;
  readonly scopes: readonly string[];
}

/** @throws ERR_REGISTRY_* */
export const uploadBlob = async (session: Session, retry: RetryPolicy, request: UploadRequest): Promise<void> => {
  const { repository, descriptor } = request;
  const subject = { registry: session.registry, repository, step: `uploading ${descriptor.digest}` };
  const upload: Upload = { session, request, subject, scopes: [`repository:${repository}:pull,push`] };
  const chunkBytes = request.chunkBytes ?? (await putWhole(upload));
  if (chunkBytes !== undefined) await putChunks(upload, retry, chunkBytes);
};

/** True when the registry has it in the new repository now; false: upload it. */
export const mountBlob = async (
  session: Session,
  { repository, digest, from, signal }: MountRequest,
): Promise<boolean> => {
  const subject = { registry: session.registry, repository, step: `mounting ${digest} from ${from}` };
  const query = new URLSearchParams({ mount: digest, from });
  const response = await session.request({
    method: 'POST',
    target: `/v2/${repository}/blobs/uploads/?${query.toString()}`,
    headers: { 'content-length': '0' },
    scopes: [`repository:${repository}:pull,push`, `repository:${from}:pull`],
    subject,
    // 202: it has opened an upload instead, which times out there; a refusal is no failure, only no help
    expect: [201, 202, 400, 401, 403, 404, 405],
    signal,
  });
  await discardBody(response);
  return response.status === 201;
};

/** Undefined when it is there; else the size of chunks to try with. */
const putWhole = async (upload: Upload): Promise<number | undefined> => {
  const { session, request, subject, scopes } = upload;
  const { descriptor, signal } = request;
  const { location, smallestChunkBytes } = await start(upload);
  const chunkBytes = Math.max(defaultChunkBytes, smallestChunkBytes);
  try {
    const response = await session.request({
      method: 'PUT',
      target: withDigest(location, descriptor.digest),
      headers: { 'content-type': 'application/octet-stream', 'content-length': String(descriptor.size) },
      body: () => counted(upload, 0, descriptor.size),
      scopes,
      subject,
      expect: [201, 204, 413],
      retry: false,
      signal,
      headersTimeoutMs: commitTimeoutMs,
    });
    await discardBody(response);
    return response.status === 413 ? chunkBytes : undefined;
  } catch (error) {
    signal?.throwIfAborted();
    if (!isWorthChunks(error)) throw error;
    return chunkBytes;
  }
};

/** Each step of the loop is one chunk, or finding out where to go on after a break. */
const putChunks = async (upload: Upload, retry: RetryPolicy, wishedChunkBytes: number): Promise<void> => {
  const { session, request, subject, scopes } = upload;
  const { descriptor, signal } = request;
  let { location, smallestChunkBytes } = await start(upload);
  let offset = 0;
  let furthest = 0;
  let failures = 0;
  while (offset < descriptor.size) {
    const length = Math.min(Math.max(wishedChunkBytes, smallestChunkBytes), descriptor.size - offset);
    try {
      const response = await sendChunk(upload, location, offset, length);
      location = locationOf(response, subject);
      offset = Math.min(rangeEnd(response) ?? offset + length, descriptor.size);
      // only what is new is progress: a registry that loses what it had would be fed for ever
      if (offset > furthest) [furthest, failures] = [offset, 0];
    } catch (error) {
      signal?.throwIfAborted();
      // distribution-spec 1.1: the upload is over for the registry, which also happens to one that was cut
      const isLost = isSampanError(error, 'ERR_REGISTRY_NOT_FOUND');
      const delay = isLost || isWorthChunks(error) ? delayBefore(retry, ++failures) : undefined;
      if (delay === undefined) throw connectionError(subject, error);
      await pause(delay, signal);
      const status = isLost ? undefined : await statusOf(upload, location);
      ({ location, smallestChunkBytes, offset } = { smallestChunkBytes, ...(status ?? (await startOver(upload))) });
    }
  }
  const response = await session.request({
    method: 'PUT',
    target: withDigest(location, descriptor.digest),
    headers: { 'content-length': '0' },
    scopes,
    subject,
    expect: [201, 204],
    signal,
    headersTimeoutMs: commitTimeoutMs,
  });
  await discardBody(response);
};

const startOver = async (upload: Upload) => ({ ...(await start(upload)), offset: 0 });

const sendChunk = async (upload: Upload, location: URL, offset: number, length: number): Promise<HttpResponse> => {
  const { session, request, subject, scopes } = upload;
  const response = await session.request({
    method: 'PATCH',
    target: location,
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': String(length),
      'content-range': `${String(offset)}-${String(offset + length - 1)}`,
    },
    body: () => counted(upload, offset, length),
    scopes,
    subject,
    expect: [202, 204, 201],
    retry: false,
    signal: request.signal,
  });
  await discardBody(response);
  return response;
};

const start = async ({
  session,
  request,
  subject,
  scopes,
}: Upload): Promise<{ location: URL; smallestChunkBytes: number }> => {
  const response = await session.request({
    method: 'POST',
    target: `/v2/${request.repository}/blobs/uploads/`,
    headers: { 'content-length': '0' },
    scopes,
    subject,
    expect: [202],
    signal: request.signal,
  });
  await discardBody(response);
  const smallest = Number(response.headers['oci-chunk-min-length'] ?? 0);
  return {
    location: locationOf(response, subject),
    smallestChunkBytes: Number.isSafeInteger(smallest) && smallest > 0 ? Math.min(smallest, largestChunkBytes) : 0,
  };
};

/** How far the upload got; undefined when the registry knows nothing of it any more. */
const statusOf = async (
  { session, request, subject, scopes }: Upload,
  location: URL,
): Promise<{ readonly location: URL; readonly offset: number } | undefined> => {
  const response = await session.request({
    method: 'GET',
    target: location,
    scopes,
    subject,
    expect: [200, 202, 204, 400, 404, 405, 416],
    signal: request.signal,
  });
  await discardBody(response);
  const offset = rangeEnd(response);
  if (response.status >= 400 || offset === undefined || offset > request.descriptor.size) return undefined;
  return { location: response.headers['location'] === undefined ? location : locationOf(response, subject), offset };
};

/** `Range: 0-99` says that 100 bytes are there; distribution writes 0-0 for none as for one, and starts over then. */
const rangeEnd = (response: HttpResponse): number | undefined => {
  const last = /^(?:bytes=)?0-(\d+)$/.exec(response.headers['range'] ?? '')?.[1];
  if (last === undefined) return undefined;
  return last === '0' ? 0 : Number(last) + 1;
};

const locationOf = (response: HttpResponse, subject: StepSubject): URL => {
  const location = response.headers['location'];
  if (location === undefined)
    throw registryError('ERR_REGISTRY_ANSWER', subject, { detail: 'the upload has no location' });
  const from = response.url;
  const named = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  // a registry behind a TLS proxy often believes that it speaks http: same host, so the connection stays as it is
  if (named?.protocol === 'http:' && from.protocol === 'https:' && named.host === from.host) {
    return new URL(`${named.pathname}${named.search}`, from.origin);
  }
  return resolveLocation(location, from, subject);
};

const withDigest = (location: URL, digest: Digest): URL => {
  const url = new URL(location);
  url.searchParams.set('digest', digest);
  return url;
};

async function* counted({ request }: Upload, offset: number, length: number): AsyncGenerator<Uint8Array> {
  let sent = offset;
  for await (const chunk of takeBytes(readable(request, offset), length)) {
    yield chunk;
    sent += chunk.byteLength;
    request.onProgress?.(sent);
  }
}

/** What goes wrong with the source must not look like trouble with the registry. */
async function* readable({ source, descriptor }: UploadRequest, offset: number): AsyncGenerator<Uint8Array> {
  try {
    yield* source.open(descriptor, offset);
  } catch (error) {
    if (isSampanError(error)) throw error;
    throw sampanError('ERR_STORE_CORRUPT', { subject: `${descriptor.digest} cannot be read`, cause: error });
  }
}

/** The connection broke, or the registry stumbled: what another way of sending may get around. */
const isWorthChunks = (error: unknown): boolean => {
  const cause = typeof error === 'object' && error !== null && 'cause' in error ? error.cause : undefined;
  const isBusy = typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_REGISTRY_BUSY';
  return isTransient(error) || isTransient(cause) || isBusy;
};
