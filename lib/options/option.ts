// SPDX-License-Identifier: Apache-2.0
// One record per option: parsing, help, the reference and completion all read it. Data only, nothing runs at import.

/** Thrown by a value's parser: says what is wrong with the text; the scanner adds which option it was. */
export class InvalidArgument extends Error {}

export type OptionGroup =
  'general' | 'process' | 'environment' | 'files' | 'network' | 'security' | 'resources' | 'lifecycle' | 'logging';

/** How help calls the value; boolean options have none. */
export type OptionKind =
  'boolean' | 'string' | 'int' | 'bytes' | 'duration' | 'decimal' | 'list' | 'map' | 'mount' | 'ulimit' | 'filter';

export interface Option<Value = unknown> {
  /** long name, without dashes */
  readonly name: string;
  /** one letter */
  readonly short?: string | undefined;
  readonly kind: OptionKind;
  readonly group: OptionGroup;
  readonly describe: string;
  /** as help shows it; the behaviour itself is the command's */
  readonly defaultText?: string | undefined;
  /** the field of the Docker Engine API that it sets */
  readonly docker?: string | undefined;
  /** works, but is not shown */
  readonly hidden?: boolean | undefined;
  /** known to docker's users, but not there yet: using it is an error that says so */
  readonly unsupported?: boolean | undefined;
  /** from every text that was given, in order; a boolean's texts are `true` and `false` */
  readonly parse: (texts: readonly string[]) => Value;
}

type Given = Omit<Option, 'parse' | 'kind'>;

export const booleanOption = (given: Given): Option<boolean> => ({
  ...given,
  kind: 'boolean',
  parse: (texts) => parseBoolean(lastOf(texts)),
});

export const stringOption = (given: Given): Option<string> => ({ ...given, kind: 'string', parse: lastOf });

/** An option whose last text counts, turned into something else. */
export const valueOption = <Value>(
  given: Given & { readonly kind: OptionKind; readonly read: (text: string) => Value },
): Option<Value> => {
  const { read, ...rest } = given;
  return { ...rest, parse: (texts) => read(lastOf(texts)) };
};

/** An option that may be given many times. */
export const listOption = <Element = string>(
  given: Given & { readonly kind?: OptionKind; readonly read: (text: string) => Element },
): Option<readonly Element[]> => {
  const { read, ...rest } = given;
  return { ...rest, kind: given.kind ?? 'list', parse: (texts) => texts.map(read) };
};

/** Keeps an element as it is. */
export const asGiven = (text: string): string => text;

const lastOf = (texts: readonly string[]): string => texts.at(-1) ?? '';

/** Go's strconv.ParseBool. */
export const parseBoolean = (text: string): boolean => {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  throw new InvalidArgument(`${JSON.stringify(text)} is neither true nor false`);
};

export const parseInteger = (text: string): number => {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new InvalidArgument(`${JSON.stringify(text)} is not an integer`);
};

/** The order of help. */
export const byName = (a: Option, b: Option): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
