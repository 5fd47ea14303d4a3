// SPDX-License-Identifier: Apache-2.0
// -e and --env-file by docker's rules: no quotes, # starts a comment line, a bare NAME takes the caller's value.

import { sampanError } from '../../errors/sampan-error.js';
import type { Caller } from '../caller.js';
import { InvalidArgument } from '../option.js';
import { readLines } from './line-file.js';

/** The settings of one -e: none when a bare NAME is not set where the command was given. */
export type EnvSource = (caller: Caller) => readonly string[];

export const readEnvOption = (text: string): EnvSource => {
  if (text === '' || text.startsWith('=')) throw new InvalidArgument(`invalid environment variable: ${text}`);
  if (text.includes('=')) return () => [text];
  return ({ env }) => (env[text] === undefined ? [] : [`${text}=${env[text]}`]);
};

/** @throws ERR_INVALID_VALUE when the file cannot be read or a line is no variable */
export const readEnvFile = (path: string, caller: Caller): readonly string[] =>
  readLines(path, caller).flatMap(({ text, line }) => {
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    if (name === '') throw badLine(path, line, `no variable name on line '${text}'`);
    if (/\s/.test(name)) throw badLine(path, line, `variable '${name}' contains whitespaces`);
    if (equals >= 0) return [text];
    const value = caller.env[name];
    return value === undefined ? [] : [`${name}=${value}`];
  });

const badLine = (path: string, line: number, why: string): Error =>
  sampanError('ERR_INVALID_VALUE', { subject: `${path}, line ${String(line)}: ${why}` });
