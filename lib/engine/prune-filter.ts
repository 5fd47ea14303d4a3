// SPDX-License-Identifier: Apache-2.0
// The filters that every prune has (docs.docker.com, "docker system prune", Filtering): until, label, label!.

import { sampanError } from '../errors/sampan-error.js';
import { parseInstant } from '../util/times.js';
import type { PruneFilters } from './contract.js';

export interface Prunable {
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** All filters must hold; of `label!` none may be there. @throws ERR_INVALID_VALUE */
export const makePruneFilter = (filters: PruneFilters): ((object: Prunable) => boolean) => {
  const parts = Object.entries(filters).map(([name, values]) => partOf(name, values));
  return (object) => parts.every((part) => part(object));
};

const partOf = (name: string, values: readonly string[]): ((object: Prunable) => boolean) => {
  switch (name) {
    case 'until': {
      const limits = values.map(instantOf);
      return ({ createdAt }) => limits.every((limit) => Date.parse(createdAt) < limit);
    }
    case 'label':
      return ({ labels }) => values.every((value) => hasLabel(labels, value));
    case 'label!':
      return ({ labels }) => !values.some((value) => hasLabel(labels, value));
    default:
      throw sampanError('ERR_INVALID_VALUE', {
        subject: `filter ${name}`,
        hint: 'prune knows the filters until, label and label!, image prune also dangling',
      });
  }
};

const instantOf = (value: string): number => {
  const instant = parseInstant(value, new Date());
  if (instant !== undefined) return Date.parse(instant);
  throw sampanError('ERR_INVALID_VALUE', {
    subject: `filter until=${value}`,
    hint: 'give a time or a duration such as 24h',
  });
};

const hasLabel = (labels: Readonly<Record<string, string>>, wanted: string): boolean => {
  const equals = wanted.indexOf('=');
  const name = equals < 0 ? wanted : wanted.slice(0, equals);
  return Object.hasOwn(labels, name) && (equals < 0 || labels[name] === wanted.slice(equals + 1));
};
