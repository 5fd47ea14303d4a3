// SPDX-License-Identifier: Apache-2.0
// Values as a Go template sees them. JavaScript's primitives stand for Go's (number: int, undefined: no value, null:
// nil); the classes below carry what JavaScript has no type for.

export class GoFloat {
  constructor(readonly value: number) {}
}

/** A method or function value; `minimum` and `maximum` are its argument counts. */
export class GoFunction {
  constructor(
    readonly call: (args: readonly GoValue[]) => GoValue,
    readonly parameters: number,
  ) {}
}

/** A Go map with string keys: printed and ranged over by sorted key. */
export class GoMap {
  /** what `index` gives for a key that is not there: "" for a map of strings */
  readonly zero: GoValue;
  readonly isNil: boolean;

  constructor(
    readonly entries: ReadonlyMap<string, GoValue>,
    options: { readonly zero?: GoValue; readonly isNil?: boolean } = {},
  ) {
    this.zero = options.zero;
    this.isNil = options.isNil === true;
  }

  sortedKeys(): readonly string[] {
    return [...this.entries.keys()].sort(compareStrings);
  }
}

/** A Go struct: fields in order, an unknown field is an error. */
export class GoStruct {
  /** the Go type in messages; absent: messages are those of a decoded JSON object */
  readonly typeName: string | undefined;
  readonly #aliases: Readonly<Record<string, string>>;
  readonly #omitted: ReadonlyMap<string, GoValue>;

  constructor(
    readonly fields: ReadonlyMap<string, GoValue>,
    options: {
      readonly typeName?: string;
      /** other names of fields: `ID` for `Id` */
      readonly aliases?: Readonly<Record<string, string>>;
      /** fields at their zero value, which JSON leaves out */
      readonly omitted?: ReadonlyMap<string, GoValue>;
    } = {},
  ) {
    this.typeName = options.typeName;
    this.#aliases = options.aliases ?? {};
    this.#omitted = options.omitted ?? new Map<string, GoValue>();
  }

  get(name: string): GoValue {
    const known = this.#aliases[name] ?? name;
    return this.fields.has(known) ? this.fields.get(known) : this.#omitted.get(known);
  }

  has(name: string): boolean {
    const known = this.#aliases[name] ?? name;
    return this.fields.has(known) || this.#omitted.has(known);
  }

  /** as Go prints it: with what JSON leaves out */
  allFields(): readonly (readonly [string, GoValue])[] {
    return [...this.fields, ...this.#omitted];
  }
}

/** A slice that was never made: prints as `[]`, marshals as null. */
export const nilSlice: readonly GoValue[] = Object.freeze([]);

export type GoValue =
  undefined | null | boolean | number | string | GoFloat | readonly GoValue[] | GoMap | GoStruct | GoFunction;

export const isSlice = (value: GoValue): value is readonly GoValue[] => Array.isArray(value);

/** By code unit of UTF-8, as Go compares strings. */
export const compareStrings = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** What `if`, `with`, `and`, `or`, `not` take as true: everything but the zero value. */
export const isTrue = (value: GoValue): boolean => {
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return value !== 0;
  if (typeof value === 'string') return value.length > 0;
  if (value instanceof GoFloat) return value.value !== 0;
  if (isSlice(value)) return value.length > 0;
  if (value instanceof GoMap) return value.entries.size > 0;
  return true;
};

/** The type's name in messages and for %T. */
export const typeName = (value: GoValue): string => {
  if (value === undefined || value === null) return '<nil>';
  if (isSlice(value)) return sliceType(value);
  if (value instanceof GoFloat) return 'float64';
  if (value instanceof GoMap) return value.zero === '' ? 'map[string]string' : anyMap;
  if (value instanceof GoStruct) return value.typeName ?? anyMap;
  if (value instanceof GoFunction) return 'func()';
  return typeof value === 'number' ? 'int' : typeof value === 'boolean' ? 'bool' : 'string';
};

const anyMap = 'map[string]interface {}';

const sliceType = (items: readonly GoValue[]): string =>
  items.length > 0 && items.every((item) => typeof item === 'string') ? '[]string' : '[]interface {}';

/** encoding/json without the escaping of <, > and &. */
export const toJson = (value: GoValue): string => {
  if (value === undefined || value === null || value === nilSlice || value instanceof GoFunction) return 'null';
  if (value instanceof GoFloat) return JSON.stringify(value.value);
  if (isSlice(value)) return `[${value.map(toJson).join(',')}]`;
  if (value instanceof GoMap)
    return value.isNil ? 'null' : jsonObject(value.sortedKeys().map((key) => [key, value.entries.get(key)]));
  if (value instanceof GoStruct)
    return jsonObject([...value.fields].filter(([, field]) => !(field instanceof GoFunction) && field !== undefined));
  return JSON.stringify(value);
};

const jsonObject = (entries: readonly (readonly [string, GoValue])[]): string =>
  `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${toJson(item)}`).join(',')}}`;
