// SPDX-License-Identifier: Apache-2.0
import { errnoName } from '../../../lib/native/errno.js';

test.each([
  [2, 'ENOENT'],
  [-2, 'ENOENT'],
  [8, 'ENOEXEC'],
  [11, 'EAGAIN'],
  [80, 'ELIBBAD'],
  [95, 'ENOTSUP'],
  [122, 'EDQUOT'],
  [4000, 'errno 4000'],
])('%i is %s', (errno, name) => {
  expect(errnoName(errno)).toBe(name);
});
