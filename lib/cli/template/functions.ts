// SPDX-License-Identifier: Apache-2.0
// The functions of templates: text/template's own and docker's (json split join title lower upper pad truncate).

import { compareValues, equalValues } from './compare.js';
import { escapeHtml, escapeJs, escapeQuery } from './escape.js';
import { printf, printOperands, printValue } from './format.js';
import { TemplateFailure } from './error.js';
import { GoMap, GoStruct, isSlice, isTrue, toJson, typeName, type GoValue } from './values.js';

export type ParameterType = 'any' | 'string' | 'int' | 'strings';

export interface FunctionEntry {
  readonly parameters: readonly ParameterType[];
  /** type of any further arguments; absent: there are none */
  readonly rest?: ParameterType;
  readonly call: (...args: readonly GoValue[]) => GoValue;
}

const fixed = (parameters: readonly ParameterType[], call: FunctionEntry['call']): FunctionEntry => ({
  parameters,
  call,
});
const open = (
  parameters: readonly ParameterType[],
  rest: ParameterType,
  call: FunctionEntry['call'],
): FunctionEntry => ({
  parameters,
  rest,
  call,
});

// The evaluator has checked count and types: these only make TypeScript see it.
const text = (value: GoValue): string => (typeof value === 'string' ? value : '');
const int = (value: GoValue): number => (typeof value === 'number' ? value : 0);

const lengthOf = (value: GoValue): GoValue => {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (isSlice(value)) return value.length;
  if (value instanceof GoMap) return value.entries.size;
  if (value === undefined || value === null) throw new TemplateFailure('len of nil pointer');
  throw new TemplateFailure(`len of type ${typeName(value)}`);
};

const indexOf = (base: GoValue, ...keys: readonly GoValue[]): GoValue => {
  if (base === undefined || base === null) throw new TemplateFailure('index of untyped nil');
  return keys.reduce<GoValue>(indexOnce, base);
};

const indexOnce = (value: GoValue, key: GoValue): GoValue => {
  if (value instanceof GoMap || value instanceof GoStruct) return indexMap(value, key);
  if (isSlice(value)) return indexItems(value, key);
  if (typeof value === 'string') return indexItems([...Buffer.from(value)], key);
  if (value === undefined || value === null) throw new TemplateFailure('index of nil pointer');
  throw new TemplateFailure(`can't index item of type ${typeName(value)}`);
};

const indexMap = (value: GoMap | GoStruct, key: GoValue): GoValue => {
  if (typeof key !== 'string') throw new TemplateFailure(`value has type ${typeName(key)}; should be string`);
  if (value instanceof GoStruct) return value.get(key);
  return value.entries.has(key) ? value.entries.get(key) : value.zero;
};

const indexItems = (items: readonly GoValue[], key: GoValue): GoValue => {
  if (typeof key !== 'number') throw new TemplateFailure(`cannot index slice/array with type ${typeName(key)}`);
  if (key < 0 || key >= items.length) throw new TemplateFailure(`index out of range: ${String(key)}`);
  return items[key];
};

const sliceOf = (value: GoValue, ...bounds: readonly GoValue[]): GoValue => {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    return bytes.subarray(...sliceBounds(bounds, bytes.length)).toString();
  }
  if (!isSlice(value)) throw new TemplateFailure(`can't slice item of type ${typeName(value)}`);
  return value.slice(...sliceBounds(bounds, value.length));
};

const sliceBounds = (bounds: readonly GoValue[], length: number): [from: number, to: number] => {
  if (bounds.length > 3) throw new TemplateFailure(`too many slice indexes: ${String(bounds.length)}`);
  for (const bound of bounds) {
    if (typeof bound !== 'number') throw new TemplateFailure(`cannot index slice/array with type ${typeName(bound)}`);
    if (bound < 0 || bound > length) throw new TemplateFailure(`index out of range: ${String(bound)}`);
  }
  const [from, to] = [int(bounds[0] ?? 0), int(bounds[1] ?? length)];
  if (from > to) throw new TemplateFailure(`invalid slice index: ${String(from)} > ${String(to)}`);
  return [from, to];
};

const equalToAny = (first: GoValue, ...others: readonly GoValue[]): GoValue => {
  if (others.length === 0) throw new TemplateFailure('missing argument for comparison');
  return others.some((other) => equalValues(first, other));
};

const titleCase = (value: string): string =>
  value.replace(/(^|[^\p{L}\p{N}_'])(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase());

const padded = (value: string, left: number, right: number): string =>
  value === '' ? '' : `${' '.repeat(Math.max(0, left))}${value}${' '.repeat(Math.max(0, right))}`;

const truncated = (value: string, length: number): string => {
  const runes = [...value];
  return runes.length < length ? value : runes.slice(0, Math.max(0, length)).join('');
};

const notAFunction = (first: GoValue): GoValue => {
  throw new TemplateFailure(
    first === undefined || first === null ? 'call of nil' : `non-function of type ${typeName(first)}`,
  );
};

const table: Readonly<Record<string, FunctionEntry>> = {
  // text/template; and, or are evaluated where they stand, because they stop early
  and: open(['any'], 'any', () => undefined),
  or: open(['any'], 'any', () => undefined),
  not: fixed(['any'], (value) => !isTrue(value)),
  len: fixed(['any'], lengthOf),
  index: open(['any'], 'any', indexOf),
  slice: open(['any'], 'any', sliceOf),
  call: open(['any'], 'any', notAFunction),
  print: open([], 'any', (...args) => printOperands(args)),
  println: open([], 'any', (...args) => `${args.map(printAlone).join(' ')}\n`),
  printf: open(['string'], 'any', (format, ...args) => printf(text(format), args)),
  html: open([], 'any', (...args) => escapeHtml(printOperands(args))),
  js: open([], 'any', (...args) => escapeJs(printOperands(args))),
  urlquery: open([], 'any', (...args) => escapeQuery(printOperands(args))),
  eq: open(['any'], 'any', equalToAny),
  ne: fixed(['any', 'any'], (a, b) => !equalValues(a, b)),
  lt: fixed(['any', 'any'], (a, b) => compareValues(a, b) < 0),
  le: fixed(['any', 'any'], (a, b) => compareValues(a, b) <= 0),
  gt: fixed(['any', 'any'], (a, b) => compareValues(a, b) > 0),
  ge: fixed(['any', 'any'], (a, b) => compareValues(a, b) >= 0),
  // docker
  json: fixed(['any'], toJson),
  split: fixed(['string', 'string'], (value, separator) => text(value).split(text(separator))),
  join: fixed(['strings', 'string'], (list, separator) =>
    isSlice(list) ? list.map(printValue).join(text(separator)) : '',
  ),
  title: fixed(['string'], (value) => titleCase(text(value))),
  lower: fixed(['string'], (value) => text(value).toLowerCase()),
  upper: fixed(['string'], (value) => text(value).toUpperCase()),
  pad: fixed(['string', 'int', 'int'], (value, left, right) => padded(text(value), int(left), int(right))),
  truncate: fixed(['string', 'int'], (value, length) => truncated(text(value), int(length))),
};

/** undefined for a word that is no function, also for those that every object knows (`constructor`) */
export const findFunction = (name: string): FunctionEntry | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

const printAlone = (value: GoValue): string => printOperands([value]);
