// SPDX-License-Identifier: Apache-2.0
// Go's fmt: how values print, and the verbs of printf.

import { formatFloat } from './float.js';
import { pad, quoteChar, quoteString, type Flags } from './quote.js';
import { type GoFloat, GoFunction, GoMap, GoStruct, isSlice, typeName, type GoValue } from './values.js';

/** The value of an action: `<no value>` when there is none. */
export const printValue = (value: GoValue): string => (value === undefined ? '<no value>' : plainText(value));

/** fmt.Sprint: a space between operands when neither is a string. */
export const printOperands = (values: readonly GoValue[]): string =>
  values
    .map((value, index) => {
      const before = values[index - 1];
      const spaced = index > 0 && typeof value !== 'string' && typeof before !== 'string';
      return `${spaced ? ' ' : ''}${plainText(value)}`;
    })
    .join('');

const noFlags: Flags = {
  plus: false,
  named: false,
  minus: false,
  sharp: false,
  space: false,
  zero: false,
  width: undefined,
  precision: undefined,
};

const plainText = (value: GoValue): string => formatValue(value, 'v', noFlags);

interface Directive {
  readonly flags: Flags;
  readonly verb: string;
}

/** fmt.Sprintf, with its complaints (`%!d(string=x)`) in the text. */
export const printf = (format: string, args: readonly GoValue[]): string => new Printer(format, args).run();

class Printer {
  #at = 0;
  #argument = 0;
  #reordered = false;
  readonly #output: string[] = [];

  constructor(
    readonly format: string,
    readonly args: readonly GoValue[],
  ) {}

  run(): string {
    while (this.#at < this.format.length) {
      const percent = this.format.indexOf('%', this.#at);
      this.#output.push(this.format.slice(this.#at, percent < 0 ? undefined : percent));
      if (percent < 0) break;
      this.#at = percent + 1;
      this.#output.push(this.#directive());
    }
    if (!this.#reordered && this.#argument < this.args.length) this.#output.push(this.#extra());
    return this.#output.join('');
  }

  #directive(): string {
    const flagText = this.#match(/^[-+# 0]*/y);
    this.#index();
    const width = this.#number();
    const precision = this.#match(/^\./y) === '' ? undefined : (this.#index(), this.#number() ?? 0);
    this.#index();
    const verb = [...this.format.slice(this.#at)][0];
    if (verb === undefined) return '%!(NOVERB)';
    this.#at += verb.length;
    const minus = flagText.includes('-') || (width !== undefined && width < 0);
    const flags: Flags = {
      minus,
      // %+v names the fields of structs and signs no number
      plus: flagText.includes('+') && verb !== 'v',
      named: flagText.includes('+') && verb === 'v',
      sharp: flagText.includes('#'),
      space: flagText.includes(' '),
      zero: flagText.includes('0') && !minus,
      width: width === undefined ? undefined : Math.abs(width),
      precision,
    };
    if (verb === '%') return '%';
    return this.#verb({ flags, verb });
  }

  #verb({ flags, verb }: Directive): string {
    if (this.#argument < 0) return `%!${verb}(BADINDEX)`;
    if (this.#argument >= this.args.length) return `%!${verb}(MISSING)`;
    const value = this.args[this.#argument++];
    if (verb === 'T') return pad(typeName(value), flags);
    return formatValue(value, verb, flags);
  }

  /** `[3]`: the next operand is the third */
  #index(): void {
    const match = this.#match(/^\[\d+\]/y);
    if (match === '') return;
    this.#reordered = true;
    const index = Number(match.slice(1, -1)) - 1;
    this.#argument = index >= 0 && index < this.args.length ? index : -1;
  }

  #number(): number | undefined {
    if (this.#match(/^\*/y) !== '') {
      const value = this.args[this.#argument++];
      return typeof value === 'number' ? value : undefined;
    }
    const digits = this.#match(/^\d+/y);
    return digits === '' ? undefined : Number(digits);
  }

  #match(pattern: RegExp): string {
    const found = new RegExp(pattern.source).exec(this.format.slice(this.#at))?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #extra(): string {
    const left = this.args
      .slice(this.#argument)
      .map((value) => (value === undefined || value === null ? '<nil>' : `${typeName(value)}=${plainText(value)}`));
    return `%!(EXTRA ${left.join(', ')})`;
  }
}

// ---- one value -----------------------------------------------------------------------------------------------------

const formatValue = (value: GoValue, verb: string, flags: Flags): string => {
  if (value === undefined || value === null) return verb === 'v' ? pad('<nil>', flags) : `%!${verb}(<nil>)`;
  if (isSlice(value)) return formatSlice(value, verb, flags);
  if (value instanceof GoMap) return formatMap(value, verb, flags);
  if (value instanceof GoStruct) return formatStruct(value, verb, flags);
  if (value instanceof GoFunction) return pad('func()', flags);
  const text =
    typeof value === 'boolean'
      ? formatBool(value, verb, flags)
      : typeof value === 'string'
        ? formatString(value, verb, flags)
        : typeof value === 'number'
          ? formatInt(value, verb, flags)
          : formatGoFloat(value, verb, flags);
  return text ?? `%!${verb}(${typeName(value)}=${plainText(value)})`;
};

const formatSlice = (items: readonly GoValue[], verb: string, flags: Flags): string => {
  const texts = items.map((item) => formatValue(item, verb, flags));
  return verb === 'v' && flags.sharp ? `${typeName(items)}{${texts.join(', ')}}` : `[${texts.join(' ')}]`;
};

const formatMap = (map: GoMap, verb: string, flags: Flags): string => {
  const texts = map
    .sortedKeys()
    .map((key) => `${formatValue(key, verb, flags)}:${formatValue(map.entries.get(key), verb, flags)}`);
  return verb === 'v' && flags.sharp ? `${typeName(map)}{${texts.join(', ')}}` : `map[${texts.join(' ')}]`;
};

const formatStruct = (struct: GoStruct, verb: string, flags: Flags): string => {
  const named = flags.named || (verb === 'v' && flags.sharp);
  const texts = struct
    .allFields()
    .map(([name, field]) => `${named ? `${name}:` : ''}${formatValue(field, verb, flags)}`);
  return `{${texts.join(' ')}}`;
};

const formatBool = (value: boolean, verb: string, flags: Flags): string | undefined =>
  verb === 't' || verb === 'v' ? pad(String(value), flags) : undefined;

const formatString = (value: string, verb: string, flags: Flags): string | undefined => {
  const text = flags.precision === undefined ? value : [...value].slice(0, flags.precision).join('');
  switch (verb) {
    case 'v':
      return pad(flags.sharp ? quoteString(text, false) : text, flags);
    case 's':
      return pad(text, flags);
    case 'q':
      return pad(quoteString(text, flags.sharp), flags);
    case 'x':
    case 'X': {
      const bytes = [...Buffer.from(text)].map((byte) => byte.toString(16).padStart(2, '0'));
      const hex = bytes.join(flags.space ? ' ' : '');
      return pad(verb === 'X' ? hex.toUpperCase() : hex, flags);
    }
    default:
      return undefined;
  }
};

const bases: Readonly<Record<string, readonly [number, string] | undefined>> = {
  v: [10, ''],
  d: [10, ''],
  b: [2, '0b'],
  o: [8, '0'],
  O: [8, '0o'],
  x: [16, '0x'],
  X: [16, '0X'],
};

const formatInt = (value: number, verb: string, flags: Flags): string | undefined => {
  if (verb === 'c') return pad(codePoint(value), flags);
  if (verb === 'q') return pad(quoteChar(codePoint(value)), flags);
  if (verb === 'U') return pad(`U+${value.toString(16).toUpperCase().padStart(4, '0')}`, flags);
  const base = bases[verb];
  if (base === undefined) return undefined;
  const digits = Math.abs(value)
    .toString(base[0])
    .padStart(flags.precision ?? 1, '0');
  const prefix = flags.sharp || verb === 'O' ? base[1] : '';
  const sign = value < 0 ? '-' : flags.plus ? '+' : flags.space ? ' ' : '';
  return padNumber(sign, `${prefix}${verb === 'X' ? digits.toUpperCase() : digits}`, flags);
};

const codePoint = (value: number): string => (value >= 0 && value <= 0x10ffff ? String.fromCodePoint(value) : '\uFFFD');

const formatGoFloat = ({ value }: GoFloat, verb: string, flags: Flags): string | undefined => {
  const digits = formatFloat(Math.abs(value), verb, flags.precision);
  if (digits === undefined) return undefined;
  const sign = value < 0 || Object.is(value, -0) ? '-' : flags.plus ? '+' : flags.space ? ' ' : '';
  return padNumber(sign, digits, flags);
};

/** Zeros go between the sign and the digits. */
const padNumber = (sign: string, digits: string, flags: Flags): string =>
  flags.zero && flags.width !== undefined
    ? `${sign}${digits.padStart(flags.width - sign.length, '0')}`
    : pad(`${sign}${digits}`, { ...flags, zero: false });
