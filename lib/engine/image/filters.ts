// SPDX-License-Identifier: Apache-2.0
// Filters of `images`: reference, dangling, label, before, since, until. Values of one filter are alternatives, except
// labels, which must all be there.

import { sampanError } from '../../errors/sampan-error.js';
import type { ImageSummary } from '../contract.js';
import { hasLabel, instantOf } from '../filter-values.js';

export interface ListedImage extends ImageSummary {
  readonly isNameless: boolean;
}

export type Filter = (image: ListedImage) => boolean;

/** @param createdAtOf of the image that before and since name. @throws ERR_INVALID_VALUE */
export const makeFilter = (
  filters: Readonly<Record<string, readonly string[]>>,
  createdAtOf: (nameOrId: string) => string,
): Filter => {
  const parts = Object.entries(filters).flatMap(([name, values]) =>
    values.length === 0 ? [] : [partOf(name, values, createdAtOf)],
  );
  return (image) => parts.every((part) => part(image));
};

/** Go's path.Match on the name with and without its tag, as docker does. */
export const matchesReference = (pattern: string, { repository, tag, isNameless }: ListedImage): boolean => {
  if (isNameless) return false;
  const expression = globExpression(pattern);
  return expression.test(repository) || expression.test(`${repository}:${tag}`);
};

const partOf = (name: string, values: readonly string[], createdAtOf: (nameOrId: string) => string): Filter => {
  const created = (value: string): number => Date.parse(createdAtOf(value));
  switch (name) {
    case 'reference':
      return (image) => values.some((pattern) => matchesReference(pattern, image));
    case 'dangling': {
      const wanted = values.map((value) => booleanOf(name, value));
      return ({ isNameless }) => wanted.includes(isNameless);
    }
    case 'label':
      return ({ labels }) => values.every((value) => hasLabel(labels, value));
    case 'before':
      return beforeAny(values.map(created));
    case 'since':
      return sinceAny(values.map(created));
    case 'until':
      return beforeAny(values.map(instantOf));
    default:
      throw sampanError('ERR_INVALID_VALUE', {
        subject: `filter ${name}`,
        hint: 'the filters are reference, dangling, label, before, since and until',
      });
  }
};

const beforeAny =
  (limits: readonly number[]): Filter =>
  ({ createdAt }) =>
    limits.some((limit) => Date.parse(createdAt) < limit);

const sinceAny =
  (limits: readonly number[]): Filter =>
  ({ createdAt }) =>
    limits.some((limit) => Date.parse(createdAt) > limit);

const booleanOf = (name: string, value: string): boolean => {
  if (['true', '1', 't', 'True', 'TRUE'].includes(value)) return true;
  if (['false', '0', 'f', 'False', 'FALSE'].includes(value)) return false;
  throw sampanError('ERR_INVALID_VALUE', { subject: `filter ${name}=${value}`, hint: 'it is true or false' });
};

const globExpression = (pattern: string): RegExp => {
  let expression = '';
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern.charAt(at);
    const set = char === '[' ? /^\[\^?(?:\\.|[^\\\]])+\]/.exec(pattern.slice(at))?.[0] : undefined;
    if (set !== undefined) {
      expression += set;
      at += set.length - 1;
    } else if (char === '*') expression += '[^/]*';
    else if (char === '?') expression += '[^/]';
    else if (char === '\\' && at + 1 < pattern.length) expression += escape(pattern.charAt(++at));
    else expression += escape(char);
  }
  try {
    return new RegExp(`^${expression}$`);
  } catch (cause) {
    throw sampanError('ERR_INVALID_VALUE', { subject: `pattern ${pattern}`, cause });
  }
};

const escape = (char: string): string => char.replace(/[.*+?^${}()|[\]\\/-]/, '\\$&');
