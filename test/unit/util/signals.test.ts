// SPDX-License-Identifier: Apache-2.0
import { parseSignal, signalName } from '../../../lib/util/signals.js';

test.each([
  ['TERM', 15],
  ['SIGTERM', 15],
  ['sigkill', 9],
  ['9', 9],
  ['64', 64],
  ['RTMIN', 34],
  ['RTMIN+3', 37],
  ['SIGRTMAX-1', 63],
])('reads signal %s as %i', (text, number) => {
  expect(parseSignal(text)).toBe(number);
});

test.each(['', '0', '65', 'NOSUCH', 'TERM ', '-1', 'RTMIN-1', 'toString', '1.5'])('refuses %j as a signal', (text) => {
  expect(() => parseSignal(text)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_VALUE' }));
});

test('names a signal by its number', () => {
  expect(signalName(15)).toBe('SIGTERM');
  expect(signalName(40)).toBe('40');
});
