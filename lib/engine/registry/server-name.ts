// SPDX-License-Identifier: Apache-2.0
// Which registry people mean when they log in, log out or search.

import { sampanError } from '../../errors/sampan-error.js';
import { tryParseReference } from '../../image/reference.js';
import { shorten } from '../../util/shorten.js';

export const dockerHubName = 'docker.io';

/** `registry.example:5000`, `https://registry.example/v2/`; empty is Docker Hub. @throws ERR_INVALID_VALUE */
export const parseServer = (text: string): string => {
  const host = text.replace(/^https?:\/\//i, '').replace(/\/.*$/s, '');
  if (text === '') return dockerHubName;
  if (host === 'registry-1.docker.io') return dockerHubName;
  // a single word is a registry here, where a reference would take it for a repository
  const isRegistry = tryParseReference(`${/[.:]/.test(host) ? host : `${host}:1`}/x`) !== undefined;
  if (!isRegistry || host === '')
    throw sampanError('ERR_INVALID_VALUE', {
      subject: `${shorten(text)} is not the name of a registry`,
      hint: 'for example registry.example:5000; without a name it is Docker Hub',
    });
  return host === 'index.docker.io' ? dockerHubName : host;
};

export interface SearchTerm {
  readonly registry: string;
  /** empty: everything */
  readonly term: string;
}

/** `debian`, `user/name`, `registry.example/term`, `registry.example:5000/`. @throws ERR_INVALID_VALUE */
export const parseSearchTerm = (text: string): SearchTerm => {
  if (/^https?:\/\//i.test(text))
    throw sampanError('ERR_INVALID_VALUE', {
      subject: `${shorten(text)}: a search has no scheme`,
      hint: 'for example registry.example:5000/name',
    });
  const slash = text.indexOf('/');
  const first = slash < 0 ? text : text.slice(0, slash);
  // a colon can be in no name of Docker Hub, so it is a port even without a slash behind it
  const isRegistry = first.includes(':') || (slash >= 0 && (first.includes('.') || first === 'localhost'));
  if (!isRegistry) return { registry: dockerHubName, term: text.replace(/^library\//, '') };
  const [registry, term] = [parseServer(first), slash < 0 ? '' : text.slice(slash + 1)];
  return { registry, term: registry === dockerHubName ? term.replace(/^library\//, '') : term };
};
