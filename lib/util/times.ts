// SPDX-License-Identifier: Apache-2.0
// Instants: what --since and --until take, and how docker shows a time.

import { parseDuration } from './duration.js';

/** An hour of local time before UTC: the time zone of a text that names none is the machine's. */
const timestampPattern =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?)?(Z|[+-]\d\d:?\d\d)?$/;

/**
 * An ISO 8601 instant with nanoseconds from a timestamp (RFC 3339, or a part of it), a Unix time, or a Go duration before
 * `now`; undefined when the text is none of these.
 */
export const parseInstant = (text: string, now: Date): string | undefined => {
  const unix = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text);
  if (unix !== null) return instantOf(Number(unix[1]) * 1000, (unix[2] ?? '').padEnd(9, '0'));
  const stamp = timestampPattern.exec(text);
  if (stamp !== null) return fromStamp(stamp);
  const ago = parseDuration(text);
  return ago === undefined ? undefined : instantOf(now.getTime() - ago);
};

const fromStamp = (stamp: RegExpExecArray): string | undefined => {
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone = ''] = stamp;
  const colon = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
  const ms = Date.parse(`${String(year)}-${String(month)}-${String(day)}T${hour}:${minute}:${second}${colon}`);
  return Number.isNaN(ms) ? undefined : instantOf(ms, fraction.padEnd(9, '0'));
};

const instantOf = (ms: number, nanoseconds?: string): string | undefined => {
  const whole = Math.floor(ms / 1000) * 1000;
  const date = new Date(whole);
  if (Number.isNaN(date.getTime())) return undefined;
  const fraction = nanoseconds ?? String(Math.round((ms - whole) * 1e6)).padStart(9, '0');
  return `${date.toISOString().slice(0, 19)}.${fraction}Z`;
};

/** As docker shows it: 2026-01-02 03:04:05 +0000 UTC, in the machine's time zone. */
export const formatTime = (iso: string): string => {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const two = (value: number): string => String(value).padStart(2, '0');
  const offset = -date.getTimezoneOffset();
  const sign = offset < 0 ? '-' : '+';
  const zone = `${sign}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${clock} ${zone} ${zoneName(date, offset)}`;
};

const zoneName = (date: Date, offset: number): string => {
  if (offset === 0) return 'UTC';
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
};

/** Go's time.RFC3339 in the machine's time zone: 2026-01-02T03:04:05Z, 2026-01-02T05:04:05+02:00. */
export const formatRfc3339 = (iso: string): string => {
  const [day = '', clock = '', zone = ''] = formatTime(iso).split(' ');
  if (clock === '') return iso;
  return `${day}T${clock}${zone === '+0000' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(3)}`}`;
};
