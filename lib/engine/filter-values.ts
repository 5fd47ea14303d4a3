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

/** `name` or `name=value` */
export const hasLabel = (labels: Readonly<Record<string, string>>, wanted: string): boolean => {
  const equals = wanted.indexOf('=');
  const name = equals < 0 ? wanted : wanted.slice(0, equals);
  return Object.hasOwn(labels, name) && (equals < 0 || labels[name] === wanted.slice(equals + 1));
};
