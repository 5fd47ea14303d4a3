// SPDX-License-Identifier: Apache-2.0
// Lists that a registry gives in pages, linked by `Link: <...>; rel="next"` (distribution-spec 1.1, "Listing Tags").

import type { StepSubject } from './contract.js';
import { isRecord } from './auth-file.js';
import { registryError } from './failure.js';
import { checkDepth } from './json-depth.js';
import { readBody } from './read-body.js';
import { resolveLocation } from './redirects.js';
import type { Session } from './session.js';
import type { HttpResponse } from './transport.js';

export interface Page {
  /** path of the first page */
  readonly first: string;
  readonly key: 'tags' | 'repositories';
  readonly scopes: readonly string[];
  readonly subject: StepSubject;
  readonly signal?: AbortSignal | undefined;
}

const largestPageBytes = 8 * 1024 * 1024;
const mostPages = 10_000;
const longestName = 512;

/** @throws ERR_REGISTRY_ANSWER when pages never end or are no lists */
export async function* listPages(
  session: Session,
  { first, key, scopes, subject, signal }: Page,
): AsyncGenerator<string> {
  let target: string | URL | undefined = first;
  const seen = new Set<string>();
  while (target !== undefined) {
    const name = typeof target === 'string' ? target : target.href;
    if (seen.has(name) || seen.size >= mostPages)
      throw registryError('ERR_REGISTRY_ANSWER', subject, { detail: 'the pages do not end' });
    seen.add(name);
    const response: HttpResponse = await session.request({
      method: 'GET',
      target,
      scopes,
      subject,
      expect: [200],
      signal,
    });
    const content = await readBody(response, largestPageBytes, subject);
    checkDepth(content, subject);
    yield* namesIn(content, key, subject);
    target = nextOf(response, subject);
  }
}

const namesIn = (content: Buffer, key: string, subject: StepSubject): readonly string[] => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(content.toString('utf8'));
  } catch (cause) {
    throw registryError('ERR_REGISTRY_ANSWER', subject, { detail: 'the list is not JSON', cause });
  }
  // a repository without tags has null
  const list = (isRecord(parsed) ? parsed[key] : undefined) ?? [];
  if (!Array.isArray(list)) throw registryError('ERR_REGISTRY_ANSWER', subject, { detail: `${key} is not a list` });
  return list.filter(
    (item): item is string => typeof item === 'string' && item.length <= longestName && /^[\x21-\x7e]+$/.test(item),
  );
};

/** Only pages of the registry itself: the next one is asked for with our authorization. */
const nextOf = (response: HttpResponse, subject: StepSubject): URL | undefined => {
  const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(response.headers['link'] ?? '')?.[1];
  if (target === undefined) return undefined;
  const next = resolveLocation(target, response.url, subject);
  // registries behind a proxy call themselves by other names: the path is what counts
  return new URL(`${next.pathname}${next.search}`, response.url.origin);
};
