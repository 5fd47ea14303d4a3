// SPDX-License-Identifier: Apache-2.0
// Whether arguments fit a function: each check gives what is wrong, in text/template's words, or nothing.

import type { FunctionEntry, ParameterType } from './functions.js';
import type { Operand } from './nodes.js';
import { isSlice, typeName, type GoValue } from './values.js';

export const parameterAt = ({ parameters, rest }: FunctionEntry, index: number): ParameterType =>
  parameters[index] ?? rest ?? 'any';

export const countMismatch = (name: string, { parameters, rest }: FunctionEntry, count: number): string | undefined => {
  if (count === parameters.length || (rest !== undefined && count > parameters.length)) return undefined;
  return `wrong number of args for ${name}: want ${rest === undefined ? '' : 'at least '}${String(parameters.length)} got ${String(count)}`;
};

/** What a template writes out is checked before it is evaluated. */
export const literalMismatch = (node: Operand, type: ParameterType): string | undefined => {
  if (node.kind === 'nil') return type === 'string' || type === 'int' ? `cannot assign nil to ${type}` : undefined;
  if (node.kind !== 'bool' && node.kind !== 'number' && node.kind !== 'string') return undefined;
  if (type === 'string' && node.kind !== 'string') return `expected string; found ${node.text}`;
  if (type === 'int' && typeof node.value !== 'number') return `expected integer; found ${node.text}`;
  return type === 'strings' ? `can't handle ${node.text} for arg of type []string` : undefined;
};

export const typeMismatch = (value: GoValue, type: ParameterType): string | undefined => {
  if (type === 'any') return undefined;
  if (value === undefined || value === null) return type === 'strings' ? undefined : `invalid value; expected ${type}`;
  if (fits(value, type)) return undefined;
  return `wrong type for value; expected ${type === 'strings' ? '[]string' : type}; got ${typeName(value)}`;
};

const fits = (value: GoValue, type: Exclude<ParameterType, 'any'>): boolean => {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'int':
      return typeof value === 'number';
    case 'strings':
      return isSlice(value);
  }
};
