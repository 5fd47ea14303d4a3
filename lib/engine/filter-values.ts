// SPDX-License-Identifier: Apache-2.0
// Values that the filters of several commands share: points in time, and labels with or without their value.

import { sampanError } from '../errors/sampan-error.js';
import { parseInstant } from '../util/times.js';

/** Of until: milliseconds since 1970. @throws ERR_INVALID_VALUE */
export const instantOf = (value: string): number => {
  const instant = parseInstant(value, new Date());
  if (instant !== undefined) return Date.parse(instant);
  throw sampanError('ERR_INVALID_VALUE', {
    subject: `filter until=${value}`,
    hint: 'give a time or a duration such as 24h',
  });
};

/** docker takes a name as a regular expression that may match anywhere. */
export const matchesName = (name: string, pattern: string): boolean => {
  try {
    return new RegExp(pattern).test(name);
  } catch {
    // no valid expression: plain text
    return name.includes(pattern);
  }
};

/** @throws ERR_INVALID_VALUE for a value that the filter cannot have */
export const refuseOtherValues = (
  filters: Readonly<Record<string, readonly string[]>>,
  name: string,
  known: readonly string[],
): void => {
  const other = filters[name]?.find((value) => !known.includes(value));
  if (other === undefined) return;
  throw sampanError('ERR_INVALID_VALUE', { subject: `filter ${name}=${other}`, hint: `one of ${known.join(', ')}` });
};

/** `name` or `name=value` */
export const hasLabel = (labels: Readonly<Record<string, string>>, wanted: string): boolean => {
  const equals = wanted.indexOf('=');
  const name = equals < 0 ? wanted : wanted.slice(0, equals);
  return Object.hasOwn(labels, name) && (equals < 0 || labels[name] === wanted.slice(equals + 1));
};
