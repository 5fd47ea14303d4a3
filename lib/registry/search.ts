// SPDX-License-Identifier: Apache-2.0
// search: the old search API where a registry has it (Docker Hub does), else the names of the catalog that contain the
// term, with their tags when asked for.

import { isSampanError } from '../errors/sampan-error.js';
import { isRecord } from './auth-file.js';
import { connectionError, registryError, statusError } from './failure.js';
import { dockerHub, isDockerHub } from './hosts.js';
import { checkDepth } from './json-depth.js';
import type { RegistryAccess } from './open.js';
import { discardBody, readBody } from './read-body.js';
import { sendFollowing } from './redirects.js';

export interface SearchRequest {
  readonly access: RegistryAccess;
  readonly registry: string;
  /** empty: everything */
  readonly term: string;
  readonly limit: number;
  /** tags of each repository that was found in a catalog */
  readonly withTags?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface SearchResult {
  readonly name: string;
  readonly description: string;
  readonly stars: number;
  readonly isOfficial: boolean;
  readonly isAutomated: boolean;
  /** of a registry that has no search of its own, only a list of its repositories */
  readonly tags?: readonly string[];
}

const largestAnswerBytes = 4 * 1024 * 1024;
const mostTags = 1000;
const longestDescription = 1000;

/** @throws ERR_REGISTRY_* */
export const searchRegistry = async (request: SearchRequest): Promise<readonly SearchResult[]> => {
  if (isDockerHub(request.registry)) return searchHub(request);
  try {
    return await searchCatalog(request);
  } catch (error) {
    if (!isSampanError(error, 'ERR_REGISTRY_NOT_FOUND')) throw error;
    throw registryError(
      'ERR_NOT_SUPPORTED',
      { registry: request.registry, step: 'searching' },
      { detail: 'the registry has no catalog', cause: error },
    );
  }
};

const searchHub = async ({ access, term, limit, signal }: SearchRequest): Promise<readonly SearchResult[]> => {
  const subject = { registry: dockerHub, step: `searching for ${term}` };
  const query = new URLSearchParams({ q: term, n: String(limit) });
  const url = new URL(`https://index.docker.io/v1/search?${query.toString()}`);
  const response = await sendFollowing(
    access.transport,
    { method: 'GET', url, headers: { accept: 'application/json' }, signal },
    { subject },
  ).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw connectionError(subject, error);
  });
  if (response.status !== 200) {
    await discardBody(response);
    throw statusError(subject, response.status, '');
  }
  const content = await readBody(response, largestAnswerBytes, subject);
  checkDepth(content, subject);
  return parseHubResults(content).slice(0, limit);
};

/** What is no result is left out; control characters too, since this goes to a terminal. */
export const parseHubResults = (content: Uint8Array): readonly SearchResult[] => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(content).toString('utf8'));
  } catch {
    return [];
  }
  const results = isRecord(parsed) && Array.isArray(parsed['results']) ? (parsed['results'] as readonly unknown[]) : [];
  return results.filter(isRecord).flatMap((item) => {
    const { name, description, star_count: stars, is_official: isOfficial, is_automated: isAutomated } = item;
    if (typeof name !== 'string' || name === '') return [];
    return [
      {
        name: printable(name),
        description: typeof description === 'string' ? printable(description).slice(0, longestDescription) : '',
        stars: typeof stars === 'number' && Number.isSafeInteger(stars) ? stars : 0,
        isOfficial: isOfficial === true,
        isAutomated: isAutomated === true,
      },
    ];
  });
};

const searchCatalog = async ({
  access,
  registry,
  term,
  limit,
  withTags,
  signal,
}: SearchRequest): Promise<readonly SearchResult[]> => {
  const client = access.client(registry);
  const results: SearchResult[] = [];
  for await (const name of client.catalog(signal)) {
    if (results.length >= limit) break;
    if (!name.includes(term)) continue;
    const tags = withTags === true ? await firstTags(access.client(registry, name).listTags(name, signal)) : undefined;
    results.push({
      name: `${registry}/${name}`,
      description: '',
      stars: 0,
      isOfficial: false,
      isAutomated: false,
      ...(tags === undefined ? {} : { tags }),
    });
  }
  return results;
};

const firstTags = async (tags: AsyncIterable<string>): Promise<readonly string[]> => {
  const first: string[] = [];
  for await (const tag of tags) {
    if (first.push(tag) >= mostTags) break;
  }
  return first.sort();
};

const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
