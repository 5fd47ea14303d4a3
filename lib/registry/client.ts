// SPDX-License-Identifier: Apache-2.0
// The registry API (distribution-spec 1.1) as functions: manifests, tags, catalog; blobs are in download.ts and
// upload.ts. What comes back has been checked against its digest and its bounds.

import { digestOf, isDigest, type Digest } from '../image/digest.js';
import { shorten } from '../util/shorten.js';
import { largestManifestBytes } from '../image/manifest.js';
import { mediaTypes } from '../image/media-types.js';
import { isRecord } from './auth-file.js';
import { isDockerHub } from './hosts.js';
import type { StepSubject } from './contract.js';
import { downloadBlob, type DownloadRequest } from './download.js';
import { registryError } from './failure.js';
import { checkDepth } from './json-depth.js';
import { listPages, type Page } from './pages.js';
import { discardBody, readBody } from './read-body.js';
import type { RetryPolicy } from './retry.js';
import type { Session } from './session.js';
import type { HttpResponse } from './transport.js';
import { mountBlob, uploadBlob, type MountRequest, type UploadRequest } from './upload.js';

export interface FetchedManifest {
  readonly bytes: Buffer;
  readonly mediaType: string;
  readonly digest: Digest;
}

export interface ManifestRequest {
  readonly repository: string;
  /** a tag or a digest */
  readonly reference: string;
  readonly signal?: AbortSignal | undefined;
}

export interface BlobRequest {
  readonly repository: string;
  readonly digest: Digest;
  readonly signal?: AbortSignal | undefined;
}

export interface RegistryClient {
  readonly registry: string;
  /** Succeeds when the registry speaks the protocol and lets us in. */
  ping(signal?: AbortSignal): Promise<void>;
  getManifest(request: ManifestRequest): Promise<FetchedManifest>;
  /** undefined when there is none, or the registry does not say its digest */
  headManifest(request: ManifestRequest): Promise<Digest | undefined>;
  putManifest(request: ManifestRequest & { readonly bytes: Uint8Array; readonly mediaType: string }): Promise<Digest>;
  /** pages as they come, each bounded */
  listTags(repository: string, signal?: AbortSignal): AsyncIterable<string>;
  catalog(signal?: AbortSignal): AsyncIterable<string>;
  /** size - offset bytes exactly, resumed after cuts; the digest is for the one who keeps them to check */
  downloadBlob(request: DownloadRequest): AsyncIterable<Uint8Array>;
  hasBlob(request: BlobRequest): Promise<boolean>;
  mountBlob(request: MountRequest): Promise<boolean>;
  uploadBlob(request: UploadRequest): Promise<void>;
}

const acceptedManifests = [
  mediaTypes.index,
  mediaTypes.manifest,
  mediaTypes.dockerManifestList,
  mediaTypes.dockerManifest,
].join(', ');

export const pullScope = (repository: string): string => `repository:${repository}:pull`;
export const pushScope = (repository: string): string => `repository:${repository}:pull,push`;

export const openRegistryClient = (session: Session, retry: RetryPolicy): RegistryClient => ({
  registry: session.registry,
  ping: async (signal) => {
    const subject = { registry: session.registry, step: 'asking for its version' };
    await discardBody(
      await session.request({ method: 'GET', target: '/v2/', scopes: [], subject, expect: [200], signal }),
    );
  },
  getManifest: (request) => getManifest(session, request),
  headManifest: (request) => headManifest(session, request),
  putManifest: (request) => putManifest(session, request),
  listTags: (repository, signal) => {
    const subject = { registry: session.registry, repository, step: 'listing its tags' };
    return listPages(session, {
      first: `/v2/${repository}/tags/list?n=1000`,
      key: 'tags',
      scopes: [pullScope(repository)],
      subject,
      signal,
    } satisfies Page);
  },
  catalog: (signal) => {
    const subject = { registry: session.registry, step: 'listing its repositories' };
    return listPages(session, {
      first: '/v2/_catalog?n=1000',
      key: 'repositories',
      scopes: ['registry:catalog:*'],
      subject,
      signal,
    } satisfies Page);
  },
  downloadBlob: (request) => downloadBlob(session, retry, request),
  hasBlob: async ({ repository, digest, signal }) => {
    const subject = { registry: session.registry, repository, step: `looking for blob ${digest}` };
    const response = await session.request({
      method: 'HEAD',
      target: `/v2/${repository}/blobs/${digest}`,
      scopes: [pullScope(repository)],
      subject,
      expect: [200, 404],
      signal,
    });
    await discardBody(response);
    return response.status === 200;
  },
  mountBlob: (request) => mountBlob(session, request),
  uploadBlob: (request) => uploadBlob(session, retry, request),
});

const getManifest = async (
  session: Session,
  { repository, reference, signal }: ManifestRequest,
): Promise<FetchedManifest> => {
  const { registry } = session;
  const subject = {
    registry,
    repository,
    step: `fetching the manifest of ${reference}`,
    missingHint: isDockerHub(registry)
      ? 'check the name and the tag'
      : `'sampan search ${registry}/${repository}' lists what is there`,
  };
  const response = await session.request({
    method: 'GET',
    target: `/v2/${repository}/manifests/${reference}`,
    headers: { accept: acceptedManifests },
    scopes: [pullScope(repository)],
    subject,
    expect: [200],
    signal,
  });
  const bytes = await readBody(response, largestManifestBytes, subject);
  checkDepth(bytes, subject);
  const digest = digestOf(bytes);
  const claimed = isDigest(reference) ? reference : response.headers['docker-content-digest'];
  if (isDigest(claimed) && claimed !== digest) {
    throw registryError('ERR_DIGEST_MISMATCH', subject, { detail: `it is ${digest}, expected ${claimed}` });
  }
  return { bytes, digest, mediaType: mediaTypeOf(response, bytes, subject) };
};

const vagueTypes = ['', 'application/json', 'text/plain', 'application/octet-stream'];

/** The header's word, checked against the content by who parses it; some registries leave it out or say plain JSON. */
const mediaTypeOf = (response: HttpResponse, bytes: Buffer, subject: StepSubject): string => {
  const header = (response.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
  return vagueTypes.includes(header) ? typeInside(bytes, subject) : header;
};

const typeInside = (bytes: Buffer, subject: StepSubject): string => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw registryError('ERR_REGISTRY_ANSWER', subject, { detail: 'the manifest is not JSON', cause });
  }
  const fields = isRecord(parsed) ? parsed : {};
  const { mediaType } = fields;
  if (typeof mediaType === 'string') return mediaType;
  return 'manifests' in fields ? mediaTypes.index : mediaTypes.manifest;
};

const headManifest = async (
  session: Session,
  { repository, reference, signal }: ManifestRequest,
): Promise<Digest | undefined> => {
  const subject = { registry: session.registry, repository, step: `looking for the manifest of ${reference}` };
  const response = await session.request({
    method: 'HEAD',
    target: `/v2/${repository}/manifests/${reference}`,
    headers: { accept: acceptedManifests },
    scopes: [pullScope(repository)],
    subject,
    expect: [200, 404],
    signal,
  });
  await discardBody(response);
  const digest = response.headers['docker-content-digest'];
  return response.status === 200 && isDigest(digest) ? digest : undefined;
};

const putManifest = async (
  session: Session,
  {
    repository,
    reference,
    bytes,
    mediaType,
    signal,
  }: ManifestRequest & { readonly bytes: Uint8Array; readonly mediaType: string },
): Promise<Digest> => {
  const subject = { registry: session.registry, repository, step: `storing the manifest of ${reference}` };
  const response = await session.request({
    method: 'PUT',
    target: `/v2/${repository}/manifests/${reference}`,
    headers: { 'content-type': mediaType },
    body: () => bytes,
    scopes: [pushScope(repository)],
    subject,
    expect: [200, 201, 202],
    signal,
  });
  await discardBody(response);
  const [digest, stored] = [digestOf(bytes), response.headers['docker-content-digest']];
  if (stored !== undefined && stored !== digest) {
    throw registryError('ERR_DIGEST_MISMATCH', subject, {
      detail: `the registry stored ${shorten(stored)} instead of ${digest}`,
    });
  }
  return digest;
};
