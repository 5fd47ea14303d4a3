// SPDX-License-Identifier: Apache-2.0
// Quoting and padding of printf.

export interface Flags {
  readonly plus: boolean;
  readonly named: boolean;
  readonly minus: boolean;
  readonly sharp: boolean;
  readonly space: boolean;
  readonly zero: boolean;
  readonly width: number | undefined;
  readonly precision: number | undefined;
}

/** To the width, counted in characters. */
export const pad = (text: string, { width, minus, zero }: Flags): string => {
  const missing = (width ?? 0) - [...text].length;
  if (missing <= 0) return text;
  return minus ? text + ' '.repeat(missing) : (zero ? '0' : ' ').repeat(missing) + text;
};

const escapes: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

/** strconv.Quote; with `raw`, backquotes where the text allows them (%#q). */
export const quoteString = (text: string, raw: boolean): string =>
  raw && !/[`\u0000-\u0008\u000a-\u001f\u007f]/.test(text) ? `\`${text}\`` : `"${quoteWith(text, '"')}"`;

export const quoteChar = (char: string): string => `'${quoteWith(char, "'")}'`;

const quoteWith = (text: string, quote: string): string =>
  [...text]
    .map((char) => {
      if (char === quote) return `\\${char}`;
      const known = escapes[char];
      if (known !== undefined) return known;
      if (/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char)) return char;
      const code = char.codePointAt(0) ?? 0;
      if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
      return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
    })
    .join('');
