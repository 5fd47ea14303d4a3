// SPDX-License-Identifier: Apache-2.0
// Sizes, durations and times, as docker reads and shows them.

import { formatBinaryBytes, formatBytes, parseBytes } from '../../../lib/util/bytes.js';
import { humanDuration, parseDuration } from '../../../lib/util/duration.js';
import { nearest } from '../../../lib/util/nearest.js';
import { formatTime, parseInstant } from '../../../lib/util/times.js';

test.each([
  ['0', 0],
  ['512', 512],
  ['1b', 1],
  ['1k', 1024],
  ['1K', 1024],
  ['64m', 67_108_864],
  ['64MB', 67_108_864],
  ['64MiB', 67_108_864],
  ['1.5g', 1_610_612_736],
  ['2 GB', 2_147_483_648],
  ['1t', 1_099_511_627_776],
  ['abc', undefined],
  ['', undefined],
  ['1x', undefined],
  ['-1', undefined],
  ['1.', undefined],
  ['1 000', undefined],
])('parseBytes(%j)', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test.each([
  [0, '0B'],
  [999, '999B'],
  [1000, '1kB'],
  [1234, '1.23kB'],
  [5_678_901, '5.68MB'],
  [123_456_789, '123MB'],
  [1_500_000_000, '1.5GB'],
])('formatBytes(%d, 3)', (bytes, text) => {
  expect(formatBytes(bytes, 3)).toBe(text);
});

test('binary sizes', () => {
  expect(formatBinaryBytes(16_642_998_272)).toBe('15.5GiB');
  expect(formatBytes(123_456_789)).toBe('123.5MB');
});

test.each([
  ['1h30m', 5_400_000],
  ['42m', 2_520_000],
  ['1.5s', 1500],
  ['300ms', 300],
  ['0', 0],
  ['-1s', -1000],
  ['1m0.5s', 60_500],
  ['.5s', 500],
  ['1', undefined],
  ['s', undefined],
  ['', undefined],
  ['1d', undefined],
])('parseDuration(%j)', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([
  [0.2, 'Less than a second'],
  [1, '1 second'],
  [5, '5 seconds'],
  [59, '59 seconds'],
  [60, 'About a minute'],
  [119, 'About a minute'],
  [120, '2 minutes'],
  [3599, '59 minutes'],
  [3600, 'About an hour'],
  [5399, 'About an hour'],
  [5400, '2 hours'],
  [47 * 3600, '47 hours'],
  [48 * 3600, '2 days'],
  [13 * 86_400, '13 days'],
  [14 * 86_400, '2 weeks'],
  [60 * 86_400, '2 months'],
  [400 * 86_400, '13 months'],
  [800 * 86_400, '2 years'],
  [-5, 'Less than a second'],
])('humanDuration of %d seconds', (seconds, words) => {
  expect(humanDuration(seconds * 1000)).toBe(words);
});

const now = new Date('2026-01-02T03:04:05.678Z');

test.each([
  ['2026-01-02T13:23:37Z', '2026-01-02T13:23:37.000000000Z'],
  ['2026-01-02T13:23:37.123456789Z', '2026-01-02T13:23:37.123456789Z'],
  ['2026-01-02T13:23:37+02:00', '2026-01-02T11:23:37.000000000Z'],
  ['2026-01-02T13:23:37.5+0200', '2026-01-02T11:23:37.500000000Z'],
  ['1767323045', '2026-01-02T03:04:05.000000000Z'],
  ['1767323045.000000001', '2026-01-02T03:04:05.000000001Z'],
  ['10m', '2026-01-02T02:54:05.678000000Z'],
  ['1.5s', '2026-01-02T03:04:04.178000000Z'],
  ['2026-13-02T00:00:00Z', undefined],
  ['yesterday', undefined],
])('parseInstant(%j)', (text, instant) => {
  expect(parseInstant(text, now)).toBe(instant);
});

test('a time without a zone is local time', () => {
  expect(parseInstant('2026-01-02', now)).toBe(`${new Date(2026, 0, 2).toISOString().slice(0, 19)}.000000000Z`);
});

test('a time is shown with its zone', () => {
  expect(formatTime('2026-01-02T03:04:05.678Z')).toMatch(/^2026-01-0[123] \d\d:\d\d:05 [+-]\d{4} \S+$/);
  expect(formatTime('')).toBe('');
});

test.each([
  ['rnu', 'run'],
  ['pss', 'ps'],
  ['imgaes', 'images'],
  ['ins', 'inspect'],
  ['bogus', undefined],
  ['', undefined],
])('nearest(%j)', (word, found) => {
  expect(nearest(word, ['run', 'ps', 'images', 'inspect', 'logs'])).toBe(found);
});
