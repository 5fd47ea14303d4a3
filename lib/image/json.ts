// SPDX-License-Identifier: Apache-2.0
// Reading JSON that somebody else wrote: every field is checked for its kind and bounds on the way in.

import { sampanError } from '../errors/sampan-error.js';
import { shorten } from '../util/shorten.js';

/** An object out of somebody's JSON, with the name it has in messages. */
export interface JsonObject {
  readonly what: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** @throws ERR_IMAGE_INVALID */
export const parseJsonObject = (content: Uint8Array, what: string, largestBytes: number): JsonObject =>
  asObject(parseJson(content, what, largestBytes), what);

/** @throws ERR_IMAGE_INVALID */
export const parseJson = (content: Uint8Array, what: string, largestBytes: number): unknown => {
  if (content.byteLength > largestBytes) {
    throw invalid(what, `is larger than ${String(largestBytes)} bytes`);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
  } catch (cause) {
    throw sampanError('ERR_IMAGE_INVALID', { subject: `${what} is not JSON`, cause });
  }
};

export const asObject = (value: unknown, what: string): JsonObject => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(what, 'is not an object');
  return { what, fields: value as Readonly<Record<string, unknown>> }; // checked just now
};

/** undefined when absent, null or empty, which Go writes alike */
export const optionalString = (object: JsonObject, key: string, longest = 65_536): string | undefined => {
  const value = own(object, key);
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw wrong(object, key, 'a string', value);
  return bounded(object, key, value, longest);
};

export const requiredString = (object: JsonObject, key: string, longest?: number): string => {
  const value = optionalString(object, key, longest);
  if (value === undefined) throw invalid(object.what, `has no ${key}`);
  return value;
};

export const optionalBoolean = (object: JsonObject, key: string): boolean => {
  const value = own(object, key);
  if (value === undefined || value === null) return false;
  if (typeof value !== 'boolean') throw wrong(object, key, 'true or false', value);
  return value;
};

/** A count of bytes or nanoseconds and the like: 0 or more, exact. */
export const optionalCount = (object: JsonObject, key: string): number | undefined => {
  const value = own(object, key);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw wrong(object, key, 'a count', value);
  return value;
};

export const requiredCount = (object: JsonObject, key: string): number => {
  const value = optionalCount(object, key);
  if (value === undefined) throw invalid(object.what, `has no ${key}`);
  return value;
};

export const optionalObject = (object: JsonObject, key: string): JsonObject | undefined => {
  const value = own(object, key);
  return value === undefined || value === null ? undefined : asObject(value, `${object.what}: ${key}`);
};

/** [] when absent or null */
export const arrayOf = <T>(
  object: JsonObject,
  key: string,
  most: number,
  parse: (value: unknown, what: string) => T,
): readonly T[] => {
  const value = own(object, key);
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrong(object, key, 'a list', value);
  if (value.length > most) throw invalid(object.what, `has more than ${String(most)} ${key}`);
  return value.map((item: unknown, index) => parse(item, `${object.what}: ${key}[${String(index)}]`));
};

/** undefined when absent or null: docker tells an empty list from none */
export const optionalStrings = (object: JsonObject, key: string, most: number): readonly string[] | undefined => {
  const value = own(object, key);
  return value === undefined || value === null ? undefined : arrayOf(object, key, most, asString);
};

/** {} when absent or null */
export const stringMap = (object: JsonObject, key: string, most: number): Readonly<Record<string, string>> => {
  const entries = entriesOf(object, key, most).map(([name, value]) => [
    name,
    asString(value, `${object.what}: ${key}`),
  ]);
  // fromEntries defines own properties: a key named __proto__ is a key like any other
  return Object.fromEntries(entries) as Readonly<Record<string, string>>;
};

/** The keys of an object used as a set (ExposedPorts, Volumes). */
export const keySet = (object: JsonObject, key: string, most: number): readonly string[] =>
  entriesOf(object, key, most).map(([name]) => name);

export const asString = (value: unknown, what: string): string => {
  if (typeof value !== 'string') throw invalid(what, `is not a string: ${shorten(value)}`);
  return bounded({ what, fields: {} }, '', value, longestString);
};

export const invalid = (what: string, problem: string): Error =>
  sampanError('ERR_IMAGE_INVALID', { subject: `${what} ${problem}` });

const longestString = 1024 * 1024;

const entriesOf = (object: JsonObject, key: string, most: number): readonly (readonly [string, unknown])[] => {
  const inner = optionalObject(object, key);
  const entries = inner === undefined ? [] : Object.entries(inner.fields);
  if (entries.length > most) throw invalid(object.what, `has more than ${String(most)} ${key}`);
  return entries;
};

const own = ({ fields }: JsonObject, key: string): unknown => (Object.hasOwn(fields, key) ? fields[key] : undefined);

const bounded = ({ what }: JsonObject, key: string, value: string, longest: number): string => {
  if (value.length > longest)
    throw invalid(what, `has a ${key || 'string'} of more than ${String(longest)} characters`);
  // execve(2), mount(2) and path names end at a NUL: such a string would mean two things
  if (value.includes('\0')) throw invalid(what, `has a NUL in ${key || 'a string'}`);
  return value;
};

const wrong = ({ what }: JsonObject, key: string, expected: string, value: unknown): Error =>
  invalid(what, `has ${key} ${shorten(value)} where ${expected} is expected`);
