// SPDX-License-Identifier: Apache-2.0
import { errorText } from '../../../lib/cli/print-error.js';
import { sampanError } from '../../../lib/errors/sampan-error.js';

test('what an image is called can not drive the terminal', () => {
  const error = sampanError('ERR_COMMAND_NOT_FOUND', {
    subject: '/x\u001b]0;title\u0007\u009b31m',
    hint: 'try\u001b[2J',
  });
  const text = errorText(error, { debug: false });
  expect(text).toBe('sampan: /x\\x1b]0;title\\x07\\x9b31m: executable file not found\nhint: try\\x1b[2J\n');
});
