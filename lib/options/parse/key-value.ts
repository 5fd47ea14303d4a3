// SPDX-License-Identifier: Apache-2.0
// key=value texts of maps: --annotation, --log-opt, --sysctl.

import { InvalidArgument } from '../option.js';

export type Pair = readonly [key: string, value: string];

/** A key alone stands for an empty value. */
export const readKeyValue =
  (what: string) =>
  (text: string): Pair => {
    const equals = text.indexOf('=');
    const key = equals < 0 ? text : text.slice(0, equals);
    if (key.trim() === '') throw new InvalidArgument(`invalid ${what} '${text}': empty name`);
    return [key, equals < 0 ? '' : text.slice(equals + 1)];
  };

export const readSysctl = (text: string): Pair => {
  const [key, value] = readKeyValue('sysctl')(text);
  if (!text.includes('=')) throw new InvalidArgument(`sysctl '${key}' has no value: give name=value`);
  return [key, value];
};
