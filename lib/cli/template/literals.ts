// SPDX-License-Identifier: Apache-2.0
// Go's literals: interpreted and raw strings, characters, integers of all bases, floats.

import { GoFloat, type GoValue } from './values.js';

const simpleEscapes: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  "'": 39,
  '"': 34,
};

/** The value of a string literal with its quotes; undefined when an escape is not Go's. */
export const unquote = (literal: string): string | undefined => {
  if (literal.startsWith('`')) return literal.slice(1, -1).replaceAll('\r', '');
  const quote = literal[0];
  const bytes: Buffer[] = [];
  let rest = literal.slice(1, -1);
  while (rest !== '') {
    const plain = /^[^\\]+/.exec(rest)?.[0];
    if (plain !== undefined) {
      bytes.push(Buffer.from(plain));
      rest = rest.slice(plain.length);
      continue;
    }
    const escape = readEscape(rest, quote === '"' ? "'" : '"');
    if (escape === undefined) return undefined;
    bytes.push(escape.bytes);
    rest = rest.slice(escape.length);
  }
  return Buffer.concat(bytes).toString('utf8');
};

const readEscape = (
  text: string,
  foreignQuote: string,
): { readonly bytes: Buffer; readonly length: number } | undefined => {
  const simple = text[1] === foreignQuote ? undefined : simpleEscapes[text[1] ?? ''];
  if (simple !== undefined) return { bytes: Buffer.from([simple]), length: 2 };
  const byte = /^\\(?:x([\da-fA-F]{2})|([0-7]{3}))/.exec(text);
  if (byte !== null) {
    const code = byte[1] === undefined ? parseInt(byte[2] ?? '', 8) : parseInt(byte[1], 16);
    // A byte above 127 on its own is no character; the text keeps the character of that number, which is what people mean.
    return code > 255 ? undefined : { bytes: Buffer.from(String.fromCharCode(code)), length: 4 };
  }
  const rune = /^\\(?:u([\da-fA-F]{4})|U([\da-fA-F]{8}))/.exec(text);
  if (rune === null) return undefined;
  const code = parseInt(rune[1] ?? rune[2] ?? '', 16);
  return code > 0x10ffff ? undefined : { bytes: Buffer.from(String.fromCodePoint(code)), length: rune[0].length };
};

/** The code point of 'x'; undefined when it is not exactly one. */
export const characterValue = (literal: string): number | undefined => {
  const text = unquote(literal);
  return text !== undefined && [...text].length === 1 ? text.codePointAt(0) : undefined;
};

/** The value of a number literal; undefined when it is none. */
export const numberValue = (literal: string): GoValue => {
  const text = literal.replaceAll('_', '').replace(/^\+/, '');
  const negative = text.startsWith('-');
  const digits = negative ? text.slice(1) : text;
  const sign = negative ? -1 : 1;
  if (/^0[0-7]+$/.test(digits)) return sign * parseInt(digits, 8);
  if (/^(?:0[xX][\da-fA-F]+|0[bB][01]+|0[oO][0-7]+|\d+)$/.test(digits)) return sign * Number(digits);
  if (!/^(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(digits)) return undefined;
  return new GoFloat(sign * Number(digits));
};
