// SPDX-License-Identifier: Apache-2.0
import { isSampanError } from '../../../lib/errors/sampan-error.js';
import { rlimitNumber } from '../../../lib/native/constants.js';

test('knows resource limits by name', () => {
  expect(rlimitNumber('RLIMIT_NOFILE')).toBe(7);
});

test.each(['RLIMIT_NOPE', 'toString'])('refuses %s', (name) => {
  let thrown: unknown;
  try {
    rlimitNumber(name);
  } catch (error) {
    thrown = error;
  }
  expect(isSampanError(thrown, 'ERR_INVALID_VALUE')).toBe(true);
});
