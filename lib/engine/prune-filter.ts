// SPDX-License-Identifier: Apache-2.0
// The filters that every prune has (docs.docker.com, "docker system prune", Filtering): until, label, label!.

import { sampanError } from '../errors/sampan-error.js';
import type { PruneFilters } from './contract.js';
import { hasLabel, instantOf } from './filter-values.js';

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
