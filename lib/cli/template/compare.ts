// SPDX-License-Identifier: Apache-2.0
// eq, lt and the like: basic kinds compare with their own kind only.

import { printValue } from './format.js';
import { TemplateFailure } from './error.js';
import { compareStrings, GoFloat, GoFunction, GoMap, GoStruct, isSlice, typeName, type GoValue } from './values.js';

type Kind = 'bool' | 'int' | 'float' | 'string' | 'nil' | 'other';

const kindOf = (value: GoValue): Kind => {
  if (value === undefined || value === null) return 'nil';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return 'int';
  if (typeof value === 'string') return 'string';
  return value instanceof GoFloat ? 'float' : 'other';
};

const plain = (value: GoValue): GoValue => (value instanceof GoFloat ? value.value : value);

export const equalValues = (a: GoValue, b: GoValue): boolean => {
  const [left, right] = [kindOf(a), kindOf(b)];
  if (left === 'nil' || right === 'nil') return left === right;
  for (const value of [a, b]) {
    if (isSlice(value) || value instanceof GoMap || value instanceof GoFunction) {
      throw new TemplateFailure(`non-comparable type ${printValue(value)}: ${typeName(value)}`);
    }
  }
  if (left !== right) throw new TemplateFailure('incompatible types for comparison');
  if (a instanceof GoStruct || b instanceof GoStruct) return a === b;
  return plain(a) === plain(b);
};

/** Below, equal, above as -1, 0, 1. */
export const compareValues = (a: GoValue, b: GoValue): number => {
  const [left, right] = [kindOf(a), kindOf(b)];
  if (left === 'bool' || left === 'nil' || left === 'other') throw new TemplateFailure('invalid type for comparison');
  if (left !== right) throw new TemplateFailure('incompatible types for comparison');
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b);
  const [x, y] = [Number(plain(a)), Number(plain(b))];
  return x === y ? 0 : x < y ? -1 : 1;
};
