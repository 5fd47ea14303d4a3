// SPDX-License-Identifier: Apache-2.0
// `search`: the registry's own search where it has one, else its list of repositories; docker's filters.

import { sampanError } from '../../errors/sampan-error.js';
import { searchRegistry } from '../../registry/search.js';
import type { SearchOptions, SearchReport, SearchResult } from '../contract.js';
import type { RegistryContext } from './context.js';
import { dockerHubName, parseSearchTerm } from './server-name.js';

/** @throws ERR_INVALID_VALUE, ERR_REGISTRY_*, ERR_NOT_SUPPORTED when the registry can list nothing */
export const search = async (context: RegistryContext, text: string, options: SearchOptions): Promise<SearchReport> => {
  const { registry, term } = parseSearchTerm(text);
  if (registry === dockerHubName && term === '')
    throw sampanError('ERR_INVALID_VALUE', {
      subject: 'a search of Docker Hub needs a term',
      hint: "for example 'sampan search debian'; 'sampan search registry.example/' lists a whole registry",
    });
  const keep = makeFilter(options.filters);
  const results = await searchRegistry({
    access: await context.openRegistries(),
    registry,
    term,
    limit: options.limit,
    withTags: true,
    signal: options.signal,
  });
  return { kind: registry === dockerHubName ? 'search' : 'catalog', results: results.filter(keep) };
};

type Keep = (result: SearchResult) => boolean;

/** Every filter must be met; of several values of one, the last counts. */
const makeFilter = (filters: SearchOptions['filters']): Keep => {
  const parts = Object.entries(filters).map(([name, values]) => partOf(name, values.at(-1) ?? ''));
  return (result) => parts.every((part) => part(result));
};

const partOf = (name: string, value: string): Keep => {
  switch (name) {
    case 'stars': {
      const least = /^\d{1,9}$/.test(value) ? Number(value) : invalid(name, value, 'it is a number of stars');
      return ({ stars }) => stars >= least;
    }
    case 'is-official': {
      const wanted = booleanOf(name, value);
      return ({ isOfficial }) => isOfficial === wanted;
    }
    case 'is-automated': {
      const wanted = booleanOf(name, value);
      return ({ isAutomated }) => isAutomated === wanted;
    }
    default:
      throw sampanError('ERR_INVALID_VALUE', {
        subject: `filter ${name}`,
        hint: 'the filters are stars, is-official and is-automated',
      });
  }
};

const booleanOf = (name: string, value: string): boolean =>
  ['true', '1', 't', 'T', 'True', 'TRUE'].includes(value)
    ? true
    : ['false', '0', 'f', 'F', 'False', 'FALSE'].includes(value)
      ? false
      : invalid(name, value, 'it is true or false');

const invalid = (name: string, value: string, hint: string): never => {
  throw sampanError('ERR_INVALID_VALUE', { subject: `filter ${name}=${value}`, hint });
};
