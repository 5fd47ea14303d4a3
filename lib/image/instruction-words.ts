// SPDX-License-Identifier: Apache-2.0
// Words of a Dockerfile instruction: splitting at blanks outside quotes, then quotes, escapes and variables within one.

import { sampanError } from '../errors/sampan-error.js';

export type Variables = ReadonlyMap<string, string>;

/** Raw words: quotes and escapes are still in them. */
export const splitWords = (text: string): readonly string[] => {
  const words = text.match(/(?:[^\s"'\\]|\\[^]|\\$|"(?:[^"\\]|\\[^])*"|'[^']*'|["'][^]*$)+/g) ?? [];
  const unclosed = words.find((word) => /^(?:[^"'\\]|\\[^]|\\$|"(?:[^"\\]|\\[^])*"|'[^']*')*$/.exec(word) === null);
  if (unclosed !== undefined) throw unfinished(text, 'quote');
  return words;
};

/** Takes quotes and escapes away and puts variables in: `"$HOME/x"`, `${A:-b}`, `${A:+b}`. */
export const expandWord = (word: string, variables: Variables): string =>
  expandUntil({ text: word, at: 0, variables }, '');

interface Reader {
  readonly text: string;
  at: number;
  readonly variables: Variables;
}

/** Reads up to `end` (`}` of a substitution, or nothing for the whole word) and past it. */
const expandUntil = (reader: Reader, end: '' | '}'): string => {
  let result = '';
  while (reader.at < reader.text.length) {
    const char = reader.text.charAt(reader.at++);
    if (end !== '' && char === end) return result;
    if (char === "'") result += singleQuoted(reader);
    else if (char === '"') result += doubleQuoted(reader);
    else if (char === '$') result += substitution(reader);
    else if (char === '\\') result += reader.text.charAt(reader.at++);
    else result += char;
  }
  if (end !== '') throw unfinished(reader.text, '${');
  return result;
};

const singleQuoted = (reader: Reader): string => {
  const end = reader.text.indexOf("'", reader.at);
  if (end < 0) throw unfinished(reader.text, "'");
  const inside = reader.text.slice(reader.at, end);
  reader.at = end + 1;
  return inside;
};

const doubleQuoted = (reader: Reader): string => {
  let result = '';
  while (reader.at < reader.text.length) {
    const char = reader.text.charAt(reader.at++);
    if (char === '"') return result;
    if (char === '$') result += substitution(reader);
    else if (char === '\\') result += escapedInQuotes(reader.text.charAt(reader.at++));
    else result += char;
  }
  throw unfinished(reader.text, '"');
};

/** Within double quotes a backslash is special only before these (POSIX shell). */
const escapedInQuotes = (char: string): string => (['"', '$', '\\'].includes(char) ? char : `\\${char}`);

const substitution = (reader: Reader): string => {
  const { text, variables } = reader;
  const braced = text.charAt(reader.at) === '{';
  if (braced) reader.at++;
  const name = /^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#])/.exec(text.slice(reader.at))?.[0] ?? '';
  reader.at += name.length;
  if (braced) return bracedSubstitution(reader, name);
  return name === '' ? '$' : (variables.get(name) ?? '');
};

const bracedSubstitution = (reader: Reader, name: string): string => {
  const operator = /^(?::?[-+?]|\})/.exec(reader.text.slice(reader.at))?.[0];
  if (name === '' || operator === undefined) throw badSubstitution(reader.text);
  reader.at += operator.length;
  const value = reader.variables.get(name) ?? '';
  if (operator === '}') return value;
  const other = expandUntil(reader, '}');
  const isSet = operator.startsWith(':') ? value !== '' : reader.variables.has(name);
  if (operator.endsWith('+')) return isSet ? other : '';
  if (isSet) return value;
  if (operator.endsWith('-')) return other;
  throw sampanError('ERR_INVALID_VALUE', { subject: `${name} is not set: ${other}` });
};

const unfinished = (text: string, opener: string): Error =>
  sampanError('ERR_INVALID_VALUE', { subject: text, hint: `the ${opener} in it is not closed` });

const badSubstitution = (text: string): Error =>
  sampanError('ERR_INVALID_VALUE', { subject: text, hint: 'the substitution in it is not one' });
